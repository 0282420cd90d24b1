//! Every node to every node on one port: who cannot reach whom, and which node is the odd one.
//!
//! A node's filters are parsed once, and sources that no rule of it tells apart are asked about once.

use std::collections::BTreeMap;
use std::net::IpAddr;

use konspect_netfilter::evaluate::What;
use konspect_netfilter::nsg::{Direction, Flow, Nsg, NsgVerdict, Prefix};
use konspect_netfilter::packet::{Origin, Ports};
use rayon::prelude::*;

use super::hop::hop;
use super::machine::{machine, uplink};
use super::party::of_node;
use super::traveller::Traveller;
use super::{Hop, Verdict};
use crate::facts::{Facts, Firewalls, NetworkGroups};

/// The matrix: one row a sender, one column a receiver.
#[derive(Debug)]
pub struct Pairs {
    pub nodes: Vec<String>,
    pub port: u16,
    pub protocol: u8,
    /// `cells[from][to]`, by index into `nodes`.
    cells: Vec<Vec<Verdict>>,
    /// What stops senders at a receiver, one for each kind: receiver, how many senders, the filter.
    pub receivers: Vec<Cell>,
    /// What stops a sender's packets on its own node.
    pub senders: Vec<Cell>,
    /// Nodes of which no filter was dumped.
    pub unseen: Vec<String>,
}

/// One filter that stops pairs.
#[derive(Debug)]
pub struct Cell {
    pub node: String,
    /// Nodes at the other end that meet it.
    pub others: usize,
    pub hop: Hop,
}

impl Pairs {
    pub fn verdict(&self, from: usize, to: usize) -> Verdict {
        self.cells.get(from).and_then(|row| row.get(to)).copied().unwrap_or(Verdict::Unknown)
    }

    /// Ordered pairs by verdict.
    pub fn counts(&self) -> BTreeMap<Verdict, usize> {
        let mut counts = BTreeMap::new();
        for (from, row) in self.cells.iter().enumerate() {
            for (to, verdict) in row.iter().enumerate() {
                if from != to {
                    *counts.entry(*verdict).or_default() += 1;
                }
            }
        }
        counts
    }

    /// Nodes that nobody, or hardly anybody, reaches, while most nodes are reached: the odd ones.
    pub fn odd(&self) -> Vec<&str> {
        let blocked = |to: usize| {
            self.cells
                .iter()
                .enumerate()
                .filter(|(from, row)| {
                    *from != to && row.get(to).is_some_and(|verdict| *verdict >= Verdict::Reject)
                })
                .count()
        };
        let counts: Vec<usize> = (0..self.nodes.len()).map(blocked).collect();
        let mut sorted = counts.clone();
        sorted.sort_unstable();
        let Some(usual) = sorted.get(sorted.len() / 2).copied() else { return Vec::new() };
        let odd: Vec<&str> = self
            .nodes
            .iter()
            .zip(&counts)
            .filter(|(_, count)| **count > usual)
            .map(|(name, _)| name.as_str())
            .collect();
        if odd.len() * 2 <= self.nodes.len() { odd } else { Vec::new() }
    }
}

struct One {
    name: String,
    address: IpAddr,
    pool: String,
}

/// What one node's filters say to every other node, as sender and as receiver.
struct Side {
    leaves: Vec<Verdict>,
    arrives: Vec<Verdict>,
    stops: Vec<(bool, usize, Hop)>,
    seen: bool,
}

/// Asks for every ordered pair of nodes.
pub fn all_pairs(facts: &Facts, port: u16, protocol: u8) -> Option<Pairs> {
    let nodes: Vec<One> = facts
        .nodes
        .ok()?
        .iter()
        .filter_map(|node| {
            let name = node.meta.name.clone();
            let address = of_node(facts, &name).addresses.first().copied()?;
            Some(One {
                name: name.to_string(),
                address,
                pool: node.pool().unwrap_or_default().to_owned(),
            })
        })
        .collect();
    let addresses: Vec<IpAddr> = nodes.iter().map(|node| node.address).collect();
    let sides: Vec<Side> =
        nodes.par_iter().map(|node| side(facts, node, &addresses, port, protocol)).collect();
    let groups = Between::new(facts, &nodes, port, protocol);
    let cells = sides
        .iter()
        .enumerate()
        .map(|(from, sender)| {
            sides
                .iter()
                .enumerate()
                .map(|(to, receiver)| {
                    if from == to {
                        return Verdict::Accept;
                    }
                    let leaves = sender.leaves.get(to).copied().unwrap_or(Verdict::Unknown);
                    let arrives = receiver.arrives.get(from).copied().unwrap_or(Verdict::Unknown);
                    let between = groups.between(from, to);
                    [leaves, between, arrives]
                        .into_iter()
                        .find(|v| *v >= Verdict::Reject)
                        .unwrap_or_else(|| leaves.max(between).max(arrives))
                })
                .collect()
        })
        .collect();
    let (mut receivers, mut senders, mut unseen) = (Vec::new(), Vec::new(), Vec::new());
    for (node, side) in nodes.iter().zip(sides) {
        if !side.seen {
            unseen.push(node.name.clone());
        }
        for (outgoing, others, hop) in side.stops {
            let cell = Cell { node: node.name.clone(), others, hop };
            if outgoing { senders.push(cell) } else { receivers.push(cell) }
        }
    }
    let nodes = nodes.into_iter().map(|node| node.name).collect();
    Some(Pairs { nodes, port, protocol, cells, receivers, senders, unseen })
}

