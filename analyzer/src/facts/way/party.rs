//! Who is meant by a name: a node, a pod, a service, the API server or an address.

use std::net::IpAddr;

use konspect_netfilter::packet::protocol;

use crate::facts::reach::KUBELET_PORT;
use crate::facts::{Facts, Nodes, Pods, Services};
use crate::model::kube::Pod;
use crate::model::workload::Service;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Node,
    Pod,
    Service,
    ApiServer,
    Address,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Pod => "pod",
            Self::Service => "service",
            Self::ApiServer => "api-server",
            Self::Address => "address",
        }
    }
}

/// One end of a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    pub kind: Kind,
    /// A node's name, `namespace/name`, or the address.
    pub name: String,
    pub addresses: Vec<IpAddr>,
    /// The node that hosts it; empty for what is outside of all.
    pub node: String,
    /// It speaks with its node's own address.
    pub own: bool,
}

/// Both ends and what goes between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The API server's connections come out of every tunnel agent.
    pub from: Vec<Party>,
    pub to: Party,
    pub port: Option<u16>,
    pub protocol: u8,
}

/// What a name lacks to mean one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// Nothing has this name.
    Nobody(String),
    /// Several things have it.
    Several(String, Vec<String>),
    /// It is known, and no address of it was collected.
    NoAddress(String),
    /// No port was given and none is obvious.
    NoPort(String),
    Protocol(String),
}

/// Reads `FROM` and `TO[:PORT][/PROTOCOL]`.
pub fn ends(facts: &Facts, from: &str, to: &str) -> Result<Ends, Unresolved> {
    let (rest, word) = protocol_of(to);
    let (name, port) = port_of(rest);
    let target = party(facts, name)?;
    let (port, told) = port_and_protocol(facts, &target, port)?;
    let protocol = match word {
        Some(word) => number(word).ok_or_else(|| Unresolved::Protocol(word.to_owned()))?,
        None => told.unwrap_or(protocol::TCP),
    };
    let ported = konspect_netfilter::packet::has_ports(protocol);
    if ported && port.is_none() {
        return Err(Unresolved::NoPort(to.to_owned()));
    }
    let from = if is_apiserver(facts, from) && target.kind != Kind::ApiServer {
        agents(facts).unwrap_or_else(|| vec![party_apiserver(facts)])
    } else {
        vec![party(facts, from)?]
    };
    let addressed = |party: &Party| !party.addresses.is_empty();
    for end in from.iter().chain([&target]) {
        if !addressed(end) {
            return Err(Unresolved::NoAddress(end.name.clone()));
        }
    }
    Ok(Ends { from, to: target, port: port.filter(|_| ported), protocol })
}

/// A trailing `/tcp`, as opposed to the slash between namespace and name.
fn protocol_of(text: &str) -> (&str, Option<&str>) {
    let known = |word: &str| {
        number(word).is_some() || matches!(word.to_ascii_lowercase().as_str(), "http" | "https")
    };
    match text.rsplit_once('/') {
        Some((rest, word)) if known(word) && !word.contains(':') => (rest, Some(word)),
        _ => (text, None),
    }
}

fn number(word: &str) -> Option<u8> {
    Some(match word.to_ascii_lowercase().as_str() {
        "tcp" => protocol::TCP,
        "udp" => protocol::UDP,
        "sctp" => protocol::SCTP,
        "icmp" | "ping" => protocol::ICMP,
        _ => return None,
    })
}

/// `name:PORT`, `10.0.0.1:PORT`, `[fd00::1]:PORT`; a bare IPv6 address has no port.
fn port_of(text: &str) -> (&str, Option<&str>) {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, rest)) = rest.split_once(']') else { return (text, None) };
        return (address, rest.strip_prefix(':').filter(|port| !port.is_empty()));
    }
    match text.split_once(':') {
        Some((name, port)) if !port.contains(':') && !port.is_empty() => (name, Some(port)),
        _ => (text, None),
    }
}

