//! What looks like a client's fault and is none, beside the fault itself: logs and metrics too long for a
//! rule's page.

use std::fmt::Write;

use konspect::finding::{Confidence, Severity};
use konspect::report::{FindingCard, Report};

use crate::kit;

/// An audit log of a quarter of an hour.
#[derive(Default)]
struct Log {
    text: String,
    events: u64,
}

/// Who asks: user, agent, address.
type Who<'a> = (&'a str, &'a str, &'a str);

/// Seconds that the log covers.
const END: f64 = 900.0;

const GATEWAY: &str = "20.50.1.2";

const AGENT: Who<'_> = ("system:serviceaccount:ops:agent", "agent/1.0", "10.244.3.7");

impl Log {
    /// The scheduler's lease from the first to the last second.
    fn new() -> Self {
        let mut log = Self::default();
        let scheduler = ("system:kube-scheduler", "kube-scheduler/v1.31.8", "172.31.0.2");
        for tick in 0..=90 {
            let at = f64::from(tick) * 10.0;
            log.ended(at, 0.02, scheduler, ("update", "coordination.k8s.io/leases", ""), 200);
        }
        log
    }

    fn event(
        &mut self,
        stage: &str,
        times: (f64, f64),
        who: Who<'_>,
        what: (&str, &str, &str),
        code: u16,
    ) {
        let ((user, agent, address), (verb, resource, query)) = (who, what);
        let (group, plural) = resource.split_once('/').unwrap_or(("", resource));
        let time = |seconds: f64| {
            format!("2025-06-11T15:{:02}:{:09.6}Z", (seconds / 60.0).floor(), seconds % 60.0)
        };
        let _ = writeln!(
            self.text,
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"e{}","stage":"{stage}","requestURI":"/api/v1/{plural}?{query}","verb":"{verb}","user":{{"username":"{user}"}},"sourceIPs":["{address}"],"userAgent":"{agent}","objectRef":{{"resource":"{plural}","apiGroup":"{group}","apiVersion":"v1"}},"responseStatus":{{"code":{code}}},"requestReceivedTimestamp":"{}","stageTimestamp":"{}"}}"#,
            self.events,
            time(times.0),
            time(times.1),
        );
    }

    /// A request that ended.
    fn ended(&mut self, at: f64, took: f64, who: Who<'_>, what: (&str, &str, &str), code: u16) {
        self.events += 1;
        self.event("ResponseComplete", (at, at + took), who, what, code);
    }

    /// A watch, which stays open when it would end after the log.
    fn watch(&mut self, at: f64, lives: f64, who: Who<'_>, resource: &str) {
        self.events += 1;
        let what = ("watch", resource, "watch=true");
        if at >= 0.0 {
            self.event("ResponseStarted", (at, at + 0.01), who, what, 200);
        }
        if at + lives < END {
            self.event("ResponseComplete", (at.max(0.0), at + lives), who, what, 200);
        }
    }

    /// Nodes that renew their leases through one address, from some second on.
    fn nodes(&mut self, count: u32, address: &str, joins: impl Fn(u32) -> f64) {
        for node in 0..count {
            let user = format!("system:node:aks-np1-vmss{node:06}");
            let mut at = joins(node);
            while at < END {
                let kubelet = (user.as_str(), "kubelet/v1.31.8", address);
                self.ended(at, 0.01, kubelet, ("update", "coordination.k8s.io/leases", ""), 200);
                at += 60.0;
            }
        }
    }

    fn report(self) -> Report {
        kit::report(&kit::memory(vec![("audit.log".to_owned(), self.text.into_bytes())]))
    }
}

fn metrics(files: &[&str]) -> Report {
    let named = |(number, text): (usize, &&str)| {
        (format!("metrics-{number}.txt"), text.as_bytes().to_vec())
    };
    kit::report(&kit::memory(files.iter().enumerate().map(named).collect()))
}

fn findings(report: &Report) -> impl Iterator<Item = &FindingCard> {
    report.causes.iter().chain(&report.unexplained)
}

fn rules(report: &Report) -> Vec<&str> {
    findings(report).map(|finding| finding.rule.as_str()).collect()
}

fn cause(report: Report) -> FindingCard {
    assert_eq!(report.causes.len(), 1, "{:?}", rules(&report));
    report.causes.into_iter().next().unwrap()
}

