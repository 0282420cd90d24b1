//! What the lists say about whom to ask next: which pods have logs worth reading, one pod a node
//! to probe its kubelet with, what is not healthy.
//!
//! It reads only the few fields that this takes, page by page, and refuses to judge.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::plan::{Each, Target};

/// Pods of these names, by what their name begins with, carry the control plane's traffic.
const SYSTEM: &[&str] = &[
    "konnectivity-agent",
    "konnectivity-server",
    "tunnelfront",
    "aks-link",
    "coredns",
    "kube-dns",
    "node-local-dns",
    "localdns",
    "metrics-server",
    "kube-proxy",
    "azure-cns",
    "azure-cni",
    "azure-npm",
    "azure-ip-masq",
    "cilium",
    "calico-",
    "kube-flannel",
    "antrea",
    "kindnet",
    "weave-net",
    "cloud-node-manager",
    "csi-azure",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "etcd-",
];

/// Pods of one name that are enough, unless all are asked for.
const PODS_OF_ONE_NAME: usize = 5;

#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    nodes: BTreeMap<String, Node>,
    pods: Vec<Pod>,
    custom: Vec<Custom>,
}

#[derive(Clone, Debug)]
struct Node {
    ready: bool,
    address: Option<String>,
}

#[derive(Clone, Debug)]
struct Pod {
    namespace: String,
    name: String,
    node: String,
    phase: String,
    ready: bool,
    containers: Vec<Container>,
}

#[derive(Clone, Debug)]
struct Container {
    name: String,
    running: bool,
    restarts: u64,
}

#[derive(Clone, Debug)]
struct Custom {
    resource: String,
    path: String,
}

/// A page of a list: where it goes on, and its rows.
#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(default = "Vec::new")]
    items: Vec<T>,
}

#[derive(Default, Deserialize)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    token: String,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
}

