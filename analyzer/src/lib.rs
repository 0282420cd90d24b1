//! Says from a bundle, with no cluster and no network, what is broken, since when, why, and what to
//! do first.
//!
//! Data flows one way, and a module may use only what stands to its left:
//! `bundle · model · parse · facts · finding · rules · rank · report · render`.

pub mod analysis;
pub mod audit_logs;
pub mod docs;
pub mod facts;
pub mod finding;
pub mod language;
pub mod model;
pub mod parse;
pub mod rank;
pub mod render;
pub mod report;
pub mod rules;
pub mod shell;

pub use analysis::{Analysis, Options, analyze};
