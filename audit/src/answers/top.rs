//! Requests in groups: who asks most, and for what.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use konspect_bundle::Span;
use serde::Serialize;

use super::{Dimension, Filter, program};
use crate::event::Verb;
use crate::summary::{AuditSummary, ClientSummary, GroupSummary};
use crate::tally::Tally;

/// One group of requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Top {
    pub key: String,
    /// Those that ended, and watches that are open.
    pub requests: u64,
    /// Those of which it is known how long they took.
    pub timed: u64,
    /// Millionths of all requests looked at.
    pub share: u64,
    /// Millionths of a request a second, over what the log covers; none where no event has a time.
    pub rate: Option<u64>,
    /// Time spent on these requests, together: the best measure of load.
    pub work: u64,
    pub mean: Option<u64>,
    pub p50: Option<u64>,
    pub p90: Option<u64>,
    pub p99: Option<u64>,
    pub max: Option<u64>,
    pub throttled: u64,
    pub server_errors: u64,
    /// Different users and source addresses, as far as they were told apart.
    pub users: u64,
    pub addresses: u64,
    #[serde(skip)]
    pub slowest: Option<Span>,
}

#[derive(Default)]
struct Group<'a> {
    requests: u64,
    /// That of all its requests, where they are put together by it.
    code: Option<u16>,
    /// Their sum is reckoned for groups that are shown: it costs more than all else.
    tallies: Vec<&'a Tally>,
    /// Watches without an end.
    open: u64,
    users: BTreeSet<&'a str>,
    addresses: BTreeSet<&'a str>,
}

/// The groups with most requests.
pub fn top(
    summary: &AuditSummary,
    dimension: Dimension,
    filter: &Filter,
    count: usize,
) -> Vec<Top> {
    topmost(summary, dimension, filter, count).0
}

/// The groups with most requests, and how many groups there are.
pub fn topmost(
    summary: &AuditSummary,
    dimension: Dimension,
    filter: &Filter,
    count: usize,
) -> (Vec<Top>, usize) {
    let mut groups: BTreeMap<Cow<'_, str>, Group<'_>> = BTreeMap::new();
    match dimension {
        Dimension::Verb => filter.series(summary).for_each(|(_, row)| {
            groups.entry(Cow::Borrowed(row.verb.as_str())).or_default().add(&row.tally, row.open);
        }),
        Dimension::Resource => filter.series(summary).for_each(|(_, row)| {
            groups.entry(Cow::Borrowed(&row.resource)).or_default().add(&row.tally, row.open);
        }),
        Dimension::Code => {
            let mut codes: BTreeMap<u16, (u64, u64)> = BTreeMap::new();
            for (_, row) in filter.series(summary) {
                for (code, requests) in &row.tally.codes {
                    codes.entry(*code).or_default().0 += requests;
                }
                // What has started was answered with that.
                if row.open > 0 {
                    codes.entry(200).or_default().1 += row.open;
                }
            }
            for (code, (requests, open)) in codes {
                let group = groups.entry(Cow::Owned(code.to_string())).or_default();
                *group = Group { requests, open, code: Some(code), ..Group::default() };
            }
        }
        Dimension::Address | Dimension::Namespace => {
            for client in summary.clients.iter().filter(|client| filter.takes_client(client)) {
                let names = if dimension == Dimension::Address {
                    &client.addresses
                } else {
                    &client.namespaces
                };
                for (name, requests) in names {
                    groups.entry(Cow::Borrowed(name)).or_default().requests += requests;
                }
            }
            if dimension == Dimension::Namespace {
                let taken: BTreeSet<(&str, &str)> = summary
                    .clients
                    .iter()
                    .filter(|client| filter.takes_client(client))
                    .map(|client| (&*client.user, &*client.agent))
                    .collect();
                let open = summary.open.iter().filter(|row| {
                    row.verb == Verb::Watch
                        && !row.namespace.is_empty()
                        && taken.contains(&(&*row.user, &*row.agent))
                });
                for row in open {
                    groups.entry(Cow::Borrowed(&row.namespace)).or_default().open += row.count;
                }
            }
        }
        Dimension::UserAgent | Dimension::Program | Dimension::User | Dimension::Client => {
            for client in summary.clients.iter().filter(|client| filter.takes_client(client)) {
                let key = match dimension {
                    Dimension::UserAgent => Cow::Borrowed(client.agent.as_str()),
                    Dimension::Program => Cow::Borrowed(program(&client.agent)),
                    Dimension::User => Cow::Borrowed(client.user.as_str()),
                    _ => Cow::Owned(format!("{} {}", client.user, client.agent)),
                };
                let group = groups.entry(key).or_default();
                if filter.narrows_series() {
                    for row in client.series.iter().filter(|row| filter.takes_series(row)) {
                        group.add(&row.tally, row.open);
                    }
                } else {
                    group.add(&client.total, client.open_watches);
                }
            }
        }
    }
    let asked = |client: &&ClientSummary| client.requests() > 0 && filter.takes_client(client);
    for client in summary.clients.iter().filter(asked) {
        let key = match dimension {
            Dimension::UserAgent => client.agent.as_str(),
            Dimension::Program => program(&client.agent),
            Dimension::User => client.user.as_str(),
            _ => continue,
        };
        if let Some(group) = groups.get_mut(key) {
            group.users.insert(&client.user);
            group.addresses.extend(client.addresses.iter().map(|(address, _)| address.as_str()));
        }
    }
    let all: u64 = groups.values().map(Group::requests).sum();
    let mut order: Vec<(&Cow<'_, str>, &Group<'_>)> =
        groups.iter().filter(|(_, group)| group.requests() > 0).collect();
    let (seconds, rows) = (summary.window.map(|_| summary.seconds()), order.len());
    let first = first_by(&mut order, count, |left, right| {
        let requests = |(_, group): &(&Cow<'_, str>, &Group<'_>)| Reverse(group.requests());
        requests(left).cmp(&requests(right)).then_with(|| left.0.cmp(right.0))
    });
    (first.iter().map(|(key, group)| row(key.to_string(), group, all, seconds)).collect(), rows)
}

