//! Tells what JSON is, by the members of its first objects.

use super::super::log::container_rows;
use super::super::raw_json::RawJson;
use super::super::{Hint, azure};
use super::Format;

/// Members of an object that are looked at.
const MEMBERS: usize = 200;

/// The format of a text that is JSON; none when it is no JSON.
pub(super) fn sniff(body: &[u8], hint: &Hint<'_>) -> Option<Format> {
    let body = skip_colours(body.trim_ascii_start());
    match body {
        [b'{', rest @ ..] => {
            let next = skip_colours(rest.trim_ascii_start()).first();
            matches!(next, Some(b'"' | b'}') | None).then(|| object(RawJson::new(body), hint))
        }
        [b'[', rest @ ..] => {
            let next = skip_colours(rest.trim_ascii_start()).first();
            matches!(next, Some(b'{' | b'[' | b'"' | b']') | None)
                .then(|| array(RawJson::new(body), hint))
        }
        [b'"', ..] | b"null" | b"null\n" | b"null\r\n" => lone(body, hint),
        _ => None,
    }
}

fn skip_colours(mut bytes: &[u8]) -> &[u8] {
    while let [0x1b, b'[', rest @ ..] = bytes {
        let end = rest.iter().position(|byte| *byte == b'm').map_or(rest.len(), |end| end + 1);
        bytes = rest.get(end..).unwrap_or_default().trim_ascii_start();
    }
    bytes
}

/// A bare value, as `--query` leaves it.
fn lone(body: &[u8], hint: &Hint<'_>) -> Option<Format> {
    let whole = RawJson::new(body).bytes().len() == body.trim_ascii_end().len();
    if !whole {
        return None;
    }
    if azure::is_empty_list_of_azure(hint) {
        return Some(Format::AzureJson);
    }
    (body.trim_ascii() == b"null").then_some(Format::KubernetesJson)
}

fn object(value: RawJson<'_>, hint: &Hint<'_>) -> Format {
    let keys: Vec<String> =
        value.members().take(MEMBERS).map(|(key, _)| key.into_owned()).collect();
    let has = |key: &str| keys.iter().any(|known| known == key);
    let has_lower = |key: &str| keys.iter().any(|known| known.eq_ignore_ascii_case(key));
    let (kind, version) = (value.text_of("kind"), value.text_of("apiVersion"));
    if container_rows::is_row(value) {
        return Format::ContainerRows;
    }
    if is_audit(value) {
        return Format::AuditLog;
    }
    if kind == "Config" && (has("clusters") || has("contexts")) {
        return Format::Kubeconfig;
    }
    if has("nftables") {
        return Format::NftablesJson;
    }
    if has("format") && has("members") && has("commands") {
        return Format::Manifest;
    }
    if has("commands") && (has("started") || has("cluster") || has("client") || has("finished")) {
        return Format::CollectionRecord;
    }
    if has("health") && (keys.len() <= 4 || has("endpoint")) {
        return Format::HealthChecks;
    }
    if kind == "APIResourceList"
        || (has("versions") && has("preferredVersion"))
        || (has("verbs") && has("apiGroups"))
    {
        return Format::Document;
    }
    if value.get("info").is_some_and(|info| info.get("gitVersion").is_some()) {
        return Format::KubernetesJson;
    }
    if !kind.is_empty() && (!version.is_empty() || has("items") || has("metadata")) {
        return Format::KubernetesJson;
    }
    if has("clientVersion") || has("serverVersion") || has("gitVersion") {
        return Format::KubernetesJson;
    }
    if has("object")
        && matches!(
            value.text_of("type").as_str(),
            "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR"
        )
    {
        return Format::KubernetesJson;
    }
    if let Some(data) = value.get("data")
        && (data.get("resultType").is_some() || data.get("result").is_some())
    {
        return Format::MetricsAnswer;
    }
    if value.text_of("resultType") == "vector" || value.text_of("resultType") == "matrix" {
        return Format::MetricsAnswer;
    }
    if is_kubernetes_object(value) {
        return Format::KubernetesJson;
    }
    if let Some(items) = value.get("items")
        && items.is_array()
        && items.items().next().is_none_or(is_kubernetes_object)
    {
        return Format::KubernetesJson;
    }
    if let Some(shape) = azure::document_shape(value) {
        return if shape == azure::Shape::RunCommand {
            Format::RunCommand
        } else {
            Format::AzureJson
        };
    }
    if has_lower("category") || is_log_record(&keys) {
        return Format::Log;
    }
    if has("Endpoint") && has("Status") {
        return Format::EtcdStatus;
    }
    if value.get("value").is_some_and(RawJson::is_array) && azure::is_empty_list_of_azure(hint) {
        return Format::AzureJson;
    }
    if hint.command.starts_with("kubectl get") {
        return Format::KubernetesJson;
    }
    Format::Unknown
}

