//! Tallies, histograms and counts over time.

use konspect_bundle::Span;
use smallvec::SmallVec;

use super::columns::{Column, Reader, Writer};
use super::runs::{self, Columns, Runs};
use crate::failure::Failure;
use crate::histogram::{Histogram, LAST_STEP};
use crate::tally::{Excused, Lists, Tally, WatchCounts, slower};
use crate::timeline::Timeline;

/// What most tallies hold: requests that were all answered with this code.
const USUAL: u16 = 200;

const CODES: u64 = 1;
const FAILURES: u64 = 1 << 1;
const EXCUSED: u64 = 1 << 2;
const SLOWEST: u64 = 1 << 3;
const LISTS: u64 = 1 << 4;
const WATCHES: u64 = 1 << 5;
const LATENCY: u64 = 1 << 6;
const FIRST: u64 = 1 << 7;
const LAST: u64 = 1 << 8;
const DRY_RUNS: u64 = 1 << 9;

/// The times to which those of a state are told.
pub(super) type Window = (i64, i64);

/// A tally as it stands in the bytes, which takes no memory of its own.
#[derive(Debug, Default)]
pub(super) struct Row<'a> {
    requests: u64,
    codes: SmallVec<[(u16, u64); 4]>,
    failures: SmallVec<[(Failure, u64); 2]>,
    latency: Runs<'a>,
    latency_sum: u64,
    excused: Option<(u64, Runs<'a>, Runs<'a>)>,
    slowest: Option<u64>,
    first: Option<i64>,
    last: Option<i64>,
    lists: [u64; 5],
    watches: [u64; 4],
    dry_runs: u64,
}

pub(super) fn put(out: &mut Writer, tally: &Tally, window: Window) {
    let Tally { requests, codes, failures, latency, latency_sum, excused, slowest, .. } = tally;
    let lists = lists(&tally.lists);
    let watches = watches(&tally.watches);
    let usual = codes.as_slice() == [(USUAL, *requests)];
    let flag = |set: bool, flag: u64| if set { flag } else { 0 };
    out.number(
        Column::Flags,
        flag(!usual, CODES)
            | flag(!failures.is_empty(), FAILURES)
            | flag(excused.is_some(), EXCUSED)
            | flag(slowest.is_some(), SLOWEST)
            | flag(lists != [0; 5], LISTS)
            | flag(watches != [0; 4], WATCHES)
            | flag(latency.total() > 0 || *latency_sum > 0, LATENCY)
            | flag(tally.first.is_some(), FIRST)
            | flag(tally.last.is_some(), LAST)
            | flag(tally.dry_runs > 0, DRY_RUNS),
    );
    out.number(Column::Requests, *requests);
    if !usual {
        out.count(Column::Codes, codes.len());
        for (code, count) in codes {
            out.number(Column::Codes, u64::from(*code));
            out.number(Column::Codes, *count);
        }
    }
    if !failures.is_empty() {
        out.count(Column::Failures, failures.len());
        for (failure, count) in failures {
            out.number(Column::Failures, *failure as u64);
            out.number(Column::Failures, *count);
        }
    }
    if latency.total() > 0 || *latency_sum > 0 {
        put_histogram(out, latency);
        out.number(Column::LatencySum, *latency_sum);
    }
    if let Some(excused) = excused {
        out.number(Column::Excused, excused.sum);
        put_histogram(out, &excused.whole);
        put_histogram(out, &excused.rest);
    }
    if let Some((slowest, _)) = slowest {
        out.number(Column::Slowest, *slowest);
    }
    if let Some((first, _)) = tally.first {
        out.time(Column::First, first, window.0);
    }
    if let Some(last) = tally.last {
        out.time(Column::Last, last, window.1);
    }
    if lists != [0; 5] {
        out.numbers(Column::Lists, lists);
    }
    if watches != [0; 4] {
        out.numbers(Column::Watches, watches);
    }
    if tally.dry_runs > 0 {
        out.number(Column::DryRuns, tally.dry_runs);
    }
}

