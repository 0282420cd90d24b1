//! Latency of requests against the upstream objective.

use std::collections::BTreeMap;

use konspect_bundle::Span;

use super::{Metrics, number};
use crate::model::metrics::{MetricsComponent, Sample};
use crate::parse::prometheus::{Growth, Quantile, quantile};

/// The objective's own metric under its names, else all of the time.
const REQUESTS: [&str; 3] = [
    "apiserver_request_sli_duration_seconds",
    "apiserver_request_slo_duration_seconds",
    "apiserver_request_duration_seconds",
];

/// Fewer requests have no 99th percentile.
const ENOUGH: f64 = 100.0;

/// A latency of one kind of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    pub verb: String,
    pub resource: String,
    pub scope: String,
    pub count: u64,
    /// Absent where the buckets were not scraped.
    pub p99: Option<Quantile>,
    pub mean: f64,
    pub limit: f64,
    /// True of the requests between two scrapes, false of all since the process began.
    pub lately: bool,
    pub at: Span,
}

impl Metrics<'_> {
    /// Kinds of requests whose p99 at any replica is over the upstream objective, worst first; those between two
    /// scrapes of one process where there are two, since an hour of last month is no latency of now.
    pub fn slow_requests(&self) -> Vec<Latency> {
        let mut worst: BTreeMap<(String, String, String), Latency> = BTreeMap::new();
        for (_, index, scrape) in self.replicas(MetricsComponent::ApiServer, &REQUESTS) {
            let samples = REQUESTS.iter().find_map(|name| scrape.families.get(*name));
            let growth = self.compared(index).and_then(Result::ok);
            for row in slow_requests(samples.map_or(&[], Vec::as_slice), growth.as_ref()) {
                let key = (row.verb.clone(), row.resource.clone(), row.scope.clone());
                let known = worst.entry(key).or_insert_with(|| row.clone());
                if row.seconds() >= known.seconds() {
                    *known = row;
                }
            }
        }
        let mut slow: Vec<Latency> = worst.into_values().collect();
        slow.sort_by(|a, b| b.seconds().total_cmp(&a.seconds()).then_with(|| a.at.cmp(&b.at)));
        slow
    }

    /// True when the latency of requests was scraped.
    pub fn times_requests(&self) -> bool {
        self.pick(MetricsComponent::ApiServer, &REQUESTS).is_some()
    }
}

impl Latency {
    /// The p99, else the mean.
    pub fn seconds(&self) -> f64 {
        self.p99.map_or(self.mean, |p99| p99.value)
    }
}

/// Kinds of requests of one replica whose p99 is over the objective.
fn slow_requests(samples: &[Sample], growth: Option<&Growth<'_>>) -> Vec<Latency> {
    let mut kinds: BTreeMap<(&str, String, &str), Vec<&Sample>> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| {
        sample.label("subresource").is_empty() || sample.label("subresource") == "status"
    }) {
        let group = sample.label("group");
        let resource = if group.is_empty() {
            sample.label("resource").to_owned()
        } else {
            format!("{group}/{}", sample.label("resource"))
        };
        kinds
            .entry((sample.label("verb"), resource, sample.label("scope")))
            .or_default()
            .push(sample);
    }
    let slow = kinds.into_iter().filter_map(|((verb, resource, scope), rows)| {
        let limit = objective(verb, &resource, scope)?;
        let (count, mean, p99) = tail(&rows, growth)?;
        let at = rows.iter().find(|sample| sample.name.ends_with("_count")).or(rows.first())?.at;
        (count >= ENOUGH && p99.map_or(mean, |p99| p99.value) > limit).then(|| Latency {
            verb: verb.to_owned(),
            resource,
            scope: scope.to_owned(),
            count: number(count),
            p99,
            mean,
            limit,
            lately: growth.is_some(),
            at,
        })
    });
    slow.collect()
}

/// How many requests there were, their mean and their p99, since the scrape that the growth begins at.
fn tail(rows: &[&Sample], growth: Option<&Growth<'_>>) -> Option<(f64, f64, Option<Quantile>)> {
    let value = |sample: &Sample| growth.map_or(sample.value, |growth| growth.of(sample));
    let of_end = |end: &str| -> f64 {
        rows.iter().filter(|sample| sample.name.ends_with(end)).map(|sample| value(sample)).sum()
    };
    let count = of_end("_count");
    let buckets = rows.iter().filter(|sample| sample.name.ends_with("_bucket"));
    let buckets =
        buckets.filter_map(|sample| Some((sample.label("le").parse().ok()?, value(sample))));
    // The minimal profile of managed Prometheus drops the buckets: then only the mean is known.
    let mean = of_end("_sum") / count;
    let p99 = quantile(buckets, 0.99);
    (count > 0.0 && (p99.is_some() || mean.is_finite())).then_some((count, mean, p99))
}

/// Seconds that the p99 of a kind may take; none for what the objective leaves out.
fn objective(verb: &str, resource: &str, scope: &str) -> Option<f64> {
    if !konspect_audit::objective::built_in(resource) {
        return None;
    }
    match verb {
        "POST" | "PUT" | "PATCH" | "DELETE" | "APPLY" => Some(1.0),
        "GET" | "LIST" if scope == "resource" => Some(1.0),
        "GET" | "LIST" => Some(30.0),
        _ => None,
    }
}
