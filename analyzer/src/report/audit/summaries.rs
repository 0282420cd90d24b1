//! Answers from queries over audit tables that somebody else ran and saved.

use std::collections::BTreeMap;

use konspect_audit::{Aggregate, answers};

use super::questions::{LATENCY, LOAD, Question, REQUESTS, micros};
use super::{Cell, Table, stamp};

/// The tables that the rows give, in the columns of those that a log gives.
pub fn tables(rows: &[&Aggregate], most: usize) -> Vec<Table> {
    let mut tables = Vec::new();
    let counts = |key: fn(&Aggregate) -> &str| {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.start.is_none() && row.verb.is_empty()) {
            if let (key, Some(count)) = (key(row), row.count)
                && !key.is_empty()
            {
                *counts.entry(key).or_default() += count;
            }
        }
        let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
        counts.sort_by_key(|(key, count)| (std::cmp::Reverse(*count), *key));
        counts
    };
    for (question, column, counted) in [
        (Question::UserAgents, "user_agent", counts(|row| &row.user_agent)),
        (Question::Users, "user", counts(|row| &row.user)),
        (Question::SourceIps, "source_ip", counts(|row| &row.source_ip)),
    ] {
        let all: u64 = counted.iter().map(|(_, count)| count).sum();
        let cells = counted.iter().map(|(key, count)| {
            let share = answers::millionths(*count, all).unwrap_or(0);
            let head = [text(key), Cell::Count(*count), Cell::Millionths(share)];
            head.into_iter().chain(LOAD.iter().skip(2).map(|_| Cell::Missing)).collect()
        });
        let columns = std::iter::once(column).chain(LOAD).collect();
        push(&mut tables, question, columns, cells.collect(), most);
    }
    let mut bins: Vec<&&Aggregate> =
        rows.iter().filter(|row| row.start.is_some() && row.mean.is_some()).collect();
    bins.sort_by_key(|row| (row.user_agent.clone(), row.user.clone(), row.start));
    let cells = bins.iter().map(|row| {
        let agent = if row.user_agent.is_empty() { &row.user } else { &row.user_agent };
        vec![
            text(agent),
            row.start.map_or(Cell::Missing, |start| Cell::Text(stamp(start))),
            Cell::Missing,
            row.count.map_or(Cell::Missing, Cell::Count),
            micros(row.mean),
            micros(row.p50),
            Cell::Missing,
            micros(row.p99),
            micros(row.max),
        ]
    });
    push(&mut tables, Question::Latency, LATENCY.to_vec(), cells.collect(), usize::MAX);
    let mut slow: Vec<&&Aggregate> =
        rows.iter().filter(|row| row.p99.is_some() && !row.verb.is_empty()).collect();
    slow.sort_by_key(|row| (std::cmp::Reverse(row.p99), row.at));
    let cells = slow.iter().map(|row| {
        REQUESTS
            .iter()
            .map(|column| match *column {
                "user" => text(&row.user),
                "user_agent" => text(&row.user_agent),
                "verb" => text(&row.verb),
                "resource" => text(&row.resource),
                "requests" => row.count.map_or(Cell::Missing, Cell::Count),
                "p50_ms" => micros(row.p50),
                "p99_ms" => micros(row.p99),
                "max_ms" => micros(row.max),
                "where" => Cell::Place(row.at),
                _ => Cell::Missing,
            })
            .collect()
    });
    push(&mut tables, Question::Requests, REQUESTS.to_vec(), cells.collect(), most);
    tables
}

fn push(
    tables: &mut Vec<Table>,
    question: Question,
    columns: Vec<&'static str>,
    mut rows: Vec<Vec<Cell>>,
    most: usize,
) {
    if !rows.is_empty() {
        let more = rows.len().saturating_sub(most) as u64;
        rows.truncate(most);
        tables.push(Table { question, columns, rows, more });
    }
}

fn text(text: &str) -> Cell {
    if text.is_empty() { Cell::Missing } else { Cell::Text(text.to_owned()) }
}
