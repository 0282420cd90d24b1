//! What an audit log answers, as tables: one a question, for the report and the `audit` command.
//!
//! A column's key is what scripts read and names its unit; its heading is a sentence like any other.

pub mod questions;
#[cfg(feature = "schema")]
pub(super) mod schema;
pub mod summaries;

use std::collections::BTreeMap;

use konspect_audit::{AuditSummary, ClientSummary, containment, counterfactual};
use konspect_bundle::{Span, Words, words};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};

use self::questions::{Ask, Question};
use super::{ApiLoadCard, SeriesCard};
use crate::facts::clients::{heavy, hoarders};

/// Rows of each table in a report.
const ROWS: usize = 20;
/// Bins of latency that a report shows of one user agent, more or less.
const BINS: i64 = 96;
/// Five minutes, as the vendor's own queries have it.
const BIN_SECONDS: i64 = 300;
/// Lines of the latency chart, and bars of the load chart.
const LINES: usize = 5;
const BARS: usize = 12;

/// Rows under named columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub question: Question,
    /// Keys, in the order of the cells.
    pub columns: Vec<&'static str>,
    pub rows: Vec<Vec<Cell>>,
    /// Rows that were left out.
    pub more: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Missing,
    Text(String),
    Count(u64),
    Micros(u64),
    Thousandths(u64),
    Millionths(u64),
    Place(Span),
}

impl Cell {
    /// The value for scripts: milliseconds and fractions as numbers, places as path and byte.
    pub fn json(&self, paths: &[String]) -> Value {
        match self {
            Self::Missing => Value::Null,
            Self::Text(text) => Value::from(text.as_str()),
            Self::Count(count) => Value::from(*count),
            Self::Micros(value) | Self::Thousandths(value) => Value::from(*value as f64 / 1000.0),
            Self::Millionths(value) => Value::from(*value as f64 / 1e6),
            Self::Place(at) => match paths.get(at.artifact.0 as usize) {
                Some(path) => json!({ "path": path, "start": at.start, "end": at.end }),
                None => Value::Null,
            },
        }
    }
}

impl Table {
    /// The rows as objects.
    pub fn json(&self, paths: &[String]) -> Value {
        let object = |row: &Vec<Cell>| {
            let cells = self.columns.iter().zip(row);
            cells.map(|(key, cell)| ((*key).to_owned(), cell.json(paths))).collect::<Map<_, _>>()
        };
        self.rows.iter().map(object).map(Value::Object).collect()
    }
}

/// What was read, and what cannot be told from it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reading {
    /// What the log covers, RFC 3339: a request that runs long by nature does not make it longer.
    from: Option<String>,
    to: Option<String>,
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    seconds: u64,
    /// Lines, array items or rows: events + refused + foreign + empty.
    records: u64,
    /// Audit events.
    events: u64,
    /// Records that could not be read.
    refused: u64,
    /// Records of other log categories.
    foreign: u64,
    /// Envelopes without an event.
    empty: u64,
    /// Events cut by their exporter.
    partial: u64,
    /// Events that were counted before.
    duplicates: u64,
    /// Events that a filter left out.
    left_out: u64,
    /// Requests that ended, and watches that are open.
    requests: u64,
    /// Requests of the collection itself, which the tables set apart.
    collector_requests: u64,
    /// Events by the form in which they came.
    forms: BTreeMap<String, u64>,
    /// No get and no list is in the log: nothing can be said about them.
    admin_only: bool,
    tells_open_watches: bool,
    /// The export has exactly so many rows, at which exports are cut.
    row_cap: Option<u64>,
    /// There was no log, but results of queries over audit tables that somebody else ran.
    from_summaries: bool,
}

/// What was read, and what cannot be told from it.
pub fn reading(audit: &AuditSummary) -> Reading {
    let reading = audit.reading;
    Reading {
        from: audit.window.map(|(from, _)| stamp(from)),
        to: audit.window.map(|(_, to)| stamp(to)),
        seconds: audit.seconds(),
        records: reading.records,
        events: reading.events,
        refused: reading.refused,
        foreign: reading.foreign,
        empty: reading.empty,
        partial: reading.partial,
        duplicates: reading.duplicates,
        left_out: reading.left_out,
        requests: audit.requests(),
        collector_requests: collector_requests(audit),
        forms: audit.forms.iter().map(|(form, count)| (form.as_str().to_owned(), *count)).collect(),
        admin_only: audit.admin_only,
        tells_open_watches: audit.tells_open,
        row_cap: audit.row_cap,
        from_summaries: false,
    }
}

/// Requests of whoever collected the bundle.
pub fn collector_requests(audit: &AuditSummary) -> u64 {
    audit.clients.iter().filter(|client| client.collector).map(ClientSummary::requests).sum()
}

