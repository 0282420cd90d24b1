//! What effects and verdicts do to the packet.

use std::net::IpAddr;

use super::Entry;
use super::conntrack::Tracked;
use super::engine::{Engine, Next, advance};
use super::flow::{Device, Flow, Frame, Gave, RawKind, Stage};
use super::outcome::What;
use crate::model::{
    ChainId, Effect, Element, Field, Key, MapRef, Mapped, MarkSource, Reject, Statement, Tool,
    Translate, TranslateAddress, TranslatePorts, TtlChange, Unknown, Verdict, status,
};
use crate::packet::{Ports, has_ports};
use crate::parse::address_number;

/// As many addresses of a range as are told apart.
const CHOICES: u128 = 8;

impl<'a> Engine<'a> {
    pub(super) fn act(
        &mut self,
        flow: &mut Flow<'a>,
        entry: Entry,
        frame: Frame,
        statement: &'a Statement,
        mark: u32,
    ) -> Next {
        match statement {
            Statement::Effect(effect) => {
                self.effect(effect, flow);
                Next::Statement
            }
            Statement::Verdict(verdict) => self.verdict(flow, entry, frame, verdict, mark),
            _ => Next::Statement,
        }
    }

    fn effect(&mut self, effect: &Effect, flow: &mut Flow<'a>) {
        match effect {
            Effect::SetMark { connection, source, and, xor } => {
                set_mark(flow, *connection, *source, (*and, *xor));
            }
            Effect::SaveMark { nfmask, ctmask, shift } => {
                let (mark, unknown) = (flow.core.mark, flow.core.mark_unknown);
                if let Some(connection) = flow.core.tracked.connection_mut() {
                    let moved = shifted(mark & nfmask, *shift);
                    connection.mark = (connection.mark & !ctmask) ^ moved;
                    connection.mark_unknown =
                        unknown && *nfmask != 0 || connection.mark_unknown && *ctmask != u32::MAX;
                }
            }
            Effect::RestoreMark { nfmask, ctmask, shift } => {
                if let Some(connection) = flow.core.tracked.connection() {
                    let moved = shifted(connection.mark & ctmask, *shift);
                    let unknown = connection.mark_unknown && *ctmask != 0;
                    flow.core.mark = (flow.core.mark & !nfmask) ^ moved;
                    flow.core.mark_unknown =
                        unknown || flow.core.mark_unknown && *nfmask != u32::MAX;
                }
            }
            Effect::Notrack => {
                if flow.core.tracked == Tracked::NotYet {
                    flow.core.tracked = Tracked::Untracked;
                }
            }
            Effect::Log(prefix) => {
                if flow.logs.len() < 64 {
                    flow.logs.push(prefix.clone());
                }
            }
            Effect::SetTos { value, mask } => flow.core.tos = (flow.core.tos & !mask) ^ value,
            Effect::SetDscp(value) => flow.core.tos = (flow.core.tos & 3) | (value << 2),
            Effect::SetTtl(change) => {
                flow.core.ttl_unknown &= !matches!(change, TtlChange::Set(_));
                flow.core.ttl = match change {
                    TtlChange::Set(value) => *value,
                    TtlChange::Increase(value) => flow.core.ttl.saturating_add(*value),
                    TtlChange::Decrease(value) => flow.core.ttl.saturating_sub(*value),
                };
            }
            Effect::AddToSet { name, directions, remove } => {
                let key = match self.firewall.sets().sets.get(name) {
                    Some(set) => Self::set_key(directions, set, flow),
                    None => None,
                };
                if let Some(key) = key {
                    let (into, out) = if *remove {
                        (&mut flow.memory.removed, &mut flow.memory.added)
                    } else {
                        (&mut flow.memory.added, &mut flow.memory.removed)
                    };
                    into.entry(name.clone()).or_default().insert(key.clone());
                    if let Some(keys) = out.get_mut(name) {
                        keys.remove(&key);
                    }
                }
            }
            Effect::Other(_) => {}
            Effect::Unknown(text) => flow.because(Unknown::NotUnderstood(text.clone())),
        }
    }

