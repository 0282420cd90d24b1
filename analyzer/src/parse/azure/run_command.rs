//! `az vmss run-command invoke`: unpacks what the command printed and parses that as an artefact of
//! its own.

use konspect_bundle::Source;

use super::super::raw_json::{RawJson, unescape_in_place};
use super::super::{Hint, Kind, Rows, artifact};

/// Reads the answer of a run-command; the kind is that of what the command printed.
pub fn run_command(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let root = RawJson::new(source.bytes);
    let statuses = match root.get("value") {
        Some(list) if list.is_array() => list,
        _ => root,
    };
    let mut kind = Kind::AzureOther;
    let lone = root.is_object().then_some(root);
    for status in statuses.items().chain(lone.filter(|_| statuses == root)) {
        let Some(message) = status.get("message") else {
            continue;
        };
        let Some(content) = message.bytes().strip_prefix(b"\"") else {
            continue;
        };
        let content = content.strip_suffix(b"\"").unwrap_or(content);
        let text = unescape_in_place(content);
        let base = source.span_of(content).start;
        for (start, end) in parts(&text) {
            let bytes = text.get(start..end).unwrap_or_default();
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            // The text is as long as its spelling, so that its lines keep their places.
            let inner = Source { id: source.id, bytes, base: base + start as u64 };
            let (found, read) = artifact(&inner, &Hint { command: "", ..hint.clone() });
            rows.append(read);
            if kind == Kind::AzureOther {
                kind = found;
            }
        }
    }
    kind
}

/// Where standard output and standard error stand in a message; all of it without the markers.
fn parts(text: &[u8]) -> Vec<(usize, usize)> {
    let find = |marker: &[u8], from: usize| {
        let found = memchr::memmem::find(text.get(from..)?, marker)?;
        Some(from + found)
    };
    let Some(output) = find(b"[stdout]", 0) else {
        return vec![(0, text.len())];
    };
    let output = output + b"[stdout]".len();
    match find(b"[stderr]", output) {
        Some(error) => vec![(output, error), (error + b"[stderr]".len(), text.len())],
        None => vec![(output, text.len())],
    }
}
