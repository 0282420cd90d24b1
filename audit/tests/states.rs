//! States of folds: what is written, read and merged elsewhere is as if it had been counted there.

use konspect_audit::answers::{Filter, answers};
use konspect_audit::{AuditFold, Fold, Folds, Overlap, Shared, StateError, fold_bytes};
use konspect_bundle::{ArtifactId, Source};
use proptest::prelude::*;

/// One event of few kinds, so that many meet in one row.
#[derive(Clone, Debug)]
struct Line {
    client: u32,
    kind: usize,
    name: u32,
    namespace: u32,
    latency: u32,
}

fn line() -> impl Strategy<Value = Line> {
    (0..7_u32, 0..9_usize, 0..30_u32, 0..4_u32, 0..900_000_u32).prop_map(
        |(client, kind, name, namespace, latency)| Line { client, kind, name, namespace, latency },
    )
}

impl Line {
    /// The line of a log; all times differ, so that the first of two is known without its place.
    fn text(&self, number: usize) -> String {
        let Self { client, kind, name, namespace, latency } = self;
        let (group, resource, verb, rest) = match kind {
            0 => ("", "pods", "watch", r#""responseStatus":{"code":200}"#),
            1 => ("", "pods", "list", r#""responseStatus":{"code":429}"#),
            2 => (
                "networking.k8s.io",
                "networkpolicies",
                "update",
                r#""responseStatus":{"code":200},"annotations":{"apiserver.latency.k8s.io/etcd":"21.5ms","apiserver.latency.k8s.io/validating-webhook":"3ms"}"#,
            ),
            3 => (
                "",
                "configmaps",
                "create",
                r#""responseStatus":{"code":500,"message":"failed calling webhook \"w\": EOF"}"#,
            ),
            4 => (
                "batch",
                "cronjobs",
                "list",
                r#""responseStatus":{"code":200},"annotations":{"k8s.io/deprecated":"true","k8s.io/removed-release":"1.25"}"#,
            ),
            5 => ("", "pods", "watch", r#""responseStatus":{"code":200}"#),
            _ => ("", "configmaps", "get", r#""responseStatus":{"code":200}"#),
        };
        let stage = if *kind == 0 { "ResponseStarted" } else { "ResponseComplete" };
        // Starts and ends of watches meet by number.
        let id =
            if resource == "pods" { format!("watch-{name}-{stage}") } else { number.to_string() };
        let id = if *kind == 5 { format!("watch-{name}-ResponseStarted") } else { id };
        format!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"{id}","stage":"{stage}","requestURI":"/api/v1/{resource}","verb":"{verb}","user":{{"username":"user-{}"}},"sourceIPs":["10.0.0.{client}"],"userAgent":"agent-{client}","objectRef":{{"resource":"{resource}","apiGroup":"{group}","namespace":"team-{namespace}","name":"n-{name}"}},"requestReceivedTimestamp":"2025-06-02T16:{:02}:{:02}.{:06}Z","stageTimestamp":"2025-06-02T16:{:02}:{:02}.{:06}Z",{rest}}}"#,
            client / 2,
            number % 50,
            number % 40,
            number,
            number % 50 + number % 3,
            number % 40 + number % 7,
            *latency as usize + number,
        )
    }
}

fn fold(lines: &[String]) -> AuditFold {
    let text = lines.join("\n");
    let shared = Shared::without_duplicates();
    let mut fold = fold_bytes(Source::new(ArtifactId(3), text.as_bytes()), &shared);
    shared.close(&mut fold);
    fold
}

fn merged(mut left: AuditFold, right: AuditFold) -> AuditFold {
    left.merge(right);
    left
}

/// All answers; none of them is a place, which a state does not keep.
fn answered(fold: AuditFold) -> Result<String, String> {
    let answers = answers(&fold.finish(), &Filter::default(), 60, 1000);
    serde_json::to_string(&answers).map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Merging what was read is merging what was counted, in whatever order.
    #[test]
    fn a_state_stands_for_its_fold(lines in prop::collection::vec(line(), 0..160), cut in 0_usize..160) {
        let lines: Vec<String> = lines.iter().zip(0..).map(|(line, number)| line.text(number)).collect();
        let (left, right) = lines.split_at(cut.min(lines.len()));
        let (left, right) = (fold(left), fold(right));
        let live = merged(left.clone(), right.clone());
        prop_assert_eq!(live.clone().finish().reading.refused, 0);
        let bytes = live.to_bytes();
        prop_assert_eq!(&merged(right.clone(), left.clone()).to_bytes(), &bytes);

        let states = [left.to_bytes(), right.to_bytes()];
        let sources = states.each_ref().map(|bytes| Source::new(ArtifactId(9), bytes));
        let mut total = AuditFold::default();
        for source in sources {
            total.merge_state(source).unwrap();
        }
        prop_assert_eq!(&total.to_bytes(), &bytes);
        prop_assert_eq!(answered(total), answered(live));
        for (state, other) in [(sources[0], &right), (sources[1], &left)] {
            let mut into = other.clone();
            into.merge_state(state).unwrap();
            prop_assert_eq!(&into.to_bytes(), &bytes);
            let read = AuditFold::from_bytes(state.bytes).unwrap();
            prop_assert_eq!(&read.to_bytes(), state.bytes);
            prop_assert_eq!(&merged(read, other.clone()).to_bytes(), &bytes);
        }
    }
}

fn sample() -> AuditFold {
    let line = |number: usize| Line {
        client: number as u32 % 5,
        kind: number % 9,
        name: number as u32 % 11,
        namespace: number as u32 % 3,
        latency: (number as u32).wrapping_mul(7_919) % 900_000,
    };
    let mut lines: Vec<String> = (0..27).map(|number| line(number).text(number)).collect();
    lines.push("no event".to_owned());
    fold(&lines)
}

#[test]
fn a_damaged_state_is_refused_and_leaves_nothing() {
    let bytes = sample().to_bytes();
    let mut total = sample();
    let before = total.to_bytes();
    for length in 0..bytes.len() {
        let source = Source::new(ArtifactId(0), &bytes[..length]);
        assert!(total.merge_state(source).is_err(), "{length}");
    }
    assert_eq!(total.to_bytes(), before);
    let (mut refused, mut other) = (0, bytes.clone());
    for at in 0..bytes.len() {
        for value in [0, 0x7f, 0xff] {
            other[at] = value;
            let source = Source::new(ArtifactId(0), &other);
            match AuditFold::from_bytes(&other) {
                Ok(fold) => drop(fold.finish()),
                Err(error) => {
                    refused += 1;
                    assert_eq!(total.merge_state(source), Err(error));
                }
            }
        }
        other[at] = bytes[at];
    }
    assert!(refused > bytes.len(), "{refused} of {}", bytes.len());
    assert_eq!(total.to_bytes(), before);
}

#[test]
fn other_versions_are_named() {
    let mut bytes = sample().to_bytes();
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for version in [1, 2, 3, 9] {
        bytes[at] = version;
        let error = StateError::Version(version.into());
        assert_eq!(AuditFold::from_bytes(&bytes).err(), Some(error));
    }
    assert_eq!(AuditFold::from_bytes(b"{}").err(), Some(StateError::NotAState));
}

#[test]
fn the_places_of_a_state_are_its_first_line() {
    let bytes = sample().to_bytes();
    let mut total = AuditFold::default();
    total.merge_state(Source::new(ArtifactId(7), &bytes)).unwrap();
    let summary = total.finish();
    let at = summary.refusals.first().map(|(at, _)| *at).unwrap();
    assert_eq!((at.artifact, at.start), (ArtifactId(7), 0));
    assert_eq!(bytes.get(at.end as usize), Some(&b'\n'));
    assert!(
        summary
            .clients
            .iter()
            .all(|client| client.total.first.is_none_or(|(_, first)| first == at))
    );
    assert!(
        summary.changes.iter().all(|change| change.first.is_some_and(|(_, first)| first == at))
    );
}

/// What is told of states and a log that are read together; states come in the order of their places.
fn overlaps(states: &[&AuditFold], log: &str) -> Vec<Overlap> {
    let folds = Folds::new();
    folds.take(Source::new(ArtifactId(0), log.as_bytes()));
    for (state, number) in states.iter().zip(1..) {
        assert_eq!(folds.take_state(Source::new(ArtifactId(number), &state.to_bytes())), Ok(()));
    }
    folds.close().map(|fold| fold.finish().overlaps).unwrap_or_default()
}

#[test]
fn what_counts_twice_is_told() {
    let text = |numbers: std::ops::Range<usize>| -> String {
        let line = Line { client: 0, kind: 6, name: 1, namespace: 1, latency: 9 };
        numbers.map(|number| line.text(number) + "\n").collect()
    };
    let counted = |numbers: std::ops::Range<usize>| {
        let shared = Shared::new();
        let text = text(numbers);
        let mut fold = fold_bytes(Source::new(ArtifactId(3), text.as_bytes()), &shared);
        shared.close(&mut fold);
        fold
    };
    let (monday, tuesday) = (counted(0..3000), counted(3000..6000));
    assert_eq!(overlaps(&[&monday, &tuesday], ""), []);
    let told = |found: &[Overlap]| -> Vec<(u32, Option<u32>, u8)> {
        let number = |at: konspect_bundle::Span| at.artifact.0;
        found.iter().map(|it| (number(it.at), it.other.map(number), it.percent)).collect()
    };
    // Twice the same state, whatever it is called.
    assert_eq!(told(&overlaps(&[&monday, &tuesday, &monday], "")), [(3, Some(1), 100)]);
    // A state of both, read back before it was merged and saved again.
    let mut both = AuditFold::from_bytes(&monday.to_bytes()).unwrap();
    both.merge(tuesday.clone());
    for part in [&monday, &tuesday] {
        assert_eq!(told(&overlaps(&[part, &both], ""))[0].1, Some(1));
    }
    // Events of a log that lies beside its state, in another form.
    let log = format!("[{}]", text(2000..2900).trim().replace('\n', ","));
    let found = told(&overlaps(&[&tuesday, &monday], &log));
    let [(2, None, percent)] = found.as_slice() else { panic!("{found:?}") };
    assert!((20..=40).contains(percent), "{percent}");
    // What the question left open stays apart: a state holds only what it counted.
    assert_eq!(overlaps(&[&monday], &text(3000..3100)), []);
    // The bytes grow by some KiB at most.
    let bytes = |fold: &AuditFold| fold.to_bytes().len();
    let without = {
        let text = text(0..3000);
        bytes(&fold_bytes(
            Source::new(ArtifactId(3), text.as_bytes()),
            &Shared::without_duplicates(),
        ))
    };
    assert!(bytes(&monday) < without + 8192, "{} {without}", bytes(&monday));
}

#[test]
fn dry_runs_leave_nothing_behind() {
    let line = |id: usize, verb: &str, query: &str, code: u16| {
        format!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"{id}","stage":"ResponseComplete","requestURI":"/apis/networking.k8s.io/v1/namespaces/a/networkpolicies{query}","verb":"{verb}","user":{{"username":"ci"}},"userAgent":"kubectl","objectRef":{{"resource":"networkpolicies","namespace":"a","name":"n","apiGroup":"networking.k8s.io"}},"responseStatus":{{"code":{code}}},"stageTimestamp":"2025-06-02T16:55:47.000000Z"}}"#
        )
    };
    let dry = "?dryRun=All\\u0026fieldManager=kubectl";
    let lines = [
        line(1, "create", dry, 201),
        line(2, "create", dry, 201),
        line(3, "create", dry, 409),
        line(4, "create", "", 201),
        line(5, "create", "?fieldManager=x", 409),
        line(6, "delete", "?dryRun=All", 200),
        line(7, "patch", "?dryRun=All", 200),
    ];
    let live = fold(&lines);
    let read = AuditFold::from_bytes(&live.to_bytes()).unwrap();
    for fold in [live.clone(), read, merged(live, AuditFold::default())] {
        let summary = fold.finish();
        let [growth] = summary.clients[0].growth.as_slice() else { panic!() };
        assert_eq!((growth.created, growth.deleted), (1, 0));
        let verbs: Vec<_> = summary.changes.iter().map(|change| change.verb.as_str()).collect();
        assert_eq!(verbs, ["create"]);
        assert_eq!(summary.changes[0].count, 1);
    }
}
