//! What `konspect analyze` says of what the collector wrote: the failed commands carry the diagnosis.

use konspect::language::{Language, Locale};
use konspect::report::{FindingCard, Health, Report, State};
use konspect::{Options, analyze};
use konspect_bundle::{Bundle, Limits};

use crate::bundle::{Run, bundles, run};
use crate::cluster::collect;
use crate::stub::{Act, Request, Stub, kubeconfig, listen, status};

/// Analyses the bundle of a run as `konspect analyze` does.
pub(crate) fn analyzed(run: &Run) -> Report {
    let bundle = Bundle::open(&bundles(run.folder.path()), &Limits::default()).unwrap();
    let language = Language::new(Locale::English);
    analyze(&bundle, &Options::default()).report(&bundle, &language)
}

/// The one finding of a report, which its verdict tells.
pub(crate) fn only(report: &Report) -> &FindingCard {
    let findings: Vec<&FindingCard> = report.causes.iter().chain(&report.unexplained).collect();
    let [finding] = findings.as_slice() else {
        panic!("{:#?}", findings.iter().map(|finding| &finding.title).collect::<Vec<_>>())
    };
    let title: String = finding.title.chars().skip(1).collect();
    assert!(report.verdict.sentence.contains(&title), "{}", report.verdict.sentence);
    assert_ne!(report.verdict.health, Health::Healthy);
    finding
}

/// The rule and the words of the one finding after every command met the same failure.
fn told(run: &Run, rule: &str, words: &str) {
    let report = analyzed(run);
    let finding = only(&report);
    assert_eq!(finding.rule, rule, "{}", finding.title);
    assert!(finding.title.contains(words), "{}", finding.title);
    within_a_minute(run);
}

/// The collector's own clock, so that a busy machine that runs the tests counts for nothing.
pub(crate) fn within_a_minute(run: &Run) {
    let manifest = &run.bundle.as_ref().unwrap().manifest;
    let budget: f64 = ["version", "connect", "getent-hosts", "openssl-s_client"]
        .iter()
        .filter_map(|entry| {
            let of_entry = |record: &&konspect_bundle::manifest::CommandRecord| {
                record.entry.as_deref() == Some(*entry)
            };
            manifest.commands.iter().filter(of_entry).map(|record| record.seconds).reduce(f64::max)
        })
        .sum();
    assert!(budget < 60.0, "{:#?}", manifest.commands);
}

#[test]
fn the_recording_is_healthy() {
    let stub = Stub::serve(|_| Act::Replay);
    let run = collect(&stub, "-q");
    let report = analyzed(&run);
    let found: Vec<&str> =
        report.causes.iter().chain(&report.unexplained).map(|card| card.rule.as_str()).collect();
    assert_eq!((found.as_slice(), report.verdict.state), ([].as_slice(), State::Healthy));
    assert!(report.verdict.sentence.starts_with("No fault found"), "{}", report.verdict.sentence);
    assert_eq!((report.bundle.nodes, report.bundle.pods), (Some(3), Some(15)));
    // kubectl logs worked on every node, so the kubelets' port is ruled out and not merely unseen.
    assert!(report.ruled_out.iter().any(|card| card.rule == "kubelet-unreachable"));
}

/// What every request meets, the rule that tells it, and words of its title.
type Case = (fn() -> Act, &'static str, &'static str);

#[test]
fn errors_that_meet_every_request_name_the_layer() {
    const UNREACHED: &str = "apiserver-not-answering-client";
    let cases: [Case; 9] = [
        (
            || status(401, "Unauthorized", "Unauthorized"),
            "access-denied-not-unreachable",
            "credentials are refused",
        ),
        (
            || status(403, "Forbidden", "forbidden: User \"ops\" cannot get path \"/\""),
            "access-denied-not-unreachable",
            "no right",
        ),
        (
            || status(404, "NotFound", "the server could not find the requested resource"),
            UNREACHED,
            "is no API server",
        ),
        (
            || status(429, "TooManyRequests", "Too many requests, please try again later."),
            UNREACHED,
            "429",
        ),
        (
            || {
                let message = "Internal error occurred: etcdserver: request timed out";
                status(500, "InternalError", message)
            },
            UNREACHED,
            "an error of its own",
        ),
        (
            || {
                let message = "the server is currently unable to handle the request";
                status(503, "ServiceUnavailable", message)
            },
            UNREACHED,
            "an error of its own",
        ),
        (|| Act::Hang, UNREACHED, "does not answer"),
        (|| Act::Close, UNREACHED, "closes them without an answer"),
        (|| Act::Cut, UNREACHED, "cut off in the middle"),
    ];
    std::thread::scope(|scope| {
        for (act, rule, words) in cases {
            scope.spawn(move || {
                let stub = Stub::serve(move |_| act());
                let run = collect(&stub, "--only nodes -q --request-timeout 2s");
                told(&run, rule, words);
            });
        }
    });
}

