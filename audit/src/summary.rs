//! What a fold found, as plain data: everything sorted, every exemplar with its place.

use std::collections::BTreeMap;

use konspect_bundle::{Code, Diagnostic, Span};

use crate::budget::Table;
use crate::client::{Client, Named, Scope, User};
use crate::event::{Component, Stage, Verb};
use crate::failure::Failure;
use crate::fold::{AuditFold, Reading};
use crate::form::Form;
use crate::histogram::Histogram;
use crate::onset::{Onset, collects, onset};
use crate::rows::Row;
use crate::tally::Tally;
use crate::timeline::{Slot, Timeline};
use crate::watches::Owner;

/// Row counts at which exports of Log Analytics are cut.
const ROW_CAPS: [u64; 6] = [10_000, 30_000, 50_000, 64_000, 100_000, 500_000];

/// All that an audit log says. Times are micro-seconds since 1970, durations micro-seconds unless
/// a field says otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditSummary {
    pub reading: Reading,
    /// The first records that could not be read, with the reason.
    pub refusals: Vec<(Span, String)>,
    /// Events by the form in which they came.
    pub forms: BTreeMap<Form, u64>,
    /// Events by stage.
    pub stages: BTreeMap<Stage, u64>,
    /// Requests by verb.
    pub verbs: BTreeMap<Verb, u64>,
    /// First and last time of any event.
    pub window: Option<(i64, i64)>,
    /// The log has writes and not a single read: it is `kube-audit-admin` alone or was filtered so,
    /// and nothing can be said about reads and watches, neither good nor bad.
    pub admin_only: bool,
    /// `ResponseStarted` events are in the log, so that open watches can be told.
    pub tells_open: bool,
    /// The number of rows is one at which Log Analytics cuts exports.
    pub row_cap: Option<u64>,
    /// By requests, descending; then by user and agent.
    pub clients: Vec<ClientSummary>,
    /// Requests of users beyond the budget of the fold.
    pub other: Tally,
    /// By count, descending.
    pub failures: Vec<FailureSummary>,
    /// By time of the first.
    pub changes: Vec<Change>,
    pub deprecated: Vec<Deprecated>,
    /// Annotated parts of latency, which the API server writes on slow requests only.
    pub parts: Vec<Part>,
    /// Latency of each user agent over time, by requests, descending.
    pub agents: Vec<AgentLatency>,
    /// Long-running requests without an end, by number, descending.
    pub open: Vec<Open>,
    pub budget: Budget,
}

/// What the bounds of the fold left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Requests counted for a user, but for none of its programs, or for no user.
    pub clients_spilled: u64,
    /// Requests counted for a client, but in no series.
    pub series_spilled: u64,
    pub failures_spilled: u64,
    pub changes_spilled: u64,
    pub deprecated_spilled: u64,
    pub parts_spilled: u64,
    pub bins_spilled: u64,
    /// Only one of 2^n long-running requests was followed.
    pub watches_thinned: u32,
    /// Events whose duplicates, if there are any, were counted again.
    pub unremembered: u64,
}

/// One program of one user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientSummary {
    pub user: String,
    /// Empty where the client sent none; see `other_agents`.
    pub agent: String,
    /// This stands for all programs of the user beyond the budget.
    pub other_agents: bool,
    /// The requests of whoever collected this bundle.
    pub collector: bool,
    pub total: Tally,
    /// By requests, descending.
    pub series: Vec<SeriesSummary>,
    /// The last source address of each request and how often it came, descending.
    pub addresses: Vec<(String, u64)>,
    /// Namespaces by requests, descending.
    pub namespaces: Vec<(String, u64)>,
    /// Objects that were read most, descending; kubelets' reads are not followed.
    pub polled: Vec<Polled>,
    pub rate: Rate,
    pub watch_rate: Rate,
    /// When the client began to ask for much more than before.
    pub onset: Option<Onset>,
    pub watch_onset: Option<Onset>,
    /// Watches without an end.
    pub open_watches: u64,
    /// Creations and deletions that succeeded, by resource.
    pub growth: Vec<Growth>,
}

