//! Remembers which (audit ID, stage) pairs were counted, so that overlapping files count once.
//!
//! Shared by all workers of one analysis; 48 bits of each pair's hash are kept in four bytes and
//! the place, so sixteen million pairs fit into some 80 MiB and less than one is lost by chance.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::budget::mix;

const SHARDS: usize = 1 << 16;
const LOCKS: usize = 1 << 8;

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

    /// Whether the pair is new.
    pub(crate) fn first(&self, audit_id: u64, stage: u8) -> bool {
        let hash = mix(audit_id ^ u64::from(stage), 0x2d35_8dcc_aa6c_78a5);
        let [a, b, c, d, lock, shard, ..] = hash.to_le_bytes();
        let value = u32::from_le_bytes([a, b, c, d]).max(1);
        let Some(mutex) = self.locks.get(usize::from(lock)) else {
            return true;
        };
        let mut shards = mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(shard) = shards.get_mut(usize::from(shard)) else {
            return true;
        };
        match shard.insert(value, self.left.load(Ordering::Relaxed) > 0) {
            Inserted::New => {
                self.left.fetch_sub(1, Ordering::Relaxed);
                true
            }
            Inserted::Known => false,
            Inserted::Full => {
                self.unremembered.fetch_add(1, Ordering::Relaxed);
                true
            }
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

    #[test]
    fn every_pair_is_new_once() {
        let seen = Seen::default();
        for round in 0..2 {
            for id in 0..200_000_u64 {
                let hash = crate::budget::hash(0, &id.to_le_bytes());
                assert_eq!(seen.first(hash, 3), round == 0, "{id}");
            }
        }
        assert_eq!(seen.unremembered(), 0);
    }

    #[test]
    fn the_limit_is_said() {
        let seen = Seen::with_limit(10);
        let fresh = (0..100_u64)
            .filter(|id| seen.first(crate::budget::hash(0, &id.to_le_bytes()), 3))
            .count();
        assert_eq!(fresh, 100);
        assert_eq!(seen.unremembered(), 90);
        assert!(!seen.first(crate::budget::hash(0, &0_u64.to_le_bytes()), 3));
    }
}
