//! A row of seats: requests take one in the order in which they come, and wait for it while there is none.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use crate::histogram::{Histogram, step_of};
use crate::summary::{AgentLatency, AuditSummary, ClientSummary};
use crate::taken_out::Out;

/// Fewer latencies are no distribution.
pub(crate) const ENOUGH: u64 = 30;
/// So many requests are replayed at most.
const REPLAYED: u64 = 300_000;
const MOST_SEATS: u64 = 4096;
/// Thousandths by which service times may be stretched, and the steps between them.
const MOST_STRETCH: u64 = 4000;
const STRETCH_STEP: u64 = 10;

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
    fn of(&self, client: &ClientSummary, agent: Option<&AgentLatency>, out: bool) -> [i64; 32] {
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
    /// How many of them are not the client's.
    others: u64,
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
    pub(crate) seats: u64,
    pub(crate) stretch: u64,
}

impl Replay {
    pub(crate) fn new(
        summary: &AuditSummary,
        out: &Out<'_>,
        busy: &BTreeSet<i64>,
        services: &Services<'_>,
    ) -> Self {
        let width = services.width;
        let (bins, total) = replayed(summary, busy, width);
        // Where one bin alone is too much, every n-th request stands for n: seats are fitted anyway.
        let every = total.div_ceil(REPLAYED).max(1);
        let agents: HashMap<&str, &AgentLatency> =
            summary.agents.iter().rev().map(|row| (row.agent.as_str(), row)).collect();
        let mut arrivals = Vec::new();
        for (number, client) in (0_u64..).zip(out.clients(summary)) {
            let within = |start: i64| bins.contains(&start.div_euclid(width));
            if !client.rate.slots.iter().any(|(start, _)| within(*start)) {
                continue;
            }
            let long_running = client.total.requests.saturating_sub(client.total.latency.total());
            let lost = (refused(client) + long_running).min(client.total.requests);
            let kept =
                |count: u64| count * (client.total.requests - lost) / client.total.requests.max(1);
            let is_out = out.is(client);
            let agent = agents.get(client.agent.as_str()).copied();
            let times = services.of(client, agent, is_out);
            let mut drawn = number;
            for (start, count) in client.rate.slots.iter().filter(|(start, _)| within(*start)) {
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
        arrivals.sort_unstable_by_key(|arrival| (arrival.time, arrival.service, arrival.client));
        let others = arrivals.iter().filter(|arrival| !arrival.client).count() as u64;
        Self { arrivals, others, bins, width }
    }

    /// The bins whose requests are replayed.
    pub(crate) fn bins(&self) -> &BTreeSet<i64> {
        &self.bins
    }

    /// What everybody but the client sees with so many seats and the client's service times stretched
    /// by thousandths, or without the client.
    pub(crate) fn run(&self, seats: u64, stretch: Option<u64>) -> Seen {
        let mut seen = Seen::default();
        self.each(seats, stretch, |time, latency| {
            seen.all.add(latency);
            seen.bins.entry(time.div_euclid(self.width)).or_default().add(latency);
            true
        });
        seen
    }

    /// True when the p99 of everybody but the client is at most so much; what is above is counted, and
    /// no further than that.
    fn holds(&self, seats: u64, stretch: u64, p99: u64) -> bool {
        let limit = step_of(p99);
        let mut left = self.others - (self.others * 990).div_ceil(1000).max(1).min(self.others);
        self.each(seats, Some(stretch), |_, latency| {
            let is_late = step_of(latency) > limit;
            let holds = !is_late || left > 0;
            left -= u64::from(is_late && holds);
            holds
        })
    }

    /// Seats that are taken on average.
    fn load(&self) -> u64 {
        let time = |arrival: Option<&Arrival>| arrival.map_or(0, |arrival| arrival.time);
        let span = time(self.arrivals.last()).saturating_sub(time(self.arrivals.first())).max(1);
        let work: i128 = self.arrivals.iter().map(|arrival| i128::from(arrival.service)).sum();
        u64::try_from(work / i128::from(span)).unwrap_or(u64::MAX)
    }

    /// Tells of each request but the client's when it came and how long it took, until it is told to stop;
    /// false when it was.
    fn each(
        &self,
        seats: u64,
        stretch: Option<u64>,
        mut each: impl FnMut(i64, u64) -> bool,
    ) -> bool {
        let seats = usize::try_from(seats).unwrap_or(usize::MAX);
        let mut free: BinaryHeap<Reverse<i64>> =
            std::iter::repeat_n(Reverse(i64::MIN), seats).collect();
        let factor = i64::try_from(stretch.unwrap_or(1000)).unwrap_or(1000);
        for arrival in self.arrivals.iter().filter(|row| stretch.is_some() || !row.client) {
            let Some(mut seat) = free.peek_mut() else { return false };
            let begin = seat.0.max(arrival.time);
            let service = if arrival.client {
                arrival.service.saturating_mul(factor) / 1000
            } else {
                arrival.service
            };
            let end = begin.saturating_add(service);
            *seat = Reverse(end);
            let took = u64::try_from(end.saturating_sub(arrival.time)).unwrap_or(0);
            if !arrival.client && !each(arrival.time, took) {
                return false;
            }
        }
        true
    }
}

/// The bins that are replayed, and the requests in them: the first half of them as long as they are too many.
fn replayed(summary: &AuditSummary, busy: &BTreeSet<i64>, width: i64) -> (BTreeSet<i64>, u64) {
    let mut counts: BTreeMap<i64, u64> = busy.iter().map(|bin| (*bin, 0)).collect();
    for (start, count) in summary.clients.iter().flat_map(|client| &client.rate.slots) {
        if let Some(bin) = counts.get_mut(&start.div_euclid(width)) {
            *bin += count;
        }
    }
    let mut bins = counts.len();
    let total = |bins: usize| counts.values().take(bins).sum::<u64>();
    while bins > 1 && total(bins) > REPLAYED {
        bins /= 2;
    }
    (counts.keys().take(bins).copied().collect(), total(bins))
}

/// The fewest seats with which nobody waits longer than they did; then the longest service times of
/// the client with which that still holds.
pub(crate) fn fit(replay: &Replay, observed: u64) -> Option<Fit> {
    let seats = least(replay.load(), MOST_SEATS, |seats| replay.holds(seats, 1000, observed));
    let seats = seats.unwrap_or(MOST_SEATS);
    // More work never shortens a wait: what no longer holds is looked for.
    let steps = (MOST_STRETCH - 1000) / STRETCH_STEP;
    let too_long = |step: u64| 1000 + step * STRETCH_STEP;
    let broken = least(1, steps, |step| !replay.holds(seats, too_long(step), observed));
    let long = broken.unwrap_or(steps + 1);
    let near = [long - 1, long].map(too_long).into_iter().filter_map(|stretch| {
        let [p99] = replay.run(seats, Some(stretch)).all.quantiles([990]);
        Some((p99?.abs_diff(observed), Fit { seats, stretch }))
    });
    near.min_by_key(|(missed, _)| *missed).map(|(_, fit)| fit)
}

/// The least number from one to `most` for which something holds that holds for all above it, looked
/// for around a guess; none when it holds for none.
fn least(guess: u64, most: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    let guess = guess.clamp(1, most);
    // It holds for `high`, or `high` is beyond; it does not hold for `low`.
    let (mut low, mut high, mut step) = (0, most + 1, 1);
    if holds(guess) {
        high = guess;
        while high > 1 && high - low > 1 {
            let next = high.saturating_sub(step).max(1);
            if !holds(next) {
                low = next;
                break;
            }
            (high, step) = (next, step * 2);
        }
    } else {
        low = guess;
        while low < most {
            let next = (low + step).min(most);
            if holds(next) {
                high = next;
                break;
            }
            (low, step) = (next, step * 2);
        }
    }
    while high - low > 1 {
        let middle = u64::midpoint(low, high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    (high <= most).then_some(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_is_found_wherever_the_search_begins() {
        for most in 1..40 {
            for bound in 1..=most + 1 {
                for guess in 0..=most + 2 {
                    let asked = std::cell::Cell::new(0);
                    let found = least(guess, most, |number| {
                        asked.set(asked.get() + 1);
                        assert!((1..=most).contains(&number));
                        number >= bound
                    });
                    assert_eq!(found, (bound <= most).then_some(bound), "{guess} {most}");
                    assert!(asked.get() <= 14, "{} for {bound} from {guess}", asked.get());
                }
            }
        }
    }

    #[test]
    fn whether_a_p99_holds_is_what_the_whole_replay_says() {
        let arrivals = (0..1000_i64)
            .map(|at| Arrival { time: at * 100, service: 50 + at * 37 % 400, client: at % 5 == 0 })
            .collect();
        let replay = Replay { arrivals, others: 800, bins: BTreeSet::from([0]), width: 1 << 40 };
        assert_eq!(replay.load(), 2);
        let mut held = BTreeSet::new();
        for seats in 1..6 {
            for stretch in [1000, 1500, 3000] {
                let [p99] = replay.run(seats, Some(stretch)).all.quantiles([990]);
                for observed in [100, 400, 449, 450, 500, 2000, 50_000] {
                    let [bound] = Histogram::from_steps([(step_of(observed), 1)]).quantiles([500]);
                    assert_eq!(
                        replay.holds(seats, stretch, observed),
                        p99 <= bound,
                        "{seats} {stretch} {observed}"
                    );
                    held.insert((p99 <= bound, seats));
                }
            }
        }
        assert!(held.len() > 5, "both ways");
    }
}
