//! What is counted about a set of requests; everything adds up in any order.

use std::borrow::Cow;

use konspect_bundle::{ArtifactId, Span};
use smallvec::SmallVec;

use crate::event::{Component, Event, Verb, parameters};
use crate::failure::Failure;
use crate::histogram::Histogram;

/// A watch shorter than this, that ended without an error, is a reconnect.
const SHORT_WATCH: u64 = 10_000_000;

/// How LIST requests ask for their data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    pub count: u64,
    /// Neither `limit` nor `resourceVersion`: everything, read from etcd before 1.31.
    pub unpaged: u64,
    /// `resourceVersion=0`: from the watch cache.
    pub cached: u64,
    /// With a `limit` or `continue`.
    pub paged: u64,
    /// With a label or field selector.
    pub selected: u64,
}

/// Watches of a set of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchCounts {
    /// `ResponseStarted` events.
    pub started: u64,
    /// Watches that ended within the log.
    pub ended: u64,
    /// Those that lived less than ten seconds and ended without an error.
    pub short: u64,
    /// Micro-seconds that ended watches lived, together.
    pub lived: u64,
}

/// How one LIST request asks for its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListQuery {
    unpaged: bool,
    cached: bool,
    paged: bool,
    selected: bool,
}

impl ListQuery {
    pub(crate) fn of(uri: &str) -> Self {
        let [mut version, mut limit, mut next, mut labels, mut fields] = [None; 5];
        for (key, value) in parameters(uri) {
            // The first one counts, as in Go.
            let _ = match key {
                "resourceVersion" => version.get_or_insert(value),
                "limit" => limit.get_or_insert(value),
                "continue" => next.get_or_insert(value),
                "labelSelector" => labels.get_or_insert(value),
                "fieldSelector" => fields.get_or_insert(value),
                _ => continue,
            };
        }
        let has = |value: Option<&str>| value.is_some_and(|value| !value.is_empty());
        let paged = limit.is_some_and(|value| !matches!(value, "" | "0")) || has(next);
        Self {
            unpaged: !paged && !has(version),
            cached: version == Some("0"),
            paged,
            selected: has(labels) || has(fields),
        }
    }
}

impl Lists {
    fn count(&mut self, list: ListQuery) {
        self.count += 1;
        self.paged += u64::from(list.paged);
        self.cached += u64::from(list.cached);
        self.unpaged += u64::from(list.unpaged);
        self.selected += u64::from(list.selected);
    }
}

/// A request that ended, as far as tallies need it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// Micro-seconds since 1970; `NEVER` when it was not said.
    received: i64,
    staged: i64,
    start: u64,
    length: u32,
    /// Micro-seconds that it waited for webhooks and in queues.
    excused: u32,
    artifact: ArtifactId,
    pub(crate) verb: Verb,
    long_running: bool,
    code: u16,
    failure: Option<Failure>,
    /// Nothing was to be stored.
    dry_run: bool,
    pub(crate) list: ListQuery,
}

const NEVER: i64 = i64::MIN;

/// Micro-seconds that a request waited for what the upstream objective does not count.
fn excused(event: &Event<'_>) -> u64 {
    let waits = [Component::QueueWait, Component::ValidatingWebhook, Component::MutatingWebhook];
    let nanos = waits.iter().filter_map(|part| *event.components.get(*part as usize)?);
    nanos.fold(0, u64::saturating_add) / 1000
}

impl Ended {
    /// What an event says, but for the query of a LIST.
    pub(crate) fn of(
        event: &Event<'_>,
        failure: Option<Failure>,
        at: Span,
        long_running: bool,
    ) -> Self {
        Self {
            received: event.received.unwrap_or(NEVER),
            staged: event.staged.unwrap_or(NEVER),
            start: at.start,
            length: u32::try_from(at.end.saturating_sub(at.start)).unwrap_or(u32::MAX),
            excused: u32::try_from(excused(event)).unwrap_or(u32::MAX),
            artifact: at.artifact,
            verb: event.verb,
            long_running,
            code: event.code,
            failure,
            dry_run: event.verb.mutates() && event.is_dry_run(),
            list: ListQuery::default(),
        }
    }

