//! Every fact in every spelling that versions write.

mod growth;
mod replicas;

use konspect_bundle::{ArtifactId, Source};

use super::*;
use crate::parse::Hint;
use crate::parse::Rows;
use crate::parse::prometheus::text;

/// Scrapes as texts, each an artefact of its own and taken a minute after the one before.
fn scrapes(texts: &[&str]) -> Listing<Scrape> {
    let mut found = Vec::new();
    for (number, content) in (0..).zip(texts) {
        let mut rows = Rows::default();
        text(&Source::new(ArtifactId(number), content.as_bytes()), &Hint::default(), &mut rows);
        for mut scrape in rows.scrapes {
            scrape.taken = Timestamp::from_second(i64::from(number) * 60).ok();
            found.push(scrape);
        }
    }
    Listing { rows: found, sources: Vec::new(), complete: true }
}

/// What a fact says of one scrape, in one line.
fn told(content: &str, fact: fn(&Metrics<'_>) -> String) -> String {
    let scrapes = scrapes(&[content]);
    fact(&Metrics::new(&scrapes))
}

fn join(rows: impl IntoIterator<Item = String>) -> String {
    rows.into_iter().collect::<Vec<_>>().join("; ")
}

/// A version, the lines that its component writes, the fact and what it says.
type Case<'a> = (&'a str, &'a str, fn(&Metrics<'_>) -> String, &'a str);

