//! Priority and fairness turns requests away with 429, and whose.

use std::collections::BTreeSet;

use konspect_audit::{AuditSummary, Failure};
use konspect_bundle::words;

use crate::facts::clients::time;
use crate::facts::metrics::Metrics;
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
        if counted.max(logged) >= ENOUGH {
            if let Some(finding) = found(audit, &rejects, counted.max(logged), schemas) {
                out.found(finding);
            }
        } else if let Some(at) = metrics.as_ref().filter(|metrics| metrics.counts_rejects()).and_then(Metrics::apiserver_at) {
            out.cleared(at, words!("requests-rejected-by-priority-and-fairness-cleared"));
        } else if let Some((_, at)) = audit.filter(|audit| !audit.admin_only).and_then(|audit| audit.others().next()?.total.first) {
            out.cleared(at, words!("requests-rejected-by-priority-and-fairness-cleared"));
        } else {
            out.blind(Missing::table(TableKind::Metrics));
        }
    }
}

fn found(
    audit: Option<&AuditSummary>,
    rejects: &[crate::facts::metrics::Rejects],
    count: u64,
    schemas: Option<&Listing<FlowSchema>>,
) -> Option<Finding> {
    let failure = audit.and_then(|audit| audit.failures.iter().find(|failure| failure.kind == Failure::PriorityAndFairness));
    let by_log = failure.and_then(|failure| {
        let (user, _, most) = failure.clients.first()?;
        let (first, at) = failure.first?;
        Some((first, at, words!("requests-rejected-by-priority-and-fairness-log", user = user, count = *most)))
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
        (Some((first, at, says)), _) => (*at, says.clone(), time(*first)),
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
    Some(finding.step(Step::new(words!("requests-rejected-by-priority-and-fairness-advice"))))
}
