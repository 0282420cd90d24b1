//! The same events in every form in which people hand in audit logs give the same answers, through
//! the command line and in the report.

mod events;
mod written;

use std::path::Path;

use assert_cmd::Command;
use konspect_bundle::{Bundle, Limits};
use serde_json::{Map, Value, json};

use self::events::{CSV, Csv, Row, diagnostics, events, record, row, with_zone};
use self::written::{exported, gzip, lines, one, own, queried, sent};
use crate::kit::{self, Tree};

/// What a whole log answers, with its name in the answer.
const QUESTIONS: [&str; 20] = [
    "user-agents",
    "users",
    "source-ips",
    "verbs",
    "resources",
    "namespaces",
    "codes",
    "latency",
    "requests",
    "slo",
    "bursts",
    "watches",
    "open-watches",
    "polling",
    "unbounded-lists",
    "rejected",
    "failures",
    "webhooks",
    "leaks",
    "deprecated",
];

/// Writes the files and gives what to open: the one file, or their folder.
fn put(folder: &Path, files: &Tree) -> std::path::PathBuf {
    for (label, bytes) in files {
        let path = folder.join(label);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    if let [(label, _)] = files.as_slice() { folder.join(label) } else { folder.to_owned() }
}

/// What `konspect audit` answers.
fn asked(files: &Tree) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::cargo_bin("konspect").unwrap();
    command.arg("audit").arg(put(folder.path(), files)).args(["-o", "json", "--top", "99"]);
    let output = command
        .args(QUESTIONS.iter().flat_map(|question| ["-r", question]))
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What `konspect analyze` answers.
fn reported(files: &Tree) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let bundle = Bundle::open(&[put(folder.path(), files)], &Limits::default()).unwrap();
    serde_json::to_value(kit::report(&bundle)).unwrap()["audit"].clone()
}

