//! What each node's own packet filters do to a new connection to its kubelet.
//!
//! All dumps of a node, in whatever form and by whichever tool, make one answer: the packet is walked
//! through them as the kernel would. Network security groups are not the node's and not here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use konspect_bundle::{Source, Span};
use konspect_netfilter::answer::{Answer, Deciding, Dumps, Host, Owner};
use konspect_netfilter::change::{self, Change, Wish};
use konspect_netfilter::evaluate::{StepKind, What};
use konspect_netfilter::node::Node as FirewallNode;
use konspect_netfilter::packet::{Family, Origin as Arrival, Packet};
use konspect_netfilter::parse;

use rayon::prelude::*;

use super::reach::KUBELET_PORT;
use super::{Nodes, Origin, Tunnel};
use crate::model::node_files::{OnNode, Routes};
use crate::parse::rows::{FirewallText, FirewallTextKind};

/// How many other nodes' addresses are tried as sources: rules may name some of them.
const MOST_SOURCES: usize = 3;

/// The packet filters of every node that a dump was taken of.
#[derive(Debug, Default)]
pub struct Firewalls {
    pub nodes: Vec<NodeFirewall>,
}

/// One node's filters and their answer for TCP 10250.
#[derive(Debug)]
pub struct NodeFirewall {
    /// Empty when nothing tells whose dumps they are.
    pub node: String,
    /// Where the connection came from in the question.
    pub source: IpAddr,
    /// Where it went to; absent where nothing tells the node's address.
    pub destination: Option<IpAddr>,
    pub answer: Answer,
    /// The dumps by tool; absent where none was taken.
    pub iptables: Option<Span>,
    pub nftables: Option<Span>,
    pub ufw: Option<Span>,
    /// `ufw status` said active or not, and where.
    pub ufw_active: Option<(bool, Span)>,
    /// What would let the connection through, tried before, the smallest first.
    pub changes: Vec<Change>,
    /// Ports of the old tunnels that its rules certainly close on the way out.
    pub closed: Vec<Closed>,
    /// UFW's chains stand in the dumped rules.
    has_ufw_chains: bool,
    /// The dumps themselves, for questions about other packets, with the family that IPv6 ones are of.
    texts: Vec<(FirewallText, Option<Family>)>,
}

/// A port that nothing leaves the node for.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    pub port: u16,
    pub udp: bool,
    pub shut: Shut,
    /// What would open it, tried before.
    pub change: Option<Change>,
}

/// The old tunnels' ports: TCP 9000 of tunnelfront, UDP 1194 of aks-link.
const OLD_TUNNELS: [(u16, bool); 2] = [(9000, false), (1194, true)];

/// The tool whose rule decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    Iptables,
    Ufw,
    Nftables,
}

/// What becomes of a connection to the kubelet's port.
#[derive(Clone, Debug, PartialEq)]
pub enum Gate {
    /// It passes; `whole` when every table that could stop it was seen.
    Open { at: Span, whole: bool },
    /// It does not; `certain` when no match was left open.
    Shut(Shut),
    /// The dumps do not tell.
    Unknown,
}

/// The rule, policy or status that stops it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shut {
    pub by: Filter,
    pub certain: bool,
    pub at: Span,
    /// The sender is told (`connection refused`, `no route to host`) instead of waiting.
    pub rejects: bool,
    /// `ip`, `ip6`, `inet`; empty for UFW's own word.
    pub family: String,
    pub table: String,
    pub chain: String,
    /// Counted from 1; 0 for a policy.
    pub number: u32,
    pub handle: Option<u64>,
    /// Packets that the rule itself has stopped, where the dump counts them and it is no policy.
    pub packets: Option<u64>,
    /// The jump in the base chain that leads there, when the rule stands in another chain.
    pub jump: Option<Span>,
}

impl Firewalls {
    pub fn new(
        texts: Vec<FirewallText>,
        nodes: Option<&Nodes>,
        tunnel: Option<&Tunnel>,
        routes: &[OnNode<Routes>],
        origin: &Origin,
    ) -> Option<Self> {
        let mut by_node: BTreeMap<String, (String, Vec<FirewallText>)> = BTreeMap::new();
        for text in texts {
            let known = nodes.and_then(|nodes| nodes.find(&text.node));
            let name = known.map_or(text.node.as_str(), |node| &node.meta.name);
            // Dumps of nobody in particular belong together when they lie together.
            let path = origin.path(text.at.artifact);
            let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
            let name = if name.is_empty() { name_before_tool(file) } else { name };
            let key = if name.is_empty() { format!("/{folder}") } else { name.to_owned() };
            let name = name.to_owned();
            by_node.entry(key).or_insert_with(|| (name, Vec::new())).1.push(text);
        }
        let by_node: Vec<_> = by_node.into_values().collect();
        let nodes: Vec<NodeFirewall> = by_node
            .into_par_iter()
            .map(|(name, texts)| {
                let question = Question::new(&name, nodes, tunnel, routes);
                NodeFirewall::new(name, texts, &question, origin)
            })
            .collect();
        (!nodes.is_empty()).then_some(Self { nodes })
    }

