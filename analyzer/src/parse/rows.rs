//! What parsing one artefact yields, and what may be known of the artefact besides its bytes.

use jiff::Timestamp;
use konspect_bundle::{ArtifactId, Diagnostic, Span};

use crate::model::azure::{
    AzureActivity, AzureError, AzureMetric, ManagedCluster, OutboundRule, PrivateDnsLink, PublicIp,
    RouteTable, VirtualNetwork,
};
use crate::model::client::{ClientFact, Collection, CommandOutcome, KubeconfigServer};
use crate::model::kube::{
    ApiService, ApiVersion, CertificateSigningRequest, ConfigMap, Event, FlowSchema, HealthCheck,
    Lease, Namespace, Node, NodeUsage, ObjectCount, OtherObject, Pod, PodUsage, PriorityLevel,
    SecretMeta, Webhook,
};
use crate::model::log::LogFile;
use crate::model::metrics::Scrape;
use crate::model::node_files::{
    Certificate, Clock, Conntrack, CpuLoad, DiskLoad, Filesystem, HostsEntry, Lookup, Memory,
    OnNode, Pressure, Probe, ProvisionExit, ResolvConf, Routes, Sockets,
};
use crate::model::workload::{
    Autoscaler, CronJob, DisruptionBudget, EndpointSlice, Job, NetworkPolicy, PersistentVolume,
    PersistentVolumeClaim, ResourceQuota, Service, VolumeAttachment, Workload,
};

/// What is known of an artefact besides its bytes. Only hints: content decides what an artefact is.
#[derive(Clone, Debug, Default)]
pub struct Hint<'a> {
    /// The artefact's label.
    pub path: &'a str,
    /// The command that wrote it, when a manifest tells (`kubectl get pods -A -o json`).
    pub command: &'a str,
    /// The node it ran on, when a manifest tells.
    pub node: &'a str,
    /// About when the bundle was written: gives stamps without a year theirs.
    pub reference: Option<Timestamp>,
}

/// What an artefact is, for the inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Empty,
    Unknown,
    Binary,
    Manifest,
    KubernetesObjects,
    KubernetesTable,
    KubernetesDescribe,
    KubernetesStatus,
    ApiVersion,
    HealthChecks,
    PriorityAndFairnessDump,
    Metrics,
    AuditLog,
    Log,
    ClientTranscript,
    FailedCommand,
    IptablesSave,
    IptablesList,
    IpsetDump,
    NftablesRuleset,
    UfwStatus,
    FirewalldZones,
    ResolvConf,
    DnsLookup,
    NetworkProbe,
    NodeState,
    Certificate,
    Kubeconfig,
    AzureCluster,
    AzureNetwork,
    AzureMetrics,
    AzureOther,
    Document,
}

impl Kind {
    /// The name that the inventory uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Unknown => "unknown",
            Self::Binary => "binary",
            Self::Manifest => "manifest",
            Self::KubernetesObjects => "kubernetes-objects",
            Self::KubernetesTable => "kubernetes-table",
            Self::KubernetesDescribe => "kubernetes-describe",
            Self::KubernetesStatus => "kubernetes-status",
            Self::ApiVersion => "api-version",
            Self::HealthChecks => "health-checks",
            Self::PriorityAndFairnessDump => "priority-and-fairness-dump",
            Self::Metrics => "metrics",
            Self::AuditLog => "audit-log",
            Self::Log => "log",
            Self::ClientTranscript => "client-transcript",
            Self::FailedCommand => "failed-command",
            Self::IptablesSave => "iptables-save",
            Self::IptablesList => "iptables-list",
            Self::IpsetDump => "ipset",
            Self::NftablesRuleset => "nftables",
            Self::UfwStatus => "ufw-status",
            Self::FirewalldZones => "firewalld-zones",
            Self::ResolvConf => "resolv-conf",
            Self::DnsLookup => "dns-lookup",
            Self::NetworkProbe => "network-probe",
            Self::NodeState => "node-state",
            Self::Certificate => "certificate",
            Self::Kubeconfig => "kubeconfig",
            Self::AzureCluster => "azure-cluster",
            Self::AzureNetwork => "azure-network",
            Self::AzureMetrics => "azure-metrics",
            Self::AzureOther => "azure-other",
            Self::Document => "document",
        }
    }
}

