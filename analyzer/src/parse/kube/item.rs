//! One object: which kind it is, and into which table it goes.

use std::collections::BTreeMap;

use konspect_bundle::diagnostic::{Code, Diagnostic};
use konspect_bundle::{Source, Span};
use serde::Deserialize;

use super::kinds::{self, Target};
use super::scan::{self, Item, ItemCutter, Member};
use super::shared::Place;
use super::soft::{Many, Maybe, Placed, Scalar};
use super::{control, event, json, network, other, pod, workload};
use crate::model::client::CommandOutcome;
use crate::model::kube::ApiVersion;
use crate::model::network_error::NetworkError;
use crate::model::workload::WorkloadKind;
use crate::parse::rows::Rows;

/// Rows of kinds without a table that are kept; more are only counted.
pub(super) const OTHER_ROWS: usize = 100_000;

/// Lists inside lists are read this deep.
const DEPTH: usize = 4;

/// Text of an error that is kept.
const ERROR_BYTES: usize = 4096;

/// What surrounds an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub(super) source: Source<'a>,
    /// The span of everything, where the bytes are not the artefact's own.
    pub(super) fixed: Option<Span>,
    pub(super) target: &'a Target,
    pub(super) command: &'a str,
    /// Of a typed list: what its items are.
    pub(super) api_version: &'a str,
    pub(super) kind: &'a str,
}

/// How many objects of a kind a source showed.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) count: u64,
    pub(super) at: Span,
    /// The only namespace seen; `None` once there are several.
    pub(super) namespace: Option<String>,
}

/// Tallies by API version and kind.
pub(super) type Seen = BTreeMap<(String, String), Tally>;

/// What objects yield; several are appended in order.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) rows: Rows,
    pub(super) seen: Seen,
    pub(super) refused: u64,
    pub(super) first_refused: Option<(Span, String)>,
    pub(super) failures: u64,
    pub(super) versions: u64,
    pub(super) tables: u64,
}

impl Output {
    pub(super) fn refuse(&mut self, at: Span, reason: impl Into<String>) {
        self.refused += 1;
        if self.first_refused.is_none() {
            self.first_refused = Some((at, reason.into()));
        }
    }

    fn count(&mut self, api_version: &str, kind: &str, namespace: &str, at: Span) {
        let new = || Tally { count: 0, at, namespace: Some(namespace.to_owned()) };
        let only = self.seen.first_entry().filter(|it| {
            let (known_version, known_kind) = it.key();
            known_version == api_version && known_kind == kind
        });
        // Nearly always one kind: no key is made for each of its objects.
        let tally = match only {
            Some(entry) => entry.into_mut(),
            None => self.seen.entry((api_version.to_owned(), kind.to_owned())).or_insert_with(new),
        };
        tally.count += 1;
        if tally.namespace.as_deref() != Some(namespace) {
            tally.namespace = None;
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        self.rows.append(other.rows);
        self.rows.others.truncate(OTHER_ROWS);
        merge(&mut self.seen, other.seen);
        self.refused += other.refused;
        self.first_refused = self.first_refused.take().or(other.first_refused);
        self.failures += other.failures;
        self.versions += other.versions;
        self.tables += other.tables;
    }
}

pub(super) fn merge(into: &mut Seen, from: Seen) {
    for (key, tally) in from {
        match into.get_mut(&key) {
            Some(known) => {
                known.count += tally.count;
                if known.namespace != tally.namespace {
                    known.namespace = None;
                }
            }
            None => {
                into.insert(key, tally);
            }
        }
    }
}

/// Reads one object: `bytes` begin with `{`.
pub(super) fn object(bytes: &[u8], context: &Context<'_>, output: &mut Output) {
    read(bytes, context, output, 0);
}

fn read(bytes: &[u8], context: &Context<'_>, output: &mut Output, depth: usize) {
    let at = context.fixed.unwrap_or_else(|| context.source.span_of(bytes));
    if bytes.first() != Some(&b'{') {
        output.refuse(at, "not an object");
        return;
    }
    let (own_version, own_kind) = peek(bytes);
    let kind = if own_kind.is_empty() { context.kind } else { own_kind };
    let api_version = if own_version.is_empty() { context.api_version } else { own_version };
    if kind == "List" || kind.ends_with("List") && scan::member(bytes, "items").is_some() {
        nested_list(bytes, api_version, kind, context, output, depth);
        return;
    }
    if kind.is_empty() && unwrapped(bytes, at, context, output, depth) {
        return;
    }
    let kind = resolve(kind, bytes, context);
    if kind.is_empty() && scan::member(bytes, "metadata").is_none() {
        output.refuse(at, "no Kubernetes object");
        return;
    }
    let place = Place { item: at, exact: context.fixed.is_none() };
    if dispatch(bytes, (api_version, kind), own_kind, &place, context, output).is_err() {
        // Duplicate keys and their like: the last one wins, and only the object's span remains.
        let place = Place { item: at, exact: false };
        let text = String::from_utf8_lossy(bytes);
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(value) => {
                let again = value.to_string();
                let again = again.as_bytes();
                let own_kind = peek(again).1;
                let kinds = (api_version, kind);
                if dispatch(again, kinds, own_kind, &place, context, output).is_err() {
                    output.refuse(at, json::Odd.to_string());
                }
            }
            Err(error) => output.refuse(at, error.to_string()),
        }
    }
}

