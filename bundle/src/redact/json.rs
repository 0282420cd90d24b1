//! Cleans JSON in one pass over its bytes: what is not replaced stays byte for byte, in its order.
//!
//! Torn or hostile input is no error: from the place where it stops being JSON it is cleaned as
//! text. It holds no tree, so memory is the input, the output and one frame a level.

use super::labels::{self, Kind};
use super::{Cleaner, assignments, text};

/// Values nested deeper than this are cleaned as text.
const LEVELS: usize = 128;

/// What is known of an object before its members are read in order.
#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    secret: bool,
    secret_list: bool,
    /// The kind that the value of its `name` announces, for `{"name": …, "value": …}`.
    named: Option<Kind>,
}

/// One open object or array.
#[derive(Clone, Copy, Debug)]
struct Frame {
    shape: Shape,
    /// How values inside are to be treated.
    inside: Inside,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Plain,
    /// Every value is a secret: the `data` of a Secret.
    All(Kind),
    /// Words of a command line.
    Words,
    /// The `auths` of a registry configuration, where `auth` is user and password.
    Registries,
}

/// True for text that looks like JSON from its first two characters.
pub(crate) fn plausible(text: &str) -> bool {
    let mut characters = text.chars().filter(|c| !c.is_whitespace());
    match (characters.next(), characters.next()) {
        (Some('{'), Some('"' | '}')) => true,
        (Some('['), Some(next)) => {
            matches!(next, '{' | '[' | '"' | ']' | '-' | '0'..='9' | 't' | 'f' | 'n')
        }
        _ => false,
    }
}

impl Cleaner<'_> {
    /// Cleans one JSON document or one a line.
    pub(super) fn json(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let shapes = shapes(bytes);
        let mut pass =
            Pass { bytes, at: 0, out: Vec::new(), copied: 0, object: 0, shapes: &shapes };
        let mut whole = true;
        loop {
            pass.space();
            match pass.peek() {
                None => break,
                Some(b'{' | b'[') => {
                    let top = Frame { shape: Shape::default(), inside: Inside::Plain };
                    if pass.value(self, top, None, 0).is_none() {
                        whole = false;
                    }
                }
                Some(_) => whole = false,
            }
            if !whole {
                break;
            }
        }
        if !whole {
            // From the beginning of its line, so that a label before the torn place counts.
            let head = bytes.get(..pass.at.min(bytes.len())).unwrap_or_default();
            let line = memchr::memrchr(b'\n', head).map_or(0, |end| end + 1);
            let rest = bytes.get(line.max(pass.copied)..).unwrap_or_default();
            if let Some(clean) = self.text(rest) {
                let until = bytes.len() - rest.len();
                pass.replace(until..bytes.len(), &clean);
            }
        }
        pass.finish()
    }
}

struct Pass<'a> {
    bytes: &'a [u8],
    at: usize,
    out: Vec<u8>,
    /// Everything before this place is in `out`.
    copied: usize,
    /// Objects begun so far: the index into `shapes`.
    object: usize,
    shapes: &'a [Shape],
}

