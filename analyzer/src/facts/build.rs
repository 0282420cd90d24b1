//! Joins the rows of all artefacts: one object from several sources becomes one row, files find their
//! nodes, empty lists count as collected.

mod context;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use konspect_audit::AuditSummary;
use konspect_bundle::{ArtifactId, Span};

use super::copies::{Copies, Taken};
use super::places::{Places, attribute_nodes, attribute_pods};
use super::{
    ApiServerPath, Client, Egress, Events, Facts, Firewalls, KubeletReach, Listing, Logs, Missing,
    NetworkGroups, Nodes, Origin, Pods, Services, Table, Tunnel, clocks,
};
use crate::model::Text;
use crate::model::kube::{Event, Node, Pod};
use crate::model::workload::Workload;
use crate::parse::network_error::network_errors;
use crate::parse::rows::Collected;
use crate::parse::{Rows, TableKind};

pub(super) fn facts(mut rows: Rows, audit: Option<AuditSummary>, origin: &Origin) -> Facts {
    super::years::give_years(&mut rows, origin);
    for command in rows.commands.iter_mut().filter(|command| command.errors.is_empty()) {
        command.errors = network_errors(&command.error_text);
    }
    let sources = Sources::new(std::mem::take(&mut rows.collected));
    clocks::correct_client(&mut rows);
    let taken = Taken::new(&rows.collections, origin, &newest_times(&rows));
    let mut copies = Copies::new(&taken);
    let mut nodes = Table::from_option(
        sources.covered(TableKind::Nodes, !rows.nodes.is_empty()).then(|| {
            let spans = sources.spans(TableKind::Nodes, rows.nodes.first().map(|node| node.at));
            Nodes::new(
                copies.best_with_state(
                    std::mem::take(&mut rows.nodes),
                    node_key,
                    node_weight,
                    |node| node.at,
                    node_state,
                ),
                spans,
                sources.complete(TableKind::Nodes),
            )
        }),
        &[TableKind::Nodes],
    );
    let places = Places::new(origin, nodes.ok(), &rows.logs);
    attribute_nodes(&mut rows, &places);
    super::node_metrics::add(&mut rows, nodes.ok());
    let mut pods = Table::from_option(
        sources.covered(TableKind::Pods, !rows.pods.is_empty()).then(|| {
            let spans = sources.spans(TableKind::Pods, rows.pods.first().map(|pod| pod.at));
            Pods::new(
                copies.best_with_state(
                    std::mem::take(&mut rows.pods),
                    |pod| pod_key(pod),
                    |pod| pod_weight(pod),
                    |pod| pod.at,
                    |pod| pod_state(pod),
                ),
                spans,
                sources.complete(TableKind::Pods),
            )
            .with_lists_of(sources.namespaces(TableKind::Pods))
        }),
        &[TableKind::Pods],
    );
    let mut skews = clocks::skews(&rows, nodes.ok(), pods.ok());
    clocks::correct(&mut rows, &mut skews, &taken);
    clocks::objects::correct(nodes.ok_mut(), pods.ok_mut(), &skews);
    let events = Table::from_option(
        sources.covered(TableKind::Events, !rows.events.is_empty()).then(|| {
            let spans = sources.spans(TableKind::Events, rows.events.first().map(|event| event.at));
            Events::new(merge_events(std::mem::take(&mut rows.events)), spans)
        }),
        &[TableKind::Events],
    );
    let mut logs_rows = std::mem::take(&mut rows.logs);
    attribute_pods(&mut logs_rows, pods.ok());
    let logs = Table::from_option(
        (!logs_rows.is_empty()).then(|| Logs::new(logs_rows)),
        &[TableKind::TunnelLogs, TableKind::KubeletLogs, TableKind::CoreDnsLogs],
    );
    let workloads = sources.listing(
        TableKind::Workloads,
        copies.best_of(
            std::mem::take(&mut rows.workloads),
            workload_key,
            |workload| usize::from(workload.meta.has_uid),
            |workload| workload.at,
        ),
        |workload| workload.at,
    );
    let services = services(&mut rows, &sources, &mut copies);
    let tunnel = Tunnel::new(
        pods.ok(),
        workloads.ok().map(|listing| (listing.rows.as_slice(), listing.at())),
        logs.ok(),
        rows.clusters.first(),
    );
    let reach = KubeletReach::new(nodes.ok(), pods.ok(), logs.ok(), &rows.commands, &rows.probes);
    let firewalls = Firewalls::new(
        std::mem::take(&mut rows.firewalls),
        nodes.ok(),
        tunnel.as_ref(),
        &rows.routes,
        origin,
    );
    let network_groups = NetworkGroups::new(
        &rows.nsgs,
        nodes.ok(),
        tunnel.as_ref(),
        rows.clusters.first(),
        &rows.virtual_networks,
    );
    let context = context::context(
        &rows,
        origin,
        &taken,
        nodes.ok(),
        events.ok(),
        logs.ok(),
        tunnel.as_ref(),
    );
    let client = Client::new(
        &context,
        &rows.commands,
        &rows.client_facts,
        &rows.lookups,
        &rows.probes,
        &rows.hosts,
    );
    let egress = Egress::new(&context, events.ok(), nodes.ok(), &rows.probes);
    let apiserver_path = ApiServerPath::new(
        &context,
        nodes.ok(),
        pods.ok(),
        logs.ok(),
        &rows.probes,
        &clocks::objects::corrected_leases(&rows.leases, &skews),
        egress.as_ref(),
    );
    Facts {
        context,
        nodes,
        pods,
        events,
        services,
        tunnel: Table::from_option(
            tunnel,
            &[TableKind::Pods, TableKind::Workloads, TableKind::TunnelLogs],
        ),
        reach: Table::from_option(
            reach,
            &[TableKind::ClientErrors, TableKind::TunnelLogs, TableKind::Probes],
        ),
        firewalls: Table::from_option(firewalls, &[TableKind::Firewalls]),
        workloads,
        logs,
        webhooks: sources.listing(TableKind::Webhooks, rows.webhooks, |row| row.at),
        api_services: sources.listing(
            TableKind::ApiServices,
            copies.best_of(
                rows.api_services,
                |row| row.meta.name.clone(),
                |row| usize::from(row.meta.has_uid),
                |row| row.at,
            ),
            |row| row.at,
        ),
        audit_rows: sources.listing(TableKind::AuditSummaries, rows.audit_rows, |row| row.at),
        flow_schemas: sources.listing(TableKind::FlowControl, rows.flow_schemas, |row| row.at),
        priority_levels: sources
            .listing(TableKind::FlowControl, rows.priority_levels, |row| row.at),
        network_policies: sources.listing(
            TableKind::NetworkPolicies,
            copies.best_of(
                rows.network_policies,
                |row| row.meta.full_name(),
                |row| usize::from(row.meta.has_uid),
                |row| row.at,
            ),
            |row| row.at,
        ),
        disruption_budgets: sources.listing(
            TableKind::DisruptionBudgets,
            copies.best_of(
                rows.disruption_budgets,
                |row| row.meta.full_name(),
                |row| usize::from(row.has_status),
                |row| row.at,
            ),
            |row| row.at,
        ),
        quotas: sources.listing(TableKind::Quotas, rows.quotas, |row| row.at),
        leases: sources.listing(
            TableKind::Leases,
            copies.best_of(
                rows.leases,
                |row| row.meta.full_name(),
                |row| usize::from(row.renewed.is_some()),
                |row| row.at,
            ),
            |row| row.at,
        ),
        namespaces: sources.listing(
            TableKind::Namespaces,
            copies.best_of(
                rows.namespaces,
                |row| row.meta.name.clone(),
                |row| usize::from(row.meta.has_uid),
                |row| row.at,
            ),
            |row| row.at,
        ),
        jobs: sources.listing(TableKind::Jobs, rows.jobs, |row| row.at),
        cron_jobs: sources.listing(TableKind::Jobs, rows.cron_jobs, |row| row.at),
        secrets: sources.listing(
            TableKind::SecretsMetadata,
            copies.best_of(
                rows.secrets,
                |row| row.meta.full_name(),
                |row| usize::from(row.meta.has_uid),
                |row| row.at,
            ),
            |row| row.at,
        ),
        config_maps: sources.listing(
            TableKind::ConfigMaps,
            copies.best_of(
                rows.config_maps,
                |row| row.meta.full_name(),
                |row| row.data.len(),
                |row| row.at,
            ),
            |row| row.at,
        ),
        autoscalers: sources.listing(TableKind::Autoscalers, rows.autoscalers, |row| row.at),
        claims: sources.listing(TableKind::Volumes, rows.claims, |row| row.at),
        volumes: sources.listing(TableKind::Volumes, rows.volumes, |row| row.at),
        attachments: sources.listing(TableKind::Volumes, rows.attachments, |row| row.at),
        certificate_requests: sources.listing(
            TableKind::CertificateRequests,
            rows.certificate_requests,
            |row| row.at,
        ),
        others: sources.listing(TableKind::CustomResources, rows.others, |row| row.at),
        object_counts: sources
            .present(TableKind::CustomResources, rows.object_counts, |row| row.at),
        health: sources.present(TableKind::Health, rows.health, |row| row.at),
        node_usage: sources.listing(TableKind::Top, rows.node_usage, |row| row.at),
        pod_usage: sources.listing(TableKind::Top, rows.pod_usage, |row| row.at),
        scrapes: sources.present(TableKind::Metrics, rows.scrapes, |row| row.at),
        commands: sources.present(TableKind::ClientErrors, rows.commands, |row| row.at),
        client_facts: sources.present(TableKind::ClientErrors, rows.client_facts, |row| row.at),
        kubeconfigs: sources.present(TableKind::ClientErrors, rows.kubeconfigs, |row| row.at),
        resolv_confs: sources.present(TableKind::DnsLookups, rows.resolv_confs, |row| row.value.at),
        lookups: sources.present(TableKind::DnsLookups, rows.lookups, |row| row.value.at),
        probes: sources.present(TableKind::Probes, rows.probes, |row| row.value.at),
        filesystems: sources.present(TableKind::NodeFiles, rows.filesystems, |row| row.value.at),
        memory: sources.present(TableKind::NodeFiles, rows.memory, |row| row.value.at),
        pressures: sources.present(TableKind::NodeFiles, rows.pressures, |row| row.value.at),
        conntracks: sources.present(TableKind::NodeFiles, rows.conntracks, |row| row.value.at),
        clocks: sources.present(TableKind::NodeFiles, rows.clocks, |row| row.value.at),
        certificates: sources.present(TableKind::NodeFiles, rows.certificates, |row| row.value.at),
        disk_loads: sources.present(TableKind::NodeFiles, rows.disk_loads, |row| row.value.at),
        cpu_loads: sources.present(TableKind::NodeFiles, rows.cpu_loads, |row| row.value.at),
        sockets: sources.present(TableKind::NodeFiles, rows.sockets, |row| row.value.at),
        provision_exits: sources
            .present(TableKind::NodeFiles, rows.provision_exits, |row| row.value.at),
        routes: sources.present(TableKind::NodeFiles, rows.routes, |row| row.value.at),
        hosts: sources.present(TableKind::NodeFiles, rows.hosts, |row| row.value.at),
        clusters: sources.present(TableKind::AzureCluster, rows.clusters, |row| row.at),
        network_groups: Table::from_option(network_groups, &[TableKind::AzureNetworkRules]),
        nsgs: sources.listing(TableKind::AzureNetworkRules, rows.nsgs, |row| row.at),
        route_tables: sources.listing(TableKind::AzureRoutes, rows.route_tables, |row| row.at),
        outbound_rules: sources
            .listing(TableKind::AzureOutbound, rows.outbound_rules, |row| row.at),
        public_ips: sources.present(TableKind::AzureOutbound, rows.public_ips, |row| row.at),
        virtual_networks: sources.present(
            TableKind::AzureNetworkRules,
            rows.virtual_networks,
            |row| row.at,
        ),
        azure_metrics: sources
            .present(TableKind::AzureSnatMetrics, rows.azure_metrics, |row| row.at),
        azure_errors: sources.present(TableKind::AzureCluster, rows.azure_errors, |row| row.at),
        azure_activities: sources
            .present(TableKind::AzureCluster, rows.azure_activities, |row| row.at),
        client: Table::from_option(client, &[TableKind::ClientErrors]),
        apiserver_path: Table::from_option(
            apiserver_path,
            &[TableKind::Probes, TableKind::KubeletLogs, TableKind::TunnelLogs],
        ),
        egress: Table::from_option(egress, &[TableKind::Probes, TableKind::Events]),
        audit: Table::from_option(audit, &[TableKind::Audit]),
        skews,
        disagreements: copies.finish(),
    }
}

