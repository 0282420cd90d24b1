//! The xz container around LZMA2: stream and block headers, checks, index and footer.
//!
//! The LZMA2 decoder is `lzma-rust2`'s. Its own container sums CRC-64 byte by byte, which takes
//! more than a third of the time to read a must-gather; this one sums eight bytes at a time. Files
//! with other filters than LZMA2 (for machine code) are handed to the crate's container.

use std::io::{self, BufReader, Cursor, Read};

use lzma_rust2::Lzma2Reader;
use sha2::{Digest, Sha256};

use super::codec::Stream;
use crate::ReadError;
use crate::limits::Limits;

const MAGIC: [u8; 6] = [0xfd, b'7', b'z', b'X', b'Z', 0];
const LZMA2: u64 = 0x21;
/// What is decoded at once: an error loses no more than this.
const STEP: usize = 64 << 10;

/// Decompresses an xz file.
pub(crate) fn reader(input: BufReader<Stream>, limits: &Limits) -> Stream {
    let mut input = Counted { inner: input, count: 0, kept: Some(Vec::new()) };
    let first = match StreamHeader::read(&mut input) {
        Ok(check) => BlockHeader::read(&mut input).map(|block| (check, block)),
        Err(error) => Err(error),
    };
    let kept = input.kept.take().unwrap_or_default();
    match first {
        Ok((_, Some(BlockHeader { dictionary: None }))) => {
            let memory = u32::try_from(limits.window >> 10).unwrap_or(u32::MAX);
            let whole = Cursor::new(kept).chain(input.inner);
            Box::new(lzma_rust2::XzReader::new_mem_limit(whole, true, memory))
        }
        first => Box::new(Xz {
            state: match first {
                Ok((check, block)) => {
                    Xz::begin(input, check, block, 0, limits.window).unwrap_or_else(State::Failed)
                }
                Err(error) => State::Failed(error),
            },
            window: limits.window,
            ready: Vec::new(),
            given: 0,
        }),
    }
}

struct Xz {
    state: State,
    window: u64,
    ready: Vec<u8>,
    given: usize,
}

#[expect(clippy::large_enum_variant, reason = "there is one of it")]
enum State {
    Block { decoder: Lzma2Reader<Counted>, kind: Check, sum: Sum, blocks: u64 },
    Ended,
    Failed(io::Error),
}

impl Xz {
    /// Enters a block, or reads the index and what follows it.
    fn begin(
        mut input: Counted,
        kind: Check,
        block: Option<BlockHeader>,
        blocks: u64,
        window: u64,
    ) -> io::Result<State> {
        let Some(block) = block else {
            read_index(&mut input, blocks)?;
            return Self::next_stream(input, window);
        };
        let Some(dictionary) = block.dictionary else { return Err(corrupt("an unknown filter")) };
        if u64::from(dictionary) > window {
            return Err(ReadError::Limit { limit: "window", value: window }.into_io());
        }
        input.count = 0;
        let decoder = Lzma2Reader::new(input, dictionary, None);
        Ok(State::Block { decoder, kind, sum: Sum::new(kind), blocks })
    }

    /// Begins the stream that may follow, after zeros.
    fn next_stream(mut input: Counted, window: u64) -> io::Result<State> {
        loop {
            let mut word = [0; 4];
            let length = input.read_some(&mut word)?;
            match (length, word) {
                (0, _) => return Ok(State::Ended),
                (4, [0, 0, 0, 0]) => {}
                (4, start) => {
                    let mut rest = [0; 8];
                    input.read_exact(&mut rest)?;
                    let mut header = Cursor::new([start.as_slice(), &rest].concat());
                    let kind = StreamHeader::read(&mut header)?;
                    let block = BlockHeader::read(&mut input)?;
                    return Self::begin(input, kind, block, 0, window);
                }
                _ => return Err(corrupt("bytes after the end")),
            }
        }
    }

