//! Pod sandboxes cannot be made: the CNI plug-in or what it talks to fails.

use std::collections::BTreeSet;

use konspect_bundle::words;

use crate::facts::{Events, Pods};
use crate::finding::{Confidence, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::kube::Event;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct PodSandboxFailing;

static META: Meta =
    rule_meta!("KSP7006", "pod-sandbox-failing", Workload, CauseOrSymptom, Warning, "pod_sandbox_failing.md");

impl Rule for PodSandboxFailing {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Events, Option<&'f Pods>);

    fn check((events, pods): Self::Inputs<'_>, out: &mut Checked) {
        let reasons = ["FailedCreatePodSandBox", "NetworkNotReady", "FailedPodSandBoxStatus"];
        let failures: Vec<&Event> = events.reason(&reasons).filter(|event| waits(event, pods)).collect();
        let Some(first) = failures.first() else {
            if pods.is_some_and(|pods| pods.complete) {
                out.cleared(events.at(), words!("pod-sandbox-failing-cleared"));
            }
            return;
        };
        let nodes: BTreeSet<String> = failures
            .iter()
            .map(|event| match pods.and_then(|pods| pods.get(&event.object.namespace, &event.object.name)) {
                Some(pod) => pod.node.clone(),
                None => event.host.clone(),
            })
            .filter(|node| !node.is_empty())
            .collect();
        let names: BTreeSet<&str> = failures.iter().map(|event| event.object.name.as_str()).collect();
        let mut finding = META
            .finding(
                Subject::new("Pod", &first.object.namespace, &first.object.name),
                words!("pod-sandbox-failing-title", count = names.len(), nodes = nodes.len().max(1)),
                first.at,
                words!("pod-sandbox-failing-says", message = &first.message),
            )
            .confidence(Confidence::Proven)
            .severity(if names.len() >= 3 { Severity::Critical } else { Severity::Warning })
            .since(failures.iter().filter_map(|event| event.first.or(event.last)).min())
            .affected(names.len())
            .scope(if nodes.is_empty() { Scope::Cluster } else { Scope::Nodes(nodes) });
        for event in failures.iter().skip(1).take(3) {
            finding = finding.supported_by(event.at, words!("pod-sandbox-failing-says", message = &event.message));
        }
        let name = &first.object.name;
        out.found(finding.step(
            Step::new(words!("pod-sandbox-failing-do"))
                .run(Risk::Reads, command("kubectl describe pod {} -n {}", &[name, &first.object.namespace])),
        ));
    }
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
