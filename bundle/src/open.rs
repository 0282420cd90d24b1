//! `Bundle::open`: finds out what each path is by its first bytes, lists its members, and numbers
//! them in one order that does not depend on how they were packed.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::content::Ledger;
use crate::error::OpenError;
use crate::limits::Limits;
use crate::manifest::{FORMAT_VERSION, MANIFEST};
use crate::nested::Sources;
use crate::numbered::Numbered;
use crate::scan::Learned;
use crate::sniff::{Form, form};
use crate::store::backing::Backing;
use crate::store::{Found, Listing, Source, directory, names, tar, zip};
use crate::verify::{Promise, hex};
use crate::{ArtifactId, Code, Diagnostic, Manifest, Span};

/// Of one code, so many diagnostics are shown before they are only counted.
const PER_CODE: usize = 20;
/// So many files named like a manifest are looked into.
const MANIFESTS: usize = 4;

/// One file of the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its index in `Bundle::artifacts`.
    pub id: ArtifactId,
    /// The name that reports show: relative, `/`-separated, as stored, with odd characters escaped.
    /// Behind the source's own name when several paths were given.
    pub path: String,
    /// Bytes as stored, before a `.gz` inside the bundle is decompressed; 0 when unknown.
    pub stored_bytes: u64,
    /// The command of the manifest that wrote it.
    pub command: Option<usize>,
}

/// What a path turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    Directory,
    Zip,
    Tar,
    TarGz,
    TarXz,
    TarZst,
    /// One file that is no archive.
    File,
    /// Several paths, opened together.
    Several,
    /// Made in memory.
    Memory,
}

impl SourceKind {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::TarGz => "tar.gz",
            Self::TarXz => "tar.xz",
            Self::TarZst => "tar.zst",
            Self::File => "file",
            Self::Several => "several",
            Self::Memory => "memory",
        }
    }
}

/// What was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceCard {
    pub kind: SourceKind,
    /// The last part of the path, never the whole.
    pub name: String,
    /// Bytes of the file, when it is one.
    pub bytes: Option<u64>,
    /// Lower-case hex SHA-256 of the file, when it is one.
    pub sha256: Option<String>,
    /// True when the archive ends before its end: what is here is not all.
    pub cut_off: bool,
}

/// An opened bundle. It reads on demand and holds no artefact, but for a small compressed tar.
pub struct Bundle {
    pub(crate) artifacts: Vec<Artifact>,
    /// Where each artefact lies.
    pub(crate) members: Vec<Member>,
    /// What was named, and behind that the archives inside it.
    pub(crate) sources: Vec<Opened>,
    named: usize,
    /// Artefacts that are archives and need not be named to be read, with the number of members that were
    /// read from them.
    pub(crate) entered: BTreeMap<ArtifactId, usize>,
    pub(crate) limits: Limits,
    pub(crate) promise: Option<Promise>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) learned: Mutex<Learned>,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) source: usize,
    pub(crate) slot: usize,
}

/// One path, opened.
pub(crate) struct Opened {
    pub(crate) source: Source,
    kind: SourceKind,
    name: String,
    cut_off: bool,
    /// The file, for its digest.
    file: Option<Backing>,
    digest: OnceLock<Option<String>>,
}

