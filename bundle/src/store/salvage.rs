//! What is left of a zip that lost its central directory: the members that local headers announce,
//! one after the other, up to the cut.

use std::io::{self, BufReader, Read};

use super::backing::Backing;
use super::zip::{Entry, Place};
use super::{Found, Listing};
use crate::Code;
use crate::limits::Limits;

const DEFLATE: u16 = 8;
const UNKNOWN_LENGTH: u16 = 8;
const ZIP64: u16 = 1;

/// Walks local headers from the start and says where and why it stopped.
pub(crate) fn walk(backing: &Backing, limits: &Limits, listing: &mut Listing) -> Vec<Entry> {
    let mut entries = Vec::new();
    let (mut at, mut inflated) = (0, 0_u64);
    let mut lost = None;
    while at < backing.len() && entries.len() < limits.members && inflated <= limits.total {
        let Some(header) = Header::read(backing, at) else {
            let next = backing.bytes(at, 4).unwrap_or_default();
            let ended = matches!(next.as_slice(), [b'P', b'K', 1 | 5 | 6, 2 | 6]);
            lost = (!ended).then_some(at);
            break;
        };
        let extent = header.extent(backing, limits.member);
        inflated = inflated.saturating_add(extent.inflated);
        at = extent.next;
        if !header.name.ends_with(b"/") {
            let bytes = extent.size.unwrap_or(extent.packed);
            listing.found.push(Found { name: header.name, slot: entries.len(), bytes });
            entries.push(Entry {
                method: header.method,
                encrypted: header.flags & 1 != 0,
                crc: extent.crc,
                packed: extent.packed,
                size: extent.size,
                place: Place::Data(header.data),
                cap: (u64::MAX, "member"),
            });
        }
    }
    let reason = match lost {
        Some(at) => format!(
            "the zip is cut off or damaged at byte {at} and has no directory; {} members before were read",
            entries.len()
        ),
        None => format!(
            "the zip is cut off: its directory is lost; {} members were found without it",
            entries.len()
        ),
    };
    listing.cut = true;
    listing.note(Code::Truncated, "reason", reason);
    entries
}

struct Header {
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    name: Vec<u8>,
    data: u64,
    zip64: bool,
}

/// How far a member reaches.
struct Extent {
    packed: u64,
    size: Option<u64>,
    crc: Option<u32>,
    next: u64,
    /// Bytes that had to be inflated to know it.
    inflated: u64,
}

impl Header {
    fn read(backing: &Backing, at: u64) -> Option<Self> {
        let fixed = backing.bytes(at, 30).ok()?;
        let mut fields = Fields(fixed.strip_prefix(b"PK\x03\x04")?);
        let (_, flags, method, _) = (fields.u16()?, fields.u16()?, fields.u16()?, fields.u32()?);
        let (crc, packed, size) =
            (fields.u32()?, u64::from(fields.u32()?), u64::from(fields.u32()?));
        let (name, extra) = (usize::from(fields.u16()?), usize::from(fields.u16()?));
        let variable = backing.bytes(at + 30, name + extra).ok()?;
        let (name, mut extra) = variable.split_at_checked(name)?;
        let mut header = Self {
            flags,
            method,
            crc,
            packed,
            size,
            name: name.to_vec(),
            data: at + 30 + variable.len() as u64,
            zip64: false,
        };
        while let Some((id, field, rest)) = extra_field(extra) {
            if id == ZIP64 {
                header.zip64 = true;
                let mut field = Fields(field);
                if size == u64::from(u32::MAX) {
                    header.size = field.u64()?;
                }
                if packed == u64::from(u32::MAX) {
                    header.packed = field.u64()?;
                }
            }
            extra = rest;
        }
        Some(header)
    }

    fn extent(&self, backing: &Backing, most: u64) -> Extent {
        let left = backing.len().saturating_sub(self.data);
        if self.flags & UNKNOWN_LENGTH != 0 && self.packed == 0 {
            return self.measured(backing, most);
        }
        let cut = self.packed > left;
        Extent {
            packed: self.packed,
            size: (!cut).then_some(self.size),
            crc: (!cut).then_some(self.crc),
            next: self.data.saturating_add(self.packed),
            inflated: 0,
        }
    }

    /// Finds the end of a member whose length follows it.
    fn measured(&self, backing: &Backing, most: u64) -> Extent {
        let range = BufReader::with_capacity(64 << 10, backing.range(self.data, backing.len()));
        let (packed, inflated, whole) = if self.method == DEFLATE {
            let mut decoder = flate2::bufread::DeflateDecoder::new(range);
            let copied = io::copy(&mut decoder.by_ref().take(most), &mut io::sink());
            (decoder.total_in(), decoder.total_out(), copied.is_ok_and(|length| length < most))
        } else {
            let end = next_signature(range, backing.len() - self.data);
            (end, 0, end < backing.len() - self.data)
        };
        if !whole {
            let packed = backing.len() - self.data;
            return Extent { packed, size: None, crc: None, next: backing.len(), inflated };
        }
        let end = self.data + packed;
        let tail = backing.bytes(end, 24).unwrap_or_default();
        let (body, signature) = match tail.strip_prefix(b"PK\x07\x08") {
            Some(body) => (body, 4),
            None => (tail.as_slice(), 0),
        };
        let crc = Fields(body).u32();
        let length = if self.zip64 { 20 } else { 12 };
        let size = (self.method == DEFLATE).then_some(inflated);
        Extent { packed, size, crc, next: end + signature + length, inflated }
    }
}

/// Where the next record begins, for stored members of unknown length.
fn next_signature(mut reader: impl Read, length: u64) -> u64 {
    let finders =
        [&b"PK\x07\x08"[..], b"PK\x03\x04", b"PK\x01\x02"].map(memchr::memmem::Finder::new);
    let (mut window, mut base) = (Vec::new(), 0_u64);
    loop {
        let kept = window.len();
        if reader.by_ref().take(256 << 10).read_to_end(&mut window).is_err() || window.len() == kept
        {
            return length;
        }
        if let Some(found) = finders.iter().filter_map(|finder| finder.find(&window)).min() {
            return base + found as u64;
        }
        let drop = window.len().saturating_sub(3);
        window.drain(..drop);
        base += drop as u64;
    }
}

fn extra_field(extra: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let mut fields = Fields(extra);
    let (id, length) = (fields.u16()?, usize::from(fields.u16()?));
    let (field, rest) = fields.0.split_at_checked(length)?;
    Some((id, field, rest))
}

/// Takes little-endian numbers off the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}
