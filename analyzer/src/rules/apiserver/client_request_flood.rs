//! One client reads single objects without pause: requests pile up and others are turned away.

use konspect_audit::AuditSummary;
use konspect_bundle::words;

use super::{Storm, storms};
use crate::facts::Listing;
use crate::facts::clients::Habit;
use crate::facts::Missing;
use crate::parse::TableKind;
use crate::finding::Meta;
use crate::model::kube::FlowSchema;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct ClientRequestFlood;

static META: Meta = rule_meta!("KSP3001", "client-request-flood", ApiServer, Cause, Critical, "client_request_flood.md");

static STORM: Storm = Storm {
    habit: Habit::Reads,
    title: |user, agent, rate| words!("client-request-flood-title", user = user, agent = agent, rate = rate),
    line: |verb, resource, count| words!("client-request-flood-line", verb = verb, resource = resource, count = count),
    advice: || words!("client-request-flood-advice"),
};

impl Rule for ClientRequestFlood {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f AuditSummary, Option<&'f Listing<FlowSchema>>);

    fn check((audit, schemas): Self::Inputs<'_>, out: &mut Checked) {
        if audit.admin_only {
            // Reads are not in such a log.
            out.blind(Missing::table(TableKind::Audit));
            return;
        }
        storms(&META, &STORM, audit, schemas, out);
    }
}
