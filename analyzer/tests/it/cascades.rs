//! The two cascades that ranking must tell in their order, compound incidents, and one root with forty symptoms:
//! each from artefacts as the components write them, every link with its line.

use konspect::report::{FindingCard, Report};
use serde_json::{Value, json};

use crate::kit;

const DAY: &str = "2025-06-11";
const A: &str = "aks-np1-12345678-vmss000000";
const B: &str = "aks-np1-12345678-vmss000001";
const C: &str = "aks-apps-87654321-vmss000000";
const D: &str = "aks-apps-87654321-vmss000001";

fn at(time: &str) -> String {
    format!("{DAY}T{time}Z")
}

fn list(items: &[Value]) -> Vec<u8> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items, "metadata": {"resourceVersion": ""}});
    serde_json::to_vec_pretty(&list).unwrap()
}

fn node(name: &str, address: u8, ready: (&str, &str, &str), since: &str) -> Value {
    let pool = name.split('-').nth(1).unwrap();
    json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "uid": name, "labels": {"kubernetes.azure.com/agentpool": pool, "kubernetes.azure.com/cluster": "MC"}},
        "status": {"addresses": [{"type": "InternalIP", "address": format!("10.224.0.{address}")}],
            "nodeInfo": {"kubeletVersion": "v1.31.8"},
            "conditions": [{"type": "Ready", "status": ready.0, "reason": ready.1, "message": ready.2,
                "lastTransitionTime": at(since), "lastHeartbeatTime": at("15:29:00")}]}})
}

fn healthy(name: &str, address: u8) -> Value {
    node(name, address, ("True", "KubeletReady", "kubelet is posting ready status"), "09:00:00")
}

fn agent(name: &str, node: &str, ready: bool, since: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "kube-system", "uid": name, "labels": {"app": "konnectivity-agent"}},
        "spec": {"nodeName": node, "containers": [{"name": "konnectivity-agent", "image": "mcr.microsoft.com/oss/kubernetes/apiserver-network-proxy/agent:v0.30.3"}]},
        "status": {"phase": "Running",
            "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }, "lastTransitionTime": at(since)}],
            "containerStatuses": [{"name": "konnectivity-agent", "ready": ready, "restartCount": 0, "image": "x", "state": {"running": {"startedAt": at("09:00:00")}}}]}})
}

fn webhook() -> Vec<u8> {
    list(&[
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "gate", "uid": "w", "creationTimestamp": at("08:00:00")},
        "webhooks": [{"name": "gate.policy.io", "failurePolicy": "Fail", "timeoutSeconds": 10,
            "clientConfig": {"service": {"namespace": "policy", "name": "gate", "port": 443, "path": "/"}},
            "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
            "namespaceSelector": {"matchLabels": {"team": "shop"}}}]}),
    ])
}

fn failed_create(cause: &str, first: &str) -> Vec<u8> {
    list(&[
        json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "web.1", "namespace": "shop", "uid": "e1"},
        "involvedObject": {"kind": "ReplicaSet", "namespace": "shop", "name": "web-5b9f"}, "type": "Warning", "reason": "FailedCreate",
        "count": 12, "firstTimestamp": at(first), "lastTimestamp": at("15:28:00"), "source": {"component": "replicaset-controller"},
        "message": format!("Error creating: Internal error occurred: failed calling webhook \"gate.policy.io\": failed to call webhook: Post \"https://gate.policy.svc:443/?timeout=10s\": {cause}")}),
    ])
}

fn disk_metric() -> Vec<u8> {
    let point = |time: &str, average: f64| json!({"timeStamp": at(time), "average": average, "maximum": null, "minimum": null, "total": null, "count": null});
    serde_json::to_vec_pretty(&json!({"cost": 59, "interval": "0:05:00", "namespace": "Microsoft.Compute/virtualMachineScaleSets",
        "resourceregion": "westeurope", "timespan": format!("{}/{}", at("14:45:00"), at("15:30:00")),
        "value": [{"id": "/subscriptions/s/resourceGroups/MC/providers/Microsoft.Compute/virtualMachineScaleSets/aks-np1-12345678-vmss/providers/Microsoft.Insights/metrics/OS Disk IOPS Consumed Percentage",
            "name": {"localizedValue": "OS Disk IOPS Consumed Percentage", "value": "OS Disk IOPS Consumed Percentage"},
            "type": "Microsoft.Insights/metrics", "unit": "Percent",
            "timeseries": [{"metadatavalues": [{"name": {"localizedValue": "vmname", "value": "vmname"}, "value": "aks-np1-12345678-vmss_0"}],
                "data": [point("14:50:00", 17.3), point("14:55:00", 99.1), point("15:00:00", 100.0), point("15:05:00", 100.0), point("15:10:00", 100.0)]}]}]}))
    .unwrap()
}

