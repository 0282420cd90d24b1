//! Events, in order of time.

use jiff::Timestamp;
use konspect_bundle::Span;

use crate::model::kube::Event;

#[derive(Clone, Debug, Default)]
pub struct Events {
    rows: Vec<Box<Event>>,
    sources: Vec<Span>,
    /// The oldest and newest time of any event: Kubernetes keeps them for about an hour.
    pub window: Option<(Timestamp, Timestamp)>,
}

impl Events {
    pub fn new(mut rows: Vec<Box<Event>>, sources: Vec<Span>) -> Self {
        rows.sort_by(|a, b| {
            (a.last, &a.object, &a.reason, a.at).cmp(&(b.last, &b.object, &b.reason, b.at))
        });
        let first = rows.iter().filter_map(|event| event.first.get().or(event.last.get())).min();
        let last = rows.iter().filter_map(|event| event.last.get()).max();
        Self { rows, sources, window: first.zip(last) }
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Event> + ExactSizeIterator + Clone {
        self.rows.iter().map(Box::as_ref)
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Events of any of these reasons.
    pub fn reason<'a>(&'a self, reasons: &'a [&'a str]) -> impl Iterator<Item = &'a Event> {
        self.iter().filter(move |event| reasons.contains(&event.reason.as_str()))
    }

    pub fn about<'a>(
        &'a self,
        kind: &'a str,
        namespace: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Event> {
        self.iter().filter(move |event| {
            event.object.kind == kind
                && event.object.namespace == namespace
                && event.object.name == name
        })
    }

    /// Events about a node: some sources put them in a namespace, some use the host field.
    pub fn of_node<'a>(&'a self, node: &'a str) -> impl Iterator<Item = &'a Event> {
        self.iter().filter(move |event| event.object.kind == "Node" && event.object.name == node)
    }

    pub fn at(&self) -> Span {
        self.sources.first().copied().unwrap_or_default()
    }
}
