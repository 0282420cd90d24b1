//! What the API server and its companions call: webhooks, aggregated APIs, etcd, the tunnel.

use konspect_bundle::Span;

use super::counted::{Counted, Timed};
use super::replicas::instance;
use super::{Metrics, either, plural};
use crate::model::metrics::{MetricsComponent, Sample};

/// Answers of one webhook, from 1.23 on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WebhookCall {
    pub name: String,
    /// `admit` for mutating, `validating`.
    pub kind: String,
    pub operation: String,
    pub code: String,
    pub rejected: bool,
}

/// Calls of etcd by the API server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EtcdCall {
    pub operation: String,
    /// `plural.group`; up to 1.33 the `type` as the API server writes it.
    pub resource: String,
}

/// A dial through the egress selector.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dial {
    /// `grpc`, `http_connect`, `direct`.
    pub protocol: String,
    /// `tcp`, `uds`.
    pub transport: String,
    /// `connect` to the tunnel's server, or `proxy` behind it; empty where stages are not told apart.
    pub stage: String,
}

/// Dials through the tunnel that failed, of one that counts them.
#[derive(Clone, Debug, PartialEq)]
pub struct FailedDials {
    pub failed: u64,
    /// With those that did not fail; absent where only failures are counted.
    pub all: Option<u64>,
    pub at: Span,
}

/// Requests of a component to an API server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientCall {
    pub host: String,
    /// The method, or the verb of a latency.
    pub method: String,
    /// `<error>` without an answer; empty of a latency.
    pub code: String,
}

/// What etcd members count about themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct EtcdMember {
    /// Absent where it was not scraped.
    pub has_leader: Option<bool>,
    pub pending_proposals: Option<f64>,
    pub slow_applies: Option<Counted<()>>,
    pub slow_read_indexes: Option<Counted<()>>,
    pub heartbeat_failures: Option<Counted<()>>,
    pub leader_changes: Option<Counted<()>>,
    pub failed_proposals: Option<Counted<()>>,
    pub at: Span,
}

/// Fewer dials that failed are of Pods that went, and fewer calls have no 99th percentile.
const MANY: u64 = 100;

/// A p99 of etcd's calls from which it is slow.
const ETCD_SECONDS: f64 = 1.0;

const SERVER: MetricsComponent = MetricsComponent::ApiServer;

