//! What `kubectl describe` prints, of one object or many: nodes, pods, controllers, services, and the
//! events beneath each.
//!
//! It refuses to turn ages into times: the text does not say when it was printed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::{Source, Span};

use super::kube::kinds::{self, Target};
use super::quantity::quantity;
use super::rows::{Collected, Hint, Kind, Rows, TableKind};
use crate::model::kube::ObjectMeta;

mod objects;
mod section;

use section::{Line, block_lines};

/// Reads every described object of a source.
pub fn describe(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let target = Target::of(hint.command, hint.path);
    let mut counts: BTreeMap<&'static str, (u64, Span)> = BTreeMap::new();
    let mut seen = false;
    for block in blocks(source) {
        let kind = objects::read(&block, &target, rows);
        seen = true;
        let Some(info) = kinds::KINDS.iter().find(|info| info.kind == kind) else {
            continue;
        };
        let at = block.first().map_or_else(|| source.whole(), |line| line.at);
        counts.entry(info.kind).or_insert((0, at)).0 += 1;
    }
    for (kind, (count, at)) in counts {
        let Some(info) = kinds::by_kind("", kind) else {
            continue;
        };
        // Without a command it is not known whether all were described.
        let whole = target.certain && !target.partial || count > 1 && !info.namespaced;
        rows.collected.push(Collected {
            table: info.table,
            resource: match info.table {
                TableKind::CustomResources => info.resource(),
                _ => info.covered().to_owned(),
            },
            namespace: if info.namespaced { target.namespace.clone() } else { String::new() },
            complete: whole,
            at,
        });
    }
    if seen { Kind::KubernetesDescribe } else { Kind::Unknown }
}

/// The lines of each object: from one `Name:` at the margin to the next. What stands before the first
/// is no description.
fn blocks<'a>(source: &Source<'a>) -> Vec<Vec<Line<'a>>> {
    let mut found: Vec<Vec<Line<'a>>> = Vec::new();
    for line in block_lines(source) {
        if line.indent == 0 && line.key == "Name" && !line.value.is_empty() {
            found.push(Vec::new());
        }
        if let Some(block) = found.last_mut() {
            block.push(line);
        }
    }
    // A lone `Name:` may stand in any text: an answer of nslookup has some.
    found.retain(|block| {
        let known = ["Namespace", "Labels", "Annotations", "API Version", "Roles"];
        block.iter().any(|line| line.indent == 0 && known.contains(&line.key))
    });
    found
}

/// `Fri, 05 Jul 2024 09:26:17 +0000`.
fn time(text: &str) -> Option<Timestamp> {
    let zoned = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(zoned.timestamp())
}

fn absent(text: &str) -> bool {
    matches!(text, "" | "<none>" | "<unset>" | "<nil>" | "<unknown>")
}

fn value(text: &str) -> String {
    if absent(text) { String::new() } else { text.to_owned() }
}

/// The head that all descriptions share.
fn meta(block: &[Line<'_>]) -> ObjectMeta {
    let mut meta = ObjectMeta::default();
    let mut section = "";
    for line in block {
        if line.indent == 0 {
            section = line.key;
        }
        match (section, line.indent) {
            ("Name", 0) => meta.name = value(line.value).into(),
            ("Namespace", 0) => meta.namespace = value(line.value).into(),
            ("CreationTimestamp", 0) => meta.created = time(line.value).into(),
            ("Labels", _) => {
                let text = if line.indent == 0 { line.value } else { line.text };
                if let Some((key, value)) = text.trim().split_once('=') {
                    meta.labels.insert(key.to_owned(), value.into());
                }
            }
            _ => {}
        }
    }
    meta
}

/// `cpu: 7860m` lines of one section, as numbers.
fn quantities(block: &[Line<'_>], section: &str) -> BTreeMap<String, f64> {
    section::inside(block, section)
        .filter_map(|line| Some((line.key.to_owned(), quantity(line.value)?)))
        .collect()
}

#[cfg(test)]
mod tests;
