//! Nodes do not reach endpoints on the internet that AKS needs, though names resolve and the API server
//! may well answer.

use std::collections::{BTreeMap, BTreeSet};

use konspect_bundle::{Words, words};

use crate::facts::apiserver_path::NodeVerdict;
use crate::facts::egress::{EgressResult, EgressTry, is_download};
use crate::facts::outbound;
use crate::facts::{Egress, Facts};
use crate::finding::{Confidence, Finding, Meta, Risk, Scope, Severity, Step, Subject};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct EgressEndpointBlocked;

static META: Meta = rule_meta!(
    "KSP1001",
    "egress-endpoint-blocked",
    Path,
    Cause,
    Critical,
    "egress_endpoint_blocked.md"
);

impl Rule for EgressEndpointBlocked {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let egress = match facts.egress.get() {
            Ok(egress) => egress,
            Err(missing) => return out.blind(missing),
        };
        let isolated = facts.clusters.ok().and_then(|clusters| clusters.first()).filter(|cluster| {
            matches!(cluster.outbound_type.as_str(), "none" | "block")
        });
        if let Some(cluster) = isolated {
            return out.cleared(cluster.at, words!("egress-endpoint-blocked-isolated"));
        }
        let blocked: BTreeMap<&str, Vec<&EgressTry>> = egress
            .endpoints
            .iter()
            .map(|(host, tries)| {
                let failed = tries.iter().filter(|tried| tried.result.blocked()).collect();
                (host.as_str(), failed)
            })
            .filter(|(_, tries): &(_, Vec<_>)| !tries.is_empty())
            .collect();
        let Some((host, first)) = most_telling(&blocked) else {
            let reached = egress
                .endpoints
                .values()
                .flatten()
                .find(|tried| tried.result == EgressResult::Reached);
            if let Some(tried) = reached {
                out.cleared(tried.at, words!("egress-endpoint-blocked-cleared", host = &tried.host));
            }
            return;
        };
        out.found(finding(facts, egress, &blocked, host, first));
    }
}

/// The endpoint and try to cite: a probe before the detector's words, the registry before others.
fn most_telling<'e>(
    blocked: &BTreeMap<&'e str, Vec<&'e EgressTry>>,
) -> Option<(&'e str, &'e EgressTry)> {
    blocked
        .iter()
        .filter_map(|(host, tries)| {
            let tried = tries.iter().min_by_key(|tried| (!tried.event, tried.at))?;
            Some((*host, *tried))
        })
        .min_by_key(|(host, tried)| (!host.contains("mcr"), !tried.event, tried.at))
}

fn finding(
    facts: &Facts,
    egress: &Egress,
    blocked: &BTreeMap<&str, Vec<&EgressTry>>,
    host: &str,
    first: &EgressTry,
) -> Finding {
    let tries = || blocked.values().flatten();
    let nodes: BTreeSet<String> =
        tries().map(|tried| tried.node.clone()).filter(|node| !node.is_empty()).collect();
    let title = if blocked.len() == 1 {
        words!("egress-endpoint-blocked-title", host = host)
    } else {
        words!("egress-endpoint-blocked-many", host = host, count = blocked.len() - 1)
    };
    let since = tries().filter_map(|tried| tried.first).min();
    let mut finding = META
        .finding(Subject::new("Endpoint", "", host), title, first.at, says(first))
        .since(since)
        .affected(nodes.len());
    let total = facts.nodes.ok().map_or(0, crate::facts::Nodes::len);
    if !nodes.is_empty() && nodes.len() < total {
        finding = finding.scope(Scope::Nodes(nodes));
    }
    let mut cited = vec![first.at];
    for tried in tries() {
        if cited.len() >= 5 || cited.contains(&tried.at) {
            continue;
        }
        cited.push(tried.at);
        finding = finding.supported_by(tried.at, says(tried));
    }
    let tls = tries().all(|tried| tried.result == EgressResult::TlsBroken);
    finding = judge(facts, egress, blocked, finding);
    if tls {
        return finding.step(Step::new(words!("egress-endpoint-blocked-inspection", host = host)));
    }
    finding
        .step(Step::new(words!("egress-endpoint-blocked-allow", host = host)))
        .step(Step::new(words!("egress-endpoint-blocked-tag")))
        .step(
            Step::new(words!("egress-endpoint-blocked-again"))
                .run(Risk::Reads, command("curl -sS -m 10 -o /dev/null https://{}/", &[host])),
        )
}

