//! What the rules of port 10250 on a node share: who stops the packet, and who noticed.

use std::collections::BTreeSet;

use konspect_bundle::{Span, Words, words};
use konspect_netfilter::change::ChangeKind;
use konspect_netfilter::evaluate::What;

use crate::facts::firewalls::{Filter, Gate, NodeFirewall, Shut};
use crate::facts::reach::{Attempt, Sighting, Witness};
use crate::facts::{Firewalls, KubeletReach, Missing, Nodes};
use crate::finding::{Confidence, Finding, Meta, Risk, Scope, Step, Subject};
use crate::parse::TableKind;
use crate::rules::Checked;

/// Nodes beyond this number become one finding.
const MOST_FINDINGS: usize = 3;

/// What one of the three rules says in its own words.
pub(super) struct Ask {
    pub(super) meta: &'static Meta,
    pub(super) by: Filter,
    pub(super) title: fn(&str) -> Words,
    pub(super) many: fn(usize) -> Words,
    pub(super) cleared: fn(&str) -> Words,
    pub(super) remedy: fn(Finding, &NodeFirewall, &Shut) -> Finding,
}

pub(super) fn check(
    ask: &Ask,
    firewalls: &Firewalls,
    nodes: Option<&Nodes>,
    reach: Option<&KubeletReach>,
    out: &mut Checked,
) {
    let mut cleared = Vec::new();
    for firewall in &firewalls.nodes {
        match firewall.gate() {
            Gate::Shut(shut) if shut.by == ask.by => {
                if let Some(finding) = finding(ask, firewall, &shut, reach) {
                    out.found(finding);
                } else {
                    out.blind(Missing::on_node(TableKind::Firewalls, &firewall.node));
                }
            }
            gate => match passes(ask.by, firewall, &gate) {
                Some(at) => cleared.push((at, firewall.node.as_str())),
                None => out.blind(Missing::on_node(TableKind::Firewalls, &firewall.node)),
            },
        }
    }
    merge(ask, out);
    for (at, node) in cleared.into_iter().take(8) {
        out.cleared(at, (ask.cleared)(named(node)));
    }
    let unseen = nodes.into_iter().flat_map(Nodes::iter).filter(|node| {
        firewalls.of(&node.meta.name).is_none() && node.operating_system != "windows"
    });
    for node in unseen {
        out.blind(Missing::on_node(TableKind::Firewalls, &node.meta.name));
    }
}

/// The line that shows that this tool's rules let the packet pass.
fn passes(by: Filter, firewall: &NodeFirewall, gate: &Gate) -> Option<Span> {
    match (by, gate) {
        (Filter::Ufw, _) if matches!(firewall.ufw_active, Some((false, _))) => {
            firewall.ufw_active.map(|(_, at)| at)
        }
        (Filter::Ufw, Gate::Unknown | Gate::Open { .. })
            if firewall.answer.ufw.as_ref().is_some_and(|ufw| ufw.what == What::Accept) =>
        {
            firewall.answer.ufw_rule.map(|(_, at)| at).or(firewall.ufw)
        }
        // The deciding rule is another tool's: nothing of this one stopped the packet before.
        (Filter::Iptables, Gate::Shut(Shut { by: Filter::Ufw, certain: true, at, .. })) => Some(*at),
        (Filter::Iptables, Gate::Open { at, whole: true }) => firewall.iptables.map(|_| *at),
        (Filter::Ufw, Gate::Open { at, .. }) => firewall.iptables.or(firewall.nftables).map(|_| *at),
        (Filter::Nftables, Gate::Open { at, .. }) => firewall.nftables.map(|_| *at),
        _ => None,
    }
}

fn finding(
    ask: &Ask,
    firewall: &NodeFirewall,
    shut: &Shut,
    reach: Option<&KubeletReach>,
) -> Option<Finding> {
    let node = firewall.node.as_str();
    let sightings = reach.map_or(&[][..], |reach| reach.of(node));
    let failed: Vec<&Sighting> = sightings.iter().filter(|sighting| fits(sighting, shut)).collect();
    let reached = sightings
        .iter()
        .find(|sighting| sighting.attempt == Attempt::Reached && sighting.from != node);
    let counted = shut.packets.filter(|packets| *packets > 0);
    let confidence = match (shut.certain, !failed.is_empty(), counted.is_some()) {
        (true, true, _) | (true, false, true) if reached.is_none() => Confidence::Proven,
        (true, ..) | (false, true, _) => Confidence::Likely,
        (false, false, true) => Confidence::Possible,
        (false, false, false) => return None,
    };
    let subject = Subject::node(node);
    let mut finding = ask.meta.finding(subject, (ask.title)(named(node)), shut.at, says(firewall, shut));
    finding = finding.confidence(confidence).since(onset(node, &failed, reach));
    if !node.is_empty() {
        finding = finding.on_node(node);
    }
    if let Some(jump) = shut.jump {
        finding = finding.supported_by(jump, words!("port-10250-jump", chain = &shut.chain));
    }
    if let Some((true, at)) = firewall.ufw_active.filter(|(_, at)| shut.by == Filter::Ufw && *at != shut.at) {
        finding = finding.supported_by(at, words!("port-10250-ufw-active"));
    }
    for closed in firewall.closed.iter().filter(|closed| !closed.shut.chain.is_empty()) {
        let port = format!("{}/{}", closed.port, if closed.udp { "udp" } else { "tcp" });
        let says = words!("port-10250-outbound", port = port, chain = &closed.shut.chain);
        finding = finding.supported_by(closed.shut.at, says);
    }
    let mut told = BTreeSet::new();
    for sighting in failed.iter().filter(|sighting| told.insert(sighting.witness)).take(3) {
        finding = finding.supported_by(sighting.at, noticed(node, sighting));
    }
    Some((ask.remedy)(finding, firewall, shut))
}

