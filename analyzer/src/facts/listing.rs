//! Rows of one kind, with the sources that show all of them.

use std::ops::Deref;

use konspect_bundle::Span;

/// The rows of a table that needs no index of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing<T> {
    pub rows: Vec<T>,
    /// The sources that cover the table: what an absence is cited by. Never empty for a collected table.
    pub sources: Vec<Span>,
    /// False when a source was cut: absence proves nothing then.
    pub complete: bool,
}

impl<T> Listing<T> {
    /// Where the table is shown: the span to cite for an absence.
    pub fn at(&self) -> Span {
        self.sources.first().copied().unwrap_or_default()
    }
}

impl<T> Deref for Listing<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.rows
    }
}
