//! The questions that have a name: each is a table, here and on the command line.

mod habits;
mod load;
mod trouble;

use std::cmp::Reverse;

use konspect_audit::answers::{Dimension, Filter};
use konspect_audit::{AuditSummary, ClientSummary};

use super::{Cell, Table};
use habits::{open_watches, polling, unbounded_lists, watches};
use load::{bursts, groups, latency, requests, top};
use trouble::{deprecated, failures, leaks, rejected, webhooks};

macro_rules! questions {
    ($($name:ident = $text:literal, $key:literal;)*) => {
        /// A question to an audit log.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Question {
            $($name,)*
            /// What `--by` asked for.
            Groups,
        }

        impl Question {
            /// Those that a report answers.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* Self::Groups => "groups" }
            }

            /// The key in JSON.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* Self::Groups => "groups" }
            }

            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}
questions! {
    UserAgents = "user-agents", "top_user_agents";
    Users = "users", "top_users";
    SourceIps = "source-ips", "top_source_ips";
    Verbs = "verbs", "top_verbs";
    Resources = "resources", "top_resources";
    Namespaces = "namespaces", "top_namespaces";
    Codes = "codes", "top_codes";
    Latency = "latency", "latency_by_user_agent";
    Requests = "requests", "latency_by_request";
    Slo = "slo", "slo_breaches";
    Bursts = "bursts", "bursts";
    Watches = "watches", "watches";
    OpenWatches = "open-watches", "open_watches";
    Polling = "polling", "polling";
    UnboundedLists = "unbounded-lists", "unbounded_lists";
    Rejected = "rejected", "rejected";
    Failures = "failures", "failures";
    Webhooks = "webhooks", "webhooks";
    Leaks = "leaks", "created_minus_deleted";
    Deprecated = "deprecated", "deprecated";
}

/// How to answer.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub filter: Filter,
    pub rows: usize,
    pub bin_seconds: i64,
    /// What `--by` named, bins of time first.
    pub groups: Vec<&'static str>,
}

/// The columns that every group of requests has.
pub(super) const LOAD: [&str; 13] = [
    "requests",
    "share",
    "per_second",
    "work_ms",
    "mean_ms",
    "p50_ms",
    "p90_ms",
    "p99_ms",
    "max_ms",
    "rejected",
    "server_errors",
    "users",
    "source_ips",
];

/// How many of them, from the left, a count of requests alone gives.
pub(super) const COUNTED: usize = 3;

/// The columns of latency over time.
pub(super) const LATENCY: [&str; 9] = [
    "user_agent",
    "start",
    "seconds",
    "requests",
    "mean_ms",
    "p50_ms",
    "p90_ms",
    "p99_ms",
    "max_ms",
];

/// The columns of latency by request.
pub(super) const REQUESTS: [&str; 16] = [
    "user",
    "user_agent",
    "verb",
    "resource",
    "subresource",
    "scope",
    "requests",
    "p50_ms",
    "p90_ms",
    "p99_ms",
    "max_ms",
    "objective_ms",
    "objective",
    "counted_p99_ms",
    "excused_ms",
    "where",
];

impl Question {
    /// The table that answers.
    pub fn answer(self, audit: &AuditSummary, ask: &Ask) -> Table {
        match self {
            Self::UserAgents => top(self, audit, ask, Dimension::UserAgent, "user_agent"),
            Self::Users => top(self, audit, ask, Dimension::User, "user"),
            Self::SourceIps => top(self, audit, ask, Dimension::Address, "source_ip"),
            Self::Verbs => top(self, audit, ask, Dimension::Verb, "verb"),
            Self::Resources => top(self, audit, ask, Dimension::Resource, "resource"),
            Self::Namespaces => top(self, audit, ask, Dimension::Namespace, "namespace"),
            Self::Codes => top(self, audit, ask, Dimension::Code, "code"),
            Self::Latency => latency(audit, ask),
            Self::Requests | Self::Slo => requests(self, audit, ask),
            Self::Bursts => bursts(audit, ask),
            Self::Watches => watches(audit, ask),
            Self::OpenWatches => open_watches(audit, ask),
            Self::Polling => polling(audit, ask),
            Self::UnboundedLists => unbounded_lists(audit, ask),
            Self::Rejected => rejected(audit, ask),
            Self::Failures => failures(audit, ask),
            Self::Webhooks => webhooks(audit, ask),
            Self::Leaks => leaks(audit, ask),
            Self::Deprecated => deprecated(audit, ask),
            Self::Groups => groups(audit, ask),
        }
    }

    /// Whether a log of writes alone can answer.
    pub fn needs_reads(self) -> bool {
        matches!(self, Self::Watches | Self::OpenWatches | Self::Polling | Self::UnboundedLists)
    }
}

fn table(question: Question, columns: &[&'static str], rows: Vec<Vec<Cell>>, ask: &Ask) -> Table {
    let more = rows.len().saturating_sub(ask.rows) as u64;
    let rows = rows.into_iter().take(ask.rows).collect();
    Table { question, columns: columns.to_vec(), rows, more }
}

/// A table of rows with a weight each, heaviest first.
fn ranked<W: Ord + Copy>(
    question: Question,
    columns: &[&'static str],
    mut rows: Vec<(W, Vec<Cell>)>,
    ask: &Ask,
) -> Table {
    rows.sort_by_key(|(weight, _)| Reverse(*weight));
    table(question, columns, rows.into_iter().map(|(_, row)| row).collect(), ask)
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

pub(super) fn micros(value: Option<u64>) -> Cell {
    value.map_or(Cell::Missing, Cell::Micros)
}

/// A quantile is the middle of a histogram's step, which may lie beyond the slowest request.
fn at_most(quantile: Option<u64>, max: u64) -> Cell {
    micros(quantile.map(|quantile| quantile.min(max)))
}

/// The same, where there are so many requests that the quantile (in thousandths) is not simply the
/// slowest of them.
fn enough(requests: u64, thousandths: u64, quantile: Option<u64>, max: u64) -> Cell {
    if requests * (1000 - thousandths) < 1000 { Cell::Missing } else { at_most(quantile, max) }
}

/// Clients that the filter takes, those beyond the budget left out.
fn clients<'a>(audit: &'a AuditSummary, ask: &'a Ask) -> impl Iterator<Item = &'a ClientSummary> {
    let contains = |wanted: &Option<String>, text: &str| {
        wanted.as_ref().is_none_or(|wanted| text.contains(wanted.as_str()))
    };
    audit.clients.iter().filter(move |client| {
        !client.other_agents
            && (ask.filter.with_collector || !client.collector)
            && contains(&ask.filter.agent, &client.agent)
            && contains(&ask.filter.user, &client.user)
    })
}
