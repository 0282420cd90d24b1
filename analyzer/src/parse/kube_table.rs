//! The tables that `kubectl get`, `kubectl top` and loops around them print: a fallback where JSON is
//! missing, and often all that a person attached.
//!
//! It refuses to turn ages into times: a table does not say when it was printed.

use konspect_bundle::diagnostic::{Code, Diagnostic};
use konspect_bundle::{Source, Span};

use super::kube::kinds::{self, Target};
use super::rows::{Collected, Hint, Kind, Rows, TableKind};
use crate::model::kube::ObjectCount;

mod columns;
mod fill;

pub(super) use columns::split_wide;
use columns::{Cells, Columns};
pub(super) use fill::{is_age, times};

/// The continuation lines of one event's message that are kept.
const MESSAGE_BYTES: usize = 4096;

/// Reads tables, one after another, and counts.
pub fn table(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let mut reader = Reader {
        target: Target::of(hint.command, hint.path),
        columns: None,
        current: None,
        rows,
        seen: 0,
        refused: 0,
        first_refused: None,
    };
    let ended = source.bytes.ends_with(b"\n");
    let mut lines = source.lines().peekable();
    while let Some(line) = lines.next() {
        let text = line.text();
        if !ended && lines.peek().is_none() && reader.cuts(&text) {
            reader.target.partial = true;
            break;
        }
        reader.line(&text, line.at);
    }
    reader.close();
    let (seen, refused, first) = (reader.seen, reader.refused, reader.first_refused);
    if let (Some(at), true) = (first, seen > 0) {
        rows.diagnostics.push(
            Diagnostic::new(Code::Refused, at)
                .with("count", refused)
                .with("reason", "no row of the table"),
        );
    }
    if seen > 0 { Kind::KubernetesTable } else { Kind::Unknown }
}

/// Reads one answer of the API's own table form.
pub(super) fn api_table(
    names: &[String],
    entries: &[(Vec<String>, String, Span)],
    target: &Target,
    at: Span,
    rows: &mut Rows,
) {
    let columns = Columns::named(names.iter().map(|name| name.to_uppercase()).collect());
    let kind = kind_of(&columns, target);
    let mut count = 0;
    for (cells, namespace, at) in entries {
        let cells = Cells::new(&columns, cells.clone());
        let namespace = if namespace.is_empty() { cells.get("NAMESPACE") } else { namespace };
        let (row_kind, name) = split_name(cells.get("NAME"), &kind);
        fill::row(&row_kind, name, namespace, &cells, *at, rows);
        count += 1;
    }
    cover(&kind, target, true, count, at, rows);
}

struct Reader<'r> {
    target: Target,
    columns: Option<Columns>,
    /// The kind of the table under way, its first place, and its rows so far.
    current: Option<(String, Span, u64)>,
    rows: &'r mut Rows,
    seen: u64,
    refused: u64,
    first_refused: Option<Span>,
}

