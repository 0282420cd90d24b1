//! Node conditions say Ready False or Unknown.

use konspect_bundle::words;

use crate::facts::{Context, Nodes};
use crate::finding::{Confidence, Meta, Risk, Scope, Step, Subject};
use crate::model::kube::Status;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct NodeNotReady;

static META: Meta = rule_meta!("KSP5001", "node-not-ready", Node, Symptom, Critical, "node_not_ready.md");

impl Rule for NodeNotReady {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, &'f Nodes);

    fn check((_, nodes): Self::Inputs<'_>, out: &mut Checked) {
        for node in nodes.not_ready() {
            let Some(condition) = node.condition("Ready") else { continue };
            let name = &node.meta.name;
            let says = if condition.status == Status::Unknown {
                words!("node-not-ready-unknown", node = name, message = &condition.told.message)
            } else {
                words!("node-not-ready-false", node = name, message = &condition.told.message)
            };
            out.found(
                META.finding(Subject::node(name), words!("node-not-ready-title", node = name), condition.at.get(), says)
                    .confidence(Confidence::Proven)
                    .since(condition.transition.get())
                    .on_node(name)
                    .step(
                        Step::new(words!("node-not-ready-describe"))
                            .run(Risk::Reads, command("kubectl describe node {}", &[name])),
                    ),
            );
        }
        if out.findings.is_empty() && nodes.complete && !nodes.is_empty() {
            out.cleared(nodes.at(), words!("node-not-ready-cleared", nodes = nodes.len()));
        }
        // Many nodes at once are one finding: the sentence names the count, the scope names each.
        if out.findings.len() > 3 {
            merge(out, nodes.len());
        }
    }
}

fn merge(out: &mut Checked, total: usize) {
    let findings = std::mem::take(&mut out.findings);
    let names: std::collections::BTreeSet<String> = findings.iter().map(|finding| finding.subject.name.clone()).collect();
    let count = findings.len();
    let onset = findings.iter().filter_map(|finding| finding.onset).min();
    let mut findings = findings.into_iter();
    let Some(mut first) = findings.next() else { return };
    first.title = words!("node-not-ready-many", count = count, total = total);
    first.evidence.extend(findings.flat_map(|finding| finding.evidence).take(9).map(|mut evidence| {
        evidence.role = crate::finding::Role::Supporting;
        evidence
    }));
    out.found(first.since(onset).scope(Scope::Nodes(names)).affected(count));
}
