//! The cluster as the bundle shows it: rows joined and indexed, immutable once built, shared by every
//! rule.
//!
//! A table is collected or it is not; a rule that needs one that is not is skipped, and says so.

pub mod addresses;
pub mod apiserver_path;
pub mod breaches;
mod build;
pub mod client;
pub mod clients;
pub mod clocks;
pub mod context;
mod copies;
pub mod dns;
pub mod egress;
pub mod events;
pub mod firewalls;
pub mod helm;
pub mod inputs;
pub mod listing;
pub mod logs;
pub mod metrics;
pub mod network_groups;
mod node_metrics;
pub mod nodes;
pub mod outbound;
pub mod phrases;
pub mod piles;
mod places;
pub mod pods;
pub mod policies;
pub mod reach;
pub mod services;
pub mod tunnel;
pub mod view;
pub mod way;
pub mod webhooks;
mod years;

use jiff::Timestamp;
use konspect_audit::AuditSummary;
use konspect_bundle::{ArtifactId, Diagnostic, Span, Words, words};

pub use self::apiserver_path::ApiServerPath;
pub use self::client::Client;
pub use self::clocks::Skew;
pub use self::context::Context;
pub use self::egress::Egress;
pub use self::events::Events;
pub use self::firewalls::Firewalls;
pub use self::inputs::{AnyOf, FromFacts, Needs};
pub use self::listing::Listing;
pub use self::logs::Logs;
pub use self::network_groups::NetworkGroups;
pub use self::nodes::Nodes;
pub use self::phrases::Phrases;
pub use self::pods::Pods;
pub use self::reach::KubeletReach;
pub use self::services::Services;
pub use self::tunnel::Tunnel;
use crate::model::azure::{
    AzureActivity, AzureError, AzureMetric, ManagedCluster, OutboundRule, PublicIp, RouteTable,
    VirtualNetwork,
};
use crate::model::client::{ClientFact, CommandOutcome, KubeconfigServer};
use crate::model::kube::{
    ApiService, CertificateSigningRequest, ConfigMap, FlowSchema, HealthCheck, Lease, Namespace,
    NodeUsage, ObjectCount, OtherObject, PodUsage, PriorityLevel, SecretMeta, Webhook,
};
use crate::model::metrics::Scrape;
use crate::model::node_files::{
    Certificate, Clock, Conntrack, CpuLoad, DiskLoad, Filesystem, HostsEntry, Lookup, Memory,
    OnNode, Pressure, Probe, ProvisionExit, ResolvConf, Routes, Sockets,
};
use crate::model::workload::{
    Autoscaler, CronJob, DisruptionBudget, Job, NetworkPolicy, PersistentVolume,
    PersistentVolumeClaim, ResourceQuota, VolumeAttachment, Workload,
};
use crate::parse::rows::NsgText;
use crate::parse::{Rows, TableKind};

/// A table of facts, or what is missing.
#[derive(Clone, Debug)]
pub enum Table<T> {
    Collected(T),
    NotCollected(Missing),
}

impl<T> Table<T> {
    pub fn get(&self) -> Result<&T, Missing> {
        match self {
            Self::Collected(table) => Ok(table),
            Self::NotCollected(missing) => Err(missing.clone()),
        }
    }

    pub fn ok(&self) -> Option<&T> {
        match self {
            Self::Collected(table) => Some(table),
            Self::NotCollected(_) => None,
        }
    }

    fn ok_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Collected(table) => Some(table),
            Self::NotCollected(_) => None,
        }
    }
}

/// What a rule could not see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// Any one of these would do.
    pub tables: Vec<TableKind>,
    /// The node it is missing for; empty for the cluster.
    pub node: String,
    /// Why, when the bundle tells: the command failed, was forbidden, the file was cut.
    pub because: Option<(Words, Span)>,
}

impl Missing {
    pub fn table(table: TableKind) -> Self {
        Self { tables: vec![table], node: String::new(), because: None }
    }

    pub fn on_node(table: TableKind, node: &str) -> Self {
        Self { tables: vec![table], node: node.to_owned(), because: None }
    }

    /// Reads, in a log that holds writes alone.
    pub fn reads() -> Self {
        let because = Some((words!("audit-admin-only-missing"), Span::BUNDLE));
        Self { tables: vec![TableKind::Audit], node: String::new(), because }
    }
}

