//! Writes a bundle: one zip, members as they are ready, every byte through the redactor.
//!
//! Members are compressed where they are produced and appended to a file of a temporary name; at
//! the end they are put in the order of their names, behind the manifest, and the file gets its
//! own name. It refuses to know what a member means: its callers name it and say when it is cut.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use zip::write::{PreparedZipFile, SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, ZipArchive};

use crate::manifest::{FORMAT_VERSION, MANIFEST, Manifest, MemberRecord};
use crate::redact::Redactor;

/// Long logs are cut at line ends into members of this many bytes, so that a reader works on as
/// many of them as it has cores and holds one each.
pub const PART: usize = 4 << 20;

/// What can go wrong while a bundle is written: never the cluster, always the disk or a name.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("cannot write {path}")]
    Io { path: String, source: io::Error },
    #[error("{path} exists already")]
    Exists { path: String },
    #[error("the bundle is full: {limit} bytes are the limit")]
    Full { limit: u64 },
}

/// How the bytes of a member may be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One document: kept whole, redacted whole.
    Document,
    /// Lines: cut at line ends into parts of `PART` bytes, written as they come.
    Lines,
}

/// A bundle that is being written; shared by all threads that have something to add.
#[derive(Debug)]
pub struct Writer {
    inner: Mutex<Inner>,
    redactor: Redactor,
    /// Held by the thread that cleans and compresses.
    turn: Mutex<()>,
    target: PathBuf,
    limit: u64,
}

#[derive(Debug)]
struct Inner {
    /// Absent once the archive was finished or given up.
    /// Unbuffered: what is appended survives the program.
    zip: Option<ZipWriter<File>>,
    partial: PathBuf,
    members: Vec<MemberRecord>,
    names: BTreeSet<String>,
    bytes: u64,
}

/// A written bundle.
#[derive(Clone, Debug)]
pub struct Written {
    pub path: PathBuf,
    pub bytes: u64,
    pub sha256: String,
    pub members: usize,
    /// How many values the redactor replaced, by kind.
    pub redactions: BTreeMap<String, u64>,
}

impl Writer {
    /// Begins a bundle: creates `.NAME.partial` beside `target`.
    ///
    /// `limit` bounds the uncompressed bytes of all members.
    pub fn create(target: &Path, limit: u64) -> Result<Self, WriteError> {
        if target.exists() {
            return Err(WriteError::Exists { path: target.display().to_string() });
        }
        let partial = beside(target, "partial");
        let file = OpenOptions::new()
            .write(true)
            .read(true)
            .create_new(true)
            .open(&partial)
            .map_err(|source| failed(&partial, source))?;
        let inner = Inner {
            zip: Some(ZipWriter::new(file)),
            partial,
            members: Vec::new(),
            names: BTreeSet::from([MANIFEST.to_owned()]),
            bytes: 0,
        };
        Ok(Self {
            inner: Mutex::new(inner),
            redactor: Redactor::new(),
            turn: Mutex::default(),
            target: target.to_owned(),
            limit,
        })
    }

