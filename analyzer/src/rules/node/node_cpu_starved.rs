//! A node's processors are all busy, and what runs there suffers.

use konspect_bundle::words;

use super::signs::{Sign, Signs, aged, log_node, recent_hit, tell};
use crate::facts::{AnyOf, Context, Events, Listing, Logs, Missing, Nodes, Pods};
use crate::finding::{Confidence, Finding, Meta, Risk, Step};
use crate::model::kube::NodeUsage;
use crate::model::log::{Component, Signal};
use crate::model::metrics::{Sample, Scrape};
use crate::model::node_files::{CpuLoad, OnNode, Pressure};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct NodeCpuStarved;

static META: Meta = rule_meta!("KSP5010", "node-cpu-starved", Node, Cause, Critical, "node_cpu_starved.md");

/// Percent of the processors in use, as `kubectl top nodes` counts them.
const BUSY_PERCENT: f64 = 95.0;
/// PSI `some`, over a minute: tasks that could run and had to wait.
const WAITING_PERCENT: f64 = 50.0;
/// Runnable tasks for each processor.
const LOAD_PER_CORE: f64 = 2.0;
/// Above this the load is tasks that wait for a disk.
const IOWAIT_PERCENT: f64 = 20.0;
/// Of so many periods at least, so many percent in which a container had to wait.
const PERIODS: f64 = 100.0;
const THROTTLED_PERCENT: f64 = 50.0;
/// Probes of so many pods do not fail by chance.
const MANY_PODS: usize = 3;

type Numbers<'f> = AnyOf<&'f Listing<OnNode<Pressure>>, &'f Listing<OnNode<CpuLoad>>>;

impl Rule for NodeCpuStarved {
    const META: &'static Meta = &META;
    type Inputs<'f> = (
        &'f Context,
        AnyOf<&'f Listing<NodeUsage>, Numbers<'f>>,
        Option<&'f Nodes>,
        Option<&'f Pods>,
        Option<&'f Events>,
        Option<&'f Logs>,
        Option<&'f Listing<Scrape>>,
    );

    fn check((context, AnyOf(usage, numbers), nodes, pods, events, logs, scrapes): Self::Inputs<'_>, out: &mut Checked) {
        let AnyOf(pressures, loads) = numbers.unwrap_or(AnyOf(None, None));
        let mut signs = Signs::default();
        for row in usage.into_iter().flat_map(|rows| rows.iter()) {
            if let Some(percent) = row.cpu_percent.filter(|percent| *percent >= BUSY_PERCENT) {
                let says = words!("node-cpu-starved-top", node = &row.node, percent = format!("{percent:.0}"));
                signs.add(nodes, &row.node, Sign::new(row.at, says, Confidence::Possible));
            }
        }
        from_files(nodes, pressures, loads, &mut signs);
        let busy: Vec<String> = signs.nodes().map(str::to_owned).collect();
        for node in busy {
            suffering(context, nodes, pods, events, logs, &node, &mut signs);
            throttled(nodes, pods, scrapes, &node, &mut signs);
        }
        let findings = signs.findings(&META, |node| words!("node-cpu-starved-title", node = node));
        tell(out, findings.into_iter().map(remedied).collect(), |count| words!("node-cpu-starved-many", count = count));
        if !out.findings.is_empty() {
            return;
        }
        let nodes = nodes.filter(|nodes| nodes.complete);
        match (usage, nodes) {
            (Some(usage), Some(nodes)) => {
                for node in nodes.iter() {
                    let told = usage.iter().any(|row| row.node == node.meta.name && row.cpu_percent.is_some());
                    if !told {
                        out.blind(Missing::on_node(TableKind::Top, &node.meta.name));
                    }
                }
                out.cleared(usage.at(), words!("node-cpu-starved-cleared", nodes = nodes.len()));
            }
            _ => out.blind(Missing::table(TableKind::Top)),
        }
    }
}

fn from_files(
    nodes: Option<&Nodes>,
    pressures: Option<&Listing<OnNode<Pressure>>>,
    loads: Option<&Listing<OnNode<CpuLoad>>>,
    signs: &mut Signs,
) {
    for row in pressures.into_iter().flat_map(|rows| rows.iter()) {
        let waiting = row.value.averages[1];
        if row.value.resource == "cpu" && !row.value.full && waiting > WAITING_PERCENT {
            let node = log_node(nodes, &row.node);
            let says = words!("node-cpu-starved-waiting", node = node, percent = format!("{waiting:.0}"));
            signs.add(nodes, node, Sign::new(row.value.at, says, Confidence::Possible));
        }
    }
    for row in loads.into_iter().flat_map(|rows| rows.iter()) {
        let load = &row.value;
        let node = log_node(nodes, &row.node);
        let capacity = nodes.and_then(|nodes| nodes.get(node)).and_then(|node| node.capacity.get("cpu").copied());
        #[expect(clippy::cast_precision_loss, reason = "a machine has few processors")]
        let cores = load.cores.map(|cores| cores as f64).or(capacity);
        let disk = load.iowait_percent.is_some_and(|percent| percent > IOWAIT_PERCENT);
        let high = load.load1.zip(cores).is_some_and(|(load, cores)| load > cores * LOAD_PER_CORE);
        let idle = load.idle_percent.is_some_and(|percent| percent < 100.0 - BUSY_PERCENT);
        if !disk && (high || idle) {
            let says = words!("node-cpu-starved-load", node = node, load = load.load1.map_or_else(String::new, |load| format!("{load:.1}")), idle = load.idle_percent.map_or_else(String::new, |idle| format!("{idle:.0}")));
            signs.add(nodes, node, Sign::new(load.at, says, Confidence::Possible));
        }
    }
}

