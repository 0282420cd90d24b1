//! What Azure's own configuration does to outbound connections of the nodes: network security groups,
//! user-defined routes, and the public addresses by which the nodes leave.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;
use konspect_bundle::Span;
use konspect_netfilter::change::{self, Change};
use konspect_netfilter::nsg::{Context, Direction, Flow, Nsg, NsgVerdict, Prefix};
use konspect_netfilter::packet::protocol;

use super::Facts;
use super::addresses::{is_private, is_public};
use crate::model::azure::{ManagedCluster, PublicIp, RouteTable};

/// An outbound rule of a group that denies, before any that allows.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboundDeny {
    pub group: String,
    pub rule: String,
    pub priority: u32,
    /// Resource ids of the subnets that the group guards.
    pub subnets: Vec<String>,
    pub at: Span,
    /// The rule that would let it through, tried before.
    pub change: Option<Change>,
}

/// A user-defined route.
#[derive(Clone, Debug, PartialEq)]
pub struct UserRoute {
    pub table: String,
    pub prefix: String,
    /// `VirtualAppliance`, or `None` for a black hole.
    pub next_hop_type: String,
    pub next_hop: String,
    pub at: Span,
}

/// Where a public address by which nodes leave is known from.
#[derive(Clone, Debug, PartialEq)]
pub enum EgressOrigin {
    PublicIp(String),
    Audit(String),
}

/// Groups that deny TCP 443 to a destination; without an address, to the internet as a whole.
pub fn denies(facts: &Facts, destination: Option<IpAddr>) -> Vec<OutboundDeny> {
    let Some(groups) = facts.network_groups.ok() else { return Vec::new() };
    let sources = sources(facts);
    let mut found: Vec<OutboundDeny> = groups
        .groups
        .iter()
        .filter_map(|group| {
            sources.iter().find_map(|source| {
                denied(facts, group, *source, destination, groups.context.clone())
            })
        })
        .collect();
    found.sort_by(|a, b| (&a.group, a.priority).cmp(&(&b.group, b.priority)));
    found.dedup_by(|a, b| a.group == b.group && a.rule == b.rule);
    found
}

/// One address of each pool's nodes.
fn sources(facts: &Facts) -> Vec<IpAddr> {
    let mut pools = BTreeSet::new();
    let nodes = facts.nodes.ok();
    let mut sources: Vec<IpAddr> = nodes
        .into_iter()
        .flat_map(super::Nodes::iter)
        .filter(|node| pools.insert(node.pool().unwrap_or_default().to_owned()))
        .filter_map(|node| node.addresses.iter().find_map(|address| address.parse().ok()))
        .collect();
    // Any address of the network stands for nodes that nobody listed.
    if sources.is_empty() {
        let networks = facts.virtual_networks.ok().into_iter().flat_map(|networks| networks.iter());
        let inside = networks
            .flat_map(|network| &network.prefixes)
            .find_map(|prefix| prefix.parse::<IpNet>().ok()?.hosts().nth(3));
        sources.push(inside.unwrap_or(IpAddr::from([10, 224, 0, 4])));
    }
    sources
}

fn denied(
    facts: &Facts,
    group: &Nsg,
    source: IpAddr,
    destination: Option<IpAddr>,
    mut context: Context,
) -> Option<OutboundDeny> {
    let target = destination.unwrap_or_else(|| elsewhere(group));
    if is_private(&source.to_string()) {
        context.virtual_network.push(source.into());
    }
    // Where the destination is not in the tags that the rules name, or is known to be.
    let cluster = facts.clusters.ok().and_then(|clusters| clusters.first());
    let location = cluster.map_or("", |cluster| cluster.location.as_str());
    for tag in tags(group) {
        let cloud = tag.to_ascii_lowercase();
        let prefixes = match (destination, cloud.strip_prefix("azurecloud")) {
            (None, _) => Vec::new(),
            // AKS' API servers are in the cloud's own tag and that of their region.
            (Some(address), Some(region)) if is_public(&address.to_string()) => {
                let here = region.trim_start_matches('.').eq_ignore_ascii_case(location);
                match (region.is_empty() || here, location.is_empty()) {
                    (true, _) => vec![IpNet::from(address)],
                    (false, true) => continue,
                    (false, false) => Vec::new(),
                }
            }
            _ => continue,
        };
        context.service_tags.insert(tag, prefixes);
    }
    let flow = Flow {
        direction: Direction::Outbound,
        protocol: protocol::TCP,
        source,
        destination: target,
        source_port: None,
        destination_port: Some(443),
    };
    let judged = group.judge(&flow, &context);
    let rule = group.rules.get(judged.rule?)?;
    // What Azure's own last rule denies is what no rule was made for.
    if judged.verdict != NsgVerdict::Deny || rule.default {
        return None;
    }
    Some(OutboundDeny {
        group: group.name.to_string(),
        rule: rule.name.to_string(),
        priority: rule.priority,
        subnets: group.subnets.iter().map(ToString::to_string).collect(),
        at: rule.at,
        change: destination.and_then(|_| {
            let set = cluster.map_or("", |cluster| cluster.node_resource_group.as_str());
            change::for_nsg((Some(group), None), &flow, &context, set, true)
        }),
    })
}

