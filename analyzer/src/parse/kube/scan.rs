//! Finds where JSON values end without reading them: documents, members and items of any size are
//! cut first and parsed one by one, so that a cut file keeps its whole items.
//!
//! It refuses to know what a Kubernetes object is.

use std::ops::Range;

use wide::u8x16;

/// Why a value has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes end first.
    End,
    /// No JSON at this offset.
    Bad(usize),
}

/// Skips blanks, line ends and commas are not skipped.
#[inline]
pub(super) fn skip_blanks(bytes: &[u8], at: usize) -> usize {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let Some(rest) = bytes.get(at..).filter(|rest| rest.first().is_some_and(blank)) else {
        return at;
    };
    let (blocks, tail) = rest.as_chunks::<16>();
    for (number, block) in blocks.iter().enumerate() {
        let block = u8x16::new(*block);
        let blanks = block.simd_eq(u8x16::splat(b' '))
            | block.simd_eq(u8x16::splat(b'\n'))
            | block.simd_eq(u8x16::splat(b'\t'))
            | block.simd_eq(u8x16::splat(b'\r'));
        let others = !blanks.to_bitmask();
        if others & 0xffff != 0 {
            return at + number * 16 + others.trailing_zeros() as usize;
        }
    }
    at + blocks.len() * 16 + tail.iter().take_while(|byte| blank(byte)).count()
}

/// The offset after the string whose opening quote stands at `at`.
pub(super) fn skip_string(bytes: &[u8], at: usize) -> Result<usize, Stop> {
    if bytes.get(at) != Some(&b'"') {
        return Err(if at >= bytes.len() { Stop::End } else { Stop::Bad(at) });
    }
    let mut next = at + 1;
    loop {
        let rest = bytes.get(next..).unwrap_or_default();
        let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', rest) else {
            return Err(Stop::End);
        };
        match rest.get(found) {
            Some(b'"') => return Ok(next + found + 1),
            Some(b'\\') => next += found + 2,
            // A raw line feed cannot stand in a JSON string: this line was cut.
            _ => return Err(Stop::Bad(next + found)),
        }
    }
}

/// The offset after the value that begins at `at`.
pub(super) fn skip_value(bytes: &[u8], at: usize) -> Result<usize, Stop> {
    match bytes.get(at) {
        None => Err(Stop::End),
        Some(b'"') => skip_string(bytes, at),
        Some(b'{' | b'[') => skip_nested(bytes, at),
        Some(_) => {
            let rest = bytes.get(at..).unwrap_or_default();
            let length = rest
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'));
            match length {
                Some(0) => Err(Stop::Bad(at)),
                Some(length) => Ok(at + length),
                None => Err(Stop::End),
            }
        }
    }
}

/// Counts brackets outside strings. Brackets of the wrong kind are left to the real parser.
fn skip_nested(bytes: &[u8], at: usize) -> Result<usize, Stop> {
    if matches!(bytes.get(at..at + 2), Some(b"{}" | b"[]")) {
        return Ok(at + 2);
    }
    let mut brackets = Brackets::default();
    let (blocks, rest) = bytes.get(at..).unwrap_or_default().as_chunks::<64>();
    for (number, block) in blocks.iter().enumerate() {
        if let Some(stop) = brackets.block(block) {
            return stop
                .map(|end| at + number * 64 + end)
                .map_err(|bad| Stop::Bad(at + number * 64 + bad));
        }
    }
    let mut last = [b' '; 64];
    for (byte, from) in last.iter_mut().zip(rest) {
        *byte = *from;
    }
    let start = at + blocks.len() * 64;
    match brackets.block(&last) {
        Some(Ok(end)) => Ok(start + end),
        Some(Err(bad)) => Err(Stop::Bad(start + bad)),
        None => Err(Stop::End),
    }
}

/// Open brackets, counted in blocks of 64 bytes: one bit for each byte.
#[derive(Debug, Default)]
struct Brackets {
    depth: usize,
    /// All ones inside a string.
    quoted: u64,
    /// The block before ended with a backslash that concerns this one's first byte.
    escaped: bool,
}

