//! When a client began to ask for more, and which client was the one that collected the bundle.

use std::collections::BTreeSet;

use crate::event::Verb;
use crate::summary::{ClientSummary, Rate};
use crate::timeline::Timeline;

/// A rise of a rate must be this much to be an onset.
const RISE: u64 = 3;
/// Fewer requests after the rise say nothing.
const ENOUGH: u64 = 30;
/// Slots before the rise that are needed to know what was usual.
const BEFORE: usize = 3;
/// Micro-seconds of a slot, and the slots of a minute.
const STEP: i64 = 5_000_000;
const MINUTE: i64 = 12;
/// Seconds that tell a burst from a moment.
const TOGETHER: i64 = 60;
/// A collector reads at least this many kinds of objects …
const KINDS: usize = 12;
/// … within this many micro-seconds before the end of the log.
const SPAN: i64 = 15 * 60 * 1_000_000;

/// The moment from which a rate was much higher than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Onset {
    /// Start of the first high slot.
    pub time: i64,
    /// Thousandths of a request a minute before and after.
    pub before: u64,
    pub after: u64,
}

/// The slot that parts the window best into a low and a high half; none when nothing rose.
pub(crate) fn onset(rate: &Rate, window: Option<(i64, i64)>) -> Option<Onset> {
    let (first, last) = window?;
    let width = rate.slot_seconds.checked_mul(1_000_000).filter(|width| *width > 0)?;
    let from = first.div_euclid(width);
    let slots = usize::try_from(last.div_euclid(width) - from + 1)
        .ok()
        .filter(|slots| *slots <= 1 << 16)?;
    let mut counts = vec![0_u64; slots];
    for (start, count) in &rate.slots {
        let index = usize::try_from(start.div_euclid(width) - from).ok();
        if let Some(slot) = index.and_then(|index| counts.get_mut(index)) {
            *slot += count;
        }
    }
    let total: u64 = counts.iter().sum();
    let (mut best, mut before_sum) = (None::<(u128, usize, u64)>, 0_u64);
    for (index, count) in counts.iter().enumerate() {
        if index >= BEFORE {
            let (low, high) = (index as u128, (slots - index) as u128);
            let after = u128::from(total - before_sum) * low;
            let before = u128::from(before_sum) * high;
            // Between-class variance times low · high · slots², which has no fraction.
            if let Some(rise) = after.checked_sub(before) {
                let score = squared_over(rise, low * high);
                if best.is_none_or(|(known, ..)| score > known) {
                    best = Some((score, index, before_sum));
                }
            }
        }
        before_sum += count;
    }
    let (_, index, before_sum) = best?;
    let per_minute = |sum: u64, slots: usize| {
        sum * 60_000 / (slots as u64 * rate.slot_seconds.unsigned_abs()).max(1)
    };
    let (before, after) =
        (per_minute(before_sum, index), per_minute(total - before_sum, slots - index));
    if total - before_sum < ENOUGH || after < before.saturating_mul(RISE) {
        return None;
    }
    let high = High { sum: total - before_sum, slots: (slots - index) as u64 };
    let together = usize::try_from(TOGETHER / rate.slot_seconds).unwrap_or(1).max(1);
    let index = high.ramp(&counts, high.burst(&counts, index, together), together);
    let before = per_minute(counts.iter().take(index).sum(), index);
    let time = (from + i64::try_from(index).ok()?) * width;
    Some(Onset { time: time.max(first), before, after })
}

/// The rate after a rise: so many requests in so many slots.
#[derive(Clone, Copy)]
struct High {
    sum: u64,
    slots: u64,
}

impl High {
    /// Whether the mean of some slots is so many quarters of it.
    fn reaches(self, sum: u64, slots: usize, quarters: u64) -> bool {
        let (sum, high) = (u128::from(sum) * 4, u128::from(self.sum) * u128::from(quarters));
        sum * u128::from(self.slots) >= high * slots as u128
    }

