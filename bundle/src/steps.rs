//! An artefact that somebody reads line by line, given in steps that stay in a core's cache: what
//! inflated it wrote each step just now, and nothing else was pushed out for the rest.

use std::cell::Cell;
use std::io::{self, Read};

use crate::store::codec::Stream;
use crate::{Diagnostic, ReadError, Span};

thread_local! {
    /// The buffer of the last artefact: fresh memory costs a page fault for each of its pages, and a
    /// large block given back makes the standard allocator tidy up all the small ones.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An artefact in line-aligned steps, of which one is in memory. Every step but the last ends with a
/// line end; a longer line makes a longer step.
pub struct Steps {
    reader: Stream,
    buffer: Vec<u8>,
    /// So much of the buffer has been read.
    filled: usize,
    /// So much of that has been given.
    given: usize,
    /// Where the buffer begins in the decoded artefact.
    at: u64,
    ended: bool,
    error: Option<ReadError>,
}

impl Steps {
    /// Steps of about `step` bytes.
    pub(crate) fn new(reader: Stream, step: usize) -> Self {
        let mut buffer = SPARE.take();
        buffer.resize(step.max(1), 0);
        Self { reader, buffer, filled: 0, given: 0, at: 0, ended: false, error: None }
    }

    /// The next step and its offset in the decoded artefact.
    #[expect(clippy::should_implement_trait, reason = "what it gives lies in its own buffer")]
    pub fn next(&mut self) -> Option<(u64, &[u8])> {
        self.buffer.copy_within(self.given..self.filled, 0);
        self.at += self.given as u64;
        self.filled -= self.given;
        let mut searched = 0;
        self.given = loop {
            self.fill();
            let fresh = self.buffer.get(searched..self.filled).unwrap_or_default();
            match memchr::memrchr(b'\n', fresh) {
                Some(end) => break searched + end + 1,
                None if self.ended => break self.filled,
                None => searched = self.filled,
            }
            self.buffer.resize(self.buffer.len().saturating_mul(2), 0);
        };
        let step = self.buffer.get(..self.given)?;
        (!step.is_empty()).then_some((self.at, step))
    }

    /// What is wrong with the artefact, known after the last step; `name` is its path.
    pub fn notes(&self, at: Span, name: &str) -> Vec<Diagnostic> {
        self.error.iter().map(|error| error.diagnostic(at, name)).collect()
    }

    /// Reads until the buffer is full or the reader ends.
    fn fill(&mut self) {
        while !self.ended
            && let Some(free) = self.buffer.get_mut(self.filled..).filter(|free| !free.is_empty())
        {
            match self.reader.read(free) {
                Ok(0) => self.ended = true,
                Ok(length) => self.filled += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    let read = self.at + self.filled as u64;
                    self.error = Some(ReadError::from_io(error, read));
                }
            }
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        SPARE.set(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_at_lines_and_join_to_the_whole() {
        let text = b"one\ntwo\n\nthree is longer than a step\nlast";
        for step in 1..text.len() + 2 {
            let mut steps = Steps::new(Box::new(io::Cursor::new(text.to_vec())), step);
            let mut joined = Vec::new();
            while let Some((at, bytes)) = steps.next() {
                assert_eq!(at, joined.len() as u64);
                joined.extend_from_slice(bytes);
                assert!(bytes.ends_with(b"\n") || joined.len() == text.len(), "{step}");
            }
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn what_came_before_an_error_is_given() {
        struct Broken(io::Cursor<&'static [u8]>);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                match self.0.read(buffer)? {
                    0 => Err(ReadError::Checksum.into_io()),
                    length => Ok(length),
                }
            }
        }
        let mut steps = Steps::new(Box::new(Broken(io::Cursor::new(b"a\nb"))), 64);
        assert_eq!(steps.next(), Some((0, &b"a\n"[..])));
        assert_eq!(steps.next(), Some((2, &b"b"[..])));
        assert_eq!(steps.next(), None);
        assert_eq!(steps.notes(Span::BUNDLE, "x").len(), 1);
    }
}
