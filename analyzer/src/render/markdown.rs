//! Markdown and its relatives, one form for each place where people paste it.
//!
//! What does not fit is rendered again with less in it, never cut through, and says so.

use std::io::Write;

use minijinja::Value;
use serde::Serialize;

use super::engine::{self, Place};
use super::html::{self, View};
use super::shorten::{self, Limits};
use super::{Options, RenderError, escape, terminal};
use crate::language::Language;
use crate::report::Report;

/// Where the text will be pasted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    #[default]
    Github,
    Azdo,
    Jira,
    Plain,
    Line,
}

impl Target {
    pub const ALL: [Self; 5] = [Self::Github, Self::Azdo, Self::Jira, Self::Plain, Self::Line];

    /// Reads `github`, `azdo`, `jira`, `plain`, `line`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Azdo => "azdo",
            Self::Jira => "jira",
            Self::Plain => "plain",
            Self::Line => "line",
        }
    }

    /// Characters that fit: below what each place takes.
    fn limit(self) -> usize {
        match self {
            Self::Github => 60_000,
            Self::Azdo => 900_000,
            Self::Jira => 30_000,
            Self::Plain => 3_900,
            Self::Line => 300,
        }
    }
}

/// The limits of one step, as the text templates read them.
#[derive(Serialize)]
struct TextLimits {
    #[serde(flatten)]
    limits: Limits,
    causes: usize,
    findings: usize,
    timeline: usize,
    steps: usize,
    diagnostics: usize,
    /// Characters of an excerpt.
    excerpt: usize,
    shortened: bool,
}

pub(super) fn render(
    report: &Report,
    language: &Language,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), RenderError> {
    let target = options.target;
    let (template, place) = match target {
        Target::Github | Target::Azdo => ("report.md.j2", Place::Markdown),
        Target::Jira => ("report.jira.j2", Place::Jira),
        Target::Plain => ("report.txt.j2", Place::Plain),
        Target::Line => return line(report, options, out),
    };
    let most = options.markdown_max.unwrap_or(target.limit());
    let mut context = html::context(report);
    context.insert("target", Value::from(target.as_str()));
    let mut text = String::new();
    for limits in shorten::TEXT {
        context.insert("limits", engine::value(&text_limits(limits)));
        context.insert("view", engine::value(&View::of(report, &limits)));
        let collected = report.bundle.collected.as_deref();
        text = engine::render(
            &options.templates,
            template,
            place,
            language.locale,
            collected,
            &context,
        )?;
        text = tidy(&text);
        if text.chars().count() <= most {
            break;
        }
    }
    // A limit that not even the last step keeps: the verdict, as much of it as fits.
    let mut room = most;
    while text.chars().count() > most && room > 8 {
        room /= 2;
        text = format!(
            "{} {}\n\n{}\n",
            terminal::shape(report.verdict.health, false),
            place_text(place, &escape::cut(&report.verdict.sentence, room)),
            language.label("page-md-shortened")
        );
    }
    out.write_all(text.as_bytes())?;
    Ok(())
}

fn place_text(place: Place, text: &str) -> String {
    match place {
        Place::Jira => escape::jira(text),
        Place::Plain | Place::Html => escape::one_line(text),
        Place::Markdown => escape::markdown(text),
    }
}

/// The findings keep a line each long after rows and excerpts went: none is lost silently.
fn text_limits(limits: Limits) -> TextLimits {
    TextLimits {
        causes: limits.rows.max(1),
        findings: limits.rows * 5,
        timeline: limits.rows.min(120),
        steps: limits.names.clamp(1, 8),
        diagnostics: limits.rows.max(5),
        excerpt: if limits.step < 4 { 2000 } else { 400 },
        shortened: limits.step > 0,
        limits,
    }
}

/// One line: the verdict only.
fn line(report: &Report, options: &Options, out: &mut dyn Write) -> Result<(), RenderError> {
    let most = options.markdown_max.unwrap_or(Target::Line.limit());
    let shape = terminal::shape(report.verdict.health, false);
    let line = format!(
        "{shape} {}",
        escape::markdown(&escape::cut(&report.verdict.sentence, most.saturating_sub(40).max(20)))
    );
    writeln!(out, "{line}")?;
    Ok(())
}

/// Puts blocks apart by exactly one empty line, which template tags leave too many or too few of.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = "";
    let mut fence: Option<String> = None;
    for line in text.lines() {
        if let Some(open) = &fence {
            out.push_str(line);
            out.push('\n');
            if line == open {
                fence = None;
                out.push('\n');
                before = "";
            }
            continue;
        }
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        if ticks.len() >= 3 {
            fence = Some(ticks);
        } else if line == "{noformat}" {
            fence = Some(line.to_owned());
        }
        let block = fence.is_some() && line != "{noformat}"
            || line.starts_with("# ")
            || line.starts_with("## ")
            || line.starts_with("### ")
            || line.starts_with("**")
            || line.starts_with("h2. ")
            || line.starts_with("h3. ")
            || line.starts_with('|') != before.starts_with('|');
        if line.trim().is_empty() {
            if !before.is_empty() {
                out.push('\n');
            }
        } else {
            if block && !before.is_empty() {
                out.push('\n');
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        before = line.trim();
    }
    format!("{}\n", out.trim_end())
}
