//! The summary for a terminal: at most fifteen lines of at most a hundred columns.
//!
//! Colour and symbols are the caller's choice; nothing from the bundle can move the cursor.

use std::io::Write;

use konspect_bundle::words;
use unicode_width::UnicodeWidthChar;

use super::{RenderError, escape};
use crate::language::Language;
use crate::report::{FindingCard, Health, Report, StepCard};

const COLUMNS: usize = 100;
const LINES: usize = 15;

/// What the terminal can show, and what the command line wants said last.
#[derive(Clone, Debug, Default)]
pub struct Terminal {
    pub color: bool,
    /// `X ! OK ?` instead of `✖ ▲ ● ?`, for locales that are not UTF-8.
    pub ascii: bool,
    /// Only the verdict line.
    pub quiet: bool,
    /// Files written and time taken, as the last line shows them.
    pub footer: Vec<String>,
}

/// The shape of a verdict: never colour alone.
pub(super) fn shape(health: Health, ascii: bool) -> &'static str {
    match (health, ascii) {
        (Health::Broken, false) => "✖",
        (Health::Degraded, false) => "▲",
        (Health::Healthy, false) => "●",
        (Health::Broken, true) => "X",
        (Health::Degraded, true) => "!",
        (Health::Healthy, true) => "OK",
        (Health::Unknown, _) => "?",
    }
}

fn colour(health: Health) -> &'static str {
    match health {
        Health::Broken => "31",
        Health::Degraded => "33",
        Health::Healthy => "32",
        Health::Unknown => "1",
    }
}

