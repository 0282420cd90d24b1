//! The fold: one event after the other into counters, and folds into one another.
//!
//! It refuses to know files and forms; a merge of folds over parts of a log is the fold over the
//! whole, in whatever order parts come.

use std::collections::BTreeMap;
use std::sync::Arc;

use konspect_bundle::Span;

use crate::batch::Batch;
use crate::beside::remarkable;
use crate::budget::hash;
use crate::client::{Resource, Scope, SeriesKey};
use crate::event::{Event, Stage, Verb};
use crate::failure::{Failure, classify};
use crate::form::Form;
use crate::pending::Fresh;
use crate::question::{GROUPS, GroupRow, Question};
use crate::rows::{
    AGENTS, AgentRow, CHANGES, ChangeRow, DEPRECATED, DeprecatedRow, FAILURES, FailureRow, PARTS,
    PartRow, Rows,
};
use crate::sample::{Overlap, Sample};
use crate::seen::{Seen, pair};
use crate::tables::{Destination, Tables};
use crate::users::Users;
use crate::watches::Watches;

/// After this many events the bounds are enforced.
const BETWEEN_TRIMS: u32 = 1 << 17;

/// Micro-seconds after which an API server gives up a request that is not long-running by nature: one
/// that says it came in longer ago does not tell that the log goes back so far.
const GIVEN_UP: i64 = 60_000_000;

/// How many refused records are shown.
pub(crate) const PLACES: usize = 3;

/// Something that takes records and merges with its like, associatively and commutatively.
pub trait Fold: Default + Send {
    /// Takes everything that another fold took.
    fn merge(&mut self, other: Self);
}

/// What was read, by what came of it: `records` is the sum of the others but `partial`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Lines that are not blank, or array items, or CSV rows.
    pub records: u64,
    /// Audit events.
    pub events: u64,
    /// Records that could not be read.
    pub refused: u64,
    /// Records of other log categories in the same file.
    pub foreign: u64,
    /// Records that hold no event of their own: empty lists and envelopes.
    pub empty: u64,
    /// Of the events, those that were cut by their exporter.
    pub partial: u64,
    /// Of the events, those that had been counted before.
    pub duplicates: u64,
    /// Of the events, those that the question leaves out.
    pub left_out: u64,
    /// Of those, reads and watches: the log has them, whatever the question takes.
    pub left_out_reads: u64,
}

/// The state of a fold over audit events.
#[derive(Clone, Debug, Default)]
pub struct AuditFold {
    pub(crate) reading: Reading,
    pub(crate) refusals: Vec<(Span, String)>,
    pub(crate) forms: BTreeMap<Form, u64>,
    pub(crate) stages: [u64; 5],
    pub(crate) verbs: BTreeMap<Verb, u64>,
    pub(crate) window: Option<(i64, i64)>,
    pub(crate) users: Users,
    pub(crate) failures: Rows<FailureRow>,
    pub(crate) changes: Rows<ChangeRow>,
    pub(crate) deprecated: Rows<DeprecatedRow>,
    pub(crate) parts: Rows<PartRow>,
    pub(crate) agents: Rows<AgentRow>,
    pub(crate) groups: Rows<GroupRow>,
    pub(crate) watches: Watches,
    /// Open watches by the group that they belong to, where the question groups.
    pub(crate) group_watches: Watches,
    /// From when to when requests were asked for, where the question says so.
    pub(crate) bounds: Option<(i64, i64)>,
    pub(crate) unremembered: u64,
    /// Rows whose dates may be read with day and month the other way round.
    pub(crate) assumed_dates: u64,
    /// Rows whose times are local to whoever exported them and are read as UTC.
    pub(crate) local_dates: u64,
    /// The first of either.
    pub(crate) assumed_at: Option<Span>,
    /// By which saved states tell that they hold the same events.
    pub(crate) sample: Sample,
    /// Found when everything was taken.
    pub(crate) overlaps: Vec<Overlap>,
    /// What waits to be counted; empty after `trim`.
    pub(crate) batch: Batch,
    /// What tells duplicates where files may overlap.
    pub(crate) seen: Option<Arc<Seen>>,
    /// Where clients and agents are counted when workers share tables; then `users` and `agents` stay
    /// without them.
    pub(crate) tables: Option<Arc<Tables>>,
    /// Memory for texts that are put together.
    pub(crate) shape: String,
    since_trim: u32,
}

