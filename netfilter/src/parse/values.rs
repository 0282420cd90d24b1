//! Values that several forms share: addresses, ranges, ports, flags, states.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::model::{
    Compare, Key, Pattern, Ranges, Reject, Statement, Unknown, address_type, state, status,
};
use crate::names;
use crate::packet::Family;

/// An address as a number, so that ranges compare.
pub(crate) fn address_number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => u128::from(u32::from(four)),
        IpAddr::V6(six) => u128::from(six),
    }
}

/// The address of a number in a family.
pub(crate) fn number_address(number: u128, family: Family) -> IpAddr {
    match family {
        Family::Ipv4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX))),
        Family::Ipv6 => IpAddr::V6(Ipv6Addr::from(number)),
    }
}

/// First and last address of a network, as numbers.
pub(crate) fn network_range(network: IpNet) -> (u128, u128) {
    (address_number(network.network()), address_number(network.broadcast()))
}

/// A network or address; host bits are masked away as iptables does. A netmask may be dotted; one
/// that is no prefix has no range and is refused.
pub(crate) fn network(word: &str) -> Option<IpNet> {
    let Some((address, length)) = word.split_once('/') else {
        return word.parse::<IpAddr>().ok().map(IpNet::from);
    };
    let address: IpAddr = address.parse().ok()?;
    let length = match length.parse::<u8>() {
        Ok(length) => length,
        Err(_) => match length.parse::<IpAddr>().ok()? {
            IpAddr::V4(mask) => ipnet::ipv4_mask_to_prefix(mask).ok()?,
            IpAddr::V6(mask) => ipnet::ipv6_mask_to_prefix(mask).ok()?,
        },
    };
    Some(IpNet::new(address, length).ok()?.trunc())
}

/// `a-b`, `a` or `net/len`, as numbers.
pub(crate) fn address_range(word: &str) -> Option<(u128, u128)> {
    if let Some((first, last)) = word.split_once('-') {
        let (first, last): (IpAddr, IpAddr) = (first.parse().ok()?, last.parse().ok()?);
        if first.is_ipv4() != last.is_ipv4() {
            return None;
        }
        return Some((address_number(first), address_number(last)));
    }
    network(word).map(network_range)
}

/// A comparison with one source or destination network.
pub(super) fn address(word: &str, outgoing: bool, invert: bool, family: Family) -> Statement {
    let key = if outgoing { Key::Destination(family) } else { Key::Source(family) };
    let mut ranges = Vec::new();
    for part in word.split(',') {
        match network(part) {
            Some(network) if Family::of(network.addr()) == family => {
                ranges.push(network_range(network));
            }
            Some(_) => return Statement::Unknown(Unknown::NotUnderstood(word.into())),
            None => match masked(part, outgoing, invert) {
                Some(statement) => return statement,
                None => return Statement::Unknown(Unknown::Name(word.into())),
            },
        }
    }
    compare(key, invert, ranges)
}

/// A netmask with holes: `10.0.0.1/255.0.0.255`.
fn masked(word: &str, outgoing: bool, invert: bool) -> Option<Statement> {
    let (address, mask) = word.split_once('/')?;
    let (address, mask): (IpAddr, IpAddr) = (address.parse().ok()?, mask.parse().ok()?);
    let family = Family::of(address);
    if Family::of(mask) != family {
        return None;
    }
    let (value, mask) = (address_number(address), address_number(mask));
    let key = if outgoing { Key::Destination(family) } else { Key::Source(family) };
    Some(Statement::Bits { key, mask, value: value & mask, invert, any: false })
}

pub(super) fn compare(key: Key, invert: bool, ranges: Vec<(u128, u128)>) -> Statement {
    Statement::Compare(compare_of(key, invert, ranges))
}

pub(super) fn compare_of(key: Key, invert: bool, ranges: Vec<(u128, u128)>) -> Compare {
    let ranges = match *ranges.as_slice() {
        [(first, last)] => Ranges::One(first, last),
        _ => Ranges::Many(ranges),
    };
    Compare { key, invert, ranges }
}

/// `22`, `ssh`, `1024:65535`, `:1023`, `1024:`.
pub(super) fn port_range(word: &str, separator: char) -> Option<(u128, u128)> {
    if let Some(port) = names::port(word) {
        return Some((port.into(), port.into()));
    }
    let (first, last) = word.split_once(separator)?;
    let first = if first.is_empty() { 0 } else { names::port(first)? };
    let last = if last.is_empty() { u16::MAX } else { names::port(last)? };
    Some((first.into(), last.into()))
}

/// A comma list of port ranges.
pub(super) fn port_list(word: &str) -> Option<Vec<(u128, u128)>> {
    word.split(',').map(|part| port_range(part, ':')).collect()
}

/// `0x1/0xff` or `0x1`.
pub(super) fn value_mask(word: &str) -> Option<(u32, u32)> {
    let (value, mask) = match word.split_once('/') {
        Some((value, mask)) => (value, names::number(mask)?),
        None => (word, u64::from(u32::MAX)),
    };
    Some((u32::try_from(names::number(value)?).ok()?, u32::try_from(mask).ok()?))
}

