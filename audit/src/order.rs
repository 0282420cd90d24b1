//! Sorting by a small number in two passes over the items, which many thousands of them are worth.

/// The items in ascending order of a number below `limit`; equal ones stay as they were, and what has
/// a greater number is left out.
pub(crate) fn by_number<T: Copy + Default>(
    items: &[T],
    limit: usize,
    number: impl Fn(&T) -> usize,
) -> Vec<T> {
    let mut next = vec![0_u32; limit];
    for item in items {
        if let Some(count) = next.get_mut(number(item)) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for count in &mut next {
        sum += std::mem::replace(count, sum);
    }
    let mut sorted = vec![T::default(); sum as usize];
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_stable_sort(items in prop::collection::vec((0_usize..9, 0_u8..255), 0..200)) {
            let mut expected = items.clone();
            expected.retain(|(number, _)| *number < 7);
            expected.sort_by_key(|(number, _)| *number);
            prop_assert_eq!(by_number(&items, 7, |(number, _)| *number), expected);
        }
    }
}
