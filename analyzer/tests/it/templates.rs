//! `--template DIR`: a user's templates see the documented context, escape like ours, and say where
//! they are broken.

use konspect::language::{Language, Locale};
use konspect::render::{self, Format, Options, Templates};

use crate::render::{rendered, state};
use crate::states;

/// Options with one template in place of ours.
fn with(name: &str, text: &str) -> Options {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    Options { templates: Templates::read(folder.path()).unwrap(), ..Options::default() }
}

fn refusal(options: &Options) -> String {
    let language = Language::new(Locale::English);
    let mut out = Vec::new();
    render::render(Format::Html, &state("healthy"), &language, options, &mut out)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_users_template_is_escaped_like_ours() {
    let template = "{% autoescape false %}{{ report.verdict.sentence }}{{ report.verdict.sentence ~ '' }}{% endautoescape %}";
    let options = with("report.html.j2", template);
    let page =
        rendered(Format::Html, &states::hostile("<kx-x>\u{202e}"), Locale::English, &options);
    assert_eq!(page, "Node &lt;kx-x&gt;\\u202e drops TCP 10250.".repeat(2));
    for wrong in [
        "{{ report.verdict.sentence | safe }}",
        "{% include '/etc/passwd' %}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(99) %}{% endfor %}{% endfor %}{% endfor %}",
        "{{ nothing }}",
    ] {
        refusal(&with("report.html.j2", wrong));
    }
}

#[test]
fn a_broken_template_says_file_and_line() {
    for (name, text, place, words) in [
        ("report.html.j2", "<p>\n{{ report.verdict.sentence | safe }}", "report.html.j2:2", "safe"),
        ("report.html.j2", "\n\n{% if report.causes %}", "report.html.j2:3", "syntax error"),
        ("report.html.j2", "{{ report.verdict.sentance.x }}", "report.html.j2:1", "undefined"),
        ("partials/finding.j2", "\n{% macro card( %}", "partials/finding.j2:2", "syntax error"),
    ] {
        let said = refusal(&with(name, text));
        assert!(said.starts_with(&format!("template {place}: ")), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

/// The names that docs/templates.md promises, all read by one template.
#[test]
fn the_documented_context_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("../docs/templates.md")).unwrap();
    let names: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .flat_map(|line| line.split(" |").next().unwrap_or_default().split("`, `"))
        .map(|name| name.trim_end_matches('`'))
        .filter(|name| name.starts_with("view.") || *name == "csp" || *name == "report")
        .collect();
    assert!(names.len() > 12, "{names:?}");
    let reads: String =
        names.iter().map(|name| format!("{name}={{{{ {name} is defined }}}}\n")).collect();
    let options = with("report.html.j2", &reads);
    let said = rendered(Format::Html, &state("one-cause"), Locale::English, &options);
    let missing: Vec<&str> = said.lines().filter(|line| !line.ends_with("=True")).collect();
    assert!(missing.is_empty(), "documented, not there: {missing:?}");
}

#[test]
fn a_template_of_ones_own_is_used() {
    let text = "{{ t(\"page-health-\" ~ report.verdict.health) }}: {{ view.findings | number }} {% for c in report.causes %}[{{ c.code }}]{% endfor %}";
    let options = with("report.html.j2", text);
    let page = rendered(Format::Html, &state("one-cause"), Locale::English, &options);
    assert_eq!(page, "Broken: 48 [KSP2103]");
}
