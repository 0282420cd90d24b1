//! Images that cannot be pulled, by the class of the error.

use std::collections::BTreeMap;

use konspect_bundle::{Span, Words, words};

use crate::facts::inputs::AnyOf;
use crate::facts::pods::nodes_of;
use crate::facts::{Events, Pods};
use crate::finding::{Confidence, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::kube::Pod;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ImagePullFailing;

static META: Meta =
    rule_meta!("KSP7002", "image-pull-failing", Workload, CauseOrSymptom, Warning, "image_pull_failing.md");

/// Why a pull fails, by the registry's or the resolver's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Unauthorized,
    Forbidden,
    NotFound,
    RateLimited,
    NoSuchHost,
    TimedOut,
    Certificate,
    Platform,
    DiskFull,
    Unknown,
}

impl Rule for ImagePullFailing {
    const META: &'static Meta = &META;
    type Inputs<'f> = AnyOf<&'f Pods, &'f Events>;

    fn check(AnyOf(pods, events): Self::Inputs<'_>, out: &mut Checked) {
        let waiting: Vec<(&Pod, Span)> =
            pods.into_iter().flat_map(Pods::iter).filter_map(|pod| Some((pod, pulling(pod)?))).collect();
        let failures = failures(events);
        if waiting.is_empty() && (pods.is_some() || failures.is_empty()) {
            if let Some(pods) = pods.filter(|pods| pods.complete) {
                out.cleared(pods.at(), words!("image-pull-failing-cleared", count = pods.len()));
            }
            return;
        }
        let class = failures.keys().copied().min_by_key(|class| {
            (*class == Class::Unknown, failures.get(class).map_or(0, |hits| std::cmp::Reverse(hits.len()).0))
        });
        let class = class.unwrap_or(Class::Unknown);
        let hits = failures.get(&class).map_or(&[][..], Vec::as_slice);
        let count = waiting.len().max(1);
        let (at, says) = match (hits.first(), waiting.first()) {
            (Some(hit), _) => (hit.at, words!("image-pull-failing-event", message = &hit.message)),
            (None, Some((pod, at))) => (*at, words!("image-pull-failing-waits", pod = &pod.meta.name)),
            (None, None) => return,
        };
        let subject = waiting.first().map_or_else(
            || hits.first().map_or_else(Subject::default, |hit| Subject::new("Pod", &hit.namespace, &hit.name)),
            |(pod, _)| Subject::new("Pod", &pod.meta.namespace, &pod.meta.name),
        );
        let namespaces: std::collections::BTreeSet<&str> =
            waiting.iter().map(|(pod, _)| pod.meta.namespace.as_str()).collect();
        let wide = count >= 3 || namespaces.len() >= 2;
        let mut finding = META
            .finding(subject, words!("image-pull-failing-title", count = count, why = title_of(class)), at, says)
            .confidence(if class == Class::Unknown { Confidence::Likely } else { Confidence::Proven })
            .severity(if wide { Severity::Critical } else { Severity::Warning })
            .since(hits.iter().filter_map(|hit| hit.first).min())
            .affected(count)
            .scope(Scope::Nodes(nodes_of(waiting.iter().map(|(pod, _)| *pod))));
        if nodes_of(waiting.iter().map(|(pod, _)| *pod)).is_empty() {
            finding = finding.scope(Scope::Cluster);
        }
        for (pod, at) in waiting.iter().take(4) {
            finding = finding.supported_by(*at, words!("image-pull-failing-waits", pod = &pod.meta.name));
        }
        let name = finding.subject.clone();
        out.found(finding.step(remedy(class, &name)));
    }
}

struct Failure {
    namespace: String,
    name: String,
    message: String,
    first: Option<jiff::Timestamp>,
    at: Span,
}

fn pulling(pod: &Pod) -> Option<Span> {
    let reasons = ["ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"];
    pod.containers
        .iter()
        .find(|container| container.state.waiting_reason().is_some_and(|reason| reasons.contains(&reason)))
        .map(|container| container.at.get())
}

/// `Failed to pull image "x": …` events by class.
fn failures(events: Option<&Events>) -> BTreeMap<Class, Vec<Failure>> {
    let mut failures: BTreeMap<Class, Vec<Failure>> = BTreeMap::new();
    let pulls = events.into_iter().flat_map(|events| events.reason(&["Failed", "FailedToPullImage", "Pulling"]));
    for event in pulls.filter(|event| event.message.contains("ailed to pull")) {
        failures.entry(classify(&event.message)).or_default().push(Failure {
            namespace: event.object.namespace.to_string(),
            name: event.object.name.to_string(),
            message: event.message.to_string(),
            first: event.first.get().or(event.last.get()),
            at: event.at,
        });
    }
    failures
}

fn classify(message: &str) -> Class {
    let text = message.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if any(&["toomanyrequests", "429 too many requests", "rate limit"]) {
        Class::RateLimited
    } else if any(&["401 unauthorized", "unauthorized: authentication", "authentication required", "aadsts"]) {
        Class::Unauthorized
    } else if any(&["403 forbidden", "denied: client with ip", "pull access denied"]) {
        Class::Forbidden
    } else if any(&["no match for platform"]) {
        Class::Platform
    } else if any(&["no space left on device"]) {
        Class::DiskFull
    } else if any(&["no such host", "server misbehaving"]) || (text.contains("lookup ") && text.contains("timeout")) {
        Class::NoSuchHost
    } else if any(&["x509:"]) {
        Class::Certificate
    } else if any(&["i/o timeout", "context deadline exceeded", "connection refused", "tls handshake timeout"]) {
        Class::TimedOut
    } else if any(&["not found", "manifest unknown", "name unknown"]) {
        Class::NotFound
    } else {
        Class::Unknown
    }
}

fn title_of(class: Class) -> &'static str {
    match class {
        Class::Unauthorized => "401 Unauthorized",
        Class::Forbidden => "403 Forbidden",
        Class::NotFound => "image not found",
        Class::RateLimited => "429 Too Many Requests",
        Class::NoSuchHost => "registry name does not resolve",
        Class::TimedOut => "registry does not answer",
        Class::Certificate => "x509",
        Class::Platform => "no image for this platform",
        Class::DiskFull => "no space left on device",
        Class::Unknown => "ImagePullBackOff",
    }
}

fn remedy(class: Class, subject: &Subject) -> Step {
    let describe = command("kubectl describe pod {} -n {}", &[&subject.name, &subject.namespace]);
    let text: Words = match class {
        Class::Unauthorized | Class::Forbidden => words!("image-pull-failing-do-access"),
        Class::NotFound | Class::Platform => words!("image-pull-failing-do-name"),
        Class::RateLimited => words!("image-pull-failing-do-rate"),
        _ => words!("image-pull-failing-do-read"),
    };
    Step::new(text).run(Risk::Reads, describe)
}
