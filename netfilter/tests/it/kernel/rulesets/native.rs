//! Rulesets of nft's own words, at random.

use super::{Backend, FOUR, PORTS, RandomRuleset, RandomTable, SIX};
use crate::kernel::chance::Chance;

/// A ruleset of nft's own words.
pub(in crate::kernel) fn native(chance: &mut Chance, six: bool) -> RandomRuleset {
    let mut head = Vec::new();
    let addresses: &[&str] = if six { &SIX } else { &FOUR };
    let (kind, word) = if six { ("ipv6_addr", "ip6") } else { ("ipv4_addr", "ip") };
    let some = |chance: &mut Chance, count: usize| {
        let mut all: Vec<&str> = (0..count).map(|_| chance.pick(addresses)).collect();
        all.sort_unstable();
        all.dedup();
        all.join(", ")
    };
    head.push(format!("set hosts {{ type {kind}; elements = {{ {} }}; }}", some(chance, 3)));
    let ranges = if six { "fd00:2::/64, fd00:1::5" } else { "10.2.0.0/24, 10.1.0.5-10.1.0.99" };
    head.push(format!("set nets {{ type {kind}; flags interval; elements = {{ {ranges} }}; }}"));
    head.push(format!("set pairs {{ type {kind} . inet_proto . inet_service; elements = {{ {} . tcp . 80, {} . udp . 53, {} . tcp . 10250 }}; }}", addresses[2], addresses[0], addresses[0]));
    for name in ["c0", "c1", "c2"] {
        head.push(format!("chain {name} {{ }}"));
    }
    head.push("map ports { type inet_service : verdict; elements = { 80 : accept, 443 : drop, 10250 : goto c2, 22 : jump c1, 53 : return }; }".to_owned());
    let hooks = [
        ("raw", "filter hook prerouting priority -300"),
        ("pre", "nat hook prerouting priority -100"),
        ("mangle", "filter hook prerouting priority -150"),
        ("in", "filter hook input priority 0"),
        ("thru", "filter hook forward priority 0"),
        ("out", "filter hook output priority 0"),
        ("late", "filter hook postrouting priority 10"),
        ("post", "nat hook postrouting priority 100"),
    ];
    for (name, hook) in hooks {
        let drops = matches!(name, "in" | "thru" | "out") && chance.one_in(4);
        head.push(format!(
            "chain {name} {{ type {hook}; policy {}; }}",
            if drops { "drop" } else { "accept" }
        ));
    }
    let mut rules = Vec::new();
    let places = ["raw", "pre", "mangle", "in", "thru", "out", "late", "post", "c0", "c1", "c2"];
    for place in places {
        for _ in 0..chance.below(5) {
            let matches = native_matches(chance, place, word, six, addresses);
            let target = native_target(chance, place, six);
            // A port is translated, and a reset sent, only where the protocol is said.
            let tcp = if target.contains(" to ") && target.contains(":8")
                || target.contains("redirect")
            {
                "meta l4proto tcp "
            } else {
                ""
            };
            // A map without an element for the packet is no match, though a counter before it counts.
            let counter = if target.contains("vmap") { "" } else { "counter " };
            rules.push(format!("add rule inet t {place} {tcp}{matches}{counter}{target}"));
        }
    }
    let tables = vec![RandomTable { name: "t", head, rules }];
    RandomRuleset { backend: Backend::Native, six, sets: Vec::new(), tables, stateful: false }
}

