//! Prints what an audit log holds: `cargo run --example audit_summary -- FILE…`.

use konspect_audit::{AuditFold, Fold, Shared, fold_bytes, sniff};
use konspect_bundle::{ArtifactId, Source};

#[expect(clippy::print_stdout, reason = "an example prints")]
fn main() {
    let shared = Shared::new();
    let mut total = AuditFold::default();
    for (number, path) in (0..).zip(std::env::args().skip(1)) {
        let bytes = std::fs::read(&path).unwrap_or_default();
        println!("{path}: {:?}", sniff(&bytes));
        total.merge(fold_bytes(Source::new(ArtifactId(number), &bytes), &shared));
    }
    shared.close(&mut total);
    let summary = total.finish();
    println!(
        "{:?} window {:?} admin only {} refusals {:?}",
        summary.reading, summary.window, summary.admin_only, summary.refusals
    );
    for client in summary.clients.iter().take(12) {
        println!(
            "{:7} {} | {}{} | {} open, {:?}, onset {:?}",
            client.total.requests,
            client.user,
            client.agent,
            if client.collector { " (collector)" } else { "" },
            client.open_watches,
            client.total.failures,
            client.onset
        );
        for row in client.series.iter().take(4) {
            println!(
                "          {} {} {} {}: {} mean {:?} p50/p99 {:?} lists {:?}",
                row.verb.as_str(),
                row.resource,
                row.subresource,
                row.scope.as_str(),
                row.tally.requests,
                row.tally.mean(),
                row.tally.latency.quantiles([500, 990]),
                row.tally.lists
            );
        }
        for row in client.polled.iter().take(2) {
            println!(
                "          polled {}/{}/{}: {}",
                row.resource, row.namespace, row.name, row.count
            );
        }
    }
    for row in summary.failures.iter().take(12) {
        println!(
            "{:7} {} {} {} | {}",
            row.count,
            row.kind.as_str(),
            row.code,
            row.name,
            row.message
        );
    }
    for row in summary.open.iter().take(8) {
        println!(
            "{:7} open {} {} by {} {}",
            row.count,
            row.verb.as_str(),
            row.resource,
            row.user,
            row.agent
        );
    }
    for row in summary.changes.iter().take(20) {
        println!(
            "{:7} {} {}/{} {} by {} {}",
            row.count,
            row.verb.as_str(),
            row.resource,
            row.subresource,
            row.name,
            row.user,
            row.agent
        );
    }
    println!("{:?} {:?}", summary.budget, summary.diagnostics());
}
