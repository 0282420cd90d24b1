//! A node's kubelet is stopped, crashes, or cannot do its rounds.

use konspect_bundle::words;

use super::node_vm_event::vm_event;
use super::signs::{Sign, Signs, aged, detected, event_weight, log_node, recent_hit, tell, wrong};
use crate::facts::{AnyOf, Context, Events, Listing, Logs, Missing, Nodes};
use crate::finding::{Confidence, Finding, Meta, Risk, Step};
use crate::model::kube::Status;
use crate::model::log::{Component, LogFile, Signal, SignalCount};
use crate::model::metrics::{MetricsComponent, Scrape};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct KubeletUnhealthy;

static META: Meta = rule_meta!("KSP5005", "kubelet-unhealthy", Node, CauseOrSymptom, Critical, "kubelet_unhealthy.md");

/// So many runtime calls without an answer are no accident.
const MANY_DEADLINES: u64 = 5;
/// A unit that fails this often does not come up by itself.
const MANY_FAILURES: u64 = 3;
/// The kubelet calls itself unhealthy when it has not listed its containers for this long.
const PLEG_SECONDS: f64 = 180.0;

/// A journal with one of these is not free of complaints, however few they are.
const COMPLAINTS: &[Signal] = &[Signal::PlegUnhealthy, Signal::RuntimeDeadline, Signal::RuntimeDown, Signal::KubeletGaveUp];

impl Rule for KubeletUnhealthy {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, AnyOf<AnyOf<&'f Nodes, &'f Events>, AnyOf<&'f Logs, &'f Listing<Scrape>>>);

    fn check((context, AnyOf(objects, measured)): Self::Inputs<'_>, out: &mut Checked) {
        let AnyOf(logs, scrapes) = measured.unwrap_or(AnyOf(None, None));
        let AnyOf(nodes, events) = objects.unwrap_or(AnyOf(None, None));
        let mut signs = Signs::default();
        from_conditions(nodes, &mut signs);
        from_metrics(context, nodes, scrapes, &mut signs);
        if let Some(events) = events {
            from_events(context, nodes, events, &mut signs);
        }
        for log in logs.into_iter().flat_map(Logs::iter) {
            from_log(context, nodes, log, &mut signs);
        }
        let own = logs.map(|logs| by_itself(nodes, events, logs)).unwrap_or_default();
        let findings = signs
            .findings(&META, |node| words!("kubelet-unhealthy-title", node = node))
            .into_iter()
            .map(|finding| {
                let finding = if own.contains(&finding.subject.name) { finding.self_caused() } else { finding };
                remedied(finding)
            })
            .collect();
        tell(out, findings, |count| words!("kubelet-unhealthy-many", count = count));
        if out.findings.is_empty() {
            clear(nodes, logs, out);
        }
    }
}

/// The kubelet's own message, and what node-problem-detector saw of its service.
fn from_conditions(nodes: Option<&Nodes>, signs: &mut Signs) {
    for (node, condition) in wrong(nodes, "KubeletProblem") {
        let says = words!("kubelet-unhealthy-detector", node = &node.meta.name, message = &condition.told.message);
        signs.add(nodes, &node.meta.name, Sign::new(condition.at.get(), says, Confidence::Proven).since(condition.transition.get()));
    }
    for (node, condition) in wrong(nodes, "FrequentKubeletRestart") {
        let says = words!("kubelet-unhealthy-restarts", node = &node.meta.name, message = &condition.told.message);
        signs.add(nodes, &node.meta.name, Sign::new(condition.at.get(), says, Confidence::Likely).since(condition.transition.get()));
    }
    for node in nodes.into_iter().flat_map(Nodes::iter) {
        let Some(condition) = node.condition("Ready").filter(|condition| condition.status == Status::False) else { continue };
        if condition.told.message.contains("pleg was last seen active") {
            let says = words!("kubelet-unhealthy-pleg-condition", node = &node.meta.name, message = &condition.told.message);
            signs.add(nodes, &node.meta.name, Sign::new(condition.at.get(), says, Confidence::Proven).since(condition.transition.get()));
        }
    }
}