/// What shows that the node's programs do not get their turn: then a busy node is a starved one.
fn suffering(
    context: &Context,
    nodes: Option<&Nodes>,
    pods: Option<&Pods>,
    events: Option<&Events>,
    logs: Option<&Logs>,
    node: &str,
    signs: &mut Signs,
) {
    let here = |event: &&crate::model::kube::Event| {
        event.object.kind == "Pod"
            && (event.host == node
                || pods.and_then(|pods| pods.get(&event.object.namespace, &event.object.name)).is_some_and(|pod| pod.node == node))
    };
    let probes: Vec<_> = events
        .into_iter()
        .flat_map(|events| events.reason(&["Unhealthy"]))
        .filter(here)
        .filter(|event| event.message.contains("deadline exceeded") || event.message.contains("timed out") || event.message.contains("Client.Timeout"))
        .collect();
    let names: std::collections::BTreeSet<&str> = probes.iter().map(|event| event.object.name.as_str()).collect();
    if names.len() >= MANY_PODS
        && let Some(first) = probes.iter().min_by_key(|event| event.first.get().or(event.last.get()))
    {
        let says = words!("node-cpu-starved-probes", node = node, pods = names.len(), message = &first.message);
        signs.add(nodes, node, Sign::new(first.at, says, Confidence::Likely).since(first.first.get().or(first.last.get())));
    }
    for log in logs.into_iter().flat_map(Logs::iter) {
        let of_node = log.origin.node == node
            || pods.is_some_and(|pods| {
                pods.on_node(node).any(|pod| pod.meta.name == log.origin.pod && !log.origin.pod.is_empty())
            });
        if !of_node {
            continue;
        }
        for signal in [Signal::HousekeepingSlow, Signal::DnsHealthSlow, Signal::AgentKeepaliveTimeout] {
            let Some(count) = log.signal(signal).filter(|count| count.count >= 3) else { continue };
            if let Some((hit, weight)) = recent_hit(context, count, Confidence::Likely) {
                let says = words!("node-cpu-starved-slow", node = node, count = count.count, text = &hit.text);
                signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
            }
        }
        if log.origin.component == Component::Kubelet
            && let Some(count) = log.signal(Signal::LeaseFailed).filter(|count| count.count >= 3)
            && let Some(hit) = count.hits.iter().find(|hit| hit.error.is_none() && aged(context, hit.time, Confidence::Likely).is_some())
        {
            let says = words!("node-cpu-starved-slow", node = node, count = count.count, text = &hit.text);
            signs.add(nodes, node, Sign::new(hit.at, says, Confidence::Possible).since(hit.time));
        }
    }
}

/// Pods of the system that the kernel made wait in most of their periods: on a node that is busy they do not get their
/// turn; by itself it is a limit that is too low.
fn throttled(nodes: Option<&Nodes>, pods: Option<&Pods>, scrapes: Option<&Listing<Scrape>>, node: &str, signs: &mut Signs) {
    let all = scrapes.into_iter().flat_map(|scrapes| scrapes.iter());
    for scrape in all {
        let of = |family: &str| scrape.families.get(family).into_iter().flatten();
        for sample in of("container_cpu_cfs_throttled_periods_total") {
            let pod = sample.label("pod");
            let here = scrape.node == node || pods.and_then(|pods| pods.get("kube-system", pod)).is_some_and(|pod| pod.node == node);
            let same = |other: &&Sample| other.label("pod") == pod && other.label("container") == sample.label("container");
            let periods = of("container_cpu_cfs_periods_total").find(same).map_or(0.0, |other| other.value);
            if sample.label("namespace") != "kube-system" || sample.label("container").is_empty() || !here || periods < PERIODS {
                continue;
            }
            let percent = 100.0 * sample.value / periods;
            if percent > THROTTLED_PERCENT {
                let says = words!("node-cpu-starved-throttled", pod = pod, percent = format!("{percent:.0}"));
                signs.add(nodes, node, Sign::new(sample.at, says, Confidence::Likely));
            }
        }
    }
}

fn remedied(finding: Finding) -> Finding {
    let node = finding.subject.name.clone();
    finding
        .step(
            Step::new(words!("node-cpu-starved-pods"))
                .run(Risk::Reads, command("kubectl describe node {}", &[&node])),
        )
        .step(Step::new(words!("node-cpu-starved-requests")))
}
