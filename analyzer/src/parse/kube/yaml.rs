//! Objects from YAML: documents and list items are cut by their indentation, turned into JSON one by
//! one, and read on the same path. Only the item's span remains: YAML is rare.

use std::ops::Range;

use konspect_bundle::diagnostic::{Code, Diagnostic};
use konspect_bundle::{Source, Span};
use rayon::prelude::*;

use super::cover;
use super::head::Head;
use super::item::{self, Context, OTHER_ROWS, Output, Seen};
use super::kinds::Target;
use crate::parse::rows::{Hint, Kind, Rows};

/// One item or document over this many bytes is not read.
const ITEM_BYTES: usize = 64 * 1024 * 1024;

/// Reads all documents of a YAML source.
pub(super) fn yaml(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let target = Target::of(hint.command, hint.path);
    let mut reader = Reader {
        source,
        target,
        command: hint.command,
        output: Output::default(),
        bare: Seen::new(),
        lists: 0,
    };
    for range in documents(source) {
        reader.document(range);
    }
    let Reader { mut output, bare, lists, .. } = reader;
    rows.append(std::mem::take(&mut output.rows));
    rows.others.truncate(OTHER_ROWS);
    cover::bare(&bare, rows);
    if let Some((at, reason)) = output.first_refused {
        rows.diagnostics.push(
            Diagnostic::new(Code::Refused, at).with("count", output.refused).with("reason", reason),
        );
    }
    if lists > 0 || !bare.is_empty() {
        Kind::KubernetesObjects
    } else if output.versions > 0 {
        Kind::ApiVersion
    } else if output.failures > 0 {
        Kind::FailedCommand
    } else {
        Kind::Unknown
    }
}

struct Reader<'a> {
    source: &'a Source<'a>,
    target: Target,
    command: &'a str,
    output: Output,
    bare: Seen,
    lists: u64,
}

impl Reader<'_> {
    fn document(&mut self, range: Range<usize>) {
        let bytes = self.source.bytes.get(range.clone()).unwrap_or_default();
        let at = self.source.span(range.clone());
        let Some((head_text, items)) = split_list(bytes) else {
            if let Some(json) = self.json(&String::from_utf8_lossy(bytes), at) {
                let context = self.context("", "", at);
                let mut output = Output::default();
                item::object(json.as_bytes(), &context, &mut output);
                item::merge(&mut self.bare, std::mem::take(&mut output.seen));
                self.output.append(output);
            }
            return;
        };
        let head = self.json(&head_text, at).map(|json| Head::of(json.as_bytes()));
        let head = head.unwrap_or_default();
        let (api_version, kind) = (head.item_version().to_owned(), head.item_kind().to_owned());
        let this = &*self;
        let outputs: Vec<Output> = items
            .into_par_iter()
            .map(|item| {
                let at = this.source.span(range.start + item.start..range.start + item.end);
                this.item(bytes.get(item).unwrap_or_default(), &api_version, &kind, at)
            })
            .collect();
        let mut seen = Seen::new();
        for mut output in outputs {
            item::merge(&mut seen, std::mem::take(&mut output.seen));
            self.output.append(output);
        }
        self.lists += 1;
        cover::list(&head, &seen, &self.target, at, true, &mut self.output.rows);
    }

    fn item(&self, bytes: &[u8], api_version: &str, kind: &str, at: Span) -> Output {
        let mut output = Output::default();
        // The dash becomes a blank: the item is a mapping of its own.
        let text = String::from_utf8_lossy(bytes).replacen('-', " ", 1);
        match to_json(&text) {
            Ok(json) => {
                item::object(json.as_bytes(), &self.context(api_version, kind, at), &mut output);
            }
            Err(reason) => output.refuse(at, reason),
        }
        output
    }

    fn context<'c>(&'c self, api_version: &'c str, kind: &'c str, at: Span) -> Context<'c> {
        Context {
            source: Source::new(self.source.id, b""),
            fixed: Some(at),
            target: &self.target,
            command: self.command,
            api_version,
            kind,
        }
    }

    fn json(&mut self, text: &str, at: Span) -> Option<String> {
        let empty = |line: &str| line.trim().is_empty() || line.starts_with('#');
        if text.lines().all(empty) {
            return None;
        }
        match to_json(text) {
            Ok(json) => Some(json),
            Err(reason) => {
                self.output.refuse(at, reason);
                None
            }
        }
    }
}

/// One document as JSON text, within limits that follow its size.
fn to_json(text: &str) -> Result<String, String> {
    if text.len() > ITEM_BYTES {
        return Err("document too large".to_owned());
    }
    let size = text.len().max(64 * 1024);
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_events: size,
            max_nodes: size,
            max_total_scalar_bytes: size,
            max_depth: 128,
        },
        duplicate_keys: serde_yaml::options::DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    };
    serde_yaml::from_str_with_options::<serde_json::Value>(text, options)
        .map(|value| value.to_string())
        .map_err(|error| {
            let mut reason = error.to_string();
            item::cap(&mut reason, 256);
            reason
        })
}