/// The states of `--ctstate` and `--state`.
pub(super) fn states(word: &str) -> Option<u32> {
    let mut bits = 0;
    for name in word.split(',') {
        bits |= match name.to_ascii_uppercase().as_str() {
            "INVALID" => state::INVALID,
            "NEW" => state::NEW,
            "ESTABLISHED" => state::ESTABLISHED,
            "RELATED" => state::RELATED,
            "UNTRACKED" => state::UNTRACKED,
            "SNAT" => state::SNAT,
            "DNAT" => state::DNAT,
            _ => return None,
        };
    }
    Some(bits)
}

/// The words of `--ctstatus`; NONE is 0.
pub(super) fn statuses(word: &str) -> Option<u32> {
    let mut bits = 0;
    for name in word.split([',', '|']) {
        bits |= match name.trim().to_ascii_uppercase().as_str() {
            "NONE" => 0,
            "EXPECTED" => status::EXPECTED,
            "SEEN_REPLY" | "SEEN-REPLY" => status::SEEN_REPLY,
            "ASSURED" => status::ASSURED,
            "CONFIRMED" => status::CONFIRMED,
            "SNAT" => status::SNAT,
            "DNAT" => status::DNAT,
            _ => return None,
        };
    }
    Some(bits)
}

/// The words of addrtype and of nft's fib type.
pub(super) fn address_types(word: &str) -> Option<u32> {
    let mut bits = 0;
    for name in word.split(',') {
        bits |= match name.trim().to_ascii_uppercase().as_str() {
            "UNSPEC" => address_type::UNSPEC,
            "UNICAST" => address_type::UNICAST,
            "LOCAL" => address_type::LOCAL,
            "BROADCAST" => address_type::BROADCAST,
            "ANYCAST" => address_type::ANYCAST,
            "MULTICAST" => address_type::MULTICAST,
            "BLACKHOLE" => address_type::BLACKHOLE,
            "UNREACHABLE" => address_type::UNREACHABLE,
            "PROHIBIT" => address_type::PROHIBIT,
            _ => return None,
        };
    }
    Some(bits)
}

/// iptables' interface name; `+` at the end is any rest, `+` alone and the empty name are any.
pub(super) fn interface(word: &str) -> Pattern {
    match word.strip_suffix('+') {
        Some(prefix) => Pattern { name: prefix.into(), prefix: true },
        None => Pattern { name: word.into(), prefix: false },
    }
}

/// The words of `--reject-with`.
pub(super) fn reject(word: &str, family: Family) -> Reject {
    if matches!(word, "tcp-reset" | "tcp-rst") {
        return Reject::TcpReset;
    }
    match family {
        Family::Ipv4 => Reject::Icmp(match word {
            "icmp-net-unreachable" | "net-unreach" => 0,
            "icmp-host-unreachable" | "host-unreach" => 1,
            "icmp-proto-unreachable" | "proto-unreach" => 2,
            "icmp-port-unreachable" | "port-unreach" | "echo-reply" | "echoreply" => 3,
            "icmp-net-prohibited" | "net-prohib" => 9,
            "icmp-host-prohibited" | "host-prohib" => 10,
            "icmp-admin-prohibited" | "admin-prohib" => 13,
            _ => return Reject::Unknown,
        }),
        Family::Ipv6 => Reject::Icmp6(match word {
            "icmp6-no-route" | "no-route" => 0,
            "icmp6-adm-prohibited" | "adm-prohibited" | "icmp6-admin-prohibited" => 1,
            "icmp6-addr-unreachable" | "addr-unreach" => 3,
            "icmp6-port-unreachable" | "port-unreach" => 4,
            "icmp6-policy-fail" | "policy-fail" => 5,
            "icmp6-reject-route" | "reject-route" => 6,
            _ => return Reject::Unknown,
        }),
    }
}

/// `02:bb:00:00:00:02`.
pub(super) fn mac(word: &str) -> Option<[u8; 6]> {
    let mut out = [0; 6];
    let mut parts = word.split([':', '-']);
    for slot in &mut out {
        *slot = u8::from_str_radix(parts.next()?, 16).ok()?;
    }
    parts.next().is_none().then_some(out)
}

/// `3/sec`, `1/minute`: nanoseconds between two.
pub(super) fn rate(word: &str) -> Option<u64> {
    let (count, unit) = word.split_once('/')?;
    let count: u64 = count.parse().ok().filter(|count| *count > 0)?;
    let unit = match unit.as_bytes() {
        [b's', ..] => 1,
        [b'm', ..] => 60,
        [b'h', ..] => 3600,
        [b'd', ..] => 86_400,
        _ => return None,
    };
    Some(unit * 1_000_000_000 / count)
}

/// `41:60`, `44`, `:60`, `28:`.
pub(super) fn number_range(word: &str, limit: u64) -> Option<(u64, u64)> {
    match word.split_once([':', '-']) {
        None => names::number(word).map(|value| (value, value)),
        Some((first, last)) => {
            let first = if first.is_empty() { 0 } else { names::number(first)? };
            let last = if last.is_empty() { limit } else { names::number(last)? };
            Some((first, last))
        }
    }
}
