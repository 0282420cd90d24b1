//! Texts that many rows share, and small maps: a cluster has hundreds of thousands of rows, and few
//! distinct labels, images, owners and nodes.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use arcstr::ArcStr;
use konspect_bundle::Arg;

/// A text that costs one word in each row that has it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(ArcStr);

impl Text {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both are one and the same text in memory.
    pub fn is_shared_with(&self, other: &Self) -> bool {
        ArcStr::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), formatter)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&Text> for String {
    fn from(text: &Text) -> Self {
        text.as_str().to_owned()
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl From<&Text> for Arg {
    fn from(text: &Text) -> Self {
        text.as_str().into()
    }
}

impl From<Text> for Arg {
    fn from(text: Text) -> Self {
        text.as_str().into()
    }
}

macro_rules! equals {
    ($($other:ty),*) => {$(
        impl PartialEq<$other> for Text {
            fn eq(&self, other: &$other) -> bool {
                self.as_str() == AsRef::<str>::as_ref(other)
            }
        }

        impl PartialEq<Text> for $other {
            fn eq(&self, other: &Text) -> bool {
                other == self
            }
        }
    )*};
}

equals!(str, &str, String);

/// A few values in one piece of memory, which rows that have the same share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Few<T>(Option<Arc<[T]>>);

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(values: Vec<T>) -> Self {
        Self((!values.is_empty()).then(|| values.into()))
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        values.into_iter().collect::<Vec<T>>().into()
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Values that most rows have none of: one word then.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::box_collection, reason = "a vector of nothing takes three words")]
pub struct Seldom<T>(Option<Box<Vec<T>>>);

impl<T> Deref for Seldom<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |values| values.as_slice())
    }
}

impl<T> Default for Seldom<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> From<Vec<T>> for Seldom<T> {
    fn from(values: Vec<T>) -> Self {
        Self((!values.is_empty()).then(|| Box::new(values)))
    }
}

impl<T> FromIterator<T> for Seldom<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        values.into_iter().collect::<Vec<T>>().into()
    }
}

/// Values by name, sorted, in one piece of memory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named<V>(Few<(Text, V)>);

/// Labels, annotations and other texts by name.
pub type Labels = Named<Text>;

/// Quantities as numbers: cores, bytes, counts.
pub type Quantities = Named<f64>;

impl<V> Named<V> {
    pub fn get(&self, name: &str) -> Option<&V> {
        let place = self.0.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Text, &V)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Text> {
        self.0.iter().map(|(name, _)| name)
    }

    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Adds a value, or replaces it.
    pub fn insert(&mut self, name: impl Into<Text>, value: V)
    where
        V: Clone,
    {
        *self = self.0.iter().cloned().chain([(name.into(), value)]).collect::<Self>();
    }
}

impl Labels {
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(Text::as_str)
    }
}

impl<V> Default for Named<V> {
    fn default() -> Self {
        Self(Few::default())
    }
}

/// Of several values of one name the last is kept.
impl<K: Into<Text>, W: Into<V>, V> FromIterator<(K, W)> for Named<V> {
    fn from_iter<I: IntoIterator<Item = (K, W)>>(entries: I) -> Self {
        let mut all: Vec<(Text, V)> =
            entries.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        if !all.is_sorted_by(|(a, _), (b, _)| a < b) {
            all.sort_by(|(a, _), (b, _)| a.cmp(b));
            all.dedup_by(|(later, value), (kept, kept_value)| {
                let same = later == kept;
                if same {
                    std::mem::swap(value, kept_value);
                }
                same
            });
        }
        Self(all.into())
    }
}

impl<V, Q: Borrow<str> + ?Sized> std::ops::Index<&Q> for Named<V> {
    type Output = V;

    #[expect(clippy::panic, reason = "as for maps: what is indexed is known to be there")]
    fn index(&self, name: &Q) -> &V {
        let name = name.borrow();
        self.get(name).unwrap_or_else(|| panic!("nothing is named {name}"))
    }
}