/// What the kubelet counts of its own rounds, and the detector of the kubelet.
fn from_metrics(context: &Context, nodes: Option<&Nodes>, scrapes: Option<&Listing<Scrape>>, signs: &mut Signs) {
    for kind in ["KubeletProblem", "FrequentKubeletRestart"] {
        for (node, sample) in detected(scrapes, kind) {
            let says = words!("kubelet-unhealthy-gauge", node = node, reason = sample.label("reason"));
            signs.add(nodes, node, Sign::new(sample.at, says, Confidence::Likely));
        }
    }
    let kubelets = scrapes.into_iter().flat_map(|scrapes| scrapes.iter()).filter(|scrape| scrape.component == MetricsComponent::Kubelet);
    for scrape in kubelets {
        let Some(seen) = scrape.families.get("kubelet_pleg_last_seen_seconds").and_then(|samples| samples.first()) else { continue };
        let Some(now) = scrape.taken.or(context.now) else { continue };
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
        let ago = now.as_second() as f64 - seen.value;
        if seen.value > 0.0 && ago > PLEG_SECONDS {
            let node = log_node(nodes, &scrape.node);
            let says = words!("kubelet-unhealthy-pleg-metric", node = node, seconds = format!("{ago:.0}"));
            // Without the scrape's own time the end of the collection stands for it.
            let weight = if scrape.taken.is_some() { Confidence::Likely } else { Confidence::Possible };
            signs.add(nodes, node, Sign::new(seen.at, says, weight));
        }
    }
}

fn from_events(context: &Context, nodes: Option<&Nodes>, events: &Events, signs: &mut Signs) {
    for event in events.reason(&["KubeletIsDown", "PLEGUnhealthy", "KubeletRPCDeadlineExceeded"]) {
        // A plugin that was killed or timed out says nothing of the kubelet.
        if event.message.contains("Timeout when running plugin") {
            continue;
        }
        let Some(weight) = event_weight(context, event, Confidence::Likely) else { continue };
        let node = if event.object.kind == "Node" { event.object.name.as_str() } else { event.host.as_str() };
        let says = words!("kubelet-unhealthy-event", node = node, reason = &event.reason, message = &event.message);
        signs.add(nodes, node, Sign::new(event.at, says, weight).since(event.first.get().or(event.last.get())).until(event.last.get()));
    }
}

fn from_log(context: &Context, nodes: Option<&Nodes>, log: &LogFile, signs: &mut Signs) {
    let node = log_node(nodes, &log.origin.node);
    let of_kubelet = |count: &&SignalCount| log.origin.component == Component::Kubelet || count.hits.iter().any(|hit| hit.text.to_ascii_lowercase().contains("kubelet"));
    if let Some(count) = log.signal(Signal::PlegUnhealthy)
        && let Some((hit, weight)) = recent_hit(context, count, Confidence::Likely)
    {
        let says = words!("kubelet-unhealthy-pleg", node = node, ago = &hit.detail, count = count.count);
        signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
    }
    if let Some(count) = log.signal(Signal::RuntimeDeadline).filter(|count| count.count >= MANY_DEADLINES)
        && let Some((hit, weight)) = recent_hit(context, count, Confidence::Likely)
    {
        let says = words!("kubelet-unhealthy-deadlines", node = node, count = count.count);
        signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
    }
    // The runtime's fault, told by its own rule: here it is what the kubelet cannot do for it.
    if let Some(count) = log.signal(Signal::RuntimeDown).filter(|count| count.count >= MANY_DEADLINES)
        && let Some((hit, weight)) = recent_hit(context, count, Confidence::Possible)
    {
        let says = words!("kubelet-unhealthy-skips", node = node, count = count.count, text = &hit.text);
        signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
    }
    if let Some(count) = log.signal(Signal::ServiceFailed).filter(of_kubelet) {
        let mut failures = count.hits.iter().filter(|hit| hit.detail == "kubelet.service");
        let number: u64 = count.details.iter().filter(|(unit, _)| unit == "kubelet.service").map(|(_, number)| number).sum();
        if number >= MANY_FAILURES
            && let Some((hit, weight)) = failures.find_map(|hit| Some((hit, aged(context, hit.time, Confidence::Likely)?)))
        {
            let says = words!("kubelet-unhealthy-crashes", node = node, count = number, text = &hit.text);
            signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
        }
    }
    // Its own last words, where systemd's are not in the file.
    if let Some(count) = log.signal(Signal::KubeletGaveUp).filter(|count| count.count >= MANY_FAILURES)
        && let Some((hit, weight)) = recent_hit(context, count, Confidence::Likely)
    {
        let says = words!("kubelet-unhealthy-crashes", node = node, count = count.count, text = &hit.text);
        signs.add(nodes, node, Sign::new(hit.at, says, weight).since(hit.time).until(count.last));
    }
    let runs = nodes.and_then(|nodes| nodes.find(node)).is_some_and(|node| node.ready() == Some(Status::True));
    if !runs
        && let Some(hit) = stopped(log)
        && let Some(weight) = aged(context, hit.time, Confidence::Proven)
    {
        let says = words!("kubelet-unhealthy-stopped", node = node, text = &hit.text);
        signs.add(nodes, node, Sign::new(hit.at, says, weight.max(Confidence::Likely)).since(hit.time));
    }
}

