//! Route tables, outbound rules, public addresses, virtual networks and private DNS links.

use konspect_bundle::{Source, Span};

use super::super::raw_json::RawJson;
use super::super::{Rows, TableKind};
use super::{Resource, Shape, last_segment, segment_after};
use crate::model::azure::{
    OutboundRule, PrivateDnsLink, PublicIp, Route, RouteTable, Subnet, VirtualNetwork,
};

/// Reads one object of the network; says which table it covers.
pub(super) fn row(
    source: &Source<'_>,
    shape: Shape,
    resource: Resource<'_>,
    rows: &mut Rows,
) -> Option<TableKind> {
    let at = source.span_of(resource.own.bytes());
    match shape {
        Shape::RouteTable => {
            rows.route_tables.push(RouteTable {
                name: resource.text("name"),
                routes: resource
                    .items("routes")
                    .flat_map(|item| routes(source, Resource::new(item)))
                    .collect(),
                subnets: resource.items("subnets").map(|item| item.text_of("id")).collect(),
                at,
            });
            Some(TableKind::AzureRoutes)
        }
        Shape::Route => {
            lone_route(source, resource, at, rows);
            Some(TableKind::AzureRoutes)
        }
        Shape::OutboundRule => {
            rows.outbound_rules.push(outbound_rule(resource, at));
            Some(TableKind::AzureOutbound)
        }
        Shape::LoadBalancer => {
            for item in resource.items("outboundRules") {
                let at = source.span_of(item.bytes());
                rows.outbound_rules.push(outbound_rule(Resource::new(item), at));
            }
            Some(TableKind::AzureOutbound)
        }
        Shape::PublicIp => {
            let address = resource.text("ipAddress");
            rows.public_ips.push(PublicIp {
                name: resource.text("name"),
                id: resource.text("id"),
                address: if address.is_empty() { resource.text("ipPrefix") } else { address },
                used_by: ["natGateway", "ipConfiguration"]
                    .iter()
                    .map(|name| resource.id(name))
                    .find(|id| !id.is_empty())
                    .unwrap_or_default(),
                at,
            });
            None
        }
        Shape::VirtualNetwork => {
            rows.virtual_networks.push(virtual_network(source, resource, at));
            None
        }
        Shape::Subnet => {
            lone_subnet(source, resource, at, rows);
            None
        }
        Shape::PrivateDnsLink => {
            rows.private_dns_links.push(PrivateDnsLink {
                zone: segment_after(&resource.text("id"), "privateDnsZones").to_owned(),
                name: resource.text("name"),
                virtual_network: resource.id("virtualNetwork"),
                state: resource.text("virtualNetworkLinkState"),
                at,
            });
            None
        }
        _ => None,
    }
}

/// Puts a route of a bare list, or an effective one, into the table it names, or into one without
/// a name.
fn lone_route(source: &Source<'_>, resource: Resource<'_>, at: Span, rows: &mut Rows) {
    let id = resource.text("id");
    let name = segment_after(&id, "routeTables");
    let found = routes(source, resource);
    match rows.route_tables.iter_mut().find(|table| table.name == name) {
        Some(table) => {
            table.at = table.at.to(at);
            table.routes.extend(found);
        }
        None => rows.route_tables.push(RouteTable {
            name: name.to_owned(),
            routes: found,
            subnets: Vec::new(),
            at,
        }),
    }
}

/// The routes of an object, one per prefix; an effective route that is not active is none.
fn routes(source: &Source<'_>, resource: Resource<'_>) -> Vec<Route> {
    if resource.text("state").eq_ignore_ascii_case("Invalid") {
        return Vec::new();
    }
    let prefixes = resource.get("addressPrefix").map(RawJson::texts).unwrap_or_default();
    let hops = resource.get("nextHopIpAddress").map(RawJson::texts).unwrap_or_default();
    let route = |prefix: String| Route {
        name: resource.text("name"),
        prefix,
        next_hop_type: resource.text("nextHopType"),
        next_hop: hops.first().cloned().unwrap_or_default(),
        at: source.span_of(resource.own.bytes()),
    };
    prefixes.into_iter().map(route).collect()
}

fn outbound_rule(resource: Resource<'_>, at: Span) -> OutboundRule {
    OutboundRule {
        name: resource.text("name"),
        allocated_ports: resource.get("allocatedOutboundPorts").and_then(RawJson::whole),
        idle_timeout_minutes: resource.get("idleTimeoutInMinutes").and_then(RawJson::whole),
        frontend_ips: resource
            .items("frontendIPConfigurations")
            .map(|item| item.text_of("id"))
            .filter(|id| !id.is_empty())
            .collect(),
        protocol: resource.text("protocol"),
        at,
    }
}

fn virtual_network(source: &Source<'_>, resource: Resource<'_>, at: Span) -> VirtualNetwork {
    let peering = |item: RawJson<'_>| {
        let peering = Resource::new(item);
        let (remote, state) = (peering.id("remoteVirtualNetwork"), peering.text("peeringState"));
        let remote =
            if remote.is_empty() { peering.text("name") } else { last_segment(&remote).to_owned() };
        if state.is_empty() { remote } else { format!("{remote} ({state})") }
    };
    VirtualNetwork {
        name: resource.text("name"),
        prefixes: resource
            .get("addressSpace")
            .map(|space| space.texts_of("addressPrefixes"))
            .unwrap_or_default(),
        dns_servers: resource
            .get("dhcpOptions")
            .map(|options| options.texts_of("dnsServers"))
            .unwrap_or_default(),
        subnets: resource
            .items("subnets")
            .map(|item| subnet(Resource::new(item), source.span_of(item.bytes())))
            .collect(),
        peerings: resource.items("virtualNetworkPeerings").map(peering).collect(),
        at,
    }
}

/// Puts a subnet that stands alone into the network it names, or into one without a name.
fn lone_subnet(_source: &Source<'_>, resource: Resource<'_>, at: Span, rows: &mut Rows) {
    let subnet = subnet(resource, at);
    let name = segment_after(&subnet.id, "virtualNetworks").to_owned();
    match rows.virtual_networks.iter_mut().find(|network| network.name == name) {
        Some(network) => network.subnets.push(subnet),
        None => rows.virtual_networks.push(VirtualNetwork {
            name,
            subnets: vec![subnet],
            at,
            ..VirtualNetwork::default()
        }),
    }
}

fn subnet(resource: Resource<'_>, at: Span) -> Subnet {
    let mut prefixes = resource.get("addressPrefixes").map(RawJson::texts).unwrap_or_default();
    if prefixes.is_empty() {
        prefixes = resource.get("addressPrefix").map(RawJson::texts).unwrap_or_default();
    }
    Subnet {
        id: resource.text("id"),
        name: resource.text("name"),
        prefixes,
        nsg: resource.id("networkSecurityGroup"),
        route_table: resource.id("routeTable"),
        used_addresses: resource.get("ipConfigurations").map(|list| list.items().count() as u64),
        at,
    }
}
