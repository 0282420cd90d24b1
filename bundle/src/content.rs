//! From stored bytes to what a parser reads: one level of decompression, text decoding, and the
//! choice between the whole and blocks.

use std::io::{self, Cursor, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::blocks::Blocks;
use crate::decode::{self, Encoding};
use crate::limits::Limits;
use crate::store::codec::{self, Codec, Stream};
use crate::store::{Blob, Raw};
use crate::{Diagnostic, ReadError};

/// Enough to recognize every codec and archive.
const HEAD: usize = 512;

/// Enough to tell whether an artefact is to come in steps.
const FIRST: usize = 32 << 10;

/// What a visitor is given of one artefact.
pub enum Content<'a> {
    /// All of it, decoded. `notes` say what is wrong with it: damage, a cut, a limit.
    Whole { bytes: &'a [u8], notes: &'a [Diagnostic] },
    /// More than `Limits::whole`, or asked for in steps: line-aligned blocks.
    Blocks(&'a mut Blocks),
    /// Nothing of it could be read.
    Failed(ReadError),
}

/// An artefact that is ready to be visited.
pub(crate) enum Prepared {
    Whole(Text, Option<ReadError>),
    Blocks(Box<Blocks>),
    Failed(ReadError),
}

/// Decoded bytes, borrowed from the stored ones where they are the same.
pub(crate) struct Text {
    blob: Blob,
    start: usize,
}

impl Text {
    fn of(blob: Blob) -> Self {
        let replaced = match decode::text(blob.as_ref()) {
            std::borrow::Cow::Borrowed(text) => Err(blob.as_ref().len() - text.len()),
            std::borrow::Cow::Owned(text) => Ok(text),
        };
        match replaced {
            Err(start) => Self { blob, start },
            Ok(text) => Self { blob: Blob::Owned(text), start: 0 },
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.blob.as_ref().get(self.start..).unwrap_or_default()
    }

    /// Gives the memory to the next member that this thread inflates.
    pub(crate) fn give_back(self, limits: &Limits) {
        if let Blob::Owned(bytes) = self.blob {
            codec::INFLATED.give_back(bytes, limits.at_once + 1);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<u8> {
        match self.blob {
            Blob::Owned(bytes) if self.start == 0 => bytes,
            _ => self.bytes().to_vec(),
        }
    }
}

/// What members that are compressed once more have cost beyond the free ratio.
///
/// Such a member declares nothing, so the shares cannot be given out beforehand. When the sum trips,
/// the pass is made again, strictly: no member may pass the ratio. Whether it trips does not depend
/// on the order, so neither does the result.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    spent: AtomicU64,
    strict: AtomicBool,
    tripped: AtomicBool,
}

impl Ledger {
    pub(crate) fn tripped(&self) -> bool {
        self.tripped.load(Ordering::Relaxed)
    }

    pub(crate) fn begin(&self) {
        self.spent.store(0, Ordering::Relaxed);
    }

    pub(crate) fn be_strict(&self) {
        self.strict.store(true, Ordering::Relaxed);
        self.tripped.store(false, Ordering::Relaxed);
    }

    /// Counts bytes past the free ratio; false when they may not be.
    fn spend(&self, bytes: u64, allowance: u64) -> bool {
        if self.strict.load(Ordering::Relaxed) {
            return false;
        }
        let spent = self.spent.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if spent > allowance {
            self.tripped.store(true, Ordering::Relaxed);
        }
        !self.tripped()
    }
}

/// The SHA-256 of stored bytes, once they have all been read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sum(Arc<Mutex<Option<[u8; 32]>>>);

impl Sum {
    pub(crate) fn get(&self) -> Option<[u8; 32]> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, sum: [u8; 32]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sum);
    }
}

/// How stored bytes are to be prepared.
pub(crate) struct Preparation<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) ledger: &'a Arc<Ledger>,
    /// Stored bytes that are expected.
    pub(crate) stored: u64,
    /// Where to leave their digest.
    pub(crate) sum: Option<&'a Sum>,
    /// Whether what begins so is to come in steps.
    pub(crate) in_steps: &'a dyn Fn(&[u8]) -> bool,
}

