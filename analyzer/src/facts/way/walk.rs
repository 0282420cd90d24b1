//! Follows a packet from filter to filter.

use std::collections::BTreeMap;
use std::net::IpAddr;

use konspect_bundle::{Words, words};
use konspect_netfilter::answer::{Answer, Host};
use konspect_netfilter::change::{self, Wish};
use konspect_netfilter::evaluate::{Delivered, Outcome, RouteKind, StepKind, What};
use konspect_netfilter::nsg::{Direction, Flow, NsgVerdict};
use konspect_netfilter::packet::{Origin, Packet, Ports, flag, has_ports, protocol};

use super::machine::{machine, uplink};
use super::party::{Ends, Kind, Party, of_address};
use super::reasons;
use super::{Deciding, Hop, Place, Verdict, Way};
use crate::facts::addresses::{holds, is_public};
use crate::facts::context::Platform;
use crate::facts::{Facts, outbound};

/// Endpoints that one question follows.
pub const MOST_WAYS: usize = 16;
/// Ports that the kernel may choose for the sender: the first stands for all of them.
const CHOSEN: Ports = Ports::EPHEMERAL;

/// Every way of the connection.
pub fn ways(facts: &Facts, ends: &Ends) -> Vec<Way> {
    let mut hosts = Hosts { facts, known: BTreeMap::new() };
    let mut all = Vec::new();
    for from in &ends.from {
        for address in &ends.to.addresses {
            let source = from.addresses.iter().find(|own| own.is_ipv4() == address.is_ipv4());
            let Some(source) = source else { continue };
            let traveller = Traveller {
                source: *source,
                source_port: CHOSEN,
                destination: *address,
                port: ends.port,
                protocol: match (ends.protocol, address.is_ipv6()) {
                    (protocol::ICMP, true) => protocol::ICMPV6,
                    (other, _) => other,
                },
            };
            let way = Way { from: from.clone(), to: ends.to.clone(), hops: Vec::new() };
            Walk { hosts: &mut hosts, all: &mut all }.leave(way, &traveller);
            if all.len() >= MOST_WAYS {
                all.truncate(MOST_WAYS);
                return all;
            }
        }
    }
    all
}

/// The packet between two filters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Traveller {
    pub(super) source: IpAddr,
    pub(super) source_port: Ports,
    pub(super) destination: IpAddr,
    pub(super) port: Option<u16>,
    pub(super) protocol: u8,
}

impl Traveller {
    pub(super) fn packet(&self, origin: Origin) -> Packet {
        let mut packet = match (self.protocol, self.port) {
            (protocol::TCP, Some(port)) => Packet::tcp(origin, self.source, self.destination, port),
            (protocol::ICMP | protocol::ICMPV6, _) => {
                Packet::ping(origin, self.source, self.destination)
            }
            (other, port) => {
                let mut packet = Packet::other(origin, self.source, self.destination, other);
                packet.destination_port = port;
                packet
            }
        };
        packet.source_port = has_ports(self.protocol).then_some(self.source_port);
        packet
    }

    /// The answer's first packet.
    fn answer(&self, origin: Origin) -> Packet {
        let back = Self {
            source: self.destination,
            source_port: Ports::one(self.port.unwrap_or(0)),
            destination: self.source,
            port: self.port.map(|_| self.source_port.first),
            protocol: self.protocol,
        };
        let mut packet = back.packet(origin);
        match self.protocol {
            protocol::TCP => packet.flags = flag::SYN | flag::ACK,
            protocol::ICMP => packet.icmp_type = 0,
            protocol::ICMPV6 => packet.icmp_type = 129,
            _ => {}
        }
        packet
    }

    fn text(&self) -> String {
        let word = match self.protocol {
            protocol::TCP => "TCP",
            protocol::UDP => "UDP",
            protocol::SCTP => "SCTP",
            protocol::ICMP | protocol::ICMPV6 => "ICMP",
            _ => "IP",
        };
        format!("{word} {} → {}", self.source, end(self.destination, self.port))
    }
}

fn end(address: IpAddr, port: Option<u16>) -> String {
    match (address, port) {
        (IpAddr::V6(six), Some(port)) => format!("[{six}]:{port}"),
        (_, Some(port)) => format!("{address}:{port}"),
        (_, None) => address.to_string(),
    }
}

/// The nodes' filters, each parsed once.
struct Hosts<'f> {
    facts: &'f Facts,
    known: BTreeMap<String, Option<Host>>,
}

