//! Services of type LoadBalancer that get no address.

use konspect_bundle::{Span, words};

use crate::facts::inputs::AnyOf;
use crate::facts::{Context, Events, Services};
use crate::finding::{Confidence, Meta, Risk, Scope, Severity, Step, Subject};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct LoadBalancerNotProvisioned;

static META: Meta =
    rule_meta!("KSP8003", "load-balancer-not-provisioned", Platform, Symptom, Warning, "load_balancer_not_provisioned.md");

/// Azure needs a few minutes for a new address.
const PATIENCE_SECONDS: i64 = 300;

/// A busy subscription takes longer; only after this is silence a fault.
const SURE_SECONDS: i64 = 900;

impl Rule for LoadBalancerNotProvisioned {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, AnyOf<&'f Services, &'f Events>);

    fn check((context, AnyOf(services, events)): Self::Inputs<'_>, out: &mut Checked) {
        let failures: Vec<_> = events
            .into_iter()
            .flat_map(|events| events.reason(&["SyncLoadBalancerFailed", "UpdateLoadBalancerFailed", "CreatingLoadBalancerFailed"]))
            .collect();
        let pending = services.into_iter().flat_map(Services::iter).filter(|service| {
            let age = context.age_seconds(service.meta.created.get()).unwrap_or(i64::MAX);
            service.kind == "LoadBalancer" && service.ingress.is_empty() && age > PATIENCE_SECONDS
        });
        let mut longest = 0;
        let pending: Vec<(String, String, Span)> = pending
            .map(|service| {
                longest = longest.max(context.age_seconds(service.meta.created.get()).unwrap_or(i64::MAX));
                (service.meta.namespace.to_string(), service.meta.name.to_string(), service.at)
            })
            .collect();
        let first = failures
            .first()
            .map(|event| (event.object.namespace.to_string(), event.object.name.to_string(), event.at))
            .or_else(|| pending.first().cloned());
        let Some((namespace, name, at)) = first else {
            // One that still waits within its time says nothing of the others.
            let waits = |services: &&Services| {
                services.iter().any(|service| service.kind == "LoadBalancer" && service.ingress.is_empty())
            };
            if let Some(services) = services.filter(|services| services.listed() && !waits(services)) {
                out.cleared(services.at(), words!("load-balancer-not-provisioned-cleared"));
            }
            return;
        };
        let says = failures.first().map_or_else(
            || words!("load-balancer-not-provisioned-pending", service = &name),
            |event| words!("load-balancer-not-provisioned-says", message = &event.message),
        );
        let count = failures.len().max(pending.len());
        let mut finding = META
            .finding(
                Subject::new("Service", &namespace, &name),
                words!("load-balancer-not-provisioned-title", service = format!("{namespace}/{name}")),
                at,
                says,
            )
            .confidence(if failures.is_empty() && longest <= SURE_SECONDS { Confidence::Possible } else { Confidence::Proven })
            .severity(Severity::Warning)
            .since(failures.iter().filter_map(|event| event.first.get().or(event.last.get())).min())
            .affected(count)
            .scope(Scope::Cluster);
        for event in failures.iter().skip(1).take(3) {
            finding =
                finding.supported_by(event.at, words!("load-balancer-not-provisioned-says", message = &event.message));
        }
        out.found(finding.step(
            Step::new(words!("load-balancer-not-provisioned-do"))
                .run(Risk::Reads, command("kubectl describe service {} -n {}", &[&name, &namespace])),
        ));
    }
}