/// A drop is silence, a reject is an answer: only the failure that the rule can bring counts.
fn fits(sighting: &Sighting, shut: &Shut) -> bool {
    match sighting.attempt {
        Attempt::TimedOut | Attempt::TlsTimedOut => !shut.rejects,
        Attempt::Refused | Attempt::NoRoute => shut.rejects,
        Attempt::Reached | Attempt::NoAgent | Attempt::Unanswered => false,
    }
}

/// The first failure, where no other node failed that may have failed before.
fn onset(node: &str, failed: &[&Sighting], reach: Option<&KubeletReach>) -> Option<jiff::Timestamp> {
    let alone = reach.is_some_and(|reach| reach.unreachable().iter().all(|other| *other == node));
    alone
        .then(|| {
            failed
                .iter()
                .filter(|sighting| sighting.witness != Witness::Client)
                .filter_map(|sighting| sighting.time)
                .min()
        })
        .flatten()
}

fn says(firewall: &NodeFirewall, shut: &Shut) -> Words {
    let source = firewall.source.to_string();
    let (table, chain) = (&shut.table, &shut.chain);
    match (shut.packets, shut.number) {
        _ if chain.is_empty() && shut.number == 0 => words!("port-10250-status", source = source),
        _ if chain.is_empty() => words!("port-10250-status-rule", number = shut.number, source = source),
        (_, 0) => words!("port-10250-policy", chain = chain, table = table, source = source),
        (Some(packets), number) => words!(
            "port-10250-rule-counted",
            number = number,
            chain = chain,
            table = table,
            source = source,
            packets = packets
        ),
        (None, number) => {
            words!("port-10250-rule", number = number, chain = chain, table = table, source = source)
        }
    }
}

/// What one witness says of a node that does not answer.
pub(super) fn noticed(node: &str, sighting: &Sighting) -> Words {
    let witness = witness(sighting.witness);
    match sighting.attempt {
        Attempt::Refused => words!("kubelet-unreachable-refused", witness = witness, node = node),
        Attempt::NoRoute => words!("kubelet-unreachable-no-route", witness = witness, node = node),
        Attempt::TlsTimedOut => words!("kubelet-unreachable-tls", witness = witness, node = node),
        Attempt::NoAgent => words!("kubelet-unreachable-no-agent", node = node),
        Attempt::Unanswered => words!("kubelet-unreachable-unanswered", node = node),
        Attempt::TimedOut | Attempt::Reached => {
            words!("kubelet-unreachable-timeout", witness = witness, node = node)
        }
    }
}

/// What would let the connection through, as the evaluator tried it: a step for each.
pub(super) fn steps(mut finding: Finding, firewall: &NodeFirewall, says: fn(ChangeKind) -> Words) -> Finding {
    for change in firewall.changes.iter().take(2) {
        finding = finding.step(
            Step::new(says(change.kind))
                .run(Risk::Changes, Some(change.command.clone()))
                .undone_by(Some(change.undo.clone())),
        );
    }
    finding
}

/// The node's name for a sentence; the sentences know what to say of nobody's dumps.
fn named(node: &str) -> &str {
    if node.is_empty() { "none" } else { node }
}

/// The witness as people call it.
pub(super) fn witness(witness: Witness) -> &'static str {
    match witness {
        Witness::Client | Witness::ApiServer => "kubectl",
        Witness::TunnelAgent => "konnectivity-agent",
        Witness::MetricsServer => "metrics-server",
        Witness::Probe => "nc",
    }
}

/// Many nodes with one fault are one finding.
fn merge(ask: &Ask, out: &mut Checked) {
    if out.findings.len() <= MOST_FINDINGS {
        return;
    }
    let findings = std::mem::take(&mut out.findings);
    let names: BTreeSet<String> =
        findings.iter().map(|finding| finding.subject.name.clone()).collect();
    let count = findings.len();
    let best = findings.iter().map(|finding| finding.confidence).max();
    let mut findings = findings.into_iter();
    let Some(mut first) = findings.next() else { return };
    first.title = (ask.many)(count);
    first.subject = Subject::cluster("");
    first.confidence = best.unwrap_or(first.confidence);
    first.onset = None;
    let primaries = findings.filter_map(|finding| finding.evidence.into_iter().next()).take(8);
    first.evidence.extend(primaries.map(|mut evidence| {
        evidence.role = crate::finding::Role::Supporting;
        evidence
    }));
    out.found(first.scope(Scope::Nodes(names)).affected(count));
}
