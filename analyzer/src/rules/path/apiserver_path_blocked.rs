//! Nodes get no TCP connection to the API server on port 443, though its name resolves.

use std::collections::BTreeSet;

use jiff::Timestamp;
use konspect_bundle::{Words, words};

use crate::facts::apiserver_path::{ApiServerPath, NodeVerdict, PathAttempt, PathSighting, PathWitness};
use crate::facts::outbound::{self, OutboundDeny};
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Finding, Meta, Risk, Scope, Step, Subject};
use crate::model::kube::Status;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ApiServerPathBlocked;

static META: Meta = rule_meta!(
    "KSP1002",
    "apiserver-path-blocked",
    Path,
    Cause,
    Critical,
    "apiserver_path_blocked.md"
);

impl Rule for ApiServerPathBlocked {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let path = match facts.apiserver_path.get() {
            Ok(path) => path,
            Err(missing) => return out.blind(missing),
        };
        let blocked: BTreeSet<String> = path
            .with(NodeVerdict::Blocked)
            .into_iter()
            .filter(|node| !alive(facts, path, node))
            .map(str::to_owned)
            .collect();
        let reached = path.with(NodeVerdict::Reached);
        let Some(first) = blocked.iter().next() else {
            let seen = reached
                .iter()
                .next()
                .and_then(|node| path.witness(node, NodeVerdict::Reached));
            if let Some(seen) = seen {
                out.cleared(seen.at, words!("apiserver-path-blocked-cleared", count = reached.len()));
            }
            let kinds = &[crate::parse::TableKind::Probes, crate::parse::TableKind::KubeletLogs];
            if seen.is_some_and(|seen| seen.witness == PathWitness::Lease) {
                return;
            }
            let unresolved = |node: &str| {
                path.of(node).iter().any(|seen| seen.attempt == PathAttempt::Unresolved)
            };
            for node in path.with(NodeVerdict::Unclear) {
                if unresolved(node) {
                    continue;
                }
                out.blind(Missing {
                    tables: kinds.to_vec(),
                    node: node.to_owned(),
                    because: None,
                });
            }
            return;
        };
        let Some(seen) = path.witness(first, NodeVerdict::Blocked) else { return };
        let total = facts.nodes.ok().map_or(0, crate::facts::Nodes::len).max(path.nodes.len());
        let title = if blocked.len() == 1 {
            words!("apiserver-path-blocked-title", node = first)
        } else {
            words!("apiserver-path-blocked-many", count = blocked.len(), total = total)
        };
        let deny = rule_that_denies(facts, path, &blocked);
        let (at, says) = match &deny {
            Some(deny) => (deny.at, rule_says(deny)),
            None => (seen.at, sighting_says(first, seen)),
        };
        let subject =
            if blocked.len() == 1 { Subject::node(first) } else { Subject::cluster("") };
        let mut finding = META
            .finding(subject, title, at, says)
            .confidence(confidence(path, &blocked, deny.is_some()))
            .since(since(facts, path, &blocked))
            .affected(blocked.len())
            .scope(Scope::Nodes(blocked.clone()));
        finding = support(finding, path, &blocked, deny.is_some());
        if let Some(other) = reached.iter().next() {
            finding.differs.push(words!(
                "apiserver-path-blocked-others",
                node = *other,
                count = reached.len()
            ));
        }
        out.found(steps(facts, finding, deny.as_ref()));
    }
}

/// A node that is Ready and renews its lease reaches the API server, whatever its older lines say.
fn alive(facts: &Facts, path: &ApiServerPath, node: &str) -> bool {
    let ready = facts.nodes.ok().and_then(|nodes| nodes.get(node)).and_then(crate::model::kube::Node::ready);
    let probed = path.of(node).iter().any(|seen| {
        matches!(
            seen.witness,
            PathWitness::Probe | PathWitness::Check | PathWitness::Detector
        ) && (seen.attempt.blocked() || seen.attempt == PathAttempt::Failed)
    });
    let renewed = path
        .of(node)
        .iter()
        .any(|seen| seen.witness == PathWitness::Lease && seen.attempt == PathAttempt::Reached);
    !probed && (renewed || ready == Some(Status::True))
}

fn confidence(path: &ApiServerPath, blocked: &BTreeSet<String>, rule: bool) -> Confidence {
    let dialled = |node: &String| {
        path.of(node).iter().any(|seen| {
            seen.attempt.blocked()
                && matches!(seen.witness, PathWitness::Probe | PathWitness::Kubelet)
        })
    };
    if rule && blocked.iter().any(dialled) { Confidence::Proven } else { Confidence::Likely }
}

