//! From the counters of a fold to sorted, plain data.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rayon::iter::{IntoParallelIterator, ParallelExtend, ParallelIterator};

use crate::client::{Client, Named, Names, Scope};
use crate::crowd::crowds;
use crate::event::{Stage, Verb};
use crate::fold::AuditFold;
use crate::form::Form;
use crate::onset::{collects, full_from, onset, reviews};
use crate::rows::{AgentRow, Bin, FailureRow, Row, Rows};
use crate::summary::{
    AgentLatency, AuditSummary, Budget, Change, ClientSummary, Deprecated, FailureSummary,
    GroupSummary, Growth, LatencyBin, Open, Part, Polled, Rate, SeriesSummary,
};
use crate::tally::Tally;
use crate::timeline::{Slot, Timeline};
use crate::watches::Owner;

/// Row counts at which exports of Log Analytics are cut.
const ROW_CAPS: [u64; 6] = [10_000, 30_000, 50_000, 64_000, 100_000, 500_000];

impl AuditFold {
    /// Turns the counters into sorted, plain data.
    pub fn finish(mut self) -> AuditSummary {
        self.trim();
        let open = open_requests(&self);
        let mut open_watches: OpenWatches<'_> = BTreeMap::new();
        for row in open.iter().filter(|row| row.verb == Verb::Watch) {
            let resources = open_watches.entry((&row.user, &row.agent)).or_default();
            *resources.entry(&row.resource).or_default() += row.count;
        }
        let mut budget = Budget {
            failures_spilled: self.failures.spilled,
            changes_spilled: self.changes.spilled,
            deprecated_spilled: self.deprecated.spilled,
            parts_spilled: self.parts.spilled,
            bins_spilled: self.agents.spilled,
            groups_spilled: self.groups.spilled,
            watches_thinned: u32::try_from(self.watches.thinned).unwrap_or(u32::MAX),
            unremembered: self.unremembered,
            clients_spilled: self.users.other.requests,
            ..Budget::default()
        };
        let (mut known, mut clients) = (Vec::new(), Vec::new());
        let users = std::mem::take(&mut self.users);
        for user in users.table.into_rows() {
            budget.clients_spilled += user.other.requests;
            let name = Arc::<str>::from(user.name);
            known.extend(user.agents.into_rows().map(|client| (Arc::clone(&name), client)));
            if user.other != Tally::default() {
                clients.push(ClientSummary {
                    user: name.to_string(),
                    other_agents: true,
                    total: user.other,
                    ..ClientSummary::default()
                });
            }
        }
        budget.series_spilled += known.iter().map(|(_, row)| row.other.requests).sum::<u64>();
        let window = self.window;
        let full = full_from(window, known.iter().map(|(_, client)| &client.pace));
        clients.par_extend(known.into_par_iter().map(|(user, client)| {
            let open = open_watches.get(&(&*user, &*client.agent)).cloned().unwrap_or_default();
            client_summary(&user, client, [window, full], open)
        }));
        clients.sort_by(|left, right| {
            let key = |client: &ClientSummary| std::cmp::Reverse(client.requests());
            (key(left), &left.user, &left.agent).cmp(&(key(right), &right.user, &right.agent))
        });
        collects(&mut clients, self.window);
        let reads: u64 =
            self.verbs.iter().filter(|(verb, _)| verb.reads()).map(|(_, count)| count).sum();
        let writes: u64 =
            self.verbs.iter().filter(|(verb, _)| verb.mutates()).map(|(_, count)| count).sum();
        let stage = |stage: Stage| self.stages.get(stage as usize).copied().unwrap_or(0);
        let rows = [Form::LogAnalyticsCsv, Form::LogAnalyticsJson]
            .iter()
            .filter_map(|form| self.forms.get(form))
            .sum::<u64>();
        let crowds = crowds(&clients, &open, full);
        AuditSummary {
            reading: self.reading,
            refusals: self.refusals.clone(),
            forms: self.forms.clone(),
            stages: [
                Stage::Unknown,
                Stage::RequestReceived,
                Stage::ResponseStarted,
                Stage::ResponseComplete,
                Stage::Panic,
            ]
            .into_iter()
            .map(|name| (name, stage(name)))
            .filter(|(_, count)| *count > 0)
            .collect(),
            verbs: self.verbs.clone(),
            window: self.window,
            admin_only: writes > 0 && reads + self.reading.left_out_reads == 0,
            tells_open: stage(Stage::ResponseStarted) > 0,
            row_cap: ROW_CAPS.into_iter().find(|cap| rows == *cap),
            assumed_dates: self.assumed_dates,
            local_dates: self.local_dates,
            assumed_at: self.assumed_at,
            overlaps: std::mem::take(&mut self.overlaps),
            clients,
            crowds,
            failures: failures(std::mem::take(&mut self.failures)),
            changes: changes(&self),
            deprecated: deprecated(&self),
            parts: parts(&self),
            agents: agents(std::mem::take(&mut self.agents)),
            groups: groups(&self),
            open,
            budget,
            other: users.other,
        }
    }
}

