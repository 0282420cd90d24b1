//! What the API server has to carry: requests in flight, open for long, queued by priority and
//! fairness, dropped, and what its LISTs cost.

use std::collections::BTreeMap;

use konspect_bundle::Span;

use super::counted::{Counted, Timed};
use super::replicas::{Which, instance};
use super::{Metrics, either, number, plural};
use crate::model::metrics::{MetricsComponent, Sample, Scrape};

/// Requests that one replica answers at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct InFlight {
    pub mutating: Option<u64>,
    pub read_only: Option<u64>,
    /// Seats of all its priority levels, 0 where they are not known.
    pub seats: u64,
    pub which: Which,
    pub at: Span,
}

/// A priority level without a free seat, and with a queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Crowded {
    pub level: String,
    pub seats: u64,
    pub taken: u64,
    pub queued: u64,
    pub which: Which,
    pub at: Span,
}

/// Requests that stay open: watches, `exec`, followed logs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LongRunning {
    pub verb: String,
    /// `plural.group`; up to 1.22 the kind, of watches alone, where only watchers are counted.
    pub resource: String,
    pub subresource: String,
    pub scope: String,
    pub open: u64,
    pub at: Span,
}

/// Seats and queues of one priority level; absent what its version does not write.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LevelLoad {
    pub level: String,
    /// The replica, where Prometheus names it.
    pub instance: String,
    /// The seats that its shares give it; up to 1.25 its concurrency limit.
    pub nominal_seats: Option<u64>,
    /// With what it borrowed or lent, from 1.26 on.
    pub current_seats: Option<u64>,
    pub executing_seats: Option<u64>,
    pub executing_requests: Option<u64>,
    pub queued_seats: Option<u64>,
    pub queued_requests: Option<u64>,
    pub which: Which,
    pub at: Span,
}

/// Whose wait in a queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting {
    pub priority_level: String,
    pub flow_schema: String,
    /// False for those that waited and were turned away.
    pub executed: bool,
}

/// How the API server did not finish a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfinished {
    /// Turned away since too many were in flight, up to 1.24.
    Dropped,
    /// Ended by the server to protect itself.
    Terminated,
    /// Ended while it was answered: a time-out, or the client was gone.
    Aborted,
}

/// Requests that did not finish.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ended {
    pub how: Unfinished,
    /// `readOnly` or `mutating` of dropped ones, the verb of others.
    pub verb: String,
    pub resource: String,
    pub code: String,
}

/// What LISTs of one resource cost.
#[derive(Clone, Debug, PartialEq)]
pub struct ListCost {
    pub resource: String,
    /// True from the watch cache, false from etcd.
    pub cached: bool,
    pub lists: u64,
    pub fetched: u64,
    /// Only of etcd.
    pub evaluated: Option<u64>,
    pub returned: u64,
    /// LISTs and objects fetched, a second, between two scrapes of one process.
    pub rate: Option<(f64, f64)>,
    pub at: Span,
}

const SERVER: MetricsComponent = MetricsComponent::ApiServer;

/// Requests in flight that an API server allows unless told otherwise.
const MUTATING: u64 = 200;
const READING: u64 = 400;

/// Requests that stay open, newest name first; the last one counts watchers alone.
pub(super) const LONG_RUNNING: [&str; 3] = [
    "apiserver_longrunning_requests",
    "apiserver_longrunning_gauge",
    "apiserver_registered_watchers",
];

const IN_FLIGHT: &str = "apiserver_current_inflight_requests";

/// What tells of priority levels; a limit and the seats taken have a new and an old name.
const LEVELS: [&str; 8] = [
    "apiserver_flowcontrol_nominal_limit_seats",
    "apiserver_flowcontrol_request_concurrency_limit",
    "apiserver_flowcontrol_current_limit_seats",
    "apiserver_flowcontrol_current_executing_seats",
    "apiserver_flowcontrol_request_concurrency_in_use",
    "apiserver_flowcontrol_current_executing_requests",
    "apiserver_flowcontrol_current_inqueue_seats",
    "apiserver_flowcontrol_current_inqueue_requests",
];

