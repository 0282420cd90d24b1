//! Container logs as a Log Analytics workspace gives them back (ContainerLogV2, ContainerLog): one row for each line that
//! a container wrote. Each row goes to the log's fold as the line that it holds.

use std::borrow::Cow;

use jiff::civil::DateTime;
use konspect_audit::{cells, row_end};
use konspect_bundle::{Source, Span};
use serde_json::{Map, Value};

use super::LogFold;
use crate::parse::raw_json::RawJson;
use crate::parse::rows::{Hint, Kind, Rows};

/// Columns that hold what was written.
const LINE: [&str; 2] = ["LogMessage", "LogEntry"];
/// Columns that say whose line it is.
const WHOSE: [&str; 5] = ["PodName", "ContainerName", "ContainerId", "ContainerID", "Computer"];

/// True of a row, or of an answer with its columns apart.
pub(in crate::parse) fn is_row(value: RawJson<'_>) -> bool {
    let of_columns =
        |names: &dyn Fn(&str) -> bool| LINE.into_iter().any(names) && WHOSE.into_iter().any(names);
    match tables(value).next() {
        Some(table) => {
            let columns = columns(table);
            of_columns(&|name| columns.iter().any(|column| column == name))
        }
        None => of_columns(&|name| value.get(name).is_some()),
    }
}

/// True of the first line of a CSV with such rows.
pub(in crate::parse) fn is_header(line: &str) -> bool {
    let names: Vec<String> = cells(line.as_bytes(), delimiter(line.as_bytes()))
        .iter()
        .map(|name| column(name))
        .collect();
    let has = |known: &[&str]| known.iter().any(|known| names.iter().any(|name| name == known));
    has(&LINE) && has(&WHOSE)
}

/// Reads rows as JSON (a list, one a line, or columns and rows) or as CSV.
pub(in crate::parse) fn container_rows(
    source: &Source<'_>,
    hint: &Hint<'_>,
    rows: &mut Rows,
) -> Kind {
    let mut fold = LogFold::new(source.id, hint);
    if matches!(source.bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        for document in RawJson::documents(source.bytes) {
            if document.is_array() {
                document.items().for_each(|row| json(row, source, &mut fold));
            } else {
                json(document, source, &mut fold);
            }
        }
    } else {
        csv(source, &mut fold);
    }
    fold.finish(rows);
    Kind::Log
}

fn json(value: RawJson<'_>, source: &Source<'_>, fold: &mut LogFold) {
    let mut split = false;
    for table in tables(value) {
        split = true;
        let columns = columns(table);
        for row in table.get("rows").into_iter().flat_map(RawJson::items) {
            let cells = row.items().map(RawJson::text);
            line(&columns, cells, source.span_of(row.bytes()), fold);
        }
    }
    if !split {
        fold.line(value.bytes(), source.span_of(value.bytes()));
    }
}

fn tables(value: RawJson<'_>) -> impl Iterator<Item = RawJson<'_>> {
    let tables = value.get("tables").into_iter().flat_map(RawJson::items);
    tables.filter(|table| table.get("rows").is_some())
}

fn columns(table: RawJson<'_>) -> Vec<String> {
    table.get("columns").into_iter().flat_map(RawJson::items).map(|it| it.text_of("name")).collect()
}

fn csv(source: &Source<'_>, fold: &mut LogFold) {
    let bytes = source.bytes;
    let mut at = row_end(bytes, 0).unwrap_or(bytes.len());
    let header = bytes.get(..at).unwrap_or_default();
    let delimiter = delimiter(header);
    let columns: Vec<String> = cells(header, delimiter).iter().map(|name| column(name)).collect();
    while at < bytes.len() {
        let end = row_end(bytes, at).unwrap_or(bytes.len()).max(at + 1);
        let row = bytes.get(at..end).unwrap_or_default();
        let length = row.trim_ascii_end().len();
        if length > 0 {
            let span = source.span(at..at + length);
            line(&columns, cells(row, delimiter).into_iter(), span, fold);
        }
        at = end;
    }
}

/// Gives a row to the fold in the shape that a list of rows has.
fn line<'r>(
    columns: &[String],
    cells: impl Iterator<Item = Cow<'r, str>>,
    at: Span,
    fold: &mut LogFold,
) {
    let mut row = Map::new();
    for (column, cell) in columns.iter().zip(cells) {
        let cell = if column == "TimeGenerated" { time(&cell) } else { cell.into_owned() };
        row.insert(column.clone(), Value::String(cell));
    }
    fold.line(Value::Object(row).to_string().as_bytes(), at);
}

fn delimiter(header: &[u8]) -> u8 {
    let count = |delimiter: u8| memchr::memchr_iter(delimiter, header).count();
    let all = b",;\t".iter().copied();
    all.max_by_key(|delimiter| (count(*delimiter), u8::MAX - delimiter)).unwrap_or(b',')
}

/// The portal writes the zone behind the name of a time.
fn column(name: &str) -> String {
    let name = name.trim().trim_start_matches('\u{feff}');
    name.split_once('[').map_or(name, |(name, _)| name).trim().to_owned()
}

/// The portal's time, `11/21/2025, 10:35:36.308 AM` in UTC, as all others are written.
fn time(text: &str) -> String {
    DateTime::strptime("%m/%d/%Y, %I:%M:%S%.f %p", text)
        .map_or_else(|_| text.to_owned(), |time| format!("{time}Z"))
}

#[cfg(test)]
mod tests {
    use konspect_bundle::ArtifactId;

    use super::*;
    use crate::model::log::{Component, LogFile, Signal};