/// The newest time of each artefact's rows.
fn newest_times(rows: &Rows) -> BTreeMap<ArtifactId, Timestamp> {
    let events = rows.events.iter().map(|event| (event.at, event.last.get()));
    let conditions = rows.nodes.iter().flat_map(|node| &node.conditions).map(|condition| {
        (condition.at.get(), condition.told.heartbeat.get().or(condition.transition.get()))
    });
    let leases = rows.leases.iter().map(|lease| (lease.at, lease.renewed));
    let logs = rows.logs.iter().map(|log| (log.at, log.last));
    let mut newest = BTreeMap::new();
    for (at, time) in events.chain(conditions).chain(leases).chain(logs) {
        let Some(time) = time else { continue };
        let known = newest.entry(at.artifact).or_insert(time);
        *known = time.max(*known);
    }
    newest
}

/// Which sources cover which table.
struct Sources {
    by_table: BTreeMap<TableKind, Vec<Collected>>,
}

impl Sources {
    fn new(collected: Vec<Collected>) -> Self {
        let mut by_table: BTreeMap<TableKind, Vec<Collected>> = BTreeMap::new();
        for source in collected {
            by_table.entry(source.table).or_default().push(source);
        }
        // A list of the whole cluster is cited before that of one namespace.
        for sources in by_table.values_mut() {
            sources
                .sort_by_key(|source| (!source.namespace.is_empty(), !source.complete, source.at));
        }
        Self { by_table }
    }

