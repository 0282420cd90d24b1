//! Pods and what they run on: images, limits, places, budgets.

mod autoscaler_cannot_grow;
mod container_crash_loop;
mod container_oom_killed;
mod disruption_budget_blocks_drain;
mod image_pull_failing;
mod kube_proxy_stale;
mod mass_eviction;
mod namespace_stuck_terminating;
mod object_stuck_by_finalizer;
mod pod_ips_exhausted;
mod pod_sandbox_failing;
mod pods_unschedulable;
mod probes_failing_on_one_node;
mod quota_exceeded;
mod service_without_endpoints;
mod system_component_single_replica;
mod system_pods_evicted;

use super::Registered;

pub static RULES: &[Registered] = &[
    Registered::of::<container_crash_loop::ContainerCrashLoop>(),
    Registered::of::<image_pull_failing::ImagePullFailing>(),
    Registered::of::<container_oom_killed::ContainerOomKilled>(),
    Registered::of::<pods_unschedulable::PodsUnschedulable>(),
    Registered::of::<autoscaler_cannot_grow::AutoscalerCannotGrow>(),
    Registered::of::<pod_sandbox_failing::PodSandboxFailing>(),
    Registered::of::<pod_ips_exhausted::PodIpsExhausted>(),
    Registered::of::<service_without_endpoints::ServiceWithoutEndpoints>(),
    Registered::of::<namespace_stuck_terminating::NamespaceStuckTerminating>(),
    Registered::of::<object_stuck_by_finalizer::ObjectStuckByFinalizer>(),
    Registered::of::<disruption_budget_blocks_drain::DisruptionBudgetBlocksDrain>(),
    Registered::of::<quota_exceeded::QuotaExceeded>(),
    Registered::of::<mass_eviction::MassEviction>(),
    Registered::of::<probes_failing_on_one_node::ProbesFailingOnOneNode>(),
    Registered::of::<kube_proxy_stale::KubeProxyStale>(),
    Registered::of::<system_component_single_replica::SystemComponentSingleReplica>(),
    Registered::of::<system_pods_evicted::SystemPodsEvicted>(),
];
