//! Whole captures of known truth: what their reports must say and must not say.
//!
//! The captures are too big for the repository; `KONSPECT_TRUTH` names the folder that holds `corpus` and
//! `incidents/cases`. Nothing is read, and that is said, when it is unset.

use std::path::{Path, PathBuf};

use konspect::language::{Language, Locale};
use konspect::parse::rows::Kind;
use konspect::report::Report;
use konspect::{Analysis, Options, analyze};
use konspect_bundle::{Bundle, Code, Limits};
use rayon::prelude::*;

/// What is true of one capture.
struct Truth {
    folder: &'static str,
    /// Rules that must stand as a cause, the first of them as the first cause.
    causes: &'static [&'static str],
    /// Rules that must have found something, in whatever place.
    found: &'static [&'static str],
    /// Rules that must not stand as a cause nor unexplained.
    silent: &'static [&'static str],
    /// Texts that the findings must hold.
    says: &'static [&'static str],
}

const TRUTHS: &[Truth] = &[
    Truth {
        folder: "s1-baseline",
        causes: &[],
        found: &[],
        silent: &[
            "client-list-storm",
            "client-request-flood",
            "client-watch-leak",
            "etcd-object-leak",
            "tunnel-agents-not-running",
            "requests-rejected-by-priority-and-fairness",
            "tunnel-agents-not-connected",
            "aggregated-api-unavailable",
            "webhook-unreachable-blocks-writes",
            "node-not-ready",
        ],
        says: &[
            "50 nodes Ready",
            "2 ready in all",
            "v1beta1.metrics.k8s.io is Available",
            "none of 0 webhooks",
        ],
    },
    Truth {
        folder: "s2-list-storm",
        causes: &["client-list-storm"],
        found: &[],
        silent: &[
            "requests-rejected-by-priority-and-fairness",
            "etcd-object-leak",
            "tunnel-agents-not-running",
            "node-not-ready",
        ],
        says: &[
            "system:serviceaccount:orders:inventory-sync",
            "580 requests: list pods",
            "586 requests: list configmaps",
            "limit=",
        ],
    },
    Truth {
        folder: "s3-watch-leak",
        causes: &["client-watch-leak"],
        found: &[],
        silent: &["client-list-storm", "client-request-flood"],
        says: &[
            "system:serviceaccount:istio-system:mixer",
            "leaks watches: 600 are open",
            "of services",
            "of namespaces",
            "syncrecords",
            "configmaps",
            "no client has more than",
        ],
    },
    Truth {
        folder: "s4-helm-history",
        causes: &["helm-history-unbounded"],
        found: &[],
        silent: &["etcd-object-leak", "client-list-storm", "client-write-storm"],
        says: &[
            "600 revisions",
            "4 other releases",
            "3000 revisions take",
            "--history-max",
            "payments/payments-api",
            "identity/idp",
        ],
    },
    Truth {
        folder: "s5-crd-object-leak",
        causes: &["etcd-object-leak"],
        found: &[],
        silent: &["etcd-database-near-limit", "etcd-space-exceeded", "client-write-storm"],
        says: &[
            "13,000 objects of syncrecords.example.contoso.io",
            "from 10,000 on",
            "inventory-sync-operator/v0.9.3",
            "0 were deleted",
        ],
    },
    Truth {
        folder: "s6-webhook-deadlock",
        causes: &["webhook-deadlock"],
        found: &["webhook-unreachable-blocks-writes", "tunnel-agents-not-running"],
        silent: &[
            "tunnel-agents-not-running",
            "quota-exceeded",
            "pods-unschedulable",
            "port-10250-iptables",
        ],
        says: &[
            "mutate.kyverno.svc-fail",
            "validate.kyverno.svc-fail",
            "no endpoints available",
            "no konnectivity-agent Pod is ready",
            "delete the configuration",
            "leaves out kyverno and kube-system",
        ],
    },
    Truth {
        folder: "s7-apf-restrict-bad-client",
        causes: &["client-list-storm"],
        found: &["requests-rejected-by-priority-and-fairness"],
        silent: &["request-latency-over-slo", "managed-apiserver-guard-active"],
        says: &["inventory-sync", "restrict-bad-client", "on purpose", "very-low-priority", "7562"],
    },
    Truth {
        folder: "s8-konnectivity-down",
        causes: &["tunnel-agents-not-running", "node-kernel-or-filesystem-fault"],
        found: &[
            "aggregated-api-unavailable",
            "node-not-ready",
            "node-disk-pressure",
            "kubelet-unhealthy",
        ],
        silent: &[
            "port-10250-iptables",
            "port-10250-nsg",
            "webhook-unreachable-blocks-writes",
            "aggregated-api-unavailable",
        ],
        says: &[
            "203.0.113.10:443: i/o timeout",
            "0 of 2 agents ready",
            "CrashLoopBackOff",
            "vmss00000c is not ready",
            "ReadonlyFilesystem",
            "KernelDeadlock",
            "system pool",
            "2 more independent faults",
            "logs, exec, port-forward and top fail for every node",
        ],
    },
    Truth {
        folder: "s8-port-10250-blocked",
        causes: &[],
        found: &["kubelet-unreachable"],
        silent: &["tunnel-agents-not-running", "node-not-ready", "tunnel-agents-not-connected"],
        says: &[
            "cannot reach the kubelet of aks-userpool-30411962-vmss00000p",
            "packets are dropped",
            "49 others",
            "NSG",
            "ufw, iptables",
            "network policies",
        ],
    },
    Truth {
        folder: "s9-kube-proxy-iptables/healthy",
        causes: &[],
        found: &[],
        silent: &["port-10250-iptables", "port-10250-ufw", "port-10250-nftables"],
        says: &[],
    },
    Truth {
        folder: "s9-kube-proxy-iptables/input-drop-10250",
        causes: &["port-10250-iptables"],
        found: &[],
        silent: &["port-10250-ufw", "port-10250-nftables"],
        says: &["rule 1 of chain INPUT"],
    },
    Truth {
        folder: "s9-kube-proxy-iptables/ufw-deny-10250",
        causes: &["port-10250-ufw"],
        found: &[],
        silent: &["port-10250-iptables", "port-10250-nftables"],
        says: &[
            "ufw-user-input",
            "ufw-user-output also denies 9000/tcp",
            "ufw-user-output also denies 1194/udp",
        ],
    },
    Truth {
        folder: "s9-kube-proxy-iptables",
        causes: &["port-10250-ufw"],
        found: &["port-10250-iptables"],
        silent: &[],
        says: &["rule 1 of chain INPUT", "ufw-user-input"],
    },
    Truth {
        folder: "konnectivity-agent-failures/agent-healthy.log",
        causes: &[],
        found: &[],
        silent: &["tunnel-agents-not-connected"],
        says: &[],
    },
    Truth {
        folder: "konnectivity-agent-failures/agent-port-closed-refused.log",
        causes: &[],
        found: &["tunnel-agents-not-connected"],
        silent: &[],
        says: &["203.0.113.10:443: connect: connection refused", "is reached and refuses"],
    },
    Truth {
        folder: "konnectivity-agent-failures/agent-port-443-dropped-timeout.log",
        causes: &[],
        found: &["tunnel-agents-not-connected"],
        silent: &[],
        says: &["203.0.113.10:443: i/o timeout", "are dropped on the way", "authorized IP ranges"],
    },
    Truth {
        folder: "konnectivity-agent-failures/agent-dns-nxdomain.log",
        causes: &["apiserver-name-unresolvable"],
        found: &["tunnel-agents-not-connected"],
        silent: &["apiserver-path-blocked"],
        says: &[
            "resolver 168.63.129.16:53 answers that nosuch-dns-00.hcp.westeurope.azmk8s.io does not exist",
            "no such host",
            "not a blocked port",
        ],
    },
    Truth {
        folder: "konnectivity-agent-failures/agent-alpn-stripped.log",
        causes: &["tunnel-alpn-stripped"],
        found: &["tunnel-agents-not-connected"],
        silent: &["apiserver-path-blocked"],
        says: &["ALPN", "TLS inspection", "completes TCP"],
    },
    Truth {
        folder: "api-recording/client-errors/unauthorized.txt",
        causes: &["access-denied-not-unreachable"],
        found: &[],
        silent: &["apiserver-path-blocked"],
        says: &["401"],
    },
];

