//! What a filter said, as a hop of the way.

use konspect_bundle::{Words, words};
use konspect_netfilter::answer::Answer;
use konspect_netfilter::evaluate::{RouteKind, StepKind, What};

use super::reasons;
use super::traveller::Traveller;
use super::{Deciding, Hop, Place, Verdict};

/// A hop of which the bundle does not tell what it does with the packet.
pub(super) fn unseen(place: Place, traveller: &Traveller, because: Words) -> Hop {
    Hop {
        place,
        reply: false,
        packet: traveller.text(),
        verdict: Verdict::Unknown,
        deciding: None,
        to: None,
        from: None,
        because: vec![because],
        changes: Vec::new(),
    }
}

/// What a node's filters said, as a hop.
pub(super) fn hop(node: &str, traveller: &Traveller, answer: &Answer, reply: bool) -> Hop {
    let route = answer.outcomes.outcomes.first().map(|outcome| outcome.route);
    let hook = match route {
        Some(RouteKind::Input) => "input",
        Some(RouteKind::Forward) => "forward",
        Some(RouteKind::Output) => "output",
        Some(RouteKind::PreroutingOnly) => "prerouting",
        None => "",
    };
    let verdict = match answer.what {
        What::Accept => Verdict::Accept,
        What::Drop => Verdict::Drop,
        What::Reject => Verdict::Reject,
        What::Unknown => Verdict::Unknown,
    };
    let mut because: Vec<Words> = Vec::new();
    if verdict == Verdict::Unknown {
        because.extend(answer.reasons.iter().map(reasons::reason));
        if !answer.asked {
            because.push(words!("way-no-filter", node = node));
        }
    }
    let mut whole = true;
    if verdict == Verdict::Accept && answer.more_elsewhere {
        because.push(words!("way-more-elsewhere", node = node));
        whole = false;
    }
    if verdict == Verdict::Accept && !answer.unseen.is_empty() {
        because.push(words!("way-unseen-tables", tables = answer.unseen.join(", ")));
    }
    Hop {
        place: Place::Node { name: node.to_owned(), hook },
        reply,
        packet: traveller.text(),
        verdict: if whole { verdict } else { Verdict::Unknown },
        deciding: answer.deciding.as_ref().map(|deciding| {
            let step = &deciding.step;
            let place = match &step.kind {
                StepKind::Rule { number, .. } => format!("{} {} {number}", step.table, step.chain),
                StepKind::Policy(_) | StepKind::Return => {
                    format!("{} {} policy", step.table, step.chain)
                }
            };
            let jumps = deciding.chain_path.iter().rev().skip(1).rev();
            Deciding {
                place,
                at: deciding.at,
                jumps: jumps
                    .map(|(chain, number, at)| (format!("{} {chain} {number}", step.table), *at))
                    .collect(),
                packets: deciding
                    .counters
                    .filter(|_| !deciding.policy)
                    .map(|counters| counters.packets),
                ufw: answer.ufw_rule.and_then(|(number, _)| number),
                owner: reasons::owner(&deciding.owner),
                meaning: deciding
                    .meaning
                    .map(|meaning| reasons::meaning(meaning, deciding.subject.as_deref())),
            }
        }),
        to: None,
        from: None,
        because,
        changes: Vec::new(),
    }
}
