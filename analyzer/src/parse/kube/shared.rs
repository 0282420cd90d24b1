//! What objects of all kinds share: metadata, conditions, selectors, containers, and where they stand.

use std::cell::RefCell;
use std::ops::Range;

use konspect_bundle::Span;
use serde::{Deserialize, Deserializer};

use super::alike::{Alike, Part};
use super::soft::{Many, Maybe, Pairs, Placed, Scalar};
use crate::model::kube::{
    Condition, Container, LabelSelector, ObjectMeta, ObjectRef, Owner, SelectorExpression,
    ServiceRef, Status, Telling,
};
use crate::model::{At, Few, Labels, Quantities, Text};
use crate::parse::interned;

/// Annotation values over this many bytes are left out.
const ANNOTATION_BYTES: usize = 512;

/// Gives the spans of an item's parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The item's own span.
    pub(super) item: Span,
    /// False where the item was not read from the artefact's own bytes: its parts have its span.
    pub(super) exact: bool,
}

impl Place {
    pub(super) fn of(&self, part: &Range<usize>) -> Span {
        let (start, end) = (self.item.start + part.start as u64, self.item.start + part.end as u64);
        if self.exact && start < end && end <= self.item.end {
            Span { artifact: self.item.artifact, start, end }
        } else {
            self.item
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct RawMeta<'a> {
    name: Scalar<'a>,
    namespace: Scalar<'a>,
    uid: Scalar<'a>,
    labels: Alike<LabelsPart>,
    annotations: Alike<AnnotationsPart>,
    creation_timestamp: Scalar<'a>,
    deletion_timestamp: Scalar<'a>,
    finalizers: Many<Scalar<'a>>,
    owner_references: Alike<OwnersPart>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawOwner<'a> {
    kind: Scalar<'a>,
    name: Scalar<'a>,
}

pub(super) fn meta(raw: Maybe<RawMeta<'_>>) -> ObjectMeta {
    let raw = raw.or_default();
    ObjectMeta {
        name: raw.name.into_own(),
        namespace: raw.namespace.into_shared(),
        has_uid: !raw.uid.is_absent() && raw.uid != Scalar::Text("".into()),
        labels: raw.labels.0,
        annotations: raw.annotations.0,
        created: raw.creation_timestamp.time().into(),
        deletion: raw.deletion_timestamp.time().into(),
        finalizers: texts(raw.finalizers).into(),
        owners: raw.owner_references.0,
    }
}

macro_rules! parts {
    ($($part:ident, $digit:literal: for<$life:lifetime> $raw:ty => $value:ty, $read:expr;)*) => {$(
        #[derive(Debug)]
        pub(super) struct $part;

        impl Part for $part {
            type Raw<$life> = $raw;
            type Value = $value;

            const NAME: &'static str = concat!("konspect alike ", $digit);

            fn value<$life>(raw: $raw) -> $value {
                $read(raw)
            }

            fn with_last<R>(visit: impl FnOnce(&mut $value) -> R) -> R {
                thread_local! {
                    static LAST: RefCell<$value> = RefCell::default();
                }
                LAST.with_borrow_mut(visit)
            }
        }
    )*};
}
parts! {
    LabelsPart, 0: for<'a> Pairs<'a> => Labels, Pairs::into_texts;
    AnnotationsPart, 1: for<'a> Pairs<'a> => Labels, annotations;
    OwnersPart, 2: for<'a> Many<Maybe<RawOwner<'a>>> => Few<Owner>, owners;
    ResourcesPart, 3: for<'a> Maybe<RawResources<'a>> => Resources, resources;
    PortsPart, 4: for<'a> Many<Maybe<RawContainerPort<'a>>> => Few<u16>, ports;
}

fn owners(raw: Many<Maybe<RawOwner<'_>>>) -> Few<Owner> {
    objects(raw)
        .map(|owner| Owner { kind: owner.kind.into_shared(), name: owner.name.into_shared() })
        .collect()
}

/// `resources.limits` and `.requests`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Resources {
    limits: Quantities,
    requests: Quantities,
}

fn resources(raw: Maybe<RawResources<'_>>) -> Resources {
    let raw = raw.or_default();
    Resources { limits: raw.limits.into_quantities(), requests: raw.requests.into_quantities() }
}

fn ports(raw: Many<Maybe<RawContainerPort<'_>>>) -> Few<u16> {
    objects(raw).map(|port| port.container_port.port()).collect()
}

fn annotations(pairs: Pairs<'_>) -> Labels {
    let kept = pairs.0.into_iter().map(|(key, value)| {
        let long = value.as_str().len() > ANNOTATION_BYTES;
        (interned::shared(&key), if long { Text::default() } else { value.into_shared() })
    });
    kept.collect()
}

pub(super) fn texts(many: Many<Scalar<'_>>) -> Vec<String> {
    many.0.into_iter().filter(|text| !text.is_absent()).map(Scalar::into_text).collect()
}

pub(super) fn objects<T>(many: Many<Maybe<T>>) -> impl Iterator<Item = T> {
    many.0.into_iter().filter_map(|entry| entry.0)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawCondition<'a> {
    r#type: Scalar<'a>,
    status: Scalar<'a>,
    reason: Scalar<'a>,
    message: Scalar<'a>,
    last_transition_time: Scalar<'a>,
    last_heartbeat_time: Scalar<'a>,
    last_update_time: Scalar<'a>,
    last_probe_time: Scalar<'a>,
}

/// Conditions in their places: each becomes its row at once, which is smaller than what was read of it.
pub(super) type Conditions = Many<Placed<ReadCondition>>;

/// A condition that does not know its place.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadCondition(Condition);

impl<'de> Deserialize<'de> for ReadCondition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Maybe::<RawCondition<'de>>::deserialize(deserializer)?.or_default();
        Ok(Self(Condition {
            status: match raw.status.flag() {
                Some(true) => Status::True,
                Some(false) => Status::False,
                None => Status::Unknown,
            },
            kind: raw.r#type.into_shared(),
            transition: raw.last_transition_time.time().into(),
            told: Telling {
                reason: raw.reason.into_shared(),
                message: raw.message.into_shared(),
                heartbeat: raw
                    .last_heartbeat_time
                    .time()
                    .or_else(|| raw.last_update_time.time())
                    .or_else(|| raw.last_probe_time.time())
                    .into(),
            }
            .into(),
            at: At::default(),
        }))
    }
}

