//! What a fold found, as plain data: everything sorted, every exemplar with its place.

use std::collections::BTreeMap;

use konspect_bundle::{Code, Diagnostic, Span};

use crate::client::Scope;
use crate::crowd::Crowd;
use crate::event::{Component, Stage, Verb};
use crate::failure::Failure;
use crate::fold::Reading;
use crate::form::Form;
use crate::histogram::Histogram;
use crate::onset::{Onset, onset};
use crate::sample::Overlap;
use crate::tally::Tally;

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
    /// What the log covers, of that what was asked for: from the first to the last stage of any
    /// request, and the arrival of those that are short by nature.
    pub window: Option<(i64, i64)>,
    /// The log has writes and not a single get or list: it is `kube-audit-admin` alone or was
    /// filtered so, and nothing can be said about reads, neither good nor bad.
    pub admin_only: bool,
    /// `ResponseStarted` events are in the log, so that open watches can be told.
    pub tells_open: bool,
    /// The number of rows is one at which Log Analytics cuts exports.
    pub row_cap: Option<u64>,
    /// Rows whose dates may be read with day and month the other way round.
    pub assumed_dates: u64,
    /// Rows whose times are local to whoever exported them and are read as UTC.
    pub local_dates: u64,
    /// The first of either.
    pub assumed_at: Option<Span>,
    /// Saved states that hold events which another input holds as well, so that they count twice.
    pub overlaps: Vec<Overlap>,
    /// By requests, descending; then by user and agent.
    pub clients: Vec<ClientSummary>,
    /// Users whose many programs are as one, each as one client, beside those.
    pub crowds: Vec<Crowd>,
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
    /// What the question grouped by, by requests, descending.
    pub groups: Vec<GroupSummary>,
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
    pub groups_spilled: u64,
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
    /// Different source addresses, those of open watches among them; estimated when there are many.
    pub distinct_addresses: u64,
    /// Those that were told apart, by name.
    pub sources: Vec<String>,
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
    /// Creations and deletions that succeeded and were no dry runs, by resource.
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
    pub tally: Box<Tally>,
    /// Watches without an end.
    pub open: u64,
}

impl ClientSummary {
    /// Requests that ended, and watches that are open.
    pub fn requests(&self) -> u64 {
        self.total.requests + self.open_watches
    }
}

impl SeriesSummary {
    /// Requests that ended, and watches that are open.
    pub fn requests(&self) -> u64 {
        self.tally.requests + self.open
    }
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

impl Rate {
    /// From when on it was much higher than before; none when it did not rise within the window.
    pub fn onset(&self, window: Option<(i64, i64)>) -> Option<Onset> {
        onset(self, window)
    }
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

impl Growth {
    /// The rows of many clients, those of one resource as one.
    pub fn by_resource<'a>(rows: impl Iterator<Item = &'a Self>) -> BTreeMap<&'a str, Self> {
        let mut sums: BTreeMap<&str, Self> = BTreeMap::new();
        for row in rows {
            let sum = sums.entry(&row.resource).or_insert_with(|| Self {
                resource: row.resource.clone(),
                created: 0,
                deleted: 0,
                collections_deleted: 0,
            });
            sum.created += row.created;
            sum.deleted += row.deleted;
            sum.collections_deleted += row.collections_deleted;
        }
        sums
    }
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

/// Requests that are alike in what the question grouped by.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupSummary {
    pub key: Vec<String>,
    pub tally: Tally,
    /// Watches without an end.
    pub open: u64,
    /// Different users and source addresses, as far as they were told apart.
    pub users: u64,
    pub addresses: u64,
}

impl GroupSummary {
    /// Requests that ended, and watches that are open.
    pub fn requests(&self) -> u64 {
        self.tally.requests + self.open
    }
}

impl AuditSummary {
    /// Requests of everybody, those of the collector among them: what ended, and watches that are open.
    pub fn requests(&self) -> u64 {
        self.clients.iter().map(ClientSummary::requests).sum::<u64>() + self.other.requests
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

    /// Those clients, and each crowd as one of them.
    pub fn loads(&self) -> impl Iterator<Item = &ClientSummary> {
        self.others().chain(self.crowds.iter().map(|crowd| &crowd.client))
    }

    /// Requests that ended in one kind of failure.
    pub fn failed(&self, kind: Failure) -> u64 {
        self.clients.iter().map(|client| client.total.failed(kind)).sum::<u64>()
            + self.other.failed(kind)
    }

    /// What is wrong with the log itself.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let some =
            || self.clients.iter().filter_map(|client| client.total.first).map(|(_, at)| at).min();
        let place = self.refusals.first().map(|(at, _)| *at).or_else(some).unwrap_or_default();
        if let Some((at, reason)) = self.refusals.first() {
            diagnostics.push(
                Diagnostic::new(Code::Refused, *at)
                    .with("count", self.reading.refused)
                    .with("reason", reason),
            );
        }
        if self.reading.partial > 0 {
            let reason = format!(
                "{} of {} audit events were cut by their exporter",
                self.reading.partial, self.reading.events
            );
            diagnostics.push(Diagnostic::new(Code::Incomplete, place).with("reason", reason));
        }
        if let Some(cap) = self.row_cap {
            diagnostics.push(
                Diagnostic::new(Code::Incomplete, place)
                    .with("reason", format!("exactly {cap} rows were exported")),
            );
        }
        let assumed = [("order", self.assumed_dates), ("zone", self.local_dates)];
        for (what, count) in assumed.into_iter().filter(|(_, count)| *count > 0) {
            diagnostics.push(
                Diagnostic::new(Code::AssumedDates, self.assumed_at.unwrap_or(place))
                    .with("what", what)
                    .with("count", count),
            );
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
            ("groups", budget.groups_spilled),
            ("open requests", u64::from(budget.watches_thinned)),
            ("duplicate detection", budget.unremembered),
        ] {
            if value > 0 {
                diagnostics.push(
                    Diagnostic::new(Code::LimitReached, place)
                        .with("limit", limit)
                        .with("value", value),
                );
            }
        }
        diagnostics
    }
}
