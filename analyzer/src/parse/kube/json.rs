//! JSON text to the typed shapes of objects, without a tree: what no shape asks for is stepped over.
//!
//! It may be lenient about what it steps over, never about what it hands out: numbers and escapes
//! are read by `serde_json`, and so is the whole object when this reader does not understand it.

use std::borrow::Cow;
use std::fmt;

use konspect_bundle::Span;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};

use super::scan::{self, Stop};
use super::shared::Place;
use super::soft::PLACED;
use super::{alike, control, event, other, pod};

/// Shapes that nest deeper are not ours: `serde_json` refuses them as well.
const DEPTH: u8 = 120;

/// This reader does not understand the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Odd;

impl fmt::Display for Odd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("no JSON")
    }
}

impl std::error::Error for Odd {}

impl de::Error for Odd {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl From<Stop> for Odd {
    fn from(_: Stop) -> Self {
        Self
    }
}

impl From<serde_json::Error> for Odd {
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

/// Reads one value that takes up all the bytes.
pub(super) fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Odd> {
    alike::begin();
    let mut reader = Reader { bytes, at: 0, depth: 0 };
    reader.blanks();
    let value = T::deserialize(&mut reader)?;
    reader.blanks();
    if reader.at == bytes.len() { Ok(value) } else { Err(Odd) }
}

struct Reader<'de> {
    bytes: &'de [u8],
    at: usize,
    depth: u8,
}

impl<'de> Reader<'de> {
    fn peek(&self) -> Result<u8, Odd> {
        self.bytes.get(self.at).copied().ok_or(Odd)
    }

    #[inline]
    fn blanks(&mut self) {
        // One blank behind a colon, and none at all, are what most places have.
        let at = self.at;
        match self.bytes.get(at..at + 2) {
            Some([first, _]) if *first > b' ' => {}
            Some([b' ', next]) if *next > b' ' => self.at = at + 1,
            _ => self.at = scan::skip_blanks(self.bytes, at),
        }
    }

    /// The bytes of the string that begins here, when it has no escapes.
    #[inline]
    fn plain(&mut self) -> Option<&'de [u8]> {
        let rest = self.bytes.get(self.at + 1..)?;
        let end = scan::end_of_text(rest).filter(|end| rest.get(*end) == Some(&b'"'))?;
        self.at += end + 2;
        rest.get(..end)
    }

