//! What follows from what in one bundle: the map's edges that scope, time and the fleet allow.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::graph::{Strength, edge};
use crate::facts::Facts;
use crate::finding::{Family, Finding, Part, Scope};
use crate::model::kube::Node;

/// Slack for clocks and detection delays between cause and effect, in seconds.
const SLACK_SECONDS: i64 = 60;
/// Fewer nodes are no fleet: one of three says nothing of the others.
const FLEET: usize = 3;

/// `from` explains `effect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    pub(super) effect: usize,
    pub(super) from: usize,
    pub(super) strength: Strength,
}

/// What is known of clocks and of nodes that changed together.
pub(super) struct Judge {
    slack: i64,
    /// Nodes that are not ready, when they are nearly all and went at once.
    together: Option<BTreeSet<String>>,
    /// The only node of several that is not ready.
    alone: Option<String>,
}

impl Judge {
    pub(super) fn new(facts: &Facts) -> Self {
        // What a corrected clock may still be wrong by comes on top.
        let error = facts.skews.iter().map(|skew| skew.error).max().unwrap_or(0);
        let mut judge = Self { slack: SLACK_SECONDS + error, together: None, alone: None };
        let Some(nodes) = facts.nodes.ok() else { return judge };
        let known = nodes.iter().filter(|node| node.ready().is_some()).count();
        let lost: Vec<&Node> = nodes.not_ready().collect();
        let names = || lost.iter().map(|node| node.meta.name.to_string());
        if lost.len() >= FLEET && lost.len() * 5 >= known * 4 && at_once(&lost, facts, judge.slack)
        {
            judge.together = Some(names().collect());
        }
        if lost.len() == 1 && known > FLEET {
            judge.alone = names().next();
        }
        judge
    }

    pub(super) fn slack_seconds(&self) -> i64 {
        self.slack
    }

    /// All direct explanations that edge, scope and time allow; circles are broken by time, then strength.
    pub(super) fn links(&self, findings: &[Finding]) -> Vec<Link> {
        let mut links = Vec::new();
        for (from, cause) in findings.iter().enumerate() {
            for (effect, symptom) in findings.iter().enumerate() {
                if from == effect {
                    continue;
                }
                let Some(strength) = self.explains(cause, symptom) else { continue };
                if let Some(back) = self.explains(symptom, cause)
                    && !self.wins(cause, strength, symptom, back)
                {
                    continue;
                }
                links.push(Link { effect, from, strength });
            }
        }
        links
    }

    fn explains(&self, cause: &Finding, effect: &Finding) -> Option<Strength> {
        let edge = edge(cause.meta, effect.meta)?;
        let late = match (cause.onset, effect.onset) {
            (Some(cause), Some(effect)) => cause.duration_since(effect).as_secs() > self.slack,
            _ => false,
        };
        let over = match (cause.last_seen, effect.onset) {
            (Some(cause), Some(effect)) => {
                effect.duration_since(cause).as_secs() > edge.tail_seconds
            }
            _ => false,
        };
        (!late
            && !over
            && !effect.self_caused
            && overlap(&cause.scope, &effect.scope, edge.same_place)
            && self.fits_the_fleet(cause, effect, edge.same_place))
        .then_some(edge.strength)
    }

    /// Nearly all nodes at once have a shared cause, not one node's own; a single node has a cause of its own, not
    /// one that would have taken all.
    fn fits_the_fleet(&self, cause: &Finding, effect: &Finding, same_place: bool) -> bool {
        if effect.meta.slug != "node-not-ready" {
            return true;
        }
        if let (Some(lost), Scope::Nodes(touched), true) =
            (&self.together, &cause.scope, same_place)
        {
            return touched.intersection(lost).count() * 5 >= lost.len() * 4;
        }
        let takes_all = matches!(cause.meta.family, Family::ApiServer | Family::Etcd)
            || cause.meta.slug == "authorized-ip-range-missing-egress";
        let alone = match (&self.alone, &effect.scope) {
            (Some(name), Scope::Nodes(nodes)) => nodes.contains(name),
            _ => false,
        };
        !(alone && takes_all && cause.scope == Scope::Cluster)
    }

    /// Of two findings that could explain each other the earlier is the cause; of simultaneous ones the
    /// stronger edge; then the one that can only be a cause.
    fn wins(&self, a: &Finding, forward: Strength, b: &Finding, back: Strength) -> bool {
        let time = match (a.onset, b.onset) {
            (Some(a), Some(b)) => b.duration_since(a).as_secs(),
            _ => 0,
        };
        let rank = |finding: &Finding| match finding.meta.part {
            Part::Cause => 2,
            Part::CauseOrSymptom => 1,
            _ => 0,
        };
        if time.abs() > self.slack {
            return time > 0;
        }
        (forward, rank(a), std::cmp::Reverse(a.meta.code))
            > (back, rank(b), std::cmp::Reverse(b.meta.code))
    }
}

/// True when the nodes' changes, or else the last renewals of their leases, lie within the slack of each other.
fn at_once(lost: &[&Node], facts: &Facts, slack: i64) -> bool {
    let changes =
        lost.iter().filter_map(|node| node.condition("Ready")?.transition.get()).collect();
    let names: BTreeSet<&str> = lost.iter().map(|node| node.meta.name.as_str()).collect();
    let renewals = facts
        .leases
        .ok()
        .into_iter()
        .flat_map(|leases| leases.iter())
        .filter(|lease| names.contains(lease.meta.name.as_str()))
        .filter_map(|lease| lease.renewed)
        .collect();
    let close = |mut times: Vec<Timestamp>| {
        times.sort();
        // Four fifths of all within the slack.
        let wanted = lost.len() * 4 / 5;
        wanted > 0
            && times.windows(wanted).any(|part| match part {
                [first, .., last] => last.duration_since(*first).as_secs() <= slack,
                _ => false,
            })
    };
    close(changes) || close(renewals)
}

/// True when a fault of one scope can touch the other.
pub fn overlap(cause: &Scope, effect: &Scope, same_place: bool) -> bool {
    match (cause, effect) {
        (Scope::Nodes(a), Scope::Nodes(b)) => {
            // A node's own fault explains what befell that node, not a fleet.
            let shared = a.intersection(b).count();
            shared > 0 && (!same_place || shared * 2 >= b.len())
        }
        (Scope::Nodes(_), _) => !same_place || !matches!(effect, Scope::Client(_)),
        (Scope::Namespace(a), Scope::Namespace(b)) => a == b,
        (Scope::Namespace(a), Scope::Object { namespace, .. })
        | (Scope::Object { namespace, .. }, Scope::Namespace(a)) => a == namespace,
        (Scope::Object { namespace: a, name: b }, Scope::Object { namespace: c, name: d }) => {
            a == c && (b == d || !same_place)
        }
        (Scope::Client(a), Scope::Client(b)) => a == b,
        _ => true,
    }
}
