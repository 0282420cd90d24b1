//! Nodes, by name and by address.

use std::collections::BTreeMap;

use konspect_bundle::Span;

use crate::model::kube::{Node, Status};

#[derive(Clone, Debug, Default)]
pub struct Nodes {
    rows: Vec<Node>,
    by_name: BTreeMap<String, usize>,
    by_address: BTreeMap<String, usize>,
    sources: Vec<Span>,
    pub complete: bool,
}

impl Nodes {
    pub fn new(mut rows: Vec<Node>, sources: Vec<Span>, complete: bool) -> Self {
        rows.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
        let by_name = rows
            .iter()
            .enumerate()
            .map(|(index, node)| (node.meta.name.to_lowercase(), index))
            .collect();
        let by_address = rows
            .iter()
            .enumerate()
            .flat_map(|(index, node)| {
                node.addresses.iter().map(move |address| (address.clone(), index))
            })
            .collect();
        Self { rows, by_name, by_address, sources, complete }
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Node> {
        self.rows.iter()
    }

    /// For corrections that leave names and addresses alone.
    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Node> {
        self.rows.iter_mut()
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// By name, whatever its case.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.by_name.get(&name.to_lowercase()).and_then(|index| self.rows.get(*index))
    }

    pub fn by_address(&self, address: &str) -> Option<&Node> {
        self.by_address.get(address).and_then(|index| self.rows.get(*index))
    }

    /// By name, address, host name with a domain, or scale-set instance (`aks-p-1-vmss_150`).
    pub fn find(&self, name: &str) -> Option<&Node> {
        self.get(name)
            .or_else(|| self.by_address(name))
            .or_else(|| self.get(name.split('.').next()?))
            .or_else(|| self.get(&instance_node_name(name)?))
    }

    pub fn not_ready(&self) -> impl Iterator<Item = &Node> {
        self.rows.iter().filter(|node| node.ready().is_some_and(|status| status != Status::True))
    }

    /// The list that shows all nodes.
    pub fn at(&self) -> Span {
        self.sources.first().copied().unwrap_or_default()
    }
}

/// The node of a scale-set instance: `aks-np-12345678-vmss_150` is `aks-np-12345678-vmss000046`
/// (decimal instance id to base 36, six digits).
pub fn instance_node_name(instance: &str) -> Option<String> {
    let (set, id) = instance.rsplit_once('_')?;
    let mut id: u64 = id.parse().ok()?;
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(u32::try_from(id % 36).ok()?, 36)?);
        id /= 36;
        if id == 0 {
            break;
        }
    }
    let digits: String = digits.into_iter().rev().collect();
    Some(format!("{set}{digits:0>6}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instance_ids_become_node_names() {
        assert_eq!(
            instance_node_name("aks-001-xxxxx-vmss_150").as_deref(),
            Some("aks-001-xxxxx-vmss000046")
        );
        assert_eq!(instance_node_name("aks-np-1-vmss_0").as_deref(), Some("aks-np-1-vmss000000"));
        assert_eq!(instance_node_name("aks-np-1-vmss000000"), None);
    }
}
