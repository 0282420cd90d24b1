//! What objects of all kinds share: metadata, conditions, selectors, containers, and where they stand.

use std::collections::BTreeMap;

use konspect_bundle::{Source, Span};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::soft::{Many, Maybe, Pairs, Scalar};
use crate::model::kube::{
    Condition, Container, LabelSelector, ObjectMeta, ObjectRef, Owner, SelectorExpression,
    ServiceRef, Status,
};

/// Annotation values over this many bytes are left out.
const ANNOTATION_BYTES: usize = 512;

/// Gives the spans of an item's parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) source: Source<'a>,
    /// The item's own span; also that of parts that were not borrowed from the source.
    pub(super) item: Span,
}

impl Place<'_> {
    pub(super) fn of(&self, part: &RawValue) -> Span {
        let span = self.source.span_of(part.get().as_bytes());
        if span.start < self.item.start || span.end > self.item.end || span.start == span.end {
            self.item
        } else {
            span
        }
    }
}

/// Parses a part that was kept as text; what is odd counts as absent.
pub(super) fn part<'a, T: Deserialize<'a> + Default>(raw: &'a RawValue) -> T {
    serde_json::from_str::<Maybe<T>>(raw.get()).unwrap_or_default().or_default()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawMeta {
    name: Scalar,
    namespace: Scalar,
    uid: Scalar,
    labels: Pairs,
    annotations: Pairs,
    creation_timestamp: Scalar,
    deletion_timestamp: Scalar,
    finalizers: Many<Scalar>,
    owner_references: Many<Maybe<RawOwner>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawOwner {
    kind: Scalar,
    name: Scalar,
}

pub(super) fn meta(raw: Maybe<RawMeta>) -> ObjectMeta {
    let raw = raw.or_default();
    let mut owners = Vec::with_capacity(raw.owner_references.0.len());
    owners.extend(
        objects(raw.owner_references)
            .map(|owner| Owner { kind: owner.kind.into_text(), name: owner.name.into_text() }),
    );
    ObjectMeta {
        name: raw.name.into_text(),
        namespace: raw.namespace.into_text(),
        uid: raw.uid.into_text(),
        labels: raw.labels.into_texts(),
        annotations: annotations(raw.annotations),
        created: raw.creation_timestamp.time(),
        deletion: raw.deletion_timestamp.time(),
        finalizers: texts(raw.finalizers),
        owners,
    }
}

fn annotations(pairs: Pairs) -> BTreeMap<String, String> {
    pairs
        .into_texts()
        .into_iter()
        .map(|(key, value)| {
            let value = if value.len() > ANNOTATION_BYTES { String::new() } else { value };
            (key, value)
        })
        .collect()
}

pub(super) fn texts(many: Many<Scalar>) -> Vec<String> {
    many.0.into_iter().filter(|text| !text.is_absent()).map(Scalar::into_text).collect()
}

pub(super) fn objects<T>(many: Many<Maybe<T>>) -> impl Iterator<Item = T> {
    many.0.into_iter().filter_map(|entry| entry.0)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawCondition {
    r#type: Scalar,
    status: Scalar,
    reason: Scalar,
    message: Scalar,
    last_transition_time: Scalar,
    last_heartbeat_time: Scalar,
    last_update_time: Scalar,
    last_probe_time: Scalar,
}

pub(super) fn conditions(many: &Many<&RawValue>, place: &Place<'_>) -> Vec<Condition> {
    // Room for as many as there are: what grows takes room for twice as many, in every row.
    let mut rows = Vec::with_capacity(many.0.len());
    let all = many.0.iter().map(|raw| {
        let condition: RawCondition = part(raw);
        Condition {
            status: match condition.status.flag() {
                Some(true) => Status::True,
                Some(false) => Status::False,
                None => Status::Unknown,
            },
            kind: condition.r#type.into_text(),
            reason: condition.reason.into_text(),
            message: condition.message.into_text(),
            transition: condition.last_transition_time.time(),
            heartbeat: condition
                .last_heartbeat_time
                .time()
                .or_else(|| condition.last_update_time.time())
                .or_else(|| condition.last_probe_time.time()),
            at: place.of(raw),
        }
    });
    rows.extend(all.filter(|condition| !condition.kind.is_empty()));
    rows
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawSelector {
    match_labels: Pairs,
    match_expressions: Many<Maybe<RawExpression>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawExpression {
    key: Scalar,
    operator: Scalar,
    values: Many<Scalar>,
}

pub(super) fn selector(raw: RawSelector) -> LabelSelector {
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
#[serde(default)]
pub(super) struct RawReference {
    kind: Scalar,
    namespace: Scalar,
    name: Scalar,
}

pub(super) fn reference(raw: Maybe<RawReference>) -> ObjectRef {
    let raw = raw.or_default();
    ObjectRef {
        kind: raw.kind.into_text(),
        namespace: raw.namespace.into_text(),
        name: raw.name.into_text(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawServiceRef {
    namespace: Scalar,
    name: Scalar,
    port: Scalar,
    path: Scalar,
}

/// The port is 443 where the object does not say.
pub(super) fn service_ref(raw: RawServiceRef) -> ServiceRef {
    ServiceRef {
        namespace: raw.namespace.into_text(),
        name: raw.name.into_text(),
        port: if raw.port.is_absent() { 443 } else { raw.port.port() },
        path: raw.path.into_text(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawContainer {
    name: Scalar,
    image: Scalar,
    resources: Maybe<RawResources>,
    ports: Many<Maybe<RawContainerPort>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawResources {
    limits: Pairs,
    requests: Pairs,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawContainerPort {
    container_port: Scalar,
}

/// Containers as the spec has them, without status.
pub(super) fn containers(raw: Many<Maybe<RawContainer>>, init: bool, at: Span) -> Vec<Container> {
    let mut rows = Vec::with_capacity(raw.0.len());
    rows.extend(objects(raw).map(|container| {
        let resources = container.resources.or_default();
        Container {
            name: container.name.into_text(),
            image: container.image.into_text(),
            init,
            limits: resources.limits.into_quantities(),
            requests: resources.requests.into_quantities(),
            ports: objects(container.ports).map(|port| port.container_port.port()).collect(),
            at,
            ..Container::default()
        }
    }));
    rows
}
