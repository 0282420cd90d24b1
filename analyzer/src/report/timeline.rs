//! One time line of findings, conditions, events and everything else that has a time, on the corrected clocks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::{Span, words};

use super::TimelineEntry;
use super::build::rfc3339;
use super::excerpt::Excerpts;
use super::moments;
use crate::facts::Facts;
use crate::finding::{Family, Finding};
use crate::language::Language;
use crate::model::kube::Event;
use crate::rank::Ranked;

/// Entries shown at most; what is dropped first is what happened once and no finding cites.
const ENTRIES: usize = 200;

pub(super) struct Moment {
    pub(super) at: Timestamp,
    pub(super) until: Option<Timestamp>,
    pub(super) lane: &'static str,
    pub(super) source: Span,
    pub(super) text: String,
    pub(super) finding: Option<String>,
    pub(super) count: u64,
}

pub(super) fn entries(
    ranked: &Ranked,
    facts: &Facts,
    paths: &[String],
    excerpts: &Excerpts,
    language: &Language,
) -> Vec<TimelineEntry> {
    let mut moments = Vec::new();
    let causes = ranked.causes.iter().flat_map(|cause| {
        std::iter::once(&cause.finding).chain(cause.explains.iter().map(|effect| &effect.finding))
    });
    for finding in causes.chain(&ranked.unexplained) {
        moments.extend(of_finding(finding, language));
    }
    let found = moments.len();
    for node in facts.nodes.ok().into_iter().flat_map(crate::facts::Nodes::iter) {
        let Some(condition) = node.condition("Ready") else { continue };
        let Some(at) = condition.transition.get() else { continue };
        let text = language.say(&words!(
            "timeline-condition",
            node = &node.meta.name,
            status = format!("{:?}", condition.status),
            reason = &condition.told.reason
        ));
        let recent = facts.context.age_seconds(Some(at)).is_none_or(|age| age < 6 * 3600);
        if recent {
            moments.push(Moment {
                at,
                until: None,
                lane: "nodes",
                source: condition.at.get(),
                text,
                finding: None,
                count: 1,
            });
        }
    }
    moments.extend(events(facts));
    moments.extend(moments::all(facts, language));
    let mut rest = moments.split_off(found);
    rest.sort_by_key(|moment| (std::cmp::Reverse(moment.count), moment.at));
    rest.truncate(ENTRIES.saturating_sub(found));
    moments.append(&mut rest);
    moments
        .sort_by(|a, b| (a.at, a.lane, &a.text, a.source).cmp(&(b.at, b.lane, &b.text, b.source)));
    moments.truncate(ENTRIES);
    moments
        .into_iter()
        .map(|moment| TimelineEntry {
            at: rfc3339(moment.at),
            lane: moment.lane.to_owned(),
            source: paths.get(moment.source.artifact.0 as usize).cloned().unwrap_or_default(),
            line: excerpts.of(moment.source).line,
            text: moment.text,
            finding: moment.finding,
            until: moment.until.map(rfc3339),
            count: moment.count,
        })
        .collect()
}

fn of_finding(finding: &Finding, language: &Language) -> Option<Moment> {
    let at = finding.onset?;
    let lane = match finding.meta.family {
        Family::Node => "nodes",
        Family::Tunnel | Family::Path => "tunnel",
        Family::ApiServer | Family::Etcd => "api",
        Family::Dns => "dns",
        Family::Workload | Family::User => "pods",
        Family::Platform | Family::Identity => "platform",
    };
    Some(Moment {
        at,
        until: finding.last_seen,
        lane,
        source: finding.evidence.first().map(|evidence| evidence.at).unwrap_or_default(),
        text: language.say(&finding.title),
        finding: Some(finding.meta.code.to_owned()),
        count: finding.affected,
    })
}

/// Warning events, one entry a reason and kind: first, last, count.
fn events(facts: &Facts) -> Vec<Moment> {
    let mut groups: BTreeMap<(&str, &str), Vec<&Event>> = BTreeMap::new();
    for event in facts
        .events
        .ok()
        .into_iter()
        .flat_map(crate::facts::Events::iter)
        .filter(|event| event.warning && !is_noise(event))
    {
        groups.entry((event.reason.as_str(), event.object.kind.as_str())).or_default().push(event);
    }
    let mut moments = Vec::new();
    for ((reason, kind), events) in groups {
        let Some(at) =
            events.iter().filter_map(|event| event.first.get().or(event.last.get())).min()
        else {
            continue;
        };
        let until = events.iter().filter_map(|event| event.last.get()).max();
        let objects: std::collections::BTreeSet<&str> =
            events.iter().map(|event| event.object.name.as_str()).collect();
        let lane = match kind {
            "Node" => "nodes",
            _ => "pods",
        };
        let name = match (objects.len(), objects.first()) {
            (1, Some(name)) => format!("{kind} {name}"),
            (count, _) => format!("{count} × {kind}"),
        };
        moments.push(Moment {
            at,
            until,
            lane,
            source: events.first().map(|event| event.at).unwrap_or_default(),
            text: format!("{reason}: {name}"),
            finding: None,
            count: events.iter().map(|event| event.count.max(1)).sum(),
        });
    }
    moments
}

/// What stands in healthy clusters too: announcements of a metadata service that did not answer, plugins that were
/// killed, single hiccups of a probe, the kubelet's first look at its disk.
fn is_noise(event: &Event) -> bool {
    let says = |texts: &[&str]| texts.iter().any(|text| event.message.contains(text));
    match event.reason.as_str() {
        "VMEventScheduled" | "FreezeScheduled" | "RebootScheduled" | "RedeployScheduled"
        | "TerminateScheduled" | "PreemptScheduled" => {
            says(&["IMDS query failed", "Timeout when running plugin", "signal: killed", "curl: ("])
        }
        "ImageGCFailed" | "FreeDiskSpaceFailed" => event.count <= 1,
        "InvalidDiskCapacity" => true,
        "Unhealthy" => event.count <= 3 && says(&["Readiness probe"]),
        _ => says(&[
            "use of closed network connection",
            "yet to be successful",
            "not yet be successful",
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_no_entry() {
        let event = |reason: &str, message: &str, count: u64| Event {
            reason: reason.into(),
            message: message.into(),
            count,
            ..Event::default()
        };
        let silent = "IMDS query failed, exit code: 28 (Connection timed out after 24 seconds.)";
        assert!(is_noise(&event("PreemptScheduled", silent, 12)));
        let real = "Reboot Scheduled: Fri, 06 Dec 2024 18:09:55 GMT. DurationInSeconds: -1.";
        assert!(!is_noise(&event("RebootScheduled", real, 1)));
        assert!(is_noise(&event("Unhealthy", "Readiness probe failed: HTTP 503", 2)));
        assert!(!is_noise(&event("Unhealthy", "Readiness probe failed: HTTP 503", 40)));
        assert!(!is_noise(&event("Unhealthy", "Liveness probe failed: timeout", 2)));
        assert!(is_noise(&event("ImageGCFailed", "failed to get imageFs info", 1)));
    }
}
