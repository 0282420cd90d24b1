//! Rule files: YAML documents, each one rule, each read on its own, so that a broken one costs only itself.

use std::ops::Range;

use serde::Deserialize;
use serde_yaml::{Location, Spanned};

use super::note::Note;

/// The largest file that is read.
const FILE_BYTES: usize = 1024 * 1024;
/// The most rules of one file.
const RULES: usize = 200;

/// A rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) id: Spanned<String>,
    pub(super) title: Spanned<String>,
    pub(super) for_each: Spanned<String>,
    pub(super) when: Spanned<String>,
    pub(super) severity: Option<Spanned<String>>,
    pub(super) part: Option<Spanned<String>>,
    pub(super) confidence: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) explains: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) explained_by: Vec<Spanned<String>>,
    pub(super) why: Option<String>,
    #[serde(default)]
    pub(super) remedy: Vec<Spanned<Remedy>>,
    #[serde(default)]
    pub(super) tests: Vec<Spanned<Case>>,
}

/// A step: a sentence, or a sentence with a command.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Remedy {
    Text(String),
    Step(CommandStep),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandStep {
    pub(super) text: String,
    pub(super) command: String,
}

/// A test inside a rule: a row, as much of it as matters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) fires: Option<serde_json::Value>,
    pub(super) silent: Option<serde_json::Value>,
}

/// One document of a file.
pub(super) struct Document<'t> {
    pub(super) source: Source<'t>,
    pub(super) rule: Written,
}

/// Where a document stands in its file.
#[derive(Clone, Copy)]
pub(super) struct Source<'t> {
    pub(super) path: &'t str,
    /// The whole file.
    pub(super) text: &'t str,
    /// Where the document begins in it.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
}

impl Source<'_> {
    pub(super) fn note(&self, range: Range<usize>, message: impl Into<String>) -> Note {
        Note::new(self.path, self.text, range, message)
    }

    /// The first line of a value, in the file.
    pub(super) fn line_of<T>(&self, value: &Spanned<T>) -> Range<usize> {
        let start = self.offset(value);
        let line = self.text.get(start..self.end).unwrap_or_default();
        let length = line.find('\n').unwrap_or(line.len());
        start..start + line.get(..length).unwrap_or_default().trim_end().len()
    }

    /// The place of a part of a text in the file, however YAML folded or quoted it.
    pub(super) fn inside(&self, written: &Spanned<String>, part: &Range<usize>) -> Range<usize> {
        let start = self.offset(written);
        let source = self.text.get(start..self.end).unwrap_or_default();
        let value = written.value.as_str();
        if let Some(found) = source.find(value).filter(|_| !value.is_empty()) {
            return start + found + part.start..start + found + part.end.max(part.start);
        }
        // Walk both at once: white space and the marks of YAML stand only in the source.
        let mut place = source.char_indices().peekable();
        let (mut first, mut last) = (None, None);
        for (offset, character) in
            value.char_indices().filter(|(_, character)| !character.is_whitespace())
        {
            let Some((at, found)) = place.by_ref().find(|(_, found)| *found == character) else {
                break;
            };
            if offset >= part.start && first.is_none() {
                first = Some(at);
            }
            if offset < part.end.max(part.start + 1) {
                last = Some(at + found.len_utf8());
            }
        }
        match (first, last) {
            (Some(first), Some(last)) => start + first..start + last.max(first),
            _ => self.line_of(written),
        }
    }

    /// Where a value begins in the file.
    fn offset<T>(&self, value: &Spanned<T>) -> usize {
        self.place(value.referenced).unwrap_or(self.start)
    }

    /// A place of the document in the file.
    fn place(&self, location: Location) -> Option<usize> {
        let inner = match location.span().byte_offset() {
            Some(offset) => usize::try_from(offset).ok()?,
            None => self.by_column(location)?,
        };
        Some((self.start + inner).min(self.end))
    }

    /// The offset of a line and a column, both counted from one, which is all that some errors tell.
    fn by_column(&self, location: Location) -> Option<usize> {
        let document = self.text.get(self.start..self.end)?;
        let line = usize::try_from(location.line()).ok()?.checked_sub(1)?;
        let column = usize::try_from(location.column()).ok()?.checked_sub(1)?;
        let before: usize = document.split_inclusive('\n').take(line).map(str::len).sum();
        let rest = document.get(before..)?;
        Some(before + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at))
    }
}

/// Reads the documents of a file; what cannot be read becomes a note.
pub(super) fn read<'t>(path: &'t str, text: &'t str, notes: &mut Vec<Note>) -> Vec<Document<'t>> {
    let mut documents = Vec::new();
    if text.len() > FILE_BYTES {
        let message = format!("larger than {FILE_BYTES} bytes: not read");
        notes.push(Note::new(path, "", 0..0, message));
        return documents;
    }
    for range in parts(text) {
        let source = Source { path, text, start: range.start, end: range.end };
        let part = text.get(range).unwrap_or_default();
        if part.lines().all(|line| line.trim().is_empty() || line.starts_with(['#', '%'])) {
            continue;
        }
        if documents.len() == RULES {
            let message = format!("more than {RULES} rules in one file: the rest is not read");
            notes.push(source.note(source.start..source.start + 1, message));
            break;
        }
        match parse(part) {
            Ok(rule) => documents.push(Document { source, rule }),
            Err(error) => notes.push(refused(&source, &error)),
        }
    }
    documents
}

fn parse(text: &str) -> Result<Written, serde_yaml::Error> {
    let size = text.len().max(64 * 1024);
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_events: size,
            max_nodes: size,
            max_total_scalar_bytes: size,
            max_depth: 64,
        },
        with_snippet: false,
    };
    serde_yaml::from_str_with_options(text, options)
}

fn refused(source: &Source<'_>, error: &serde_yaml::Error) -> Note {
    let place = error.location().and_then(|location| {
        let at = source.place(location)?;
        let line = source.text.get(at..source.end)?.lines().next().unwrap_or_default();
        let word = line.find([':', ' ']).unwrap_or(line.len()).max(1);
        Some(at..(at + word).min(source.end))
    });
    let mut message = error.without_snippet().to_string();
    if let Some(end) = message.find('\n') {
        message.truncate(end);
    }
    // The place is drawn, so the message need not tell it.
    if let Some(end) = message.rfind(" at line ") {
        message.truncate(end);
    }
    source.note(place.unwrap_or(source.start..source.start), message)
}

/// The documents of a file, by their `---` lines.
fn parts(text: &str) -> Vec<Range<usize>> {
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" || line.starts_with("--- ") {
            parts.push(start..at);
            start = at + line.len();
        }
        at += line.len();
    }
    parts.push(start..text.len());
    parts
}
