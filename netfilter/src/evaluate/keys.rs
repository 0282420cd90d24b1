//! The values that matches compare.

use super::conntrack::Connection;
use super::engine::Engine;
use super::flow::{Device, Flow, Stage};
use crate::model::{Key, Unknown};
use crate::node::Way;
use crate::packet::{Family, Ports, has_ports, protocol};

/// A value, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Somewhere between the two; equal where it is known.
    Range(u128, u128),
    Name(Device),
    /// The packet has none, so that the match fails whether negated or not.
    Absent,
    Unknown(Unknown),
}

impl Value {
    fn one(value: impl Into<u128>) -> Self {
        let value = value.into();
        Self::Range(value, value)
    }

    fn flag(value: bool) -> Self {
        Self::one(u128::from(value))
    }
}

impl Engine<'_> {
    pub(super) fn value(&self, key: &Key, flow: &Flow<'_>) -> Value {
        let (core, packet) = (&flow.core, self.packet);
        let in_family = |family: &Family, value: Value| {
            if *family == self.family { value } else { Value::Absent }
        };
        let icmp = |family: &Family, number: u8| {
            let wanted = if *family == Family::Ipv4 { protocol::ICMP } else { protocol::ICMPV6 };
            if packet.protocol == wanted { Value::one(number) } else { Value::Absent }
        };
        let with_ports = |wanted: &Option<u8>| match wanted {
            Some(number) => packet.protocol == *number,
            None => has_ports(packet.protocol),
        };
        match key {
            Key::Source(family) => in_family(family, Value::one(core.source)),
            Key::Destination(family) => in_family(family, Value::one(core.destination)),
            Key::Protocol => Value::one(packet.protocol),
            Key::ProtocolOf(family) => in_family(family, Value::one(packet.protocol)),
            Key::NetworkProtocol => Value::one(if self.family == Family::Ipv4 { 2_u8 } else { 10 }),
            Key::SourcePort(wanted) if with_ports(wanted) => ports(core.source_port),
            Key::DestinationPort(wanted) if with_ports(wanted) => {
                core.destination_port.map_or(Value::Unknown(Unknown::Packet("port")), Value::one)
            }
            // The transport header's first words are read whatever the protocol, where nft says `th`.
            Key::SourcePort(None) | Key::DestinationPort(None) => {
                Value::Unknown(Unknown::Packet("transport header"))
            }
            Key::SourcePort(_) | Key::DestinationPort(_) => Value::Absent,
            Key::IcmpType(family) => icmp(family, packet.icmp_type),
            Key::IcmpCode(family) => icmp(family, packet.icmp_code),
            Key::TcpFlags if packet.protocol == protocol::TCP => Value::one(packet.flags),
            Key::TcpFlags => Value::Absent,
            Key::Mark if core.mark_unknown => Value::Unknown(Unknown::State("mark")),
            Key::Mark => Value::one(core.mark),
            Key::ConnectionState => Value::one(core.tracked.state()),
            Key::ConnectionMark
            | Key::ConnectionStatus
            | Key::ConnectionDirection
            | Key::ConnectionProtocol
            | Key::OriginalSource(_)
            | Key::OriginalDestination(_)
            | Key::OriginalSourcePort
            | Key::OriginalDestinationPort
            | Key::ReplySource(_)
            | Key::ReplyDestination(_)
            | Key::ReplySourcePort
            | Key::ReplyDestinationPort => match core.tracked.connection() {
                Some(connection) => self.connection_value(key, connection, flow),
                None => Value::Absent,
            },
            Key::Ttl(family) if core.ttl_unknown => in_family(family, Value::Range(0, 255)),
            Key::Ttl(family) => in_family(family, Value::one(core.ttl)),
            Key::Length => {
                let (least, most) = self.transport_length();
                let header = packet.network_header() as u128;
                Value::Range(header + least, header + most)
            }
            Key::TransportLength if packet.protocol == protocol::UDP => {
                let (least, most) = self.transport_length();
                Value::Range(least, most)
            }
            Key::TransportLength => Value::Absent,
            Key::Dscp(family) => in_family(family, Value::one(core.tos >> 2)),
            Key::Ecn(family) => in_family(family, Value::one(core.tos & 3)),
            Key::Tos => Value::one(core.tos),
            Key::PacketType => self.packet_type(flow),
            Key::SourceMac => match self.source_mac(flow) {
                Some(mac) => Value::one(mac_number(mac)),
                None if core.own => Value::Absent,
                None => Value::Unknown(Unknown::Packet("hardware address")),
            },
            Key::DestinationMac => match packet.destination_mac.or_else(|| self.own_mac(flow)) {
                Some(mac) => Value::one(mac_number(mac)),
                None => Value::Unknown(Unknown::Packet("hardware address")),
            },
            Key::EtherType => {
                Value::one(if self.family == Family::Ipv4 { 0x0800_u16 } else { 0x86dd })
            }
            Key::Uid | Key::Gid if !core.own || core.looped => Value::Absent,
            Key::Uid => packet.uid.map_or(Value::Unknown(Unknown::Packet("user")), Value::one),
            Key::Gid => packet.gid.map_or(Value::Unknown(Unknown::Packet("group")), Value::one),
            Key::InterfaceIn => Value::Name(core.input.clone()),
            Key::InterfaceOut => Value::Name(core.output.clone()),
            Key::SourceType { interface } => self.type_value(core.source, *interface, flow),
            Key::DestinationType { interface } => {
                self.type_value(core.destination, *interface, flow)
            }
            Key::ReversePathInterface => {
                match self.firewall.node().way(self.address(core.source)) {
                    Way::Unreachable => Value::one(0_u8),
                    Way::Somewhere if self.firewall.node().routes.is_empty() => Value::one(1_u8),
                    Way::Somewhere => Value::Unknown(Unknown::Node("routes")),
                    Way::Out(name) => match &core.input {
                        Device::Named(input) => Value::flag(*input == name),
                        _ => Value::one(1_u8),
                    },
                    Way::Local | Way::Broadcast => Value::one(1_u8),
                }
            }
            Key::Mss => packet.mss().map_or(Value::Absent, Value::one),
            Key::Random { modulus, offset } => Value::Range(
                (*offset).into(),
                u128::from(*offset) + u128::from(modulus.saturating_sub(1)),
            ),
            Key::Increment { modulus, offset } => Value::Range(
                (*offset).into(),
                u128::from(*offset) + u128::from(modulus.saturating_sub(1)),
            ),
            Key::Constant(value) => Value::one(*value),
            Key::Other(name) => Value::Unknown(Unknown::NotUnderstood(name.clone())),
        }
    }

    /// How long the packet is behind its network header: what it was made with where all of it is
    /// given, else anything between its shortest header and what fits.
    fn transport_length(&self) -> (u128, u128) {
        let packet = self.packet;
        let given = (packet.length() - packet.network_header()) as u128;
        match packet.protocol {
            _ if self.firewall.node().quiet || !packet.payload.is_empty() => (given, given),
            // A first packet carries up to forty bytes of options and no payload.
            protocol::TCP => (20, 60),
            protocol::UDP | protocol::UDPLITE | protocol::ICMP | protocol::ICMPV6 => (8, 65_515),
            _ => (0, 65_515),
        }
    }

    fn connection_value(&self, key: &Key, connection: &Connection, flow: &Flow<'_>) -> Value {
        let original = connection.original;
        let in_family = |family: &Option<Family>, value: u128| match family {
            Some(family) if *family != self.family => Value::Absent,
            _ => Value::one(value),
        };
        let known = flow.memory.connections.iter().find(|known| known.original == original);
        // Of a new connection, answers go from where the packet now goes to where it now comes from.
        let reply = known.map(|known| known.reply);
        match key {
            Key::ConnectionMark if connection.mark_unknown => {
                Value::Unknown(Unknown::State("mark"))
            }
            Key::ConnectionMark => Value::one(connection.mark),
            Key::ConnectionStatus => Value::one(connection.status),
            Key::ConnectionDirection => Value::flag(connection.reply),
            Key::ConnectionProtocol => Value::one(original.protocol),
            Key::OriginalSource(family) => in_family(family, original.source),
            Key::OriginalDestination(family) => in_family(family, original.destination),
            Key::OriginalSourcePort => {
                ports(connection.original_port.or(Some(Ports::one(original.source_port))))
            }
            Key::OriginalDestinationPort => Value::one(original.destination_port),
            Key::ReplySource(family) => {
                in_family(family, reply.map_or(flow.core.destination, |reply| reply.source))
            }
            Key::ReplyDestination(family) => {
                in_family(family, reply.map_or(flow.core.source, |reply| reply.destination))
            }
            Key::ReplySourcePort => Value::one(
                reply.map_or(flow.core.destination_port.unwrap_or(0), |reply| reply.source_port),
            ),
            _ => match reply {
                Some(reply) => Value::one(reply.destination_port),
                None => ports(flow.core.source_port),
            },
        }
    }

    fn packet_type(&self, flow: &Flow<'_>) -> Value {
        if flow.core.own {
            // Looped packets are PACKET_LOOPBACK only while the device delivers them.
            return Value::one(0_u8);
        }
        match self.packet.destination_mac {
            Some([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) => Value::one(1_u8),
            Some([first, ..]) if first & 1 == 1 => Value::one(2_u8),
            Some(mac) if self.own_mac(flow).is_some_and(|own| own != mac) => Value::one(3_u8),
            _ => Value::one(0_u8),
        }
    }

    fn own_mac(&self, flow: &Flow<'_>) -> Option<[u8; 6]> {
        match &flow.core.input {
            Device::Named(name) => self.firewall.node().interface(name)?.mac,
            _ => None,
        }
    }

    fn type_value(&self, address: u128, interface: bool, flow: &Flow<'_>) -> Value {
        let only = match (interface, &flow.core.input, &flow.core.output, flow.core.stage) {
            (false, ..) => None,
            (true, Device::Named(name), _, Stage::Prerouting | Stage::Input | Stage::Forward) => {
                Some(name)
            }
            (true, _, Device::Named(name), _) => Some(name),
            _ => return Value::Unknown(Unknown::Packet("interface")),
        };
        match self.firewall.node().address_type(self.address(address), only.map(|name| &**name)) {
            Some(bits) => Value::one(bits),
            None => Value::Unknown(Unknown::Node("addresses")),
        }
    }
}

fn ports(range: Option<Ports>) -> Value {
    match range {
        Some(ports) => Value::Range(ports.first.into(), ports.last.into()),
        None => Value::Unknown(Unknown::Packet("port")),
    }
}

pub(super) fn mac_number(mac: [u8; 6]) -> u128 {
    mac.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}
