//! Whole artefacts and blocks of large ones into folds.

use std::sync::{Arc, Mutex, PoisonError};

use konspect_bundle::{ArtifactId, Source, Span};
use rayon::iter::{IntoParallelRefMutIterator, ParallelBridge, ParallelIterator};

use crate::fold::{AuditFold, Fold};
use crate::question::Question;
use crate::rows::AGENTS;
use crate::sample::{Sample, overlaps};
use crate::seen::Seen;
use crate::state::{self, StateError};
use crate::stream::Stream;
use crate::tables::Tables;
use crate::watches::Watches;

/// A worker keeps so many starts and ends to itself before it looks for their counterparts.
const TOGETHER: usize = 1 << 15;

/// So many saved states are merged at once, unless they have so many bytes before.
const STATES: usize = 16;
const STATES_BYTES: usize = 64 << 20;

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

    pub(crate) fn question(&self) -> Option<&Question> {
        self.question.as_ref()
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

    /// For artefacts that are known to hold each event once.
    pub fn without_duplicates() -> Self {
        Self::of(Shared::without_duplicates())
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
