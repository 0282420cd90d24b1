//! Hostile bundles through the whole product: payloads wherever a bundle has text, and input that is
//! made to be slow. What is found stays found, and nothing from the bundle comes alive.

use konspect::language::{Language, Locale};
use konspect::render::{self, Format, Options, Target};
use konspect::report::Report;
use serde_json::Value;

use crate::kit::{self, Tree};
use crate::render::{check_page, hidden, outside_code};
use crate::states::PAYLOADS;

const NODE: &str = "aks-apps-51873320-vmss000001";

fn inert(report: &Report, payload: &str) {
    check_page(&kit::rendered(report, Format::Html));
    for format in Format::ALL {
        let text = kit::rendered(report, format);
        assert_eq!(hidden(&text), None, "{format:?} {payload:?}");
    }
    let options = Options { target: Target::Github, ..Options::default() };
    let mut text = Vec::new();
    render::render(Format::Markdown, report, &Language::new(Locale::English), &options, &mut text)
        .unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.chars().count() <= 65_536);
    let prose = outside_code(&text).replace("<details>", "").replace("</details>", "");
    for live in [
        "<script",
        "<img",
        "<kx",
        "<svg",
        "](http",
        "](javascript",
        "@kx",
        "http://kx",
        "https://kx",
        "fixes #1",
        "kx0001]:",
    ] {
        assert!(!prose.contains(live), "{payload:?}: {live} in\n{prose}");
    }
}

/// Adds the payload to every name and message of an object, at any depth.
fn poison(value: &mut Value, payload: &str) {
    const TEXTS: [&str; 9] = [
        "name",
        "namespace",
        "message",
        "reason",
        "nodeName",
        "image",
        "note",
        "hostname",
        "kubeletVersion",
    ];
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(text) if TEXTS.contains(&key.as_str()) => text.push_str(payload),
                    member => poison(member, payload),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, payload)),
        _ => {}
    }
}

fn poisoned(payload: &str) -> Tree {
    let each = |(label, bytes): (String, Vec<u8>)| {
        let bytes = if let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) {
            poison(&mut value, payload);
            value.to_string().into_bytes()
        } else {
            let text = String::from_utf8(bytes).unwrap();
            text.lines().map(|line| format!("{line} {payload}\n")).collect::<String>().into_bytes()
        };
        (format!("{label} {payload}"), bytes)
    };
    kit::tree(&kit::shipped()).into_iter().map(each).collect()
}

/// The shipped fault on a node that is called like the payload.
fn renamed(payload: &str) -> Tree {
    let quoted = Value::from(payload).to_string();
    let quoted = quoted.trim_matches('"');
    let each = |(label, bytes): (String, Vec<u8>)| {
        let text = String::from_utf8(bytes).unwrap();
        let name = if label.starts_with("get/") { quoted } else { payload };
        (label.replace(NODE, payload), text.replace(NODE, name).into_bytes())
    };
    kit::tree(&kit::shipped()).into_iter().map(each).collect()
}

fn agents(payload: &str) -> Vec<u8> {
    let event = |number: usize| {
        serde_json::json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": number.to_string(),
            "stage": "ResponseComplete", "verb": "list", "requestURI": "/api/v1/pods",
            "user": {"username": payload}, "userAgent": payload, "objectRef": {"resource": "pods"},
            "responseStatus": {"code": 429}, "requestReceivedTimestamp": "2026-03-14T09:00:00Z",
            "stageTimestamp": "2026-03-14T09:00:09Z",
        })
    };
    (0..200).map(|number| format!("{}\n", event(number))).collect::<String>().into_bytes()
}

#[test]
fn payloads_in_every_text_of_a_bundle_stay_text() {
    let mut shown = 0;
    for payload in PAYLOADS {
        let mut files = poisoned(payload);
        files.push(("audit/kube-audit.jsonl".to_owned(), agents(payload)));
        let report = kit::report(&kit::memory(files));
        assert!(!report.causes.is_empty() || !report.unexplained.is_empty(), "{payload:?}");
        shown += usize::from(serde_json::to_string(&report).unwrap().contains("kx"));
        inert(&report, payload);
    }
    assert!(shown > 5, "payloads reach the report, else this test tests nothing: {shown}");
}

#[test]
fn a_node_may_be_called_anything() {
    for payload in PAYLOADS {
        let report = kit::report(&kit::memory(renamed(payload)));
        assert!(report.about.rules_crashed.is_empty(), "{:?}", report.about.rules_crashed);
        inert(&report, payload);
        // A name that is no name of Kubernetes never stands in a command to copy.
        for step in report.causes.iter().flat_map(|cause| &cause.remedy) {
            let command = step.command.as_deref().unwrap_or_default();
            assert!(!command.contains("rm -rf") && !command.contains("<script"), "{command}");
        }
    }
}