fn port_and_protocol(
    facts: &Facts,
    party: &Party,
    port: Option<&str>,
) -> Result<(Option<u16>, Option<u8>), Unresolved> {
    let service = match party.kind {
        Kind::Service => party.name.split_once('/').and_then(|(namespace, name)| {
            facts.services.ok().and_then(|services| services.get(namespace, name))
        }),
        _ => None,
    };
    let protocol = |word: &str| number(if word.is_empty() { "tcp" } else { word });
    match (port, service) {
        (Some(text), service) => {
            let named = service
                .into_iter()
                .flat_map(|service| &service.ports)
                .find(|port| port.name == text || port.port.to_string() == text);
            match (text.parse::<u16>(), named) {
                (_, Some(port)) => Ok((Some(port.port), protocol(&port.protocol))),
                (Ok(port), None) if port > 0 => Ok((Some(port), None)),
                _ => Err(Unresolved::NoPort(format!("{}:{text}", party.name))),
            }
        }
        (None, Some(service)) => Ok(service
            .ports
            .first()
            .map_or((None, None), |port| (Some(port.port), protocol(&port.protocol)))),
        (None, None) => Ok(match party.kind {
            Kind::Node => (Some(KUBELET_PORT), None),
            Kind::ApiServer => (Some(443), None),
            _ => (None, None),
        }),
    }
}

fn is_apiserver(facts: &Facts, name: &str) -> bool {
    let plain = name.to_ascii_lowercase().replace(['-', '_', ' '], "");
    matches!(plain.as_str(), "apiserver" | "kubeapiserver") || facts.context.is_apiserver(name)
}

/// The tunnel's agents: from there the API server's connections enter the network.
fn agents(facts: &Facts) -> Option<Vec<Party>> {
    let agents: Vec<Party> =
        facts.tunnel.ok()?.agents.iter().map(|agent| of_pod(facts, &agent.pod)).collect();
    (!agents.is_empty()).then_some(agents)
}

fn party_apiserver(facts: &Facts) -> Party {
    let addresses =
        facts.context.apiserver_addresses.iter().filter_map(|text| text.parse().ok()).collect();
    let name = facts.context.apiserver_names.first().map_or("api-server", String::as_str);
    Party {
        kind: Kind::ApiServer,
        name: name.to_owned(),
        addresses,
        node: String::new(),
        own: false,
    }
}

/// Who a name means; `node/`, `pod/` and `svc/` before it say what it is.
fn party(facts: &Facts, name: &str) -> Result<Party, Unresolved> {
    let explicit = name.split_once('/').and_then(|(kind, rest)| {
        let kind = match kind {
            "node" | "nodes" | "no" => Kind::Node,
            "pod" | "pods" | "po" => Kind::Pod,
            "service" | "services" | "svc" => Kind::Service,
            _ => return None,
        };
        // A namespace may be called `node`; then there is no second slash.
        (kind == Kind::Node || rest.contains('/') || only(facts, rest)).then_some((kind, rest))
    });
    let (wanted, name) = explicit.map_or((None, name), |(kind, rest)| (Some(kind), rest));
    if wanted.is_none() && is_apiserver(facts, name) {
        return Ok(party_apiserver(facts));
    }
    let mut found = Vec::new();
    let is = |kind: Kind| wanted.is_none_or(|wanted| wanted == kind);
    if is(Kind::Node)
        && let Some(node) = facts.nodes.ok().and_then(|nodes| nodes.find(name))
    {
        found.push(of_node(facts, &node.meta.name));
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(found.into_iter().next().unwrap_or_else(|| of_address(facts, address)));
    }
    if is(Kind::Pod) {
        found.extend(pods(facts, name).into_iter().map(|pod| of_pod(facts, pod)));
    }
    if is(Kind::Service) {
        found.extend(services(facts, name).into_iter().map(of_service));
    }
    // Dumps of a node that no list names.
    if found.is_empty()
        && is(Kind::Node)
        && let Some(known) = facts.firewalls.ok().and_then(|firewalls| firewalls.of(name))
    {
        found.push(of_node(facts, &known.node));
    }
    match (found.len(), found.into_iter().next()) {
        (1, Some(party)) => Ok(party),
        (0, _) | (_, None) => Err(Unresolved::Nobody(name.to_owned())),
        (_, Some(first)) => {
            let pods = pods(facts, name)
                .into_iter()
                .map(|pod| format!("pod/{}/{}", pod.meta.namespace, pod.meta.name));
            let services = services(facts, name)
                .into_iter()
                .map(|service| format!("svc/{}/{}", service.meta.namespace, service.meta.name));
            let node = (first.kind == Kind::Node).then(|| format!("node/{}", first.name));
            let all = node.into_iter().chain(pods).chain(services).take(8).collect();
            Err(Unresolved::Several(name.to_owned(), all))
        }
    }
}

/// Whether a name without namespace is some pod's or service's.
fn only(facts: &Facts, name: &str) -> bool {
    !pods(facts, name).is_empty() || !services(facts, name).is_empty()
}

