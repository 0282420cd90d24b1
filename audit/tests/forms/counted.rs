//! What counts once, what is open, what is bounded: whatever the form.

use konspect_audit::{AuditFold, Failure, Fold, Shared, fold_bytes};
use konspect_bundle::{ArtifactId, Source};
use proptest::prelude::*;

use crate::kit::{azure, event, read};

#[test]
fn other_categories_are_passed_over() {
    let other = r#"{"category":"kube-apiserver","properties":{"log":"I0109 21:24:54.475483       1 clusterstate.go:1] x\n"},"time":"2025-06-02T16:55:47Z"}"#;
    let full = azure(&event("b", "")).replace("\"kube-audit\"", "\"kube-apiserver\"");
    let summary = read(format!("{other}\n{}\n{full}\n", azure(&event("a", ""))));
    assert_eq!(
        (summary.reading.events, summary.reading.foreign, summary.reading.refused),
        (2, 1, 0)
    );
}

#[test]
fn overlapping_files_count_once() {
    let text = format!("{}\n{}\n", event("a", ""), event("b", ""));
    let shared = Shared::new();
    let mut total = AuditFold::default();
    for number in 0..3 {
        total.merge(fold_bytes(Source::new(ArtifactId(number), text.as_bytes()), &shared));
    }
    shared.close(&mut total);
    let summary = total.finish();
    assert_eq!((summary.reading.events, summary.reading.duplicates, summary.requests()), (6, 4, 2));
    assert_eq!(summary.clients[0].total.slowest.unwrap().1.artifact, ArtifactId(0));
}

#[test]
fn watches_without_an_end_are_open() {
    let watch = |id: &str, stage: &str| {
        event(id, "").replace("ResponseComplete", stage).replace("\"list\"", "\"watch\"")
    };
    let text = [
        watch("a", "ResponseStarted"),
        watch("b", "ResponseStarted"),
        watch("a", "ResponseComplete"),
        watch("c", "ResponseComplete"),
    ]
    .join("\n");
    let summary = read(text);
    assert_eq!(summary.clients[0].open_watches, 1);
    assert_eq!(summary.clients[0].total.watches.started, 2);
    assert_eq!(summary.clients[0].total.watches.short, 2);
    assert_eq!(summary.clients[0].total.latency.total(), 0);
    assert!(summary.tells_open && !summary.admin_only);
}

#[test]
fn a_log_of_writes_alone_says_nothing_about_reads() {
    let write = event("a", "").replace("\"list\"", "\"update\"");
    assert!(read(&write).admin_only);
    assert!(!read(format!("{write}\n{}\n", event("b", ""))).admin_only);
}

#[test]
fn made_up_user_agents_are_bounded_and_keep_their_user() {
    let mut text = String::new();
    for number in 0..3000 {
        text.push_str(
            &event(&number.to_string(), "").replace("app/1.0", &format!("agent-{number}")),
        );
        text.push('\n');
    }
    let summary = read(&text);
    assert_eq!(summary.clients.len(), 257);
    assert_eq!(summary.clients.iter().filter(|client| client.other_agents).count(), 1);
    assert_eq!(summary.requests(), 3000);
    assert_eq!(summary.budget.clients_spilled, 3000 - 256);
    assert!(
        summary
            .diagnostics()
            .iter()
            .any(|diagnostic| diagnostic.code == konspect_bundle::Code::LimitReached)
    );
}

fn arbitrary() -> impl Strategy<Value = String> {
    let choices = (0..6_u32, 0..4_u32, 0..3_u32, 0..5_usize, 0..40_u32);
    choices.prop_map(|(id, agent, user, kind, second)| {
        let text = event(&id.to_string(), "")
            .replace("app/1.0", &format!("agent-{agent}"))
            .replace("shop:app", &format!("shop:app-{user}"))
            .replace("16:55:47.350000", &format!("16:55:{:02}.350000", second + 10));
        match kind {
            0 => {
                text.replace("\"list\"", "\"watch\"").replace("ResponseComplete", "ResponseStarted")
            }
            1 => text.replace("\"list\"", "\"watch\""),
            2 => text.replace(
                "\"code\":200",
                "\"message\":\"failed calling webhook \\\"w\\\": EOF\",\"code\":500",
            ),
            3 => text.chars().take(second as usize * 20).collect(),
            _ => text,
        }
    })
}

proptest! {
    /// Whatever the order and the grouping, the summary is the same.
    #[test]
    fn merging_is_associative_and_commutative(lines in prop::collection::vec(arbitrary(), 0..24), cut in 0_usize..24, swap in any::<bool>()) {
        let lines: Vec<String> = lines.iter().enumerate().scan(std::collections::BTreeSet::new(), |known, (number, line)| {
            let stage = line.contains("ResponseStarted");
            let id = line.split("\"auditID\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("").to_owned();
            let fresh = known.insert((id.clone(), stage));
            Some(if fresh { line.clone() } else { line.replacen(&format!("\"{id}\""), &format!("\"other-{number}\""), 1) })
        }).collect();
        let text = lines.join("\n") + "\n";
        let base = |count: usize| lines.iter().take(count).map(|line| line.len() + 1).sum::<usize>();
        let fold = |from: usize, to: usize| {
            let (start, end) = (base(from).min(text.len()), base(to).min(text.len()));
            let shared = Shared::without_duplicates();
            let mut fold = fold_bytes(Source { id: ArtifactId(0), bytes: &text.as_bytes()[start..end], base: start as u64 }, &shared);
            shared.close(&mut fold);
            fold
        };
        let (cut, end) = (cut.min(lines.len()), lines.len());
        let middle = usize::midpoint(cut, end);
        let whole = fold(0, end).finish();
        let (mut a, b, c) = (fold(0, cut), fold(cut, middle), fold(middle, end));
        let grouped = if swap {
            let mut right = c;
            right.merge(b);
            right.merge(a);
            right
        } else {
            a.merge(b);
            a.merge(c);
            a
        };
        prop_assert_eq!(&grouped.to_bytes(), &fold(0, end).to_bytes());
        let grouped = grouped.finish();
        prop_assert_eq!(grouped.requests(), whole.requests());
        prop_assert_eq!(grouped.failed(Failure::WebhookFailed), whole.failed(Failure::WebhookFailed));
        prop_assert_eq!(grouped, whole);
    }
}
