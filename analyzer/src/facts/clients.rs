//! Which clients load the API server, by what, and whether it hurts: the audit log seen as load.
//!
//! A client that is merely the busiest of a quiet cluster is none of these. What nodes, controllers and
//! the collection itself ask for is left out; it knows no client by its name alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_audit::answers::expires;
use konspect_audit::{
    AuditSummary, ClientSummary, Failure, Growth, Open, Scope, SeriesSummary, Verb,
};
use konspect_bundle::Span;

use super::breaches::breach;

/// Fewer requests are no storm.
const ENOUGH: u64 = 30;

/// A client whose share of the latency-weighted load is at least this many percent is worth a finding.
const SHARE: u64 = 30;

/// Percent of the latency-weighted load that is most of it.
const MOST: u64 = 60;

/// Requests that one client keeps in flight on average before that alone is load.
const BUSY: f64 = 8.0;

/// Watches of one resource in one namespace from one address that are no longer an informer's.
const SAME_WATCHES: u64 = 20;

/// Open watches of one client below which nothing is said.
const MANY_WATCHES: u64 = 60;

/// Watches that ended within seconds, below which nothing is said …
const SHORT_WATCHES: u64 = 100;

/// … and how many of them a second are a reconnect storm.
const CHURN: f64 = 5.0;

/// What kind of request dominates a client's load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Habit {
    /// Reads of single objects.
    Reads,
    Lists,
    Writes,
}

impl Habit {
    pub fn of(verb: Verb) -> Option<Self> {
        match verb {
            Verb::Get | Verb::Head | Verb::Options => Some(Self::Reads),
            Verb::List => Some(Self::Lists),
            _ if verb.mutates() => Some(Self::Writes),
            _ => None,
        }
    }

    /// Requests a second from which a hurt API server is put down to the client.
    fn pace(self, top: &SeriesSummary) -> f64 {
        match self {
            Self::Lists if top.scope == Scope::Cluster => 1.0,
            Self::Reads | Self::Lists | Self::Writes => 5.0,
        }
    }
}

/// One client whose requests are a load worth naming.
#[derive(Clone, Debug)]
pub struct Heavy<'a> {
    pub client: &'a ClientSummary,
    pub habit: Habit,
    /// The series that costs most.
    pub top: &'a SeriesSummary,
    /// Requests of the dominating kind, and how many of them a second while the client was active.
    pub requests: u64,
    pub per_second: f64,
    /// What the writes leave behind by the thousand: a leak then, no storm.
    pub hoarded: Option<&'a Growth>,
    /// Percent of all clients' latency-weighted load.
    pub share: u64,
    /// Requests in flight on average: seconds of latency for each second.
    pub in_flight: f64,
    pub harm: Harm,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub at: Span,
}

/// How it hurts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Harm {
    /// Its own requests that priority and fairness turned away.
    pub rejected: u64,
    /// Its own requests that were refused with 401 or 403.
    pub denied: u64,
    /// Those of others.
    pub others_rejected: u64,
    /// A kind of request whose p99 is over the objective, of anybody.
    pub breached: Option<Span>,
}

impl Harm {
    /// True when requests were turned away or took too long.
    pub fn seen(&self) -> bool {
        self.rejected + self.others_rejected >= 10 || self.breached.is_some()
    }
}

impl Heavy<'_> {
    /// True when the load is put down to this client: it hurts, or keeps many requests in flight.
    pub fn hurts(&self) -> bool {
        self.harm.seen() || self.in_flight >= BUSY
    }

    /// Namespace and name of the service account, else nothing and the user.
    pub fn account(&self) -> (&str, &str) {
        account(&self.client.user)
    }
}

/// Namespace and name of a service account's user name; other users have no namespace.
pub fn account(user: &str) -> (&str, &str) {
    user.strip_prefix("system:serviceaccount:")
        .and_then(|rest| rest.split_once(':'))
        .unwrap_or(("", user))
}

/// A time of the audit log.
pub fn time(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}

/// True for what runs in every cluster and is busy by nature: nodes, the control plane, the cloud's own users.
/// `masterclient` is none of them: it is whoever has the administrator's kubeconfig.
pub fn is_system(user: &str, agent: &str) -> bool {
    if let Some(rest) = user.strip_prefix("system:") {
        if rest.starts_with("node:") {
            return is_node_agent(agent);
        }
        let Some(rest) = rest.strip_prefix("serviceaccount:") else {
            return user != "system:anonymous" && user != "system:admin";
        };
        let controllers = [
            "kube-controller-manager",
            "cloud-controller-manager",
            "kube-proxy",
            "kubelet",
            "cluster-autoscaler",
        ];
        return rest.starts_with("kube-system:")
            && controllers.iter().any(|name| agent.starts_with(name));
    }
    matches!(
        user,
        "aksService"
            | "hcpService"
            | "acsService"
            | "nodeclient"
            | "cloud-controller-manager"
            | "cluster-autoscaler"
            | "aks-support"
    ) || agent.starts_with("kube-probe/")
        || agent.starts_with("Envoy/HC")
}

