//! Azure Resource Manager throttles the subscription.

use konspect_bundle::words;

use super::signs::{first, signs};
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Meta, Risk, Step, Subject};
use crate::model::log::Signal;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct AzureApiThrottled;

static META: Meta = rule_meta!("KSP8002", "azure-api-throttled", Platform, Cause, Critical, "azure_api_throttled.md");

/// ARM's words; Kubernetes' own 429 has none of them.
const TEXTS: &[&str] = &[
    "HighCostGetVMScaleSet",
    "too many requests have been received for this subscription",
    "SubscriptionRequestsThrottled",
    "ResourceCollectionRequestsThrottled",
    "OperationNotAllowed\" Message=\"The server rejected the request because too many requests",
    "azure cloud provider rate limited",
    "client throttled",
    "StatusCode=429",
    "Status=429",
    "HTTPStatusCode: 429",
    "Code=\"TooManyRequests\"",
    "\"code\":\"TooManyRequests\"",
];

impl Rule for AzureApiThrottled {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let found = signs(facts, TEXTS, &[Signal::AzureThrottled]);
        let Some(sign) = found.first() else {
            match facts.events.ok() {
                Some(events) => out.cleared(events.at(), words!("azure-api-throttled-cleared")),
                None => out.blind(Missing::table(TableKind::Events)),
            }
            return;
        };
        let mut finding = META
            .finding(
                Subject::cluster(&facts.context.cluster),
                words!("azure-api-throttled-title"),
                sign.at,
                words!("azure-api-throttled-says", text = &sign.text),
            )
            .confidence(match found.len() {
                1 if long_over(facts, sign.time) => Confidence::Possible,
                1 => Confidence::Likely,
                _ => Confidence::Proven,
            })
            .since(first(&found))
            .affected(found.len());
        for sign in found.iter().skip(1).take(4) {
            finding = finding.supported_by(sign.at, words!("azure-api-throttled-says", text = &sign.text));
        }
        out.found(finding.step(Step::new(words!("azure-api-throttled-do")).run(
            Risk::Reads,
            Some("az monitor activity-log list --offset 1h --query \"[?contains(to_string(properties), '429')].caller\" -o tsv".to_owned()),
        )));
    }
}

/// ARM throttles for minutes: one refusal half an hour ago says nothing of now.
fn long_over(facts: &Facts, time: Option<jiff::Timestamp>) -> bool {
    facts.context.age_seconds(time).is_some_and(|age| age > 1800)
}
