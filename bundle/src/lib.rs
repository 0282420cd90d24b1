//! What the collector and the analyzer share: the bundle's format, how anything that looks like a
//! bundle is opened, and the words for a place in it (spans) and for what is wrong with it
//! (diagnostics).
//!
//! This crate refuses to know what a cluster is: it deals in artefacts, bytes and places.

pub mod diagnostic;
pub mod manifest;
pub mod node;
pub mod redact;
pub mod span;
pub mod words;
pub mod writer;

pub use diagnostic::{Code, Diagnostic, Parsed};
pub use span::{ArtifactId, Line, Source, Span, Spanned};
pub use words::{Arg, Words};
