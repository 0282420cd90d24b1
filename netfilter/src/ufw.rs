//! UFW as `ufw status` tells it: rules in its own order, and what they do to a packet.
//!
//! What UFW's own chains do before its rules (loopback, established connections, pings) is built in;
//! what other tools' chains do before UFW's is not known here, that takes an iptables dump.

use std::net::IpAddr;

use ipnet::IpNet;
use konspect_bundle::Span;

use crate::evaluate::What;
use crate::model::Unknown;
use crate::packet::{Family, Origin, Packet, protocol};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Allow,
    Deny,
    Reject,
    Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    In,
    Out,
    Forward,
}

/// What `ufw status` says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ufw {
    /// Absent where the language is not known.
    pub active: Option<bool>,
    pub status_at: Option<Span>,
    pub defaults: Option<Defaults>,
    pub rules: Vec<UfwRule>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Defaults {
    pub incoming: Option<Action>,
    pub outgoing: Option<Action>,
    /// Absent for "disabled", which says nothing about the chain's policy.
    pub routed: Option<Action>,
    pub at: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct UfwRule {
    /// `ufw status numbered`'s own number.
    pub number: Option<u32>,
    pub to: End,
    pub from: End,
    pub action: Action,
    pub way: Way,
    pub six: bool,
    pub comment: Option<Box<str>>,
    pub at: Span,
}

/// One side of a rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct End {
    /// Absent for anywhere.
    pub address: Option<IpNet>,
    /// Absent for any port.
    pub ports: Option<Vec<(u16, u16)>>,
    pub protocol: Option<u8>,
    pub interface: Option<Box<str>>,
    /// An application profile whose ports the status does not say.
    pub application: Option<Box<str>>,
}

/// What UFW does to a packet.
#[derive(Clone, Debug, PartialEq)]
pub struct UfwVerdict {
    pub what: What,
    /// Index into [`Ufw::rules`].
    pub rule: Option<usize>,
    /// The default decided.
    pub default: bool,
    pub reasons: Vec<Unknown>,
}

impl Ufw {
    /// What UFW does to the first packet of a flow; `forwarded` if it is not for the node itself.
    pub fn verdict(&self, packet: &Packet, forwarded: bool) -> UfwVerdict {
        let certain = |what| UfwVerdict { what, rule: None, default: false, reasons: Vec::new() };
        match self.active {
            Some(true) => {}
            Some(false) => return certain(What::Accept),
            None => {
                let reasons = vec![Unknown::NotUnderstood("ufw status".into())];
                return UfwVerdict { what: What::Unknown, rule: None, default: false, reasons };
            }
        }
        let way = match (&packet.origin, forwarded) {
            (_, true) => Way::Forward,
            (Origin::Node, false) => Way::Out,
            _ => Way::In,
        };
        if matches!(&packet.origin, Origin::Interface(name) if name == "lo") {
            return certain(What::Accept);
        }
        let echo = match packet.protocol {
            protocol::ICMP => matches!(packet.icmp_type, 3 | 8 | 11 | 12),
            protocol::ICMPV6 => true,
            _ => false,
        };
        if echo && way != Way::Out {
            return certain(What::Accept);
        }
        let mut reasons = Vec::new();
        let mut earlier: Option<(usize, What)> = None;
        for (place, rule) in self.rules.iter().enumerate() {
            if rule.way != way || rule.six != (packet.family() == Family::Ipv6) {
                continue;
            }
            let what = match rule.action {
                Action::Allow => What::Accept,
                Action::Limit => {
                    reasons.push(Unknown::State("limit"));
                    What::Accept
                }
                Action::Deny => What::Drop,
                Action::Reject => What::Reject,
            };
            match rule.holds(packet) {
                Some(false) => {}
                Some(true) => {
                    let sure = earlier.is_none_or(|(_, other)| other == what);
                    let what = if sure { what } else { What::Unknown };
                    return UfwVerdict { what, rule: Some(place), default: false, reasons };
                }
                None => {
                    let text = rule.to.application.clone().unwrap_or_else(|| "ufw rule".into());
                    reasons.push(Unknown::Name(text));
                    earlier = earlier.or(Some((place, what)));
                }
            }
        }
        let default = self.defaults.and_then(|defaults| match way {
            Way::In => defaults.incoming,
            Way::Out => defaults.outgoing,
            Way::Forward => defaults.routed,
        });
        let what = match default {
            Some(Action::Allow | Action::Limit) => What::Accept,
            Some(Action::Deny) => What::Drop,
            Some(Action::Reject) => What::Reject,
            None => {
                reasons.push(Unknown::Policy);
                What::Unknown
            }
        };
        let what =
            if earlier.is_none_or(|(_, other)| other == what) { what } else { What::Unknown };
        UfwVerdict { what, rule: None, default: true, reasons }
    }
}

impl UfwRule {
    /// Whether the rule is about this packet; absent where an application's ports are not known.
    pub fn holds(&self, packet: &Packet) -> Option<bool> {
        let source = packet.source_port.and_then(crate::packet::Ports::single);
        let to = self.to.holds(packet.destination, packet.destination_port, packet.protocol);
        let from = self.from.holds(packet.source, source, packet.protocol);
        let device = match (self.way, &packet.origin) {
            (Way::In, Origin::Interface(name)) => {
                Some(self.to.interface.as_deref().is_none_or(|wanted| wanted == name))
            }
            (Way::In, Origin::SomeInterface) if self.to.interface.is_some() => None,
            (Way::Out, _) if self.to.interface.is_some() || self.from.interface.is_some() => None,
            (Way::Forward, _) if self.to.interface.is_some() || self.from.interface.is_some() => {
                None
            }
            _ => Some(true),
        };
        match [to, from, device] {
            all if all.contains(&Some(false)) => Some(false),
            all if all.contains(&None) => None,
            _ => Some(true),
        }
    }
}

impl End {
    fn holds(&self, address: IpAddr, port: Option<u16>, protocol: u8) -> Option<bool> {
        if self.address.is_some_and(|network| !network.contains(&address)) {
            return Some(false);
        }
        if self.protocol.is_some_and(|wanted| wanted != protocol) {
            return Some(false);
        }
        if self.application.is_some() && self.ports.is_none() {
            return None;
        }
        match (&self.ports, port) {
            (None, _) => Some(true),
            (Some(_), None) if !crate::packet::has_ports(protocol) => Some(false),
            (Some(_), None) => None,
            (Some(ranges), Some(port)) => {
                Some(ranges.iter().any(|(first, last)| (*first..=*last).contains(&port)))
            }
        }
    }
}
