//! Logs of any program in any wrapper, cut down to the lines that mean something.
//!
//! Each line loses its wrappers (`line.rs`), goes once through the table of signals
//! (`parse/signals.rs`) and is forgotten. Whose log it is follows from what the lines say; a name
//! in the path only breaks a tie. A journal of several programs gives one row per program and host.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use konspect_bundle::{ArtifactId, Source, Span};

use super::onset::Rate;
use super::rows::{Hint, Kind, Rows, TableKind};
use super::signals::{self, Found};
use super::time::{self, Context};
use crate::model::log::{Component, LogFile, LogOrigin, Signal, SignalCount, SignalHit};

mod component;
pub(super) mod container_rows;
mod line;
mod origin;

use component::Votes;
use line::{Entry, Severity, is_klog};

const FIRST_HITS: usize = 8;
const LAST_HITS: usize = 8;
const MOST_DETAILS: usize = 64;
const MOST_TEXT: usize = 1024;
/// Programs and hosts told apart within one artefact.
const MOST_FILES: usize = 256;
/// Bytes of one line that are read; the rest cannot change what the line means.
const MOST_LINE: usize = 64 * 1024;
/// Lines of a message that klog spreads (`err=<` … ` >`).
const MOST_CONTINUED: usize = 64;

/// Reads a whole log.
pub fn log(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let mut fold = LogFold::new(source.id, hint);
    for line in source.lines() {
        fold.line(line.bytes, line.at);
    }
    fold.finish(rows);
    Kind::Log
}

/// Seconds by which zones differ at least, but for a few of quarters.
const HALF_HOUR: i64 = 1800;

/// Folds a log line by line, so that a huge one needs no memory of its size.
pub struct LogFold {
    context: Context,
    named: LogOrigin,
    whole: Span,
    entry: Entry,
    files: BTreeMap<(Option<Component>, String), File>,
    votes: Votes,
    pending: Option<Pending>,
    last_time: Option<Timestamp>,
    last_key: Option<(Option<Component>, String)>,
    ahead_of_server: Option<(i64, Span)>,
}

/// A message whose end has not come yet.
struct Pending {
    text: String,
    at: Span,
    lines: usize,
    /// True for CRI's parts, false for klog's lines up to ` >`.
    parts: bool,
    head: Head,
}

/// What a line says besides its message.
#[derive(Clone, Default)]
struct Head {
    time: Option<Timestamp>,
    host: String,
    ident: String,
    severity: Severity,
    kernel: bool,
}

#[derive(Default)]
struct File {
    lines: u64,
    error_lines: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    signals: BTreeMap<Signal, Hits>,
    namespace: String,
    pod: String,
    container: String,
    at: Option<Span>,
}

#[derive(Default)]
struct Hits {
    count: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    rate: Rate,
    head: Vec<SignalHit>,
    tail: VecDeque<SignalHit>,
    details: BTreeMap<String, u64>,
}

impl LogFold {
    pub fn new(artifact: ArtifactId, hint: &Hint<'_>) -> Self {
        Self {
            context: Context { reference: hint.reference.or_else(time::yearless_reference) },
            named: origin::of_hint(hint),
            whole: Span { artifact, start: u64::MAX, end: 0 },
            entry: Entry::default(),
            files: BTreeMap::new(),
            votes: Votes::default(),
            pending: None,
            last_time: None,
            last_key: None,
            ahead_of_server: None,
        }
    }