    pub fn of(&self, node: &str) -> Option<&NodeFirewall> {
        self.nodes.iter().find(|firewall| firewall.node == node)
    }

    /// Nodes whose own filters stop the connection for certain.
    pub fn shut(&self) -> BTreeSet<&str> {
        self.nodes
            .iter()
            .filter(|firewall| matches!(firewall.gate(), Gate::Shut(Shut { certain: true, .. })))
            .map(|firewall| firewall.node.as_str())
            .collect()
    }
}

impl NodeFirewall {
    fn new(node: String, texts: Vec<FirewallText>, question: &Question, origin: &Origin) -> Self {
        let (mut iptables, mut nftables, mut ufw, mut ufw_active) = (None, None, None, None);
        for text in &texts {
            match text.kind {
                FirewallTextKind::IptablesSave
                | FirewallTextKind::IptablesRules
                | FirewallTextKind::IptablesList => iptables = iptables.or(Some(text.at)),
                FirewallTextKind::NftablesText
                | FirewallTextKind::NftablesJson
                | FirewallTextKind::Firewalld => nftables = nftables.or(Some(text.at)),
                FirewallTextKind::Ipset => {}
                FirewallTextKind::Ufw => {
                    let status = parse::ufw_status(source(text)).value;
                    ufw = ufw.or(Some(text.at));
                    ufw_active = ufw_active.or(status
                        .active
                        .map(|active| (active, status.status_at.unwrap_or(text.at))));
                }
            }
        }
        let texts: Vec<_> = texts
            .into_iter()
            .map(|text| {
                let six = origin.path(text.at.artifact).contains("ip6tables");
                (text, six.then_some(Family::Ipv6))
            })
            .collect();
        let host = host(&texts, FirewallNode::of_addresses(question.own.iter().copied()));
        let has_ufw_chains = host
            .firewall()
            .tables()
            .iter()
            .flat_map(|table| &table.chains)
            .any(|chain| chain.name.starts_with("ufw-") && !chain.rules.is_empty());
        let (packet, answer) = question.ask(&host);
        let text = |at: Span| text_of(&texts, at);
        let wish = Wish { any_source: true, text: &text };
        let changes = change::for_host(&host, &packet, &answer, &wish);
        let closed = closed(&host, question, &wish);
        let source = packet.source;
        let destination = question.known.then_some(packet.destination);
        Self {
            node,
            source,
            destination,
            answer,
            iptables,
            nftables,
            ufw,
            ufw_active,
            changes,
            closed,
            has_ufw_chains,
            texts,
        }
    }

    /// All dumps of the node, ready to be asked about any packet.
    pub fn host(&self, node: FirewallNode) -> Host {
        host(&self.texts, node)
    }

    /// The line of a place in the node's dumps.
    pub fn text(&self, at: Span) -> Option<String> {
        text_of(&self.texts, at)
    }

    /// Any dump of the node.
    pub fn at(&self) -> Span {
        self.iptables.or(self.nftables).or(self.ufw).unwrap_or_default()
    }

    /// What becomes of a connection to the kubelet.
    pub fn gate(&self) -> Gate {
        if let Some(shut) = self.shut_by_ufw_alone() {
            return Gate::Shut(shut);
        }
        let deciding = self.answer.deciding.as_ref();
        let by_design = deciding.is_some_and(|deciding| deciding.meaning.is_some());
        match self.answer.what {
            What::Accept => Gate::Open {
                at: deciding.map_or(self.at(), |deciding| deciding.at),
                whole: self.answer.unseen.is_empty() && !self.answer.more_elsewhere,
            },
            What::Drop | What::Reject if !by_design => deciding.map_or(Gate::Unknown, |deciding| {
                Gate::Shut(Shut::new(&self.answer, deciding, true))
            }),
            What::Unknown if !by_design => deciding
                .filter(|deciding| {
                    let stops = |what| self.answer.outcomes.may(what);
                    (stops(What::Drop) || stops(What::Reject)) && !deciding.policy
                })
                .map_or(Gate::Unknown, |deciding| {
                    Gate::Shut(Shut::new(&self.answer, deciding, false))
                }),
            _ => Gate::Unknown,
        }
    }

