//! What follows from what: cause and effect between rules, with how often and where.
//!
//! The edges are the causal map of the knowledge behind the rules; a rule's page tells each in words.

/// How surely the effect follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    Weak,
    Medium,
    Strong,
}

impl Strength {
    pub fn points(self) -> i64 {
        match self {
            Self::Weak => 2,
            Self::Medium => 5,
            Self::Strong => 8,
        }
    }
}

/// One edge of the causal map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    pub strength: Strength,
    /// Both must be on the same node, or in the same namespace: the effect is local to its cause.
    pub same_place: bool,
    /// How long after the cause was last seen an effect may still begin.
    pub tail_seconds: i64,
}

/// Ten minutes: pods are evicted five minutes after their node was lost, and back-offs take five more.
const TAIL: i64 = 600;

use Strength::{Medium as M, Strong as S, Weak as W};

/// `(causes, effects, strength, same place)`: each of the causes can bring each of the effects.
type Row = (&'static [&'static str], &'static [&'static str], Strength, bool);

const TUNNEL_DOWN: &[&str] =
    &["kubelet-unreachable", "aggregated-api-unavailable", "webhook-unreachable-blocks-writes"];

const AGENTS_CUT_OFF: &[&str] = &["tunnel-agents-not-connected"];

const API_SLOW: &[&str] = &[
    "request-latency-over-slo",
    "requests-rejected-by-priority-and-fairness",
    "managed-apiserver-guard-active",
    "leader-election-churning",
    "etcd-memory-pressure",
];

