//! The flat tables of the fold: failures, changes, deprecated calls, latency parts, bins by agent.

use std::ops::DerefMut;

use konspect_bundle::Span;

use crate::budget::{Keyed, Table, hash, keyed, smallest};
use crate::client::Names;
use crate::event::{Component, Verb};
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::tally::slower;
use crate::timeline::{Slot, Timeline};

pub(crate) const FAILURES: usize = 1 << 10;
pub(crate) const CHANGES: usize = 1 << 12;
pub(crate) const DEPRECATED: usize = 1 << 10;
pub(crate) const PARTS: usize = 1 << 12;
pub(crate) const AGENTS: usize = 1 << 11;

/// When and where something was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sightings {
    pub(crate) count: u64,
    pub(crate) first: Option<(i64, Span)>,
    pub(crate) last: Option<(i64, Span)>,
}

impl Sightings {
    pub(crate) fn see(&mut self, time: i64, at: Span, count: u64) {
        self.merge(&Self { count, first: Some((time, at)), last: Some((time, at)) });
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.first = match (self.first, other.first) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        };
        self.last = self.last.max(other.last);
    }
}

/// One kind of failure with one shape of message.
#[derive(Clone, Debug)]
pub(crate) struct FailureRow {
    pub(crate) hash: u64,
    pub(crate) kind: Failure,
    pub(crate) code: u16,
    /// Webhook or policy.
    pub(crate) name: Box<str>,
    pub(crate) shape: Box<str>,
    pub(crate) sightings: Sightings,
    /// The message of the first sighting, shortened.
    pub(crate) message: Box<str>,
    /// `user`, a line feed, `user agent`.
    pub(crate) clients: Names<64>,
    pub(crate) pace: Timeline<u64, 5, 512>,
}

/// One object that somebody changed.
#[derive(Clone, Debug)]
pub(crate) struct ChangeRow {
    pub(crate) hash: u64,
    pub(crate) verb: Verb,
    /// User, user agent, resource with group, subresource, namespace, name.
    pub(crate) key: [Box<str>; 6],
    pub(crate) sightings: Sightings,
}

/// One caller of one deprecated API.
#[derive(Clone, Debug)]
pub(crate) struct DeprecatedRow {
    pub(crate) hash: u64,
    /// User, user agent, `group/version/resource`, the release that removes it.
    pub(crate) key: [Box<str>; 4],
    pub(crate) sightings: Sightings,
}

/// One annotated part of the latency of one kind of request.
#[derive(Clone, Debug)]
pub(crate) struct PartRow {
    pub(crate) hash: u64,
    pub(crate) component: Component,
    pub(crate) verb: Verb,
    pub(crate) resource: Box<str>,
    pub(crate) count: u64,
    /// Nano-seconds.
    pub(crate) sum: u64,
    pub(crate) slowest: Option<(u64, Span)>,
    /// Micro-seconds.
    pub(crate) histogram: Histogram,
}

/// Latency of one user agent over time.
#[derive(Clone, Debug)]
pub(crate) struct AgentRow {
    pub(crate) hash: u64,
    pub(crate) agent: Box<str>,
    /// Slots of 75 seconds, which make bins of five minutes when they are joined twice.
    pub(crate) bins: Timeline<Bin, 75, 300>,
}

/// Requests of one user agent in one slot of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bin {
    pub(crate) sum: u64,
    pub(crate) max: u64,
    pub(crate) latency: Histogram,
}

impl AgentRow {
    /// What a row is known by.
    pub(crate) fn hash_of(agent: &str) -> u64 {
        hash(11, agent.as_bytes())
    }
}

impl Bin {
    pub(crate) fn add(&mut self, latency: u64) {
        self.sum = self.sum.saturating_add(latency);
        self.max = self.max.max(latency);
        self.latency.add(latency);
    }
}

impl Slot for Bin {
    fn merge(&mut self, other: &Self) {
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
        self.latency.merge(&other.latency);
    }
}

keyed!(FailureRow, ChangeRow, DeprecatedRow, PartRow, AgentRow);

/// Hashes the parts of a key.
pub(crate) fn hash_parts(seed: u64, parts: &[&str]) -> u64 {
    parts.iter().fold(seed, |sum, part| hash(sum, part.as_bytes()))
}

