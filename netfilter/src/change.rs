//! What would have to change: the smallest removal or insertion of a rule that turns a verdict, tried
//! by the evaluator before it is proposed, as the command for the node and the command that undoes it.
//!
//! This file refuses to judge whether the change is wise; it says what would do.

use konspect_bundle::Span;

use crate::answer::{Answer, Deciding, Host, Owner};
use crate::evaluate::{Firewall, StepKind, What};
use crate::model::{Rule, Statement, Table, TableFamily, Tool, Verdict};
use crate::nsg::{
    Access, Context, Direction, Flow, Nsg, NsgRule, NsgVerdict, Prefix, RuleProtocol, verdict,
};
use crate::packet::{Family, Packet, protocol};

/// A change that lets a packet through, with its undo.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub kind: ChangeKind,
    pub command: String,
    pub undo: String,
    /// The line that the change is about.
    pub at: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The deciding rule goes.
    Remove,
    /// A rule that accepts is put before the deciding one.
    Insert,
    /// UFW's own tool allows it, or firewalld's.
    Ufw,
}

/// How a change of a node's rules is wanted.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    /// Whoever sends is let through, not only this packet's source.
    pub any_source: bool,
    /// The text of a place in the dumps: with it a removed rule is put back word by word.
    pub text: &'a dyn Fn(Span) -> Option<String>,
}

/// Changes of the node's own rules that let the packet through, the smallest first. Empty when the
/// packet already gets through, when nothing certain can be said, or when the blame lies elsewhere.
pub fn for_host(host: &Host, packet: &Packet, answer: &Answer, wish: &Wish<'_>) -> Vec<Change> {
    let Some(deciding) = &answer.deciding else { return Vec::new() };
    if !matches!(answer.what, What::Drop | What::Reject) {
        return Vec::new();
    }
    let mut out = Vec::new();
    let step = &deciding.step;
    if ![&step.table, &step.chain].into_iter().all(|name| is_plain(name)) {
        return out;
    }
    if deciding.owner == Owner::Ufw {
        out.extend(ufw(host, packet, answer, deciding, wish));
        return out;
    }
    if deciding.owner == Owner::Firewalld {
        out.extend(firewalld(host, packet, deciding, wish));
        return out;
    }
    if !deciding.policy
        && let Some(tables) = edited(host.firewall(), deciding, None)
        && accepts(host, tables, packet)
    {
        out.extend(removal(deciding, wish));
    }
    let accept = accept_rule(packet, deciding.at, family_of(deciding), wish);
    if let Some(tables) = edited(host.firewall(), deciding, Some(accept))
        && accepts(host, tables, packet)
    {
        out.extend(insertion(packet, deciding, wish));
    }
    out
}

/// The rule that lets a flow through a network security group, if one can: with the nearest free
/// priority before the deciding rule. A `wide` one is for the whole virtual network.
pub fn for_nsg(
    groups: (Option<&Nsg>, Option<&Nsg>),
    flow: &Flow,
    context: &Context,
    resource_group: &str,
    wide: bool,
) -> Option<Change> {
    let (subnet, interface) = groups;
    let answer = verdict(subnet, interface, flow, context);
    if answer.verdict != NsgVerdict::Deny {
        return None;
    }
    let (level, place) = answer.decided_by()?;
    let group = if level == crate::nsg::Level::Subnet { subnet } else { interface }?;
    let deciding = group.rules.get(place)?;
    let taken = |priority: u32| {
        group.rules.iter().any(|rule| rule.direction == flow.direction && rule.priority == priority)
    };
    let highest = deciding.priority.min(4097);
    let priority = (100..highest).rev().find(|priority| !taken(*priority))?;
    let port = flow.destination_port?;
    let name = format!("AllowKonspect{port}");
    let side = |address| {
        let inside = wide && context.in_virtual_network(address);
        let tag = || Prefix::Tag("VirtualNetwork".into());
        if inside { tag() } else { Prefix::Network(ipnet::IpNet::from(address)) }
    };
    let (source, destination) = (side(flow.source), side(flow.destination));
    let said = |prefix: &Prefix, address: std::net::IpAddr| match prefix {
        Prefix::Tag(tag) => tag.to_string(),
        _ => address.to_string(),
    };
    let (from, to) = (said(&source, flow.source), said(&destination, flow.destination));
    let accept = NsgRule {
        name: name.as_str().into(),
        priority,
        direction: flow.direction,
        access: Access::Allow,
        protocol: RuleProtocol::Number(flow.protocol),
        sources: vec![source],
        destinations: vec![destination],
        source_ports: vec![(0, u16::MAX)],
        destination_ports: vec![(port, port)],
        default: false,
        at: deciding.at,
    };
    let mut changed = group.clone();
    changed.rules.push(accept);
    changed.rules.sort_by_key(|rule| (rule.direction, rule.priority));
    let swapped = |known: Option<&Nsg>| known.is_some_and(|known| std::ptr::eq(known, group));
    let pick = |known| if swapped(known) { Some(&changed) } else { known };
    if verdict(pick(subnet), pick(interface), flow, context).verdict != NsgVerdict::Allow {
        return None;
    }
    let resource_group = group.resource_group.as_deref().unwrap_or(resource_group);
    if ![resource_group, &group.name].into_iter().all(is_plain) {
        return None;
    }
    let direction = if flow.direction == Direction::Inbound { "Inbound" } else { "Outbound" };
    let protocol = match flow.protocol {
        protocol::TCP => "Tcp",
        protocol::UDP => "Udp",
        _ => "'*'",
    };
    let on = format!("-g {resource_group} --nsg-name {} -n {name}", group.name);
    Some(Change {
        kind: ChangeKind::Insert,
        command: format!(
            "az network nsg rule create {on} --priority {priority} --direction {direction} --access Allow --protocol \
             {protocol} --source-address-prefixes {from} --source-port-ranges '*' --destination-address-prefixes {to} \
             --destination-port-ranges {port}"
        ),
        undo: format!("az network nsg rule delete {on}"),
        at: deciding.at,
    })
}

