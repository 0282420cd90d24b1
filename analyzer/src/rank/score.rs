//! What a cause scores, in terms that a reader can add up.

use std::collections::BTreeSet;

use jiff::Timestamp;
use konspect_bundle::words;

use super::links::Link;
use super::{Cause, Term};
use crate::facts::{Facts, Nodes};
use crate::finding::{Confidence, Finding, Role, Scope, Severity};

pub(super) fn cause(root: usize, reached: &[Link], findings: &[Finding], facts: &Facts) -> Cause {
    let Some(finding) = findings.get(root).cloned() else { unreachable!("roots index findings") };
    let mut terms = vec![match finding.confidence {
        Confidence::Proven => Term { why: words!("score-proven"), points: 100 },
        Confidence::Likely => Term { why: words!("score-likely"), points: 60 },
        Confidence::Possible => Term { why: words!("score-possible"), points: 20 },
    }];
    terms.push(match finding.severity {
        Severity::Critical => Term { why: words!("score-critical"), points: 10 },
        Severity::Warning => Term { why: words!("score-warning"), points: 5 },
        Severity::Info => Term { why: words!("score-info"), points: 0 },
    });
    // Kinds of symptom count, not their number: forty pods of one kind prove no more than four.
    let slugs: BTreeSet<&str> = reached
        .iter()
        .filter_map(|link| findings.get(link.effect))
        .map(|finding| finding.meta.slug)
        .collect();
    let points: i64 = slugs
        .iter()
        .map(|slug| {
            let best = reached.iter().filter(|link| {
                findings.get(link.effect).is_some_and(|finding| finding.meta.slug == *slug)
            });
            best.map(|link| link.strength.points()).max().unwrap_or(0)
        })
        .sum();
    if !slugs.is_empty() {
        terms.push(Term {
            why: words!("score-explains", count = reached.len(), kinds = slugs.len()),
            points: points.min(50),
        });
    }
    terms.extend(reach(&finding, reached, findings, facts));
    let support =
        finding.evidence.iter().filter(|evidence| evidence.role == Role::Supporting).count();
    if support > 0 {
        terms.push(Term {
            why: words!("score-support", count = support),
            points: i64::try_from(support.min(5)).unwrap_or(5) * 2,
        });
    }
    let contrary =
        finding.evidence.iter().filter(|evidence| evidence.role == Role::Contrary).count();
    if contrary > 0 {
        terms.push(Term {
            why: words!("score-contrary", count = contrary),
            points: -20 * i64::try_from(contrary).unwrap_or(1),
        });
    }
    Cause { finding, terms, explains: Vec::new() }
}

/// How much of the cluster the cause touches, itself or by what follows from it: what takes all goes before what
/// takes one node.
fn reach(cause: &Finding, reached: &[Link], findings: &[Finding], facts: &Facts) -> Option<Term> {
    let mut nodes: BTreeSet<&str> = BTreeSet::new();
    let effects = reached.iter().filter_map(|link| findings.get(link.effect));
    for finding in std::iter::once(cause).chain(effects) {
        match &finding.scope {
            Scope::Cluster if finding.severity == Severity::Critical => {
                return Some(Term { why: words!("score-reach-cluster"), points: 10 });
            }
            Scope::Nodes(names) => nodes.extend(names.iter().map(String::as_str)),
            _ => {}
        }
    }
    let total = facts.nodes.ok().map_or(0, Nodes::len);
    let count = nodes.len();
    if count >= 2 && count * 2 > total {
        return Some(Term {
            why: words!("score-reach-nodes", count = count, total = total),
            points: 5,
        });
    }
    None
}

/// The cause that began before all others, by more than clocks may differ, gets a little more.
pub(super) fn add_first_mover(causes: &mut [(usize, Cause)], slack: i64) {
    let mut times: Vec<Timestamp> =
        causes.iter().filter_map(|(_, cause)| cause.finding.onset).collect();
    times.sort();
    let [first, second, ..] = times.as_slice() else { return };
    if second.duration_since(*first).as_secs() <= slack {
        return;
    }
    for (_, cause) in causes.iter_mut().filter(|(_, cause)| cause.finding.onset == Some(*first)) {
        cause.terms.push(Term { why: words!("score-first"), points: 5 });
    }
}

pub(super) fn order(
    cause: &Cause,
) -> (std::cmp::Reverse<i64>, Option<Timestamp>, &'static str, crate::finding::Subject) {
    (
        std::cmp::Reverse(cause.score()),
        cause.finding.onset,
        cause.finding.meta.code,
        cause.finding.subject.clone(),
    )
}
