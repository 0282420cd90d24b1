//! What users' own rules see: a promise, so its shapes stand apart from the model.
//!
//! A row carries every key of its shape, with an empty value or null where the source had none, so a
//! key that is not there is a mistake of the rule and never an answer.

mod shapes;
mod tables;

use std::borrow::Cow;

use jiff::Timestamp;
use konspect_bundle::Span;

pub use self::shapes::{Field, Shape};
pub use self::tables::{TABLES, Table, table};
use crate::finding::{Scope, Subject};
use crate::model::Text;
use crate::model::named::Named;

/// A value of a row, borrowed from the facts where it is text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'f> {
    Null,
    Bool(bool),
    Int(i64),
    Number(f64),
    Text(Cow<'f, str>),
    List(Vec<Value<'f>>),
    /// Keys with values, in the order of the shape or sorted.
    Map(Vec<(Cow<'f, str>, Value<'f>)>),
}

/// One row of a table, not yet filled: filling is for the keys that a rule reads.
pub struct Row<'f> {
    pub at: Span,
    pub subject: Subject,
    pub scope: Scope,
    fill: Box<dyn Fn(Keys<'_>) -> Value<'f> + Send + Sync + 'f>,
}

impl<'f> Row<'f> {
    pub fn value(&self, keys: Keys<'_>) -> Value<'f> {
        (self.fill)(keys)
    }
}

/// The rows of a table, and the source that shows that there are no others.
pub struct Rows<'f> {
    pub rows: Vec<Row<'f>>,
    pub at: Span,
    /// False when a source was cut: absence proves nothing then.
    pub complete: bool,
}

/// Which keys of a row are wanted.
#[derive(Clone, Copy, Debug)]
pub enum Keys<'a> {
    All,
    These(&'a [&'static str]),
}

impl Keys<'_> {
    fn wants(self, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(keys) => keys.contains(&key),
        }
    }
}

/// A row of a shape in which nothing is known: what a test's row is filled up with.
pub fn empty(fields: &'static [Field]) -> Value<'static> {
    Value::Map(fields.iter().map(|field| (Cow::Borrowed(field.key), field.empty())).collect())
}

impl Field {
    /// The value of the key where a source says nothing.
    pub fn empty(&self) -> Value<'static> {
        match self.shape {
            _ if self.nullable => Value::Null,
            Shape::Text => Value::Text(Cow::Borrowed("")),
            Shape::Int => Value::Int(0),
            Shape::Number => Value::Number(0.0),
            Shape::Bool => Value::Bool(false),
            Shape::Texts | Shape::Ints | Shape::List(_) => Value::List(Vec::new()),
            Shape::TextMap | Shape::NumberMap => Value::Map(Vec::new()),
        }
    }
}

/// The number of seconds from a time to the bundle's own now.
fn age(time: Option<Timestamp>, now: Option<Timestamp>) -> Option<i64> {
    Some(now?.duration_since(time?).as_secs())
}

/// Something that a row shows.
trait Show<'f> {
    fn show(self) -> Value<'f>;
}

impl<'f> Show<'f> for &'f String {
    fn show(self) -> Value<'f> {
        Value::Text(Cow::Borrowed(self))
    }
}

impl<'f> Show<'f> for &'f str {
    fn show(self) -> Value<'f> {
        Value::Text(Cow::Borrowed(self))
    }
}

impl<'f> Show<'f> for String {
    fn show(self) -> Value<'f> {
        Value::Text(Cow::Owned(self))
    }
}

impl<'f> Show<'f> for bool {
    fn show(self) -> Value<'f> {
        Value::Bool(self)
    }
}

impl<'f> Show<'f> for &'f f64 {
    fn show(self) -> Value<'f> {
        Value::Number(*self)
    }
}

impl<'f> Show<'f> for f64 {
    fn show(self) -> Value<'f> {
        Value::Number(self)
    }
}

macro_rules! show_int {
    ($($number:ty),*) => {$(
        impl<'f> Show<'f> for $number {
            fn show(self) -> Value<'f> {
                Value::Int(i64::try_from(self).unwrap_or(i64::MAX))
            }
        }
    )*};
}
show_int!(i64, u64, u16, usize);

impl<'f, T: Show<'f>> Show<'f> for Option<T> {
    fn show(self) -> Value<'f> {
        self.map_or(Value::Null, Show::show)
    }
}

/// A time as RFC 3339; empty when unknown.
fn time(time: Option<Timestamp>) -> String {
    time.map(|time| time.to_string()).unwrap_or_default()
}

impl<'f> Show<'f> for &'f Vec<String> {
    fn show(self) -> Value<'f> {
        Value::List(self.iter().map(Show::show).collect())
    }
}

impl<'f> Show<'f> for &'f [String] {
    fn show(self) -> Value<'f> {
        Value::List(self.iter().map(Show::show).collect())
    }
}

impl<'f> Show<'f> for &'f [u16] {
    fn show(self) -> Value<'f> {
        Value::List(self.iter().map(|number| number.show()).collect())
    }
}

impl<'f> Show<'f> for &'f Text {
    fn show(self) -> Value<'f> {
        self.as_str().show()
    }
}

impl<'f, V> Show<'f> for &'f Named<V>
where
    &'f V: Show<'f>,
{
    fn show(self) -> Value<'f> {
        Value::Map(
            self.iter().map(|(key, value)| (Cow::from(key.as_str()), value.show())).collect(),
        )
    }
}

impl<'f> Show<'f> for Value<'f> {
    fn show(self) -> Value<'f> {
        self
    }
}
