//! Bytes at positions: a file or memory, shared by all threads, read without a cursor or a lock.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use rawzip::{FileReader, ReaderAt};

/// An opened file, or bytes that came from elsewhere.
#[derive(Clone)]
pub(crate) struct Backing {
    bytes: Arc<Bytes>,
    length: u64,
}

enum Bytes {
    File(FileReader),
    Memory(Arc<Vec<u8>>),
}

impl Backing {
    pub(crate) fn file(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { bytes: Arc::new(Bytes::File(FileReader::from(file))), length })
    }

    pub(crate) fn memory(bytes: Vec<u8>) -> Self {
        Self::shared(Arc::new(bytes))
    }

    pub(crate) fn shared(bytes: Arc<Vec<u8>>) -> Self {
        Self { length: bytes.len() as u64, bytes: Arc::new(Bytes::Memory(bytes)) }
    }

    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// The bytes from `at` on, at most `most` of them; fewer when the file ends.
    pub(crate) fn bytes(&self, at: u64, most: usize) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        self.bytes_into(at, most, &mut out)?;
        Ok(out)
    }

    /// As `bytes`, in place of what `out` holds.
    pub(crate) fn bytes_into(&self, at: u64, most: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let left = usize::try_from(self.length.saturating_sub(at)).unwrap_or(usize::MAX);
        out.resize(most.min(left), 0);
        let mut filled = 0;
        while let Some(rest) = out.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read_at(rest, at + filled as u64)? {
                0 => break,
                length => filled += length,
            }
        }
        out.truncate(filled);
        Ok(())
    }

    /// A reader of the range; it ends early when the file does.
    pub(crate) fn range(&self, start: u64, end: u64) -> Range {
        Range { backing: self.clone(), at: start, end }
    }
}

impl ReaderAt for Backing {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match &*self.bytes {
            Bytes::File(file) => file.read_at(buffer, offset),
            Bytes::Memory(bytes) => bytes.as_slice().read_at(buffer, offset),
        }
    }
}

/// Reads a part of a backing from its start to its end.
pub(crate) struct Range {
    backing: Backing,
    at: u64,
    end: u64,
}

impl Read for Range {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.end.saturating_sub(self.at))
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let length = self.backing.read_at(buffer.get_mut(..most).unwrap_or_default(), self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}
