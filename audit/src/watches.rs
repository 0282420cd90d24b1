//! Requests that have started and not ended: watches above all.
//!
//! Starts and ends meet by the hash of the audit ID, whichever comes first, so parts of a log merge
//! in any order.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::{HashMap, HashTable};
use konspect_bundle::Span;

use crate::budget::{hash, mix};

/// How many unmatched halves are kept.
pub(crate) const LIMIT: usize = 1 << 19;

/// When there are so many owners, those that no open request has are forgotten. Which ones are kept
/// never depends on the order in which requests came.
const OWNERS: usize = 1 << 16;

/// Where, when and whose an open request is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Started {
    pub(crate) time: i64,
    pub(crate) at: Span,
    pub(crate) owner: u32,
}

/// What open requests are grouped by; the texts are those of the batch, not copies.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Owner {
    pub(crate) user: Arc<str>,
    pub(crate) agent: Arc<str>,
    pub(crate) verb: u8,
    pub(crate) resource: Arc<str>,
    pub(crate) namespace: Arc<str>,
}

impl Owner {
    /// Where an owner is looked for.
    fn hash(&self) -> u64 {
        owner_hash(
            hash(hash(1, self.user.as_bytes()), self.agent.as_bytes()),
            hash(u64::from(self.verb), self.resource.as_bytes()),
            hash(7, self.namespace.as_bytes()),
        )
    }

    /// Whether both are the same; those that share their texts mostly are.
    fn is(&self, other: &Self) -> bool {
        let same = |left: &Arc<str>, right: &Arc<str>| Arc::ptr_eq(left, right) || left == right;
        self.verb == other.verb
            && same(&self.user, &other.user)
            && same(&self.agent, &other.agent)
            && same(&self.resource, &other.resource)
            && same(&self.namespace, &other.namespace)
    }
}

/// The hash of an owner from those of its client, of verb and resource, and of its namespace.
pub(crate) fn owner_hash(client: u64, request: u64, namespace: u64) -> u64 {
    let both = mix(client ^ 0x2d35_8dcc_aa6c_78a5, request ^ 0x8bb8_4b93_962e_acc9);
    mix(both ^ namespace, 0x4b33_a62e_d433_d4a3)
}

/// Something that an owner can be made of, once it is known not to be there.
pub(crate) trait Whose {
    fn hash(&self) -> u64;
    fn is(&self, owner: &Owner) -> bool;
    fn owner(&self) -> Owner;
}

impl Whose for Owner {
    fn hash(&self) -> u64 {
        self.hash()
    }

    fn is(&self, owner: &Owner) -> bool {
        self.is(owner)
    }

    fn owner(&self) -> Owner {
        self.clone()
    }
}

impl Whose for (u64, Owner) {
    fn hash(&self) -> u64 {
        self.0
    }

    fn is(&self, owner: &Owner) -> bool {
        self.1.is(owner)
    }