pub(super) fn render(
    report: &Report,
    language: &Language,
    terminal: &Terminal,
    out: &mut dyn Write,
) -> Result<(), RenderError> {
    let mut lines = verdict(report, language, terminal);
    if !terminal.quiet {
        lines.extend(banners(report, terminal));
        lines.extend(body(report, language));
        lines.truncate(LINES - 1);
        lines.extend(last(report, language, terminal).into_iter().take(1));
    }
    for line in lines {
        let line = if terminal.ascii { ascii(&line) } else { line };
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn verdict(report: &Report, language: &Language, terminal: &Terminal) -> Vec<String> {
    let verdict = &report.verdict;
    let mut sentence = escape::terminal(&verdict.sentence);
    if let Some(confidence) = verdict.confidence {
        let word = language.label(&format!("page-confidence-{}", super::word(confidence)));
        sentence = format!("{sentence} ({})", word.to_lowercase());
    }
    let shape = shape(verdict.health, terminal.ascii);
    let indent = width(shape) + 1;
    let mut lines = wrap(&sentence, COLUMNS - indent);
    for (index, line) in lines.iter_mut().enumerate() {
        let mark = if index == 0 { shape } else { "" };
        let pad = " ".repeat(indent - width(mark));
        *line = if terminal.color {
            format!("\u{1b}[1;{}m{mark}{pad}{line}\u{1b}[0m", colour(verdict.health))
        } else {
            format!("{mark}{pad}{line}")
        };
    }
    lines
}

fn banners(report: &Report, terminal: &Terminal) -> Vec<String> {
    let mark = if terminal.ascii { "!" } else { "⚠" };
    report
        .verdict
        .banners
        .iter()
        .take(3)
        .map(|banner| fit(&format!("  {mark} {}", escape::terminal(banner)), COLUMNS))
        .collect()
}

fn body(report: &Report, language: &Language) -> Vec<String> {
    let verdict = &report.verdict;
    let mut rows: Vec<(String, String, String)> = Vec::new();
    if let Some(cause) = &verdict.root_cause {
        rows.push((language.label("page-term-cause"), cause.clone(), place(report)));
    }
    if let Some(failure) = &verdict.failure {
        rows.push((language.label("page-term-failure"), failure.clone(), String::new()));
    }
    if let Some(effects) = &verdict.effects {
        rows.push((language.label("page-term-effects"), effects.clone(), String::new()));
    }
    let others: Vec<String> =
        report.causes.iter().skip(1).take(2).map(|cause| cause.title.clone()).collect();
    for other in others {
        rows.push((language.label("page-term-also"), other, String::new()));
    }
    if report.causes.is_empty() {
        for finding in report.unexplained.iter().take(3) {
            rows.push((
                language.label("page-term-finding"),
                finding.title.clone(),
                first_place(finding),
            ));
        }
    }
    let label_width = [
        "page-term-cause",
        "page-term-failure",
        "page-term-effects",
        "page-term-also",
        "page-term-finding",
        "page-term-first",
        "page-term-unseen",
    ]
    .iter()
    .map(|key| width(&language.label(key)))
    .max()
    .unwrap_or(8);
    let mut lines: Vec<String> =
        rows.iter().flat_map(|(label, text, place)| row(label, text, place, label_width)).collect();
    if let Some(step) = &verdict.first_step {
        lines.extend(first_step(step, language, label_width));
    }
    if !verdict.not_seen.is_empty() {
        let room = COLUMNS - label_width - 4;
        let text = list(&verdict.not_seen, room, language);
        lines.extend(row(&language.label("page-term-unseen"), &text, "", label_width));
    }
    lines
}

/// The first step: a command is never cut, since half a command is a different command.
fn first_step(step: &StepCard, language: &Language, label_width: usize) -> Vec<String> {
    let label = language.label("page-term-first");
    let risk = language.label(&format!("page-risk-{}", super::word(step.risk)));
    let Some(command) = &step.command else {
        return row(&label, &step.text, "", label_width);
    };
    let mut lines = row(&label, &format!("{} ({risk})", step.text), "", label_width);
    let indent = label_width + 4;
    let command = escape::terminal(command);
    let mut parts = wrap(&command, COLUMNS - indent - 2);
    // A part longer than the line, or too many parts, would push the rest off the screen.
    if parts.len() > 4 {
        parts = vec![language.label("page-term-command-in-report")];
    }
    let count = parts.len();
    for (index, part) in parts.into_iter().enumerate() {
        let go_on = if index + 1 < count { " \\" } else { "" };
        lines.push(format!("{}{part}{go_on}", " ".repeat(indent)));
    }
    lines
}

/// Text with the place that proves it at the right edge; under the text when both do not fit.
fn row(label: &str, text: &str, place: &str, label_width: usize) -> Vec<String> {
    let pad = " ".repeat(label_width.saturating_sub(width(label)));
    let place = escape::terminal(place);
    let head = format!("  {label}{pad}  ");
    let room = COLUMNS - width(&head);
    let text = escape::terminal(text);
    if place.is_empty() {
        return vec![format!("{head}{}", fit(&text, room))];
    }
    if width(&text) + width(&place) + 2 > room {
        let under = format!("{}{}", " ".repeat(width(&head)), fit_end(&place, room));
        return vec![format!("{head}{}", fit(&text, room)), under];
    }
    let gap = " ".repeat(room - width(&text) - width(&place));
    vec![format!("{head}{text}{gap}{place}")]
}

/// As many items as fit, and how many do not: a list is never cut silently.
fn list(items: &[String], room: usize, language: &Language) -> String {
    for shown in (1..=items.len()).rev() {
        let mut text = items.get(..shown).unwrap_or_default().join(", ");
        if shown < items.len() {
            let more = words!("page-and-more", count = items.len() - shown);
            text = format!("{text} {}", language.say(&more));
        }
        if width(&text) <= room {
            return text;
        }
    }
    items.join(", ")
}

fn place(report: &Report) -> String {
    report.causes.first().map(first_place).unwrap_or_default()
}

fn first_place(finding: &FindingCard) -> String {
    let Some(evidence) = finding.evidence.first() else { return String::new() };
    match evidence.line {
        Some(line) => format!("{}:{line}", evidence.path),
        None => evidence.path.clone(),
    }
}

fn last(report: &Report, language: &Language, terminal: &Terminal) -> Vec<String> {
    let mut parts = vec![escape::terminal(&report.verdict.summary)];
    parts.extend(terminal.footer.iter().map(|part| escape::terminal(part)));
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() {
        parts.push(language.label("page-none-found"));
    }
    let text = parts.join(" · ");
    if width(&text) <= COLUMNS {
        return vec![text];
    }
    // The paths written matter more than the count, which the report repeats.
    let footer = terminal.footer.iter().map(|part| escape::terminal(part)).collect::<Vec<_>>();
    let footer = footer.join(" · ");
    let room = COLUMNS.saturating_sub(width(&footer) + 3).max(20);
    let summary = fit(&escape::terminal(&report.verdict.summary), room);
    vec![if footer.is_empty() { summary } else { format!("{summary} · {footer}") }]
}

/// Columns that text takes: Hangul and other East Asian characters take two.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

fn fit(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        if used + columns(c) + 1 > room {
            break;
        }
        used += columns(c);
        out.push(c);
    }
    out.push('…');
    out
}

/// Cuts at the start, since a path's end tells more.
fn fit_end(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut kept = Vec::new();
    let mut used = 1;
    for c in text.chars().rev() {
        used += columns(c);
        if used > room {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept.into_iter().rev().collect()
}

fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && width(line) + 1 + width(word) > room {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// One character for one, so that no line grows.
fn ascii(line: &str) -> String {
    line.chars()
        .map(|c| match c {
            '·' => "-".to_owned(),
            '…' => "~".to_owned(),
            '→' => ">".to_owned(),
            '«' | '»' | '“' | '”' => "\"".to_owned(),
            '’' => "'".to_owned(),
            '–' | '—' => "-".to_owned(),
            c => c.to_string(),
        })
        .collect()
}
