//! Where the scanner stands in the bytes, and its steps over strings, keys, numbers and values.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;
use wide::u8x16;

use super::Odd;
use super::escape::unescape_into;

/// Lines up to this length are checked to be text as a whole.
const CHECKED_TOGETHER: usize = 8192;

/// A key as text, with quotes and colon, and its first sixteen bytes as a number.
pub(super) struct Key<F> {
    text: &'static [u8],
    word: u128,
    mask: u128,
    field: F,
}

/// A key that was met.
pub(super) enum Named<'a, F> {
    Known(F),
    Unknown(&'a [u8]),
}

impl<F: Copy> Key<F> {
    pub(super) const fn new(text: &'static [u8], field: F) -> Self {
        let (mut word, mut mask, mut at) = (0_u128, 0_u128, 0);
        while at < 16 && at < text.len() {
            #[expect(clippy::indexing_slicing, reason = "in a constant, below the length")]
            let byte = text[at];
            word |= (byte as u128) << (8 * at);
            mask |= 0xff << (8 * at);
            at += 1;
        }
        Self { text, word, mask, field }
    }

    #[inline]
    fn stands_at(&self, word: u128, rest: &[u8]) -> bool {
        word & self.mask == self.word && (self.text.len() <= 16 || rest.starts_with(self.text))
    }
}