    /// Leaves a block behind its padding and check.
    fn end_block(
        decoder: Lzma2Reader<Counted>,
        kind: Check,
        sum: Sum,
        blocks: u64,
        window: u64,
    ) -> io::Result<State> {
        let mut input = decoder.into_inner();
        let mut padding = [0; 3];
        let length = usize::try_from(input.count.wrapping_neg() % 4).unwrap_or_default();
        input.read_exact(padding.get_mut(..length).unwrap_or_default())?;
        let mut promised = [0; 64];
        let promised = promised.get_mut(..kind.length()).unwrap_or_default();
        input.read_exact(promised)?;
        if padding != [0; 3] {
            return Err(corrupt("padding that is not zero"));
        }
        if !sum.matches(promised) {
            return Err(ReadError::Checksum.into_io());
        }
        let block = BlockHeader::read(&mut input)?;
        Self::begin(input, kind, block, blocks + 1, window)
    }

    fn refill(&mut self) -> io::Result<()> {
        self.given = 0;
        self.ready.clear();
        while let State::Block { decoder, sum, .. } = &mut self.state {
            self.ready.resize(STEP, 0);
            let length = decoder.read(&mut self.ready)?;
            self.ready.truncate(length);
            if length > 0 {
                sum.update(&self.ready);
                return Ok(());
            }
            if let State::Block { decoder, kind, sum, blocks } =
                std::mem::replace(&mut self.state, State::Ended)
            {
                self.state = Self::end_block(decoder, kind, sum, blocks, self.window)?;
            }
        }
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Failed(error) => Err(error),
            _ => Ok(()),
        }
    }
}

impl Read for Xz {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given >= self.ready.len()
            && let Err(error) = self.refill()
        {
            self.state = State::Ended;
            self.ready.clear();
            return Err(error);
        }
        let rest = self.ready.get(self.given..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), rest.get(..length)) {
            to.copy_from_slice(from);
        }
        self.given += length;
        Ok(length)
    }
}

/// The input, counted, and kept while it may have to be read again.
struct Counted {
    inner: BufReader<Stream>,
    count: u64,
    kept: Option<Vec<u8>>,
}

impl Counted {
    /// Reads up to the buffer's length; less only at the end.
    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest)? {
                0 => break,
                length => filled += length,
            }
        }
        Ok(filled)
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.count += length as u64;
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(buffer.get(..length).unwrap_or_default());
        }
        Ok(length)
    }
}

struct StreamHeader;

impl StreamHeader {
    fn read(input: &mut impl Read) -> io::Result<Check> {
        let mut header = [0; 12];
        input.read_exact(&mut header)?;
        let [m0, m1, m2, m3, m4, m5, zero, kind, sum @ ..] = header;
        if [m0, m1, m2, m3, m4, m5] != MAGIC
            || zero != 0
            || kind > 15
            || crc32(&[zero, kind]) != u32::from_le_bytes(sum)
        {
            return Err(corrupt("a broken stream header"));
        }
        Ok(Check(kind))
    }
}

/// The dictionary of a block, when LZMA2 is its only filter.
struct BlockHeader {
    dictionary: Option<u32>,
}

impl BlockHeader {
    /// Reads a block header; `None` where the index begins.
    fn read(input: &mut impl Read) -> io::Result<Option<Self>> {
        let mut size = [0];
        input.read_exact(&mut size)?;
        let [words] = size;
        if words == 0 {
            return Ok(None);
        }
        let mut header = vec![0; usize::from(words) * 4 + 3];
        input.read_exact(&mut header)?;
        let Some((fields, sum)) = header.split_last_chunk::<4>() else {
            return Err(corrupt("a short block header"));
        };
        if crc32(&[&size, fields].concat()) != u32::from_le_bytes(*sum) {
            return Err(corrupt("a broken block header"));
        }
        Ok(Some(Self { dictionary: Self::only_lzma2(fields) }))
    }

