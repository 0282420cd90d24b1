//! Events of both APIs: `core/v1` and `events.k8s.io/v1`.

use konspect_bundle::Span;
use serde::Deserialize;

use super::shared::{RawMeta, RawReference, meta, reference};
use super::soft::{Maybe, Scalar};
use crate::model::kube::Event;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct RawEvent<'a> {
    metadata: Maybe<RawMeta<'a>>,
    involved_object: Maybe<RawReference<'a>>,
    regarding: Maybe<RawReference<'a>>,
    reason: Scalar<'a>,
    message: Scalar<'a>,
    note: Scalar<'a>,
    r#type: Scalar<'a>,
    source: Maybe<RawSource<'a>>,
    deprecated_source: Maybe<RawSource<'a>>,
    reporting_component: Scalar<'a>,
    reporting_controller: Scalar<'a>,
    reporting_instance: Scalar<'a>,
    count: Scalar<'a>,
    deprecated_count: Scalar<'a>,
    series: Maybe<RawSeries<'a>>,
    event_time: Scalar<'a>,
    first_timestamp: Scalar<'a>,
    last_timestamp: Scalar<'a>,
    deprecated_first_timestamp: Scalar<'a>,
    deprecated_last_timestamp: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawSource<'a> {
    component: Scalar<'a>,
    host: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawSeries<'a> {
    count: Scalar<'a>,
    last_observed_time: Scalar<'a>,
}

/// The first that says something.
fn first_of<'a, const N: usize>(texts: [Scalar<'a>; N]) -> Scalar<'a> {
    let says = |text: &Scalar<'a>| !text.is_absent() && *text != Scalar::Text("".into());
    texts.into_iter().find(says).unwrap_or_default()
}

pub(super) fn event(raw: RawEvent<'_>, at: Span) -> Event {
    let meta = meta(raw.metadata);
    let series = raw.series.or_default();
    let (source, old_source) = (raw.source.or_default(), raw.deprecated_source.or_default());
    let object = if raw.involved_object.0.is_some() { raw.involved_object } else { raw.regarding };
    let times = [&raw.last_timestamp, &raw.deprecated_last_timestamp, &raw.event_time];
    Event {
        namespace: meta.namespace,
        object: reference(object),
        reason: raw.reason.into_shared(),
        message: first_of([raw.message, raw.note]).into_own(),
        warning: raw.r#type.as_str() == "Warning",
        component: first_of([
            source.component,
            raw.reporting_component,
            raw.reporting_controller,
            old_source.component,
        ])
        .into_shared(),
        host: first_of([source.host, old_source.host, raw.reporting_instance]).into_shared(),
        count: series
            .count
            .count()
            .or_else(|| raw.count.count())
            .or_else(|| raw.deprecated_count.count())
            .unwrap_or(1)
            .max(1),
        first: [&raw.first_timestamp, &raw.deprecated_first_timestamp, &raw.event_time]
            .into_iter()
            .find_map(Scalar::time)
            .or(meta.created.get())
            .into(),
        last: series
            .last_observed_time
            .time()
            .or_else(|| times.into_iter().find_map(Scalar::time))
            .or(meta.created.get())
            .into(),
        created: meta.created,
        at,
    }
}
