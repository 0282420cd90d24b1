//! The control plane is of the Free tier: it is small, and without an agreement on its service level.

use konspect_bundle::words;

use crate::facts::{Listing, Nodes};
use crate::finding::{Confidence, Meta, Risk, Severity, Step, Subject};
use crate::model::azure::ManagedCluster;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct FreeTierControlPlane;

static META: Meta =
    rule_meta!("KSP3008", "free-tier-control-plane", ApiServer, Aggravating, Info, "free_tier_control_plane.md");

/// Nodes up to which the Free tier is recommended.
const FEW: usize = 10;

impl Rule for FreeTierControlPlane {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Listing<ManagedCluster>, Option<&'f Nodes>);

    fn check((clusters, nodes): Self::Inputs<'_>, out: &mut Checked) {
        for cluster in clusters.iter().filter(|cluster| !cluster.tier.is_empty()) {
            if !cluster.tier.eq_ignore_ascii_case("free") {
                out.cleared(cluster.at, words!("free-tier-control-plane-cleared", tier = &cluster.tier));
                continue;
            }
            let pools = cluster.pools.iter().map(|pool| usize::try_from(pool.count).unwrap_or(usize::MAX)).sum();
            let count = nodes.filter(|nodes| nodes.complete).map_or(pools, Nodes::len);
            let read = command(
                "az aks update --resource-group {} --name {} --tier standard",
                &[&cluster.resource_group, &cluster.name],
            );
            out.found(
                META.finding(
                    Subject::cluster(&cluster.name),
                    words!("free-tier-control-plane-title"),
                    cluster.at,
                    words!("free-tier-control-plane-line", nodes = count),
                )
                .confidence(Confidence::Proven)
                .severity(if count > FEW { Severity::Warning } else { Severity::Info })
                .step(Step::new(words!("free-tier-control-plane-upgrade")).run(Risk::Changes, read)),
            );
        }
    }
}
