//! What the audit log answers, as tables of a page: few rows, and the columns that a reader acts on.

use serde::Serialize;
use serde_json::Value;

use crate::report::audit::questions::Question;

/// Rows of one table; the JSON has the rest.
const ROWS: usize = 8;

/// The questions that a page answers, each with its columns.
const ASKED: [(Question, &[&str]); 4] = [
    (
        Question::UserAgents,
        &["user_agent", "requests", "share", "p99_ms", "max_ms", "rejected", "server_errors"],
    ),
    (
        Question::Requests,
        &["user_agent", "verb", "resource", "requests", "p50_ms", "p99_ms", "max_ms"],
    ),
    (Question::OpenWatches, &["user_agent", "resource", "namespace", "open", "first"]),
    (Question::Rejected, &["reason", "user_agent", "requests", "share"]),
];

/// One question with its answer.
#[derive(Serialize)]
pub(super) struct Answer {
    /// The name on the command line, by which the table is found in a page too.
    name: &'static str,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    more: usize,
}

#[derive(Serialize)]
struct Column {
    /// The key of the heading, without its prefix.
    key: String,
    number: bool,
}

/// A count is grouped by the template as the language groups it; a text is ready.
#[derive(Serialize)]
struct Cell {
    text: String,
    count: Option<u64>,
    /// What a number is sorted by; none for a text.
    sort: Option<f64>,
    time: bool,
}

/// The answers that say something, of a report's `audit` object in a report's language.
pub(super) fn answers(audit: Option<&Value>, lang: &str, rows: usize) -> Vec<Answer> {
    let comma = lang == "it";
    let table = |(question, columns): &(Question, &[&'static str])| {
        let all = audit?.get(question.key())?.as_array()?;
        let shown = all.get(..all.len().min(ROWS).min(rows))?;
        let columns: Vec<&str> = columns
            .iter()
            .copied()
            .filter(|key| shown.iter().filter_map(|row| row.get(key)).any(says_something))
            .collect();
        (!columns.is_empty()).then(|| Answer {
            name: question.as_str(),
            rows: shown
                .iter()
                .map(|row| columns.iter().map(|key| cell(key, row.get(*key), comma)).collect())
                .collect(),
            more: all.len() - shown.len(),
            columns: columns
                .iter()
                .map(|key| Column {
                    key: key.replace('_', "-"),
                    number: shown.iter().any(|row| row.get(key).is_some_and(Value::is_number)),
                })
                .collect(),
        })
    };
    ASKED.iter().filter_map(table).collect()
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        value => value.as_f64() != Some(0.0),
    }
}

fn cell(key: &str, value: Option<&Value>, comma: bool) -> Cell {
    let decimal = |text: String| if comma { text.replace('.', ",") } else { text };
    let (count, text) = match value {
        Some(Value::String(text)) if !text.is_empty() => (None, text.clone()),
        Some(Value::Number(number)) => match number.as_f64() {
            Some(value) if key.ends_with("_ms") => (None, decimal(duration(value))),
            Some(value) if key == "share" => (None, decimal(format!("{:.1} %", value * 100.0))),
            _ => (number.as_u64(), number.to_string()),
        },
        _ => (None, "–".to_owned()),
    };
    Cell { text, count, sort: value.and_then(Value::as_f64), time: key == "first" }
}

/// `0.4 ms`, `85 ms`, `1.24 s`, `12 min`.
fn duration(millis: f64) -> String {
    if millis < 10.0 {
        format!("{millis:.1} ms")
    } else if millis < 1_000.0 {
        format!("{millis:.0} ms")
    } else if millis < 120_000.0 {
        format!("{:.2} s", millis / 1_000.0)
    } else {
        format!("{:.0} min", millis / 60_000.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn log(rows: usize) -> Value {
        let row = |count: usize| {
            json!({ "user_agent": "lister/v1", "requests": count, "share": 0.5, "p99_ms": 1240.0,
                    "rejected": 0, "server_errors": 0 })
        };
        let rows: Vec<Value> = (0..rows).map(|row_number| row(row_number + 1)).collect();
        json!({ "top_user_agents": rows, "rejected": [] })
    }

    #[test]
    fn an_answer_is_short_and_leaves_out_what_says_nothing() {
        let answers = answers(Some(&log(20)), "en", 100);
        assert_eq!(answers.len(), 1, "a question without rows has no table");
        assert_eq!((answers[0].rows.len(), answers[0].more), (ROWS, 20 - ROWS));
        let keys: Vec<&str> = answers[0].columns.iter().map(|column| column.key.as_str()).collect();
        assert_eq!(keys, ["user-agent", "requests", "share", "p99-ms"]);
        assert_eq!(answers[0].rows[0][3].text, "1.24 s");
        assert_eq!(answers[0].rows[1][1].count, Some(2));
    }

    #[test]
    fn a_decimal_is_written_as_the_language_writes_it() {
        let answers = answers(Some(&log(1)), "it", 100);
        let texts: Vec<&str> = answers[0].rows[0].iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(texts, ["lister/v1", "1", "50,0 %", "1,24 s"]);
    }
}
