//! A node's container runtime does not run: the kubelet's words, node-problem-detector's, systemd's.

use konspect_bundle::words;

use super::signs::{Sign, Signs, aged, event_weight, log_node, recent_hit, tell, wrong};
use crate::facts::{AnyOf, Context, Events, Logs, Missing, Nodes};
use crate::finding::{Confidence, Finding, Meta, Risk, Step};
use crate::model::kube::Status;
use crate::model::log::{Component, LogFile, Signal};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ContainerRuntimeDown;

static META: Meta = rule_meta!("KSP5006", "container-runtime-down", Node, CauseOrSymptom, Critical, "container_runtime_down.md");

const UNITS: &[&str] = &["containerd.service", "docker.service", "crio.service", "cri-o.service"];

/// A restart refuses a few calls; a runtime that is down refuses many.
const MANY_REFUSALS: u64 = 5;

impl Rule for ContainerRuntimeDown {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, AnyOf<AnyOf<&'f Nodes, &'f Events>, &'f Logs>);

    fn check((context, AnyOf(objects, logs)): Self::Inputs<'_>, out: &mut Checked) {
        let AnyOf(nodes, events) = objects.unwrap_or(AnyOf(None, None));
        let mut signs = Signs::default();
        from_conditions(nodes, &mut signs);
        for event in events.into_iter().flat_map(|events| events.reason(&["ContainerRuntimeIsDown", "DockerSocketCannotConnect"])) {
            if event.message.contains("Timeout when running plugin") {
                continue;
            }
            let Some(weight) = event_weight(context, event, Confidence::Likely) else { continue };
            let node = if event.object.kind == "Node" { event.object.name.as_str() } else { event.host.as_str() };
            let says = words!("container-runtime-down-event", node = node, message = &event.message);
            signs.add(nodes, node, Sign::new(event.at, says, weight).since(event.first.get().or(event.last.get())).until(event.last.get()));
        }
        for log in logs.into_iter().flat_map(Logs::iter) {
            from_log(context, nodes, log, &mut signs);
        }
        let findings = signs.findings(&META, |node| words!("container-runtime-down-title", node = node));
        tell(out, findings.into_iter().map(remedied).collect(), |count| words!("container-runtime-down-many", count = count));
        if !out.findings.is_empty() {
            return;
        }
        let Some(nodes) = nodes.filter(|nodes| nodes.complete && !nodes.is_empty()) else {
            out.blind(Missing::table(TableKind::Nodes));
            return;
        };
        // The kubelet itself asks its runtime before it calls its node ready.
        for node in nodes.iter() {
            match node.ready() {
                Some(Status::True | Status::False) => {}
                _ => out.blind(Missing::on_node(TableKind::KubeletLogs, &node.meta.name)),
            }
        }
        out.cleared(nodes.at(), words!("container-runtime-down-cleared", nodes = nodes.len()));
    }
}

fn from_conditions(nodes: Option<&Nodes>, signs: &mut Signs) {
    for (node, condition) in wrong(nodes, "ContainerRuntimeProblem") {
        let says = words!("container-runtime-down-detector", node = &node.meta.name, message = &condition.told.message);
        signs.add(nodes, &node.meta.name, Sign::new(condition.at.get(), says, Confidence::Proven).since(condition.transition.get()));
    }
    for kind in ["FrequentContainerdRestart", "FrequentDockerRestart"] {
        for (node, condition) in wrong(nodes, kind) {
            let says = words!("container-runtime-down-restarts", node = &node.meta.name, message = &condition.told.message);
            signs.add(nodes, &node.meta.name, Sign::new(condition.at.get(), says, Confidence::Possible).since(condition.transition.get()));
        }
    }
    for node in nodes.into_iter().flat_map(Nodes::iter) {
        let Some(condition) = node.condition("Ready").filter(|condition| condition.status == Status::False) else { continue };
        if condition.told.message.contains("container runtime is down") {
            let says = words!("container-runtime-down-condition", node = &node.meta.name, message = &condition.told.message);
            signs.add(nodes, &node.meta.name, Sign::new(condition.at.get(), says, Confidence::Proven).since(condition.transition.get()));
        }
    }
}

fn from_log(context: &Context, nodes: Option<&Nodes>, log: &LogFile, signs: &mut Signs) {
    let node = log_node(nodes, &log.origin.node);
    if let Some(count) = log.signal(Signal::RuntimeDown)
        && let Some((hit, weight)) = recent_hit(context, count, Confidence::Likely)
    {
        let says = words!("container-runtime-down-kubelet", node = node, count = count.count, text = &hit.text);
        let weight = if count.count > 1 { weight } else { Confidence::Possible };
        signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
    }
    if let Some(count) = log.signal(Signal::RuntimeUnavailable).filter(|count| count.count >= MANY_REFUSALS)
        && log.origin.component == Component::Kubelet
        && let Some((hit, weight)) = recent_hit(context, count, Confidence::Likely)
    {
        let says = words!("container-runtime-down-socket", node = node, count = count.count, socket = &hit.detail);
        signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
    }
    for signal in [Signal::ServiceFailed, Signal::ServiceRestartScheduled] {
        let Some(count) = log.signal(signal) else { continue };
        let unit = |unit: &str| UNITS.contains(&unit);
        let number: u64 = count.details.iter().filter(|(name, _)| unit(name)).map(|(_, number)| number).sum();
        let hit = count.hits.iter().filter(|hit| unit(&hit.detail)).find_map(|hit| Some((hit, aged(context, hit.time, Confidence::Likely)?)));
        if number > 2
            && let Some((hit, weight)) = hit
        {
            let says = words!("container-runtime-down-unit", node = node, count = number, text = &hit.text);
            signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
        }
    }
}

fn remedied(finding: Finding) -> Finding {
    let node = finding.subject.name.clone();
    finding
        .step(
            Step::new(words!("container-runtime-down-describe"))
                .run(Risk::Reads, command("kubectl describe node {}", &[&node])),
        )
        .step(Step::new(words!("container-runtime-down-journal")))
        .step(
            Step::new(words!("container-runtime-down-drain"))
                .run(Risk::Disrupts, command("kubectl drain {} --ignore-daemonsets --delete-emptydir-data", &[&node]))
                .undone_by(command("kubectl uncordon {}", &[&node])),
        )
}
