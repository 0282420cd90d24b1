//! kube-proxy does not run, or cannot write its rules: services time out on a node.

use std::collections::BTreeSet;

use konspect_bundle::{Span, words};

use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::log::Signal;
use crate::model::workload::WorkloadKind;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct KubeProxyStale;

static META: Meta = rule_meta!("KSP7015", "kube-proxy-stale", Workload, Cause, Critical, "kube_proxy_stale.md");

impl Rule for KubeProxyStale {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let mut signs: Vec<(Span, konspect_bundle::Words, Option<jiff::Timestamp>)> = Vec::new();
        let mut nodes = BTreeSet::new();
        for (log, hit) in facts.logs.ok().into_iter().flat_map(|logs| logs.hits(Signal::ProxySyncFailed)) {
            nodes.extend((!log.origin.node.is_empty()).then(|| log.origin.node.clone()));
            signs.push((hit.at, words!("kube-proxy-stale-log", message = &hit.text), hit.time));
        }
        let proxies = |pods: &crate::facts::Pods| {
            pods.system(&[("component", "kube-proxy"), ("k8s-app", "kube-proxy")], "kube-proxy-")
                .map(|pod| (pod.meta.name.clone(), pod.node.clone(), pod.ready(), pod.restarts(), pod.at))
                .collect::<Vec<_>>()
        };
        let pods = facts.pods.ok().map(proxies).unwrap_or_default();
        let alive = |node: &str| {
            let nodes = facts.nodes.ok();
            nodes.and_then(|nodes| nodes.get(node)).is_none_or(|node| node.ready() != Some(crate::model::kube::Status::Unknown))
        };
        for (name, node, ..) in pods.iter().filter(|(_, node, ready, ..)| !ready && alive(node)) {
            nodes.insert(node.clone());
            let at = pods.iter().find(|(other, ..)| other == name).map(|(.., at)| *at).unwrap_or_default();
            signs.push((at, words!("kube-proxy-stale-pod", pod = name, node = node), None));
        }
        let Some((at, says, _)) = signs.first().cloned() else {
            clear(facts, &pods, out);
            return;
        };
        let named = nodes.first().cloned().unwrap_or_default();
        let title = if nodes.len() == 1 {
            words!("kube-proxy-stale-title", node = &named)
        } else {
            words!("kube-proxy-stale-many", count = nodes.len().max(1))
        };
        let mut finding = META
            .finding(Subject::node(&named), title, at, says)
            .confidence(if signs.len() > 1 { Confidence::Likely } else { Confidence::Possible })
            .severity(Severity::Critical)
            .since(signs.iter().filter_map(|(_, _, time)| *time).min())
            .affected(nodes.len())
            .scope(if nodes.is_empty() { Scope::Cluster } else { Scope::Nodes(nodes) });
        for (at, says, _) in signs.into_iter().skip(1).take(4) {
            finding = finding.supported_by(at, says);
        }
        out.found(finding.step(Step::new(words!("kube-proxy-stale-do")).run(
            Risk::Changes,
            Some("kubectl rollout restart daemonset kube-proxy -n kube-system".to_owned()),
        )));
    }
}

fn clear(facts: &Facts, pods: &[(String, String, bool, u64, Span)], out: &mut Checked) {
    let cluster = facts.clusters.ok().and_then(|clusters| clusters.first());
    if let Some(cluster) = cluster.filter(|cluster| cluster.network_dataplane.eq_ignore_ascii_case("cilium")) {
        out.cleared(cluster.at, words!("kube-proxy-stale-cilium"));
        return;
    }
    let workloads = facts.workloads.ok().into_iter().flat_map(|workloads| workloads.iter());
    let set = workloads.clone().find(|row| row.kind == WorkloadKind::DaemonSet && row.meta.name == "kube-proxy");
    if let Some(set) = set.filter(|set| set.desired == Some(set.ready)) {
        out.cleared(set.at, words!("kube-proxy-stale-cleared", ready = set.ready));
    } else if let Some((_, _, _, _, at)) = pods.first().filter(|_| pods.iter().all(|(_, _, ready, ..)| *ready)) {
        out.cleared(*at, words!("kube-proxy-stale-cleared", ready = pods.len()));
    } else {
        out.blind(Missing::table(TableKind::Pods));
    }
}
