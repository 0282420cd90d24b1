//! Answers to the questions that are asked of audit logs, as rows to print.
//!
//! Everything is a function of the summary; durations are micro-seconds, shares and rates millionths.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use konspect_bundle::Span;
use serde::Serialize;

use crate::event::Verb;
pub use crate::everything::{Answers, DeprecatedRow, answers};
use crate::histogram::Histogram;
use crate::objective::{Objective, judge, limit};
use crate::summary::{AuditSummary, ClientSummary, SeriesSummary};
use crate::time::print;

mod top;

use top::first_by;
pub use top::{Top, grouped, millionths, top, topmost};

/// What requests are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dimension {
    UserAgent,
    /// The user agent without versions.
    Program,
    User,
    Client,
    Address,
    Namespace,
    Verb,
    Resource,
    Code,
}

impl Dimension {
    /// Every dimension with the name that the command line and machine-readable output use.
    pub const ALL: [(&'static str, Self); 9] = [
        ("user-agent", Self::UserAgent),
        ("program", Self::Program),
        ("user", Self::User),
        ("client", Self::Client),
        ("source-ip", Self::Address),
        ("namespace", Self::Namespace),
        ("verb", Self::Verb),
        ("resource", Self::Resource),
        ("code", Self::Code),
    ];

    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, dimension)| *dimension == self).map_or("", |(name, _)| name)
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, dimension)| *dimension)
    }
}

/// Which requests are looked at; text matches where it is contained.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub agent: Option<String>,
    pub user: Option<String>,
    pub verb: Option<Verb>,
    pub resource: Option<String>,
    /// Count the requests of whoever collected the bundle, too.
    pub with_collector: bool,
}

impl Filter {
    fn takes_client(&self, client: &ClientSummary) -> bool {
        let contains = |wanted: &Option<String>, text: &str| {
            wanted.as_ref().is_none_or(|wanted| text.contains(wanted.as_str()))
        };
        (self.with_collector || !client.collector)
            && contains(&self.agent, &client.agent)
            && contains(&self.user, &client.user)
    }

    fn takes_series(&self, series: &SeriesSummary) -> bool {
        self.verb.is_none_or(|verb| verb == series.verb)
            && self.resource.as_ref().is_none_or(|wanted| series.resource.contains(wanted.as_str()))
    }

    fn narrows_series(&self) -> bool {
        self.verb.is_some() || self.resource.is_some()
    }

    fn series<'a>(
        &'a self,
        summary: &'a AuditSummary,
    ) -> impl Iterator<Item = (&'a ClientSummary, &'a SeriesSummary)> {
        summary.clients.iter().filter(|client| self.takes_client(client)).flat_map(move |client| {
            client.series.iter().filter(|row| self.takes_series(row)).map(move |row| (client, row))
        })
    }
}

/// A user agent without versions and commits: `kubectl/v1.29.3 (linux/amd64) …` is `kubectl`.
pub fn program(agent: &str) -> &str {
    let name = agent.split(['/', ' ']).next().unwrap_or(agent);
    if name.is_empty() { agent } else { name }
}

/// Latency of the requests of one user agent that came in within one bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BinRow {
    pub agent: String,
    pub start: String,
    pub seconds: i64,
    pub requests: u64,
    pub mean: Option<u64>,
    pub p50: Option<u64>,
    pub p90: Option<u64>,
    pub p99: Option<u64>,
    pub max: u64,
}

/// Latency by user agent over time, of the agents with most requests. Bins are as wide as asked
/// for, or as the slots of the fold if those are wider.
pub fn latency(
    summary: &AuditSummary,
    bin_seconds: i64,
    filter: &Filter,
    count: usize,
) -> Vec<BinRow> {
    let wanted =
        |agent: &str| filter.agent.as_ref().is_none_or(|text| agent.contains(text.as_str()));
    let mut rows = Vec::new();
    for agent in summary.agents.iter().filter(|agent| wanted(&agent.agent)).take(count) {
        let slot = agent.slot_seconds.max(1);
        let seconds = (bin_seconds.clamp(1, 1 << 32) + slot - 1) / slot * slot;
        let mut bins: BTreeMap<i64, (u64, u64, Histogram)> = BTreeMap::new();
        for bin in &agent.bins {
            let start = bin.start.div_euclid(seconds * 1_000_000) * seconds * 1_000_000;
            let (sum, max, latency) = bins.entry(start).or_default();
            *sum = sum.saturating_add(bin.sum);
            *max = bin.max.max(*max);
            latency.merge(&bin.latency);
        }
        rows.extend(bins.into_iter().map(|(start, (sum, max, latency))| {
            let [p50, p90, p99] = latency.quantiles([500, 900, 990]);
            let requests = latency.total();
            let mean = sum.checked_div(requests);
            BinRow {
                agent: agent.agent.clone(),
                start: print(start),
                seconds,
                requests,
                mean,
                p50,
                p90,
                p99,
                max,
            }
        }));
    }
    rows
}

