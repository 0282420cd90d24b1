//! The clients of the last events: a client's user, user agent and address stand in one piece of
//! memory, so that its number is found by one look and not by four.
//!
//! A client is known by these bytes, not by a sum over them: whoever chooses a user agent must not
//! be able to choose one that passes for another client.

use crate::budget::mix;

/// How many clients are remembered; each has one place, where the last one wins.
const PLACES: usize = 1 << 12;

/// Longer names are looked up each time.
const LONGEST: usize = 1024;

/// One client and its number.
#[derive(Clone, Debug, Default)]
struct Place {
    /// User, user agent and address, one after the other; empty when nobody is here.
    names: Box<[u8]>,
    ends: [u16; 2],
    number: u32,
}

/// The clients that one worker remembers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    places: Vec<Place>,
}

impl Recent {
    /// The number of a client, if it is remembered.
    #[inline]
    pub(crate) fn number(&self, names: [&str; 3]) -> Option<u32> {
        let place = self.places.get(place_of(names))?;
        let [user, agent, address] = names.map(str::as_bytes);
        let ends = [user.len(), user.len() + agent.len()];
        let known = &*place.names;
        let same = !known.is_empty()
            && place.ends.map(usize::from) == ends
            && known.get(..ends[0]) == Some(user)
            && known.get(ends[0]..ends[1]) == Some(agent)
            && known.get(ends[1]..) == Some(address);
        same.then_some(place.number)
    }

    /// Remembers a client.
    pub(crate) fn keep(&mut self, names: [&str; 3], number: u32) {
        let [user, agent, _] = names.map(str::len);
        let (Ok(first), Ok(second)) = (u16::try_from(user), u16::try_from(user + agent)) else {
            return;
        };
        let length: usize = names.iter().map(|name| name.len()).sum();
        if length == 0 || length > LONGEST {
            return;
        }
        if self.places.is_empty() {
            self.places.resize(PLACES, Place::default());
        }
        if let Some(place) = self.places.get_mut(place_of(names)) {
            let names = names.concat().into_bytes().into();
            *place = Place { names, ends: [first, second], number };
        }
    }

    /// Forgets all, since numbers will be given anew.
    pub(crate) fn forget(&mut self) {
        self.places.clear();
    }
}

fn place_of(names: [&str; 3]) -> usize {
    let sum = names.iter().fold(0, |sum: u64, name| sum.rotate_left(7) ^ digest(name.as_bytes()));
    usize::try_from(mix(sum, 0xa076_1d64_78bd_642f) >> 40).unwrap_or(0) % PLACES
}

/// A sum over some bytes that is fast and only good enough to choose a place.
#[inline]
pub(crate) fn digest(bytes: &[u8]) -> u64 {
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
    use super::*;

    #[test]
    fn names_are_told_apart_where_they_meet() {
        let mut recent = Recent::default();
        assert_eq!(recent.number(["", "", ""]), None);
        recent.keep(["ab", "c", "d"], 7);
        assert_eq!(recent.number(["ab", "c", "d"]), Some(7));
        for other in [["a", "bc", "d"], ["ab", "cd", ""], ["abc", "", "d"], ["ab", "c", "e"]] {
            assert_eq!(recent.number(other), None);
        }
        recent.forget();
        assert_eq!(recent.number(["ab", "c", "d"]), None);
    }

    #[test]
    fn a_place_is_no_proof() {
        let mut recent = Recent::default();
        let name = |number: u32| format!("system:serviceaccount:team-{number}:worker");
        for number in 0..20_000 {
            recent.keep([&name(number), "agent", "10.0.0.1"], number);
        }
        let known = (0..20_000).filter_map(|number| {
            recent.number([&name(number), "agent", "10.0.0.1"]).map(|known| (known, number))
        });
        let (mut count, mut wrong) = (0, 0);
        for (known, number) in known {
            count += 1;
            wrong += u32::from(known != number);
        }
        assert_eq!(wrong, 0);
        assert!(count > 3_000, "{count}");
    }
}
