//! Every rule's page is its test: each `##` section is a bundle in miniature with the expected report.
//!
//! `KONSPECT_BLESS=1 cargo test` rewrites the `report` blocks; read what it wrote.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use konspect::language::Locale;
use konspect::report::{EvidenceCard, Report};
use konspect::rules::{self, Run};
use konspect::{Options, analyze};
use konspect_bundle::{Bundle, Limits};

use crate::render::language;

/// A fenced block of a page: its info string's words and its lines.
#[derive(Clone, Debug)]
struct Block {
    words: Vec<String>,
    text: String,
    /// Line numbers of the content, half-open.
    lines: (usize, usize),
}

#[derive(Debug)]
struct Section {
    title: String,
    files: Vec<(String, Vec<u8>)>,
    expected: Option<Block>,
}

/// What one section of a page makes the product say.
pub(crate) struct Walked {
    pub(crate) slug: &'static str,
    pub(crate) title: String,
    /// What the files of the section hold.
    pub(crate) quoted: String,
    /// The other languages' reports, where the rule is to fire.
    pub(crate) translated: Vec<(Locale, Report)>,
    pub(crate) code: &'static str,
    outcome: String,
}

/// Every section of every page, analysed once for all tests.
pub(crate) fn walked() -> &'static [Walked] {
    static WALKED: OnceLock<Vec<Walked>> = OnceLock::new();
    WALKED.get_or_init(|| {
        let mut walked = Vec::new();
        for rule in rules::all() {
            walked
                .extend(sections(rule.meta().page).into_iter().map(|section| walk(rule, section)));
        }
        walked
    })
}

fn walk(rule: &dyn Run, section: Section) -> Walked {
    let quoted = section.files.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect();
    let bundle = Bundle::from_memory(section.files, &Limits::default()).unwrap();
    let analysis = analyze(&bundle, &Options::default());
    let said = |locale: Locale| analysis.report(&bundle, language(locale));
    let fires = section.title.starts_with("Fires");
    let other: &[Locale] = if fires { &[Locale::Korean, Locale::Italian] } else { &[] };
    Walked {
        slug: rule.meta().slug,
        code: rule.meta().code,
        title: section.title,
        quoted,
        translated: other.iter().map(|locale| (*locale, said(*locale))).collect(),
        outcome: outcome(rule, &said(Locale::English)),
    }
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
        let sections = sections(&page);
        let of_rule = walked().iter().filter(|walked| walked.slug == rule.meta().slug);
        let mut told: Vec<_> = sections.into_iter().zip(of_rule).collect();
        told.reverse();
        for (section, Walked { outcome: actual, .. }) in told {
            let Some(block) = &section.expected else {
                failures.push(format!(
                    "{}: section {:?} has no report block",
                    path.display(),
                    section.title
                ));
                continue;
            };
            if *actual == block.text {
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
    for Walked { slug, code, title, outcome, .. } in walked() {
        let found = outcome.contains(&format!("[{code}]"));
        assert_eq!(found, title.starts_with("Fires"), "{slug} ## {title}\n{outcome}");
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

fn sections(page: &str) -> Vec<Section> {
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
fn outcome(rule: &dyn Run, report: &Report) -> String {
    let mut text = String::new();
    found(&mut text, report, rule.meta().code);
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