/// Answers without the places that they cite and without what is said about the records they came in.
fn plain(answer: &Value) -> Value {
    match answer {
        Value::Object(fields) => {
            let form = [
                "where",
                "forms",
                "records",
                "foreign",
                "empty",
                "duplicates",
                "events",
                "cautions",
            ];
            let kept = fields.iter().filter(|(key, _)| !form.contains(&key.as_str()));
            kept.map(|(key, value)| (key.clone(), plain(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}

/// Every record is an event, or refused, or told to be something else.
fn accounted(name: &str, answer: &Value) {
    let count = |key: &str| answer[key].as_u64().unwrap_or_else(|| panic!("{name}: {key}"));
    assert_eq!(
        count("records"),
        count("events") + count("refused") + count("foreign") + count("empty"),
        "{name}"
    );
}

fn compare(forms: Vec<(&'static str, Tree)>) {
    let all = events();
    let (asked_lines, reported_lines) = (asked(&one(lines(&all))), reported(&one(lines(&all))));
    assert_eq!((&asked_lines["events"], &asked_lines["refused"]), (&json!(all.len()), &json!(0)));
    for key in
        ["open_watches", "polling", "rejected", "webhooks", "created_minus_deleted", "deprecated"]
    {
        assert_ne!(asked_lines[key], json!([]), "{key} asks nothing of the forms");
    }
    for (name, files) in forms {
        let asked = asked(&files);
        accounted(name, &asked);
        assert_eq!(asked["refused"], 0, "{name}: {}", asked["cautions"]);
        assert_eq!(plain(&asked), plain(&asked_lines), "{name}");
        assert_eq!(plain(&reported(&files)), plain(&reported_lines), "{name}");
    }
}

#[test]
fn the_api_servers_own_forms() {
    compare(own(&events()));
}

#[test]
fn what_diagnostic_settings_send() {
    compare(sent(&events()));
}

#[test]
fn what_queries_give_as_json() {
    compare(queried(&events()));
}

#[test]
fn what_queries_give_as_csv() {
    compare(exported(&events()));
}

/// Archives, and members as our collector cuts them.
#[test]
fn archives_of_parts() {
    let all = events();
    let member = |(number, part): (usize, &[String])| {
        (format!("audit/kube-audit/{number:05}.jsonl"), lines(part).into_bytes())
    };
    let members: Tree = all.chunks(3).enumerate().map(member).collect();
    let folder = tempfile::tempdir().unwrap();
    let packed = |name: &str, write: &dyn Fn(&Path)| {
        let path = folder.path().join(name);
        write(&path);
        one(std::fs::read(path).unwrap())
    };
    compare(vec![
        ("members", members.clone()),
        ("zip of members", packed("parts.zip", &|path| kit::write_zip(path, &members))),
        ("tar.gz of members", packed("parts.tar.gz", &|path| kit::write_tar_gz(path, &members))),
        ("zip of one", packed("one.zip", &|path| kit::write_zip(path, &one(lines(&all))))),
    ]);
}

/// Other categories stand between the events, before them and after them.
#[test]
fn mixed_categories_are_told_apart() {
    let all = events();
    let klog = "I0109 21:24:54.475483       1 clusterstate.go:1] \"x\", y";
    let others = ["cluster-autoscaler", "kube-controller-manager", "guard"];
    let records = others.iter().map(|category| record(klog, category));
    let storage: Vec<String> = records
        .clone()
        .chain(all.iter().map(|line| record(line, "kube-audit")))
        .chain(records)
        .collect();
    let time = json!("2025-06-02T16:55:47.100000Z");
    let rows = others.iter().map(|category| diagnostics(klog, &time, category));
    let table: Vec<Row> = rows
        .clone()
        .chain(all.iter().map(|line| diagnostics(line, &time, "kube-audit")))
        .chain(rows)
        .collect();
    let forms = vec![
        ("storage", one(lines(&storage))),
        ("CSV", one(Csv { name: with_zone, ..CSV }.write(&table))),
    ];
    for (name, files) in &forms {
        let asked = asked(files);
        assert_eq!((&asked["events"], &asked["foreign"]), (&json!(all.len()), &json!(6)), "{name}");
    }
    compare(forms);
}

/// Exporters cut what is long: the request counts, and has no latency that nobody measured.
#[test]
fn a_cut_event_counts_and_has_no_latency() {
    let all = events();
    let long = all[1].replacen(
        ",\"requestReceivedTimestamp\"",
        &format!(
            ",\"requestObject\":{{\"data\":\"{}\"}},\"requestReceivedTimestamp\"",
            "x".repeat(40_000)
        ),
        1,
    );
    let time = json!("2025-06-02T16:56:01.140000Z");
    let cut = |limit: usize| vec![all[0].clone(), long[..limit].to_owned(), all[2].clone()];
    let row = |line: &String| diagnostics(line, &time, "kube-audit");
    for (name, files) in [
        (
            "storage",
            one(lines(
                &cut(16 << 10).iter().map(|line| record(line, "kube-audit")).collect::<Vec<_>>(),
            )),
        ),
        ("diagnostics", one(CSV.write(&cut(32_766).iter().map(row).collect::<Vec<_>>()))),
    ] {
        let answer = asked(&files);
        accounted(name, &answer);
        let counted =
            ["events", "refused", "partial", "requests"].map(|key| answer[key].as_u64().unwrap());
        assert_eq!(counted, [3, 0, 1, 3], "{name}");
        assert!(
            answer["cautions"].to_string().contains("1 event was cut by its exporter"),
            "{name}"
        );
        let gets = answer["top_verbs"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["verb"] == "get")
            .unwrap();
        assert_eq!((&gets["requests"], &gets["mean_ms"]), (&json!(2), &json!(41.0)), "{name}");
    }
}

/// A line longer than every buffer neither ends nor shortens what follows, and what cannot be read
/// is counted and its first place shown.
#[test]
fn long_and_broken_lines_lose_nothing() {
    let all = events();
    let filler = |count: usize| {
        format!(",\"requestObject\":{{\"data\":\"{}\"}},\"stageT", "x".repeat(count))
    };
    let longer = |count: usize| all[0].replacen(",\"stageT", &filler(count), 1);
    let mut text = String::new();
    for length in [(64 << 10) + 1, (1 << 20) + 1, (16 << 20) + 1] {
        let line =
            longer(length - longer(0).len()).replace("000000000001", &format!("{length:012}"));
        assert_eq!(line.len(), length);
        text.extend([line.as_str(), "\n{\"auditID\":\"broken\n"]);
    }
    text += &lines(&all);
    for (name, files) in [("plain", one(text.as_bytes())), ("gzip", one(gzip(&text)))] {
        let answer = asked(&files);
        accounted(name, &answer);
        let counted =
            ["records", "events", "refused", "requests"].map(|key| answer[key].as_u64().unwrap());
        // Ten of the events end a request, and one begins a watch that stays open.
        assert_eq!(counted, [6 + 13, 3 + 13, 3, 3 + 11], "{name}");
        let lists = &answer["unbounded_lists"];
        assert!(
            answer["cautions"][0].as_str().unwrap().starts_with("3 lines could not be read"),
            "{lists}"
        );
    }
}

/// Without reads nothing is cleared, and both the command and the report say so.
#[test]
fn an_admin_log_cannot_judge_reads() {
    let writes: Vec<String> =
        events().into_iter().filter(|line| line.contains("\"verb\":\"create\"")).collect();
    let records: Vec<String> = writes.iter().map(|line| record(line, "kube-audit-admin")).collect();
    let rows: Vec<Row> = writes.iter().map(|line| row(line)).collect();
    for (name, files) in
        [("storage", one(lines(&records))), ("AKSAuditAdmin", one(CSV.write(&rows)))]
    {
        let (asked, reported) = (asked(&files), reported(&files));
        assert_eq!(
            (&asked["admin_only"], &reported["admin_only"]),
            (&json!(true), &json!(true)),
            "{name}"
        );
        let said = asked["cautions"][0].as_str().unwrap();
        assert!(said.contains("nothing can be said about lists and polling"), "{name}: {said}");
    }
}
