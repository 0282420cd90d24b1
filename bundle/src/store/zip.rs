//! Zip archives: the central directory walked member by member, nothing believed that can be
//! checked, positioned reads so that every thread inflates on its own.

use std::io::{self, Read};

use rawzip::{
    CompressionMethod, CreatorSystem, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive,
    ZipFileHeaderRecord, ZipLocator,
};

use super::backing::Backing;
use super::codec::{self, Codec, Stream};
use super::{Blob, Found, Listing, Raw};
use crate::limits::Limits;
use crate::{Code, OpenError, ReadError};

const LOCAL_HEADER: usize = 30;
/// An end record starts at most this far from the end: its own size and the longest comment.
const END_RECORD_REACH: u64 = 22 + 0xffff;
/// More end records than this are not looked at.
const END_RECORDS: usize = 16;

pub(crate) struct Zip {
    backing: Backing,
    entries: Vec<Entry>,
}

/// Where a member lies and what it claims.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) method: u16,
    pub(crate) encrypted: bool,
    pub(crate) crc: Option<u32>,
    /// Compressed bytes.
    pub(crate) packed: u64,
    /// Bytes after inflating; absent when a cut hides them.
    pub(crate) size: Option<u64>,
    pub(crate) place: Place,
    /// What may be inflated, and the limit that says so.
    pub(crate) cap: (u64, &'static str),
}

/// Where the compressed bytes begin.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Behind the local header at this offset.
    Header(u64),
    Data(u64),
}

/// Opens a zip: by its central directory, or by its local headers when that is lost.
pub(crate) fn open(
    backing: Backing,
    shown: &str,
    limits: &Limits,
) -> Result<(Zip, Listing), OpenError> {
    let mut listing = Listing::default();
    let mut entries = match directory(&backing, shown, limits, &mut listing)? {
        Some(entries) if !listing.found.is_empty() => entries,
        directory => {
            if directory.is_some()
                && backing.len() <= END_RECORD_REACH
                && !has_local_header(&backing)
            {
                return Err(OpenError::Empty { path: shown.to_owned() });
            }
            listing.found.clear();
            super::salvage::walk(&backing, limits, &mut listing)
        }
    };
    if entries.is_empty() {
        return Err(if listing.notes.is_empty() || listing.cut {
            OpenError::CutOff { path: shown.to_owned() }
        } else {
            OpenError::Empty { path: shown.to_owned() }
        });
    }
    if entries.iter().all(|entry| entry.encrypted) {
        return Err(OpenError::Encrypted { path: shown.to_owned() });
    }
    refuse_overlap(&entries, backing.len(), shown, &mut listing)?;
    cap(&mut entries, limits);
    Ok((Zip { backing, entries }, listing))
}

fn has_local_header(backing: &Backing) -> bool {
    backing.bytes(0, 4).is_ok_and(|head| head == b"PK\x03\x04")
}

/// Reads the central directory that the best of all end records points to: one that ends where the
/// file ends, then the one with the most members. `None` when there is no end record.
fn directory(
    backing: &Backing,
    shown: &str,
    limits: &Limits,
    listing: &mut Listing,
) -> Result<Option<Vec<Entry>>, OpenError> {
    let mut buffer =
        vec![0; rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE.max(RECOMMENDED_BUFFER_SIZE)];
    let mut best: Option<(bool, Vec<Entry>, Listing)> = None;
    let (mut end, mut seen) = (backing.len(), 0);
    while seen < END_RECORDS && (seen == 0 || backing.len() - end < END_RECORD_REACH) {
        let archive = match ZipLocator::new().locate_in_reader(backing.clone(), &mut buffer, end) {
            Ok(archive) => archive,
            Err((_, error)) => match error.eocd_offset().filter(|offset| *offset < end) {
                Some(offset) => {
                    end = offset;
                    seen += 1;
                    continue;
                }
                None => break,
            },
        };
        seen += 1;
        end = archive.eocd_offset().min(end.saturating_sub(1));
        let mut its = Listing::default();
        let entries = walk(&archive, shown, limits, &mut buffer, &mut its)?;
        let exact = archive.end_offset() == backing.len();
        let better = best
            .as_ref()
            .is_none_or(|(was_exact, was, _)| (exact, entries.len()) > (*was_exact, was.len()));
        if better {
            best = Some((exact, entries, its));
        }
    }
    let Some((exact, entries, mut its)) = best else { return Ok(None) };
    if seen > 1 {
        its.note(
            Code::Contradiction,
            "reason",
            "the zip has several end records; the one with the most members was believed",
        );
    } else if !exact {
        its.note(Code::Contradiction, "reason", "the zip has bytes after its end");
    }
    *listing = its;
    Ok(Some(entries))
}

