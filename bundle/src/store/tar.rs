//! Tar archives, plain or compressed. Names are read with the GNU and PAX extensions; links and
//! devices are named and left alone.
//!
//! A plain tar is read in place. A compressed one is kept in memory while it is small; a larger one
//! is walked again on each pass, for its members can only be reached through those before them.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

use ::tar::EntryType;

use super::backing::Backing;
use super::codec::{ARCHIVE_HEAD, Codec, Stream, is_archive};
use super::{Blob, Found, Listing, Raw};
use crate::limits::Limits;
use crate::{Code, Diagnostic, OpenError, ReadError, Span};

const BLOCK: usize = 512;
/// A GNU long name or a PAX header longer than this is nobody's.
const EXTENSION: u64 = 1 << 20;

pub(crate) struct Tar {
    backing: Backing,
    codec: Option<Codec>,
    members: Members,
    /// What may come out of the decompressor.
    most: u64,
    /// Members of a compressed one that are archives.
    archives: BTreeSet<usize>,
}

enum Members {
    /// Offset and length in the plain archive.
    Placed(Vec<(u64, u64)>),
    /// Content in memory.
    Kept(Vec<(Arc<Vec<u8>>, Option<ReadError>)>),
    /// Only their number is known; the archive is walked again.
    Solid(usize),
}

/// True when a block is a tar header: its own checksum says so.
pub(crate) fn is_header(head: &[u8]) -> bool {
    let Some(block) = head.get(..BLOCK) else { return false };
    block.first().is_some_and(|first| *first != 0) && checksum_holds(block)
}

fn checksum_holds(block: &[u8]) -> bool {
    let header = ::tar::Header::from_byte_slice(block);
    let sum: u32 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
        .sum();
    header.cksum().is_ok_and(|promised| promised == sum)
}

/// Opens a tar that may be compressed by `codec`.
pub(crate) fn open(
    backing: Backing,
    codec: Option<Codec>,
    shown: &str,
    limits: &Limits,
) -> Result<(Tar, Listing), OpenError> {
    let most = limits.total.min(limits.free(backing.len()).saturating_add(limits.ratio_allowance));
    let mut tar =
        Tar { backing, codec, members: Members::Solid(0), most, archives: BTreeSet::new() };
    let mut archives = BTreeSet::new();
    let mut listing = Listing::default();
    let (mut placed, mut kept, mut held) = (Vec::new(), Some(Vec::new()), 0_u64);
    let mut too_many = false;
    let end = tar.walk(limits, |step| {
        let mut member = match step {
            Step::Odd(name, reason) => {
                listing.odd(&name, reason, limits);
                return ControlFlow::Continue(());
            }
            Step::Member(member) => member,
        };
        let name = std::mem::take(&mut member.name);
        let found = Found { name, slot: listing.found.len(), bytes: member.length };
        if listing.found.len() >= limits.members {
            too_many = true;
            return ControlFlow::Break(());
        }
        placed.push((member.offset, member.length));
        if codec.is_some() && kept.is_some() {
            held = held.saturating_add(member.length);
            if held > limits.tar_memory {
                kept = None;
            }
        }
        if codec.is_some() {
            let is_one = |head: &[u8]| {
                is_archive(head.get(..head.len().min(ARCHIVE_HEAD)).unwrap_or_default(), limits)
            };
            let archive = if let Some(kept) = &mut kept {
                let (bytes, damage) = member.read_all();
                let archive = is_one(&bytes);
                kept.push((Arc::new(bytes), damage));
                archive
            } else {
                let mut head = Vec::new();
                // Damage shows when the member is read.
                let _ = member.content.take(ARCHIVE_HEAD as u64).read_to_end(&mut head);
                is_one(&head)
            };
            if archive {
                archives.insert(found.slot);
            }
        }
        listing.found.push(found);
        ControlFlow::Continue(())
    });
    if too_many {
        let (value, limit) = (limits.members as u64 + 1, limits.members as u64);
        return Err(OpenError::Limit {
            path: shown.to_owned(),
            what: "the number of members",
            value,
            limit,
        });
    }
    end.note(&mut listing);
    if listing.found.is_empty() {
        let path = shown.to_owned();
        return Err(if listing.cut {
            OpenError::CutOff { path }
        } else {
            OpenError::Empty { path }
        });
    }
    tar.archives = archives;
    tar.members = match (codec, kept) {
        (None, _) => Members::Placed(placed),
        (Some(_), Some(kept)) => Members::Kept(kept),
        (Some(_), None) => Members::Solid(placed.len()),
    };
    Ok((tar, listing))
}

