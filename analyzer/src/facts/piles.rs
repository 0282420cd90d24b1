//! Objects of one type that pile up: since when, and whose they are.
//!
//! Three kinds of lines tell: when those that are there were created, who creates them in the audit log,
//! and two scrapes of which the first counts few.

use jiff::Timestamp;
use konspect_audit::{AuditSummary, ClientSummary, Verb};
use konspect_bundle::Span;

use super::Facts;
use super::clients::time;
use super::metrics::Objects;
use crate::model::kube::ObjectMeta;
use crate::parse::onset::Rate;
use crate::parse::resource_of;

/// What a client must have created in the window of the audit log to be named.
const CREATED: u64 = 200;

/// Fewer objects with a time of creation tell no rate.
const DATED: usize = 100;

/// Who makes most of them and takes few away.
#[derive(Clone, Debug)]
pub struct Creator<'a> {
    pub user: &'a str,
    pub agent: &'a str,
    pub created: u64,
    /// By anybody.
    pub deleted: u64,
    /// The first bin from which it creates them; unknown when it did so before the log begins.
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub at: Span,
}

/// The client that makes most of a resource (`plural.group`), unless about as many are deleted.
pub fn creator<'a>(audit: &'a AuditSummary, resource: &str) -> Option<Creator<'a>> {
    let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
    let named = if group.is_empty() { plural.to_owned() } else { format!("{group}/{plural}") };
    audit
        .others()
        .filter_map(|client| creates(audit, client, &named))
        .filter(|creator| {
            creator.created >= CREATED.min(audit.seconds() / 4)
                && creator.deleted * 2 < creator.created
        })
        .max_by_key(|creator| creator.created)
}

/// What one client creates of `group/plural`.
pub fn creates<'a>(
    audit: &AuditSummary,
    client: &'a ClientSummary,
    resource: &str,
) -> Option<Creator<'a>> {
    let growth = client.growth.iter().find(|growth| growth.resource == resource)?;
    let series = client.series.iter().find(|series| {
        series.resource == resource && series.verb == Verb::Create && series.subresource.is_empty()
    })?;
    let (first, at) = series.tally.first?;
    let deleted = audit
        .clients
        .iter()
        .flat_map(|client| &client.growth)
        .filter(|growth| growth.resource == resource)
        .map(|growth| growth.deleted)
        .sum();
    // What was there when the log begins may have begun long before.
    let start = audit.window.map_or(0, |(first, _)| first);
    let creates_mostly = growth.created * 2 > client.total.requests;
    let since = match client.onset.filter(|_| creates_mostly) {
        Some(onset) => Some(onset.time.max(first)),
        None => (first > start.saturating_add(60_000_000)).then_some(first),
    };
    Some(Creator {
        user: &client.user,
        agent: &client.agent,
        created: growth.created,
        deleted,
        since: since.and_then(time),
        until: series.tally.last.and_then(time),
        at,
    })
}

/// When those that are there were created.
#[derive(Clone, Copy, Debug)]
pub struct Dated {
    /// From when on they were created at the rate that made them many.
    pub since: Timestamp,
    /// How many of them since then.
    pub count: u64,
    /// The first of these.
    pub at: Span,
}

/// Since when the objects of a resource that a listing holds were created.
pub fn dated(facts: &Facts, resource: &str) -> Option<Dated> {
    let mut created: Vec<(Timestamp, Span)> = Vec::new();
    let mut add =
        |meta: &ObjectMeta, at: Span| created.extend(meta.created.get().map(|time| (time, at)));
    match resource {
        "secrets" => {
            facts.secrets.ok()?.iter().for_each(|row| add(&row.meta, row.at));
        }
        "configmaps" => {
            facts.config_maps.ok()?.iter().for_each(|row| add(&row.meta, row.at));
        }
        "pods" => facts.pods.ok()?.iter().for_each(|row| add(&row.meta, row.at)),
        "jobs.batch" => facts.jobs.ok()?.iter().for_each(|row| add(&row.meta, row.at)),
        "certificatesigningrequests.certificates.k8s.io" => {
            facts.certificate_requests.ok()?.iter().for_each(|row| add(&row.meta, row.at));
        }
        _ => {
            let rows = facts.others.ok()?.iter();
            rows.filter(|row| resource_of(&row.api_version, &row.kind) == resource)
                .for_each(|row| add(&row.meta, row.at));
        }
    }
    if created.len() < DATED {
        return None;
    }
    created.sort_unstable();
    let mut rate = Rate::default();
    for (time, _) in &created {
        rate.add(*time, 1);
    }
    let (oldest, _) = *created.first()?;
    let from = rate.onset().unwrap_or(oldest);
    let since = created.iter().filter(|(time, _)| *time >= from);
    let (first, at) = *since.clone().next()?;
    Some(Dated { since: first, count: since.count() as u64, at })
}

/// When the scrape before was taken, where it counts a tenth of what the last one does or less: then they came since.
pub fn scraped_few(row: &Objects) -> Option<Timestamp> {
    let before = row.before?;
    (before.count.saturating_mul(10) <= row.count).then_some(before.taken).flatten()
}
