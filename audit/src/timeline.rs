//! Values by time slot in bounded memory: when there are too many slots, neighbours are joined.
//!
//! The width that results depends only on which times were seen, not on their order, so timelines
//! merge exactly.

/// So many of the last slots are looked at before the others are searched.
const NEAR: usize = 6;

/// What one slot holds.
pub(crate) trait Slot: Clone + Default {
    fn merge(&mut self, other: &Self);
}

impl Slot for u64 {
    fn merge(&mut self, other: &Self) {
        *self += other;
    }
}

/// Slots of `SECONDS · 2^doublings` seconds, at most `LIMIT` of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timeline<S, const SECONDS: i64, const LIMIT: usize> {
    pub(crate) doublings: u8,
    /// Ascending by slot number.
    pub(crate) slots: Vec<(i64, S)>,
}

impl<S: Slot, const SECONDS: i64, const LIMIT: usize> Timeline<S, SECONDS, LIMIT> {
    /// The slot of a time in micro-seconds.
    pub(crate) fn slot(&mut self, micros: i64) -> &mut S {
        // Joining before looking up keeps the borrow simple: one slot more than the limit may stand.
        while self.slots.len() > LIMIT {
            self.double();
        }
        let key = micros.div_euclid(SECONDS * 1_000_000) >> self.doublings;
        let at = match self.slots.last() {
            Some((last, _)) if *last == key => self.slots.len() - 1,
            Some((last, _)) if *last < key => {
                self.slots.push((key, S::default()));
                self.slots.len() - 1
            }
            _ => {
                // Times go back and forth, but not far.
                let near = self.slots.len().saturating_sub(NEAR);
                let last = self.slots.get(near..).unwrap_or_default();
                match last.iter().rposition(|(slot, _)| *slot == key) {
                    Some(at) => near + at,
                    None => self.slots.binary_search_by_key(&key, |(key, _)| *key).unwrap_or_else(
                        |at| {
                            self.slots.insert(at, (key, S::default()));
                            at
                        },
                    ),
                }
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the slot was found or made just now")]
        &mut self.slots[at].1
    }

    fn double(&mut self) {
        if self.doublings >= 40 {
            self.slots.truncate(LIMIT);
            return;
        }
        self.doublings += 1;
        for (key, _) in &mut self.slots {
            *key >>= 1;
        }
        self.slots.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1.merge(&later.1);
            }
            same
        });
    }

    /// Joins slots until the limit holds.
    pub(crate) fn settle(&mut self) {
        while self.slots.len() > LIMIT {
            self.double();
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        let slots = other.slots.iter().map(|(key, slot)| (*key, slot));
        self.take(other.doublings, slots, S::merge);
    }

    /// Takes slots that others counted, in ascending order; `add` adds what one of them holds.
    pub(crate) fn take<T>(
        &mut self,
        doublings: u8,
        slots: impl Iterator<Item = (i64, T)>,
        mut add: impl FnMut(&mut S, T),
    ) {
        while self.doublings < doublings {
            self.double();
        }
        let joined = u32::from(self.doublings - doublings);
        let mut at = 0;
        for (key, slot) in slots {
            let key = key >> joined;
            // Where no slot is missing, the next ones stand as far away as their numbers say.
            if let Some((known, _)) = self.slots.get(at)
                && let Ok(away) = usize::try_from(key.saturating_sub(*known))
                && self.slots.get(at.saturating_add(away)).is_some_and(|(known, _)| *known == key)
            {
                at += away;
            }
            while self.slots.get(at).is_some_and(|(known, _)| *known < key) {
                at += 1;
            }
            if self.slots.get(at).is_none_or(|(known, _)| *known > key) {
                self.slots.insert(at, (key, S::default()));
            }
            if let Some((_, sum)) = self.slots.get_mut(at) {
                add(sum, slot);
            }
        }
        self.settle();
    }

    /// The width of a slot in seconds.
    pub(crate) fn width(&self) -> i64 {
        SECONDS << self.doublings
    }

    /// Start of each slot in micro-seconds, and what it holds; a list of counts keeps its memory.
    pub(crate) fn into_slots(self) -> impl Iterator<Item = (i64, S)> {
        let micros = self.width() * 1_000_000;
        self.slots.into_iter().map(move |(key, slot)| (key.saturating_mul(micros), slot))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Small = Timeline<u64, 60, 8>;

    fn of(times: &[i64]) -> Small {
        let mut line = Small::default();
        for time in times {
            *line.slot(*time * 1_000_000) += 1;
        }
        line.settle();
        line
    }

    proptest! {
        #[test]
        fn order_and_grouping_do_not_matter(times in prop::collection::vec(1_000_000_000_i64..1_000_100_000, 0..60), cut in 0_usize..60) {
            let whole = of(&times);
            let (left, right) = times.split_at(cut.min(times.len()));
            let (mut one, mut two) = (of(left), of(right));
            let copy = one.clone();
            for (mut into, from) in [(one.clone(), &two), (two.clone(), &one)] {
                into.take(from.doublings, from.slots.iter().copied(), |sum, count| *sum += count);
                prop_assert_eq!(&into, &whole);
            }
            one.merge(&two);
            two.merge(&copy);
            prop_assert_eq!(&one, &whole);
            prop_assert_eq!(&two, &whole);
            prop_assert!(whole.slots.len() <= 8);
            prop_assert_eq!(whole.slots.iter().map(|(_, count)| count).sum::<u64>(), times.len() as u64);
        }
    }
}
