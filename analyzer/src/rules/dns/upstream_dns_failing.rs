//! The DNS servers that nodes and CoreDNS ask for names outside the cluster do not answer.

use std::collections::BTreeSet;

use konspect_bundle::{Span, Words, words};

use crate::facts::dns::{Asker, NameKind, Outcome, Question, Resolver, questions};
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Finding, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::log::{Component, Signal};
use crate::model::metrics::{MetricsComponent, Scrape};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct UpstreamDnsFailing;

static META: Meta =
    rule_meta!("KSP6004", "upstream-dns-failing", Dns, Cause, Critical, "upstream_dns_failing.md");

/// CoreDNS errors below this are the odd lost packet.
const MANY_ERRORS: u64 = 20;
/// From this share of SERVFAIL on, out of so many answers, it is not a few bad names.
const MOST_FAILED: f64 = 0.2;
const LEAST_RESPONSES: f64 = 100.0;

/// Names that exist for certain.
const NEEDED: &[&str] = &[
    "mcr.microsoft.com",
    "management.azure.com",
    "login.microsoftonline.com",
    "packages.microsoft.com",
    "packages.aks.azure.com",
    "acs-mirror.azureedge.net",
];

impl Rule for UpstreamDnsFailing {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let asked = questions(facts);
        let external: Vec<&Question> = asked
            .iter()
            .filter(|question| matches!(question.asker, Asker::Node(_)) && question.kind == NameKind::External)
            .collect();
        let own = |question: &&&Question| question.resolver == Resolver::Own;
        let mut failed: Vec<&Question> =
            external.iter().filter(own).filter(|question| unanswered(question)).copied().collect();
        failed.sort_by_key(|question| (!question.direct, question.time, question.at));
        let works = external.iter().filter(own).find(|question| question.direct && question.outcome == Outcome::Resolved);
        match failed.first() {
            Some(first) => out.found(from_nodes(first, &failed, &external, works.copied(), facts)),
            None => from_coredns(facts, works.copied(), out),
        }
    }
}

/// A name that does not exist may be misspelt, such as a registry's; one that every node needs is not.
fn unanswered(question: &Question) -> bool {
    match question.outcome {
        Outcome::Silent | Outcome::Failed => true,
        Outcome::NoSuchName => NEEDED.contains(&question.name.trim_end_matches('.')),
        Outcome::Resolved => false,
    }
}

fn name_of(question: &Question) -> &str {
    match &question.asker {
        Asker::Node(node) => node,
        Asker::Pod(pod) => pod,
        Asker::Client => "",
    }
}

