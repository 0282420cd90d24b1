//! Follows a packet from filter to filter.

mod azure;

use std::collections::BTreeMap;
use std::net::IpAddr;

use konspect_bundle::words;
use konspect_netfilter::answer::Host;
use konspect_netfilter::change::{self, Wish};
use konspect_netfilter::evaluate::What;
use konspect_netfilter::nsg::Direction;
use konspect_netfilter::packet::{Origin, Ports, protocol};

use super::hop::{hop, unseen};
use super::machine::{machine, uplink};
use super::party::{Ends, Kind, Party, of_address};
use super::traveller::{Traveller, after, end};
use super::{Place, Verdict, Way};
use crate::facts::Facts;

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
            // In IPVS mode a service's address is the node's own, and goes on from there to an endpoint.
            let arrived = of_address(self.hosts.facts, next.destination).kind != Kind::Service;
            if local && arrived {
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
        let mut hop = unseen(
            Place::Service { name: owner.name.clone() },
            traveller,
            words!("way-service-by-nobody", service = &owner.name),
        );
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
            let place = Place::Node { name: node.to_owned(), hook };
            way.hops.push(unseen(place, traveller, words!("way-no-dump", node = node)));
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
            way.hops.push(hop(node, &beyond.back(), &answer, true));
        }
        self.hosts.known.insert(node.to_owned(), Some(host));
    }
}