/// API version and kind, which most writers put first.
fn peek(bytes: &[u8]) -> (&str, &str) {
    let (mut api_version, mut kind) = ("", "");
    let mut at = 1;
    while let Ok(Member::Key { key, value }) = scan::next_member(bytes, at) {
        let Ok(end) = scan::skip_value(bytes, value) else {
            break;
        };
        match bytes.get(key) {
            Some(b"apiVersion") => {
                api_version = scan::plain_text(bytes.get(value..end).unwrap_or_default());
            }
            Some(b"kind") => kind = scan::plain_text(bytes.get(value..end).unwrap_or_default()),
            _ => {}
        }
        if !api_version.is_empty() && !kind.is_empty() {
            break;
        }
        at = end;
    }
    (api_version, kind)
}

/// Watch events, and version answers. False when it is neither.
fn unwrapped(
    bytes: &[u8],
    at: Span,
    context: &Context<'_>,
    output: &mut Output,
    depth: usize,
) -> bool {
    if let Some(object) = scan::member(bytes, "object").filter(|it| it.first() == Some(&b'{')) {
        let change = scan::text_member(bytes, "type");
        if matches!(change, "ADDED" | "MODIFIED" | "ERROR") && depth < DEPTH {
            read(object, context, output, depth + 1);
        }
        return !change.is_empty();
    }
    let (server, client) =
        (scan::member(bytes, "serverVersion"), scan::member(bytes, "clientVersion"));
    let version = |part: Option<&[u8]>| {
        part.map_or(String::new(), |part| scan::text_member(part, "gitVersion").to_owned())
    };
    let row = if server.is_some() || client.is_some() {
        ApiVersion { server: version(server), client: version(client), at }
    } else if scan::member(bytes, "gitVersion").is_some() {
        ApiVersion { server: version(Some(bytes)), client: String::new(), at }
    } else {
        return false;
    };
    if !row.server.is_empty() {
        output.rows.covers(crate::parse::rows::TableKind::ApiVersion, at);
    }
    output.rows.versions.push(row);
    output.versions += 1;
    true
}

fn nested_list(
    bytes: &[u8],
    api_version: &str,
    kind: &str,
    context: &Context<'_>,
    output: &mut Output,
    depth: usize,
) {
    let item_kind = kind.strip_suffix("List").unwrap_or("");
    let context = Context {
        api_version: if item_kind.is_empty() { "" } else { api_version },
        kind: item_kind,
        ..*context
    };
    let items = scan::member(bytes, "items").unwrap_or_default();
    if items.first() != Some(&b'[') || depth >= DEPTH {
        return;
    }
    let (cutter, mut at) = (ItemCutter::default(), 1);
    while let Ok(Item::Value(range)) = cutter.next(items, at) {
        at = range.end;
        read(items.get(range).unwrap_or_default(), &context, output, depth + 1);
    }
}

