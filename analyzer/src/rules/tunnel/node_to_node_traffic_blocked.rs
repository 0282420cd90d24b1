//! Kubelets answer only where a tunnel agent is at hand: something between the nodes stops TCP 10250.

use std::collections::{BTreeMap, BTreeSet};

use konspect_bundle::words;

use super::port_10250::noticed;
use crate::facts::firewalls::Gate;
use crate::facts::reach::{Attempt, Sighting, Witness};
use crate::facts::{Firewalls, KubeletReach, Nodes, Tunnel};
use crate::finding::{Confidence, Finding, Meta, Risk, Scope, Step, Subject};
use crate::model::kube::Status;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct NodeToNodeTrafficBlocked;

static META: Meta = rule_meta!(
    "KSP2105",
    "node-to-node-traffic-blocked",
    Tunnel,
    CauseOrSymptom,
    Critical,
    "node_to_node_traffic_blocked.md"
);

impl Rule for NodeToNodeTrafficBlocked {
    const META: &'static Meta = &META;
    type Inputs<'f> =
        (&'f KubeletReach, Option<&'f Tunnel>, Option<&'f Nodes>, Option<&'f Firewalls>);

    fn check((reach, tunnel, nodes, firewalls): Self::Inputs<'_>, out: &mut Checked) {
        let test = SetTest::new(reach, tunnel, nodes);
        if let Some(finding) = test.finding(firewalls) {
            out.found(finding);
        } else if let Some((node, sighting)) = test.far_reached() {
            out.cleared(sighting.at, words!("node-to-node-traffic-blocked-cleared", node = node));
        }
    }
}

/// Which kubelets are silent and which answer, seen against where the agents are.
pub(super) struct SetTest<'f> {
    reach: &'f KubeletReach,
    nodes: Option<&'f Nodes>,
    /// Nodes that host an agent.
    agents: BTreeSet<String>,
    /// Nodes without an agent that never answered and at least once kept silent.
    silent: BTreeSet<&'f str>,
}

/// Why the silent ones belong together.
enum Pattern {
    /// Only nodes with an agent answer.
    OnlyNearAgents,
    /// All of one pool, and nothing outside it.
    Pools(Vec<String>),
    /// Two independent witnesses got no answer from any other node.
    TwoWitnesses,
}

impl<'f> SetTest<'f> {
    pub(super) fn new(
        reach: &'f KubeletReach,
        tunnel: Option<&Tunnel>,
        nodes: Option<&'f Nodes>,
    ) -> Self {
        let agents = tunnel.map(Tunnel::nodes).unwrap_or_default();
        // A lost node keeps silent as well; its reason is its own.
        let lost = |node: &str| {
            nodes
                .and_then(|nodes| nodes.get(node)?.ready())
                .is_some_and(|status| status != Status::True)
        };
        let silent = reach
            .nodes
            .iter()
            .filter(|(node, sightings)| {
                !agents.contains(*node)
                    && !lost(node)
                    && sightings.iter().any(is_silence)
                    && !sightings.iter().any(|sighting| is_reached_from_elsewhere(sighting, node))
                    && !sightings.iter().any(|sighting| sighting.attempt == Attempt::Refused)
            })
            .map(|(node, _)| node.as_str())
            .collect();
        Self { reach, nodes, agents, silent }
    }

    /// True when the sightings themselves say that the way between nodes is blocked.
    pub(super) fn holds(&self) -> bool {
        self.pattern().is_some()
    }

    /// A node without an agent that answered all the same.
    pub(super) fn far_reached(&self) -> Option<(&'f str, &'f Sighting)> {
        self.reach.nodes.iter().filter(|(node, _)| !self.agents.contains(*node)).find_map(
            |(node, sightings)| {
                let sighting = sightings
                    .iter()
                    .find(|sighting| is_reached_from_elsewhere(sighting, node))?;
                (!self.agents.is_empty()).then_some((node.as_str(), sighting))
            },
        )
    }

    /// Failures of the silent nodes, the best witness of each node first.
    pub(super) fn failures(&self) -> Vec<(&'f str, &'f Sighting)> {
        let mut failures: Vec<(&str, &Sighting)> = self
            .silent
            .iter()
            .flat_map(|node| self.reach.of(node).iter().map(|sighting| (*node, sighting)))
            .filter(|(_, sighting)| is_silence(sighting))
            .collect();
        failures.sort_by_key(|(node, sighting)| (sighting.witness, *node, sighting.at));
        failures
    }

    /// The first failure that a log dates.
    pub(super) fn onset(&self) -> Option<jiff::Timestamp> {
        let dated = |sighting: &&Sighting| is_silence(sighting) && sighting.witness != Witness::Client;
        self.reach.nodes.values().flatten().filter(dated).filter_map(|sighting| sighting.time).min()
    }

    pub(super) fn silent(&self) -> BTreeSet<String> {
        self.silent.iter().map(|node| (*node).to_owned()).collect()
    }