/// Walks one central directory; stops where it breaks.
fn walk(
    archive: &ZipArchive<Backing>,
    shown: &str,
    limits: &Limits,
    buffer: &mut [u8],
    listing: &mut Listing,
) -> Result<Vec<Entry>, OpenError> {
    let refused =
        |what, value, limit| OpenError::Limit { path: shown.to_owned(), what, value, limit };
    let length = archive.eocd_offset().saturating_sub(archive.directory_offset());
    if length > limits.directory {
        return Err(refused("its central directory", length, limits.directory));
    }
    let mut entries = Vec::new();
    let mut walked = 0_u64;
    let mut members = archive.entries(buffer);
    loop {
        let record = match members.next_entry() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(error) => {
                let reason = format!("the zip's directory breaks after {walked} members: {error}");
                listing.note(Code::Unreadable, "reason", reason);
                break;
            }
        };
        walked += 1;
        if walked > limits.members as u64 {
            return Err(refused(
                "the number of members",
                walked.max(archive.entries_hint()),
                limits.members as u64,
            ));
        }
        let name = record.file_path().as_bytes().to_vec();
        if name.ends_with(b"/") && record.uncompressed_size_hint() == 0 {
            continue;
        }
        match file_type(&record) {
            Some(0o120_000) => listing.odd(&name, "link", limits),
            Some(0o100_000 | 0o040_000) | None => {
                listing.found.push(Found {
                    name,
                    slot: entries.len(),
                    bytes: record.uncompressed_size_hint(),
                });
                entries.push(Entry::of(&record));
            }
            Some(_) => listing.odd(&name, "device", limits),
        }
    }
    let declared = archive.entries_hint();
    if declared != walked && (walked <= 0xffff || declared != walked & 0xffff) {
        let reason =
            format!("the zip's end record counts {declared} members, its directory lists {walked}");
        listing.note(Code::Contradiction, "reason", reason);
    }
    Ok(entries)
}

/// The Unix file type, when the archive was made where there is one.
fn file_type(record: &ZipFileHeaderRecord<'_>) -> Option<u32> {
    let system = record.version_made_by().creator_system();
    let kind = (record.external_attributes() >> 16) & 0o170_000;
    ((system == CreatorSystem::UNIX || system == CreatorSystem::MACOS) && kind != 0).then_some(kind)
}

/// Refuses an archive whose members claim far more bytes than it has: overlapping members share
/// one kernel. A mere lie about one length stays readable, and is said.
fn refuse_overlap(
    entries: &[Entry],
    length: u64,
    shown: &str,
    listing: &mut Listing,
) -> Result<(), OpenError> {
    let mut ranges: Vec<(u64, u64)> = entries
        .iter()
        .map(|entry| match entry.place {
            Place::Header(at) => {
                (at, at.saturating_add(LOCAL_HEADER as u64).saturating_add(entry.packed))
            }
            Place::Data(at) => (at, at.saturating_add(entry.packed)),
        })
        .collect();
    ranges.sort_unstable();
    let (mut reach, mut shared, mut claimed) = (0, 0_u64, 0_u64);
    for (start, end) in ranges {
        shared += u64::from(start < reach);
        reach = reach.max(end);
        claimed = claimed.saturating_add(end.min(length).saturating_sub(start));
    }
    if claimed > length.saturating_mul(2) {
        return Err(OpenError::Overlap { path: shown.to_owned(), members: shared });
    }
    if shared > 0 {
        let reason = format!("{shared} members of the zip begin inside another one");
        listing.note(Code::Contradiction, "reason", reason);
    }
    Ok(())
}

