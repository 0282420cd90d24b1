//! The way from the nodes to the API server on TCP 443: every witness on one page, by node.
//!
//! Witnesses are checks of kubectl-aks, probes, the kubelet's journal, the tunnel agents' logs and node
//! leases. A name that does not resolve is not a blocked path, and is kept apart.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_bundle::Span;

use super::addresses::is_public;
use super::egress::{EgressResult, EgressTry};
use super::{Context, Egress, Logs, Nodes, Pods};
use crate::model::kube::Lease;
use crate::model::log::{Component, LogFile, Signal, SignalHit};
use crate::model::network_error::{NetworkError, Target};
use crate::model::node_files::{OnNode, Probe, ProbeResult};

/// Seconds without a renewal after which a node counts as lost.
const LEASE_SECONDS: i64 = 40;

/// Seconds before the end of a log within which its last failure counts as going on.
const STILL: i64 = 180;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathWitness {
    /// curl, nc or openssl on the node.
    Probe,
    /// kubectl-aks.
    Check,
    /// The node problem detector's `EgressBlocked`.
    Detector,
    Kubelet,
    TunnelAgent,
    Lease,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathAttempt {
    Reached,
    /// The dial got no answer: packets are dropped.
    TimedOut,
    Refused,
    NoRoute,
    /// The name did not resolve, or its server was silent.
    Unresolved,
    /// TCP worked, TLS or what is above it did not.
    Above,
    /// The check failed without saying why; a lease that is not renewed.
    Failed,
}

impl PathAttempt {
    /// A dial on TCP 443 that failed.
    pub fn blocked(self) -> bool {
        matches!(self, Self::TimedOut | Self::Refused | Self::NoRoute)
    }
}

#[derive(Clone, Debug)]
pub struct PathSighting {
    pub witness: PathWitness,
    pub attempt: PathAttempt,
    /// What was dialled, where the text says.
    pub host: String,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// False for failures of a log that went on without them.
    pub lasting: bool,
    pub count: u64,
    pub at: Span,
}

/// All sightings, by node.
#[derive(Clone, Debug, Default)]
pub struct ApiServerPath {
    pub nodes: BTreeMap<String, Vec<PathSighting>>,
}

/// The verdict on one node's way to the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeVerdict {
    Reached,
    Blocked,
    /// Names do not resolve, or nothing clear was seen.
    Unclear,
}

impl ApiServerPath {
    pub fn new(
        context: &Context,
        nodes: Option<&Nodes>,
        pods: Option<&Pods>,
        logs: Option<&Logs>,
        probes: &[OnNode<Probe>],
        leases: &[Lease],
        egress: Option<&Egress>,
    ) -> Option<Self> {
        let mut builder = Builder { context, nodes, path: Self::default() };
        for probe in probes.iter().filter(|probe| probe.value.pod.is_empty()) {
            builder.probe(probe);
        }
        for tried in egress.into_iter().flat_map(|egress| &egress.apiserver) {
            builder.detector(tried);
        }
        for log in logs.into_iter().flat_map(Logs::iter) {
            match log.origin.component {
                Component::Kubelet | Component::System => builder.kubelet(log),
                Component::TunnelAgent => builder.agent(log, pods),
                _ => {}
            }
        }
        for lease in leases.iter().filter(|lease| lease.meta.namespace == "kube-node-lease") {
            builder.lease(lease);
        }
        (!builder.path.nodes.is_empty()).then_some(builder.path)
    }

    pub fn of(&self, node: &str) -> &[PathSighting] {
        self.nodes.get(node).map_or(&[], Vec::as_slice)
    }

