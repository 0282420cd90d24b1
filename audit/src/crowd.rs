//! Users whose programs call themselves otherwise again and again: each of them asks for little, all of
//! them together may be a storm. Only what looks like one program under many names is put together.

use std::collections::{BTreeMap, BTreeSet};

use crate::onset::onset;
use crate::summary::{ClientSummary, Growth, Open, Rate, SeriesSummary};

/// So many names of one program, such as its versions, are a crowd …
const OF_A_PROGRAM: usize = 8;

/// … and so many whatever they are.
const OF_A_USER: usize = 64;

/// All programs of one user as one client.
#[derive(Clone, Debug, PartialEq)]
pub struct Crowd {
    /// Its agent is what all of them begin with, and an ellipsis.
    pub client: ClientSummary,
    /// Its open watches, those of one resource and namespace as one row.
    pub open: Vec<Open>,
}

/// The users who have many programs of which none asks for most.
pub(crate) fn crowds(
    clients: &[ClientSummary],
    open: &[Open],
    window: Option<(i64, i64)>,
) -> Vec<Crowd> {
    let mut users: BTreeMap<&str, Vec<&ClientSummary>> = BTreeMap::new();
    for client in clients.iter().filter(|client| !client.collector && has_programs(&client.user)) {
        users.entry(&client.user).or_default().push(client);
    }
    users.retain(|_, members| is_crowd(members));
    let mut watches: BTreeMap<&str, Vec<&Open>> = BTreeMap::new();
    for row in open.iter().filter(|row| users.contains_key(row.user.as_str())) {
        watches.entry(&row.user).or_default().push(row);
    }
    users
        .into_iter()
        .map(|(user, members)| {
            let client = together(user, &members, window);
            let open = piled(&client, watches.remove(user).unwrap_or_default());
            Crowd { client, open }
        })
        .collect()
}

/// False for what stands for many machines or for nobody in particular.
fn has_programs(user: &str) -> bool {
    !user.is_empty() && (!user.starts_with("system:") || user.starts_with("system:serviceaccount:"))
}

fn is_crowd(members: &[&ClientSummary]) -> bool {
    let named = || members.iter().filter(|client| !client.other_agents);
    let count = named().count();
    if count < OF_A_PROGRAM {
        return false;
    }
    let all: u64 = members.iter().map(|client| client.requests()).sum();
    let most = named().map(|client| client.requests()).max().unwrap_or(0);
    let mut programs: BTreeMap<&str, u64> = BTreeMap::new();
    for client in named() {
        *programs.entry(program(&client.agent)).or_default() += client.requests();
    }
    let one = programs.values().max().is_some_and(|most| most * 10 >= all * 9);
    most * 2 <= all && (one || count >= OF_A_USER)
}

/// The name of a program, without its version.
fn program(agent: &str) -> &str {
    agent.split(['/', ' ']).next().unwrap_or(agent)
}

fn together(user: &str, members: &[&ClientSummary], window: Option<(i64, i64)>) -> ClientSummary {
    let mut joined = ClientSummary {
        user: user.to_owned(),
        agent: common(
            members.iter().filter(|client| !client.other_agents).map(|client| &*client.agent),
        ),
        other_agents: true,
        ..ClientSummary::default()
    };
    let mut series: BTreeMap<_, SeriesSummary> = BTreeMap::new();
    let mut addresses: BTreeMap<&str, u64> = BTreeMap::new();
    let mut sources: BTreeSet<&str> = BTreeSet::new();
    for client in members {
        joined.total.merge(&client.total);
        joined.open_watches += client.open_watches;
        for row in &client.series {
            let key = (row.verb, row.scope, row.resource.as_str(), row.subresource.as_str());
            match series.get_mut(&key) {
                Some(known) => {
                    known.tally.merge(&row.tally);
                    known.open += row.open;
                }
                None => drop(series.insert(key, row.clone())),
            }
        }
        for (address, count) in &client.addresses {
            *addresses.entry(address).or_default() += count;
        }
        sources.extend(client.sources.iter().map(String::as_str));
        joined.distinct_addresses = joined.distinct_addresses.max(client.distinct_addresses);
    }
    joined.series = series.into_values().collect();
    joined.series.sort_by_key(|row| std::cmp::Reverse(row.requests()));
    joined.addresses =
        addresses.into_iter().map(|(address, count)| (address.to_owned(), count)).collect();
    joined.addresses.sort_by(|left, right| (right.1, &left.0).cmp(&(left.1, &right.0)));
    joined.distinct_addresses = joined.distinct_addresses.max(sources.len() as u64);
    joined.sources = sources.into_iter().map(str::to_owned).collect();
    let growth = members.iter().flat_map(|client| &client.growth);
    joined.growth = Growth::by_resource(growth).into_values().collect();
    joined.rate = sum(members.iter().map(|client| &client.rate));
    joined.watch_rate = sum(members.iter().map(|client| &client.watch_rate));
    joined.onset = onset(&joined.rate, window);
    joined.watch_onset = onset(&joined.watch_rate, window);
    joined
}

