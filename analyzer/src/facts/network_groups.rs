//! Azure network security groups as they stand before the nodes: which group filters which nodes, and
//! what it does to TCP 10250 between them.
//!
//! A group filters the nodes whose subnet or interface it is attached to; where nothing tells what a
//! group is attached to, its answer is only a possibility.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use konspect_bundle::{Source, Span};
use konspect_netfilter::change::{self, Change};
use konspect_netfilter::nsg::{Context, Direction, Flow, Nsg, NsgRule, NsgVerdict};
use konspect_netfilter::packet::protocol;
use konspect_netfilter::parse;

use super::reach::KUBELET_PORT;
use super::{Nodes, Tunnel};
use crate::model::azure::{ManagedCluster, VirtualNetwork};
use crate::parse::rows::NsgText;

/// Pairs of nodes that are asked about: one of each pair of pools is enough.
const MOST_PAIRS: usize = 64;

/// Every group that was collected, and what it says of the kubelets' port.
#[derive(Debug, Default)]
pub struct NetworkGroups {
    pub groups: Vec<Nsg>,
    pub answers: Vec<GroupAnswer>,
    /// Where the groups are listed.
    pub at: Span,
    /// Pools stand in subnets of somebody's own, and only the group that AKS made was collected.
    pub partial: bool,
    /// What the groups' own JSON does not say: the network's addresses.
    pub context: Context,
    filters: Vec<Filters>,
}

/// The groups that a node's traffic passes.
#[derive(Debug, Default)]
pub struct Around<'a> {
    pub subnet: Option<&'a Nsg>,
    pub interface: Option<&'a Nsg>,
    /// Groups of which nothing tells what they guard.
    pub loose: Vec<&'a Nsg>,
}

/// How sure it is that a group filters the cluster's nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attached {
    /// To nothing, or to something that is no node's.
    Elsewhere,
    /// Nothing tells.
    Unknown,
    /// To a subnet or an interface of nodes.
    Nodes,
}

/// One group's word on TCP 10250 from one node to another, in one direction.
#[derive(Clone, Debug)]
pub struct GroupAnswer {
    /// Index into [`NetworkGroups::groups`].
    pub group: usize,
    pub attached: Attached,
    pub direction: Direction,
    pub verdict: NsgVerdict,
    /// The rule that decides for sure.
    pub rule: Option<usize>,
    /// What would have to be known, where the answer is open.
    pub open: Option<String>,
    /// The rule that would let the nodes through, tried before, where a rule denies.
    pub change: Option<Change>,
}

impl NetworkGroups {
    pub fn new(
        texts: &[NsgText],
        nodes: Option<&Nodes>,
        tunnel: Option<&Tunnel>,
        cluster: Option<&ManagedCluster>,
        networks: &[VirtualNetwork],
    ) -> Option<Self> {
        let at = texts.first()?.at;
        let mut groups: Vec<Nsg> = Vec::new();
        let mut loose: Vec<bool> = Vec::new();
        for text in texts {
            let source = Source { id: text.at.artifact, bytes: &text.text, base: text.at.start };
            let rules_alone = ![
                &b"\"securityRules\""[..],
                b"\"defaultSecurityRules\"",
                b"\"effectiveSecurityRules\"",
            ]
            .iter()
            .any(|key| has(&text.text, key));
            for group in parse::nsg_rules(source).value {
                // One group may stand in `nsg list`, in `nsg show` and as `rule list`.
                let same = groups.iter_mut().find(|known| {
                    !group.name.is_empty() && known.name.eq_ignore_ascii_case(&group.name)
                });
                match same {
                    Some(known) if told(&group) > told(known) => *known = group,
                    Some(_) => {}
                    None => {
                        groups.push(group);
                        loose.push(rules_alone);
                    }
                }
            }
        }
        let mut question = Question::new(nodes, tunnel, networks);
        // Pods' networks are routes of the virtual network, so that its tag holds them.
        question.context.virtual_network.extend(
            cluster.into_iter().filter_map(|cluster| cluster.pod_cidr.parse::<ipnet::IpNet>().ok()),
        );
        question.context.virtual_network.extend(
            nodes
                .into_iter()
                .flat_map(Nodes::iter)
                .flat_map(|node| &node.pod_cidrs)
                .filter_map(|text| text.parse::<ipnet::IpNet>().ok()),
        );
        let mut answers = Vec::new();
        let mut all_filters = Vec::new();
        for (index, (group, loose)) in groups.iter().zip(&loose).enumerate() {
            let filters = Filters::new(group, !loose, cluster, networks);
            for direction in [Direction::Inbound, Direction::Outbound] {
                answers.push(question.ask(index, group, direction, &filters));
            }
            all_filters.push(filters);
        }
        let own_subnets = cluster
            .into_iter()
            .flat_map(|cluster| &cluster.pools)
            .any(|pool| !pool.subnet_id.is_empty());
        let partial = own_subnets && groups.iter().all(is_managed);
        let context = question.context;
        Some(Self { groups, answers, at, partial, context, filters: all_filters })
    }

