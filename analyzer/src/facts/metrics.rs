//! Metrics by topic: one typed fact over all the names and labels that versions gave it.
//!
//! Of several scrapes of one process the newest counts; earlier ones serve for growth. What each replica of the
//! API server knows of itself alone is judged by the worst of them. It refuses to add what must not be added:
//! members of one etcd cluster, or the old and the new name of one count.

mod calls;
mod counted;
mod failed;
mod latency;
mod load;
mod replicas;
#[cfg(test)]
mod tests;
mod watched;

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::Span;

pub use calls::{ClientCall, Dial, EtcdCall, EtcdMember, FailedDials, WebhookCall};
pub use counted::{Counted, Since, Timed};
pub use failed::{Asked, Failed};
pub use latency::Latency;
pub use load::{Crowded, Ended, InFlight, LevelLoad, ListCost, LongRunning, Unfinished, Waiting};
pub use replicas::Which;
pub use watched::Watches;

use super::Listing;
use crate::model::metrics::{MetricsComponent, Sample, Scrape};
use crate::parse::prometheus::{Quantile, histogram_quantile};

/// The names of the count of objects, newest first.
const OBJECT_COUNTS: [&str; 3] =
    ["apiserver_resource_objects", "apiserver_storage_objects", "etcd_object_counts"];

const WEBHOOK_TIMES: &str = "apiserver_admission_webhook_admission_duration_seconds";

/// Fewer calls of a webhook have no mean that counts.
const ENOUGH_CALLS: u64 = 20;

/// The scrapes of a bundle, ready to be asked.
#[derive(Clone, Debug)]
pub struct Metrics<'a> {
    /// Oldest first.
    scrapes: Vec<&'a Scrape>,
}

/// The size of one etcd cluster's database.
#[derive(Clone, Debug, PartialEq)]
pub struct EtcdSize {
    /// The label that names the cluster; empty for the only one.
    pub cluster: String,
    /// Bytes of the file.
    pub bytes: f64,
    /// Bytes in use, where etcd itself was asked: the rest is free pages that only defragmenting gives back.
    pub in_use: Option<f64>,
    /// `--quota-backend-bytes`, where etcd itself was asked.
    pub quota: Option<f64>,
    pub at: Span,
}

/// How many objects of one type there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Objects {
    /// `plural.group`, the plural alone in the core group.
    pub resource: String,
    pub count: u64,
    /// Estimated bytes of all of them, from 1.34 on.
    pub bytes: Option<f64>,
    /// What the oldest scrape says, when there are several.
    pub before: Option<Before>,
    pub at: Span,
}

/// A count of an earlier scrape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Before {
    pub count: u64,
    /// When it was scraped, where that is known.
    pub taken: Option<Timestamp>,
    pub at: Span,
}

/// Requests that priority and fairness turned away.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejects {
    pub flow_schema: String,
    pub priority_level: String,
    /// `queue-full`, `concurrency-limit`, `time-out`.
    pub reason: String,
    pub count: u64,
    pub since: Since,
    pub at: Span,
}

/// How long calls of one webhook take.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookLatency {
    pub name: String,
    pub calls: u64,
    pub mean: f64,
    /// Absent where buckets were not scraped.
    pub p99: Option<Quantile>,
    pub at: Span,
}

impl<'a> Metrics<'a> {
    pub fn new(scrapes: &'a Listing<Scrape>) -> Self {
        let mut scrapes: Vec<&Scrape> = scrapes.iter().collect();
        scrapes.sort_by_key(|scrape| (scrape.taken, scrape.at));
        // The counters of one process never fall: where no time tells, they tell which scrape is older.
        for at in 1..scrapes.len() {
            let pair = scrapes.get(at - 1).zip(scrapes.get(at));
            if pair.is_some_and(|(one, two)| reversed(one, two)) {
                scrapes.swap(at - 1, at);
            }
        }
        Self { scrapes }
    }

