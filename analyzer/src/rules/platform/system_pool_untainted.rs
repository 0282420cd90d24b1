//! Pods of users fill the nodes of the system pool, which nothing keeps them from.

use std::collections::BTreeSet;

use konspect_bundle::words;

use crate::facts::{Nodes, Pods};
use crate::finding::{Confidence, Meta, Risk, Scope, Step, Subject};
use crate::model::kube::{Node, Pod};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct SystemPoolUntainted;

static META: Meta = rule_meta!(
    "KSP8007",
    "system-pool-untainted",
    Platform,
    Aggravating,
    Warning,
    "system_pool_untainted.md"
);

/// The part of a node's processors that is asked for when it is full.
const FULL: f64 = 0.9;

impl Rule for SystemPoolUntainted {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Nodes, &'f Pods);

    fn check((nodes, pods): Self::Inputs<'_>, out: &mut Checked) {
        let system: Vec<&Node> = nodes
            .iter()
            .filter(|node| node.meta.label("kubernetes.azure.com/mode") == Some("system"))
            .collect();
        let open: Vec<&Node> = system.iter().copied().filter(|node| !is_kept_free(node)).collect();
        if open.is_empty() {
            if let Some(node) = system.first() {
                let says = words!("system-pool-untainted-cleared", node = &node.meta.name);
                out.cleared(node.at, says);
            }
            return;
        }
        let full: Vec<(&Node, Load<'_>)> = open
            .iter()
            .filter_map(|node| Some((*node, Load::of(node, pods)?)))
            .filter(|(_, load)| load.is_full_of_users())
            .collect();
        let Some((node, load)) = full.first() else { return };
        let name = &node.meta.name;
        let pool = node.pool().unwrap_or_default();
        let mut finding = META
            .finding(
                Subject::node(name),
                words!("system-pool-untainted-title", pool = pool, count = full.len()),
                node.at,
                words!(
                    "system-pool-untainted-says",
                    node = name,
                    percent = (load.share() * 100.0) as u64,
                    users = (load.users / load.all * 100.0) as u64
                ),
            )
            .confidence(Confidence::Proven)
            .affected(full.len())
            .scope(Scope::Nodes(full.iter().map(|(node, _)| node.meta.name.to_string()).collect::<BTreeSet<_>>()));
        if let Some(pod) = load.largest {
            let says = words!("system-pool-untainted-pod", pod = pod.meta.full_name(), node = name);
            finding = finding.supported_by(pod.at, says);
        }
        let read = command("kubectl get pods -A --field-selector spec.nodeName={}", &[name]);
        out.found(finding.step(Step::new(words!("system-pool-untainted-do")).run(Risk::Reads, read)));
    }
}

fn is_kept_free(node: &Node) -> bool {
    node.taints.iter().any(|taint| taint.key == "CriticalAddonsOnly" && taint.effect != "PreferNoSchedule")
}

/// Processors that the pods of one node ask for.
struct Load<'f> {
    room: f64,
    all: f64,
    users: f64,
    largest: Option<&'f Pod>,
}

impl<'f> Load<'f> {
    fn of(node: &Node, pods: &'f Pods) -> Option<Self> {
        let room = node.allocatable.get("cpu").copied().filter(|room| *room > 0.0)?;
        let mut load = Self { room, all: 0.0, users: 0.0, largest: None };
        let mut most = 0.0;
        for pod in pods.on_node(&node.meta.name).filter(|pod| !matches!(pod.phase.as_str(), "Succeeded" | "Failed")) {
            let asked: f64 = pod
                .containers
                .iter()
                .filter(|container| !container.init)
                .filter_map(|container| container.requests.get("cpu"))
                .sum();
            load.all += asked;
            if !is_system(pod) {
                load.users += asked;
                if asked > most {
                    (most, load.largest) = (asked, Some(pod));
                }
            }
        }
        Some(load)
    }

    fn share(&self) -> f64 {
        self.all / self.room
    }

    fn is_full_of_users(&self) -> bool {
        self.share() >= FULL && self.users * 2.0 > self.all
    }
}

/// Pods of the system's namespaces, and those that run on every node.
fn is_system(pod: &Pod) -> bool {
    matches!(pod.meta.namespace.as_str(), "kube-system" | "gatekeeper-system" | "calico-system" | "tigera-operator")
        || pod.meta.owners.iter().any(|owner| owner.kind == "DaemonSet")
}
