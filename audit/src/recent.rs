//! Names that came lately and their numbers: the texts of a key stand in one piece of memory, so that
//! its number is found by one look and not by one for each text.
//!
//! A key is known by its bytes, not by a sum over them: whoever chooses a user agent must not be able
//! to choose one that passes for another client.

use crate::budget::mix;

/// Longer keys are looked up each time.
const LONGEST: usize = 192;

/// One key and its number. The texts stand within it, so that all of it is fetched at once.
#[derive(Clone, Debug)]
struct Place {
    /// The texts one after the other.
    texts: [u8; LONGEST],
    /// Where each of them ends.
    ends: [u16; 3],
    tag: u16,
    taken: bool,
    number: u32,
}

impl Place {
    const EMPTY: Self = Self { texts: [0; LONGEST], ends: [0; 3], tag: 0, taken: false, number: 0 };
}

/// Keys of a tag and three texts; each has one of `PLACES` places, where the last one wins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent<const PLACES: usize> {
    places: Vec<Place>,
}

impl<const PLACES: usize> Recent<PLACES> {
    /// The number of a key, if it is remembered.
    #[inline]
    pub(crate) fn number(&self, tag: u16, texts: [&str; 3]) -> Option<u32> {
        let place = self.places.get(Self::place(tag, texts))?;
        let [first, second, third] = texts.map(str::as_bytes);
        let ends = ends(texts);
        let known = &place.texts;
        let same = place.taken
            && place.tag == tag
            && place.ends.map(usize::from) == ends
            && known.get(..ends[0]).is_some_and(|known| same(known, first))
            && known.get(ends[0]..ends[1]).is_some_and(|known| same(known, second))
            && known.get(ends[1]..ends[2]).is_some_and(|known| same(known, third));
        same.then_some(place.number)
    }

    /// Remembers a key.
    pub(crate) fn keep(&mut self, tag: u16, texts: [&str; 3], number: u32) {
        let ends = ends(texts);
        if ends[2] > LONGEST {
            return;
        }
        if self.places.is_empty() {
            self.places.resize(PLACES, Place::EMPTY);
        }
        if let Some(place) = self.places.get_mut(Self::place(tag, texts)) {
            let bytes = texts.iter().flat_map(|text| text.bytes());
            place.texts.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
            place.ends = ends.map(|end| end as u16);
            (place.tag, place.taken, place.number) = (tag, true, number);
        }
    }

    /// Forgets all, since numbers will be given anew.
    pub(crate) fn forget(&mut self) {
        self.places.clear();
    }

    fn place(tag: u16, texts: [&str; 3]) -> usize {
        usize::try_from(key(tag, texts) >> 40).unwrap_or(0) % PLACES
    }
}

/// Where each text ends when they stand one after the other.
#[inline]
fn ends(texts: [&str; 3]) -> [usize; 3] {
    let [first, second, third] = texts.map(str::len);
    [first, first + second, first + second + third]
}

/// The sum of a key.
#[inline]
pub(crate) fn key(tag: u16, texts: [&str; 3]) -> u64 {
    let sum =
        texts.iter().fold(u64::from(tag), |sum, text| sum.rotate_left(9) ^ digest(text.as_bytes()));
    mix(sum, 0xd6e8_feb8_6659_fd93)
}

/// Compares short texts faster than the general comparison does.
#[inline]
fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() || left.len() > 64 {
        return left == right;
    }
    let (words, rest) = left.as_chunks::<8>();
    let (other, other_rest) = right.as_chunks::<8>();
    let word = |word: &[u8; 8]| u64::from_le_bytes(*word);
    let different =
        words.iter().zip(other).fold(0, |sum, (left, right)| sum | (word(left) ^ word(right)));
    match (left.last_chunk::<8>(), right.last_chunk::<8>()) {
        (Some(left), Some(right)) => different | (word(left) ^ word(right)) == 0,
        _ => rest.iter().zip(other_rest).all(|(left, right)| left == right),
    }
}

/// A sum over some bytes that is fast and only good enough to choose a place.
#[inline]
fn digest(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let last = match bytes.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => rest.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    };
    let seed = mix(last ^ 0x2d35_8dcc_aa6c_78a5, bytes.len() as u64 | 0x8bb8_4b93_962e_ac00);
    (1_u64..).zip(words).fold(seed, |sum, (number, word)| {
        let word = u64::from_le_bytes(*word) ^ 0xa076_1d64_78bd_642f;
        sum.wrapping_add(mix(word, number << 32 | 0x78bd_642f))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_told_apart_where_they_meet() {
        let mut recent = Recent::<64>::default();
        assert_eq!(recent.number(0, ["", "", ""]), None);
        recent.keep(1, ["ab", "c", "d"], 7);
        assert_eq!(recent.number(1, ["ab", "c", "d"]), Some(7));
        for other in [["a", "bc", "d"], ["ab", "cd", ""], ["abc", "", "d"], ["ab", "c", "e"]] {
            assert_eq!(recent.number(1, other), None);
        }
        assert_eq!(recent.number(2, ["ab", "c", "d"]), None);
        recent.forget();
        assert_eq!(recent.number(1, ["ab", "c", "d"]), None);
    }

    #[test]
    fn a_place_is_no_proof() {
        let mut recent = Recent::<4096>::default();
        let name = |number: u32| format!("system:serviceaccount:team-{number}:worker");
        for number in 0..20_000 {
            recent.keep(0, [&name(number), "agent", "10.0.0.1"], number);
        }
        let found = (0..20_000_u32)
            .map(|number| (number, recent.number(0, [&name(number), "agent", "10.0.0.1"])))
            .filter(|(_, found)| found.is_some())
            .inspect(|(number, found)| assert_eq!(*found, Some(*number)))
            .count();
        assert!(found > 3_000, "{found}");
    }

    proptest! {
        #[test]
        fn texts_are_the_same_when_their_bytes_are(left in "[ab]{0,70}", at in 0_usize..70, other in "[ab]") {
            let mut right = left.clone();
            if at < right.len() {
                right.replace_range(at..=at, &other);
            }
            prop_assert_eq!(same(left.as_bytes(), right.as_bytes()), left == right);
            prop_assert_eq!(same(left.as_bytes(), &left.as_bytes()[..at.min(left.len())]), at >= left.len());
        }
    }
}
