//! The expressions and value types of nft, shared by its text and its JSON.

use super::values::{address_range, address_types, interface, mac, statuses};
use crate::model::{Field, Key, Kind as ChainKind, Policy, Reject, state};
use crate::names;
use crate::packet::Family;

/// The type of an expression, which says how its values are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Address,
    Port,
    Protocol,
    EtherType,
    IcmpType,
    Icmp6Type,
    IcmpCode,
    TcpFlags,
    Mark,
    CtState,
    CtStatus,
    CtDirection,
    Name,
    Number,
    AddressType,
    Mac,
    PacketType,
    Dscp,
    NfProto,
    Verdict,
}

impl Kind {
    /// Values of these are bits, so that a bare value asks for any of them.
    pub(super) fn is_bits(self) -> bool {
        matches!(self, Self::TcpFlags | Self::CtState | Self::CtStatus)
    }

    /// The type names of `type …` in set declarations.
    pub(super) fn of_type(name: &str) -> Self {
        match name {
            "ipv4_addr" | "ipv6_addr" => Self::Address,
            "inet_service" => Self::Port,
            "inet_proto" => Self::Protocol,
            "mark" => Self::Mark,
            "ifname" | "iface_index" => Self::Name,
            "ether_addr" => Self::Mac,
            "icmp_type" => Self::IcmpType,
            "icmpv6_type" => Self::Icmp6Type,
            "icmp_code" | "icmpv6_code" | "icmpx_code" => Self::IcmpCode,
            "ether_type" => Self::EtherType,
            "ct_state" => Self::CtState,
            "ct_status" => Self::CtStatus,
            "ct_dir" => Self::CtDirection,
            "tcp_flag" => Self::TcpFlags,
            "fib_addrtype" => Self::AddressType,
            "pkt_type" => Self::PacketType,
            "dscp" => Self::Dscp,
            "nf_proto" => Self::NfProto,
            "verdict" => Self::Verdict,
            _ => Self::Number,
        }
    }
}

/// The expression of these words, and how many of them it takes.
pub(super) fn expression(words: &[&str]) -> Option<(Key, Kind, usize)> {
    let four = Family::Ipv4;
    let six = Family::Ipv6;
    let (first, rest) = words.split_first()?;
    let second = rest.first().copied().unwrap_or("");
    let two = |key: Key, kind: Kind| Some((key, kind, 2));
    match (*first, second) {
        ("ip", "saddr") => two(Key::Source(four), Kind::Address),
        ("ip", "daddr") => two(Key::Destination(four), Kind::Address),
        ("ip6", "saddr") => two(Key::Source(six), Kind::Address),
        ("ip6", "daddr") => two(Key::Destination(six), Kind::Address),
        ("ip", "protocol") => two(Key::ProtocolOf(four), Kind::Protocol),
        ("ip6", "nexthdr") => two(Key::ProtocolOf(six), Kind::Protocol),
        ("ip", "ttl") => two(Key::Ttl(four), Kind::Number),
        ("ip6", "hoplimit") => two(Key::Ttl(six), Kind::Number),
        ("ip", "dscp") => two(Key::Dscp(four), Kind::Dscp),
        ("ip6", "dscp") => two(Key::Dscp(six), Kind::Dscp),
        ("ip", "ecn") => two(Key::Ecn(four), Kind::Number),
        ("ip6", "ecn") => two(Key::Ecn(six), Kind::Number),
        ("ip", "length") => two(Key::Length, Kind::Number),
        ("ip", "version") => two(Key::Constant(4), Kind::Number),
        ("ip6", "version") => two(Key::Constant(6), Kind::Number),
        ("ip", "frag-off") => two(Key::Constant(0x4000), Kind::Number),
        ("tcp", "dport") => two(Key::DestinationPort(Some(6)), Kind::Port),
        ("tcp", "sport") => two(Key::SourcePort(Some(6)), Kind::Port),
        ("udp", "dport") => two(Key::DestinationPort(Some(17)), Kind::Port),
        ("udp", "sport") => two(Key::SourcePort(Some(17)), Kind::Port),
        ("sctp", "dport") => two(Key::DestinationPort(Some(132)), Kind::Port),
        ("sctp", "sport") => two(Key::SourcePort(Some(132)), Kind::Port),
        ("dccp", "dport") => two(Key::DestinationPort(Some(33)), Kind::Port),
        ("dccp", "sport") => two(Key::SourcePort(Some(33)), Kind::Port),
        ("udplite", "dport") => two(Key::DestinationPort(Some(136)), Kind::Port),
        ("udplite", "sport") => two(Key::SourcePort(Some(136)), Kind::Port),
        ("th", "dport") => two(Key::DestinationPort(None), Kind::Port),
        ("th", "sport") => two(Key::SourcePort(None), Kind::Port),
        ("tcp", "flags") => two(Key::TcpFlags, Kind::TcpFlags),
        ("tcp", "option") if rest.get(1..3) == Some(&["maxseg", "size"]) => {
            Some((Key::Mss, Kind::Number, 4))
        }
        ("icmp", "type") => two(Key::IcmpType(four), Kind::IcmpType),
        ("icmp", "code") => two(Key::IcmpCode(four), Kind::IcmpCode),
        ("icmpv6", "type") => two(Key::IcmpType(six), Kind::Icmp6Type),
        ("icmpv6", "code") => two(Key::IcmpCode(six), Kind::IcmpCode),
        ("esp" | "ah", "spi") => two(Key::Constant(0), Kind::Number),
        ("ether", "saddr") => two(Key::SourceMac, Kind::Mac),
        ("ether", "daddr") => two(Key::DestinationMac, Kind::Mac),
        ("ether", "type") => two(Key::EtherType, Kind::EtherType),
        ("meta", _) => meta(second).map(|(key, kind)| (key, kind, 2)),
        ("ct", _) => ct(rest).map(|(key, kind, count)| (key, kind, count + 1)),
        ("fib", _) => fib(rest).map(|(key, kind, count)| (key, kind, count + 1)),
        ("numgen", "random" | "inc") | ("symhash" | "jhash", _) => generator(words),
        ("rt", "classid") => two(Key::Constant(0), Kind::Number),
        ("rt", "ipsec") => two(Key::Constant(0), Kind::Number),
        ("socket", what) => Some((Key::Other(format!("socket {what}").into()), Kind::Number, 2)),
        ("rtclassid", _) => Some((Key::Other("rtclassid".into()), Kind::Number, 1)),
        _ => meta(first).map(|(key, kind)| (key, kind, 1)),
    }
}

