//! Every form in which audit events come gives the same counts.

use konspect_audit::{AuditFold, Form, Shared, fold_bytes};
use konspect_bundle::{ArtifactId, Source};

use crate::kit::{azure, check, escaped, event, read};

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

/// What scripts make of exports: no line ends, commas behind lines, warnings in front, times as counts.
#[test]
fn what_scripts_make_of_exports_is_read() {
    let (a, b) = (event("a", ""), event("b", ""));
    check("one after the other", format!("{a}{b}"), Form::Lines);
    check("a comma behind each", format!("{a},\n{b},\n"), Form::Lines);
    check("storage without line ends", azure(&a) + &azure(&b), Form::AzureDiagnostics);
    let records = |event: &str| format!("{{\"records\":[{}]}}", azure(event));
    check("messages in one line", records(&a) + " " + &records(&b), Form::AzureDiagnostics);
    let object = |id: &str, time: &dyn Fn(&str) -> String| {
        let pairs = row(id).map(|(key, value)| {
            let value = if key.contains("Time") { time(&value) } else { escaped(&value) };
            format!("{}:{value}", escaped(key))
        });
        format!("{{{}}}", pairs.join(","))
    };
    let same = |time: &str| escaped(time);
    let (row_a, row_b) = (object("a", &same), object("b", &same));
    check("rows in one line", row_a.clone() + &row_b, Form::LogAnalyticsJson);
    let warnings =
        "WARNING: The behavior of this command has been altered by [x] {y}.\r\n\nWARNING: again\n";
    check("warnings", format!("{warnings}[\n  {row_a},\n  {row_b}\n]\n"), Form::LogAnalyticsJson);
    check("warnings, then lines", format!("WARNING: x\n[{a},\n{b}]"), Form::Values);
    let micros = |time: &str| if time.contains(".10") { 100_000 } else { 350_000 } + 1_748_883_347_000_000_i64;
    let millis = |time: &str| (micros(time) / 1_000).to_string();
    let net = |time: &str| format!("\"\\/Date({})\\/\"", millis(time));
    for time in [&millis as &dyn Fn(&str) -> String, &net] {
        let rows = format!("[{},{}]", object("a", time), object("b", time));
        check(&rows, &rows, Form::LogAnalyticsJson);
    }
    let seconds = |time: &str| format!("17488833{:02}.{:06}", 47, micros(time) % 1_000_000);
    for date in [&millis as &dyn Fn(&str) -> String, &seconds] {
        check("csv, counted", csv(&["a", "b"], str::to_owned, date, ","), Form::LogAnalyticsCsv);
    }
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
