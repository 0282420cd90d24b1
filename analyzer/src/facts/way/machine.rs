//! A node as the kernel sees itself, from what was collected of it: addresses, routes, its uplink.

use std::net::IpAddr;

use ipnet::IpNet;
use konspect_netfilter::node::{Interface, Node, Route};

use crate::facts::Facts;
use crate::facts::context::Platform;
use crate::model::node_files::Routes;

fn routes<'f>(facts: &'f Facts, name: &str) -> impl Iterator<Item = &'f Routes> {
    let name = name.to_owned();
    facts
        .routes
        .ok()
        .into_iter()
        .flat_map(|routes| routes.iter())
        .filter(move |row| row.node == name)
        .map(|row| &row.value)
}

fn is_default(destination: &str) -> bool {
    matches!(destination, "default" | "0.0.0.0/0" | "::/0")
}

/// The interface that leads to the other nodes, where it is known.
pub(super) fn uplink(facts: &Facts, name: &str) -> Option<String> {
    let told = routes(facts, name)
        .flat_map(|routes| &routes.routes)
        .find(|(destination, _, _)| is_default(destination))
        .map(|(_, _, device)| device.clone());
    // Azure's nodes have one, and the kernel calls it eth0.
    told.or_else(|| (facts.context.platform == Platform::Aks).then(|| "eth0".to_owned()))
}

pub(super) fn uplink_addresses(facts: &Facts, name: &str) -> Vec<IpAddr> {
    let uplink = uplink(facts, name).unwrap_or_else(|| "eth0".to_owned());
    routes(facts, name)
        .flat_map(|routes| &routes.addresses)
        .filter(|(device, _)| *device == uplink)
        .filter_map(|(_, address)| address.split('/').next()?.parse().ok())
        .collect()
}

/// The machine; `near` when the packet's destination is one of its own pods, whose interface nobody lists.
pub(super) fn machine(facts: &Facts, name: &str, own: &[IpAddr], near: bool) -> Node {
    let uplink = uplink(facts, name);
    let mut interfaces: Vec<Interface> = Vec::new();
    for (device, address) in routes(facts, name).flat_map(|routes| &routes.addresses) {
        let Ok(network) = address.parse::<IpNet>() else { continue };
        match interfaces.iter_mut().find(|known| *known.name == **device) {
            Some(known) => known.addresses.push(network),
            None => interfaces.push(interface(device, vec![network])),
        }
    }
    let has = |address: &IpAddr| {
        interfaces.iter().flat_map(|known| &known.addresses).any(|known| known.addr() == *address)
    };
    let missing: Vec<IpNet> =
        own.iter().filter(|address| !has(address)).copied().map(IpNet::from).collect();
    if !missing.is_empty() {
        let device = uplink.clone().unwrap_or_default();
        match interfaces.iter_mut().find(|known| *known.name == *device) {
            Some(known) => known.addresses.extend(missing),
            None => interfaces.push(interface(&device, missing)),
        }
    }
    // Pods come in by interfaces that nobody lists: with one more there is no only one.
    interfaces.push(interface("", Vec::new()));
    let mut known: Vec<Route> = Vec::new();
    for (destination, _, device) in routes(facts, name).flat_map(|routes| &routes.routes) {
        let networks = match destination.as_str() {
            "default" => EVERYWHERE.iter().filter_map(|text| text.parse().ok()).collect(),
            text => network(text).into_iter().collect::<Vec<IpNet>>(),
        };
        known.extend(networks.into_iter().map(|destination| route(destination, device)));
    }
    if known.is_empty()
        && !near
        && let Some(uplink) = &uplink
    {
        let networks = EVERYWHERE.iter().filter_map(|text| text.parse().ok());
        known.extend(networks.map(|destination| route(destination, uplink)));
    }
    Node {
        interfaces,
        routes: known,
        // Kubernetes lists a node's addresses, and the other end's belongs to somebody else.
        addresses_complete: true,
        routes_complete: false,
        quiet: false,
    }
}

/// Both families' default routes.
const EVERYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];

fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn route(destination: IpNet, interface: &str) -> Route {
    Route { destination, interface: interface.into() }
}

fn interface(name: &str, addresses: Vec<IpNet>) -> Interface {
    Interface { name: name.into(), addresses, mac: None, peer_mac: None }
}
