//! IP sets as `ipset save` and `ipset list` show them.

use std::collections::{BTreeMap, HashMap};

use konspect_bundle::Span;

/// All sets of one machine, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IpSets {
    pub sets: BTreeMap<Box<str>, IpSet>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct IpSet {
    /// `hash:ip,port` and the like.
    pub kind: Box<str>,
    pub six: bool,
    /// Entries come and go by time.
    pub timeout: bool,
    pub members: Vec<Member>,
    pub at: Span,
    /// Members by the prefix length and network of their first dimension; those without one are in
    /// `rest`.
    pub(crate) by_network: BTreeMap<u8, HashMap<u128, Vec<u32>>>,
    pub(crate) rest: Vec<u32>,
    pub incomplete: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub parts: Vec<Part>,
    pub nomatch: bool,
}

/// One dimension of a member.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// First and last address and, for a network, its prefix length.
    Addresses {
        first: u128,
        last: u128,
        length: Option<u8>,
    },
    Ports {
        protocol: u8,
        first: u16,
        last: u16,
    },
    Interface {
        name: Box<str>,
        wildcard: bool,
    },
    Mac([u8; 6]),
    Mark(u32),
    Set(Box<str>),
    Unknown(Box<str>),
}

impl IpSet {
    pub fn new(kind: &str, at: Span) -> Self {
        Self {
            kind: kind.into(),
            six: false,
            timeout: false,
            members: Vec::new(),
            at,
            by_network: BTreeMap::new(),
            rest: Vec::new(),
            incomplete: false,
        }
    }

    /// What each dimension holds: `ip`, `net`, `port`, `iface`, `mac`, `mark`, `set`.
    pub fn dimensions(&self) -> impl Iterator<Item = &str> {
        self.kind.split_once(':').map_or("", |(_, dimensions)| dimensions).split(',')
    }

    pub fn push(&mut self, member: Member) {
        let number = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        match member.parts.first() {
            Some(Part::Addresses { first, length: Some(length), .. }) => {
                self.by_network.entry(*length).or_default().entry(*first).or_default().push(number);
            }
            _ => self.rest.push(number),
        }
        self.members.push(member);
    }

    /// Members whose first dimension may hold the address, the most specific networks first.
    pub(crate) fn candidates(&self, address: u128) -> impl Iterator<Item = &Member> {
        let bits = if self.six { 128 } else { 32 };
        self.by_network
            .iter()
            .rev()
            .filter_map(move |(length, networks)| {
                let host = u32::from(bits - (*length).min(bits));
                let network = if host >= 128 { 0 } else { address >> host << host };
                networks.get(&network)
            })
            .flatten()
            .chain(&self.rest)
            .filter_map(|number| self.members.get(*number as usize))
    }
}