/// The first of all in their order; the others are not put into one.
pub(super) fn first_by<T>(
    rows: &mut [T],
    count: usize,
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> &[T] {
    let count = count.min(rows.len());
    if count > 0 && count < rows.len() {
        rows.select_nth_unstable_by(count - 1, &order);
    }
    let (first, _) = rows.split_at_mut(count);
    first.sort_unstable_by(&order);
    first
}

/// The groups that the question asked for, with the values of what it grouped by; where it cut them
/// into bins, their rates are over so many seconds.
pub fn grouped(summary: &AuditSummary, bin_seconds: Option<u64>) -> Vec<(Vec<String>, Top)> {
    let all: u64 = summary.groups.iter().map(GroupSummary::requests).sum::<u64>()
        + summary.budget.groups_spilled;
    let seconds = summary.window.map(|_| bin_seconds.unwrap_or_else(|| summary.seconds()));
    let groups = summary.groups.iter().map(|group| {
        let row = tally_row(&group.tally, group.open, all, seconds);
        (group.key.clone(), Top { users: group.users, addresses: group.addresses, ..row })
    });
    groups.collect()
}

impl<'a> Group<'a> {
    fn add(&mut self, tally: &'a Tally, open: u64) {
        self.requests += tally.requests;
        self.tallies.push(tally);
        self.open += open;
    }

    fn requests(&self) -> u64 {
        self.requests + self.open
    }

    fn tally(&self) -> Tally {
        let mut sum = Tally::default();
        self.tallies.iter().for_each(|tally| sum.merge(tally));
        sum.codes.extend(self.code.map(|code| (code, self.requests)));
        sum.requests = self.requests;
        sum
    }
}

fn row(key: String, group: &Group<'_>, all: u64, seconds: Option<u64>) -> Top {
    Top {
        key,
        users: group.users.len() as u64,
        addresses: group.addresses.len() as u64,
        ..tally_row(&group.tally(), group.open, all, seconds)
    }
}

/// Millionths of the second number that the first is, to the nearest.
pub fn millionths(part: u64, all: u64) -> Option<u64> {
    let (part, all) = (u128::from(part), u128::from(all));
    let rounded = (part * 2_000_000 + all).checked_div(all * 2)?;
    Some(u64::try_from(rounded).unwrap_or(u64::MAX))
}

fn tally_row(tally: &Tally, open: u64, all: u64, seconds: Option<u64>) -> Top {
    let [p50, p90, p99] = tally.latency.quantiles([500, 900, 990]);
    let requests = tally.requests + open;
    Top {
        key: String::new(),
        requests,
        timed: tally.latency.total(),
        share: millionths(requests, all).unwrap_or(0),
        rate: seconds.and_then(|seconds| millionths(requests, seconds)),
        work: tally.latency_sum,
        mean: tally.mean(),
        p50,
        p90,
        p99,
        max: tally.slowest.map(|(max, _)| max),
        throttled: tally
            .failures
            .iter()
            .filter(|(kind, _)| kind.throttles())
            .map(|(_, count)| count)
            .sum(),
        server_errors: tally.server_errors(),
        users: 0,
        addresses: 0,
        slowest: tally.slowest.map(|(_, at)| at),
    }
}
