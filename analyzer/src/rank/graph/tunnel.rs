//! What follows when agents do not run, do not connect, or cannot reach the kubelets.

use super::Row;
use super::Strength::{Medium as M, Strong as S, Weak as W};

const TUNNEL_DOWN: &[&str] =
    &["kubelet-unreachable", "aggregated-api-unavailable", "webhook-unreachable-blocks-writes"];

const AGENTS_CUT_OFF: &[&str] = &["tunnel-agents-not-connected"];

pub(super) static ROWS: &[Row] = &[
    (&["tunnel-agents-not-running"], &["tunnel-agents-not-connected"], S, false),
    (&["tunnel-agents-not-running", "tunnel-agents-not-connected"], TUNNEL_DOWN, S, false),
    (
        &[
            "tunnel-alpn-stripped",
            "tunnel-egress-port-closed",
            "authorized-ip-range-missing-egress",
            "apiserver-name-unresolvable",
        ],
        AGENTS_CUT_OFF,
        S,
        false,
    ),
    (
        &[
            "tunnel-alpn-stripped",
            "tunnel-egress-port-closed",
            "authorized-ip-range-missing-egress",
            "apiserver-name-unresolvable",
            "egress-endpoint-blocked",
            "apiserver-path-blocked",
        ],
        &["tunnel-agents-not-running"],
        S,
        false,
    ),
    (
        &[
            "egress-endpoint-blocked",
            "apiserver-path-blocked",
            "snat-ports-exhausted",
            "network-policy-denies-system-traffic",
        ],
        AGENTS_CUT_OFF,
        S,
        false,
    ),
    (
        &["tunnel-agent-hosts-overloaded", "tunnel-agents-under-scaled"],
        &[
            "tunnel-agents-not-connected",
            "tunnel-agents-not-running",
            "kubelet-unreachable",
            "aggregated-api-unavailable",
        ],
        S,
        false,
    ),
    (
        &["tunnel-agent-hosts-overloaded"],
        &["probes-failing-on-one-node", "node-cpu-starved"],
        M,
        false,
    ),
    (
        &["tunnel-agents-under-scaled"],
        &["container-oom-killed", "container-crash-loop", "webhook-unreachable-blocks-writes"],
        M,
        false,
    ),
    (
        &["container-oom-killed"],
        &[
            "container-crash-loop",
            "tunnel-agents-not-running",
            "coredns-down",
            "tunnel-agents-not-connected",
        ],
        S,
        false,
    ),
    (
        &["image-pull-failing", "pods-unschedulable"],
        &[
            "tunnel-agents-not-running",
            "coredns-down",
            "service-without-endpoints",
            "webhook-unreachable-blocks-writes",
        ],
        M,
        false,
    ),
    (
        &["port-10250-nsg", "port-10250-ufw", "port-10250-iptables", "port-10250-nftables"],
        &["node-to-node-traffic-blocked", "kubelet-unreachable", "aggregated-api-unavailable"],
        S,
        false,
    ),
    (&["port-10250-nsg"], &["pod-dns-failing", "webhook-unreachable-blocks-writes"], M, false),
    (
        &["port-10250-ufw"],
        &[
            "port-10250-iptables",
            "pod-dns-failing",
            "service-without-endpoints",
            "probes-failing-on-one-node",
        ],
        M,
        true,
    ),
    (
        &["node-to-node-traffic-blocked"],
        &["kubelet-unreachable", "aggregated-api-unavailable"],
        S,
        false,
    ),
    (
        &["node-to-node-traffic-blocked"],
        &["webhook-unreachable-blocks-writes", "pod-dns-failing"],
        M,
        false,
    ),
    (&["kubelet-unreachable"], &["aggregated-api-unavailable"], M, false),
    (&["aggregated-api-unavailable"], &["namespace-stuck-terminating"], S, false),
    (
        &["webhook-deadlock"],
        &[
            "webhook-unreachable-blocks-writes",
            "service-without-endpoints",
            "tunnel-agents-not-running",
            "tunnel-agents-not-connected",
            "coredns-down",
            "aggregated-api-unavailable",
            "kubelet-unreachable",
        ],
        S,
        false,
    ),
    (
        &["webhook-unreachable-blocks-writes"],
        &[
            "service-without-endpoints",
            "tunnel-agents-not-running",
            "coredns-down",
            "leader-election-churning",
        ],
        M,
        false,
    ),
    (
        &["certificate-expired"],
        &[
            "webhook-unreachable-blocks-writes",
            "node-not-ready",
            "kubelet-unhealthy",
            "mass-eviction",
            "tunnel-agents-not-connected",
            "aggregated-api-unavailable",
            "apiserver-path-blocked",
            "kubelet-unreachable",
        ],
        S,
        false,
    ),
    (
        &["webhook-slow"],
        &["request-latency-over-slo", "webhook-unreachable-blocks-writes"],
        S,
        false,
    ),
    (
        &["container-oom-killed", "container-crash-loop", "node-cpu-starved"],
        &["webhook-slow", "webhook-unreachable-blocks-writes"],
        W,
        false,
    ),
];
