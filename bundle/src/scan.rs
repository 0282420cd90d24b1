//! Reading what was opened: every artefact once and in parallel, or some of them again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::PoisonError;

use rayon::prelude::*;

use crate::content::{Content, Preparation, Prepared, Sum};
use crate::open::{Artifact, Bundle, Member};
use crate::store::Raw;
use crate::store::tar::Tar;
use crate::{ArtifactId, Diagnostic, ReadError, Span};

/// Artefacts of more stored bytes than this are visited by their size.
const LARGE: u64 = 8 << 20;

/// What one visit left behind.
struct Visited<T> {
    id: ArtifactId,
    value: T,
    notes: Vec<Diagnostic>,
    /// False when the manifest promises another digest.
    as_promised: bool,
}

/// What the last pass over all artefacts learned of them.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    notes: Vec<Diagnostic>,
    changed: Vec<ArtifactId>,
}

impl Bundle {
    /// Visits every artefact once, in parallel; the result is indexed by `ArtifactId`. An artefact
    /// may be visited a second time, and its first value dropped, when a limit that no order of
    /// visits could share fairly has tripped: so the result never depends on the threads.
    pub fn scan<T: Send>(&self, visit: impl Fn(&Artifact, Content<'_>) -> T + Sync) -> Vec<T> {
        self.scan_with(|_| false, || (), |(), artifact, content| visit(artifact, content)).1
    }

    /// As `scan`, with something that all visits share: `begin` makes it, anew when artefacts are
    /// visited a second time. An artefact of which `in_steps` says so, by its first bytes, may come
    /// in steps.
    pub fn scan_with<S: Sync, T: Send>(
        &self,
        in_steps: impl Fn(&[u8]) -> bool + Sync,
        begin: impl Fn() -> S,
        visit: impl Fn(&S, &Artifact, Content<'_>) -> T + Sync,
    ) -> (S, Vec<T>) {
        self.ledger.begin();
        let pass = |shared: &S| {
            let visit = |artifact: &_, content: Content<'_>| visit(shared, artifact, content);
            self.pass(&in_steps, &visit)
        };
        let mut shared = begin();
        let mut visited = pass(&shared);
        if self.ledger.tripped() {
            drop(visited);
            self.ledger.be_strict();
            shared = begin();
            visited = pass(&shared);
        }
        let mut learned = Learned::default();
        let mut values = Vec::with_capacity(visited.len());
        for one in visited {
            learned.notes.extend(one.notes);
            learned.changed.extend((!one.as_promised).then_some(one.id));
            values.push(one.value);
        }
        *self.learned.lock().unwrap_or_else(PoisonError::into_inner) = learned;
        (shared, values)
    }

    /// What the last scan found wrong with reading the artefacts: the notes it gave to the visitor
    /// and those of blocks and failures, in the order of the artefacts.
    pub fn scan_notes(&self) -> Vec<Diagnostic> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner).notes.clone()
    }

    /// Where the bundle differs from its manifest: members missing, added and, after a scan, changed.
    pub fn verify_notes(&self) -> Vec<Diagnostic> {
        let Some(promise) = &self.promise else { return Vec::new() };
        let learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        promise.notes(self.artifacts(), &learned.changed)
    }

    /// Reads one artefact again, decoded: what the scan saw, up to `Limits::whole`.
    pub fn read(&self, id: ArtifactId) -> Result<Vec<u8>, ReadError> {
        self.read_range(id, 0..self.limits.whole)
    }

    /// Reads a part of one artefact again, by its decoded offsets.
    pub fn read_range(&self, id: ArtifactId, range: Range<u64>) -> Result<Vec<u8>, ReadError> {
        let mut out = Err(ReadError::Unknown);
        self.again(&[id], false, |_, prepared| {
            out = match prepared {
                Prepared::Failed(error) => Err(error),
                Prepared::Whole(text, _)
                    if range.start == 0 && range.end >= text.bytes().len() as u64 =>
                {
                    Ok(text.into_vec())
                }
                Prepared::Whole(text, _) => Ok(part(text.bytes(), 0, &range).to_vec()),
                Prepared::Blocks(mut blocks) => {
                    let mut bytes = Vec::new();
                    while let Some((offset, block)) = blocks.next() {
                        bytes.extend_from_slice(part(&block, offset, &range));
                        if offset + block.len() as u64 >= range.end {
                            break;
                        }
                    }
                    Ok(bytes)
                }
            };
        });
        out
    }

