//! Cuts artefacts, whole or in blocks, into records that belong together.

use konspect_bundle::{ArtifactId, Source};

use crate::columns::{Header, preamble, row_end};
use crate::container::PartCutter;
use crate::cut::{LARGEST, ValueCutter};
use crate::fold::AuditFold;
use crate::form::{Form, Shape, list_within, said_before, shape};
use crate::parts;
use crate::read::Shared;
use crate::record::Reader;

/// So many bytes are waited for before the shape of an artefact is judged.
const HEAD: usize = 1 << 16;

/// A CSV row longer than this has a quote that is not closed.
const LONGEST_ROW: usize = 32 << 20;

/// Records that belong together, still uncut.
pub(crate) struct Piece<'a> {
    id: ArtifactId,
    base: u64,
    bytes: &'a [u8],
    cut: Cut<'a>,
}

enum Cut<'a> {
    Lines,
    Parts,
    Values(&'a [std::ops::Range<usize>]),
    Rows(&'a Header),
    /// The end of the artefact lies within this record.
    Torn,
}

/// The same, with its bytes.
pub(crate) struct OwnedPiece {
    id: ArtifactId,
    base: u64,
    bytes: Vec<u8>,
    /// So many of the bytes in front are not of this piece: a mark, or a line that was put together.
    given: usize,
    cut: OwnedCut,
}

enum OwnedCut {
    Lines,
    Parts,
    Values(Vec<std::ops::Range<usize>>),
    Rows(Header),
    Torn,
}

impl OwnedPiece {
    pub(crate) fn borrow(&self) -> Piece<'_> {
        let cut = match &self.cut {
            OwnedCut::Lines => Cut::Lines,
            OwnedCut::Parts => Cut::Parts,
            OwnedCut::Values(ranges) => Cut::Values(ranges),
            OwnedCut::Rows(header) => Cut::Rows(header),
            OwnedCut::Torn => Cut::Torn,
        };
        let bytes = self.bytes.get(self.given..).unwrap_or_default();
        Piece { id: self.id, base: self.base + self.given as u64, bytes, cut }
    }
}

impl Piece<'_> {
    pub(crate) fn fold_into(&self, fold: &mut AuditFold, shared: &Shared) {
        let source = Source { id: self.id, bytes: self.bytes, base: self.base };
        let mut reader = Reader::new(fold, shared.question());
        match &self.cut {
            Cut::Lines => {
                for line in source.lines() {
                    reader.record(line.bytes, line.at, Form::Lines);
                }
            }
            Cut::Parts => parts::take(source, &mut reader),
            Cut::Values(ranges) => {
                for range in *ranges {
                    reader.record(
                        self.bytes.get(range.clone()).unwrap_or_default(),
                        source.span(range.clone()),
                        Form::Values,
                    );
                }
            }
            Cut::Rows(header) => {
                let mut at = 0;
                while at < self.bytes.len() {
                    let end = row_end(self.bytes, at).unwrap_or(self.bytes.len());
                    let row = self.bytes.get(at..end).unwrap_or_default();
                    if !row.trim_ascii().is_empty() {
                        reader.row(
                            &header.columns(row),
                            source.span(at..end),
                            Form::LogAnalyticsCsv,
                        );
                    }
                    at = end;
                }
            }
            Cut::Torn => reader.record(self.bytes, source.whole(), Form::Values),
        }
    }
}

/// Cuts an artefact that comes in blocks.
#[derive(Default)]
pub(crate) struct Stream {
    shape: Option<Shape>,
    values: ValueCutter,
    parts: PartCutter,
    header: Option<Header>,
    /// What the last block left over, and where it began.
    kept: Vec<u8>,
    kept_base: u64,
}

