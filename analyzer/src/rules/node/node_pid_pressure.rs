//! A node has no process identifiers or threads left: its condition, evictions, failed forks.

use std::cell::LazyCell;

use konspect_bundle::words;

use super::signs::{Sign, Signs, clear_by_condition, event_weight, log_node, recent_hit, tainted, tell, wrong};
use crate::facts::{AnyOf, Context, Events, Logs, Nodes, Pods};
use crate::finding::{Confidence, Finding, Meta, Risk, Step};
use crate::model::log::{Component, Signal};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct NodePidPressure;

static META: Meta = rule_meta!("KSP5004", "node-pid-pressure", Node, Cause, Critical, "node_pid_pressure.md");

impl Rule for NodePidPressure {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, AnyOf<AnyOf<&'f Nodes, &'f Events>, &'f Logs>, Option<&'f Pods>);

    fn check((context, AnyOf(objects, logs), pods): Self::Inputs<'_>, out: &mut Checked) {
        let AnyOf(nodes, events) = objects.unwrap_or(AnyOf(None, None));
        let mut signs = Signs::default();
        for (node, condition) in wrong(nodes, "PIDPressure") {
            let says = words!("node-pid-pressure-condition", node = &node.meta.name, message = &condition.told.message);
            signs.add(nodes, &node.meta.name, Sign::new(condition.at.get(), says, Confidence::Proven).since(condition.transition.get()));
        }
        for (node, taint) in tainted(nodes, "node.kubernetes.io/pid-pressure") {
            let says = words!("node-pid-pressure-taint", node = &node.meta.name);
            signs.add(nodes, &node.meta.name, Sign::new(node.at, says, Confidence::Likely).since(taint.added));
        }
        for event in events.into_iter().flat_map(Events::iter) {
            let lower = LazyCell::new(|| event.message.to_ascii_lowercase());
            let (node, says) = match event.reason.as_str() {
                "NodeHasInsufficientPID" => {
                    (event.object.name.as_str(), words!("node-pid-pressure-event", node = &event.object.name))
                }
                "EvictionThresholdMet" if lower.contains("pids") => {
                    (event.object.name.as_str(), words!("node-pid-pressure-event", node = &event.object.name))
                }
                "Evicted" if lower.contains("low on resource: pids") => {
                    let pod = pods.and_then(|pods| pods.get(&event.object.namespace, &event.object.name));
                    let node = pod.map_or(event.host.as_str(), |pod| pod.node.as_str());
                    (node, words!("node-pid-pressure-evicted", pod = &event.object.name, message = &event.message))
                }
                _ => continue,
            };
            if let Some(weight) = event_weight(context, event, Confidence::Likely)
                && !node.is_empty()
            {
                signs.add(nodes, node, Sign::new(event.at, says, weight).since(event.first.get().or(event.last.get())).until(event.last.get()));
            }
        }
        for (log, count) in logs.into_iter().flat_map(|logs| logs.signal(Signal::ThreadExhaustion)) {
            // A container may have a limit of its own; the node's own programs have the node's.
            let own = [Component::Kubelet, Component::Runtime, Component::Kernel, Component::System];
            let weight = if own.contains(&log.origin.component) { Confidence::Likely } else { Confidence::Possible };
            if let Some((hit, weight)) = recent_hit(context, count, weight) {
                let node = log_node(nodes, &log.origin.node);
                let says = words!("node-pid-pressure-threads", node = node, count = count.count, text = &hit.text);
                signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
            }
        }
        let findings = signs.findings(&META, |node| words!("node-pid-pressure-title", node = node));
        tell(out, findings.into_iter().map(remedied).collect(), |count| words!("node-pid-pressure-many", count = count));
        if out.findings.is_empty() {
            clear_by_condition(out, nodes, "PIDPressure", |count| words!("node-pid-pressure-cleared", nodes = count));
        }
    }
}

fn remedied(finding: Finding) -> Finding {
    let node = finding.subject.name.clone();
    finding
        .step(
            Step::new(words!("node-pid-pressure-describe"))
                .run(Risk::Reads, command("kubectl describe node {}", &[&node])),
        )
        .step(Step::new(words!("node-pid-pressure-find")))
}
