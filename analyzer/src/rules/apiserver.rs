//! The rules of the family `apiserver`, and what those on clients share.

mod aggregated_api_unavailable;
mod client_list_storm;
mod client_request_flood;
mod client_watch_leak;
mod client_write_storm;
mod deprecated_api_in_use;
mod free_tier_control_plane;
mod managed_apiserver_guard_active;
mod request_latency_over_slo;
mod requests_rejected_by_priority_and_fairness;
mod webhook_deadlock;
mod webhook_slow;
mod webhook_unreachable_blocks_writes;

use konspect_audit::containment::is_exempt;
use konspect_audit::{AuditSummary, ClientSummary, SeriesSummary};
use konspect_bundle::{Span, Words, words};

use super::Registered;
use crate::facts::clients::{Habit, Harm, Heavy, account, cut_many, heavy, unread_many};
use crate::facts::{Listing, Missing};
use crate::finding::{Confidence, Finding, Meta, Risk, Severity, Step, Subject};
use crate::model::kube::{FlowSchema, Webhook};
use crate::parse::TableKind;
use crate::rules::Checked;
use crate::shell::command;

pub static RULES: &[Registered] = &[
    Registered::of::<client_request_flood::ClientRequestFlood>(),
    Registered::of::<client_watch_leak::ClientWatchLeak>(),
    Registered::of::<client_list_storm::ClientListStorm>(),
    Registered::of::<client_write_storm::ClientWriteStorm>(),
    Registered::of::<request_latency_over_slo::RequestLatencyOverSlo>(),
    Registered::of::<requests_rejected_by_priority_and_fairness::RequestsRejectedByPriorityAndFairness>(),
    Registered::of::<managed_apiserver_guard_active::ManagedApiserverGuardActive>(),
    Registered::of::<free_tier_control_plane::FreeTierControlPlane>(),
    Registered::of::<aggregated_api_unavailable::AggregatedApiUnavailable>(),
    Registered::of::<deprecated_api_in_use::DeprecatedApiInUse>(),
    Registered::of::<webhook_unreachable_blocks_writes::WebhookUnreachableBlocksWrites>(),
    Registered::of::<webhook_deadlock::WebhookDeadlock>(),
    Registered::of::<webhook_slow::WebhookSlow>(),
];

