//! Watches of one client that pile up, or that end as soon as they begin.
//!
//! A leak is growth: the same resource again and again by one client, for which neither as many ended
//! nor the number of the nodes behind its address accounts.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_audit::{AuditSummary, ClientSummary, Failure, Open, SeriesSummary, Verb};
use konspect_bundle::Span;

use super::harm::{Harm, Hurt};
use super::{account, is_system, time};
use crate::facts::addresses::is_public;

/// Watches of one resource in one namespace from one address that are no longer an informer's.
const SAME_WATCHES: u64 = 20;

/// Watches of one resource that the Pods of one node may have between them.
const OF_A_NODE: u64 = 3;

/// Watches of one resource in one namespace that a Pod may have: an informer, and one that is just replaced.
const OF_A_POD: u64 = 2;

/// Open watches of one client below which nothing is said.
const MANY_WATCHES: u64 = 60;

/// Kinds of which the same number of watches is open are what replicas of one program watch.
const KINDS: usize = 3;

/// Micro-seconds over which watches are opened before that is more than a start.
const SPAN: i64 = 60_000_000;

/// Watches that ended within seconds, below which nothing is said …
const SHORT_WATCHES: u64 = 100;

/// … and how many of them a second are a reconnect storm when it lasts, and at once.
const CHURN: f64 = 1.0;
const BURST: f64 = 5.0;

/// A client whose watches end within seconds and are opened again, without pause.
#[derive(Clone, Debug)]
pub struct Churn<'a> {
    pub client: &'a ClientSummary,
    /// The watches of which most ended.
    pub top: &'a SeriesSummary,
    /// Watches that lived less than ten seconds, or asked for a version that is gone.
    pub short: u64,
    pub per_second: f64,
    pub harm: Harm,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub at: Span,
}

/// Clients that open watches again and again. When an API server goes, everybody does: a churn is of one client.
pub fn churners(audit: &AuditSummary) -> Vec<Churn<'_>> {
    let short =
        |client: &ClientSummary| client.total.watches.short + client.total.failed(Failure::Expired);
    let clients = || audit.others().filter(|client| !is_system(&client.user, &client.agent));
    let crowds = || audit.crowds.iter().map(|crowd| &crowd.client);
    let all: u64 = clients().map(short).sum();
    let hurt = LazyCell::new(|| Hurt::of(audit));
    let start = audit.window.map_or(0, |(first, _)| first);
    let mut churners: Vec<Churn<'_>> = clients()
        .chain(crowds())
        .filter_map(|client| {
            let short = short(client);
            let top = client
                .series
                .iter()
                .filter(|series| series.verb == Verb::Watch)
                .max_by_key(|series| series.tally.watches.ended)?;
            let (first, at) = top.tally.first?;
            let last = top.tally.last.unwrap_or(first);
            let began = client.watch_onset.map_or(first, |onset| onset.time);
            #[expect(
                clippy::cast_precision_loss,
                reason = "counts and durations of a log are far below 2^52"
            )]
            let per_second = short as f64 / ((last - began) as f64 / 1e6).max(5.0);
            let mostly = short * 5 >= client.total.watches.ended * 4 && short * 5 >= all * 3;
            // When an API server goes, all of them end at once, and begin again some times.
            let goes_on =
                last.saturating_sub(began) >= SPAN && per_second >= CHURN || per_second >= BURST;
            (short >= SHORT_WATCHES && mostly && goes_on).then(|| Churn {
                client,
                top,
                short,
                per_second,
                harm: hurt.harm(client),
                since: (client.watch_onset.is_some() || began > start.saturating_add(60_000_000))
                    .then(|| time(began))
                    .flatten(),
                until: time(last),
                at,
            })
        })
        .collect();
    churners.sort_by_key(|churn| (std::cmp::Reverse(churn.short), churn.at));
    churners
}