/// The first failure, or when the first of these nodes was lost.
fn since(facts: &Facts, path: &ApiServerPath, blocked: &BTreeSet<String>) -> Option<Timestamp> {
    let failures = blocked.iter().flat_map(|node| path.of(node)).filter(|seen| {
        matches!(seen.witness, PathWitness::Kubelet | PathWitness::TunnelAgent)
            && seen.attempt.blocked()
    });
    let lost = blocked.iter().filter_map(|node| {
        let ready = facts.nodes.ok()?.get(node)?.condition("Ready")?;
        (ready.status == Status::Unknown).then_some(ready.transition.get())?
    });
    failures.filter_map(|seen| seen.first).chain(lost).min()
}

fn support(
    mut finding: Finding,
    path: &ApiServerPath,
    blocked: &BTreeSet<String>,
    rule: bool,
) -> Finding {
    let mut cited = 0;
    for (index, node) in blocked.iter().enumerate() {
        let mut seen: Vec<&PathSighting> = path
            .of(node)
            .iter()
            .filter(|seen| seen.attempt.blocked() || seen.witness == PathWitness::Check)
            .collect();
        seen.sort_by_key(|seen| (seen.witness, seen.at));
        seen.dedup_by_key(|seen| seen.witness);
        for sighting in seen.into_iter().skip(usize::from(index == 0 && !rule)) {
            if cited >= 6 {
                return finding;
            }
            cited += 1;
            finding = finding.supported_by(sighting.at, sighting_says(node, sighting));
        }
    }
    finding
}

fn sighting_says(node: &str, seen: &PathSighting) -> Words {
    let host = &seen.host;
    match (seen.witness, seen.attempt) {
        (PathWitness::Detector, _) => {
            words!("apiserver-path-blocked-event", node = node, host = host)
        }
        (PathWitness::Check, _) => words!("apiserver-path-blocked-check", node = node),
        (PathWitness::TunnelAgent, _) => {
            words!("apiserver-path-blocked-agent", node = node, host = host)
        }
        (_, PathAttempt::Refused | PathAttempt::NoRoute) => {
            words!("apiserver-path-blocked-refused", node = node, host = host)
        }
        (PathWitness::Kubelet, _) => {
            words!("apiserver-path-blocked-kubelet", node = node, host = host)
        }
        _ => words!("apiserver-path-blocked-probe", node = node, host = host),
    }
}

fn rule_says(deny: &OutboundDeny) -> Words {
    words!(
        "apiserver-path-blocked-rule",
        group = &deny.group,
        rule = &deny.rule,
        priority = deny.priority
    )
}

/// A rule of a group at the subnet of these nodes that denies TCP 443 to the API server.
fn rule_that_denies(
    facts: &Facts,
    path: &ApiServerPath,
    blocked: &BTreeSet<String>,
) -> Option<OutboundDeny> {
    let dialled = blocked.iter().flat_map(|node| path.of(node)).map(|seen| seen.host.as_str());
    let addresses = dialled
        .chain(facts.context.apiserver_addresses.iter().map(String::as_str))
        .filter_map(|host| host.parse().ok());
    let cluster = facts.clusters.ok().and_then(|clusters| clusters.first());
    let fits = |deny: &OutboundDeny| {
        let Some(cluster) = cluster.filter(|_| !deny.subnets.is_empty()) else { return true };
        let pools = outbound::pools_of(cluster, &deny.subnets);
        let of_pool = |node: &String| {
            facts
                .nodes
                .ok()
                .and_then(|nodes| nodes.get(node)?.pool())
                .is_none_or(|pool| pools.contains(&pool))
        };
        pools.is_empty() || blocked.iter().any(of_pool)
    };
    let mut tried = BTreeSet::new();
    addresses
        .filter(|address| tried.insert(*address))
        .take(8)
        .find_map(|address| outbound::denies(facts, Some(address)).into_iter().find(fits))
}

fn steps(facts: &Facts, finding: Finding, deny: Option<&OutboundDeny>) -> Finding {
    let group = facts
        .clusters
        .ok()
        .and_then(|clusters| clusters.first())
        .map_or("", |cluster| cluster.node_resource_group.as_str());
    match deny {
        Some(deny) => finding
            .step(if group.is_empty() {
                Step::new(words!("apiserver-path-blocked-read"))
            } else {
                Step::new(words!("apiserver-path-blocked-read")).run(
                    Risk::Reads,
                    command(
                        "az network nsg rule show -g {} --nsg-name {} -n {}",
                        &[group, &deny.group, &deny.rule],
                    ),
                )
            })
            .step(match &deny.change {
                Some(change) => Step::new(words!("apiserver-path-blocked-allow", rule = &deny.rule))
                    .run(Risk::Changes, Some(change.command.clone()))
                    .undone_by(Some(change.undo.clone())),
                None => Step::new(words!("apiserver-path-blocked-allow", rule = &deny.rule)),
            }),
        None => finding.step(Step::new(words!("apiserver-path-blocked-look"))),
    }
}
