//! JSON's escapes resolved.

/// Resolves JSON escapes; none when one is wrong or a surrogate stands alone.
pub(crate) fn unescape(text: &str) -> Option<String> {
    unescape_into(text, String::new())
}

pub(super) fn unescape_into(text: &str, mut out: String) -> Option<String> {
    out.clear();
    out.reserve(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (before, tail) = rest.split_at_checked(at)?;
        out.push_str(before);
        let mut symbols = tail.get(1..)?.chars();
        match symbols.next()? {
            '"' => out.push('"'),
            '\\' => out.push('\\'),
            '/' => out.push('/'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let unit = hex(symbols.as_str())?;
                symbols = symbols.as_str().get(4..)?.chars();
                let symbol = if (0xd800..0xdc00).contains(&unit) {
                    let low = symbols.as_str().strip_prefix("\\u").and_then(hex)?;
                    symbols = symbols.as_str().get(6..)?.chars();
                    let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    0x10000 + ((unit - 0xd800) << 10) + low
                } else {
                    unit
                };
                out.push(char::from_u32(symbol)?);
            }
            _ => return None,
        }
        rest = symbols.as_str();
    }
    out.push_str(rest);
    Some(out)
}

fn hex(text: &str) -> Option<u32> {
    let digits =
        text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}
