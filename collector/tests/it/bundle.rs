//! Runs the program and opens what it wrote.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use konspect_bundle::manifest::{CommandRecord, Manifest};

pub(crate) struct Bundle {
    pub manifest: Manifest,
    pub members: BTreeMap<String, Vec<u8>>,
}

impl Bundle {
    pub(crate) fn open(path: &Path) -> Self {
        let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
        let mut members = BTreeMap::new();
        for at in 0..archive.len() {
            let mut file = archive.by_index(at).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            members.insert(file.name().unwrap().into_owned(), bytes);
        }
        let manifest = serde_json::from_slice(&members.remove("manifest.json").unwrap()).unwrap();
        Self { manifest, members }
    }

    pub(crate) fn text(&self, member: &str) -> String {
        let bytes = self
            .members
            .get(member)
            .unwrap_or_else(|| panic!("{member} is not in {:?}", self.members.keys()));
        String::from_utf8_lossy(bytes).into_owned()
    }

    pub(crate) fn of(&self, entry: &str) -> Vec<&CommandRecord> {
        self.manifest
            .commands
            .iter()
            .filter(|record| record.entry.as_deref() == Some(entry))
            .collect()
    }
}

/// What a run of the program printed, and its bundle when it wrote one.
pub(crate) struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub bundle: Option<Bundle>,
    pub folder: tempfile::TempDir,
}

/// Runs `konspect-collect` in a folder of its own with a home of its own.
pub(crate) fn run(prepare: impl FnOnce(&Path) -> Vec<String>) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let words = prepare(folder.path());
    let output = assert_cmd::Command::cargo_bin("konspect-collect")
        .unwrap()
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env_remove("KUBECONFIG")
        .args(words)
        .timeout(std::time::Duration::from_mins(4))
        .output()
        .unwrap();
    let bundle = bundles(folder.path()).first().map(|path| Bundle::open(path));
    Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        bundle,
        folder,
    }
}

pub(crate) fn bundles(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "zip")).collect()
}

pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