fn journal(node: &str) -> Vec<u8> {
    (0..6)
        .map(|minute| {
            format!(
                "{DAY}T15:0{minute}:12+0000 {node} kubelet[1661]: E0611 15:0{minute}:12.605286    1661 kubelet.go:2473] \"Skipping pod synchronization\" err=\"PLEG is not healthy: pleg was last seen active {}m27.465704329s ago; threshold is 3m0s\"\n",
                minute + 3
            )
        })
        .collect::<String>()
        .into_bytes()
}

fn tree(files: Vec<(&str, Vec<u8>)>) -> kit::Tree {
    let mut files: kit::Tree =
        files.into_iter().map(|(label, bytes)| (label.to_owned(), bytes)).collect();
    files.sort();
    files
}

/// A disk at its limit, the runtime, the node, both agents on it, the tunnel, a webhook that fails closed.
fn disk_to_webhook() -> kit::Tree {
    let no_agent = "$ kubectl logs -n shop web-0 --tail=1\nError from server: Get \"https://aks-apps-87654321-vmss000000:10250/containerLogs/shop/web-0/web?tailLines=1\": No agent available\n$ kubectl exec -n shop web-0 -- true\nerror: Internal error occurred: error sending request: Post \"https://aks-apps-87654321-vmss000000:10250/exec/shop/web-0/web?command=true\": No agent available\n";
    let nodes = [
        node(
            A,
            4,
            (
                "False",
                "KubeletNotReady",
                "PLEG is not healthy: pleg was last seen active 4m12.1s ago; threshold is 3m0s",
            ),
            "15:04:00",
        ),
        healthy(B, 5),
        healthy(C, 6),
        healthy(D, 7),
    ];
    let agents = [
        agent("konnectivity-agent-7d9f-aaaaa", A, false, "15:04:30"),
        agent("konnectivity-agent-7d9f-bbbbb", A, false, "15:04:31"),
    ];
    tree(vec![
        ("az/monitor-metrics.json", disk_metric()),
        ("client/kubectl-logs.txt", no_agent.as_bytes().to_vec()),
        ("get/events.json", failed_create("No agent available", "15:06:00")),
        ("get/nodes.json", list(&nodes)),
        ("get/pods.json", list(&agents)),
        ("get/validatingwebhookconfigurations.json", webhook()),
        ("nodes/aks-np1-12345678-vmss000000/kubelet-journal.log", journal(A)),
    ])
}

/// Every link stands in the report with a line of the bundle.
fn assert_cited(cause: &FindingCard) {
    let cited = |evidence: &[konspect::report::EvidenceCard]| {
        evidence.iter().any(|line| !line.path.is_empty() && line.end > line.start)
    };
    assert!(cited(&cause.evidence), "{} cites nothing", cause.rule);
    for effect in &cause.explains {
        assert!(cited(&effect.evidence), "{} cites nothing", effect.rule);
    }
}

fn place(cause: &FindingCard, rule: &str) -> usize {
    let told: Vec<&str> = cause.explains.iter().map(|effect| effect.rule.as_str()).collect();
    told.iter().position(|told| *told == rule).unwrap_or_else(|| panic!("no {rule} in {told:?}"))
}

fn because(cause: &FindingCard, rule: &str) -> String {
    cause.explains[place(cause, rule)].because_of.clone()
}

fn causes(report: &Report) -> Vec<&str> {
    report.causes.iter().map(|cause| cause.rule.as_str()).collect()
}

