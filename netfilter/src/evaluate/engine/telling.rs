//! Writes an outcome down: what became of the packet, and which step decided it.

use std::sync::Arc;

use super::Engine;
use crate::evaluate::conntrack::Tracked;
use crate::evaluate::flow::{Device, Flow, Gave, RawKind, RawStep, Stage};
use crate::evaluate::outcome::{
    Decision, Delivered, Outcome, RouteKind, Step, StepKind, Translated, What,
};
use crate::model::{Policy, Reject, Tool, Unknown};
use crate::packet::{Ports, has_ports, protocol};
use crate::parse::address_number;

impl<'a> Engine<'a> {
    /// Whether the kernel answers this packet when a rule rejects it.
    pub(in crate::evaluate) fn answers(&self, flow: &Flow<'a>, reject: Reject) -> bool {
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
    pub(in crate::evaluate) fn finish(
        &mut self,
        flow: &mut Flow<'a>,
        what: What,
        reject: Option<Reject>,
    ) {
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
                        Gave::Accept => "accept".into(),
                        Gave::Drop => "drop".into(),
                        Gave::Return => "return".into(),
                        Gave::Jump(id) => format!("jump {}", name(id)).into(),
                        Gave::Goto(id) => format!("goto {}", name(id)).into(),
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
