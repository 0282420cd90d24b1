//! Every rule's page is its test: each `##` section is a bundle in miniature with the expected report.
//!
//! `KONSPECT_BLESS=1 cargo test` rewrites the `report` blocks; read what it wrote.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use konspect::language::{Language, Locale};
use konspect::report::{EvidenceCard, Report};
use konspect::rules::{self, Run};
use konspect::{Options, analyze};
use konspect_bundle::{Bundle, Limits};

/// A fenced block of a page: its info string's words and its lines.
#[derive(Clone, Debug)]
struct Block {
    words: Vec<String>,
    text: String,
    /// Line numbers of the content, half-open.
    lines: (usize, usize),
}

#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) files: Vec<(String, Vec<u8>)>,
    expected: Option<Block>,
}

#[test]
fn pages_tell_what_rules_do() {
    let bless = blessing();
    let mut failures = Vec::new();
    for rule in rules::all() {
        let path = page_path(rule);
        let page = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut lines: Vec<String> = page.lines().map(str::to_owned).collect();
        let mut sections = sections(&page);
        sections.reverse();
        for section in sections {
            let Some(block) = &section.expected else {
                failures.push(format!(
                    "{}: section {:?} has no report block",
                    path.display(),
                    section.title
                ));
                continue;
            };
            let actual = outcome(rule, &section);
            if actual == block.text {
                continue;
            }
            if bless {
                lines.splice(block.lines.0..block.lines.1, actual.lines().map(str::to_owned));
            } else {
                failures.push(format!(
                    "{} ## {}\n--- expected\n{}--- actual\n{actual}",
                    path.display(),
                    section.title,
                    block.text
                ));
            }
        }
        if bless {
            std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn pages_are_complete() {
    for rule in rules::all() {
        let meta = rule.meta();
        let first = meta.page.lines().next().unwrap_or_default();
        assert_eq!(
            first,
            format!("# {} ({})", meta.slug, meta.code),
            "the page's first line names the rule"
        );
        assert!(meta.page.contains("\nReference: "), "{} cites no document", meta.slug);
        let titles: Vec<String> =
            sections(meta.page).into_iter().map(|section| section.title).collect();
        let has = |word: &str| titles.iter().any(|title| title.starts_with(word));
        assert!(has("Fires"), "{} has no section that fires", meta.slug);
        assert!(has("Stays silent"), "{} has no look-alike that stays silent", meta.slug);
    }
}

#[test]
fn fires_and_silence_are_what_the_titles_say() {
    for rule in rules::all() {
        for section in sections(rule.meta().page) {
            let text = outcome(rule, &section);
            let found = text.contains(&format!("[{}]", rule.meta().code));
            assert_eq!(
                found,
                section.title.starts_with("Fires"),
                "{} ## {}\n{text}",
                rule.meta().slug,
                section.title
            );
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one switch that rewrites expected reports")]
fn blessing() -> bool {
    std::env::var("KONSPECT_BLESS").is_ok()
}

fn page_path(rule: &dyn Run) -> PathBuf {
    let family = serde_json::to_value(rule.meta().family).unwrap();
    let name = rule.meta().slug.replace('-', "_");
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("src/rules/{}/{name}.md", family.as_str().unwrap()))
}

pub(crate) fn sections(page: &str) -> Vec<Section> {
    let mut shared = Vec::new();
    let mut sections: Vec<Section> = Vec::new();
    let lines: Vec<&str> = page.lines().collect();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        if let Some(title) = line.strip_prefix("## ") {
            sections.push(Section { title: title.to_owned(), files: Vec::new(), expected: None });
            continue;
        }
        let Some(info) = line.strip_prefix("```") else { continue };
        let fence = "`".repeat(3 + info.len() - info.trim_start_matches('`').len());
        let start = at;
        while lines.get(at).is_some_and(|line| **line != fence) {
            at += 1;
        }
        let text: String = lines[start..at].iter().map(|line| format!("{line}\n")).collect();
        let words = info.trim_start_matches('`').split_whitespace().map(str::to_owned).collect();
        let block = Block { words, text, lines: (start, at) };
        at += 1;
        match (block.words.first().map(String::as_str), block.words.get(1), sections.last_mut()) {
            (Some("report"), None, Some(section)) => section.expected = Some(block),
            (_, Some(_), Some(section)) => {
                section.files.push((block.words[1..].join(" "), block.text.into_bytes()));
            }
            (_, Some(_), None) => {
                shared.push((block.words[1..].join(" "), block.text.into_bytes()));
            }
            _ => {}
        }
    }
    for section in &mut sections {
        for (name, text) in &shared {
            if !section.files.iter().any(|(known, _)| known == name) {
                section.files.push((name.clone(), text.clone()));
            }
        }
    }
    sections.retain(|section| {
        section.title.starts_with("Fires") || section.title.starts_with("Stays silent")
    });
    sections
}

/// What the report says of one rule, in a few lines.
fn outcome(rule: &dyn Run, section: &Section) -> String {
    let bundle = Bundle::from_memory(section.files.clone(), &Limits::default()).unwrap();
    let analysis = analyze(&bundle, &Options::default());
    let report = analysis.report(&bundle, &Language::new(Locale::English));
    let mut text = String::new();
    found(&mut text, &report, rule.meta().code);
    if !text.is_empty() {
        return text;
    }
    if let Some(card) = report.ruled_out.iter().find(|card| card.code == rule.meta().code) {
        text.push_str("ruled out\n");
        card.evidence.iter().for_each(|evidence| cite(&mut text, evidence));
    } else if let Some(card) = report.unchecked.iter().find(|card| card.code == rule.meta().code) {
        let _ = writeln!(text, "unknown, not collected: {}", card.missing);
    } else {
        text.push_str("silent\n");
    }
    for crashed in &report.about.rules_crashed {
        let _ = writeln!(text, "crashed: {crashed}");
    }
    text
}

fn found(text: &mut String, report: &Report, code: &str) {
    let cards = report.causes.iter().map(|card| ("cause", card));
    let cards = cards.chain(report.unexplained.iter().map(|card| ("unexplained", card)));
    for (part, card) in cards.chain(report.aggravating.iter().map(|card| ("aggravating", card))) {
        if card.code == code {
            let severity = serde_json::to_value(card.severity).unwrap();
            let confidence = serde_json::to_value(card.confidence).unwrap();
            let (severity, confidence) = (severity.as_str().unwrap(), confidence.as_str().unwrap());
            let _ = writeln!(text, "{severity}[{code}] {part}, {confidence}: {}", card.title);
            if let Some(since) = &card.since {
                let _ = writeln!(text, "  since {since}");
            }
            card.evidence.iter().for_each(|evidence| cite(text, evidence));
            for step in &card.remedy {
                let _ = writeln!(
                    text,
                    "  do: {}{}",
                    step.text,
                    step.command.as_ref().map(|command| format!(": {command}")).unwrap_or_default()
                );
            }
        }
        for effect in card.explains.iter().filter(|effect| effect.code == code) {
            let severity = serde_json::to_value(effect.severity).unwrap();
            let _ = writeln!(
                text,
                "{}[{code}] explained by {}: {}",
                severity.as_str().unwrap(),
                card.rule,
                effect.title
            );
            effect.evidence.iter().for_each(|evidence| cite(text, evidence));
        }
    }
}

fn cite(text: &mut String, evidence: &EvidenceCard) {
    let line = evidence.line.map(|line| format!(":{line}")).unwrap_or_default();
    let role = serde_json::to_value(evidence.role).unwrap();
    let mark = match role.as_str().unwrap() {
        "primary" => "-->",
        "supporting" => "  +",
        _ => "  !",
    };
    let _ = writeln!(text, " {mark} {}{line}: {}", evidence.path, evidence.says);
}
