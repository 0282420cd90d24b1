//! `konspect audit` over the shipped log, against an independent reading of the same lines.

mod without;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use konspect_bundle::{Bundle, Limits};
use serde_json::Value;

use crate::{kit, schema};

fn log() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/audit/kube-audit.log.gz");
    path.canonicalize().unwrap()
}

fn lines() -> Vec<String> {
    let mut text = String::new();
    let file = std::fs::File::open(log()).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn events() -> Vec<Value> {
    lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Exit code, standard output, standard error.
fn audit(paths: &[&Path], arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("konspect")
        .unwrap()
        .arg("audit")
        .args(paths)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn answer(paths: &[&Path], arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["-o", "json"]).collect();
    let (exit, out, err) = audit(paths, &arguments);
    assert_eq!(exit, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

fn text<'a>(event: &'a Value, pointer: &str) -> &'a str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Requests, each once: what ended, and watches that did not.
fn requests() -> Vec<Value> {
    let all = events();
    let at = |event: &Value, stage: &str| text(event, "/stage") == stage;
    let ended: std::collections::BTreeSet<&str> = all
        .iter()
        .filter(|event| at(event, "ResponseComplete"))
        .map(|event| text(event, "/auditID"))
        .collect();
    let open = |event: &Value| {
        at(event, "ResponseStarted")
            && text(event, "/verb") == "watch"
            && !ended.contains(text(event, "/auditID"))
    };
    all.iter().filter(|event| at(event, "ResponseComplete") || open(event)).cloned().collect()
}

/// Requests by whatever `key` gives.
fn counted(key: impl Fn(&Value) -> Vec<String>) -> BTreeMap<Vec<String>, u64> {
    let mut counted = BTreeMap::new();
    for event in &requests() {
        *counted.entry(key(event)).or_default() += 1;
    }
    counted
}

/// The requests of each row by the values under `keys`.
fn rows(table: &Value, keys: &[&str]) -> BTreeMap<Vec<String>, u64> {
    let row = |row: &Value| {
        let key = keys.iter().map(|key| row[key].as_str().unwrap().to_owned()).collect();
        (key, row["requests"].as_u64().unwrap())
    };
    table.as_array().unwrap().iter().map(row).collect()
}

#[test]
fn what_stands_out_is_said_without_being_asked() {
    let (exit, out, err) = audit(&[&log()], &[]);
    assert_eq!((exit, err.as_str()), (0, ""));
    let total = lines().len();
    assert!(out.starts_with(&format!("{total} lines: {total} events, 0 refused")), "{out}");
    let line =
        |words: &[&str]| out.lines().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(line(&["priority-and-fairness", "inventory-sync"]), "{out}");
    assert!(line(&["webhook-failed", "job-runner"]), "{out}");
    assert!(line(&["inventory-sync", "requests", "2026-03-14T09:04:00Z"]), "{out}");
    assert!(line(&["batch/jobs", "job-runner"]), "{out}");
    assert!(!out.contains('\u{1b}'), "colour without a terminal: {out}");
}

#[test]
fn a_terminal_gets_styles_and_no_name_brings_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let line = lines().remove(0).replace("\"userAgent\":\"", "\"userAgent\":\"\\u001b[31mred ");
    std::fs::write(&path, line).unwrap();
    let (_, out, _) = audit(&[&path], &["--color", "always", "-r", "user-agents"]);
    assert!(out.contains("\u{1b}[1muser agent") && !out.contains("\\u001b[1m"), "{out}");
    assert!(out.contains("\\u001b[31mred") && !out.contains("\u{1b}[31m"), "{out}");
    let (_, out, _) = audit(&[&path], &["--color", "always", "--without", "red"]);
    assert!(!out.contains("\u{1b}[31m"), "{out}");
}

#[test]
fn so_many_rows_come_as_are_asked_for() {
    let rows = |arguments: &[&str]| {
        answer(&[&log()], arguments)["latency_by_request"].as_array().unwrap().len()
    };
    assert_eq!(
        [rows(&["--top", "3"]), rows(&["--top", "7"]), rows(&["-r", "requests"])],
        [3, 7, 10]
    );
}

/// What a controller takes away is not left behind by whoever made it.
#[test]
fn what_somebody_else_deleted_is_not_left() {
    let line = |number: u32, verb: &str, agent: &str| {
        format!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{agent}{number}","stage":"ResponseComplete","requestURI":"/apis/batch/v1/namespaces/shop/jobs","verb":"{verb}","user":{{"username":"{agent}"}},"userAgent":"{agent}","objectRef":{{"resource":"jobs","apiGroup":"batch","namespace":"shop","name":"job-{number}"}},"responseStatus":{{"code":200}},"requestReceivedTimestamp":"2025-06-02T16:00:{number:02}.000000Z","stageTimestamp":"2025-06-02T16:00:{number:02}.010000Z"}}"#
        )
    };
    let made = (0..50).map(|number| line(number, "create", "runner"));
    let gone = (0..46).map(|number| line(number, "delete", "ttl-after-finished-controller"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, made.chain(gone).collect::<Vec<_>>().join("\n")).unwrap();
    let leaks = answer(&[&path], &["-r", "leaks"]);
    let rows = leaks["created_minus_deleted"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["left"]), (1, &Value::from(4)), "{rows:?}");
}

/// A p99 needs a hundred requests; of fewer the slowest and their number are what is known.
#[test]
fn few_requests_have_no_p99() {
    let answers = answer(&[&log()], &[]);
    let rows = answers.as_object().unwrap().values().filter_map(Value::as_array).flatten();
    let timed = rows.filter(|row| row["max_ms"].is_number() && row["requests"].is_u64());
    let (few, many): (Vec<_>, Vec<_>) = timed.partition(|row| row["requests"].as_u64() < Some(100));
    assert!(few.len() > 5 && many.len() > 5, "{} {}", few.len(), many.len());
    assert!(few.iter().all(|row| row["p99_ms"].is_null()), "{few:?}");
    assert!(many.iter().any(|row| row["p99_ms"].is_number()), "{many:?}");
}

#[test]
fn bins_stand_in_the_order_of_time_with_rates_of_their_own() {
    let by = answer(&[&log()], &["--by", "user", "--bin", "1m", "--top", "2"]);
    let rows = by["groups"].as_array().unwrap();
    let starts: Vec<&str> = rows.iter().map(|row| row["start"].as_str().unwrap()).collect();
    assert!(
        starts.is_sorted() && starts.len() > 10,
        "every bin of the two that ask most: {starts:?}"
    );
    for row in rows {
        let (requests, rate) = (row["requests"].as_f64().unwrap(), row["per_second"].as_f64());
        assert!((requests / 60.0 - rate.unwrap()).abs() < 1e-6, "{row}");
    }
    let (_, out, _) = audit(&[&log()], &["-r", "latency", "--bin", "90s"]);
    assert!(out.contains("bins are 150 s wide, not 90 s"), "{out}");
    let (_, out, _) = audit(&[&log()], &["-r", "latency", "--bin", "5m"]);
    assert!(!out.contains("wide, not"), "{out}");
}

#[test]
fn every_group_is_counted_as_a_simple_reader_counts_it() {
    let by = answer(&[&log()], &["--by", "user-agent,code", "--by", "namespace", "--top", "999"]);
    let wanted = counted(|event| {
        vec![
            text(event, "/userAgent").to_owned(),
            event["responseStatus"]["code"].to_string(),
            text(event, "/objectRef/namespace").to_owned(),
        ]
    });
    assert_eq!(rows(&by["groups"], &["user_agent", "code", "namespace"]), wanted);
    let bins = answer(&[&log()], &["--by", "verb", "--bin", "1m", "--top", "999"]);
    let wanted = counted(|event| {
        let minute = text(event, "/requestReceivedTimestamp").get(..16).unwrap();
        vec![format!("{minute}:00Z"), text(event, "/verb").to_owned()]
    });
    assert_eq!(rows(&bins["groups"], &["start", "verb"]), wanted);
}

/// The tables that need no question counted before the fold agree with those that do.
#[test]
fn named_questions_and_groups_agree() {
    let named =
        answer(&[&log()], &["-r", "user-agents", "-r", "codes", "-r", "namespaces", "--top", "99"]);
    for (key, dimension, column) in [
        ("top_user_agents", "user-agent", "user_agent"),
        ("top_codes", "code", "code"),
        ("top_namespaces", "namespace", "namespace"),
    ] {
        let mut groups =
            rows(&answer(&[&log()], &["--by", dimension, "--top", "99"])["groups"], &[column]);
        groups.remove(&vec![String::new()]);
        assert_eq!(rows(&named[key], &[column]), groups, "{key}");
    }
}

#[test]
fn no_quantile_is_beyond_the_slowest_request() {
    let answers = answer(&[&log()], &[]);
    let rows = answers.as_object().unwrap().values().filter_map(Value::as_array).flatten();
    let mut seen = 0;
    for row in rows {
        let Some(max) = row["max_ms"].as_f64() else { continue };
        for quantile in ["p50_ms", "p90_ms", "p99_ms"] {
            assert!(row[quantile].as_f64().is_none_or(|value| value <= max), "{quantile}: {row}");
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn filters_are_predicates_on_events() {
    let ended = |takes: &dyn Fn(&Value) -> bool| {
        requests().iter().filter(|event| takes(event)).count() as u64
    };
    for (arguments, wanted) in [
        (vec!["--code", "429"], ended(&|event| event["responseStatus"]["code"] == 429)),
        (
            vec!["--code", "5xx,429"],
            ended(&|event| {
                event["responseStatus"]["code"]
                    .as_u64()
                    .is_some_and(|code| code == 429 || code >= 500)
            }),
        ),
        (
            vec!["--namespace", "shop"],
            ended(&|event| text(event, "/objectRef/namespace") == "shop"),
        ),
        (
            vec!["--client", "Helm", "--verb", "patch"],
            ended(&|event| {
                text(event, "/userAgent").contains("Helm") && text(event, "/verb") == "patch"
            }),
        ),
        (
            vec!["--user", "job-runner", "--resource", "jobs.batch"],
            ended(&|event| text(event, "/user/username").contains("job-runner")),
        ),
        (vec!["--resource", "pods/exec"], 1),
        (
            vec!["--source-ip", "10.244.2.77"],
            ended(&|event| event["sourceIPs"][0] == "10.244.2.77"),
        ),
        (
            vec!["--since", "2026-03-14T09:04", "--until", "2026-03-14T09:05:00Z"],
            ended(&|event| {
                text(event, "/requestReceivedTimestamp").starts_with("2026-03-14T09:04")
            }),
        ),
    ] {
        let answer = answer(&[&log()], &arguments);
        assert!(wanted > 0, "{arguments:?} takes nothing");
        assert_eq!(answer["requests"], wanted, "{arguments:?}");
        let left_out = answer["left_out"].as_u64().unwrap();
        assert!(left_out > 0 && answer["events"] == lines().len(), "{arguments:?}");
    }
    // Start and end of a watch stay together, so that a filter makes no watch look open.
    let watches = answer(&[&log()], &["-r", "open-watches", "--user", "coredns"]);
    assert_eq!(watches["open_watches"].as_array().unwrap().len(), 0);
    // What the filters leave nothing of has no window, and a time of the filter is not one of the log.
    for filter in [["--user", "nobody-at-all"], ["--since", "2030-01-01"]] {
        let (exit, out, _) = audit(&[&log()], &filter);
        let all = format!("no event meets the filters: all {} events", lines().len());
        assert!(exit == 0 && out.contains(&all), "{out}");
        assert!(!out.contains("0 clients") && !out.contains("2030"), "{out}");
    }
}

#[test]
fn saved_states_merge_to_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second, state) = (
        folder.path().join("first.jsonl"),
        folder.path().join("second.jsonl"),
        folder.path().join("first.state"),
    );
    let lines = lines();
    let (head, tail) = lines.split_at(lines.len() / 2);
    std::fs::write(&first, head.join("\n")).unwrap();
    std::fs::write(&second, tail.join("\n")).unwrap();
    let save = ["--save", state.to_str().unwrap()];
    assert_eq!(audit(&[&first], &save).0, 0);
    assert_eq!(audit(&[&first], &save).0, 5, "a state is not overwritten without --force");
    let plain = |mut answer: Value| {
        // Places of a merged state point nowhere, and the same log in two files is two artefacts.
        let answer = answer.as_object_mut().unwrap();
        for rows in answer.values_mut().filter_map(Value::as_array_mut) {
            rows.iter_mut()
                .filter_map(Value::as_object_mut)
                .for_each(|row| drop(row.remove("where")));
        }
        Value::from(answer.clone())
    };
    let (merged, whole) = (plain(answer(&[&state, &second], &[])), plain(answer(&[&log()], &[])));
    for (key, rows) in whole.as_object().unwrap() {
        assert!(merged[key] == *rows, "{key} differs");
    }
    assert_eq!(merged["top_user_agents"][0]["requests"], 480);
    // A folder, and so an archive, of states and logs is the same.
    let together = folder.path().join("together");
    std::fs::create_dir(&together).unwrap();
    std::fs::copy(&state, together.join("monday.state")).unwrap();
    std::fs::copy(&second, together.join("tuesday.jsonl")).unwrap();
    assert_eq!(plain(answer(&[&together], &[])), merged);
    let (exit, _, err) = audit(&[&together], &["--by", "verb"]);
    assert!(exit == 2 && err.contains("monday.state is a saved state"), "{err}");
    let (exit, _, err) = audit(&[&state, &second], &["--by", "verb"]);
    assert!(exit == 2 && err.contains("saved state"), "{err}");
    std::fs::write(&state, b"konspect-audit-state\n\x05damaged").unwrap();
    std::fs::copy(&state, together.join("monday.state")).unwrap();
    for path in [&state, &together] {
        let (exit, _, err) = audit(&[path], &[]);
        assert!(exit == 3 && err.contains("damaged"), "{err}");
    }
}

/// The report counts what lies saved among the artefacts as the command does, cites the state, and
/// says which one is damaged.
#[test]
fn a_report_merges_the_states_of_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let (first, state) = (folder.path().join("first.jsonl"), folder.path().join("monday.state"));
    let lines = lines();
    let (head, tail) = lines.split_at(lines.len() / 2);
    std::fs::write(&first, head.join("\n")).unwrap();
    assert_eq!(audit(&[&first], &["--save", state.to_str().unwrap()]).0, 0);
    std::fs::write(&first, tail.join("\n")).unwrap();
    let report = || {
        let bundle = Bundle::open(&[folder.path().to_owned()], &Limits::default()).unwrap();
        serde_json::to_value(kit::report(&bundle)).unwrap()
    };
    let (merged, command) = (report(), answer(&[folder.path()], &["--top", "20"]));
    for key in ["requests", "top_user_agents", "rejected", "open_watches", "deprecated"] {
        assert_eq!(merged["audit"][key], command[key], "{key}");
    }
    assert_eq!(merged["audit"]["events"], lines.len());
    let state_at = serde_json::json!({ "path": "monday.state", "start": 0, "end": 20 });
    let places = merged["audit"]["latency_by_request"].as_array().unwrap().iter();
    let of_state = places.filter(|row| row["where"] == state_at).count();
    assert!(of_state > 0, "{}", merged["audit"]["latency_by_request"]);
    let (exit, out, err) = audit(&[&first, &state], &[]);
    assert!(exit == 0 && out.contains("1 saved state merged"), "{err}{out}");
    std::fs::write(&state, b"konspect-audit-state\n\x05damaged").unwrap();
    let damaged = report();
    assert_eq!(damaged["audit"]["events"], tail.len());
    let notes = damaged["diagnostics"].as_array().unwrap();
    assert!(notes.iter().any(|note| note.to_string().contains("damaged audit state")), "{notes:?}");
}

/// What counts twice is said by the command and by the report, with the names of both.
#[test]
fn states_that_hold_the_same_events_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (log, state) = (folder.path().join("a.jsonl"), folder.path().join("monday.state"));
    std::fs::write(&log, lines().join("\n")).unwrap();
    assert_eq!(audit(&[&log], &["--save", state.to_str().unwrap()]).0, 0);
    let (_, out, _) = audit(&[&log, &state], &[]);
    assert!(
        out.contains("monday.state: about 100 % of the events of this state are also in the logs"),
        "{out}"
    );
    std::fs::remove_file(&log).unwrap();
    std::fs::copy(&state, folder.path().join("copy.state")).unwrap();
    let said = "about 100 % of the events of this state are also in the state copy.state";
    let cautions = answer(&[folder.path()], &[])["cautions"].to_string();
    assert!(cautions.contains(said), "{cautions}");
    let bundle = Bundle::open(&[folder.path().to_owned()], &Limits::default()).unwrap();
    let report = serde_json::to_value(kit::report(&bundle)).unwrap();
    let notes = report["diagnostics"].as_array().unwrap();
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert_eq!(
        (&note["code"], &note["path"]),
        (&Value::from("KSB0017"), &Value::from("monday.state"))
    );
    assert!(note.to_string().contains(said), "{note}");
}

