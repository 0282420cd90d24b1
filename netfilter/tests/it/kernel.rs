//! Random rulesets asked of the running kernel and of the evaluator: both must say the same.
//!
//! Needs root and network namespaces; says so where they are not. `KONSPECT_KERNEL_SEED` and
//! `KONSPECT_KERNEL_RULESETS` ask about others and more.

#![expect(clippy::format_push_string, reason = "rules are texts, and no test is in a hurry here")]

mod chance;
mod compare;
mod forms;
mod laboratory;
mod packets;
mod rulesets;

use chance::Chance;
use compare::difference;
use forms::ask_forms;
use konspect_bundle::{ArtifactId, Source};
use konspect_netfilter::evaluate::{Delivered, Firewall, Outcome, StepKind, What};
use konspect_netfilter::ipset::IpSets;
use konspect_netfilter::model::{Ruleset, Unknown};
use konspect_netfilter::node::{Interface, Node, Route};
use konspect_netfilter::packet::{Family, Packet, has_ports, protocol};
use konspect_netfilter::parse;
use laboratory::{INTERFACES, Laboratory, Told};
use rulesets::{Backend, RandomRuleset};
use std::collections::BTreeMap;

/// Packets sent through each ruleset.
const PACKETS: usize = 28;
const SEED: u64 = 20_261_121;
const RULESETS: usize = 500;

/// Three of so many rulesets, one of each kind, are compared in every form in which the tools print them.
const FORMS: u64 = 60;

#[expect(clippy::disallowed_methods, reason = "a test may be pointed at other seeds")]
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn node() -> Node {
    let interfaces = INTERFACES
        .iter()
        .map(|(name, four, six, mac)| Interface {
            name: (*name).into(),
            addresses: vec![four.parse().unwrap(), six.parse().unwrap()],
            mac: Some(*mac),
            peer_mac: Some(*mac),
        })
        .collect();
    let route = |text: &str| Route { destination: text.parse().unwrap(), interface: "eth0".into() };
    Node {
        interfaces,
        routes: vec![route("0.0.0.0/0"), route("::/0")],
        addresses_complete: true,
        routes_complete: true,
        quiet: true,
    }
}

/// What one ruleset came to.
#[derive(Default)]
struct Result {
    asked: usize,
    /// Questions that the evaluator left open, where it names more than chance as the reason.
    open: usize,
    counted: bool,
    miss: Option<String>,
}

fn save_text(ruleset: &RandomRuleset) -> String {
    let mut text = String::new();
    for table in &ruleset.tables {
        text += &format!("*{}\n", table.name);
        for line in table.head.iter().chain(&table.rules) {
            text += line;
            text.push('\n');
        }
        text += "COMMIT\n";
    }
    text
}

fn nft_text(ruleset: &RandomRuleset) -> String {
    let mut text = String::from("add table inet t\ndelete table inet t\ntable inet t {\n");
    for table in &ruleset.tables {
        for line in &table.head {
            text += &format!("\t{line}\n");
        }
        text += "}\n";
        for rule in &table.rules {
            text += rule;
            text.push('\n');
        }
    }
    text
}

fn program(ruleset: &RandomRuleset, end: &str) -> String {
    let six = if ruleset.six { "ip6" } else { "ip" };
    let back = if ruleset.backend == Backend::Legacy { "legacy" } else { "nft" };
    format!("{six}tables-{back}-{end}")
}

/// Loads a ruleset; a line that this kernel, or this version of the tool, refuses is an error.
fn load(laboratory: &Laboratory, ruleset: &RandomRuleset) -> std::result::Result<(), String> {
    if ruleset.backend == Backend::Native {
        return laboratory.run("nft", &["-f", "-"], &nft_text(ruleset)).map(|_| ());
    }
    let restore = program(ruleset, "restore");
    if !ruleset.sets.is_empty() {
        laboratory.run("ipset", &["restore", "-exist"], &(ruleset.sets.join("\n") + "\n"))?;
    }
    if ruleset.stateful {
        // Tables of `recent` and `hashlimit` outlive the rules that are replaced by rules of the same names.
        let mut empty = ruleset.clone();
        empty.tables.iter_mut().for_each(|table| table.rules.clear());
        laboratory.run(&restore, &["-w"], &save_text(&empty))?;
    }
    laboratory.run(&restore, &["-w"], &save_text(ruleset)).map(|_| ())
}

