//! Artefacts that are too large to hold: folded block by block where their parser can, read up to a
//! limit where it cannot.

use konspect_bundle::{ArtifactId, Blocks, Code, Diagnostic, Source, Span};

use super::prometheus::MetricsFold;
use super::sniff::{self, Format};
use super::{Hint, Kind, Rows, artifact, kube, log, node_of};

/// Of a large artefact without a fold, so much is read.
const HELD: usize = 64 << 20;

/// Whether an artefact that begins so is a list of objects, or metrics: it is read as it comes, and need not be held.
pub fn in_steps(head: &[u8]) -> bool {
    if sniff::without_preamble(head).len() < head.len() {
        return false;
    }
    match sniff::sniff(head, &Hint::default()) {
        Format::MetricsText => true,
        Format::KubernetesJson => kube::begins_list(head),
        _ => false,
    }
}

/// Classifies a large artefact by its head and reads it. Audit logs are only recognised: their
/// engine has its own folds.
pub fn blocks(id: ArtifactId, blocks: &mut Blocks, hint: &Hint<'_>) -> (Kind, Rows) {
    let format = sniff::sniff(blocks.head(), hint);
    let mut rows = Rows::default();
    let kind = match format {
        Format::AuditLog => Kind::AuditLog,
        Format::Binary => Kind::Binary,
        Format::KubernetesJson => {
            let mut stream = kube::Streaming::new(id, hint);
            let mut next = blocks.next();
            // The next block is decompressed while this one is read.
            while let Some((offset, block)) = next {
                let read = || stream.block(offset, &block, &mut rows);
                next = rayon::join(|| blocks.next(), read).0;
                blocks.give_back(block);
            }
            stream.finish(&mut rows)
        }
        Format::Log => {
            let mut fold = log::LogFold::new(id, hint);
            while let Some((base, block)) = blocks.next() {
                for line in (Source { id, bytes: &block, base }).lines() {
                    fold.line(line.bytes, line.at);
                }
                blocks.give_back(block);
            }
            fold.finish(&mut rows);
            Kind::Log
        }
        Format::MetricsText => {
            let mut fold = MetricsFold::new(id, node_of(hint));
            while let Some((base, block)) = blocks.next() {
                for line in (Source { id, bytes: &block, base }).lines() {
                    fold.line(&line);
                }
                blocks.give_back(block);
            }
            fold.finish(&mut rows);
            Kind::Metrics
        }
        _ => {
            let (kind, read) = held(id, blocks, hint);
            rows = read;
            kind
        }
    };
    (kind, rows)
}

/// Reads the first part of an artefact as if it were all.
fn held(id: ArtifactId, blocks: &mut Blocks, hint: &Hint<'_>) -> (Kind, Rows) {
    let mut bytes = Vec::new();
    let mut cut = false;
    while let Some((_, block)) = blocks.next() {
        if bytes.len() + block.len() > HELD {
            cut = true;
            break;
        }
        bytes.extend_from_slice(&block);
    }
    let (kind, mut rows) = artifact(&Source::new(id, &bytes), hint);
    if cut {
        let end = bytes.len() as u64;
        let at = Span { artifact: id, start: end, end };
        let note = Diagnostic::new(Code::LimitReached, at);
        rows.diagnostics.push(note.with("limit", "held").with("value", HELD));
    }
    (kind, rows)
}
