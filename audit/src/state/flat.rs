//! The flat tables: failures, changes, deprecated calls, latency parts, bins by agent.

use std::collections::BTreeSet;

use super::clients::{hash_or, limit, put_hash, put_limit, put_names, read_names, times};
use super::columns::{COUNTER, Column, Reader, Writer};
use super::tallies::{add_runs, doublings, earlier, histogram, put_histogram, put_times, slot_of};
use super::texts::Near;
use super::{Part, Reading, Writing, in_step};
use crate::client::{Names, Resource};
use crate::event::{Component, Verb};
use crate::failure::Failure;
use crate::fold::AuditFold;
use crate::histogram::Histogram;
use crate::rows::{
    AgentRow, Bin, ChangeRow, DeprecatedRow, FailureRow, PartRow, Row, Rows, Sightings, hash_parts,
};
use crate::tally::slower;
use crate::timeline::Timeline;

const KEY: [Column; 6] =
    [Column::KeyA, Column::KeyB, Column::KeyC, Column::KeyD, Column::KeyE, Column::KeyF];

/// So wide are the slots of agents' bins at first, and so many there are at most.
const SECONDS: i64 = 75;
const SLOTS: usize = 300;

/// All texts that are written.
pub(super) fn collect<'a>(fold: &'a AuditFold, texts: &mut BTreeSet<&'a str>) {
    for row in fold.failures.table.iter() {
        texts.extend([&*row.name, &*row.shape, &*row.message]);
        texts.extend(row.clients.rows.iter().map(|row| &*row.name));
    }
    texts.extend(fold.changes.table.iter().flat_map(|row| &row.key).map(|text| &**text));
    texts.extend(fold.deprecated.table.iter().flat_map(|row| &row.key).map(|text| &**text));
    texts.extend(fold.parts.table.iter().map(|row| &*row.resource));
    texts.extend(fold.agents.table.iter().map(|row| &*row.agent));
}

pub(super) fn put(fold: &AuditFold, out: &mut Writer, to: &Writing<'_>) {
    put_failures(&fold.failures, out, to);
    put_keyed(&fold.changes, out, to, |row, out| {
        out.number(Column::RowHead, row.verb as u64);
        (row.key.each_ref(), &row.sightings)
    });
    put_keyed(&fold.deprecated, out, to, |row, _| (row.key.each_ref(), &row.sightings));
    put_parts(&fold.parts, out, to);
    put_agents(&fold.agents, out, to);
}

/// Reads the tables but that of agents, and adds them to others.
pub(super) fn read(
    from: &mut Reader<'_>,
    state: &Reading<'_>,
    mut into: Option<&mut AuditFold>,
) -> Option<()> {
    read_failures(from, state, into.as_deref_mut().map(|fold| &mut fold.failures))?;
    read_changes(from, state, into.as_deref_mut().map(|fold| &mut fold.changes))?;
    read_deprecated(from, state, into.as_deref_mut().map(|fold| &mut fold.deprecated))?;
    read_parts(from, state, into.map(|fold| &mut fold.parts))
}

/// Writes what stands in front of rows, and hands them back in the order of their texts.
fn put_head<'a, T: Row, K: Ord>(
    rows: &'a Rows<T>,
    out: &mut Writer,
    key: impl Fn(&'a T) -> K,
) -> Vec<&'a T> {
    put_limit(out, rows.table.limit);
    out.number(Column::RowHead, rows.spilled);
    let mut all: Vec<&T> = rows.table.iter().collect();
    all.sort_by_key(|row| (key(row), row.hash()));
    out.count(Column::RowHead, all.len());
    all
}

/// How many rows follow.
fn read_head<T: Row>(from: &mut Reader<'_>, into: Option<&mut Rows<T>>) -> Option<usize> {
    let (limit, more) = (limit(from)?, from.counter(Column::RowHead)?);
    if let Some(Rows { table, spilled }) = into {
        *spilled += more;
        table.lower(limit, |row| *spilled += row.weight());
    }
    from.count(Column::RowHead)
}

