//! The audit logs of a bundle alone, folded for one question: nothing else is parsed.

use konspect_audit::{Aggregate, AuditFold, Folds, Question};
use konspect_bundle::{Bundle, Content, Source};

/// What was read.
pub struct AuditLogs {
    /// None without a log.
    pub fold: Option<AuditFold>,
    /// Paths of all artefacts, which places in the fold point to.
    pub paths: Vec<String>,
    /// Results of queries that somebody else ran.
    pub rows: Vec<Aggregate>,
}

/// Folds every audit log of a bundle.
pub fn read(bundle: &Bundle, question: &Question) -> AuditLogs {
    let begin = || Folds::asking(question.clone());
    let (folds, rows) = bundle.scan_with(begin, |folds, artifact, content| match content {
        Content::Whole { bytes, .. } => {
            let source = Source::new(artifact.id, bytes);
            if konspect_audit::sniff(bytes).is_some() {
                folds.take(source);
                return Vec::new();
            }
            konspect_audit::aggregate::read(source).unwrap_or_default()
        }
        Content::Blocks(blocks) => {
            if konspect_audit::sniff(blocks.head()).is_some() {
                folds.take_blocks(artifact.id, std::iter::from_fn(|| blocks.next()));
            }
            Vec::new()
        }
        Content::Failed(_) => Vec::new(),
    });
    AuditLogs {
        fold: folds.close(),
        paths: bundle.artifacts().iter().map(|artifact| artifact.path.clone()).collect(),
        rows: rows.into_iter().flatten().collect(),
    }
}