impl Bundle {
    /// Opens folders, archives and files, together. `-` is standard input.
    pub fn open(paths: &[PathBuf], limits: &Limits) -> Result<Self, OpenError> {
        let (mut opened, mut listings, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for path in paths {
            match open_path(path, limits) {
                Ok((source, mut listing)) => {
                    // A file that is named itself is not read a second time in its folder.
                    listing.found.retain(|found| {
                        let name = std::str::from_utf8(&found.name).map(|name| path.join(name));
                        !name.is_ok_and(|name| paths.contains(&name))
                    });
                    opened.push(source);
                    listings.push(listing);
                }
                Err(error) if error.is_usage() || paths.len() == 1 => return Err(error),
                Err(error) => refused.push((display_name(path), error)),
            }
        }
        let mut notes = Vec::new();
        if opened.is_empty() {
            return Err(refused.into_iter().next().map_or(OpenError::NoPath, |(_, error)| error));
        }
        for (name, error) in refused {
            notes.push(
                Diagnostic::new(Code::Unreadable, Span::BUNDLE)
                    .with("reason", format!("{name}: {error}")),
            );
        }
        Self::assemble(opened, listings, notes, paths.len() > 1, limits)
    }

    /// Makes a bundle of files in memory, as tests and the pages of rules have them.
    pub fn from_memory(files: Vec<(String, Vec<u8>)>, limits: &Limits) -> Result<Self, OpenError> {
        let (mut listing, mut members) = (Listing::default(), Vec::new());
        for (name, bytes) in files {
            listing.found.push(Found {
                name: name.into_bytes(),
                slot: members.len(),
                bytes: bytes.len() as u64,
            });
            members.push(Arc::new(bytes));
        }
        let opened =
            Opened::new(Source::Memory(members), SourceKind::Memory, "memory".into(), None);
        Self::assemble(vec![opened], vec![listing], Vec::new(), false, limits)
    }

    /// All artefacts, sorted by their paths' bytes.
    pub fn artifacts(&self) -> &[Artifact] {
        &self.artifacts
    }

    /// The manifest, when a collector of this format wrote the bundle.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.promise.as_ref().map(|promise| &promise.manifest)
    }

    /// What was wrong with names, archives and limits when the bundle was opened.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The limits it was opened with.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What was opened; several paths make one card without a digest. The digest of a file is
    /// computed when it is first asked for.
    pub fn card(&self) -> SourceCard {
        match self.named() {
            [one] => one.card(),
            several => SourceCard {
                kind: SourceKind::Several,
                name: several
                    .iter()
                    .map(|opened| opened.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
                bytes: None,
                sha256: None,
                cut_off: several.iter().any(|opened| opened.cut_off),
            },
        }
    }

    /// One card for each path that could be opened.
    pub fn cards(&self) -> Vec<SourceCard> {
        self.named().iter().map(Opened::card).collect()
    }

    fn named(&self) -> &[Opened] {
        self.sources.get(..self.named).unwrap_or_default()
    }

    fn assemble(
        mut named: Vec<Opened>,
        listings: Vec<Listing>,
        notes: Vec<Diagnostic>,
        prefixed: bool,
        limits: &Limits,
    ) -> Result<Self, OpenError> {
        if prefixed {
            make_distinct(&mut named);
        }
        let prefix = |opened: &Opened| if prefixed { opened.name.clone() } else { String::new() };
        let prefixes: Vec<String> = named.iter().map(prefix).collect();
        let mut sources = Sources {
            prefixes,
            outer: vec![None; named.len()],
            opened: named,
            listings,
            unpacked: Vec::new(),
            notes,
        };
        sources.open_nested(limits);
        let Sources { mut opened, listings, prefixes, outer, unpacked, mut notes } = sources;
        let mut numbered = Numbered::default();
        let mut counts: BTreeMap<_, _> = unpacked.into_iter().map(|place| (place, 0)).collect();
        for (index, listing) in listings.into_iter().enumerate() {
            if let Some(opened) = opened.get_mut(index) {
                opened.cut_off = listing.cut;
            }
            if let Some(outer) = outer.get(index).copied().flatten() {
                counts.insert(outer, listing.found.len());
            }
            notes.extend(listing.notes);
            let prefix = prefixes.get(index).map_or("", String::as_str);
            numbered.add(index, prefix, listing.found, limits);
        }
        let count = numbered.rows.len();
        if count > limits.members {
            let path = opened.iter().map(|opened| opened.name.as_str()).collect::<Vec<_>>();
            let (path, value, limit) = (path.join(", "), count as u64, limits.members as u64);
            return Err(OpenError::Limit { path, what: "the number of members", value, limit });
        }
        let (artifacts, members) = numbered.finish(&mut notes);
        let entered = (artifacts.iter().zip(&members))
            .filter_map(|(artifact, member)| {
                Some((artifact.id, *counts.get(&(member.source, member.slot))?))
            })
            .collect();
        let mut bundle = Self {
            artifacts,
            members,
            named: outer.iter().filter(|outer| outer.is_none()).count(),
            sources: opened,
            entered,
            limits: limits.clone(),
            promise: None,
            ledger: Arc::default(),
            learned: Mutex::default(),
            diagnostics: Vec::new(),
        };
        bundle.find_manifest(&mut notes);
        notes.sort();
        bundle.diagnostics = thin_out(notes);
        Ok(bundle)
    }

    /// Takes the manifest nearest to the top.
    fn find_manifest(&mut self, notes: &mut Vec<Diagnostic>) {
        let depth = |path: &str| path.bytes().filter(|byte| *byte == b'/').count();
        let mut named: Vec<(usize, ArtifactId)> = self
            .artifacts
            .iter()
            .filter(|artifact| artifact.path.rsplit('/').next() == Some(MANIFEST))
            .map(|artifact| (depth(&artifact.path), artifact.id))
            .collect();
        named.sort_unstable();
        for (_, id) in named.into_iter().take(MANIFESTS) {
            let Ok(bytes) = self.read(id) else { continue };
            let Some(manifest) = parse_manifest(&bytes) else { continue };
            if manifest.format > FORMAT_VERSION {
                let reason = format!(
                    "format {} of a newer collector; this reader knows {FORMAT_VERSION}",
                    manifest.format
                );
                notes.push(
                    Diagnostic::new(Code::Incomplete, Span::start_of(id)).with("reason", reason),
                );
            }
            let source = |id: ArtifactId| self.members.get(id.index()).map(|member| member.source);
            let foreign: Vec<bool> =
                self.artifacts.iter().map(|artifact| source(artifact.id) != source(id)).collect();
            self.promise = Some(Promise::new(manifest, id, &mut self.artifacts, &foreign));
            return;
        }
    }
}

/// A manifest is an object with a format number and a tool; everything else may be missing.
fn parse_manifest(bytes: &[u8]) -> Option<Manifest> {
    #[derive(Deserialize)]
    struct Probe {
        format: u32,
        tool: crate::manifest::Tool,
    }
    let probe: Probe = serde_json::from_slice(bytes).ok()?;
    if probe.format == 0 || probe.tool.name.is_empty() {
        return None;
    }
    serde_json::from_slice(bytes).ok()
}

impl Opened {
    /// Bytes of the file, when it is one.
    pub(crate) fn length(&self) -> u64 {
        self.file.as_ref().map_or(u64::MAX, Backing::len)
    }

