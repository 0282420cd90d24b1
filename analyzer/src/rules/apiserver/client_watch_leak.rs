//! One client opens watches and never closes them: by the audit log, else by the metrics.

use std::collections::BTreeMap;

use konspect_audit::AuditSummary;
use konspect_bundle::{Words, words};

use super::{advise, client, named, short, unread};
use crate::facts::clients::{churners, most_open, watch_leaks};
use crate::facts::metrics::{Metrics, Watches};
use crate::facts::{AnyOf, Listing, Missing, Nodes, Pods};
use crate::finding::{Confidence, Finding, Meta, Severity, Subject};
use crate::model::metrics::Scrape;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct ClientWatchLeak;

static META: Meta = rule_meta!("KSP3002", "client-watch-leak", ApiServer, Cause, Critical, "client_watch_leak.md");

/// Open watches of one client that are a leak beyond doubt.
const PLAIN: u64 = 150;

impl Rule for ClientWatchLeak {
    const META: &'static Meta = &META;
    type Inputs<'f> = (AnyOf<&'f AuditSummary, &'f Listing<Scrape>>, Option<&'f Nodes>, Option<&'f Pods>);

    fn check((AnyOf(audit, scrapes), nodes, pods): Self::Inputs<'_>, out: &mut Checked) {
        let seen = audit.filter(|audit| audit.tells_open);
        let metrics = scrapes.map(Metrics::new);
        let nodes = metrics.as_ref().and_then(Metrics::nodes).unwrap_or(0).max(nodes.map_or(0, Nodes::len) as u64);
        let swollen = metrics.as_ref().and_then(|metrics| metrics.swollen_watches(nodes));
        let open = seen.is_some_and(|audit| !audit.open.is_empty() || !audit.crowds.is_empty());
        let accounts = pods.filter(|_| open).map(by_account).unwrap_or_default();
        for leak in seen.into_iter().flat_map(|audit| watch_leaks(audit, nodes, &accounts)).take(3) {
            // Of an address that many share nobody can say that one client is behind it.
            let plain = leak.open >= PLAIN && !leak.shared;
            let mut finding = META
                .finding(
                    client(leak.user),
                    words!("client-watch-leak-title", user = leak.user, agent = short(leak.agent), open = leak.open),
                    leak.most.first.1,
                    words!("client-watch-leak-line", open = leak.most.count, resource = &leak.most.resource),
                )
                .confidence(if plain { Confidence::Proven } else { Confidence::Likely })
                .since(leak.since)
                .until(leak.until)
                .affected(usize::try_from(leak.open).unwrap_or(usize::MAX))
                .supported_by(
                    leak.most.last.1,
                    words!("client-watch-leak-last", rate = format!("{:.0}", leak.per_minute), resources = leak.resources),
                );
            for row in leak.others.iter().take(3) {
                finding = finding
                    .supported_by(row.first.1, words!("client-watch-leak-line", open = row.count, resource = &row.resource));
            }
            if leak.usual > 0 {
                finding = finding.supported_by(leak.most.first.1, words!("client-watch-leak-usual", usual = leak.usual));
            }
            if let Some(swollen) = &swollen {
                finding = finding.supported_by(swollen.at, counted(swollen));
            }
            out.found(advise(finding, leak.user, words!("client-watch-leak-advice")));
        }
        if !out.findings.is_empty() {
            return;
        }
        if let Some(swollen) = &swollen {
            out.found(unnamed(swollen));
            return;
        }
        let newest = metrics.as_ref().filter(|metrics| !metrics.other_process_is_swollen(nodes));
        if let Some(most) = newest.and_then(Metrics::most_watched) {
            out.cleared(most.at, words!("client-watch-leak-cleared", resource = &most.resource, open = most.open));
        } else if let Some(unread) = seen.and_then(unread) {
            out.blind(unread);
        } else if let Some((most, at)) = seen.filter(|audit| churners(audit).is_empty()).and_then(most_open) {
            let says = match most.open_watches {
                0 => words!("client-watch-leak-none"),
                open => words!("client-watch-leak-cleared-audit", user = named(most), open = open),
            };
            out.cleared(at, says);
        } else if seen.is_none() {
            out.blind(Missing::table(TableKind::Audit));
        }
    }
}

/// Pods that run or are about to, by namespace and service account.
fn by_account(pods: &Pods) -> BTreeMap<(&str, &str), u64> {
    let mut accounts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| pod.phase != "Succeeded" && pod.phase != "Failed") {
        let account = if pod.service_account.is_empty() { "default" } else { pod.service_account.as_str() };
        *accounts.entry((&pod.meta.namespace, account)).or_default() += 1;
    }
    accounts
}

/// Watches far beyond what the cluster needs, but no audit log that names their owner.
fn unnamed(swollen: &Watches) -> Finding {
    let grown = swollen.before > 0 && swollen.open > swollen.before;
    META.finding(
        Subject::cluster(""),
        words!("client-watch-leak-unnamed", resource = &swollen.resource, open = swollen.open),
        swollen.at,
        counted(swollen),
    )
    .confidence(if grown { Confidence::Likely } else { Confidence::Possible })
    .severity(if grown { Severity::Critical } else { Severity::Warning })
    .settled_by(words!("client-watch-leak-settle"))
}

fn counted(swollen: &Watches) -> Words {
    words!(
        "client-watch-leak-metric",
        resource = &swollen.resource,
        open = swollen.open,
        before = swollen.before,
        scrape = swollen.which.number,
        scrapes = swollen.which.of
    )
}