impl Stream {
    /// How the artefact is cut, from its beginning.
    fn shape(&mut self, head: &[u8]) -> Shape {
        *self.shape.get_or_insert_with(|| {
            let shape = shape(head);
            if shape == Shape::Values {
                let before = said_before(head);
                let list = list_within(head.get(before..).unwrap_or_default());
                self.values = match list {
                    Some(list) => ValueCutter::from(before + list),
                    None => ValueCutter::behind(before),
                };
            }
            shape
        })
    }

    /// Cuts a whole artefact without copying it.
    pub(crate) fn take(&mut self, source: Source<'_>, last: bool, mut each: impl FnMut(Piece<'_>)) {
        let shape = self.shape(source.bytes);
        let Source { id, bytes, base } = source;
        match shape {
            Shape::Lines => {
                let (base, bytes) = without_mark(base, bytes);
                each(Piece { id, base, bytes, cut: Cut::Lines });
            }
            Shape::Parts => {
                let whole;
                let (base, bytes) = if self.kept.is_empty() {
                    without_mark(base, bytes)
                } else {
                    self.kept.extend_from_slice(bytes);
                    whole = std::mem::take(&mut self.kept);
                    (self.kept_base, &*whole)
                };
                let end = self.end_of_parts(bytes, last);
                let (bytes, rest) = bytes.split_at_checked(end).unwrap_or((bytes, b""));
                each(Piece { id, base, bytes, cut: Cut::Parts });
                self.kept = rest.to_vec();
                self.kept_base = base + end as u64;
            }
            Shape::Values => {
                let mut ranges = Vec::new();
                let keep = self.values.cut(bytes, &mut ranges);
                each(Piece { id, base, bytes, cut: Cut::Values(&ranges) });
                if last && self.values.inside() {
                    each(Piece {
                        id,
                        base: base + keep as u64,
                        bytes: bytes.get(keep..).unwrap_or_default(),
                        cut: Cut::Torn,
                    });
                }
            }
            Shape::Csv => {
                let (header, rest) = split_header(bytes);
                let header = Header::read(header, rest);
                each(Piece {
                    id,
                    base: base + (bytes.len() - rest.len()) as u64,
                    bytes: rest,
                    cut: Cut::Rows(&header),
                });
            }
        }
    }

    /// Cuts the next block; what does not end in it waits for the next.
    pub(crate) fn pieces(
        &mut self,
        id: ArtifactId,
        base: u64,
        block: Vec<u8>,
        last: bool,
    ) -> Vec<OwnedPiece> {
        // A mark of the byte order stands at the very beginning, which the general way looks after.
        if self.shape == Some(Shape::Lines)
            && !self.kept.is_empty()
            && self.kept_base > 0
            && let Some(end) = memchr::memchr(b'\n', &block)
        {
            return self.lines(id, base, block, end + 1, last);
        }
        let searched = if self.shape.is_some() { self.kept.len() } else { 0 };
        let (base, mut bytes) = if self.kept.is_empty() {
            (base, block)
        } else {
            let mut bytes = std::mem::take(&mut self.kept);
            bytes.extend_from_slice(&block);
            (self.kept_base, bytes)
        };
        if self.shape.is_none() && bytes.len() < HEAD && !last {
            self.keep(&mut bytes, base, 0);
            return Vec::new();
        }
        let shape = self.shape(&bytes);
        let mut pieces = Vec::new();
        let complete = match shape {
            Shape::Lines | Shape::Parts => {
                let (end, cut) = match shape {
                    Shape::Parts => (self.end_of_parts(&bytes, last), OwnedCut::Parts),
                    _ => (end_of_lines(&bytes, searched, last), OwnedCut::Lines),
                };
                self.keep(&mut bytes, base, end);
                let given = bytes.len() - without_mark(base, &bytes).1.len();
                return vec![OwnedPiece { id, base, bytes, given, cut }];
            }
            Shape::Values => {
                let mut ranges = Vec::new();
                let end = self.values.cut(&bytes, &mut ranges);
                let torn = self.values.inside() && (last || bytes.len() - end > LARGEST);
                if torn {
                    let rest = bytes.split_off(end);
                    pieces.push(OwnedPiece {
                        id,
                        base: base + end as u64,
                        bytes: rest,
                        given: 0,
                        cut: OwnedCut::Torn,
                    });
                    self.values = ValueCutter::default();
                }
                self.keep(&mut bytes, base, end);
                OwnedCut::Values(ranges)
            }
            Shape::Csv => {
                let mut start = 0;
                if self.header.is_none() {
                    let (header, rest) = split_header(&bytes);
                    start = bytes.len() - rest.len();
                    self.header = Some(Header::read(header, rest));
                }
                let mut end = start;
                while let Some(next) = row_end(&bytes, end) {
                    end = next;
                }
                let end = if last || bytes.len() - end > LONGEST_ROW { bytes.len() } else { end };
                self.keep(&mut bytes, base, end);
                bytes.drain(..start.min(bytes.len()));
                let Some(header) = self.header.clone() else { return pieces };
                return vec![OwnedPiece {
                    id,
                    base: base + start as u64,
                    bytes,
                    given: 0,
                    cut: OwnedCut::Rows(header),
                }];
            }
        };
        pieces.push(OwnedPiece { id, base, bytes, given: 0, cut: complete });
        pieces
    }

    /// Cuts a block of lines of which the first, up to `end`, began in the block before: only that one
    /// is put together, the others stay where they are.
    fn lines(
        &mut self,
        id: ArtifactId,
        base: u64,
        mut block: Vec<u8>,
        end: usize,
        last: bool,
    ) -> Vec<OwnedPiece> {
        let (mut first, first_base) = (std::mem::take(&mut self.kept), self.kept_base);
        first.extend_from_slice(block.get(..end).unwrap_or_default());
        let cut = OwnedCut::Lines;
        let mut pieces = vec![OwnedPiece { id, base: first_base, bytes: first, given: 0, cut }];
        let whole = if last { None } else { memchr::memrchr(b'\n', &block) };
        self.keep(&mut block, base, whole.map_or(usize::MAX, |at| at + 1));
        if block.len() > end {
            let cut = OwnedCut::Lines;
            pieces.push(OwnedPiece { id, base, bytes: block, given: end, cut });
        }
        pieces
    }

    /// Up to where no part of a line waits for the next.
    fn end_of_parts(&mut self, bytes: &[u8], last: bool) -> usize {
        let end = self.parts.cut(bytes);
        if !last && (end > 0 || bytes.len() <= LARGEST) {
            return end;
        }
        self.parts = PartCutter::default();
        bytes.len()
    }

    /// Leaves what stands before `end` and keeps the rest for the next block.
    fn keep(&mut self, bytes: &mut Vec<u8>, base: u64, end: usize) {
        // Taking the whole does not copy: a record over many blocks must not be copied with each.
        self.kept =
            if end == 0 { std::mem::take(bytes) } else { bytes.split_off(end.min(bytes.len())) };
        self.kept_base = base + bytes.len() as u64;
    }
}

/// Up to the last line end, of which none is known before `searched`.
fn end_of_lines(bytes: &[u8], searched: usize, last: bool) -> usize {
    match memchr::memrchr(b'\n', bytes.get(searched..).unwrap_or_default()) {
        _ if last => bytes.len(),
        Some(at) => searched + at + 1,
        None if bytes.len() > LARGEST => bytes.len(),
        None => 0,
    }
}

/// Without the mark of the byte order, which stands at the very beginning if anywhere.
fn without_mark(base: u64, bytes: &[u8]) -> (u64, &[u8]) {
    match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) if base == 0 => (base + 3, rest),
        _ => (base, bytes),
    }
}

/// The header, without what programs write in front of it, and the rows.
fn split_header(bytes: &[u8]) -> (&[u8], &[u8]) {
    let start = preamble(bytes);
    let end = row_end(bytes, start).unwrap_or(bytes.len());
    (bytes.get(start..end).unwrap_or_default(), bytes.get(end..).unwrap_or_default())
}
