//! The platform took a node's machine away: scheduled events, reboots, redeployments, evictions of spot machines.

use jiff::Timestamp;
use konspect_bundle::words;

use super::signs::{Sign, Signs, aged, event_weight, log_node, tell, wrong};
use crate::facts::{AnyOf, Context, Events, Logs, Missing, Nodes};
use crate::finding::{Confidence, Finding, Meta, Risk, Severity, Step};
use crate::model::kube::{Event, Status};
use crate::model::log::Signal;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct NodeVmEvent;

static META: Meta = rule_meta!("KSP5008", "node-vm-event", Node, Cause, Critical, "node_vm_event.md");

const SCHEDULED: &[&str] =
    &["RebootScheduled", "RedeployScheduled", "TerminateScheduled", "PreemptScheduled", "FreezeScheduled"];

/// Auto-repair begins after five minutes of an unready node: then the machine's restart is a remedy.
const REPAIRS: &[&str] = &["NodeRebootStart", "NodeReimageStart", "NodeRedeployStart"];

const REPAIR_AFTER_SECONDS: i64 = 240;

/// A machine that restarts is away for minutes.
const AWAY_SECONDS: i64 = 1200;

/// The node controller notices a lost node only after its grace period.
const GRACE_SECONDS: i64 = 40;

impl Rule for NodeVmEvent {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, AnyOf<&'f Events, &'f Nodes>, Option<&'f Logs>);

    fn check((context, AnyOf(events, nodes), logs): Self::Inputs<'_>, out: &mut Checked) {
        let mut signs = Signs::default();
        for event in events.into_iter().flat_map(Events::iter) {
            from_event(context, nodes, event, &mut signs);
        }
        for (node, condition) in wrong(nodes, "VMEventScheduled").filter(|(_, condition)| announces(&condition.told.message)) {
            let says = words!("node-vm-event-condition", node = &node.meta.name, message = &condition.told.message);
            signs.add(nodes, &node.meta.name, Sign::new(condition.at.get(), says, Confidence::Likely).since(condition.transition.get()));
        }
        for (log, count) in logs.into_iter().flat_map(|logs| logs.signal(Signal::KernelBoot)) {
            let Some(hit) = count.hits.last() else { continue };
            let node = log_node(nodes, &log.origin.node);
            if aged(context, hit.time, Confidence::Possible).is_some() && hit.time.is_some() {
                let says = words!("node-vm-event-boot", node = node);
                signs.add(nodes, node, Sign::new(hit.at, says, Confidence::Possible).since(hit.time));
            }
        }
        // A node that was created by booting is new, not restarted.
        let fresh = |node: &str, since: Option<Timestamp>| {
            let created = nodes.and_then(|nodes| nodes.get(node)).and_then(|node| node.meta.created.get());
            created.zip(since).is_some_and(|(created, since)| created.duration_since(since).as_secs() > -600)
        };
        signs.keep(|node, signs| !signs.iter().all(|sign| fresh(node, sign.since)));
        let findings = signs
            .findings(&META, |node| words!("node-vm-event-title", node = node))
            .into_iter()
            .map(|finding| from_loss(told_by_repair(remedied(finding), events), events))
            .collect();
        tell(out, findings, |count| words!("node-vm-event-many", count = count));
        if out.findings.is_empty() {
            clear(events, nodes, out);
        }
    }
}

/// IMDS that does not answer and plugins that were killed announce nothing, nor does a message that was cut within such words.
fn announces(message: &str) -> bool {
    let said = message.trim();
    !["IMDS query failed", "Timeout when running plugin", "signal: killed", "curl: ("]
        .iter()
        .any(|noise| said.contains(noise) || noise.starts_with(said))
}

/// Events of the platform that take a machine away.
pub(super) fn vm_event(event: &Event) -> bool {
    let taken = event.reason == "Rebooted" || SCHEDULED.contains(&event.reason.as_str()) && event.reason != "FreezeScheduled";
    taken && announces(&event.message)
}