/// Service tags that a group's outbound rules name.
fn tags(group: &Nsg) -> BTreeSet<String> {
    let outbound = group.rules.iter().filter(|rule| rule.direction == Direction::Outbound);
    outbound
        .flat_map(|rule| &rule.destinations)
        .filter_map(|prefix| match prefix {
            Prefix::Tag(tag)
                if !tag.eq_ignore_ascii_case("Internet")
                    && !tag.eq_ignore_ascii_case("VirtualNetwork") =>
            {
                Some(tag.to_string())
            }
            _ => None,
        })
        .collect()
}

/// A public address that no rule of the group names: it stands for the internet as a whole.
fn elsewhere(group: &Nsg) -> IpAddr {
    let named = |address: IpAddr| {
        group.rules.iter().flat_map(|rule| &rule.destinations).any(|prefix| {
            matches!(prefix, Prefix::Network(network)
                if network.prefix_len() > 0 && network.contains(&address))
        })
    };
    (1..=223_u8)
        .map(|first| IpAddr::from([first, 91, 107, 113]))
        .find(|address| is_public(&address.to_string()) && !named(*address))
        .unwrap_or(IpAddr::from([198, 91, 107, 113]))
}

/// The default routes that route tables set.
pub fn default_routes(facts: &Facts) -> Vec<UserRoute> {
    let tables = facts.route_tables.ok().into_iter().flat_map(|tables| tables.iter());
    tables
        .flat_map(|table| routes(table).filter(|route| route.prefix == "0.0.0.0/0"))
        .filter(|route| matches!(route.next_hop_type.as_str(), "VirtualAppliance" | "None"))
        .collect()
}

fn routes(table: &RouteTable) -> impl Iterator<Item = UserRoute> {
    table.routes.iter().map(|route| UserRoute {
        table: table.name.clone(),
        prefix: route.prefix.clone(),
        next_hop_type: route.next_hop_type.clone(),
        next_hop: route.next_hop.clone(),
        at: route.at,
    })
}

/// The user-defined route that a node's packets to an address take: of the longest prefix, in the table
/// of the node's subnet; `None` where Azure's own routes lead.
pub fn route_for(facts: &Facts, node: &str, destination: IpAddr) -> Option<UserRoute> {
    let tables = facts.route_tables.ok()?;
    let pool = facts.nodes.ok().and_then(|nodes| nodes.get(node)?.pool());
    let cluster = facts.clusters.ok().and_then(|clusters| clusters.first());
    let subnets: Vec<&str> = cluster
        .into_iter()
        .flat_map(|cluster| &cluster.pools)
        .filter(|known| pool.is_none_or(|pool| pool == known.name))
        .map(|known| known.subnet_id.as_str())
        .filter(|id| !id.is_empty())
        .collect();
    let before = |table: &RouteTable| {
        let named =
            table.subnets.iter().any(|id| subnets.iter().any(|own| own.eq_ignore_ascii_case(id)));
        // Where nobody tells subnets, the only table is the nodes'.
        named || (subnets.is_empty() && tables.len() == 1)
    };
    tables
        .iter()
        .filter(|table| before(table))
        .flat_map(routes)
        .filter_map(|route| {
            let network = route.prefix.parse::<IpNet>().ok()?;
            network.contains(&destination).then_some((network.prefix_len(), route))
        })
        .max_by_key(|(length, _)| *length)
        .map(|(_, route)| route)
}

