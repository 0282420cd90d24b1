//! One clock: how far each node's clock is from the API server's, by pairs of times of the same fact, and the
//! correction of what that node wrote.
//!
//! Only what cannot be a delay counts: a node that was cut off reports late, never early.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use konspect_bundle::{Span, Words, words};

pub(super) mod objects;

use super::copies::Taken;
use super::pods::grouped;
use super::{Nodes, Pods};
use crate::model::When;
use crate::model::kube::{Lease, Status};
use crate::parse::Rows;

/// Seconds below which a difference is no skew: delays of events and renewals are of this size.
const LEAST: i64 = 30;
/// Pairs that agree make an estimate.
const PAIRS: usize = 3;
/// Ready nodes needed before one of them can be told from the others.
const FLEET: usize = 4;
/// A node renews its lease every ten seconds.
const RENEWAL: i64 = 10;
/// Zones differ by whole quarters of an hour.
const QUARTER: i64 = 900;

/// A clock that is not the API server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skew {
    pub node: String,
    /// Seconds ahead (positive) or behind.
    pub seconds: i64,
    /// What may be wrong with that, in seconds.
    pub error: i64,
    /// Pairs that agree on it.
    pub pairs: usize,
    pub basis: Basis,
    /// One of the pairs' lines.
    pub at: Span,
}

/// What was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// `chronyc tracking`, `timedatectl timesync-status`.
    Tool,
    /// The kubelet's `startTime` of a Pod against the scheduler's `PodScheduled`.
    Pods,
    /// An event's first time by its source against its creation by the API server.
    Events,
    /// The renewal of a ready node's lease against those of the other ready nodes.
    Leases,
    /// The stamps of a client's trace against the `Date` headers of the answers in it.
    Date,
    /// A log in local time that ends after its own collection.
    Zone,
}

impl Skew {
    /// What shows it, in words.
    pub fn says(&self) -> Words {
        let (node, pairs, seconds) = (&self.node, self.pairs, self.seconds);
        match self.basis {
            Basis::Tool => words!("clock-by-tool", node = node, seconds = seconds),
            Basis::Pods => words!("clock-by-pods", node = node, seconds = seconds, pairs = pairs),
            Basis::Events => {
                words!("clock-by-events", node = node, seconds = seconds, pairs = pairs)
            }
            Basis::Leases => {
                words!("clock-by-leases", node = node, seconds = seconds, pairs = pairs)
            }
            Basis::Date => words!("clock-by-date", seconds = seconds, pairs = pairs),
            Basis::Zone => words!("clock-by-zone", node = node, seconds = seconds),
        }
    }
}

/// The skews of all nodes, one a node, by name.
pub(super) fn skews(rows: &Rows, nodes: Option<&Nodes>, pods: Option<&Pods>) -> Vec<Skew> {
    let mut found: BTreeMap<String, Skew> = BTreeMap::new();
    let all = by_tool(rows)
        .into_iter()
        .chain(by_pods(pods))
        .chain(by_events(rows))
        .chain(by_leases(&rows.leases, nodes))
        .chain(by_date(rows));
    for skew in all {
        // The first basis that tells is the surest.
        found.entry(skew.node.clone()).or_insert(skew);
    }
    found.into_values().collect()
}

fn by_tool(rows: &Rows) -> Vec<Skew> {
    rows.clocks
        .iter()
        .filter(|clock| !clock.node.is_empty())
        .filter_map(|clock| {
            let offset = clock.value.offset_seconds.filter(|offset| offset.abs() < 1e9)?;
            #[expect(clippy::cast_possible_truncation, reason = "bounded a line above")]
            let seconds = offset.round() as i64;
            (seconds.abs() >= LEAST).then(|| Skew {
                node: clock.node.clone(),
                seconds,
                error: 1,
                pairs: 1,
                basis: Basis::Tool,
                at: clock.value.at,
            })
        })
        .collect()
}

