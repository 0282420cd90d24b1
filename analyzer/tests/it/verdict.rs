//! What the verdict says where no cause is found: a sure symptom forbids to call the cluster healthy.

use konspect::report::{Health, Report, State};
use serde_json::{Value, json};

use crate::kit;

fn list(items: Vec<Value>) -> Vec<u8> {
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string().into_bytes()
}

/// A cluster of one node at 15:50, with more objects in it.
fn cluster(pods: Vec<Value>, more: Vec<(&str, Vec<u8>)>) -> Report {
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "uid": "n"},
        "status": {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2025-06-11T15:50:00Z"}]}});
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "n1", "namespace": "kube-node-lease", "uid": "l"},
        "spec": {"holderIdentity": "n1", "renewTime": "2025-06-11T15:50:00.000000Z"}});
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "shop", "uid": "e"},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1"}, "reason": "Pulled", "type": "Normal",
        "message": "Successfully pulled image", "source": {"component": "kubelet", "host": "n1"}, "count": 1,
        "firstTimestamp": "2025-06-11T15:49:00Z", "lastTimestamp": "2025-06-11T15:49:00Z"});
    let mut files: kit::Tree = vec![
        ("get/nodes.json".to_owned(), list(vec![node])),
        ("get/leases.json".to_owned(), list(vec![lease])),
        ("get/events.json".to_owned(), list(vec![event])),
        ("get/pods.json".to_owned(), list(pods)),
        (
            "get/namespaces.json".to_owned(),
            list(vec![json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "shop", "uid": "s"}, "status": {"phase": "Active"}})]),
        ),
        (
            "get/deployments.json".to_owned(),
            list(vec![json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "uid": "d"}, "spec": {"replicas": 1},
            "status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1}})]),
        ),
    ];
    files.extend(more.into_iter().map(|(label, bytes)| (label.to_owned(), bytes)));
    files.sort();
    kit::report(&kit::memory(files))
}

fn running(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop", "uid": name},
        "spec": {"nodeName": "n1"}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})
}

fn crashing(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop", "uid": name},
        "spec": {"nodeName": "n1"}, "status": {"phase": "Running", "containerStatuses": [{"name": "c", "ready": false,
            "restartCount": 42, "image": "x", "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": "2025-06-11T12:00:00Z"}}}]}})
}

fn waiting_since(created: &str) -> Vec<(&'static str, Vec<u8>)> {
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "uid": "w", "creationTimestamp": created},
        "spec": {"type": "LoadBalancer", "clusterIP": "10.0.1.2", "ports": [{"port": 80}]}, "status": {"loadBalancer": {}}});
    vec![("get/services.json", list(vec![service]))]
}

#[track_caller]
fn says(report: &Report, state: State, health: Health, part: &str) {
    let verdict = &report.verdict;
    assert!(report.causes.is_empty(), "{:?}", report.causes);
    assert_eq!((verdict.state, verdict.health), (state, health), "{}", verdict.sentence);
    assert!(verdict.sentence.contains(part), "{}", verdict.sentence);
    assert!(verdict.sentence.contains("1 node Ready"), "{}", verdict.sentence);
}

#[test]
fn nothing_wrong_is_healthy() {
    says(
        &cluster(vec![running("web-1")], Vec::new()),
        State::Healthy,
        Health::Healthy,
        "No fault found",
    );
}

#[test]
fn one_application_that_crashes_is_named_and_no_more() {
    let report = cluster(vec![running("web-1"), crashing("web-2")], Vec::new());
    says(&report, State::Healthy, Health::Degraded, "but unexplained: shop/");
}

#[test]
fn several_applications_that_crash_are_not_healthy() {
    let report = cluster(vec![running("web-1"), crashing("cart-1"), crashing("pay-1")], Vec::new());
    says(&report, State::Undetermined, Health::Degraded, "No root cause found");
}

#[test]
fn an_object_that_nobody_holds_and_that_stays_is_not_healthy() {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "shop",
        "uid": "p", "deletionTimestamp": "2025-06-11T10:00:00Z", "finalizers": ["kubernetes.io/pvc-protection"]},
        "status": {"phase": "Bound"}});
    let report = cluster(vec![running("web-1")], vec![("get/pvc.json", list(vec![claim]))]);
    says(&report, State::Undetermined, Health::Degraded, "shop/data cannot be deleted");
}

#[test]
fn a_service_that_may_still_get_its_address_forbids_nothing() {
    let report = cluster(vec![running("web-1")], waiting_since("2025-06-11T15:42:30Z"));
    says(&report, State::Healthy, Health::Degraded, "No fault found");
    let report = cluster(vec![running("web-1")], waiting_since("2025-06-11T15:30:00Z"));
    says(&report, State::Undetermined, Health::Degraded, "Service shop/web gets no load balancer");
}
