//! What everybody else would have seen without one client.
//!
//! Nothing is estimated where the log does not show that the others waited for the client: where they
//! are as fast beside it as without it, where annotations say that they waited elsewhere, where
//! there is nothing to compare with. What is left is replayed through a row of seats, whose error is
//! measured on what the seats were not fitted to.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::containment::containment;
use crate::event::{Component, Verb};
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::seats::{ENOUGH, Fit, Replay, Services, fit, refused};
use crate::summary::{AuditSummary, ClientSummary};
use crate::taken_out::{Latencies, Others, Out, Stretches, width};

/// Thousandths of the observed p99 by which a model may miss what was seen and still estimate.
pub const MISFIT: u64 = 400;
/// Who is slower by less than this many percent is not slower.
const SLOWER: u64 = 125;

/// Why nothing is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Untold {
    /// Everybody else is as fast while the client is busy as while it hardly asks.
    Unaffected,
    /// Slow requests are annotated with time spent elsewhere than in queues.
    Elsewhere,
    /// The client asks all along, and no annotation tells of waits in queues.
    NeverQuiet,
    /// Everybody else waits longer than the client's own requests take: not in the same queue.
    WaitsLess,
    /// The model misses what was seen.
    Misfit,
    /// By the model, hardly anybody waits for the client.
    NoGain,
}

impl Untold {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unaffected => "unaffected",
            Self::Elsewhere => "elsewhere",
            Self::NeverQuiet => "never-quiet",
            Self::WaitsLess => "waits-less",
            Self::Misfit => "misfit",
            Self::NoGain => "no-gain",
        }
    }
}

/// The outcome for one client; latencies are p99s in micro-seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counterfactual {
    pub user: String,
    pub agent: String,
    /// Thousandths of all time spent on requests.
    pub work_share: u64,
    /// User agents under which it asks, where these change again and again; else one.
    pub names: u64,
    /// Seconds of a bin, and bins in which the client was busy or the queue that it left drained, and in which
    /// it hardly asked.
    pub bin_seconds: i64,
    pub busy_bins: u64,
    pub quiet_bins: u64,
    /// What everybody else had in the busy bins.
    pub observed: u64,
    /// What everybody else had in the quiet bins.
    pub quiet: Option<u64>,
    /// Where annotations put the time of everybody else's slow requests, when there are enough.
    pub spent: Option<Spent>,
    /// Why there is no estimate.
    pub untold: Option<Untold>,
    /// The model, where it came to one.
    pub model: Option<Model>,
}

/// Thousandths of the time of slow requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spent {
    pub queued: u64,
    /// The part beside queues that took most, and its share.
    #[serde(skip)]
    pub most: Component,
    pub share: u64,
    /// Webhooks took so little that what is not counted by the objective is waiting in queues.
    #[serde(skip)]
    only_queues: bool,
}

/// A row of seats, and what it gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Model {
    /// Seats that make the model fit, and the thousandths by which the client's service times are
    /// stretched to it.
    pub seats: u64,
    pub stretch: u64,
    /// What the model gives for everybody else, with and without the client.
    pub with: u64,
    pub without: u64,
    /// The observed p99 scaled by what the model gains, and no less than without the client was seen.
    pub estimate: u64,
    /// By how much the model misses p50, p90 and the p99 of each bin, which it is not fitted to: the
    /// worst of the three, in thousandths of the observed p99.
    pub error: u64,
}

