//! Users, their programs and what those ask for.

use std::collections::{BTreeMap, BTreeSet};

use konspect_bundle::Span;

use super::columns::{Column, Reader, Writer};
use super::tallies::{Row, Times, earlier, put as put_tally, put_times};
use super::texts::{Near, Texts};
use super::{Part, Reading, Writing, in_step};
use crate::budget::hash;
use crate::client::{Client, Names, Object, Resource, Scope, Series, SeriesKey};
use crate::event::Verb;
use crate::rows::hash_parts;
use crate::tally::Tally;
use crate::users::{LEAST_OBJECTS, User, Users};

/// What a series asks for: verb, scope, resource and subresource.
pub(super) type Kind<'a> = (Verb, Scope, &'a str, &'a str);

fn kind_of(series: &Series) -> Kind<'_> {
    (series.verb, series.scope, &series.resource, &series.subresource)
}

fn key_of((verb, scope, resource, subresource): Kind<'_>) -> SeriesKey<'_> {
    SeriesKey { verb, scope, resource: Resource::of(resource), subresource }
}

/// All texts that are written, and what series ask for.
pub(super) fn collect<'a>(
    users: &'a Users,
    texts: &mut BTreeSet<&'a str>,
    kinds: &mut BTreeSet<Kind<'a>>,
) {
    for user in users.table.iter() {
        texts.insert(&user.name);
        for client in user.agents.iter() {
            texts.insert(&client.agent);
            let names = client.addresses.rows.iter().chain(&client.namespaces.rows);
            texts.extend(names.map(|row| &*row.name));
            texts.extend(client.objects.iter().flat_map(|row| &row.key).map(|text| &**text));
            kinds.extend(client.series.iter().map(kind_of));
        }
    }
    texts.extend(kinds.iter().flat_map(|kind| [kind.2, kind.3]));
}

pub(super) fn put_kinds<'a>(
    kinds: BTreeSet<Kind<'a>>,
    out: &mut Writer,
    number: impl Fn(&str) -> i64,
) -> BTreeMap<Kind<'a>, u64> {
    out.count(Column::Kind, kinds.len());
    for (verb, scope, resource, subresource) in &kinds {
        out.number(Column::Kind, *verb as u64);
        out.number(Column::Kind, *scope as u64);
        out.signed(Column::Kind, number(resource));
        out.signed(Column::Kind, number(subresource));
    }
    kinds.into_iter().zip(0..).collect()
}

pub(super) fn read_kinds<'t>(from: &mut Reader<'_>, texts: &'t Texts) -> Option<Vec<Kind<'t>>> {
    let mut kinds = Vec::new();
    for _ in 0..from.count(Column::Kind)? {
        let verb = from.one_of(Column::Kind, Verb::ALL)?;
        let scope = from.one_of(Column::Kind, Scope::ALL)?;
        let mut text = || texts.get(usize::try_from(from.signed(Column::Kind)?).ok()?);
        kinds.push((verb, scope, text()?, text()?));
    }
    Some(kinds)
}

/// Most tables are not full: then their limit takes a byte that is zero.
pub(super) fn put_limit(out: &mut Writer, limit: u64) {
    out.number(Column::Limit, !limit);
}

pub(super) fn limit(from: &mut Reader<'_>) -> Option<u64> {
    from.number(Column::Limit).map(|limit| !limit)
}

/// A hash is not written where it follows from the row.
pub(super) fn put_hash(out: &mut Writer, hash: u64, follows: u64) {
    out.number(Column::Hash, u64::from(hash != follows));
    if hash != follows {
        out.raw(Column::Hash, &hash.to_le_bytes());
    }
}

pub(super) fn hash_or(from: &mut Reader<'_>, follows: u64) -> Option<u64> {
    if from.number(Column::Hash)? == 0 { Some(follows) } else { from.word(Column::Hash) }
}

fn user_hash(name: &str) -> u64 {
    hash(1, name.as_bytes())
}

