//! Webhooks that could not be called: who says so, why, and what stands behind them.
//!
//! A webhook that says no is none of these: that is its work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::Timestamp;
use konspect_audit::Failure;
use konspect_bundle::Span;
use memchr::memmem;

use super::clients::time;
use super::metrics::Metrics;
use super::{Events, Facts, Pods, Services};
use crate::model::kube::{LabelSelector, ServiceRef, Webhook};
use crate::model::log::Signal;

/// One call of so many that fails is no webhook out of reach: its Pods were replaced, or it was so for a moment.
const RARE: u64 = 100;

/// Fewer failures of so many calls are not worth a word.
const NOTABLE: u64 = 10;

/// Why a call failed, by the words of the API server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    ServiceNotFound,
    NoEndpoints,
    /// A certificate the API server does not trust, or that expired.
    Certificate,
    Refused,
    TimedOut,
    /// The tunnel to the nodes, not the webhook.
    Tunnel,
    #[default]
    Other,
}

/// What a failing call says.
pub fn reason(text: &str) -> Reason {
    let has = |part: &str| text.contains(part);
    if has("no endpoints available for service") {
        Reason::NoEndpoints
    } else if has("service \"") && has("not found") {
        Reason::ServiceNotFound
    } else if has("x509:") || has("tls: ") {
        Reason::Certificate
    } else if has("No agent available")
        || has("proxy error")
        || has("tunnel-uds")
        || has("proxysocket")
        || has("error dialing backend")
    {
        Reason::Tunnel
    } else if has("connection refused") {
        Reason::Refused
    } else if has("deadline exceeded")
        || has("i/o timeout")
        || has("Client.Timeout")
        || has("handshake timeout")
    {
        Reason::TimedOut
    } else {
        Reason::Other
    }
}

/// The webhook that a text says could not be called, and the rest of the text.
pub fn named(text: &str) -> Option<(&str, &str)> {
    // One search first: most texts say nothing of the kind.
    static CALLING: LazyLock<memmem::Finder<'static>> =
        LazyLock::new(|| memmem::Finder::new("failed calling "));
    let at = CALLING.find(text.as_bytes())?;
    let at = ["failed calling webhook \"", "failed calling admission webhook \""]
        .into_iter()
        .find_map(|start| text.get(at..)?.split_once(start).map(|(_, rest)| rest))?;
    at.split_once('"')
}

/// One place that says a call failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    pub text: String,
    pub count: u64,
    pub first: Option<Timestamp>,
    /// The namespace of the object that could not be made, where it is known.
    pub namespace: String,
    /// Of how many calls, where these are a small part of them: the webhook answers.
    pub rare_of: Option<u64>,
    pub at: Span,
}

/// One webhook that could not be called.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failing<'a> {
    pub name: String,
    /// Its entries in configurations; none where those were not collected.
    pub entries: Vec<&'a Webhook>,
    pub witnesses: Vec<Witness>,
    pub reasons: BTreeSet<Reason>,
}

impl Failing<'_> {
    pub fn count(&self) -> u64 {
        self.witnesses.iter().map(|witness| witness.count).max().unwrap_or(0)
    }

    pub fn since(&self) -> Option<Timestamp> {
        self.witnesses.iter().filter_map(|witness| witness.first).min()
    }

    /// Of how many calls they are a small part, where nothing else tells of a failure.
    pub fn rare_of(&self) -> Option<u64> {
        let rare = self.witnesses.iter().map(|witness| witness.rare_of);
        rare.collect::<Option<Vec<u64>>>()?.into_iter().max()
    }

    /// True when every entry of that name is passed over when it fails.
    pub fn ignored(&self) -> bool {
        !self.entries.is_empty() && self.entries.iter().all(|entry| !entry.fails_closed)
    }

    /// True when the calls failed on the way to the nodes and nowhere else.
    pub fn only_tunnel(&self) -> bool {
        self.reasons.iter().all(|reason| *reason == Reason::Tunnel)
    }

    pub fn service(&self) -> Option<&ServiceRef> {
        self.entries.iter().find_map(|entry| entry.service.as_ref())
    }
}

