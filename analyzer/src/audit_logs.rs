//! The audit logs of a bundle alone, folded for one question: nothing else is parsed.

use konspect_audit::{AuditFold, Fold, Question, Shared};
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
    let shared = Shared::asking(question);
    let folds = bundle.scan(|artifact, content| match content {
        Content::Whole { bytes, .. } => {
            konspect_audit::sniff(bytes)?;
            Some(konspect_audit::fold_bytes(Source::new(artifact.id, bytes), &shared))
        }
        Content::Blocks(blocks) => {
            konspect_audit::sniff(blocks.head())?;
            let each = std::iter::from_fn(|| blocks.next());
            Some(konspect_audit::fold_blocks(artifact.id, each, &shared))
        }
        Content::Failed(_) => None,
    });
    let paths = bundle.artifacts().iter().map(|artifact| artifact.path.clone()).collect();
    let mut logs = AuditLogs { fold: AuditFold::default(), paths, logs: 0 };
    for fold in folds.into_iter().flatten() {
        logs.logs += 1;
        logs.fold.merge(fold);
    }
    shared.close(&mut logs.fold);
    logs
}