fn check(cases: &[Case<'_>]) {
    for (version, content, fact, wanted) in cases {
        assert_eq!(told(content, *fact), *wanted, "{version}: {content}");
    }
}

#[test]
fn sizes_and_objects_in_every_version() {
    fn sizes(metrics: &Metrics<'_>) -> String {
        join(metrics.etcd_sizes().iter().map(|size| format!("{}={}", size.cluster, size.bytes)))
    }
    fn objects(metrics: &Metrics<'_>) -> String {
        join(
            metrics
                .objects()
                .iter()
                .map(|row| format!("{}={} {:?}", row.resource, row.count, row.bytes)),
        )
    }
    check(&[
        (
            "1.20",
            "etcd_db_total_size_in_bytes{endpoint=\"https://a:2379\"} 7.2108e+09\netcd_db_total_size_in_bytes{endpoint=\"https://b:2379\"} 7.2078e+09\n",
            sizes,
            "=7210800000",
        ),
        (
            "1.26",
            "apiserver_storage_db_total_size_in_bytes{endpoint=\"etcd-0\"} 5e+06\n",
            sizes,
            "=5000000",
        ),
        (
            "1.28",
            "apiserver_storage_db_total_size_in_bytes{endpoint=\"etcd-0\"} 4e+06\napiserver_storage_size_bytes{cluster=\"etcd-0\"} 4e+06\n",
            sizes,
            "etcd-0=4000000",
        ),
        (
            "1.30",
            "apiserver_storage_size_bytes{storage_cluster_id=\"etcd-0\"} 4e+06\napiserver_storage_size_bytes{storage_cluster_id=\"etcd-1\"} 9e+06\n",
            sizes,
            "etcd-1=9000000; etcd-0=4000000",
        ),
        (
            "1.20",
            "etcd_object_counts{resource=\"pods\"} 12\netcd_object_counts{resource=\"deployments.apps\"} -1\n",
            objects,
            "pods=12 None",
        ),
        (
            "1.22",
            "apiserver_storage_objects{resource=\"pods\"} 12\netcd_object_counts{resource=\"pods\"} 12\n",
            objects,
            "pods=12 None",
        ),
        (
            "1.34",
            "apiserver_storage_objects{resource=\"deployments.apps\"} 7\napiserver_resource_objects{group=\"apps\",resource=\"deployments\"} 7\napiserver_resource_size_estimate_bytes{group=\"apps\",resource=\"deployments\"} 8192\n",
            objects,
            "deployments.apps=7 Some(8192.0)",
        ),
    ]);
}

#[test]
fn requests_in_flight_and_open_in_every_version() {
    fn flight(metrics: &Metrics<'_>) -> String {
        metrics
            .in_flight()
            .map_or("none".into(), |row| format!("{:?} {:?}", row.mutating, row.read_only))
    }
    fn open(metrics: &Metrics<'_>) -> String {
        join(
            metrics
                .long_running()
                .iter()
                .map(|row| format!("{} {} {}={}", row.verb, row.resource, row.scope, row.open)),
        )
    }
    let gauge = "{component=\"apiserver\",group=\"apps\",resource=\"replicasets\",scope=\"cluster\",subresource=\"\",verb=\"WATCH\",version=\"v1\"} 3\n";
    let both = format!("apiserver_longrunning_gauge{gauge}apiserver_longrunning_requests{gauge}");
    let new = format!("apiserver_longrunning_requests{gauge}");
    check(&[
        (
            "1.18",
            "apiserver_current_inflight_requests{requestKind=\"mutating\"} 1\napiserver_current_inflight_requests{requestKind=\"readOnly\"} 2\n",
            flight,
            "Some(1) Some(2)",
        ),
        (
            "1.36",
            "apiserver_current_inflight_requests{request_kind=\"mutating\"} 1\napiserver_current_inflight_requests{request_kind=\"readOnly\"} 2\n",
            flight,
            "Some(1) Some(2)",
        ),
        ("absent", "apiserver_storage_objects{resource=\"pods\"} 1\n", flight, "none"),
        (
            "1.20, watchers alone",
            "apiserver_registered_watchers{group=\"apps\",kind=\"ReplicaSet\",version=\"v1\"} 4\n",
            open,
            "WATCH ReplicaSet.apps =4",
        ),
        ("1.23", &both, open, "WATCH replicasets.apps cluster=3"),
        ("1.36", &new, open, "WATCH replicasets.apps cluster=3"),
    ]);
}

#[test]
fn priority_and_fairness_in_every_version() {
    fn levels(metrics: &Metrics<'_>) -> String {
        join(metrics.level_loads().iter().map(|row| {
            format!(
                "{} nominal {:?} current {:?} executing {:?}/{:?} queued {:?}/{:?}",
                row.level,
                row.nominal_seats,
                row.current_seats,
                row.executing_seats,
                row.executing_requests,
                row.queued_seats,
                row.queued_requests
            )
        }))
    }
    fn rejected(metrics: &Metrics<'_>) -> String {
        join(metrics.rejects().iter().map(|row| {
            format!("{}/{} {}={}", row.priority_level, row.flow_schema, row.reason, row.count)
        }))
    }
    fn waits(metrics: &Metrics<'_>) -> String {
        join(metrics.queue_waits().iter().map(|row| {
            format!(
                "{}/{} {} {} {}",
                row.of.priority_level, row.of.flow_schema, row.of.executed, row.calls, row.mean
            )
        }))
    }
    check(&[
        (
            "1.21",
            "apiserver_flowcontrol_request_concurrency_limit{priority_level=\"workload-low\"} 245\napiserver_flowcontrol_request_concurrency_in_use{flow_schema=\"a\",priority_level=\"workload-low\"} 4\napiserver_flowcontrol_current_executing_requests{flow_schema=\"a\",priority_level=\"workload-low\"} 2\napiserver_flowcontrol_current_inqueue_requests{flow_schema=\"a\",priority_level=\"workload-low\"} 9\n",
            levels,
            "workload-low nominal Some(245) current None executing Some(4)/Some(2) queued None/Some(9)",
        ),
        (
            "1.26",
            "apiserver_flowcontrol_request_concurrency_limit{priority_level=\"workload-low\"} 245\napiserver_flowcontrol_nominal_limit_seats{priority_level=\"workload-low\"} 245\napiserver_flowcontrol_current_limit_seats{priority_level=\"workload-low\"} 240\n",
            levels,
            "workload-low nominal Some(245) current Some(240) executing None/None queued None/None",
        ),
        (
            "1.31",
            "apiserver_flowcontrol_nominal_limit_seats{priority_level=\"workload-low\"} 25\napiserver_flowcontrol_current_limit_seats{priority_level=\"workload-low\"} 30\napiserver_flowcontrol_current_executing_seats{flow_schema=\"a\",priority_level=\"workload-low\"} 10\napiserver_flowcontrol_current_executing_seats{flow_schema=\"b\",priority_level=\"workload-low\"} 1\napiserver_flowcontrol_current_inqueue_seats{flow_schema=\"a\",priority_level=\"workload-low\"} 5\n",
            levels,
            "workload-low nominal Some(25) current Some(30) executing Some(11)/None queued Some(5)/None",
        ),
        (
            "1.19",
            "apiserver_flowcontrol_rejected_requests_total{flowSchema=\"a\",priorityLevel=\"workload-low\",reason=\"queue-full\"} 7\n",
            rejected,
            "workload-low/a queue-full=7",
        ),
        (
            "1.24",
            "apiserver_flowcontrol_rejected_requests_total{flow_schema=\"a\",priority_level=\"low\",reason=\"time-out\"} 7\napiserver_flowcontrol_rejected_requests_total{flow_schema=\"a\",priority_level=\"low\",reason=\"concurrency-limit\"} 8\napiserver_flowcontrol_rejected_requests_total{flow_schema=\"a\",priority_level=\"low\",reason=\"cancelled\"} 9\n",
            rejected,
            "low/a concurrency-limit=8; low/a time-out=7",
        ),
        (
            "1.36",
            "apiserver_flowcontrol_request_wait_duration_seconds_bucket{execute=\"true\",flow_schema=\"a\",priority_level=\"low\",le=\"+Inf\"} 4\napiserver_flowcontrol_request_wait_duration_seconds_sum{execute=\"true\",flow_schema=\"a\",priority_level=\"low\"} 2\napiserver_flowcontrol_request_wait_duration_seconds_count{execute=\"true\",flow_schema=\"a\",priority_level=\"low\"} 4\napiserver_flowcontrol_request_wait_duration_seconds_sum{execute=\"false\",flow_schema=\"a\",priority_level=\"low\"} 15\napiserver_flowcontrol_request_wait_duration_seconds_count{execute=\"false\",flow_schema=\"a\",priority_level=\"low\"} 1\n",
            waits,
            "low/a true 4 0.5; low/a false 1 15",
        ),
    ]);
}

#[test]
fn what_did_not_finish_and_what_lists_cost_in_every_version() {
    fn ended(metrics: &Metrics<'_>) -> String {
        join(metrics.unfinished().iter().map(|row| {
            format!(
                "{:?} {} {} {}={}",
                row.of.how, row.of.verb, row.of.resource, row.of.code, row.total
            )
        }))
    }
    fn lists(metrics: &Metrics<'_>) -> String {
        join(metrics.list_costs().iter().map(|row| {
            format!(
                "{} {} {} {} {:?} {}",
                row.resource, row.cached, row.lists, row.fetched, row.evaluated, row.returned
            )
        }))
    }
    check(&[
        (
            "1.18",
            "apiserver_dropped_requests_total{requestKind=\"readOnly\"} 3\n",
            ended,
            "Dropped readOnly  =3",
        ),
        (
            "1.23",
            "apiserver_dropped_requests_total{request_kind=\"mutating\"} 3\n",
            ended,
            "Dropped mutating  =3",
        ),
        (
            "1.36",
            "apiserver_request_terminations_total{code=\"504\",component=\"apiserver\",group=\"\",resource=\"pods\",scope=\"cluster\",subresource=\"\",verb=\"LIST\",version=\"v1\"} 2\napiserver_request_aborts_total{group=\"apps\",resource=\"deployments\",scope=\"cluster\",subresource=\"\",verb=\"LIST\",version=\"v1\"} 5\n",
            ended,
            "Aborted LIST deployments.apps =5; Terminated LIST pods 504=2",
        ),
        (
            "1.23",
            "apiserver_storage_list_total{resource=\"pods\"} 2\napiserver_storage_list_fetched_objects_total{resource=\"pods\"} 400\napiserver_storage_list_evaluated_objects_total{resource=\"pods\"} 400\napiserver_storage_list_returned_objects_total{resource=\"pods\"} 10\n",
            lists,
            "pods false 2 400 Some(400) 10",
        ),
        (
            "1.36",
            "apiserver_cache_list_total{group=\"apps\",index=\"\",resource=\"deployments\"} 1\napiserver_cache_list_total{group=\"apps\",index=\"f:x\",resource=\"deployments\"} 1\napiserver_cache_list_fetched_objects_total{group=\"apps\",index=\"\",resource=\"deployments\"} 9\napiserver_cache_list_returned_objects_total{group=\"apps\",resource=\"deployments\"} 8\n",
            lists,
            "deployments.apps true 2 9 None 8",
        ),
    ]);
}

#[test]
fn webhooks_in_every_version() {
    fn webhooks(metrics: &Metrics<'_>) -> String {
        let calls = metrics.webhook_calls().into_iter().map(|row| {
            format!(
                "{} {} {} {} {}={}",
                row.of.name, row.of.kind, row.of.operation, row.of.code, row.of.rejected, row.total
            )
        });
        let opens = metrics
            .webhook_fail_opens()
            .into_iter()
            .map(|row| format!("{} open {}", row.of, row.total));
        join(calls.chain(opens))
    }
    fn failures(metrics: &Metrics<'_>) -> String {
        join(metrics.webhook_failures().iter().map(|row| format!("{}={}", row.of, row.total)))
    }
    check(&[
        (
            "1.23",
            "apiserver_admission_webhook_request_total{code=\"503\",name=\"a.b\",operation=\"CREATE\",rejected=\"true\",type=\"admit\"} 63\n",
            webhooks,
            "a.b admit CREATE 503 true=63",
        ),
        (
            "1.26",
            "apiserver_admission_webhook_fail_open_count{name=\"a.b\",type=\"validating\"} 4\n",
            webhooks,
            "a.b open 4",
        ),
        (
            "all; a denial is no failure",
            "apiserver_admission_webhook_rejection_count{error_type=\"calling_webhook_error\",name=\"a.b\",operation=\"CREATE\",rejection_code=\"0\",type=\"admit\"} 6\napiserver_admission_webhook_rejection_count{error_type=\"no_error\",name=\"c.d\",operation=\"CREATE\",rejection_code=\"400\",type=\"validating\"} 9\n",
            failures,
            "a.b=6",
        ),
    ]);
}

#[test]
fn tls_errors_and_aggregated_apis_in_every_version() {
    fn tls(metrics: &Metrics<'_>) -> String {
        metrics.tls_handshake_errors().map_or("none".into(), |row| row.total.to_string())
    }
    fn down(metrics: &Metrics<'_>) -> String {
        join(metrics.unavailable_api_services().into_iter().map(|(name, _)| name))
    }
    fn apis(metrics: &Metrics<'_>) -> String {
        join(
            metrics
                .api_service_failures()
                .iter()
                .map(|row| format!("{} {}={}", row.of.0, row.of.1, row.total)),
        )
    }
    check(&[
        ("all", "apiserver_tls_handshake_errors_total 12\n", tls, "12"),
        ("absent", "apiserver_storage_objects{resource=\"pods\"} 1\n", tls, "none"),
        (
            "1.16",
            "aggregator_unavailable_apiservice_count{name=\"v1beta1.metrics.k8s.io\",reason=\"FailedDiscoveryCheck\"} 4\n",
            apis,
            "v1beta1.metrics.k8s.io FailedDiscoveryCheck=4",
        ),
        (
            "1.36",
            "aggregator_unavailable_apiservice_total{name=\"v1beta1.metrics.k8s.io\",reason=\"MissingEndpoints\"} 4\n",
            apis,
            "v1beta1.metrics.k8s.io MissingEndpoints=4",
        ),
        (
            "all",
            "aggregator_unavailable_apiservice{name=\"v1.\"} 0\naggregator_unavailable_apiservice{name=\"v1beta1.metrics.k8s.io\"} 1\n",
            down,
            "v1beta1.metrics.k8s.io",
        ),
    ]);
}

#[test]
fn calls_of_etcd_in_every_version() {
    fn etcd(metrics: &Metrics<'_>) -> String {
        let count = |row: Counted<EtcdCall>| {
            format!("{} {}={}", row.of.operation, row.of.resource, row.total)
        };
        let requests = metrics.etcd_requests().into_iter().map(count);
        let errors = metrics.etcd_request_errors().into_iter().map(count);
        let times = metrics.etcd_latencies();
        let times = times.iter().map(|row| {
            format!("{} {} {}x{}", row.of.operation, row.of.resource, row.calls, row.mean)
        });
        join(requests.chain(errors).chain(times))
    }
    fn member(metrics: &Metrics<'_>) -> String {
        let Some(member) = metrics.etcd_member() else { return "none".into() };
        let total = |row: Option<Counted<()>>| row.map(|row| row.total);
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            member.has_leader,
            member.pending_proposals,
            total(member.slow_applies),
            total(member.slow_read_indexes),
            total(member.heartbeat_failures),
            total(member.leader_changes),
            total(member.failed_proposals)
        )
    }
    check(&[
        (
            "1.33",
            "etcd_requests_total{operation=\"get\",type=\"*core.Pod\"} 9\netcd_request_errors_total{operation=\"get\",type=\"*core.Pod\"} 1\netcd_request_duration_seconds_sum{operation=\"get\",type=\"*core.Pod\"} 9\netcd_request_duration_seconds_count{operation=\"get\",type=\"*core.Pod\"} 9\n",
            etcd,
            "get *core.Pod=9; get *core.Pod=1; get *core.Pod 9x1",
        ),
        (
            "1.34",
            "etcd_requests_total{group=\"apps\",operation=\"list\",resource=\"deployments\"} 9\netcd_request_duration_seconds_sum{group=\"\",operation=\"get\",resource=\"pods\"} 3\netcd_request_duration_seconds_count{group=\"\",operation=\"get\",resource=\"pods\"} 2\n",
            etcd,
            "list deployments.apps=9; get pods 2x1.5",
        ),
        (
            "etcd 3.5",
            "etcd_server_has_leader 1\netcd_server_heartbeat_send_failures_total 3\netcd_server_leader_changes_seen_total 2\netcd_server_proposals_failed_total 0\netcd_server_proposals_pending 5\netcd_server_slow_apply_total 8\netcd_server_slow_read_indexes_total 1\netcd_mvcc_db_total_size_in_bytes 1e+06\n",
            member,
            "Some(true) Some(5.0) Some(8) Some(1) Some(3) Some(2) Some(0)",
        ),
    ]);
}

