//! What two scrapes tell: rates of one process, replicas and resets, latency of late.

use super::{Metrics, MetricsComponent, Since, join, scrapes};
use crate::parse::prometheus::NoGrowth;

fn since(texts: &[&str]) -> Since {
    let scrapes = scrapes(texts);
    Metrics::new(&scrapes).tls_handshake_errors().unwrap().since
}

#[test]
fn counters_grow_between_scrapes_of_one_process_only() {
    let of = |start: u32, errors: u32| {
        format!(
            "process_start_time_seconds {start}\napiserver_tls_handshake_errors_total {errors}\n"
        )
    };
    let (first, later, reset, other) = (of(1000, 5), of(1000, 35), of(5000, 2), of(9000, 80));
    assert_eq!(since(&[&first]), Since::OneScrape);
    assert_eq!(since(&[&first, &later]), Since::Grew { by: 30, per_second: Some(0.5) });
    assert_eq!(since(&[&later, &reset]), Since::NotComparable(NoGrowth::OtherProcess));
    assert_eq!(
        since(&[
            "apiserver_tls_handshake_errors_total 5\n",
            "apiserver_tls_handshake_errors_total 2\n"
        ]),
        Since::NotComparable(NoGrowth::Fell)
    );
    // Two replicas answer in turn: the scrape before the last one is of the other.
    assert_eq!(since(&[&first, &other, &later]), Since::Grew { by: 30, per_second: Some(0.25) });
}

/// Old counters have names that could be gauges'.
#[test]
fn a_counter_that_fell_has_no_growth_whatever_its_name() {
    let of = |count: u32| {
        format!("aggregator_unavailable_apiservice_count{{name=\"a\",reason=\"b\"}} {count}\n")
    };
    let since = |before: u32, now: u32| {
        let (before, now) = (of(before), of(now));
        let scrapes = scrapes(&[&before, &now]);
        Metrics::new(&scrapes).api_service_failures().first().unwrap().since
    };
    assert_eq!(since(4, 9), Since::Grew { by: 5, per_second: Some(5.0 / 60.0) });
    assert_eq!(since(9, 4), Since::NotComparable(NoGrowth::Fell));
}

/// Without a time of either scrape there is growth, but no rate; a series that is new grew from nothing.
#[test]
fn growth_without_times_has_no_rate() {
    let mut scrapes = scrapes(&[
        "rest_client_requests_total{code=\"200\"} 5\napiserver_tls_handshake_errors_total 0\n",
        "rest_client_requests_total{code=\"200\"} 5\nrest_client_requests_total{code=\"500\"} 7\napiserver_tls_handshake_errors_total 0\n",
    ]);
    scrapes.rows.iter_mut().for_each(|scrape| scrape.taken = None);
    let calls = Metrics::new(&scrapes).client_calls(MetricsComponent::ApiServer);
    let told = join(calls.iter().map(|row| format!("{} {:?}", row.of.code, row.since)));
    assert_eq!(told, "500 Grew { by: 7, per_second: None }; 200 Grew { by: 0, per_second: None }");
}

#[test]
fn a_histogram_gives_its_mean_and_its_quantile_or_the_mean_alone() {
    let parts = "etcd_request_duration_seconds_sum{operation=\"get\",type=\"*core.Pod\"} 30\netcd_request_duration_seconds_count{operation=\"get\",type=\"*core.Pod\"} 100\n";
    let buckets = "etcd_request_duration_seconds_bucket{operation=\"get\",type=\"*core.Pod\",le=\"0.5\"} 98\netcd_request_duration_seconds_bucket{operation=\"get\",type=\"*core.Pod\",le=\"1\"} 100\netcd_request_duration_seconds_bucket{operation=\"get\",type=\"*core.Pod\",le=\"+Inf\"} 100\n";
    let of = |content: &str| {
        let scrapes = scrapes(&[content]);
        let times = Metrics::new(&scrapes).etcd_latencies();
        join(times.iter().map(|row| format!("{} {} {:?}", row.calls, row.mean, row.p99)))
    };
    assert_eq!(of(parts), "100 0.3 None");
    assert_eq!(
        of(&format!("{buckets}{parts}")),
        "100 0.3 Some(Quantile { value: 0.75, at_least: false })"
    );
}