impl Reader<'_> {
    fn line(&mut self, text: &str, at: Span) {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return;
        }
        if let Some(command) = prompt(trimmed) {
            self.close();
            if let Some(target) = Target::of_command(command) {
                self.target = target;
            }
            return;
        }
        if let Some(columns) = Columns::header(text) {
            let kind = kind_of(&columns, &self.target);
            let same = self.current.as_ref().is_some_and(|current| current.0 == kind);
            if !same {
                self.close();
                self.current = Some((kind, at, 0));
            }
            self.columns = Some(columns);
            self.seen += 1;
            return;
        }
        if self.columns.is_some() && self.row(text, at) {
            return;
        }
        if let Some((resource, count)) = counted(trimmed, &self.target) {
            self.seen += 1;
            // A pipe counts what the command gave: of one namespace it is not the whole.
            let lower_bound = !self.target.namespace.is_empty() || self.target.partial;
            self.rows.object_counts.push(ObjectCount { resource, count, lower_bound, at });
        } else if trimmed == "No resources found" || trimmed.starts_with("No resources found in ") {
            self.nothing(trimmed, at);
        } else if !trimmed.starts_with("Warning: ") {
            self.refused += 1;
            self.first_refused.get_or_insert(at);
        }
    }

    /// True when a last line without its end lacks columns: it was cut, and what followed with it.
    fn cuts(&self, text: &str) -> bool {
        self.columns.as_ref().is_some_and(|columns| columns.cells(text).filled() < columns.len())
            && !text.trim().is_empty()
            && Columns::header(text).is_none()
            && prompt(text.trim()).is_none()
    }

    fn row(&mut self, text: &str, at: Span) -> bool {
        let Some(columns) = &self.columns else {
            return false;
        };
        let Some((kind, first, count)) = &mut self.current else {
            return false;
        };
        let cells = columns.cells(text);
        if kind == "Event" && !fill::is_age(cells.first()) {
            // The message goes on in the next line.
            if let Some(event) = self.rows.events.last_mut().filter(|_| *count > 0) {
                if event.message.len() + text.len() < MESSAGE_BYTES {
                    event.message = format!("{}\n{}", event.message, text.trim_end()).into();
                }
                event.at = event.at.to(at);
                return true;
            }
            return false;
        }
        if cells.filled() < columns.len().min(2) {
            return false;
        }
        let (row_kind, name) = split_name(cells.get("NAME"), kind);
        fill::row(&row_kind, name, cells.get("NAMESPACE"), &cells, at, self.rows);
        if *kind != row_kind && kind.is_empty() {
            *kind = row_kind;
        }
        *count += 1;
        *first = first.to(at);
        true
    }

    /// `No resources found in web namespace.`
    fn nothing(&mut self, text: &str, at: Span) {
        let mut target = self.target.clone();
        if let Some(rest) = text.strip_prefix("No resources found in ") {
            let namespace = rest.split_whitespace().next().unwrap_or("");
            namespace.clone_into(&mut target.namespace);
        }
        let kinds: Vec<String> = target.kinds().map(|info| info.kind.to_owned()).collect();
        for kind in kinds {
            cover(&kind, &target, false, 0, at, self.rows);
            self.seen += 1;
        }
    }

    fn close(&mut self) {
        let everywhere = self.columns.as_ref().is_some_and(|columns| columns.has("NAMESPACE"));
        self.columns = None;
        if let Some((kind, at, count)) = self.current.take() {
            cover(&kind, &self.target, everywhere, count, at, self.rows);
        }
    }
}

/// Notes what a table covers, and how many rows it had.
fn cover(kind: &str, target: &Target, everywhere: bool, count: u64, at: Span, rows: &mut Rows) {
    let Some(info) = kinds::KINDS.iter().find(|info| info.kind == kind) else {
        return;
    };
    let namespace = if everywhere || !info.namespaced { "" } else { target.namespace.as_str() };
    // Without the column and without a word of the command, one namespace was asked for.
    let unknown = !everywhere && info.namespaced && namespace.is_empty() && !target.certain;
    rows.collected.push(Collected {
        table: info.table,
        resource: if info.table == TableKind::CustomResources {
            info.resource()
        } else {
            info.covered().to_owned()
        },
        namespace: namespace.to_owned(),
        complete: !unknown && !target.partial,
        at,
    });
    if info.table != TableKind::Top {
        rows.object_counts.push(ObjectCount {
            resource: info.resource(),
            count,
            lower_bound: unknown || target.partial || !namespace.is_empty(),
            at,
        });
    }
}

/// The command after a shell's prompt.
fn prompt(line: &str) -> Option<&str> {
    let (before, command) = line.split_once("kubectl ")?;
    let before = before.trim_end();
    let shell = before.is_empty() || before.ends_with(['$', '#', '>', '%', '+']);
    (shell && !command.is_empty()).then(|| line.get(line.len() - command.len()..)).flatten()
}

/// `deployment.apps/name`: the kind that the prefix names, and the name alone.
fn split_name<'a>(name: &'a str, kind: &str) -> (String, &'a str) {
    if let Some((prefix, rest)) = name.split_once('/')
        && let Some(info) = kinds::by_word(prefix)
    {
        return (info.kind.to_owned(), rest);
    }
    (kind.to_owned(), name)
}

