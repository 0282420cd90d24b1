//! One line of a metrics text: name, labels, value, time.

use std::borrow::Cow;

use crate::model::Labels;
use crate::parse::interned;

/// One series of a text, with its labels not yet taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Series<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) labels: &'a [u8],
    pub(super) value: f64,
    /// Milliseconds since 1970.
    pub(super) stamp: Option<i64>,
}

/// Takes a sample's line apart; accepts what user interfaces and `promtool` print as well.
pub(super) fn series(line: &[u8]) -> Option<Series<'_>> {
    let name_end = line.iter().position(|byte| !is_name_byte(*byte)).unwrap_or(line.len());
    let (name, rest) = line.split_at_checked(name_end)?;
    if name.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let rest = rest.trim_ascii_start();
    let (labels, rest) = match rest {
        [b'{', rest @ ..] => {
            let end = labels_end(rest)?;
            (rest.get(..end)?, rest.get(end + 1..)?)
        }
        _ => (&[][..], rest),
    };
    let mut name = Cow::Borrowed(std::str::from_utf8(name).ok()?);
    if name.is_empty() {
        // Names beyond the classic alphabet stand quoted among the labels.
        let (quoted, after) = quoted(labels.trim_ascii_start())?;
        if !matches!(after.trim_ascii_start(), [] | [b',', ..]) {
            return None;
        }
        name = quoted;
    }
    let rest = std::str::from_utf8(rest).ok()?;
    let rest = rest.split_once(" # ").map_or(rest, |(sample, _exemplar)| sample);
    let mut words = rest.split_ascii_whitespace().filter(|word| !matches!(*word, "|" | "=>"));
    let value = number(words.next()?)?;
    let stamp = match words.next() {
        None => None,
        Some(stamp) => Some(milliseconds(stamp)?),
    };
    words.next().is_none().then_some(Series { name, labels, value, stamp })
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'
}

/// A value: Go's spelling of floating-point numbers, with or without thousands separators of none.
pub(super) fn number(text: &str) -> Option<f64> {
    let plain = text.trim_start_matches(['+', '-']);
    if plain.eq_ignore_ascii_case("nan") {
        return Some(f64::NAN);
    }
    let digits = plain.starts_with(|char: char| char.is_ascii_digit() || char == '.');
    let infinite = plain.eq_ignore_ascii_case("inf") || plain.eq_ignore_ascii_case("infinity");
    (digits || infinite).then(|| text.parse().ok())?
}

/// A sample's time: milliseconds, or seconds with a fraction in `OpenMetrics`; `promtool` prints
/// `@[1700000000.5]`.
#[expect(clippy::cast_possible_truncation, reason = "floats saturate, and the range is checked")]
fn milliseconds(text: &str) -> Option<i64> {
    if let Some(inner) = text.strip_prefix("@[") {
        let value: f64 = inner.trim_end_matches(']').parse().ok()?;
        return Some((value * 1000.0) as i64);
    }
    if let Ok(whole) = text.parse::<i64>() {
        // Seconds of any plausible year are below 10¹¹, milliseconds above.
        return Some(if whole.abs() < 100_000_000_000 { whole.checked_mul(1000)? } else { whole });
    }
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some((value * 1000.0) as i64)
}

/// Where the label set ends, given what follows its opening brace.
fn labels_end(bytes: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, quoted) {
            (b'\\', true) => at += 1,
            (b'"', _) => quoted = !quoted,
            (b'}', false) => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The labels of a set; an empty value is the same as no label. None where they cannot be told for sure:
/// a value without quotes, a name twice, a name that is none.
pub(super) fn labels(bytes: &[u8]) -> Option<Labels> {
    let mut pairs = pairs(bytes)?;
    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
    if pairs.windows(2).any(|two| matches!(two, [(one, _), (other, _)] if one == other)) {
        return None;
    }
    let kept = pairs.iter().filter(|(name, value)| !value.is_empty() && name != "__name__");
    Some(kept.map(|(name, value)| (interned::shared(name), interned::shared(value))).collect())
}

fn pairs(bytes: &[u8]) -> Option<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let mut pairs = Vec::new();
    let mut rest = bytes;
    loop {
        let Some(start) = rest.iter().position(|byte| !matches!(byte, b' ' | b',' | b'\t')) else {
            return Some(pairs);
        };
        rest = rest.get(start..)?;
        let (name, after) = if rest.first() == Some(&b'"') {
            let (name, after) = quoted(rest)?;
            let after = after.trim_ascii_start();
            if matches!(after, [] | [b',', ..]) {
                // The name of the metric itself.
                rest = after;
                continue;
            }
            (name, after)
        } else {
            let (name, after) =
                rest.split_at_checked(rest.iter().position(|byte| *byte == b'=')?)?;
            let name = name.trim_ascii();
            if !name.iter().all(|byte| is_name_byte(*byte))
                || name.first().is_none_or(u8::is_ascii_digit)
            {
                return None;
            }
            (String::from_utf8_lossy(name), after)
        };
        let (b'=', after) = after.split_first()? else { return None };
        let (value, after) = quoted(after.trim_ascii_start())?;
        pairs.push((name, value));
        rest = after;
    }
}