/// The ranges between `---` lines.
fn documents(source: &Source<'_>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in source.lines() {
        let marker = line.bytes.starts_with(b"---")
            && matches!(line.bytes.get(3), None | Some(b' ' | b'\t'));
        if marker || line.bytes == b"..." {
            found.push(start..line.offset);
            start = line.offset + line.bytes.len();
        }
    }
    found.push(start..source.bytes.len());
    found.retain(|range| {
        let bytes = source.bytes.get(range.clone()).unwrap_or_default();
        !bytes.iter().all(u8::is_ascii_whitespace)
    });
    found
}

/// Cuts the document of a list: its other lines, and the ranges of its items. In block style nothing
/// inside an item stands as far left as its dash, so the cut is exact.
fn split_list(bytes: &[u8]) -> Option<(String, Vec<Range<usize>>)> {
    let source = Source::new(konspect_bundle::ArtifactId(0), bytes);
    let mut head = String::new();
    let mut items: Vec<Range<usize>> = Vec::new();
    let mut inside = false;
    let mut indent: Option<usize> = None;
    // An empty list is an answer too: it covers its table.
    let mut empty = false;
    for line in source.lines() {
        let end = line.offset + line.bytes.len();
        if !inside {
            if line.bytes.trim_ascii_end() == b"items:" && items.is_empty() {
                inside = true;
            } else if matches!(line.bytes.trim_ascii_end(), b"items: []" | b"items: null") {
                empty = true;
            } else {
                head.push_str(&line.text());
                head.push('\n');
            }
            continue;
        }
        let blanks = line.bytes.iter().take_while(|byte| **byte == b' ').count();
        let rest = line.bytes.get(blanks..).unwrap_or_default();
        let dash = rest == b"-" || rest.starts_with(b"- ");
        if dash && indent.is_none_or(|indent| indent == blanks) {
            indent = Some(blanks);
            items.push(line.offset..end);
        } else if rest.is_empty() || indent.is_some_and(|indent| blanks > indent) {
            if let Some(item) = items.last_mut() {
                item.end = end;
            }
        } else {
            inside = false;
            head.push_str(&line.text());
            head.push('\n');
        }
    }
    (empty || !items.is_empty()).then_some((head, items))
}

#[cfg(test)]
mod tests {
    use konspect_bundle::ArtifactId;

    use super::*;

    fn read(text: &str) -> (Kind, Rows) {
        let mut rows = Rows::default();
        let kind = yaml(&Source::new(ArtifactId(1), text.as_bytes()), &Hint::default(), &mut rows);
        (kind, rows)
    }

    const LIST: &str = "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n    annotations:\n      note: |\n        - not an item\n        items:\n  spec:\n    containers:\n    - name: c\n      image: i\n- apiVersion: v1\n  kind: Node\n  metadata: {name: n}\n  status:\n    conditions:\n    - type: Ready\n      status: \"True\"\nkind: List\nmetadata:\n  resourceVersion: \"\"\n";

    #[test]
    fn lists_are_cut_into_items_with_their_places() {
        let (kind, rows) = read(LIST);
        assert_eq!((kind, rows.pods.len(), rows.nodes.len()), (Kind::KubernetesObjects, 1, 1));
        assert_eq!(rows.diagnostics, []);
        let at = rows.nodes[0].at;
        let cut = &LIST[usize::try_from(at.start).unwrap()..usize::try_from(at.end).unwrap()];
        assert!(
            cut.starts_with("- apiVersion: v1\n  kind: Node") && cut.ends_with("\"True\""),
            "{cut}"
        );
        assert_eq!(rows.nodes[0].conditions[0].status, crate::model::kube::Status::True);
        assert_eq!(rows.collected.len(), 2);
    }

    #[test]
    fn documents_and_typed_lists_are_read() {
        let text = "---\napiVersion: v1\nkind: Node\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: EventList\nitems:\n  - metadata:\n      namespace: d\n    reason: BackOff\n    type: Warning\n";
        let (_, rows) = read(text);
        assert_eq!((rows.nodes.len(), rows.events[0].reason.as_str()), (1, "BackOff"));
        assert_eq!(rows.diagnostics, []);
        assert!(
            !rows
                .collected
                .iter()
                .any(|it| it.table == crate::parse::TableKind::Nodes && it.complete)
        );
    }

    #[test]
    fn an_empty_list_covers_its_table() {
        let (kind, rows) = read(
            "---\napiVersion: apps/v1\nitems: []\nkind: DeploymentList\nmetadata:\n  resourceVersion: \"1\"\n",
        );
        assert_eq!(kind, Kind::KubernetesObjects);
        assert_eq!(
            rows.collected.first().map(|it| it.table),
            Some(crate::parse::TableKind::Workloads)
        );
    }

    #[test]
    fn a_bad_item_costs_only_itself() {
        let text = LIST.replace("metadata: {name: n}", "metadata: {name: n");
        let (_, rows) = read(&text);
        assert_eq!((rows.pods.len(), rows.nodes.len(), rows.diagnostics.len()), (1, 0, 1));
        let bomb = format!("a: &a [x]\nb: {}\n", "[*a, ".repeat(5000));
        assert!(read(&bomb).1.pods.is_empty());
    }
}
