//! Probes of many workloads fail, and all of them on one node.

use std::collections::{BTreeMap, BTreeSet};

use konspect_bundle::words;

use crate::facts::pods::workload_of;
use crate::facts::{Events, Pods};
use crate::finding::{Confidence, Meta, Risk, Step, Subject};
use crate::model::kube::Event;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ProbesFailingOnOneNode;

static META: Meta =
    rule_meta!("KSP7014", "probes-failing-on-one-node", Workload, Symptom, Warning, "probes_failing_on_one_node.md");

/// So many workloads failing their probes on one node have the node in common, not an application.
const WORKLOADS: usize = 3;

impl Rule for ProbesFailingOnOneNode {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Events, &'f Pods);

    fn check((events, pods): Self::Inputs<'_>, out: &mut Checked) {
        let mut by_node: BTreeMap<&str, Vec<(&Event, String)>> = BTreeMap::new();
        for event in events.reason(&["Unhealthy"]).filter(|event| is_timeout(&event.message)) {
            let Some(pod) = pods.get(&event.object.namespace, &event.object.name) else { continue };
            by_node.entry(&pod.node).or_default().push((event, format!("{}/{}", pod.meta.namespace, workload_of(pod))));
        }
        let total: usize = by_node.values().map(Vec::len).sum();
        for (node, hits) in &by_node {
            let workloads: BTreeSet<&str> = hits.iter().map(|(_, workload)| workload.as_str()).collect();
            if workloads.len() < WORKLOADS || hits.len() * 2 < total {
                continue;
            }
            let Some((first, workload)) = hits.first() else { continue };
            let mut finding = META
                .finding(
                    Subject::node(node),
                    words!("probes-failing-on-one-node-title", node = *node, count = workloads.len()),
                    first.at,
                    words!("probes-failing-on-one-node-says", workload = workload, message = &first.message),
                )
                .confidence(Confidence::Proven)
                .since(hits.iter().filter_map(|(event, _)| event.first.get().or(event.last.get())).min())
                .affected(workloads.len())
                .on_node(node);
            for (event, workload) in hits.iter().skip(1).take(3) {
                finding = finding.supported_by(
                    event.at,
                    words!("probes-failing-on-one-node-says", workload = workload, message = &event.message),
                );
            }
            out.found(finding.step(
                Step::new(words!("probes-failing-on-one-node-do"))
                    .run(Risk::Reads, command("kubectl top node {}", &[node])),
            ));
        }
        if out.findings.is_empty() {
            out.cleared(events.at(), words!("probes-failing-on-one-node-cleared"));
        }
    }
}

/// Time-outs speak of the node; a status code or a refusal speaks of the application.
fn is_timeout(message: &str) -> bool {
    ["Client.Timeout", "context deadline exceeded", "i/o timeout", "timed out", "timeout:"]
        .iter()
        .any(|text| message.contains(text))
}