/// What a reader must know before believing the tables.
pub fn cautions(audit: &AuditSummary) -> Vec<Words> {
    let mut cautions = Vec::new();
    let reading = audit.reading;
    if audit.admin_only && reading.refused * 2 < reading.records {
        cautions.push(words!("audit-admin-only"));
    }
    if !audit.tells_open && reading.events > reading.left_out && reading.left_out == 0 {
        cautions.push(words!("audit-no-starts"));
    }
    if audit.window.is_none() && reading.events > reading.left_out {
        cautions.push(words!("audit-no-times"));
    }
    if let Some((_, reason)) = audit.refusals.first() {
        cautions.push(words!("audit-refused", count = reading.refused, reason = reason));
    }
    if reading.partial > 0 {
        cautions.push(words!("audit-partial", count = reading.partial));
    }
    if let Some(rows) = audit.row_cap {
        cautions.push(words!("audit-row-cap", rows = rows));
    }
    if audit.assumed_dates > 0 {
        cautions.push(words!("audit-dates-assumed", count = audit.assumed_dates));
    }
    if audit.local_dates > 0 {
        cautions.push(words!("audit-dates-local", count = audit.local_dates));
    }
    let budget = &audit.budget;
    let spilled = budget.clients_spilled + budget.series_spilled + budget.groups_spilled;
    if spilled > 0 {
        cautions.push(words!("audit-spilled", count = spilled));
    }
    if budget.watches_thinned > 0 {
        let part = 1_u64.checked_shl(budget.watches_thinned).unwrap_or(u64::MAX);
        cautions.push(words!("audit-sampled", part = part));
    }
    cautions
}

/// The `audit` object of a report, with so many rows of each table.
pub fn object(
    audit: &AuditSummary,
    minor: Option<u32>,
    paths: &[String],
    rows: Option<usize>,
) -> Value {
    let slots = i64::try_from(audit.seconds()).unwrap_or(i64::MAX) / BINS / BIN_SECONDS;
    let rows = rows.unwrap_or(ROWS);
    let ask = Ask { rows, bin_seconds: BIN_SECONDS * slots.max(1), ..Ask::default() };
    let mut object = match serde_json::to_value(reading(audit)) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    let answers: Vec<(String, Value)> = Question::ALL
        .par_iter()
        .map(|question| (question.key().to_owned(), question.answer(audit, &ask).json(paths)))
        .collect();
    object.extend(answers);
    let without = without_suspect(audit, minor);
    object.insert("without".to_owned(), serde_json::to_value(without).unwrap_or_default());
    Value::Object(object)
}

/// The `audit` object where there is no log, but results of queries that somebody else ran.
pub fn object_of_summaries(rows: &[&konspect_audit::Aggregate], paths: &[String]) -> Value {
    let mut object = object(&AuditSummary::default(), None, paths, None);
    if let Value::Object(answers) = &mut object {
        answers.insert("from_summaries".to_owned(), Value::from(true));
        for table in summaries::tables(rows, ROWS) {
            answers.insert(table.question.key().to_owned(), table.json(paths));
        }
    }
    object
}

/// What the others would have seen without the client that is worth taking out, where somebody was
/// turned away or waited too long.
fn without_suspect(audit: &AuditSummary, minor: Option<u32>) -> Option<Without> {
    let loads = heavy(audit).into_iter().chain(hoarders(audit));
    let hurt = loads.into_iter().any(|heavy| heavy.harm.seen());
    let suspect = counterfactual::suspect(audit).filter(|_| hurt)?;
    without(audit, &suspect.user, &suspect.agent, minor)
}

/// What everybody else would have seen without the suspect, by a model of seats: an order of magnitude;
/// or why that cannot be told.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Without {
    pub user: String,
    /// What all names begin with, and an ellipsis, where the client changes its own again and again.
    pub user_agent: String,
    /// Names that are taken out as one client.
    pub user_agents: u64,
    pub share_of_work: f64,
    pub bin_seconds: i64,
    /// Bins in which the client was busy, or what it had asked for at once was still in the queue.
    pub busy_bins: u64,
    pub quiet_bins: u64,
    pub others_p99_ms: f64,
    pub others_p99_in_quiet_bins_ms: Option<f64>,
    /// Null where nothing is estimated.
    pub others_p99_without_ms: Option<f64>,
    /// Why nothing is estimated: unaffected, elsewhere, never-quiet, waits-less, misfit or no-gain.
    pub not_estimated: Option<String>,
    /// Of the time of everybody else's annotated requests, the share in queues.
    pub queued_share: Option<f64>,
    /// The part of their work that took most beside queues, and its share.
    pub most_in: Option<String>,
    pub most_share: Option<f64>,
    pub model: Option<SeatModel>,
    /// FlowSchema and PriorityLevelConfiguration as YAML; null for components of the cluster.
    pub containment: Option<String>,
}