/// Requests of one client that ask for the same.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesSummary {
    pub verb: Verb,
    pub scope: Scope,
    /// `group/resource`, the resource alone in the core group, or a well-known path.
    pub resource: String,
    pub subresource: String,
    pub tally: Tally,
}

/// An object that a client read again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Polled {
    pub resource: String,
    pub namespace: String,
    pub name: String,
    pub count: u64,
    pub first: Option<(i64, Span)>,
    pub last: Option<i64>,
}

/// Counts in slots of equal width; slots without any are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    pub slot_seconds: i64,
    /// Start of the slot and count.
    pub slots: Vec<(i64, u64)>,
}

/// What a client made and took away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    pub resource: String,
    pub created: u64,
    pub deleted: u64,
    /// Requests that delete many at once: how many is not in the log.
    pub collections_deleted: u64,
}

/// Failures of one kind with like messages.
#[derive(Clone, Debug, PartialEq)]
pub struct FailureSummary {
    pub kind: Failure,
    pub code: u16,
    /// The webhook or policy, if one is named.
    pub name: String,
    /// The message with names and numbers taken out.
    pub shape: String,
    /// The first message, up to 1 KiB.
    pub message: String,
    pub count: u64,
    pub first: Option<(i64, Span)>,
    pub last: Option<(i64, Span)>,
    /// User, user agent and count, descending.
    pub clients: Vec<(String, String, u64)>,
    pub rate: Rate,
}

/// One kind of change by one client to one object, often many times.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub user: String,
    pub agent: String,
    pub verb: Verb,
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    pub count: u64,
    pub first: Option<(i64, Span)>,
    pub last: Option<(i64, Span)>,
}

/// Calls of an API version that will be removed.
#[derive(Clone, Debug, PartialEq)]
pub struct Deprecated {
    pub user: String,
    pub agent: String,
    /// `group/version/resource`.
    pub api: String,
    pub removed_release: String,
    pub count: u64,
    pub first: Option<(i64, Span)>,
    pub last: Option<(i64, Span)>,
}

/// One annotated part of the latency of one kind of request; in nano-seconds but for the histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub component: Component,
    pub verb: Verb,
    pub resource: String,
    pub count: u64,
    pub sum: u64,
    pub slowest: Option<(u64, Span)>,
    pub histogram: Histogram,
}

/// Latency of one user agent over time.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentLatency {
    pub agent: String,
    pub slot_seconds: i64,
    pub bins: Vec<LatencyBin>,
}

/// Requests that came in within one slot of time, long-running ones left out.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyBin {
    pub start: i64,
    pub sum: u64,
    pub max: u64,
    pub latency: Histogram,
}

/// Long-running requests of one client without an end in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    pub user: String,
    pub agent: String,
    pub verb: Verb,
    pub resource: String,
    pub namespace: String,
    pub count: u64,
    /// Time and place of the first and the last start.
    pub first: (i64, Span),
    pub last: (i64, Span),
    /// Starts over time.
    pub rate: Rate,
}

