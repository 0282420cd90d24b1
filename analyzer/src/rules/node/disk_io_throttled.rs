//! A node's disk is slower than what is asked of it: Azure's percentages, iostat, PSI, hung journals.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::words;

use super::signs::{Sign, Signs, aged, log_node, recent_hit, tell};
use crate::facts::{AnyOf, Context, Listing, Logs, Missing, Nodes};
use crate::finding::{Confidence, Finding, Meta, Risk, Step};
use crate::model::azure::AzureMetric;
use crate::model::kube::Status;
use crate::model::log::Signal;
use crate::model::node_files::{DiskLoad, Memory, OnNode, Pressure};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct DiskIoThrottled;

static META: Meta = rule_meta!("KSP5009", "disk-io-throttled", Node, Cause, Critical, "disk_io_throttled.md");

/// Percent of what the disk or machine may do, from which it is throttled.
const CONSUMED_PERCENT: f64 = 95.0;
/// Buckets in a row at that level: a moment at the limit is normal.
const BUCKETS: usize = 2;
/// `iostat`: a busy disk that also makes its callers wait.
const BUSY_PERCENT: f64 = 95.0;
const AWAIT_MILLISECONDS: f64 = 100.0;
/// PSI `full`, over a minute.
const STALLED_PERCENT: f64 = 10.0;
/// From this share of stalled memory the disk serves page faults.
const MEMORY_STALLED_PERCENT: f64 = 10.0;

type Numbers<'f> = AnyOf<&'f Listing<OnNode<DiskLoad>>, &'f Listing<OnNode<Pressure>>>;

impl Rule for DiskIoThrottled {
    const META: &'static Meta = &META;
    type Inputs<'f> = (
        &'f Context,
        AnyOf<AnyOf<&'f Listing<AzureMetric>, &'f Logs>, Numbers<'f>>,
        Option<&'f Nodes>,
        Option<&'f Listing<OnNode<Memory>>>,
    );

    fn check((context, AnyOf(told, numbers), nodes, memory): Self::Inputs<'_>, out: &mut Checked) {
        let AnyOf(metrics, logs) = told.unwrap_or(AnyOf(None, None));
        let AnyOf(loads, pressures) = numbers.unwrap_or(AnyOf(None, None));
        let mut signs = Signs::default();
        let mut quiet = BTreeMap::new();
        for metric in metrics.into_iter().flat_map(|metrics| metrics.iter()) {
            from_metric(nodes, metric, &mut signs, &mut quiet);
        }
        from_files(nodes, loads, pressures, &mut signs);
        if let Some(logs) = logs {
            from_logs(context, nodes, logs, &mut signs);
        }
        // The journal's complaints alone have many reasons; a number of the disk must stand beside them.
        signs.keep(|_, signs| signs.iter().any(|sign| NUMBERS.contains(&sign.says.key)));
        let findings = signs
            .findings(&META, |node| words!("disk-io-throttled-title", node = node))
            .into_iter()
            .map(|finding| settled(finding, nodes, memory, pressures))
            .map(remedied)
            .collect();
        tell(out, findings, |count| words!("disk-io-throttled-many", count = count));
        if !out.findings.is_empty() {
            return;
        }
        match quiet.first_key_value() {
            Some((metric, at)) => out.cleared(*at, words!("disk-io-throttled-cleared", metric = metric)),
            None => out.blind(Missing::table(TableKind::AzureDiskMetrics)),
        }
    }
}

const NUMBERS: &[&str] = &["disk-io-throttled-metric", "disk-io-throttled-iostat", "disk-io-throttled-stalled"];

/// The longest run of buckets at the limit; a metric of a whole scale set names no node.
fn from_metric(
    nodes: Option<&Nodes>,
    metric: &AzureMetric,
    signs: &mut Signs,
    quiet: &mut BTreeMap<String, konspect_bundle::Span>,
) {
    let lower = metric.name.to_ascii_lowercase();
    let limit = lower.ends_with("consumed percentage") && (lower.contains("iops") || lower.contains("bandwidth"));
    // A full data disk throttles the one application that writes to it.
    if !limit || lower.starts_with("data disk") {
        return;
    }
    let vm = metric.dimensions.iter().find(|(name, _)| name == "vmname" || name == "vm").map_or("", |(_, value)| value.as_str());
    let level = |point: &crate::model::azure::AzurePoint| point.average.or(point.maximum).unwrap_or(0.0);
    let (mut best, mut run) = (Vec::new(), Vec::new());
    for point in &metric.points {
        if level(point) >= CONSUMED_PERCENT {
            run.push(point);
        } else if point.average.is_some() || point.maximum.is_some() {
            run.clear();
        }
        if run.len() > best.len() {
            best.clone_from(&run);
        }
    }
    let (Some(first), Some(last)) = (best.first(), best.last().filter(|_| best.len() >= BUCKETS)) else {
        if !metric.points.is_empty() {
            quiet.entry(metric.name.clone()).or_insert(metric.at);
        }
        return;
    };
    let known = nodes.and_then(|nodes| nodes.find(vm)).map(|node| node.meta.name.to_string());
    let node = known.or_else(|| crate::facts::nodes::instance_node_name(vm)).unwrap_or_else(|| vm.to_owned());
    let says = words!("disk-io-throttled-metric", node = &node, metric = &metric.name, percent = format!("{:.0}", level(first)), buckets = best.len());
    let weight = if vm.is_empty() { Confidence::Possible } else { Confidence::Likely };
    signs.add(nodes, &node, Sign::new(first.at, says, weight).since(first.time).until(last.time));
}

