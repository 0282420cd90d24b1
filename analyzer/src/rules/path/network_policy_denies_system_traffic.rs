//! A network policy cuts pods off from the name service, or system components from what they need.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::{Span, Words, words};

use crate::facts::policies::Policies;
use crate::facts::{Events, Facts, Pods};
use crate::finding::{Confidence, Finding, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::kube::{Pod, Status};
use crate::model::log::{Component, Signal};
use crate::model::network_error::NetworkError;
use crate::model::node_files::LookupResult;
use crate::model::workload::NetworkPolicy;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct NetworkPolicyDeniesSystemTraffic;

static META: Meta = rule_meta!(
    "KSP1008",
    "network-policy-denies-system-traffic",
    Path,
    Cause,
    Critical,
    "network_policy_denies_system_traffic.md"
);

/// The flow that a policy cuts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Flow {
    Dns,
    ApiServer,
    Tunnel,
}

impl Rule for NetworkPolicyDeniesSystemTraffic {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let listing = match facts.network_policies.get() {
            Ok(listing) => listing,
            Err(missing) => return out.blind(missing),
        };
        if listing.is_empty() {
            if listing.complete {
                out.cleared(listing.at(), words!("network-policy-denies-system-traffic-none"));
            }
            return;
        }
        let pods = match facts.pods.get() {
            Ok(pods) => pods,
            Err(missing) => return out.blind(missing),
        };
        let policies =
            Policies::new(listing, facts.namespaces.ok(), Some(pods), facts.services.ok());
        let mut cut: BTreeMap<(Flow, String, String), (&NetworkPolicy, Vec<&Pod>)> = BTreeMap::new();
        let mut note = |flow: Flow, denying: Vec<&'_ NetworkPolicy>, pod| {
            // The narrowest policy is not the culprit; the one that came last is.
            let last = denying.into_iter().max_by_key(|policy| policy.meta.created.get());
            let Some(policy) = last.and_then(|last| {
                listing.iter().find(|policy| policy.at == last.at)
            }) else {
                return;
            };
            let key = (flow, policy.meta.namespace.to_string(), policy.meta.name.to_string());
            cut.entry(key).or_insert_with(|| (policy, Vec::new())).1.push(pod);
        };
        for pod in pods.iter().filter(|pod| !pod.succeeded()) {
            note(Flow::Dns, policies.denies_dns(pod), pod);
            if is_system(pod) {
                note(Flow::ApiServer, policies.denies_apiserver(pod), pod);
            }
        }
        for (pod, port) in called(facts, pods) {
            note(Flow::Tunnel, policies.denies_tunnel(pod, port), pod);
        }
        let mut clear = true;
        for ((flow, ..), (policy, pods)) in &cut {
            clear = false;
            out.found(finding(facts, *flow, policy, pods));
        }
        if clear && listing.complete {
            let at = listing.first().map_or_else(|| listing.at(), |policy| policy.at);
            out.cleared(at, words!("network-policy-denies-system-traffic-allowed", count = listing.len()));
        }
    }
}

/// Pods of `kube-system` that live on the API server.
fn is_system(pod: &Pod) -> bool {
    pod.meta.namespace == "kube-system"
        && ["coredns-", "konnectivity-agent-", "metrics-server-"].iter().any(|prefix| {
            pod.meta.name.starts_with(prefix) && !pod.meta.name.contains("-autoscaler-")
        })
}

/// Pods that the API server calls through the tunnel: behind webhooks and aggregated APIs.
fn called<'f>(facts: &'f Facts, pods: &'f Pods) -> Vec<(&'f Pod, u16)> {
    let webhooks = facts.webhooks.ok().into_iter().flat_map(|webhooks| webhooks.iter());
    let apis = facts.api_services.ok().into_iter().flat_map(|apis| apis.iter());
    let mut targets: Vec<_> = webhooks
        .filter_map(|webhook| webhook.service.clone())
        .chain(apis.filter_map(|api| api.service.clone()))
        .collect();
    targets.sort();
    targets.dedup();
    let mut found = Vec::new();
    for target in targets {
        let Some(service) =
            facts.services.ok().and_then(|services| services.get(&target.namespace, &target.name))
        else {
            continue;
        };
        let number = service
            .ports
            .iter()
            .find(|port| port.port == target.port)
            .or(service.ports.first())
            .map(|port| port.target.parse().unwrap_or(port.port));
        let Some(number) = number.filter(|_| !service.selector.is_empty()) else { continue };
        let selected = pods.iter().filter(|pod| {
            pod.meta.namespace == service.meta.namespace
                && service.selector.iter().all(|(key, value)| pod.meta.label(key) == Some(value))
        });
        found.extend(selected.map(|pod| (pod, number)));
    }
    found
}

