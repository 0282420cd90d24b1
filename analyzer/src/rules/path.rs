//! The rules of the family `path`: what stands between clients, nodes and the API server, and between
//! nodes and the internet.

use super::Registered;

mod apiserver_address_changed;
mod apiserver_not_answering_client;
mod apiserver_path_blocked;
mod authorized_ip_range_missing_client;
mod authorized_ip_range_missing_egress;
mod conntrack_table_full;
mod egress_endpoint_blocked;
mod network_policy_denies_system_traffic;
mod private_cluster_client_outside;
mod snat_plan_too_small;
mod snat_ports_exhausted;

pub static RULES: &[Registered] = &[
    Registered::of::<egress_endpoint_blocked::EgressEndpointBlocked>(),
    Registered::of::<apiserver_path_blocked::ApiServerPathBlocked>(),
    Registered::of::<authorized_ip_range_missing_client::AuthorizedIpRangeMissingClient>(),
    Registered::of::<authorized_ip_range_missing_egress::AuthorizedIpRangeMissingEgress>(),
    Registered::of::<private_cluster_client_outside::PrivateClusterClientOutside>(),
    Registered::of::<snat_ports_exhausted::SnatPortsExhausted>(),
    Registered::of::<conntrack_table_full::ConntrackTableFull>(),
    Registered::of::<network_policy_denies_system_traffic::NetworkPolicyDeniesSystemTraffic>(),
    Registered::of::<apiserver_address_changed::ApiServerAddressChanged>(),
    Registered::of::<apiserver_not_answering_client::ApiServerNotAnsweringClient>(),
    Registered::of::<snat_plan_too_small::SnatPlanTooSmall>(),
];