/// Gives every member its share of the limits, in the archive's order, by what it declares: so the
/// shares are the same whichever thread reads first.
fn cap(entries: &mut [Entry], limits: &Limits) {
    let (mut allowance, mut total) = (limits.ratio_allowance, limits.total);
    for entry in entries {
        let free = limits.free(entry.packed);
        let declared = entry.size.unwrap_or(limits.member);
        let over = declared.saturating_sub(free);
        let mut cap = (limits.member, "member");
        if over > allowance {
            cap = cap.min((free.saturating_add(allowance), "ratio"));
        }
        allowance -= over.min(allowance);
        cap = cap.min((total, "total"));
        total = total.saturating_sub(declared.min(cap.0));
        entry.cap = cap;
    }
}

impl Entry {
    fn of(record: &ZipFileHeaderRecord<'_>) -> Self {
        Self {
            method: record.compression_method().as_u16(),
            encrypted: record.flags().is_encrypted() || record.flags().has_strong_encryption(),
            crc: Some(record.crc32()),
            packed: record.compressed_size_hint(),
            size: Some(record.uncompressed_size_hint()),
            place: Place::Header(record.local_header_offset()),
            cap: (u64::MAX, "member"),
        }
    }
}

impl Zip {
    pub(crate) fn open(&self, slot: usize, limits: &Limits) -> Result<Raw, ReadError> {
        let entry = self.entries.get(slot).ok_or(ReadError::Unknown)?;
        if entry.encrypted {
            return Err(ReadError::Encrypted);
        }
        let start = self.data(entry)?;
        let end = start.saturating_add(entry.packed);
        let codec = entry.codec()?;
        let there = end <= self.backing.len();
        if let (Some(Codec::Deflate), Some(size), true) = (codec, entry.size, there)
            && size.max(entry.packed) <= limits.whole.min(limits.at_once)
            && size <= entry.cap.0
        {
            let packed = self.packed(start, entry.packed)?;
            let whole = entry.inflate(&packed, size);
            codec::PACKED.give_back(packed, limits.at_once);
            return Ok(whole);
        }
        let range: Stream = Box::new(super::Exactly {
            inner: Box::new(self.backing.range(start, end)),
            left: entry.packed,
        });
        let stream = match codec {
            None => range,
            Some(codec) => codec.reader(range, limits),
        };
        Ok(Raw::Stream(Box::new(Checked {
            inner: stream,
            entry: entry.clone(),
            crc: crc32fast::Hasher::new(),
            count: 0,
            done: false,
        })))
    }

    /// The first bytes of a member, about so many.
    pub(crate) fn head(&self, slot: usize, most: usize, limits: &Limits) -> Option<Vec<u8>> {
        let entry = self.entries.get(slot).filter(|entry| !entry.encrypted)?;
        let start = self.data(entry).ok()?;
        let end = start.saturating_add(entry.packed.min(most as u64));
        let range: Stream = Box::new(self.backing.range(start, end));
        let stream = match entry.codec().ok()? {
            None => range,
            Some(codec) => codec.reader(range, limits),
        };
        let mut head = Vec::new();
        // The stream is cut; what comes before that counts.
        let _ = stream.take(most as u64).read_to_end(&mut head);
        Some(head)
    }

    /// Compressed bytes of a member.
    pub(crate) fn packed_bytes(&self, slot: usize) -> Option<u64> {
        self.entries.get(slot).map(|entry| entry.packed)
    }

    /// What all members may come to, and how much of that is past the free ratio.
    pub(crate) fn claims(&self, limits: &Limits) -> (u64, u64) {
        self.entries.iter().fold((0, 0), |(total, over): (u64, u64), entry| {
            let most = entry.size.unwrap_or(limits.member).min(entry.cap.0);
            let past = most.saturating_sub(limits.free(entry.packed));
            (total.saturating_add(most), over.saturating_add(past))
        })
    }