    /// What a node's witnesses say together: a probe or check taken at the collection outweighs logs.
    pub fn verdict(&self, node: &str) -> NodeVerdict {
        let seen = self.of(node);
        let by = |test: &dyn Fn(&PathSighting) -> bool| seen.iter().any(test);
        let direct = |sighting: &PathSighting| {
            matches!(sighting.witness, PathWitness::Probe | PathWitness::Check)
        };
        if by(&|s| direct(s) && s.attempt == PathAttempt::Reached) {
            return NodeVerdict::Reached;
        }
        if by(&|s| s.attempt == PathAttempt::Unresolved && s.lasting) {
            return NodeVerdict::Unclear;
        }
        if by(&|s| s.attempt.blocked() && s.lasting) {
            return NodeVerdict::Blocked;
        }
        let logs_other = by(&|s| s.witness == PathWitness::Kubelet && s.lasting);
        if by(&|s| s.witness == PathWitness::Check && s.attempt == PathAttempt::Failed)
            && !logs_other
        {
            return NodeVerdict::Blocked;
        }
        if by(&|s| s.attempt == PathAttempt::Reached) {
            return NodeVerdict::Reached;
        }
        NodeVerdict::Unclear
    }

    pub fn with(&self, verdict: NodeVerdict) -> BTreeSet<&str> {
        self.nodes.keys().filter(|node| self.verdict(node) == verdict).map(String::as_str).collect()
    }

    /// The sighting to cite for a verdict.
    pub fn witness(&self, node: &str, verdict: NodeVerdict) -> Option<&PathSighting> {
        let fits = |sighting: &&PathSighting| match verdict {
            NodeVerdict::Reached => sighting.attempt == PathAttempt::Reached,
            NodeVerdict::Blocked => {
                sighting.lasting
                    && (sighting.attempt.blocked()
                        || sighting.witness == PathWitness::Check
                            && sighting.attempt == PathAttempt::Failed)
            }
            NodeVerdict::Unclear => true,
        };
        self.of(node).iter().filter(fits).min_by_key(|sighting| (sighting.witness, sighting.at))
    }
}

struct Builder<'a> {
    context: &'a Context,
    nodes: Option<&'a Nodes>,
    path: ApiServerPath,
}

