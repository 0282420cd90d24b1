//! The nodes use an HTTP proxy for addresses that must be reached without one.

use std::net::IpAddr;

use ipnet::IpNet;
use konspect_bundle::words;

use crate::facts::Listing;
use crate::finding::{Confidence, Meta, Risk, Step, Subject};
use crate::model::azure::ManagedCluster;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ProxyBypassIncomplete;

static META: Meta = rule_meta!(
    "KSP8009",
    "proxy-bypass-incomplete",
    Platform,
    Aggravating,
    Warning,
    "proxy_bypass_incomplete.md"
);

/// The instance metadata service and Azure's own DNS and agent endpoint.
const PLATFORM: [&str; 2] = ["169.254.169.254", "168.63.129.16"];

impl Rule for ProxyBypassIncomplete {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Listing<ManagedCluster>;

    fn check(clusters: Self::Inputs<'_>, out: &mut Checked) {
        for cluster in clusters.iter().filter(|cluster| !cluster.http_proxy.is_empty()) {
            let needed = [cluster.fqdn.as_str(), cluster.service_cidr.as_str()].into_iter().chain(PLATFORM);
            let missing: Vec<&str> = needed
                .filter(|needed| !needed.is_empty())
                .filter(|needed| !cluster.no_proxy.iter().any(|entry| covers(entry, needed)))
                .collect();
            if missing.is_empty() {
                out.cleared(cluster.at, words!("proxy-bypass-incomplete-cleared"));
                continue;
            }
            let read = command(
                "az aks show --resource-group {} --name {} --query httpProxyConfig",
                &[&cluster.resource_group, &cluster.name],
            );
            out.found(
                META.finding(
                    Subject::cluster(&cluster.name),
                    words!("proxy-bypass-incomplete-title", count = missing.len()),
                    cluster.at,
                    words!("proxy-bypass-incomplete-says", missing = missing.join(", ")),
                )
                // AKS adds some addresses itself, which only newer API versions show.
                .confidence(Confidence::Possible)
                .step(Step::new(words!("proxy-bypass-incomplete-do")).run(Risk::Reads, read)),
            );
        }
    }
}

/// Whether an entry of noProxy keeps a name, an address or a network from the proxy.
fn covers(entry: &str, needed: &str) -> bool {
    let (entry, needed) = (entry.trim().to_ascii_lowercase(), needed.to_ascii_lowercase());
    if entry == needed || entry == "*" {
        return true;
    }
    let network = |text: &str| {
        text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
    };
    if let (Some(wide), Some(narrow)) = (network(&entry), network(&needed)) {
        return wide.contains(&narrow);
    }
    let suffix = entry.trim_start_matches('*').trim_start_matches('.');
    !suffix.is_empty() && needed.strip_suffix(suffix).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}
