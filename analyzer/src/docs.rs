//! The documents that are made from the code: a page for each rule, their index, the schemas of
//! rule files and, with the feature `schema`, of the report.

use std::fmt::Write;

use crate::facts::Needs;
use crate::finding::{Family, Meta, Part, Severity};
use crate::language::{Language, Locale};
use crate::rules::{self, Run, user};

/// Every generated document: its path below `docs/` and its text.
pub fn files() -> Vec<(String, String)> {
    let rules = rules::all();
    let mut files = vec![("rules/README.md".to_owned(), index(&rules))];
    for rule in &rules {
        files.push((format!("rules/{}.md", rule.meta().slug), page(*rule)));
    }
    files.push(("rule.schema.json".to_owned(), format!("{:#}\n", user::schema())));
    #[cfg(feature = "schema")]
    files.push(("report.schema.json".to_owned(), format!("{:#}\n", crate::report::schema())));
    files
}

/// A rule's page without its fixtures: what stands above its first section.
pub fn prose(meta: &Meta) -> String {
    let end = meta.page.find("\n## ").unwrap_or(meta.page.len());
    let (mut text, mut fenced) = (String::new(), false);
    for line in meta.page.get(..end).unwrap_or(meta.page).lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.trim_end().to_owned()
}

/// The titles of a page's sections: on what the rule fires, and where it stays silent.
fn sections<'a>(meta: &'a Meta, starting: &'a str) -> impl Iterator<Item = &'a str> {
    let mut fence: Option<&str> = None;
    meta.page.lines().filter_map(move |line| {
        let marks = line.len() - line.trim_start_matches('`').len();
        match fence {
            None if marks >= 3 => fence = line.get(..marks),
            Some(open) if line == open => fence = None,
            _ => {}
        }
        line.strip_prefix("## ").filter(|title| fence.is_none() && title.starts_with(starting))
    })
}

fn page(rule: &dyn Run) -> String {
    let meta = rule.meta();
    let language = Language::new(Locale::English);
    let mut text = prose(meta);
    let _ = write!(
        text,
        "\n\n| | |\n|---|---|\n| severity | {} |\n| part | {} |\n| needs | {} |\n",
        severity(meta.severity),
        part(meta.part),
        needs(&rule.needs(), &language)
    );
    for (heading, starting) in [("It fires", "Fires "), ("It stays silent", "Stays silent ")] {
        let _ = write!(text, "\n## {heading}\n\n");
        for title in sections(meta, starting) {
            let _ = writeln!(text, "* {}", title.trim_start_matches(starting));
        }
    }
    let file = meta.slug.replace('-', "_");
    let _ = write!(
        text,
        "\nMade from [its page](../../analyzer/src/rules/{}/{file}.md), which holds the artefacts of each of these.\n",
        family(meta.family)
    );
    text
}

fn index(rules: &[&dyn Run]) -> String {
    let language = Language::new(Locale::English);
    let mut text = format!(
        "# Rules\n\n{} rules, made from the code by `cargo xtask docs`. `konspect explain RULE` prints a page, offline.\n",
        rules.len()
    );
    let mut last = None;
    for rule in rules {
        let meta = rule.meta();
        if last != Some(meta.family) {
            last = Some(meta.family);
            let _ = write!(
                text,
                "\n## {}\n\n| code | rule | the fault | part | fed by |\n|---|---|---|---|---|\n",
                family(meta.family)
            );
        }
        let _ = writeln!(
            text,
            "| {} | [{slug}]({slug}.md) | {} | {} | {} |",
            meta.code,
            language.label(&format!("rule-{}", meta.slug)),
            part(meta.part),
            needs(&rule.needs(), &language),
            slug = meta.slug
        );
    }
    text
}

/// The tables that feed a rule; those that only sharpen it in brackets.
fn needs(needs: &Needs, language: &Language) -> String {
    let name =
        |table: &crate::parse::TableKind| language.label(&format!("table-{}", table.as_str()));
    let mut parts: Vec<String> = Vec::new();
    for any in &needs.required {
        let mut names: Vec<String> = any.iter().map(name).collect();
        names.sort();
        names.dedup();
        let text = names.join(" or ");
        if !parts.contains(&text) {
            parts.push(text);
        }
    }
    let mut optional: Vec<String> =
        needs.optional.iter().map(name).filter(|name| !parts.contains(name)).collect();
    optional.sort();
    optional.dedup();
    if !optional.is_empty() {
        parts.push(format!("({})", optional.join(", ")));
    }
    if parts.is_empty() { "whatever speaks of it".to_owned() } else { parts.join("; ") }
}

fn family(family: Family) -> &'static str {
    match family {
        Family::Path => "path",
        Family::Tunnel => "tunnel",
        Family::ApiServer => "apiserver",
        Family::Etcd => "etcd",
        Family::Node => "node",
        Family::Dns => "dns",
        Family::Workload => "workload",
        Family::Platform => "platform",
        Family::Identity => "identity",
        Family::User => "user",
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

fn part(part: Part) -> &'static str {
    match part {
        Part::Cause => "cause",
        Part::Symptom => "symptom",
        Part::CauseOrSymptom => "cause or symptom",
        Part::Aggravating => "aggravating",
    }
}
