//! What the analyzer promises, tested from outside: one binary, so that it links once.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::format_collect,
    reason = "a test may fail loudly, and its helpers with it"
)]

mod audit;
mod cascades;
mod cli;
mod clock;
mod counts;
mod determinism;
mod docs;
mod forms;
mod fuzz;
mod golden;
mod hostile;
mod kit;
mod load;
mod lookalikes;
mod next;
mod offline;
mod pages;
mod path;
mod render;
mod schema;
mod scrapes;
mod states;
mod targets;
mod templates;
mod tidy;
mod translated;
mod truth;
mod user_rules;
mod verdict;
mod words;
