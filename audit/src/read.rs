//! Whole artefacts and blocks of large ones into folds.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use konspect_bundle::{ArtifactId, Source, Span};
use rayon::iter::{IntoParallelRefMutIterator, ParallelBridge, ParallelIterator};

use crate::columns::{Header, preamble, row_end};
use crate::container::PartCutter;
use crate::cut::{LARGEST, ValueCutter};
use crate::fold::{AuditFold, Fold};
use crate::form::{Form, Shape, list_within, shape};
use crate::parts;
use crate::question::Question;
use crate::record::Reader;
use crate::rows::AGENTS;
use crate::sample::{Sample, overlaps};
use crate::seen::Seen;
use crate::state::{self, StateError};
use crate::tables::Tables;
use crate::watches::Watches;

/// So many bytes are waited for before the shape of an artefact is judged.
const HEAD: usize = 1 << 16;

/// A worker keeps so many starts and ends to itself before it looks for their counterparts.
const TOGETHER: usize = 1 << 15;

/// So many saved states are merged at once, unless they have so many bytes before.
const STATES: usize = 16;
const STATES_BYTES: usize = 64 << 20;

/// A CSV row longer than this has a quote that is not closed.
const LONGEST_ROW: usize = 32 << 20;

/// What the workers of one analysis share: which events were counted, and which requests are open.
#[derive(Debug, Default)]
pub struct Shared {
    seen: Option<Arc<Seen>>,
    /// Only where one and the same ends all workers' folds and closes what they share.
    tables: Option<Arc<Tables>>,
    question: Option<Question>,
    watches: Mutex<Watches>,
}

impl Shared {
    /// For artefacts that may overlap: each event counts once.
    pub fn new() -> Self {
        Self { seen: Some(Arc::default()), ..Self::default() }
    }

    /// For one artefact that is known to hold each event once.
    pub fn without_duplicates() -> Self {
        Self::default()
    }

    /// For artefacts that may overlap, of which only some events count.
    pub fn asking(question: Question) -> Self {
        Self { question: Some(question), ..Self::new() }
    }

    /// Lets starts and ends of requests meet that different workers saw.
    fn settle(&self, fold: &mut AuditFold) {
        if fold.watches.len() >= TOGETHER {
            let mine = std::mem::take(&mut fold.watches);
            self.watches.lock().unwrap_or_else(PoisonError::into_inner).merge(mine);
        }
    }

    /// Gives what is left open to the fold of everything.
    pub fn close(self, fold: &mut AuditFold) {
        if let Some((users, agents)) = self.tables.map(|tables| tables.take()) {
            fold.users.merge(users);
            fold.agents.merge(agents, AGENTS);
        }
        fold.watches.merge(self.watches.into_inner().unwrap_or_else(PoisonError::into_inner));
        fold.unremembered = fold.unremembered.max(self.seen.map_or(0, |seen| seen.unremembered()));
    }
}

/// The folds of the workers of one analysis: a worker takes one that is idle, so that there are as
/// many as workers and not as artefacts.
#[derive(Debug)]
pub struct Folds {
    shared: Shared,
    idle: Mutex<Vec<AuditFold>>,
    /// Columns of saved states that are whole, and what their places become.
    states: Mutex<Vec<(Vec<u8>, Span)>>,
    /// By which they tell that they hold the same events.
    samples: Mutex<Vec<(Span, Sample)>>,
}

impl Default for Folds {
    fn default() -> Self {
        Self::new()
    }
}

impl Folds {
    /// For artefacts that may overlap: each event counts once.
    pub fn new() -> Self {
        Self::of(Shared::new())
    }

    /// For artefacts that may overlap, of which only some events count.
    pub fn asking(question: Question) -> Self {
        Self::of(Shared::asking(question))
    }

    fn of(shared: Shared) -> Self {
        let shared = Shared { tables: Some(Arc::default()), ..shared };
        Self { shared, idle: Mutex::default(), states: Mutex::default(), samples: Mutex::default() }
    }

    /// Takes a whole artefact.
    pub fn take(&self, source: Source<'_>) {
        let mut fold = self.idle().pop().unwrap_or_default();
        fold.take(source, &self.shared);
        self.idle().push(fold);
    }

