//! A lazy, lenient view of JSON text whose every value knows its place.
//!
//! A value is only a slice; members are found by scanning it. A text that is cut gives the members
//! and items before the cut, colour codes between tokens count as blanks, and keys are compared
//! without case. It refuses to validate: what is no JSON yields nothing.

use std::borrow::Cow;

/// A JSON value, as the bytes that spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawJson<'a> {
    bytes: &'a [u8],
}

impl<'a> RawJson<'a> {
    /// Starts at the first token of a text.
    pub fn new(text: &'a [u8]) -> Self {
        let start = skip_blank(text, 0);
        let end = value_end(text, start);
        Self { bytes: text.get(start..end).unwrap_or_default() }
    }

    /// All values of a text that stand one after the other.
    pub fn documents(text: &'a [u8]) -> impl Iterator<Item = Self> {
        let mut next = 0;
        std::iter::from_fn(move || {
            next = skip_blank(text, next);
            let start = next;
            if !matches!(text.get(start), Some(b'{' | b'[')) {
                return None;
            }
            next = value_end(text, start).max(start + 1);
            Some(Self { bytes: text.get(start..next).unwrap_or_default() })
        })
    }

    /// The bytes that spell it: a slice of the text it came from.
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub fn is_object(self) -> bool {
        self.bytes.first() == Some(&b'{')
    }

    pub fn is_array(self) -> bool {
        self.bytes.first() == Some(&b'[')
    }

    pub fn is_null(self) -> bool {
        self.bytes.is_empty() || self.bytes == b"null"
    }

    /// True when an object or array lacks its end.
    pub fn is_cut(self) -> bool {
        match self.bytes {
            [b'{', .., last] => *last != b'}' || !balanced(self.bytes),
            [b'[', .., last] => *last != b']' || !balanced(self.bytes),
            [b'{' | b'['] => true,
            _ => false,
        }
    }

    /// The members of an object, in order.
    pub fn members(self) -> Members<'a> {
        let next = if self.is_object() { 1 } else { self.bytes.len() };
        Members { bytes: self.bytes, next }
    }

    /// The items of an array, in order.
    pub fn items(self) -> Items<'a> {
        let next = if self.is_array() { 1 } else { self.bytes.len() };
        Items { bytes: self.bytes, next }
    }

    /// The first member of that name, without regard to case, unless it is null.
    pub fn get(self, name: &str) -> Option<RawJson<'a>> {
        self.members()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .filter(|value| !value.is_null())
    }

    /// A member of a member; a missing step gives nothing.
    pub fn path(self, names: &[&str]) -> Option<RawJson<'a>> {
        names.iter().try_fold(self, |value, name| value.get(name))
    }

    /// The text of a string, or a number or truth value as it is spelled; empty for the rest.
    pub fn text(self) -> Cow<'a, str> {
        match self.bytes {
            [b'"', rest @ ..] => unescape(rest.strip_suffix(b"\"").unwrap_or(rest)),
            [b'{' | b'[', ..] => Cow::Borrowed(""),
            bytes if bytes == b"null" => Cow::Borrowed(""),
            bytes => String::from_utf8_lossy(bytes),
        }
    }

    /// The text of a member, empty when it is missing.
    pub fn text_of(self, name: &str) -> String {
        self.get(name).map(|value| value.text().into_owned()).unwrap_or_default()
    }

    /// A number, also one that is spelled as a string.
    pub fn number(self) -> Option<f64> {
        self.text().trim().parse().ok()
    }

    pub fn number_of(self, name: &str) -> Option<f64> {
        self.get(name)?.number()
    }

    /// A whole number that is not negative; fractions are cut off.
    pub fn whole(self) -> Option<u64> {
        let text = self.text();
        let text = text.trim();
        text.parse().ok().or_else(|| {
            let (whole, fraction) = text.split_once('.')?;
            fraction.bytes().all(|digit| digit.is_ascii_digit()).then(|| whole.parse().ok())?
        })
    }

    pub fn whole_of(self, name: &str) -> Option<u64> {
        self.get(name)?.whole()
    }

    /// True for `true`, also as a string in any case.
    pub fn truth_of(self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.text().eq_ignore_ascii_case("true"))
    }

    /// The texts of an array of strings; a lone string gives itself.
    pub fn texts(self) -> Vec<String> {
        if self.is_array() {
            self.items()
                .map(|item| item.text().into_owned())
                .filter(|text| !text.is_empty())
                .collect()
        } else {
            Some(self.text().into_owned()).filter(|text| !text.is_empty()).into_iter().collect()
        }
    }

    pub fn texts_of(self, name: &str) -> Vec<String> {
        self.get(name).map(RawJson::texts).unwrap_or_default()
    }
}

