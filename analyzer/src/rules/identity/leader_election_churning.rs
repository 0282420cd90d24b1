//! Controllers lose their leases again and again: nobody leads for long.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::{Span, words};

use crate::facts::Facts;
use crate::finding::{Confidence, Meta, Risk, Role, Severity, Step, Subject};
use crate::model::log::Signal;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct LeaderElectionChurning;

static META: Meta = rule_meta!(
    "KSP9004",
    "leader-election-churning",
    Identity,
    Symptom,
    Warning,
    "leader_election_churning.md"
);

/// Changes of a leader that an upgrade or a move of a pod does not make.
const CHANGES: u64 = 3;

/// The leases of the control plane itself.
const SYSTEM: [&str; 3] =
    ["kube-scheduler", "kube-controller-manager", "cloud-controller-manager"];

/// What was seen of one lease.
#[derive(Default)]
struct Seen {
    changes: u64,
    lost: u64,
    lines: Vec<(Option<Timestamp>, Span, bool)>,
}

impl Rule for LeaderElectionChurning {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let mut leases: BTreeMap<(String, String), Seen> = BTreeMap::new();
        for event in facts.events.ok().into_iter().flat_map(|events| events.reason(&["LeaderElection"])) {
            if !event.message.contains("became leader") {
                continue;
            }
            let key = (event.object.namespace.to_string(), event.object.name.to_string());
            let seen = leases.entry(key).or_default();
            // Old versions tell each change of both the Lease and its Endpoints.
            let time = event.first.get().or(event.last.get());
            let told = seen.lines.iter().any(|(known, ..)| time.is_some() && *known == time);
            if told {
                continue;
            }
            seen.changes += event.count.max(1);
            seen.lines.push((event.first.get().or(event.last.get()), event.at, false));
        }
        for (log, count) in
            facts.logs.ok().into_iter().flat_map(|logs| logs.signal(Signal::LeaderElectionLost))
        {
            let name = if log.origin.pod.is_empty() {
                count.details.first().map_or("", |(detail, _)| detail.as_str())
            } else {
                log.origin.pod.as_str()
            };
            let seen = leases.entry((log.origin.namespace.clone(), name.to_owned())).or_default();
            seen.lost += count.count;
            seen.lines.extend(count.hits.iter().map(|hit| (hit.time, hit.at, true)));
        }
        for ((namespace, name), seen) in &mut leases {
            if seen.changes < CHANGES && seen.lost < 2 {
                continue;
            }
            seen.lines.sort();
            found(namespace, name, seen, out);
        }
        if out.findings.is_empty() {
            cleared(facts, out);
        } else if out.findings.len() > MANY {
            merge(out);
        }
    }
}

/// More leases than these have their trouble in common: one finding names the worst and cites the others.
const MANY: usize = 3;

fn merge(out: &mut Checked) {
    let mut findings = std::mem::take(&mut out.findings);
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.onset));
    let count = findings.len();
    let mut findings = findings.into_iter();
    let Some(mut worst) = findings.next() else { return };
    worst.evidence.extend(findings.filter_map(|other| other.evidence.into_iter().next()).take(8).map(|mut line| {
        line.role = Role::Supporting;
        line
    }));
    out.found(worst.affected(count));
}

fn found(namespace: &str, name: &str, seen: &Seen, out: &mut Checked) {
    let Some((first, at, lost)) = seen.lines.first().copied() else { return };
    let count = seen.changes.max(seen.lost);
    let says = if lost {
        words!("leader-election-churning-lost", name = name, count = seen.lost)
    } else {
        words!("leader-election-churning-became", name = name, count = seen.changes)
    };
    let system = SYSTEM.iter().any(|known| name.starts_with(known));
    let mut finding = META
        .finding(
            Subject::new("Lease", namespace, name),
            words!("leader-election-churning-title", name = name, count = count),
            at,
            says,
        )
        .since(first)
        .until(seen.lines.iter().filter_map(|(time, ..)| *time).max())
        .severity(if system { Severity::Critical } else { Severity::Warning })
        .confidence(Confidence::Likely);
    for (_, at, lost) in seen.lines.iter().skip(1).take(2) {
        finding = finding.supported_by(
            *at,
            if *lost {
                words!("leader-election-churning-lost", name = name, count = seen.lost)
            } else {
                words!("leader-election-churning-became", name = name, count = seen.changes)
            },
        );
    }
    out.found(finding.step(Step::new(words!("leader-election-churning-read")).run(
        Risk::Reads,
        command("kubectl get lease -n {} -o wide", &[namespace]),
    )));
}

/// A lease that is held and renewed, while events would show its changes.
fn cleared(facts: &Facts, out: &mut Checked) {
    let Some(leases) = facts.leases.ok() else {
        return out.blind(crate::facts::Missing::table(crate::parse::TableKind::Leases));
    };
    let held = leases.iter().find(|lease| {
        SYSTEM.contains(&lease.meta.name.as_str())
            && facts.context.age_at(lease.renewed, lease.at).is_some_and(|age| age < 60)
    });
    if let Some(lease) = held {
        out.cleared(lease.at, words!("leader-election-churning-held", holder = &lease.holder));
    }
}
