//! A connection's way and the matrix of all nodes, for a terminal and as JSON.

use std::io::Write;

use super::terminal::Terminal;
use super::{RenderError, escape, json};
use crate::report::path::{MatrixReport, PathReport, WayCard, WayHopCard};

/// Characters of a rule that one line shows.
const RULE: usize = 160;

/// Writes either answer as JSON.
pub fn to_json<T: serde::Serialize>(value: &T, out: &mut dyn Write) -> Result<(), RenderError> {
    json::write(value, out)
}

/// Writes a connection's way for people.
pub fn to_text(
    report: &PathReport,
    terminal: &Terminal,
    out: &mut dyn Write,
) -> Result<(), RenderError> {
    let mut lines = vec![headline(report.verdict, &report.sentence, terminal)];
    if !terminal.quiet {
        for way in &report.ways {
            lines.push(String::new());
            lines.extend(self::way(way, terminal));
        }
    }
    write(&lines, terminal, out)
}

/// Writes a matrix for people.
pub fn matrix_to_text(
    report: &MatrixReport,
    terminal: &Terminal,
    out: &mut dyn Write,
) -> Result<(), RenderError> {
    let verdict = match (report.drop + report.reject, report.unknown) {
        (0, 0) => "accept",
        (0, _) => "unknown",
        _ => "drop",
    };
    let mut lines = vec![headline(verdict, &report.sentence, terminal)];
    if !terminal.quiet {
        lines.push(format!(
            "  accept {}  drop {}  reject {}  unknown {}",
            report.accept, report.drop, report.reject, report.unknown
        ));
        if report.groups.len() > 1 {
            for (place, group) in report.groups.iter().enumerate() {
                let cells: Vec<String> =
                    group.to.iter().map(|verdict| format!("{verdict:8}")).collect();
                let letter = letter(place);
                lines.push(format!("  {letter} {} {}", cells.join(" "), group.nodes.join(" ")));
            }
        }
        for stop in &report.stops {
            let way = if stop.outgoing { "→" } else { "←" };
            lines.push(String::new());
            lines.push(format!("  {} {way} {}", stop.node, stop.others));
            lines.extend(hop(&stop.hop, None, terminal));
        }
    }
    write(&lines, terminal, out)
}

fn letter(place: usize) -> char {
    char::from(b'A'.saturating_add(u8::try_from(place.min(25)).unwrap_or(25)))
}

fn headline(verdict: &str, sentence: &str, terminal: &Terminal) -> String {
    let line = format!("{} {sentence}", mark(verdict, terminal));
    let colour = match verdict {
        "accept" => "32",
        "unknown" => "1",
        _ => "31",
    };
    let line = escape::terminal(&line);
    if terminal.color { format!("\u{1b}[1;{colour}m{line}\u{1b}[0m") } else { line }
}

fn mark(verdict: &str, terminal: &Terminal) -> &'static str {
    match (verdict, terminal.ascii) {
        ("accept", false) => "●",
        ("accept", true) => "OK",
        ("unknown", _) => "?",
        (_, false) => "✖",
        (_, true) => "X",
    }
}

fn way(way: &WayCard, terminal: &Terminal) -> Vec<String> {
    let party = |card: &crate::report::path::PartyCard| format!("{} {}", card.kind, card.name);
    let mut lines = vec![format!("  {} → {}: {}", party(&way.from), party(&way.to), way.verdict)];
    for (place, card) in way.hops.iter().enumerate() {
        lines.extend(hop(card, Some(place + 1), terminal));
    }
    lines
}

fn hop(hop: &WayHopCard, number: Option<usize>, terminal: &Terminal) -> Vec<String> {
    let number = number.map(|number| format!("{number} ")).unwrap_or_default();
    let name = [hop.name.as_str(), hop.stage.as_str()];
    let name = name.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ");
    let arrow = if hop.reply { "↩ " } else { "" };
    let rewritten = [("→", &hop.to), ("←", &hop.from)]
        .into_iter()
        .filter_map(|(arrow, value)| value.as_ref().map(|value| format!(" {arrow} {value}")))
        .collect::<Vec<_>>()
        .concat();
    let mut lines = vec![format!(
        "  {number}{} {arrow}{} {name}: {}  {}{rewritten}",
        mark(hop.verdict, terminal),
        hop.kind,
        hop.verdict,
        hop.packet
    )];
    if let Some(decided) = &hop.decided_by {
        let place = match decided.line {
            Some(line) => format!("{}:{line}", decided.path),
            None => decided.path.clone(),
        };
        let ufw = decided.ufw_number.map(|number| format!(" [{number}]")).unwrap_or_default();
        let places: Vec<&str> =
            decided.jumps.iter().chain([&decided.place]).map(String::as_str).collect();
        lines.push(format!("      {} ({}{ufw})  {place}", places.join(" → "), decided.owner));
        if !decided.excerpt.is_empty() {
            lines.push(format!("      {}", cut(&decided.excerpt)));
        }
        if let Some(meaning) = &decided.meaning {
            lines.push(format!("      {meaning}"));
        }
    }
    lines.extend(hop.because.iter().map(|because| format!("      {because}")));
    for change in &hop.changes {
        lines.push(format!("      + {}", change.command));
        lines.push(format!("      - {}", change.undo));
    }
    lines
}

fn cut(text: &str) -> String {
    if text.chars().count() <= RULE {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(RULE - 1).collect();
    short.push('…');
    short
}

fn write(lines: &[String], terminal: &Terminal, out: &mut dyn Write) -> Result<(), RenderError> {
    for (place, line) in lines.iter().enumerate() {
        // The headline is made safe before its colour is put on.
        let line = if place == 0 { line.clone() } else { escape::terminal(line) };
        let line = if terminal.ascii { ascii(&line) } else { line };
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn ascii(line: &str) -> String {
    line.replace('→', "->").replace('←', "<-").replace('↩', "<<").replace('…', "...")
}
