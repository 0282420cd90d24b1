//! One client writes without pause: mutating requests fill their share of the API server and etcd.

use konspect_audit::AuditSummary;
use konspect_bundle::words;

use super::{Storm, storms};
use crate::facts::Listing;
use crate::facts::clients::Habit;
use crate::finding::Meta;
use crate::model::kube::FlowSchema;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct ClientWriteStorm;

static META: Meta = rule_meta!("KSP3004", "client-write-storm", ApiServer, Cause, Critical, "client_write_storm.md");

static STORM: Storm = Storm {
    habit: Habit::Writes,
    title: |_, user, agent, rate| words!("client-write-storm-title", user = user, agent = agent, rate = rate),
    line: |verb, resource, count| words!("client-write-storm-line", verb = verb, resource = resource, count = count),
    advice: || words!("client-write-storm-advice"),
};

impl Rule for ClientWriteStorm {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f AuditSummary, Option<&'f Listing<FlowSchema>>);

    fn check((audit, schemas): Self::Inputs<'_>, out: &mut Checked) {
        storms(&META, &STORM, audit, schemas, out);
    }
}
