//! The precise checks of the table of signals, and the details they name.

#![expect(
    clippy::unnecessary_wraps,
    reason = "all checks have one type, so that the table can hold them"
)]

use super::super::network_error::network_errors;
use super::{Message, aim};
use crate::model::network_error::NetworkError;

const MOST_DETAIL: usize = 200;

/// A check that the literals alone satisfy.
pub(super) fn yes(_: &Message<'_>) -> Option<String> {
    Some(String::new())
}

/// What the message's first error aims at, in any case.
pub(super) fn aimed(message: &Message<'_>) -> Option<String> {
    let errors = network_errors(without_header(message.text));
    Some(errors.first().map(aim).unwrap_or_default())
}

/// The same, only when the message does name an error of the network.
pub(super) fn network(message: &Message<'_>) -> Option<String> {
    if message.any(&["hinfo:", "use of closed network connection"]) {
        return None;
    }
    network_errors(without_header(message.text)).first().map(aim)
}

/// klog's message without the `file.go:12] ` before it.
pub(super) fn without_header(text: &str) -> &str {
    match text.split_once("] ") {
        Some((head, rest)) if head.len() < 80 && head.contains(".go:") && !head.contains(' ') => {
            rest
        }
        _ => text,
    }
}

/// The value of `key="…"` or `key=…`, with one level of escapes removed.
pub(super) fn value(text: &str, key: &str) -> Option<String> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find(key)?;
        let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
        let rest = text.get(at + key.len()..)?;
        if before.is_none_or(|byte| !byte.is_ascii_alphanumeric())
            && let Some(rest) = rest.strip_prefix('=')
        {
            return Some(capped(&match rest.strip_prefix('"') {
                Some(quoted) => until_quote(quoted),
                None => rest.split([' ', ',']).next().unwrap_or_default().to_owned(),
            }));
        }
        from = at + key.len();
    }
}

/// The text up to the next quote that is not escaped.
fn until_quote(text: &str) -> String {
    let mut out = String::new();
    let mut escaped = false;
    for c in text.chars() {
        match c {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => break,
            _ => {
                out.push(c);
                escaped = false;
            }
        }
    }
    out
}

/// The first word behind a needle (found without regard to case), without punctuation around it.
pub(super) fn word_after(message: &Message<'_>, needle: &str) -> Option<String> {
    let at = message.lower.find(needle)? + needle.len();
    let rest =
        message.text.get(at..)?.trim_start_matches([' ', '"', '\\', '\'', '(', '[', ':', '=']);
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\\' | '\'' | ')' | ']' | ',' | ';'))
        .unwrap_or(rest.len());
    Some(capped(rest.get(..end)?.trim_end_matches(['.', ':'])))
}

/// How often the program says that it happened; 1 when it does not say.
pub(super) fn times(message: &Message<'_>) -> u64 {
    message
        .lower
        .split_once(" errors like ")
        .and_then(|(count, _)| count.rsplit(' ').next())
        .and_then(|count| count.parse().ok())
        .unwrap_or(1)
        .max(1)
}