impl Fold for AuditFold {
    fn merge(&mut self, mut other: Self) {
        self.flush();
        other.flush();
        let (mine, its) = (&mut self.reading, &other.reading);
        mine.records += its.records;
        mine.events += its.events;
        mine.refused += its.refused;
        mine.foreign += its.foreign;
        mine.empty += its.empty;
        mine.partial += its.partial;
        mine.duplicates += its.duplicates;
        mine.left_out += its.left_out;
        mine.left_out_reads += its.left_out_reads;
        self.refusals.extend(other.refusals);
        self.refusals.sort();
        self.refusals.truncate(PLACES);
        for (form, count) in other.forms {
            *self.forms.entry(form).or_default() += count;
        }
        for (mine, its) in self.stages.iter_mut().zip(other.stages) {
            *mine += its;
        }
        for (verb, count) in other.verbs {
            *self.verbs.entry(verb).or_default() += count;
        }
        self.window = match (self.window, other.window) {
            (Some(left), Some(right)) => Some((left.0.min(right.0), left.1.max(right.1))),
            (left, right) => left.or(right),
        };
        let Self { users, failures, changes, deprecated, parts, agents, groups, .. } = self;
        let Self { watches, group_watches, .. } = self;
        // The users are about half of it.
        rayon::join(
            || users.merge(other.users),
            || {
                failures.merge(other.failures, FAILURES);
                changes.merge(other.changes, CHANGES);
                deprecated.merge(other.deprecated, DEPRECATED);
                parts.merge(other.parts, PARTS);
                agents.merge(other.agents, AGENTS);
                groups.merge(other.groups, GROUPS);
                watches.merge(other.watches);
                group_watches.merge(other.group_watches);
            },
        );
        self.unremembered = self.unremembered.max(other.unremembered);
        self.assumed_dates += other.assumed_dates;
        self.local_dates += other.local_dates;
        self.assumed_at = self.assumed_at.into_iter().chain(other.assumed_at).min();
        self.sample.merge(&other.sample);
        self.overlaps.extend(other.overlaps);
    }
}

impl AuditFold {
    /// An empty fold of an analysis whose workers share what was seen, and perhaps tables.
    pub(crate) fn of(seen: Option<Arc<Seen>>, tables: Option<Arc<Tables>>) -> Self {
        Self { seen, tables, ..Self::default() }
    }

    /// Takes one event.
    pub fn push(&mut self, event: &Event<'_>, at: Span) {
        self.take_event(event, at, false);
    }

    /// Takes one event and answers whether a request ended with it, or a watch began, that was not
    /// counted before.
    pub(crate) fn push_now(&mut self, event: &Event<'_>, at: Span) -> bool {
        self.take_event(event, at, true)
    }

    fn take_event(&mut self, event: &Event<'_>, at: Span, now: bool) -> bool {
        self.reading.records += 1;
        self.reading.events += 1;
        self.reading.partial += u64::from(event.partial);
        if let Some(stage) = self.stages.get_mut(event.stage as usize) {
            *stage += 1;
        }
        let received = event.stage == Stage::RequestReceived;
        let long_running = !received && event.long_running();
        self.cover(event, long_running);
        if received {
            return false;
        }
        // Most requests are short; without files that may overlap nobody asks for their IDs.
        let id = if self.seen.is_some() || long_running {
            hash(3, event.audit_id.as_bytes())
        } else {
            0
        };
        let resource = resource_of(event);
        let fresh = if event.ends() {
            self.ended(event, resource, at, id, long_running, now)
        } else {
            self.started(event, resource, at, id, long_running, now)
        };
        if self.batch.is_full() {
            self.flush();
        }
        self.trim_after(1);
        fresh && (event.ends() || event.verb == Verb::Watch)
    }

