//! Requests take longer than the upstream objective: by the audit log, else by the metrics.

use konspect_audit::{Aggregate, AuditSummary};
use konspect_bundle::{Words, words};

use super::{cut, micros, resource};
use crate::facts::breaches::breaches;
use crate::facts::clients::cut_many;
use crate::facts::metrics::{Asked, EtcdCall, Failed, Metrics, Timed};
use crate::facts::{AnyOf, Listing, Missing};
use crate::finding::{Confidence, Finding, Meta, Severity, Step, Subject};
use crate::model::metrics::Scrape;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct RequestLatencyOverSlo;

static META: Meta =
    rule_meta!("KSP3005", "request-latency-over-slo", ApiServer, Symptom, Warning, "request_latency_over_slo.md");

impl Rule for RequestLatencyOverSlo {
    const META: &'static Meta = &META;
    type Inputs<'f> = AnyOf<AnyOf<&'f AuditSummary, &'f Listing<Scrape>>, &'f Listing<Aggregate>>;

    fn check(AnyOf(first, rows): Self::Inputs<'_>, out: &mut Checked) {
        let AnyOf(audit, scrapes) = first.unwrap_or(AnyOf(None, None));
        let breaches = audit.map(breaches).unwrap_or_default();
        let metrics = scrapes.map(Metrics::new);
        let slow = metrics.as_ref().map(Metrics::slow_requests).unwrap_or_default();
        let timed_out = metrics.as_ref().and_then(Metrics::timed_out);
        let failing_etcd = metrics.as_ref().and_then(Metrics::failing_etcd);
        let advice = || Step::new(words!("request-latency-over-slo-advice"));
        if let Some(worst) = breaches.first() {
            let (seconds, limit) = (format!("{:.1}", micros(worst.p99)), micros(worst.limit));
            let verb = worst.series.verb.as_str();
            let title = words!("request-latency-over-slo-title", verb = verb, resource = resource(worst.series), seconds = seconds.clone());
            let says =
                words!("request-latency-over-slo-audit", user = &worst.client.user, seconds = seconds, limit = format!("{limit:.0}"));
            let mut finding = META
                .finding(Subject::cluster(""), title, worst.at, says)
                .confidence(Confidence::Proven)
                .severity(Severity::Warning)
                .since(audit.and_then(|audit| worst.since(audit)))
                .affected(breaches.len());
            for other in breaches.iter().skip(1).take(3) {
                let (seconds, limit) = (format!("{:.1}", micros(other.p99)), format!("{:.0}", micros(other.limit)));
                finding = finding.supported_by(
                    other.at,
                    words!("request-latency-over-slo-audit", user = &other.client.user, seconds = seconds, limit = limit),
                );
            }
            out.found(finding.step(advice()));
        } else if let Some(worst) = slow.first() {
            let limit = format!("{:.0}", worst.limit);
            let (verb, resource) = (&worst.verb, &worst.resource);
            let (title, says) = if let Some(p99) = worst.p99 {
                (
                    words!("request-latency-over-slo-title", verb = verb, resource = resource, seconds = p99.shown()),
                    words!("request-latency-over-slo-metric", count = worst.count, seconds = p99.shown(), limit = limit),
                )
            } else {
                let seconds = format!("{:.1}", worst.mean);
                (
                    words!("request-latency-over-slo-mean-title", verb = verb, resource = resource, seconds = &seconds),
                    words!("request-latency-over-slo-mean", count = worst.count, seconds = &seconds, limit = limit),
                )
            };
            out.found(
                META.finding(Subject::cluster(""), title, worst.at, says)
                    .confidence(Confidence::Likely)
                    .severity(Severity::Warning)
                    .affected(slow.len())
                    .step(advice()),
            );
        } else if let Some(slow) = metrics.as_ref().and_then(Metrics::slow_etcd) {
            out.found(etcd(&slow).step(advice()));
        } else if let Some(timed_out) = &timed_out {
            out.found(given_up(timed_out).step(advice()));
        } else if let Some(failing) = &failing_etcd {
            out.found(unanswered(failing).step(advice()));
        } else if let Some((row, p99, limit)) = slowest_row(rows) {
            let seconds = format!("{:.1}", micros(p99));
            let title = words!("request-latency-over-slo-title", verb = &row.verb, resource = &row.resource, seconds = seconds.clone());
            let says = words!("request-latency-over-slo-table", seconds = seconds, limit = format!("{:.0}", micros(limit)));
            out.found(
                META.finding(Subject::cluster(""), title, row.at, says)
                    .confidence(Confidence::Likely)
                    .severity(Severity::Warning)
                    .step(advice()),
            );
        } else if let Some(at) = metrics.as_ref().filter(|metrics| metrics.times_requests()).and_then(Metrics::apiserver_at) {
            out.cleared(at, words!("request-latency-over-slo-cleared"));
        } else if let Some(audit) = audit.filter(|audit| cut_many(audit)) {
            out.blind(cut(audit, |count, total| words!("request-latency-over-slo-cut", count = count, total = total)));
        } else if let Some((_, at)) = audit.and_then(|audit| audit.others().next()?.total.first) {
            out.cleared(at, words!("request-latency-over-slo-cleared"));
        } else {
            out.blind(Missing::table(TableKind::Audit));
        }
        let beside = [timed_out.map(|row| (row.at, no_time(&row))), failing_etcd.map(|row| (row.at, failures(&row)))];
        for (at, says) in beside.into_iter().flatten() {
            for finding in out.findings.iter_mut().filter(|finding| finding.evidence.iter().all(|evidence| evidence.at != at)) {
                *finding = finding.clone().supported_by(at, says.clone());
            }
        }
    }
}