static ROWS: &[Row] = &[
    // Node-local chain.
    (
        &["disk-io-throttled"],
        &[
            "kubelet-unhealthy",
            "container-runtime-down",
            "node-not-ready",
            "probes-failing-on-one-node",
        ],
        S,
        true,
    ),
    (&["disk-io-throttled"], &["node-kernel-or-filesystem-fault"], M, true),
    (
        &["node-memory-pressure"],
        &[
            "kubelet-unhealthy",
            "node-not-ready",
            "mass-eviction",
            "container-oom-killed",
            "probes-failing-on-one-node",
            "tunnel-agents-under-scaled",
        ],
        S,
        true,
    ),
    (&["node-memory-pressure"], &["disk-io-throttled", "container-crash-loop"], M, true),
    (
        &["node-disk-pressure"],
        &[
            "kubelet-unhealthy",
            "node-not-ready",
            "mass-eviction",
            "image-pull-failing",
            "pod-sandbox-failing",
            "container-crash-loop",
        ],
        S,
        true,
    ),
    (
        &["node-pid-pressure"],
        &[
            "kubelet-unhealthy",
            "node-not-ready",
            "mass-eviction",
            "container-crash-loop",
            "container-runtime-down",
        ],
        S,
        true,
    ),
    (
        &["node-cpu-starved"],
        &["kubelet-unhealthy", "probes-failing-on-one-node", "node-not-ready"],
        S,
        true,
    ),
    (
        &["node-cpu-starved"],
        &["tunnel-agent-hosts-overloaded", "coredns-down", "tunnel-agents-not-connected"],
        M,
        false,
    ),
    (
        &["node-kernel-or-filesystem-fault"],
        &["kubelet-unhealthy", "container-runtime-down", "node-not-ready", "node-disk-pressure"],
        S,
        true,
    ),
    (
        &["container-runtime-down"],
        &[
            "kubelet-unhealthy",
            "node-not-ready",
            "pod-sandbox-failing",
            "mass-eviction",
            "kubelet-unreachable",
        ],
        S,
        true,
    ),
    (&["kubelet-unhealthy"], &["node-not-ready", "kubelet-unreachable", "mass-eviction"], S, true),
    (
        &["node-vm-event"],
        &[
            "node-not-ready",
            "kubelet-unhealthy",
            "container-crash-loop",
            "tunnel-agents-not-running",
            "mass-eviction",
            "kubelet-unreachable",
            "container-runtime-down",
        ],
        S,
        true,
    ),
    (
        &["node-not-ready"],
        &[
            "mass-eviction",
            "tunnel-agents-not-running",
            "tunnel-agents-not-connected",
            "coredns-down",
            "kubelet-unreachable",
        ],
        S,
        true,
    ),
    (
        &["node-not-ready"],
        &[
            "pods-unschedulable",
            "service-without-endpoints",
            "container-crash-loop",
            "kube-proxy-stale",
            "webhook-unreachable-blocks-writes",
            "webhook-deadlock",
        ],
        M,
        false,
    ),
    (
        &["node-disk-pressure", "node-memory-pressure", "node-pid-pressure"],
        &["pods-unschedulable", "service-without-endpoints"],
        M,
        false,
    ),
    (
        &["mass-eviction"],
        &["pods-unschedulable", "service-without-endpoints", "coredns-down"],
        M,
        false,
    ),
    (
        &["probes-failing-on-one-node"],
        &["container-crash-loop", "service-without-endpoints"],
        M,
        true,
    ),
    // Tunnel chain.
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
    // Path chain.
    (
        &[
            "apiserver-path-blocked",
            "authorized-ip-range-missing-egress",
            "apiserver-name-unresolvable",
        ],
        &[
            "node-not-ready",
            "kubelet-unhealthy",
            "mass-eviction",
            "aggregated-api-unavailable",
            "kubelet-unreachable",
        ],
        S,
        false,
    ),
    (
        &[
            "apiserver-path-blocked",
            "authorized-ip-range-missing-egress",
            "apiserver-name-unresolvable",
        ],
        &["pods-unschedulable", "egress-endpoint-blocked", "coredns-down"],
        M,
        false,
    ),
    (
        &[
            "authorized-ip-range-missing-egress",
            "apiserver-name-unresolvable",
            "snat-ports-exhausted",
        ],
        &["apiserver-path-blocked"],
        S,
        false,
    ),
    (
        &["egress-endpoint-blocked"],
        &["image-pull-failing", "apiserver-path-blocked", "tunnel-alpn-stripped"],
        S,
        false,
    ),
    (&["egress-endpoint-blocked"], &["node-not-ready", "load-balancer-not-provisioned"], M, false),
    (
        &["upstream-dns-failing"],
        &[
            "pod-dns-failing",
            "image-pull-failing",
            "egress-endpoint-blocked",
            "apiserver-name-unresolvable",
            "coredns-down",
        ],
        S,
        false,
    ),
    (
        &["upstream-dns-failing"],
        &["node-not-ready", "tunnel-agents-not-connected", "container-crash-loop"],
        M,
        false,
    ),
    (&["apiserver-name-unresolvable"], &["pod-dns-failing", "image-pull-failing"], M, false),
    (
        &["coredns-down"],
        &["pod-dns-failing", "service-without-endpoints", "container-crash-loop"],
        S,
        false,
    ),
    (
        &["network-policy-denies-system-traffic"],
        &[
            "pod-dns-failing",
            "webhook-unreachable-blocks-writes",
            "aggregated-api-unavailable",
            "coredns-down",
        ],
        S,
        false,
    ),
    (
        &["network-policy-denies-system-traffic"],
        &["service-without-endpoints", "container-crash-loop"],
        M,
        false,
    ),
    (
        &["snat-ports-exhausted"],
        &[
            "image-pull-failing",
            "node-not-ready",
            "egress-endpoint-blocked",
            "upstream-dns-failing",
            "kubelet-unhealthy",
        ],
        M,
        false,
    ),
    (
        &["conntrack-table-full"],
        &[
            "pod-dns-failing",
            "probes-failing-on-one-node",
            "image-pull-failing",
            "kubelet-unhealthy",
        ],
        M,
        true,
    ),
    (
        &["kube-proxy-stale"],
        &[
            "pod-dns-failing",
            "service-without-endpoints",
            "probes-failing-on-one-node",
            "container-crash-loop",
        ],
        M,
        true,
    ),
    (&["pod-dns-failing"], &["container-crash-loop", "service-without-endpoints"], M, false),
    // Control plane chain.
    (
        &["client-request-flood", "client-watch-leak", "client-list-storm", "client-write-storm"],
        API_SLOW,
        S,
        false,
    ),
    (
        &["client-request-flood", "client-watch-leak", "client-list-storm", "client-write-storm"],
        &["node-not-ready", "webhook-unreachable-blocks-writes", "aggregated-api-unavailable"],
        W,
        false,
    ),
    (&["client-write-storm"], &["etcd-database-near-limit"], M, false),
    (
        &["etcd-object-leak", "helm-history-unbounded", "etcd-database-near-limit"],
        API_SLOW,
        S,
        false,
    ),
    (
        &["etcd-object-leak", "helm-history-unbounded"],
        &["etcd-database-near-limit", "etcd-space-exceeded"],
        S,
        false,
    ),
    (&["helm-history-unbounded"], &["etcd-object-leak"], S, false),
    (&["etcd-object-leak"], &["client-write-storm"], M, false),
    (&["etcd-database-near-limit"], &["etcd-space-exceeded"], S, false),
    (
        &["etcd-space-exceeded"],
        &[
            "etcd-database-near-limit",
            "node-not-ready",
            "kubelet-unhealthy",
            "leader-election-churning",
            "request-latency-over-slo",
            "apiserver-path-blocked",
        ],
        S,
        false,
    ),
    (&["request-latency-over-slo"], &["leader-election-churning"], M, false),
    (
        &["requests-rejected-by-priority-and-fairness"],
        &["managed-apiserver-guard-active"],
        M,
        false,
    ),
    // Identity, time, platform, workloads.
    (
        &["clock-skewed"],
        &[
            "certificate-expired",
            "node-not-ready",
            "kubelet-unhealthy",
            "access-denied-not-unreachable",
        ],
        S,
        true,
    ),
    (
        &["cluster-identity-expired"],
        &[
            "image-pull-failing",
            "load-balancer-not-provisioned",
            "volume-attach-failing",
            "cluster-not-reconciling",
            "object-stuck-by-finalizer",
        ],
        S,
        false,
    ),
    (&["cluster-identity-expired"], &["autoscaler-cannot-grow", "azure-api-throttled"], M, false),
    (
        &["azure-api-throttled"],
        &[
            "load-balancer-not-provisioned",
            "volume-attach-failing",
            "autoscaler-cannot-grow",
            "cluster-not-reconciling",
            "object-stuck-by-finalizer",
        ],
        S,
        false,
    ),
    (
        &["volume-attach-failing", "aggregated-api-unavailable"],
        &["object-stuck-by-finalizer"],
        M,
        false,
    ),
    (&["pod-sandbox-failing"], &["node-not-ready", "service-without-endpoints"], S, true),
    (&["disruption-budget-blocks-drain"], &["cluster-not-reconciling"], S, false),
    (
        &["pod-ips-exhausted"],
        &[
            "pod-sandbox-failing",
            "autoscaler-cannot-grow",
            "pods-unschedulable",
            "cluster-not-reconciling",
        ],
        S,
        false,
    ),
    (&["autoscaler-cannot-grow"], &["pods-unschedulable"], S, false),
    (&["quota-exceeded"], &["service-without-endpoints"], M, false),
    (
        &[
            "image-pull-failing",
            "container-crash-loop",
            "pod-sandbox-failing",
            "volume-attach-failing",
            "container-oom-killed",
        ],
        &["service-without-endpoints"],
        M,
        false,
    ),
    (&["object-stuck-by-finalizer"], &["namespace-stuck-terminating"], S, false),
    (
        &["cluster-not-reconciling"],
        &["autoscaler-cannot-grow", "load-balancer-not-provisioned", "node-not-ready"],
        M,
        false,
    ),
    (&["private-cluster-client-outside"], &["apiserver-name-unresolvable"], M, false),
    // What keeps clients from the API server.
    (
        &[
            "authorized-ip-range-missing-client",
            "private-cluster-client-outside",
            "apiserver-address-changed",
            "certificate-expired",
        ],
        &["apiserver-not-answering-client"],
        S,
        false,
    ),
    (
        &[
            "client-request-flood",
            "client-list-storm",
            "client-watch-leak",
            "client-write-storm",
            "etcd-space-exceeded",
            "etcd-object-leak",
            "apiserver-name-unresolvable",
            "clock-skewed",
        ],
        &["apiserver-not-answering-client"],
        M,
        false,
    ),
];

/// The strongest edge between two rules, if one follows from the other.
pub fn edge(cause: &str, effect: &str) -> Option<Edge> {
    ROWS.iter()
        .filter(|(causes, effects, ..)| causes.contains(&cause) && effects.contains(&effect))
        .map(|&(_, _, strength, same_place)| Edge { strength, same_place, tail_seconds: TAIL })
        .max_by_key(|edge| edge.strength)
}

/// Every slug the map names.
pub fn slugs() -> impl Iterator<Item = &'static str> {
    ROWS.iter().flat_map(|(causes, effects, ..)| causes.iter().chain(effects.iter()).copied())
}
