//! Logs, cut down to the lines that mean something.
//!
//! A log is not kept: each line goes through the table of signals (`parse/signals.rs`), and per
//! artefact and signal the count, the first and the last few hits stay.

use super::network_error::NetworkError;
use super::{Span, Timestamp};

/// Who wrote a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogOrigin {
    pub component: Component,
    /// The node it was written on, when the artefact or its path says so.
    pub node: String,
    /// The pod and its namespace, for container logs, when known.
    pub namespace: String,
    pub pod: String,
    pub container: String,
    /// A log of the previous, terminated container.
    pub previous: bool,
}

/// The programs whose lines rules know, recognised by what they write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    #[default]
    Other,
    Kubelet,
    /// containerd, dockerd, CRI-O.
    Runtime,
    Kernel,
    /// konnectivity-agent (also tunnelfront and aks-link, its predecessors).
    TunnelAgent,
    /// konnectivity-server.
    TunnelServer,
    CoreDns,
    KubeProxy,
    MetricsServer,
    ApiServer,
    ControllerManager,
    Scheduler,
    Etcd,
    /// azure-cns, azure-vnet, Cilium, Calico.
    Cni,
    CloudControllerManager,
    ClusterAutoscaler,
    /// node-problem-detector.
    NodeProblemDetector,
    /// A whole journal or syslog of many programs.
    System,
}

/// One log artefact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogFile {
    pub origin: LogOrigin,
    pub lines: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// Lines of severity E or F (klog), `level=error`, by ten-minute slot since `first`: for trends.
    pub error_lines: u64,
    /// Of a client's trace: how far its clock is ahead of the server's `Date` headers, in seconds, and where.
    pub ahead_of_server: Option<(i64, Span)>,
    /// Sorted by signal, then span.
    pub signals: Vec<SignalCount>,
    pub at: Span,
}

impl LogFile {
    pub fn signal(&self, signal: Signal) -> Option<&SignalCount> {
        self.signals.iter().find(|count| count.signal == signal)
    }
}

/// All lines of one artefact that carry one signal.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalCount {
    pub signal: Signal,
    pub count: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// From when on it came much more often than before; absent when its rate never rose.
    pub onset: Option<Timestamp>,
    /// The first eight hits and the last eight, in order.
    pub hits: Vec<SignalHit>,
    /// Hits by distinct detail (name, address, error class …), at most 64 of them, sorted.
    pub details: Vec<(String, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SignalHit {
    pub time: Option<Timestamp>,
    /// The message without its header, at most 1,024 bytes.
    pub text: String,
    /// What the signal's detail is: the dialled address, the pod, the domain, the duration's text.
    pub detail: String,
    /// What the text says of the network, if it does.
    pub error: Option<NetworkError>,
    pub at: Span,
}

/// What one line means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    // Tunnel agent and server.
    AgentConnected,
    AgentServing,
    AgentCannotConnect,
    AgentStreamBroken,
    /// `error dialing backend`: detail = dialled address.
    AgentDialFailed,
    /// The configuration block: detail = `Name=value` (ProxyServerHost, ProxyServerPort, ALPNProtos …).
    AgentOption,
    AgentKeepaliveTimeout,
    /// Harmless teardown (`use of closed network connection`).
    AgentTeardown,
    TunnelServerNoAgent,
    TunnelServerDialFailed,
    // Kubelet.
    PlegUnhealthy,
    /// `pleg has yet to be successful`, `may not have completed yet`: normal in the first minute.
    PlegStarting,
    RuntimeDown,
    RuntimeDeadline,
    RuntimeUnavailable,
    NetworkNotReady,
    HousekeepingSlow,
    LeaseFailed,
    NodeStatusFailed,
    NodeRegistrationFailed,
    NodeNotFound,
    KubeletUnauthorized,
    KubeletCertificateExpired,
    EvictionStarted,
    ImageGcFailed,
    ThreadExhaustion,
    ImagePullFailed,
    SandboxFailed,
    VolumeMountFailed,
    ProbeFailed,
    KubeletStarted,
    KubeletGaveUp,
    // systemd.
    ServiceFailed,
    ServiceStarted,
    ServiceStopped,
    ServiceRestartScheduled,
    ClockChanged,
    // Kernel.
    KernelOomKill,
    CgroupOomKill,
    TaskHung,
    ConntrackFull,
    FilesystemError,
    FilesystemReadOnly,
    DiskIoError,
    KernelOops,
    UnregisterNetdevice,
    NoSpaceLeft,
    TooManyOpenFiles,
    KernelBoot,
    // CoreDNS.
    DnsUpstreamTimeout,
    DnsUpstreamRefused,
    DnsUpstreamOther,
    DnsKubernetesUnreachable,
    DnsConfigError,
    DnsLoop,
    DnsHealthSlow,
    DnsReadyWaiting,
    // kube-proxy.
    ProxySyncFailed,
    // metrics-server.
    ScrapeFailed,
    // API server, controllers, etcd.
    WebhookFailedClosed,
    WebhookFailedOpen,
    EtcdSlowApply,
    EtcdRequestTimeout,
    EtcdSpaceExceeded,
    EtcdLeaderChanged,
    LeaderElectionLost,
    BecameLeader,
    AuthenticationFailed,
    ApiServerStarted,
    // CNI, cloud, autoscaler.
    IpAllocationFailed,
    SubnetFull,
    AzureThrottled,
    AzureAuthFailed,
    AllocationFailed,
    // Anything else that speaks of the network.
    NetworkFailure,
    /// A x509 error of any component.
    CertificateError,
}