    /// The redactor that every member passes, for the texts of the manifest.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Begins a member; its bytes come in pieces.
    pub fn member(&self, path: &str, shape: Shape, budget: u64) -> Member<'_> {
        Member {
            writer: self,
            path: member_name(&self.redactor.text(path)),
            shape,
            budget,
            seen: 0,
            held: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// Adds one whole member and returns the name it got.
    pub fn add(
        &self,
        path: &str,
        shape: Shape,
        bytes: &[u8],
    ) -> Result<Option<String>, WriteError> {
        let mut member = self.member(path, shape, u64::MAX);
        member.write(bytes)?;
        Ok(member.finish(false)?.into_iter().next())
    }

    /// Uncompressed bytes of all members so far.
    pub fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// Puts the members in order, takes out copies of secrets, writes the manifest before them and
    /// gives the file its name.
    pub fn finish(&self, mut manifest: Manifest) -> Result<Written, WriteError> {
        let mut inner = self.lock();
        let partial = inner.partial.clone();
        let sorted = beside(&self.target, "sorted");
        if let Some(zip) = inner.zip.take() {
            let flushed = zip.finish().map_err(io::Error::from).and_then(|mut file| file.flush());
            flushed.map_err(|source| self.abandon(&[&partial], source))?;
        }
        manifest.format = FORMAT_VERSION;
        manifest.members = std::mem::take(&mut inner.members);
        manifest.members.sort_by(|left, right| left.path.cmp(&right.path));
        rewrite(&partial, &sorted, &mut manifest, &self.redactor)
            .map_err(|error| self.abandon(&[&partial, &sorted], error.into()))?;
        let finished =
            std::fs::remove_file(&partial).and_then(|()| std::fs::rename(&sorted, &self.target));
        finished
            .and_then(|()| digest_of(&self.target))
            .map_err(|source| failed(&self.target, source))
            .map(|(bytes, sha256)| Written {
                path: self.target.clone(),
                bytes,
                sha256,
                members: manifest.members.len(),
                redactions: manifest.redactions,
            })
    }

    /// Leaves nothing half-written behind.
    fn abandon(&self, files: &[&Path], source: io::Error) -> WriteError {
        for file in files {
            let _ = std::fs::remove_file(file);
        }
        failed(&self.target, source)
    }

    fn commit(
        &self,
        path: &str,
        bytes: Vec<u8>,
        truncated: bool,
        lines: bool,
    ) -> Result<String, WriteError> {
        // One at a time: what waits is one buffer a thread, not three.
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let clean = self.redactor.clean_owned(bytes);
        let name = self.lock().claim(path);
        let prepared =
            prepare(&name, &clean.bytes).map_err(|error| failed(&self.target, error.into()))?;
        let record = MemberRecord {
            path: name.clone(),
            sha256: hex(&Sha256::digest(&clean.bytes)),
            bytes: clean.bytes.len() as u64,
            lines: lines.then(|| memchr::memchr_iter(b'\n', &clean.bytes).count() as u64),
            truncated,
            redactions: clean.counts,
        };
        drop(turn);
        let mut inner = self.lock();
        inner.append(prepared)?;
        inner.bytes += record.bytes;
        inner.members.push(record);
        Ok(name)
    }

    /// A thread that panicked while it held the lock left the archive as it was before its call.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Writer {
    /// Leaves nothing half-written behind when the bundle was given up.
    fn drop(&mut self) {
        let mut inner = self.lock();
        if let Some(zip) = inner.zip.take() {
            drop(zip);
            let _ = std::fs::remove_file(&inner.partial);
        }
    }
}

impl Inner {
    fn append(&mut self, member: PreparedZipFile) -> Result<(), WriteError> {
        let Some(zip) = &mut self.zip else { return Ok(()) };
        zip.add_prepared_file(member).map_err(|error| failed(&self.partial, error.into()))
    }

    fn claim(&mut self, path: &str) -> String {
        let mut name = path.to_owned();
        let mut copy = 2;
        while !self.names.insert(name.clone()) {
            name = numbered(path, &format!("~{copy}"));
            copy += 1;
        }
        name
    }
}

/// A member whose bytes come in pieces.
#[derive(Debug)]
pub struct Member<'a> {
    writer: &'a Writer,
    path: String,
    shape: Shape,
    budget: u64,
    seen: u64,
    held: Vec<u8>,
    parts: Vec<String>,
}

impl Member<'_> {
    /// Takes a piece; false when the member's budget is spent and nothing more is taken.
    pub fn write(&mut self, bytes: &[u8]) -> Result<bool, WriteError> {
        let left = usize::try_from(self.budget.saturating_sub(self.seen)).unwrap_or(usize::MAX);
        let taken = bytes.get(..left.min(bytes.len())).unwrap_or(bytes);
        self.seen += taken.len() as u64;
        if self.writer.bytes() + self.held.len() as u64 > self.writer.limit {
            return Err(WriteError::Full { limit: self.writer.limit });
        }
        self.held.extend_from_slice(taken);
        while self.shape == Shape::Lines && self.held.len() > PART {
            let cut = line_cut(&self.held);
            let rest = self.held.split_off(cut);
            self.part(false, false)?;
            self.held = rest;
        }
        Ok(taken.len() == bytes.len())
    }

    /// What was taken and is not yet written, for callers that read a document themselves.
    pub fn held(&self) -> &[u8] {
        &self.held
    }

    /// Ends the member; returns the names of its parts, none when there were no bytes.
    pub fn finish(mut self, truncated: bool) -> Result<Vec<String>, WriteError> {
        if !self.held.is_empty() {
            self.part(true, truncated)?;
        }
        Ok(self.parts)
    }

    fn part(&mut self, last: bool, truncated: bool) -> Result<(), WriteError> {
        let only = last && self.parts.is_empty();
        let name = if only { self.path.clone() } else { part_name(&self.path, self.parts.len()) };
        let name = self.writer.commit(
            &name,
            std::mem::take(&mut self.held),
            truncated,
            self.shape == Shape::Lines,
        )?;
        self.parts.push(name);
        Ok(())
    }
}

