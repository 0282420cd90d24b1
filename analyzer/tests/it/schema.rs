//! Every report of the tests obeys `docs/report.schema.json`, and the schema knows every key.
//!
//! Reads the part of JSON Schema that our schema uses, and fails on a word it does not know.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use konspect::language::Locale;

use crate::render::state;
use crate::{pages, states};

/// Where a value breaks the schema, in words; empty when it does not.
fn violations(schema: &Value, root: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
    let Some(words) = schema.as_object() else { return };
    for (word, wanted) in words {
        let broken = match word.as_str() {
            "$schema" | "$defs" | "title" | "description" => false,
            "$ref" => {
                let name = wanted.as_str().unwrap().trim_start_matches("#/$defs/");
                violations(&root["$defs"][name], root, value, at, out);
                root["$defs"][name].is_null()
            }
            "type" => {
                let names: Vec<&str> = match wanted {
                    Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
                    name => vec![name.as_str().unwrap()],
                };
                !names.iter().any(|name| is(name, value))
            }
            "enum" => !wanted.as_array().unwrap().contains(value),
            "const" => wanted != value,
            "minimum" => value.as_f64().is_some_and(|number| number < wanted.as_f64().unwrap()),
            "pattern" => value.as_str().is_some_and(|text| {
                !regex::Regex::new(wanted.as_str().unwrap()).unwrap().is_match(text)
            }),
            "required" => {
                value.is_object()
                    && wanted
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|key| value.get(key.as_str().unwrap()).is_none())
            }
            "properties" => {
                for (key, inner) in value.as_object().into_iter().flatten() {
                    match wanted.get(key) {
                        Some(schema) => {
                            violations(schema, root, inner, &format!("{at}/{key}"), out);
                        }
                        // Scripts must not see it, yet it must be promised: a new key needs a line in the schema.
                        None => out.push(format!("{at}/{key}: not in the schema")),
                    }
                }
                false
            }
            "additionalProperties" => {
                for (key, inner) in value.as_object().into_iter().flatten() {
                    violations(wanted, root, inner, &format!("{at}/{key}"), out);
                }
                false
            }
            "items" => {
                for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
                    violations(wanted, root, inner, &format!("{at}/{index}"), out);
                }
                false
            }
            "prefixItems" => {
                for (index, schema) in wanted.as_array().unwrap().iter().enumerate() {
                    violations(schema, root, &value[index], &format!("{at}/{index}"), out);
                }
                false
            }
            "allOf" => {
                for schema in wanted.as_array().unwrap() {
                    violations(schema, root, value, at, out);
                }
                false
            }
            "if" => {
                let mut unlike = Vec::new();
                partly(wanted, root, value, at, &mut unlike);
                if unlike.is_empty() {
                    partly(&schema["then"], root, value, at, out);
                }
                false
            }
            "then" => false,
            "minProperties" => {
                value.as_object().is_some_and(|keys| (keys.len() as u64) < wanted.as_u64().unwrap())
            }
            "maxProperties" => {
                value.as_object().is_some_and(|keys| keys.len() as u64 > wanted.as_u64().unwrap())
            }
            "minItems" => {
                value.as_array().is_some_and(|all| (all.len() as u64) < wanted.as_u64().unwrap())
            }
            "maxItems" => {
                value.as_array().is_some_and(|all| all.len() as u64 > wanted.as_u64().unwrap())
            }
            "anyOf" => !wanted.as_array().unwrap().iter().any(|schema| {
                let mut inner = Vec::new();
                violations(schema, root, value, at, &mut inner);
                inner.is_empty()
            }),
            other => panic!("{other}: a word of JSON Schema that this test does not know"),
        };
        if broken {
            out.push(format!("{at}: breaks {word} {wanted}"));
        }
    }
}

/// What a branch says of some keys, whatever the others are.
fn partly(schema: &Value, root: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
    for (key, wanted) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(inner) = value.get(key) {
            violations(wanted, root, inner, &format!("{at}/{key}"), out);
        }
    }
}

