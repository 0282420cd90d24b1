//! Too few tunnel agents for the cluster's size, or agents that run out of memory.

use konspect_bundle::{Span, Words, words};

use super::symptoms::of_tunnel;
use crate::facts::tunnel::TunnelKind;
use crate::facts::{Context, Events, KubeletReach, Listing, Missing, Nodes, Tunnel};
use crate::finding::{Confidence, Meta, Risk, Severity, Step, Subject};
use crate::model::kube::{ConfigMap, Container};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct TunnelAgentsUnderScaled;

static META: Meta = rule_meta!(
    "KSP2006",
    "tunnel-agents-under-scaled",
    Tunnel,
    Cause,
    Critical,
    "tunnel_agents_under_scaled.md"
);

/// AKS' own steps: from so many nodes on, so many agents.
const LADDER: &[(usize, u64)] = &[(1, 2), (100, 3), (250, 4), (500, 5), (1000, 6), (5000, 10)];

/// A kill longer ago than this is history.
const RECENT_SECONDS: i64 = 6 * 3600;

impl Rule for TunnelAgentsUnderScaled {
    const META: &'static Meta = &META;
    type Inputs<'f> = (
        &'f Context,
        &'f Tunnel,
        Option<&'f Nodes>,
        Option<&'f Events>,
        Option<&'f Listing<ConfigMap>>,
        Option<&'f KubeletReach>,
    );

    fn check((context, tunnel, nodes, events, maps, reach): Self::Inputs<'_>, out: &mut Checked) {
        if let Some(at) = tunnel.absent_by_design {
            out.cleared(at, words!("tunnel-agents-not-running-by-design"));
            return;
        }
        if tunnel.kind != TunnelKind::Konnectivity {
            return;
        }
        let agents = tunnel
            .workload
            .as_ref()
            .and_then(|workload| workload.desired)
            .unwrap_or(tunnel.agents.len() as u64);
        let size = nodes.filter(|nodes| nodes.complete).map_or(0, Nodes::len);
        let wanted = step_of(LADDER.iter().copied(), size);
        // Scaled to nothing is another rule's fault.
        if agents == 0 {
            return;
        }
        let kills = kills(context, tunnel, events);
        let short = wanted > agents;
        let ladder = maps.and_then(ladder).filter(|(_, steps)| {
            step_of(steps.iter().copied(), size) < wanted
        });
        if kills.is_empty() && !short {
            match tunnel.workload.as_ref().map(|workload| workload.at).or(tunnel.pods_at) {
                Some(at) if size > 0 && !tunnel.agents.is_empty() => {
                    out.cleared(at, words!("tunnel-agents-under-scaled-cleared", agents = agents, nodes = size));
                }
                _ => out.blind(Missing::table(TableKind::Nodes)),
            }
            return;
        }
        let symptom = of_tunnel(tunnel, reach);
        let recent = kills.iter().filter(|kill| kill.recent).count();
        let (confidence, severity) = match (recent, short, symptom.is_some()) {
            (2.., _, true) | (1.., true, _) => (Confidence::Proven, Severity::Critical),
            (2.., _, false) | (1, _, true) => (Confidence::Likely, Severity::Critical),
            (_, true, true) => (Confidence::Likely, Severity::Warning),
            _ => (Confidence::Possible, Severity::Warning),
        };
        let workload = tunnel.workload.as_ref().map(|workload| workload.at).or(tunnel.pods_at);
        let few = || words!("tunnel-agents-under-scaled-few", agents = agents, nodes = size, wanted = wanted);
        let mut lines: Vec<(Span, Words)> =
            kills.iter().take(4).map(|kill| (kill.at, kill.says.clone())).collect();
        if let Some((map, _)) = ladder {
            lines.push((map.at, words!("tunnel-agents-under-scaled-ladder", name = &map.meta.name)));
        }
        lines.extend(workload.filter(|_| short).map(|at| (at, few())));
        lines.extend(symptom.map(|symptom| (symptom.at, symptom.says)));
        let mut lines = lines.into_iter();
        let Some((at, says)) = lines.next() else { return };
        let title = if kills.is_empty() {
            words!("tunnel-agents-under-scaled-title", agents = agents, nodes = size)
        } else {
            words!("tunnel-agents-under-scaled-oom", agents = agents)
        };
        let mut finding = META
            .finding(Subject::new("Deployment", "kube-system", "konnectivity-agent"), title, at, says)
            .confidence(confidence)
            .severity(severity)
            .since(kills.iter().filter(|kill| kill.recent).filter_map(|kill| kill.first).min());
        for (at, says) in lines {
            finding = finding.supported_by(at, says);
        }
        out.found(
            finding
                .step(Step::new(words!("tunnel-agents-under-scaled-edit")).run(
                    Risk::Changes,
                    Some("kubectl edit configmap konnectivity-agent-autoscaler -n kube-system".to_owned()),
                ))
                .step(Step::new(words!("tunnel-agents-under-scaled-memory"))),
        );
    }
}