    fn verdict(
        &mut self,
        flow: &mut Flow<'a>,
        entry: Entry,
        frame: Frame,
        verdict: &'a Verdict,
        mark: u32,
    ) -> Next {
        let told = RawKind::Rule(frame.rule);
        if !matches!(verdict, Verdict::Map { .. }) {
            Self::step(flow, entry, frame.chain, told, mark);
        }
        match verdict {
            Verdict::Accept => {
                self.accepted(flow);
                Next::Chain
            }
            Verdict::Drop => {
                self.finish(flow, What::Drop, None);
                Next::End
            }
            Verdict::Reject(reject) => self.reject(flow, *reject),
            Verdict::Return => self.go_back(flow, entry),
            Verdict::Continue => Next::Rule,
            Verdict::Jump(id) => self.jump(flow, entry, *id),
            Verdict::Goto(id) => self.goto(flow, entry, *id),
            Verdict::Queue { bypass } => {
                flow.because(Unknown::Queue);
                let mut dropped = flow.clone();
                self.finish(&mut dropped, What::Drop, None);
                if *bypass && self.firewall.node().quiet {
                    advance(flow);
                    return Next::Chain;
                }
                self.accepted(flow);
                Next::Chain
            }
            Verdict::Map { keys, map } => self.map(flow, entry, frame, (keys, map), mark),
            Verdict::Translate(translate) => self.translate(flow, entry, translate),
            Verdict::Netmap { network, .. } => {
                let source = matches!(flow.core.stage, Stage::Postrouting | Stage::Input);
                let bits = if network.addr().is_ipv4() { 32 } else { 128 };
                let host = u32::from(bits - network.prefix_len());
                let keep = if host >= 128 { u128::MAX } else { (1_u128 << host) - 1 };
                let old = if source { flow.core.source } else { flow.core.destination };
                let new = address_number(network.network()) | (old & keep);
                self.bind(flow, source, Some(new), None, false);
                self.accepted(flow);
                Next::Chain
            }
            Verdict::Tproxy => {
                // Without a listening socket TPROXY drops; with one, the packet goes to it.
                if !self.firewall.node().quiet {
                    let mut taken = flow.clone();
                    taken.because(Unknown::Node("sockets"));
                    taken.core.stage = Stage::Input;
                    taken.core.entry = 0;
                    taken.core.stack.clear();
                    self.fork(taken);
                    flow.because(Unknown::Node("sockets"));
                }
                self.finish(flow, What::Drop, None);
                Next::End
            }
            Verdict::Unknown(text) => {
                let reason = Unknown::NotUnderstood(text.clone());
                let mut ended = flow.clone();
                ended.because(reason.clone());
                self.finish(&mut ended, What::Unknown, None);
                flow.because(reason);
                advance(flow);
                Next::Chain
            }
        }
    }

    fn reject(&mut self, flow: &mut Flow<'a>, reject: Reject) -> Next {
        if self.answers(flow, reject) {
            self.finish(flow, What::Reject, Some(reject));
        } else {
            self.finish(flow, What::Drop, None);
        }
        Next::End
    }

    fn go_back(&mut self, flow: &mut Flow<'a>, entry: Entry) -> Next {
        flow.core.stack.pop();
        if self.back(flow, entry) { Next::Chain } else { Next::End }
    }

    fn jump(&mut self, flow: &mut Flow<'a>, entry: Entry, id: ChainId) -> Next {
        if self.enter(flow, entry, id) { Next::Chain } else { Next::End }
    }

    fn goto(&mut self, flow: &mut Flow<'a>, entry: Entry, id: ChainId) -> Next {
        flow.core.stack.pop();
        if self.enter(flow, entry, id) { Next::Chain } else { Next::End }
    }

    /// A verdict map: the rule matches where an element does.
    fn map(
        &mut self,
        flow: &mut Flow<'a>,
        entry: Entry,
        frame: Frame,
        (keys, map): (&'a [Key], &'a MapRef),
        mark: u32,
    ) -> Next {
        let candidates = match map {
            MapRef::Anonymous(elements) => {
                self.mapped(keys, elements.iter().map(|(element, mapped)| (element, mapped)), flow)
            }
            MapRef::Named(name) => {
                if let Some(set) = self.named(entry, name) {
                    self.mapped(
                        keys,
                        set.elements
                            .iter()
                            .filter_map(|(element, mapped)| Some((element, mapped.as_ref()?))),
                        flow,
                    )
                } else {
                    let mut ended = flow.clone();
                    ended.because(Unknown::Set(name.clone()));
                    self.finish(&mut ended, What::Unknown, None);
                    flow.because(Unknown::Set(name.clone()));
                    return Next::Rule;
                }
            }
        };
        let mut branches: Vec<(&Mapped, Option<Unknown>)> = candidates
            .possible
            .iter()
            .map(|(mapped, reason)| (*mapped, Some(reason.clone())))
            .collect();
        let open = !branches.is_empty();
        if let Some(mapped) = candidates.sure {
            branches.push((mapped, None));
        }
        let none = candidates.sure.is_none() && !candidates.exhaustive;
        let original = flow.clone();
        let last = branches.len().saturating_sub(1);
        for (place, (mapped, reason)) in branches.iter().enumerate() {
            let Mapped::Verdict(verdict) = mapped else { continue };
            let mut branch = original.clone();
            if open
                && let Some(reason) =
                    reason.clone().or_else(|| candidates.possible.first().map(|(_, r)| r.clone()))
            {
                branch.because(reason);
            }
            if place == last && !none {
                *flow = branch;
                return self.mapped_verdict(flow, entry, frame, verdict, mark);
            }
            match self.mapped_verdict(&mut branch, entry, frame, verdict, mark) {
                Next::Chain => self.fork(branch),
                Next::Statement | Next::Rule => {
                    advance(&mut branch);
                    self.fork(branch);
                }
                Next::End => {}
            }
        }
        if open {
            flow.because(
                candidates.possible.first().map_or(Unknown::Random, |(_, reason)| reason.clone()),
            );
        }
        Next::Rule
    }

