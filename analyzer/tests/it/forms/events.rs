//! The events of the test and what exporters make of one: records, rows, lines of CSV.

use jiff::civil::DateTime;
use serde_json::{Map, Value, json};

/// One event in the order in which the API server writes its fields, as Go escapes them.
fn event(number: usize, what: [&str; 4], status: &str, millis: i64, annotation: &str) -> String {
    let [verb, stage, uri, object] = what;
    let start: DateTime = "2025-06-02T16:55:47.1".parse().unwrap();
    let received = start + jiff::Span::new().seconds(7 * i64::try_from(number).unwrap());
    let staged = received + jiff::Span::new().milliseconds(millis);
    let (user, agent) = match number % 3 {
        0 => ("jane@example.org", "Go-http-client/2.0"),
        _ => ("system:serviceaccount:shop:app", r#"app/1.0 (linux; \"x\", y\u003c)"#),
    };
    let uri = uri.replace('&', "\\u0026");
    let object = if object.is_empty() {
        String::new()
    } else {
        format!(r#","objectRef":{{{object},"apiVersion":"v1"}}"#)
    };
    let status = if status.is_empty() {
        String::new()
    } else {
        format!(r#","responseStatus":{{"metadata":{{}},{status}}}"#)
    };
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"00000000-0000-4000-8000-{number:012}","stage":"{stage}","requestURI":"{uri}","verb":"{verb}","user":{{"username":"{user}","uid":"u","groups":["system:serviceaccounts","system:authenticated"]}},"sourceIPs":["203.0.113.9","10.0.0.{}"],"userAgent":"{agent}"{object}{status},"requestReceivedTimestamp":"{received:.6}Z","stageTimestamp":"{staged:.6}Z","annotations":{{"authorization.k8s.io/reason":"RBAC: \"a\", b;\nc"{annotation}}}}}"#,
        number % 4,
    )
}