#[test]
fn a_connection_that_is_reset_names_the_layer() {
    let address = listen(|stream| {
        // What was not read when a socket is closed makes the kernel send a reset.
        let _ = stream.peek(&mut [0; 1]);
    });
    let run = run(|folder| {
        let file = kubeconfig(folder, &format!("http://{address}"));
        vec![format!("--kubeconfig={}", file.display()), "-q".to_owned()]
    });
    let said = &run.bundle.as_ref().unwrap().of("version")[0].stderr;
    assert!(said.contains("reset by peer"), "{said}");
    told(&run, "apiserver-not-answering-client", "closes them without an answer");
}

#[test]
fn slow_answers_are_no_fault() {
    let stub = Stub::serve(|_| Act::Slow);
    let run = collect(&stub, "--profile quick -q --skip metrics,metrics-again");
    assert_eq!(analyzed(&run).verdict.state, State::Healthy);
}

/// A kubelet that the API server does not reach, in the words of its log endpoint.
fn unreached(request: &Request, pods: &[&str], words: &str) -> Act {
    if request.path.ends_with("/log") && pods.iter().any(|pod| request.path.contains(pod)) {
        status(500, "InternalError", words)
    } else {
        Act::Replay
    }
}

/// Nodes that a report's finding of unreachable kubelets names.
fn kubelets(report: &Report) -> Vec<String> {
    let finding = only(report);
    assert_eq!(finding.code, "KSP2106");
    let texts = finding.evidence.iter().map(|card| card.says.as_str());
    let all: String = texts.chain([finding.title.as_str()]).collect::<Vec<_>>().join("\n");
    let nodes = (0..3).map(|at| format!("aks-nodepool1-12345678-vmss00000{at}"));
    let named: Vec<String> = nodes.filter(|node| all.contains(node)).collect();
    assert_eq!(finding.affected, named.len() as u64, "{all}");
    named
}

#[test]
fn all_logs_failing_is_every_kubelet_unreachable() {
    for words in [
        "Get \"https://10.224.0.5:10250/containerLogs/kube-system/x/c\": dial tcp 10.224.0.5:10250: i/o timeout",
        "error dialing backend: dial tcp 10.224.0.5:10250: i/o timeout",
        "error trying to reach service: dial tcp 10.224.0.5:10250: i/o timeout",
        "error trying to reach service",
    ] {
        let stub = Stub::serve(move |request| unreached(request, &[""], words));
        let run = collect(&stub, "--only nodes,pods,events,log-probe --profile quick -q");
        let report = analyzed(&run);
        assert_eq!(kubelets(&report).len(), 3, "{words}: {:#?}", report.unexplained);
        assert!(
            report.verdict.sentence.starts_with("The API server cannot reach 3 of 3 kubelets"),
            "{}",
            report.verdict.sentence
        );
    }
}

#[test]
fn one_kubelet_unreachable_is_that_node_alone() {
    // The pods that the recording has on the third node.
    let pods = ["coredns-775cb9bb7b-76dcv", "kube-proxy-klbv6", "metrics-server-b5cb945b7-965vv"];
    let words = "Get \"https://aks-nodepool1-12345678-vmss000002:10250/containerLogs/kube-system/x/c\": dial tcp 10.224.0.6:10250: i/o timeout";
    let stub = Stub::serve(move |request| unreached(request, &pods, words));
    let run = collect(&stub, "-q");
    assert_eq!(kubelets(&analyzed(&run)), ["aks-nodepool1-12345678-vmss000002"]);
}
