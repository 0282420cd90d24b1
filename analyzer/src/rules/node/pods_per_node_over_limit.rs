//! Nodes hold more pods than Kubernetes is tested with.

use std::collections::BTreeSet;

use konspect_bundle::words;

use crate::facts::{Nodes, Pods};
use crate::finding::{Confidence, Meta, Risk, Scope, Step, Subject};
use crate::model::kube::Node;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct PodsPerNodeOverLimit;

static META: Meta = rule_meta!(
    "KSP5012",
    "pods-per-node-over-limit",
    Node,
    Aggravating,
    Info,
    "pods_per_node_over_limit.md"
);

/// What Kubernetes is tested with, whatever the kubelet's `--max-pods` allows.
const TESTED: usize = 110;

impl Rule for PodsPerNodeOverLimit {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Nodes, &'f Pods);

    fn check((nodes, pods): Self::Inputs<'_>, out: &mut Checked) {
        let running = |node: &Node| {
            let pods = pods.on_node(&node.meta.name);
            pods.filter(|pod| !matches!(pod.phase.as_str(), "Succeeded" | "Failed")).count()
        };
        let mut crowded: Vec<(&Node, usize)> =
            nodes.iter().map(|node| (node, running(node))).filter(|(_, count)| *count > TESTED).collect();
        crowded.sort_by_key(|(node, count)| (std::cmp::Reverse(*count), &node.meta.name));
        let Some((node, count)) = crowded.first() else {
            if pods.complete && !nodes.is_empty() {
                out.cleared(pods.at(), words!("pods-per-node-over-limit-cleared", limit = TESTED));
            }
            return;
        };
        let name = &node.meta.name;
        let most = node.capacity.get("pods").copied().unwrap_or_default();
        let read = command("kubectl get pods -A --field-selector spec.nodeName={}", &[name]);
        out.found(
            META.finding(
                Subject::node(name),
                words!("pods-per-node-over-limit-title", count = crowded.len(), limit = TESTED),
                node.at,
                words!("pods-per-node-over-limit-says", node = name, pods = *count, most = most as u64),
            )
            .confidence(Confidence::Proven)
            .affected(crowded.len())
            .scope(Scope::Nodes(crowded.iter().map(|(node, _)| node.meta.name.to_string()).collect::<BTreeSet<_>>()))
            .step(Step::new(words!("pods-per-node-over-limit-do")).run(Risk::Reads, read)),
        );
    }
}
