//! What failed, beside how often it was tried: calls of etcd, and requests that the API server gave up.

use std::collections::BTreeMap;

use konspect_bundle::Span;

use super::counted::{Counted, Since};
use super::{EtcdCall, Metrics, plural};
use crate::model::metrics::{MetricsComponent, Sample};

/// How many failed, of how many.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed<K> {
    /// The kind of which most failed.
    pub of: K,
    pub failed: u64,
    pub all: u64,
    /// True of those between two scrapes of one process, false of all since the processes began.
    pub lately: bool,
    pub at: Span,
}

/// Requests of one verb for one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    pub verb: String,
    /// `plural.group`.
    pub resource: String,
}

/// Fewer that failed since a process began are what any week has, and so few between two scrapes a moment's.
const MANY: u64 = 100;
const MANY_LATELY: u64 = 20;

/// Of so many calls of etcd one that fails is a client that did not wait for the answer.
const ETCD_CALLS: u64 = 20;

/// Of so many requests one that is given up is none that others notice.
const REQUESTS: u64 = 100;

const SERVER: MetricsComponent = MetricsComponent::ApiServer;

impl Metrics<'_> {
    /// Calls of etcd that failed, where that is one of twenty or more. LISTs are left out: one that goes on
    /// after its revision was compacted fails in a healthy cluster.
    pub fn failing_etcd(&self) -> Option<Failed<EtcdCall>> {
        let counts = |row: &Counted<EtcdCall>| !row.of.operation.starts_with("list");
        let errors: Vec<_> = self.etcd_request_errors().into_iter().filter(counts).collect();
        let lately = lately(&errors);
        let failed = errors.iter().map(|row| number(row.total, row.since, lately)).sum();
        let all = self.etcd_requests().into_iter().filter(counts);
        let all = all.map(|row| number(row.total, row.since, lately)).sum();
        let most = errors.into_iter().max_by_key(|row| number(row.total, row.since, lately))?;
        let failed = Failed { of: most.of, failed, all, lately, at: most.at };
        failed.is_many(ETCD_CALLS).then_some(failed)
    }

    /// The requests of which most were given up by the API server with 504, where that is one of a hundred or
    /// more. Streams and what goes through the tunnel are left out: their end is somebody else's.
    pub fn timed_out(&self) -> Option<Failed<Asked>> {
        let asked = |sample: &Sample| {
            let stream = matches!(sample.label("verb"), "WATCH" | "CONNECT" | "WATCHLIST")
                || matches!(
                    sample.label("subresource"),
                    "proxy" | "exec" | "attach" | "portforward" | "log"
                );
            let asked = Asked { verb: sample.label("verb").to_owned(), resource: plural(sample) };
            (!stream).then_some((asked, sample.label("code").to_owned()))
        };
        let ended = self.counted(SERVER, &["apiserver_request_terminations_total"], asked);
        let ended = ended.into_iter().filter_map(|Counted { of, total, since, at }| {
            let (of, _) = of.filter(|(_, code)| code == "504")?;
            Some(Counted { of, total, since, at })
        });
        let mut all: BTreeMap<Asked, Vec<(u64, Since)>> = BTreeMap::new();
        for row in self.counted(SERVER, &["apiserver_request_total"], asked) {
            if let Some((of, _)) = row.of {
                all.entry(of).or_default().push((row.total, row.since));
            }
        }
        let ended: Vec<Counted<Asked>> = ended.collect();
        let lately = lately(&ended);
        let failed = ended.into_iter().map(|Counted { of, total, since, at }| {
            let all = all.get(&of).into_iter().flatten();
            let all = all.map(|(total, since)| number(*total, *since, lately)).sum();
            Failed { of, failed: number(total, since, lately), all, lately, at }
        });
        let many = failed.filter(|row| row.is_many(REQUESTS));
        many.max_by(|a, b| a.failed.cmp(&b.failed).then_with(|| b.of.cmp(&a.of)))
    }
}

impl<K> Failed<K> {
    /// True when enough failed, and one of so many or more; where nobody counted all, that is not known.
    fn is_many(&self, of: u64) -> bool {
        let many = if self.lately { MANY_LATELY } else { MANY };
        self.failed >= many && self.all > 0 && self.failed.saturating_mul(of) >= self.all
    }
}

/// True when two scrapes of one process tell how the counters grew.
fn lately<K>(rows: &[Counted<K>]) -> bool {
    rows.iter().any(|row| row.since.by().is_some())
}

fn number(total: u64, since: Since, lately: bool) -> u64 {
    if lately { since.by().unwrap_or(0) } else { total }
}
