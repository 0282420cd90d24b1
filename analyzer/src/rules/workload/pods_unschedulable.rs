//! Pods that no node takes.

use std::collections::BTreeMap;

use konspect_bundle::{Span, words};

use crate::facts::inputs::AnyOf;
use crate::facts::{Context, Events, Missing, Pods};
use crate::finding::{Confidence, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::kube::{Event, Pod, Status};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct PodsUnschedulable;

static META: Meta =
    rule_meta!("KSP7004", "pods-unschedulable", Workload, CauseOrSymptom, Warning, "pods_unschedulable.md");

/// A scheduler needs a moment: pods pending for less than this are in progress.
const PENDING_SECONDS: i64 = 120;

/// What waits for longer than this began before any incident that one looks at today.
const LONG_SECONDS: i64 = 86_400;

struct Pending {
    namespace: String,
    name: String,
    message: String,
    since: Option<jiff::Timestamp>,
    at: Span,
}

/// Characters of a scheduler's reason in a title.
const MOST_REASON: usize = 66;

impl Rule for PodsUnschedulable {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, AnyOf<&'f Pods, &'f Events>);

    fn check((context, AnyOf(pods, events)): Self::Inputs<'_>, out: &mut Checked) {
        let pending = match pods {
            Some(pods) => from_pods(context, pods, events),
            None => events.map(from_events).unwrap_or_default(),
        };
        let Some(first) = pending.first() else {
            let Some(pods) = pods.filter(|pods| pods.complete) else { return };
            if !pods.iter().any(|pod| unexplained(context, pod)) {
                out.cleared(pods.at(), words!("pods-unschedulable-cleared", count = pods.len()));
            } else if events.is_none() {
                out.blind(Missing::table(TableKind::Events));
            }
            return;
        };
        let reason = main_reason(&pending);
        let mut finding = META
            .finding(
                Subject::new("Pod", &first.namespace, &first.name),
                words!("pods-unschedulable-title", count = pending.len(), reason = &reason),
                first.at,
                words!("pods-unschedulable-says", pod = &first.name, message = &first.message),
            )
            .confidence(Confidence::Proven)
            .severity(if grave(context, &pending) { Severity::Critical } else { Severity::Warning })
            .since(pending.iter().filter_map(|pod| pod.since).min())
            .affected(pending.len())
            .scope(Scope::Cluster);
        for pod in pending.iter().skip(1).take(4) {
            finding =
                finding.supported_by(pod.at, words!("pods-unschedulable-says", pod = &pod.name, message = &pod.message));
        }
        out.found(finding.step(
            Step::new(words!("pods-unschedulable-do"))
                .run(Risk::Reads, command("kubectl describe pod {} -n {}", &[&first.name, &first.namespace])),
        ));
    }
}

/// One application's pod that nobody missed for a day is no outage; several, or the cluster's own, are.
fn grave(context: &Context, pending: &[Pending]) -> bool {
    let recent = |pod: &&Pending| context.age_seconds(pod.since).is_none_or(|age| age < LONG_SECONDS);
    pending.iter().filter(recent).count() >= 2 || pending.iter().any(|pod| pod.namespace == "kube-system")
}

/// A pod that waits without the scheduler's word: a table of pods does not hold it.
fn unexplained(context: &Context, pod: &Pod) -> bool {
    waits(pod)
        && pod.condition("PodScheduled").is_none()
        && context.age_seconds(pod.meta.created.get()).is_none_or(|age| age >= PENDING_SECONDS)
}

fn waits(pod: &Pod) -> bool {
    pod.phase == "Pending" && pod.node.is_empty()
}

fn from_pods(context: &Context, pods: &Pods, events: Option<&Events>) -> Vec<Pending> {
    let mut found = Vec::new();
    for pod in pods.iter().filter(|pod| waits(pod)) {
        let condition = pod.condition("PodScheduled").filter(|condition| condition.status == Status::False);
        if condition.is_some_and(|condition| condition.told.reason == "SchedulingGated") {
            continue;
        }
        let event = events.into_iter().flat_map(|events| events.reason(&["FailedScheduling"])).find(|event| {
            event.object.name == pod.meta.name && event.object.namespace == pod.meta.namespace
        });
        let since = condition.and_then(|condition| condition.transition.get()).or(pod.meta.created.get());
        if context.age_seconds(since).is_some_and(|age| age < PENDING_SECONDS) {
            continue;
        }
        let (message, at) = match (condition.filter(|condition| !condition.told.message.is_empty()), event) {
            (Some(condition), _) => (condition.told.message.clone(), condition.at.get()),
            (None, Some(event)) => (event.message.clone(), event.at),
            (None, None) => continue,
        };
        found.push(Pending { namespace: pod.meta.namespace.to_string(), name: pod.meta.name.to_string(), message: message.to_string(), since, at });
    }
    found
}

fn from_events(events: &Events) -> Vec<Pending> {
    // One that got a node afterwards waited for the autoscaler.
    let mut placed: BTreeMap<(&str, &str), jiff::Timestamp> = BTreeMap::new();
    for event in events.reason(&["Scheduled"]) {
        if let Some(time) = event.last.get().or(event.first.get()) {
            let known = placed.entry(of(event)).or_insert(time);
            *known = time.max(*known);
        }
    }
    let later = |event: &Event| placed.get(&of(event)).is_some_and(|time| event.last.get().or(event.first.get()).is_some_and(|failed| *time >= failed));
    let mut found: BTreeMap<(&str, &str), Pending> = BTreeMap::new();
    for event in events.reason(&["FailedScheduling"]).filter(|event| !later(event)) {
        found.entry(of(event)).or_insert_with(|| Pending {
            namespace: event.object.namespace.to_string(),
            name: event.object.name.to_string(),
            message: event.message.to_string(),
            since: event.first.get(),
            at: event.at,
        });
    }
    found.into_values().collect()
}

fn of(event: &Event) -> (&str, &str) {
    (&event.object.namespace, &event.object.name)
}

/// At most so much of a reason as a title holds, cut between words.
fn short(reason: &str) -> String {
    if reason.chars().count() <= MOST_REASON {
        return reason.to_owned();
    }
    let cut: String = reason.chars().take(MOST_REASON).collect();
    format!("{}…", cut.rfind(' ').and_then(|end| cut.get(..end)).unwrap_or(&cut))
}

/// The reason that most nodes give over all pods: `0/5 nodes are available: 3 Insufficient cpu, 2 node(s) had …`.
fn main_reason(pending: &[Pending]) -> String {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for pod in pending {
        let reasons = pod.message.split_once("available:").map_or("", |(_, rest)| rest);
        for part in reasons.split(". ").next().unwrap_or_default().split(", ") {
            let part = part.trim().trim_end_matches('.');
            let (count, reason) = part.split_once(' ').unwrap_or(("", part));
            let Ok(count) = count.parse::<u64>() else { continue };
            *counts.entry(short(reason)).or_default() += count;
        }
    }
    let best = counts.into_iter().max_by_key(|(reason, count)| (*count, std::cmp::Reverse(reason.clone())));
    best.map_or_else(|| "FailedScheduling".to_owned(), |(reason, _)| reason)
}
