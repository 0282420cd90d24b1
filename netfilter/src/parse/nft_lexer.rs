//! Tokens of nft's text.

/// One token and its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Token<'a> {
    pub what: What<'a>,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum What<'a> {
    Word(&'a str),
    Text(&'a str),
    Open,
    Close,
    Comma,
    Colon,
    /// A line's end or a semicolon.
    End,
    /// `# handle 7`.
    Handle(u64),
}

impl<'a> What<'a> {
    pub(super) fn word(self) -> &'a str {
        match self {
            Self::Word(word) | Self::Text(word) => word,
            _ => "",
        }
    }
}

/// Splits a text; line ends inside braces of sets are kept, readers skip them.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len() / 6);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let start = at;
        at += 1;
        let what = match byte {
            b' ' | b'\t' | b'\r' => continue,
            b'\\' if bytes.get(at) == Some(&b'\n') => {
                at += 1;
                continue;
            }
            b'\n' | b';' => What::End,
            b'{' => What::Open,
            b'}' => What::Close,
            b',' => What::Comma,
            b'(' | b')' => continue,
            b'"' => {
                let end = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\n', rest));
                let end = at + end.unwrap_or(bytes.len() - at);
                let inside = text.get(at..end).unwrap_or_default();
                at = end + usize::from(bytes.get(end) == Some(&b'"'));
                What::Text(inside)
            }
            b'#' => {
                let end = bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest));
                let end = at + end.unwrap_or(bytes.len() - at);
                let inside = text.get(at..end).unwrap_or_default();
                at = end;
                match inside
                    .trim()
                    .strip_prefix("handle ")
                    .and_then(|number| number.trim().parse().ok())
                {
                    Some(handle) => What::Handle(handle),
                    None => continue,
                }
            }
            _ => {
                while bytes.get(at).is_some_and(|byte| {
                    !matches!(
                        byte,
                        b' ' | b'\t'
                            | b'\r'
                            | b'\n'
                            | b';'
                            | b'{'
                            | b'}'
                            | b','
                            | b'"'
                            | b'('
                            | b')'
                    )
                }) {
                    at += 1;
                }
                let word = text.get(start..at).unwrap_or_default();
                match word.strip_suffix(':') {
                    Some("") => What::Colon,
                    // `established: accept`, but never `fe80::`.
                    Some(name) if !name.ends_with(':') => {
                        out.push(Token { what: What::Word(name), start, end: at - 1 });
                        What::Colon
                    }
                    _ => What::Word(word),
                }
            }
        };
        out.push(Token { what, start, end: at });
    }
    out
}
