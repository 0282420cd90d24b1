//! A client or a node still uses an address that the API server had before it was stopped and started.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::{Span, words};

use crate::facts::addresses::is_private;
use crate::facts::client::{ClientAttempt, Outcome};
use crate::facts::{Client, Context, Facts};
use crate::finding::{Confidence, Finding, Meta, Risk, Scope, Step, Subject};
use crate::model::node_files::{LookupResult, ProbeResult};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ApiServerAddressChanged;

static META: Meta = rule_meta!(
    "KSP1009",
    "apiserver-address-changed",
    Path,
    Cause,
    Critical,
    "apiserver_address_changed.md"
);

impl Rule for ApiServerAddressChanged {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let context = &facts.context;
        let current = current_addresses(facts);
        if let Some(client) = facts.client.ok() {
            let answer = client.attempts.iter().find(|attempt| {
                attempt.outcome.answered() && !asks_the_new_address(attempt, &current)
            });
            if let Some(answer) = answer {
                out.cleared(answer.at, words!("apiserver-address-changed-answered"));
            } else if let Some(finding) = stale_client(facts, client, &current) {
                out.found(finding);
            } else if let Some((address, at)) =
                client.resolved().find(|(address, _)| current.contains_key(*address))
            {
                out.cleared(at, words!("apiserver-address-changed-same", address = address));
            }
        }
        for entry in facts.hosts.ok().into_iter().flat_map(|hosts| hosts.iter()) {
            let about = entry.value.names.iter().any(|name| context.is_apiserver(name));
            if entry.node.is_empty() || !about || current.contains_key(&entry.value.address) {
                continue;
            }
            let Some((new, seen)) = current.iter().next() else { continue };
            let probe = dead_probe(facts, &entry.node);
            let mut finding = META
                .finding(
                    Subject::node(&entry.node),
                    words!(
                        "apiserver-address-changed-title",
                        old = &entry.value.address,
                        new = new
                    ),
                    entry.value.at,
                    words!("apiserver-address-changed-hosts", old = &entry.value.address),
                )
                .on_node(&entry.node)
                .supported_by(*seen, words!("apiserver-address-changed-now", new = new));
            if let Some(at) = probe {
                finding = finding.confidence(Confidence::Proven).supported_by(
                    at,
                    words!("apiserver-address-changed-dead", old = &entry.value.address),
                );
            }
            out.found(finding.step(Step::new(words!("apiserver-address-changed-hosts-step"))));
        }
    }
}

/// Addresses that name servers give for the API server now: on nodes, or to a look-up that asked a
/// server and not a hosts file.
fn current_addresses(facts: &Facts) -> BTreeMap<String, Span> {
    let context = &facts.context;
    let (mut on_nodes, mut by_servers) = (BTreeMap::new(), BTreeMap::new());
    for lookup in facts.lookups.ok().into_iter().flat_map(|lookups| lookups.iter()) {
        if !context.is_apiserver(&lookup.value.name) {
            continue;
        }
        let current = if !lookup.node.is_empty() {
            &mut on_nodes
        } else if !lookup.value.server.is_empty() {
            &mut by_servers
        } else {
            continue;
        };
        if let LookupResult::Answer { addresses, .. } = &lookup.value.result {
            for address in addresses {
                current.entry(address.clone()).or_insert(lookup.value.at);
            }
        }
    }
    // The client's own resolver may be the one that is stale.
    if on_nodes.is_empty() { by_servers } else { on_nodes }
}

/// A connection to the new address by number says nothing of the address that the client's name leads to.
fn asks_the_new_address(attempt: &ClientAttempt, current: &BTreeMap<String, Span>) -> bool {
    attempt.probe && current.contains_key(&attempt.host)
}

/// The client dials an address that no name server gives any more.
fn stale_client(
    facts: &Facts,
    client: &Client,
    current: &BTreeMap<String, Span>,
) -> Option<Finding> {
    let attempt = client.attempts.iter().find(|attempt| {
        attempt.outcome.dial_failed()
            && attempt.host.parse::<std::net::IpAddr>().is_ok()
            && !current.contains_key(&attempt.host)
    })?;
    // Split horizons give clients and nodes addresses of different kinds.
    let (new, seen) =
        current.iter().find(|(new, _)| is_private(new) == is_private(&attempt.host))?;
    let old = attempt.host.as_str();
    // A name server that gives the client the old address as well is no proof of a change by itself.
    let hosts = client.hosts.iter().find(|entry| entry.address == old);
    let started = restarted(facts);
    let reaches = client
        .attempts_with(Outcome::answered)
        .all(|attempt| asks_the_new_address(attempt, current));
    let confidence = if hosts.is_some() || started.is_some() {
        Confidence::Proven
    } else {
        Confidence::Likely
    };
    let (at, says) = match hosts {
        Some(entry) => (entry.at, words!("apiserver-address-changed-hosts", old = old)),
        None => (attempt.at, words!("apiserver-address-changed-dead", old = old)),
    };
    let mut finding = META
        .finding(
            Subject::new("Client", "", old),
            words!("apiserver-address-changed-title", old = old, new = new),
            at,
            says,
        )
        .confidence(confidence)
        .since(started.map_or(attempt.time, |(time, _)| time))
        .scope(Scope::Client(String::new()))
        .supported_by(*seen, words!("apiserver-address-changed-now", new = new));
    if hosts.is_some() && reaches {
        finding = finding
            .supported_by(attempt.at, words!("apiserver-address-changed-dead", old = old));
    }
    if let Some((_, at)) = started {
        finding = finding.supported_by(at, words!("apiserver-address-changed-restart"));
    }
    let looked_up = client.lookups.first().map(|lookup| lookup.name.as_str());
    let name = looked_up.or(facts.context.apiserver_names.first().map(String::as_str));
    let look = Step::new(words!("apiserver-address-changed-look"));
    let look = match name {
        Some(name) => look.run(Risk::Reads, command("nslookup {}", &[name])),
        None => look,
    };
    Some(
        finding
            .step(look)
            .step(Step::new(if hosts.is_some() {
                words!("apiserver-address-changed-hosts-step")
            } else {
                words!("apiserver-address-changed-flush")
            })),
    )
}

/// A start of the cluster in the activity log.
fn restarted(facts: &Facts) -> Option<(Option<Timestamp>, Span)> {
    facts
        .azure_activities
        .ok()?
        .iter()
        .filter(|activity| {
            activity.operation.to_ascii_lowercase().ends_with("managedclusters/start/action")
        })
        .max_by_key(|activity| activity.time)
        .map(|activity| (activity.time, activity.at))
}

/// A probe of the API server from this node that got no answer.
fn dead_probe(facts: &Facts, node: &str) -> Option<Span> {
    let context: &Context = &facts.context;
    let probes = facts.probes.ok()?;
    let of_node = probes.iter().filter(|probe| {
        probe.node == node
            && probe.value.target.port == 443
            && context.is_apiserver(&probe.value.target.host)
    });
    of_node
        .into_iter()
        .find(|probe| matches!(probe.value.result, ProbeResult::TimedOut | ProbeResult::Refused))
        .map(|probe| probe.value.at)
}
