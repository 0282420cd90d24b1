//! The system pool runs on machines that may use their processors only in bursts.

use konspect_bundle::{Span, words};

use crate::facts::inputs::AnyOf;
use crate::facts::{Listing, Nodes};
use crate::finding::{Confidence, Finding, Meta, Risk, Severity, Step, Subject};
use crate::model::azure::{AzureMetric, ManagedCluster};
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct SystemPoolBurstable;

static META: Meta = rule_meta!(
    "KSP8008",
    "system-pool-burstable",
    Platform,
    Aggravating,
    Info,
    "system_pool_burstable.md"
);

impl Rule for SystemPoolBurstable {
    const META: &'static Meta = &META;
    type Inputs<'f> = (AnyOf<&'f Listing<ManagedCluster>, &'f Nodes>, Option<&'f Listing<AzureMetric>>);

    fn check((AnyOf(clusters, nodes), metrics): Self::Inputs<'_>, out: &mut Checked) {
        let pools = clusters.into_iter().flat_map(|clusters| clusters.iter()).flat_map(|cluster| &cluster.pools);
        let pools = pools
            .filter(|pool| pool.mode.eq_ignore_ascii_case("system"))
            .map(|pool| (pool.name.as_str(), pool.vm_size.as_str(), pool.at));
        let labelled = nodes.into_iter().flat_map(Nodes::iter).filter_map(|node| {
            let system = node.meta.label("kubernetes.azure.com/mode") == Some("system");
            let size = node.meta.label("node.kubernetes.io/instance-type")?;
            system.then(|| (node.pool().unwrap_or_default(), size, node.at))
        });
        let sizes: Vec<(&str, &str, Span)> =
            pools.chain(labelled).filter(|(_, size, _)| !size.is_empty()).collect();
        let Some((pool, size, at)) = sizes.iter().find(|(_, size, _)| is_burstable(size)) else {
            if let Some((_, size, at)) = sizes.first() {
                out.cleared(*at, words!("system-pool-burstable-cleared", size = *size));
            }
            return;
        };
        let finding = META
            .finding(
                Subject::new("AgentPool", "", pool),
                words!("system-pool-burstable-title", pool = *pool, size = *size),
                *at,
                words!("system-pool-burstable-says", pool = *pool, size = *size),
            )
            .confidence(Confidence::Proven);
        out.found(with_credits(finding, metrics).step(
            Step::new(words!("system-pool-burstable-do"))
                .run(Risk::Reads, Some("kubectl get nodes -L node.kubernetes.io/instance-type".to_owned())),
        ));
    }
}

/// `Standard_B2s`, `Standard_B4as_v2`: the B series.
fn is_burstable(size: &str) -> bool {
    let rest = size.to_ascii_lowercase();
    let rest = rest.strip_prefix("standard_b").or_else(|| rest.strip_prefix("basic_b"));
    rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// Credits that ran out make it more than a note.
fn with_credits(finding: Finding, metrics: Option<&Listing<AzureMetric>>) -> Finding {
    let spent = metrics.into_iter().flat_map(|metrics| metrics.iter()).find_map(|metric| {
        let credits = metric.name.eq_ignore_ascii_case("CPU Credits Remaining");
        let empty = |value: Option<f64>| value.is_some_and(|value| value < 1.0);
        let points = metric.points.iter().filter(|_| credits);
        points.into_iter().find(|point| empty(point.minimum) || empty(point.average))
    });
    match spent {
        Some(point) => finding
            .severity(Severity::Warning)
            .since(point.time)
            .supported_by(point.at, words!("system-pool-burstable-spent")),
        None => finding,
    }
}