impl Tar {
    pub(crate) fn is_solid(&self) -> bool {
        matches!(self.members, Members::Solid(_))
    }

    /// Whether a member is an archive that can be opened.
    pub(crate) fn holds_archive(&self, slot: usize, limits: &Limits) -> bool {
        let Members::Placed(placed) = &self.members else { return self.archives.contains(&slot) };
        let head = placed.get(slot).and_then(|(start, length)| {
            let most = usize::try_from(*length).unwrap_or(usize::MAX).min(ARCHIVE_HEAD);
            self.backing.bytes(*start, most).ok()
        });
        head.is_some_and(|head| is_archive(&head, limits))
    }

    /// What all members come to, and how much of that is past the free ratio.
    pub(crate) fn claims(&self, found: &[Found], limits: &Limits) -> (u64, u64) {
        let total = found.iter().fold(0_u64, |sum, found| sum.saturating_add(found.bytes));
        let total = total.min(self.most);
        (total, total.saturating_sub(limits.free(self.backing.len())))
    }

    /// Bytes of members that are kept in memory.
    pub(crate) fn held(&self) -> u64 {
        match &self.members {
            Members::Kept(kept) => kept.iter().map(|(bytes, _)| bytes.len() as u64).sum(),
            Members::Placed(_) | Members::Solid(_) => 0,
        }
    }

    pub(crate) fn open(&self, slot: usize, limits: &Limits) -> Result<Raw, ReadError> {
        match &self.members {
            Members::Placed(placed) => {
                let (start, length) = placed.get(slot).ok_or(ReadError::Unknown)?;
                super::of_range(&self.backing, *start, start.saturating_add(*length), limits)
            }
            Members::Kept(kept) => {
                let (bytes, damage) = kept.get(slot).ok_or(ReadError::Unknown)?;
                Ok(Raw::Whole(Blob::Shared(Arc::clone(bytes)), damage.clone()))
            }
            Members::Solid(_) => Err(ReadError::Unknown),
        }
    }

    /// Walks a solid archive from its start, member by member as they were numbered.
    pub(crate) fn each(
        &self,
        limits: &Limits,
        mut each: impl FnMut(usize, Member<'_>) -> ControlFlow<()>,
    ) {
        let Members::Solid(count) = &self.members else { return };
        let mut slot = 0;
        self.walk(limits, |step| {
            let Step::Member(member) = step else { return ControlFlow::Continue(()) };
            if slot >= *count {
                return ControlFlow::Break(());
            }
            slot += 1;
            each(slot - 1, member)
        });
    }

    fn walk(&self, limits: &Limits, each: impl FnMut(Step<'_>) -> ControlFlow<()>) -> End {
        let raw: Stream = Box::new(self.backing.range(0, self.backing.len()));
        let Some(codec) = self.codec else {
            let walker = Walker { inner: raw, at: 0, skip_by: Some(self.backing.clone()) };
            return walker.run(each);
        };
        let capped = Capped { inner: codec.reader(raw, limits), left: self.most, limit: self.most };
        Walker { inner: Box::new(capped), at: 0, skip_by: None }.run(each)
    }
}

/// Ends a decompressor that gives more than it may.
struct Capped {
    inner: Stream,
    left: u64,
    limit: u64,
}

impl Read for Capped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !buffer.is_empty() {
            return Err(ReadError::Limit { limit: "ratio", value: self.limit }.into_io());
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let length = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left -= length as u64;
        Ok(length)
    }
}

/// What a walk meets.
enum Step<'a> {
    Member(Member<'a>),
    /// A link, a device: its name and what it is.
    Odd(Vec<u8>, &'static str),
}

/// A regular member; its content is there to be read until the next one is asked for.
pub(crate) struct Member<'a> {
    name: Vec<u8>,
    offset: u64,
    pub(crate) length: u64,
    pub(crate) content: &'a mut dyn Read,
}

impl Member<'_> {
    /// Reads the content; what came before damage is kept.
    pub(crate) fn read_all(self) -> (Vec<u8>, Option<ReadError>) {
        // A header may claim what it likes: pages are taken as bytes arrive.
        let claimed = usize::try_from(self.length.min(1 << 26)).unwrap_or_default();
        let mut bytes = Vec::with_capacity(claimed);
        let damage = match self.content.read_to_end(&mut bytes) {
            Err(error) => Some(ReadError::from_io(error, bytes.len() as u64)),
            Ok(_) if (bytes.len() as u64) < self.length => Some(ReadError::Cut(bytes.len() as u64)),
            Ok(_) => None,
        };
        bytes.shrink_to_fit();
        (bytes, damage)
    }
}