    fn mapped_verdict(
        &mut self,
        flow: &mut Flow<'a>,
        entry: Entry,
        frame: Frame,
        verdict: &Verdict,
        mark: u32,
    ) -> Next {
        let gave = match verdict {
            Verdict::Accept => Some(Gave::Accept),
            Verdict::Drop => Some(Gave::Drop),
            Verdict::Return => Some(Gave::Return),
            Verdict::Jump(id) => Some(Gave::Jump(*id)),
            Verdict::Goto(id) => Some(Gave::Goto(*id)),
            _ => None,
        };
        if let Some(gave) = gave {
            Self::step(flow, entry, frame.chain, RawKind::Mapped(frame.rule, gave), mark);
        }
        match verdict {
            Verdict::Accept => {
                self.accepted(flow);
                Next::Chain
            }
            Verdict::Drop => {
                self.finish(flow, What::Drop, None);
                Next::End
            }
            Verdict::Return => self.go_back(flow, entry),
            Verdict::Jump(id) => self.jump(flow, entry, *id),
            Verdict::Goto(id) => self.goto(flow, entry, *id),
            _ => {
                Self::step(flow, entry, frame.chain, RawKind::Rule(frame.rule), mark);
                Next::Rule
            }
        }
    }

    /// Binds an address translation to the connection and goes on behind the nat tables.
    fn bind(
        &mut self,
        flow: &mut Flow<'a>,
        source: bool,
        address: Option<u128>,
        port: Option<Ports>,
        random: bool,
    ) {
        let core = &mut flow.core;
        let ported = has_ports(self.packet.protocol);
        let changed;
        if source {
            changed = address.is_some_and(|address| address != core.source)
                || ported && port.is_some_and(|port| Some(port) != core.source_port)
                || ported && random;
            core.source = address.unwrap_or(core.source);
            if ported {
                core.source_port = port.or(core.source_port);
                core.source_port_random |= random;
            }
            core.source_bound = true;
        } else {
            changed = address.is_some_and(|address| address != core.destination)
                || ported && port.is_some_and(|port| port.single() != core.destination_port);
            core.destination = address.unwrap_or(core.destination);
            if ported && let Some(port) = port.and_then(Ports::single) {
                core.destination_port = Some(port);
            }
            core.destination_bound = true;
        }
        if changed && let Some(connection) = core.tracked.connection_mut() {
            connection.status |= if source { status::SNAT } else { status::DNAT };
        }
    }

    fn translate(&mut self, flow: &mut Flow<'a>, entry: Entry, translate: &'a Translate) -> Next {
        if !Self::tracks(flow) {
            self.accepted(flow);
            return Next::Chain;
        }
        let mut ports = match &translate.ports {
            TranslatePorts::Keep => None,
            TranslatePorts::Range(first, last) => {
                let range = Ports { first: *first, last: *last };
                // The packet's own port is kept where the range allows it.
                let current = if translate.source {
                    flow.core.source_port
                } else {
                    flow.core.destination_port.map(Ports::one)
                };
                let inside = |ports: &Ports| range.first <= ports.first && ports.last <= range.last;
                Some(current.filter(inside).unwrap_or(range))
            }
            TranslatePorts::Map { keys, map } => {
                match self
                    .map_value(flow, entry, keys, map)
                    .and_then(|element| element.first().and_then(number))
                {
                    Some(port) => u16::try_from(port).ok().map(Ports::one),
                    None => return without(flow),
                }
            }
        };
        let address = match &translate.address {
            TranslateAddress::Keep => None,
            TranslateAddress::Range(first, last) => {
                let (first, last) = (address_number(*first), address_number(*last));
                self.choices(flow, translate.source, (first, last), ports, translate.random);
                Some(first)
            }
            TranslateAddress::Interface => match self.interface_address(flow, translate.source) {
                Some(address) => Some(address_number(address)),
                // REDIRECT drops where the interface has no address of the family.
                None if self.firewall.node().addresses_complete
                    && matches!(flow.core.input, Device::Named(_)) =>
                {
                    let table = self.firewall.tables.get(entry.table as usize);
                    if table.is_some_and(|table| table.tool == Tool::Nft) {
                        // nft's own expression gives the verdict; xtables' target only fails.
                        self.finish(flow, What::Drop, None);
                    } else {
                        self.outside(flow, None);
                    }
                    return Next::End;
                }
                None => {
                    flow.because(Unknown::Node("addresses"));
                    None
                }
            },
            TranslateAddress::Map { keys, map } => match self.map_value(flow, entry, keys, map) {
                Some(element) => {
                    if let Some(port) =
                        element.get(1).and_then(number).and_then(|port| u16::try_from(port).ok())
                    {
                        ports = Some(Ports::one(port));
                    }
                    element.first().and_then(number)
                }
                None => return without(flow),
            },
            TranslateAddress::Unknown(text) => {
                flow.because(Unknown::NotUnderstood(text.clone()));
                None
            }
        };
        let random = translate.random && has_ports(self.packet.protocol);
        self.bind(flow, translate.source, address, ports, random);
        if flow.core.stage == Stage::Output && !translate.source && !self.routable(flow) {
            self.outside(flow, None);
            return Next::End;
        }
        self.accepted(flow);
        Next::Chain
    }