/// systemd stopped the kubelet, and nothing started it (or the machine) afterwards.
fn stopped(log: &LogFile) -> Option<&crate::model::log::SignalHit> {
    let kubelet = |detail: &str| detail.to_ascii_lowercase().contains("kubelet");
    let hit = log.signal(Signal::ServiceStopped)?.hits.iter().rfind(|hit| kubelet(&hit.detail))?;
    let later = |signal: Signal| {
        log.signal(signal).is_some_and(|count| {
            count.hits.iter().any(|start| start.at.start > hit.at.start && (signal != Signal::ServiceStarted || kubelet(&start.detail)))
        })
    };
    let restarted = later(Signal::ServiceStarted) || later(Signal::KubeletStarted) || later(Signal::KernelBoot);
    (!restarted).then_some(hit)
}

/// Nodes whose kubelet was stopped, or crashes for a reason of its own: not for want of a certificate.
fn by_itself(nodes: Option<&Nodes>, events: Option<&Events>, logs: &Logs) -> Vec<String> {
    let mut names = Vec::new();
    for log in logs.iter() {
        let node = log_node(nodes, &log.origin.node);
        let identity = [Signal::KubeletUnauthorized, Signal::KubeletCertificateExpired, Signal::CertificateError];
        let kept_out = logs.on_node(&log.origin.node).any(|log| identity.iter().any(|signal| log.signal(*signal).is_some()));
        let platform = events.into_iter().flat_map(|events| events.of_node(node)).any(vm_event);
        if stopped(log).is_some() && !kept_out && !platform && !node.is_empty() {
            let known = nodes.and_then(|nodes| nodes.find(node)).map_or(node, |node| &node.meta.name);
            names.push(known.to_owned());
        }
    }
    names
}

fn clear(nodes: Option<&Nodes>, logs: Option<&Logs>, out: &mut Checked) {
    let complains = |log: &&LogFile| COMPLAINTS.iter().any(|signal| log.signal(*signal).is_some());
    let quiet = logs.into_iter().flat_map(|logs| logs.of(Component::Kubelet)).find(|log| !complains(log));
    let Some(nodes) = nodes.filter(|nodes| nodes.complete && !nodes.is_empty()) else {
        out.blind(Missing::table(TableKind::Nodes));
        return;
    };
    if let Some(node) = nodes.not_ready().next() {
        // A node that went quiet may have a kubelet in any state; its own journal would tell.
        let seen = logs.is_some_and(|logs| logs.on_node(&node.meta.name).any(|log| log.origin.component == Component::Kubelet));
        if !seen {
            out.blind(Missing::on_node(TableKind::KubeletLogs, &node.meta.name));
        }
        return;
    }
    if nodes.iter().all(|node| node.ready() == Some(Status::True)) {
        out.cleared(nodes.at(), words!("kubelet-unhealthy-cleared", nodes = nodes.len()));
    }
    if let Some(log) = quiet {
        out.cleared(log.at, words!("kubelet-unhealthy-quiet", lines = log.lines));
    }
}

fn remedied(finding: Finding) -> Finding {
    let node = finding.subject.name.clone();
    finding
        .step(
            Step::new(words!("kubelet-unhealthy-describe"))
                .run(Risk::Reads, command("kubectl describe node {}", &[&node])),
        )
        .step(Step::new(words!("kubelet-unhealthy-journal")))
        .step(Step::new(words!("kubelet-unhealthy-restart")))
}