    /// Takes an artefact of lines step by step: `steps` hands each over with its offset.
    pub fn take_steps(&self, id: ArtifactId, steps: impl FnOnce(&mut dyn FnMut(u64, &[u8]))) {
        let mut fold = self.idle().pop().unwrap_or_default();
        let mut stream = Stream::default();
        steps(&mut |base, bytes| {
            fold.take_part(Source { id, bytes, base }, false, &mut stream, &self.shared);
        });
        fold.take_part(Source::new(id, b""), true, &mut stream, &self.shared);
        self.shared.settle(&mut fold);
        self.idle().push(fold);
    }

    /// Takes a huge artefact whose blocks come in order, each with its offset.
    pub fn take_blocks(&self, id: ArtifactId, blocks: impl Iterator<Item = (u64, Vec<u8>)> + Send) {
        let fold = fold_blocks(id, blocks, &self.shared);
        self.idle().push(fold);
    }

    /// Takes what somebody counted before; of a state that cannot be read, nothing.
    pub fn take_state(&self, source: Source<'_>) -> Result<(), StateError> {
        let columns = state::check(source.bytes)?.to_vec();
        let home = state::home_of(source);
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.push((home, state::sample(&columns)));
        drop(samples);
        let mut waiting = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push((columns, home));
        if waiting.len() < STATES
            && waiting.iter().map(|(columns, _)| columns.len()).sum::<usize>() < STATES_BYTES
        {
            return Ok(());
        }
        let states = std::mem::take(&mut *waiting);
        drop(waiting);
        self.merge_states(&states);
        Ok(())
    }

    /// Merges states that were waiting for others.
    fn merge_states(&self, states: &[(Vec<u8>, Span)]) {
        if states.is_empty() {
            return;
        }
        let mut fold = self.idle().pop().unwrap_or_default();
        let states: Vec<(&[u8], Span)> =
            states.iter().map(|(columns, home)| (&**columns, *home)).collect();
        let of_logs = std::mem::take(&mut fold.sample);
        let merged = fold.merge_checked(&states);
        debug_assert!(merged.is_some(), "checked before");
        fold.sample = of_logs;
        self.idle().push(fold);
    }

    /// All that was taken; none when nothing was.
    pub fn close(self) -> Option<AuditFold> {
        let states =
            std::mem::take(&mut *self.states.lock().unwrap_or_else(PoisonError::into_inner));
        self.merge_states(&states);
        let mut folds = self.idle.into_inner().unwrap_or_else(PoisonError::into_inner);
        folds.par_iter_mut().for_each(AuditFold::end);
        let mut folds = folds.into_iter();
        let mut all = folds.next()?;
        folds.for_each(|fold| all.merge(fold));
        self.shared.close(&mut all);
        let states = self.samples.into_inner().unwrap_or_else(PoisonError::into_inner);
        let of_logs = all.sample.clone();
        for (_, sample) in &states {
            all.sample.merge(sample);
        }
        all.overlaps = overlaps(of_logs, states);
        Some(all)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<AuditFold>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Folds a whole artefact, or any line-aligned part of one that is cut by lines.
pub fn fold_bytes(source: Source<'_>, shared: &Shared) -> AuditFold {
    let mut fold = AuditFold::default();
    fold.take(source, shared);
    fold.end();
    fold
}

impl AuditFold {
    /// Takes a whole artefact, as [`fold_bytes`] does: a worker that reads many small ones keeps
    /// one fold.
    pub fn take(&mut self, source: Source<'_>, shared: &Shared) {
        self.take_part(source, true, &mut Stream::default(), shared);
        shared.settle(self);
    }

    /// Takes all that a part of an artefact holds: the whole of it, or lines.
    fn take_part(&mut self, part: Source<'_>, last: bool, stream: &mut Stream, shared: &Shared) {
        if self.seen.is_none() {
            self.seen.clone_from(&shared.seen);
        }
        if self.tables.is_none() {
            self.tables.clone_from(&shared.tables);
        }
        stream.take(part, last, |piece| piece.fold_into(self, shared));
    }
}

/// Folds many artefacts or members on the current thread pool: every thread has one fold and takes
/// the next item when it is done with one, so give the largest first. `each` reads an item and
/// hands its bytes to [`AuditFold::take`].
pub fn fold_all<T: Sync>(items: &[T], each: impl Fn(&T, &mut AuditFold) + Sync) -> AuditFold {
    let next = AtomicUsize::new(0);
    let folds = rayon::broadcast(|_| {
        let mut fold = AuditFold::default();
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            each(item, &mut fold);
        }
        fold.end();
        fold
    });
    let mut folds = folds.into_iter();
    let mut total = folds.next().unwrap_or_default();
    folds.for_each(|fold| total.merge(fold));
    total
}

/// Folds a huge artefact whose blocks come in order, each with its offset in the artefact; a worker
/// of the current thread pool parses one block while others are made.
pub fn fold_blocks(
    id: ArtifactId,
    blocks: impl Iterator<Item = (u64, Vec<u8>)> + Send,
    shared: &Shared,
) -> AuditFold {
    let mut stream = Stream::default();
    let mut blocks = blocks.peekable();
    let pieces = std::iter::from_fn(move || {
        let (base, bytes) = blocks.next()?;
        Some(stream.pieces(id, base, bytes, blocks.peek().is_none()))
    });
    pieces
        .flatten()
        .par_bridge()
        .fold(
            || AuditFold::of(shared.seen.clone(), shared.tables.clone()),
            |mut fold, piece| {
                piece.borrow().fold_into(&mut fold, shared);
                shared.settle(&mut fold);
                fold
            },
        )
        .map(|mut fold| {
            fold.trim();
            fold.end();
            fold
        })
        .reduce(AuditFold::default, |mut left, right| {
            left.merge(right);
            left
        })
}

/// Records that belong together, still uncut.
struct Piece<'a> {
    id: ArtifactId,
    base: u64,
    bytes: &'a [u8],
    cut: Cut<'a>,
}