/// True for what asks with a node's credentials by nature: the kubelet, whatever binary it is part of, and what
/// joins and watches the node. Anything else borrowed them.
fn is_node_agent(agent: &str) -> bool {
    const AGENTS: [&str; 9] = [
        "kubelet",
        "hyperkube",
        "kubelite",
        "kubeadm",
        "kube-proxy",
        "k3s",
        "rke2",
        "k0s",
        "node-problem-detector",
    ];
    agent.is_empty() || AGENTS.iter().any(|name| agent.starts_with(name))
}

/// Clients whose load dominates, by that load, descending; not those whose writes pile up.
pub fn heavy(audit: &AuditSummary) -> Vec<Heavy<'_>> {
    loads(audit).into_iter().filter(|heavy| heavy.hoarded.is_none()).collect()
}

/// Clients whose load dominates and whose writes leave objects behind by the thousand.
pub fn hoarders(audit: &AuditSummary) -> Vec<Heavy<'_>> {
    loads(audit).into_iter().filter(|heavy| heavy.hoarded.is_some()).collect()
}

fn loads(audit: &AuditSummary) -> Vec<Heavy<'_>> {
    let all: u64 = audit.others().map(|client| client.total.latency_sum).sum::<u64>()
        + audit.other.latency_sum;
    let throttled = audit.failed(Failure::PriorityAndFairness);
    let breached = breach(audit);
    let mut heavy: Vec<Heavy<'_>> = audit
        .others()
        .filter(|client| !is_system(&client.user, &client.agent) && client.total.requests >= ENOUGH)
        .filter_map(|client| load(client, audit, all, throttled, breached))
        .collect();
    heavy.sort_by(|a, b| {
        (b.client.total.latency_sum, b.requests).cmp(&(a.client.total.latency_sum, a.requests))
    });
    heavy
}

fn load<'a>(
    client: &'a ClientSummary,
    audit: &AuditSummary,
    all: u64,
    throttled: u64,
    breached: Option<Span>,
) -> Option<Heavy<'a>> {
    let mut kinds: BTreeMap<Habit, (u64, u64)> = BTreeMap::new();
    for series in &client.series {
        if let Some(habit) = Habit::of(series.verb) {
            let (cost, requests) = kinds.entry(habit).or_default();
            *cost = cost.saturating_add(series.tally.latency_sum);
            *requests += series.tally.requests;
        }
    }
    let rejected = client.total.failed(Failure::PriorityAndFairness);
    let denied =
        client.total.failed(Failure::Unauthorized) + client.total.failed(Failure::Forbidden);
    // Requests that are turned away cost nothing: then the number tells what the client does.
    let by_number = (rejected + denied) * 2 > client.total.requests;
    // What was refused before it was looked at is neither a LIST nor a write: only its number counts.
    let refused = denied * 2 > client.total.requests;
    let (habit, requests) = if refused {
        (Habit::Reads, client.total.requests)
    } else {
        let (habit, (_, requests)) = kinds.into_iter().max_by_key(|(_, (cost, requests))| {
            if by_number { (*requests, *cost) } else { (*cost, *requests) }
        })?;
        (habit, requests)
    };
    let top = client
        .series
        .iter()
        .filter(|series| refused || Habit::of(series.verb) == Some(habit))
        .max_by_key(|series| {
            if by_number {
                (series.tally.requests, 0)
            } else {
                (series.tally.latency_sum, series.tally.requests)
            }
        })?;
    let (first, at) = top.tally.first?;
    let last = client.total.last.unwrap_or(first);
    let began = client
        .onset
        .map_or(client.total.first.map_or(first, |(first, _)| first), |onset| onset.time);
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts and durations of a log are far below 2^52"
    )]
    let (seconds, requests_f, cost) = (
        ((last - began) as f64 / 1e6).max(5.0),
        requests as f64,
        client.total.latency_sum as f64 / 1e6,
    );
    // What was there when the log begins may have begun long before.
    let start = audit.window.map_or(0, |(first, _)| first);
    let others_rejected = throttled.saturating_sub(rejected);
    let heavy = Heavy {
        client,
        habit,
        top,
        requests,
        hoarded: None,
        per_second: requests_f / seconds,
        share: (client.total.latency_sum.saturating_mul(100)).checked_div(all).unwrap_or(0),
        in_flight: cost / seconds,
        harm: Harm { rejected, denied, others_rejected, breached },
        since: (client.onset.is_some() || began > start.saturating_add(60_000_000))
            .then(|| time(began))
            .flatten(),
        until: time(last),
        at,
    };
    let dominates = heavy.share >= SHARE || rejected * 2 > throttled.max(19);
    // Few requests, each dear, are as loud as many: most of the load, and others suffer.
    let dear = heavy.share >= MOST && heavy.in_flight >= 1.0 && others_rejected >= 10;
    let loud = heavy.per_second >= habit.pace(top) || dear;
    let piles_up = || (habit == Habit::Writes).then(|| hoarded(audit, client)).flatten();
    (dominates && loud).then(|| Heavy { hoarded: piles_up(), ..heavy })
}