/// A kubelet cannot start a Pod before it is scheduled, nor take long to say that it saw it.
fn by_pods(pods: Option<&Pods>) -> Vec<Skew> {
    let placed = pods.into_iter().flat_map(Pods::iter).filter(|pod| !pod.node.is_empty());
    let by_node = grouped(placed.filter_map(|pod| {
        let start = pod.start_time.get()?;
        let scheduled = pod.condition("PodScheduled").filter(|it| it.status == Status::True)?;
        let difference = start.duration_since(scheduled.transition.get()?).as_secs();
        Some((pod.node.as_str(), (difference, pod.at)))
    }));
    by_node.into_iter().filter_map(|(node, pairs)| agreed(node, pairs, Basis::Pods)).collect()
}

/// The API server stamps an event's creation; its source stamps when it happened.
fn by_events(rows: &Rows) -> Vec<Skew> {
    let placed = rows.events.iter().filter(|event| !event.host.is_empty());
    let by_host = grouped(placed.filter_map(|event| {
        let difference = event.first.get()?.duration_since(event.created.get()?).as_secs();
        Some((event.host.as_str(), (difference, event.at)))
    }));
    // Late events are queued ones: only times from the future prove a clock.
    by_host
        .into_iter()
        .filter_map(|(host, pairs)| agreed(host, pairs, Basis::Events))
        .filter(|skew| skew.seconds > 0)
        .collect()
}

/// The median of pairs that agree: the middle half lies within half a minute.
fn agreed(node: &str, mut pairs: Vec<(i64, Span)>, basis: Basis) -> Option<Skew> {
    pairs.sort_unstable();
    let at = |part: usize| pairs.get(pairs.len() * part / 4).copied();
    let (low, middle, high) = (at(1)?, at(2)?, at(3)?);
    let spread = high.0 - low.0;
    (pairs.len() >= PAIRS && middle.0.abs() >= LEAST && spread <= LEAST).then(|| Skew {
        node: node.to_owned(),
        seconds: middle.0,
        error: spread / 2 + 1,
        pairs: pairs.len(),
        basis,
        at: middle.1,
    })
}

/// A node whose lease is minutes off and that is Ready renews it on another clock: the control plane judges by
/// when it sees a renewal, not by what stands in it.
fn by_leases(leases: &[Lease], nodes: Option<&Nodes>) -> Vec<Skew> {
    let ready: Vec<(&Lease, Timestamp)> = leases
        .iter()
        .filter(|lease| lease.meta.namespace == "kube-node-lease")
        .filter(|lease| {
            let node = nodes.and_then(|nodes| nodes.get(&lease.meta.name));
            node.is_some_and(|node| node.ready() == Some(Status::True))
        })
        .filter_map(|lease| Some((lease, lease.renewed?)))
        .collect();
    let mut times: Vec<Timestamp> = ready.iter().map(|(_, time)| *time).collect();
    times.sort();
    let Some(median) = times.get(times.len() / 2).copied().filter(|_| ready.len() >= FLEET) else {
        return Vec::new();
    };
    // Where half of the fleet disagrees the median is no reference.
    let near = |time: &Timestamp| time.duration_since(median).as_secs().abs() < 2 * LEAST;
    if times.iter().filter(|time| near(time)).count() * 4 < times.len() * 3 {
        return Vec::new();
    }
    ready
        .into_iter()
        .map(|(lease, time)| (lease, time.duration_since(median).as_secs()))
        .filter(|(_, seconds)| seconds.abs() >= 2 * LEAST)
        .map(|(lease, seconds)| Skew {
            node: lease.meta.name.to_string(),
            seconds,
            error: RENEWAL,
            pairs: times.len() - 1,
            basis: Basis::Leases,
            at: lease.at,
        })
        .collect()
}

/// The machine that collected, which has no name: the least that its traces say, where they agree.
fn by_date(rows: &Rows) -> Option<Skew> {
    let mut pairs: Vec<(i64, Span)> =
        rows.logs.iter().filter_map(|log| log.ahead_of_server).collect();
    pairs.sort_unstable();
    pairs.dedup_by_key(|(_, at)| at.artifact);
    let ((least, at), most) = (pairs.first().copied()?, pairs.last()?.0);
    (least.abs() >= LEAST && most - least <= LEAST).then(|| Skew {
        node: String::new(),
        seconds: least,
        error: most - least + 1,
        pairs: pairs.len(),
        basis: Basis::Date,
        at,
    })
}

