//! One client lists whole collections again and again: each LIST costs as much as its result is big.

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

pub(super) struct ClientListStorm;

static META: Meta = rule_meta!("KSP3003", "client-list-storm", ApiServer, Cause, Critical, "client_list_storm.md");

static STORM: Storm = Storm {
    habit: Habit::Lists,
    title: |user, agent, rate| words!("client-list-storm-title", user = user, agent = agent, rate = rate),
    line: |verb, resource, count| words!("client-list-storm-line", verb = verb, resource = resource, count = count),
    advice: || words!("client-list-storm-advice"),
};

impl Rule for ClientListStorm {
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
