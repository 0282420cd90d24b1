//! About when a bundle without a manifest was taken: gives stamps without a year theirs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::Bundle;

use super::time;

/// So many artefacts are looked into, in the order of their paths.
const ARTIFACTS: usize = 24;
/// Larger ones are passed over.
const BYTES: u64 = 4 << 20;
/// So much of each is read for dates.
const HEAD: usize = 256 << 10;

/// The latest of the full dates that artefacts carry often; dates far ahead, such as the ends of
/// certificates, are rare and do not count.
pub fn reference_time(bundle: &Bundle) -> Option<Timestamp> {
    let candidates: Vec<_> = bundle
        .artifacts()
        .iter()
        .filter(|artifact| artifact.stored_bytes > 0 && artifact.stored_bytes <= BYTES)
        .map(|artifact| artifact.id)
        .collect();
    // Evenly over the bundle, so that one folder of old logs does not decide.
    let step = (candidates.len() / ARTIFACTS).max(1);
    let sample: Vec<_> = candidates.into_iter().step_by(step).take(ARTIFACTS * 2).collect();
    let mut months: BTreeMap<(i16, i8), (u64, Timestamp)> = BTreeMap::new();
    bundle.fetch(&sample, |_, bytes| count(bytes.get(..HEAD).unwrap_or(bytes), &mut months));
    let most = months.values().map(|(count, _)| *count).max()?;
    months.into_values().rev().find(|(count, _)| *count * 20 >= most).map(|(_, latest)| latest)
}

/// Counts RFC 3339 stamps by year and month.
fn count(bytes: &[u8], months: &mut BTreeMap<(i16, i8), (u64, Timestamp)>) {
    for place in memchr::memmem::find_iter(bytes, b"20") {
        let Some(text) = bytes.get(place..(place + 20).min(bytes.len())) else { continue };
        let shaped =
            matches!(text, [_, _, _, _, b'-', _, _, b'-', _, _, b'T', _, _, b':', _, _, b':', ..]);
        if !shaped {
            continue;
        }
        let stamp = std::str::from_utf8(text.get(..19).unwrap_or_default()).ok();
        let Some(found) = stamp.and_then(|stamp| time::rfc3339(&format!("{stamp}Z"))) else {
            continue;
        };
        let date = found.to_zoned(jiff::tz::TimeZone::UTC).date();
        let entry = months.entry((date.year(), date.month())).or_insert((0, found));
        entry.0 += 1;
        entry.1 = entry.1.max(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use konspect_bundle::Limits;

    #[test]
    fn the_month_of_most_stamps_counts_and_a_far_end_does_not() {
        let nodes = "2025-06-11T15:00:00Z ".repeat(60) + "2026-06-02T05:37:47Z";
        let files = vec![
            ("a.json".to_owned(), nodes.into_bytes()),
            ("b.txt".to_owned(), b"E0611 x".to_vec()),
        ];
        let bundle = Bundle::from_memory(files, &Limits::default()).unwrap();
        assert_eq!(reference_time(&bundle), Some("2025-06-11T15:00:00Z".parse().unwrap()));
    }
}
