//! Bytes to rows: classifies each artefact by its content and parses it. Total and pure.
//!
//! A parser is a function `(Source, &Hint, &mut Rows)`: it appends the rows it can read, notes which
//! tables its source covers, and leaves diagnostics for what it cannot read. Rows of all artefacts
//! are concatenated in the order of the artefacts, so the number of threads cannot show.

pub mod azure;
pub mod flow_dump;
pub mod health;
pub mod kube;
pub mod log;
pub mod network_error;
pub mod prometheus;
pub mod quantity;
pub mod raw_json;
pub mod rows;
pub mod sniff;
pub mod time;
mod signals;

pub use rows::{Hint, Kind, Rows, TableKind};

use konspect_bundle::Source;

/// Classifies an artefact by its content and parses it.
pub fn artifact(source: &Source<'_>, hint: &Hint<'_>) -> (Kind, Rows) {
    let mut rows = Rows::default();
    let kind = azure::json(source, hint, &mut rows);
    (kind, rows)
}

/// The node of an artefact as a manifest or a path like `nodes/<name>/…` gives it; empty otherwise.
pub fn node_of<'a>(hint: &Hint<'a>) -> &'a str {
    if !hint.node.is_empty() {
        return hint.node;
    }
    let mut parts = hint.path.split('/');
    while let Some(part) = parts.next() {
        if part.eq_ignore_ascii_case("nodes") || part.eq_ignore_ascii_case("node") {
            let name = parts.next().unwrap_or_default();
            return if parts.next().is_some() { name } else { "" };
        }
    }
    ""
}
