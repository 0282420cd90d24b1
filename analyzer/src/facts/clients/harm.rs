//! Whom a load hurts: requests that were turned away, took too long or waited long for a seat, of a client and of
//! everybody else.

use konspect_audit::{AuditSummary, ClientSummary, Failure};
use konspect_bundle::Span;

use crate::facts::breaches::{Queued, breach, queued};

/// How it hurts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Harm {
    /// Its own requests that priority and fairness turned away.
    pub rejected: u64,
    /// Its own requests that were refused with 401 or 403.
    pub denied: u64,
    /// Those of others.
    pub others_rejected: u64,
    /// The first request of the kind of theirs that was turned away most.
    pub others_at: Option<Span>,
    /// A kind of request whose p99 is over the objective, of anybody.
    pub breached: Option<Span>,
    /// Requests of anybody that waited long for a seat, and the one that waited longest.
    pub queued: Option<(u64, Span)>,
}

impl Harm {
    /// True when requests were turned away or took too long.
    pub fn seen(&self) -> bool {
        self.rejected + self.others_rejected >= 10
            || self.breached.is_some()
            || self.queued.is_some()
    }
}

/// How everybody is hurt, reckoned once for all clients.
pub(super) struct Hurt<'a> {
    /// Requests that priority and fairness turned away.
    pub(super) throttled: u64,
    breached: Option<Span>,
    queued: Option<(u64, Span)>,
    /// The first request that was turned away.
    first_away: Option<Span>,
    turned: Vec<Turned<'a>>,
}

impl<'a> Hurt<'a> {
    pub(super) fn of(audit: &'a AuditSummary) -> Self {
        let away = audit.failures.iter().filter(|row| row.kind == Failure::PriorityAndFairness);
        Self {
            throttled: audit.failed(Failure::PriorityAndFairness),
            breached: breach(audit),
            queued: queued(audit).map(|Queued { requests, at, .. }| (requests, at)),
            first_away: away.filter_map(|row| row.first).min().map(|(_, at)| at),
            turned: turned_away(audit),
        }
    }

    /// What of it is the client's own, and what is the others'. Whether 401 and 403 count is the caller's matter.
    pub(super) fn harm(&self, client: &ClientSummary) -> Harm {
        let rejected = client.total.failed(Failure::PriorityAndFairness);
        let others_rejected = self.throttled.saturating_sub(rejected);
        Harm {
            rejected,
            denied: 0,
            others_rejected,
            others_at: if others_rejected > 0 { self.others_at(client) } else { None },
            breached: self.breached,
            queued: self.queued,
        }
    }

    /// What of the others was turned away most, by its first request; by the first that was turned away where
    /// other things came of those, and none of the client's own was.
    fn others_at(&self, client: &ClientSummary) -> Option<Span> {
        let most = self.turned.iter().find(|turned| {
            let (user, agent) = turned.client;
            user != client.user || agent != client.agent && !client.other_agents
        })?;
        let (nothing_else, _, at) = most.rank;
        let own = client.total.failed(Failure::PriorityAndFairness) > 0;
        Some(self.first_away.filter(|_| !nothing_else && !own).unwrap_or(at.0))
    }
}

/// The requests of one client that were turned away and show it best.
struct Turned<'a> {
    rank: (bool, u64, std::cmp::Reverse<Span>),
    client: (&'a str, &'a str),
}

/// What shows best of each client that it was turned away, the best first.
fn turned_away(audit: &AuditSummary) -> Vec<Turned<'_>> {
    let of_client = |client: &'_ ClientSummary| {
        let series = client.series.iter().filter_map(|series| {
            let count = series.tally.failed(Failure::PriorityAndFairness);
            // Where nothing else came of them, the first is one of those.
            let at = std::cmp::Reverse(series.tally.first?.1);
            (count > 0).then_some((count == series.tally.requests, count, at))
        });
        series.max()
    };
    let mut turned: Vec<Turned<'_>> = audit
        .others()
        .filter_map(|client| {
            Some(Turned { rank: of_client(client)?, client: (&client.user, &client.agent) })
        })
        .collect();
    turned.sort_by_key(|one| std::cmp::Reverse(one.rank));
    turned
}
