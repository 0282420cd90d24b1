//! Secrets that YAML and command lines keep on the line after their label.

use std::ops::Range;

use super::labels;
use super::text::{Hits, With, flag};

/// How far a Secret reaches to either side of its `kind`.
const LINES: usize = 4096;

/// Looks at the lines around a suspicious one.
pub(crate) fn around(text: &[u8], line: &Range<usize>, hits: &mut Hits) {
    let bytes = text.get(line.clone()).unwrap_or_default();
    let content = String::from_utf8_lossy(bytes);
    let trimmed = content.trim().trim_start_matches("- ").trim_matches(['"', '\'', ',']);
    if trimmed == "kind: Secret" {
        secret(text, line, indent(bytes), hits);
    } else if let Some(kind) = flag(trimmed) {
        if let Some(next) = next_line(text, line.end) {
            let value = value_range(text, &next, "");
            hits.extend(
                value
                    .filter(|range| wanted(text, range, kind))
                    .map(|range| (range, With::Mark(kind))),
            );
        }
    } else if let Some((key, name)) = trimmed.split_once(':')
        && matches!(key.trim_matches('"'), "name" | "key" | "Name" | "Key" | "keyName")
        && let Some(kind) = labels::label(name.trim().trim_matches(['"', '\'', ',']))
    {
        let next = next_line(text, line.end);
        let previous = previous_line(text, line.start);
        for near in [next, previous].into_iter().flatten() {
            let value = value_range(text, &near, "value");
            hits.extend(
                value
                    .filter(|range| wanted(text, range, kind))
                    .map(|range| (range, With::Mark(kind))),
            );
        }
    }
}

fn wanted(text: &[u8], range: &Range<usize>, kind: labels::Kind) -> bool {
    let value = String::from_utf8_lossy(text.get(range.clone()).unwrap_or_default());
    !value.is_empty()
        && !value.starts_with('-')
        && !value.contains("://")
        && !labels::harmless(&value, kind)
}

/// Every value of `data` and `stringData` in the document whose `kind: Secret` stands on `line`.
fn secret(text: &[u8], line: &Range<usize>, depth: usize, hits: &mut Hits) {
    let mut start = line.start;
    for _ in 0..LINES {
        let Some(previous) = previous_line(text, start) else { break };
        let bytes = text.get(previous.clone()).unwrap_or_default();
        if bytes.starts_with(b"---") || (!bytes.trim_ascii().is_empty() && indent(bytes) < depth) {
            break;
        }
        start = previous.start;
    }
    let mut inside = false;
    let mut at = Some(first_line(text, start));
    for _ in 0..2 * LINES {
        let Some(current) = at else { break };
        let bytes = text.get(current.clone()).unwrap_or_default();
        let (deep, words) = (indent(bytes), bytes.trim_ascii());
        if current.start > line.start
            && (bytes.starts_with(b"---") || (!words.is_empty() && deep < depth))
        {
            break;
        }
        if !words.is_empty() && deep <= depth {
            inside =
                matches!(words.strip_prefix(b"- ").unwrap_or(words), b"data:" | b"stringData:");
        } else if inside {
            let value = match memchr::memchr(b':', bytes) {
                Some(_) => value_range(text, &current, "*"),
                None => value_range(text, &current, ""),
            };
            hits.extend(
                value
                    .filter(|range| !range.is_empty())
                    .map(|range| (range, With::Mark("secret-data"))),
            );
        }
        at = next_line(text, current.end);
    }
}

/// Columns before the first character that is neither a blank nor the dash of a list.
fn indent(line: &[u8]) -> usize {
    line.iter().take_while(|byte| matches!(byte, b' ' | b'-')).count()
}

fn first_line(text: &[u8], start: usize) -> Range<usize> {
    let end = memchr::memchr(b'\n', text.get(start..).unwrap_or_default())
        .map_or(text.len(), |line| start + line);
    start..end
}

fn next_line(text: &[u8], end: usize) -> Option<Range<usize>> {
    (end + 1 < text.len()).then(|| first_line(text, end + 1))
}

fn previous_line(text: &[u8], start: usize) -> Option<Range<usize>> {
    let end = start.checked_sub(1)?;
    let begin = memchr::memrchr(b'\n', text.get(..end)?).map_or(0, |line| line + 1);
    Some(begin..end)
}

/// The place of the value behind `key:`, of any key for `*`, of the whole line for no key.
fn value_range(text: &[u8], line: &Range<usize>, key: &str) -> Option<Range<usize>> {
    let bytes = text.get(line.clone())?;
    let mut start =
        bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'"' | b'\'')).count();
    if !key.is_empty() {
        let colon = memchr::memchr(b':', bytes)?;
        let name = String::from_utf8_lossy(bytes.get(start..colon)?);
        if key != "*" && name.trim_matches(['"', '\'', ' ']) != key {
            return None;
        }
        start = colon + 1;
        start += bytes
            .get(start..)?
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'"' | b'\''))
            .count();
    }
    let value = bytes.get(start..)?.trim_ascii_end();
    let quotes = value.iter().rev().take_while(|byte| matches!(byte, b'"' | b'\'' | b',')).count();
    let end = start + value.len() - quotes;
    let value = bytes.get(start..end)?;
    let block = matches!(value, b"|" | b">" | b"|-" | b">-" | b"|+" | b"{}");
    (!block && start < end).then(|| line.start + start..line.start + end)
}

#[cfg(test)]
mod tests {
    use super::super::Redactor;

    #[test]
    fn values_on_the_next_line() {
        let redactor = Redactor::new();
        let clean = |text: &str| String::from_utf8(redactor.clean(text.as_bytes()).bytes).unwrap();
        assert_eq!(
            clean("env:\n- name: DB_PASSWORD\n  value: Qw7!ab\n- name: MODE\n  value: fast\n"),
            "env:\n- name: DB_PASSWORD\n  value: ⟦secret:password#1⟧\n- name: MODE\n  value: fast\n"
        );
        assert_eq!(
            clean("    Args:\n      --redis-password\n      l0N95kd\n      --v\n"),
            "    Args:\n      --redis-password\n      ⟦secret:password#2⟧\n      --v\n"
        );
        assert_eq!(
            clean(
                "---\napiVersion: v1\ndata:\n  ca.crt: eHg=\nkind: Secret\nmetadata:\n  name: x\n---\ndata:\n  a: b\nkind: ConfigMap\n"
            ),
            "---\napiVersion: v1\ndata:\n  ca.crt: ⟦secret:secret-data#3⟧\nkind: Secret\nmetadata:\n  name: x\n---\ndata:\n  a: b\nkind: ConfigMap\n"
        );
    }
}
