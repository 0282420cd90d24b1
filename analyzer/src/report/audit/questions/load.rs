//! Who loads the API server, with how much, and how long requests take.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use konspect_audit::AuditSummary;
use konspect_audit::answers::{self, Dimension, Top};
use konspect_audit::objective::{Objective, is_breached};

use super::super::{Cell, Table, stamp};
use super::{
    Ask, COUNTED, LATENCY, LOAD, Question, REQUESTS, at_most, clients, enough, micros, ranked,
    table, text,
};

pub(super) fn top(
    question: Question,
    audit: &AuditSummary,
    ask: &Ask,
    dimension: Dimension,
    key: &'static str,
) -> Table {
    let (groups, count) = answers::topmost(audit, dimension, &ask.filter, ask.rows);
    let rows: Vec<Vec<Cell>> = groups
        .iter()
        .map(|group| std::iter::once(text(&group.key)).chain(load(group)).collect())
        .collect();
    let columns: Vec<&str> = std::iter::once(key).chain(LOAD).collect();
    let more = count.saturating_sub(rows.len()) as u64;
    let table = Table { question, columns, rows, more };
    let untold: &[&str] = match dimension {
        Dimension::Address | Dimension::Namespace | Dimension::Code => {
            LOAD.get(COUNTED..).unwrap_or_default()
        }
        Dimension::Verb | Dimension::Resource => &["users", "source_ips"],
        _ => &[],
    };
    without_columns(table, untold)
}

pub(super) fn groups(audit: &AuditSummary, ask: &Ask) -> Table {
    let bins = ask.groups.first() == Some(&"start");
    let seconds = u64::try_from(ask.bin_seconds).ok().filter(|_| bins);
    let mut groups = answers::grouped(audit, seconds);
    let columns: Vec<&str> = ask.groups.iter().copied().chain(LOAD).collect();
    let row = |(key, group): &(Vec<String>, Top)| {
        key.iter().map(|value| text(value)).chain(load(group)).collect()
    };
    if !bins {
        return table(Question::Groups, &columns, groups.iter().map(row).collect(), ask);
    }
    // All bins of those that ask most, one after the other.
    let mut sums: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    for (key, group) in &groups {
        *sums.entry(key.get(1..).unwrap_or_default().to_vec()).or_default() += group.requests;
    }
    let mut order: Vec<(&Vec<String>, u64)> = sums.iter().map(|(key, sum)| (key, *sum)).collect();
    order.sort_by_key(|(key, sum)| (Reverse(*sum), *key));
    let first: BTreeSet<&[String]> =
        order.iter().take(ask.rows).map(|(key, _)| key.as_slice()).collect();
    let all = groups.len();
    groups.retain(|(key, _)| first.contains(key.get(1..).unwrap_or_default()));
    groups.sort_by(|(left, _), (right, _)| left.first().cmp(&right.first()));
    Table {
        question: Question::Groups,
        columns,
        more: (all - groups.len()) as u64,
        rows: groups.iter().map(row).collect(),
    }
}

pub(super) fn latency(audit: &AuditSummary, ask: &Ask) -> Table {
    let rows: Vec<Vec<Cell>> = answers::latency(audit, ask.bin_seconds, &ask.filter, ask.rows)
        .into_iter()
        .map(|bin| {
            vec![
                Cell::Text(bin.agent),
                Cell::Text(bin.start),
                Cell::Count(bin.seconds.unsigned_abs()),
                Cell::Count(bin.requests),
                micros(bin.mean),
                at_most(bin.p50, bin.max),
                enough(bin.requests, 900, bin.p90, bin.max),
                enough(bin.requests, 990, bin.p99, bin.max),
                Cell::Micros(bin.max),
            ]
        })
        .collect();
    Table {
        question: Question::Latency,
        columns: LATENCY.to_vec(),
        rows,
        more: (audit.agents.len().saturating_sub(ask.rows)) as u64,
    }
}

pub(super) fn requests(question: Question, audit: &AuditSummary, ask: &Ask) -> Table {
    let (rows, count) = answers::objectives(audit, &ask.filter, ask.rows, |_, row| {
        question == Question::Requests || is_breached(row)
    });
    let rows: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|row| {
            let judged = match row.objective {
                Objective::Met => "met",
                Objective::Breached => "breached",
                Objective::TooFew => "too-few",
                Objective::Excluded => "excluded",
            };
            vec![
                Cell::Text(row.user),
                Cell::Text(row.agent),
                text(row.verb),
                Cell::Text(row.resource),
                Cell::Text(row.subresource),
                text(row.scope),
                Cell::Count(row.requests),
                at_most(row.p50, row.max),
                enough(row.requests, 900, row.p90, row.max),
                enough(row.requests, 990, row.p99, row.max),
                Cell::Micros(row.max),
                micros(row.limit),
                text(judged),
                enough(row.requests, 990, row.counted_p99, row.max),
                Cell::Micros(row.excused),
                row.slowest.map_or(Cell::Missing, Cell::Place),
            ]
        })
        .collect();
    let more = count.saturating_sub(rows.len()) as u64;
    Table { question, columns: REQUESTS.to_vec(), rows, more }
}

pub(super) fn bursts(audit: &AuditSummary, ask: &Ask) -> Table {
    let mut bursts = Vec::new();
    for client in clients(audit, ask) {
        for (what, onset, rate) in [
            ("requests", client.onset, &client.rate),
            ("watches", client.watch_onset, &client.watch_rate),
        ] {
            let Some(onset) = onset else { continue };
            let peak = rate.slots.iter().max_by_key(|(start, count)| (*count, -*start));
            let seconds = rate.slot_seconds.max(1).unsigned_abs();
            bursts.push((
                onset.after,
                vec![
                    text(&client.user),
                    text(&client.agent),
                    text(what),
                    Cell::Text(stamp(onset.time)),
                    Cell::Thousandths(onset.before),
                    Cell::Thousandths(onset.after),
                    peak.map_or(Cell::Missing, |(start, _)| Cell::Text(stamp(*start))),
                    peak.and_then(|(_, count)| answers::millionths(*count, seconds))
                        .map_or(Cell::Missing, Cell::Millionths),
                ],
            ));
        }
    }
    let columns = [
        "user",
        "user_agent",
        "what",
        "onset",
        "before_per_minute",
        "after_per_minute",
        "peak_at",
        "peak_per_second",
    ];
    ranked(Question::Bursts, &columns, bursts, ask)
}

fn load(top: &Top) -> [Cell; 13] {
    let max = top.max.unwrap_or(u64::MAX);
    [
        Cell::Count(top.requests),
        Cell::Millionths(top.share),
        top.rate.map_or(Cell::Missing, Cell::Millionths),
        Cell::Micros(top.work),
        micros(top.mean),
        at_most(top.p50, max),
        enough(top.timed, 900, top.p90, max),
        enough(top.timed, 990, top.p99, max),
        micros(top.max),
        Cell::Count(top.throttled),
        Cell::Count(top.server_errors),
        Cell::Count(top.users),
        Cell::Count(top.addresses),
    ]
}

/// Columns of a group that no group has anything for would only be read as zeros.
fn without_columns(mut table: Table, left_out: &[&str]) -> Table {
    for name in left_out {
        if let Some(at) = table.columns.iter().position(|column| column == name) {
            table.columns.remove(at);
            table.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
    }
    table
}
