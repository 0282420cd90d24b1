//! Log-linear histograms of micro-seconds: 64 steps an octave, merged exactly.
//!
//! The middle of a step is at most 0.8 % away from any value in it. Most series hold few values, so
//! the first ones are kept as a list of steps and counters come only after that.

use smallvec::SmallVec;

const FEW: usize = 256;

/// So many stand beside the counters, which takes no memory of its own.
const INLINE: usize = 12;

/// Counters come in groups, so that they grow seldom.
const GROUP: u16 = 32;

/// Counts of values by step.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    few: SmallVec<[u16; INLINE]>,
    /// The step of `counts[0]`.
    base: u16,
    counts: Vec<u32>,
}

impl Histogram {
    /// Takes one value.
    pub fn add(&mut self, value: u64) {
        self.add_step(step_of(value), 1);
    }

    fn add_step(&mut self, step: u16, count: u32) {
        if self.counts.is_empty() {
            if count == 1 && self.few.len() < FEW {
                self.few.push(step);
                return;
            }
            for step in std::mem::take(&mut self.few) {
                self.count(step, 1);
            }
        }
        self.count(step, count);
    }

    fn count(&mut self, step: u16, count: u32) {
        if self.counts.is_empty() {
            self.base = step - step % GROUP;
        }
        if step < self.base {
            let base = step - step % GROUP;
            let missing = usize::from(self.base - base);
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.base = base;
        }
        let index = usize::from(step - self.base);
        if index >= self.counts.len() {
            self.counts.resize((index / usize::from(GROUP) + 1) * usize::from(GROUP), 0);
        }
        if let Some(slot) = self.counts.get_mut(index) {
            *slot = slot.saturating_add(count);
        }
    }

    /// Takes all values of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for step in &other.few {
            self.add_step(*step, 1);
        }
        for (step, count) in (other.base..).zip(&other.counts).filter(|(_, count)| **count > 0) {
            self.add_step(step, *count);
        }
    }

    /// Takes so many values of each step; steps are at most `LAST_STEP`.
    pub(crate) fn take(&mut self, steps: impl Iterator<Item = (u16, u64)>) {
        for (step, count) in steps {
            let index = usize::from(step.wrapping_sub(self.base));
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            if let Some(slot) = self.counts.get_mut(index) {
                *slot = slot.saturating_add(count);
            } else if self.counts.is_empty() && count as usize <= FEW {
                (0..count).for_each(|_| self.add_step(step, 1));
            } else {
                self.add_step(step, count);
            }
        }
    }

    /// These values without some of them.
    pub(crate) fn without(&self, some: &Self) -> Self {
        let some: std::collections::BTreeMap<u16, u64> = some.steps().into_iter().collect();
        Self::from_steps(self.steps().into_iter().map(|(step, count)| {
            (step, count.saturating_sub(some.get(&step).copied().unwrap_or(0)))
        }))
    }

    /// Steps and counts in ascending order.
    pub fn steps(&self) -> Vec<(u16, u64)> {
        let mut steps: Vec<(u16, u64)> = Vec::new();
        let mut few = self.few.clone();
        few.sort_unstable();
        for step in few {
            match steps.last_mut() {
                Some((last, count)) if *last == step => *count += 1,
                _ => steps.push((step, 1)),
            }
        }
        steps.extend(
            (self.base..)
                .zip(&self.counts)
                .filter(|(_, count)| **count > 0)
                .map(|(step, count)| (step, u64::from(*count))),
        );
        steps
    }

    /// Rebuilds a histogram from its steps.
    pub fn from_steps(steps: impl IntoIterator<Item = (u16, u64)>) -> Self {
        let mut histogram = Self::default();
        histogram.take(steps.into_iter().filter(|(step, _)| *step <= LAST_STEP));
        histogram
    }

    /// How many values there are.
    pub fn total(&self) -> u64 {
        self.few.len() as u64 + self.counts.iter().map(|count| u64::from(*count)).sum::<u64>()
    }

    /// The value at each quantile, given in thousandths and in ascending order; none without values.
    pub fn quantiles<const N: usize>(&self, thousandths: [u64; N]) -> [Option<u64>; N] {
        let rank = |total: u64, thousandth: u64| (total * thousandth).div_ceil(1000).max(1);
        if self.counts.is_empty() {
            let mut few = self.few.clone();
            few.sort_unstable();
            return thousandths.map(|thousandth| {
                let rank = usize::try_from(rank(few.len() as u64, thousandth)).ok()?;
                few.get(rank - 1).copied().map(middle_of)
            });
        }
        let (mut counts, mut passed) = ((self.base..).zip(&self.counts), 0);
        let mut step = self.base;
        let total = self.total();
        thousandths.map(|thousandth| {
            let rank = rank(total, thousandth);
            while passed < rank {
                let (next, count) = counts.next()?;
                step = next;
                passed += u64::from(*count);
            }
            Some(middle_of(step))
        })
    }

    /// How many values are above a limit, up to the step that holds it.
    pub fn above(&self, limit: u64) -> u64 {
        let limit = step_of(limit);
        let few = self.few.iter().filter(|step| **step > limit).count() as u64;
        let counts = (self.base..).zip(&self.counts).filter(|(step, _)| *step > limit);
        few + counts.map(|(_, count)| u64::from(*count)).sum::<u64>()
    }
}

impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        self.steps() == other.steps()
    }
}

impl Eq for Histogram {}

pub(crate) const LAST_STEP: u16 = 57 * 64 + 127;

pub(crate) fn step_of(value: u64) -> u16 {
    let octave = (value | 63).ilog2().saturating_sub(5);
    let shift = octave.saturating_sub(1);
    u16::try_from(u64::from(shift) * 64 + (value >> shift)).unwrap_or(LAST_STEP)
}

fn middle_of(step: u16) -> u64 {
    let step = u64::from(step);
    if step < 128 {
        return step;
    }
    let shift = step / 64 - 1;
    ((step % 64 + 64) << shift) + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_are_gapless_and_reach_the_end() {
        assert_eq!(step_of(63), 63);
        assert_eq!(step_of(64), 64);
        assert_eq!(step_of(127), 127);
        assert_eq!(step_of(128), 128);
        assert_eq!(step_of(u64::MAX), LAST_STEP);
        for value in 1..100_000_u64 {
            assert!(step_of(value) - step_of(value - 1) <= 1, "{value}");
        }
    }

    proptest! {
        #[test]
        fn the_middle_is_near(value in 0_u64..u64::MAX / 2) {
            let middle = middle_of(step_of(value));
            prop_assert!(u128::from(middle.abs_diff(value)) * 1000 <= u128::from(value) * 8, "{} {}", middle, value);
        }

        #[test]
        fn merging_is_adding(left in prop::collection::vec(0_u64..1 << 40, 0..400), right in prop::collection::vec(0_u64..1 << 40, 0..400)) {
            let fold = |values: &[u64]| values.iter().fold(Histogram::default(), |mut sum, value| { sum.add(*value); sum });
            let (mut one, mut two) = (fold(&left), fold(&right));
            let together = fold(&[left, right].concat());
            let (a, b) = (one.clone(), two.clone());
            one.merge(&b);
            two.merge(&a);
            prop_assert_eq!(&one, &together);
            prop_assert_eq!(&two, &together);
            prop_assert_eq!(&Histogram::from_steps(together.steps()), &together);
        }

        #[test]
        fn quantiles_are_near_the_sorted_ones(mut values in prop::collection::vec(0_u64..1 << 40, 1..600)) {
            let mut histogram = Histogram::default();
            for value in &values {
                histogram.add(*value);
            }
            values.sort_unstable();
            let exact = values[(values.len() * 990).div_ceil(1000) - 1];
            let near = histogram.quantiles([990])[0].unwrap();
            prop_assert!(u128::from(near.abs_diff(exact)) * 1000 <= u128::from(exact) * 8);
        }
    }
}
