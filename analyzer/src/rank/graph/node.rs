//! What a node does to itself and to what runs on it: disk, memory, runtime, kubelet, the platform under it.

use super::Row;
use super::Strength::{Medium as M, Strong as S};

pub(super) static ROWS: &[Row] = &[
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
];
