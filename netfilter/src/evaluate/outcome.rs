//! What may become of a packet, and why.

use std::net::IpAddr;
use std::sync::Arc;

use konspect_bundle::Span;

use crate::model::{Counters, Policy, Reject, TableFamily, Tool, Unknown};
use crate::packet::{Family, Ports};

/// The end of the packet's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    Accept,
    /// Dropped without a word.
    Drop,
    /// Dropped, and the sender is told.
    Reject,
    /// Not decidable; the reasons say why.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteKind {
    Input,
    Forward,
    Output,
    PreroutingOnly,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    Local(Option<Arc<str>>),
    Wire(Option<Arc<str>>),
}

/// An address after translation, with its port if the protocol has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translated {
    pub address: IpAddr,
    pub port: Option<Ports>,
    /// The kernel chooses the port by chance.
    pub random_port: bool,
}

/// One rule, policy or return on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub tool: Tool,
    pub family: TableFamily,
    pub table: Arc<str>,
    pub chain: Arc<str>,
    pub kind: StepKind,
    /// Where the rule, or the chain for a policy, stands.
    pub at: Span,
    pub counters: Option<Counters>,
    pub mark_before: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    Rule {
        /// Counted from 1, as `--line-numbers` does.
        number: u32,
        target: Option<Arc<str>>,
        goto: bool,
        handle: Option<u64>,
        comment: Option<Box<str>>,
    },
    Policy(Option<Policy>),
    Return,
}

/// The step that decided, with the number of it in the path.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub step: Step,
    pub place: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub what: What,
    /// The answer that the sender gets, for [`What::Reject`].
    pub reject: Option<Reject>,
    pub family: Family,
    pub destination: Option<Translated>,
    pub source: Option<Translated>,
    pub delivered: Option<Delivered>,
    pub route: RouteKind,
    /// The connection's state, one of [`crate::model::state`].
    pub state: Option<u32>,
    pub mark: u32,
    pub tos: u8,
    pub ttl: u8,
    pub path: Vec<Step>,
    /// Absent where routing, the TTL or conntrack decided rather than a rule.
    pub decision: Option<Decision>,
    pub logs: Vec<Box<str>>,
    /// Why this outcome is one of several; empty for a certain one.
    pub reasons: Vec<Unknown>,
    /// A refusal by routing: the ICMP type and code that tell, if any.
    pub outside: Option<(u8, u8)>,
    pub decided_outside: bool,
}

impl Outcome {
    /// iptables' word for the answer.
    pub fn reject_word(&self) -> Option<String> {
        if let Some((number, code)) = self.outside {
            let prefix = if self.family == Family::Ipv4 { "icmp" } else { "icmp6" };
            return Some(format!("{prefix}-{number}-{code}"));
        }
        self.reject.map(|reject| reject_word(reject, self.family).to_owned())
    }
}

/// iptables' word for an answer.
pub(super) fn reject_word(reject: Reject, family: Family) -> &'static str {
    match (reject, family) {
        (Reject::TcpReset, _) => "tcp-reset",
        (Reject::Default, Family::Ipv4) => "icmp-port-unreachable",
        (Reject::Default, Family::Ipv6) => "icmp6-port-unreachable",
        (Reject::Icmpx(code), Family::Ipv4) => four(match code {
            0 => 0,
            2 => 1,
            3 => 13,
            _ => 3,
        }),
        (Reject::Icmpx(code), Family::Ipv6) => six(match code {
            0 => 0,
            2 => 3,
            3 => 1,
            _ => 4,
        }),
        (Reject::Icmp(code), _) => four(code),
        (Reject::Icmp6(code), _) => six(code),
        (Reject::Unknown, _) => "unknown",
    }
}

fn four(code: u8) -> &'static str {
    match code {
        0 => "icmp-net-unreachable",
        1 => "icmp-host-unreachable",
        2 => "icmp-proto-unreachable",
        3 => "icmp-port-unreachable",
        9 => "icmp-net-prohibited",
        10 => "icmp-host-prohibited",
        13 => "icmp-admin-prohibited",
        _ => "icmp-other",
    }
}

fn six(code: u8) -> &'static str {
    match code {
        0 => "icmp6-no-route",
        1 => "icmp6-adm-prohibited",
        3 => "icmp6-addr-unreachable",
        4 => "icmp6-port-unreachable",
        5 => "icmp6-policy-fail",
        6 => "icmp6-reject-route",
        _ => "icmp6-other",
    }
}

/// All that may become of a packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcomes {
    pub outcomes: Vec<Outcome>,
}

impl Outcomes {
    /// The one end that all ways have, whatever could not be decided.
    pub fn what(&self) -> What {
        let mut ends = self.outcomes.iter().map(|outcome| outcome.what);
        let Some(first) = ends.next() else { return What::Unknown };
        if ends.all(|end| end == first) { first } else { What::Unknown }
    }

    /// Whether there is just one way.
    pub fn certain(&self) -> Option<&Outcome> {
        match self.outcomes.as_slice() {
            [one] if one.what != What::Unknown => Some(one),
            _ => None,
        }
    }

    pub fn may(&self, what: What) -> bool {
        self.outcomes.iter().any(|outcome| outcome.what == what)
    }
}
