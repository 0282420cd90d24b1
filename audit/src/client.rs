//! One program of a user and what it asks for.

use konspect_bundle::Span;

use crate::budget::{Table, hash, keyed, mix};
use crate::event::{Event, Verb};
use crate::rows::hash_parts;
use crate::tally::Tally;
use crate::timeline::Timeline;

/// Bounds of one client's tables; past them the rest is counted as "other" and the summary says so.
pub(crate) const OBJECTS_OF_CLIENT: usize = 256;

/// Counts in slots of five seconds, of at most forty pace; longer windows have wider slots.
pub(crate) type Pace = Timeline<u64, 5, 512>;

/// What a request reaches: one object, one namespace, or the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    Resource,
    Namespace,
    Cluster,
    /// A path that names no resource.
    None,
}

impl Scope {
    /// Every scope, in the order of the serialised state.
    pub const ALL: &[Self] = &[Self::Resource, Self::Namespace, Self::Cluster, Self::None];

    pub(crate) fn of(event: &Event<'_>) -> Self {
        if event.resource.is_empty() {
            Self::None
        } else if !event.name.is_empty() || event.verb == Verb::Create {
            Self::Resource
        } else if !event.namespace.is_empty() {
            Self::Namespace
        } else {
            Self::Cluster
        }
    }

    /// The name that metrics use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Namespace => "namespace",
            Self::Cluster => "cluster",
            Self::None => "",
        }
    }
}

/// A name and how often it came.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) hash: u64,
    pub(crate) name: Box<str>,
    pub(crate) count: u64,
}

/// One object that was read again and again.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) hash: u64,
    /// Resource, namespace and name.
    pub(crate) key: [Box<str>; 3],
    pub(crate) count: u64,
    pub(crate) first: Option<(i64, Span)>,
    pub(crate) last: Option<i64>,
}

impl Object {
    pub(crate) fn new(hash: u64, key: [&str; 3]) -> Self {
        Self { hash, key: key.map(Box::from), count: 0, first: None, last: None }
    }
}

/// Requests of one client that ask for the same.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) hash: u64,
    pub(crate) verb: Verb,
    pub(crate) scope: Scope,
    /// `group/resource`, the resource alone in the core group, or a well-known path.
    pub(crate) resource: Box<str>,
    pub(crate) subresource: Box<str>,
    pub(crate) tally: Box<Tally>,
}

impl Series {
    /// Whether both count the same requests.
    fn is(&self, other: &Self) -> bool {
        (self.verb, self.scope) == (other.verb, other.scope)
            && self.resource == other.resource
            && self.subresource == other.subresource
    }
}

/// One program of one user.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) hash: u64,
    pub(crate) agent: Box<str>,
    pub(crate) series: Table<Series>,
    /// What spilled from the series.
    pub(crate) other: Tally,
    pub(crate) addresses: Names<32>,
    pub(crate) namespaces: Names<64>,
    pub(crate) objects: Table<Object>,
    pub(crate) pace: Pace,
    pub(crate) watch_pace: Pace,
}

keyed!(Object, Series, Client);

/// A few names and their counts. Almost every client has one address and few namespaces, so they
/// stand side by side and the search goes through them.
#[derive(Clone, Debug)]
pub(crate) struct Names<const LIMIT: usize> {
    pub(crate) rows: Vec<Named>,
    /// Names with a greater hash are not taken.
    pub(crate) limit: u64,
    /// Those of the rows, in their order: side by side they are searched several times faster.
    hashes: Vec<u64>,
}

impl<const LIMIT: usize> Default for Names<LIMIT> {
    fn default() -> Self {
        Self { rows: Vec::new(), limit: u64::MAX, hashes: Vec::new() }
    }
}

impl<const LIMIT: usize> Names<LIMIT> {
    /// How many names there were: exactly up to the limit, estimated by the density of hashes beyond.
    pub(crate) fn distinct(&self) -> u64 {
        let share = u128::from(self.limit) + 1;
        u64::try_from(((self.rows.len() as u128) << 64) / share).unwrap_or(u64::MAX)
    }

    /// Counts one name.
    pub(crate) fn tick(&mut self, name: &str, count: u64) {
        self.tick_hashed(Self::hash(name), || name, count);
    }