    pub(crate) fn received(&self) -> Option<i64> {
        Some(self.received).filter(|time| *time != NEVER)
    }

    pub(crate) fn staged(&self) -> Option<i64> {
        Some(self.staged).filter(|time| *time != NEVER)
    }

    pub(crate) fn at(&self) -> Span {
        let end = self.start + u64::from(self.length);
        Span { artifact: self.artifact, start: self.start, end }
    }

    /// Micro-seconds from the request's arrival to its end.
    pub(crate) fn duration(&self) -> Option<u64> {
        u64::try_from(self.staged()?.checked_sub(self.received()?)?).ok()
    }

    /// The duration, when it is a latency.
    pub(crate) fn latency(&self) -> Option<u64> {
        if self.long_running { None } else { self.duration() }
    }
}

/// Counts, times and latencies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that ended, long-running ones among them.
    pub requests: u64,
    /// Ascending by code; 0 stands for a missing or made-up one.
    pub codes: SmallVec<[(u16, u64); 2]>,
    /// Ascending by kind.
    pub failures: SmallVec<[(Failure, u64); 0]>,
    /// Micro-seconds of the requests that are not long-running.
    pub latency: Histogram,
    pub latency_sum: u64,
    /// Of those that waited for webhooks or in queues, which few do.
    pub excused: Option<Box<Excused>>,
    /// The slowest of those and where it stands.
    pub slowest: Option<(u64, Span)>,
    /// Time and place of the first request.
    pub first: Option<(i64, Span)>,
    pub last: Option<i64>,
    pub lists: Lists,
    pub watches: WatchCounts,
    /// Requests that succeeded and stored nothing, since they asked for that.
    pub dry_runs: u64,
}

/// Latencies of requests that waited for what the upstream objective does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excused {
    /// Micro-seconds of those waits, together.
    pub sum: u64,
    /// With the waits, as they stand among all latencies.
    pub(crate) whole: Histogram,
    /// Without them.
    pub(crate) rest: Histogram,
}

impl Excused {
    fn merge(&mut self, other: &Self) {
        self.sum = self.sum.saturating_add(other.sum);
        self.whole.merge(&other.whole);
        self.rest.merge(&other.rest);
    }
}

impl Tally {
    /// Takes what does not change when the same event comes again.
    pub(crate) fn exemplify(&mut self, ended: &Ended) {
        if let Some(time) = ended.staged().or(ended.received()) {
            self.last = self.last.max(Some(time));
            let candidate = (time, ended.at());
            if self.first.is_none_or(|first| candidate < first) {
                self.first = Some(candidate);
            }
        }
        if let Some(latency) = ended.latency() {
            self.slowest = slower(self.slowest, Some((latency, ended.at())));
        }
    }

    /// Counts a request that ended.
    pub(crate) fn count(&mut self, ended: &Ended) {
        self.requests += 1;
        add(&mut self.codes, ended.code, 1);
        self.dry_runs += u64::from(ended.dry_run && succeeded(ended.code));
        if let Some(failure) = ended.failure {
            add(&mut self.failures, failure, 1);
        }
        if let Some(latency) = ended.latency() {
            self.latency.add(latency);
            self.latency_sum = self.latency_sum.saturating_add(latency);
            if ended.excused > 0 {
                self.excuse(latency, u64::from(ended.excused));
            }
        }
        match ended.verb {
            Verb::List => self.lists.count(ended.list),
            Verb::Watch => {
                self.watches.ended += 1;
                if let Some(lived) = ended.duration() {
                    self.watches.lived = self.watches.lived.saturating_add(lived);
                    self.watches.short += u64::from(lived < SHORT_WATCH && ended.code < 400);
                }
            }
            _ => {}
        }
    }

