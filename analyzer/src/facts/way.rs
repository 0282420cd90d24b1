//! The way of a connection through the cluster: from whom to whom, past which packet filters, network
//! security groups and routes, and which line decides at each of them.
//!
//! Nothing collected is no answer: a filter that nobody dumped makes the way *unknown*, and says so.

mod hop;
mod machine;
mod pairs;
mod party;
mod reasons;
mod traveller;
mod walk;

use konspect_bundle::{Span, Words};
use konspect_netfilter::change::Change;

pub use self::pairs::{Cell, Pairs, all_pairs};
pub use self::party::{Ends, Kind, Party, Unresolved, ends};
pub use self::walk::{MOST_WAYS, ways};

/// One way of the connection, hop by hop; a service has one for each of its endpoints.
#[derive(Clone, Debug)]
pub struct Way {
    pub from: Party,
    pub to: Party,
    pub hops: Vec<Hop>,
}

/// One filter on the way.
#[derive(Clone, Debug)]
pub struct Hop {
    pub place: Place,
    /// The answers' way back.
    pub reply: bool,
    /// `TCP 10.224.0.7 → 10.224.0.4:10250`, as it arrives here.
    pub packet: String,
    pub verdict: Verdict,
    pub deciding: Option<Deciding>,
    /// What it is rewritten to here: `10.244.1.5:8443`, or the new source.
    pub to: Option<String>,
    pub from: Option<String>,
    /// Why the verdict is unknown, and what nobody collected.
    pub because: Vec<Words>,
    /// What would let it through, tried before.
    pub changes: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The packet filters of a node, and the hook it ends in: `input`, `forward`, `output`, `prerouting`.
    Node { name: String, hook: &'static str },
    /// A network security group: its name, and whether it guards the subnet or the interface.
    Group { name: String, subnet: bool, inbound: bool },
    /// The route tables of a node's subnet.
    Routes,
    /// Who translates a service's address where no dump shows rules for it.
    Service { name: String },
    /// The API server's authorised address ranges.
    Ranges,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Accept,
    Unknown,
    Reject,
    Drop,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Unknown => "unknown",
            Self::Reject => "reject",
            Self::Drop => "drop",
        }
    }
}

/// The rule, policy or route that decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Deciding {
    /// `filter INPUT 3`, `filter INPUT policy`, `deny-kubelet 200`.
    pub place: String,
    pub at: Span,
    /// The jumps that lead there, from the base chain on.
    pub jumps: Vec<(String, Span)>,
    /// Packets that it counted, where the dump counts.
    pub packets: Option<u64>,
    /// `ufw status numbered`'s number.
    pub ufw: Option<u32>,
    /// Who put it there, as a word: `kube-proxy`, `calico`; empty for nobody in particular.
    pub owner: &'static str,
    /// What it means where a cluster has it by design.
    pub meaning: Option<Words>,
}

impl Way {
    /// The first refusal decides; else what nobody saw; else it passes.
    pub fn verdict(&self) -> Verdict {
        let stops = |hop: &&Hop| matches!(hop.verdict, Verdict::Drop | Verdict::Reject);
        if let Some(hop) = self.hops.iter().find(stops) {
            return hop.verdict;
        }
        self.hops.iter().map(|hop| hop.verdict).max().unwrap_or(Verdict::Unknown)
    }

    /// The hop that stops it.
    pub fn stopped_at(&self) -> Option<&Hop> {
        self.hops.iter().find(|hop| matches!(hop.verdict, Verdict::Drop | Verdict::Reject))
    }
}