#[expect(clippy::print_stderr, reason = "a test that reads nothing must say so")]
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("KONSPECT_TRUTH").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("KONSPECT_TRUTH is not set: no whole captures were read");
    }
    folder
}

fn report(path: &Path) -> (Analysis, Report) {
    let bundle = Bundle::open(&[path.to_owned()], &Limits::default()).unwrap();
    let analysis = analyze(&bundle, &Options::default());
    let report = analysis.report(&bundle, &Language::new(Locale::English));
    (analysis, report)
}

/// All that the findings say, as one text.
fn text(report: &Report) -> String {
    let parts = (
        &report.verdict,
        &report.causes,
        &report.unexplained,
        &report.aggravating,
        &report.ruled_out,
    );
    serde_json::to_string(&parts).unwrap()
}

fn wrong(truth: &Truth, report: &Report) -> Vec<String> {
    let causes: Vec<&str> = report.causes.iter().map(|cause| cause.rule.as_str()).collect();
    let effects =
        report.causes.iter().flat_map(|cause| &cause.explains).map(|effect| effect.rule.as_str());
    let open: Vec<&str> = report.unexplained.iter().map(|finding| finding.rule.as_str()).collect();
    let found: Vec<&str> =
        effects.chain(causes.iter().copied()).chain(open.iter().copied()).collect();
    let text = text(report);
    let mut wrong = Vec::new();
    if truth.causes.first() != causes.first()
        || !truth.causes.iter().all(|slug| causes.contains(slug))
    {
        wrong.push(format!("causes are {causes:?}, must be {:?}", truth.causes));
    }
    wrong.extend(
        truth
            .found
            .iter()
            .filter(|slug| !found.contains(slug))
            .map(|slug| format!("{slug} is not found")),
    );
    let loud = truth.silent.iter().filter(|slug| causes.contains(slug) || open.contains(slug));
    wrong.extend(loud.map(|slug| format!("{slug} must not stand as a cause nor unexplained")));
    wrong.extend(
        truth
            .says
            .iter()
            .filter(|part| !text.contains(**part))
            .map(|part| format!("does not say {part:?}")),
    );
    wrong
}