/// Iterates over the members of an object.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    bytes: &'a [u8],
    next: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, RawJson<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let start = skip_separators(self.bytes, self.next);
        let key_end = match self.bytes.get(start) {
            Some(b'"') => string_end(self.bytes, start),
            _ => return None,
        };
        let key = RawJson { bytes: self.bytes.get(start..key_end)? };
        let colon = skip_blank(self.bytes, key_end);
        if self.bytes.get(colon) != Some(&b':') {
            return None;
        }
        let value = skip_blank(self.bytes, colon + 1);
        let end = value_end(self.bytes, value);
        if end <= value {
            return None;
        }
        self.next = end;
        Some((key.text(), RawJson { bytes: self.bytes.get(value..end)? }))
    }
}

/// Iterates over the items of an array.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    bytes: &'a [u8],
    next: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = RawJson<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = skip_separators(self.bytes, self.next);
        if matches!(self.bytes.get(start), None | Some(b']' | b'}')) {
            return None;
        }
        let end = value_end(self.bytes, start);
        if end <= start {
            return None;
        }
        self.next = end;
        Some(RawJson { bytes: self.bytes.get(start..end)? })
    }
}

/// The content of a JSON string with escapes decoded, as many bytes long as its spelling: what an
/// escape is shorter becomes blanks at the end of its line, so that every line keeps its place.
pub fn unescape_in_place(content: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(content.len());
    let mut owed = 0;
    let mut rest = content;
    while let Some((decoded, length)) = next_char(rest) {
        let mut buffer = [0; 4];
        let decoded = match decoded {
            Decoded::Byte(byte) => {
                buffer[0] = byte;
                buffer.get(..1).unwrap_or_default()
            }
            Decoded::Char(char) => char.encode_utf8(&mut buffer).as_bytes(),
        };
        owed += length - decoded.len().min(length);
        if decoded == b"\n" {
            text.resize(text.len() + owed, b' ');
            owed = 0;
        }
        text.extend_from_slice(decoded);
        rest = rest.get(length..).unwrap_or_default();
    }
    text.resize(text.len() + owed, b' ');
    text
}

enum Decoded {
    Byte(u8),
    Char(char),
}

/// The next character of a string's content, and how many bytes spell it.
fn next_char(content: &[u8]) -> Option<(Decoded, usize)> {
    let (first, rest) = content.split_first()?;
    if *first != b'\\' {
        return Some((Decoded::Byte(*first), 1));
    }
    let byte = match rest.first() {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'u') => {
            return Some(unicode_escape(content).unwrap_or((Decoded::Byte(b'?'), 2)));
        }
        Some(other) => *other,
        None => return Some((Decoded::Byte(b'\\'), 1)),
    };
    Some((Decoded::Byte(byte), 2))
}

fn unicode_escape(content: &[u8]) -> Option<(Decoded, usize)> {
    let unit = |at: usize| {
        let digits = std::str::from_utf8(content.get(at..at + 4)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(2)?;
    if let Some(char) = char::from_u32(first) {
        return Some((Decoded::Char(char), 6));
    }
    let second = unit(8).filter(|_| content.get(6..8) == Some(b"\\u"));
    let pair = second
        .filter(|second| (0xDC00..0xE000).contains(second) && first < 0xDC00)
        .and_then(|second| char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)));
    Some(match pair {
        Some(char) => (Decoded::Char(char), 12),
        None => (Decoded::Char('\u{FFFD}'), 6),
    })
}