    /// UFW says that it is active and denies, and no dump shows its chains: its word is all there is.
    fn shut_by_ufw_alone(&self) -> Option<Shut> {
        let verdict = self.answer.ufw.as_ref()?;
        let (active, status) = self.ufw_active?;
        let denies = matches!(verdict.what, What::Drop | What::Reject);
        if !active || !denies || self.has_ufw_chains {
            return None;
        }
        let at = self.answer.ufw_rule.map_or(status, |(_, at)| at);
        let number = self.answer.ufw_rule.and_then(|(number, _)| number).unwrap_or(0);
        Some(Shut {
            by: Filter::Ufw,
            certain: true,
            at,
            rejects: verdict.what == What::Reject,
            family: String::new(),
            table: String::new(),
            chain: String::new(),
            number,
            handle: None,
            packets: None,
            jump: None,
        })
    }
}

impl Shut {
    fn new(answer: &Answer, deciding: &Deciding, certain: bool) -> Self {
        let step = &deciding.step;
        let (number, handle) = match &step.kind {
            StepKind::Rule { number, handle, .. } => (*number, *handle),
            StepKind::Policy(_) | StepKind::Return => (0, None),
        };
        // nft shows iptables' tables as well; their names and chains are iptables' own.
        let base = deciding.chain_path.first();
        let iptables_shape =
            base.is_some_and(|(chain, _, _)| {
                matches!(&**chain, "INPUT" | "PREROUTING" | "FORWARD" | "OUTPUT" | "POSTROUTING")
            }) && matches!(&*step.table, "filter" | "raw" | "mangle" | "nat" | "security");
        let by = match &deciding.owner {
            Owner::Ufw => Filter::Ufw,
            Owner::Nft(_) | Owner::Firewalld if !iptables_shape => Filter::Nftables,
            _ => Filter::Iptables,
        };
        Self {
            by,
            certain,
            at: deciding.at,
            rejects: answer.reject.is_some() || answer.what == What::Reject,
            family: step.family.as_str().to_owned(),
            table: step.table.to_string(),
            chain: step.chain.to_string(),
            number,
            handle,
            packets: deciding
                .counters
                .filter(|_| !deciding.policy)
                .map(|counters| counters.packets),
            jump: base.filter(|(chain, _, _)| *chain != step.chain).map(|(_, _, at)| *at),
        }
    }
}

/// The old tunnels' ports that a rule about them, and no default for everything, closes on the way out.
fn closed(host: &Host, question: &Question, wish: &Wish<'_>) -> Vec<Closed> {
    // An address of the internet: rules that close a port do not name it.
    let Some(own) = question.own.iter().find(|own| own.is_ipv4()) else { return Vec::new() };
    let far = IpAddr::V4(Ipv4Addr::new(20, 91, 107, 113));
    let one = |(port, udp): (u16, bool)| {
        let packet = if udp {
            Packet::udp(Arrival::Node, *own, far, port)
        } else {
            Packet::tcp(Arrival::Node, *own, far, port)
        };
        let answer = host.ask(&packet);
        let deciding = answer.deciding.as_ref()?;
        let refused = matches!(answer.what, What::Drop | What::Reject);
        if !refused || deciding.policy || deciding.meaning.is_some() {
            return None;
        }
        let change = change::for_host(host, &packet, &answer, wish).into_iter().next();
        Some(Closed { port, udp, shut: Shut::new(&answer, deciding, true), change })
    };
    OLD_TUNNELS.into_iter().filter_map(one).collect()
}

fn text_of(texts: &[(FirewallText, Option<Family>)], at: Span) -> Option<String> {
    let holds = |text: &FirewallText| {
        text.at.artifact == at.artifact && text.at.start <= at.start && at.end <= text.at.end
    };
    let (text, _) = texts.iter().find(|(text, _)| holds(text))?;
    let start = usize::try_from(at.start.checked_sub(text.at.start)?).ok()?;
    let end = usize::try_from(at.end.checked_sub(text.at.start)?).ok()?;
    Some(std::str::from_utf8(text.text.get(start..end)?).ok()?.to_owned())
}

fn source(text: &FirewallText) -> Source<'_> {
    Source { id: text.at.artifact, bytes: &text.text, base: text.at.start }
}

