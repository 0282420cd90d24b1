//! What the last events said, as short rows: names become numbers when an event is read, and the
//! rows of one client are counted together, so that its tables are fetched from memory once for all
//! of them.
//!
//! It refuses to decide anything: what a row counts for is the tables' matter, and since everything
//! that is counted adds up in any order, a batch may end anywhere.

mod names;

use std::collections::BTreeMap;
use std::sync::Arc;

use konspect_bundle::Span;

use self::names::{KnownClient, Numbered, Shape, Waiting};
use crate::budget::hash;
use crate::client::{Client, Resource, SeriesKey, polls_count};
use crate::event::{Event, Verb};
use crate::failure::Failure;
use crate::order::Sorter;
use crate::pending::{Fresh, Pending, Start};
use crate::recent::{self, Recent};
use crate::rows::{AgentRow, Rows};
use crate::seen::Seen;
use crate::tables::Destination;
use crate::tally::{Ended, ListQuery, Tally};
use crate::timeline::Timeline;
use crate::users::{Place, Users};
use crate::watches::Watches;

/// So many rows are counted together.
const ROWS: usize = 1 << 16;
const MANY: usize = 1 << 12;

/// Beyond so many names, or bytes of them, all are forgotten.
const NAMES: usize = 1 << 14;
const BYTES: usize = 8 << 20;

/// Stands for no namespace.
const NONE: u32 = u32::MAX;

/// A row's number of a name; all of them are forgotten before there are more.
fn short(number: u32) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

const _: () = assert!(NAMES < u16::MAX as usize && size_of::<Row>() == 64);

/// Rows that wait to be counted and the names that they refer to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    recent_clients: Recent<{ 1 << 13 }>,
    recent_shapes: Recent<{ 1 << 11 }>,
    recent_namespaces: Recent<{ 1 << 11 }>,
    clients: Numbered<KnownClient>,
    shapes: Numbered<Shape>,
    namespaces: Numbered<(u64, Arc<str>)>,
    rows: Vec<Row>,
    /// Names of objects, one after the other.
    names: String,
    pending: Pending,
    order: Order,
}

/// Numbers of a row's client and shape, and its place.
type Numbers = (u16, u16, u32);

/// Memory for the order in which rows are counted.
#[derive(Clone, Debug, Default)]
struct Order {
    places: Vec<Numbers>,
    by_shape: Sorter<Numbers>,
    by_client: Sorter<Numbers>,
}

/// One event that matters: the start of a watch, or the end of a request. It fills a line of the cache
/// and not parts of two, since rows are fetched in the order of their clients.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Row {
    ended: Ended,
    client: u16,
    shape: u16,
    namespace: u16,
    /// In the names, of an object whose polling is counted; elsewhere empty.
    name: (u32, u32),
    fresh: bool,
    started: bool,
}

impl Batch {
    /// Notes the start of a long-running request; `id` is the hash of its audit ID.
    pub(crate) fn started(
        &mut self,
        event: &Event<'_>,
        key: &SeriesKey<'_>,
        id: u64,
        fresh: Fresh,
        at: Span,
    ) {
        let (client, shape) = (self.client(event), self.shape(key));
        let row = self.pending.ask(fresh, self.rows.len());
        if event.verb == Verb::Watch {
            self.push(Row {
                client: short(client),
                shape: short(shape),
                namespace: short(NONE),
                name: (0, 0),
                fresh: true,
                started: true,
                ended: Ended::of(event, None, at, true),
            });
        }
        if !event.audit_id.is_empty() {
            let namespace = self.namespace(&event.namespace);
            let time = event.staged.or(event.received).unwrap_or(0);
            self.pending.started(id, row, Start { client, shape, namespace, time, at });
        }
    }

    /// Notes the end of a request; `long_running` is the hash of the audit ID of one that is.
    pub(crate) fn ended(
        &mut self,
        event: &Event<'_>,
        key: &SeriesKey<'_>,
        failure: Option<Failure>,
        at: Span,
        fresh: Fresh,
        long_running: Option<u64>,
    ) {
        let row = self.pending.ask(fresh, self.rows.len());
        let fresh = fresh != Fresh::No;
        if let Some(id) = long_running.filter(|_| fresh && !event.audit_id.is_empty()) {
            self.pending.ended(id, row);
        }
        let client = self.client(event);
        let shape = self.shape(key);
        let polls = event.verb == Verb::Get
            && !event.name.is_empty()
            && event.subresource.is_empty()
            && self.clients.values.get(client as usize).is_some_and(|client| client.polls_count);
        let namespace =
            if event.namespace.is_empty() { NONE } else { self.namespace(&event.namespace) };
        let start = self.names.len() as u32;
        if polls {
            self.names.push_str(&event.name);
        }
        let name = (start, self.names.len() as u32);
        let mut ended = Ended::of(event, failure, at, long_running.is_some());
        if event.verb == Verb::List {
            ended.list = ListQuery::of(&event.uri);
        }
        let (client, shape, namespace) = (short(client), short(shape), short(namespace));
        self.push(Row { client, shape, namespace, name, fresh, started: false, ended });
    }

