//! Decompression: which codec the first bytes announce, and a reader for each.
//!
//! Inflating stands behind `inflate` and `Codec::reader` alone, so that the implementation can be
//! exchanged here.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read};
use std::thread::LocalKey;

use crate::ReadError;
use crate::limits::Limits;

pub(crate) type Stream = Box<dyn Read + Send>;

/// So many compressed bytes are read at once: few calls, and they are still in the cache.
const STEP: usize = 32 << 10;

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Gzip,
    Xz,
    Zstd,
    /// A bare deflate stream, as a zip member has it.
    Deflate,
}

impl Codec {
    /// Recognizes a codec by its magic number, never by a name.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [low, 0x2a, 0x4d, 0x18, ..] if (0x50..=0x5f).contains(low) => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Decompresses all members or frames of a stream, one after the other.
    pub(crate) fn reader(self, input: Stream, limits: &Limits) -> Stream {
        let input = BufReader::with_capacity(STEP, input);
        let decoder: Stream = match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
            Self::Deflate => Box::new(flate2::bufread::DeflateDecoder::new(input)),
            Self::Xz => super::xz::reader(input, limits),
            Self::Zstd => Box::new(Frames {
                input: Some(Input::new(input)),
                frame: None,
                window: limits.window,
            }),
        };
        Box::new(Fused { inner: decoder, ended: false })
    }
}

/// Which kind of archive the first 512 bytes announce.
pub(crate) fn archive_kind(head: &[u8]) -> Option<&'static str> {
    match head {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Some("zip"),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Some("7z"),
        [b'R', b'a', b'r', b'!', 0x1a, 7, ..] => Some("rar"),
        _ if super::tar::is_header(head) => Some("tar"),
        _ => None,
    }
}

/// So much of a member is looked at for an archive: a compressed tar shows its first header within it.
pub(crate) const ARCHIVE_HEAD: usize = 4 << 10;

/// Whether a member that begins so is an archive that can be opened.
pub(crate) fn is_archive(head: &[u8], limits: &Limits) -> bool {
    match (archive_kind(head), Codec::of(head)) {
        (Some(kind), _) => matches!(kind, "zip" | "tar"),
        (None, Some(codec)) => {
            let mut first = Vec::new();
            let reader = codec.reader(Box::new(io::Cursor::new(head.to_vec())), limits);
            // A head ends early; a tar's header stands before that.
            let _ = reader.take(512).read_to_end(&mut first);
            archive_kind(&first) == Some("tar")
        }
        (None, None) => false,
    }
}

/// Inflates a whole deflate stream that declares its size. One byte more than declared is asked
/// for, so that a stream which lies is seen. Returns what came out, and what was wrong.
pub(crate) fn inflate(packed: &[u8], declared: usize) -> (Vec<u8>, Option<ReadError>) {
    let mut out = INFLATED.room_for(declared + 1);
    out.clear();
    let mut decoder = flate2::Decompress::new(false);
    loop {
        let before = (decoder.total_in(), decoder.total_out());
        let rest = usize::try_from(before.0)
            .ok()
            .and_then(|start| packed.get(start..))
            .unwrap_or_default();
        let status = decoder.decompress_vec(rest, &mut out, flate2::FlushDecompress::Finish);
        let after = out.len() as u64;
        match status {
            Ok(flate2::Status::StreamEnd) if out.len() <= declared => return (out, None),
            Err(error) => {
                return (out, Some(ReadError::Corrupt { after, reason: error.to_string() }));
            }
            // A buffer that was used before may have room for more than was asked for.
            Ok(_) if out.len() > declared => {
                out.truncate(declared);
                return (out, Some(ReadError::Longer(declared as u64)));
            }
            Ok(_) if (decoder.total_in(), decoder.total_out()) == before => {
                return (out, Some(ReadError::Cut(after)));
            }
            Ok(_) => {}
        }
    }
}

/// Buffers below this are cheap to get and to give back.
const WORTH_KEEPING: usize = 256 << 10;

/// Larger ones are a multiple of this: members of one archive are of nearly the same size, and what
/// nobody writes to costs nothing.
const ROUNDED: usize = 1 << 20;

