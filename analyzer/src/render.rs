//! Turns a report into the form somebody reads: HTML, Markdown, JSON, a terminal, SARIF, JUnit.
//!
//! Reads the report and the language and nothing else: no clock, no environment, no bundle.

use std::io::Write;

use crate::language::Language;
use crate::report::Report;

mod answers;
mod axis;
mod chart;
mod engine;
pub mod escape;
mod html;
mod json;
mod junit;
mod markdown;
mod note;
pub mod path;
mod sarif;
mod script;
mod shorten;
pub mod table;
mod terminal;
mod timeline;

pub use engine::{Templates, size};
pub use markdown::Target;
pub use note::note;
pub use script::script;
pub use terminal::Terminal;

#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("cannot write the report: {0}")]
    Write(#[from] std::io::Error),
    /// The template's own message, cause by cause; it never quotes the bundle.
    #[error("template {name}: {message}")]
    Template { name: String, message: String },
    #[error("cannot read template {name}: {source}")]
    ReadTemplate { name: String, source: std::io::Error },
}

/// An output format, as `--output` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Html,
    Markdown,
    Json,
    Text,
    Sarif,
    Junit,
}

impl Format {
    pub const ALL: [Self; 6] =
        [Self::Html, Self::Markdown, Self::Json, Self::Text, Self::Sarif, Self::Junit];

    /// Reads `html`, `md`, `json`, `text`, `sarif`, `junit`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Json => "json",
            Self::Text => "text",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
        }
    }
}

/// How to render, decided by the command line.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub target: Target,
    /// The most characters of Markdown; the target's own limit unless given.
    pub markdown_max: Option<usize>,
    pub terminal: Terminal,
    pub templates: Templates,
}

/// Renders a report in one format.
pub fn render(
    format: Format,
    report: &Report,
    language: &Language,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), RenderError> {
    match format {
        Format::Html => html::render(report, language, &options.templates, out),
        Format::Markdown => markdown::render(report, language, options, out),
        Format::Json => json::render(report, out),
        Format::Text => terminal::render(report, language, &options.terminal, out),
        Format::Sarif => sarif::render(report, out),
        Format::Junit => junit::render(report, language, out),
    }
}

/// The word of an enum as the JSON spells it, which label keys end with.
fn word<T: serde::Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
