//! All answers at once, as the report's `audit` has them.

use serde::Serialize;

use crate::answers::{
    BinRow, Dimension, Filter, GrowthRow, HabitRow, ObjectiveRow, PartRow, RejectionRow, Top,
    growth, habits, latency, objectives, parts, rejections, top,
};
use crate::event::Component;
use crate::failure::Failure;
use crate::objective::is_breached;
use crate::summary::{AuditSummary, ClientSummary};
use crate::time::print;

/// Everything at once, as the report's `audit` has it.
#[derive(Clone, Debug, Serialize)]
pub struct Answers {
    pub from: Option<String>,
    pub to: Option<String>,
    pub records: u64,
    pub events: u64,
    pub refused: u64,
    pub partial: u64,
    pub duplicates: u64,
    pub requests: u64,
    /// Reads and watches are not in the log: nothing can be said about them.
    pub admin_only: bool,
    pub agents: Vec<Top>,
    pub users: Vec<Top>,
    pub addresses: Vec<Top>,
    pub verbs: Vec<Top>,
    pub resources: Vec<Top>,
    pub namespaces: Vec<Top>,
    pub codes: Vec<Top>,
    pub latency: Vec<BinRow>,
    /// Of the user agent with most requests.
    pub busiest: Vec<ObjectiveRow>,
    pub breaches: Vec<ObjectiveRow>,
    pub rejections: Vec<RejectionRow>,
    pub habits: Vec<HabitRow>,
    pub growth: Vec<GrowthRow>,
    pub deprecated: Vec<DeprecatedRow>,
    pub parts: Vec<PartRow>,
    /// Requests set apart because they collected the bundle.
    pub collector_requests: u64,
}

/// Calls of an API version that will be removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeprecatedRow {
    pub user: String,
    pub agent: String,
    pub api: String,
    pub removed_release: String,
    pub count: u64,
}

/// Answers every question with at most `count` rows each.
pub fn answers(summary: &AuditSummary, filter: &Filter, bin_seconds: i64, count: usize) -> Answers {
    let by = |dimension| top(summary, dimension, filter, count);
    let agents = by(Dimension::UserAgent);
    let busiest = Filter { agent: agents.first().map(|top| top.key.clone()), ..filter.clone() };
    let busiest_agent = busiest.agent.clone().unwrap_or_default();
    Answers {
        from: summary.window.map(|(first, _)| print(first)),
        to: summary.window.map(|(_, last)| print(last)),
        records: summary.reading.records,
        events: summary.reading.events,
        refused: summary.reading.refused,
        partial: summary.reading.partial,
        duplicates: summary.reading.duplicates,
        requests: summary.requests(),
        admin_only: summary.admin_only,
        users: by(Dimension::User),
        addresses: by(Dimension::Address),
        verbs: by(Dimension::Verb),
        resources: by(Dimension::Resource),
        namespaces: by(Dimension::Namespace),
        codes: by(Dimension::Code),
        latency: latency(summary, bin_seconds, filter, count),
        busiest: objectives(summary, &busiest, count, |client, _| client.agent == busiest_agent).0,
        breaches: objectives(summary, filter, count, |_, row| is_breached(row)).0,
        rejections: rejections(summary, filter).into_iter().take(count).collect(),
        habits: habits(summary, filter).into_iter().take(count).collect(),
        growth: growth(summary, filter)
            .into_iter()
            .filter(|row| row.created > row.deleted)
            .take(count)
            .collect(),
        deprecated: summary
            .deprecated
            .iter()
            .take(count)
            .map(|row| DeprecatedRow {
                user: row.user.clone(),
                agent: row.agent.clone(),
                api: row.api.clone(),
                removed_release: row.removed_release.clone(),
                count: row.count,
            })
            .collect(),
        parts: parts(summary).into_iter().take(count * Component::ALL.len()).collect(),
        collector_requests: summary
            .clients
            .iter()
            .filter(|client| client.collector)
            .map(ClientSummary::requests)
            .sum(),
        agents,
    }
}

impl Answers {
    /// Whether anybody was turned away for load.
    pub fn throttled(&self) -> bool {
        self.rejections.iter().any(|row| row.reason == Failure::PriorityAndFairness.as_str())
    }
}
