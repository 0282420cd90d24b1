//! The questions that are asked of audit logs, on a small log whose answers are known.

use konspect_audit::answers::{
    Dimension, Filter, answers, grouped, growth, habits, latency, objectives, rejections, top,
};
use konspect_audit::objective::Objective;
use konspect_audit::{AuditSummary, Question, Shared, Verb, fold_bytes};
use konspect_bundle::{ArtifactId, Source};

struct Request<'a> {
    user: &'a str,
    agent: &'a str,
    verb: &'a str,
    resource: &'a str,
    name: &'a str,
    query: &'a str,
    code: u16,
    minute: u32,
    millis: u32,
}

const PLAIN: Request<'_> = Request {
    user: "ada",
    agent: "app/1.0",
    verb: "get",
    resource: "pods",
    name: "a",
    query: "",
    code: 200,
    minute: 0,
    millis: 5,
};

fn log(requests: &[(usize, Request<'_>)]) -> AuditSummary {
    let mut text = String::new();
    let mut number = 0;
    for (times, Request { user, agent, verb, resource, name, query, code, minute, millis }) in
        requests
    {
        for _ in 0..*times {
            number += 1;
            let (second, end) = (number % 50, millis % 1000);
            let later = second + millis / 1000;
            text.extend([format!(
                r#"{{"kind":"Event","auditID":"{number}","stage":"ResponseComplete","requestURI":"/api/v1/{resource}{query}","verb":"{verb}","user":{{"username":"{user}"}},"sourceIPs":["10.0.0.1"],"userAgent":"{agent}","objectRef":{{"resource":"{resource}","namespace":"shop","name":"{name}"}},"responseStatus":{{"code":{code}}},"requestReceivedTimestamp":"2025-06-02T16:{minute:02}:{second:02}.000000Z","stageTimestamp":"2025-06-02T16:{minute:02}:{later:02}.{end:03}000Z"}}"#
            )]);
            text.push('\n');
        }
    }
    let shared = Shared::new();
    let mut fold = fold_bytes(Source::new(ArtifactId(0), text.as_bytes()), &shared);
    shared.close(&mut fold);
    let summary = fold.finish();
    assert_eq!(summary.reading.refused, 0, "{:?}", summary.refusals);
    summary
}

fn sample() -> AuditSummary {
    log(&[
        (60, PLAIN),
        (
            120,
            Request {
                agent: "slow/2.0 (linux/amd64)",
                verb: "update",
                millis: 1500,
                minute: 7,
                ..PLAIN
            },
        ),
        (30, Request { agent: "noisy/1", user: "bob", verb: "list", name: "", code: 429, ..PLAIN }),
        (
            9,
            Request {
                agent: "noisy/1",
                user: "bob",
                verb: "list",
                name: "",
                query: "?limit=500",
                ..PLAIN
            },
        ),
        (
            20,
            Request {
                agent: "leaky/1",
                verb: "create",
                resource: "jobs",
                name: "",
                code: 201,
                ..PLAIN
            },
        ),
        (5, Request { agent: "leaky/1", verb: "delete", resource: "jobs", ..PLAIN }),
        (4, Request { agent: "konspect-collect/0.1.0", verb: "list", name: "", ..PLAIN }),
    ])
}

#[test]
fn groups_are_counted_and_the_collector_is_set_apart() {
    let summary = sample();
    let keys = |dimension| -> Vec<(String, u64)> {
        top(&summary, dimension, &Filter::default(), 9)
            .into_iter()
            .map(|row| (row.key, row.requests))
            .collect()
    };
    let rows = |rows: &[(&str, u64)]| -> Vec<(String, u64)> {
        rows.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect()
    };
    assert_eq!(
        keys(Dimension::Program),
        rows(&[("slow", 120), ("app", 60), ("noisy", 39), ("leaky", 25)])
    );
    assert_eq!(keys(Dimension::User), rows(&[("ada", 205), ("bob", 39)]));
    assert_eq!(
        keys(Dimension::Verb),
        rows(&[("update", 120), ("get", 60), ("list", 39), ("create", 20), ("delete", 5)])
    );
    assert_eq!(keys(Dimension::Code), rows(&[("200", 194), ("429", 30), ("201", 20)]));
    assert_eq!(keys(Dimension::Address), rows(&[("10.0.0.1", 244)]));
    let everybody = Filter { with_collector: true, ..Filter::default() };
    assert_eq!(top(&summary, Dimension::Namespace, &everybody, 9)[0].requests, 248);
    let noisy = Filter { user: Some("bob".to_owned()), ..Filter::default() };
    let row = &top(&summary, Dimension::UserAgent, &noisy, 9)[0];
    assert_eq!(
        (row.key.as_str(), row.throttled, row.users, row.share),
        ("noisy/1", 30, 1, 1_000_000)
    );
}

#[test]
fn latency_is_binned_and_judged() {
    let summary = sample();
    let slow = Filter { agent: Some("slow".to_owned()), ..Filter::default() };
    let bins = latency(&summary, 300, &slow, 9);
    assert_eq!(bins.len(), 1);
    assert_eq!(
        (bins[0].start.as_str(), bins[0].seconds, bins[0].requests, bins[0].max),
        ("2025-06-02T16:05:00Z", 300, 120, 1_500_000)
    );
    assert_eq!(latency(&summary, 3600, &slow, 9)[0].start, "2025-06-02T16:00:00Z");
    let (rows, _) = objectives(&summary, &slow, 9, |_, _| true);
    assert_eq!(
        (rows[0].verb, rows[0].objective, rows[0].limit),
        ("update", Objective::Breached, Some(1_000_000))
    );
    assert!(rows[0].p99.unwrap().abs_diff(1_500_000) < 12_000);
}

#[test]
fn habits_rejections_and_growth_name_their_client() {
    let summary = sample();
    let none = Filter::default();
    let refused = rejections(&summary, &none);
    assert_eq!(
        (refused[0].reason, refused[0].agent.as_str(), refused[0].count),
        ("priority-and-fairness", "noisy/1", 30)
    );
    let noisy = habits(&summary, &none).into_iter().find(|row| row.agent == "noisy/1").unwrap();
    assert_eq!((noisy.lists, noisy.unpaged_lists), (39, 30));
    let app = habits(&summary, &none).into_iter().find(|row| row.agent == "app/1.0").unwrap();
    assert_eq!(app.polled, Some(("pods/shop/a".to_owned(), 60)));
    let left = &growth(&summary, &none)[0];
    assert_eq!((left.resource.as_str(), left.created, left.deleted), ("jobs", 20, 5));
}

#[test]
fn everything_at_once_is_json() {
    let all = answers(&sample(), &Filter::default(), 300, 3);
    let json = serde_json::to_value(&all).unwrap();
    assert_eq!(json["agents"].as_array().unwrap().len(), 3);
    assert_eq!(json["collector_requests"], 4);
    assert_eq!(json["breaches"][0]["objective"], "breached");
    assert!(all.throttled());
}

/// An event of a client at `from` and `to` seconds after midnight.
fn line(id: u32, stage: &str, verb: &str, agent: &str, from: i64, to: i64) -> String {
    let stamp = |seconds: i64| {
        let (day, seconds) = (2 + seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        format!("2025-06-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.000000Z")
    };
    let (from, to) = (stamp(from), stamp(to));
    format!(
        r#"{{"kind":"Event","auditID":"{agent}{id}","stage":"{stage}","requestURI":"/api/v1/pods","verb":"{verb}","user":{{"username":"ada"}},"sourceIPs":["10.0.0.1"],"userAgent":"{agent}","objectRef":{{"resource":"pods","namespace":"shop"}},"responseStatus":{{"code":200}},"requestReceivedTimestamp":"{from}","stageTimestamp":"{to}"}}"#
    )
}

fn asked(lines: &[String], question: Question) -> AuditSummary {
    let shared = Shared::asking(question);
    let text = lines.join("\n");
    let mut fold = fold_bytes(Source::new(ArtifactId(0), text.as_bytes()), &shared);
    shared.close(&mut fold);
    fold.finish()
}

const NINE: i64 = 9 * 3600;

/// Five minutes of one LIST a second, in which watches end that began the day before.
fn slice() -> Vec<String> {
    let lists = (0..300)
        .map(|at| line(at as u32, "ResponseComplete", "list", "lister", NINE + at, NINE + at));
    let old = (0..40).map(|at| {
        let (from, to) = (NINE - 86_400 + at * 7, NINE + 10 + at);
        line(1000 + at as u32, "ResponseComplete", "watch", "lister", from, to)
    });
    lists.chain(old).collect()
}

/// A log is cut by when requests end: of those that came in before it only slow ones are in it, and nobody else
/// began when the log does.
#[test]
fn who_was_there_when_the_log_begins_did_not_begin_then() {
    let line = |agent, from, to| {
        line(u32::try_from(from).unwrap(), "ResponseComplete", "list", agent, from, to)
    };
    let slow = (0..10).map(|at| line("reader", NINE - 45 + at * 4, NINE + at));
    let steady = (0..600).map(|at| line("lister", NINE + at, NINE + at));
    let late = (300..600).map(|at| line("late", NINE + at, NINE + at));
    let summary = asked(&slow.chain(steady).chain(late).collect::<Vec<_>>(), Question::default());
    let onset = |agent: &str| {
        let client = summary.clients.iter().find(|client| client.agent == agent).unwrap();
        client.onset.map(|onset| onset.time / 1_000_000 % 86_400 - NINE)
    };
    assert_eq!((onset("lister"), onset("late")), (None, Some(300)));
}

#[test]
fn what_began_before_the_log_does_not_stretch_it() {
    let summary = asked(&slice(), Question::default());
    assert_eq!(summary.seconds(), 299, "{:?}", summary.window);
    let row = &top(&summary, Dimension::Verb, &Filter::default(), 9)[0];
    assert_eq!((row.key.as_str(), row.requests), ("list", 300));
    assert_eq!(row.rate, Some(1_003_344), "300 in 299 seconds, to the nearest");
    let lister = &summary.clients[0];
    assert_eq!((lister.onset, lister.watch_onset), (None, None));
    let (first, _) = summary.window.unwrap();
    let width = lister.rate.slot_seconds * 1_000_000;
    assert!(lister.rate.slots.iter().all(|(start, _)| start + width > first));
}

#[test]
fn times_that_are_asked_for_bound_the_window_and_others_do_not() {
    let micros = |seconds: i64| 1_748_822_400_000_000 + seconds * 1_000_000;
    let times = Question {
        since: Some(micros(NINE + 60)),
        until: Some(micros(NINE + 120)),
        ..Question::default()
    };
    let summary = asked(&slice(), times);
    assert_eq!(summary.window, Some((micros(NINE + 60), micros(NINE + 120))));
    let row = &top(&summary, Dimension::UserAgent, &Filter::default(), 9)[0];
    assert_eq!((row.requests, row.rate), (60, Some(1_000_000)));
    let case = Question { agents: vec!["LIST".to_owned()], ..Question::default() };
    assert_eq!(asked(&slice(), case).requests(), 340, "in whatever case");
    // Who asks for one verb asks how often it came while the log was written.
    let watches = Question { verbs: vec![Verb::Watch], ..Question::default() };
    assert_eq!(asked(&slice(), watches).seconds(), 299);
}

#[test]
fn a_watch_counts_once_whether_it_ends_or_not() {
    let starts = |ids: std::ops::Range<u32>| {
        ids.map(|id| line(id, "ResponseStarted", "watch", "leaky", NINE, NINE))
    };
    let ends = |ids: std::ops::Range<u32>| {
        ids.map(|id| line(id, "ResponseComplete", "watch", "leaky", NINE, NINE + 40))
    };
    // Ten end, ninety stay open, and five began before the log.
    let lines: Vec<String> = starts(0..100).chain(ends(0..10)).chain(ends(200..205)).collect();
    let by = Question { by: vec![Dimension::Verb, Dimension::Address], ..Question::default() };
    let summary = asked(&lines, by);
    for dimension in [
        Dimension::UserAgent,
        Dimension::User,
        Dimension::Address,
        Dimension::Namespace,
        Dimension::Verb,
        Dimension::Resource,
        Dimension::Code,
    ] {
        let rows = top(&summary, dimension, &Filter::default(), 9);
        assert_eq!((rows.len(), rows[0].requests), (1, 105), "{dimension:?}");
        assert_eq!(rows[0].p99, None, "a watch has no latency");
    }
    let groups = grouped(&summary, None);
    assert_eq!((groups.len(), groups[0].1.requests, groups[0].1.addresses), (1, 105, 1));
    assert_eq!((summary.requests(), summary.clients[0].requests()), (105, 105));
}

#[test]
fn bins_have_rates_of_their_own_and_without_times_there_is_none() {
    let bins = Question { by: vec![Dimension::Verb], bin: Some(60_000_000), ..Question::default() };
    let summary = asked(&slice()[..300], bins);
    let groups = grouped(&summary, Some(60));
    assert_eq!(groups.len(), 5);
    assert!(groups.iter().all(|(_, group)| group.rate == Some(1_000_000)), "{groups:?}");
    let untimed: Vec<String> = slice()
        .iter()
        .map(|line| line.split(",\"requestReceived").next().unwrap().to_owned() + "}")
        .collect();
    let summary = asked(&untimed, Question::default());
    assert_eq!((summary.requests(), summary.window), (340, None));
    assert_eq!(top(&summary, Dimension::UserAgent, &Filter::default(), 9)[0].rate, None);
}
