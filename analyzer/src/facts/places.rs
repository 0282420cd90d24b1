//! Which node a file was taken on, and which pod a log is of.

use std::collections::BTreeMap;

use konspect_bundle::{ArtifactId, Span};

use super::{Nodes, Origin, Pods};
use crate::model::kube::Pod;
use crate::model::log::LogFile;
use crate::model::node_files::OnNode;
use crate::parse::Rows;

/// Finds the node of an artefact: the manifest's word, else the only known node name in its path.
pub(super) struct Places {
    by_artifact: Vec<String>,
}

impl Places {
    pub(super) fn new(origin: &Origin, nodes: Option<&Nodes>, logs: &[LogFile]) -> Self {
        let mut by_artifact: Vec<String> = origin
            .paths
            .iter()
            .enumerate()
            .map(|(index, path)| {
                let stated = origin.nodes.get(index).map_or("", String::as_str);
                if stated.is_empty() {
                    node_in_path(path, nodes).unwrap_or_default()
                } else {
                    stated.to_owned()
                }
            })
            .collect();
        // A journal tells its node; the other files of its folder were taken on the same one.
        let mut by_folder: BTreeMap<&str, &str> = BTreeMap::new();
        for log in
            logs.iter().filter(|log| !log.origin.node.is_empty() && log.origin.pod.is_empty())
        {
            if let Some((folder, _)) = origin.path(log.at.artifact).rsplit_once('/') {
                let known = by_folder.entry(folder).or_insert(&log.origin.node);
                if *known != log.origin.node {
                    *known = "";
                }
            }
        }
        for (place, path) in
            by_artifact.iter_mut().zip(&origin.paths).filter(|(place, _)| place.is_empty())
        {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if let Some(node) =
                by_folder.get(folder).filter(|node| !node.is_empty() && folder.contains(**node))
            {
                (**node).clone_into(place);
            }
        }
        Self { by_artifact }
    }

    fn of(&self, artifact: ArtifactId) -> &str {
        self.by_artifact.get(artifact.0 as usize).map_or("", String::as_str)
    }
}

/// The longest known node name that stands in the path; without a node list, the folder below `nodes/`.
fn node_in_path(path: &str, nodes: Option<&Nodes>) -> Option<String> {
    let lower = path.to_lowercase();
    let known = nodes.into_iter().flat_map(Nodes::iter).map(|node| &node.meta.name);
    let named =
        known.filter(|name| lower.contains(&name.to_lowercase())).max_by_key(|name| name.len());
    if let Some(name) = named {
        return Some(name.to_string());
    }
    if let Some(name) = scale_set_name(&lower) {
        return Some(name.to_owned());
    }
    let mut parts = path.split('/');
    let folder = parts
        .by_ref()
        .find(|part| matches!(*part, "nodes" | "node" | "hosts"))
        .and_then(|_| parts.next())?;
    parts.next().map(|_| folder.to_owned())
}

/// A scale set's node name in a path: `aks-pool-12345678-vmss00000a`.
fn scale_set_name(path: &str) -> Option<&str> {
    let vmss = path.rfind("-vmss")?;
    let start = path.get(..vmss)?.rfind("aks-")?;
    let digits = path.get(vmss + 5..)?.bytes().take(6);
    let whole =
        digits.clone().count() == 6 && digits.clone().all(|byte| byte.is_ascii_alphanumeric());
    let name = path.get(start..vmss + 11).filter(|_| whole)?;
    (!name.contains('/')).then_some(name)
}

fn attribute<T>(rows: &mut [OnNode<T>], places: &Places, at: fn(&T) -> Span) {
    for row in rows.iter_mut().filter(|row| row.node.is_empty()) {
        places.of(at(&row.value).artifact).clone_into(&mut row.node);
    }
}

/// Gives rows of a node's files the node.
pub(super) fn attribute_nodes(rows: &mut Rows, places: &Places) {
    attribute(&mut rows.resolv_confs, places, |row| row.at);
    attribute(&mut rows.lookups, places, |row| row.at);
    attribute(&mut rows.probes, places, |row| row.at);
    attribute(&mut rows.filesystems, places, |row| row.at);
    attribute(&mut rows.memory, places, |row| row.at);
    attribute(&mut rows.pressures, places, |row| row.at);
    attribute(&mut rows.conntracks, places, |row| row.at);
    attribute(&mut rows.clocks, places, |row| row.at);
    attribute(&mut rows.certificates, places, |row| row.at);
    attribute(&mut rows.disk_loads, places, |row| row.at);
    attribute(&mut rows.cpu_loads, places, |row| row.at);
    attribute(&mut rows.sockets, places, |row| row.at);
    attribute(&mut rows.provision_exits, places, |row| row.at);
    attribute(&mut rows.routes, places, |row| row.at);
    attribute(&mut rows.hosts, places, |row| row.at);
    for firewall in rows.firewalls.iter_mut().filter(|firewall| firewall.node.is_empty()) {
        places.of(firewall.at.artifact).clone_into(&mut firewall.node);
    }
    for log in rows.logs.iter_mut().filter(|log| log.origin.node.is_empty()) {
        places.of(log.at.artifact).clone_into(&mut log.origin.node);
    }
    for scrape in rows.scrapes.iter_mut().filter(|scrape| scrape.node.is_empty()) {
        places.of(scrape.at.artifact).clone_into(&mut scrape.node);
    }
}

/// A container log that knows its pod but not its namespace or node learns them from the pod.
pub(super) fn attribute_pods(logs: &mut [LogFile], pods: Option<&Pods>) {
    let Some(pods) = pods else { return };
    // Of a large cluster's Pods only those are looked at that a log is of.
    let named = logs.iter().filter(|log| !log.origin.pod.is_empty());
    let mut by_name: BTreeMap<String, Vec<&Pod>> =
        named.map(|log| (log.origin.pod.clone(), Vec::new())).collect();
    if by_name.is_empty() {
        return;
    }
    for pod in pods.iter() {
        if let Some(same) = by_name.get_mut(pod.meta.name.as_str()) {
            same.push(pod);
        }
    }
    for log in logs.iter_mut() {
        let Some([pod]) = by_name.get(&log.origin.pod).map(Vec::as_slice) else { continue };
        pod.meta.namespace.as_str().clone_into(&mut log.origin.namespace);
        if log.origin.node.is_empty() {
            pod.node.as_str().clone_into(&mut log.origin.node);
        }
    }
}