fn family_of(deciding: &Deciding) -> TableFamily {
    deciding.step.family
}

fn accepts(host: &Host, tables: Vec<Table>, packet: &Packet) -> bool {
    let rulesets = vec![crate::model::Ruleset { tables, more_elsewhere: false }];
    let firewall =
        Firewall::new(rulesets, host.firewall().sets().clone(), host.firewall().node().clone());
    firewall.verdict(packet).what() == What::Accept
}

/// The tables without the deciding rule, or with another one before it (at the end, for a policy).
fn edited(firewall: &Firewall, deciding: &Deciding, insert: Option<Rule>) -> Option<Vec<Table>> {
    let mut tables = firewall.tables().to_vec();
    let step = &deciding.step;
    let table = tables.iter_mut().find(|table| {
        table.name == step.table && table.family == step.family && table.tool == step.tool
    })?;
    let chain = table.chains.iter_mut().find(|chain| chain.name == step.chain)?;
    let place = match &step.kind {
        StepKind::Rule { number, .. } => (*number as usize).checked_sub(1)?,
        StepKind::Policy(_) | StepKind::Return => chain.rules.len(),
    };
    match insert {
        Some(rule) => chain.rules.insert(place.min(chain.rules.len()), rule),
        None if place < chain.rules.len() => {
            chain.rules.remove(place);
        }
        None => return None,
    }
    Some(tables)
}

/// A name that a shell takes as it stands.
fn is_plain(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:@+".contains(&byte);
    !name.is_empty() && !name.starts_with('-') && name.bytes().all(allowed)
}

/// Accepts just this flow: protocol, source unless all are wished, destination port.
fn accept_rule(packet: &Packet, at: Span, family: TableFamily, wish: &Wish<'_>) -> Rule {
    let own = Family::of(packet.source);
    let source = crate::parse::address_number(packet.source);
    let number = u128::from(packet.protocol);
    let range = |key, value| {
        Statement::Compare(crate::model::Compare {
            key,
            invert: false,
            ranges: crate::model::Ranges::One(value, value),
        })
    };
    let mut statements = vec![range(crate::model::Key::Protocol, number)];
    if !wish.any_source {
        statements.insert(0, range(crate::model::Key::Source(own), source));
    }
    if let Some(port) = packet.destination_port {
        statements.push(range(crate::model::Key::DestinationPort(None), port.into()));
    }
    statements.push(Statement::Verdict(Verdict::Accept));
    let target =
        if matches!(family, TableFamily::Ip | TableFamily::Ip6) { "ACCEPT" } else { "accept" };
    Rule {
        statements,
        target: Some(target.into()),
        goto: false,
        at,
        counters: None,
        handle: None,
        comment: None,
    }
}

fn tool(deciding: &Deciding) -> &'static str {
    if deciding.step.family == TableFamily::Ip6 { "ip6tables" } else { "iptables" }
}

