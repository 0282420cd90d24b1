//! What the Azure CLI says of the cluster and its network. NSGs are `konspect_netfilter`'s.

use super::{Span, Timestamp};

/// `az aks show`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ManagedCluster {
    pub name: String,
    pub resource_group: String,
    pub location: String,
    pub kubernetes_version: String,
    pub provisioning_state: String,
    /// `powerState.code`.
    pub power_state: String,
    pub fqdn: String,
    pub private_fqdn: String,
    pub node_resource_group: String,
    /// `sku.tier`: `Free`, `Standard`, `Premium`, or `Paid` of old API versions.
    pub tier: String,
    pub private_cluster: bool,
    pub private_cluster_public_fqdn: bool,
    pub private_dns_zone: String,
    pub vnet_integration: bool,
    /// Absent when the feature is off; with the span of the field.
    pub authorized_ip_ranges: Option<(Vec<String>, Span)>,
    pub network_plugin: String,
    pub network_plugin_mode: String,
    pub network_policy: String,
    pub network_dataplane: String,
    pub outbound_type: String,
    pub service_cidr: String,
    pub pod_cidr: String,
    pub dns_service_ip: String,
    pub allocated_outbound_ports: Option<u64>,
    pub idle_timeout_minutes: Option<u64>,
    /// Resource ids of `effectiveOutboundIPs`.
    pub effective_outbound_ips: Vec<String>,
    pub kube_proxy_mode: String,
    pub pools: Vec<AgentPool>,
    /// `httpProxyConfig.httpsProxy` or `.httpProxy`.
    pub http_proxy: String,
    pub no_proxy: Vec<String>,
    /// Set when the cluster uses a service principal rather than a managed identity.
    pub service_principal: String,
    pub local_accounts_disabled: bool,
    pub entra_integration: bool,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentPool {
    pub name: String,
    /// `System` or `User`.
    pub mode: String,
    pub count: u64,
    pub min_count: Option<u64>,
    pub max_count: Option<u64>,
    pub autoscaling: bool,
    pub vm_size: String,
    pub os_disk_type: String,
    pub os_disk_gib: u64,
    pub os_sku: String,
    pub max_pods: u64,
    pub subnet_id: String,
    pub pod_subnet_id: String,
    pub provisioning_state: String,
    pub power_state: String,
    pub version: String,
    pub node_image: String,
    pub spot: bool,
    pub taints: Vec<String>,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteTable {
    pub name: String,
    pub routes: Vec<Route>,
    pub subnets: Vec<String>,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    pub name: String,
    pub prefix: String,
    /// `VirtualAppliance`, `Internet`, `None`, `VnetLocal`, `VirtualNetworkGateway`.
    pub next_hop_type: String,
    pub next_hop: String,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutboundRule {
    pub name: String,
    pub allocated_ports: Option<u64>,
    pub idle_timeout_minutes: Option<u64>,
    pub frontend_ips: Vec<String>,
    pub protocol: String,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublicIp {
    pub name: String,
    pub id: String,
    pub address: String,
    /// The resource that holds it (`ipConfiguration.id`, `natGateway.id`); empty when not told.
    pub used_by: String,
    pub at: Span,
}

/// A virtual network with its DNS servers, subnets and peerings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VirtualNetwork {
    pub name: String,
    pub prefixes: Vec<String>,
    pub dns_servers: Vec<String>,
    pub subnets: Vec<Subnet>,
    pub peerings: Vec<String>,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subnet {
    pub id: String,
    pub name: String,
    pub prefixes: Vec<String>,
    pub nsg: String,
    pub route_table: String,
    /// `ipConfigurations` in use, when listed.
    pub used_addresses: Option<u64>,
    pub at: Span,
}

/// A link of a private DNS zone to a virtual network: who can resolve a private cluster's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrivateDnsLink {
    pub zone: String,
    pub name: String,
    /// The resource id of the linked network.
    pub virtual_network: String,
    /// `Completed`, `InProgress`, `Done`.
    pub state: String,
    pub at: Span,
}

/// A time series of `az monitor metrics list`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AzureMetric {
    /// `name.value`, such as `SnatConnectionCount` or `OS Disk IOPS Consumed Percentage`.
    pub name: String,
    pub unit: String,
    /// Dimension names in lower case, with their values.
    pub dimensions: Vec<(String, String)>,
    pub points: Vec<AzurePoint>,
    pub at: Span,
}

/// One bucket; an aggregation that was not asked for, or a bucket without data, is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AzurePoint {
    pub time: Option<Timestamp>,
    pub total: Option<f64>,
    pub average: Option<f64>,
    pub maximum: Option<f64>,
    pub minimum: Option<f64>,
    pub count: Option<f64>,
    pub at: Span,
}

/// An entry of the activity log: who did what to which resource, and how it ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AzureActivity {
    pub time: Option<Timestamp>,
    /// `operationName.value`, such as `Microsoft.ContainerService/managedClusters/stop/action`.
    pub operation: String,
    /// `Started`, `Accepted`, `Succeeded`, `Failed`.
    pub status: String,
    pub caller: String,
    pub resource: String,
    pub at: Span,
}

/// An activity-log or resource-operation error, a VMSS instance view status: code and text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AzureError {
    pub code: String,
    pub message: String,
    pub at: Span,
}
