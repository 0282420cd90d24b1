//! What would everybody else have seen without one client?
//!
//! The model: the API server has seats; a request takes a free one in order of arrival, keeps it for
//! its service time and waits while none is free (G/G/s, first come first served). Arrivals are
//! those of the log: each client's requests of a slot of time, spread evenly over it, without those
//! that were turned away. A service time is what the same program took in bins of time in which
//! the client hardly asked; where there are none, what it took, divided by how much slower
//! everybody's median was while the client was busy, or else the faster half of it. The number
//! of seats is not known from a log, nor what the client's requests cost when nobody waits: both are
//! fitted, so that the model with the client gives the p99 that the others really had. What the
//! model still misses then is its error, and is given.
//!
//! It assumes that requests slow each other down by waiting alone; that bursts within a slot, seats
//! of more than one, and the separation of priority levels do not matter; and that the others would
//! have asked for the same. The estimate is therefore an order of magnitude, and stands beside the
//! p99 of the quiet bins, which needs no model.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use serde::Serialize;

use crate::containment::containment;
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::summary::{AgentLatency, AuditSummary, ClientSummary};

/// So many requests are replayed at most.
const REPLAYED: u64 = 300_000;
/// Fewer latencies are no distribution.
const ENOUGH: u64 = 30;
const MOST_SEATS: usize = 4096;

/// The outcome for one client; latencies are p99s in micro-seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counterfactual {
    pub user: String,
    pub agent: String,
    /// Thousandths of all time spent on requests.
    pub work_share: u64,
    /// Seconds of a bin, and bins in which the client was busy, and in which it hardly asked.
    pub bin_seconds: i64,
    pub busy_bins: u64,
    pub quiet_bins: u64,
    /// What everybody else had in the busy bins.
    pub observed: u64,
    /// What everybody else had in the quiet bins.
    pub quiet: Option<u64>,
    /// Seats that make the model fit, and the thousandths by which the client's service times are
    /// stretched to it.
    pub seats: u64,
    pub stretch: u64,
    /// What the model gives for everybody else, with and without the client.
    pub modelled_with: u64,
    pub modelled_without: u64,
    /// The observed p99 scaled by what the model gains.
    pub estimate: u64,
    /// By how much the model with the client misses the observed p99, in thousandths of it.
    pub error: u64,
}

/// Replays the log without one client; none when the log is too small to say anything.
pub fn without(summary: &AuditSummary, user: &str, agent: &str) -> Option<Counterfactual> {
    let client =
        summary.clients.iter().find(|client| client.user == user && client.agent == agent)?;
    let width = width(summary, client);
    let (busy, quiet) = bins_of(summary, client, width)?;
    let others = |bins: &BTreeSet<i64>| {
        let mut latency = Histogram::default();
        summary
            .agents
            .iter()
            .filter(|row| row.agent != agent)
            .for_each(|row| latency.merge(&within(row, bins, width)));
        latency
    };
    let p99 = |latency: &Histogram| {
        if latency.total() < ENOUGH { None } else { latency.quantiles([990])[0] }
    };
    let observed = p99(&others(&busy))?;
    let arrivals = arrivals(summary, client, &busy, &quiet, width);
    let Fit { seats, stretch, p99: modelled_with } = fit(&arrivals, observed)?;
    let modelled_without = replay(arrivals.iter().filter(|arrival| !arrival.client), seats, 1000)?;
    let all: u64 = summary.clients.iter().map(|client| client.total.latency_sum).sum();
    let scaled =
        u128::from(observed) * u128::from(modelled_without) / u128::from(modelled_with.max(1));
    Some(Counterfactual {
        user: user.to_owned(),
        agent: agent.to_owned(),
        work_share: client.total.latency_sum.saturating_mul(1000).checked_div(all).unwrap_or(0),
        bin_seconds: width / 1_000_000,
        busy_bins: busy.len() as u64,
        quiet_bins: quiet.len() as u64,
        observed,
        quiet: p99(&others(&quiet)),
        seats: seats as u64,
        stretch,
        modelled_with,
        modelled_without,
        estimate: u64::try_from(scaled).unwrap_or(u64::MAX).min(observed),
        error: modelled_with
            .abs_diff(observed)
            .saturating_mul(1000)
            .checked_div(observed)
            .unwrap_or(0),
    })
}

