//! How a rule declares what it needs: the type of its inputs *is* the declaration.

use konspect_audit::AuditSummary;

use super::{
    ApiServerPath, Client, Context, Egress, Events, Facts, Firewalls, KubeletReach, Listing, Logs,
    Missing, NetworkGroups, Nodes, Pods, Services, Table, Tunnel,
};
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
use crate::parse::TableKind;
use crate::parse::rows::NsgText;

/// What a rule's inputs name, for `konspect rules`, the collector's cross-check and the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Each entry: any one of these tables is required.
    pub required: Vec<Vec<TableKind>>,
    pub optional: Vec<TableKind>,
}

/// Something a rule may ask for.
pub trait FromFacts<'f>: Sized {
    fn needs(out: &mut Needs);
    fn from_facts(facts: &'f Facts) -> Result<Self, Missing>;
}

impl<'f> FromFacts<'f> for &'f Context {
    fn needs(_: &mut Needs) {}
    fn from_facts(facts: &'f Facts) -> Result<Self, Missing> {
        Ok(&facts.context)
    }
}

/// Everything, for rules that join so much that naming it would say nothing.
impl<'f> FromFacts<'f> for &'f Facts {
    fn needs(_: &mut Needs) {}
    fn from_facts(facts: &'f Facts) -> Result<Self, Missing> {
        Ok(facts)
    }
}

/// A table that sharpens the answer but is not needed for it.
impl<'f, T: FromFacts<'f>> FromFacts<'f> for Option<T> {
    fn needs(out: &mut Needs) {
        let mut inner = Needs::default();
        T::needs(&mut inner);
        out.optional.extend(inner.required.into_iter().flatten().chain(inner.optional));
    }
    fn from_facts(facts: &'f Facts) -> Result<Self, Missing> {
        Ok(T::from_facts(facts).ok())
    }
}

/// At least one of two.
#[derive(Clone, Copy, Debug)]
pub struct AnyOf<A, B>(pub Option<A>, pub Option<B>);

impl<'f, A: FromFacts<'f>, B: FromFacts<'f>> FromFacts<'f> for AnyOf<A, B> {
    fn needs(out: &mut Needs) {
        let (mut a, mut b) = (Needs::default(), Needs::default());
        A::needs(&mut a);
        B::needs(&mut b);
        out.required.push(a.required.into_iter().chain(b.required).flatten().collect());
        out.optional.extend(a.optional.into_iter().chain(b.optional));
    }
    fn from_facts(facts: &'f Facts) -> Result<Self, Missing> {
        match (A::from_facts(facts), B::from_facts(facts)) {
            (Err(mut a), Err(b)) => {
                a.tables.extend(b.tables);
                a.because = a.because.or(b.because);
                Err(a)
            }
            (a, b) => Ok(Self(a.ok(), b.ok())),
        }
    }
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<'f, $($name: FromFacts<'f>),+> FromFacts<'f> for ($($name,)+) {
            fn needs(out: &mut Needs) {
                $($name::needs(out);)+
            }
            fn from_facts(facts: &'f Facts) -> Result<Self, Missing> {
                Ok(($($name::from_facts(facts)?,)+))
            }
        }
    };
}
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);