fn meta(word: &str) -> Option<(Key, Kind)> {
    Some(match word {
        "mark" => (Key::Mark, Kind::Mark),
        "iifname" | "iif" => (Key::InterfaceIn, Kind::Name),
        "oifname" | "oif" => (Key::InterfaceOut, Kind::Name),
        "l4proto" => (Key::Protocol, Kind::Protocol),
        "nfproto" => (Key::NetworkProtocol, Kind::NfProto),
        "protocol" => (Key::EtherType, Kind::EtherType),
        "length" => (Key::Length, Kind::Number),
        "pkttype" => (Key::PacketType, Kind::PacketType),
        "skuid" => (Key::Uid, Kind::Number),
        "skgid" => (Key::Gid, Kind::Number),
        "secpath" | "ipsec" => (Key::Constant(0), Kind::Number),
        "iiftype" | "oiftype" | "iifgroup" | "oifgroup" | "cpu" | "cgroup" | "priority"
        | "rtclassid" | "ibrname" | "ibriport" | "obrname" | "day" | "hour" | "time"
        | "iifkind" | "oifkind" | "sdif" | "sdifname" | "random" | "broute" => {
            (Key::Other(format!("meta {word}").into()), Kind::Number)
        }
        _ => return None,
    })
}

fn ct(words: &[&str]) -> Option<(Key, Kind, usize)> {
    let (first, rest) = words.split_first()?;
    let one = |key: Key, kind: Kind| Some((key, kind, 1));
    match *first {
        "state" => one(Key::ConnectionState, Kind::CtState),
        "mark" => one(Key::ConnectionMark, Kind::Mark),
        "status" => one(Key::ConnectionStatus, Kind::CtStatus),
        "direction" => one(Key::ConnectionDirection, Kind::CtDirection),
        "protocol" | "l3proto" => one(Key::ConnectionProtocol, Kind::Protocol),
        "helper" | "zone" | "expiration" | "label" | "bytes" | "packets" | "avgpkt" | "id"
        | "secmark" => one(Key::Other(format!("ct {first}").into()), Kind::Number),
        "original" | "reply" => {
            let original = *first == "original";
            let (family, rest, extra) = match rest {
                ["ip", rest @ ..] => (Some(Family::Ipv4), rest, 1),
                ["ip6", rest @ ..] => (Some(Family::Ipv6), rest, 1),
                _ => (None, rest, 0),
            };
            let (key, kind) = match (*rest.first()?, original) {
                ("saddr", true) => (Key::OriginalSource(family), Kind::Address),
                ("daddr", true) => (Key::OriginalDestination(family), Kind::Address),
                ("saddr", false) => (Key::ReplySource(family), Kind::Address),
                ("daddr", false) => (Key::ReplyDestination(family), Kind::Address),
                ("proto-src", true) => (Key::OriginalSourcePort, Kind::Port),
                ("proto-dst", true) => (Key::OriginalDestinationPort, Kind::Port),
                ("proto-src", false) => (Key::ReplySourcePort, Kind::Port),
                ("proto-dst", false) => (Key::ReplyDestinationPort, Kind::Port),
                ("protocol" | "l3proto", _) => (Key::ConnectionProtocol, Kind::Protocol),
                (other, _) => (Key::Other(format!("ct {first} {other}").into()), Kind::Number),
            };
            Some((key, kind, 2 + extra))
        }
        _ => None,
    }
}

