//! Containers killed at their memory limit.

use konspect_bundle::{Words, words};

use crate::facts::pods::{by_workload, nodes_of};
use crate::facts::{Context, Missing, Pods};
use crate::finding::{Confidence, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::kube::{Container, Pod, Terminated};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ContainerOomKilled;

static META: Meta =
    rule_meta!("KSP7003", "container-oom-killed", Workload, Cause, Warning, "container_oom_killed.md");

/// A kill longer ago than this, in a container that has run since, is history.
const RECENT_SECONDS: i64 = 3600;

impl Rule for ContainerOomKilled {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, &'f Pods);

    fn check((context, pods): Self::Inputs<'_>, out: &mut Checked) {
        let affected = pods.iter().filter(|pod| killed(context, pod).is_some());
        for ((namespace, workload), group) in by_workload(affected) {
            let Some((pod, container, last)) = group.iter().find_map(|pod| killed(context, pod).map(|(c, l)| (*pod, c, l)))
            else {
                continue;
            };
            let system = namespace == "kube-system";
            let restarts: u64 = group.iter().map(|pod| pod.restarts()).sum();
            // One kill of an application is its own affair; a system component, or one that dies again and again, is not.
            let confidence = if restarts >= 3 { Confidence::Likely } else { Confidence::Possible };
            let severity = match (system, restarts >= 3) {
                (true, _) => Severity::Critical,
                (false, true) => Severity::Warning,
                (false, false) => Severity::Info,
            };
            // What the cluster rests on can be the cause of a cluster's trouble, and a workload of which several
            // Pods are killed; one Pod that dies is its owner's affair.
            let wide = group.len() >= 2 && group.iter().all(|pod| pod.restarts() >= 2);
            let confidence = if system || wide { confidence } else { Confidence::Possible };
            let mut finding = META
                .finding(
                    Subject::new("Pod", &namespace, &pod.meta.name),
                    words!("container-oom-killed-title", namespace = &namespace, workload = &workload, count = group.len()),
                    container.at.get(),
                    says(pod, container),
                )
                .confidence(confidence)
                .severity(severity)
                .since(last.started.or(last.finished))
                .until(group.iter().filter_map(|pod| killed(context, pod)?.1.finished).max())
                .affected(group.len())
                .scope(Scope::Nodes(nodes_of(group.iter().copied())));
            for (pod, (container, _)) in group.iter().skip(1).take(3).filter_map(|pod| Some((*pod, killed(context, pod)?))) {
                finding = finding.supported_by(container.at.get(), says(pod, container));
            }
            out.found(finding.step(
                Step::new(words!("container-oom-killed-do"))
                    .run(Risk::Reads, command("kubectl top pod {} -n {} --containers", &[&pod.meta.name, &namespace])),
            ));
        }
        if !out.findings.is_empty() || !pods.complete {
            return;
        }
        // A table counts restarts and does not tell what ended the container before.
        let untold = |container: &Container| container.name.is_empty() && container.restarts > 0;
        let restarted = pods.iter().filter(|pod| pod.containers.iter().any(untold)).count();
        if restarted > 0 {
            let says = words!("container-oom-killed-untold", count = restarted);
            return out.blind(Missing { because: Some((says, pods.at())), ..Missing::table(TableKind::Pods) });
        }
        out.cleared(pods.at(), words!("container-oom-killed-cleared", count = pods.len()));
    }
}

/// The container that was killed lately, or is down because of it.
fn killed<'p>(context: &Context, pod: &'p Pod) -> Option<(&'p Container, &'p Terminated)> {
    pod.containers.iter().find_map(|container| {
        let now = container.state.terminated().filter(|end| end.reason == "OOMKilled");
        let last = container.last.terminated().filter(|end| end.reason == "OOMKilled");
        let end = now.or(last)?;
        let down = !container.ready || now.is_some();
        let recent = context.age_seconds(end.finished).is_none_or(|age| age < RECENT_SECONDS);
        (down || recent).then_some((container, end))
    })
}

fn says(pod: &Pod, container: &Container) -> Words {
    let limit = container.limits.get("memory").map_or_else(|| "?".to_owned(), |bytes| format!("{:.0} MiB", bytes / 1_048_576.0));
    words!(
        "container-oom-killed-says",
        pod = &pod.meta.name,
        container = &container.name,
        limit = limit,
        restarts = container.restarts
    )
}
