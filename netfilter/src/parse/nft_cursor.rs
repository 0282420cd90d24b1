//! Reads the tokens of nft's text, and knows how deep in blocks it is.

use super::nft_lexer::{Token, What};

/// Reads tokens, and knows how deep in blocks it is.
pub(super) struct Cursor<'t> {
    pub tokens: &'t [Token<'t>],
    pub place: usize,
    pub depth: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(tokens: &'t [Token<'t>]) -> Self {
        Self { tokens, place: 0, depth: 0 }
    }

    pub(super) fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.place).copied()
    }

    pub(super) fn next(&mut self) -> Option<Token<'t>> {
        let token = self.peek()?;
        match token.what {
            What::Open => self.depth += 1,
            What::Close => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.place += 1;
        Some(token)
    }

    /// Where the last token ended.
    pub(super) fn last_end(&self) -> usize {
        self.place
            .checked_sub(1)
            .and_then(|place| self.tokens.get(place))
            .map_or(0, |token| token.end)
    }

    /// The words from here on, as far as they are words of this line.
    pub(super) fn words(&self, limit: usize) -> Vec<&'t str> {
        self.tokens
            .get(self.place..)
            .unwrap_or_default()
            .iter()
            .take(limit)
            .map_while(|token| match token.what {
                What::Word(word) => Some(word),
                _ => None,
            })
            .collect()
    }

    pub(super) fn word(&self) -> &'t str {
        self.peek().map_or("", |token| match token.what {
            What::Word(word) => word,
            _ => "",
        })
    }

    pub(super) fn eat(&mut self, word: &str) -> bool {
        let comes = self.word() == word;
        if comes {
            self.place += 1;
        }
        comes
    }

    pub(super) fn take(&mut self) -> &'t str {
        self.next().map_or("", |token| token.what.word())
    }

    /// Enters a block, over line ends and handles before it.
    pub(super) fn open(&mut self) -> bool {
        let mut place = self.place;
        while matches!(self.tokens.get(place).map(|token| token.what), Some(What::Handle(_))) {
            place += 1;
        }
        if matches!(self.tokens.get(place).map(|token| token.what), Some(What::Open)) {
            self.place = place;
            self.next();
            return true;
        }
        false
    }

    pub(super) fn skip_ends(&mut self) {
        while matches!(self.peek().map(|token| token.what), Some(What::End | What::Handle(_))) {
            self.place += 1;
        }
    }

    pub(super) fn colon(&mut self) -> bool {
        self.skip_ends();
        let comes = matches!(self.peek().map(|token| token.what), Some(What::Colon));
        self.place += usize::from(comes);
        comes
    }

    /// Skips to the next line, over whole blocks.
    pub(super) fn skip_line(&mut self) {
        let depth = self.depth;
        while let Some(token) = self.peek() {
            match token.what {
                What::End if self.depth <= depth => return,
                What::Close if self.depth <= depth => return,
                _ => {
                    self.next();
                }
            }
        }
    }

    /// Skips to behind the end of the block that was just entered.
    pub(super) fn skip_block(&mut self) {
        let depth = self.depth;
        while self.depth >= depth && self.next().is_some() {}
    }

    /// The words until the line's end; a colon is the word ":".
    pub(super) fn line_words(&mut self) -> Vec<&'t str> {
        let mut out = Vec::new();
        while let Some(token) = self.peek() {
            match token.what {
                What::Word(word) | What::Text(word) => out.push(word),
                What::Colon => out.push(":"),
                What::Comma => {}
                _ => break,
            }
            self.place += 1;
        }
        out
    }

    /// Skips what a set's element says beside its value, and the comma.
    pub(super) fn end_of_element(&mut self) {
        loop {
            match self.peek().map(|token| token.what) {
                Some(What::Comma) => {
                    self.place += 1;
                    return;
                }
                None | Some(What::Close) => return,
                Some(What::Open) => {
                    self.next();
                    self.skip_block();
                }
                Some(_) => self.place += 1,
            }
        }
    }
}
