//! Counts by ascending step, a byte each: half of it says how far the next step is, half how often
//! it came. Larger ones follow as numbers.

use super::columns::{COUNTER, Column, Reader, Writer, put as follow, take};

/// A half that says that the number follows.
const MORE: u64 = 15;

/// Writes counts by ascending step, of which none is below `first`: how many bytes they are into one
/// column, the bytes into another.
pub(super) fn put(
    out: &mut Writer,
    [length, column]: [Column; 2],
    first: u64,
    steps: impl Iterator<Item = (u64, u64)>,
) {
    let mut bytes = Vec::new();
    let mut next = first;
    for (step, count) in steps.filter(|(_, count)| *count > 0) {
        let (rise, more) = (step.saturating_sub(next), count - 1);
        bytes.push((rise.min(MORE) << 4 | more.min(MORE)).to_le_bytes()[0]);
        if rise >= MORE {
            follow(&mut bytes, rise - MORE);
        }
        if more >= MORE {
            follow(&mut bytes, more - MORE);
        }
        next = step + 1;
    }
    out.count(length, bytes.len());
    out.raw(column, &bytes);
}

/// Counts by ascending step as they stand in the bytes; without one that is not whole.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Runs<'a> {
    bytes: &'a [u8],
    first: u64,
}

impl<'a> IntoIterator for Runs<'a> {
    type Item = (u64, u64);
    type IntoIter = Steps<'a>;

    fn into_iter(self) -> Steps<'a> {
        Steps { bytes: self.bytes, next: self.first }
    }
}

/// Steps and their counts.
#[derive(Clone, Debug)]
pub(super) struct Steps<'a> {
    bytes: &'a [u8],
    next: u64,
}

impl Iterator for Steps<'_> {
    type Item = (u64, u64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        let (mut rise, mut count) = (u64::from(byte >> 4), u64::from(byte & 15));
        if rise == MORE {
            rise = rise.saturating_add(take(&mut self.bytes)?);
        }
        if count == MORE {
            count = count.saturating_add(take(&mut self.bytes)?);
        }
        let step = self.next.saturating_add(rise);
        self.next = step.saturating_add(1);
        Some((step, count.saturating_add(1)))
    }
}

impl<'a> Runs<'a> {
    /// Counts whose steps are from `first` to `last`.
    pub(super) fn read(
        from: &mut Reader<'a>,
        [length, column]: [Column; 2],
        first: u64,
        last: u64,
    ) -> Option<Self> {
        let length = from.count(length)?;
        let runs = Self { bytes: from.raw(column, length)?, first };
        let (mut rest, mut sum) = (runs.into_iter(), 0_u64);
        while !rest.bytes.is_empty() {
            let (step, count) = rest.next()?;
            sum = sum.saturating_add(count);
            if step > last {
                return None;
            }
        }
        (sum < COUNTER).then_some(runs)
    }
}
