//! One model: every finding is in every output, and every output counts the same.

use konspect::language::Locale;
use konspect::render::{Format, Options, Target};
use konspect::report::Report;
use konspect_bundle::words;

use crate::render::{Shown, huge, language, rendered, shown};

/// Findings of the JSON: causes, what they explain, and the rest.
fn findings(report: &Report) -> (usize, usize) {
    let explained: usize = report.causes.iter().map(|cause| cause.explains.len()).sum();
    let other = report.unexplained.len() + report.aggravating.len();
    (report.causes.len() + explained + other, explained)
}

#[test]
fn every_finding_is_in_every_output() {
    for Shown { name, report, page } in shown(Locale::English).iter().chain([huge()]) {
        let cards = report.causes.iter().chain(&report.unexplained).chain(&report.aggravating);
        for card in cards.clone() {
            let id = format!("id=\"c-{}\"", card.id);
            assert!(page.contains(&id), "{name}: {} not in HTML", card.id);
        }
        // What cannot fit is said to be short, which another test reads.
        if *name == "huge" {
            continue;
        }
        for target in [Target::Github, Target::Azdo, Target::Jira, Target::Plain] {
            let options = Options { target, ..Options::default() };
            let text = rendered(Format::Markdown, report, Locale::English, &options);
            for card in cards.clone().filter(|_| !text.contains("Shortened")) {
                assert!(text.contains(&card.id), "{name}: {} not in {target:?}", card.id);
            }
        }
    }
}

#[test]
fn counts_agree_everywhere() {
    for locale in Locale::ALL {
        for Shown { name, report, page } in
            shown(locale).iter().filter(|shown| shown.name != "hostile")
        {
            let (total, explained) = findings(report);
            let said = language(locale).say(&words!(
                "page-findings-total",
                total = total,
                explained = explained
            ));
            assert!(page.contains(&said.replace('\'', "&#39;")), "{name}: no «{said}» in HTML");
            let table = page.split("id=\"findings-table\"").nth(1).unwrap_or_default();
            let rows = table.split("</table>").next().unwrap().matches("<tr id=\"c-").count();
            assert_eq!(rows, report.unexplained.len() + report.aggravating.len(), "{name}");
            assert_eq!(
                page.matches("<details class=\"cause\"").count(),
                report.causes.len(),
                "{name}"
            );
            for target in [Target::Github, Target::Azdo, Target::Jira, Target::Plain] {
                let options = Options { target, ..Options::default() };
                let text = rendered(Format::Markdown, report, locale, &options);
                assert!(text.contains(&said), "{name}: no «{said}» in {target:?}\n{text}");
            }
            let sarif: serde_json::Value =
                serde_json::from_str(&rendered(Format::Sarif, report, locale, &Options::default()))
                    .unwrap();
            assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), total, "{name}");
            let junit = rendered(Format::Junit, report, locale, &Options::default());
            assert_eq!(junit.matches("<failure").count(), total, "{name}");
            assert!(junit.contains(&format!(" failures=\"{total}\"")), "{name}");
        }
    }
}

/// What follows from a cause is listed under it, each effect once.
#[test]
fn every_effect_stands_under_its_cause() {
    let mut states = shown(Locale::English).iter();
    let Shown { report, page, .. } = states.find(|shown| shown.name == "several-causes").unwrap();
    for effect in report.causes.iter().flat_map(|cause| &cause.explains) {
        let tree = page.split("class=\"tree\"").skip(1);
        assert!(tree.clone().any(|part| part.contains(&effect.title)), "{}", effect.title);
    }
}
