//! Parts that objects in a row spell alike, as the Pods of one workload do: read once for all of them, and kept
//! once.
//!
//! The same text is the same value, so what was read before does not show in what is read.

use std::cell::RefCell;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::scan::{self, Stop};

/// Longer texts are seldom alike.
const LONGEST: usize = 8 << 10;

/// Parts of that kind.
const PLACES: usize = 5;

/// Asks a deserializer that knows whether a value is spelled as the last one of its place: a digit follows.
const ALIKE: &str = "konspect alike ";

/// A part of objects that is likely to be spelled as in the object before.
pub(super) trait Part: 'static {
    type Raw<'a>: Deserialize<'a>;
    type Value: Clone + Default + PartialEq + fmt::Debug;

    /// `ALIKE` and the number of the part's place.
    const NAME: &'static str;

    fn value(raw: Self::Raw<'_>) -> Self::Value;

    /// Where a thread keeps the value that it read last.
    fn with_last<R>(visit: impl FnOnce(&mut Self::Value) -> R) -> R;
}

/// The value of a part.
pub(super) struct Alike<P: Part>(pub(super) P::Value);

impl<P: Part> Default for Alike<P> {
    fn default() -> Self {
        Self(P::Value::default())
    }
}

impl<P: Part> fmt::Debug for Alike<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<'de, P: Part> Deserialize<'de> for Alike<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(P::NAME, AlikeVisitor(std::marker::PhantomData))
    }
}

struct AlikeVisitor<P>(std::marker::PhantomData<P>);

impl<'de, P: Part> Visitor<'de> for AlikeVisitor<P> {
    type Value = Alike<P>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    /// From a deserializer that does not compare.
    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Alike<P>, D::Error> {
        P::Raw::deserialize(deserializer).map(|raw| Alike(P::value(raw)))
    }

    /// Spelled as before.
    fn visit_unit<E>(self) -> Result<Alike<P>, E> {
        Ok(Alike(P::with_last(|last| last.clone())))
    }

    /// From a deserializer that compares, and found another text.
    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Alike<P>, A::Error> {
        let raw = parts.next_element()?.ok_or_else(|| A::Error::custom("no value"))?;
        let value = P::value(raw);
        // What is spelled otherwise may mean the same: owners differ in what nobody asks for.
        Ok(Alike(P::with_last(|last| {
            if *last != value {
                *last = value;
            }
            last.clone()
        })))
    }
}

thread_local! {
    /// The texts of the values that a thread read last, by place.
    static TEXTS: RefCell<[Vec<u8>; PLACES]> =
        const { RefCell::new([const { Vec::new() }; PLACES]) };
}

/// The place that a deserializer is asked for.
pub(super) fn place(name: &str) -> Option<usize> {
    let digit = name.strip_prefix(ALIKE)?.bytes().next()?;
    Some(usize::from(digit.checked_sub(b'0')?))
}

/// The length of the value that `rest` begins with, when it is spelled as the last one.
pub(super) fn same(place: usize, rest: &[u8]) -> Option<usize> {
    TEXTS.with_borrow(|texts| {
        let text = texts.get(place)?;
        (!text.is_empty() && rest.starts_with(text)).then_some(text.len())
    })
}

/// Notes how the value is spelled that was read last. Only of what ends with its own bracket a
/// text that begins with it is the whole.
pub(super) fn note(place: usize, text: &[u8]) {
    TEXTS.with_borrow_mut(|texts| {
        let Some(known) = texts.get_mut(place) else { return };
        known.clear();
        if text.len() <= LONGEST && matches!(text.first(), Some(b'{' | b'[')) {
            known.extend_from_slice(text);
        }
    });
}

/// What shapes do not ask for is compared with that of the object before for so many values.
const PASSED: usize = 64;

thread_local! {
    static OVER: RefCell<Over> = const { RefCell::new(Over { texts: Vec::new(), next: 0 }) };
}

/// The values that the last objects had and no shape asked for, in order.
struct Over {
    texts: Vec<Vec<u8>>,
    next: usize,
}

/// Begins an object.
pub(super) fn begin() {
    OVER.with_borrow_mut(|over| over.next = 0);
}

/// The length of the object or array that `rest` begins with. Where it is spelled as in the
/// object before, as probes and tolerations of one workload are, no bracket is counted.
pub(super) fn step_over(rest: &[u8]) -> Result<usize, Stop> {
    OVER.with_borrow_mut(|over| {
        let place = over.next;
        over.next += 1;
        let known = over.texts.get(place).filter(|text| !text.is_empty());
        if let Some(text) = known.filter(|text| rest.starts_with(text)) {
            return Ok(text.len());
        }
        let length = scan::skip_value(rest, 0)?;
        if place < PASSED && length <= LONGEST {
            if over.texts.len() <= place {
                over.texts.resize(place + 1, Vec::new());
            }
            if let Some(text) = over.texts.get_mut(place) {
                text.clear();
                text.extend_from_slice(rest.get(..length).unwrap_or_default());
            }
        }
        Ok(length)
    })
}

#[cfg(test)]
mod tests {
    use konspect_bundle::Span;

    use crate::model::kube::Pod;
    use crate::parse::kube::shared::Place;
    use crate::parse::kube::{json, pod};

    fn read(labels: &str, probe: &str, ports: &str) -> Pod {
        let text = format!(
            r#"{{"metadata":{{"labels":{labels}}},"spec":{{"containers":[{{"livenessProbe":{probe},"name":"a","ports":{ports}}}]}}}}"#
        );
        let place = Place { item: Span::BUNDLE, exact: false };
        let read = pod::pod(json::read(text.as_bytes()).unwrap(), &place);
        let exact: pod::RawPod<'_> = serde_json::from_slice(text.as_bytes()).unwrap();
        assert_eq!(read, pod::pod(exact, &place), "{text}");
        read
    }

    #[test]
    fn what_is_spelled_alike_is_read_once_and_what_only_begins_alike_is_not() {
        let label =
            |pod: &Pod| pod.meta.labels.iter().next().map(|entry| std::ptr::from_ref(entry.1));
        let first = read(r#"{"app":"a"}"#, r#"{"port":[1]}"#, r#"[{"containerPort":80}]"#);
        let second = read(r#"{"app":"a"}"#, r#"{"port":[1]}"#, r#"[{"containerPort":80}]"#);
        assert!(label(&first).is_some());
        assert_eq!(label(&first), label(&second));
        let other = read(r#"{"app":"a","b":"c"}"#, r#"{"port":[1]} "#, r#"[{"containerPort":8}]"#);
        assert_eq!(other.meta.labels.len(), 2);
        assert_ne!(label(&first), label(&other));
        // A number goes on behind what it began with; what is no object is no map.
        for labels in ["1", "12", "\"{\"", "null", "[]", "{}"] {
            assert!(read(labels, labels, labels).meta.labels.is_empty());
        }
        assert_eq!(
            read("{}", "{}", "[{},{\"containerPort\":\"9\"}]").containers[0].ports[..],
            [0, 9]
        );
    }
}
