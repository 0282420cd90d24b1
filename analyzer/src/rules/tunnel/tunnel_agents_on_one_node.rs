//! All tunnel agents live on one node: losing it loses the tunnel.

use konspect_bundle::words;

use crate::facts::{Nodes, Tunnel};
use crate::finding::{Confidence, Meta, Risk, Step, Subject};
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct TunnelAgentsOnOneNode;

static META: Meta = rule_meta!(
    "KSP2007",
    "tunnel-agents-on-one-node",
    Tunnel,
    Aggravating,
    Warning,
    "tunnel_agents_on_one_node.md"
);

impl Rule for TunnelAgentsOnOneNode {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Tunnel, &'f Nodes);

    fn check((tunnel, nodes): Self::Inputs<'_>, out: &mut Checked) {
        let hosts = tunnel.nodes();
        let Some(agent) = tunnel.agents.iter().find(|agent| !agent.pod.node.is_empty()) else {
            return;
        };
        if hosts.len() > 1 {
            let says = words!("tunnel-agents-on-one-node-cleared", count = hosts.len());
            out.cleared(agent.pod.at, says);
            return;
        }
        if nodes.len() < 2 {
            return;
        }
        let (node, count) = (agent.pod.node.as_str(), tunnel.agents.len());
        let mut finding = META
            .finding(
                Subject::node(node),
                words!("tunnel-agents-on-one-node-title", node = node),
                agent.pod.at,
                words!("tunnel-agents-on-one-node-agent", pod = &agent.pod.meta.name, node = node),
            )
            .confidence(Confidence::Proven)
            .on_node(node)
            .affected(count);
        for agent in tunnel.agents.iter().filter(|other| other.pod.at != agent.pod.at).take(3) {
            finding = finding.supported_by(
                agent.pod.at,
                words!("tunnel-agents-on-one-node-agent", pod = &agent.pod.meta.name, node = node),
            );
        }
        out.found(finding.step(Step::new(words!("tunnel-agents-on-one-node-spread")).run(
            Risk::Changes,
            Some("kubectl rollout restart deployment konnectivity-agent -n kube-system".to_owned()),
        )));
    }
}
