//! What follows from load, size and space of the API server and etcd.

use super::Row;
use super::Strength::{Medium as M, Strong as S, Weak as W};

const API_SLOW: &[&str] = &[
    "request-latency-over-slo",
    "requests-rejected-by-priority-and-fairness",
    "managed-apiserver-guard-active",
    "leader-election-churning",
    "etcd-memory-pressure",
];

pub(super) static ROWS: &[Row] = &[
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
];