pub(super) fn conditions(many: Conditions, place: &Place) -> Vec<Condition> {
    // Room for as many as there are: what grows takes room for twice as many, in every row.
    let mut rows = Vec::with_capacity(many.0.len());
    let all = many
        .0
        .into_iter()
        .map(|Placed { value, range }| Condition { at: place.of(&range).into(), ..value.0 });
    rows.extend(all.filter(|condition| !condition.kind.is_empty()));
    rows
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct RawSelector<'a> {
    match_labels: Pairs<'a>,
    match_expressions: Many<Maybe<RawExpression<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawExpression<'a> {
    key: Scalar<'a>,
    operator: Scalar<'a>,
    values: Many<Scalar<'a>>,
}

pub(super) fn selector(raw: RawSelector<'_>) -> LabelSelector {
    LabelSelector {
        labels: raw.match_labels.into_texts(),
        expressions: objects(raw.match_expressions)
            .map(|expression| SelectorExpression {
                key: expression.key.into_text(),
                operator: expression.operator.into_text(),
                values: texts(expression.values),
            })
            .collect(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawReference<'a> {
    kind: Scalar<'a>,
    namespace: Scalar<'a>,
    name: Scalar<'a>,
}

pub(super) fn reference(raw: Maybe<RawReference<'_>>) -> ObjectRef {
    let raw = raw.or_default();
    ObjectRef {
        kind: raw.kind.into_shared(),
        namespace: raw.namespace.into_shared(),
        name: raw.name.into_shared(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawServiceRef<'a> {
    namespace: Scalar<'a>,
    name: Scalar<'a>,
    port: Scalar<'a>,
    path: Scalar<'a>,
}

/// The port is 443 where the object does not say.
pub(super) fn service_ref(raw: RawServiceRef<'_>) -> ServiceRef {
    ServiceRef {
        namespace: raw.namespace.into_text(),
        name: raw.name.into_text(),
        port: if raw.port.is_absent() { 443 } else { raw.port.port() },
        path: raw.path.into_text(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawContainer<'a> {
    name: Scalar<'a>,
    image: Scalar<'a>,
    resources: Alike<ResourcesPart>,
    ports: Alike<PortsPart>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawResources<'a> {
    limits: Pairs<'a>,
    requests: Pairs<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct RawContainerPort<'a> {
    container_port: Scalar<'a>,
}

/// Containers as the spec has them, without status.
pub(super) fn containers(
    raw: Many<Maybe<RawContainer<'_>>>,
    init: bool,
    at: Span,
) -> Vec<Container> {
    let mut rows = Vec::with_capacity(raw.0.len());
    rows.extend(objects(raw).map(|container| {
        let resources = container.resources.0;
        Container {
            name: container.name.into_shared(),
            image: container.image.into_shared(),
            init,
            limits: resources.limits,
            requests: resources.requests,
            ports: container.ports.0,
            at: at.into(),
            ..Container::default()
        }
    }));
    rows
}