fn native_matches(
    chance: &mut Chance,
    place: &str,
    word: &str,
    six: bool,
    addresses: &[&str],
) -> String {
    let mut out = String::new();
    for _ in 0..chance.below(3) {
        let not = if chance.one_in(4) { "!= " } else { "" };
        let address = chance.pick(addresses);
        let port = chance.pick(&PORTS);
        let text = match chance.below(22) {
            0 => format!("{word} saddr {not}{address} "),
            1 => format!("{word} daddr {not}{address} "),
            2 => format!("{word} daddr {not}@hosts "),
            3 => format!("{word} saddr {not}@nets "),
            4 => format!("tcp dport {not}{port} "),
            5 => format!("udp dport {not}{port} "),
            6 => format!("tcp dport {not}{{ 22, 80, 8000-31000 }} "),
            7 => format!("meta l4proto {not}{{ tcp, udp }} "),
            8 => format!("meta l4proto . th dport {not}{{ tcp . 80, udp . 53, tcp . 10250 }} "),
            9 => format!("{word} daddr . meta l4proto . th dport @pairs "),
            10 if place != "raw" => format!(
                "ct state {not}{} ",
                chance.pick(&["new", "established,related", "invalid", "{ new, untracked }"])
            ),
            11 => format!("meta mark {not}{} ", chance.pick(&["0x0", "0x1", "{ 0x1, 0x4000 }"])),
            12 => "meta mark & 0x4000 == 0x4000 ".to_owned(),
            13 if matches!(place, "raw" | "pre" | "mangle" | "in" | "thru") => format!(
                "iifname {not}{} ",
                chance.pick(&["\"eth0\"", "\"eth*\"", "{ \"eth1\", \"lo\" }"])
            ),
            14 if matches!(place, "thru" | "out" | "late" | "post") => {
                format!("oifname {not}{} ", chance.pick(&["\"eth0\"", "\"eth1\"", "\"lo\""]))
            }
            15 => format!(
                "tcp flags {}",
                chance.pick(&[
                    "syn ",
                    "& (fin|syn|rst|ack) == syn ",
                    "syn / fin,syn,rst,ack ",
                    "! syn "
                ])
            ),
            16 => format!("meta length {not}{} ", chance.pick(&["40-60", "44", "< 41"])),
            17 if !six => format!("ip ttl {}", chance.pick(&["64 ", "< 64 ", "!= 63 "])),
            18 if !six => format!(
                "icmp type {not}{} ",
                chance.pick(&["echo-request", "{ echo-request, destination-unreachable }"])
            ),
            18 => format!("icmpv6 type {not}echo-request "),
            19 => format!("{word} dscp {not}{} ", chance.pick(&["cs0", "ef", "{ cs1, ef }"])),
            20 if place != "raw" => {
                format!("ct direction {} ", chance.pick(&["original", "reply"]))
            }
            21 if place != "raw" => {
                format!("ct status & {} ", chance.pick(&["(snat|dnat) != 0", "seen-reply == 0"]))
            }
            _ => format!(
                "fib daddr type {not}{} ",
                chance.pick(&["local", "unicast", "{ local, broadcast }"])
            ),
        };
        // The fib is asked only where a route, or a device to look from, is at hand.
        if text.starts_with("fib") && !matches!(place, "raw" | "mangle" | "in" | "thru" | "out") {
            continue;
        }
        out += &text;
    }
    out
}

fn native_target(chance: &mut Chance, place: &str, six: bool) -> String {
    let (inner, own) =
        if six { ("[fd00:244::5]", "fd00:1::77") } else { ("10.244.1.5", "10.1.0.77") };
    let bare = inner.trim_matches(['[', ']']);
    let family = if six { "ip6" } else { "ip" };
    if place == "pre" {
        return match chance.below(4) {
            0 => "accept".to_owned(),
            1 => format!("dnat {family} to {bare}"),
            2 => format!("dnat {family} to {inner}:8443"),
            _ => "redirect to :8080".to_owned(),
        };
    }
    if place == "post" {
        return match chance.below(3) {
            0 => "accept".to_owned(),
            1 => format!("snat {family} to {own}"),
            _ => "masquerade".to_owned(),
        };
    }
    let user = place.starts_with('c');
    let filter = matches!(place, "in" | "thru" | "out");
    match chance.below(12) {
        0..=2 => "accept".to_owned(),
        3 | 4 => "drop".to_owned(),
        5 if filter => format!(
            "reject with {}",
            chance.pick(&[
                "icmpx port-unreachable",
                "icmpx admin-prohibited",
                "icmpx host-unreachable",
                "icmpx no-route"
            ])
        ),
        6 => format!(
            "meta mark set {}",
            chance.pick(&["0x1", "meta mark | 0x4000", "meta mark & 0xffff0fff"])
        ),
        7 if !user => "jump c0".to_owned(),
        8 if !user => "goto c1".to_owned(),
        7 | 8 if place == "c0" => "jump c1".to_owned(),
        9 if filter => "tcp dport vmap @ports".to_owned(),
        10 if filter => format!("{family} daddr vmap {{ {bare} : drop }}"),
        11 if place != "raw" && !user => "ct mark set 0x10".to_owned(),
        _ => "return".to_owned(),
    }
}
