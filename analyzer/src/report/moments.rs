//! Moments of the time line that are neither findings nor events: lines of logs that mean something, bursts in the
//! audit log, processes that started, leases that were not renewed any more, metrics of Azure, changes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use konspect_bundle::{Span, words};

use super::timeline::Moment;
use crate::facts::Facts;
use crate::language::Language;
use crate::model::azure::AzureMetric;
use crate::model::kube::Status;
use crate::model::log::{LogFile, Signal, SignalCount};
use crate::model::metrics::MetricsComponent;
use crate::parse::onset::Rate;

/// What is older than this belongs to another day.
const RECENT_HOURS: i64 = 24;
/// Objects that were made this long before the collection count as changes.
const CHANGE_HOURS: i64 = 3;
/// Of a line of a log, so much is shown.
const TEXT: usize = 160;
/// Changes told from the audit log.
const CHANGES: usize = 30;
/// Clients told from it, those that rose most.
const CLIENTS: usize = 3;
/// New objects that still are changes.
const CREATED: usize = 6;
/// Percent of what a disk or a pool of ports may take, from which Azure throttles.
const FULL: f64 = 95.0;

pub(super) fn all(facts: &Facts, language: &Language) -> Vec<Moment> {
    let mut moments = logs(facts, language);
    moments.extend(leases(facts, language));
    moments.extend(processes(facts, language));
    moments.extend(azure(facts, language));
    moments.extend(audit(facts, language));
    moments.extend(created(facts, language));
    moments.retain(|moment| is_within(facts, moment.at, RECENT_HOURS));
    moments
}

fn is_within(facts: &Facts, at: Timestamp, hours: i64) -> bool {
    let since =
        facts.context.now.and_then(|now| now.checked_sub(SignedDuration::from_hours(hours)).ok());
    since.is_none_or(|since| at >= since)
}

fn moment(at: Timestamp, lane: &'static str, source: Span, text: String) -> Moment {
    Moment { at, until: None, lane, source, text, finding: None, count: 1 }
}

/// The lane of a signal; `None` for lines that healthy clusters write as well.
fn lane_of(signal: Signal) -> Option<&'static str> {
    Some(match signal {
        Signal::AgentCannotConnect
        | Signal::AgentStreamBroken
        | Signal::AgentDialFailed
        | Signal::AgentKeepaliveTimeout
        | Signal::TunnelServerNoAgent
        | Signal::TunnelServerDialFailed => "tunnel",
        Signal::PlegUnhealthy
        | Signal::RuntimeDown
        | Signal::RuntimeDeadline
        | Signal::RuntimeUnavailable
        | Signal::LeaseFailed
        | Signal::NodeStatusFailed
        | Signal::NodeRegistrationFailed
        | Signal::KubeletUnauthorized
        | Signal::KubeletCertificateExpired
        | Signal::EvictionStarted
        | Signal::ThreadExhaustion
        | Signal::KubeletStarted
        | Signal::KubeletGaveUp
        | Signal::ServiceFailed
        | Signal::ServiceStopped
        | Signal::ServiceRestartScheduled
        | Signal::ClockChanged
        | Signal::KernelOomKill
        | Signal::TaskHung
        | Signal::ConntrackFull
        | Signal::FilesystemError
        | Signal::FilesystemReadOnly
        | Signal::DiskIoError
        | Signal::KernelOops
        | Signal::NoSpaceLeft
        | Signal::KernelBoot => "nodes",
        Signal::DnsUpstreamTimeout
        | Signal::DnsUpstreamRefused
        | Signal::DnsKubernetesUnreachable
        | Signal::DnsLoop => "dns",
        Signal::WebhookFailedClosed
        | Signal::EtcdSlowApply
        | Signal::EtcdRequestTimeout
        | Signal::EtcdSpaceExceeded
        | Signal::EtcdLeaderChanged
        | Signal::LeaderElectionLost
        | Signal::AuthenticationFailed
        | Signal::ApiServerStarted => "api",
        Signal::SubnetFull
        | Signal::AzureThrottled
        | Signal::AzureAuthFailed
        | Signal::AllocationFailed => "platform",
        _ => return None,
    })
}

/// One entry a log and signal, from when it came often.
fn logs(facts: &Facts, language: &Language) -> Vec<Moment> {
    let mut moments = Vec::new();
    for log in facts.logs.ok().into_iter().flat_map(|logs| logs.iter()) {
        for count in &log.signals {
            if let Some(lane) = lane_of(count.signal) {
                moments.extend(of_signal(log, count, lane, language));
            }
        }
    }
    moments
}

