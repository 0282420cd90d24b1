//! Gives rows that say the same one text between them.

use std::cell::RefCell;

use crate::model::Text;

/// Texts that a thread remembers: one for each place, the last that fell on it.
const PLACES: usize = 1 << 14;

/// Longer texts are seldom the same.
const LONGEST: usize = 256;

/// A text that is remembered.
#[derive(Clone, Debug, Default)]
struct Known {
    text: Text,
    /// The hash of the text: others are told from it without a look at it, which would wait for memory.
    hash: u32,
    /// The hash of another text that was asked for here. What comes once drives out nothing.
    rival: u32,
}

thread_local! {
    /// What rows mean does not depend on it: a text that was forgotten only takes its memory again.
    static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

/// A text that other rows are likely to have as well.
pub(in crate::parse) fn shared(text: &str) -> Text {
    if text.is_empty() || text.len() > LONGEST {
        return Text::from(text);
    }
    let (place, hash) = place(text);
    KNOWN.with_borrow_mut(|known| {
        if known.is_empty() {
            known.resize(PLACES, Known::default());
        }
        let Some(known) = known.get_mut(place) else { return Text::from(text) };
        if known.hash == hash && known.text == text {
            return known.text.clone();
        }
        let fresh = Text::from(text);
        if known.rival == hash || known.text.is_empty() {
            *known = Known { text: fresh.clone(), hash, rival: 0 };
        } else {
            known.rival = hash;
        }
        fresh
    })
}

/// Where a text is remembered, and its hash. Texts that are made to meet there only forget each other.
fn place(text: &str) -> (usize, u32) {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    for (byte, from) in last.iter_mut().zip(rest) {
        *byte = *from;
    }
    let mix = |sum: u64, word: &[u8; 8]| {
        (sum.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    };
    let sum = words.iter().chain([&last]).fold(text.len() as u64, mix);
    ((sum >> (64 - PLACES.ilog2())) as usize, (sum >> 16) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one_and_others_stay_apart() {
        let long = "x".repeat(LONGEST + 1);
        for text in ["", "kube-system", "é", &long] {
            assert_eq!(shared(text), text);
        }
        assert!(shared("kube-system").is_shared_with(&shared("kube-system")));
        let many: Vec<Text> = (0..100_000).map(|number| shared(&number.to_string())).collect();
        assert!(many.iter().enumerate().all(|(number, text)| *text == number.to_string()));
    }
}
