//! Who is taken out of a log: one program of a user, or all programs of one that changes its name again and
//! again; what everybody else saw beside it; and when it was busy, and when it was not.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::histogram::Histogram;
use crate::seats::ENOUGH;
use crate::summary::{AuditSummary, ClientSummary};

/// Times the fastest bin's mean from which requests after a client's burst still wait for what it left in the
/// queue.
const DRAINING: u64 = 2;

/// Percent of the mean of the bin before that a queue which drains does not pass.
const FALLING: u64 = 105;

/// The client that is taken out.
pub(crate) struct Out<'a> {
    pub(crate) client: &'a ClientSummary,
    /// The user whose programs all belong to it.
    crowd: Option<&'a str>,
    /// User agents whose latency is its own.
    agents: HashSet<&'a str>,
}

impl<'a> Out<'a> {
    pub(crate) fn find(summary: &'a AuditSummary, user: &str, agent: &str) -> Option<Self> {
        let is = |client: &&ClientSummary| client.user == user && client.agent == agent;
        if let Some(client) = summary.clients.iter().find(is) {
            let agents = HashSet::from([client.agent.as_str()]);
            return Some(Self { client, crowd: None, agents });
        }
        let client = summary.crowds.iter().map(|crowd| &crowd.client).find(is)?;
        let (own, others): (Vec<_>, Vec<_>) =
            summary.clients.iter().partition(|other| other.user == client.user);
        let others: HashSet<&str> = others.iter().map(|client| client.agent.as_str()).collect();
        let own = own.iter().map(|client| client.agent.as_str());
        // Beyond the budget of its names, those that nobody else has are its own.
        let beyond = summary.agents.iter().map(|row| row.agent.as_str());
        let agents = own.chain(beyond.filter(|agent| !others.contains(agent))).collect();
        Some(Self { client, crowd: Some(&client.user), agents })
    }

    /// Whether a client is the one that is taken out, or belongs to it.
    pub(crate) fn is(&self, other: &ClientSummary) -> bool {
        match self.crowd {
            Some(user) => other.user == user,
            None => other.user == self.client.user && other.agent == self.client.agent,
        }
    }

    /// The clients that are replayed: a crowd as one.
    pub(crate) fn clients(
        &self,
        summary: &'a AuditSummary,
    ) -> impl Iterator<Item = &'a ClientSummary> {
        let crowd = self.crowd.map(|_| self.client);
        let each = summary.clients.iter().filter(|client| !client.other_agents);
        let each: Vec<_> = each.filter(|client| crowd.is_none() || !self.is(client)).collect();
        each.into_iter().chain(crowd)
    }

    pub(crate) fn has(&self, agent: &str) -> bool {
        self.agents.contains(agent)
    }
}

/// Latencies of some requests.
#[derive(Default)]
pub(crate) struct Latencies {
    pub(crate) all: Histogram,
    pub(crate) sum: u64,
}

impl Latencies {
    pub(crate) fn total(&self) -> u64 {
        self.all.total()
    }

    pub(crate) fn mean(&self) -> u64 {
        self.sum.checked_div(self.total()).unwrap_or(0)
    }

    pub(crate) fn p99(&self) -> Option<u64> {
        let [p99] = self.all.quantiles([990]);
        p99.filter(|_| self.total() >= ENOUGH)
    }

    fn add(&mut self, latency: &Histogram, sum: u64) {
        self.all.merge(latency);
        self.sum = self.sum.saturating_add(sum);
    }
}

/// Latencies of everybody else, by bin.
pub(crate) struct Others {
    bins: BTreeMap<i64, Latencies>,
}

impl Others {
    pub(crate) fn new(summary: &AuditSummary, out: &Out<'_>, width: i64) -> Self {
        let mut bins: BTreeMap<i64, Latencies> = BTreeMap::new();
        for row in summary.agents.iter().filter(|row| !out.has(&row.agent)) {
            for bin in &row.bins {
                let known = bins.entry(bin.start.div_euclid(width)).or_default();
                known.add(&bin.latency, bin.sum);
            }
        }
        Self { bins }
    }