/// Micro-seconds of a bin: the widest slot of any user agent, and no less than two of the client's.
fn width(summary: &AuditSummary, client: &ClientSummary) -> i64 {
    let mut width = summary.agents.iter().map(|row| row.slot_seconds).max().unwrap_or(0).max(75);
    while width < client.rate.slot_seconds.saturating_mul(2) {
        width = width.saturating_mul(2);
    }
    width.saturating_mul(1_000_000)
}

/// Bins with at least half, and with at most a twentieth, of the client's busiest bin.
fn bins_of(
    summary: &AuditSummary,
    client: &ClientSummary,
    width: i64,
) -> Option<(BTreeSet<i64>, BTreeSet<i64>)> {
    let mut counts: std::collections::BTreeMap<i64, u64> = summary
        .agents
        .iter()
        .flat_map(|row| &row.bins)
        .map(|bin| (bin.start.div_euclid(width), 0))
        .collect();
    for (start, count) in &client.rate.slots {
        *counts.entry(start.div_euclid(width)).or_default() += count;
    }
    let most = counts.values().copied().max().filter(|most| *most > 0)?;
    let pick = |takes: &dyn Fn(u64) -> bool| {
        counts.iter().filter(|(_, count)| takes(**count)).map(|(bin, _)| *bin).collect()
    };
    Some((pick(&|count| count * 2 >= most), pick(&|count| count * 20 <= most)))
}

fn within(row: &AgentLatency, bins: &BTreeSet<i64>, width: i64) -> Histogram {
    let mut latency = Histogram::default();
    row.bins
        .iter()
        .filter(|bin| bins.contains(&bin.start.div_euclid(width)))
        .for_each(|bin| latency.merge(&bin.latency));
    latency
}

struct Arrival {
    time: i64,
    service: i64,
    /// Of the client that is taken out.
    client: bool,
}

fn arrivals(
    summary: &AuditSummary,
    out: &ClientSummary,
    busy: &BTreeSet<i64>,
    quiet: &BTreeSet<i64>,
    width: i64,
) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    let slower = slower(summary, out, busy, quiet, width);
    let mut bins = busy.iter().copied().collect::<Vec<i64>>();
    let total = |bins: &[i64]| -> u64 {
        let bins: BTreeSet<i64> = bins.iter().copied().collect();
        let slots = summary.clients.iter().flat_map(|client| &client.rate.slots);
        slots
            .filter(|(start, _)| bins.contains(&start.div_euclid(width)))
            .map(|(_, count)| count)
            .sum()
    };
    while bins.len() > 1 && total(&bins) > REPLAYED {
        bins.truncate(bins.len() / 2);
    }
    // Where one bin alone is too much, every n-th request stands for n: seats are fitted anyway.
    let every = total(&bins).div_ceil(REPLAYED).max(1);
    for (number, client) in
        (0_u64..).zip(summary.clients.iter().filter(|client| !client.other_agents))
    {
        let refused: u64 = client
            .total
            .failures
            .iter()
            .filter(|(kind, _)| kind.throttles())
            .map(|(_, count)| count)
            .sum();
        let long_running = client.total.requests.saturating_sub(client.total.latency.total());
        let lost = (refused + long_running).min(client.total.requests);
        let kept =
            |count: u64| count * (client.total.requests - lost) / client.total.requests.max(1);
        let is_out = client.user == out.user && client.agent == out.agent;
        // How dear the client's own requests are is not told by how slow the others became.
        let services = services(summary, client, quiet, width, slower.filter(|_| !is_out));
        let mut drawn = number;
        for (start, count) in
            client.rate.slots.iter().filter(|(start, _)| bins.contains(&start.div_euclid(width)))
        {
            let count = kept(*count).div_ceil(every);
            let slot = client.rate.slot_seconds.saturating_mul(1_000_000);
            for index in 0..count {
                let steps = i64::try_from(2 * index + 1).unwrap_or(1);
                let offset = slot / 2 * steps / i64::try_from(count).unwrap_or(1).max(1);
                drawn += 1;
                // Twenty-one and thirty-two have no common factor: all quantiles come, well mixed.
                let pick = usize::try_from(drawn * 21 % 32).unwrap_or(0);
                let service = services.get(pick).copied().unwrap_or(0);
                arrivals.push(Arrival { time: start + offset, service, client: is_out });
            }
        }
    }
    arrivals.sort_by_key(|arrival| (arrival.time, arrival.service, arrival.client));
    arrivals
}

