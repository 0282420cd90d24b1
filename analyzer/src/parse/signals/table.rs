//! The rows of the table of signals.

use super::Rule;
use super::details::{
    agent_connected, agent_dial, agent_option, aimed, azure_throttled, azure_word, became_leader,
    certificate, device, dns_kubernetes, dns_other, dns_refused, dns_timeout, election_lost,
    etcd_took, eviction, housekeeping, image_gc, image_pull, kernel_boot, killed,
    kubelet_unauthorized, leader_changed, netdevice, network, network_not_ready, node_not_found,
    pleg, pleg_starting, probe, runtime_deadline, runtime_unavailable, sandbox, scrape, started,
    stopped, task_hung, unit, volume, webhook_closed, webhook_name, yes,
};
use crate::model::log::{Component, Signal};

const AGENT: &[Component] = &[Component::TunnelAgent];
const TUNNEL_SERVER: &[Component] = &[Component::TunnelServer, Component::ApiServer];
const TUNNEL: &[Component] = &[Component::TunnelAgent, Component::TunnelServer];
const KUBELET: &[Component] = &[Component::Kubelet];
const NODE: &[Component] = &[Component::Kubelet, Component::Runtime];
/// systemd's lines about a unit go to the program of that unit.
const UNITS: &[Component] =
    &[Component::System, Component::Kubelet, Component::Runtime, Component::NodeProblemDetector];
const KERNEL: &[Component] = &[Component::Kernel];
const COREDNS: &[Component] = &[Component::CoreDns];
const PROXY: &[Component] = &[Component::KubeProxy];
const METRICS: &[Component] = &[Component::MetricsServer];
const CONTROL: &[Component] = &[
    Component::ApiServer,
    Component::ControllerManager,
    Component::Scheduler,
    Component::CloudControllerManager,
    Component::ClusterAutoscaler,
    Component::Etcd,
];
const API: &[Component] = &[Component::ApiServer, Component::ControllerManager];
const API_SERVER: &[Component] = &[Component::ApiServer];
const ETCD: &[Component] = &[Component::Etcd];

macro_rules! rules {
    ($($signal:ident, $homes:expr, $check:expr, [$($literal:literal),+ $(,)?];)*) => {
        &[$(Rule {
            signal: Signal::$signal,
            literals: &[$($literal),+],
            homes: $homes,
            check: $check,
        }),*]
    };
}

