//! Rows of Log Analytics tables: `AKSAudit`, `AKSAuditAdmin` and `AzureDiagnostics`, from JSON in
//! the forms of the portal, the CLI and the REST interface, and from CSV.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::scan::{Cursor, unescape};
use crate::time::{self, Order};

macro_rules! names {
    ($($index:literal $name:ident = $($text:literal)|+),* $(,)?) => {
        /// The columns that are read; names are compared without case, type suffix and `[UTC]`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Name { $($name = $index),* }

        fn name_of(text: &str) -> Option<Name> {
            let lower = text.trim().trim_start_matches('\u{feff}').to_ascii_lowercase();
            let lower = lower.split([' ', '[']).next().unwrap_or_default();
            match lower { $($($text)|+ => Some(Name::$name),)* _ => None }
        }
    };
}
names! {
    0 AuditId = "auditid" | "auditid_s" | "auditid_g",
    1 Stage = "stage" | "stage_s",
    2 Uri = "requesturi" | "requesturi_s",
    3 Verb = "verb" | "verb_s",
    4 User = "user" | "user_s",
    5 SourceIps = "sourceips" | "sourceips_s",
    6 Agent = "useragent" | "useragent_s",
    7 ObjectRef = "objectref" | "objectref_s",
    8 Status = "responsestatus" | "responsestatus_s",
    9 Annotations = "annotations" | "annotations_s",
    10 Received = "requestreceivedtime" | "requestreceivedtimestamp_t" | "requestreceivedtime_t" | "requestreceivedtimestamp",
    11 Staged = "stagereceivedtime" | "stagetimestamp_t" | "stagereceivedtime_t" | "stagetimestamp",
    12 Generated = "timegenerated",
    13 Log = "log_s" | "log",
    14 Category = "category" | "category_s",
    15 Impersonated = "impersonateduser" | "impersonateduser_s",
}

const COUNT: usize = 16;

/// What separates the columns of an export.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Whether a header says that its times are not in UTC but in what was local to somebody.
fn is_local(header: &str) -> bool {
    let zone = header.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    zone.is_some_and(|(zone, _)| !zone.trim().eq_ignore_ascii_case("utc"))
}

/// The delimiter that a header has most of.
fn delimiter_of(line: &[u8]) -> u8 {
    let count = |delimiter: u8| memchr::memchr_iter(delimiter, line).count();
    DELIMITERS
        .into_iter()
        .max_by_key(|delimiter| (count(*delimiter), u8::MAX - delimiter))
        .unwrap_or(b',')
}

/// The length of what programs write in front of a header: a byte order mark, a type as `PowerShell`
/// names it, the delimiter as spreadsheets want it.
pub(crate) fn preamble(bytes: &[u8]) -> usize {
    let mut at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    while let Some(rest) = bytes.get(at..)
        && (rest.starts_with(b"#TYPE") || rest.starts_with(b"sep=") || rest.starts_with(b"\"sep="))
        && let Some(end) = memchr::memchr(b'\n', rest)
    {
        at += end + 1;
    }
    at
}

/// Whether a header is that of audit events; `told` is whether the rows name their API.
pub(crate) fn audit_header(line: &[u8], told: bool) -> bool {
    if !DELIMITERS.iter().any(|delimiter| line.contains(delimiter)) {
        return told && cells(line, b',').first().and_then(|name| name_of(name)) == Some(Name::Log);
    }
    let names: Vec<Option<Name>> =
        cells(line, delimiter_of(line)).iter().map(|name| name_of(name)).collect();
    let named = |wanted: Name| names.contains(&Some(wanted));
    named(Name::AuditId) && (named(Name::Uri) || named(Name::Verb) || named(Name::Stage))
        || named(Name::Log) && (told || named(Name::Category) && !line.eq_ignore_ascii_case(b"log"))
}

/// So many bytes of rows are looked at to learn how dates are written.
const SAMPLE: usize = 4 << 20;

/// The cells of one row that matter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns<'a> {
    cells: [Option<Cow<'a, str>>; COUNT],
    order: Order,
    /// The order of day and month is what is usual, and nothing proves it.
    assumed: bool,
    /// The header says that times are local to somebody, and not where.
    local: bool,
}

impl<'a> Columns<'a> {
    /// A row that is an object; cells are text, or JSON that stands for itself.
    pub(crate) fn of_object(bytes: &'a [u8]) -> Option<Self> {
        let mut columns = Self::default();
        let mut cursor = Cursor::new(bytes);
        let read = cursor.object(|cursor, key| {
            let start = cursor.at;
            cursor.skip()?;
            if let Some(name) = std::str::from_utf8(key).ok().and_then(name_of) {
                columns.set(name, cell(bytes.get(start..cursor.at).unwrap_or_default()));
            }
            Ok(())
        });
        read.ok().map(|()| columns)
    }

