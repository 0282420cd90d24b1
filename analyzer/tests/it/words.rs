//! Every key that code uses is defined with the arguments it is given, and every key that is defined is
//! used: in every language.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use konspect::language::{Language, Locale};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, ending: &str, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, ending, out);
        } else if path.extension().is_some_and(|found| found == ending) {
            out.push(path);
        }
    }
}

/// `words!("key", a = …, b = …)` of all sources: key → the argument sets it is used with.
fn used() -> BTreeMap<String, BTreeSet<Vec<String>>> {
    let mut used: BTreeMap<String, BTreeSet<Vec<String>>> = BTreeMap::new();
    let mut sources = Vec::new();
    files(&root().join("src"), "rs", &mut sources);
    for path in sources {
        let text = std::fs::read_to_string(&path).unwrap();
        for (place, _) in text.match_indices("words!(") {
            let Some(call) = call_text(&text[place + "words!".len()..]) else { continue };
            let inner = call.trim_start_matches('(').trim_start();
            let Some(key) = inner.strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
                continue;
            };
            used.entry(key.to_owned()).or_default().insert(argument_names(inner));
        }
    }
    used
}

/// The text from `(` to its `)`.
fn call_text(text: &str) -> Option<&str> {
    let (mut depth, mut quoted, mut escaped) = (0_i32, false, false);
    for (place, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return text.get(..=place);
                }
            }
            _ => {}
        }
    }
    None
}

/// Names before a single `=` at depth one.
fn argument_names(inner: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut quoted, mut word) = (0_i32, false, String::new());
    let characters: Vec<char> = inner.chars().collect();
    let mut previous = ' ';
    for (place, character) in characters.iter().enumerate() {
        match character {
            '"' if previous != '\\' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => word.clear(),
            '=' if !quoted && depth == 0 => {
                let double = characters.get(place + 1) == Some(&'=') || "=!<>".contains(previous);
                let name = word.trim();
                if !double
                    && !name.is_empty()
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                {
                    names.push(name.to_owned());
                }
                word.clear();
            }
            _ if !quoted && depth == 0 => word.push(*character),
            _ => {}
        }
        previous = *character;
    }
    names.sort();
    names
}

/// Keys of a language's files with the variables each names.
fn defined(locale: Locale) -> BTreeMap<String, BTreeSet<String>> {
    let mut sources = Vec::new();
    files(&root().join("locales").join(locale.as_str()), "ftl", &mut sources);
    let mut defined = BTreeMap::new();
    for path in sources {
        read_keys(&path, &mut defined);
    }
    defined
}

/// Adds the keys of one file; one key stands in one place only.
fn read_keys(path: &Path, defined: &mut BTreeMap<String, BTreeSet<String>>) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut key = String::new();
    for line in text.lines() {
        if let Some((name, _)) =
            line.split_once('=').filter(|_| !line.starts_with([' ', '#', '}', '.', '-']))
        {
            name.trim().clone_into(&mut key);
            assert!(
                defined.insert(key.clone(), BTreeSet::new()).is_none(),
                "{key} is defined twice ({})",
                path.display()
            );
        }
        let variables = line.split('$').skip(1).map(|rest| {
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
        });
        if let Some(known) = defined.get_mut(&key).filter(|_| !line.starts_with('#')) {
            known.extend(variables);
        }
    }
}

/// Keys that code builds: by rule, table or enum.
fn computed(key: &str) -> bool {
    [
        "rule-",
        "table-",
        "KSB",
        "label-",
        "lane-",
        "kind-",
        "state-",
        "severity-",
        "confidence-",
        "risk-",
        "role-",
        "health-",
        "page-health-",
        "page-confidence-",
        "page-severity-",
        "page-risk-",
        "page-lane-",
        "audit-column-",
        "audit-title-",
    ]
    .iter()
    .any(|prefix| key.starts_with(prefix))
}

