//! What a rule asks of a packet.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Effect, SetRef, Unknown, Verdict};
use crate::packet::Family;

/// What a rule does, in order; a match that fails ends the rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    Compare(Compare),
    Interface {
        outgoing: bool,
        pattern: Pattern,
        invert: bool,
    },
    /// Any of both ports (multiport's `--ports`).
    EitherPort {
        ranges: Vec<(u128, u128)>,
        invert: bool,
    },
    /// `mask` of the value equals `value`.
    Mark {
        connection: bool,
        value: u32,
        mask: u32,
        invert: bool,
    },
    TcpFlags {
        mask: u8,
        value: u8,
        invert: bool,
    },
    TcpOption {
        number: u8,
        invert: bool,
    },
    Icmp {
        six: bool,
        number: u8,
        codes: (u8, u8),
        invert: bool,
    },
    CtState {
        bits: u32,
        invert: bool,
    },
    Conntrack(Box<Conntrack>),
    AddressType {
        source: bool,
        bits: u32,
        invert: bool,
        limit: LimitInterface,
    },
    IpSet {
        name: Box<str>,
        directions: Vec<Direction>,
        invert: bool,
        return_nomatch: bool,
    },
    Lookup {
        keys: Vec<Key>,
        invert: bool,
        set: SetRef,
    },
    /// `key & mask` compared.
    Bits {
        key: Key,
        mask: u128,
        value: u128,
        invert: bool,
        any: bool,
    },
    Owner {
        group: bool,
        ids: (u32, u32),
        invert: bool,
    },
    SocketExists {
        invert: bool,
    },
    Stateful(Box<Stateful>),
    Random {
        probability: f64,
    },
    Contains {
        pattern: Vec<u8>,
        ignore_case: bool,
        from: usize,
        to: usize,
        invert: bool,
    },
    U32 {
        tests: Vec<U32Test>,
        invert: bool,
    },
    Bpf(Vec<BpfInstruction>),
    Mac {
        address: [u8; 6],
        invert: bool,
    },
    Mss {
        range: (u16, u16),
        invert: bool,
    },
    Ecn {
        mask: u8,
        value: u8,
        invert: bool,
    },
    Spi {
        range: (u32, u32),
        invert: bool,
    },
    Realm {
        value: u32,
        mask: u32,
        invert: bool,
    },
    Physdev {
        invert: bool,
    },
    ReversePath {
        loose: bool,
        invert: bool,
        accept_local: bool,
    },
    Socket,
    Helper {
        invert: bool,
    },
    Xfrm {
        invert: bool,
    },
    Fragment {
        invert: bool,
    },
    ChunkTypes {
        all: bool,
        any: bool,
        only: bool,
        types: Vec<u8>,
        invert: bool,
    },
    Time {
        always: bool,
    },
    /// `ipv6header`: which headers a packet has, as bits of [`ipv6_header`](super::bits::ipv6_header).
    Ipv6Headers {
        mask: u8,
        /// Others may stand beside them.
        soft: bool,
        invert: bool,
    },
    /// An IPv6 extension header; the packets asked about have none.
    ExtensionHeader {
        invert: bool,
    },
    /// A match that cannot be decided from this dump. The text says what it is.
    Unknown(Unknown),
    Effect(Effect),
    Verdict(Verdict),
}

/// Compares one value with ranges; absent values never match.
#[derive(Clone, Debug, PartialEq)]
pub struct Compare {
    pub key: Key,
    pub invert: bool,
    pub ranges: Ranges,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Ranges {
    One(u128, u128),
    Many(Vec<(u128, u128)>),
}

impl Ranges {
    pub fn as_slice(&self) -> RangesIter<'_> {
        match self {
            Self::One(first, last) => RangesIter { one: Some((*first, *last)), many: [].iter() },
            Self::Many(many) => RangesIter { one: None, many: many.iter() },
        }
    }
}

/// Iterates over ranges.
pub struct RangesIter<'a> {
    one: Option<(u128, u128)>,
    many: std::slice::Iter<'a, (u128, u128)>,
}

