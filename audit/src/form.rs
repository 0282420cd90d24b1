//! Recognises in which form audit events come, by content alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;

use crate::columns::{audit_header, preamble};
use crate::container;
use crate::scan::{Cursor, Odd};

/// A form in which audit events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// `audit.k8s.io` events, one a line, whatever a container's log or kubectl puts in front.
    Lines,
    /// `audit.k8s.io` events as an array, a list, or pretty-printed one after the other.
    Values,
    /// Azure Diagnostics: the event is escaped text in `properties.log`, one a line or in `records`.
    AzureDiagnostics,
    /// Rows of `AKSAudit`, `AKSAuditAdmin` or `AzureDiagnostics` as JSON.
    LogAnalyticsJson,
    /// The same rows as CSV.
    LogAnalyticsCsv,
}

impl Form {
    /// Every form, in the order of the serialised state.
    pub const ALL: &[Self] = &[
        Self::Lines,
        Self::Values,
        Self::AzureDiagnostics,
        Self::LogAnalyticsJson,
        Self::LogAnalyticsCsv,
    ];

    /// A stable name for machine-readable output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Values => "values",
            Self::AzureDiagnostics => "azure-diagnostics",
            Self::LogAnalyticsJson => "log-analytics-json",
            Self::LogAnalyticsCsv => "log-analytics-csv",
        }
    }
}

/// How records are cut out of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Lines,
    /// Lines of which some may be parts of longer ones.
    Parts,
    Values,
    Csv,
}

/// What `kubectl logs --prefix` begins lines with, which is no array.
const POD: &[u8] = b"[pod/";

/// How an API server begins an event.
const EVENT: &[u8] = br#"{"kind":"Event","apiVersion":"audit.k8s.io/"#;

/// The form of an audit log, from its first bytes (64 KiB are enough); none when these are no
/// audit log.
pub fn sniff(head: &[u8]) -> Option<Form> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let head = head.get(..head.len().min(1 << 16)).unwrap_or(head);
    let text = head.trim_ascii_start();
    let has = |needle: &str| memmem::find(text, needle.as_bytes()).is_some();
    let has_key = |key: &str| has(&format!("\"{key}\""));
    match text.first()? {
        b'[' if text.starts_with(POD) => container::has_events(text).then_some(Form::Lines),
        // As API servers write it: what else stands in it need not be searched.
        b'{' if text.starts_with(EVENT) && shape(head) == Shape::Lines => Some(Form::Lines),
        b'{' | b'[' => {
            let any_key = |keys: &[&str]| keys.iter().any(|key| has_key(key));
            let rows = any_key(&["AuditId", "AuditId_g", "AuditId_s", "auditId"])
                && any_key(&["RequestUri", "Verb", "Stage", "requestUri", "Verb_s", "Stage_s"]);
            if rows || (has_key("log_s") && (has("kube-audit") || has("audit.k8s.io"))) {
                return Some(Form::LogAnalyticsJson);
            }
            let kube_category = has("\"kube-audit")
                || has("\"cluster-autoscaler\"")
                || has("\"kube-")
                || has("\"cloud-controller-manager\"");
            if (has_key("category") || has_key("Category"))
                && (has_key("properties") || has_key("Properties"))
                && kube_category
            {
                return Some(Form::AzureDiagnostics);
            }
            // A message that an Event Hub captured, printed as JSON.
            let told = has("kube-audit") || has("audit.k8s.io");
            if any_key(&["Body", "body"]) && (told || encoded(text)) {
                return Some(Form::AzureDiagnostics);
            }
            // A line of a container's log, or a column that somebody named, with the event as text.
            if has("\\\"audit.k8s.io") && has("\\\"auditID\\\"") {
                return Some(Form::Lines);
            }
            if !has("audit.k8s.io/") || !(has_key("auditID") || has_key("requestURI")) {
                return None;
            }
            Some(if shape(head) == Shape::Values || has("\"EventList\"") {
                Form::Values
            } else {
                Form::Lines
            })
        }
        _ => {
            let text = text.get(preamble(text)..).unwrap_or_default();
            let header = text.split(|byte| *byte == b'\n').next().unwrap_or(text);
            if audit_header(header, has("audit.k8s.io")) {
                return Some(Form::LogAnalyticsCsv);
            }
            // The header of an archive is no line.
            if header.contains(&0) {
                return None;
            }
            // A log that begins in the middle of a line is still a log.
            Some(said_before(text))
                .filter(|before| *before > 0)
                .and_then(|before| sniff(text.get(before..)?))
                .or_else(|| container::has_events(text).then_some(Form::Lines))
        }
    }
}

/// Whether a message's body is base64, as programs print bytes, of something with audit events.
fn encoded(text: &[u8]) -> bool {
    let place = memmem::find(text, b"ody\"").unwrap_or(text.len());
    let rest = text.get(place + 4..).unwrap_or_default();
    let rest = rest.trim_ascii_start().strip_prefix(b":").unwrap_or_default().trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").unwrap_or_default();
    let end =
        rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')));
    let body = rest.get(..end.unwrap_or(rest.len()) / 4 * 4).unwrap_or_default();
    STANDARD.decode(body).is_ok_and(|body| {
        memmem::find(&body, b"kube-audit").is_some()
            || memmem::find(&body, b"audit.k8s.io").is_some()
    })
}