/// A client that opens watches and never closes them.
#[derive(Clone, Debug)]
pub struct WatchLeak<'a> {
    pub user: &'a str,
    pub agent: &'a str,
    /// Watches without an end.
    pub open: u64,
    /// Those of the resource that has most.
    pub most: &'a Open,
    pub resources: usize,
    /// The other resources, most first.
    pub others: Vec<&'a Open>,
    /// Open watches of the client that has most beside the leaking one.
    pub usual: u64,
    /// The address stands for many: which Pod leaks is not in the log, nor how many do.
    pub shared: bool,
    pub per_minute: f64,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// Clients with far more open watches of the same than informers have, most first. `nodes` are those
/// that are known from elsewhere: behind one address there may be a Pod on each of them. `pods` are those
/// that run as a service account, where they are known.
pub fn watch_leaks<'a>(
    audit: &'a AuditSummary,
    nodes: u64,
    pods: &BTreeMap<(&str, &str), u64>,
) -> Vec<WatchLeak<'a>> {
    let mut by_client: BTreeMap<(&str, &str), Vec<&Open>> = BTreeMap::new();
    let crowds = || audit.crowds.iter().flat_map(|crowd| &crowd.open);
    for open in audit.open.iter().chain(crowds()).filter(|open| open.verb == Verb::Watch) {
        if !is_system(&open.user, &open.agent) && !is_kubelets(open) {
            by_client.entry((&open.user, &open.agent)).or_default().push(open);
        }
    }
    let behind = Behind::new(audit, nodes, pods);
    let others = Others::new(audit);
    let mut leaks: Vec<WatchLeak<'a>> = by_client
        .into_iter()
        .filter_map(|((user, agent), rows)| watch_leak(audit, &behind, &others, user, agent, &rows))
        .collect();
    let crowds: BTreeSet<(&str, &str)> =
        audit.crowds.iter().map(|crowd| (&*crowd.client.user, &*crowd.client.agent)).collect();
    let found: BTreeSet<&str> = leaks
        .iter()
        .filter(|leak| crowds.contains(&(leak.user, leak.agent)))
        .map(|leak| leak.user)
        .collect();
    // What many programs of a user have open together is said once.
    leaks.retain(|leak| !found.contains(leak.user) || crowds.contains(&(leak.user, leak.agent)));
    leaks.sort_by(|a, b| (b.open, a.user, a.agent).cmp(&(a.open, b.user, b.agent)));
    leaks
}

/// The client with most open watches: what shows that none piles up.
pub fn most_open(audit: &AuditSummary) -> Option<(&ClientSummary, Span)> {
    let clients = audit.others().filter(|client| !is_system(&client.user, &client.agent));
    let most = clients.max_by_key(|client| (client.open_watches, client.total.requests));
    let client = most.or_else(|| audit.others().next())?;
    let mut opened = audit.open.iter().filter(|row| row.verb == Verb::Watch);
    let opened = opened.find(|row| row.user == client.user && row.agent == client.agent);
    let at = opened.map(|row| row.first.1).or_else(|| client.total.first.map(|(_, at)| at))?;
    Some((client, at))
}

/// True for what a kubelet of any make watches: each object that its Pods name.
fn is_kubelets(open: &Open) -> bool {
    let program = open.agent.split(['/', ' ']).next().unwrap_or_default();
    program.ends_with("kubelet") && matches!(&*open.resource, "secrets" | "configmaps")
}

/// Whose kubelets ask from which address: where many do, the address is that of a gateway. And how many Pods
/// ask as one user.
struct Behind<'a> {
    nodes: BTreeMap<&'a str, BTreeSet<&'a str>>,
    all: u64,
    pods: &'a BTreeMap<(&'a str, &'a str), u64>,
}

