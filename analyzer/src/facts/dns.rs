//! Name resolution, layer by layer: who asked which server for what kind of name, and what came of it.
//!
//! It joins look-ups, probes, logs and events, and knows nothing of what their outcome means.

use std::collections::BTreeSet;

use jiff::Timestamp;
use konspect_bundle::Span;

use crate::facts::{Events, Facts};
use crate::model::kube::Event;
use crate::model::log::{Component, Signal};
use crate::model::network_error::NetworkError;
use crate::model::node_files::{LookupResult, ProbeResult};

/// Azure's own resolver and host address.
pub const PLATFORM_DNS: &str = "168.63.129.16";

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    Node(String),
    /// A pod, as `namespace/name` where that is known.
    Pod(String),
    /// The machine of the person who collected.
    Client,
}

/// What kind of name was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameKind {
    ApiServer,
    /// A name of the cluster's own domain.
    Cluster,
    External,
}

/// Which resolver was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resolver {
    /// The one that the asker is configured with.
    Own,
    Platform,
    /// Another one, named for the test.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Resolved,
    NoSuchName,
    /// No answer came.
    Silent,
    /// An answer that is an error: SERVFAIL, REFUSED, a closed port.
    Failed,
}

/// One question and its outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    pub asker: Asker,
    pub name: String,
    pub kind: NameKind,
    pub resolver: Resolver,
    /// The resolver's address, where the answer or the complaint tells it.
    pub server: String,
    pub outcome: Outcome,
    /// Asked by hand or by a probe, rather than read from a program's complaint.
    pub direct: bool,
    pub addresses: Vec<String>,
    pub time: Option<Timestamp>,
    pub last: Option<Timestamp>,
    pub at: Span,
}

/// Every question that the bundle shows.
pub fn questions(facts: &Facts) -> Vec<Question> {
    let mut out = Vec::new();
    lookups(facts, &mut out);
    probes(facts, &mut out);
    logs(facts, &mut out);
    events(facts, &mut out);
    out
}

fn kind_of(facts: &Facts, name: &str) -> NameKind {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let known = facts.context.apiserver_names.iter().any(|known| known.eq_ignore_ascii_case(&name));
    if known || name.ends_with(".azmk8s.io") {
        NameKind::ApiServer
    } else if name.ends_with(".cluster.local")
        || name.rsplit('.').next() == Some("svc")
        || name.starts_with("kubernetes.default")
        || name == "kubernetes"
    {
        NameKind::Cluster
    } else {
        NameKind::External
    }
}

fn is_address(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok()
}

/// A machine that is not a node is the client's.
fn asker(facts: &Facts, node: &str, pod: &str) -> Asker {
    if !pod.is_empty() {
        return Asker::Pod(pod.to_owned());
    }
    if node.is_empty() {
        return Asker::Client;
    }
    match facts.nodes.ok().and_then(|nodes| nodes.find(node)) {
        Some(known) => Asker::Node(known.meta.name.to_string()),
        None => Asker::Node(node.to_owned()),
    }
}

fn resolver(server: &str) -> Resolver {
    if server.starts_with(PLATFORM_DNS) {
        Resolver::Platform
    } else if server.is_empty() || server.starts_with("127.") || server.starts_with("169.254.10.") {
        Resolver::Own
    } else {
        Resolver::Other
    }
}

fn lookups(facts: &Facts, out: &mut Vec<Question>) {
    for row in facts.lookups.ok().into_iter().flat_map(|rows| rows.iter()) {
        let lookup = &row.value;
        let (outcome, addresses) = match &lookup.result {
            LookupResult::Answer { addresses, .. } => (Outcome::Resolved, addresses.clone()),
            LookupResult::NoSuchName => (Outcome::NoSuchName, Vec::new()),
            LookupResult::Timeout => (Outcome::Silent, Vec::new()),
            LookupResult::ServerFailure | LookupResult::Refused => (Outcome::Failed, Vec::new()),
            LookupResult::Unknown => continue,
        };
        let asker = asker(facts, &row.node, &lookup.pod);
        let mut resolver = resolver(&lookup.server);
        // A server that is named in an answer may be the node's own.
        let own = facts.resolv_confs.ok().into_iter().flat_map(|rows| rows.iter()).any(|conf| {
            conf.node == row.node
                && conf
                    .value
                    .nameservers
                    .iter()
                    .any(|server| lookup.server.starts_with(server.as_str()))
        });
        if resolver == Resolver::Other && (own || matches!(asker, Asker::Pod(_))) {
            resolver = Resolver::Own;
        }
        out.push(Question {
            asker,
            kind: kind_of(facts, &lookup.name),
            name: lookup.name.clone(),
            resolver,
            server: lookup.server.clone(),
            outcome,
            direct: true,
            addresses,
            time: None,
            last: None,
            at: lookup.at,
        });
    }
}