/// The sentences in which the three storms differ.
struct Storm {
    habit: Habit,
    title: fn(heavy: &Heavy<'_>, user: &str, agent: &str, rate: &str) -> Words,
    line: fn(verb: &str, resource: &str, count: u64) -> Words,
    advice: fn() -> Words,
}

/// Finds the clients whose load is of one kind, or clears the kind with the busiest client's line.
fn storms(meta: &'static Meta, storm: &Storm, audit: &AuditSummary, schemas: Option<&Listing<FlowSchema>>, out: &mut Checked) {
    for heavy in heavy(audit).iter().filter(|heavy| heavy.habit == storm.habit).take(3) {
        out.found(found(meta, storm, heavy, schemas));
    }
    if out.findings.is_empty() {
        if let Some(unread) = unread(audit) {
            return out.blind(unread);
        }
        if cut_many(audit) {
            return out.blind(cut(audit, |count, total| words!("client-load-cut", count = count, total = total)));
        }
        clear(storm.habit, audit, out);
    }
}

/// Clears a kind of load with the line of the client that asked most, or wrote most.
fn clear(habit: Habit, audit: &AuditSummary, out: &mut Checked) {
    let seconds = audit.seconds();
    let writers = audit.others().filter_map(|client| Some((client, written(client)?)));
    let busiest = audit.others().max_by_key(|client| client.total.requests);
    let busiest = busiest.and_then(|client| Some((client, client.total.first?)));
    match (habit, writers.max_by_key(|(_, (writes, _))| *writes), busiest) {
        (Habit::Writes, Some((client, (writes, at))), _) => {
            out.cleared(at, words!("client-write-storm-cleared", user = &client.user, writes = writes, seconds = seconds));
        }
        (Habit::Writes, None, Some((_, (_, at)))) => out.cleared(at, words!("client-write-storm-none", seconds = seconds)),
        (_, _, Some((client, (_, at)))) => {
            let requests = client.total.requests;
            out.cleared(at, words!("client-load-cleared", user = &client.user, requests = requests, seconds = seconds));
        }
        (_, _, None) => {}
    }
}

/// How often a client wrote, and the first time.
fn written(client: &ClientSummary) -> Option<(u64, Span)> {
    let writes = || client.series.iter().filter(|series| series.verb.mutates()).map(|series| &series.tally);
    let (_, at) = writes().filter_map(|tally| tally.first).min()?;
    Some((writes().map(|tally| tally.requests).sum(), at))
}

/// The audit log is there, but too much of it could not be read to clear anybody.
fn unread(audit: &AuditSummary) -> Option<Missing> {
    let (at, _) = audit.refusals.first().filter(|_| unread_many(audit))?;
    let says = words!("client-load-unread", count = audit.reading.refused, total = audit.reading.records);
    Some(Missing { because: Some((says, *at)), ..Missing::table(TableKind::Audit) })
}

/// The audit log is there, but too many of its events were cut to judge by it.
fn cut(audit: &AuditSummary, says: fn(u64, u64) -> Words) -> Missing {
    let at = audit.others().filter_map(|client| client.total.first).map(|(_, at)| at).min().unwrap_or_default();
    Missing { because: Some((says(audit.reading.partial, audit.reading.events), at)), ..Missing::table(TableKind::Audit) }
}

fn found(meta: &'static Meta, storm: &Storm, heavy: &Heavy<'_>, schemas: Option<&Listing<FlowSchema>>) -> Finding {
    let user = &named(heavy.client);
    let denied = heavy.harm.denied * 2 > heavy.client.total.requests;
    let rate = format!("{:.1}", heavy.per_second);
    let top = heavy.top;
    // That the others suffer from this client and not from something beside it, a log cannot prove.
    let confidence = if heavy.hurts() { Confidence::Likely } else { Confidence::Possible };
    let mut finding = meta
        .finding(
            client(user),
            if denied { words!("client-load-denied-title", user = user, agent = short(&heavy.client.agent), rate = &rate) } else { (storm.title)(heavy, user, &short(&heavy.client.agent), &rate) },
            heavy.at,
            (storm.line)(top.verb.as_str(), &resource(top), top.tally.requests),
        )
        .confidence(confidence)
        .severity(if heavy.hurts() { Severity::Critical } else { Severity::Warning })
        .since(heavy.since)
        .until(heavy.until)
        .affected(usize::try_from(heavy.requests).unwrap_or(usize::MAX));
    for series in others(heavy) {
        if let Some((_, at)) = series.tally.first {
            finding = finding.supported_by(at, (storm.line)(series.verb.as_str(), &resource(series), series.tally.requests));
        }
    }
    if let Some((slowest, at)) = top.tally.slowest.filter(|_| !denied) {
        let seconds = format!("{:.1}", micros(slowest));
        let busy = format!("{:.1}", heavy.in_flight);
        finding = finding
            .supported_by(at, words!("client-load-cost", share = heavy.share, busy = busy, slowest = seconds));
    }
    finding = hurt(finding, heavy.harm, heavy.at);
    if heavy.repeats {
        finding = finding.supported_by(heavy.at, words!("client-load-repeats"));
    }
    if let Some(schema) = schemas.and_then(|schemas| schema_for(schemas, &heavy.client.user)) {
        // Somebody already throttles this client: what is turned away is turned away on purpose.
        finding = finding.supported_by(
            schema.at,
            words!("client-load-throttled", schema = &schema.meta.name, level = &schema.priority_level),
        );
        if heavy.harm.others_rejected == 0 && heavy.harm.rejected > 0 {
            finding = finding.severity(Severity::Warning);
        }
    }
    advise(finding, &heavy.client.user, if denied { words!("client-load-denied-advice") } else { (storm.advice)() })
}

/// Who was turned away, and how slow it became.
fn hurt(mut finding: Finding, harm: Harm, at: Span) -> Finding {
    if harm.denied > 0 {
        finding = finding.supported_by(at, words!("client-load-denied", count = harm.denied));
    }
    if harm.rejected > 0 {
        finding = finding.supported_by(at, words!("client-load-rejected", count = harm.rejected));
    }
    if harm.others_rejected > 0 {
        finding = finding
            .supported_by(harm.others_at.unwrap_or(at), words!("client-load-others-rejected", count = harm.others_rejected));
    }
    if let Some((count, at)) = harm.queued {
        finding = finding.supported_by(at, words!("client-load-queued", count = count));
    }
    match harm.breached {
        Some(breached) => finding.supported_by(breached, words!("client-load-breach")),
        None => finding,
    }
}

/// The user; the address it asks from where it showed no credentials that the API server knows.
fn named(client: &ClientSummary) -> String {
    match (client.user.as_str(), client.addresses.first()) {
        ("", Some((address, _))) => address.clone(),
        (user, _) => user.to_owned(),
    }
}

/// What else the client asks in the same habit, when it is a tenth of its load or more.
fn others<'a>(heavy: &Heavy<'a>) -> Vec<&'a SeriesSummary> {
    let mut others: Vec<&SeriesSummary> = heavy
        .client
        .series
        .iter()
        .filter(|series| Habit::of(series.verb) == Some(heavy.habit) && !std::ptr::eq(*series, heavy.top))
        .filter(|series| series.tally.requests * 10 >= heavy.requests)
        .collect();
    others.sort_by_key(|series| std::cmp::Reverse(series.tally.requests));
    others.truncate(3);
    others
}