fn client_hash(user: u64, agent: &str) -> u64 {
    hash(user, agent.as_bytes())
}

pub(super) fn put(users: &Users, out: &mut Writer, to: &Writing<'_>) {
    let Users { table, other, client_limit, series_limit, object_share, .. } = users;
    for limit in [table.limit, *client_limit, *series_limit] {
        put_limit(out, limit);
    }
    out.count(Column::Objects, *object_share);
    put_tally(out, other, to.window);
    let mut rows: Vec<&User> = table.iter().collect();
    rows.sort_unstable_by_key(|user| &user.name);
    out.count(Column::User, rows.len());
    let mut name = Near::new(Column::User);
    for user in rows {
        name.put(out, to.number(&user.name));
        put_limit(out, user.agents.limit);
        out.number(Column::User, u64::from(user.crowded));
        put_tally(out, &user.other, to.window);
        let mut clients: Vec<&Client> = user.agents.iter().collect();
        clients.sort_unstable_by_key(|client| &client.agent);
        out.count(Column::User, clients.len());
        for client in clients {
            out.signed(Column::User, to.number(&client.agent));
            put_client(client, out, to);
        }
    }
}

fn put_client(client: &Client, out: &mut Writer, to: &Writing<'_>) {
    put_limit(out, client.series.limit);
    put_tally(out, &client.other, to.window);
    let mut series: Vec<(u64, &Series)> = client
        .series
        .iter()
        .map(|row| (to.kinds.get(&kind_of(row)).copied().unwrap_or(0), row))
        .collect();
    series.sort_unstable_by_key(|(kind, row)| (*kind, row.hash));
    out.count(Column::SeriesKind, series.len());
    let mut last = 0;
    for (kind, row) in series {
        out.number(Column::SeriesKind, kind - last);
        last = kind;
        put_hash(out, row.hash, key_of(kind_of(row)).hash(client.hash));
        put_tally(out, &row.tally, to.window);
    }
    put_names(&client.addresses, out, to);
    put_names(&client.namespaces, out, to);
    put_objects(client, out, to);
    put_times(out, &client.pace, to.window);
    put_times(out, &client.watch_pace, to.window);
}

pub(super) fn put_names<const LIMIT: usize>(
    names: &Names<LIMIT>,
    out: &mut Writer,
    to: &Writing<'_>,
) {
    put_limit(out, names.limit);
    let mut rows: Vec<(i64, u64)> =
        names.rows.iter().map(|row| (to.number(&row.name), row.count)).collect();
    rows.sort_unstable();
    out.count(Column::Names, rows.len());
    let mut text = Near::new(Column::Names);
    for (name, count) in rows {
        text.put(out, name);
        out.number(Column::NameCount, count);
    }
}

const FIRST: u64 = 1;
const LAST: u64 = 1 << 1;
/// The last time is the first.
const ONCE: u64 = 1 << 2;

fn put_objects(client: &Client, out: &mut Writer, to: &Writing<'_>) {
    put_limit(out, client.objects.limit);
    let mut rows: Vec<&Object> = client.objects.iter().collect();
    rows.sort_unstable_by_key(|row| &row.key);
    out.count(Column::Objects, rows.len());
    let mut key = object_key();
    for row in rows {
        for (column, text) in key.iter_mut().zip(&row.key) {
            column.put(out, to.number(text));
        }
        out.number(Column::ObjectCount, row.count);
        let first = row.first.map(|(time, _)| time);
        let once = first == row.last;
        let flag = |set: bool, flag: u64| if set { flag } else { 0 };
        out.number(
            Column::ObjectFlags,
            flag(first.is_some(), FIRST) | flag(row.last.is_some(), LAST) | flag(once, ONCE),
        );
        if let Some(first) = first {
            out.time(Column::ObjectFirst, first, to.window.0);
        }
        if let Some(last) = row.last.filter(|_| !once) {
            out.time(Column::ObjectLast, last, first.unwrap_or(to.window.0));
        }
    }
}

