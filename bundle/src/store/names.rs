//! Member names are labels, never paths: how they are shown, and which of them are odd.

use std::fmt::Write as _;

/// A name as reports show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) path: String,
    /// Why the name is no plain relative path.
    pub(crate) odd: Option<&'static str>,
    /// True when it was shortened.
    pub(crate) shortened: bool,
}

/// Makes the label of a raw name: `/`-separated, without `./`, doubled and trailing slashes;
/// control characters, backslashes, direction marks and broken UTF-8 visibly escaped.
pub(crate) fn label(raw: &[u8], longest: usize, levels: usize) -> Label {
    let mut odd = None;
    let mut shown = String::with_capacity(raw.len().min(longest));
    for chunk in raw.utf8_chunks() {
        for character in chunk.valid().chars() {
            if needs_escape(character) {
                odd =
                    odd.or(Some(if character == '\\' { "backslash" } else { "control character" }));
                shown.extend(character.escape_default());
            } else {
                shown.push(character);
            }
        }
        for byte in chunk.invalid() {
            odd = odd.or(Some("not UTF-8"));
            // A String takes every write.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    let drive = matches!(shown.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if shown.starts_with('/') || drive {
        odd = Some("absolute");
    } else if shown.split('/').any(|part| part == "..") {
        odd = Some("leaves its folder");
    }
    let lead = if shown.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> =
        shown.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let mut shortened = parts.len() > levels;
    parts.truncate(levels);
    let mut path = format!("{lead}{}", parts.join("/"));
    if path.len() > longest {
        let cut = (0..=longest).rev().find(|at| path.is_char_boundary(*at)).unwrap_or(0);
        path.truncate(cut);
        shortened = true;
    }
    if shortened {
        path.push('…');
    }
    if path.is_empty() {
        return Label { path: "?".into(), odd: Some("empty"), shortened };
    }
    Label { path, odd, shortened }
}

/// A path behind what holds it; an empty prefix is nothing.
pub(crate) fn joined(prefix: &str, path: String) -> String {
    if prefix.is_empty() { path } else { format!("{prefix}/{path}") }
}

/// Characters that would move the cursor, hide themselves or turn the reading direction.
fn needs_escape(character: char) -> bool {
    character.is_control()
        || matches!(character, '\\' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_and_odd_ones_are_escaped() {
        for (raw, path, odd) in [
            (&b"./nodes//aks-1/log.gz"[..], "nodes/aks-1/log.gz", None),
            (b"logs/shop/\xea\xb0\x80.log", "logs/shop/가.log", None),
            (b"../../etc/passwd", "../../etc/passwd", Some("leaves its folder")),
            (b"/etc/passwd", "/etc/passwd", Some("absolute")),
            (b"C:\\x", "C:\\\\x", Some("absolute")),
            (b"x\\y", "x\\\\y", Some("backslash")),
            (b"a\nb\x1b[2J", "a\\nb\\u{1b}[2J", Some("control character")),
            (b"a\xff", "a\\xff", Some("not UTF-8")),
            (b"./", "?", Some("empty")),
        ] {
            let label = label(raw, 100, 64);
            assert_eq!((label.path.as_str(), label.odd), (path, odd));
        }
    }

    #[test]
    fn long_and_deep_names_are_shortened() {
        let long = label("가".repeat(50).as_bytes(), 100, 64);
        assert!(long.shortened && long.path.len() <= 103 && long.path.ends_with('…'));
        assert_eq!(label(b"a/b/c/d", 100, 2).path, "a/b…");
    }
}
