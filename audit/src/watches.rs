//! Requests that have started and not ended: watches above all.
//!
//! Starts and ends meet by the hash of the audit ID, whichever comes first, so parts of a log merge
//! in any order. Of more than can be kept, a sample is: the IDs whose hash begins with so many zero
//! bits. How many depends on how many starts and ends there were and never on how many were open at
//! a time, which is a matter of order.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::{HashMap, HashTable};
use konspect_bundle::Span;

use crate::budget::{hash, mix};

/// So many starts, and so many ends, are followed; in the worst order none has met yet.
const LIMIT: u64 = 1 << 19;

/// What is kept of a hash: with as many starts and ends as are followed, less than one in a thousand
/// logs has a start that meets the end of another request.
const KEPT: u64 = u64::MAX << (64 - 8 * KEPT_BYTES);
pub(crate) const KEPT_BYTES: usize = 6;

/// Hashes by the zero bits that they begin with.
pub(crate) const LEVELS: usize = 65;

/// When there are so many owners, those that no open request has are forgotten. Which ones are kept
/// never depends on the order in which requests came.
const OWNERS: usize = 1 << 16;

/// The zero bits that a hash begins with.
fn level_of(id: u64) -> usize {
    id.leading_zeros() as usize
}

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
        Self::hash_of(&self.user, &self.agent, self.verb, &self.resource, &self.namespace)
    }

    /// The hash of what an owner is known by.
    pub(crate) fn hash_of(
        user: &str,
        agent: &str,
        verb: u8,
        resource: &str,
        namespace: &str,
    ) -> u64 {
        owner_hash(
            hash(hash(1, user.as_bytes()), agent.as_bytes()),
            hash(u64::from(verb), resource.as_bytes()),
            hash(7, namespace.as_bytes()),
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
    /// Only audit IDs whose hash begins with so many zero bits are followed.
    pub(crate) thinned: usize,
    /// Starts and ends by the zero bits that their hashes begin with, those among them that are not
    /// followed any more.
    levels: [[u64; 2]; LEVELS],
    /// Sums of those that are followed.
    followed: [u64; 2],
    /// So many starts, and so many ends, are followed.
    limit: u64,
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
            levels: [[0; 2]; LEVELS],
            followed: [0; 2],
            limit: LIMIT,
            room: OWNERS,
        }
    }
}

impl Watches {
    pub(crate) fn start(&mut self, id: u64, time: i64, at: Span, owner: &impl Whose) {
        let id = id & KEPT;
        if self.counts(id, 0) {
            self.put_start(id, time, at, owner);
        }
    }

    pub(crate) fn end(&mut self, id: u64) {
        let id = id & KEPT;
        if self.counts(id, 1) {
            self.put_end(id);
        }
    }

    /// Counts a request of which both halves are at hand.
    pub(crate) fn both(&mut self, id: u64) {
        self.counts(id, 0);
        self.counts(id, 1);
    }

    /// Keeps the start of a request that was counted before.
    pub(crate) fn put_start(&mut self, id: u64, time: i64, at: Span, owner: &impl Whose) {
        match self.halves.get(&id) {
            Some(Half::End) => {
                self.halves.remove(&id);
            }
            Some(Half::Start(known)) if (known.time, known.at) <= (time, at) => {}
            Some(Half::Start(_)) | None => {
                let owner = self.number(owner);
                self.halves.insert(id, Half::Start(Started { time, at, owner }));
            }
        }
    }

    /// Keeps the end of a request that was counted before.
    pub(crate) fn put_end(&mut self, id: u64) {
        if let Some(Half::Start(_)) = self.halves.get(&id) {
            self.halves.remove(&id);
        } else {
            self.halves.insert(id, Half::End);
        }
    }

    /// Counts a start (0) or an end (1); answers whether its request is followed.
    fn counts(&mut self, id: u64, half: usize) -> bool {
        let level = level_of(id);
        if let Some(counter) = self.levels.get_mut(level).and_then(|counts| counts.get_mut(half)) {
            *counter = counter.saturating_add(1);
        }
        if level < self.thinned {
            return false;
        }
        if let Some(sum) = self.followed.get_mut(half) {
            *sum = sum.saturating_add(1);
        }
        self.thin();
        level >= self.thinned
    }

    /// Follows fewer requests while there are too many.
    fn thin(&mut self) {
        let before = self.thinned;
        while self.followed.iter().any(|sum| *sum > self.limit) && self.thinned + 1 < LEVELS {
            for (sum, gone) in
                self.followed.iter_mut().zip(self.levels.get(self.thinned).into_iter().flatten())
            {
                *sum = sum.saturating_sub(*gone);
            }
            self.thinned += 1;
        }
        if self.thinned > before {
            let level = self.thinned;
            self.halves.retain(|id, _| level_of(*id) >= level);
        }
    }

    /// Takes the counts of others, and follows what both together allow.
    pub(crate) fn join(&mut self, levels: &[[u64; 2]; LEVELS]) {
        for (mine, its) in self.levels.iter_mut().flatten().zip(levels.iter().flatten()) {
            *mine = mine.saturating_add(*its);
        }
        self.followed = [0; 2];
        for counts in self.levels.iter().skip(self.thinned) {
            for (sum, count) in self.followed.iter_mut().zip(counts) {
                *sum = sum.saturating_add(*count);
            }
        }
        self.thin();
    }

