//! Rules of users: errors with their place, tests, outputs, and files that mean harm.

use konspect::facts::view::{self, Field, Keys, Shape, Value};
use konspect::language::{Language, Locale};
use konspect::render::{self, Format};
use konspect::report::{FindingCard, Report};
use konspect::rules::Run;
use konspect::rules::user::{self, Loaded, UserRule};
use konspect::{Analysis, Options, analyze};
use konspect_bundle::Bundle;
use proptest::prelude::*;

use crate::kit::{memory, rendered};

const PODS: &str = r#"{"apiVersion": "v1", "kind": "List", "metadata": {}, "items": [
 {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop", "uid": "1", "labels": {"team": "x", "app": "a", "zone": "1"}},
  "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "docker.io/x"}]}, "status": {"phase": "Running"}},
 {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b", "namespace": "shop", "uid": "2"},
  "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "registry.acme.io/x"}]}, "status": {"phase": "Running"}}]}"#;

fn load(text: &str) -> Loaded {
    user::load([("rules.yaml", text)])
}

/// The rules of a text in which nothing is wrong.
fn rules(text: &str) -> Vec<UserRule> {
    let loaded = load(text);
    assert!(loaded.notes.is_empty(), "{:#?}", loaded.notes);
    loaded.rules
}

/// One rule over pods.
fn rule(when: &str) -> String {
    format!("id: T-1\ntitle: \"{{{{ pod.name }}}} is at fault\"\nfor_each: pods\nwhen: {when}\n")
}

/// The only note of a text, drawn.
fn note(text: &str) -> String {
    let loaded = load(text);
    assert_eq!(loaded.notes.len(), 1, "{:#?}", loaded.notes);
    render::note(&loaded.notes[0], false)
}

fn bundle() -> Bundle {
    memory(vec![("get/pods.json".to_owned(), PODS.as_bytes().to_vec())])
}

fn analysis(bundle: &Bundle, rules: &[UserRule]) -> Analysis {
    let user_rules = rules.iter().map(|rule| rule as &dyn Run).collect();
    analyze(bundle, &Options { user_rules, ..Options::default() })
}

fn report(text: &str) -> Report {
    let (rules, bundle) = (rules(text), bundle());
    analysis(&bundle, &rules).report(&bundle, &Language::new(Locale::English))
}

/// The findings of users' rules, wherever they stand.
fn found(report: &Report) -> Vec<&FindingCard> {
    let all = report.causes.iter().chain(&report.unexplained).chain(&report.aggravating);
    all.filter(|card| !card.code.starts_with("KSP")).collect()
}

#[test]
fn a_row_that_answers_true_is_a_finding_with_its_line() {
    let report =
        report(&rule("pod.containers.exists(c, !c.image.startsWith('registry.acme.io/'))"));
    let found = found(&report);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].title, "a is at fault");
    assert_eq!(
        (found[0].evidence[0].path.as_str(), found[0].evidence[0].line),
        ("get/pods.json", Some(2))
    );
    assert_eq!(found[0].subject.namespace.as_deref(), Some("shop"));
}

#[test]
fn a_rule_without_rows_at_fault_is_ruled_out_and_one_without_a_table_is_unchecked() {
    let silent = report(&rule("pod.restarts > 100"));
    assert!(found(&silent).is_empty());
    assert!(silent.ruled_out.iter().any(|card| card.code == "T-1"));
    let nodes = report("id: T-1\ntitle: t\nfor_each: nodes\nwhen: 'true'\n");
    let card = nodes.unchecked.iter().find(|card| card.code == "T-1").unwrap();
    assert!(card.collect.contains("nodes"), "{}", card.collect);
}