/// How a walk ended.
enum End {
    Whole,
    Stopped,
    /// Without the end mark, or inside a member.
    Failed {
        at: u64,
        why: ReadError,
    },
    /// At a block that is no header.
    Broken {
        at: u64,
    },
}

impl End {
    fn note(self, listing: &mut Listing) {
        let (at, why) = match self {
            Self::Whole | Self::Stopped => return,
            Self::Broken { at } => {
                let reason = format!("the tar is damaged at byte {at}; what follows is lost");
                return listing.note(Code::Unreadable, "reason", reason);
            }
            Self::Failed { at, why } => (at, why),
        };
        listing.cut = true;
        match why {
            ReadError::Cut(_) => {
                let reason = format!("the tar is cut off after {at} bytes; what follows is lost");
                listing.note(Code::Truncated, "reason", reason);
            }
            ReadError::Limit { limit, value } => {
                let note = Diagnostic::new(Code::LimitReached, Span::BUNDLE);
                listing.add(note.with("limit", limit).with("value", value));
            }
            why => {
                let reason = format!("the tar is incomplete after {at} bytes: {why}");
                listing.note(Code::Truncated, "reason", reason);
            }
        }
    }
}

struct Walker {
    inner: Stream,
    at: u64,
    /// The plain archive, in which content can be stepped over unread.
    skip_by: Option<Backing>,
}