/// The medians of everybody else in the quiet and in the busy bins, when they became slower.
fn slower(
    summary: &AuditSummary,
    out: &ClientSummary,
    busy: &BTreeSet<i64>,
    quiet: &BTreeSet<i64>,
    width: i64,
) -> Option<(u64, u64)> {
    let median = |bins: &BTreeSet<i64>| {
        let mut latency = Histogram::default();
        let others = summary.agents.iter().filter(|row| row.agent != out.agent);
        others.for_each(|row| latency.merge(&within(row, bins, width)));
        let [median] = latency.quantiles([500]);
        median.filter(|_| latency.total() >= ENOUGH)
    };
    Some((median(quiet)?, median(busy)?)).filter(|(calm, slow)| calm < slow)
}

/// Thirty-two quantiles of a client's service time.
fn services(
    summary: &AuditSummary,
    client: &ClientSummary,
    quiet: &BTreeSet<i64>,
    width: i64,
    slower: Option<(u64, u64)>,
) -> [i64; 32] {
    let agent = summary.agents.iter().find(|row| row.agent == client.agent);
    let calm =
        agent.map(|row| within(row, quiet, width)).filter(|latency| latency.total() >= ENOUGH);
    let (latency, range, (times, of)) = match (&calm, slower) {
        (Some(calm), _) => (calm, 1000, (1, 1)),
        (None, Some(slower)) => (&client.total.latency, 1000, slower),
        (None, None) => (&client.total.latency, 500, (1, 1)),
    };
    let quantiles: [u64; 32] = std::array::from_fn(|index| range * (2 * index as u64 + 1) / 64);
    latency.quantiles(quantiles).map(|value| {
        let service = u128::from(value.unwrap_or(1)) * u128::from(times) / u128::from(of.max(1));
        i64::try_from(service.max(1)).unwrap_or(i64::MAX)
    })
}

struct Fit {
    seats: usize,
    stretch: u64,
    p99: u64,
}

/// The fewest seats with which nobody waits longer than they did; then the longest service times of
/// the client with which that still holds.
fn fit(arrivals: &[Arrival], observed: u64) -> Option<Fit> {
    let (mut few, mut many) = (1, MOST_SEATS);
    while few < many {
        let middle = usize::midpoint(few, many);
        if replay(arrivals.iter(), middle, 1000)? > observed {
            few = middle + 1;
        } else {
            many = middle;
        }
    }
    let (mut short, mut long) = (1000_u64, 4000_u64);
    while short < long {
        let middle = (short + long).div_ceil(2);
        if replay(arrivals.iter(), few, middle)? > observed {
            long = middle - 1;
        } else {
            short = middle;
        }
    }
    let candidates = [short, short + 1].into_iter().filter_map(|stretch| {
        Some(Fit { seats: few, stretch, p99: replay(arrivals.iter(), few, stretch)? })
    });
    candidates.min_by_key(|fit| fit.p99.abs_diff(observed))
}