fn host(texts: &[(FirewallText, Option<Family>)], node: FirewallNode) -> Host {
    let mut dumps = Dumps::default();
    for (text, six) in texts {
        let source = source(text);
        match text.kind {
            FirewallTextKind::IptablesSave | FirewallTextKind::IptablesRules => {
                dumps.ruleset(parse::iptables_save_as(source, *six).value);
            }
            FirewallTextKind::IptablesList => {
                dumps.ruleset(parse::iptables_list_as(source, *six, None).value);
            }
            FirewallTextKind::Ipset => {
                dumps.sets(parse::ipset(source).value);
            }
            FirewallTextKind::NftablesText => {
                dumps.ruleset(parse::nft_text(source).value);
            }
            FirewallTextKind::NftablesJson => {
                dumps.ruleset(parse::nft_json(source).value);
            }
            FirewallTextKind::Firewalld => {
                dumps.ruleset(parse::firewalld(source).value);
            }
            FirewallTextKind::Ufw => {
                dumps.ufw(parse::ufw_status(source).value);
            }
        }
    }
    dumps.host(node)
}

/// The connection that is asked about: from other nodes, agents' first, to this one's kubelet.
struct Question {
    own: Vec<IpAddr>,
    /// The bundle tells the node's addresses.
    known: bool,
    destination: IpAddr,
    sources: Vec<IpAddr>,
    arrival: Arrival,
}

impl Question {
    fn new(
        name: &str,
        nodes: Option<&Nodes>,
        tunnel: Option<&Tunnel>,
        routes: &[OnNode<Routes>],
    ) -> Self {
        let routes = || routes.iter().filter(|row| row.node == name).map(|row| &row.value);
        let uplink = routes()
            .flat_map(|routes| &routes.routes)
            .find(|(destination, _, _)| destination == "default" || destination == "0.0.0.0/0")
            .map_or("eth0", |(_, _, device)| device.as_str());
        let mut own: Vec<IpAddr> = nodes
            .and_then(|nodes| nodes.get(name))
            .into_iter()
            .flat_map(|node| &node.addresses)
            .filter_map(|address| address.parse().ok())
            .collect();
        if own.is_empty() {
            own = routes()
                .flat_map(|routes| &routes.addresses)
                .filter(|(device, _)| device == uplink)
                .filter_map(|(_, address)| address.split('/').next()?.parse().ok())
                .collect();
        }
        // An address nobody has but this node: rules about ports need none, rules about addresses stay open.
        let known = !own.is_empty();
        if !known {
            own.push(IpAddr::V4(Ipv4Addr::new(10, 224, 0, 4)));
        }
        own.sort_by_key(IpAddr::is_ipv6);
        let destination = own.first().copied().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let agents = tunnel.map(Tunnel::nodes).unwrap_or_default();
        let mut others: Vec<_> =
            nodes.into_iter().flat_map(Nodes::iter).filter(|node| node.meta.name != name).collect();
        others.sort_by_key(|node| !agents.contains(node.meta.name.as_str()));
        let mut sources: Vec<IpAddr> = others
            .iter()
            .flat_map(|node| &node.addresses)
            .filter_map(|address| address.parse().ok())
            .filter(|address: &IpAddr| address.is_ipv4() == destination.is_ipv4())
            .take(MOST_SOURCES)
            .collect();
        if sources.is_empty() {
            sources.push(neighbour(destination));
        }
        Self { own, known, destination, sources, arrival: Arrival::Interface(uplink.to_owned()) }
    }

    /// The packet of the source that gets the worst answer, with the answer.
    fn ask(&self, host: &Host) -> (Packet, Answer) {
        let badness = |answer: &Answer| match answer.what {
            What::Drop | What::Reject => 2,
            What::Unknown => 1,
            What::Accept => 0,
        };
        let one = |source: IpAddr| {
            let packet = Packet::tcp(self.arrival.clone(), source, self.destination, KUBELET_PORT);
            let answer = host.ask(&packet);
            (packet, answer)
        };
        let first = self.sources.first().copied().unwrap_or(self.destination);
        self.sources.iter().skip(1).copied().map(one).fold(one(first), |worst, next| {
            if badness(&next.1) > badness(&worst.1) { next } else { worst }
        })
    }
}

/// What stands before the tool's name in a file name: `worker-3-iptables-save.txt` is of `worker-3`.
fn name_before_tool(file: &str) -> &str {
    ["ip6tables", "iptables", "nft", "ufw", "ipset"]
        .iter()
        .filter_map(|tool| file.find(tool))
        .min()
        .and_then(|at| file.get(..at))
        .unwrap_or_default()
        .trim_end_matches(['-', '_', '.'])
}

/// An address beside the node's own.
pub(super) fn neighbour(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(four) => IpAddr::V4(Ipv4Addr::from(u32::from(four) ^ 1)),
        IpAddr::V6(six) => IpAddr::V6(std::net::Ipv6Addr::from(u128::from(six) ^ 1)),
    }
}