/// What collections say of their own time is the client's clock.
pub(super) fn correct_client(rows: &mut Rows) {
    let Some(client) = by_date(rows) else { return };
    for collection in &mut rows.collections {
        shift(&mut collection.started, client.seconds);
        shift(&mut collection.finished, client.seconds);
    }
}

/// Sets what nodes wrote on the API server's clock: their events and their logs (`objects`: what stands in objects).
pub(super) fn correct(rows: &mut Rows, skews: &mut Vec<Skew>, taken: &Taken) {
    let seconds: BTreeMap<String, i64> = skews
        .iter()
        .filter(|skew| !skew.node.is_empty())
        .map(|skew| (skew.node.to_lowercase(), skew.seconds))
        .collect();
    let of = |node: &str| seconds.get(&node.to_lowercase()).copied().unwrap_or(0);
    for event in &mut rows.events {
        let by = of(&event.host);
        if by != 0 {
            shift_packed(&mut event.first, by);
            shift_packed(&mut event.last, by);
        }
    }
    let mut zones: BTreeMap<String, Skew> = BTreeMap::new();
    for log in &mut rows.logs {
        let mut by = of(&log.origin.node);
        if by == 0
            && let Some(zone) = zone_of(log.last, taken.of(log.at.artifact))
        {
            by = zone;
            let skew = Skew {
                node: log.origin.node.clone(),
                seconds: zone,
                error: QUARTER / 3,
                pairs: 1,
                basis: Basis::Zone,
                at: log.at,
            };
            zones.entry(log.origin.node.clone()).or_insert(skew);
        }
        if by != 0 {
            for time in super::years::times(log) {
                shift(time, by);
            }
        }
    }
    skews.extend(zones.into_values());
}

fn shift(time: &mut Option<Timestamp>, seconds: i64) {
    *time = time.and_then(|time| time.checked_sub(SignedDuration::from_secs(seconds)).ok());
}

fn shift_packed(packed: &mut When, seconds: i64) {
    let mut time = packed.get();
    shift(&mut time, seconds);
    *packed = time.into();
}

