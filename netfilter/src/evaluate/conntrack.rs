//! Connections as the kernel tracks them: which state a packet gets, and what earlier packets left
//! behind.
//!
//! The tables follow `nf_conntrack_proto_tcp.c` with `tcp_loose` and `tcp_be_liberal` on, as every
//! node has conntrack that runs kube-proxy.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{state, status};
use crate::packet::{Packet, Ports, flag, protocol};
use crate::parse::address_number;

/// Both ends of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Tuple {
    pub source: u128,
    pub destination: u128,
    pub protocol: u8,
    pub source_port: u16,
    pub destination_port: u16,
    /// Of an unknown source port, for display only.
    pub open_port: bool,
}

impl Tuple {
    pub(super) fn of(packet: &Packet) -> Self {
        let icmp = matches!(packet.protocol, protocol::ICMP | protocol::ICMPV6);
        Self {
            source: address_number(packet.source),
            destination: address_number(packet.destination),
            protocol: packet.protocol,
            source_port: if icmp { 77 } else { packet.source_port.map_or(0, |ports| ports.first) },
            destination_port: if icmp {
                u16::from(request_type(packet.icmp_type))
            } else {
                packet.destination_port.unwrap_or(0)
            },
            open_port: packet.source_port.is_some_and(|ports| ports.single().is_none()),
        }
    }

    fn inverted(self) -> Self {
        let icmp = matches!(self.protocol, protocol::ICMP | protocol::ICMPV6);
        Self {
            source: self.destination,
            destination: self.source,
            source_port: if icmp { self.source_port } else { self.destination_port },
            destination_port: if icmp { self.destination_port } else { self.source_port },
            ..self
        }
    }
}

/// The request type that an ICMP reply answers; requests stay themselves.
fn request_type(number: u8) -> u8 {
    match number {
        0 => 8,
        14 => 13,
        16 => 15,
        18 => 17,
        129 => 128,
        other => other,
    }
}

/// What conntrack says about the packet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tracked {
    /// Not looked at yet (raw).
    NotYet,
    Untracked,
    Invalid,
    Connection(Connection),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Connection {
    pub original: Tuple,
    pub original_port: Option<Ports>,
    pub state: u32,
    pub reply: bool,
    pub status: u32,
    pub mark: u32,
    /// A rule wrote what nobody can tell into the mark.
    pub mark_unknown: bool,
    /// Existed before this packet.
    pub existing: bool,
    /// ICMP errors get no rules of nat.
    pub no_nat: bool,
}

impl Tracked {
    /// The state as a bit; what conntrack has not seen counts as invalid, as in the kernel.
    pub(super) fn state(&self) -> u32 {
        match self {
            Self::NotYet | Self::Invalid => state::INVALID,
            Self::Untracked => state::UNTRACKED,
            Self::Connection(connection) => connection.state,
        }
    }

    pub(super) fn connection(&self) -> Option<&Connection> {
        match self {
            Self::Connection(connection) => Some(connection),
            _ => None,
        }
    }

    pub(super) fn connection_mut(&mut self) -> Option<&mut Connection> {
        match self {
            Self::Connection(connection) => Some(connection),
            _ => None,
        }
    }
}

/// A connection that earlier packets made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    pub original: Tuple,
    /// Of the answers, after address translation.
    pub reply: Tuple,
    pub seen_reply: bool,
    pub established: bool,
    pub status: u32,
    pub mark: u32,
    pub mark_unknown: bool,
    pub packets: u64,
    pub bytes: u64,
}

/// What earlier packets left behind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Memory {
    pub connections: Vec<Known>,
    /// Packets that passed a limit, an nth or a quota, by the rule's place.
    pub used: BTreeMap<(u32, u32, u32, u32), u64>,
    pub hash_limits: BTreeMap<(Box<str>, Vec<u128>), u64>,
    pub recent: BTreeMap<(Box<str>, u128), u64>,
    pub counted: BTreeMap<(u32, u32, u32, u32), BTreeSet<Tuple>>,
    pub added: BTreeMap<Box<str>, BTreeSet<Vec<u128>>>,
    pub removed: BTreeMap<Box<str>, BTreeSet<Vec<u128>>>,
    /// An earlier packet had several outcomes, so that this is only one of the possible memories.
    pub uncertain: bool,
}