/// Whether records are cut out as values, so that line ends mean nothing.
pub fn has_values(head: &[u8]) -> bool {
    shape(head) == Shape::Values
}

/// So many lines in front of the first object or list are what a program said about itself.
const SAID: usize = 40;

/// The length of what stands in front of the first line that begins an object or a list, when the text
/// does not begin so: warnings of a command whose errors went to the same file.
pub(crate) fn said_before(head: &[u8]) -> usize {
    let begins = |line: &[u8]| match line.trim_ascii_start().first() {
        Some(b'[') => !line.trim_ascii_start().starts_with(POD),
        first => first == Some(&b'{'),
    };
    let mut at = 0;
    for line in head.split_inclusive(|byte| *byte == b'\n').take(SAID) {
        if begins(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)) {
            return at;
        }
        at += line.len();
    }
    0
}

/// Where the list begins that an object around all events has, when the object is not a line of its
/// own: its items can be cut out one by one, however long it is.
pub(crate) fn list_within(head: &[u8]) -> Option<usize> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or(text);
    if line.len() > 1 && line.trim_ascii_end().ends_with(b"}") {
        return None;
    }
    let mut list = None;
    let mut cursor = Cursor::new(text);
    // The object has no end here, which is no fault.
    let _ = cursor.object(|cursor, key| {
        let is_list = text.get(cursor.at) == Some(&b'[');
        if is_list && matches!(key.to_ascii_lowercase().as_slice(), b"items" | b"records") {
            list = Some(cursor.at);
            return Err(Odd::Cut);
        }
        cursor.skip()
    });
    list.map(|at| head.len() - text.len() + at)
}

/// Whether an artefact that begins so is a log whose lines can be read as they come.
pub fn in_lines(head: &[u8]) -> bool {
    sniff(head).is_some() && matches!(shape(head), Shape::Lines | Shape::Parts)
}

/// How to cut, from the first bytes.
pub(crate) fn shape(head: &[u8]) -> Shape {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if container::in_parts(text) {
        return Shape::Parts;
    }
    match text.first() {
        Some(b'[') if !text.starts_with(POD) => Shape::Values,
        Some(b'{') if list_within(head).is_some() => Shape::Values,
        Some(b'{') => {
            let Some(end) = memchr::memchr(b'\n', text) else { return Shape::Lines };
            let (line, rest) = text.split_at_checked(end).unwrap_or((text, b""));
            let next = rest.trim_ascii_start().first();
            if next == Some(&b'{') || (next.is_none() && line.len() > 1) {
                return Shape::Lines;
            }
            if line.trim_ascii_end().ends_with(b"}") && line.len() > 2 {
                Shape::Lines
            } else {
                Shape::Values
            }
        }
        _ => match (sniff(head), said_before(head)) {
            (Some(Form::LogAnalyticsCsv), _) => Shape::Csv,
            (Some(_), before) if before > 0 => shape(head.get(before..).unwrap_or_default()),
            _ => Shape::Lines,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_by_content() {
        let event = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a","stage":"ResponseComplete","requestURI":"/"}"#;
        for (text, form) in [
            (event.to_owned(), Some(Form::Lines)),
            (format!("{event}\n{event}\n"), Some(Form::Lines)),
            (format!("\u{feff}{event}\r\n{event}\r\n"), Some(Form::Lines)),
            (format!("e\":1}}\n{event}\n"), Some(Form::Lines)),
            (format!("[{event},{event}]"), Some(Form::Values)),
            (event.replace(',', ",\n  ").replace('{', "{\n  "), Some(Form::Values)),
            (
                format!(
                    r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{event}]}}"#
                ),
                Some(Form::Values),
            ),
            (
                r#"{"category":"kube-audit","properties":{"log":"{}"}}"#.to_owned(),
                Some(Form::AzureDiagnostics),
            ),
            (
                r#"[{"AuditId":"a","Verb":"get","TableName":"PrimaryResult"}]"#.to_owned(),
                Some(Form::LogAnalyticsJson),
            ),
            (
                "\"TimeGenerated [UTC]\",AuditId,Stage,Verb\n".to_owned(),
                Some(Form::LogAnalyticsCsv),
            ),
            ("TimeGenerated,Category,log_s\n".to_owned(), Some(Form::LogAnalyticsCsv)),
            (
                "WARNING: This command is in preview.\n\nWARNING: (so it is)\n[\n  {\"AuditId\":\"a\",\"Verb\":\"get\"}]".to_owned(),
                Some(Form::LogAnalyticsJson),
            ),
            ("WARNING: nothing\n[{\"name\":\"a\"}]".to_owned(), None),
            (
                r#"{"kind":"Event","apiVersion":"v1","metadata":{},"reason":"BackOff"}"#.to_owned(),
                None,
            ),
            (r#"{"kind":"PodList","apiVersion":"v1","items":[]}"#.to_owned(), None),
            ("I0109 21:24:54.475483 1 klog.go:1] text".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(sniff(text.as_bytes()), form, "{text}");
        }
    }
}