/// The kind, also where only the hint or the object's own shape can tell it.
fn resolve<'a>(kind: &'a str, bytes: &[u8], context: &Context<'_>) -> &'a str {
    if !matches!(kind, "" | "PartialObjectMetadata") {
        return kind;
    }
    if let Some(info) = context.target.kinds().next() {
        return info.kind;
    }
    let partial = kind == "PartialObjectMetadata";
    let contains = |wanted: &str| memchr::memmem::find(bytes, wanted.as_bytes()).is_some();
    if contains("\"sh.helm.release.v1.") {
        return "Secret";
    }
    let shapes = [
        ("Pod", "\"nodeName\"", "\"containers\""),
        ("Node", "\"nodeInfo\"", "\"kubeletVersion\""),
        ("Event", "\"involvedObject\"", "\"reason\""),
        ("Secret", "\"type\"", "\"kubernetes.io/"),
    ];
    shapes
        .iter()
        .find(|(_, first, second)| !partial && contains(first) && contains(second))
        .map_or(kind, |shape| shape.0)
}

/// Parses by kind and pushes the rows; nothing is pushed on an error.
fn dispatch(
    bytes: &[u8],
    (api_version, kind): (&str, &str),
    own_kind: &str,
    place: &Place,
    context: &Context<'_>,
    output: &mut Output,
) -> Result<(), json::Odd> {
    let partial = [own_kind, context.kind].contains(&"PartialObjectMetadata");
    let known = kinds::by_kind(api_version, kind).is_some()
        && (!partial || matches!(kind, "Secret" | "ConfigMap"));
    let rows = &mut output.rows;
    let mut namespace = None;
    macro_rules! push {
        ($table:ident, $row:expr) => {{
            let row = $row;
            namespace = Some(row.meta.namespace.clone());
            rows.$table.push(row);
        }};
    }
    match kind {
        "Table" if api_version.starts_with("meta.k8s.io/") => {
            let table: RawTable<'_> = json::read(bytes)?;
            api_table(table, context, place, output);
            return Ok(());
        }
        "Status" if api_version == "v1" || api_version.is_empty() => {
            status(json::read(bytes)?, context.command, place.item, output);
            return Ok(());
        }
        "Node" if known => push!(nodes, pod::node(json::read(bytes)?, place)),
        "Pod" if known => push!(pods, Box::new(pod::pod(json::read(bytes)?, place))),
        "Event" if known => {
            let row = event::event(json::read(bytes)?, place.item);
            namespace = Some(row.namespace.clone());
            rows.events.push(Box::new(row));
        }
        "Deployment" | "DaemonSet" | "StatefulSet" | "ReplicaSet" if known => {
            let kind = match kind {
                "Deployment" => WorkloadKind::Deployment,
                "DaemonSet" => WorkloadKind::DaemonSet,
                "StatefulSet" => WorkloadKind::StatefulSet,
                _ => WorkloadKind::ReplicaSet,
            };
            push!(workloads, workload::workload(json::read(bytes)?, kind, place));
        }
        "Job" if known => push!(jobs, workload::job(json::read(bytes)?, place)),
        "CronJob" if known => {
            push!(cron_jobs, workload::cron_job(json::read(bytes)?, place));
        }
        "PodDisruptionBudget" if known => {
            push!(disruption_budgets, workload::disruption_budget(json::read(bytes)?, place));
        }
        "ResourceQuota" if known => {
            push!(quotas, workload::quota(json::read(bytes)?, place));
        }
        "LimitRange" if known => {
            push!(quotas, workload::limit_range(json::read(bytes)?, place));
        }
        "HorizontalPodAutoscaler" if known => {
            push!(autoscalers, workload::autoscaler(json::read(bytes)?, place));
        }
        "Service" if known => {
            push!(services, network::service(json::read(bytes)?, place.item));
        }
        "EndpointSlice" if known => {
            push!(endpoint_slices, network::endpoint_slice(json::read(bytes)?, place.item));
        }
        "Endpoints" if known => {
            push!(endpoint_slices, network::endpoints(json::read(bytes)?, place.item));
        }
        "NetworkPolicy" if known => {
            push!(network_policies, network::network_policy(json::read(bytes)?, place.item));
        }
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" if known => {
            let mutating = kind.starts_with("Mutating");
            let webhooks = control::webhooks(json::read(bytes)?, mutating, api_version, place);
            rows.webhooks.extend(webhooks);
        }
        "APIService" if known => {
            push!(api_services, control::api_service(json::read(bytes)?, place));
        }
        "FlowSchema" if known => {
            push!(flow_schemas, control::flow_schema(json::read(bytes)?, place));
        }
        "PriorityLevelConfiguration" if known => {
            push!(priority_levels, control::priority_level(json::read(bytes)?, place));
        }
        "CertificateSigningRequest" if known => {
            push!(certificate_requests, control::signing_request(json::read(bytes)?, place));
        }
        "Lease" if known => push!(leases, other::lease(json::read(bytes)?, place)),
        "Namespace" if known => {
            push!(namespaces, other::namespace(json::read(bytes)?, place));
        }
        "Secret" if known => push!(secrets, other::secret(json::read(bytes)?, place)),
        "ConfigMap" if known => {
            push!(config_maps, other::config_map(json::read(bytes)?, place));
        }
        "PersistentVolumeClaim" if known => {
            push!(claims, other::claim(json::read(bytes)?, place));
        }
        "PersistentVolume" if known => {
            push!(volumes, other::volume(json::read(bytes)?, place));
        }
        "VolumeAttachment" if known => {
            push!(attachments, other::attachment(json::read(bytes)?, place));
        }
        "NodeMetrics" if known => {
            rows.node_usage.push(pod::node_usage(json::read(bytes)?, place.item));
        }
        "PodMetrics" if known => {
            rows.pod_usage.extend(pod::pod_usage(json::read(bytes)?, place.item));
        }
        _ => {
            let row = other::object(json::read(bytes)?, api_version, kind, place);
            namespace = Some(row.meta.namespace.clone());
            if rows.others.len() < OTHER_ROWS {
                rows.others.push(row);
            }
        }
    }
    output.count(api_version, kind, &namespace.unwrap_or_default(), place.item);
    Ok(())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawTable<'a> {
    column_definitions: Many<Maybe<RawColumn<'a>>>,
    rows: Many<Placed<Maybe<RawTableRow<'a>>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawColumn<'a> {
    name: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawTableRow<'a> {
    cells: Many<Scalar<'a>>,
    object: Maybe<other::RawPlain<'a>>,
}

