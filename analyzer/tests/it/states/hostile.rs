//! One payload in every field that a bundle can reach.

use std::collections::BTreeMap;

use konspect::finding::Risk;
use konspect::language::Locale;
use konspect::report::{
    ApiLoadCard, ConnectivityCard, EvidenceCard, HopCard, InventoryCard, PoolCard, Report, StepCard,
};

use super::cards::{at, entry, step, subject, term};
use super::cluster::pool;
use super::say::Say;

/// What somebody may write into a name, a message or a log line.
pub(crate) const PAYLOADS: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</style></title></textarea><kx-a>",
    "]]><!-- --><svg onload=alert(1)>",
    "{{ 7*7 }}{% include 'x' %}{# #}",
    "javascript:alert(1)",
    "https://kx-evil.example/a www.kx-evil.example",
    "[a](https://kx-evil.example) ![b](http://kx-evil.example)",
    "`` ` ```` code",
    "\n```\n# kx0001\n```",
    "\n[kx0001]: http://kx-evil.example",
    "@kx-team fixes #1 kx/kx#2 !3 GH-4",
    "| a | b |\n| --- | --- |",
    "{code}x{code} {noformat} [~kx] !kx.png!",
    "\u{1b}]8;;http://kx-evil.example\u{7}a\u{1b}[2J\r\u{8}\u{9b}31m",
    "\u{202e}gnp.exe\u{2066}\u{200f}\u{feff}\u{e0041}",
    "---\n===\n> a\n- b\n1. c\n    d",
    "&lt;b&gt;&#60;i&#62;",
    "<!-- kx --><details open><summary>",
    "$(id) `id` ; rm -rf / #",
    "~~~\nx",
];

/// One payload in every field that a bundle can reach.
pub(crate) fn hostile(payload: &str) -> Report {
    let mut report = super::one_cause(&Say::new(Locale::English));
    report.bundle.name = format!("bundle {payload}.zip");
    report.bundle.cluster = payload.to_owned();
    report.bundle.kubernetes_version = payload.to_owned();
    report.bundle.collector = Some(payload.to_owned());
    report.bundle.tampered = vec![payload.to_owned()];
    report.bundle.redactions = BTreeMap::from([(payload.to_owned(), 3)]);
    report.verdict.sentence = format!("Node {payload} drops TCP 10250.");
    report.verdict.root_cause = Some(payload.to_owned());
    report.verdict.failure = Some(payload.to_owned());
    report.verdict.effects = Some(payload.to_owned());
    report.verdict.summary = payload.to_owned();
    report.verdict.banners = vec![payload.to_owned()];
    report.verdict.saw = vec![payload.to_owned()];
    report.verdict.not_seen = vec![payload.to_owned()];
    report.verdict.first_step = Some(step(payload, payload, Risk::Changes));
    let cards =
        report.causes.iter_mut().chain(&mut report.unexplained).chain(&mut report.aggravating);
    for card in cards {
        card.title = payload.to_owned();
        card.subject = subject(payload, payload, payload);
        card.confidence_why = payload.to_owned();
        card.settles = Some(payload.to_owned());
        card.differs = vec![payload.to_owned()];
        card.reference = Some(payload.to_owned());
        card.terms = vec![term(payload, 1.0)];
        card.remedy = vec![StepCard {
            undo: Some(payload.to_owned()),
            ..step(payload, payload, Risk::Disrupts)
        }];
        for evidence in &mut card.evidence {
            poison(evidence, payload);
        }
        for effect in &mut card.explains {
            effect.title = payload.to_owned();
            effect.subject = subject(payload, payload, payload);
        }
    }
    for card in &mut report.ruled_out {
        card.title = payload.to_owned();
        card.why = payload.to_owned();
    }
    for card in &mut report.unchecked {
        card.title = payload.to_owned();
        card.missing = payload.to_owned();
        card.collect = payload.to_owned();
    }
    for card in &mut report.next {
        card.command = payload.to_owned();
        card.why = payload.to_owned();
        card.rights = payload.to_owned();
    }
    for card in &mut report.timeline {
        card.text = payload.to_owned();
        card.source = payload.to_owned();
    }
    for card in &mut report.diagnostics {
        card.path = payload.to_owned();
        card.message = payload.to_owned();
    }
    report.timeline.push(entry(at(20), payload, payload, None, 2));
    report.audit = Some(super::cluster::audit(payload));
    report.cluster.pools =
        vec![PoolCard { version: payload.into(), vm_size: payload.into(), ..pool(payload, 1, 0) }];
    report.cluster.pods_by_state = BTreeMap::from([(payload.to_owned(), 1)]);
    report.cluster.versions = BTreeMap::from([(payload.to_owned(), 1)]);
    report.cluster.object_counts = vec![(payload.to_owned(), 1)];
    report.cluster.api_load = vec![ApiLoadCard {
        client: payload.into(),
        verb: payload.into(),
        requests: 3,
        seconds: 1.0,
    }];
    report.cluster.connectivity = vec![ConnectivityCard {
        from: payload.into(),
        target: payload.into(),
        state: payload.into(),
        count: 1,
    }];
    for series in &mut report.cluster.latency {
        series.name = payload.to_owned();
        series.unit = payload.to_owned();
    }
    for path in &mut report.cluster.path {
        path.node = payload.to_owned();
        path.packet = payload.to_owned();
        for hop in &mut path.hops {
            *hop = HopCard {
                place: payload.into(),
                rule: payload.into(),
                path: payload.into(),
                line: Some(1),
                decides: hop.decides,
                verdict: payload.into(),
            };
        }
    }
    report.inventory = BTreeMap::from([(payload.to_owned(), InventoryCard { count: 1, bytes: 9 })]);
    report.about.limits = vec![payload.to_owned()];
    report.about.rules_crashed = vec![payload.to_owned()];
    report
}

fn poison(evidence: &mut EvidenceCard, payload: &str) {
    evidence.path = payload.to_owned();
    evidence.says = payload.to_owned();
    evidence.excerpt = format!("{payload}\n```\n{payload}");
    for line in &mut evidence.lines {
        line.before = payload.to_owned();
        line.marked = payload.to_owned();
        line.after = payload.to_owned();
    }
}
