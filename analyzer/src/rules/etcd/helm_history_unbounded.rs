//! A Helm release keeps all its revisions: Secrets of chart size pile up in etcd.

use konspect_bundle::words;

use super::{LARGE, biggest, bytes};
use crate::facts::helm::{Release, Store, releases};
use crate::facts::metrics::Metrics;
use crate::facts::{AnyOf, Listing};
use crate::finding::{Confidence, Finding, Meta, Risk, Severity, Step, Subject};
use crate::model::kube::{ConfigMap, SecretMeta};
use crate::model::metrics::Scrape;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct HelmHistoryUnbounded;

static META: Meta = rule_meta!("KSP4004", "helm-history-unbounded", Etcd, Cause, Critical, "helm_history_unbounded.md");

/// Revisions of one release that are worth a word, and those that are a fault.
const MANY: u64 = 100;
const FAR_TOO_MANY: u64 = 300;

/// Revisions of all releases together that are a fault.
const ALL: u64 = 1_000;

impl Rule for HelmHistoryUnbounded {
    const META: &'static Meta = &META;
    type Inputs<'f> = (AnyOf<&'f Listing<SecretMeta>, &'f Listing<ConfigMap>>, Option<&'f Listing<Scrape>>);

    fn check((AnyOf(secrets, maps), scrapes): Self::Inputs<'_>, out: &mut Checked) {
        let releases = releases(secrets, maps);
        let long: Vec<&Release> = releases.iter().filter(|release| release.revisions > MANY).collect();
        let Some(most) = long.first() else {
            match (releases.first(), secrets) {
                (Some(most), Some(secrets)) if secrets.complete => {
                    out.cleared(most.at, words!("helm-history-unbounded-cleared", release = &most.name, revisions = most.revisions));
                }
                (None, Some(secrets)) if secrets.complete => {
                    out.cleared(secrets.at(), words!("helm-history-unbounded-none"));
                }
                _ => {}
            }
            return;
        };
        out.found(history(most, &long, scrapes.map(Metrics::new).as_ref()));
    }
}

fn history(most: &Release, long: &[&Release], metrics: Option<&Metrics<'_>>) -> Finding {
    let size = metrics.and_then(biggest);
    let large = size.as_ref().is_some_and(|size| size.bytes > LARGE);
    let all: u64 = long.iter().map(|release| release.revisions).sum();
    let fault = most.revisions > FAR_TOO_MANY || all > ALL;
    let full = format!("{}/{}", most.namespace, most.name);
    let mut finding = META
        .finding(
            Subject::new("HelmRelease", &most.namespace, &most.name),
            words!("helm-history-unbounded-title", release = &full, revisions = most.revisions, more = long.len() - 1),
            most.at,
            words!("helm-history-unbounded-first", release = &full, revisions = most.revisions),
        )
        .confidence(match (fault, large || all > ALL) {
            (true, true) => Confidence::Proven,
            (true, false) => Confidence::Likely,
            _ => Confidence::Possible,
        })
        .severity(if fault { Severity::Critical } else { Severity::Warning })
        .since(most.first)
        .affected(usize::try_from(all).unwrap_or(usize::MAX))
        .supported_by(most.last_at, words!("helm-history-unbounded-last", broken = most.broken));
    let taken: u64 = long.iter().map(|release| release.bytes).sum();
    if taken > 0 {
        let weight = words!("helm-history-unbounded-bytes", revisions = all, bytes = bytes(as_float(taken)));
        finding = finding.supported_by(most.at, weight);
    }
    for release in long.iter().skip(1).take(4) {
        let full = format!("{}/{}", release.namespace, release.name);
        finding = finding
            .supported_by(release.at, words!("helm-history-unbounded-first", release = full, revisions = release.revisions));
    }
    if let Some(size) = size {
        finding = finding.supported_by(size.at, words!("helm-history-unbounded-size", bytes = bytes(size.bytes)));
    }
    finding
        .step(limit(most))
        .step(Step::new(words!("helm-history-unbounded-clean")).run(Risk::Disrupts, clean(most)))
}

/// Helm 2 has one limit for all releases, in its server.
fn limit(most: &Release) -> Step {
    if most.store == Store::Tiller {
        return Step::new(words!("helm-history-unbounded-limit-tiller"))
            .run(Risk::Changes, command("helm init --upgrade --history-max 5", &[]));
    }
    Step::new(words!("helm-history-unbounded-limit"))
        .run(Risk::Reads, command("helm history {} -n {} --max 5", &[&most.name, &most.namespace]))
}

fn clean(most: &Release) -> Option<String> {
    let text = match most.store {
        Store::Secrets => "kubectl delete secrets -n {} -l owner=helm,name={},status=superseded",
        Store::ConfigMaps => "kubectl delete configmaps -n {} -l owner=helm,name={},status=superseded",
        Store::Tiller => "kubectl delete configmaps -n {} -l OWNER=TILLER,NAME={},STATUS=SUPERSEDED",
    };
    command(text, &[&most.namespace, &most.name])
}

#[expect(clippy::cast_precision_loss, reason = "sizes are shown with two digits")]
fn as_float(bytes: u64) -> f64 {
    bytes as f64
}
