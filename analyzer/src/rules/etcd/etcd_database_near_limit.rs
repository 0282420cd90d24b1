//! The database of etcd is large, or near what it may be.

use konspect_bundle::{Span, Words, words};

use super::{LARGE, LIMIT, biggest, bytes, platform_percent};
use crate::facts::metrics::{EtcdSize, Metrics};
use crate::facts::{AnyOf, Context, Listing, Missing};
use crate::finding::{Confidence, Finding, Meta, Severity, Step, Subject};
use crate::model::azure::AzureMetric;
use crate::model::metrics::Scrape;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct EtcdDatabaseNearLimit;

static META: Meta =
    rule_meta!("KSP4002", "etcd-database-near-limit", Etcd, CauseOrSymptom, Critical, "etcd_database_near_limit.md");

impl Rule for EtcdDatabaseNearLimit {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, AnyOf<&'f Listing<Scrape>, &'f Listing<AzureMetric>>);

    fn check((context, AnyOf(scrapes, azure)): Self::Inputs<'_>, out: &mut Checked) {
        let size = scrapes.map(Metrics::new).as_ref().and_then(biggest);
        let percent = platform_percent(azure, "etcd_database_usage_percentage");
        let over = percent.filter(|(value, _)| *value > 50.0);
        if let Some(size) = &size {
            if size.bytes > LARGE || size.quota.is_some_and(|quota| size.bytes > 0.5 * quota) {
                let finding = large(context, size);
                out.found(match over {
                    Some((value, at)) => {
                        finding.supported_by(at, words!("etcd-database-near-limit-percent", percent = format!("{value:.0}")))
                    }
                    _ => finding,
                });
            } else if let Some((value, at)) = over {
                // The share is the highest of hours, the size is that of a moment.
                let used = used(context, value, at).confidence(Confidence::Likely).severity(Severity::Warning);
                out.found(used.contradicted_by(size.at, has(size)));
            } else {
                out.cleared(size.at, has(size));
            }
        } else if let Some((value, at)) = over {
            out.found(used(context, value, at));
        } else if let Some((value, at)) = percent {
            out.cleared(at, words!("etcd-database-near-limit-percent", percent = format!("{value:.0}")));
        } else {
            out.blind(Missing::table(TableKind::Metrics));
        }
    }
}

/// The size, with the quota where etcd told it.
fn has(size: &EtcdSize) -> Words {
    match size.quota {
        Some(quota) => words!("etcd-database-near-limit-cleared-share", bytes = bytes(size.bytes), limit = bytes(quota)),
        None => words!("etcd-database-near-limit-cleared", bytes = bytes(size.bytes)),
    }
}

/// By the platform's word alone.
fn used(context: &Context, percent: f64, at: Span) -> Finding {
    let shown = format!("{percent:.0}");
    META.finding(
        Subject::cluster(&context.cluster),
        words!("etcd-database-near-limit-percent-title", percent = shown.clone()),
        at,
        words!("etcd-database-near-limit-percent", percent = shown),
    )
    .confidence(Confidence::Proven)
    .severity(if percent > 80.0 { Severity::Critical } else { Severity::Warning })
    .step(Step::new(words!("etcd-database-near-limit-clean")))
}

fn large(context: &Context, size: &EtcdSize) -> Finding {
    let limit = size.quota.unwrap_or(LIMIT);
    let full = size.bytes / limit;
    let mut finding = META
        .finding(
            Subject::cluster(&context.cluster),
            words!("etcd-database-near-limit-title", bytes = bytes(size.bytes), limit = bytes(limit)),
            size.at,
            if size.cluster.is_empty() {
                words!("etcd-database-near-limit-size", bytes = bytes(size.bytes))
            } else {
                words!("etcd-database-near-limit-size-of", bytes = bytes(size.bytes), cluster = &size.cluster)
            },
        )
        .confidence(Confidence::Proven)
        .severity(if full > 0.8 { Severity::Critical } else { Severity::Warning });
    if let Some(in_use) = size.in_use {
        let free = in_use < size.bytes / 2.0;
        let words = if free {
            words!("etcd-database-near-limit-fragmented", bytes = bytes(in_use))
        } else {
            words!("etcd-database-near-limit-in-use", bytes = bytes(in_use))
        };
        finding = finding.supported_by(size.at, words);
    }
    finding.step(Step::new(words!("etcd-database-near-limit-clean")))
}