/// Public addresses by which nodes leave: those of firewalls and NAT gateways, the cluster's effective
/// outbound addresses, and those from which the audit log saw nodes come.
pub fn egress(facts: &Facts, cluster: &ManagedCluster) -> BTreeMap<String, (Span, EgressOrigin)> {
    let mut addresses = BTreeMap::new();
    let listed: Vec<&PublicIp> = facts
        .public_ips
        .ok()
        .into_iter()
        .flat_map(|ips| ips.iter())
        .filter(|ip| is_public(&ip.address))
        .collect();
    let effective = |ip: &PublicIp| {
        cluster.effective_outbound_ips.iter().any(|id| id.eq_ignore_ascii_case(&ip.id))
    };
    let gateway = |ip: &PublicIp| {
        let user = ip.used_by.to_lowercase();
        user.contains("/azurefirewalls/") || user.contains("/natgateways/")
    };
    let ingress = |ip: &PublicIp| ip.name.starts_with("kubernetes-");
    let named: Vec<&&PublicIp> = listed.iter().filter(|ip| effective(ip) || gateway(ip)).collect();
    let rest: Vec<&&PublicIp> =
        listed.iter().filter(|ip| ip.used_by.is_empty() && !ingress(ip)).collect();
    // An address without a user is the egress only when nothing else can be.
    let chosen = if named.is_empty() && rest.len() == 1 { rest } else { named };
    for ip in chosen {
        addresses.insert(ip.address.clone(), (ip.at, EgressOrigin::PublicIp(ip.name.clone())));
    }
    if addresses.is_empty()
        && let Some(audit) = facts.audit.ok()
    {
        let nodes = audit.others().filter(|client| client.user.starts_with("system:node:"));
        for client in nodes {
            let Some(series) = client.total.first.map(|(_, at)| at) else { continue };
            for (ip, _) in client.addresses.iter().filter(|(ip, _)| is_public(ip)) {
                addresses
                    .entry(ip.clone())
                    .or_insert_with(|| (series, EgressOrigin::Audit(client.user.clone())));
            }
        }
    }
    addresses
}

/// The same as addresses alone; empty where nothing tells them.
pub fn egress_addresses(facts: &Facts) -> Vec<IpAddr> {
    let cluster = facts.clusters.ok().and_then(|clusters| clusters.first());
    cluster
        .map(|cluster| egress(facts, cluster))
        .unwrap_or_default()
        .keys()
        .filter_map(|text| text.parse().ok())
        .collect()
}

/// Names of agent pools whose subnet is one of these.
pub fn pools_of<'a>(cluster: &'a ManagedCluster, subnets: &[String]) -> Vec<&'a str> {
    cluster
        .pools
        .iter()
        .filter(|pool| subnets.iter().any(|subnet| subnet.eq_ignore_ascii_case(&pool.subnet_id)))
        .map(|pool| pool.name.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use konspect_bundle::ArtifactId;

    use super::*;
    use crate::facts::Origin;
    use crate::parse::Rows;
    use crate::parse::rows::NsgText;

    fn denied(text: &str, destination: Option<&str>) -> Vec<(String, String)> {
        let at = Span::start_of(ArtifactId(0));
        let nsgs = vec![NsgText { text: text.as_bytes().to_vec(), at }];
        let rows = Rows { nsgs, ..Rows::default() };
        let facts = Facts::new(rows, None, &Origin::default());
        let address = destination.map(|address| address.parse().unwrap());
        denies(&facts, address).into_iter().map(|deny| (deny.group, deny.rule)).collect()
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let text = r#"[{"name": "nsg-a", "securityRules": [
            {"name": "allow-api", "access": "Allow", "direction": "Outbound", "priority": 100, "protocol": "Tcp", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "20.78.157.0/24", "destinationPortRange": "443"},
            {"name": "deny-net", "access": "Deny", "direction": "Outbound", "priority": 200, "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "20.78.0.0/16", "destinationPortRanges": ["80", "400-500"]}]}]"#;
        assert!(denied(text, Some("20.78.157.168")).is_empty());
        assert_eq!(denied(text, Some("20.78.1.1")), [("nsg-a".to_owned(), "deny-net".to_owned())]);
        assert!(denied(text, None).is_empty());
        assert!(denied("[", Some("1.1.1.1")).is_empty());
    }

    #[test]
    fn a_tag_that_holds_the_api_server_before_a_denial_opens_the_way() {
        let text = r#"[{"name": "nsg-a", "securityRules": [
            {"name": "allow-cloud", "access": "Allow", "direction": "Outbound", "priority": 100, "protocol": "Tcp", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "AzureCloud", "destinationPortRange": "443"},
            {"name": "deny-all", "access": "Deny", "direction": "Outbound", "priority": 200, "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "Internet", "destinationPortRange": "*"}]}]"#;
        assert!(denied(text, Some("20.78.157.168")).is_empty());
        assert_eq!(denied(text, None), [("nsg-a".to_owned(), "deny-all".to_owned())]);
    }
}
