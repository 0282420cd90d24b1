//! All users and their programs, the outer tables of the fold, with the bounds that hold for all of them
//! together.
//!
//! Several bounds can be reached at once, and what is kept may depend neither on the order of events nor
//! on how a log was cut. So whatever holds for everybody leaves out whole users, those with the greatest
//! hashes first: of the users that stay all is known, and whoever else was there meanwhile has taken
//! nothing from them. What holds within a user depends on nobody else. What a user takes of a bound never
//! becomes less when more is known of it, or parts of a log would have left out others for nothing.

use std::ops::DerefMut;

use crate::budget::{Table, keyed, smallest};
use crate::client::{Client, OBJECTS_OF_CLIENT};
use crate::tally::Tally;

/// Bounds of the tables; past them the rest is counted as "other" and the summary says so.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    users: usize,
    agents_of_user: usize,
    clients: usize,
    series_of_client: usize,
    /// A user who has more is crowded: each of its programs gets an equal share of them.
    series_of_user: usize,
    series: usize,
    /// So many objects are followed in all. Every client gets an equal share, so that one that polls a
    /// few is followed whole beside those that read thousands.
    objects: usize,
}

const BOUNDS: Bounds = Bounds {
    users: 1 << 15,
    agents_of_user: 256,
    clients: 1 << 15,
    series_of_client: 512,
    series_of_user: 1 << 13,
    series: 1 << 17,
    objects: 1 << 14,
};

/// No share of the objects is smaller.
pub(crate) const LEAST_OBJECTS: usize = 4;

/// One user and its programs.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) hash: u64,
    pub(crate) name: Box<str>,
    pub(crate) agents: Table<Client>,
    /// There are more programs, or series, than are counted of one user.
    pub(crate) crowded: bool,
    /// What spilled from the programs.
    pub(crate) other: Tally,
}

impl User {
    pub(crate) fn new(hash: u64, name: &str) -> Self {
        let (agents, other) = (Table::default(), Tally::default());
        Self { hash, name: name.into(), agents, crowded: false, other }
    }

    /// Whether programs were left out.
    fn is_cut(&self) -> bool {
        self.agents.limit < u64::MAX
    }

    fn series(&self) -> usize {
        self.agents.iter().map(|client| client.series.len()).sum()
    }

    /// Enforces the bounds that concern this user alone.
    fn trim(&mut self, bounds: &Bounds, share: usize) {
        let Self { agents, other, .. } = self;
        agents.trim(bounds.agents_of_user, |client| other.merge(&client.total()));
        agents.iter_mut().for_each(|client| client.trim(bounds.series_of_client, share));
        self.crowded |= self.is_cut() || self.series() > bounds.series_of_user;
        if self.crowded {
            let most = bounds.series_of_user / bounds.agents_of_user;
            self.agents.iter_mut().for_each(|client| client.trim_series(most));
        }
    }

    /// Counts its programs no longer.
    fn leave_clients(&mut self) {
        self.crowded = false;
        for client in std::mem::take(&mut self.agents).into_rows() {
            self.other.merge(&client.total());
        }
    }

    /// Counts no longer what its programs ask for.
    fn leave_series(&mut self) {
        self.crowded = false;
        for Client { series, other, .. } in self.agents.iter_mut() {
            std::mem::take(series).into_rows().for_each(|row| other.merge(&row.tally));
        }
    }
}

keyed!(User);

/// All users with the limits that hold for all of them together.
#[derive(Clone, Debug)]
pub(crate) struct Users {
    pub(crate) table: Table<User>,
    /// What spilled from the users.
    pub(crate) other: Tally,
    /// Programs are counted of users whose hash is not greater.
    pub(crate) client_limit: u64,
    /// What they ask for is counted of users whose hash is not greater.
    pub(crate) series_limit: u64,
    /// So many objects are followed of each client.
    pub(crate) object_share: usize,
    bounds: Bounds,
}

