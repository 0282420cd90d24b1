//! The cluster's own DNS: no CoreDNS pod is ready.

use std::collections::BTreeSet;

use jiff::Timestamp;
use konspect_bundle::words;

use crate::facts::{AnyOf, Events, Listing, Logs, Missing, Nodes, Pods};
use crate::finding::{Confidence, Finding, Meta, Risk, Severity, Step, Subject};
use crate::model::kube::{Pod, Status};
use crate::model::log::{Component, Signal};
use crate::model::workload::Workload;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct CoreDnsDown;

static META: Meta = rule_meta!("KSP6002", "coredns-down", Dns, Cause, Critical, "coredns_down.md");

impl Rule for CoreDnsDown {
    const META: &'static Meta = &META;
    type Inputs<'f> = (
        AnyOf<&'f Pods, &'f Listing<Workload>>,
        Option<&'f Nodes>,
        Option<&'f Events>,
        Option<&'f Logs>,
    );

    fn check((AnyOf(pods, workloads), nodes, events, logs): Self::Inputs<'_>, out: &mut Checked) {
        let serving: Vec<&Pod> = pods
            .into_iter()
            .flat_map(|pods| pods.system(&[("k8s-app", "kube-dns")], "coredns-"))
            .filter(|pod| !pod.meta.name.starts_with("coredns-autoscaler") && !pod.succeeded() && pod.reason != "Evicted")
            .collect();
        let workload = workloads
            .into_iter()
            .flat_map(|workloads| workloads.iter())
            .find(|workload| workload.meta.namespace == "kube-system" && workload.meta.name == "coredns");
        if serving.is_empty() {
            without_pods(pods, workload, out);
            return;
        }
        let Some(ready) = serving.iter().find(|pod| pod.ready() && !lost(nodes, pod)) else {
            out.found(down(&serving, nodes, events, logs));
            return;
        };
        out.cleared(ready.at, words!("coredns-down-cleared", pod = &ready.meta.name));
    }
}

/// A pod on a node that the API server lost is counted unready by the node controller.
fn lost(nodes: Option<&Nodes>, pod: &Pod) -> bool {
    nodes.and_then(|nodes| nodes.get(&pod.node)).is_some_and(|node| node.ready().is_some_and(|status| status != Status::True))
}

fn without_pods(pods: Option<&Pods>, workload: Option<&Workload>, out: &mut Checked) {
    match workload {
        Some(workload) if workload.desired == Some(0) => {
            let says = words!("coredns-down-scaled");
            let subject = Subject::new("Deployment", "kube-system", "coredns");
            let finding = META.finding(subject, words!("coredns-down-title"), workload.at, says).confidence(Confidence::Proven);
            out.found(remedied(finding));
        }
        Some(workload) if workload.ready == 0 && workload.desired.is_some() => {
            let subject = Subject::new("Deployment", "kube-system", "coredns");
            let says = words!("coredns-down-workload");
            out.found(remedied(META.finding(subject, words!("coredns-down-title"), workload.at, says)));
        }
        Some(workload) if workload.ready > 0 => {
            out.cleared(workload.at, words!("coredns-down-available"));
        }
        // Another DNS service may serve the cluster: its pods have other names.
        _ => {
            let partial = pods.is_none_or(|pods| !pods.complete);
            out.blind(Missing::table(if partial { TableKind::Pods } else { TableKind::Workloads }));
        }
    }
}

fn down(serving: &[&Pod], nodes: Option<&Nodes>, events: Option<&Events>, logs: Option<&Logs>) -> Finding {
    let own: Vec<&&Pod> = serving.iter().filter(|pod| !lost(nodes, pod)).collect();
    let names: BTreeSet<&str> = serving.iter().map(|pod| pod.meta.name.as_str()).collect();
    let pod = own.first().copied().or(serving.first());
    let (at, name) = pod.map_or((konspect_bundle::Span::default(), ""), |pod| (pod.at, pod.meta.name.as_str()));
    let mut finding = META
        .finding(
            Subject::new("Deployment", "kube-system", "coredns"),
            words!("coredns-down-title"),
            at,
            words!("coredns-down-unready", pod = name, count = serving.len()),
        )
        .confidence(Confidence::Proven)
        .affected(serving.len())
        .since(onset(serving, events));
    if own.is_empty() {
        // They run where nobody hears of them: the nodes' fault, and perhaps they serve on.
        return remedied(finding.confidence(Confidence::Possible).severity(Severity::Warning));
    }
    finding = with_reasons(finding, &own);
    for log in logs.into_iter().flat_map(|logs| logs.of(Component::CoreDns)) {
        for signal in [Signal::DnsConfigError, Signal::DnsLoop, Signal::DnsKubernetesUnreachable] {
            let Some(hit) = log.signal(signal).and_then(|count| count.hits.first()) else { continue };
            let told = finding.evidence.iter().any(|evidence| evidence.says.key.starts_with("coredns-down-log"));
            if !told {
                finding = finding.supported_by(hit.at, words!("coredns-down-log", text = &hit.text));
            }
        }
    }
    if let Some(event) = events.into_iter().flat_map(Events::iter).find(|event| {
        event.object.kind == "Pod" && names.contains(event.object.name.as_str()) && event.reason == "BackOff"
    }) {
        finding = finding.supported_by(event.at, words!("coredns-down-backoff", pod = &event.object.name));
    }
    remedied(finding)
}

/// What the containers' own states tell: killed for their memory, waiting for an image, crashing.
fn with_reasons(mut finding: Finding, own: &[&&Pod]) -> Finding {
    for pod in own.iter().take(4) {
        for container in &pod.containers {
            let ended = container.state.terminated().or_else(|| container.last.terminated());
            let reason = container
                .state
                .waiting_reason()
                .map(str::to_owned)
                .or_else(|| ended.map(|ended| ended.reason.to_string()))
                .unwrap_or_default();
            let killed = ended.is_some_and(|ended| ended.reason == "OOMKilled");
            if killed {
                finding = finding.supported_by(container.at.get(), words!("coredns-down-killed", pod = &pod.meta.name));
            } else if !reason.is_empty() {
                finding = finding.supported_by(container.at.get(), words!("coredns-down-state", pod = &pod.meta.name, reason = reason));
            }
        }
    }
    finding
}

/// The first sign: a pod that stopped being ready, an event about one, a container that ended.
fn onset(serving: &[&Pod], events: Option<&Events>) -> Option<Timestamp> {
    let conditions = serving.iter().filter_map(|pod| {
        pod.condition("Ready").filter(|condition| condition.status != Status::True)?.transition.get()
    });
    let about = events.into_iter().flat_map(Events::iter).filter(|event| {
        event.object.kind == "Pod"
            && serving.iter().any(|pod| pod.meta.name == event.object.name)
            && ["BackOff", "Unhealthy", "Failed", "FailedScheduling"].contains(&event.reason.as_str())
    });
    conditions.chain(about.filter_map(|event| event.first.get().or(event.last.get()))).min()
}

fn remedied(finding: Finding) -> Finding {
    finding
        .step(
            Step::new(words!("coredns-down-logs"))
                .run(Risk::Reads, command("kubectl logs -n kube-system -l k8s-app=kube-dns --previous --tail=50", &[])),
        )
        .step(
            Step::new(words!("coredns-down-custom"))
                .run(Risk::Reads, command("kubectl get configmap coredns-custom -n kube-system -o yaml", &[])),
        )
        .step(
            Step::new(words!("coredns-down-restart"))
                .run(Risk::Changes, command("kubectl rollout restart deployment coredns -n kube-system", &[])),
        )
}
