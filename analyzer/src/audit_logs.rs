//! The audit logs of a bundle alone, folded for one question: nothing else is parsed.

use konspect_audit::{Aggregate, AuditFold, Folds, Question, StateError};
use konspect_bundle::{Artifact, Bundle, Content, Source};

/// What was read.
pub struct AuditLogs {
    /// None without a log.
    pub fold: Option<AuditFold>,
    /// Paths of all artefacts, which places in the fold point to.
    pub paths: Vec<String>,
    /// Results of queries that somebody else ran.
    pub rows: Vec<Aggregate>,
    /// Saved states among the artefacts, with their paths.
    pub states: Vec<(String, Result<AuditFold, StateError>)>,
}

/// What an artefact holds that is no log.
enum Beside {
    Rows(Vec<Aggregate>),
    State(String, Box<Result<AuditFold, StateError>>),
}

/// What is kept of a state before it is read; tables are bounded, so that no real one is as large.
const STATE_LIMIT: usize = 1 << 28;

/// Folds every audit log of a bundle.
pub fn read(bundle: &Bundle, question: &Question) -> AuditLogs {
    let begin = || Folds::asking(question.clone());
    let (folds, beside) = bundle.scan_with(begin, |folds, artifact, content| match content {
        Content::Whole { bytes, .. } => {
            let source = Source::new(artifact.id, bytes);
            if AuditFold::is_state(bytes) {
                return Some(state(artifact, bytes));
            }
            if konspect_audit::sniff(bytes).is_some() {
                folds.take(source);
                return None;
            }
            konspect_audit::aggregate::read(source).map(Beside::Rows)
        }
        Content::Blocks(blocks) => {
            if AuditFold::is_state(blocks.head()) {
                let mut bytes = Vec::new();
                while let Some((_, block)) = blocks.next()
                    && bytes.len() < STATE_LIMIT
                {
                    bytes.extend_from_slice(&block);
                }
                return Some(state(artifact, &bytes));
            }
            if konspect_audit::sniff(blocks.head()).is_some() {
                folds.take_blocks(artifact.id, std::iter::from_fn(|| blocks.next()));
            }
            None
        }
        Content::Failed(_) => None,
    });
    let (mut rows, mut states) = (Vec::new(), Vec::new());
    for found in beside.into_iter().flatten() {
        match found {
            Beside::Rows(found) => rows.extend(found),
            Beside::State(path, state) => states.push((path, *state)),
        }
    }
    AuditLogs {
        fold: folds.close(),
        paths: bundle.artifacts().iter().map(|artifact| artifact.path.clone()).collect(),
        rows,
        states,
    }
}

fn state(artifact: &Artifact, bytes: &[u8]) -> Beside {
    Beside::State(artifact.path.clone(), Box::new(AuditFold::from_bytes(bytes)))
}