/// Confidence: the same endpoint answered the same node is chance, not a rule; configuration that blocks
/// is proof; an API server that does not answer either makes this a part of a larger fault.
fn judge(
    facts: &Facts,
    egress: &Egress,
    blocked: &BTreeMap<&str, Vec<&EgressTry>>,
    mut finding: Finding,
) -> Finding {
    let answered = |host: &str, node: &str| {
        egress.endpoints.get(host).into_iter().flatten().find(|tried| {
            tried.node == node && tried.result == EgressResult::Reached && !tried.event
        })
    };
    let contrary = blocked
        .iter()
        .flat_map(|(host, tries)| tries.iter().map(move |tried| (*host, *tried)))
        .filter(|(_, tried)| tried.event)
        .find_map(|(host, tried)| answered(host, &tried.node));
    let steady = blocked.iter().any(|(host, tries)| {
        tries.iter().any(|tried| answered(host, &tried.node).is_none())
    });
    if let Some(tried) = contrary.filter(|_| !steady) {
        return finding
            .severity(Severity::Warning)
            .confidence(Confidence::Possible)
            .contradicted_by(tried.at, words!("egress-endpoint-blocked-chance", host = &tried.host))
            .settled_by(words!("egress-endpoint-blocked-settle"));
    }
    if let Some(deny) = outbound::denies(facts, None).into_iter().next() {
        return finding.confidence(Confidence::Proven).supported_by(
            deny.at,
            words!("egress-endpoint-blocked-rule", group = &deny.group, rule = &deny.rule),
        );
    }
    if let Some(route) = outbound::default_routes(facts).into_iter().next() {
        let says = if route.next_hop_type == "None" {
            words!("egress-endpoint-blocked-hole", table = &route.table)
        } else {
            words!(
                "egress-endpoint-blocked-appliance",
                table = &route.table,
                address = &route.next_hop
            )
        };
        finding = finding.supported_by(route.at, says);
        let both = blocked.values().flatten().any(|tried| tried.event)
            && blocked.values().flatten().any(|tried| !tried.event);
        if both || route.next_hop_type == "None" {
            finding = finding.confidence(Confidence::Proven);
        }
    }
    // Only mirrors fail, seen once by the detector: pulls and joins suffer, running pods do not.
    let downloads = blocked.keys().all(|host| is_download(host));
    let api = facts.apiserver_path.ok().and_then(|path| {
        let node = path.with(NodeVerdict::Reached).into_iter().next()?.to_owned();
        path.witness(&node, NodeVerdict::Reached).map(|seen| seen.at)
    });
    if let Some(at) = api.filter(|_| downloads) {
        finding = finding.supported_by(at, words!("egress-endpoint-blocked-api"));
    }
    finding
}

fn says(tried: &EgressTry) -> Words {
    let (node, host) = (&tried.node, &tried.host);
    match (tried.event, tried.result) {
        (true, _) => words!("egress-endpoint-blocked-event", node = node, host = host),
        (_, EgressResult::Refused) => {
            words!("egress-endpoint-blocked-refused", node = node, host = host)
        }
        (_, EgressResult::TlsBroken) => {
            words!("egress-endpoint-blocked-tls", node = node, host = host)
        }
        (_, EgressResult::Reset) => words!("egress-endpoint-blocked-reset", node = node, host = host),
        _ => words!("egress-endpoint-blocked-timeout", node = node, host = host),
    }
}
