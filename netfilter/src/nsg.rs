//! Azure network security groups: rules by priority, tags and application groups, subnet and
//! interface level.
//!
//! Tags stand for prefixes that Azure changes every week and that no dump holds; an address that only
//! such a list could decide is unknown.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use konspect_bundle::Span;

use crate::packet::has_ports;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    Inbound,
    Outbound,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    Allow,
    Deny,
}

/// One group, or the effective rules of one interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Nsg {
    pub name: Box<str>,
    pub resource_group: Option<Box<str>>,
    /// Resource ids of what it is attached to.
    pub subnets: Vec<Box<str>>,
    pub interfaces: Vec<Box<str>>,
    /// By direction and priority.
    pub rules: Vec<NsgRule>,
    pub at: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NsgRule {
    pub name: Box<str>,
    pub priority: u32,
    pub direction: Direction,
    pub access: Access,
    pub protocol: RuleProtocol,
    pub sources: Vec<Prefix>,
    pub destinations: Vec<Prefix>,
    pub source_ports: Vec<(u16, u16)>,
    pub destination_ports: Vec<(u16, u16)>,
    /// One of Azure's own rules, shown or implied.
    pub default: bool,
    /// Of the rule's JSON object; of the group's for an implied default rule.
    pub at: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleProtocol {
    Any,
    Number(u8),
    Unknown(Box<str>),
}

/// One side's condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prefix {
    Any,
    Network(IpNet),
    Tag(Box<str>),
    /// The name of an application security group.
    Group(Box<str>),
    Unknown(Box<str>),
}

/// What the group's JSON does not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// Address spaces of the virtual network, its peers, on-premises networks and user-defined routes;
    /// single addresses of nodes will do where the spaces were not collected.
    pub virtual_network: Vec<IpNet>,
    /// No other prefix belongs to the tag `VirtualNetwork`.
    pub virtual_network_complete: bool,
    pub service_tags: BTreeMap<String, Vec<IpNet>>,
    pub application_groups: BTreeMap<String, Vec<IpAddr>>,
}

impl Context {
    /// Whether an address certainly belongs to the tag `VirtualNetwork`.
    pub(crate) fn in_virtual_network(&self, address: IpAddr) -> bool {
        in_virtual_network(address, self) == Truth::Yes
    }
}

/// The first packet of a flow, as a group sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    pub direction: Direction,
    pub protocol: u8,
    pub source: IpAddr,
    pub destination: IpAddr,
    pub source_port: Option<u16>,
    pub destination_port: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NsgVerdict {
    Allow,
    Deny,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Subnet,
    Interface,
}

/// What one group says.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    pub verdict: NsgVerdict,
    /// Index of the rule that decides for sure; absent where an uncertain one stands before it and
    /// says otherwise.
    pub rule: Option<usize>,
    /// Rules that may decide instead, with what is not known.
    pub uncertain: Vec<(usize, Box<str>)>,
}

/// What both levels say together.
#[derive(Clone, Debug, PartialEq)]
pub struct NsgAnswer {
    pub verdict: NsgVerdict,
    /// Levels that were asked, in Azure's order; the second only if the first may allow.
    pub levels: Vec<(Level, Judged)>,
}

impl NsgAnswer {
    /// The level and rule that decided.
    pub fn decided_by(&self) -> Option<(Level, usize)> {
        self.levels.last().and_then(|(level, judged)| Some((*level, judged.rule?)))
    }
}

/// Whether a condition holds; the text says what would have to be known.
#[derive(Clone, Debug, PartialEq)]
enum Truth {
    Yes,
    No,
    Unknown(Box<str>),
}

/// Asks the groups of a subnet and of an interface, as Azure orders them.
pub fn verdict(
    subnet: Option<&Nsg>,
    interface: Option<&Nsg>,
    flow: &Flow,
    context: &Context,
) -> NsgAnswer {
    let order = match flow.direction {
        Direction::Inbound => [(Level::Subnet, subnet), (Level::Interface, interface)],
        Direction::Outbound => [(Level::Interface, interface), (Level::Subnet, subnet)],
    };
    let mut levels = Vec::new();
    let mut verdict = NsgVerdict::Allow;
    for (level, group) in order {
        let Some(group) = group else { continue };
        let judged = group.judge(flow, context);
        let said = judged.verdict;
        levels.push((level, judged));
        match said {
            NsgVerdict::Allow => {}
            NsgVerdict::Unknown => verdict = NsgVerdict::Unknown,
            NsgVerdict::Deny => {
                verdict = NsgVerdict::Deny;
                break;
            }
        }
    }
    NsgAnswer { verdict, levels }
}

impl Nsg {
    /// The first rule that matches, in the order of priority.
    pub fn judge(&self, flow: &Flow, context: &Context) -> Judged {
        let mut uncertain: Vec<(usize, Box<str>)> = Vec::new();
        for (place, rule) in self.rules.iter().enumerate() {
            if rule.direction != flow.direction {
                continue;
            }
            match rule.holds(flow, context) {
                Truth::No => {}
                Truth::Unknown(reason) => uncertain.push((place, reason)),
                Truth::Yes => {
                    let same = uncertain.iter().all(|(other, _)| {
                        self.rules.get(*other).is_some_and(|other| other.access == rule.access)
                    });
                    let verdict = match (same, rule.access) {
                        (false, _) => NsgVerdict::Unknown,
                        (true, Access::Allow) => NsgVerdict::Allow,
                        (true, Access::Deny) => NsgVerdict::Deny,
                    };
                    return Judged { verdict, rule: same.then_some(place), uncertain };
                }
            }
        }
        // Effective rules may lack the last default; nothing else ends here.
        Judged { verdict: NsgVerdict::Unknown, rule: None, uncertain }
    }
}

