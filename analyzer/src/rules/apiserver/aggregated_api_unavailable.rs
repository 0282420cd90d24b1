//! An aggregated API (metrics.k8s.io, external.metrics.k8s.io …) does not answer.

use std::collections::BTreeMap;

use konspect_bundle::{Span, words};

use crate::facts::metrics::Metrics;
use crate::facts::webhooks::{Reason, reason};
use crate::facts::{AnyOf, Listing};
use crate::finding::{Confidence, Finding, Meta, Risk, Severity, Step, Subject};
use crate::model::client::CommandOutcome;
use crate::model::kube::{ApiService, Condition, Status};
use crate::model::metrics::Scrape;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct AggregatedApiUnavailable;

static META: Meta = rule_meta!(
    "KSP3009",
    "aggregated-api-unavailable",
    ApiServer,
    CauseOrSymptom,
    Critical,
    "aggregated_api_unavailable.md"
);

impl Rule for AggregatedApiUnavailable {
    const META: &'static Meta = &META;
    type Inputs<'f> = AnyOf<AnyOf<&'f Listing<ApiService>, &'f Listing<Scrape>>, &'f Listing<CommandOutcome>>;

    fn check(AnyOf(told, commands): Self::Inputs<'_>, out: &mut Checked) {
        let AnyOf(listed, scrapes) = told.unwrap_or(AnyOf(None, None));
        let aggregated = listed.into_iter().flat_map(|listed| listed.iter());
        for service in aggregated.clone() {
            if let Some(condition) = service.available.as_ref().filter(|condition| condition.status != Status::True) {
                out.found(unavailable(service, condition));
            }
        }
        let metrics = scrapes.map(Metrics::new);
        if listed.is_none() {
            let mut complaints = complaints(commands);
            for (name, at) in metrics.as_ref().map(Metrics::unavailable_api_services).unwrap_or_default() {
                let complaint = complaints.remove(&name);
                out.found(by_metric(&name, at, complaint));
            }
            for (name, at) in complaints {
                let title = words!("aggregated-api-unavailable-title", name = &name);
                out.found(
                    META.finding(Subject::new("APIService", "", &name), title, at, words!("aggregated-api-unavailable-client", name = &name))
                        .confidence(Confidence::Likely)
                        .step(look(&name)),
                );
            }
        }
        if out.findings.is_empty()
            && let Some(listed) = listed.filter(|listed| listed.complete)
        {
            let answered = aggregated.filter(|service| service.service.is_some()).find(|service| {
                service.available.as_ref().is_some_and(|condition| condition.status == Status::True)
            });
            match answered {
                Some(service) => out.cleared(service.at, words!("aggregated-api-unavailable-cleared", name = &service.meta.name)),
                None => out.cleared(listed.at(), words!("aggregated-api-unavailable-none", count = listed.len())),
            }
        }
    }
}

fn unavailable(service: &ApiService, condition: &Condition) -> Finding {
    let name = &service.meta.name;
    let configured = matches!(
        condition.told.reason.as_str(),
        "ServiceNotFound" | "MissingEndpoints" | "EndpointsNotFound" | "ServicePortError" | "ServiceAccessError" | "EndpointsAccessError"
    );
    let (confidence, severity) = match (configured, reason(&condition.told.message)) {
        (true, _) => (Confidence::Proven, Severity::Critical),
        // The way to its Pods fails, which is somebody else's fault.
        (false, Reason::Tunnel | Reason::TimedOut) => (Confidence::Likely, Severity::Warning),
        (false, _) => (Confidence::Likely, Severity::Critical),
    };
    let mut finding = META
        .finding(
            Subject::new("APIService", "", name),
            words!("aggregated-api-unavailable-title", name = name),
            condition.at.get(),
            words!("aggregated-api-unavailable-condition", reason = &condition.told.reason, message = &condition.told.message),
        )
        .confidence(confidence)
        .severity(severity)
        .since(condition.transition.get())
        .step(look(name));
    if let Some(backend) = &service.service {
        finding = finding.step(
            Step::new(words!("aggregated-api-unavailable-backend"))
                .run(Risk::Reads, command("kubectl get service,endpointslices,pods -n {}", &[&backend.namespace])),
        );
    }
    finding.step(
        Step::new(words!("aggregated-api-unavailable-remove")).run(Risk::Disrupts, command("kubectl delete apiservice {}", &[name])),
    )
}

/// The aggregator's gauge alone is a moment's word; with a client that was turned away it is more.
fn by_metric(name: &str, at: Span, complaint: Option<Span>) -> Finding {
    let title = words!("aggregated-api-unavailable-title", name = name);
    let finding = META
        .finding(Subject::new("APIService", "", name), title, at, words!("aggregated-api-unavailable-metric"))
        .confidence(Confidence::Likely)
        .step(look(name));
    match complaint {
        Some(complaint) => finding.supported_by(complaint, words!("aggregated-api-unavailable-client", name = name)),
        None => finding.severity(Severity::Warning),
    }
}

/// `couldn't get resource list for metrics.k8s.io/v1beta1: the server is currently unable to handle the request`,
/// by the name of the APIService, `v1beta1.metrics.k8s.io`.
fn complaints(commands: Option<&Listing<CommandOutcome>>) -> BTreeMap<String, Span> {
    let mut found = BTreeMap::new();
    for command in commands.into_iter().flat_map(|commands| commands.iter()) {
        for part in command.error_text.split("couldn't get resource list for ").skip(1) {
            let Some((api, rest)) = part.split_once(": ") else { continue };
            let Some((group, version)) = api.split_once('/') else { continue };
            let unable = rest.starts_with("the server is currently unable to handle the request");
            if unable && !version.contains(char::is_whitespace) {
                found.entry(format!("{version}.{group}")).or_insert(command.at);
            }
        }
    }
    found
}

fn look(name: &str) -> Step {
    Step::new(words!("aggregated-api-unavailable-look")).run(Risk::Reads, command("kubectl describe apiservice {}", &[name]))
}