enum Cut<'a> {
    Lines,
    Parts,
    Values(&'a [std::ops::Range<usize>]),
    Rows(&'a Header),
    /// The end of the artefact lies within this record.
    Torn,
}

struct OwnedPiece {
    id: ArtifactId,
    base: u64,
    bytes: Vec<u8>,
    /// So many of the bytes were given with the piece before.
    given: usize,
    cut: OwnedCut,
}

enum OwnedCut {
    Lines,
    Parts,
    Values(Vec<std::ops::Range<usize>>),
    Rows(Header),
    Torn,
}

impl OwnedPiece {
    fn borrow(&self) -> Piece<'_> {
        let cut = match &self.cut {
            OwnedCut::Lines => Cut::Lines,
            OwnedCut::Parts => Cut::Parts,
            OwnedCut::Values(ranges) => Cut::Values(ranges),
            OwnedCut::Rows(header) => Cut::Rows(header),
            OwnedCut::Torn => Cut::Torn,
        };
        let bytes = self.bytes.get(self.given..).unwrap_or_default();
        Piece { id: self.id, base: self.base + self.given as u64, bytes, cut }
    }
}

impl Piece<'_> {
    fn fold_into(&self, fold: &mut AuditFold, shared: &Shared) {
        let source = Source { id: self.id, bytes: self.bytes, base: self.base };
        let mut reader = Reader::new(fold, shared.question.as_ref());
        match &self.cut {
            Cut::Lines => {
                for line in source.lines() {
                    reader.record(line.bytes, line.at, Form::Lines);
                }
            }
            Cut::Parts => parts::take(source, &mut reader),
            Cut::Values(ranges) => {
                for range in *ranges {
                    reader.record(
                        self.bytes.get(range.clone()).unwrap_or_default(),
                        source.span(range.clone()),
                        Form::Values,
                    );
                }
            }
            Cut::Rows(header) => {
                let mut at = 0;
                while at < self.bytes.len() {
                    let end = row_end(self.bytes, at).unwrap_or(self.bytes.len());
                    let row = self.bytes.get(at..end).unwrap_or_default();
                    if !row.trim_ascii().is_empty() {
                        reader.row(
                            &header.columns(row),
                            source.span(at..end),
                            Form::LogAnalyticsCsv,
                        );
                    }
                    at = end;
                }
            }
            Cut::Torn => reader.record(self.bytes, source.whole(), Form::Values),
        }
    }
}

