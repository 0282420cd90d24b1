//! The large tables, of clients and of user agents, that all workers of an analysis count into: a row
//! exists once and not once a worker, so nothing is to be merged at the end.
//!
//! They are in parts by the hashes of their keys, each with a lock that a worker holds while it counts
//! the requests of one client. Bounds hold for all parts together.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::rows::{AGENTS, AgentRow, Rows};
use crate::users::Users;

/// Many more than workers, so that two seldom meet.
const PARTS: usize = 64;

/// Tables that are shared.
#[derive(Debug)]
pub(crate) struct Tables {
    users: [Mutex<Users>; PARTS],
    agents: [Mutex<Rows<AgentRow>>; PARTS],
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            users: std::array::from_fn(|_| Mutex::default()),
            agents: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

/// Where a worker counts: into tables of its own, or into those of all.
pub(crate) enum Destination<'a> {
    Own(&'a mut Users, &'a mut Rows<AgentRow>),
    Shared(&'a Tables),
}

impl Destination<'_> {
    /// The table of a user of this hash.
    pub(crate) fn users(&mut self, hash: u64, count: impl FnOnce(&mut Users)) {
        match self {
            Self::Own(users, _) => count(users),
            Self::Shared(tables) => count(&mut part(&tables.users, hash)),
        }
    }

    /// The table of a user agent of this hash.
    pub(crate) fn agents(&mut self, hash: u64, count: impl FnOnce(&mut Rows<AgentRow>)) {
        match self {
            Self::Own(_, agents) => count(agents),
            Self::Shared(tables) => count(&mut part(&tables.agents, hash)),
        }
    }
}

impl Tables {
    /// Enforces the bounds.
    pub(crate) fn trim(&self) {
        Users::trim_parts(&mut all(&self.users));
        let mut agents = all(&self.agents);
        Rows::trim_parts(&mut agents, AGENTS);
        for part in &mut agents {
            part.settle();
        }
    }

    /// Everything that was counted, which is taken out.
    pub(crate) fn take(&self) -> (Users, Rows<AgentRow>) {
        let (mut users, mut agents) = <(Users, Rows<AgentRow>)>::default();
        for part in &mut all(&self.users) {
            users.absorb(std::mem::take(part));
        }
        for part in &mut all(&self.agents) {
            agents.absorb(std::mem::take(part));
        }
        (users, agents)
    }
}

fn part<T>(parts: &[Mutex<T>; PARTS], hash: u64) -> MutexGuard<'_, T> {
    // Limits go by the first bits of a hash, and the tables themselves by the last.
    let number = usize::try_from(hash >> 32).unwrap_or(0) % PARTS;
    #[expect(clippy::indexing_slicing, reason = "the remainder is smaller")]
    lock(&parts[number])
}

fn all<T>(parts: &[Mutex<T>; PARTS]) -> Vec<MutexGuard<'_, T>> {
    parts.iter().map(lock).collect()
}

fn lock<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}