/// Makes a plain relative path of any text: what is not in a Kubernetes name becomes `_`.
pub fn member_name(text: &str) -> String {
    let mut segments = Vec::new();
    for segment in text.split(['/', '\\']) {
        let plain: String = segment
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~' | '+') {
                    c
                } else {
                    '_'
                }
            })
            .take(200)
            .collect();
        let plain = plain.trim_matches('.');
        if !plain.is_empty() {
            segments.push(plain.to_owned());
        }
    }
    if segments.is_empty() { "unnamed".to_owned() } else { segments.join("/") }
}

/// Where to cut held lines: at the last line end within a part, but not inside a private key.
fn line_cut(held: &[u8]) -> usize {
    let window = held.get(..PART).unwrap_or(held);
    let cut = memchr::memrchr(b'\n', window).map_or(window.len(), |end| end + 1);
    let head = held.get(..cut).unwrap_or(held);
    let tail_start = head.len().saturating_sub(64 << 10);
    let tail = head.get(tail_start..).unwrap_or_default();
    let begin = memchr::memmem::rfind(tail, b"-----BEGIN ");
    let end = memchr::memmem::rfind(tail, b"-----END ");
    match begin {
        Some(at) if end.is_none_or(|end| end < at) => {
            let before = head.get(..tail_start + at).unwrap_or_default();
            memchr::memrchr(b'\n', before).map_or(cut, |line| line + 1)
        }
        _ => cut,
    }
}

fn part_name(path: &str, number: usize) -> String {
    let (folder, file) = path.rsplit_once('/').map_or(("", path), |(folder, file)| (folder, file));
    let (stem, suffix) = file.split_once('.').unwrap_or((file, "log"));
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}{stem}/{number:05}.{suffix}")
}

fn numbered(path: &str, number: &str) -> String {
    let (head, file) = path.rfind('/').map_or(("", path), |slash| path.split_at(slash + 1));
    let (stem, suffix) = file
        .split_once('.')
        .map_or((file, String::new()), |(stem, rest)| (stem, format!(".{rest}")));
    format!("{head}{stem}{number}{suffix}")
}

/// Fixed time stamps and attributes: the same members give the same bytes.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644)
}

fn prepare(name: &str, bytes: &[u8]) -> zip::result::ZipResult<PreparedZipFile> {
    PreparedZipFile::from_data(name, options(), bytes)
}

/// Copies the members in the order of their names, the manifest first.
///
/// Most are copied as they are, compressed; where the second pass changes something, twice: first
/// for what the manifest says of it, then for good. Nothing is held but one member.
fn rewrite(
    from: &Path,
    to: &Path,
    manifest: &mut Manifest,
    redactor: &Redactor,
) -> zip::result::ZipResult<()> {
    let mut archive = ZipArchive::new(BufReader::new(File::open(from)?))?;
    let mut settlement = redactor.settle();
    let mut changed = BTreeSet::new();
    for record in &mut manifest.members {
        let bytes = read_member(&mut archive, &record.path)?;
        if let Some(clean) = settlement.pass(&bytes, !record.redactions.is_empty()) {
            record.sha256 = hex(&Sha256::digest(&clean));
            record.bytes = clean.len() as u64;
            changed.insert(record.path.clone());
        }
    }
    for record in &mut manifest.commands {
        record.argv.iter_mut().for_each(|word| settlement.text(word));
        settlement.text(&mut record.stderr);
    }
    manifest.redactions = redactor.counts();
    for (kind, count) in &settlement.copies {
        *manifest.redactions.entry(kind.clone()).or_default() += count;
    }
    let mut sorted = ZipWriter::new(BufWriter::new(File::create_new(to)?));
    let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::from)?;
    sorted.add_prepared_file(prepare(MANIFEST, &text)?)?;
    for record in &manifest.members {
        if changed.contains(&record.path) {
            let bytes = read_member(&mut archive, &record.path)?;
            let clean = settlement.pass(&bytes, !record.redactions.is_empty()).unwrap_or(bytes);
            sorted.add_prepared_file(prepare(&record.path, &clean)?)?;
        } else if let Some(index) = archive.index_for_name(&record.path) {
            sorted.raw_copy_file(archive.by_index_raw(index)?)?;
        }
    }
    sorted.finish()?.flush()?;
    Ok(())
}

