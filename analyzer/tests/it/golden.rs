//! Golden files of every state: whole outputs in English, the first screen and the terminal in the
//! other languages.

use konspect::language::Locale;
use konspect::render::{Format, Options, Target};

use crate::render::{Shown, english, markdown, rendered, shown, state};

#[test]
fn english_outputs() {
    for Shown { name, report, page } in shown(Locale::English) {
        insta::assert_snapshot!(format!("{name}.html"), body(page));
        insta::assert_snapshot!(format!("{name}.md"), markdown(Target::Github, report));
        insta::assert_snapshot!(format!("{name}.txt"), english(Format::Text, report));
    }
    let report = state("one-cause");
    for target in [Target::Jira, Target::Plain, Target::Line] {
        insta::assert_snapshot!(
            format!("one-cause.{}", target.as_str()),
            markdown(target, &report)
        );
    }
    insta::assert_snapshot!("one-cause.sarif", english(Format::Sarif, &report));
    insta::assert_snapshot!("one-cause.junit", english(Format::Junit, &report));
    insta::assert_snapshot!("one-cause.json", english(Format::Json, &report));
}

#[test]
fn first_screens_and_terminals_of_other_languages() {
    for locale in [Locale::Korean, Locale::Italian] {
        let language = locale.as_str();
        for Shown { name, report, page } in shown(locale) {
            let screen = body(page).split("<nav class=\"contents\"").next().unwrap();
            insta::assert_snapshot!(format!("{name}.{language}.screen"), screen);
            let text = rendered(Format::Text, report, locale, &Options::default());
            insta::assert_snapshot!(format!("{name}.{language}.txt"), text);
        }
    }
}

/// The page without style, script and their hashes, which have tests of their own.
fn body(page: &str) -> &str {
    let start = page.find("<body>").unwrap();
    let end = page.find("<script>").unwrap();
    &page[start..end]
}
