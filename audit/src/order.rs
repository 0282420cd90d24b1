//! Sorting by a small number in two passes over the items, which many thousands of them are worth.

/// Sorts again and again, in memory that it keeps.
#[derive(Clone, Debug)]
pub(crate) struct Sorter<T> {
    next: Vec<u32>,
    sorted: Vec<T>,
}

impl<T> Default for Sorter<T> {
    fn default() -> Self {
        Self { next: Vec::new(), sorted: Vec::new() }
    }
}

impl<T: Copy + Default> Sorter<T> {
    /// The items in ascending order of a number below `limit`; equal ones stay as they were, and what
    /// has a greater number is left out.
    pub(crate) fn by_number(
        &mut self,
        items: &[T],
        limit: usize,
        number: impl Fn(&T) -> usize,
    ) -> &[T] {
        let Self { next, sorted } = self;
        next.clear();
        next.resize(limit, 0);
        for item in items {
            if let Some(count) = next.get_mut(number(item)) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for count in &mut *next {
            sum += std::mem::replace(count, sum);
        }
        sorted.resize(sum as usize, T::default());
        for item in items {
            if let Some(at) = next.get_mut(number(item)) {
                if let Some(free) = sorted.get_mut(*at as usize) {
                    *free = *item;
                }
                *at += 1;
            }
        }
        sorted
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_stable_sort(
            lists in prop::collection::vec(prop::collection::vec((0_usize..9, 0_u8..255), 0..200), 1..4),
        ) {
            let mut sorter = Sorter::default();
            for (limit, items) in (5..).zip(lists) {
                let mut expected = items.clone();
                expected.retain(|(number, _)| *number < limit);
                expected.sort_by_key(|(number, _)| *number);
                prop_assert_eq!(sorter.by_number(&items, limit, |(number, _)| *number), expected);
            }
        }
    }
}