fn number(deciding: &Deciding) -> Option<u32> {
    match &deciding.step.kind {
        StepKind::Rule { number, .. } => Some(*number),
        _ => None,
    }
}

/// Where the rules before a change are kept: `/run` is root's alone, and gone at the next boot like
/// the rules themselves.
const BEFORE: &str = "/run/konspect";

/// `-D CHAIN NUMBER`, undone by `-I CHAIN NUMBER` and the rule's own words where they are known.
fn removal(deciding: &Deciding, wish: &Wish<'_>) -> Option<Change> {
    let step = &deciding.step;
    let at = deciding.at;
    if step.tool == Tool::Nft {
        let StepKind::Rule { handle: Some(handle), .. } = &step.kind else { return None };
        let on = format!("{} {} {}", step.family.as_str(), step.table, step.chain);
        let file = format!("{BEFORE}-nft-before.conf");
        return Some(Change {
            kind: ChangeKind::Remove,
            command: format!("nft list ruleset > {file} && nft delete rule {on} handle {handle}"),
            undo: format!("nft flush ruleset && nft -f {file}"),
            at,
        });
    }
    let number = number(deciding)?;
    let (tool, table, chain) = (tool(deciding), &step.table, &step.chain);
    let delete = format!("{tool} -t {table} -D {chain} {number}");
    if let Some(words) = (wish.text)(at).and_then(|line| rule_words(&line, chain)) {
        return Some(Change {
            kind: ChangeKind::Remove,
            command: delete,
            undo: format!("{tool} -t {table} -I {chain} {number} {words}"),
            at,
        });
    }
    let file = format!("{BEFORE}-{tool}-before.rules");
    Some(Change {
        kind: ChangeKind::Remove,
        command: format!("{tool}-save > {file} && {delete}"),
        undo: format!("{tool}-restore < {file}"),
        at,
    })
}

/// What stands behind `-A CHAIN` in a saved rule, quoted for a shell.
fn rule_words(line: &str, chain: &str) -> Option<String> {
    let line = line.trim();
    let line = match line.strip_prefix('[') {
        Some(counted) => counted.split_once("] ")?.1,
        None => line,
    };
    let rest = line.strip_prefix("-A ")?.strip_prefix(chain)?.strip_prefix(' ')?;
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut quoted, mut begun) = (String::new(), false, false);
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                quoted = !quoted;
                begun = true;
            }
            '\\' if quoted => word.push(characters.next()?),
            ' ' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            '\'' => return None,
            other if other.is_control() || !other.is_ascii() => return None,
            other => {
                word.push(other);
                begun = true;
            }
        }
    }
    if quoted {
        return None;
    }
    if begun {
        words.push(word);
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@=,+%".contains(&byte);
    let shell = |word: String| {
        let safe = !word.is_empty() && word.bytes().all(plain);
        if safe { word } else { format!("'{word}'") }
    };
    Some(words.into_iter().map(shell).collect::<Vec<_>>().join(" "))
}

/// `-I CHAIN NUMBER …`, undone by `-D CHAIN …` with the same words.
fn insertion(packet: &Packet, deciding: &Deciding, wish: &Wish<'_>) -> Option<Change> {
    let step = &deciding.step;
    let word = match packet.protocol {
        protocol::TCP => "tcp",
        protocol::UDP => "udp",
        _ => return None,
    };
    let port = packet.destination_port?;
    if step.tool == Tool::Nft {
        let family = if packet.source.is_ipv6() { "ip6" } else { "ip" };
        let from = if wish.any_source {
            String::new()
        } else {
            format!("{family} saddr {} ", packet.source)
        };
        let on = format!("{} {} {}", step.family.as_str(), step.table, step.chain);
        let place = match &step.kind {
            StepKind::Rule { handle: Some(handle), .. } => {
                format!("insert rule {on} position {handle}")
            }
            StepKind::Rule { .. } => return None,
            _ => format!("add rule {on}"),
        };
        let file = format!("{BEFORE}-nft-before.conf");
        return Some(Change {
            kind: ChangeKind::Insert,
            command: format!(
                "nft list ruleset > {file} && nft {place} {from}{word} dport {port} accept"
            ),
            undo: format!("nft flush ruleset && nft -f {file}"),
            at: deciding.at,
        });
    }
    let (tool, table, chain) = (tool(deciding), &step.table, &step.chain);
    let from = if wish.any_source { String::new() } else { format!("-s {} ", packet.source) };
    let matching = format!("{from}-p {word} -m {word} --dport {port} -j ACCEPT");
    let command = match number(deciding) {
        Some(number) => format!("{tool} -t {table} -I {chain} {number} {matching}"),
        None => format!("{tool} -t {table} -A {chain} {matching}"),
    };
    Some(Change {
        kind: ChangeKind::Insert,
        command,
        undo: format!("{tool} -t {table} -D {chain} {matching}"),
        at: deciding.at,
    })
}