/// What holds of every bundle.
fn unsound(analysis: &Analysis, report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    if !report.about.rules_crashed.is_empty() {
        wrong.push(format!("rules crashed: {:?}", report.about.rules_crashed));
    }
    let unknown = analysis.kinds.iter().filter(|kind| **kind == Kind::Unknown).count();
    let told = analysis
        .diagnostics
        .iter()
        .filter(|diagnostic| {
            matches!(
                diagnostic.code,
                Code::UnknownArtifact | Code::NestedArchive | Code::OpenedArchive
            )
        })
        .count();
    if unknown > told {
        wrong.push(format!("{unknown} artefacts are unknown, {told} diagnostics say so"));
    }
    let sentence = &report.verdict.sentence;
    if sentence.chars().count() > 140 || sentence.contains('{') || sentence.contains(" 1 nodes") {
        wrong.push(format!("odd verdict: {sentence}"));
    }
    wrong
}

#[test]
fn captures_are_told_as_they_were() {
    let Some(root) = folder() else { return };
    let wrong: Vec<String> = TRUTHS
        .par_iter()
        .flat_map_iter(|truth| {
            let (analysis, report) = report(&root.join("corpus").join(truth.folder));
            let mut wrong = wrong(truth, &report);
            wrong.extend(unsound(&analysis, &report));
            wrong.into_iter().map(|line| format!("{}: {line}", truth.folder)).collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_incident_is_read_whole() {
    let Some(root) = folder() else { return };
    let cases = std::fs::read_dir(root.join("incidents").join("cases")).unwrap();
    let mut cases: Vec<PathBuf> = cases.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    let wrong: Vec<String> = cases
        .into_par_iter()
        .flat_map_iter(|case| {
            let (analysis, report) = report(&case);
            unsound(&analysis, &report)
                .into_iter()
                .map(|line| format!("{}: {line}", case.display()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
