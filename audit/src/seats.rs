//! A row of seats: requests take one in the order in which they come, and wait for it while there is none.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::histogram::Histogram;
use crate::summary::{AgentLatency, AuditSummary, ClientSummary};

/// Fewer latencies are no distribution.
pub(crate) const ENOUGH: u64 = 30;
/// So many requests are replayed at most.
const REPLAYED: u64 = 300_000;
const MOST_SEATS: usize = 4096;

struct Arrival {
    time: i64,
    service: i64,
    /// Of the client that is taken out.
    client: bool,
}

/// Requests of a client that were turned away for load.
pub(crate) fn refused(client: &ClientSummary) -> u64 {
    let refused = client.total.failures.iter().filter(|(kind, _)| kind.throttles());
    refused.map(|(_, count)| count).sum()
}

/// How long requests hold a seat.
pub(crate) struct Services<'a> {
    /// Micro-seconds of a bin.
    pub(crate) width: i64,
    pub(crate) quiet: &'a BTreeSet<i64>,
    /// Medians of everybody else in the quiet and in the busy bins, where they became slower.
    pub(crate) slower: Option<(u64, u64)>,
    /// The mean of the client that is taken out, where it is known.
    pub(crate) service: Option<u64>,
    /// Annotations tell how long requests waited, so that the rest is known of each.
    pub(crate) annotated: bool,
}

impl Services<'_> {
    /// Thirty-two quantiles of a client's service time; `out` is the one that is taken out.
    pub(crate) fn of(
        &self,
        summary: &AuditSummary,
        client: &ClientSummary,
        out: bool,
    ) -> [i64; 32] {
        let agent = summary.agents.iter().find(|row| row.agent == client.agent);
        let calm = agent
            .filter(|_| !out)
            .map(|row| within(row, self.quiet, self.width))
            .filter(|latency| latency.total() >= ENOUGH);
        let annotated = self.annotated && (out || calm.is_none());
        let counted = annotated.then(|| client.total.counted_latency());
        let latency = calm.as_ref().or(counted.as_deref()).unwrap_or(&client.total.latency);
        // The fastest are those that were turned away.
        let (of, lost) = (client.total.latency.total().max(1), refused(client));
        let from = if out { (lost.saturating_mul(1000) / of).min(999) } else { 0 };
        let known = out || calm.is_some() || annotated;
        // What is not known otherwise is the faster half: those that waited least.
        let to = if known || self.slower.is_some() { 1000 } else { 500 };
        let quantiles: [u64; 32] =
            std::array::from_fn(|index| from + (to - from) * (2 * index as u64 + 1) / 64);
        let times = latency.quantiles(quantiles).map(|value| value.unwrap_or(1).max(1));
        let (mean, shape) = match self.service.filter(|_| out && !annotated) {
            Some(service) => (u128::from(service), times.iter().sum::<u64>() / 32),
            None => match self.slower.filter(|_| !known) {
                Some((calm, slow)) => (u128::from(calm), slow),
                None => (1, 1),
            },
        };
        times.map(|time| {
            let time = u128::from(time) * mean / u128::from(shape.max(1));
            i64::try_from(time.max(1)).unwrap_or(i64::MAX)
        })
    }
}

fn within(row: &AgentLatency, bins: &BTreeSet<i64>, width: i64) -> Histogram {
    let mut latency = Histogram::default();
    row.bins
        .iter()
        .filter(|bin| bins.contains(&bin.start.div_euclid(width)))
        .for_each(|bin| latency.merge(&bin.latency));
    latency
}

/// Requests that are replayed.
pub(crate) struct Replay {
    arrivals: Vec<Arrival>,
    bins: BTreeSet<i64>,
    width: i64,
}

/// What everybody but the client saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) all: Histogram,
    pub(crate) bins: BTreeMap<i64, Histogram>,
}

/// Seats, and thousandths by which the client's service times are stretched.
pub(crate) struct Fit {
    pub(crate) seats: usize,
    pub(crate) stretch: u64,
}

