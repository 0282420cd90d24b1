//! Volumes that cannot be attached or mounted.

use std::collections::BTreeSet;

use konspect_bundle::words;

use crate::facts::{AnyOf, Events, Listing, Pods};
use crate::finding::{Confidence, Finding, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::kube::Event;
use crate::model::workload::VolumeAttachment;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct VolumeAttachFailing;

static META: Meta =
    rule_meta!("KSP8005", "volume-attach-failing", Platform, CauseOrSymptom, Warning, "volume_attach_failing.md");

/// What a mount fails of that is no volume: configuration that is made a moment later.
const NOT_VOLUMES: &[&str] = &["configmap \"", "secret \"", "object \"", "failed to sync configmap", "failed to sync secret"];

impl Rule for VolumeAttachFailing {
    const META: &'static Meta = &META;
    type Inputs<'f> = (AnyOf<&'f Events, &'f Listing<VolumeAttachment>>, Option<&'f Pods>);

    fn check((AnyOf(events, attachments), pods): Self::Inputs<'_>, out: &mut Checked) {
        let Some(events) = events else {
            out.findings.extend(attachments.and_then(from_attachments));
            return;
        };
        let failures: Vec<&Event> = events
            .reason(&["FailedAttachVolume", "FailedMount", "FailedMapVolume"])
            .filter(|event| !NOT_VOLUMES.iter().any(|text| event.message.contains(text)))
            .filter(|event| waits(event, pods))
            .collect();
        let Some(first) = failures.first() else {
            match attachments.and_then(from_attachments) {
                Some(finding) => out.found(finding),
                None => out.cleared(events.at(), words!("volume-attach-failing-cleared")),
            }
            return;
        };
        let names: BTreeSet<&str> = failures.iter().map(|event| event.object.name.as_str()).collect();
        let nodes: BTreeSet<String> = failures
            .iter()
            .filter_map(|event| pods?.get(&event.object.namespace, &event.object.name))
            .map(|pod| pod.node.to_string())
            .filter(|node| !node.is_empty())
            .collect();
        let refused = failures.iter().all(|event| refused_by_the_cloud(&event.message));
        let mut finding = META
            .finding(
                Subject::new("Pod", &first.object.namespace, &first.object.name),
                words!("volume-attach-failing-title", count = names.len()),
                first.at,
                words!("volume-attach-failing-says", message = &first.message),
            )
            .confidence(Confidence::Proven)
            .severity(if (names.len() >= 2 || first.count >= 5) && !refused { Severity::Critical } else { Severity::Warning })
            .since(failures.iter().filter_map(|event| event.first.get().or(event.last.get())).min())
            .affected(names.len())
            .scope(if nodes.is_empty() { Scope::Cluster } else { Scope::Nodes(nodes) });
        for event in failures.iter().skip(1).take(3) {
            finding = finding.supported_by(event.at, words!("volume-attach-failing-says", message = &event.message));
        }
        let errors = attachments.into_iter().flat_map(|rows| rows.iter()).filter(|row| !row.attach_error.is_empty());
        for row in errors.take(2) {
            finding = finding.supported_by(row.at, words!("volume-attach-failing-says", message = &row.attach_error));
        }
        let name = &first.object.name;
        out.found(finding.step(
            Step::new(words!("volume-attach-failing-do"))
                .run(Risk::Reads, command("kubectl describe pod {} -n {}", &[name, &first.object.namespace])),
        ));
    }
}

/// The cloud refused the caller, whatever was asked for: the volume and the node are not at fault.
fn refused_by_the_cloud(message: &str) -> bool {
    ["HTTPStatusCode: 401", "HTTPStatusCode: 403", "HTTPStatusCode: 429", "AADSTS", "AuthorizationFailed", "TooManyRequests"]
        .iter()
        .any(|words| message.contains(words))
}

/// The attachments' own errors, where the events are gone: Kubernetes forgets those after an hour.
fn from_attachments(attachments: &Listing<VolumeAttachment>) -> Option<Finding> {
    let failing: Vec<&VolumeAttachment> = attachments
        .iter()
        .filter(|row| !row.attached && !row.attach_error.is_empty() && row.meta.deletion.is_none())
        .collect();
    let (first, others) = failing.split_first()?;
    let says = |row: &VolumeAttachment| words!("volume-attach-failing-says", message = &row.attach_error);
    let nodes: BTreeSet<String> = failing.iter().map(|row| row.node.clone()).filter(|node| !node.is_empty()).collect();
    let mut finding = META
        .finding(
            Subject::new("VolumeAttachment", "", &first.meta.name),
            words!("volume-attach-failing-attachments", count = failing.len(), volume = &first.volume),
            first.at,
            says(first),
        )
        .confidence(Confidence::Proven)
        .severity(Severity::Critical)
        .since(failing.iter().filter_map(|row| row.meta.created.get()).min())
        .affected(failing.len())
        .scope(if nodes.is_empty() { Scope::Cluster } else { Scope::Nodes(nodes) });
    for row in others.iter().take(3) {
        finding = finding.supported_by(row.at, says(row));
    }
    Some(finding.step(
        Step::new(words!("volume-attach-failing-do"))
            .run(Risk::Reads, command("kubectl describe volumeattachment {}", &[&first.meta.name])),
    ))
}

/// A Pod that runs by now had to wait, and no more; one that is gone waits no longer.
fn waits(event: &Event, pods: Option<&Pods>) -> bool {
    let Some(pods) = pods else { return true };
    match pods.get(&event.object.namespace, &event.object.name) {
        Some(pod) => !pod.ready() && !pod.succeeded(),
        // Where its namespace was listed, it would be in the list.
        None => pods.in_namespace(&event.object.namespace).next().is_none(),
    }
}
