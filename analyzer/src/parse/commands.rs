//! Which command wrote which file, as records of collections tell it: read before everything else,
//! because an empty list says only by its command what it is a list of.

use std::collections::BTreeMap;

use konspect_bundle::{Bundle, Source};

use super::collection;

/// Records of collections are small.
const RECORD_BYTES: u64 = 4 << 20;

/// The command line by the artefact's path.
pub fn commands_by_path(bundle: &Bundle) -> BTreeMap<String, String> {
    let mut commands = BTreeMap::new();
    if let Some(manifest) = bundle.manifest() {
        for artifact in bundle.artifacts() {
            let record = artifact.command.and_then(|index| manifest.commands.get(index));
            if let Some(record) = record {
                commands.insert(artifact.path.clone(), record.argv.join(" "));
            }
        }
        return commands;
    }
    let candidates: Vec<_> = bundle
        .artifacts()
        .iter()
        .filter(|artifact| artifact.stored_bytes <= RECORD_BYTES && may_be_record(&artifact.path))
        .map(|artifact| artifact.id)
        .collect();
    let paths: BTreeMap<&str, &str> =
        bundle.artifacts().iter().map(|artifact| (artifact.path.as_str(), artifact.path.as_str())).collect();
    bundle.fetch(&candidates, |id, bytes| {
        let folder = bundle
            .artifacts()
            .get(id.0 as usize)
            .and_then(|artifact| artifact.path.rsplit_once('/'))
            .map_or(String::new(), |(folder, _)| format!("{folder}/"));
        for (file, command) in collection::commands_by_file(&Source::new(id, bytes)) {
            let inside = format!("{folder}{file}");
            let path = paths.get(inside.as_str()).or_else(|| paths.get(file.as_str()));
            if let Some(path) = path {
                commands.insert((*path).to_owned(), command);
            }
        }
    });
    commands
}

/// A JSON file near the top; what it is, its content tells.
fn may_be_record(path: &str) -> bool {
    let lower = path.to_lowercase();
    let json = lower.trim_end_matches(".gz").ends_with(".json");
    json && path.matches('/').count() <= 2
        && ["collect", "manifest", "command", "index", "meta"].iter().any(|word| lower.contains(word))
}
