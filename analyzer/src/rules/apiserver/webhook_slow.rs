//! An admission webhook answers, but slowly: every write it guards waits for it.

use jiff::Timestamp;
use konspect_audit::{AuditSummary, Failure};
use konspect_bundle::words;

use super::webhook_subject;
use crate::facts::breaches::{WEBHOOKS, waits_since};
use crate::facts::clients::time;
use crate::facts::metrics::{Metrics, WebhookLatency};
use crate::facts::webhooks::Reason;
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Finding, Meta, Risk, Step, Subject};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct WebhookSlow;

static META: Meta = rule_meta!("KSP3103", "webhook-slow", ApiServer, Cause, Critical, "webhook_slow.md");

/// Mean seconds of a call from which a webhook is slow.
const SLOW: f64 = 1.0;

/// Calls that a mean needs.
const ENOUGH: u64 = 20;

impl Rule for WebhookSlow {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let metrics = facts.scrapes.ok().map(Metrics::new);
        let latencies = metrics.as_ref().map(Metrics::webhook_latencies).unwrap_or_default();
        let waits = facts.audit.ok().and_then(waits);
        // A webhook that is out of reach for some calls lets those wait for the timeout: that is not slowness.
        let cut_off: Vec<String> = crate::facts::webhooks::failing(facts)
            .into_iter()
            .filter(|webhook| !webhook.reasons.is_empty() && !webhook.reasons.iter().all(|reason| *reason == Reason::TimedOut))
            .map(|webhook| webhook.name)
            .collect();
        for latency in latencies.iter().filter(|latency| !cut_off.contains(&latency.name)) {
            if latency.calls >= ENOUGH && latency.mean >= SLOW && metrics.as_ref().is_some_and(|metrics| answers(metrics, latency)) {
                out.found(slow(facts, latency, waits.as_ref()));
            }
        }
        if !out.findings.is_empty() {
            return;
        }
        if let Some(slowest) = latencies.first().filter(|slowest| slowest.mean < SLOW) {
            let mean = format!("{:.0}", slowest.mean * 1000.0);
            out.cleared(slowest.at, words!("webhook-slow-cleared", webhook = &slowest.name, milliseconds = mean));
        } else if let Some(waits) = waits.filter(|waits| waits.count >= ENOUGH && waits.mean >= SLOW && cut_off.is_empty()) {
            out.found(annotated(facts, &waits).step(Step::new(words!("webhook-slow-advice"))));
        } else if metrics.and_then(|metrics| metrics.apiserver_at()).is_none() {
            out.blind(Missing::table(TableKind::Metrics));
        }
    }
}

/// False when most calls fail: such a webhook is not slow, it is not there.
fn answers(metrics: &Metrics<'_>, latency: &WebhookLatency) -> bool {
    let failed = metrics.webhook_failures().iter().find(|row| row.of == latency.name).map_or(0, |row| row.total);
    let opened = metrics.webhook_fail_opens().iter().find(|row| row.of == latency.name).map_or(0, |row| row.total);
    let calls = metrics.calls_of_webhook(&latency.name).map_or(latency.calls, |(calls, _)| calls.max(latency.calls));
    failed.saturating_add(opened).saturating_mul(2) < calls
}

/// Only annotations tell, which name no webhook but the one whose failure let the request pass.
fn annotated(facts: &Facts, waits: &Waits) -> Finding {
    let failures = facts.audit.ok().into_iter().flat_map(|audit| &audit.failures);
    let passed = failures
        .filter(|failure| failure.kind == Failure::WebhookFailedOpen && failure.count * 2 >= waits.count)
        .max_by_key(|failure| failure.count);
    let Some((passed, (first, at))) = passed.and_then(|passed| Some((passed, passed.first?))) else {
        let cluster = Subject::cluster(&facts.context.cluster);
        return META
            .finding(cluster, words!("webhook-slow-unnamed"), waits.at, waits.says())
            .confidence(Confidence::Likely)
            .since(waits.since);
    };
    let name = &passed.name;
    let entry = facts.webhooks.ok().and_then(|entries| entries.iter().find(|entry| entry.name == *name));
    let seconds = format!("{:.1}", waits.mean);
    META.finding(webhook_subject(name, entry), words!("webhook-slow-title", webhook = name, seconds = seconds), waits.at, waits.says())
        .confidence(Confidence::Likely)
        .since(time(first))
        .supported_by(at, words!("webhook-unreachable-blocks-writes-open", webhook = name, count = passed.count))
}

fn slow(facts: &Facts, latency: &WebhookLatency, waits: Option<&Waits>) -> Finding {
    let name = &latency.name;
    let entry = facts.webhooks.ok().and_then(|entries| entries.iter().find(|entry| entry.name == *name));
    let mean = format!("{:.1}", latency.mean);
    let mut finding = META
        .finding(
            webhook_subject(name, entry),
            words!("webhook-slow-title", webhook = name, seconds = mean.clone()),
            latency.at,
            words!("webhook-slow-mean", seconds = mean, calls = latency.calls),
        )
        .confidence(if waits.is_some_and(|waits| waits.mean >= SLOW) || latency.mean >= 2.0 { Confidence::Proven } else { Confidence::Likely })
        .since(waits.and_then(|waits| waits.since));
    if let Some(p99) = latency.p99 {
        finding = finding.supported_by(latency.at, words!("webhook-slow-p99", seconds = p99.shown()));
    }
    if let Some(waits) = waits {
        finding = finding.supported_by(waits.at, waits.says());
    }
    if let Some(entry) = entry {
        finding = finding.supported_by(entry.at, words!("webhook-slow-timeout", seconds = entry.timeout_seconds));
        if let Some(service) = &entry.service {
            finding = finding.step(
                Step::new(words!("webhook-slow-look")).run(Risk::Reads, command("kubectl top pods -n {} --containers", &[&service.namespace])),
            );
        }
    }
    finding.step(Step::new(words!("webhook-slow-advice")))
}

/// What the annotations of slow requests say of webhooks.
struct Waits {
    count: u64,
    mean: f64,
    since: Option<Timestamp>,
    at: konspect_bundle::Span,
}

impl Waits {
    fn says(&self) -> konspect_bundle::Words {
        words!("webhook-slow-annotation", count = self.count, seconds = format!("{:.1}", self.mean))
    }
}

fn waits(audit: &AuditSummary) -> Option<Waits> {
    let parts = audit
        .parts
        .iter()
        .filter(|part| WEBHOOKS.contains(&part.component) && part.sum / part.count.max(1) > 100_000_000);
    let (mut count, mut sum, mut slowest) = (0, 0_u64, None);
    for part in parts {
        count += part.count;
        sum = sum.saturating_add(part.sum);
        slowest = slowest.max(part.slowest);
    }
    #[expect(clippy::cast_precision_loss, reason = "a mean of nano-seconds is shown with one digit")]
    let mean = sum as f64 / 1e9 / count.max(1) as f64;
    let at = slowest?.1;
    Some(Waits { count, mean, since: waits_since(audit, WEBHOOKS), at })
}
