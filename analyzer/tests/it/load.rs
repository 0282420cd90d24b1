//! Who loads the API server: logs too long for a rule's page.

use std::fmt::Write;

use assert_cmd::Command;
use konspect::report::Report;

use crate::kit;

/// Writes events as the API server does.
#[derive(Default)]
struct Log {
    text: String,
    events: u64,
}

impl Log {
    /// One request that took some micro-seconds, `seconds` after the log's first second.
    fn add(
        &mut self,
        seconds: f64,
        client: (&str, &str),
        request: (&str, &str, &str),
        code: u16,
        took: f64,
    ) {
        let ((user, agent), (verb, uri, resource)) = (client, request);
        let time = |seconds: f64| {
            format!("2025-06-11T15:{:02}:{:09.6}Z", (seconds / 60.0).floor(), seconds % 60.0)
        };
        self.events += 1;
        let (group, plural) = resource.split_once('/').unwrap_or(("", resource));
        let _ = writeln!(
            self.text,
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"e{}","stage":"ResponseComplete","requestURI":"{uri}","verb":"{verb}","user":{{"username":"{user}"}},"sourceIPs":["10.244.1.9"],"userAgent":"{agent}","objectRef":{{"resource":"{plural}","namespace":"vault","apiGroup":"{group}","apiVersion":"v1"}},"responseStatus":{{"code":{code}}},"requestReceivedTimestamp":"{}","stageTimestamp":"{}"}}"#,
            self.events,
            time(seconds),
            time(seconds + took),
        );
    }

    /// Everyday requests over three minutes, and others' that are turned away from the second minute on.
    fn of_a_cluster() -> Self {
        let mut log = Self::default();
        for tick in 0..90 {
            let at = f64::from(tick) * 2.0;
            let scheduler = ("system:kube-scheduler", "kube-scheduler/v1.31.8");
            log.add(
                at,
                scheduler,
                ("update", "/apis/coordination.k8s.io/v1/leases", "coordination.k8s.io/leases"),
                200,
                0.02,
            );
            let web = ("system:serviceaccount:shop:web", "Go-http-client/2.0");
            let code = if at > 70.0 { 429 } else { 200 };
            log.add(
                at,
                web,
                ("get", "/api/v1/namespaces/vault/configmaps/flags", "configmaps"),
                code,
                0.004,
            );
        }
        log
    }

    fn report(self) -> Report {
        kit::report(&kit::memory(vec![("audit.log".to_owned(), self.text.into_bytes())]))
    }
}

const SYNC: (&str, &str) = ("system:serviceaccount:vault:sync", "sync/2.0");

fn causes(report: &Report) -> Vec<&str> {
    report.causes.iter().map(|cause| cause.rule.as_str()).collect()
}

/// A log of writes alone is no missing log, and who wrote is judged by writes.
#[test]
fn a_log_of_writes_alone_lacks_reads() {
    let mut log = Log::default();
    let lease = ("update", "/apis/coordination.k8s.io/v1/leases", "coordination.k8s.io/leases");
    for tick in 0..30 {
        let at = f64::from(tick) * 2.0;
        log.add(at, ("system:kube-scheduler", "kube-scheduler/v1.31.8"), lease, 200, 0.02);
        if tick % 3 == 0 {
            log.add(at, SYNC, ("patch", "/api/v1/namespaces/vault/pods/a", "pods"), 200, 0.02);
        }
    }
    let report = log.report();
    for code in ["KSP3001", "KSP3003"] {
        let open = report.unchecked.iter().find(|open| open.code == code).unwrap();
        assert!(open.missing.contains("reads are not in it"), "{code}: {}", open.missing);
    }
    let writes = report.ruled_out.iter().find(|item| item.code == "KSP3004").unwrap();
    assert!(writes.why.contains("system:kube-scheduler, wrote 30 times"), "{}", writes.why);
}