/// Latency of one kind of request against the upstream objective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectiveRow {
    pub user: String,
    pub agent: String,
    pub verb: &'static str,
    pub resource: String,
    pub subresource: String,
    pub scope: &'static str,
    pub requests: u64,
    pub p50: Option<u64>,
    pub p90: Option<u64>,
    pub p99: Option<u64>,
    pub max: u64,
    pub limit: Option<u64>,
    pub objective: Objective,
    /// The p99 without the waits that the objective does not count, where there were any.
    pub counted_p99: Option<u64>,
    /// Micro-seconds that these requests waited for webhooks and in the queues of priority and
    /// fairness, together.
    pub excused: u64,
    #[serde(skip)]
    pub slowest: Option<Span>,
}

/// Latency by verb, resource and scope of the clients that the filter takes, slowest p99 first: the
/// first `count` of those series that are `wanted`, and how many there are.
pub fn objectives(
    summary: &AuditSummary,
    filter: &Filter,
    count: usize,
    wanted: impl Fn(&ClientSummary, &SeriesSummary) -> bool,
) -> (Vec<ObjectiveRow>, usize) {
    let mut order: Vec<(Option<u64>, &ClientSummary, &SeriesSummary)> = filter
        .series(summary)
        .filter(|(client, row)| row.tally.latency.total() > 0 && wanted(client, row))
        .map(|(client, row)| {
            let [p99] = row.tally.latency.quantiles([990]);
            (p99, client, row)
        })
        .collect();
    let rows = order.len();
    let first = first_by(&mut order, count, |left, right| {
        Reverse(left.0).cmp(&Reverse(right.0)).then_with(|| {
            let [left, right] = [left, right].map(|(_, client, row)| {
                let series = (row.verb.as_str(), &row.resource, &row.subresource);
                (&client.user, &client.agent, series, row.scope.as_str())
            });
            left.cmp(&right)
        })
    });
    (first.iter().map(|(_, client, row)| objective_row(client, row)).collect(), rows)
}

fn objective_row(client: &ClientSummary, row: &SeriesSummary) -> ObjectiveRow {
    let [p50, p90, p99] = row.tally.latency.quantiles([500, 900, 990]);
    let excused = row.tally.excused.as_ref();
    let [counted_p99] = row.tally.counted_latency().quantiles([990]);
    ObjectiveRow {
        user: client.user.clone(),
        agent: client.agent.clone(),
        verb: row.verb.as_str(),
        resource: row.resource.clone(),
        subresource: row.subresource.clone(),
        scope: row.scope.as_str(),
        requests: row.tally.latency.total(),
        p50,
        p90,
        p99,
        max: row.tally.slowest.map_or(0, |(max, _)| max),
        limit: limit(row),
        objective: judge(row),
        counted_p99: counted_p99.filter(|_| excused.is_some()),
        excused: excused.map_or(0, |excused| excused.sum),
        slowest: row.tally.slowest.map(|(_, at)| at),
    }
}

/// Requests of one client that were turned away or failed for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectionRow {
    pub reason: &'static str,
    pub user: String,
    pub agent: String,
    pub count: u64,
    /// Millionths of the client's requests.
    pub share: u64,
}

/// Who was turned away by what; what healthy clients meet every day is left out.
pub fn rejections(summary: &AuditSummary, filter: &Filter) -> Vec<RejectionRow> {
    let mut rows: Vec<RejectionRow> = Vec::new();
    for client in summary.clients.iter().filter(|client| filter.takes_client(client)) {
        for (kind, count) in client.total.failures.iter().filter(|(kind, _)| !kind.everyday()) {
            let share = millionths(*count, client.requests()).unwrap_or(0);
            rows.push(RejectionRow {
                reason: kind.as_str(),
                user: client.user.clone(),
                agent: client.agent.clone(),
                count: *count,
                share,
            });
        }
    }
    rows.sort_by(|left, right| {
        (std::cmp::Reverse(left.count), left.reason, &left.user, &left.agent).cmp(&(
            std::cmp::Reverse(right.count),
            right.reason,
            &right.user,
            &right.agent,
        ))
    });
    rows
}

