//! A text of an error in the form in which it is searched.

use super::target::url_targets;
use crate::model::network_error::Target;

/// Bytes of a text that are read.
const MOST_BYTES: usize = 16 * 1024;

/// The text up to a limit of bytes, cut between characters.
pub(in crate::parse) fn capped(text: &str, most: usize) -> String {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// A text in the form it is searched in: quotes without their escapes, and a lower-case twin with
/// the same byte positions.
pub(super) struct Text {
    pub(super) plain: String,
    pub(super) lower: String,
}

impl Text {
    pub(super) fn new(text: &str) -> Self {
        let text = capped(text, MOST_BYTES);
        let plain = if text.contains('\\') { without_escapes(&text) } else { text };
        let lower = plain.to_ascii_lowercase();
        Self { plain, lower }
    }

    pub(super) fn has(&self, needle: &str) -> bool {
        self.lower.contains(needle)
    }

    pub(super) fn any(&self, needles: &[&str]) -> bool {
        needles.iter().any(|needle| self.has(needle))
    }

    /// Every place behind `needle`, as the plain and the lower text that follow it.
    pub(super) fn after<'a>(&'a self, needle: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.lower.match_indices(needle).take(64).filter_map(move |(at, _)| {
            let end = at + needle.len();
            Some((self.plain.get(end..)?, self.lower.get(end..)?))
        })
    }

    /// The first `https://host:port` or `http://host:port` of the text.
    pub(super) fn url_target(&self) -> Target {
        url_targets(&self.plain).next().unwrap_or_default()
    }
}

/// Removes the backslashes that stand before a quote, however deeply it was escaped, and reads
/// `\n` and `\t` as blanks; other backslashes (paths of Windows) stay.
fn without_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, slashes) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let after = slashes.trim_start_matches('\\');
        match after.bytes().next() {
            Some(b'"') => rest = after,
            Some(b'n' | b't')
                if !after
                    .get(1..2)
                    .is_some_and(|next| next.bytes().all(|byte| byte.is_ascii_lowercase())) =>
            {
                out.push(' ');
                rest = after.get(1..).unwrap_or_default();
            }
            _ => {
                let count = slashes.len() - after.len();
                out.push_str(slashes.get(..count).unwrap_or_default());
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
