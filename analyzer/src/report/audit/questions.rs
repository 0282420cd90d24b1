//! The questions that have a name: each is a table, here and on the command line.

use std::collections::BTreeMap;

use konspect_audit::answers::{self, Dimension, Filter, Top};
use konspect_audit::objective::Objective;
use konspect_audit::{AuditSummary, ClientSummary, Component, Failure, Verb};

use super::{Cell, Table, stamp};

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

/// The columns of latency by request.
pub(super) const REQUESTS: [&str; 15] = [
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

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn micros(value: Option<u64>) -> Cell {
    value.map_or(Cell::Missing, Cell::Micros)
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

fn load(top: &Top) -> [Cell; 13] {
    [
        Cell::Count(top.requests),
        Cell::Thousandths(top.share),
        Cell::Thousandths(top.rate),
        Cell::Micros(top.work),
        micros(top.mean),
        micros(top.p50),
        micros(top.p90),
        micros(top.p99),
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

fn top(
    question: Question,
    audit: &AuditSummary,
    ask: &Ask,
    dimension: Dimension,
    key: &'static str,
) -> Table {
    let groups = answers::top(audit, dimension, &ask.filter, usize::MAX);
    let rows = groups
        .iter()
        .map(|group| std::iter::once(text(&group.key)).chain(load(group)).collect())
        .collect();
    let columns: Vec<&str> = std::iter::once(key).chain(LOAD).collect();
    let table = table(question, &columns, rows, ask);
    let untold: &[&str] = match dimension {
        Dimension::Address | Dimension::Namespace => &[
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
        ],
        Dimension::Code => &[
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
        ],
        Dimension::Verb | Dimension::Resource => &["users", "source_ips"],
        _ => &[],
    };
    without_columns(table, untold)
}

fn groups(audit: &AuditSummary, ask: &Ask) -> Table {
    let rows: Vec<Vec<Cell>> = answers::grouped(audit, usize::MAX)
        .iter()
        .map(|(key, group)| key.iter().map(|value| text(value)).chain(load(group)).collect())
        .collect();
    let columns: Vec<&str> = ask.groups.iter().copied().chain(LOAD).collect();
    table(Question::Groups, &columns, rows, ask)
}

fn latency(audit: &AuditSummary, ask: &Ask) -> Table {
    let rows: Vec<Vec<Cell>> = answers::latency(audit, ask.bin_seconds, &ask.filter, ask.rows)
        .into_iter()
        .map(|bin| {
            vec![
                Cell::Text(bin.agent),
                Cell::Text(bin.start),
                Cell::Count(bin.seconds.unsigned_abs()),
                Cell::Count(bin.requests),
                micros(bin.mean),
                micros(bin.p50),
                micros(bin.p90),
                micros(bin.p99),
                Cell::Micros(bin.max),
            ]
        })
        .collect();
    Table {
        question: Question::Latency,
        columns: vec![
            "user_agent",
            "start",
            "seconds",
            "requests",
            "mean_ms",
            "p50_ms",
            "p90_ms",
            "p99_ms",
            "max_ms",
        ],
        rows,
        more: (audit.agents.len().saturating_sub(ask.rows)) as u64,
    }
}

fn requests(question: Question, audit: &AuditSummary, ask: &Ask) -> Table {
    let rows = answers::objectives(audit, &ask.filter)
        .into_iter()
        .filter(|row| question == Question::Requests || row.objective == Objective::Breached)
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
                micros(row.p50),
                micros(row.p90),
                micros(row.p99),
                Cell::Micros(row.max),
                micros(row.limit),
                text(judged),
                Cell::Micros(row.excused / 1000),
                row.slowest.map_or(Cell::Missing, Cell::Place),
            ]
        })
        .collect();
    table(question, &REQUESTS, rows, ask)
}

fn bursts(audit: &AuditSummary, ask: &Ask) -> Table {
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
                    peak.map_or(Cell::Missing, |(_, count)| {
                        Cell::Thousandths(count.saturating_mul(1000) / seconds)
                    }),
                ],
            ));
        }
    }
    bursts.sort_by_key(|(after, _)| std::cmp::Reverse(*after));
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
    table(Question::Bursts, &columns, bursts.into_iter().map(|(_, row)| row).collect(), ask)
}

