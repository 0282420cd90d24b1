//! Of which stretches of time the bundle holds no data: events live an hour, logs are rotated, tails are short.
//!
//! A lane without an entry there was not quiet: nobody looked.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use konspect_bundle::{Words, words};

use super::NoDataCard;
use super::build::rfc3339;
use crate::facts::Facts;
use crate::model::kube::ContainerState;
use crate::model::log::{Component, LogFile};

/// Kubernetes keeps events for so long.
const EVENTS_HOURS: i64 = 1;
/// Holes shorter than this are pauses between lines.
const HOLE_SECONDS: i64 = 600;
/// A log that begins this close to its container's start has lost nothing.
const START_SECONDS: i64 = 120;

/// What a lane's sources cover.
#[derive(Default)]
struct Lane {
    covered: Vec<(Timestamp, Timestamp)>,
}

/// The holes between `from` and the bundle's own time, and sentences that say why.
pub(super) fn holes(facts: &Facts, from: Option<Timestamp>) -> (Vec<NoDataCard>, Vec<Words>) {
    let (Some(from), Some(now)) = (from, facts.context.now) else { return Default::default() };
    let mut lanes: BTreeMap<&'static str, Lane> = BTreeMap::new();
    let mut why = Vec::new();
    if let Some(events) = facts.events.ok() {
        let since = events
            .window
            .map(|(first, _)| first)
            .or_else(|| now.checked_sub(SignedDuration::from_hours(EVENTS_HOURS)).ok());
        if let Some(since) = since {
            for lane in ["nodes", "pods"] {
                lanes.entry(lane).or_default().covered.push((since, now));
            }
            if since > from {
                why.push(words!("no-data-events", time = rfc3339(since)));
            }
        }
    }
    for log in facts.logs.ok().into_iter().flat_map(|logs| logs.iter()) {
        let (Some(first), Some(last)) = (log.first, log.last) else { continue };
        let begin =
            if begins_with_its_process(facts, log, first) { from.min(first) } else { first };
        // A log that is still written covers the time until it was collected.
        let end = if log.origin.previous { last } else { now.max(last) };
        lanes.entry(lane_of(log.origin.component)).or_default().covered.push((begin, end));
    }
    if let Some((first, last)) = facts.audit.ok().and_then(|audit| audit.window) {
        let time = |microseconds: i64| Timestamp::from_microsecond(microseconds).ok();
        if let (Some(first), Some(last)) = (time(first), time(last)) {
            lanes.entry("api").or_default().covered.push((first, last));
            if first > from || last < now {
                let (from, until) = (rfc3339(first), rfc3339(last));
                why.push(words!("no-data-audit", from = from, until = until));
            }
        }
    }
    let mut cards = Vec::new();
    for (lane, coverage) in lanes {
        for (begin, end) in gaps(coverage.covered, from, now) {
            if begin == from && matches!(lane, "tunnel" | "dns") {
                why.push(words!("no-data-logs", time = rfc3339(end)));
            }
            cards.push(NoDataCard {
                lane: lane.to_owned(),
                from: rfc3339(begin),
                until: rfc3339(end),
            });
        }
    }
    why.dedup();
    (cards, why)
}

fn lane_of(component: Component) -> &'static str {
    match component {
        Component::TunnelAgent | Component::TunnelServer => "tunnel",
        Component::CoreDns => "dns",
        Component::Kubelet
        | Component::Runtime
        | Component::Kernel
        | Component::System
        | Component::KubeProxy
        | Component::Cni
        | Component::NodeProblemDetector => "nodes",
        Component::ApiServer
        | Component::ControllerManager
        | Component::Scheduler
        | Component::Etcd => "api",
        Component::CloudControllerManager | Component::ClusterAutoscaler => "platform",
        Component::Other | Component::MetricsServer => "pods",
    }
}

/// True when the container started as its log begins: before that there was nothing to write.
fn begins_with_its_process(facts: &Facts, log: &LogFile, first: Timestamp) -> bool {
    let pods = facts.pods.ok();
    let pod = pods.and_then(|pods| {
        pods.iter().find(|pod| {
            pod.meta.name == log.origin.pod
                && (log.origin.namespace.is_empty() || pod.meta.namespace == log.origin.namespace)
        })
    });
    let starts = pod.into_iter().flat_map(|pod| &pod.containers).flat_map(|container| {
        [&container.state, &container.last].into_iter().filter_map(|state| match state {
            ContainerState::Running { started } => started.get(),
            ContainerState::Terminated(end) => end.started,
            _ => None,
        })
    });
    starts.into_iter().any(|start| first.duration_since(start).as_secs().abs() <= START_SECONDS)
}

/// What lies between `from` and `to` and is not covered.
fn gaps(
    mut covered: Vec<(Timestamp, Timestamp)>,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(Timestamp, Timestamp)> {
    covered.sort();
    let mut gaps = Vec::new();
    let mut known = from;
    for (begin, end) in covered {
        if begin.min(to).duration_since(known).as_secs() > HOLE_SECONDS {
            gaps.push((known, begin.min(to)));
        }
        known = known.max(end);
    }
    if to.duration_since(known).as_secs() > HOLE_SECONDS {
        gaps.push((known, to));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_source_covers_is_a_gap() {
        let time = |text: &str| format!("2025-06-11T{text}:00Z").parse::<Timestamp>().unwrap();
        let covered = vec![
            (time("11:00"), time("11:30")),
            (time("11:20"), time("11:40")),
            (time("11:45"), time("11:50")),
        ];
        assert_eq!(
            gaps(covered, time("09:00"), time("12:30")),
            [(time("09:00"), time("11:00")), (time("11:50"), time("12:30"))]
        );
        assert_eq!(gaps(vec![(time("08:00"), time("13:00"))], time("09:00"), time("12:30")), []);
        let early = vec![(time("13:00"), time("14:00"))];
        assert_eq!(gaps(early, time("09:00"), time("12:30")), [(time("09:00"), time("12:30"))]);
    }
}