fn of_signal(
    log: &LogFile,
    count: &SignalCount,
    lane: &'static str,
    language: &Language,
) -> Option<Moment> {
    let at = count.onset.or(count.first)?;
    let hit = count
        .hits
        .iter()
        .find(|hit| hit.time.is_some_and(|time| time >= at))
        .or(count.hits.first())?;
    let place = [&log.origin.pod, &log.origin.node, &log.origin.container];
    let place = place.into_iter().find(|name| !name.is_empty()).map_or("", String::as_str);
    let text: String = hit.text.chars().take(TEXT).collect();
    let text = if place.is_empty() {
        text
    } else {
        language.say(&words!("timeline-log", place = place, text = text))
    };
    Some(Moment { until: count.last, count: count.count, ..moment(at, lane, hit.at, text) })
}

/// When nodes that are not ready were last heard of.
fn leases(facts: &Facts, language: &Language) -> Vec<Moment> {
    let nodes = facts.nodes.ok();
    facts
        .leases
        .ok()
        .into_iter()
        .flat_map(|leases| leases.iter())
        .filter(|lease| lease.meta.namespace == "kube-node-lease")
        .filter(|lease| {
            let node = nodes.and_then(|nodes| nodes.get(&lease.meta.name));
            node.is_some_and(|node| node.ready().is_some_and(|ready| ready != Status::True))
        })
        .filter_map(|lease| {
            let text = language.say(&words!("timeline-lease", node = &lease.meta.name));
            Some(moment(lease.renewed?, "nodes", lease.at, text))
        })
        .collect()
}

fn processes(facts: &Facts, language: &Language) -> Vec<Moment> {
    facts
        .scrapes
        .ok()
        .into_iter()
        .flat_map(|scrapes| scrapes.iter())
        .filter_map(|scrape| {
            let (name, lane) = match scrape.component {
                MetricsComponent::ApiServer => ("kube-apiserver", "api"),
                MetricsComponent::Etcd => ("etcd", "api"),
                MetricsComponent::Scheduler => ("kube-scheduler", "api"),
                MetricsComponent::ControllerManager => ("kube-controller-manager", "api"),
                MetricsComponent::CoreDns => ("CoreDNS", "dns"),
                MetricsComponent::TunnelAgent => ("konnectivity-agent", "tunnel"),
                MetricsComponent::TunnelServer => ("konnectivity-server", "tunnel"),
                MetricsComponent::Kubelet => ("kubelet", "nodes"),
                MetricsComponent::KubeProxy => ("kube-proxy", "nodes"),
                _ => return None,
            };
            let name = if scrape.node.is_empty() {
                name.to_owned()
            } else {
                format!("{name} ({})", scrape.node)
            };
            let text = language.say(&words!("timeline-process", component = name));
            Some(moment(scrape.process_start?, lane, scrape.at, text))
        })
        .collect()
}

fn azure(facts: &Facts, language: &Language) -> Vec<Moment> {
    let metrics = facts.azure_metrics.ok().into_iter().flat_map(|metrics| metrics.iter());
    let mut moments: Vec<Moment> =
        metrics.filter_map(|metric| of_metric(metric, language)).collect();
    for activity in facts.azure_activities.ok().into_iter().flat_map(|all| all.iter()) {
        // Who began and who accepted are the same change.
        if let Some(at) =
            activity.time.filter(|_| matches!(activity.status.as_str(), "Succeeded" | "Failed"))
        {
            let text = language.say(&words!(
                "timeline-activity",
                operation = &activity.operation,
                status = &activity.status
            ));
            moments.push(moment(at, "changes", activity.at, text));
        }
    }
    moments
}

/// From when to when a share of something was nearly used up, or ports failed to open.
fn of_metric(metric: &AzureMetric, language: &Language) -> Option<Moment> {
    let failed = metric
        .dimensions
        .iter()
        .any(|(name, value)| name == "connectionstate" && value.eq_ignore_ascii_case("failed"));
    let share = metric.name.to_ascii_lowercase().contains("percentage");
    let high = |value: &f64| if failed { *value > 0.0 } else { share && *value >= FULL };
    let mut points = metric.points.iter().filter_map(|point| {
        let value = point.maximum.or(point.total).or(point.average).filter(high)?;
        Some((point.time?, value, point.at))
    });
    let (at, value, source) = points.next()?;
    let until = points.next_back().map(|(time, ..)| time);
    let text = language.say(&words!(
        "timeline-azure-metric",
        name = &metric.name,
        value = format!("{value:.0}")
    ));
    Some(Moment { until, ..moment(at, "platform", source, text) })
}