    /// Whether a request is among those that are followed.
    pub(crate) fn follows(&self, id: u64) -> bool {
        level_of(id) >= self.thinned
    }

    /// Starts and ends by level, up to the last that has any.
    pub(crate) fn halves_by_level(&self) -> Vec<(u64, u64)> {
        let used =
            self.levels.iter().rposition(|counts| *counts != [0; 2]).map_or(0, |last| last + 1);
        self.levels.iter().take(used).map(|[starts, ends]| (*starts, *ends)).collect()
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

    pub(crate) fn len(&self) -> usize {
        self.halves.len()
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.join(&other.levels);
        let Self { halves, owners, .. } = other;
        let level = self.thinned;
        for (id, half) in halves.into_iter().filter(|(id, _)| level_of(*id) >= level) {
            match half {
                Half::Start(Started { time, at, owner }) => {
                    if let Some(owner) = owners.get(owner as usize) {
                        self.put_start(id, time, at, owner);
                    }
                }
                Half::End => self.put_end(id),
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

    fn workers(count: usize, room: usize, limit: u64) -> Vec<Watches> {
        vec![Watches { limit, room, ..Watches::default() }; count]
    }

    fn take(worker: &mut Watches, id: u64, starts: bool) {
        if starts {
            let owner = Owner { user: format!("user-{}", id % 7).into(), ..Owner::default() };
            let at = Span { artifact: ArtifactId(0), start: id, end: id };
            worker.start(id, 0, at, &owner);
        } else {
            worker.end(id);
        }
    }

    /// What is left of starts and ends: the level, what is open by owner, and ends without a start.
    type Left = (usize, BTreeMap<Owner, Vec<u64>>, Vec<u64>);

    fn left(watches: &Watches) -> Left {
        let open = watches.open().into_iter();
        let ids = |starts: Vec<(u64, Started)>| starts.into_iter().map(|(id, _)| id).collect();
        let open = open.map(|(owner, starts)| (owner, ids(starts))).collect();
        (watches.thinned, open, watches.ends())
    }

    /// Starts and ends in the order given, by two workers whose halves meet at the end.
    fn by_two(events: &[(u64, bool)], cut: usize, room: usize, limit: u64) -> Left {
        let mut workers = workers(2, room, limit);
        for (number, (id, starts)) in events.iter().enumerate() {
            take(&mut workers[usize::from(number >= cut)], *id, *starts);
        }
        let other = workers.remove(1);
        workers[0].merge(other);
        left(&workers[0])
    }

    /// IDs as hashes are: spread over all levels.
    fn spread(number: u64) -> u64 {
        crate::budget::hash(5, &number.to_le_bytes())
    }

    proptest! {
        #[test]
        fn what_is_open_does_not_depend_on_the_order_nor_on_the_room(
            count in 1_u64..120, ended in 0_u64..120, cut in 0_usize..240, room in 1_usize..9,
            limit in 1_u64..160, seed in any::<u64>(),
        ) {
            let mut events: Vec<(u64, bool)> = (0..count).map(|id| (spread(id), true)).collect();
            // The last ones began before the log.
            events.extend((count / 3..ended).map(|id| (spread(id), false)));
            let expected = by_two(&events, events.len(), usize::MAX, limit);
            let followed = |id: &&u64| level_of(**id) >= expected.0;
            let starts: Vec<u64> = (0..count).map(spread).collect();
            let ends: Vec<u64> = (count / 3..ended).map(spread).collect();
            prop_assert!(starts.iter().filter(followed).count() as u64 <= limit);
            prop_assert!(ends.iter().filter(followed).count() as u64 <= limit);
            let open = starts.iter().filter(|id| !ends.contains(id)).filter(followed).count();
            prop_assert_eq!(expected.1.values().map(Vec::len).sum::<usize>(), open);
            prop_assert_eq!(expected.0 > 0, starts.len().max(ends.len()) as u64 > limit);
            events.sort_by_key(|event| crate::budget::hash(seed, &(event.0 ^ u64::from(event.1)).to_le_bytes()));
            prop_assert_eq!(by_two(&events, cut, room, limit), expected);
        }
    }

    /// Workers that take what comes give up to one that keeps it all, whenever they have some.
    #[test]
    fn threads_leave_the_same_open() {
        let starts = (0..40_000).map(|number| (spread(number), true));
        let events: Vec<(u64, bool)> =
            starts.chain((0..39_000).map(|number| (spread(number), false))).collect();
        let run = |threads: usize| {
            let all = std::sync::Mutex::new(workers(1, OWNERS, 1 << 12));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                rayon::iter::ParallelIterator::for_each(
                    rayon::iter::IntoParallelIterator::into_par_iter(0..events.len() / 250),
                    |part| {
                        let mut mine = workers(1, OWNERS, 1 << 12).remove(0);
                        let parts = events.len() / 250;
                        for (id, starts) in events.iter().skip(part).step_by(parts) {
                            take(&mut mine, *id, *starts);
                        }
                        all.lock().unwrap()[0].merge(mine);
                    },
                );
            });
            left(&all.into_inner().unwrap()[0])
        };
        let one = run(1);
        let open: usize = one.1.values().map(Vec::len).sum();
        assert!(one.0 == 4 && (30..100).contains(&open), "level {}, {open} open", one.0);
        assert_eq!(run(2), one);
        assert_eq!(run(8), one);
    }
}
