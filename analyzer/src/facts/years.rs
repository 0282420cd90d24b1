//! The year of logs that write none: that of the bundle, known only when every artefact was read.

use jiff::{SignedDuration, Timestamp};

use crate::facts::Origin;
use crate::model::log::LogFile;
use crate::parse::Rows;
use crate::parse::time::YEARLESS;

/// Gives every time without a year the one that brings it close to the bundle's own time, and takes
/// the time away when nothing tells that.
pub(super) fn give_years(rows: &mut Rows, origin: &Origin) {
    let stated = rows
        .collections
        .iter()
        .filter_map(|collection| collection.finished.or(collection.started))
        .max();
    let reference = origin.collected.or(stated).or_else(|| newest(rows));
    for log in &mut rows.logs {
        for time in times(log) {
            *time = time.and_then(|time| dated(time, reference));
        }
    }
}

/// The newest time that the rows state with its year.
fn newest(rows: &Rows) -> Option<Timestamp> {
    let events = rows.events.iter().filter_map(|event| event.last.get());
    let conditions = rows
        .nodes
        .iter()
        .flat_map(|node| &node.conditions)
        .filter_map(|condition| condition.told.heartbeat.get().or(condition.transition.get()));
    let leases = rows.leases.iter().filter_map(|lease| lease.renewed);
    let pods = rows.pods.iter().filter_map(|pod| pod.start_time.get().or(pod.meta.created.get()));
    let logs = rows.logs.iter().filter_map(|log| log.last).filter(|time| !yearless(*time));
    events.chain(conditions).chain(leases).chain(pods).chain(logs).max()
}

/// Every time that a log's row holds.
pub(super) fn times(log: &mut LogFile) -> impl Iterator<Item = &mut Option<Timestamp>> {
    let signals = log.signals.iter_mut().flat_map(|count| {
        [&mut count.first, &mut count.last, &mut count.onset]
            .into_iter()
            .chain(count.hits.iter_mut().map(|hit| &mut hit.time))
    });
    [&mut log.first, &mut log.last].into_iter().chain(signals)
}

fn year(time: Timestamp) -> i16 {
    time.to_zoned(jiff::tz::TimeZone::UTC).year()
}

fn yearless(time: Timestamp) -> bool {
    year(time) == YEARLESS
}

/// A log is older than its bundle, give or take a clock or a zone.
fn dated(time: Timestamp, reference: Option<Timestamp>) -> Option<Timestamp> {
    if !yearless(time) {
        return Some(time);
    }
    let reference = reference?;
    let limit = reference.checked_add(SignedDuration::from_hours(48)).ok()?;
    let at = time.to_zoned(jiff::tz::TimeZone::UTC);
    let this = year(reference);
    [this + 1, this, this - 1]
        .into_iter()
        .filter_map(|year| Some(at.with().year(year).build().ok()?.timestamp()))
        .find(|time| *time <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_come_from_the_bundle() {
        let utc = |text: &str| text.parse::<Timestamp>().ok();
        let yearless = |text: &str| format!("{YEARLESS}-{text}").parse::<Timestamp>().ok();
        let dated = |text: &str, reference: &str| dated(yearless(text)?, utc(reference));
        assert_eq!(dated("12-31T23:59:00Z", "2025-01-01T00:30:00Z"), utc("2024-12-31T23:59:00Z"));
        assert_eq!(dated("06-11T15:00:00Z", "2025-06-11T15:30:00Z"), utc("2025-06-11T15:00:00Z"));
        assert_eq!(
            super::dated(utc("2023-06-11T15:00:00Z").unwrap(), None),
            utc("2023-06-11T15:00:00Z")
        );
        assert_eq!(super::dated(yearless("06-11T15:00:00Z").unwrap(), None), None);
    }
}