fn object_key() -> [Near; 3] {
    [Column::ObjectResource, Column::ObjectNamespace, Column::ObjectName].map(Near::new)
}

/// Where a row is counted.
enum To<'t, T> {
    /// Nowhere: it is only looked whether it is whole.
    Nowhere,
    /// There is no room for it.
    Other(&'t mut Tally),
    Row(&'t mut T),
}

impl<T> To<'_, T> {
    fn add(&mut self, row: &Row<'_>, home: Span, other: impl FnOnce(&mut T) -> &mut Tally) {
        match self {
            To::Nowhere => {}
            To::Other(tally) => row.add_to(tally, home),
            To::Row(to) => row.add_to(other(to), home),
        }
    }
}

/// What holds for all clients together.
#[derive(Clone, Copy, Default)]
struct Limits {
    clients: u64,
    series: u64,
    objects: usize,
}

/// Reads users, and adds them to others.
pub(super) fn read(parts: &mut [Part<'_, '_>], mut into: Option<&mut Users>) -> Option<()> {
    let (mut row, mut numbers) = (Row::default(), Vec::new());
    for Part { from, state } in &mut *parts {
        let [own, clients, series] = [limit(from)?, limit(from)?, limit(from)?];
        let objects = from.count(Column::Objects).filter(|share| *share >= LEAST_OBJECTS)?;
        row.read(from, state.window)?;
        if let Some(users) = &mut into {
            users.limit_users(own);
            users.limit_clients(clients);
            users.limit_series(series);
            users.limit_objects(objects);
            row.add_to(&mut users.other, state.home);
        }
        numbers.push(from.count(Column::User)?);
    }
    in_step(parts, &numbers, Column::User, |Part { from, state }, name| {
        let hash = user_hash(name);
        let Some(users) = &mut into else {
            return read_user(from, state, hash, Limits::default(), &mut row, To::Nowhere);
        };
        let limits = Limits {
            clients: users.client_limit,
            series: users.series_limit,
            objects: users.object_share,
        };
        let empty = || User::new(hash, name);
        let to = match users.table.row(hash, |user| &*user.name == name, empty) {
            Some(user) => To::Row(user),
            None => To::Other(&mut users.other),
        };
        read_user(from, state, hash, limits, &mut row, to)
    })
}

fn read_user<'a>(
    from: &mut Reader<'a>,
    state: &Reading<'_>,
    user_hash: u64,
    limits: Limits,
    row: &mut Row<'a>,
    mut to: To<'_, User>,
) -> Option<()> {
    let own = limit(from)?;
    let crowds = from.number(Column::User)? != 0;
    if let To::Row(User { agents, crowded, other, .. }) = &mut to {
        agents.lower(own, |client| other.merge(&client.total()));
        *crowded |= crowds;
    }
    row.read(from, state.window)?;
    to.add(row, state.home, |user| &mut user.other);
    for _ in 0..from.count(Column::User)? {
        let agent = state.texts.get(usize::try_from(from.signed(Column::User)?).ok()?)?;
        let hash = client_hash(user_hash, agent);
        let to = match &mut to {
            To::Nowhere => To::Nowhere,
            To::Other(tally) => To::Other(tally),
            To::Row(user) if user_hash > limits.clients => To::Other(&mut user.other),
            To::Row(User { agents, other, .. }) => {
                let empty = || Client::new(hash, agent);
                match agents.row(hash, |client| &*client.agent == agent, empty) {
                    Some(client) => To::Row(client),
                    None => To::Other(other),
                }
            }
        };
        let told = user_hash <= limits.series;
        read_client(from, state, hash, (told, limits.objects), row, to)?;
    }
    Some(())
}

