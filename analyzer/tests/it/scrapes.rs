//! What scrapes of the API server prove, and what they do not.

use konspect::finding::Severity;
use konspect::report::Report;

use crate::kit;

fn report(metrics: &str) -> Report {
    kit::report(&kit::memory(vec![("metrics.txt".to_owned(), metrics.as_bytes().to_vec())]))
}

fn causes(report: &Report) -> Vec<&str> {
    report.causes.iter().map(|cause| cause.rule.as_str()).collect()
}

fn ruled_out<'a>(report: &'a Report, rule: &str) -> Option<&'a str> {
    report.ruled_out.iter().find(|card| card.rule == rule).map(|card| card.why.as_str())
}

/// A webhook that answered `good` calls and did not answer `bad`.
fn webhook(good: u64, bad: u64) -> Report {
    let labels = r#"name="vpod.example.com",operation="CREATE",type="validating""#;
    report(&format!(
        "process_start_time_seconds 1.7e+09\n\
         apiserver_admission_webhook_rejection_count{{error_type=\"calling_webhook_error\",rejection_code=\"500\",{labels}}} {bad}\n\
         apiserver_admission_webhook_request_total{{code=\"200\",rejected=\"false\",{labels}}} {good}\n\
         apiserver_admission_webhook_request_total{{code=\"600\",rejected=\"true\",{labels}}} {bad}\n"
    ))
}

/// Each of its Pods is replaced now and then: what counts is how many of the calls failed.
#[test]
fn a_webhook_that_answers_nearly_all_calls_blocks_nothing() {
    const RULE: &str = "webhook-unreachable-blocks-writes";
    assert_eq!(causes(&webhook(100, 900)), [RULE]);
    let some = webhook(100_000, 300);
    assert!(some.causes.is_empty());
    let found: Vec<_> = some.unexplained.iter().filter(|card| card.rule == RULE).collect();
    assert_eq!(found.iter().map(|card| card.severity).collect::<Vec<_>>(), [Severity::Warning]);
    assert!(found[0].title.starts_with("300 of 100,300 calls"), "{}", found[0].title);
    let few = webhook(812_345, 2);
    assert!(few.causes.is_empty() && few.unexplained.is_empty());
    assert!(ruled_out(&few, RULE).unwrap().starts_with("2 of 812,347 calls"));
}

/// With `failurePolicy: Ignore` calls fail and nothing is blocked: it must not be said that none failed.
#[test]
fn failures_that_let_requests_pass_are_told() {
    for series in [
        r#"apiserver_admission_webhook_fail_open_count{name="soft.example.com",type="validating"} 321"#,
        r#"apiserver_admission_webhook_request_total{name="soft.example.com",code="600",rejected="false",operation="CREATE",type="validating"} 321"#,
    ] {
        let report = report(&format!("process_start_time_seconds 1.7e+09\n{series}\n"));
        assert!(report.causes.is_empty());
        let why = ruled_out(&report, "webhook-unreachable-blocks-writes").unwrap();
        assert!(why.starts_with("321 calls of soft.example.com failed"), "{why}");
    }
}

/// Somebody asked for a few series: what those do not count is not known.
#[test]
fn a_part_of_a_scrape_clears_only_what_it_counts() {
    let part = "apiserver_storage_size_bytes{storage_cluster_id=\"etcd-0\"} 4.1e+08\n";
    let whole = format!("apiserver_request_total{{verb=\"GET\",code=\"200\"}} 7\n{part}");
    for rule in ["deprecated-api-in-use", "webhook-unreachable-blocks-writes"] {
        assert_eq!(ruled_out(&report(part), rule), None, "{rule}");
        assert!(ruled_out(&report(&whole), rule).is_some(), "{rule}");
    }
}

/// Without buckets there is a mean and no p99; above the last bucket there is a bound.
#[test]
fn a_latency_says_what_it_is() {
    let name = "apiserver_request_sli_duration_seconds";
    let labels = r#"verb="PATCH",group="",version="v1",resource="configmaps",subresource="",scope="resource""#;
    let title = |buckets: &str| {
        let scrape =
            format!("{name}_sum{{{labels}}} 30000\n{name}_count{{{labels}}} 1000\n{buckets}");
        report(&scrape).unexplained.first().unwrap().title.clone()
    };
    assert_eq!(title(""), "PATCH configmaps takes 30.0 s on average, over the objective");
    let buckets = [("0.1", 0), ("60", 900), ("+Inf", 1000)]
        .map(|(le, count)| format!("{name}_bucket{{{labels},le=\"{le}\"}} {count}\n"))
        .concat();
    assert_eq!(title(&buckets), "PATCH configmaps takes ≥ 60.0 s (p99), over the objective");
}