    /// Takes the next line, without its end.
    pub fn line(&mut self, bytes: &[u8], at: Span) {
        self.whole.start = self.whole.start.min(at.start);
        self.whole.end = self.whole.end.max(at.end);
        let bytes = bytes.get(..MOST_LINE).unwrap_or(bytes);
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return;
        }
        let plain = if text.contains('\u{1b}') { without_colours(text) } else { String::new() };
        let text = if plain.is_empty() { text } else { plain.as_str() };
        if text.starts_with("-- ") && text.trim_end().ends_with("--") {
            self.votes.journal();
            return;
        }
        if let Some(date) = text.trim_start().strip_prefix("Date: ") {
            self.date_header(date, at);
        }
        let mut entry = std::mem::take(&mut self.entry);
        entry.read(text, &self.context);
        self.take(&entry, at);
        self.entry = entry;
    }

    /// A header of the server's answer, below the line that the client stamped. klog's year and zone are unknown:
    /// what remains beside whole half hours is the clock's. Answers from a cache are older, so the least counts.
    fn date_header(&mut self, date: &str, at: Span) {
        let (Some(client), Some(server)) = (self.last_time, time::rfc1123(date.trim())) else {
            return;
        };
        let whole = (client.as_second() - server.as_second() + HALF_HOUR / 2).rem_euclid(HALF_HOUR);
        let ahead = whole - HALF_HOUR / 2;
        if self.ahead_of_server.is_none_or(|(known, _)| ahead < known) {
            self.ahead_of_server = Some((ahead, at));
        }
    }

    fn take(&mut self, entry: &Entry, at: Span) {
        if let Some(mut pending) = self.pending.take() {
            let ends = if pending.parts {
                pending.text.push_str(&entry.message);
                !entry.partial
            } else if entry.headed && is_klog_like(entry) {
                self.message(&pending.text, pending.at, &pending.head);
                self.begin(entry, at);
                return;
            } else {
                pending.text.push(' ');
                pending.text.push_str(entry.message.trim());
                entry.message.trim() == ">"
            };
            pending.at = pending.at.to(at);
            pending.lines += 1;
            if ends || pending.lines >= MOST_CONTINUED || pending.text.len() >= MOST_LINE {
                self.message(&pending.text, pending.at, &pending.head);
            } else {
                self.pending = Some(pending);
            }
            return;
        }
        self.begin(entry, at);
    }

    fn begin(&mut self, entry: &Entry, at: Span) {
        let head = Head {
            time: entry.time,
            host: entry.host.clone(),
            ident: entry.ident.clone(),
            severity: entry.severity,
            kernel: entry.kernel,
        };
        self.count(entry, &head, at);
        if entry.partial || entry.message.ends_with("=<") {
            self.pending = Some(Pending {
                text: entry.message.clone(),
                at,
                lines: 1,
                parts: entry.partial,
                head,
            });
            return;
        }
        self.message(&entry.message, at, &head);
    }

    /// Counts a line for its program and host, and notes whose container it is.
    fn count(&mut self, entry: &Entry, head: &Head, at: Span) {
        let key = if entry.headed || self.last_key.is_none() {
            let program = component::of_journal(&head.ident, &entry.message)
                .or(head.kernel.then_some(Component::Kernel))
                .or_else(|| origin::of_container(&entry.container));
            let pod = if entry.pod.is_empty() {
                String::new()
            } else {
                format!("{}/{}/{}", entry.namespace, entry.pod, entry.container)
            };
            (program, format!("{}|{pod}", head.host))
        } else {
            // A line without a header belongs to the program of the line before it.
            self.last_key.clone().unwrap_or_default()
        };
        let key = if self.files.len() >= MOST_FILES && !self.files.contains_key(&key) {
            (key.0, String::new())
        } else {
            key
        };
        let file = self.files.entry(key.clone()).or_default();
        file.lines += 1;
        file.error_lines += u64::from(head.severity == Severity::Error);
        if file.pod.is_empty() && !entry.pod.is_empty() {
            file.pod.clone_from(&entry.pod);
            file.namespace.clone_from(&entry.namespace);
            file.container.clone_from(&entry.container);
        }
        file.at = Some(file.at.map_or(at, |whole| whole.to(at)));
        if let Some(time) = head.time {
            file.first = Some(file.first.map_or(time, |first| first.min(time)));
            file.last = Some(file.last.map_or(time, |last| last.max(time)));
            self.last_time = Some(time);
        }
        self.last_key = Some(key);
    }

    fn message(&mut self, text: &str, at: Span, head: &Head) {
        let Some(key) = self.last_key.clone() else { return };
        if key.0.is_none() {
            self.votes.line(text);
        }
        let time = head.time.or(self.last_time);
        for found in signals::signals(text) {
            let Some(file) = self.files.get_mut(&key) else { return };
            file.signals.entry(found.signal).or_default().add(found, text, time, at);
        }
    }

    /// Ends the log: decides whose it is and appends its rows.
    pub fn finish(mut self, rows: &mut Rows) {
        if let Some(pending) = self.pending.take() {
            self.message(&pending.text, pending.at, &pending.head);
        }
        if self.whole.start > self.whole.end {
            self.whole.start = self.whole.end;
        }
        let voted = self.votes.winner(&self.named, self.files.keys().any(|key| key.0.is_some()));
        if self.files.is_empty() {
            self.files.insert((None, "|".to_owned()), File::default());
        }
        let whole = self.whole;
        let mut covered = Vec::new();
        for ((program, key), file) in self.files {
            let host = key.split('|').next().unwrap_or_default();
            let component = program.unwrap_or(voted);
            let mut row = file.row(component, host, &self.named, whole);
            row.ahead_of_server = self.ahead_of_server;
            let table = table_of(component);
            if !covered.contains(&table) {
                covered.push(table);
                rows.covers(table, row.at);
            }
            rows.logs.push(row);
        }
    }
}