fn read_client<'a>(
    from: &mut Reader<'a>,
    state: &Reading<'_>,
    client_hash: u64,
    (told, share): (bool, usize),
    row: &mut Row<'a>,
    mut to: To<'_, Client>,
) -> Option<()> {
    let own = limit(from)?;
    if let To::Row(Client { series, other, .. }) = &mut to {
        series.lower(own, |series| other.merge(&series.tally));
    }
    row.read(from, state.window)?;
    to.add(row, state.home, |client| &mut client.other);
    let mut kind = 0_usize;
    for _ in 0..from.count(Column::SeriesKind)? {
        kind = kind.checked_add(from.count(Column::SeriesKind)?)?;
        let key = key_of(*state.kinds.get(kind)?);
        let hash = hash_or(from, key.hash(client_hash))?;
        row.read(from, state.window)?;
        to.add(row, state.home, |client| {
            if told { client.tally_hashed(hash, &key) } else { &mut client.other }
        });
    }
    let mut client = match to {
        To::Row(client) => Some(client),
        To::Nowhere | To::Other(_) => None,
    };
    read_names(from, state, client.as_deref_mut().map(|client| &mut client.addresses))?;
    read_names(from, state, client.as_deref_mut().map(|client| &mut client.namespaces))?;
    read_objects(from, state, client_hash, share, client.as_deref_mut())?;
    let [pace, watch_pace] = [times(from, state)?, times(from, state)?];
    if let Some(client) = client {
        pace.add_to(&mut client.pace);
        watch_pace.add_to(&mut client.watch_pace);
    }
    Some(())
}

/// Counts in slots of five seconds.
pub(super) fn times<'a>(from: &mut Reader<'a>, state: &Reading<'_>) -> Option<Times<'a>> {
    Times::read::<5>(from, state.window)
}

/// Reads names, and adds them to others.
pub(super) fn read_names<const LIMIT: usize>(
    from: &mut Reader<'_>,
    state: &Reading<'_>,
    mut into: Option<&mut Names<LIMIT>>,
) -> Option<()> {
    let limit = limit(from)?;
    if let Some(names) = &mut into {
        names.limit = names.limit.min(limit);
    }
    let mut text = Near::new(Column::Names);
    for _ in 0..from.count(Column::Names)? {
        let number = text.number(from, state.texts)?;
        let count = from.counter(Column::NameCount)?;
        if let Some(names) = &mut into {
            let hash = state.hashes.get(number).copied().unwrap_or(0);
            names.tick_hashed(hash, || state.texts.at(number), count);
        }
    }
    Some(())
}

fn read_objects(
    from: &mut Reader<'_>,
    state: &Reading<'_>,
    client_hash: u64,
    share: usize,
    mut into: Option<&mut Client>,
) -> Option<()> {
    let own = limit(from)?;
    if let Some(client) = &mut into {
        client.objects.lower(own, drop);
    }
    let mut columns = object_key();
    for _ in 0..from.count(Column::Objects)? {
        let [resource, namespace, name] = &mut columns;
        let key = [
            resource.number(from, state.texts)?,
            namespace.number(from, state.texts)?,
            name.number(from, state.texts)?,
        ];
        let count = from.counter(Column::ObjectCount)?;
        let flags = from.number(Column::ObjectFlags)?;
        let first = match flags & FIRST {
            0 => None,
            _ => Some(from.time(Column::ObjectFirst, state.window.0)?),
        };
        let last = match (flags & LAST, flags & ONCE) {
            (_, ONCE) => first,
            (0, _) => None,
            _ => Some(from.time(Column::ObjectLast, first.unwrap_or(state.window.0))?),
        };
        let Some(client) = &mut into else { continue };
        let key = key.map(|number| state.texts.at(number));
        let hash = hash_parts(client_hash, &key);
        let same = |row: &Object| row.key.iter().map(|part| &**part).eq(key);
        if let Some(row) = client.objects.row(hash, same, || Object::new(hash, key)) {
            row.count += count;
            row.first = earlier(row.first, first, state.home);
            row.last = row.last.max(last);
        }
    }
    if let Some(client) = into {
        client.trim_objects(share);
    }
    Some(())
}
