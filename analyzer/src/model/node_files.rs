//! What files of one node say: resolver, look-ups, probes, disks, memory, pressure, clock, certificates.

use super::network_error::Target;
use super::{Span, Timestamp};

/// Anything read from a node's own files or commands, with the node it came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnNode<T> {
    /// Empty when neither the path nor the content tells the node; the client's own machine then.
    pub node: String,
    pub value: T,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResolvConf {
    pub nameservers: Vec<String>,
    pub search: Vec<String>,
    pub at: Span,
}

/// One name asked of one server, by nslookup, dig, host, getent, resolvectl or ping.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    pub name: String,
    /// The server that was asked or answered; empty when the text does not say.
    pub server: String,
    pub result: LookupResult,
    /// The pod it was made in (`kubectl exec`), as `namespace/name`; empty on the node or client itself.
    pub pod: String,
    pub at: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum LookupResult {
    Answer {
        addresses: Vec<String>,
        canonical_names: Vec<String>,
    },
    NoSuchName,
    ServerFailure,
    Refused,
    Timeout,
    /// The tool is not there, or its words are not understood.
    Unknown,
}

/// One attempt to reach something, by curl, nc, ncat, telnet, openssl or kubectl-aks.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    pub tool: String,
    pub target: Target,
    /// The URL, when there was one.
    pub url: String,
    pub result: ProbeResult,
    pub pod: String,
    pub at: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ProbeResult {
    /// The connection was made; the HTTP status when there was one (0 otherwise).
    Open {
        http_status: u16,
    },
    TimedOut,
    Refused,
    NoRoute,
    Unresolved,
    /// The name look-up timed out.
    ResolveTimedOut,
    /// A TLS handshake that failed, with the tool's words.
    TlsFailed {
        text: String,
    },
    /// TLS was made; what was negotiated (`openssl s_client -alpn …`).
    Tls {
        alpn: Option<String>,
        issuer: String,
        subject: String,
    },
    /// Reset or an empty answer after the connection was made.
    Closed,
    /// kubectl-aks: the check as a whole failed.
    CheckFailed,
    Unknown,
}

/// A row of `df -P` or `df -Pi`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filesystem {
    pub device: String,
    pub mount: String,
    pub used_percent: f64,
    /// True for `df -i`: the percentage is of inodes.
    pub inodes: bool,
    pub at: Span,
}

/// `/proc/meminfo` or `free`, bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    pub total: u64,
    pub available: u64,
    pub at: Span,
}

/// One line of `/proc/pressure/*`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pressure {
    /// `cpu`, `memory`, `io`.
    pub resource: String,
    /// `full` instead of `some`.
    pub full: bool,
    /// Percent of time over 10 s, 60 s, 300 s.
    pub averages: [f64; 3],
    pub at: Span,
}

/// The connection tracking table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conntrack {
    pub count: Option<u64>,
    pub max: Option<u64>,
    /// `conntrack -S` sums.
    pub insert_failed: Option<u64>,
    pub drops: Option<u64>,
    pub at: Span,
}

/// A clock reading: `timedatectl`, `date`, `chronyc tracking`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clock {
    pub universal: Option<Timestamp>,
    pub synchronized: Option<bool>,
    /// Seconds that the system clock is ahead of (positive) or behind (negative) true time, where the tool says so.
    pub offset_seconds: Option<f64>,
    pub at: Span,
}

/// A certificate's public facts, from openssl's text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Certificate {
    pub path: String,
    pub subject: String,
    pub issuer: String,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
    pub at: Span,
}

/// A device row of the last `iostat -x` report, of `vmstat`, `top`, `uptime`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DiskLoad {
    pub device: String,
    pub utilization_percent: f64,
    pub await_milliseconds: f64,
    pub queue: f64,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CpuLoad {
    pub load1: Option<f64>,
    pub cores: Option<u64>,
    pub user_percent: Option<f64>,
    pub iowait_percent: Option<f64>,
    pub idle_percent: Option<f64>,
    pub at: Span,
}

/// `ss -s`, or counts of `ss -tan` by peer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sockets {
    pub established: u64,
    pub time_wait: u64,
    /// Connections by peer `address:port`, the ten largest, descending.
    pub peers: Vec<(String, u64)>,
    pub at: Span,
}

/// One exit of the node's provisioning (`cluster-provision.log`, VM extension status).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProvisionExit {
    pub code: i64,
    pub text: String,
    pub at: Span,
}

/// `ip addr`, `ip route`, `hostname -I`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routes {
    /// `(destination, gateway or empty, device)`.
    pub routes: Vec<(String, String, String)>,
    /// `(device, address/prefix)`.
    pub addresses: Vec<(String, String)>,
    pub at: Span,
}

/// A line of a hosts file that names something other than this machine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostsEntry {
    pub address: String,
    pub names: Vec<String>,
    pub at: Span,
}
