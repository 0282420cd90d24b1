//! Kubernetes audit logs folded to answers at the speed of decompression.
//!
//! Bytes come in, an [`AuditFold`] counts, folds merge in any order, and [`AuditFold::finish`] gives
//! an [`AuditSummary`]: plain, sorted data whose exemplars carry the place that says so.
//!
//! ```
//! use konspect_audit::{AuditFold, Fold, Shared, fold_bytes, sniff};
//! use konspect_bundle::{ArtifactId, Source};
//!
//! let log = br#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a","stage":"ResponseComplete",
//! "requestURI":"/api/v1/pods","verb":"list","user":{"username":"ada"},"userAgent":"curl/8"}"#;
//! assert!(sniff(log).is_some());
//!
//! let shared = Shared::new(); // Of one analysis: each event counts once, whatever files overlap.
//! let mut total = AuditFold::default();
//! for (number, artefact) in (0..).zip([&log[..], &log[..]]) {
//!     total.merge(fold_bytes(Source::new(ArtifactId(number), artefact), &shared));
//! }
//! shared.close(&mut total);
//! let summary = total.finish();
//! assert_eq!(summary.reading.events, 2);
//! assert_eq!(summary.reading.duplicates, 1);
//! assert_eq!(summary.clients[0].total.lists.unpaged, 1);
//! ```
//!
//! Artefacts may be folded on any threads and merged in any order; results are the same. Workers of one
//! [`Folds`] count clients and user agents into tables that they share, so that there is little to merge. A huge one
//! goes through [`fold_blocks`], which parses blocks on the current thread pool while the iterator
//! makes the next. Memory does not grow with the log: every table has a bound, keeps what has the
//! smallest hashes so that order does not matter, and counts what spilled ([`Budget`]). What holds for
//! all users together leaves out whole users, so several bounds that are reached at once agree, too.
//!
//! Times are micro-seconds since 1970 and durations micro-seconds, as integers, so that sums do not
//! depend on their order. Long-running requests (watch, exec, followed logs, …) have no latency.
//! Where an event was counted before (same audit ID and stage), it is a duplicate and counts no more.
//!
//! This crate refuses to know what is healthy: rules judge, and words are said elsewhere.

pub mod aggregate;
pub mod answers;
mod batch;
mod beside;
mod budget;
mod client;
mod columns;
mod container;
pub mod containment;
pub mod counterfactual;
mod crowd;
mod cut;
mod event;
mod everything;
mod exact;
mod failure;
mod finish;
mod fold;
mod form;
mod histogram;
pub mod objective;
mod onset;
mod order;
mod parts;
mod pending;
mod question;
mod read;
mod recent;
mod record;
mod rows;
mod sample;
mod scan;
mod seats;
mod seen;
mod state;
mod stream;
mod summary;
mod tables;
mod taken_out;
mod tally;
mod time;
mod timeline;
mod users;
mod watches;

pub use aggregate::Aggregate;
pub use client::Scope;
pub use columns::{cells, row_end};
pub use crowd::Crowd;
pub use event::{Component, Event, Stage, Verb};
pub use failure::Failure;
pub use fold::{AuditFold, Fold, Reading};
pub use form::{Form, has_values, in_lines, sniff};
pub use histogram::Histogram;
pub use onset::Onset;
pub use question::Question;
pub use read::{Folds, Shared, fold_blocks, fold_bytes};
pub use sample::Overlap;
pub use seen::Seen;
pub use state::StateError;
#[doc(hidden)]
pub use state::resealed_state;
pub use summary::{
    AgentLatency, AuditSummary, Budget, Change, ClientSummary, Deprecated, FailureSummary,
    GroupSummary, Growth, LatencyBin, Open, Part, Polled, Rate, SeriesSummary,
};
pub use tally::{Lists, Tally, WatchCounts};

/// Whether the forward scanner and `serde_json` read a line alike, where both accept it: what the
/// differential fuzz target asserts.
#[doc(hidden)]
pub fn scanner_agrees(line: &[u8]) -> bool {
    let mut event = Event::default();
    match (scan::scan(line, &mut event), exact::read(line)) {
        (Ok(()), Ok(exact)) => event == exact,
        _ => true,
    }
}