fn finding(facts: &Facts, flow: Flow, policy: &NetworkPolicy, pods: &[&Pod]) -> Finding {
    let (namespace, name) = (&policy.meta.namespace, &policy.meta.name);
    let title = match flow {
        Flow::Dns => words!(
            "network-policy-denies-system-traffic-title-dns",
            name = name,
            namespace = namespace
        ),
        Flow::ApiServer => words!(
            "network-policy-denies-system-traffic-title-api",
            name = name,
            namespace = namespace
        ),
        Flow::Tunnel => words!(
            "network-policy-denies-system-traffic-title-tunnel",
            name = name,
            namespace = namespace
        ),
    };
    let says = words!(
        "network-policy-denies-system-traffic-selects",
        name = name,
        count = pods.len()
    );
    let mut symptoms = symptoms(facts, flow, namespace, pods);
    let direct = !symptoms.is_empty();
    if !direct {
        symptoms = unready(policy, pods);
    }
    let first = symptoms.iter().filter_map(|(time, ..)| *time).min();
    let day = 86_400;
    let recent = match (policy.meta.created.get(), first) {
        (Some(created), Some(first)) => first.duration_since(created).as_secs() <= day,
        _ => first.is_none(),
    };
    let mut finding = META
        .finding(Subject::new("NetworkPolicy", namespace, name), title, policy.at, says)
        .since(if recent { policy.meta.created.get().or(first) } else { first })
        .affected(pods.len())
        .scope(if namespace == "kube-system" {
            Scope::Cluster
        } else {
            Scope::Namespace(namespace.to_string())
        });
    finding = match (direct, symptoms.is_empty()) {
        (true, _) => finding.confidence(Confidence::Proven),
        (false, false) => finding,
        (false, true) => finding.confidence(Confidence::Possible).severity(Severity::Warning),
    };
    for (_, at, says) in symptoms.into_iter().take(3) {
        finding = finding.supported_by(at, says);
    }
    let show = Step::new(words!("network-policy-denies-system-traffic-show")).run(
        Risk::Reads,
        command("kubectl get networkpolicy {} -n {} -o yaml", &[name, namespace]),
    );
    finding.step(show).step(Step::new(match flow {
        Flow::Dns => words!("network-policy-denies-system-traffic-allow-dns", namespace = namespace),
        Flow::ApiServer => words!("network-policy-denies-system-traffic-allow-api"),
        Flow::Tunnel => {
            words!("network-policy-denies-system-traffic-allow-tunnel", namespace = namespace)
        }
    }))
}

/// Pods that turned unready within the hour after the policy came.
fn unready(policy: &NetworkPolicy, pods: &[&Pod]) -> Vec<Symptom> {
    let Some(created) = policy.meta.created.get() else { return Vec::new() };
    let of_pod = |pod: &&Pod| {
        let ready = pod.condition("Ready").filter(|ready| ready.status == Status::False)?;
        let after = ready.transition.get()?.duration_since(created).as_secs();
        (0..=3600).contains(&after).then(|| {
            let says = words!(
                "network-policy-denies-system-traffic-not-ready",
                pod = &pod.meta.name
            );
            (ready.transition.get(), ready.at.get(), says)
        })
    };
    pods.iter().filter_map(of_pod).collect()
}

type Symptom = (Option<Timestamp>, Span, Words);

/// What shows that the cut hurts.
fn symptoms(facts: &Facts, flow: Flow, namespace: &str, pods: &[&Pod]) -> Vec<Symptom> {
    let mut found = match flow {
        Flow::Dns => unresolved(facts, namespace, pods),
        Flow::ApiServer => dials(facts, pods),
        Flow::Tunnel => calls(facts, namespace),
    };
    found.sort_by_key(|(time, at, _)| (time.is_none(), *time, *at));
    found
}

