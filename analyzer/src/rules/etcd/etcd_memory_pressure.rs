//! The memory of etcd runs out: it is killed or changes its leader.

use jiff::Timestamp;
use konspect_bundle::{Span, Words, words};

use super::{bytes, platform_percent};
use crate::facts::metrics::{Metrics, Since};
use crate::facts::{AnyOf, Context, Listing, Logs, Missing};
use crate::finding::{Confidence, Finding, Meta, Severity, Step, Subject};
use crate::model::azure::AzureMetric;
use crate::model::log::Signal;
use crate::model::metrics::Scrape;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct EtcdMemoryPressure;

static META: Meta = rule_meta!("KSP4005", "etcd-memory-pressure", Etcd, Symptom, Warning, "etcd_memory_pressure.md");

/// The memory at which AKS raises an alert.
const ALERT: f64 = 20.0 * 1024.0 * 1024.0 * 1024.0;

/// Elections that a start and an upgrade do not make.
const CHANGES: u64 = 4;

/// Percent of its memory from which etcd is in danger.
const HIGH: f64 = 80.0;

impl Rule for EtcdMemoryPressure {
    const META: &'static Meta = &META;
    type Inputs<'f> =
        (&'f Context, AnyOf<AnyOf<&'f Listing<AzureMetric>, &'f Listing<Scrape>>, &'f Logs>);

    fn check((context, AnyOf(measured, logs)): Self::Inputs<'_>, out: &mut Checked) {
        let AnyOf(azure, scrapes) = measured.unwrap_or(AnyOf(None, None));
        let percent = platform_percent(azure, "etcd_memory_usage_percentage");
        let metrics = scrapes.map(Metrics::new);
        let resident = metrics
            .as_ref()
            .and_then(Metrics::etcd_memory);
        let leaders = leader_changes(metrics.as_ref(), logs);
        let (high, at, says) = match (percent, resident) {
            (Some((value, at)), _) => (value > HIGH, at, words!("etcd-memory-pressure-percent", percent = format!("{value:.0}"))),
            (None, Some(sample)) => {
                (sample.value > ALERT, sample.at, words!("etcd-memory-pressure-resident", bytes = bytes(sample.value)))
            }
            (None, None) => {
                match leaders {
                    Some((at, says, since)) => out.found(unstable(context, at, says, since)),
                    None => out.blind(Missing::table(TableKind::Metrics)),
                }
                return;
            }
        };
        if high {
            let mut finding = META
                .finding(Subject::cluster(&context.cluster), words!("etcd-memory-pressure-title"), at, says)
                .confidence(Confidence::Proven)
                .severity(Severity::Warning)
                .step(Step::new(words!("etcd-memory-pressure-advice")));
            if let Some((at, says, since)) = leaders {
                finding = finding.supported_by(at, says).since(since);
            }
            out.found(finding);
        } else if let Some((leader_at, leader_says, since)) = leaders {
            out.found(unstable(context, leader_at, leader_says, since).contradicted_by(at, says));
        } else {
            out.cleared(at, says);
        }
    }
}

/// Leaders that change tell that etcd is short of something; of what, its memory or its disk would tell.
fn unstable(context: &Context, at: Span, says: Words, since: Option<Timestamp>) -> Finding {
    META.finding(Subject::cluster(&context.cluster), words!("etcd-memory-pressure-unstable"), at, says)
        .confidence(Confidence::Possible)
        .severity(Severity::Warning)
        .since(since)
        .step(Step::new(words!("etcd-memory-pressure-advice")))
}

type Told = (Span, Words, Option<Timestamp>);

/// A member without a leader, or one that saw more elections than a start and an upgrade make.
fn leader_changes(metrics: Option<&Metrics<'_>>, logs: Option<&Logs>) -> Option<Told> {
    if let Some(member) = metrics.and_then(Metrics::etcd_member) {
        if member.has_leader == Some(false) {
            return Some((member.at, words!("etcd-memory-pressure-no-leader"), None));
        }
        let changes = member.leader_changes.filter(|changes| match changes.since {
            Since::Grew { by, .. } => by >= CHANGES,
            _ => changes.total >= CHANGES,
        });
        if let Some(changes) = changes {
            return Some((changes.at, words!("etcd-memory-pressure-leaders", count = changes.total), None));
        }
    }
    let lines = logs.into_iter().flat_map(|logs| logs.signal(Signal::EtcdLeaderChanged));
    let (_, count) = lines.max_by_key(|(_, count)| count.count).filter(|(_, count)| count.count >= CHANGES)?;
    let hit = count.hits.first()?;
    Some((hit.at, words!("etcd-memory-pressure-leader-lines", count = count.count, text = &hit.text), count.first))
}
