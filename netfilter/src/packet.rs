//! One packet as it meets a node: what is asked of a firewall.
//!
//! This file refuses to know rules; it knows headers and how long and what bytes they are.

use std::net::IpAddr;

/// Protocol numbers by their names.
pub mod protocol {
    pub const ICMP: u8 = 1;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const GRE: u8 = 47;
    pub const ESP: u8 = 50;
    pub const AH: u8 = 51;
    pub const ICMPV6: u8 = 58;
    pub const SCTP: u8 = 132;
    pub const UDPLITE: u8 = 136;
}

/// The TCP flags as bits of the header's thirteenth byte.
pub mod flag {
    pub const FIN: u8 = 1;
    pub const SYN: u8 = 2;
    pub const RST: u8 = 4;
    pub const PSH: u8 = 8;
    pub const ACK: u8 = 16;
    pub const URG: u8 = 32;
    pub const ECE: u8 = 64;
    pub const CWR: u8 = 128;
}

/// An address family as one ruleset sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    Ipv4,
    Ipv6,
}

impl Family {
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::Ipv4 } else { Self::Ipv6 }
    }
}

/// Where a packet comes from, seen from the node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The node itself sends it.
    Node,
    /// It arrives on this interface.
    Interface(String),
    /// It arrives on an interface whose name nobody collected; never `lo`.
    SomeInterface,
}

/// A port: one number, or the range of those that the kernel may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ports {
    pub first: u16,
    pub last: u16,
}

impl Ports {
    /// The ports that a client's kernel takes by default.
    pub const EPHEMERAL: Self = Self { first: 32768, last: 60999 };

    pub fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }

    pub fn single(self) -> Option<u16> {
        (self.first == self.last).then_some(self.first)
    }
}

/// A packet, complete enough for every match that looks only at the packet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Packet {
    pub origin: Origin,
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: u8,
    pub source_port: Option<Ports>,
    pub destination_port: Option<u16>,
    /// TCP flags, see [`flag`].
    pub flags: u8,
    pub icmp_type: u8,
    pub icmp_code: u8,
    pub ttl: u8,
    pub tos: u8,
    pub payload: Vec<u8>,
    pub bad_checksum: bool,
    /// Of the frame, if it is not the interface's own.
    pub destination_mac: Option<[u8; 6]>,
    pub source_mac: Option<[u8; 6]>,
    /// The packet that an ICMP error quotes.
    pub inner: Option<Box<Packet>>,
    /// Who sends, for the node's own packets.
    pub uid: Option<u32>,
    pub gid: Option<u32>,
}

impl Packet {
    fn new(origin: Origin, source: IpAddr, destination: IpAddr, protocol: u8) -> Self {
        Self {
            origin,
            source,
            destination,
            protocol,
            source_port: None,
            destination_port: None,
            flags: 0,
            icmp_type: 0,
            icmp_code: 0,
            ttl: 64,
            tos: 0,
            payload: Vec::new(),
            bad_checksum: false,
            destination_mac: None,
            source_mac: None,
            inner: None,
            uid: None,
            gid: None,
        }
    }

    /// The first packet of a TCP connection.
    pub fn tcp(origin: Origin, source: IpAddr, destination: IpAddr, port: u16) -> Self {
        let mut packet = Self::new(origin, source, destination, protocol::TCP);
        packet.source_port = Some(Ports::EPHEMERAL);
        packet.destination_port = Some(port);
        packet.flags = flag::SYN;
        packet
    }

    /// A UDP datagram of no known payload.
    pub fn udp(origin: Origin, source: IpAddr, destination: IpAddr, port: u16) -> Self {
        let mut packet = Self::new(origin, source, destination, protocol::UDP);
        packet.source_port = Some(Ports::EPHEMERAL);
        packet.destination_port = Some(port);
        packet
    }

    /// An echo request.
    pub fn ping(origin: Origin, source: IpAddr, destination: IpAddr) -> Self {
        let six = source.is_ipv6();
        let mut packet = Self::new(
            origin,
            source,
            destination,
            if six { protocol::ICMPV6 } else { protocol::ICMP },
        );
        packet.icmp_type = if six { 128 } else { 8 };
        packet
    }

    /// A packet of any other protocol.
    pub fn other(origin: Origin, source: IpAddr, destination: IpAddr, protocol: u8) -> Self {
        Self::new(origin, source, destination, protocol)
    }

    pub fn family(&self) -> Family {
        Family::of(self.source)
    }

