//! Which clients load the API server, by what, and whether it hurts: the audit log seen as load.
//!
//! A client that is merely the busiest of a quiet cluster is none of these. What nodes, controllers and
//! the collection itself ask for is left out; it knows no client by its name alone.

mod harm;
mod pace;
mod watches;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_audit::answers::expires;
use konspect_audit::{
    AuditSummary, ClientSummary, Failure, Growth, Scope, SeriesSummary, Tally, Verb,
};
use konspect_bundle::Span;

pub use harm::Harm;
pub use watches::{Churn, WatchLeak, churners, most_open, watch_leaks};

use super::addresses::is_public;
use harm::Hurt;

/// Fewer requests are no storm.
const ENOUGH: u64 = 30;

/// A client whose share of the latency-weighted load is at least this many percent is worth a finding.
const SHARE: u64 = 30;

/// Percent of the latency-weighted load that is most of it.
const MOST: u64 = 60;

/// Micro-seconds over which a LIST is sent again and again before it is more than a start.
const GOES_ON: i64 = 60_000_000;

/// LISTs of one kind that are no start: an informer lists once, and again after an error.
const AGAIN: u64 = 10;

/// Objects of one kind that one client leaves behind, for as long as the log tells, before that is said …
const LEFT: u64 = 1_000;

/// … and the micro-seconds over which it makes them at least.
const LEFT_OVER: i64 = 300_000_000;

/// Requests that one client keeps in flight on average before that alone is load.
const BUSY: f64 = 8.0;

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
    /// Percent of all clients' latency-weighted load; of their requests, where those of this one were cut.
    pub share: u64,
    /// Requests in flight on average: seconds of latency for each second.
    pub in_flight: f64,
    pub harm: Harm,
    /// It asks so often because it is turned away.
    pub repeats: bool,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub at: Span,
}

impl Heavy<'_> {
    /// True when the load is put down to this client: it hurts, or keeps many requests in flight.
    pub fn hurts(&self) -> bool {
        !self.repeats && (self.harm.seen() || self.in_flight >= BUSY)
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
    let all: u64 =
        audit.others().map(|client| work(&client.total)).sum::<u64>() + work(&audit.other);
    let hurt = Hurt::of(audit);
    let everybody = Growth::by_resource(audit.clients.iter().flat_map(|client| &client.growth));
    let mut heavy: Vec<Heavy<'_>> = audit
        .loads()
        .filter(|client| !is_system(&client.user, &client.agent) && client.total.requests >= ENOUGH)
        // Who waits for a webhook that does not answer keeps requests in flight and loads nobody.
        .filter(|client| client.total.failed(Failure::WebhookFailed) * 2 <= client.total.requests)
        .filter_map(|client| load(client, audit, all, &hurt, &everybody))
        .collect();
    let crowds: BTreeSet<&str> = heavy
        .iter()
        .filter(|heavy| heavy.client.other_agents)
        .map(|heavy| heavy.client.user.as_str())
        .collect();
    // What many programs of a user do together is said once.
    heavy.retain(|heavy| heavy.client.other_agents || !crowds.contains(heavy.client.user.as_str()));
    heavy.sort_by(|a, b| {
        (work(&b.client.total), b.requests).cmp(&(work(&a.client.total), a.requests))
    });
    pace::mark_repeats(&mut heavy, audit);
    heavy
}

fn load<'a>(
    client: &'a ClientSummary,
    audit: &AuditSummary,
    all: u64,
    hurt: &Hurt<'_>,
    everybody: &BTreeMap<&str, Growth>,
) -> Option<Heavy<'a>> {
    let mut kinds: BTreeMap<Habit, (u64, u64)> = BTreeMap::new();
    let counts = |series: &SeriesSummary| {
        Habit::of(series.verb).filter(|habit| {
            *habit != Habit::Lists || goes_on(series, audit) || again(client, series)
        })
    };
    for series in &client.series {
        if let Some(habit) = counts(series) {
            let (cost, requests) = kinds.entry(habit).or_default();
            *cost = cost.saturating_add(work(&series.tally));
            *requests += series.tally.requests;
        }
    }
    // What their exporter cut has no latency: then the number tells, as it does of what is turned away.
    let unmeasured = cut_short(client, audit);
    let denied =
        client.total.failed(Failure::Unauthorized) + client.total.failed(Failure::Forbidden);
    let harm = Harm { denied, ..hurt.harm(client) };
    let rejected = harm.rejected;
    // Requests that are turned away cost nothing: then the number tells what the client does.
    let by_number = unmeasured || (rejected + denied) * 2 > client.total.requests;
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
    let top =
        client.series.iter().filter(|series| refused || counts(series) == Some(habit)).max_by_key(
            |series| {
                if by_number {
                    (series.tally.requests, 0)
                } else {
                    (work(&series.tally), series.tally.requests)
                }
            },
        )?;
    let (first, at) = top.tally.first?;
    // Of what is in no series of its own only the number is known.
    let known: u64 = client.series.iter().map(|series| series.tally.requests).sum();
    let requests = requests.saturating_mul(client.total.requests.max(known)) / known.max(1);
    let last = client.total.last.unwrap_or(first);
    let began = began(client, first);
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts and durations of a log are far below 2^52"
    )]
    let (requests_f, cost) = (requests as f64, work(&client.total) as f64 / 1e6);
    let pace = pace::pace(&client.rate, began, last);
    // What was there when the log begins may have begun long before.
    let start = audit.window.map_or(0, |(first, _)| first);
    let heavy = Heavy {
        client,
        habit,
        top,
        requests,
        hoarded: None,
        per_second: requests_f * pace.part / pace.seconds,
        share: if unmeasured {
            client.total.requests.saturating_mul(100).checked_div(audit.requests()).unwrap_or(0)
        } else {
            work(&client.total).saturating_mul(100).checked_div(all).unwrap_or(0)
        },
        in_flight: cost * pace.part / pace.seconds,
        harm,
        repeats: false,
        since: (client.onset.is_some() || began > start.saturating_add(60_000_000))
            .then(|| time(began))
            .flatten(),
        until: time(last),
        at,
    };
    let dominates = heavy.share >= SHARE || rejected * 2 > hurt.throttled.max(19) || refused;
    // Few requests, each dear, are as loud as many: most of the load, and others suffer.
    let suffer = harm.others_rejected >= 10 || harm.queued.is_some();
    let dear = heavy.share >= MOST && heavy.in_flight >= 1.0 && suffer;
    let loud = heavy.per_second >= habit.pace(top) || dear;
    let hoarded = (habit == Habit::Writes).then(|| hoarded(client, everybody)).flatten();
    // What piles up at a pace that alone is no load.
    let leaks = hoarded.is_some_and(|growth| {
        let until = audit.window.map_or(last, |(_, until)| until);
        growth.created >= LEFT && last - began >= LEFT_OVER && until - last < (last - began) / 4
    });
    (dominates && loud || leaks).then_some(Heavy { hoarded, ..heavy })
}