fn client_summary(
    user: &str,
    client: Client,
    [window, full]: [Option<(i64, i64)>; 2],
    open: BTreeMap<&str, u64>,
) -> ClientSummary {
    let total = client.total();
    let open_watches = open.values().sum();
    let mut series: Vec<SeriesSummary> = client
        .series
        .into_rows()
        .map(|row| SeriesSummary {
            verb: row.verb,
            scope: row.scope,
            resource: row.resource.into(),
            subresource: row.subresource.into(),
            tally: row.tally,
            open: 0,
        })
        .collect();
    leave_open(&mut series, open);
    series.sort_by(|left, right| {
        let key = |row: &SeriesSummary| (std::cmp::Reverse(row.requests()), row.verb, row.scope);
        (key(left), &left.resource, &left.subresource).cmp(&(
            key(right),
            &right.resource,
            &right.subresource,
        ))
    });
    let mut polled: Vec<Polled> = client
        .objects
        .into_rows()
        .filter(|row| row.count > 1)
        .map(|row| {
            let [resource, namespace, name] = row.key.map(String::from);
            Polled { resource, namespace, name, count: row.count, first: row.first, last: row.last }
        })
        .collect();
    polled.sort_by(|left, right| {
        (std::cmp::Reverse(left.count), &left.resource, &left.namespace, &left.name).cmp(&(
            std::cmp::Reverse(right.count),
            &right.resource,
            &right.namespace,
            &right.name,
        ))
    });
    let mut rate = rate(client.pace);
    let watch_rate = self::rate(client.watch_pace);
    // What ran long may have come in before the log.
    let width = rate.slot_seconds.saturating_mul(1_000_000);
    let first = window.map_or(i64::MIN, |(first, _)| first);
    rate.slots.retain(|(start, _)| start.saturating_add(width) > first);
    let mut addresses = named(&client.addresses);
    // Where a client has one address, its open watches are of that, too.
    if let [Named { name, count, .. }] = client.addresses.rows.as_slice()
        && open_watches > 0
    {
        addresses = vec![(name.to_string(), count + open_watches)];
    }
    ClientSummary {
        user: user.to_owned(),
        agent: client.agent.to_string(),
        other_agents: false,
        collector: false,
        total,
        growth: growth(&series),
        series,
        distinct_addresses: client.addresses.distinct(),
        sources: sources(&client.addresses),
        addresses,
        namespaces: named(&client.namespaces),
        polled,
        onset: onset(&rate, full),
        watch_onset: onset(&watch_rate, full),
        rate,
        watch_rate,
        open_watches,
    }
}

/// Open watches by user and user agent, of these by resource.
type OpenWatches<'a> = BTreeMap<(&'a str, &'a str), BTreeMap<&'a str, u64>>;

/// Puts the open watches of each resource to the series in which they began.
fn leave_open(series: &mut [SeriesSummary], mut open: BTreeMap<&str, u64>) {
    for row in series.iter_mut().filter(|row| row.verb == Verb::Watch) {
        if let Some(left) = open.get_mut(row.resource.as_str()) {
            row.open = row.tally.watches.started.min(*left);
            *left -= row.open;
        }
    }
}

