//! Texts with `{{ expression }}` in them, filled from a row.

use serde_yaml::Spanned;

use super::expression::{Answer, Expression, Scope, Wants};
use super::file::Source;
use super::note::Note;
use crate::facts::view::Row;
use crate::shell;

/// The longest text that a row fills.
const LONGEST: usize = 300;

/// A text with places for what rows answer.
pub(super) struct Template {
    pub(super) raw: String,
    parts: Vec<TemplatePart>,
}

enum TemplatePart {
    Text(String),
    Value(Expression),
}

impl Template {
    pub(super) fn compile(
        source: &Source<'_>,
        written: &Spanned<String>,
        scope: Scope,
        notes: &mut Vec<Note>,
    ) -> Option<Self> {
        let text = written.value.as_str();
        let (mut parts, mut at, known) = (Vec::new(), 0, notes.len());
        while let Some(open) = text.get(at..).and_then(|rest| rest.find("{{")).map(|open| at + open)
        {
            parts.push(TemplatePart::Text(text.get(at..open).unwrap_or_default().to_owned()));
            let start = open + 2;
            let Some(length) = text.get(start..).and_then(|rest| rest.find("}}")) else {
                let place = source.inside(written, &(open..start));
                notes.push(source.note(place, "{{ is not closed by }}"));
                return None;
            };
            let inner = text.get(start..start + length).unwrap_or_default();
            match Expression::compile(inner, scope, Wants::Text) {
                Ok(expression) => parts.push(TemplatePart::Value(expression)),
                Err(faults) => notes.extend(faults.into_iter().map(|fault| {
                    let range = start + fault.range.start..start + fault.range.end;
                    source.note(source.inside(written, &range), fault.message).help(fault.help)
                })),
            }
            at = start + length + 2;
        }
        parts.push(TemplatePart::Text(text.get(at..).unwrap_or_default().to_owned()));
        (notes.len() == known).then(|| Self { raw: text.to_owned(), parts })
    }

    /// The text without a row: dots stand for what rows answer.
    pub(super) fn outline(&self) -> String {
        let parts = self.parts.iter().map(|part| match part {
            TemplatePart::Text(words) => words.as_str(),
            TemplatePart::Value(_) => "…",
        });
        parts.collect()
    }

    /// The text for one row.
    pub(super) fn fill(&self, row: &Row<'_>) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                TemplatePart::Text(words) => text.push_str(words),
                TemplatePart::Value(expression) => text.push_str(&answer(expression, row)?),
            }
        }
        if text.chars().count() > LONGEST {
            text = text.chars().take(LONGEST - 1).chain(['…']).collect();
        }
        Ok(text)
    }

    /// The text as a command: what rows answer must be names that are safe to paste.
    pub(super) fn command(&self, row: &Row<'_>) -> Option<String> {
        let (mut template, mut names) = (String::new(), Vec::new());
        for part in &self.parts {
            match part {
                TemplatePart::Text(words) => template.push_str(words),
                TemplatePart::Value(expression) => {
                    template.push_str("{}");
                    names.push(answer(expression, row).ok()?);
                }
            }
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        shell::command(&template, &names)
    }
}

fn answer(expression: &Expression, row: &Row<'_>) -> Result<String, String> {
    let value = row.value(expression.keys());
    expression.cost(&value)?;
    match expression.ask(&value, Wants::Text)? {
        Answer::Text(text) => Ok(text),
        Answer::Truth(truth) => Ok(truth.to_string()),
    }
}