impl Hosts<'_> {
    /// The node's filters; `None` when nobody dumped them.
    fn take(&mut self, name: &str, own: &[IpAddr], near: bool) -> Option<Host> {
        let facts = self.facts;
        let host = self.known.remove(name).unwrap_or_else(|| {
            let firewall = facts.firewalls.ok()?.of(name)?;
            Some(firewall.host(machine(facts, name, own, near)))
        });
        host.map(|host| host.on(machine(facts, name, own, near)))
    }
}

struct Walk<'w, 'f> {
    hosts: &'w mut Hosts<'f>,
    all: &'w mut Vec<Way>,
}

impl Walk<'_, '_> {
    /// The sender's node, if there is one, then the wire.
    fn leave(&mut self, mut way: Way, traveller: &Traveller) {
        let node = way.from.node.clone();
        if node.is_empty() {
            return self.translate(way, traveller, "");
        }
        let origin = if way.from.own { Origin::Node } else { Origin::SomeInterface };
        let near = of_address(self.hosts.facts, traveller.destination).node == node;
        let next = self.at_node(&mut way, &node, near, traveller, &origin);
        for (next, local) in next {
            let mut way = way.clone();
            if local {
                self.answers(&mut way, &node, traveller, &origin);
                self.all.push(way);
                continue;
            }
            self.answers(&mut way, &node, traveller, &origin);
            self.translate(way, &next, &node);
        }
        if way.stopped_at().is_some() {
            self.all.push(way);
        }
    }

    /// A service's address that no rule has translated: by IPVS, eBPF, or by rules that nobody dumped.
    fn translate(&mut self, way: Way, traveller: &Traveller, node: &str) {
        let facts = self.hosts.facts;
        let owner = of_address(facts, traveller.destination);
        if owner.kind != Kind::Service {
            return self.cross(way, traveller, node, &owner);
        }
        let Some((namespace, name)) = owner.name.split_once('/') else { return };
        let services = facts.services.ok();
        let service = services.and_then(|services| services.get(namespace, name));
        let port = service.and_then(|service| {
            service.ports.iter().find(|port| Some(port.port) == traveller.port)
        });
        let slices = services.map_or(&[][..], |services| services.slices(namespace, name));
        let mut hop = Hop {
            place: Place::Service { name: owner.name.clone() },
            reply: false,
            packet: traveller.text(),
            verdict: Verdict::Unknown,
            deciding: None,
            to: None,
            from: None,
            because: vec![words!("way-service-by-nobody", service = &owner.name)],
            changes: Vec::new(),
        };
        let mut targets: Vec<(IpAddr, u16)> = Vec::new();
        for slice in slices {
            let number = slice
                .ports
                .iter()
                .find(|(name, _)| port.is_some_and(|port| port.name == *name))
                .or(slice.ports.first())
                .map(|(_, number)| *number);
            let ready = slice.endpoints.iter().filter(|endpoint| endpoint.ready);
            for address in ready.flat_map(|endpoint| &endpoint.addresses) {
                let target = address.parse().ok().zip(number.or(traveller.port));
                targets.extend(target.filter(|target| !targets.contains(target)));
            }
        }
        if targets.is_empty() {
            if services.is_some_and(|services| services.endpoints_at().is_some()) {
                hop.because.push(words!("way-service-without-endpoints", service = &owner.name));
            }
            let mut way = way;
            way.hops.push(hop);
            self.all.push(way);
            return;
        }
        for (address, port) in targets.into_iter().take(MOST_WAYS) {
            let mut way = way.clone();
            let next = Traveller { destination: address, port: Some(port), ..traveller.clone() };
            let mut hop = hop.clone();
            // The list of endpoints says where it goes; only what translates it was not seen.
            hop.verdict = Verdict::Accept;
            hop.to = Some(end(address, Some(port)));
            way.hops.push(hop);
            let owner = of_address(facts, address);
            self.cross(way, &next, node, &owner);
        }
    }

    /// The network between two nodes, or between a node and the world.
    fn cross(&mut self, mut way: Way, traveller: &Traveller, node: &str, owner: &Party) {
        if owner.node == node && !node.is_empty() {
            self.all.push(way);
            return;
        }
        if !node.is_empty() {
            self.groups(&mut way, traveller, node, Direction::Outbound);
            if owner.node.is_empty() {
                self.routes(&mut way, traveller, node);
            }
        }
        if owner.kind == Kind::ApiServer {
            self.ranges(&mut way, traveller);
        }
        if owner.node.is_empty() || way.stopped_at().is_some() {
            self.all.push(way);
            return;
        }
        self.groups(&mut way, traveller, &owner.node, Direction::Inbound);
        if way.stopped_at().is_some() {
            self.all.push(way);
            return;
        }
        let origin =
            uplink(self.hosts.facts, &owner.node).map_or(Origin::SomeInterface, Origin::Interface);
        let next = self.at_node(&mut way, &owner.node, true, traveller, &origin);
        if !next.is_empty() {
            self.answers(&mut way, &owner.node, traveller, &origin);
        }
        self.all.push(way);
    }