/// The kind that the columns tell; where they fit several, the command decides.
fn kind_of(columns: &Columns, target: &Target) -> String {
    const SIGNS: &[(&str, &[&str])] = &[
        ("Event", &["REASON", "OBJECT"]),
        ("Event", &["LAST SEEN", "REASON"]),
        ("Node", &["STATUS", "ROLES"]),
        ("Pod", &["STATUS", "RESTARTS"]),
        ("Deployment", &["UP-TO-DATE", "AVAILABLE", "READY", "!DESIRED"]),
        ("DaemonSet", &["DESIRED", "CURRENT", "UP-TO-DATE"]),
        ("ReplicaSet", &["DESIRED", "CURRENT", "READY"]),
        ("Service", &["TYPE", "CLUSTER-IP"]),
        ("APIService", &["SERVICE", "AVAILABLE"]),
        ("PodDisruptionBudget", &["MIN AVAILABLE"]),
        ("EndpointSlice", &["ADDRESSTYPE"]),
        ("Endpoints", &["ENDPOINTS"]),
        ("Job", &["COMPLETIONS"]),
        ("CronJob", &["SCHEDULE", "SUSPEND"]),
        ("NetworkPolicy", &["POD-SELECTOR"]),
        ("Lease", &["HOLDER"]),
        ("HorizontalPodAutoscaler", &["REFERENCE", "TARGETS"]),
        ("PersistentVolumeClaim", &["STATUS", "VOLUME"]),
        ("PersistentVolume", &["CAPACITY", "CLAIM"]),
        ("VolumeAttachment", &["ATTACHER"]),
        ("CertificateSigningRequest", &["SIGNERNAME"]),
        ("FlowSchema", &["PRIORITYLEVEL"]),
        ("PriorityLevelConfiguration", &["NOMINALCONCURRENCYSHARES"]),
        ("PriorityLevelConfiguration", &["ASSUREDCONCURRENCYSHARES"]),
        ("CustomResourceDefinition", &["CREATED AT"]),
        ("ResourceQuota", &["REQUEST", "LIMIT"]),
        ("NodeMetrics", &["CPU(CORES)", "CPU%"]),
        ("NodeMetrics", &["CPU(CORES)", "CPU(%)"]),
        ("PodMetrics", &["CPU(CORES)"]),
        ("Secret", &["TYPE", "DATA"]),
    ];
    let fits = |signs: &[&str]| {
        signs.iter().all(|sign| match sign.strip_prefix('!') {
            Some(absent) => !columns.has(absent),
            None => columns.has(sign),
        })
    };
    if let Some((kind, _)) = SIGNS.iter().find(|(_, signs)| fits(signs)) {
        return (*kind).to_owned();
    }
    // What is left is ambiguous by its columns: `NAME STATUS AGE`, `NAME DATA AGE`, `NAME READY AGE`.
    if let Some(info) = target.kinds().next() {
        return info.kind.to_owned();
    }
    let rest: &[(&str, &str)] = &[
        ("READY", "StatefulSet"),
        ("WEBHOOKS", ""),
        ("DATA", "ConfigMap"),
        ("STATUS", "Namespace"),
    ];
    let found = rest.iter().find(|(column, _)| columns.has(column) && columns.has("AGE"));
    found.map_or("", |found| found.1).to_owned()
}

/// `certificaterequests.cert-manager.io 27000`, `pods: 108`, or the number that a pipe printed.
fn counted(line: &str, target: &Target) -> Option<(String, u64)> {
    let mut words = line.split([' ', '\t', ':', '=', ',', '|']).filter(|word| !word.is_empty());
    let (first, second) = (words.next()?, words.next());
    if words.next().is_some() {
        return None;
    }
    let resource = |word: &str| match kinds::by_word(word) {
        Some(info) => Some(info.resource()),
        None if word.contains('.') && !word.contains('/') => Some(word.to_ascii_lowercase()),
        None => None,
    };
    match second {
        None => {
            let count = first.parse().ok()?;
            let [word] = target.resources.as_slice() else {
                return None;
            };
            let name = resource(word).unwrap_or_else(|| word.clone());
            target.certain.then_some((name, count))
        }
        Some(second) => {
            let numbered = first.bytes().all(|byte| byte.is_ascii_digit());
            // `3: vxlan.calico` is a numbered list of something else.
            if numbered && line.contains(':') {
                return None;
            }
            let (word, number) = if numbered { (second, first) } else { (first, second) };
            if !word.starts_with(|character: char| character.is_ascii_lowercase()) {
                return None;
            }
            Some((resource(word)?, number.parse().ok()?))
        }
    }
}

#[cfg(test)]
mod tests;