impl Preparation<'_> {
    pub(crate) fn prepare(&self, raw: Result<Raw, ReadError>) -> Prepared {
        match raw {
            Err(error) => Prepared::Failed(error),
            Ok(Raw::Whole(blob, damage)) => self.whole(blob, damage),
            Ok(Raw::Stream(stream)) => self.stream(stream),
        }
    }

    fn whole(&self, blob: Blob, damage: Option<ReadError>) -> Prepared {
        let bytes = blob.as_ref();
        if let Some(sum) = self.sum {
            sum.set(Sha256::digest(bytes).into());
        }
        if let (true, Some(error)) = (bytes.is_empty(), &damage) {
            return Prepared::Failed(error.clone());
        }
        let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or_default();
        if let Some(codec) = Codec::of(head) {
            let stored = bytes.len() as u64;
            let prepared =
                self.settle(self.decompressed(codec, Box::new(Cursor::new(blob)), stored), None);
            return match (prepared, damage) {
                (Prepared::Whole(text, None), damage) => Prepared::Whole(text, damage),
                (prepared, _) => prepared,
            };
        }
        if let Some(kind) = codec::archive_kind(head) {
            return Prepared::Failed(ReadError::NestedArchive(kind));
        }
        Prepared::Whole(Text::of(blob), damage)
    }

    fn stream(&self, stream: Stream) -> Prepared {
        let stream = match self.sum {
            Some(sum) => {
                Box::new(Hashing { inner: stream, hasher: Some(Sha256::new()), sum: sum.clone() })
            }
            None => stream,
        };
        let stream = Peeked::new(stream);
        match Codec::of(stream.head()) {
            Some(codec) => {
                self.settle(self.decompressed(codec, Box::new(stream), self.stored), None)
            }
            None => self.settle_peeked(stream, Some(self.stored)),
        }
    }

    fn decompressed(&self, codec: Codec, stream: Stream, stored: u64) -> Stream {
        Box::new(Rationed {
            inner: codec.reader(stream, self.limits),
            ledger: Arc::clone(self.ledger),
            allowance: self.limits.ratio_allowance,
            free: self.limits.free(stored),
            member: self.limits.member,
            count: 0,
        })
    }

    fn settle(&self, stream: Stream, length: Option<u64>) -> Prepared {
        let stream = Peeked::new(stream);
        match Codec::of(stream.head()) {
            Some(_) => Prepared::Failed(ReadError::NestedArchive("compressed")),
            None => self.settle_peeked(stream, length),
        }
    }

    /// Reads a stream of known or unknown length to its end, or makes it blocks.
    fn settle_peeked(&self, mut stream: Peeked, length: Option<u64>) -> Prepared {
        if let Some(kind) = codec::archive_kind(stream.head()) {
            return Prepared::Failed(ReadError::NestedArchive(kind));
        }
        let encoding = Encoding::of(stream.head());
        if encoding == Encoding::Plain && length.is_some_and(|length| length > self.limits.whole) {
            return Prepared::Blocks(Box::new(Blocks::new(Box::new(stream), self.limits)));
        }
        if encoding == Encoding::Plain
            && length.is_some_and(|length| length > self.limits.step as u64)
            && (self.in_steps)(stream.peek(FIRST))
        {
            return Prepared::Blocks(Box::new(Blocks::in_steps(Box::new(stream), self.limits)));
        }
        let mut stream = match decode::stream(encoding, Box::new(stream)) {
            Ok(stream) => stream,
            Err(error) => return Prepared::Failed(ReadError::from_io(error, 0)),
        };
        let whole = usize::try_from(self.limits.whole).unwrap_or(usize::MAX);
        let expected = usize::try_from(length.unwrap_or(0)).unwrap_or(usize::MAX).min(whole);
        let mut bytes = Vec::with_capacity(expected.min(1 << 24) + 1);
        let outcome =
            stream.by_ref().take(self.limits.whole.saturating_add(1)).read_to_end(&mut bytes);
        match outcome {
            Ok(_) if bytes.len() > whole => {
                let rest: Stream = Box::new(Cursor::new(bytes).chain(stream));
                Prepared::Blocks(Box::new(Blocks::new(rest, self.limits)))
            }
            Ok(_) => Prepared::Whole(Text { blob: Blob::Owned(bytes), start: 0 }, None),
            Err(error) => match ReadError::from_io(error, bytes.len() as u64) {
                error if bytes.is_empty() => Prepared::Failed(error),
                error => Prepared::Whole(Text { blob: Blob::Owned(bytes), start: 0 }, Some(error)),
            },
        }
    }
}

/// A stream whose first bytes have been looked at; an error met on the way comes after them.
struct Peeked {
    head: Cursor<Vec<u8>>,
    error: Option<io::Error>,
    inner: Stream,
}

impl Peeked {
    fn new(inner: Stream) -> Self {
        let mut peeked = Self { head: Cursor::default(), error: None, inner };
        peeked.peek(HEAD);
        peeked
    }

    /// Looks at the first `length` bytes, unless there are fewer.
    fn peek(&mut self, length: usize) -> &[u8] {
        let missing = length.saturating_sub(self.head.get_ref().len());
        if self.error.is_none() && missing > 0 {
            let mut more = self.inner.by_ref().take(missing as u64);
            self.error = more.read_to_end(self.head.get_mut()).err();
        }
        self.head()
    }

    fn head(&self) -> &[u8] {
        self.head.get_ref()
    }
}

impl Read for Peeked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.head.read(buffer)? {
            0 => match self.error.take() {
                Some(error) => Err(error),
                None => self.inner.read(buffer),
            },
            length => Ok(length),
        }
    }
}

/// Counts what a member inside the archive inflates to.
struct Rationed {
    inner: Stream,
    ledger: Arc<Ledger>,
    allowance: u64,
    free: u64,
    member: u64,
    count: u64,
}

impl Read for Rationed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.member.saturating_sub(self.count);
        let length = self.inner.read(buffer)? as u64;
        if length > most {
            return Err(ReadError::Limit { limit: "member", value: self.member }.into_io());
        }
        let over_before = self.count.saturating_sub(self.free);
        self.count += length;
        let over = self.count.saturating_sub(self.free) - over_before;
        if over > 0 && !self.ledger.spend(over, self.allowance) {
            return Err(ReadError::Limit { limit: "ratio", value: self.free }.into_io());
        }
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }
}

/// Sums what passes, and leaves the digest when the end is reached.
struct Hashing {
    inner: Stream,
    hasher: Option<Sha256>,
    sum: Sum,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let length = self.inner.read(buffer)?;
        if length == 0 {
            if let Some(hasher) = self.hasher.take() {
                self.sum.set(hasher.finalize().into());
            }
        } else if let Some(hasher) = &mut self.hasher {
            hasher.update(buffer.get(..length).unwrap_or_default());
        }
        Ok(length)
    }
}
