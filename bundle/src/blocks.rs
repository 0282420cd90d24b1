//! An artefact in line-aligned blocks, so that memory follows the block and not the artefact: a large
//! one, or one that somebody reads line by line.

use std::io::Read;

use crate::limits::Limits;
use crate::store::codec::Stream;
use crate::{Code, Diagnostic, ReadError, Span};

/// What `Blocks::head` shows, if there is that much.
const PREVIEW: usize = 64 << 10;

/// An artefact, block by block. Every block but the last ends with a line end, unless one line
/// is longer than `Limits::line`: of that the first part comes, the rest is counted.
pub struct Blocks {
    reader: Stream,
    /// Bytes read and not yet given, and room behind them.
    pending: Vec<u8>,
    filled: usize,
    /// A block that was given and is no longer needed.
    spare: Vec<u8>,
    /// Where `pending` begins in the decoded artefact.
    at: u64,
    block: usize,
    line: usize,
    ended: bool,
    error: Option<ReadError>,
    left_out: u64,
    limit: u64,
    in_steps: bool,
}

impl Blocks {
    pub(crate) fn new(reader: Stream, limits: &Limits) -> Self {
        let block = limits.block.max(1);
        Self {
            reader,
            pending: Vec::new(),
            filled: 0,
            spare: Vec::new(),
            at: 0,
            block,
            line: limits.line.max(block),
            ended: false,
            error: None,
            left_out: 0,
            limit: limits.line as u64,
            in_steps: false,
        }
    }

    /// Blocks so small that one is read while it is still in a core's cache: what inflated it wrote
    /// it just now, and nothing else was pushed out for the rest.
    pub(crate) fn in_steps(reader: Stream, limits: &Limits) -> Self {
        Self { block: limits.step.max(1), in_steps: true, ..Self::new(reader, limits) }
    }

    /// Whether they are small ones, to be read one after the other, as it was asked for.
    pub fn are_steps(&self) -> bool {
        self.in_steps
    }

    /// The first bytes of what comes next, without taking them: 64 KiB unless the artefact ends.
    pub fn head(&mut self) -> &[u8] {
        self.fill(PREVIEW);
        self.pending.get(..self.filled.min(PREVIEW)).unwrap_or_default()
    }

