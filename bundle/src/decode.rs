//! From stored text to UTF-8: byte-order marks, UTF-16, ANSI colours.
//!
//! Spans are offsets in what leaves this module. It refuses to guess: without a byte-order mark the
//! bytes stay as they are, valid UTF-8 or not.

use std::borrow::Cow;
use std::io::{self, Read};

/// What the first bytes say about the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Utf8Bom,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    pub(crate) fn of(head: &[u8]) -> Self {
        match head {
            [0xef, 0xbb, 0xbf, ..] => Self::Utf8Bom,
            [0xff, 0xfe, ..] => Self::Utf16Le,
            [0xfe, 0xff, ..] => Self::Utf16Be,
            _ => Self::Plain,
        }
    }

    fn mark(self) -> usize {
        match self {
            Self::Plain => 0,
            Self::Utf8Bom => 3,
            Self::Utf16Le | Self::Utf16Be => 2,
        }
    }

    fn decoder(self) -> Option<encoding_rs::Decoder> {
        match self {
            Self::Plain | Self::Utf8Bom => None,
            Self::Utf16Le => Some(encoding_rs::UTF_16LE.new_decoder_without_bom_handling()),
            Self::Utf16Be => Some(encoding_rs::UTF_16BE.new_decoder_without_bom_handling()),
        }
    }
}

/// Strips a UTF-8 byte-order mark and turns UTF-16 with a mark into UTF-8.
pub fn text(bytes: &[u8]) -> Cow<'_, [u8]> {
    let encoding = Encoding::of(bytes);
    let body = bytes.get(encoding.mark()..).unwrap_or_default();
    match encoding {
        Encoding::Plain | Encoding::Utf8Bom => Cow::Borrowed(body),
        Encoding::Utf16Le => Cow::Owned(
            encoding_rs::UTF_16LE.decode_without_bom_handling(body).0.into_owned().into_bytes(),
        ),
        Encoding::Utf16Be => Cow::Owned(
            encoding_rs::UTF_16BE.decode_without_bom_handling(body).0.into_owned().into_bytes(),
        ),
    }
}

/// Does the same for a stream whose first bytes have been looked at but not taken.
pub(crate) fn stream(
    encoding: Encoding,
    mut inner: Box<dyn Read + Send>,
) -> io::Result<Box<dyn Read + Send>> {
    let mut mark = [0_u8; 3];
    inner.read_exact(mark.get_mut(..encoding.mark()).unwrap_or_default())?;
    Ok(match encoding.decoder() {
        None => inner,
        Some(decoder) => Box::new(Transcoder {
            inner,
            decoder: Some(decoder),
            raw: Vec::new(),
            ready: Vec::new(),
            given: 0,
            failed: None,
        }),
    })
}

/// Turns a UTF-16 stream into UTF-8.
struct Transcoder {
    inner: Box<dyn Read + Send>,
    /// Absent once the last bytes have been decoded.
    decoder: Option<encoding_rs::Decoder>,
    raw: Vec<u8>,
    ready: Vec<u8>,
    given: usize,
    failed: Option<io::Error>,
}

impl Transcoder {
    fn refill(&mut self) {
        let Some(mut decoder) = self.decoder.take() else { return };
        self.raw.clear();
        let last = match self.inner.by_ref().take(64 << 10).read_to_end(&mut self.raw) {
            Ok(length) => length == 0,
            Err(error) => {
                self.failed = Some(error);
                true
            }
        };
        self.given = 0;
        self.ready.clear();
        self.ready.resize(decoder.max_utf8_buffer_length(self.raw.len()).unwrap_or(0), 0);
        let (_, _, length, _) = decoder.decode_to_utf8(&self.raw, &mut self.ready, last);
        self.ready.truncate(length);
        if !last {
            self.decoder = Some(decoder);
        }
    }
}

impl Read for Transcoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given >= self.ready.len() && self.decoder.is_some() {
            self.refill();
        }
        let rest = self.ready.get(self.given..).unwrap_or_default();
        if rest.is_empty() {
            return self.failed.take().map_or(Ok(0), Err);
        }
        let length = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), rest.get(..length)) {
            to.copy_from_slice(from);
        }
        self.given += length;
        Ok(length)
    }
}

