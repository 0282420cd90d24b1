//! A node's connection tracking table is full: the kernel drops packets of new connections.

use std::collections::BTreeMap;

use konspect_bundle::words;

use crate::facts::{AnyOf, Listing, Logs};
use crate::finding::{Confidence, Meta, Risk, Severity, Step, Subject};
use crate::model::log::{LogFile, Signal, SignalCount};
use crate::model::metrics::Scrape;
use crate::model::node_files::{Conntrack, OnNode};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ConntrackTableFull;

static META: Meta = rule_meta!(
    "KSP1007",
    "conntrack-table-full",
    Path,
    Cause,
    Critical,
    "conntrack_table_full.md"
);

/// The part of the table above which it counts as full, though the kernel has not said so.
const NEAR: f64 = 0.9;

type Inputs<'f> =
    (AnyOf<&'f Listing<OnNode<Conntrack>>, &'f Logs>, Option<&'f Listing<Scrape>>);

/// What one node shows.
#[derive(Default)]
struct Table<'f> {
    kernel: Option<(&'f LogFile, &'f SignalCount)>,
    usage: Option<(u64, u64, konspect_bundle::Span)>,
}

impl Rule for ConntrackTableFull {
    const META: &'static Meta = &META;
    type Inputs<'f> = Inputs<'f>;

    fn check((AnyOf(tables, logs), scrapes): Inputs<'_>, out: &mut Checked) {
        let mut nodes: BTreeMap<&str, Table<'_>> = BTreeMap::new();
        for row in tables.into_iter().flat_map(|tables| tables.iter()) {
            if let (Some(count), Some(max)) = (row.value.count, row.value.max) {
                nodes.entry(&row.node).or_default().usage = Some((count, max, row.value.at));
            }
        }
        for scrape in scrapes.into_iter().flat_map(|scrapes| scrapes.iter()) {
            let sample = |name: &str| scrape.families.get(name).and_then(|samples| samples.first());
            if let (Some(count), Some(max)) =
                (sample("node_nf_conntrack_entries"), sample("node_nf_conntrack_entries_limit"))
            {
                let usage = (count.value as u64, max.value as u64, count.at);
                nodes.entry(&scrape.node).or_default().usage.get_or_insert(usage);
            }
        }
        for (log, count) in logs.into_iter().flat_map(|logs| logs.signal(Signal::ConntrackFull)) {
            nodes.entry(&log.origin.node).or_default().kernel = Some((log, count));
        }
        for (node, table) in &nodes {
            found(node, table, out);
        }
        if out.findings.is_empty()
            && let Some((count, max, at)) = nodes.values().find_map(|table| table.usage)
        {
            out.cleared(at, words!("conntrack-table-full-room", count = count, max = max));
        }
    }
}

fn found(node: &str, table: &Table<'_>, out: &mut Checked) {
    let full = table
        .usage
        .filter(|(count, max, _)| *max > 0 && *count as f64 > *max as f64 * NEAR);
    let title = words!("conntrack-table-full-title", node = node);
    let hit = table.kernel.and_then(|(_, count)| Some((count, count.hits.first()?)));
    let mut finding = match (hit, full) {
        (Some((count, hit)), full) => {
            let says = words!("conntrack-table-full-kernel", node = node, count = count.count);
            let mut finding = META
                .finding(Subject::node(node), title, hit.at, says)
                .since(count.first)
                .until(count.last);
            if let Some((entries, max, at)) = full {
                finding = finding.confidence(Confidence::Proven).supported_by(
                    at,
                    words!("conntrack-table-full-usage", count = entries, max = max),
                );
            } else if let Some((entries, max, at)) = table.usage {
                finding = finding
                    .contradicted_by(at, words!("conntrack-table-full-room", count = entries, max = max));
            }
            finding
        }
        (None, Some((entries, max, at))) => {
            let says = words!("conntrack-table-full-usage", count = entries, max = max);
            let finding = META.finding(Subject::node(node), title, at, says);
            if entries * 100 >= max * 99 {
                finding
            } else {
                finding.severity(Severity::Warning).confidence(Confidence::Possible)
            }
        }
        (None, None) => return,
    };
    if !node.is_empty() {
        finding = finding.on_node(node);
    }
    out.found(
        finding
            .step(
                Step::new(words!("conntrack-table-full-who"))
                    .run(Risk::Reads, Some("conntrack -L -o extended | awk '{print $5}' | sort | uniq -c | sort -rn | head".to_owned())),
            )
            .step(Step::new(words!("conntrack-table-full-raise")).run(
                Risk::Changes,
                command(
                    "kubectl debug node/{} -it --profile=sysadmin --image=mcr.microsoft.com/cbl-mariner/busybox:2.0 -- chroot /host sysctl -w net.netfilter.nf_conntrack_max=524288",
                    &[node],
                ),
            ))
            .step(Step::new(words!("conntrack-table-full-keep"))),
    );
}