#[test]
fn watches_that_end_and_are_opened_again_behind_one_address_are_no_leak() {
    let mut log = Log::new();
    log.nodes(80, GATEWAY, |_| 0.0);
    let driver = ("system:serviceaccount:kube-system:csi-node", "csi-node/v1", GATEWAY);
    for node in 0..80 {
        let mut at = -f64::from(node) * 6.0;
        while at < END {
            let lives = 300.0 + f64::from(node % 30) * 10.0;
            log.watch(at, lives, driver, "storage.k8s.io/csinodes");
            at += lives + 0.2;
        }
    }
    let report = log.report();
    assert_eq!(rules(&report), [""; 0]);
    assert!(
        report.ruled_out.iter().any(|row| row.code == "KSP3002" && row.why.contains("has most"))
    );
}

#[test]
fn nodes_that_join_behind_one_address_are_no_leak() {
    let mut log = Log::new();
    let joins = |node: u32| 100.0 + f64::from(node) * 8.0;
    log.nodes(90, GATEWAY, joins);
    let proxy = ("system:serviceaccount:kube-system:cilium", "cilium-agent/1.15", GATEWAY);
    for node in 0..90 {
        for resource in ["nodes", "services", "pods"] {
            log.watch(joins(node), f64::MAX, proxy, resource);
        }
    }
    assert_eq!(rules(&log.report()), [""; 0]);
}

#[test]
fn replicas_that_open_once_are_no_leak() {
    let mut log = Log::new();
    let ingress = ("system:serviceaccount:ingress:nginx", "nginx-ingress/v1.10", GATEWAY);
    for replica in 0..90 {
        for resource in ["services", "secrets"] {
            log.watch(100.0 + f64::from(replica) * 0.1, f64::MAX, ingress, resource);
        }
    }
    assert_eq!(rules(&log.report()), [""; 0]);
}

/// Pods as a listing has them, all of one service account.
fn pods(count: u32, namespace: &str, account: &str) -> (String, Vec<u8>) {
    let pod = |number| {
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{account}-{number}","namespace":"{namespace}"}},"spec":{{"serviceAccountName":"{account}","containers":[{{"name":"c"}}]}},"status":{{"phase":"Running"}}}}"#
        )
    };
    let items: Vec<String> = (0..count).map(pod).collect();
    let list = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#, items.join(","));
    ("pods.json".to_owned(), list.into_bytes())
}

/// Where each Pod has its watches, more Pods have more, though all of them ask through one address.
#[test]
fn pods_that_come_one_by_one_behind_one_address_are_no_leak() {
    for (running, leaks) in [(150, false), (3, true)] {
        let mut log = Log::new();
        let driver = ("system:serviceaccount:spark:driver", "okhttp/4.12.0", GATEWAY);
        for number in 0..150 {
            for resource in ["pods", "configmaps"] {
                log.watch(60.0 + f64::from(number) * 5.0, f64::MAX, driver, resource);
            }
        }
        let log = ("audit.log".to_owned(), log.text.into_bytes());
        let report = kit::report(&kit::memory(vec![log, pods(running, "spark", "driver")]));
        assert_eq!(rules(&report).contains(&"client-watch-leak"), leaks, "{running} Pods");
    }
}