impl<'a> Behind<'a> {
    fn new(audit: &'a AuditSummary, known: u64, pods: &'a BTreeMap<(&str, &str), u64>) -> Self {
        let mut nodes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut users: BTreeSet<&str> = BTreeSet::new();
        for client in &audit.clients {
            let Some(node) = client.user.strip_prefix("system:node:") else { continue };
            users.insert(node);
            for source in &client.sources {
                nodes.entry(source).or_default().insert(node);
            }
        }
        Self { nodes, all: known.max(users.len() as u64), pods }
    }

    /// Pods that run as this user.
    fn pods(&self, user: &str) -> u64 {
        self.pods.get(&account(user)).copied().unwrap_or(0)
    }

    /// True when one of the addresses is that of more than one machine.
    fn shared(&self, client: &ClientSummary) -> bool {
        client.sources.iter().any(|source| {
            is_public(source)
                || self.nodes.get(source.as_str()).is_some_and(|nodes| nodes.len() > 1)
        })
    }
}

/// What everybody has open, reckoned once: of many clients each is compared with all others.
struct Others<'a> {
    clients: BTreeMap<(&'a str, &'a str), &'a ClientSummary>,
    /// Open watches of each client, most first.
    open: Vec<(u64, &'a str)>,
    /// The most that a user has open of the same, most first; nodes left out.
    same: Vec<(u64, &'a str)>,
}

impl<'a> Others<'a> {
    fn new(audit: &'a AuditSummary) -> Self {
        let key = |client: &'a ClientSummary| (client.user.as_str(), client.agent.as_str());
        // Of two rows of the same name the first counts.
        let crowds = audit.crowds.iter().map(|crowd| &crowd.client);
        let clients = crowds.chain(audit.clients.iter().rev());
        let clients = clients.map(|client| (key(client), client)).collect();
        let mut open: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let mut same: BTreeMap<&str, u64> = BTreeMap::new();
        for row in audit.open.iter().filter(|row| row.verb == Verb::Watch) {
            *open.entry((&row.user, &row.agent)).or_default() += row.count;
            if !row.user.starts_with("system:node:") {
                let most = same.entry(&row.user).or_default();
                *most = row.count.max(*most);
            }
        }
        let mut open: Vec<_> = open.into_iter().map(|((user, _), count)| (count, user)).collect();
        let mut same: Vec<_> = same.into_iter().map(|(user, count)| (count, user)).collect();
        open.sort_unstable_by(|a, b| b.cmp(a));
        same.sort_unstable_by(|a, b| b.cmp(a));
        Self { clients, open, same }
    }

    /// Open watches of the client that has most, beside those of a user.
    fn usual(&self, user: &str) -> u64 {
        self.open.iter().find(|(_, other)| *other != user).map_or(0, |(count, _)| *count)
    }

    /// True when two more users have at least half as many open of the same.
    fn alike(&self, user: &str, most: u64) -> bool {
        let many = |count: u64| count >= SAME_WATCHES && count * 2 >= most;
        let others = self.same.iter().take_while(|(count, _)| many(*count));
        others.filter(|(_, other)| *other != user).nth(1).is_some()
    }
}

fn watch_leak<'a>(
    audit: &'a AuditSummary,
    behind: &Behind<'_>,
    others: &Others<'a>,
    user: &'a str,
    agent: &'a str,
    rows: &[&'a Open],
) -> Option<WatchLeak<'a>> {
    if rows.iter().all(|row| row.count < SAME_WATCHES) {
        return None;
    }
    // Our own collection opens none, but a person with kubectl may.
    let client = others.clients.get(&(user, agent)).copied();
    if client.is_some_and(|client| client.collector) {
        return None;
    }
    let addresses = client.map_or(1, |client| client.distinct_addresses.max(1));
    let shared = client.is_some_and(|client| behind.shared(client));
    let usual = SAME_WATCHES * addresses;
    let usual = if shared { usual.max(OF_A_NODE * behind.all) } else { usual };
    let usual = usual.max(OF_A_POD * behind.pods(user));
    let end = audit.window.map_or(0, |(_, last)| last);
    let piled: Vec<&Open> = rows
        .iter()
        .copied()
        // One Pod's start opens one of each; how many start behind a gateway nobody knows.
        .filter(|row| row.count >= usual && (!shared || goes_on(row, end)))
        .filter(|row| client.is_none_or(|client| grows(client, row, rows)))
        .collect();
    let open: u64 = piled.iter().map(|row| row.count).sum();
    if open < MANY_WATCHES || shared && alike(&piled) {
        return None;
    }
    let most = *piled.iter().max_by_key(|row| (row.count, std::cmp::Reverse(row.first.1)))?;
    let first = piled.iter().map(|row| row.first.0).min()?;
    let last = piled.iter().map(|row| row.last.0).max()?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts and durations of a log are far below 2^52"
    )]
    let per_minute = open as f64 / ((last - first) as f64 / 60e6).max(1.0 / 6.0);
    // When an API server dies again and again, every informer's watches lose their end: a leak is of one client.
    if others.alike(user, most.count) {
        return None;
    }
    let mut beside: Vec<&Open> =
        piled.iter().copied().filter(|row| row.first.1 != most.first.1).collect();
    beside.sort_by(|a, b| (b.count, &a.resource).cmp(&(a.count, &b.resource)));
    let resources: BTreeSet<&str> = piled.iter().map(|row| row.resource.as_str()).collect();
    Some(WatchLeak {
        user,
        agent,
        open,
        most,
        resources: resources.len(),
        others: beside,
        usual: others.usual(user),
        shared,
        per_minute,
        since: time(began(client, most, first)),
        until: time(last),
    })
}

