//! Walks hooks, base chains and rules; forks where a match is undecidable.

mod routing;
mod telling;

use std::collections::HashSet;
use std::sync::Arc;

use super::conntrack::{Known, Memory, Tracked, confirm, track};
use super::flow::{Core, Device, Flow, Frame, RawKind, RawStep, Stage};
use super::outcome::{Outcome, Outcomes, What};
use super::{Entry, Firewall};
use crate::model::{Chain, Policy, Rule, Statement, Tool, Unknown, state, status};
use crate::packet::{Family, Origin, Packet, Ports, has_ports};
use crate::parse::address_number;

/// The priority at which conntrack looks at a packet.
const CONNTRACK: i32 = -200;

/// The priorities at which the kernel translates addresses, whatever those of nat chains are.
const DESTINATION_NAT: i32 = -100;

const SOURCE_NAT: i32 = 100;

/// As deep as jumps may nest; the kernel's own limit is lower, so that no real dump meets this one.
const DEPTH: usize = 512;

/// Whether a match holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Truth {
    Yes,
    No,
    Unknown(Unknown),
}

impl Truth {
    pub(super) fn of(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

/// What a statement or a hook made of the flow.
pub(super) enum Next {
    /// The rule goes on.
    Statement,
    /// This rule is over.
    Rule,
    /// The frame stack changed, or the base chain ended.
    Chain,
    /// The packet's way ended and was written down.
    End,
}

pub(super) struct Engine<'a> {
    pub(super) firewall: &'a Firewall,
    pub(super) packet: &'a Packet,
    pub(super) family: Family,
    work: Vec<Flow<'a>>,
    visited: HashSet<u64>,
    outcomes: Vec<Outcome>,
    memory_after: Option<Memory>,
    rules: u64,
    exhausted: bool,
    /// What earlier packets left behind is not known for sure.
    uncertain: bool,
}

impl<'a> Engine<'a> {
    pub(super) fn new(firewall: &'a Firewall, packet: &'a Packet, memory: Memory) -> Self {
        let family = packet.family();
        let own = packet.origin == Origin::Node;
        let input = match &packet.origin {
            Origin::Node => Device::None,
            Origin::Interface(name) => Device::Named(name.as_str().into()),
            Origin::SomeInterface => match firewall.node.interfaces.as_slice() {
                [one] => Device::Named(Arc::clone(&one.name)),
                _ => Device::Some,
            },
        };
        let uncertain = memory.uncertain;
        let core = Core {
            stage: if own { Stage::Output } else { Stage::Prerouting },
            entry: 0,
            entered: false,
            stack: Vec::new(),
            source: address_number(packet.source),
            destination: address_number(packet.destination),
            source_port: packet.source_port,
            destination_port: packet.destination_port,
            source_port_random: false,
            mark: 0,
            mark_unknown: false,
            tos: packet.tos,
            ttl: packet.ttl,
            ttl_unknown: !own && !firewall.node.quiet,
            input,
            output: Device::None,
            tracked: Tracked::NotYet,
            destination_bound: false,
            source_bound: false,
            own,
            looped: false,
            broadcast: false,
            accepted_by: (u32::MAX, 0, 0),
        };
        let flow = Flow {
            packet,
            core,
            path: Vec::new(),
            reasons: Vec::new(),
            logs: Vec::new(),
            memory,
            forked: false,
        };
        Self {
            firewall,
            packet,
            family,
            work: vec![flow],
            visited: HashSet::new(),
            outcomes: Vec::new(),
            memory_after: None,
            rules: 0,
            exhausted: false,
            uncertain,
        }
    }

    pub(super) fn run(mut self) -> (Outcomes, Memory) {
        while let Some(mut flow) = self.work.pop() {
            if flow.core.own
                && flow.core.entry == 0
                && !flow.core.entered
                && flow.core.stage == Stage::Output
            {
                self.route_output(&mut flow, true);
            }
            self.walk(flow);
            if self.exhausted {
                break;
            }
        }
        if self.exhausted {
            let mut flow = Self::new(self.firewall, self.packet, Memory::default()).work.pop();
            if let Some(flow) = &mut flow {
                flow.because(Unknown::Budget);
                // The outcome that says so is kept beyond the limit.
                self.outcomes.truncate(self.firewall.budget.outcomes.saturating_sub(1));
                self.finish(flow, What::Unknown, None);
            }
        }
        if self.uncertain {
            let mut flow = Self::new(self.firewall, self.packet, Memory::default()).work.pop();
            if let Some(flow) = &mut flow {
                flow.because(Unknown::State("connections"));
                self.finish(flow, What::Unknown, None);
            }
        }
        (Outcomes { outcomes: self.outcomes }, self.memory_after.unwrap_or_default())
    }