/// Who is turned away asks again at once: that follows the overload, and is no second one.
#[test]
fn who_repeats_what_is_turned_away_is_no_cause() {
    for (verb, before) in [("get", true), ("patch", true), ("get", false)] {
        let mut log = Log::new();
        let lister = ("system:serviceaccount:finance:export", "export/1", "10.244.1.9");
        let shop = ("system:serviceaccount:shop:cart", "cart/1", "10.244.2.9");
        for second in 0..850 {
            let at = f64::from(second);
            if second >= 450 {
                log.ended(at, 12.0, lister, ("list", "secrets", ""), 200);
                for again in 0..20 {
                    let code = if again % 10 == 0 { 200 } else { 429 };
                    let at = at + 3.0 + f64::from(again) / 20.0;
                    log.ended(at, 0.002, shop, (verb, "configmaps", ""), code);
                }
            } else if before {
                log.ended(at, 0.02, shop, (verb, "configmaps", ""), 200);
                log.ended(at + 0.5, 0.02, shop, (verb, "configmaps", ""), 200);
            }
        }
        let report = log.report();
        let causes: Vec<_> = report.causes.iter().map(|cause| cause.rule.as_str()).collect();
        assert_eq!(causes, ["client-list-storm"], "{verb}");
        assert_eq!(report.causes[0].since.as_deref(), Some("2025-06-11T15:07:30Z"));
        let follows = report.unexplained.iter().find(|one| one.subject.name == shop.0).unwrap();
        assert_eq!(
            (follows.severity, follows.confidence),
            (Severity::Warning, Confidence::Possible)
        );
        // What is cited for the others is one of those that were turned away.
        let mut cited = report.causes[0].evidence.iter();
        let others = cited.find(|one| one.says.contains("other clients")).unwrap();
        assert!(others.excerpt.contains(r#""code":429"#), "{}", others.excerpt);
    }
}

/// Watches that pile up are why others are turned away and ask again.
#[test]
fn who_repeats_what_a_leak_turned_away_is_no_cause() {
    let mut log = Log::new();
    let shop = ("system:serviceaccount:shop:cart", "cart/1", "10.244.2.9");
    for second in 0..880 {
        let at = f64::from(second);
        if second >= 200 {
            log.watch(at, f64::MAX, AGENT, "secrets");
        }
        if second < 600 {
            log.ended(at, 0.02, shop, ("get", "configmaps", ""), 200);
            log.ended(at + 0.5, 0.02, shop, ("get", "configmaps", ""), 200);
        }
        for again in 0..if second >= 600 { 20 } else { 0 } {
            let code = if again % 10 == 0 { 200 } else { 429 };
            log.ended(at + f64::from(again) / 20.0, 0.002, shop, ("get", "configmaps", ""), code);
        }
    }
    let report = log.report();
    let causes: Vec<_> = report.causes.iter().map(|cause| cause.rule.as_str()).collect();
    assert_eq!(causes, ["client-watch-leak"]);
}

/// Most of what it asks is turned away, and it gets through no more than before, but nobody else is busy or slow.
#[test]
fn who_is_turned_away_for_what_it_asks_itself_is_a_cause() {
    let mut log = Log::new();
    let greedy = ("system:serviceaccount:ops:greedy", "greedy/1", "10.244.1.9");
    for second in 0..450 {
        log.ended(f64::from(second), 0.5, greedy, ("list", "pods", ""), 200);
    }
    for number in 0..6000_u32 {
        let at = 450.0 + f64::from(number) / 15.0;
        let (took, code) = if number % 10 == 0 { (1.5, 200) } else { (0.002, 429) };
        log.ended(at, took, greedy, ("list", "pods", ""), code);
    }
    assert_eq!(cause(log.report()).subject.name, greedy.0);
}

/// Who waits for a webhook that does not answer has many requests in flight, and is no storm.
#[test]
fn who_waits_for_a_dead_webhook_is_no_storm() {
    let mut log = Log::new();
    let runner = ("system:serviceaccount:ci:runner", "runner/1", "10.244.1.9");
    for number in 0..4000_u32 {
        let at = 450.0 + f64::from(number) / 10.0;
        log.ended(at, 10.0, runner, ("create", "pods", ""), 500);
    }
    let says = r#""responseStatus":{"status":"Failure","reason":"InternalError","message":"Internal error occurred: failed calling webhook \"guard.example.com\": failed to call webhook: Post \"https://guard.ops.svc:443/v?timeout=10s\": context deadline exceeded","code":500}"#;
    log.text = log.text.replace(r#""responseStatus":{"code":500}"#, says);
    assert_eq!(cause(log.report()).rule, "webhook-unreachable-blocks-writes");
}

/// A drain waits for budgets as they are meant: what was refused at first succeeded in the end.
#[test]
fn evictions_that_succeed_later_are_no_blocked_drain() {
    for ends in [true, false] {
        let mut log = Log::new();
        let drain = ("aksService", "upgrader/1", "172.31.0.9");
        let mut evict = |at: f64, code: u16| {
            log.events += 1;
            let message = "Cannot evict pod as it would violate the pod's disruption budget.";
            let status = format!(
                r#""responseStatus":{{"status":"Failure","message":"{message}","reason":"TooManyRequests","code":429,"details":{{"causes":[{{"reason":"DisruptionBudget"}}]}}}}"#
            );
            let from = log.text.len();
            log.event("ResponseComplete", (at, at + 0.02), drain, ("create", "pods", ""), code);
            let line = log.text.split_off(from);
            let line = line.replace(
                r#""apiVersion":"v1"},"responseStatus""#,
                r#""subresource":"eviction","apiVersion":"v1"},"responseStatus""#,
            );
            let line = if code == 429 {
                line.replace(r#""responseStatus":{"code":429}"#, &status)
            } else {
                line
            };
            log.text.push_str(&line);
        };
        for pod in 0..30 {
            evict(100.0 + f64::from(pod) * 10.0, 429);
            evict(105.0 + f64::from(pod) * 10.0, 201);
        }
        if !ends {
            evict(500.0, 429);
        }
        let report = log.report();
        let causes: Vec<_> = report.causes.iter().map(|cause| cause.rule.as_str()).collect();
        assert_eq!(causes.contains(&"disruption-budget-blocks-drain"), !ends, "{causes:?}");
    }
}

/// An informer's watch that is open since long before is not where the leak begins.
#[test]
fn a_leak_begins_where_watches_begin_to_pile_up() {
    let mut log = Log::new();
    log.watch(20.0, f64::MAX, AGENT, "pods");
    for second in 400..900 {
        log.watch(f64::from(second), f64::MAX, AGENT, "pods");
    }
    let cause = cause(log.report());
    assert_eq!((cause.rule.as_str(), cause.confidence), ("client-watch-leak", Confidence::Proven));
    assert_eq!(cause.since.as_deref(), Some("2025-06-11T15:06:40Z"));
}

/// No start of one Pod opens a hundred and fifty watches of one kind, however short it takes.
#[test]
fn many_watches_of_the_same_by_one_pod_are_a_leak_at_once() {
    let mut log = Log::new();
    for number in 0..150 {
        log.watch(400.0 + f64::from(number) * 0.2, f64::MAX, AGENT, "services");
    }
    assert_eq!(cause(log.report()).rule, "client-watch-leak");
}

/// Behind an address that many share nobody can say that it is one Pod that leaks.
#[test]
fn a_leak_behind_a_gateway_is_not_proven() {
    let mut log = Log::new();
    log.nodes(20, GATEWAY, |_| 0.0);
    for second in 200..900 {
        log.watch(f64::from(second), f64::MAX, (AGENT.0, AGENT.1, GATEWAY), "secrets");
    }
    assert_eq!(cause(log.report()).confidence, Confidence::Likely);
}

#[test]
fn watches_that_end_within_seconds_are_a_reconnect_storm() {
    let mut log = Log::new();
    for tick in 0..1200 {
        log.watch(250.0 + f64::from(tick) * 0.5, 2.0, AGENT, "configmaps");
    }
    let report = log.report();
    assert_eq!(rules(&report), ["client-request-flood"]);
    assert!(report.unexplained[0].title.contains("watches/s"), "{}", report.unexplained[0].title);
    assert!(report.ruled_out.iter().all(|row| row.code != "KSP3002"));
}

/// An informer lists each kind once when it starts, a large one in pages; a backup goes through all pages of all.
#[test]
fn a_start_that_lists_each_kind_once_is_no_storm() {
    let mut log = Log::new();
    for kind in 0..60 {
        for page in 0..5 {
            let (resource, at) =
                (format!("example.com/k{kind}"), f64::from(kind) * 0.02 + f64::from(page) * 0.8);
            log.ended(300.0 + at, 0.8, AGENT, ("list", &resource, "limit=500&continue=x"), 200);
        }
    }
    let backup = ("backup@contoso.com", "velero/1.13", "10.244.4.4");
    for page in 0..400 {
        log.ended(
            500.0 + f64::from(page) * 0.5,
            0.4,
            backup,
            ("list", "pods", "limit=500&continue=x"),
            200,
        );
    }
    assert_eq!(rules(&log.report()), [""; 0]);
}

#[test]
fn lists_of_one_kind_again_and_again_are_a_storm() {
    for (query, title) in [("", "lists whole collections"), ("limit=500", "page by page")] {
        let mut log = Log::new();
        for tick in 0..1000 {
            log.ended(350.0 + f64::from(tick) * 0.5, 5.0, AGENT, ("list", "pods", query), 200);
        }
        let cause = cause(log.report());
        assert_eq!(
            (cause.rule.as_str(), cause.confidence),
            ("client-list-storm", Confidence::Likely)
        );
        assert!(cause.title.contains(title), "{}", cause.title);
    }
}

#[test]
fn what_is_refused_again_and_again_is_said() {
    let mut log = Log::new();
    for tick in 0..8000 {
        let nobody = ("", "ci/1", "20.9.9.9");
        log.ended(200.0 + f64::from(tick) * 0.08, 0.001, nobody, ("list", "pods", ""), 401);
    }
    let report = log.report();
    assert_eq!(rules(&report), ["client-request-flood"]);
    assert_eq!(report.unexplained[0].subject.name, "20.9.9.9");
    assert!(!report.verdict.sentence.contains("Nothing is wrong"), "{}", report.verdict.sentence);
}

/// Two a second are no load, but nobody takes one away.
#[test]
fn jobs_that_are_made_and_never_deleted_are_said() {
    let mut log = Log::new();
    for tick in 0..1600 {
        let maker = ("system:serviceaccount:batch:maker", "maker/1", "10.244.5.2");
        log.ended(99.0 + f64::from(tick) * 0.5, 0.02, maker, ("create", "batch/jobs", ""), 201);
    }
    assert_eq!(rules(&log.report()), ["etcd-object-leak"]);
}

#[test]
fn what_is_many_in_proportion_to_nodes_is_no_pile() {
    for nodes in [
        "apiserver_storage_objects{resource=\"nodes\"} 5000",
        "etcd_object_counts{resource=\"nodes\"} 5000",
        "",
    ] {
        let text = format!(
            "{nodes}\napiserver_storage_objects{{resource=\"pods\"}} 140000\napiserver_storage_objects{{resource=\"ciliumendpoints.cilium.io\"}} 140000\napiserver_storage_objects{{resource=\"endpointslices.discovery.k8s.io\"}} 12000\napiserver_storage_objects{{resource=\"leases.coordination.k8s.io\"}} 11000\n"
        );
        assert_eq!(rules(&metrics(&[&text])), [""; 0], "{nodes}");
    }
    let few = "apiserver_storage_objects{resource=\"nodes\"} 20\napiserver_storage_objects{resource=\"pods\"} 45100\n";
    assert_eq!(rules(&metrics(&[few])), ["etcd-object-leak"]);
}

#[test]
fn jobs_and_their_pods_are_one_fault() {
    let text = "apiserver_storage_objects{resource=\"nodes\"} 20\napiserver_storage_objects{resource=\"jobs.batch\"} 45000\napiserver_storage_objects{resource=\"pods\"} 45100\n";
    let cause = cause(metrics(&[text]));
    assert_eq!(cause.subject.name, "jobs.batch");
    assert!(cause.evidence.iter().any(|line| line.says.contains("45,100")), "{:?}", cause.evidence);
}

#[test]
fn a_size_without_a_number_is_no_size() {
    assert_eq!(
        rules(&metrics(&["apiserver_storage_size_bytes{storage_cluster_id=\"etcd-0\"} +Inf\n"])),
        [""; 0]
    );
}

/// Each process counts from its own start: what two of them turned away adds up.
#[test]
fn counters_of_two_processes_add_up() {
    let scrape = |start: &str, count: u32| {
        format!(
            "process_start_time_seconds {start}\napiserver_flowcontrol_rejected_requests_total{{flow_schema=\"service-accounts\",priority_level=\"workload-low\",reason=\"queue-full\"}} {count}\n"
        )
    };
    let report = metrics(&[&scrape("1749650000", 900), &scrape("1749650500", 10)]);
    assert_eq!(rules(&report), ["requests-rejected-by-priority-and-fairness"]);
    assert!(report.unexplained[0].title.contains("910"), "{}", report.unexplained[0].title);
}

/// Up to 1.22 watchers are counted by kind alone, those of kubelets among them.
#[test]
fn registered_watchers_beyond_what_all_pods_can_name_are_said() {
    let scrape = |secrets: u32| {
        format!(
            "apiserver_registered_watchers{{group=\"\",kind=\"Secret\",version=\"v1\"}} {secrets}\napiserver_registered_watchers{{group=\"\",kind=\"Pod\",version=\"v1\"}} 60\napiserver_storage_objects{{resource=\"nodes\"}} 20\n"
        )
    };
    let report = metrics(&[&scrape(5000)]);
    assert_eq!(rules(&report), ["client-watch-leak"]);
    assert_eq!(
        (report.unexplained[0].severity, report.unexplained[0].confidence),
        (Severity::Warning, Confidence::Possible)
    );
    assert_eq!(rules(&metrics(&[&scrape(2000)])), [""; 0]);
}