/// Webhooks that could not be called, most failures first. Those that fail open are left out.
pub fn failing(facts: &Facts) -> Vec<Failing<'_>> {
    let mut by_name: BTreeMap<String, Failing<'_>> = BTreeMap::new();
    let mut note = |name: &str, witness: Witness, reason: Option<Reason>| {
        let failing = by_name
            .entry(name.to_owned())
            .or_insert_with(|| Failing { name: name.to_owned(), ..Failing::default() });
        failing.reasons.extend(reason);
        failing.witnesses.push(witness);
    };
    for event in facts.events.ok().into_iter().flat_map(Events::iter) {
        if let Some((name, rest)) = named(&event.message) {
            let namespace = event.object.namespace.to_string();
            let first = event.first.get().or(event.last.get());
            note(
                name,
                Witness {
                    text: event.message.to_string(),
                    count: event.count.max(1),
                    first,
                    namespace,
                    rare_of: None,
                    at: event.at,
                },
                Some(reason(rest)),
            );
        }
    }
    for failure in facts
        .audit
        .ok()
        .into_iter()
        .flat_map(|audit| &audit.failures)
        .filter(|failure| failure.kind == Failure::WebhookFailed)
    {
        if let Some((first, at)) = failure.first {
            let witness = Witness {
                text: failure.message.clone(),
                count: failure.count,
                first: time(first),
                namespace: String::new(),
                rare_of: None,
                at,
            };
            note(&failure.name, witness, Some(reason(&failure.message)));
        }
    }
    for (_, hit) in
        facts.logs.ok().into_iter().flat_map(|logs| logs.hits(Signal::WebhookFailedClosed))
    {
        let (name, rest) = named(&hit.text).unwrap_or((&hit.detail, &hit.text));
        if !name.is_empty() {
            let witness = Witness {
                text: hit.text.clone(),
                count: 1,
                first: hit.time,
                namespace: String::new(),
                rare_of: None,
                at: hit.at,
            };
            note(name, witness, Some(reason(rest)));
        }
    }
    for command in facts.commands.ok().into_iter().flat_map(|commands| commands.iter()) {
        if let Some((name, rest)) = named(&command.error_text) {
            let witness = Witness {
                text: command.error_text.clone(),
                count: 1,
                first: command.started,
                namespace: String::new(),
                rare_of: None,
                at: command.at,
            };
            note(name, witness, Some(reason(rest)));
        }
    }
    for workload in facts.workloads.ok().into_iter().flat_map(|workloads| workloads.iter()) {
        for condition in &workload.conditions {
            if let Some((name, rest)) = named(&condition.told.message) {
                let namespace = workload.meta.namespace.clone();
                let witness = Witness {
                    text: condition.told.message.to_string(),
                    count: 1,
                    first: condition.transition.get(),
                    namespace: namespace.to_string(),
                    rare_of: None,
                    at: condition.at.get(),
                };
                note(name, witness, Some(reason(rest)));
            }
        }
    }
    let metrics = facts.scrapes.ok().map(Metrics::new);
    for row in metrics.as_ref().map(Metrics::webhook_failures).unwrap_or_default() {
        // The count is of the process's whole life: what does not grow is over.
        if !row.since.stands_still() {
            let (count, at) = (row.total, row.at);
            let calls = metrics.as_ref().and_then(|metrics| metrics.calls_of_webhook(&row.of));
            let rare_of = calls.and_then(|(all, lately)| {
                let (failed, of) = row.since.by().zip(lately).unwrap_or((count, all));
                (failed.saturating_mul(RARE) < of).then_some(all)
            });
            let witness = Witness {
                text: String::new(),
                count,
                first: None,
                namespace: String::new(),
                rare_of,
                at,
            };
            note(&row.of, witness, None);
        }
    }
    let entries = facts.webhooks.ok();
    let mut failing: Vec<Failing<'_>> = by_name
        .into_values()
        .map(|mut failing| {
            failing.entries = entries
                .into_iter()
                .flat_map(|entries| entries.iter())
                .filter(|entry| entry.name == failing.name)
                .collect();
            failing
        })
        .filter(|failing| {
            !failing.ignored() && (failing.rare_of().is_none() || failing.count() >= NOTABLE)
        })
        .collect();
    failing.sort_by(|a, b| (b.count(), &a.name).cmp(&(a.count(), &b.name)));
    failing
}