    fn covered(&self, table: TableKind, rows: bool) -> bool {
        rows || self.by_table.contains_key(&table)
    }

    fn spans(&self, table: TableKind, fallback: Option<Span>) -> Vec<Span> {
        let spans: Vec<Span> =
            self.by_table.get(&table).into_iter().flatten().map(|source| source.at).collect();
        if spans.is_empty() { fallback.into_iter().collect() } else { spans }
    }

    /// True when one source covers the whole cluster and was not cut.
    fn complete(&self, table: TableKind) -> bool {
        self.by_table
            .get(&table)
            .into_iter()
            .flatten()
            .any(|source| source.complete && source.namespace.is_empty())
    }

    /// Namespaces that a source of their own covers.
    fn namespaces(&self, table: TableKind) -> BTreeSet<String> {
        self.by_table
            .get(&table)
            .into_iter()
            .flatten()
            .filter(|source| source.complete && !source.namespace.is_empty())
            .map(|source| source.namespace.clone())
            .collect()
    }

    fn listing<T>(&self, table: TableKind, rows: Vec<T>, at: fn(&T) -> Span) -> Table<Listing<T>> {
        if !self.covered(table, !rows.is_empty()) {
            return Table::NotCollected(Missing::table(table));
        }
        let sources = self.spans(table, rows.first().map(at));
        Table::Collected(Listing { rows, sources, complete: self.complete(table) })
    }

