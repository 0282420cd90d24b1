//! A node runs out of memory: its condition, evictions, the kernel's killings, its own numbers.

use std::cell::LazyCell;

use konspect_bundle::words;

use super::signs::{Sign, Signs, aged, clear_by_condition, event_weight, log_node, recent_hit, tainted, tell, wrong};
use crate::facts::{AnyOf, Context, Events, Listing, Logs, Nodes, Pods};
use crate::finding::{Confidence, Finding, Meta, Risk, Step};
use crate::model::log::Signal;
use crate::model::node_files::{Memory, OnNode, Pressure};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct NodeMemoryPressure;

static META: Meta = rule_meta!("KSP5002", "node-memory-pressure", Node, Cause, Critical, "node_memory_pressure.md");

/// Share of stalled time (full, over a minute) from which a node does little but reclaim memory.
const STALLED_PERCENT: f64 = 10.0;

type Inputs<'f> = (
    &'f Context,
    AnyOf<AnyOf<&'f Nodes, &'f Events>, AnyOf<&'f Logs, &'f Listing<OnNode<Memory>>>>,
    Option<&'f Pods>,
    Option<&'f Listing<OnNode<Pressure>>>,
);

impl Rule for NodeMemoryPressure {
    const META: &'static Meta = &META;
    type Inputs<'f> = Inputs<'f>;

    fn check((context, AnyOf(objects, files), pods, pressures): Self::Inputs<'_>, out: &mut Checked) {
        let AnyOf(nodes, events) = objects.unwrap_or(AnyOf(None, None));
        let AnyOf(logs, memory) = files.unwrap_or(AnyOf(None, None));
        let mut signs = Signs::default();
        for (node, condition) in wrong(nodes, "MemoryPressure") {
            let says = words!("node-memory-pressure-condition", node = &node.meta.name, message = &condition.told.message);
            signs.add(nodes, &node.meta.name, Sign::new(condition.at.get(), says, Confidence::Proven).since(condition.transition.get()));
        }
        for (node, taint) in tainted(nodes, "node.kubernetes.io/memory-pressure") {
            let says = words!("node-memory-pressure-taint", node = &node.meta.name);
            signs.add(nodes, &node.meta.name, Sign::new(node.at, says, Confidence::Likely).since(taint.added));
        }
        if let Some(events) = events {
            from_events(context, nodes, events, pods, &mut signs);
        }
        if let Some(logs) = logs {
            from_logs(context, nodes, logs, &mut signs);
        }
        from_numbers(nodes, memory, pressures, &mut signs);
        let findings = signs.findings(&META, |node| words!("node-memory-pressure-title", node = node));
        tell(out, findings.into_iter().map(remedied).collect(), |count| words!("node-memory-pressure-many", count = count));
        if out.findings.is_empty() {
            clear_by_condition(out, nodes, "MemoryPressure", |count| words!("node-memory-pressure-cleared", nodes = count));
        }
    }
}

fn from_events(context: &Context, nodes: Option<&Nodes>, events: &Events, pods: Option<&Pods>, signs: &mut Signs) {
    for event in events.iter() {
        let lower = LazyCell::new(|| event.message.to_ascii_lowercase());
        let on_node = event.object.kind == "Node";
        let (node, says) = match event.reason.as_str() {
            "NodeHasInsufficientMemory" if on_node => {
                (event.object.name.as_str(), words!("node-memory-pressure-event", node = &event.object.name))
            }
            "EvictionThresholdMet" if on_node && lower.contains("memory") => {
                (event.object.name.as_str(), words!("node-memory-pressure-reclaim", node = &event.object.name))
            }
            "SystemOOM" | "OOMKilling" if on_node && !lower.contains("cgroup out of memory") => {
                (event.object.name.as_str(), words!("node-memory-pressure-oom", node = &event.object.name, message = &event.message))
            }
            "Evicted" if lower.contains("low on resource: memory") => {
                let pod = pods.and_then(|pods| pods.get(&event.object.namespace, &event.object.name));
                let node = pod.map_or(event.host.as_str(), |pod| pod.node.as_str());
                (node, words!("node-memory-pressure-evicted", pod = &event.object.name, message = &event.message))
            }
            _ => continue,
        };
        let Some(weight) = event_weight(context, event, Confidence::Likely) else { continue };
        if !node.is_empty() {
            signs.add(nodes, node, Sign::new(event.at, says, weight).since(event.first.get().or(event.last.get())).until(event.last.get()));
        }
    }
}

fn from_logs(context: &Context, nodes: Option<&Nodes>, logs: &Logs, signs: &mut Signs) {
    for (log, count) in logs.signal(Signal::KernelOomKill) {
        if let Some((hit, weight)) = recent_hit(context, count, Confidence::Likely) {
            let node = log_node(nodes, &log.origin.node);
            let says = words!("node-memory-pressure-kernel", node = node, process = &hit.detail);
            signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
        }
    }
    for (log, count) in logs.signal(Signal::EvictionStarted) {
        let hit = count.hits.iter().find(|hit| hit.detail.contains("memory"));
        if let Some(hit) = hit
            && let Some(weight) = aged(context, hit.time, Confidence::Likely)
        {
            let node = log_node(nodes, &log.origin.node);
            let says = words!("node-memory-pressure-journal", node = node);
            signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
        }
    }
}

/// Numbers of one moment: they sharpen, and alone they are only a possibility.
fn from_numbers(
    nodes: Option<&Nodes>,
    memory: Option<&Listing<OnNode<Memory>>>,
    pressures: Option<&Listing<OnNode<Pressure>>>,
    signs: &mut Signs,
) {
    for row in memory.into_iter().flat_map(|rows| rows.iter()).filter(|row| !row.node.is_empty()) {
        // Below a hundredth of the memory the kubelet of any release has begun to evict.
        if row.value.total > 0 && row.value.available < row.value.total / 100 {
            let says = words!("node-memory-pressure-available", node = &row.node, mebibytes = row.value.available / 1_048_576);
            signs.add(nodes, &row.node, Sign::new(row.value.at, says, Confidence::Possible));
        }
    }
    for row in pressures.into_iter().flat_map(|rows| rows.iter()).filter(|row| !row.node.is_empty()) {
        let stalled = row.value.averages[1];
        if row.value.resource == "memory" && row.value.full && stalled > STALLED_PERCENT {
            let says = words!("node-memory-pressure-stalled", node = &row.node, percent = format!("{stalled:.0}"));
            signs.add(nodes, &row.node, Sign::new(row.value.at, says, Confidence::Possible));
        }
    }
}

fn remedied(finding: Finding) -> Finding {
    let node = finding.subject.name.clone();
    finding
        .step(
            Step::new(words!("node-memory-pressure-describe"))
                .run(Risk::Reads, command("kubectl describe node {}", &[&node])),
        )
        .step(
            Step::new(words!("node-memory-pressure-cordon"))
                .run(Risk::Changes, command("kubectl cordon {}", &[&node]))
                .undone_by(command("kubectl uncordon {}", &[&node])),
        )
        .step(Step::new(words!("node-memory-pressure-limits")))
}
