//! What the collector and the analyzer share: the bundle's format, how anything that looks like a
//! bundle is opened, and the words for a place in it (spans) and for what is wrong with it
//! (diagnostics).
//!
//! `Bundle::open` takes folders, archives and single files by what they hold, never by their names;
//! `Bundle::scan` hands every artefact to a visitor once, in parallel, decompressed and in UTF-8;
//! `Bundle::read`, `read_range` and `fetch` bring some back for excerpts. Spans are offsets in that
//! decoded text. What is wrong is told in three places: `Bundle::diagnostics` (names, archives and
//! limits, after opening), `Bundle::scan_notes` (artefacts that could not be read whole, after a
//! scan; a visitor sees its own as well) and `Bundle::verify_notes` (against the manifest).
//!
//! This crate refuses to know what a cluster is: it deals in artefacts, bytes and places.

#[cfg(feature = "open")]
pub mod decode;
pub mod diagnostic;
#[cfg(feature = "open")]
pub mod limits;
pub mod manifest;
pub mod node;
pub mod redact;
pub mod span;
pub mod words;
pub mod writer;

#[cfg(feature = "open")]
mod blocks;
#[cfg(feature = "open")]
mod content;
#[cfg(feature = "open")]
mod error;
#[cfg(feature = "open")]
mod nested;
#[cfg(feature = "open")]
mod numbered;
#[cfg(feature = "open")]
mod open;
#[cfg(feature = "open")]
mod scan;
#[cfg(feature = "open")]
mod sniff;
#[cfg(feature = "open")]
mod solid;
#[cfg(feature = "open")]
mod store;
#[cfg(feature = "open")]
mod verify;

#[cfg(feature = "open")]
pub use blocks::Blocks;
#[cfg(feature = "open")]
pub use content::Content;
pub use diagnostic::{Code, Diagnostic, Parsed};
#[cfg(feature = "open")]
pub use error::{OpenError, ReadError};
#[cfg(feature = "open")]
pub use limits::Limits;
pub use manifest::Manifest;
#[cfg(feature = "open")]
pub use open::{Artifact, Bundle, SourceCard, SourceKind};
#[cfg(feature = "open")]
pub use scan::Piece;
pub use span::{ArtifactId, Line, Source, Span, Spanned};
pub use words::{Arg, Words};

/// What a saved state of counted audit logs begins with: binary, and yet something to open.
pub const SAVED_STATE: &[u8] = b"konspect-audit-state\n";