    /// A table that is there only when it has rows: several kinds of file share its name.
    fn present<T>(&self, table: TableKind, rows: Vec<T>, at: fn(&T) -> Span) -> Table<Listing<T>> {
        let Some(first) = rows.first().map(at) else {
            return Table::NotCollected(Missing::table(table));
        };
        let sources = self.spans(table, Some(first));
        let sources = if sources.contains(&first) { sources } else { vec![first] };
        Table::Collected(Listing { rows, sources, complete: true })
    }
}

fn node_key(node: &Node) -> String {
    node.meta.name.to_lowercase()
}

/// JSON has a uid; `describe` has conditions; a table has the `Ready` condition alone.
fn node_weight(node: &Node) -> usize {
    usize::from(node.meta.has_uid) * 100 + node.conditions.len() * 4 + node.addresses.len()
}

fn pod_key(pod: &Pod) -> (Text, Text) {
    (pod.meta.namespace.clone(), pod.meta.name.clone())
}

fn pod_weight(pod: &Pod) -> usize {
    usize::from(pod.meta.has_uid) * 100
        + pod.conditions.len() * 4
        + usize::from(!pod.node.is_empty())
}

fn node_state(node: &Node) -> (String, String) {
    let ready = node.ready().map_or("unknown".to_owned(), |status| format!("{status:?}"));
    (format!("node {}", node.meta.name), format!("Ready {ready}"))
}

