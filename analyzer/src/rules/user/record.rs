//! Rows as CEL values: maps that keep their order, so that the same bundle gives the same bytes.

use std::any::Any;

use cel::common::traits::{self, Container, Indexer, Iterable, Sizer};
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelNull, CelString, MAP_TYPE, STRING_TYPE, Type,
};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{Env, ExecutionError};
use regex::Regex;

use crate::facts::view::Value;

/// A row's value as CEL sees it.
pub(super) fn value(value: &Value<'_>) -> Box<dyn Val> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(truth) => Box::new(CelBool::from(*truth)),
        Value::Int(number) => Box::new(CelInt::from(*number)),
        Value::Number(number) => Box::new(CelDouble::from(*number)),
        Value::Text(text) => Box::new(CelString::from(text.clone().into_owned())),
        Value::List(items) => {
            Box::new(CelList::from(items.iter().map(self::value).collect::<Vec<_>>()))
        }
        Value::Map(entries) => Box::new(Record(
            entries
                .iter()
                .map(|(key, inner)| (CelString::from(key.clone().into_owned()), self::value(inner)))
                .collect(),
        )),
    }
}

/// An error in the words of a rule's author.
pub(super) fn told(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => {
            format!("there is no key \"{key}\": ask first, as in `\"{key}\" in … && …`")
        }
        ExecutionError::UndeclaredReference(name) => format!("there is nothing called {name}"),
        ExecutionError::IndexOutOfBounds(_) => "the list is shorter than that".to_owned(),
        other => {
            let mut text = other.to_string();
            if text.len() > 200 {
                text.truncate(text.floor_char_boundary(200));
                text.push('…');
            }
            text
        }
    }
}

/// A map with the keys in the order of the row.
#[derive(Clone, Debug)]
struct Record(Vec<(CelString<'static>, Box<dyn Val>)>);

impl Record {
    fn find(&self, key: &dyn Val) -> Option<&(dyn Val + 'static)> {
        let key = key.downcast_ref::<CelString>()?;
        let found = self.0.iter().find(|(known, _)| known.inner() == key.inner());
        found.map(|(_, value)| &**value)
    }
}

impl Val for Record {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        if let Some(other) = other.downcast_ref::<Self>() {
            return self.0.len() == other.0.len()
                && self
                    .0
                    .iter()
                    .all(|(key, value)| other.find(key).is_some_and(|found| value.equals(found)));
        }
        // A map that the expression itself wrote: ask it for each of our keys.
        let (Some(size), Some(index)) = (other.as_sizer(), other.as_indexer()) else {
            return false;
        };
        usize::try_from(*size.size().inner()) == Ok(self.0.len())
            && self
                .0
                .iter()
                .all(|(key, value)| index.get(key).is_ok_and(|found| value.equals(&*found)))
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Record {}

impl Container for Record {
    fn contains(&self, key: &dyn Val) -> Result<bool, ExecutionError> {
        Ok(self.find(key).is_some())
    }
}

impl Indexer for Record {
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name =
            || key.downcast_ref::<CelString>().map_or("?".to_owned(), |key| key.inner().to_owned());
        match self.find(key) {
            Some(found) => Ok(CowVal::Borrowed(found)),
            None => Err(ExecutionError::no_such_key(&name())),
        }
    }

    fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(key).map(CowVal::into_owned)
    }
}

impl Iterable for Record {
    fn iter<'b, 'v>(&'b self) -> Box<dyn traits::Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(RecordKeys(self.0.iter()))
    }
}

impl Sizer for Record {
    fn size(&self) -> CelInt {
        CelInt::from(i64::try_from(self.0.len()).unwrap_or(i64::MAX))
    }
}

struct RecordKeys<'b>(std::slice::Iter<'b, (CelString<'static>, Box<dyn Val>)>);

impl<'b, 'v> traits::Iterator<'b, 'v> for RecordKeys<'b> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        let (key, _) = self.0.next()?;
        Some(key)
    }
}

/// A compiled pattern, in place of the text that `matches` was given.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    pub(super) fn new(pattern: Regex) -> Self {
        Self(pattern)
    }
}

static PATTERN_TYPE: Type = Type::new_unspecified_type("pattern");

impl Val for Pattern {
    fn get_type(&self) -> &Type {
        &PATTERN_TYPE
    }

    fn cel_type() -> &'static Type {
        &PATTERN_TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Pattern {}

/// Declares `text.matches(pattern)` and `matches(text, pattern)`.
pub(super) fn add_matches(environment: &mut Env) {
    let arguments = vec![PATTERN_TYPE.to_owned()];
    let both = vec![STRING_TYPE.to_owned(), PATTERN_TYPE.to_owned()];
    // Neither name is taken: the crate's own `matches` is behind a feature that is off.
    let _ = environment.add_member_overload(
        "matches",
        "matches_pattern",
        STRING_TYPE.to_owned(),
        arguments,
        matches,
    );
    let _ = environment.add_overload("matches", "matches_pattern", both, matches);
}

fn matches<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [text, pattern] = arguments.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, arguments.len()));
    };
    match (text.downcast_ref::<CelString>(), pattern.downcast_ref::<Pattern>()) {
        (Some(text), Some(pattern)) => {
            Ok(CowVal::owned(CelBool::from(pattern.0.is_match(text.inner()))))
        }
        _ => Err(ExecutionError::function_error("matches", "wants a text and a pattern")),
    }
}
