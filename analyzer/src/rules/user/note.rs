//! What is wrong with a rule file, and where in it.

use std::ops::Range;

/// One thing that is wrong with a rule file; its rule is not run, the others are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub path: String,
    /// The lines around the place, to draw.
    pub text: String,
    /// The line in the file that `text` begins with, from one.
    pub line: usize,
    /// The place, in `text`.
    pub range: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

/// Lines that are drawn before and after the place.
const AROUND: usize = 2;
/// The longest line that is drawn whole.
const WIDTH: usize = 400;

impl Note {
    pub(super) fn new(
        path: &str,
        file: &str,
        range: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let start = file.floor_char_boundary(range.start.min(file.len()));
        let end = file.floor_char_boundary(range.end.clamp(start, file.len()));
        let (before, after) =
            (file.get(..start).unwrap_or_default(), file.get(end..).unwrap_or_default());
        let first = before.rmatch_indices('\n').nth(AROUND).map_or(0, |(at, _)| at + 1);
        let last = end + after.match_indices('\n').nth(AROUND).map_or(after.len(), |(at, _)| at);
        // A line as long as a file is no help to anyone.
        let first = first.max(file.floor_char_boundary(start.saturating_sub(WIDTH)));
        let last = last.min(file.floor_char_boundary(end.saturating_add(WIDTH))).max(end);
        Self {
            path: path.to_owned(),
            text: file.get(first..last).unwrap_or_default().to_owned(),
            line: 1 + file.get(..first).unwrap_or_default().matches('\n').count(),
            range: start - first..end - first,
            message: message.into(),
            help: None,
        }
    }

    #[must_use]
    pub(super) fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}