/// The model behind the estimate, and how well it fits what was observed.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SeatModel {
    pub seats: u64,
    pub stretch: f64,
    pub p99_with_ms: f64,
    pub p99_without_ms: f64,
    /// By how much it misses what it was not fitted to (p50, p90, the p99 of each bin; the worst of
    /// them), as a share of the observed p99.
    pub error: f64,
}

/// The counterfactual of one client, with the objects that would contain it.
pub fn without(
    audit: &AuditSummary,
    user: &str,
    agent: &str,
    minor: Option<u32>,
) -> Option<Without> {
    let outcome = counterfactual::without(audit, user, agent)?;
    let client = audit.clients.iter().chain(audit.crowds.iter().map(|crowd| &crowd.client));
    let client = client.into_iter().find(|client| client.user == user && client.agent == agent)?;
    let millis = |micros: u64| micros as f64 / 1000.0;
    let fraction = |thousandths: u64| thousandths as f64 / 1000.0;
    let minor = minor.or_else(|| containment::minor(audit)).unwrap_or(containment::NEWEST);
    let told = outcome.model.as_ref().filter(|_| outcome.untold.is_none());
    Some(Without {
        user: outcome.user,
        user_agent: outcome.agent,
        user_agents: outcome.names,
        share_of_work: fraction(outcome.work_share),
        bin_seconds: outcome.bin_seconds,
        busy_bins: outcome.busy_bins,
        quiet_bins: outcome.quiet_bins,
        others_p99_ms: millis(outcome.observed),
        others_p99_in_quiet_bins_ms: outcome.quiet.map(millis),
        others_p99_without_ms: told.map(|model| millis(model.estimate)),
        not_estimated: outcome.untold.map(|reason| reason.as_str().to_owned()),
        queued_share: outcome.spent.map(|spent| fraction(spent.queued)),
        most_in: outcome.spent.map(|spent| spent.most.as_str().to_owned()),
        most_share: outcome.spent.map(|spent| fraction(spent.share)),
        model: outcome.model.as_ref().map(|model| SeatModel {
            seats: model.seats,
            stretch: fraction(model.stretch),
            p99_with_ms: millis(model.with),
            p99_without_ms: millis(model.without),
            error: fraction(model.error),
        }),
        containment: containment::containment(client, minor),
    })
}

/// Requests of the busiest clients by verb, and how long they took together.
pub fn load(audit: &AuditSummary) -> Vec<ApiLoadCard> {
    let mut cards: Vec<ApiLoadCard> = Vec::new();
    for client in audit.others().take(BARS) {
        let mut verbs: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for series in &client.series {
            let (requests, micros) = verbs.entry(series.verb.as_str()).or_default();
            *requests += series.requests();
            *micros = micros.saturating_add(series.tally.latency_sum);
        }
        cards.extend(verbs.into_iter().filter(|(_, (requests, _))| *requests > 0).map(
            |(verb, (requests, micros))| ApiLoadCard {
                client: client_name(&client.user, &client.agent),
                verb: verb.to_owned(),
                requests,
                seconds: micros as f64 / 1e6,
            },
        ));
    }
    cards.sort_by(|left, right| {
        (right.requests, &left.client, &left.verb).cmp(&(left.requests, &right.client, &right.verb))
    });
    cards.truncate(BARS);
    cards
}

/// Mean latency over time of the user agents that the API server spent most time on.
pub fn latency(audit: &AuditSummary) -> Vec<SeriesCard> {
    let mut agents: Vec<_> = audit
        .agents
        .iter()
        .map(|row| (row.bins.iter().map(|bin| bin.sum).sum::<u64>(), row))
        .collect();
    agents.sort_by_key(|(work, row)| (std::cmp::Reverse(*work), row.agent.clone()));
    agents
        .into_iter()
        .take(LINES)
        .map(|(_, row)| SeriesCard {
            name: row.agent.clone(),
            unit: "ms".to_owned(),
            points: row
                .bins
                .iter()
                .filter_map(|bin| {
                    let mean = bin.sum.checked_div(bin.latency.total())?;
                    Some((stamp(bin.start), mean as f64 / 1000.0))
                })
                .collect(),
        })
        .collect()
}

/// A program and whose it is: `lister (shop/lister)`.
pub fn client_name(user: &str, agent: &str) -> String {
    let program = konspect_audit::answers::program(agent);
    let owner = match crate::facts::clients::account(user) {
        ("", user) => user.to_owned(),
        (namespace, name) => format!("{namespace}/{name}"),
    };
    match (program.is_empty(), owner.is_empty()) {
        (true, _) => owner,
        (_, true) => program.to_owned(),
        _ => format!("{program} ({owner})"),
    }
}

/// RFC 3339 in UTC, as long as needed.
pub(crate) fn stamp(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).map(|time| time.to_string()).unwrap_or_default()
}
