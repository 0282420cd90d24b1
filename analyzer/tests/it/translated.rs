//! Korean and Italian reports hold no sentence of the English files: over every state, and over what
//! every rule's page makes a report say.

use std::collections::BTreeSet;
use std::path::Path;

use konspect::language::{Language, Locale};
use konspect::render::{Format, Options, Target};
use konspect::{analyze, rules};
use konspect_bundle::{Bundle, Limits};
use serde_json::Value;

use crate::pages::sections;
use crate::render::{outside_code, rendered};
use crate::states;

/// Pieces of English sentences between their variables, three words long at least.
fn english_pieces() -> BTreeSet<String> {
    let mut pieces = BTreeSet::new();
    let translated: String = ["ko", "it"].into_iter().flat_map(texts).collect();
    for text in texts("en") {
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let value = if line.starts_with([' ', '}']) {
                line.split_once(']').map_or(line, |(_, value)| value)
            } else {
                line.split_once('=').map_or("", |(_, value)| value)
            };
            for piece in value.split(['{', '}']).filter(|piece| !piece.contains('$')) {
                let piece = piece.trim().trim_end_matches(['.', ':', ';', ',']);
                // What stands in a translation too is a term of the field.
                if piece.split(' ').count() >= 3 && !translated.contains(piece) {
                    pieces.insert(piece.to_owned());
                }
            }
        }
    }
    assert!(pieces.len() > 500, "{}", pieces.len());
    pieces
}

fn texts(locale: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(locale);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// The words of a page that are ours: no code, no excerpt, nothing that is marked as not to translate.
fn own_words(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page.split("<body>").nth(1).unwrap().split("<script>").next().unwrap();
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        text.push('\n');
        rest = &rest[start..];
        let tag = &rest[1..rest.find('>').unwrap()];
        let name = tag.split(' ').next().unwrap();
        let close = format!("</{name}>");
        let skipped = tag.contains("translate=\"no\"") || name == "code";
        rest = match rest.find(&close).filter(|_| skipped) {
            Some(end) => &rest[end + close.len()..],
            None => &rest[tag.len() + 2..],
        };
    }
    for (entity, plain) in [("&#39;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">")] {
        text = text.replace(entity, plain);
    }
    text
}

#[test]
fn no_state_holds_an_english_sentence() {
    let pieces = english_pieces();
    let mut left = Vec::new();
    for locale in [Locale::Korean, Locale::Italian] {
        for (name, report) in states::all(locale).into_iter().filter(|(name, _)| *name != "hostile")
        {
            let mut outputs =
                vec![own_words(&rendered(Format::Html, &report, locale, &Options::default()))];
            outputs.push(rendered(Format::Text, &report, locale, &Options::default()));
            for target in [Target::Github, Target::Jira, Target::Plain, Target::Line] {
                let options = Options { target, ..Options::default() };
                let text = rendered(Format::Markdown, &report, locale, &options);
                outputs.push(if target == Target::Github { outside_code(&text) } else { text });
            }
            for piece in &pieces {
                if outputs.iter().any(|output| output.contains(piece.as_str())) {
                    left.push(format!("{name} {}: {piece}", locale.as_str()));
                }
            }
        }
    }
    assert!(left.is_empty(), "{}", left.join("\n"));
}

/// Every string of a report that is ours to say.
fn sentences(value: &Value, out: &mut String) {
    const QUOTED: [&str; 8] =
        ["excerpt", "lines", "path", "command", "undo", "collect", "source", "reference"];
    match value {
        Value::String(text) => {
            out.push_str(text);
            out.push('\n');
        }
        Value::Array(values) => values.iter().for_each(|value| sentences(value, out)),
        Value::Object(values) => values
            .iter()
            .filter(|(key, _)| !QUOTED.contains(&key.as_str()))
            .for_each(|(_, value)| sentences(value, out)),
        _ => {}
    }
}

#[test]
fn no_rule_speaks_english_in_another_language() {
    let pieces = english_pieces();
    let languages = [Locale::Korean, Locale::Italian].map(Language::new);
    let mut left = BTreeSet::new();
    let mut unmarked = BTreeSet::new();
    for rule in rules::all() {
        for section in sections(rule.meta().page) {
            if !section.title.starts_with("Fires") {
                continue;
            }
            // What the bundle itself says is quoted in its own language.
            let quoted: String = section
                .files
                .iter()
                .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
                .collect();
            let bundle = Bundle::from_memory(section.files, &Limits::default()).unwrap();
            let analysis = analyze(&bundle, &konspect::Options::default());
            for language in &languages {
                let report = analysis.report(&bundle, language);
                let mut said = String::new();
                sentences(&serde_json::to_value(&report).unwrap(), &mut said);
                left.extend(
                    pieces
                        .iter()
                        .filter(|piece| {
                            said.contains(piece.as_str()) && !quoted.contains(piece.as_str())
                        })
                        .map(|piece| {
                            format!("{} {}: {piece}", rule.meta().slug, language.locale.as_str())
                        }),
                );
                let cards =
                    report.causes.iter().chain(&report.unexplained).chain(&report.aggravating);
                for evidence in cards.flat_map(|card| &card.evidence) {
                    let marked = evidence.lines.iter().any(|line| !line.marked.trim().is_empty());
                    if !marked {
                        unmarked.insert(format!(
                            "{}: {} {:?}",
                            rule.meta().slug,
                            evidence.path,
                            evidence.line
                        ));
                    }
                }
            }
        }
    }
    let left: Vec<String> = left.into_iter().collect();
    assert!(left.is_empty(), "English left:\n{}", left.join("\n"));
    let unmarked: Vec<String> = unmarked.into_iter().collect();
    assert!(unmarked.is_empty(), "nothing is marked in:\n{}", unmarked.join("\n"));
}