/// True when watches are opened over a time, and not by a start, a roll-out or a restart alone.
fn goes_on(row: &Open, end: i64) -> bool {
    let (first, last) = (row.first.0, row.last.0);
    let span = last.saturating_sub(first);
    if span < SPAN || end.saturating_sub(last) > span {
        return false;
    }
    let quarter = |start: i64| (start.saturating_sub(first)).max(0).saturating_mul(4) / (span + 1);
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    for (start, count) in &row.rate.slots {
        *counts.entry(quarter(*start).min(3)).or_default() += count;
    }
    counts.values().filter(|count| **count * 20 >= row.count).count() >= 3
}

/// True when more of the resource's watches began than ended, by at least half of those that are open:
/// where as many end as begin, the log merely lacks the ends that come after it.
fn grows(client: &ClientSummary, row: &Open, rows: &[&Open]) -> bool {
    let series = client
        .series
        .iter()
        .filter(|series| series.verb == Verb::Watch && series.resource == row.resource);
    let (started, ended) = series.fold((0, 0), |(started, ended): (u64, u64), series| {
        let watches = series.tally.watches;
        (started + watches.started, ended + watches.ended)
    });
    let open: u64 =
        rows.iter().filter(|other| other.resource == row.resource).map(|row| row.count).sum();
    ended == 0 || started.saturating_sub(ended) * 2 >= open
}

/// True when as many watches of each of several resources are open: each replica has one of each.
fn alike(piled: &[&Open]) -> bool {
    let most = piled.iter().map(|row| row.count).max().unwrap_or(0);
    let least = piled.iter().map(|row| row.count).min().unwrap_or(0);
    let resources: BTreeSet<&str> = piled.iter().map(|row| row.resource.as_str()).collect();
    resources.len() >= KINDS && least * 10 >= most * 9
}

/// When watches began to be opened at the pace that made them many: those of an informer may be open
/// from before, and of those that leaked first the server may have ended some.
fn began(client: Option<&ClientSummary>, most: &Open, first: i64) -> i64 {
    let Some(client) = client else { return first };
    let Some(onset) = client.watch_onset else { return first };
    let width =
        client.watch_rate.slot_seconds.max(most.rate.slot_seconds).saturating_mul(1_000_000);
    if onset.time.abs_diff(first) <= width.unsigned_abs() { first } else { onset.time }
}