/// Input that costs much where code is careless.
fn traps() -> Vec<(&'static str, &'static str, String)> {
    let repeated = |text: &str, times: usize| text.repeat(times);
    let aliases: String = (1..10)
        .map(|level| {
            format!("l{level}: &l{level} [{}]\n", vec![format!("*l{}", level - 1); 8].join(","))
        })
        .collect();
    let paths: String = (0..30)
        .map(|chain| format!("-A C{chain} -j C{0}\n-A C{chain} -j C{0}\n", chain + 1))
        .collect();
    let chains: String = (0..31).map(|chain| format!(":C{chain} - [0:0]\n")).collect();
    let owner = |name: &str, owner: &str| {
        format!(
            r#"{{"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{{"name":"{name}","namespace":"a","uid":"{name}","ownerReferences":[{{"kind":"ReplicaSet","name":"{owner}","uid":"{owner}","controller":true}}]}},"spec":{{"replicas":3}},"status":{{"replicas":0}}}}"#
        )
    };
    vec![
        ("deep arrays", "get/deep.json", repeated("[", 100_000) + &repeated("]", 100_000)),
        ("deep objects", "get/open.json", repeated("{\"items\":[", 50_000)),
        (
            "deep inside an object",
            "get/inside.json",
            format!(r#"{{"apiVersion":"v1","kind":"PodList","items":[{{"metadata":{{"name":"a"}},"spec":{}{}}}]}}"#, repeated("{\"a\":", 5000), repeated("}", 5000)),
        ),
        ("deep YAML", "get/deep.yaml", format!("apiVersion: v1\nkind: Pod\nspec: {}", repeated("[", 20_000))),
        ("YAML indented for ever", "get/steps.yaml", (0..1500).map(|level| format!("{}a:\n", " ".repeat(level))).collect()),
        ("aliases", "get/alias.yaml", format!("apiVersion: v1\nkind: Pod\nl0: &l0 [x,x,x,x,x,x,x,x]\n{aliases}")),
        ("a huge line", "logs/kube-system_a_b.log", format!("E0314 09:10:01.1 1 a.go:1] {}\n", repeated("x \"=\\", 400_000))),
        ("many empty lines", "logs/kube-system_c_d.log", format!("E0314 09:10:01.1 1 a.go:1] x\n{}", repeated("\n", 300_000))),
        ("keys never closed", "nodes/x/keys.pem", repeated("-----BEGIN CERTIFICATE-----\n", 100_000)),
        ("chains in a ring", "nodes/x/iptables-save.txt", "*filter\n:INPUT DROP [1:1]\n:A - [0:0]\n:B - [0:0]\n-A INPUT -j A\n-A A -j B\n-A B -j A\nCOMMIT\n".to_owned()),
        ("2^30 paths", "nodes/y/iptables-save.txt", format!("*filter\n:INPUT DROP [1:1]\n:OUTPUT ACCEPT [0:0]\n{chains}{paths}-A INPUT -j C0\n-A OUTPUT -j C0\nCOMMIT\n")),
        (
            "owners in a ring",
            "get/replicasets.json",
            format!(r#"{{"apiVersion":"v1","kind":"List","items":[{},{},{}]}}"#, owner("a", "b"), owner("b", "a"), owner("c", "c")),
        ),
        ("a number of 400 digits", "get/number.json", format!(r#"{{"apiVersion":"v1","kind":"PodList","items":[{{"metadata":{{"name":"n"}},"status":{{"containerStatuses":[{{"name":"c","restartCount":{}}}]}}}}]}}"#, repeated("7", 400))),
        ("labels without end", "raw/metrics.txt", format!("# TYPE a counter\na{{{}\n", repeated("b=\"c\",", 100_000))),
        ("a table of columns", "wide/pods.txt", format!("NAME  READY  STATUS  {}\n{}\n", repeated("A  ", 50_000), repeated("b  ", 50_000))),
        ("nested nftables", "nodes/z/nft.txt", format!("table inet filter {{ chain input {{ {}", repeated("{ ", 50_000))),
        ("times out of range", "get/times.json", r#"{"apiVersion":"v1","kind":"EventList","items":[{"type":"Warning","reason":"BackOff","message":"m","count":-9223372036854775808,"firstTimestamp":"9999-12-31T23:59:59Z","lastTimestamp":"0000-01-01T00:00:00Z","involvedObject":{"kind":"Pod","name":"p"}}]}"#.to_owned()),
    ]
}

#[test]
fn traps_hide_no_fault_and_crash_nothing() {
    let shipped = kit::tree(&kit::shipped());
    let alone = kit::report(&kit::memory(shipped.clone())).causes.first().unwrap().code.clone();
    let mut all = shipped.clone();
    for (name, label, text) in traps() {
        all.push((label.to_owned(), text.clone().into_bytes()));
        let mut files = shipped.clone();
        files.push((label.to_owned(), text.into_bytes()));
        let report = kit::report(&kit::memory(files));
        assert!(report.about.rules_crashed.is_empty(), "{name}: {:?}", report.about.rules_crashed);
        let causes: Vec<&str> = report.causes.iter().map(|cause| cause.code.as_str()).collect();
        assert!(causes.contains(&alone.as_str()), "{name}: only {causes:?}");
    }
    let report = kit::report(&kit::memory(all));
    assert!(report.causes.iter().any(|cause| cause.code == alone));
    inert(&report, "all traps at once");
}
