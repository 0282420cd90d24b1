//! The authorized IP ranges leave out the address by which the cluster's own nodes come.

use jiff::Timestamp;
use konspect_bundle::{Span, words};

use super::authorized_ip_range_missing_client::update;
use crate::facts::addresses::holds;
use crate::facts::apiserver_path::NodeVerdict;
use crate::facts::outbound::{self, EgressOrigin};
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Meta, Risk, Step, Subject};
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
        let addresses = outbound::egress(facts, cluster);
        if addresses.is_empty() {
            return out.blind(Missing::table(TableKind::AzureOutbound));
        }
        let outside: Vec<(&String, &(Span, EgressOrigin))> = addresses
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
            .supported_by(*seen, known_from(origin, ip));
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

fn known_from(origin: &EgressOrigin, ip: &str) -> konspect_bundle::Words {
    match origin {
        EgressOrigin::PublicIp(name) => {
            words!("authorized-ip-range-missing-egress-public-ip", ip = ip, name = name)
        }
        EgressOrigin::Audit(user) => {
            words!("authorized-ip-range-missing-egress-audit", ip = ip, user = user)
        }
    }
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
                    symptoms.since = match (symptoms.since, ready.transition.get()) {
                        (Some(a), Some(b)) => Some(a.min(b)),
                        (a, b) => a.or(b),
                    };
                    symptoms.evidence.push(ready.at.get());
                } else if ready.status == Status::True {
                    symptoms.reached = symptoms.reached.or(Some(ready.at.get()));
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
