//! What somebody else counted: results of `summarize` queries over audit tables, saved from the
//! portal (CSV), the command line (an array of objects) or the REST interface (`tables`).
//!
//! The columns of the vendor's three queries are known: `UserAgent, count_`, `UserAgent, start_time,
//! avg_latency` and `HttpMethod, Resource, p99latency`, with `User` where diagnostics tables were
//! asked. Latencies are milliseconds, as those queries compute them; they hold watches, too, unless
//! the person who asked left them out.

use konspect_bundle::{Source, Span};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::columns::{cells, preamble, row_end};
use crate::time;

/// Larger files are no summaries.
const LARGEST: usize = 16 << 20;
const MOST_ROWS: usize = 100_000;

/// One row of a summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aggregate {
    /// Empty where the query did not group by it.
    pub user_agent: String,
    pub user: String,
    pub source_ip: String,
    pub verb: String,
    pub resource: String,
    pub namespace: String,
    pub code: String,
    /// Start of the bin, micro-seconds since 1970.
    pub start: Option<i64>,
    pub count: Option<u64>,
    /// Micro-seconds.
    pub mean: Option<u64>,
    pub p50: Option<u64>,
    pub p99: Option<u64>,
    pub max: Option<u64>,
    pub at: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    UserAgent,
    User,
    SourceIp,
    Verb,
    Resource,
    Namespace,
    Code,
    Start,
    Count,
    Mean,
    P50,
    P99,
    Max,
}

/// A column by its name, whatever its case, type suffix and time zone.
fn column(name: &str) -> Option<Column> {
    let lower = name.trim().trim_start_matches('\u{feff}').trim_matches('"').to_ascii_lowercase();
    let lower = lower.split([' ', '[']).next().unwrap_or_default();
    let plain: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let latency = plain.contains("latency") || plain.contains("duration");
    Some(match plain.as_str() {
        "useragent" | "useragents" => Column::UserAgent,
        "user" | "username" | "users" => Column::User,
        "sourceip" | "sourceips" => Column::SourceIp,
        "verb" | "verbs" | "httpmethod" => Column::Verb,
        "resource" | "objectrefresource" | "resources" => Column::Resource,
        "namespace" | "objectrefnamespace" => Column::Namespace,
        "code" | "responsecode" | "statuscode" | "responsestatuscode" => Column::Code,
        "starttime" | "timegenerated" | "requestreceivedtime" | "bin" => Column::Start,
        "count" | "requests" | "requestcount" | "countrequests" | "total" => Column::Count,
        "p50" | "median" => Column::P50,
        "p99" => Column::P99,
        _ if latency && plain.contains("99") => Column::P99,
        _ if latency && (plain.contains("50") || plain.contains("median")) => Column::P50,
        _ if latency
            && (plain.contains("avg") || plain.contains("average") || plain.contains("mean")) =>
        {
            Column::Mean
        }
        _ if latency && plain.contains("max") => Column::Max,
        _ => return None,
    })
}

/// Whether columns are those of a summary of audit events, and of nothing else.
fn fits(columns: &[Option<Column>], names: &[&str]) -> bool {
    let has = |wanted: Column| columns.contains(&Some(wanted));
    let measures = [Column::Count, Column::Mean, Column::P50, Column::P99, Column::Max];
    let measured = measures.into_iter().any(has);
    let single = names.iter().any(|name| {
        let name = name.trim().trim_matches('"').to_ascii_lowercase();
        matches!(name.as_str(), "auditid" | "auditid_s" | "log_s" | "requesturi")
    });
    let timed = [Column::Mean, Column::P50, Column::P99, Column::Max].into_iter().any(has);
    let keyed = has(Column::UserAgent)
        || has(Column::Verb) && (has(Column::Resource) || timed)
        || has(Column::User) && (timed || names.len() <= 3 && has(Column::Count));
    measured && keyed && !single
}

/// The rows of a summary; none for anything else.
pub fn read(source: Source<'_>) -> Option<Vec<Aggregate>> {
    let text = source.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source.bytes);
    if text.len() > LARGEST {
        return None;
    }
    let mut rows = match text.trim_ascii_start().first()? {
        b'[' | b'{' => json(source, text)?,
        _ => csv(source)?,
    };
    rows.retain(|row| [row.mean, row.p50, row.p99, row.max, row.count].iter().any(Option::is_some));
    rows.truncate(MOST_ROWS);
    (!rows.is_empty()).then_some(rows)
}

