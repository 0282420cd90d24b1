//! The packet between two filters.

use std::net::IpAddr;

use konspect_netfilter::evaluate::{Delivered, Outcome};
use konspect_netfilter::packet::{Origin, Packet, Ports, flag, has_ports, protocol};

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

    /// The other direction of the same connection.
    pub(super) fn back(&self) -> Self {
        Self {
            source: self.destination,
            source_port: Ports::one(self.port.unwrap_or(0)),
            destination: self.source,
            port: self.port.map(|_| self.source_port.first),
            protocol: self.protocol,
        }
    }

    /// The answer's first packet.
    pub(super) fn answer(&self, origin: Origin) -> Packet {
        let mut packet = self.back().packet(origin);
        match self.protocol {
            protocol::TCP => packet.flags = flag::SYN | flag::ACK,
            protocol::ICMP => packet.icmp_type = 0,
            protocol::ICMPV6 => packet.icmp_type = 129,
            _ => {}
        }
        packet
    }

    pub(super) fn text(&self) -> String {
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

pub(super) fn end(address: IpAddr, port: Option<u16>) -> String {
    match (address, port) {
        (IpAddr::V6(six), Some(port)) => format!("[{six}]:{port}"),
        (_, Some(port)) => format!("{address}:{port}"),
        (_, None) => address.to_string(),
    }
}

/// The packet as it leaves a node, and whether it has arrived there.
pub(super) fn after(traveller: &Traveller, outcome: &Outcome) -> (Traveller, bool) {
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