fn array(value: RawJson<'_>, hint: &Hint<'_>) -> Format {
    let Some(first) = value.items().next() else {
        return if azure::is_empty_list_of_azure(hint) {
            Format::AzureJson
        } else {
            Format::KubernetesJson
        };
    };
    if first.is_object() {
        if first.get("Type").is_some()
            && first.get("URL").is_some()
            && first.get("Status").is_some()
        {
            return Format::NetworkProbe;
        }
        return object(first, hint);
    }
    if first.bytes().first() == Some(&b'"') {
        let text = first.text();
        if azure::is_empty_list_of_azure(hint) {
            return Format::AzureJson;
        }
        if super::is_error(&text) || text.contains(' ') {
            return Format::ErrorText;
        }
        return if text.contains('/') || text.contains('.') {
            Format::AzureJson
        } else {
            Format::Unknown
        };
    }
    Format::Unknown
}

/// Audit events in any of their wrappings.
fn is_audit(value: RawJson<'_>) -> bool {
    let of_audit = |value: RawJson<'_>| value.text_of("apiVersion").starts_with("audit.k8s.io");
    let of_category = |value: RawJson<'_>| {
        value.text_of("category").to_ascii_lowercase().starts_with("kube-audit")
    };
    if of_audit(value) || of_category(value) {
        return true;
    }
    if value.get("auditID").is_some() && value.get("stage").is_some() {
        return true;
    }
    if let Some(records) = value.get("records") {
        return records.items().take(50).any(of_category);
    }
    if let Some(tables) = value.get("tables") {
        return tables.items().next().is_some_and(|table| table.get("rows").is_some());
    }
    let row = |names: &[&str]| names.iter().any(|name| value.get(name).is_some());
    row(&["AuditId", "log_s"])
        || (row(&["TableName"])
            && !row(&["HealthEventType"])
            && row(&["UserAgent", "RequestUri", "Verb", "TimeGenerated", "count_"]))
}

/// An object that lacks its kind, as typed lists have them.
fn is_kubernetes_object(value: RawJson<'_>) -> bool {
    value.get("metadata").is_some_and(|metadata| {
        ["name", "uid", "creationTimestamp", "resourceVersion", "selfLink"]
            .iter()
            .any(|key| metadata.members().any(|(known, _)| known == *key))
    })
}

/// One record of a log in JSON: a time or a level, and a message.
fn is_log_record(keys: &[String]) -> bool {
    let any = |names: &[&str]| {
        keys.iter().any(|key| names.iter().any(|name| key.eq_ignore_ascii_case(name)))
    };
    let message = any(&[
        "msg",
        "message",
        "log",
        "textPayload",
        "jsonPayload",
        "event",
        "error",
        "caller",
        "body",
    ]);
    let header = any(&[
        "ts",
        "time",
        "timestamp",
        "@timestamp",
        "level",
        "severity",
        "lvl",
        "stream",
        "__REALTIME_TIMESTAMP",
        "PRIORITY",
        "t",
    ]);
    message && header
}