/// Replays the log without one client, or without all programs of a user whose names change; none when the log
/// is too small to say anything.
pub fn without(summary: &AuditSummary, user: &str, agent: &str) -> Option<Counterfactual> {
    let out = Out::find(summary, user, agent)?;
    let client = out.client;
    let width = width(summary, client);
    let others = Others::new(summary, &out, width);
    let Stretches { busy, quiet } = Stretches::new(summary, client, &others, width)?;
    let seen = others.within(&busy);
    let calm = Some(others.within(&quiet)).filter(|calm| calm.total() >= ENOUGH);
    let observed = seen.p99()?;
    let all: u64 = summary.clients.iter().map(|client| client.total.latency_sum).sum();
    let work = crate::answers::millionths(client.total.latency_sum, all).unwrap_or(0);
    let mut outcome = Counterfactual {
        user: user.to_owned(),
        agent: agent.to_owned(),
        work_share: (work + 500) / 1000,
        names: summary.clients.iter().filter(|other| out.is(other)).count() as u64,
        bin_seconds: width / 1_000_000,
        busy_bins: busy.len() as u64,
        quiet_bins: quiet.len() as u64,
        observed,
        quiet: calm.as_ref().and_then(Latencies::p99),
        spent: spent(summary, &out),
        untold: None,
        model: None,
    };
    let waits = outcome.spent.is_some_and(|spent| spent.queued >= 100 && spent.only_queues);
    let services = match untold(&outcome, summary, &out, &busy, &seen, calm.as_ref()) {
        Ok(service) => {
            let slower = calm.as_ref().and_then(|calm| medians(calm, &seen));
            Services { width, quiet: &quiet, slower, service, annotated: waits }
        }
        Err(untold) => return Some(Counterfactual { untold: Some(untold), ..outcome }),
    };
    let replay = Replay::new(summary, &out, &busy, &services);
    // Of a log that is too long, only some bins are replayed.
    let seen = others.within(replay.bins());
    let Fit { seats, stretch } = fit(&replay, seen.p99()?)?;
    let (with, without) = (replay.run(seats, Some(stretch)), replay.run(seats, None));
    let [modelled_with] = with.all.quantiles([990]);
    let [modelled_without] = without.all.quantiles([990]);
    let (modelled_with, modelled_without) = (modelled_with?, modelled_without?);
    let scaled =
        u128::from(observed) * u128::from(modelled_without) / u128::from(modelled_with.max(1));
    let estimate = u64::try_from(scaled).unwrap_or(u64::MAX).max(outcome.quiet.unwrap_or(0));
    let model = Model {
        seats,
        stretch,
        with: modelled_with,
        without: modelled_without,
        estimate: estimate.min(observed),
        error: error(&with.all, &with.bins, &seen, &others),
    };
    outcome.untold = match () {
        () if model.error > MISFIT => Some(Untold::Misfit),
        () if model.estimate.saturating_mul(10) > observed.saturating_mul(9) => {
            Some(Untold::NoGain)
        }
        () => None,
    };
    Some(Counterfactual { model: Some(model), ..outcome })
}

/// Why nothing can be said; else the mean time that a request of the client holds its seat, where that
/// follows from how much the others waited.
fn untold(
    outcome: &Counterfactual,
    summary: &AuditSummary,
    out: &Out<'_>,
    busy: &BTreeSet<i64>,
    seen: &Latencies,
    calm: Option<&Latencies>,
) -> Result<Option<u64>, Untold> {
    if calm.is_some_and(|calm| !is_slower(seen, calm)) {
        return Err(Untold::Unaffected);
    }
    if outcome.spent.is_some_and(|spent| spent.queued < 100 && spent.share >= 500) {
        return Err(Untold::Elsewhere);
    }
    let waits = outcome.spent.is_some_and(|spent| spent.queued >= 100 && spent.only_queues);
    if calm.is_none() && !waits {
        return Err(Untold::NeverQuiet);
    }
    let own = served(summary, out, outcome.bin_seconds.saturating_mul(1_000_000), busy);
    let (Some(calm), false) = (calm, waits) else {
        let others = summary.clients.iter().filter(|other| !out.is(other));
        let (sum, count) = others.fold((0_u64, 0), |(sum, count), other| {
            let waited = other.total.excused.as_ref().map_or(0, |excused| excused.sum);
            (sum.saturating_add(waited), count + other.total.latency.total())
        });
        let waited = sum.checked_div(count).unwrap_or(0);
        return if own < waited / 2 { Err(Untold::WaitsLess) } else { Ok(None) };
    };
    let waited = seen.mean().saturating_sub(calm.mean());
    // Means of few seconds beside minutes are not exact.
    if own < waited / 5 * 4 {
        return Err(Untold::WaitsLess);
    }
    Ok(Some(own.saturating_sub(waited).max(own / 20).max(1)))
}

/// The mean latency of a client's requests in some bins, without those that were turned away: these
/// waited for nobody, and nobody for them.
fn served(summary: &AuditSummary, out: &Out<'_>, width: i64, bins: &BTreeSet<i64>) -> u64 {
    let rows = summary.agents.iter().filter(|row| out.has(&row.agent));
    let bins =
        rows.flat_map(|row| &row.bins).filter(|bin| bins.contains(&bin.start.div_euclid(width)));
    let (sum, count) = bins.fold((0_u64, 0), |(sum, count), bin| {
        (sum.saturating_add(bin.sum), count + bin.latency.total())
    });
    let all = out.client.total.latency.total().max(1);
    let kept =
        u128::from(count) * u128::from(all.saturating_sub(refused(out.client))) / u128::from(all);
    sum / u64::try_from(kept).unwrap_or(u64::MAX).max(1)
}

