//! What is true of the whole bundle: its cluster, its version, its now, and the names of the API server.

use jiff::Timestamp;

use super::super::context::{Context, Platform};
use super::super::copies::Taken;
use super::super::{Events, Logs, Nodes, Origin, Tunnel};
use crate::model::log::Signal;
use crate::model::node_files::LookupResult;
use crate::parse::Rows;

pub(super) fn context(
    rows: &Rows,
    origin: &Origin,
    taken: &Taken,
    nodes: Option<&Nodes>,
    events: Option<&Events>,
    logs: Option<&Logs>,
    tunnel: Option<&Tunnel>,
) -> Context {
    let cluster = rows.clusters.first();
    let mut names: Vec<String> = Vec::new();
    names.extend(
        cluster
            .into_iter()
            .flat_map(|cluster| [cluster.fqdn.clone(), cluster.private_fqdn.clone()]),
    );
    names.extend(rows.kubeconfigs.iter().filter_map(|config| host_of_url(&config.server)));
    let ports = rows.kubeconfigs.iter().filter_map(|config| port_of_url(&config.server)).collect();
    let options = tunnel
        .into_iter()
        .flat_map(|tunnel| &tunnel.logs)
        .filter_map(|log| log.signal(Signal::AgentOption));
    names.extend(
        options
            .flat_map(|count| &count.details)
            .filter_map(|(detail, _)| detail.strip_prefix("ProxyServerHost=").map(str::to_owned)),
    );
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    let mut addresses: Vec<String> = rows
        .lookups
        .iter()
        .filter(|lookup| {
            names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(lookup.value.name.trim_end_matches('.')))
        })
        .flat_map(|lookup| match &lookup.value.result {
            LookupResult::Answer { addresses, .. } => addresses.clone(),
            _ => Vec::new(),
        })
        .collect();
    addresses.sort();
    addresses.dedup();
    let newest = |times: &mut dyn Iterator<Item = Timestamp>| times.max();
    let fallback = newest(
        &mut events
            .and_then(|events| events.window.map(|(_, last)| last))
            .into_iter()
            .chain(logs.into_iter().flat_map(Logs::iter).filter_map(|log| log.last))
            .chain(
                nodes
                    .into_iter()
                    .flat_map(Nodes::iter)
                    .flat_map(|node| &node.conditions)
                    .filter_map(|condition| {
                        condition.told.heartbeat.get().or(condition.transition.get())
                    }),
            )
            .chain(rows.leases.iter().filter_map(|lease| lease.renewed)),
    );
    let version = rows
        .versions
        .iter()
        .map(|version| version.server.clone())
        .find(|version| !version.is_empty())
        .or_else(|| {
            cluster
                .map(|cluster| format!("v{}", cluster.kubernetes_version))
                .filter(|version| version.len() > 1)
        })
        .or_else(|| {
            nodes.into_iter().flat_map(Nodes::iter).map(|node| node.kubelet_version.clone()).max()
        })
        .unwrap_or_default();
    let told = taken.now().or(origin.collected);
    Context {
        now: told.or(fallback),
        now_is_inferred: told.is_none(),
        platform: platform(rows, nodes),
        cluster: cluster
            .map(|cluster| cluster.name.clone())
            .or_else(|| {
                rows.collections
                    .iter()
                    .map(|collection| collection.cluster.clone())
                    .find(|name| !name.is_empty())
            })
            .or_else(|| {
                rows.kubeconfigs
                    .iter()
                    .find(|config| config.current)
                    .map(|config| config.cluster.clone())
            })
            .unwrap_or_default(),
        version,
        apiserver_names: names,
        apiserver_ports: ports,
        apiserver_addresses: addresses,
        private_cluster: cluster.map(|cluster| (cluster.private_cluster, cluster.at)),
        taken: taken.clone(),
    }
}

fn platform(rows: &Rows, nodes: Option<&Nodes>) -> Platform {
    if !rows.clusters.is_empty() {
        return Platform::Aks;
    }
    let Some(nodes) = nodes.filter(|nodes| !nodes.is_empty()) else { return Platform::Unknown };
    let aks = nodes.iter().any(|node| {
        node.meta.labels.keys().any(|key| key.starts_with("kubernetes.azure.com/"))
            || (node.meta.name.starts_with("aks") && node.meta.name.contains("-vmss"))
    });
    if aks { Platform::Aks } else { Platform::Other }
}

/// The port of a URL, when it has one.
fn port_of_url(url: &str) -> Option<u16> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next()?;
    authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
}

/// The host of `https://host[:port][/…]`.
fn host_of_url(url: &str) -> Option<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next()?.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_owned())
}
