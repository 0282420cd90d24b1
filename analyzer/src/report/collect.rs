//! What would collect a table that is missing: the command, and the rights it needs.

use crate::parse::TableKind;

/// How to get a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// A command of the collector's profiles, or the collector itself with the flag that adds it.
    pub command: &'static str,
    /// The right it needs, as RBAC or Azure names it.
    pub rights: &'static str,
}

const fn recipe(command: &'static str, rights: &'static str) -> Recipe {
    Recipe { command, rights }
}

/// The recipe of a table.
pub fn recipe_of(table: TableKind) -> Recipe {
    match table {
        TableKind::Nodes => recipe("kubectl get nodes -o json", "list nodes"),
        TableKind::Pods => recipe("kubectl get pods -A -o json", "list pods"),
        TableKind::Events => recipe("kubectl get events -A -o json", "list events"),
        TableKind::Workloads => recipe(
            "kubectl get deployments,daemonsets,statefulsets,replicasets -A -o json",
            "list apps/*",
        ),
        TableKind::Services => recipe("kubectl get services -A -o json", "list services"),
        TableKind::Endpoints => {
            recipe("kubectl get endpointslices -A -o json", "list discovery.k8s.io/endpointslices")
        }
        TableKind::Webhooks => recipe(
            "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o json",
            "list admissionregistration.k8s.io/*",
        ),
        TableKind::ApiServices => {
            recipe("kubectl get apiservices -o json", "list apiregistration.k8s.io/apiservices")
        }
        TableKind::FlowControl => recipe(
            "kubectl get flowschemas,prioritylevelconfigurations -o json",
            "list flowcontrol.apiserver.k8s.io/*",
        ),
        TableKind::NetworkPolicies => recipe(
            "kubectl get networkpolicies -A -o json",
            "list networking.k8s.io/networkpolicies",
        ),
        TableKind::DisruptionBudgets => recipe(
            "kubectl get poddisruptionbudgets -A -o json",
            "list policy/poddisruptionbudgets",
        ),
        TableKind::Quotas => recipe("kubectl get resourcequotas -A -o json", "list resourcequotas"),
        TableKind::Leases => {
            recipe("kubectl get leases -A -o json", "list coordination.k8s.io/leases")
        }
        TableKind::Namespaces => recipe("kubectl get namespaces -o json", "list namespaces"),
        TableKind::Jobs => recipe("kubectl get jobs,cronjobs -A -o json", "list batch/*"),
        TableKind::SecretsMetadata => {
            recipe("konspect-collect --only secrets-metadata", "list secrets")
        }
        TableKind::ConfigMaps => recipe(
            "kubectl get configmaps -n kube-system -o json",
            "list configmaps in kube-system",
        ),
        TableKind::CustomResources => recipe(
            "kubectl get customresourcedefinitions -o json",
            "list apiextensions.k8s.io/customresourcedefinitions",
        ),
        TableKind::Volumes => recipe(
            "kubectl get pv,pvc,volumeattachments -A -o json",
            "list persistentvolumes, storage.k8s.io/*",
        ),
        TableKind::CertificateRequests => recipe(
            "kubectl get certificatesigningrequests -o json",
            "list certificates.k8s.io/certificatesigningrequests",
        ),
        TableKind::Autoscalers => recipe(
            "kubectl get horizontalpodautoscalers -A -o json",
            "list autoscaling/horizontalpodautoscalers",
        ),
        TableKind::Top => recipe("kubectl top nodes", "list metrics.k8s.io/nodes"),
        TableKind::Metrics => recipe("kubectl get --raw /metrics", "get /metrics"),
        TableKind::Health => recipe("kubectl get --raw '/readyz?verbose'", "get /readyz"),
        TableKind::ApiVersion => recipe("kubectl version -o json", "get /version"),
        TableKind::Firewalls
        | TableKind::NodeFiles
        | TableKind::DnsLookups
        | TableKind::Probes
        | TableKind::KubeletLogs
        | TableKind::KernelLogs => {
            recipe("konspect-collect --nodes all", "a debug pod, ssh, or az vmss run-command")
        }
        TableKind::TunnelLogs | TableKind::CoreDnsLogs | TableKind::OtherLogs => {
            recipe("konspect-collect --profile deep", "get pods/log in kube-system")
        }
        TableKind::ControlPlaneLogs => {
            recipe("az aks update --enable-azure-monitor-logs", "Log Analytics Reader")
        }
        TableKind::ClientErrors => recipe("konspect-collect", "get pods/log"),
        TableKind::AzureCluster
        | TableKind::AzureNetworkRules
        | TableKind::AzureRoutes
        | TableKind::AzureOutbound
        | TableKind::AzureSnatMetrics
        | TableKind::AzureDiskMetrics => {
            recipe("konspect-collect --azure", "Reader on the node resource group")
        }
        TableKind::Audit => {
            recipe("konspect-collect --audit PATH", "the audit log's storage account or workspace")
        }
    }
}
