//! `az monitor metrics list`: time series with a span for every point.

use konspect_bundle::Source;

use super::super::raw_json::RawJson;
use super::super::{Hint, Kind, Rows, TableKind};
use crate::model::azure::{AzureError, AzureMetric, AzurePoint};

/// Points of one series that are kept; longer series are put into buckets of equal length.
const POINTS: usize = 2_000;

/// Reads an answer with `timespan` and `value`.
pub(super) fn answer(
    source: &Source<'_>,
    hint: &Hint<'_>,
    document: RawJson<'_>,
    rows: &mut Rows,
) -> Kind {
    let mut covered = Vec::new();
    for item in document.get("value").into_iter().flat_map(RawJson::items) {
        covered.extend(metric(source, hint, item, rows));
    }
    covered.sort_unstable();
    covered.dedup();
    for table in covered {
        rows.covers(table, source.span_of(document.bytes()));
    }
    Kind::AzureMetrics
}

/// Reads one metric with its series, or one series that `--query` cut out; says which table it is of.
pub(super) fn metric(
    source: &Source<'_>,
    hint: &Hint<'_>,
    value: RawJson<'_>,
    rows: &mut Rows,
) -> Option<TableKind> {
    let name = match value.get("name") {
        Some(name) if name.is_object() => name.text_of("value"),
        Some(name) => name.text().into_owned(),
        None => asked_for(hint.command),
    };
    let unit = value.text_of("unit");
    let code = value.text_of("errorCode");
    if !code.is_empty() && !code.eq_ignore_ascii_case("Success") {
        let at = source.span_of(value.bytes());
        rows.azure_errors.push(AzureError { code, message: value.text_of("errorMessage"), at });
    }
    let series = match value.get("timeseries") {
        Some(list) => list.items().collect(),
        None => vec![value],
    };
    if series.is_empty() {
        // A metric without any series was asked for and had no data.
        let at = source.span_of(value.bytes());
        let (name, unit) = (name.clone(), unit.clone());
        rows.azure_metrics.push(AzureMetric { name, unit, at, ..AzureMetric::default() });
    }
    for series in series {
        let data: Vec<_> = series.get("data").into_iter().flat_map(RawJson::items).collect();
        rows.azure_metrics.push(AzureMetric {
            name: name.clone(),
            unit: unit.clone(),
            dimensions: dimensions(series),
            points: points(source, &data),
            at: source.span_of(series.bytes()),
        });
    }
    table_of(&name)
}

/// Reads points that `--query` cut out of their series.
pub(super) fn bare_points(
    source: &Source<'_>,
    hint: &Hint<'_>,
    data: &[RawJson<'_>],
    rows: &mut Rows,
) {
    let points = points(source, data);
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return;
    };
    let at = first.at.to(last.at);
    let name = asked_for(hint.command);
    if let Some(table) = table_of(&name) {
        rows.covers(table, at);
    }
    rows.azure_metrics.push(AzureMetric { name, points, at, ..AzureMetric::default() });
}

/// The first metric that a command line asks for.
fn asked_for(command: &str) -> String {
    let mut words = command.split_whitespace();
    let option = |word: &&str| matches!(*word, "--metric" | "--metrics");
    words
        .find(option)
        .and_then(|_| words.next())
        .map(|name| name.trim_matches(['"', '\'']).to_owned())
        .unwrap_or_default()
}

fn table_of(name: &str) -> Option<TableKind> {
    let name = name.to_ascii_lowercase();
    if name.contains("snat") {
        Some(TableKind::AzureSnatMetrics)
    } else if name.contains("disk") {
        Some(TableKind::AzureDiskMetrics)
    } else {
        None
    }
}

fn dimensions(series: RawJson<'_>) -> Vec<(String, String)> {
    series
        .get("metadatavalues")
        .into_iter()
        .flat_map(RawJson::items)
        .map(|item| {
            let name = match item.get("name") {
                Some(name) if name.is_object() => name.text_of("value"),
                Some(name) => name.text().into_owned(),
                None => String::new(),
            };
            (name.to_ascii_lowercase(), item.text_of("value"))
        })
        .collect()
}

fn points(source: &Source<'_>, data: &[RawJson<'_>]) -> Vec<AzurePoint> {
    let bucket = data.len().div_ceil(POINTS).max(1);
    data.chunks(bucket)
        .filter_map(|chunk| {
            chunk.iter().map(|item| point(source, *item)).reduce(|one, two| AzurePoint {
                time: one.time.or(two.time),
                total: both(one.total, two.total, |one, two| one + two),
                average: both(one.average, two.average, f64::max),
                maximum: both(one.maximum, two.maximum, f64::max),
                minimum: both(one.minimum, two.minimum, f64::min),
                count: both(one.count, two.count, |one, two| one + two),
                at: one.at.to(two.at),
            })
        })
        .collect()
}

/// Of two averages the larger is kept: rules look for peaks.
fn both(one: Option<f64>, two: Option<f64>, join: impl Fn(f64, f64) -> f64) -> Option<f64> {
    match (one, two) {
        (Some(one), Some(two)) => Some(join(one, two)),
        (one, two) => one.or(two),
    }
}

fn point(source: &Source<'_>, item: RawJson<'_>) -> AzurePoint {
    let mut point = AzurePoint { at: source.span_of(item.bytes()), ..AzurePoint::default() };
    for (key, value) in item.members() {
        let number = || value.number().filter(|number| number.is_finite());
        match key.to_ascii_lowercase().as_str() {
            "timestamp" => point.time = value.text().parse().ok(),
            "total" => point.total = number(),
            "average" => point.average = number(),
            "maximum" => point.maximum = number(),
            "minimum" => point.minimum = number(),
            "count" => point.count = number(),
            _ => {}
        }
    }
    point
}
