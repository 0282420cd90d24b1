//! Folds real audit logs and compares what was counted with an independent reading by `serde_json`.
//!
//! Reads `*/audit/*.gz` and the like below the folder that `KONSPECT_TRUTH` names.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use konspect_audit::answers::Dimension;
use konspect_audit::{
    AuditFold, Fold, GroupSummary, Question, Shared, fold_blocks, fold_bytes, sniff,
};
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
        let mut open = BTreeMap::new();
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let event: serde_json::Value = serde_json::from_slice(line).unwrap_or_else(|error| {
                panic!("{}: {error}: {}", path.display(), String::from_utf8_lossy(line))
            });
            let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
            let user = event["user"]["username"].as_str().unwrap_or_default().to_owned();
            events += 1;
            match text("stage").as_str() {
                "ResponseComplete" | "Panic" => {
                    *ended.entry((user, text("userAgent"))).or_default() += 1;
                    sum += 1;
                    open.remove(&text("auditID"));
                }
                "ResponseStarted" => {
                    open.insert(text("auditID"), (text("verb"), (user, text("userAgent"))));
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
        let mut watching = BTreeMap::<_, u64>::new();
        for (_, client) in open.values().filter(|(verb, _)| verb == "watch") {
            *watching.entry(client.clone()).or_default() += 1;
        }
        assert_eq!(summary.requests(), sum + watching.values().sum::<u64>(), "{name}");
        for client in &summary.clients {
            let key = (client.user.clone(), client.agent.clone());
            assert_eq!(client.open_watches, watching.get(&key).copied().unwrap_or(0), "{name}");
        }
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

/// The dictionary that stands behind a label, as Python prints it: `{200: 4561, 'Panic': 1}`.
fn dictionary(text: &str, label: &str) -> BTreeMap<String, u64> {
    let rest = text.split_once(label).map_or("", |(_, rest)| rest);
    let inside = rest.trim_start_matches('{').split('}').next().unwrap_or_default();
    inside
        .split(", ")
        .filter_map(|pair| {
            let (key, count) = pair.split_once(": ")?;
            Some((key.trim_matches('\'').to_owned(), count.parse().ok()?))
        })
        .collect()
}

/// Beside each capture stands what its author's own reader counted: stages, codes and the
/// busiest rows of user agent, user, verb and resource.
#[test]
fn captures_are_counted_as_their_authors_counted_them() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test over more truth is pointed to it by the environment"
    )]
    let Ok(root) = std::env::var("KONSPECT_TRUTH") else {
        eprintln!("KONSPECT_TRUTH is unset: no counted capture was read");
        return;
    };
    let (mut captures, mut rows) = (0, 0);
    for folder in std::fs::read_dir(Path::new(&root).join("corpus")).unwrap().flatten() {
        let folder = folder.path();
        let Ok(counted) = std::fs::read_to_string(folder.join("measured.txt")) else { continue };
        let by = ["user-agent", "user", "verb", "resource"];
        let by = by.iter().map(|name| Dimension::parse(name).unwrap()).collect();
        let shared = Shared::asking(Question { by, ..Question::default() });
        let mut fold = AuditFold::default();
        let logs = std::fs::read_dir(folder.join("audit")).unwrap().flatten();
        for (number, log) in (0..).zip(logs) {
            let bytes = inflate(&log.path()).or_else(|| std::fs::read(log.path()).ok()).unwrap();
            fold.merge(fold_bytes(Source::new(ArtifactId(number), &bytes), &shared));
        }
        shared.close(&mut fold);
        let summary = fold.finish();
        let name = folder.display();
        captures += 1;
        let stages: BTreeMap<String, u64> =
            summary.stages.iter().map(|(stage, count)| (format!("{stage:?}"), *count)).collect();
        assert_eq!(stages, dictionary(&counted, "stages: "), "{name}");
        // The author counted the codes of all events, the engine those of requests that ended: watches
        // have both, refused ones too.
        let started = stages.get("ResponseStarted").copied().unwrap_or_default();
        let mut ended = BTreeMap::<String, u64>::new();
        for (code, count) in summary.groups.iter().flat_map(|group| &group.tally.codes) {
            *ended.entry(code.to_string()).or_default() += count;
        }
        let codes = dictionary(&counted, "response codes: ");
        let all = |codes: &BTreeMap<String, u64>| codes.values().sum::<u64>();
        assert_eq!(all(&codes), all(&ended) + started, "{name}");
        for (code, count) in &ended {
            let events = codes.get(code).copied().unwrap_or_default();
            assert!(*count <= events && events <= count + started, "{name}: {code}: {count}");
        }
        for line in counted.lines().filter_map(|line| line.trim().strip_prefix("- ")) {
            let (row, count) = line.rsplit_once(" : ").unwrap();
            let [agent, user, verb, resource] =
                row.splitn(4, " | ").collect::<Vec<_>>().try_into().unwrap();
            // Begun and ended watches are two events of one request.
            if verb == "watch" {
                continue;
            }
            // Long user agents were cut.
            let of = |group: &&GroupSummary| {
                group.key[0].starts_with(agent)
                    && group.key[1] == user
                    && group.key[2] == verb
                    && group.key[3].rsplit('/').next() == Some(resource)
            };
            // Reading a log is two events and one request.
            let events = if (verb, resource) == ("get", "pods") { 2 } else { 1 };
            let found: Vec<(u64, u64)> = summary
                .groups
                .iter()
                .filter(of)
                .map(|group| (group.tally.requests, events * group.tally.requests))
                .collect();
            let sum = found.iter().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
            let count: u64 = count.parse().unwrap();
            assert!(
                found.iter().chain([&sum]).any(|(least, most)| (*least..=*most).contains(&count)),
                "{name}: {line}: {found:?}"
            );
            rows += 1;
        }
    }
    eprintln!("{captures} captures, {rows} rows");
    assert!(captures > 0 && rows > 0);
}