#[test]
fn severity_and_part_decide_where_a_finding_stands() {
    let text = rule("pod.name == 'a'");
    assert_eq!(report(&text).unexplained.iter().filter(|card| card.code == "T-1").count(), 1);
    let critical = report(&format!("{text}severity: critical\n"));
    assert_eq!(critical.causes.iter().filter(|card| card.code == "T-1").count(), 1);
    let lesser = report(&format!("{text}part: aggravating\n"));
    assert_eq!(lesser.aggravating.iter().filter(|card| card.code == "T-1").count(), 1);
    let unsure = report(&format!("{text}severity: critical\nconfidence: possible\n"));
    assert_eq!(unsure.causes.iter().filter(|card| card.code == "T-1").count(), 0);
}

/// Slugs and codes of what the causes explain, and of what nothing explains.
fn places(report: &Report) -> (Vec<(String, Vec<String>)>, Vec<String>) {
    let causes = report.causes.iter().map(|cause| {
        (cause.code.clone(), cause.explains.iter().map(|effect| effect.code.clone()).collect())
    });
    (causes.collect(), report.unexplained.iter().map(|card| card.code.clone()).collect())
}

#[test]
fn edges_of_users_tell_what_follows_from_what() {
    let symptom = "id: T-2\ntitle: late\nfor_each: pods\nwhen: pod.name == 'b'\npart: symptom\n";
    let cause = rule("pod.name == 'a'") + "severity: critical\npart: cause\n";
    let alone = report(&format!("{cause}---\n{symptom}"));
    assert_eq!(places(&alone), (vec![("T-1".into(), vec![])], vec!["T-2".into()]));
    let told = (vec![("T-1".to_owned(), vec!["T-2".to_owned()])], Vec::<String>::new());
    // Either end may tell, by id in any case; ours are named by code or slug.
    assert_eq!(places(&report(&format!("{cause}explains: [t-2, KSP7001]\n---\n{symptom}"))), told);
    let after = "explained_by: [T-1, disk-io-throttled]\n";
    assert_eq!(places(&report(&format!("{cause}---\n{symptom}{after}"))), told);
}