fn from_files(
    nodes: Option<&Nodes>,
    loads: Option<&Listing<OnNode<DiskLoad>>>,
    pressures: Option<&Listing<OnNode<Pressure>>>,
    signs: &mut Signs,
) {
    for row in loads.into_iter().flat_map(|rows| rows.iter()) {
        let DiskLoad { device, utilization_percent, await_milliseconds, queue, at } = &row.value;
        if *utilization_percent >= BUSY_PERCENT && *await_milliseconds >= AWAIT_MILLISECONDS {
            let node = log_node(nodes, &row.node);
            let says = words!("disk-io-throttled-iostat", node = node, device = device, percent = format!("{utilization_percent:.0}"), wait = format!("{await_milliseconds:.0}"), queue = format!("{queue:.0}"));
            signs.add(nodes, node, Sign::new(*at, says, Confidence::Likely));
        }
    }
    for row in pressures.into_iter().flat_map(|rows| rows.iter()) {
        let stalled = row.value.averages[1];
        if row.value.resource == "io" && row.value.full && stalled > STALLED_PERCENT {
            let node = log_node(nodes, &row.node);
            let says = words!("disk-io-throttled-stalled", node = node, percent = format!("{stalled:.0}"));
            signs.add(nodes, node, Sign::new(row.value.at, says, Confidence::Possible));
        }
    }
}

fn from_logs(context: &Context, nodes: Option<&Nodes>, logs: &Logs, signs: &mut Signs) {
    for signal in [Signal::TaskHung, Signal::PlegUnhealthy, Signal::RuntimeDeadline] {
        for (log, count) in logs.signal(signal) {
            let Some((hit, _)) = recent_hit(context, count, Confidence::Possible) else { continue };
            let node = log_node(nodes, &log.origin.node);
            let says = match signal {
                Signal::TaskHung => words!("disk-io-throttled-hung", node = node, task = &hit.detail),
                Signal::PlegUnhealthy => words!("disk-io-throttled-pleg", node = node, count = count.count),
                _ => words!("disk-io-throttled-deadlines", node = node, count = count.count),
            };
            let since: Option<Timestamp> = hit.time.filter(|time| aged(context, Some(*time), Confidence::Likely).is_some());
            signs.add(nodes, node, Sign::new(hit.at, says, Confidence::Possible).since(since).until(count.last));
        }
    }
}

/// Proven when the runtime or the kernel waits for the disk in the same window; only possible when the
/// memory is full, since then the disk serves page faults.
fn settled(
    finding: Finding,
    nodes: Option<&Nodes>,
    memory: Option<&Listing<OnNode<Memory>>>,
    pressures: Option<&Listing<OnNode<Pressure>>>,
) -> Finding {
    let node = finding.subject.name.clone();
    let condition = nodes
        .and_then(|nodes| nodes.get(&node))
        .and_then(|node| node.condition("MemoryPressure"))
        .filter(|condition| condition.status == Status::True)
        .map(|condition| condition.at.get());
    let scarce = memory
        .into_iter()
        .flat_map(|rows| rows.iter())
        .find(|row| row.node == node && row.value.total > 0 && row.value.available < row.value.total / 50)
        .map(|row| row.value.at);
    let stalled = pressures
        .into_iter()
        .flat_map(|rows| rows.iter())
        .find(|row| row.node == node && row.value.resource == "memory" && row.value.full && row.value.averages[1] > MEMORY_STALLED_PERCENT)
        .map(|row| row.value.at);
    if let Some(at) = condition.or(scarce).or(stalled) {
        return finding
            .confidence(Confidence::Possible)
            .severity(crate::finding::Severity::Warning)
            .contradicted_by(at, words!("disk-io-throttled-memory", node = &node));
    }
    let numbers = finding.evidence.iter().filter(|evidence| NUMBERS.contains(&evidence.says.key)).count();
    let waits = finding.evidence.len() > numbers;
    match (finding.confidence, waits) {
        (Confidence::Likely, true) => finding.confidence(Confidence::Proven),
        // PSI alone is a possibility; with a kernel or runtime that waits it is more.
        (Confidence::Possible, true) => {
            finding.confidence(Confidence::Likely).severity(crate::finding::Severity::Critical)
        }
        _ => finding,
    }
}

fn remedied(finding: Finding) -> Finding {
    let node = finding.subject.name.clone();
    finding
        .step(
            Step::new(words!("disk-io-throttled-pods"))
                .run(Risk::Reads, command("kubectl get pods -A -o wide --field-selector spec.nodeName={}", &[&node])),
        )
        .step(Step::new(words!("disk-io-throttled-pool")))
        .step(Step::new(words!("disk-io-throttled-spread")))
}