    /// Extends the window by an event: by its stage, and by the arrival of a request that is short by
    /// nature. One that ran long may have begun days before the log.
    fn cover(&mut self, event: &Event<'_>, long_running: bool) {
        let (first, last) = match (event.received, event.staged) {
            (Some(received), Some(staged))
                if !long_running && staged.saturating_sub(received) <= GIVEN_UP =>
            {
                (received.min(staged), staged)
            }
            (_, Some(staged)) => (staged, staged),
            (Some(received), None) if !(long_running && event.ends()) => (received, received),
            _ => return,
        };
        let (from, to) = self.bounds.unwrap_or((i64::MIN, i64::MAX));
        let (first, last) = (first.max(from).min(to), last.max(from).min(to));
        let (known_first, known_last) = self.window.unwrap_or((first, last));
        self.window = Some((known_first.min(first), known_last.max(last)));
    }

    /// Whether an event was not counted before; looked up with many others unless it is asked `now`.
    fn fresh(&mut self, event: &Event<'_>, id: u64, now: bool) -> Fresh {
        let Some(seen) = self.seen.as_ref().filter(|_| !event.audit_id.is_empty()) else {
            return Fresh::Yes;
        };
        let pair = pair(id, event.stage);
        self.sample.see(pair);
        if !now {
            return Fresh::Unasked(pair);
        }
        if seen.first(pair) {
            return Fresh::Yes;
        }
        self.reading.duplicates += 1;
        Fresh::No
    }

    /// Counts an event that the question leaves out.
    pub(crate) fn leave(&mut self, event: &Event<'_>) {
        self.reading.records += 1;
        self.reading.events += 1;
        self.reading.left_out += 1;
        self.reading.left_out_reads += u64::from(event.verb.reads());
        let long_running = event.stage != Stage::RequestReceived && event.long_running();
        self.cover(event, long_running);
    }

    /// Counts a request in the group that the question puts it into; a watch that began and does not
    /// end is one, too.
    pub(crate) fn group(&mut self, question: &Question, event: &Event<'_>, at: Span) {
        let failure = classify(event).map(|(kind, _, _)| kind);
        let row = GroupRow::of(question, event, resource_of(event));
        if event.verb == Verb::Watch && !event.audit_id.is_empty() {
            let id = hash(3, event.audit_id.as_bytes());
            if event.ends() {
                self.group_watches.end(id);
            } else {
                let time = event.staged.or(event.received).unwrap_or(0);
                self.group_watches.start(id, time, at, &row.owner());
            }
        }
        let empty = row.clone();
        match self.groups.table.row(row.hash, |known| known.key == row.key, || empty) {
            Some(row) => row.count(event, failure, at),
            None => self.groups.spilled += u64::from(event.ends()),
        }
    }

    /// Counts a record that could not be read.
    pub fn refuse(&mut self, at: Span, reason: impl Into<String>) {
        self.reading.records += 1;
        self.reading.refused += 1;
        if self.refusals.len() < PLACES || self.refusals.last().is_some_and(|(last, _)| at < *last)
        {
            self.refusals.push((at, reason.into()));
            self.refusals.sort();
            self.refusals.truncate(PLACES);
        }
    }

    /// Counts a record of another log category.
    pub(crate) fn pass(&mut self) {
        self.reading.records += 1;
        self.reading.foreign += 1;
    }

    /// Counts a record that holds no event of its own.
    pub(crate) fn nothing(&mut self) {
        self.reading.records += 1;
        self.reading.empty += 1;
    }

    /// Notes in which form a record came.
    pub(crate) fn came_as(&mut self, form: Form) {
        *self.forms.entry(form).or_default() += 1;
    }

    /// Counts what waits to be counted.
    pub(crate) fn flush(&mut self) {
        self.reading.duplicates += self.batch.settle(self.seen.as_deref(), &mut self.watches);
        self.batch.count_verbs(&mut self.verbs);
        self.batch.count_into(match &self.tables {
            Some(tables) => Destination::Shared(tables),
            None => Destination::Own(&mut self.users, &mut self.agents),
        });
    }

    /// Ends the analysis whose workers share what was seen.
    pub(crate) fn end(&mut self) {
        self.flush();
        self.seen = None;
        self.tables = None;
    }

