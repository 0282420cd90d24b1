//! etcd is out of space: it takes no writes, and says so.

use jiff::Timestamp;
use konspect_audit::Failure;
use konspect_bundle::{Span, Words, words};

use super::{LIMIT, biggest, bytes};
use crate::facts::clients::time;
use crate::facts::metrics::Metrics;
use crate::facts::{Events, Facts, Missing};
use crate::finding::{Confidence, Meta, Step, Subject};
use crate::model::log::Signal;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct EtcdSpaceExceeded;

static META: Meta = rule_meta!("KSP4003", "etcd-space-exceeded", Etcd, Cause, Critical, "etcd_space_exceeded.md");

/// What etcd answers to every write.
const TEXT: &str = "database space exceeded";

pub(super) struct Said {
    time: Option<Timestamp>,
    pub(super) at: Span,
    pub(super) says: Words,
    count: u64,
}

impl Rule for EtcdSpaceExceeded {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let size = facts.scrapes.ok().map(Metrics::new).as_ref().and_then(biggest);
        let said = said(facts);
        let Some(first) = said.first() else {
            match size {
                Some(size) if size.bytes < 0.8 * size.quota.unwrap_or(LIMIT) => {
                    out.cleared(size.at, words!("etcd-space-exceeded-cleared", bytes = bytes(size.bytes)));
                }
                Some(_) => {}
                None => out.blind(Missing { tables: vec![TableKind::Audit, TableKind::Metrics], node: String::new(), because: None }),
            }
            return;
        };
        let onset = said.iter().filter_map(|said| said.time).min();
        let mut finding = META
            .finding(Subject::cluster(&facts.context.cluster), words!("etcd-space-exceeded-title"), first.at, first.says.clone())
            .confidence(Confidence::Proven)
            .since(onset)
            .affected(usize::try_from(said.iter().map(|said| said.count).sum::<u64>()).unwrap_or(usize::MAX));
        for said in said.iter().skip(1).take(4) {
            finding = finding.supported_by(said.at, said.says.clone());
        }
        if let Some(size) = size {
            finding = finding.supported_by(size.at, words!("etcd-space-exceeded-size", bytes = bytes(size.bytes)));
        }
        out.found(
            finding
                .step(Step::new(words!("etcd-space-exceeded-free")))
                .step(Step::new(words!("etcd-space-exceeded-compact")))
                .step(Step::new(words!("etcd-space-exceeded-support"))),
        );
    }
}

/// Everybody who quotes etcd, the audit log first.
pub(super) fn said(facts: &Facts) -> Vec<Said> {
    let mut said = Vec::new();
    let failures = facts.audit.ok().into_iter().flat_map(|audit| &audit.failures);
    for failure in failures.filter(|failure| failure.kind == Failure::SpaceExceeded) {
        if let Some((first, at)) = failure.first {
            let says = words!("etcd-space-exceeded-audit", count = failure.count, code = failure.code);
            said.push(Said { time: time(first), at, says, count: failure.count });
        }
    }
    for (_, count) in facts.logs.ok().into_iter().flat_map(|logs| logs.signal(Signal::EtcdSpaceExceeded)) {
        if let Some(hit) = count.hits.first() {
            let says = words!("etcd-space-exceeded-log", text = &hit.text, count = count.count);
            said.push(Said { time: count.first.or(hit.time), at: hit.at, says, count: count.count });
        }
    }
    for event in facts.events.ok().into_iter().flat_map(Events::iter).filter(|event| event.message.contains(TEXT)) {
        let says = words!("etcd-space-exceeded-event", object = &event.object.name, message = &event.message);
        said.push(Said { time: event.first.get().or(event.last.get()), at: event.at, says, count: event.count.max(1) });
    }
    for command in facts.commands.ok().into_iter().flat_map(|commands| commands.iter()) {
        let alarm = command.command.contains("alarm") && command.output.contains("NOSPACE");
        if alarm || command.error_text.contains(TEXT) {
            let text = if alarm { &command.output } else { &command.error_text };
            let says = words!("etcd-space-exceeded-command", command = &command.command, text = text);
            said.push(Said { time: command.started, at: command.at, says, count: 1 });
        }
    }
    said
}