impl NsgRule {
    fn holds(&self, flow: &Flow, context: &Context) -> Truth {
        match &self.protocol {
            RuleProtocol::Any => {}
            RuleProtocol::Number(number) if *number == flow.protocol => {}
            // Azure's Icmp is both families'.
            RuleProtocol::Number(1) if flow.protocol == 58 => {}
            RuleProtocol::Number(_) => return Truth::No,
            RuleProtocol::Unknown(word) => return Truth::Unknown(word.clone()),
        }
        let ported = has_ports(flow.protocol);
        let mut open: Option<Box<str>> = None;
        for (ranges, port) in [
            (&self.source_ports, flow.source_port),
            (&self.destination_ports, flow.destination_port),
        ] {
            let all = ranges.contains(&(0, u16::MAX));
            match port {
                _ if all => {}
                Some(port)
                    if ported
                        && ranges.iter().any(|(first, last)| (*first..=*last).contains(&port)) => {}
                None if ported => open = Some("port".into()),
                _ => return Truth::No,
            }
        }
        for (prefixes, address) in
            [(&self.sources, flow.source), (&self.destinations, flow.destination)]
        {
            match side(prefixes, address, context) {
                Truth::Yes => {}
                Truth::No => return Truth::No,
                Truth::Unknown(reason) => open = Some(reason),
            }
        }
        open.map_or(Truth::Yes, Truth::Unknown)
    }
}

fn side(prefixes: &[Prefix], address: IpAddr, context: &Context) -> Truth {
    let mut result = Truth::No;
    for prefix in prefixes {
        let truth = match prefix {
            Prefix::Any => Truth::Yes,
            Prefix::Network(network) => truth(network.contains(&address)),
            Prefix::Tag(tag) => tagged(tag, address, context),
            Prefix::Group(name) => {
                match context
                    .application_groups
                    .iter()
                    .find(|(known, _)| known.eq_ignore_ascii_case(name))
                {
                    Some((_, members)) => truth(members.contains(&address)),
                    None => Truth::Unknown(name.clone()),
                }
            }
            Prefix::Unknown(text) => Truth::Unknown(text.clone()),
        };
        match truth {
            Truth::Yes => return Truth::Yes,
            Truth::Unknown(reason) => result = Truth::Unknown(reason),
            Truth::No => {}
        }
    }
    result
}

fn truth(value: bool) -> Truth {
    if value { Truth::Yes } else { Truth::No }
}

/// The wire server, which answers for load balancer probes, DNS and DHCP on every virtual network.
const WIRE_SERVER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(168, 63, 129, 16));
const METADATA: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(169, 254, 169, 254));

fn in_virtual_network(address: IpAddr, context: &Context) -> Truth {
    if address == WIRE_SERVER
        || context.virtual_network.iter().any(|network| network.contains(&address))
    {
        return Truth::Yes;
    }
    if context.virtual_network_complete || !private(address) {
        return Truth::No;
    }
    Truth::Unknown("VirtualNetwork".into())
}

fn tagged(tag: &str, address: IpAddr, context: &Context) -> Truth {
    let is = |name: &str| tag.eq_ignore_ascii_case(name);
    if is("VirtualNetwork") {
        return in_virtual_network(address, context);
    }
    if is("Internet") {
        return match in_virtual_network(address, context) {
            Truth::Yes => Truth::No,
            _ => truth(!private(address)),
        };
    }
    if let Some((_, prefixes)) = context.service_tags.iter().find(|(known, _)| is(known)) {
        return truth(prefixes.iter().any(|network| network.contains(&address)));
    }
    if is("AzureLoadBalancer") || is("AzurePlatformDNS") {
        return truth(address == WIRE_SERVER);
    }
    if is("AzurePlatformIMDS") {
        return truth(address == METADATA);
    }
    // Service tags hold public prefixes only, so that a private address is in none of them.
    if private(address) { Truth::No } else { Truth::Unknown(tag.into()) }
}

/// Address space that is no part of the Internet.
fn private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let [first, second, ..] = four.octets();
            four.is_private()
                || four.is_loopback()
                || four.is_link_local()
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(six) => {
            six.is_unique_local() || six.is_unicast_link_local() || six.is_loopback()
        }
    }
}

/// The rules that every group ends with, where a dump leaves them out.
pub(crate) fn implied_defaults(at: Span) -> Vec<NsgRule> {
    let rule =
        |name: &str, priority, direction, access, source: Prefix, destination: Prefix| NsgRule {
            name: name.into(),
            priority,
            direction,
            access,
            protocol: RuleProtocol::Any,
            sources: vec![source],
            destinations: vec![destination],
            source_ports: vec![(0, u16::MAX)],
            destination_ports: vec![(0, u16::MAX)],
            default: true,
            at,
        };
    let tag = |name: &str| Prefix::Tag(name.into());
    let network = || tag("VirtualNetwork");
    let (inbound, outbound) = (Direction::Inbound, Direction::Outbound);
    vec![
        rule("AllowVnetInBound", 65000, inbound, Access::Allow, network(), network()),
        rule(
            "AllowAzureLoadBalancerInBound",
            65001,
            inbound,
            Access::Allow,
            tag("AzureLoadBalancer"),
            Prefix::Any,
        ),
        rule("DenyAllInBound", 65500, inbound, Access::Deny, Prefix::Any, Prefix::Any),
        rule("AllowVnetOutBound", 65000, outbound, Access::Allow, network(), network()),
        rule("AllowInternetOutBound", 65001, outbound, Access::Allow, Prefix::Any, tag("Internet")),
        rule("DenyAllOutBound", 65500, outbound, Access::Deny, Prefix::Any, Prefix::Any),
    ]
}