    /// Where it was first nearly as high for as long as a minute: what comes in bursts began with the first.
    fn burst(self, counts: &[u64], index: usize, together: usize) -> usize {
        let sum = |slots: &[u64]| slots.iter().sum::<u64>();
        let mut before = counts.get(..BEFORE).map_or(0, sum);
        let mut within = counts.get(BEFORE..BEFORE + together).map_or(u64::MAX, sum);
        for start in BEFORE..index.saturating_sub(together) {
            // Much more than before, too.
            let rises = self.reaches(before.saturating_mul(RISE), start, 4);
            if self.reaches(within, together, 3) && (before == 0 || !rises) {
                let mut slots = start..start + together;
                let high =
                    |slot: &usize| self.reaches(counts.get(*slot).copied().unwrap_or(0), 1, 2);
                return slots.find(high).unwrap_or(start);
            }
            let count = |slot: usize| counts.get(slot).copied().unwrap_or(0);
            before += count(start);
            within = (within + count(start + together)).saturating_sub(count(start));
        }
        index
    }

    /// Where what rises slowly was a third as high, and well above what it was before.
    fn ramp(self, counts: &[u64], mut index: usize, together: usize) -> usize {
        let sum = |slots: &[u64]| slots.iter().sum::<u64>();
        let mut before = counts.get(..index.saturating_sub(together)).map_or(0, sum);
        let mut within = counts.get(index.saturating_sub(together)..index).map_or(0, sum);
        while let Some(start) = index.checked_sub(together).filter(|start| *start >= BEFORE)
            && self.reaches(within.saturating_mul(RISE), together, 4)
            && u128::from(within) * start as u128 >= u128::from(before) * 2 * together as u128
        {
            let count = |slot: usize| counts.get(slot).copied().unwrap_or(0);
            index -= 1;
            within = (within + count(start - 1)).saturating_sub(count(index));
            before -= count(start - 1).min(before);
        }
        index
    }
}

/// The window without what only slow requests reach back to, which ended in the log and came in before it: rates
/// are known from when on half as much came in as in the minute after and more.
pub(crate) fn full_from<'a, const LIMIT: usize>(
    window: Option<(i64, i64)>,
    paces: impl Iterator<Item = &'a Timeline<u64, 5, LIMIT>>,
) -> Option<(i64, i64)> {
    let (first, last) = window?;
    let mut counts = [0_u64; 24];
    let start = first.div_euclid(STEP);
    for pace in paces {
        let width = 1_i64 << pace.doublings.min(32);
        for (slot, count) in &pace.slots {
            let from = slot.saturating_mul(width).saturating_sub(start);
            let within = from.max(0)..from.saturating_add(width).min(2 * MINUTE);
            for index in within {
                if let Some(sum) = usize::try_from(index).ok().and_then(|at| counts.get_mut(at)) {
                    *sum += count / width.unsigned_abs();
                }
            }
        }
    }
    let (early, usual) = counts.split_at(counts.len() / 2);
    let usual: u64 = usual.iter().sum();
    let full =
        early.iter().position(|count| count * 2 * MINUTE.unsigned_abs() >= usual).unwrap_or(0);
    let from = (start + i64::try_from(full).unwrap_or(0)).saturating_mul(STEP);
    Some((first.max(from).min(last), last))
}

/// Marks the requests of whoever collected the bundle: our own agent, or a person with kubectl who
/// read everything at the end.
pub(crate) fn collects(clients: &mut [ClientSummary], window: Option<(i64, i64)>) {
    let end = window.map_or(0, |(_, last)| last);
    for client in clients {
        client.collector =
            client.agent.starts_with("konspect-collect") || reads_everything(client, end);
    }
}

/// The square of a number divided by another: what fits into a word is divided many times faster.
fn squared_over(number: u128, by: u128) -> u128 {
    match (u32::try_from(number), u64::try_from(by)) {
        (Ok(number), Ok(by)) => u128::from(u64::from(number) * u64::from(number) / by),
        _ => number.saturating_mul(number) / by,
    }
}