/// The row that is to be added to; without room for it, it spills.
fn row<T: Row>(
    rows: &mut Rows<T>,
    hash: u64,
    weight: impl FnOnce() -> u64,
    same: impl Fn(&T) -> bool,
    make: impl FnOnce() -> T,
) -> Option<&mut T> {
    let row = rows.table.row(hash, same, make);
    if row.is_none() {
        rows.spilled += weight();
    }
    row
}

const FIRST: u64 = 1;
const LAST: u64 = 1 << 1;

fn put_sightings(sightings: &Sightings, out: &mut Writer, to: &Writing<'_>) {
    let Sightings { count, first, last } = sightings;
    out.number(Column::Sightings, *count);
    let flag = |set: bool, flag: u64| if set { flag } else { 0 };
    out.number(Column::Sightings, flag(first.is_some(), FIRST) | flag(last.is_some(), LAST));
    if let Some((first, _)) = first {
        out.time(Column::SeenFirst, *first, to.window.0);
    }
    if let Some((last, _)) = last {
        out.time(Column::SeenLast, *last, first.map_or(to.window.0, |(first, _)| first));
    }
}

fn sightings(from: &mut Reader<'_>, state: &Reading<'_>) -> Option<Sightings> {
    let (count, flags) = (from.counter(Column::Sightings)?, from.number(Column::Sightings)?);
    let mut sightings = Sightings { count, ..Sightings::default() };
    if flags & FIRST != 0 {
        sightings.first = Some((from.time(Column::SeenFirst, state.window.0)?, state.home));
    }
    if flags & LAST != 0 {
        let near = sightings.first.map_or(state.window.0, |(first, _)| first);
        sightings.last = Some((from.time(Column::SeenLast, near)?, state.home));
    }
    Some(sightings)
}

/// Rows that are known by texts alone, and by what `head` writes in front of them.
fn put_keyed<'a, T: Row, const N: usize>(
    rows: &'a Rows<T>,
    out: &mut Writer,
    to: &Writing<'_>,
    head: impl Fn(&'a T, &mut Writer) -> ([&'a Box<str>; N], &'a Sightings),
) {
    let mut columns = KEY.map(Near::new);
    for row in put_head(rows, out, |row| head(row, &mut Writer::new()).0) {
        let (key, sightings) = head(row, out);
        for (column, text) in columns.iter_mut().zip(key) {
            column.put(out, to.number(text));
        }
        put_sightings(sightings, out, to);
    }
}

fn key<const N: usize>(
    columns: &mut [Near; 6],
    from: &mut Reader<'_>,
    state: &Reading<'_>,
) -> Option<[usize; N]> {
    let mut key = [0; N];
    for (number, column) in key.iter_mut().zip(columns) {
        *number = column.number(from, state.texts)?;
    }
    Some(key)
}

fn read_changes(
    from: &mut Reader<'_>,
    state: &Reading<'_>,
    mut into: Option<&mut Rows<ChangeRow>>,
) -> Option<()> {
    let mut columns = KEY.map(Near::new);
    for _ in 0..read_head(from, into.as_deref_mut())? {
        let verb = from.one_of(Column::RowHead, Verb::ALL)?;
        let key: [usize; 6] = key(&mut columns, from, state)?;
        let seen = sightings(from, state)?;
        let Some(rows) = &mut into else { continue };
        let key = key.map(|number| state.texts.at(number));
        let hash = hash_parts(verb as u64, &key);
        let same = |row: &ChangeRow| row.verb == verb && row.key.iter().map(|text| &**text).eq(key);
        let make =
            || ChangeRow { hash, verb, key: key.map(Box::from), sightings: Sightings::default() };
        if let Some(row) = row(rows, hash, || seen.count, same, make) {
            row.sightings.merge(&seen);
        }
    }
    Some(())
}

