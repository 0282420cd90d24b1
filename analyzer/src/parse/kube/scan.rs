//! Finds where JSON values end without reading them: documents, members and items of any size are
//! cut first and parsed one by one, so that a cut file keeps its whole items.
//!
//! It refuses to know what a Kubernetes object is.

use std::ops::Range;

/// Why a value has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes end first.
    End,
    /// No JSON at this offset.
    Bad(usize),
}

/// Skips blanks, line ends and commas are not skipped.
pub(super) fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
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
    let mut depth = 0usize;
    let mut next = at;
    while let Some(byte) = bytes.get(next) {
        match byte {
            b'"' => {
                next = skip_string(bytes, next)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Ok(next + 1);
                }
            }
            _ => {}
        }
        next += 1;
    }
    Err(Stop::End)
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