/// Cuts an artefact that comes in blocks.
#[derive(Default)]
struct Stream {
    shape: Option<Shape>,
    values: ValueCutter,
    parts: PartCutter,
    header: Option<Header>,
    /// What the last block left over, and where it began.
    kept: Vec<u8>,
    kept_base: u64,
}

impl Stream {
    /// How the artefact is cut, from its beginning.
    fn shape(&mut self, head: &[u8]) -> Shape {
        *self.shape.get_or_insert_with(|| {
            let shape = shape(head);
            if shape == Shape::Values {
                self.values = ValueCutter::from(list_within(head).unwrap_or(0));
            }
            shape
        })
    }

    /// Cuts a whole artefact without copying it.
    fn take(&mut self, source: Source<'_>, last: bool, mut each: impl FnMut(Piece<'_>)) {
        let shape = self.shape(source.bytes);
        let Source { id, bytes, base } = source;
        match shape {
            Shape::Lines => {
                let skip = if base == 0 && bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
                each(Piece {
                    id,
                    base: base + skip as u64,
                    bytes: bytes.get(skip..).unwrap_or_default(),
                    cut: Cut::Lines,
                });
            }
            Shape::Parts => {
                let whole;
                let (base, bytes) = if self.kept.is_empty() {
                    let skip = if base == 0 && bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
                    (base + skip as u64, bytes.get(skip..).unwrap_or_default())
                } else {
                    self.kept.extend_from_slice(bytes);
                    whole = std::mem::take(&mut self.kept);
                    (self.kept_base, &*whole)
                };
                let end = self.end_of_parts(bytes, last);
                let (bytes, rest) = bytes.split_at_checked(end).unwrap_or((bytes, b""));
                each(Piece { id, base, bytes, cut: Cut::Parts });
                self.kept = rest.to_vec();
                self.kept_base = base + end as u64;
            }
            Shape::Values => {
                let mut ranges = Vec::new();
                let keep = self.values.cut(bytes, &mut ranges);
                each(Piece { id, base, bytes, cut: Cut::Values(&ranges) });
                if last && self.values.inside() {
                    each(Piece {
                        id,
                        base: base + keep as u64,
                        bytes: bytes.get(keep..).unwrap_or_default(),
                        cut: Cut::Torn,
                    });
                }
            }
            Shape::Csv => {
                let (header, rest) = split_header(bytes);
                let header = Header::read(header, rest);
                each(Piece {
                    id,
                    base: base + (bytes.len() - rest.len()) as u64,
                    bytes: rest,
                    cut: Cut::Rows(&header),
                });
            }
        }
    }

    /// Cuts the next block; what does not end in it waits for the next.
    fn pieces(&mut self, id: ArtifactId, base: u64, block: Vec<u8>, last: bool) -> Vec<OwnedPiece> {
        // A mark of the byte order stands at the very beginning, which the general way looks after.
        if self.shape == Some(Shape::Lines)
            && !self.kept.is_empty()
            && self.kept_base > 0
            && let Some(end) = memchr::memchr(b'\n', &block)
        {
            return self.lines(id, base, block, end + 1, last);
        }
        let searched = if self.shape.is_some() { self.kept.len() } else { 0 };
        let (base, mut bytes) = if self.kept.is_empty() {
            (base, block)
        } else {
            let mut bytes = std::mem::take(&mut self.kept);
            bytes.extend_from_slice(&block);
            (self.kept_base, bytes)
        };
        if self.shape.is_none() && bytes.len() < HEAD && !last {
            self.keep(&mut bytes, base, 0);
            return Vec::new();
        }
        let shape = self.shape(&bytes);
        let mut pieces = Vec::new();
        let complete = match shape {
            Shape::Lines => {
                // What was kept has no line end, so only the new bytes are searched.
                let found = memchr::memrchr(b'\n', bytes.get(searched..).unwrap_or_default());
                let end = match found {
                    _ if last => bytes.len(),
                    Some(at) => searched + at + 1,
                    None if bytes.len() > LARGEST => bytes.len(),
                    None => 0,
                };
                self.keep(&mut bytes, base, end);
                let skip = if base == 0 && bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
                bytes.drain(..skip);
                return vec![OwnedPiece {
                    id,
                    base: base + skip as u64,
                    bytes,
                    given: 0,
                    cut: OwnedCut::Lines,
                }];
            }
            Shape::Parts => {
                let end = self.end_of_parts(&bytes, last);
                self.keep(&mut bytes, base, end);
                let skip = if base == 0 && bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
                bytes.drain(..skip);
                return vec![OwnedPiece {
                    id,
                    base: base + skip as u64,
                    bytes,
                    given: 0,
                    cut: OwnedCut::Parts,
                }];
            }
            Shape::Values => {
                let mut ranges = Vec::new();
                let end = self.values.cut(&bytes, &mut ranges);
                let torn = self.values.inside() && (last || bytes.len() - end > LARGEST);
                if torn {
                    let rest = bytes.split_off(end);
                    pieces.push(OwnedPiece {
                        id,
                        base: base + end as u64,
                        bytes: rest,
                        given: 0,
                        cut: OwnedCut::Torn,
                    });
                    self.values = ValueCutter::default();
                }
                self.keep(&mut bytes, base, end);
                OwnedCut::Values(ranges)
            }
            Shape::Csv => {
                let mut start = 0;
                if self.header.is_none() {
                    let (header, rest) = split_header(&bytes);
                    start = bytes.len() - rest.len();
                    self.header = Some(Header::read(header, rest));
                }
                let mut end = start;
                while let Some(next) = row_end(&bytes, end) {
                    end = next;
                }
                let end = if last || bytes.len() - end > LONGEST_ROW { bytes.len() } else { end };
                self.keep(&mut bytes, base, end);
                bytes.drain(..start.min(bytes.len()));
                let Some(header) = self.header.clone() else { return pieces };
                return vec![OwnedPiece {
                    id,
                    base: base + start as u64,
                    bytes,
                    given: 0,
                    cut: OwnedCut::Rows(header),
                }];
            }
        };
        pieces.push(OwnedPiece { id, base, bytes, given: 0, cut: complete });
        pieces
    }

    /// Cuts a block of lines of which the first, up to `end`, began in the block before: only that one
    /// is put together, the others stay where they are.
    fn lines(
        &mut self,
        id: ArtifactId,
        base: u64,
        mut block: Vec<u8>,
        end: usize,
        last: bool,
    ) -> Vec<OwnedPiece> {
        let (mut first, first_base) = (std::mem::take(&mut self.kept), self.kept_base);
        first.extend_from_slice(block.get(..end).unwrap_or_default());
        let cut = OwnedCut::Lines;
        let mut pieces = vec![OwnedPiece { id, base: first_base, bytes: first, given: 0, cut }];
        let whole = if last { None } else { memchr::memrchr(b'\n', &block) };
        self.keep(&mut block, base, whole.map_or(usize::MAX, |at| at + 1));
        if block.len() > end {
            let cut = OwnedCut::Lines;
            pieces.push(OwnedPiece { id, base, bytes: block, given: end, cut });
        }
        pieces
    }

    /// Up to where no part of a line waits for the next.
    fn end_of_parts(&mut self, bytes: &[u8], last: bool) -> usize {
        let end = self.parts.cut(bytes);
        if !last && (end > 0 || bytes.len() <= LARGEST) {
            return end;
        }
        self.parts = PartCutter::default();
        bytes.len()
    }

    /// Leaves what stands before `end` and keeps the rest for the next block.
    fn keep(&mut self, bytes: &mut Vec<u8>, base: u64, end: usize) {
        // Taking the whole does not copy: a record over many blocks must not be copied with each.
        self.kept =
            if end == 0 { std::mem::take(bytes) } else { bytes.split_off(end.min(bytes.len())) };
        self.kept_base = base + bytes.len() as u64;
    }
}

/// The header, without what programs write in front of it, and the rows.
fn split_header(bytes: &[u8]) -> (&[u8], &[u8]) {
    let start = preamble(bytes);
    let end = row_end(bytes, start).unwrap_or(bytes.len());
    (bytes.get(start..end).unwrap_or_default(), bytes.get(end..).unwrap_or_default())
}
