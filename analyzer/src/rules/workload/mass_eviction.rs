//! Many Pods were evicted at once.

use std::collections::BTreeSet;

use konspect_bundle::{Span, words};

use crate::facts::inputs::AnyOf;
use crate::facts::{Events, Pods};
use crate::finding::{Confidence, Meta, Risk, Scope, Step, Subject};
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct MassEviction;

static META: Meta = rule_meta!("KSP7013", "mass-eviction", Workload, Symptom, Warning, "mass_eviction.md");

/// Evictions below this are everyday life.
const MANY: usize = 3;

impl Rule for MassEviction {
    const META: &'static Meta = &META;
    type Inputs<'f> = AnyOf<&'f Pods, &'f Events>;

    fn check(AnyOf(pods, events): Self::Inputs<'_>, out: &mut Checked) {
        let mut evicted: Vec<(String, String, String, Option<jiff::Timestamp>, Span)> = Vec::new();
        for pod in pods.into_iter().flat_map(Pods::iter) {
            let target = pod.condition("DisruptionTarget");
            let planned = target.is_some_and(|target| target.told.reason == "PreemptionByScheduler");
            if (matches!(pod.reason.as_str(), "Evicted" | "NodeLost") || target.is_some()) && !planned {
                let reason = target.map_or(pod.reason.clone(), |target| target.told.reason.clone());
                let time = target.and_then(|target| target.transition.get());
                evicted.push((pod.meta.full_name(), pod.node.to_string(), format!("{reason} {}", pod.message), time, pod.at));
            }
        }
        let known: BTreeSet<String> = evicted.iter().map(|(name, ..)| name.clone()).collect();
        for event in events.into_iter().flat_map(|events| events.reason(&["Evicted", "TaintManagerEviction", "NodeControllerEviction"])) {
            let name = format!("{}/{}", event.object.namespace, event.object.name);
            let cancelled = event.message.starts_with("Cancelling");
            if event.object.kind == "Pod" && !known.contains(&name) && !cancelled {
                let node = pods
                    .and_then(|pods| pods.get(&event.object.namespace, &event.object.name))
                    .map_or_else(|| event.host.clone(), |pod| pod.node.clone());
                evicted.push((name, node.to_string(), event.message.to_string(), event.first.get().or(event.last.get()), event.at));
            }
        }
        evicted.sort_by(|a, b| (a.3.is_none(), a.3, &a.0).cmp(&(b.3.is_none(), b.3, &b.0)));
        evicted.dedup_by(|a, b| a.0 == b.0);
        let Some((name, _, says, ..)) = evicted.first().filter(|_| evicted.len() >= MANY) else {
            if let Some(pods) = pods.filter(|pods| pods.complete) {
                out.cleared(pods.at(), words!("mass-eviction-cleared", count = pods.len()));
            }
            return;
        };
        let nodes: BTreeSet<String> =
            evicted.iter().map(|(_, node, ..)| node.clone()).filter(|node| !node.is_empty()).collect();
        let at = evicted.first().map(|(.., at)| *at).unwrap_or_default();
        let mut finding = META
            .finding(
                Subject::new("Node", "", nodes.first().map_or("", String::as_str)),
                words!("mass-eviction-title", count = evicted.len()),
                at,
                words!("mass-eviction-says", pod = name, message = says),
            )
            .confidence(Confidence::Proven)
            .since(evicted.iter().filter_map(|(_, _, _, time, _)| *time).min())
            .affected(evicted.len())
            .scope(if nodes.is_empty() { Scope::Cluster } else { Scope::Nodes(nodes) });
        for (name, _, says, _, at) in evicted.iter().skip(1).take(3) {
            finding = finding.supported_by(*at, words!("mass-eviction-says", pod = name, message = says));
        }
        out.found(finding.step(
            Step::new(words!("mass-eviction-do"))
                .run(Risk::Reads, Some("kubectl get pods -A --field-selector status.phase=Failed".to_owned())),
        ));
    }
}