    fn set(&mut self, name: Name, cell: Option<Cow<'a, str>>) {
        if let Some(slot) = self.cells.get_mut(name as usize) {
            *slot = cell;
        }
    }

    fn get(&self, name: Name) -> &str {
        self.cells.get(name as usize).and_then(Option::as_deref).unwrap_or_default()
    }

    /// Whether the row can be an audit event.
    pub(crate) fn audit(&self) -> bool {
        !self.get(Name::AuditId).is_empty()
    }

    pub(crate) fn log(&self) -> Option<&str> {
        self.cells.get(Name::Log as usize).and_then(Option::as_deref)
    }

    pub(crate) fn category(&self) -> &str {
        self.get(Name::Category)
    }

    /// Whether day and month may be the other way round.
    pub(crate) fn assumed(&self) -> bool {
        self.assumed
    }

    /// Whether times are in a zone that nothing tells: they are read as UTC.
    pub(crate) fn without_zone(&self) -> bool {
        let times = [Name::Generated, Name::Received, Name::Staged].map(|name| self.get(name));
        self.local && times.iter().any(|text| !text.is_empty() && !time::has_zone(text))
    }

    pub(crate) fn generated(&self) -> Option<i64> {
        self.time(Name::Generated)
    }

    /// When the request came in and when the stage was reached.
    pub(crate) fn times(&self) -> (Option<i64>, Option<i64>) {
        (self.time(Name::Received), self.time(Name::Staged))
    }

    fn time(&self, name: Name) -> Option<i64> {
        let text = self.get(name);
        if self.order == Order::Unknown || !time::is_local(text) {
            return time::parse(text);
        }
        time::local(text, self.order).or_else(|| time::parse(text))
    }

    /// The row as a line of the API server's own form, without times.
    pub(crate) fn to_line(&self) -> String {
        let mut line = String::from("{\"kind\":\"Event\"");
        for (key, name) in [
            ("auditID", Name::AuditId),
            ("stage", Name::Stage),
            ("requestURI", Name::Uri),
            ("verb", Name::Verb),
            ("userAgent", Name::Agent),
        ] {
            line.extend([",\"", key, "\":", &serde_json::Value::from(self.get(name)).to_string()]);
        }
        for (key, name, wrap) in [
            ("user", Name::User, Some("username")),
            ("impersonatedUser", Name::Impersonated, Some("username")),
            ("sourceIPs", Name::SourceIps, None),
            ("objectRef", Name::ObjectRef, Some("resource")),
            ("responseStatus", Name::Status, Some("message")),
            ("annotations", Name::Annotations, Some("annotation")),
        ] {
            let text = self.get(name).trim();
            let nested = if text.is_empty() || text == "null" {
                continue;
            } else if text.starts_with(['{', '[']) {
                text.to_owned()
            } else if let Ok(code) = text
                .parse::<u16>()
                .and_then(|code| if wrap == Some("message") { Ok(code) } else { "x".parse() })
            {
                format!("{{\"code\":{code}}}")
            } else if let Some(key) = wrap {
                format!("{{\"{key}\":{}}}", serde_json::Value::from(text))
            } else {
                let addresses: Vec<&str> =
                    text.split([',', ' ']).filter(|part| !part.is_empty()).collect();
                serde_json::Value::from(addresses).to_string()
            };
            line.extend([",\"", key, "\":", &nested]);
        }
        line.push('}');
        line
    }
}

/// The text of a cell: of a string its content, of anything else its JSON.
fn cell(value: &[u8]) -> Option<Cow<'_, str>> {
    let text = match String::from_utf8_lossy(value) {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => return unescape(text.trim_matches('"')).map(Cow::Owned),
    };
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return (text != "null").then_some(Cow::Borrowed(text));
    };
    if inner.contains('\\') { unescape(inner).map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// A table with its columns named once, as the REST interface and Kusto give it.
#[derive(Deserialize)]
pub(crate) struct Table<'a> {
    #[serde(alias = "Columns")]
    columns: Vec<Column>,
    #[serde(borrow, alias = "Rows")]
    rows: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Column {
    #[serde(alias = "ColumnName", alias = "Name")]
    name: String,
}

impl<'a> Table<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Calls `each` with every row and its bytes.
    pub(crate) fn each(&self, mut each: impl FnMut(&Columns<'_>, &[u8])) {
        let names: Vec<Option<Name>> =
            self.columns.iter().map(|column| name_of(&column.name)).collect();
        for row in &self.rows {
            let cells: Vec<&RawValue> = serde_json::from_str(row.get()).unwrap_or_default();
            let mut columns = Columns::default();
            for (name, value) in names.iter().zip(cells) {
                if let Some(name) = name {
                    columns.set(*name, cell(value.get().as_bytes()));
                }
            }
            each(&columns, row.get().as_bytes());
        }
    }
}

/// The header of a CSV export.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    names: Vec<Option<Name>>,
    delimiter: u8,
    order: Order,
    assumed: bool,
    local: bool,
}