    /// Puts a copy of the flow aside, to be walked later.
    pub(super) fn fork(&mut self, flow: Flow<'a>) {
        self.work.push(flow);
    }

    fn walk(&mut self, mut flow: Flow<'a>) {
        loop {
            if flow.forked && !self.visited.insert(flow.fingerprint()) {
                return;
            }
            let Some(frame) = flow.core.stack.last().copied() else {
                if self.next_entry(&mut flow) {
                    continue;
                }
                return;
            };
            let Some(entry) = self.entry(&flow) else { return };
            let Some(chain) = self.chain(entry.table, frame.chain) else { return };
            let next_rule = if frame.statement == 0 {
                self.next_candidate(entry.table, frame, chain, &flow)
            } else {
                frame.rule as usize
            };
            let Some(rule) = chain.rules.get(next_rule) else {
                if self.end_of_chain(&mut flow, entry, frame, chain) {
                    continue;
                }
                return;
            };
            self.rules += 1;
            if self.rules > self.firewall.budget.rules {
                self.exhausted = true;
                return;
            }
            let number = u32::try_from(next_rule).unwrap_or(u32::MAX);
            if let Some(top) = flow.core.stack.last_mut() {
                top.rule = number;
            }
            if !self.apply(&mut flow, entry, Frame { rule: number, ..frame }, rule) {
                return;
            }
        }
    }

    /// Runs a rule from the frame's statement on; `false` when the way ended.
    fn apply(&mut self, flow: &mut Flow<'a>, entry: Entry, frame: Frame, rule: &'a Rule) -> bool {
        let mut place = frame.statement as usize;
        let mark_before = flow.core.mark;
        while let Some(statement) = rule.statements.get(place) {
            match statement {
                Statement::Verdict(_) | Statement::Effect(_) => {
                    // The kernel's trace shows the mark as it was before the rule's first effect.
                    match self.act(flow, entry, frame, statement, mark_before) {
                        Next::Statement => {}
                        Next::Rule => break,
                        Next::Chain => return true,
                        Next::End => return false,
                    }
                }
                matching => {
                    let at =
                        (entry.table, frame.chain, frame.rule, u32::try_from(place).unwrap_or(0));
                    match self.holds(matching, flow, at, entry) {
                        Truth::Yes => {}
                        Truth::No => {
                            advance(flow);
                            return true;
                        }
                        Truth::Unknown(reason) => {
                            let mut matched = flow.clone();
                            matched.because(reason.clone());
                            if let Some(top) = matched.core.stack.last_mut() {
                                top.statement = u32::try_from(place + 1).unwrap_or(u32::MAX);
                            }
                            self.fork(matched);
                            flow.because(reason);
                            advance(flow);
                            return true;
                        }
                    }
                }
            }
            place += 1;
        }
        let jumped =
            !rule.statements.iter().any(|statement| matches!(statement, Statement::Verdict(_)));
        if jumped {
            Self::step(flow, entry, frame.chain, RawKind::Rule(frame.rule), mark_before);
        }
        advance(flow);
        true
    }

    pub(super) fn step(
        flow: &mut Flow<'a>,
        entry: Entry,
        chain: u32,
        kind: RawKind,
        mark_before: u32,
    ) {
        // Paths of real packets have some dozens of steps; a hostile loop is cut here.
        if flow.path.len() < 20_000 {
            flow.path.push(RawStep { table: entry.table, chain, kind, mark_before });
        }
    }

    pub(super) fn chain(&self, table: u32, chain: u32) -> Option<&'a Chain> {
        self.firewall.tables.get(table as usize)?.chains.get(chain as usize)
    }

    fn entry(&self, flow: &Flow<'a>) -> Option<Entry> {
        self.firewall
            .stage_entries(self.family, flow.core.stage)
            .get(flow.core.entry as usize)
            .copied()
    }

    fn next_candidate(&self, table: u32, frame: Frame, chain: &Chain, flow: &Flow<'a>) -> usize {
        let from = frame.rule as usize;
        match self
            .firewall
            .indexes
            .get(table as usize)
            .and_then(|list| list.get(frame.chain as usize))
        {
            Some(index) => index
                .next(from, flow.core.destination, flow.core.source)
                .unwrap_or(chain.rules.len()),
            None => from,
        }
    }

