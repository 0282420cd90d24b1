//! The API server turns requests away with 429 or lets them wait for a seat, and whose.

use std::collections::BTreeSet;

use konspect_audit::{AuditSummary, Component, Failure};
use konspect_bundle::{Words, words};

use crate::facts::breaches::{Queued, queued, waits_since};
use crate::facts::clients::time;
use crate::facts::metrics::{Counted, Crowded, InFlight, Metrics, Rejects};
use crate::facts::{AnyOf, Listing, Missing};
use crate::finding::{Confidence, Finding, Meta, Severity, Step, Subject};
use crate::model::kube::FlowSchema;
use crate::model::metrics::Scrape;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct RequestsRejectedByPriorityAndFairness;

static META: Meta = rule_meta!(
    "KSP3006",
    "requests-rejected-by-priority-and-fairness",
    ApiServer,
    Symptom,
    Warning,
    "requests_rejected_by_priority_and_fairness.md"
);

/// Fewer are a moment's burst.
const ENOUGH: u64 = 10;

/// Requests in a queue that one moment's burst does not make.
const WAITING: u64 = 10;

/// Thousandths of the requests that are allowed at a time from which a server is near its limit.
const NEAR: u64 = 800;

/// The schemas that the API server makes itself: what they reject is not turned away on purpose.
const BUILT_IN: &[&str] = &[
    "exempt", "probes", "system-leader-election", "endpoint-controller", "workload-leader-election", "system-node-high", "system-nodes",
    "kube-controller-manager", "kube-scheduler", "kube-system-service-accounts", "service-accounts", "global-default", "catch-all",
];

impl Rule for RequestsRejectedByPriorityAndFairness {
    const META: &'static Meta = &META;
    type Inputs<'f> = (AnyOf<&'f AuditSummary, &'f Listing<Scrape>>, Option<&'f Listing<FlowSchema>>);

    fn check((AnyOf(audit, scrapes), schemas): Self::Inputs<'_>, out: &mut Checked) {
        let metrics = scrapes.map(Metrics::new);
        let rejects = metrics.as_ref().map(Metrics::rejects).unwrap_or_default();
        let counted: u64 = rejects.iter().map(|reject| reject.count).sum();
        let logged: u64 = audit.map_or(0, |audit| audit.others().map(|client| client.total.failed(Failure::PriorityAndFairness)).sum());
        let dropped = metrics.as_ref().and_then(Metrics::dropped);
        let away = counted.max(logged).max(dropped.as_ref().map_or(0, |dropped| dropped.total));
        let crowded = metrics.as_ref().and_then(Metrics::crowded).filter(|crowded| crowded.queued >= WAITING);
        let flight = metrics.as_ref().and_then(Metrics::in_flight).filter(|flight| flight.full() >= NEAR);
        let found = if counted.max(logged) >= ENOUGH {
            found(audit, &rejects, counted.max(logged), schemas)
        } else {
            let dropped = dropped.filter(|dropped| dropped.total >= ENOUGH);
            dropped
                .map(|dropped| over_limit(&dropped))
                .or_else(|| audit.and_then(|audit| Some(in_queues(audit, &queued(audit)?))))
                .or_else(|| crowded.as_ref().map(waiting))
                .or_else(|| flight.as_ref().map(near_limit))
        };
        if let Some(mut finding) = found {
            if let Some(crowded) = crowded.filter(|crowded| finding.evidence.iter().all(|evidence| evidence.at != crowded.at)) {
                finding = finding.supported_by(crowded.at, level(&crowded));
            }
            if let Some(flight) = flight.filter(|flight| finding.evidence.iter().all(|evidence| evidence.at != flight.at)) {
                finding = finding.supported_by(flight.at, in_flight(&flight));
            }
            out.found(finding.step(Step::new(words!("requests-rejected-by-priority-and-fairness-advice"))));
        } else if let Some(at) = metrics.as_ref().filter(|metrics| metrics.counts_rejects()).and_then(Metrics::apiserver_at) {
            out.cleared(rejects.first().map_or(at, |reject| reject.at), few(away));
        } else if let Some((_, at)) = audit.filter(|audit| !audit.admin_only).and_then(|audit| audit.others().next()?.total.first) {
            out.cleared(at, few(away));
        } else {
            let because = metrics.as_ref().and_then(Metrics::apiserver_at).map(|at| (words!("scrape-counts-no-rejects"), at));
            out.blind(Missing { because, ..Missing::table(TableKind::Metrics) });
        }
    }
}

/// What clears the rule: nobody was turned away, or not more than in a moment's burst.
fn few(away: u64) -> Words {
    match away {
        0 => words!("requests-rejected-by-priority-and-fairness-cleared"),
        _ => words!("requests-rejected-by-priority-and-fairness-few", count = away),
    }
}