/// Up to 1.22 the metric does not tell kubelets' watches of single Secrets from others: growth does.
#[test]
fn watchers_that_grow_are_a_leak_in_old_versions_too() {
    let scrape = |open: u64| {
        format!(
            "process_start_time_seconds 1.7e+09\n\
             etcd_object_counts{{resource=\"nodes\"}} 10\n\
             apiserver_registered_watchers{{group=\"\",kind=\"Secret\",version=\"v1\"}} {open}\n"
        )
    };
    let of = |first: u64, second: u64| {
        let files = [("metrics-1.txt", scrape(first)), ("metrics-2.txt", scrape(second))];
        let files = files.map(|(name, text)| (name.to_owned(), text.into_bytes()));
        kit::report(&kit::memory(files.to_vec()))
    };
    assert_eq!(causes(&of(3000, 6000)), ["client-watch-leak"]);
    assert!(of(6000, 6000).causes.is_empty());
}

/// Each namespace has its own: what is many in a cluster of many namespaces is a pile in one of few.
#[test]
fn what_each_namespace_has_is_no_pile() {
    let of = |namespaces: u64| {
        let rows =
            [("namespaces", namespaces), ("configmaps", 14_000), ("serviceaccounts", 13_000)].map(
                |(resource, count)| {
                    format!("apiserver_storage_objects{{resource=\"{resource}\"}} {count}\n")
                },
            );
        let report = report(&rows.concat());
        report.causes.iter().map(|cause| cause.subject.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(6_000), [""; 0]);
    assert_eq!(of(300), ["configmaps", "serviceaccounts"]);
}

/// Each replica counts its own watches: one that has few does not clear the other, nor what was before a restart.
#[test]
fn one_replica_does_not_clear_another() {
    let scrape = |start: &str, open: u64| {
        format!(
            "process_start_time_seconds {start}\n\
             apiserver_storage_objects{{resource=\"nodes\"}} 20\n\
             apiserver_longrunning_requests{{verb=\"WATCH\",resource=\"secrets\",group=\"\",version=\"v1\",scope=\"cluster\"}} {open}\n"
        )
    };
    let cleared = |first: u64, second: u64| {
        let files = [("r1.txt", scrape("1.7e+09", first)), ("r2.txt", scrape("1.76e+09", second))];
        let files = files.map(|(name, text)| (name.to_owned(), text.into_bytes()));
        ruled_out(&kit::report(&kit::memory(files.to_vec())), "client-watch-leak").is_some()
    };
    assert!(cleared(60, 20));
    assert!(!cleared(3000, 20));
}

/// Scrapes that a load balancer handed to processes that began so many half hours before noon, one an hour later than
/// the one before; each with its own lines.
fn handed_out(scrapes: &[(i32, String)]) -> Report {
    let file = |(number, (start, lines)): (usize, &(i32, String))| {
        let start = 1_764_590_400 - i64::from(*start) * 3600 / 2;
        let lines = format!(
            "# 2025-12-01T{:02}:00:00Z\nprocess_start_time_seconds {start}\napiserver_request_total 1\n{lines}",
            12 + number
        );
        (format!("metrics-{number}.txt"), lines.into_bytes())
    };
    kit::report(&kit::memory(scrapes.iter().enumerate().map(file).collect()))
}

/// Everything that a report says was found, in one text.
fn found(report: &Report) -> String {
    let cards = [&report.causes, &report.unexplained, &report.aggravating].into_iter().flatten();
    let told = cards.map(|card| {
        let evidence: Vec<&str> = card.evidence.iter().map(|row| row.says.as_str()).collect();
        format!("{}: {}\n", card.title, evidence.join("; "))
    });
    told.collect()
}

type Lines<'a> = &'a dyn Fn(u32) -> String;

/// What holds for one replica holds, whichever the load balancer handed the first scrape to.
#[test]
fn the_worst_replica_counts_whichever_was_scraped_first() {
    let flight = |reading: u32| {
        format!("apiserver_current_inflight_requests{{request_kind=\"readOnly\"}} {reading}\n")
    };
    let queue = |waiting: u32| {
        format!(
            "apiserver_flowcontrol_nominal_limit_seats{{priority_level=\"low\"}} 20\n\
             apiserver_flowcontrol_current_executing_seats{{priority_level=\"low\"}} 20\n\
             apiserver_flowcontrol_current_inqueue_requests{{priority_level=\"low\"}} {waiting}\n"
        )
    };
    let api = |down: u32| {
        format!("aggregator_unavailable_apiservice{{name=\"v1beta1.metrics.k8s.io\"}} {down}\n")
    };
    let old = |used: u32| {
        let version =
            "group=\"batch\",removed_release=\"1.25\",resource=\"cronjobs\",version=\"v1beta1\"";
        if used == 0 {
            return String::new();
        }
        format!("apiserver_requested_deprecated_apis{{{version}}} 1\n")
    };
    let webhook = |seconds: u32| {
        let name = "apiserver_admission_webhook_admission_duration_seconds";
        let calls = if seconds == 0 { 5000 } else { 40 };
        let sum = calls * seconds;
        format!("{name}_sum{{name=\"a.b.c\"}} {sum}\n{name}_count{{name=\"a.b.c\"}} {calls}\n")
    };
    let latency = |seconds: u32| {
        let name = "apiserver_request_sli_duration_seconds";
        let labels = "group=\"\",resource=\"pods\",scope=\"resource\",verb=\"GET\"";
        let sum = 200 * seconds;
        format!("{name}_sum{{{labels}}} {sum}\n{name}_count{{{labels}}} 200\n")
    };
    let cases: [(Lines<'_>, u32, u32, &str); 6] = [
        (&flight, 390, 10, "in flight: 0 mutating and 390 reading"),
        (&queue, 40, 0, "20 of 20 seats taken, 40 requests"),
        (&api, 1, 0, "v1beta1.metrics.k8s.io"),
        (&old, 1, 0, "batch/v1beta1/cronjobs"),
        (&webhook, 4, 0, "webhook a.b.c takes 4.0 s"),
        (&latency, 7, 0, "GET pods takes 7.0 s"),
    ];
    for (lines, bad, good, says) in cases {
        let both: [(i32, String); 2] = [(9, lines(bad)), (8, lines(good))];
        assert!(found(&handed_out(&both)).contains(says), "{}", found(&handed_out(&both)));
        let [bad, good] = both;
        assert!(found(&handed_out(&[good.clone(), bad])).contains(says), "{says}");
        assert!(!found(&handed_out(&[good.clone(), good])).contains(says), "{says}");
    }
    let report = handed_out(&[(9, flight(390)), (8, flight(10))]);
    assert!(found(&report).contains("unless told otherwise (scrape 1 of 2)"), "{}", found(&report));
}

/// A gauge that fell in one process is over, and what a process before a restart had is not there now.
#[test]
fn what_a_process_had_before_is_not_there_now() {
    let watches = |open: u32| {
        format!(
            "apiserver_storage_objects{{resource=\"nodes\"}} 20\n\
             apiserver_longrunning_requests{{verb=\"WATCH\",resource=\"secrets\",group=\"\",version=\"v1\",scope=\"cluster\"}} {open}\n"
        )
    };
    let replicas = handed_out(&[(9, watches(3000)), (8, watches(20))]);
    let says = "3000 watches of secrets are open (scrape 1 of 2)";
    assert!(found(&replicas).contains(says), "{}", found(&replicas));
    let fell = handed_out(&[(9, watches(3000)), (8, watches(20)), (9, watches(20))]);
    assert_eq!(found(&fell), "");
    assert!(ruled_out(&fell, "client-watch-leak").is_some());
    // The second scrape is of a process that began after the first one.
    let restarted = handed_out(&[(9, watches(3000)), (-1, watches(20)), (-1, watches(20))]);
    assert_eq!(found(&restarted), "");
    assert_eq!(
        ruled_out(&restarted, "client-watch-leak"),
        None,
        "it says nothing of a leak that a restart ended"
    );
}