    /// Where the compressed bytes begin.
    fn data(&self, entry: &Entry) -> Result<u64, ReadError> {
        let header = match entry.place {
            Place::Data(at) => return Ok(at),
            Place::Header(at) => at,
        };
        let mut bytes = [0; LOCAL_HEADER];
        let length =
            self.backing.read_at(&mut bytes, header).map_err(|e| ReadError::Io(e.to_string()))?;
        let [b'P', b'K', 3, 4, .., name_low, name_high, extra_low, extra_high] = bytes else {
            return Err(if length < LOCAL_HEADER {
                ReadError::Cut(0)
            } else {
                ReadError::Corrupt {
                    after: 0,
                    reason: "no member where the directory points".into(),
                }
            });
        };
        let variable = u64::from(u16::from_le_bytes([name_low, name_high]))
            + u64::from(u16::from_le_bytes([extra_low, extra_high]));
        Ok(header.saturating_add(LOCAL_HEADER as u64 + variable))
    }

    fn packed(&self, start: u64, length: u64) -> Result<Vec<u8>, ReadError> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let mut packed = codec::PACKED.room_for(length);
        let read = self.backing.bytes_into(start, length, &mut packed);
        read.map_err(|e| ReadError::Io(e.to_string()))?;
        Ok(packed)
    }
}

impl Entry {
    fn codec(&self) -> Result<Option<Codec>, ReadError> {
        Ok(match CompressionMethod::from(self.method) {
            CompressionMethod::STORE => None,
            CompressionMethod::DEFLATE => Some(Codec::Deflate),
            CompressionMethod::ZSTD => Some(Codec::Zstd),
            CompressionMethod::XZ => Some(Codec::Xz),
            _ => return Err(ReadError::Method(self.method)),
        })
    }

    fn inflate(&self, packed: &[u8], size: u64) -> Raw {
        let (bytes, mut damage) =
            codec::inflate(packed, usize::try_from(size).unwrap_or(usize::MAX));
        if damage.is_none() {
            let mut crc = crc32fast::Hasher::new();
            crc.update(&bytes);
            damage = self.verdict(bytes.len() as u64, crc.finalize());
        }
        Raw::Whole(Blob::Owned(bytes), damage)
    }

    /// Compares what came out with what was promised.
    fn verdict(&self, count: u64, crc: u32) -> Option<ReadError> {
        match self.size {
            Some(declared) if count < declared => {
                Some(ReadError::Shorter { declared, actual: count })
            }
            Some(declared) if count > declared => Some(ReadError::Longer(declared)),
            _ if self.crc.is_some_and(|promised| promised != crc) => Some(ReadError::Checksum),
            _ => None,
        }
    }
}

/// Counts and sums what comes out, and compares it with the directory at the end.
struct Checked {
    inner: Stream,
    entry: Entry,
    crc: crc32fast::Hasher,
    count: u64,
    done: bool,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.done || buffer.is_empty() {
            return Ok(0);
        }
        let length = self.inner.read(buffer)?;
        if length == 0 {
            self.done = true;
            return self
                .entry
                .verdict(self.count, self.crc.clone().finalize())
                .map_or(Ok(0), |damage| Err(damage.into_io()));
        }
        let allowed = self.entry.size.unwrap_or(u64::MAX).min(self.entry.cap.0);
        let left = allowed.saturating_sub(self.count);
        if left == 0 {
            self.done = true;
            let (value, limit) = self.entry.cap;
            let damage = if value <= self.count {
                ReadError::Limit { limit, value }
            } else {
                ReadError::Longer(allowed)
            };
            return Err(damage.into_io());
        }
        let kept = usize::try_from(left).unwrap_or(usize::MAX).min(length);
        self.crc.update(buffer.get(..kept).unwrap_or_default());
        self.count += kept as u64;
        Ok(kept)
    }
}
