//! Lenient building blocks for the typed shapes of objects: a field of an unexpected type counts as
//! absent, so that one odd value never costs the whole object.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use jiff::Timestamp;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::model::{Labels, Quantities, Text};
use crate::parse::interned;

/// Any JSON scalar; objects and arrays in its place are skipped and count as absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::parse) enum Scalar<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    Integer(i64),
    Float(f64),
    Flag(bool),
}

impl Scalar<'_> {
    pub(in crate::parse) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub(in crate::parse) fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    /// The text; numbers and booleans as they are written.
    pub(in crate::parse) fn into_text(self) -> String {
        match self {
            Self::Absent => String::new(),
            Self::Text(text) => text.into_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }

    /// A text that other rows have as well.
    pub(in crate::parse) fn into_shared(self) -> Text {
        match self {
            Self::Text(text) => interned::shared(&text),
            other => Text::from(other.into_text()),
        }
    }

    /// A text that is this row's own.
    pub(in crate::parse) fn into_own(self) -> Text {
        match self {
            Self::Text(text) => Text::from(text.as_ref()),
            other => Text::from(other.into_text()),
        }
    }

    pub(in crate::parse) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            #[expect(clippy::cast_possible_truncation, reason = "a saturating cast is wanted")]
            Self::Float(number) if number.is_finite() => Some(*number as i64),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A count: negative numbers are none.
    pub(in crate::parse) fn count(&self) -> Option<u64> {
        self.integer().and_then(|number| u64::try_from(number).ok())
    }

    pub(in crate::parse) fn port(&self) -> u16 {
        self.integer().and_then(|number| u16::try_from(number).ok()).unwrap_or(0)
    }

    pub(in crate::parse) fn quantity(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "quantities are measured, not counted")]
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Text(text) => crate::parse::quantity::quantity(text),
            _ => None,
        }
    }

    pub(in crate::parse) fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Text(text) => match text.as_ref() {
                "true" | "True" => Some(true),
                "false" | "False" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    pub(in crate::parse) fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Text(text) => plain_time(text.as_bytes()).or_else(|| text.trim().parse().ok()),
            _ => None,
        }
    }
}

/// A time as the API server writes nearly all of them: `2026-05-01T00:00:00Z`.
fn plain_time(text: &[u8]) -> Option<Timestamp> {
    const MARKS: [(usize, u8); 6] =
        [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    let text: &[u8; 20] = text.try_into().ok()?;
    if MARKS.iter().any(|(place, mark)| text.get(*place) != Some(mark)) {
        return None;
    }
    let digit = |place: usize| {
        let byte = text.get(place).filter(|byte| byte.is_ascii_digit())?;
        i8::try_from(byte - b'0').ok()
    };
    let two = |place: usize| Some(digit(place)? * 10 + digit(place + 1)?);
    let year = i16::from(two(0)?) * 100 + i16::from(two(2)?);
    let date = jiff::civil::Date::new(year, two(5)?, two(8)?).ok()?;
    let time = jiff::civil::Time::new(two(11)?, two(14)?, two(17)?, 0).ok()?;
    jiff::tz::Offset::UTC.to_timestamp(date.to_datetime(time)).ok()
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Flag(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Integer(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(value)))
    }

    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Scalar<'de>, A::Error> {
        drain_sequence(sequence)?;
        Ok(Scalar::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar<'de>, A::Error> {
        drain_map(map)?;
        Ok(Scalar::Absent)
    }
}

/// An array; anything else counts as empty.
#[derive(Clone, Debug)]
pub(in crate::parse) struct Many<T>(pub(in crate::parse) Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ManyVisitor(PhantomData))
    }
}