#[test]
fn dials_in_every_version() {
    fn dials(metrics: &Metrics<'_>) -> String {
        let count = |row: Counted<Dial>| {
            format!("{} {} {}={}", row.of.protocol, row.of.transport, row.of.stage, row.total)
        };
        let counts = metrics.dial_starts().into_iter().chain(metrics.dial_failures()).map(count);
        join(
            counts.chain(
                metrics.dial_times().iter().map(|row| format!("{}x{}", row.calls, row.mean)),
            ),
        )
    }
    check(&[
        (
            "1.27",
            "apiserver_egress_dialer_dial_failure_count{protocol=\"http_connect\",stage=\"connect\",transport=\"uds\"} 3\n",
            dials,
            "http_connect uds connect=3",
        ),
        (
            "1.28",
            "apiserver_egress_dialer_dial_start_total{protocol=\"grpc\",transport=\"uds\"} 63\napiserver_egress_dialer_dial_failure_count{protocol=\"grpc\",stage=\"proxy\",transport=\"uds\"} 53\napiserver_egress_dialer_dial_duration_seconds_sum{protocol=\"grpc\",transport=\"uds\"} 5\napiserver_egress_dialer_dial_duration_seconds_count{protocol=\"grpc\",transport=\"uds\"} 10\n",
            dials,
            "grpc uds =63; grpc uds proxy=53; 10x0.5",
        ),
    ]);
}

