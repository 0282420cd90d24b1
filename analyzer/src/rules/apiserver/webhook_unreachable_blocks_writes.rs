//! An admission webhook cannot be called and its failure policy is Fail: writes are refused.

use konspect_bundle::{Span, Words, words};

use super::{cause_of, relax, webhook_subject};
use crate::facts::metrics::Metrics;
use crate::facts::webhooks::{Backend, Failing, Reason, backend, failing};
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Finding, Meta, Risk, Severity, Step};
use crate::model::kube::{ServiceRef, Webhook};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct WebhookUnreachableBlocksWrites;

static META: Meta = rule_meta!(
    "KSP3101",
    "webhook-unreachable-blocks-writes",
    ApiServer,
    Cause,
    Critical,
    "webhook_unreachable_blocks_writes.md"
);

impl Rule for WebhookUnreachableBlocksWrites {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let failing = failing(facts);
        for webhook in failing.iter().take(5) {
            out.found(unreachable(facts, webhook));
        }
        for entry in facts.webhooks.ok().into_iter().flat_map(|entries| entries.iter()).filter(|entry| entry.fails_closed) {
            let dead = entry.service.as_ref().and_then(|service| Some((service, dead(facts, service)?)));
            if let Some((service, (at, says))) = dead.filter(|_| failing.iter().all(|other| other.name != entry.name)) {
                out.found(risk(entry, service, at, says));
            }
        }
        if !out.findings.is_empty() {
            return;
        }
        let metrics = facts.scrapes.ok().map(Metrics::new);
        let over = metrics.as_ref().and_then(|metrics| metrics.webhook_failures().into_iter().next());
        let opened = metrics.as_ref().and_then(Metrics::opened_most);
        if let Some(over) = over {
            let calls = metrics.as_ref().and_then(|metrics| metrics.calls_of_webhook(&over.of)).map_or(over.total, |(calls, _)| calls);
            let says = if over.since.stands_still() {
                words!("webhook-unreachable-blocks-writes-over", webhook = over.of, count = over.total)
            } else {
                words!("webhook-unreachable-blocks-writes-few", webhook = over.of, count = over.total, total = calls)
            };
            out.cleared(over.at, says);
        } else if let Some(opened) = opened {
            out.cleared(opened.at, words!("webhook-unreachable-blocks-writes-open", webhook = opened.of, count = opened.total));
        } else if let Some(at) = metrics.as_ref().filter(|metrics| counts_calls(metrics)).and_then(Metrics::apiserver_at) {
            out.cleared(at, words!("webhook-unreachable-blocks-writes-cleared"));
        } else if let (Some(webhooks), Some(_)) = (facts.webhooks.ok().filter(|webhooks| webhooks.complete), facts.events.ok()) {
            out.cleared(webhooks.at(), words!("webhook-unreachable-blocks-writes-cleared-list", count = webhooks.len()));
        } else {
            out.blind(Missing { tables: vec![TableKind::Webhooks, TableKind::Events, TableKind::Metrics], node: String::new(), because: None });
        }
    }
}

/// False of a part of a scrape that does not count calls of webhooks.
fn counts_calls(metrics: &Metrics<'_>) -> bool {
    metrics.is_whole() || !metrics.webhook_calls().is_empty() || !metrics.webhook_latencies().is_empty()
}