/// Removes the rules that are refused one by one, as the error names their line.
fn loaded(laboratory: &Laboratory, ruleset: &mut RandomRuleset) -> Vec<String> {
    let mut refused = Vec::new();
    while let Err(error) = load(laboratory, ruleset) {
        let lines: Vec<usize> = error
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|word| word.parse().ok())
            .collect();
        let text =
            if ruleset.backend == Backend::Native { nft_text(ruleset) } else { save_text(ruleset) };
        let named = lines.iter().find_map(|line| {
            let line = text.lines().nth(line.checked_sub(1)?)?;
            ruleset
                .tables
                .iter()
                .any(|table| table.rules.iter().any(|rule| rule == line))
                .then(|| line.to_owned())
        });
        // An error at COMMIT names no rule: the one without which the others load is it.
        let named = named.or_else(|| {
            let all: Vec<String> =
                ruleset.tables.iter().flat_map(|table| table.rules.iter().cloned()).collect();
            let loads_without = |rule: &&String| {
                let mut others = ruleset.clone();
                for table in &mut others.tables {
                    table.rules.retain(|other| other != *rule);
                }
                load(laboratory, &others).is_ok()
            };
            all.iter().find(loads_without).or(all.last()).cloned()
        });
        let Some(named) = named else { panic!("nothing loads: {error}\n{text}") };
        for table in &mut ruleset.tables {
            table.rules.retain(|rule| *rule != named);
        }
        refused.push(format!("{named}: {}", error.lines().next().unwrap_or_default()));
    }
    refused
}

/// The rules as the tool prints them, read by our parser.
fn dumped(laboratory: &Laboratory, ruleset: &RandomRuleset) -> (Ruleset, IpSets) {
    let source = |text: &str| -> Vec<u8> { text.as_bytes().to_vec() };
    if ruleset.backend == Backend::Native {
        let text = laboratory.run("nft", &["-a", "list", "table", "inet", "t"], "").unwrap();
        let bytes = source(&text);
        return (parse::nft_text(Source::new(ArtifactId(0), &bytes)).value, IpSets::default());
    }
    let text = laboratory.run(&program(ruleset, "save"), &["-c"], "").unwrap();
    let bytes = source(&text);
    let family = if ruleset.six { Family::Ipv6 } else { Family::Ipv4 };
    let rules = parse::iptables_save_as(Source::new(ArtifactId(0), &bytes), Some(family)).value;
    let sets = if ruleset.sets.is_empty() {
        IpSets::default()
    } else {
        let text = laboratory.run("ipset", &["save"], "").unwrap();
        parse::ipset(Source::new(ArtifactId(1), text.as_bytes())).value
    };
    (rules, sets)
}

/// Packets that a packet's fate may depend on: all earlier ones where rules count, else those of its own
/// connection.
fn before(ruleset: &RandomRuleset, sent: &[(u16, Packet)], place: usize) -> Vec<Packet> {
    let (_, packet) = &sent[place];
    sent[..place]
        .iter()
        .map(|(_, earlier)| earlier)
        .filter(|earlier| {
            let same = (earlier.source, earlier.destination) == (packet.source, packet.destination);
            let back = (earlier.destination, earlier.source) == (packet.source, packet.destination);
            // Without ports, an address that a rule has changed makes two flows one.
            let alike = !has_ports(packet.protocol) && earlier.protocol == packet.protocol;
            ruleset.stateful || same || back || alike
        })
        .cloned()
        .collect()
}

type Counts = BTreeMap<(String, String, u32), u64>;

fn counted(dump: &Ruleset) -> Counts {
    let mut counts = Counts::new();
    for table in &dump.tables {
        for chain in &table.chains {
            for (place, rule) in chain.rules.iter().enumerate() {
                let Some(packets) = rule.counters.map(|counters| counters.packets) else {
                    continue;
                };
                let number = u32::try_from(place + 1).unwrap();
                counts.insert((table.name.to_string(), chain.name.to_string(), number), packets);
            }
        }
    }
    counts
}