/// Requests that the API server gave up, where none is over its objective: a mean hides them.
fn given_up(timed_out: &Failed<Asked>) -> Finding {
    let Asked { verb, resource } = &timed_out.of;
    let title = words!("request-latency-over-slo-timeouts-title", count = timed_out.failed, verb = verb, resource = resource);
    symptom(title, timed_out, no_time(timed_out))
}

/// Calls of etcd that fail.
fn unanswered(failing: &Failed<EtcdCall>) -> Finding {
    let title = words!("request-latency-over-slo-etcd-errors-title", count = failing.failed, total = failing.all);
    symptom(title, failing, failures(failing))
}

/// What the counters of a whole life tell may be long over.
fn symptom<K>(title: Words, failed: &Failed<K>, says: Words) -> Finding {
    META.finding(Subject::cluster(""), title, failed.at, says)
        .confidence(if failed.lately { Confidence::Likely } else { Confidence::Possible })
        .severity(Severity::Warning)
        .affected(usize::try_from(failed.failed).unwrap_or(usize::MAX))
}

fn no_time(timed_out: &Failed<Asked>) -> Words {
    words!(
        "request-latency-over-slo-timeouts",
        count = timed_out.failed,
        total = timed_out.all,
        verb = &timed_out.of.verb,
        resource = &timed_out.of.resource,
        lately = u64::from(timed_out.lately)
    )
}

fn failures(failing: &Failed<EtcdCall>) -> Words {
    words!(
        "request-latency-over-slo-etcd-errors",
        count = failing.failed,
        total = failing.all,
        operation = &failing.of.operation,
        resource = &failing.of.resource,
        lately = u64::from(failing.lately)
    )
}

/// No kind of requests is over its objective, or none is timed, but etcd is slow for one of them.
fn etcd(slow: &Timed<EtcdCall>) -> Finding {
    let seconds = slow.p99.map(|p99| p99.shown()).unwrap_or_default();
    let (operation, resource) = (&slow.of.operation, &slow.of.resource);
    META.finding(
        Subject::cluster(""),
        words!("request-latency-over-slo-etcd-title", operation = operation, resource = resource, seconds = seconds.clone()),
        slow.at,
        words!("request-latency-over-slo-etcd", count = slow.calls, seconds = seconds, mean = format!("{:.1}", slow.mean)),
    )
    .confidence(Confidence::Likely)
    .severity(Severity::Warning)
}

/// Kinds whose plural alone tells that the API server stores them: a query's result has no group.
const STORED: &[&str] = &[
    "configmaps", "cronjobs", "daemonsets", "deployments", "endpoints", "endpointslices", "events", "ingresses", "jobs", "leases",
    "namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods", "replicasets", "rolebindings", "roles", "secrets",
    "serviceaccounts", "services", "statefulsets",
];

/// The row of somebody's query that is most over its objective, with its p99 and the objective in
/// micro-seconds. Lists are measured by the widest one, since the result does not tell their scope.
fn slowest_row(rows: Option<&Listing<Aggregate>>) -> Option<(&Aggregate, u64, u64)> {
    rows.into_iter()
        .flat_map(|rows| rows.iter())
        .filter(|row| STORED.contains(&row.resource.as_str()))
        .filter_map(|row| {
            let limit = match row.verb.as_str() {
                "create" | "update" | "patch" | "delete" | "post" | "put" | "get" => 1_000_000,
                "list" | "deletecollection" => 30_000_000,
                _ => return None,
            };
            row.p99.filter(|p99| *p99 > limit).map(|p99| (row, p99, limit))
        })
        .max_by_key(|(row, p99, limit)| (p99 / limit, *p99, std::cmp::Reverse(row.at)))
}
