//! From findings to causes: which one started it all, and what follows from it.
//!
//! The arithmetic is one that a reader can repeat: every term of a score is kept and printed.

pub mod graph;
mod links;
mod score;
mod sets;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_bundle::Words;

use self::graph::Strength;
use self::links::{Judge, Link};
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Evidence, Finding, Meta, Part, Severity};
use crate::rules::{Outcome, Run, Standing};

pub use self::links::overlap;

/// Everything the rules said, in order of weight.
#[derive(Clone, Debug, Default)]
pub struct Ranked {
    pub causes: Vec<Cause>,
    pub unexplained: Vec<Finding>,
    pub aggravating: Vec<Finding>,
    pub ruled_out: Vec<(&'static Meta, Vec<Evidence>)>,
    pub unchecked: Vec<(&'static Meta, Vec<Missing>)>,
    pub crashed: Vec<(&'static Meta, String)>,
    /// What began first of the most probable cause and all that follows from it.
    pub first_mover: Option<Mover>,
    /// Seconds by which times of cause and effect may differ and still count as the same.
    pub slack_seconds: i64,
}

/// The first thing that is known to have happened.
#[derive(Clone, Debug)]
pub struct Mover {
    pub title: Words,
    pub code: &'static str,
    pub at: Timestamp,
    /// Seconds until the next thing began; absent when nothing followed.
    pub lead_seconds: Option<i64>,
}

/// A root cause with what it accounts for.
#[derive(Clone, Debug)]
pub struct Cause {
    pub finding: Finding,
    pub terms: Vec<Term>,
    pub explains: Vec<Effect>,
}

impl Cause {
    pub fn score(&self) -> i64 {
        self.terms.iter().map(|term| term.points).sum()
    }
}

#[derive(Clone, Debug)]
pub struct Term {
    pub why: Words,
    pub points: i64,
}

/// A symptom or lesser finding, and through what it follows from the cause.
#[derive(Clone, Debug)]
pub struct Effect {
    pub finding: Finding,
    /// The slug of the cause itself, or of the effect in between.
    pub because_of: &'static str,
    pub strength: Strength,
}

/// Orders what the rules found; facts tell the clocks, and which nodes changed together.
pub fn rank(rules: &[&dyn Run], outcomes: Vec<Outcome>, facts: &Facts) -> Ranked {
    let judge = Judge::new(facts);
    let mut ranked = Ranked { slack_seconds: judge.slack_seconds(), ..Ranked::default() };
    let mut findings = Vec::new();
    for (rule, outcome) in rules.iter().zip(outcomes) {
        let (meta, standing) = (rule.meta(), outcome.standing());
        match outcome {
            Outcome::Checked(checked) => match standing {
                Standing::Found => findings.extend(checked.findings),
                Standing::RuledOut => ranked.ruled_out.push((meta, checked.cleared)),
                // A rule that saw all it needs, found nothing and can clear nothing stays silent.
                Standing::Unknown if checked.blind_to.is_empty() => {}
                Standing::Unknown => ranked.unchecked.push((meta, checked.blind_to)),
            },
            Outcome::Skipped(missing) => ranked.unchecked.push((meta, vec![missing])),
            Outcome::Crashed(text) => ranked.crashed.push((meta, text)),
        }
    }
    let (aggravating, findings): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.meta.part == Part::Aggravating);
    ranked.aggravating = aggravating;
    let explained_by = judge.links(&findings);
    let roots = roots(&findings, &explained_by);
    let mut causes: Vec<(usize, Cause)> = roots
        .iter()
        .map(|&root| {
            let reached = reached_from(root, &findings, &explained_by, &roots);
            (root, score::cause(root, &reached, &findings, facts))
        })
        .collect();
    score::add_first_mover(&mut causes, judge.slack_seconds());
    causes.sort_by(|(_, a), (_, b)| score::order(a).cmp(&score::order(b)));
    let mut told: BTreeSet<usize> = roots.iter().copied().collect();
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    for (root, mut cause) in causes {
        let reached = reached_from(root, &findings, &explained_by, &roots);
        // An effect of several causes is told under the first of them.
        let parents: BTreeMap<usize, usize> =
            reached.iter().map(|link| (link.effect, link.from)).collect();
        let mut told: Vec<(usize, Effect)> = reached
            .into_iter()
            .filter(|link| taken.insert(link.effect))
            .filter_map(|link| {
                Some((chain(link.effect, &parents).len(), effect(&link, &findings)?))
            })
            .collect();
        // In the order of the chain, then of time: what has no time stands behind what has one.
        told.sort_by_key(|(depth, effect)| {
            let finding = &effect.finding;
            let time = (finding.onset.is_none(), finding.onset);
            (*depth, time, std::cmp::Reverse(finding.severity), finding.meta.code)
        });
        cause.explains = told.into_iter().map(|(_, effect)| effect).collect();
        ranked.causes.push(cause);
    }
    told.extend(&taken);
    ranked.unexplained = findings
        .into_iter()
        .enumerate()
        .filter(|(index, _)| !told.contains(index))
        .map(|(_, finding)| finding)
        .collect();
    ranked.unexplained.sort_by(|a, b| {
        (std::cmp::Reverse(a.severity), std::cmp::Reverse(a.affected), a.meta.code, &a.subject).cmp(
            &(
                std::cmp::Reverse(b.severity),
                std::cmp::Reverse(b.affected),
                b.meta.code,
                &b.subject,
            ),
        )
    });
    sets::tell(&mut ranked, facts);
    ranked.first_mover = ranked.causes.first().and_then(first_mover);
    ranked
}

/// The earliest of a cause and its effects, by the corrected clocks.
fn first_mover(cause: &Cause) -> Option<Mover> {
    let all = std::iter::once(&cause.finding).chain(cause.explains.iter().map(|it| &it.finding));
    let mut timed: Vec<(Timestamp, &Finding)> =
        all.filter_map(|finding| Some((finding.onset?, finding))).collect();
    // Of simultaneous ones the cause, which stands first.
    timed.sort_by_key(|(time, _)| *time);
    let mut timed = timed.into_iter();
    let (at, first) = timed.next()?;
    let lead_seconds = timed.next().map(|(next, _)| next.duration_since(at).as_secs());
    Some(Mover { title: first.title.clone(), code: first.meta.code, at, lead_seconds })
}

/// Findings that can stand as a cause, and that no such finding explains.
fn roots(findings: &[Finding], links: &[Link]) -> Vec<usize> {
    let candidate = |index: usize| findings.get(index).is_some_and(can_be_root);
    let mut roots = Vec::new();
    for index in (0..findings.len()).filter(|index| candidate(*index)) {
        if !has_cause_upstream(index, links, &candidate) {
            roots.push(index);
        }
    }
    // A circle that time could not break: its earliest candidate stands for it.
    for index in (0..findings.len()).filter(|index| candidate(*index)) {
        let upstream = upstream(index, links);
        if !roots.contains(&index)
            && !upstream.iter().any(|source| roots.contains(source))
            && upstream.iter().filter(|source| candidate(**source)).all(|source| {
                let key = |index: usize| {
                    findings.get(index).map(|finding| {
                        (finding.onset, std::cmp::Reverse(finding.confidence), finding.meta.code)
                    })
                };
                key(index) <= key(*source)
            })
        {
            roots.push(index);
        }
    }
    roots.sort_unstable();
    roots
}

/// Symptoms never are; what may be either only when it is critical; a bare possibility only when it explains something
/// (checked when causes are told apart from unexplained findings).
fn can_be_root(finding: &Finding) -> bool {
    match finding.meta.part {
        Part::Cause => {
            finding.severity > Severity::Info && finding.confidence >= Confidence::Likely
        }
        Part::CauseOrSymptom => {
            finding.severity == Severity::Critical && finding.confidence >= Confidence::Likely
        }
        Part::Symptom | Part::Aggravating => false,
    }
}

fn upstream(index: usize, links: &[Link]) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open = vec![index];
    while let Some(effect) = open.pop() {
        for link in links.iter().filter(|link| link.effect == effect) {
            if seen.insert(link.from) {
                open.push(link.from);
            }
        }
    }
    seen.remove(&index);
    seen
}

fn has_cause_upstream(index: usize, links: &[Link], candidate: &dyn Fn(usize) -> bool) -> bool {
    upstream(index, links).into_iter().any(candidate)
}

/// Everything that follows from a root, each effect by its strongest link, not through another root.
fn reached_from(root: usize, findings: &[Finding], links: &[Link], roots: &[usize]) -> Vec<Link> {
    let mut reached: Vec<Link> = Vec::new();
    let mut seen = BTreeSet::from([root]);
    let mut open = vec![root];
    while !open.is_empty() {
        let mut next: Vec<Link> = links
            .iter()
            .filter(|link| open.contains(&link.from) && !seen.contains(&link.effect))
            .copied()
            .collect();
        next.sort_by_key(|link| (link.effect, std::cmp::Reverse(link.strength), link.from));
        next.dedup_by_key(|link| link.effect);
        next.retain(|link| !roots.contains(&link.effect) && findings.get(link.effect).is_some());
        open = next.iter().map(|link| link.effect).collect();
        seen.extend(&open);
        reached.extend(next);
    }
    lengthen(root, &mut reached, links);
    reached
}

/// An effect follows from the last thing before it that explains it as surely, not from the first: the disk makes the
/// kubelet slow, and the slow kubelet makes the node unready.
fn lengthen(root: usize, reached: &mut [Link], links: &[Link]) {
    for _ in 0..2 {
        let parents: BTreeMap<usize, usize> =
            reached.iter().map(|link| (link.effect, link.from)).collect();
        let mut parents = parents;
        for link in reached.iter_mut() {
            let better = links
                .iter()
                .filter(|other| other.effect == link.effect && other.strength >= link.strength)
                .filter(|other| other.from == root || parents.contains_key(&other.from))
                .filter(|other| !chain(other.from, &parents).contains(&link.effect))
                .max_by_key(|other| {
                    let length = chain(other.from, &parents).len();
                    (other.strength, length, std::cmp::Reverse(other.from))
                });
            if let Some(better) = better {
                *link = *better;
                parents.insert(link.effect, link.from);
            }
        }
    }
}

/// A finding and what it follows from, up to the root.
fn chain(from: usize, parents: &BTreeMap<usize, usize>) -> Vec<usize> {
    let mut chain = vec![from];
    while let Some(next) = chain.last().and_then(|last| parents.get(last)) {
        if chain.contains(next) {
            break;
        }
        chain.push(*next);
    }
    chain
}

fn effect(link: &Link, findings: &[Finding]) -> Option<Effect> {
    Some(Effect {
        finding: findings.get(link.effect)?.clone(),
        because_of: findings.get(link.from)?.meta.slug,
        strength: link.strength,
    })
}
