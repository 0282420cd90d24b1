//! Events of both APIs: `core/v1` and `events.k8s.io/v1`.

use konspect_bundle::Span;
use serde::Deserialize;

use super::shared::{RawMeta, RawReference, meta, reference};
use super::soft::{Maybe, Scalar};
use crate::model::kube::Event;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawEvent {
    metadata: Maybe<RawMeta>,
    involved_object: Maybe<RawReference>,
    regarding: Maybe<RawReference>,
    reason: Scalar,
    message: Scalar,
    note: Scalar,
    r#type: Scalar,
    source: Maybe<RawSource>,
    deprecated_source: Maybe<RawSource>,
    reporting_component: Scalar,
    reporting_controller: Scalar,
    reporting_instance: Scalar,
    count: Scalar,
    deprecated_count: Scalar,
    series: Maybe<RawSeries>,
    event_time: Scalar,
    first_timestamp: Scalar,
    last_timestamp: Scalar,
    deprecated_first_timestamp: Scalar,
    deprecated_last_timestamp: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawSource {
    component: Scalar,
    host: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSeries {
    count: Scalar,
    last_observed_time: Scalar,
}

pub(super) fn event(raw: RawEvent, at: Span) -> Event {
    let meta = meta(raw.metadata);
    let series = raw.series.or_default();
    let (source, old_source) = (raw.source.or_default(), raw.deprecated_source.or_default());
    let object = if raw.involved_object.0.is_some() { raw.involved_object } else { raw.regarding };
    let first_text = |texts: [Scalar; 4]| {
        texts.into_iter().map(Scalar::into_text).find(|text| !text.is_empty()).unwrap_or_default()
    };
    let times = [&raw.last_timestamp, &raw.deprecated_last_timestamp, &raw.event_time];
    Event {
        namespace: meta.namespace,
        object: reference(object),
        reason: raw.reason.into_text(),
        message: first_text([raw.message, raw.note, Scalar::Absent, Scalar::Absent]),
        warning: raw.r#type.as_str() == "Warning",
        component: first_text([
            source.component,
            raw.reporting_component,
            raw.reporting_controller,
            old_source.component,
        ]),
        host: first_text([source.host, old_source.host, raw.reporting_instance, Scalar::Absent]),
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
            .or(meta.created),
        last: series
            .last_observed_time
            .time()
            .or_else(|| times.into_iter().find_map(Scalar::time))
            .or(meta.created),
        created: meta.created,
        at,
    }
}
