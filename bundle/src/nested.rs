//! Archives among the members of others: opened as their folders would be, a few levels deep.
//!
//! All of them together share what the limits have left. An archive inside another may not become more
//! than its bytes in the outermost one allow, so that a bomb gains nothing by levels. What there is no
//! room for stays closed, and is named when it is read.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Read;
use std::ops::{ControlFlow, Range};

use crate::limits::Limits;
use crate::open::{Opened, open_bytes};
use crate::store::backing::Backing;
use crate::store::{Blob, Found, Listing, Raw, Source, names};
use crate::{Code, Diagnostic, ReadError, Span};

/// Endings of names that are not looked behind, for most members have one. An archive that bears one is
/// named all the same when it is read.
const TEXTS: [&[u8]; 12] = [
    b".json", b".jsonl", b".yaml", b".yml", b".log", b".txt", b".csv", b".md", b".html", b".xml",
    b".conf", b".prom",
];

/// What was opened, archives inside others behind those that hold them.
pub(crate) struct Sources {
    pub(crate) opened: Vec<Opened>,
    pub(crate) listings: Vec<Listing>,
    /// What stands before the names of a source's members; empty for nothing.
    pub(crate) prefixes: Vec<String>,
    /// Source and slot of the member that a source is; none for what was named itself.
    pub(crate) outer: Vec<Option<(usize, usize)>>,
    /// Archives whose members are there as well, unpacked, by source and slot.
    pub(crate) unpacked: Vec<(usize, usize)>,
    pub(crate) notes: Vec<Diagnostic>,
}

/// An archive among the members of a source.
struct Inner {
    source: usize,
    slot: usize,
    path: String,
    length: u64,
}

/// What all archives inside others may still take.
struct Left {
    archives: usize,
    members: usize,
    memory: u64,
    total: u64,
    allowance: u64,
    /// By source: bytes of the outermost archive.
    origins: Vec<u64>,
}

impl Left {
    /// Takes what a source may come to whose bytes in the outermost archive are so many.
    fn take(&mut self, opened: &Opened, listing: &Listing, origin: u64, limits: &Limits) {
        let (total, over) = opened.source.claims(&listing.found, limits);
        let over = over.max(total.saturating_sub(limits.free(origin)));
        self.members = self.members.saturating_sub(listing.found.len());
        self.total = self.total.saturating_sub(total);
        self.allowance = self.allowance.saturating_sub(over);
    }

    /// Bytes of the outermost archive that an archive inside a source stands for.
    fn origin(&mut self, source: usize, packed: u64) -> u64 {
        let Some(left) = self.origins.get_mut(source) else { return 0 };
        let origin = packed.min(*left);
        *left -= origin;
        origin
    }

    fn limits(&self, origin: u64, limits: &Limits) -> Limits {
        Limits {
            members: self.members,
            total: self.total.min(limits.free(origin).saturating_add(self.allowance)),
            ratio_allowance: self.allowance,
            tar_memory: self.memory.min(limits.tar_memory),
            ..limits.clone()
        }
    }
}

impl Sources {
    /// Opens the archives inside these sources, level by level and each level in the order of paths.
    pub(crate) fn open_nested(&mut self, limits: &Limits) {
        let mut left = Left {
            archives: limits.nested_archives,
            members: limits.members,
            memory: limits.nested_memory,
            total: limits.total,
            allowance: limits.ratio_allowance,
            origins: self.opened.iter().map(Opened::length).collect(),
        };
        for (opened, listing) in self.opened.iter().zip(&self.listings) {
            left.take(opened, listing, u64::MAX, limits);
        }
        let mut level = 0..self.opened.len();
        for _ in 0..limits.nested_levels {
            let inner = self.archives(level.clone(), limits);
            level = self.opened.len()..self.opened.len();
            let inner = self.affordable(inner, &mut left, limits);
            if inner.is_empty() {
                break;
            }
            let known = self.known(limits);
            for (inner, backing) in self.read(inner, limits) {
                self.open_one(inner, backing, &known, &mut left, limits);
            }
            level.end = self.opened.len();
        }
    }

    /// The archives among the members of some sources.
    fn archives(&self, sources: Range<usize>, limits: &Limits) -> Vec<Inner> {
        let mut inner = Vec::new();
        for source in sources {
            let (Some(opened), Some(listing)) =
                (self.opened.get(source), self.listings.get(source))
            else {
                continue;
            };
            for found in &listing.found {
                if TEXTS.iter().any(|ending| found.name.ends_with(ending))
                    || !opened.source.holds_archive(found.slot, limits)
                {
                    continue;
                }
                let path = self.path(source, found, limits);
                inner.push(Inner { source, slot: found.slot, path, length: found.bytes });
            }
        }
        inner.sort_by(|left, right| {
            (&left.path, left.source, left.slot).cmp(&(&right.path, right.source, right.slot))
        });
        inner
    }

    fn path(&self, source: usize, found: &Found, limits: &Limits) -> String {
        let prefix = self.prefixes.get(source).map_or("", String::as_str);
        names::joined(prefix, names::label(&found.name, limits.name, limits.levels).path)
    }

    /// The paths of all members that are known so far, and their lengths.
    fn known(&self, limits: &Limits) -> HashSet<(String, u64)> {
        let listings = self.listings.iter().enumerate();
        listings
            .flat_map(|(source, listing)| {
                listing
                    .found
                    .iter()
                    .map(move |found| (self.path(source, found, limits), found.bytes))
            })
            .collect()
    }

