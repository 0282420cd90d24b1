//! Requests that have started and not ended: watches above all.
//!
//! Starts and ends meet by the hash of the audit ID, whichever comes first, so parts of a log merge
//! in any order.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use konspect_bundle::Span;

use crate::rows::hash_parts;

/// How many unmatched halves are kept.
pub(crate) const LIMIT: usize = 1 << 19;

/// How many different owners are told apart.
const OWNERS: usize = 1 << 18;

/// Where, when and whose an open request is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Started {
    pub(crate) time: i64,
    pub(crate) at: Span,
    pub(crate) owner: u32,
}

/// What open requests are grouped by.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Owner {
    pub(crate) user: String,
    pub(crate) agent: String,
    pub(crate) verb: u8,
    pub(crate) resource: String,
    pub(crate) namespace: String,
}

impl Owner {
    /// The hash that an owner is known by.
    pub(crate) fn hash(&self) -> u64 {
        let (group, name) = self.resource.rsplit_once('/').unwrap_or(("", &self.resource));
        let (group, name) =
            if group.is_empty() { ("", self.resource.as_str()) } else { (group, name) };
        hash_parts(u64::from(self.verb), &[&self.user, &self.agent, group, name, &self.namespace])
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Half {
    Start(Started),
    End,
}

/// Unmatched halves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watches {
    halves: HashMap<u64, Half>,
    /// Each with the hash that it is known by.
    owners: Vec<(u64, Owner)>,
    numbers: HashMap<u64, u32>,
    /// Only audit IDs with a hash up to `u64::MAX >> thinned` are followed.
    pub(crate) thinned: u32,
}

impl Watches {
    pub(crate) fn start(
        &mut self,
        id: u64,
        time: i64,
        at: Span,
        key: u64,
        owner: impl FnOnce() -> Owner,
    ) {
        if !self.follows(id) {
            return;
        }
        match self.halves.get(&id) {
            Some(Half::End) => {
                self.halves.remove(&id);
            }
            Some(Half::Start(known)) => {
                if (time, at) < (known.time, known.at) {
                    let owner = self.number(key, owner);
                    self.halves.insert(id, Half::Start(Started { time, at, owner }));
                }
            }
            None => {
                let owner = self.number(key, owner);
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

    fn number(&mut self, key: u64, owner: impl FnOnce() -> Owner) -> u32 {
        // Made-up names must not eat memory: past the limit requests have the empty owner.
        let full = self.owners.len() >= OWNERS;
        let key = if full && !self.numbers.contains_key(&key) { 0 } else { key };
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = u32::try_from(self.owners.len()).unwrap_or(u32::MAX);
        self.owners.push((key, if full { Owner::default() } else { owner() }));
        self.numbers.insert(key, number);
        number
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
                    let known = owners.get(owner as usize);
                    let key = known.map_or(0, |(key, _)| *key);
                    self.start(id, time, at, key, || {
                        known.map(|(_, owner)| owner.clone()).unwrap_or_default()
                    });
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
        let mut open: BTreeMap<Owner, Vec<(u64, Started)>> = BTreeMap::new();
        for (id, half) in &self.halves {
            if let Half::Start(started) = half {
                let (_, owner) =
                    self.owners.get(started.owner as usize).cloned().unwrap_or_default();
                open.entry(owner).or_default().push((*id, started.clone()));
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