macro_rules! tables {
    ($($kind:ident => $name:literal,)+) => {
        /// The tables of facts. A rule names the tables it needs; a report names those not collected.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum TableKind {
            $($kind,)+
        }

        impl TableKind {
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// The name that profiles and reports use.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

tables! {
    Nodes => "nodes",
    Pods => "pods",
    Events => "events",
    Workloads => "workloads",
    Services => "services",
    Endpoints => "endpoints",
    Webhooks => "webhooks",
    ApiServices => "api-services",
    FlowControl => "flow-control",
    NetworkPolicies => "network-policies",
    DisruptionBudgets => "disruption-budgets",
    Quotas => "quotas",
    Leases => "leases",
    Namespaces => "namespaces",
    Jobs => "jobs",
    SecretsMetadata => "secrets-metadata",
    ConfigMaps => "config-maps",
    CustomResources => "custom-resources",
    Volumes => "volumes",
    CertificateRequests => "certificate-requests",
    Autoscalers => "autoscalers",
    Top => "top",
    Metrics => "metrics",
    Health => "health",
    ApiVersion => "api-version",
    Firewalls => "firewalls",
    NodeFiles => "node-files",
    DnsLookups => "dns-lookups",
    Probes => "probes",
    TunnelLogs => "tunnel-logs",
    CoreDnsLogs => "coredns-logs",
    KubeletLogs => "kubelet-logs",
    KernelLogs => "kernel-logs",
    ControlPlaneLogs => "control-plane-logs",
    OtherLogs => "logs",
    ClientErrors => "client-errors",
    AzureCluster => "azure-cluster",
    AzureNetworkRules => "azure-network-rules",
    AzureRoutes => "azure-routes",
    AzureOutbound => "azure-outbound",
    AzureSnatMetrics => "azure-snat-metrics",
    AzureDiskMetrics => "azure-disk-metrics",
    Audit => "audit",
    AuditSummaries => "audit-summaries",
}

/// A source that covers a table, even with no row: `items: []` proves that there is nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Collected {
    pub table: TableKind,
    /// The resource, where a table holds several (`deployments`, `daemonsets`); empty otherwise.
    pub resource: String,
    /// The namespace it is limited to; empty for all.
    pub namespace: String,
    /// False when the source was cut: rows are missing.
    pub complete: bool,
    pub at: Span,
}

/// A firewall dump in text form, parsed later together with its node's others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FirewallText {
    pub node: String,
    pub kind: FirewallTextKind,
    pub text: Vec<u8>,
    pub at: Span,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum FirewallTextKind {
    #[default]
    IptablesSave,
    /// `iptables -S`.
    IptablesRules,
    /// `iptables -L` in any flag mixture.
    IptablesList,
    Ipset,
    NftablesText,
    NftablesJson,
    Ufw,
    /// `firewall-cmd --list-all[-zones]`.
    Firewalld,
}

/// NSG JSON in whatever form, read by the netfilter crate when facts are built.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NsgText {
    pub text: Vec<u8>,
    pub at: Span,
}