fn unreachable(facts: &Facts, webhook: &Failing<'_>) -> Finding {
    let told = webhook.witnesses.iter().find(|witness| !witness.text.is_empty()).or(webhook.witnesses.first());
    let (at, says) = told.map_or((Span::default(), words!("webhook-unreachable-blocks-writes-counted", count = 0)), |witness| {
        let says = if witness.text.is_empty() {
            words!("webhook-unreachable-blocks-writes-counted", count = witness.count)
        } else {
            words!("webhook-unreachable-blocks-writes-said", count = witness.count, cause = cause_of(&witness.text))
        };
        (witness.at, says)
    });
    let dead = webhook.service().and_then(|service| dead(facts, service));
    let plain = [Reason::NoEndpoints, Reason::ServiceNotFound, Reason::Certificate].iter().any(|reason| webhook.reasons.contains(reason));
    let silent = webhook.reasons.is_empty();
    let rare = webhook.rare_of();
    // The way to the nodes fails: the webhook is only one of those who notice. Or it answers nearly all calls.
    let doubtful = webhook.only_tunnel() && !silent || rare.is_some();
    let confidence = match (doubtful, dead.is_some(), plain) {
        (true, ..) => Confidence::Possible,
        (_, true, _) | (_, _, true) => Confidence::Proven,
        _ => Confidence::Likely,
    };
    let mut finding = META
        .finding(
            webhook_subject(&webhook.name, webhook.entries.first().copied()),
            match rare {
                Some(calls) => words!("webhook-unreachable-blocks-writes-few", webhook = &webhook.name, count = webhook.count(), total = calls),
                None => words!("webhook-unreachable-blocks-writes-title", webhook = &webhook.name),
            },
            at,
            says,
        )
        .confidence(confidence)
        .severity(if doubtful { Severity::Warning } else { Severity::Critical })
        .since(webhook.since())
        .affected(usize::try_from(webhook.count()).unwrap_or(usize::MAX));
    let mut seen = vec![at];
    for witness in webhook.witnesses.iter().filter(|witness| !witness.text.is_empty()) {
        if seen.len() < 4 && !seen.contains(&witness.at) {
            seen.push(witness.at);
            let cause = cause_of(&witness.text);
            finding = finding.supported_by(witness.at, words!("webhook-unreachable-blocks-writes-said", count = witness.count, cause = cause));
        }
    }
    if let Some((at, says)) = dead {
        finding = finding.supported_by(at, says);
    }
    if let Some(entry) = webhook.entries.iter().find(|entry| entry.fails_closed) {
        finding = finding.supported_by(entry.at, words!("webhook-unreachable-blocks-writes-policy", configuration = &entry.configuration.name));
    }
    if let Some(service) = webhook.service() {
        finding = finding.step(
            Step::new(words!("webhook-unreachable-blocks-writes-backend"))
                .run(Risk::Reads, command("kubectl get pods,endpointslices -n {} -o wide", &[&service.namespace])),
        );
    }
    relax(finding, webhook.entries.first().copied())
}

/// What shows that nothing answers behind the service.
fn dead(facts: &Facts, service: &ServiceRef) -> Option<(Span, Words)> {
    let name = format!("{}/{}", service.namespace, service.name);
    match backend(facts.services.ok(), facts.pods.ok(), service) {
        Backend::NoService(at) => Some((at, words!("webhook-unreachable-blocks-writes-no-service", service = name))),
        Backend::NotReady(at) => Some((at, words!("webhook-unreachable-blocks-writes-not-ready", service = name))),
        Backend::Ready(..) | Backend::Unknown => None,
    }
}

/// Nobody stumbled yet, but whoever makes such an object will.
fn risk(entry: &Webhook, service: &ServiceRef, at: Span, says: Words) -> Finding {
    let finding = META
        .finding(
            webhook_subject(&entry.name, Some(entry)),
            words!("webhook-unreachable-blocks-writes-risk", webhook = &entry.name),
            entry.at,
            words!("webhook-unreachable-blocks-writes-policy", configuration = &entry.configuration.name),
        )
        .confidence(Confidence::Possible)
        .severity(Severity::Warning)
        .supported_by(at, says)
        .settled_by(words!("webhook-unreachable-blocks-writes-settle"));
    let read = command("kubectl get pods,endpointslices -n {} -o wide", &[&service.namespace]);
    finding.step(Step::new(words!("webhook-unreachable-blocks-writes-backend")).run(Risk::Reads, read))
}
