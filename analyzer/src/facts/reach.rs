//! Who reached which kubelet, and who did not: every witness of TCP 10250 on one page.
//!
//! Witnesses are the client's `kubectl logs`, the tunnel agents' dials, metrics-server's scrapes and
//! probes from node to node. They differ in the way they take, which separates causes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_bundle::Span;

use super::{Logs, Nodes, Pods};
use crate::model::client::CommandOutcome;
use crate::model::log::{Component, Signal};
use crate::model::network_error::{NetworkError, Target};
use crate::model::node_files::{OnNode, Probe, ProbeResult};

/// The port of the kubelet's API.
pub const KUBELET_PORT: u16 = 10250;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Witness {
    /// `kubectl logs`, `exec`, … through API server and tunnel.
    Client,
    /// A tunnel agent's own dial.
    TunnelAgent,
    MetricsServer,
    /// nc or curl on another node, or on the node itself.
    Probe,
    /// An event or a status that quotes an error of the API server.
    ApiServer,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attempt {
    Reached,
    /// No answer: packets are dropped.
    TimedOut,
    /// A reset or an ICMP port-unreachable: nothing listens, or a REJECT rule.
    Refused,
    /// ICMP host-unreachable or admin-prohibited.
    NoRoute,
    TlsTimedOut,
    /// No agent was connected: says nothing of the node itself.
    NoAgent,
    /// The call ended in time without saying why: an overloaded tunnel, a slow node or a lost packet.
    Unanswered,
}

impl Attempt {
    /// True when it failed on the way to the node or at it, not in the tunnel before.
    pub fn failed_at_node(&self) -> bool {
        matches!(self, Self::TimedOut | Self::Refused | Self::NoRoute | Self::TlsTimedOut)
    }
}

/// One attempt to reach a kubelet.
#[derive(Clone, Debug)]
pub struct Sighting {
    pub witness: Witness,
    /// The node it came from, when known (the agent's node, the probing node).
    pub from: String,
    pub attempt: Attempt,
    pub time: Option<Timestamp>,
    pub count: u64,
    pub at: Span,
}

/// All sightings, by node name (or by address when no node has it).
#[derive(Clone, Debug, Default)]
pub struct KubeletReach {
    pub nodes: BTreeMap<String, Vec<Sighting>>,
}

impl KubeletReach {
    pub fn new(
        nodes: Option<&Nodes>,
        pods: Option<&Pods>,
        logs: Option<&Logs>,
        commands: &[CommandOutcome],
        probes: &[OnNode<Probe>],
    ) -> Option<Self> {
        let mut reach = Builder { nodes, reach: Self::default() };
        for command in commands {
            reach.command(command, pods);
        }
        if let Some(logs) = logs {
            reach.logs(logs, pods);
        }
        for probe in probes {
            reach.probe(probe);
        }
        (!reach.reach.nodes.is_empty()).then_some(reach.reach)
    }

    /// Nodes with at least one attempt that failed at the node itself, and none of the same witness kind
    /// that succeeded.
    pub fn unreachable(&self) -> BTreeSet<&str> {
        self.nodes
            .iter()
            .filter(|(_, sightings)| unreachable(sightings))
            .map(|(node, _)| node.as_str())
            .collect()
    }

    pub fn reached(&self) -> BTreeSet<&str> {
        self.nodes
            .iter()
            .filter(|(_, sightings)| {
                sightings.iter().any(|sighting| sighting.attempt == Attempt::Reached)
            })
            .map(|(node, _)| node.as_str())
            .collect()
    }

    pub fn of(&self, node: &str) -> &[Sighting] {
        self.nodes.get(node).map_or(&[], Vec::as_slice)
    }
}

fn unreachable(sightings: &[Sighting]) -> bool {
    let failed = |sighting: &&Sighting| sighting.attempt.failed_at_node();
    let failures: BTreeSet<Witness> =
        sightings.iter().filter(failed).map(|sighting| sighting.witness).collect();
    let successes: BTreeSet<Witness> = sightings
        .iter()
        .filter(|sighting| sighting.attempt == Attempt::Reached)
        .map(|sighting| sighting.witness)
        .collect();
    failures.iter().any(|witness| !successes.contains(witness))
}

struct Builder<'a> {
    nodes: Option<&'a Nodes>,
    reach: KubeletReach,
}

