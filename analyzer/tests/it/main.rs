//! What the analyzer promises, tested from outside: one binary, so that it links once.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::format_collect,
    reason = "a test may fail loudly, and its helpers with it"
)]

mod audit;
mod cli;
mod determinism;
mod fuzz;
mod hostile;
mod kit;
mod next;
mod offline;
mod pages;
mod path;
mod render;
mod schema;
mod states;
mod targets;
mod tidy;
mod truth;
mod words;