    /// Enters a chain; `false` when it is too deep or its beginning is unknown to the point that the
    /// way ended.
    pub(super) fn enter(&mut self, flow: &mut Flow<'a>, entry: Entry, id: u32) -> bool {
        let Some(chain) = self.chain(entry.table, id) else { return false };
        if flow.core.stack.len() >= DEPTH {
            flow.because(Unknown::Budget);
            self.finish(flow, What::Unknown, None);
            return false;
        }
        if chain.cut || (!chain.declared && chain.base.is_none() && chain.rules.is_empty()) {
            let reason = if chain.cut {
                Unknown::HeadLost
            } else {
                Unknown::Chain(chain.name.as_ref().into())
            };
            // What the lost rules do is open: they may end the way, or let it go on here.
            let mut lost = flow.clone();
            lost.because(reason.clone());
            self.finish(&mut lost, What::Unknown, None);
            flow.because(reason);
        }
        flow.core.stack.push(Frame { chain: id, rule: 0, statement: 0 });
        true
    }

    fn end_of_chain(
        &mut self,
        flow: &mut Flow<'a>,
        entry: Entry,
        frame: Frame,
        chain: &'a Chain,
    ) -> bool {
        flow.core.stack.pop();
        if frame.chain == entry.chain && flow.core.stack.is_empty() && chain.base.is_some() {
            return self.policy(flow, entry);
        }
        let mark = flow.core.mark;
        Self::step(flow, entry, frame.chain, RawKind::Return, mark);
        self.back(flow, entry)
    }

    /// Goes on behind the jump, or with the policy where a goto left nothing to go back to.
    pub(super) fn back(&mut self, flow: &mut Flow<'a>, entry: Entry) -> bool {
        if flow.core.stack.is_empty() {
            return self.policy(flow, entry);
        }
        advance(flow);
        true
    }

    pub(super) fn policy(&mut self, flow: &mut Flow<'a>, entry: Entry) -> bool {
        flow.core.stack.clear();
        let base = self.chain(entry.table, entry.chain).and_then(|chain| chain.base);
        let mark = flow.core.mark;
        Self::step(flow, entry, entry.chain, RawKind::Policy, mark);
        match base.and_then(|base| base.policy) {
            Some(Policy::Accept) => {
                self.accepted(flow);
                true
            }
            Some(Policy::Drop) => {
                self.finish(flow, What::Drop, None);
                false
            }
            None => {
                let mut dropped = flow.clone();
                dropped.because(Unknown::Policy);
                self.finish(&mut dropped, What::Drop, None);
                flow.because(Unknown::Policy);
                self.accepted(flow);
                true
            }
        }
    }

    /// Ends the current base chain with accept.
    pub(super) fn accepted(&self, flow: &mut Flow<'a>) {
        if let Some(step) = flow.path.last() {
            let table = self.firewall.tables.get(step.table as usize);
            if table.is_some_and(|table| table.tool == Tool::Nft || &*table.name == "filter") {
                let number = match step.kind {
                    RawKind::Rule(number) | RawKind::Mapped(number, _) => number,
                    RawKind::Policy | RawKind::Return => u32::MAX,
                };
                flow.core.accepted_by = (step.table, step.chain, number);
            }
        }
        flow.core.stack.clear();
        flow.core.entry += 1;
        flow.core.entered = false;
    }

    /// Enters the next base chain of the hook, or leaves the hook; `false` when the way ended.
    fn next_entry(&mut self, flow: &mut Flow<'a>) -> bool {
        let Some(entry) = self.entry(flow) else {
            self.conntrack(flow);
            self.translate_known(flow);
            return self.leave_hook(flow);
        };
        if entry.priority > CONNTRACK {
            self.conntrack(flow);
        }
        let translation = match flow.core.stage {
            Stage::Prerouting | Stage::Output => DESTINATION_NAT,
            _ => SOURCE_NAT,
        };
        if entry.nat || entry.priority > translation {
            self.translate_known(flow);
        }
        if entry.nat && !Self::nat_applies(flow) {
            self.accepted(flow);
            return true;
        }
        flow.core.entered = true;
        let incomplete =
            self.firewall.tables.get(entry.table as usize).is_some_and(|table| table.cut)
                && self
                    .chain(entry.table, entry.chain)
                    .is_some_and(|chain| !chain.cut && !chain.declared);
        if incomplete {
            flow.because(Unknown::HeadLost);
        }
        self.enter(flow, entry, entry.chain)
    }

