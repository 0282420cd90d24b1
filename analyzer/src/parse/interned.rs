//! Gives rows that say the same one text between them.

use std::cell::RefCell;

use crate::model::Text;

/// Texts that a thread remembers: one for each place, the last that fell on it.
const PLACES: usize = 1 << 14;

/// Longer texts are seldom the same.
const LONGEST: usize = 256;

/// What a thread remembers.
#[derive(Default)]
struct Known {
    /// For each place a part of its text's hash, zero where there is none, and that of another text
    /// that was asked for there: what differs is told without a look at the text, which would wait
    /// for memory.
    tags: Vec<(u16, u16)>,
    texts: Vec<Text>,
}

thread_local! {
    /// What rows mean does not depend on it: a text that was forgotten only takes its memory again.
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// A text that other rows are likely to have as well.
pub(in crate::parse) fn shared(text: &str) -> Text {
    if text.is_empty() || text.len() > LONGEST {
        return Text::from(text);
    }
    let (place, tag) = place(text);
    KNOWN.with_borrow_mut(|Known { tags, texts }| {
        if tags.is_empty() {
            tags.resize(PLACES, (0, 0));
            texts.resize(PLACES, Text::default());
        }
        let (Some((known, rival)), Some(kept)) = (tags.get_mut(place), texts.get_mut(place)) else {
            return Text::from(text);
        };
        if *known == tag && *kept == text {
            return kept.clone();
        }
        let fresh = Text::from(text);
        // What comes only once drives out nothing.
        if *known == 0 || *rival == tag {
            (*known, *rival) = (tag, 0);
            *kept = fresh.clone();
        } else {
            *rival = tag;
        }
        fresh
    })
}

/// Where a text is remembered, and its tag. Texts that are made to meet there only forget each other.
fn place(text: &str) -> (usize, u16) {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    for (byte, from) in last.iter_mut().zip(rest) {
        *byte = *from;
    }
    let mix = |sum: u64, word: &[u8; 8]| {
        (sum.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    };
    let sum = words.iter().chain([&last]).fold(text.len() as u64, mix);
    ((sum >> (64 - PLACES.ilog2())) as usize, (sum >> 16) as u16 | 1)
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