pub(crate) struct Cursor<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
    /// The bytes as text, when they were checked together: that is cheaper than one by one.
    text: Option<&'a str>,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, text: None }
    }

    /// For a line that is read as a whole; a long one is mostly jumped over.
    pub(super) fn of_line(bytes: &'a [u8]) -> Self {
        let checked = bytes.len() <= CHECKED_TOGETHER;
        let text = if checked { simdutf8::basic::from_utf8(bytes).ok() } else { None };
        Self { bytes, at: 0, text }
    }

    pub(super) fn peek(&self) -> Result<u8, Odd> {
        self.bytes.get(self.at).copied().ok_or(Odd::Cut)
    }

    pub(super) fn next(&mut self) -> Result<u8, Odd> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    /// Steps over some bytes, if they stand here.
    #[inline]
    pub(super) fn takes<const N: usize>(&mut self, wanted: &[u8; N]) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let here = rest.first_chunk::<N>() == Some(wanted);
        if here {
            self.at += N;
        }
        here
    }

    /// Steps over `before` and the string that it opens, if they stand here and nothing in the
    /// string must be unescaped.
    #[inline]
    pub(super) fn plain<const N: usize>(&mut self, before: &[u8; N]) -> Option<&'a str> {
        let rest = self.rest_text()?;
        let inner = rest.as_bytes().strip_prefix(before)?;
        let end = end_of_string(inner)?;
        let text = rest.get(N..N + end).filter(|_| inner.get(end) == Some(&b'"'))?;
        self.at += N + end + 1;
        Some(text)
    }

    /// What follows, when it is known to be text.
    pub(super) fn rest_text(&self) -> Option<&'a str> {
        self.text?.get(self.at..)
    }

    pub(crate) fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    pub(super) fn expect(&mut self, wanted: u8) -> Result<(), Odd> {
        if self.next()? == wanted { Ok(()) } else { Err(Odd::Strange) }
    }

    /// Steps over `null`, if it stands here.
    pub(super) fn null(&mut self) -> bool {
        let here = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"null"));
        if here {
            self.at += 4;
        }
        here
    }

    /// Steps into an object; false when it was empty and is behind.
    #[inline]
    pub(super) fn opens_object(&mut self) -> Result<bool, Odd> {
        self.space();
        self.expect(b'{')?;
        self.space();
        let empty = self.peek()? == b'}';
        self.at += usize::from(empty);
        Ok(!empty)
    }

    /// Steps over what stands behind a member; false at the object's end.
    #[inline]
    pub(super) fn another_member(&mut self) -> Result<bool, Odd> {
        self.space();
        match self.next()? {
            b',' => Ok(true),
            b'}' => Ok(false),
            _ => Err(Odd::Strange),
        }
    }

    /// Walks an object; `each` stands at a value and must step over it.
    pub(crate) fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, &'a [u8]) -> Result<(), Odd>,
    ) -> Result<(), Odd> {
        if !self.opens_object()? {
            return Ok(());
        }
        loop {
            self.space();
            let (key, _) = self.raw_string()?;
            self.space();
            self.expect(b':')?;
            self.space();
            each(self, key)?;
            if !self.another_member()? {
                return Ok(());
            }
        }
    }

    /// The bytes between the quotes and whether a backslash is among them.
    #[inline]
    fn raw_string(&mut self) -> Result<(&'a [u8], bool), Odd> {
        let (range, escaped) = self.string_range()?;
        Ok((self.bytes.get(range).unwrap_or_default(), escaped))
    }

    #[inline]
    fn string_range(&mut self) -> Result<(Range<usize>, bool), Odd> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(self.at..).ok_or(Odd::Cut)?;
            let found = end_of_string(rest).ok_or(Odd::Cut)?;
            let at = self.at + found;
            if rest.get(found) == Some(&b'"') {
                self.at = at + 1;
                return Ok((start..at, escaped));
            }
            escaped = true;
            self.at = at + 2;
        }
    }

    /// A string value, unescaped when it must be.
    pub(super) fn text(&mut self) -> Result<Cow<'a, str>, Odd> {
        self.text_into(&mut String::new())
    }

    /// As `text`; what must be unescaped takes the memory of `spare`.
    pub(super) fn text_into(&mut self, spare: &mut String) -> Result<Cow<'a, str>, Odd> {
        let (range, escaped) = self.string_range()?;
        let text = match self.text {
            Some(text) => text.get(range),
            None => self.bytes.get(range).and_then(|raw| std::str::from_utf8(raw).ok()),
        };
        let text = text.ok_or(Odd::Strange)?;
        if escaped {
            unescape_into(text, std::mem::take(spare)).map(Cow::Owned).ok_or(Odd::Strange)
        } else {
            Ok(Cow::Borrowed(text))
        }
    }

    /// Stands behind the next key and its colon; `next` is the key that is expected, and some that
    /// may be left out before it are tried as well.
    #[inline]
    pub(super) fn key<F: Copy>(
        &mut self,
        keys: &[Key<F>],
        next: &mut usize,
    ) -> Result<Named<'a, F>, Odd> {
        let rest = self.bytes.get(self.at..).ok_or(Odd::Cut)?;
        if let Some(word) = rest.first_chunk::<16>() {
            let word = u128::from_le_bytes(*word);
            for (number, key) in keys.iter().enumerate().skip(*next).take(4) {
                if key.stands_at(word, rest) {
                    *next = number + 1;
                    self.at += key.text.len();
                    self.space();
                    return Ok(Named::Known(key.field));
                }
            }
        }
        self.space();
        let (name, _) = self.raw_string()?;
        self.space();
        self.expect(b':')?;
        self.space();
        let same =
            |key: &Key<F>| key.text.get(1..key.text.len() - 2).is_some_and(|text| text == name);
        Ok(match keys.iter().enumerate().find(|(_, key)| same(key)) {
            Some((number, key)) => {
                *next = number + 1;
                Named::Known(key.field)
            }
            None => Named::Unknown(name),
        })
    }

    /// Walks an object whose keys come mostly in one order; `each` must step over the value.
    #[inline]
    pub(super) fn members<F: Copy>(
        &mut self,
        keys: &[Key<F>],
        mut each: impl FnMut(&mut Self, Named<'a, F>) -> Result<(), Odd>,
    ) -> Result<(), Odd> {
        if !self.opens_object()? {
            return Ok(());
        }
        let mut next = 0;
        loop {
            let key = self.key(keys, &mut next)?;
            each(self, key)?;
            if !self.another_member()? {
                return Ok(());
            }
        }
    }

    pub(super) fn number(&mut self) -> Result<u16, Odd> {
        let mut value: u16 = 0;
        let start = self.at;
        while let Some(digit) = self.bytes.get(self.at).filter(|byte| byte.is_ascii_digit()) {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u16::from(digit - b'0')))
                .ok_or(Odd::Strange)?;
            self.at += 1;
        }
        let leading_zero = self.at - start > 1 && self.bytes.get(start) == Some(&b'0');
        match self.peek()? {
            b',' | b'}' | b' ' | b'\n' | b'\r' | b'\t' if self.at > start && !leading_zero => {
                Ok(value)
            }
            _ => Err(Odd::Strange),
        }
    }

    /// Steps over any value.
    pub(crate) fn skip(&mut self) -> Result<(), Odd> {
        match self.peek()? {
            b'"' => self.string_range().map(drop),
            b'{' if self.bytes.get(self.at + 1) == Some(&b'}') => {
                self.at += 2;
                Ok(())
            }
            b'{' => self.skip_nested(b'{', b'}'),
            b'[' => self.skip_nested(b'[', b']'),
            b',' | b'}' | b']' | b':' => Err(Odd::Strange),
            _ => {
                while !matches!(self.peek()?, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') {
                    self.at += 1;
                }
                Ok(())
            }
        }
    }

    /// Counts only one kind of bracket: in valid JSON the other kind is balanced in between.
    fn skip_nested(&mut self, open: u8, close: u8) -> Result<(), Odd> {
        let mut depth = 0_usize;
        loop {
            let byte = self.peek()?;
            if byte == b'"' {
                self.raw_string()?;
                continue;
            }
            self.at += 1;
            if byte == open {
                depth += 1;
            } else if byte == close {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Ok(());
                }
            }
        }
    }
}

/// The first quote or backslash. Most strings are short, so some steps of sixteen bytes come first
/// and the search that has to warm up comes after them.
#[inline]
fn end_of_string(rest: &[u8]) -> Option<usize> {
    const STEPS: usize = 4;
    let (quote, backslash) = (u8x16::splat(b'"'), u8x16::splat(b'\\'));
    let (blocks, _) = rest.as_chunks::<16>();
    for (number, block) in blocks.iter().take(STEPS).enumerate() {
        let block = u8x16::new(*block);
        let hits = (block.simd_eq(quote) | block.simd_eq(backslash)).to_bitmask();
        if hits != 0 {
            return Some(number * 16 + hits.trailing_zeros() as usize);
        }
    }
    let from = blocks.len().min(STEPS) * 16;
    memchr2(b'"', b'\\', rest.get(from..)?).map(|at| from + at)
}
