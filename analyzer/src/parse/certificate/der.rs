//! As much of DER as a certificate's dates and names need. Total: hostile bytes give `None`.

use jiff::Timestamp;
use konspect_bundle::Span;

use super::super::time;
use crate::model::node_files::Certificate;

const MOST_BYTES: usize = 64 * 1024;

/// Reads the standard alphabet, skipping white space; anything else ends it.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' | b' ' | b'\n' | b'\r' | b'\t' => continue,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).unwrap_or(0));
        }
        if out.len() > MOST_BYTES {
            return None;
        }
    }
    Some(out)
}

/// Reads the first certificate of the bytes.
pub(super) fn certificate(bytes: &[u8]) -> Option<Certificate> {
    let (_, outer, _) = element(bytes)?;
    let (_, mut body, _) = element(outer)?;
    // The version is optional and the only element with this tag here.
    if body.first() == Some(&0xa0) {
        body = element(body)?.2;
    }
    let body = element(body)?.2; // The serial number.
    let body = element(body)?.2; // The signature's algorithm.
    let (_, issuer, body) = element(body)?;
    let (_, validity, body) = element(body)?;
    let (_, subject, _) = element(body)?;
    let (before_tag, before, rest) = element(validity)?;
    let (after_tag, after, _) = element(rest)?;
    Some(Certificate {
        path: String::new(),
        subject: name(subject),
        issuer: name(issuer),
        not_before: date(before_tag, before),
        not_after: date(after_tag, after),
        at: Span::default(),
    })
}

/// Takes one element: its tag, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, first, rest @ ..] = bytes else { return None };
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (digits, rest) = rest.split_at_checked(count)?;
        (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// `UTCTime` (`YYMMDDHHMMSSZ`) or `GeneralizedTime` (`YYYYMMDDHHMMSSZ`).
fn date(tag: u8, bytes: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(bytes).ok()?;
    let full = match tag {
        0x17 => {
            let year: u8 = text.get(..2)?.parse().ok()?;
            format!("{}{text}", if year < 50 { "20" } else { "19" })
        }
        0x18 => text.to_owned(),
        _ => return None,
    };
    let part = |range: std::ops::Range<usize>| full.get(range);
    time::rfc3339(&format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0..4)?,
        part(4..6)?,
        part(6..8)?,
        part(8..10)?,
        part(10..12)?,
        part(12..14)?
    ))
}

/// The parts of a distinguished name that say something, as `O=…, CN=…`.
fn name(mut bytes: &[u8]) -> String {
    let mut out = String::new();
    while let Some((_, set, rest)) = element(bytes) {
        bytes = rest;
        let Some((_, pair, _)) = element(set) else { continue };
        let Some((_, kind, rest)) = element(pair) else { continue };
        let Some((_, value, _)) = element(rest) else { continue };
        let label = match kind {
            [0x55, 0x04, 0x03] => "CN",
            [0x55, 0x04, 0x0a] => "O",
            [0x55, 0x04, 0x0b] => "OU",
            [0x55, 0x04, 0x06] => "C",
            _ => continue,
        };
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(label);
        out.push('=');
        out.push_str(&String::from_utf8_lossy(value));
        if out.len() > 512 {
            break;
        }
    }
    out
}
