//! The authorized IP ranges leave out the address by which the cluster's own nodes come.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::{Span, words};

use super::authorized_ip_range_missing_client::update;
use crate::facts::addresses::{holds, is_public};
use crate::facts::apiserver_path::NodeVerdict;
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Meta, Risk, Step, Subject};
use crate::model::azure::{ManagedCluster, PublicIp};
use crate::model::kube::Status;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct AuthorizedIpRangeMissingEgress;

static META: Meta = rule_meta!(
    "KSP1004",
    "authorized-ip-range-missing-egress",
    Path,
    Cause,
    Critical,
    "authorized_ip_range_missing_egress.md"
);

impl Rule for AuthorizedIpRangeMissingEgress {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let cluster = match facts.clusters.get() {
            Ok(clusters) => clusters.first(),
            Err(missing) => return out.blind(missing),
        };
        let Some(cluster) = cluster else { return };
        let Some((ranges, at)) =
            cluster.authorized_ip_ranges.as_ref().filter(|(ranges, _)| !ranges.is_empty())
        else {
            return out.cleared(cluster.at, words!("authorized-ip-range-off"));
        };
        if cluster.private_cluster {
            return out.cleared(cluster.at, words!("authorized-ip-range-off"));
        }
        let symptoms = Symptoms::of(facts);
        if symptoms.lost == 0 {
            if let Some(reached) = symptoms.reached {
                out.cleared(reached, words!("authorized-ip-range-missing-egress-nodes"));
            }
            return;
        }
        let own = matches!(cluster.outbound_type.as_str(), "" | "loadBalancer");
        let addresses = egress_addresses(facts, cluster);
        if addresses.is_empty() {
            return out.blind(Missing::table(TableKind::AzureOutbound));
        }
        let outside: Vec<(&String, &(Span, Origin))> = addresses
            .iter()
            .filter(|(ip, _)| {
                !ip.parse().is_ok_and(|ip| ranges.iter().any(|range| holds(range, ip)))
            })
            .collect();
        let Some((ip, (seen, origin))) = outside.first() else {
            for (ip, (seen, _)) in addresses.iter().take(1) {
                out.cleared(*seen, words!("authorized-ip-range-missing-egress-inside", ip = ip));
            }
            return;
        };
        // AKS itself admits the outbound addresses of its own load balancer.
        if own {
            return out.cleared(cluster.at, words!("authorized-ip-range-missing-egress-own"));
        }
        let wide = symptoms.lost * 5 >= symptoms.total * 4;
        if !wide {
            return;
        }
        let says = words!(
            "authorized-ip-range-missing-egress-ranges",
            ip = *ip,
            count = ranges.len(),
            outbound = &cluster.outbound_type
        );
        let mut finding = META
            .finding(
                Subject::cluster(&cluster.name),
                words!("authorized-ip-range-missing-egress-title", ip = *ip),
                *at,
                says,
            )
            .confidence(Confidence::Proven)
            .since(symptoms.since)
            .affected(symptoms.lost)
            .supported_by(*seen, origin.says(ip));
        for at in symptoms.evidence.iter().take(3) {
            let says = words!(
                "authorized-ip-range-missing-egress-lost",
                count = symptoms.lost,
                total = symptoms.total
            );
            finding = finding.supported_by(*at, says);
        }
        out.found(finding.step(update(cluster, ranges, ip)).step(
            Step::new(words!("authorized-ip-range-missing-egress-restart")).run(
                Risk::Changes,
                command(
                    "kubectl rollout restart deployment konnectivity-agent -n kube-system",
                    &[],
                ),
            ),
        ));
    }
}

/// Where an egress address is known from.
enum Origin {
    PublicIp(String),
    Audit(String),
}

impl Origin {
    fn says(&self, ip: &str) -> konspect_bundle::Words {
        match self {
            Self::PublicIp(name) => {
                words!("authorized-ip-range-missing-egress-public-ip", ip = ip, name = name)
            }
            Self::Audit(user) => {
                words!("authorized-ip-range-missing-egress-audit", ip = ip, user = user)
            }
        }
    }
}