/// Asks kernel and evaluator about the same packets.
fn ask(
    laboratory: &mut Laboratory,
    ruleset: &RandomRuleset,
    sent: &[(u16, Packet)],
    forms: bool,
) -> Result {
    laboratory.forget();
    for (number, packet) in sent {
        laboratory.send(packet, *number);
    }
    let seen = laboratory.seen(sent);
    let (dump, sets) = dumped(laboratory, ruleset);
    let counts = counted(&dump);
    let firewall = Firewall::new(vec![dump], sets, node());
    let mut result = Result::default();
    if forms {
        result.miss = ask_forms(laboratory, ruleset, sent, &seen, firewall.sets());
        if result.miss.is_some() {
            return result;
        }
    }
    let mut predicted = Counts::new();
    let mut certain = true;
    let mut ended: Vec<Packet> = Vec::new();
    let mut rules = ruleset.tables.iter().flat_map(|table| &table.rules);
    let translating = rules.any(|rule| {
        let words = ["NAT", "MASQUERADE", "REDIRECT", "NETMAP", "masquerade", "redirect", "nat ip"];
        words.iter().any(|word| rule.contains(word))
    });
    for (place, (number, packet)) in sent.iter().enumerate() {
        result.asked += 1;
        // The laboratory swallows the reset that ends a connection before conntrack sees it.
        // Two flows without ports that are translated to one clash, and which of them stays is a race.
        let portless = !has_ports(packet.protocol) && packet.icmp_type == 0;
        let follows = sent.iter().take(place).any(|(_, other)| other.protocol == packet.protocol);
        if translating && portless && follows
            || ended.iter().any(|first| {
                first.source == packet.source && first.source_port == packet.source_port
            })
        {
            certain = false;
            continue;
        }
        let outcomes = firewall.verdict_after(packet, &[], &before(ruleset, sent, place)).outcomes;
        let seen = seen.get(number).cloned().unwrap_or_default();
        // A reset names ports alone: of two packets with the same ones it may answer either.
        let twin = |(other, packet_of): &(u16, Packet)| {
            other != number && packet_of.source_port == packet.source_port
        };
        if seen.told == Some(Told::Reset) && sent.iter().any(twin) {
            certain = false;
            continue;
        }
        let mut wrong = Vec::new();
        for outcome in &outcomes {
            wrong.extend(difference(packet, outcome, &seen));
        }
        if wrong.len() == outcomes.len() {
            result.miss = Some(format!(
                "packet {number}: {packet:?}\nafter {:?}\nseen {seen:?}\n{}\npath {}",
                &sent[..place],
                wrong.join("\n"),
                path(&outcomes)
            ));
            return result;
        }
        // What was left open and came to one answer all the same may have come there by either way.
        certain &= outcomes.iter().all(|outcome| outcome.reasons.is_empty());
        let [outcome] = outcomes.as_slice() else {
            certain = false;
            let chance =
                |reason: &Unknown| matches!(reason, Unknown::Random | Unknown::AddressChoice);
            result.open += usize::from(!outcomes.iter().flat_map(|o| &o.reasons).all(chance));
            continue;
        };
        if packet.protocol == protocol::TCP
            && matches!(outcome.delivered, Some(Delivered::Local(_)))
            && outcome.what == What::Accept
        {
            ended.push(packet.clone());
        }
        certain &= outcome.what != What::Unknown;
        result.open += usize::from(outcome.what == What::Unknown);
        for step in &outcome.path {
            if let StepKind::Rule { number, .. } = &step.kind {
                *predicted
                    .entry((step.table.to_string(), step.chain.to_string(), *number))
                    .or_default() += 1;
            }
        }
    }
    result.counted = certain;
    if certain {
        let differ: Vec<String> = counts
            .iter()
            .filter(|(rule, packets)| predicted.get(*rule).copied().unwrap_or(0) != **packets)
            .map(|(rule, packets)| {
                format!("{rule:?}: predicted {:?}, counted {packets}", predicted.get(rule))
            })
            .collect();
        if !differ.is_empty() {
            let sent: Vec<String> = sent.iter().map(|(_, packet)| format!("{packet:?}")).collect();
            result.miss =
                Some(format!("counters differ:\n{}\n{}", differ.join("\n"), sent.join("\n")));
        }
    }
    result
}

fn path(outcomes: &[Outcome]) -> String {
    outcomes
        .iter()
        .map(|outcome| {
            let steps: Vec<String> = outcome
                .path
                .iter()
                .map(|step| format!("{} {} {:?}", step.table, step.chain, step.kind))
                .collect();
            format!(
                "{:?} {:?} {:?}: {}",
                outcome.what,
                outcome.reasons,
                outcome.state,
                steps.join(" > ")
            )
        })
        .collect::<Vec<_>>()
        .join("\n     ")
}