impl Memory {
    /// Adds a connection in both of whose directions packets were seen.
    pub(super) fn insert_established(&mut self, packet: &Packet) {
        let original = Tuple::of(packet);
        self.connections.push(Known {
            original,
            reply: original.inverted(),
            seen_reply: true,
            established: true,
            status: status::SEEN_REPLY | status::ASSURED | status::CONFIRMED,
            mark: 0,
            mark_unknown: false,
            packets: 0,
            bytes: 0,
        });
    }

    /// Whether the answers to a packet that leaves like this are already another connection's.
    pub(super) fn answers_clash(&self, protocol: u8, left: (u128, u16, u128, u16)) -> bool {
        let (source, source_port, destination, destination_port) = left;
        self.find(Tuple {
            source: destination,
            destination: source,
            protocol,
            source_port: destination_port,
            destination_port: source_port,
            open_port: false,
        })
        .is_some()
    }

    fn find(&self, tuple: Tuple) -> Option<(usize, bool)> {
        self.connections.iter().enumerate().find_map(|(place, known)| {
            if known.original == tuple {
                Some((place, false))
            } else {
                (known.reply == tuple).then_some((place, true))
            }
        })
    }
}

/// Asks conntrack about a packet as it stands; `checksum` is whether this hook verifies it.
pub(super) fn track(packet: &Packet, memory: &mut Memory, checksum: bool) -> Tracked {
    if checksum
        && packet.bad_checksum
        && matches!(packet.protocol, protocol::TCP | protocol::UDP | protocol::UDPLITE)
    {
        return Tracked::Invalid;
    }
    match packet.protocol {
        protocol::ICMP | protocol::ICMPV6 => return icmp(packet, memory),
        protocol::TCP if !valid_flags(packet.flags) => return Tracked::Invalid,
        _ => {}
    }
    let tuple = Tuple::of(packet);
    if let Some((place, reply)) = memory.find(tuple)
        && let Some(known) = memory.connections.get_mut(place)
    {
        if packet.protocol == protocol::TCP && !follows(packet.flags, reply, known.established) {
            return Tracked::Invalid;
        }
        // A SYN that is sent again is let through and not counted; of its answers the first one is.
        let opening = packet.protocol == protocol::TCP && packet.flags & flag::SYN != 0;
        let counted = !opening || reply && !known.established && !known.seen_reply;
        if reply {
            known.seen_reply = true;
            known.status |= status::SEEN_REPLY;
        }
        if counted {
            known.packets += 1;
            known.bytes += packet.length() as u64;
        }
        let state = if known.seen_reply { state::ESTABLISHED } else { state::NEW };
        return Tracked::Connection(Connection {
            original: known.original,
            original_port: packet
                .source_port
                .filter(|_| !reply)
                .or(Some(Ports::one(known.original.source_port))),
            state,
            reply,
            status: known.status,
            mark: known.mark,
            mark_unknown: known.mark_unknown,
            existing: true,
            no_nat: false,
        });
    }
    if packet.protocol == protocol::TCP && !opens(packet.flags) {
        return Tracked::Invalid;
    }
    new_connection(packet, tuple)
}

fn new_connection(packet: &Packet, tuple: Tuple) -> Tracked {
    Tracked::Connection(Connection {
        original: tuple,
        original_port: packet.source_port,
        state: state::NEW,
        reply: false,
        status: 0,
        mark: 0,
        mark_unknown: false,
        existing: false,
        no_nat: false,
    })
}

fn icmp(packet: &Packet, memory: &mut Memory) -> Tracked {
    let six = packet.protocol == protocol::ICMPV6;
    let number = packet.icmp_type;
    if six && matches!(number, 130..=136 | 143) {
        return Tracked::Untracked;
    }
    let error = if six { number < 128 } else { matches!(number, 3 | 4 | 5 | 11 | 12) };
    if error {
        return related(packet, memory);
    }
    let tuple = Tuple::of(packet);
    let answer = if six { matches!(number, 129 | 140) } else { matches!(number, 0 | 14 | 16 | 18) };
    if let Some((place, reply)) = memory.find(if answer { Tuple { ..tuple } } else { tuple })
        && let Some(known) = memory.connections.get_mut(place)
        && reply == answer
    {
        if reply {
            known.seen_reply = true;
            known.status |= status::SEEN_REPLY;
        }
        known.packets += 1;
        known.bytes += packet.length() as u64;
        return Tracked::Connection(Connection {
            original: known.original,
            original_port: None,
            state: if known.seen_reply { state::ESTABLISHED } else { state::NEW },
            reply,
            status: known.status,
            mark: known.mark,
            mark_unknown: known.mark_unknown,
            existing: true,
            no_nat: false,
        });
    }
    let opens = if six { matches!(number, 128 | 139) } else { matches!(number, 8 | 13 | 15 | 17) };
    if opens { new_connection(packet, tuple) } else { Tracked::Invalid }
}