    pub(crate) fn is_archive(&self) -> bool {
        self.kind != SourceKind::File
    }

    fn new(source: Source, kind: SourceKind, name: String, file: Option<Backing>) -> Self {
        Self { source, kind, name, cut_off: false, file, digest: OnceLock::new() }
    }

    fn card(&self) -> SourceCard {
        let sha256 = self.digest.get_or_init(|| digest(self.file.as_ref()?)).clone();
        SourceCard {
            kind: self.kind,
            name: self.name.clone(),
            bytes: self.file.as_ref().map(Backing::len),
            sha256,
            cut_off: self.cut_off,
        }
    }
}

/// So many bytes are hashed at once: they are still in the cache.
const HASHED: usize = 128 << 10;

fn digest(file: &Backing) -> Option<String> {
    let (mut reader, mut buffer, mut hasher) =
        (file.range(0, file.len()), vec![0; HASHED], Sha256::new());
    loop {
        match reader.read(&mut buffer).ok()? {
            0 => return Some(hex(&hasher.finalize())),
            length => hasher.update(buffer.get(..length)?),
        }
    }
}

/// Keeps the first diagnostics of each code; the last one kept says in `more` how many follow.
fn thin_out(notes: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut counts: BTreeMap<Code, usize> = BTreeMap::new();
    let mut kept: Vec<Diagnostic> = Vec::new();
    for note in notes {
        let count = counts.entry(note.code).or_default();
        *count += 1;
        if *count <= PER_CODE {
            kept.push(note);
        }
    }
    for (code, count) in counts {
        if let (Some(more), Some(last)) =
            (count.checked_sub(PER_CODE + 1), kept.iter_mut().rev().find(|note| note.code == code))
        {
            last.args.push(("more", (more + 1).into()));
        }
    }
    kept
}

/// Gives sources of one name a number.
fn make_distinct(sources: &mut [Opened]) {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for opened in sources {
        let time = times.entry(opened.name.clone()).or_default();
        *time += 1;
        if *time > 1 {
            opened.name = format!("{} ({time})", opened.name);
        }
    }
}

/// The last part of a path, as a label.
fn display_name(path: &Path) -> String {
    let last = path.file_name().map(std::ffi::OsStr::to_owned);
    let last =
        last.or_else(|| path.canonicalize().ok()?.file_name().map(std::ffi::OsStr::to_owned));
    let raw = last.unwrap_or_else(|| path.as_os_str().to_owned());
    names::label(raw.as_encoded_bytes(), 255, 1).path
}

fn open_path(path: &Path, limits: &Limits) -> Result<(Opened, Listing), OpenError> {
    let shown = path.display().to_string();
    let unreadable = |error: std::io::Error| OpenError::Unreadable {
        path: shown.clone(),
        reason: error.to_string(),
    };
    if path.as_os_str() == "-" {
        let backing = spool(std::io::stdin().lock(), "standard input", limits)?;
        return open_bytes(backing, "stdin", "standard input", limits);
    }
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(OpenError::MissingPath { path: shown });
        }
        Err(error) => return Err(unreadable(error)),
    };
    let name = display_name(path);
    if metadata.is_dir() {
        let (paths, listing) = directory::list(path, &shown, limits)?;
        if paths.is_empty() {
            return Err(OpenError::Empty { path: shown });
        }
        return Ok((Opened::new(Source::Files(paths), SourceKind::Directory, name, None), listing));
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let backing = if metadata.is_file() {
        Backing::file(file).map_err(unreadable)?
    } else {
        spool(file, &shown, limits)?
    };
    open_bytes(backing, &name, &shown, limits)
}