impl Iterator for RangesIter<'_> {
    type Item = (u128, u128);

    fn next(&mut self) -> Option<(u128, u128)> {
        self.one.take().or_else(|| self.many.next().copied())
    }
}

/// A value of the packet, its connection or the machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Source(Family),
    Destination(Family),
    Protocol,
    /// `ip protocol`, `ip6 nexthdr`.
    ProtocolOf(Family),
    NetworkProtocol,
    /// Of this protocol, or of any that has ports.
    SourcePort(Option<u8>),
    DestinationPort(Option<u8>),
    IcmpType(Family),
    IcmpCode(Family),
    TcpFlags,
    Mark,
    ConnectionMark,
    ConnectionState,
    ConnectionStatus,
    ConnectionDirection,
    ConnectionProtocol,
    OriginalSource(Option<Family>),
    OriginalDestination(Option<Family>),
    OriginalSourcePort,
    OriginalDestinationPort,
    ReplySource(Option<Family>),
    ReplyDestination(Option<Family>),
    ReplySourcePort,
    ReplyDestinationPort,
    Ttl(Family),
    Length,
    /// Of a UDP header: the header and what follows it.
    TransportLength,
    Dscp(Family),
    Ecn(Family),
    Tos,
    PacketType,
    SourceMac,
    DestinationMac,
    EtherType,
    Uid,
    Gid,
    InterfaceIn,
    InterfaceOut,
    SourceType {
        interface: bool,
    },
    DestinationType {
        interface: bool,
    },
    ReversePathInterface,
    Mss,
    Random {
        modulus: u64,
        offset: u64,
    },
    Increment {
        modulus: u64,
        offset: u64,
    },
    /// Always this.
    Constant(u128),
    /// What nobody collects; its name.
    Other(Box<str>),
}

/// An interface name, or the beginning of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    pub name: Arc<str>,
    pub prefix: bool,
}

impl Pattern {
    pub fn matches(&self, name: &str) -> bool {
        if self.prefix { name.starts_with(&*self.name) } else { name == &*self.name }
    }
}

/// Which sides of the packet an ipset's dimensions look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    Source,
    Destination,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitInterface {
    None,
    In,
    Out,
}

/// `-m conntrack` with more than a state: all of them have to hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conntrack {
    pub state: Option<(u32, bool)>,
    pub status: Option<(u32, bool)>,
    pub reply: Option<(bool, bool)>,
    pub compares: Vec<Compare>,
    pub unknown: Option<Box<str>>,
}

/// Matches whose result depends on the packets before.
#[derive(Clone, Debug, PartialEq)]
pub enum Stateful {
    Limit {
        every_nanoseconds: u64,
        burst: u64,
        over: bool,
    },
    HashLimit {
        name: Box<str>,
        every_nanoseconds: u64,
        burst: u64,
        above: bool,
        by: Vec<Box<str>>,
        masks: (u8, u8),
    },
    Nth {
        every: u64,
        packet: u64,
        invert: bool,
    },
    Quota {
        bytes: u64,
        over: bool,
    },
    Connlimit {
        above: bool,
        count: u64,
        mask: u8,
        destination: bool,
    },
    Connbytes {
        range: (u64, u64),
        packets: bool,
        invert: bool,
    },
    Recent(Recent),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Recent {
    pub name: Box<str>,
    pub action: RecentAction,
    pub invert: bool,
    pub destination: bool,
    pub mask: Option<IpAddr>,
    pub hitcount: u64,
    pub seconds: u64,
    pub ttl: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecentAction {
    Set,
    Check,
    Update,
    Remove,
}

#[derive(Clone, Debug, PartialEq)]
pub struct U32Test {
    pub first: u32,
    pub operations: Vec<(U32Operation, u32)>,
    pub ranges: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum U32Operation {
    And,
    Left,
    Right,
    At,
}

/// One instruction of a classic BPF program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BpfInstruction {
    pub code: u16,
    pub jump_true: u8,
    pub jump_false: u8,
    pub k: u32,
}