    fn push(&mut self, row: Row) {
        // Where there are many, they would else be moved whenever their memory doubles.
        if self.rows.len() == MANY {
            self.rows.reserve_exact(ROWS - MANY);
        }
        self.rows.push(row);
    }

    /// Whether the rows are to be counted now.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= ROWS
            || self.names.len() >= BYTES
            || self.clients.full()
            || self.shapes.full()
            || self.namespaces.full()
    }

    fn client(&mut self, event: &Event<'_>) -> u32 {
        let (user, agent, address) = (&*event.user, &*event.agent, &*event.source_ip);
        if let Some(number) = self.recent_clients.number(0, [user, agent, address]) {
            return number;
        }
        let user_hash = hash(1, user.as_bytes());
        let client_hash = hash(user_hash, agent.as_bytes());
        let number = self.clients.number(
            hash(client_hash, address.as_bytes()),
            user.len() + agent.len() + address.len(),
            |known| (&*known.user, &*known.agent, &*known.address) == (user, agent, address),
            || KnownClient {
                user: user.into(),
                agent: agent.into(),
                address: address.into(),
                user_hash,
                client_hash,
                agent_hash: AgentRow::hash_of(agent),
                polls_count: polls_count(user),
            },
        );
        self.recent_clients.keep(0, [user, agent, address], number);
        number
    }

    fn shape(&mut self, key: &SeriesKey<'_>) -> u32 {
        let SeriesKey { verb, scope, resource: Resource { group, name }, subresource } = *key;
        let (tag, texts) = ((verb as u16) << 8 | scope as u16, [group, name, subresource]);
        if let Some(number) = self.recent_shapes.number(tag, texts) {
            return number;
        }
        let number = self.shapes.number(
            recent::key(tag, texts),
            group.len() + name.len() + subresource.len(),
            |shape| {
                (shape.verb, shape.scope) == (verb, scope)
                    && (&*shape.group, &*shape.resource) == (group, name)
                    && *shape.subresource == *subresource
            },
            || Shape {
                verb,
                scope,
                group: group.into(),
                resource: name.into(),
                subresource: subresource.into(),
                joined: key.resource.joined().into(),
                hash: hash(verb as u64, key.resource.joined().as_bytes()),
            },
        );
        self.recent_shapes.keep(tag, texts, number);
        number
    }

    fn namespace(&mut self, name: &str) -> u32 {
        let texts = [name, "", ""];
        if let Some(number) = self.recent_namespaces.number(0, texts) {
            return number;
        }
        let same = |(_, known): &(u64, Arc<str>)| **known == *name;
        let make = || (hash(7, name.as_bytes()), Arc::from(name));
        let number = self.namespaces.number(recent::key(0, texts), name.len(), same, make);
        self.recent_namespaces.keep(0, texts, number);
        number
    }

    /// Looks up what nobody has asked for yet, and lets starts and ends meet; the number of
    /// duplicates among the rows.
    pub(crate) fn settle(&mut self, seen: Option<&Seen>, watches: &mut Watches) -> u64 {
        let mut pending = std::mem::take(&mut self.pending);
        let mut duplicates = 0;
        pending.look_up(seen, |row| {
            duplicates += 1;
            if let Some(row) = self.rows.get_mut(row as usize) {
                row.fresh = false;
            }
        });
        let counts = |row: u32| self.rows.get(row as usize).is_none_or(|row| row.fresh);
        pending.meet(counts, |start| self.waiting(start), watches);
        self.pending = pending;
        duplicates
    }

    fn waiting(&self, start: &Start) -> Option<Waiting<'_>> {
        Some(Waiting {
            client: self.clients.values.get(start.client as usize)?,
            shape: self.shapes.values.get(start.shape as usize)?,
            namespace: self.namespaces.values.get(start.namespace as usize)?,
        })
    }

    /// How many requests of each verb have ended, each of them once.
    pub(crate) fn count_verbs(&self, verbs: &mut BTreeMap<Verb, u64>) {
        let mut counts = [0; Verb::ALL.len()];
        for row in self.rows.iter().filter(|row| row.fresh && !row.started) {
            if let Some(count) = counts.get_mut(row.ended.verb as usize) {
                *count += 1;
            }
        }
        for (verb, count) in Verb::ALL.iter().zip(counts).filter(|(_, count)| *count > 0) {
            *verbs.entry(*verb).or_default() += count;
        }
    }

    /// Counts all rows, which are settled.
    pub(crate) fn count_into(&mut self, mut tables: Destination<'_>) {
        let mut order = std::mem::take(&mut self.order);
        let Order { places, by_shape, by_client } = &mut order;
        places.clear();
        let numbered = (0..).zip(&self.rows);
        places.extend(numbered.map(|(place, row)| (row.client, row.shape, place)));
        let shape = |(_, shape, _): &Numbers| usize::from(*shape);
        let client = |(client, _, _): &Numbers| usize::from(*client);
        let places = by_shape.by_number(places, self.shapes.values.len(), shape);
        let places = by_client.by_number(places, self.clients.values.len(), client);
        let mut rows = Vec::new();
        for places in places.chunk_by(|left, right| left.0 == right.0) {
            // They lie far apart; copies wait for the memory of many at once.
            rows.clear();
            rows.extend(places.iter().filter_map(|(_, _, at)| self.rows.get(*at as usize)));
            self.count_client(&rows, &mut tables);
        }
        self.order = order;
        self.rows.clear();
        self.names.clear();
        if self.clients.full() {
            self.clients = Numbered::default();
            self.recent_clients.forget();
        }
        if self.shapes.full() {
            self.shapes = Numbered::default();
            self.recent_shapes.forget();
        }
        if self.namespaces.full() {
            self.namespaces = Numbered::default();
            self.recent_namespaces.forget();
        }
    }

    /// Counts the rows of one client, which are sorted by their shapes.
    fn count_client(&self, rows: &[Row], tables: &mut Destination<'_>) {
        let known = rows.first().and_then(|row| self.clients.values.get(usize::from(row.client)));
        let Some(known) = known else {
            return;
        };
        tables.agents(known.agent_hash, |agents| count_agent(rows, known, agents));
        tables.users(known.user_hash, |users| self.count_requests(rows, known, users));
    }

    fn count_requests(&self, rows: &[Row], known: &KnownClient, users: &mut Users) {
        let (told, share) = (known.user_hash <= users.series_limit, users.object_share);
        let place =
            users.place_hashed(known.user_hash, &known.user, known.client_hash, &known.agent);
        let client = match place {
            Place::Client(client) => client,
            Place::Other(tally) => {
                for row in rows {
                    row.tally(tally);
                }
                return;
            }
        };
        let (mut addressed, mut opens) = (0, false);
        for rows in rows.chunk_by(|left, right| left.shape == right.shape) {
            let shape = rows.first().and_then(|row| self.shapes.values.get(usize::from(row.shape)));
            let Some(shape) = shape else {
                continue;
            };
            for row in rows {
                addressed += u64::from(row.fresh && !row.started);
                opens |= row.started;
                self.count_row(row, shape, client);
            }
            let tally = if told { client.tally(&shape.key()) } else { &mut client.other };
            for row in rows {
                row.tally(tally);
            }
        }
        // A watch that never ends is no request that ended, but its address is one of the client's.
        if addressed > 0 || opens {
            client.addresses.tick(&known.address, addressed);
        }
        client.trim_objects(share);
    }

    fn count_row(&self, row: &Row, shape: &Shape, client: &mut Client) {
        let (received, staged, at) = (row.ended.received(), row.ended.staged(), row.ended.at());
        if row.started {
            if let Some(time) = staged.filter(|_| row.fresh) {
                *client.watch_pace.slot(time) += 1;
            }
            return;
        }
        let namespace = self.namespaces.values.get(usize::from(row.namespace));
        if row.fresh {
            if let Some(time) = received.or(staged) {
                *client.pace.slot(time) += 1;
            }
            if let Some((hash, name)) = namespace {
                client.namespaces.tick_hashed(*hash, || name, 1);
            }
        }
        if row.name.0 < row.name.1 {
            let name = self.names.get(row.name.0 as usize..row.name.1 as usize).unwrap_or_default();
            let namespace = namespace.map_or("", |(_, name)| name);
            let key = [&*shape.resource, namespace, name];
            client.object(key, staged, row.fresh, at);
        }
    }
}

fn count_agent(rows: &[Row], known: &KnownClient, agents: &mut Rows<AgentRow>) {
    let mut latencies = rows
        .iter()
        .filter(|row| row.fresh && !row.started)
        .filter_map(|row| Some((row.ended.received()?, row.ended.latency()?)))
        .peekable();
    if latencies.peek().is_none() {
        return;
    }
    let agent = &*known.agent;
    let key = known.agent_hash;
    let empty = || AgentRow { hash: key, agent: agent.into(), bins: Timeline::default() };
    match agents.table.row(key, |row| &*row.agent == agent, empty) {
        Some(row) => latencies.for_each(|(time, latency)| row.bins.slot(time).add(latency)),
        None => agents.spilled += latencies.count() as u64,
    }
}

impl Row {
    fn tally(&self, tally: &mut Tally) {
        if self.started {
            tally.watches.started += u64::from(self.fresh);
            return;
        }
        tally.exemplify(&self.ended);
        if self.fresh {
            tally.count(&self.ended);
        }
    }
}
