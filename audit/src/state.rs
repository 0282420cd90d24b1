//! The state of a fold as bytes: written here, read and merged elsewhere.
//!
//! Sorted and of variable-length integers, so equal folds give equal bytes. The version stands in
//! front; another version is refused rather than guessed. Bytes that are no state give an error and
//! no more memory than they have themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use konspect_bundle::{ArtifactId, Source, Span};
use smallvec::SmallVec;

use crate::budget::{Keyed, Table};
use crate::client::{Client, Named, Names, Object, Scope, Series, User, Users};
use crate::event::{Component, Verb};
use crate::failure::Failure;
use crate::fold::{AuditFold, Reading};
use crate::form::Form;
use crate::histogram::Histogram;
use crate::rows::{AgentRow, Bin, ChangeRow, DeprecatedRow, FailureRow, PartRow, Rows, Sightings};
use crate::tally::{Excused, Lists, Tally, WatchCounts};
use crate::timeline::Timeline;
use crate::watches::{Owner, Watches};

const MAGIC: &[u8] = konspect_bundle::SAVED_STATE;
const VERSION: u64 = 2;

/// Why bytes are no state that this version reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateError {
    NotAState,
    /// Written by another version of the format.
    Version(u64),
    /// The bytes end early or say what cannot be.
    Damaged,
}

impl std::fmt::Display for StateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotAState => f.write_str("not an audit state"),
            Self::Version(version) => {
                write!(f, "audit state of format version {version}, not {VERSION}")
            }
            Self::Damaged => f.write_str("damaged audit state"),
        }
    }
}

impl std::error::Error for StateError {}

impl AuditFold {
    /// The state as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut settled = self.clone();
        settled.trim();
        let mut bytes = MAGIC.to_vec();
        VERSION.put(&mut bytes);
        settled.put(&mut bytes);
        bytes
    }

    /// Whether bytes begin as a state does, of whatever version.
    pub fn is_state(bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
    }

    /// Reads a state; places in it point into the artefacts of the analysis that wrote it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        Self::read(bytes, None)
    }

    /// Reads a state that is an artefact of this analysis: its places are the first line of it.
    pub fn from_state(source: Source<'_>) -> Result<Self, StateError> {
        let line = MAGIC.len().saturating_sub(1).min(source.bytes.len());
        Self::read(source.bytes, Some(source.span(0..line)))
    }

    fn read(bytes: &[u8], home: Option<Span>) -> Result<Self, StateError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(StateError::NotAState)?;
        let mut input = Input { rest, home };
        match u64::get(&mut input).ok_or(StateError::Damaged)? {
            VERSION => {}
            version => return Err(StateError::Version(version)),
        }
        let mut fold =
            Self::get(&mut input).filter(|_| input.rest.is_empty()).ok_or(StateError::Damaged)?;
        fold.trim();
        Ok(fold)
    }
}

/// Bytes that are still to be read.
struct Input<'a> {
    rest: &'a [u8],
    /// What all places become.
    home: Option<Span>,
}

trait State: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn get(from: &mut Input<'_>) -> Option<Self>;
}

impl State for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        out.push(rest.to_le_bytes()[0]);
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let (byte, rest) = from.rest.split_first()?;
            from.rest = rest;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

macro_rules! narrow {
    ($($number:ty),*) => {$(
        impl State for $number {
            fn put(&self, out: &mut Vec<u8>) {
                u64::from(*self).put(out);
            }

            fn get(from: &mut Input<'_>) -> Option<Self> {
                u64::get(from)?.try_into().ok()
            }
        }
    )*};
}
narrow!(u8, u16, u32);

impl State for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        (self.cast_unsigned() << 1 ^ (*self >> 63).cast_unsigned()).put(out);
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        // Times and slots of time are far below this, so that sums and differences do not overflow.
        let value = u64::get(from).filter(|value| *value < 1 << 59)?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

impl State for Box<str> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        let length = usize::try_from(u64::get(from)?).ok()?;
        let (text, rest) = from.rest.split_at_checked(length)?;
        from.rest = rest;
        std::str::from_utf8(text).ok().map(Self::from)
    }
}

impl<T: State> State for Box<T> {
    fn put(&self, out: &mut Vec<u8>) {
        T::put(self, out);
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        T::get(from).map(Self::new)
    }
}

impl State for String {
    fn put(&self, out: &mut Vec<u8>) {
        Box::<str>::from(self.as_str()).put(out);
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        Box::<str>::get(from).map(Into::into)
    }
}