/// The answer to a request for `as=Table`: what kubectl prints, as JSON.
fn api_table(table: RawTable<'_>, context: &Context<'_>, place: &Place, output: &mut Output) {
    let names: Vec<String> = table
        .column_definitions
        .0
        .into_iter()
        .map(|column| column.or_default().name.into_text())
        .collect();
    let entries: Vec<(Vec<String>, String, Span)> = table
        .rows
        .0
        .into_iter()
        .map(|Placed { value, range }| {
            let row = value.or_default();
            let cells = row.cells.0.into_iter().map(Scalar::into_text).collect();
            (cells, row.object.or_default().namespace(), place.of(&range))
        })
        .collect();
    let rows = &mut output.rows;
    crate::parse::kube_table::api_table(&names, &entries, context.target, place.item, rows);
    output.tables += 1;
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawStatus<'a> {
    status: Scalar<'a>,
    message: Scalar<'a>,
    reason: Scalar<'a>,
    code: Scalar<'a>,
}

/// An answer that is only an error: evidence of what the API said instead.
fn status(raw: RawStatus<'_>, command: &str, at: Span, output: &mut Output) {
    if raw.status.as_str() == "Success" {
        return;
    }
    let code = raw.code.integer().unwrap_or(0);
    let reason = raw.reason.into_text();
    let message = raw.message.into_text();
    let mut text = if message.is_empty() { reason.clone() } else { message };
    cap(&mut text, ERROR_BYTES);
    let error = match (code, reason.as_str()) {
        (401, _) | (_, "Unauthorized") => Some(NetworkError::Unauthorized),
        (403, _) | (_, "Forbidden") => Some(NetworkError::Forbidden),
        (429, _) | (_, "TooManyRequests") => Some(NetworkError::TooManyRequests),
        (503, _) | (_, "ServiceUnavailable") => Some(NetworkError::ServiceUnavailable),
        (504, _) | (_, "Timeout") => Some(NetworkError::RequestTimeout),
        _ => None,
    };
    output
        .rows
        .diagnostics
        .push(Diagnostic::new(Code::FailedCollection, at).with("text", text.clone()));
    output.rows.commands.push(CommandOutcome {
        command: command.to_owned(),
        error_text: text,
        errors: error.into_iter().collect(),
        at,
        ..CommandOutcome::default()
    });
    output.failures += 1;
}

/// Cuts a text at a character boundary.
pub(super) fn cap(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let mut end = bytes;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
}
