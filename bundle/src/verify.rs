//! Compares what was opened with what the manifest promises.

use std::collections::BTreeMap;

use crate::open::Artifact;
use crate::{ArtifactId, Code, Diagnostic, Manifest, Span};

/// The manifest of an opened bundle, and where its members are.
#[derive(Debug)]
pub(crate) struct Promise {
    pub(crate) manifest: Manifest,
    /// The manifest itself.
    id: ArtifactId,
    /// By artefact: the digest it should have; absent for what the manifest does not list.
    digests: Vec<Option<[u8; 32]>>,
    /// Listed and not there, and there and not listed.
    notes: Vec<Diagnostic>,
}

impl Promise {
    /// Matches the manifest's members and commands with artefacts. Paths count from the folder that
    /// holds the manifest; artefacts of another archive are foreign to it.
    pub(crate) fn new(
        manifest: Manifest,
        id: ArtifactId,
        artifacts: &mut [Artifact],
        foreign: &[bool],
    ) -> Self {
        let own = artifacts.get(id.index()).map_or("", |artifact| artifact.path.as_str());
        let folder = own.strip_suffix(crate::manifest::MANIFEST).unwrap_or_default().to_owned();
        let by_path: BTreeMap<&str, ArtifactId> = artifacts
            .iter()
            .filter_map(|artifact| Some((artifact.path.strip_prefix(&folder)?, artifact.id)))
            .collect();
        let (mut digests, mut listed) = (vec![None; artifacts.len()], vec![false; artifacts.len()]);
        let mut notes = Vec::new();
        for member in &manifest.members {
            let Some(found) = by_path.get(member.path.as_str()) else {
                notes.push(mismatch(ArtifactId::BUNDLE, &member.path, "missing"));
                continue;
            };
            if let (Some(digest), Some(is_listed)) =
                (digests.get_mut(found.index()), listed.get_mut(found.index()))
            {
                *digest = from_hex(&member.sha256);
                *is_listed = true;
            }
        }
        for ((artifact, listed), foreign) in artifacts.iter().zip(&listed).zip(foreign) {
            if !listed && !foreign && artifact.id != id && artifact.path.starts_with(&folder) {
                notes.push(mismatch(artifact.id, &artifact.path, "added"));
            }
        }
        let commands: Vec<(ArtifactId, usize)> = manifest
            .commands
            .iter()
            .enumerate()
            .filter_map(|(index, command)| Some((*by_path.get(command.member.as_deref()?)?, index)))
            .collect();
        for (found, command) in commands {
            if let Some(artifact) = artifacts.get_mut(found.index()) {
                artifact.command = Some(command);
            }
        }
        Self { manifest, id, digests, notes }
    }

    /// The digest that an artefact should have.
    pub(crate) fn digest(&self, id: ArtifactId) -> Option<[u8; 32]> {
        self.digests.get(id.index()).copied().flatten()
    }

    /// What differs, given the artefacts whose digests do.
    pub(crate) fn notes(&self, artifacts: &[Artifact], changed: &[ArtifactId]) -> Vec<Diagnostic> {
        let changed = changed.iter().filter(|id| **id != self.id).filter_map(|id| {
            let artifact = artifacts.get(id.index())?;
            Some(mismatch(artifact.id, &artifact.path, "changed"))
        });
        let mut notes: Vec<_> = self.notes.iter().cloned().chain(changed).collect();
        notes.sort();
        notes
    }
}

fn mismatch(id: ArtifactId, name: &str, reason: &str) -> Diagnostic {
    Diagnostic::new(Code::ManifestMismatch, Span::start_of(id))
        .with("name", name)
        .with("reason", reason)
}

/// Reads 64 hexadecimal digits.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Writes bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // A String takes every write.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