#[test]
fn outgoing_calls_in_every_version() {
    fn client(metrics: &Metrics<'_>) -> String {
        let server = MetricsComponent::ApiServer;
        let calls = metrics
            .client_calls(server)
            .into_iter()
            .map(|row| format!("{} {} {}={}", row.of.host, row.of.method, row.of.code, row.total));
        let times =
            metrics.client_times(server).into_iter().chain(metrics.client_throttling(server));
        let times = times
            .map(|row| format!("{} {} {}x{}", row.of.host, row.of.method, row.calls, row.mean));
        let names = metrics
            .client_resolution(server)
            .into_iter()
            .map(|row| format!("{} {}x{}", row.of, row.calls, row.mean));
        join(calls.chain(times).chain(names))
    }
    // Every component writes these: another family tells whose they are.
    check(&[
        (
            "1.36",
            "apiserver_tls_handshake_errors_total 0\nrest_client_requests_total{code=\"<error>\",host=\"[::1]:6443\",method=\"GET\"} 2\nrest_client_request_duration_seconds_sum{host=\"[::1]:6443\",verb=\"GET\"} 3\nrest_client_request_duration_seconds_count{host=\"[::1]:6443\",verb=\"GET\"} 2\nrest_client_dns_resolution_duration_seconds_sum{host=\"a\"} 1\nrest_client_dns_resolution_duration_seconds_count{host=\"a\"} 4\n",
            client,
            "[::1]:6443 GET <error>=2; [::1]:6443 GET 2x1.5; a 4x0.25",
        ),
        (
            "1.18",
            "apiserver_tls_handshake_errors_total 0\nrest_client_rate_limiter_duration_seconds_sum{url=\"https://a/%7Bprefix%7D\",verb=\"GET\"} 3\nrest_client_rate_limiter_duration_seconds_count{url=\"https://a/%7Bprefix%7D\",verb=\"GET\"} 2\n",
            client,
            "https://a/%7Bprefix%7D GET 2x1.5",
        ),
    ]);
}
