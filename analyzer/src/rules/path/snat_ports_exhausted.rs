//! The load balancer or NAT gateway has no source ports left for the nodes' outbound connections.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_bundle::{Span, words};

use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Finding, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::azure::{AzureError, AzureMetric, AzurePoint, ManagedCluster};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct SnatPortsExhausted;

static META: Meta = rule_meta!(
    "KSP1006",
    "snat-ports-exhausted",
    Path,
    Cause,
    Critical,
    "snat_ports_exhausted.md"
);

/// The part of its ports at which a node is close to the end.
const NEAR: f64 = 0.9;

/// A NAT gateway drops a few packets of connections that ended; so many are refused ones.
const MANY_DROPS: f64 = 1000.0;

impl Rule for SnatPortsExhausted {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let cluster = facts.clusters.ok().and_then(|clusters| clusters.first());
        if let Some(cluster) = cluster.filter(|cluster| cluster.outbound_type == "userDefinedRouting")
        {
            return out.cleared(cluster.at, words!("snat-ports-exhausted-routing"));
        }
        let metrics: Vec<&AzureMetric> = facts
            .azure_metrics
            .ok()
            .into_iter()
            .flat_map(|metrics| metrics.iter())
            .filter(|metric| is_snat(&metric.name))
            .collect();
        let events = health_events(facts);
        if let Some(finding) = events.first().filter(|_| Failed::of(&metrics).is_none_or(|failed| failed.total <= 0.0)) {
            return out.found(by_health_events(cluster, finding, events.len()));
        }
        if metrics.is_empty() {
            return out.blind(Missing::table(TableKind::AzureSnatMetrics));
        }
        let failed = Failed::of(&metrics);
        let full = full_nodes(facts, &metrics);
        if let Some(failed) = failed.as_ref().filter(|failed| failed.total > 0.0) {
            let mut finding = META
                .finding(
                    subject(cluster),
                    words!("snat-ports-exhausted-title", count = failed.total as u64),
                    failed.at,
                    words!("snat-ports-exhausted-failed", count = failed.worst as u64),
                )
                .since(failed.first)
                .until(failed.last)
                .confidence(Confidence::Proven);
            finding = with_nodes(facts, finding, &full);
            return out.found(steps(finding, cluster));
        }
        if let Some((name, usage)) = full.iter().next() {
            let finding = META
                .finding(
                    subject(cluster),
                    words!("snat-ports-exhausted-near-title", node = name),
                    usage.at,
                    usage.says(name),
                )
                .severity(Severity::Warning)
                .confidence(Confidence::Possible)
                .since(usage.since);
            return out.found(steps(finding, cluster));
        }
        if let Some((total, at)) = dropped(&metrics).filter(|(total, _)| *total >= MANY_DROPS) {
            let finding = META
                .finding(
                    subject(cluster),
                    words!("snat-ports-exhausted-drops-title", count = total as u64),
                    at,
                    words!("snat-ports-exhausted-drops", count = total as u64),
                )
                .severity(Severity::Warning)
                .confidence(Confidence::Possible);
            return out.found(steps(finding, cluster));
        }
        clear(&metrics, failed.as_ref(), out);
    }
}

/// What says that ports were left; ports that were used tell nothing without those that were there.
fn clear(metrics: &[&AzureMetric], failed: Option<&Failed>, out: &mut Checked) {
    if let Some(failed) = failed {
        return out.cleared(failed.at, words!("snat-ports-exhausted-none-failed"));
    }
    let allocated = allocated_ports(metrics);
    let mut used = metrics.iter().filter(|metric| metric.name.eq_ignore_ascii_case("UsedSnatPorts"));
    let first = used.clone().next();
    if let Some(metric) = first.filter(|_| used.all(|metric| allocated.contains_key(backend(metric)))) {
        out.cleared(metric.at, words!("snat-ports-exhausted-room"));
    } else if let Some((total, at)) = dropped(metrics) {
        out.cleared(at, words!("snat-ports-exhausted-few-drops", count = total as u64));
    } else {
        out.blind(Missing::table(TableKind::AzureSnatMetrics));
    }
}