#[test]
fn an_edge_to_a_rule_that_is_not_there_is_shown() {
    insta::assert_snapshot!(note(&(rule("true") + "explains: [kubelet-unreachible]\n")), @r"
    error: there is no rule kubelet-unreachible
     --> rules.yaml:5:12
      |
    5 | explains: [kubelet-unreachible]
      |            ^^^^^^^^^^^^^^^^^^^^
      |
    help: did you mean `kubelet-unreachable`?
    ");
    let itself = note(&(rule("true") + "explained_by:\n- T-1\n"));
    assert!(itself.starts_with("error: T-1 cannot follow from itself\n"), "{itself}");
}

#[test]
fn a_label_that_a_row_lacks_is_told_and_never_a_silent_no() {
    let report = report(&rule("pod.labels['team'] == 'x'"));
    assert_eq!(found(&report).len(), 1, "the row that has it still answers");
    let told = report.diagnostics.iter().find(|note| note.code == "KSB0015").unwrap();
    assert!(told.message.contains("T-1") && told.message.contains("\"team\""), "{}", told.message);
    let asked = self::report(&rule("\"'team' in pod.labels && pod.labels['team'] == 'y'\""));
    assert!(asked.diagnostics.iter().all(|note| note.code != "KSB0015"));
    assert!(asked.ruled_out.iter().any(|card| card.code == "T-1"));
}

#[test]
fn mistakes_are_shown_where_they_stand() {
    let drawn = note(&rule("pod.containers.exists(c, !c.imge.startsWith('x'))"));
    assert!(drawn.contains("rules.yaml:4:35"), "{drawn}");
    assert!(drawn.contains("when: pod.containers.exists(c, !c.imge"), "{drawn}");
    assert!(drawn.contains("\n  |                                   ^^^^\n"), "{drawn}");
    assert!(drawn.contains("did you mean `image`?"), "{drawn}");
    // Folded over lines, the place is still the word's.
    let folded = note(&rule(">-\n  pod.ready &&\n    pod.restart > 3"));
    assert!(folded.contains("rules.yaml:6:9") && folded.contains("`restarts`"), "{folded}");
    for (when, wanted) in [
        ("pod.ready &&", "ends too early"),
        ("pod.ready ) || true", "does not belong here"),
        ("pod.name", "answers a text, not true or false"),
        ("node.ready", "nothing called node"),
        ("pod.name.startWith('a')", "`startsWith`"),
        ("pod.containers.image == 'x'", "a list has no key image"),
        ("pod.name.exists(c, c == 'x')", "a text is nothing to go through"),
        ("pod.name.matches('(')", "unclosed group"),
        ("pod.name.matches(pod.phase)", "must be a text in quotes"),
        ("pod.name.matches('(a{1000}){1000}')", "no pattern"),
        ("has(pod.nme)", "`name`"),
        ("pod['nme'] == 'a'", "`name`"),
    ] {
        let drawn = note(&rule(&format!("\"{when}\"")));
        assert!(drawn.contains(wanted) && drawn.contains('^'), "{when}\n{drawn}");
    }
}

#[test]
fn mistakes_of_a_file_are_shown_where_they_stand() {
    let good = rule("pod.ready");
    for (text, wanted) in [
        (good.replace("when", "whn"), "unknown field `whn`"),
        (good.replace("for_each: pods", "for_each: pod"), "`pods`"),
        (format!("{good}severity: huge\n"), "huge is none of info"),
        (good.replace("T-1", "KSP2103"), "choose a prefix of your own"),
        (good.replace("T-1", "a b"), "an id has letters"),
        (good.replace("pod.name }}", "pod.nam }}"), "`name`"),
        (good.replace("pod.name }}", "pod.name"), "not closed"),
        (format!("{good}tests:\n  - fires: {{ nme: a }}\n"), "`name`"),
        (format!("{good}tests:\n  - fires: {{ name: 3 }}\n"), "pod.name is a text"),
        (format!("{good}tests:\n  - fire: {{ name: a }}\n"), "unknown field `fire`"),
        (format!("{good}---\n{good}"), "another rule T-1"),
        ("id: [".to_owned(), "rules.yaml"),
    ] {
        let drawn = note(&text);
        assert!(drawn.contains(wanted), "{text}\n{drawn}");
    }
}

#[test]
fn a_broken_rule_costs_only_itself() {
    let text = format!(
        "{}---\nid: {{{{\n---\n{}",
        rule("pod.nme == ''"),
        rule("pod.ready").replace("T-1", "T-2")
    );
    let loaded = load(&text);
    assert_eq!(loaded.rules.len(), 1);
    assert_eq!(loaded.rules[0].meta().code, "T-2");
    assert_eq!(loaded.notes.len(), 2, "{:#?}", loaded.notes);
}

#[test]
fn tests_inside_rules_hold_or_say_which_does_not() {
    let text = rule("pod.containers.exists(c, c.restarts > 3)");
    let tests = "tests:\n  - fires: { containers: [{ restarts: 4 }] }\n  - silent: { containers: [{ restarts: 3 }] }\n";
    let tested = rules(&format!("{text}{tests}"))[0].test();
    assert_eq!((tested.tests, tested.failed.len()), (2, 0));
    let tested = rules(&format!("{text}{}", tests.replace("restarts: 4", "restarts: 2")))[0].test();
    assert_eq!(tested.failed.len(), 1);
    let drawn = render::note(&tested.failed[0], false);
    assert!(drawn.contains("silent on this row") && drawn.contains("rules.yaml:6"), "{drawn}");
}

#[test]
fn what_a_row_says_is_escaped_in_every_output() {
    let text =
        rule("pod.name == 'a'").replace("is at fault", "<script>alert(1)</script> \\u202e | `x`");
    let report = report(&text);
    let html = rendered(&report, Format::Html);
    assert!(html.contains("T-1") && !html.contains("<script>alert(1)"), "unescaped in HTML");
    let markdown =
        rendered(&report, Format::Markdown).replace("`<script>alert(1)</script>`", "`alert`");
    assert!(
        markdown.contains("`alert`") && !markdown.contains("<script>alert(1)"),
        "unescaped in Markdown"
    );
    for format in [Format::Html, Format::Markdown, Format::Text, Format::Sarif, Format::Junit] {
        let text = rendered(&report, format);
        assert!(!text.contains('\u{202e}'), "{format:?} turns the line around");
        assert!(text.contains("alert"), "{format:?} lacks the finding");
    }
    let sarif: serde_json::Value = serde_json::from_str(&rendered(&report, Format::Sarif)).unwrap();
    assert!(
        sarif["runs"][0]["tool"]["driver"]["rules"]
            .as_array()
            .unwrap()
            .iter()
            .any(|rule| rule["id"] == "T-1")
    );
    let json: serde_json::Value = serde_json::from_str(&rendered(&report, Format::Json)).unwrap();
    assert!(json["unexplained"].as_array().unwrap().iter().any(|card| card["code"] == "T-1"));
}

#[test]
fn commands_hold_only_names_that_are_safe_to_paste() {
    let text = format!(
        "{}remedy:\n  - text: look\n    command: kubectl get pod {{{{ pod.name }}}} -n {{{{ pod.namespace }}}}\n  \
         - text: do not\n    command: run {{{{ pod.name + '; id' }}}}\n",
        rule("pod.name == 'a'")
    );
    let report = report(&text);
    let steps = &found(&report)[0].remedy;
    assert_eq!(steps[0].command.as_deref(), Some("kubectl get pod a -n shop"));
    assert_eq!(steps[1].command, None);
}

#[test]
fn maps_keep_their_order() {
    let text = rule("pod.name == 'a'").replace("{{ pod.name }}", "{{ pod.labels.map(k, k) }}");
    assert_eq!(found(&report(&text))[0].title, "app, team, zone is at fault");
}

#[test]
fn many_rows_are_few_findings() {
    let items: Vec<String> = (0..40)
        .map(|number| format!(r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "p{number:02}", "namespace": "n", "uid": "{number}"}}, "spec": {{}}, "status": {{"phase": "Pending"}}}}"#))
        .collect();
    let list = format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#, items.join(","));
    let bundle = memory(vec![("get/pods.json".to_owned(), list.into_bytes())]);
    let rules = rules(&rule("pod.phase == 'Pending'"));
    let report = analysis(&bundle, &rules).report(&bundle, &Language::new(Locale::English));
    let found = found(&report);
    assert_eq!(found.len(), 10);
    let last = found.iter().find(|card| card.affected == 31).unwrap();
    assert_eq!(last.title, "p09 is at fault, and 30 more like it");
}

