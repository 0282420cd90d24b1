//! Packets at random for one ruleset.

use std::net::IpAddr;

use konspect_netfilter::packet::{Origin, Packet, Ports, flag, has_ports, protocol};

use super::chance::Chance;
use super::rulesets::{FOUR, PORTS, SIX};

/// Packets for one ruleset: mostly first ones, some that follow another.
pub(super) fn packets(
    chance: &mut Chance,
    six: bool,
    first: u16,
    count: usize,
) -> Vec<(u16, Packet)> {
    let mut all: Vec<(u16, Packet)> = Vec::new();
    for place in 0..count {
        let number = first + u16::try_from(place).unwrap();
        if let Some(follower) = follow(chance, &all) {
            all.push((number, follower));
            continue;
        }
        let mut next = packet(chance, six, number);
        // Flows without ports are one flow as soon as rules translate them to one address.
        while matches!(next.protocol, protocol::ESP | protocol::AH)
            && all.iter().any(|(_, earlier)| earlier.protocol == next.protocol)
        {
            next = packet(chance, six, number);
        }
        all.push((number, next));
    }
    all
}

/// A later packet of a connection through the node: the answer, or the sender's next word.
fn follow(chance: &mut Chance, earlier: &[(u16, Packet)]) -> Option<Packet> {
    if !chance.one_in(4) {
        return None;
    }
    let (_, first) = earlier.last()?;
    let from = match &first.origin {
        Origin::Interface(name) => name.clone(),
        _ => return None,
    };
    let passing = |address: IpAddr| {
        address == "10.2.0.50".parse::<IpAddr>().unwrap()
            || address == "fd00:2::50".parse::<IpAddr>().unwrap()
    };
    if from != "eth0"
        || !passing(first.destination)
        || first.bad_checksum
        || !matches!(first.protocol, protocol::TCP | protocol::UDP)
    {
        return None;
    }
    let mut next = first.clone();
    if chance.one_in(2) {
        next.origin = Origin::Interface("eth1".to_owned());
        (next.source, next.destination) = (first.destination, first.source);
        next.source_port = first.destination_port.map(Ports::one);
        next.destination_port = first.source_port.and_then(Ports::single);
        next.flags = if first.protocol == protocol::TCP { flag::SYN | flag::ACK } else { 0 };
    } else if first.protocol == protocol::TCP {
        next.flags = flag::SYN;
    }
    Some(next)
}

fn packet(chance: &mut Chance, six: bool, number: u16) -> Packet {
    let parse = |text: &str| text.parse::<IpAddr>().unwrap();
    let own = chance.one_in(4);
    let (zero, one): (&[&str], &[&str]) = if six {
        (&["fd00:1::5", "fd00:1::60", "2001:db8::8"], &["fd00:2::50", "fd00:2::51", "fd00:244::5"])
    } else {
        (
            &["10.1.0.5", "10.1.0.60", "192.0.2.9", "172.16.5.5"],
            &["10.2.0.50", "10.2.0.51", "10.244.1.5"],
        )
    };
    let (origin, source) = match (own, chance.one_in(3)) {
        (true, false) => (Origin::Node, if six { "fd00:1::4" } else { "10.1.0.4" }),
        (true, true) => (Origin::Node, if six { "fd00:2::1" } else { "10.2.0.1" }),
        (false, false) => (Origin::Interface("eth0".to_owned()), chance.pick(zero)),
        (false, true) => (Origin::Interface("eth1".to_owned()), chance.pick(one)),
    };
    let mut destination = chance.pick(if six { &SIX[..] } else { &FOUR[..] });
    if destination == source {
        destination = if six { "fd00:2::50" } else { "10.2.0.50" };
    }
    let kind = match chance.below(14) {
        12 => protocol::SCTP,
        13 if !six => protocol::AH,
        0..=6 => protocol::TCP,
        7..=9 => protocol::UDP,
        10 if six => protocol::ICMPV6,
        10 => protocol::ICMP,
        _ => protocol::ESP,
    };
    let mut packet = Packet::other(origin, parse(source), parse(destination), kind);
    if has_ports(kind) {
        // Each packet has a port of its own, so that it is a connection of its own.
        packet.source_port = Some(Ports::one(1024 + number));
        packet.destination_port = chance.pick(&PORTS).parse().ok();
    }
    match kind {
        protocol::TCP => {
            packet.flags = match chance.below(10) {
                0 => flag::ACK,
                1 => flag::SYN | flag::ACK,
                2 => flag::FIN | flag::ACK,
                3 if !own => flag::FIN | flag::PSH | flag::URG,
                _ => flag::SYN,
            };
        }
        protocol::ICMP => packet.icmp_type = 8,
        protocol::ICMPV6 => packet.icmp_type = 128,
        _ => {}
    }
    if matches!(kind, protocol::TCP | protocol::UDP) && chance.one_in(4) {
        packet.payload = chance.pick(&[&b"GET / HTTP/1.1"[..], b"deadBEEF", b"q"]).to_vec();
    }
    if matches!(kind, protocol::ICMP | protocol::ICMPV6) {
        packet.payload = b"konspect".to_vec();
    }
    packet.ttl = if chance.one_in(6) { 9 } else { 64 };
    packet.tos = match chance.below(6) {
        0 => 0x10,
        1 => 0xb8,
        _ => 0,
    };
    packet.bad_checksum =
        !own && matches!(kind, protocol::TCP | protocol::UDP) && chance.one_in(25);
    if own {
        packet.uid = Some(0);
        packet.gid = Some(0);
    }
    packet
}
