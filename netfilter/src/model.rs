//! One model for every dump: tables of chains of rules of statements.
//!
//! A form that loses something says so with a [`Statement::Unknown`]; nothing is ever guessed to be
//! absent. This file refuses to know how a form is spelled and how a statement is evaluated.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use konspect_bundle::Span;

use crate::packet::Family;

/// The tool whose view of the kernel a dump is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    Iptables,
    Nft,
}

/// Which of the kernel's two rule engines an iptables dump shows, where it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    Legacy,
    Nft,
}

/// The families that an nft table may have; iptables knows the first two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TableFamily {
    Ip,
    Ip6,
    Inet,
    /// arp, bridge and netdev tables see no packet of ours after it became one of the IP layer.
    Other,
}

impl TableFamily {
    pub fn covers(self, family: Family) -> bool {
        matches!(
            (self, family),
            (Self::Inet, _) | (Self::Ip, Family::Ipv4) | (Self::Ip6, Family::Ipv6)
        )
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Ip6 => "ip6",
            Self::Inet => "inet",
            Self::Other => "other",
        }
    }
}

/// All tables of one dump.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ruleset {
    pub tables: Vec<Table>,
    /// Another back-end has rules as well that this dump does not show.
    pub more_elsewhere: bool,
}

/// One table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub tool: Tool,
    pub backend: Option<Backend>,
    pub family: TableFamily,
    pub name: Arc<str>,
    pub chains: Vec<Chain>,
    pub sets: Vec<NamedSet>,
    pub at: Span,
    /// The dump's head is lost, so rules, chains and policies of this table may be missing.
    pub cut: bool,
}

/// Where a base chain hooks in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
    /// ingress, egress: before and after the IP layer.
    Elsewhere,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Filter,
    Nat,
    Route,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    Accept,
    Drop,
}

/// What makes a chain a base chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Base {
    pub hook: Hook,
    pub kind: Kind,
    pub priority: i32,
    /// Absent where the dump does not say.
    pub policy: Option<Policy>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counters {
    pub packets: u64,
    pub bytes: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    pub name: Arc<str>,
    pub base: Option<Base>,
    pub rules: Vec<Rule>,
    pub at: Span,
    pub counters: Option<Counters>,
    /// Seen as a chain of its own, not only as the target of a jump.
    pub declared: bool,
    /// Rules at the chain's beginning are lost.
    pub cut: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub statements: Vec<Statement>,
    /// The target's name as the tool prints it; absent for a rule without one.
    pub target: Option<Arc<str>>,
    pub goto: bool,
    pub at: Span,
    pub counters: Option<Counters>,
    pub handle: Option<u64>,
    pub comment: Option<Box<str>>,
}

/// A chain of the same table.
pub type ChainId = u32;

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
    /// `ipv6header`: which headers a packet has, as bits of [`ipv6_header`].
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