impl Metrics<'_> {
    /// Answers of webhooks.
    pub fn webhook_calls(&self) -> Vec<Counted<WebhookCall>> {
        self.counted(SERVER, &["apiserver_admission_webhook_request_total"], |sample| WebhookCall {
            name: sample.label("name").to_owned(),
            kind: sample.label("type").to_owned(),
            operation: sample.label("operation").to_owned(),
            code: sample.label("code").to_owned(),
            rejected: sample.label("rejected") == "true",
        })
    }

    /// How often one webhook was called, and how often since the scrape before; none where nothing counts that.
    pub fn calls_of_webhook(&self, name: &str) -> Option<(u64, Option<u64>)> {
        let of_it = self.webhook_calls().into_iter().filter(|row| row.of.name == name);
        let counted = of_it.map(|row| (row.total, row.since.by())).reduce(|one, other| {
            (
                one.0.saturating_add(other.0),
                one.1.zip(other.1).map(|(one, other)| one.saturating_add(other)),
            )
        });
        let timed = || {
            let rows = self.webhook_latencies();
            rows.into_iter().find(|row| row.name == name).map(|row| (row.calls, None))
        };
        counted.or_else(timed)
    }

    /// The webhook whose failures let most requests pass (`failurePolicy: Ignore`), and how many.
    pub fn opened_most(&self) -> Option<Counted<String>> {
        let mut opened: Vec<Counted<String>> = self.webhook_fail_opens();
        let codes =
            self.webhook_calls().into_iter().filter(|row| row.of.code == "600" && !row.of.rejected);
        opened.extend(codes.map(|Counted { of, total, since, at }| Counted {
            of: of.name,
            total,
            since,
            at,
        }));
        opened.into_iter().filter(|row| row.total > 0).max_by_key(|row| row.total)
    }

    /// Requests that a webhook's failure let pass (`failurePolicy: Ignore`), by webhook.
    pub fn webhook_fail_opens(&self) -> Vec<Counted<String>> {
        self.counted(SERVER, &["apiserver_admission_webhook_fail_open_count"], |sample| {
            sample.label("name").to_owned()
        })
    }

    /// TLS handshakes that failed at the API server.
    pub fn tls_handshake_errors(&self) -> Option<Counted<()>> {
        self.counted(SERVER, &["apiserver_tls_handshake_errors_total"], |_| ()).pop()
    }

    /// How often an aggregated API became unavailable, by name and reason.
    pub fn api_service_failures(&self) -> Vec<Counted<(String, String)>> {
        let names =
            ["aggregator_unavailable_apiservice_total", "aggregator_unavailable_apiservice_count"];
        self.counted(SERVER, &names, |sample| {
            (sample.label("name").to_owned(), sample.label("reason").to_owned())
        })
    }

    /// Requests to etcd, from 1.21 on.
    pub fn etcd_requests(&self) -> Vec<Counted<EtcdCall>> {
        self.counted(SERVER, &["etcd_requests_total"], EtcdCall::of)
    }

    /// Those of them that failed.
    pub fn etcd_request_errors(&self) -> Vec<Counted<EtcdCall>> {
        self.counted(SERVER, &["etcd_request_errors_total"], EtcdCall::of)
    }

    /// How long calls of etcd take, by operation and resource.
    pub fn etcd_latencies(&self) -> Vec<Timed<EtcdCall>> {
        self.timed(SERVER, &["etcd_request_duration_seconds"], EtcdCall::of)
    }

    /// Dials from the API server that failed.
    pub fn dial_failures(&self) -> Vec<Counted<Dial>> {
        self.counted(SERVER, &["apiserver_egress_dialer_dial_failure_count"], Dial::of)
    }

    /// Dials from the API server, from 1.28 on.
    pub fn dial_starts(&self) -> Vec<Counted<Dial>> {
        self.counted(SERVER, &["apiserver_egress_dialer_dial_start_total"], Dial::of)
    }

    /// How long dials take.
    pub fn dial_times(&self) -> Vec<Timed<Dial>> {
        self.timed(SERVER, &["apiserver_egress_dialer_dial_duration_seconds"], Dial::of)
    }

    /// The dials through the tunnel of which most failed, where that is one of ten or more and a hundred: by the API server's
    /// egress selector, its tunnel client, or the agents. Counters that stand still tell of the past.
    pub fn failing_dials(&self) -> Option<FailedDials> {
        let sum = |rows: &[u64]| rows.iter().copied().reduce(u64::saturating_add);
        let starts = sum(&self.dial_starts().iter().map(|row| row.total).collect::<Vec<_>>());
        let done = sum(&self.dial_times().iter().map(|row| row.calls).collect::<Vec<_>>());
        let timeouts = |component, name: &str| {
            let rows = self.counted(component, &[name], |sample| sample.label("reason").to_owned());
            // A client that gives up is no fault of the tunnel.
            let mut rows =
                rows.into_iter().filter(|row| row.of != "context" && !row.since.stands_still());
            rows.next().map(|row| (row.total, row.at))
        };
        let selector = self.dial_failures();
        let selector =
            selector.iter().find(|row| !row.since.stands_still()).map(|row| (row.total, row.at));
        let agent = timeouts(
            MetricsComponent::TunnelAgent,
            "konnectivity_network_proxy_agent_endpoint_dial_failure_total",
        );
        let dialled = self.timed(
            MetricsComponent::TunnelAgent,
            &["konnectivity_network_proxy_agent_dial_duration_seconds"],
            |_| (),
        );
        let dialled = sum(&dialled.iter().map(|row| row.calls).collect::<Vec<_>>());
        let client = timeouts(SERVER, "konnectivity_network_proxy_client_dial_failure_total");
        let counts = [
            selector.map(|(failed, at)| (failed, starts.or(done.map(|done| done + failed)), at)),
            agent.map(|(failed, at)| (failed, dialled.map(|done| done + failed), at)),
            client.map(|(failed, at)| (failed, None, at)),
        ];
        let failing = counts
            .into_iter()
            .flatten()
            .filter(|(failed, all, _)| *failed >= MANY && all.is_none_or(|all| failed * 10 >= all));
        let (failed, all, at) = failing.max_by_key(|(failed, ..)| *failed)?;
        Some(FailedDials { failed, all, at })
    }

    /// The calls of etcd that take longest, where their p99 is more than a second.
    pub fn slow_etcd(&self) -> Option<Timed<EtcdCall>> {
        let slow = self.etcd_latencies().into_iter().filter(|row| {
            row.calls >= MANY
                && row.p99.is_some_and(|p99| {
                    p99.value > ETCD_SECONDS || p99.at_least && p99.value >= ETCD_SECONDS
                })
        });
        slow.max_by(|a, b| {
            let p99 = |row: &Timed<EtcdCall>| row.p99.map_or(0.0, |p99| p99.value);
            p99(a).total_cmp(&p99(b)).then_with(|| b.of.cmp(&a.of))
        })
    }

    /// Requests that a component made, by host, method and code.
    pub fn client_calls(&self, component: MetricsComponent) -> Vec<Counted<ClientCall>> {
        self.counted(component, &["rest_client_requests_total"], |sample| ClientCall {
            code: sample.label("code").to_owned(),
            ..ClientCall::of(sample, "method")
        })
    }

    /// How long its requests take.
    pub fn client_times(&self, component: MetricsComponent) -> Vec<Timed<ClientCall>> {
        self.timed(component, &["rest_client_request_duration_seconds"], |sample| {
            ClientCall::of(sample, "verb")
        })
    }

    /// How long it holds its own requests back.
    pub fn client_throttling(&self, component: MetricsComponent) -> Vec<Timed<ClientCall>> {
        self.timed(component, &["rest_client_rate_limiter_duration_seconds"], |sample| {
            ClientCall::of(sample, "verb")
        })
    }

    /// How long it takes to resolve the API server's name, by host.
    pub fn client_resolution(&self, component: MetricsComponent) -> Vec<Timed<String>> {
        self.timed(component, &["rest_client_dns_resolution_duration_seconds"], |sample| {
            sample.label("host").to_owned()
        })
    }

    /// The memory of the etcd member that has most.
    pub fn etcd_memory(&self) -> Option<&Sample> {
        let name = "process_resident_memory_bytes";
        let members = self.replicas(MetricsComponent::Etcd, &[name]).into_iter();
        let samples = members.filter_map(|(_, _, scrape)| scrape.families.get(name)).flatten();
        samples.max_by(|a, b| a.value.total_cmp(&b.value))
    }

    /// The worst that any etcd member says of itself, in its newest scrape.
    pub fn etcd_member(&self) -> Option<EtcdMember> {
        let etcd = MetricsComponent::Etcd;
        let (_, last) = self.of(etcd).next_back()?;
        let gauges = |name: &'static str| {
            let members = self.replicas(etcd, &[name]).into_iter();
            members.filter_map(move |(_, _, scrape)| scrape.families.get(name)).flatten()
        };
        let leaderless =
            gauges("etcd_server_has_leader").min_by(|a, b| a.value.total_cmp(&b.value));
        let pending = gauges("etcd_server_proposals_pending").map(|sample| sample.value);
        // Members each count the same elections.
        let counter = |name: &str| {
            let members = self.counted(etcd, &[name], |sample| instance(sample).to_owned());
            let most = members.into_iter().next()?;
            Some(Counted { of: (), total: most.total, since: most.since, at: most.at })
        };
        let at = leaderless.filter(|sample| sample.value < 1.0).map_or(last.at, |sample| sample.at);
        Some(EtcdMember {
            has_leader: leaderless.map(|sample| sample.value >= 1.0),
            pending_proposals: pending.max_by(f64::total_cmp),
            slow_applies: counter("etcd_server_slow_apply_total"),
            slow_read_indexes: counter("etcd_server_slow_read_indexes_total"),
            heartbeat_failures: counter("etcd_server_heartbeat_send_failures_total"),
            leader_changes: counter("etcd_server_leader_changes_seen_total"),
            failed_proposals: counter("etcd_server_proposals_failed_total"),
            at,
        })
    }
}

impl EtcdCall {
    fn of(sample: &Sample) -> Self {
        let resource = if sample.label("resource").is_empty() {
            sample.label("type").to_owned()
        } else {
            plural(sample)
        };
        Self { operation: sample.label("operation").to_owned(), resource }
    }
}

impl Dial {
    fn of(sample: &Sample) -> Self {
        let label = |name: &str| sample.label(name).to_owned();
        Self { protocol: label("protocol"), transport: label("transport"), stage: label("stage") }
    }
}

impl ClientCall {
    fn of(sample: &Sample, method: &str) -> Self {
        // Latencies had the whole address up to 1.19.
        let host = either(sample, "host", "url").to_owned();
        Self { host, method: sample.label(method).to_owned(), code: String::new() }
    }
}
