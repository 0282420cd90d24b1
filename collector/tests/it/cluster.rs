//! A cluster that answers.

use crate::bundle::{run, words};
use crate::stub::{Act, Request, Stub, status};

/// Runs a collection against a stub.
pub(crate) fn collect(stub: &Stub, options: &str) -> crate::bundle::Run {
    run(|folder| {
        let mut all = vec![format!("--kubeconfig={}", stub.kubeconfig(folder).display())];
        all.extend(words(options));
        all
    })
}

#[test]
fn one_command_one_zip() {
    let stub = Stub::serve(|_| Act::Replay);
    let run = collect(&stub, "--verbose");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let bundle = run.bundle.unwrap();
    assert_eq!(bundle.manifest.cluster.version.as_deref(), Some("v1.36.2"));
    assert_eq!((bundle.manifest.cluster.name.as_str(), bundle.manifest.partial), ("tiny", false));
    for member in [
        "cluster/version.json",
        "client/kubectl-v9.txt",
        "cluster/readyz.txt",
        "resources/nodes/00000.json",
        "resources/pods/00000.json",
        "resources/events/00000.json",
        "resources/flowschemas/00000.json",
        "resources/secrets.txt",
        "metrics/apiserver-1.txt",
        "metrics/apiserver-2.txt",
        "metrics/top-nodes.txt",
        "cluster/pods-on-nodes.tsv",
        "probes/logs/aks-nodepool1-12345678-vmss000000.txt",
        "logs/kube-system/coredns-775cb9bb7b-76dcv/coredns.log",
    ] {
        assert!(!bundle.text(member).is_empty(), "{member}");
    }
    assert!(bundle.text("client/kubectl-v9.txt").contains("Response"));
    let failed: Vec<_> =
        bundle.manifest.commands.iter().filter(|record| record.exit != Some(0)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(bundle.of("log-probe").len(), 3, "one a node");
    assert!(
        run.stdout.contains("SHA-256") && run.stdout.contains("konspect-tiny-"),
        "{}",
        run.stdout
    );
    assert!(!format!("{:?}", bundle.members).contains("stub-token"));
    assert!(run.stderr.contains("lists: "), "one line a phase: {}", run.stderr);
}

#[test]
fn it_only_gets_and_lists_and_sees_no_secret() {
    let stub = Stub::serve(|_| Act::Replay);
    let run = collect(&stub, "--profile deep --quiet");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let reviews = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    for request in stub.requests() {
        let Request { method, path, query, accept } = &request;
        // Who am I, what may I: the one thing Kubernetes lets everyone create.
        assert!(method == "GET" || (method == "POST" && path == reviews), "{request:?}");
        assert!(!query.contains("watch="), "{request:?}");
        if path.contains("/secrets") {
            assert!(
                path == "/api/v1/secrets" && accept.starts_with("application/json;as=Table"),
                "{request:?}"
            );
        }
    }
}

#[test]
fn lists_are_paged_into_one_member_a_page() {
    let stub = Stub::serve(|request| {
        if request.path != "/api/v1/pods" || request.accept.contains("Table") {
            return Act::Replay;
        }
        let (at, next) = match request.query.as_str() {
            "limit=500" => (0, "a+/="),
            query if query.contains("continue=a%2B%2F%3D") => (1, "b"),
            _ => (2, ""),
        };
        let pod = serde_json::json!({"metadata": {"name": format!("p-{at}"), "namespace": "x", "managedFields": [{"manager": "m"}]},
            "spec": {"nodeName": "n", "containers": [{"name": "c", "env": [{"name": "DB_PASSWORD", "value": "Onyx*lMfG8qY?"}]}]}, "status": {"phase": "Pending"}});
        let list = serde_json::json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"continue": next}, "items": [pod]});
        Act::Answer(200, "application/json", list.to_string())
    });
    let bundle = collect(&stub, "--only pods -q").bundle.unwrap();
    for at in 0..3 {
        let page = bundle.text(&format!("resources/pods/{at:05}.json"));
        assert!(
            page.contains(&format!("p-{at}"))
                && !page.contains("Onyx")
                && !page.contains("managedFields"),
            "{page}"
        );
        assert!(page.contains("⟦secret:password#1⟧"), "{page}");
    }
    assert_eq!(bundle.of("pods").len(), 3);
    assert_eq!(bundle.manifest.redactions["password"], 3);
}

#[test]
fn what_is_forbidden_is_skipped_and_said() {
    let stub = Stub::serve(|request| {
        if request.path.ends_with("/selfsubjectrulesreviews") {
            let body = serde_json::json!({"kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": {},
                "status": {"resourceRules": [{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["nodes", "pods"]}],
                           "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/livez", "/readyz", "/version"]}], "incomplete": false}});
            return Act::Answer(201, "application/json", body.to_string());
        }
        Act::Replay
    });
    let run = collect(&stub, "--profile quick -q --strict");
    let bundle = run.bundle.unwrap();
    assert_eq!(bundle.of("events")[0].ended.as_deref(), Some("skipped: forbidden: list events"));
    assert_eq!(bundle.of("pods")[0].exit, Some(0));
    assert!(!stub.requests().iter().any(|request| request.path == "/api/v1/events"));
    assert!(run.stdout.contains("events: forbidden"), "{}", run.stdout);
    assert_eq!(run.code, Some(4));
}

