//! What is a replica's own, and which scrapes are of one.

use super::{Metrics, scrapes};

/// A part of a scrape that was taken later does not hide the whole one of the same process.
#[test]
fn each_fact_is_asked_of_the_scrapes_that_tell_it() {
    let whole = "process_start_time_seconds 1000\napiserver_longrunning_requests{verb=\"WATCH\",resource=\"pods\"} 70\napiserver_storage_size_bytes{storage_cluster_id=\"a\"} 9e+08\n";
    let part = "process_start_time_seconds 1000\napiserver_tls_handshake_errors_total 3\n";
    let scrapes = scrapes(&[whole, part]);
    let metrics = Metrics::new(&scrapes);
    let most = metrics.most_watched().unwrap();
    assert_eq!((most.open, most.which.number, most.which.of), (70, 1, 1));
    assert_eq!(metrics.etcd_sizes().len(), 1);
    assert_eq!(metrics.long_running().len(), 1);
}

/// Prometheus hands over all replicas at one moment: they are not one server with all of their requests.
#[test]
fn replicas_in_one_answer_are_told_apart() {
    let lines = |name: &str, value: u32| {
        ["a:443", "b:443"].map(|one| format!("{name},instance=\"{one}\"}} {value}\n")).concat()
    };
    let flight = lines("apiserver_current_inflight_requests{request_kind=\"readOnly\"", 210);
    let level = [
        lines("apiserver_flowcontrol_nominal_limit_seats{priority_level=\"low\"", 400),
        lines("apiserver_flowcontrol_current_executing_seats{priority_level=\"low\"", 300),
        lines("apiserver_flowcontrol_current_inqueue_requests{priority_level=\"low\"", 50),
    ];
    let scrapes = scrapes(&[&format!("{flight}{}", level.concat())]);
    let metrics = Metrics::new(&scrapes);
    let most = metrics.in_flight().unwrap();
    assert_eq!((most.read_only, most.seats, most.full()), (Some(210), 400, 525));
    assert_eq!(metrics.level_loads().len(), 2);
    assert_eq!(metrics.crowded(), None);
}

/// Counting failed at the replica that was scraped last: another one counted.
#[test]
fn a_count_that_failed_is_taken_from_another_replica() {
    let of = |start: u32, count: i32| {
        format!(
            "process_start_time_seconds {start}\napiserver_storage_objects{{resource=\"pods\"}} {count}\n"
        )
    };
    let (counted, failed) = (of(10, 70_000), of(20, -1));
    let (first, second) = (scrapes(&["", &counted, &failed]), scrapes(&["", &failed, &counted]));
    for scrapes in [first, second] {
        let objects = Metrics::new(&scrapes).objects();
        assert_eq!(objects.iter().map(|row| row.count).collect::<Vec<_>>(), [70_000]);
    }
}

/// A limit that one part of a scrape tells and a queue that another tells belong together.
#[test]
fn what_is_spread_over_parts_is_put_together() {
    let limit = "apiserver_flowcontrol_nominal_limit_seats{priority_level=\"low\"} 10\n";
    let taken = "apiserver_flowcontrol_current_executing_seats{priority_level=\"low\"} 10\n";
    let queue = "apiserver_flowcontrol_current_inqueue_requests{priority_level=\"low\"} 30\n";
    for parts in [[limit, taken, queue], [queue, taken, limit]] {
        let scrapes = scrapes(&parts);
        let crowded = Metrics::new(&scrapes).crowded().unwrap();
        assert_eq!((crowded.seats, crowded.taken, crowded.queued), (10, 10, 30));
    }
}

/// A file of any number of scrapes has a bounded number of replicas: the newest ones.
#[test]
fn there_are_no_more_replicas_than_clusters_have() {
    let scrape = |start: u32| {
        format!(
            "process_start_time_seconds {start}\napiserver_longrunning_requests{{verb=\"WATCH\",resource=\"pods\"}} {start}\n"
        )
    };
    let texts: Vec<String> = (1..=40).map(|number| scrape(number * 10)).collect();
    let mut scrapes = scrapes(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    scrapes.rows.iter_mut().for_each(|scrape| scrape.taken = None);
    let metrics = Metrics::new(&scrapes);
    assert_eq!(metrics.long_running().len(), 16);
    assert_eq!(metrics.most_watched().map(|most| most.open), Some(400));
}
