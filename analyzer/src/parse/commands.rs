//! Which command wrote which artefact: from our manifest, or from another tool's record.

use std::collections::BTreeMap;

use konspect_bundle::{Artifact, Bundle};

use super::Hint;
use super::raw_json::RawJson;
use super::sniff::{self, Format};

/// The largest record that is read for this.
const RECORD: u64 = 16 << 20;

/// Words of file names that such records have; only files so named are read ahead of the scan.
const NAMES: &[&str] = &["collection", "commands", "manifest", "record", "index", "summary"];

/// The command line that wrote each artefact, by the artefact's path.
pub fn commands_by_path(bundle: &Bundle) -> BTreeMap<String, String> {
    let mut commands = BTreeMap::new();
    for artifact in bundle.artifacts() {
        if is_candidate(artifact)
            && let Ok(bytes) = bundle.read(artifact.id)
            && matches!(
                sniff::sniff(&bytes, &Hint::default()),
                Format::CollectionRecord | Format::Manifest
            )
        {
            let folder = artifact.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            commands.extend(of_record(&bytes, folder));
        }
    }
    if let Some(manifest) = bundle.manifest() {
        let own = bundle.artifacts().iter().filter_map(|artifact| {
            let record = manifest.commands.get(artifact.command?)?;
            Some((artifact.path.clone(), record.argv.join(" ")))
        });
        commands.extend(own);
    }
    commands
}

fn is_candidate(artifact: &Artifact) -> bool {
    let name = artifact.path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    name.contains("json")
        && artifact.stored_bytes <= RECORD
        && NAMES.iter().any(|word| name.contains(word))
}

/// The commands of a record, by the paths of their files beside it, with and without the ending of
/// a compressed file.
fn of_record(bytes: &[u8], folder: &str) -> Vec<(String, String)> {
    let mut commands = Vec::new();
    for entry in RawJson::new(bytes).get("commands").into_iter().flat_map(RawJson::items) {
        let file = ["file", "output", "path", "stdout", "member"]
            .iter()
            .map(|key| entry.text_of(key))
            .find(|file| !file.is_empty());
        let command = entry.get("command").or_else(|| entry.get("argv"));
        let (Some(file), Some(command)) = (file, command) else {
            continue;
        };
        let command = command.texts().join(" ");
        let file = file.trim_start_matches("./");
        let path = if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
        if let Some(plain) = path.strip_suffix(".gz") {
            commands.push((plain.to_owned(), command.clone()));
        }
        commands.push((path, command));
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_name_files_beside_them() {
        let text = br#"{"cluster":"c","commands":[{"command":"kubectl get nodes -o json","file":"get/nodes.json.gz"},{"command":"x","file":null}]}"#;
        let commands = of_record(text, "case");
        let expected = ["case/get/nodes.json", "case/get/nodes.json.gz"];
        let paths: Vec<_> = commands.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, expected);
        assert_eq!(commands[0].1, "kubectl get nodes -o json");
    }
}
