//! No pod address is left: the subnet, the node's range or its pod slots are full.

use konspect_bundle::{Span, words};

use crate::facts::{Facts, Missing, Phrases};
use crate::finding::{Confidence, Meta, Risk, Step, Subject};
use crate::model::log::Signal;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct PodIpsExhausted;

static META: Meta = rule_meta!("KSP7007", "pod-ips-exhausted", Workload, Cause, Critical, "pod_ips_exhausted.md");

/// What Azure CNS, azure-vnet, host-local and ARM write when addresses run out.
const TEXTS: &[&str] = &[
    "not enough IPs available",
    "No available addresses",
    "No available address pools",
    "no IP addresses available in range set",
    "SubnetIsFull",
    "InsufficientSubnetSize",
    "CIDRNotAvailable",
    "Failed to allocate address",
];

impl Rule for PodIpsExhausted {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let phrases = Phrases::new(TEXTS);
        let says_so = |text: &str| phrases.stand_in(text);
        let mut signs: Vec<(Span, String, Option<jiff::Timestamp>)> = Vec::new();
        for event in facts.events.ok().into_iter().flat_map(crate::facts::Events::iter) {
            if says_so(&event.message) || event.reason == "CIDRNotAvailable" {
                signs.push((event.at, event.message.to_string(), event.first.get().or(event.last.get())));
            }
        }
        let addresses = !signs.is_empty();
        signs.extend(if addresses { Vec::new() } else { slots(facts) });
        let slots = !addresses && !signs.is_empty();
        let logs = facts.logs.ok().into_iter();
        for (_, hit) in logs.flat_map(|logs| logs.hits(Signal::IpAllocationFailed).chain(logs.hits(Signal::SubnetFull))) {
            if says_so(&hit.text) {
                signs.push((hit.at, hit.text.clone(), hit.time));
            }
        }
        for error in facts.azure_errors.ok().into_iter().flat_map(|errors| errors.iter()) {
            if says_so(&error.code) || says_so(&error.message) {
                signs.push((error.at, format!("{} {}", error.code, error.message), None));
            }
        }
        let Some((at, text, _)) = signs.first() else {
            match facts.events.ok() {
                Some(events) if facts.pods.ok().is_some_and(|pods| pods.complete) => {
                    let stuck = facts.pods.ok().into_iter().flat_map(crate::facts::Pods::iter);
                    if !stuck.flat_map(|pod| &pod.containers).any(|container| container.state.waiting_reason() == Some("ContainerCreating")) {
                        out.cleared(events.at(), words!("pod-ips-exhausted-cleared"));
                    }
                }
                Some(_) => {}
                None => out.blind(Missing::table(TableKind::Events)),
            }
            return;
        };
        let mut finding = META
            .finding(
                Subject::cluster(&facts.context.cluster),
                if slots { words!("pod-ips-exhausted-slots") } else { words!("pod-ips-exhausted-title") },
                *at,
                words!("pod-ips-exhausted-says", text = text),
            )
            .confidence(if signs.len() > 1 { Confidence::Proven } else { Confidence::Likely })
            .since(signs.iter().filter_map(|(_, _, time)| *time).min())
            .affected(signs.len());
        for (at, text, _) in signs.iter().skip(1).take(4) {
            finding = finding.supported_by(*at, words!("pod-ips-exhausted-says", text = text));
        }
        out.found(finding.step(Step::new(words!("pod-ips-exhausted-do")).run(
            Risk::Reads,
            Some("kubectl get nodenetworkconfigs -n kube-system -o yaml".to_owned()),
        )));
    }
}

/// The scheduler says of nodes that they hold as many Pods as they may, and lacks nothing else.
fn slots(facts: &Facts) -> Vec<(Span, String, Option<jiff::Timestamp>)> {
    let full = |message: &str| message.contains("Too many pods") && !message.contains("Insufficient");
    let pods = facts.pods.ok().into_iter().flat_map(crate::facts::Pods::iter);
    let pending = pods.filter(|pod| pod.phase == "Pending" && pod.node.is_empty()).filter_map(|pod| {
        let condition = pod.condition("PodScheduled").filter(|condition| full(&condition.told.message))?;
        Some((condition.at.get(), condition.told.message.to_string(), condition.transition.get()))
    });
    let mut found: Vec<_> = pending.collect();
    if facts.pods.ok().is_none() {
        let events = facts.events.ok().into_iter().flat_map(|events| events.reason(&["FailedScheduling"]));
        found.extend(events.filter(|event| full(&event.message)).map(|event| (event.at, event.message.to_string(), event.first.get().or(event.last.get()))));
    }
    found
}