/// An ICMP error belongs to the connection of the packet that it quotes.
fn related(packet: &Packet, memory: &Memory) -> Tracked {
    let Some(inner) = &packet.inner else { return Tracked::Invalid };
    let Some((place, from_reply)) = memory.find(Tuple::of(inner)) else { return Tracked::Invalid };
    // The error goes back to the quoted packet's sender.
    if packet.destination != inner.source {
        return Tracked::Invalid;
    }
    let Some(known) = memory.connections.get(place) else { return Tracked::Invalid };
    Tracked::Connection(Connection {
        original: known.original,
        original_port: Some(Ports::one(known.original.source_port)),
        state: state::RELATED,
        reply: !from_reply,
        status: known.status,
        mark: known.mark,
        mark_unknown: known.mark_unknown,
        existing: true,
        no_nat: true,
    })
}

/// The combinations of flags that no correct stack sends are invalid (`tcp_valid_flags`).
fn valid_flags(flags: u8) -> bool {
    let flags = flags & !(flag::ECE | flag::CWR | flag::PSH);
    [
        flag::SYN,
        flag::SYN | flag::URG,
        flag::SYN | flag::ACK,
        flag::RST,
        flag::RST | flag::ACK,
        flag::FIN | flag::ACK,
        flag::FIN | flag::ACK | flag::URG,
        flag::ACK,
        flag::ACK | flag::URG,
    ]
    .contains(&flags)
}

/// Whether a packet of no known connection makes one: a SYN, or an ACK picked up in the middle.
fn opens(flags: u8) -> bool {
    let kind = flags & (flag::SYN | flag::RST | flag::FIN | flag::ACK);
    kind == flag::SYN || kind == flag::ACK
}

/// Whether a packet is one that an established, or a just opened, connection may carry.
fn follows(flags: u8, reply: bool, established: bool) -> bool {
    if flags & flag::RST != 0 {
        return true;
    }
    let (syn, ack, fin) = (flags & flag::SYN != 0, flags & flag::ACK != 0, flags & flag::FIN != 0);
    match (syn, ack, fin) {
        (true, true, _) => reply,
        (true, false, _) => !reply || !established,
        (false, _, true) => established,
        (false, true, false) => established || reply,
        (false, false, false) => false,
    }
}

/// Remembers the connection of a packet that got through.
pub(super) fn confirm(
    packet: &Packet,
    tracked: &mut Tracked,
    reply_to: (u128, u16, u128, u16),
    memory: &mut Memory,
    delivered: bool,
) {
    let Tracked::Connection(connection) = tracked else { return };
    connection.status |= status::CONFIRMED;
    if connection.existing {
        return;
    }
    connection.existing = true;
    // A quiet node's stack answers at once: an echo reply, or a reset that ends the connection.
    if delivered && packet.protocol == protocol::TCP {
        return;
    }
    let answered = delivered && matches!(packet.protocol, protocol::ICMP | protocol::ICMPV6);
    let (source, source_port, destination, destination_port) = reply_to;
    let icmp = matches!(packet.protocol, protocol::ICMP | protocol::ICMPV6);
    let reply = Tuple {
        source: destination,
        destination: source,
        protocol: packet.protocol,
        source_port: if icmp { connection.original.source_port } else { destination_port },
        destination_port: if icmp { connection.original.destination_port } else { source_port },
        open_port: false,
    };
    memory.connections.push(Known {
        original: connection.original,
        reply,
        seen_reply: answered,
        established: packet.protocol == protocol::TCP && packet.flags & flag::SYN == 0,
        status: connection.status,
        mark: connection.mark,
        mark_unknown: connection.mark_unknown,
        packets: 1,
        bytes: packet.length() as u64,
    });
}
