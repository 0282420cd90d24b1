//! The API server cannot reach kubelets on TCP 10250: what kubectl, agents and metrics-server say.

use std::collections::{BTreeMap, BTreeSet};

use konspect_bundle::{Span, Words, words};

use super::port_10250::noticed;

use crate::facts::reach::{Attempt, Sighting, Witness};
use crate::facts::metrics::Metrics;
use crate::facts::{AnyOf, KubeletReach, Listing, Missing, Nodes};
use crate::finding::{Confidence, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::kube::Status;
use crate::model::metrics::Scrape;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct KubeletUnreachable;

static META: Meta = rule_meta!("KSP2106", "kubelet-unreachable", Tunnel, Symptom, Critical, "kubelet_unreachable.md");

impl Rule for KubeletUnreachable {
    const META: &'static Meta = &META;
    type Inputs<'f> = (AnyOf<&'f KubeletReach, &'f Listing<Scrape>>, Option<&'f Nodes>);

    fn check((AnyOf(reach, scrapes), nodes): Self::Inputs<'_>, out: &mut Checked) {
        let Some(reach) = reach else {
            dials(scrapes, out);
            return;
        };
        let mut failing: BTreeMap<&str, &Sighting> = BTreeMap::new();
        for (node, sightings) in &reach.nodes {
            let failed = sightings
                .iter()
                .filter(|sighting| sighting.attempt != Attempt::Reached)
                .min_by_key(|sighting| (sighting.witness, sighting.attempt.clone(), sighting.at));
            if let Some(sighting) = failed {
                failing.insert(node, sighting);
            }
        }
        let Some((first, sighting)) = failing.iter().next() else {
            let reached = reach.nodes.values().flatten().find(|sighting| sighting.attempt == Attempt::Reached);
            if let Some(sighting) = reached {
                out.cleared(sighting.at, words!("kubelet-unreachable-cleared", count = reach.reached().len()));
            } else {
                dials(scrapes, out);
            }
            return;
        };
        let count = failing.len();
        let total = nodes.map_or(0, Nodes::len).max(count);
        // Without any agent no kubelet is reached, whichever nodes somebody tried.
        let of_none = reach.reached().is_empty()
            && reach.nodes.values().flatten().all(|sighting| sighting.attempt == Attempt::NoAgent);
        let title = if of_none {
            words!("kubelet-unreachable-none")
        } else if count == 1 {
            words!("kubelet-unreachable-title", node = *first)
        } else {
            words!("kubelet-unreachable-many", count = count, total = total)
        };
        let subject = if count == 1 && !of_none { Subject::node(first) } else { Subject::cluster("") };
        let mut touched = failing.keys().map(|node| (*node).to_owned()).collect::<BTreeSet<_>>();
        if of_none {
            touched.extend(nodes.into_iter().flat_map(Nodes::iter).map(|node| node.meta.name.to_string()));
        }
        // A client's call tells when the bundle was made, not when the fault began.
        let onset = reach
            .nodes
            .values()
            .flatten()
            .filter(|sighting| {
                sighting.attempt != Attempt::Reached && sighting.witness != Witness::Client
            })
            .filter_map(|sighting| sighting.time)
            .min();
        let mut finding = META
            .finding(subject, title, sighting.at, noticed(first, sighting))
            .confidence(Confidence::Proven)
            .since(onset)
            .affected(if of_none { total } else { count })
            .scope(Scope::Nodes(touched));
        if count == 1 && !of_none {
            let mut told = BTreeSet::from([sighting.witness]);
            for other in reach.nodes.get(*first).into_iter().flatten() {
                if other.attempt != Attempt::Reached && told.insert(other.witness) {
                    finding = finding.supported_by(other.at, noticed(first, other));
                }
            }
            if let Some(node) = nodes.and_then(|nodes| nodes.find(first)).filter(|_| total > 1) {
                finding = finding.supported_by(node.at, words!("kubelet-unreachable-only", node = *first, others = total - 1));
                if let Some(ready) = node.condition("Ready").filter(|ready| ready.status == Status::True) {
                    finding = finding.supported_by(ready.at.get(), words!("kubelet-unreachable-ready", node = *first));
                }
            }
        }
        for (node, sighting) in failing.iter().skip(1).take(7) {
            finding = finding.supported_by(sighting.at, noticed(node, sighting));
        }
        if let Some(node) = reach.reached().difference(&failing.keys().copied().collect()).next() {
            finding.differs.push(words!("kubelet-unreachable-others", node = *node, count = reach.reached().len()));
        }
        for (at, says) in counted(scrapes) {
            finding = finding.supported_by(at, says);
        }
        let probe = Step::new(words!("kubelet-unreachable-probe"))
            .run(Risk::Reads, command("kubectl get --raw /api/v1/nodes/{}/proxy/healthz", &[first]));
        finding = finding.step(probe);
        if count == 1 && !of_none {
            finding = finding.step(Step::new(words!("kubelet-unreachable-look", node = *first)));
        }
        out.found(finding);
    }
}

/// Dials that fail where nobody says to which node: only their number is known.
fn dials(scrapes: Option<&Listing<Scrape>>, out: &mut Checked) {
    let failing = scrapes.map(Metrics::new).and_then(|metrics| metrics.failing_dials());
    if let Some(dials) = failing {
        let says = words!("kubelet-unreachable-dials", failed = dials.failed, all = dials.all.unwrap_or(0));
        out.found(
            META.finding(Subject::cluster(""), words!("kubelet-unreachable-dials-title", failed = dials.failed), dials.at, says)
                .confidence(Confidence::Possible)
                .severity(Severity::Warning)
                .affected(usize::try_from(dials.failed).unwrap_or(usize::MAX))
                .settled_by(words!("kubelet-unreachable-dials-settle")),
        );
    } else {
        out.blind(Missing::table(TableKind::TunnelLogs));
    }
}

/// Dials that failed, as the agents and the API server count them: they name no node, and say how many.
fn counted(scrapes: Option<&Listing<Scrape>>) -> Vec<(Span, Words)> {
    let mut lines = Vec::new();
    let agents = scrapes.into_iter().flat_map(|scrapes| scrapes.iter()).flat_map(|scrape| {
        scrape.families.get("konnectivity_network_proxy_agent_endpoint_dial_failure_total").into_iter().flatten()
    });
    let most = agents
        .filter(|sample| sample.label("reason") == "timeout" && sample.value >= 1.0)
        .max_by(|a, b| a.value.total_cmp(&b.value));
    if let Some(sample) = most {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole and not negative; the cast saturates")]
        let count = sample.value as u64;
        lines.push((sample.at, words!("kubelet-unreachable-agent-dials", count = count)));
    }
    let failures = scrapes.map(Metrics::new).map(|metrics| metrics.dial_failures()).unwrap_or_default();
    if let Some(most) = failures.iter().filter(|row| row.total > 0).max_by_key(|row| row.total) {
        lines.push((most.at, words!("kubelet-unreachable-server-dials", count = most.total, stage = &most.of.stage)));
    }
    lines
}
