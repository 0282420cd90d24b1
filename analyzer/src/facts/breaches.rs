//! Requests that take longer than the upstream objective allows, and since when.

use jiff::Timestamp;
use konspect_audit::objective::{is_breached, limit};
use konspect_audit::{AuditSummary, ClientSummary, Component, SeriesSummary};
use konspect_bundle::Span;

use super::clients::time;
use crate::parse::onset::Rate;

/// The parts of a latency that are webhooks' answers.
pub const WEBHOOKS: &[Component] = &[Component::ValidatingWebhook, Component::MutatingWebhook];

/// Requests that waited for a seat, below which nothing is said …
const MANY_WAIT: u64 = 30;

/// … and the micro-seconds from which on a wait is long.
const LONG_WAIT: u64 = 500_000;

/// The worst kind of request over the objective, unless webhooks or queues alone account for it.
pub fn breach(audit: &AuditSummary) -> Option<Span> {
    breaches(audit).first().map(|breach| breach.at)
}

/// One kind of request of one client over the objective.
#[derive(Clone, Copy, Debug)]
pub struct Breach<'a> {
    pub client: &'a ClientSummary,
    pub series: &'a SeriesSummary,
    /// Micro-seconds.
    pub p99: u64,
    pub limit: u64,
    pub at: Span,
}

impl Breach<'_> {
    /// The first bin from which the client's program had slow requests again and again; unknown when it
    /// had them when the log begins.
    pub fn since(&self, audit: &AuditSummary) -> Option<Timestamp> {
        let row = audit.agents.iter().find(|row| row.agent == self.client.agent)?;
        let slow = || {
            row.bins
                .iter()
                .map(|bin| (bin.start.div_euclid(1_000_000), bin.latency.above(self.limit)))
                .filter(|(_, count)| *count > 0)
        };
        let (first, _) = slow().next()?;
        let (start, _) = audit.window?;
        let began = Rate::of(row.slot_seconds, slow()).onset();
        let late = first > start.div_euclid(1_000_000).saturating_add(row.slot_seconds);
        let first = late.then(|| Timestamp::from_second(first).ok()).flatten();
        began.or(first).map(|began| time(start).map_or(began, |start| began.max(start)))
    }
}

/// Kinds of requests whose p99 is over the objective, worst first; time that webhooks took is not counted.
pub fn breaches(audit: &AuditSummary) -> Vec<Breach<'_>> {
    let mut breaches: Vec<Breach<'_>> = audit
        .others()
        .flat_map(|client| client.series.iter().map(move |series| (client, series)))
        .filter(|(_, series)| is_breached(series) && !waits_for(audit, series, WEBHOOKS))
        .filter_map(|(client, series)| {
            let [p99] = series.tally.latency.quantiles([990]);
            Some(Breach {
                client,
                series,
                p99: p99?,
                limit: limit(series)?,
                at: series.tally.slowest?.1,
            })
        })
        .collect();
    breaches.sort_by_key(|breach| (std::cmp::Reverse(breach.p99), breach.at));
    breaches
}

/// What the annotations of slow requests say of the time that they spent in queues for a seat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queued {
    pub requests: u64,
    /// Nano-seconds, of all of them.
    pub sum: u64,
    pub slowest: u64,
    pub at: Span,
}

/// Requests that waited for a seat, when they are many and waited long.
pub fn queued(audit: &AuditSummary) -> Option<Queued> {
    let parts = || audit.parts.iter().filter(|part| part.component == Component::QueueWait);
    // Those that found a seat at once say so as well, in micro-seconds.
    let requests: u64 = parts().map(|part| part.histogram.above(LONG_WAIT)).sum();
    let sum = parts().fold(0_u64, |sum, part| sum.saturating_add(part.sum));
    let (slowest, at) = parts().filter_map(|part| part.slowest).max()?;
    (requests >= MANY_WAIT).then_some(Queued { requests, sum, slowest, at })
}

/// Since when requests that wait for some parts more than for anything else are over the objective, by the slowest kind.
pub fn waits_since(audit: &AuditSummary, parts: &[Component]) -> Option<Timestamp> {
    let waiting = audit
        .others()
        .flat_map(|client| client.series.iter().map(move |series| (client, series)))
        .filter_map(|(client, series)| {
            let limit = limit(series)?;
            let [p99] = series.tally.latency.quantiles([990]);
            let p99 = p99.filter(|p99| *p99 > limit)?;
            Some(Breach { client, series, p99, limit, at: series.tally.slowest?.1 })
        })
        .filter(|breach| waits_for(audit, breach.series, parts));
    waiting.max_by_key(|breach| (breach.p99, std::cmp::Reverse(breach.at)))?.since(audit)
}

/// True when the annotations of such requests put most of the time down to some parts.
fn waits_for(audit: &AuditSummary, series: &SeriesSummary, parts: &[Component]) -> bool {
    let sum = |wanted: &[Component]| -> u64 {
        audit
            .parts
            .iter()
            .filter(|part| {
                part.verb == series.verb
                    && part.resource == series.resource
                    && wanted.contains(&part.component)
            })
            .map(|part| part.sum)
            .sum()
    };
    let waits = sum(parts);
    waits > 0 && waits > sum(&[Component::Total]) / 2
}