fn read_member(
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
) -> zip::result::ZipResult<Vec<u8>> {
    let mut bytes = Vec::new();
    archive.by_name(name)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn digest_of(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut digest, mut buffer, mut bytes) = (Sha256::new(), vec![0; 64 << 10], 0);
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok((bytes, hex(&digest.finalize())));
        }
        bytes += count as u64;
        digest.update(buffer.get(..count).unwrap_or_default());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
        text
    })
}

fn beside(target: &Path, suffix: &str) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{suffix}"))
}

/// An error about the file that a temporary one was to become.
fn failed(temporary: &Path, source: io::Error) -> WriteError {
    let name = temporary.file_name().unwrap_or_default().to_string_lossy();
    let plain = name
        .strip_prefix('.')
        .and_then(|name| name.strip_suffix(".partial").or_else(|| name.strip_suffix(".sorted")));
    // The system's own word, without the layers that passed it on.
    let layers =
        std::iter::successors(Some(&source as &dyn std::error::Error), |error| error.source());
    let code = layers
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .find_map(io::Error::raw_os_error);
    let source = code.map_or(source, io::Error::from_raw_os_error);
    let path = plain.map_or_else(|| temporary.to_owned(), |name| temporary.with_file_name(name));
    WriteError::Io { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(path: &Path) -> ZipArchive<File> {
        ZipArchive::new(File::open(path).unwrap()).unwrap()
    }

    #[test]
    fn members_are_sorted_behind_the_manifest_and_digested() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, order: [&str; 2]| {
            let target = folder.path().join(name);
            let writer = Writer::create(&target, u64::MAX).unwrap();
            for member in order {
                writer.add(member, Shape::Document, member.as_bytes()).unwrap();
            }
            writer.finish(Manifest::default()).unwrap()
        };
        let (one, two) =
            (write("one.zip", ["b.txt", "a.txt"]), write("two.zip", ["a.txt", "b.txt"]));
        assert_eq!(one.sha256, two.sha256, "the order of arrival does not show");
        let archive = archive(&one.path);
        let names: Vec<_> = archive.file_names().map(Result::unwrap).collect();
        assert_eq!(names, ["manifest.json", "a.txt", "b.txt"]);
        let left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left.len(), 2, "no temporary file stays: {left:?}");
    }

    #[test]
    fn long_logs_become_parts_at_line_ends() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::create(&folder.path().join("log.zip"), u64::MAX).unwrap();
        let mut member = writer.member("logs/x/coredns.log", Shape::Lines, u64::MAX);
        let line = format!("{}\n", "x".repeat(99));
        for _ in 0..50_000 {
            member.write(line.as_bytes()).unwrap();
        }
        let parts = member.finish(false).unwrap();
        assert_eq!(parts, ["logs/x/coredns/00000.log", "logs/x/coredns/00001.log"]);
        let written = writer.finish(Manifest::default()).unwrap();
        let mut archive = archive(&written.path);
        let mut text = String::new();
        archive.by_name(&parts[0]).unwrap().read_to_string(&mut text).unwrap();
        assert!(text.len() <= PART && text.ends_with("x\n"), "{}", text.len());
        let manifest: Manifest = serde_json::from_reader(archive.by_name(MANIFEST).unwrap())
            .expect("the manifest is JSON");
        assert_eq!(manifest.members.iter().filter_map(|member| member.lines).sum::<u64>(), 50_000);
    }

    #[test]
    fn a_killed_writer_leaves_whole_members() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::create(&folder.path().join("x.zip"), u64::MAX).unwrap();
        writer.add("a.txt", Shape::Document, b"whole").unwrap();
        let partial = std::fs::read(folder.path().join(".x.zip.partial")).unwrap();
        let mut from = &partial[..];
        let mut member = zip::read::read_zipfile_from_stream(&mut from).unwrap().unwrap();
        let mut text = String::new();
        member.read_to_string(&mut text).unwrap();
        assert_eq!(text, "whole");
    }

    #[test]
    fn a_bundle_given_up_leaves_nothing_and_a_full_one_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::create(&folder.path().join("full.zip"), 10).unwrap();
        writer.add("a", Shape::Document, &[b'x'; 64]).unwrap();
        assert!(matches!(
            writer.add("b", Shape::Document, b"x"),
            Err(WriteError::Full { limit: 10 })
        ));
        drop(writer);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn names_are_plain_relative_paths() {
        assert_eq!(member_name("../../etc/passwd"), "etc/passwd");
        assert_eq!(member_name("C:\\x\u{0}y/ü"), "C_/x_y/_");
        assert_eq!(member_name("/"), "unnamed");
        assert_eq!(numbered("a/b.json", "~2"), "a/b~2.json");
    }
}
