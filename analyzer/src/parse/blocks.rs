//! Artefacts too large to hold: line-aligned blocks through the streaming form of their parser.

use konspect_bundle::{ArtifactId, Blocks, Code, Diagnostic, Source, Span};

use super::prometheus::MetricsFold;
use super::rows::{Hint, Kind, Rows};
use super::{kube, log, sniff};

/// Parses a huge artefact; what it is, its first block tells.
pub fn blocks(id: ArtifactId, blocks: &mut Blocks, hint: &Hint<'_>) -> (Kind, Rows) {
    let mut rows = Rows::default();
    let format = sniff::sniff(blocks.head(), hint);
    let kind = match format {
        sniff::Format::KubernetesJson => objects(id, blocks, hint, &mut rows),
        sniff::Format::Prometheus => metrics(id, blocks, hint, &mut rows),
        sniff::Format::Log => lines(id, blocks, hint, &mut rows),
        _ => {
            let at = Span { artifact: id, start: 0, end: 0 };
            let reason = "too large for its kind to be read whole";
            rows.diagnostics.push(Diagnostic::new(Code::UnknownArtifact, at).with("reason", reason));
            Kind::Unknown
        }
    };
    rows.diagnostics.extend(blocks.notes(Span { artifact: id, start: 0, end: 0 }, hint.path));
    (kind, rows)
}

fn objects(id: ArtifactId, blocks: &mut Blocks, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let mut stream = kube::Streaming::new(id, hint);
    while let Some((offset, block)) = blocks.next() {
        stream.block(offset, &block, rows);
    }
    stream.finish(rows)
}

fn metrics(id: ArtifactId, blocks: &mut Blocks, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let mut fold = MetricsFold::new(id, super::node_of(hint));
    each_line(id, blocks, |line| fold.line(&line));
    fold.finish(rows);
    Kind::Metrics
}

fn lines(id: ArtifactId, blocks: &mut Blocks, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let mut fold = log::LogFold::new(id, hint);
    each_line(id, blocks, |line| fold.line(line.bytes, line.at));
    fold.finish(rows);
    Kind::Log
}

fn each_line(id: ArtifactId, blocks: &mut Blocks, mut each: impl FnMut(konspect_bundle::Line<'_>)) {
    while let Some((base, block)) = blocks.next() {
        for line in (Source { id, bytes: &block, base }).lines() {
            each(line);
        }
    }
}
