//! A network security group denies TCP 10250 between nodes.

use konspect_bundle::{Words, words};
use konspect_netfilter::nsg::{Direction, Nsg, NsgRule, NsgVerdict};

use super::node_to_node_traffic_blocked::SetTest;
use super::port_10250::noticed;
use crate::facts::network_groups::{Attached, GroupAnswer};
use crate::facts::reach::Witness;
use crate::facts::{KubeletReach, Missing, NetworkGroups, Nodes, Tunnel};
use crate::finding::{Confidence, Finding, Meta, Risk, Step, Subject};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct Port10250Nsg;

static META: Meta =
    rule_meta!("KSP2101", "port-10250-nsg", Tunnel, Cause, Critical, "port_10250_nsg.md");

impl Rule for Port10250Nsg {
    const META: &'static Meta = &META;
    type Inputs<'f> =
        (&'f NetworkGroups, Option<&'f KubeletReach>, Option<&'f Tunnel>, Option<&'f Nodes>);

    fn check((groups, reach, tunnel, nodes): Self::Inputs<'_>, out: &mut Checked) {
        let test = reach.map(|reach| SetTest::new(reach, tunnel, nodes));
        let mut open = false;
        for answer in groups.answers.iter().filter(|answer| answer.attached > Attached::Elsewhere) {
            match (answer.verdict, groups.rule(answer)) {
                (NsgVerdict::Deny, Some((group, rule))) => {
                    out.found(finding(answer, group, rule, test.as_ref()));
                }
                (NsgVerdict::Allow, Some((group, rule))) => {
                    out.cleared(rule.at, allows(group, rule));
                }
                _ => open = true,
            }
        }
        if open || groups.partial || (out.findings.is_empty() && out.cleared.is_empty()) {
            out.blind(Missing::table(TableKind::AzureNetworkRules));
        }
    }
}

fn finding(answer: &GroupAnswer, group: &Nsg, rule: &NsgRule, test: Option<&SetTest<'_>>) -> Finding {
    let name = if group.name.is_empty() { "-" } else { &*group.name };
    let failures = test.map(SetTest::failures).unwrap_or_default();
    let reached = test.and_then(SetTest::far_reached);
    let holds = test.is_some_and(SetTest::holds);
    let probed = failures.iter().any(|(_, sighting)| sighting.witness == Witness::Probe);
    let confidence = match answer.attached {
        _ if holds => Confidence::Proven,
        _ if reached.is_some() => Confidence::Possible,
        Attached::Nodes if !failures.is_empty() => Confidence::Proven,
        Attached::Nodes => Confidence::Likely,
        _ if probed || failures.len() > 1 => Confidence::Likely,
        _ => Confidence::Possible,
    };
    let mut finding = META
        .finding(
            Subject::new("NetworkSecurityGroup", "", name),
            words!("port-10250-nsg-title", rule = &*rule.name, group = name, priority = rule.priority),
            rule.at,
            denies(answer, rule),
        )
        .confidence(confidence)
        .since(test.and_then(SetTest::onset))
        .affected(test.map_or(1, |test| test.silent().len().max(1)));
    let mut told = std::collections::BTreeSet::new();
    for (node, sighting) in failures.iter().filter(|(_, sighting)| told.insert(sighting.witness)).take(3) {
        finding = finding.supported_by(sighting.at, noticed(node, sighting));
    }
    if let Some((node, sighting)) = reached {
        finding = finding.contradicted_by(
            sighting.at,
            words!("node-to-node-traffic-blocked-cleared", node = node),
        );
    }
    let allow = Step::new(words!("port-10250-nsg-allow")).run(
        Risk::Changes,
        answer.change.as_ref().map(|change| change.command.clone()),
    );
    let allow = allow.undone_by(answer.change.as_ref().map(|change| change.undo.clone()));
    finding
        .step(allow)
        .step(Step::new(words!("port-10250-nsg-restart")).run(
            Risk::Changes,
            Some("kubectl rollout restart deployment konnectivity-agent -n kube-system".to_owned()),
        ))
        .settled_by(words!("port-10250-nsg-settled"))
}

fn denies(answer: &GroupAnswer, rule: &NsgRule) -> Words {
    let (name, priority) = (&*rule.name, rule.priority);
    match answer.direction {
        Direction::Inbound => words!("port-10250-nsg-inbound", rule = name, priority = priority),
        Direction::Outbound => words!("port-10250-nsg-outbound", rule = name, priority = priority),
    }
}

fn allows(group: &Nsg, rule: &NsgRule) -> Words {
    words!(
        "port-10250-nsg-cleared",
        rule = &*rule.name,
        group = &*group.name,
        priority = rule.priority
    )
}