impl Default for Users {
    fn default() -> Self {
        Self {
            table: Table::default(),
            other: Tally::default(),
            client_limit: u64::MAX,
            series_limit: u64::MAX,
            object_share: OBJECTS_OF_CLIENT,
            bounds: BOUNDS,
        }
    }
}

/// Where a request is counted.
pub(crate) enum Place<'a> {
    Client(&'a mut Client),
    Other(&'a mut Tally),
}

impl Users {
    /// Where the requests of a client are counted, whose hashes are known.
    pub(crate) fn place_hashed(
        &mut self,
        key: u64,
        name: &str,
        client_key: u64,
        agent: &str,
    ) -> Place<'_> {
        let user = self.table.row(key, |user| &*user.name == name, || User::new(key, name));
        let Some(user) = user else {
            return Place::Other(&mut self.other);
        };
        if key > self.client_limit {
            return Place::Other(&mut user.other);
        }
        let key = client_key;
        match user.agents.row(key, |client| &*client.agent == agent, || Client::new(key, agent)) {
            Some(client) => Place::Client(client),
            None => Place::Other(&mut user.other),
        }
    }

    pub(crate) fn merge(&mut self, mut from: Self) {
        if self.table.len() == 0 {
            std::mem::swap(self, &mut from);
        }
        self.other.merge(&from.other);
        self.limit_users(from.table.limit);
        for row in from.table.into_rows() {
            let empty = || User::new(row.hash, &row.name);
            let Some(user) = self.table.row(row.hash, |user| user.name == row.name, empty) else {
                spill_user(&mut self.other, row);
                continue;
            };
            user.other.merge(&row.other);
            user.crowded |= row.crowded;
            let User { agents, other, .. } = user;
            agents.lower(row.agents.limit, |client| other.merge(&client.total()));
            for client in row.agents.into_rows() {
                let same = |known: &Client, client: &Client| known.agent == client.agent;
                if let Some(client) = agents.join(client, same, Client::merge) {
                    other.merge(&client.total());
                }
            }
        }
        self.limit_clients(from.client_limit);
        self.limit_series(from.series_limit);
        self.limit_objects(from.object_share);
        self.trim();
    }

    /// Takes users of whom it knows none.
    pub(crate) fn absorb(&mut self, from: Self) {
        self.other.merge(&from.other);
        let Self { table, other, .. } = self;
        table.absorb(from.table, |user| spill_user(other, user));
        self.limit_clients(from.client_limit);
        self.limit_series(from.series_limit);
        self.limit_objects(from.object_share);
    }

    /// Enforces every bound.
    pub(crate) fn trim(&mut self) {
        Self::trim_parts(&mut [self]);
    }

    /// Enforces every bound on users that stand in parts, as if they were together.
    pub(crate) fn trim_parts(parts: &mut [impl DerefMut<Target = Self>]) {
        let Some(bounds) = parts.first().map(|part| part.bounds) else { return };
        if parts.iter().map(|part| part.table.len()).sum::<usize>() > bounds.users {
            let mut users: Vec<u64> =
                parts.iter().flat_map(|part| part.table.iter().map(|user| user.hash)).collect();
            let limit = smallest(&mut users, bounds.users);
            for part in &mut *parts {
                part.limit_users(limit);
            }
        }
        for part in &mut *parts {
            let Self { table, object_share: share, client_limit, series_limit, .. } = &mut **part;
            for user in table.iter_mut() {
                if user.hash > *client_limit {
                    user.leave_clients();
                }
                user.trim(&bounds, *share);
                if user.hash > *series_limit {
                    user.leave_series();
                }
            }
        }
        if let Some(limit) = first(parts, bounds.clients, |user| user.agents.len()) {
            for part in &mut *parts {
                part.limit_clients(limit);
            }
        }
        // Of a crowded user it is not known how many there are.
        let series = |user: &User| if user.crowded { bounds.series_of_user } else { user.series() };
        if let Some(limit) = first(parts, bounds.series, series) {
            for part in &mut *parts {
                part.limit_series(limit);
            }
        }
        for part in &mut *parts {
            part.forget_limits();
        }
        if let Some(share) = Self::share(parts, bounds.objects) {
            for part in &mut *parts {
                part.limit_objects(share);
            }
        }
    }

    /// So many objects of each client can be followed, where it is fewer than now.
    fn share(parts: &[impl DerefMut<Target = Self>], room: usize) -> Option<usize> {
        let now = parts.first()?.object_share;
        if now <= LEAST_OBJECTS {
            return None;
        }
        // What those would take that were left out is not known.
        if parts.iter().any(|part| part.table.limit.min(part.client_limit) < u64::MAX) {
            return Some(LEAST_OBJECTS);
        }
        let users = parts.iter().flat_map(|part| part.table.iter());
        let wanted: Vec<usize> = users
            .flat_map(|user| {
                let cut = user.is_cut().then_some(OBJECTS_OF_CLIENT);
                user.agents.iter().map(move |client| cut.unwrap_or(client.objects.len()))
            })
            .collect();
        let taken = wanted.iter().map(|count| now.min(*count)).sum::<usize>();
        (taken > room).then(|| fair(&wanted, room).max(LEAST_OBJECTS))
    }

    /// A limit that says nothing beside another is none: equal users have equal limits.
    fn forget_limits(&mut self) {
        if self.client_limit >= self.table.limit {
            self.client_limit = u64::MAX;
        }
        if self.series_limit >= self.table.limit.min(self.client_limit) {
            self.series_limit = u64::MAX;
        }
    }

    pub(crate) fn limit_users(&mut self, limit: u64) {
        let other = &mut self.other;
        self.table.lower(limit, |user| spill_user(other, user));
    }

    pub(crate) fn limit_clients(&mut self, limit: u64) {
        self.client_limit = limit.min(self.client_limit);
        let limit = self.client_limit;
        if limit < u64::MAX {
            self.table.iter_mut().filter(|user| user.hash > limit).for_each(User::leave_clients);
        }
    }

    pub(crate) fn limit_series(&mut self, limit: u64) {
        self.series_limit = limit.min(self.series_limit);
        let limit = self.series_limit;
        if limit < u64::MAX {
            self.table.iter_mut().filter(|user| user.hash > limit).for_each(User::leave_series);
        }
    }

    /// Follows no more than so many objects of each client.
    pub(crate) fn limit_objects(&mut self, share: usize) {
        if share < self.object_share {
            self.object_share = share;
            for client in self.table.iter_mut().flat_map(|user| user.agents.iter_mut()) {
                client.objects.trim(share, drop);
            }
        }
    }
}

