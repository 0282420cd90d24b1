//! Pod sandboxes cannot be made: the CNI plug-in or what it talks to fails.

use std::collections::BTreeSet;

use konspect_bundle::words;

use crate::facts::{AnyOf, Context, Events, Nodes, Pods};
use crate::finding::{Confidence, Finding, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::kube::{Condition, Event, Node, Status};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct PodSandboxFailing;

static META: Meta =
    rule_meta!("KSP7006", "pod-sandbox-failing", Workload, CauseOrSymptom, Warning, "pod_sandbox_failing.md");

/// A node that joined has its network within two minutes.
const START_SECONDS: i64 = 120;

impl Rule for PodSandboxFailing {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, AnyOf<&'f Events, &'f Nodes>, Option<&'f Pods>);

    fn check((context, AnyOf(events, list), pods): Self::Inputs<'_>, out: &mut Checked) {
        let without: Vec<(&Node, &Condition)> = without_network(context, list);
        let Some(events) = events else {
            out.findings.extend(nodes_without_network(&without));
            return;
        };
        let reasons = ["FailedCreatePodSandBox", "NetworkNotReady", "FailedPodSandBoxStatus"];
        let failures: Vec<&Event> = events.reason(&reasons).filter(|event| waits(event, pods)).collect();
        let Some(first) = failures.first() else {
            if !without.is_empty() {
                out.findings.extend(nodes_without_network(&without));
            } else if pods.is_some_and(|pods| pods.complete) {
                out.cleared(events.at(), words!("pod-sandbox-failing-cleared"));
            }
            return;
        };
        let nodes: BTreeSet<String> = failures
            .iter()
            .map(|event| match pods.and_then(|pods| pods.get(&event.object.namespace, &event.object.name)) {
                Some(pod) => pod.node.to_string(),
                None => event.host.to_string(),
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
            .severity(if names.len() >= 2 || !without.is_empty() { Severity::Critical } else { Severity::Warning })
            .since(failures.iter().filter_map(|event| event.first.get().or(event.last.get())).min())
            .affected(names.len())
            .scope(if nodes.is_empty() { Scope::Cluster } else { Scope::Nodes(nodes) });
        for event in failures.iter().skip(1).take(3) {
            finding = finding.supported_by(event.at, words!("pod-sandbox-failing-says", message = &event.message));
        }
        for (node, condition) in without.into_iter().take(3) {
            finding = finding.supported_by(condition.at.get(), words!("pod-sandbox-failing-node", node = &node.meta.name, message = &condition.told.message));
        }
        let name = &first.object.name;
        out.found(finding.step(
            Step::new(words!("pod-sandbox-failing-do"))
                .run(Risk::Reads, command("kubectl describe pod {} -n {}", &[name, &first.object.namespace])),
        ));
    }
}

/// Nodes that say of themselves that no network plug-in is ready.
fn without_network<'f>(context: &Context, nodes: Option<&'f Nodes>) -> Vec<(&'f Node, &'f Condition)> {
    let told = |condition: &Condition| {
        condition.status == Status::False
            && context.age_seconds(condition.transition.get()).is_none_or(|age| age >= START_SECONDS)
            && ["NetworkPluginNotReady", "cni plugin not initialized", "cni config uninitialized"].iter().any(|text| condition.told.message.contains(text))
    };
    nodes
        .into_iter()
        .flat_map(Nodes::iter)
        .filter_map(|node| Some((node, node.condition("Ready").filter(|condition| told(condition))?)))
        .collect()
}

/// No pod was sent there yet, or its events are gone: the nodes alone tell.
fn nodes_without_network(nodes: &[(&Node, &Condition)]) -> Option<Finding> {
    let ((node, condition), others) = nodes.split_first()?;
    let names: BTreeSet<String> = nodes.iter().map(|(node, _)| node.meta.name.to_string()).collect();
    let says = |node: &Node, condition: &Condition| words!("pod-sandbox-failing-node", node = &node.meta.name, message = &condition.told.message);
    let mut finding = META
        .finding(
            Subject::node(&node.meta.name),
            words!("pod-sandbox-failing-nodes", count = names.len()),
            condition.at.get(),
            says(node, condition),
        )
        .confidence(Confidence::Proven)
        .severity(Severity::Critical)
        .since(nodes.iter().filter_map(|(_, condition)| condition.transition.get()).min())
        .affected(names.len())
        .scope(Scope::Nodes(names));
    for (node, condition) in others.iter().take(3) {
        finding = finding.supported_by(condition.at.get(), says(node, condition));
    }
    Some(finding.step(
        Step::new(words!("pod-sandbox-failing-plugin"))
            .run(Risk::Reads, command("kubectl get pods -n kube-system -o wide --field-selector spec.nodeName={}", &[&node.meta.name])),
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