/// Something that a dump cannot say, or that only the running kernel knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unknown {
    /// The listing has no interface columns.
    InterfacesNotShown,
    /// A match or target that the form or this reader does not know; its text.
    NotUnderstood(Box<str>),
    /// A name that only the node can resolve.
    Name(Box<str>),
    /// A set that was not collected.
    Set(Box<str>),
    /// A chain that the dump does not contain.
    Chain(Box<str>),
    /// A rate, quota or counter whose fill nobody collected.
    State(&'static str),
    /// Chance decides.
    Random,
    /// The clock decides.
    Time,
    /// Depends on a value of the packet that was not given.
    Packet(&'static str),
    /// Depends on the node: its sockets, routes, bridges.
    Node(&'static str),
    /// The head of the dump is lost.
    HeadLost,
    /// The policy is not shown.
    Policy,
    /// The evaluation's budget ended.
    Budget,
    /// Another program decides (NFQUEUE).
    Queue,
    /// The kernel chooses among these addresses.
    AddressChoice,
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

/// The bits of a connection's state, as nft numbers them; the last two are iptables' virtual states.
pub mod state {
    pub const INVALID: u32 = 1;
    pub const ESTABLISHED: u32 = 2;
    pub const RELATED: u32 = 4;
    pub const NEW: u32 = 8;
    pub const UNTRACKED: u32 = 64;
    pub const SNAT: u32 = 128;
    pub const DNAT: u32 = 256;
}

/// The bits of a connection's status.
pub mod status {
    pub const EXPECTED: u32 = 1;
    pub const SEEN_REPLY: u32 = 2;
    pub const ASSURED: u32 = 4;
    pub const CONFIRMED: u32 = 8;
    pub const SNAT: u32 = 16;
    pub const DNAT: u32 = 32;
}

/// IPv6 headers as `ipv6header` counts them, as bits.
pub mod ipv6_header {
    pub const PROTOCOL: u8 = 1;
    pub const NONE: u8 = 2;
    pub const ESP: u8 = 4;
    pub const AH: u8 = 8;
    pub const FRAGMENT: u8 = 16;
    pub const ROUTING: u8 = 32;
    pub const DESTINATION: u8 = 64;
    pub const HOP_BY_HOP: u8 = 128;
}

/// The types of an address, as bits.
pub mod address_type {
    pub const UNSPEC: u32 = 1;
    pub const UNICAST: u32 = 2;
    pub const LOCAL: u32 = 4;
    pub const BROADCAST: u32 = 8;
    pub const ANYCAST: u32 = 16;
    pub const MULTICAST: u32 = 32;
    pub const BLACKHOLE: u32 = 64;
    pub const UNREACHABLE: u32 = 128;
    pub const PROHIBIT: u32 = 256;
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

/// What a rule changes and goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// New mark = (source & and) ^ xor.
    SetMark {
        connection: bool,
        source: MarkSource,
        and: u32,
        xor: u32,
    },
    /// mark → connection: (ctmark & !ctmask) ^ (mark & nfmask).
    SaveMark {
        nfmask: u32,
        ctmask: u32,
    },
    RestoreMark {
        nfmask: u32,
        ctmask: u32,
    },
    Notrack,
    Log(Box<str>),
    SetTos {
        value: u8,
        mask: u8,
    },
    SetDscp(u8),
    SetTtl(TtlChange),
    AddToSet {
        name: Box<str>,
        directions: Vec<Direction>,
        remove: bool,
    },
    /// Nothing that a later match of ours can see (TCPMSS, CLASSIFY, CHECKSUM, counters).
    Other(Box<str>),
    /// Changes something that is not understood; the text.
    Unknown(Box<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkSource {
    Packet,
    Connection,
    Nothing,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TtlChange {
    Set(u8),
    Increase(u8),
    Decrease(u8),
}

/// What ends a rule, or the packet's way through a chain.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Accept,
    Drop,
    Reject(Reject),
    Return,
    Continue,
    Jump(ChainId),
    Goto(ChainId),
    Queue {
        bypass: bool,
    },
    Map {
        keys: Vec<Key>,
        map: MapRef,
    },
    Translate(Translate),
    Netmap {
        network: IpNet,
        source: bool,
    },
    Tproxy,
    /// A target that is not understood; its text.
    Unknown(Box<str>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Translate {
    pub source: bool,
    pub address: TranslateAddress,
    pub ports: TranslatePorts,
    pub random: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TranslateAddress {
    Keep,
    Range(IpAddr, IpAddr),
    /// MASQUERADE, REDIRECT: an address of the interface.
    Interface,
    /// The result of a map; fields are the address and, if there, the port.
    Map {
        keys: Vec<Key>,
        map: MapRef,
    },
    Unknown(Box<str>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum TranslatePorts {
    Keep,
    Range(u16, u16),
    Map { keys: Vec<Key>, map: MapRef },
}

/// The answer that a REJECT sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reject {
    Default,
    TcpReset,
    Icmp(u8),
    Icmp6(u8),
    /// nft's icmpx code: the family decides.
    Icmpx(u8),
    Unknown,
}

/// A field of a set's element.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    Range(u128, u128),
    Name(Pattern),
    Any,
    /// A word that is not understood.
    Unknown(Box<str>),
}

pub type Element = Vec<Field>;

#[derive(Clone, Debug, PartialEq)]
pub enum SetRef {
    Anonymous(Vec<Element>),
    Named(Box<str>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Mapped {
    Verdict(Verdict),
    /// Address, port, both, or a mark.
    Value(Element),
}

#[derive(Clone, Debug, PartialEq)]
pub enum MapRef {
    Anonymous(Vec<(Element, Mapped)>),
    Named(Box<str>),
}

/// A named nft set or map.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedSet {
    pub name: Box<str>,
    pub elements: Vec<(Element, Option<Mapped>)>,
    /// Filled by packets, so that its content now is not its content then.
    pub dynamic: bool,
    pub at: Span,
}

impl Table {
    pub fn new(tool: Tool, family: TableFamily, name: &str, at: Span) -> Self {
        Self {
            tool,
            backend: None,
            family,
            name: name.into(),
            chains: Vec::new(),
            sets: Vec::new(),
            at,
            cut: false,
        }
    }
}

impl Chain {
    pub fn new(name: &str, at: Span) -> Self {
        Self {
            name: name.into(),
            base: None,
            rules: Vec::new(),
            at,
            counters: None,
            declared: false,
            cut: false,
        }
    }
}

/// The hook, type and priority of an iptables chain, if it is a built-in one.
pub fn builtin(table: &str, chain: &str) -> Option<Base> {
    let (filter, nat) = (Kind::Filter, Kind::Nat);
    let (hook, kind, priority) = match (table, chain) {
        ("raw", "PREROUTING") => (Hook::Prerouting, filter, -300),
        ("raw", "OUTPUT") => (Hook::Output, filter, -300),
        ("mangle", "PREROUTING") => (Hook::Prerouting, filter, -150),
        ("mangle", "INPUT") => (Hook::Input, filter, -150),
        ("mangle", "FORWARD") => (Hook::Forward, filter, -150),
        ("mangle", "OUTPUT") => (Hook::Output, Kind::Route, -150),
        ("mangle", "POSTROUTING") => (Hook::Postrouting, filter, -150),
        ("nat", "PREROUTING") => (Hook::Prerouting, nat, -100),
        ("nat", "INPUT") => (Hook::Input, nat, 100),
        ("nat", "OUTPUT") => (Hook::Output, nat, -100),
        ("nat", "POSTROUTING") => (Hook::Postrouting, nat, 100),
        ("filter", "INPUT") => (Hook::Input, filter, 0),
        ("filter", "FORWARD") => (Hook::Forward, filter, 0),
        ("filter", "OUTPUT") => (Hook::Output, filter, 0),
        ("security", "INPUT") => (Hook::Input, filter, 50),
        ("security", "FORWARD") => (Hook::Forward, filter, 50),
        ("security", "OUTPUT") => (Hook::Output, filter, 50),
        _ => return None,
    };
    Some(Base { hook, kind, priority, policy: None })
}