impl Builder<'_> {
    fn note(&mut self, node: &str, sighting: PathSighting) {
        if node.is_empty() {
            return;
        }
        let name =
            self.nodes.and_then(|nodes| nodes.find(node)).map_or(node, |node| &node.meta.name);
        self.path.nodes.entry(name.to_owned()).or_default().push(sighting);
    }

    fn probe(&mut self, probe: &OnNode<Probe>) {
        let value = &probe.value;
        let check = value.tool.starts_with("kubectl-aks");
        let target = &value.target;
        let api = self.context.is_apiserver(&target.host) && matches!(target.port, 443 | 0);
        if !check && !api {
            return;
        }
        let attempt = match &value.result {
            ProbeResult::Open { .. } | ProbeResult::Tls { .. } => PathAttempt::Reached,
            ProbeResult::TlsFailed { .. } | ProbeResult::Closed => PathAttempt::Above,
            ProbeResult::TimedOut => PathAttempt::TimedOut,
            ProbeResult::Refused => PathAttempt::Refused,
            ProbeResult::NoRoute => PathAttempt::NoRoute,
            ProbeResult::Unresolved | ProbeResult::ResolveTimedOut => PathAttempt::Unresolved,
            ProbeResult::CheckFailed => PathAttempt::Failed,
            ProbeResult::Unknown => return,
        };
        let witness = if check { PathWitness::Check } else { PathWitness::Probe };
        let sighting = PathSighting {
            witness,
            attempt,
            host: target.host.clone(),
            first: None,
            last: None,
            lasting: true,
            count: 1,
            at: value.at,
        };
        self.note(&probe.node, sighting);
    }

    fn detector(&mut self, tried: &EgressTry) {
        let attempt = match tried.result {
            EgressResult::TimedOut => PathAttempt::TimedOut,
            EgressResult::Refused => PathAttempt::Refused,
            EgressResult::TlsBroken | EgressResult::Reset => PathAttempt::Above,
            EgressResult::Unresolved => PathAttempt::Unresolved,
            EgressResult::Reached => PathAttempt::Reached,
        };
        let sighting = PathSighting {
            witness: PathWitness::Detector,
            attempt,
            host: tried.host.clone(),
            first: tried.first,
            last: tried.last,
            // It checks every half hour.
            lasting: self.context.age_seconds(tried.last).is_none_or(|age| age <= 2700),
            count: 1,
            at: tried.at,
        };
        self.note(&tried.node, sighting);
    }

    fn kubelet(&mut self, log: &LogFile) {
        let signals = [
            Signal::LeaseFailed,
            Signal::NodeStatusFailed,
            Signal::NodeRegistrationFailed,
            Signal::NetworkFailure,
        ];
        self.log(log, &signals, PathWitness::Kubelet, &log.origin.node);
    }

    fn agent(&mut self, log: &LogFile, pods: Option<&Pods>) {
        let node = pods
            .and_then(|pods| pods.get(&log.origin.namespace, &log.origin.pod))
            .map_or(log.origin.node.as_str(), |pod| pod.node.as_str());
        self.log(log, &[Signal::AgentCannotConnect], PathWitness::TunnelAgent, node);
    }

    fn log(&mut self, log: &LogFile, signals: &[Signal], witness: PathWitness, node: &str) {
        let mut seen: BTreeMap<PathAttempt, PathSighting> = BTreeMap::new();
        for signal in signals {
            let Some(count) = log.signal(*signal) else { continue };
            for hit in &count.hits {
                let Some((attempt, host)) = self.attempt_of(hit, *signal) else { continue };
                let entry = seen.entry(attempt).or_insert_with(|| PathSighting {
                    witness,
                    attempt,
                    host,
                    first: hit.time,
                    last: hit.time,
                    lasting: false,
                    count: 0,
                    at: hit.at,
                });
                entry.count += 1;
                entry.first = match (entry.first, hit.time) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
                entry.last = entry.last.max(hit.time);
            }
        }
        let end = log.last;
        for mut sighting in seen.into_values() {
            sighting.lasting = match (sighting.last, end) {
                (Some(last), Some(end)) => end.duration_since(last).as_secs() <= STILL,
                _ => true,
            } && (sighting.count >= 2 || witness == PathWitness::TunnelAgent);
            self.note(node, sighting);
        }
    }

    fn attempt_of(&self, hit: &SignalHit, signal: Signal) -> Option<(PathAttempt, String)> {
        let dialled = |target: &Target| {
            let api = self.context.is_apiserver(&target.host)
                || target.port == 443
                    && (signal != Signal::NetworkFailure || self.context.names_in(&hit.text))
                    && (is_public(&target.host) || self.context.names_in(&hit.text));
            api.then(|| target.host.clone())
        };
        match hit.error.as_ref()? {
            NetworkError::DialTimeout { target } => Some((PathAttempt::TimedOut, dialled(target)?)),
            NetworkError::Refused { target } => Some((PathAttempt::Refused, dialled(target)?)),
            NetworkError::NoRoute { target } => Some((PathAttempt::NoRoute, dialled(target)?)),
            NetworkError::NoSuchHost { name, .. }
            | NetworkError::LookupTimeout { name, .. }
            | NetworkError::LookupFailed { name, .. }
                if self.context.is_apiserver(name) =>
            {
                Some((PathAttempt::Unresolved, name.clone()))
            }
            NetworkError::TlsHandshakeTimeout { target } => {
                Some((PathAttempt::Above, dialled(target)?))
            }
            _ => None,
        }
    }

    fn lease(&mut self, lease: &Lease) {
        let Some(age) = self.context.age_at(lease.renewed, lease.at) else { return };
        let attempt = if age > LEASE_SECONDS { PathAttempt::Failed } else { PathAttempt::Reached };
        let sighting = PathSighting {
            witness: PathWitness::Lease,
            attempt,
            host: String::new(),
            first: lease.renewed,
            last: lease.renewed,
            lasting: true,
            count: 1,
            at: lease.at,
        };
        self.note(&lease.meta.name, sighting);
    }
}