impl Builder<'_> {
    fn note(&mut self, host: &str, sighting: Sighting) {
        let name =
            self.nodes.and_then(|nodes| nodes.find(host)).map_or(host, |node| &node.meta.name);
        self.reach.nodes.entry(name.to_owned()).or_default().push(sighting);
    }

    fn command(&mut self, command: &CommandOutcome, pods: Option<&Pods>) {
        let uses_kubelet = ["logs", "exec", "attach", "port-forward", "cp", "containerLogs"]
            .iter()
            .any(|verb| command.command.split_whitespace().any(|word| word == *verb));
        let errors: Vec<(Target, Attempt)> = command.errors.iter().filter_map(attempt_of).collect();
        let to_kubelet = errors.iter().find(|(target, _)| target.port == KUBELET_PORT);
        let node = if !command.node.is_empty() {
            Some(command.node.clone())
        } else {
            command.pod.split_once('/').and_then(|(namespace, name)| {
                Some(pods?.get(namespace, name)?.node.to_string()).filter(|node| !node.is_empty())
            })
        };
        let sighting = |attempt| Sighting {
            witness: Witness::Client,
            from: String::new(),
            attempt,
            time: command.started,
            count: 1,
            at: command.at,
        };
        match (to_kubelet, node) {
            (Some((target, attempt)), node) => {
                let host = node.unwrap_or_else(|| target.host.clone());
                self.note(&host, sighting(attempt.clone()));
            }
            (None, Some(node))
                if uses_kubelet && command.errors.contains(&NetworkError::NoAgent) =>
            {
                self.note(&node, sighting(Attempt::NoAgent));
            }
            (None, Some(node))
                if uses_kubelet
                    && (command.errors.iter().any(unanswered)
                        || command.error_text.contains("error trying to reach service")) =>
            {
                self.note(&node, sighting(Attempt::Unanswered));
            }
            (None, Some(node))
                if uses_kubelet
                    && !command.failed()
                    && (command.exit == Some(0) || !command.output.is_empty()) =>
            {
                self.note(&node, sighting(Attempt::Reached));
            }
            _ => {}
        }
    }

    fn logs(&mut self, logs: &Logs, pods: Option<&Pods>) {
        for (component, signal, witness) in [
            (Component::TunnelAgent, Signal::AgentDialFailed, Witness::TunnelAgent),
            (Component::TunnelServer, Signal::TunnelServerDialFailed, Witness::TunnelAgent),
            (Component::MetricsServer, Signal::ScrapeFailed, Witness::MetricsServer),
        ] {
            for log in logs.of(component) {
                let Some(count) = log.signal(signal) else { continue };
                let from = pods
                    .and_then(|pods| pods.get(&log.origin.namespace, &log.origin.pod))
                    .map_or_else(|| log.origin.node.clone(), |pod| pod.node.to_string());
                let mut seen = BTreeSet::new();
                for hit in &count.hits {
                    let Some((target, attempt)) = hit.error.as_ref().and_then(attempt_of) else {
                        continue;
                    };
                    if target.port != KUBELET_PORT
                        || !seen.insert((target.host.clone(), attempt.clone()))
                    {
                        continue;
                    }
                    let detail = format!("{}:{}", target.host, target.port);
                    let times = count
                        .details
                        .iter()
                        .find(|(name, _)| *name == detail)
                        .map_or(1, |(_, times)| *times);
                    let (time, at, from) = (hit.time, hit.at, from.clone());
                    self.note(
                        &target.host,
                        Sighting { witness, from, attempt, time, count: times, at },
                    );
                }
            }
        }
    }

    fn probe(&mut self, probe: &OnNode<Probe>) {
        if probe.value.target.port != KUBELET_PORT {
            return;
        }
        let attempt = match &probe.value.result {
            ProbeResult::Open { .. } | ProbeResult::Tls { .. } | ProbeResult::TlsFailed { .. } => {
                Attempt::Reached
            }
            ProbeResult::TimedOut => Attempt::TimedOut,
            ProbeResult::Refused => Attempt::Refused,
            ProbeResult::NoRoute => Attempt::NoRoute,
            _ => return,
        };
        let (from, at) = (probe.node.clone(), probe.value.at);
        self.note(
            &probe.value.target.host,
            Sighting { witness: Witness::Probe, from, attempt, time: None, count: 1, at },
        );
    }
}

/// What an error says of an attempt, and at what.
pub fn attempt_of(error: &NetworkError) -> Option<(Target, Attempt)> {
    match error {
        NetworkError::DialTimeout { target } => Some((target.clone(), Attempt::TimedOut)),
        NetworkError::ProxyDial { target, code: 504 } => Some((target.clone(), Attempt::TimedOut)),
        NetworkError::ProxyDial { target, code: 503 } => Some((target.clone(), Attempt::NoAgent)),
        NetworkError::Refused { target } => Some((target.clone(), Attempt::Refused)),
        NetworkError::NoRoute { target } => Some((target.clone(), Attempt::NoRoute)),
        NetworkError::TlsHandshakeTimeout { target } => {
            Some((target.clone(), Attempt::TlsTimedOut))
        }
        _ => None,
    }
}

/// The call to the kubelet broke or ran out of time, and nothing tells where.
fn unanswered(error: &NetworkError) -> bool {
    matches!(
        error,
        NetworkError::DeadlineExceeded
            | NetworkError::RequestTimeout
            | NetworkError::TunnelSocket
            | NetworkError::EndOfFile
            | NetworkError::Reset { .. }
            | NetworkError::ProxyDial { .. }
    )
}
