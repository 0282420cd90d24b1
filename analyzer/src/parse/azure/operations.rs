//! What went wrong in Azure: activity log, resource health, virtual machines of scale sets.

use std::sync::LazyLock;

use konspect_bundle::{Source, Span};
use regex::Regex;

use super::super::Rows;
use super::super::raw_json::RawJson;
use super::{Resource, Shape, last_segment};
use crate::model::azure::{AzureActivity, AzureError};
use crate::model::node_files::{OnNode, ProvisionExit};

/// The longest message that is kept.
const MESSAGE_LIMIT: usize = 2_048;

/// `exit status=50`, `"ExitCode": "52"`, also inside a JSON text inside a JSON text.
static EXIT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)exit[ _]?(?:status|code)[\\"'\s=:]*(\d{1,3})\b"#).ok());

/// Reads one object that may tell of an error.
pub(super) fn row(source: &Source<'_>, shape: Shape, resource: Resource<'_>, rows: &mut Rows) {
    let at = source.span_of(resource.own.bytes());
    match shape {
        Shape::Activity => activity(resource, at, rows),
        Shape::Health => health(resource, at, rows),
        Shape::Machine => machine(source, resource, rows),
        // A row of the table ALBHealthEvent: what a load balancer says of itself.
        Shape::Error if resource.has("HealthEventType") => {
            push(rows, "", resource.text("HealthEventType"), resource.text("Description"), at);
        }
        _ => {
            if let Some(error) = resource.get("error") {
                push(rows, "", error.text_of("code"), error.text_of("message"), at);
            }
        }
    }
}

/// An event of the activity log; one that failed is an error too.
fn activity(resource: Resource<'_>, at: Span, rows: &mut Rows) {
    let named = |name: &str| match resource.own.get(name) {
        Some(value) if value.is_object() => value.text_of("value"),
        Some(value) => value.text().into_owned(),
        None => String::new(),
    };
    let status = named("status");
    rows.azure_activities.push(AzureActivity {
        time: resource.text("eventTimestamp").parse().ok(),
        operation: named("operationName"),
        status: status.clone(),
        caller: resource.text("caller"),
        resource: resource.text("resourceId"),
        at,
    });
    let level = resource.text("level");
    if !status.eq_ignore_ascii_case("Failed") && !matches!(level.as_str(), "Error" | "Critical") {
        return;
    }
    // The error's JSON stands as text in `statusMessage`; errors of the inner operation stand
    // within its details.
    let message = resource.text("statusMessage");
    let inner = RawJson::new(message.as_bytes());
    let error = inner.get("error").unwrap_or(inner);
    let detail = error
        .get("details")
        .and_then(|details| details.items().next())
        .filter(|detail| detail.get("code").is_some());
    let codes = [
        detail.map(|detail| detail.text_of("code")).unwrap_or_default(),
        error.text_of("code"),
        resource.text("statusCode"),
        named("subStatus"),
        status,
    ];
    let code = codes.into_iter().find(|code| !code.is_empty()).unwrap_or_default();
    let texts = [
        detail.map(|detail| detail.text_of("message")).unwrap_or_default(),
        error.text_of("message"),
        if inner.is_object() { String::new() } else { message.clone() },
        resource.text("description"),
    ];
    let text = texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let operation = named("operationName");
    let target = resource.text("resourceId");
    push(rows, "", code, format!("{operation} on {}: {text}", last_segment(&target)), at);
}

/// A resource that is not available.
fn health(resource: Resource<'_>, at: Span, rows: &mut Rows) {
    let state = resource.text("availabilityState");
    if !matches!(state.to_ascii_lowercase().as_str(), "available" | "") {
        let summary = resource.text("summary");
        let text = if summary.is_empty() { resource.text("detailedStatus") } else { summary };
        push(rows, "", state, text, at);
    }
}

/// A machine of a scale set, its instance view, or one of its extensions.
fn machine(source: &Source<'_>, resource: Resource<'_>, rows: &mut Rows) {
    let view = resource.get("instanceView").map_or(resource, Resource::new);
    let names = [
        resource.get("osProfile").map(|profile| profile.text_of("computerName")),
        Some(view.text("computerName")),
        Some(resource.text("name")).filter(|_| resource.has("instanceId")),
    ];
    let node = names.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or_default();
    let agent = view
        .get("vmAgent")
        .into_iter()
        .flat_map(|agent| agent.get("statuses").into_iter().flat_map(RawJson::items));
    let extensions: Vec<_> = view.items("extensions").chain(resource.items("resources")).collect();
    let of_extensions = extensions.iter().flat_map(|extension| {
        let extension = Resource::new(*extension);
        let view = extension.get("instanceView").map_or(extension, Resource::new);
        view.items("statuses").chain(view.items("substatuses"))
    });
    for status in view.items("statuses").chain(agent).chain(of_extensions) {
        let (code, level) = (status.text_of("code"), status.text_of("level"));
        let failed = code.to_ascii_lowercase().contains("failed");
        if failed || level.eq_ignore_ascii_case("Error") {
            let message = status.text_of("message");
            let message =
                if message.is_empty() { status.text_of("displayStatus") } else { message };
            push(rows, &node, code, message, source.span_of(status.bytes()));
        }
    }
    if resource.text("provisioningState").eq_ignore_ascii_case("Failed") {
        let at = source.span_of(resource.own.bytes());
        push(rows, &node, "ProvisioningState/failed".to_owned(), node.clone(), at);
    }
}

fn push(rows: &mut Rows, node: &str, code: String, message: String, at: Span) {
    if let Some(exit) = EXIT
        .as_ref()
        .and_then(|pattern| pattern.captures(&message)?.get(1)?.as_str().parse::<i64>().ok())
        .filter(|exit| *exit != 0)
    {
        let value = ProvisionExit { code: exit, text: capped(&message), at };
        rows.provision_exits.push(OnNode { node: node.to_owned(), value });
    }
    rows.azure_errors.push(AzureError { code, message: capped(&message), at });
}

fn capped(message: &str) -> String {
    match message.char_indices().nth(MESSAGE_LIMIT) {
        Some((end, _)) => message.get(..end).unwrap_or_default().to_owned(),
        None => message.to_owned(),
    }
}
