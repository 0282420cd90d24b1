//! What the nodes that fail have in common and the others do not: pool, zone, subnet, image, versions, age.
//!
//! Said only where it separates: two that fail share a value that none of two healthy ones has.

use std::collections::BTreeSet;

use jiff::Timestamp;
use konspect_bundle::{Words, words};

use super::Ranked;
use crate::facts::Facts;
use crate::finding::{Finding, Scope};
use crate::model::kube::{Node, Status};

/// Fewer nodes on one side share everything by chance.
const LEAST: usize = 2;
/// Lines told of one finding.
const TOLD: usize = 4;

/// What is compared: its word, and its value of a node.
type Trait = (&'static str, fn(&Node) -> Option<&str>);

const TRAITS: &[Trait] = &[
    ("pool", |node| node.pool()),
    ("zone", |node| {
        label(node, &["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"])
    }),
    ("subnet", |node| {
        label(
            node,
            &["kubernetes.azure.com/network-subnet", "kubernetes.azure.com/podnetwork-subnet"],
        )
    }),
    ("image", |node| label(node, &["kubernetes.azure.com/node-image-version"])),
    ("size", |node| {
        label(node, &["node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"])
    }),
    ("spot", |node| label(node, &["kubernetes.azure.com/scalesetpriority"])),
    ("architecture", |node| label(node, &["kubernetes.io/arch"])),
    ("kubelet", |node| said(&node.kubelet_version)),
    ("os", |node| said(&node.os_image)),
    ("kernel", |node| said(&node.kernel_version)),
    ("runtime", |node| said(&node.runtime_version)),
];

fn label<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n str> {
    keys.iter().find_map(|key| node.meta.label(key)).and_then(said)
}

fn said(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Adds what separates to every finding about several nodes; a cause speaks for the nodes of its effects as well.
pub(super) fn tell(ranked: &mut Ranked, facts: &Facts) {
    let Some(nodes) = facts.nodes.ok() else { return };
    let nodes: Fleet = nodes.iter().map(|node| (node.meta.name.to_lowercase(), node)).collect();
    let nodes = nodes.as_slice();
    for cause in &mut ranked.causes {
        let effects = cause.explains.iter().map(|effect| &effect.finding);
        let failing = std::iter::once(&cause.finding).chain(effects).flat_map(names).collect();
        let lines = lines(&failing, nodes);
        cause.finding.differs.extend(lines);
        for effect in &mut cause.explains {
            add(&mut effect.finding, nodes);
        }
    }
    for finding in ranked.unexplained.iter_mut().chain(&mut ranked.aggravating) {
        add(finding, nodes);
    }
}

/// Nodes by their names in lower case.
type Fleet<'n> = Vec<(String, &'n Node)>;

fn add(finding: &mut Finding, nodes: &[(String, &Node)]) {
    let lines = lines(&names(finding).collect(), nodes);
    finding.differs.extend(lines);
}

fn names(finding: &Finding) -> impl Iterator<Item = String> {
    let names = match &finding.scope {
        Scope::Nodes(names) => Some(names.iter().map(|name| name.to_lowercase())),
        _ => None,
    };
    names.into_iter().flatten()
}

fn lines(failing: &BTreeSet<String>, nodes: &[(String, &Node)]) -> Vec<Words> {
    if failing.len() < LEAST {
        return Vec::new();
    }
    let (mut bad, mut good): (Vec<&Node>, Vec<&Node>) = (Vec::new(), Vec::new());
    for (name, node) in nodes {
        if failing.contains(name) {
            bad.push(node);
        } else if node.ready() == Some(Status::True) {
            good.push(node);
        }
    }
    if bad.len() < LEAST || good.len() < LEAST {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let (failing, healthy) = (bad.len(), good.len());
    for (name, value_of) in TRAITS {
        let mut values: BTreeSet<Option<&str>> = bad.iter().map(|node| value_of(node)).collect();
        let Some(Some(value)) = values.pop_first().filter(|_| values.is_empty()) else { continue };
        // A healthy node of which the value is not known could have it.
        if good.iter().all(|node| value_of(node).is_some_and(|other| other != value)) {
            lines.push(words!(
                "differs-trait",
                shared = *name,
                value = value,
                failing = failing,
                healthy = healthy
            ));
        }
    }
    lines.extend(age(&bad, &good));
    lines.truncate(TOLD);
    lines
}

/// All that fail are younger, or all are older, than every healthy one.
fn age(bad: &[&Node], good: &[&Node]) -> Option<Words> {
    let times = |nodes: &[&Node]| -> Option<(Timestamp, Timestamp)> {
        let times: Option<Vec<Timestamp>> =
            nodes.iter().map(|node| node.meta.created.get()).collect();
        let times = times?;
        Some((*times.iter().min()?, *times.iter().max()?))
    };
    let ((bad_first, bad_last), (good_first, good_last)) = (times(bad)?, times(good)?);
    let (failing, healthy) = (bad.len(), good.len());
    let shown = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M UTC").to_string();
    if bad_first > good_last {
        let at = shown(bad_first);
        return Some(words!("differs-younger", time = at, failing = failing, healthy = healthy));
    }
    if bad_last < good_first {
        let at = shown(bad_last);
        return Some(words!("differs-older", time = at, failing = failing, healthy = healthy));
    }
    None
}

#[cfg(test)]
mod tests {
    use konspect_bundle::Arg;

    use super::*;
    use crate::model::kube::{Condition, ObjectMeta};

    fn node(name: &str, pool: &str, kernel: &str) -> Node {
        let mut meta = ObjectMeta { name: name.into(), ..ObjectMeta::default() };
        meta.labels.insert("kubernetes.azure.com/agentpool", pool.into());
        Node {
            meta,
            kernel_version: kernel.into(),
            conditions: vec![Condition {
                kind: "Ready".into(),
                status: Status::True,
                ..Condition::default()
            }],
            ..Node::default()
        }
    }

    /// The words of what is said to be shared.
    fn told(nodes: Vec<Node>, failing: &[&str]) -> Vec<Arg> {
        let nodes: Fleet = nodes.iter().map(|node| (node.meta.name.to_lowercase(), node)).collect();
        let failing = failing.iter().map(|name| (*name).to_owned()).collect();
        lines(&failing, &nodes)
            .into_iter()
            .filter_map(|line| Some(line.args.first()?.1.clone()))
            .collect()
    }

    #[test]
    fn only_what_separates_is_said() {
        let fleet = || {
            vec![
                node("a", "gpu", "5.15"),
                node("b", "gpu", "5.15"),
                node("c", "apps", "5.15"),
                node("d", "apps", "5.15"),
            ]
        };
        assert_eq!(told(fleet(), &["a", "b"]), [Arg::from("pool")]);
        // One healthy node of the same pool, and the pool says nothing.
        assert_eq!(told(fleet(), &["a", "c"]), []);
        // One failing node shares everything with itself.
        assert_eq!(told(fleet(), &["a"]), []);
        // A healthy node without a known value could have the same.
        let mut unsaid = fleet();
        unsaid[2].kernel_version.clear();
        unsaid[0].kernel_version = "6.1".into();
        unsaid[1].kernel_version = "6.1".into();
        assert_eq!(told(unsaid, &["a", "b"]), [Arg::from("pool")]);
    }
}