#[test]
fn an_older_api_is_asked_when_the_server_does_not_know_the_new_one() {
    let stub = Stub::serve(|request| {
        if request.path.contains("flowcontrol.apiserver.k8s.io/v1/") {
            return Act::Answer(404, "text/plain", "404 page not found\n".to_owned());
        }
        Act::Replay
    });
    let bundle = collect(&stub, "--only flowschemas -q").bundle.unwrap();
    let records = bundle.of("flowschemas");
    assert_eq!(
        records.iter().map(|record| record.exit).collect::<Vec<_>>(),
        [Some(1), Some(0)],
        "{records:#?}"
    );
    assert!(records[1].argv.last().unwrap().contains("/v1beta3/"));
}

#[test]
fn all_logs_failing_name_the_nodes() {
    let stub = Stub::serve(|request| {
        if request.path.ends_with("/log") {
            let message = "Get \"https://10.224.0.5:10250/containerLogs/kube-system/x/c\": dial tcp 10.224.0.5:10250: i/o timeout";
            return status(500, "InternalError", message);
        }
        Act::Replay
    });
    let bundle = collect(&stub, "--profile quick -q").bundle.unwrap();
    let probes = bundle.of("log-probe");
    assert_eq!(probes.len(), 3);
    for probe in &probes {
        assert!(
            probe.exit == Some(1)
                && probe.stderr.contains("dial tcp 10.224.0.5:10250: i/o timeout"),
            "{probe:#?}"
        );
        assert!(probe.target.as_deref().is_some_and(|node| node.starts_with("aks-nodepool1-")));
    }
    assert_eq!(bundle.of("nodes")[0].exit, Some(0));
}

#[test]
fn a_dry_run_asks_nothing() {
    let stub = Stub::serve(|_| Act::Replay);
    let run = collect(&stub, "--dry-run");
    assert_eq!((run.code, stub.requests().len()), (Some(0), 0));
    assert!(run.bundle.is_none());
    for text in [
        "kubectl get --raw /api/v1/pods?limit=500\n",
        "  list pods\n",
        "MiB before compression",
        "each node, at most 64",
    ] {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
}

#[test]
fn a_signal_leaves_a_bundle_of_what_there_was() {
    let stub = Stub::serve(
        |request| if request.path == "/api/v1/events" { Act::Hang } else { Act::Replay },
    );
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = stub.kubeconfig(folder.path());
    #[expect(clippy::disallowed_methods, reason = "the test interrupts the program")]
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("konspect-collect"))
        .current_dir(folder.path())
        .args(["-q", "--profile", "quick", "--skip", "cluster-info,api-resources"])
        .arg(format!("--kubeconfig={}", kubeconfig.display()))
        .spawn()
        .unwrap();
    // The events hang: once they and what comes after them were asked for, it only waits for them.
    let asked = |path: &str| stub.requests().iter().any(|request| request.path == path);
    while !(asked("/api/v1/events") && asked("/metrics")) {
        std::thread::yield_now();
    }
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&child),
        rustix::process::Signal::INT,
    )
    .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let bundle = crate::bundle::Bundle::open(&crate::bundle::bundles(folder.path())[0]);
    assert!(bundle.manifest.partial);
    assert_eq!(bundle.of("events")[0].ended.as_deref(), Some("interrupted"));
    assert!(bundle.members.contains_key("cluster/version.json"));
}

#[test]
fn the_cluster_role_covers_the_default_profile_and_nothing_that_writes() {
    let text = include_str!("../../../deploy/rbac.yaml");
    assert!(
        !text.contains("secrets")
            || text
                .lines()
                .filter(|line| line.contains("secrets"))
                .all(|line| line.trim_start().starts_with('#'))
    );
    for line in
        text.lines().filter(|line| line.contains("verbs:") && !line.trim_start().starts_with('#'))
    {
        let verbs = line.split("verbs: [").nth(1).unwrap().split(']').next().unwrap();
        assert!(verbs.split(", ").all(|verb| verb == "get" || verb == "list"), "{line}");
    }
    for word in ["nodes/proxy", "pods/exec", "'*'", "\"*\"", "escalate", "impersonate"] {
        assert!(
            !text.lines().any(|line| line.contains(word) && !line.trim_start().starts_with('#')),
            "{word}"
        );
    }
    for resource in [
        "nodes",
        "pods",
        "events",
        "flowschemas",
        "customresourcedefinitions",
        "certificatesigningrequests",
        "pods/log",
        "/metrics",
    ] {
        assert!(text.contains(resource), "{resource}");
    }
}