    fn only_lzma2(fields: &[u8]) -> Option<u32> {
        let (flags, mut rest) = fields.split_first()?;
        for present in [0x40, 0x80] {
            if flags & present != 0 {
                number(&mut rest)?;
            }
        }
        let one_filter = matches!(flags, 0 | 0x40 | 0x80 | 0xc0);
        let (id, length) = (number(&mut rest)?, number(&mut rest)?);
        let bits = u32::from(*rest.first()?);
        match bits {
            _ if !one_filter || id != LZMA2 || length != 1 => None,
            40 => Some(u32::MAX),
            0..40 => Some((2 | (bits & 1)) << (bits / 2 + 11)),
            _ => None,
        }
    }
}

/// Reads the index behind its first byte, and the footer.
fn read_index(input: &mut Counted, blocks: u64) -> io::Result<()> {
    let mut index = Summed { inner: input, crc: flate2::Crc::new(), count: 1 };
    index.crc.update(&[0]);
    if index.number()? != blocks {
        return Err(corrupt("an index of other blocks"));
    }
    for _ in 0..blocks.saturating_mul(2) {
        index.number()?;
    }
    let padding = usize::try_from(index.count.wrapping_neg() % 4).unwrap_or_default();
    index.take(&mut [0; 3], padding)?;
    let found = index.crc.sum();
    let mut sum = [0; 4];
    input.read_exact(&mut sum)?;
    if u32::from_le_bytes(sum) != found {
        return Err(corrupt("a broken index"));
    }
    let mut footer = [0; 12];
    input.read_exact(&mut footer)?;
    if footer.ends_with(b"YZ") { Ok(()) } else { Err(corrupt("a broken footer")) }
}

struct Summed<'a> {
    inner: &'a mut Counted,
    crc: flate2::Crc,
    count: u64,
}

impl Summed<'_> {
    fn take(&mut self, buffer: &mut [u8], length: usize) -> io::Result<()> {
        let buffer = buffer.get_mut(..length).unwrap_or_default();
        self.inner.read_exact(buffer)?;
        self.crc.update(buffer);
        self.count += length as u64;
        Ok(())
    }

    fn number(&mut self) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let mut byte = [0];
            self.take(&mut byte, 1)?;
            let [byte] = byte;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(corrupt("a number without end"))
    }
}

/// Takes a number of seven bits a byte off the front.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn corrupt(reason: &str) -> io::Error {
    ReadError::Corrupt { after: 0, reason: reason.into() }.into_io()
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// The kind of check behind each block.
#[derive(Clone, Copy)]
struct Check(u8);

impl Check {
    /// Bytes of the check; kinds without a name have a length all the same.
    fn length(self) -> usize {
        match self.0 {
            0 => 0,
            1..=3 => 4,
            4..=6 => 8,
            7..=9 => 16,
            10..=12 => 32,
            _ => 64,
        }
    }
}

enum Sum {
    Unknown,
    Crc32(flate2::Crc),
    Crc64(u64),
    Sha256(Sha256),
}

impl Sum {
    fn new(kind: Check) -> Self {
        match kind.0 {
            1 => Self::Crc32(flate2::Crc::new()),
            4 => Self::Crc64(u64::MAX),
            10 => Self::Sha256(Sha256::new()),
            _ => Self::Unknown,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Unknown => {}
            Self::Crc32(crc) => crc.update(bytes),
            Self::Crc64(state) => *state = crc64(*state, bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    fn matches(self, promised: &[u8]) -> bool {
        match self {
            Self::Unknown => true,
            Self::Crc32(crc) => crc.sum().to_le_bytes() == promised,
            Self::Crc64(state) => (!state).to_le_bytes() == promised,
            Self::Sha256(hasher) => hasher.finalize().as_slice() == promised,
        }
    }
}

/// Tables for eight bytes at a time: `TABLES[n][b]` is the sum of `b` followed by `n` zeros.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, and nothing else can be in a const fn"
)]
const fn crc64_tables() -> [[u64; 256]; 8] {
    // The reflected polynomial of ECMA-182.
    const POLYNOMIAL: u64 = 0xc96c_5795_d787_0f42;
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 };
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[table - 1][byte];
            tables[table][byte] = tables[0][(before & 0xff) as usize] ^ (before >> 8);
            byte += 1;
        }
        table += 1;
    }
    tables
}

