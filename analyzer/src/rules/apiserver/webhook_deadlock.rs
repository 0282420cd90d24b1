//! A webhook guards the Pods of its own backend, and none of them is ready: it can never come back.

use konspect_bundle::{Span, words};

use super::{cause_of, relax, webhook_subject};
use crate::facts::webhooks::{Backend, Failing, Reason, backend, failing, guards_itself, reason};
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Finding, Meta, Risk, Step};
use crate::model::kube::Webhook;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct WebhookDeadlock;

static META: Meta = rule_meta!("KSP3102", "webhook-deadlock", ApiServer, Cause, Critical, "webhook_deadlock.md");

impl Rule for WebhookDeadlock {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let Some(webhooks) = facts.webhooks.ok() else {
            out.blind(Missing::table(TableKind::Webhooks));
            return;
        };
        let failing = failing(facts);
        for webhook in &failing {
            let entry = webhook.entries.iter().copied().find(|entry| guards_itself(facts, entry));
            if let Some(finding) = entry.and_then(|entry| deadlock(facts, webhook, entry)) {
                // Several webhooks of one backend are one deadlock.
                let known = |other: &Finding| other.subject.name == finding.subject.name || other.differs == finding.differs;
                if !out.findings.iter().any(|other| known(other) && other.onset == finding.onset) {
                    out.found(finding);
                }
            }
        }
        if out.findings.is_empty() && webhooks.complete {
            match webhooks.iter().find(|entry| guards_itself(facts, entry)) {
                None => out.cleared(webhooks.at(), words!("webhook-deadlock-cleared", count = webhooks.len())),
                Some(entry) => {
                    let state = entry.service.as_ref().map(|service| backend(facts.services.ok(), facts.pods.ok(), service));
                    match state {
                        Some(Backend::Ready(ready, at)) => out.cleared(at, words!("webhook-deadlock-ready", webhook = &entry.name, ready = ready)),
                        Some(Backend::NoService(at)) => out.cleared(at, words!("webhook-deadlock-left-over", webhook = &entry.name)),
                        _ if failing.is_empty() => {}
                        _ => out.blind(Missing::table(TableKind::Services)),
                    }
                }
            }
        }
    }
}

/// The deadlock, when nothing is ready and the backend's own Pods are refused or gone.
fn deadlock(facts: &Facts, webhook: &Failing<'_>, entry: &Webhook) -> Option<Finding> {
    let service = entry.service.as_ref()?;
    if webhook.only_tunnel() && !webhook.reasons.is_empty() || webhook.reasons.contains(&Reason::Certificate) {
        return None;
    }
    let namespace = &service.namespace;
    let refused = webhook.witnesses.iter().find(|witness| witness.namespace == *namespace && !witness.text.is_empty());
    let empty = match backend(facts.services.ok(), facts.pods.ok(), service) {
        Backend::NotReady(at) => at,
        // Where neither selectors nor endpoints were collected the API server's own words tell.
        Backend::Unknown => refused.filter(|witness| reason(&witness.text) == Reason::NoEndpoints)?.at,
        Backend::NoService(_) | Backend::Ready(..) => return None,
    };
    let wants: Option<Span> = facts
        .workloads
        .ok()
        .into_iter()
        .flat_map(|workloads| workloads.iter())
        .find(|workload| workload.meta.namespace == *namespace && workload.desired.unwrap_or(0) > 0 && workload.ready == 0)
        .map(|workload| workload.at);
    let gone = facts.pods.ok().is_some_and(|pods| pods.in_namespace(namespace).all(|pod| !pod.ready()))
        && facts.pods.ok().is_some_and(|pods| pods.in_namespace(namespace).next().is_none());
    if refused.is_none() && !(gone && wants.is_some()) {
        return None;
    }
    let (at, says) = match (refused, wants) {
        (Some(witness), _) => (witness.at, words!("webhook-deadlock-refused", cause = cause_of(&witness.text))),
        (None, Some(at)) => (at, words!("webhook-deadlock-wants", namespace = namespace)),
        (None, None) => (empty, words!("webhook-deadlock-empty", service = &service.name)),
    };
    let finding = META
        .finding(webhook_subject(&entry.name, Some(entry)), words!("webhook-deadlock-title", webhook = &entry.name, namespace = namespace), at, says)
        .confidence(Confidence::Proven)
        .since(webhook.since())
        .affected(usize::try_from(webhook.count()).unwrap_or(usize::MAX))
        .supported_by(empty, words!("webhook-deadlock-empty", service = &service.name))
        .supported_by(entry.at, words!("webhook-deadlock-guards", configuration = &entry.configuration.name, namespace = namespace));
    let again = Step::new(words!("webhook-deadlock-again", namespace = namespace))
        .run(Risk::Reads, command("kubectl get pods -n {} --watch", &[namespace]));
    Some(relax(finding, Some(entry)).step(again))
}
