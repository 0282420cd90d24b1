//! Workers that count into the same tables give what folds of their own give when they are merged,
//! beyond the bounds of the tables too.

use konspect_audit::{AuditFold, Folds, Shared, fold_bytes};
use konspect_bundle::{ArtifactId, Source};
use rayon::prelude::*;

/// Programs of 200 users, more than are followed.
const CLIENTS: usize = 40_000;

/// A log in which a fourth of the programs appear, some of them again and again.
fn log(part: usize) -> String {
    let line = |number: usize| {
        let client = if number.is_multiple_of(3) { number % 50 } else { number };
        let (user, agent) = (client % 200, client / 200);
        let time = format!("2025-06-02T0{part}:{:02}:{:02}.000", number / 60 % 60, number % 60);
        format!(
            "{{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Metadata\",\"auditID\":\"{part}-{number}\",\"stage\":\"ResponseComplete\",\"requestURI\":\"/api/v1/pods\",\"verb\":\"list\",\"user\":{{\"username\":\"user-{user}\"}},\"sourceIPs\":[\"10.0.0.{}\"],\"userAgent\":\"agent-{user}-{agent}\",\"objectRef\":{{\"resource\":\"pods\",\"apiVersion\":\"v1\"}},\"responseStatus\":{{\"metadata\":{{}},\"code\":200}},\"requestReceivedTimestamp\":\"{time}000Z\",\"stageTimestamp\":\"{time}{:03}Z\"}}\n",
            number % 60,
            number % 1000,
        )
    };
    (part * CLIENTS / 4..(part + 2) * CLIENTS / 4).map(line).collect()
}

#[test]
fn shared_tables_hold_what_merged_ones_hold() {
    let logs: Vec<String> = (0..4).map(log).collect();
    let source = |part: usize| {
        let text = logs.get(part).map_or(&b""[..], |text| text.as_bytes());
        Source::new(ArtifactId(part as u32), text)
    };
    let shared = Shared::new();
    let mut merged = (0..4)
        .fold(None::<AuditFold>, |merged, part| {
            let fold = fold_bytes(source(part), &shared);
            Some(match merged {
                Some(mut merged) => {
                    konspect_audit::Fold::merge(&mut merged, fold);
                    merged
                }
                None => fold,
            })
        })
        .unwrap();
    shared.close(&mut merged);
    let expected = merged.to_bytes();
    let budget = merged.finish().budget;
    assert!(budget.clients_spilled > 1000 && budget.bins_spilled > 1000, "{budget:?}");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let folds = Folds::new();
    pool.install(|| (0..4).into_par_iter().rev().for_each(|part| folds.take(source(part))));
    assert!(folds.close().unwrap().to_bytes() == expected);
}
