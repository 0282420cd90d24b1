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
    let requests = stub.requests();
    for request in &requests {
        let Request { method, path, query, accept, .. } = request;
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
    // Whole: every path that was asked for is one that stands here.
    let mut paths: Vec<&str> = requests.iter().map(|request| pattern(&request.path)).collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths, REQUESTS);
}

/// Every path that the deepest profile asks the recorded cluster for, names left out.
const REQUESTS: &[&str] = &[
    "/api",
    "/api/v1/configmaps",
    "/api/v1/endpoints",
    "/api/v1/events",
    "/api/v1/limitranges",
    "/api/v1/namespaces",
    "/api/v1/namespaces/kube-system/configmaps/coredns",
    "/api/v1/namespaces/kube-system/configmaps/coredns-custom",
    "/api/v1/namespaces/kube-system/pods/NAME",
    "/api/v1/namespaces/kube-system/pods/NAME/log",
    "/api/v1/namespaces/kube-system/services",
    "/api/v1/nodes",
    "/api/v1/nodes/NAME",
    "/api/v1/nodes/NAME/proxy/metrics",
    "/api/v1/nodes/NAME/proxy/stats/summary",
    "/api/v1/persistentvolumeclaims",
    "/api/v1/persistentvolumes",
    "/api/v1/pods",
    "/api/v1/resourcequotas",
    "/api/v1/secrets",
    "/api/v1/serviceaccounts",
    "/api/v1/services",
    "/apis",
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/apiregistration.k8s.io/v1/apiservices",
    "/apis/apps/v1/daemonsets",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/replicasets",
    "/apis/apps/v1/statefulsets",
    "/apis/argoproj.io/v1/workflows",
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    "/apis/autoscaling/v2/horizontalpodautoscalers",
    "/apis/batch/v1/cronjobs",
    "/apis/batch/v1/jobs",
    "/apis/cert-manager.io/v1/certificates",
    "/apis/certificates.k8s.io/v1/certificatesigningrequests",
    "/apis/coordination.k8s.io/v1/leases",
    "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/NAME",
    "/apis/discovery.k8s.io/v1/endpointslices",
    "/apis/example.contoso.io/v1/syncrecords",
    "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas",
    "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations",
    "/apis/kyverno.io/v1/admissionreports",
    "/apis/kyverno.io/v1/clusterpolicies",
    "/apis/metrics.k8s.io/v1beta1/nodes",
    "/apis/metrics.k8s.io/v1beta1/pods",
    "/apis/networking.k8s.io/v1/ingresses",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/apis/policy/v1/poddisruptionbudgets",
    "/apis/scheduling.k8s.io/v1/priorityclasses",
    "/apis/storage.k8s.io/v1/csinodes",
    "/apis/storage.k8s.io/v1/storageclasses",
    "/apis/storage.k8s.io/v1/volumeattachments",
    "/debug/api_priority_and_fairness/dump_priority_levels",
    "/livez",
    "/metrics",
    "/metrics/slis",
    "/readyz",
    "/version",
];

/// A path without the names in it.
fn pattern(path: &str) -> &str {
    for (start, end, pattern) in [
        (
            "/api/v1/namespaces/kube-system/pods/",
            "/log",
            "/api/v1/namespaces/kube-system/pods/NAME/log",
        ),
        ("/api/v1/namespaces/kube-system/pods/", "", "/api/v1/namespaces/kube-system/pods/NAME"),
        ("/api/v1/nodes/", "/proxy/metrics", "/api/v1/nodes/NAME/proxy/metrics"),
        ("/api/v1/nodes/", "/proxy/stats/summary", "/api/v1/nodes/NAME/proxy/stats/summary"),
        ("/api/v1/nodes/", "", "/api/v1/nodes/NAME"),
        (
            "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/",
            "",
            "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/NAME",
        ),
    ] {
        if path.starts_with(start) && path.ends_with(end) {
            return pattern;
        }
    }
    path
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
    let run = collect(&stub, "--profile quick -q --strict --skip metrics-again");
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
    let bundle = collect(&stub, "--profile quick -q --skip metrics-again").bundle.unwrap();
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
fn a_big_cluster_is_collected_in_little_memory() {
    let stub = Stub::serve(crate::big::serve);
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = stub.kubeconfig(folder.path());
    #[expect(clippy::disallowed_methods, reason = "the test looks at the process")]
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("konspect-collect"))
        .current_dir(folder.path())
        .args(["-q", "--profile", "quick", "--only", "nodes,pods,metrics"])
        .arg(format!("--kubeconfig={}", kubeconfig.display()))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let (peak, status) = crate::memory::watch(&mut child);
    assert_eq!(status.code(), Some(0));
    let bundle = crate::bundle::Bundle::open(&crate::bundle::bundles(folder.path())[0]);
    let pages = |entry: &str| bundle.of(entry).len();
    assert_eq!(
        (pages("nodes"), pages("pods")),
        (crate::big::NODES / 500, crate::big::PODS / 500),
        "one member a page"
    );
    assert!(!bundle.text("resources/pods/00009.json").contains("Onyx"));
    if peak.own == 0 {
        eprintln!("no /proc here: memory is not looked at");
    }
    // Half of what `kubectl cluster-info dump -A` holds for the same cluster, see the bench.
    assert!(peak.own < 36 << 10, "{peak:?} KiB");
}

#[test]
fn a_page_can_be_read_before_the_next_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("x.zip");
    let partial = folder.path().join(".x.zip.partial");
    let (sender, seen) = std::sync::mpsc::channel();
    let stub = Stub::serve(move |request| {
        if request.path == "/api/v1/pods" && request.query.contains("continue=") {
            // Nothing more of this list is sent before this was read from the disk.
            let _ = sender.send(pods_in(&partial));
        }
        crate::big::serve(request)
    });
    let run = collect(&stub, &format!("-q --only pods -o {}", target.display()));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let pods: Vec<usize> = seen.try_iter().collect();
    assert_eq!(pods, (1..10).map(|page| page * 500).collect::<Vec<_>>());
}

/// Counts the pods that a bundle holds, which may still be written to.
fn pods_in(path: &std::path::Path) -> usize {
    use konspect_bundle::{Bundle, Content, Limits};
    let bundle = Bundle::open(&[path.to_owned()], &Limits::default()).unwrap();
    let pods = bundle.scan(|artifact, content| match content {
        Content::Whole { bytes, .. } if artifact.path.starts_with("resources/pods/") => {
            String::from_utf8_lossy(bytes).matches("\"nodeName\":").count()
        }
        _ => 0,
    });
    pods.iter().sum()
}

#[test]
fn the_roles_are_objects_that_kubectl_takes() {
    let stub = Stub::serve(|_| Act::Replay);
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = stub.kubeconfig(folder.path());
    let roles = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/rbac.yaml");
    let done = assert_cmd::Command::new("kubectl")
        .args(["create", "--dry-run=client", "--validate=false", "-o", "name", "-f", roles])
        .arg(format!("--kubeconfig={}", kubeconfig.display()))
        .env("HOME", folder.path())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&done.stdout).lines().collect::<Vec<_>>(),
        [
            "clusterrole.rbac.authorization.k8s.io/konspect-collector",
            "role.rbac.authorization.k8s.io/konspect-collector-logs",
            "serviceaccount/konspect-collector",
            "clusterrolebinding.rbac.authorization.k8s.io/konspect-collector",
            "rolebinding.rbac.authorization.k8s.io/konspect-collector-logs",
        ],
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(stub.requests().iter().all(|request| request.method == "GET"));
}
