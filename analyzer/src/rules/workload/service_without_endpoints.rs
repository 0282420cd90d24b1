//! Services that select Pods and have no ready one behind them.

use konspect_bundle::{Span, words};

use crate::facts::{Listing, Missing, Pods, Services};
use crate::finding::{Confidence, Meta, Risk, Scope, Step, Subject};
use crate::model::kube::Pod;
use crate::model::workload::{Service, Workload};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ServiceWithoutEndpoints;

static META: Meta =
    rule_meta!("KSP7008", "service-without-endpoints", Workload, Symptom, Warning, "service_without_endpoints.md");

impl Rule for ServiceWithoutEndpoints {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Services, Option<&'f Pods>, Option<&'f Listing<Workload>>);

    fn check((services, pods, workloads): Self::Inputs<'_>, out: &mut Checked) {
        let Some(endpoints_at) = services.endpoints_at() else {
            out.blind(Missing::table(TableKind::Endpoints));
            return;
        };
        let empty: Vec<(&Service, Span)> = services
            .iter()
            .filter(|service| !service.selector.is_empty() && service.kind != "ExternalName")
            .filter(|service| services.ready_endpoints(&service.meta.namespace, &service.meta.name) == Some(0))
            .filter(|service| wanted(service, pods, workloads))
            .map(|service| {
                let slices = services.slices(&service.meta.namespace, &service.meta.name);
                (service, slices.first().map_or(service.at, |slice| slice.at))
            })
            .collect();
        let Some((service, at)) = empty.first() else {
            if services.listed() {
                out.cleared(endpoints_at, words!("service-without-endpoints-cleared"));
            }
            return;
        };
        let name = service.meta.full_name();
        let title = if empty.len() == 1 {
            words!("service-without-endpoints-title", service = &name)
        } else {
            words!("service-without-endpoints-many", count = empty.len(), service = &name)
        };
        let scope = if empty.iter().all(|(other, _)| other.meta.namespace == service.meta.namespace) {
            Scope::Namespace(service.meta.namespace.to_string())
        } else {
            Scope::Cluster
        };
        let mut finding = META
            .finding(
                Subject::new("Service", &service.meta.namespace, &service.meta.name),
                title,
                *at,
                words!("service-without-endpoints-says", service = &name),
            )
            .confidence(Confidence::Proven)
            .affected(empty.len())
            .scope(scope);
        for (service, at) in empty.iter().skip(1).take(4) {
            finding = finding
                .supported_by(*at, words!("service-without-endpoints-says", service = service.meta.full_name()));
        }
        out.found(finding.step(Step::new(words!("service-without-endpoints-do")).run(
            Risk::Reads,
            command("kubectl get endpointslices -n {} -l kubernetes.io/service-name={}", &[&service.meta.namespace, &service.meta.name]),
        )));
    }
}

/// A service that nobody runs a Pod for is no fault: a Pod matches, or a workload wants one and cannot have it.
fn wanted(service: &Service, pods: Option<&Pods>, workloads: Option<&Listing<Workload>>) -> bool {
    let Some(pods) = pods else { return true };
    let has = |pod: &Pod| service.selector.iter().all(|(key, value)| pod.meta.label(key) == Some(value));
    let makes = |workload: &Workload| {
        let labels = &workload.template_labels;
        workload.meta.namespace == service.meta.namespace
            && workload.desired.is_some_and(|desired| desired > 0)
            && service.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    };
    pods.in_namespace(&service.meta.namespace).any(|pod| !pod.succeeded() && has(pod))
        || workloads.into_iter().flat_map(|workloads| workloads.iter()).any(makes)
}
