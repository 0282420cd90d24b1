//! Kubernetes objects from JSON and YAML, in every shape that commands and other tools write.
//!
//! It refuses to know what a rule asks: rows are cut down only to what the model names.

use konspect_bundle::Source;

use super::rows::{Hint, Kind, Rows};

mod alike;
mod control;
mod cover;
mod event;
mod head;
mod item;
mod json;
pub(crate) mod kinds;
mod network;
mod other;
mod pod;
mod scan;
mod shared;
pub(in crate::parse) mod soft;
mod stream;
mod workload;
mod yaml;

#[doc(hidden)]
pub use json::reader_agrees;
pub(crate) use kinds::resource_of;
pub use stream::Streaming;

/// Reads lists, single objects, watch events, lines of objects and concatenated documents.
pub fn json(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    Streaming::new(source.id, hint).whole(source, rows)
}

/// Whether the items of a list begin within these first bytes of an artefact.
pub fn begins_list(head: &[u8]) -> bool {
    head::begins_list(head)
}

/// Reads the same objects from YAML.
pub fn yaml(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    yaml::yaml(source, hint, rows)
}

/// The parsers of Kubernetes' own forms, by name: for sweeps over hostile and real input.
pub const PARSERS: &[(&str, Parser)] = &[
    ("json", json),
    ("yaml", yaml),
    ("table", super::kube_table::table),
    ("describe", super::describe::describe),
    ("record", super::collection::record),
];

/// A parser: appends rows, says what the source is, never fails.
pub type Parser = fn(&Source<'_>, &Hint<'_>, &mut Rows) -> Kind;

#[cfg(test)]
mod tests;