/// The keys of a value and of the rows in it, against its shape.
fn carries(value: &Value<'_>, fields: &[Field], at: &str) {
    let Value::Map(entries) = value else { panic!("{at} is no row") };
    let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_ref()).collect();
    let wanted: Vec<&str> = fields.iter().map(|field| field.key).collect();
    assert_eq!(keys, wanted, "{at}");
    for (field, (_, value)) in fields.iter().zip(entries) {
        let at = format!("{at}.{}", field.key);
        match (field.shape, value) {
            (_, Value::Null) => assert!(field.nullable, "{at} is null"),
            (Shape::List(fields), Value::List(rows)) => {
                for row in rows {
                    carries(row, fields, &at);
                }
            }
            (Shape::Text, Value::Text(_))
            | (Shape::Int, Value::Int(_))
            | (Shape::Number, Value::Number(_))
            | (Shape::Bool, Value::Bool(_))
            | (Shape::Texts | Shape::Ints, Value::List(_))
            | (Shape::TextMap | Shape::NumberMap, Value::Map(_)) => {}
            (shape, value) => panic!("{at} is to be {}, is {value:?}", shape.noun()),
        }
    }
}

#[test]
fn rows_carry_every_key_of_their_shape() {
    let bundle =
        Bundle::open(&[crate::kit::shipped()], &konspect_bundle::Limits::default()).unwrap();
    let facts = analyze(&bundle, &Options::default()).facts;
    let mut seen = 0;
    for table in view::TABLES {
        carries(&view::empty(table.fields), table.fields, table.variable);
        let Ok(rows) = (table.rows)(&facts) else { continue };
        for row in &rows.rows {
            carries(&row.value(Keys::All), table.fields, table.variable);
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} rows");
}

#[test]
fn files_that_mean_harm_end_soon() {
    let list = format!("[{}]", vec!["1"; 1500].join(","));
    let nested =
        (0..8).fold("true".to_owned(), |inner, depth| format!("pod.labels.all(k{depth}, {inner})"));
    let literal = (0..6).fold("true".to_owned(), |inner, depth| {
        format!("[1,1,1,1,1,1,1,1,1,1,1,1].all(x{depth}, {inner})")
    });
    for (when, refused_when_loaded) in [
        ("(".repeat(2000) + &")".repeat(2000), true),
        ("!".repeat(4000) + "true", false),
        ("pod".to_owned() + &".labels".repeat(500), true),
        ("1".to_owned() + &"+1".repeat(2000), true),
        ("['x'".to_owned() + "]" + &".map(x, x + x)".repeat(60) + " == []", false),
        (
            "['xxxxxxxxxxxxxxxx']".to_owned()
                + &".map(a, a + a + a + a)".repeat(40)
                + ".size() == 1",
            false,
        ),
        (format!("{list}.all(a, {list}.all(b, a == b))"), true),
        (literal, false),
        (nested, false),
        ("'".repeat(3000), true),
        ("a.filter(".repeat(400), true),
        ("x".repeat(100_000), true),
        ("9223372036854775807 + 1 == 0".to_owned(), false),
        ("1 / 0 == 0".to_owned(), false),
        ("pod.containers[99].image == ''".to_owned(), false),
    ] {
        let text = rule(&format!("\"{when}\""));
        let loaded = load(&text);
        assert_eq!(loaded.rules.is_empty(), refused_when_loaded, "{:.80} {:?}", when, loaded.notes);
        let bundle = bundle();
        // Ends, and either answers or says why not.
        let analysis = analysis(&bundle, &loaded.rules);
        assert!(analysis.ranked.crashed.is_empty(), "{when:.80}");
    }
}

#[test]
fn an_expression_that_could_take_too_long_has_no_answer() {
    let bomb = "['xxxxxxxxxxxxxxxx']".to_owned() + &".map(a, a + a)".repeat(40) + ".size() == 1";
    let report = report(&rule(&format!("\"{bomb}\"")));
    let told = report.diagnostics.iter().find(|note| note.code == "KSB0015").unwrap();
    assert!(told.message.contains("steps on this row"), "{}", told.message);
    assert!(found(&report).is_empty());
}

#[test]
fn yaml_bombs_are_refused() {
    let mut laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, of) in ["b", "c", "d", "e", "f", "g", "h", "i"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f", "g", "h"])
    {
        let ten = vec![format!("*{of}"); 10].join(",");
        laughs.extend([name, ": &", name, " [", &ten, "]\n"]);
    }
    let good = rule("pod.ready");
    for text in [
        laughs.clone(),
        format!("{good}tests:\n  - fires: {{ name: {} }}\n", "[".repeat(20_000)),
        format!("{good}why: {}\n", "[".repeat(100_000)),
        "- ".repeat(50_000),
        "? ".repeat(50_000),
        format!("{good}remedy: [{}]\n", "{".repeat(50_000)),
        "\u{0}\u{1}\u{feff}: \u{202e}".to_owned(),
        "x".repeat(2 * 1024 * 1024),
        "---\n".repeat(100_000),
        format!("{good}---\n").repeat(400),
    ] {
        let loaded = load(&text);
        assert!(loaded.rules.len() <= 200, "{text:.60}");
        for note in loaded.notes.iter().take(5) {
            assert!(render::note(note, false).len() < 100_000, "{text:.60}");
        }
    }
}

#[test]
fn a_note_does_not_move_the_terminal() {
    let drawn = note(&rule("\"pod.nme == '\u{202e}'\""));
    assert!(
        !drawn.contains('\u{202e}') && drawn.contains("\\u202e") && drawn.contains("^^^"),
        "{drawn:?}"
    );
    let refused = note(&rule("\"pod.name == '\u{1b}[2J'\""));
    assert!(!refused.contains('\u{1b}'), "{refused:?}");
}

/// The rules of the guide, as they stand there.
fn examples() -> Vec<String> {
    let guide = include_str!("../../../docs/rules-of-your-own.md");
    guide
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_examples_of_the_guide_work() {
    let examples = examples();
    assert!(examples.len() >= 3);
    let loaded: Vec<UserRule> = examples.iter().flat_map(|text| rules(text)).collect();
    for (rule, text) in loaded.iter().zip(&examples) {
        let tested = rule.test();
        assert!(tested.failed.is_empty(), "{:#?}", tested.failed);
        assert!(text.contains("- fires:") && text.contains("- silent:"), "{text}");
    }
    let bundle =
        Bundle::open(&[crate::kit::shipped()], &konspect_bundle::Limits::default()).unwrap();
    let analysis = analysis(&bundle, &loaded);
    let report = analysis.report(&bundle, &Language::new(Locale::English));
    for rule in &loaded {
        let code = rule.meta().code;
        let standing = found(&report).iter().any(|card| card.code == code)
            || report.ruled_out.iter().any(|card| card.code == code)
            || report.unchecked.iter().any(|card| card.code == code);
        assert!(standing, "{code} says nothing of the shipped bundle");
    }
    assert!(report.diagnostics.iter().all(|note| note.code != "KSB0015"));
}

#[test]
fn the_schema_takes_the_examples_and_refuses_broken_ones() {
    let schema = user::schema();
    let check = |text: &str| {
        let value: serde_json::Value = serde_yaml::from_str(text).unwrap();
        crate::schema::broken(&schema, &value)
    };
    for text in examples() {
        let broken = check(&text);
        assert!(broken.is_empty(), "{broken:?}\n{text}");
    }
    assert_eq!(check(include_str!("../../../templates/rule.yaml")), Vec::<String>::new());
    let good = rule("pod.ready");
    assert!(check(&good).is_empty());
    for text in [
        good.replace("when", "whn"),
        good.replace("for_each: pods", "for_each: pod"),
        good.replace("T-1", "a b"),
        format!("{good}severity: huge\n"),
        format!("{good}remedy: [{{ text: a }}]\n"),
        format!("{good}tests: [{{ fires: {{ nme: a }} }}]\n"),
        format!("{good}tests: [{{ fires: {{ name: 3 }} }}]\n"),
        format!("{good}tests: [{{ fires: {{ containers: [{{ imge: a }}] }} }}]\n"),
    ] {
        assert!(!check(&text).is_empty(), "the schema takes\n{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_expression_and_no_file_panics(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "pod", ".", "name", "labels", "containers", "[0]", "(", ")", "{", "}", "[", "]", "==", "&&", "||", "!", "-", "?",
                ":", "'x'", "\\\"", "1", "-9223372036854775808", "1.5e300", "size(", "exists(c, c", "map(c, c)", "matches('a')",
                "in", "int(", "string(", "has(pod.name)", "true", "null", "é", "\u{1f600}", "//", "b'\\\\xff'", ",", " ",
            ]),
            1..14,
        ),
        tail in "\\PC{0,12}",
    ) {
        let loaded = load(&rule(&format!("\"{} {}\"", words.join(""), tail.replace(['"', '\\'], ""))));
        for note in &loaded.notes {
            render::note(note, true);
        }
        let bundle = bundle();
        prop_assert!(analysis(&bundle, &loaded.rules).ranked.crashed.is_empty());
        load(&format!("{}{tail}", words.join(" ")));
    }
}