fn lists(lists: &Lists) -> [u64; 5] {
    [lists.count, lists.unpaged, lists.cached, lists.paged, lists.selected]
}

fn watches(watches: &WatchCounts) -> [u64; 4] {
    [watches.started, watches.ended, watches.short, watches.lived]
}

impl<'a> Row<'a> {
    /// Reads a row into the memory of another.
    pub(super) fn read(&mut self, from: &mut Reader<'a>, window: Window) -> Option<()> {
        let row = self;
        row.codes.clear();
        row.failures.clear();
        let flags = from.number(Column::Flags)?;
        let has = |flag: u64| flags & flag != 0;
        row.requests = from.counter(Column::Requests)?;
        if has(CODES) {
            for _ in 0..from.count(Column::Codes)? {
                let (code, count) = (from.narrow(Column::Codes)?, from.counter(Column::Codes)?);
                row.codes.last().is_none_or(|(last, _)| *last < code).then_some(())?;
                row.codes.push((code, count));
            }
        } else {
            row.codes.push((USUAL, row.requests));
        }
        if has(FAILURES) {
            for _ in 0..from.count(Column::Failures).filter(|kinds| *kinds <= Failure::ALL.len())? {
                let kind = from.one_of(Column::Failures, Failure::ALL)?;
                row.failures.push((kind, from.counter(Column::Failures)?));
            }
        }
        (row.latency, row.latency_sum) = if has(LATENCY) {
            (histogram(from)?, from.counter(Column::LatencySum)?)
        } else {
            (Runs::default(), 0)
        };
        row.excused = if has(EXCUSED) {
            let sum = from.counter(Column::Excused)?;
            Some((sum, histogram(from)?, histogram(from)?))
        } else {
            None
        };
        row.slowest = if has(SLOWEST) { Some(from.number(Column::Slowest)?) } else { None };
        row.first = if has(FIRST) { Some(from.time(Column::First, window.0)?) } else { None };
        row.last = if has(LAST) { Some(from.time(Column::Last, window.1)?) } else { None };
        row.lists = [0; 5];
        if has(LISTS) {
            for count in &mut row.lists {
                *count = from.counter(Column::Lists)?;
            }
        }
        row.watches = [0; 4];
        if has(WATCHES) {
            for count in &mut row.watches {
                *count = from.counter(Column::Watches)?;
            }
        }
        row.dry_runs = if has(DRY_RUNS) { from.counter(Column::DryRuns)? } else { 0 };
        Some(())
    }

    /// Adds the row to a tally; its places become `home`.
    pub(super) fn add_to(&self, tally: &mut Tally, home: Span) {
        tally.requests += self.requests;
        for (code, count) in &self.codes {
            crate::tally::add(&mut tally.codes, *code, *count);
        }
        for (failure, count) in &self.failures {
            crate::tally::add(&mut tally.failures, *failure, *count);
        }
        add_runs(&mut tally.latency, self.latency);
        tally.latency_sum = tally.latency_sum.saturating_add(self.latency_sum);
        if let Some((sum, whole, rest)) = self.excused {
            let excused: &mut Excused = tally.excused.get_or_insert_default();
            excused.sum = excused.sum.saturating_add(sum);
            add_runs(&mut excused.whole, whole);
            add_runs(&mut excused.rest, rest);
        }
        tally.slowest = slower(tally.slowest, self.slowest.map(|slowest| (slowest, home)));
        tally.first = earlier(tally.first, self.first, home);
        tally.last = tally.last.max(self.last);
        let [count, unpaged, cached, paged, selected] = self.lists;
        let lists = &mut tally.lists;
        lists.count += count;
        lists.unpaged += unpaged;
        lists.cached += cached;
        lists.paged += paged;
        lists.selected += selected;
        let [started, ended, short, lived] = self.watches;
        let watches = &mut tally.watches;
        watches.started += started;
        watches.ended += ended;
        watches.short += short;
        watches.lived = watches.lived.saturating_add(lived);
        tally.dry_runs += self.dry_runs;
    }
}

