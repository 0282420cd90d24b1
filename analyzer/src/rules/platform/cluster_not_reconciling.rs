//! The managed cluster or a node pool is failed or stopped: Azure reconciles nothing.

use konspect_bundle::{Span, Words, words};

use crate::facts::Listing;
use crate::finding::{Confidence, Meta, Risk, Severity, Step, Subject};
use crate::model::azure::ManagedCluster;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ClusterNotReconciling;

static META: Meta =
    rule_meta!("KSP8001", "cluster-not-reconciling", Platform, Cause, Critical, "cluster_not_reconciling.md");

impl Rule for ClusterNotReconciling {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Listing<ManagedCluster>;

    fn check(clusters: Self::Inputs<'_>, out: &mut Checked) {
        for cluster in clusters.iter() {
            let mut signs: Vec<(Span, Words)> = Vec::new();
            let mut stopped = false;
            if is_failed(&cluster.provisioning_state) {
                signs.push((cluster.at, words!("cluster-not-reconciling-state", name = &cluster.name, state = &cluster.provisioning_state)));
            }
            if cluster.power_state.eq_ignore_ascii_case("stopped") {
                stopped = true;
                signs.push((cluster.at, words!("cluster-not-reconciling-stopped", name = &cluster.name)));
            }
            for pool in &cluster.pools {
                if is_failed(&pool.provisioning_state) {
                    signs.push((pool.at, words!("cluster-not-reconciling-pool", pool = &pool.name, state = &pool.provisioning_state)));
                }
            }
            let Some((at, says)) = signs.first().cloned() else {
                if !cluster.provisioning_state.is_empty() {
                    out.cleared(cluster.at, words!("cluster-not-reconciling-cleared", name = &cluster.name, state = &cluster.provisioning_state));
                }
                continue;
            };
            let mut finding = META
                .finding(Subject::cluster(&cluster.name), words!("cluster-not-reconciling-title", name = &cluster.name), at, says)
                // A stopped cluster explains everything; a failed operation may be long over.
                .confidence(if stopped { Confidence::Proven } else { Confidence::Likely })
                .severity(Severity::Critical);
            for (at, says) in signs.into_iter().skip(1).take(4) {
                finding = finding.supported_by(at, says);
            }
            let names = [cluster.resource_group.as_str(), cluster.name.as_str()];
            let verb = if stopped {
                command("az aks start --resource-group {} --name {}", &names)
            } else {
                command("az aks update --resource-group {} --name {}", &names)
            };
            out.found(finding.step(Step::new(words!("cluster-not-reconciling-do")).run(Risk::Changes, verb)));
        }
    }
}

fn is_failed(state: &str) -> bool {
    ["failed", "canceled", "cancelled"].iter().any(|known| state.eq_ignore_ascii_case(known))
}
