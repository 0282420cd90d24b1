//! Nodes cannot resolve the API server's name, though they resolve others.

use std::collections::BTreeSet;

use konspect_bundle::words;

use crate::facts::dns::{Asker, NameKind, Outcome, Question, Resolver, questions};
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Meta, Risk, Scope, Step, Subject};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ApiserverNameUnresolvable;

static META: Meta = rule_meta!(
    "KSP6001",
    "apiserver-name-unresolvable",
    Dns,
    Cause,
    Critical,
    "apiserver_name_unresolvable.md"
);

impl Rule for ApiserverNameUnresolvable {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let asked = questions(facts);
        let of_nodes = |question: &&Question| matches!(question.asker, Asker::Node(_));
        let own = |question: &&Question| question.resolver == Resolver::Own;
        let name: Vec<&Question> =
            asked.iter().filter(of_nodes).filter(|question| question.kind == NameKind::ApiServer).collect();
        let mut failed: Vec<&Question> = name.iter().copied().filter(own).filter(|question| fails(facts, question)).collect();
        failed.sort_by_key(|question| (!question.direct, question.outcome, question.time, question.at));
        let resolved: Vec<&Question> =
            name.iter().copied().filter(own).filter(|question| !fails(facts, question)).collect();
        let others: Vec<&Question> = asked
            .iter()
            .filter(of_nodes)
            .filter(own)
            .filter(|question| question.direct && question.kind == NameKind::External)
            .collect();
        let other_fails = others.iter().find(|question| matches!(question.outcome, Outcome::Silent | Outcome::Failed));
        let other_works = others.iter().find(|question| question.outcome == Outcome::Resolved);
        // Where no name resolves, the resolver is at fault, not its view of one name.
        let Some(first) = failed.first().filter(|_| other_fails.is_none() || other_works.is_some()) else {
            match resolved.first() {
                Some(question) => out.cleared(question.at, words!("apiserver-name-unresolvable-cleared", name = &question.name)),
                None => out.blind(Missing::table(TableKind::DnsLookups)),
            }
            return;
        };
        // Another node that resolves it by the same means: not the zone, a hiccup.
        let contrary = resolved.iter().find(|question| question.direct);
        let nodes: BTreeSet<String> = failed.iter().filter_map(|question| node(question)).filter(|node| !node.is_empty()).collect();
        let platform = name.iter().find(|question| question.resolver == Resolver::Platform && question.outcome == Outcome::Resolved);
        let confidence = if contrary.is_some() && !first.direct {
            Confidence::Possible
        } else if first.direct && (platform.is_some() || other_works.is_some()) {
            Confidence::Proven
        } else {
            Confidence::Likely
        };
        let onset = failed.iter().filter_map(|question| question.time).min();
        let says = match (first.outcome, node(first).unwrap_or_default()) {
            (Outcome::Resolved, node) => words!("apiserver-name-unresolvable-public", node = node, name = &first.name, address = first.addresses.first().map_or("", String::as_str)),
            (Outcome::NoSuchName, node) if !first.server.is_empty() => words!(
                "apiserver-name-unresolvable-answered",
                node = if node.is_empty() { "none" } else { &node },
                server = with_port(&first.server),
                name = &first.name
            ),
            (Outcome::NoSuchName, node) => words!("apiserver-name-unresolvable-unknown", node = if node.is_empty() { "none" } else { &node }, name = &first.name),
            (Outcome::Silent, node) => words!("apiserver-name-unresolvable-silent", node = node, name = &first.name),
            (Outcome::Failed, node) => words!("apiserver-name-unresolvable-failed", node = node, name = &first.name),
        };
        let mut finding = META
            .finding(Subject::new("Cluster", "", ""), words!("apiserver-name-unresolvable-title"), first.at, says)
            .confidence(confidence)
            .since(onset)
            .affected(nodes.len().max(1));
        if contrary.is_some() && nodes.len() == 1 {
            finding = finding.scope(Scope::Nodes(nodes.clone()));
        }
        if let Some(question) = failed.iter().find(|question| !question.direct && question.at != first.at) {
            finding = finding.supported_by(question.at, words!("apiserver-name-unresolvable-complaint", node = node(question).unwrap_or_default(), name = &question.name));
        }
        if let Some(question) = other_works {
            finding = finding.supported_by(question.at, words!("apiserver-name-unresolvable-others", name = &question.name));
        }
        if let Some(question) = platform {
            finding = finding.supported_by(question.at, words!("apiserver-name-unresolvable-platform", name = &question.name));
        }
        if let Some(question) = contrary {
            finding = finding.contradicted_by(question.at, words!("apiserver-name-unresolvable-cleared", name = &question.name));
        }
        out.found(
            finding
                .step(
                    Step::new(words!("apiserver-name-unresolvable-compare"))
                        .run(Risk::Reads, command("nslookup {} 168.63.129.16", &[&first.name])),
                )
                .step(Step::new(words!("apiserver-name-unresolvable-forward")))
                .step(Step::new(words!("apiserver-name-unresolvable-link"))),
        );
    }
}

fn node(question: &Question) -> Option<String> {
    match &question.asker {
        Asker::Node(node) => Some(node.clone()),
        _ => None,
    }
}

/// No address; or, for a private cluster without a public name, only public ones.
fn fails(facts: &Facts, question: &Question) -> bool {
    if question.outcome != Outcome::Resolved {
        return true;
    }
    let private = facts
        .clusters
        .ok()
        .into_iter()
        .flat_map(|clusters| clusters.iter())
        .any(|cluster| cluster.private_cluster && question.name.contains("privatelink"));
    let public = |address: &String| address.parse::<std::net::Ipv4Addr>().is_ok_and(|address| !address.is_private());
    private && !question.addresses.is_empty() && question.addresses.iter().all(public)
}

/// A resolver as errors name it: every one listens on 53.
fn with_port(server: &str) -> String {
    if server.contains(':') && !server.starts_with('[') { format!("[{server}]:53") } else { format!("{server}:53") }
}
