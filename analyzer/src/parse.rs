//! Bytes to rows: classifies each artefact by its content and parses it. Total and pure.
//!
//! A parser is a function `(Source, &Hint, &mut Rows)`: it appends the rows it can read, notes which
//! tables its source covers, and leaves diagnostics for what it cannot read. Rows of all artefacts
//! are concatenated in the order of the artefacts, so the number of threads cannot show.

pub mod collection;
pub mod describe;
pub mod kube;
pub mod kube_table;
pub mod quantity;
pub mod rows;

pub use rows::{Hint, Kind, Rows, TableKind};
