//! Words of a command line as the tools print them: blanks separate, double quotes join, a
//! backslash escapes inside quotes.

use std::borrow::Cow;

/// One word and its place in the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word<'a> {
    pub text: Cow<'a, str>,
    pub start: usize,
    pub end: usize,
    pub quoted: bool,
}

/// Splits a text into words.
pub(super) struct Words<'a> {
    text: &'a str,
    next: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, next: 0 }
    }

    fn quoted(&mut self, start: usize) -> Word<'a> {
        let body = start + 1;
        let bytes = self.text.as_bytes();
        let mut at = body;
        let mut escapes = false;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\\' => {
                    escapes = true;
                    at += 2;
                }
                b'"' => break,
                _ => at += 1,
            }
        }
        let at = at.min(bytes.len());
        let inside = self.text.get(body..at).unwrap_or_default();
        let text = if escapes {
            let mut out = String::with_capacity(inside.len());
            let mut characters = inside.chars();
            while let Some(character) = characters.next() {
                match character {
                    '\\' => out.extend(characters.next()),
                    other => out.push(other),
                }
            }
            Cow::Owned(out)
        } else {
            Cow::Borrowed(inside)
        };
        self.next = (at + 1).min(bytes.len());
        while !self.text.is_char_boundary(self.next) {
            self.next += 1;
        }
        Word { text, start, end: self.next, quoted: true }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let bytes = self.text.as_bytes();
        let mut start = self.next;
        while matches!(bytes.get(start), Some(b' ' | b'\t' | b'\r')) {
            start += 1;
        }
        if bytes.get(start)? == &b'"' {
            Some(self.quoted(start))
        } else {
            let mut end = start;
            while bytes.get(end).is_some_and(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) {
                end += 1;
            }
            self.next = end;
            let text = self.text.get(start..end).unwrap_or_default();
            Some(Word { text: Cow::Borrowed(text), start, end, quoted: false })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_join_and_escapes_go() {
        let words: Vec<_> = Words::new(r#"-m comment --comment "it is \"quoted\"" -j DROP"#)
            .map(|word| (word.text.into_owned(), word.quoted))
            .collect();
        assert_eq!(words[3], ("it is \"quoted\"".to_owned(), true));
        assert_eq!(words[5], ("DROP".to_owned(), false));
        assert_eq!(Words::new("\"never closed \\").count(), 1);
    }
}