fn growth(series: &[SeriesSummary]) -> Vec<Growth> {
    let mut by_resource: BTreeMap<&str, Growth> = BTreeMap::new();
    let stored = |row: &&SeriesSummary| {
        row.subresource.is_empty() && row.scope != Scope::None && !reviews(&row.resource)
    };
    for row in series.iter().filter(stored) {
        let count = row.tally.succeeded().saturating_sub(row.tally.dry_runs);
        if !matches!(row.verb, Verb::Create | Verb::Delete | Verb::DeleteCollection) || count == 0 {
            continue;
        }
        let entry = by_resource.entry(&row.resource).or_insert_with(|| Growth {
            resource: row.resource.clone(),
            created: 0,
            deleted: 0,
            collections_deleted: 0,
        });
        match row.verb {
            Verb::Create => entry.created += count,
            Verb::Delete => entry.deleted += count,
            _ => entry.collections_deleted += count,
        }
    }
    by_resource.into_values().collect()
}

fn named<const LIMIT: usize>(names: &Names<LIMIT>) -> Vec<(String, u64)> {
    let counted = names.rows.iter().filter(|row| row.count > 0);
    let mut rows: Vec<(String, u64)> =
        counted.map(|row| (row.name.to_string(), row.count)).collect();
    rows.sort_by(|left, right| {
        (std::cmp::Reverse(left.1), &left.0).cmp(&(std::cmp::Reverse(right.1), &right.0))
    });
    rows
}

fn sources<const LIMIT: usize>(names: &Names<LIMIT>) -> Vec<String> {
    let mut sources: Vec<String> = names.rows.iter().map(|row| row.name.to_string()).collect();
    sources.sort_unstable();
    sources
}

fn rate<const SECONDS: i64, const LIMIT: usize>(timeline: Timeline<u64, SECONDS, LIMIT>) -> Rate
where
    u64: Slot,
{
    Rate { slot_seconds: timeline.width(), slots: timeline.into_slots().collect() }
}

fn open_requests(fold: &AuditFold) -> Vec<Open> {
    // Of a sample, each stands for as many as were left out.
    let each = 1_u64 << fold.watches.thinned.min(63);
    let mut open: Vec<Open> = fold
        .watches
        .open()
        .into_iter()
        .filter_map(|(Owner { user, agent, verb, resource, namespace }, starts)| {
            let (first, last) = (&starts.first()?.1, &starts.last()?.1);
            let mut timeline: Timeline<u64, 5, 512> = Timeline::default();
            for (_, start) in &starts {
                *timeline.slot(start.time) += each;
            }
            timeline.settle();
            Some(Open {
                user: user.to_string(),
                agent: agent.to_string(),
                verb: Verb::ALL.get(usize::from(verb)).copied().unwrap_or_default(),
                resource: resource.to_string(),
                namespace: namespace.to_string(),
                count: each.saturating_mul(starts.len() as u64),
                first: (first.time, first.at),
                last: (last.time, last.at),
                rate: rate(timeline),
            })
        })
        .collect();
    open.sort_by_key(|row| std::cmp::Reverse(row.count));
    open
}

fn failures(rows: Rows<FailureRow>) -> Vec<FailureSummary> {
    let mut rows: Vec<FailureSummary> = rows
        .table
        .into_rows()
        .filter(|row| row.weight() > 0)
        .map(|row| FailureSummary {
            kind: row.kind,
            code: row.code,
            name: row.name.to_string(),
            shape: row.shape.to_string(),
            message: row.message.to_string(),
            count: row.sightings.count,
            first: row.sightings.first,
            last: row.sightings.last,
            clients: named(&row.clients)
                .into_iter()
                .map(|(client, count)| {
                    let (user, agent) = client.split_once('\n').unwrap_or((&client, ""));
                    (user.to_owned(), agent.to_owned(), count)
                })
                .collect(),
            rate: rate(row.pace),
        })
        .collect();
    rows.sort_by(|left, right| {
        let key = |row: &FailureSummary| (std::cmp::Reverse(row.count), row.kind, row.code);
        (key(left), &left.name, &left.shape).cmp(&(key(right), &right.name, &right.shape))
    });
    rows
}