impl Replay {
    pub(crate) fn new(
        summary: &AuditSummary,
        out: &ClientSummary,
        busy: &BTreeSet<i64>,
        services: &Services<'_>,
    ) -> Self {
        let width = services.width;
        let mut bins = busy.clone();
        let total = |bins: &BTreeSet<i64>| -> u64 {
            let slots = summary.clients.iter().flat_map(|client| &client.rate.slots);
            slots
                .filter(|(start, _)| bins.contains(&start.div_euclid(width)))
                .map(|(_, count)| count)
                .sum()
        };
        while bins.len() > 1 && total(&bins) > REPLAYED {
            bins = bins.iter().copied().take(bins.len() / 2).collect();
        }
        // Where one bin alone is too much, every n-th request stands for n: seats are fitted anyway.
        let every = total(&bins).div_ceil(REPLAYED).max(1);
        let mut arrivals = Vec::new();
        for (number, client) in
            (0_u64..).zip(summary.clients.iter().filter(|client| !client.other_agents))
        {
            let long_running = client.total.requests.saturating_sub(client.total.latency.total());
            let lost = (refused(client) + long_running).min(client.total.requests);
            let kept =
                |count: u64| count * (client.total.requests - lost) / client.total.requests.max(1);
            let is_out = client.user == out.user && client.agent == out.agent;
            let times = services.of(summary, client, is_out);
            let mut drawn = number;
            let slots = client.rate.slots.iter();
            for (start, count) in slots.filter(|(start, _)| bins.contains(&start.div_euclid(width)))
            {
                let count = kept(*count).div_ceil(every);
                let slot = client.rate.slot_seconds.saturating_mul(1_000_000);
                for index in 0..count {
                    let steps = i64::try_from(2 * index + 1).unwrap_or(1);
                    let offset = slot / 2 * steps / i64::try_from(count).unwrap_or(1).max(1);
                    drawn += 1;
                    // Twenty-one and thirty-two have no common factor: all quantiles come, well mixed.
                    let pick = usize::try_from(drawn * 21 % 32).unwrap_or(0);
                    let service = times.get(pick).copied().unwrap_or(0);
                    arrivals.push(Arrival { time: start + offset, service, client: is_out });
                }
            }
        }
        arrivals.sort_by_key(|arrival| (arrival.time, arrival.service, arrival.client));
        Self { arrivals, bins, width }
    }

    /// The bins whose requests are replayed.
    pub(crate) fn bins(&self) -> &BTreeSet<i64> {
        &self.bins
    }

    /// What everybody but the client sees with so many seats and the client's service times stretched
    /// by thousandths, or without the client.
    pub(crate) fn run(&self, seats: usize, stretch: Option<u64>) -> Option<Seen> {
        let mut seen = Seen::default();
        self.each(seats, stretch, |time, latency| {
            seen.all.add(latency);
            seen.bins.entry(time.div_euclid(self.width)).or_default().add(latency);
        })?;
        Some(seen)
    }

    fn p99(&self, seats: usize, stretch: u64) -> Option<u64> {
        let mut latency = Histogram::default();
        self.each(seats, Some(stretch), |_, micros| latency.add(micros))?;
        latency.quantiles([990])[0]
    }

    fn each(
        &self,
        seats: usize,
        stretch: Option<u64>,
        mut each: impl FnMut(i64, u64),
    ) -> Option<()> {
        let mut free: BinaryHeap<Reverse<i64>> =
            std::iter::repeat_n(Reverse(i64::MIN), seats).collect();
        let factor = i64::try_from(stretch.unwrap_or(1000)).unwrap_or(1000);
        for arrival in self.arrivals.iter().filter(|row| stretch.is_some() || !row.client) {
            let mut seat = free.peek_mut()?;
            let begin = seat.0.max(arrival.time);
            let service = if arrival.client {
                arrival.service.saturating_mul(factor) / 1000
            } else {
                arrival.service
            };
            let end = begin.saturating_add(service);
            *seat = Reverse(end);
            if !arrival.client {
                let waited = end.saturating_sub(arrival.time);
                each(arrival.time, u64::try_from(waited).unwrap_or(0));
            }
        }
        Some(())
    }
}

/// The fewest seats with which nobody waits longer than they did; then the longest service times of
/// the client with which that still holds.
pub(crate) fn fit(replay: &Replay, observed: u64) -> Option<Fit> {
    let (mut few, mut many) = (1, MOST_SEATS);
    while few < many {
        let middle = usize::midpoint(few, many);
        if replay.p99(middle, 1000)? > observed {
            few = middle + 1;
        } else {
            many = middle;
        }
    }
    let (mut short, mut long) = (1000_u64, 4000_u64);
    while short < long {
        let middle = (short + long).div_ceil(2);
        if replay.p99(few, middle)? > observed {
            long = middle - 1;
        } else {
            short = middle;
        }
    }
    let candidates = [short, short + 1].into_iter().filter_map(|stretch| {
        Some((replay.p99(few, stretch)?.abs_diff(observed), Fit { seats: few, stretch }))
    });
    candidates.min_by_key(|(missed, _)| *missed).map(|(_, fit)| fit)
}