    fn excuse(&mut self, latency: u64, waited: u64) {
        let excused = self.excused.get_or_insert_default();
        excused.sum = excused.sum.saturating_add(waited.min(latency));
        excused.whole.add(latency);
        excused.rest.add(latency.saturating_sub(waited));
    }

    /// Latencies as the upstream objective counts them: without webhooks and queues.
    pub fn counted_latency(&self) -> Cow<'_, Histogram> {
        let Some(excused) = &self.excused else { return Cow::Borrowed(&self.latency) };
        let mut counted = self.latency.without(&excused.whole);
        counted.merge(&excused.rest);
        Cow::Owned(counted)
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        for (code, count) in &other.codes {
            add(&mut self.codes, *code, *count);
        }
        for (failure, count) in &other.failures {
            add(&mut self.failures, *failure, *count);
        }
        self.latency.merge(&other.latency);
        self.latency_sum = self.latency_sum.saturating_add(other.latency_sum);
        if let Some(excused) = &other.excused {
            self.excused.get_or_insert_default().merge(excused);
        }
        self.slowest = slower(self.slowest, other.slowest);
        self.first = match (self.first, other.first) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        };
        self.last = self.last.max(other.last);
        self.lists.count += other.lists.count;
        self.lists.unpaged += other.lists.unpaged;
        self.lists.cached += other.lists.cached;
        self.lists.paged += other.lists.paged;
        self.lists.selected += other.lists.selected;
        self.watches.started += other.watches.started;
        self.watches.ended += other.watches.ended;
        self.watches.short += other.watches.short;
        self.watches.lived = self.watches.lived.saturating_add(other.watches.lived);
        self.dry_runs += other.dry_runs;
    }

    /// Requests that were answered with a code below 400.
    pub fn succeeded(&self) -> u64 {
        self.codes.iter().filter(|(code, _)| succeeded(*code)).map(|(_, count)| count).sum()
    }

    /// Requests that ended in one kind of failure.
    pub fn failed(&self, kind: Failure) -> u64 {
        self.failures.iter().find(|(failure, _)| *failure == kind).map_or(0, |(_, count)| *count)
    }

    /// Requests with a code of 500 and above.
    pub fn server_errors(&self) -> u64 {
        self.codes.iter().filter(|(code, _)| *code >= 500).map(|(_, count)| count).sum()
    }

    /// Mean latency in micro-seconds.
    pub fn mean(&self) -> Option<u64> {
        self.latency_sum.checked_div(self.latency.total())
    }
}

fn succeeded(code: u16) -> bool {
    (100..400).contains(&code)
}

/// The slower of two; of equals the one that stands first.
pub(crate) fn slower(left: Option<(u64, Span)>, right: Option<(u64, Span)>) -> Option<(u64, Span)> {
    match (left, right) {
        (Some(left), Some(right))
            if (right.0, std::cmp::Reverse(right.1)) > (left.0, std::cmp::Reverse(left.1)) =>
        {
            Some(right)
        }
        (left, right) => left.or(right),
    }
}

pub(crate) fn add<K: Ord + Copy, const N: usize>(
    counts: &mut SmallVec<[(K, u64); N]>,
    key: K,
    count: u64,
) {
    match counts.binary_search_by_key(&key, |(key, _)| *key) {
        Ok(at) => {
            if let Some((_, sum)) = counts.get_mut(at) {
                *sum += count;
            }
        }
        Err(at) => counts.insert(at, (key, count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_told_apart_by_their_query() {
        let mut lists = Lists::default();
        for uri in [
            "/api/v1/pods",
            "/api/v1/pods?limit=500",
            "/api/v1/pods?limit=0&labelSelector=a%3Db",
            "/api/v1/pods?resourceVersion=0",
            "/api/v1/pods?limit=500&continue=abc",
            "/api/v1/pods?resourceVersion=&resourceVersionMatch=",
            "/api/v1/pods?resourceVersion=77",
        ] {
            lists.count(ListQuery::of(uri));
        }
        assert_eq!(lists, Lists { count: 7, unpaged: 3, cached: 1, paged: 2, selected: 1 });
    }
}