/// The load balancer's own word: rows of its health events.
fn health_events(facts: &Facts) -> Vec<&AzureError> {
    let errors = facts.azure_errors.ok().into_iter().flat_map(|errors| errors.iter());
    errors.filter(|error| error.code.eq_ignore_ascii_case("SnatPortExhaustion")).collect()
}

fn by_health_events(cluster: Option<&ManagedCluster>, event: &AzureError, count: usize) -> Finding {
    let finding = META.finding(
        subject(cluster),
        words!("snat-ports-exhausted-health-title"),
        event.at,
        words!("snat-ports-exhausted-health", message = if event.message.is_empty() { &event.code } else { &event.message }),
    );
    steps(finding.affected(count), cluster)
}

/// Packets that a NAT gateway dropped for want of a port (or for another reason, so that few say nothing).
fn dropped(metrics: &[&AzureMetric]) -> Option<(f64, Span)> {
    let drops = metrics.iter().filter(|metric| {
        ["PacketDropCount", "DroppedConnectionCount"].iter().any(|known| metric.name.eq_ignore_ascii_case(known))
    });
    drops
        .filter_map(|metric| {
            let value = |point: &AzurePoint| point.total.or(point.maximum).or(point.average);
            let total: f64 = metric.points.iter().filter_map(value).sum();
            let worst = metric.points.iter().max_by(|a, b| value(a).unwrap_or(0.0).total_cmp(&value(b).unwrap_or(0.0)))?;
            Some((total, worst.at))
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
}

fn is_snat(name: &str) -> bool {
    ["SnatConnectionCount", "UsedSnatPorts", "AllocatedSnatPorts", "PacketDropCount", "DroppedConnectionCount"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

fn dimension<'a>(metric: &'a AzureMetric, name: &str) -> Option<&'a str> {
    metric
        .dimensions
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

fn subject(cluster: Option<&ManagedCluster>) -> Subject {
    Subject::cluster(cluster.map_or("", |cluster| &cluster.name))
}

/// Connections that got no port, over all series of the metric.
struct Failed {
    total: f64,
    worst: f64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    at: Span,
}

impl Failed {
    fn of(metrics: &[&AzureMetric]) -> Option<Self> {
        let series: Vec<&&AzureMetric> = metrics
            .iter()
            .filter(|metric| metric.name.eq_ignore_ascii_case("SnatConnectionCount"))
            .filter(|metric| {
                dimension(metric, "connectionstate")
                    .is_some_and(|state| state.eq_ignore_ascii_case("failed"))
            })
            .collect();
        let value = |point: &AzurePoint| point.total.or(point.maximum).or(point.average);
        let points: Vec<(f64, &AzurePoint)> = series
            .iter()
            .flat_map(|metric| &metric.points)
            .filter_map(|point| Some((value(point)?, point)))
            .collect();
        let (worst, at) = points
            .iter()
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.time.cmp(&a.1.time)))
            .map(|(value, point)| (*value, point.at))?;
        let lost = || points.iter().filter(|(value, _)| *value > 0.0).filter_map(|(_, p)| p.time);
        let at = if worst > 0.0 { at } else { series.first().map_or(at, |metric| metric.at) };
        let total = points.iter().map(|(value, _)| value).sum();
        Some(Self { total, worst, first: lost().min(), last: lost().max(), at })
    }
}

/// One backend's ports at their fullest.
struct Usage {
    used: f64,
    allocated: f64,
    since: Option<Timestamp>,
    at: Span,
}

impl Usage {
    fn says(&self, name: &str) -> konspect_bundle::Words {
        words!(
            "snat-ports-exhausted-used",
            node = name,
            used = self.used as u64,
            allocated = self.allocated as u64
        )
    }
}

/// The address that a series of ports is of; empty where it is of the whole load balancer.
fn backend(metric: &AzureMetric) -> &str {
    dimension(metric, "backendipaddress").unwrap_or_default()
}

/// What a gauge shows in an interval.
fn level(point: &AzurePoint) -> Option<f64> {
    point.average.or(point.maximum).or(point.total)
}

/// The ports that each backend has, where it has any.
fn allocated_ports<'m>(metrics: &[&'m AzureMetric]) -> BTreeMap<&'m str, f64> {
    let mut allocated: BTreeMap<&str, f64> = BTreeMap::new();
    for metric in metrics.iter().filter(|m| m.name.eq_ignore_ascii_case("AllocatedSnatPorts")) {
        let most = metric.points.iter().filter_map(level).fold(0.0, f64::max);
        let known = allocated.entry(backend(metric)).or_default();
        *known = known.max(most);
    }
    allocated.retain(|_, ports| *ports > 0.0);
    allocated
}