fn read_deprecated(
    from: &mut Reader<'_>,
    state: &Reading<'_>,
    mut into: Option<&mut Rows<DeprecatedRow>>,
) -> Option<()> {
    let mut columns = KEY.map(Near::new);
    for _ in 0..read_head(from, into.as_deref_mut())? {
        let key: [usize; 4] = key(&mut columns, from, state)?;
        let seen = sightings(from, state)?;
        let Some(rows) = &mut into else { continue };
        let key = key.map(|number| state.texts.at(number));
        let hash = hash_parts(13, &key);
        let same = |row: &DeprecatedRow| row.key.iter().map(|text| &**text).eq(key);
        let make =
            || DeprecatedRow { hash, key: key.map(Box::from), sightings: Sightings::default() };
        if let Some(row) = row(rows, hash, || seen.count, same, make) {
            row.sightings.merge(&seen);
        }
    }
    Some(())
}

fn put_failures(rows: &Rows<FailureRow>, out: &mut Writer, to: &Writing<'_>) {
    for row in put_head(rows, out, |row| (row.kind, row.code, &row.name, &row.shape)) {
        out.number(Column::RowHead, row.kind as u64);
        out.number(Column::RowHead, row.code.into());
        for (column, text) in KEY.into_iter().zip([&row.name, &row.shape, &row.message]) {
            out.signed(column, to.number(text));
        }
        put_sightings(&row.sightings, out, to);
        put_names(&row.clients, out, to);
        put_times(out, &row.pace, to.window);
    }
}

fn read_failures(
    from: &mut Reader<'_>,
    state: &Reading<'_>,
    mut into: Option<&mut Rows<FailureRow>>,
) -> Option<()> {
    for _ in 0..read_head(from, into.as_deref_mut())? {
        let kind = from.one_of(Column::RowHead, Failure::ALL)?;
        let code: u16 = from.narrow(Column::RowHead)?;
        let key: [usize; 3] = key(&mut KEY.map(Near::new), from, state)?;
        let [name, shape, message] = key.map(|number| state.texts.at(number));
        let seen = sightings(from, state)?;
        let mut into = into.as_deref_mut().and_then(|rows| {
            let hash = hash_parts(u64::from(code) << 8 | kind as u64, &[name, shape]);
            let same = |row: &FailureRow| {
                (row.kind, row.code, &*row.name, &*row.shape) == (kind, code, name, shape)
            };
            let make = || FailureRow {
                hash,
                kind,
                code,
                name: name.into(),
                shape: shape.into(),
                sightings: Sightings::default(),
                message: Box::default(),
                clients: Names::default(),
                pace: Timeline::default(),
            };
            row(rows, hash, || seen.count, same, make)
        });
        read_names(from, state, into.as_deref_mut().map(|row| &mut row.clients))?;
        let times = times(from, state)?;
        if let Some(row) = into {
            let first = earlier(row.sightings.first, seen.first.map(|(time, _)| time), state.home);
            if row.sightings.first.is_none() || first != row.sightings.first {
                row.message = message.into();
            }
            row.sightings.merge(&seen);
            times.add_to(&mut row.pace);
        }
    }
    Some(())
}

fn put_parts(rows: &Rows<PartRow>, out: &mut Writer, to: &Writing<'_>) {
    let mut resource = Near::new(Column::KeyA);
    for row in put_head(rows, out, |row| (row.component, row.verb, &row.resource)) {
        out.number(Column::RowHead, row.component as u64);
        out.number(Column::RowHead, row.verb as u64);
        resource.put(out, to.number(&row.resource));
        put_hash(out, row.hash, part_hash(row.component, row.verb, &row.resource));
        out.number(Column::RowHead, row.count);
        out.number(Column::RowHead, row.sum);
        out.number(Column::RowHead, row.slowest.map_or(0, |(nanos, _)| nanos.saturating_add(1)));
        put_histogram(out, &row.histogram);
    }
}

fn part_hash(component: Component, verb: Verb, resource: &str) -> u64 {
    Resource::of(resource).hash((component as u64) << 8 | verb as u64)
}