/// Keeps a pipe in memory.
fn spool(pipe: impl Read, shown: &str, limits: &Limits) -> Result<Backing, OpenError> {
    let mut bytes = Vec::new();
    pipe.take(limits.stdin.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| {
        OpenError::Unreadable { path: shown.to_owned(), reason: error.to_string() }
    })?;
    if bytes.len() as u64 > limits.stdin {
        let (value, limit) = (bytes.len() as u64, limits.stdin);
        return Err(OpenError::Limit {
            path: shown.to_owned(),
            what: "its size in bytes",
            value,
            limit,
        });
    }
    Ok(Backing::memory(bytes))
}

/// Opens one file by what its first bytes are.
pub(crate) fn open_bytes(
    backing: Backing,
    name: &str,
    shown: &str,
    limits: &Limits,
) -> Result<(Opened, Listing), OpenError> {
    let form = form(&backing, name, shown, limits)?;
    let compressed = !matches!(form, Form::Text | Form::Tar(None));
    if compressed && backing.len() > limits.bundle {
        let (value, limit) = (backing.len(), limits.bundle);
        return Err(OpenError::Limit {
            path: shown.to_owned(),
            what: "its size in bytes",
            value,
            limit,
        });
    }
    let (source, kind, listing) = match form {
        Form::Zip => {
            let (zip, listing) = zip::open(backing.clone(), shown, limits)?;
            (Source::Zip(zip), SourceKind::Zip, listing)
        }
        Form::Tar(codec) => {
            let (tar, listing) = tar::open(backing.clone(), codec, shown, limits)?;
            (Source::Tar(tar), tar_kind(codec), listing)
        }
        Form::Text => {
            let found = Found { name: name.as_bytes().to_vec(), slot: 0, bytes: backing.len() };
            let listing = Listing { found: vec![found], ..Listing::default() };
            (Source::Single(backing.clone()), SourceKind::File, listing)
        }
    };
    Ok((Opened::new(source, kind, name.to_owned(), Some(backing)), listing))
}

fn tar_kind(codec: Option<crate::store::codec::Codec>) -> SourceKind {
    use crate::store::codec::Codec;
    match codec {
        None | Some(Codec::Deflate) => SourceKind::Tar,
        Some(Codec::Gzip) => SourceKind::TarGz,
        Some(Codec::Xz) => SourceKind::TarXz,
        Some(Codec::Zstd) => SourceKind::TarZst,
    }
}