impl Header {
    /// Reads the header; `sample` shows how dates are written.
    pub(crate) fn read(line: &[u8], sample: &[u8]) -> Self {
        let delimiter = delimiter_of(line);
        let mut header = Self {
            names: Vec::new(),
            delimiter,
            order: Order::Unknown,
            assumed: false,
            local: false,
        };
        for cell in cells(line, delimiter) {
            let name = name_of(&cell);
            let is_time = matches!(name, Some(Name::Generated | Name::Received | Name::Staged));
            header.local |= is_time && is_local(&cell);
            header.names.push(name);
        }
        let sample = sample.get(..sample.len().min(SAMPLE)).unwrap_or_default();
        let mut dates = time::Dates::default();
        let mut at = 0;
        while !dates.proven()
            && let Some(end) = row_end(sample, at)
        {
            let row = cells(sample.get(at..end).unwrap_or_default(), delimiter);
            at = end;
            for (name, cell) in header.names.iter().zip(&row) {
                if matches!(name, Some(Name::Generated | Name::Received | Name::Staged)) {
                    dates.see(cell);
                }
            }
        }
        (header.order, header.assumed) = dates.order(delimiter == b';');
        header
    }

    pub(crate) fn columns<'a>(&self, row: &'a [u8]) -> Columns<'a> {
        let mut columns = Columns {
            order: self.order,
            assumed: self.assumed,
            local: self.local,
            ..Columns::default()
        };
        for (name, cell) in self.names.iter().zip(cells(row, self.delimiter)) {
            if let Some(name) = name {
                columns.set(*name, Some(cell));
            }
        }
        columns
    }
}

/// Where the row that starts at `at` ends, behind its line feed; none when no line feed outside of
/// quotes follows.
pub fn row_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut quoted = false;
    let mut here = at;
    loop {
        let rest = bytes.get(here..)?;
        let found = memchr::memchr2(b'"', b'\n', rest)?;
        here += found + 1;
        match rest.get(found) {
            Some(b'"') => quoted = !quoted,
            _ if !quoted => return Some(here),
            _ => {}
        }
    }
}

pub fn cells(row: &[u8], delimiter: u8) -> Vec<Cow<'_, str>> {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    let row = row.strip_suffix(b"\r").unwrap_or(row);
    let (mut cells, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, byte) in row.iter().enumerate() {
        if *byte == b'"' {
            quoted = !quoted;
        } else if *byte == delimiter && !quoted {
            cells.push(unquote(row.get(start..at).unwrap_or_default()));
            start = at + 1;
        }
    }
    cells.push(unquote(row.get(start..).unwrap_or_default()));
    cells
}

fn unquote(cell: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(cell.trim_ascii());
    match text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) {
        Some(inner) if inner.contains('"') => Cow::Owned(inner.replace("\"\"", "\"")),
        Some(inner) => Cow::Owned(inner.to_owned()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_names_are_known_in_every_spelling() {
        for text in
            ["TimeGenerated [UTC]", "timegenerated", "\u{feff}TimeGenerated", "TimeGenerated[UTC]"]
        {
            assert_eq!(name_of(text), Some(Name::Generated), "{text}");
        }
        assert_eq!(name_of("CorrelationId"), None);
    }

    #[test]
    fn rows_end_outside_of_quotes() {
        let text = b"a,\"b\n\"\"c\"\nd";
        assert_eq!(row_end(text, 0), Some(10));
        assert_eq!(row_end(text, 10), None);
        assert_eq!(cells(&text[..10], b','), ["a", "b\n\"c"]);
    }

    #[test]
    fn the_order_of_day_and_month_is_learnt_from_the_rows() {
        for (rows, order, assumed) in [
            ("3/4/2025 5:00:00.000 PM,a\n13/4/2025 5:00:00.000 PM,b\n", Order::DayFirst, false),
            ("3/4/2025 5:00:00.000 PM,a\n3/14/2025 5:00:00.000 PM,b\n", Order::MonthFirst, false),
            // Three days in a row, or the same day of three months.
            (
                "3/4/2025 5:00:00.000 PM,a\n4/4/2025 5:00:00.000 PM,b\n5/4/2025 1:00:00 AM,b\n",
                Order::DayFirst,
                false,
            ),
            ("\"3/4/2025, 5:00:00.000 PM\",a\n", Order::MonthFirst, false),
            ("\"3/4/2025, 5:00:00.000 pm\",a\n", Order::DayFirst, true),
            ("\"03/04/2025, 17:00:00.000\",a\n", Order::DayFirst, true),
            ("\"4/4/2025, 17:00:00.000\",a\n", Order::DayFirst, false),
            ("2025-04-03T17:00:00Z,a\n", Order::Unknown, false),
        ] {
            let header = Header::read(b"TimeGenerated [UTC],AuditId", rows.as_bytes());
            assert_eq!((header.order, header.assumed), (order, assumed), "{rows}");
        }
    }
}