fn from_nodes(first: &Question, failed: &[&Question], external: &[&Question], works: Option<&Question>, facts: &Facts) -> Finding {
    let nodes: BTreeSet<String> = failed.iter().map(|question| name_of(question).to_owned()).filter(|node| !node.is_empty()).collect();
    let direct: BTreeSet<&str> = failed.iter().filter(|question| question.direct).map(|question| name_of(question)).collect();
    let working: BTreeSet<&str> = external
        .iter()
        .filter(|question| question.direct && question.resolver == Resolver::Own && question.outcome == Outcome::Resolved)
        .map(|question| name_of(question))
        .filter(|node| !direct.contains(node))
        .collect();
    // One node of several: its own network or tracking table, not the servers that all of them ask.
    let lone = nodes.len() == 1 && (!working.is_empty() || facts.nodes.ok().is_some_and(|nodes| nodes.len() > 1) && direct.is_empty());
    let says = if first.direct {
        words!("upstream-dns-failing-node", node = name_of(first), name = &first.name)
    } else {
        words!("upstream-dns-failing-complaint", node = name_of(first), name = &first.name)
    };
    let platform = external.iter().find(|question| question.resolver == Resolver::Platform);
    let confidence = if lone || direct.is_empty() && works.is_some() {
        Confidence::Possible
    } else if platform.is_some_and(|question| question.outcome == Outcome::Resolved) || direct.len() > 1 {
        Confidence::Proven
    } else {
        Confidence::Likely
    };
    let mut finding = META
        .finding(Subject::cluster(""), words!("upstream-dns-failing-title"), first.at, says)
        .confidence(confidence)
        .affected(nodes.len().max(1))
        .since(failed.iter().filter_map(|question| question.time).min())
        .until(failed.iter().filter_map(|question| question.last).max());
    if lone {
        finding = finding.scope(Scope::Nodes(nodes)).severity(Severity::Warning);
    }
    if let Some(question) = failed.iter().find(|question| question.direct != first.direct) {
        finding = finding.supported_by(question.at, words!("upstream-dns-failing-complaint", node = name_of(question), name = &question.name));
    }
    if let Some(question) = platform {
        finding = if question.outcome == Outcome::Resolved {
            finding.supported_by(question.at, words!("upstream-dns-failing-platform", name = &question.name))
        } else {
            finding.supported_by(question.at, words!("upstream-dns-failing-platform-too", name = &question.name))
        };
    }
    if let Some((at, count, onset)) = coredns_errors(facts) {
        let onset = finding.onset.into_iter().chain(onset).min();
        finding = finding.supported_by(at, words!("upstream-dns-failing-coredns", count = count)).since(onset);
    }
    if let Some(conf) = facts.resolv_confs.ok().into_iter().flat_map(|rows| rows.iter()).find(|conf| conf.node == name_of(first)) {
        let servers = conf.value.nameservers.join(", ");
        finding = finding.supported_by(conf.value.at, words!("upstream-dns-failing-servers", node = name_of(first), servers = servers));
    }
    remedied(finding)
}

/// Errors of CoreDNS about upstream servers: where, how many, since when.
fn coredns_errors(facts: &Facts) -> Option<(Span, u64, Option<jiff::Timestamp>)> {
    let logs = facts.logs.ok()?;
    let mut count = 0;
    let mut first = None;
    let mut onset = None;
    for signal in [Signal::DnsUpstreamTimeout, Signal::DnsUpstreamRefused] {
        for (_, hits) in logs.signal(signal) {
            count += hits.count;
            first = first.or(hits.hits.first().map(|hit| hit.at));
            onset = onset.into_iter().chain(hits.first).min();
        }
    }
    Some((first?, count, onset))
}

/// What CoreDNS tells of its upstream servers, by its log or by its own counts.
struct Trouble {
    at: Span,
    says: Words,
    onset: Option<jiff::Timestamp>,
    /// Addresses of the servers, where they are named.
    servers: BTreeSet<String>,
}

fn trouble(facts: &Facts) -> Option<Trouble> {
    if let Some((at, count, onset)) = coredns_errors(facts).filter(|(_, count, _)| *count >= MANY_ERRORS) {
        let says = words!("upstream-dns-failing-coredns", count = count);
        return Some(Trouble { at, says, onset, servers: servers_in_logs(facts) });
    }
    facts.scrapes.ok()?.iter().filter(|scrape| scrape.component == MetricsComponent::CoreDns).find_map(from_metrics)
}

/// `read udp 10.244.0.4:33077->10.1.0.4:53: i/o timeout` names the server behind the arrow.
fn servers_in_logs(facts: &Facts) -> BTreeSet<String> {
    let logs = facts.logs.ok().into_iter();
    let hits = logs.flat_map(|logs| {
        [Signal::DnsUpstreamTimeout, Signal::DnsUpstreamRefused].into_iter().flat_map(|signal| logs.hits(signal))
    });
    hits.filter_map(|(_, hit)| {
        let (_, rest) = hit.text.split_once("->")?;
        let (server, _) = rest.split_once(":53")?;
        Some(server.trim_matches(['[', ']']).to_owned())
    })
    .collect()
}