#[test]
fn a_throttled_disk_ends_in_a_webhook_that_blocks_writes() {
    let report = kit::report(&kit::memory(disk_to_webhook()));
    assert_eq!(causes(&report), ["disk-io-throttled"]);
    let cause = &report.causes[0];
    let chain =
        ["kubelet-unhealthy", "node-not-ready", "tunnel-agents-not-running", "kubelet-unreachable"];
    for pair in chain.windows(2) {
        assert!(place(cause, pair[0]) < place(cause, pair[1]), "{pair:?}");
    }
    assert!(
        place(cause, "tunnel-agents-not-running")
            < place(cause, "webhook-unreachable-blocks-writes")
    );
    assert_eq!(because(cause, "kubelet-unhealthy"), "disk-io-throttled");
    assert_eq!(because(cause, "node-not-ready"), "kubelet-unhealthy");
    assert_eq!(because(cause, "tunnel-agents-not-running"), "node-not-ready");
    assert_cited(cause);
    // Both agents on one node is the weakness of design that let it spread.
    assert!(report.aggravating.iter().any(|finding| finding.rule == "tunnel-agents-on-one-node"));
    // Who was first is said, and what would refute it.
    let first = report.clock.first_mover.as_deref().unwrap();
    assert!(first.contains("disk") && first.contains("2025-06-11T14:55:00Z"), "{first}");
    assert!(cause.settles.is_some());
}

/// A rule of a network security group, dials that get no answer, logs and webhooks that fail; names resolve.
fn denied_port() -> kit::Tree {
    let logs = "$ kubectl logs -n shop web-0 --tail=1   # node aks-np1-12345678-vmss000000\nready to serve\n$ kubectl logs -n shop web-1 --tail=1   # node aks-apps-87654321-vmss000000\nError from server: Get \"https://aks-apps-87654321-vmss000000:10250/containerLogs/shop/web-1/web?tailLines=1\": proxy error from localhost:9443 while dialing 10.224.0.6:10250, code 504: 504 Gateway Timeout\n$ kubectl exec -n shop web-2 -- true   # node aks-apps-87654321-vmss000001\nError from server: error dialing backend: dial tcp 10.224.0.7:10250: i/o timeout\n";
    let coredns = |name: &str, node: &str| {
        let mut pod = agent(name, node, true, "09:00:00");
        pod["metadata"]["labels"] = json!({"k8s-app": "kube-dns"});
        pod["spec"]["containers"][0]["name"] = json!("coredns");
        pod["status"]["containerStatuses"][0]["name"] = json!("coredns");
        pod
    };
    let cluster = json!({"name": "aks1", "type": "Microsoft.ContainerService/ManagedClusters", "kubernetesVersion": "1.31.8", "nodeResourceGroup": "MC", "fqdn": "aks1-1a2b3c4d.hcp.westeurope.azmk8s.io",
        "agentPoolProfiles": [{"name": "np1", "mode": "System", "count": 2, "vnetSubnetId": "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet-aks"},
            {"name": "apps", "mode": "User", "count": 2, "vnetSubnetId": "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet-aks"}],
        "networkProfile": {"networkPlugin": "azure", "outboundType": "loadBalancer"}});
    let group = json!([{"name": "nsg-aks", "resourceGroup": "rg", "type": "Microsoft.Network/networkSecurityGroups", "id": "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/nsg-aks",
        "subnets": [{"id": "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet-aks"}],
        "securityRules": [{"name": "deny-all-in", "priority": 4096, "access": "Deny", "direction": "Inbound", "protocol": "Tcp", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*"}],
        "defaultSecurityRules": []}]);
    tree(vec![
        ("az/aks-show.json", serde_json::to_vec_pretty(&cluster).unwrap()),
        ("az/nsg-list.json", serde_json::to_vec_pretty(&group).unwrap()),
        ("client/kubectl-logs.txt", logs.as_bytes().to_vec()),
        (
            "get/events.json",
            failed_create(
                "proxy error from localhost:9443 while dialing 10.244.2.9:8443, code 504: 504 Gateway Timeout",
                "15:06:00",
            ),
        ),
        ("get/nodes.json", list(&[healthy(A, 4), healthy(B, 5), healthy(C, 6), healthy(D, 7)])),
        (
            "get/pods.json",
            list(&[
                agent("konnectivity-agent-7d9f-aaaaa", A, true, "09:00:00"),
                agent("konnectivity-agent-7d9f-bbbbb", B, true, "09:00:00"),
                coredns("coredns-1", A),
                coredns("coredns-2", B),
            ]),
        ),
        ("get/validatingwebhookconfigurations.json", webhook()),
    ])
}

#[test]
fn a_denying_rule_ends_in_failing_logs_and_webhooks_and_leaves_dns_alone() {
    let report = kit::report(&kit::memory(denied_port()));
    assert_eq!(causes(&report), ["port-10250-nsg"]);
    let cause = &report.causes[0];
    assert_eq!(place(cause, "node-to-node-traffic-blocked"), 0);
    for effect in ["kubelet-unreachable", "webhook-unreachable-blocks-writes"] {
        assert_eq!(because(cause, effect), "node-to-node-traffic-blocked", "{effect}");
    }
    assert_cited(cause);
    let said: Vec<&str> = report.unexplained.iter().map(|finding| finding.rule.as_str()).collect();
    assert!(!said.contains(&"coredns-down") && !said.contains(&"pod-dns-failing"), "{said:?}");
}

#[test]
fn two_faults_that_have_nothing_to_do_with_each_other_are_two_causes() {
    let mut files = disk_to_webhook();
    let policy = list(&[json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny-egress", "namespace": "payments", "uid": "n1", "creationTimestamp": at("14:40:00")},
        "spec": {"egress": [{"ports": [{"port": 443, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}], "podSelector": {}, "policyTypes": ["Egress"]}})]);
    let log = format!(
        "{} ERROR resolving orders-db.orders.svc.cluster.local: lookup orders-db.orders.svc.cluster.local on 10.0.0.10:53: read udp 10.244.3.14:50941->10.0.0.10:53: i/o timeout\n",
        at("14:41:00")
    );
    let mut pods: Value = serde_json::from_slice(
        &files.iter().find(|(label, _)| label == "get/pods.json").unwrap().1,
    )
    .unwrap();
    pods["items"].as_array_mut().unwrap().push(json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "profile-7d9f-85xp5", "namespace": "payments", "uid": "p"}, "spec": {"nodeName": C}, "status": {"phase": "Running", "podIP": "10.244.3.14"}}));
    files.retain(|(label, _)| label != "get/pods.json");
    files.push(("get/networkpolicies.json".to_owned(), policy));
    files.push(("get/pods.json".to_owned(), serde_json::to_vec(&pods).unwrap()));
    files.push(("logs/payments_profile-7d9f-85xp5_profile.log".to_owned(), log.into_bytes()));
    files.sort();
    let report = kit::report(&kit::memory(files));
    let mut found = causes(&report);
    found.sort_unstable();
    assert_eq!(found, ["disk-io-throttled", "network-policy-denies-system-traffic"]);
}

