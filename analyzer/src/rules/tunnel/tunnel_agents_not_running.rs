//! No tunnel agent is ready, or too few are: the API server has no way to the nodes.

use konspect_bundle::{Span, Words, words};

use crate::facts::tunnel::{Agent, TunnelKind};
use crate::facts::{Context, Events, KubeletReach, Missing, Pods, Tunnel};
use crate::finding::{Confidence, Finding, Meta, Risk, Severity, Step, Subject};
use crate::model::kube::{ContainerState, Pod, Status};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct TunnelAgentsNotRunning;

static META: Meta =
    rule_meta!("KSP2001", "tunnel-agents-not-running", Tunnel, CauseOrSymptom, Critical, "tunnel_agents_not_running.md");

impl Rule for TunnelAgentsNotRunning {
    const META: &'static Meta = &META;
    type Inputs<'f> =
        (&'f Context, &'f Tunnel, Option<&'f Pods>, Option<&'f Events>, Option<&'f KubeletReach>);

    fn check((context, tunnel, pods, events, reach): Self::Inputs<'_>, out: &mut Checked) {
        if let Some(at) = tunnel.absent_by_design {
            out.cleared(at, words!("tunnel-agents-not-running-by-design"));
            return;
        }
        if tunnel.kind == TunnelKind::None {
            out.findings.extend(gone(context, tunnel, pods, events, reach));
            return;
        }
        let ready = tunnel.ready().count();
        let desired = tunnel.workload.as_ref().and_then(|workload| workload.desired);
        if desired == Some(0) {
            if let Some(finding) = scaled_to_zero(tunnel, events) {
                out.found(finding);
            }
            return;
        }
        // A list of some of the pods shows no agent; the Deployment counts them all.
        let counted = tunnel.workload.as_ref().filter(|workload| workload.ready > 0 && tunnel.agents.is_empty());
        // Of a list that was cut, or of some namespaces, an agent that is not in it may run all the same.
        let system = |pods: &Pods| {
            // A list without any Pod of that namespace is none of it, whatever it says of itself.
            pods.lists_all_of("kube-system") && pods.in_namespace("kube-system").next().is_some()
        };
        let listed = !tunnel.agents.is_empty() || pods.is_some_and(system);
        if let Some(workload) = counted {
            out.cleared(workload.at, words!("tunnel-agents-not-running-counted", ready = workload.ready));
        } else if ready == 0 && (listed || tunnel.workload.as_ref().is_some_and(|workload| workload.ready == 0)) {
            out.found(none_ready(context, tunnel, reach));
        } else if let Some(agent) = tunnel.ready().next() {
            let name = &agent.pod.meta.name;
            out.cleared(agent.pod.at, words!("tunnel-agents-not-running-cleared", ready = ready, pod = name));
        } else {
            out.blind(Missing::table(TableKind::Pods));
        }
    }
}

/// The tunnel's Deployment, by the name its generation has.
fn name(tunnel: &Tunnel) -> &'static str {
    match tunnel.kind {
        TunnelKind::Tunnelfront => "tunnelfront",
        TunnelKind::AksLink => "aks-link",
        TunnelKind::Konnectivity | TunnelKind::None => "konnectivity-agent",
    }
}

fn subject(tunnel: &Tunnel) -> Subject {
    Subject::new("Deployment", "kube-system", name(tunnel))
}

/// Somebody set the replicas to zero: nothing upstream explains that.
fn scaled_to_zero(tunnel: &Tunnel, events: Option<&Events>) -> Option<Finding> {
    let workload = tunnel.workload.as_ref()?;
    let name = &workload.meta.name;
    let mut finding = META
        .finding(
            Subject::new("Deployment", &workload.meta.namespace, name),
            words!("tunnel-agents-not-running-zero-title", name = name),
            workload.at,
            words!("tunnel-agents-not-running-zero", name = name),
        )
        .confidence(Confidence::Proven)
        .self_caused();
    let scaled = events
        .into_iter()
        .flat_map(|events| events.reason(&["ScalingReplicaSet"]))
        .filter(|event| event.object.name == *name && event.message.contains("Scaled down"))
        .last();
    if let Some(event) = scaled {
        finding = finding
            .since(event.last.get())
            .supported_by(event.at, words!("tunnel-agents-not-running-scaled", message = &event.message));
    }
    Some(finding.step(
        Step::new(words!("tunnel-agents-not-running-scale-up"))
            .run(Risk::Changes, command("kubectl scale deployment {} -n kube-system --replicas=2", &[name]))
            .undone_by(command("kubectl scale deployment {} -n kube-system --replicas=0", &[name])),
    ))
}