/// Open watches by what they watch, most first.
fn piled(client: &ClientSummary, rows: Vec<&Open>) -> Vec<Open> {
    let mut piles: BTreeMap<_, Vec<&Open>> = BTreeMap::new();
    for row in rows {
        piles.entry((row.verb, &row.resource, &row.namespace)).or_default().push(row);
    }
    let mut piles: Vec<Open> = piles
        .into_iter()
        .filter_map(|((verb, resource, namespace), rows)| {
            Some(Open {
                user: client.user.clone(),
                agent: client.agent.clone(),
                verb,
                resource: resource.clone(),
                namespace: namespace.clone(),
                count: rows.iter().map(|row| row.count).sum(),
                first: rows.iter().map(|row| row.first).min()?,
                last: rows.iter().map(|row| row.last).max()?,
                rate: sum(rows.iter().map(|row| &row.rate)),
            })
        })
        .collect();
    piles.sort_by_key(|pile| std::cmp::Reverse(pile.count));
    piles
}

/// The sum of rates, in the widest slots of any.
fn sum<'a>(rates: impl Iterator<Item = &'a Rate> + Clone) -> Rate {
    let slot_seconds = rates.clone().map(|rate| rate.slot_seconds).max().unwrap_or(0);
    let width = slot_seconds.saturating_mul(1_000_000).max(1);
    let mut slots: BTreeMap<i64, u64> = BTreeMap::new();
    for (start, count) in rates.flat_map(|rate| &rate.slots) {
        *slots.entry(start.div_euclid(width) * width).or_default() += count;
    }
    Rate { slot_seconds, slots: slots.into_iter().collect() }
}

/// What all names begin with, and an ellipsis.
fn common<'a>(mut names: impl Iterator<Item = &'a str>) -> String {
    let first = names.next().unwrap_or_default();
    let length = names.fold(first.len(), |length, name| {
        let same = first.bytes().zip(name.bytes()).take(length);
        same.take_while(|(one, other)| one == other).count()
    });
    let end = (0..=length).rev().find(|end| first.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", first.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Verb;
    use crate::tally::Tally;

    fn client(agent: &str, requests: u64) -> ClientSummary {
        ClientSummary {
            user: "u".to_owned(),
            agent: agent.to_owned(),
            total: Tally { requests, ..Tally::default() },
            rate: Rate { slot_seconds: 5, slots: vec![(10_000_000, requests)] },
            ..ClientSummary::default()
        }
    }

    fn names(clients: &[ClientSummary]) -> Vec<(String, u64)> {
        let crowds = crowds(clients, &[], None);
        crowds.iter().map(|crowd| (crowd.client.agent.clone(), crowd.client.requests())).collect()
    }

    #[test]
    fn one_program_under_many_names_is_one_client() {
        let versions: Vec<_> = (0..8).map(|number| client(&format!("app/{number}"), 3)).collect();
        assert_eq!(names(&versions), [("app/…".to_owned(), 24)]);
        assert_eq!(names(versions.split_last().unwrap().1), []);
        // One that asks for most of it is a client by itself.
        let mut one = versions.clone();
        one.push(client("app/9", 25));
        assert_eq!(names(&one), []);
        // What is beyond the bound of a user's programs belongs to them.
        let mut rest = client("", 1000);
        rest.other_agents = true;
        let mut beyond: Vec<_> = (0..64).map(|number| client(&format!("é{number}/1"), 1)).collect();
        beyond.push(rest);
        assert_eq!(names(&beyond), [("é…".to_owned(), 1064)]);
        let programs: Vec<_> = (0..20).map(|number| client(&format!("{number}/1"), 1)).collect();
        assert_eq!(names(&programs), []);
        let node: Vec<_> = versions
            .into_iter()
            .map(|client| ClientSummary { user: "system:node:a".to_owned(), ..client })
            .collect();
        assert_eq!(names(&node), []);
    }

    #[test]
    fn watches_and_rates_are_added() {
        let clients: Vec<_> = (0..8).map(|number| client(&format!("app/{number}"), 2)).collect();
        let open = |agent: &str, time: i64| Open {
            user: "u".to_owned(),
            agent: agent.to_owned(),
            verb: Verb::Watch,
            resource: "secrets".to_owned(),
            namespace: String::new(),
            count: 1,
            first: (time, konspect_bundle::Span::default()),
            last: (time, konspect_bundle::Span::default()),
            rate: Rate { slot_seconds: 10, slots: vec![(time, 1)] },
        };
        let crowds = crowds(&clients, &[open("app/1", 30), open("app/2", 20)], None);
        let [crowd] = crowds.as_slice() else { panic!("one crowd") };
        assert_eq!(crowd.client.rate.slots, [(10_000_000, 16)]);
        let [pile] = crowd.open.as_slice() else { panic!("one pile") };
        assert_eq!((pile.count, pile.first.0, pile.last.0), (2, 20, 30));
        assert_eq!(pile.rate.slots, [(0, 2)]);
    }
}