/// Nobody counted the Secrets, but one client made them by the hundred and nobody took one away.
#[test]
fn what_is_poured_in_and_never_taken_away_is_a_leak_and_no_storm() {
    let mut log = Log::of_a_cluster();
    for number in 0..900 {
        let at = 66.0 + f64::from(number) / 9.0;
        log.add(at, SYNC, ("create", "/api/v1/namespaces/vault/secrets", "secrets"), 201, 0.4);
    }
    let report = log.report();
    assert_eq!(causes(&report), ["etcd-object-leak"]);
    let cause = &report.causes[0];
    assert_eq!(cause.subject.name, "secrets");
    assert_eq!(cause.since.as_deref(), Some("2025-06-11T15:01:06Z"));
}

/// What expires or is never stored is no leak, however much of it is created: it is a storm of writes.
#[test]
fn events_and_reviews_do_not_pile_up() {
    for (uri, resource) in [
        ("/api/v1/namespaces/vault/events", "events"),
        ("/apis/authentication.k8s.io/v1/tokenreviews", "authentication.k8s.io/tokenreviews"),
        ("/api/v1/namespaces/vault/secrets?fieldManager=sync&dryRun=All", "secrets"),
    ] {
        let mut log = Log::of_a_cluster();
        for number in 0..900 {
            log.add(66.0 + f64::from(number) / 9.0, SYNC, ("create", uri, resource), 201, 0.4);
        }
        assert_eq!(causes(&log.report()), ["client-write-storm"], "{resource}");
    }
}

/// As many are deleted, by whomever: then it is the writing that hurts.
#[test]
fn what_somebody_else_takes_away_is_no_leak() {
    let mut log = Log::of_a_cluster();
    for number in 0..900 {
        let at = 66.0 + f64::from(number) / 9.0;
        log.add(at, SYNC, ("create", "/api/v1/namespaces/vault/secrets", "secrets"), 201, 0.4);
        let cleaner = ("system:serviceaccount:vault:cleaner", "cleaner/1.0");
        log.add(
            at + 5.0,
            cleaner,
            ("delete", "/api/v1/namespaces/vault/secrets/x", "secrets"),
            200,
            0.01,
        );
    }
    assert_eq!(causes(&log.report()), ["client-write-storm"]);
}

/// A kubelet is busy by nature; what borrows a node's credentials is a client like any other.
#[test]
fn a_node_is_a_client_where_its_kubelet_is_not() {
    for (agent, expected) in [
        ("kubelet/v1.31.8 (linux/amd64) kubernetes/684b0e3", &[][..]),
        ("kubelet.exe/v1.31.8 (windows/amd64) kubernetes/684b0e3", &[]),
        ("python-requests/2.32.3", &["client-list-storm"]),
    ] {
        let mut log = Log::of_a_cluster();
        for number in 0..900 {
            let at = 66.0 + f64::from(number) / 9.0;
            let node = ("system:node:aks-pool-1", agent);
            log.add(at, node, ("list", "/api/v1/pods", "pods"), 200, 0.4);
        }
        assert_eq!(causes(&log.report()), expected, "{agent}");
    }
}

/// What was turned away long before is no part of what goes on now.
#[test]
fn rejections_begin_where_they_go_on() {
    let mut log = Log::default();
    let web = ("system:serviceaccount:shop:web", "Go-http-client/2.0");
    for second in 0..1200 {
        let code = if second == 8 || second >= 900 { 429 } else { 200 };
        let request = ("get", "/api/v1/namespaces/vault/configmaps/flags", "configmaps");
        log.add(f64::from(second), web, request, code, 0.004);
    }
    let report = serde_json::to_value(log.report()).unwrap();
    let mut found = Vec::new();
    findings(&report, "requests-rejected-by-priority-and-fairness", &mut found);
    assert_eq!(
        found.first().map(|it| &it["since"]),
        Some(&"2025-06-11T15:15:00Z".into()),
        "{found:?}"
    );
}

/// Everything in a report that a rule found.
fn findings<'a>(value: &'a serde_json::Value, rule: &str, found: &mut Vec<&'a serde_json::Value>) {
    if value["rule"] == rule && value.get("since").is_some() {
        found.push(value);
    }
    match value {
        serde_json::Value::Array(items) => {
            for item in items {
                findings(item, rule, found);
            }
        }
        serde_json::Value::Object(fields) => {
            for field in fields.values() {
                findings(field, rule, found);
            }
        }
        _ => {}
    }
}