impl State for Arc<str> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        Box::<str>::get(from).map(Into::into)
    }
}

impl<T: State> State for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        for item in self {
            item.put(out);
        }
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        // Every item takes a byte at least, so a made-up length ends early and reserves nothing.
        let length = u64::get(from)?;
        let mut items = Self::new();
        for _ in 0..length {
            items.push(T::get(from)?);
        }
        Some(items)
    }
}

impl<T: State, const N: usize> State for SmallVec<[T; N]> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        for item in self {
            item.put(out);
        }
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        Vec::get(from).map(Self::from_vec)
    }
}

impl<T: State, const N: usize> State for [T; N] {
    fn put(&self, out: &mut Vec<u8>) {
        for item in self {
            item.put(out);
        }
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        let mut items = Vec::with_capacity(N);
        for _ in 0..N {
            items.push(T::get(from)?);
        }
        items.try_into().ok()
    }
}

impl<T: State> State for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        u8::from(self.is_some()).put(out);
        if let Some(item) = self {
            item.put(out);
        }
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        match u8::get(from)? {
            0 => Some(None),
            1 => T::get(from).map(Some),
            _ => None,
        }
    }
}

impl<A: State, B: State> State for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        Some((A::get(from)?, B::get(from)?))
    }
}

impl<K: State + Ord + Copy, V: State + Copy> State for BTreeMap<K, V> {
    fn put(&self, out: &mut Vec<u8>) {
        self.iter().map(|(key, value)| (*key, *value)).collect::<Vec<_>>().put(out);
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        Vec::<(K, V)>::get(from).map(|pairs| pairs.into_iter().collect())
    }
}

impl State for Span {
    fn put(&self, out: &mut Vec<u8>) {
        self.artifact.0.put(out);
        self.start.put(out);
        self.end.saturating_sub(self.start).put(out);
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        let (artifact, start) = (ArtifactId(u32::get(from)?), u64::get(from)?);
        let end = start.checked_add(u64::get(from)?)?;
        Some(from.home.unwrap_or(Self { artifact, start, end }))
    }
}

macro_rules! numbered {
    ($($name:ident),*) => {$(
        impl State for $name {
            fn put(&self, out: &mut Vec<u8>) {
                (*self as u64).put(out);
            }

            fn get(from: &mut Input<'_>) -> Option<Self> {
                Self::ALL.get(usize::try_from(u64::get(from)?).ok()?).copied()
            }
        }
    )*};
}
numbered!(Verb, Component, Failure, Form, Scope);

/// A counter: small enough that no sum of many overflows.
fn counter(from: &mut Input<'_>) -> Option<u64> {
    u64::get(from).filter(|count| *count < 1 << 56)
}

/// Structures by their fields; those behind the semicolon are counters.
macro_rules! fields {
    ($($name:ident { $($field:ident),* ; $($counter:ident),* })*) => {$(
        impl State for $name {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
                $(self.$counter.put(out);)*
            }

            fn get(from: &mut Input<'_>) -> Option<Self> {
                $(let $field = State::get(from)?;)*
                $(let $counter = counter(from)?;)*
                Some(Self { $($field,)* $($counter),* })
            }
        }
    )*};
}
fields! {
    Reading { ; records, events, refused, foreign, empty, partial, duplicates, left_out, left_out_reads }
    Lists { ; count, unpaged, cached, paged, selected }
    WatchCounts { ; started, ended, short, lived }
    Tally { codes, failures, latency, excused, slowest, first, last, lists, watches; requests, latency_sum }
    Excused { whole, rest; sum }
    Sightings { first, last; count }
    Bin { max, latency; sum }
    Named { hash, name; count }
    Object { hash, key, first, last; count }
    Series { hash, verb, scope, resource, subresource, tally; }
    Client { hash, agent, series, other, addresses, namespaces, objects, pace, watch_pace; }
    User { hash, name, agents, other; }
    Users { table, other, client_limit, series_limit, object_limit; }
    FailureRow { hash, kind, code, name, shape, sightings, message, clients, pace; }
    ChangeRow { hash, verb, key, sightings; }
    DeprecatedRow { hash, key, sightings; }
    PartRow { hash, component, verb, resource, slowest, histogram; count, sum }
    AgentRow { hash, agent, bins; }
    Owner { user, agent, verb, resource, namespace; }
}

