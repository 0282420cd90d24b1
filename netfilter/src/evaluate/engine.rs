//! Walks hooks, base chains and rules; forks where a match is undecidable.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::conntrack::{Known, Memory, Tracked, confirm, track};
use super::flow::{Core, Device, Flow, Frame, RawKind, RawStep, Stage};
use super::outcome::{
    Decision, Delivered, Outcome, Outcomes, RouteKind, Step, StepKind, Translated, What,
};
use super::{Entry, Firewall};
use crate::model::{Chain, Policy, Reject, Rule, Statement, Tool, Unknown, state, status};
use crate::node::Way;
use crate::packet::{Family, Origin, Packet, Ports, has_ports, protocol};
use crate::parse::{address_number, number_address};

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
        if !connection.existing || connection.no_nat {
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
        let delivered = core.stage == Stage::Input && self.firewall.node.quiet;
        confirm(self.packet, &mut core.tracked, reply_to, &mut flow.memory, delivered);
    }

    pub(super) fn address(&self, number: u128) -> IpAddr {
        number_address(number, self.family)
    }

    /// The routing decision for a packet that came in; `false` when the way ended.
    fn route_input(&mut self, flow: &mut Flow<'a>) -> bool {
        let destination = self.address(flow.core.destination);
        let source = self.address(flow.core.source);
        let node = &self.firewall.node;
        if !flow.core.looped {
            let martian = source.is_multicast()
                || source.is_loopback()
                || destination.is_loopback()
                || (node.is_own(source) && self.family == Family::Ipv4)
                || matches!(source, IpAddr::V4(four) if four.is_broadcast());
            if martian {
                return self.outside(flow, None);
            }
        }
        if destination.is_multicast() {
            // Joined groups are not collected; the all-hosts groups are joined by every interface.
            let joined = match destination {
                IpAddr::V4(four) => four.octets() == [224, 0, 0, 1],
                IpAddr::V6(six) => {
                    matches!(six.segments(), [0xff01 | 0xff02, 0, 0, 0, 0, 0, 0, 1 | 2])
                }
            };
            flow.core.broadcast = true;
            if joined || !node.quiet {
                if !joined {
                    flow.because(Unknown::Node("groups"));
                }
                flow.core.stage = Stage::Input;
                return true;
            }
            return self.outside(flow, None);
        }
        match node.way(destination) {
            Way::Local => {
                flow.core.stage = Stage::Input;
                true
            }
            Way::Broadcast => {
                flow.core.broadcast = true;
                flow.core.stage = Stage::Input;
                true
            }
            Way::Unreachable => {
                self.outside(flow, Some(if self.family == Family::Ipv4 { (3, 0) } else { (1, 0) }))
            }
            Way::Out(name) => self.forward(flow, Device::Named(name)),
            Way::Somewhere if node.addresses_complete => self.forward(flow, Device::Some),
            Way::Somewhere => {
                let mut local = flow.clone();
                local.because(Unknown::Node("addresses"));
                local.core.stage = Stage::Input;
                self.fork(local);
                flow.because(Unknown::Node("addresses"));
                self.forward(flow, Device::Some)
            }
        }
    }

    fn forward(&mut self, flow: &mut Flow<'a>, output: Device) -> bool {
        if flow.core.ttl <= 1 {
            return self
                .outside(flow, Some(if self.family == Family::Ipv4 { (11, 0) } else { (3, 0) }));
        }
        flow.core.ttl -= 1;
        flow.core.output = output;
        flow.core.stage = Stage::Forward;
        true
    }

    /// Routes a packet of the node's own; `false` when it cannot be.
    fn route_output(&mut self, flow: &mut Flow<'a>, first: bool) -> bool {
        let destination = self.address(flow.core.destination);
        let changed = address_number(self.packet.destination) != flow.core.destination;
        if !first && !changed {
            return true;
        }
        flow.core.output = match self.firewall.node.way(destination) {
            Way::Local => Device::Named("lo".into()),
            Way::Out(name) => Device::Named(name),
            _ => Device::Some,
        };
        let lost = self.address(flow.core.source).is_loopback()
            && !matches!(&flow.core.output, Device::Named(name) if &**name == "lo");
        first || !lost
    }

    /// Whether a packet of the node's own can still leave after its destination changed: the kernel
    /// routes it anew, and refuses a loopback source on any other device.
    pub(super) fn routable(&self, flow: &Flow<'a>) -> bool {
        let destination = self.address(flow.core.destination);
        !self.address(flow.core.source).is_loopback()
            || self.firewall.node.way(destination) == Way::Local
    }

    /// Ends the way where no rule is to blame.
    pub(super) fn outside(&mut self, flow: &mut Flow<'a>, told: Option<(u8, u8)>) -> bool {
        self.finish(flow, if told.is_some() { What::Reject } else { What::Drop }, None);
        if let Some(last) = self.outcomes.last_mut() {
            last.outside = told;
            last.decided_outside = true;
            last.decision = None;
        }
        false
    }

    /// Whether the kernel answers this packet when a rule rejects it.
    pub(super) fn answers(&self, flow: &Flow<'a>, reject: Reject) -> bool {
        let packet = self.packet;
        let link_broadcast =
            packet.destination_mac.is_some_and(|mac| mac.first().is_some_and(|byte| byte & 1 == 1));
        let group = flow.core.broadcast || self.address(flow.core.destination).is_multicast();
        let errors = match packet.protocol {
            protocol::ICMP => {
                matches!(packet.icmp_type, 3 | 4 | 5 | 11 | 12) || packet.icmp_type > 18
            }
            protocol::ICMPV6 => packet.icmp_type < 128,
            _ => false,
        };
        let checked = has_ports(packet.protocol) && packet.bad_checksum;
        match reject {
            Reject::TcpReset => {
                packet.protocol == protocol::TCP
                    && packet.flags & crate::packet::flag::RST == 0
                    && !checked
                    && !group
            }
            _ => !checked && !group && !errors && !link_broadcast,
        }
    }

    /// Writes an outcome down.
    pub(super) fn finish(&mut self, flow: &mut Flow<'a>, what: What, reject: Option<Reject>) {
        let core = &flow.core;
        if self.memory_after.is_none() {
            self.memory_after = Some(flow.memory.clone());
        }
        if self.outcomes.len() >= self.firewall.budget.outcomes {
            self.exhausted = true;
            return;
        }
        let accepted = what == What::Accept;
        let port = |ports: Option<Ports>, random| (ports, random);
        let (source_port, random_port) = port(core.source_port, core.source_port_random);
        let destination = (accepted
            && (core.destination != address_number(self.packet.destination)
                || core.destination_port != self.packet.destination_port))
            .then(|| Translated {
                address: self.address(core.destination),
                port: core.destination_port.map(Ports::one),
                random_port: false,
            });
        let source = (accepted
            && (core.source != address_number(self.packet.source)
                || source_port != self.packet.source_port
                || random_port))
            .then(|| Translated {
                address: self.address(core.source),
                port: source_port,
                random_port,
            });
        let device = |device: &Device| match device {
            Device::Named(name) => Some(Arc::clone(name)),
            _ => None,
        };
        let delivered = accepted.then(|| match core.stage {
            Stage::Input => Delivered::Local(device(&core.input)),
            _ => Delivered::Wire(device(&core.output)),
        });
        let route = match (core.own, core.stage) {
            (true, _) => RouteKind::Output,
            (_, Stage::Input) => RouteKind::Input,
            (_, Stage::Prerouting | Stage::Output) => RouteKind::PreroutingOnly,
            (_, Stage::Forward | Stage::Postrouting) => RouteKind::Forward,
        };
        let path: Vec<Step> = flow.path.iter().filter_map(|step| self.tell(*step)).collect();
        let decision = Self::decision(&path, what);
        let state = (core.tracked != Tracked::NotYet).then(|| core.tracked.state());
        let outcome = Outcome {
            what,
            reject,
            family: self.family,
            destination,
            source,
            delivered,
            route,
            state,
            mark: core.mark,
            tos: core.tos,
            ttl: core.ttl,
            path,
            decision,
            logs: flow.logs.clone(),
            reasons: flow.reasons.clone(),
            outside: None,
            decided_outside: false,
        };
        let chance = flow.reasons == [Unknown::Random];
        let known = self
            .outcomes
            .iter()
            .any(|other| same(other, &outcome) && (!chance || other.path == outcome.path));
        if !known {
            self.outcomes.push(outcome);
        }
    }

    fn decision(path: &[Step], what: What) -> Option<Decision> {
        let of = |place: usize| path.get(place).map(|step| Decision { step: step.clone(), place });
        match what {
            What::Drop | What::Reject => path.len().checked_sub(1).and_then(of),
            What::Unknown => None,
            What::Accept => {
                let accepts = |step: &Step| match &step.kind {
                    StepKind::Rule { target, .. } => target.as_deref().is_some_and(|target| {
                        matches!(target, "accept" | "masquerade" | "snat" | "dnat" | "redirect")
                    }),
                    StepKind::Policy(policy) => *policy == Some(Policy::Accept),
                    StepKind::Return => false,
                };
                let iptables = path.iter().rposition(|step| {
                    step.tool == Tool::Iptables && &*step.table == "filter" && ends(step)
                });
                iptables
                    .or_else(|| {
                        path.iter().rposition(|step| step.tool == Tool::Nft && accepts(step))
                    })
                    .and_then(of)
            }
        }
    }

    fn tell(&self, step: RawStep) -> Option<Step> {
        let table = self.firewall.tables.get(step.table as usize)?;
        let chain = table.chains.get(step.chain as usize)?;
        let (at, counters, kind) = match step.kind {
            RawKind::Rule(number) | RawKind::Mapped(number, _) => {
                let rule = chain.rules.get(number as usize)?;
                let mut target = rule.target.clone();
                if let RawKind::Mapped(_, gave) = step.kind {
                    let name = |id: u32| {
                        table.chains.get(id as usize).map_or("", |chain| &*chain.name).to_owned()
                    };
                    target = Some(match gave {
                        super::flow::Gave::Accept => "accept".into(),
                        super::flow::Gave::Drop => "drop".into(),
                        super::flow::Gave::Return => "return".into(),
                        super::flow::Gave::Jump(id) => format!("jump {}", name(id)).into(),
                        super::flow::Gave::Goto(id) => format!("goto {}", name(id)).into(),
                    });
                }
                let kind = StepKind::Rule {
                    number: number + 1,
                    target,
                    goto: rule.goto,
                    handle: rule.handle,
                    comment: rule.comment.clone(),
                };
                (rule.at, rule.counters, kind)
            }
            RawKind::Policy => (
                chain.at,
                chain.counters,
                StepKind::Policy(chain.base.and_then(|base| base.policy)),
            ),
            RawKind::Return => (chain.at, None, StepKind::Return),
        };
        Some(Step {
            tool: table.tool,
            family: table.family,
            table: Arc::clone(&table.name),
            chain: Arc::clone(&chain.name),
            kind,
            at,
            counters,
            mark_before: step.mark_before,
        })
    }
}

/// Whether a step ends its base chain with accept.
fn ends(step: &Step) -> bool {
    match &step.kind {
        StepKind::Rule { target, .. } => target.as_deref() == Some("ACCEPT"),
        StepKind::Policy(_) => true,
        StepKind::Return => false,
    }
}

/// Outcomes that no reader could tell apart, but for the way there.
fn same(one: &Outcome, other: &Outcome) -> bool {
    one.what == other.what
        && one.reject == other.reject
        && one.destination == other.destination
        && one.source == other.source
        && one.delivered == other.delivered
        && one.mark == other.mark
        && one.state == other.state
        && one.route == other.route
        && (one.ttl, one.tos) == (other.ttl, other.tos)
        && one.decision.as_ref().map(|decision| &decision.step)
            == other.decision.as_ref().map(|decision| &decision.step)
}

/// Moves the top frame to its next rule.
pub(super) fn advance(flow: &mut Flow<'_>) {
    if let Some(top) = flow.core.stack.last_mut() {
        top.rule += 1;
        top.statement = 0;
    }
}