fn from_event(context: &Context, nodes: Option<&Nodes>, event: &Event, signs: &mut Signs) {
    if event.object.kind != "Node" || !announces(&event.message) {
        return;
    }
    let node = &event.object.name;
    let (weight, says) = match event.reason.as_str() {
        "Rebooted" => (Confidence::Proven, words!("node-vm-event-rebooted", node = node, message = &event.message)),
        // A freeze of seconds alone takes nothing away.
        "FreezeScheduled" => (Confidence::Possible, words!("node-vm-event-scheduled", node = node, message = &event.message)),
        reason if SCHEDULED.contains(&reason) => {
            (Confidence::Likely, words!("node-vm-event-scheduled", node = node, message = &event.message))
        }
        reason if REPAIRS.contains(&reason) => {
            (Confidence::Likely, words!("node-vm-event-repair", node = node, reason = reason))
        }
        _ => return,
    };
    let time = event.first.get().or(event.last.get());
    if let Some(weight) = event_weight(context, event, weight) {
        signs.add(nodes, node, Sign::new(event.at, says, weight).since(time).until(event.last.get()));
    }
}

/// A restart that auto-repair made of a node long unready is no root: something else was first.
fn told_by_repair(finding: Finding, events: Option<&Events>) -> Finding {
    let name = finding.subject.name.clone();
    let unready = events
        .into_iter()
        .flat_map(|events| events.of_node(&name))
        .filter(|event| event.reason == "NodeNotReady")
        .filter_map(|event| event.first.get().or(event.last.get()))
        .min();
    let asked = events.into_iter().flat_map(|events| events.of_node(&name)).any(|event| {
        REPAIRS.contains(&event.reason.as_str()) || event.message.contains("requested by authorized user")
    });
    let late = unready.zip(finding.onset).is_some_and(|(unready, onset)| onset.duration_since(unready).as_secs() > REPAIR_AFTER_SECONDS);
    if asked && late { finding.severity(Severity::Warning).confidence(Confidence::Possible) } else { finding }
}

/// A kubelet reports its reboot only when it is back: the machine was gone when its node was lost.
fn from_loss(finding: Finding, events: Option<&Events>) -> Finding {
    let Some(onset) = finding.onset else { return finding };
    let lost = events
        .into_iter()
        .flat_map(|events| events.of_node(&finding.subject.name))
        .filter(|event| event.reason == "NodeNotReady")
        .filter_map(|event| event.first.get().or(event.last.get()))
        .filter(|lost| (0..=AWAY_SECONDS).contains(&onset.duration_since(*lost).as_secs()))
        .min();
    finding.since(Some(lost.map_or(onset, |lost| {
        lost.checked_sub(jiff::SignedDuration::from_secs(GRACE_SECONDS)).unwrap_or(lost)
    })))
}

fn clear(events: Option<&Events>, nodes: Option<&Nodes>, out: &mut Checked) {
    let quiet = nodes.filter(|nodes| nodes.complete).and_then(|nodes| {
        let all = nodes.iter().all(|node| node.condition("VMEventScheduled").is_some_and(|condition| condition.status == Status::False));
        (all && !nodes.is_empty()).then_some(nodes)
    });
    // A list without any event tells nothing: Kubernetes keeps them for an hour.
    match (events.filter(|events| !events.is_empty()), quiet) {
        (Some(events), _) => out.cleared(events.at(), words!("node-vm-event-cleared")),
        (None, Some(nodes)) => out.cleared(nodes.at(), words!("node-vm-event-none", nodes = nodes.len())),
        (None, None) => out.blind(Missing::table(TableKind::Events)),
    }
}

fn remedied(finding: Finding) -> Finding {
    let node = finding.subject.name.clone();
    finding
        .step(
            Step::new(words!("node-vm-event-events"))
                .run(Risk::Reads, command("kubectl get events -A --field-selector involvedObject.name={}", &[&node])),
        )
        .step(Step::new(words!("node-vm-event-spread")))
}