impl Brackets {
    /// The offset after the last closing bracket, or that of a line end inside a string.
    #[inline]
    fn block(&mut self, block: &[u8; 64]) -> Option<Result<usize, usize>> {
        let (mut quotes, mut opens, mut closes) = (0_u64, 0_u64, 0_u64);
        let (mut backslashes, mut lines) = (0_u64, 0_u64);
        let (quarters, _) = block.as_chunks::<16>();
        for (number, quarter) in quarters.iter().enumerate() {
            let quarter = u8x16::new(*quarter);
            let bits = |hits: u8x16| u64::from(hits.to_bitmask()) << (16 * number);
            // This bit is all that tells `[` from `{` and `]` from `}`.
            let folded = quarter | u8x16::splat(0x20);
            quotes |= bits(quarter.simd_eq(u8x16::splat(b'"')));
            opens |= bits(folded.simd_eq(u8x16::splat(b'{')));
            closes |= bits(folded.simd_eq(u8x16::splat(b'}')));
            backslashes |= bits(quarter.simd_eq(u8x16::splat(b'\\')));
            lines |= bits(quarter.simd_eq(u8x16::splat(b'\n')));
        }
        if self.escaped || backslashes != 0 {
            quotes &= !self.escapes(backslashes);
        }
        let inside = prefix_parity(quotes) ^ self.quoted;
        self.quoted = if inside >> 63 == 1 { u64::MAX } else { 0 };
        // A raw line feed cannot stand in a JSON string: this line was cut.
        let cut = (lines & inside).trailing_zeros();
        let mut left = (opens | closes) & !inside;
        while left != 0 && left.trailing_zeros() < cut {
            let place = left.trailing_zeros();
            if closes >> place & 1 == 0 {
                self.depth += 1;
            } else {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Some(Ok(place as usize + 1));
                }
            }
            left &= left - 1;
        }
        (cut < 64).then_some(Err(cut as usize))
    }

    /// The bytes that a backslash stands before; notes whether the next block's first is one.
    fn escapes(&mut self, backslashes: u64) -> u64 {
        let mut escaped = u64::from(self.escaped);
        let mut left = backslashes & !escaped;
        self.escaped = false;
        while left != 0 {
            let place = left.trailing_zeros();
            self.escaped = place == 63;
            let next = 2_u64.checked_shl(place).unwrap_or(0);
            escaped |= next;
            left &= !(1 << place | next);
        }
        escaped
    }
}

/// For each bit whether an odd number of bits is set up to it.
fn prefix_parity(mut bits: u64) -> u64 {
    for step in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << step;
    }
    bits
}

/// The first quote, backslash or control character of what stands behind a quote.
#[inline]
pub(super) fn end_of_text(rest: &[u8]) -> Option<usize> {
    let (blocks, tail) = rest.as_chunks::<16>();
    for (number, block) in blocks.iter().enumerate() {
        let block = u8x16::new(*block);
        let control = block.min(u8x16::splat(0x1f)).simd_eq(block);
        let hits = block.simd_eq(u8x16::splat(b'"')) | block.simd_eq(u8x16::splat(b'\\')) | control;
        let hits = hits.to_bitmask();
        if hits != 0 {
            return Some(number * 16 + hits.trailing_zeros() as usize);
        }
    }
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    tail.iter().position(ends).map(|found| blocks.len() * 16 + found)
}

/// What stands next inside an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// The key without its quotes, as written, and where its value begins.
    Key { key: Range<usize>, value: usize },
    /// The offset after the closing brace.
    Close(usize),
}

/// Reads up to the next value of an object: from after the opening brace, or from after a value.
pub(super) fn next_member(bytes: &[u8], at: usize) -> Result<Member, Stop> {
    let mut next = skip_blanks(bytes, at);
    if bytes.get(next) == Some(&b',') {
        next = skip_blanks(bytes, next + 1);
    }
    if bytes.get(next) == Some(&b'}') {
        return Ok(Member::Close(next + 1));
    }
    let end = skip_string(bytes, next)?;
    let colon = skip_blanks(bytes, end);
    match bytes.get(colon) {
        Some(b':') => Ok(Member::Key {
            key: next + 1..end.saturating_sub(1),
            value: skip_blanks(bytes, colon + 1),
        }),
        Some(_) => Err(Stop::Bad(colon)),
        None => Err(Stop::End),
    }
}

/// The value of one member of a whole object; `None` when it has no such member.
pub(super) fn member<'a>(object: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let mut at = skip_blanks(object, 0) + 1;
    while let Ok(Member::Key { key, value }) = next_member(object, at) {
        let end = skip_value(object, value).ok()?;
        if object.get(key)? == wanted.as_bytes() {
            return object.get(value..end);
        }
        at = end;
    }
    None
}

/// The text of a member that is a string without escapes, as kinds and versions are.
pub(super) fn text_member<'a>(object: &'a [u8], wanted: &str) -> &'a str {
    member(object, wanted).map_or("", plain_text)
}

/// A quoted string without escapes; anything else is empty.
pub(super) fn plain_text(value: &[u8]) -> &str {
    match value {
        [b'"', text @ .., b'"'] if !text.contains(&b'\\') => {
            std::str::from_utf8(text).unwrap_or("")
        }
        _ => "",
    }
}

