//! Values behind their labels in one line of text: `password=x`, `"token": "x"`, `--api-key x`.
//!
//! A label needs a separator, and after a colon in the middle of a sentence the value must look
//! random: prose about secrets stays.

use std::ops::Range;

use super::labels::{self, Kind};
use super::shapes;

/// The longest value in quotes that is looked for.
const VALUE: usize = 64 << 10;

/// Values behind their labels in one line.
pub(crate) fn find(line: &[u8], hits: &mut Vec<(Range<usize>, Kind)>) {
    let mut done = 0;
    for at in memchr::memchr3_iter(b'=', b':', b'>', line) {
        if at < done {
            continue;
        }
        if let Some((range, kind)) = after_label(line, at) {
            done = range.end;
            hits.push((range, kind));
        }
    }
    for at in memchr::memmem::find_iter(line, "--") {
        if at > 0
            && line.get(at - 1).is_some_and(|byte| {
                !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'[' | b',')
            })
        {
            continue;
        }
        let end = shapes::run(line, at, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
        });
        let mut start = shapes::run(line, end, |byte| byte == b' ');
        if start == end || line.get(start) == Some(&b'-') {
            continue;
        }
        let name = String::from_utf8_lossy(line.get(at + 2..end).unwrap_or_default());
        let quote = line.get(start).copied().filter(|byte| matches!(byte, b'"' | b'\''));
        start += usize::from(quote.is_some());
        let stop = match quote {
            Some(quote) => shapes::run(line, start, |byte| byte != quote),
            None => shapes::run(line, start, |byte| {
                !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'\\')
            }),
        };
        let value = String::from_utf8_lossy(line.get(start..stop).unwrap_or_default());
        let kind = match name.as_ref() {
            "key" | "k" if labels::random(&value) && value.len() >= 20 => Some("key"),
            name => labels::label(name).filter(|kind| !labels::harmless(&value, kind)),
        };
        hits.extend(kind.map(|kind| (start..stop, kind)));
    }
    for at in memchr::memmem::find_iter(line, " -p ") {
        let start = at + 4;
        let stop = shapes::run(line, start, |byte| {
            !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'')
        });
        let value = String::from_utf8_lossy(line.get(start..stop).unwrap_or_default());
        if labels::random(&value) && !value.contains(':') {
            hits.push((start..stop, "password"));
        }
    }
}

/// The value behind the separator at `at`, when a label stands before it.
fn after_label(line: &[u8], at: usize) -> Option<(Range<usize>, Kind)> {
    let separator = *line.get(at)?;
    let before = line.get(..at)?;
    let (label, label_start) = label_before(before, separator)?;
    if label.contains('\u{27e6}') {
        // A mark.
        return None;
    }
    let kind =
        labels::label(label.trim_start_matches(['-', '.', '$'])).or_else(|| phrase(before))?;
    let mut start = at + 1;
    if matches!((separator, line.get(start)), (b':', Some(b'=')) | (b'=', Some(b'>' | b'='))) {
        start += 1;
    }
    if separator == b':' && line.get(start..start + 2) == Some(b"//") {
        return None;
    }
    start = shapes::run(line, start, |byte| matches!(byte, b' ' | b'\t'));
    let slashes = shapes::run(line, start, |byte| byte == b'\\') - start;
    let quote =
        line.get(start + slashes).copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    if let Some(quote) = quote {
        let open = start + slashes + 1;
        let close = closing(line, open, quote, slashes)?;
        let value = String::from_utf8_lossy(line.get(open..close)?);
        let name = matches!(kind, "secret" | "token" | "credential") && name_like(&value);
        return (!labels::harmless(&value, kind) && !name).then_some((open..close, kind));
    }
    if slashes > 0 {
        return None;
    }
    let start = scheme(line, start);
    let structured = if separator == b':' { structured(line.get(..label_start)?) } else { None };
    let stop = match separator {
        b'>' => shapes::run(line, start, |byte| byte != b'<'),
        b':' if structured == Some(Place::Start) => line.trim_ascii_end().len(),
        _ => shapes::run(line, start, |byte| {
            !byte.is_ascii_whitespace()
                && !matches!(
                    byte,
                    b'"' | b'\''
                        | b','
                        | b';'
                        | b'&'
                        | b'<'
                        | b'>'
                        | b')'
                        | b']'
                        | b'}'
                        | b'|'
                        | b'\\'
                        | b'`'
                )
        }),
    };
    let value = String::from_utf8_lossy(line.get(start..stop)?);
    let value = value.trim_end_matches([',', ' ']);
    if labels::harmless(value, kind) {
        return None;
    }
    let named = matches!(kind, "secret" | "token" | "credential") && name_like(value);
    let spaced = value.contains(' ');
    let taken = match separator {
        b':' => match structured {
            Some(Place::Start) => {
                !named && (!spaced || kind == "password" || value.starts_with("-----"))
            }
            Some(Place::Flow) => !named,
            None => labels::random(value),
        },
        _ => !named,
    };
    taken.then_some((start..start + value.len(), kind))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Only indentation and list dashes before the label.
    Start,
    /// Inside the braces of a flow.
    Flow,
}