fn csv(source: Source<'_>) -> Option<Vec<Aggregate>> {
    let bytes = source.bytes;
    let start = preamble(bytes);
    let end = row_end(bytes, start)?;
    let line = bytes.get(start..end)?;
    let count = |delimiter: u8| memchr::memchr_iter(delimiter, line).count();
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|delimiter| (count(*delimiter), u8::MAX - delimiter))?;
    let header = cells(line, delimiter);
    let names: Vec<&str> = header.iter().map(AsRef::as_ref).collect();
    let columns: Vec<Option<Column>> = names.iter().map(|name| column(name)).collect();
    if !fits(&columns, &names) {
        return None;
    }
    let mut rows = Vec::new();
    let mut at = end;
    while at < bytes.len() && rows.len() < MOST_ROWS {
        let end = row_end(bytes, at).unwrap_or(bytes.len());
        let line = bytes.get(at..end)?;
        if !line.trim_ascii().is_empty() {
            let mut row = Aggregate {
                at: source.span(at..at + line.trim_ascii_end().len()),
                ..Aggregate::default()
            };
            for (column, cell) in columns.iter().zip(cells(line, delimiter)) {
                set(&mut row, *column, &cell);
            }
            rows.push(row);
        }
        at = end;
    }
    Some(rows)
}

fn json(source: Source<'_>, text: &[u8]) -> Option<Vec<Aggregate>> {
    // Only small files with the name of a column come so far, so that pod lists are not parsed here.
    let head = text.get(..text.len().min(4096)).unwrap_or_default();
    let named = ["count_", "latency", "UserAgent", "HttpMethod", "\"p99"];
    if !named.iter().any(|name| memchr::memmem::find(head, name.as_bytes()).is_some()) {
        return None;
    }
    let text = text.trim_ascii();
    let mut rows = Vec::new();
    if text.first() == Some(&b'[') {
        let objects: Vec<&RawValue> = serde_json::from_slice(text).ok()?;
        let first: Map<String, Value> = serde_json::from_str(objects.first()?.get()).ok()?;
        let names: Vec<&str> =
            first.keys().map(String::as_str).filter(|name| *name != "TableName").collect();
        let columns: Vec<Option<Column>> = names.iter().map(|name| column(name)).collect();
        if !fits(&columns, &names) {
            return None;
        }
        for object in objects.into_iter().take(MOST_ROWS) {
            let at = source.span_of(object.get().as_bytes());
            let cells: Map<String, Value> = serde_json::from_str(object.get()).ok()?;
            let mut row = Aggregate { at, ..Aggregate::default() };
            for (name, column) in names.iter().zip(&columns) {
                set(&mut row, *column, &plain(cells.get(*name)));
            }
            rows.push(row);
        }
        return Some(rows);
    }
    let answer: Tables<'_> = serde_json::from_slice(text).ok()?;
    for table in &answer.tables {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let columns: Vec<Option<Column>> = names.iter().map(|name| column(name)).collect();
        if !fits(&columns, &names) {
            continue;
        }
        for cells in table.rows.iter().take(MOST_ROWS) {
            let at = source.span_of(cells.get().as_bytes());
            let cells: Vec<Value> = serde_json::from_str(cells.get()).unwrap_or_default();
            let mut row = Aggregate { at, ..Aggregate::default() };
            for (index, column) in columns.iter().enumerate() {
                set(&mut row, *column, &plain(cells.get(index)));
            }
            rows.push(row);
        }
    }
    Some(rows)
}

/// An answer of the REST interface or of Kusto.
#[derive(Deserialize)]
struct Tables<'a> {
    #[serde(borrow, alias = "Tables")]
    tables: Vec<OneTable<'a>>,
}

#[derive(Deserialize)]
struct OneTable<'a> {
    #[serde(alias = "Columns")]
    columns: Vec<Named>,
    #[serde(borrow, alias = "Rows")]
    rows: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(alias = "ColumnName", alias = "Name")]
    name: String,
}

fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn set(row: &mut Aggregate, column: Option<Column>, cell: &str) {
    let text = || cell.to_owned();
    match column {
        None => {}
        Some(Column::UserAgent) => row.user_agent = text(),
        Some(Column::User) => row.user = text(),
        Some(Column::SourceIp) => row.source_ip = text(),
        Some(Column::Verb) => row.verb = cell.to_ascii_lowercase(),
        Some(Column::Resource) => row.resource = text(),
        Some(Column::Namespace) => row.namespace = text(),
        Some(Column::Code) => row.code = text(),
        Some(Column::Start) => row.start = time::parse(cell),
        Some(Column::Count) => row.count = number(cell).map(|count| count as u64),
        Some(Column::Mean) => row.mean = millis(cell),
        Some(Column::P50) => row.p50 = millis(cell),
        Some(Column::P99) => row.p99 = millis(cell),
        Some(Column::Max) => row.max = millis(cell),
    }
}

/// A number that is not negative; thousands may be grouped by commas.
fn number(cell: &str) -> Option<f64> {
    let value: f64 = cell.trim().replace(',', "").parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value)
}

fn millis(cell: &str) -> Option<u64> {
    number(cell).map(|value| (value * 1000.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use konspect_bundle::ArtifactId;

    fn rows(text: &str) -> Option<Vec<Aggregate>> {
        read(Source::new(ArtifactId(0), text.as_bytes()))
    }

    #[test]
    fn the_three_queries_are_read_in_every_form() {
        let counts = [
            "UserAgent,count_\nlister/1.0,\"1,234\"\n\"kubelet/v1.31.7 (linux/amd64)\",57\n".to_owned(),
            "#TYPE System.Object\r\n\"UserAgent\",\"count_\"\r\nlister/1.0,1234\r\nkubelet/v1.31.7 (linux/amd64),57\r\n".to_owned(),
            r#"[{"TableName":"PrimaryResult","UserAgent":"lister/1.0","count_":"1234"},
                {"TableName":"PrimaryResult","UserAgent":"kubelet/v1.31.7 (linux/amd64)","count_":"57"}]"#
                .to_owned(),
            r#"{"tables":[{"name":"PrimaryResult","columns":[{"name":"UserAgent","type":"string"},{"name":"count_","type":"long"}],
                "rows":[["lister/1.0",1234],["kubelet/v1.31.7 (linux/amd64)",57]]}]}"#
                .to_owned(),
        ];
        for text in &counts {
            let rows = rows(text).unwrap_or_else(|| panic!("{text}"));
            let told: Vec<(&str, Option<u64>)> =
                rows.iter().map(|row| (row.user_agent.as_str(), row.count)).collect();
            assert_eq!(
                told,
                [("lister/1.0", Some(1234)), ("kubelet/v1.31.7 (linux/amd64)", Some(57))]
            );
            let at = rows[0].at;
            let cited = text.get(at.start as usize..at.end as usize).unwrap();
            assert!(cited.contains("lister/1.0"), "{cited}");
        }
        let bins = rows("UserAgent,\"start_time [UTC]\",avg_latency\nlister/1.0,\"6/2/2025, 4:55:00.000 PM\",52.25\n").unwrap();
        assert_eq!(
            (bins[0].mean, bins[0].start),
            (Some(52_250), time::parse("2025-06-02T16:55:00Z"))
        );
        let slow =
            rows("HttpMethod,Resource,p99latency\nLIST,pods,41000\nupdate,leases,12\n").unwrap();
        assert_eq!((slow[0].verb.as_str(), slow[0].p99), ("list", Some(41_000_000)));
    }

    #[test]
    fn other_tables_are_left_alone() {
        for text in [
            "TimeGenerated,AuditId,Stage,Verb,UserAgent,count_\n",
            "name,count\na,1\n",
            "Computer,count_\nsamuel-linux-1,57\n",
            "NAME READY\na 1/1\n",
            r#"[{"UserAgent":"a"}]"#,
            r#"{"kind":"PodList","items":[],"note":"UserAgent count_"}"#,
            "",
        ] {
            assert_eq!(rows(text), None, "{text}");
        }
    }
}
