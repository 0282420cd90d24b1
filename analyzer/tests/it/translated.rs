//! Korean and Italian reports hold no sentence of the English files: over every state, and over what
//! every rule's page makes a report say.

use std::collections::BTreeSet;
use std::path::Path;

use aho_corasick::AhoCorasick;
use konspect::language::Locale;
use konspect::render::{Format, Options, Target};
use serde_json::Value;

use crate::pages;
use crate::render::{Shown, outside_code, rendered, shown};

/// Pieces of English sentences between their variables, three words long at least.
fn english_pieces() -> (AhoCorasick, Vec<String>) {
    let mut pieces = BTreeSet::new();
    for text in texts("en") {
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let value = if line.starts_with([' ', '}']) {
                line.split_once(']').map_or(line, |(_, value)| value)
            } else {
                line.split_once('=').map_or("", |(_, value)| value)
            };
            for piece in value.split(['{', '}']).filter(|piece| !piece.contains('$')) {
                let piece = piece.trim().trim_end_matches(['.', ':', ';', ',']);
                if piece.split(' ').count() >= 3 {
                    pieces.insert(piece.to_owned());
                }
            }
        }
    }
    // What stands in a translation too is a term of the field.
    let all: Vec<String> = pieces.iter().cloned().collect();
    let translated: String = ["ko", "it"].into_iter().flat_map(texts).collect();
    for term in held(&AhoCorasick::new(&all).unwrap(), &all, &translated) {
        pieces.remove(term);
    }
    assert!(pieces.len() > 500, "{}", pieces.len());
    let pieces: Vec<String> = pieces.into_iter().collect();
    (AhoCorasick::new(&pieces).unwrap(), pieces)
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

/// The pieces that a text holds, each once.
fn held<'p>(finder: &AhoCorasick, pieces: &'p [String], text: &str) -> BTreeSet<&'p str> {
    finder
        .find_overlapping_iter(text)
        .map(|found| pieces[found.pattern().as_usize()].as_str())
        .collect()
}

#[test]
fn no_state_holds_an_english_sentence() {
    let (finder, pieces) = english_pieces();
    let mut left = Vec::new();
    for locale in [Locale::Korean, Locale::Italian] {
        for Shown { name, report, page } in
            shown(locale).iter().filter(|shown| shown.name != "hostile")
        {
            let mut outputs = vec![own_words(page)];
            outputs.push(rendered(Format::Text, report, locale, &Options::default()));
            for target in [Target::Github, Target::Jira, Target::Plain, Target::Line] {
                let options = Options { target, ..Options::default() };
                let text = rendered(Format::Markdown, report, locale, &options);
                outputs.push(if target == Target::Github { outside_code(&text) } else { text });
            }
            for piece in held(&finder, &pieces, &outputs.join("\n")) {
                left.push(format!("{name} {}: {piece}", locale.as_str()));
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
    let (finder, pieces) = english_pieces();
    let mut left = BTreeSet::new();
    let mut unmarked = BTreeSet::new();
    for walked in pages::walked().iter().filter(|walked| walked.title.starts_with("Fires")) {
        // What the bundle itself says is quoted in its own language.
        let quoted = held(&finder, &pieces, &walked.quoted);
        for (locale, report) in &walked.translated {
            let mut said = String::new();
            sentences(&serde_json::to_value(report).unwrap(), &mut said);
            for piece in held(&finder, &pieces, &said).difference(&quoted) {
                left.insert(format!("{} {}: {piece}", walked.slug, locale.as_str()));
            }
            let cards = report.causes.iter().chain(&report.unexplained).chain(&report.aggravating);
            for evidence in cards.flat_map(|card| &card.evidence) {
                if !evidence.lines.iter().any(|line| !line.marked.trim().is_empty()) {
                    let place = format!("{} {:?}", evidence.path, evidence.line);
                    unmarked.insert(format!("{}: {place}", walked.slug));
                }
            }
        }
    }
    let left: Vec<String> = left.into_iter().collect();
    assert!(left.is_empty(), "English left:\n{}", left.join("\n"));
    let unmarked: Vec<String> = unmarked.into_iter().collect();
    assert!(unmarked.is_empty(), "nothing is marked in:\n{}", unmarked.join("\n"));
}
