//! What events leave open until a batch of them is counted: whether they were counted before, and
//! which start of a long-running request belongs to which end. Asked many at once, both cost a
//! fraction of what they cost one by one.

use konspect_bundle::Span;

use crate::order::Sorter;
use crate::seen::Seen;
use crate::watches::{Watches, Whose};

/// Stands for no row.
const NONE: u32 = u32::MAX;

/// Whether an event was not counted before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fresh {
    Yes,
    No,
    /// The pair by which it is to be looked up.
    Unasked(u64),
}

/// The open questions of a batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pending {
    /// Pairs of audit ID and stage that nobody has looked up yet, with the numbers of their rows.
    unasked: Vec<(u64, u32)>,
    halves: Vec<Half>,
    order: Sorter<(u64, u32)>,
}

/// The start or the end of a long-running request.
#[derive(Clone, Copy, Debug)]
struct Half {
    /// Of the audit ID.
    id: u64,
    /// The row that says whether it is a duplicate; without one it is none.
    row: u32,
    started: Option<Start>,
}

/// Whose request starts, when and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) client: u32,
    pub(crate) shape: u32,
    pub(crate) namespace: u32,
    pub(crate) time: i64,
    pub(crate) at: Span,
}

impl Pending {
    /// Notes that the freshness of the row that comes next is to be looked up; that row's number.
    pub(crate) fn ask(&mut self, fresh: Fresh, rows: usize) -> u32 {
        let Fresh::Unasked(pair) = fresh else { return NONE };
        let row = u32::try_from(rows).unwrap_or(NONE);
        self.unasked.push((pair, row));
        row
    }

    /// Notes the start of a request whose audit ID has the hash `id`.
    pub(crate) fn started(&mut self, id: u64, row: u32, start: Start) {
        self.halves.push(Half { id, row, started: Some(start) });
    }

    /// Notes its end.
    pub(crate) fn ended(&mut self, id: u64, row: u32) {
        self.halves.push(Half { id, row, started: None });
    }

    /// Looks up every pair and hands out the rows that are duplicates.
    pub(crate) fn look_up(&mut self, seen: Option<&Seen>, duplicate: impl FnMut(u32)) {
        if let Some(seen) = seen {
            // `Seen` keeps them by the first bits of their hashes.
            let place = |pair: &(u64, u32)| usize::try_from(pair.0 >> 52).unwrap_or(0);
            seen.known(self.order.by_number(&self.unasked, 1 << 12, place), duplicate);
        }
        self.unasked.clear();
    }

    /// Lets starts and ends meet, of those whose row counts; what has no counterpart here goes on.
    pub(crate) fn meet<W: Whose>(
        &mut self,
        counts: impl Fn(u32) -> bool,
        whose: impl Fn(&Start) -> Option<W>,
        watches: &mut Watches,
    ) {
        self.halves.retain(|half| counts(half.row));
        self.halves.sort_unstable_by_key(|half| (half.id, half.started.is_none()));
        for halves in self.halves.chunk_by(|left, right| left.id == right.id) {
            // Most requests start and end within one batch.
            if let [Half { id, started: Some(_), .. }, Half { started: None, .. }] = halves {
                watches.both(*id);
                continue;
            }
            for half in halves {
                match &half.started {
                    None => watches.end(half.id),
                    Some(start) => {
                        if let Some(whose) = whose(start) {
                            watches.start(half.id, start.time, start.at, &whose);
                        }
                    }
                }
            }
        }
        self.halves.clear();
    }
}
