//! What follows when the way to the API server, names or endpoints outside fail.

use super::Row;
use super::Strength::{Medium as M, Strong as S};

pub(super) static ROWS: &[Row] = &[
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
];
