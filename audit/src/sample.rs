//! A sample of the events that were counted, by which inputs that hold the same ones are told.
//!
//! It keeps the smallest hashes of audit ID and stage: what two samples of the same log keep is the
//! same, whatever the files are called, in which form they came and how they were compressed.

use std::collections::BTreeMap;

use konspect_bundle::Span;

/// So many hashes are kept: some seven KiB of a state.
pub(crate) const KEPT: usize = 1024;

/// The smallest hashes of the events of an input.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// At most twice as many as are kept, in no order, until it is settled.
    hashes: Vec<u64>,
    /// Those beyond it are not among the smallest.
    limit: u64,
}

impl Default for Sample {
    fn default() -> Self {
        Self { hashes: Vec::new(), limit: u64::MAX }
    }
}

impl Sample {
    /// Notes an event.
    #[inline]
    pub(crate) fn see(&mut self, hash: u64) {
        if hash < self.limit {
            self.take(hash);
        }
    }

    #[cold]
    fn take(&mut self, hash: u64) {
        self.hashes.push(hash);
        if self.hashes.len() >= 2 * KEPT {
            self.settle();
        }
    }

    /// Notes all that another saw.
    pub(crate) fn merge(&mut self, other: &Self) {
        for hash in &other.hashes {
            self.see(*hash);
        }
    }

    /// Leaves the smallest hashes, in their order.
    pub(crate) fn settle(&mut self) {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.hashes.truncate(KEPT);
        if let Some(last) = self.hashes.get(KEPT - 1) {
            self.limit = *last;
        }
    }

    /// The hashes that are kept, ascending.
    pub(crate) fn settled(mut self) -> Vec<u64> {
        self.settle();
        self.hashes
    }
}

/// An input that counts events which another counts as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Overlap {
    /// The state.
    pub at: Span,
    /// The other state; none when it is the logs.
    pub other: Option<Span>,
    /// About so many percent of the events of the state that `other` holds are counted twice, at
    /// least one.
    pub percent: u8,
}

/// Which states hold events of the logs, or of another state that stands before them.
pub(crate) fn overlaps(logs: Sample, states: Vec<(Span, Sample)>) -> Vec<Overlap> {
    let mut inputs: Vec<(Option<Span>, Vec<u64>)> =
        states.into_iter().map(|(at, sample)| (Some(at), sample.settled())).collect();
    inputs.push((None, logs.settled()));
    // The logs stand first, states in the order of their places.
    inputs.sort_by_key(|(at, _)| *at);
    let mut holders: BTreeMap<u64, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (number, (at, hashes)) in inputs.iter().enumerate() {
        let mut shared: BTreeMap<usize, u64> = BTreeMap::new();
        for hash in hashes {
            match holders.get(hash) {
                Some(holder) => *shared.entry(*holder).or_default() += 1,
                None => drop(holders.insert(*hash, number)),
            }
        }
        let most = shared.iter().max_by_key(|(holder, count)| (**count, usize::MAX - **holder));
        let (Some(at), Some((holder, count))) = (*at, most) else { continue };
        let Some((other, theirs)) = inputs.get(*holder) else { continue };
        // Beyond the last hash of a full sample nothing is known.
        let limit = if theirs.len() < KEPT { u64::MAX } else { *theirs.last().unwrap_or(&0) };
        let known = hashes.iter().filter(|hash| **hash <= limit).count() as u64;
        let percent = (count * 100).checked_div(known).unwrap_or(0).clamp(1, 100);
        found.push(Overlap { at, other: *other, percent: u8::try_from(percent).unwrap_or(100) });
    }
    found
}

#[cfg(test)]
mod tests {
    use konspect_bundle::ArtifactId;

    use super::*;
    use crate::budget::mix;

    fn sample(events: std::ops::Range<u64>) -> Sample {
        let mut sample = Sample::default();
        events.for_each(|event| sample.see(mix(event, 0x9e37_79b9_7f4a_7c15)));
        sample
    }

    fn at(artifact: u32) -> Span {
        Span { artifact: ArtifactId(artifact), start: 0, end: 1 }
    }

    #[test]
    fn the_order_of_events_does_not_matter() {
        let whole = sample(0..50_000).settled();
        assert_eq!(whole.len(), KEPT);
        let mut parts = sample(30_000..50_000);
        parts.merge(&sample(10_000..40_000));
        parts.merge(&sample(0..10_001));
        assert_eq!(parts.settled(), whole);
    }

    #[test]
    fn shared_events_are_told_whatever_the_sizes() {
        let states = vec![
            (at(4), sample(0..100_000)),
            // The half of it, and as much again.
            (at(7), sample(50_000..150_000)),
            // Nothing of anybody.
            (at(9), sample(200_000..300_000)),
            // All of it lies in the logs.
            (at(2), sample(500_000..520_000)),
        ];
        let logs = sample(400_000..600_000);
        let found = overlaps(logs, states);
        let [in_logs, half] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((in_logs.at, in_logs.other, in_logs.percent), (at(2), None, 100));
        assert_eq!((half.at, half.other), (at(7), Some(at(4))));
        assert!((45..=55).contains(&half.percent), "{half:?}");
    }

    #[test]
    fn small_inputs_are_known_whole() {
        let found =
            overlaps(Sample::default(), vec![(at(1), sample(0..10)), (at(2), sample(9..19))]);
        assert_eq!(found, [Overlap { at: at(2), other: Some(at(1)), percent: 10 }]);
    }
}