    fn takes(&mut self, wanted: &[u8]) -> Result<(), Odd> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(wanted) {
            return Err(Odd);
        }
        self.at += wanted.len();
        Ok(())
    }

    /// The string that begins here, borrowed unless it has escapes.
    #[inline]
    fn text(&mut self) -> Result<Cow<'de, str>, Odd> {
        if let Some(plain) = self.plain() {
            return std::str::from_utf8(plain).map(Cow::Borrowed).map_err(|_| Odd);
        }
        let end = scan::skip_string(self.bytes, self.at)?;
        let text: String = serde_json::from_slice(self.bytes.get(self.at..end).ok_or(Odd)?)?;
        self.at = end;
        Ok(Cow::Owned(text))
    }

    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Odd> {
        let end = scan::skip_value(self.bytes, self.at).or_else(|stop| match stop {
            Stop::End => Ok(self.bytes.len()),
            Stop::Bad(_) => Err(Odd),
        })?;
        let text = self.bytes.get(self.at..end).ok_or(Odd)?;
        self.at = end;
        let small = matches!(text, [b'1'..=b'9', ..] | b"0") && text.len() < 18;
        if small && text.iter().all(u8::is_ascii_digit) {
            let digits = text.iter().map(|digit| u64::from(digit - b'0'));
            return visitor.visit_u64(digits.fold(0, |number, digit| number * 10 + digit));
        }
        let mut exact = serde_json::Deserializer::from_slice(text);
        let value = exact.deserialize_any(visitor)?;
        exact.end()?;
        Ok(value)
    }

    fn deeper(&mut self) -> Result<(), Odd> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH { Err(Odd) } else { Ok(()) }
    }

    fn closes(&mut self, bracket: u8) -> Result<(), Odd> {
        self.depth -= 1;
        self.blanks();
        self.takes(&[bracket])
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Odd;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Odd> {
        match self.peek()? {
            b'"' => match self.text()? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
            b'{' => {
                self.deeper()?;
                let value = visitor.visit_map(Parts { reader: self, first: true })?;
                self.closes(b'}')?;
                Ok(value)
            }
            b'[' => {
                self.deeper()?;
                let value = visitor.visit_seq(Parts { reader: self, first: true })?;
                self.closes(b']')?;
                Ok(value)
            }
            b't' => {
                self.takes(b"true")?;
                visitor.visit_bool(true)
            }
            b'f' => {
                self.takes(b"false")?;
                visitor.visit_bool(false)
            }
            b'n' => {
                self.takes(b"null")?;
                visitor.visit_unit()
            }
            _ => self.number(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Odd> {
        self.at = match self.bytes.get(self.at..) {
            Some(rest @ [b'{' | b'[', ..]) => self.at + alike::step_over(rest)?,
            _ => scan::skip_value(self.bytes, self.at)?,
        };
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Odd> {
        if name == PLACED {
            return visitor.visit_seq(Placing { reader: self, part: 0 });
        }
        let Some(place) = alike::place(name) else {
            return visitor.visit_newtype_struct(self);
        };
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        if let Some(length) = alike::same(place, rest) {
            self.at += length;
            return visitor.visit_unit();
        }
        let value = visitor.visit_seq(Once { reader: &mut *self })?;
        alike::note(place, self.bytes.get(start..self.at).unwrap_or_default());
        Ok(value)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Odd> {
        if self.peek()? == b'n' {
            self.takes(b"null")?;
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier
    }
}

/// The members of an object, or the elements of an array.
struct Parts<'r, 'de> {
    reader: &'r mut Reader<'de>,
    first: bool,
}

impl Parts<'_, '_> {
    /// Stands at the next part; false at the closing bracket.
    #[inline]
    fn another(&mut self, bracket: u8) -> Result<bool, Odd> {
        self.reader.blanks();
        match self.reader.peek()? {
            byte if byte == bracket => Ok(false),
            b',' if !self.first => {
                self.reader.at += 1;
                self.reader.blanks();
                if self.reader.peek()? == bracket { Err(Odd) } else { Ok(true) }
            }
            _ if self.first => {
                self.first = false;
                Ok(true)
            }
            _ => Err(Odd),
        }
    }
}

impl<'de> MapAccess<'de> for Parts<'_, 'de> {
    type Error = Odd;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Odd> {
        if !self.another(b'}')? {
            return Ok(None);
        }
        if self.reader.peek()? != b'"' {
            return Err(Odd);
        }
        let key = seed.deserialize(Key { reader: self.reader })?;
        self.reader.blanks();
        self.reader.takes(b":")?;
        self.reader.blanks();
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Odd> {
        seed.deserialize(&mut *self.reader)
    }
}

impl<'de> SeqAccess<'de> for Parts<'_, 'de> {
    type Error = Odd;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Odd> {
        if !self.another(b']')? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

/// The key that begins here. A shape compares its bytes with those that it asks for, so only keys
/// that are handed out are checked to be text.
struct Key<'r, 'de> {
    reader: &'r mut Reader<'de>,
}

impl<'de> Deserializer<'de> for Key<'_, 'de> {
    type Error = Odd;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Odd> {
        match self.reader.text()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Odd> {
        match self.reader.plain() {
            Some(plain) => visitor.visit_borrowed_bytes(plain),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Odd> {
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum newtype_struct option
    }
}

/// Where a value begins, the value, where it ends.
struct Placing<'r, 'de> {
    reader: &'r mut Reader<'de>,
    part: u8,
}

impl<'de> SeqAccess<'de> for Placing<'_, 'de> {
    type Error = Odd;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Odd> {
        self.part += 1;
        if self.part == 2 {
            return seed.deserialize(&mut *self.reader).map(Some);
        }
        seed.deserialize(self.reader.at.into_deserializer()).map(Some)
    }
}

/// One value, as a sequence of its own.
struct Once<'r, 'de> {
    reader: &'r mut Reader<'de>,
}

impl<'de> SeqAccess<'de> for Once<'_, 'de> {
    type Error = Odd;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Odd> {
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

/// Whether this reader and `serde_json` read an object alike, where both accept it: what the fuzz
/// target asserts.
pub fn reader_agrees(bytes: &[u8]) -> bool {
    let place = Place { item: Span::BUNDLE, exact: false };
    alike(bytes, |raw| pod::pod(raw, &place))
        && alike(bytes, |raw| pod::node(raw, &place))
        && alike(bytes, |raw| event::event(raw, place.item))
        && alike(bytes, |raw| control::webhooks(raw, true, "v1", &place))
        && alike(bytes, |raw| other::config_map(raw, &place))
}

fn alike<'de, T: Deserialize<'de>, R: PartialEq>(bytes: &'de [u8], row: impl Fn(T) -> R) -> bool {
    match (read::<T>(bytes), serde_json::from_slice::<T>(bytes)) {
        (Ok(read), Ok(exact)) => row(read) == row(exact),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// Objects of keys that shapes ask for, in places where they do not expect them as well.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            prop_oneof![
                "[a-z0-9]{0,40}",
                "[\"\\\\{}\\[\\],:\u{0}-\u{20}é€]{0,80}",
                "True|1Gi|250m"
            ]
            .prop_map(Value::from),
        ];
        let key = prop::sample::select(vec![
            "metadata",
            "name",
            "labels",
            "annotations",
            "spec",
            "containers",
            "resources",
            "limits",
            "volumes",
            "persistentVolumeClaim",
            "claimName",
            "status",
            "conditions",
            "type",
            "reason",
            "message",
            "containerStatuses",
            "state",
            "terminated",
            "exitCode",
            "webhooks",
            "clientConfig",
            "timeoutSeconds",
            "count",
            "data",
            "managedFields",
            "x",
        ]);
        leaf.prop_recursive(6, 80, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((key.clone(), inner), 0..8).prop_map(|members| {
                    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
                }),
            ]
        })
    }

    fn indented(value: &Value) -> Vec<u8> {
        let mut text = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut writer = serde_json::Serializer::with_formatter(&mut text, formatter);
        serde::Serialize::serialize(value, &mut writer).unwrap();
        text
    }

    proptest! {
        #[test]
        fn every_value_is_read_as_serde_json_reads_it(value in value()) {
            for text in [value.to_string().into_bytes(), indented(&value)] {
                prop_assert!(reader_agrees(&text));
                // It understands all that is JSON, so that the comparison is not empty.
                prop_assert_eq!(read::<Value>(&text).ok(), serde_json::from_slice(&text).ok());
                if value.is_object() || value.is_array() {
                    prop_assert_eq!(scan::skip_value(&text, 0), Ok(text.len()));
                }
            }
        }

        #[test]
        fn texts_that_are_almost_json_do_no_harm(
            value in value(),
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut text = indented(&value);
            for (place, byte) in edits {
                let place = place.index(text.len());
                text[place] = byte;
            }
            prop_assert!(reader_agrees(&text));
        }
    }

    #[test]
    fn what_is_no_json_is_odd() {
        for text in
            ["", "{", "[1,]", "{\"a\":1,}", "{,}", "{\"a\" 1}", "1 2", "nul", "01", "\"\\x\""]
        {
            assert_eq!(read::<Value>(text.as_bytes()), Err(Odd), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(read::<Value>(deep.as_bytes()), Err(Odd));
    }
}