struct ManyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ManyVisitor<T> {
    type Value = Many<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Many<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Many(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Many<T>, A::Error> {
        drain_map(map)?;
        Ok(Many::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Many<T>, E> {
        Ok(Many::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Many<T>, E> {
        Ok(Many::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Many<T>, E> {
        Ok(Many::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Many<T>, E> {
        Ok(Many::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Many<T>, E> {
        Ok(Many::default())
    }

    fn visit_unit<E>(self) -> Result<Many<T>, E> {
        Ok(Many::default())
    }
}

/// An object with arbitrary keys and scalar values; anything else counts as empty.
#[derive(Clone, Debug, Default)]
pub(in crate::parse) struct Pairs<'a>(pub(in crate::parse) Vec<(Cow<'a, str>, Scalar<'a>)>);

impl Pairs<'_> {
    pub(in crate::parse) fn into_texts(self) -> Labels {
        self.0
            .into_iter()
            .map(|(key, value)| (interned::shared(&key), value.into_shared()))
            .collect()
    }

    pub(in crate::parse) fn into_map(self) -> BTreeMap<String, String> {
        self.0.into_iter().map(|(key, value)| (key.into_owned(), value.into_text())).collect()
    }

    pub(in crate::parse) fn into_quantities(self) -> Quantities {
        self.0
            .into_iter()
            .filter_map(|(key, value)| {
                value.quantity().map(|value| (interned::shared(&key), value))
            })
            .collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Maybe::<Entries<'a>>::deserialize(deserializer)?;
        Ok(Self(entries.0.map(|entries| entries.0).unwrap_or_default()))
    }
}

struct Entries<'a>(Vec<(Cow<'a, str>, Scalar<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Scalar<'de>, Scalar<'de>>()? {
            let key = match key {
                Scalar::Text(text) => text,
                other => Cow::Owned(other.into_text()),
            };
            entries.push((key, value));
        }
        Ok(Entries(entries))
    }
}

/// Asks a deserializer that knows for the place of a value as well.
pub(in crate::parse) const PLACED: &str = "konspect placed";

/// A part of an object, and where in the text it stands: nowhere, unless the deserializer tells.
#[derive(Clone, Debug, Default)]
pub(in crate::parse) struct Placed<T> {
    pub(in crate::parse) value: T,
    pub(in crate::parse) range: Range<usize>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(PLACED, PlacedVisitor(PhantomData))
    }
}

struct PlacedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PlacedVisitor<T> {
    type Value = Placed<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Placed<T>, D::Error> {
        Ok(Placed { value: T::deserialize(deserializer)?, range: 0..0 })
    }

    /// From a deserializer that knows: the start, the value, the end.
    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Placed<T>, A::Error> {
        let missing = || A::Error::custom("no place");
        let start: usize = parts.next_element()?.ok_or_else(missing)?;
        let value: T = parts.next_element()?.ok_or_else(missing)?;
        let end: usize = parts.next_element()?.ok_or_else(missing)?;
        Ok(Placed { value, range: start..end })
    }
}

/// An object of a known shape; null, arrays and scalars count as absent.
#[derive(Clone, Debug)]
pub(in crate::parse) struct Maybe<T>(pub(in crate::parse) Option<T>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Default> Maybe<T> {
    pub(in crate::parse) fn or_default(self) -> T {
        self.0.unwrap_or_default()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MaybeVisitor(PhantomData))
    }
}

struct MaybeVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MaybeVisitor<T> {
    type Value = Maybe<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Maybe<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|value| Maybe(Some(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Maybe<T>, A::Error> {
        drain_sequence(sequence)?;
        Ok(Maybe(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Maybe<T>, E> {
        Ok(Maybe(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Maybe<T>, E> {
        Ok(Maybe(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Maybe<T>, E> {
        Ok(Maybe(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Maybe<T>, E> {
        Ok(Maybe(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Maybe<T>, E> {
        Ok(Maybe(None))
    }

    fn visit_unit<E>(self) -> Result<Maybe<T>, E> {
        Ok(Maybe(None))
    }
}

fn drain_sequence<'de, A: SeqAccess<'de>>(mut sequence: A) -> Result<(), A::Error> {
    while sequence.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn drain_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_times_are_what_the_general_parser_reads() {
        for text in [
            "2026-05-01T00:00:00Z",
            "2024-02-29T23:59:59Z",
            "2023-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-05-01T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "0000-00-00T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2026-05-01t00:00:00z",
            "2026-05-01T00:00:00.5Z",
            " 2026-05-01T00:00:00Z",
            "2026-05-0xT00:00:00Z",
            "",
        ] {
            let exact: Option<Timestamp> = text.trim().parse().ok();
            assert_eq!(Scalar::Text(text.into()).time(), exact, "{text}");
            let plain = plain_time(text.as_bytes());
            assert!(plain.is_none() || plain == exact, "{text}");
        }
        assert!(plain_time(b"2026-05-01T00:00:00Z").is_some());
    }
}