thread_local! {
    static LAST_PACKED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static LAST_INFLATED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Memory that this thread used last and nobody needs any longer: the system would clear new memory of
/// megabytes, page by page, for every member.
pub(crate) struct Spare(&'static LocalKey<RefCell<Vec<u8>>>);

/// For members as they are stored.
pub(crate) static PACKED: Spare = Spare(&LAST_PACKED);

/// For what members hold.
pub(crate) static INFLATED: Spare = Spare(&LAST_INFLATED);

impl Spare {
    /// Memory for so many bytes; it may hold old ones.
    pub(crate) fn room_for(&self, length: usize) -> Vec<u8> {
        if length < WORTH_KEEPING {
            return Vec::with_capacity(length);
        }
        let spare = self.0.take();
        if spare.capacity() >= length {
            return spare;
        }
        Vec::with_capacity(length.next_multiple_of(ROUNDED))
    }

    /// Takes memory back, unless it is for more than `most` bytes.
    pub(crate) fn give_back(&self, bytes: Vec<u8>, most: u64) {
        if (WORTH_KEEPING as u64..=most).contains(&(bytes.capacity() as u64)) {
            self.0.set(bytes);
        }
    }
}

/// Ends for good at the first error or end: not every decoder may be asked again.
struct Fused {
    inner: Stream,
    ended: bool,
}

impl Read for Fused {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(length) if length > 0 => return Ok(length),
                ended => {
                    self.ended = true;
                    return ended;
                }
            }
        }
    }
}

type Frame = ruzstd::decoding::StreamingDecoder<Input, ruzstd::decoding::FrameDecoder>;

/// A stream whose first four bytes may be given back.
struct Input {
    magic: io::Take<io::Cursor<[u8; 4]>>,
    rest: BufReader<Stream>,
}

impl Input {
    fn new(rest: BufReader<Stream>) -> Self {
        Self { magic: io::Cursor::new([0; 4]).take(0), rest }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.magic.limit() > 0 {
            return self.magic.read(buffer);
        }
        self.rest.read(buffer)
    }
}

/// Zstd frames one after the other, skippable ones skipped.
struct Frames {
    /// Absent while a frame holds it.
    input: Option<Input>,
    frame: Option<Frame>,
    window: u64,
}

impl Frames {
    /// Starts the next frame; false at the end.
    fn start(&mut self) -> io::Result<bool> {
        let Some(mut input) = self.input.take() else { return Ok(false) };
        loop {
            let mut magic = [0_u8; 4];
            if input.rest.fill_buf()?.is_empty() {
                return Ok(false);
            }
            input.rest.read_exact(&mut magic)?;
            if let [0x50..=0x5f, 0x2a, 0x4d, 0x18] = magic {
                let mut length = [0_u8; 4];
                input.rest.read_exact(&mut length)?;
                let length = u64::from(u32::from_le_bytes(length));
                if io::copy(&mut input.rest.by_ref().take(length), &mut io::sink())? < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                continue;
            }
            input.magic = io::Cursor::new(magic).take(4);
            let frame = Frame::new_with_max_window_size(input, self.window)
                .map_err(|e| end_of_input(io::Error::other(e)))?;
            self.frame = Some(frame);
            return Ok(true);
        }
    }
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                match frame.read(buffer) {
                    Ok(0) => {}
                    Err(error) => return Err(end_of_input(error)),
                    ready => return ready,
                }
                let promised = frame.decoder.get_checksum_from_data();
                if promised.is_some() && promised != frame.decoder.get_calculated_checksum() {
                    return Err(ReadError::Checksum.into_io());
                }
                self.input = self.frame.take().map(Frame::into_inner);
            }
            if !self.start()? {
                return Ok(0);
            }
        }
    }
}

/// `ruzstd` wraps the end of its input in errors of its own: finds it again in their chain.
fn end_of_input(error: io::Error) -> io::Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> =
        error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
    while let Some(inner) = cause {
        if inner
            .downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof)
        {
            return io::ErrorKind::UnexpectedEof.into();
        }
        cause = inner.source();
    }
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_was_used_before_hides_no_lie() {
        let text = vec![b'x'; 3 * WORTH_KEEPING];
        let mut deflate =
            flate2::read::DeflateEncoder::new(text.as_slice(), flate2::Compression::fast());
        let mut packed = Vec::new();
        deflate.read_to_end(&mut packed).unwrap();
        for room in [0, 4 * WORTH_KEEPING] {
            INFLATED.give_back(vec![7; room], u64::MAX);
            let (out, damage) = inflate(&packed, WORTH_KEEPING);
            assert_eq!(
                (out.len(), damage),
                (WORTH_KEEPING, Some(ReadError::Longer(WORTH_KEEPING as u64)))
            );
            INFLATED.give_back(vec![7; room], u64::MAX);
            assert_eq!(inflate(&packed, text.len()), (text.clone(), None));
        }
    }
}