    /// Reads several artefacts again, each up to `Limits::whole`, in one pass: a solid archive is
    /// walked once. Artefacts that cannot be read are left out; the order is the sources' own.
    pub fn fetch(&self, ids: &[ArtifactId], mut each: impl FnMut(ArtifactId, &[u8])) {
        let mut joined = Vec::new();
        let wanted = ids.iter().map(|id| (*id, u64::MAX)).collect();
        self.fetch_up_to(&wanted, |id, piece| {
            if piece.offset == 0 && piece.last {
                return each(id, piece.bytes);
            }
            joined.extend_from_slice(piece.bytes);
            if piece.last {
                each(id, &joined);
                joined.clear();
            }
        });
    }

    /// As `fetch`, and artefacts in pieces, no more of each than what is wanted.
    pub fn fetch_up_to(
        &self,
        wanted: &BTreeMap<ArtifactId, u64>,
        mut each: impl FnMut(ArtifactId, Piece<'_>),
    ) {
        let ids: Vec<ArtifactId> = wanted.keys().copied().collect();
        self.again(&ids, true, |id, prepared| match prepared {
            Prepared::Failed(_) => {}
            Prepared::Whole(text, _) => {
                each(id, Piece { offset: 0, bytes: text.bytes(), last: true });
                text.give_back(&self.limits);
            }
            Prepared::Blocks(mut blocks) => {
                let end = wanted.get(&id).copied().unwrap_or(u64::MAX).min(self.limits.whole);
                let mut at = 0;
                while at < end
                    && let Some((offset, block)) = blocks.next()
                {
                    at = offset + block.len() as u64;
                    let bytes = part(&block, offset, &(0..end));
                    each(id, Piece { offset, bytes, last: false });
                    blocks.give_back(block);
                }
                each(id, Piece { offset: at.min(end), bytes: &[], last: true });
            }
        });
    }

    /// Prepares artefacts once more, in steps those that are longer than one.
    fn again(
        &self,
        ids: &[ArtifactId],
        in_steps: bool,
        mut each: impl FnMut(ArtifactId, Prepared),
    ) {
        let in_steps = |_: &[u8]| in_steps;
        let preparation = |id| Preparation { in_steps: &in_steps, ..self.preparation(id, None) };
        let ids: BTreeSet<ArtifactId> = ids.iter().copied().collect();
        let mut solid: BTreeMap<usize, BTreeMap<usize, ArtifactId>> = BTreeMap::new();
        for id in ids {
            let Some(member) = self.members.get(id.index()) else { continue };
            let Some(opened) = self.sources.get(member.source) else { continue };
            if opened.source.solid().is_some() {
                solid.entry(member.source).or_default().insert(member.slot, id);
            } else {
                let raw = opened.source.open(member.slot, &self.limits);
                each(id, preparation(id).prepare(raw));
            }
        }
        for (source, wanted) in solid {
            let Some(tar) = self.sources.get(source).and_then(|opened| opened.source.solid())
            else {
                continue;
            };
            let slots: BTreeSet<usize> = wanted.keys().copied().collect();
            std::thread::scope(|scope| {
                for job in crate::solid::pump(scope, tar, &self.limits, Some(&slots)) {
                    let Some(id) = wanted.get(&job.slot) else { continue };
                    each(*id, preparation(*id).prepare(Ok(job.raw)));
                    drop(job.permit);
                }
            });
        }
    }

    /// Visits all artefacts: the large ones first, for one that begins last would be waited for, and
    /// the others in their order, so that what belongs together in time is seen together.
    fn pass<T: Send>(
        &self,
        in_steps: &(impl Fn(&[u8]) -> bool + Sync),
        visit: &(impl Fn(&Artifact, Content<'_>) -> T + Sync),
    ) -> Vec<Visited<T>> {
        let is_solid: Vec<bool> =
            self.sources.iter().map(|opened| opened.source.solid().is_some()).collect();
        let mut direct: Vec<(&Artifact, &Member)> = self
            .artifacts
            .iter()
            .zip(&self.members)
            .filter(|(_, member)| is_solid.get(member.source) == Some(&false))
            .collect();
        direct.sort_by_key(|(artifact, _)| {
            (std::cmp::Reverse(artifact.stored_bytes.max(LARGE)), artifact.id)
        });
        let mut visited: Vec<Visited<T>> = direct
            .into_iter()
            .par_bridge()
            .filter_map(|(artifact, member)| {
                let source = &self.sources.get(member.source)?.source;
                let raw = source.open(member.slot, &self.limits);
                Some(self.visit(artifact, raw, in_steps, visit))
            })
            .collect();
        for (index, opened) in self.sources.iter().enumerate() {
            if let Some(tar) = opened.source.solid() {
                visited.extend(self.pass_solid(index, tar, in_steps, visit));
            }
        }
        visited.sort_by_key(|one| one.id);
        visited
    }

    fn pass_solid<T: Send>(
        &self,
        source: usize,
        tar: &Tar,
        in_steps: &(impl Fn(&[u8]) -> bool + Sync),
        visit: &(impl Fn(&Artifact, Content<'_>) -> T + Sync),
    ) -> Vec<Visited<T>> {
        let mut by_slot: BTreeMap<usize, &Artifact> = self
            .artifacts
            .iter()
            .zip(&self.members)
            .filter(|(_, member)| member.source == source)
            .map(|(artifact, member)| (member.slot, artifact))
            .collect();
        let mut visited: Vec<Visited<T>> = std::thread::scope(|scope| {
            crate::solid::pump(scope, tar, &self.limits, None)
                .into_iter()
                .par_bridge()
                .filter_map(|job| {
                    let artifact = by_slot.get(&job.slot)?;
                    let one = self.visit(artifact, Ok(job.raw), in_steps, visit);
                    drop(job.permit);
                    Some(one)
                })
                .collect()
        });
        // The file may have become shorter since it was opened.
        let seen: BTreeSet<ArtifactId> = visited.iter().map(|one| one.id).collect();
        by_slot.retain(|_, artifact| !seen.contains(&artifact.id));
        visited.extend(
            by_slot
                .values()
                .map(|artifact| self.visit(artifact, Err(ReadError::Cut(0)), in_steps, visit)),
        );
        visited
    }

    fn visit<T>(
        &self,
        artifact: &Artifact,
        raw: Result<Raw, ReadError>,
        in_steps: &dyn Fn(&[u8]) -> bool,
        visit: impl Fn(&Artifact, Content<'_>) -> T,
    ) -> Visited<T> {
        let promised = self.promise.as_ref().and_then(|promise| promise.digest(artifact.id));
        let sum = promised.filter(|_| self.limits.verify).map(|_| Sum::default());
        let at = |length: usize| Span { artifact: artifact.id, start: 0, end: length as u64 };
        let preparation = Preparation { in_steps, ..self.preparation(artifact.id, sum.as_ref()) };
        let (value, notes) = match preparation.prepare(raw) {
            Prepared::Failed(error) => {
                let error = match (error, self.entered.get(&artifact.id)) {
                    (ReadError::NestedArchive(kind), Some(files)) => {
                        ReadError::OpenedArchive { kind, files: *files }
                    }
                    (error, _) => error,
                };
                let notes = vec![error.diagnostic(at(0), &artifact.path)];
                (visit(artifact, Content::Failed(error)), notes)
            }
            Prepared::Whole(text, damage) => {
                let bytes = text.bytes();
                let notes: Vec<_> = damage
                    .iter()
                    .map(|damage| damage.diagnostic(at(bytes.len()), &artifact.path))
                    .collect();
                let value = visit(artifact, Content::Whole { bytes, notes: &notes });
                text.give_back(&self.limits);
                (value, notes)
            }
            Prepared::Blocks(mut blocks) => {
                let value = visit(artifact, Content::Blocks(&mut blocks));
                while sum.as_ref().is_some_and(|sum| sum.get().is_none()) && blocks.next().is_some()
                {
                }
                (value, blocks.notes(at(0), &artifact.path))
            }
        };
        let found = sum.and_then(|sum| sum.get());
        let as_promised = found.is_none_or(|found| promised == Some(found));
        Visited { id: artifact.id, value, notes, as_promised }
    }

    pub(crate) fn preparation<'a>(
        &'a self,
        id: ArtifactId,
        sum: Option<&'a Sum>,
    ) -> Preparation<'a> {
        let stored = self.artifacts.get(id.index()).map_or(0, |artifact| artifact.stored_bytes);
        Preparation {
            limits: &self.limits,
            ledger: &self.ledger,
            stored,
            sum,
            in_steps: &|_| false,
        }
    }
}

/// A part of an artefact that is read again; the parts come in order.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Where it begins in the decoded artefact: behind the piece before, unless a line was too long
    /// to be kept.
    pub offset: u64,
    pub bytes: &'a [u8],
    /// No more of the artefact follows.
    pub last: bool,
}

/// The bytes of `range` that a block at `offset` holds.
fn part<'a>(block: &'a [u8], offset: u64, range: &Range<u64>) -> &'a [u8] {
    let place =
        |at: u64| usize::try_from(at.saturating_sub(offset)).unwrap_or(usize::MAX).min(block.len());
    block.get(place(range.start)..place(range.end)).unwrap_or_default()
}
