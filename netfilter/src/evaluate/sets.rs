//! Looks a packet up in IP sets.

use super::engine::{Engine, Truth};
use super::flow::{Device, Flow};
use crate::ipset::{IpSet, Member, Part};
use crate::model::{Direction, Unknown};
use crate::packet::{has_ports, protocol};

/// Lists of sets may name each other; no deeper than this.
const DEPTH: u8 = 4;

impl Engine<'_> {
    pub(super) fn ip_set(
        &self,
        name: &str,
        directions: &[Direction],
        invert: bool,
        return_nomatch: bool,
        flow: &Flow<'_>,
    ) -> Truth {
        let truth = self.in_set(name, directions, return_nomatch, flow, 0);
        match (truth, invert) {
            (Truth::Yes, true) => Truth::No,
            (Truth::No, true) => Truth::Yes,
            (other, _) => other,
        }
    }

    fn in_set(
        &self,
        name: &str,
        directions: &[Direction],
        return_nomatch: bool,
        flow: &Flow<'_>,
        depth: u8,
    ) -> Truth {
        let Some(set) = self.firewall.sets().sets.get(name) else {
            return Truth::Unknown(Unknown::Set(name.into()));
        };
        if depth > DEPTH {
            return Truth::Unknown(Unknown::Budget);
        }
        let key = Self::set_key(directions, set, flow);
        if let Some(key) = &key {
            if flow.memory.added.get(name).is_some_and(|added| added.contains(key)) {
                return Truth::Yes;
            }
            if flow.memory.removed.get(name).is_some_and(|removed| removed.contains(key)) {
                return Truth::No;
            }
        }
        let mut open = set.incomplete.then(|| Unknown::Set(name.into()));
        let found = if &*set.kind == "list:set" {
            for member in &set.members {
                if let Some(Part::Set(inner)) = member.parts.first() {
                    match self.in_set(inner, directions, return_nomatch, flow, depth + 1) {
                        Truth::Yes => return Truth::Yes,
                        Truth::Unknown(reason) => open = Some(reason),
                        Truth::No => {}
                    }
                }
            }
            false
        } else {
            if set.kind.contains("hash:")
                && set.six != flow.packet.source.is_ipv6()
                && set.kind.contains("ip")
                || set.kind.contains("net") && set.six != flow.packet.source.is_ipv6()
            {
                return Truth::No;
            }
            let first = match directions.first() {
                Some(Direction::Source) => flow.core.source,
                _ => flow.core.destination,
            };
            let mut found = false;
            for member in set.candidates(first) {
                match self.holds_member(member, directions, set, flow) {
                    Truth::Yes => {
                        found = member.nomatch == return_nomatch;
                        break;
                    }
                    Truth::Unknown(reason) => open = Some(reason),
                    Truth::No => {}
                }
            }
            found
        };
        match open {
            Some(reason) if !found => Truth::Unknown(reason),
            _ => Truth::of(found),
        }
    }

    /// Protocol and port as sets see them: type and code for ICMP, 0 for what has no ports.
    fn set_port(flow: &Flow<'_>, side: Direction) -> (u8, u16, u16) {
        let packet = flow.packet;
        match packet.protocol {
            number if has_ports(number) => match side {
                Direction::Source => flow
                    .core
                    .source_port
                    .map_or((number, 0, 0), |ports| (number, ports.first, ports.last)),
                Direction::Destination => {
                    let port = flow.core.destination_port.unwrap_or(0);
                    (number, port, port)
                }
            },
            number @ (protocol::ICMP | protocol::ICMPV6) => {
                let value = u16::from(packet.icmp_type) << 8 | u16::from(packet.icmp_code);
                (number, value, value)
            }
            number => (number, 0, 0),
        }
    }

    /// What SET would add for this packet.
    pub(super) fn set_key(
        directions: &[Direction],
        set: &IpSet,
        flow: &Flow<'_>,
    ) -> Option<Vec<u128>> {
        let mut key = Vec::new();
        for (dimension, side) in set.dimensions().zip(directions) {
            match dimension {
                "ip" | "net" => key.push(match side {
                    Direction::Source => flow.core.source,
                    Direction::Destination => flow.core.destination,
                }),
                "port" => {
                    let (protocol, first, _) = Self::set_port(flow, *side);
                    key.push(u128::from(protocol) << 16 | u128::from(first));
                }
                _ => return None,
            }
        }
        Some(key)
    }

    fn holds_member(
        &self,
        member: &Member,
        directions: &[Direction],
        set: &IpSet,
        flow: &Flow<'_>,
    ) -> Truth {
        let mut open = None;
        let bitmap = set.kind.starts_with("bitmap:");
        for (place, part) in member.parts.iter().enumerate() {
            let Some(side) = directions.get(place).copied() else { return Truth::No };
            let holds = match part {
                Part::Addresses { first, last, .. } => {
                    let address = match side {
                        Direction::Source => flow.core.source,
                        Direction::Destination => flow.core.destination,
                    };
                    (*first..=*last).contains(&address)
                }
                Part::Ports { protocol, first, last } => {
                    let (actual, low, high) = Self::set_port(flow, side);
                    if bitmap && !matches!(actual, 6 | 17) {
                        return Truth::No;
                    }
                    let same = bitmap || actual == *protocol;
                    if same
                        && low != high
                        && *first <= high
                        && *last >= low
                        && !(*first <= low && *last >= high)
                    {
                        open = Some(Unknown::Packet("source port"));
                        continue;
                    }
                    same && *first <= low && high <= *last
                }
                Part::Interface { name, wildcard } => {
                    let device = match side {
                        Direction::Source => &flow.core.input,
                        Direction::Destination => &flow.core.output,
                    };
                    match device {
                        Device::Named(actual) => {
                            if *wildcard {
                                actual.starts_with(&**name)
                            } else {
                                **actual == **name
                            }
                        }
                        Device::None => false,
                        Device::Some => {
                            open = Some(Unknown::Packet("interface"));
                            continue;
                        }
                    }
                }
                Part::Mac(address) => {
                    if let Some(actual) = self.source_mac(flow) {
                        actual == *address
                    } else {
                        open = Some(Unknown::Packet("hardware address"));
                        continue;
                    }
                }
                Part::Mark(mark) => flow.core.mark == *mark,
                Part::Set(_) | Part::Unknown(_) => {
                    open = Some(Unknown::NotUnderstood("set member".into()));
                    continue;
                }
            };
            if !holds {
                return Truth::No;
            }
        }
        open.map_or(Truth::Yes, Truth::Unknown)
    }

    /// The sender's hardware address, given or the interface's only neighbour's.
    pub(super) fn source_mac(&self, flow: &Flow<'_>) -> Option<[u8; 6]> {
        flow.packet.source_mac.or_else(|| match &flow.core.input {
            Device::Named(name) => self.firewall.node().interface(name)?.peer_mac,
            _ => None,
        })
    }
}