fn reads_everything(client: &ClientSummary, end: i64) -> bool {
    let person = !client.user.starts_with("system:") || client.user == "system:admin";
    if !person || !client.agent.starts_with("kubectl") {
        return false;
    }
    let Some(last) = client.total.last.filter(|last| end - last < SPAN) else { return false };
    let kinds: BTreeSet<&str> = client
        .series
        .iter()
        .filter(|row| {
            row.verb == Verb::List && row.tally.first.is_some_and(|(first, _)| last - first < SPAN)
        })
        .map(|row| row.resource.as_str())
        .collect();
    let writes: u64 = client
        .series
        .iter()
        .filter(|row| row.verb.mutates() && !reviews(&row.resource))
        .map(|row| row.tally.requests)
        .sum();
    kinds.len() >= KINDS && writes == 0
}

/// Questions about permissions are asked by creating an object that is not stored.
pub(crate) fn reviews(resource: &str) -> bool {
    resource.starts_with("authorization.k8s.io/") || resource.starts_with("authentication.k8s.io/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(counts: &[u64]) -> (Rate, Option<(i64, i64)>) {
        let slots = counts
            .iter()
            .enumerate()
            .map(|(slot, count)| (i64::try_from(slot).unwrap() * 60_000_000, *count))
            .collect();
        (
            Rate { slot_seconds: 60, slots },
            Some((0, i64::try_from(counts.len()).unwrap() * 60_000_000 - 1)),
        )
    }

    #[test]
    fn a_rise_has_an_onset() {
        let (rate, window) = rate(&[10, 12, 9, 11, 10, 200, 210, 190, 205]);
        assert_eq!(
            onset(&rate, window),
            Some(Onset { time: 300_000_000, before: 10_400, after: 201_250 })
        );
    }

    #[test]
    fn squares_are_divided_alike_in_one_word_and_in_two() {
        let most = u128::from(u32::MAX);
        for number in [0, 1, 77_777, most, most + 1, u128::MAX] {
            for by in [1, 6, most, u128::from(u64::MAX), u128::MAX] {
                assert_eq!(squared_over(number, by), number.saturating_mul(number) / by);
            }
        }
    }

    #[test]
    fn a_steady_client_has_none() {
        let (steady, window) = rate(&[200, 210, 190, 205, 201, 199, 204]);
        assert_eq!(onset(&steady, window), None);
        let (falling, window) = rate(&[200, 210, 190, 3, 2, 3, 2]);
        assert_eq!(onset(&falling, window), None);
    }

    #[test]
    fn what_comes_in_bursts_began_with_the_first() {
        let bursts = [0, 2, 1, 0, 0, 90, 100, 0, 1, 0, 0, 100, 110, 90, 100, 105, 110, 100];
        let (bursts, window) = rate(&bursts);
        assert_eq!(onset(&bursts, window).map(|onset| onset.time), Some(300_000_000));
        // A moment that was half as loud is none of them.
        let (moment, window) = rate(&[0, 2, 1, 0, 0, 55, 0, 0, 1, 0, 0, 100, 110, 90, 100, 105]);
        assert_eq!(onset(&moment, window).map(|onset| onset.time), Some(660_000_000));
    }

    #[test]
    fn what_rises_slowly_began_when_it_was_a_third_as_high() {
        let slow = [
            0, 0, 0, 0, 0, 0, 20, 40, 60, 62, 64, 66, 68, 120, 120, 120, 120, 120, 120, 120, 120,
            120, 120, 120, 120,
        ];
        let (slow, window) = rate(&slow);
        let onset = onset(&slow, window).unwrap();
        assert_eq!((onset.time, onset.after), (420_000_000, 120_000));
    }

    /// What is always there is no slow rise, however near to a third it comes.
    #[test]
    fn a_third_that_was_always_there_is_no_rise() {
        let mut counts = vec![39; 12];
        counts.extend([120; 8]);
        let (steady, window) = rate(&counts);
        assert_eq!(onset(&steady, window).map(|onset| onset.time), Some(720_000_000));
    }

    #[test]
    fn a_new_client_begins_at_its_first_request() {
        let (mut young, window) = rate(&[0, 0, 0, 0, 50, 60]);
        young.slots.retain(|(_, count)| *count > 0);
        assert_eq!(
            onset(&young, window).map(|onset| (onset.time, onset.before)),
            Some((240_000_000, 0))
        );
    }
}