/// The smallest part of a failing ruleset, and the fewest packets, that still fail.
fn shrunk(
    laboratory: &mut Laboratory,
    ruleset: &RandomRuleset,
    sent: &[(u16, Packet)],
    forms: bool,
) -> (RandomRuleset, Vec<(u16, Packet)>, String) {
    let (mut core, mut packets) = (ruleset.clone(), sent.to_vec());
    let mut fails = |ruleset: &RandomRuleset, packets: &[(u16, Packet)]| {
        load(laboratory, ruleset).ok()?;
        ask(laboratory, ruleset, packets, forms).miss
    };
    let mut miss =
        fails(&core, &packets).unwrap_or_else(|| "it does not fail a second time".to_owned());
    for place in (0..packets.len()).rev() {
        let mut fewer = packets.clone();
        fewer.remove(place);
        if let Some(still) = fails(&core, &fewer) {
            (packets, miss) = (fewer, still);
        }
    }
    for table in 0..core.tables.len() {
        for place in (0..core.tables[table].rules.len()).rev() {
            let mut smaller = core.clone();
            smaller.tables[table].rules.remove(place);
            if let Some(still) = fails(&smaller, &packets) {
                (core, miss) = (smaller, still);
            }
        }
    }
    (core, packets, miss)
}

struct Tally {
    asked: usize,
    open: usize,
    counted: usize,
    loaded: usize,
    refused: Vec<String>,
    misses: Vec<String>,
}

/// Asks about every third ruleset, in a laboratory of its own.
fn work(backend: Backend, seed: u64, rulesets: u64) -> Tally {
    let word = match backend {
        Backend::Legacy => "l",
        Backend::Nft => "x",
        Backend::Native => "m",
    };
    let mut tally =
        Tally { asked: 0, open: 0, counted: 0, loaded: 0, refused: Vec::new(), misses: Vec::new() };
    let mut laboratory = Laboratory::new(word);
    let mut first = 1_u16;
    let every = number("KONSPECT_KERNEL_FORMS", FORMS);
    for place in 0..rulesets {
        let mine = [Backend::Legacy, Backend::Nft, Backend::Native][(place % 3) as usize];
        if mine != backend {
            continue;
        }
        let mut chance = Chance(seed.wrapping_add(place.wrapping_mul(0x1_0000)));
        let six = chance.one_in(3);
        let mut ruleset = match backend {
            Backend::Native => rulesets::native(&mut chance, six),
            _ => rulesets::iptables(&mut chance, backend, six, place),
        };
        // Only one family's rules stand at a time.
        tally.refused.extend(loaded(&laboratory, &mut ruleset));
        let packets = packets::packets(&mut chance, six, first, PACKETS);
        first = if first > 30_000 { 1 } else { first + u16::try_from(PACKETS).unwrap() };
        let forms = place % every < 3;
        let result = ask(&mut laboratory, &ruleset, &packets, forms);
        tally.loaded += 1;
        tally.asked += result.asked;
        tally.open += result.open;
        tally.counted += usize::from(result.counted);
        if result.miss.is_some() && tally.misses.len() < 8 {
            let (core, packets, miss) = shrunk(&mut laboratory, &ruleset, &packets, forms);
            let text = if backend == Backend::Native { nft_text(&core) } else { save_text(&core) };
            let sets = core.sets.join("\n");
            tally.misses.push(format!(
                "ruleset {place}, {backend:?}, IPv{}:\n{sets}\n{text}{} packets\n{miss}",
                if six { 6 } else { 4 },
                packets.len()
            ));
        }
    }
    tally
}

#[test]
fn the_kernel_does_what_is_predicted() {
    if let Err(why) = laboratory::possible() {
        eprintln!("no kernel to ask ({why}): random rulesets are not compared");
        return;
    }
    let seed = number("KONSPECT_KERNEL_SEED", SEED);
    let rulesets = number("KONSPECT_KERNEL_RULESETS", RULESETS as u64);
    let workers: Vec<_> = [Backend::Legacy, Backend::Nft, Backend::Native]
        .into_iter()
        .map(|backend| std::thread::spawn(move || work(backend, seed, rulesets)))
        .collect();
    let tallies: Vec<Tally> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
    let sum = |count: fn(&Tally) -> usize| tallies.iter().map(count).sum::<usize>();
    println!(
        "kernel: seed {seed}, {} rulesets, {} packets, {} left open, counters compared in {} rulesets, {} rules refused",
        sum(|tally| tally.loaded),
        sum(|tally| tally.asked),
        sum(|tally| tally.open),
        sum(|tally| tally.counted),
        sum(|tally| tally.refused.len()),
    );
    for refused in tallies.iter().flat_map(|tally| &tally.refused).take(20) {
        println!("  refused {refused}");
    }
    let misses: Vec<&String> = tallies.iter().flat_map(|tally| &tally.misses).collect();
    for miss in &misses {
        println!("----\n{miss}");
    }
    assert!(misses.is_empty(), "{} rulesets differ, seed {seed}", misses.len());
    assert!(sum(|tally| tally.open) * 20 <= sum(|tally| tally.asked), "too much is left open");
}
