//! Counts by ascending step, a byte each: its high bits say how far the next step is, its low bits how
//! often it came. What is too large for its bits follows as a number.
//!
//! How the bits are shared is chosen for each run, so that little follows. Any bytes are a run: the
//! first that is not whole ends it.

use super::columns::{Column, Reader, Writer, put as follow, take};

/// How many bits the count has, and where runs stand that share bits so: few steps far from one
/// another, and many near ones.
const SHARES: [u32; 3] = [2, 4, 6];

/// Nothing came more often, so that no sum overflows.
const MOST: u64 = 1 << 40;

/// Where the lengths of runs stand, and runs by how they share bits.
pub(super) type Columns = [Column; 4];

/// Writes counts by ascending step, of which none is below `first`.
pub(super) fn put(
    out: &mut Writer,
    [length, columns @ ..]: Columns,
    first: u64,
    steps: impl Iterator<Item = (u64, u64)> + Clone,
) {
    let runs = SHARES.map(|bits| bytes_of(bits, first, steps.clone()));
    let shared = runs.iter().zip(0..).min_by_key(|(bytes, share)| (bytes.len(), *share));
    if let Some((bytes, share)) = shared {
        out.count(length, bytes.len() * SHARES.len() + share);
        if let Some(column) = columns.get(share) {
            out.raw(*column, bytes);
        }
    }
}

fn bytes_of(bits: u32, first: u64, steps: impl Iterator<Item = (u64, u64)>) -> Vec<u8> {
    let (most_rise, most) = (u64::from(u8::MAX >> bits), (1 << bits) - 1);
    let (mut bytes, mut next) = (Vec::new(), first);
    for (step, count) in steps.filter(|(_, count)| *count > 0) {
        let (rise, more) = (step.saturating_sub(next), count - 1);
        bytes.push((rise.min(most_rise) << bits | more.min(most)).to_le_bytes()[0]);
        if rise >= most_rise {
            follow(&mut bytes, rise - most_rise);
        }
        if more >= most {
            follow(&mut bytes, more - most);
        }
        next = step + 1;
    }
    bytes
}

/// Counts by ascending step as they stand in the bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Runs<'a> {
    bytes: &'a [u8],
    first: u64,
    bits: u32,
}

impl<'a> Runs<'a> {
    /// Counts whose steps are not below `first`.
    pub(super) fn read(
        from: &mut Reader<'a>,
        [length, columns @ ..]: Columns,
        first: u64,
    ) -> Option<Self> {
        let (length, shares) = (from.count(length)?, SHARES.len());
        let bits = *SHARES.get(length % shares)?;
        let bytes = from.raw(*columns.get(length % shares)?, length / shares)?;
        Some(Self { bytes, first, bits })
    }
}

impl<'a> IntoIterator for Runs<'a> {
    type Item = (u64, u64);
    type IntoIter = Steps<'a>;

    fn into_iter(self) -> Steps<'a> {
        let Self { bytes, first, bits } = self;
        Steps { bytes, next: first, bits, most_rise: u8::MAX >> bits, most: (1 << bits) - 1 }
    }
}

/// Steps and their counts.
#[derive(Clone, Debug)]
pub(super) struct Steps<'a> {
    bytes: &'a [u8],
    next: u64,
    bits: u32,
    most_rise: u8,
    most: u8,
}

impl Iterator for Steps<'_> {
    type Item = (u64, u64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        let (rise, more) = (byte >> self.bits, byte & self.most);
        let (mut step, mut count) = (self.next.saturating_add(rise.into()), u64::from(more) + 1);
        if rise == self.most_rise {
            step = step.saturating_add(take(&mut self.bytes)?);
        }
        if more == self.most {
            count = take(&mut self.bytes)?.min(MOST) + u64::from(self.most) + 1;
        }
        self.next = step.saturating_add(1);
        Some((step, count))
    }
}
