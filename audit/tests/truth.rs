//! Folds real audit logs and compares what was counted with an independent reading by `serde_json`.
//!
//! Reads `*/audit/*.gz` and the like below the folder that `KONSPECT_TRUTH` names.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use konspect_audit::{AuditFold, Fold, Shared, fold_blocks, fold_bytes, sniff};
use konspect_bundle::{ArtifactId, Source};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "gz") {
            found.push(path);
        }
    }
}

fn inflate(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path).ok()?)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

#[test]
fn real_logs_are_counted_like_a_simple_reader_counts_them() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test over more truth is pointed to it by the environment"
    )]
    let Ok(root) = std::env::var("KONSPECT_TRUTH") else {
        eprintln!("KONSPECT_TRUTH is unset: no real logs were read");
        return;
    };
    let mut found = Vec::new();
    files(Path::new(&root), &mut found);
    let mut logs = 0;
    for path in found {
        let Some(bytes) = inflate(&path) else { continue };
        if sniff(&bytes).is_none_or(|form| form.as_str() != "lines") {
            continue;
        }
        logs += 1;
        let shared = Shared::new();
        let mut fold = fold_bytes(Source::new(ArtifactId(0), &bytes), &shared);
        shared.close(&mut fold);
        let summary = fold.finish();
        let (mut events, mut ended, mut sum) =
            (0_u64, BTreeMap::<(String, String), u64>::new(), 0_u64);
        let mut open = std::collections::BTreeSet::new();
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let event: serde_json::Value = serde_json::from_slice(line).unwrap_or_else(|error| {
                panic!("{}: {error}: {}", path.display(), String::from_utf8_lossy(line))
            });
            let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
            events += 1;
            match text("stage").as_str() {
                "ResponseComplete" | "Panic" => {
                    *ended
                        .entry((
                            event["user"]["username"].as_str().unwrap_or_default().to_owned(),
                            text("userAgent"),
                        ))
                        .or_default() += 1;
                    sum += 1;
                    open.remove(&text("auditID"));
                }
                "ResponseStarted" => {
                    open.insert(text("auditID"));
                }
                _ => {}
            }
        }
        let name = path.display();
        assert_eq!(summary.reading.events, events, "{name}");
        assert_eq!(
            (summary.reading.refused, summary.reading.duplicates),
            (0, 0),
            "{name} {:?}",
            summary.refusals
        );
        assert_eq!(summary.requests(), sum, "{name}");
        for client in summary.clients.iter().filter(|client| client.total.requests > 0) {
            assert_eq!(
                client.total.requests,
                ended[&(client.user.clone(), client.agent.clone())],
                "{name} {}",
                client.agent
            );
        }
        assert_eq!(
            summary.open.iter().map(|row| row.count).sum::<u64>(),
            open.len() as u64,
            "{name}"
        );
        let blocks = bytes.chunks(70_001).scan(0_u64, |base, block| {
            let start = *base;
            *base += block.len() as u64;
            Some((start, block.to_vec()))
        });
        let shared = Shared::new();
        let mut parallel = AuditFold::default();
        parallel.merge(fold_blocks(ArtifactId(0), blocks, &shared));
        shared.close(&mut parallel);
        assert!(parallel.finish() == summary, "{name}: blocks differ from the whole");
    }
    eprintln!("{logs} logs");
    assert!(logs > 0);
}