    /// Asks a node's filters; what comes out at the other side, and whether it stays on the node.
    fn at_node(
        &mut self,
        way: &mut Way,
        node: &str,
        near: bool,
        traveller: &Traveller,
        origin: &Origin,
    ) -> Vec<(Traveller, bool)> {
        let own = super::party::of_node(self.hosts.facts, node).addresses;
        let Some(host) = self.hosts.take(node, &own, near) else {
            let hook = if *origin == Origin::Node { "output" } else { "" };
            way.hops.push(Hop {
                place: Place::Node { name: node.to_owned(), hook },
                reply: false,
                packet: traveller.text(),
                verdict: Verdict::Unknown,
                deciding: None,
                to: None,
                from: None,
                because: vec![words!("way-no-dump", node = node)],
                changes: Vec::new(),
            });
            let local = own.contains(&traveller.destination);
            return vec![(traveller.clone(), local)];
        };
        let packet = traveller.packet(origin.clone());
        let answer = host.ask(&packet);
        let mut next: Vec<(Traveller, bool)> = Vec::new();
        for outcome in &answer.outcomes.outcomes {
            if outcome.what == What::Accept {
                let one = after(traveller, outcome);
                if !next.contains(&one) && next.len() < MOST_WAYS {
                    next.push(one);
                }
            }
        }
        let mut hop = hop(node, traveller, &answer, false);
        let firewall = self.hosts.facts.firewalls.ok().and_then(|all| all.of(node));
        let text = |at| firewall?.text(at);
        let wish = Wish { any_source: false, text: &text };
        hop.changes = change::for_host(&host, &packet, &answer, &wish);
        if let [(one, _)] = next.as_slice() {
            hop.to = (one.destination != traveller.destination || one.port != traveller.port)
                .then(|| end(one.destination, one.port));
            hop.from = (one.source != traveller.source).then(|| one.source.to_string());
        }
        // Nothing was asked: the packet goes on as it came.
        if next.is_empty() && hop.verdict == Verdict::Unknown {
            next.push((traveller.clone(), own.contains(&traveller.destination)));
        }
        way.hops.push(hop);
        self.hosts.known.insert(node.to_owned(), Some(host));
        if way.stopped_at().is_some() { Vec::new() } else { next }
    }

    /// The answers of a connection that got through this node; noted only where they do not.
    fn answers(&mut self, way: &mut Way, node: &str, traveller: &Traveller, origin: &Origin) {
        let facts = self.hosts.facts;
        let own = super::party::of_node(facts, node).addresses;
        let Some(host) = self.hosts.take(node, &own, true) else { return };
        let packet = traveller.packet(origin.clone());
        let outcomes = host.ask(&packet).outcomes.outcomes;
        let [outcome] = outcomes.as_slice() else {
            self.hosts.known.insert(node.to_owned(), Some(host));
            return;
        };
        let (beyond, local) = after(traveller, outcome);
        let back = match (local, origin) {
            (true, _) => Origin::Node,
            (false, Origin::Node) => {
                uplink(facts, node).map_or(Origin::SomeInterface, Origin::Interface)
            }
            (false, _) => Origin::SomeInterface,
        };
        let reply = beyond.answer(back);
        let translated = beyond.destination != traveller.destination
            || beyond.source != traveller.source
            || beyond.port != traveller.port;
        let answer = if local && !translated {
            host.ask_after(&reply, &[packet], &[])
        } else if local {
            // Of a connection that was redirected to the node itself nothing is remembered.
            self.hosts.known.insert(node.to_owned(), Some(host));
            return;
        } else {
            host.ask_after(&reply, &[], &[packet])
        };
        if matches!(answer.what, What::Drop | What::Reject) {
            let back = Traveller {
                source: beyond.destination,
                source_port: Ports::one(beyond.port.unwrap_or(0)),
                destination: beyond.source,
                port: beyond.port.map(|_| beyond.source_port.first),
                protocol: beyond.protocol,
            };
            way.hops.push(hop(node, &back, &answer, true));
        }
        self.hosts.known.insert(node.to_owned(), Some(host));
    }

