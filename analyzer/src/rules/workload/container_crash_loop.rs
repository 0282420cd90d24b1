//! Containers that die again and again.

use konspect_bundle::{Words, words};

use crate::facts::{Listing, Pods};
use crate::facts::pods::{by_workload, nodes_of};
use crate::finding::{Confidence, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::kube::{ApiService, Container, Pod, Terminated};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ContainerCrashLoop;

static META: Meta =
    rule_meta!("KSP7001", "container-crash-loop", Workload, CauseOrSymptom, Warning, "container_crash_loop.md");

impl Rule for ContainerCrashLoop {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Pods, Option<&'f Listing<ApiService>>);

    fn check((pods, api_services): Self::Inputs<'_>, out: &mut Checked) {
        let affected = pods.iter().filter(|pod| crashing(pod).is_some());
        for ((namespace, workload), group) in by_workload(affected) {
            let Some((pod, container)) = group.iter().find_map(|pod| Some((*pod, crashing(pod)?))) else { continue };
            let mut finding = META
                .finding(
                    Subject::new("Pod", &namespace, &pod.meta.name),
                    words!("container-crash-loop-title", namespace = &namespace, workload = &workload, count = group.len()),
                    container.at.get(),
                    says(pod, container),
                )
                .confidence(Confidence::Proven)
                .since(first_death(&group))
                .affected(group.len())
                .scope(Scope::Nodes(nodes_of(group.iter().copied())));
            // What metrics-server serves tells of it, where that was collected.
            let untold = workload.starts_with("metrics-server") && api_services.is_none();
            if carries_the_cluster(pods, &namespace, &workload, &group, untold) {
                finding = finding.severity(Severity::Critical);
            }
            for (pod, container) in group.iter().skip(1).take(3).filter_map(|pod| Some((*pod, crashing(pod)?))) {
                finding = finding.supported_by(container.at.get(), says(pod, container));
            }
            out.found(finding.step(
                Step::new(words!("container-crash-loop-logs")).run(
                    Risk::Reads,
                    command("kubectl logs {} -n {} -c {} --previous", &[&pod.meta.name, &namespace, name_of(container)]),
                ),
            ));
        }
        if out.findings.is_empty() && pods.complete {
            out.cleared(pods.at(), words!("container-crash-loop-cleared", count = pods.len()));
        }
    }
}

/// System workloads with a rule of their own, which tells more, and those that only watch.
const TOLD_ELSEWHERE: &[&str] = &[
    "coredns", "konnectivity-agent", "tunnelfront", "aks-link", "kube-proxy", "metrics-server", "azure-cns", "cilium", "calico",
    "ama-", "omsagent", "microsoft-defender", "retina",
];

/// A system workload of which no Pod runs: an application that crashes is its owner's affair, however long.
fn carries_the_cluster(pods: &Pods, namespace: &str, workload: &str, group: &[&Pod], untold: bool) -> bool {
    let running = || {
        let all = by_workload(pods.in_namespace(namespace));
        let same = all.get(&(namespace.to_owned(), workload.to_owned())).map_or(0, Vec::len);
        same > group.len()
    };
    namespace == "kube-system" && (untold || !TOLD_ELSEWHERE.iter().any(|known| workload.starts_with(known))) && !running()
}

fn crashing(pod: &Pod) -> Option<&Container> {
    pod.containers.iter().find(|container| container.state.waiting_reason() == Some("CrashLoopBackOff"))
}

fn name_of(container: &Container) -> &str {
    if container.name.is_empty() { "CONTAINER" } else { &container.name }
}

fn first_death(pods: &[&Pod]) -> Option<jiff::Timestamp> {
    pods.iter()
        .flat_map(|pod| &pod.containers)
        .filter_map(|container| container.last.terminated())
        .filter_map(|last| last.started.or(last.finished))
        .min()
}

fn says(pod: &Pod, container: &Container) -> Words {
    match container.last.terminated() {
        Some(last) => words!(
            "container-crash-loop-died",
            pod = &pod.meta.name,
            restarts = container.restarts,
            exit = last.exit_code,
            meaning = meaning(last)
        ),
        None => words!("container-crash-loop-waits", pod = &pod.meta.name, restarts = container.restarts),
    }
}

/// What an exit code says by convention: 128 + signal, shells' 126 and 127, and the runtime's own reasons.
fn meaning(last: &Terminated) -> &'static str {
    match (last.reason.as_str(), last.exit_code) {
        ("OOMKilled", _) => "OOMKilled",
        ("StartError" | "ContainerCannotRun", _) => "the runtime could not start it",
        (_, 126 | 127) => "command not found or not executable",
        (_, 137) => "SIGKILL",
        (_, 139) => "SIGSEGV",
        (_, 143) => "SIGTERM",
        ("Unknown", 255) => "the node or the runtime died",
        (_, 0) => "it ended by itself",
        _ => "the application's own code",
    }
}
