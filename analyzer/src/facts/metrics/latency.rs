//! Latency of requests against the upstream objective.

use std::collections::BTreeMap;

use konspect_bundle::Span;

use super::{Metrics, number};
use crate::model::metrics::Sample;
use crate::parse::prometheus::{Quantile, histogram_quantile};

/// A latency of one kind of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    pub verb: String,
    pub resource: String,
    pub scope: String,
    pub count: u64,
    pub p99: Quantile,
    pub limit: f64,
    pub at: Span,
}

impl Metrics<'_> {
    /// Kinds of requests whose p99 is over the upstream objective, worst first.
    pub fn slow_requests(&self) -> Vec<Latency> {
        let samples = self.of_apiserver(&[
            "apiserver_request_sli_duration_seconds",
            "apiserver_request_slo_duration_seconds",
            "apiserver_request_duration_seconds",
        ]);
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
        let mut slow: Vec<Latency> = kinds
            .into_iter()
            .filter_map(|((verb, resource, scope), rows)| {
                let limit = objective(verb, &resource, scope)?;
                let count: f64 = rows
                    .iter()
                    .filter(|sample| sample.name.ends_with("_count"))
                    .map(|sample| sample.value)
                    .sum();
                // The minimal profile of managed Prometheus drops the buckets: a mean over the limit is a p99 over it.
                let p99 = histogram_quantile(rows.iter().copied(), 0.99).or_else(|| {
                    let sum = rows.iter().filter(|sample| sample.name.ends_with("_sum"));
                    let value = sum.map(|sample| sample.value).sum::<f64>() / count;
                    (count > 0.0 && value.is_finite()).then_some(Quantile { value, at_least: true })
                })?;
                let at =
                    rows.iter().find(|sample| sample.name.ends_with("_count")).or(rows.first())?.at;
                (count >= 100.0 && p99.value > limit).then(|| Latency {
                    verb: verb.to_owned(),
                    resource,
                    scope: scope.to_owned(),
                    count: number(count),
                    p99,
                    limit,
                    at,
                })
            })
            .collect();
        slow.sort_by(|a, b| b.p99.value.total_cmp(&a.p99.value).then_with(|| a.at.cmp(&b.at)));
        slow
    }

    /// True when the latency of requests was scraped.
    pub fn times_requests(&self) -> bool {
        !self
            .of_apiserver(&[
                "apiserver_request_sli_duration_seconds",
                "apiserver_request_slo_duration_seconds",
                "apiserver_request_duration_seconds",
            ])
            .is_empty()
    }
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
