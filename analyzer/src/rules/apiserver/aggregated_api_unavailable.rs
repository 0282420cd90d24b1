//! An aggregated API (metrics.k8s.io, external.metrics.k8s.io …) does not answer.

use konspect_bundle::words;

use crate::facts::metrics::Metrics;
use crate::facts::webhooks::{Reason, reason};
use crate::facts::{AnyOf, Listing};
use crate::finding::{Confidence, Finding, Meta, Risk, Severity, Step, Subject};
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
    type Inputs<'f> = AnyOf<&'f Listing<ApiService>, &'f Listing<Scrape>>;

    fn check(AnyOf(listed, scrapes): Self::Inputs<'_>, out: &mut Checked) {
        let aggregated = listed.into_iter().flat_map(|listed| listed.iter());
        for service in aggregated.clone() {
            if let Some(condition) = service.available.as_ref().filter(|condition| condition.status != Status::True) {
                out.found(unavailable(service, condition));
            }
        }
        let metrics = scrapes.map(Metrics::new);
        if listed.is_none() {
            for (name, at) in metrics.as_ref().map(Metrics::unavailable_api_services).unwrap_or_default() {
                let title = words!("aggregated-api-unavailable-title", name = &name);
                out.found(
                    META.finding(Subject::new("APIService", "", &name), title, at, words!("aggregated-api-unavailable-metric"))
                        .confidence(Confidence::Likely)
                        .severity(Severity::Warning)
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
        condition.reason.as_str(),
        "ServiceNotFound" | "MissingEndpoints" | "EndpointsNotFound" | "ServicePortError" | "ServiceAccessError" | "EndpointsAccessError"
    );
    let (confidence, severity) = match (configured, reason(&condition.message)) {
        (true, _) => (Confidence::Proven, Severity::Critical),
        // The way to its Pods fails, which is somebody else's fault.
        (false, Reason::Tunnel | Reason::TimedOut) => (Confidence::Likely, Severity::Warning),
        (false, _) => (Confidence::Likely, Severity::Critical),
    };
    let mut finding = META
        .finding(
            Subject::new("APIService", "", name),
            words!("aggregated-api-unavailable-title", name = name),
            condition.at,
            words!("aggregated-api-unavailable-condition", reason = &condition.reason, message = &condition.message),
        )
        .confidence(confidence)
        .severity(severity)
        .since(condition.transition)
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

fn look(name: &str) -> Step {
    Step::new(words!("aggregated-api-unavailable-look")).run(Risk::Reads, command("kubectl describe apiservice {}", &[name]))
}
