//! The cluster's own identity is no longer accepted by Azure.

use konspect_bundle::words;

use super::signs::{first, signs};
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Meta, Risk, Step, Subject};
use crate::model::log::Signal;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct ClusterIdentityExpired;

static META: Meta =
    rule_meta!("KSP8004", "cluster-identity-expired", Platform, Cause, Critical, "cluster_identity_expired.md");

/// Entra's error numbers and ARM's words: secret expired or wrong, application gone, no rights.
const TEXTS: &[&str] = &[
    "AADSTS7000222",
    "AADSTS7000215",
    "AADSTS700016",
    "AADSTS700024",
    "invalid_client",
    "LinkedAuthorizationFailed",
    "AuthorizationFailed",
];

impl Rule for ClusterIdentityExpired {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let found = signs(facts, TEXTS, &[Signal::AzureAuthFailed]);
        let Some(sign) = found.first() else {
            match facts.events.ok() {
                Some(events) => out.cleared(events.at(), words!("cluster-identity-expired-cleared")),
                None => out.blind(Missing::table(TableKind::Events)),
            }
            return;
        };
        let code = TEXTS.iter().find(|code| found.iter().any(|sign| sign.text.contains(**code))).copied();
        let expired = code.is_some_and(|code| code.starts_with("AADSTS") || code == "invalid_client");
        let title = if expired {
            words!("cluster-identity-expired-title", code = code.unwrap_or_default())
        } else {
            words!("cluster-identity-expired-rights-title")
        };
        let mut finding = META
            .finding(
                Subject::cluster(&facts.context.cluster),
                title,
                sign.at,
                words!("cluster-identity-expired-says", text = &sign.text),
            )
            .confidence(if expired { Confidence::Proven } else { Confidence::Likely })
            .since(first(&found))
            .affected(found.len());
        for sign in found.iter().skip(1).take(4) {
            finding = finding.supported_by(sign.at, words!("cluster-identity-expired-says", text = &sign.text));
        }
        let step = if expired {
            Step::new(words!("cluster-identity-expired-do-secret")).run(
                Risk::Changes,
                Some("az aks update-credentials --reset-service-principal --resource-group RESOURCE_GROUP --name CLUSTER --service-principal APP_ID --client-secret SECRET".to_owned()),
            )
        } else {
            Step::new(words!("cluster-identity-expired-do-rights"))
        };
        out.found(finding.step(step));
    }
}