#[test]
fn every_used_key_is_defined_with_its_arguments() {
    let (used, defined) = (used(), defined(Locale::English));
    let mut wrong = Vec::new();
    for (key, uses) in &used {
        let Some(variables) = defined.get(key) else {
            wrong.push(format!("{key}: used, not defined"));
            continue;
        };
        for given in uses {
            let given: BTreeSet<&str> = given.iter().map(String::as_str).collect();
            let needed: BTreeSet<&str> = variables.iter().map(String::as_str).collect();
            if !needed.is_subset(&given) {
                wrong.push(format!("{key}: needs {needed:?}, is given {given:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_defined_key_is_used() {
    let (used, defined) = (used(), defined(Locale::English));
    let mut sources = Vec::new();
    files(&root().join("src"), "rs", &mut sources);
    files(&root().join("../bundle/src"), "rs", &mut sources);
    let mut text: String =
        sources.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let mut templates = Vec::new();
    for ending in ["j2", "js"] {
        files(&root().join("../templates"), ending, &mut templates);
    }
    text.extend(templates.iter().map(|path| std::fs::read_to_string(path).unwrap()));
    let dead: Vec<&String> = defined
        .keys()
        .filter(|key| {
            !used.contains_key(*key) && !computed(key) && !text.contains(&format!("\"{key}\""))
        })
        .filter(|key| !text.contains(&format!("'{key}'")))
        .collect();
    assert!(dead.is_empty(), "defined, never used: {dead:?}");
}

#[test]
fn every_rule_and_table_has_a_name() {
    let language = Language::new(Locale::English);
    for rule in konspect::rules::all() {
        assert!(
            language.has(&format!("rule-{}", rule.meta().slug)),
            "rule-{} is missing",
            rule.meta().slug
        );
    }
}

#[test]
fn every_translated_file_is_complete() {
    for locale in [Locale::Korean, Locale::Italian] {
        let mut sources = Vec::new();
        files(&root().join("locales").join(locale.as_str()), "ftl", &mut sources);
        assert!(sources.len() >= 3, "{locale:?}: report, page and diagnostics at least");
        for path in sources {
            let english = root().join("locales/en").join(path.file_name().unwrap());
            let (mut ours, mut theirs) = (BTreeMap::new(), BTreeMap::new());
            read_keys(&english, &mut ours);
            read_keys(&path, &mut theirs);
            let missing: Vec<_> = ours.keys().filter(|key| !theirs.contains_key(*key)).collect();
            let extra: Vec<_> = theirs.keys().filter(|key| !ours.contains_key(*key)).collect();
            assert!(
                missing.is_empty() && extra.is_empty(),
                "{}: missing {missing:?}, unknown {extra:?}",
                path.display()
            );
            let language = Language::new(locale);
            for (key, variables) in &ours {
                assert!(language.has(key), "{}: {key} does not parse", path.display());
                assert!(
                    theirs[key].is_subset(variables),
                    "{}: {key} names {:?}, English has {variables:?}",
                    path.display(),
                    theirs[key]
                );
            }
        }
    }
}

/// Nouns of things that are counted, as many.
const THINGS: &[&str] = &[
    "APIs",
    "FlowSchemas",
    "LISTs",
    "Pods",
    "Services",
    "agents",
    "annotations",
    "bins",
    "bytes",
    "calls",
    "causes",
    "certificates",
    "changes",
    "clients",
    "commands",
    "connections",
    "dials",
    "entries",
    "errors",
    "events",
    "failures",
    "files",
    "findings",
    "intervals",
    "kinds",
    "kubelets",
    "lines",
    "names",
    "namespaces",
    "nodes",
    "objects",
    "others",
    "packets",
    "pairs",
    "pods",
    "pools",
    "ports",
    "probes",
    "replicas",
    "requests",
    "resources",
    "restarts",
    "revisions",
    "rows",
    "rules",
    "seats",
    "seconds",
    "shares",
    "states",
    "times",
    "values",
    "watches",
    "ways",
    "webhooks",
    "workloads",
    "writes",
];

/// Their number is never one: the rule asks for more, or counts what there is more of (nodes that are
/// compared with each other, ports of an address).
const NEVER_ONE: &[&str] = &[
    "audit-row-cap",
    "audit-without-crowd",
    "banner-collector",
    "client-list-storm-line",
    "client-load-cost",
    "client-load-cut",
    "client-request-flood-churn-line",
    "client-request-flood-line",
    "client-watch-leak-metric",
    "client-watch-leak-unnamed",
    "client-write-storm-line",
    "conntrack-table-full-room",
    "conntrack-table-full-usage",
    "disk-io-throttled-metric",
    "etcd-memory-pressure-leader-lines",
    "etcd-memory-pressure-leaders",
    "etcd-object-leak-count",
    "etcd-object-leak-pods-of-jobs",
    "helm-history-unbounded-bytes",
    "helm-history-unbounded-title",
    "kubelet-unreachable-dials",
    "kubelet-unreachable-dials-title",
    "mass-eviction-title",
    "pods-per-node-over-limit-cleared",
    "pods-per-node-over-limit-title",
    "request-latency-over-slo-cut",
    "request-latency-over-slo-etcd",
    "request-latency-over-slo-etcd-errors",
    "request-latency-over-slo-etcd-errors-title",
    "request-latency-over-slo-mean",
    "request-latency-over-slo-metric",
    "request-latency-over-slo-timeouts",
    "request-latency-over-slo-timeouts-title",
    "requests-rejected-by-priority-and-fairness-dropped",
    "requests-rejected-by-priority-and-fairness-dropped-title",
    "requests-rejected-by-priority-and-fairness-flight-title",
    "requests-rejected-by-priority-and-fairness-level",
    "requests-rejected-by-priority-and-fairness-title",
    "requests-rejected-by-priority-and-fairness-waiting-title",
    "snat-plan-too-small-cleared",
    "snat-plan-too-small-says",
    "snat-ports-exhausted-used",
    "system-component-single-replica-title",
    "tunnel-agents-under-scaled-title",
    "way-pairs-open",
    "way-pairs-stopped",
    "way-pairs-unknown",
    "way-part",
    "webhook-slow-mean",
];

/// Here the word after a name is no noun.
const VERBS: &[&str] = &[
    "container-runtime-down-restarts",
    "deprecated-api-in-use-title",
    "kubelet-unhealthy-restarts",
];

/// "1 requests" is no English: where a number may be one, the sentence has a form for it.
#[test]
fn one_of_a_thing_is_not_many() {
    let language = Language::new(Locale::English);
    let many: Vec<String> = defined(Locale::English)
        .into_iter()
        .filter(|(key, _)| {
            !key.ends_with("-many")
                && !NEVER_ONE.contains(&key.as_str())
                && !VERBS.contains(&key.as_str())
        })
        .filter_map(|(key, variables)| {
            let ones = variables.into_iter().map(|name| (name, konspect_bundle::Arg::Number(1)));
            let said = language.say_key(&key, &ones.collect());
            let words: Vec<&str> = said.split(' ').collect();
            let wrong = words.windows(2).any(|pair| {
                pair[0].trim_start_matches('(') == "1"
                    && THINGS.contains(&pair[1].trim_end_matches([',', '.', ';', ':', ')']))
            });
            wrong.then(|| format!("{key}: {said}"))
        })
        .collect();
    assert!(many.is_empty(), "{}", many.join("\n"));
}