/// `fib daddr . iif type`, `fib saddr . mark . iif oif`.
fn fib(words: &[&str]) -> Option<(Key, Kind, usize)> {
    let mut source = false;
    let mut interface = false;
    for (place, word) in words.iter().enumerate().take(8) {
        match *word {
            "saddr" => source = true,
            "iif" | "oif" if words.get(place.wrapping_sub(1)) == Some(&".") || place == 0 => {
                interface = true;
            }
            "daddr" | "." | "mark" => {}
            "type" => {
                let key = if source {
                    Key::SourceType { interface }
                } else {
                    Key::DestinationType { interface }
                };
                return Some((key, Kind::AddressType, place + 1));
            }
            "oif" | "oifname" if source && interface => {
                return Some((Key::ReversePathInterface, Kind::Number, place + 1));
            }
            "oif" | "oifname" => {
                return Some((Key::Other("fib oif".into()), Kind::Number, place + 1));
            }
            _ => return None,
        }
    }
    None
}

/// `numgen random mod 3 offset 1`, `jhash ip saddr mod 2 seed 0x1`, `symhash mod 2`.
fn generator(words: &[&str]) -> Option<(Key, Kind, usize)> {
    let place = words.iter().take(12).position(|word| *word == "mod")?;
    let modulus = names::number(words.get(place + 1)?).filter(|modulus| *modulus > 0)?;
    let mut count = place + 2;
    if words.get(count) == Some(&"seed") {
        count += 2;
    }
    let mut offset = 0;
    if words.get(count) == Some(&"offset") {
        offset = names::number(words.get(count + 1)?)?;
        count += 2;
    }
    let key = if words.get(1) == Some(&"inc") {
        Key::Increment { modulus, offset }
    } else {
        Key::Random { modulus, offset }
    };
    Some((key, Kind::Number, count))
}

/// One value: a number, range, prefix or name.
pub(super) fn field(kind: Kind, word: &str) -> Field {
    if word == "*" {
        return Field::Any;
    }
    let range = |parse: &dyn Fn(&str) -> Option<u128>| {
        if let Some(value) = parse(word) {
            return Some((value, value));
        }
        let (first, last) = word.split_once('-')?;
        Some((parse(first)?, parse(last)?))
    };
    let plain = |word: &str| names::number(word).map(u128::from);
    let found = match kind {
        Kind::Name => {
            let pattern = match word.strip_suffix('*') {
                Some(prefix) => crate::model::Pattern {
                    name: prefix.trim_end_matches('\\').into(),
                    prefix: true,
                },
                None => crate::model::Pattern { name: interface(word).name, prefix: false },
            };
            let pattern = if word.ends_with('+') {
                crate::model::Pattern { name: word.into(), prefix: false }
            } else {
                pattern
            };
            return Field::Name(pattern);
        }
        Kind::Address => address_range(word),
        Kind::Port => range(&|word| names::port(word).map(u128::from)),
        Kind::Protocol => range(&|word| names::protocol(word).map(u128::from)),
        Kind::EtherType => range(&|word| match word {
            "ip" => Some(0x0800),
            "ip6" => Some(0x86dd),
            "arp" => Some(0x0806),
            "vlan" | "8021q" => Some(0x8100),
            _ => plain(word),
        }),
        Kind::IcmpType => range(&|word| {
            plain(word).or_else(|| names::icmp(word, false).map(|(number, _)| number.into()))
        }),
        Kind::Icmp6Type => range(&|word| {
            plain(word).or_else(|| names::icmp(word, true).map(|(number, _)| number.into()))
        }),
        Kind::IcmpCode => range(&|word| plain(word).or_else(|| icmp_code(word).map(u128::from))),
        Kind::TcpFlags => {
            range(&|word| plain(word).or_else(|| names::tcp_flags(word).map(u128::from)))
        }
        Kind::CtState => range(&|word| plain(word).or_else(|| states(word).map(u128::from))),
        Kind::CtStatus => range(&|word| plain(word).or_else(|| statuses(word).map(u128::from))),
        Kind::CtDirection => range(&|word| match word {
            "original" => Some(0),
            "reply" => Some(1),
            _ => plain(word),
        }),
        Kind::AddressType => range(&|word| address_types(word).map(u128::from)),
        Kind::Mac => mac(word).map(|mac| {
            let number = mac.iter().fold(0, |number, byte| number << 8 | u128::from(*byte));
            (number, number)
        }),
        Kind::PacketType => range(&|word| super::iptables_options::packet_type(word)),
        Kind::Dscp => range(&|word| names::dscp(word).map(u128::from)),
        Kind::NfProto => range(&|word| match word {
            "ipv4" => Some(2),
            "ipv6" => Some(10),
            _ => plain(word),
        }),
        Kind::Mark | Kind::Number | Kind::Verdict => range(&|word| match word {
            "missing" => Some(0),
            "exists" => Some(1),
            "root" => Some(0),
            _ => plain(word),
        }),
    };
    match found {
        Some((first, last)) => Field::Range(first, last),
        None => Field::Unknown(word.into()),
    }
}

