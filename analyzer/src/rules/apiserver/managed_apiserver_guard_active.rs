//! AKS guards its API server: it throttles everybody, because something overloaded it.

use konspect_bundle::words;

use crate::facts::Listing;
use crate::finding::{Confidence, Meta, Risk, Severity, Step, Subject};
use crate::model::kube::{FlowSchema, PriorityLevel};
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct ManagedApiserverGuardActive;

static META: Meta =
    rule_meta!("KSP3007", "managed-apiserver-guard-active", ApiServer, Symptom, Warning, "managed_apiserver_guard_active.md");

/// AKS gives schema and level this one name.
const GUARD: &str = "aks-managed-apiserver-guard";

impl Rule for ManagedApiserverGuardActive {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Listing<FlowSchema>, Option<&'f Listing<PriorityLevel>>);

    fn check((schemas, levels): Self::Inputs<'_>, out: &mut Checked) {
        let Some(schema) = schemas.iter().find(|schema| schema.meta.name == GUARD) else {
            if schemas.complete {
                out.cleared(schemas.at(), words!("managed-apiserver-guard-active-cleared", count = schemas.len()));
            }
            return;
        };
        let mut finding = META
            .finding(
                Subject::new("FlowSchema", "", GUARD),
                words!("managed-apiserver-guard-active-title"),
                schema.at,
                words!("managed-apiserver-guard-active-schema", name = GUARD),
            )
            .confidence(Confidence::Likely)
            .severity(Severity::Warning)
            .since(schema.meta.created);
        if let Some(level) = levels.and_then(|levels| levels.iter().find(|level| level.meta.name == GUARD)) {
            finding = finding
                .confidence(Confidence::Proven)
                .supported_by(level.at, words!("managed-apiserver-guard-active-level", shares = level.shares));
        }
        out.found(finding.step(Step::new(words!("managed-apiserver-guard-active-advice"))).step(
            Step::new(words!("managed-apiserver-guard-active-remove"))
                .run(Risk::Changes, Some(format!("kubectl delete flowschema,prioritylevelconfiguration {GUARD}"))),
        ));
    }
}