/// What the writes leave behind by the thousand, whoever else takes some away. Events expire by themselves.
fn hoarded<'a>(audit: &AuditSummary, client: &'a ClientSummary) -> Option<&'a Growth> {
    client.growth.iter().find(|growth| {
        let everybody = audit.clients.iter().flat_map(|client| &client.growth);
        let (deleted, collections) = everybody
            .filter(|other| other.resource == growth.resource)
            .fold((0, 0), |(one, many), other| {
                (one + other.deleted, many + other.collections_deleted)
            });
        growth.created >= 500
            && collections == 0
            && deleted * 5 < growth.created
            && growth.created * 2 > client.total.requests
            // What stays until somebody deletes it: reviews do not count as growth to begin with.
            && growth.resource != "bindings"
            && !expires(&growth.resource)
    })
}

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
    let all: u64 = clients().map(short).sum();
    let throttled = audit.failed(Failure::PriorityAndFairness);
    let start = audit.window.map_or(0, |(first, _)| first);
    let mut churners: Vec<Churn<'_>> = clients()
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
            let rejected = client.total.failed(Failure::PriorityAndFairness);
            (short >= SHORT_WATCHES && mostly && per_second >= CHURN).then(|| Churn {
                client,
                top,
                short,
                per_second,
                harm: Harm {
                    rejected,
                    denied: 0,
                    others_rejected: throttled.saturating_sub(rejected),
                    breached: breach(audit),
                },
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
    pub per_minute: f64,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// Clients with far more open watches of the same than one informer for each address has, most first.
pub fn watch_leaks(audit: &AuditSummary) -> Vec<WatchLeak<'_>> {
    let mut by_client: BTreeMap<(&str, &str), Vec<&Open>> = BTreeMap::new();
    for open in audit.open.iter().filter(|open| open.verb == Verb::Watch) {
        if !is_system(&open.user, &open.agent) {
            by_client.entry((&open.user, &open.agent)).or_default().push(open);
        }
    }
    let mut leaks: Vec<WatchLeak<'_>> = by_client
        .into_iter()
        .filter_map(|((user, agent), rows)| watch_leak(audit, user, agent, &rows))
        .collect();
    leaks.sort_by(|a, b| (b.open, a.user, a.agent).cmp(&(a.open, b.user, b.agent)));
    leaks
}

fn watch_leak<'a>(
    audit: &'a AuditSummary,
    user: &'a str,
    agent: &'a str,
    rows: &[&'a Open],
) -> Option<WatchLeak<'a>> {
    if rows.iter().all(|row| row.count < SAME_WATCHES) {
        return None;
    }
    let client = audit.clients.iter().find(|client| client.user == user && client.agent == agent);
    if client.is_some_and(|client| client.collector) {
        return None;
    }
    let addresses = client.map_or(1, |client| client.distinct_addresses.max(1));
    let piled: Vec<&&Open> =
        rows.iter().filter(|row| row.count >= SAME_WATCHES * addresses).collect();
    let open: u64 = piled.iter().map(|row| row.count).sum();
    if open < MANY_WATCHES {
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
    let mut others: Vec<&Open> =
        piled.iter().map(|row| **row).filter(|row| row.first.1 != most.first.1).collect();
    others.sort_by(|a, b| (b.count, &a.resource).cmp(&(a.count, &b.resource)));
    let mut beside: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in audit.open.iter().filter(|row| row.verb == Verb::Watch && row.user != user) {
        *beside.entry((&row.user, &row.agent)).or_default() += row.count;
    }
    // When an API server dies again and again, every informer's watches lose their end: a leak is of one client.
    let alike = audit.open.iter().filter(|row| {
        row.verb == Verb::Watch
            && row.user != user
            && !row.user.starts_with("system:node:")
            && row.count >= SAME_WATCHES
            && row.count * 2 >= most.count
    });
    if alike.map(|row| row.user.as_str()).collect::<BTreeSet<_>>().len() >= 2 {
        return None;
    }
    let resources: BTreeSet<&str> = piled.iter().map(|row| row.resource.as_str()).collect();
    Some(WatchLeak {
        user,
        agent,
        open,
        most,
        resources: resources.len(),
        others,
        usual: beside.into_values().max().unwrap_or(0),
        per_minute,
        since: time(first),
        until: time(last),
    })
}
