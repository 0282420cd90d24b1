//! The rules of the family `etcd`, and what they share.

mod etcd_database_near_limit;
mod etcd_memory_pressure;
mod etcd_object_leak;
mod etcd_space_exceeded;
mod helm_history_unbounded;

use super::Registered;
use crate::facts::Listing;
use crate::facts::metrics::{EtcdSize, Metrics};
use crate::model::azure::AzureMetric;
use konspect_bundle::Span;

pub static RULES: &[Registered] = &[
    Registered::of::<etcd_object_leak::EtcdObjectLeak>(),
    Registered::of::<etcd_database_near_limit::EtcdDatabaseNearLimit>(),
    Registered::of::<etcd_space_exceeded::EtcdSpaceExceeded>(),
    Registered::of::<helm_history_unbounded::HelmHistoryUnbounded>(),
    Registered::of::<etcd_memory_pressure::EtcdMemoryPressure>(),
];

/// From here on a database is large: cleaning should begin.
const LARGE: f64 = 2e9;

/// What AKS allows, where etcd's own quota is not known.
const LIMIT: f64 = 8.0 * 1024.0 * 1024.0 * 1024.0;

/// The biggest database.
fn biggest(metrics: &Metrics<'_>) -> Option<EtcdSize> {
    metrics.etcd_sizes().into_iter().next()
}

/// `3.5 GB`, `137 MB`.
fn bytes(bytes: f64) -> String {
    if bytes >= 1e9 { format!("{:.1} GB", bytes / 1e9) } else { format!("{:.0} MB", bytes / 1e6) }
}

/// The highest value of a platform metric in percent, with its line.
fn platform_percent(metrics: Option<&Listing<AzureMetric>>, name: &str) -> Option<(f64, Span)> {
    metrics?
        .iter()
        .filter(|metric| metric.name.eq_ignore_ascii_case(name))
        .flat_map(|metric| &metric.points)
        .filter_map(|point| Some((point.maximum.or(point.average)?, point.at)))
        .max_by(|a, b| a.0.total_cmp(&b.0))
}
