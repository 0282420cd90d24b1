//! Lines of a description as keys and values, its sections, and the tables inside.

use konspect_bundle::{Source, Span};

use crate::parse::kube_table::split_wide;

/// One line: its indentation, and key and value where it has them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) indent: usize,
    /// Empty where the line has no key.
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) text: &'a str,
    pub(super) at: Span,
}

/// All lines that are text; blank ones are left out.
pub(super) fn block_lines<'a>(source: &Source<'a>) -> impl Iterator<Item = Line<'a>> {
    source.lines().filter_map(|line| {
        // A line with foreign bytes says nothing that is asked of a description.
        let text = std::str::from_utf8(line.bytes).ok()?.trim_end();
        let indent = text.len() - text.trim_start().len();
        let body = text.trim_start();
        if body.is_empty() {
            return None;
        }
        let (key, value) = split_key(body);
        Some(Line { indent, key, value, text, at: line.at })
    })
}

/// Splits at the first colon that ends a word.
fn split_key(body: &str) -> (&str, &str) {
    let mut from = 0;
    while let Some(found) = body.get(from..).and_then(|rest| rest.find(':')) {
        let colon = from + found;
        let after = body.get(colon + 1..).unwrap_or("");
        if after.is_empty() || after.starts_with([' ', '\t']) {
            return (body.get(..colon).unwrap_or(""), after.trim());
        }
        from = colon + 1;
    }
    ("", body)
}

/// The lines inside a section of the margin.
pub(super) fn inside<'b, 'a>(
    block: &'b [Line<'a>],
    section: &str,
) -> impl Iterator<Item = &'b Line<'a>> {
    let start = block.iter().position(|line| line.indent == 0 && line.key == section);
    let rest = start.and_then(|start| block.get(start + 1..)).unwrap_or_default();
    rest.iter().take_while(|line| line.indent > 0)
}

/// The value of a key at the margin.
pub(super) fn top<'a>(block: &[Line<'a>], key: &str) -> &'a str {
    block.iter().find(|line| line.indent == 0 && line.key == key).map_or("", |line| line.value)
}

pub(super) fn has(block: &[Line<'_>], key: &str) -> bool {
    block.iter().any(|line| line.indent == 0 && line.key == key)
}

/// A table inside a section: names of columns and, for each row, its cells.
pub(super) fn table(block: &[Line<'_>], section: &str) -> (Vec<String>, Vec<(Vec<String>, Span)>) {
    let mut lines = inside(block, section);
    let Some(header) = lines.next() else {
        return (Vec::new(), Vec::new());
    };
    let names = split_wide(header.text);
    let starts: Vec<usize> = names.iter().map(|name| name.0).collect();
    let rows = lines
        .filter(|line| !line.text.trim_start().starts_with("--"))
        .map(|line| (cells(line.text, &starts), line.at))
        .collect();
    (names.into_iter().map(|name| name.1).collect(), rows)
}

/// Cells at the header's offsets where the row keeps them, at wide blanks otherwise.
fn cells(text: &str, starts: &[usize]) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let aligned = starts.iter().skip(1).all(|start| {
        start
            .checked_sub(1)
            .and_then(|before| characters.get(before))
            .is_none_or(|character| *character == ' ')
    });
    if aligned {
        return starts
            .iter()
            .enumerate()
            .map(|(index, start)| {
                let end = starts.get(index + 1).copied().unwrap_or(characters.len());
                let cell = characters.get(*start..end.min(characters.len())).unwrap_or_default();
                cell.iter().collect::<String>().trim().to_owned()
            })
            .collect();
    }
    let mut parts: Vec<String> = split_wide(text).into_iter().map(|part| part.1).collect();
    if parts.len() > starts.len() {
        let rest = parts.split_off(starts.len().saturating_sub(1));
        parts.push(rest.join("  "));
    }
    parts
}
