//! A node's clock is wrong: certificates and tokens are refused, leases look old or come from the future.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::{Span, Words, words};

use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Meta, Risk, Severity, Step, Subject};
use crate::model::log::Signal;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ClockSkewed;

static META: Meta =
    rule_meta!("KSP9002", "clock-skewed", Identity, Cause, Critical, "clock_skewed.md");

/// Seconds from which a skew does harm.
const HARM: f64 = 300.0;
/// Seconds from which it is worth a word.
const NOTE: f64 = 60.0;
/// Seconds that a collection may take: a clock read at its start is not slow.
const COLLECTION: f64 = 3600.0;

/// What a node shows of its clock.
#[derive(Default)]
struct Signs {
    /// Seconds ahead (positive) or behind.
    skew: Option<(f64, Span)>,
    early: Option<(Span, Option<Timestamp>)>,
    unsynchronized: Option<Span>,
    future: Option<Span>,
    /// Seconds that the lease is ahead of the collection's end.
    lease_ahead: f64,
}

impl Rule for ClockSkewed {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let mut nodes: BTreeMap<String, Signs> = BTreeMap::new();
        let mut healthy = None;
        readings(facts, &mut nodes, &mut healthy);
        for (log, count) in
            facts.logs.ok().into_iter().flat_map(|logs| logs.signal(Signal::CertificateError))
        {
            let hit = count.hits.iter().find(|hit| hit.detail == "not-yet-valid");
            if let Some(hit) = hit.filter(|_| !log.origin.node.is_empty()) {
                nodes.entry(log.origin.node.clone()).or_default().early = Some((hit.at, hit.time));
            }
        }
        for lease in facts.leases.ok().into_iter().flat_map(|leases| leases.iter()) {
            let age = facts.context.age_at(lease.renewed, lease.at);
            let Some(ahead) = age.map(|age| -age).filter(|ahead| *ahead > 60) else { continue };
            if lease.meta.namespace == "kube-node-lease" {
                let signs = nodes.entry(lease.meta.name.to_string()).or_default();
                signs.future = Some(lease.at);
                // The kubelet writes its own time: without another reading this is the amount.
                signs.lease_ahead = ahead as f64;
            }
        }
        for (node, signs) in &nodes {
            found(node, signs, out);
        }
        if out.findings.is_empty() {
            match healthy {
                Some(at) => out.cleared(at, words!("clock-skewed-cleared")),
                None => out.blind(Missing::table(TableKind::NodeFiles)),
            }
        }
    }
}

/// Clock readings against each other and against the time of the collection.
fn readings(facts: &Facts, nodes: &mut BTreeMap<String, Signs>, healthy: &mut Option<Span>) {
    let clocks: Vec<_> = facts.clocks.ok().into_iter().flat_map(|clocks| clocks.iter()).collect();
    let mut times: Vec<Timestamp> =
        clocks.iter().filter_map(|clock| clock.value.universal).collect();
    times.sort();
    // Most clocks are right: their median tells true time better than a collection's end.
    let median = (times.len() >= 3).then(|| times.get(times.len() / 2).copied()).flatten();
    let reference = median.or(facts.context.now);
    for clock in clocks {
        let signs = nodes.entry(clock.node.clone()).or_default();
        let by_tool = clock.value.offset_seconds.filter(|offset| offset.abs() >= NOTE);
        let by_time = clock.value.universal.zip(reference).map(|(own, true_time)| {
            own.duration_since(true_time).as_secs_f64()
        });
        let slack = if median.is_some() { NOTE } else { COLLECTION };
        // The newest line of a bundle is no clock: it may be old, or written in a zone that it does not name.
        let known = median.is_some() || !facts.context.now_is_inferred;
        let synchronized = clock.value.synchronized == Some(true);
        let harmful = |skew: &f64| {
            *skew >= NOTE && known || *skew <= -slack && (known || !synchronized)
        };
        if let Some(skew) = by_tool.or(by_time.filter(harmful)) {
            signs.skew = Some((skew, clock.value.at));
        } else if synchronized {
            *healthy = healthy.or(Some(clock.value.at));
        }
        if clock.value.synchronized == Some(false) {
            signs.unsynchronized = Some(clock.value.at);
        }
    }
}

fn found(node: &str, signs: &Signs, out: &mut Checked) {
    let amount = signs.skew.map_or(signs.lease_ahead, |(skew, _)| skew.abs().max(signs.lease_ahead));
    let mut lines: Vec<(Span, Words)> = Vec::new();
    if let Some((skew, at)) = signs.skew {
        let seconds = skew.abs().round() as i64;
        lines.push((
            at,
            if skew > 0.0 {
                words!("clock-skewed-ahead", node = node, seconds = seconds)
            } else {
                words!("clock-skewed-behind", node = node, seconds = seconds)
            },
        ));
    }
    if let Some((at, _)) = signs.early {
        lines.push((at, words!("clock-skewed-early", node = node)));
    }
    if let Some(at) = signs.future {
        lines.push((at, words!("clock-skewed-future", node = node)));
    }
    // An unsynchronized clock that is right is no fault yet.
    if lines.is_empty() {
        return;
    }
    if let Some(at) = signs.unsynchronized {
        lines.push((at, words!("clock-skewed-unsynchronized", node = node)));
    }
    let mut lines = lines.into_iter();
    let Some((at, says)) = lines.next() else { return };
    let mut finding = META
        .finding(Subject::node(node), words!("clock-skewed-title", node = node), at, says)
        .since(signs.early.and_then(|(_, time)| time));
    if !node.is_empty() {
        finding = finding.on_node(node);
    }
    for (at, says) in lines {
        finding = finding.supported_by(at, says);
    }
    let hurts = signs.early.is_some() || signs.future.is_some();
    finding = if amount >= HARM && hurts {
        finding.confidence(Confidence::Proven)
    } else if amount >= HARM || (amount >= NOTE && hurts) {
        finding
    } else {
        finding.severity(Severity::Warning).confidence(Confidence::Possible)
    };
    out.found(
        finding
            .step(Step::new(words!("clock-skewed-read")).run(
                Risk::Reads,
                command(
                    "kubectl debug node/{} -it --image=mcr.microsoft.com/cbl-mariner/busybox:2.0 -- chroot /host chronyc tracking",
                    &[node],
                ),
            ))
            .step(Step::new(words!("clock-skewed-step"))),
    );
}