fn states(word: &str) -> Option<u32> {
    let mut bits = 0;
    for name in word.split([',', '|']) {
        bits |= match name.trim() {
            "invalid" => state::INVALID,
            "established" => state::ESTABLISHED,
            "related" => state::RELATED,
            "new" => state::NEW,
            "untracked" => state::UNTRACKED,
            _ => return None,
        };
    }
    Some(bits)
}

fn icmp_code(word: &str) -> Option<u8> {
    Some(match word {
        "net-unreachable" => 0,
        "host-unreachable" => 1,
        "prot-unreachable" => 2,
        "port-unreachable" => 3,
        "frag-needed" => 4,
        "net-prohibited" => 9,
        "host-prohibited" => 10,
        "admin-prohibited" => 13,
        _ => return None,
    })
}

/// `reject with KIND CODE`; the kind is `tcp reset`, `icmp`, `icmpv6` or `icmpx`.
pub(super) fn reject(kind: &str, code: &str) -> Reject {
    let number = names::number(code).and_then(|code| u8::try_from(code).ok());
    match kind {
        "" => Reject::Default,
        "tcp" | "tcp reset" => Reject::TcpReset,
        "icmp" => number.or_else(|| icmp_code(code)).map_or(Reject::Unknown, Reject::Icmp),
        "icmpv6" => number
            .or(match code {
                "no-route" => Some(0),
                "admin-prohibited" => Some(1),
                "addr-unreachable" => Some(3),
                "port-unreachable" => Some(4),
                "policy-fail" => Some(5),
                "reject-route" => Some(6),
                _ => None,
            })
            .map_or(Reject::Unknown, Reject::Icmp6),
        "icmpx" => number
            .or(match code {
                "no-route" => Some(0),
                "port-unreachable" => Some(1),
                "host-unreachable" => Some(2),
                "admin-prohibited" => Some(3),
                _ => None,
            })
            .map_or(Reject::Unknown, Reject::Icmpx),
        _ => Reject::Unknown,
    }
}

/// `filter`, `dstnat - 10`, `-110`.
pub(super) fn priority(text: &str) -> Option<i32> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let end = text.find(['+', '-']).unwrap_or(text.len());
    let base: i32 = match text.get(..end)? {
        "raw" => -300,
        "mangle" => -150,
        "dstnat" => -100,
        "filter" => 0,
        "security" => 50,
        "srcnat" => 100,
        "out" => 100,
        _ => return None,
    };
    let offset = text
        .get(end..)
        .filter(|rest| !rest.is_empty())
        .map_or(Some(0), |rest| rest.parse::<i32>().ok())?;
    base.checked_add(offset)
}

pub(super) fn chain_kind(word: &str) -> ChainKind {
    match word {
        "nat" => ChainKind::Nat,
        "route" => ChainKind::Route,
        _ => ChainKind::Filter,
    }
}

pub(super) fn hook(word: &str) -> crate::model::Hook {
    use crate::model::Hook;
    match word {
        "prerouting" => Hook::Prerouting,
        "input" => Hook::Input,
        "forward" => Hook::Forward,
        "output" => Hook::Output,
        "postrouting" => Hook::Postrouting,
        _ => Hook::Elsewhere,
    }
}

pub(super) fn policy(word: &str) -> Option<Policy> {
    match word {
        "accept" => Some(Policy::Accept),
        "drop" => Some(Policy::Drop),
        _ => None,
    }
}