    /// Those of some bins together.
    pub(crate) fn within(&self, bins: &BTreeSet<i64>) -> Latencies {
        let mut all = Latencies::default();
        for latencies in bins.iter().filter_map(|bin| self.bins.get(bin)) {
            all.add(&latencies.all, latencies.sum);
        }
        all
    }

    /// The p99 of one bin.
    pub(crate) fn p99(&self, bin: i64) -> Option<u64> {
        self.bins.get(&bin).and_then(Latencies::p99)
    }
}

/// Bins of time.
pub(crate) struct Stretches {
    /// Those with at least half of the client's busiest bin, and those in which the queue that it left drains.
    pub(crate) busy: BTreeSet<i64>,
    /// Those with at most a twentieth, the draining ones left out.
    pub(crate) quiet: BTreeSet<i64>,
}

impl Stretches {
    pub(crate) fn new(
        summary: &AuditSummary,
        client: &ClientSummary,
        others: &Others,
        width: i64,
    ) -> Option<Self> {
        let bins = summary.agents.iter().flat_map(|row| &row.bins);
        let mut counts: BTreeMap<i64, u64> =
            bins.map(|bin| (bin.start.div_euclid(width), 0)).collect();
        for (start, count) in &client.rate.slots {
            *counts.entry(start.div_euclid(width)).or_default() += count;
        }
        let most = counts.values().copied().max().filter(|most| *most > 0)?;
        let pick = |takes: &dyn Fn(u64) -> bool| -> BTreeSet<i64> {
            counts.iter().filter(|(_, count)| takes(**count)).map(|(bin, _)| *bin).collect()
        };
        let mut busy = pick(&|count| count * 2 >= most);
        let mut quiet = pick(&|count| count * 20 <= most);
        let draining = draining(&busy, &quiet, &pick(&|_| true), others);
        quiet.retain(|bin| !draining.contains(bin));
        busy.extend(draining);
        Some(Self { busy, quiet })
    }
}

/// The bins right behind a busy one in which everybody else is far slower than at best and, once the client hardly
/// asks, no slower than in the one before: what it asked for at once is still in the queue before them.
fn draining(
    busy: &BTreeSet<i64>,
    quiet: &BTreeSet<i64>,
    all: &BTreeSet<i64>,
    others: &Others,
) -> BTreeSet<i64> {
    let mean = |bin: &i64| others.bins.get(bin).map(Latencies::mean);
    let counts = |bin: &&i64| others.bins.get(bin).is_some_and(|seen| seen.total() >= ENOUGH);
    let Some(best) = quiet.iter().filter(counts).filter_map(mean).min() else {
        return BTreeSet::new();
    };
    let mut draining = BTreeSet::new();
    for last in busy.iter().filter(|bin| !busy.contains(&(*bin + 1))) {
        let mut before = u64::MAX;
        for bin in all.range(last + 1..).take_while(|bin| !busy.contains(bin)) {
            let Some(mean) = mean(bin).filter(|mean| *mean / DRAINING > best) else { break };
            if quiet.contains(bin) {
                if mean.saturating_mul(100) > before.saturating_mul(FALLING) {
                    break;
                }
                before = mean;
            }
            draining.insert(*bin);
        }
    }
    draining
}

/// Micro-seconds of a bin: the widest slot of any user agent, and no less than two of the client's.
pub(crate) fn width(summary: &AuditSummary, client: &ClientSummary) -> i64 {
    let mut width = summary.agents.iter().map(|row| row.slot_seconds).max().unwrap_or(0).max(75);
    while width < client.rate.slot_seconds.saturating_mul(2) {
        width = width.saturating_mul(2);
    }
    width.saturating_mul(1_000_000)
}
