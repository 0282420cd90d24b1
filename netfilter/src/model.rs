//! One model for every dump: tables of chains of rules of statements.
//!
//! A form that loses something says so with a [`Statement::Unknown`]; nothing is ever guessed to be
//! absent. This file refuses to know how a form is spelled and how a statement is evaluated.

mod bits;
mod effect;
mod sets;
mod statement;

use std::sync::Arc;

use konspect_bundle::Span;

use crate::packet::Family;
pub use bits::{address_type, ipv6_header, state, status};
pub use effect::{
    Effect, MarkSource, Reject, Translate, TranslateAddress, TranslatePorts, TtlChange, Verdict,
};
pub use sets::{Element, Field, MapRef, Mapped, NamedSet, SetRef};
pub use statement::{
    BpfInstruction, Compare, Conntrack, Direction, Key, LimitInterface, Pattern, Ranges,
    RangesIter, Recent, RecentAction, Stateful, Statement, U32Operation, U32Test,
};

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
