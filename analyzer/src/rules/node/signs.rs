//! Signs of faults on nodes: collected by node, told as one finding a node, or as one for many nodes.
//!
//! It knows conditions, taints and times; what a sign means is the rule's to say.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_bundle::{Span, Words};

use crate::facts::{Context, Listing, Missing, Nodes};
use crate::finding::{Confidence, Evidence, Finding, Meta, Role, Scope, Severity, Subject};
use crate::model::kube::{Condition, Event, Node, Status, Taint};
use crate::model::log::SignalCount;
use crate::model::metrics::{Sample, Scrape};
use crate::parse::TableKind;
use crate::rules::Checked;

/// Signs older than this stand for another day's trouble.
const RECENT_SECONDS: i64 = 6 * 3600;

/// More findings of one rule than this are told as one.
const MOST_FINDINGS: usize = 3;

/// One line that speaks of one node.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Sign {
    pub(super) at: Span,
    pub(super) says: Words,
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    pub(super) weight: Confidence,
}

impl Sign {
    pub(super) fn new(at: Span, says: Words, weight: Confidence) -> Self {
        Self { at, says, since: None, until: None, weight }
    }

    #[must_use]
    pub(super) fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    #[must_use]
    pub(super) fn until(mut self, until: Option<Timestamp>) -> Self {
        self.until = until;
        self
    }
}

/// All signs of one fault, by node.
#[derive(Clone, Debug, Default)]
pub(in crate::rules) struct Signs {
    by_node: BTreeMap<String, Vec<Sign>>,
}

impl Signs {
    /// Notes a sign; a node that the list of nodes spells otherwise goes by the list's name.
    pub(super) fn add(&mut self, nodes: Option<&Nodes>, node: &str, sign: Sign) {
        let known = nodes.and_then(|nodes| nodes.find(node)).map(|node| node.meta.name.as_str());
        self.by_node.entry(known.unwrap_or(node).to_owned()).or_default().push(sign);
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &str> {
        self.by_node.keys().map(String::as_str)
    }

    pub(super) fn keep(&mut self, mut good: impl FnMut(&str, &[Sign]) -> bool) {
        self.by_node.retain(|node, signs| good(node, signs));
    }

    /// One finding for each node: the surest and earliest sign first, a warning when it is only possible.
    pub(super) fn findings(mut self, meta: &'static Meta, title: impl Fn(&str) -> Words) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (node, signs) in &mut self.by_node {
            signs.sort_by_key(|sign| (Reverse(sign.weight), sign.since.is_none(), sign.since, sign.at));
            let Some(first) = signs.first() else { continue };
            let weight = first.weight;
            let subject = if node.is_empty() { Subject::cluster("") } else { Subject::node(node) };
            let mut finding = meta
                .finding(subject, title(node), first.at, first.says.clone())
                .confidence(weight)
                .since(signs.iter().filter(|sign| sign.weight == weight || sign.weight >= Confidence::Likely).filter_map(|sign| sign.since).min())
                .until(signs.iter().filter_map(|sign| sign.until).max());
            if !node.is_empty() {
                finding = finding.on_node(node);
            }
            if weight == Confidence::Possible {
                finding = finding.severity(Severity::Warning);
            }
            let mut told = BTreeSet::from([first.says.key]);
            for sign in signs.iter().skip(1).filter(|sign| sign.at != first.at) {
                // Each condition counts; of events and log lines of one kind the first is enough.
                let another = told.insert(sign.says.key);
                if another || sign.weight == Confidence::Proven && finding.evidence.iter().all(|told| told.says != sign.says) {
                    finding = finding.supported_by(sign.at, sign.says.clone());
                }
            }
            findings.push(finding);
        }
        findings
    }
}

/// Findings of many nodes become one: the sentence names the count, the scope each node.
pub(in crate::rules) fn tell(out: &mut Checked, findings: Vec<Finding>, many: impl Fn(usize) -> Words) {
    let (sure, unsure): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.confidence > Confidence::Possible);
    for group in [sure, unsure] {
        if group.len() <= MOST_FINDINGS {
            out.findings.extend(group);
            continue;
        }
        let count = group.len();
        let names: BTreeSet<String> = group.iter().map(|finding| finding.subject.name.clone()).collect();
        let onset = group.iter().filter_map(|finding| finding.onset).min();
        let last = group.iter().filter_map(|finding| finding.last_seen).max();
        let confidence = group.iter().map(|finding| finding.confidence).max();
        let mut group = group.into_iter();
        let Some(mut first) = group.next() else { continue };
        first.title = many(count);
        first.evidence.extend(group.filter_map(|finding| finding.evidence.into_iter().next()).take(7).map(|evidence| {
            Evidence { role: Role::Supporting, ..evidence }
        }));
        first.confidence = confidence.unwrap_or(first.confidence);
        out.found(first.since(onset).until(last).scope(Scope::Nodes(names)).affected(count));
    }
}

