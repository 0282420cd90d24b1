//! Open watches as the API server counts them, and how many of them its nodes account for.

use std::collections::BTreeMap;

use konspect_bundle::Span;

use super::{Metrics, number, plural};
use crate::model::metrics::{MetricsComponent, Scrape};
use crate::parse::prometheus::growth;

/// Pods of a node that upstream tests with, at most.
const PODS_OF_A_NODE: u64 = 110;

/// Open watches of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Watches {
    pub resource: String,
    pub open: u64,
    /// In the scrape before, 0 without one.
    pub before: u64,
    pub at: Span,
}

impl Metrics<'_> {
    /// Open watches by resource, most first. Watches of single objects are kubelets' and left out.
    pub fn watches(&self) -> Vec<Watches> {
        let scrapes: Vec<&&Scrape> = self
            .scrapes
            .iter()
            .filter(|scrape| scrape.component == MetricsComponent::ApiServer)
            .collect();
        let Some((newest, earlier)) = scrapes.split_last() else { return Vec::new() };
        let before = earlier
            .last()
            .filter(|scrape| growth(scrape, newest).is_ok())
            .map(|scrape| open_watches(scrape));
        let mut watches: Vec<Watches> = open_watches(newest)
            .into_iter()
            .map(|(resource, (open, at))| {
                let before = before
                    .as_ref()
                    .and_then(|before| before.get(&resource))
                    .map_or(0, |(open, _)| *open);
                Watches { resource, open, before, at }
            })
            .collect();
        watches.sort_by(|a, b| (b.open, &a.resource).cmp(&(a.open, &b.resource)));
        watches
    }

    pub fn most_watched(&self) -> Option<Watches> {
        self.watches().into_iter().next()
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

    /// The resource with far more open watches than nodes and controllers need.
    pub fn swollen_watches(&self, nodes: u64) -> Option<Watches> {
        let watches = self.watches();
        // Where nobody counted the nodes, what they all watch shows how many there are.
        let common = watches.get(2).map_or(0, |third| third.open);
        let expected = if nodes > 0 { 5 * nodes + 60 } else { common.max(60) };
        let swollen = watches.into_iter().find(|watches| {
            let grows =
                watches.before > 0 && watches.open > watches.before + watches.before / 20 + 5;
            watches.open > 5 * expected || grows && watches.open > 2 * expected
        });
        swollen.or_else(|| self.hoarded_watchers(nodes))
    }

    /// Watchers of Secrets or ConfigMaps, up to 1.22, beyond what the Pods of all nodes can name:
    /// that metric does not tell the kubelets' watches of single objects from others.
    fn hoarded_watchers(&self, nodes: u64) -> Option<Watches> {
        let rows = self.long_running();
        let most = rows
            .into_iter()
            .filter(|row| row.scope.is_empty() && matches!(&*row.resource, "Secret" | "ConfigMap"))
            .max_by_key(|row| row.open)?;
        (nodes > 0 && most.open > 2 * PODS_OF_A_NODE * nodes + 60).then(|| Watches {
            before: self.watchers_before(&most.resource),
            resource: most.resource,
            open: most.open,
            at: most.at,
        })
    }
}

impl Metrics<'_> {
    /// True when a scrape of another process, a replica or the one before a restart, counts far more watches than
    /// the nodes need: then the newest scrape alone clears nothing.
    pub fn other_process_is_swollen(&self, nodes: u64) -> bool {
        let of_server = |scrape: &&&Scrape| scrape.component == MetricsComponent::ApiServer;
        let newest =
            self.scrapes.iter().rev().find(of_server).and_then(|scrape| scrape.process_start);
        let others = self.scrapes.iter().filter(of_server).filter(|scrape| {
            newest.is_some() && scrape.process_start.is_some() && scrape.process_start != newest
        });
        let most = others
            .flat_map(|scrape| open_watches(scrape).into_values())
            .map(|(open, _)| open)
            .max();
        nodes > 0 && most.is_some_and(|most| most > 5 * (5 * nodes + 60))
    }

    /// Watchers of a kind in the scrape of the same process before the newest, 0 without one.
    fn watchers_before(&self, kind: &str) -> u64 {
        let scrapes =
            self.scrapes.iter().filter(|scrape| scrape.component == MetricsComponent::ApiServer);
        let mut newest_first = scrapes.rev();
        let pair = newest_first.next().zip(newest_first.next());
        let earlier = pair.filter(|(newest, earlier)| growth(earlier, newest).is_ok());
        let samples =
            earlier.and_then(|(_, earlier)| earlier.families.get("apiserver_registered_watchers"));
        let of_kind = samples.into_iter().flatten().filter(|sample| sample.label("kind") == kind);
        of_kind.map(|sample| number(sample.value)).sum()
    }
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
