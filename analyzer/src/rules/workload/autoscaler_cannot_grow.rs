//! The cluster autoscaler wants nodes and does not get them.

use std::collections::BTreeSet;

use konspect_bundle::{Span, words};

use crate::facts::Facts;
use crate::finding::{Confidence, Meta, Risk, Step, Subject};
use crate::model::log::Signal;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct AutoscalerCannotGrow;

static META: Meta =
    rule_meta!("KSP7005", "autoscaler-cannot-grow", Workload, Cause, Critical, "autoscaler_cannot_grow.md");

/// What Azure answers when it has no machine to give: code and where it stands in a text.
const REFUSALS: &[&str] = &[
    "SkuNotAvailable",
    "ZonalAllocationFailed",
    "OverconstrainedZonalAllocationRequest",
    "OverconstrainedAllocationRequest",
    "AllocationFailed",
    "QuotaExceeded",
    "SubnetIsFull",
];

/// Why the autoscaler does not even try, in its own words.
const STUCK: &[&str] = &["max node group size reached", "in backoff after failed scale-up"];

impl Rule for AutoscalerCannotGrow {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let mut signs: Vec<(Span, String, Option<jiff::Timestamp>)> = Vec::new();
        let events = facts.events.ok().into_iter();
        for event in events.flat_map(|events| events.reason(&["FailedScaleUp", "NotTriggerScaleUp", "ScaleUpFailed"])) {
            let code = refusal(&event.message);
            let says_so = STUCK.iter().any(|words| event.message.contains(words));
            if event.reason != "NotTriggerScaleUp" || code.is_some() || says_so {
                signs.push((event.at, event.message.to_string(), event.first.get().or(event.last.get())));
            }
        }
        for error in facts.azure_errors.ok().into_iter().flat_map(|errors| errors.iter()) {
            if refusal(&error.code).or_else(|| refusal(&error.message)).is_some() {
                signs.push((error.at, format!("{} {}", error.code, error.message), None));
            }
        }
        for (_, hit) in facts.logs.ok().into_iter().flat_map(|logs| logs.hits(Signal::AllocationFailed)) {
            signs.push((hit.at, hit.text.clone(), hit.time));
        }
        for map in facts.config_maps.ok().into_iter().flat_map(|maps| maps.iter()) {
            if map.meta.name != "cluster-autoscaler-status" {
                continue;
            }
            if let Some(line) = map.data.values().flat_map(|text| text.lines()).find(|line| line.contains("Backoff") && !line.contains("NoActivity")) {
                signs.push((map.at, line.trim().to_owned(), None));
            }
        }
        let Some((at, text, _)) = signs.first() else {
            if let Some(events) = facts.events.ok()
                && facts.pods.ok().is_some_and(|pods| pods.complete && pods.iter().all(|pod| pod.phase != "Pending"))
            {
                out.cleared(events.at(), words!("autoscaler-cannot-grow-cleared"));
            } else if facts.events.ok().is_none() {
                out.blind(crate::facts::Missing::table(crate::parse::TableKind::Events));
            }
            return;
        };
        let stuck = || signs.iter().find_map(|(_, text, _)| STUCK.iter().copied().find(|words| text.contains(words)));
        let code = signs.iter().find_map(|(_, text, _)| refusal(text)).or_else(stuck).unwrap_or("max node group size reached");
        let mut finding = META
            .finding(
                Subject::cluster(&facts.context.cluster),
                words!("autoscaler-cannot-grow-title", why = code),
                *at,
                words!("autoscaler-cannot-grow-says", text = text),
            )
            .confidence(if signs.len() > 1 { Confidence::Proven } else { Confidence::Likely })
            .since(signs.iter().filter_map(|(_, _, time)| *time).chain(first_wait(facts)).min());
        for (at, text, _) in signs.iter().skip(1).take(4) {
            finding = finding.supported_by(*at, words!("autoscaler-cannot-grow-says", text = text));
        }
        out.found(finding.step(Step::new(words!("autoscaler-cannot-grow-do")).run(
            Risk::Reads,
            Some("kubectl get configmap cluster-autoscaler-status -n kube-system -o yaml".to_owned()),
        )));
    }
}

/// The autoscaler speaks only after a Pod of its own waits: it could not grow when the first of them began to.
fn first_wait(facts: &Facts) -> Option<jiff::Timestamp> {
    let events = facts.events.ok()?;
    let told: BTreeSet<(&str, &str)> = events
        .reason(&["NotTriggerScaleUp", "TriggeredScaleUp", "FailedScaleUp"])
        .map(|event| (event.object.namespace.as_str(), event.object.name.as_str()))
        .collect();
    events
        .reason(&["FailedScheduling"])
        .filter(|event| told.contains(&(event.object.namespace.as_str(), event.object.name.as_str())))
        .filter_map(|event| event.first.get().or(event.last.get()))
        .min()
}

fn refusal(text: &str) -> Option<&'static str> {
    if text.contains("exceeding approved") && text.contains("uota") {
        return Some("QuotaExceeded");
    }
    REFUSALS.iter().copied().find(|code| text.contains(code))
}