fn read_parts(
    from: &mut Reader<'_>,
    state: &Reading<'_>,
    mut into: Option<&mut Rows<PartRow>>,
) -> Option<()> {
    let mut text = Near::new(Column::KeyA);
    for _ in 0..read_head(from, into.as_deref_mut())? {
        let component = from.one_of(Column::RowHead, Component::ALL)?;
        let verb = from.one_of(Column::RowHead, Verb::ALL)?;
        let resource = text.read(from, state.texts)?;
        let hash = hash_or(from, part_hash(component, verb, resource))?;
        let (count, sum) = (from.counter(Column::RowHead)?, from.counter(Column::RowHead)?);
        let slowest = from.number(Column::RowHead)?.checked_sub(1).map(|nanos| (nanos, state.home));
        let steps = histogram(from)?;
        let Some(rows) = &mut into else { continue };
        let same = |row: &PartRow| {
            (row.component, row.verb, &*row.resource) == (component, verb, resource)
        };
        let make = || PartRow {
            hash,
            component,
            verb,
            resource: resource.into(),
            count: 0,
            sum: 0,
            slowest: None,
            histogram: Histogram::default(),
        };
        if let Some(row) = row(rows, hash, || count, same, make) {
            row.count += count;
            row.sum = row.sum.saturating_add(sum);
            row.slowest = slower(row.slowest, slowest);
            add_runs(&mut row.histogram, steps);
        }
    }
    Some(())
}

fn put_agents(rows: &Rows<AgentRow>, out: &mut Writer, to: &Writing<'_>) {
    let mut agent = Near::new(Column::KeyA);
    for row in put_head(rows, out, |row| &row.agent) {
        agent.put(out, to.number(&row.agent));
        out.number(Column::RowHead, row.bins.doublings.into());
        out.count(Column::RowHead, row.bins.slots.len());
        let mut next = slot_of::<SECONDS>(to.window, row.bins.doublings);
        for (slot, bin) in &row.bins.slots {
            out.signed(Column::BinHead, slot - next);
            next = slot + 1;
            out.number(Column::BinSum, bin.sum);
            out.number(Column::BinMax, bin.max);
            put_histogram(out, &bin.latency);
        }
    }
}

/// Reads the bins of agents, and adds them to others.
pub(super) fn read_agents(
    parts: &mut [Part<'_, '_>],
    mut into: Option<&mut Rows<AgentRow>>,
) -> Option<()> {
    let mut numbers = Vec::new();
    for part in &mut *parts {
        numbers.push(read_head(&mut part.from, into.as_deref_mut())?);
    }
    let mut bins = Vec::new();
    in_step(parts, &numbers, Column::KeyA, |Part { from, state }, agent| {
        let doublings = doublings(from, Column::RowHead)?;
        let count = from.count(Column::RowHead).filter(|count| *count <= SLOTS)?;
        let mut next = slot_of::<SECONDS>(state.window, doublings);
        bins.clear();
        for number in 0..count {
            let rise = from.signed(Column::BinHead).filter(|rise| number == 0 || *rise >= 0)?;
            let slot = next.checked_add(rise).filter(|slot| (-1 << 58..1 << 58).contains(slot))?;
            next = slot + 1;
            let (sum, max) = (from.counter(Column::BinSum)?, from.number(Column::BinMax)?);
            bins.push((slot, (sum, max, histogram(from)?)));
        }
        let Some(rows) = &mut into else { return Some(()) };
        let hash = AgentRow::hash_of(agent);
        let counts = || bins.iter().flat_map(|(_, (.., steps))| *steps).map(|(_, count)| count);
        let weight = || counts().fold(0_u64, u64::saturating_add).min(COUNTER);
        let make = || AgentRow { hash, agent: agent.into(), bins: Timeline::default() };
        if let Some(row) = row(rows, hash, weight, |row| &*row.agent == agent, make) {
            row.bins.take(doublings, bins.drain(..), |bin: &mut Bin, (sum, max, steps)| {
                bin.sum = bin.sum.saturating_add(sum);
                bin.max = bin.max.max(max);
                add_runs(&mut bin.latency, steps);
            });
        }
        Some(())
    })
}