/// Everything rules may ask. Fields are tables; combiners (`tunnel`, `reach`) join several.
#[derive(Debug)]
pub struct Facts {
    pub context: Context,
    pub nodes: Table<Nodes>,
    pub pods: Table<Pods>,
    pub events: Table<Events>,
    pub workloads: Table<Listing<Workload>>,
    /// Services with their endpoints.
    pub services: Table<Services>,
    pub webhooks: Table<Listing<Webhook>>,
    pub api_services: Table<Listing<ApiService>>,
    pub flow_schemas: Table<Listing<FlowSchema>>,
    /// What queries over audit tables gave that somebody else ran.
    pub audit_rows: Table<Listing<konspect_audit::Aggregate>>,
    pub priority_levels: Table<Listing<PriorityLevel>>,
    pub network_policies: Table<Listing<NetworkPolicy>>,
    pub disruption_budgets: Table<Listing<DisruptionBudget>>,
    pub quotas: Table<Listing<ResourceQuota>>,
    pub leases: Table<Listing<Lease>>,
    pub namespaces: Table<Listing<Namespace>>,
    pub jobs: Table<Listing<Job>>,
    pub cron_jobs: Table<Listing<CronJob>>,
    pub secrets: Table<Listing<SecretMeta>>,
    pub config_maps: Table<Listing<ConfigMap>>,
    pub autoscalers: Table<Listing<Autoscaler>>,
    pub claims: Table<Listing<PersistentVolumeClaim>>,
    pub volumes: Table<Listing<PersistentVolume>>,
    pub attachments: Table<Listing<VolumeAttachment>>,
    pub certificate_requests: Table<Listing<CertificateSigningRequest>>,
    pub others: Table<Listing<OtherObject>>,
    pub object_counts: Table<Listing<ObjectCount>>,
    pub health: Table<Listing<HealthCheck>>,
    pub node_usage: Table<Listing<NodeUsage>>,
    pub pod_usage: Table<Listing<PodUsage>>,
    pub scrapes: Table<Listing<Scrape>>,
    pub logs: Table<Logs>,
    pub commands: Table<Listing<CommandOutcome>>,
    pub client_facts: Table<Listing<ClientFact>>,
    pub kubeconfigs: Table<Listing<KubeconfigServer>>,
    pub tunnel: Table<Tunnel>,
    pub reach: Table<KubeletReach>,
    pub firewalls: Table<Firewalls>,
    pub resolv_confs: Table<Listing<OnNode<ResolvConf>>>,
    pub lookups: Table<Listing<OnNode<Lookup>>>,
    pub probes: Table<Listing<OnNode<Probe>>>,
    pub filesystems: Table<Listing<OnNode<Filesystem>>>,
    pub memory: Table<Listing<OnNode<Memory>>>,
    pub pressures: Table<Listing<OnNode<Pressure>>>,
    pub conntracks: Table<Listing<OnNode<Conntrack>>>,
    pub clocks: Table<Listing<OnNode<Clock>>>,
    pub certificates: Table<Listing<OnNode<Certificate>>>,
    pub disk_loads: Table<Listing<OnNode<DiskLoad>>>,
    pub cpu_loads: Table<Listing<OnNode<CpuLoad>>>,
    pub sockets: Table<Listing<OnNode<Sockets>>>,
    pub provision_exits: Table<Listing<OnNode<ProvisionExit>>>,
    pub routes: Table<Listing<OnNode<Routes>>>,
    pub hosts: Table<Listing<OnNode<HostsEntry>>>,
    pub clusters: Table<Listing<ManagedCluster>>,
    pub network_groups: Table<NetworkGroups>,
    pub nsgs: Table<Listing<NsgText>>,
    pub route_tables: Table<Listing<RouteTable>>,
    pub outbound_rules: Table<Listing<OutboundRule>>,
    pub public_ips: Table<Listing<PublicIp>>,
    pub virtual_networks: Table<Listing<VirtualNetwork>>,
    pub azure_metrics: Table<Listing<AzureMetric>>,
    pub azure_errors: Table<Listing<AzureError>>,
    pub azure_activities: Table<Listing<AzureActivity>>,
    /// What the client saw of the API server.
    pub client: Table<Client>,
    /// Who reaches the API server from which node.
    pub apiserver_path: Table<ApiServerPath>,
    /// Which required endpoints the nodes reach.
    pub egress: Table<Egress>,
    pub audit: Table<AuditSummary>,
    /// Clocks that are not the API server's; what they wrote is corrected.
    pub skews: Vec<Skew>,
    /// What two collections say differently of one object.
    pub disagreements: Vec<Diagnostic>,
}

/// What the bundle itself contributes beside rows.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// Labels of the artefacts, by `ArtifactId`.
    pub paths: Vec<String>,
    /// The node each artefact was taken on, when a manifest says so; else empty.
    pub nodes: Vec<String>,
    /// When the collection ended, when a manifest says so.
    pub collected: Option<Timestamp>,
}

impl Origin {
    pub fn path(&self, artifact: ArtifactId) -> &str {
        self.paths.get(artifact.0 as usize).map_or("", String::as_str)
    }
}

impl Facts {
    /// Joins and indexes the rows of all artefacts, and what the audit logs say.
    pub fn new(rows: Rows, audit: Option<AuditSummary>, origin: &Origin) -> Self {
        build::facts(rows, audit, origin)
    }
}