/// Nodes whose condition of this kind says that something is wrong.
pub(in crate::rules) fn wrong<'a>(
    nodes: Option<&'a Nodes>,
    kind: &'a str,
) -> impl Iterator<Item = (&'a Node, &'a Condition)> {
    nodes.into_iter().flat_map(Nodes::iter).filter_map(move |node| {
        let condition = node.condition(kind)?;
        (condition.status == Status::True).then_some((node, condition))
    })
}

/// What node-problem-detector's own metrics say of a condition, where the condition itself was not collected.
pub(in crate::rules) fn detected<'a>(
    scrapes: Option<&'a Listing<Scrape>>,
    kind: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Sample)> {
    scrapes
        .into_iter()
        .flat_map(|scrapes| scrapes.iter())
        .flat_map(|scrape| scrape.families.get("problem_gauge").into_iter().flatten().map(move |sample| (scrape, sample)))
        .filter(move |(_, sample)| sample.value >= 1.0 && sample.label("type") == kind)
        .map(|(scrape, sample)| {
            let own = [scrape.node.as_str(), sample.label("node"), sample.label("instance")].into_iter().find(|name| !name.is_empty());
            (own.unwrap_or_default(), sample)
        })
}

/// Nodes that carry a taint of the node controller.
pub(in crate::rules) fn tainted<'a>(
    nodes: Option<&'a Nodes>,
    key: &'a str,
) -> impl Iterator<Item = (&'a Node, &'a Taint)> {
    nodes.into_iter().flat_map(Nodes::iter).filter_map(move |node| {
        node.taints.iter().find(|taint| taint.key == key).map(|taint| (node, taint))
    })
}

/// How sure a sign of this time can make: none when it is of another day, only a possibility when
/// nobody knows its time.
pub(in crate::rules) fn aged(context: &Context, time: Option<Timestamp>, weight: Confidence) -> Option<Confidence> {
    let Some(time) = time else { return Some(Confidence::Possible) };
    match context.age_seconds(Some(time)) {
        Some(age) if age > RECENT_SECONDS => None,
        _ => Some(weight),
    }
}

/// The same for an event, which Kubernetes forgets after an hour: one without a time is of today.
pub(in crate::rules) fn event_weight(context: &Context, event: &Event, weight: Confidence) -> Option<Confidence> {
    match event.last.get().or(event.first.get()) {
        Some(time) => aged(context, Some(time), weight),
        None => Some(weight),
    }
}

/// The first of a signal's hits that is recent, its last time, and how sure they make.
pub(in crate::rules) fn recent_hit<'a>(
    context: &Context,
    count: &'a SignalCount,
    weight: Confidence,
) -> Option<(&'a crate::model::log::SignalHit, Confidence)> {
    count.hits.iter().find_map(|hit| Some((hit, aged(context, hit.time, weight)?)))
}

/// The node that a log without a name of its node must be of: the only one, or the only unready one.
pub(in crate::rules) fn log_node<'a>(nodes: Option<&'a Nodes>, named: &'a str) -> &'a str {
    if !named.is_empty() {
        return named;
    }
    let Some(nodes) = nodes else { return "" };
    let mut unready = nodes.not_ready();
    match (unready.next(), unready.next()) {
        (Some(node), None) => &node.meta.name,
        _ if nodes.len() == 1 => nodes.iter().next().map_or("", |node| &node.meta.name),
        _ => "",
    }
}

/// Clears by the conditions of every node, or says of which node nothing is known.
pub(in crate::rules) fn clear_by_condition(out: &mut Checked, nodes: Option<&Nodes>, kind: &str, says: impl Fn(usize) -> Words) {
    let Some(nodes) = nodes.filter(|nodes| !nodes.is_empty()) else {
        out.blind(Missing::table(TableKind::Nodes));
        return;
    };
    if !nodes.complete {
        out.blind(Missing::table(TableKind::Nodes));
    }
    let mut seen = None;
    for node in nodes.iter() {
        match node.condition(kind) {
            Some(condition) if condition.status == Status::False => seen = seen.or(Some(condition.at.get())),
            _ => out.blind(Missing::on_node(TableKind::Nodes, &node.meta.name)),
        }
    }
    if let Some(at) = seen {
        out.cleared(at, says(nodes.len()));
    }
}
