//! Long-running requests of which one half was seen.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{Column, Reader, Writer};
use super::texts::Near;
use super::{Reading, Writing};
use crate::event::Verb;
use crate::watches::{KEPT_BYTES, LEVELS, Owner, Started, Watches, Whose};

pub(super) type Open = BTreeMap<Owner, Vec<(u64, Started)>>;

const OWNER: [Column; 4] =
    [Column::OwnerUser, Column::OwnerAgent, Column::OwnerResource, Column::OwnerNamespace];

/// All texts that are written.
pub(super) fn collect<'a>(open: &'a Open, texts: &mut BTreeSet<&'a str>) {
    texts.extend(open.keys().flat_map(parts));
}

fn parts(owner: &Owner) -> [&str; 4] {
    [&owner.user, &owner.agent, &owner.resource, &owner.namespace]
}

pub(super) fn put(watches: &Watches, open: &Open, out: &mut Writer, to: &Writing<'_>) {
    let levels = watches.halves_by_level();
    out.count(Column::Owner, levels.len());
    for (starts, ends) in levels {
        out.number(Column::Owner, starts);
        out.number(Column::Owner, ends);
    }
    let ends = watches.ends();
    out.count(Column::Owner, ends.len());
    for id in ends {
        put_id(out, id);
    }
    out.count(Column::Owner, open.len());
    let mut columns = OWNER.map(Near::new);
    for (owner, starts) in open {
        for (column, text) in columns.iter_mut().zip(parts(owner)) {
            column.put(out, to.number(text));
        }
        out.number(Column::Owner, owner.verb.into());
        out.count(Column::Owner, starts.len());
        let mut starts: Vec<(i64, u64)> =
            starts.iter().map(|(id, start)| (start.time, *id)).collect();
        starts.sort_unstable();
        for (time, id) in starts {
            out.time(Column::Started, time, to.window.1);
            put_id(out, id);
        }
    }
}

/// The low bits of an ID are not kept.
fn put_id(out: &mut Writer, id: u64) {
    if let Some(kept) = id.to_be_bytes().first_chunk::<KEPT_BYTES>() {
        out.raw(Column::Ids, kept);
    }
}

fn id(from: &mut Reader<'_>) -> Option<u64> {
    let kept = from.raw(Column::Ids, KEPT_BYTES)?.iter();
    Some(kept.fold(0, |id, byte| id << 8 | u64::from(*byte)) << (64 - 8 * KEPT_BYTES))
}

/// An owner whose texts are those of the bytes.
struct Borrowed<'t> {
    verb: u8,
    parts: [&'t str; 4],
    hash: u64,
}

impl Whose for Borrowed<'_> {
    fn hash(&self) -> u64 {
        self.hash
    }

    fn is(&self, owner: &Owner) -> bool {
        self.verb == owner.verb && self.parts == parts(owner)
    }

    fn owner(&self) -> Owner {
        let [user, agent, resource, namespace] = self.parts.map(Into::into);
        Owner { user, agent, verb: self.verb, resource, namespace }
    }
}

/// Reads halves, and lets them meet others.
pub(super) fn read(
    from: &mut Reader<'_>,
    state: &Reading<'_>,
    mut into: Option<&mut Watches>,
) -> Option<()> {
    let mut levels = [[0; 2]; LEVELS];
    for level in 0..from.count(Column::Owner)? {
        *levels.get_mut(level)? = [from.counter(Column::Owner)?, from.counter(Column::Owner)?];
    }
    if let Some(watches) = &mut into {
        watches.join(&levels);
    }
    for _ in 0..from.count(Column::Owner)? {
        let id = id(from)?;
        if let Some(watches) = into.as_deref_mut().filter(|watches| watches.follows(id)) {
            watches.put_end(id);
        }
    }
    let mut columns = OWNER.map(Near::new);
    for _ in 0..from.count(Column::Owner)? {
        let mut parts = [""; 4];
        for (text, column) in parts.iter_mut().zip(&mut columns) {
            *text = column.read(from, state.texts)?;
        }
        let verb = from.narrow(Column::Owner)?;
        Verb::ALL.get(usize::from(verb))?;
        let mut owner = None;
        for _ in 0..from.count(Column::Owner)? {
            let (time, id) = (from.time(Column::Started, state.window.1)?, id(from)?);
            if let Some(watches) = into.as_deref_mut().filter(|watches| watches.follows(id)) {
                let owner = owner.get_or_insert_with(|| {
                    let [user, agent, resource, namespace] = parts;
                    let hash = Owner::hash_of(user, agent, verb, resource, namespace);
                    Borrowed { verb, parts, hash }
                });
                watches.put_start(id, time, state.home, owner);
            }
        }
    }
    Some(())
}