static TABLES: [[u64; 256]; 8] = crc64_tables();

fn crc64(mut state: u64, bytes: &[u8]) -> u64 {
    let [t0, t1, t2, t3, t4, t5, t6, t7] = &TABLES;
    let at = |table: &'static [u64; 256], byte: u8| {
        table.get(usize::from(byte)).copied().unwrap_or_default()
    };
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let [b0, b1, b2, b3, b4, b5, b6, b7] = (state ^ u64::from_le_bytes(*word)).to_le_bytes();
        state = at(t7, b0)
            ^ at(t6, b1)
            ^ at(t5, b2)
            ^ at(t4, b3)
            ^ at(t3, b4)
            ^ at(t2, b5)
            ^ at(t1, b6)
            ^ at(t0, b7);
    }
    for byte in rest {
        let [low, ..] = state.to_le_bytes();
        state = at(t0, low ^ byte) ^ (state >> 8);
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let input: Stream = Box::new(Cursor::new(bytes.to_vec()));
        let mut out = Vec::new();
        reader(BufReader::new(input), &Limits::default()).read_to_end(&mut out).map(|_| out)
    }

    fn encode(bytes: &[u8], check: lzma_rust2::CheckType, block: Option<u64>) -> Vec<u8> {
        let mut options = lzma_rust2::XzOptions::with_preset(1);
        options.set_check_sum_type(check);
        options.set_block_size(block.and_then(std::num::NonZeroU64::new));
        let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
        io::Write::write_all(&mut writer, bytes).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn the_sum_is_that_of_the_standard() {
        for cut in 0..9 {
            let (first, second) = b"123456789".split_at(cut);
            assert_eq!(!crc64(crc64(u64::MAX, first), second), 0x995d_c9bb_df19_39fa);
        }
    }

    #[test]
    fn every_check_and_many_blocks_and_streams_are_read() {
        use lzma_rust2::CheckType::{Crc32, Crc64, None, Sha256};
        let text: Vec<u8> =
            (0..50_000_u32).flat_map(|n| format!("line {}\n", n * n % 977).into_bytes()).collect();
        for check in [None, Crc32, Crc64, Sha256] {
            for block in [Option::None, Some(100_000)] {
                let one = encode(&text, check, block);
                assert_eq!(decode(&one).unwrap(), text);
                let two = [one.as_slice(), &[0; 8], &one, &encode(b"", check, block)].concat();
                assert_eq!(decode(&two).unwrap(), [text.as_slice(), &text].concat());
            }
        }
    }

    #[test]
    fn a_wrong_sum_is_seen() {
        let text = b"some text that is stored as it stands".repeat(3);
        let mut bytes = encode(&text, lzma_rust2::CheckType::Crc64, None);
        let check = bytes.len() - 12 - 8 - 8;
        for at in [check, bytes.len() - 30, bytes.len() - 16, bytes.len() - 1, 8] {
            bytes[at] ^= 1;
            assert!(decode(&bytes).is_err(), "{at}");
            bytes[at] ^= 1;
        }
        assert_eq!(decode(&bytes).unwrap(), text);
    }

    #[test]
    fn other_filters_are_left_to_the_crate() {
        let mut options = lzma_rust2::XzOptions::with_preset(1);
        options.prepend_pre_filter(lzma_rust2::FilterType::Delta, 4);
        let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
        io::Write::write_all(&mut writer, b"with a filter").unwrap();
        assert_eq!(decode(&writer.finish().unwrap()).unwrap(), b"with a filter");
    }
}