/// Everything that artefacts say, by table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    pub collected: Vec<Collected>,
    pub diagnostics: Vec<Diagnostic>,
    pub nodes: Vec<Node>,
    /// In pieces of their own, as events are: a table of hundreds of thousands that grows or is sorted moves pointers.
    pub pods: Vec<Box<Pod>>,
    pub events: Vec<Box<Event>>,
    pub workloads: Vec<Workload>,
    pub services: Vec<Service>,
    pub endpoint_slices: Vec<EndpointSlice>,
    pub webhooks: Vec<Webhook>,
    pub api_services: Vec<ApiService>,
    pub flow_schemas: Vec<FlowSchema>,
    pub priority_levels: Vec<PriorityLevel>,
    pub network_policies: Vec<NetworkPolicy>,
    pub disruption_budgets: Vec<DisruptionBudget>,
    pub quotas: Vec<ResourceQuota>,
    pub leases: Vec<Lease>,
    pub namespaces: Vec<Namespace>,
    pub jobs: Vec<Job>,
    pub cron_jobs: Vec<CronJob>,
    pub secrets: Vec<SecretMeta>,
    pub config_maps: Vec<ConfigMap>,
    pub autoscalers: Vec<Autoscaler>,
    pub claims: Vec<PersistentVolumeClaim>,
    pub volumes: Vec<PersistentVolume>,
    pub attachments: Vec<VolumeAttachment>,
    pub certificate_requests: Vec<CertificateSigningRequest>,
    pub others: Vec<OtherObject>,
    pub object_counts: Vec<ObjectCount>,
    pub versions: Vec<ApiVersion>,
    pub health: Vec<HealthCheck>,
    pub node_usage: Vec<NodeUsage>,
    pub pod_usage: Vec<PodUsage>,
    pub scrapes: Vec<Scrape>,
    /// Rows of queries over audit tables that somebody else ran.
    pub audit_rows: Vec<konspect_audit::Aggregate>,
    pub logs: Vec<LogFile>,
    pub commands: Vec<CommandOutcome>,
    pub client_facts: Vec<ClientFact>,
    pub kubeconfigs: Vec<KubeconfigServer>,
    pub collections: Vec<Collection>,
    pub firewalls: Vec<FirewallText>,
    pub resolv_confs: Vec<OnNode<ResolvConf>>,
    pub lookups: Vec<OnNode<Lookup>>,
    pub probes: Vec<OnNode<Probe>>,
    pub filesystems: Vec<OnNode<Filesystem>>,
    pub memory: Vec<OnNode<Memory>>,
    pub pressures: Vec<OnNode<Pressure>>,
    pub conntracks: Vec<OnNode<Conntrack>>,
    pub clocks: Vec<OnNode<Clock>>,
    pub certificates: Vec<OnNode<Certificate>>,
    pub disk_loads: Vec<OnNode<DiskLoad>>,
    pub cpu_loads: Vec<OnNode<CpuLoad>>,
    pub sockets: Vec<OnNode<Sockets>>,
    pub provision_exits: Vec<OnNode<ProvisionExit>>,
    pub routes: Vec<OnNode<Routes>>,
    pub hosts: Vec<OnNode<HostsEntry>>,
    pub clusters: Vec<ManagedCluster>,
    /// `az network nsg list|show|rule list`, effective rules: the JSON text, read by `konspect_netfilter`.
    pub nsgs: Vec<NsgText>,
    pub route_tables: Vec<RouteTable>,
    pub outbound_rules: Vec<OutboundRule>,
    pub public_ips: Vec<PublicIp>,
    pub virtual_networks: Vec<VirtualNetwork>,
    pub private_dns_links: Vec<PrivateDnsLink>,
    pub azure_metrics: Vec<AzureMetric>,
    pub azure_errors: Vec<AzureError>,
    pub azure_activities: Vec<AzureActivity>,
}

impl Rows {
    /// Notes that a source covers a table of the whole cluster.
    pub fn covers(&mut self, table: TableKind, at: Span) {
        self.collected.push(Collected {
            table,
            resource: String::new(),
            namespace: String::new(),
            complete: true,
            at,
        });
    }
}

macro_rules! append_rows {
    ($($field:ident),* $(,)?) => {
        impl Rows {
            /// Appends another artefact's rows. The first ones are taken over as they are: a copy of the
            /// largest table would hold it twice.
            pub fn append(&mut self, mut other: Self) {
                $(if self.$field.is_empty() {
                    self.$field = other.$field;
                } else {
                    self.$field.append(&mut other.$field);
                })*
            }
        }
    };
}
append_rows!(
    collected,
    diagnostics,
    nodes,
    pods,
    events,
    workloads,
    services,
    endpoint_slices,
    webhooks,
    api_services,
    flow_schemas,
    priority_levels,
    network_policies,
    disruption_budgets,
    quotas,
    leases,
    namespaces,
    jobs,
    cron_jobs,
    secrets,
    config_maps,
    autoscalers,
    claims,
    volumes,
    attachments,
    certificate_requests,
    others,
    object_counts,
    versions,
    health,
    node_usage,
    pod_usage,
    scrapes,
    audit_rows,
    logs,
    commands,
    client_facts,
    kubeconfigs,
    collections,
    firewalls,
    resolv_confs,
    lookups,
    probes,
    filesystems,
    memory,
    pressures,
    conntracks,
    clocks,
    certificates,
    disk_loads,
    cpu_loads,
    sockets,
    provision_exits,
    routes,
    hosts,
    clusters,
    nsgs,
    route_tables,
    outbound_rules,
    public_ips,
    virtual_networks,
    private_dns_links,
    azure_metrics,
    azure_errors,
    azure_activities,
);

/// A span at the start of an artefact: for what has no better place.
pub fn start_of(artifact: ArtifactId) -> Span {
    Span { artifact, start: 0, end: 0 }
}