    /// Puts aside the other addresses that the kernel may take of a range.
    fn choices(
        &mut self,
        flow: &mut Flow<'a>,
        source: bool,
        (first, last): (u128, u128),
        ports: Option<Ports>,
        random: bool,
    ) {
        if first == last {
            return;
        }
        flow.because(Unknown::AddressChoice);
        for address in (first + 1..=last).take(usize::try_from(CHOICES).unwrap_or(8)) {
            let mut other = flow.clone();
            self.bind(&mut other, source, Some(address), ports, random);
            self.accepted(&mut other);
            self.fork(other);
        }
    }

    fn interface_address(&self, flow: &Flow<'a>, source: bool) -> Option<IpAddr> {
        let node = self.firewall.node();
        if source {
            let Device::Named(name) = &flow.core.output else { return None };
            return node.masquerade_address(name, self.address(flow.core.destination));
        }
        match (&flow.core.input, flow.core.stage) {
            (_, Stage::Output) => Some(if self.packet.source.is_ipv4() {
                IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)
            } else {
                IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)
            }),
            (Device::Named(name), _) => node.redirect_address(name, self.family),
            _ => None,
        }
    }

    fn map_value(
        &self,
        flow: &mut Flow<'a>,
        entry: Entry,
        keys: &'a [Key],
        map: &'a MapRef,
    ) -> Option<&'a Element> {
        let candidates = match map {
            MapRef::Anonymous(elements) => {
                self.mapped(keys, elements.iter().map(|(element, mapped)| (element, mapped)), flow)
            }
            MapRef::Named(name) => {
                let set = self.named(entry, name)?;
                self.mapped(
                    keys,
                    set.elements
                        .iter()
                        .filter_map(|(element, mapped)| Some((element, mapped.as_ref()?))),
                    flow,
                )
            }
        };
        let mapped = match (candidates.sure, candidates.possible.first()) {
            (Some(mapped), _) => mapped,
            (None, Some((mapped, reason))) => {
                flow.because(reason.clone());
                mapped
            }
            (None, None) => return None,
        };
        match mapped {
            Mapped::Value(element) => Some(element),
            Mapped::Verdict(_) => None,
        }
    }
}

/// The map holds nothing for the packet: the rule did not match after all.
fn without(flow: &mut Flow<'_>) -> Next {
    flow.path.pop();
    Next::Rule
}

fn number(field: &Field) -> Option<u128> {
    match field {
        Field::Range(first, _) => Some(*first),
        _ => None,
    }
}

fn set_mark(flow: &mut Flow<'_>, connection: bool, source: MarkSource, (and, xor): (u32, u32)) {
    let tracked = flow.core.tracked.connection();
    let (value, unknown) = match source {
        MarkSource::Packet => (flow.core.mark, flow.core.mark_unknown),
        MarkSource::Connection => match tracked {
            Some(connection) => (connection.mark, connection.mark_unknown),
            None => return,
        },
        MarkSource::Nothing => (0, false),
        MarkSource::Unknown => {
            flow.because(Unknown::State("mark"));
            (0, true)
        }
    };
    let value = (value & and) ^ xor;
    let unknown = unknown && (and != 0 || source == MarkSource::Unknown);
    if connection {
        if let Some(connection) = flow.core.tracked.connection_mut() {
            (connection.mark, connection.mark_unknown) = (value, unknown);
        }
    } else {
        (flow.core.mark, flow.core.mark_unknown) = (value, unknown);
    }
}

/// A mark's bits moved to the left, or to the right where the number is negative.
fn shifted(mark: u32, by: i8) -> u32 {
    let bits = u32::from(by.unsigned_abs());
    if by < 0 { mark.checked_shr(bits) } else { mark.checked_shl(bits) }.unwrap_or(0)
}
