//! Answers of the Prometheus HTTP API: instant vectors and range matrices.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_bundle::{Source, Span};

use super::super::raw_json::RawJson;
use super::super::{Hint, Kind, Rows, TableKind, node_of};
use super::interest::{self, Votes};
use super::sample::number;
use super::{FAMILY_LIMIT, own_name, seconds};
use crate::model::metrics::{Sample, Scrape};

/// Moments of a matrix that are kept: the first, the last, and as many in between.
const MOMENTS: usize = 32;

/// Reads an answer of `/api/v1/query` or `/api/v1/query_range`. Every moment becomes a scrape.
pub fn answer(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let root = RawJson::new(source.bytes);
    let data = root.get("data").unwrap_or(root);
    let results = data.get("result").unwrap_or(data);
    let moments = moments(results);
    let mut scrapes: BTreeMap<i64, (Scrape, Votes)> = BTreeMap::new();
    for result in results.items() {
        let labels: BTreeMap<String, String> = result
            .get("metric")
            .into_iter()
            .flat_map(RawJson::members)
            .map(|(name, value)| (name.into_owned(), value.text().into_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        for point in points(result) {
            if moments.contains(&point.stamp) {
                let (scrape, votes) = scrapes.entry(point.stamp).or_default();
                let at = source.span_of(point.bytes);
                add(scrape, votes, &labels, point.value, at);
            }
        }
    }
    rows.covers(TableKind::Metrics, source.span_of(root.bytes()));
    rows.scrapes.extend(scrapes.into_iter().map(|(stamp, (mut scrape, votes))| {
        scrape.component = votes.component();
        scrape.taken = Timestamp::from_millisecond(stamp).ok();
        scrape.at = source.span_of(root.bytes());
        if scrape.node.is_empty() && scrape.component.is_of_a_node() {
            node_of(hint).clone_into(&mut scrape.node);
        }
        scrape
    }));
    Kind::Metrics
}

struct Point<'a> {
    stamp: i64,
    value: f64,
    bytes: &'a [u8],
}

/// The points of one result: `value` of a vector, `values` of a matrix.
fn points(result: RawJson<'_>) -> impl Iterator<Item = Point<'_>> {
    let many = result.get("values").into_iter().flat_map(RawJson::items);
    result.get("value").into_iter().chain(many).filter_map(|pair| {
        let mut parts = pair.items();
        let stamp = parts.next()?.number()?;
        let value = number(&parts.next()?.text())?;
        Some(Point { stamp: milliseconds(stamp)?, value, bytes: pair.bytes() })
    })
}

#[expect(clippy::cast_possible_truncation, reason = "floats saturate, and the range is checked")]
fn milliseconds(seconds: f64) -> Option<i64> {
    seconds.is_finite().then_some((seconds * 1000.0).round() as i64)
}

/// The moments that are kept, evenly spread over those of the answer.
fn moments(results: RawJson<'_>) -> BTreeSet<i64> {
    let all: BTreeSet<i64> = results.items().flat_map(points).map(|point| point.stamp).collect();
    if all.len() <= MOMENTS {
        return all;
    }
    let last = all.len() - 1;
    let chosen: BTreeSet<usize> = (0..MOMENTS).map(|part| part * last / (MOMENTS - 1)).collect();
    all.into_iter()
        .enumerate()
        .filter(|(index, _)| chosen.contains(index))
        .map(|(_, stamp)| stamp)
        .collect()
}

fn add(
    scrape: &mut Scrape,
    votes: &mut Votes,
    labels: &BTreeMap<String, String>,
    value: f64,
    at: Span,
) {
    scrape.series += 1;
    let Some(name) = labels.get("__name__") else {
        return;
    };
    votes.note(name);
    let Some(family) = interest::family(name) else {
        return;
    };
    match family {
        "process_start_time_seconds" => scrape.process_start = seconds(value),
        "node_uname_info" => own_name(&mut scrape.node, labels.get("nodename").map(String::as_str)),
        "kubelet_node_name" => own_name(&mut scrape.node, labels.get("node").map(String::as_str)),
        _ => {}
    }
    let samples = scrape.families.entry(family.to_owned()).or_default();
    if samples.len() < FAMILY_LIMIT {
        let mut labels = labels.clone();
        labels.remove("__name__");
        samples.push(Sample {
            name: name.clone().into(),
            labels: labels.into_iter().collect(),
            value,
            at,
        });
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;
    use konspect_bundle::ArtifactId;

    fn read(bytes: &[u8]) -> Rows {
        let mut rows = Rows::default();
        answer(&Source::new(ArtifactId(1), bytes), &Hint::default(), &mut rows);
        rows
    }

    #[test]
    fn a_vector_is_one_scrape() {
        let rows = read(br#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"__name__":"etcd_server_has_leader","pod":"etcd-0"},"value":[1700000000.5,"1"]},
            {"metric":{},"value":[1700000000.5,"NaN"]}]}}"#);
        let [scrape] = rows.scrapes.as_slice() else { panic!("one scrape") };
        assert_eq!(scrape.series, 2);
        assert_eq!(scrape.families["etcd_server_has_leader"][0].label("pod"), "etcd-0");
        assert_eq!(scrape.taken, Some("2023-11-14T22:13:20.5Z".parse().unwrap()));
    }

    #[test]
    fn a_matrix_gives_its_moments() {
        let values: Vec<String> = (0..500).map(|step| format!("[{step},\"{step}\"]")).collect();
        let text = format!(
            r#"{{"data":{{"resultType":"matrix","result":[{{"metric":{{"__name__":"go_goroutines"}},"values":[{}]}}]}}}}"#,
            values.join(",")
        );
        let rows = read(text.as_bytes());
        assert_eq!(rows.scrapes.len(), MOMENTS);
        assert_eq!(rows.scrapes.last().unwrap().families["go_goroutines"][0].value, 499.0);
    }
}
