//! The upstream service-level objective for API latency, and what it leaves out.

use serde::Serialize;

use crate::client::Scope;
use crate::event::Verb;
use crate::summary::SeriesSummary;

/// A p99 of fewer requests says little; the maximum is shown instead.
pub const ENOUGH: u64 = 100;

const SECOND: u64 = 1_000_000;

/// How a series stands against the objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    Met,
    Breached,
    /// Fewer requests than a p99 needs.
    TooFew,
    /// Custom and aggregated resources, and what is not stored, are outside of the objective.
    Excluded,
}

/// Micro-seconds that the p99 of a series may take; none where the objective does not hold.
///
/// Mutating calls and reads of one object: one second. Reads of a namespace or the cluster: thirty.
/// What deletes many objects at once is neither.
pub fn limit(series: &SeriesSummary) -> Option<u64> {
    if !built_in(&series.resource) || !series.subresource.is_empty() && streams(&series.subresource)
    {
        return None;
    }
    match (series.verb, series.scope) {
        (Verb::Create | Verb::Update | Verb::Patch | Verb::Delete, _)
        | (Verb::Get | Verb::List, Scope::Resource) => Some(SECOND),
        (Verb::Get | Verb::List, Scope::Namespace | Scope::Cluster) => Some(30 * SECOND),
        _ => None,
    }
}

/// Judges the p99 of a series, without the time that webhooks and queues took.
pub fn judge(series: &SeriesSummary) -> Objective {
    let Some(limit) = limit(series) else { return Objective::Excluded };
    if series.tally.latency.total() < ENOUGH {
        return Objective::TooFew;
    }
    match series.tally.counted_latency().quantiles([990]) {
        [Some(p99)] if p99 > limit => Objective::Breached,
        _ => Objective::Met,
    }
}

/// Whether the p99 of a series is over its limit; most have too few requests to ask further.
pub fn is_breached(series: &SeriesSummary) -> bool {
    series.tally.requests >= ENOUGH && judge(series) == Objective::Breached
}

fn streams(subresource: &str) -> bool {
    matches!(subresource, "exec" | "attach" | "portforward" | "proxy" | "log")
}

/// Whether a resource is stored by the API server itself: no custom, aggregated or virtual one.
pub fn built_in(resource: &str) -> bool {
    let (group, name) = resource.rsplit_once('/').unwrap_or(("", resource));
    if resource.starts_with('/') || name == "componentstatuses" || name == "bindings" {
        return false;
    }
    matches!(
        group,
        "" | "apps"
            | "batch"
            | "autoscaling"
            | "policy"
            | "extensions"
            | "admissionregistration.k8s.io"
            | "apiextensions.k8s.io"
            | "apiregistration.k8s.io"
            | "certificates.k8s.io"
            | "coordination.k8s.io"
            | "discovery.k8s.io"
            | "events.k8s.io"
            | "flowcontrol.apiserver.k8s.io"
            | "networking.k8s.io"
            | "node.k8s.io"
            | "rbac.authorization.k8s.io"
            | "resource.k8s.io"
            | "scheduling.k8s.io"
            | "storage.k8s.io"
    )
}

#[cfg(test)]
mod tests {
    use konspect_bundle::Span;

    use super::*;
    use crate::event::{Component, Event};
    use crate::tally::{Ended, Tally};

    fn series(verb: Verb, scope: Scope, resource: &str, micros: u64, count: u64) -> SeriesSummary {
        let mut tally = Box::<Tally>::default();
        (0..count).for_each(|_| tally.latency.add(micros));
        SeriesSummary {
            verb,
            scope,
            resource: resource.to_owned(),
            subresource: String::new(),
            tally,
            open: 0,
        }
    }

    #[test]
    fn time_in_webhooks_and_queues_does_not_count() {
        let waited = |seconds: u64| Event {
            received: Some(0),
            staged: Some(2_000_000),
            components: std::array::from_fn(|part| {
                (part == Component::MutatingWebhook as usize).then_some(seconds * 500_000_000)
            }),
            ..Event::default()
        };
        let mut slow = series(Verb::Create, Scope::Resource, "pods", 40_000, 98);
        let mut count = |event: &Event<'_>| {
            slow.tally.count(&Ended::of(event, None, Span::BUNDLE, false));
            judge(&slow)
        };
        assert_eq!(count(&waited(3)), Objective::TooFew);
        assert_eq!(count(&waited(3)), Objective::Met, "half a second of its own");
        count(&waited(0));
        assert_eq!(count(&waited(0)), Objective::Breached);
        assert_eq!(slow.tally.latency.above(1_900_000), 4, "what the client saw stays");
        assert_eq!(slow.tally.excused.map(|excused| excused.sum), Some(3_000_000));
    }

    #[test]
    fn the_objective_depends_on_verb_and_scope() {
        let judged =
            |verb, scope, resource, micros| judge(&series(verb, scope, resource, micros, 100));
        assert_eq!(
            judged(Verb::Update, Scope::Resource, "apps/deployments", 1_200_000),
            Objective::Breached
        );
        assert_eq!(judged(Verb::Get, Scope::Resource, "pods", 900_000), Objective::Met);
        assert_eq!(judged(Verb::List, Scope::Namespace, "pods", 20_000_000), Objective::Met);
        assert_eq!(judged(Verb::List, Scope::Cluster, "pods", 31_000_000), Objective::Breached);
        assert_eq!(
            judged(Verb::Get, Scope::Resource, "kyverno.io/policyreports", 9_000_000),
            Objective::Excluded
        );
        assert_eq!(
            judged(Verb::List, Scope::Cluster, "metrics.k8s.io/nodes", 40_000_000),
            Objective::Excluded
        );
        assert_eq!(judged(Verb::Watch, Scope::Cluster, "pods", 900_000_000), Objective::Excluded);
        assert_eq!(
            judged(Verb::DeleteCollection, Scope::Namespace, "pods", 9_000_000),
            Objective::Excluded
        );
        assert_eq!(
            judge(&series(Verb::Get, Scope::Resource, "pods", 9_000_000, 99)),
            Objective::TooFew
        );
    }
}