    /// Those for which there is room.
    fn affordable(&mut self, inner: Vec<Inner>, left: &mut Left, limits: &Limits) -> Vec<Inner> {
        let mut kept = Vec::new();
        let mut refuse = |limit: &'static str, value: u64| {
            let note = Diagnostic::new(Code::LimitReached, Span::BUNDLE);
            self.notes.push(note.with("limit", limit).with("value", value));
        };
        for one in inner {
            let on_disk =
                self.opened.get(one.source).is_some_and(|opened| opened.source.is_folder());
            let memory = if on_disk { 0 } else { one.length };
            if memory > left.memory {
                refuse("nested memory", limits.nested_memory);
            } else if left.archives == 0 {
                refuse("nested archives", limits.nested_archives as u64);
                break;
            } else {
                left.memory -= memory;
                left.archives -= 1;
                kept.push(one);
            }
        }
        kept
    }

    /// The bytes of archives, of those in a solid one by one walk through it.
    fn read(&mut self, inner: Vec<Inner>, limits: &Limits) -> Vec<(Inner, Backing)> {
        let mut wanted: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for one in &inner {
            wanted.entry(one.source).or_default().insert(one.slot);
        }
        let mut walked: BTreeMap<(usize, usize), Vec<u8>> = BTreeMap::new();
        for (source, slots) in wanted {
            let tar = self.opened.get(source).and_then(|opened| opened.source.solid());
            let Some(tar) = tar else { continue };
            tar.each(limits, |slot, member| {
                if slots.contains(&slot) {
                    walked.insert((source, slot), member.read_all().0);
                }
                ControlFlow::Continue(())
            });
        }
        let mut backings = Vec::new();
        for one in inner {
            let Some(opened) = self.opened.get(one.source) else { continue };
            let backing = match walked.remove(&(one.source, one.slot)) {
                Some(bytes) => Ok(Backing::memory(bytes)),
                None => backing(&opened.source, &one, limits),
            };
            match backing {
                Ok(backing) => backings.push((one, backing)),
                Err(error) => self.unreadable(&one.path, &error.to_string()),
            }
        }
        backings
    }

    fn open_one(
        &mut self,
        inner: Inner,
        backing: Backing,
        known: &HashSet<(String, u64)>,
        left: &mut Left,
        limits: &Limits,
    ) {
        let name = inner.path.rsplit('/').next().unwrap_or_default();
        let packed = self
            .opened
            .get(inner.source)
            .map_or(0, |opened| opened.source.packed(inner.slot).unwrap_or(inner.length));
        let origin = left.origin(inner.source, packed);
        match open_bytes(backing, name, &inner.path, &left.limits(origin, limits)) {
            Ok((_, listing)) if is_unpacked(&inner.path, &listing, known, limits) => {
                self.unpacked.push((inner.source, inner.slot));
            }
            Ok((opened, listing)) if opened.is_archive() => {
                left.take(&opened, &listing, origin, limits);
                left.memory = left.memory.saturating_sub(opened.source.held());
                left.origins.push(origin);
                self.opened.push(opened);
                self.listings.push(listing);
                self.prefixes.push(inner.path);
                self.outer.push(Some((inner.source, inner.slot)));
            }
            Ok(_) => {}
            Err(error) => self.notes.push(note(&error.to_string())),
        }
    }

    fn unreadable(&mut self, path: &str, reason: &str) {
        self.notes.push(note(&format!("{path}: {reason}")));
    }
}

/// Whether all members of an archive lie in its folder, in one above, or in one of its name.
fn is_unpacked(
    path: &str,
    listing: &Listing,
    known: &HashSet<(String, u64)>,
    limits: &Limits,
) -> bool {
    let stem = path.rfind(['.', '/']).filter(|at| path.as_bytes().get(*at) == Some(&b'.'));
    let stem = stem.and_then(|at| path.get(..at)).map(|stem| stem.trim_end_matches(".tar"));
    let above = path.rmatch_indices('/').filter_map(|(at, _)| path.get(..at));
    let mut folders = stem.into_iter().chain(above).chain([""]);
    folders.any(|folder| {
        listing.found.iter().all(|found| {
            let label = names::label(&found.name, limits.name, limits.levels).path;
            known.contains(&(names::joined(folder, label), found.bytes))
        })
    })
}

fn note(reason: &str) -> Diagnostic {
    Diagnostic::new(Code::Unreadable, Span::BUNDLE).with("reason", reason)
}

/// The bytes of an archive in a source that is not solid.
fn backing(source: &Source, inner: &Inner, limits: &Limits) -> Result<Backing, ReadError> {
    if let Source::Files(paths) = source {
        let path = paths.get(inner.slot).ok_or(ReadError::Unknown)?;
        let file = std::fs::File::open(path).and_then(Backing::file);
        return file.map_err(|error| ReadError::Io(error.to_string()));
    }
    match source.open(inner.slot, limits)? {
        Raw::Whole(Blob::Owned(bytes), _) => Ok(Backing::memory(bytes)),
        Raw::Whole(Blob::Shared(bytes), _) => Ok(Backing::shared(bytes)),
        Raw::Stream(stream) => {
            let mut bytes = Vec::new();
            // What comes before damage can hold members that are whole.
            match stream.take(inner.length).read_to_end(&mut bytes) {
                Err(error) if bytes.is_empty() => Err(ReadError::from_io(error, 0)),
                _ => Ok(Backing::memory(bytes)),
            }
        }
    }
}