fn capped(text: &str) -> String {
    let mut end = text.len().min(MOST_DETAIL);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

pub(super) fn agent_connected(message: &Message<'_>) -> Option<String> {
    if message.any(&["cannot", "unable", "failed", "error"]) {
        return None;
    }
    Some(
        value(message.text, "serverID")
            .or_else(|| value(message.text, "server"))
            .unwrap_or_default(),
    )
}

/// `ProxyServerHost set to "x".` as `ProxyServerHost=x`.
pub(super) fn agent_option(message: &Message<'_>) -> Option<String> {
    let text = without_header(message.text).trim().trim_matches('"');
    let text = text.trim_end_matches('.');
    let (name, value) = text.split_once(" set to")?;
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (plain && value.len() < 256)
        .then(|| capped(&format!("{name}={}", value.trim().trim_matches('"'))))
}

pub(super) fn agent_dial(message: &Message<'_>) -> Option<String> {
    value(message.text, "dialAddress").or_else(|| aimed(message))
}

pub(super) fn pleg(message: &Message<'_>) -> Option<String> {
    word_after(message, "pleg was last seen active")
}

/// Only the minute after a start, when nothing worse is said in the same line.
pub(super) fn pleg_starting(message: &Message<'_>) -> Option<String> {
    (!message.any(&["last seen active", "is down"])).then(String::new)
}

pub(super) fn runtime_deadline(message: &Message<'_>) -> Option<String> {
    let api = message.any(&["get \\\"https", "put \\\"https", "post \\\"https", "get \"https"]);
    (message.has("code = deadlineexceeded") && !api).then(|| quoted_message(message))
}

pub(super) fn runtime_unavailable(message: &Message<'_>) -> Option<String> {
    message
        .any(&["connection refused", "no such file or directory", "connection reset", "eof"])
        .then(|| {
            ["containerd.sock", "crio.sock", "docker.sock", "dockershim.sock"]
                .iter()
                .find(|socket| message.has(socket))
                .map_or_else(String::new, |socket| (*socket).to_owned())
        })
}

/// klog's quoted message, which names the call that failed.
fn quoted_message(message: &Message<'_>) -> String {
    let text = without_header(message.text);
    match text.strip_prefix('"') {
        Some(quoted) => capped(&until_quote(quoted)),
        None => String::new(),
    }
}

pub(super) fn network_not_ready(message: &Message<'_>) -> Option<String> {
    Some(word_after(message, "reason:").unwrap_or_default())
}

pub(super) fn housekeeping(message: &Message<'_>) -> Option<String> {
    Some(value(message.text, "actual").unwrap_or_default())
}

pub(super) fn node_not_found(message: &Message<'_>) -> Option<String> {
    let text = message.lower.as_str();
    let plain = without_header(text);
    let found = (text.contains("error getting node") || plain.starts_with("node \""))
        && text.contains("not found")
        && !text.contains("dial tcp");
    found.then(|| {
        value(message.text, "node").or_else(|| word_after(message, "node")).unwrap_or_default()
    })
}

pub(super) fn kubelet_unauthorized(message: &Message<'_>) -> Option<String> {
    let said = message.any(&[
        "err=\"unauthorized\"",
        ": unauthorized",
        "asked for the client to provide credentials",
        "you must be logged in",
    ]);
    (said && !message.any(&["image", "pull access", "unauthorized: authentication required"]))
        .then(|| quoted_message(message))
}

pub(super) fn eviction(message: &Message<'_>) -> Option<String> {
    message
        .has("eviction manager")
        .then(|| value(message.text, "resourceName").or_else(|| word_after(message, "reclaim")))
        .map(Option::unwrap_or_default)
}

/// Once after a start is normal; the kubelet itself says when it was not once.
pub(super) fn image_gc(message: &Message<'_>) -> Option<String> {
    message
        .any(&["multiple times in a row", "required amount of images", "failed to garbage collect"])
        .then(String::new)
}

pub(super) fn image_pull(message: &Message<'_>) -> Option<String> {
    if message.has("backoff") && !message.has("failed to pull") {
        return None;
    }
    let image = ["failed to pull image", "pullimage", "image="]
        .iter()
        .find_map(|needle| word_after(message, needle));
    let failed = message.any(&["failed", "error"]);
    failed.then(|| image.unwrap_or_default())
}

pub(super) fn sandbox(message: &Message<'_>) -> Option<String> {
    let failed = message.any(&["fail", "error"]);
    failed.then(|| value(message.text, "pod").unwrap_or_default())
}

pub(super) fn volume(message: &Message<'_>) -> Option<String> {
    let volume = word_after(message, "for volume");
    Some(value(message.text, "pod").or(volume).unwrap_or_default())
}

pub(super) fn probe(message: &Message<'_>) -> Option<String> {
    let kind = value(message.text, "probeType").unwrap_or_default();
    let pod = value(message.text, "pod").unwrap_or_default();
    Some(format!("{kind} {pod}").trim().to_owned())
}

/// The unit that a line of systemd begins with.
pub(super) fn unit(message: &Message<'_>) -> Option<String> {
    if message.has("status=0/success") {
        return None;
    }
    let word = message.text.trim_start_matches("Unit ").split([' ', ':']).next()?;
    Some(capped(word))
}

pub(super) fn started(message: &Message<'_>) -> Option<String> {
    message.text.strip_prefix("Started ").and_then(service_name)
}

pub(super) fn stopped(message: &Message<'_>) -> Option<String> {
    message.text.strip_prefix("Stopped ").and_then(service_name)
}

/// `Kubernetes Kubelet.`, `kubelet.service - Kubelet.`; sentences of other programs are long.
fn service_name(rest: &str) -> Option<String> {
    let name = rest.split(" - ").next()?.trim_end_matches('.');
    (!name.is_empty() && name.len() <= 80 && !name.contains(['"', '='])).then(|| name.to_owned())
}

/// The name in the parentheses behind a process number.
pub(super) fn killed(message: &Message<'_>) -> Option<String> {
    let at = message.lower.find("process ")?;
    let rest = message.text.get(at..)?;
    let name = rest.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let name = name.map(|(name, _)| name).or_else(|| rest.split(' ').nth(2));
    Some(capped(name.unwrap_or_default().trim_end_matches(',')))
}

pub(super) fn task_hung(message: &Message<'_>) -> Option<String> {
    message.has("task ").then(|| word_after(message, "task ")).flatten()
}

pub(super) fn device(message: &Message<'_>) -> Option<String> {
    let found =
        ["dev ", "(device ", "device "].iter().find_map(|needle| word_after(message, needle));
    Some(found.unwrap_or_default())
}

pub(super) fn netdevice(message: &Message<'_>) -> Option<String> {
    word_after(message, "waiting for")
}

pub(super) fn kernel_boot(message: &Message<'_>) -> Option<String> {
    message
        .text
        .strip_prefix("Linux version ")
        .map(|rest| capped(rest.split(' ').next().unwrap_or_default()))
}

/// The name that `CoreDNS` could not answer and why; none for the loop plugin's own probe.
fn dns_error(message: &Message<'_>) -> Option<(String, u8)> {
    if message.has(" hinfo:") || message.has(" hinfo: ") {
        return None;
    }
    let failed = message.any(&["plugin/errors", "unreachable backend", "errors like "]);
    if !failed {
        return None;
    }
    let rest = ["plugin/errors: ", "[error] "]
        .iter()
        .find_map(|needle| message.lower.find(needle).map(|at| at + needle.len()))
        .and_then(|at| message.text.get(at..))
        .unwrap_or_default();
    let mut words = rest.split(' ');
    let number = words.next().is_some_and(|word| word.parse::<u8>().is_ok());
    let name = words.next().filter(|_| number).unwrap_or_default();
    let cause = if message.any(&["i/o timeout", "timed out"]) {
        0
    } else if message.has("connection refused") {
        1
    } else {
        2
    };
    Some((capped(name.trim_end_matches('.')), cause))
}

pub(super) fn dns_timeout(message: &Message<'_>) -> Option<String> {
    dns_error(message).filter(|(_, cause)| *cause == 0).map(|(name, _)| name)
}

pub(super) fn dns_refused(message: &Message<'_>) -> Option<String> {
    dns_error(message).filter(|(_, cause)| *cause == 1).map(|(name, _)| name)
}

pub(super) fn dns_other(message: &Message<'_>) -> Option<String> {
    dns_error(message).filter(|(_, cause)| *cause == 2).map(|(name, _)| name)
}

/// `CoreDNS`' reflectors complain of the API server; other watchers do too, so an error must be named.
pub(super) fn dns_kubernetes(message: &Message<'_>) -> Option<String> {
    if message.any(&["waiting for kubernetes api", "unsynced kubernetes api"]) {
        return Some(String::new());
    }
    network(message)
}

pub(super) fn scrape(message: &Message<'_>) -> Option<String> {
    value(message.text, "node").or_else(|| word_after(message, "from node"))
}

pub(super) fn webhook_closed(message: &Message<'_>) -> Option<String> {
    if message.has("failing open") {
        return None;
    }
    webhook_name(message)
}

pub(super) fn webhook_name(message: &Message<'_>) -> Option<String> {
    let name = ["failing closed", "failing open", "failed calling webhook"]
        .iter()
        .find_map(|needle| word_after(message, needle));
    Some(name.unwrap_or_default())
}

pub(super) fn etcd_took(message: &Message<'_>) -> Option<String> {
    Some(value(message.text, "took").unwrap_or_default())
}

pub(super) fn election_lost(message: &Message<'_>) -> Option<String> {
    let lost =
        message.any(&["leaderelection lost", "leader election lost", "lost leader election"])
            || message.has("failed to renew lease")
                && message.any(&["timed out", "deadline", "canceled"]);
    lost.then(|| word_after(message, "failed to renew lease").unwrap_or_default())
}

pub(super) fn became_leader(message: &Message<'_>) -> Option<String> {
    Some(word_after(message, "successfully acquired lease").unwrap_or_default())
}

pub(super) fn leader_changed(message: &Message<'_>) -> Option<String> {
    message.any(&["leader changed", "elected leader", "lost leader"]).then(String::new)
}

/// Azure's own throttling, not that of the Kubernetes API.
pub(super) fn azure_throttled(message: &Message<'_>) -> Option<String> {
    let azure = message.any(&[
        "azure",
        "subscription",
        "highcost",
        "vmss",
        "virtualmachine",
        "status=429",
        "statuscode=429",
        "httpstatuscode: 429",
        "retryafter",
    ]);
    azure.then(String::new)
}

/// The first of the words that names the refusal.
pub(super) fn azure_word(message: &Message<'_>) -> Option<String> {
    const WORDS: [&str; 13] = [
        "AADSTS7000222",
        "AADSTS700016",
        "AADSTS",
        "LinkedAuthorizationFailed",
        "AuthorizationFailed",
        "invalid_client",
        "SkuNotAvailable",
        "ZonalAllocationFailed",
        "OverconstrainedAllocationRequest",
        "OverconstrainedZonalAllocationRequest",
        "AllocationFailed",
        "QuotaExceeded",
        "exceeding approved",
    ];
    let lower = |word: &str| message.has(&word.to_ascii_lowercase());
    WORDS.iter().find(|word| lower(word)).map(|word| (*word).to_owned())
}

pub(super) fn certificate(message: &Message<'_>) -> Option<String> {
    let errors = network_errors(without_header(message.text));
    errors.iter().find_map(|error| match error {
        NetworkError::CertificateExpired => Some("expired".to_owned()),
        NetworkError::CertificateNotYetValid => Some("not-yet-valid".to_owned()),
        NetworkError::UnknownAuthority => Some("unknown-authority".to_owned()),
        _ => None,
    })
}
