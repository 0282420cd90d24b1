//! What follows from identities, clocks, Azure itself, and from workloads.

use super::Row;
use super::Strength::{Medium as M, Strong as S};

pub(super) static ROWS: &[Row] = &[
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
