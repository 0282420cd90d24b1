//! AKS guards its API server: it throttles everybody, because something overloaded it.

use konspect_bundle::{Words, words};

use crate::facts::metrics::{Metrics, Rejects};
use crate::facts::{AnyOf, Listing, Missing};
use crate::finding::{Confidence, Finding, Meta, Risk, Severity, Step, Subject};
use crate::model::kube::{FlowSchema, PriorityLevel};
use crate::model::metrics::Scrape;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct ManagedApiserverGuardActive;

static META: Meta =
    rule_meta!("KSP3007", "managed-apiserver-guard-active", ApiServer, Symptom, Warning, "managed_apiserver_guard_active.md");

/// AKS gives schema and level this one name.
const GUARD: &str = "aks-managed-apiserver-guard";

impl Rule for ManagedApiserverGuardActive {
    const META: &'static Meta = &META;
    type Inputs<'f> = (AnyOf<&'f Listing<FlowSchema>, &'f Listing<Scrape>>, Option<&'f Listing<PriorityLevel>>);

    fn check((AnyOf(schemas, scrapes), levels): Self::Inputs<'_>, out: &mut Checked) {
        let rejects = scrapes.map(|scrapes| Metrics::new(scrapes).rejects()).unwrap_or_default();
        let rejected = rejects.iter().find(|reject| reject.flow_schema == GUARD);
        let schema = schemas.and_then(|schemas| schemas.iter().find(|schema| schema.meta.name == GUARD));
        let finding = match (schema, rejected) {
            (Some(schema), rejected) => {
                let finding = by_schema(schema, levels);
                match rejected {
                    Some(rejected) => finding.supported_by(rejected.at, turned_away(rejected)),
                    None => finding,
                }
            }
            (None, Some(rejected)) if schemas.is_none_or(|schemas| !schemas.complete) => META
                .finding(
                    Subject::new("FlowSchema", "", GUARD),
                    words!("managed-apiserver-guard-active-title"),
                    rejected.at,
                    turned_away(rejected),
                )
                .confidence(Confidence::Proven)
                .severity(if rejected.since.stands_still() { Severity::Info } else { Severity::Warning }),
            _ => {
                match schemas {
                    Some(schemas) if schemas.complete => {
                        out.cleared(schemas.at(), words!("managed-apiserver-guard-active-cleared", count = schemas.len()));
                    }
                    Some(_) => {}
                    None => out.blind(Missing::table(TableKind::FlowControl)),
                }
                return;
            }
        };
        out.found(finding.step(Step::new(words!("managed-apiserver-guard-active-advice"))).step(
            Step::new(words!("managed-apiserver-guard-active-remove"))
                .run(Risk::Changes, Some(format!("kubectl delete flowschema,prioritylevelconfiguration {GUARD}"))),
        ));
    }
}

fn turned_away(rejected: &Rejects) -> Words {
    words!(
        "requests-rejected-by-priority-and-fairness-metric",
        schema = &rejected.flow_schema,
        level = &rejected.priority_level,
        reason = &rejected.reason,
        count = rejected.count
    )
}

fn by_schema(schema: &FlowSchema, levels: Option<&Listing<PriorityLevel>>) -> Finding {
        let mut finding = META
            .finding(
                Subject::new("FlowSchema", "", GUARD),
                words!("managed-apiserver-guard-active-title"),
                schema.at,
                words!("managed-apiserver-guard-active-schema", name = GUARD),
            )
            .confidence(Confidence::Likely)
            .severity(Severity::Warning)
            .since(schema.meta.created.get());
        if let Some(level) = levels.and_then(|levels| levels.iter().find(|level| level.meta.name == GUARD)) {
            finding = finding
                .confidence(Confidence::Proven)
                .supported_by(level.at, words!("managed-apiserver-guard-active-level", shares = level.shares));
        }
        finding
}