impl Pass<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn replace(&mut self, range: std::ops::Range<usize>, with: &[u8]) {
        if self.out.capacity() == 0 {
            self.out.reserve(self.bytes.len());
        }
        self.out.extend_from_slice(self.bytes.get(self.copied..range.start).unwrap_or_default());
        self.out.extend_from_slice(with);
        self.copied = range.end;
    }

    fn finish(mut self) -> Option<Vec<u8>> {
        if self.copied == 0 {
            return None;
        }
        self.out.extend_from_slice(self.bytes.get(self.copied..).unwrap_or_default());
        Some(self.out)
    }

    /// Reads one value; nothing when the input stops being JSON, then `at` is where.
    fn value(
        &mut self,
        cleaner: &mut Cleaner<'_>,
        frame: Frame,
        kind: Option<Kind>,
        level: usize,
    ) -> Option<()> {
        if level > LEVELS {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(cleaner, frame, level),
            b'[' => self.array(cleaner, frame, level),
            b'"' => {
                let (range, value) = self.string()?;
                self.scalar(cleaner, range, &value, frame, kind);
                Some(())
            }
            _ => {
                let start = self.at;
                while self.peek().is_some_and(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
                }) {
                    self.at += 1;
                }
                let word = String::from_utf8_lossy(self.bytes.get(start..self.at)?).into_owned();
                let number = word.starts_with(|c: char| c.is_ascii_digit()) && word.len() >= 4;
                if number && kind == Some("password") {
                    let mark = quoted(&cleaner.mark("password", &word));
                    self.replace(start..self.at, mark.as_bytes());
                }
                (self.at > start).then_some(())
            }
        }
    }

    fn object(&mut self, cleaner: &mut Cleaner<'_>, outer: Frame, level: usize) -> Option<()> {
        let shape = self.shapes.get(self.object).copied().unwrap_or_default();
        self.object += 1;
        self.at += 1;
        // Where a dropped member begins: after the value before it, or after the brace.
        let mut before = self.at;
        let mut first = true;
        loop {
            self.space();
            match self.peek()? {
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                b',' if !first => {
                    self.at += 1;
                    self.space();
                }
                _ => {}
            }
            let (_, key) = self.string()?;
            self.space();
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            self.space();
            let start = self.at;
            let inside = inside(outer, shape, &key);
            let kind = match key.as_str() {
                "value" | "Value" => shape.named,
                "auth" | "identitytoken" if outer.inside == Inside::Registries => {
                    Some("credential")
                }
                _ => labels::label(&key),
            };
            if let Some(dropped) = dropped(&key) {
                self.skip()?;
                self.drop_member(before, start, first, dropped);
            } else {
                self.value(cleaner, Frame { shape, inside }, kind, level + 1)?;
            }
            first = first && dropped(&key) == Some(Dropped::Whole);
            before = self.at;
        }
    }

    /// Passes a value that is not kept.
    fn skip(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.at = string_end(self.bytes, self.at)?,
                b',' | b'}' | b']' if open == 0 => return Some(()),
                byte => {
                    self.object += usize::from(byte == b'{');
                    match byte {
                        b'{' | b'[' => open += 1,
                        b'}' | b']' => open -= 1,
                        _ => {}
                    }
                    self.at += 1;
                }
            }
            if open == 0 && matches!(self.bytes.get(self.at - 1), Some(b'}' | b']' | b'"')) {
                return Some(());
            }
        }
    }

    /// Removes a member, or leaves its size in its place.
    fn drop_member(&mut self, before: usize, start: usize, first: bool, dropped: Dropped) {
        let bytes = self.at - start;
        if let Dropped::Size(name) = dropped {
            let separator = if first { "" } else { "," };
            self.replace(before..self.at, format!("{separator}\"{name}\":{bytes}").as_bytes());
            return;
        }
        let mut after = self.at;
        if first {
            // The comma behind the first member goes with it.
            while self.bytes.get(after).is_some_and(u8::is_ascii_whitespace) {
                after += 1;
            }
            if self.bytes.get(after) == Some(&b',') {
                after += 1;
            } else {
                after = self.at;
            }
        }
        self.replace(before..after, b"");
        self.at = after;
    }

    fn array(&mut self, cleaner: &mut Cleaner<'_>, frame: Frame, level: usize) -> Option<()> {
        self.at += 1;
        let mut after = None;
        loop {
            self.space();
            match self.peek()? {
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => {
                    self.at += 1;
                }
                b'"' if frame.inside == Inside::Words => {
                    let (range, word) = self.string()?;
                    if let Some(clean) = cleaner.argument(&word, after) {
                        self.replace(range, quoted(&clean).as_bytes());
                    }
                    after = text::flag(&word);
                }
                _ => self.value(cleaner, frame, None, level + 1)?,
            }
        }
    }

    fn scalar(
        &mut self,
        cleaner: &mut Cleaner<'_>,
        range: std::ops::Range<usize>,
        value: &str,
        frame: Frame,
        kind: Option<Kind>,
    ) {
        let clean = match (frame.inside, kind) {
            (Inside::All(kind), _) if !value.is_empty() => Some(cleaner.mark(kind, value)),
            (_, Some("secret" | "token" | "credential"))
                if frame.shape.named.is_none() && assignments::name_like(value) =>
            {
                None
            }
            (_, Some(kind)) => cleaner.labelled(kind, value),
            _ => cleaner.string(value),
        };
        if let Some(clean) = clean {
            self.replace(range, quoted(&clean).as_bytes());
        }
    }

    /// Reads a string; returns its place with the quotes, and what it says.
    fn string(&mut self) -> Option<(std::ops::Range<usize>, String)> {
        let start = self.at;
        let end = string_end(self.bytes, start)?;
        self.at = end;
        let raw = self.bytes.get(start..end)?;
        let inner = raw.get(1..raw.len().checked_sub(1)?)?;
        let value = if memchr::memchr(b'\\', inner).is_some() {
            serde_json::from_slice(raw)
                .unwrap_or_else(|_| String::from_utf8_lossy(inner).into_owned())
        } else {
            String::from_utf8_lossy(inner).into_owned()
        };
        Some((start..end, value))
    }
}

/// How the values of the member `key` are to be treated.
fn inside(outer: Frame, shape: Shape, key: &str) -> Inside {
    let secret = shape.secret || outer.shape.secret_list;
    match key {
        "data" | "stringData" if secret => Inside::All("secret-data"),
        "args" | "command" | "commandLine" | "argv" => Inside::Words,
        "auths" | "credHelpers" => Inside::Registries,
        _ if matches!(outer.inside, Inside::All(_) | Inside::Registries) => outer.inside,
        _ => Inside::Plain,
    }
}

/// What stays of a member that is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dropped {
    Whole,
    /// Its size, under this name.
    Size(&'static str),
}

