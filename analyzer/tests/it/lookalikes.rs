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