/// Micro-seconds that requests kept the API server busy: not those in which they waited for a seat or for webhooks.
fn work(tally: &Tally) -> u64 {
    let waited = tally.excused.as_ref().map_or(0, |excused| excused.sum);
    tally.latency_sum.saturating_sub(waited)
}

/// True when most of the client's requests have no latency, since their exporter cut the events.
fn cut_short(client: &ClientSummary, audit: &AuditSummary) -> bool {
    let short = || client.series.iter().filter(|series| Habit::of(series.verb).is_some());
    let requests: u64 = short().map(|series| series.tally.requests).sum();
    audit.reading.partial > 0
        && short().map(|series| series.tally.latency.total()).sum::<u64>() * 2 < requests
}

/// True when so many events were cut that the rest does not tell what clients cost.
pub fn cut_many(audit: &AuditSummary) -> bool {
    audit.reading.partial.saturating_mul(10) > audit.reading.events
}

/// True when so much of the log could not be read that the rest clears nobody.
pub fn unread_many(audit: &AuditSummary) -> bool {
    audit.reading.refused.saturating_mul(4) > audit.reading.records
}

/// True for LISTs of one whole kind that come too often for a start, however short the log: each replica
/// lists it once, and behind a cluster's gateway nobody knows how many there are.
fn again(client: &ClientSummary, series: &SeriesSummary) -> bool {
    let lists = series.tally.lists;
    let of_cluster = client.user.starts_with("system:serviceaccount:");
    series.scope == Scope::Cluster
        && lists.count >= ENOUGH.saturating_mul(client.distinct_addresses.max(1))
        && lists.paged * 2 < lists.count
        && !(of_cluster && client.sources.iter().any(|source| is_public(source)))
}

/// When a client began to ask for much more. A slot of its rate may begin within a moment after the first
/// request that is known: no cause begins after its own first effect.
fn began(client: &ClientSummary, first: i64) -> i64 {
    let first = client.total.first.map_or(first, |(first, _)| first);
    let width = client.rate.slot_seconds.saturating_mul(1_000_000);
    let Some(onset) = client.onset else { return first };
    if onset.time.saturating_sub(first) <= width { onset.time.min(first) } else { onset.time }
}

/// True for LISTs of one kind that are sent again and again, not once by each start, and not by one
/// reader that goes through the pages of a large collection.
fn goes_on(series: &SeriesSummary, audit: &AuditSummary) -> bool {
    let tally = &series.tally;
    let (Some((first, _)), Some(last)) = (tally.first, tally.last) else { return false };
    let (from, until) = audit.window.unwrap_or((first, last));
    let span = last.saturating_sub(first);
    let page_by_page = tally.lists.paged == tally.lists.count
        && i128::from(tally.latency_sum) <= i128::from(span)
        && tally.failed(Failure::PriorityAndFairness) == 0;
    tally.requests >= AGAIN && span >= GOES_ON.min(until.saturating_sub(from) / 2) && !page_by_page
}

/// What the writes leave behind by the thousand, whoever else takes some away. Events expire by themselves.
fn hoarded<'a>(
    client: &'a ClientSummary,
    everybody: &BTreeMap<&str, Growth>,
) -> Option<&'a Growth> {
    client.growth.iter().find(|growth| {
        let all = everybody.get(growth.resource.as_str()).unwrap_or(growth);
        growth.created >= 500
            && all.collections_deleted == 0
            && all.deleted * 5 < growth.created
            && growth.created * 2 > client.total.requests
            // What stays until somebody deletes it: reviews do not count as growth to begin with.
            && growth.resource != "bindings"
            && !expires(&growth.resource)
    })
}
