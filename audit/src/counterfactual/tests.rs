//! What is estimated of requests that waited for known seats, and what is not.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::*;
use crate::read::{Shared, fold_bytes};
use konspect_bundle::{ArtifactId, Source};

const STORM: (&str, &str) = ("system:serviceaccount:shop:storm", "storm/1");

/// One request: whether it is the storm's, when it comes, how long it waits and is worked on, in
/// milliseconds.
#[derive(Clone, Copy)]
struct Request(bool, i64, i64, i64);

/// Ten minutes of five requests a second that take 20 to 80 ms each.
fn others() -> Vec<Request> {
    (0..3000).map(|at| Request(false, at * 200, 0, 20 + at * 37 % 60)).collect()
}

/// So many requests a second from one second to another, which take half of that time to half
/// again as much.
fn storm(from: i64, to: i64, a_second: i64, millis: i64) -> Vec<Request> {
    let count = (to - from) * a_second;
    let at = |index: i64| from * 1000 + index * 1000 / a_second + index * 13 % 50;
    let work = |index: i64| millis / 2 + index * 29 % 11 * millis / 10;
    (0..count).map(|index| Request(true, at(index), 0, work(index))).collect()
}

/// Lets requests wait for seats, in the order in which they come.
fn queued(mut requests: Vec<Request>, seats: usize) -> Vec<Request> {
    requests.sort_by_key(|request| request.1);
    let mut free: BinaryHeap<Reverse<i64>> = (0..seats).map(|_| Reverse(0)).collect();
    for Request(_, at, wait, work) in &mut requests {
        let begin = free.pop().map_or(0, |Reverse(free)| free).max(*at);
        *wait = begin - *at;
        free.push(Reverse(begin + *work));
    }
    requests
}

/// The counterfactual of the storm, with the annotations that slow requests carry, or without.
fn outcome(requests: &[Request], annotated: bool) -> Counterfactual {
    let summary = summary(requests, annotated, |_| STORM.1.to_owned());
    without(&summary, STORM.0, STORM.1).unwrap()
}

/// The log of requests, those of the storm under names by their number.
fn summary(requests: &[Request], annotated: bool, agent: impl Fn(usize) -> String) -> AuditSummary {
    let mut text = String::new();
    for (number, Request(storm, at, wait, work)) in requests.iter().enumerate() {
        let (user, agent) = if *storm {
            (STORM.0, agent(number))
        } else {
            ("system:serviceaccount:shop:app", "app/1".to_owned())
        };
        let (verb, resource) = if *storm { ("list", "pods") } else { ("get", "configmaps") };
        let stamp = |millis: i64| crate::time::print((1_748_851_200_000 + millis) * 1000);
        let latency =
            |part: &str, millis: i64| format!("\"apiserver.latency.k8s.io/{part}\":\"{millis}ms\"");
        let mut parts = Vec::new();
        if annotated && wait + work > 500 {
            parts.extend([latency("total", wait + work), latency("etcd", work * 9 / 10)]);
            if *wait > 0 {
                parts.push(latency("apf-queue-wait", *wait));
            }
        }
        text.extend([format!(
            "{{\"auditID\":\"{number}\",\"stage\":\"ResponseComplete\",\"requestURI\":\"/api/v1/{resource}\",\"verb\":\"{verb}\",\"user\":{{\"username\":\"{user}\"}},\"userAgent\":\"{agent}\",\"objectRef\":{{\"resource\":\"{resource}\"}},\"responseStatus\":{{\"code\":200}},\"requestReceivedTimestamp\":\"{}\",\"stageTimestamp\":\"{}\",\"annotations\":{{{}}}}}\n",
            stamp(*at),
            stamp(at + wait + work),
            parts.join(",")
        )]);
    }
    let mut fold = fold_bytes(Source::new(ArtifactId(0), text.as_bytes()), &Shared::new());
    fold.trim();
    let summary = fold.finish();
    assert!(suspect(&summary).is_some());
    summary
}