/// The largest share of which all together take no more than `room`.
fn fair(wanted: &[usize], room: usize) -> usize {
    let taken = |share: usize| wanted.iter().map(|count| share.min(*count)).sum::<usize>();
    (1..=OBJECTS_OF_CLIENT).rev().find(|share| taken(*share) <= room).unwrap_or(0)
}

/// The greatest limit up to which users take no more than `room` together; none when all of them may.
fn first(
    parts: &[impl DerefMut<Target = Users>],
    room: usize,
    takes: impl Fn(&User) -> usize,
) -> Option<u64> {
    let users = || parts.iter().flat_map(|part| part.table.iter());
    if users().map(&takes).sum::<usize>() <= room {
        return None;
    }
    let mut users: Vec<(u64, usize)> = users().map(|user| (user.hash, takes(user))).collect();
    users.sort_unstable();
    let mut taken = 0;
    users.into_iter().find_map(|(hash, takes)| {
        taken += takes;
        // One that is known elsewhere and comes before this one can still be kept.
        (taken > room).then(|| hash.saturating_sub(1))
    })
}

fn spill_user(other: &mut Tally, user: User) {
    other.merge(&user.other);
    user.agents.iter().for_each(|client| other.merge(&client.total()));
}

#[cfg(test)]
mod tests;
