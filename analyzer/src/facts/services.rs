//! Services and what stands behind them.

use std::collections::BTreeMap;

use konspect_bundle::Span;

use crate::model::workload::{EndpointSlice, Service};

#[derive(Clone, Debug, Default)]
pub struct Services {
    rows: Vec<Service>,
    by_name: BTreeMap<(String, String), usize>,
    slices: BTreeMap<(String, String), Vec<EndpointSlice>>,
    sources: Vec<Span>,
    /// The EndpointSlices' own sources; empty when none was collected.
    endpoint_sources: Vec<Span>,
}

impl Services {
    pub fn new(
        mut rows: Vec<Service>,
        slices: Vec<EndpointSlice>,
        sources: Vec<Span>,
        endpoint_sources: Vec<Span>,
    ) -> Self {
        rows.sort_by(|a, b| {
            (&a.meta.namespace, &a.meta.name).cmp(&(&b.meta.namespace, &b.meta.name))
        });
        let by_name = rows
            .iter()
            .enumerate()
            .map(|(index, service)| {
                ((service.meta.namespace.to_string(), service.meta.name.to_string()), index)
            })
            .collect();
        let mut by_service: BTreeMap<(String, String), Vec<EndpointSlice>> = BTreeMap::new();
        for slice in slices {
            by_service
                .entry((slice.meta.namespace.to_string(), slice.service.clone()))
                .or_default()
                .push(slice);
        }
        Self { rows, by_name, slices: by_service, sources, endpoint_sources }
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Service> {
        self.rows.iter()
    }

    pub fn get(&self, namespace: &str, name: &str) -> Option<&Service> {
        self.by_name
            .get(&(namespace.to_owned(), name.to_owned()))
            .and_then(|index| self.rows.get(*index))
    }

    /// The service of a cluster address.
    pub fn by_address(&self, address: &str) -> Option<&Service> {
        self.rows.iter().find(|service| service.cluster_ip == address)
    }

    pub fn slices(&self, namespace: &str, name: &str) -> &[EndpointSlice] {
        self.slices.get(&(namespace.to_owned(), name.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// Ready endpoint addresses; `None` when no endpoints were collected at all.
    pub fn ready_endpoints(&self, namespace: &str, name: &str) -> Option<usize> {
        if self.endpoint_sources.is_empty() {
            return None;
        }
        let slices = self.slices(namespace, name);
        Some(
            slices
                .iter()
                .flat_map(|slice| &slice.endpoints)
                .filter(|endpoint| endpoint.ready)
                .count(),
        )
    }

    /// The list that shows all services.
    pub fn at(&self) -> Span {
        self.sources.first().copied().unwrap_or_default()
    }

    /// The list that shows all endpoints.
    pub fn endpoints_at(&self) -> Option<Span> {
        self.endpoint_sources.first().copied()
    }

    /// True when the Service list itself (not only endpoints) was collected.
    pub fn listed(&self) -> bool {
        !self.sources.is_empty()
    }
}
