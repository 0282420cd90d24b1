//! The codings that hide text from a reader: base64, hex, percent, gzip, UTF-16.

use std::io::{Read, Write};

/// Inflates gzip; nothing when it is none, is broken, or grows past `limit`.
pub(crate) fn gunzip(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return None;
    }
    let mut inner = Vec::new();
    let mut limited = flate2::read::MultiGzDecoder::new(bytes).take(limit.min(1 << 30) as u64);
    limited.read_to_end(&mut inner).ok()?;
    Some(inner)
}

/// Deflates without a time stamp or a name.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    // Writing into memory does not fail.
    let _ = coder.write_all(bytes);
    coder.finish().unwrap_or_default()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

/// Text in UTF-16 with its mark of order.
pub(crate) fn utf16(bytes: &[u8]) -> Option<(String, Order)> {
    let (order, rest) = match bytes {
        [0xff, 0xfe, rest @ ..] => (Order::Little, rest),
        [0xfe, 0xff, rest @ ..] => (Order::Big, rest),
        _ => return None,
    };
    let units: Vec<u16> = rest
        .chunks_exact(2)
        .map(|pair| match (pair, order) {
            (&[low, high], Order::Little) | (&[high, low], Order::Big) => {
                u16::from_be_bytes([high, low])
            }
            _ => 0,
        })
        .collect();
    Some((String::from_utf16_lossy(&units), order))
}

pub(crate) fn to_utf16(text: &[u8], order: Order) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units
        .flat_map(|unit| match order {
            Order::Little => unit.to_le_bytes(),
            Order::Big => unit.to_be_bytes(),
        })
        .collect()
}

/// The two alphabets of base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    Standard,
    UrlSafe,
}

/// Decodes base64 of either alphabet, padded or not; nothing when it is none.
pub(crate) fn unbase64(text: &[u8]) -> Option<(Vec<u8>, Alphabet)> {
    let body = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let alphabet = if body.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        Alphabet::UrlSafe
    } else {
        Alphabet::Standard
    };
    if body.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(body.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in body {
        let six = match (byte, alphabet) {
            (b'A'..=b'Z', _) => byte - b'A',
            (b'a'..=b'z', _) => byte - b'a' + 26,
            (b'0'..=b'9', _) => byte - b'0' + 52,
            (b'+', Alphabet::Standard) | (b'-', Alphabet::UrlSafe) => 62,
            (b'/', Alphabet::Standard) | (b'_', Alphabet::UrlSafe) => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 255).unwrap_or_default());
        }
    }
    Some((bytes, alphabet))
}

/// Encodes as base64, padded.
pub(crate) fn base64(bytes: &[u8], alphabet: Alphabet) -> String {
    const COMMON: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let letter = |six: u32| -> char {
        let at = (six & 63) as usize;
        let last = match alphabet {
            Alphabet::Standard => [b'+', b'/'],
            Alphabet::UrlSafe => [b'-', b'_'],
        };
        char::from(COMMON.get(at).or_else(|| last.get(at - 62)).copied().unwrap_or(b'='))
    };
    let mut text = String::with_capacity(bytes.len() / 3 * 4 + 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            text.push(if at <= chunk.len() { letter(bits >> (18 - 6 * at)) } else { '=' });
        }
    }
    text
}

/// Decodes pairs of hex digits.
pub(crate) fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2)
        .map(|pair| {
            let digit = |at: usize| pair.get(at).and_then(|byte| char::from(*byte).to_digit(16));
            Some(u8::try_from(digit(0)? << 4 | digit(1)?).unwrap_or_default())
        })
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| {
            [digit(byte >> 4).to_ascii_lowercase(), digit(byte & 15).to_ascii_lowercase()]
        })
        .collect()
}

/// Decodes `%41`; what is no code stays.
pub(crate) fn unpercent(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%'
            && let Some(code) = tail.get(..2).and_then(unhex)
        {
            bytes.extend(code);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    bytes
}

pub(crate) fn percent(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, &byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            text.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
        text
    })
}

fn digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase()
}

/// True for bytes that are text: UTF-8 with hardly any control character.
pub(crate) fn printable(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let controls =
        text.chars().filter(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')).count();
    controls * 20 <= text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_return_what_they_were_given() {
        for length in 0..50_u8 {
            let bytes: Vec<u8> =
                (0..length).map(|n| n.wrapping_mul(37).wrapping_add(200)).collect();
            for alphabet in [Alphabet::Standard, Alphabet::UrlSafe] {
                let text = base64(&bytes, alphabet);
                assert_eq!(unbase64(text.as_bytes()).unwrap().0, bytes, "{text}");
            }
            assert_eq!(unhex(hex(&bytes).as_bytes()).unwrap(), bytes);
            assert_eq!(unpercent(percent(&bytes).as_bytes()), bytes);
            assert_eq!(gunzip(&gzip(&bytes), 100).unwrap(), bytes);
        }
        let coded = to_utf16("SECRET=é\r\n".as_bytes(), Order::Big);
        assert_eq!(utf16(&coded).unwrap().0, "SECRET=é\r\n");
        assert_eq!(unbase64(b"dG9rZW4"), Some((b"token".to_vec(), Alphabet::Standard)));
    }
}
