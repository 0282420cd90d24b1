//! All users and their programs, the outer tables of the fold, with the bounds that hold for all of them
//! together.

use std::ops::DerefMut;

use crate::budget::{Table, keyed, smallest};
use crate::client::{Client, OBJECTS_OF_CLIENT};
use crate::tally::Tally;

/// Bounds of the tables; past them the rest is counted as "other" and the summary says so.
const USERS: usize = 1 << 15;
const AGENTS_OF_USER: usize = 256;
const CLIENTS: usize = 1 << 15;
const SERIES: usize = 1 << 17;
/// So many objects are followed in all. Every client gets an equal share, so that one that polls a few
/// is followed whole beside those that read thousands.
const OBJECTS: usize = 1 << 14;
/// No share is smaller.
pub(crate) const LEAST_OBJECTS: usize = 4;

/// One user and its programs.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) hash: u64,
    pub(crate) name: Box<str>,
    pub(crate) agents: Table<Client>,
    /// What spilled from the programs.
    pub(crate) other: Tally,
}

impl User {
    pub(crate) fn new(hash: u64, name: &str) -> Self {
        Self { hash, name: name.into(), agents: Table::default(), other: Tally::default() }
    }
}

keyed!(User);

/// All users with the limits that hold for all of them together.
#[derive(Clone, Debug)]
pub(crate) struct Users {
    pub(crate) table: Table<User>,
    /// What spilled from the users.
    pub(crate) other: Tally,
    pub(crate) client_limit: u64,
    pub(crate) series_limit: u64,
    /// So many objects are followed of each client.
    pub(crate) object_share: usize,
}

impl Default for Users {
    fn default() -> Self {
        Self {
            table: Table::default(),
            other: Tally::default(),
            client_limit: u64::MAX,
            series_limit: u64::MAX,
            object_share: OBJECTS_OF_CLIENT,
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
        let key = client_key;
        if key > self.client_limit {
            return Place::Other(&mut user.other);
        }
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
        if parts.iter().map(|part| part.table.len()).sum::<usize>() > USERS {
            let users = parts.iter().flat_map(|part| part.table.iter().map(|user| user.hash));
            let limit = bound(users.collect(), USERS);
            for part in &mut *parts {
                part.limit_users(limit);
            }
        }
        for part in &mut *parts {
            let Self { table, object_share: share, .. } = &mut **part;
            for User { agents, other, .. } in table.iter_mut() {
                agents.trim(AGENTS_OF_USER, |client| other.merge(&client.total()));
                agents.iter_mut().for_each(|client| client.trim(*share));
            }
        }
        let clients = || parts.iter().flat_map(|part| part.clients());
        if clients().count() > CLIENTS {
            let limit = bound(clients().map(|client| client.hash).collect(), CLIENTS);
            for part in &mut *parts {
                part.limit_clients(limit);
            }
        }
        let clients = || parts.iter().flat_map(|part| part.clients());
        if clients().map(|client| client.series.len()).sum::<usize>() > SERIES {
            let rows = clients().flat_map(|client| client.series.iter().map(|row| row.hash));
            let limit = bound(rows.collect(), SERIES);
            for part in &mut *parts {
                part.limit_series(limit);
            }
        }
        let clients = || parts.iter().flat_map(|part| part.clients());
        let objects: Vec<usize> = clients().map(|client| client.objects.len()).collect();
        if objects.iter().sum::<usize>() > OBJECTS {
            let share = fair(&objects, OBJECTS).max(LEAST_OBJECTS);
            for part in &mut *parts {
                part.limit_objects(share);
            }
        }
    }

    fn clients(&self) -> impl Iterator<Item = &Client> {
        self.table.iter().flat_map(|user| user.agents.iter())
    }

    pub(crate) fn limit_users(&mut self, limit: u64) {
        let other = &mut self.other;
        self.table.lower(limit, |user| spill_user(other, user));
    }

    pub(crate) fn limit_clients(&mut self, limit: u64) {
        self.client_limit = limit.min(self.client_limit);
        let limit = self.client_limit;
        if limit < u64::MAX {
            for User { agents, other, .. } in self.table.iter_mut() {
                let own = agents.limit;
                agents.lower(limit, |client| other.merge(&client.total()));
                agents.limit = own;
            }
        }
    }

    pub(crate) fn limit_series(&mut self, limit: u64) {
        self.series_limit = limit.min(self.series_limit);
        let limit = self.series_limit;
        if limit < u64::MAX {
            for Client { series, other, .. } in
                self.table.iter_mut().flat_map(|user| user.agents.iter_mut())
            {
                let own = series.limit;
                series.lower(limit, |row| other.merge(&row.tally));
                series.limit = own;
            }
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

fn bound(mut hashes: Vec<u64>, capacity: usize) -> u64 {
    if hashes.len() > capacity { smallest(&mut hashes, capacity) } else { u64::MAX }
}

fn spill_user(other: &mut Tally, user: User) {
    other.merge(&user.other);
    user.agents.iter().for_each(|client| other.merge(&client.total()));
}

#[cfg(test)]
mod tests {
    use konspect_bundle::Span;

    use super::*;
    use crate::budget::hash;

    /// A client that reads few objects is followed whole, however many others read; which objects are
    /// kept of those does not depend on who came when.
    #[test]
    fn every_client_has_its_share_of_the_objects() {
        let reads = |client: u64| if client == 0 { 3 } else { 20 + client };
        let fold = |order: &mut dyn Iterator<Item = u64>, between: i64| {
            let mut users = Users::default();
            for (number, client) in (0_i64..).zip(order) {
                let name = client.to_string();
                let place = users.place_hashed(hash(1, name.as_bytes()), &name, client + 1, "a");
                let Place::Client(row) = place else { continue };
                for object in 0..reads(client) {
                    let key = ["pods", "shop", &format!("{object}")];
                    row.object(key, Some(number), true, Span::default());
                }
                if number % between == 0 {
                    users.trim();
                }
            }
            users
        };
        let kept = |mut users: Users| {
            users.trim();
            let mut rows: Vec<_> = users
                .clients()
                .flat_map(|client| {
                    client.objects.iter().map(|row| (client.hash, row.hash, row.count))
                })
                .collect();
            rows.sort_unstable();
            let mut limits: Vec<_> =
                users.clients().map(|client| (client.hash, client.objects.limit)).collect();
            limits.sort_unstable();
            (rows, limits, users.object_share)
        };
        let whole = kept(fold(&mut (0..250), 1000));
        assert!((60..80).contains(&whole.2) && whole.0.len() <= OBJECTS, "{}", whole.2);
        assert_eq!(whole.0.iter().filter(|(client, ..)| *client == 1).count(), 3);
        assert_eq!(kept(fold(&mut (0..250).rev(), 7)), whole);
        let (mut left, right) = (fold(&mut (120..250), 50), fold(&mut (0..120).rev(), 3));
        left.merge(right);
        assert_eq!(kept(left), whole);
    }
}