    fn groups(&self, way: &mut Way, traveller: &Traveller, node: &str, direction: Direction) {
        let facts = self.hosts.facts;
        let inbound = direction == Direction::Inbound;
        let Some(groups) = facts.network_groups.ok() else {
            if facts.context.platform == Platform::Aks {
                let place = Place::Group { name: String::new(), subnet: true, inbound };
                way.hops.push(unseen(place, traveller, words!("way-no-groups", node = node)));
            }
            return;
        };
        let pool = facts.nodes.ok().and_then(|nodes| nodes.get(node)?.pool()).unwrap_or_default();
        let around = groups.around(pool);
        let flow = Flow {
            direction,
            protocol: traveller.protocol,
            source: traveller.source,
            destination: traveller.destination,
            source_port: None,
            destination_port: traveller.port,
        };
        let mut levels = vec![(around.subnet, true), (around.interface, false)];
        if !inbound {
            levels.reverse();
        }
        let loose = around.loose.iter().map(|group| (Some(*group), true));
        let known = levels.iter().any(|(group, _)| group.is_some());
        for (group, subnet) in levels.clone().into_iter().chain(loose) {
            let Some(group) = group else { continue };
            let judged = group.judge(&flow, &groups.context);
            let sure = around.loose.iter().all(|loose| !std::ptr::eq(*loose, group));
            let rule = judged.rule.and_then(|place| group.rules.get(place));
            let mut because: Vec<Words> = judged
                .uncertain
                .iter()
                .take(3)
                .map(|(_, reason)| words!("way-group-open", reason = &**reason))
                .collect();
            let verdict = match judged.verdict {
                NsgVerdict::Allow => Verdict::Accept,
                NsgVerdict::Deny if sure => Verdict::Drop,
                NsgVerdict::Deny => {
                    because.push(words!("way-group-loose", group = &*group.name));
                    Verdict::Unknown
                }
                NsgVerdict::Unknown => Verdict::Unknown,
            };
            let changes = (verdict == Verdict::Drop)
                .then(|| {
                    let pair = if subnet { (Some(group), None) } else { (None, Some(group)) };
                    let set = resource_group(facts);
                    change::for_nsg(pair, &flow, &groups.context, &set, false)
                })
                .flatten();
            way.hops.push(Hop {
                place: Place::Group { name: group.name.to_string(), subnet, inbound },
                reply: false,
                packet: traveller.text(),
                verdict,
                deciding: rule.map(|rule| Deciding {
                    place: format!("{} {}", rule.name, rule.priority),
                    at: rule.at,
                    jumps: Vec::new(),
                    packets: None,
                    ufw: None,
                    owner: "nsg",
                    meaning: None,
                }),
                to: None,
                from: None,
                because,
                changes: changes.into_iter().collect(),
            });
            if verdict == Verdict::Drop {
                return;
            }
        }
        if !known && around.loose.is_empty() && groups.partial {
            let place = Place::Group { name: String::new(), subnet: true, inbound };
            way.hops.push(unseen(place, traveller, words!("way-no-groups", node = node)));
        }
    }

    /// User-defined routes on the way out.
    fn routes(&self, way: &mut Way, traveller: &Traveller, node: &str) {
        let Some(route) = outbound::route_for(self.hosts.facts, node, traveller.destination) else {
            return;
        };
        let (verdict, because) = match route.next_hop_type.as_str() {
            "None" => (Verdict::Drop, Vec::new()),
            "VirtualAppliance" => {
                (Verdict::Unknown, vec![words!("way-appliance", hop = &route.next_hop)])
            }
            _ => (Verdict::Accept, Vec::new()),
        };
        way.hops.push(Hop {
            place: Place::Routes,
            reply: false,
            packet: traveller.text(),
            verdict,
            deciding: Some(Deciding {
                place: format!("{} {} → {}", route.table, route.prefix, route.next_hop_type),
                at: route.at,
                jumps: Vec::new(),
                packets: None,
                ufw: None,
                owner: "route-table",
                meaning: None,
            }),
            to: None,
            from: None,
            because,
            changes: Vec::new(),
        });
    }