    fn owner(&self) -> Owner {
        self.1.clone()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Half {
    Start(Started),
    End,
}

/// Unmatched halves.
#[derive(Clone, Debug)]
pub(crate) struct Watches {
    halves: HashMap<u64, Half>,
    /// Each with its hash.
    owners: Vec<(u64, Owner)>,
    /// Hashes and numbers of the owners.
    numbers: HashTable<(u64, u32)>,
    /// Only audit IDs with a hash up to `u64::MAX >> thinned` are followed.
    pub(crate) thinned: u32,
    /// So many owners are taken before unused ones are looked for.
    room: usize,
}

impl Default for Watches {
    fn default() -> Self {
        Self {
            halves: HashMap::new(),
            owners: Vec::new(),
            numbers: HashTable::new(),
            thinned: 0,
            room: OWNERS,
        }
    }
}

impl Watches {
    pub(crate) fn start(&mut self, id: u64, time: i64, at: Span, owner: &impl Whose) {
        if !self.follows(id) {
            return;
        }
        match self.halves.get(&id) {
            Some(Half::End) => {
                self.halves.remove(&id);
            }
            Some(Half::Start(known)) => {
                if (time, at) < (known.time, known.at) {
                    let owner = self.number(owner);
                    self.halves.insert(id, Half::Start(Started { time, at, owner }));
                }
            }
            None => {
                let owner = self.number(owner);
                self.halves.insert(id, Half::Start(Started { time, at, owner }));
                self.thin();
            }
        }
    }

    pub(crate) fn end(&mut self, id: u64) {
        if !self.follows(id) {
            return;
        }
        if let Some(Half::Start(_)) = self.halves.get(&id) {
            self.halves.remove(&id);
        } else {
            self.halves.insert(id, Half::End);
            self.thin();
        }
    }

    fn follows(&self, id: u64) -> bool {
        id <= u64::MAX.checked_shr(self.thinned).unwrap_or(0)
    }

    fn number(&mut self, whose: &impl Whose) -> u32 {
        let (key, owners) = (whose.hash(), &self.owners);
        let same = |(known, number): &(u64, u32)| {
            *known == key && owners.get(*number as usize).is_some_and(|(_, owner)| whose.is(owner))
        };
        if let Some((_, number)) = self.numbers.find(key, same) {
            return *number;
        }
        if self.owners.len() >= self.room {
            self.forget_unused();
        }
        let number = u32::try_from(self.owners.len()).unwrap_or(u32::MAX);
        self.owners.push((key, whose.owner()));
        self.numbers.insert_unique(key, (key, number), |(key, _)| *key);
        number
    }

    /// Forgets the owners whose requests have all ended.
    fn forget_unused(&mut self) {
        let mut numbers: Vec<Option<u32>> = vec![None; self.owners.len()];
        let mut kept = 0;
        for half in self.halves.values_mut() {
            if let Half::Start(started) = half
                && let Some(number) = numbers.get_mut(started.owner as usize)
            {
                started.owner = *number.get_or_insert_with(|| {
                    kept += 1;
                    kept - 1
                });
            }
        }
        let owners = std::mem::take(&mut self.owners);
        let mut owners: Vec<(u32, (u64, Owner))> = numbers
            .into_iter()
            .zip(owners)
            .filter_map(|(number, owner)| Some((number?, owner)))
            .collect();
        owners.sort_unstable_by_key(|(number, _)| *number);
        self.numbers.clear();
        for (number, (key, _)) in &owners {
            self.numbers.insert_unique(*key, (*key, *number), |(key, _)| *key);
        }
        self.owners = owners.into_iter().map(|(_, owner)| owner).collect();
        self.room = self.room.max(2 * self.owners.len());
    }

    fn thin(&mut self) {
        while self.halves.len() > LIMIT {
            self.thinned += 1;
            let limit = u64::MAX.checked_shr(self.thinned).unwrap_or(0);
            self.halves.retain(|id, _| *id <= limit);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.halves.len()
    }

    pub(crate) fn merge(&mut self, other: Self) {
        if self.thinned < other.thinned {
            self.thinned = other.thinned;
            let limit = u64::MAX.checked_shr(self.thinned).unwrap_or(0);
            self.halves.retain(|id, _| *id <= limit);
        }
        let Self { halves, owners, .. } = other;
        for (id, half) in halves {
            match half {
                Half::Start(Started { time, at, owner }) => {
                    if let Some(owner) = owners.get(owner as usize) {
                        self.start(id, time, at, owner);
                    }
                }
                Half::End => self.end(id),
            }
        }
    }

    /// Ends without a start, in ascending order: their requests began before the log.
    pub(crate) fn ends(&self) -> Vec<u64> {
        let mut ids: Vec<u64> =
            self.halves.iter().filter(|(_, half)| **half == Half::End).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }

    /// Open requests by owner, and within it by audit ID's hash.
    pub(crate) fn open(&self) -> BTreeMap<Owner, Vec<(u64, Started)>> {
        let mut starts: Vec<Vec<(u64, Started)>> = vec![Vec::new(); self.owners.len()];
        for (id, half) in &self.halves {
            if let Half::Start(started) = half
                && let Some(starts) = starts.get_mut(started.owner as usize)
            {
                starts.push((*id, started.clone()));
            }
        }
        let mut open: BTreeMap<Owner, Vec<(u64, Started)>> = BTreeMap::new();
        for ((_, owner), starts) in self.owners.iter().zip(starts) {
            if !starts.is_empty() {
                open.entry(owner.clone()).or_default().extend(starts);
            }
        }
        for starts in open.values_mut() {
            starts.sort_by(|left, right| {
                (left.1.time, left.1.at, left.0).cmp(&(right.1.time, right.1.at, right.0))
            });
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use konspect_bundle::ArtifactId;
    use proptest::prelude::*;

    use super::*;

    /// Starts and ends in the order given, by two workers whose halves meet at the end.
    fn left_open(events: &[(u64, bool)], cut: usize, room: usize) -> BTreeMap<Owner, Vec<u64>> {
        let mut workers =
            [Watches { room, ..Watches::default() }, Watches { room, ..Watches::default() }];
        for (number, (id, starts)) in events.iter().enumerate() {
            let worker = &mut workers[usize::from(number >= cut)];
            if *starts {
                let owner = Owner { user: format!("user-{}", id % 7).into(), ..Owner::default() };
                let at = Span { artifact: ArtifactId(0), start: *id, end: id + 1 };
                worker.start(*id, 0, at, &owner);
            } else {
                worker.end(*id);
            }
        }
        let [mut all, other] = workers;
        all.merge(other);
        all.open()
            .into_iter()
            .map(|(owner, starts)| (owner, starts.into_iter().map(|(id, _)| id).collect()))
            .collect()
    }

    proptest! {
        #[test]
        fn what_is_open_does_not_depend_on_the_order_nor_on_the_room(
            count in 1_u64..40, ended in 0_u64..40, cut in 0_usize..80, room in 1_usize..9, seed in any::<u64>(),
        ) {
            let mut events: Vec<(u64, bool)> = (0..count).map(|id| (id, true)).collect();
            events.extend((0..ended.min(count)).map(|id| (id, false)));
            let expected = left_open(&events, events.len(), usize::MAX);
            prop_assert_eq!(expected.values().map(Vec::len).sum::<usize>() as u64, count - ended.min(count));
            events.sort_by_key(|event| crate::budget::hash(seed, &(event.0 * 2 + u64::from(event.1)).to_le_bytes()));
            prop_assert_eq!(left_open(&events, cut, room), expected);
        }
    }
}