fn found(
    audit: Option<&AuditSummary>,
    rejects: &[Rejects],
    count: u64,
    schemas: Option<&Listing<FlowSchema>>,
) -> Option<Finding> {
    let failure = audit.and_then(|audit| audit.failures.iter().find(|failure| failure.kind == Failure::PriorityAndFairness));
    let by_log = failure.and_then(|failure| {
        let (user, _, most) = failure.clients.first()?;
        let (first, at) = failure.first?;
        // A moment's burst long before is no part of what goes on now.
        let onset = failure.rate.onset(audit?.window).map_or(first, |onset| onset.time.max(first));
        Some((onset, at, words!("requests-rejected-by-priority-and-fairness-log", user = user, count = *most)))
    });
    let by_metric = rejects.first().map(|reject| {
        let says = words!(
            "requests-rejected-by-priority-and-fairness-metric",
            schema = &reject.flow_schema,
            level = &reject.priority_level,
            reason = &reject.reason,
            count = reject.count
        );
        (reject.at, says)
    });
    let (at, says, onset) = match (&by_log, &by_metric) {
        (Some((onset, at, says)), _) => (*at, says.clone(), time(*onset)),
        (None, Some((at, says))) => (*at, says.clone(), None),
        (None, None) => return None,
    };
    let title = words!("requests-rejected-by-priority-and-fairness-title", count = count);
    let mut finding = META
        .finding(Subject::cluster(""), title, at, says)
        .confidence(Confidence::Proven)
        .severity(Severity::Warning)
        .since(onset)
        .affected(usize::try_from(count).unwrap_or(usize::MAX));
    if let (Some(_), Some((at, says))) = (&by_log, by_metric) {
        finding = finding.supported_by(at, says);
    }
    let names: BTreeSet<&str> = rejects.iter().map(|reject| reject.flow_schema.as_str()).collect();
    let own = schemas.into_iter().flat_map(|schemas| schemas.iter()).find(|schema| {
        names.contains(schema.meta.name.as_str()) && !BUILT_IN.contains(&schema.meta.name.as_str())
    });
    if let Some(schema) = own {
        let only = names.len() == 1;
        finding = finding
            .supported_by(schema.at, words!("requests-rejected-by-priority-and-fairness-own", schema = &schema.meta.name))
            .severity(if only { Severity::Info } else { Severity::Warning });
    }
    let grown: Option<u64> = rejects.iter().map(|reject| reject.since.by()).sum();
    if let (None, Some(by), Some(reject)) = (&by_log, grown, rejects.first()) {
        finding = finding.supported_by(reject.at, words!("requests-rejected-by-priority-and-fairness-grew", count = by));
        // Counters are of the process's whole life: what does not grow is over.
        if by == 0 {
            finding = finding.severity(Severity::Info);
        }
    }
    Some(finding)
}

/// Nobody is turned away yet, but slow requests say that they waited for a seat.
fn in_queues(audit: &AuditSummary, queued: &Queued) -> Finding {
    let [mean, slowest] = [queued.sum / queued.requests.max(1), queued.slowest].map(|nanos| {
        let millis = nanos / 1_000_000;
        format!("{}.{}", millis / 1_000, millis % 1_000 / 100)
    });
    META.finding(
        Subject::cluster(""),
        words!("requests-rejected-by-priority-and-fairness-queued-title", count = queued.requests, seconds = mean),
        queued.at,
        words!("requests-rejected-by-priority-and-fairness-queued", seconds = slowest),
    )
    .confidence(Confidence::Proven)
    .severity(Severity::Warning)
    .since(waits_since(audit, &[Component::QueueWait]))
    .affected(usize::try_from(queued.requests).unwrap_or(usize::MAX))
}

/// Requests that were turned away for their number in flight, by a server without priority and fairness.
fn over_limit(dropped: &Counted<()>) -> Finding {
    META.finding(
        Subject::cluster(""),
        words!("requests-rejected-by-priority-and-fairness-dropped-title", count = dropped.total),
        dropped.at,
        words!("requests-rejected-by-priority-and-fairness-dropped", count = dropped.total),
    )
    .confidence(Confidence::Proven)
    .severity(if dropped.since.stands_still() { Severity::Info } else { Severity::Warning })
    .affected(usize::try_from(dropped.total).unwrap_or(usize::MAX))
}

/// Nobody is turned away yet.
fn near_limit(flight: &InFlight) -> Finding {
    let (mutating, reading) = (flight.mutating.unwrap_or(0), flight.read_only.unwrap_or(0));
    META.finding(
        Subject::cluster(""),
        words!("requests-rejected-by-priority-and-fairness-flight-title", count = mutating + reading),
        flight.at,
        in_flight(flight),
    )
    .confidence(Confidence::Possible)
    .severity(Severity::Warning)
    .until(flight.which.until())
    .affected(usize::try_from(mutating + reading).unwrap_or(usize::MAX))
}

fn in_flight(flight: &InFlight) -> Words {
    let (mutating, reading) = (flight.mutating.unwrap_or(0), flight.read_only.unwrap_or(0));
    words!(
        "requests-rejected-by-priority-and-fairness-flight",
        mutating = mutating,
        reading = reading,
        scrape = flight.which.number,
        scrapes = flight.which.of
    )
}

/// A full level with a queue, before anybody is turned away.
fn waiting(crowded: &Crowded) -> Finding {
    META.finding(
        Subject::cluster(""),
        words!("requests-rejected-by-priority-and-fairness-waiting-title", level = &crowded.level, queued = crowded.queued),
        crowded.at,
        level(crowded),
    )
    .confidence(Confidence::Likely)
    .severity(Severity::Warning)
    .until(crowded.which.until())
    .affected(usize::try_from(crowded.queued).unwrap_or(usize::MAX))
}

fn level(crowded: &Crowded) -> Words {
    words!(
        "requests-rejected-by-priority-and-fairness-level",
        level = &crowded.level,
        taken = crowded.taken,
        seats = crowded.seats,
        queued = crowded.queued,
        scrape = crowded.which.number,
        scrapes = crowded.which.of
    )
}