fn changes(fold: &AuditFold) -> Vec<Change> {
    let mut rows: Vec<Change> = fold
        .changes
        .table
        .iter()
        .map(|row| {
            let [user, agent, resource, subresource, namespace, name] =
                row.key.each_ref().map(ToString::to_string);
            let (count, first, last) =
                (row.sightings.count, row.sightings.first, row.sightings.last);
            Change {
                user,
                agent,
                verb: row.verb,
                resource,
                subresource,
                namespace,
                name,
                count,
                first,
                last,
            }
        })
        .collect();
    rows.sort_by(|left, right| {
        (left.first, left.verb, &left.resource, &left.name, &left.user).cmp(&(
            right.first,
            right.verb,
            &right.resource,
            &right.name,
            &right.user,
        ))
    });
    rows
}

fn deprecated(fold: &AuditFold) -> Vec<Deprecated> {
    let mut rows: Vec<Deprecated> = fold
        .deprecated
        .table
        .iter()
        .map(|row| {
            let [user, agent, api, removed_release] = row.key.each_ref().map(ToString::to_string);
            let (count, first, last) =
                (row.sightings.count, row.sightings.first, row.sightings.last);
            Deprecated { user, agent, api, removed_release, count, first, last }
        })
        .collect();
    rows.sort_by(|left, right| {
        (std::cmp::Reverse(left.count), &left.api, &left.user, &left.agent, &left.removed_release)
            .cmp(&(
                std::cmp::Reverse(right.count),
                &right.api,
                &right.user,
                &right.agent,
                &right.removed_release,
            ))
    });
    rows
}

fn parts(fold: &AuditFold) -> Vec<Part> {
    let mut rows: Vec<Part> = fold
        .parts
        .table
        .iter()
        .map(|row| Part {
            component: row.component,
            verb: row.verb,
            resource: row.resource.to_string(),
            count: row.count,
            sum: row.sum,
            slowest: row.slowest,
            histogram: row.histogram.clone(),
        })
        .collect();
    rows.sort_by(|left, right| {
        (left.component, std::cmp::Reverse(left.sum), left.verb, &left.resource).cmp(&(
            right.component,
            std::cmp::Reverse(right.sum),
            right.verb,
            &right.resource,
        ))
    });
    rows
}

fn groups(fold: &AuditFold) -> Vec<GroupSummary> {
    let each = 1_u64 << fold.group_watches.thinned.min(63);
    let open: HashMap<Arc<str>, u64> = fold
        .group_watches
        .open()
        .into_iter()
        .map(|(owner, starts)| (owner.user, each.saturating_mul(starts.len() as u64)))
        .collect();
    let mut rows: Vec<GroupSummary> = fold
        .groups
        .table
        .iter()
        .map(|row| GroupSummary {
            key: row.key.clone(),
            open: open.get(&row.owner().user).copied().unwrap_or(0),
            tally: row.tally.clone(),
            users: row.users.rows.len() as u64,
            addresses: row.addresses.rows.len() as u64,
        })
        .filter(|row: &GroupSummary| row.requests() > 0)
        .collect();
    rows.sort_by(|left, right| {
        (std::cmp::Reverse(left.requests()), &left.key)
            .cmp(&(std::cmp::Reverse(right.requests()), &right.key))
    });
    rows
}

fn agents(rows: Rows<AgentRow>) -> Vec<AgentLatency> {
    let mut rows: Vec<(u64, AgentLatency)> =
        rows.table
            .into_rows()
            .map(|row| {
                let (weight, slot_seconds) = (row.weight(), row.bins.width());
                let bins = row.bins.into_slots().map(|(start, Bin { sum, max, latency })| {
                    LatencyBin { start, sum, max, latency }
                });
                let agent = row.agent.to_string();
                (weight, AgentLatency { agent, slot_seconds, bins: bins.collect() })
            })
            .collect();
    rows.sort_by(|left, right| {
        (std::cmp::Reverse(left.0), &left.1.agent)
            .cmp(&(std::cmp::Reverse(right.0), &right.1.agent))
    });
    rows.into_iter().map(|(_, row)| row).collect()
}
