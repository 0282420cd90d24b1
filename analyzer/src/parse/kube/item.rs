//! One object: which kind it is, and into which table it goes.

use std::collections::BTreeMap;

use konspect_bundle::diagnostic::{Code, Diagnostic};
use konspect_bundle::{Source, Span};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::kinds::{self, Target};
use super::scan::{self, Item, ItemCutter, Member};
use super::shared::Place;
use super::soft::{Many, Maybe, Scalar};
use super::{control, event, network, other, pod, shared, workload};
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
        let tally = self
            .seen
            .entry((api_version.to_owned(), kind.to_owned()))
            .or_insert_with(|| Tally { count: 0, at, namespace: Some(namespace.to_owned()) });
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
    let text = String::from_utf8_lossy(bytes);
    let place = Place {
        source: if context.fixed.is_some() {
            Source::new(at.artifact, b"")
        } else {
            context.source
        },
        item: at,
    };
    let kind = resolve(kind, &text, context);
    if kind.is_empty() && scan::member(bytes, "metadata").is_none() {
        output.refuse(at, "no Kubernetes object");
        return;
    }
    if dispatch(&text, api_version, &kind, &place, context, output).is_err() {
        // Duplicate keys and their like: the last one wins, and only the object's span remains.
        let again = serde_json::from_str::<serde_json::Value>(&text).map(|value| value.to_string());
        let result =
            again.and_then(|text| dispatch(&text, api_version, &kind, &place, context, output));
        if let Err(error) = result {
            output.refuse(at, error.to_string());
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
fn resolve(kind: &str, text: &str, context: &Context<'_>) -> String {
    if !matches!(kind, "" | "PartialObjectMetadata") {
        return kind.to_owned();
    }
    if let Some(info) = context.target.kinds().next() {
        return info.kind.to_owned();
    }
    let partial = kind == "PartialObjectMetadata";
    if text.contains("\"sh.helm.release.v1.") {
        return "Secret".to_owned();
    }
    let shapes = [
        ("Pod", "\"nodeName\"", "\"containers\""),
        ("Node", "\"nodeInfo\"", "\"kubeletVersion\""),
        ("Event", "\"involvedObject\"", "\"reason\""),
        ("Secret", "\"type\"", "\"kubernetes.io/"),
    ];
    shapes
        .iter()
        .find(|(_, first, second)| !partial && text.contains(first) && text.contains(second))
        .map_or(kind, |shape| shape.0)
        .to_owned()
}

/// The standard search goes byte by byte through what is most of a bundle.
fn contains(text: &str, wanted: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), wanted.as_bytes()).is_some()
}

