//! Tables of a bounded number of keys whose content does not depend on the order of arrival.
//!
//! A table keeps the keys with the smallest hashes. Whatever part of the input a worker sees, a key
//! that is among the smallest of the whole is among the smallest of the part, so its counts are
//! complete; the others spill into their parent's "other" and are reported as such.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Something that carries the hash of its key.
pub(crate) trait Keyed {
    fn hash(&self) -> u64;
}

/// Rows that keep the hash of their key in a field.
macro_rules! keyed {
    ($($name:ident),*) => {$(
        impl $crate::budget::Keyed for $name {
            fn hash(&self) -> u64 {
                self.hash
            }
        }
    )*};
}
pub(crate) use keyed;

/// A table of at most `capacity` keys, once trimmed.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    /// Boxed, so that growing moves pointers and not rows.
    rows: HashTable<Box<T>>,
    /// Keys with a greater hash are not taken.
    pub(crate) limit: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: HashTable::new(), limit: u64::MAX }
    }
}

impl<T: Keyed> Table<T> {
    /// The row of a key, made if it is missing; none when the key is beyond the limit.
    #[inline]
    pub(crate) fn row(
        &mut self,
        hash: u64,
        same: impl Fn(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> Option<&mut T> {
        if hash > self.limit {
            return None;
        }
        match self.rows.entry(hash, |row| row.hash() == hash && same(row), |row| row.hash()) {
            Entry::Occupied(entry) => Some(entry.into_mut()),
            Entry::Vacant(entry) => Some(entry.insert(Box::new(make())).into_mut()),
        }
    }

    /// Puts a row in, or merges it with the one that has its key; gives it back when it is beyond
    /// the limit.
    pub(crate) fn join(
        &mut self,
        row: T,
        same: impl Fn(&T, &T) -> bool,
        merge: impl FnOnce(&mut T, T),
    ) -> Option<T> {
        let hash = row.hash();
        if hash > self.limit {
            return Some(row);
        }
        let entry = self.rows.entry(
            hash,
            |known| known.hash() == hash && same(known, &row),
            |known| known.hash(),
        );
        match entry {
            Entry::Occupied(entry) => merge(entry.into_mut(), row),
            Entry::Vacant(entry) => drop(entry.insert(Box::new(row))),
        }
        None
    }

    /// Takes the rows of a table that holds none of this one's keys; hands what is beyond the lower of
    /// both limits to `spill`.
    pub(crate) fn absorb(&mut self, other: Self, mut spill: impl FnMut(T)) {
        self.lower(other.limit, &mut spill);
        for row in other.rows {
            if row.hash() > self.limit {
                spill(*row);
            } else {
                self.rows.insert_unique(row.hash(), row, |row| row.hash());
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// In no order that may be shown.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().map(|row| &**row)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.iter_mut().map(|row| &mut **row)
    }

    pub(crate) fn into_rows(self) -> impl Iterator<Item = T> {
        self.rows.into_iter().map(|row| *row)
    }

    /// Keeps the `capacity` smallest hashes and hands the rest to `spill`.
    pub(crate) fn trim(&mut self, capacity: usize, spill: impl FnMut(T)) {
        if self.rows.len() > capacity {
            let mut hashes: Vec<u64> = self.rows.iter().map(|row| row.hash()).collect();
            let limit = smallest(&mut hashes, capacity);
            self.lower(limit, spill);
        }
    }

    /// Lowers the limit and hands what is beyond it to `spill`.
    pub(crate) fn lower(&mut self, limit: u64, mut spill: impl FnMut(T)) {
        if limit < self.limit {
            self.limit = limit;
            self.rows.extract_if(|row| row.hash() > limit).for_each(|row| spill(*row));
        }
    }
}

/// The greatest of the `count` smallest hashes.
pub(crate) fn smallest(hashes: &mut [u64], count: usize) -> u64 {
    let Some(index) = count.checked_sub(1).filter(|index| *index < hashes.len()) else {
        return if count == 0 { 0 } else { u64::MAX };
    };
    *hashes.select_nth_unstable(index).1
}

/// A hash that is the same on every machine, so that limits and partial states agree.
#[inline]
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut sum = seed ^ 0x9e37_79b9_7f4a_7c15;
    let (chunks, rest) = bytes.as_chunks::<8>();
    for chunk in chunks {
        sum = mix(sum ^ u64::from_le_bytes(*chunk), 0xa076_1d64_78bd_642f);
    }
    let mut last = [0_u8; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    sum = mix(sum ^ u64::from_le_bytes(last), 0xe703_7ed1_a0b4_28db);
    mix(sum ^ bytes.len() as u64, 0x8ebc_6af0_9c88_c6e3)
}

#[inline]
pub(crate) fn mix(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the product are folded")]
    let folded = (product as u64) ^ ((product >> 64) as u64);
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Row(u64, u64);
    impl Keyed for Row {
        fn hash(&self) -> u64 {
            self.0
        }
    }

    fn count(keys: &[u64]) -> (Vec<(u64, u64)>, u64) {
        let (mut table, mut other) = (Table::<Row>::default(), 0);
        for key in keys {
            let hash = hash(0, &key.to_le_bytes());
            match table.row(hash, |row| row.0 == hash, || Row(hash, 0)) {
                Some(row) => row.1 += 1,
                None => other += 1,
            }
            if table.len() > 8 {
                table.trim(4, |row| other += row.1);
            }
        }
        table.trim(4, |row| other += row.1);
        let mut rows: Vec<_> = table.iter().map(|row| (row.0, row.1)).collect();
        rows.sort_unstable();
        (rows, other)
    }

    proptest! {
        #[test]
        fn what_is_kept_does_not_depend_on_the_order(mut keys in prop::collection::vec(0_u64..40, 0..200)) {
            let forward = count(&keys);
            keys.reverse();
            prop_assert_eq!(&count(&keys), &forward);
            keys.sort_unstable();
            prop_assert_eq!(&count(&keys), &forward);
        }
    }
}