/// The p99 of everybody but the client, with so many seats and the client's service times
/// stretched by thousandths.
fn replay<'a>(
    arrivals: impl Iterator<Item = &'a Arrival>,
    seats: usize,
    stretch: u64,
) -> Option<u64> {
    let stretch = i64::try_from(stretch).unwrap_or(1000);
    let mut free: BinaryHeap<Reverse<i64>> =
        std::iter::repeat_n(Reverse(i64::MIN), seats).collect();
    let mut latency = Histogram::default();
    for arrival in arrivals {
        let mut seat = free.peek_mut()?;
        let begin = seat.0.max(arrival.time);
        let service = if arrival.client {
            arrival.service.saturating_mul(stretch) / 1000
        } else {
            arrival.service
        };
        let end = begin.saturating_add(service);
        *seat = Reverse(end);
        if !arrival.client {
            latency.add(u64::try_from(end.saturating_sub(arrival.time)).unwrap_or(0));
        }
    }
    latency.quantiles([990])[0]
}

/// The client that is worth taking out first: the one with most work among those that are not
/// components of the cluster, or the one that was throttled most.
pub fn suspect(summary: &AuditSummary) -> Option<&ClientSummary> {
    // Only few are worth the question whether they could be contained.
    let greatest = |weight: &dyn Fn(&ClientSummary) -> Option<u64>| {
        let mut clients: Vec<_> =
            summary.others().filter_map(|client| Some((weight(client)?, client))).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{Shared, fold_bytes};
    use konspect_bundle::{ArtifactId, Source};

    /// Quiet minutes with 5 ms, then five minutes in which one client keeps every seat busy and the
    /// others wait 400 ms.
    fn summary() -> AuditSummary {
        let mut text = String::new();
        let mut number = 0_u64;
        let mut event = |agent: &str, user: &str, time: i64, millis: i64| {
            number += 1;
            let stamp = |micros: i64| crate::time::print(micros);
            let start = 1_748_851_200_000_000 + time * 1000;
            text.extend([format!(
                "{{\"auditID\":\"{number}\",\"stage\":\"ResponseComplete\",\"requestURI\":\"/api/v1/pods\",\"verb\":\"list\",\"user\":{{\"username\":\"{user}\"}},\"userAgent\":\"{agent}\",\"objectRef\":{{\"resource\":\"pods\"}},\"responseStatus\":{{\"code\":200}},\"requestReceivedTimestamp\":\"{}\",\"stageTimestamp\":\"{}\"}}\n",
                stamp(start),
                stamp(start + millis * 1000)
            )]);
        };
        for tick in 0..600 {
            let storm = tick >= 300;
            event(
                "app/1",
                "system:serviceaccount:shop:app",
                tick * 1000,
                if storm { 400 } else { 5 },
            );
            for part in 0..if storm { 20 } else { 0 } {
                event("storm/1", "system:serviceaccount:shop:storm", tick * 1000 + part * 50, 900);
            }
        }
        let mut fold = fold_bytes(Source::new(ArtifactId(0), text.as_bytes()), &Shared::new());
        fold.trim();
        fold.finish()
    }

    #[test]
    fn without_the_storm_the_others_are_fast_again() {
        let summary = summary();
        let outcome = without(&summary, "system:serviceaccount:shop:storm", "storm/1").unwrap();
        assert_eq!((outcome.bin_seconds, outcome.busy_bins, outcome.quiet_bins), (75, 4, 4));
        assert!(outcome.observed.abs_diff(400_000) < 4_000, "{outcome:?}");
        assert!(outcome.quiet.unwrap().abs_diff(5_000) < 100, "{outcome:?}");
        assert!(
            outcome.estimate < 10_000
                && outcome.error < 200
                && outcome.modelled_without < outcome.modelled_with,
            "{outcome:?}"
        );
        let harmless = without(&summary, "system:serviceaccount:shop:app", "app/1").unwrap();
        assert!(harmless.estimate >= harmless.observed / 2, "{harmless:?}");
        assert_eq!(suspect(&summary).unwrap().agent, "storm/1");
    }
}