/// Shortens text to at most `limit` bytes at a character's end.
pub(crate) fn shorten(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

/// Rows that merge with a row of the same key.
pub(crate) trait Row: Keyed + Sized {
    fn same(&self, other: &Self) -> bool;
    /// How many events the row stands for.
    fn weight(&self) -> u64;
    /// An own copy of the key without anything counted.
    fn empty(&self) -> Self;
    fn merge(&mut self, other: Self);
}

impl Row for FailureRow {
    fn same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.code == other.code
            && self.name == other.name
            && self.shape == other.shape
    }

    fn weight(&self) -> u64 {
        self.sightings.count
    }

    fn empty(&self) -> Self {
        Self {
            hash: self.hash,
            kind: self.kind,
            code: self.code,
            name: self.name.clone(),
            shape: self.shape.clone(),
            sightings: Sightings::default(),
            message: Box::default(),
            clients: Names::default(),
            pace: Timeline::default(),
        }
    }

    fn merge(&mut self, other: Self) {
        if self.sightings.first.is_none()
            || other.sightings.first.is_some_and(|first| Some(first) < self.sightings.first)
        {
            self.message = other.message;
        }
        self.sightings.merge(&other.sightings);
        self.clients.merge(&other.clients);
        self.pace.merge(&other.pace);
    }
}

impl Row for ChangeRow {
    fn same(&self, other: &Self) -> bool {
        self.verb == other.verb && self.key == other.key
    }

    fn weight(&self) -> u64 {
        self.sightings.count
    }

    fn empty(&self) -> Self {
        Self { sightings: Sightings::default(), ..self.clone() }
    }

    fn merge(&mut self, other: Self) {
        self.sightings.merge(&other.sightings);
    }
}

impl Row for DeprecatedRow {
    fn same(&self, other: &Self) -> bool {
        self.key == other.key
    }

    fn weight(&self) -> u64 {
        self.sightings.count
    }

    fn empty(&self) -> Self {
        Self { sightings: Sightings::default(), ..self.clone() }
    }

    fn merge(&mut self, other: Self) {
        self.sightings.merge(&other.sightings);
    }
}

impl Row for PartRow {
    fn same(&self, other: &Self) -> bool {
        self.component == other.component
            && self.verb == other.verb
            && self.resource == other.resource
    }

    fn weight(&self) -> u64 {
        self.count
    }

    fn empty(&self) -> Self {
        Self {
            count: 0,
            sum: 0,
            slowest: None,
            histogram: Histogram::default(),
            resource: self.resource.clone(),
            ..*self
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.slowest = slower(self.slowest, other.slowest);
        self.histogram.merge(&other.histogram);
    }
}

impl Row for AgentRow {
    fn same(&self, other: &Self) -> bool {
        self.agent == other.agent
    }

    fn weight(&self) -> u64 {
        self.bins.slots.iter().map(|(_, bin)| bin.latency.total()).sum()
    }

    fn empty(&self) -> Self {
        Self { hash: self.hash, agent: self.agent.clone(), bins: Timeline::default() }
    }

    fn merge(&mut self, other: Self) {
        self.bins.merge(&other.bins);
    }
}

/// A table of rows and the weight of what spilled from it.
#[derive(Clone, Debug)]
pub(crate) struct Rows<T> {
    pub(crate) table: Table<T>,
    pub(crate) spilled: u64,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { table: Table::default(), spilled: 0 }
    }
}

impl<T: Row> Rows<T> {
    pub(crate) fn merge(&mut self, mut other: Self, capacity: usize) {
        if self.table.len() == 0 {
            std::mem::swap(self, &mut other);
        }
        self.spilled += other.spilled;
        let Self { table, spilled } = self;
        table.lower(other.table.limit, |row| *spilled += row.weight());
        for row in other.table.into_rows() {
            match table.row(row.hash(), |known| known.same(&row), || row.empty()) {
                Some(known) => known.merge(row),
                None => *spilled += row.weight(),
            }
        }
        self.trim(capacity);
    }

    /// Takes rows of which it knows none.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.spilled += other.spilled;
        let Self { table, spilled } = self;
        table.absorb(other.table, |row| *spilled += row.weight());
    }

    pub(crate) fn trim(&mut self, capacity: usize) {
        Self::trim_parts(&mut [self], capacity);
    }

    /// Keeps the `capacity` smallest hashes of rows that stand in parts.
    pub(crate) fn trim_parts(parts: &mut [impl DerefMut<Target = Self>], capacity: usize) {
        if parts.iter().map(|part| part.table.len()).sum::<usize>() > capacity {
            let rows = parts.iter().flat_map(|part| part.table.iter().map(Keyed::hash));
            let limit = smallest(&mut rows.collect::<Vec<_>>(), capacity);
            for part in parts {
                let Self { table, spilled } = &mut **part;
                table.lower(limit, |row| *spilled += row.weight());
            }
        }
    }
}

impl Rows<AgentRow> {
    /// Joins slots until the limits of all bins hold.
    pub(crate) fn settle(&mut self) {
        self.table.iter_mut().for_each(|row| row.bins.settle());
    }
}
