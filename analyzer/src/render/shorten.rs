//! What a page may hold before it is shortened, and by how much, step by step.
//!
//! Rows go before excerpts, excerpts before charts; the page says what was left out.

use serde::Serialize;

/// How much of everything one rendering shows. The JSON has everything always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Limits {
    /// Rows of a table in full; findings beyond it keep one line with their id.
    pub rows: usize,
    /// Names under one node of the tree of effects.
    pub names: usize,
    /// Excerpts in the evidence section.
    pub excerpts: usize,
    pub charts: bool,
    /// Step 0 is not shortened.
    pub step: usize,
}

/// The steps for a page, widest first.
pub(super) const PAGE: [Limits; 6] = [
    Limits { rows: 1000, names: 200, excerpts: 1000, charts: true, step: 0 },
    Limits { rows: 400, names: 100, excerpts: 600, charts: true, step: 1 },
    Limits { rows: 50, names: 50, excerpts: 300, charts: true, step: 2 },
    Limits { rows: 50, names: 20, excerpts: 80, charts: true, step: 3 },
    Limits { rows: 50, names: 10, excerpts: 20, charts: true, step: 4 },
    Limits { rows: 20, names: 10, excerpts: 8, charts: false, step: 5 },
];

/// The steps for a text of limited length, widest first.
pub(super) const TEXT: [Limits; 9] = [
    Limits { rows: 2000, names: 100, excerpts: 400, charts: false, step: 0 },
    Limits { rows: 500, names: 50, excerpts: 150, charts: false, step: 1 },
    Limits { rows: 200, names: 20, excerpts: 60, charts: false, step: 2 },
    Limits { rows: 50, names: 10, excerpts: 25, charts: false, step: 3 },
    Limits { rows: 20, names: 5, excerpts: 12, charts: false, step: 4 },
    Limits { rows: 10, names: 5, excerpts: 6, charts: false, step: 5 },
    Limits { rows: 5, names: 3, excerpts: 3, charts: false, step: 6 },
    Limits { rows: 2, names: 2, excerpts: 1, charts: false, step: 7 },
    Limits { rows: 0, names: 0, excerpts: 0, charts: false, step: 8 },
];
