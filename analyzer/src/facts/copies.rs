//! One object that stands in several sources becomes one row: the newer collection's, else the one that tells most.
//!
//! When two collections disagree about an object's state, a diagnostic says which was believed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::{ArtifactId, Code, Diagnostic, Span};

use super::Origin;
use crate::model::client::Collection;

/// So many disagreements are told one by one.
const TOLD: usize = 20;

/// A collection this much later than the first is a second one.
const LATER_SECONDS: i64 = 1800;

/// When each artefact was collected, as far as records say so.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    by_artifact: Vec<Option<Timestamp>>,
}

impl Taken {
    /// A record speaks for the files of its folder and below, the nearest record first; of the rest `newest` says
    /// the newest time in one artefact's rows.
    pub(super) fn new(
        collections: &[Collection],
        origin: &Origin,
        newest: &BTreeMap<ArtifactId, Timestamp>,
    ) -> Self {
        let mut records: Vec<(&str, Timestamp)> = collections
            .iter()
            .filter_map(|collection| {
                let path = origin.path(collection.at.artifact);
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                Some((folder, collection.finished.or(collection.started)?))
            })
            .collect();
        records.sort_by_key(|(folder, time)| (std::cmp::Reverse(folder.len()), *folder, *time));
        let of = |path: &str| {
            records.iter().find(|(folder, _)| is_below(path, folder)).map(|(_, time)| *time)
        };
        if records.is_empty() {
            return Self::default();
        }
        let mut by_artifact: Vec<Option<Timestamp>> =
            origin.paths.iter().map(|path| of(path).or(origin.collected)).collect();
        let unrecorded = newest.iter().filter(|(artifact, _)| {
            by_artifact.get(artifact.0 as usize).is_some_and(Option::is_none)
        });
        let rest = unrecorded.map(|(_, time)| *time).max();
        for time in &mut by_artifact {
            *time = time.or(rest);
        }
        Self { by_artifact }
    }

    /// The bundle's own time: the last of its collections, unless what was asked later came much later: what the
    /// first one shows must not look old by that.
    pub(super) fn now(&self) -> Option<Timestamp> {
        let times = || self.by_artifact.iter().flatten().copied();
        let (first, last) = (times().min()?, times().max()?);
        Some(if last.duration_since(first).as_secs() > LATER_SECONDS { first } else { last })
    }

    pub fn of(&self, artifact: ArtifactId) -> Option<Timestamp> {
        self.by_artifact.get(artifact.0 as usize).copied().flatten()
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Joins rows, and notes what collections disagree about.
pub(super) struct Copies<'a> {
    taken: &'a Taken,
    disagreements: Vec<Diagnostic>,
}

impl<'a> Copies<'a> {
    pub(super) fn new(taken: &'a Taken) -> Self {
        Self { taken, disagreements: Vec::new() }
    }

    /// Of several rows of one object the newest of those that tell about as much; of one collection the one that
    /// tells most, of equals the last.
    pub(super) fn best_of<T, K: Ord>(
        &mut self,
        rows: Vec<T>,
        key: fn(&T) -> K,
        weight: fn(&T) -> usize,
        at: fn(&T) -> Span,
    ) -> Vec<T> {
        self.best_with_state(rows, key, weight, at, |_| (String::new(), String::new()))
    }