/// An agent that the kernel killed for its memory.
struct Kill {
    at: Span,
    says: Words,
    first: Option<jiff::Timestamp>,
    recent: bool,
}

/// Each Pod's last end, and each event of its node's kernel.
fn kills(context: &Context, tunnel: &Tunnel, events: Option<&Events>) -> Vec<Kill> {
    let recent = |time| context.age_seconds(time).is_none_or(|age| age < RECENT_SECONDS);
    let mut kills = Vec::new();
    for agent in &tunnel.agents {
        for container in agent.pod.containers.iter().filter(|container| killed(container)) {
            let last = container.last.terminated().or(container.state.terminated());
            let time = last.and_then(|last| last.finished);
            kills.push(Kill {
                at: container.at.get(),
                says: words!(
                    "tunnel-agents-under-scaled-killed",
                    pod = &agent.pod.meta.name,
                    restarts = container.restarts
                ),
                first: time,
                recent: recent(time),
            });
        }
    }
    let hosts = tunnel.nodes();
    for event in events.into_iter().flat_map(|events| events.reason(&["OOMKilling", "OOMKilled"])) {
        let agents = event.message.contains("proxy-agent") || event.message.contains("konnectivity");
        if agents && (hosts.is_empty() || hosts.contains(event.object.name.as_str()) || event.object.kind == "Pod") {
            kills.push(Kill {
                at: event.at,
                says: words!("tunnel-agents-under-scaled-kernel", node = &event.object.name),
                first: event.first.get().or(event.last.get()),
                recent: recent(event.last.get()),
            });
        }
    }
    kills
}

fn killed(container: &Container) -> bool {
    [container.last.terminated(), container.state.terminated()]
        .into_iter()
        .flatten()
        .any(|ended| ended.reason == "OOMKilled")
}

/// The agents that a ladder gives a cluster of this size.
fn step_of(ladder: impl Iterator<Item = (usize, u64)>, size: usize) -> u64 {
    ladder.filter(|(from, _)| *from <= size).map(|(_, agents)| agents).max().unwrap_or(0)
}

/// `nodesToReplicas` of the agents' autoscaler.
fn ladder(maps: &Listing<ConfigMap>) -> Option<(&ConfigMap, Vec<(usize, u64)>)> {
    let map = maps.iter().find(|map| {
        map.meta.namespace == "kube-system" && map.meta.name == "konnectivity-agent-autoscaler"
    })?;
    let text = map.data.get("ladder")?;
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let steps = value.get("nodesToReplicas")?.as_array()?.iter();
    let steps = steps
        .filter_map(|step| {
            let [from, agents] = step.as_array()?.as_slice() else { return None };
            Some((usize::try_from(from.as_u64()?).ok()?, agents.as_u64()?))
        })
        .collect();
    Some((map, steps))
}
