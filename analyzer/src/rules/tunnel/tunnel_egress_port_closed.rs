//! The old tunnels' own ports are closed on the way out: TCP 9000 of tunnelfront, UDP 1194 of aks-link.

use konspect_bundle::{Span, Words, words};

use crate::facts::firewalls::Closed;
use crate::facts::tunnel::TunnelKind;
use crate::facts::{AnyOf, Firewalls, Listing, Missing, Tunnel};
use crate::finding::{Confidence, Finding, Meta, Risk, Severity, Step, Subject};
use crate::model::log::Signal;
use crate::model::network_error::{NetworkError, Target};
use crate::model::node_files::{OnNode, Probe, ProbeResult};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct TunnelEgressPortClosed;

static META: Meta = rule_meta!(
    "KSP2004",
    "tunnel-egress-port-closed",
    Tunnel,
    Cause,
    Critical,
    "tunnel_egress_port_closed.md"
);

/// Findings of rules alone; more nodes have the same ones.
const MOST_FINDINGS: usize = 4;

impl Rule for TunnelEgressPortClosed {
    const META: &'static Meta = &META;
    type Inputs<'f> =
        (AnyOf<&'f Tunnel, &'f Firewalls>, Option<&'f Listing<OnNode<Probe>>>);

    fn check((AnyOf(tunnel, firewalls), probes): Self::Inputs<'_>, out: &mut Checked) {
        let known = tunnel.filter(|tunnel| tunnel.kind != TunnelKind::None);
        let Some(tunnel) = known else {
            // No sign of any tunnel: the rules are told for whoever still has one of the old ones.
            if tunnel.is_none_or(|tunnel| tunnel.pods_at.is_none()) {
                firewalls.into_iter().flat_map(closed_by_rule).for_each(|found| out.found(found));
            }
            return;
        };
        let port = match tunnel.kind {
            TunnelKind::Tunnelfront => 9000,
            TunnelKind::AksLink => 1194,
            TunnelKind::Konnectivity => {
                if let Some(at) = sign(tunnel) {
                    out.cleared(at, words!("tunnel-egress-port-closed-konnectivity"));
                }
                return;
            }
            TunnelKind::None => return,
        };
        let Some(agent) = tunnel.agents.first() else {
            out.blind(Missing::table(TableKind::Pods));
            return;
        };
        if let Some(agent) = tunnel.ready().next() {
            let says = words!("tunnel-egress-port-closed-ready", pod = &agent.pod.meta.name);
            out.cleared(agent.pod.at, says);
            return;
        }
        let signs: Vec<(Span, Words)> = ruled(firewalls, port)
            .into_iter()
            .chain(probed(probes, port))
            .chain(logged(tunnel, port))
            .collect();
        let Some((at, says)) = signs.first().cloned() else {
            out.blind(Missing::table(TableKind::TunnelLogs));
            return;
        };
        let name = agent.pod.meta.name.as_str();
        let mut finding = META
            .finding(
                Subject::new("Pod", "kube-system", name),
                words!("tunnel-egress-port-closed-title", port = port, pod = name),
                at,
                says,
            )
            .confidence(if signs.len() > 1 { Confidence::Proven } else { Confidence::Likely })
            .supported_by(agent.pod.at, words!("tunnel-egress-port-closed-down", pod = name));
        for (at, says) in signs.into_iter().skip(1) {
            finding = finding.supported_by(at, says);
        }
        out.found(
            finding.step(Step::new(words!("tunnel-egress-port-closed-open", port = port))).step(
                Step::new(words!("tunnel-egress-port-closed-upgrade")).run(
                    Risk::Reads,
                    command("az aks get-upgrades -g RESOURCE_GROUP -n CLUSTER -o table", &[]),
                ),
            ),
        );
    }
}

/// What the nodes' own rules close, where nothing tells which tunnel the cluster has: only a possibility.
fn closed_by_rule(firewalls: &Firewalls) -> Vec<Finding> {
    let mut found = Vec::new();
    for firewall in &firewalls.nodes {
        for closed in &firewall.closed {
            let node = if firewall.node.is_empty() { "none" } else { firewall.node.as_str() };
            let title = words!(
                "tunnel-egress-port-closed-on-node",
                node = node,
                port = closed.port,
                protocol = protocol(closed.udp)
            );
            let mut finding = META
                .finding(Subject::node(&firewall.node), title, closed.shut.at, says(closed))
                .severity(Severity::Warning)
                .confidence(Confidence::Possible)
                .step(Step::new(words!("tunnel-egress-port-closed-which")).run(
                    Risk::Reads,
                    command("kubectl get pods -n kube-system -o wide", &[]),
                ));
            if !firewall.node.is_empty() {
                finding = finding.on_node(&firewall.node);
            }
            if let Some(change) = &closed.change {
                finding = finding.step(
                    Step::new(words!("tunnel-egress-port-closed-change"))
                        .run(Risk::Changes, Some(change.command.clone()))
                        .undone_by(Some(change.undo.clone())),
                );
            }
            found.push(finding.settled_by(words!("tunnel-egress-port-closed-settled")));
            if found.len() >= MOST_FINDINGS {
                return found;
            }
        }
    }
    found
}

fn says(closed: &Closed) -> Words {
    words!(
        "tunnel-egress-port-closed-rule",
        number = closed.shut.number,
        chain = &closed.shut.chain,
        port = closed.port,
        protocol = protocol(closed.udp)
    )
}

fn protocol(udp: bool) -> &'static str {
    if udp { "UDP" } else { "TCP" }
}

