//! Until the renderers land: JSON only.
use crate::language::Language;
use crate::report::Report;
use std::io::Write;
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("cannot write the report: {0}")]
    Write(#[from] std::io::Error),
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Html,
    Markdown,
    Json,
    Text,
}
impl Format {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "json" => Some(Self::Json),
            "html" => Some(Self::Html),
            "md" => Some(Self::Markdown),
            "text" => Some(Self::Text),
            _ => None,
        }
    }
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Json => "json",
            Self::Text => "text",
        }
    }
}
#[derive(Clone, Debug, Default)]
pub struct Terminal {
    pub color: bool,
    pub ascii: bool,
}
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub terminal: Terminal,
}
pub fn render(
    _: Format,
    report: &Report,
    _: &Language,
    _: &Options,
    out: &mut dyn Write,
) -> Result<(), RenderError> {
    serde_json::to_writer_pretty(out, report).map_err(std::io::Error::from)?;
    Ok(())
}