fn unescape(content: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'\\', content).is_none() {
        return String::from_utf8_lossy(content);
    }
    let mut text = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some((decoded, length)) = next_char(rest) {
        match decoded {
            Decoded::Byte(byte) => text.push(byte),
            Decoded::Char(char) => {
                text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Cow::Owned(String::from_utf8_lossy(&text).into_owned())
}

/// Skips blanks and colour codes.
fn skip_blank(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
            Some(0x1b) if bytes.get(at + 1) == Some(&b'[') => {
                at += 2;
                while bytes.get(at).is_some_and(|byte| byte.is_ascii_digit() || *byte == b';') {
                    at += 1;
                }
                at += usize::from(bytes.get(at) == Some(&b'm'));
            }
            _ => return at,
        }
    }
}

fn skip_separators(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = skip_blank(bytes, at);
        if bytes.get(at) != Some(&b',') {
            return at;
        }
        at += 1;
    }
}

/// Where the string that begins at `start` ends, behind its closing quote.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) =
        bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)).map(|found| at + found)
    {
        if bytes.get(found) == Some(&b'"') {
            return found + 1;
        }
        at = found + 2;
    }
    bytes.len()
}

/// Where the value that begins at `start` ends; of a cut value, the end of the text.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                if depth <= 1 {
                    return at + usize::from(depth == 1);
                }
                depth -= 1;
            }
            b',' | b' ' | b'\t' | b'\r' | b'\n' | 0x1b if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Whether the end that a text shows closes its first bracket.
fn balanced(bytes: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    depth == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_without_case_and_numbers_in_strings() {
        let text =
            br#"{"AuthorizedIPRanges": null, "ports": "1024", "a\u0062": "x\"y\n", "on": "True"}"#;
        let value = RawJson::new(text);
        assert!(value.get("authorizedIpRanges").is_none());
        assert_eq!(value.whole_of("Ports"), Some(1024));
        assert_eq!(value.text_of("ab"), "x\"y\n");
        assert!(value.truth_of("on"));
        assert!(!value.is_cut());
    }

    #[test]
    fn a_cut_text_gives_what_stands_before_the_cut() {
        let value = RawJson::new(br#"{"value": [{"name": "one"}, {"name": "tw"#);
        assert!(value.is_cut());
        let names: Vec<_> =
            value.get("value").unwrap().items().map(|item| item.text_of("name")).collect();
        assert_eq!(names, ["one", "tw"]);
    }

    #[test]
    fn colour_codes_are_blanks() {
        let text = b"\x1b[0m{\n  \x1b[34;01m\"name\"\x1b[39;00m: \x1b[33m\"x\"\x1b[39m,\n \"n\": \x1b[36mnull\x1b[0m}";
        let value = RawJson::new(text);
        assert_eq!(value.text_of("name"), "x");
        assert!(value.get("n").is_none());
    }

    #[test]
    fn decoding_in_place_keeps_lines_where_they_are() {
        let content = br#"a\tb\nsay \"x\"\n\u0041"#;
        let text = unescape_in_place(content);
        assert_eq!(text.len(), content.len());
        assert_eq!(text, b"a\tb  \nsay \"x\"   \nA     ");
        assert_eq!(RawJson::new(br#""\ud83d\ude00""#).text(), "\u{1F600}");
        assert_eq!(RawJson::new(br#""\ud83dx""#).text(), "\u{FFFD}x");
    }

    #[test]
    fn hostile_texts_end() {
        for text in [
            &b"[[[[[["[..],
            b"{\"a\"",
            b"{\"a\":",
            b"\"\\",
            b"]",
            b"{,,,}",
            b"[1 2 }]",
            b"\x1b[",
            b"\"\\u12",
        ] {
            let value = RawJson::new(text);
            assert!(value.items().count() < 8 && value.members().count() < 8);
            let _ = (value.text(), value.is_cut());
        }
    }
}
