//! The kubelet put pods of kube-system off their nodes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_bundle::{Span, words};

use crate::facts::inputs::AnyOf;
use crate::facts::{Events, Pods};
use crate::finding::{Confidence, Meta, Risk, Scope, Step, Subject};
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct SystemPodsEvicted;

static META: Meta =
    rule_meta!("KSP7017", "system-pods-evicted", Workload, Aggravating, Warning, "system_pods_evicted.md");

struct Eviction<'f> {
    node: &'f str,
    message: &'f str,
    time: Option<Timestamp>,
    at: Span,
}

impl Rule for SystemPodsEvicted {
    const META: &'static Meta = &META;
    type Inputs<'f> = AnyOf<&'f Pods, &'f Events>;

    fn check(AnyOf(pods, events): Self::Inputs<'_>, out: &mut Checked) {
        let mut evicted: BTreeMap<&str, Eviction<'_>> = BTreeMap::new();
        for pod in pods.into_iter().flat_map(|pods| pods.in_namespace("kube-system")) {
            if pod.reason == "Evicted" {
                let time = pod.condition("DisruptionTarget").and_then(|found| found.transition.get()).or(pod.start_time.get());
                let found = Eviction { node: &pod.node, message: &pod.message, time, at: pod.at };
                evicted.insert(&pod.meta.name, found);
            }
        }
        for event in events.into_iter().flat_map(|events| events.reason(&["Evicted"])) {
            if event.object.kind == "Pod" && event.object.namespace == "kube-system" {
                let found =
                    Eviction { node: &event.host, message: &event.message, time: event.first.get().or(event.last.get()), at: event.at };
                evicted.entry(&event.object.name).or_insert(found);
            }
        }
        let Some((name, first)) = evicted.iter().next() else {
            if let Some(pods) = pods.filter(|pods| pods.complete) {
                out.cleared(pods.at(), words!("system-pods-evicted-cleared"));
            }
            return;
        };
        let hosts: BTreeSet<String> =
            evicted.values().map(|found| found.node.to_owned()).filter(|node| !node.is_empty()).collect();
        let mut finding = META
            .finding(
                Subject::new("Pod", "kube-system", name),
                words!("system-pods-evicted-title", count = evicted.len()),
                first.at,
                words!("system-pods-evicted-says", pod = *name, message = first.message),
            )
            .confidence(Confidence::Proven)
            .since(evicted.values().filter_map(|found| found.time).min())
            .affected(evicted.len())
            .scope(if hosts.is_empty() { Scope::Cluster } else { Scope::Nodes(hosts) });
        for (name, other) in evicted.iter().skip(1).take(3) {
            let says = words!("system-pods-evicted-says", pod = *name, message = other.message);
            finding = finding.supported_by(other.at, says);
        }
        let read = "kubectl get pods -n kube-system --field-selector status.phase=Failed".to_owned();
        out.found(finding.step(Step::new(words!("system-pods-evicted-do")).run(Risk::Reads, Some(read))));
    }
}
