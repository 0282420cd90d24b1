//! Places in a bundle: every fact, finding and diagnostic points at bytes.

use std::fmt;

/// Numbers an artefact of one opened bundle; the order is that of the artefacts' paths, so it is
/// the same from a folder, its zip and its tar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtifactId(pub u32);

/// A half-open range of bytes in one artefact, counted after decompression and transcoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub artifact: ArtifactId,
    pub start: u64,
    pub end: u64,
}

impl Span {
    /// Covers both spans; of two artefacts the first wins.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.artifact != other.artifact {
            return self;
        }
        Self {
            artifact: self.artifact,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.artifact.0, self.start, self.end)
    }
}

/// A value together with the bytes that say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spanned<T> {
    pub value: T,
    pub at: Span,
}

impl<T> Spanned<T> {
    pub fn new(value: T, at: Span) -> Self {
        Self { value, at }
    }
}

/// The bytes that a parser reads: a whole artefact, or a block of a large one that begins at `base`.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub id: ArtifactId,
    pub bytes: &'a [u8],
    /// Offset of `bytes[0]` in the artefact.
    pub base: u64,
}

impl<'a> Source<'a> {
    pub fn new(id: ArtifactId, bytes: &'a [u8]) -> Self {
        Self { id, bytes, base: 0 }
    }

    /// The span of a byte range of `bytes`.
    pub fn span(&self, range: std::ops::Range<usize>) -> Span {
        let length = self.bytes.len();
        let (start, end) = (range.start.min(length), range.end.min(length));
        Span {
            artifact: self.id,
            start: self.base + start as u64,
            end: self.base + end.max(start) as u64,
        }
    }

    /// The span of a slice that was borrowed from `bytes`; a slice from elsewhere gives the empty
    /// span at the start.
    pub fn span_of(&self, slice: &[u8]) -> Span {
        let (whole, part) = (self.bytes.as_ptr() as usize, slice.as_ptr() as usize);
        match part.checked_sub(whole) {
            Some(start) if start + slice.len() <= self.bytes.len() => {
                self.span(start..start + slice.len())
            }
            _ => self.span(0..0),
        }
    }

    /// The whole source.
    pub fn whole(&self) -> Span {
        self.span(0..self.bytes.len())
    }

    /// Lines without their ends (`\n`, `\r\n`); the last one may lack its end.
    pub fn lines(&self) -> Lines<'a> {
        Lines { source: *self, next: 0 }
    }
}

/// One line of a source, without its end.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub bytes: &'a [u8],
    pub at: Span,
    /// Counted from 0 within the source.
    pub offset: usize,
}

impl<'a> Line<'a> {
    /// The line as text: invalid UTF-8 becomes U+FFFD.
    pub fn text(&self) -> std::borrow::Cow<'a, str> {
        String::from_utf8_lossy(self.bytes)
    }
}

/// Iterates over the lines of a source.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    source: Source<'a>,
    next: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let rest = self.source.bytes.get(self.next..).filter(|rest| !rest.is_empty())?;
        let (length, step) = match memchr::memchr(b'\n', rest) {
            Some(end) => (end, end + 1),
            None => (rest.len(), rest.len()),
        };
        let start = self.next;
        self.next += step;
        let mut line = rest.get(..length).unwrap_or_default();
        if let [head @ .., b'\r'] = line {
            line = head;
        }
        Some(Line { bytes: line, at: self.source.span(start..start + line.len()), offset: start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_places() {
        let source = Source::new(ArtifactId(3), b"one\r\ntwo\n\nlast");
        let lines: Vec<_> = source
            .lines()
            .map(|line| (line.text().into_owned(), line.at.start, line.at.end))
            .collect();
        assert_eq!(
            lines,
            [
                ("one".into(), 0, 3),
                ("two".into(), 5, 8),
                (String::new(), 9, 9),
                ("last".into(), 10, 14)
            ]
        );
        let (two, elsewhere) = (&source.bytes[5..8], b"two");
        assert_eq!(source.span_of(two).start, 5);
        assert_eq!(source.span_of(elsewhere), source.span(0..0));
    }
}