#[derive(Deserialize)]
struct NodeRow {
    metadata: Metadata,
    #[serde(default)]
    status: NodeStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeStatus {
    conditions: Vec<Condition>,
    addresses: Vec<Address>,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    status: String,
}

#[derive(Deserialize)]
struct Address {
    #[serde(rename = "type")]
    kind: String,
    address: String,
}

#[derive(Deserialize)]
struct PodRow {
    metadata: Metadata,
    #[serde(default)]
    spec: PodSpec,
    #[serde(default)]
    status: PodStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodSpec {
    node_name: String,
    containers: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodStatus {
    phase: String,
    container_statuses: Vec<ContainerStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerStatus {
    name: String,
    #[serde(default)]
    ready: bool,
    #[serde(default)]
    restart_count: u64,
    #[serde(default)]
    state: ContainerState,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContainerState {
    running: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct DefinitionRow {
    spec: Definition,
}

#[derive(Deserialize)]
struct Definition {
    group: String,
    names: Names,
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Names {
    plural: String,
}

#[derive(Deserialize)]
struct Version {
    name: String,
    #[serde(default)]
    served: bool,
}

impl Facts {
    /// Reads one page of the entry `name`; returns the token of the next page.
    ///
    /// Nothing when the bytes are no whole page.
    pub(crate) fn page(&mut self, name: &str, bytes: &[u8]) -> Option<String> {
        match name {
            "nodes" => {
                let page: Page<NodeRow> = serde_json::from_slice(bytes).ok()?;
                self.nodes.extend(
                    page.items.into_iter().map(|row| (row.metadata.name.clone(), node(&row))),
                );
                Some(page.metadata.token)
            }
            "pods" => {
                let page: Page<PodRow> = serde_json::from_slice(bytes).ok()?;
                self.pods.extend(page.items.into_iter().map(pod));
                Some(page.metadata.token)
            }
            "customresourcedefinitions" => {
                let page: Page<DefinitionRow> = serde_json::from_slice(bytes).ok()?;
                self.custom.extend(page.items.into_iter().filter_map(|row| custom(row.spec)));
                Some(page.metadata.token)
            }
            _ => {
                let page: Page<serde::de::IgnoredAny> = serde_json::from_slice(bytes).ok()?;
                Some(page.metadata.token)
            }
        }
    }

    /// Whom an entry is to be repeated for: at most `most`, and how many were left out.
    pub(crate) fn targets(&self, each: Each, most: usize) -> (Vec<Target>, usize) {
        let all = match each {
            Each::NodeProbe => self.probes(),
            Each::NodeSample => {
                self.nodes_by_need().into_iter().map(|(name, _)| node_target(name)).collect()
            }
            Each::UnreadyNode => self
                .nodes_by_need()
                .into_iter()
                .filter(|(_, node)| !node.ready)
                .map(|(name, _)| node_target(name))
                .collect(),
            Each::UnhealthyPod => self.unhealthy(),
            Each::SystemContainer => self.system(most > 1000, false),
            Each::RestartedContainer => self.system(most > 1000, true),
            Each::CustomResource => self.custom.iter().map(custom_target).collect(),
            // Azure's answers name these, not the cluster's lists.
            Each::AzureZone
            | Each::AzureSubnet
            | Each::AzureVnet
            | Each::AzureBalancer
            | Each::AzureScaleSet => Vec::new(),
        };
        let left_out = all.len().saturating_sub(most);
        (sample(all, most), left_out)
    }

    /// Which pod runs where, for readers without the pod list: `namespace`, `pod`, `node` a line.
    pub(crate) fn pods_on_nodes(&self) -> String {
        let mut lines: Vec<String> = self
            .pods
            .iter()
            .map(|pod| format!("{}\t{}\t{}\n", pod.namespace, pod.name, pod.node))
            .collect();
        lines.sort();
        lines.concat()
    }

    /// Names and addresses of the nodes that `--nodes` chooses.
    pub(crate) fn chosen(&self, choice: &str) -> Vec<(String, Option<String>)> {
        let nodes = self.nodes_by_need();
        let pick = |(name, node): (&String, &Node)| (name.clone(), node.address.clone());
        match choice {
            "all" => nodes.into_iter().map(pick).collect(),
            "unhealthy" => nodes.into_iter().filter(|(_, node)| !node.ready).map(pick).collect(),
            choice => match choice.strip_prefix("sample=").and_then(|count| count.parse().ok()) {
                Some(count) => sample(nodes.into_iter().map(pick).collect(), count),
                None => choice
                    .split(',')
                    .map(|name| {
                        (
                            name.to_owned(),
                            self.nodes.get(name).and_then(|node| node.address.clone()),
                        )
                    })
                    .collect(),
            },
        }
    }

    /// Nodes that are not ready first.
    fn nodes_by_need(&self) -> Vec<(&String, &Node)> {
        let mut nodes: Vec<_> = self.nodes.iter().collect();
        nodes.sort_by_key(|(name, node)| (node.ready, name.as_str()));
        nodes
    }

    fn probes(&self) -> Vec<Target> {
        let mut best: BTreeMap<&str, (&Pod, &Container)> = BTreeMap::new();
        let preference =
            |pod: &Pod| (pod.namespace != "kube-system", pod.phase != "Running", pod.name.clone());
        for pod in &self.pods {
            let Some(container) = pod.containers.iter().find(|container| container.running) else {
                continue;
            };
            if best
                .get(pod.node.as_str())
                .is_none_or(|(known, _)| preference(pod) < preference(known))
            {
                best.insert(&pod.node, (pod, container));
            }
        }
        let mut targets: Vec<Target> =
            best.values().map(|(pod, container)| container_target(pod, container)).collect();
        let ready = |target: &Target| {
            target.node.as_ref().and_then(|node| self.nodes.get(node)).is_none_or(|node| node.ready)
        };
        targets.sort_by_key(ready);
        targets
    }

    fn unhealthy(&self) -> Vec<Target> {
        let mut pods: Vec<&Pod> = self
            .pods
            .iter()
            .filter(|pod| pod.phase != "Succeeded" && !(pod.phase == "Running" && pod.ready))
            .collect();
        pods.sort_by_key(|pod| {
            (pod.namespace != "kube-system", pod.namespace.clone(), pod.name.clone())
        });
        pods.into_iter().map(pod_target).collect()
    }

    fn system(&self, all: bool, restarted: bool) -> Vec<Target> {
        let mut pods: Vec<(&'static str, &Pod)> = self
            .pods
            .iter()
            .filter_map(|pod| {
                Some((*SYSTEM.iter().find(|prefix| pod.name.starts_with(**prefix))?, pod))
            })
            .collect();
        let restarts = |pod: &Pod| {
            pod.containers.iter().map(|container| container.restarts).max().unwrap_or_default()
        };
        pods.sort_by_key(|(prefix, pod)| {
            (*prefix, pod.ready, std::cmp::Reverse(restarts(pod)), pod.name.clone())
        });
        let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
        let mut targets = Vec::new();
        for (prefix, pod) in pods {
            let count = taken.entry(prefix).or_default();
            *count += 1;
            if all || *count <= PODS_OF_ONE_NAME {
                let wanted =
                    pod.containers.iter().filter(|container| !restarted || container.restarts > 0);
                targets.extend(wanted.map(|container| container_target(pod, container)));
            }
        }
        targets
    }
}

fn node(row: &NodeRow) -> Node {
    Node {
        ready: row
            .status
            .conditions
            .iter()
            .any(|condition| condition.kind == "Ready" && condition.status == "True"),
        address: row
            .status
            .addresses
            .iter()
            .find(|address| address.kind == "InternalIP")
            .map(|found| found.address.clone()),
    }
}

fn pod(row: PodRow) -> Pod {
    let statuses = row.status.container_statuses;
    let ready = !statuses.is_empty() && statuses.iter().all(|status| status.ready);
    let containers = row.spec.containers.into_iter().map(|container| {
        let status = statuses.iter().find(|status| status.name == container.name);
        Container {
            running: status.is_some_and(|status| status.state.running.is_some()),
            restarts: status.map_or(0, |status| status.restart_count),
            name: container.name,
        }
    });
    Pod {
        containers: containers.collect(),
        namespace: row.metadata.namespace,
        name: row.metadata.name,
        node: row.spec.node_name,
        phase: row.status.phase,
        ready,
    }
}

fn custom(definition: Definition) -> Option<Custom> {
    let version = definition.versions.iter().rev().find(|version| version.served)?;
    let Definition { group, names: Names { plural }, .. } = &definition;
    Some(Custom {
        resource: format!("{plural}.{group}"),
        path: format!("/apis/{group}/{}/{plural}", version.name),
    })
}

fn node_target(name: &str) -> Target {
    Target { words: BTreeMap::from([("node", name.to_owned())]), node: Some(name.to_owned()) }
}

fn pod_target(pod: &Pod) -> Target {
    let words = [
        ("namespace", pod.namespace.clone()),
        ("pod", pod.name.clone()),
        ("node", pod.node.clone()),
    ];
    Target {
        words: BTreeMap::from(words),
        node: Some(pod.node.clone()).filter(|node| !node.is_empty()),
    }
}

fn container_target(pod: &Pod, container: &Container) -> Target {
    let mut target = pod_target(pod);
    target.words.insert("container", container.name.clone());
    target
}

fn custom_target(custom: &Custom) -> Target {
    let words = [("resource", custom.resource.clone()), ("path", custom.path.clone())];
    Target { words: BTreeMap::from(words), node: None }
}

/// The first half of what may be taken from the front, the rest evenly from what is left.
fn sample<T>(all: Vec<T>, most: usize) -> Vec<T> {
    if all.len() <= most {
        return all;
    }
    let front = most.div_ceil(2);
    let (left, wanted) = (all.len() - front, most - front);
    let keep = |at: usize| {
        at < front || ((at - front + 1) * wanted) / left > ((at - front) * wanted) / left
    };
    all.into_iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let mut facts = Facts::default();
        let nodes = serde_json::json!({"metadata": {"continue": "next"}, "items": [
            {"metadata": {"name": "a"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
            {"metadata": {"name": "b"}, "status": {"conditions": [{"type": "Ready", "status": "Unknown"}],
             "addresses": [{"type": "InternalIP", "address": "10.0.0.2"}]}}]});
        assert_eq!(facts.page("nodes", nodes.to_string().as_bytes()).as_deref(), Some("next"));
        let pod = |namespace: &str, name: &str, node: &str, restarts: u64| {
            serde_json::json!({"metadata": {"name": name, "namespace": namespace}, "spec": {"nodeName": node, "containers": [{"name": "c"}]},
                "status": {"phase": "Running", "containerStatuses": [{"name": "c", "ready": restarts == 0, "restartCount": restarts, "state": {"running": {}}}]}})
        };
        let pods = serde_json::json!({"items": [pod("x", "app", "a", 0), pod("kube-system", "kube-proxy-1", "a", 0),
            pod("kube-system", "coredns-2", "b", 3)]});
        assert_eq!(facts.page("pods", pods.to_string().as_bytes()).as_deref(), Some(""));
        facts
    }

    fn names(targets: &[Target], word: &str) -> Vec<String> {
        targets.iter().map(|target| target.words[word].clone()).collect()
    }

    #[test]
    fn one_probe_a_node_and_the_unready_first() {
        let facts = facts();
        assert_eq!(
            names(&facts.targets(Each::NodeProbe, 9).0, "pod"),
            ["coredns-2", "kube-proxy-1"]
        );
        assert_eq!(names(&facts.targets(Each::UnreadyNode, 9).0, "node"), ["b"]);
        assert_eq!(names(&facts.targets(Each::RestartedContainer, 9).0, "pod"), ["coredns-2"]);
        assert_eq!(names(&facts.targets(Each::UnhealthyPod, 9).0, "pod"), ["coredns-2"]);
        assert_eq!(facts.targets(Each::NodeProbe, 1).1, 1);
        assert_eq!(facts.chosen("unhealthy"), [("b".to_owned(), Some("10.0.0.2".to_owned()))]);
    }

    #[test]
    fn a_sample_keeps_the_front_and_spreads_over_the_rest() {
        assert_eq!(sample((0..10).collect(), 4), [0, 1, 5, 9]);
        assert_eq!(sample((0..3).collect(), 4), [0, 1, 2]);
        assert_eq!(sample((0..500).collect::<Vec<_>>(), 64).len(), 64);
    }
}
