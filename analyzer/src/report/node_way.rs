//! The packet's way to the rule that decides, for the findings that a rule, a group or a policy decides.
//!
//! It shows the jumps that lead to the deciding line and that line; it refuses to decide anything itself.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use konspect_bundle::Span;
use konspect_netfilter::evaluate::StepKind;
use konspect_netfilter::nsg::{Access, Direction};

use super::excerpt::Excerpts;
use super::{HopCard, PathCard};
use crate::facts::Facts;
use crate::facts::firewalls::{Gate, NodeFirewall, Shut};
use crate::facts::reach::KUBELET_PORT;
use crate::facts::way::{self, Place, Verdict};
use crate::finding::{Finding, Scope, Subject};
use crate::rank::Ranked;

/// Rules about port 10250 that a line of a node decides, or shows to be innocent.
const NODES: [&str; 4] = ["KSP2102", "KSP2103", "KSP2104", "KSP2105"];
/// Rules that a network security group decides, with the port that they are about.
const GROUPS: [(&str, u16); 2] = [("KSP2101", KUBELET_PORT), ("KSP1002", 443)];
const API_SERVER: &str = "KSP1002";
const CONNTRACK: &str = "KSP1007";
const POLICY: &str = "KSP1008";
/// Ways shown: the others have the same rule, or the findings say which.
const MOST: usize = 6;
/// Rules shown of one way, the last ones: dumps may jump through hundreds of chains.
const MOST_HOPS: usize = 8;
/// Characters shown of a rule.
const CHARACTERS: usize = 300;

/// A way before its lines are cut out of the bundle.
pub(super) struct FoundWay {
    /// Empty for dumps of nobody in particular: they go by their file.
    node: String,
    packet: String,
    hops: Vec<FoundHop>,
}

struct FoundHop {
    place: String,
    at: Span,
    /// Empty where the hop does not decide.
    verdict: String,
}

/// The ways of all findings that have one.
pub(super) fn ways(facts: &Facts, ranked: &Ranked) -> Vec<FoundWay> {
    let mut ways: Vec<FoundWay> = Vec::new();
    let mut shown: BTreeSet<Span> = BTreeSet::new();
    let causes = ranked.causes.iter().flat_map(|cause| {
        std::iter::once(&cause.finding).chain(cause.explains.iter().map(|effect| &effect.finding))
    });
    for finding in causes.chain(&ranked.unexplained).chain(&ranked.aggravating) {
        for way in of_finding(facts, finding) {
            let last = way.hops.last().map(|hop| hop.at);
            if ways.len() < MOST && last.is_some_and(|at| shown.insert(at)) {
                ways.push(way);
            }
        }
    }
    ways
}

/// Every place of the bundle that the cards quote.
pub(super) fn spans(ways: &[FoundWay]) -> impl Iterator<Item = Span> {
    ways.iter().flat_map(|way| &way.hops).map(|hop| hop.at)
}

pub(super) fn cards(ways: &[FoundWay], paths: &[String], excerpts: &Excerpts) -> Vec<PathCard> {
    let file = |at: Span| paths.get(at.artifact.0 as usize).cloned().unwrap_or_default();
    let hop = |hop: &FoundHop| {
        let excerpt = excerpts.of(hop.at);
        let text = excerpt.text();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        HopCard {
            place: hop.place.clone(),
            rule: words.chars().take(CHARACTERS).collect(),
            path: file(hop.at),
            line: excerpt.line,
            decides: !hop.verdict.is_empty(),
            verdict: hop.verdict.clone(),
        }
    };
    let card = |way: &FoundWay| PathCard {
        node: match way.hops.last().filter(|_| way.node.is_empty()) {
            Some(last) => file(last.at),
            None => way.node.clone(),
        },
        packet: way.packet.clone(),
        hops: way.hops.iter().map(hop).collect(),
    };
    ways.iter().map(card).collect()
}

fn of_finding(facts: &Facts, finding: &Finding) -> Vec<FoundWay> {
    let code = finding.meta.code;
    if NODES.contains(&code) {
        return through_nodes(facts, finding);
    }
    if let Some((_, port)) = GROUPS.iter().find(|(group, _)| *group == code) {
        let ways = through_groups(facts, finding, *port);
        if ways.is_empty() && code == API_SERVER {
            return to_the_api_server(facts, finding).into_iter().collect();
        }
        return ways;
    }
    let Some(primary) = finding.evidence.first().map(|evidence| evidence.at) else {
        return Vec::new();
    };
    let (place, packet) = match (code, finding.title.key) {
        (CONNTRACK, _) => ("conntrack".to_owned(), "ctstate NEW"),
        (POLICY, key) => {
            let packet = match key.rsplit_once('-') {
                Some((_, "dns")) => "UDP → :53",
                Some((_, "api")) => "TCP → :443",
                _ => "TCP",
            };
            (place_of(&finding.subject), packet)
        }
        _ => return Vec::new(),
    };
    let hop = FoundHop { place, at: primary, verdict: "DROP".to_owned() };
    let node = finding.subject.name.clone();
    vec![FoundWay { node, packet: packet.to_owned(), hops: vec![hop] }]
}

fn place_of(subject: &Subject) -> String {
    format!("{} {}/{}", subject.kind, subject.namespace, subject.name)
}