/// `firewall-cmd --add-port` in the zone whose chain decides: firewalld writes its rules itself.
fn firewalld(host: &Host, packet: &Packet, deciding: &Deciding, wish: &Wish<'_>) -> Option<Change> {
    let word = match packet.protocol {
        protocol::TCP => "tcp",
        protocol::UDP => "udp",
        _ => return None,
    };
    let port = packet.destination_port?;
    let accept = accept_rule(packet, deciding.at, family_of(deciding), wish);
    let mut tables = edited(host.firewall(), deciding, Some(accept.clone()))?;
    let chain = deciding.step.chain.as_ref();
    let zone = chain.strip_prefix("zone_").or_else(|| chain.strip_prefix("filter_IN_"));
    if zone.is_some() {
        let all = tables.iter_mut().flat_map(|table| &mut table.chains);
        all.filter(|known| *known.name == *chain).for_each(|known| {
            known.rules.insert(0, accept.clone());
        });
    }
    let zone = zone.map(|zone| {
        ["_allow", "_deny", "_pre", "_post", "_log"]
            .iter()
            .find_map(|end| zone.strip_suffix(end))
            .unwrap_or(zone)
    });
    let zone = zone.map(|zone| format!("--zone={zone} ")).unwrap_or_default();
    accepts(host, tables, packet).then(|| Change {
        kind: ChangeKind::Ufw,
        command: format!("firewall-cmd {zone}--add-port={port}/{word}"),
        undo: format!("firewall-cmd {zone}--remove-port={port}/{word}"),
        at: deciding.at,
    })
}

