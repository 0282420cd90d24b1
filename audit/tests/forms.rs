//! Every form in which audit events come gives the same counts, and no record is lost.

use konspect_audit::{
    AuditFold, AuditSummary, Failure, Fold, Folds, Form, Shared, Verb, fold_blocks, fold_bytes,
    in_lines, sniff,
};
use konspect_bundle::{ArtifactId, Source};
use proptest::prelude::*;

fn event(id: &str, extra: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{id}","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods?limit=500\u0026labelSelector=a%3Db","verb":"list","user":{{"username":"system:serviceaccount:shop:app","groups":["system:authenticated"]}},"sourceIPs":["10.0.0.7"],"userAgent":"app/1.0","objectRef":{{"resource":"pods","namespace":"shop","apiVersion":"v1"}},"responseStatus":{{"metadata":{{}},"code":200}}{extra},"requestReceivedTimestamp":"2025-06-02T16:55:47.100000Z","stageTimestamp":"2025-06-02T16:55:47.350000Z","annotations":{{"authorization.k8s.io/decision":"allow"}}}}"#
    )
}

fn read(text: impl AsRef<[u8]>) -> AuditSummary {
    let bytes = text.as_ref();
    let shared = Shared::new();
    let mut fold = fold_bytes(Source::new(ArtifactId(0), bytes), &shared);
    shared.close(&mut fold);
    let whole = fold.finish();
    for block in [701, 70_000] {
        let blocks = bytes
            .chunks(block)
            .enumerate()
            .map(move |(number, bytes)| ((number * block) as u64, bytes.to_vec()));
        let shared = Shared::new();
        let mut fold = AuditFold::default();
        fold.merge(fold_blocks(ArtifactId(0), blocks.collect::<Vec<_>>().into_iter(), &shared));
        shared.close(&mut fold);
        assert_eq!(fold.finish(), whole, "blocks of {block}");
    }
    if in_lines(bytes) {
        let folds = Folds::new();
        folds.take_steps(ArtifactId(0), |each| {
            let (mut base, mut step) = (0, Vec::new());
            for line in bytes.split_inclusive(|byte| *byte == b'\n').chain([&b""[..]]) {
                if step.len() > 10_000 || line.is_empty() {
                    each(base, &step);
                    base += step.len() as u64;
                    step.clear();
                }
                step.extend_from_slice(line);
            }
        });
        assert_eq!(folds.close().map(AuditFold::finish), Some(whole.clone()), "in steps");
    }
    let reading = whole.reading;
    assert_eq!(reading.records, reading.events + reading.refused + reading.foreign + reading.empty);
    whole
}

fn escaped(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('/', "\\/")
}

fn azure(log: &str) -> String {
    format!(
        r#"{{ "category": "kube-audit", "operationName": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read", "properties": {{"pod":"kube-apiserver-1","containerID":"c2","log":{},"stream":"stdout"}}, "resourceId": "/SUBSCRIPTIONS/0", "time": "2025-06-02T16:55:47.400000000Z"}}"#,
        escaped(&format!("{log}\n"))
    )
}