impl LevelLoad {
    /// With what another row of the level says where this one says nothing.
    fn completed(self, other: Self, which: Which) -> Self {
        Self {
            nominal_seats: self.nominal_seats.or(other.nominal_seats),
            current_seats: self.current_seats.or(other.current_seats),
            executing_seats: self.executing_seats.or(other.executing_seats),
            executing_requests: self.executing_requests.or(other.executing_requests),
            queued_seats: self.queued_seats.or(other.queued_seats),
            queued_requests: self.queued_requests.or(other.queued_requests),
            which,
            ..self
        }
    }
}

impl InFlight {
    /// Thousandths of the requests that are allowed at a time: of all levels' seats where those are known
    /// and more, since a large cluster's API server allows more.
    pub fn full(&self) -> u64 {
        let (mutating, reading) = (self.mutating.unwrap_or(0), self.read_only.unwrap_or(0));
        if self.seats > MUTATING + READING {
            return mutating.saturating_add(reading).saturating_mul(1000) / self.seats;
        }
        (mutating.saturating_mul(1000) / MUTATING).max(reading.saturating_mul(1000) / READING)
    }
}

impl Metrics<'_> {
    /// Requests in flight, where a replica had most of what it allows; none where neither kind was scraped.
    pub fn in_flight(&self) -> Option<InFlight> {
        let mut seats: BTreeMap<(Which, String), u64> = BTreeMap::new();
        for level in self.level_loads() {
            let all = seats.entry((level.which, level.instance)).or_default();
            *all = all.saturating_add(level.nominal_seats.unwrap_or(0));
        }
        // The limits are one configuration: who was not asked for them has those of the others.
        let known = seats.into_values().max().unwrap_or(0);
        let mut flights: BTreeMap<(Which, &str), InFlight> = BTreeMap::new();
        for (which, _, scrape) in self.each(SERVER, &[IN_FLIGHT]) {
            for sample in scrape.families.get(IN_FLIGHT).into_iter().flatten() {
                let row = flights.entry((which, instance(sample))).or_insert(InFlight {
                    mutating: None,
                    read_only: None,
                    seats: known,
                    which,
                    at: sample.at,
                });
                let kind = match either(sample, "request_kind", "requestKind") {
                    "mutating" => &mut row.mutating,
                    "readOnly" => &mut row.read_only,
                    _ => continue,
                };
                *kind = Some(kind.unwrap_or(0).saturating_add(number(sample.value)));
            }
        }
        let flights = flights.into_values().filter(|row| row.mutating.or(row.read_only).is_some());
        flights.max_by_key(InFlight::full)
    }

    /// Requests that stay open, of all replicas, most first.
    pub fn long_running(&self) -> Vec<LongRunning> {
        let replicas = self.replicas(SERVER, &LONG_RUNNING);
        let rows = replicas.into_iter().flat_map(|(_, _, scrape)| long_running(scrape));
        let mut rows: Vec<LongRunning> = rows.collect();
        rows.sort_by(|a, b| b.open.cmp(&a.open).then_with(|| a.cmp(b)));
        rows
    }

    /// Seats and queues of each priority level, by name, at every scrape; what one that tells of queues or of
    /// seats taken does not tell is as the newest that tells it says.
    pub fn level_loads(&self) -> Vec<LevelLoad> {
        let newest = levels_of(|names| self.pick(SERVER, names).map(|(_, samples)| samples));
        let mut all = Vec::new();
        for (which, _, scrape) in self.each(SERVER, &LEVELS) {
            let told = |names: &[&str]| {
                names.iter().find_map(|name| scrape.families.get(*name)).map(Vec::as_slice)
            };
            for (key, row) in levels_of(told) {
                let moment = [
                    row.executing_seats,
                    row.executing_requests,
                    row.queued_seats,
                    row.queued_requests,
                ];
                let tells = moment.iter().any(Option::is_some);
                let newest = newest.get(&key).filter(|_| tells).cloned().unwrap_or_default();
                all.push(row.completed(newest, which));
            }
        }
        all.sort_by(|a, b| a.level.cmp(&b.level));
        all
    }

    /// How long requests wait in queues.
    pub fn queue_waits(&self) -> Vec<Timed<Waiting>> {
        self.timed(SERVER, &["apiserver_flowcontrol_request_wait_duration_seconds"], |sample| {
            Waiting {
                priority_level: either(sample, "priority_level", "priorityLevel").to_owned(),
                flow_schema: either(sample, "flow_schema", "flowSchema").to_owned(),
                executed: sample.label("execute") != "false",
            }
        })
    }

    /// Requests that were dropped, terminated or aborted: three counts, never one sum.
    pub fn unfinished(&self) -> Vec<Counted<Ended>> {
        let families = [
            ("apiserver_dropped_requests_total", Unfinished::Dropped),
            ("apiserver_request_terminations_total", Unfinished::Terminated),
            ("apiserver_request_aborts_total", Unfinished::Aborted),
        ];
        let mut rows: Vec<Counted<Ended>> = families
            .into_iter()
            .flat_map(|(name, how)| {
                self.counted(SERVER, &[name], |sample| Ended {
                    how,
                    verb: match how {
                        Unfinished::Dropped => {
                            either(sample, "request_kind", "requestKind").to_owned()
                        }
                        _ => sample.label("verb").to_owned(),
                    },
                    resource: plural(sample),
                    code: sample.label("code").to_owned(),
                })
            })
            .filter(|row| row.total > 0)
            .collect();
        rows.sort_by(|a, b| (b.total, &a.of).cmp(&(a.total, &b.of)));
        rows
    }

    /// Requests that the server turned away for load without priority and fairness having counted them.
    pub fn dropped(&self) -> Option<Counted<()>> {
        let rows = self.unfinished().into_iter().filter(|row| match row.of.how {
            Unfinished::Dropped => true,
            Unfinished::Terminated => row.of.code == "429",
            Unfinished::Aborted => false,
        });
        // A version that writes both counts every request in both.
        let sum = |how: Unfinished, rows: &[Counted<Ended>]| {
            let rows = rows.iter().filter(|row| row.of.how == how);
            rows.cloned().reduce(|one, other| Counted { total: one.total + other.total, ..one })
        };
        let rows: Vec<Counted<Ended>> = rows.collect();
        let most = [Unfinished::Dropped, Unfinished::Terminated]
            .into_iter()
            .filter_map(|how| sum(how, &rows))
            .max_by_key(|row| row.total)?;
        Some(Counted { of: (), total: most.total, since: most.since, at: most.at })
    }

    /// The priority level with most requests in its queues while nine of ten of its seats are taken, in the
    /// scrape that shows most of them.
    pub fn crowded(&self) -> Option<Crowded> {
        let levels = self.level_loads().into_iter().filter_map(|row| {
            let seats = row.current_seats.or(row.nominal_seats).filter(|seats| *seats > 0)?;
            let taken = row.executing_seats.or(row.executing_requests)?;
            let queued = row.queued_requests.or(row.queued_seats)?;
            (queued > 0 && taken * 10 >= seats * 9).then_some(Crowded {
                level: row.level,
                seats,
                taken,
                queued,
                which: row.which,
                at: row.at,
            })
        });
        levels.max_by(|a, b| (a.queued, a.which, &b.level).cmp(&(b.queued, b.which, &a.level)))
    }

    /// What LISTs cost, from etcd and from the watch cache apart, most objects fetched first.
    pub fn list_costs(&self) -> Vec<ListCost> {
        let mut costs: BTreeMap<(String, bool), ListCost> = BTreeMap::new();
        for (stem, cached) in [("apiserver_storage_list", false), ("apiserver_cache_list", true)] {
            let mut add = |end: &str, set: fn(&mut ListCost, u64, f64)| {
                for counted in self.counted(SERVER, &[&format!("{stem}_{end}")], plural) {
                    let row = costs.entry((counted.of.clone(), cached)).or_insert(ListCost {
                        resource: counted.of,
                        cached,
                        lists: 0,
                        fetched: 0,
                        evaluated: None,
                        returned: 0,
                        rate: None,
                        at: counted.at,
                    });
                    let rate = counted.since.per_second();
                    row.rate = row.rate.or(rate.map(|_| (0.0, 0.0)));
                    set(row, counted.total, rate.unwrap_or(0.0));
                }
            };
            add("total", |row, total, rate| {
                row.lists += total;
                row.rate.iter_mut().for_each(|rates| rates.0 += rate);
            });
            add("fetched_objects_total", |row, total, rate| {
                row.fetched += total;
                row.rate.iter_mut().for_each(|rates| rates.1 += rate);
            });
            add("evaluated_objects_total", |row, total, _| {
                row.evaluated = Some(row.evaluated.unwrap_or(0) + total);
            });
            add("returned_objects_total", |row, total, _| row.returned += total);
        }
        let mut costs: Vec<ListCost> = costs.into_values().filter(|row| row.lists > 0).collect();
        costs.sort_by(|a, b| {
            (b.fetched, &a.resource, a.cached).cmp(&(a.fetched, &b.resource, b.cached))
        });
        costs
    }
}