/// How to find the program, and how to throttle it.
fn advise(finding: Finding, user: &str, advice: Words) -> Finding {
    let (namespace, name) = account(user);
    let mut finding = finding.step(Step::new(advice));
    if !namespace.is_empty() {
        finding = finding.step(Step::new(words!("client-load-find", name = name)).run(
            Risk::Reads,
            command("kubectl get pods -n {} -o custom-columns=NAME:.metadata.name,ACCOUNT:.spec.serviceAccountName", &[namespace]),
        ));
    }
    if user.is_empty() || is_exempt(user) { finding } else { finding.step(Step::new(words!("client-load-throttle", user = user))) }
}

fn client(user: &str) -> Subject {
    Subject::new("Client", "", user)
}

/// A schema of somebody's own that names this user or its service account.
fn schema_for<'a>(schemas: &'a Listing<FlowSchema>, user: &str) -> Option<&'a FlowSchema> {
    let (namespace, name) = account(user);
    let full = format!("{namespace}/{name}");
    schemas.iter().find(|schema| {
        schema.subjects.iter().any(|subject| subject == user || !namespace.is_empty() && *subject == full)
    })
}

/// The part of a user agent that names the program, for titles.
fn short(agent: &str) -> String {
    let name = agent.split(' ').next().unwrap_or(agent);
    if name.is_empty() { "-".to_owned() } else { name.chars().take(40).collect() }
}

fn resource(series: &konspect_audit::SeriesSummary) -> String {
    if series.subresource.is_empty() {
        series.resource.clone()
    } else {
        format!("{}/{}", series.resource, series.subresource)
    }
}

#[expect(clippy::cast_precision_loss, reason = "latencies are far below 2^52 micro-seconds")]
fn micros(micros: u64) -> f64 {
    micros as f64 / 1e6
}

/// The configuration of a webhook, or the webhook by its name where none was collected.
fn webhook_subject(name: &str, entry: Option<&Webhook>) -> Subject {
    match entry {
        Some(entry) => Subject::new(kind_of(entry), "", &entry.configuration.name),
        None => Subject::new("Webhook", "", name),
    }
}

fn kind_of(entry: &Webhook) -> &'static str {
    if entry.mutating { "MutatingWebhookConfiguration" } else { "ValidatingWebhookConfiguration" }
}

/// The part of an error that follows the webhook's name, shortened for a sentence.
fn cause_of(text: &str) -> String {
    let rest = crate::facts::webhooks::named(text).map_or(text, |(_, rest)| rest);
    rest.trim_start_matches([':', ' ']).chars().take(240).collect()
}

/// How to take the webhook out of the way: the policy first, which can be put back.
fn relax(finding: Finding, entry: Option<&Webhook>) -> Finding {
    let Some(entry) = entry else { return finding };
    let name = &entry.configuration.name;
    let (get, delete) = if entry.mutating {
        ("kubectl get mutatingwebhookconfiguration {} -o yaml", "kubectl delete mutatingwebhookconfiguration {}")
    } else {
        ("kubectl get validatingwebhookconfiguration {} -o yaml", "kubectl delete validatingwebhookconfiguration {}")
    };
    finding
        .step(Step::new(words!("webhook-save")).run(Risk::Reads, command(get, &[name])))
        .step(Step::new(words!("webhook-delete")).run(Risk::Disrupts, command(delete, &[name])))
}