    /// Samples of a family in the newest scrape of a component that has any.
    pub fn newest(&self, component: MetricsComponent, family: &str) -> &'a [Sample] {
        self.scrapes
            .iter()
            .rev()
            .filter(|scrape| scrape.component == component)
            .find_map(|scrape| scrape.families.get(family))
            .map_or(&[], Vec::as_slice)
    }

    /// Samples of the first of several names that each replica of the API server has, in its newest scrape.
    fn of_apiservers(&self, names: &[&str]) -> impl Iterator<Item = &'a Sample> {
        let replicas = self.replicas(MetricsComponent::ApiServer, names).into_iter();
        let told = |scrape: &'a Scrape| names.iter().find_map(|name| scrape.families.get(*name));
        replicas.filter_map(move |(_, _, scrape)| told(scrape)).flatten()
    }

    /// The API server's newest scrape: what an absence is cited by.
    pub fn apiserver_at(&self) -> Option<Span> {
        self.scrapes
            .iter()
            .rev()
            .find(|scrape| scrape.component == MetricsComponent::ApiServer)
            .map(|scrape| scrape.at)
    }

    /// True when the API server's newest scrape is more than a few series that somebody asked for: what
    /// such a part does not count is not known.
    pub fn is_whole(&self) -> bool {
        ["apiserver_request_total", "apiserver_request_duration_seconds"].iter().any(|family| {
            self.scrapes
                .iter()
                .rev()
                .find(|scrape| scrape.component == MetricsComponent::ApiServer)
                .is_some_and(|scrape| scrape.families.contains_key(*family))
        })
    }

    /// When the counters began.
    pub fn started(&self) -> Option<Timestamp> {
        self.scrapes
            .iter()
            .rev()
            .find(|scrape| scrape.component == MetricsComponent::ApiServer)?
            .process_start
    }

    /// One size for each etcd cluster: members (`endpoint`, or whom each replica asks) give their maximum.
    pub fn etcd_sizes(&self) -> Vec<EtcdSize> {
        let mut sizes: BTreeMap<String, EtcdSize> = BTreeMap::new();
        let samples = self.of_apiservers(&[
            "apiserver_storage_size_bytes",
            "apiserver_storage_db_total_size_in_bytes",
            "etcd_db_total_size_in_bytes",
        ]);
        for sample in samples.filter(|sample| sample.value > 0.0 && sample.value.is_finite()) {
            let cluster = [sample.label("storage_cluster_id"), sample.label("cluster")]
                .into_iter()
                .find(|name| !name.is_empty())
                .unwrap_or_default();
            let size = sizes.entry(cluster.to_owned()).or_insert_with(|| EtcdSize {
                cluster: cluster.to_owned(),
                bytes: sample.value,
                in_use: None,
                quota: None,
                at: sample.at,
            });
            if sample.value > size.bytes {
                (size.bytes, size.at) = (sample.value, sample.at);
            }
        }
        let etcd = |name: &str| {
            let scrapes =
                self.scrapes.iter().filter(|scrape| scrape.component == MetricsComponent::Etcd);
            scrapes
                .flat_map(|scrape| scrape.families.get(name).into_iter().flatten())
                .filter(|sample| sample.value.is_finite())
                .max_by(|a, b| a.value.total_cmp(&b.value))
        };
        let total = etcd("etcd_mvcc_db_total_size_in_bytes")
            .or_else(|| etcd("etcd_debugging_mvcc_db_total_size_in_bytes"));
        if let Some(total) = total {
            let own = EtcdSize {
                cluster: String::new(),
                bytes: total.value,
                in_use: etcd("etcd_mvcc_db_total_size_in_use_in_bytes").map(|sample| sample.value),
                quota: etcd("etcd_server_quota_backend_bytes")
                    .map(|sample| sample.value)
                    .filter(|quota| *quota > 0.0),
                at: total.at,
            };
            // Etcd's own word completes the API server's where there is but one cluster.
            match sizes.values_mut().next() {
                Some(size) => {
                    size.in_use = own.in_use;
                    size.quota = own.quota;
                    if own.bytes > size.bytes {
                        (size.bytes, size.at) = (own.bytes, own.at);
                    }
                }
                None => {
                    sizes.insert(String::new(), own);
                }
            }
        }
        let mut sizes: Vec<EtcdSize> = sizes.into_values().collect();
        sizes.sort_by(|a, b| b.bytes.total_cmp(&a.bytes).then_with(|| a.cluster.cmp(&b.cluster)));
        sizes
    }

    /// Objects of each type, most first; a type under its old and its new name counts once.
    pub fn objects(&self) -> Vec<Objects> {
        let mut objects: BTreeMap<String, Objects> = BTreeMap::new();
        for family in OBJECT_COUNTS {
            for sample in self.newest(MetricsComponent::ApiServer, family) {
                let resource = plural(sample);
                if objects.contains_key(&resource) {
                    continue;
                }
                if let Some(Sample { value, at, .. }) = self.counted_last(family, sample) {
                    let (count, at) = (number(*value), *at);
                    let row = Objects { resource, count, bytes: None, before: None, at };
                    objects.insert(row.resource.clone(), row);
                }
            }
        }
        self.counted_before(&mut objects);
        for sample in
            self.newest(MetricsComponent::ApiServer, "apiserver_resource_size_estimate_bytes")
        {
            if let Some(row) = objects.get_mut(&plural(sample)).filter(|_| sample.value >= 0.0) {
                row.bytes = Some(sample.value);
            }
        }
        let mut objects: Vec<Objects> = objects.into_values().collect();
        objects.sort_by(|a, b| (b.count, &a.resource).cmp(&(a.count, &b.resource)));
        objects
    }

    /// The sample itself, or what another replica counted where -1 says that counting failed.
    fn counted_last<'s>(&'s self, family: &str, sample: &'s Sample) -> Option<&'s Sample> {
        let counts = |sample: &&Sample| sample.value >= 0.0 && sample.value.is_finite();
        if counts(&sample) {
            return Some(sample);
        }
        let replicas = self.replicas(MetricsComponent::ApiServer, &[family]).into_iter().rev();
        let others = replicas.filter_map(|(_, _, scrape)| scrape.families.get(family)).flatten();
        others.filter(counts).find(|other| plural(other) == plural(sample))
    }

    /// Adds what the oldest scrape counted; the count is etcd's, whichever replica answers.
    fn counted_before(&self, objects: &mut BTreeMap<String, Objects>) {
        let mut scrapes =
            self.scrapes.iter().filter(|scrape| scrape.component == MetricsComponent::ApiServer);
        let (Some(oldest), Some(_)) = (scrapes.next(), scrapes.next_back()) else { return };
        for family in OBJECT_COUNTS {
            for sample in oldest.families.get(family).into_iter().flatten() {
                let row = objects.get_mut(&plural(sample)).filter(|row| row.before.is_none());
                if let Some(row) = row.filter(|row| sample.value >= 0.0 && row.at != sample.at) {
                    let count = number(sample.value);
                    row.before = Some(Before { count, taken: oldest.taken, at: sample.at });
                }
            }
        }
    }

    /// What priority and fairness turned away, most first; `cancelled` is the client's own doing.
    pub fn rejects(&self) -> Vec<Rejects> {
        let names = ["apiserver_flowcontrol_rejected_requests_total"];
        let mut rejects: Vec<Rejects> = self
            .counted(MetricsComponent::ApiServer, &names, |sample| {
                (
                    either(sample, "flow_schema", "flowSchema").to_owned(),
                    either(sample, "priority_level", "priorityLevel").to_owned(),
                    sample.label("reason").to_owned(),
                )
            })
            .into_iter()
            .filter(|row| row.total > 0 && row.of.2 != "cancelled")
            .map(|Counted { of: (flow_schema, priority_level, reason), total, since, at }| {
                Rejects { flow_schema, priority_level, reason, count: total, since, at }
            })
            .collect();
        rejects.sort_by(|a, b| (b.count, a.at).cmp(&(a.count, b.at)));
        rejects
    }

    /// True when rejected requests could be counted at all.
    pub fn counts_rejects(&self) -> bool {
        !self
            .newest(MetricsComponent::ApiServer, "apiserver_flowcontrol_dispatched_requests_total")
            .is_empty()
            || !self
                .newest(
                    MetricsComponent::ApiServer,
                    "apiserver_flowcontrol_rejected_requests_total",
                )
                .is_empty()
            || !self
                .newest(
                    MetricsComponent::ApiServer,
                    "apiserver_flowcontrol_current_inqueue_requests",
                )
                .is_empty()
    }

    /// How long each webhook takes, by its highest mean: that of the replica whose calls of it take longest,
    /// of those with enough of them.
    pub fn webhook_latencies(&self) -> Vec<WebhookLatency> {
        let mut worst: BTreeMap<String, WebhookLatency> = BTreeMap::new();
        for (_, _, scrape) in self.replicas(MetricsComponent::ApiServer, &[WEBHOOK_TIMES]) {
            for row in webhook_latencies(scrape) {
                let known = worst.entry(row.name.clone()).or_insert_with(|| row.clone());
                let weight = |row: &WebhookLatency| (row.calls >= ENOUGH_CALLS, row.mean);
                if weight(&row) >= weight(known) {
                    *known = row;
                }
            }
        }
        let mut latencies: Vec<WebhookLatency> = worst.into_values().collect();
        latencies.sort_by(|a, b| b.mean.total_cmp(&a.mean).then_with(|| a.name.cmp(&b.name)));
        latencies
    }

    /// Calls of webhooks that failed (not those that were denied), by webhook, most first.
    pub fn webhook_failures(&self) -> Vec<Counted<String>> {
        let names = ["apiserver_admission_webhook_rejection_count"];
        let failed = |sample: &Sample| {
            let name = sample.label("name").to_owned();
            (sample.label("error_type") == "calling_webhook_error", name)
        };
        let mut failures: Vec<Counted<String>> = self
            .counted(MetricsComponent::ApiServer, &names, failed)
            .into_iter()
            .filter(|row| row.of.0 && row.total > 0)
            .map(|Counted { of: (_, of), total, since, at }| Counted { of, total, since, at })
            .collect();
        // Answers that no webhook gives are all counted as 600.
        for Counted { of, total, since, at } in self.webhook_calls() {
            let known = failures.iter().any(|row| row.of == of.name);
            if of.code == "600" && of.rejected && total > 0 && !known {
                failures.push(Counted { of: of.name, total, since, at });
            }
        }
        failures
    }

    /// Aggregated APIs that the aggregator of any replica says are unavailable.
    pub fn unavailable_api_services(&self) -> Vec<(String, Span)> {
        let samples = self.of_apiservers(&["aggregator_unavailable_apiservice"]);
        let mut down: BTreeMap<&str, Span> = BTreeMap::new();
        for sample in samples.filter(|sample| sample.value >= 1.0) {
            down.insert(sample.label("name"), sample.at);
        }
        down.into_iter().map(|(name, at)| (name.to_owned(), at)).collect()
    }

    /// Mean seconds of etcd calls and how many there were.
    pub fn etcd_calls(&self) -> Option<(f64, u64, Span)> {
        let samples = self.newest(MetricsComponent::ApiServer, "etcd_request_duration_seconds");
        let sum = |end: &str| -> f64 {
            samples
                .iter()
                .filter(|sample| sample.name.ends_with(end))
                .map(|sample| sample.value)
                .sum()
        };
        let (seconds, calls) = (sum("_sum"), sum("_count"));
        let at = samples
            .iter()
            .filter(|sample| sample.name.ends_with("_sum"))
            .max_by(|a, b| a.value.total_cmp(&b.value))?
            .at;
        (calls >= 1.0).then(|| (seconds / calls, number(calls), at))
    }

    /// Calls of API versions that will be removed, by `group/version/resource`, of any process: what one saw
    /// was asked for, whoever answers now.
    pub fn deprecated(&self) -> Vec<(String, String, Span)> {
        let mut used: BTreeMap<(String, String), Span> = BTreeMap::new();
        for (_, scrape) in self.of(MetricsComponent::ApiServer) {
            let samples = scrape.families.get("apiserver_requested_deprecated_apis");
            for sample in samples.into_iter().flatten().filter(|sample| sample.value >= 1.0) {
                let api = ["group", "version", "resource"].map(|name| sample.label(name));
                let api: Vec<&str> = api.into_iter().filter(|part| !part.is_empty()).collect();
                let release = sample.label("removed_release");
                if !release.is_empty() {
                    used.insert((api.join("/"), release.to_owned()), sample.at);
                }
            }
        }
        let mut used: Vec<_> =
            used.into_iter().map(|((api, release), at)| (api, release, at)).collect();
        used.sort_by_key(|(_, _, at)| *at);
        used
    }
}