/// Levels by name and replica, of what is told.
fn levels_of<'s>(
    told: impl Fn(&[&str]) -> Option<&'s [Sample]>,
) -> BTreeMap<(String, String), LevelLoad> {
    let mut levels: BTreeMap<(String, String), LevelLoad> = BTreeMap::new();
    let mut add = |names: &[&str], field: fn(&mut LevelLoad) -> &mut Option<u64>| {
        for sample in told(names).into_iter().flatten().filter(|sample| sample.value >= 0.0) {
            let level = either(sample, "priority_level", "priorityLevel");
            let key = (level.to_owned(), instance(sample).to_owned());
            let row = levels.entry(key).or_insert_with(|| LevelLoad {
                level: level.to_owned(),
                instance: instance(sample).to_owned(),
                at: sample.at,
                ..LevelLoad::default()
            });
            // Executing and queued requests have a series for each flow schema.
            let value = field(row);
            *value = Some(value.unwrap_or(0).saturating_add(number(sample.value)));
        }
    };
    let [nominal, limit, current, seats, in_use, executing, waiting, queued] = LEVELS;
    add(&[nominal, limit], |row| &mut row.nominal_seats);
    add(&[current], |row| &mut row.current_seats);
    add(&[seats, in_use], |row| &mut row.executing_seats);
    add(&[executing], |row| &mut row.executing_requests);
    add(&[waiting], |row| &mut row.queued_seats);
    add(&[queued], |row| &mut row.queued_requests);
    levels
}

/// Requests of one replica that stay open.
pub(super) fn long_running(scrape: &Scrape) -> impl Iterator<Item = LongRunning> {
    let row = |sample: &Sample, verb: &str, resource: String| LongRunning {
        verb: verb.to_owned(),
        resource,
        subresource: sample.label("subresource").to_owned(),
        scope: sample.label("scope").to_owned(),
        open: number(sample.value),
        at: sample.at,
    };
    let [new, old, watchers] = LONG_RUNNING.map(|name| scrape.families.get(name));
    let all = new.or(old);
    let watchers = watchers.filter(|_| all.is_none());
    let all = all.into_iter().flatten().map(move |one| row(one, one.label("verb"), plural(one)));
    let watchers = watchers.into_iter().flatten().map(move |one| {
        let (group, kind) = (one.label("group"), one.label("kind"));
        let kind = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        row(one, "WATCH", kind)
    });
    all.chain(watchers).filter(|row| row.open > 0)
}