    /// What a name is known by.
    pub(crate) fn hash(name: &str) -> u64 {
        hash(7, name.as_bytes())
    }

    /// Counts a name whose hash is known.
    pub(crate) fn tick_hashed<'n>(&mut self, key: u64, name: impl FnOnce() -> &'n str, count: u64) {
        let known = self.hashes.iter().position(|hash| *hash == key);
        match known.and_then(|at| self.rows.get_mut(at)) {
            Some(row) => row.count += count,
            None if key > self.limit => {}
            None => {
                self.hashes.push(key);
                self.rows.push(Named { hash: key, name: name().into(), count });
                if self.rows.len() > 2 * LIMIT {
                    self.trim();
                }
            }
        }
    }

    /// Keeps the names with the smallest hashes, in their order.
    pub(crate) fn trim(&mut self) {
        self.rows.sort_unstable_by_key(|row| row.hash);
        if let Some(last) = LIMIT.checked_sub(1).and_then(|last| self.rows.get(last))
            && self.rows.len() > LIMIT
        {
            self.limit = self.limit.min(last.hash);
        }
        let limit = self.limit;
        self.rows.retain(|row| row.hash <= limit);
        self.hashes.clear();
        self.hashes.extend(self.rows.iter().map(|row| row.hash));
    }

    pub(crate) fn merge(&mut self, from: &Self) {
        self.limit = self.limit.min(from.limit);
        for row in &from.rows {
            self.tick(&row.name, row.count);
        }
        self.trim();
    }
}

impl Client {
    pub(crate) fn new(hash: u64, agent: &str) -> Self {
        Self {
            hash,
            agent: agent.into(),
            series: Table::default(),
            other: Tally::default(),
            addresses: Names::default(),
            namespaces: Names::default(),
            objects: Table::default(),
            pace: Pace::default(),
            watch_pace: Pace::default(),
        }
    }

    /// The tally that a request belongs to.
    pub(crate) fn tally(&mut self, key: &SeriesKey<'_>) -> &mut Tally {
        self.tally_hashed(key.hash(self.hash), key)
    }

    /// The tally that a request belongs to whose hash is known.
    pub(crate) fn tally_hashed(&mut self, hash: u64, key: &SeriesKey<'_>) -> &mut Tally {
        let Self { series, other, .. } = self;
        match series.row(hash, |series| key.is(series), || key.make(hash)) {
            Some(series) => &mut series.tally,
            None => other,
        }
    }

    /// Notes that an object was read; its key is resource, namespace and name.
    pub(crate) fn object(&mut self, key: [&str; 3], staged: Option<i64>, fresh: bool, at: Span) {
        let hash = hash_parts(self.hash, &key);
        let row = self.objects.row(
            hash,
            |row| row.key.iter().map(|part| &**part).eq(key),
            || Object::new(hash, key),
        );
        if let Some(row) = row {
            row.count += u64::from(fresh);
            if let Some(time) = staged {
                row.first = Some(row.first.map_or((time, at), |first| first.min((time, at))));
                row.last = row.last.max(Some(time));
            }
        }
    }

    /// All requests of the client.
    pub(crate) fn total(&self) -> Tally {
        let mut total = self.other.clone();
        self.series.iter().for_each(|series| total.merge(&series.tally));
        total
    }

    /// Enforces the bounds that concern this client alone; it keeps so many series and objects.
    pub(crate) fn trim(&mut self, most_series: usize, share: usize) {
        self.trim_series(most_series);
        let Self { objects, addresses, namespaces, pace, watch_pace, .. } = self;
        objects.trim(share, drop);
        addresses.trim();
        namespaces.trim();
        pace.settle();
        watch_pace.settle();
    }

    pub(crate) fn trim_series(&mut self, most: usize) {
        let Self { series, other, .. } = self;
        series.trim(most, |series| other.merge(&series.tally));
    }

    /// Keeps the objects near their share between two trims.
    pub(crate) fn trim_objects(&mut self, share: usize) {
        if self.objects.len() > 2 * share {
            self.objects.trim(share, drop);
        }
    }