/// Name look-ups of these pods that got no answer.
fn unresolved(facts: &Facts, namespace: &str, pods: &[&Pod]) -> Vec<Symptom> {
    let mut found = Vec::new();
    for log in facts.logs.ok().into_iter().flat_map(|logs| logs.iter()) {
        let ours = pods.iter().any(|pod| {
            pod.meta.name == log.origin.pod
                && (log.origin.namespace.is_empty() || log.origin.namespace == namespace)
        });
        let Some(count) = log.signal(Signal::NetworkFailure).filter(|_| ours) else { continue };
        let hit = count.hits.iter().find(|hit| {
            matches!(
                hit.error,
                Some(NetworkError::LookupTimeout { .. } | NetworkError::LookupFailed { .. })
            )
        });
        if let Some(hit) = hit {
            let says = words!(
                "network-policy-denies-system-traffic-lookup",
                pod = &log.origin.pod,
                name = &hit.detail
            );
            found.push((hit.time, hit.at, says));
        }
    }
    for lookup in facts.lookups.ok().into_iter().flat_map(|lookups| lookups.iter()) {
        let pod = lookup.value.pod.split_once('/').filter(|(space, _)| *space == namespace);
        let silent = matches!(lookup.value.result, LookupResult::Timeout | LookupResult::Refused);
        if let Some((_, pod)) = pod.filter(|_| silent) {
            let says = words!(
                "network-policy-denies-system-traffic-lookup",
                pod = pod,
                name = &lookup.value.name
            );
            found.push((None, lookup.value.at, says));
        }
    }
    found
}

/// System pods whose logs say that the API server does not answer.
fn dials(facts: &Facts, pods: &[&Pod]) -> Vec<Symptom> {
    let signals = [
        Signal::AgentCannotConnect,
        Signal::DnsKubernetesUnreachable,
        Signal::NetworkFailure,
    ];
    let logs = facts.logs.ok().into_iter().flat_map(|logs| logs.iter());
    logs.filter(|log| {
        matches!(
            log.origin.component,
            Component::TunnelAgent | Component::CoreDns | Component::MetricsServer
        ) && pods.iter().any(|pod| pod.meta.name == log.origin.pod)
    })
    .filter_map(|log| {
        let hits = signals.iter().filter_map(|signal| log.signal(*signal));
        let hit = hits.flat_map(|count| &count.hits).find(|hit| {
            matches!(
                hit.error,
                Some(NetworkError::DialTimeout { .. } | NetworkError::LookupTimeout { .. })
            )
        })?;
        let says =
            words!("network-policy-denies-system-traffic-dial", pod = &log.origin.pod);
        Some((hit.time, hit.at, says))
    })
    .collect()
}

/// Calls of webhooks or aggregated APIs in the namespace that got no answer.
fn calls(facts: &Facts, namespace: &str) -> Vec<Symptom> {
    let mut found = Vec::new();
    let needle = format!(".{namespace}.svc");
    for event in facts.events.ok().into_iter().flat_map(Events::iter) {
        let failed = event.message.contains("failed calling webhook")
            && event.message.contains(&needle)
            && ["deadline exceeded", "i/o timeout", "code 504"]
                .iter()
                .any(|words| event.message.contains(words));
        if failed {
            let says = words!("network-policy-denies-system-traffic-call");
            found.push((event.first.get().or(event.last.get()), event.at, says));
        }
    }
    for api in facts.api_services.ok().into_iter().flat_map(|apis| apis.iter()) {
        let ours = api.service.as_ref().is_some_and(|service| service.namespace == namespace);
        let down = api.available.as_ref().filter(|condition| {
            condition.told.reason == "FailedDiscoveryCheck"
                && ["deadline exceeded", "i/o timeout", "code 504"]
                    .iter()
                    .any(|words| condition.told.message.contains(words))
        });
        if let Some(condition) = down.filter(|_| ours) {
            let says = words!("network-policy-denies-system-traffic-call");
            found.push((condition.transition.get(), condition.at.get(), says));
        }
    }
    found
}
