//! Every state in every output: golden files, budgets, and that nothing from a bundle comes alive.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use konspect::language::{Language, Locale};
use konspect::render::{self, Format, Options, Target, Terminal};
use konspect::report::Report;

use crate::states;
use crate::states::PAYLOADS;

pub(crate) fn rendered(
    format: Format,
    report: &Report,
    locale: Locale,
    options: &Options,
) -> String {
    let mut out = Vec::new();
    render::render(format, report, language(locale), options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Each language's files, read once.
pub(crate) fn language(locale: Locale) -> &'static Language {
    static LANGUAGES: [OnceLock<Language>; 3] = [const { OnceLock::new() }; 3];
    LANGUAGES[locale as usize].get_or_init(|| Language::new(locale))
}

/// A state with its page.
pub(crate) struct Shown {
    pub(crate) name: &'static str,
    pub(crate) report: Report,
    pub(crate) page: String,
}

impl Shown {
    fn new(name: &'static str, report: Report, locale: Locale) -> Self {
        let page = rendered(Format::Html, &report, locale, &Options::default());
        Self { name, report, page }
    }
}

/// Every state of a language, rendered once for all tests.
pub(crate) fn shown(locale: Locale) -> &'static [Shown] {
    static SHOWN: [OnceLock<Vec<Shown>>; 3] = [const { OnceLock::new() }; 3];
    SHOWN[locale as usize].get_or_init(|| {
        let states = states::all(locale).into_iter();
        states.map(|(name, report)| Shown::new(name, report, locale)).collect()
    })
}

/// The report of 5,000 nodes, built and rendered once for all tests.
pub(crate) fn huge() -> &'static Shown {
    static HUGE: OnceLock<Shown> = OnceLock::new();
    HUGE.get_or_init(|| Shown::new("huge", states::huge(Locale::English), Locale::English))
}

/// One state in English.
pub(crate) fn state(name: &str) -> Report {
    let mut all = states::all(Locale::English).into_iter();
    all.find(|(known, _)| *known == name).unwrap().1
}

pub(crate) fn english(format: Format, report: &Report) -> String {
    rendered(format, report, Locale::English, &Options::default())
}

pub(crate) fn markdown(target: Target, report: &Report) -> String {
    let options = Options { target, ..Options::default() };
    rendered(Format::Markdown, report, Locale::English, &options)
}

/// Tags with their attributes, quotes respected: what a browser would make of the page.
fn tags(page: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let mut quote = None;
        let end = rest
            .char_indices()
            .find(|(_, c)| match (quote, c) {
                (None, '"' | '\'') => {
                    quote = Some(*c);
                    false
                }
                (Some(open), c) if open == *c => {
                    quote = None;
                    false
                }
                (None, '>') => true,
                _ => false,
            })
            .map_or(rest.len(), |(place, _)| place);
        let tag = &rest[..end];
        rest = &rest[end..];
        tags.push(tag);
        // What stands in these two is no markup.
        for raw in ["style", "script"] {
            if tag == raw {
                let close = rest.find(&format!("</{raw}")).unwrap();
                rest = &rest[close..];
            }
        }
    }
    tags
}

const ELEMENTS: &[&str] = &[
    "!doctype",
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "a",
    "header",
    "p",
    "b",
    "span",
    "time",
    "button",
    "main",
    "div",
    "section",
    "h1",
    "h2",
    "h3",
    "code",
    "pre",
    "mark",
    "figure",
    "figcaption",
    "svg",
    "desc",
    "defs",
    "pattern",
    "path",
    "text",
    "rect",
    "g",
    "circle",
    "nav",
    "ul",
    "ol",
    "li",
    "details",
    "summary",
    "dl",
    "dt",
    "dd",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "label",
    "input",
    "script",
];

