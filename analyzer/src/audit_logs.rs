//! Audit logs among the artefacts: the one place that tells them from everything else, for a whole
//! analysis and for one question.

use konspect_audit::{Aggregate, AuditFold, AuditSummary, Folds, Question, StateError};
use konspect_bundle::{ArtifactId, Blocks, Bundle, Code, Content, Diagnostic, Source};

/// What an artefact is to the engine of audit logs.
pub(crate) enum Found {
    /// Its events are counted.
    Log,
    /// Results of queries that somebody else ran.
    Rows(Vec<Aggregate>),
    /// What somebody counted before: counted as well, unless it cannot be read.
    State(Result<(), StateError>),
}

/// What is kept of a state before it is read; tables are bounded, so that no real one is as large.
const STATE_LIMIT: usize = 1 << 28;

/// Folds a whole artefact; none when it has nothing to do with audit logs.
pub(crate) fn take(source: Source<'_>, folds: &Folds) -> Option<Found> {
    if AuditFold::is_state(source.bytes) {
        return Some(state(source, folds));
    }
    if konspect_audit::sniff(source.bytes).is_some() {
        folds.take(source);
        return Some(Found::Log);
    }
    konspect_audit::aggregate::read(source).map(Found::Rows)
}

/// Folds an artefact in blocks; none, and no block taken, when it has nothing to do with audit logs.
pub(crate) fn take_blocks(id: ArtifactId, blocks: &mut Blocks, folds: &Folds) -> Option<Found> {
    if blocks.are_steps() && konspect_audit::in_lines(blocks.head()) {
        folds.take_steps(id, |each| {
            while let Some((base, block)) = blocks.next() {
                each(base, &block);
                blocks.give_back(block);
            }
        });
        return Some(Found::Log);
    }
    if AuditFold::is_state(blocks.head()) {
        let mut bytes = Vec::new();
        while let Some((_, block)) = blocks.next()
            && bytes.len() < STATE_LIMIT
        {
            bytes.extend_from_slice(&block);
        }
        return Some(state(Source::new(id, &bytes), folds));
    }
    konspect_audit::sniff(blocks.head())?;
    if konspect_audit::has_values(blocks.head()) {
        folds.take_blocks(id, std::iter::from_fn(|| blocks.next_piece()));
    } else {
        folds.take_blocks(id, std::iter::from_fn(|| blocks.next()));
    }
    Some(Found::Log)
}

/// Merges a state as it comes, so that a thousand of them are never held at once.
fn state(source: Source<'_>, folds: &Folds) -> Found {
    Found::State(folds.take_state(source))
}

/// What was read of the audit logs of a bundle alone: nothing else is parsed.
pub struct AuditLogs {
    /// None without a log.
    pub fold: Option<AuditFold>,
    /// Paths of all artefacts, which places in the fold point to.
    pub paths: Vec<String>,
    /// Results of queries that somebody else ran.
    pub rows: Vec<Aggregate>,
    /// Saved states among the artefacts, with their paths and whether they are part of the fold.
    pub states: Vec<(String, Result<(), StateError>)>,
    /// What could not be opened or read to its end.
    pub notes: Vec<Diagnostic>,
}

/// Folds every audit log of a bundle.
pub fn read(bundle: &Bundle, question: &Question) -> AuditLogs {
    let begin = || Folds::asking(question.clone());
    let in_steps = konspect_audit::in_lines;
    let (folds, found) =
        bundle.scan_with(in_steps, begin, |folds, artifact, content| match content {
            Content::Whole { bytes, .. } => take(Source::new(artifact.id, bytes), folds),
            Content::Blocks(blocks) => take_blocks(artifact.id, blocks, folds),
            Content::Failed(_) => None,
        });
    let (mut rows, mut states) = (Vec::new(), Vec::new());
    for (artifact, found) in bundle.artifacts().iter().zip(found) {
        match found {
            Some(Found::Rows(found)) => rows.extend(found),
            Some(Found::State(state)) => states.push((artifact.path.clone(), state)),
            Some(Found::Log) | None => {}
        }
    }
    AuditLogs {
        fold: folds.close(),
        paths: bundle.artifacts().iter().map(|artifact| artifact.path.clone()).collect(),
        rows,
        states,
        notes: notes(bundle),
    }
}

/// Which saved states hold events that another input holds as well; artefacts are named by `paths`.
pub fn counted_twice(audit: &AuditSummary, paths: &[String]) -> Vec<Diagnostic> {
    let told = audit.overlaps.iter().map(|overlap| {
        let name = overlap.other.and_then(|at| paths.get(at.artifact.0 as usize));
        Diagnostic::new(Code::CountedTwice, overlap.at)
            .with("with", if name.is_some() { "state" } else { "logs" })
            .with("name", name.cloned().unwrap_or_default())
            .with("percent", u64::from(overlap.percent))
    });
    told.collect()
}

/// What is missing from the answers since it could not be read.
fn notes(bundle: &Bundle) -> Vec<Diagnostic> {
    let lost =
        [Code::Unreadable, Code::Truncated, Code::Refused, Code::LimitReached, Code::NestedArchive];
    let mut notes: Vec<Diagnostic> =
        bundle.diagnostics().iter().cloned().chain(bundle.scan_notes()).collect();
    notes.retain(|note| lost.contains(&note.code));
    notes.sort();
    notes.dedup();
    notes
}
