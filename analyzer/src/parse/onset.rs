//! When something began to happen often: the change point of counts in slots of time.
//!
//! A single early hit is not the onset of a burst an hour later.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Slots kept; when there are more, each becomes twice as wide.
const SLOTS: usize = 256;
/// Fewer hits after the rise say nothing.
const ENOUGH: u64 = 5;
/// The rate after must be this many times the rate before.
const RISE: u64 = 5;

/// Counts by slots of time.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    /// Seconds.
    width: i64,
    /// By `second / width`.
    slots: BTreeMap<i64, u64>,
}

impl Default for Rate {
    fn default() -> Self {
        Self { width: 60, slots: BTreeMap::new() }
    }
}

impl Rate {
    pub(crate) fn of(width: i64, slots: impl Iterator<Item = (i64, u64)>) -> Self {
        let mut rate = Self { width: width.max(1), slots: BTreeMap::new() };
        for (second, count) in slots {
            rate.count(second, count);
        }
        rate
    }

    pub(crate) fn add(&mut self, time: Timestamp, count: u64) {
        self.count(time.as_second(), count);
    }

    fn count(&mut self, second: i64, count: u64) {
        *self.slots.entry(second.div_euclid(self.width)).or_default() += count;
        while self.slots.len() > SLOTS {
            self.width = self.width.saturating_mul(2);
            let slots = std::mem::take(&mut self.slots);
            for (slot, count) in slots {
                *self.slots.entry(slot.div_euclid(2)).or_default() += count;
            }
        }
    }

    /// The start of the slot from which it happens much more often than before; none when it never rose.
    pub(crate) fn onset(&self) -> Option<Timestamp> {
        let (first, last) = (*self.slots.keys().next()?, *self.slots.keys().next_back()?);
        let total: u64 = self.slots.values().sum();
        let mut best: Option<(u128, i64, u64)> = None;
        let mut before = 0;
        for (slot, count) in &self.slots {
            // Slots between kept ones are empty: a rise begins only at one that is not.
            if *slot > first {
                let (low, high) = (slot.abs_diff(first), last.abs_diff(*slot) + 1);
                let after = u128::from(total - before) * u128::from(low);
                if let Some(rise) = after.checked_sub(u128::from(before) * u128::from(high)) {
                    let score =
                        rise.saturating_mul(rise) / (u128::from(low) * u128::from(high)).max(1);
                    if best.is_none_or(|(known, ..)| score > known) {
                        best = Some((score, *slot, before));
                    }
                }
            }
            before += count;
        }
        let (_, slot, before) = best?;
        let after = total - before;
        let (low, high) = (slot.abs_diff(first), last.abs_diff(slot) + 1);
        let risen = after >= ENOUGH
            && u128::from(after) * u128::from(low)
                >= u128::from(before) * u128::from(high) * u128::from(RISE);
        risen.then(|| Timestamp::from_second(slot.saturating_mul(self.width)).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(hits: &[(i64, u64)]) -> Rate {
        Rate::of(60, hits.iter().map(|(minute, count)| (minute * 60, *count)))
    }

    #[test]
    fn a_burst_begins_where_it_begins() {
        // One stray hit two hours before the burst.
        let burst: Vec<(i64, u64)> =
            std::iter::once((0, 1)).chain((120..130).map(|minute| (minute, 20))).collect();
        assert_eq!(rate(&burst).onset(), Timestamp::from_second(7200).ok());
        // An even rate, and a single slot, have no change point.
        let even: Vec<(i64, u64)> = (0..30).map(|minute| (minute, 10)).collect();
        assert_eq!(rate(&even).onset(), None);
        assert_eq!(rate(&[(7, 100)]).onset(), None);
    }

    #[test]
    fn weeks_of_slots_stay_few() {
        let long: Vec<(i64, u64)> = (0..20_000).map(|minute| (minute, 1)).collect();
        let rate = rate(&long);
        assert!(rate.slots.len() <= SLOTS);
        assert_eq!(rate.slots.values().sum::<u64>(), 20_000);
    }
}