fn side(facts: &Facts, node: &One, addresses: &[IpAddr], port: u16, protocol: u8) -> Side {
    let dump = facts.firewalls.ok().and_then(|firewalls: &Firewalls| firewalls.of(&node.name));
    let Some(dump) = dump else {
        let open = vec![Verdict::Unknown; addresses.len()];
        return Side { leaves: open.clone(), arrives: open, stops: Vec::new(), seen: false };
    };
    let own = of_node(facts, &node.name).addresses;
    let host = dump.host(machine(facts, &node.name, &own, false));
    let classes = host.firewall().classes(addresses);
    let arrival = uplink(facts, &node.name).map_or(Origin::SomeInterface, Origin::Interface);
    let mut stops: Vec<(bool, usize, Hop)> = Vec::new();
    let mut ask = |outgoing: bool| {
        let mut known: BTreeMap<u32, (Verdict, Option<usize>)> = BTreeMap::new();
        let mut verdicts = Vec::with_capacity(addresses.len());
        for (address, class) in addresses.iter().zip(&classes) {
            if *address == node.address {
                verdicts.push(Verdict::Accept);
                continue;
            }
            let (verdict, stop) = *known.entry(*class).or_insert_with(|| {
                let (source, destination, origin) = if outgoing {
                    (node.address, *address, Origin::Node)
                } else {
                    (*address, node.address, arrival.clone())
                };
                let traveller = Traveller {
                    source,
                    source_port: Ports::EPHEMERAL,
                    destination,
                    port: Some(port),
                    protocol,
                };
                let answer = host.ask(&traveller.packet(origin));
                let hop = hop(&node.name, &traveller, &answer, false);
                let verdict = hop.verdict;
                let place = |hop: &Hop| hop.deciding.as_ref().map(|deciding| deciding.at);
                let stop = matches!(answer.what, What::Drop | What::Reject).then(|| {
                    let same = stops.iter().position(|(way, _, known)| {
                        *way == outgoing && place(known) == place(&hop)
                    });
                    same.unwrap_or_else(|| {
                        stops.push((outgoing, 0, hop));
                        stops.len() - 1
                    })
                });
                (verdict, stop)
            });
            if let Some((_, others, _)) = stop.and_then(|place| stops.get_mut(place)) {
                *others += 1;
            }
            verdicts.push(verdict);
        }
        verdicts
    };
    let leaves = ask(true);
    let arrives = ask(false);
    Side { leaves, arrives, stops, seen: true }
}

/// Network security groups between pools; of one pool all nodes stand behind the same ones.
struct Between<'f> {
    all: Option<&'f NetworkGroups>,
    nodes: Vec<(IpAddr, String)>,
    port: u16,
    protocol: u8,
    /// Of a pair of pools, where no rule tells their nodes apart.
    known: BTreeMap<(String, String), Option<Verdict>>,
}

impl<'f> Between<'f> {
    fn new(facts: &'f Facts, nodes: &[One], port: u16, protocol: u8) -> Self {
        let groups = facts.network_groups.ok();
        let nodes: Vec<(IpAddr, String)> =
            nodes.iter().map(|node| (node.address, node.pool.clone())).collect();
        let mut this = Self { all: groups, nodes, port, protocol, known: BTreeMap::new() };
        let mut first: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
        for (address, pool) in &this.nodes {
            first.entry(pool.clone()).or_default().push(*address);
        }
        let same = groups.is_none_or(|groups| {
            first.values().all(|members| groups.groups.iter().all(|group| alike(group, members)))
        });
        if same {
            for (from, senders) in &first {
                for (to, receivers) in &first {
                    let source = senders.first();
                    let target = receivers.iter().find(|address| Some(*address) != source);
                    let verdict = source
                        .zip(target)
                        .map(|(source, target)| this.ask(*source, from, *target, to));
                    this.known.insert((from.clone(), to.clone()), verdict);
                }
            }
        }
        this
    }

    fn between(&self, from: usize, to: usize) -> Verdict {
        if self.all.is_none() {
            return Verdict::Accept;
        }
        let (Some((source, from)), Some((target, to))) = (self.nodes.get(from), self.nodes.get(to))
        else {
            return Verdict::Unknown;
        };
        match self.known.get(&(from.clone(), to.clone())) {
            Some(Some(verdict)) => *verdict,
            _ => self.ask(*source, from, *target, to),
        }
    }

    fn ask(&self, source: IpAddr, from: &str, destination: IpAddr, to: &str) -> Verdict {
        let Some(groups) = self.all else { return Verdict::Accept };
        let mut worst = Verdict::Accept;
        for (direction, pool) in [(Direction::Outbound, from), (Direction::Inbound, to)] {
            let around = groups.around(pool);
            let flow = Flow {
                direction,
                protocol: self.protocol,
                source,
                destination,
                source_port: None,
                destination_port: Some(self.port),
            };
            for group in [around.subnet, around.interface].into_iter().flatten() {
                worst = worst.max(match group.judge(&flow, &groups.context).verdict {
                    NsgVerdict::Allow => Verdict::Accept,
                    NsgVerdict::Unknown => Verdict::Unknown,
                    NsgVerdict::Deny => Verdict::Drop,
                });
            }
        }
        worst
    }
}

/// Whether no rule of a group names some of these addresses and not the others.
fn alike(group: &Nsg, members: &[IpAddr]) -> bool {
    let prefixes =
        group.rules.iter().flat_map(|rule| rule.sources.iter().chain(&rule.destinations));
    prefixes.into_iter().all(|prefix| match prefix {
        Prefix::Network(network) => {
            let inside = members.iter().filter(|address| network.contains(*address)).count();
            inside == 0 || inside == members.len()
        }
        Prefix::Group(_) => false,
        _ => true,
    })
}