/// Nodes (by name where an address is known) whose ports are nearly used up.
fn full_nodes(facts: &Facts, metrics: &[&AzureMetric]) -> BTreeMap<String, Usage> {
    let allocated = allocated_ports(metrics);
    let mut full = BTreeMap::new();
    for metric in metrics.iter().filter(|m| m.name.eq_ignore_ascii_case("UsedSnatPorts")) {
        let backend = backend(metric);
        let Some(ports) = allocated.get(backend).copied() else { continue };
        let over = metric
            .points
            .iter()
            .filter_map(|point| Some((level(point)?, point)))
            .filter(|(used, _)| *used >= ports * NEAR);
        let Some((used, point)) = over.clone().max_by(|a, b| a.0.total_cmp(&b.0)) else {
            continue;
        };
        let since = over.filter_map(|(_, point)| point.time).min();
        let node = facts.nodes.ok().and_then(|nodes| nodes.by_address(backend));
        let name = node.map_or_else(|| backend.to_owned(), |node| node.meta.name.to_string());
        full.insert(name, Usage { used, allocated: ports, since, at: point.at });
    }
    full
}

fn with_nodes(facts: &Facts, mut finding: Finding, full: &BTreeMap<String, Usage>) -> Finding {
    for (name, usage) in full.iter().take(4) {
        finding = finding.supported_by(usage.at, usage.says(name));
    }
    let mut nodes: BTreeSet<String> = full.keys().cloned().collect();
    for sockets in facts.sockets.ok().into_iter().flat_map(|sockets| sockets.iter()) {
        let Some((peer, count)) = sockets.value.peers.first().filter(|(_, count)| *count >= 500)
        else {
            continue;
        };
        nodes.insert(sockets.node.clone());
        finding = finding.supported_by(
            sockets.value.at,
            words!(
                "snat-ports-exhausted-peer",
                node = &sockets.node,
                count = *count,
                peer = peer
            ),
        );
    }
    // Nodes that were named narrow what it explains; ports of the others are their own.
    let known = facts.nodes.ok().is_some_and(|all| nodes.iter().all(|node| all.get(node).is_some()));
    if !nodes.is_empty() && known {
        finding = finding.affected(nodes.len()).scope(Scope::Nodes(nodes));
    }
    finding
}

fn steps(finding: Finding, cluster: Option<&ManagedCluster>) -> Finding {
    let finding = finding.step(Step::new(words!("snat-ports-exhausted-pool")));
    let Some(cluster) = cluster else { return finding };
    let names: [&str; 2] = [&cluster.resource_group, &cluster.name];
    if cluster.outbound_type.to_ascii_lowercase().contains("natgateway") {
        return finding.step(Step::new(words!("snat-ports-exhausted-gateway")));
    }
    finding
        .step(Step::new(words!("snat-ports-exhausted-ports")).run(
            Risk::Changes,
            command(
                "az aks update -g {} -n {} --load-balancer-managed-outbound-ip-count 4 --load-balancer-outbound-ports 4000",
                &names,
            ),
        ))
        .step(Step::new(words!("snat-ports-exhausted-nat")).run(
            Risk::Disrupts,
            command("az aks update -g {} -n {} --outbound-type managedNATGateway", &names),
        ))
}