    /// The same, for rows whose state two collections may tell differently: its name and the state.
    pub(super) fn best_with_state<T, K: Ord>(
        &mut self,
        rows: Vec<T>,
        key: fn(&T) -> K,
        weight: fn(&T) -> usize,
        at: fn(&T) -> Span,
        state: fn(&T) -> (String, String),
    ) -> Vec<T> {
        // A list comes in order, and is all there is.
        if rows.iter().map(key).is_sorted_by(|one, next| one < next) {
            return rows;
        }
        // Places instead of rows, sorted: a list of one namespace after the other has long runs in order.
        let mut order: Vec<(K, usize)> = rows.iter().map(key).zip(0..).collect();
        order.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut disagreements: Vec<(usize, Diagnostic)> = Vec::new();
        let mut best: Vec<usize> = Vec::with_capacity(order.len());
        for same in order.chunk_by(|(a, _), (b, _)| a == b) {
            let places = same.iter().map(|(_, place)| *place);
            best.extend(places.reduce(|known, next| {
                let (Some(known_row), Some(row)) = (rows.get(known), rows.get(next)) else {
                    return known;
                };
                let times = (self.time(at(known_row)), self.time(at(row)));
                let newer = match times {
                    // A table of the second collection does not push out an object of the first.
                    (Some(old), Some(new)) if new > old => weight(row) * 2 >= weight(known_row),
                    (Some(old), Some(new)) if new < old => weight(row) > weight(known_row) * 2,
                    _ => weight(row) >= weight(known_row),
                };
                let (kept, left) = if newer { (row, known_row) } else { (known_row, row) };
                let ((name, is), (_, was)) = (state(kept), state(left));
                if times.0 != times.1 && is != was {
                    let reason = format!(
                        "{name}: {was} at {}, {is} at {}; the latter is used",
                        shown(self.time(at(left))),
                        shown(self.time(at(kept))),
                    );
                    let note = Diagnostic::new(Code::Contradiction, at(left));
                    disagreements.push((next, note.with("reason", reason)));
                }
                if newer { next } else { known }
            }));
        }
        // In the order of the rows, of which the first are told.
        disagreements.sort_by_key(|(place, _)| *place);
        self.disagreements.extend(disagreements.into_iter().map(|(_, note)| note));
        if best.len() == rows.len() && best.is_sorted() {
            return rows;
        }
        let mut rows: Vec<Option<T>> = rows.into_iter().map(Some).collect();
        best.into_iter().filter_map(|place| rows.get_mut(place)?.take()).collect()
    }

    /// What collections disagree about: the first in full, the rest as a count.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let more = self.disagreements.len().saturating_sub(TOLD);
        let mut told: Vec<Diagnostic> = self.disagreements.into_iter().take(TOLD).collect();
        if let Some(last) = told.last_mut().filter(|_| more > 0) {
            last.args.push(("more", more.into()));
        }
        told
    }

    fn time(&self, at: Span) -> Option<Timestamp> {
        self.taken.of(at.artifact)
    }
}

fn shown(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "an unknown time".to_owned(), |time| time.strftime("%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Row {
        name: &'static str,
        state: &'static str,
        weight: usize,
        at: Span,
    }

    fn row(artifact: u32, state: &'static str, weight: usize) -> Row {
        let at = Span { artifact: ArtifactId(artifact), start: 0, end: 1 };
        Row { name: "node-a", state, weight, at }
    }

    fn join(rows: Vec<Row>) -> (Row, usize) {
        let origin = Origin {
            paths: ["a/nodes.json", "b/nodes.json", "c.json"].map(str::to_owned).to_vec(),
            ..Origin::default()
        };
        let record = |artifact: u32, time: &str| Collection {
            finished: time.parse().ok(),
            at: Span { artifact: ArtifactId(artifact), start: 0, end: 1 },
            ..Collection::default()
        };
        let collections = [record(0, "2025-06-11T16:00:00Z"), record(1, "2025-06-11T15:00:00Z")];
        let taken = Taken::new(&collections, &origin, &BTreeMap::new());
        assert_eq!(taken.now(), "2025-06-11T15:00:00Z".parse().ok());
        let mut copies = Copies::new(&taken);
        let mut kept = copies.best_with_state(
            rows,
            |row| row.name,
            |row| row.weight,
            |row| row.at,
            |row| (row.name.to_owned(), row.state.to_owned()),
        );
        (kept.remove(0), copies.finish().len())
    }

    #[test]
    fn the_newer_collection_is_believed_and_the_disagreement_said() {
        // The folder a was collected an hour after the folder b, though its path comes first.
        let (kept, said) = join(vec![row(0, "Ready", 100), row(1, "NotReady", 110)]);
        assert_eq!((kept.state, said), ("Ready", 1));
        // A table with one column does not push out an object.
        let (kept, said) = join(vec![row(0, "Ready", 4), row(1, "NotReady", 110)]);
        assert_eq!((kept.state, said), ("NotReady", 1));
        // Without a second time it is what tells most.
        let (kept, said) = join(vec![row(2, "Ready", 4), row(2, "NotReady", 110)]);
        assert_eq!((kept.state, said), ("NotReady", 0));
    }
}