#[test]
fn a_log_of_writes_alone_clears_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.jsonl");
    let writes: Vec<String> = lines()
        .into_iter()
        .filter(|line| {
            ["\"create\"", "\"update\"", "\"patch\""].iter().any(|verb| line.contains(verb))
        })
        .collect();
    std::fs::write(&path, writes.join("\n")).unwrap();
    let (_, out, _) = audit(&[&path], &["-r", "polling"]);
    assert!(out.contains("kube-audit-admin") && out.contains("cannot be told"), "{out}");
    let (_, out, _) = audit(&[&log()], &["-r", "polling", "--client", "Helm"]);
    assert!(out.contains("nothing found"), "{out}");
}

#[test]
fn csv_is_one_table_and_everything_else_goes_beside_it() {
    let (exit, out, err) = audit(&[&log()], &["-r", "rejected", "-o", "csv"]);
    assert_eq!((exit, err.as_str()), (0, ""));
    let rows: Vec<&str> = out.lines().collect();
    assert_eq!(rows[0], "reason,user,user_agent,requests,share");
    assert!(
        rows[1].starts_with("priority-and-fairness,system:serviceaccount:orders:inventory-sync,")
    );
    let (exit, out, _) = audit(&[&log()], &["-r", "rejected", "-r", "slo", "-o", "csv"]);
    assert_eq!((exit, out.as_str()), (2, ""));
}

