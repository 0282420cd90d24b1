//! The options of one iptables rule: matches in all spellings that the tools print or once printed.
//!
//! It refuses to know targets (`iptables_targets`) and what a match means for a packet.

use std::net::IpAddr;
use std::sync::Arc;

use konspect_bundle::Span;

use super::builder::TableBuilder;
use super::iptables_targets::target;
use super::values::{
    address, address_types, compare, compare_of, interface, mac, number_range, port_list,
    port_range, rate, states, statuses, value_mask,
};
use super::words::Word;
use crate::model::{
    BpfInstruction, Conntrack, Direction, Effect, Key, LimitInterface, Recent, RecentAction, Rule,
    Stateful, Statement, U32Operation, U32Test, Unknown, Verdict,
};
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

    fn second(&self) -> &'w str {
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

fn ipv6_headers(options: &[Opt<'_, '_>]) -> Statement {
    use crate::model::ipv6_header as header;
    let soft = options.iter().any(|option| option.name == "--soft");
    let Some(option) = options.iter().find(|option| option.name == "--header") else {
        return Statement::Unknown(Unknown::NotUnderstood("ipv6header".into()));
    };
    let mut mask = 0;
    for name in option.value().split(',') {
        mask |= match name {
            "hop" | "hop-by-hop" | "0" => header::HOP_BY_HOP,
            "dst" | "ipv6-opts" | "60" => header::DESTINATION,
            "route" | "ipv6-route" | "43" => header::ROUTING,
            "frag" | "ipv6-frag" | "44" => header::FRAGMENT,
            "auth" | "ah" | "51" => header::AH,
            "esp" | "50" => header::ESP,
            "none" | "ipv6-nonxt" | "59" => header::NONE,
            "prot" | "proto" | "protocol" | "255" => header::PROTOCOL,
            other => return Statement::Unknown(Unknown::Name(other.into())),
        };
    }
    Statement::Ipv6Headers { mask, soft, invert: option.invert }
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
        "quota" => {
            for option in options {
                if let Some(bytes) = names::number(option.value()) {
                    let over = option.invert;
                    out.push(Statement::Stateful(Box::new(Stateful::Quota { bytes, over })));
                }
            }
            return;
        }
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

fn shown(module: &str, option: Opt<'_, '_>) -> Box<str> {
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

fn chunk_types(option: Opt<'_, '_>) -> Option<Statement> {
    let mut types = Vec::new();
    for name in option.second().split(',') {
        let name = name.split(':').next().unwrap_or_default();
        types.push(match name {
            "DATA" => 0,
            "INIT" => 1,
            "INIT_ACK" => 2,
            "SACK" => 3,
            "HEARTBEAT" => 4,
            "HEARTBEAT_ACK" => 5,
            "ABORT" => 6,
            "SHUTDOWN" => 7,
            "SHUTDOWN_ACK" => 8,
            "ERROR" => 9,
            "COOKIE_ECHO" => 10,
            "COOKIE_ACK" => 11,
            _ => return None,
        });
    }
    let how = option.value();
    Some(Statement::ChunkTypes {
        all: how == "all",
        any: how == "any",
        only: how == "only",
        types,
        invert: option.invert,
    })
}

/// The conntrack module; `--state` of the old module is its only option.
fn conntrack(options: &[Opt<'_, '_>], family: Family, out: &mut Vec<Statement>) {
    if let [option] = options
        && matches!(option.name, "--ctstate" | "--state")
        && let Some(bits) = states(option.value())
    {
        return out.push(Statement::CtState { bits, invert: option.invert });
    }
    let mut all = Conntrack::default();
    for option in options {
        let (invert, value) = (option.invert, option.value());
        let address = |key: Key| {
            super::values::network(value)
                .map(|net| compare_of(key, invert, vec![super::values::network_range(net)]))
        };
        let ports =
            |key: Key| port_range(value, ':').map(|range| compare_of(key, invert, vec![range]));
        let compared = match option.name {
            "--ctstate" | "--state" => {
                all.state = states(value).map(|bits| (bits, invert));
                continue;
            }
            "--ctstatus" => {
                all.status = statuses(value).map(|bits| (bits, invert));
                continue;
            }
            "--ctdir" => {
                all.reply = Some((value.eq_ignore_ascii_case("REPLY"), invert));
                continue;
            }
            "--ctproto" => names::protocol(value).map(|number| {
                compare_of(Key::ConnectionProtocol, invert, vec![(number.into(), number.into())])
            }),
            "--ctorigsrc" => address(Key::OriginalSource(Some(family))),
            "--ctorigdst" => address(Key::OriginalDestination(Some(family))),
            "--ctreplsrc" => address(Key::ReplySource(Some(family))),
            "--ctrepldst" => address(Key::ReplyDestination(Some(family))),
            "--ctorigsrcport" => ports(Key::OriginalSourcePort),
            "--ctorigdstport" => ports(Key::OriginalDestinationPort),
            "--ctreplsrcport" => ports(Key::ReplySourcePort),
            "--ctrepldstport" => ports(Key::ReplyDestinationPort),
            _ => None,
        };
        match compared {
            Some(compared) => all.compares.push(compared),
            None => all.unknown = Some(shown("conntrack", *option)),
        }
    }
    out.push(Statement::Conntrack(Box::new(all)));
}

fn find<'w, 'a>(options: &[Opt<'w, 'a>], name: &str) -> Option<Opt<'w, 'a>> {
    options.iter().copied().find(|option| option.name == name)
}

fn number(options: &[Opt<'_, '_>], name: &str) -> Option<u64> {
    find(options, name).and_then(|option| names::number(option.value()))
}

fn recent(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let mut recent = Recent {
        name: "DEFAULT".into(),
        action: RecentAction::Check,
        invert: false,
        destination: find(options, "--rdest").is_some(),
        mask: find(options, "--mask").and_then(|option| option.value().parse::<IpAddr>().ok()),
        hitcount: number(options, "--hitcount").unwrap_or(0),
        seconds: number(options, "--seconds").unwrap_or(0),
        ttl: find(options, "--rttl").is_some(),
    };
    for option in options {
        let action = match option.name {
            "--set" => RecentAction::Set,
            "--rcheck" => RecentAction::Check,
            "--update" => RecentAction::Update,
            "--remove" => RecentAction::Remove,
            "--name" => {
                recent.name = option.value().into();
                continue;
            }
            _ => continue,
        };
        recent.action = action;
        recent.invert = option.invert;
    }
    out.push(Statement::Stateful(Box::new(Stateful::Recent(recent))));
}

fn limit(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    // Without options the module's defaults are 3 an hour, 5 at once.
    let every_nanoseconds = find(options, "--limit")
        .and_then(|option| rate(option.value()))
        .unwrap_or(1_200_000_000_000);
    let burst = number(options, "--limit-burst").unwrap_or(5);
    out.push(Statement::Stateful(Box::new(Stateful::Limit {
        every_nanoseconds,
        burst,
        over: false,
    })));
}

fn hash_limit(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let above = find(options, "--hashlimit-above");
    let rated = above
        .or_else(|| find(options, "--hashlimit-upto"))
        .or_else(|| find(options, "--hashlimit"));
    let every = rated.and_then(|option| rate(option.value()));
    let by: Vec<Box<str>> = find(options, "--hashlimit-mode")
        .map(|option| option.value().split(',').map(Into::into).collect())
        .unwrap_or_default();
    match every {
        Some(every_nanoseconds) => {
            let above = above.is_some() != rated.is_some_and(|option| option.invert);
            let mask = |name: &str| {
                number(options, name).and_then(|mask| u8::try_from(mask).ok()).unwrap_or(128)
            };
            out.push(Statement::Stateful(Box::new(Stateful::HashLimit {
                name: find(options, "--hashlimit-name").map_or("", |option| option.value()).into(),
                every_nanoseconds,
                burst: number(options, "--hashlimit-burst").unwrap_or(5),
                above,
                by,
                masks: (mask("--hashlimit-srcmask"), mask("--hashlimit-dstmask")),
            })));
        }
        None => out.push(Statement::Unknown(Unknown::State("hashlimit"))),
    }
}

fn connlimit(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let above = find(options, "--connlimit-above");
    let upto = find(options, "--connlimit-upto");
    let Some(option) = above.or(upto) else {
        return out.push(Statement::Unknown(Unknown::State("connlimit")));
    };
    let Some(count) = names::number(option.value()) else {
        return out.push(Statement::Unknown(Unknown::State("connlimit")));
    };
    let mask =
        number(options, "--connlimit-mask").and_then(|mask| u8::try_from(mask).ok()).unwrap_or(128);
    out.push(Statement::Stateful(Box::new(Stateful::Connlimit {
        above: above.is_some() != option.invert,
        count,
        mask,
        destination: find(options, "--connlimit-daddr").is_some(),
    })));
}

fn connbytes(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let range = find(options, "--connbytes").and_then(|option| {
        let range = number_range(option.value(), u64::MAX)?;
        // A single number is a lower bound.
        Some((
            if option.value().contains(':') { range } else { (range.0, u64::MAX) },
            option.invert,
        ))
    });
    let packets =
        find(options, "--connbytes-mode").is_some_and(|option| option.value() == "packets");
    match range {
        Some((range, invert)) => {
            out.push(Statement::Stateful(Box::new(Stateful::Connbytes { range, packets, invert })));
        }
        None => out.push(Statement::Unknown(Unknown::State("connbytes"))),
    }
}

fn statistic(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    if let Some(every) = find(options, "--every") {
        let packet = number(options, "--packet").unwrap_or(0);
        if let Some(count) = names::number(every.value()).filter(|count| *count > 0) {
            let invert = every.invert;
            return out.push(Statement::Stateful(Box::new(Stateful::Nth {
                every: count,
                packet,
                invert,
            })));
        }
    }
    match find(options, "--probability")
        .and_then(|option| Some((option.value().parse::<f64>().ok()?, option.invert)))
    {
        Some((probability, invert)) => {
            out.push(Statement::Random {
                probability: if invert { 1.0 - probability } else { probability },
            });
        }
        None => out.push(Statement::Unknown(Unknown::Random)),
    }
}

fn string(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let plain = find(options, "--string");
    let hex = find(options, "--hex-string");
    let pattern = match (plain, hex) {
        (Some(option), _) => Some((option.value().as_bytes().to_vec(), option.invert)),
        (None, Some(option)) => hex_string(option.value()).map(|bytes| (bytes, option.invert)),
        (None, None) => None,
    };
    let Some((pattern, invert)) = pattern else {
        return out.push(Statement::Unknown(Unknown::NotUnderstood("-m string".into())));
    };
    let place = |name: &str, default: usize| {
        number(options, name).and_then(|place| usize::try_from(place).ok()).unwrap_or(default)
    };
    out.push(Statement::Contains {
        pattern,
        ignore_case: find(options, "--icase").is_some(),
        from: place("--from", 0),
        to: place("--to", 65535),
        invert,
    });
}

/// `GET |2f 0d|x`: hex between bars.
pub(super) fn hex_string(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for (place, part) in text.split('|').enumerate() {
        if place % 2 == 0 {
            out.extend_from_slice(part.as_bytes());
            continue;
        }
        let digits: Vec<u8> = part.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        for pair in digits.chunks(2) {
            out.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
        }
    }
    Some(out)
}

/// Whether the options leave no time out.
fn whole_week(options: &[Opt<'_, '_>]) -> bool {
    options.iter().all(|option| match option.name {
        "--timestart" => matches!(option.value(), "00:00" | "00:00:00") && !option.invert,
        "--timestop" => option.value() == "23:59:59" && !option.invert,
        "--weekdays" => option.value().split(',').count() == 7 && !option.invert,
        "--utc" | "--kerneltz" | "--contiguous" => true,
        _ => false,
    })
}

fn policy(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    match find(options, "--pol") {
        Some(option) => {
            let none = option.value() == "none";
            out.push(Statement::Xfrm { invert: none == option.invert });
        }
        None => out.push(Statement::Unknown(Unknown::NotUnderstood("-m policy".into()))),
    }
}

fn address_type(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let limit = if find(options, "--limit-iface-in").is_some() {
        LimitInterface::In
    } else if find(options, "--limit-iface-out").is_some() {
        LimitInterface::Out
    } else {
        LimitInterface::None
    };
    for option in options {
        let source = match option.name {
            "--src-type" => true,
            "--dst-type" => false,
            _ => continue,
        };
        out.push(match address_types(option.value()) {
            Some(bits) => Statement::AddressType { source, bits, invert: option.invert, limit },
            None => Statement::Unknown(Unknown::NotUnderstood(shown("addrtype", *option))),
        });
    }
}

/// `0x0>>0x16&0x3c@0x4=0x10:0x40,0x50&&…`.
pub(super) fn u32_tests(text: &str) -> Option<Vec<U32Test>> {
    let mut tests = Vec::new();
    for part in text.split("&&").take(64) {
        let (place, values) = part.split_once('=')?;
        let mut operations = Vec::new();
        let mut rest = place.trim();
        let (first, left) = u32_number(rest)?;
        rest = left;
        while !rest.is_empty() {
            let (operation, left) = if let Some(left) = rest.strip_prefix(">>") {
                (U32Operation::Right, left)
            } else if let Some(left) = rest.strip_prefix("<<") {
                (U32Operation::Left, left)
            } else if let Some(left) = rest.strip_prefix('&') {
                (U32Operation::And, left)
            } else {
                (U32Operation::At, rest.strip_prefix('@')?)
            };
            let (number, left) = u32_number(left)?;
            operations.push((operation, number));
            rest = left;
        }
        let mut ranges = Vec::new();
        for range in values.split(',') {
            let (first, last) = range.split_once(':').unwrap_or((range, range));
            let number =
                |word: &str| names::number(word.trim()).and_then(|value| u32::try_from(value).ok());
            ranges.push((number(first)?, number(last)?));
        }
        tests.push(U32Test { first, operations, ranges });
    }
    Some(tests)
}

fn u32_number(text: &str) -> Option<(u32, &str)> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let number = names::number(text.get(..end)?)?;
    Some((u32::try_from(number).ok()?, text.get(end..)?.trim_start()))
}

/// `4,48 0 0 9,21 0 1 6,…`: the length and the instructions.
pub(super) fn bpf(text: &str) -> Option<Vec<BpfInstruction>> {
    let mut parts = text.split(',');
    let count: usize = parts.next()?.trim().parse().ok()?;
    let mut out = Vec::new();
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        let mut words = part.split_whitespace();
        out.push(BpfInstruction {
            code: words.next()?.parse().ok()?,
            jump_true: words.next()?.parse().ok()?,
            jump_false: words.next()?.parse().ok()?,
            k: words.next()?.parse().ok()?,
        });
    }
    (out.len() == count && count <= 4096).then_some(out)
}

/// A match that changes nothing for a packet of ours; kept so that a rule's words are accounted for.
pub(super) fn note(text: &str) -> Statement {
    Statement::Effect(Effect::Other(text.into()))
}
