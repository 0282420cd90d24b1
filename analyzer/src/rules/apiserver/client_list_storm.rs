//! One client lists whole collections again and again: each LIST costs as much as its result is big.

use konspect_audit::AuditSummary;
use konspect_bundle::{Words, words};

use super::{Storm, storms};
use crate::facts::clients::{Habit, heavy};
use crate::facts::metrics::{ListCost, Metrics};
use crate::facts::{AnyOf, Listing, Missing};
use crate::finding::{Confidence, Finding, Meta, Severity, Subject};
use crate::model::kube::FlowSchema;
use crate::model::metrics::Scrape;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct ClientListStorm;

static META: Meta = rule_meta!("KSP3003", "client-list-storm", ApiServer, Cause, Critical, "client_list_storm.md");

static STORM: Storm = Storm {
    habit: Habit::Lists,
    title: |heavy, user, agent, rate| {
        let lists = heavy.top.tally.lists;
        if lists.paged * 2 > lists.count {
            words!("client-list-storm-paged-title", user = user, agent = agent, rate = rate)
        } else {
            words!("client-list-storm-title", user = user, agent = agent, rate = rate)
        }
    },
    line: |verb, resource, count| words!("client-list-storm-line", verb = verb, resource = resource, count = count),
    advice: || words!("client-list-storm-advice"),
};

/// Objects a second that an API server fetches for LISTs of one resource before that is a load.
const FETCHED: f64 = 2_000.0;

impl Rule for ClientListStorm {
    const META: &'static Meta = &META;
    type Inputs<'f> = (AnyOf<&'f AuditSummary, &'f Listing<Scrape>>, Option<&'f Listing<FlowSchema>>);

    fn check((AnyOf(audit, scrapes), schemas): Self::Inputs<'_>, out: &mut Checked) {
        let metrics = scrapes.map(Metrics::new);
        let costs = metrics.as_ref().map(Metrics::list_costs).unwrap_or_default();
        // Reads are not in a log of writes alone.
        if let Some(audit) = audit.filter(|audit| !audit.admin_only) {
            storms(&META, &STORM, audit, schemas, out);
            let storms = heavy(audit);
            for (finding, storm) in out.findings.iter_mut().zip(storms.iter().filter(|storm| storm.habit == Habit::Lists)) {
                let asked = plural(&storm.top.resource);
                if let Some(cost) = costs.iter().find(|cost| cost.resource == asked) {
                    *finding = finding.clone().supported_by(cost.at, counted(cost));
                }
            }
        } else if let Some(cost) = fastest(&costs) {
            if cost.rate.is_some_and(|(lists, fetched)| lists >= 1.0 && fetched >= FETCHED) {
                out.found(unnamed(cost, metrics.as_ref()));
            } else {
                out.cleared(cost.at, words!("client-list-storm-cleared", resource = &cost.resource, rate = a_second(cost).0));
            }
        } else {
            out.blind(if audit.is_some() { Missing::reads() } else { Missing::table(TableKind::Audit) });
        }
    }
}

/// The LISTs that fetched most objects a second between two scrapes.
fn fastest(costs: &[ListCost]) -> Option<&ListCost> {
    costs
        .iter()
        .filter_map(|cost| Some((cost, cost.rate?)))
        .max_by(|(_, (_, one)), (_, (_, other))| one.total_cmp(other))
        .map(|(cost, _)| cost)
}

/// LISTs that cost much, but no audit log that names their client.
fn unnamed(cost: &ListCost, metrics: Option<&Metrics<'_>>) -> Finding {
    let slow = metrics.and_then(|metrics| metrics.slow_requests().into_iter().next());
    let (lists, fetched) = a_second(cost);
    let title = words!("client-list-storm-unnamed", resource = &cost.resource, rate = lists, objects = fetched);
    let finding = META
        .finding(Subject::cluster(""), title, cost.at, counted(cost))
        .confidence(if slow.is_some() { Confidence::Likely } else { Confidence::Possible })
        .severity(if slow.is_some() { Severity::Critical } else { Severity::Warning })
        .settled_by(words!("client-list-storm-settle"));
    match slow {
        Some(slow) => finding.supported_by(slow.at, words!("client-load-breach")),
        None => finding,
    }
}

/// LISTs and objects a second, in words.
fn a_second(cost: &ListCost) -> (String, String) {
    let (lists, fetched) = cost.rate.unwrap_or_default();
    (format!("{lists:.1}"), format!("{fetched:.0}"))
}

fn counted(cost: &ListCost) -> Words {
    let (lists, fetched, returned) = (cost.lists, cost.fetched, cost.returned);
    let resource = &cost.resource;
    if cost.cached {
        words!("client-list-storm-from-cache", resource = resource, lists = lists, fetched = fetched, returned = returned)
    } else {
        words!("client-list-storm-from-etcd", resource = resource, lists = lists, fetched = fetched, returned = returned)
    }
}

/// `plural.group` of an audit log's `group/plural`.
fn plural(resource: &str) -> String {
    resource.split_once('/').map_or(resource.to_owned(), |(group, plural)| format!("{plural}.{group}"))
}
