//! Where members lie: a folder, a zip, a tar, a single file or memory, behind one `Source`.
//!
//! A source lists its members and opens each as stored bytes; what those bytes are (compressed
//! text, UTF-16, a nested archive) is `content`'s matter. Nothing is ever written to disk.

pub(crate) mod backing;
pub(crate) mod codec;
pub(crate) mod directory;
pub(crate) mod names;
pub(crate) mod salvage;
pub(crate) mod tar;
pub(crate) mod xz;
pub(crate) mod zip;

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use crate::limits::Limits;
use crate::{Arg, Code, Diagnostic, ReadError, Span};
use backing::Backing;
use codec::{ARCHIVE_HEAD, Stream};

/// A regular member as its source lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: Vec<u8>,
    /// Number within the source, by which it is opened.
    pub(crate) slot: usize,
    /// Bytes after the archive's own decompression, as far as they are known.
    pub(crate) bytes: u64,
}

/// What a source said of itself when it was opened.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) found: Vec<Found>,
    pub(crate) notes: Vec<Diagnostic>,
    pub(crate) cut: bool,
}

impl Listing {
    /// Notes something that concerns no member in particular.
    pub(crate) fn note(&mut self, code: Code, key: &'static str, value: impl Into<Arg>) {
        self.add(Diagnostic::new(code, Span::BUNDLE).with(key, value));
    }

    pub(crate) fn add(&mut self, note: Diagnostic) {
        self.notes.push(note);
    }

    /// Notes a member that is a link or a device: its name is kept, its content is nothing.
    pub(crate) fn odd(&mut self, raw: &[u8], reason: &str, limits: &Limits) {
        let name = names::label(raw, limits.name, limits.levels).path;
        self.add(
            Diagnostic::new(Code::UnsafeName, Span::BUNDLE)
                .with("name", name)
                .with("reason", reason),
        );
    }
}

/// An opened path.
pub(crate) enum Source {
    Files(Vec<PathBuf>),
    /// One file, or standard input.
    Single(Backing),
    Zip(zip::Zip),
    Tar(tar::Tar),
    Memory(Vec<Arc<Vec<u8>>>),
}

/// The stored bytes of one member.
pub(crate) enum Raw {
    /// All of them, and what is wrong with them.
    Whole(Blob, Option<ReadError>),
    /// A reader whose errors are `ReadError`s.
    Stream(Stream),
}

pub(crate) enum Blob {
    Owned(Vec<u8>),
    Shared(Arc<Vec<u8>>),
}

impl AsRef<[u8]> for Blob {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl Source {
    /// The tar that can only be walked from its start, if it is one.
    pub(crate) fn solid(&self) -> Option<&tar::Tar> {
        match self {
            Self::Tar(tar) if tar.is_solid() => Some(tar),
            _ => None,
        }
    }

    pub(crate) fn is_folder(&self) -> bool {
        matches!(self, Self::Files(_))
    }

    /// Whether a member is an archive that can be opened, by its first bytes.
    pub(crate) fn holds_archive(&self, slot: usize, limits: &Limits) -> bool {
        let head = match self {
            Self::Files(paths) => paths.get(slot).and_then(|path| {
                let file = std::fs::File::open(path).and_then(Backing::file).ok()?;
                file.bytes(0, ARCHIVE_HEAD).ok()
            }),
            Self::Single(_) => None,
            Self::Zip(zip) => zip.head(slot, ARCHIVE_HEAD, limits),
            Self::Tar(tar) => return tar.holds_archive(slot, limits),
            Self::Memory(members) => {
                members.get(slot).map(|bytes| bytes.iter().take(ARCHIVE_HEAD).copied().collect())
            }
        };
        head.is_some_and(|head| codec::is_archive(&head, limits))
    }

    /// Bytes of a member as the source holds them, where that is known.
    pub(crate) fn packed(&self, slot: usize) -> Option<u64> {
        match self {
            Self::Zip(zip) => zip.packed_bytes(slot),
            _ => None,
        }
    }

    /// What members may come to, and how much of that is past the free ratio.
    pub(crate) fn claims(&self, found: &[Found], limits: &Limits) -> (u64, u64) {
        match self {
            Self::Zip(zip) => zip.claims(limits),
            Self::Tar(tar) => tar.claims(found, limits),
            Self::Files(_) | Self::Single(_) | Self::Memory(_) => (0, 0),
        }
    }

    /// Bytes of members that are kept in memory.
    pub(crate) fn held(&self) -> u64 {
        match self {
            Self::Tar(tar) => tar.held(),
            _ => 0,
        }
    }

    /// Opens a member of any source that is not solid.
    pub(crate) fn open(&self, slot: usize, limits: &Limits) -> Result<Raw, ReadError> {
        match self {
            Self::Files(paths) => {
                let path = paths.get(slot).ok_or(ReadError::Unknown)?;
                let file = std::fs::File::open(path).map_err(|e| ReadError::Io(e.to_string()))?;
                let backing = Backing::file(file).map_err(|e| ReadError::Io(e.to_string()))?;
                of_range(&backing, 0, backing.len(), limits)
            }
            Self::Single(backing) => of_range(backing, 0, backing.len(), limits),
            Self::Zip(zip) => zip.open(slot, limits),
            Self::Tar(tar) => tar.open(slot, limits),
            Self::Memory(members) => {
                let bytes = members.get(slot).ok_or(ReadError::Unknown)?;
                Ok(Raw::Whole(Blob::Shared(Arc::clone(bytes)), None))
            }
        }
    }
}

/// Stored bytes that lie uncompressed in a backing.
pub(crate) fn of_range(
    backing: &Backing,
    start: u64,
    end: u64,
    limits: &Limits,
) -> Result<Raw, ReadError> {
    let length = end.saturating_sub(start);
    if length > limits.whole {
        return Ok(Raw::Stream(Box::new(Exactly {
            inner: Box::new(backing.range(start, end)),
            left: length,
        })));
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let bytes = backing.bytes(start, length).map_err(|e| ReadError::Io(e.to_string()))?;
    let damage = (bytes.len() < length).then_some(ReadError::Cut(bytes.len() as u64));
    Ok(Raw::Whole(Blob::Owned(bytes), damage))
}

/// Complains when its inner reader ends before `left` bytes.
pub(crate) struct Exactly {
    pub(crate) inner: Stream,
    pub(crate) left: u64,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let length = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left -= length as u64;
        if length == 0 {
            self.left = 0;
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(length)
    }
}