pub(crate) fn check_page(page: &str) {
    let mut ids = BTreeSet::new();
    let mut targets = BTreeSet::new();
    for tag in tags(page) {
        let name =
            tag.trim_start_matches('/').split([' ', '\n']).next().unwrap().trim_end_matches('/');
        assert!(ELEMENTS.contains(&name), "unknown element <{tag}>");
        if let Some(id) = tag.split(" id=\"").nth(1) {
            assert!(ids.insert(id.split('"').next().unwrap()), "id twice: {tag}");
        }
        if let Some(link) = tag.split(" href=\"").nth(1) {
            let link = link.split('"').next().unwrap();
            assert!(link.starts_with('#'), "a link that leaves the page: {tag}");
            targets.insert(&link[1..]);
        }
        // Attribute names, with what is quoted taken out.
        let names: String = tag.split('"').step_by(2).collect();
        assert!(!names.contains(" on") && !names.contains("style="), "{tag}");
        assert!(!names.contains("src="), "{tag}");
    }
    let lost: Vec<_> = targets.difference(&ids).collect();
    assert!(lost.is_empty(), "links to nowhere: {lost:?}");
    assert!(page.contains("content=\"default-src &#39;none&#39;; style-src &#39;sha256-"));
    assert!(!page.contains('‹') || !page.contains("‹page-"), "a label has no words");
}

pub(crate) fn hidden(text: &str) -> Option<char> {
    text.chars().find(|c| *c != '\n' && *c != '\t' && render::escape::is_hidden(*c))
}

#[test]
fn payloads_stay_text_everywhere() {
    for payload in PAYLOADS {
        let report = states::hostile(payload);
        let page = english(Format::Html, &report);
        check_page(&page);
        for format in Format::ALL {
            let text = english(format, &report);
            assert_eq!(hidden(&text), None, "{format:?} {payload:?}");
        }
        let terminal = english(Format::Text, &report);
        assert!(terminal.lines().count() <= 15, "{terminal}");
    }
}

#[test]
fn payloads_stay_text_in_markdown() {
    for payload in PAYLOADS {
        let report = states::hostile(payload);
        for target in [Target::Github, Target::Azdo, Target::Line] {
            let text = markdown(target, &report);
            assert_eq!(hidden(&text), None);
            let prose = outside_code(&text);
            for live in ["<", "](", "@kx", "http", "www.", "#1", "kx0001]", "![", "javascript:"] {
                assert!(!prose.contains(live), "{target:?} {payload:?}: {live} in\n{prose}");
            }
        }
        let jira = markdown(Target::Jira, &report);
        assert_eq!(jira.matches("{noformat}").count() % 2, 0);
        assert!(!jira.replace("\\{", "").contains("{code}"), "{jira}");
    }
}

