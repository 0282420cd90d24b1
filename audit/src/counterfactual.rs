//! What everybody else would have seen without one client.
//!
//! Nothing is estimated where the log does not show that the others waited for the client: where they
//! are as fast beside it as without it, where annotations say that they waited elsewhere, where
//! there is nothing to compare with. What is left is replayed through a row of seats, whose error is
//! measured on what the seats were not fitted to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::containment::containment;
use crate::event::{Component, Verb};
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::seats::{ENOUGH, Fit, Replay, Services, fit, refused};
use crate::summary::{AuditSummary, ClientSummary};

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
    /// Seconds of a bin, and bins in which the client was busy, and in which it hardly asked.
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

/// Replays the log without one client; none when the log is too small to say anything.
pub fn without(summary: &AuditSummary, user: &str, agent: &str) -> Option<Counterfactual> {
    let client =
        summary.clients.iter().find(|client| client.user == user && client.agent == agent)?;
    let width = width(summary, client);
    let (busy, quiet) = bins_of(summary, client, width)?;
    let seen = others(summary, agent, &busy, width);
    let calm = Some(others(summary, agent, &quiet, width)).filter(|calm| calm.total() >= ENOUGH);
    let observed = seen.p99()?;
    let all: u64 = summary.clients.iter().map(|client| client.total.latency_sum).sum();
    let work = crate::answers::millionths(client.total.latency_sum, all).unwrap_or(0);
    let mut outcome = Counterfactual {
        user: user.to_owned(),
        agent: agent.to_owned(),
        work_share: (work + 500) / 1000,
        bin_seconds: width / 1_000_000,
        busy_bins: busy.len() as u64,
        quiet_bins: quiet.len() as u64,
        observed,
        quiet: calm.as_ref().and_then(Latencies::p99),
        spent: spent(summary, client),
        untold: None,
        model: None,
    };
    let waits = outcome.spent.is_some_and(|spent| spent.queued >= 100 && spent.only_queues);
    let services = match untold(&outcome, summary, client, &busy, &seen, calm.as_ref()) {
        Ok(service) => {
            let slower = calm.as_ref().and_then(|calm| medians(calm, &seen));
            Services { width, quiet: &quiet, slower, service, annotated: waits }
        }
        Err(untold) => return Some(Counterfactual { untold: Some(untold), ..outcome }),
    };
    let replay = Replay::new(summary, client, &busy, &services);
    // Of a log that is too long, only some bins are replayed.
    let seen = others(summary, agent, replay.bins(), width);
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
        error: error(summary, agent, &with.all, &with.bins, &seen, width),
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
    client: &ClientSummary,
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
    let own = served(summary, client, outcome.bin_seconds.saturating_mul(1_000_000), busy);
    let (Some(calm), false) = (calm, waits) else {
        let others = summary.clients.iter().filter(|other| !std::ptr::eq(*other, client));
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
fn served(summary: &AuditSummary, client: &ClientSummary, width: i64, bins: &BTreeSet<i64>) -> u64 {
    let rows = summary.agents.iter().filter(|row| row.agent == client.agent);
    let bins =
        rows.flat_map(|row| &row.bins).filter(|bin| bins.contains(&bin.start.div_euclid(width)));
    let (sum, count) = bins.fold((0_u64, 0), |(sum, count), bin| {
        (sum.saturating_add(bin.sum), count + bin.latency.total())
    });
    let all = client.total.latency.total().max(1);
    let kept =
        u128::from(count) * u128::from(all.saturating_sub(refused(client))) / u128::from(all);
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
fn spent(summary: &AuditSummary, client: &ClientSummary) -> Option<Spent> {
    let mut asked: BTreeMap<(Verb, &str), (u64, u64)> = BTreeMap::new();
    for other in &summary.clients {
        for series in &other.series {
            let (own, all) = asked.entry((series.verb, &series.resource)).or_default();
            *all += series.tally.requests;
            *own += if std::ptr::eq(other, client) { series.tally.requests } else { 0 };
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
    summary: &AuditSummary,
    agent: &str,
    modelled: &Histogram,
    bins: &BTreeMap<i64, Histogram>,
    seen: &Latencies,
    width: i64,
) -> u64 {
    let [m50, m90] = modelled.quantiles([500, 900]).map(Option::unwrap_or_default);
    let [s50, s90, s99] = seen.all.quantiles([500, 900, 990]).map(Option::unwrap_or_default);
    let (mut sum, mut count) = (0_u64, 0_u64);
    for (bin, modelled) in bins {
        let seen = others(summary, agent, &BTreeSet::from([*bin]), width);
        let [modelled] = modelled.quantiles([990]);
        if let (Some(seen), Some(modelled)) = (seen.p99(), modelled) {
            sum = sum.saturating_add(modelled.abs_diff(seen));
            count += 1;
        }
    }
    let missed = m50.abs_diff(s50).max(m90.abs_diff(s90)).max(sum.checked_div(count).unwrap_or(0));
    missed.saturating_mul(1000).checked_div(s99).unwrap_or(0)
}

/// Latencies of everybody else in some bins.
#[derive(Default)]
struct Latencies {
    all: Histogram,
    sum: u64,
}

impl Latencies {
    fn total(&self) -> u64 {
        self.all.total()
    }

    fn mean(&self) -> u64 {
        self.sum.checked_div(self.total()).unwrap_or(0)
    }

    fn p99(&self) -> Option<u64> {
        let [p99] = self.all.quantiles([990]);
        p99.filter(|_| self.total() >= ENOUGH)
    }
}

fn others(summary: &AuditSummary, agent: &str, bins: &BTreeSet<i64>, width: i64) -> Latencies {
    let mut latencies = Latencies::default();
    for row in summary.agents.iter().filter(|row| row.agent != agent) {
        for bin in row.bins.iter().filter(|bin| bins.contains(&bin.start.div_euclid(width))) {
            latencies.all.merge(&bin.latency);
            latencies.sum = latencies.sum.saturating_add(bin.sum);
        }
    }
    latencies
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
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use super::*;
    use crate::read::{Shared, fold_bytes};
    use konspect_bundle::{ArtifactId, Source};

    const STORM: (&str, &str) = ("system:serviceaccount:shop:storm", "storm/1");

    /// One request: whether it is the storm's, when it comes, how long it waits and is worked on, in
    /// milliseconds.
    #[derive(Clone, Copy)]
    struct Request(bool, i64, i64, i64);

    /// Ten minutes of five requests a second that take 20 to 80 ms each.
    fn others() -> Vec<Request> {
        (0..3000).map(|at| Request(false, at * 200, 0, 20 + at * 37 % 60)).collect()
    }

    /// So many requests a second from one second to another, which take half of that time to half
    /// again as much.
    fn storm(from: i64, to: i64, a_second: i64, millis: i64) -> Vec<Request> {
        let count = (to - from) * a_second;
        let at = |index: i64| from * 1000 + index * 1000 / a_second + index * 13 % 50;
        let work = |index: i64| millis / 2 + index * 29 % 11 * millis / 10;
        (0..count).map(|index| Request(true, at(index), 0, work(index))).collect()
    }

    /// Lets requests wait for seats, in the order in which they come.
    fn queued(mut requests: Vec<Request>, seats: usize) -> Vec<Request> {
        requests.sort_by_key(|request| request.1);
        let mut free: BinaryHeap<Reverse<i64>> = (0..seats).map(|_| Reverse(0)).collect();
        for Request(_, at, wait, work) in &mut requests {
            let begin = free.pop().map_or(0, |Reverse(free)| free).max(*at);
            *wait = begin - *at;
            free.push(Reverse(begin + *work));
        }
        requests
    }

    /// The counterfactual of the storm, with the annotations that slow requests carry, or without.
    fn outcome(requests: &[Request], annotated: bool) -> Counterfactual {
        let mut text = String::new();
        for (number, Request(storm, at, wait, work)) in requests.iter().enumerate() {
            let (user, agent) =
                if *storm { STORM } else { ("system:serviceaccount:shop:app", "app/1") };
            let (verb, resource) = if *storm { ("list", "pods") } else { ("get", "configmaps") };
            let stamp = |millis: i64| crate::time::print((1_748_851_200_000 + millis) * 1000);
            let latency = |part: &str, millis: i64| {
                format!("\"apiserver.latency.k8s.io/{part}\":\"{millis}ms\"")
            };
            let mut parts = Vec::new();
            if annotated && wait + work > 500 {
                parts.extend([latency("total", wait + work), latency("etcd", work * 9 / 10)]);
                if *wait > 0 {
                    parts.push(latency("apf-queue-wait", *wait));
                }
            }
            text.extend([format!(
                "{{\"auditID\":\"{number}\",\"stage\":\"ResponseComplete\",\"requestURI\":\"/api/v1/{resource}\",\"verb\":\"{verb}\",\"user\":{{\"username\":\"{user}\"}},\"userAgent\":\"{agent}\",\"objectRef\":{{\"resource\":\"{resource}\"}},\"responseStatus\":{{\"code\":200}},\"requestReceivedTimestamp\":\"{}\",\"stageTimestamp\":\"{}\",\"annotations\":{{{}}}}}\n",
                stamp(*at),
                stamp(at + wait + work),
                parts.join(",")
            )]);
        }
        let mut fold = fold_bytes(Source::new(ArtifactId(0), text.as_bytes()), &Shared::new());
        fold.trim();
        let summary = fold.finish();
        assert!(suspect(&summary).is_some());
        without(&summary, STORM.0, STORM.1).unwrap()
    }

    #[test]
    fn without_a_storm_that_everybody_waits_for_the_others_are_fast_again() {
        let both = |seats| queued([others(), storm(200, 600, 4, 1000)].concat(), seats);
        // Too few seats for all, and just enough.
        for (seats, annotated) in [(3, true), (3, false), (4, true), (4, false)] {
            let outcome = outcome(&both(seats), annotated);
            assert_eq!(outcome.untold, None, "{outcome:?}");
            let model = outcome.model.as_ref().unwrap();
            // Where waits are far longer than work, how long work takes is not known without annotations.
            assert!(seats == 3 || model.seats == 4, "{outcome:?}");
            // Alone, the others take 80 ms at most.
            assert!(outcome.observed > 500_000, "{outcome:?}");
            assert!((70_000..100_000).contains(&model.estimate), "{outcome:?}");
        }
    }

    #[test]
    fn nothing_is_promised_that_the_log_does_not_show() {
        let beside = |requests: Vec<Request>, annotated| {
            let outcome = outcome(&requests, annotated);
            assert_eq!(outcome.model.is_some(), outcome.untold == Some(Untold::Misfit));
            outcome.untold
        };
        let independent = [others(), storm(200, 600, 4, 1000)].concat();
        assert_eq!(beside(independent, false), Some(Untold::Unaffected));
        let always = [others(), storm(0, 600, 4, 1000)].concat();
        assert_eq!(beside(always, false), Some(Untold::NeverQuiet));
        // Something else is slow at the same time.
        let slow = |from: i64, to: i64| -> Vec<Request> {
            let in_time = |at: i64| (from * 1000..to * 1000).contains(&at);
            let slower = |Request(_, at, wait, work): Request| {
                Request(false, at, wait, if in_time(at) { work * 50 } else { work })
            };
            others().into_iter().map(slower).collect()
        };
        let outage = || [slow(300, 525), storm(300, 525, 20, 300)].concat();
        assert_eq!(beside(outage(), true), Some(Untold::Elsewhere));
        assert_eq!(beside(outage(), false), Some(Untold::WaitsLess));
        let all_along = [slow(0, 600), storm(0, 600, 4, 5000)].concat();
        assert_eq!(beside(all_along, true), Some(Untold::Elsewhere));
    }
}
