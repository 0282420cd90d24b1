//! A ResourceQuota or LimitRange forbids what somebody wants to create.

use std::collections::BTreeMap;

use konspect_bundle::{Span, words};

use crate::facts::inputs::AnyOf;
use crate::facts::{Events, Listing};
use crate::finding::{Confidence, Meta, Risk, Scope, Step, Subject};
use crate::model::workload::ResourceQuota;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct QuotaExceeded;

static META: Meta = rule_meta!("KSP7012", "quota-exceeded", Workload, Cause, Warning, "quota_exceeded.md");

struct Refusal {
    quota: String,
    message: String,
    since: Option<jiff::Timestamp>,
    at: Span,
    count: u64,
}

impl Rule for QuotaExceeded {
    const META: &'static Meta = &META;
    type Inputs<'f> = AnyOf<&'f Events, &'f Listing<ResourceQuota>>;

    fn check(AnyOf(events, quotas): Self::Inputs<'_>, out: &mut Checked) {
        let mut by_namespace: BTreeMap<String, Vec<Refusal>> = BTreeMap::new();
        for event in events.into_iter().flat_map(Events::iter) {
            let Some(quota) = quota_of(&event.message) else { continue };
            by_namespace.entry(event.object.namespace.to_string()).or_default().push(Refusal {
                quota,
                message: event.message.to_string(),
                since: event.first.get().or(event.last.get()),
                at: event.at,
                count: event.count.max(1),
            });
        }
        for (namespace, refusals) in by_namespace {
            let Some(first) = refusals.first() else { continue };
            let mut finding = META
                .finding(
                    Subject::new("ResourceQuota", &namespace, &first.quota),
                    words!("quota-exceeded-title", quota = &first.quota, namespace = &namespace),
                    first.at,
                    words!("quota-exceeded-says", message = &first.message),
                )
                .confidence(Confidence::Proven)
                .since(refusals.iter().filter_map(|refusal| refusal.since).min())
                .affected(usize::try_from(refusals.iter().map(|refusal| refusal.count).sum::<u64>()).unwrap_or(usize::MAX))
                .scope(Scope::Namespace(namespace.clone()));
            for refusal in refusals.iter().skip(1).take(2) {
                finding = finding.supported_by(refusal.at, words!("quota-exceeded-says", message = &refusal.message));
            }
            let known = quotas.into_iter().flat_map(|quotas| quotas.iter());
            if let Some(quota) = known.filter(|quota| quota.meta.namespace == namespace).find(|quota| quota.meta.name == first.quota) {
                finding = finding.supported_by(quota.at, words!("quota-exceeded-status", quota = &first.quota));
            }
            out.found(finding.step(
                Step::new(words!("quota-exceeded-do"))
                    .run(Risk::Reads, command("kubectl describe resourcequota -n {}", &[&namespace])),
            ));
        }
        if out.findings.is_empty()
            && let Some(events) = events
        {
            out.cleared(events.at(), words!("quota-exceeded-cleared"));
        }
    }
}

/// The quota that a refusal names: `exceeded quota: q, requested: …`, `failed quota: q: must specify …`.
fn quota_of(message: &str) -> Option<String> {
    for mark in ["exceeded quota: ", "failed quota: "] {
        if let Some((_, rest)) = message.split_once(mark) {
            return Some(rest.split([',', ':']).next().unwrap_or_default().trim().to_owned());
        }
    }
    let limit = ["maximum cpu usage per", "maximum memory usage per", "minimum cpu usage per", "minimum memory usage per"];
    limit.iter().any(|text| message.contains(text)).then(|| "LimitRange".to_owned())
}