    pub fn has_ports(&self) -> bool {
        has_ports(self.protocol)
    }

    /// Length of the network header, IP options excluded.
    pub fn network_header(&self) -> usize {
        if self.source.is_ipv6() { 40 } else { 20 }
    }

    /// Total length, as `length` and byte counters see it.
    pub fn length(&self) -> usize {
        self.network_header() + self.transport().len()
    }

    /// The maximum segment size option, which SYN packets carry.
    pub fn mss(&self) -> Option<u16> {
        (self.protocol == protocol::TCP && self.flags & flag::SYN != 0).then_some(1460)
    }

    /// Bytes from the network header on; checksums are left zero.
    pub fn bytes(&self) -> Vec<u8> {
        let transport = self.transport();
        let mut out = Vec::with_capacity(40 + transport.len());
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let total = u16::try_from(20 + transport.len()).unwrap_or(u16::MAX);
                out.extend_from_slice(&[0x45, self.tos]);
                out.extend_from_slice(&total.to_be_bytes());
                out.extend_from_slice(&[0xbe, 0xe1, 0x40, 0, self.ttl, self.protocol, 0, 0]);
                out.extend_from_slice(&source.octets());
                out.extend_from_slice(&destination.octets());
            }
            (source, destination) => {
                let length = u16::try_from(transport.len()).unwrap_or(u16::MAX);
                out.extend_from_slice(&[0x60 | (self.tos >> 4), self.tos << 4, 0, 0]);
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(&[self.protocol, self.ttl]);
                for address in [source, destination] {
                    match address {
                        IpAddr::V6(six) => out.extend_from_slice(&six.octets()),
                        IpAddr::V4(four) => out.extend_from_slice(&four.to_ipv6_mapped().octets()),
                    }
                }
            }
        }
        out.extend_from_slice(&transport);
        out
    }

    fn transport(&self) -> Vec<u8> {
        let source = self.source_port.map_or(0, |ports| ports.first).to_be_bytes();
        let destination = self.destination_port.unwrap_or(0).to_be_bytes();
        let mut out = Vec::with_capacity(24 + self.payload.len());
        match self.protocol {
            protocol::TCP => {
                let options = self.flags & flag::SYN != 0;
                out.extend_from_slice(&source);
                out.extend_from_slice(&destination);
                out.extend_from_slice(&[0, 0, 3, 0xe8, 0, 0, 0, 0]);
                out.extend_from_slice(&[if options { 0x60 } else { 0x50 }, self.flags]);
                out.extend_from_slice(&[0xfa, 0xf0, 0, 0, 0, 0]);
                if options {
                    out.extend_from_slice(&[2, 4, 5, 0xb4]);
                }
                out.extend_from_slice(&self.payload);
            }
            protocol::UDP | protocol::UDPLITE => {
                out.extend_from_slice(&source);
                out.extend_from_slice(&destination);
                let length = u16::try_from(8 + self.payload.len()).unwrap_or(u16::MAX);
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(&[0, 0]);
                out.extend_from_slice(&self.payload);
            }
            protocol::SCTP => {
                out.extend_from_slice(&source);
                out.extend_from_slice(&destination);
                out.extend_from_slice(&[0; 8]);
                out.extend_from_slice(&[
                    1, 0, 0, 0x14, 0, 0, 0, 1, 0, 0, 0xff, 0xff, 0, 1, 0, 1, 0, 0, 0, 1,
                ]);
            }
            protocol::ICMP | protocol::ICMPV6 => {
                out.extend_from_slice(&[self.icmp_type, self.icmp_code, 0, 0]);
                if let Some(inner) = &self.inner {
                    out.extend_from_slice(&[0; 4]);
                    out.extend(inner.flat().iter().take(64));
                } else {
                    out.extend_from_slice(&[0, 77, 0, 1]);
                    out.extend_from_slice(&self.payload);
                }
            }
            _ if self.payload.is_empty() => out.extend_from_slice(&[0; 16]),
            _ => out.extend_from_slice(&self.payload),
        }
        out
    }

    /// The bytes without what this packet itself quotes, so that a chain of quotes is not followed.
    fn flat(&self) -> Vec<u8> {
        Self { inner: None, ..self.clone() }.bytes()
    }
}

/// Whether a protocol's header begins with two ports.
pub fn has_ports(protocol: u8) -> bool {
    // TCP, UDP, DCCP, SCTP, UDP-Lite.
    matches!(protocol, 6 | 17 | 33 | 132 | 136)
}