/// Where a value breaks a schema of ours.
pub(crate) fn broken(schema: &Value, value: &Value) -> Vec<String> {
    let mut out = Vec::new();
    violations(schema, schema, value, "", &mut out);
    out
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("{other}: a type that this test does not know"),
    }
}

/// The schema as it is shipped, read once.
fn shipped() -> &'static Value {
    static SHIPPED: OnceLock<Value> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/report.schema.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    })
}

pub(crate) fn check(report: &Value) -> Vec<String> {
    broken(shipped(), report)
}

/// What scripts may read, as the rule catalogue promised it: the way to an object, and its keys.
const PROMISED: &[(&str, &str)] = &[
    (
        "",
        "format verdict causes unexplained aggravating ruled_out unchecked timeline audit diagnostics inventory",
    ),
    ("verdict", "sentence state"),
    ("causes", "code rule subject title severity confidence score terms evidence explains remedy"),
    (
        "unexplained",
        "code rule subject title severity confidence score terms evidence explains remedy",
    ),
    (
        "aggravating",
        "code rule subject title severity confidence score terms evidence explains remedy",
    ),
    ("causes subject", "kind name namespace"),
    ("causes terms", "why points"),
    ("causes evidence", "path line start end says role excerpt"),
    ("causes explains", "code rule subject title evidence"),
    ("causes remedy", "text command"),
    ("ruled_out", "code rule why evidence"),
    ("unchecked", "code rule missing collect"),
    ("timeline", "at source line text finding"),
    ("audit", "top_user_agents latency_by_user_agent latency_by_request open_watches rejected"),
    ("diagnostics", "code path line message"),
    ("inventory", "count bytes"),
];

/// The object behind references, lists, maps and what may be null.
fn object<'s>(root: &'s Value, mut schema: &'s Value) -> &'s Value {
    loop {
        schema = if let Some(name) = schema["$ref"].as_str() {
            &root["$defs"][name.trim_start_matches("#/$defs/")]
        } else if let Some(any) = schema["anyOf"].as_array() {
            any.iter().find(|one| one["type"] != "null").unwrap()
        } else if schema["items"].is_object() {
            &schema["items"]
        } else if schema["additionalProperties"].is_object() {
            &schema["additionalProperties"]
        } else {
            return schema;
        };
    }
}

#[test]
fn every_promised_key_is_required() {
    let root = shipped();
    for (way, keys) in PROMISED {
        let mut at = object(root, root);
        for key in way.split_whitespace() {
            at = object(root, &at["properties"][key]);
        }
        let required = at["required"].as_array().unwrap();
        for key in keys.split(' ') {
            assert!(required.iter().any(|name| name == key), "{way}: {key}");
            assert!(at["properties"][key].is_object(), "{way}: {key}");
        }
    }
}

#[test]
fn every_state_obeys_the_schema() {
    for locale in Locale::ALL {
        for (name, report) in states::all(locale) {
            let json = serde_json::to_value(&report).unwrap();
            let violations = check(&json);
            assert!(violations.is_empty(), "{name}:\n{}", violations.join("\n"));
        }
    }
}

#[test]
fn every_report_of_a_rules_page_obeys_the_schema_and_says_its_verdict_in_a_line() {
    let mut broken = Vec::new();
    for walked in pages::walked() {
        for (locale, report) in &walked.translated {
            let place = format!("{} {} {}", walked.slug, walked.title, locale.as_str());
            let sentence = &report.verdict.sentence;
            if sentence.chars().count() > 140 {
                broken.push(format!("{place}: {sentence}"));
            }
            let json = serde_json::to_value(report).unwrap();
            broken.extend(check(&json).into_iter().map(|what| format!("{place}: {what}")));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_schema_refuses_what_is_not_promised() {
    let mut json = serde_json::to_value(state("one-cause")).unwrap();
    json["verdict"]["state"] = "broken".into();
    json["causes"][0]["evidence"][0]["line"] = "41".into();
    json["causes"][0].as_object_mut().unwrap().remove("title");
    json["new"] = 1.into();
    json["timeline"][0]["at"] = "yesterday".into();
    json["verdict"]["first_step"]["risk"] = "none".into();
    assert_eq!(check(&json).len(), 6, "{:#?}", check(&json));
}