/// Drops ANSI escape sequences: colours, cursor movements, titles. Borrows when there are none.
pub fn strip_ansi(text: &str) -> Cow<'_, str> {
    const ESCAPE: char = '\u{1b}';
    const CONTROL_SEQUENCE: char = '\u{9b}';
    let is_escape = |c| c == ESCAPE || c == CONTROL_SEQUENCE;
    let Some(first) = text.find(is_escape) else { return Cow::Borrowed(text) };
    let (kept, mut rest) = text.split_at(first);
    let mut out = String::with_capacity(text.len());
    out.push_str(kept);
    while let Some(lead) = rest.chars().next() {
        let after = rest.get(lead.len_utf8()..).unwrap_or_default();
        rest = match (lead, after.chars().next()) {
            (CONTROL_SEQUENCE, _) => after_control_sequence(after),
            (ESCAPE, Some('[')) => after_control_sequence(after.get(1..).unwrap_or_default()),
            (ESCAPE, Some(']' | 'P' | '^' | '_')) => after_string(after),
            (ESCAPE, Some(next)) => after.get(next.len_utf8()..).unwrap_or_default(),
            (ESCAPE, None) => "",
            _ => {
                let plain = rest.find(is_escape).unwrap_or(rest.len());
                let (kept, next) = rest.split_at(plain);
                out.push_str(kept);
                next
            }
        };
    }
    Cow::Owned(out)
}

/// What follows a control sequence's final byte (`@` to `~`); a broken one ends where it breaks.
fn after_control_sequence(text: &str) -> &str {
    let end = text.find(|c: char| !matches!(c, ' '..='?')).unwrap_or(text.len());
    let rest = text.get(end..).unwrap_or_default();
    match rest.chars().next() {
        Some('@'..='~') => rest.get(1..).unwrap_or_default(),
        _ => rest,
    }
}

/// What follows a string such as a window title, ended by BEL, by `ESC \` or by the line's end.
fn after_string(text: &str) -> &str {
    let Some(end) = text.find(['\u{7}', '\u{1b}', '\n']) else { return "" };
    let rest = text.get(end..).unwrap_or_default();
    rest.strip_prefix('\u{7}').or_else(|| rest.strip_prefix("\u{1b}\\")).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        let mut bytes = if big { vec![0xfe, 0xff] } else { vec![0xff, 0xfe] };
        for unit in text.encode_utf16() {
            bytes.extend(if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
        }
        bytes
    }

    #[test]
    fn marks_are_stripped_and_utf16_becomes_utf8() {
        let words = "NAME   상태 𝄞\r\n";
        assert_eq!(text(b"\xef\xbb\xbf{}").as_ref(), b"{}");
        assert_eq!(text(b"plain \xff").as_ref(), b"plain \xff");
        for big in [false, true] {
            assert_eq!(text(&utf16(words, big)).as_ref(), words.as_bytes());
        }
    }

    #[test]
    fn a_utf16_stream_gives_what_the_whole_gives() {
        let long = "상태 𝄞 Running\n".repeat(20_000);
        let bytes = utf16(&long, false);
        let encoding = Encoding::of(&bytes);
        let mut out = Vec::new();
        stream(encoding, Box::new(io::Cursor::new(bytes))).unwrap().read_to_end(&mut out).unwrap();
        assert_eq!(out, long.as_bytes());
    }

    #[test]
    fn ansi_sequences_are_dropped() {
        for (from, to) in [
            ("plain", "plain"),
            ("\u{1b}[31mE1121\u{1b}[0m rest", "E1121 rest"),
            ("a\u{1b}]0;title\u{7}b\u{1b}]52;c\u{1b}\\c", "abc"),
            ("\u{9b}1mx\u{1b}", "x"),
            ("\u{1b}[31\u{e9}x\u{1b}(B", "\u{e9}xB"),
            ("\u{1b}]0;never ended\nnext", "\nnext"),
        ] {
            assert_eq!(strip_ansi(from), to);
        }
    }
}