fn pod_state(pod: &Pod) -> (String, String) {
    let word = if pod.ready() { "ready" } else { "not ready" };
    (format!("pod {}", pod.meta.full_name()), format!("{} {word}", pod.phase))
}

fn workload_key(workload: &Workload) -> (crate::model::workload::WorkloadKind, Text, Text) {
    (workload.kind, workload.meta.namespace.clone(), workload.meta.name.clone())
}

/// One occurrence may stand in `get events`, in the other API and in `describe`: the row with times wins,
/// the larger count stays.
fn merge_events(events: Vec<Box<Event>>) -> Vec<Box<Event>> {
    let mut places: HashMap<[&str; 4], usize> = HashMap::with_capacity(events.len());
    let groups: Vec<usize> = events
        .iter()
        .map(|event| {
            // The same text at other times in the same API is another event.
            let object = &event.object;
            let key = [&object.kind, &object.name, event.reason.as_str(), event.message.trim()];
            let next = places.len();
            *places.entry(key).or_insert(next)
        })
        .collect();
    let alone = places.len() == events.len();
    drop(places);
    if alone {
        return events;
    }
    let mut grouped: Vec<(usize, Box<Event>)> = groups.into_iter().zip(events).collect();
    grouped.sort_by_key(|(group, _)| *group);
    let mut grouped = grouped.into_iter().peekable();
    let mut out = Vec::with_capacity(grouped.len());
    while let Some((group, event)) = grouped.next() {
        if grouped.peek().is_none_or(|(next, _)| *next != group) {
            out.push(event);
            continue;
        }
        let mut same = vec![event];
        while let Some((_, event)) = grouped.next_if(|(next, _)| *next == group) {
            same.push(event);
        }
        if same.iter().all(|event| event.last.get().is_none()) {
            same.sort_by_key(|event| (std::cmp::Reverse(event.count), event.at));
            out.extend(same.into_iter().take(1));
        } else {
            let mut seen: BTreeMap<(Option<Timestamp>, Option<Timestamp>), Box<Event>> =
                BTreeMap::new();
            for event in same.into_iter().filter(|event| event.last.get().is_some()) {
                seen.entry((event.first.get(), event.last.get())).or_insert(event);
            }
            out.extend(seen.into_values());
        }
    }
    out
}

fn services(rows: &mut Rows, sources: &Sources, copies: &mut Copies<'_>) -> Table<Services> {
    let covered = sources.covered(TableKind::Services, !rows.services.is_empty());
    let endpoints = sources.covered(TableKind::Endpoints, !rows.endpoint_slices.is_empty());
    if !covered && !endpoints {
        return Table::NotCollected(Missing::table(TableKind::Services));
    }
    let spans = if covered {
        sources.spans(TableKind::Services, rows.services.first().map(|row| row.at))
    } else {
        Vec::new()
    };
    let endpoint_spans = if endpoints {
        sources.spans(TableKind::Endpoints, rows.endpoint_slices.first().map(|row| row.at))
    } else {
        Vec::new()
    };
    let list = copies.best_of(
        std::mem::take(&mut rows.services),
        |row| row.meta.full_name(),
        |row| usize::from(row.meta.has_uid),
        |row| row.at,
    );
    let slices = copies.best_of(
        std::mem::take(&mut rows.endpoint_slices),
        |row| (row.meta.namespace.clone(), row.meta.name.clone(), row.service.clone()),
        |row| row.endpoints.len(),
        |row| row.at,
    );
    Table::Collected(Services::new(list, slices, spans, endpoint_spans))
}
