//! From findings to causes: which one started it all, and what follows from it.
//!
//! The arithmetic is one that a reader can repeat: every term of a score is kept and printed.

pub mod graph;

use std::collections::BTreeSet;

use konspect_bundle::{Words, words};

use self::graph::{Strength, edge};
use crate::facts::Missing;
use crate::finding::{Confidence, Evidence, Finding, Meta, Part, Role, Scope, Severity};
use crate::rules::{Outcome, Run, Standing};

/// Slack for clocks and detection delays between cause and effect, in seconds.
const SLACK_SECONDS: i64 = 60;

/// Everything the rules said, in order of weight.
#[derive(Clone, Debug, Default)]
pub struct Ranked {
    pub causes: Vec<Cause>,
    pub unexplained: Vec<Finding>,
    pub aggravating: Vec<Finding>,
    pub ruled_out: Vec<(&'static Meta, Vec<Evidence>)>,
    pub unchecked: Vec<(&'static Meta, Vec<Missing>)>,
    pub crashed: Vec<(&'static Meta, String)>,
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

/// Orders what the rules found.
pub fn rank(rules: &[&dyn Run], outcomes: Vec<Outcome>) -> Ranked {
    let mut ranked = Ranked::default();
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
    let explained_by = links(&findings);
    let roots = roots(&findings, &explained_by);
    let mut causes: Vec<(usize, Cause)> = roots
        .iter()
        .map(|&root| {
            let reached = reached_from(root, &findings, &explained_by, &roots);
            (root, cause(root, &reached, &findings))
        })
        .collect();
    add_first_mover(&mut causes);
    causes.sort_by(|(_, a), (_, b)| order(a).cmp(&order(b)));
    let mut told: BTreeSet<usize> = roots.iter().copied().collect();
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    for (root, mut cause) in causes {
        let reached = reached_from(root, &findings, &explained_by, &roots);
        // An effect of several causes is told under the first of them.
        cause.explains = reached
            .into_iter()
            .filter(|link| taken.insert(link.effect))
            .filter_map(|link| effect(&link, &findings))
            .collect();
        cause.explains.sort_by_key(|effect| {
            (
                std::cmp::Reverse(effect.finding.severity),
                effect.finding.onset,
                effect.finding.meta.code,
            )
        });
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
    ranked
}

/// `from` explains `effect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Link {
    effect: usize,
    from: usize,
    strength: Strength,
}

/// All direct explanations that edge, scope and time allow; circles are broken by time, then strength.
fn links(findings: &[Finding]) -> Vec<Link> {
    let mut links = Vec::new();
    for (from, cause) in findings.iter().enumerate() {
        for (effect, symptom) in findings.iter().enumerate() {
            if from == effect {
                continue;
            }
            let Some(strength) = explains(cause, symptom) else { continue };
            if let Some(back) = explains(symptom, cause)
                && !wins(cause, strength, symptom, back)
            {
                continue;
            }
            links.push(Link { effect, from, strength });
        }
    }
    links
}

fn explains(cause: &Finding, effect: &Finding) -> Option<Strength> {
    let edge = edge(cause.meta.slug, effect.meta.slug)?;
    let late = match (cause.onset, effect.onset) {
        (Some(cause), Some(effect)) => cause.duration_since(effect).as_secs() > SLACK_SECONDS,
        _ => false,
    };
    let over = match (cause.last_seen, effect.onset) {
        (Some(cause), Some(effect)) => effect.duration_since(cause).as_secs() > edge.tail_seconds,
        _ => false,
    };
    (!late && !over && !effect.self_caused && overlap(&cause.scope, &effect.scope, edge.same_place))
        .then_some(edge.strength)
}

/// Of two findings that could explain each other the earlier is the cause; of simultaneous ones the
/// stronger edge; then the one that can only be a cause.
fn wins(a: &Finding, forward: Strength, b: &Finding, back: Strength) -> bool {
    let time = match (a.onset, b.onset) {
        (Some(a), Some(b)) => b.duration_since(a).as_secs(),
        _ => 0,
    };
    let rank = |finding: &Finding| match finding.meta.part {
        Part::Cause => 2,
        Part::CauseOrSymptom => 1,
        _ => 0,
    };
    if time.abs() > SLACK_SECONDS {
        return time > 0;
    }
    (forward, rank(a), std::cmp::Reverse(a.meta.code))
        > (back, rank(b), std::cmp::Reverse(b.meta.code))
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
    reached
}

fn effect(link: &Link, findings: &[Finding]) -> Option<Effect> {
    Some(Effect {
        finding: findings.get(link.effect)?.clone(),
        because_of: findings.get(link.from)?.meta.slug,
        strength: link.strength,
    })
}

fn cause(root: usize, reached: &[Link], findings: &[Finding]) -> Cause {
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

/// The cause that began first of several with a known onset gets a little more.
fn add_first_mover(causes: &mut [(usize, Cause)]) {
    let first = causes.iter().filter_map(|(_, cause)| cause.finding.onset).min();
    let known = causes.iter().filter(|(_, cause)| cause.finding.onset.is_some()).count();
    if known < 2 {
        return;
    }
    for (_, cause) in causes.iter_mut().filter(|(_, cause)| cause.finding.onset == first) {
        cause.terms.push(Term { why: words!("score-first"), points: 5 });
    }
}

fn order(
    cause: &Cause,
) -> (std::cmp::Reverse<i64>, Option<jiff::Timestamp>, &'static str, crate::finding::Subject) {
    (
        std::cmp::Reverse(cause.score()),
        cause.finding.onset,
        cause.finding.meta.code,
        cause.finding.subject.clone(),
    )
}
