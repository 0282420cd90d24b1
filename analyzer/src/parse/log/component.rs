//! Whose log it is, by what its lines say.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::model::log::{Component, LogOrigin};

/// Lines that vote; whose log it is shows early.
const MOST_VOTES: u64 = 20_000;

/// The program of a journal's identifier; `None` when the line is no journal's. systemd's lines
/// about a unit go to the program of that unit.
pub(super) fn of_journal(ident: &str, message: &str) -> Option<Component> {
    if ident.is_empty() {
        return None;
    }
    let lower = ident.to_ascii_lowercase();
    if lower.starts_with("systemd") {
        let about = |unit: &str| {
            message.starts_with(unit) || message.starts_with("Unit ") && message.contains(unit)
        };
        if about("kubelet.service") || message.to_ascii_lowercase().contains("ed kubelet") {
            return Some(Component::Kubelet);
        }
        if ["containerd.service", "docker.service", "crio.service"].iter().any(|unit| about(unit))
            || message.starts_with("Started containerd")
            || message.starts_with("Stopped containerd")
        {
            return Some(Component::Runtime);
        }
        return Some(Component::System);
    }
    let found = IDENTIFIERS.iter().find(|(name, _)| lower.starts_with(name));
    Some(found.map_or(Component::System, |(_, component)| *component))
}

const IDENTIFIERS: [(&str, Component); 16] = [
    ("kubelet", Component::Kubelet),
    ("kernel", Component::Kernel),
    ("containerd", Component::Runtime),
    ("dockerd", Component::Runtime),
    ("docker", Component::Runtime),
    ("crio", Component::Runtime),
    ("env", Component::Runtime),
    ("node-problem-detector", Component::NodeProblemDetector),
    ("azure-cns", Component::Cni),
    ("azure-vnet", Component::Cni),
    ("cilium", Component::Cni),
    ("calico", Component::Cni),
    ("kube-proxy", Component::KubeProxy),
    ("etcd", Component::Etcd),
    ("konnectivity", Component::TunnelAgent),
    ("coredns", Component::CoreDns),
];

/// Votes of the lines of a log that has no identifiers.
#[derive(Debug, Default)]
pub(super) struct Votes {
    lines: u64,
    counts: [u64; COMPONENTS.len()],
    journal: bool,
}

impl Votes {
    pub(super) fn line(&mut self, text: &str) {
        if self.lines >= MOST_VOTES {
            return;
        }
        self.lines += 1;
        let Some(words) = WORDS.as_ref() else { return };
        let mut seen = [false; COMPONENTS.len()];
        for hit in words.automaton.find_overlapping_iter(text) {
            let Some((component, weight)) = words.votes.get(hit.pattern().as_usize()) else {
                continue;
            };
            let Some(at) = COMPONENTS.iter().position(|candidate| candidate == component) else {
                continue;
            };
            if let (Some(count), Some(seen)) = (self.counts.get_mut(at), seen.get_mut(at))
                && !*seen
            {
                *count += weight;
                *seen = true;
            }
        }
    }

    /// Notes a line that only journalctl prints.
    pub(super) fn journal(&mut self) {
        self.journal = true;
    }

    /// The program with most votes; the name in the path where no line spoke, or where it ties.
    pub(super) fn winner(&self, named: &LogOrigin, identified: bool) -> Component {
        let most = self.counts.iter().copied().max().unwrap_or(0);
        if most == 0 {
            let system = named.component == Component::Other && (self.journal || identified);
            return if system { Component::System } else { named.component };
        }
        let by_name = COMPONENTS
            .iter()
            .zip(self.counts)
            .any(|(component, count)| *component == named.component && count == most);
        if by_name {
            return named.component;
        }
        let first = COMPONENTS.iter().zip(self.counts).find(|(_, count)| *count == most);
        first.map_or(Component::Other, |(component, _)| *component)
    }
}

const COMPONENTS: [Component; 16] = [
    Component::Kubelet,
    Component::Runtime,
    Component::Kernel,
    Component::TunnelAgent,
    Component::TunnelServer,
    Component::CoreDns,
    Component::KubeProxy,
    Component::MetricsServer,
    Component::ApiServer,
    Component::ControllerManager,
    Component::Scheduler,
    Component::Etcd,
    Component::Cni,
    Component::CloudControllerManager,
    Component::ClusterAutoscaler,
    Component::NodeProblemDetector,
];

