//! Phrases that are looked for in many texts: all of them in one pass.

use aho_corasick::AhoCorasick;

/// Phrases of which any may stand in a text, as they are written.
pub struct Phrases<'a> {
    known: &'a [&'a str],
    /// `None` for more of them than an automaton can hold.
    automaton: Option<AhoCorasick>,
}

impl<'a> Phrases<'a> {
    pub fn new(known: &'a [&'a str]) -> Self {
        Self { known, automaton: AhoCorasick::new(known).ok() }
    }

    /// Whether one of them stands in a text.
    pub fn stand_in(&self, text: &str) -> bool {
        match &self.automaton {
            Some(automaton) => automaton.is_match(text),
            None => self.known.iter().any(|known| text.contains(known)),
        }
    }
}