/// The earlier of two times, of which the other is at `home`.
pub(super) fn earlier(
    known: Option<(i64, Span)>,
    other: Option<i64>,
    home: Span,
) -> Option<(i64, Span)> {
    let other = other.map(|time| (time, home));
    match (known, other) {
        (Some(known), Some(other)) => Some(known.min(other)),
        (known, other) => known.or(other),
    }
}

const HISTOGRAM: Columns =
    [Column::HistogramLength, Column::HistogramSparse, Column::Histogram, Column::HistogramDense];
const TIMELINE: Columns =
    [Column::TimelineLength, Column::TimelineSparse, Column::Timeline, Column::TimelineDense];

pub(super) fn put_histogram(out: &mut Writer, histogram: &Histogram) {
    let steps = histogram.steps();
    let first = steps.first().map_or(0, |(step, _)| u64::from(*step));
    out.number(Column::HistogramFirst, first);
    let steps = steps.into_iter().map(|(step, count)| (u64::from(step), count));
    runs::put(out, HISTOGRAM, first, steps);
}

pub(super) fn histogram<'a>(from: &mut Reader<'a>) -> Option<Runs<'a>> {
    let first = from.number(Column::HistogramFirst)?;
    Runs::read(from, HISTOGRAM, first)
}

pub(super) fn add_runs(histogram: &mut Histogram, runs: Runs<'_>) {
    let last = u64::from(LAST_STEP);
    histogram.take(runs.into_iter().map(|(step, count)| (step.min(last) as u16, count)));
}

/// No slots are farther from one another.
const FAR: u64 = 1 << 58;

/// Counts over time as they stand in the bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times<'a> {
    doublings: u8,
    first: i64,
    runs: Runs<'a>,
}

pub(super) fn put_times<const SECONDS: i64, const LIMIT: usize>(
    out: &mut Writer,
    line: &Timeline<u64, SECONDS, LIMIT>,
    window: Window,
) {
    let first = line.slots.first().map_or(0, |(slot, _)| *slot);
    out.number(Column::TimelineHead, line.doublings.into());
    out.signed(Column::TimelineHead, first - slot_of::<SECONDS>(window, line.doublings));
    let slots = line.slots.iter().map(|(slot, count)| ((slot - first).unsigned_abs(), *count));
    runs::put(out, TIMELINE, 0, slots);
}

/// The slot that the window begins with.
pub(super) fn slot_of<const SECONDS: i64>(window: Window, doublings: u8) -> i64 {
    window.0.div_euclid(SECONDS * 1_000_000) >> doublings
}

impl<'a> Times<'a> {
    pub(super) fn read<const SECONDS: i64>(from: &mut Reader<'a>, window: Window) -> Option<Self> {
        let doublings = doublings(from, Column::TimelineHead)?;
        let first = from.signed(Column::TimelineHead)?;
        let first = first.checked_add(slot_of::<SECONDS>(window, doublings))?;
        Some(Self { doublings, first, runs: Runs::read(from, TIMELINE, 0)? })
    }

    pub(super) fn add_to<const SECONDS: i64, const LIMIT: usize>(
        self,
        line: &mut Timeline<u64, SECONDS, LIMIT>,
    ) {
        let slots = self.runs.into_iter().take(LIMIT);
        let slots =
            slots.map(|(slot, count)| (self.first.saturating_add_unsigned(slot.min(FAR)), count));
        line.take(self.doublings, slots, |sum, count| *sum = sum.saturating_add(count));
    }
}

/// How often the slots of a timeline were joined.
pub(super) fn doublings(from: &mut Reader<'_>, column: Column) -> Option<u8> {
    from.narrow(column).filter(|doublings| *doublings <= 40)
}
