//! Which scrapes stand for themselves: a load balancer hands one scrape to one replica of the API server and
//! the next to another, and what a gauge says holds for its own replica alone.

use jiff::Timestamp;

use super::Metrics;
use crate::model::metrics::{MetricsComponent, Sample, Scrape};
use crate::parse::prometheus::growth;

/// No cluster has more replicas of one component; and so many of the newest scrapes are looked at for them, since a
/// file may hold any number.
const MOST: usize = 16;
const LOOKED_AT: usize = 1024;

/// Which of a component's scrapes something was seen in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Which {
    /// From 1 on, the oldest first.
    pub number: usize,
    pub of: usize,
    pub taken: Option<Timestamp>,
}

impl Which {
    /// When it was taken, where a newer one shows something else.
    pub fn until(self) -> Option<Timestamp> {
        self.taken.filter(|_| self.number < self.of)
    }
}

impl<'a> Metrics<'a> {
    /// The scrapes of a component with their indexes, oldest first.
    pub(super) fn of(
        &self,
        component: MetricsComponent,
    ) -> impl DoubleEndedIterator<Item = (usize, &'a Scrape)> {
        let scrapes = self.scrapes.iter().copied().enumerate();
        scrapes.filter(move |(_, scrape)| scrape.component == component)
    }

    /// Every scrape of a component with any of the families, oldest first, and which of them it is.
    pub(super) fn each(
        &self,
        component: MetricsComponent,
        families: &[&str],
    ) -> Vec<(Which, usize, &'a Scrape)> {
        let told =
            |scrape: &Scrape| families.iter().any(|name| scrape.families.contains_key(*name));
        let all: Vec<_> = self.of(component).filter(|(_, scrape)| told(scrape)).collect();
        let of = all.len();
        (1..)
            .zip(all)
            .map(|(number, (index, scrape))| {
                (Which { number, of, taken: scrape.taken }, index, scrape)
            })
            .collect()
    }

    /// The newest scrape, with any of the families, of each process of a component that may still run, oldest
    /// first. A process is over when a later one began after it was scraped: that may be the same replica,
    /// started again.
    pub(super) fn replicas(
        &self,
        component: MetricsComponent,
        families: &[&str],
    ) -> Vec<(Which, usize, &'a Scrape)> {
        let mut replicas: Vec<(Which, usize, &Scrape)> = Vec::new();
        for row in self.each(component, families).into_iter().rev().take(LOOKED_AT) {
            let (_, _, scrape) = row;
            if replicas.len() < MOST
                && replicas.iter().all(|(_, _, newer)| runs_beside(scrape, newer))
            {
                replicas.push(row);
            }
        }
        replicas.reverse();
        replicas
    }
}

/// True when the older of two scrapes is of another process, and that may run as long as the newer one's.
fn runs_beside(older: &Scrape, newer: &Scrape) -> bool {
    match (older.process_start, newer.process_start) {
        (Some(one), Some(two)) => {
            let same = one.duration_since(two).abs() <= jiff::SignedDuration::from_secs(1);
            !same && older.taken.is_none_or(|taken| two <= taken)
        }
        // Without a start only counters that fell tell that it is not the same process.
        _ => growth(older, newer).is_err(),
    }
}

/// The replica of a sample that Prometheus took: an answer of its API holds all of them at one moment.
pub(super) fn instance(sample: &Sample) -> &str {
    let names = ["instance", "pod", "host"];
    names.iter().map(|name| sample.label(name)).find(|name| !name.is_empty()).unwrap_or_default()
}
