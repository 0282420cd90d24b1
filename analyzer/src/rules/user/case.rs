//! The tests inside a rule: rows written in YAML, filled up with what they leave out.

use std::borrow::Cow;

use serde_yaml::Spanned;

use super::expression::{Answer, Expression, Wants};
use super::file::{self, Source};
use super::nearest;
use super::note::Note;
use crate::facts::view::{self, Field, Shape, Table, Value};

/// A row, and whether the rule must fire on it.
pub(super) struct Case {
    fires: bool,
    row: Value<'static>,
    /// What is shown when it does not hold.
    note: Note,
}

impl Case {
    pub(super) fn build(
        source: &Source<'_>,
        written: &Spanned<file::Case>,
        table: &'static Table,
        notes: &mut Vec<Note>,
    ) -> Option<Self> {
        let place = source.line_of(written);
        let (fires, row) = match (&written.value.fires, &written.value.silent) {
            (Some(row), None) => (true, row),
            (None, Some(row)) => (false, row),
            _ => {
                notes.push(source.note(place, "a test is one row: `fires: …` or `silent: …`"));
                return None;
            }
        };
        match filled(row, table.fields, table.variable) {
            Ok(row) => Some(Self { fires, row, note: source.note(place, "") }),
            Err((message, help)) => {
                notes.push(source.note(place, message).help(help));
                None
            }
        }
    }

    /// Asks the rule; answers what is wrong.
    pub(super) fn run(&self, when: &Expression) -> Option<Note> {
        let answer = when.cost(&self.row).and_then(|_| when.ask(&self.row, Wants::Truth));
        let message = match answer {
            Ok(answer) if answer == Answer::Truth(self.fires) => return None,
            Ok(_) if self.fires => "the rule is silent on this row".to_owned(),
            Ok(_) => "the rule fires on this row".to_owned(),
            Err(reason) => format!("the rule has no answer on this row: {reason}"),
        };
        Some(Note { message, ..self.note.clone() })
    }
}

type Wrong = (String, Option<String>);

/// A row of a shape from what a test writes of it.
fn filled(
    written: &serde_json::Value,
    fields: &'static [Field],
    at: &str,
) -> Result<Value<'static>, Wrong> {
    let Some(written) = written.as_object() else {
        return Err((format!("{at} is a map of keys, as in `{{ name: a }}`"), None));
    };
    if let Some(key) =
        written.keys().find(|key| !fields.iter().any(|field| field.key == key.as_str()))
    {
        let help = nearest(key, fields.iter().map(|field| field.key))
            .map(|near| format!("did you mean `{near}`?"));
        return Err((format!("{at} has no key {key}"), help));
    }
    let mut row = view::empty(fields);
    if let Value::Map(entries) = &mut row {
        for (field, (_, value)) in fields.iter().zip(entries) {
            if let Some(written) = written.get(field.key) {
                *value = typed(written, field, &format!("{at}.{}", field.key))?;
            }
        }
    }
    Ok(row)
}

fn typed(written: &serde_json::Value, field: &Field, at: &str) -> Result<Value<'static>, Wrong> {
    use serde_json::Value as Json;
    let text = |text: &str| Value::Text(Cow::Owned(text.to_owned()));
    let wrong = || (format!("{at} is {}", field.shape.noun()), None);
    match (field.shape, written) {
        (_, Json::Null) if field.nullable => Ok(Value::Null),
        (Shape::Text, Json::String(found)) => Ok(text(found)),
        (Shape::Int, Json::Number(number)) => number.as_i64().map(Value::Int).ok_or_else(wrong),
        (Shape::Number, Json::Number(number)) => {
            number.as_f64().map(Value::Number).ok_or_else(wrong)
        }
        (Shape::Bool, Json::Bool(truth)) => Ok(Value::Bool(*truth)),
        (Shape::Texts, Json::Array(items)) => {
            let items = items.iter().map(|item| item.as_str().map(text).ok_or_else(wrong));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        (Shape::Ints, Json::Array(items)) => {
            let items = items.iter().map(|item| item.as_i64().map(Value::Int).ok_or_else(wrong));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        (Shape::List(fields), Json::Array(items)) => {
            let items = items.iter().map(|item| filled(item, fields, &format!("{at}[]")));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        (Shape::TextMap, Json::Object(entries)) => entries
            .iter()
            .map(|(key, value)| {
                Ok((Cow::Owned(key.clone()), value.as_str().map(text).ok_or_else(wrong)?))
            })
            .collect::<Result<_, _>>()
            .map(Value::Map),
        (Shape::NumberMap, Json::Object(entries)) => entries
            .iter()
            .map(|(key, value)| {
                Ok((Cow::Owned(key.clone()), value.as_f64().map(Value::Number).ok_or_else(wrong)?))
            })
            .collect::<Result<_, _>>()
            .map(Value::Map),
        _ => Err(wrong()),
    }
}