fn probes(facts: &Facts, out: &mut Vec<Question>) {
    for row in facts.probes.ok().into_iter().flat_map(|rows| rows.iter()) {
        let probe = &row.value;
        let host = &probe.target.host;
        if host.is_empty() || is_address(host) {
            continue;
        }
        let outcome = match probe.result {
            ProbeResult::Unresolved => Outcome::NoSuchName,
            ProbeResult::ResolveTimedOut => Outcome::Silent,
            ProbeResult::CheckFailed | ProbeResult::Unknown => continue,
            _ => Outcome::Resolved,
        };
        out.push(Question {
            asker: asker(facts, &row.node, &probe.pod),
            kind: kind_of(facts, host),
            name: host.clone(),
            resolver: Resolver::Own,
            server: String::new(),
            outcome,
            direct: true,
            addresses: Vec::new(),
            time: None,
            last: None,
            at: probe.at,
        });
    }
}

fn of_error(error: &NetworkError) -> Option<(&str, &str, Outcome)> {
    match error {
        NetworkError::NoSuchHost { name, server } => Some((name, server, Outcome::NoSuchName)),
        NetworkError::LookupTimeout { name, server } => Some((name, server, Outcome::Silent)),
        NetworkError::LookupFailed { name, server } => Some((name, server, Outcome::Failed)),
        _ => None,
    }
}

/// What programs complain of; those of the node itself and the tunnel agents use the node's resolver.
fn logs(facts: &Facts, out: &mut Vec<Question>) {
    let Some(logs) = facts.logs.ok() else { return };
    let mut seen = BTreeSet::new();
    for log in logs.iter().filter(|log| log.origin.component != Component::CoreDns) {
        let origin = &log.origin;
        let node_side = origin.pod.is_empty()
            || origin.component == Component::TunnelAgent
            || origin.component == Component::KubeProxy;
        for count in log.signals.iter().filter(|count| count.signal != Signal::AgentTeardown) {
            for hit in &count.hits {
                let Some((name, server, outcome)) = hit.error.as_ref().and_then(of_error) else {
                    continue;
                };
                let asker = if node_side {
                    let node = if origin.node.is_empty() { "" } else { &origin.node };
                    if node.is_empty() && origin.component == Component::Other {
                        continue;
                    }
                    Asker::Node(node.to_owned())
                } else {
                    Asker::Pod(format!("{}/{}", origin.namespace, origin.pod))
                };
                if name.is_empty() || !seen.insert((asker.clone(), name.to_owned(), outcome)) {
                    continue;
                }
                out.push(Question {
                    asker,
                    kind: kind_of(facts, name),
                    name: name.to_owned(),
                    resolver: Resolver::Own,
                    server: server.to_owned(),
                    outcome,
                    direct: false,
                    addresses: Vec::new(),
                    time: hit.time,
                    last: count.last,
                    at: hit.at,
                });
            }
        }
    }
}

/// node-problem-detector's egress check names curl's words for each address, the kubelet's pulls
/// the runtime's.
fn events(facts: &Facts, out: &mut Vec<Question>) {
    for event in facts.events.ok().into_iter().flat_map(Events::iter) {
        let node = if event.object.kind == "Node" {
            event.object.name.as_str()
        } else {
            event.host.as_str()
        };
        if node.is_empty() {
            continue;
        }
        match event.reason.as_str() {
            "EgressBlocked" => {
                for item in event.message.split("curl: (").skip(1) {
                    let Some((name, outcome)) = curl_item(item) else { continue };
                    push_event(facts, out, event, node, (&name, "", outcome));
                }
            }
            "Failed" if event.message.contains("lookup ") => {
                for error in crate::parse::network_error::network_errors(&event.message) {
                    if let Some(asked) = of_error(&error) {
                        push_event(facts, out, event, node, asked);
                    }
                }
            }
            _ => {}
        }
    }
}

fn push_event(
    facts: &Facts,
    out: &mut Vec<Question>,
    event: &Event,
    node: &str,
    (name, server, outcome): (&str, &str, Outcome),
) {
    out.push(Question {
        asker: asker(facts, node, ""),
        kind: kind_of(facts, name),
        name: name.to_owned(),
        resolver: Resolver::Own,
        server: server.to_owned(),
        outcome,
        direct: false,
        addresses: Vec::new(),
        time: event.first.get().or(event.last.get()),
        last: event.last.get(),
        at: event.at,
    });
}

/// `28) Resolving timed out after 10000 milliseconds: https://mcr.microsoft.com/v2/ ;`.
fn curl_item(item: &str) -> Option<(String, Outcome)> {
    let outcome = if item.contains("Resolving timed out") {
        Outcome::Silent
    } else if item.starts_with("6)") {
        Outcome::NoSuchName
    } else {
        return None;
    };
    let (_, rest) = item.split_once("https://").or_else(|| item.split_once("http://"))?;
    let name = rest.split(['/', ' ', ';', ')', ':', ',']).next()?;
    (!name.is_empty()).then(|| (name.to_owned(), outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_the_egress_check() {
        let item =
            "28) Resolving timed out after 10000 milliseconds: https://mcr.microsoft.com/v2/ ;";
        assert_eq!(curl_item(item), Some(("mcr.microsoft.com".to_owned(), Outcome::Silent)));
        assert_eq!(
            curl_item("28) Connection timed out after 10000 milliseconds: https://x.com/"),
            None
        );
        let item = "6) Could not resolve host: x.com: https://x.com/";
        assert_eq!(curl_item(item), Some(("x.com".to_owned(), Outcome::NoSuchName)));
    }
}
