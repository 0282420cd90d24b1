//! A node's kernel hangs, or its file system is corrupt or read-only.

use konspect_bundle::words;

use super::signs::{Sign, Signs, detected, event_weight, log_node, recent_hit, tell, wrong};
use crate::facts::{AnyOf, Context, Events, Listing, Logs, Missing, Nodes};
use crate::finding::{Confidence, Finding, Meta, Risk, Step};
use crate::model::kube::Status;
use crate::model::log::Signal;
use crate::model::metrics::Scrape;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct NodeKernelOrFilesystemFault;

static META: Meta = rule_meta!("KSP5007", "node-kernel-or-filesystem-fault", Node, Cause, Critical, "node_kernel_or_filesystem_fault.md");

/// Conditions of node-problem-detector that only a sick machine has.
const CONDITIONS: &[(&str, Confidence)] = &[
    ("KernelDeadlock", Confidence::Proven),
    ("ReadonlyFilesystem", Confidence::Proven),
    ("FilesystemCorruptionProblem", Confidence::Proven),
    ("GPUMissing", Confidence::Likely),
    ("XIDErrors", Confidence::Likely),
    ("NVLinkStatusInactive", Confidence::Likely),
    ("IBLinkFlapping", Confidence::Likely),
    ("UnhealthyNvidiaDevicePlugin", Confidence::Likely),
    ("GPUClockThrottling", Confidence::Possible),
    ("FrequentUnregisterNetDevice", Confidence::Possible),
];

const EVENTS: &[(&str, Confidence)] = &[
    ("FilesystemCorruptionDetected", Confidence::Likely),
    ("FilesystemIsReadOnly", Confidence::Likely),
    ("KernelOops", Confidence::Likely),
    ("DockerHung", Confidence::Likely),
    ("TaskHung", Confidence::Possible),
];

/// What the kernel says, and how sure it makes: a hung task is more often a slow disk.
const SIGNALS: &[(Signal, Confidence)] = &[
    (Signal::FilesystemReadOnly, Confidence::Likely),
    (Signal::FilesystemError, Confidence::Likely),
    (Signal::KernelOops, Confidence::Likely),
    (Signal::DiskIoError, Confidence::Possible),
    (Signal::TaskHung, Confidence::Possible),
    (Signal::UnregisterNetdevice, Confidence::Possible),
];

impl Rule for NodeKernelOrFilesystemFault {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, AnyOf<AnyOf<&'f Nodes, &'f Events>, AnyOf<&'f Logs, &'f Listing<Scrape>>>);

    fn check((context, AnyOf(objects, measured)): Self::Inputs<'_>, out: &mut Checked) {
        let AnyOf(logs, scrapes) = measured.unwrap_or(AnyOf(None, None));
        let AnyOf(nodes, events) = objects.unwrap_or(AnyOf(None, None));
        let mut signs = Signs::default();
        for (kind, weight) in CONDITIONS {
            for (node, condition) in wrong(nodes, kind) {
                let says = words!("node-kernel-fault-condition", node = &node.meta.name, kind = *kind, message = &condition.told.message);
                signs.add(nodes, &node.meta.name, Sign::new(condition.at.get(), says, *weight).since(condition.transition.get()));
            }
            for (node, sample) in detected(scrapes, kind) {
                let says = words!("node-kernel-fault-gauge", node = node, kind = *kind, reason = sample.label("reason"));
                signs.add(nodes, node, Sign::new(sample.at, says, (*weight).min(Confidence::Likely)));
            }
        }
        for event in events.into_iter().flat_map(Events::iter).filter(|event| event.object.kind == "Node") {
            let Some((_, weight)) = EVENTS.iter().find(|(reason, _)| *reason == event.reason) else { continue };
            let Some(weight) = event_weight(context, event, *weight) else { continue };
            let says = words!("node-kernel-fault-event", node = &event.object.name, reason = &event.reason, message = &event.message);
            signs.add(nodes, &event.object.name, Sign::new(event.at, says, weight).since(event.first.get().or(event.last.get())).until(event.last.get()));
        }
        for (signal, weight) in SIGNALS {
            for (log, count) in logs.into_iter().flat_map(|logs| logs.signal(*signal)) {
                if let Some((hit, aged)) = recent_hit(context, count, *weight) {
                    // A file system stays read-only until the machine boots, and the kernel's ring
                    // buffer is of this boot: its line holds also where nobody knows its time.
                    let weight = if *signal == Signal::FilesystemReadOnly { aged.max(*weight) } else { aged };
                    let node = log_node(nodes, &log.origin.node);
                    let says = words!("node-kernel-fault-kernel", node = node, count = count.count, text = &hit.text);
                    signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
                }
            }
        }
        let findings = signs.findings(&META, |node| words!("node-kernel-fault-title", node = node));
        tell(out, findings.into_iter().map(|finding| remedied(in_system_pool(finding, nodes))).collect(), |count| words!("node-kernel-fault-many", count = count));
        if out.findings.is_empty() {
            clear(nodes, logs, out);
        }
    }
}

/// The detector's conditions clear; without the detector the kernel's own log must be there.
fn clear(nodes: Option<&Nodes>, logs: Option<&Logs>, out: &mut Checked) {
    let Some(nodes) = nodes.filter(|nodes| !nodes.is_empty()) else {
        out.blind(Missing::table(TableKind::Nodes));
        return;
    };
    if !nodes.complete {
        out.blind(Missing::table(TableKind::Nodes));
    }
    let mut seen = None;
    for node in nodes.iter() {
        let told = node
            .condition("KernelDeadlock")
            .or_else(|| node.condition("ReadonlyFilesystem"))
            .filter(|condition| condition.status == Status::False);
        let kernel = logs.into_iter().flat_map(|logs| logs.on_node(&node.meta.name)).find(|log| log.origin.component == crate::model::log::Component::Kernel);
        match told.map(|condition| condition.at.get()).or_else(|| kernel.map(|log| log.at)) {
            Some(at) => seen = seen.or(Some(at)),
            None => out.blind(Missing::on_node(TableKind::KernelLogs, &node.meta.name)),
        }
    }
    if let Some(at) = seen {
        out.cleared(at, words!("node-kernel-fault-cleared", nodes = nodes.len()));
    }
}

/// A node of a system pool carries the cluster's own pods.
fn in_system_pool(mut finding: Finding, nodes: Option<&Nodes>) -> Finding {
    let node = nodes.and_then(|nodes| nodes.find(&finding.subject.name));
    if let Some(node) = node.filter(|node| node.meta.labels.get("kubernetes.azure.com/mode").is_some_and(|mode| mode == "system")) {
        finding.differs.push(words!("node-kernel-fault-system-pool", node = &node.meta.name));
    }
    finding
}

fn remedied(finding: Finding) -> Finding {
    let node = finding.subject.name.clone();
    finding
        .step(
            Step::new(words!("node-kernel-fault-describe"))
                .run(Risk::Reads, command("kubectl describe node {}", &[&node])),
        )
        .step(
            Step::new(words!("node-kernel-fault-drain"))
                .run(Risk::Disrupts, command("kubectl drain {} --ignore-daemonsets --delete-emptydir-data", &[&node]))
                .undone_by(command("kubectl uncordon {}", &[&node])),
        )
        .step(Step::new(words!("node-kernel-fault-replace")))
}
