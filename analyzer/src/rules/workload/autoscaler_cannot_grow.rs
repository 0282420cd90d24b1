//! The cluster autoscaler wants nodes and does not get them.

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

impl Rule for AutoscalerCannotGrow {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let mut signs: Vec<(Span, String, Option<jiff::Timestamp>)> = Vec::new();
        let events = facts.events.ok().into_iter();
        for event in events.flat_map(|events| events.reason(&["FailedScaleUp", "NotTriggerScaleUp", "ScaleUpFailed"])) {
            let code = refusal(&event.message);
            let at_maximum = event.message.contains("max node group size reached");
            if event.reason != "NotTriggerScaleUp" || code.is_some() || at_maximum {
                signs.push((event.at, event.message.clone(), event.first.or(event.last)));
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
        let code = signs.iter().find_map(|(_, text, _)| refusal(text)).unwrap_or("max node group size reached");
        let mut finding = META
            .finding(
                Subject::cluster(&facts.context.cluster),
                words!("autoscaler-cannot-grow-title", why = code),
                *at,
                words!("autoscaler-cannot-grow-says", text = text),
            )
            .confidence(if signs.len() > 1 { Confidence::Proven } else { Confidence::Likely })
            .since(signs.iter().filter_map(|(_, _, time)| *time).min());
        for (at, text, _) in signs.iter().skip(1).take(4) {
            finding = finding.supported_by(*at, words!("autoscaler-cannot-grow-says", text = text));
        }
        out.found(finding.step(Step::new(words!("autoscaler-cannot-grow-do")).run(
            Risk::Reads,
            Some("kubectl get configmap cluster-autoscaler-status -n kube-system -o yaml".to_owned()),
        )));
    }
}

fn refusal(text: &str) -> Option<&'static str> {
    if text.contains("exceeding approved") && text.contains("uota") {
        return Some("QuotaExceeded");
    }
    REFUSALS.iter().copied().find(|code| text.contains(code))
}