    /// The groups before a node of this pool.
    pub fn around(&self, pool: &str) -> Around<'_> {
        let mut around = Around::default();
        for (group, filters) in self.groups.iter().zip(&self.filters) {
            let on_subnet = filters.pools.get(pool) == Some(&Attached::Nodes);
            match filters.everywhere {
                _ if on_subnet => around.subnet = around.subnet.or(Some(group)),
                Attached::Nodes => around.interface = around.interface.or(Some(group)),
                Attached::Unknown => around.loose.push(group),
                Attached::Elsewhere => {}
            }
        }
        around
    }

    pub fn rule(&self, answer: &GroupAnswer) -> Option<(&Nsg, &NsgRule)> {
        let group = self.groups.get(answer.group)?;
        Some((group, group.rules.get(answer.rule?)?))
    }
}

fn has(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

/// AKS' own group: `aks-agentpool-12345678-nsg`.
fn is_managed(group: &Nsg) -> bool {
    let name = group.name.to_ascii_lowercase();
    name.starts_with("aks-agentpool-") && name.ends_with("-nsg")
}

/// How much a form of a group tells.
fn told(group: &Nsg) -> (usize, usize) {
    (group.subnets.len() + group.interfaces.len(), group.rules.len())
}

struct Question {
    context: Context,
    /// Where groups stand that do not tell it themselves.
    resource_group: String,
    /// `(from, to)` addresses with the pools they are of.
    pairs: Vec<Pair>,
}

struct Pair {
    source: IpAddr,
    source_pool: String,
    destination: IpAddr,
    destination_pool: String,
}

impl Question {
    fn new(nodes: Option<&Nodes>, tunnel: Option<&Tunnel>, networks: &[VirtualNetwork]) -> Self {
        let agents: BTreeSet<String> = tunnel.map(Tunnel::nodes).unwrap_or_default();
        let mut known: Vec<(String, IpAddr, bool)> = nodes
            .into_iter()
            .flat_map(Nodes::iter)
            .filter_map(|node| {
                let address = node.addresses.iter().find_map(|address| address.parse().ok())?;
                let pool = node.pool().unwrap_or_default().to_owned();
                Some((pool, address, agents.contains(node.meta.name.as_str())))
            })
            .collect();
        // Without a list of nodes two addresses of the network stand for them.
        if known.len() < 2 {
            let spare =
                known.first().map_or(IpAddr::from([10, 224, 0, 4]), |(_, address, _)| *address);
            known = vec![
                (String::new(), spare, true),
                (String::new(), super::firewalls::neighbour(spare), false),
            ];
        }
        let mut context = Context {
            virtual_network: known.iter().map(|(_, address, _)| (*address).into()).collect(),
            ..Context::default()
        };
        context.virtual_network.extend(
            networks
                .iter()
                .flat_map(|network| &network.prefixes)
                .filter_map(|text| text.parse::<ipnet::IpNet>().ok()),
        );
        // Connections begin where agents are, when that is known.
        let any_agent = known.iter().any(|(_, _, agent)| *agent);
        let mut pairs: Vec<Pair> = Vec::new();
        let mut seen = BTreeSet::new();
        for (source_pool, source, agent) in &known {
            if any_agent && !agent {
                continue;
            }
            for (destination_pool, destination, _) in &known {
                if source == destination
                    || pairs.len() >= MOST_PAIRS
                    || !seen.insert((source_pool.clone(), destination_pool.clone()))
                {
                    continue;
                }
                pairs.push(Pair {
                    source: *source,
                    source_pool: source_pool.clone(),
                    destination: *destination,
                    destination_pool: destination_pool.clone(),
                });
            }
        }
        Self { context, resource_group: "RESOURCE_GROUP".to_owned(), pairs }
    }

    /// The worst that the group says of any pair it stands between.
    fn ask(
        &self,
        index: usize,
        group: &Nsg,
        direction: Direction,
        filters: &Filters,
    ) -> GroupAnswer {
        let mut worst = GroupAnswer {
            group: index,
            attached: Attached::Elsewhere,
            direction,
            verdict: NsgVerdict::Allow,
            rule: None,
            open: None,
            change: None,
        };
        let badness = |verdict| match verdict {
            NsgVerdict::Deny => 2,
            NsgVerdict::Unknown => 1,
            NsgVerdict::Allow => 0,
        };
        for pair in &self.pairs {
            let pool = match direction {
                Direction::Inbound => &pair.destination_pool,
                Direction::Outbound => &pair.source_pool,
            };
            let attached = filters.pool(pool);
            let flow = Flow {
                direction,
                protocol: protocol::TCP,
                source: pair.source,
                destination: pair.destination,
                source_port: None,
                destination_port: Some(KUBELET_PORT),
            };
            let judged = group.judge(&flow, &self.context);
            let open = judged.uncertain.first().map(|(_, reason)| reason.to_string());
            let next = (attached, badness(judged.verdict), judged.rule.is_some());
            if next > (worst.attached, badness(worst.verdict), worst.rule.is_some()) {
                let change = (judged.verdict == NsgVerdict::Deny)
                    .then(|| {
                        change::for_nsg(
                            (Some(group), None),
                            &flow,
                            &self.context,
                            &self.resource_group,
                            true,
                        )
                    })
                    .flatten();
                worst = GroupAnswer {
                    change,
                    attached,
                    verdict: judged.verdict,
                    rule: judged.rule,
                    open,
                    ..worst
                };
            }
        }
        worst
    }
}

/// Which pools a group filters.
#[derive(Debug)]
struct Filters {
    everywhere: Attached,
    pools: BTreeMap<String, Attached>,
}

impl Filters {
    fn new(
        group: &Nsg,
        self_contained: bool,
        cluster: Option<&ManagedCluster>,
        networks: &[VirtualNetwork],
    ) -> Self {
        let mut subnets: BTreeSet<String> =
            group.subnets.iter().map(|id| id.to_ascii_lowercase()).collect();
        // A subnet names its group where the group does not name its subnets.
        subnets.extend(
            networks
                .iter()
                .flat_map(|network| &network.subnets)
                .filter(|subnet| {
                    subnet.nsg.rsplit('/').next().is_some_and(|name| {
                        !name.is_empty() && name.eq_ignore_ascii_case(&group.name)
                    })
                })
                .map(|subnet| subnet.id.to_ascii_lowercase()),
        );
        // AKS' own group is on every node's interface, which `az` does not list for scale sets.
        let scale_set = group.interfaces.iter().any(|id| {
            let id = id.to_ascii_lowercase();
            id.contains("/virtualmachinescalesets/aks-") || id.contains("/networkinterfaces/aks-")
        });
        let mut pools = BTreeMap::new();
        for pool in cluster.into_iter().flat_map(|cluster| &cluster.pools) {
            let subnet = pool.subnet_id.to_ascii_lowercase();
            let on_subnet = !subnet.is_empty() && subnets.contains(&subnet);
            let attached = if on_subnet { Attached::Nodes } else { Attached::Elsewhere };
            pools.insert(pool.name.clone(), attached);
        }
        let everywhere = if is_managed(group) || scale_set {
            Attached::Nodes
        } else if subnets.is_empty() && group.interfaces.is_empty() {
            // `rule list` tells no attachment; a whole group without any filters nothing.
            if self_contained { Attached::Elsewhere } else { Attached::Unknown }
        } else if pools.is_empty() {
            Attached::Unknown
        } else {
            Attached::Elsewhere
        };
        Self { everywhere, pools }
    }

    fn pool(&self, pool: &str) -> Attached {
        let known = self.pools.get(pool).copied();
        // A node whose pool is not known may be in any of them.
        let any = self.pools.values().max().copied().filter(|_| known.is_none());
        known.or(any).unwrap_or(Attached::Elsewhere).max(self.everywhere)
    }
}
