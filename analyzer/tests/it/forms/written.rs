//! The events in every form, each with its name.

use std::io::Write as _;

use jiff::civil::DateTime;
use serde_json::{Value, json};

use super::events::{
    CSV, Csv, Row, diagnostics, object, parsed, pretty, record, row, texts, with_zone,
};
use crate::kit::Tree;

/// Milliseconds and the half of the day as `strftime` has not.
fn american(time: DateTime, space: &str, halves: [&str; 2]) -> String {
    let half = halves[usize::from(time.hour() >= 12)];
    format!("{}{space}{half}", time.strftime("%-m/%-d/%Y, %-I:%M:%S%.3f"))
}

pub(super) fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().fold(vec![0xff, 0xfe], |mut bytes, unit| {
        bytes.extend(unit.to_le_bytes());
        bytes
    })
}

/// Bytes of one file.
pub(super) fn one(bytes: impl Into<Vec<u8>>) -> Tree {
    vec![("handed-in".to_owned(), bytes.into())]
}

pub(super) fn lines(records: &[String]) -> String {
    records.join("\n") + "\n"
}

/// Forms of the API server's own log.
pub(super) fn own(all: &[String]) -> Vec<(&'static str, Tree)> {
    let values: Vec<Value> = all.iter().map(|line| parsed(line)).collect();
    let text = lines(all);
    let list = |events: &[String]| {
        format!(
            r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{}]}}"#,
            events.join(",")
        )
    };
    let file = |number: usize, text: &str| (format!("events/{number:03}.json"), text.into());
    let members: Vec<u8> = text.as_bytes().chunks(1000).flat_map(gzip).collect();
    let rotated = vec![
        ("audit-2025-06-02T16-56-30.207.log.gz".to_owned(), gzip(lines(&all[..5]))),
        ("audit-2025-06-02T16-57-00.001.log".to_owned(), lines(&all[5..9]).into_bytes()),
        ("audit.log".to_owned(), lines(&all[9..]).into_bytes()),
    ];
    let overlap = vec![
        ("a.log".to_owned(), lines(&all[..9]).into_bytes()),
        ("b.log.gz".to_owned(), gzip(lines(&all[4..]))),
    ];
    vec![
        ("v1beta1", one(text.replace("audit.k8s.io/v1\"", "audit.k8s.io/v1beta1\""))),
        ("byte order mark, CRLF", one(format!("\u{feff}{}", text.replace('\n', "\r\n")))),
        ("no last line end", one(text.trim_end())),
        ("blank lines", one(text.replace('\n', "\n\n"))),
        ("UTF-16", one(utf16(&text))),
        ("no line ends", one(all.concat())),
        ("one event per file", all.iter().enumerate().map(|(n, line)| file(n, line)).collect()),
        ("one event per file, indented", values.iter().enumerate().map(|(n, value)| file(n, &pretty(value))).collect()),
        ("array", one(format!("[{}]", all.join(",")))),
        ("array of lines", one(format!("[\n{}\n]\n", all.join(",\n")))),
        ("array, indented", one(pretty(&json!(values)))),
        ("indented, one after the other", one(values.iter().map(pretty).collect::<Vec<_>>().join("\n"))),
        ("EventList", one(list(all))),
        ("EventList, indented", one(pretty(&parsed(&list(all))))),
        ("EventList, items a line", one(list(all).replace("},{\"kind", "},\n{\"kind").replace("[{\"kind", "[\n{\"kind"))),
        ("EventList, items first", one(json!({"items": values, "kind": "EventList", "metadata": {"continue": "]}"}}).to_string())),
        ("EventList a line", one(lines(&all.chunks(4).map(list).collect::<Vec<_>>()))),
        ("gzip", one(gzip(&text))),
        ("gzip, members cut anywhere", one(members)),
        ("gzip, a member a line", one(all.iter().flat_map(|line| gzip(format!("{line}\n"))).collect::<Vec<_>>())),
        ("rotated", rotated),
        ("files that overlap", overlap),
        ("container's log", one(lines(&all.iter().map(|line| json!({"log": format!("{line}\n"), "stream": "stdout", "time": "2025-06-02T16:55:47Z"}).to_string()).collect::<Vec<_>>()))),
    ]
}

