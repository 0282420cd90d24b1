//! Samples of the metric families that rules ask for; the rest is only counted.

use std::collections::BTreeMap;

use super::{Labels, Span, Text, Timestamp};

/// One scrape of one endpoint, or one answer of the Prometheus API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape {
    pub component: MetricsComponent,
    /// The node, for kubelet and node-exporter scrapes, when known.
    pub node: String,
    /// Samples of known families, by family name (histograms by their base name), in the file's order.
    pub families: BTreeMap<String, Vec<Sample>>,
    /// All series seen, also of families that are not kept.
    pub series: u64,
    /// `process_start_time_seconds`.
    pub process_start: Option<Timestamp>,
    /// When it was taken, where the file or the collection says so.
    pub taken: Option<Timestamp>,
    pub at: Span,
}

/// Whose metrics they are, recognised by the families.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MetricsComponent {
    #[default]
    Other,
    ApiServer,
    Etcd,
    Kubelet,
    NodeExporter,
    CoreDns,
    TunnelAgent,
    TunnelServer,
    KubeProxy,
    Scheduler,
    ControllerManager,
    NodeProblemDetector,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// The full name, with `_bucket`, `_sum`, `_count` where it has one.
    pub name: Text,
    /// Without `__name__`; sorted.
    pub labels: Labels,
    pub value: f64,
    pub at: Span,
}

impl Sample {
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", Text::as_str)
    }
}
