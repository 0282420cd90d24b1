//! What network policies allow, for the three flows that systems need: pods to the name service, the API
//! server's tunnel to webhooks and aggregated APIs, system pods to the API server.
//!
//! Where a policy cannot be judged it counts as allowing.

use std::net::IpAddr;

use super::addresses::holds;
use super::{Listing, Pods, Services};
use crate::model::Labels;
use crate::model::kube::{LabelSelector, Namespace, Pod};
use crate::model::workload::{NetworkPolicy, PolicyPort, PolicyRule};

/// The policies together with what their selectors look at.
pub struct Policies<'f> {
    all: &'f [NetworkPolicy],
    namespaces: Option<&'f Listing<Namespace>>,
    /// Addresses by which pods ask for names: the service's, its pods', those of caches on nodes.
    dns_addresses: Vec<IpAddr>,
}

/// Addresses of name caches on nodes.
const NODE_CACHES: [&str; 3] = ["169.254.20.10", "169.254.10.10", "169.254.10.11"];

impl<'f> Policies<'f> {
    pub fn new(
        policies: &'f [NetworkPolicy],
        namespaces: Option<&'f Listing<Namespace>>,
        pods: Option<&Pods>,
        services: Option<&Services>,
    ) -> Self {
        let service = services
            .and_then(|services| services.get("kube-system", "kube-dns"))
            .map(|service| service.cluster_ip.clone());
        let servers = pods
            .into_iter()
            .flat_map(|pods| pods.system(&[("k8s-app", "kube-dns")], "coredns-"))
            .map(|pod| pod.pod_ip.to_string());
        let caches = NODE_CACHES.iter().map(|address| (*address).to_owned());
        let dns_addresses = service
            .into_iter()
            .chain(servers)
            .chain(caches)
            .filter_map(|address| address.parse().ok())
            .collect();
        Self { all: policies, namespaces, dns_addresses }
    }

    /// Policies that isolate a pod's egress, when none of them lets it ask for names.
    pub fn denies_dns(&self, pod: &Pod) -> Vec<&'f NetworkPolicy> {
        self.deny(pod, true, |rule| {
            port(rule, "UDP", 53, &["dns", "dns-udp"]) && self.reaches_dns(rule)
        })
    }

    /// Policies that isolate a system pod's egress, when none of them lets it reach the API server.
    pub fn denies_apiserver(&self, pod: &Pod) -> Vec<&'f NetworkPolicy> {
        self.deny(pod, true, |rule| {
            port(rule, "TCP", 443, &["https"])
                && (rule.peers.is_empty() || rule.peers.iter().any(|peer| !peer.cidr.is_empty()))
        })
    }

    /// Policies that isolate a pod's ingress, when none of them lets the tunnel's agents in on a port.
    pub fn denies_tunnel(&self, pod: &Pod, number: u16) -> Vec<&'f NetworkPolicy> {
        self.deny(pod, false, |rule| port(rule, "TCP", number, &[]) && self.admits_system(rule))
    }

    fn deny(
        &self,
        pod: &Pod,
        egress: bool,
        allows: impl Fn(&PolicyRule) -> bool,
    ) -> Vec<&'f NetworkPolicy> {
        if pod.host_network {
            return Vec::new();
        }
        let isolating: Vec<&NetworkPolicy> = self
            .all
            .iter()
            .filter(|policy| policy.meta.namespace == pod.meta.namespace)
            .filter(|policy| policy.pod_selector.matches(&pod.meta.labels))
            .filter(|policy| if egress { policy.egress_isolated } else { policy.ingress_isolated })
            .collect();
        let rules =
            |policy: &'f NetworkPolicy| if egress { &policy.egress } else { &policy.ingress };
        let allowed = isolating.iter().any(|policy| rules(policy).iter().any(&allows));
        if allowed { Vec::new() } else { isolating }
    }

    fn reaches_dns(&self, rule: &PolicyRule) -> bool {
        rule.peers.is_empty()
            || rule.peers.iter().any(|peer| {
                if !peer.cidr.is_empty() {
                    return self.dns_addresses.iter().any(|address| holds(&peer.cidr, *address));
                }
                let space = peer
                    .namespace_selector
                    .as_ref()
                    .is_some_and(|selector| self.selects_system(selector));
                let pods = peer.pod_selector.as_ref().is_none_or(|selector| {
                    let dns = |key: &str, value: &str| {
                        let labels = Labels::from_iter([(key, value)]);
                        selector.matches(&labels)
                    };
                    dns("k8s-app", "kube-dns") || dns("k8s-app", "node-local-dns")
                });
                space && pods
            })
    }

    fn admits_system(&self, rule: &PolicyRule) -> bool {
        rule.peers.is_empty()
            || rule.peers.iter().any(|peer| {
                !peer.cidr.is_empty()
                    || peer
                        .namespace_selector
                        .as_ref()
                        .is_some_and(|selector| self.selects_system(selector))
            })
    }

    /// True when a namespace selector takes in `kube-system`, by its labels where they are known.
    fn selects_system(&self, selector: &LabelSelector) -> bool {
        let known = self
            .namespaces
            .into_iter()
            .flat_map(|namespaces| namespaces.iter())
            .find(|namespace| namespace.meta.name == "kube-system")
            .map(|namespace| namespace.meta.labels.clone())
            .filter(|labels| !labels.is_empty());
        let mut labels = known.unwrap_or_default();
        if !labels.contains_key("kubernetes.io/metadata.name") {
            labels.insert("kubernetes.io/metadata.name", "kube-system".into());
        }
        // A selector of labels that nobody showed may well be meant for it.
        selector.matches(&labels)
            || self.namespaces.is_none()
                && selector.labels.keys().any(|key| key != "kubernetes.io/metadata.name")
    }
}

fn port(rule: &PolicyRule, protocol: &str, number: u16, names: &[&str]) -> bool {
    let fits = |port: &PolicyPort| {
        let same = port.protocol.is_empty() || port.protocol.eq_ignore_ascii_case(protocol);
        same && match port.port.parse::<u16>() {
            Ok(low) => low == number || (low <= number && number <= port.end_port),
            Err(_) => {
                port.port.is_empty() || names.is_empty() || names.contains(&port.port.as_str())
            }
        }
    };
    rule.ports.is_empty() || rule.ports.iter().any(fits)
}
