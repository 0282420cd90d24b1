//! Which of the endpoints that AKS nodes need are reached from where: the node problem detector's
//! `EgressBlocked` items and probes on nodes, in one shape.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::Span;

use super::{Context, Events, Nodes};
use crate::model::node_files::{OnNode, Probe, ProbeResult};

/// How a try to reach an endpoint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EgressResult {
    Reached,
    /// No answer to the dial.
    TimedOut,
    /// Refused, or no route.
    Refused,
    /// TCP worked; TLS was cut, or its certificate is of an unknown authority.
    TlsBroken,
    /// Reset, or closed without an answer.
    Reset,
    /// The name did not resolve, or its server was silent: no statement on the path.
    Unresolved,
}

impl EgressResult {
    pub fn blocked(self) -> bool {
        matches!(self, Self::TimedOut | Self::Refused | Self::TlsBroken | Self::Reset)
    }
}

#[derive(Clone, Debug)]
pub struct EgressTry {
    pub node: String,
    pub host: String,
    pub result: EgressResult,
    /// True when the node problem detector said so.
    pub event: bool,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    pub at: Span,
}

/// All tries, by endpoint's name; the API server's own names are left to `apiserver_path`, except for
/// what the node problem detector says of them.
#[derive(Clone, Debug, Default)]
pub struct Egress {
    pub endpoints: BTreeMap<String, Vec<EgressTry>>,
    /// The node problem detector's words on the API server's endpoint.
    pub apiserver: Vec<EgressTry>,
}

/// The public endpoints of AKS nodes, in all clouds, by suffix.
const REQUIRED: [&str; 17] = [
    "mcr.microsoft.com",
    "mcr-0001.mcr-msedge.net",
    "mcr.azk8s.cn",
    "mcr.azure.cn",
    "management.azure.com",
    "management.chinacloudapi.cn",
    "management.usgovcloudapi.net",
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
    "packages.microsoft.com",
    "acs-mirror.azureedge.net",
    "packages.aks.azure.com",
    "kubernetesartifacts.azureedge.net",
    "azure.archive.ubuntu.com",
    "security.ubuntu.com",
];

/// True for an endpoint that nodes need, besides the API server.
pub fn is_required(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    REQUIRED.iter().any(|name| {
        host == *name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
    })
}

/// True for registries and mirrors that a network-isolated cluster does without.
pub fn is_download(host: &str) -> bool {
    ["mcr", "packages", "acs-mirror", "kubernetesartifacts", "archive", "security"]
        .iter()
        .any(|word| host.contains(word))
}

impl Egress {
    pub fn new(
        context: &Context,
        events: Option<&Events>,
        nodes: Option<&Nodes>,
        probes: &[OnNode<Probe>],
    ) -> Option<Self> {
        let mut egress = Self::default();
        for event in events.into_iter().flat_map(|events| events.reason(&["EgressBlocked"])) {
            let node = match event.object.name.as_str() {
                "" => event.host.as_str(),
                name => name,
            };
            let node = nodes.and_then(|nodes| nodes.find(node)).map_or(node, |n| &n.meta.name);
            for (host, result) in items(&event.message) {
                let tried = EgressTry {
                    node: node.to_owned(),
                    host: host.clone(),
                    result,
                    event: true,
                    first: event.first.get().or(event.last.get()),
                    last: event.last.get(),
                    at: event.at,
                };
                egress.note(context, tried);
            }
        }
        for probe in probes.iter().filter(|probe| !probe.node.is_empty()) {
            let Some(result) = result_of(&probe.value) else { continue };
            let host = probe.value.target.host.trim_end_matches('.').to_ascii_lowercase();
            if !is_required(&host) || !matches!(probe.value.target.port, 443 | 80 | 0) {
                continue;
            }
            let tried = EgressTry {
                node: probe.node.clone(),
                host,
                result,
                event: false,
                first: None,
                last: None,
                at: probe.value.at,
            };
            egress.note(context, tried);
        }
        (!egress.endpoints.is_empty() || !egress.apiserver.is_empty()).then_some(egress)
    }

    fn note(&mut self, context: &Context, tried: EgressTry) {
        if context.is_apiserver(&tried.host) {
            self.apiserver.push(tried);
        } else {
            self.endpoints.entry(tried.host.clone()).or_default().push(tried);
        }
    }
}

fn result_of(probe: &Probe) -> Option<EgressResult> {
    Some(match &probe.result {
        ProbeResult::Open { .. } | ProbeResult::Tls { .. } => EgressResult::Reached,
        ProbeResult::TimedOut => EgressResult::TimedOut,
        ProbeResult::Refused | ProbeResult::NoRoute => EgressResult::Refused,
        ProbeResult::TlsFailed { .. } => EgressResult::TlsBroken,
        ProbeResult::Closed => EgressResult::Reset,
        ProbeResult::Unresolved | ProbeResult::ResolveTimedOut => EgressResult::Unresolved,
        ProbeResult::CheckFailed | ProbeResult::Unknown => return None,
    })
}

/// `curl: (CODE) TEXT: URL` items of an `EgressBlocked` message, separated by ` ;`.
fn items(message: &str) -> Vec<(String, EgressResult)> {
    message
        .split("curl: (")
        .skip(1)
        .take(32)
        .filter_map(|item| {
            let (code, rest) = item.split_once(')')?;
            let (text, url) = rest.split_once("http")?;
            let url = url.split_once("://")?.1;
            let host = url.split(['/', ':', ' ', ')', ';', '?']).next()?.to_ascii_lowercase();
            let lower = text.to_ascii_lowercase();
            let result = match code.trim() {
                "6" => EgressResult::Unresolved,
                "28" if lower.contains("resolving") => EgressResult::Unresolved,
                "28" => EgressResult::TimedOut,
                "7" if lower.contains("timed out") => EgressResult::TimedOut,
                "7" => EgressResult::Refused,
                "35" | "51" | "60" => EgressResult::TlsBroken,
                "52" | "56" => EgressResult::Reset,
                _ => return None,
            };
            Some((host, result))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_a_real_message() {
        let message = "Required endpoints are unreachable (curl: (28) Resolving timed out after 10000 milliseconds: https://acs-mirror.azureedge.net/acs-mirror/healthz ;curl: (28) Connection timed out after 10000 milliseconds: https://packages.aks.azure.com/acs-mirror/healthz ), aka.ms/AArpzy5 for more information.";
        assert_eq!(
            items(message),
            [
                ("acs-mirror.azureedge.net".to_owned(), EgressResult::Unresolved),
                ("packages.aks.azure.com".to_owned(), EgressResult::TimedOut),
            ]
        );
        assert!(items("nothing here").is_empty());
    }

    #[test]
    fn required_names() {
        assert!(is_required("eastus.data.mcr.microsoft.com"));
        assert!(!is_required("evil-mcr.microsoft.com.example.org"));
        assert!(!is_required("notmcr.microsoft.comx"));
    }
}
