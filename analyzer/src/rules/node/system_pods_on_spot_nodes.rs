//! Pods of the system run on spot nodes, which Azure takes away with half a minute of notice.

use std::collections::BTreeSet;

use konspect_bundle::words;

use crate::facts::pods::workload_of;
use crate::facts::{Nodes, Pods};
use crate::finding::{Confidence, Meta, Risk, Scope, Step, Subject};
use crate::model::kube::{Node, Pod};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct SystemPodsOnSpotNodes;

static META: Meta = rule_meta!(
    "KSP5011",
    "system-pods-on-spot-nodes",
    Node,
    Aggravating,
    Warning,
    "system_pods_on_spot_nodes.md"
);

/// Whose loss the whole cluster feels; pods of DaemonSets belong on every node.
const COMPONENTS: &[&str] = &["coredns", "metrics-server", "konnectivity-agent"];

impl Rule for SystemPodsOnSpotNodes {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Pods, &'f Nodes);

    fn check((pods, nodes): Self::Inputs<'_>, out: &mut Checked) {
        let spot: BTreeSet<&str> =
            nodes.iter().filter(|node| is_spot(node)).map(|node| node.meta.name.as_str()).collect();
        if spot.is_empty() {
            return;
        }
        let system: Vec<&Pod> = pods
            .in_namespace("kube-system")
            .filter(|pod| !pod.succeeded() && COMPONENTS.contains(&workload_of(pod).as_str()))
            .collect();
        let mut there = system.iter().filter(|pod| spot.contains(pod.node.as_str()));
        let Some(first) = there.next() else {
            if let Some(pod) = system.iter().find(|pod| !pod.node.is_empty()) {
                let says = words!("system-pods-on-spot-nodes-cleared", pod = &pod.meta.name, node = &pod.node);
                out.cleared(pod.at, says);
            }
            return;
        };
        let says = |pod: &Pod| words!("system-pods-on-spot-nodes-says", pod = &pod.meta.name, node = &pod.node);
        let mut finding = META
            .finding(
                Subject::new("Pod", "kube-system", &first.meta.name),
                words!("system-pods-on-spot-nodes-title", name = workload_of(first), node = &first.node),
                first.at,
                says(first),
            )
            .confidence(Confidence::Proven);
        let mut hosts = BTreeSet::from([first.node.to_string()]);
        for (place, pod) in there.enumerate() {
            hosts.insert(pod.node.to_string());
            finding.affected += 1;
            if place < 3 {
                finding = finding.supported_by(pod.at, says(pod));
            }
        }
        let read = command("kubectl get pod {} -n kube-system -o yaml", &[&first.meta.name]);
        out.found(
            finding
                .scope(Scope::Nodes(hosts))
                .step(Step::new(words!("system-pods-on-spot-nodes-do")).run(Risk::Reads, read)),
        );
    }
}

fn is_spot(node: &Node) -> bool {
    node.meta.label("kubernetes.azure.com/scalesetpriority") == Some("spot")
        || node.taints.iter().any(|taint| {
            taint.key == "kubernetes.azure.com/scalesetpriority" && taint.value == "spot"
        })
}
