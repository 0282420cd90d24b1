//! Kubelets that are too old for the API server, or newer than it.

use konspect_bundle::words;

use crate::facts::{Context, Nodes};
use crate::finding::{Confidence, Meta, Risk, Step, Subject};
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct VersionSkewUnsupported;

static META: Meta =
    rule_meta!("KSP8006", "version-skew-unsupported", Platform, Aggravating, Warning, "version_skew_unsupported.md");

impl Rule for VersionSkewUnsupported {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, &'f Nodes);

    fn check((context, nodes): Self::Inputs<'_>, out: &mut Checked) {
        let Some(server) = context.minor() else { return };
        // Three minors since 1.28, two before.
        let allowed = if server >= 28 { 3 } else { 2 };
        let odd: Vec<_> = nodes
            .iter()
            .filter_map(|node| Some((node, minor(&node.kubelet_version)?)))
            .filter(|(_, kubelet)| *kubelet > server || server - kubelet > allowed)
            .collect();
        let Some((node, _)) = odd.first() else {
            if !nodes.is_empty() {
                out.cleared(nodes.at(), words!("version-skew-unsupported-cleared", version = &context.version));
            }
            return;
        };
        out.found(
            META.finding(
                Subject::node(&node.meta.name),
                words!("version-skew-unsupported-title", count = odd.len(), server = &context.version),
                node.at,
                words!("version-skew-unsupported-says", node = &node.meta.name, version = &node.kubelet_version),
            )
            .confidence(Confidence::Proven)
            .affected(odd.len())
            .step(
                Step::new(words!("version-skew-unsupported-do"))
                    .run(Risk::Reads, Some("kubectl get nodes -o wide".to_owned())),
            ),
        );
    }
}

fn minor(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').nth(1)?.trim_end_matches('+').parse().ok()
}