    /// The next block and its offset in the decoded artefact.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator's adaptors would take away what is told at the end"
    )]
    pub fn next(&mut self) -> Option<(u64, Vec<u8>)> {
        let (mut want, mut searched) = (self.block, 0);
        loop {
            self.fill(want);
            let fresh = self.pending.get(searched..self.filled).unwrap_or_default();
            if let Some(end) = memchr::memrchr(b'\n', fresh) {
                return Some(self.give(searched + end + 1));
            }
            searched = self.filled;
            if self.ended {
                return (searched > 0).then(|| self.give(searched));
            }
            if searched >= self.line {
                let given = self.give(searched);
                self.leave_out_line();
                return Some(given);
            }
            want = searched.saturating_mul(2).min(self.line);
        }
    }

    /// The next bytes and their offset, cut anywhere: for what has no lines.
    pub fn next_piece(&mut self) -> Option<(u64, Vec<u8>)> {
        self.fill(self.block);
        (self.filled > 0).then(|| self.give(self.filled))
    }

    /// Takes back the memory of a block, for one of the next.
    pub fn give_back(&mut self, block: Vec<u8>) {
        self.spare = block;
    }

    /// What ended the artefact too early, known after the last block.
    pub fn error(&self) -> Option<&ReadError> {
        self.error.as_ref()
    }

    /// Bytes of overlong lines that no block held.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// What is wrong with the artefact, as far as it has been read; `name` is its path.
    pub fn notes(&self, at: Span, name: &str) -> Vec<Diagnostic> {
        let mut notes: Vec<_> = self.error.iter().map(|error| error.diagnostic(at, name)).collect();
        if self.left_out > 0 {
            let note = Diagnostic::new(Code::LimitReached, at)
                .with("limit", "line")
                .with("value", self.limit);
            notes.push(note);
        }
        notes
    }

    /// Takes the first `end` pending bytes.
    fn give(&mut self, end: usize) -> (u64, Vec<u8>) {
        let tail = self.pending.get(end..self.filled).unwrap_or_default();
        let mut rest = std::mem::take(&mut self.spare);
        if rest.len() < tail.len() {
            rest.resize(tail.len(), 0);
        }
        if let Some(front) = rest.get_mut(..tail.len()) {
            front.copy_from_slice(tail);
        }
        self.filled = tail.len();
        self.pending.truncate(end);
        let given = std::mem::replace(&mut self.pending, rest);
        let offset = self.at;
        self.at += given.len() as u64;
        (offset, given)
    }

    /// Steps behind the end of a line whose beginning has been given.
    fn leave_out_line(&mut self) {
        loop {
            self.fill(self.block);
            let line = self.pending.get(..self.filled).unwrap_or_default();
            let found = memchr::memchr(b'\n', line);
            let end = found.map_or(self.filled, |end| end + 1);
            self.pending.copy_within(end..self.filled, 0);
            self.filled -= end;
            self.at += end as u64;
            self.left_out += end as u64;
            if found.is_some() || self.ended {
                return;
            }
        }
    }

    /// Reads until `want` bytes are pending or the reader ends.
    fn fill(&mut self, want: usize) {
        if self.ended || self.filled >= want {
            return;
        }
        // The room of a block that came back is written over, not cleared first.
        if self.pending.len() < want {
            self.pending.resize(want, 0);
        }
        while let Some(room) = self.pending.get_mut(self.filled..want).filter(|it| !it.is_empty()) {
            match self.reader.read(room) {
                Ok(0) => self.ended = true,
                Ok(length) => self.filled += length,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.error = Some(ReadError::from_io(error, self.at + self.filled as u64));
                }
            }
            if self.ended {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(text: &[u8], block: usize, line: usize) -> (Vec<(u64, Vec<u8>)>, u64) {
        let limits = Limits { block, line, ..Limits::default() };
        let mut blocks = Blocks::new(Box::new(std::io::Cursor::new(text.to_vec())), &limits);
        let head = blocks.head().to_vec();
        assert_eq!(head, text.get(..head.len()).unwrap());
        let mut all = Vec::new();
        while let Some((offset, block)) = blocks.next() {
            all.push((offset, block.clone()));
            blocks.give_back(block);
        }
        (all, blocks.left_out())
    }

    #[test]
    fn blocks_end_at_lines_and_join_to_the_whole() {
        let text = b"one\ntwo\n\nthree is longer than a block\nlast";
        for block in 1..text.len() + 2 {
            let (blocks, left_out) = blocks(text, block, 1000);
            let mut at = 0;
            for (offset, bytes) in &blocks {
                assert_eq!(*offset, at);
                at += bytes.len() as u64;
                assert!(bytes.ends_with(b"\n") || at == text.len() as u64);
            }
            assert_eq!(
                (blocks.into_iter().flat_map(|(_, bytes)| bytes).collect::<Vec<_>>(), left_out),
                (text.to_vec(), 0)
            );
        }
    }

    #[test]
    fn pieces_join_to_the_whole_whatever_lines_are() {
        let text = "a line that is longer than any limit of lines\nx".repeat(3);
        let limits = Limits { block: 7, line: 7, ..Limits::default() };
        let mut blocks = Blocks::new(Box::new(std::io::Cursor::new(text.clone())), &limits);
        let (mut joined, mut at) = (Vec::new(), 0);
        blocks.head();
        while let Some((offset, bytes)) = blocks.next_piece() {
            assert_eq!(offset, at);
            at += bytes.len() as u64;
            joined.extend(bytes);
        }
        assert_eq!((joined, blocks.left_out()), (text.into_bytes(), 0));
    }

    #[test]
    fn what_came_before_an_error_is_given() {
        struct Broken(std::io::Cursor<&'static [u8]>);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                match self.0.read(buffer)? {
                    0 => Err(ReadError::Checksum.into_io()),
                    length => Ok(length),
                }
            }
        }
        let reader = Box::new(Broken(std::io::Cursor::new(b"a\nb")));
        let mut steps = Blocks::in_steps(reader, &Limits::default());
        assert!(steps.are_steps());
        assert_eq!(steps.next(), Some((0, b"a\n".to_vec())));
        assert_eq!(steps.next(), Some((2, b"b".to_vec())));
        assert_eq!(steps.next(), None);
        assert_eq!(steps.notes(Span::BUNDLE, "x").len(), 1);
    }

    #[test]
    fn an_overlong_line_is_cut_and_counted() {
        // The preview reads more than a block, so lines must be longer than it to be cut.
        let mut text = vec![b'x'; 200_000];
        text.extend_from_slice(b"\nnext\n");
        let (blocks, left_out) = blocks(&text, 70_000, 80_000);
        let given: Vec<_> = blocks.iter().map(|(offset, bytes)| (*offset, bytes.len())).collect();
        assert_eq!(given, [(0, 80_000), (200_001, 5)]);
        assert_eq!(left_out, 120_001);
    }
}