pub(super) static RULES: &[Rule] = rules! {
    AgentConnected, AGENT, agent_connected, [
        "connect to\" server", "connect to server", "sync added client connecting to proxy server",
        "successfully connected to new proxy server",
    ];
    AgentServing, AGENT, yes, ["start serving"];
    AgentCannotConnect, AGENT, aimed, [
        "cannot connect once", "cannot connect to proxy server", "ssh: connect to host", "tls key negotiation failed",
    ];
    AgentStreamBroken, AGENT, aimed, ["could not read stream", "stream read error"];
    AgentDialFailed, AGENT, agent_dial, ["error dialing backend"];
    AgentOption, AGENT, agent_option, [" set to"];
    AgentKeepaliveTimeout, TUNNEL, yes, ["keepalive ping failed to receive ack", "keepalive timeout"];
    AgentTeardown, TUNNEL, yes, ["use of closed network connection"];
    TunnelServerNoAgent, TUNNEL_SERVER, yes, ["no agent available"];
    TunnelServerDialFailed, TUNNEL_SERVER, aimed, ["dial_rsp contains failure"];
    PlegUnhealthy, KUBELET, pleg, ["pleg was last seen active"];
    PlegStarting, KUBELET, pleg_starting, [
        "pleg has yet to be successful", "status check may not have completed yet",
    ];
    RuntimeDown, KUBELET, yes, [
        "container runtime is down", "container runtime sanity check failed",
        "container runtime status is nil",
    ];
    RuntimeDeadline, KUBELET, runtime_deadline, ["code = deadlineexceeded"];
    RuntimeUnavailable, NODE, runtime_unavailable, [
        "containerd.sock", "crio.sock", "docker.sock", "dockershim.sock",
    ];
    NetworkNotReady, NODE, network_not_ready, ["networkready=false", "cni plugin not initialized"];
    HousekeepingSlow, KUBELET, housekeeping, ["housekeeping took longer than"];
    LeaseFailed, KUBELET, aimed, ["failed to ensure lease exists", "failed to update lease", "failed to ensure node lease"];
    NodeStatusFailed, KUBELET, aimed, ["error updating node status", "unable to update node status"];
    NodeRegistrationFailed, KUBELET, aimed, ["unable to register node"];
    NodeNotFound, KUBELET, node_not_found, ["error getting node", "node \""];
    KubeletUnauthorized, KUBELET, kubelet_unauthorized, ["unauthorized", "provide credentials"];
    KubeletCertificateExpired, KUBELET, yes, [
        "bootstrap client certificate is expired", "certificate request was not signed",
        "part of the existing bootstrap client certificate", "certificate has expired",
    ];
    EvictionStarted, KUBELET, eviction, ["must evict pod", "attempting to reclaim"];
    ImageGcFailed, KUBELET, image_gc, ["image garbage collection failed", "garbage collect"];
    ThreadExhaustion, &[], yes, [
        "pthread_create failed", "resource temporarily unavailable",
        "failed to create new os thread", "fork rejected by pids controller",
    ];
    ImagePullFailed, NODE, image_pull, ["failed to pull image", "pullimage", "failed to pull and unpack", "errimagepull"];
    SandboxFailed, NODE, sandbox, ["create pod sandbox", "createpodsandbox", "runpodsandbox", "setup network for sandbox"];
    VolumeMountFailed, KUBELET, volume, [
        "mountvolume.setup failed", "mountvolume.mountdevice failed", "attachvolume.attach failed",
        "unable to attach or mount volumes", "mount failed: exit status",
    ];
    ProbeFailed, KUBELET, probe, ["probe failed"];
    KubeletStarted, KUBELET, yes, ["starting kubelet main sync loop"];
    KubeletGaveUp, KUBELET, yes, [
        "failed to run kubelet", "failed to load kubelet config", "failed to validate kubelet",
        "failed to construct kubelet dependencies",
    ];
    ServiceFailed, UNITS, unit, ["main process exited", "failed with result", "entered failed state"];
    ServiceStarted, UNITS, started, ["started "];
    ServiceStopped, UNITS, stopped, ["stopped "];
    ServiceRestartScheduled, UNITS, unit, ["scheduled restart job"];
    ClockChanged, &[], yes, ["time has been changed", "system clock wrong by", "system clock was stepped by"];
    KernelOomKill, KERNEL, oom_kill, ["out of memory: kill"];
    CgroupOomKill, KERNEL, killed, ["cgroup out of memory"];
    TaskHung, KERNEL, task_hung, ["blocked for more than"];
    ConntrackFull, KERNEL, yes, ["table full, dropping packet"];
    FilesystemError, KERNEL, device, ["ext4-fs error", "shutting down filesystem", "xfs_corruption", "btrfs: error", "metadata corruption detected"];
    FilesystemReadOnly, KERNEL, device, ["remounting filesystem read-only"];
    DiskIoError, KERNEL, device, ["i/o error, dev", "buffer i/o error"];
    KernelOops, KERNEL, yes, [
        "bug: unable to handle", "kernel panic", "general protection fault", "soft lockup",
        "oops: ", "hard lockup", "rcu_sched self-detected stall",
    ];
    UnregisterNetdevice, KERNEL, netdevice, ["unregister_netdevice: waiting for"];
    NoSpaceLeft, &[], yes, ["no space left on device"];
    TooManyOpenFiles, &[], yes, ["too many open files", "failed to create fsnotify watcher", "inotify instances"];
    KernelBoot, KERNEL, kernel_boot, ["linux version "];
    DnsUpstreamTimeout, COREDNS, dns_timeout, ["i/o timeout", "timed out"];
    DnsUpstreamRefused, COREDNS, dns_refused, ["connection refused"];
    DnsUpstreamOther, COREDNS, dns_other, ["plugin/errors", "unreachable backend"];
    DnsKubernetesUnreachable, COREDNS, dns_kubernetes, [
        "waiting for kubernetes api", "unsynced kubernetes api", "failed to list", "failed to watch",
    ];
    DnsConfigError, COREDNS, yes, ["error during parsing", "unknown directive", "plugin/reload: corefile", "not a valid"];
    DnsLoop, COREDNS, yes, ["plugin/loop: loop", "detected for zone"];
    DnsHealthSlow, COREDNS, yes, ["local health request to"];
    DnsReadyWaiting, COREDNS, yes, ["still waiting on:", "plugins not ready"];
    ProxySyncFailed, PROXY, yes, [
        "error syncing proxy rules", "failed to execute iptables-restore", "failed to execute nft",
        "iptables-restore failed", "nftables sync failed", "sync failed",
    ];
    ScrapeFailed, METRICS, scrape, ["unable to fully scrape metrics", "failed to scrape node"];
    WebhookFailedClosed, API, webhook_closed, ["failing closed", "failed calling webhook"];
    WebhookFailedOpen, API, webhook_name, ["failing open"];
    EtcdSlowApply, ETCD, etcd_took, [
        "apply request took too long", "slow fdatasync", "waiting for readindex response took too long",
        "failed to send out heartbeat on time",
    ];
    EtcdRequestTimeout, CONTROL, yes, ["etcdserver: request timed out"];
    EtcdSpaceExceeded, CONTROL, yes, ["database space exceeded", "alarm:nospace", "alarm raised"];
    EtcdLeaderChanged, CONTROL, leader_changed, ["leader changed", "elected leader", "lost leader"];
    LeaderElectionLost, &[], election_lost, ["leaderelection lost", "leader election lost", "lost leader election", "failed to renew lease"];
    BecameLeader, &[], became_leader, ["successfully acquired lease", "became leader"];
    AuthenticationFailed, API_SERVER, aimed, ["unable to authenticate the request"];
    ApiServerStarted, API_SERVER, yes, ["serving securely on"];
    IpAllocationFailed, &[], yes, [
        "not enough ips available", "failed to allocate address", "no available addresses",
        "failed to allocate pool", "ipam invoker add failed", "failed to get ip address from cns",
    ];
    SubnetFull, &[], yes, ["subnetisfull", "insufficientsubnetsize", "subnet is full"];
    AzureThrottled, &[], azure_throttled, [
        "toomanyrequests", "highcostget", "received for this subscription", "status=429",
        "statuscode=429", "httpstatuscode: 429", "operationnotallowed",
    ];
    AzureAuthFailed, &[], azure_word, ["aadsts", "authorizationfailed", "invalid_client"];
    AllocationFailed, &[], azure_word, [
        "skunotavailable", "allocationfailed", "overconstrained", "quotaexceeded", "exceeding approved",
    ];
    CertificateError, &[], certificate, ["x509", "unknown certificate authority", "certificate has expired", "tls: expired"];
    NetworkFailure, &[], network, [
        "i/o timeout", "connection refused", "no such host", "no route to host", "unreachable",
        "tls handshake timeout", "deadline exceeded", "client.timeout", "connection reset",
        "server misbehaving", "timed out", "no agent available", "proxy error from", "tunnel-uds",
        "unable to handle the request", "alpn property", "application protocol",
        "server preface", "resolve host", "connection lost",
    ];
};

/// The kernel's own killing, not that of a container's limit, whose text holds the same words.
fn oom_kill(message: &super::Message<'_>) -> Option<String> {
    if message.has("cgroup out of memory") {
        return None;
    }
    killed(message)
}