    fn near_reached(&self) -> Option<(&'f str, &'f Sighting)> {
        self.reach.nodes.iter().filter(|(node, _)| self.agents.contains(*node)).find_map(
            |(node, sightings)| {
                let reached =
                    sightings.iter().find(|sighting| sighting.attempt == Attempt::Reached)?;
                Some((node.as_str(), reached))
            },
        )
    }

    fn pattern(&self) -> Option<Pattern> {
        if self.silent.len() < 2 {
            return None;
        }
        let far_reached = self.far_reached().is_some();
        if !self.agents.is_empty() && !far_reached && self.near_reached().is_some() {
            return Some(Pattern::OnlyNearAgents);
        }
        if let Some(pools) = self.silent_pools() {
            return Some(Pattern::Pools(pools));
        }
        let witnesses: BTreeSet<Witness> =
            self.failures().iter().map(|(_, sighting)| sighting.witness).collect();
        let reached = self.reach.nodes.iter().any(|(node, sightings)| {
            sightings.iter().any(|sighting| is_reached_from_elsewhere(sighting, node))
        });
        (witnesses.len() >= 2 && !reached && !far_reached).then_some(Pattern::TwoWitnesses)
    }

    /// The pools of which every node that was tried is silent, when no silent node is of another pool.
    fn silent_pools(&self) -> Option<Vec<String>> {
        let nodes = self.nodes?;
        let pool = |node: &str| nodes.get(node)?.pool().map(str::to_owned);
        let mut by_pool: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for (node, sightings) in &self.reach.nodes {
            let counts = by_pool.entry(pool(node)?).or_default();
            counts.0 += usize::from(self.silent.contains(node.as_str()));
            counts.1 += usize::from(
                sightings.iter().any(|sighting| is_reached_from_elsewhere(sighting, node)),
            );
        }
        let silent: Vec<String> = by_pool
            .iter()
            .filter(|(_, (silent, _))| *silent > 0)
            .map(|(pool, _)| pool.clone())
            .collect();
        let clean = by_pool.values().all(|(silent, reached)| *silent == 0 || *reached == 0);
        let others = by_pool.values().any(|(silent, reached)| *silent == 0 && *reached > 0);
        (clean && others && !silent.is_empty()).then_some(silent)
    }

    fn finding(&self, firewalls: Option<&Firewalls>) -> Option<Finding> {
        let pattern = self.pattern()?;
        let failures = self.failures();
        let (node, first) = *failures.first()?;
        let count = self.silent.len();
        let title = match &pattern {
            Pattern::Pools(pools) => words!(
                "node-to-node-traffic-blocked-pool",
                count = count,
                pools = pools.join(", ")
            ),
            _ => words!("node-to-node-traffic-blocked-title", count = count),
        };
        let mut finding = META
            .finding(Subject::cluster(""), title, first.at, noticed(node, first))
            .confidence(Confidence::Likely)
            .since(self.onset())
            .affected(count)
            .scope(Scope::Nodes(self.silent()));
        if let Some((node, reached)) = self.near_reached() {
            finding = finding
                .supported_by(reached.at, words!("node-to-node-traffic-blocked-near", node = node));
        }
        let mut told = BTreeSet::from([first.witness]);
        for (node, sighting) in
            failures.iter().filter(|(_, sighting)| told.insert(sighting.witness)).take(3)
        {
            finding = finding.supported_by(sighting.at, noticed(node, sighting));
        }
        let open = firewalls.into_iter().flat_map(|firewalls| &firewalls.nodes).find_map(|firewall| {
            let silent = self.silent.contains(firewall.node.as_str());
            match firewall.gate() {
                Gate::Open { at, .. } if silent => Some((at, firewall.node.clone())),
                _ => None,
            }
        });
        if let Some((at, node)) = open {
            finding = finding.supported_by(at, words!("node-to-node-traffic-blocked-open", node = node));
        }
        if let Pattern::OnlyNearAgents = pattern {
            let agents: Vec<&str> = self.agents.iter().map(String::as_str).take(3).collect();
            finding
                .differs
                .push(words!("node-to-node-traffic-blocked-differs", agents = agents.join(", ")));
        }
        Some(
            finding
                .step(Step::new(words!("node-to-node-traffic-blocked-nsg")).run(
                    Risk::Reads,
                    Some("az network nsg list -o json".to_owned()),
                ))
                .step(Step::new(words!("node-to-node-traffic-blocked-try")).run(
                    Risk::Reads,
                    command("nc -v -w 2 {} 10250", &[node]),
                ))
                .settled_by(words!("node-to-node-traffic-blocked-settled")),
        )
    }
}

/// No answer at all: what a dropped packet looks like.
fn is_silence(sighting: &Sighting) -> bool {
    matches!(sighting.attempt, Attempt::TimedOut | Attempt::TlsTimedOut)
}

/// An answer that came over the network, not from a witness on the node itself.
fn is_reached_from_elsewhere(sighting: &Sighting, node: &str) -> bool {
    sighting.attempt == Attempt::Reached && sighting.from != node
}