macro_rules! tables {
    ($($table:ty => $field:ident, [$($kind:ident),+];)+) => {$(
        impl<'f> FromFacts<'f> for &'f $table {
            fn needs(out: &mut Needs) {
                out.required.push(vec![$(TableKind::$kind),+]);
            }
            fn from_facts(facts: &'f Facts) -> Result<Self, Missing> {
                facts.$field.get()
            }
        }
    )+};
}
tables! {
    Nodes => nodes, [Nodes];
    Pods => pods, [Pods];
    Events => events, [Events];
    Services => services, [Services];
    Logs => logs, [TunnelLogs, CoreDnsLogs, KubeletLogs, KernelLogs, ControlPlaneLogs, OtherLogs];
    Tunnel => tunnel, [Pods, Workloads, TunnelLogs];
    KubeletReach => reach, [ClientErrors, TunnelLogs, OtherLogs, Probes];
    Firewalls => firewalls, [Firewalls];
    NetworkGroups => network_groups, [AzureNetworkRules];
    Listing<Workload> => workloads, [Workloads];
    Listing<Webhook> => webhooks, [Webhooks];
    Listing<ApiService> => api_services, [ApiServices];
    Listing<FlowSchema> => flow_schemas, [FlowControl];
    Listing<PriorityLevel> => priority_levels, [FlowControl];
    Listing<NetworkPolicy> => network_policies, [NetworkPolicies];
    Listing<DisruptionBudget> => disruption_budgets, [DisruptionBudgets];
    Listing<ResourceQuota> => quotas, [Quotas];
    Listing<Lease> => leases, [Leases];
    Listing<Namespace> => namespaces, [Namespaces];
    Listing<Job> => jobs, [Jobs];
    Listing<CronJob> => cron_jobs, [Jobs];
    Listing<SecretMeta> => secrets, [SecretsMetadata];
    Listing<ConfigMap> => config_maps, [ConfigMaps];
    Listing<Autoscaler> => autoscalers, [Autoscalers];
    Listing<PersistentVolumeClaim> => claims, [Volumes];
    Listing<PersistentVolume> => volumes, [Volumes];
    Listing<VolumeAttachment> => attachments, [Volumes];
    Listing<CertificateSigningRequest> => certificate_requests, [CertificateRequests];
    Listing<OtherObject> => others, [CustomResources];
    Listing<ObjectCount> => object_counts, [Metrics, CustomResources];
    Listing<HealthCheck> => health, [Health];
    Listing<NodeUsage> => node_usage, [Top];
    Listing<PodUsage> => pod_usage, [Top];
    Listing<Scrape> => scrapes, [Metrics];
    Listing<CommandOutcome> => commands, [ClientErrors];
    Listing<ClientFact> => client_facts, [ClientErrors];
    Listing<KubeconfigServer> => kubeconfigs, [ClientErrors];
    Listing<OnNode<ResolvConf>> => resolv_confs, [DnsLookups];
    Listing<OnNode<Lookup>> => lookups, [DnsLookups];
    Listing<OnNode<Probe>> => probes, [Probes];
    Listing<OnNode<Filesystem>> => filesystems, [NodeFiles];
    Listing<OnNode<Memory>> => memory, [NodeFiles];
    Listing<OnNode<Pressure>> => pressures, [NodeFiles];
    Listing<OnNode<Conntrack>> => conntracks, [NodeFiles];
    Listing<OnNode<Clock>> => clocks, [NodeFiles];
    Listing<OnNode<Certificate>> => certificates, [NodeFiles];
    Listing<OnNode<DiskLoad>> => disk_loads, [NodeFiles];
    Listing<OnNode<CpuLoad>> => cpu_loads, [NodeFiles];
    Listing<OnNode<Sockets>> => sockets, [NodeFiles];
    Listing<OnNode<ProvisionExit>> => provision_exits, [NodeFiles];
    Listing<OnNode<Routes>> => routes, [NodeFiles];
    Listing<OnNode<HostsEntry>> => hosts, [NodeFiles];
    Listing<ManagedCluster> => clusters, [AzureCluster];
    Listing<NsgText> => nsgs, [AzureNetworkRules];
    Listing<RouteTable> => route_tables, [AzureRoutes];
    Listing<OutboundRule> => outbound_rules, [AzureOutbound];
    Listing<PublicIp> => public_ips, [AzureOutbound];
    Listing<VirtualNetwork> => virtual_networks, [AzureNetworkRules];
    Listing<AzureMetric> => azure_metrics, [AzureSnatMetrics, AzureDiskMetrics];
    Listing<AzureError> => azure_errors, [AzureCluster];
    Listing<AzureActivity> => azure_activities, [AzureCluster];
    Client => client, [ClientErrors];
    ApiServerPath => apiserver_path, [Probes, KubeletLogs, TunnelLogs];
    Egress => egress, [Probes, Events];
    AuditSummary => audit, [Audit];
    Listing<konspect_audit::Aggregate> => audit_rows, [AuditSummaries];
}

impl<T> Table<T> {
    /// A table, or the note that it was not collected.
    pub fn from_option(table: Option<T>, kinds: &[TableKind]) -> Self {
        match table {
            Some(table) => Self::Collected(table),
            None => Self::NotCollected(Missing {
                tables: kinds.to_vec(),
                node: String::new(),
                because: None,
            }),
        }
    }
}