    /// Enforces the bounds of all tables when enough was counted since the last time.
    pub(crate) fn trim_after(&mut self, events: usize) {
        self.since_trim = self.since_trim.saturating_add(u32::try_from(events).unwrap_or(u32::MAX));
        if self.since_trim >= BETWEEN_TRIMS {
            self.trim();
        }
    }

    /// Enforces the bounds of all tables.
    pub(crate) fn trim(&mut self) {
        self.since_trim = 0;
        self.flush();
        self.sample.settle();
        self.users.trim();
        self.failures.trim(FAILURES);
        self.changes.trim(CHANGES);
        self.deprecated.trim(DEPRECATED);
        self.parts.trim(PARTS);
        self.agents.trim(AGENTS);
        self.groups.trim(GROUPS);
        self.agents.settle();
        if let Some(tables) = &self.tables {
            tables.trim();
        }
        for row in self.failures.table.iter_mut() {
            row.pace.settle();
            row.clients.trim();
        }
    }

    /// A request that has started; what does not run long ends soon.
    fn started(
        &mut self,
        event: &Event<'_>,
        resource: Resource<'_>,
        at: Span,
        id: u64,
        long_running: bool,
        now: bool,
    ) -> bool {
        // Only watches have a row that can wait.
        let now = now || !long_running || event.verb != Verb::Watch;
        let fresh = self.fresh(event, id, now);
        if long_running && fresh != Fresh::No {
            self.batch.started(event, &key_of(event, resource), id, fresh, at);
        }
        fresh != Fresh::No
    }

    fn ended(
        &mut self,
        event: &Event<'_>,
        resource: Resource<'_>,
        at: Span,
        id: u64,
        long_running: bool,
        now: bool,
    ) -> bool {
        let classified = classify(event);
        let failure = classified.map(|(kind, _, _)| kind);
        let parts = event.components.iter().any(Option::is_some);
        let change = event.verb.mutates()
            && (200..300).contains(&event.code)
            && remarkable(event)
            && !event.is_dry_run();
        // What is counted beside the rows cannot wait.
        let beside = classified.is_some()
            || parts
            || change
            || event.deprecated
            || !event.failed_open.is_empty();
        let fresh = self.fresh(event, id, now || beside);
        let long_running = long_running.then_some(id);
        self.batch.ended(event, &key_of(event, resource), failure, at, fresh, long_running);
        let fresh = fresh != Fresh::No;
        if let Some((kind, name, text)) = classified {
            self.count_failure(event, kind, name, text, at, fresh);
        }
        if !event.failed_open.is_empty() {
            self.count_failure(
                event,
                Failure::WebhookFailedOpen,
                &event.failed_open,
                "",
                at,
                fresh,
            );
        }
        if parts {
            self.count_parts(event, resource, at, fresh);
        }
        if event.deprecated {
            self.count_deprecated(event, at, fresh);
        }
        if change {
            self.count_change(event, resource, at, fresh);
        }
        fresh
    }
}

fn key_of<'a>(event: &'a Event<'_>, resource: Resource<'a>) -> SeriesKey<'a> {
    SeriesKey {
        verb: event.verb,
        scope: Scope::of(event),
        resource,
        subresource: &event.subresource,
    }
}

/// The resource of an event; without one the path, if it is one that everybody knows.
fn resource_of<'a>(event: &'a Event<'_>) -> Resource<'a> {
    if !event.resource.is_empty() {
        return Resource { group: &event.group, name: &event.resource };
    }
    let path = event.uri.split('?').next().unwrap_or("");
    let head = path.trim_start_matches('/').split('/').next().unwrap_or("");
    let name = match head {
        "readyz" => "/readyz",
        "livez" => "/livez",
        "healthz" => "/healthz",
        "metrics" => "/metrics",
        "version" => "/version",
        "openapi" => "/openapi",
        "api" => "/api",
        "apis" => "/apis",
        "openid" | ".well-known" => "/openid",
        "debug" => "/debug",
        "logs" => "/logs",
        "" => "/",
        _ => "/other",
    };
    Resource { group: "", name }
}