/// What a diagnostic setting sends to a storage account and to an Event Hub.
pub(super) fn sent(all: &[String]) -> Vec<(&'static str, Tree)> {
    let records: Vec<String> = all.iter().map(|line| record(line, "kube-audit")).collect();
    let messages: Vec<String> =
        records.chunks(4).map(|some| format!(r#"{{"records":[{}]}}"#, some.join(","))).collect();
    let captured = |body: &dyn Fn(&str) -> String| {
        let line = |text: &String| {
            format!(
                r#"{{"SequenceNumber":7,"Offset":"1","EnqueuedTimeUtc":"6/2/2025 4:55:47 PM","SystemProperties":{{}},"Properties":{{}},"Body":{}}}"#,
                body(text)
            )
        };
        lines(&messages.iter().map(line).collect::<Vec<_>>())
    };
    let text = |text: &str| Value::from(text).to_string();
    let upper = lines(&records)
        .replace("\"category\"", "\"Category\"")
        .replace("\"properties\"", "\"Properties\"")
        .replace("\"log\"", "\"Log\"")
        .replace("\"time\"", "\"Time\"");
    let in_text: Vec<String> = records
        .iter()
        .map(|record| {
            let mut record = parsed(record);
            record["properties"] = Value::from(record["properties"].to_string());
            record.to_string()
        })
        .collect();
    let admin: Vec<String> = all.iter().map(|line| record(line, "kube-audit-admin")).collect();
    vec![
        ("storage", one(lines(&records))),
        ("storage, CRLF", one(lines(&records).replace('\n', "\r\n"))),
        ("storage, array", one(format!("[{}]", records.join(",\n")))),
        (
            "storage, records, indented",
            one(pretty(&parsed(&format!(r#"{{"records":[{}]}}"#, records.join(","))))),
        ),
        ("storage, upper case", one(upper)),
        ("storage, properties as text", one(lines(&in_text))),
        ("storage, admin category", one(lines(&admin))),
        ("hub, messages", one(lines(&messages))),
        ("hub, array of messages", one(format!("[{}]", messages.join(",")))),
        ("capture, body as text", one(captured(&text))),
        ("capture, body as bytes", one(captured(&|body| format!(r#"{{"bytes":{}}}"#, text(body))))),
        ("capture, body as an object", one(captured(&str::to_owned))),
        ("capture, body in base64", one(captured(&|body| text(&base64(body))))),
        ("capture, lower case", one(captured(&text).replace("\"Body\"", "\"body\""))),
    ]
}

/// Base64 by the alphabet's definition, three bytes at a time.
fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = text.as_bytes().chunks(3).map(|group| {
        let bits = (0..3).fold(0_usize, |bits, at| {
            bits << 8 | group.get(at).map_or(0, |byte| usize::from(*byte))
        });
        (0..4)
            .map(|at| {
                if at <= group.len() {
                    char::from(ALPHABET[bits >> (18 - 6 * at) & 63])
                } else {
                    '='
                }
            })
            .collect::<String>()
    });
    groups.collect()
}

/// What a query gives as JSON.
pub(super) fn queried(all: &[String]) -> Vec<(&'static str, Tree)> {
    let rows: Vec<Row> = all.iter().map(|line| row(line)).collect();
    let objects: Vec<Value> = rows.iter().map(|row| object(row, Value::clone).into()).collect();
    let of_cli: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut object = object(row, texts);
            object.insert("TableName".to_owned(), json!("PrimaryResult"));
            object.into()
        })
        .collect();
    let logs: Vec<Row> = all
        .iter()
        .zip(&rows)
        .map(|(line, row)| diagnostics(line, &row[1].1, "kube-audit"))
        .collect();
    let names = |rows: &[Row], key: &str| -> Vec<Value> {
        rows[0].iter().map(|(name, _)| json!({key: name, "type": "string"})).collect()
    };
    let cells = |rows: &[Row], each: fn(&Value) -> Value| -> Vec<Value> {
        rows.iter().map(|row| row.iter().map(|(_, value)| each(value)).collect()).collect()
    };
    let rest = |rows: &[Row]| json!({"tables": [{"name": "PrimaryResult", "columns": names(rows, "name"), "rows": cells(rows, texts)}]});
    let old = json!({"Tables": [{"TableName": "Table_0", "Columns": names(&rows, "ColumnName"), "Rows": cells(&rows, Value::clone)}]});
    let frames = json!([
        {"FrameType": "DataSetHeader", "IsProgressive": false, "Version": "v2.0"},
        {"FrameType": "DataTable", "TableId": 0, "TableName": "@ExtendedProperties", "Columns": [{"ColumnName": "Key"}], "Rows": [["x"]]},
        {"FrameType": "DataTable", "TableId": 1, "TableKind": "PrimaryResult", "TableName": "PrimaryResult", "Columns": names(&rows, "ColumnName"), "Rows": cells(&rows, Value::clone)},
        {"FrameType": "DataSetCompletion", "HasErrors": false}
    ]);
    let batch =
        json!({"responses": [{"id": "1", "status": 200, "headers": {}, "body": rest(&rows)}]});
    let shown: Vec<Value> = logs.iter().map(|row| object(row, texts).into()).collect();
    let jsonl = |values: &[Value]| lines(&values.iter().map(Value::to_string).collect::<Vec<_>>());
    vec![
        ("command line", one(pretty(&json!(of_cli)))),
        (
            "PowerShell",
            one(utf16(&pretty(&json!(
                rows.iter().map(|row| object(row, texts)).collect::<Vec<_>>()
            )))),
        ),
        ("data export", one(jsonl(&objects))),
        ("data export to a hub", one(json!({"records": objects}).to_string())),
        ("REST", one(rest(&rows).to_string())),
        ("REST, indented", one(pretty(&rest(&rows)))),
        ("REST, batch", one(batch.to_string())),
        ("Kusto", one(old.to_string())),
        ("Kusto, frames", one(frames.to_string())),
        ("diagnostics, REST", one(rest(&logs).to_string())),
        ("diagnostics, command line", one(pretty(&json!(shown)))),
        ("diagnostics, lines", one(jsonl(&shown))),
    ]
}

/// What a query gives as CSV, in the places of the world.
pub(super) fn exported(all: &[String]) -> Vec<(&'static str, Tree)> {
    let rows: Vec<Row> = all.iter().map(|line| row(line)).collect();
    let logs: Vec<Row> = all
        .iter()
        .zip(&rows)
        .map(|(line, row)| diagnostics(line, &row[1].1, "kube-audit"))
        .collect();
    let portal = Csv { name: with_zone, ..CSV };
    let at = |delimiter, time| Csv { delimiter, time, ..portal }.write(&rows);
    let named = |name| Csv { name, ..CSV }.write(&rows);
    let some: Vec<Row> =
        logs.iter().map(|row| vec![row[0].clone(), ("log", row[5].1.clone())]).collect();
    vec![
        ("CSV", one(CSV.write(&rows))),
        ("CSV, tabs, UTF-16", one(utf16(&Csv { delimiter: "\t", ..CSV }.write(&rows)))),
        ("CSV, byte order mark", one(format!("\u{feff}{}", portal.write(&rows)))),
        (
            "CSV, PowerShell",
            one(Csv {
                always_quoted: true,
                before: "#TYPE System.Management.Automation.PSCustomObject\r\n",
                ..CSV
            }
            .write(&rows)),
        ),
        (
            "CSV, spreadsheet",
            one(Csv {
                delimiter: ";",
                before: "sep=;\r\n",
                time: |time| time.strftime("%d.%m.%Y %H:%M:%S%.3f").to_string(),
                ..portal
            }
            .write(&rows)),
        ),
        ("CSV, lower case", one(named(str::to_ascii_lowercase))),
        ("CSV, camel case", one(named(|name| name[..1].to_ascii_lowercase() + &name[1..]))),
        (
            "CSV, suffixes",
            one(named(|name| match name {
                "AuditId" => "AuditId_g".to_owned(),
                "RequestReceivedTime" | "StageReceivedTime" => format!("{name}_t"),
                "TimeGenerated" => name.to_owned(),
                _ => format!("{name}_s"),
            })),
        ),
        ("CSV, seven digits", one(at(",", |time| format!("{time:.6}0Z")))),
        ("CSV, offset", one(at(",", |time| format!("{time:.6}+00:00")))),
        ("CSV, American", one(at(",", |time| american(time, " ", ["AM", "PM"])))),
        (
            "CSV, American, narrow space",
            one(at(",", |time| american(time, "\u{202f}", ["AM", "PM"]))),
        ),
        (
            "CSV, Australian",
            one(at(",", |time| time.strftime("%d/%m/%Y, %-I:%M:%S%.3f pm").to_string())),
        ),
        ("CSV, British", one(at(",", |time| time.strftime("%d/%m/%Y, %H:%M:%S%.3f").to_string()))),
        (
            "CSV, Italian",
            one(at(";", |time| time.strftime("%-d/%-m/%Y, %H:%M:%S%.3f").to_string())),
        ),
        (
            "CSV, French",
            one(at(";", |time| {
                time.strftime("%d/%m/%Y %H:%M:%S%.3f").to_string().replace('.', ",")
            })),
        ),
        ("CSV, German", one(at(";", |time| time.strftime("%-d.%-m.%Y, %H:%M:%S%.3f").to_string()))),
        ("CSV, Dutch", one(at(";", |time| time.strftime("%-d-%-m-%Y, %H:%M:%S%.3f").to_string()))),
        ("CSV, Swedish", one(at(";", |time| time.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()))),
        (
            "CSV, Canadian",
            one(at(",", |time| time.strftime("%Y-%m-%d, %-I:%M:%S%.3f p.m.").to_string())),
        ),
        (
            "CSV, Korean",
            one(at(",", |time| time.strftime("%Y. %-m. %-d. 오후 %-I:%M:%S%.3f").to_string())),
        ),
        (
            "CSV, Chinese",
            one(at(",", |time| time.strftime("%Y/%-m/%-d 下午%-I:%M:%S%.3f").to_string())),
        ),
        (
            "CSV, Japanese",
            one(at(",", |time| time.strftime("%Y/%-m/%-d %-H:%M:%S%.3f").to_string())),
        ),
        ("diagnostics, CSV", one(portal.write(&logs))),
        (
            "diagnostics, CSV, German",
            one(Csv {
                delimiter: ";",
                time: |time| time.strftime("%d.%m.%Y %H:%M:%S%.3f").to_string(),
                ..portal
            }
            .write(&logs)),
        ),
        ("diagnostics, CSV, projected", one(CSV.write(&some))),
    ]
}