/// Neither a pod nor a Deployment is listed: the event of its last pod, or a server that has no agent, tells.
fn gone(
    context: &Context,
    tunnel: &Tunnel,
    pods: Option<&Pods>,
    events: Option<&Events>,
    reach: Option<&KubeletReach>,
) -> Option<Finding> {
    let listed = pods.is_some_and(|pods| pods.in_namespace("kube-system").next().is_some());
    if !listed {
        return None;
    }
    let scaling = events
        .into_iter()
        .flat_map(|events| events.reason(&["ScalingReplicaSet"]))
        .filter(|event| event.object.name == "konnectivity-agent")
        .max_by_key(|event| event.last.get().or(event.first.get()));
    if let Some(event) = scaling.filter(|event| event.message.contains(" to 0 from ")) {
        let name = &event.object.name;
        return Some(
            META.finding(
                Subject::new("Deployment", "kube-system", name),
                words!("tunnel-agents-not-running-zero-title", name = name),
                event.at,
                words!("tunnel-agents-not-running-scaled", message = &event.message),
            )
            .confidence(Confidence::Proven)
            .since(event.last.get().or(event.first.get()))
            .self_caused()
            .step(
                Step::new(words!("tunnel-agents-not-running-scale-up"))
                    .run(Risk::Changes, command("kubectl scale deployment {} -n kube-system --replicas=2", &[name]))
                    .undone_by(command("kubectl scale deployment {} -n kube-system --replicas=0", &[name])),
            ),
        );
    }
    let turned_away = reach.into_iter().flat_map(|reach| reach.nodes.values().flatten()).any(|sighting| {
        sighting.attempt == crate::facts::reach::Attempt::NoAgent
    });
    turned_away.then(|| none_ready(context, tunnel, reach))
}

fn none_ready(_: &Context, tunnel: &Tunnel, reach: Option<&KubeletReach>) -> Finding {
    let first: Option<&Agent> = tunnel.agents.first();
    let (at, says) = match (first, &tunnel.workload) {
        (Some(agent), _) => why(&agent.pod),
        (None, Some(workload)) => (
            workload.at,
            words!("tunnel-agents-not-running-none-created", name = &workload.meta.name, desired = workload.desired.unwrap_or(0)),
        ),
        (None, None) => (tunnel.pods_at.unwrap_or_default(), words!("tunnel-agents-not-running-no-pods")),
    };
    let count = (tunnel.agents.len() as u64).max(tunnel.workload.as_ref().and_then(|workload| workload.desired).unwrap_or(0));
    let onset = tunnel.agents.iter().filter_map(|agent| not_ready_since(&agent.pod)).min();
    let mut finding = META
        .finding(subject(tunnel), words!("tunnel-agents-not-running-title", name = name(tunnel), count = count), at, says)
        .confidence(Confidence::Likely)
        .severity(Severity::Critical)
        .since(onset);
    for agent in tunnel.agents.iter().skip(1).take(3) {
        let (at, says) = why(&agent.pod);
        finding = finding.supported_by(at, says);
    }
    if let Some(workload) = tunnel.workload.as_ref().filter(|_| first.is_some()) {
        finding = finding.supported_by(
            workload.at,
            words!("tunnel-agents-not-running-deployment", ready = workload.ready, desired = workload.desired.unwrap_or(0)),
        );
    }
    let no_agent = reach.into_iter().flat_map(|reach| reach.nodes.values().flatten()).find(|sighting| {
        sighting.attempt == crate::facts::reach::Attempt::NoAgent
    });
    if let Some(sighting) = no_agent {
        finding = finding
            .confidence(Confidence::Proven)
            .supported_by(sighting.at, words!("tunnel-agents-not-running-no-agent"));
    }
    let pod = first.map_or(name(tunnel), |agent| agent.pod.meta.name.as_str());
    finding
        .step(
            Step::new(words!("tunnel-agents-not-running-read"))
                .run(Risk::Reads, command("kubectl describe pod {} -n kube-system", &[pod])),
        )
        .step(
            Step::new(words!("tunnel-agents-not-running-restart"))
                .run(Risk::Changes, command("kubectl rollout restart deployment {} -n kube-system", &[name(tunnel)])),
        )
}

/// Why a pod is not ready, by the most telling field.
fn why(pod: &Pod) -> (Span, Words) {
    let name = &pod.meta.name;
    for container in &pod.containers {
        match (&container.state, container.last.terminated()) {
            (ContainerState::Waiting(waiting), Some(last)) => {
                let message = last.message.lines().last().unwrap_or_default();
                return (
                    container.at.get(),
                    words!(
                        "tunnel-agents-not-running-crashing",
                        pod = name,
                        reason = &waiting.reason,
                        exit = last.exit_code,
                        message = message
                    ),
                );
            }
            (ContainerState::Waiting(waiting), None) if waiting.reason != "ContainerCreating" => {
                return (
                    container.at.get(),
                    words!("tunnel-agents-not-running-waiting", pod = name, reason = &waiting.reason, message = &waiting.message),
                );
            }
            _ => {}
        }
    }
    if let Some(condition) = pod.condition("PodScheduled").filter(|condition| condition.status == Status::False) {
        return (
            condition.at.get(),
            words!("tunnel-agents-not-running-unscheduled", pod = name, message = &condition.told.message),
        );
    }
    (pod.at, words!("tunnel-agents-not-running-not-ready", pod = name, phase = &pod.phase))
}

fn not_ready_since(pod: &Pod) -> Option<jiff::Timestamp> {
    pod.condition("Ready").filter(|condition| condition.status != Status::True).and_then(|condition| condition.transition.get())
}
