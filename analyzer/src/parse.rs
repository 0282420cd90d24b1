//! Bytes to rows: classifies each artefact by its content and parses it. Total and pure.
//!
//! A parser is a function `(Source, &Hint, &mut Rows)`: it appends the rows it can read, notes which
//! tables its source covers, and leaves diagnostics for what it cannot read. Rows of all artefacts
//! are concatenated in the order of the artefacts, so the number of threads cannot show.

pub mod certificate;
pub mod dns;
pub mod kubeconfig;
pub mod log;
pub mod network_error;
pub mod node_state;
pub mod probe;
pub mod rows;
mod signals;
pub mod time;
pub mod transcript;

pub use rows::{Hint, Kind, Rows, TableKind};