/// What every answer needs: lists, reads of one object, watches open and ended, a refusal, a webhook,
/// an object left behind, a deprecated API, a probe, and an exec in two stages.
pub(super) fn events() -> Vec<String> {
    const DONE: &str = "ResponseComplete";
    let pod = r#""resource":"pods","namespace":"shop","name":"a-1""#;
    let exec = r#""resource":"pods","namespace":"shop","name":"a-1","subresource":"exec""#;
    let one = "/api/v1/namespaces/shop/pods/a-1";
    let watch = "/api/v1/pods?watch=true&resourceVersion=7";
    let hook = r#","apiserver.latency.k8s.io/mutating-webhook":"2.000234567s","apiserver.latency.k8s.io/etcd":"57.106µs""#;
    let failed = r#""status":"Failure","message":"Internal error occurred: failed calling webhook \"w.example.org\": failed to call webhook: Post \"https://w.x.svc:443/m?timeout=10s\": context deadline exceeded","code":500"#;
    let run = "/api/v1/namespaces/shop/pods/a-1/exec?command=sh&stdin=true";
    let flows = "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas";
    vec![
        event(
            1,
            ["list", DONE, "/api/v1/pods?limit=500&labelSelector=a%3Db", r#""resource":"pods""#],
            "\"code\":200",
            250,
            "",
        ),
        event(2, ["get", DONE, one, pod], "\"code\":200", 40, ""),
        event(4, ["get", DONE, one, pod], "\"code\":200", 41, ""),
        event(
            5,
            ["watch", "ResponseStarted", watch, r#""resource":"pods""#],
            "\"code\":200",
            0,
            "",
        ),
        event(
            6,
            ["watch", "ResponseStarted", watch, r#""resource":"pods""#],
            "\"code\":200",
            0,
            "",
        ),
        event(6, ["watch", DONE, watch, r#""resource":"pods""#], "\"code\":200", 90_000, ""),
        event(
            7,
            ["list", DONE, "/api/v1/configmaps", r#""resource":"configmaps""#],
            "\"code\":429",
            1,
            "",
        ),
        event(
            8,
            [
                "create",
                DONE,
                "/api/v1/namespaces/shop/pods",
                r#""resource":"pods","namespace":"shop""#,
            ],
            failed,
            2_100,
            hook,
        ),
        event(
            9,
            [
                "create",
                DONE,
                "/apis/batch/v1/namespaces/shop/jobs",
                r#""resource":"jobs","namespace":"shop","name":"j","apiGroup":"batch""#,
            ],
            "\"code\":201",
            9,
            "",
        ),
        event(
            10,
            [
                "list",
                DONE,
                flows,
                r#""resource":"flowschemas","apiGroup":"flowcontrol.apiserver.k8s.io""#,
            ],
            "\"code\":200",
            3,
            r#","k8s.io/deprecated":"true","k8s.io/removed-release":"1.32""#,
        ),
        event(11, ["get", DONE, "/readyz?verbose", ""], "\"code\":200", 2, ""),
        event(12, ["create", "RequestReceived", run, exec], "", 0, ""),
        event(12, ["create", DONE, run, exec], "\"code\":101", 35_000, ""),
    ]
}

pub(super) fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// A record of a diagnostic setting: the event as escaped text, the slashes too.
pub(super) fn record(log: &str, category: &str) -> String {
    let log = Value::from(format!("{log}\n")).to_string().replace('/', "\\/");
    format!(
        r#"{{ "category": "{category}", "operationName": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read", "properties": {{"pod":"kube-apiserver-1","containerID":"c","log":{log},"stream":"stdout"}}, "resourceId": "/SUBSCRIPTIONS/0", "serviceBuild": "na", "time": "2025-06-02T16:55:49.123456789Z"}}"#
    )
}

/// A row under the columns of a table, in their order.
pub(super) type Row = Vec<(&'static str, Value)>;

/// A row of `AKSAudit`; what is dynamic is an object.
pub(super) fn row(line: &str) -> Row {
    let event = parsed(line);
    let get = |key: &str| event.get(key).cloned().unwrap_or_default();
    vec![
        ("TenantId", json!("t")),
        ("TimeGenerated", get("stageTimestamp")),
        ("Annotations", get("annotations")),
        ("AuditId", get("auditID")),
        ("Level", get("level")),
        ("ObjectRef", get("objectRef")),
        ("PodName", json!("kube-apiserver-1")),
        ("RequestObject", Value::Null),
        ("RequestReceivedTime", get("requestReceivedTimestamp")),
        ("RequestUri", get("requestURI")),
        ("ResponseObject", json!("skipped-too-big-size-object")),
        ("ResponseStatus", get("responseStatus")),
        ("SourceIps", get("sourceIPs")),
        ("Stage", get("stage")),
        ("StageReceivedTime", get("stageTimestamp")),
        ("User", get("user")),
        ("UserAgent", get("userAgent")),
        ("Verb", get("verb")),
        ("Type", json!("AKSAudit")),
    ]
}

/// A row of `AzureDiagnostics`.
pub(super) fn diagnostics(log: &str, time: &Value, category: &str) -> Row {
    vec![
        ("TimeGenerated", time.clone()),
        ("ResourceId", json!("/SUBSCRIPTIONS/0")),
        ("Category", json!(category)),
        ("ResourceType", json!("MANAGEDCLUSTERS")),
        ("containerID_s", json!("c")),
        ("log_s", json!(format!("{log}\n"))),
        ("stream_s", json!("stdout")),
        ("Type", json!("AzureDiagnostics")),
    ]
}

/// The text of a cell, as exports have it that know no objects.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn object(row: &Row, cells: impl Fn(&Value) -> Value) -> Map<String, Value> {
    row.iter().map(|(name, value)| ((*name).to_owned(), cells(value))).collect()
}

pub(super) fn texts(value: &Value) -> Value {
    Value::from(cell(value))
}

/// How a CSV export is written.
pub(super) struct Csv {
    pub(super) delimiter: &'static str,
    /// A column's name in the header.
    pub(super) name: fn(&str) -> String,
    /// A time, from what the API server wrote.
    pub(super) time: fn(DateTime) -> String,
    pub(super) always_quoted: bool,
    pub(super) before: &'static str,
}

pub(super) const CSV: Csv = Csv {
    delimiter: ",",
    name: str::to_owned,
    time: |time| format!("{time:.6}Z"),
    always_quoted: false,
    before: "",
};

fn dated(name: &str) -> bool {
    matches!(name, "TimeGenerated" | "RequestReceivedTime" | "StageReceivedTime")
}

pub(super) fn with_zone(name: &str) -> String {
    if dated(name) { format!("{name} [UTC]") } else { name.to_owned() }
}

impl Csv {
    pub(super) fn write(&self, rows: &[Row]) -> String {
        let quoted = |text: String| {
            if self.always_quoted || text.contains([',', ';', '"', '\n', '\t']) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text
            }
        };
        let header: Vec<String> =
            rows[0].iter().map(|(name, _)| quoted((self.name)(name))).collect();
        let mut out = format!("{}{}\r\n", self.before, header.join(self.delimiter));
        for row in rows {
            let cells: Vec<String> = row
                .iter()
                .map(|(name, value)| {
                    let text = cell(value);
                    quoted(if dated(name) {
                        (self.time)(text.trim_end_matches('Z').parse().unwrap())
                    } else {
                        text
                    })
                })
                .collect();
            out += &(cells.join(self.delimiter) + "\r\n");
        }
        out
    }
}
