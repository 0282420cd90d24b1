//! How clients read: watches, and what they ask for again and again.

use std::collections::{BTreeMap, BTreeSet};

use konspect_audit::answers::millionths;
use konspect_audit::{AuditSummary, ClientSummary, Verb, WatchCounts};

use super::super::{Cell, Table, stamp};
use super::{Ask, Question, clients, micros, ranked, table, text};

pub(super) fn watches(audit: &AuditSummary, ask: &Ask) -> Table {
    let mut open: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for row in audit.open.iter().filter(|row| row.verb == Verb::Watch) {
        *open.entry((&row.user, &row.agent, &row.resource)).or_default() += row.count;
    }
    let mut rows = Vec::new();
    for client in clients(audit, ask) {
        let mut of_client: BTreeMap<&str, WatchCounts> = BTreeMap::new();
        for series in client.series.iter().filter(|series| series.verb == Verb::Watch) {
            let sum = of_client.entry(&series.resource).or_default();
            let counts = series.tally.watches;
            sum.started += counts.started;
            sum.ended += counts.ended;
            sum.short += counts.short;
            sum.lived = sum.lived.saturating_add(counts.lived);
        }
        rows.extend(of_client.into_iter().map(|(resource, counts)| {
            let open = open.get(&(&*client.user, &*client.agent, resource)).copied().unwrap_or(0);
            let cells = vec![
                text(&client.user),
                text(&client.agent),
                text(resource),
                Cell::Count(open),
                Cell::Count(counts.started),
                Cell::Count(counts.ended),
                Cell::Count(counts.short),
                micros(counts.lived.checked_div(counts.ended)),
            ];
            ((open, counts.started + counts.ended), cells)
        }));
    }
    let columns =
        ["user", "user_agent", "resource", "open", "started", "ended", "short", "mean_life_ms"];
    ranked(Question::Watches, &columns, rows, ask)
}

pub(super) fn open_watches(audit: &AuditSummary, ask: &Ask) -> Table {
    let mut left_out: BTreeSet<(&str, &str)> = audit.clients.iter().map(names).collect();
    for client in clients(audit, ask) {
        left_out.remove(&names(client));
    }
    let rows = audit
        .open
        .iter()
        .filter(|row| row.verb == Verb::Watch)
        .filter(|row| !left_out.contains(&(row.user.as_str(), row.agent.as_str())))
        .map(|row| {
            vec![
                text(&row.user),
                text(&row.agent),
                text(&row.resource),
                text(&row.namespace),
                Cell::Count(row.count),
                Cell::Text(stamp(row.first.0)),
                Cell::Text(stamp(row.last.0)),
                Cell::Place(row.first.1),
            ]
        })
        .collect();
    let columns = ["user", "user_agent", "resource", "namespace", "open", "first", "last", "where"];
    table(Question::OpenWatches, &columns, rows, ask)
}

/// What open requests know their client by.
fn names(client: &ClientSummary) -> (&str, &str) {
    (&client.user, &client.agent)
}

pub(super) fn polling(audit: &AuditSummary, ask: &Ask) -> Table {
    let mut rows = Vec::new();
    for client in clients(audit, ask) {
        for object in &client.polled {
            let (Some((first, at)), Some(last)) = (object.first, object.last) else { continue };
            // Two reads are one interval apart; less than a second of them is no rate.
            let micros = last.saturating_sub(first).unsigned_abs();
            let rate = (micros >= 1_000_000)
                .then(|| {
                    millionths(object.count.saturating_sub(1).saturating_mul(1_000_000), micros)
                })
                .flatten();
            rows.push((
                object.count,
                vec![
                    text(&client.user),
                    text(&client.agent),
                    text(&object.resource),
                    text(&object.namespace),
                    text(&object.name),
                    Cell::Count(object.count),
                    rate.map_or(Cell::Missing, Cell::Millionths),
                    Cell::Text(stamp(first)),
                    Cell::Text(stamp(last)),
                    Cell::Place(at),
                ],
            ));
        }
    }
    let columns = [
        "user",
        "user_agent",
        "resource",
        "namespace",
        "name",
        "reads",
        "per_second",
        "first",
        "last",
        "where",
    ];
    ranked(Question::Polling, &columns, rows, ask)
}

pub(super) fn unbounded_lists(audit: &AuditSummary, ask: &Ask) -> Table {
    let mut rows = Vec::new();
    for client in clients(audit, ask) {
        for series in client.series.iter().filter(|series| series.tally.lists.unpaged > 0) {
            let lists = series.tally.lists;
            rows.push((
                lists.unpaged,
                vec![
                    text(&client.user),
                    text(&client.agent),
                    text(&series.resource),
                    text(series.scope.as_str()),
                    Cell::Count(lists.unpaged),
                    Cell::Count(lists.count),
                    Cell::Count(lists.cached),
                    Cell::Count(lists.paged),
                    Cell::Count(lists.selected),
                    micros(series.tally.mean()),
                    series.tally.slowest.map_or(Cell::Missing, |(_, at)| Cell::Place(at)),
                ],
            ));
        }
    }
    let columns = [
        "user",
        "user_agent",
        "resource",
        "scope",
        "unbounded",
        "lists",
        "from_cache",
        "paged",
        "selected",
        "mean_ms",
        "where",
    ];
    ranked(Question::UnboundedLists, &columns, rows, ask)
}