    const ROWS: &str = r#"[
  {
    "Computer": "aks-np1-12345678-vmss000000",
    "ContainerName": "konnectivity-agent",
    "LogLevel": "error",
    "LogMessage": "E0611 15:00:40.371248       1 clientset.go:190] \"cannot connect once\" err=\"rpc error: code = Unavailable desc = connection error: desc = \\\"transport: Error while dialing: dial tcp 203.0.113.10:443: i/o timeout\\\"\"",
    "LogSource": "stderr",
    "PodName": "konnectivity-agent-7d9f-abcde",
    "PodNamespace": "kube-system",
    "TableName": "PrimaryResult",
    "TimeGenerated": "2025-06-11T15:00:40.371Z"
  },
  {
    "Computer": "aks-np1-12345678-vmss000001",
    "ContainerName": "coredns",
    "LogMessage": "[ERROR] plugin/errors: 2 db.corp.example. A: read udp 10.244.0.5:33000->10.1.0.4:53: i/o timeout",
    "LogSource": "stdout",
    "PodName": "coredns-775cb9bb7b-6vvqf",
    "PodNamespace": "kube-system",
    "TableName": "PrimaryResult",
    "TimeGenerated": "2025-06-11T15:00:41.000Z"
  }
]"#;

    fn logs(text: &str) -> Vec<LogFile> {
        let mut rows = Rows::default();
        let source = Source::new(ArtifactId(0), text.as_bytes());
        let (kind, read) = crate::parse::artifact(&source, &Hint::default());
        assert_eq!(kind, Kind::Log, "{:?}", read.diagnostics);
        rows.logs.extend(read.logs);
        rows.logs
    }

    /// Whose log, on which node, and when a signal came first.
    fn told(text: &str) -> Vec<(Component, String, String, String, String)> {
        let of = |log: &LogFile| {
            let signal = [Signal::AgentCannotConnect, Signal::DnsUpstreamTimeout]
                .iter()
                .find_map(|signal| log.signal(*signal));
            let first = signal.and_then(|count| count.first).map(|time| time.to_string());
            let origin = &log.origin;
            let (pod, node) = (origin.pod.clone(), origin.node.clone());
            (origin.component, origin.namespace.clone(), pod, node, first.unwrap_or_default())
        };
        let mut told: Vec<_> = logs(text).iter().map(of).collect();
        told.sort();
        told
    }

    fn right() -> Vec<(Component, String, String, String, String)> {
        let row = |component, pod: &str, node: &str, time: &str| {
            (component, "kube-system".to_owned(), pod.to_owned(), node.to_owned(), time.to_owned())
        };
        vec![
            row(
                Component::TunnelAgent,
                "konnectivity-agent-7d9f-abcde",
                "aks-np1-12345678-vmss000000",
                "2025-06-11T15:00:40.371Z",
            ),
            row(
                Component::CoreDns,
                "coredns-775cb9bb7b-6vvqf",
                "aks-np1-12345678-vmss000001",
                "2025-06-11T15:00:41Z",
            ),
        ]
    }

    #[test]
    fn a_list_of_rows_is_a_log_for_each_container() {
        assert_eq!(told(ROWS), right());
        // The span is the row's.
        let log = logs(ROWS).remove(0);
        let hit = log.signals[0].hits[0].at;
        let row = &ROWS[usize::try_from(hit.start).unwrap()..usize::try_from(hit.end).unwrap()];
        assert!(row.starts_with('{') && row.ends_with('}'), "{row}");
    }

    #[test]
    fn rows_come_one_a_line_as_columns_and_as_csv_too() {
        let list: Vec<Map<String, Value>> = serde_json::from_str(ROWS).unwrap();
        let lines: String =
            list.iter().map(|row| Value::Object(row.clone()).to_string() + "\n").collect();
        assert_eq!(told(&lines), right());

        let names: Vec<&str> = vec![
            "TimeGenerated",
            "Computer",
            "ContainerName",
            "PodName",
            "PodNamespace",
            "LogMessage",
            "LogSource",
        ];
        let values = |row: &Map<String, Value>| -> Vec<Value> {
            names.iter().map(|name| row[*name].clone()).collect()
        };
        let columns: Vec<Value> =
            names.iter().map(|name| serde_json::json!({"name": name, "type": "string"})).collect();
        let rows: Vec<Vec<Value>> = list.iter().map(values).collect();
        let answer = serde_json::json!({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]});
        assert_eq!(told(&answer.to_string()), right());

        let quoted =
            |value: &Value| format!("\"{}\"", value.as_str().unwrap().replace('"', "\"\""));
        let mut csv = names.join(",").replace("TimeGenerated", "\"TimeGenerated [UTC]\"") + "\r\n";
        for row in &list {
            let mut cells: Vec<String> = values(row).iter().map(quoted).collect();
            // As the portal writes it.
            cells[0] = cells[0]
                .replace("2025-06-11T15:00:40.371Z", "6/11/2025, 3:00:40.371 PM")
                .replace("2025-06-11T15:00:41.000Z", "6/11/2025, 3:00:41.000 PM");
            csv += &(cells.join(",") + "\r\n");
        }
        assert_eq!(told(&csv), right());
    }

    #[test]
    fn a_message_that_is_an_object_itself_is_read() {
        let row = r#"{"Computer": "n1", "ContainerName": "app", "PodName": "a-1", "PodNamespace": "shop", "TimeGenerated": "2025-06-11T15:00:40Z",
 "LogMessage": {"level": "error", "msg": "dial tcp 10.0.0.7:5432: i/o timeout"}}"#;
        let log = logs(row).remove(0);
        assert_eq!(log.origin.pod, "a-1");
        assert_eq!(log.signals[0].signal, Signal::NetworkFailure);
    }
}