#[test]
fn wrong_questions_are_refused_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none.txt");
    std::fs::write(&none, "no log\n").unwrap();
    for (path, arguments, exit) in [
        (&log(), vec!["--code", "many"], 2),
        (&log(), vec!["--code", "42"], 2),
        (&log(), vec!["--verb", "lsit"], 2),
        (&log(), vec!["--since", "yesterday"], 2),
        (&log(), vec!["--bin", "5"], 2),
        (&log(), vec!["--by", "colour"], 2),
        (&log(), vec!["-r", "weather"], 2),
        (&log(), vec!["--without", "nobody"], 2),
        (&log(), vec!["--without", "inventory", "--server-version", "new"], 2),
        (&none, vec![], 3),
    ] {
        let (code, out, err) = audit(&[path], &arguments);
        assert_eq!((code, out.as_str()), (exit, ""), "{arguments:?}: {err}");
    }
}

#[test]
fn names_from_a_log_cannot_move_the_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.jsonl");
    let line = lines()
        .into_iter()
        .find(|line| line.contains("kubelet/v1.31.7"))
        .unwrap()
        .replace("kubelet/v1.31.7", "\\u001b[2J\\u202e=kubelet");
    std::fs::write(&path, line.replace("ResponseStarted", "ResponseComplete")).unwrap();
    let (exit, out, _) = audit(&[&path], &["--by", "user-agent"]);
    assert_eq!(exit, 0);
    assert!(out.contains("\\u001b[2J") && !out.contains(['\u{1b}', '\u{202e}']), "{out}");
}