/// Members that never enter a bundle; some leave their size behind.
fn dropped(key: &str) -> Option<Dropped> {
    match key {
        "managedFields" | "kubectl.kubernetes.io/last-applied-configuration" => {
            Some(Dropped::Whole)
        }
        "requestObject" => Some(Dropped::Size("requestObjectBytes")),
        "responseObject" => Some(Dropped::Size("responseObjectBytes")),
        _ => None,
    }
}

fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start) != Some(&b'"') {
        return None;
    }
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes.get(at)? {
            b'\\' => at += 2,
            _ => return Some(at + 1),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// Reads ahead what the order of members would tell too late: an object's kind and name.
fn shapes(bytes: &[u8]) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = Vec::new();
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut key: Option<&[u8]> = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' => {
                open.push(Some(shapes.len()));
                shapes.push(Shape::default());
                key = None;
            }
            b'[' => {
                open.push(None);
                key = None;
            }
            b'}' | b']' => {
                open.pop();
                key = None;
            }
            b'"' => {
                let Some(end) = string_end(bytes, at) else { break };
                let text = bytes.get(at + 1..end - 1).unwrap_or_default();
                let colon = bytes
                    .get(end..)
                    .unwrap_or_default()
                    .iter()
                    .find(|byte| !byte.is_ascii_whitespace())
                    == Some(&b':');
                if colon {
                    key = Some(text);
                } else if let (Some(name), Some(Some(object))) = (key.take(), open.last()) {
                    note(&mut shapes, *object, name, text);
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    shapes
}

fn note(shapes: &mut [Shape], object: usize, key: &[u8], value: &[u8]) {
    let Some(shape) = shapes.get_mut(object) else { return };
    match key {
        b"kind" => {
            shape.secret = value == b"Secret";
            shape.secret_list = value == b"SecretList";
        }
        b"name" | b"Name" | b"key" | b"Key" | b"keyName" | b"label" if shape.named.is_none() => {
            shape.named = std::str::from_utf8(value).ok().and_then(labels::label);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::Redactor;

    fn clean(text: &str) -> String {
        String::from_utf8(Redactor::new().clean(text.as_bytes()).bytes).unwrap()
    }

    #[test]
    fn values_next_to_their_labels() {
        assert_eq!(
            clean(
                r#"{"env":[{"name":"DB_PASSWORD","value":"Onyx*lMf"},{"name":"TOKEN_TTL","value":"15m30s"},{"value":"Qa9!xx","name":"PW"}]}"#
            ),
            r#"{"env":[{"name":"DB_PASSWORD","value":"⟦secret:password#1⟧"},{"name":"TOKEN_TTL","value":"15m30s"},{"value":"⟦secret:password#2⟧","name":"PW"}]}"#
        );
        assert_eq!(
            clean(r#"{"args":["--redis-password","l0N95kdK033","--mode","Webhook"]}"#),
            r#"{"args":["--redis-password","⟦secret:password#1⟧","--mode","Webhook"]}"#
        );
        let reference = r#"{"valueFrom":{"secretKeyRef":{"name":"billing-creds","key":"password"}},"secret":"billing-creds"}"#;
        assert_eq!(clean(reference), reference);
    }

    #[test]
    fn data_of_secrets_wherever_the_kind_stands() {
        assert_eq!(
            clean(
                r#"{"apiVersion":"v1","data":{"p":"eHg="},"kind":"Secret","metadata":{"name":"x"},"type":"Opaque"}"#
            ),
            r#"{"apiVersion":"v1","data":{"p":"⟦secret:secret-data#1⟧"},"kind":"Secret","metadata":{"name":"x"},"type":"Opaque"}"#
        );
        assert!(
            !clean(r#"{"kind":"SecretList","items":[{"data":{"p":"eHg5OTk="}}]}"#).contains("eHg5")
        );
    }

    #[test]
    fn applied_copies_and_bodies_are_dropped() {
        assert_eq!(
            clean(
                r#"{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"a\":1}","x":"y"},"managedFields":[{"a":1}]}"#
            ),
            r#"{"annotations":{"x":"y"}}"#
        );
        assert_eq!(clean(r#"{"a":1, "managedFields":[] , "b":2}"#), r#"{"a":1 , "b":2}"#);
        assert_eq!(
            clean(r#"{"auditID":"1","requestObject":{"data":{"p":"x"}},"verb":"create"}"#),
            r#"{"auditID":"1","requestObjectBytes":18,"verb":"create"}"#
        );
    }

    #[test]
    fn json_in_json_and_torn_json() {
        assert_eq!(
            clean(r#"{"log":"{\"cfg\":\"{\\\"pass\\\":\\\"KiK99JHclhIb\\\"}\"}"}"#),
            r#"{"log":"{\"cfg\":\"{\\\"pass\\\":\\\"⟦secret:password#1⟧\\\"}\"}"}"#
        );
        assert!(
            !clean("{\"password\":\"KiK99JHclhIb\",\"x\":\n[tru, \"token\":\"KiK99JHclhIc\"")
                .contains("KiK99")
        );
        let deep = "[".repeat(100_000);
        assert_eq!(clean(&deep), deep);
    }
}
