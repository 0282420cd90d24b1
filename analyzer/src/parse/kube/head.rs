//! What a list says of itself, beside its items.

use super::scan::{self, Member};

/// What stands beside a list's items.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) remaining: Option<u64>,
    pub(super) more: bool,
}

impl Head {
    pub(super) fn note(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"apiVersion" => scan::plain_text(value).clone_into(&mut self.api_version),
            b"kind" => scan::plain_text(value).clone_into(&mut self.kind),
            b"metadata" if value.first() == Some(&b'{') => {
                self.more = scan::member(value, "continue").is_some_and(|text| text.len() > 2);
                self.remaining = scan::member(value, "remainingItemCount")
                    .and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
            }
            _ => {}
        }
    }

    /// Of a whole object.
    pub(super) fn of(object: &[u8]) -> Self {
        let mut head = Self::default();
        for key in ["apiVersion", "kind", "metadata"] {
            if let Some(value) = scan::member(object, key) {
                head.note(key.as_bytes(), value);
            }
        }
        head
    }

    /// The kind of the items of a typed list; empty for `List`.
    pub(super) fn item_kind(&self) -> &str {
        self.kind.strip_suffix("List").unwrap_or("")
    }

    /// The version of the items, which only a typed list tells.
    pub(super) fn item_version(&self) -> &str {
        if self.item_kind().is_empty() { "" } else { &self.api_version }
    }
}

/// Whether the items of a list begin within these first bytes.
pub(super) fn begins_list(head: &[u8]) -> bool {
    let mut at = scan::skip_blanks(head, 0);
    if head.get(at) != Some(&b'{') {
        return false;
    }
    at += 1;
    while let Ok(Member::Key { key, value }) = scan::next_member(head, at) {
        if head.get(key) == Some(b"items") {
            return head.get(value) == Some(&b'[');
        }
        let Ok(end) = scan::skip_value(head, value) else { return false };
        at = end;
    }
    false
}