/// Whether the slowest of the requests, or the slowest tenth, take notably longer.
fn is_slower(seen: &Latencies, calm: &Latencies) -> bool {
    let quantiles = |latencies: &Latencies| latencies.all.quantiles([900, 990]);
    let pairs = quantiles(seen).into_iter().zip(quantiles(calm));
    pairs.into_iter().any(|(seen, calm)| match (seen, calm) {
        (Some(seen), Some(calm)) => seen.saturating_mul(100) > calm.saturating_mul(SLOWER),
        _ => false,
    })
}

/// The medians of everybody else without and with the client, when they became slower.
fn medians(calm: &Latencies, seen: &Latencies) -> Option<(u64, u64)> {
    let median = |latencies: &Latencies| latencies.all.quantiles([500])[0];
    Some((median(calm)?, median(seen)?)).filter(|(calm, seen)| calm < seen)
}

/// Where annotations put the time of slow requests, those left out that mostly the client asks.
fn spent(summary: &AuditSummary, out: &Out<'_>) -> Option<Spent> {
    let mut asked: BTreeMap<(Verb, &str), (u64, u64)> = BTreeMap::new();
    for other in &summary.clients {
        for series in &other.series {
            let (own, all) = asked.entry((series.verb, &series.resource)).or_default();
            *all += series.tally.requests;
            *own += if out.is(other) { series.tally.requests } else { 0 };
        }
    }
    let mut sums: BTreeMap<Component, u64> = BTreeMap::new();
    let mut count = 0;
    for part in &summary.parts {
        let (own, all) = asked.get(&(part.verb, part.resource.as_str())).copied().unwrap_or((0, 1));
        if own * 2 <= all {
            count += if part.component == Component::Total { part.count } else { 0 };
            *sums.entry(part.component).or_default() += part.sum;
        }
    }
    let total = sums.remove(&Component::Total).filter(|total| count >= ENOUGH && *total > 0)?;
    let queued = sums.remove(&Component::QueueWait).unwrap_or(0);
    let of = |component| sums.get(&component).copied().unwrap_or(0);
    let hooks = of(Component::ValidatingWebhook) + of(Component::MutatingWebhook);
    let share = |sum: u64| {
        u64::try_from(u128::from(sum) * 1000 / u128::from(total)).unwrap_or(1000).min(1000)
    };
    let most = sums.iter().max_by_key(|(_, sum)| **sum);
    Some(Spent {
        queued: share(queued),
        most: most.map_or(Component::Total, |(component, _)| *component),
        share: most.map_or(0, |(_, sum)| share(*sum)),
        only_queues: queued / 4 >= hooks,
    })
}

/// By how much a model misses what it was not fitted to, in thousandths of the p99.
fn error(
    modelled: &Histogram,
    bins: &BTreeMap<i64, Histogram>,
    seen: &Latencies,
    others: &Others,
) -> u64 {
    let [m50, m90] = modelled.quantiles([500, 900]).map(Option::unwrap_or_default);
    let [s50, s90, s99] = seen.all.quantiles([500, 900, 990]).map(Option::unwrap_or_default);
    let (mut sum, mut count) = (0_u64, 0_u64);
    for (bin, modelled) in bins {
        let [modelled] = modelled.quantiles([990]);
        if let (Some(seen), Some(modelled)) = (others.p99(*bin), modelled) {
            sum = sum.saturating_add(modelled.abs_diff(seen));
            count += 1;
        }
    }
    let missed = m50.abs_diff(s50).max(m90.abs_diff(s90)).max(sum.checked_div(count).unwrap_or(0));
    missed.saturating_mul(1000).checked_div(s99).unwrap_or(0)
}

/// The client that is worth taking out first: the one with most work among those that are not
/// components of the cluster, or the one that was throttled most. Programs of a user whose names change
/// again and again are one.
pub fn suspect(summary: &AuditSummary) -> Option<&ClientSummary> {
    // Only few are worth the question whether they could be contained.
    let greatest = |weight: &dyn Fn(&ClientSummary) -> Option<u64>| {
        let mut clients: Vec<_> =
            summary.loads().filter_map(|client| Some((weight(client)?, client))).collect();
        clients.sort_by_key(|(weight, _)| *weight);
        clients
            .into_iter()
            .rev()
            .map(|(_, client)| client)
            .find(|client| client.user == "masterclient" || containment(client, 29).is_some())
    };
    let throttled = greatest(&|client| {
        Some(client.total.failed(Failure::PriorityAndFairness)).filter(|count| *count > 0)
    });
    throttled.or_else(|| greatest(&|client| Some(client.total.latency_sum)))
}
