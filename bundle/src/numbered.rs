//! Members of all sources in one order, that of their paths, and numbered.

use std::collections::BTreeMap;

use crate::limits::Limits;
use crate::open::{Artifact, Member};
use crate::store::{Found, names};
use crate::{ArtifactId, Code, Diagnostic, Span};

/// Collects rows before they are sorted and numbered.
#[derive(Default)]
pub(crate) struct Numbered {
    pub(crate) rows: Vec<Row>,
}

pub(crate) struct Row {
    label: names::Label,
    bytes: u64,
    member: Member,
}

impl Numbered {
    pub(crate) fn add(&mut self, source: usize, prefix: &str, found: Vec<Found>, limits: &Limits) {
        for found in found {
            let mut label = names::label(&found.name, limits.name, limits.levels);
            label.path = names::joined(prefix, label.path);
            self.rows.push(Row {
                label,
                bytes: found.bytes,
                member: Member { source, slot: found.slot },
            });
        }
    }

    pub(crate) fn finish(mut self, notes: &mut Vec<Diagnostic>) -> (Vec<Artifact>, Vec<Member>) {
        self.rows.sort_by(|a, b| {
            (a.label.path.as_bytes(), a.member.source, a.member.slot).cmp(&(
                b.label.path.as_bytes(),
                b.member.source,
                b.member.slot,
            ))
        });
        let (mut artifacts, mut members) = (Vec::<Artifact>::new(), Vec::new());
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let mut previous: Option<String> = None;
        for (index, row) in self.rows.into_iter().enumerate() {
            let id = ArtifactId(u32::try_from(index).unwrap_or(u32::MAX));
            let names::Label { mut path, odd, shortened } = row.label;
            if previous.as_ref() == Some(&path) {
                let time = times.entry(path.clone()).or_insert(1);
                *time += 1;
                notes.push(
                    Diagnostic::new(Code::DuplicateMember, Span::start_of(id)).with("name", &path),
                );
                path = format!("{path} ({time})");
            } else {
                previous = Some(path.clone());
            }
            if let Some(reason) = odd {
                notes.push(
                    Diagnostic::new(Code::UnsafeName, Span::start_of(id))
                        .with("name", &path)
                        .with("reason", reason),
                );
            }
            if shortened {
                let at = Span::start_of(id);
                notes.push(
                    Diagnostic::new(Code::LimitReached, at)
                        .with("limit", "name")
                        .with("value", path.len()),
                );
            }
            artifacts.push(Artifact { id, path, stored_bytes: row.bytes, command: None });
            members.push(row.member);
        }
        (artifacts, members)
    }
}
