//! Reads the embedded profiles: the little of YAML that they are written in, as a JSON value.
//!
//! Keys with scalars or flow lists, and one level of lists of those. It refuses everything else,
//! so that a profile that a YAML reader would understand differently does not pass its test.

use serde_json::{Map, Value};

/// Reads a whole profile; the error says which line.
pub(crate) fn read(text: &str) -> Result<Value, String> {
    let mut root = Map::new();
    let mut list: Option<String> = None;
    for (number, line) in text.lines().enumerate() {
        let fail = |what: &str| format!("line {}: {what}", number + 1);
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        if let Some(item) = line.strip_prefix("- ") {
            let items =
                list.as_ref().and_then(|key| root.get_mut(key)).and_then(Value::as_array_mut);
            let items = items.ok_or_else(|| fail("an item outside of a list"))?;
            items.push(match pair(item) {
                Some((key, value)) => Value::Object(Map::from_iter([(key, value)])),
                None => scalar(item),
            });
        } else if let Some(member) = line.strip_prefix("  ") {
            let last = list
                .as_ref()
                .and_then(|key| root.get_mut(key))
                .and_then(|items| items.as_array_mut()?.last_mut());
            let object = last
                .and_then(Value::as_object_mut)
                .ok_or_else(|| fail("a member outside of an item"))?;
            let (key, value) = pair(member).ok_or_else(|| fail("no key"))?;
            object.insert(key, value);
        } else if let Some(key) = line.strip_suffix(':') {
            root.insert(key.to_owned(), Value::Array(Vec::new()));
            list = Some(key.to_owned());
        } else {
            let (key, value) = pair(line).ok_or_else(|| fail("no key"))?;
            root.insert(key, value);
            list = None;
        }
    }
    Ok(Value::Object(root))
}

/// `key: value`; a text with blanks before its first colon is no key.
fn pair(text: &str) -> Option<(String, Value)> {
    let (key, value) = text.split_once(": ")?;
    let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    plain.then(|| (key.to_owned(), flow(value)))
}

/// A scalar, or a list of scalars in brackets.
fn flow(text: &str) -> Value {
    let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return scalar(text);
    };
    let mut items = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, c) in inner.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                items.extend(inner.get(start..at).map(scalar));
                start = at + 1;
            }
            _ => {}
        }
    }
    items.extend(inner.get(start..).filter(|rest| !rest.trim().is_empty()).map(scalar));
    Value::Array(items)
}

fn scalar(text: &str) -> Value {
    let text = text.trim();
    match serde_json::from_str(text) {
        Ok(value @ (Value::Bool(_) | Value::Number(_) | Value::String(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PROFILES;

    #[test]
    fn a_yaml_reader_reads_the_same() {
        for (name, text) in PROFILES {
            let expected: Value = serde_yaml::from_str(text).unwrap();
            assert_eq!(read(text).unwrap(), expected, "{name}");
        }
        assert!(read("  x: y").is_err() && read("- x").is_err());
    }
}
