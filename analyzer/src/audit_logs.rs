//! The audit logs of a bundle alone, folded for one question: nothing else is parsed.

use konspect_audit::{AuditFold, Folds, Question};
use konspect_bundle::{Bundle, Content, Source};

/// What was read.
pub struct AuditLogs {
    pub fold: AuditFold,
    /// Paths of all artefacts, which places in the fold point to.
    pub paths: Vec<String>,
    /// How many artefacts are audit logs.
    pub logs: u64,
}

/// Folds every audit log of a bundle.
pub fn read(bundle: &Bundle, question: Question) -> AuditLogs {
    let begin = || Folds::asking(question.clone());
    let (folds, taken) = bundle.scan_with(begin, |folds, artifact, content| match content {
        Content::Whole { bytes, .. } => {
            let is_log = konspect_audit::sniff(bytes).is_some();
            if is_log {
                folds.take(Source::new(artifact.id, bytes));
            }
            is_log
        }
        Content::Blocks(blocks) => {
            let is_log = konspect_audit::sniff(blocks.head()).is_some();
            if is_log {
                folds.take_blocks(artifact.id, std::iter::from_fn(|| blocks.next()));
            }
            is_log
        }
        Content::Failed(_) => false,
    });
    AuditLogs {
        fold: folds.close().unwrap_or_default(),
        paths: bundle.artifacts().iter().map(|artifact| artifact.path.clone()).collect(),
        logs: taken.into_iter().filter(|is_log| *is_log).count() as u64,
    }
}
