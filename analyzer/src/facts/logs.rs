//! Logs by component: what signals they carry, and whose.

use crate::model::log::{Component, LogFile, Signal, SignalCount, SignalHit};

#[derive(Clone, Debug, Default)]
pub struct Logs {
    rows: Vec<LogFile>,
}

impl Logs {
    pub fn new(rows: Vec<LogFile>) -> Self {
        Self { rows }
    }

    pub fn iter(&self) -> std::slice::Iter<'_, LogFile> {
        self.rows.iter()
    }

    pub fn of(&self, component: Component) -> impl Iterator<Item = &LogFile> {
        self.rows.iter().filter(move |log| log.origin.component == component)
    }

    pub fn of_pod<'a>(
        &'a self,
        namespace: &'a str,
        pod: &'a str,
    ) -> impl Iterator<Item = &'a LogFile> {
        self.rows.iter().filter(move |log| {
            log.origin.pod == pod
                && (log.origin.namespace == namespace || log.origin.namespace.is_empty())
        })
    }

    pub fn on_node<'a>(&'a self, node: &'a str) -> impl Iterator<Item = &'a LogFile> {
        self.rows.iter().filter(move |log| log.origin.node == node)
    }

    /// Every artefact that carries the signal.
    pub fn signal(&self, signal: Signal) -> impl Iterator<Item = (&LogFile, &SignalCount)> {
        self.rows.iter().filter_map(move |log| Some((log, log.signal(signal)?)))
    }

    /// Every kept hit of the signal, in the order of artefacts and places.
    pub fn hits(&self, signal: Signal) -> impl Iterator<Item = (&LogFile, &SignalHit)> {
        self.signal(signal).flat_map(|(log, count)| count.hits.iter().map(move |hit| (log, hit)))
    }

    /// Lines with the signal, over all logs.
    pub fn count(&self, signal: Signal) -> u64 {
        self.signal(signal).map(|(_, count)| count.count).sum()
    }
}
