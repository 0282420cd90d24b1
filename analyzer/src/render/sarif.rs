//! SARIF 2.1.0: findings as results, rules as reporting descriptors.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

use serde_json::{Value, json};

use super::{RenderError, json};
use crate::finding::Severity;
use crate::report::{EvidenceCard, FindingCard, Report};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn render(report: &Report, out: &mut dyn Write) -> Result<(), RenderError> {
    let mut rules: BTreeMap<&str, &str> = BTreeMap::new();
    let mut results = Vec::new();
    let cards = report.causes.iter().map(|card| ("cause", card));
    let cards = cards.chain(report.unexplained.iter().map(|card| ("unexplained", card)));
    for (part, card) in cards.chain(report.aggravating.iter().map(|card| ("aggravating", card))) {
        rules.insert(&card.code, &card.rule);
        results.push(result(part, card));
        for effect in &card.explains {
            rules.insert(&effect.code, &effect.rule);
            results.push(json!({
                "ruleId": effect.code,
                "level": level(effect.severity),
                "kind": "fail",
                "message": { "text": effect.title },
                "locations": locations(&effect.evidence),
                "properties": { "part": "effect", "explainedBy": card.id },
            }));
        }
    }
    let rules: Vec<Value> =
        rules.into_iter().map(|(code, rule)| json!({ "id": code, "name": rule })).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "konspect", "version": report.about.version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    json::write(&log, out)
}

fn result(part: &str, card: &FindingCard) -> Value {
    json!({
        "ruleId": card.code,
        "level": level(card.severity),
        "kind": "fail",
        "message": { "text": card.title },
        "locations": locations(&card.evidence),
        "partialFingerprints": { "konspect/v1": format!(
            "{}/{}/{}/{}",
            card.rule,
            card.subject.kind,
            card.subject.namespace.as_deref().unwrap_or_default(),
            card.subject.name
        ) },
        "properties": { "id": card.id, "part": part, "confidence": card.confidence },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn locations(evidence: &[EvidenceCard]) -> Vec<Value> {
    let location = |card: &EvidenceCard| {
        let mut physical =
            json!({ "artifactLocation": { "uri": uri(&card.path), "uriBaseId": "BUNDLE" } });
        let region = match card.line {
            Some(line) if line > 0 => {
                json!({ "startLine": line, "snippet": { "text": card.excerpt } })
            }
            _ => {
                json!({ "byteOffset": card.start, "byteLength": card.end.saturating_sub(card.start) })
            }
        };
        if let Some(physical) = physical.as_object_mut() {
            physical.insert("region".to_owned(), region);
        }
        json!({ "physicalLocation": physical, "message": { "text": card.says } })
    };
    evidence.iter().take(10).map(location).collect()
}

/// A relative reference: everything that means something in a URI is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