/// A quoted text with its escapes decoded, and what follows it.
fn quoted(bytes: &[u8]) -> Option<(Cow<'_, str>, &[u8])> {
    let (b'"', content) = bytes.split_first()? else {
        return None;
    };
    let plain = memchr::memchr2(b'"', b'\\', content)?;
    if content.get(plain) == Some(&b'"') {
        let text = String::from_utf8_lossy(content.get(..plain)?);
        return Some((text, content.get(plain + 1..)?));
    }
    let mut text = Vec::new();
    let mut at = 0;
    loop {
        match content.get(at)? {
            b'"' => break,
            b'\\' => {
                at += 1;
                match content.get(at)? {
                    b'n' => text.push(b'\n'),
                    byte @ (b'"' | b'\\') => text.push(*byte),
                    byte => text.extend([b'\\', *byte]),
                }
            }
            byte => text.push(*byte),
        }
        at += 1;
    }
    Some((Cow::Owned(String::from_utf8_lossy(&text).into_owned()), content.get(at + 1..)?))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;

    #[test]
    fn escapes_blanks_and_braces_in_labels_stay_apart() {
        let line = br#"apiserver_admission_webhook_request_total{name="a,b}\"c\\\n", code = "503",rejected="",} 4 1700000000123"#;
        let series = series(line).unwrap();
        assert_eq!(series.value, 4.0);
        assert_eq!(series.stamp, Some(1_700_000_000_123));
        let labels = labels(series.labels).unwrap();
        assert_eq!(labels.get("name").unwrap(), "a,b}\"c\\\n");
        assert_eq!(labels.get("code").unwrap(), "503");
        assert_eq!(labels.get("rejected"), None);
    }

    #[test]
    fn all_dialects_of_a_sample() {
        for (line, value) in [
            (&b"apiserver_storage_size_bytes{cluster=\"etcd-0\"} 4.919296e+06"[..], 4_919_296.0),
            (b"up 1", 1.0),
            (b"x_total +Inf", f64::INFINITY),
            (b"x_total -Infinity", f64::NEG_INFINITY),
            (b"x{endpoint=\"https\", reason=\"queue-full\"} | 924", 924.0),
            (b"x{a=\"b\"} => 3 @[1700000000.25]", 3.0),
            (b"x_bucket{le=\"0.1\"} 8 # {trace_id=\"KOO5S4vxi0o\"} 0.67", 8.0),
            (b"x_total 17 1520879607.789 # {id=\"x\"} 1", 17.0),
            (b"{\"my.name\", a=\"b\"} 2", 2.0),
            (b"x\t{ a = \"b\" , }\t-Inf", f64::NEG_INFINITY),
            (b"x 1.5e-07 -1000", 1.5e-7),
            (b"x{a=\"1 # {b} 2\"} 6 # {id=\"y # z\"} 1 1520879607.789", 6.0),
            (b"x -.5", -0.5),
            (b"a:rule:rate5m 3", 3.0),
            (b"x{\"quoted.label\"=\"b\"} 4", 4.0),
        ] {
            let series = series(line).unwrap();
            assert_eq!(series.value, value, "{}", String::from_utf8_lossy(line));
        }
        assert!(series(b"x NaN").unwrap().value.is_nan());
        for line in [
            &b"Error from server (Forbidden): x"[..],
            b"x{a=\"b\" 1",
            b"1 2",
            b"name value",
            b"{a=\"b\"} 1",
            b"x infinite",
            b"x 1_000",
            b"x 1 2 3",
            b"x 1 soon",
            b"x{a=\"b} 1",
        ] {
            assert_eq!(series(line), None, "{}", String::from_utf8_lossy(line));
        }
    }

    /// What the format's own parsers refuse, since nobody can tell what it says.
    #[test]
    fn labels_that_cannot_be_told_are_none() {
        let read = |text: &str| labels(text.as_bytes());
        for text in
            ["a=b", "a='b'", "a=\"b\",a=\"c\"", "1a=\"b\"", "a", "a b=\"c\"", "=\"b\"", "a=\"b"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        for (text, count) in [
            ("", 0),
            (" ", 0),
            ("a=\"\"", 0),
            ("a=\"b\",", 1),
            ("\"my.name\"", 0),
            ("\"a.b\"=\"c\"", 1),
            (" a = \"b\" , c = \"d\" ", 2),
        ] {
            assert_eq!(read(text).map(|labels| labels.len()), Some(count), "{text}");
        }
    }
}
