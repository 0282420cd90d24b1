//! What the analyzer promises, tested from outside: one binary, so that it links once.

mod pages;
mod render;
mod schema;
mod states;
mod tidy;
mod words;