/// CoreDNS answers many questions with SERVFAIL, or marks all its upstream servers as broken.
fn from_metrics(scrape: &Scrape) -> Option<Trouble> {
    let samples = |name: &str| scrape.families.get(name).into_iter().flatten();
    let responses = || samples("coredns_dns_responses_total");
    let all: f64 = responses().map(|sample| sample.value).sum();
    let failed: f64 = responses().filter(|sample| sample.label("rcode") == "SERVFAIL").map(|sample| sample.value).sum();
    let at = responses().find(|sample| sample.label("rcode") == "SERVFAIL")?.at;
    if all < LEAST_RESPONSES || failed < all * MOST_FAILED {
        return None;
    }
    let checks = ["coredns_proxy_healthcheck_failures_total", "coredns_forward_healthcheck_failures_total"];
    let servers = checks
        .into_iter()
        .flat_map(samples)
        .filter(|sample| sample.value >= 1.0)
        .filter_map(|sample| Some(sample.label("to").rsplit_once(':')?.0.trim_matches(['[', ']']).to_owned()))
        .collect();
    let says = words!("upstream-dns-failing-servfail", percent = format!("{:.0}", 100.0 * failed / all));
    Some(Trouble { at, says, onset: None, servers })
}

/// True when CoreDNS asks other servers than the nodes do: then the nodes' success says nothing of those.
fn of_others(trouble: &Trouble, facts: &Facts) -> bool {
    let known: BTreeSet<&str> = facts
        .resolv_confs
        .ok()
        .into_iter()
        .flat_map(|rows| rows.iter())
        .filter(|conf| !conf.node.is_empty())
        .flat_map(|conf| conf.value.nameservers.iter().map(String::as_str))
        .filter(|server| !server.starts_with("127."))
        .collect();
    !known.is_empty() && !trouble.servers.is_empty() && trouble.servers.iter().all(|server| !known.contains(server.as_str()))
}

fn from_coredns(facts: &Facts, works: Option<&Question>, out: &mut Checked) {
    let trouble = trouble(facts);
    let others = trouble.as_ref().is_some_and(|trouble| of_others(trouble, facts));
    match (trouble, works) {
        (Some(trouble), works) if works.is_none() || others => {
            let mut finding = META
                .finding(Subject::cluster(""), words!("upstream-dns-failing-title"), trouble.at, trouble.says)
                .since(trouble.onset)
                .settled_by(words!("upstream-dns-failing-settle"));
            if others {
                let servers: Vec<&str> = trouble.servers.iter().map(String::as_str).take(3).collect();
                finding.differs.push(words!("upstream-dns-failing-others", servers = servers.join(", ")));
            }
            out.found(remedied(finding));
        }
        // The nodes' own resolver answers: one forwarded domain, or packets lost on CoreDNS' node.
        (Some(trouble), Some(question)) => out.found(
            META.finding(Subject::cluster(""), words!("upstream-dns-failing-title"), trouble.at, trouble.says)
                .confidence(Confidence::Possible)
                .severity(Severity::Warning)
                .since(trouble.onset)
                .contradicted_by(question.at, words!("upstream-dns-failing-cleared", node = name_of(question), name = &question.name)),
        ),
        (None, Some(question)) => {
            out.cleared(question.at, words!("upstream-dns-failing-cleared", node = name_of(question), name = &question.name));
            let told = facts.logs.ok().is_some_and(|logs| logs.of(Component::CoreDns).next().is_some());
            if !told {
                out.blind(Missing::table(TableKind::CoreDnsLogs));
            }
        }
        (_, None) => out.blind(Missing::table(TableKind::DnsLookups)),
    }
}

fn remedied(finding: Finding) -> Finding {
    finding
        .step(
            Step::new(words!("upstream-dns-failing-compare"))
                .run(Risk::Reads, command("nslookup mcr.microsoft.com 168.63.129.16", &[])),
        )
        .step(Step::new(words!("upstream-dns-failing-repair")))
        .step(Step::new(words!("upstream-dns-failing-forward")))
}
