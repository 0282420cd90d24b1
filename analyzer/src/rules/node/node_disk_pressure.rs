//! A node's disk is full, or has no inodes left: its condition, evictions, garbage collection, `df`.

use std::cell::LazyCell;

use konspect_bundle::words;

use super::signs::{Sign, Signs, aged, clear_by_condition, event_weight, log_node, recent_hit, tainted, tell, wrong};
use crate::facts::{AnyOf, Context, Events, Listing, Logs, Nodes, Pods};
use crate::finding::{Confidence, Finding, Meta, Risk, Step};
use crate::model::log::{Component, Signal};
use crate::model::node_files::{Filesystem, OnNode};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct NodeDiskPressure;

static META: Meta = rule_meta!("KSP5003", "node-disk-pressure", Node, Cause, Critical, "node_disk_pressure.md");

/// The kubelet evicts at 10 % free space and 5 % free inodes.
const EVICTION_PERCENT: f64 = 90.0;
const EVICTION_INODES_PERCENT: f64 = 95.0;

/// File systems that the kubelet watches; a data disk elsewhere is the application's.
const WATCHED: &[&str] = &["/", "/var", "/var/lib", "/var/lib/kubelet", "/var/lib/containerd", "/var/lib/docker", "/mnt", "/var/log"];

impl Rule for NodeDiskPressure {
    const META: &'static Meta = &META;
    type Inputs<'f> = (
        &'f Context,
        AnyOf<AnyOf<&'f Nodes, &'f Events>, AnyOf<&'f Logs, &'f Listing<OnNode<Filesystem>>>>,
        Option<&'f Pods>,
    );

    fn check((context, AnyOf(objects, files), pods): Self::Inputs<'_>, out: &mut Checked) {
        let AnyOf(nodes, events) = objects.unwrap_or(AnyOf(None, None));
        let AnyOf(logs, filesystems) = files.unwrap_or(AnyOf(None, None));
        let mut signs = Signs::default();
        for (node, condition) in wrong(nodes, "DiskPressure") {
            let says = words!("node-disk-pressure-condition", node = &node.meta.name, message = &condition.told.message);
            signs.add(nodes, &node.meta.name, Sign::new(condition.at.get(), says, Confidence::Proven).since(condition.transition.get()));
        }
        for (node, taint) in tainted(nodes, "node.kubernetes.io/disk-pressure") {
            let says = words!("node-disk-pressure-taint", node = &node.meta.name);
            signs.add(nodes, &node.meta.name, Sign::new(node.at, says, Confidence::Likely).since(taint.added));
        }
        if let Some(events) = events {
            from_events(context, nodes, events, pods, &mut signs);
        }
        if let Some(logs) = logs {
            from_logs(context, nodes, logs, &mut signs);
        }
        for row in filesystems.into_iter().flat_map(|rows| rows.iter()).filter(|row| !row.node.is_empty()) {
            let Filesystem { mount, used_percent, inodes, at, .. } = &row.value;
            let limit = if *inodes { EVICTION_INODES_PERCENT } else { EVICTION_PERCENT };
            if *used_percent >= limit && WATCHED.contains(&mount.as_str()) {
                let percent = format!("{used_percent:.0}");
                let says = if *inodes {
                    words!("node-disk-pressure-inodes", node = &row.node, mount = mount, percent = percent)
                } else {
                    words!("node-disk-pressure-full", node = &row.node, mount = mount, percent = percent)
                };
                signs.add(nodes, &row.node, Sign::new(*at, says, Confidence::Likely));
            }
        }
        let findings = signs.findings(&META, |node| words!("node-disk-pressure-title", node = node));
        tell(out, findings.into_iter().map(remedied).collect(), |count| words!("node-disk-pressure-many", count = count));
        if out.findings.is_empty() {
            clear_by_condition(out, nodes, "DiskPressure", |count| words!("node-disk-pressure-cleared", nodes = count));
        }
    }
}

fn from_events(context: &Context, nodes: Option<&Nodes>, events: &Events, pods: Option<&Pods>, signs: &mut Signs) {
    for event in events.iter() {
        let lower = LazyCell::new(|| event.message.to_ascii_lowercase());
        let on_node = event.object.kind == "Node";
        let disk = || ["ephemeral-storage", "nodefs", "imagefs", "inodes"].iter().any(|word| lower.contains(word));
        let (node, weight, says) = match event.reason.as_str() {
            "NodeHasDiskPressure" if on_node => (
                event.object.name.as_str(),
                Confidence::Likely,
                words!("node-disk-pressure-event", node = &event.object.name),
            ),
            "EvictionThresholdMet" if on_node && disk() => (
                event.object.name.as_str(),
                Confidence::Likely,
                words!("node-disk-pressure-reclaim", node = &event.object.name),
            ),
            // The first collection after a start may fail once; a repeated one has nothing to free.
            "FreeDiskSpaceFailed" | "ImageGCFailed" if on_node => (
                event.object.name.as_str(),
                if event.count > 1 && !lower.contains("stats initialization") { Confidence::Likely } else { Confidence::Possible },
                words!("node-disk-pressure-garbage", node = &event.object.name, message = &event.message),
            ),
            // A pod over its own limit is evicted too, with other words.
            "Evicted" if disk() && lower.contains("low on resource:") => {
                let pod = pods.and_then(|pods| pods.get(&event.object.namespace, &event.object.name));
                let node = pod.map_or(event.host.as_str(), |pod| pod.node.as_str());
                (node, Confidence::Likely, words!("node-disk-pressure-evicted", pod = &event.object.name, message = &event.message))
            }
            _ => continue,
        };
        let Some(weight) = event_weight(context, event, weight) else { continue };
        if !node.is_empty() {
            signs.add(nodes, node, Sign::new(event.at, says, weight).since(event.first.get().or(event.last.get())).until(event.last.get()));
        }
    }
}

fn from_logs(context: &Context, nodes: Option<&Nodes>, logs: &Logs, signs: &mut Signs) {
    for (log, count) in logs.signal(Signal::EvictionStarted) {
        let disk = |detail: &str| ["ephemeral-storage", "nodefs", "imagefs", "inodes"].iter().any(|word| detail.contains(word));
        if let Some(hit) = count.hits.iter().find(|hit| disk(&hit.detail))
            && let Some(weight) = aged(context, hit.time, Confidence::Likely)
        {
            let node = log_node(nodes, &log.origin.node);
            let says = words!("node-disk-pressure-journal", node = node);
            signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
        }
    }
    let own = [Component::Kubelet, Component::Runtime, Component::Kernel, Component::System];
    for (log, count) in logs.signal(Signal::NoSpaceLeft).filter(|(log, _)| own.contains(&log.origin.component)) {
        if let Some((hit, weight)) = recent_hit(context, count, Confidence::Likely) {
            let node = log_node(nodes, &log.origin.node);
            let says = words!("node-disk-pressure-no-space", node = node, count = count.count);
            let weight = if count.count > 1 { weight } else { Confidence::Possible };
            signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
        }
    }
}

fn remedied(finding: Finding) -> Finding {
    let node = finding.subject.name.clone();
    finding
        .step(
            Step::new(words!("node-disk-pressure-summary"))
                .run(Risk::Reads, command("kubectl get --raw /api/v1/nodes/{}/proxy/stats/summary", &[&node])),
        )
        .step(Step::new(words!("node-disk-pressure-clean")))
        .step(Step::new(words!("node-disk-pressure-bigger")))
}