/// How long each webhook's calls by one replica take.
fn webhook_latencies(scrape: &Scrape) -> impl Iterator<Item = WebhookLatency> {
    let samples = scrape.families.get(WEBHOOK_TIMES);
    let mut by_name: BTreeMap<&str, Vec<&Sample>> = BTreeMap::new();
    for sample in samples.into_iter().flatten() {
        by_name.entry(sample.label("name")).or_default().push(sample);
    }
    let sum = |rows: &[&Sample], end: &str| -> f64 {
        rows.iter().filter(|sample| sample.name.ends_with(end)).map(|sample| sample.value).sum()
    };
    by_name.into_iter().filter_map(move |(name, rows)| {
        let calls = sum(&rows, "_count");
        let at = rows.iter().find(|sample| sample.name.ends_with("_sum")).or(rows.first())?.at;
        (calls >= 1.0).then(|| WebhookLatency {
            name: name.to_owned(),
            calls: number(calls),
            mean: sum(&rows, "_sum") / calls,
            p99: histogram_quantile(rows.iter().copied(), 0.99),
            at,
        })
    })
}

/// True for scrapes of one process of which the first was taken later: its first counter that differs is higher.
fn reversed(one: &Scrape, two: &Scrape) -> bool {
    let one_process = one.process_start.is_some() && one.process_start == two.process_start;
    if one.component != two.component || !one_process || one.taken.is_some() && two.taken.is_some()
    {
        return false;
    }
    let pairs = one
        .families
        .iter()
        .filter_map(|(name, rows)| Some(rows.iter().zip(two.families.get(name)?)));
    let counters = pairs.flatten().filter(|(one, two)| {
        let counter = one.name.ends_with("_total") || one.name.ends_with("_bucket");
        counter && one.name == two.name && one.labels == two.labels
    });
    let mut changed = counters.filter(|(one, two)| one.value.total_cmp(&two.value).is_ne());
    changed.next().is_some_and(|(one, two)| one.value > two.value)
}

/// A label under the name of now or that of old versions.
fn either<'a>(sample: &'a Sample, new: &str, old: &str) -> &'a str {
    let value = sample.label(new);
    if value.is_empty() { sample.label(old) } else { value }
}

/// `plural.group` of a sample that has both as one label or as two.
fn plural(sample: &Sample) -> String {
    let (group, resource) = (sample.label("group"), sample.label("resource"));
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are whole and not negative; the cast saturates"
)]
fn number(value: f64) -> u64 {
    value as u64
}