/// A log cannot end after it was collected: what goes beyond is the local zone, in whole quarters of an hour.
fn zone_of(last: Option<Timestamp>, taken: Option<Timestamp>) -> Option<i64> {
    let ahead = last?.duration_since(taken?).as_secs();
    let zone = (ahead + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
    let close = (ahead - zone).abs() <= QUARTER / 3;
    ((2 * QUARTER..=14 * 3600).contains(&zone) && close).then_some(zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kube::{Condition, Event, Node, ObjectMeta, Pod};
    use crate::model::log::LogFile;

    fn time(text: &str) -> Option<Timestamp> {
        format!("2025-06-11T{text}Z").parse().ok()
    }

    fn pod(node: &str, scheduled: &str, started: &str) -> Box<Pod> {
        let condition = Condition {
            kind: "PodScheduled".into(),
            status: Status::True,
            transition: time(scheduled).into(),
            ..Condition::default()
        };
        Box::new(Pod {
            meta: ObjectMeta { name: format!("p-{scheduled}").into(), ..ObjectMeta::default() },
            node: node.into(),
            start_time: time(started).into(),
            conditions: [condition].into(),
            ..Pod::default()
        })
    }

    fn event(host: &str, created: &str, first: &str) -> Event {
        Event {
            host: host.into(),
            created: time(created).into(),
            first: time(first).into(),
            last: time(first).into(),
            ..Event::default()
        }
    }

    #[test]
    fn a_kubelet_that_starts_pods_before_they_are_scheduled_is_behind() {
        let pods = vec![
            pod("slow", "10:00:10", "09:54:11"),
            pod("slow", "10:05:00", "09:59:01"),
            pod("slow", "10:30:00", "10:24:02"),
            pod("right", "10:00:00", "10:00:01"),
            pod("right", "10:10:00", "10:10:00"),
            pod("right", "10:20:00", "10:20:02"),
        ];
        let pods = Pods::new(pods, Vec::new(), true);
        let skews = skews(&Rows::default(), None, Some(&pods));
        let told: Vec<_> = skews.iter().map(|skew| (skew.node.as_str(), skew.seconds)).collect();
        assert_eq!(told, [("slow", -359)]);
    }

    #[test]
    fn events_from_the_future_prove_a_clock_and_late_ones_do_not() {
        let rows = Rows {
            events: [
                event("ahead", "10:00:00", "10:04:00"),
                event("ahead", "10:10:00", "10:14:01"),
                event("ahead", "10:20:00", "10:24:00"),
                event("cut-off", "10:30:00", "10:20:00"),
                event("cut-off", "10:30:01", "10:20:01"),
                event("cut-off", "10:30:02", "10:20:02"),
            ]
            .map(Box::new)
            .into(),
            ..Rows::default()
        };
        let mut rows = rows;
        let mut skews = skews(&rows, None, None);
        assert_eq!(skews.len(), 1);
        assert_eq!((skews[0].node.as_str(), skews[0].seconds), ("ahead", 240));
        correct(&mut rows, &mut skews, &Taken::default());
        assert_eq!(rows.events[0].first.get(), time("10:00:00"));
        assert_eq!(rows.events[3].first.get(), time("10:20:00"));
    }

    #[test]
    fn a_ready_node_whose_lease_is_minutes_off_has_another_clock() {
        let names = ["a", "b", "c", "d", "e"];
        let node = |name: &str| Node {
            meta: ObjectMeta { name: name.into(), ..ObjectMeta::default() },
            conditions: vec![Condition {
                kind: "Ready".into(),
                // A node that is not ready has an old lease for another reason.
                status: if name == "e" { Status::Unknown } else { Status::True },
                ..Condition::default()
            }],
            ..Node::default()
        };
        let lease = |name: &str| Lease {
            meta: ObjectMeta {
                name: name.into(),
                namespace: "kube-node-lease".into(),
                ..ObjectMeta::default()
            },
            renewed: time(match name {
                "a" => "10:08:00",
                "e" => "09:30:00",
                _ => "10:00:00",
            }),
            ..Lease::default()
        };
        let nodes = Nodes::new(names.map(node).to_vec(), Vec::new(), true);
        let rows = Rows { leases: names.map(lease).to_vec(), ..Rows::default() };
        let skews = skews(&rows, Some(&nodes), None);
        let told: Vec<_> = skews.iter().map(|skew| (skew.node.as_str(), skew.seconds)).collect();
        assert_eq!(told, [("a", 480)]);
    }

    #[test]
    fn a_trace_tells_the_clients_clock() {
        let log = |artifact: u32, ahead: i64| LogFile {
            ahead_of_server: Some((
                ahead,
                Span { artifact: konspect_bundle::ArtifactId(artifact), start: 0, end: 1 },
            )),
            ..LogFile::default()
        };
        let rows = |logs: Vec<LogFile>| Rows { logs, ..Rows::default() };
        let found = by_date(&rows(vec![log(0, 125), log(1, 127)])).unwrap();
        assert_eq!((found.seconds, found.error, found.pairs), (125, 3, 2));
        // Answers come within a second or two; traces that disagree prove nothing.
        assert_eq!(by_date(&rows(vec![log(0, 1)])), None);
        assert_eq!(by_date(&rows(vec![log(0, 125), log(1, 300)])), None);
    }

    #[test]
    fn a_log_that_ends_after_its_collection_is_in_local_time() {
        assert_eq!(zone_of(time("19:00:10"), time("10:00:20")), Some(9 * 3600));
        assert_eq!(zone_of(time("15:29:00"), time("10:00:00")), Some(5 * 3600 + 1800));
        assert_eq!(zone_of(time("10:05:00"), time("10:00:00")), None);
        assert_eq!(zone_of(time("09:00:00"), time("10:00:00")), None);
    }
}