#[test]
fn the_report_answers_what_it_promises() {
    let bundle = Bundle::open(&[log()], &Limits::default()).unwrap();
    let report = kit::report(&bundle);
    let json = serde_json::to_value(&report).unwrap();
    let violations = schema::check(&json);
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    let audit = &json["audit"];
    assert_eq!(
        audit["top_user_agents"][0]["user_agent"],
        "checkout/1.4 (linux/amd64) kubernetes/$Format"
    );
    assert_eq!(audit["rejected"][0]["reason"], "priority-and-fairness");
    assert!(audit["open_watches"][0]["open"].as_u64() >= Some(100), "{}", audit["open_watches"]);
    assert!(!audit["latency_by_user_agent"].as_array().unwrap().is_empty());
    assert!(!audit["latency_by_request"].as_array().unwrap().is_empty());
    assert_eq!(audit["deprecated"][0]["removed_release"], "1.32");
    assert_eq!(json["cluster"]["api_load"][0]["client"], "checkout (shop/checkout)");
    assert_eq!(json["cluster"]["latency"][0]["unit"], "ms");
}

#[test]
fn results_of_saved_queries_answer_what_they_can() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("top.csv", "UserAgent,count_\nlister/1.0,900\nkubelet/v1.31.7,100\n");
    put(
        "p99.json",
        r#"[{"HttpMethod":"list","Resource":"pods","p99latency":"41000","TableName":"PrimaryResult"}]"#,
    );
    let answer = answer(&[folder.path()], &[]);
    assert_eq!(answer["top_user_agents"][0]["share"], 0.9);
    assert_eq!(answer["latency_by_request"][0]["p99_ms"], 41000.0);
    let (exit, out, _) = audit(&[folder.path()], &[]);
    assert!(exit == 0 && out.contains("somebody else ran") && out.contains("41.00 s"), "{out}");
    let (exit, _, err) = audit(&[folder.path()], &["--by", "verb"]);
    assert!(exit == 3 && err.contains("no audit log"), "{err}");
    let bundle = Bundle::open(&[folder.path().to_owned()], &Limits::default()).unwrap();
    let json = serde_json::to_value(kit::report(&bundle)).unwrap();
    let violations = schema::check(&json);
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    assert_eq!(json["audit"]["from_summaries"], true);
    assert_eq!(json["audit"]["top_user_agents"][0]["requests"], 900);
    assert_eq!(json["unexplained"][0]["rule"], "request-latency-over-slo");
}
