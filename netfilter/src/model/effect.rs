//! What a rule does with a packet.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{ChainId, Direction, Key, MapRef};

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
        /// How far to the left the bits that are taken move; negative to the right.
        shift: i8,
    },
    RestoreMark {
        nfmask: u32,
        ctmask: u32,
        shift: i8,
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