impl State for Histogram {
    fn put(&self, out: &mut Vec<u8>) {
        let mut last = 0;
        let steps = self.steps();
        (steps.len() as u64).put(out);
        for (step, count) in steps {
            (step - last).put(out);
            count.put(out);
            last = step;
        }
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        let mut step = 0_u16;
        let mut steps = Vec::new();
        for (rise, count) in Vec::<(u16, u64)>::get(from)? {
            step = step.checked_add(rise)?;
            steps.push((step, count));
        }
        Some(Self::from_steps(steps))
    }
}

impl<S: State, const SECONDS: i64, const LIMIT: usize> State for Timeline<S, SECONDS, LIMIT>
where
    S: crate::timeline::Slot,
{
    fn put(&self, out: &mut Vec<u8>) {
        self.doublings.put(out);
        (self.slots.len() as u64).put(out);
        let mut last = 0;
        for (key, slot) in &self.slots {
            (key - last).put(out);
            slot.put(out);
            last = *key;
        }
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        let doublings = u8::get(from).filter(|doublings| *doublings <= 40)?;
        let mut key = 0_i64;
        let mut slots = Vec::new();
        for (rise, slot) in Vec::<(i64, S)>::get(from)? {
            key = key.checked_add(rise).filter(|next| slots.is_empty() || *next > key)?;
            slots.push((key, slot));
        }
        Some(Self { doublings, slots })
    }
}

impl<const LIMIT: usize> State for Names<LIMIT> {
    fn put(&self, out: &mut Vec<u8>) {
        self.limit.put(out);
        self.rows.put(out);
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        let limit = State::get(from)?;
        Some(Self::of(limit, State::get(from)?))
    }
}

impl<T: State + Keyed> State for Table<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.limit.put(out);
        let mut rows: Vec<&T> = self.iter().collect();
        rows.sort_by_key(|row| row.hash());
        (rows.len() as u64).put(out);
        for row in rows {
            row.put(out);
        }
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        let limit = u64::get(from)?;
        let mut table = Self::default();
        for row in Vec::<T>::get(from)? {
            let hash = row.hash();
            table.row(hash, |known| known.hash() == hash, || row)?;
        }
        table.limit = limit;
        Some(table)
    }
}

impl<T: State + Keyed> State for Rows<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.table.put(out);
        self.spilled.put(out);
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        Some(Self { table: State::get(from)?, spilled: State::get(from)? })
    }
}

impl State for Watches {
    fn put(&self, out: &mut Vec<u8>) {
        self.halves_by_level().put(out);
        self.ends().put(out);
        let open = self.open();
        (open.len() as u64).put(out);
        for (owner, starts) in open {
            owner.put(out);
            let starts: Vec<(u64, (i64, Span))> =
                starts.into_iter().map(|(id, start)| (id, (start.time, start.at))).collect();
            starts.put(out);
        }
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        let mut watches = Self::with_halves(&Vec::get(from)?)?;
        Vec::<u64>::get(from)?.into_iter().for_each(|id| watches.put_end(id));
        for (owner, starts) in Vec::<(Owner, Vec<(u64, (i64, Span))>)>::get(from)? {
            for (id, (time, at)) in starts {
                watches.put_start(id, time, at, &owner);
            }
        }
        Some(watches)
    }
}

impl State for AuditFold {
    fn put(&self, out: &mut Vec<u8>) {
        self.reading.put(out);
        self.refusals.put(out);
        self.forms.put(out);
        self.stages.put(out);
        self.verbs.put(out);
        self.window.put(out);
        self.users.put(out);
        self.failures.put(out);
        self.changes.put(out);
        self.deprecated.put(out);
        self.parts.put(out);
        self.agents.put(out);
        self.watches.put(out);
        self.unremembered.put(out);
        self.assumed_dates.put(out);
    }

    fn get(from: &mut Input<'_>) -> Option<Self> {
        let mut fold = Self::default();
        fold.reading = State::get(from)?;
        fold.refusals = State::get(from)?;
        fold.forms = State::get(from)?;
        fold.stages = State::get(from)?;
        fold.verbs = State::get(from)?;
        fold.window = State::get(from)?;
        fold.users = State::get(from)?;
        fold.failures = State::get(from)?;
        fold.changes = State::get(from)?;
        fold.deprecated = State::get(from)?;
        fold.parts = State::get(from)?;
        fold.agents = State::get(from)?;
        fold.watches = State::get(from)?;
        fold.unremembered = State::get(from)?;
        fold.assumed_dates = counter(from)?;
        Some(fold)
    }
}
