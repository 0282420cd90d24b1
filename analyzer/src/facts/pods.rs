//! Pods, by name and by node.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use konspect_bundle::Span;

use crate::model::Text;
use crate::model::kube::Pod;

#[derive(Clone, Debug, Default)]
pub struct Pods {
    /// By namespace and name.
    rows: Vec<Box<Pod>>,
    by_node: BTreeMap<Text, Vec<usize>>,
    sources: Vec<Span>,
    pub complete: bool,
    /// Namespaces of which a list of their own was collected and not cut.
    listed: BTreeSet<String>,
}

impl Pods {
    pub fn new(mut rows: Vec<Box<Pod>>, sources: Vec<Span>, complete: bool) -> Self {
        rows.sort_by(|a, b| key(a).cmp(&key(b)));
        let on_nodes = rows.iter().enumerate().filter(|(_, pod)| !pod.node.is_empty());
        let by_node = grouped(on_nodes.map(|(index, pod)| (pod.node.clone(), index)));
        Self { rows, by_node, sources, complete, listed: BTreeSet::new() }
    }

    pub(super) fn with_lists_of(mut self, namespaces: BTreeSet<String>) -> Self {
        self.listed = namespaces;
        self
    }

    /// True when a Pod of this namespace that is not here did not exist.
    pub fn lists_all_of(&self, namespace: &str) -> bool {
        self.complete || self.listed.contains(namespace)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Pod> + Clone {
        self.rows.iter().map(Box::as_ref)
    }

    /// For corrections that leave names and nodes alone.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Pod> {
        self.rows.iter_mut().map(Box::as_mut)
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn get(&self, namespace: &str, name: &str) -> Option<&Pod> {
        let after = self.rows.partition_point(|pod| key(pod) <= (namespace, name));
        let pod = self.rows.get(after.checked_sub(1)?)?;
        (key(pod) == (namespace, name)).then_some(pod)
    }

    pub fn on_node(&self, node: &str) -> impl Iterator<Item = &Pod> {
        self.by_node
            .get(node)
            .into_iter()
            .flatten()
            .filter_map(|index| self.rows.get(*index).map(Box::as_ref))
    }

    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Pod> {
        self.iter().filter(move |pod| pod.meta.namespace == namespace)
    }

    /// Pods of a `kube-system` component, by one of its labels or by the prefix of its name.
    pub fn system<'a>(
        &'a self,
        labels: &'a [(&'a str, &'a str)],
        prefix: &'a str,
    ) -> impl Iterator<Item = &'a Pod> {
        self.in_namespace("kube-system").filter(move |pod| {
            labels.iter().any(|(key, value)| pod.meta.label(key) == Some(value))
                || (pod.meta.labels.is_empty() && pod.meta.name.starts_with(prefix))
        })
    }

    /// The list that shows all pods.
    pub fn at(&self) -> Span {
        self.sources.first().copied().unwrap_or_default()
    }
}

/// Values by key: of many values and few keys, a tree is made of the keys alone.
pub(super) fn grouped<K: Ord + Hash, V>(
    values: impl Iterator<Item = (K, V)>,
) -> BTreeMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for (key, value) in values {
        groups.entry(key).or_default().push(value);
    }
    groups.into_iter().collect()
}

fn key(pod: &Pod) -> (&str, &str) {
    (&pod.meta.namespace, &pod.meta.name)
}

/// The workload that a pod belongs to: its owner's name without the hash of a ReplicaSet, else the
/// pod's own name without its last parts.
pub fn workload_of(pod: &Pod) -> String {
    let owner = pod.meta.owners.first();
    match owner {
        Some(owner) if owner.kind == "ReplicaSet" => {
            owner.name.rsplit_once('-').map_or(owner.name.to_string(), |(name, _)| name.to_owned())
        }
        Some(owner) => owner.name.to_string(),
        None => {
            // A table has no owners: two random parts for a ReplicaSet, one for other controllers.
            let mut parts: Vec<&str> = pod.meta.name.split('-').collect();
            let random =
                |part: &str| part.len() >= 5 && part.bytes().any(|byte| byte.is_ascii_digit());
            for _ in 0..2 {
                if parts.len() > 1
                    && parts.last().is_some_and(|part| random(part) || part.len() == 5)
                {
                    parts.pop();
                }
            }
            parts.join("-")
        }
    }
}

/// Pods by namespace and workload.
pub fn by_workload<'a>(
    pods: impl Iterator<Item = &'a Pod>,
) -> BTreeMap<(String, String), Vec<&'a Pod>> {
    let mut groups: BTreeMap<(String, String), Vec<&Pod>> = BTreeMap::new();
    for pod in pods {
        groups.entry((pod.meta.namespace.to_string(), workload_of(pod))).or_default().push(pod);
    }
    groups
}

/// The nodes of some pods.
pub fn nodes_of<'a>(pods: impl Iterator<Item = &'a Pod>) -> std::collections::BTreeSet<String> {
    pods.map(|pod| pod.node.to_string()).filter(|node| !node.is_empty()).collect()
}
