//! The options of one iptables rule: matches in all spellings that the tools print or once printed.
//!
//! It refuses to know targets (`iptables_targets`) and what a match means for a packet.

use std::sync::Arc;

use konspect_bundle::Span;

use super::builder::TableBuilder;
use super::iptables_bytes::{bpf, u32_tests};
use super::iptables_modules::{
    address_type, chunk_types, connbytes, connlimit, conntrack, hash_limit, ipv6_headers, limit,
    policy, quota, recent, statistic, string, whole_week,
};
use super::iptables_targets::target;
use super::values::{
    address, compare, interface, mac, number_range, port_list, port_range, value_mask,
};
use super::words::Word;
use crate::model::{Direction, Effect, Key, Rule, Statement, Unknown, Verdict};
use crate::names;
use crate::packet::Family;

/// One option with its words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opt<'w, 'a> {
    pub name: &'w str,
    pub invert: bool,
    pub values: &'w [Word<'a>],
}

impl<'w> Opt<'w, '_> {
    pub(super) fn value(&self) -> &'w str {
        self.values.first().map_or("", |word| &word.text)
    }

    pub(super) fn second(&self) -> &'w str {
        self.values.get(1).map_or("", |word| &word.text)
    }
}

/// Parses the words behind the chain's name.
pub(super) fn rule(words: &[Word<'_>], family: Family, table: &mut TableBuilder, at: Span) -> Rule {
    let mut rule = Rule {
        statements: table.lend(),
        target: None,
        goto: false,
        at,
        counters: None,
        handle: None,
        comment: None,
    };
    let mut options: Vec<Opt<'_, '_>> = Vec::new();
    let mut module = "";
    let mut jump: Option<(&str, bool)> = None;
    let mut place = 0;
    while let Some(word) = words.get(place) {
        let mut invert = false;
        let mut name = word;
        if !word.quoted && word.text == "!" {
            invert = true;
            place += 1;
            let Some(next) = words.get(place) else { break };
            name = next;
        }
        place += 1;
        let text: &str = &name.text;
        let mut count = 0;
        let single = takes_any_word(text, module);
        if words.get(place).is_some_and(|word| !word.quoted && word.text == "!")
            && words.get(place + 1).is_some_and(|word| word.quoted || !word.text.starts_with('-'))
            && !single
        {
            invert = !invert;
            place += 1;
        }
        while let Some(word) = words.get(place + count) {
            let option = !word.quoted && word.text.len() > 1 && word.text.starts_with('-');
            let bang = !word.quoted && word.text == "!";
            if single && count == 1
                || (option && !(single && count == 0))
                || bang && !(single && count == 0)
            {
                break;
            }
            count += 1;
        }
        let values = words.get(place..place + count).unwrap_or_default();
        place += count;
        let option = Opt { name: text, invert, values };
        match text {
            "-s" | "--source" | "--src" => {
                rule.statements.push(address(option.value(), false, invert, family));
            }
            "-d" | "--destination" | "--dst" => {
                rule.statements.push(address(option.value(), true, invert, family));
            }
            "-i" | "--in-interface" => interface_match(&mut rule.statements, option, false),
            "-o" | "--out-interface" => interface_match(&mut rule.statements, option, true),
            "-p" | "--protocol" | "--proto" => protocol(&mut rule.statements, option),
            "-f" | "--fragment" => rule.statements.push(Statement::Fragment { invert }),
            "-4" | "--ipv4" | "-6" | "--ipv6" => {}
            "-m" | "--match" => {
                module_of(module, &options, family, &mut rule);
                options.clear();
                module = option.value();
            }
            "-j" | "--jump" | "-g" | "--goto" => {
                module_of(module, &options, family, &mut rule);
                options.clear();
                module = "";
                jump = Some((option.value(), matches!(text, "-g" | "--goto")));
            }
            "--comment" => rule.comment = Some(option.value().into()),
            _ => options.push(option),
        }
    }
    match jump {
        Some((name, goto)) => {
            rule.goto = goto;
            let place = module.is_empty();
            if !place {
                module_of(module, &options, family, &mut rule);
                options.clear();
            }
            target(name, goto, &options, family, table, &mut rule.statements, at);
            // A chain's name is there already.
            rule.target = Some(match rule.statements.last() {
                Some(Statement::Verdict(Verdict::Jump(id) | Verdict::Goto(id))) => {
                    table.get(*id).map_or_else(|| name.into(), |chain| Arc::clone(&chain.name))
                }
                _ => name.into(),
            });
        }
        None => module_of(module, &options, family, &mut rule),
    }
    table.give_back(&mut rule.statements);
    rule
}

/// Options whose one word may begin with a dash or be a lone `!`.
fn takes_any_word(option: &str, module: &str) -> bool {
    matches!(
        option,
        "--comment"
            | "--log-prefix"
            | "--nflog-prefix"
            | "--string"
            | "--hex-string"
            | "--u32"
            | "--bytecode"
    ) || (option == "--name" && module == "recent")
}

fn interface_match(out: &mut Vec<Statement>, option: Opt<'_, '_>, outgoing: bool) {
    let pattern = interface(option.value());
    out.push(Statement::Interface { outgoing, pattern, invert: option.invert });
}

fn protocol(out: &mut Vec<Statement>, option: Opt<'_, '_>) {
    match names::protocol(option.value()) {
        Some(0) if !option.invert => {}
        Some(number) => {
            out.push(compare(Key::Protocol, option.invert, vec![(number.into(), number.into())]));
        }
        None => out.push(Statement::Unknown(Unknown::Name(option.value().into()))),
    }
}

/// Makes the statements of one `-m` module.
fn module_of(module: &str, options: &[Opt<'_, '_>], family: Family, rule: &mut Rule) {
    let out = &mut rule.statements;
    match module {
        "conntrack" | "state" => return conntrack(options, family, out),
        "recent" => return recent(options, out),
        "limit" => return limit(options, out),
        "hashlimit" => return hash_limit(options, out),
        "connlimit" => return connlimit(options, out),
        "connbytes" => return connbytes(options, out),
        "statistic" | "random" | "nth" => return statistic(options, out),
        "string" => return string(options, out),
        "time" => return out.push(Statement::Time { always: whole_week(options) }),
        "policy" => return policy(options, out),
        "physdev" => {
            return out
                .push(Statement::Physdev { invert: options.iter().all(|option| option.invert) });
        }
        "addrtype" => return address_type(options, out),
        "rpfilter" => {
            let has = |name: &str| options.iter().any(|option| option.name == name);
            return out.push(Statement::ReversePath {
                loose: has("--loose"),
                invert: has("--invert"),
                accept_local: has("--accept-local"),
            });
        }
        "socket" => return out.push(Statement::Socket),
        // Counts and always matches; kube-proxy sets it since 1.32.
        "nfacct" => return out.push(note("nfacct")),
        "helper" => {
            let invert = options.iter().any(|option| option.invert);
            return out.push(Statement::Helper { invert });
        }
        "ipv6header" => return out.push(ipv6_headers(options)),
        "rt" | "hbh" | "dst" | "frag" | "mh" => {
            return out.push(Statement::ExtensionHeader {
                invert: options.iter().any(|option| option.name == "!"),
            });
        }
        "eui64" => return out.push(Statement::Unknown(Unknown::Packet("eui64"))),
        "quota" => return quota(options, out),
        "icmp" | "icmp6" | "icmpv6" if options.is_empty() => return,
        _ => {}
    }
    let before = out.len();
    for option in options {
        plain(module, *option, family, out);
    }
    let unknown_module = before == out.len()
        && !matches!(
            module,
            "" | "tcp" | "udp" | "comment" | "sctp" | "dccp" | "udplite" | "multiport" | "mac"
        );
    if unknown_module {
        out.push(Statement::Unknown(Unknown::NotUnderstood(format!("-m {module}").into())));
    }
}

/// Options that each are a match of their own.
fn plain(module: &str, option: Opt<'_, '_>, family: Family, out: &mut Vec<Statement>) {
    let (invert, value) = (option.invert, option.value());
    let transport = |word: &str| match word {
        "tcp" => Some(6),
        "udp" => Some(17),
        "sctp" => Some(132),
        _ => None,
    };
    let statement = match option.name {
        "--dport" | "--destination-port" => port_range(value, ':')
            .map(|range| compare(Key::DestinationPort(transport(module)), invert, vec![range])),
        "--sport" | "--source-port" => port_range(value, ':')
            .map(|range| compare(Key::SourcePort(transport(module)), invert, vec![range])),
        "--dports" | "--destination-ports" => {
            port_list(value).map(|ranges| compare(Key::DestinationPort(None), invert, ranges))
        }
        "--sports" | "--source-ports" => {
            port_list(value).map(|ranges| compare(Key::SourcePort(None), invert, ranges))
        }
        "--ports" | "--port" => {
            port_list(value).map(|ranges| Statement::EitherPort { ranges, invert })
        }
        "--tcp-flags" => names::tcp_flags(value)
            .zip(names::tcp_flags(option.second()))
            .map(|(mask, value)| Statement::TcpFlags { mask, value, invert }),
        "--syn" => Some(Statement::TcpFlags { mask: 0x17, value: 2, invert }),
        "--tcp-option" => value.parse().ok().map(|number| Statement::TcpOption { number, invert }),
        "--icmp-type" => icmp(value, false, invert),
        "--icmpv6-type" | "--icmp6-type" => icmp(value, true, invert),
        "--mark" => value_mask(value).map(|(value, mask)| Statement::Mark {
            connection: module == "connmark",
            value,
            mask,
            invert,
        }),
        "--src-range" => super::values::address_range(value)
            .map(|range| compare(Key::Source(family), invert, vec![range])),
        "--dst-range" => super::values::address_range(value)
            .map(|range| compare(Key::Destination(family), invert, vec![range])),
        "--match-set" | "--set" => return set(option, out),
        "--return-nomatch" => {
            if let Some(Statement::IpSet { return_nomatch, .. }) = out.last_mut() {
                *return_nomatch = true;
            }
            return;
        }
        "--update-counters" | "--update-subcounters" => return,
        "--mac-source" => mac(value).map(|address| Statement::Mac { address, invert }),
        "--uid-owner" | "--gid-owner" => owner(option),
        "--socket-exists" => Some(Statement::SocketExists { invert }),
        "--ttl-eq" | "--ttl" => ttl(value, family, invert, |number| (number, number)),
        "--ttl-lt" => ttl(value, family, invert, |number| (0, number.wrapping_sub(1))),
        "--ttl-gt" => ttl(value, family, invert, |number| (number.saturating_add(1), 255)),
        "--hl-eq" => ttl(value, family, invert, |number| (number, number)),
        "--hl-lt" => ttl(value, family, invert, |number| (0, number.wrapping_sub(1))),
        "--hl-gt" => ttl(value, family, invert, |number| (number.saturating_add(1), 255)),
        "--length" => number_range(value, 0xffff)
            .map(|(first, last)| compare(Key::Length, invert, vec![(first.into(), last.into())])),
        "--dscp" | "--dscp-class" => names::dscp(value)
            .map(|number| compare(Key::Dscp(family), invert, vec![(number.into(), number.into())])),
        "--tos" => tos(value, invert),
        "--pkt-type" => packet_type(value)
            .map(|number| compare(Key::PacketType, invert, vec![(number, number)])),
        "--u32" => u32_tests(value).map(|tests| Statement::U32 { tests, invert }),
        "--bytecode" => bpf(value).map(Statement::Bpf),
        "--mss" => number_range(value, 0xffff).and_then(|(first, last)| {
            Some(Statement::Mss {
                range: (u16::try_from(first).ok()?, u16::try_from(last).ok()?),
                invert,
            })
        }),
        "--ecn-tcp-ece" => Some(Statement::TcpFlags { mask: 64, value: 64, invert }),
        "--ecn-tcp-cwr" => Some(Statement::TcpFlags { mask: 128, value: 128, invert }),
        "--ecn-ip-ect" => value.parse().ok().map(|value| Statement::Ecn { mask: 3, value, invert }),
        "--espspi" | "--ahspi" => {
            number_range(value, u64::from(u32::MAX)).and_then(|(first, last)| {
                Some(Statement::Spi {
                    range: (u32::try_from(first).ok()?, u32::try_from(last).ok()?),
                    invert,
                })
            })
        }
        "--realm" => {
            value_mask(value).map(|(value, mask)| Statement::Realm { value, mask, invert })
        }
        "--chunk-types" => chunk_types(option),
        "--helper" => Some(Statement::Helper { invert }),
        _ => None,
    };
    out.push(
        statement
            .unwrap_or_else(|| Statement::Unknown(Unknown::NotUnderstood(shown(module, option)))),
    );
}

pub(super) fn shown(module: &str, option: Opt<'_, '_>) -> Box<str> {
    let mut text = format!("-m {module} {}{}", if option.invert { "! " } else { "" }, option.name);
    for word in option.values.iter().take(4) {
        text.push(' ');
        text.push_str(&word.text);
    }
    text.into()
}

pub(super) fn icmp(value: &str, six: bool, invert: bool) -> Option<Statement> {
    if value == "any" || value == "255" {
        // `any` matches all types, negated none.
        return Some(Statement::Icmp { six, number: 255, codes: (0, 255), invert });
    }
    let (number, code) = match value.split_once('/') {
        Some((number, code)) => (number.parse().ok()?, Some(code.parse().ok()?)),
        None => match value.parse() {
            Ok(number) => (number, None),
            Err(_) => names::icmp(value, six)?,
        },
    };
    let codes = code.map_or((0, 255), |code| (code, code));
    Some(Statement::Icmp { six, number, codes, invert })
}

pub(super) fn ttl(
    value: &str,
    family: Family,
    invert: bool,
    range: impl Fn(u8) -> (u8, u8),
) -> Option<Statement> {
    let (first, last) = range(value.parse().ok()?);
    if first > last {
        return Some(compare(Key::Ttl(family), invert, Vec::new()));
    }
    Some(compare(Key::Ttl(family), invert, vec![(first.into(), last.into())]))
}

fn tos(value: &str, invert: bool) -> Option<Statement> {
    let (value, mask) = match value.split_once('/') {
        Some((value, mask)) => (names::tos(value)?, names::tos(mask)?),
        None => (names::tos(value)?, if value.starts_with("0x") { 0xff } else { 0x3f }),
    };
    Some(Statement::Bits {
        key: Key::Tos,
        mask: mask.into(),
        value: value.into(),
        invert,
        any: false,
    })
}

pub(super) fn packet_type(word: &str) -> Option<u128> {
    Some(match word {
        "unicast" | "host" => 0,
        "broadcast" => 1,
        "multicast" => 2,
        "otherhost" | "other" => 3,
        _ => return None,
    })
}

fn owner(option: Opt<'_, '_>) -> Option<Statement> {
    let value = option.value();
    let ids = match number_range(value, u64::from(u32::MAX)) {
        Some((first, last)) => (u32::try_from(first).ok()?, u32::try_from(last).ok()?),
        None if value == "root" => (0, 0),
        None => return Some(Statement::Unknown(Unknown::Name(value.into()))),
    };
    Some(Statement::Owner { group: option.name == "--gid-owner", ids, invert: option.invert })
}

/// `src,dst,src`.
pub(super) fn directions(word: &str) -> Option<Vec<Direction>> {
    word.split(',')
        .map(|side| match side {
            "src" => Some(Direction::Source),
            "dst" => Some(Direction::Destination),
            _ => None,
        })
        .collect()
}

fn set(option: Opt<'_, '_>, out: &mut Vec<Statement>) {
    match directions(option.second()) {
        Some(directions) => out.push(Statement::IpSet {
            name: option.value().into(),
            directions,
            invert: option.invert,
            return_nomatch: false,
        }),
        None => out.push(Statement::Unknown(Unknown::NotUnderstood(shown("set", option)))),
    }
}

/// A match that changes nothing for a packet of ours; kept so that a rule's words are accounted for.
pub(super) fn note(text: &str) -> Statement {
    Statement::Effect(Effect::Other(text.into()))
}
