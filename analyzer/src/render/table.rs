//! Tables of answers as text for a terminal, as JSON and as CSV.

use unicode_width::UnicodeWidthStr;

use super::escape::one_line;
use crate::language::Language;
use crate::report::audit::{Cell, Table};

/// The widest text cell that a terminal is given.
const WIDEST: usize = 44;
/// Names are shortened so far before columns come below each other, and no further than that.
const NARROW: usize = 16;
const NARROWEST: usize = 12;

/// A line of cells, and whether they are numbers.
type Line = Vec<(String, bool)>;

/// Columns under headings, numbers to the right; columns in which nothing is said are left out. What does
/// not fit into so many columns of a terminal comes below, with its names again.
pub fn text(table: &Table, language: &Language, bold: bool, room: Option<usize>) -> String {
    let shown: Vec<usize> = (0..table.columns.len())
        .filter(|at| table.rows.iter().filter_map(|row| row.get(*at)).any(says_something))
        .collect();
    let room = room.unwrap_or(usize::MAX);
    let with_names_of = |widest: usize| {
        let lines = lines(table, &shown, language, widest);
        let widths = widths(&lines, shown.len());
        (lines, widths)
    };
    let fitting = (NARROW..=WIDEST).rev().step_by(4).map(with_names_of);
    let (lines, widths) = fitting
        .into_iter()
        .find(|(_, widths)| taken(widths) <= room)
        .unwrap_or_else(|| with_names_of((room / 3).clamp(NARROWEST, WIDEST)));
    let names = shown.iter().take_while(|at| !is_number(table, **at)).count();
    let mut out = String::new();
    for (number, block) in blocks(&widths, names, room).into_iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        put(&lines, &widths, &block, bold, &mut out);
    }
    out
}

fn lines(table: &Table, shown: &[usize], language: &Language, widest: usize) -> Vec<Line> {
    let heading = |at: usize| {
        let key = table.columns.get(at).copied().unwrap_or_default();
        language.label(&format!("audit-column-{}", key.replace('_', "-")))
    };
    let said = |cell: &Cell, at: usize| match cell {
        Cell::Millionths(share) if table.columns.get(at) == Some(&"share") => {
            let tenths = share.saturating_add(500) / 1000;
            format!("{}.{} %", tenths / 10, tenths % 10)
        }
        cell => words(cell, widest),
    };
    let mut lines: Vec<Line> =
        vec![shown.iter().map(|at| (heading(*at), is_number(table, *at))).collect()];
    lines.extend(table.rows.iter().map(|row| {
        let cells = shown.iter().map(|at| {
            let text = row.get(*at).map(|cell| said(cell, *at));
            (text.unwrap_or_default(), is_number(table, *at))
        });
        cells.collect()
    }));
    lines
}

fn widths(lines: &[Line], columns: usize) -> Vec<usize> {
    let cells = |at: usize| lines.iter().filter_map(move |line| line.get(at));
    (0..columns).map(|at| cells(at).map(|(text, _)| text.width()).max().unwrap_or(0)).collect()
}

/// What columns take side by side.
fn taken(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1)
}

/// Columns that stand side by side; each block begins with names, as many of them as leave half of the
/// room.
fn blocks(widths: &[usize], names: usize, room: usize) -> Vec<Vec<usize>> {
    if taken(widths) <= room {
        return vec![(0..widths.len()).collect()];
    }
    let fits = |names: usize| taken(widths.get(..names).unwrap_or_default()) <= room / 2;
    let names = (1..=names).rev().find(|names| fits(*names)).unwrap_or(names.min(1));
    let begin: Vec<usize> = (0..names).collect();
    let (mut blocks, mut block) = (Vec::new(), begin.clone());
    for at in names..widths.len() {
        block.push(at);
        let taken: usize =
            block.iter().filter_map(|at| widths.get(*at)).map(|width| width + 2).sum();
        if taken > room.saturating_add(2) && block.len() > names + 1 {
            block.pop();
            blocks.push(std::mem::replace(&mut block, begin.clone()));
            block.push(at);
        }
    }
    blocks.push(block);
    blocks
}

fn put(lines: &[Line], widths: &[usize], block: &[usize], bold: bool, out: &mut String) {
    for (number, line) in lines.iter().enumerate() {
        let mut text = String::new();
        let cells = block.iter().filter_map(|at| Some((line.get(*at)?, widths.get(*at)?)));
        for ((cell, right), width) in cells {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            let parts = if *right { [space.as_str(), cell] } else { [cell.as_str(), &space] };
            text.extend([parts[0], parts[1], "  "]);
        }
        let text = text.trim_end();
        if number == 0 && bold {
            out.extend(["\u{1b}[1m", text, "\u{1b}[0m\n"]);
        } else {
            out.extend([text, "\n"]);
        }
    }
}

/// The header and the rows as RFC 4180 has them, but for line ends that a terminal shows as such.
pub fn csv(table: &Table, paths: &[String]) -> String {
    let mut out = table.columns.join(",");
    out.push('\n');
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| quoted(&csv_cell(cell, paths))).collect();
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    out
}