/// `ufw allow …` before the rule of this number, or at the end against a default.
fn ufw(
    host: &Host,
    packet: &Packet,
    answer: &Answer,
    deciding: &Deciding,
    wish: &Wish<'_>,
) -> Option<Change> {
    let word = match packet.protocol {
        protocol::TCP => "tcp",
        protocol::UDP => "udp",
        _ => return None,
    };
    let port = packet.destination_port?;
    // Checked with the status where there is one: the new rule stands first, so it decides.
    let at = answer.ufw_rule.map_or(deciding.at, |(_, at)| at);
    let out = packet.origin == crate::packet::Origin::Node;
    let body = match (wish.any_source, out) {
        (true, false) => format!("allow {port}/{word}"),
        (true, true) => format!("allow out {port}/{word}"),
        (false, false) => format!("allow proto {word} from {} to any port {port}", packet.source),
        (false, true) => {
            format!("allow out proto {word} from any to {} port {port}", packet.destination)
        }
    };
    let first = host.ufw().is_some_and(|ufw| !ufw.rules.is_empty());
    let command = if first { format!("ufw insert 1 {body}") } else { format!("ufw {body}") };
    let accept = accept_rule(packet, deciding.at, family_of(deciding), wish);
    // UFW's rules live in ufw-user-input or -output, which every packet passes that reaches the
    // deciding step.
    let prefix = if packet.source.is_ipv6() { "ufw6" } else { "ufw" };
    let user = format!("{prefix}-user-{}", if out { "output" } else { "input" });
    let mut tables = host.firewall().tables().to_vec();
    let chain =
        tables.iter_mut().flat_map(|table| &mut table.chains).find(|chain| *chain.name == *user)?;
    chain.rules.insert(0, accept);
    accepts(host, tables, packet).then(|| Change {
        kind: ChangeKind::Ufw,
        command,
        undo: format!("ufw delete {body}"),
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Dumps;
    use crate::node::Node;
    use crate::packet::Origin;
    use crate::parse;
    use konspect_bundle::{ArtifactId, Source};

    const ONE: Wish<'_> = Wish { any_source: false, text: &|_| None };

    #[test]
    fn a_rule_that_goes_comes_back_word_by_word() {
        let text = "*filter\n:INPUT ACCEPT [0:0]\n[3:180] -A INPUT -p tcp -m comment --comment \"cis \\\"x\\\" $(id)\" -m tcp --dport 10250 -j DROP\nCOMMIT\n";
        let (host, packet, answer) = asked(text);
        let cut = |at: Span| Some(text[at.start as usize..at.end as usize].to_owned());
        let wish = Wish { any_source: true, text: &cut };
        let changes = for_host(&host, &packet, &answer, &wish);
        assert_eq!(changes[0].command, "iptables -t filter -D INPUT 1");
        assert_eq!(
            changes[0].undo,
            "iptables -t filter -I INPUT 1 -p tcp -m comment --comment 'cis \"x\" $(id)' -m tcp --dport 10250 -j DROP"
        );
        assert_eq!(
            changes[1].command,
            "iptables -t filter -I INPUT 1 -p tcp -m tcp --dport 10250 -j ACCEPT"
        );
        assert_eq!(rule_words("-A INPUT -m comment --comment \"it's\" -j DROP", "INPUT"), None);
    }

    fn asked(dump: &str) -> (Host, Packet, Answer) {
        let mut dumps = Dumps::default();
        let source = Source::new(ArtifactId(0), dump.as_bytes());
        let parsed = if dump.starts_with("table") {
            parse::nft_text(source)
        } else {
            parse::iptables_save(source)
        };
        dumps.ruleset(parsed.value);
        let host = dumps.host(Node::of_addresses(["10.1.0.4".parse().unwrap()]));
        let packet = Packet::tcp(
            Origin::SomeInterface,
            "10.1.0.5".parse().unwrap(),
            "10.1.0.4".parse().unwrap(),
            10250,
        );
        let answer = host.ask(&packet);
        (host, packet, answer)
    }

    #[test]
    fn a_second_drop_makes_the_removal_useless() {
        let (host, packet, answer) = asked(
            "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 10250 -j DROP\n\
             -A INPUT -p tcp -m multiport --dports 10250,10255 -j DROP\nCOMMIT\n",
        );
        let changes = for_host(&host, &packet, &answer, &ONE);
        assert_eq!(changes.len(), 1);
        assert_eq!(
            changes[0].command,
            "iptables -t filter -I INPUT 1 -s 10.1.0.5 -p tcp -m tcp --dport 10250 -j ACCEPT"
        );
        assert_eq!(
            changes[0].undo,
            "iptables -t filter -D INPUT -s 10.1.0.5 -p tcp -m tcp --dport 10250 -j ACCEPT"
        );
    }

    #[test]
    fn firewalld_opens_its_ports_itself() {
        let text = "public (default, active)\n  target: default\n  interfaces: eth0\n  ports: \n";
        let mut dumps = Dumps::default();
        dumps.ruleset(parse::firewalld(Source::new(ArtifactId(0), text.as_bytes())).value);
        let host = dumps.host(Node::of_addresses(["10.1.0.4".parse().unwrap()]));
        let (other, own) = ("10.1.0.5".parse().unwrap(), "10.1.0.4".parse().unwrap());
        let packet = Packet::tcp(Origin::Interface("eth0".to_owned()), other, own, 10250);
        let changes = for_host(&host, &packet, &host.ask(&packet), &ONE);
        assert_eq!(changes[0].command, "firewall-cmd --zone=public --add-port=10250/tcp");
    }

    #[test]
    fn a_single_drop_can_go() {
        let (host, packet, answer) = asked(
            "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 10250 -j DROP\nCOMMIT\n",
        );
        let changes = for_host(&host, &packet, &answer, &ONE);
        assert_eq!(changes[0].kind, ChangeKind::Remove);
        assert!(changes[0].command.ends_with("iptables -t filter -D INPUT 1"));
    }

    #[test]
    fn nft_rules_go_by_handle() {
        let (host, packet, answer) = asked(
            "table inet guard {\n\tchain input { # handle 1\n\t\ttype filter hook input priority filter; policy accept;\n\
             \t\ttcp dport 10250 counter packets 12 bytes 720 drop # handle 4\n\t}\n}\n",
        );
        assert_eq!(answer.what, What::Drop);
        assert_eq!(answer.deciding.as_ref().unwrap().owner, Owner::Nft("guard".into()));
        let changes = for_host(&host, &packet, &answer, &ONE);
        assert!(
            changes[0].command.ends_with("nft delete rule inet guard input handle 4"),
            "{}",
            changes[0].command
        );
    }

    #[test]
    fn nothing_is_proposed_for_what_gets_through() {
        let (host, packet, answer) = asked("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n");
        assert_eq!(answer.what, What::Accept);
        assert_eq!(for_host(&host, &packet, &answer, &ONE), []);
    }
}