#[test]
fn without_a_storm_that_everybody_waits_for_the_others_are_fast_again() {
    let both = |seats| queued([others(), storm(200, 600, 4, 1000)].concat(), seats);
    // Too few seats for all, and just enough.
    for (seats, annotated) in [(3, true), (3, false), (4, true), (4, false)] {
        let outcome = outcome(&both(seats), annotated);
        assert_eq!(outcome.untold, None, "{outcome:?}");
        let model = outcome.model.as_ref().unwrap();
        // Where waits are far longer than work, how long work takes is not known without annotations.
        assert!(seats == 3 || model.seats == 4, "{outcome:?}");
        // Alone, the others take 80 ms at most.
        assert!(outcome.observed > 500_000, "{outcome:?}");
        assert!((70_000..100_000).contains(&model.estimate), "{outcome:?}");
    }
}

#[test]
fn nothing_is_promised_that_the_log_does_not_show() {
    let beside = |requests: Vec<Request>, annotated| {
        let outcome = outcome(&requests, annotated);
        assert_eq!(outcome.model.is_some(), outcome.untold == Some(Untold::Misfit));
        outcome.untold
    };
    let independent = [others(), storm(200, 600, 4, 1000)].concat();
    assert_eq!(beside(independent, false), Some(Untold::Unaffected));
    let always = [others(), storm(0, 600, 4, 1000)].concat();
    assert_eq!(beside(always, false), Some(Untold::NeverQuiet));
    // Something else is slow at the same time.
    let slow = |from: i64, to: i64| -> Vec<Request> {
        let in_time = |at: i64| (from * 1000..to * 1000).contains(&at);
        let slower = |Request(_, at, wait, work): Request| {
            Request(false, at, wait, if in_time(at) { work * 50 } else { work })
        };
        others().into_iter().map(slower).collect()
    };
    let outage = || [slow(300, 525), storm(300, 525, 20, 300)].concat();
    assert_eq!(beside(outage(), true), Some(Untold::Elsewhere));
    assert_eq!(beside(outage(), false), Some(Untold::WaitsLess));
    let all_along = [slow(0, 600), storm(0, 600, 4, 5000)].concat();
    assert_eq!(beside(all_along, true), Some(Untold::Elsewhere));
}

/// What a burst of seconds leaves in the queue makes everybody wait for minutes after it: those minutes do not
/// show how fast they are without it.
#[test]
fn a_queue_that_drains_after_a_burst_is_the_burst_s() {
    // The last one reaches with its end into a bin in which it is neither busy nor quiet.
    let bursts = [(130, 15, 40, 3), (130, 15, 20, 2), (130, 40, 20, 4), (100, 60, 20, 4)];
    for (from, seconds, a_second, seats) in bursts {
        let storm = storm(from, from + seconds, a_second, 1000);
        let both = queued([others(), storm].concat(), seats);
        for annotated in [true, false] {
            let outcome = outcome(&both, annotated);
            let model = outcome.model.as_ref().unwrap();
            assert!(outcome.observed > 50_000_000, "{outcome:?}");
            assert_eq!(outcome.untold, None, "{outcome:?}");
            assert!((70_000..100_000).contains(&outcome.quiet.unwrap()), "{outcome:?}");
            assert!((70_000..100_000).contains(&model.estimate), "{outcome:?}");
        }
    }
}

/// A program that changes its name with every request is taken out as a whole.
#[test]
fn a_crowd_is_one_client() {
    let both = queued([others(), storm(200, 600, 4, 1000)].concat(), 3);
    let one = outcome(&both, true);
    let summary = summary(&both, true, |number| format!("storm/{number}"));
    let crowd = without(&summary, STORM.0, "storm/…").unwrap();
    assert!(crowd.names > 64, "{crowd:?}");
    let seen = |outcome: &Counterfactual| (outcome.work_share, outcome.observed, outcome.quiet);
    assert_eq!(seen(&crowd), seen(&one));
    assert_eq!(crowd.untold, None, "{crowd:?}");
    assert!((70_000..100_000).contains(&crowd.model.as_ref().unwrap().estimate), "{crowd:?}");
    // Whoever waits for it takes longer together: who was turned away most is the suspect then.
    let mut summary = summary;
    for client in summary.crowds.iter_mut().map(|crowd| &mut crowd.client) {
        client.total.failures = [(Failure::PriorityAndFairness, 5)].into_iter().collect();
    }
    assert_eq!(suspect(&summary).unwrap().agent, "storm/…");
    assert!(containment(suspect(&summary).unwrap(), 31).is_some());
}