    /// The API server lets in only some public addresses.
    fn ranges(&self, way: &mut Way, traveller: &Traveller) {
        let facts = self.hosts.facts;
        let cluster = facts.clusters.ok().and_then(|clusters| clusters.first());
        let ranges = cluster.and_then(|cluster| cluster.authorized_ip_ranges.as_ref());
        let Some((ranges, at)) = ranges.filter(|(ranges, _)| !ranges.is_empty()) else { return };
        if !is_public(&traveller.destination.to_string()) {
            return;
        }
        let leaves: Vec<IpAddr> = if is_public(&traveller.source.to_string()) {
            vec![traveller.source]
        } else {
            outbound::egress_addresses(facts)
        };
        let inside = |ip: &IpAddr| ranges.iter().any(|range| holds(range, *ip));
        let (verdict, because) = match leaves.as_slice() {
            [] => (Verdict::Unknown, vec![words!("way-no-egress")]),
            all if all.iter().all(inside) => (Verdict::Accept, Vec::new()),
            all if all.iter().any(inside) => (Verdict::Unknown, vec![words!("way-some-egress")]),
            _ => (Verdict::Drop, Vec::new()),
        };
        let text: Vec<String> = leaves.iter().map(ToString::to_string).collect();
        way.hops.push(Hop {
            place: Place::Ranges,
            reply: false,
            packet: traveller.text(),
            verdict,
            deciding: Some(Deciding {
                place: ranges.join(" "),
                at: *at,
                jumps: Vec::new(),
                packets: None,
                ufw: None,
                owner: "authorized-ip-ranges",
                meaning: None,
            }),
            to: None,
            from: (!text.is_empty()).then(|| text.join(" ")),
            because,
            changes: Vec::new(),
        });
    }
}

fn resource_group(facts: &Facts) -> String {
    facts
        .clusters
        .ok()
        .and_then(|clusters| clusters.first())
        .map(|cluster| cluster.node_resource_group.clone())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "RESOURCE_GROUP".to_owned())
}

fn unseen(place: Place, traveller: &Traveller, because: Words) -> Hop {
    Hop {
        place,
        reply: false,
        packet: traveller.text(),
        verdict: Verdict::Unknown,
        deciding: None,
        to: None,
        from: None,
        because: vec![because],
        changes: Vec::new(),
    }
}

/// The packet as it leaves a node, and whether it has arrived there.
fn after(traveller: &Traveller, outcome: &Outcome) -> (Traveller, bool) {
    let mut next = traveller.clone();
    if let Some(to) = outcome.destination {
        next.destination = to.address;
        next.port = to.port.and_then(Ports::single).or(next.port);
    }
    if let Some(from) = outcome.source {
        next.source = from.address;
        next.source_port = from.port.unwrap_or(next.source_port);
    }
    (next, matches!(outcome.delivered, Some(Delivered::Local(_))))
}

/// What a node's filters said, as a hop.
pub(super) fn hop(node: &str, traveller: &Traveller, answer: &Answer, reply: bool) -> Hop {
    let route = answer.outcomes.outcomes.first().map(|outcome| outcome.route);
    let hook = match route {
        Some(RouteKind::Input) => "input",
        Some(RouteKind::Forward) => "forward",
        Some(RouteKind::Output) => "output",
        Some(RouteKind::PreroutingOnly) => "prerouting",
        None => "",
    };
    let verdict = match answer.what {
        What::Accept => Verdict::Accept,
        What::Drop => Verdict::Drop,
        What::Reject => Verdict::Reject,
        What::Unknown => Verdict::Unknown,
    };
    let mut because: Vec<Words> = Vec::new();
    if verdict == Verdict::Unknown {
        because.extend(answer.reasons.iter().map(reasons::reason));
        if !answer.asked {
            because.push(words!("way-no-filter", node = node));
        }
    }
    let mut whole = true;
    if verdict == Verdict::Accept && answer.more_elsewhere {
        because.push(words!("way-more-elsewhere", node = node));
        whole = false;
    }
    if verdict == Verdict::Accept && !answer.unseen.is_empty() {
        because.push(words!("way-unseen-tables", tables = answer.unseen.join(", ")));
    }
    Hop {
        place: Place::Node { name: node.to_owned(), hook },
        reply,
        packet: traveller.text(),
        verdict: if whole { verdict } else { Verdict::Unknown },
        deciding: answer.deciding.as_ref().map(|deciding| {
            let step = &deciding.step;
            let place = match &step.kind {
                StepKind::Rule { number, .. } => format!("{} {} {number}", step.table, step.chain),
                StepKind::Policy(_) | StepKind::Return => {
                    format!("{} {} policy", step.table, step.chain)
                }
            };
            let jumps = deciding.chain_path.iter().rev().skip(1).rev();
            Deciding {
                place,
                at: deciding.at,
                jumps: jumps
                    .map(|(chain, number, at)| (format!("{} {chain} {number}", step.table), *at))
                    .collect(),
                packets: deciding
                    .counters
                    .filter(|_| !deciding.policy)
                    .map(|counters| counters.packets),
                ufw: answer.ufw_rule.and_then(|(number, _)| number),
                owner: reasons::owner(&deciding.owner),
                meaning: deciding
                    .meaning
                    .map(|meaning| reasons::meaning(meaning, deciding.subject.as_deref())),
            }
        }),
        to: None,
        from: None,
        because,
        changes: Vec::new(),
    }
}