/// Public addresses by which nodes leave: those of firewalls and NAT gateways, the cluster's effective
/// outbound addresses, and those from which the audit log saw nodes come.
fn egress_addresses(facts: &Facts, cluster: &ManagedCluster) -> BTreeMap<String, (Span, Origin)> {
    let mut addresses = BTreeMap::new();
    let listed: Vec<&PublicIp> = facts
        .public_ips
        .ok()
        .into_iter()
        .flat_map(|ips| ips.iter())
        .filter(|ip| is_public(&ip.address))
        .collect();
    let effective = |ip: &PublicIp| {
        cluster.effective_outbound_ips.iter().any(|id| id.eq_ignore_ascii_case(&ip.id))
    };
    let gateway = |ip: &PublicIp| {
        let user = ip.used_by.to_lowercase();
        user.contains("/azurefirewalls/") || user.contains("/natgateways/")
    };
    let ingress = |ip: &PublicIp| ip.name.starts_with("kubernetes-");
    let named: Vec<&&PublicIp> = listed.iter().filter(|ip| effective(ip) || gateway(ip)).collect();
    let rest: Vec<&&PublicIp> =
        listed.iter().filter(|ip| ip.used_by.is_empty() && !ingress(ip)).collect();
    // An address without a user is the egress only when nothing else can be.
    let chosen = if named.is_empty() && rest.len() == 1 { rest } else { named };
    for ip in chosen {
        addresses.insert(ip.address.clone(), (ip.at, Origin::PublicIp(ip.name.clone())));
    }
    if addresses.is_empty()
        && let Some(audit) = facts.audit.ok()
    {
        let nodes = audit.others().filter(|client| client.user.starts_with("system:node:"));
        for client in nodes {
            let Some(series) = client.total.first.map(|(_, at)| at) else { continue };
            for (ip, _) in client.addresses.iter().filter(|(ip, _)| is_public(ip)) {
                addresses
                    .entry(ip.clone())
                    .or_insert_with(|| (series, Origin::Audit(client.user.clone())));
            }
        }
    }
    addresses
}

/// How many nodes lost the API server.
struct Symptoms {
    lost: usize,
    total: usize,
    since: Option<Timestamp>,
    evidence: Vec<Span>,
    /// A line that shows a node which reaches it.
    reached: Option<Span>,
}

impl Symptoms {
    fn of(facts: &Facts) -> Self {
        let mut symptoms =
            Self { lost: 0, total: 0, since: None, evidence: Vec::new(), reached: None };
        if let Some(nodes) = facts.nodes.ok() {
            symptoms.total = nodes.len();
            for node in nodes.iter() {
                let Some(ready) = node.condition("Ready") else { continue };
                if ready.status == Status::Unknown {
                    symptoms.lost += 1;
                    symptoms.since = match (symptoms.since, ready.transition) {
                        (Some(a), Some(b)) => Some(a.min(b)),
                        (a, b) => a.or(b),
                    };
                    symptoms.evidence.push(ready.at);
                } else if ready.status == Status::True {
                    symptoms.reached = symptoms.reached.or(Some(ready.at));
                }
            }
        }
        if let Some(path) = facts.apiserver_path.ok() {
            let blocked = path.with(NodeVerdict::Blocked);
            if symptoms.total == 0 {
                symptoms.total = path.nodes.len();
                symptoms.lost = blocked.len();
            }
            let cited: Vec<_> = blocked
                .iter()
                .filter_map(|node| path.witness(node, NodeVerdict::Blocked))
                .collect();
            if symptoms.since.is_none() {
                symptoms.since = cited.iter().filter_map(|seen| seen.first).min();
            }
            for seen in cited.into_iter().take(2) {
                symptoms.evidence.insert(0, seen.at);
            }
            let reached = path.with(NodeVerdict::Reached).into_iter().next();
            if symptoms.reached.is_none()
                && let Some(seen) =
                    reached.and_then(|node| path.witness(node, NodeVerdict::Reached))
            {
                symptoms.reached = Some(seen.at);
            }
        }
        symptoms
    }
}