/// What stands behind a webhook.
#[derive(Clone, Debug, PartialEq)]
pub enum Backend {
    /// Its service is not there.
    NoService(Span),
    /// Its service has no ready endpoint.
    NotReady(Span),
    Ready(usize, Span),
    /// A URL, or nothing that shows services and endpoints.
    Unknown,
}

/// The backend of a service, by Services and EndpointSlices, else by its Pods.
pub fn backend(services: Option<&Services>, pods: Option<&Pods>, service: &ServiceRef) -> Backend {
    let Some(services) = services else { return Backend::Unknown };
    let row = services.get(&service.namespace, &service.name);
    let Some(row) = row else {
        if services.listed() {
            return Backend::NoService(services.at());
        }
        return match services.ready_endpoints(&service.namespace, &service.name) {
            Some(0) => Backend::NotReady(services.endpoints_at().unwrap_or_default()),
            Some(ready) => Backend::Ready(ready, services.endpoints_at().unwrap_or_default()),
            None => Backend::Unknown,
        };
    };
    if let Some(ready) = services.ready_endpoints(&service.namespace, &service.name) {
        let slice =
            services.slices(&service.namespace, &service.name).first().map(|slice| slice.at);
        let at = slice.or(services.endpoints_at()).unwrap_or(row.at);
        return if ready == 0 { Backend::NotReady(at) } else { Backend::Ready(ready, at) };
    }
    let Some(pods) = pods.filter(|_| !row.selector.is_empty()) else { return Backend::Unknown };
    let selector = LabelSelector { labels: row.selector.clone(), expressions: Vec::new() };
    let ready = pods
        .in_namespace(&service.namespace)
        .filter(|pod| selector.matches(&pod.meta.labels) && pod.ready())
        .count();
    if ready == 0 { Backend::NotReady(row.at) } else { Backend::Ready(ready, row.at) }
}

/// True when creating a Pod of the webhook's own backend needs the webhook.
pub fn guards_itself(facts: &Facts, entry: &Webhook) -> bool {
    let Some(service) =
        entry.service.as_ref().filter(|_| entry.fails_closed && !entry.has_match_conditions)
    else {
        return false;
    };
    let any = |list: &[String], wanted: &str| list.iter().any(|item| item == "*" || item == wanted);
    let pods = entry.rules.iter().any(|rule| {
        any(&rule.operations, "CREATE")
            && any(&rule.groups, "")
            && (any(&rule.resources, "pods") || any(&rule.resources, "*/*"))
    });
    let mut labels = facts
        .namespaces
        .ok()
        .and_then(|namespaces| {
            namespaces.iter().find(|namespace| namespace.meta.name == service.namespace)
        })
        .map(|namespace| namespace.meta.labels.clone())
        .unwrap_or_default();
    labels.insert("kubernetes.io/metadata.name".to_owned(), service.namespace.clone().into());
    let own = facts
        .services
        .ok()
        .and_then(|services| services.get(&service.namespace, &service.name))
        .map(|service| &service.selector);
    let pod = own.cloned().unwrap_or_default();
    pods && entry.namespace_selector.matches(&labels) && entry.object_selector.matches(&pod)
}