/// Markdown without its fences and code spans; fails on a fence left open.
pub(crate) fn outside_code(text: &str) -> String {
    let mut prose = String::new();
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 && !line[ticks.len()..].contains('`') => fence = Some(ticks),
            None => {
                prose.push_str(line);
                prose.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a fence is left open");
    let mut out = String::new();
    let mut rest = prose.as_str();
    while let Some(start) = rest.find('`') {
        out.push_str(&rest[..start]);
        let ticks = rest[start..].chars().take_while(|c| *c == '`').count();
        let open = "`".repeat(ticks);
        let inner = &rest[start + ticks..];
        // The closing run has exactly as many ticks.
        let mut at = 0;
        let close = loop {
            let found = inner[at..].find(&open).expect("a code span is left open") + at;
            let run = inner[found..].chars().take_while(|c| *c == '`').count();
            if run == ticks {
                break found;
            }
            at = found + run;
        };
        rest = &inner[close + ticks..];
    }
    out + rest
}

#[test]
fn pages_are_sound_in_every_state_and_language() {
    for locale in Locale::ALL {
        for Shown { name, report, page } in shown(locale) {
            check_page(page);
            let budget = if report.causes.is_empty() { 150_000 } else { 400_000 };
            assert!(page.len() <= budget, "{name}: {} bytes", page.len());
            let elements = tags(page).iter().filter(|tag| !tag.starts_with('/')).count();
            assert!(elements <= 5_000, "{name}: {elements} elements");
            let again = rendered(Format::Html, report, locale, &Options::default());
            assert!(*page == again, "{name}: not the same twice");
        }
    }
}

#[test]
fn the_huge_report_fits_and_says_what_is_short() {
    let Shown { report, page, .. } = huge();
    check_page(page);
    assert!(page.len() <= 5_000_000, "{} bytes", page.len());
    let elements = tags(page).iter().filter(|tag| !tag.starts_with('/')).count();
    assert!(elements <= 30_000, "{elements} elements");
    assert!(page.contains("id=\"shortened\""));
    for target in Target::ALL {
        let text = markdown(target, report);
        let limit = match target {
            Target::Github => 60_000,
            Target::Azdo => 900_000,
            Target::Jira => 30_000,
            Target::Plain => 3_900,
            Target::Line => 300,
        };
        assert!(text.chars().count() <= limit, "{target:?}: {}", text.chars().count());
        assert!(
            target == Target::Line || target == Target::Azdo || text.contains("Shortened"),
            "{target:?}\n{text}"
        );
    }
}

#[test]
fn markdown_keeps_any_limit() {
    let report = states::hostile(&"`<x> ".repeat(2_000));
    for most in [200_000, 20_000, 4_000, 500] {
        for target in [Target::Github, Target::Jira, Target::Plain] {
            let options = Options { target, markdown_max: Some(most), ..Options::default() };
            let text = rendered(Format::Markdown, &report, Locale::English, &options);
            assert!(text.chars().count() <= most, "{target:?} {most}: {}", text.chars().count());
            if target == Target::Github {
                outside_code(&text);
            }
        }
    }
}

#[test]
fn the_terminal_keeps_its_lines_and_columns() {
    for locale in Locale::ALL {
        for (name, report) in states::all(locale) {
            for ascii in [false, true] {
                let terminal = Terminal {
                    ascii,
                    footer: vec!["report.html 212 kB".into(), "report.md 18 kB".into()],
                    ..Terminal::default()
                };
                let options = Options { terminal, ..Options::default() };
                let text = rendered(Format::Text, &report, locale, &options);
                assert!(text.lines().count() <= 15, "{name}\n{text}");
                assert!(text.contains("report.md 18 kB"), "{name}\n{text}");
                for line in text.lines() {
                    assert!(line.chars().count() <= 100, "{name}: {line}");
                }
            }
        }
    }
}

#[test]
fn quiet_is_the_verdict_only_and_color_is_asked_for() {
    let report = state("healthy-poorly-covered");
    let quiet = Terminal { quiet: true, ..Terminal::default() };
    let options = Options { terminal: quiet, ..Options::default() };
    let text = rendered(Format::Text, &report, Locale::English, &options);
    assert!(text.starts_with("? Cannot tell") && text.lines().count() <= 2, "{text}");
    let color = Terminal { color: true, ..Terminal::default() };
    let options = Options { terminal: color, ..Options::default() };
    assert!(rendered(Format::Text, &report, Locale::English, &options).contains("\u{1b}[1;1m"));
}

#[test]
fn every_word_of_the_templates_is_defined() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = ["../templates", "../templates/partials"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "j2"))
        .collect();
    files.sort();
    let languages = Locale::ALL.map(Language::new);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("safe"), "{}: nothing is safe", path.display());
        for call in text.split("t(\"").skip(1) {
            let key = call.split('"').next().unwrap();
            if key.ends_with('-') {
                continue;
            }
            for language in &languages {
                assert!(language.has(key), "{}: {key} in {:?}", path.display(), language.locale);
            }
        }
    }
    assert!(std::fs::metadata(root.join("../templates/report.js")).unwrap().len() <= 12_288);
}

#[test]
fn sarif_and_junit_have_the_shape_their_readers_need() {
    for (name, report) in states::all(Locale::English) {
        let sarif: serde_json::Value =
            serde_json::from_str(&english(Format::Sarif, &report)).unwrap();
        assert_eq!(sarif["version"], "2.1.0", "{name}");
        let rules: BTreeSet<&str> = sarif["runs"][0]["tool"]["driver"]["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["id"].as_str().unwrap())
            .collect();
        for result in sarif["runs"][0]["results"].as_array().unwrap() {
            assert!(rules.contains(result["ruleId"].as_str().unwrap()));
            assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            for location in result["locations"].as_array().unwrap() {
                let uri = location["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
                assert!(
                    uri.bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte)),
                    "{uri}"
                );
            }
        }
        let junit = english(Format::Junit, &report);
        assert!(junit.contains(&format!("tests=\"{}\"", junit.matches("<testcase").count())));
    }
}