fn structured(before: &[u8]) -> Option<Place> {
    if before.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'"' | b'\'' | b'{' | b'[')) {
        return Some(Place::Start);
    }
    let last = before.trim_ascii_end().last()?;
    (matches!(last, b'{') || (*last == b',' && before.contains(&b'{'))).then_some(Place::Flow)
}

/// The name that ends right before a separator, and where it begins.
fn label_before(before: &[u8], separator: u8) -> Option<(String, usize)> {
    let mut end = before.len();
    if separator != b'>' {
        while end > 0 && before.len() - end < 2 && before.get(end - 1) == Some(&b' ') {
            end -= 1;
        }
        while end > 0 && matches!(before.get(end - 1), Some(b'"' | b'\'' | b'\\' | b']')) {
            end -= 1;
        }
    }
    let head = before.get(..end)?;
    let word = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$') || *byte >= 0x80
    };
    let start = head.iter().rposition(|byte| !word(byte)).map_or(0, |at| at + 1);
    if separator == b'>' && (start == 0 || head.get(start - 1) != Some(&b'<')) {
        return None;
    }
    let name = head.get(start..)?;
    (!name.is_empty() && name.len() <= 128)
        .then(|| (String::from_utf8_lossy(name).into_owned(), start))
}

/// Labels of two words.
fn phrase(before: &[u8]) -> Option<Kind> {
    let tail = before.get(before.len().saturating_sub(32)..)?;
    let tail = String::from_utf8_lossy(tail).to_lowercase();
    let tail = tail.trim_end_matches([' ', '"', '\'']);
    let known = [
        "parola chiave",
        "parola d'ordine",
        "mot de passe",
        "clave secreta",
        "shared access signature",
        "connection string",
    ];
    known.iter().any(|phrase| tail.ends_with(phrase)).then_some("password")
}

/// Skips `Bearer ` and its like behind `Authorization:`.
fn scheme(line: &[u8], start: usize) -> usize {
    let rest = line.get(start..).unwrap_or_default();
    for name in ["Bearer ", "Basic ", "Digest ", "Negotiate ", "token ", "SharedKey ", "ApiKey "] {
        let word = rest.get(..name.len()).unwrap_or_default();
        if word.eq_ignore_ascii_case(name.as_bytes()) {
            return start + name.len();
        }
    }
    start
}

/// Where the quote closes that was opened with as many backslashes before it.
fn closing(line: &[u8], open: usize, quote: u8, slashes: usize) -> Option<usize> {
    let mut at = open;
    loop {
        let window = line.get(at..line.len().min(open + VALUE))?;
        at += memchr::memchr(quote, window)?;
        let body = line.get(open..at)?;
        let run = body.iter().rev().take_while(|byte| **byte == b'\\').count();
        if run == slashes || (slashes == 0 && run % 2 == 0) {
            return Some(at - run.min(slashes));
        }
        at += 1;
    }
}

/// A value that reads as the name of a thing: `default-token-9xk2v`, `kube-system/azure-creds`.
pub(crate) fn name_like(value: &str) -> bool {
    let plain = value.bytes().all(|byte| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'/')
    });
    let digits = value.bytes().any(|byte| byte.is_ascii_digit());
    plain
        && value.starts_with(|c: char| c.is_ascii_lowercase())
        && value.len() <= 253
        && (value.contains('-') || !digits)
        && value.split(['-', '.', '/']).all(|segment| segment.len() <= 24)
}
