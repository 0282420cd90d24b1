//! Kubernetes audit logs folded to answers at the speed of decompression.

mod budget;
mod client;
mod columns;
mod cut;
mod event;
mod exact;
mod failure;
mod fold;
mod form;
mod histogram;
mod onset;
mod read;
mod record;
mod rows;
mod scan;
mod seen;
mod summary;
mod tally;
mod time;
mod timeline;
mod watches;

pub use client::Scope;
pub use event::{Component, Event, Stage, Verb};
pub use failure::Failure;
pub use fold::{AuditFold, Fold, Reading};
pub use form::{Form, sniff};
pub use histogram::Histogram;
pub use onset::Onset;
pub use read::{Shared, fold_blocks, fold_bytes};
pub use seen::Seen;
pub use summary::{
    AgentLatency, AuditSummary, Budget, Change, ClientSummary, Deprecated, FailureSummary, Growth, LatencyBin, Open, Part, Polled, Rate,
    SeriesSummary,
};
pub use tally::{Lists, Tally, WatchCounts};
