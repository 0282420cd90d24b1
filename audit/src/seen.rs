//! Remembers which (audit ID, stage) pairs were counted, so that overlapping files count once.
//!
//! Shared by all workers of one analysis; 48 bits of each pair's hash are kept in four bytes and
//! the place, so sixteen million pairs fit into some 80 MiB and less than one is lost by chance.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::budget::mix;
use crate::event::Stage;

const SHARDS: usize = 1 << 16;
const LOCKS: usize = 1 << 8;

/// What an event is remembered by.
pub(crate) fn pair(audit_id: u64, stage: Stage) -> u64 {
    mix(audit_id ^ stage as u64, 0x2d35_8dcc_aa6c_78a5)
}

/// The pairs counted so far.
#[derive(Debug)]
pub struct Seen {
    locks: Vec<Mutex<Vec<Shard>>>,
    left: AtomicU64,
    unremembered: AtomicU64,
}

/// An open-addressed table of the low halves of hashes; zero is an empty place.
#[derive(Clone, Debug, Default)]
struct Shard {
    places: Box<[u32]>,
    used: u32,
}

impl Default for Seen {
    fn default() -> Self {
        Self::with_limit(16 << 20)
    }
}

impl Seen {
    /// Remembers at most `limit` pairs; those beyond it are counted each time.
    pub fn with_limit(limit: u64) -> Self {
        let locks =
            (0..LOCKS).map(|_| Mutex::new(vec![Shard::default(); SHARDS / LOCKS])).collect();
        Self { locks, left: AtomicU64::new(limit), unremembered: AtomicU64::new(0) }
    }

    /// Whether a pair is new.
    pub(crate) fn first(&self, pair: u64) -> bool {
        let mut first = true;
        self.known(&[(pair, 0)], |_| first = false);
        first
    }

    /// Hands out the numbers of the pairs that are known. They are to come in the order of their first
    /// bits: then tables that have long left the cache are waited for once for many of them.
    pub(crate) fn known(&self, pairs: &[(u64, u32)], mut each: impl FnMut(u32)) {
        for pairs in pairs.chunk_by(|left, right| left.0 >> 56 == right.0 >> 56) {
            let lock = pairs.first().map_or(0, |(pair, _)| pair >> 56);
            let Some(mutex) = usize::try_from(lock).ok().and_then(|at| self.locks.get(at)) else {
                continue;
            };
            let (room, mut fresh, mut full) = (self.left.load(Ordering::Relaxed), 0, 0);
            let mut shards = mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            for (pair, number) in pairs {
                let [_, shard, a, b, c, d, ..] = pair.to_be_bytes();
                let Some(shard) = shards.get_mut(usize::from(shard)) else { continue };
                match shard.insert(u32::from_be_bytes([a, b, c, d]).max(1), fresh < room) {
                    Inserted::New => fresh += 1,
                    Inserted::Known => each(*number),
                    Inserted::Full => full += 1,
                }
            }
            self.left.fetch_sub(fresh, Ordering::Relaxed);
            self.unremembered.fetch_add(full, Ordering::Relaxed);
        }
    }

    /// How many pairs were counted without being remembered: duplicates of those count twice.
    pub fn unremembered(&self) -> u64 {
        self.unremembered.load(Ordering::Relaxed)
    }
}

enum Inserted {
    New,
    Known,
    Full,
}

impl Shard {
    fn insert(&mut self, value: u32, room: bool) -> Inserted {
        if (self.used as usize + 1) * 8 > self.places.len() * 7 && room {
            self.grow();
        }
        let length = self.places.len();
        let mut place = place_of(value, length);
        for _ in 0..length {
            match self.places.get_mut(place) {
                Some(0) if room => {
                    if let Some(free) = self.places.get_mut(place) {
                        *free = value;
                    }
                    self.used += 1;
                    return Inserted::New;
                }
                Some(found) if *found == value => return Inserted::Known,
                Some(0) | None => return Inserted::Full,
                Some(_) => place = if place + 1 == length { 0 } else { place + 1 },
            }
        }
        Inserted::Full
    }

    fn grow(&mut self) {
        let length = (self.places.len() + self.places.len() / 2).max(16);
        let old = std::mem::replace(&mut self.places, vec![0; length].into_boxed_slice());
        self.used = 0;
        for value in old.into_iter().filter(|value| *value != 0) {
            let mut place = place_of(value, length);
            while self.places.get(place).is_some_and(|found| *found != 0) {
                place = if place + 1 == length { 0 } else { place + 1 };
            }
            if let Some(free) = self.places.get_mut(place) {
                *free = value;
                self.used += 1;
            }
        }
    }
}

/// Spreads values over the places of a table whose length is no power of two.
fn place_of(value: u32, length: usize) -> usize {
    usize::try_from((u64::from(value) * length as u64) >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair_of(id: u64) -> u64 {
        pair(crate::budget::hash(0, &id.to_le_bytes()), Stage::ResponseComplete)
    }

    #[test]
    fn every_pair_is_new_once() {
        let seen = Seen::default();
        for round in 0..2 {
            for id in 0..200_000_u64 {
                assert_eq!(seen.first(pair_of(id)), round == 0, "{id}");
            }
        }
        assert_eq!(seen.unremembered(), 0);
    }

    #[test]
    fn the_limit_is_said() {
        let seen = Seen::with_limit(10);
        let fresh = (0..100_u64).filter(|id| seen.first(pair_of(*id))).count();
        assert_eq!(fresh, 100);
        assert_eq!(seen.unremembered(), 90);
        assert!(!seen.first(pair_of(0)));
    }

    #[test]
    fn many_at_once_are_told_as_one_by_one() {
        let (one, many) = (Seen::default(), Seen::default());
        let mut pairs: Vec<(u64, u32)> =
            (0..50_000_u32).map(|number| (pair_of(u64::from(number % 30_000)), number)).collect();
        let expected: Vec<u32> =
            pairs.iter().filter(|(pair, _)| !one.first(*pair)).map(|(_, number)| *number).collect();
        pairs.sort_unstable();
        let mut known = Vec::new();
        many.known(&pairs, |number| known.push(number));
        known.sort_unstable();
        assert_eq!(known, expected);
        assert_eq!(known.first(), Some(&30_000));
    }
}
