//! The packet on its way: what rules have made of it so far.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::conntrack::{Memory, Tracked};
use crate::model::{ChainId, Unknown};
use crate::packet::{Packet, Ports};

/// The interface that a hook is told about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Device {
    None,
    Named(Arc<str>),
    /// One whose name is not known; not `lo`.
    Some,
}

/// Where the packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
}

/// A chain being walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Frame {
    pub chain: ChainId,
    pub rule: u32,
    pub statement: u32,
}

/// Everything that decides what happens next.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the packet")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Core {
    pub stage: Stage,
    /// Index into the stage's base chains.
    pub entry: u32,
    pub entered: bool,
    pub stack: Vec<Frame>,
    pub source: u128,
    pub destination: u128,
    pub source_port: Option<Ports>,
    pub destination_port: Option<u16>,
    pub source_port_random: bool,
    pub mark: u32,
    pub mark_unknown: bool,
    pub tos: u8,
    pub ttl: u8,
    /// How far away the sender is, nobody said.
    pub ttl_unknown: bool,
    pub input: Device,
    pub output: Device,
    pub tracked: Tracked,
    pub destination_bound: bool,
    pub source_bound: bool,
    /// Sent by the node itself; stays so on the way back through `lo`.
    pub own: bool,
    pub looped: bool,
    pub broadcast: bool,
    /// The rule or policy that a decision for accept would name so far: table, chain, rule.
    pub accepted_by: (u32, u32, u32),
}

/// One step of the way, not yet told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RawStep {
    pub table: u32,
    pub chain: ChainId,
    pub kind: RawKind,
    pub mark_before: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum RawKind {
    Rule(u32),
    /// A rule whose verdict map gave this chain, or this verdict.
    Mapped(u32, Gave),
    Policy,
    Return,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Gave {
    Accept,
    Drop,
    Return,
    Jump(ChainId),
    Goto(ChainId),
}

#[derive(Clone, Debug)]
pub(super) struct Flow<'a> {
    pub packet: &'a Packet,
    pub core: Core,
    pub path: Vec<RawStep>,
    pub reasons: Vec<Unknown>,
    pub logs: Vec<Box<str>>,
    pub memory: Memory,
    pub forked: bool,
}

impl Flow<'_> {
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.core.hash(&mut hasher);
        hasher.finish()
    }

    pub(super) fn because(&mut self, reason: Unknown) {
        if self.reasons.len() < 16 && !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
        self.forked = true;
    }
}