/// A bad hour of last month stays in the buckets for as long as the process lives.
#[test]
fn latency_is_that_between_two_scrapes_of_one_process() {
    let of = |start: u32, fast: u32, slow: u32| {
        let labels = "group=\"\",resource=\"pods\",scope=\"resource\",verb=\"GET\"";
        let all = fast + slow;
        format!(
            "apiserver_request_sli_duration_seconds_bucket{{{labels},le=\"0.1\"}} {fast}\napiserver_request_sli_duration_seconds_bucket{{{labels},le=\"5\"}} {all}\napiserver_request_sli_duration_seconds_bucket{{{labels},le=\"+Inf\"}} {all}\napiserver_request_sli_duration_seconds_sum{{{labels}}} {slow}\napiserver_request_sli_duration_seconds_count{{{labels}}} {all}\nprocess_start_time_seconds {start}\n"
        )
    };
    let slow = |texts: &[&str]| {
        let scrapes = scrapes(texts);
        let slow = Metrics::new(&scrapes).slow_requests();
        join(slow.iter().map(|row| format!("{} {} {}", row.verb, row.count, row.lately)))
    };
    let (bad, after) = (of(1000, 100, 900), of(1000, 1000, 900));
    assert_eq!(slow(&[&bad]), "GET 1000 false");
    assert_eq!(slow(&[&bad, &after]), "", "nine hundred fast ones since");
    assert_eq!(slow(&[&of(1000, 100, 0), &bad]), "GET 900 true");
    assert_eq!(slow(&[&of(1000, 100, 850), &bad]), "", "fifty have no 99th percentile");
    assert_eq!(slow(&[&of(9000, 100, 0), &bad]), "GET 1000 false", "another process answered");
}

#[test]
fn dropped_requests_count_once_and_a_full_level_is_named() {
    let dropped = |content: &str| {
        let scrapes = scrapes(&[content]);
        Metrics::new(&scrapes).dropped().map(|row| row.total)
    };
    let of = |code: &str| {
        format!("apiserver_request_terminations_total{{code=\"{code}\",verb=\"LIST\"}} 5\n")
    };
    let old = "apiserver_dropped_requests_total{request_kind=\"readOnly\"} 3\napiserver_dropped_requests_total{request_kind=\"mutating\"} 2\n";
    assert_eq!(dropped(old), Some(5));
    assert_eq!(dropped(&of("429")), Some(5));
    assert_eq!(dropped(&format!("{old}{}", of("429"))), Some(5));
    assert_eq!(dropped(&of("504")), None, "a time-out turns nobody away");
    let crowded = |seats: u32, taken: u32, queued: u32| {
        let scrapes = scrapes(&[&format!(
            "apiserver_flowcontrol_request_concurrency_limit{{priority_level=\"low\"}} {seats}\napiserver_flowcontrol_current_executing_requests{{flow_schema=\"a\",priority_level=\"low\"}} {taken}\napiserver_flowcontrol_current_inqueue_requests{{flow_schema=\"a\",priority_level=\"low\"}} {queued}\n"
        )]);
        Metrics::new(&scrapes).crowded().map(|row| (row.level, row.queued))
    };
    assert_eq!(crowded(10, 9, 4), Some(("low".to_owned(), 4)));
    assert_eq!(crowded(10, 8, 4), None);
    assert_eq!(crowded(10, 10, 0), None);
    assert_eq!(crowded(0, 0, 4), None, "a level without seats of its own");
}

#[test]
fn list_costs_have_a_rate_between_two_scrapes() {
    let of = |lists: u32, fetched: u32| {
        format!(
            "apiserver_storage_list_total{{resource=\"pods\"}} {lists}\napiserver_storage_list_fetched_objects_total{{resource=\"pods\"}} {fetched}\napiserver_storage_list_returned_objects_total{{resource=\"pods\"}} {lists}\n"
        )
    };
    let (first, second) = (of(10, 1000), of(130, 61_000));
    let rate = |texts: &[&str]| {
        let scrapes = scrapes(texts);
        Metrics::new(&scrapes).list_costs().first().unwrap().rate
    };
    assert_eq!(rate(&[&first]), None);
    assert_eq!(rate(&[&first, &second]), Some((2.0, 1000.0)));
    assert_eq!(rate(&[&second, &first]), None, "the counters began anew");
}

/// Files are read by name, and `after` stands before `before`: the counters of one process tell which is which.
#[test]
fn scrapes_without_times_are_put_in_order_by_their_counters() {
    let of = |start: u32, errors: u32| {
        format!(
            "process_start_time_seconds {start}\napiserver_tls_handshake_errors_total {errors}\n"
        )
    };
    let since = |one: &str, two: &str| {
        let mut scrapes = scrapes(&[one, two]);
        scrapes.rows.iter_mut().for_each(|scrape| scrape.taken = None);
        let errors = Metrics::new(&scrapes).tls_handshake_errors().unwrap();
        (errors.total, errors.since)
    };
    let grew = (35, Since::Grew { by: 30, per_second: None });
    assert_eq!(since(&of(1000, 5), &of(1000, 35)), grew);
    assert_eq!(since(&of(1000, 35), &of(1000, 5)), grew);
    // Of two processes both count.
    assert_eq!(since(&of(1000, 35), &of(5000, 5)).0, 40);
}
