//! The routing decision, and what no rule is to blame for.

use std::net::IpAddr;

use super::Engine;
use crate::evaluate::flow::{Device, Flow, Stage};
use crate::evaluate::outcome::What;
use crate::model::Unknown;
use crate::node::Way;
use crate::packet::Family;
use crate::parse::{address_number, number_address};

impl<'a> Engine<'a> {
    pub(in crate::evaluate) fn address(&self, number: u128) -> IpAddr {
        number_address(number, self.family)
    }

    /// The routing decision for a packet that came in; `false` when the way ended.
    pub(super) fn route_input(&mut self, flow: &mut Flow<'a>) -> bool {
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
    pub(super) fn route_output(&mut self, flow: &mut Flow<'a>, first: bool) -> bool {
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
    pub(in crate::evaluate) fn routable(&self, flow: &Flow<'a>) -> bool {
        let destination = self.address(flow.core.destination);
        !self.address(flow.core.source).is_loopback()
            || self.firewall.node.way(destination) == Way::Local
    }

    /// Ends the way where no rule is to blame.
    pub(in crate::evaluate) fn outside(
        &mut self,
        flow: &mut Flow<'a>,
        told: Option<(u8, u8)>,
    ) -> bool {
        self.finish(flow, if told.is_some() { What::Reject } else { What::Drop }, None);
        if let Some(last) = self.outcomes.last_mut() {
            last.outside = told;
            last.decided_outside = true;
            last.decision = None;
        }
        false
    }
}
