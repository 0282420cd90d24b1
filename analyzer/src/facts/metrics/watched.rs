//! Open watches as the API server counts them, and how many of them its nodes account for.

use std::collections::BTreeMap;

use konspect_bundle::Span;

use super::load::{LONG_RUNNING, long_running};
use super::replicas::Which;
use super::{Metrics, number, plural};
use crate::model::metrics::{MetricsComponent, Scrape};
use crate::parse::prometheus::growth;

/// Pods of a node that upstream tests with, at most.
const PODS_OF_A_NODE: u64 = 110;

const SERVER: MetricsComponent = MetricsComponent::ApiServer;

/// Open watches of one resource at one replica.
#[derive(Clone, Debug, PartialEq)]
pub struct Watches {
    pub resource: String,
    pub open: u64,
    /// In the scrape of the same replica before, 0 without one.
    pub before: u64,
    pub which: Which,
    pub at: Span,
}

impl Metrics<'_> {
    /// The resource of which one replica has most watches open. Watches of single objects are kubelets' and
    /// left out.
    pub fn most_watched(&self) -> Option<Watches> {
        let replicas = self.replicas(SERVER, &LONG_RUNNING);
        let most = replicas.into_iter().filter_map(|one| self.watches_of(one).into_iter().next());
        most.max_by_key(|watches| (watches.open, watches.which))
    }

    /// Nodes as etcd counts them; absent where nothing counts objects.
    pub fn nodes(&self) -> Option<u64> {
        let count = |name: &str| {
            let objects = self.objects();
            objects.iter().find(|row| row.resource == name).map(|row| row.count)
        };
        // Each node has one of these, too.
        count("nodes").or_else(|| count("csinodes.storage.k8s.io")).filter(|nodes| *nodes > 0)
    }

    /// The resource with far more open watches than nodes and controllers need, of the replica that has most.
    pub fn swollen_watches(&self, nodes: u64) -> Option<Watches> {
        let replicas = self.replicas(SERVER, &LONG_RUNNING).into_iter();
        let swollen = replicas.filter_map(|one| {
            swollen(self.watches_of(one), nodes).or_else(|| self.hoarded_watchers(one, nodes))
        });
        swollen.max_by_key(|watches| (watches.open, watches.which))
    }

    /// True when a scrape of another process, one that is over, counts far more watches than the nodes need:
    /// then the newest scrapes alone clear nothing.
    pub fn other_process_is_swollen(&self, nodes: u64) -> bool {
        let newest = self.of(SERVER).next_back().and_then(|(_, scrape)| scrape.process_start);
        let others = self.of(SERVER).filter(|(_, scrape)| {
            newest.is_some() && scrape.process_start.is_some() && scrape.process_start != newest
        });
        let most = others
            .flat_map(|(_, scrape)| open_watches(scrape).into_values())
            .map(|(open, _)| open)
            .max();
        nodes > 0 && most.is_some_and(|most| most > 5 * (5 * nodes + 60))
    }

    /// Open watches of one replica by resource, most first.
    fn watches_of(&self, (which, index, scrape): (Which, usize, &Scrape)) -> Vec<Watches> {
        let before = self.before(index).map(open_watches);
        let mut watches: Vec<Watches> = open_watches(scrape)
            .into_iter()
            .map(|(resource, (open, at))| {
                let before = before.as_ref().and_then(|before| before.get(&resource));
                let before = before.map_or(0, |(open, _)| *open);
                Watches { resource, open, before, which, at }
            })
            .collect();
        watches.sort_by(|a, b| (b.open, &a.resource).cmp(&(a.open, &b.resource)));
        watches
    }

    /// The nearest earlier scrape of the same process.
    fn before(&self, index: usize) -> Option<&Scrape> {
        let later = *self.scrapes.get(index)?;
        let mut earlier = self.of(SERVER).rev().filter(|(earlier, _)| *earlier < index);
        earlier.find(|(_, earlier)| growth(earlier, later).is_ok()).map(|(_, earlier)| earlier)
    }

    /// Watchers of Secrets or ConfigMaps, up to 1.22, beyond what the Pods of all nodes can name:
    /// that metric does not tell the kubelets' watches of single objects from others.
    fn hoarded_watchers(
        &self,
        (which, index, scrape): (Which, usize, &Scrape),
        nodes: u64,
    ) -> Option<Watches> {
        let most = long_running(scrape)
            .filter(|row| row.scope.is_empty() && matches!(&*row.resource, "Secret" | "ConfigMap"))
            .max_by_key(|row| row.open)?;
        (nodes > 0 && most.open > 2 * PODS_OF_A_NODE * nodes + 60).then(|| Watches {
            before: self.before(index).map_or(0, |before| watchers(before, &most.resource)),
            resource: most.resource,
            open: most.open,
            which,
            at: most.at,
        })
    }
}

/// The first of a replica's resources that has far more open watches than nodes and controllers need.
fn swollen(watches: Vec<Watches>, nodes: u64) -> Option<Watches> {
    // Where nobody counted the nodes, what they all watch shows how many there are.
    let common = watches.get(2).map_or(0, |third| third.open);
    let expected = if nodes > 0 { 5 * nodes + 60 } else { common.max(60) };
    watches.into_iter().find(|watches| {
        let grows = watches.before > 0 && watches.open > watches.before + watches.before / 20 + 5;
        watches.open > 5 * expected || grows && watches.open > 2 * expected
    })
}

/// Watchers of a kind, up to 1.22.
fn watchers(scrape: &Scrape, kind: &str) -> u64 {
    let samples = scrape.families.get("apiserver_registered_watchers");
    let of_kind = samples.into_iter().flatten().filter(|sample| sample.label("kind") == kind);
    of_kind.map(|sample| number(sample.value)).sum()
}

fn open_watches(scrape: &Scrape) -> BTreeMap<String, (u64, Span)> {
    let mut open: BTreeMap<String, (u64, Span)> = BTreeMap::new();
    let families = ["apiserver_longrunning_requests", "apiserver_longrunning_gauge"];
    let Some(samples) = families.iter().find_map(|family| scrape.families.get(*family)) else {
        for sample in scrape.families.get("apiserver_registered_watchers").into_iter().flatten() {
            let kind = sample.label("kind");
            // Kubelets watch each of their Secrets and ConfigMaps, and this metric does not tell those apart.
            if !matches!(kind, "Secret" | "ConfigMap") {
                open.entry(kind.to_owned()).or_insert((0, sample.at)).0 += number(sample.value);
            }
        }
        return open;
    };
    for sample in samples
        .iter()
        .filter(|sample| sample.label("verb") == "WATCH" && sample.label("scope") != "resource")
    {
        open.entry(plural(sample)).or_insert((0, sample.at)).0 += number(sample.value);
    }
    open
}