impl Walker {
    fn run(mut self, mut each: impl FnMut(Step<'_>) -> ControlFlow<()>) -> End {
        match self.steps(&mut each) {
            Ok(end) => end,
            Err(error) => End::Failed { at: self.at, why: ReadError::from_io(error, self.at) },
        }
    }

    fn steps(&mut self, each: &mut impl FnMut(Step<'_>) -> ControlFlow<()>) -> io::Result<End> {
        let mut next = Extension::default();
        loop {
            let mut block = [0_u8; BLOCK];
            self.fill(&mut block)?;
            if block.iter().all(|byte| *byte == 0) {
                return Ok(End::Whole);
            }
            if !checksum_holds(&block) {
                return Ok(End::Broken { at: self.at - BLOCK as u64 });
            }
            let header = ::tar::Header::from_byte_slice(&block);
            let kind = header.entry_type();
            let Ok(declared) = header.entry_size() else {
                return Ok(End::Broken { at: self.at - BLOCK as u64 });
            };
            match kind {
                EntryType::GNULongName => {
                    let mut name = self.extension(declared)?;
                    name.truncate(memchr::memchr(0, &name).unwrap_or(name.len()));
                    next.name = Some(name);
                }
                EntryType::XHeader => next.read_pax(&self.extension(declared)?),
                EntryType::GNULongLink | EntryType::XGlobalHeader => {
                    self.extension(declared)?;
                }
                _ => {
                    let extension = std::mem::take(&mut next);
                    let name = extension.name.unwrap_or_else(|| header.path_bytes().into_owned());
                    let length =
                        if has_content(kind) { extension.size.unwrap_or(declared) } else { 0 };
                    let sparse = kind == EntryType::GNUSparse || extension.sparse;
                    if self.member(kind, sparse, name, length, each)?.is_break() {
                        return Ok(End::Stopped);
                    }
                }
            }
        }
    }

    /// Hands one member over and steps behind it.
    fn member(
        &mut self,
        kind: EntryType,
        sparse: bool,
        name: Vec<u8>,
        length: u64,
        each: &mut impl FnMut(Step<'_>) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<()>> {
        let end = self.at.saturating_add(length);
        let offset = self.at;
        let directory = kind == EntryType::Directory || name.ends_with(b"/");
        let flow = match kind {
            _ if sparse => each(Step::Odd(name, "sparse file")),
            EntryType::Symlink | EntryType::Link => each(Step::Odd(name, "link")),
            EntryType::Char | EntryType::Block | EntryType::Fifo => each(Step::Odd(name, "device")),
            _ if directory => ControlFlow::Continue(()),
            _ => {
                let mut content =
                    Counted { inner: &mut self.inner, left: length, at: &mut self.at };
                each(Step::Member(Member { name, offset, length, content: &mut content }))
            }
        };
        if flow.is_continue() {
            self.skip(end.saturating_sub(self.at))?;
            let padding = length.wrapping_neg() % BLOCK as u64;
            self.skip(padding)?;
        }
        Ok(flow)
    }

    /// Reads a whole block; the end before its first byte is a cut as well, for a tar ends in zeros.
    fn fill(&mut self, block: &mut [u8; BLOCK]) -> io::Result<()> {
        self.inner.read_exact(block)?;
        self.at += BLOCK as u64;
        Ok(())
    }

    fn extension(&mut self, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let taken = self.inner.by_ref().take(length.min(EXTENSION)).read_to_end(&mut bytes)? as u64;
        self.at += taken;
        if taken < length.min(EXTENSION) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.skip(length - taken)?;
        self.skip(length.wrapping_neg() % BLOCK as u64)?;
        Ok(bytes)
    }

    fn skip(&mut self, length: u64) -> io::Result<()> {
        if length == 0 {
            return Ok(());
        }
        let skipped = match &self.skip_by {
            Some(backing) => {
                let to = self.at.saturating_add(length);
                self.inner = Box::new(backing.range(to, backing.len()));
                length.min(backing.len().saturating_sub(self.at))
            }
            None => io::copy(&mut self.inner.by_ref().take(length), &mut io::sink())?,
        };
        self.at += skipped;
        if skipped < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

/// Types whose size field means nothing.
fn has_content(kind: EntryType) -> bool {
    !matches!(
        kind,
        EntryType::Link
            | EntryType::Symlink
            | EntryType::Directory
            | EntryType::Char
            | EntryType::Block
            | EntryType::Fifo
    )
}

/// The content of one member, counted in the walker's position.
struct Counted<'a> {
    inner: &'a mut Stream,
    left: u64,
    at: &'a mut u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let length = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left -= length as u64;
        *self.at += length as u64;
        Ok(length)
    }
}

/// What extension headers say of the next member.
#[derive(Default)]
struct Extension {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

impl Extension {
    /// Reads PAX records: `length key=value` and a line end.
    fn read_pax(&mut self, mut bytes: &[u8]) {
        while let Some(space) = memchr::memchr(b' ', bytes) {
            let Some(length) = bytes.get(..space).and_then(number) else { return };
            let Ok(length) = usize::try_from(length) else { return };
            let Some((record, rest)) = bytes.split_at_checked(length) else { return };
            let record = record.get(space + 1..).unwrap_or_default();
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            let Some(equals) = memchr::memchr(b'=', record) else { return };
            let (key, value) = (
                record.get(..equals).unwrap_or_default(),
                record.get(equals + 1..).unwrap_or_default(),
            );
            match key {
                b"path" => self.name = Some(value.to_vec()),
                b"size" => self.size = number(value),
                _ if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
            bytes = rest;
        }
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