    fn conntrack(&mut self, flow: &mut Flow<'a>) {
        if flow.core.tracked != Tracked::NotYet
            || !matches!(flow.core.stage, Stage::Prerouting | Stage::Output)
        {
            return;
        }
        flow.core.tracked =
            track(self.packet, &mut flow.memory, flow.core.stage == Stage::Prerouting);
    }

    /// Translates a packet of a connection whose first packet was translated: rules of nat are asked
    /// about first packets alone.
    fn translate_known(&self, flow: &mut Flow<'a>) {
        let Tracked::Connection(connection) = &flow.core.tracked else { return };
        // Between the two, nothing is translated.
        if !connection.existing || connection.no_nat || flow.core.stage == Stage::Forward {
            return;
        }
        let known = |known: &&Known| known.original == connection.original;
        let Some(known) = flow.memory.connections.iter().find(known) else { return };
        let destination = matches!(flow.core.stage, Stage::Prerouting | Stage::Output);
        // Of answers, the other half is turned back.
        let wanted = if destination == connection.reply { status::SNAT } else { status::DNAT };
        if known.status & wanted == 0 {
            return;
        }
        let beyond = if connection.reply { known.original } else { known.reply };
        let ported = has_ports(self.packet.protocol);
        let core = &mut flow.core;
        if destination {
            core.destination = beyond.source;
            if ported {
                core.destination_port = Some(beyond.source_port);
            }
        } else {
            core.source = beyond.destination;
            if ported {
                core.source_port = Some(Ports::one(beyond.destination_port));
            }
        }
    }

    fn nat_applies(flow: &Flow<'a>) -> bool {
        let Tracked::Connection(connection) = &flow.core.tracked else { return false };
        let bound = match flow.core.stage {
            Stage::Prerouting | Stage::Output => flow.core.destination_bound,
            _ => flow.core.source_bound,
        };
        !bound && connection.state == state::NEW && !connection.existing && !connection.no_nat
    }

    /// What happens between two hooks.
    fn leave_hook(&mut self, flow: &mut Flow<'a>) -> bool {
        self.conntrack(flow);
        let core = &mut flow.core;
        core.entry = 0;
        core.entered = false;
        match core.stage {
            Stage::Prerouting => {
                core.destination_bound = true;
                self.route_input(flow)
            }
            Stage::Input => {
                self.confirm(flow);
                self.finish(flow, What::Accept, None);
                false
            }
            Stage::Forward => {
                core.stage = Stage::Postrouting;
                true
            }
            Stage::Output => {
                core.destination_bound = true;
                if !self.route_output(flow, false) {
                    self.outside(flow, None);
                    return false;
                }
                flow.core.stage = Stage::Postrouting;
                true
            }
            Stage::Postrouting => {
                core.source_bound = true;
                let looped = matches!(&core.output, Device::Named(name) if &**name == "lo");
                self.confirm(flow);
                if looped {
                    let core = &mut flow.core;
                    core.looped = true;
                    core.stage = Stage::Prerouting;
                    core.input = Device::Named("lo".into());
                    core.output = Device::None;
                    return true;
                }
                self.finish(flow, What::Accept, None);
                false
            }
        }
    }

    fn confirm(&mut self, flow: &mut Flow<'a>) {
        let core = &mut flow.core;
        let port = |ports: Option<Ports>| ports.map_or(0, |ports| ports.first);
        let reply_to = (
            core.source,
            port(core.source_port),
            core.destination,
            core.destination_port.unwrap_or(0),
        );
        // Where the answers would look like those of a connection that is there already, the kernel takes
        // another source port.
        if has_ports(self.packet.protocol)
            && self.firewall.entries.iter().flatten().flatten().any(|entry| entry.nat)
            && core.tracked.connection().is_some_and(|connection| !connection.existing)
            && flow.memory.answers_clash(self.packet.protocol, reply_to)
        {
            core.source_port = Some(Ports { first: 1, last: u16::MAX });
            core.source_port_random = true;
        }
        let delivered = core.stage == Stage::Input && self.firewall.node.quiet;
        confirm(self.packet, &mut core.tracked, reply_to, &mut flow.memory, delivered);
    }
}

/// Moves the top frame to its next rule.
pub(super) fn advance(flow: &mut Flow<'_>) {
    if let Some(top) = flow.core.stack.last_mut() {
        top.rule += 1;
        top.statement = 0;
    }
}
