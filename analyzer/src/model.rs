//! The rows: plain data that parsers produce and facts index. No behaviour beyond reading itself.
//!
//! Every row carries the span that says it. Text is kept as the artefact has it; times are UTC.

pub mod azure;
pub mod client;
pub mod condition;
pub mod kube;
pub mod log;
pub mod metrics;
pub mod named;
pub mod network_error;
pub mod node_files;
pub mod packed;
pub mod workload;

pub use jiff::Timestamp;
pub use konspect_bundle::{ArtifactId, Span, Spanned};
pub use named::{Few, Labels, Quantities, Seldom, Text};
pub use packed::{At, When};