fn watches(audit: &AuditSummary, ask: &Ask) -> Table {
    let mut open: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for row in audit.open.iter().filter(|row| row.verb == Verb::Watch) {
        *open.entry((&row.user, &row.agent, &row.resource)).or_default() += row.count;
    }
    let mut rows = Vec::new();
    for client in clients(audit, ask) {
        let mut of_client: BTreeMap<&str, konspect_audit::WatchCounts> = BTreeMap::new();
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
    rows.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let columns =
        ["user", "user_agent", "resource", "open", "started", "ended", "short", "mean_life_ms"];
    table(Question::Watches, &columns, rows.into_iter().map(|(_, row)| row).collect(), ask)
}

fn open_watches(audit: &AuditSummary, ask: &Ask) -> Table {
    let wanted = |user: &str, agent: &str| {
        clients(audit, ask).any(|client| client.user == user && client.agent == agent)
            || !audit.clients.iter().any(|client| client.user == user && client.agent == agent)
    };
    let rows = audit
        .open
        .iter()
        .filter(|row| row.verb == Verb::Watch && wanted(&row.user, &row.agent))
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

fn polling(audit: &AuditSummary, ask: &Ask) -> Table {
    let mut rows = Vec::new();
    for client in clients(audit, ask) {
        for object in &client.polled {
            let (Some((first, at)), Some(last)) = (object.first, object.last) else { continue };
            let seconds = last.saturating_sub(first).unsigned_abs() / 1_000_000;
            let rate = (object.count.saturating_mul(1000)).checked_div(seconds);
            rows.push((
                object.count,
                vec![
                    text(&client.user),
                    text(&client.agent),
                    text(&object.resource),
                    text(&object.namespace),
                    text(&object.name),
                    Cell::Count(object.count),
                    rate.map_or(Cell::Missing, Cell::Thousandths),
                    Cell::Text(stamp(first)),
                    Cell::Text(stamp(last)),
                    Cell::Place(at),
                ],
            ));
        }
    }
    rows.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
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
    table(Question::Polling, &columns, rows.into_iter().map(|(_, row)| row).collect(), ask)
}

fn unbounded_lists(audit: &AuditSummary, ask: &Ask) -> Table {
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
    rows.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
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
    table(Question::UnboundedLists, &columns, rows.into_iter().map(|(_, row)| row).collect(), ask)
}

fn rejected(audit: &AuditSummary, ask: &Ask) -> Table {
    let rows = answers::rejections(audit, &ask.filter)
        .into_iter()
        .map(|row| {
            vec![
                text(row.reason),
                Cell::Text(row.user),
                Cell::Text(row.agent),
                Cell::Count(row.count),
                Cell::Thousandths(row.share),
            ]
        })
        .collect();
    let columns = ["reason", "user", "user_agent", "requests", "share"];
    table(Question::Rejected, &columns, rows, ask)
}

fn failures(audit: &AuditSummary, ask: &Ask) -> Table {
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

fn webhooks(audit: &AuditSummary, ask: &Ask) -> Table {
    let hooks = [Component::ValidatingWebhook, Component::MutatingWebhook];
    let mut rows: Vec<Vec<Cell>> = audit
        .parts
        .iter()
        .filter(|part| hooks.contains(&part.component))
        .map(|part| {
            let [p50, p99] = part.histogram.quantiles([500, 990]);
            vec![
                text(part.component.as_str()),
                Cell::Missing,
                text(part.verb.as_str()),
                text(&part.resource),
                Cell::Count(part.count),
                micros(p50),
                micros(p99),
                micros(part.slowest.map(|(nanos, _)| nanos / 1000)),
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

fn leaks(audit: &AuditSummary, ask: &Ask) -> Table {
    let rows = answers::growth(audit, &ask.filter)
        .into_iter()
        .filter(|row| row.created > row.deleted)
        .map(|row| {
            vec![
                Cell::Text(row.user),
                Cell::Text(row.agent),
                Cell::Text(row.resource),
                Cell::Count(row.created - row.deleted),
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

fn deprecated(audit: &AuditSummary, ask: &Ask) -> Table {
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
