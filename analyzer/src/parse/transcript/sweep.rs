//! Every text parser over every artefact of the truth folder: it returns, and its spans are inside.

use rayon::prelude::*;
use std::path::{Path, PathBuf};

use konspect_bundle::{ArtifactId, Source, Span};

use super::super::{Hint, Kind, Rows, certificate, dns, kubeconfig, log, node_state, probe};

type Parser = fn(&Source<'_>, &Hint<'_>, &mut Rows) -> Kind;

const PARSERS: [Parser; 11] = [
    super::transcript,
    super::failed_command,
    super::side_file,
    log::log,
    dns::dns,
    dns::resolv_conf,
    dns::hosts,
    probe::probe,
    node_state::node_state,
    certificate::certificate,
    kubeconfig::kubeconfig,
];

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

fn spans(rows: &Rows) -> Vec<Span> {
    let mut spans: Vec<Span> = rows.collected.iter().map(|row| row.at).collect();
    spans.extend(rows.commands.iter().map(|row| row.at));
    spans.extend(rows.lookups.iter().map(|row| row.value.at));
    spans.extend(rows.probes.iter().map(|row| row.value.at));
    spans.extend(rows.certificates.iter().map(|row| row.value.at));
    spans.extend(rows.filesystems.iter().map(|row| row.value.at));
    spans.extend(rows.diagnostics.iter().map(|row| row.at));
    for log in &rows.logs {
        spans.push(log.at);
        spans.extend(log.signals.iter().flat_map(|signal| &signal.hits).map(|hit| hit.at));
    }
    spans
}

#[test]
fn every_artefact_of_the_truth() {
    let Some(truth) = std::env::var_os("KONSPECT_TRUTH") else {
        eprintln!("KONSPECT_TRUTH not set: no artefact was read");
        return;
    };
    let mut found = Vec::new();
    for folder in ["corpus", "incidents", "foreign", "hostile"] {
        files(&Path::new(&truth).join(folder), &mut found);
    }
    found.sort();
    assert!(!found.is_empty(), "the folder holds no artefacts");
    found.par_iter().for_each(|path| {
        let Ok(bytes) = std::fs::read(path) else { return };
        let bytes = bytes.get(..128 << 10).unwrap_or(&bytes);
        let name = path.to_string_lossy();
        let hint = Hint { path: &name, ..Hint::default() };
        for parser in PARSERS {
            let mut rows = Rows::default();
            parser(&Source::new(ArtifactId(7), bytes), &hint, &mut rows);
            for span in spans(&rows) {
                assert!(span.start <= span.end && span.end <= bytes.len() as u64, "{name}: {span}");
                assert_eq!(span.artifact, ArtifactId(7), "{name}");
            }
        }
    });
}