/// Failures by kind from when they came often, clients that began to ask for more, and changes.
fn audit(facts: &Facts, language: &Language) -> Vec<Moment> {
    let Some(summary) = facts.audit.ok() else { return Vec::new() };
    let time = |microseconds: i64| Timestamp::from_microsecond(microseconds).ok();
    let mut moments = Vec::new();
    for failure in &summary.failures {
        let slots = failure.rate.slots.iter().map(|(start, count)| (start / 1_000_000, *count));
        let onset = Rate::of(failure.rate.slot_seconds, slots).onset();
        let Some((first, at)) = failure.first else { continue };
        let Some(begun) = onset.or(time(first)) else { continue };
        let text: String = failure.message.chars().take(TEXT).collect();
        let code = u64::from(failure.code);
        let user = failure.clients.first().map_or("", |(user, ..)| user.as_str());
        // What is turned away for load says nothing more than its code.
        let text = match (text.is_empty(), user) {
            (false, _) => words!("timeline-audit-failures", code = code, text = text),
            (true, "") => words!("timeline-audit-failures-plain", code = code),
            (true, user) => words!("timeline-audit-failures-of", code = code, user = user),
        };
        let text = language.say(&text);
        let until = failure.last.and_then(|(last, _)| time(last));
        moments.push(Moment { until, count: failure.count, ..moment(begun, "api", at, text) });
    }
    let mut risen: Vec<_> = summary
        .clients
        .iter()
        .filter(|client| !client.collector)
        .filter_map(|client| Some((client, client.onset?)))
        .collect();
    risen.sort_by_key(|(client, onset)| {
        (std::cmp::Reverse(onset.after), &client.user, &client.agent)
    });
    for (client, onset) in risen.into_iter().take(CLIENTS) {
        let Some(begun) = time(onset.time) else { continue };
        let name = if client.agent.is_empty() { &client.user } else { &client.agent };
        let text = language.say(&words!("timeline-audit-client", client = name));
        let at = client.total.first.map(|(_, at)| at).unwrap_or_default();
        moments.push(moment(begun, "api", at, text));
    }
    // Controllers change things all the time; people and pipelines are news.
    let news = summary.changes.iter().filter(|change| !change.user.starts_with("system:"));
    for change in news.take(CHANGES) {
        let Some((at, source)) = change.first else { continue };
        let Some(at) = time(at) else { continue };
        let object = [change.resource.as_str(), &change.namespace, &change.name];
        let object: Vec<&str> = object.into_iter().filter(|part| !part.is_empty()).collect();
        let text = language.say(&words!(
            "timeline-audit-change",
            user = &change.user,
            verb = format!("{:?}", change.verb).to_lowercase(),
            object = object.join("/")
        ));
        moments.push(Moment { count: change.count, ..moment(at, "changes", source, text) });
    }
    moments
}

/// Objects that decide over others and are new: network policies, webhooks. Many at once are a cluster that was just
/// made, not a change.
fn created(facts: &Facts, language: &Language) -> Vec<Moment> {
    let policies = facts
        .network_policies
        .ok()
        .into_iter()
        .flat_map(|rows| rows.iter())
        .map(|row| ("NetworkPolicy", &row.meta, row.at));
    let webhooks = facts
        .webhooks
        .ok()
        .into_iter()
        .flat_map(|rows| rows.iter())
        .map(|row| ("WebhookConfiguration", &row.configuration, row.at));
    let new: BTreeMap<(&str, String), (Timestamp, Span)> = policies
        .chain(webhooks)
        .filter_map(|(kind, meta, source)| {
            let at = meta.created.get().filter(|at| is_within(facts, *at, CHANGE_HOURS))?;
            Some(((kind, meta.full_name()), (at, source)))
        })
        .collect();
    if new.len() > CREATED {
        return Vec::new();
    }
    new.into_iter()
        .map(|((kind, name), (at, source))| {
            let text = language.say(&words!("timeline-created", kind = kind, name = name));
            moment(at, "changes", source, text)
        })
        .collect()
}
