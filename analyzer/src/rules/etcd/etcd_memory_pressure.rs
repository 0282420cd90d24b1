//! The memory of etcd runs out: it is killed or changes its leader.

use konspect_bundle::words;

use super::{bytes, platform_percent};
use crate::facts::metrics::Metrics;
use crate::facts::{AnyOf, Context, Listing, Missing};
use crate::finding::{Confidence, Meta, Severity, Step, Subject};
use crate::model::azure::AzureMetric;
use crate::model::metrics::{MetricsComponent, Scrape};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct EtcdMemoryPressure;

static META: Meta = rule_meta!("KSP4005", "etcd-memory-pressure", Etcd, Symptom, Warning, "etcd_memory_pressure.md");

/// The memory at which AKS raises an alert.
const ALERT: f64 = 20.0 * 1024.0 * 1024.0 * 1024.0;

/// Percent of its memory from which etcd is in danger.
const HIGH: f64 = 80.0;

impl Rule for EtcdMemoryPressure {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, AnyOf<&'f Listing<AzureMetric>, &'f Listing<Scrape>>);

    fn check((context, AnyOf(azure, scrapes)): Self::Inputs<'_>, out: &mut Checked) {
        let percent = platform_percent(azure, "etcd_memory_usage_percentage");
        let metrics = scrapes.map(Metrics::new);
        let resident = metrics
            .as_ref()
            .and_then(|metrics| metrics.newest(MetricsComponent::Etcd, "process_resident_memory_bytes").first());
        let (high, at, says) = match (percent, resident) {
            (Some((value, at)), _) => (value > HIGH, at, words!("etcd-memory-pressure-percent", percent = format!("{value:.0}"))),
            (None, Some(sample)) => {
                (sample.value > ALERT, sample.at, words!("etcd-memory-pressure-resident", bytes = bytes(sample.value)))
            }
            (None, None) => {
                out.blind(Missing::table(TableKind::Metrics));
                return;
            }
        };
        if high {
            out.found(
                META.finding(Subject::cluster(&context.cluster), words!("etcd-memory-pressure-title"), at, says)
                    .confidence(Confidence::Proven)
                    .severity(Severity::Warning)
                    .step(Step::new(words!("etcd-memory-pressure-advice"))),
            );
        } else {
            out.cleared(at, says);
        }
    }
}
