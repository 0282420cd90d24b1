//! What goes wrong: requests that fail, webhooks, what is left behind, and what will be removed.

use konspect_audit::answers::{self, GrowthRow};
use konspect_audit::{AuditSummary, Component, Failure, Growth};

use super::super::{Cell, Table, stamp};
use super::{Ask, Question, at_most, enough, micros, table, text};

pub(super) fn rejected(audit: &AuditSummary, ask: &Ask) -> Table {
    let rows = answers::rejections(audit, &ask.filter)
        .into_iter()
        .map(|row| {
            vec![
                text(row.reason),
                Cell::Text(row.user),
                Cell::Text(row.agent),
                Cell::Count(row.count),
                Cell::Millionths(row.share),
            ]
        })
        .collect();
    let columns = ["reason", "user", "user_agent", "requests", "share"];
    table(Question::Rejected, &columns, rows, ask)
}

pub(super) fn failures(audit: &AuditSummary, ask: &Ask) -> Table {
    let rows = audit
        .failures
        .iter()
        .filter(|failure| !failure.kind.everyday())
        .map(|failure| {
            vec![
                text(failure.kind.as_str()),
                Cell::Count(u64::from(failure.code)),
                text(&failure.name),
                Cell::Count(failure.count),
                Cell::Count(failure.clients.len() as u64),
                failure.first.map_or(Cell::Missing, |(time, _)| Cell::Text(stamp(time))),
                failure.last.map_or(Cell::Missing, |(time, _)| Cell::Text(stamp(time))),
                text(&failure.message),
                failure.first.map_or(Cell::Missing, |(_, at)| Cell::Place(at)),
            ]
        })
        .collect();
    let columns =
        ["reason", "code", "name", "requests", "clients", "first", "last", "message", "where"];
    table(Question::Failures, &columns, rows, ask)
}

pub(super) fn webhooks(audit: &AuditSummary, ask: &Ask) -> Table {
    let hooks = [Component::ValidatingWebhook, Component::MutatingWebhook];
    let mut rows: Vec<Vec<Cell>> = audit
        .parts
        .iter()
        .filter(|part| hooks.contains(&part.component))
        .map(|part| {
            let [p50, p99] = part.histogram.quantiles([500, 990]);
            let max = part.slowest.map(|(nanos, _)| nanos / 1000);
            vec![
                text(part.component.as_str()),
                Cell::Missing,
                text(part.verb.as_str()),
                text(&part.resource),
                Cell::Count(part.count),
                at_most(p50, max.unwrap_or(u64::MAX)),
                enough(part.count, 990, p99, max.unwrap_or(u64::MAX)),
                micros(max),
                part.slowest.map_or(Cell::Missing, |(_, at)| Cell::Place(at)),
            ]
        })
        .collect();
    let failed = [Failure::WebhookFailed, Failure::WebhookFailedOpen, Failure::WebhookDenied];
    rows.extend(audit.failures.iter().filter(|failure| failed.contains(&failure.kind)).map(
        |failure| {
            vec![
                text(failure.kind.as_str()),
                text(&failure.name),
                Cell::Missing,
                Cell::Missing,
                Cell::Count(failure.count),
                Cell::Missing,
                Cell::Missing,
                Cell::Missing,
                failure.first.map_or(Cell::Missing, |(_, at)| Cell::Place(at)),
            ]
        },
    ));
    let columns =
        ["what", "webhook", "verb", "resource", "requests", "p50_ms", "p99_ms", "max_ms", "where"];
    table(Question::Webhooks, &columns, rows, ask)
}

pub(super) fn leaks(audit: &AuditSummary, ask: &Ask) -> Table {
    // What somebody else took away, as controllers do, is not left either.
    let everybody = Growth::by_resource(audit.clients.iter().flat_map(|client| &client.growth));
    let left = |row: &GrowthRow| {
        let all = everybody.get(row.resource.as_str());
        let all = all.map_or(0, |all| all.created.saturating_sub(all.deleted));
        row.created.saturating_sub(row.deleted).min(all)
    };
    let rows = answers::growth(audit, &ask.filter)
        .into_iter()
        .filter(|row| left(row) > 0)
        .map(|row| {
            let left = left(&row);
            vec![
                Cell::Text(row.user),
                Cell::Text(row.agent),
                Cell::Text(row.resource),
                Cell::Count(left),
                Cell::Count(row.created),
                Cell::Count(row.deleted),
                Cell::Count(row.collections_deleted),
            ]
        })
        .collect();
    let columns =
        ["user", "user_agent", "resource", "left", "created", "deleted", "collections_deleted"];
    table(Question::Leaks, &columns, rows, ask)
}

pub(super) fn deprecated(audit: &AuditSummary, ask: &Ask) -> Table {
    let rows = audit
        .deprecated
        .iter()
        .filter(|row| row.count > 0)
        .map(|row| {
            vec![
                text(&row.user),
                text(&row.agent),
                text(&row.api),
                text(&row.removed_release),
                Cell::Count(row.count),
                row.last.map_or(Cell::Missing, |(time, _)| Cell::Text(stamp(time))),
                row.first.map_or(Cell::Missing, |(_, at)| Cell::Place(at)),
            ]
        })
        .collect();
    let columns = ["user", "user_agent", "api", "removed_release", "requests", "last", "where"];
    table(Question::Deprecated, &columns, rows, ask)
}