/// Cuts the items of an array: by the indentation of its closing brace where the text is indented,
/// by counting brackets otherwise.
#[derive(Debug, Default)]
pub(super) struct ItemCutter {
    /// `\n`, the indentation of the items, `}`.
    close: Option<memchr::memmem::Finder<'static>>,
}

/// What stands next inside an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Value(Range<usize>),
    /// The offset after the closing bracket.
    Close(usize),
}

impl ItemCutter {
    /// Learns the indentation from the first item's line.
    pub(super) fn learn(&mut self, bytes: &[u8], first: usize) {
        let before = bytes.get(..first).unwrap_or_default();
        let Some(line) = memchr::memrchr(b'\n', before) else {
            return;
        };
        let indent = before.get(line..).unwrap_or_default();
        if indent.len() > 1 && indent.iter().skip(1).all(|byte| matches!(byte, b' ' | b'\t')) {
            let needle = [indent, b"}"].concat();
            self.close = Some(memchr::memmem::Finder::new(&needle).into_owned());
        }
    }

    pub(super) fn next(&self, bytes: &[u8], at: usize) -> Result<Item, Stop> {
        let mut start = skip_blanks(bytes, at);
        if bytes.get(start) == Some(&b',') {
            start = skip_blanks(bytes, start + 1);
        }
        match bytes.get(start) {
            None => Err(Stop::End),
            Some(b']') => Ok(Item::Close(start + 1)),
            Some(_) => Ok(Item::Value(start..self.end(bytes, start)?)),
        }
    }

    fn end(&self, bytes: &[u8], start: usize) -> Result<usize, Stop> {
        if let Some(finder) = &self.close
            && matches!(bytes.get(start..start + 2), Some(b"{\n" | b"{\r"))
        {
            let Some(found) = finder.find(bytes.get(start..).unwrap_or_default()) else {
                return Err(Stop::End);
            };
            let end = start + found + finder.needle().len();
            let after = skip_blanks(bytes, end);
            if matches!(bytes.get(after), Some(b',' | b']') | None) {
                return Ok(end);
            }
        }
        skip_value(bytes, start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_found_and_cuts_are_told() {
        assert_eq!(skip_value(br#"{"a":"}]\"","b":[1,{}]} x"#, 0), Ok(23));
        assert_eq!(skip_value(br#"{"a":"b"#, 0), Err(Stop::End));
        assert_eq!(skip_value(b"{\"a\":\"b\n{", 0), Err(Stop::Bad(7)));
        assert_eq!(skip_value(b"null,", 0), Ok(4));
        assert_eq!(text_member(br#"{"metadata":{"kind":"x"},"kind":"Pod"}"#, "kind"), "Pod");
    }

    #[test]
    fn blocks_do_not_show_in_what_they_count() {
        // Escapes, brackets in strings and quotes stand at every place of the blocks of 64 bytes.
        let inner = r#"{"a\\\"}]":["\\",{},"{[\"",{"b":[[]]}],"c":"}"}"#;
        for before in 0..140 {
            for behind in [0, 1, 70, 200] {
                let (left, right) = ("x".repeat(before), " ".repeat(behind));
                let text = format!("{{\"{left}\":{inner},\"d\":{inner}}}{right}");
                let end = text.len() - behind;
                assert_eq!(skip_value(text.as_bytes(), 0), Ok(end));
                assert_eq!(skip_value(&text.as_bytes()[..end - 1], 0), Err(Stop::End));
                let cut = format!("{{\"{left}\":{inner},\"d\n{right}}}");
                assert_eq!(skip_value(cut.as_bytes(), 0), Err(Stop::Bad(before + inner.len() + 7)));
                assert_eq!(end_of_text(text.as_bytes().get(2..).unwrap()), Some(before));
                let blanks = format!("{}{right}x", " \t\r\n".repeat(before));
                assert_eq!(skip_blanks(blanks.as_bytes(), 0), 4 * before + behind);
            }
        }
    }

    #[test]
    fn both_cutters_agree() {
        let text = b"[\n    {\n        \"a\": {\n            \"b\": \"}\"\n        }\n    },\n    {},\n    {\n    }\n]";
        let mut indented = ItemCutter::default();
        indented.learn(text, 6);
        assert!(indented.close.is_some());
        for cutter in [indented, ItemCutter::default()] {
            let (mut at, mut items) = (1, Vec::new());
            while let Ok(Item::Value(range)) = cutter.next(text, at) {
                at = range.end;
                items.push(range);
            }
            assert_eq!(items, [6..59, 65..67, 73..80]);
            assert_eq!(cutter.next(text, at), Ok(Item::Close(text.len())));
        }
    }
}
