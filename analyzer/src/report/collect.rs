//! What would collect a table that is missing: the command, the rights it needs, and about how much it gives.

use crate::parse::TableKind;

/// How to get a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// A command of the collector's profiles, or the collector itself with the flag that adds it.
    pub command: &'static str,
    /// The right it needs, as RBAC names it; else the key of the words that tell it.
    pub rights: &'static str,
    /// KiB of a cluster of some dozen nodes, as the collector's profiles estimate them.
    pub kib: u64,
    pub way: Way,
}

/// How a script asks for a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Lists of objects, which one `kubectl get` may ask for together.
    Lists(&'static [&'static str]),
    /// One command of kubectl's with these words, whose answer goes to this file.
    Kubectl(&'static str, &'static [&'static str]),
    /// The collector with these words; it writes this file itself.
    Collector(&'static str, &'static [&'static str]),
    /// The collector on nodes, by the names of those that matter.
    Nodes,
    /// Somebody must switch it on or hand it over: no script can ask.
    ByHand,
}

/// The recipe of a table.
pub fn recipe_of(table: TableKind) -> Recipe {
    let (command, rights, kib, way) = match table {
        TableKind::Nodes
        | TableKind::Pods
        | TableKind::Events
        | TableKind::Workloads
        | TableKind::Services
        | TableKind::Endpoints
        | TableKind::Webhooks
        | TableKind::ApiServices
        | TableKind::FlowControl
        | TableKind::NetworkPolicies
        | TableKind::DisruptionBudgets
        | TableKind::Quotas
        | TableKind::Leases
        | TableKind::Namespaces
        | TableKind::Jobs
        | TableKind::CustomResources
        | TableKind::Volumes
        | TableKind::CertificateRequests
        | TableKind::Autoscalers => list_of(table),
        TableKind::SecretsMetadata => (
            "konspect-collect --only secrets-metadata",
            "list secrets",
            256,
            // The table's columns hold no data of a Secret.
            Way::Kubectl(
                "secrets.txt",
                &["get", "secrets", "-A", "--show-labels", "--chunk-size=500"],
            ),
        ),
        TableKind::ConfigMaps => (
            "konspect-collect --profile deep --only coredns-config",
            "get configmaps in kube-system",
            256,
            Way::Kubectl(
                "configmaps.json",
                &["get", "configmaps", "-n", "kube-system", "-o", "json"],
            ),
        ),
        TableKind::Top => (
            "kubectl top nodes",
            "list metrics.k8s.io/nodes",
            8,
            Way::Kubectl("top-nodes.txt", &["top", "nodes"]),
        ),
        TableKind::Metrics => (
            "kubectl get --raw /metrics",
            "get /metrics",
            4096,
            Way::Kubectl("metrics.txt", &["get", "--raw", "/metrics"]),
        ),
        TableKind::Health => (
            "kubectl get --raw '/readyz?verbose'",
            "get /readyz",
            2,
            Way::Kubectl("readyz.txt", &["get", "--raw", "/readyz?verbose"]),
        ),
        TableKind::ApiVersion => (
            "kubectl get --raw /version",
            "get /version",
            1,
            Way::Kubectl("version.json", &["version", "-o", "json"]),
        ),
        TableKind::Firewalls
        | TableKind::NodeFiles
        | TableKind::DnsLookups
        | TableKind::Probes
        | TableKind::KubeletLogs
        | TableKind::KernelLogs => (
            "konspect-collect --nodes all --via debug",
            "right-node",
            // Of one node.
            5120,
            Way::Nodes,
        ),
        TableKind::TunnelLogs => system_logs(Way::Kubectl(
            "logs/konnectivity-agent.log",
            &[
                "logs",
                "-n",
                "kube-system",
                "-l",
                "app=konnectivity-agent",
                "--all-containers",
                "--prefix",
                "--timestamps",
                "--tail=5000",
            ],
        )),
        TableKind::CoreDnsLogs => system_logs(Way::Kubectl(
            "logs/coredns.log",
            &[
                "logs",
                "-n",
                "kube-system",
                "-l",
                "k8s-app=kube-dns",
                "--all-containers",
                "--prefix",
                "--timestamps",
                "--tail=5000",
            ],
        )),
        TableKind::OtherLogs => system_logs(Way::Collector(
            "logs.zip",
            &["--only", "pods", "--only", "system-logs", "--only", "system-logs-previous"],
        )),
        TableKind::ControlPlaneLogs => {
            ("konspect-collect pack EXPORT", "right-workspace", 10_240, Way::ByHand)
        }
        TableKind::ClientErrors => (
            "konspect-collect",
            "get pods/log",
            10_240,
            Way::Collector("quick.zip", &["--profile", "quick"]),
        ),
        TableKind::AzureCluster
        | TableKind::AzureNetworkRules
        | TableKind::AzureRoutes
        | TableKind::AzureOutbound
        | TableKind::AzureSnatMetrics
        | TableKind::AzureDiskMetrics => (
            "konspect-collect --azure",
            "right-azure",
            1024,
            Way::Collector("azure.zip", &["--only", "nodes", "--azure"]),
        ),
        TableKind::Audit | TableKind::AuditSummaries => {
            ("konspect-collect --audit PATH", "right-audit", 102_400, Way::ByHand)
        }
    };
    Recipe { command, rights, kib, way }
}

type Parts = (&'static str, &'static str, u64, Way);

fn system_logs(way: Way) -> Parts {
    ("konspect-collect --profile deep", "get pods/log in kube-system", 4096, way)
}

/// Tables that are lists of objects.
fn list_of(table: TableKind) -> Parts {
    match table {
        TableKind::Pods => {
            ("kubectl get pods -A -o json", "list pods", 4096, Way::Lists(&["pods"]))
        }
        TableKind::Events => {
            ("kubectl get events -A -o json", "list events", 2048, Way::Lists(&["events"]))
        }
        TableKind::Workloads => (
            "kubectl get deployments,daemonsets,statefulsets,replicasets -A -o json",
            "list apps/*",
            3584,
            Way::Lists(&["deployments", "daemonsets", "statefulsets", "replicasets"]),
        ),
        TableKind::Services => {
            ("kubectl get services -A -o json", "list services", 256, Way::Lists(&["services"]))
        }
        TableKind::Endpoints => (
            "kubectl get endpointslices -A -o json",
            "list discovery.k8s.io/endpointslices",
            512,
            Way::Lists(&["endpointslices"]),
        ),
        TableKind::Webhooks => (
            "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o json",
            "list admissionregistration.k8s.io/*",
            256,
            Way::Lists(&["validatingwebhookconfigurations", "mutatingwebhookconfigurations"]),
        ),
        TableKind::ApiServices => (
            "kubectl get apiservices -o json",
            "list apiregistration.k8s.io/apiservices",
            64,
            Way::Lists(&["apiservices"]),
        ),
        TableKind::FlowControl => (
            "kubectl get flowschemas,prioritylevelconfigurations -o json",
            "list flowcontrol.apiserver.k8s.io/*",
            96,
            Way::Lists(&["flowschemas", "prioritylevelconfigurations"]),
        ),
        TableKind::NetworkPolicies => (
            "kubectl get networkpolicies -A -o json",
            "list networking.k8s.io/networkpolicies",
            128,
            Way::Lists(&["networkpolicies"]),
        ),
        TableKind::DisruptionBudgets => (
            "kubectl get poddisruptionbudgets -A -o json",
            "list policy/poddisruptionbudgets",
            64,
            Way::Lists(&["poddisruptionbudgets"]),
        ),
        TableKind::Quotas => (
            "kubectl get resourcequotas -A -o json",
            "list resourcequotas",
            32,
            Way::Lists(&["resourcequotas"]),
        ),
        TableKind::Leases => (
            "kubectl get leases -A -o json",
            "list coordination.k8s.io/leases",
            128,
            Way::Lists(&["leases"]),
        ),
        TableKind::Namespaces => {
            ("kubectl get namespaces -o json", "list namespaces", 64, Way::Lists(&["namespaces"]))
        }
        TableKind::Jobs => (
            "kubectl get jobs,cronjobs -A -o json",
            "list batch/*",
            640,
            Way::Lists(&["jobs", "cronjobs"]),
        ),
        TableKind::CustomResources => (
            "kubectl get customresourcedefinitions -o json",
            "list apiextensions.k8s.io/customresourcedefinitions",
            4096,
            Way::Lists(&["customresourcedefinitions"]),
        ),
        TableKind::Volumes => (
            "kubectl get pv,pvc,volumeattachments -A -o json",
            "list persistentvolumes, storage.k8s.io/*",
            640,
            Way::Lists(&["persistentvolumes", "persistentvolumeclaims", "volumeattachments"]),
        ),
        TableKind::CertificateRequests => (
            "kubectl get certificatesigningrequests -o json",
            "list certificates.k8s.io/certificatesigningrequests",
            64,
            Way::Lists(&["certificatesigningrequests"]),
        ),
        TableKind::Autoscalers => (
            "kubectl get horizontalpodautoscalers -A -o json",
            "list autoscaling/horizontalpodautoscalers",
            128,
            Way::Lists(&["horizontalpodautoscalers"]),
        ),
        _ => ("kubectl get nodes -o json", "list nodes", 512, Way::Lists(&["nodes"])),
    }
}
