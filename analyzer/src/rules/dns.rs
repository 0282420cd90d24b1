//! Name resolution: the API server's name, the cluster's own DNS, and what stands behind it.

mod apiserver_name_unresolvable;
mod coredns_down;
mod pod_dns_failing;
mod upstream_dns_failing;
mod vnet_dns_servers_mixed;

use super::Registered;

pub static RULES: &[Registered] = &[
    Registered::of::<apiserver_name_unresolvable::ApiserverNameUnresolvable>(),
    Registered::of::<coredns_down::CoreDnsDown>(),
    Registered::of::<pod_dns_failing::PodDnsFailing>(),
    Registered::of::<upstream_dns_failing::UpstreamDnsFailing>(),
    Registered::of::<vnet_dns_servers_mixed::VnetDnsServersMixed>(),
];
