//! Counters over scrapes: what was counted since the process began, and how it grew.

use std::collections::{BTreeMap, BTreeSet};

use konspect_bundle::Span;

use super::{Metrics, Which, number};
use crate::model::metrics::{MetricsComponent, Sample, Scrape};
use crate::parse::prometheus::{Growth, NoGrowth, Quantile, growth, histogram_quantile};

/// What a counter counts, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted<K> {
    pub of: K,
    /// Since the process began; of API servers and tunnel agents, since each of the processes that were scraped began.
    pub total: u64,
    pub since: Since,
    pub at: Span,
}

/// How a counter grew since the last scrape of the same process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Since {
    /// It was scraped once.
    #[default]
    OneScrape,
    /// No earlier scrape can be compared: another replica answered, or counters began anew.
    NotComparable(NoGrowth),
    Grew {
        by: u64,
        per_second: Option<f64>,
    },
}

impl Since {
    /// By how much it grew, where two scrapes tell.
    pub fn by(self) -> Option<u64> {
        match self {
            Self::Grew { by, .. } => Some(by),
            Self::OneScrape | Self::NotComparable(_) => None,
        }
    }

    /// How fast it grows, where two scrapes tell.
    pub fn per_second(self) -> Option<f64> {
        match self {
            Self::Grew { per_second, .. } => per_second,
            Self::OneScrape | Self::NotComparable(_) => None,
        }
    }

    /// True when two scrapes show that nothing was counted between them.
    pub fn stands_still(self) -> bool {
        self.by() == Some(0)
    }
}

/// How long one kind of calls takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Timed<K> {
    pub of: K,
    pub calls: u64,
    /// Seconds.
    pub mean: f64,
    /// Absent where buckets were not scraped.
    pub p99: Option<Quantile>,
    pub at: Span,
}

impl<'a> Metrics<'a> {
    /// The component's newest scrape with any of the names, and its samples of the first of them that it
    /// has: a count under its old and its new name is one count.
    pub(super) fn pick(
        &self,
        component: MetricsComponent,
        names: &[&str],
    ) -> Option<(usize, &'a [Sample])> {
        self.scrapes
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, scrape)| scrape.component == component)
            .find_map(|(index, scrape)| {
                let samples = names.iter().find_map(|name| scrape.families.get(*name))?;
                Some((index, samples.as_slice()))
            })
    }

    /// Sums a counter's samples by key, most first.
    pub(super) fn counted<K: Ord + Clone>(
        &self,
        component: MetricsComponent,
        names: &[&str],
        key: impl Fn(&Sample) -> K,
    ) -> Vec<Counted<K>> {
        let Some((index, samples)) = self.pick(component, names) else { return Vec::new() };
        let mut compared = self.compared(index);
        let mut rows: BTreeMap<K, (f64, f64, Span)> = BTreeMap::new();
        let mut fell = false;
        for sample in samples.iter().filter(|sample| sample.value.is_finite()) {
            let row = rows.entry(key(sample)).or_insert((0.0, 0.0, sample.at));
            row.0 += sample.value;
            if let Some(Ok(growth)) = &compared {
                let by = growth.of(sample);
                fell |= by < 0.0;
                row.1 += by;
            }
        }
        for sample in self.of_other_processes(component, index, names) {
            rows.entry(key(sample)).or_insert((0.0, 0.0, sample.at)).0 += sample.value;
        }
        // Not every counter's name tells that it must not fall, as `_total` does: here it is known.
        if fell {
            compared = Some(Err(NoGrowth::Fell));
        }
        let since = |by: f64| match &compared {
            None => Since::OneScrape,
            Some(Err(why)) => Since::NotComparable(*why),
            Some(Ok(growth)) => Since::Grew {
                by: number(by),
                per_second: growth.seconds.map(|seconds| by / seconds),
            },
        };
        let mut rows: Vec<Counted<K>> = rows
            .into_iter()
            .map(|(of, (total, by, at))| Counted { of, total: number(total), since: since(by), at })
            .collect();
        rows.sort_by(|a, b| (b.total, &a.of).cmp(&(a.total, &b.of)));
        rows
    }

    /// What other replicas of the API server, or other agents, counted, and the same one before it was started again: each
    /// process counts from its own start.
    fn of_other_processes(
        &self,
        component: MetricsComponent,
        index: usize,
        names: &[&str],
    ) -> Vec<&'a Sample> {
        let start = |scrape: &&Scrape| scrape.process_start;
        let newest = self.scrapes.get(index).and_then(start);
        let many = [MetricsComponent::ApiServer, MetricsComponent::TunnelAgent];
        let (true, Some(newest)) = (many.contains(&component), newest) else {
            return Vec::new();
        };
        let mut known = BTreeSet::from([newest]);
        let earlier = self.scrapes.get(..index).unwrap_or_default().iter().rev();
        earlier
            .filter(|scrape| scrape.component == component)
            .filter(|scrape| start(scrape).is_some_and(|started| known.insert(started)))
            .filter_map(|scrape| names.iter().find_map(|name| scrape.families.get(*name)))
            .flatten()
            .filter(|sample| sample.value.is_finite())
            .collect()
    }

    /// Growth from the nearest earlier scrape of the same process, since replicas may answer in turn;
    /// without one, why the scrape before cannot be compared.
    pub(super) fn compared(&self, index: usize) -> Option<Result<Growth<'a>, NoGrowth>> {
        let later: &'a Scrape = self.scrapes.get(index)?;
        let mut refused = None;
        let earlier = self.scrapes.get(..index)?.iter().rev();
        for earlier in earlier.filter(|scrape| scrape.component == later.component) {
            match growth(earlier, later) {
                Ok(growth) => return Some(Ok(growth)),
                Err(why) => refused = refused.or(Some(Err(why))),
            }
        }
        refused
    }

    /// Means and p99 of a histogram by key, of each replica for itself, most calls first.
    pub(super) fn timed<K: Ord + Clone>(
        &self,
        component: MetricsComponent,
        names: &[&str],
        key: impl Fn(&Sample) -> K,
    ) -> Vec<Timed<K>> {
        let mut kinds: BTreeMap<(K, Which), Vec<&Sample>> = BTreeMap::new();
        for (which, _, scrape) in self.replicas(component, names) {
            let samples = names.iter().find_map(|name| scrape.families.get(*name));
            for sample in samples.into_iter().flatten() {
                kinds.entry((key(sample), which)).or_default().push(sample);
            }
        }
        let mut timed: Vec<Timed<K>> = kinds
            .into_iter()
            .filter_map(|((of, _), rows)| {
                let of_end = |end: &str| -> f64 {
                    rows.iter().filter(|row| row.name.ends_with(end)).map(|row| row.value).sum()
                };
                let (seconds, calls) = (of_end("_sum"), of_end("_count"));
                let at = rows.iter().find(|row| row.name.ends_with("_count"))?.at;
                (calls >= 1.0).then(|| Timed {
                    of,
                    calls: number(calls),
                    mean: seconds / calls,
                    p99: histogram_quantile(rows.iter().copied(), 0.99),
                    at,
                })
            })
            .collect();
        timed.sort_by(|a, b| (b.calls, &a.of).cmp(&(a.calls, &b.of)));
        timed
    }
}
