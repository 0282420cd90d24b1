//! Audit logs among the artefacts: the one place that tells them from everything else, for a whole
//! analysis and for one question.

use konspect_audit::{Aggregate, AuditFold, Fold, Folds, Question, StateError};
use konspect_bundle::{ArtifactId, Blocks, Bundle, Content, Source};

/// What an artefact is to the engine of audit logs.
pub(crate) enum Found {
    /// Its events are counted.
    Log,
    /// Results of queries that somebody else ran.
    Rows(Vec<Aggregate>),
    /// What somebody counted before; damaged ones say why they cannot be read.
    State(Box<Result<AuditFold, StateError>>),
}

/// What is kept of a state before it is read; tables are bounded, so that no real one is as large.
const STATE_LIMIT: usize = 1 << 28;

/// Folds a whole artefact; none when it has nothing to do with audit logs.
pub(crate) fn take(source: Source<'_>, folds: &Folds) -> Option<Found> {
    if AuditFold::is_state(source.bytes) {
        return Some(Found::State(Box::new(AuditFold::from_state(source))));
    }
    if konspect_audit::sniff(source.bytes).is_some() {
        folds.take(source);
        return Some(Found::Log);
    }
    konspect_audit::aggregate::read(source).map(Found::Rows)
}

/// Folds a huge artefact; none, and no block taken, when it has nothing to do with audit logs.
pub(crate) fn take_blocks(id: ArtifactId, blocks: &mut Blocks, folds: &Folds) -> Option<Found> {
    if AuditFold::is_state(blocks.head()) {
        let mut bytes = Vec::new();
        while let Some((_, block)) = blocks.next()
            && bytes.len() < STATE_LIMIT
        {
            bytes.extend_from_slice(&block);
        }
        return Some(Found::State(Box::new(AuditFold::from_state(Source::new(id, &bytes)))));
    }
    konspect_audit::sniff(blocks.head())?;
    folds.take_blocks(id, std::iter::from_fn(|| blocks.next()));
    Some(Found::Log)
}

/// What was read of the audit logs of a bundle alone: nothing else is parsed.
pub struct AuditLogs {
    /// None without a log.
    pub fold: Option<AuditFold>,
    /// Paths of all artefacts, which places in the fold point to.
    pub paths: Vec<String>,
    /// Results of queries that somebody else ran.
    pub rows: Vec<Aggregate>,
    /// Saved states among the artefacts, with their paths; they are no part of the fold.
    pub states: Vec<(String, Result<AuditFold, StateError>)>,
}

/// Folds every audit log of a bundle.
pub fn read(bundle: &Bundle, question: &Question) -> AuditLogs {
    let begin = || Folds::asking(question.clone());
    let (folds, found) = bundle.scan_with(begin, |folds, artifact, content| match content {
        Content::Whole { bytes, .. } => take(Source::new(artifact.id, bytes), folds),
        Content::Blocks(blocks) => take_blocks(artifact.id, blocks, folds),
        Content::Failed(_) => None,
    });
    let (mut rows, mut states) = (Vec::new(), Vec::new());
    for (artifact, found) in bundle.artifacts().iter().zip(found) {
        match found {
            Some(Found::Rows(found)) => rows.extend(found),
            Some(Found::State(state)) => states.push((artifact.path.clone(), *state)),
            Some(Found::Log) | None => {}
        }
    }
    AuditLogs {
        fold: folds.close(),
        paths: bundle.artifacts().iter().map(|artifact| artifact.path.clone()).collect(),
        rows,
        states,
    }
}

/// Merges states into what the logs gave.
pub fn merge(
    fold: Option<AuditFold>,
    states: impl IntoIterator<Item = AuditFold>,
) -> Option<AuditFold> {
    fold.into_iter().chain(states).reduce(|mut all, one| {
        all.merge(one);
        all
    })
}
