//! What every rule may know without asking for a table: the bundle's own time and what kind of cluster
//! it is.

use jiff::Timestamp;
use konspect_bundle::Span;

use super::copies::Taken;

/// The bundle's frame.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The bundle's own time: the end of the collection, else the newest time stamp of a fact.
    pub now: Option<Timestamp>,
    /// True when nothing tells when the bundle was taken: then `now` is only not before what it holds.
    pub now_is_inferred: bool,
    pub platform: Platform,
    /// The cluster's name, from `az aks show`, the manifest or a kubeconfig; empty when nothing names it.
    pub cluster: String,
    /// `gitVersion` of the API server, such as `v1.31.8`, else the newest kubelet's.
    pub version: String,
    /// The API server's DNS names: `fqdn`, `privateFqdn`, the kubeconfig's host, the agents' ProxyServerHost.
    pub apiserver_names: Vec<String>,
    /// Ports that kubeconfigs name beside 443.
    pub apiserver_ports: Vec<u16>,
    /// The API server's addresses, as names resolved on nodes or as errors show them on port 443.
    pub apiserver_addresses: Vec<String>,
    /// Private cluster, when the bundle tells.
    pub private_cluster: Option<(bool, Span)>,
    /// When each artefact was collected, where there are several collections.
    pub taken: Taken,
}

impl Context {
    /// The minor version: 31 of `v1.31.8`.
    pub fn minor(&self) -> Option<u32> {
        self.version.trim_start_matches('v').split('.').nth(1)?.trim_end_matches('+').parse().ok()
    }

    /// True for a name or an address of the API server.
    pub fn is_apiserver(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        !host.is_empty()
            && self
                .apiserver_names
                .iter()
                .chain(&self.apiserver_addresses)
                .any(|known| known.trim_end_matches('.').eq_ignore_ascii_case(host))
            || looks_like_apiserver(host)
    }

    /// True for 443, and for the ports that kubeconfigs name.
    pub fn is_apiserver_port(&self, port: u16) -> bool {
        port == 443 || self.apiserver_ports.contains(&port)
    }

    /// True for a text that names the API server, such as a request's URL.
    pub fn names_in(&self, text: &str) -> bool {
        self.apiserver_names.iter().any(|name| text.contains(name.as_str()))
            || text.contains(".azmk8s.io")
            || text.contains(".containerservice.azure.us")
            || text.contains(".azk8s.cn")
    }

    /// When the source of a line was collected: of several collections each has its own now.
    pub fn now_at(&self, at: Span) -> Option<Timestamp> {
        self.taken.of(at.artifact).or(self.now)
    }

    /// Seconds from `time` to when its source was collected.
    pub fn age_at(&self, time: Option<Timestamp>, at: Span) -> Option<i64> {
        Some(self.now_at(at)?.duration_since(time?).as_secs())
    }

    /// Seconds from `time` to the bundle's own time.
    pub fn age_seconds(&self, time: Option<Timestamp>) -> Option<i64> {
        Some(self.now?.duration_since(time?).as_secs())
    }
}

/// The form of every AKS API server's name, in all clouds: `….hcp.REGION.azmk8s.io`,
/// `….privatelink.REGION.azmk8s.io`.
fn looks_like_apiserver(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    (host.contains(".hcp.") || host.contains(".privatelink."))
        && [".azmk8s.io", ".azk8s.cn", ".containerservice.azure.us"]
            .iter()
            .any(|end| host.ends_with(end))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Platform {
    /// Nodes carry AKS' labels, names or provider ids, or `az aks show` is there.
    Aks,
    /// Kubernetes, but not AKS.
    Other,
    /// Nothing tells.
    #[default]
    Unknown,
}