    pub(crate) fn merge(&mut self, from: Self) {
        self.other.merge(&from.other);
        let Self { series, other, .. } = self;
        series.lower(from.series.limit, |series| other.merge(&series.tally));
        for row in from.series.into_rows() {
            let merge = |known: &mut Series, row: Series| known.tally.merge(&row.tally);
            if let Some(row) = series.join(row, Series::is, merge) {
                other.merge(&row.tally);
            }
        }
        self.addresses.merge(&from.addresses);
        self.namespaces.merge(&from.namespaces);
        self.objects.lower(from.objects.limit, drop);
        for row in from.objects.into_rows() {
            let merge = |known: &mut Object, row: Object| {
                known.count += row.count;
                known.first = match (known.first, row.first) {
                    (Some(left), Some(right)) => Some(left.min(right)),
                    (left, right) => left.or(right),
                };
                known.last = known.last.max(row.last);
            };
            drop(self.objects.join(row, |known, row| known.key == row.key, merge));
        }
        self.pace.merge(&from.pace);
        self.watch_pace.merge(&from.watch_pace);
    }
}

/// What a series is known by.
pub(crate) struct SeriesKey<'a> {
    pub(crate) verb: Verb,
    pub(crate) scope: Scope,
    pub(crate) resource: Resource<'a>,
    pub(crate) subresource: &'a str,
}

/// A resource and its group.
#[derive(Clone, Copy)]
pub(crate) struct Resource<'a> {
    pub(crate) group: &'a str,
    pub(crate) name: &'a str,
}

impl<'a> Resource<'a> {
    /// The resource that `joined` most likely gave this text: a group may hold no slash, and a path
    /// begins with one.
    pub(crate) fn of(joined: &'a str) -> Self {
        match joined.rsplit_once('/').filter(|(group, _)| !group.is_empty()) {
            Some((group, name)) if !joined.starts_with('/') => Self { group, name },
            _ => Self { group: "", name: joined },
        }
    }

    pub(crate) fn hash(self, seed: u64) -> u64 {
        hash(hash(seed, self.group.as_bytes()), self.name.as_bytes())
    }

    /// Whether `joined` gives this text.
    pub(crate) fn is(self, joined: &str) -> bool {
        match joined.strip_suffix(self.name) {
            Some(rest) if self.group.is_empty() => rest.is_empty(),
            Some(rest) => rest.strip_suffix('/') == Some(self.group),
            None => false,
        }
    }

    /// `group/resource`, or the resource alone in the core group.
    pub(crate) fn joined(self) -> String {
        if self.group.is_empty() {
            self.name.to_owned()
        } else {
            [self.group, "/", self.name].concat()
        }
    }
}

impl SeriesKey<'_> {
    pub(crate) fn hash(&self, client: u64) -> u64 {
        let seed = mix(client ^ (self.verb as u64) << 8 ^ self.scope as u64, 0xd6e8_feb8_6659_fd93);
        hash(self.resource.hash(seed), self.subresource.as_bytes())
    }

    fn is(&self, series: &Series) -> bool {
        (self.verb, self.scope) == (series.verb, series.scope)
            && self.resource.is(&series.resource)
            && *self.subresource == *series.subresource
    }

    fn make(&self, hash: u64) -> Series {
        Series {
            hash,
            verb: self.verb,
            scope: self.scope,
            resource: self.resource.joined().into(),
            subresource: self.subresource.into(),
            tally: Box::default(),
        }
    }
}

/// Whether polling one object is remarkable for this user: kubelets read each object they need.
pub(crate) fn polls_count(user: &str) -> bool {
    !user.starts_with("system:node:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_estimated_and_few_are_counted() {
        let distinct = |names: u64| {
            let mut seen = Names::<32>::default();
            for name in 0..names {
                seen.tick(&format!("10.224.{}.{}", name / 250, name % 250), 1);
            }
            seen.trim();
            seen.distinct()
        };
        assert_eq!((distinct(1), distinct(32)), (1, 32));
        for names in [100, 1_000, 5_000] {
            let estimate = distinct(names);
            assert!((names / 2..=names * 2).contains(&estimate), "{names}: {estimate}");
        }
    }
}
