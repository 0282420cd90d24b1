//! What Azure itself does not do: reconcile, answer, provision, attach.

mod azure_api_throttled;
mod cluster_identity_expired;
mod cluster_not_reconciling;
mod load_balancer_not_provisioned;
mod proxy_bypass_incomplete;
mod signs;
mod system_pool_burstable;
mod system_pool_on_one_node;
mod system_pool_untainted;
mod version_skew_unsupported;
mod volume_attach_failing;

use super::Registered;

pub static RULES: &[Registered] = &[
    Registered::of::<cluster_not_reconciling::ClusterNotReconciling>(),
    Registered::of::<azure_api_throttled::AzureApiThrottled>(),
    Registered::of::<load_balancer_not_provisioned::LoadBalancerNotProvisioned>(),
    Registered::of::<cluster_identity_expired::ClusterIdentityExpired>(),
    Registered::of::<volume_attach_failing::VolumeAttachFailing>(),
    Registered::of::<version_skew_unsupported::VersionSkewUnsupported>(),
    Registered::of::<system_pool_untainted::SystemPoolUntainted>(),
    Registered::of::<system_pool_burstable::SystemPoolBurstable>(),
    Registered::of::<proxy_bypass_incomplete::ProxyBypassIncomplete>(),
    Registered::of::<system_pool_on_one_node::SystemPoolOnOneNode>(),
];
