//! kube-proxy does not run, or cannot write its rules: services time out on a node.

use std::collections::BTreeSet;

use jiff::Timestamp;
use konspect_bundle::{Span, Words, words};

use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::kube::{ContainerState, Pod, Status};
use crate::model::log::Signal;
use crate::model::metrics::{MetricsComponent, Scrape};
use crate::model::workload::WorkloadKind;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct KubeProxyStale;

static META: Meta = rule_meta!("KSP7015", "kube-proxy-stale", Workload, Cause, Critical, "kube_proxy_stale.md");

/// Changes that wait longer than two of kube-proxy's rounds (30 s) are not written.
const STALE_SECONDS: f64 = 60.0;

/// Counters of rules that could not be written, of every data plane.
const FAILURES: &[&str] = &[
    "kubeproxy_sync_proxy_rules_iptables_restore_failures_total",
    "kubeproxy_sync_proxy_rules_nftables_sync_failures_total",
];

struct Sign {
    at: Span,
    says: Words,
    time: Option<Timestamp>,
    node: String,
    /// True when this one line is enough.
    sure: bool,
}

impl Rule for KubeProxyStale {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let proxies = proxies(facts);
        let mut signs = Vec::new();
        for (log, hit) in facts.logs.ok().into_iter().flat_map(|logs| logs.hits(Signal::ProxySyncFailed)) {
            let says = words!("kube-proxy-stale-log", message = &hit.text);
            signs.push(Sign { at: hit.at, says, time: hit.time, node: log.origin.node.clone(), sure: false });
        }
        for scrape in facts.scrapes.ok().into_iter().flat_map(|scrapes| scrapes.iter()) {
            signs.extend(from_metrics(scrape));
        }
        signs.extend(proxies.iter().filter(|pod| !pod.ready() && alive(facts, &pod.node)).map(|pod| from_pod(pod)));
        let Some(first) = signs.first() else {
            clear(facts, &proxies, out);
            return;
        };
        let nodes: BTreeSet<String> = signs.iter().map(|sign| sign.node.clone()).filter(|node| !node.is_empty()).collect();
        let named = nodes.first().cloned().unwrap_or_default();
        let title = if nodes.len() == 1 {
            words!("kube-proxy-stale-title", node = &named)
        } else {
            words!("kube-proxy-stale-many", count = nodes.len().max(1))
        };
        let sure = signs.len() > 1 || first.sure;
        let mut finding = META
            .finding(Subject::node(&named), title, first.at, first.says.clone())
            .confidence(if sure { Confidence::Likely } else { Confidence::Possible })
            .severity(Severity::Critical)
            .since(signs.iter().filter_map(|sign| sign.time).min())
            .affected(nodes.len())
            .scope(if nodes.is_empty() { Scope::Cluster } else { Scope::Nodes(nodes) });
        for sign in signs.into_iter().skip(1).take(4) {
            finding = finding.supported_by(sign.at, sign.says);
        }
        out.found(finding.step(Step::new(words!("kube-proxy-stale-do")).run(
            Risk::Changes,
            Some("kubectl rollout restart daemonset kube-proxy -n kube-system".to_owned()),
        )));
    }
}

fn proxies(facts: &Facts) -> Vec<&Pod> {
    let pods = facts.pods.ok().into_iter();
    pods.flat_map(|pods| pods.system(&[("component", "kube-proxy"), ("k8s-app", "kube-proxy")], "kube-proxy-")).collect()
}

/// A lost node's pods are unready for another reason.
fn alive(facts: &Facts, node: &str) -> bool {
    let nodes = facts.nodes.ok();
    nodes.and_then(|nodes| nodes.get(node)).is_none_or(|node| node.ready() != Some(Status::Unknown))
}

/// A pod that starts is not ready either; one that waits for its next restart has failed before.
fn from_pod(pod: &Pod) -> Sign {
    let waits = pod.containers.iter().find_map(|container| match &container.state {
        ContainerState::Waiting(waiting) if waiting.reason != "ContainerCreating" && waiting.reason != "PodInitializing" => {
            Some((container.at.get(), &waiting.reason))
        }
        _ => None,
    });
    let name = &pod.meta.name;
    let (at, says) = match waits {
        Some((at, reason)) => (at, words!("kube-proxy-stale-waits", pod = name, node = &pod.node, reason = reason)),
        None => (pod.at, words!("kube-proxy-stale-pod", pod = name, node = &pod.node)),
    };
    Sign { at, says, time: None, node: pod.node.to_string(), sure: waits.is_some() }
}

/// Changes that were queued after the last success, and were not written within two rounds.
fn from_metrics(scrape: &Scrape) -> Option<Sign> {
    if scrape.component != MetricsComponent::KubeProxy {
        return None;
    }
    let sample = |name: &str| scrape.families.get(name).and_then(|samples| samples.first());
    let last = sample("kubeproxy_sync_proxy_rules_last_timestamp_seconds")?;
    let queued = sample("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds")?;
    let failed: f64 = FAILURES.iter().filter_map(|name| sample(name)).map(|sample| sample.value).sum();
    let waited = queued.value - last.value;
    if last.value <= 0.0 || waited <= STALE_SECONDS {
        return None;
    }
    let says = words!("kube-proxy-stale-metric", node = &scrape.node, seconds = format!("{waited:.0}"), failures = format!("{failed:.0}"));
    Some(Sign { at: last.at, says, time: None, node: scrape.node.clone(), sure: failed >= 1.0 })
}

fn clear(facts: &Facts, pods: &[&Pod], out: &mut Checked) {
    let cluster = facts.clusters.ok().and_then(|clusters| clusters.first());
    if let Some(cluster) = cluster.filter(|cluster| cluster.network_dataplane.eq_ignore_ascii_case("cilium")) {
        out.cleared(cluster.at, words!("kube-proxy-stale-cilium"));
        return;
    }
    let workloads = facts.workloads.ok().into_iter().flat_map(|workloads| workloads.iter());
    let set = workloads.clone().find(|row| row.kind == WorkloadKind::DaemonSet && row.meta.name == "kube-proxy");
    if let Some(set) = set.filter(|set| set.desired == Some(set.ready)) {
        out.cleared(set.at, words!("kube-proxy-stale-cleared", ready = set.ready));
    } else if let Some(pod) = pods.first().filter(|_| pods.iter().all(|pod| pod.ready())) {
        out.cleared(pod.at, words!("kube-proxy-stale-cleared", ready = pods.len()));
    } else {
        out.blind(Missing::table(TableKind::Pods));
    }
}
