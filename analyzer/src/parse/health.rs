//! The API server's health answers: `/readyz?verbose` and its sisters, and `componentstatuses`.
//!
//! It refuses to know which check matters.

use konspect_bundle::{Source, Span};

use super::raw_json::RawJson;
use super::{Hint, Kind, Rows, TableKind};
use crate::model::kube::HealthCheck;

/// The longest text of one check that is kept.
const TEXT_LIMIT: usize = 1024;

/// Reads `[+]ping ok` lines, a bare `ok`, and `componentstatuses` tables.
pub fn checks(source: &Source<'_>, _hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let head = source.bytes.trim_ascii_start();
    let list =
        head.strip_prefix(b"[").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{"));
    if head.starts_with(b"{") || list {
        return etcd(source, rows);
    }
    let before = rows.health.len();
    let mut table = false;
    for line in source.lines() {
        let text = line.text();
        let text = text.trim();
        if is_table_header(text) {
            table = true;
        } else if let Some((name, ok)) = check(text) {
            push(rows, name, ok, text, line.at);
        } else if let Some(ok) = verdict(text) {
            let name = text.split_whitespace().next().filter(|_| text.contains("check"));
            push(rows, name.unwrap_or("health"), ok, text, line.at);
        } else if table && let Some((name, rest)) = text.split_once(char::is_whitespace) {
            push(rows, name, rest.split_whitespace().next() == Some("Healthy"), text, line.at);
        } else if let Some(last) = rows.health.get_mut(before..).and_then(<[_]>::last_mut)
            && !last.ok
            && !text.is_empty()
            && last.text.len() + text.len() < TEXT_LIMIT
        {
            // A failed check that gives its reason may need several lines for it.
            last.text.push('\n');
            last.text.push_str(text);
            last.at = last.at.to(line.at);
        }
    }
    rows.covers(TableKind::Health, source.whole());
    Kind::HealthChecks
}

/// etcd's health answers: `{"health":"true"}`, and `etcdctl endpoint health -w json`.
fn etcd(source: &Source<'_>, rows: &mut Rows) -> Kind {
    let root = RawJson::new(source.bytes);
    let lone = root.is_object().then_some(root);
    for answer in root.items().chain(lone) {
        let name = answer.text_of("endpoint");
        let name = if name.is_empty() { "etcd" } else { name.as_str() };
        let text = String::from_utf8_lossy(answer.bytes());
        push(rows, name, answer.truth_of("health"), &text, source.span_of(answer.bytes()));
    }
    Kind::HealthChecks
}

/// Whether a line is one of a health answer.
pub fn is_check(line: &str) -> bool {
    check(line).is_some() || (verdict(line).is_some() && line.contains("check"))
}

/// Whether a line heads a `componentstatuses` table.
pub fn is_table_header(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some("NAME")
        && words.next() == Some("STATUS")
        && words.next() == Some("MESSAGE")
        && matches!(words.next(), None | Some("ERROR"))
}

/// `[+]poststarthook/rbac ok`, `[-]etcd failed: reason withheld`.
fn check(line: &str) -> Option<(&str, bool)> {
    let (ok, rest) = match line.strip_prefix("[+]") {
        Some(rest) => (true, rest),
        None => (false, line.strip_prefix("[-]")?),
    };
    let name = rest.split_whitespace().next()?;
    let says_ok = rest.split_whitespace().nth(1).is_some_and(|word| word.starts_with("ok"));
    let excluded = rest.contains("excluded: ok");
    Some((name, (ok && says_ok) || excluded))
}

/// The last line of an answer: `readyz check passed`, `healthz check failed`, `ok`.
fn verdict(line: &str) -> Option<bool> {
    if line == "ok" {
        return Some(true);
    }
    let mut words = line.split_whitespace();
    let name = words.next()?;
    if !name.ends_with('z') || words.next() != Some("check") {
        return None;
    }
    match words.next() {
        Some("passed") => Some(true),
        Some(word) if word.starts_with("failed") => Some(false),
        _ => None,
    }
}

fn push(rows: &mut Rows, name: &str, ok: bool, text: &str, at: Span) {
    let text = text.chars().take(TEXT_LIMIT).collect();
    rows.health.push(HealthCheck { name: name.to_owned(), ok, text, at });
}

#[cfg(test)]
mod tests {
    use super::*;
    use konspect_bundle::ArtifactId;

    fn read(text: &str) -> Vec<(String, bool)> {
        let mut rows = Rows::default();
        checks(&Source::new(ArtifactId(0), text.as_bytes()), &Hint::default(), &mut rows);
        assert_eq!(rows.collected[0].table, TableKind::Health);
        rows.health.into_iter().map(|check| (check.name, check.ok)).collect()
    }

    #[test]
    fn verbose_answers() {
        let checks = read(
            "[+]ping ok\n[-]etcd failed: reason withheld\n[+]shutdown ok\nreadyz check failed\n",
        );
        let expected = [("ping", true), ("etcd", false), ("shutdown", true), ("readyz", false)];
        assert_eq!(checks, expected.map(|(name, ok)| (name.to_owned(), ok)));
        assert_eq!(read("ok"), [("health".to_owned(), true)]);
    }

    #[test]
    fn etcd_answers() {
        let mut rows = Rows::default();
        let text = br#"[{"endpoint":"http://127.0.0.1:2379","health":true},{"endpoint":"x","health":"false"}]"#;
        checks(&Source::new(ArtifactId(0), text), &Hint::default(), &mut rows);
        let ok: Vec<_> = rows.health.iter().map(|check| check.ok).collect();
        assert_eq!(ok, [true, false]);
    }

    #[test]
    fn component_statuses() {
        let checks = read(
            "Warning: v1 ComponentStatus is deprecated in v1.19+\nNAME                 STATUS      MESSAGE                  ERROR\n\
             scheduler            Unhealthy   Get \"http://127.0.0.1:10251/healthz\": dial tcp\ncontroller-manager   Healthy     ok\netcd-0 Healthy {\"health\":\"true\"}\n",
        );
        let expected = [("scheduler", false), ("controller-manager", true), ("etcd-0", true)];
        assert_eq!(checks, expected.map(|(name, ok)| (name.to_owned(), ok)));
    }
}
