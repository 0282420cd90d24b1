//! What stays unknown of the truth's folders.

use std::collections::BTreeMap;
use std::path::PathBuf;

use konspect_bundle::{Bundle, Content, Limits, Source};

use super::super::{Hint, Kind, artifact, blocks, commands_by_path};

/// Classifies and parses every artefact of the truth's folders; prints counts by kind and what
/// stays unknown.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the folder with more truth is named by the environment"
)]
fn classify_the_truth() {
    let Ok(root) = std::env::var("KONSPECT_TRUTH") else {
        eprintln!("KONSPECT_TRUTH not set: nothing swept");
        return;
    };
    let root = PathBuf::from(root);
    let mut bundles = vec![root.join("netfilter/text-forms")];
    for folder in ["corpus", "incidents/cases", "foreign", "netfilter/cases"] {
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
        bundles.extend(entries.map(|entry| entry.path()));
    }
    bundles.sort();
    let mut counts: BTreeMap<Kind, u64> = BTreeMap::new();
    let (mut unknown, mut bad_spans) = (Vec::new(), Vec::new());
    for path in bundles {
        let Ok(bundle) = Bundle::open(std::slice::from_ref(&path), &Limits::default()) else {
            eprintln!("not opened: {}", path.display());
            continue;
        };
        let commands = commands_by_path(&bundle);
        let read = bundle.scan(|member, content| {
            let command = commands.get(&member.path).map_or("", String::as_str);
            let hint = Hint { path: &member.path, command, ..Hint::default() };
            match content {
                Content::Whole { bytes, .. } => {
                    let (kind, rows) = artifact(&Source::new(member.id, bytes), &hint);
                    let length = bytes.len() as u64;
                    let inside = rows.collected.iter().all(|row| row.at.end <= length)
                        && rows.diagnostics.iter().all(|row| row.at.end <= length)
                        && rows.scrapes.iter().all(|row| row.at.end <= length);
                    let format = super::sniff(bytes, &hint);
                    let head = String::from_utf8_lossy(bytes.get(..90).unwrap_or(bytes));
                    let head = format!("{format:?}: {}", head.replace('\n', "|"));
                    (kind, inside, member.path.clone(), head)
                }
                Content::Blocks(large) => {
                    let (kind, _) = blocks(member.id, large, &hint);
                    (kind, true, member.path.clone(), String::new())
                }
                Content::Failed(error) => {
                    (Kind::Binary, true, member.path.clone(), error.to_string())
                }
            }
        });
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (kind, inside, member, head) in read {
            *counts.entry(kind).or_default() += 1;
            if kind == Kind::Unknown || kind == Kind::Document {
                unknown.push(format!("{kind:?} {name} {member}: {head}"));
            }
            if !inside {
                bad_spans.push(member);
            }
        }
    }
    for (kind, count) in &counts {
        eprintln!("{count:6} {kind:?}");
    }
    for line in &unknown {
        eprintln!("{line}");
    }
    assert_eq!(bad_spans, Vec::<String>::new());
    assert!(!counts.is_empty());
}
