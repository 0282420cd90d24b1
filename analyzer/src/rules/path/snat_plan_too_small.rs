//! The outbound ports that each node is given do not fit the addresses once the pools grow to their limits.

use konspect_bundle::words;

use crate::facts::Listing;
use crate::finding::{Confidence, Meta, Risk, Step, Subject};
use crate::model::azure::ManagedCluster;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct SnatPlanTooSmall;

static META: Meta =
    rule_meta!("KSP1011", "snat-plan-too-small", Path, Aggravating, Warning, "snat_plan_too_small.md");

/// Ports of one public address of a load balancer.
const PORTS_OF_ADDRESS: u64 = 64_000;

impl Rule for SnatPlanTooSmall {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Listing<ManagedCluster>;

    fn check(clusters: Self::Inputs<'_>, out: &mut Checked) {
        for cluster in clusters.iter().filter(|cluster| cluster.outbound_type.eq_ignore_ascii_case("loadBalancer")) {
            let addresses = cluster.effective_outbound_ips.len() as u64;
            // Zero is the default: Azure then deals the ports by the number of nodes.
            let Some(ports) = cluster.allocated_outbound_ports.filter(|ports| *ports > 0 && addresses > 0) else {
                continue;
            };
            let nodes: u64 = cluster
                .pools
                .iter()
                .map(|pool| if pool.autoscaling { pool.max_count.unwrap_or(pool.count) } else { pool.count })
                .sum();
            let (wanted, there) = (nodes.saturating_mul(ports), addresses * PORTS_OF_ADDRESS);
            if wanted <= there {
                out.cleared(cluster.at, words!("snat-plan-too-small-cleared", nodes = nodes, ports = ports));
                continue;
            }
            let read = command(
                "az aks show --resource-group {} --name {} --query networkProfile.loadBalancerProfile",
                &[&cluster.resource_group, &cluster.name],
            );
            out.found(
                META.finding(
                    Subject::cluster(&cluster.name),
                    words!("snat-plan-too-small-title", nodes = there / ports, most = nodes),
                    cluster.at,
                    words!(
                        "snat-plan-too-small-says",
                        ports = ports,
                        nodes = nodes,
                        wanted = wanted,
                        there = there
                    ),
                )
                .confidence(Confidence::Proven)
                .step(Step::new(words!("snat-plan-too-small-do")).run(Risk::Reads, read)),
            );
        }
    }
}