/// Watches take no seats: when they are the storm, nobody waited in one queue with them.
#[test]
fn a_client_that_nobody_waits_for_gains_nobody_anything() {
    let mut log = Log::default();
    let web = ("system:serviceaccount:shop:web", "Go-http-client/2.0");
    let churn = ("system:serviceaccount:shop:churn", "churn/1");
    for second in 0..300 {
        let (at, slow) = (f64::from(second), second >= 150);
        let took = if slow { 2.0 } else { 0.005 };
        log.add(
            at,
            web,
            ("get", "/api/v1/namespaces/vault/configmaps/flags", "configmaps"),
            200,
            took,
        );
        for part in 0..if slow { 5 } else { 0 } {
            let at = at + f64::from(part) * 0.2;
            log.add(at, churn, ("watch", "/api/v1/pods?watch=true", "pods"), 200, 0.1);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    std::fs::write(&path, log.text).unwrap();
    let done = Command::cargo_bin("konspect")
        .unwrap()
        .args(["audit", "--without", "churn/1"])
        .arg(&path)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(said.contains("waits longer than its own requests take"), "{said}");
    assert!(
        said.contains("Measured, without any model: 5.0 ms") && !said.contains("falls"),
        "{said}"
    );
    let done = Command::cargo_bin("konspect")
        .unwrap()
        .args(["audit", "--without", "churn/1", "-o", "json"])
        .arg(&path)
        .output()
        .unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let without = &answer["without"];
    assert_eq!(without["not_estimated"], "waits-less", "{without}");
    assert!(without["others_p99_without_ms"].is_null(), "{without}");
}

/// A record of a diagnostic setting in a storage account, its event cut where the client's objects begin.
fn exported(line: &str, cut: bool) -> String {
    let event: serde_json::Value = serde_json::from_str(line).unwrap();
    let log = match line.find(r#","responseStatus""#) {
        Some(end) if cut => {
            line[..end].to_owned()
                + r#","responseStatus":{"code":200},"requestObject":{"data":{"x":"yyyy"#
        }
        _ => format!("{line}\n"),
    };
    let record = serde_json::json!({
        "category": "kube-audit",
        "operationName": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read",
        "properties": { "pod": "kube-apiserver-1", "log": log, "stream": "stdout" },
        "time": event["stageTimestamp"],
    });
    format!("{record}\n")
}

/// What an exporter cut has no latency: the number of requests tells then, and what it does not tell is not cleared.
#[test]
fn a_client_whose_events_were_cut_is_judged_by_their_number() {
    let mut log = Log::of_a_cluster();
    for number in 0..900 {
        let at = 66.0 + f64::from(number) / 9.0;
        log.add(
            at,
            SYNC,
            ("update", "/api/v1/namespaces/vault/configmaps/big", "configmaps"),
            200,
            1.8,
        );
    }
    let records = |cut: bool| -> Report {
        let lines = log.text.lines().map(|line| exported(line, cut && line.contains(SYNC.1)));
        let files = [("commands.txt", "nothing\n".to_owned()), ("z/PT1H.json", lines.collect())];
        let files = files.map(|(name, text): (&str, String)| (name.to_owned(), text.into_bytes()));
        kit::report(&kit::memory(files.to_vec()))
    };
    let (whole, cut) = (records(false), records(true));
    assert_eq!(causes(&whole), ["client-write-storm"]);
    assert_eq!(causes(&cut), ["client-write-storm"]);
    // Of a request that was cut only its end is known.
    for (report, since) in [(&whole, "2025-06-11T15:01:05Z"), (&cut, "2025-06-11T15:01:07Z")] {
        assert_eq!(report.causes[0].since.as_deref(), Some(since));
    }
    for rule in ["client-request-flood", "client-list-storm", "request-latency-over-slo"] {
        assert!(cut.ruled_out.iter().all(|card| card.rule != rule), "{rule}");
        let unchecked = cut.unchecked.iter().find(|card| card.rule == rule).unwrap();
        assert!(unchecked.missing.contains("900 of 1080 events"), "{}", unchecked.missing);
    }
    let note = cut.diagnostics.iter().find(|note| note.code == "KSB0012").unwrap();
    assert_eq!(note.path, "z/PT1H.json");
}

/// More than ten thousand that one log shows being made are there, whether or not anybody counted them.
#[test]
fn a_log_that_shows_ten_thousand_made_counts_as_somebody_who_counts_them() {
    for (made, expected) in [(9_000, &[][..]), (10_500, &["etcd-object-leak"])] {
        let mut log = Log::default();
        for number in 0..made {
            let at = 100.0 + f64::from(number) / 12.0;
            log.add(at, SYNC, ("create", "/api/v1/namespaces/vault/secrets", "secrets"), 201, 0.01);
        }
        assert_eq!(causes(&log.report()), expected, "{made}");
    }
}

/// A client that calls itself otherwise with each request, or each version of it, is one client all the same.
#[test]
fn a_client_that_changes_its_name_is_found_by_its_user() {
    for (names, agent) in [(40, "sync/…"), (100_000, "sync/…")] {
        let mut log = Log::of_a_cluster();
        for number in 0..900 {
            let at = 66.0 + f64::from(number) / 9.0;
            let agent = format!("sync/{}.0", (number * 7919) % names);
            log.add(at, (SYNC.0, &agent), ("list", "/api/v1/pods", "pods"), 200, 1.4);
        }
        let report = log.report();
        assert_eq!(causes(&report), ["client-list-storm"], "{names} names");
        let cause = &report.causes[0];
        assert_eq!(
            (&*cause.subject.name, cause.since.as_deref()),
            (SYNC.0, Some("2025-06-11T15:01:05Z"))
        );
        assert!(
            cause.title.contains(&format!("({agent}) lists whole collections 8.8 times/s")),
            "{}",
            cause.title
        );
    }
}

/// Different programs that share an account are not one program.
#[test]
fn programs_of_one_account_are_no_crowd() {
    let mut log = Log::of_a_cluster();
    for number in 0..900 {
        let at = 66.0 + f64::from(number) / 9.0;
        let agent = format!(
            "{}/1.0",
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"][number as usize % 12]
        );
        log.add(
            at,
            (SYNC.0, &agent),
            ("get", "/api/v1/namespaces/vault/secrets/x", "secrets"),
            200,
            0.4,
        );
    }
    assert_eq!(causes(&log.report()), [""; 0]);
}

/// Annotations tell how long requests waited for webhooks, since when, and which one let them pass after its time-out.
#[test]
fn a_webhook_that_holds_writes_up_has_an_onset() {
    let slow = |passed: &str| {
        let mut log = Log::of_a_cluster();
        for second in 0..400 {
            let took = if second < 250 { 0.02 } else { 10.0 };
            log.add(
                f64::from(second),
                SYNC,
                ("create", "/api/v1/namespaces/vault/pods", "pods"),
                201,
                took,
            );
        }
        let annotations = format!(
            r#""annotations":{{{passed}"apiserver.latency.k8s.io/total":"10s","apiserver.latency.k8s.io/validating-webhook":"9.9s"}},"requestReceivedTimestamp""#
        );
        let mut number = 0;
        let lines = log.text.lines().map(|line| {
            number += u32::from(line.contains(SYNC.1));
            let line = if line.contains(SYNC.1) && number > 250 {
                line.replace(r#""requestReceivedTimestamp""#, &annotations)
            } else {
                line.to_owned()
            };
            line + "\n"
        });
        kit::report(&kit::memory(vec![(
            "audit.log".to_owned(),
            lines.collect::<String>().into_bytes(),
        )]))
    };
    let found = |report: &Report| {
        let cause = report.causes.iter().find(|cause| cause.rule == "webhook-slow").unwrap();
        (cause.subject.name.clone(), cause.since.clone().unwrap())
    };
    // Latencies are kept in bins of 75 seconds.
    assert_eq!(found(&slow("")).1, "2025-06-11T15:03:45Z");
    // A failure is dated by its end.
    let open =
        r#""failed-open.validating.webhook.admission.k8s.io/round_0_index_0":"soft.example.com","#;
    assert_eq!(
        found(&slow(open)),
        ("soft.example.com".to_owned(), "2025-06-11T15:04:20Z".to_owned())
    );
}

/// What the few lines that could be read do not show is not ruled out, and nobody says that reads are lacking.
#[test]
fn a_log_that_could_not_be_read_clears_nobody() {
    let mut log = Log::of_a_cluster();
    let broken = log.text.lines().map(|line| format!("{}\n", &line[..line.len() - 30]));
    log.text = log.text.lines().take(40).map(|line| format!("{line}\n")).chain(broken).collect();
    let report = log.report();
    for code in ["KSP3001", "KSP3003", "KSP3004"] {
        assert!(!report.ruled_out.iter().any(|item| item.code == code), "{code}");
        let open = report.unchecked.iter().find(|open| open.code == code).unwrap();
        assert!(open.missing.contains("could not be read"), "{code}: {}", open.missing);
    }
}

/// A rate is of the time in which a client asks, and begins with the first of its bursts.
#[test]
fn bursts_with_a_pause_between_them_are_one_storm() {
    let mut log = Log::of_a_cluster();
    for number in 0..1600_u32 {
        let at = if number < 400 { 150.0 } else { 500.0 } + f64::from(number) / 4.0;
        log.add(at, SYNC, ("list", "/api/v1/pods", "pods"), 200, 2.5);
    }
    let report = log.report();
    assert_eq!(causes(&report), ["client-list-storm"]);
    let cause = &report.causes[0];
    assert!(cause.title.contains("4.0 times/s"), "{}", cause.title);
    assert_eq!(cause.since.as_deref(), Some("2025-06-11T15:02:30Z"));
}

/// Time that requests wait for a seat is no load of theirs: who holds the seats is to blame, though nobody is
/// turned away and no objective counts the wait.
#[test]
fn who_keeps_others_waiting_for_a_seat_is_found() {
    let mut log = Log::default();
    for tick in 0..1200_u32 {
        let at = f64::from(tick) / 2.0;
        let waits = if at >= 300.0 { 4.0 } else { 0.0 };
        for shop in ["web", "cart", "mail", "pay"] {
            let user = format!("system:serviceaccount:shop:{shop}");
            let request = ("get", "/api/v1/namespaces/vault/configmaps/flags", "configmaps");
            log.add(at, (&user, "shop/1.0"), request, 200, waits + 0.02);
        }
        if at >= 300.0 && tick % 2 == 0 {
            log.add(at, SYNC, ("list", "/api/v1/pods", "pods"), 200, 9.0);
        }
    }
    let annotations = |wait: &str| {
        format!(
            r#""annotations":{{"apiserver.latency.k8s.io/total":"4.02s","apiserver.latency.k8s.io/apf-queue-wait":"{wait}"}},"requestReceivedTimestamp""#
        )
    };
    let with = |wait: &str| {
        let mut number = 0;
        let lines = log.text.lines().map(|line| {
            number += u32::from(line.contains("shop/1.0"));
            let slow = line.contains("shop/1.0") && number > 2400;
            let line = if slow {
                line.replace(r#""requestReceivedTimestamp""#, &annotations(wait))
            } else {
                line.to_owned()
            };
            line + "\n"
        });
        let text = lines.collect::<String>().into_bytes();
        kit::report(&kit::memory(vec![("audit.log".to_owned(), text)]))
    };
    let report = with("4s");
    assert_eq!(causes(&report), ["client-list-storm"]);
    let cause = &report.causes[0];
    assert_eq!(cause.since.as_deref(), Some("2025-06-11T15:05:00Z"));
    let waiting =
        cause.explains.iter().find(|one| one.rule.starts_with("requests-rejected")).unwrap();
    assert!(waiting.title.contains("2400 of them 4.0 s on average"), "{}", waiting.title);
    // What is slow for another reason is no queue.
    let report = with("3µs");
    assert!(
        report.causes.iter().all(|cause| cause
            .explains
            .iter()
            .all(|one| !one.rule.starts_with("requests-rejected")))
    );
}
