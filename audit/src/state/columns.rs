//! The bytes of a state: columns of numbers, one for each thing that rows say.
//!
//! What is alike stands together, so that it deflates well, and a row is read without a copy of it.
//! A column that ends early is damage; nothing is taken for as long as its row is not whole.

macro_rules! columns {
    ($($name:ident),* $(,)?) => {
        /// What stands together, in the order of the file.
        #[derive(Clone, Copy, Debug)]
        pub(super) enum Column { $($name),* }

        const COLUMNS: usize = [$(Column::$name),*].len();
    };
}
columns! {
    Head, Sample, TextShared, TextLength, Text, Kind,
    // Users, clients, series.
    User, Limit, SeriesKind, Hash,
    // Tallies.
    Flags, Requests, Codes, Failures, LatencySum, Excused, Slowest, Lists, Watches, First, Last, DryRuns,
    // Counts in ascending steps.
    HistogramFirst, HistogramLength, HistogramSparse, Histogram, HistogramDense,
    TimelineHead, TimelineLength, TimelineSparse, Timeline, TimelineDense,
    // Names and their counts.
    Names, NameCount,
    // Objects that were read.
    Objects, ObjectResource, ObjectNamespace, ObjectName, ObjectCount, ObjectFlags, ObjectFirst, ObjectLast,
    // Flat tables.
    RowHead, KeyA, KeyB, KeyC, KeyD, KeyE, KeyF, Sightings, SeenFirst, SeenLast,
    BinHead, BinSum, BinMax,
    // Open requests.
    Owner, OwnerUser, OwnerAgent, OwnerResource, OwnerNamespace, Started, Ids,
    // The low bits of times, in which there is no pattern.
    Low,
}

/// So many low bits of a time are noise.
const NOISE: u32 = 16;

/// Sums of numbers below this do not overflow.
pub(super) const COUNTER: u64 = 1 << 56;

/// Times and slots of time are far below this, so that sums and differences do not overflow.
const TIME: i64 = 1 << 58;

/// Columns that are being written.
#[derive(Debug)]
pub(super) struct Writer {
    columns: [Vec<u8>; COLUMNS],
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { columns: [const { Vec::new() }; COLUMNS] }
    }

    pub(super) fn number(&mut self, to: Column, value: u64) {
        if let Some(column) = self.columns.get_mut(to as usize) {
            put(column, value);
        }
    }

    pub(super) fn numbers<const N: usize>(&mut self, to: Column, values: [u64; N]) {
        for value in values {
            self.number(to, value);
        }
    }

    pub(super) fn count(&mut self, to: Column, count: usize) {
        self.number(to, count as u64);
    }

    pub(super) fn signed(&mut self, to: Column, value: i64) {
        self.number(to, zigzag(value));
    }

    pub(super) fn raw(&mut self, to: Column, bytes: &[u8]) {
        if let Some(column) = self.columns.get_mut(to as usize) {
            column.extend_from_slice(bytes);
        }
    }

    /// A time as its distance from another.
    pub(super) fn time(&mut self, to: Column, time: i64, from: i64) {
        let far = zigzag(time.wrapping_sub(from));
        self.number(to, far >> NOISE);
        let [low, high, ..] = far.to_le_bytes();
        self.raw(Column::Low, &[low, high]);
    }

    /// The lengths of all columns, then the columns.
    pub(super) fn finish(&self, out: &mut Vec<u8>) {
        for column in &self.columns {
            put(out, column.len() as u64);
        }
        for column in &self.columns {
            out.extend_from_slice(column);
        }
    }
}

/// A number of seven bits a byte.
pub(super) fn put(out: &mut Vec<u8>, mut rest: u64) {
    while rest >= 0x80 {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

/// A number that is small when the value is near zero.
fn zigzag(value: i64) -> u64 {
    value.cast_unsigned() << 1 ^ (value >> 63).cast_unsigned()
}

/// A number of seven bits a byte, taken off the front.
#[inline]
pub(super) fn take(from: &mut &[u8]) -> Option<u64> {
    let (byte, rest) = from.split_first()?;
    *from = rest;
    if byte & 0x80 == 0 { Some(u64::from(*byte)) } else { take_more(*byte, from) }
}

fn take_more(first: u8, from: &mut &[u8]) -> Option<u64> {
    let mut value = u64::from(first & 0x7f);
    for shift in (7..64).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// What is still to be read of each column. A copy of it begins again where it was made.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    columns: [&'a [u8]; COLUMNS],
}

impl<'a> Reader<'a> {
    /// The columns that bytes hold; none when they are not as long as they say.
    pub(super) fn of(mut bytes: &'a [u8]) -> Option<Self> {
        let mut lengths = [0; COLUMNS];
        for length in &mut lengths {
            *length = usize::try_from(take(&mut bytes)?).ok()?;
        }
        let mut columns = [&[][..]; COLUMNS];
        for (column, length) in columns.iter_mut().zip(lengths) {
            (*column, bytes) = bytes.split_at_checked(length)?;
        }
        bytes.is_empty().then_some(Self { columns })
    }

    /// Whether everything was read.
    pub(super) fn is_done(&self) -> bool {
        self.columns.iter().all(|column| column.is_empty())
    }

    #[inline]
    pub(super) fn number(&mut self, from: Column) -> Option<u64> {
        take(self.columns.get_mut(from as usize)?)
    }

    /// A number so small that no sum of many overflows.
    #[inline]
    pub(super) fn counter(&mut self, from: Column) -> Option<u64> {
        self.number(from).filter(|count| *count < COUNTER)
    }

    /// How many things follow. Each takes a byte at least, but nothing is reserved by it.
    pub(super) fn count(&mut self, from: Column) -> Option<usize> {
        usize::try_from(self.counter(from)?).ok()
    }

    pub(super) fn narrow<T: TryFrom<u64>>(&mut self, from: Column) -> Option<T> {
        T::try_from(self.number(from)?).ok()
    }

    /// One of the things that a list holds.
    pub(super) fn one_of<T: Copy>(&mut self, from: Column, all: &[T]) -> Option<T> {
        all.get(self.narrow::<usize>(from)?).copied()
    }

    #[inline]
    pub(super) fn signed(&mut self, from: Column) -> Option<i64> {
        let value = self.number(from)?;
        time_within((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    pub(super) fn raw(&mut self, from: Column, length: usize) -> Option<&'a [u8]> {
        let column = self.columns.get_mut(from as usize)?;
        let (bytes, rest) = column.split_at_checked(length)?;
        *column = rest;
        Some(bytes)
    }

    pub(super) fn time(&mut self, column: Column, from: i64) -> Option<i64> {
        let high = self.number(column)?.checked_mul(1 << NOISE)?;
        let low = self.raw(Column::Low, 2)?.first_chunk::<2>()?;
        let far = high | u64::from(u16::from_le_bytes(*low));
        time_within(from.checked_add((far >> 1).cast_signed() ^ -(far & 1).cast_signed())?)
    }

    /// Eight bytes as they are.
    pub(super) fn word(&mut self, from: Column) -> Option<u64> {
        self.raw(from, 8)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
    }
}

fn time_within(time: i64) -> Option<i64> {
    Some(time).filter(|time| (-TIME..TIME).contains(time))
}