/// Parses by kind and pushes the rows; nothing is pushed on an error.
fn dispatch(
    text: &str,
    api_version: &str,
    kind: &str,
    place: &Place<'_>,
    context: &Context<'_>,
    output: &mut Output,
) -> Result<(), serde_json::Error> {
    let partial =
        context.kind == "PartialObjectMetadata" || contains(text, "\"PartialObjectMetadata\"");
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
            let table: RawTable<'_> = serde_json::from_str(text)?;
            api_table(&table, context, place, output);
            return Ok(());
        }
        "Status" if api_version == "v1" || api_version.is_empty() => {
            status(serde_json::from_str(text)?, context.command, place.item, output);
            return Ok(());
        }
        "Node" if known => push!(nodes, pod::node(serde_json::from_str(text)?, place)),
        "Pod" if known => push!(pods, pod::pod(serde_json::from_str(text)?, place)),
        "Event" if known => {
            let row = event::event(serde_json::from_str(text)?, place.item);
            namespace = Some(row.namespace.clone());
            rows.events.push(row);
        }
        "Deployment" | "DaemonSet" | "StatefulSet" | "ReplicaSet" if known => {
            let kind = match kind {
                "Deployment" => WorkloadKind::Deployment,
                "DaemonSet" => WorkloadKind::DaemonSet,
                "StatefulSet" => WorkloadKind::StatefulSet,
                _ => WorkloadKind::ReplicaSet,
            };
            push!(workloads, workload::workload(serde_json::from_str(text)?, kind, place));
        }
        "Job" if known => push!(jobs, workload::job(serde_json::from_str(text)?, place)),
        "CronJob" if known => {
            push!(cron_jobs, workload::cron_job(serde_json::from_str(text)?, place));
        }
        "PodDisruptionBudget" if known => {
            push!(
                disruption_budgets,
                workload::disruption_budget(serde_json::from_str(text)?, place)
            );
        }
        "ResourceQuota" if known => {
            push!(quotas, workload::quota(serde_json::from_str(text)?, place));
        }
        "LimitRange" if known => {
            push!(quotas, workload::limit_range(serde_json::from_str(text)?, place));
        }
        "HorizontalPodAutoscaler" if known => {
            push!(autoscalers, workload::autoscaler(serde_json::from_str(text)?, place));
        }
        "Service" if known => {
            push!(services, network::service(serde_json::from_str(text)?, place.item));
        }
        "EndpointSlice" if known => {
            push!(
                endpoint_slices,
                network::endpoint_slice(serde_json::from_str(text)?, place.item)
            );
        }
        "Endpoints" if known => {
            push!(endpoint_slices, network::endpoints(serde_json::from_str(text)?, place.item));
        }
        "NetworkPolicy" if known => {
            push!(
                network_policies,
                network::network_policy(serde_json::from_str(text)?, place.item)
            );
        }
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" if known => {
            let mutating = kind.starts_with("Mutating");
            let webhooks =
                control::webhooks(serde_json::from_str(text)?, mutating, api_version, place);
            rows.webhooks.extend(webhooks);
        }
        "APIService" if known => {
            push!(api_services, control::api_service(serde_json::from_str(text)?, place));
        }
        "FlowSchema" if known => {
            push!(flow_schemas, control::flow_schema(serde_json::from_str(text)?, place));
        }
        "PriorityLevelConfiguration" if known => {
            push!(priority_levels, control::priority_level(serde_json::from_str(text)?, place));
        }
        "CertificateSigningRequest" if known => {
            push!(
                certificate_requests,
                control::signing_request(serde_json::from_str(text)?, place)
            );
        }
        "Lease" if known => push!(leases, other::lease(serde_json::from_str(text)?, place)),
        "Namespace" if known => {
            push!(namespaces, other::namespace(serde_json::from_str(text)?, place));
        }
        "Secret" if known => push!(secrets, other::secret(serde_json::from_str(text)?, place)),
        "ConfigMap" if known => {
            push!(config_maps, other::config_map(serde_json::from_str(text)?, place));
        }
        "PersistentVolumeClaim" if known => {
            push!(claims, other::claim(serde_json::from_str(text)?, place));
        }
        "PersistentVolume" if known => {
            push!(volumes, other::volume(serde_json::from_str(text)?, place));
        }
        "VolumeAttachment" if known => {
            push!(attachments, other::attachment(serde_json::from_str(text)?, place));
        }
        "NodeMetrics" if known => {
            rows.node_usage.push(pod::node_usage(serde_json::from_str(text)?, place.item));
        }
        "PodMetrics" if known => {
            rows.pod_usage.extend(pod::pod_usage(serde_json::from_str(text)?, place.item));
        }
        _ => {
            let row = other::object(serde_json::from_str(text)?, api_version, kind, place);
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
#[serde(default, rename_all = "camelCase")]
struct RawTable<'a> {
    column_definitions: Many<Maybe<RawColumn>>,
    #[serde(borrow)]
    rows: Many<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawColumn {
    name: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawTableRow<'a> {
    cells: Many<Scalar>,
    #[serde(borrow)]
    object: Maybe<other::RawPlain<'a>>,
}

/// The answer to a request for `as=Table`: what kubectl prints, as JSON.
fn api_table(table: &RawTable<'_>, context: &Context<'_>, place: &Place<'_>, output: &mut Output) {
    let names: Vec<String> = table
        .column_definitions
        .0
        .iter()
        .map(|column| column.0.as_ref().map_or("", |column| column.name.as_str()).to_owned())
        .collect();
    let entries: Vec<(Vec<String>, String, Span)> = table
        .rows
        .0
        .iter()
        .map(|raw| {
            let row: RawTableRow<'_> = shared::part(raw);
            let cells = row.cells.0.into_iter().map(Scalar::into_text).collect();
            (cells, row.object.or_default().namespace(), place.of(raw))
        })
        .collect();
    let rows = &mut output.rows;
    crate::parse::kube_table::api_table(&names, &entries, context.target, place.item, rows);
    output.tables += 1;
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawStatus {
    status: Scalar,
    message: Scalar,
    reason: Scalar,
    code: Scalar,
}

/// An answer that is only an error: evidence of what the API said instead.
fn status(raw: RawStatus, command: &str, at: Span, output: &mut Output) {
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
