//! The cluster of the fixtures: every chart has something to show.

use std::collections::BTreeMap;

use konspect::report::{
    ApiLoadCard, ClusterCard, ConnectivityCard, HopCard, PathCard, PoolCard, SeriesCard,
};

use serde_json::json;

use super::cards::at;

pub(crate) fn cluster() -> ClusterCard {
    ClusterCard {
        pools: vec![pool("np1", 180, 177), pool("system", 34, 34)],
        pods_by_state: BTreeMap::from([("Running".into(), 3_871), ("CrashLoopBackOff".into(), 41)]),
        versions: BTreeMap::from([("v1.30.4".into(), 214)]),
        object_counts: [
            ("events", 182_340),
            ("pods", 3_912),
            ("secrets", 2_204),
            ("configmaps", 1_377),
            ("replicasets", 1_102),
            ("leases", 431),
        ]
        .map(|(resource, count)| (resource.to_owned(), count))
        .into(),
        api_load: vec![
            load("flux-kustomize-controller/v1.2.0", "list", 48_211, 9_120.0),
            load("kubelet/v1.30.4", "get", 22_008, 118.0),
            load("kubelet/v1.30.4", "patch", 9_730, 97.0),
            load("kube-controller-manager/v1.30.4", "update", 4_120, 31.0),
            load("kubectl/v1.29.2", "get", 118, 8.0),
        ],
        latency: vec![
            series("flux-kustomize-controller/v1.2.0", 0..31, |minute| {
                if minute < 10 { 40.0 } else { 400.0 * f64::from(minute - 9) }
            }),
            // Six minutes without a request: a gap that no line may bridge.
            series("kubelet/v1.30.4", (0..14).chain(20..31), |minute| 55.0 + f64::from(minute % 7)),
            series("kubectl/v1.29.2", 0..31, |minute| 900.0 + 110.0 * f64::from(minute % 9)),
        ],
        connectivity: vec![
            connectivity("np1", "kubelet TCP 10250", "dropped", 3),
            connectivity("np1", "API server TCP 443", "open", 180),
            connectivity("np1", "CoreDNS UDP 53", "open", 180),
            connectivity("system", "kubelet TCP 10250", "open", 34),
            connectivity("system", "API server TCP 443", "unknown", 34),
            connectivity("system", "CoreDNS UDP 53", "rejected", 1),
        ],
        path: vec![PathCard {
            node: "aks-np1-30491862-vmss000002".into(),
            packet: "TCP 10.224.0.7 → 10.224.0.4:10250".into(),
            hops: vec![
                hop("filter INPUT 1", "-A INPUT -i lo -j ACCEPT", ""),
                hop(
                    "filter INPUT 6",
                    "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                    "",
                ),
                hop("filter INPUT 7", "-A INPUT -p tcp -m tcp --dport 10250 -j DROP", "DROP"),
            ],
        }],
    }
}

pub(crate) fn pool(name: &str, nodes: u64, ready: u64) -> PoolCard {
    PoolCard {
        name: name.into(),
        nodes,
        ready,
        version: "v1.30.4".into(),
        vm_size: "Standard_D8s_v5".into(),
        agents: 1,
    }
}

fn load(client: &str, verb: &str, requests: u64, seconds: f64) -> ApiLoadCard {
    ApiLoadCard { client: client.into(), verb: verb.into(), requests, seconds }
}

fn series(name: &str, minutes: impl Iterator<Item = u32>, value: fn(u32) -> f64) -> SeriesCard {
    let points = minutes.map(|minute| (at(minute), value(minute))).collect();
    SeriesCard { name: name.into(), unit: "ms".into(), points }
}

fn connectivity(from: &str, target: &str, state: &str, count: u64) -> ConnectivityCard {
    ConnectivityCard { from: from.into(), target: target.into(), state: state.into(), count }
}

fn hop(place: &str, rule: &str, verdict: &str) -> HopCard {
    HopCard {
        place: place.into(),
        rule: rule.into(),
        path: "nodes/aks-np1-30491862-vmss000002/iptables-save.txt".into(),
        line: Some(41),
        decides: !verdict.is_empty(),
        verdict: verdict.into(),
    }
}

/// What an audit log answers where one client leaks: enough to fill the tables of a page.
pub(crate) fn audit(agent: &str) -> serde_json::Value {
    let mut answers = konspect::report::audit::object_of_summaries(&[], &[]);
    let load = |agent: &str, requests: u64, share: f64, rejected: u64| {
        json!({
            "user_agent": agent, "requests": requests, "share": share, "per_second": 0.5,
            "work_ms": 60_000.0, "mean_ms": 40.0, "p50_ms": 12.5, "p90_ms": 850.0, "p99_ms": 31_000.0,
            "max_ms": 59_400.0, "rejected": rejected, "server_errors": 0, "users": 1, "source_ips": 3,
        })
    };
    let request = |agent: &str, verb: &str, resource: &str, p99: f64| {
        json!({
            "user": "system:serviceaccount:flux-system:kustomize-controller", "user_agent": agent,
            "verb": verb, "resource": resource, "subresource": "", "scope": "cluster",
            "requests": 1_812, "p50_ms": 2_400.0, "p90_ms": 9_800.0, "p99_ms": p99, "max_ms": 59_400.0,
            "objective_ms": 30_000.0, "objective": "over", "counted_p99_ms": null, "excused_ms": 0.0, "where": null,
        })
    };
    let mut set = |key: &str, rows: serde_json::Value| {
        answers.as_object_mut().map(|answers| answers.insert(key.to_owned(), rows));
    };
    set(
        "top_user_agents",
        [
            load(agent, 182_340, 0.614, 1_204),
            load("kubelet/v1.30.4 (linux/amd64) kubernetes/a51b3b7", 61_020, 0.205, 0),
            load(
                "kube-controller-manager/v1.30.4 (linux/amd64) kubernetes/a51b3b7",
                9_407,
                0.032,
                0,
            ),
        ]
        .into(),
    );
    set(
        "latency_by_request",
        [request(agent, "list", "events", 31_000.0), request(agent, "create", "events", 1_240.0)]
            .into(),
    );
    set(
        "open_watches",
        [json!({
            "user": "system:serviceaccount:flux-system:kustomize-controller", "user_agent": agent,
            "resource": "secrets", "namespace": "", "open": 1_024, "first": "2026-03-14T08:40:00Z",
            "last": "2026-03-14T09:29:58Z", "where": null,
        })]
        .into(),
    );
    set("rejected", [json!({
        "reason": "priority-and-fairness", "user": "system:serviceaccount:flux-system:kustomize-controller",
        "user_agent": agent, "requests": 1_204, "share": 1.0,
    })].into());
    answers
}