fn row(id: &str) -> [(&'static str, String); 13] {
    [
        ("TenantId", "t".to_owned()),
        ("TimeGenerated", "2025-06-02T16:55:47.350000Z".to_owned()),
        ("AuditId", id.to_owned()),
        ("Stage", "ResponseComplete".to_owned()),
        ("RequestUri", "/api/v1/namespaces/shop/pods?limit=500&labelSelector=a%3Db".to_owned()),
        ("Verb", "list".to_owned()),
        ("User", r#"{"username":"system:serviceaccount:shop:app","groups":["a,b"]}"#.to_owned()),
        ("SourceIps", r#"["10.0.0.7"]"#.to_owned()),
        ("UserAgent", "app/1.0".to_owned()),
        ("ObjectRef", r#"{"resource":"pods","namespace":"shop","apiVersion":"v1"}"#.to_owned()),
        ("ResponseStatus", r#"{"metadata":{},"code":200}"#.to_owned()),
        ("RequestReceivedTime", "2025-06-02T16:55:47.100000Z".to_owned()),
        ("StageReceivedTime", "2025-06-02T16:55:47.350000Z".to_owned()),
    ]
}

fn csv(
    rows: &[&str],
    name: impl Fn(&str) -> String,
    date: impl Fn(&str) -> String,
    delimiter: &str,
) -> String {
    let quote = |text: String| format!("\"{}\"", text.replace('"', "\"\""));
    let mut lines =
        vec![row("").iter().map(|(key, _)| name(key)).collect::<Vec<_>>().join(delimiter)];
    for id in rows {
        let cells = row(id)
            .map(|(key, value)| quote(if key.contains("Time") { date(&value) } else { value }));
        lines.push(cells.join(delimiter));
    }
    lines.join("\r\n") + "\r\n"
}

fn check(name: &str, text: impl AsRef<[u8]>, form: Form) {
    assert_eq!(sniff(text.as_ref()), Some(form), "{name}");
    let summary = read(text);
    assert_eq!(
        (summary.reading.events, summary.reading.refused),
        (2, 0),
        "{name}: {:?}",
        summary.refusals
    );
    let [client] = summary.clients.as_slice() else { panic!("{name}: {:?}", summary.clients) };
    assert_eq!(
        (client.user.as_str(), client.agent.as_str()),
        ("system:serviceaccount:shop:app", "app/1.0"),
        "{name}"
    );
    assert_eq!(client.total.requests, 2, "{name}");
    assert_eq!(client.addresses, [("10.0.0.7".to_owned(), 2)], "{name}");
    assert_eq!(client.total.latency_sum, 500_000, "{name}");
    assert_eq!((client.total.lists.paged, client.total.lists.selected), (2, 2), "{name}");
    assert_eq!(client.total.codes.as_slice(), [(200, 2)], "{name}");
    let [series] = client.series.as_slice() else { panic!("{name}") };
    assert_eq!(
        (series.verb, series.resource.as_str(), series.scope.as_str()),
        (Verb::List, "pods", "namespace"),
        "{name}"
    );
    assert_eq!(summary.window, Some((1_748_883_347_100_000, 1_748_883_347_350_000)), "{name}");
}

#[test]
fn all_forms_give_the_same() {
    let (a, b) = (event("a", ""), event("b", ""));
    let beta = (
        a.replace("audit.k8s.io/v1", "audit.k8s.io/v1beta1"),
        b.replace("audit.k8s.io/v1", "audit.k8s.io/v1beta1"),
    );
    let pretty = |text: &str| {
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(text).unwrap())
            .unwrap()
    };
    check("lines", format!("{a}\n{b}\n"), Form::Lines);
    check(
        "lines without the last end, CRLF, blank line",
        format!("\u{feff}{a}\r\n\r\n{b}"),
        Form::Lines,
    );
    check("v1beta1", format!("{}\n{}\n", beta.0, beta.1), Form::Lines);
    check("array", format!("[{a},{b}]"), Form::Values);
    check("array a line", format!("[\n{a},\n{b}\n]\n"), Form::Values);
    check("pretty array", pretty(&format!("[{a},{b}]")), Form::Values);
    check("pretty, one after the other", format!("{}\n{}\n", pretty(&a), pretty(&b)), Form::Values);
    check(
        "list",
        format!(
            r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{a},{b}]}}"#
        ),
        Form::Values,
    );
    check("storage", format!("{}\n{}\n", azure(&a), azure(&b)), Form::AzureDiagnostics);
    check(
        "records",
        format!(r#"{{"records":[{},{}]}}"#, azure(&a), azure(&b)),
        Form::AzureDiagnostics,
    );
    check(
        "upper case",
        format!("{}\n{}\n", azure(&a), azure(&b))
            .replace("\"category\"", "\"Category\"")
            .replace("\"properties\"", "\"Properties\""),
        Form::AzureDiagnostics,
    );
    let object = |id: &str, first: &str| {
        let pairs: Vec<String> = row(id)
            .iter()
            .map(|(key, value)| format!("{}:{}", escaped(key), escaped(value)))
            .collect();
        format!("{{{first}{},\"Type\":\"AKSAudit\"}}", pairs.join(","))
    };
    let table = "\"TableName\":\"PrimaryResult\",";
    check(
        "cli json",
        pretty(&format!("[{},{}]", object("a", table), object("b", table))),
        Form::LogAnalyticsJson,
    );
    check(
        "data export",
        format!("{}\n{}\n", object("a", ""), object("b", "")),
        Form::LogAnalyticsJson,
    );
    let names = row("").map(|(key, _)| format!(r#"{{"name":"{key}","type":"string"}}"#)).join(",");
    let cells = |id: &str| format!("[{}]", row(id).map(|(_, value)| escaped(&value)).join(","));
    let rest = format!(
        r#"{{"tables":[{{"name":"PrimaryResult","columns":[{names}],"rows":[{},{}]}}]}}"#,
        cells("a"),
        cells("b")
    );
    let kusto = rest
        .replace("\"tables\"", "\"Tables\"")
        .replace("\"columns\"", "\"Columns\"")
        .replace("\"rows\"", "\"Rows\"")
        .replace("\"name\":\"", "\"ColumnName\":\"");
    assert_eq!(read(&rest).reading.events, 2);
    assert_eq!(read(kusto).reading.events, 2);
    let portal = |name: &str| {
        if name.contains("Time") { format!("\"{name} [UTC]\"") } else { name.to_owned() }
    };
    let american =
        |time: &str| time.replace("2025-06-02T16:", "6/2/2025, 4:").replace("000Z", " PM");
    let german = |time: &str| time.replace("2025-06-02T", "02.06.2025 ").replace('Z', "");
    check(
        "csv of the cli",
        csv(&["a", "b"], str::to_owned, str::to_owned, ","),
        Form::LogAnalyticsCsv,
    );
    check("csv of the portal", csv(&["a", "b"], portal, american, ","), Form::LogAnalyticsCsv);
    check("csv with semicolons", csv(&["a", "b"], portal, german, ";"), Form::LogAnalyticsCsv);
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let diagnostics = format!(
        "TimeGenerated [UTC],Category,log_s,pod_s\n{0},kube-audit,{1},p\n{0},kube-audit,{2},p\n",
        "2025-06-02T16:55:47Z",
        quoted(&a),
        quoted(&b)
    );
    check("AzureDiagnostics", diagnostics, Form::LogAnalyticsCsv);
}

/// Captures of an Event Hub are Avro; printed as JSON lines, the body is text or bytes.
#[test]
fn captured_messages_are_opened() {
    let records =
        format!("{{\"records\":[{},{}]}}", azure(&event("a", "")), azure(&event("b", "")));
    let body = escaped(&records);
    for line in [
        format!(
            r#"{{"SequenceNumber":7,"Offset":"1","EnqueuedTimeUtc":"6/2/2025 4:55:47 PM","SystemProperties":{{}},"Properties":{{}},"Body":{body}}}"#
        ),
        format!(
            r#"{{"SequenceNumber":7,"Offset":"1","SystemProperties":{{}},"Properties":{{}},"Body":{{"bytes":{body}}}}}"#
        ),
    ] {
        assert!(konspect_audit::sniff(line.as_bytes()).is_some(), "{line}");
        let summary = read(format!("{line}\n"));
        assert_eq!(
            (summary.reading.events, summary.reading.refused),
            (2, 0),
            "{:?}",
            summary.refusals
        );
    }
}

#[test]
fn long_lines_neither_end_nor_shorten_anything() {
    for length in [65_537, 1_048_577, 16_777_217] {
        let filler =
            |count: usize| format!(r#","requestObject":{{"data":"{}"}}"#, "x".repeat(count));
        let long = event("long", &filler(length - event("long", &filler(0)).len()));
        assert_eq!(long.len(), length);
        let text = format!("{}\n{long}\n{}\n", event("a", ""), event("b", ""));
        let shared = Shared::new();
        let summary = fold_bytes(Source::new(ArtifactId(0), text.as_bytes()), &shared).finish();
        assert_eq!((summary.reading.events, summary.reading.refused), (3, 0));
        assert_eq!(summary.clients[0].total.latency_sum, 750_000);
    }
}

#[test]
fn what_cannot_be_read_is_counted_and_shown() {
    let good = event("a", "");
    let text = format!(
        "{}\n{good}\nnot json\n{{\"auditID\":3}}\n{{\"kind\":\"Pod\"}}\n{}",
        &good[300..],
        &good[..200]
    );
    let summary = read(&text);
    assert_eq!(
        (
            summary.reading.records,
            summary.reading.events,
            summary.reading.refused,
            summary.reading.foreign
        ),
        (6, 1, 4, 1)
    );
    assert_eq!(summary.refusals.len(), 3);
    let (at, _) = &summary.refusals[1];
    let place = usize::try_from(at.start).unwrap()..usize::try_from(at.end).unwrap();
    assert_eq!(&text[place], "not json");
    assert_eq!(summary.diagnostics().len(), 1);
}

#[test]
fn a_cut_azure_record_is_partial_and_has_no_latency() {
    let big = event(
        "big",
        &format!(r#","requestObject":{{"spec":{{"text":"{}"}}}}"#, "x".repeat(20_000)),
    );
    let text = format!("{}\n{}\n", azure(&big[..16_384]), azure(&event("a", "")));
    let summary = read(text);
    assert_eq!(
        (summary.reading.events, summary.reading.partial, summary.reading.refused),
        (2, 1, 0)
    );
    assert_eq!(summary.clients[0].total.requests, 2);
    assert_eq!(summary.clients[0].total.latency_sum, 250_000);
    assert_eq!(summary.window.unwrap().1, 1_748_883_347_400_000);
}

#[test]
fn local_times_of_an_export_are_said_to_be_assumed() {
    let date = |text: &str| match text {
        "2025-06-02T16:55:47.100000Z" => "6/2/2025, 4:55:47.100 PM".to_owned(),
        _ => "6/2/2025, 4:55:47.350 PM".to_owned(),
    };
    let named = |zone: &'static str| {
        move |key: &str| {
            if key.contains("Time") { format!("{key} [{zone}]") } else { key.to_owned() }
        }
    };
    let local = read(csv(&["a", "b"], named("Local Time"), date, ","));
    assert_eq!((local.local_dates, local.clients[0].total.latency_sum), (2, 500_000));
    assert_eq!(local.window, Some((1_748_883_347_100_000, 1_748_883_347_350_000)));
    let notes: Vec<String> = local.diagnostics().iter().map(|note| format!("{note:?}")).collect();
    assert!(
        notes.iter().any(|note| note.contains("AssumedDates") && note.contains("zone")),
        "{notes:?}"
    );
    assert!(local.assumed_at.is_some_and(|at| at.start > 0));
    let text = csv(&["a"], named("Local Time"), date, ",");
    let fold = fold_bytes(Source::new(ArtifactId(0), text.as_bytes()), &Shared::new());
    let saved = AuditFold::from_bytes(&fold.to_bytes()).unwrap().finish();
    assert_eq!((saved.local_dates, saved.assumed_at.is_some()), (1, true));
    // What says its zone needs no assumption, whatever the header says.
    assert_eq!(read(csv(&["a"], named("Local Time"), str::to_owned, ",")).local_dates, 0);
    let offset = |text: &str| text.replace('Z', "+00:00");
    assert_eq!(read(csv(&["a"], named("Local Time"), offset, ",")).local_dates, 0);
    assert_eq!(read(csv(&["a"], named("UTC"), date, ",")).local_dates, 0);
    assert_eq!(read(csv(&["a"], str::to_owned, date, ",")).local_dates, 0);
    // An event in the row has its own times, unless they were cut off.
    let log = |text: &str| {
        let text = text.replace('"', "\"\"");
        format!(
            "TimeGenerated [Local Time],Category,log_s\n\"6/2/2025, 6:55:47.400 PM\",kube-audit,\"{text}\"\n"
        )
    };
    let whole = read(log(&event("a", "")));
    assert_eq!((whole.local_dates, whole.window.unwrap().1), (0, 1_748_883_347_350_000));
    let cut = read(log(&event("a", "")[..450]));
    assert_eq!((cut.reading.partial, cut.local_dates), (1, 1));
}

/// A line as a CRI runtime writes it.
fn cri(stream: &str, tag: &str, text: &str) -> String {
    format!("2025-06-02T18:55:47.400000000+02:00 {stream} {tag} {text}\n")
}

/// A long line as containerd writes it: in parts of 16 KiB, between which the other stream speaks.
fn cri_in_parts(text: &str) -> String {
    let parts: Vec<_> = text.as_bytes().chunks(16_384).map(String::from_utf8_lossy).collect();
    let between = cri("stderr", "F", KLOG);
    let lines: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(number, part)| cri("stdout", if number + 1 < parts.len() { "P" } else { "F" }, part))
        .collect();
    lines.join(&between)
}

/// A line as Docker's `json-file` driver writes it.
fn docker(stream: &str, text: &str) -> String {
    let mut lines = String::new();
    for part in text.as_bytes().chunks(16_384) {
        let log = serde_json::Value::from(String::from_utf8_lossy(part));
        let line = format!(
            "{{\"log\":{log},\"stream\":\"{stream}\",\"time\":\"2025-06-02T16:55:47.4Z\"}}\n"
        );
        lines.push_str(&line);
    }
    lines
}

const KLOG: &str =
    "I0602 16:55:47.400000       1 trace.go:236] Trace[1892]: \"List\" (total time: 612ms):";

#[test]
fn what_stands_in_front_of_an_event_is_taken_off() {
    let (a, b) = (event("a", ""), event("b", ""));
    let long =
        event("b", &format!(r#","requestObject":{{"text":"{}"}}"#, "x, \\\"y ".repeat(9_000)));
    let trace = "Trace[1892]: [612ms] [612ms] END";
    for (name, text, empty, foreign) in [
        ("CRI", cri("stdout", "F", &a) + &cri("stderr", "F", KLOG) + &cri("stdout", "F", &b), 0, 1),
        ("CRI in parts", cri("stdout", "F", &a) + &cri_in_parts(&long), 3, 3),
        (
            "CRI, begun within a line",
            cri("stderr", "F", "x") + &cri_in_parts(&long) + &cri("stdout", "F", &a),
            3,
            4,
        ),
        (
            "CRI, an empty line",
            cri("stdout", "F", &a) + &cri("stdout", "F", "") + &cri("stdout", "F", &b),
            1,
            0,
        ),
        (
            "Docker",
            docker("stderr", &format!("{KLOG}\n"))
                + &docker("stdout", &format!("{a}\n"))
                + &docker("stdout", &format!("{b}\n")),
            0,
            1,
        ),
        (
            "Docker in parts",
            docker("stdout", &format!("{long}\n")) + &docker("stdout", &format!("{a}\n")),
            3,
            0,
        ),
        (
            "Docker, handed on",
            docker("stdout", &a) + &docker("stdout", KLOG) + &docker("stdout", &b),
            0,
            1,
        ),
        (
            "--timestamps",
            format!(
                "2025-06-02T16:55:47.4Z {a}\n2025-06-02T16:55:47.5Z {KLOG}\n2025-06-02T16:55:47.5Z {b}\n"
            ),
            0,
            1,
        ),
        (
            "--prefix",
            format!(
                "[pod/kube-apiserver-x/kube-apiserver] {KLOG}\n[pod/kube-apiserver-x/kube-apiserver] {a}\n[pod/kube-apiserver-y/kube-apiserver] {b}\n"
            ),
            0,
            1,
        ),
        (
            "both",
            format!("[pod/k/k] 2025-06-02T16:55:47.4Z {a}\n[pod/k/k] 2025-06-02T16:55:47.5Z {b}\n"),
            0,
            0,
        ),
        ("klog first", format!("{KLOG}\n{trace}\n{a}\n{b}\n"), 0, 2),
        ("klog behind", format!("{a}\n{KLOG}\n{trace}\n{b}\n"), 0, 2),
        (
            "journal",
            format!(
                "Jun 02 16:55:47 node k3s[812]: {KLOG}\nJun 02 16:55:47 node k3s[812]: {a}\nJun 02 16:55:47 node k3s[812]: {b}\n"
            ),
            0,
            1,
        ),
    ] {
        check(name, &text, Form::Lines);
        let reading = read(&text).reading;
        assert_eq!((reading.empty, reading.foreign), (empty, foreign), "{name}");
        assert_eq!(reading.records, text.lines().count() as u64, "{name}");
    }
}

#[test]
fn an_event_in_parts_is_shown_where_it_stands() {
    let long = event("a", &format!(r#","requestObject":{{"text":"{}"}}"#, "x".repeat(40_000)));
    let before = cri("stderr", "F", KLOG);
    let parts = cri_in_parts(&long);
    let text = format!("{before}{parts}{}", cri("stdout", "F", &event("b", "")));
    let summary = read(&text);
    let (_, at) = summary.clients[0].total.slowest.unwrap();
    // Both took as long, and the first counts.
    assert_eq!((at.start, at.end), (before.len() as u64, (before.len() + parts.len() - 1) as u64));
    // Without its end an event is what stood before the cut.
    let torn = cri("stdout", "P", &long[..16_384]);
    let text = format!("{torn}{}", cri("stdout", "F", &event("b", "")));
    for text in [text, format!("{}{torn}", cri("stdout", "F", &event("b", "")))] {
        let reading = read(&text).reading;
        assert_eq!((reading.events, reading.partial, reading.records), (2, 1, 2), "{text}");
    }
    // An end without its beginning is none.
    let text =
        format!("{}{}", cri("stdout", "F", &long[16_384..]), cri("stdout", "F", &event("b", "")));
    let reading = read(&text).reading;
    assert_eq!((reading.events, reading.refused, reading.records), (1, 1, 2));
}

#[test]
fn other_categories_are_passed_over() {
    let other = r#"{"category":"kube-apiserver","properties":{"log":"I0109 21:24:54.475483       1 clusterstate.go:1] x\n"},"time":"2025-06-02T16:55:47Z"}"#;
    let full = azure(&event("b", "")).replace("\"kube-audit\"", "\"kube-apiserver\"");
    let summary = read(format!("{other}\n{}\n{full}\n", azure(&event("a", ""))));
    assert_eq!(
        (summary.reading.events, summary.reading.foreign, summary.reading.refused),
        (2, 1, 0)
    );
}

#[test]
fn overlapping_files_count_once() {
    let text = format!("{}\n{}\n", event("a", ""), event("b", ""));
    let shared = Shared::new();
    let mut total = AuditFold::default();
    for number in 0..3 {
        total.merge(fold_bytes(Source::new(ArtifactId(number), text.as_bytes()), &shared));
    }
    shared.close(&mut total);
    let summary = total.finish();
    assert_eq!((summary.reading.events, summary.reading.duplicates, summary.requests()), (6, 4, 2));
    assert_eq!(summary.clients[0].total.slowest.unwrap().1.artifact, ArtifactId(0));
}

#[test]
fn watches_without_an_end_are_open() {
    let watch = |id: &str, stage: &str| {
        event(id, "").replace("ResponseComplete", stage).replace("\"list\"", "\"watch\"")
    };
    let text = [
        watch("a", "ResponseStarted"),
        watch("b", "ResponseStarted"),
        watch("a", "ResponseComplete"),
        watch("c", "ResponseComplete"),
    ]
    .join("\n");
    let summary = read(text);
    assert_eq!(summary.clients[0].open_watches, 1);
    assert_eq!(summary.clients[0].total.watches.started, 2);
    assert_eq!(summary.clients[0].total.watches.short, 2);
    assert_eq!(summary.clients[0].total.latency.total(), 0);
    assert!(summary.tells_open && !summary.admin_only);
}

#[test]
fn a_log_of_writes_alone_says_nothing_about_reads() {
    let write = event("a", "").replace("\"list\"", "\"update\"");
    assert!(read(&write).admin_only);
    assert!(!read(format!("{write}\n{}\n", event("b", ""))).admin_only);
}

#[test]
fn made_up_user_agents_are_bounded_and_keep_their_user() {
    let mut text = String::new();
    for number in 0..3000 {
        text.push_str(
            &event(&number.to_string(), "").replace("app/1.0", &format!("agent-{number}")),
        );
        text.push('\n');
    }
    let summary = read(&text);
    assert_eq!(summary.clients.len(), 257);
    assert_eq!(summary.clients.iter().filter(|client| client.other_agents).count(), 1);
    assert_eq!(summary.requests(), 3000);
    assert_eq!(summary.budget.clients_spilled, 3000 - 256);
    assert!(
        summary
            .diagnostics()
            .iter()
            .any(|diagnostic| diagnostic.code == konspect_bundle::Code::LimitReached)
    );
}

fn arbitrary() -> impl Strategy<Value = String> {
    let choices = (0..6_u32, 0..4_u32, 0..3_u32, 0..5_usize, 0..40_u32);
    choices.prop_map(|(id, agent, user, kind, second)| {
        let text = event(&id.to_string(), "")
            .replace("app/1.0", &format!("agent-{agent}"))
            .replace("shop:app", &format!("shop:app-{user}"))
            .replace("16:55:47.350000", &format!("16:55:{:02}.350000", second + 10));
        match kind {
            0 => {
                text.replace("\"list\"", "\"watch\"").replace("ResponseComplete", "ResponseStarted")
            }
            1 => text.replace("\"list\"", "\"watch\""),
            2 => text.replace(
                "\"code\":200",
                "\"message\":\"failed calling webhook \\\"w\\\": EOF\",\"code\":500",
            ),
            3 => text.chars().take(second as usize * 20).collect(),
            _ => text,
        }
    })
}

proptest! {
    /// Whatever the order and the grouping, the summary is the same.
    #[test]
    fn merging_is_associative_and_commutative(lines in prop::collection::vec(arbitrary(), 0..24), cut in 0_usize..24, swap in any::<bool>()) {
        let lines: Vec<String> = lines.iter().enumerate().scan(std::collections::BTreeSet::new(), |known, (number, line)| {
            let stage = line.contains("ResponseStarted");
            let id = line.split("\"auditID\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("").to_owned();
            let fresh = known.insert((id.clone(), stage));
            Some(if fresh { line.clone() } else { line.replacen(&format!("\"{id}\""), &format!("\"other-{number}\""), 1) })
        }).collect();
        let text = lines.join("\n") + "\n";
        let base = |count: usize| lines.iter().take(count).map(|line| line.len() + 1).sum::<usize>();
        let fold = |from: usize, to: usize| {
            let (start, end) = (base(from).min(text.len()), base(to).min(text.len()));
            let shared = Shared::without_duplicates();
            let mut fold = fold_bytes(Source { id: ArtifactId(0), bytes: &text.as_bytes()[start..end], base: start as u64 }, &shared);
            shared.close(&mut fold);
            fold
        };
        let (cut, end) = (cut.min(lines.len()), lines.len());
        let middle = usize::midpoint(cut, end);
        let whole = fold(0, end).finish();
        let (mut a, b, c) = (fold(0, cut), fold(cut, middle), fold(middle, end));
        let grouped = if swap {
            let mut right = c;
            right.merge(b);
            right.merge(a);
            right
        } else {
            a.merge(b);
            a.merge(c);
            a
        };
        prop_assert_eq!(&grouped.to_bytes(), &fold(0, end).to_bytes());
        let grouped = grouped.finish();
        prop_assert_eq!(grouped.requests(), whole.requests());
        prop_assert_eq!(grouped.failed(Failure::WebhookFailed), whole.failed(Failure::WebhookFailed));
        prop_assert_eq!(grouped, whole);
    }
}
