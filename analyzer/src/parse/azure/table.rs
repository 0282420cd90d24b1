//! Azure tables (`-o table`): columns by the header and the dashes beneath it.

use std::collections::BTreeMap;

use konspect_bundle::{Line, Source, Span};

use super::super::{Hint, Kind, Rows, TableKind};
use crate::model::azure::{AgentPool, ManagedCluster, OutboundRule, PublicIp, Route, RouteTable};

/// Whether a header line and the line beneath it begin an Azure table.
pub fn is_table(header: &str, dashes: &str) -> bool {
    let rule = dashes.trim_end();
    !rule.is_empty()
        && rule
            .split_whitespace()
            .all(|word| word.len() > 1 && word.bytes().all(|byte| byte == b'-'))
        && !header.trim().is_empty()
        && !header.contains("-----")
        && header.split_whitespace().count() >= rule.split_whitespace().count()
        && header.starts_with(|char: char| char.is_ascii_alphabetic())
        && rule.starts_with('-')
}

/// Reads tables of outbound rules, routes, public addresses, clusters and agent pools.
pub fn table(source: &Source<'_>, _hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let lines: Vec<Line<'_>> = source.lines().collect();
    let mut kind = Kind::AzureOther;
    let mut columns: Vec<(String, usize)> = Vec::new();
    let mut previous = String::new();
    for (index, line) in lines.iter().enumerate() {
        let text = line.text();
        let next = lines.get(index + 1).map(Line::text).unwrap_or_default();
        if is_table(&text, &next) {
            columns.clear();
        } else if is_table(&previous, &text) {
            columns = columns_of(&previous, &text);
        } else if !columns.is_empty() && !text.trim().is_empty() {
            let read = row(&cells(&text, &columns), line.at, rows);
            if let Some((found, table)) = read {
                if let Some(table) = table.filter(|_| kind == Kind::AzureOther) {
                    rows.covers(table, source.whole());
                }
                kind = found;
            }
        }
        previous = text.into_owned();
    }
    kind
}

/// Column names in lower case, with the character each begins at.
fn columns_of(header: &str, dashes: &str) -> Vec<(String, usize)> {
    let header: Vec<char> = header.chars().collect();
    let mut starts = Vec::new();
    let mut inside = false;
    for (index, char) in dashes.chars().enumerate() {
        if char == '-' && !inside {
            starts.push(index);
        }
        inside = char == '-';
    }
    starts
        .iter()
        .enumerate()
        .map(|(index, start)| {
            let end = starts.get(index + 1).copied().unwrap_or(header.len()).min(header.len());
            let name: String = header.get(*start..end).unwrap_or_default().iter().collect();
            (name.trim().to_ascii_lowercase(), *start)
        })
        .collect()
}

fn cells(line: &str, columns: &[(String, usize)]) -> BTreeMap<String, String> {
    let chars: Vec<char> = line.chars().collect();
    columns
        .iter()
        .enumerate()
        .map(|(index, (name, start))| {
            let end = columns.get(index + 1).map_or(chars.len(), |(_, next)| *next);
            let text: String =
                chars.get(*start..end.min(chars.len())).unwrap_or_default().iter().collect();
            (name.clone(), text.trim().to_owned())
        })
        .collect()
}

fn row(
    cells: &BTreeMap<String, String>,
    at: Span,
    rows: &mut Rows,
) -> Option<(Kind, Option<TableKind>)> {
    let has = |name: &str| cells.contains_key(name);
    let text = |name: &str| cells.get(name).cloned().unwrap_or_default();
    if has("allocatedoutboundports") {
        rows.outbound_rules.push(OutboundRule {
            name: text("name"),
            allocated_ports: text("allocatedoutboundports").parse().ok(),
            idle_timeout_minutes: text("idletimeoutinminutes").parse().ok(),
            protocol: text("protocol"),
            frontend_ips: Vec::new(),
            at,
        });
        Some((Kind::AzureNetwork, Some(TableKind::AzureOutbound)))
    } else if has("nexthoptype") || has("next hop type") {
        let either = |one: &str, two: &str| if has(one) { text(one) } else { text(two) };
        let route = Route {
            name: text("name"),
            prefix: either("addressprefix", "address prefix"),
            next_hop_type: either("nexthoptype", "next hop type"),
            next_hop: either("nexthopipaddress", "next hop ip"),
            at,
        };
        if !text("state").eq_ignore_ascii_case("Invalid") {
            match rows.route_tables.last_mut() {
                Some(table) => table.routes.push(route),
                None => rows.route_tables.push(RouteTable {
                    routes: vec![route],
                    at,
                    ..RouteTable::default()
                }),
            }
        }
        Some((Kind::AzureNetwork, Some(TableKind::AzureRoutes)))
    } else if has("kubernetesversion") && has("fqdn") {
        rows.clusters.push(ManagedCluster {
            name: text("name"),
            location: text("location"),
            resource_group: text("resourcegroup"),
            kubernetes_version: text("kubernetesversion"),
            provisioning_state: text("provisioningstate"),
            fqdn: text("fqdn"),
            at,
            ..ManagedCluster::default()
        });
        Some((Kind::AzureCluster, None))
    } else if has("vmsize") && has("maxpods") {
        let pool = AgentPool {
            name: text("name"),
            mode: text("mode"),
            count: text("count").parse().unwrap_or_default(),
            vm_size: text("vmsize"),
            max_pods: text("maxpods").parse().unwrap_or_default(),
            provisioning_state: text("provisioningstate"),
            version: text("kubernetesversion"),
            at,
            ..AgentPool::default()
        };
        match rows.clusters.last_mut() {
            Some(cluster) => cluster.pools.push(pool),
            None => rows.clusters.push(ManagedCluster {
                pools: vec![pool],
                at,
                ..ManagedCluster::default()
            }),
        }
        Some((Kind::AzureCluster, None))
    } else if has("idletimeoutinminutes") && (has("address") || has("ipaddress")) {
        let address = if has("ipaddress") { text("ipaddress") } else { text("address") };
        rows.public_ips.push(PublicIp { name: text("name"), address, at, ..PublicIp::default() });
        Some((Kind::AzureNetwork, None))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use konspect_bundle::ArtifactId;

    #[test]
    fn outbound_rules() {
        let text = b"AllocatedOutboundPorts    EnableTcpReset    IdleTimeoutInMinutes    Name             Protocol    ProvisioningState    ResourceGroup\n\
------------------------  ----------------  ----------------------  ---------------  ----------  -------------------  -------------\n\
0                         True              30                      aksOutboundRule  All         Succeeded            MC_rg\n";
        let mut rows = Rows::default();
        let kind = table(&Source::new(ArtifactId(0), text), &Hint::default(), &mut rows);
        assert_eq!(kind, Kind::AzureNetwork);
        let [rule] = rows.outbound_rules.as_slice() else { panic!("one rule") };
        assert_eq!((rule.allocated_ports, rule.idle_timeout_minutes), (Some(0), Some(30)));
        assert_eq!((rule.name.as_str(), rule.protocol.as_str()), ("aksOutboundRule", "All"));
        assert_eq!(rows.collected[0].table, TableKind::AzureOutbound);
    }

    #[test]
    fn other_tables_are_no_azure_tables() {
        assert!(!is_table("NAME   READY", "pod-1  1/1"));
        assert!(!is_table("To                         Action      From", "x"));
        assert!(!is_table("", "----"));
    }
}