/// Habits of one client that cost an API server more than they should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HabitRow {
    pub user: String,
    pub agent: String,
    /// LISTs with neither `limit` nor `resourceVersion`.
    pub unpaged_lists: u64,
    pub lists: u64,
    pub watches_started: u64,
    pub watches_open: u64,
    /// Watches that ended without an error within ten seconds.
    pub watches_short: u64,
    /// The object that was read most, and how often.
    pub polled: Option<(String, u64)>,
    /// Thousandths of a read a second of that object.
    pub poll_rate: u64,
    /// When requests, and when watches, became many more.
    pub onset: Option<String>,
    pub watch_onset: Option<String>,
}

/// The habits of each client, those of the busiest first.
pub fn habits(summary: &AuditSummary, filter: &Filter) -> Vec<HabitRow> {
    let clients =
        summary.clients.iter().filter(|client| filter.takes_client(client) && !client.other_agents);
    clients
        .map(|client| {
            let polled = client.polled.first();
            let poll_rate = polled.and_then(|object| {
                let seconds = (object.last? - object.first?.0) / 1_000_000;
                (object.count * 1000).checked_div(u64::try_from(seconds).ok()?)
            });
            HabitRow {
                user: client.user.clone(),
                agent: client.agent.clone(),
                unpaged_lists: client.total.lists.unpaged,
                lists: client.total.lists.count,
                watches_started: client.total.watches.started,
                watches_open: client.open_watches,
                watches_short: client.total.watches.short,
                polled: polled.map(|object| {
                    (
                        format!("{}/{}/{}", object.resource, object.namespace, object.name),
                        object.count,
                    )
                }),
                poll_rate: poll_rate.unwrap_or(0),
                onset: client.onset.map(|onset| print(onset.time)),
                watch_onset: client.watch_onset.map(|onset| print(onset.time)),
            }
        })
        .collect()
}

/// Objects that one client made and did not take away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrowthRow {
    pub user: String,
    pub agent: String,
    pub resource: String,
    pub created: u64,
    pub deleted: u64,
    pub collections_deleted: u64,
}

/// Whether the API server forgets the objects of a `group/resource` by itself.
pub fn expires(resource: &str) -> bool {
    matches!(resource, "events" | "events.k8s.io/events")
}

/// Who leaves objects behind, most first; deletions by others are not offset. Events, which the API
/// server forgets by itself, stand last.
pub fn growth(summary: &AuditSummary, filter: &Filter) -> Vec<GrowthRow> {
    let mut rows: Vec<GrowthRow> = Vec::new();
    for client in summary.clients.iter().filter(|client| filter.takes_client(client)) {
        rows.extend(client.growth.iter().map(|growth| GrowthRow {
            user: client.user.clone(),
            agent: client.agent.clone(),
            resource: growth.resource.clone(),
            created: growth.created,
            deleted: growth.deleted,
            collections_deleted: growth.collections_deleted,
        }));
    }
    let left_over = |row: &GrowthRow| {
        (expires(&row.resource), std::cmp::Reverse(row.created.saturating_sub(row.deleted)))
    };
    rows.sort_by(|left, right| {
        (left_over(left), &left.resource, &left.user, &left.agent).cmp(&(
            left_over(right),
            &right.resource,
            &right.user,
            &right.agent,
        ))
    });
    rows
}

/// Latency of one part of the work of the API server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartRow {
    pub part: &'static str,
    pub verb: &'static str,
    pub resource: String,
    /// Slow requests alone carry the annotation.
    pub count: u64,
    pub p50: Option<u64>,
    pub p99: Option<u64>,
    pub max: u64,
    #[serde(skip)]
    pub slowest: Option<Span>,
}

/// Where slow requests spent their time.
pub fn parts(summary: &AuditSummary) -> Vec<PartRow> {
    let rows = summary.parts.iter().map(|part| {
        let [p50, p99] = part.histogram.quantiles([500, 990]);
        PartRow {
            part: part.component.as_str(),
            verb: part.verb.as_str(),
            resource: part.resource.clone(),
            count: part.count,
            p50,
            p99,
            max: part.slowest.map_or(0, |(nanos, _)| nanos / 1000),
            slowest: part.slowest.map(|(_, at)| at),
        }
    });
    rows.collect()
}
