//! The system pool is one node of several: whatever takes that node takes the cluster's own parts.

use konspect_bundle::words;

use crate::facts::{AnyOf, Listing, Missing, Nodes};
use crate::finding::{Confidence, Finding, Meta, Risk, Step, Subject};
use crate::model::azure::{AgentPool, ManagedCluster};
use crate::model::kube::Node;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

/// How few nodes are too few: the vendor asks for two, and for three of a pool that stands alone.
const TOO_FEW: u64 = 1;

/// What the pool should have, as the vendor recommends for production.
const ENOUGH: &str = "3";

static META: Meta = rule_meta!(
    "KSP8010",
    "system-pool-on-one-node",
    Platform,
    Aggravating,
    Warning,
    "system_pool_on_one_node.md"
);

pub(super) struct SystemPoolOnOneNode;

impl Rule for SystemPoolOnOneNode {
    const META: &'static Meta = &META;
    type Inputs<'f> = AnyOf<&'f Listing<ManagedCluster>, &'f Nodes>;

    fn check(AnyOf(clusters, nodes): Self::Inputs<'_>, out: &mut Checked) {
        let mut told = false;
        for cluster in clusters.into_iter().flat_map(|clusters| clusters.iter()) {
            told |= check_pools(cluster, nodes, out);
        }
        if let Some(nodes) = nodes.filter(|_| !told) {
            check_nodes(nodes, out);
        }
    }
}

/// Asks Azure's own count; false when it does not tell of a system pool and of others beside it.
fn check_pools(cluster: &ManagedCluster, nodes: Option<&Nodes>, out: &mut Checked) -> bool {
    let (system, others): (Vec<&AgentPool>, Vec<&AgentPool>) =
        cluster.pools.iter().partition(|pool| pool.mode.eq_ignore_ascii_case("System"));
    let Some(pool) = system.iter().max_by_key(|pool| pool.count) else { return false };
    let count = total(&system);
    if count > TOO_FEW {
        out.cleared(pool.at, words!("system-pool-on-one-node-cleared", count = count));
        return true;
    }
    // Nodes that Karpenter makes are of no pool that Azure lists.
    if count == 0 || total(&others) == 0 {
        return false;
    }
    let finding = META
        .finding(
            Subject::new("AgentPool", "", &pool.name),
            words!("system-pool-on-one-node-title", pool = pool.name.as_str()),
            pool.at,
            words!("system-pool-on-one-node-count", pool = pool.name.as_str()),
        )
        .confidence(Confidence::Proven);
    let second = nodes.and_then(|nodes| nodes.iter().filter(|node| is_system(node)).nth(1));
    let finding = match second {
        Some(node) => finding.confidence(Confidence::Possible).contradicted_by(
            node.at,
            words!("system-pool-on-one-node-second", node = node.meta.name.as_str()),
        ),
        None => finding,
    };
    out.found(with_more_nodes(finding, cluster, pool));
    true
}

/// True for the label that AKS puts on the nodes of a system pool.
fn is_system(node: &Node) -> bool {
    node.meta.label("kubernetes.azure.com/mode") == Some("system")
}

fn total(pools: &[&AgentPool]) -> u64 {
    pools.iter().fold(0, |sum, pool| sum.saturating_add(pool.count))
}

/// The change Azure takes: a pool that scales itself refuses a count, and takes bounds.
fn with_more_nodes(finding: Finding, cluster: &ManagedCluster, pool: &AgentPool) -> Finding {
    let (group, name) = (cluster.resource_group.as_str(), cluster.name.as_str());
    let text = words!("system-pool-on-one-node-do");
    if !pool.autoscaling {
        let scale = |count| {
            command(
                "az aks nodepool scale -g {} --cluster-name {} -n {} --node-count {}",
                &[group, name, pool.name.as_str(), count],
            )
        };
        return finding.step(Step::new(text).run(Risk::Changes, scale(ENOUGH)).undone_by(scale("1")));
    }
    let bounds = |least: &str, most: &str| {
        command(
            "az aks nodepool update -g {} --cluster-name {} -n {} --update-cluster-autoscaler \
             --min-count {} --max-count {}",
            &[group, name, pool.name.as_str(), least, most],
        )
    };
    let (least, most) = (pool.min_count.unwrap_or(1), pool.max_count.unwrap_or(1));
    let undo = bounds(&least.to_string(), &most.to_string());
    finding.step(
        Step::new(text)
            .run(Risk::Changes, bounds(ENOUGH, &most.max(3).to_string()))
            .undone_by(undo),
    )
}

/// Asks the nodes themselves; a virtual node is none that could be lost.
fn check_nodes(nodes: &Nodes, out: &mut Checked) {
    let (system, others): (Vec<&Node>, Vec<&Node>) = nodes
        .iter()
        .filter(|node| node.pool().is_some() && node.meta.label("type") != Some("virtual-kubelet"))
        .partition(|node| is_system(node));
    match system.as_slice() {
        [] if others.is_empty() => {}
        [] => out.blind(Missing::table(TableKind::AzureCluster)),
        [_] if !nodes.complete => out.blind(Missing::table(TableKind::Nodes)),
        [_] if others.is_empty() => {}
        [node] => {
            let name = node.meta.name.as_str();
            let finding = META.finding(
                Subject::new("AgentPool", "", node.pool().unwrap_or_default()),
                words!(
                    "system-pool-on-one-node-title",
                    pool = node.pool().unwrap_or_default()
                ),
                node.at,
                words!("system-pool-on-one-node-label", node = name),
            );
            let others = words!("system-pool-on-one-node-others", count = others.len());
            let look = command("kubectl get pods -A -o wide --field-selector spec.nodeName={}", &[name]);
            out.found(
                finding
                    .supported_by(nodes.at(), others)
                    .on_node(name)
                    .step(Step::new(words!("system-pool-on-one-node-look")).run(Risk::Reads, look))
                    .step(Step::new(words!("system-pool-on-one-node-do"))),
            );
        }
        [_, node, ..] => out.cleared(
            node.at,
            words!("system-pool-on-one-node-cleared", count = system.len()),
        ),
    }
}
