//! `ipset save` (create and add lines) and `ipset list` (name, type, header, members), plain or
//! mixed.

use konspect_bundle::diagnostic::Refusals;
use konspect_bundle::{Code, Diagnostic, Parsed, Source, Span};

use super::values::{address_number, mac, network};
use crate::ipset::{IpSet, IpSets, Member, Part};
use crate::names;

/// Parses both forms.
pub fn ipset(source: Source<'_>) -> Parsed<IpSets> {
    let mut sets = IpSets::default();
    let mut refusals = Refusals::default();
    let mut current: Option<Box<str>> = None;
    let mut in_members = false;
    for line in source.lines() {
        let text = line.text();
        let text = text.trim();
        let mut words = text.split_whitespace();
        match words.next() {
            None => {}
            Some("create" | "-N") => {
                let (Some(name), Some(kind)) = (words.next(), words.next()) else { continue };
                let mut set = IpSet::new(kind, line.at);
                header(&mut set, words);
                sets.sets.insert(name.into(), set);
            }
            Some("add" | "-A") => {
                let (Some(name), Some(member)) = (words.next(), words.next()) else { continue };
                match sets.sets.get_mut(name) {
                    Some(set) => push(set, member, text, line.at, &mut refusals),
                    None => refusals.note(line.at, "member of a set that was not created"),
                }
            }
            Some("Name:") => {
                current = words.next().map(Into::into);
                in_members = false;
                if let Some(name) = &current {
                    sets.sets.insert(name.clone(), IpSet::new("", line.at));
                }
            }
            Some("Type:") if !in_members => {
                if let Some(set) = current.as_ref().and_then(|name| sets.sets.get_mut(name)) {
                    set.kind = words.next().unwrap_or_default().into();
                }
            }
            Some("Header:") if !in_members => {
                if let Some(set) = current.as_ref().and_then(|name| sets.sets.get_mut(name)) {
                    header(set, words);
                }
            }
            Some("Members:") => in_members = true,
            Some(
                "Revision:" | "Size" | "References:" | "Number" | "COMMIT" | "flush" | "destroy",
            ) => {}
            Some(member) => match current.as_ref().and_then(|name| sets.sets.get_mut(name)) {
                Some(set) if in_members => push(set, member, text, line.at, &mut refusals),
                _ if text.starts_with('#') => {}
                _ => refusals.note(line.at, text.chars().take(80).collect::<String>()),
            },
        }
    }
    let mut diagnostics: Vec<_> = refusals.finish().into_iter().collect();
    if sets.sets.values().any(|set| set.kind.is_empty()) {
        diagnostics.push(
            Diagnostic::new(Code::Truncated, source.whole()).with("reason", "a set without a type"),
        );
    }
    Parsed { value: sets, diagnostics }
}

fn header<'a>(set: &mut IpSet, mut words: impl Iterator<Item = &'a str>) {
    while let Some(word) = words.next() {
        match word {
            "family" => set.six = words.next() == Some("inet6"),
            "timeout" => set.timeout = true,
            _ => {}
        }
    }
}

fn push(set: &mut IpSet, member: &str, line: &str, at: Span, refusals: &mut Refusals) {
    let nomatch = line.split_whitespace().any(|word| word == "nomatch");
    let mut parts: Vec<Part> = Vec::new();
    let dimensions: Vec<&str> = set.dimensions().collect();
    let default_protocol = if dimensions.first() == Some(&"port") { 0 } else { 6 };
    for (place, word) in member.split(',').enumerate() {
        let dimension = dimensions.get(place).copied().unwrap_or("");
        parts.push(part(dimension, word, default_protocol));
    }
    let understood = parts.iter().all(|part| !matches!(part, Part::Unknown(_)));
    if !understood || parts.len() != dimensions.len() {
        // `hash:ip,mac` and `bitmap:ip,mac` may leave the hardware address out.
        if !(understood && dimensions.last() == Some(&"mac") && parts.len() + 1 == dimensions.len())
        {
            set.incomplete = true;
            refusals.note(at, member.chars().take(80).collect::<String>());
            return;
        }
    }
    set.push(Member { parts, nomatch });
}

fn part(dimension: &str, word: &str, default_protocol: u8) -> Part {
    let understood = match dimension {
        "ip" | "net" => addresses(word),
        "port" => ports(word, default_protocol),
        "iface" => {
            let name = word.strip_prefix("physdev:").unwrap_or(word);
            let wildcard = name.ends_with('+');
            Some(Part::Interface { name: name.trim_end_matches('+').into(), wildcard })
        }
        "mac" => mac(word).map(Part::Mac),
        "mark" => names::number(word).and_then(|mark| u32::try_from(mark).ok()).map(Part::Mark),
        "set" => Some(Part::Set(word.into())),
        _ => None,
    };
    understood.unwrap_or_else(|| Part::Unknown(word.into()))
}

fn addresses(word: &str) -> Option<Part> {
    if let Some((first, last)) = word.split_once('-') {
        let (first, last) = (network(first)?.addr(), network(last)?.addr());
        return Some(Part::Addresses {
            first: address_number(first),
            last: address_number(last),
            length: None,
        });
    }
    let network = network(word)?;
    Some(Part::Addresses {
        first: address_number(network.network()),
        last: address_number(network.broadcast()),
        length: Some(network.prefix_len()),
    })
}

fn ports(word: &str, default_protocol: u8) -> Option<Part> {
    let (protocol, ports) = match word.split_once(':') {
        Some((protocol, ports)) => (names::protocol(protocol)?, ports),
        None => (default_protocol, word),
    };
    if matches!(protocol, 1 | 58)
        && let Some((number, code)) = ports.split_once('/')
    {
        let value =
            u16::from(number.parse::<u8>().ok()?) << 8 | u16::from(code.parse::<u8>().ok()?);
        return Some(Part::Ports { protocol, first: value, last: value });
    }
    if matches!(protocol, 1 | 58)
        && let Some((number, code)) = names::icmp(ports, protocol == 58)
    {
        let value = u16::from(number) << 8 | u16::from(code.unwrap_or(0));
        return Some(Part::Ports { protocol, first: value, last: value });
    }
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    Some(Part::Ports { protocol, first: names::port(first)?, last: names::port(last)? })
}