impl File {
    fn row(self, component: Component, host: &str, named: &LogOrigin, whole: Span) -> LogFile {
        let mut origin = named.clone();
        origin.component = component;
        if !host.is_empty() {
            host.clone_into(&mut origin.node);
        }
        if !self.pod.is_empty() {
            origin.pod = self.pod;
            origin.container = self.container;
            if !self.namespace.is_empty() {
                origin.namespace = self.namespace;
            }
        }
        let signals = self
            .signals
            .into_iter()
            .filter(|(signal, _)| signals::may_carry(component, *signal))
            .map(|(signal, hits)| hits.row(signal))
            .collect();
        LogFile {
            origin,
            lines: self.lines,
            first: self.first,
            last: self.last,
            error_lines: self.error_lines,
            ahead_of_server: None,
            signals,
            at: self.at.unwrap_or(whole),
        }
    }
}

impl Hits {
    fn add(&mut self, found: Found, text: &str, time: Option<Timestamp>, at: Span) {
        self.count += found.times;
        if let Some(time) = time {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
            self.rate.add(time, found.times);
        }
        if !found.detail.is_empty() {
            if let Some(count) = self.details.get_mut(&found.detail) {
                *count += found.times;
            } else if self.details.len() < MOST_DETAILS {
                self.details.insert(found.detail.clone(), found.times);
            }
        }
        let hit =
            SignalHit { time, text: capped(text), detail: found.detail, error: found.error, at };
        if self.head.len() < FIRST_HITS {
            self.head.push(hit);
            return;
        }
        if self.tail.len() == LAST_HITS {
            self.tail.pop_front();
        }
        self.tail.push_back(hit);
    }

    fn row(self, signal: Signal) -> SignalCount {
        let mut hits = self.head;
        hits.extend(self.tail);
        SignalCount {
            signal,
            count: self.count,
            first: self.first,
            last: self.last,
            onset: self.rate.onset(),
            hits,
            details: self.details.into_iter().collect(),
        }
    }
}

/// True when a line begins with klog's header.
pub(super) fn is_klog_line(line: &str) -> bool {
    is_klog(line)
}

fn table_of(component: Component) -> TableKind {
    match component {
        Component::TunnelAgent | Component::TunnelServer => TableKind::TunnelLogs,
        Component::CoreDns => TableKind::CoreDnsLogs,
        Component::Kubelet => TableKind::KubeletLogs,
        Component::Kernel => TableKind::KernelLogs,
        Component::ApiServer
        | Component::ControllerManager
        | Component::Scheduler
        | Component::Etcd
        | Component::CloudControllerManager
        | Component::ClusterAutoscaler => TableKind::ControlPlaneLogs,
        Component::Other
        | Component::Runtime
        | Component::KubeProxy
        | Component::MetricsServer
        | Component::Cni
        | Component::NodeProblemDetector
        | Component::System => TableKind::OtherLogs,
    }
}

fn is_klog_like(entry: &Entry) -> bool {
    entry.severity != Severity::Unknown || is_klog(&entry.message)
}

fn capped(text: &str) -> String {
    let mut end = text.len().min(MOST_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// Removes colour codes (`ESC [ … letter`).
pub(super) fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        rest = match after.strip_prefix('[') {
            Some(code) => {
                let end =
                    code.find(|c: char| c.is_ascii_alphabetic()).map_or(code.len(), |at| at + 1);
                code.get(end..).unwrap_or_default()
            }
            None => after,
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
