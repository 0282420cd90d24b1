//! One client asks without pause: reads of single objects, requests that are refused, watches that end at once.

use konspect_audit::AuditSummary;
use konspect_bundle::words;

use super::{Storm, advise, client, hurt, named, resource, short, storms};
use crate::facts::clients::{Churn, Habit, churners};
use crate::facts::{Listing, Missing};
use crate::finding::{Confidence, Finding, Meta, Severity};
use crate::model::kube::FlowSchema;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct ClientRequestFlood;

static META: Meta = rule_meta!("KSP3001", "client-request-flood", ApiServer, Cause, Critical, "client_request_flood.md");

static STORM: Storm = Storm {
    habit: Habit::Reads,
    title: |_, user, agent, rate| words!("client-request-flood-title", user = user, agent = agent, rate = rate),
    line: |verb, resource, count| words!("client-request-flood-line", verb = verb, resource = resource, count = count),
    advice: || words!("client-request-flood-advice"),
};

impl Rule for ClientRequestFlood {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f AuditSummary, Option<&'f Listing<FlowSchema>>);

    fn check((audit, schemas): Self::Inputs<'_>, out: &mut Checked) {
        churners(audit).iter().take(3).for_each(|churn| out.found(churned(churn)));
        if !audit.admin_only {
            storms(&META, &STORM, audit, schemas, out);
        } else if out.findings.is_empty() {
            // Reads are not in such a log.
            out.blind(Missing::reads());
        }
    }
}

/// A client that opens its watches again and again.
fn churned(churn: &Churn<'_>) -> Finding {
    let (user, agent) = (named(churn.client), short(&churn.client.agent));
    let hurts = churn.harm.seen();
    let finding = META
        .finding(
            client(&user),
            words!("client-request-flood-churn-title", user = &user, agent = agent, rate = format!("{:.1}", churn.per_second)),
            churn.at,
            words!("client-request-flood-churn-line", count = churn.short, resource = resource(churn.top)),
        )
        .confidence(if hurts { Confidence::Likely } else { Confidence::Possible })
        .severity(if hurts { Severity::Critical } else { Severity::Warning })
        .since(churn.since)
        .until(churn.until)
        .affected(usize::try_from(churn.short).unwrap_or(usize::MAX));
    advise(hurt(finding, churn.harm, churn.at), &churn.client.user, words!("client-request-flood-churn-advice"))
}
