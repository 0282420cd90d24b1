//! The tunnel from the control plane to the nodes: konnectivity-agent, tunnelfront or aks-link behind
//! one shape.

use std::collections::BTreeSet;

use jiff::Timestamp;
use konspect_bundle::Span;

use super::{Logs, Pods};
use crate::model::azure::ManagedCluster;
use crate::model::kube::Pod;
use crate::model::log::{Component, LogFile, Signal};
use crate::model::workload::{Workload, WorkloadKind};

/// Which program carries the tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TunnelKind {
    Konnectivity,
    /// SSH over TCP 9000, gone since 2022.
    Tunnelfront,
    /// OpenVPN over UDP 1194, gone since 2022.
    AksLink,
    /// No sign of any.
    #[default]
    None,
}

/// The tunnel as the bundle shows it.
#[derive(Clone, Debug, Default)]
pub struct Tunnel {
    pub kind: TunnelKind,
    pub agents: Vec<Agent>,
    /// The agents' Deployment, when workloads were collected and it is there.
    pub workload: Option<Workload>,
    /// API server VNet integration with Azure CNI node subnets: no agents by design, with the field that says so.
    pub absent_by_design: Option<Span>,
    /// Where the pods are listed, for citing an absence.
    pub pods_at: Option<Span>,
    /// Where the workloads are listed.
    pub workloads_at: Option<Span>,
    /// What agent logs say, of whichever pod.
    pub logs: Vec<LogFile>,
}

/// One agent pod.
#[derive(Clone, Debug)]
pub struct Agent {
    pub pod: Pod,
    /// What its log says of its connection; `None` without a log that tells.
    pub connected: Option<bool>,
}

/// The last word of an agent's log on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastWord {
    Connected(Option<Timestamp>),
    Failed(Option<Timestamp>),
    Silent,
}

impl Tunnel {
    pub fn new(
        pods: Option<&Pods>,
        workloads: Option<(&[Workload], Span)>,
        logs: Option<&Logs>,
        cluster: Option<&ManagedCluster>,
    ) -> Option<Self> {
        let agent_logs: Vec<LogFile> =
            logs.into_iter().flat_map(|logs| logs.of(Component::TunnelAgent)).cloned().collect();
        if pods.is_none() && workloads.is_none() && agent_logs.is_empty() {
            return None;
        }
        let mut tunnel = Self { logs: agent_logs, pods_at: pods.map(Pods::at), ..Self::default() };
        for pod in pods.into_iter().flat_map(|pods| pods.in_namespace("kube-system")) {
            let Some(kind) = agent_kind(pod) else { continue };
            tunnel.kind = kind;
            let connected = tunnel
                .logs
                .iter()
                .filter(|log| log.origin.pod == pod.meta.name)
                .find_map(connected);
            tunnel.agents.push(Agent { pod: pod.clone(), connected });
        }
        if let Some((workloads, at)) = workloads {
            tunnel.workloads_at = Some(at);
            tunnel.workload = workloads
                .iter()
                .find(|workload| {
                    workload.kind == WorkloadKind::Deployment
                        && kind_of_name(&workload.meta.name).is_some_and(|(_, exact)| exact)
                })
                .cloned();
            if let Some(workload) = &tunnel.workload
                && tunnel.kind == TunnelKind::None
            {
                tunnel.kind =
                    kind_of_name(&workload.meta.name).map_or(TunnelKind::None, |(kind, _)| kind);
            }
        }
        if tunnel.kind == TunnelKind::None && !tunnel.logs.is_empty() {
            tunnel.kind = TunnelKind::Konnectivity;
        }
        tunnel.absent_by_design =
            cluster.filter(|cluster| has_no_agents_by_design(cluster)).map(|cluster| cluster.at);
        Some(tunnel)
    }

    /// Agents whose pod is ready.
    pub fn ready(&self) -> impl Iterator<Item = &Agent> {
        self.agents.iter().filter(|agent| agent.pod.ready())
    }

    /// Nodes that host an agent, ready or not.
    pub fn nodes(&self) -> BTreeSet<String> {
        self.agents
            .iter()
            .map(|agent| agent.pod.node.to_string())
            .filter(|node| !node.is_empty())
            .collect()
    }
}

/// AKS keeps agents with overlay and bring-your-own networking even when the API server is in the VNet.
fn has_no_agents_by_design(cluster: &ManagedCluster) -> bool {
    cluster.vnet_integration
        && cluster.network_plugin.eq_ignore_ascii_case("azure")
        && !cluster.network_plugin_mode.eq_ignore_ascii_case("overlay")
}

fn agent_kind(pod: &Pod) -> Option<TunnelKind> {
    if pod.meta.label("app") == Some("konnectivity-agent")
        || pod.meta.label("k8s-app") == Some("konnectivity-agent")
    {
        return Some(TunnelKind::Konnectivity);
    }
    kind_of_name(&pod.meta.name).map(|(kind, _)| kind)
}

/// The kind a pod's or workload's name tells, and whether it is the workload's whole name.
fn kind_of_name(name: &str) -> Option<(TunnelKind, bool)> {
    for (prefix, kind) in [
        ("konnectivity-agent", TunnelKind::Konnectivity),
        ("tunnelfront", TunnelKind::Tunnelfront),
        ("aks-link", TunnelKind::AksLink),
    ] {
        if let Some(rest) = name.strip_prefix(prefix) {
            let other =
                rest.starts_with("-autoscaler") || !(rest.is_empty() || rest.starts_with('-'));
            return (!other).then_some((kind, rest.is_empty()));
        }
    }
    None
}

/// What a log says last: connected or not; `None` when it says neither.
pub fn connected(log: &LogFile) -> Option<bool> {
    match last_word(log) {
        LastWord::Connected(_) => Some(true),
        LastWord::Failed(_) => Some(false),
        LastWord::Silent => None,
    }
}

/// Weighs the connect lines of a log against its failure lines: the later one counts, by place.
pub fn last_word(log: &LogFile) -> LastWord {
    let last = |signals: &[Signal]| {
        signals
            .iter()
            .filter_map(|signal| log.signal(*signal)?.hits.last())
            .map(|hit| (hit.at, hit.time))
            .max()
    };
    let up = last(&[Signal::AgentConnected, Signal::AgentServing]);
    let down = last(&[Signal::AgentCannotConnect]);
    match (up, down) {
        (None, None) => LastWord::Silent,
        (Some((_, time)), None) => LastWord::Connected(time),
        (None, Some((_, time))) => LastWord::Failed(time),
        (Some((up, time)), Some((down, _))) if up > down => LastWord::Connected(time),
        (_, Some((_, time))) => LastWord::Failed(time),
    }
}