struct Words {
    automaton: AhoCorasick,
    votes: Vec<(Component, u64)>,
}

static WORDS: LazyLock<Option<Words>> = LazyLock::new(|| {
    let automaton = AhoCorasick::new(VOTES.iter().map(|(word, _, _)| *word)).ok()?;
    let votes = VOTES.iter().map(|(_, component, weight)| (*component, *weight)).collect();
    Some(Words { automaton, votes })
});

/// Words that only one program writes (weight 4), or that it writes mostly (weight 1).
const VOTES: &[(&str, Component, u64)] = &[
    ("kubelet.go:", Component::Kubelet, 4),
    ("kubelet_node_status.go:", Component::Kubelet, 4),
    ("pod_workers.go:", Component::Kubelet, 4),
    ("kuberuntime_", Component::Kubelet, 4),
    ("pod_container_deletor.go:", Component::Kubelet, 4),
    ("eviction_manager.go:", Component::Kubelet, 4),
    ("remote_runtime.go:", Component::Kubelet, 4),
    ("remote_image.go:", Component::Kubelet, 4),
    ("Skipping pod synchronization", Component::Kubelet, 4),
    ("skipping pod synchronization", Component::Kubelet, 4),
    ("SyncLoop ", Component::Kubelet, 4),
    ("Failed to ensure lease exists", Component::Kubelet, 4),
    ("Error updating node status", Component::Kubelet, 4),
    ("Eviction manager:", Component::Kubelet, 4),
    ("reconciler_common.go:", Component::Kubelet, 1),
    ("operation_generator.go:", Component::Kubelet, 1),
    ("prober.go:", Component::Kubelet, 1),
    ("RunPodSandbox for", Component::Runtime, 4),
    ("StopPodSandbox for", Component::Runtime, 4),
    ("loading plugin", Component::Runtime, 4),
    ("CreateContainer within sandbox", Component::Runtime, 4),
    ("ImageCreate event", Component::Runtime, 4),
    ("containerd", Component::Runtime, 1),
    ("AgentCert set to", Component::TunnelAgent, 4),
    ("ProxyServerHost set to", Component::TunnelAgent, 4),
    ("ALPNProtos set to", Component::TunnelAgent, 4),
    ("agentID=", Component::TunnelAgent, 1),
    ("serverID=", Component::TunnelAgent, 1),
    ("\"Connect to\"", Component::TunnelAgent, 4),
    ("\"Connect to server\"", Component::TunnelAgent, 4),
    ("cannot connect once", Component::TunnelAgent, 4),
    ("could not read stream", Component::TunnelAgent, 4),
    ("sync added client", Component::TunnelAgent, 4),
    ("error dialing backend\" error", Component::TunnelAgent, 4),
    ("dialAddress=", Component::TunnelAgent, 4),
    ("Failed to get a backend", Component::TunnelServer, 4),
    ("DIAL_RSP contains failure", Component::TunnelServer, 4),
    ("ServerCert set to", Component::TunnelServer, 8),
    ("UdsName set to", Component::TunnelServer, 8),
    ("AgentPort set to", Component::TunnelServer, 8),
    ("Register backend for agent", Component::TunnelServer, 4),
    ("Agent connected", Component::TunnelServer, 4),
    ("CoreDNS-", Component::CoreDns, 4),
    ("plugin/", Component::CoreDns, 4),
    ("unreachable backend: read udp", Component::CoreDns, 4),
    ("errors like '^read udp", Component::CoreDns, 4),
    (" NOERROR qr,", Component::CoreDns, 4),
    (" NXDOMAIN qr,", Component::CoreDns, 4),
    (" SERVFAIL qr,", Component::CoreDns, 4),
    ("No files matching import glob pattern", Component::CoreDns, 4),
    ("proxier.go:", Component::KubeProxy, 4),
    ("Using iptables Proxier", Component::KubeProxy, 4),
    ("Using iptables mode DNAT", Component::KubeProxy, 4),
    ("Error syncing proxy rules", Component::KubeProxy, 4),
    ("for endpoint slice config", Component::KubeProxy, 4),
    ("for service config", Component::KubeProxy, 4),
    ("server_others.go:", Component::KubeProxy, 1),
    ("server_linux.go:", Component::KubeProxy, 1),
    ("Failed to scrape node", Component::MetricsServer, 4),
    ("unable to fully scrape metrics", Component::MetricsServer, 4),
    ("scraper.go:", Component::MetricsServer, 4),
    ("metric-storage-ready", Component::MetricsServer, 4),
    ("apiserver.local.config/certificates", Component::MetricsServer, 1),
    ("Failed calling webhook", Component::ApiServer, 4),
    ("failed calling webhook", Component::ApiServer, 1),
    ("authentication.go:", Component::ApiServer, 1),
    ("available_controller.go:", Component::ApiServer, 4),
    ("handler_discovery.go:", Component::ApiServer, 4),
    ("httplog.go:", Component::ApiServer, 4),
    ("OpenAPI AggregationController", Component::ApiServer, 4),
    ("apf_controller.go:", Component::ApiServer, 4),
    ("alloc.go:", Component::ApiServer, 4),
    ("cacher.go:", Component::ApiServer, 4),
    ("Loading aggregator", Component::ApiServer, 4),
    ("controllermanager.go:", Component::ControllerManager, 8),
    ("node_lifecycle_controller.go:", Component::ControllerManager, 4),
    ("replica_set.go:", Component::ControllerManager, 4),
    ("garbagecollector.go:", Component::ControllerManager, 4),
    ("graph_builder.go:", Component::ControllerManager, 4),
    ("resource_quota_controller.go:", Component::ControllerManager, 4),
    ("logger=\"garbage-collector", Component::ControllerManager, 4),
    ("-controller\"", Component::ControllerManager, 1),
    ("schedule_one.go:", Component::Scheduler, 4),
    ("eventhandlers.go:", Component::Scheduler, 4),
    ("Unable to schedule pod", Component::Scheduler, 4),
    ("Starting Kubernetes Scheduler", Component::Scheduler, 8),
    ("kube-system/kube-scheduler", Component::Scheduler, 1),
    ("etcdserver/", Component::Etcd, 4),
    ("mvcc/", Component::Etcd, 4),
    ("embed/", Component::Etcd, 4),
    ("apply request took too long", Component::Etcd, 4),
    ("raft2", Component::Etcd, 1),
    ("[azure-cns]", Component::Cni, 4),
    ("[azure-vnet]", Component::Cni, 4),
    ("[Azure CNS]", Component::Cni, 4),
    ("subsys=", Component::Cni, 4),
    ("felix/", Component::Cni, 4),
    ("azure_loadbalancer.go:", Component::CloudControllerManager, 4),
    ("azure_backoff.go:", Component::CloudControllerManager, 4),
    ("azure_vmss", Component::CloudControllerManager, 1),
    ("azure_routes.go:", Component::CloudControllerManager, 4),
    ("Error syncing load balancer", Component::CloudControllerManager, 4),
    ("static_autoscaler.go:", Component::ClusterAutoscaler, 4),
    ("scale_up.go:", Component::ClusterAutoscaler, 4),
    ("clusterstate.go:", Component::ClusterAutoscaler, 4),
    ("orchestrator.go:", Component::ClusterAutoscaler, 4),
    ("azure_scale_set.go:", Component::ClusterAutoscaler, 4),
    ("problem_detector.go:", Component::NodeProblemDetector, 4),
    ("custom_plugin_monitor.go:", Component::NodeProblemDetector, 4),
    ("log_monitor.go:", Component::NodeProblemDetector, 4),
    ("New status generated:", Component::NodeProblemDetector, 4),
    ("nf_conntrack: table full", Component::Kernel, 4),
    ("EXT4-fs", Component::Kernel, 4),
    ("Killed process", Component::Kernel, 4),
    ("oom-kill:constraint", Component::Kernel, 4),
    ("Linux version ", Component::Kernel, 4),
];