#[test]
fn forty_symptoms_of_one_root_are_one_cause() {
    let mut files = disk_to_webhook();
    let events: Vec<Value> = (0..40)
        .map(|pod| {
            json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("app-{pod}.1"), "namespace": format!("team-{}", pod % 8), "uid": format!("u{pod}")},
                "involvedObject": {"kind": "Pod", "namespace": format!("team-{}", pod % 8), "name": format!("app-{pod}-7d9f-abcde")}, "type": "Warning", "reason": "Unhealthy",
                "count": 30, "firstTimestamp": at("15:01:00"), "lastTimestamp": at("15:20:00"), "source": {"component": "kubelet", "host": A},
                "message": "Liveness probe failed: Get \"http://10.244.0.9:8080/healthz\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"})
        })
        .collect();
    files.push(("get/events-2.json".to_owned(), list(&events)));
    let pods: Vec<Value> = (0..40)
        .map(|pod| {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("app-{pod}-7d9f-abcde"), "namespace": format!("team-{}", pod % 8), "uid": format!("p{pod}")},
                "spec": {"nodeName": A}, "status": {"phase": "Running"}})
        })
        .collect();
    files.push(("get/pods-2.json".to_owned(), list(&pods)));
    files.sort();
    let report = kit::report(&kit::memory(files));
    assert_eq!(causes(&report), ["disk-io-throttled"]);
    let told = &report.causes[0].explains;
    assert_eq!(told.iter().filter(|effect| effect.rule == "probes-failing-on-one-node").count(), 1);
}

#[test]
fn all_nodes_at_once_are_no_fault_of_one_node() {
    // One node's disk is slow, but all four went within ten seconds: the disk explains its node at most.
    let lost = |name: &str, address: u8, since: &str| {
        node(
            name,
            address,
            ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),
            since,
        )
    };
    let mut files = disk_to_webhook();
    files.retain(|(label, _)| label != "get/nodes.json");
    let nodes = [
        lost(A, 4, "15:04:00"),
        lost(B, 5, "15:04:03"),
        lost(C, 6, "15:04:05"),
        lost(D, 7, "15:04:10"),
    ];
    files.push(("get/nodes.json".to_owned(), list(&nodes)));
    files.sort();
    let report = kit::report(&kit::memory(files));
    for cause in report.causes.iter().filter(|cause| cause.rule == "disk-io-throttled") {
        assert!(cause.explains.iter().all(|effect| effect.rule != "node-not-ready"));
    }
}