/// Nodes whose deciding line the finding cites: the one that stops the packet, or that lets it pass.
fn through_nodes(facts: &Facts, finding: &Finding) -> Vec<FoundWay> {
    let cited = |at| finding.evidence.iter().any(|evidence| evidence.at == at);
    let one = |firewall: &NodeFirewall| match firewall.gate() {
        Gate::Shut(shut) if cited(shut.at) => through_node(firewall, &shut),
        Gate::Open { at, .. } if cited(at) => opened(firewall, at),
        _ => None,
    };
    facts.firewalls.ok().into_iter().flat_map(|all| &all.nodes).filter_map(one).collect()
}

fn packet(firewall: &NodeFirewall) -> String {
    match firewall.destination {
        Some(to) => format!("TCP {} → {}", firewall.source, SocketAddr::new(to, KUBELET_PORT)),
        None => format!("TCP {KUBELET_PORT}"),
    }
}

fn through_node(firewall: &NodeFirewall, shut: &Shut) -> Option<FoundWay> {
    let (node, packet) = (firewall.node.clone(), packet(firewall));
    if shut.chain.is_empty() {
        // UFW's status alone: it has rules, but no chains.
        let verdict = if shut.rejects { "REJECT" } else { "DENY" };
        let place = match shut.number {
            0 => "ufw".to_owned(),
            number => format!("ufw {number}"),
        };
        let hop = FoundHop { place, at: shut.at, verdict: verdict.to_owned() };
        return Some(FoundWay { node, packet, hops: vec![hop] });
    }
    let verdict = if shut.rejects { "REJECT" } else { "DROP" };
    Some(FoundWay { node, packet, hops: chain_hops(firewall, verdict)? })
}

fn opened(firewall: &NodeFirewall, at: Span) -> Option<FoundWay> {
    let hops = chain_hops(firewall, "ACCEPT")?;
    let decided = hops.last().is_some_and(|hop| hop.at == at);
    decided.then(|| FoundWay { node: firewall.node.clone(), packet: packet(firewall), hops })
}

/// The jumps from the base chain on, then the deciding rule or policy.
fn chain_hops(firewall: &NodeFirewall, verdict: &str) -> Option<Vec<FoundHop>> {
    let deciding = firewall.answer.deciding.as_ref()?;
    let verdict = match &deciding.step.kind {
        StepKind::Rule { target: Some(target), .. } => target.to_string(),
        _ => verdict.to_owned(),
    };
    let skipped = deciding.chain_path.len().saturating_sub(MOST_HOPS);
    let table = &deciding.step.table;
    let mut hops: Vec<FoundHop> = deciding
        .chain_path
        .iter()
        .skip(skipped)
        .map(|(chain, number, at)| FoundHop {
            place: match number {
                0 => format!("{table} {chain}"),
                number => format!("{table} {chain} {number}"),
            },
            at: *at,
            verdict: String::new(),
        })
        .collect();
    let last = hops.last_mut()?;
    last.verdict = verdict;
    Some(hops)
}

/// The rules of network security groups that the finding cites.
fn through_groups(facts: &Facts, finding: &Finding, port: u16) -> Vec<FoundWay> {
    let Some(groups) = facts.network_groups.ok() else { return Vec::new() };
    let rules =
        groups.groups.iter().flat_map(|group| group.rules.iter().map(move |rule| (group, rule)));
    let cited = |at| finding.evidence.iter().any(|evidence| evidence.at == at);
    let denies = rules.filter(|(_, rule)| rule.access == Access::Deny && cited(rule.at));
    denies
        .take(MOST)
        .map(|(group, rule)| {
            let way = match rule.direction {
                Direction::Inbound => "Inbound",
                Direction::Outbound => "Outbound",
            };
            let place = format!("{way} {} {}", rule.priority, rule.name);
            let hop = FoundHop { place, at: rule.at, verdict: "Deny".to_owned() };
            let packet = format!("TCP {port}");
            FoundWay { node: group.name.to_string(), packet, hops: vec![hop] }
        })
        .collect()
}

/// What stops the first of the finding's nodes on its way to the API server, where the bundle shows it.
fn to_the_api_server(facts: &Facts, finding: &Finding) -> Option<FoundWay> {
    let Scope::Nodes(nodes) = &finding.scope else { return None };
    let node = nodes.first()?;
    let ends = way::ends(facts, node, "api-server").ok()?;
    let ways = way::ways(facts, &ends);
    let stopped = ways.iter().find_map(way::Way::stopped_at)?;
    let deciding = stopped.deciding.as_ref()?;
    let verdict = if stopped.verdict == Verdict::Reject { "REJECT" } else { "DROP" };
    let mut hops: Vec<FoundHop> = deciding
        .jumps
        .iter()
        .map(|(place, at)| FoundHop { place: place.clone(), at: *at, verdict: String::new() })
        .collect();
    let place = match &stopped.place {
        Place::Group { name, .. } => format!("{name} {}", deciding.place),
        _ => deciding.place.clone(),
    };
    hops.push(FoundHop { place, at: deciding.at, verdict: verdict.to_owned() });
    let skipped = hops.len().saturating_sub(MOST_HOPS);
    hops.drain(..skipped);
    Some(FoundWay { node: node.clone(), packet: stopped.packet.clone(), hops })
}