impl AuditFold {
    /// Turns the counters into sorted, plain data.
    pub fn finish(mut self) -> AuditSummary {
        self.trim();
        let open = open_requests(&self);
        let mut open_watches: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for row in open.iter().filter(|row| row.verb == Verb::Watch) {
            *open_watches.entry((&row.user, &row.agent)).or_default() += row.count;
        }
        let mut budget = Budget {
            failures_spilled: self.failures.spilled,
            changes_spilled: self.changes.spilled,
            deprecated_spilled: self.deprecated.spilled,
            parts_spilled: self.parts.spilled,
            bins_spilled: self.agents.spilled,
            watches_thinned: self.watches.thinned,
            unremembered: self.unremembered,
            clients_spilled: self.users.other.requests,
            ..Budget::default()
        };
        let mut clients = Vec::new();
        for user in self.users.table.iter() {
            budget.clients_spilled += user.other.requests;
            for client in user.agents.iter() {
                budget.series_spilled += client.other.requests;
                let open = open_watches.get(&(&*user.name, &*client.agent)).copied().unwrap_or(0);
                clients.push(client_summary(user, client, self.window, open));
            }
            if user.other != Tally::default() {
                let total = user.other.clone();
                clients.push(ClientSummary { user: user.name.to_string(), other_agents: true, total, ..ClientSummary::default() });
            }
        }
        clients.sort_by(|left, right| {
            let key = |client: &ClientSummary| std::cmp::Reverse(client.total.requests);
            (key(left), &left.user, &left.agent).cmp(&(key(right), &right.user, &right.agent))
        });
        collects(&mut clients, self.window);
        let reads: u64 = self.verbs.iter().filter(|(verb, _)| verb.reads()).map(|(_, count)| count).sum();
        let writes: u64 = self.verbs.iter().filter(|(verb, _)| verb.mutates()).map(|(_, count)| count).sum();
        let stage = |stage: Stage| self.stages.get(stage as usize).copied().unwrap_or(0);
        let rows = [Form::LogAnalyticsCsv, Form::LogAnalyticsJson].iter().filter_map(|form| self.forms.get(form)).sum::<u64>();
        AuditSummary {
            reading: self.reading,
            refusals: self.refusals.clone(),
            forms: self.forms.clone(),
            stages: [Stage::Unknown, Stage::RequestReceived, Stage::ResponseStarted, Stage::ResponseComplete, Stage::Panic]
                .into_iter()
                .map(|name| (name, stage(name)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            verbs: self.verbs.clone(),
            window: self.window,
            admin_only: writes > 0 && reads == 0 && stage(Stage::ResponseStarted) == 0,
            tells_open: stage(Stage::ResponseStarted) > 0,
            row_cap: ROW_CAPS.into_iter().find(|cap| rows == *cap),
            clients,
            failures: failures(&self),
            changes: changes(&self),
            deprecated: deprecated(&self),
            parts: parts(&self),
            agents: agents(&self),
            open,
            budget,
            other: self.users.other,
        }
    }
}

impl AuditSummary {
    /// Requests of everybody, those of the collector among them.
    pub fn requests(&self) -> u64 {
        self.clients.iter().map(|client| client.total.requests).sum::<u64>() + self.other.requests
    }

    /// Seconds that the log covers, at least one.
    pub fn seconds(&self) -> u64 {
        let (first, last) = self.window.unwrap_or_default();
        u64::try_from(last.saturating_sub(first) / 1_000_000).unwrap_or(0).max(1)
    }

    /// Clients other than whoever collected the bundle.
    pub fn others(&self) -> impl Iterator<Item = &ClientSummary> {
        self.clients.iter().filter(|client| !client.collector)
    }

    /// Requests that ended in one kind of failure.
    pub fn failed(&self, kind: Failure) -> u64 {
        self.clients.iter().map(|client| client.total.failed(kind)).sum::<u64>() + self.other.failed(kind)
    }

    /// What is wrong with the log itself.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let place = self.refusals.first().map_or_else(Span::default, |(at, _)| *at);
        if let Some((at, reason)) = self.refusals.first() {
            diagnostics.push(Diagnostic::new(Code::Refused, *at).with("count", self.reading.refused).with("reason", reason));
        }
        if self.reading.partial > 0 {
            let reason = format!("{} of {} audit events were cut by their exporter", self.reading.partial, self.reading.events);
            diagnostics.push(Diagnostic::new(Code::Incomplete, place).with("reason", reason));
        }
        if let Some(cap) = self.row_cap {
            diagnostics.push(Diagnostic::new(Code::Incomplete, place).with("reason", format!("exactly {cap} rows were exported")));
        }
        let budget = self.budget;
        for (limit, value) in [
            ("audit clients", budget.clients_spilled),
            ("audit series", budget.series_spilled),
            ("audit failures", budget.failures_spilled),
            ("audit changes", budget.changes_spilled),
            ("deprecated calls", budget.deprecated_spilled),
            ("latency parts", budget.parts_spilled),
            ("latency bins", budget.bins_spilled),
            ("open requests", u64::from(budget.watches_thinned)),
            ("duplicate detection", budget.unremembered),
        ] {
            if value > 0 {
                diagnostics.push(Diagnostic::new(Code::LimitReached, place).with("limit", limit).with("value", value));
            }
        }
        diagnostics
    }
}

fn client_summary(user: &User, client: &Client, window: Option<(i64, i64)>, open_watches: u64) -> ClientSummary {
    let mut series: Vec<SeriesSummary> = client
        .series
        .iter()
        .map(|row| SeriesSummary {
            verb: row.verb,
            scope: row.scope,
            resource: row.resource.to_string(),
            subresource: row.subresource.to_string(),
            tally: row.tally.clone(),
        })
        .collect();
    series.sort_by(|left, right| {
        let key = |row: &SeriesSummary| (std::cmp::Reverse(row.tally.requests), row.verb, row.scope);
        (key(left), &left.resource, &left.subresource).cmp(&(key(right), &right.resource, &right.subresource))
    });
    let mut polled: Vec<Polled> = client
        .objects
        .iter()
        .filter(|row| row.count > 1)
        .map(|row| {
            let [resource, namespace, name] = row.key.each_ref().map(|part| part.to_string());
            Polled { resource, namespace, name, count: row.count, first: row.first, last: row.last }
        })
        .collect();
    polled.sort_by(|left, right| {
        (std::cmp::Reverse(left.count), &left.resource, &left.namespace, &left.name)
            .cmp(&(std::cmp::Reverse(right.count), &right.resource, &right.namespace, &right.name))
    });
    let (rate, watch_rate) = (rate(&client.minutes), rate(&client.watch_minutes));
    ClientSummary {
        user: user.name.to_string(),
        agent: client.agent.to_string(),
        other_agents: false,
        collector: false,
        total: client.total(),
        growth: growth(&series),
        series,
        addresses: named(&client.addresses),
        namespaces: named(&client.namespaces),
        polled,
        onset: onset(&rate, window),
        watch_onset: onset(&watch_rate, window),
        rate,
        watch_rate,
        open_watches,
    }
}

fn growth(series: &[SeriesSummary]) -> Vec<Growth> {
    let mut by_resource: BTreeMap<&str, Growth> = BTreeMap::new();
    for row in series.iter().filter(|row| row.subresource.is_empty() && row.scope != Scope::None) {
        let count = row.tally.succeeded();
        if !matches!(row.verb, Verb::Create | Verb::Delete | Verb::DeleteCollection) || count == 0 {
            continue;
        }
        let entry = by_resource.entry(&row.resource).or_insert_with(|| Growth {
            resource: row.resource.clone(),
            created: 0,
            deleted: 0,
            collections_deleted: 0,
        });
        match row.verb {
            Verb::Create => entry.created += count,
            Verb::Delete => entry.deleted += count,
            _ => entry.collections_deleted += count,
        }
    }
    by_resource.into_values().collect()
}

fn named(table: &Table<Named>) -> Vec<(String, u64)> {
    let mut rows: Vec<(String, u64)> = table.iter().map(|row| (row.name.to_string(), row.count)).collect();
    rows.sort_by(|left, right| (std::cmp::Reverse(left.1), &left.0).cmp(&(std::cmp::Reverse(right.1), &right.0)));
    rows
}

fn rate<const SECONDS: i64, const LIMIT: usize>(timeline: &Timeline<u64, SECONDS, LIMIT>) -> Rate
where
    u64: Slot,
{
    Rate { slot_seconds: timeline.width(), slots: timeline.iter().map(|(start, count)| (start, *count)).collect() }
}

fn open_requests(fold: &AuditFold) -> Vec<Open> {
    let mut open: Vec<Open> = fold
        .watches
        .open()
        .into_iter()
        .filter_map(|(Owner { user, agent, verb, resource, namespace }, starts)| {
            let (first, last) = (&starts.first()?.1, &starts.last()?.1);
            let mut timeline: Timeline<u64, 60, 256> = Timeline::default();
            for (_, start) in &starts {
                *timeline.slot(start.time) += 1;
            }
            timeline.settle();
            Some(Open {
                user,
                agent,
                verb: Verb::ALL.get(usize::from(verb)).copied().unwrap_or_default(),
                resource,
                namespace,
                count: starts.len() as u64,
                first: (first.time, first.at),
                last: (last.time, last.at),
                rate: rate(&timeline),
            })
        })
        .collect();
    open.sort_by_key(|row| std::cmp::Reverse(row.count));
    open
}

fn failures(fold: &AuditFold) -> Vec<FailureSummary> {
    let mut rows: Vec<FailureSummary> = fold
        .failures
        .table
        .iter()
        .filter(|row| row.weight() > 0)
        .map(|row| FailureSummary {
            kind: row.kind,
            code: row.code,
            name: row.name.to_string(),
            shape: row.shape.to_string(),
            message: row.message.to_string(),
            count: row.sightings.count,
            first: row.sightings.first,
            last: row.sightings.last,
            clients: named(&row.clients)
                .into_iter()
                .map(|(client, count)| {
                    let (user, agent) = client.split_once('\n').unwrap_or((&client, ""));
                    (user.to_owned(), agent.to_owned(), count)
                })
                .collect(),
            rate: rate(&row.minutes),
        })
        .collect();
    rows.sort_by(|left, right| {
        let key = |row: &FailureSummary| (std::cmp::Reverse(row.count), row.kind, row.code);
        (key(left), &left.name, &left.shape).cmp(&(key(right), &right.name, &right.shape))
    });
    rows
}

fn changes(fold: &AuditFold) -> Vec<Change> {
    let mut rows: Vec<Change> = fold
        .changes
        .table
        .iter()
        .map(|row| {
            let [user, agent, resource, subresource, namespace, name] = row.key.each_ref().map(|part| part.to_string());
            let (count, first, last) = (row.sightings.count, row.sightings.first, row.sightings.last);
            Change { user, agent, verb: row.verb, resource, subresource, namespace, name, count, first, last }
        })
        .collect();
    rows.sort_by(|left, right| {
        (left.first, left.verb, &left.resource, &left.name, &left.user).cmp(&(right.first, right.verb, &right.resource, &right.name, &right.user))
    });
    rows
}

fn deprecated(fold: &AuditFold) -> Vec<Deprecated> {
    let mut rows: Vec<Deprecated> = fold
        .deprecated
        .table
        .iter()
        .map(|row| {
            let [user, agent, api, removed_release] = row.key.each_ref().map(|part| part.to_string());
            let (count, first, last) = (row.sightings.count, row.sightings.first, row.sightings.last);
            Deprecated { user, agent, api, removed_release, count, first, last }
        })
        .collect();
    rows.sort_by(|left, right| {
        (std::cmp::Reverse(left.count), &left.api, &left.user, &left.agent, &left.removed_release)
            .cmp(&(std::cmp::Reverse(right.count), &right.api, &right.user, &right.agent, &right.removed_release))
    });
    rows
}

fn parts(fold: &AuditFold) -> Vec<Part> {
    let mut rows: Vec<Part> = fold
        .parts
        .table
        .iter()
        .map(|row| Part {
            component: row.component,
            verb: row.verb,
            resource: row.resource.to_string(),
            count: row.count,
            sum: row.sum,
            slowest: row.slowest,
            histogram: row.histogram.clone(),
        })
        .collect();
    rows.sort_by(|left, right| {
        (left.component, std::cmp::Reverse(left.sum), left.verb, &left.resource)
            .cmp(&(right.component, std::cmp::Reverse(right.sum), right.verb, &right.resource))
    });
    rows
}

fn agents(fold: &AuditFold) -> Vec<AgentLatency> {
    let mut rows: Vec<(u64, AgentLatency)> = fold
        .agents
        .table
        .iter()
        .map(|row| {
            let bins = row.bins.iter().map(|(start, bin)| LatencyBin { start, sum: bin.sum, max: bin.max, latency: bin.latency.clone() });
            let agent = AgentLatency { agent: row.agent.to_string(), slot_seconds: row.bins.width(), bins: bins.collect() };
            (row.weight(), agent)
        })
        .collect();
    rows.sort_by(|left, right| (std::cmp::Reverse(left.0), &left.1.agent).cmp(&(std::cmp::Reverse(right.0), &right.1.agent)));
    rows.into_iter().map(|(_, row)| row).collect()
}