fn pods<'f>(facts: &'f Facts, name: &str) -> Vec<&'f Pod> {
    let Some(pods) = facts.pods.ok() else { return Vec::new() };
    match name.split_once('/') {
        Some((namespace, name)) => pods.get(namespace, name).into_iter().collect(),
        None => pods.iter().filter(|pod| pod.meta.name == name).collect(),
    }
}

fn services<'f>(facts: &'f Facts, name: &str) -> Vec<&'f Service> {
    let Some(services) = facts.services.ok() else { return Vec::new() };
    match name.split_once('/') {
        Some((namespace, name)) => services.get(namespace, name).into_iter().collect(),
        None => services.iter().filter(|service| service.meta.name == name).collect(),
    }
}

/// A node as one end.
pub(super) fn of_node(facts: &Facts, name: &str) -> Party {
    let mut addresses: Vec<IpAddr> = facts
        .nodes
        .ok()
        .and_then(|nodes| nodes.get(name))
        .into_iter()
        .flat_map(|node| &node.addresses)
        .filter_map(|address| address.parse().ok())
        .collect();
    if addresses.is_empty() {
        addresses.extend(super::machine::uplink_addresses(facts, name));
    }
    Party { kind: Kind::Node, name: name.to_owned(), addresses, node: name.to_owned(), own: true }
}

fn of_pod(facts: &Facts, pod: &Pod) -> Party {
    let mut addresses: Vec<IpAddr> =
        [&pod.pod_ip].into_iter().filter_map(|address| address.parse().ok()).collect();
    let node = facts.nodes.ok().and_then(|nodes| nodes.find(&pod.node));
    let node = node.map_or(pod.node.as_str(), |node| &node.meta.name).to_owned();
    if addresses.is_empty() && pod.host_network {
        addresses = of_node(facts, &node).addresses;
    }
    let shared = of_node(facts, &node).addresses;
    let own = pod.host_network || addresses.iter().any(|address| shared.contains(address));
    let name = format!("{}/{}", pod.meta.namespace, pod.meta.name);
    Party { kind: Kind::Pod, name, addresses, node, own }
}

fn of_service(service: &Service) -> Party {
    let name = format!("{}/{}", service.meta.namespace, service.meta.name);
    let addresses = service.cluster_ip.parse().ok().into_iter().collect();
    Party { kind: Kind::Service, name, addresses, node: String::new(), own: false }
}

/// Whoever has an address.
pub(super) fn of_address(facts: &Facts, address: IpAddr) -> Party {
    let text = address.to_string();
    if let Some(node) = facts.nodes.ok().and_then(|nodes: &Nodes| nodes.by_address(&text)) {
        return of_node(facts, &node.meta.name);
    }
    if let Some(pod) = facts.pods.ok().and_then(|pods: &Pods| by_address(pods, &text)) {
        return of_pod(facts, pod);
    }
    let services = facts.services.ok();
    if let Some(service) = services.and_then(|services: &Services| services.by_address(&text)) {
        return of_service(service);
    }
    if facts.context.apiserver_addresses.contains(&text) {
        return Party { addresses: vec![address], ..party_apiserver(facts) };
    }
    Party {
        kind: Kind::Address,
        name: text,
        addresses: vec![address],
        node: String::new(),
        own: false,
    }
}

/// A pod that still runs and has this address as its own.
fn by_address<'f>(pods: &'f Pods, address: &str) -> Option<&'f Pod> {
    pods.iter().find(|pod| {
        pod.pod_ip == address
            && !pod.host_network
            && !matches!(pod.phase.as_str(), "Succeeded" | "Failed")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_taken_apart() {
        let split = |text| {
            let (rest, protocol) = protocol_of(text);
            let (name, port) = port_of(rest);
            (name, port, protocol)
        };
        assert_eq!(
            split("kube-system/kube-dns:53/udp"),
            ("kube-system/kube-dns", Some("53"), Some("udp"))
        );
        assert_eq!(split("kube-system/kube-dns"), ("kube-system/kube-dns", None, None));
        assert_eq!(split("default/web:https"), ("default/web", Some("https"), None));
        assert_eq!(split("[fd00::1]:10250/TCP"), ("fd00::1", Some("10250"), Some("TCP")));
        assert_eq!(split("fd00::1"), ("fd00::1", None, None));
        assert_eq!(split("10.0.0.4/icmp"), ("10.0.0.4", None, Some("icmp")));
    }
}