fn csv_cell(cell: &Cell, paths: &[String]) -> String {
    match cell {
        Cell::Missing => String::new(),
        // A spreadsheet takes a text that begins so for a formula.
        Cell::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format!("'{text}")
        }
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Micros(value) | Cell::Thousandths(value) => (*value as f64 / 1000.0).to_string(),
        Cell::Millionths(value) => (*value as f64 / 1e6).to_string(),
        Cell::Place(at) => paths
            .get(at.artifact.0 as usize)
            .map(|path| format!("{path}@{}", at.start))
            .unwrap_or_default(),
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn says_something(cell: &Cell) -> bool {
    match cell {
        Cell::Missing | Cell::Place(_) => false,
        Cell::Text(text) => !text.is_empty(),
        Cell::Count(value)
        | Cell::Micros(value)
        | Cell::Thousandths(value)
        | Cell::Millionths(value) => *value > 0,
    }
}

fn is_number(table: &Table, at: usize) -> bool {
    table
        .rows
        .iter()
        .filter_map(|row| row.get(at))
        .find(|cell| **cell != Cell::Missing)
        .is_some_and(|cell| !matches!(cell, Cell::Text(_)))
}

fn words(cell: &Cell, widest: usize) -> String {
    match cell {
        Cell::Missing | Cell::Place(_) => "–".to_owned(),
        Cell::Text(text) if text.is_empty() => "–".to_owned(),
        Cell::Text(text) => middle_out(&one_line(text), widest),
        Cell::Count(count) => grouped(*count),
        Cell::Thousandths(value) => decimal(*value),
        Cell::Millionths(value) => decimal(value.saturating_add(500) / 1000),
        Cell::Micros(micros) => duration(*micros),
    }
}

/// A long name with its middle taken out: both ends tell names apart.
fn middle_out(text: &str, widest: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= widest {
        return text.to_owned();
    }
    let tail = widest / 2;
    let head = characters.iter().take(widest.saturating_sub(1 + tail));
    let end = characters.iter().skip(characters.len() - tail);
    head.chain(std::iter::once(&'…')).chain(end).collect()
}

fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && at % 3 == first {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Thousandths with as many digits as say something.
fn decimal(value: u64) -> String {
    match value {
        0..1_000 => format!("{}.{:03}", value / 1000, value % 1000),
        1_000..100_000 => format!("{:.1}", value as f64 / 1000.0),
        _ => grouped(value.saturating_add(500) / 1000),
    }
}

/// `0.4 ms`, `85 ms`, `1.24 s`, `12 min`.
pub fn duration(micros: u64) -> String {
    let millis = micros as f64 / 1000.0;
    match micros {
        0..10_000 => format!("{millis:.1} ms"),
        10_000..1_000_000 => format!("{millis:.0} ms"),
        1_000_000..120_000_000 => format!("{:.2} s", millis / 1000.0),
        120_000_000..7_200_000_000 => format!("{:.0} min", millis / 60_000.0),
        _ => format!("{:.1} h", millis / 3_600_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Locale;
    use crate::report::audit::questions::Question;

    fn table() -> Table {
        Table {
            question: Question::Codes,
            columns: vec!["code", "requests", "share", "p99_ms", "users"],
            rows: vec![
                vec![
                    Cell::Text("=1+1,\"x\"".into()),
                    Cell::Count(1_234_567),
                    Cell::Millionths(123_456),
                    Cell::Micros(1_240_000),
                    Cell::Count(0),
                ],
                vec![
                    Cell::Text("\u{1b}[31mred\n".into()),
                    Cell::Count(12),
                    Cell::Millionths(0),
                    Cell::Missing,
                    Cell::Count(0),
                ],
            ],
            more: 0,
        }
    }

    #[test]
    fn text_is_aligned_inert_and_without_empty_columns() {
        let text = text(&table(), &Language::new(Locale::English), false, None);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(!lines[0].contains("users") && !text.contains('\u{1b}'), "{text}");
        let end = |line: &str, word: &str| line.find(word).map(|at| at + word.len());
        assert_eq!(end(lines[1], "1,234,567"), end(lines[2], " 12"), "{text}");
        assert!(lines[1].contains("12.3 %"), "{text}");
        assert!(lines[1].ends_with("1.24 s") && lines[2].ends_with('–'), "{text}");
    }

    #[test]
    fn what_does_not_fit_comes_below_with_its_names() {
        let mut table = table();
        table.rows[0][0] = Cell::Text(format!("first{}last", "-".repeat(60)));
        let language = Language::new(Locale::English);
        let whole = text(&table, &language, false, None);
        assert_eq!(text(&table, &language, false, Some(200)), whole);
        for room in [20, 30, 39, 40, 60, 79] {
            let text = text(&table, &language, false, Some(room));
            assert!(text.lines().all(|line| line.width() <= room.max(24)), "{room}: {text}");
            for cell in ["first", "last", "1,234,567", "12.3 %", "1.24 s"] {
                assert!(text.contains(cell), "{room}: {text}");
            }
            let blocks = text.split("\n\n").count();
            assert_eq!(text.matches("last").count(), blocks, "{room}: {text}");
            assert_eq!(blocks > 1, room < 40, "{room}: {text}");
        }
    }

    #[test]
    fn csv_is_quoted_and_no_formula() {
        let csv = csv(&table(), &[]);
        let lines: Vec<&str> = csv.split('\n').collect();
        assert_eq!(lines[0], "code,requests,share,p99_ms,users");
        assert_eq!(lines[1], "\"'=1+1,\"\"x\"\"\",1234567,0.123456,1240,0");
        assert!(lines[2].starts_with("\"\u{1b}[31mred"), "{csv}");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!([grouped(7), grouped(1_000), grouped(123_456)], ["7", "1,000", "123,456"]);
        assert_eq!([decimal(123), decimal(12_340), decimal(1_234_000)], ["0.123", "12.3", "1,234"]);
        assert_eq!(
            [duration(400), duration(85_400), duration(1_240_000), duration(720_000_000)],
            ["0.4 ms", "85 ms", "1.24 s", "12 min"]
        );
        assert_eq!(middle_out(&"a".repeat(60), WIDEST).chars().count(), WIDEST);
    }
}