/// A node's own rule that closes the tunnel's port.
fn ruled(firewalls: Option<&Firewalls>, port: u16) -> Option<(Span, Words)> {
    let closed = firewalls?
        .nodes
        .iter()
        .flat_map(|firewall| &firewall.closed)
        .find(|closed| closed.port == port)?;
    Some((closed.shut.at, says(closed)))
}

/// Any line that shows konnectivity.
fn sign(tunnel: &Tunnel) -> Option<Span> {
    let pod = tunnel.agents.first().map(|agent| agent.pod.at);
    let workload = tunnel.workload.as_ref().map(|workload| workload.at);
    pod.or(workload).or(tunnel.logs.first().map(|log| log.at))
}

/// A probe of the port that got no answer.
fn probed(probes: Option<&Listing<OnNode<Probe>>>, port: u16) -> Option<(Span, Words)> {
    let probe = probes?.iter().find(|probe| {
        probe.value.target.port == port
            && matches!(probe.value.result, ProbeResult::TimedOut | ProbeResult::Refused | ProbeResult::NoRoute)
    })?;
    let host = probe.value.target.host.as_str();
    Some((probe.value.at, words!("tunnel-egress-port-closed-probe", host = host, port = port)))
}

/// The agent's own word on the port.
fn logged(tunnel: &Tunnel, port: u16) -> Option<(Span, Words)> {
    let hits = tunnel
        .logs
        .iter()
        .flat_map(|log| [Signal::AgentCannotConnect, Signal::NetworkFailure].map(|signal| log.signal(signal)))
        .flatten()
        .flat_map(|count| &count.hits);
    let named = |target: &Target| target.port == port;
    let hit = hits.into_iter().find(|hit| match &hit.error {
        Some(
            NetworkError::DialTimeout { target }
            | NetworkError::Refused { target }
            | NetworkError::NoRoute { target },
        ) => named(target) || hit.text.contains(&format!("port {port}")),
        // OpenVPN talks UDP: nobody refuses, no answer comes.
        _ => port == 1194 && hit.text.contains("TLS key negotiation failed"),
    })?;
    Some((hit.at, words!("tunnel-egress-port-closed-log", port = port)))
}
