//! The API server's priority-and-fairness dumps (`/debug/api_priority_and_fairness/dump_*`).
//!
//! Columns are found by the header's names, which vary by version. Every numeric cell becomes a
//! sample of one synthetic scrape, so that rules read it as they read metrics:
//!
//! | dump | families | labels |
//! |---|---|---|
//! | `dump_priority_levels` | `apf_dump_waiting_requests`, `apf_dump_executing_requests`, `apf_dump_dispatched_requests`, `apf_dump_rejected_requests`, `apf_dump_timedout_requests`, `apf_dump_cancelled_requests`, `apf_dump_active_queues` | `priority_level` |
//! | `dump_queues` | `apf_dump_queue_pending_requests`, `apf_dump_queue_executing_requests`, `apf_dump_queue_seats_in_use` | `priority_level`, `queue` |
//! | `dump_requests` | `apf_dump_requests`: one per waiting or executing request, value 1 | `priority_level`, `flow_schema`, `user`, `verb`, `resource` |

use std::collections::BTreeMap;

use konspect_bundle::Source;

use super::{Hint, Kind, Rows, TableKind};
use crate::model::metrics::{MetricsComponent, Sample, Scrape};

/// Requests of a dump that are kept.
const REQUESTS: usize = 20_000;

/// Reads a dump; several of them may follow each other.
pub fn dump(source: &Source<'_>, _hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let mut header: Vec<String> = Vec::new();
    let mut scrape =
        Scrape { component: MetricsComponent::ApiServer, at: source.whole(), ..Scrape::default() };
    for line in source.lines() {
        let text = line.text();
        if is_header(&text) {
            header = cells(&text).map(str::to_owned).collect();
            continue;
        }
        if header.is_empty() || text.trim().is_empty() {
            continue;
        }
        let row: BTreeMap<&str, &str> =
            header.iter().map(String::as_str).zip(cells(&text)).collect();
        scrape.series += 1;
        for (family, labels, value) in samples(&row) {
            let samples = scrape.families.entry(family.to_owned()).or_default();
            if samples.len() < REQUESTS {
                samples.push(Sample {
                    name: family.into(),
                    labels: labels.into_iter().collect(),
                    value,
                    at: line.at,
                });
            }
        }
    }
    rows.covers(TableKind::FlowControl, source.whole());
    rows.scrapes.push(scrape);
    Kind::PriorityAndFairnessDump
}

/// Whether a line heads one of the dumps.
pub fn is_header(line: &str) -> bool {
    let mut cells = cells(line);
    cells.next() == Some("PriorityLevelName") && cells.next().is_some()
        || line.trim_start().starts_with("FlowSchemaName,")
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(str::trim)
}

const LEVEL_COLUMNS: &[(&str, &str)] = &[
    ("ActiveQueues", "apf_dump_active_queues"),
    ("WaitingRequests", "apf_dump_waiting_requests"),
    ("ExecutingRequests", "apf_dump_executing_requests"),
    ("DispatchedRequests", "apf_dump_dispatched_requests"),
    ("RejectedRequests", "apf_dump_rejected_requests"),
    ("TimedoutRequests", "apf_dump_timedout_requests"),
    ("CancelledRequests", "apf_dump_cancelled_requests"),
];

const QUEUE_COLUMNS: &[(&str, &str)] = &[
    ("PendingRequests", "apf_dump_queue_pending_requests"),
    ("ExecutingRequests", "apf_dump_queue_executing_requests"),
    ("SeatsInUse", "apf_dump_queue_seats_in_use"),
];

type Row = (&'static str, BTreeMap<String, String>, f64);

fn samples(row: &BTreeMap<&str, &str>) -> Vec<Row> {
    let label = |names: &[&str]| {
        names.iter().find_map(|name| row.get(name)).map(|value| (*value).to_owned())
    };
    let mut labels = BTreeMap::new();
    for (name, columns) in [
        ("priority_level", &["PriorityLevelName"][..]),
        ("flow_schema", &["FlowSchemaName"]),
        ("queue", &["Index", "QueueIndex"]),
        ("user", &["UserName"]),
        ("verb", &["Verb"]),
        ("resource", &["Resource"]),
    ] {
        if let Some(value) = label(columns).filter(|value| !value.is_empty()) {
            labels.insert(name.to_owned(), value);
        }
    }
    let is_request = row.contains_key("FlowSchemaName");
    if is_request {
        labels.remove("queue");
        return vec![("apf_dump_requests", labels, 1.0)];
    }
    let columns = if labels.contains_key("queue") { QUEUE_COLUMNS } else { LEVEL_COLUMNS };
    columns
        .iter()
        .filter_map(|(column, family)| {
            let value = row.get(column)?.parse().ok()?;
            Some((*family, labels.clone(), value))
        })
        .collect()
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;
    use konspect_bundle::ArtifactId;

    fn read(text: &str) -> Scrape {
        let mut rows = Rows::default();
        dump(&Source::new(ArtifactId(0), text.as_bytes()), &Hint::default(), &mut rows);
        rows.scrapes.remove(0)
    }

    #[test]
    fn priority_levels_by_header_name() {
        let scrape = read(
            "PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests\n\
             workload-low,     0,            true,   false,       0,               0,                 4595,               7,                0,                0\n\
             exempt,            <none>,      <none>, <none>,      <none>,          <none>,            <none>,             <none>,           <none>,           <none>\n",
        );
        let rejected = &scrape.families["apf_dump_rejected_requests"];
        assert_eq!(rejected.len(), 1);
        assert_eq!((rejected[0].label("priority_level"), rejected[0].value), ("workload-low", 7.0));
        assert_eq!(scrape.families["apf_dump_dispatched_requests"][0].value, 4595.0);
    }

    #[test]
    fn queues_and_requests() {
        let scrape = read(
            "PriorityLevelName, Index,  PendingRequests, ExecutingRequests, SeatsInUse, NextDispatchR, InitialSeatsSum, MaxSeatsSum, TotalWorkSum\n\
             workload-low,      14,     27,              2,                 2,     77.64342019ss,  270,  270, 0.810000000ss\n\
             PriorityLevelName, FlowSchemaName, QueueIndex, RequestIndexInQueue, FlowDistingsher, ArriveTime, InitialSeats, FinalSeats, AdditionalLatency, UserName, Verb, APIPath, Namespace, Name, APIVersion, Resource, SubResource\n\
             workload-low, service-accounts, 14, 0, system:serviceaccount:default:x, 2022-01-01T00:00:00Z, 10, 0, 0s, system:serviceaccount:default:x, list, /api/v1/namespaces/kube-stress/configmaps, kube-stress, , v1, configmaps,\n",
        );
        assert_eq!(scrape.families["apf_dump_queue_pending_requests"][0].value, 27.0);
        let request = &scrape.families["apf_dump_requests"][0];
        assert_eq!((request.label("verb"), request.label("resource")), ("list", "configmaps"));
    }
}
