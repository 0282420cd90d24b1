//! CoreDNS, metrics-server or the tunnel agents have one replica though the cluster has several nodes.

use konspect_bundle::words;

use crate::facts::{Listing, Nodes};
use crate::finding::{Confidence, Meta, Risk, Step, Subject};
use crate::model::workload::{Workload, WorkloadKind};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct SystemComponentSingleReplica;

static META: Meta = rule_meta!(
    "KSP7016",
    "system-component-single-replica",
    Workload,
    Aggravating,
    Warning,
    "system_component_single_replica.md"
);

const COMPONENTS: &[&str] = &["coredns", "metrics-server", "konnectivity-agent"];

impl Rule for SystemComponentSingleReplica {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Listing<Workload>, &'f Nodes);

    fn check((workloads, nodes): Self::Inputs<'_>, out: &mut Checked) {
        if nodes.iter().filter(|node| !node.unschedulable).count() < 2 {
            return;
        }
        let known: Vec<_> = workloads
            .iter()
            .filter(|workload| {
                workload.kind == WorkloadKind::Deployment
                    && workload.meta.namespace == "kube-system"
                    && COMPONENTS.contains(&workload.meta.name.as_str())
            })
            .filter_map(|workload| Some((workload, workload.desired?)))
            .collect();
        let mut single = known.iter().filter(|(_, desired)| *desired == 1);
        let Some((first, _)) = single.next() else {
            for (workload, desired) in known.iter().filter(|(_, desired)| *desired > 1) {
                let says = words!(
                    "system-component-single-replica-cleared",
                    name = &workload.meta.name,
                    count = *desired
                );
                out.cleared(workload.at, says);
            }
            return;
        };
        let name = &first.meta.name;
        let scale = command("kubectl scale deployment {} -n kube-system --replicas=2", &[name]);
        let undo = command("kubectl scale deployment {} -n kube-system --replicas=1", &[name]);
        let mut finding = META
            .finding(
                Subject::new("Deployment", "kube-system", name),
                words!("system-component-single-replica-title", name = name, nodes = nodes.len()),
                first.at,
                words!("system-component-single-replica-says", name = name),
            )
            .confidence(Confidence::Proven)
            .affected(1);
        for (workload, _) in single {
            finding.affected += 1;
            let says = words!("system-component-single-replica-says", name = &workload.meta.name);
            finding = finding.supported_by(workload.at, says);
        }
        out.found(
            finding.step(
                Step::new(words!("system-component-single-replica-do"))
                    .run(Risk::Changes, scale)
                    .undone_by(undo),
            ),
        );
    }
}
