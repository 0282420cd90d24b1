//! The nodes that host the tunnel agents are saturated, and the tunnel suffers.

use konspect_bundle::{Span, Words, words};

use super::symptoms::{Symptom, of_tunnel};
use crate::facts::{AnyOf, KubeletReach, Listing, Missing, Nodes, Tunnel};
use crate::finding::{Confidence, Meta, Risk, Severity, Step, Subject};
use crate::model::kube::{NodeUsage, Status};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct TunnelAgentHostsOverloaded;

static META: Meta = rule_meta!(
    "KSP2002",
    "tunnel-agent-hosts-overloaded",
    Tunnel,
    Cause,
    Critical,
    "tunnel_agent_hosts_overloaded.md"
);

/// Percent of CPU or memory from which AKS' own alerts speak.
const FULL: f64 = 90.0;

impl Rule for TunnelAgentHostsOverloaded {
    const META: &'static Meta = &META;
    type Inputs<'f> = (
        &'f Tunnel,
        AnyOf<&'f Listing<NodeUsage>, &'f Nodes>,
        Option<&'f KubeletReach>,
    );

    fn check((tunnel, AnyOf(usage, nodes), reach): Self::Inputs<'_>, out: &mut Checked) {
        let hosts = tunnel.nodes();
        if hosts.is_empty() {
            return;
        }
        let mut full: Vec<(&str, Span, Words)> = Vec::new();
        let mut idle: Vec<(&str, Span, Words)> = Vec::new();
        for host in &hosts {
            let row = usage.and_then(|usage| usage.iter().find(|row| row.node == *host));
            match (row.filter(|row| is_full(row)), row, pressed(nodes, host)) {
                (Some(row), ..) => full.push((host, row.at, used(row))),
                (None, _, Some((at, says))) => full.push((host, at, says)),
                (None, Some(row), None) if row.cpu_percent.is_some() => idle.push((host, row.at, used(row))),
                _ => out.blind(Missing::on_node(TableKind::Top, host)),
            }
        }
        let Some((node, at, says)) = full.first().cloned() else {
            for (_, at, says) in idle {
                out.cleared(at, says);
            }
            return;
        };
        let symptom = of_tunnel(tunnel, reach);
        // Agents are taken at random: one sick host of many spoils few calls.
        let most = full.len() * 2 >= hosts.len();
        let (confidence, severity) = match &symptom {
            Some(Symptom { direct: true, .. }) if most => (Confidence::Proven, Severity::Critical),
            Some(_) if most => (Confidence::Likely, Severity::Critical),
            Some(_) => (Confidence::Likely, Severity::Warning),
            None => (Confidence::Possible, Severity::Warning),
        };
        let title = words!(
            "tunnel-agent-hosts-overloaded-title",
            count = full.len(),
            total = hosts.len(),
            node = node
        );
        let mut finding = META
            .finding(Subject::node(node), title, at, says)
            .confidence(confidence)
            .severity(severity)
            .affected(full.len());
        for (_, at, says) in full.iter().skip(1).take(3) {
            finding = finding.supported_by(*at, says.clone());
        }
        if let Some(symptom) = symptom {
            finding = finding.supported_by(symptom.at, symptom.says).since(symptom.since);
        }
        out.found(
            finding
                .step(
                    Step::new(words!("tunnel-agent-hosts-overloaded-who"))
                        .run(Risk::Reads, command("kubectl top pods -A --sort-by=cpu", &[])),
                )
                .step(
                    Step::new(words!("tunnel-agent-hosts-overloaded-cordon"))
                        .run(Risk::Changes, command("kubectl cordon {}", &[node]))
                        .undone_by(command("kubectl uncordon {}", &[node])),
                )
                .step(Step::new(words!("tunnel-agent-hosts-overloaded-system-pool"))),
        );
    }
}

fn is_full(row: &NodeUsage) -> bool {
    row.cpu_percent.is_some_and(|percent| percent >= FULL)
        || row.memory_percent.is_some_and(|percent| percent >= FULL)
}

fn used(row: &NodeUsage) -> Words {
    words!(
        "tunnel-agent-hosts-overloaded-used",
        node = &row.node,
        cpu = percent(row.cpu_percent),
        memory = percent(row.memory_percent)
    )
}

fn pressed(nodes: Option<&Nodes>, host: &str) -> Option<(Span, Words)> {
    let node = nodes?.get(host)?;
    let condition = ["MemoryPressure", "PIDPressure", "DiskPressure"]
        .iter()
        .filter_map(|kind| node.condition(kind))
        .find(|condition| condition.status == Status::True)?;
    let says = words!("tunnel-agent-hosts-overloaded-pressure", node = host, condition = &condition.kind);
    Some((condition.at.get(), says))
}

/// `?` where the table says `<unknown>`.
fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "?".to_owned(), |value| format!("{value:.0}"))
}
