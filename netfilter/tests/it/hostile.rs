//! Broken input: seeds changed byte by byte, by a generator that always gives the same bytes. Every
//! parser returns, every span lies inside the input, and every verdict ends.

use std::fmt::Write as _;

use konspect_bundle::{ArtifactId, Source, Span};
use konspect_netfilter::evaluate::{Budget, Firewall, StepKind, What};
use konspect_netfilter::ipset::IpSets;
use konspect_netfilter::model::{Ruleset, Unknown};
use konspect_netfilter::node::Node;
use konspect_netfilter::packet::{Origin, Packet};
use konspect_netfilter::parse;

/// A xorshift generator, so that a failure can be had again.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap_or(0)
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let cases =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/netfilter/cases");
    let mut seeds = Vec::new();
    for case in
        ["match-coverage", "stateful-matches", "nft-handwritten", "ufw-restrictive", "fuzz-2"]
    {
        let mut files: Vec<_> = Vec::new();
        for folder in [cases.join(case), cases.join(case).join("dumps")] {
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            files.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
        }
        files.sort();
        for file in files.iter().filter(|file| file.is_file() && !file.ends_with("truth.json")) {
            let mut text = std::fs::read(file).unwrap();
            text.truncate(6_000);
            seeds.push(text);
        }
    }
    seeds
}

fn change(seed: &[u8], chance: &mut Chance) -> Vec<u8> {
    const WORDS: [&[u8]; 12] = [
        b"\n",
        b"\"",
        b"!",
        b" -A ",
        b"{",
        b"}",
        b"/* ",
        b"\\n",
        b" : ",
        b"*nat\n",
        b"\xff",
        b"-g INPUT",
    ];
    let mut out = seed.to_vec();
    for _ in 0..=chance.below(6) {
        let at = chance.below(out.len());
        match chance.below(5) {
            0 => {
                out.truncate(at);
            }
            1 => {
                out.drain(..at.min(out.len()));
            }
            2 => {
                let word = WORDS[chance.below(WORDS.len())];
                out.splice(at..at, word.iter().copied());
            }
            3 => {
                let end = (at + chance.below(200)).min(out.len());
                let part = out[at..end].to_vec();
                let to = chance.below(out.len());
                out.splice(to..to, part);
            }
            _ => {
                if let Some(byte) = out.get_mut(at) {
                    *byte = u8::try_from(chance.below(256)).unwrap();
                }
            }
        }
    }
    out
}

fn inside(at: Span, bytes: &[u8]) {
    assert!(at.start <= at.end && at.end <= bytes.len() as u64, "{at} of {}", bytes.len());
}

fn check(ruleset: Ruleset, bytes: &[u8]) {
    for table in &ruleset.tables {
        inside(table.at, bytes);
        for chain in &table.chains {
            inside(chain.at, bytes);
            chain.rules.iter().for_each(|rule| inside(rule.at, bytes));
        }
    }
    let node = Node::of_addresses(["10.1.0.4".parse().unwrap()]);
    let budget = Budget { rules: 20_000, outcomes: 32 };
    let firewall = Firewall::new(vec![ruleset], IpSets::default(), node).with_budget(budget);
    let packet = Packet::tcp(
        Origin::SomeInterface,
        "10.1.0.5".parse().unwrap(),
        "10.1.0.4".parse().unwrap(),
        10250,
    );
    let outcomes = firewall.verdict(&packet).outcomes;
    assert!(!outcomes.is_empty());
    for outcome in outcomes {
        if let Some(decision) = outcome.decision {
            assert_eq!(outcome.path.get(decision.place), Some(&decision.step));
        }
    }
}

#[test]
fn every_parser_returns_and_every_verdict_ends() {
    let mut chance = Chance(0x6b6f_6e73_7065_6374);
    let seeds = seeds();
    assert!(seeds.len() > 20);
    for round in 0..400 {
        let seed = &seeds[chance.below(seeds.len())];
        let bytes =
            if round < seeds.len() { seeds[round].clone() } else { change(seed, &mut chance) };
        let source = Source::new(ArtifactId(0), &bytes);
        check(parse::iptables_save(source).value, &bytes);
        check(parse::iptables_list(source).value, &bytes);
        check(parse::nft_text(source).value, &bytes);
        check(parse::nft_json(source).value, &bytes);
        parse::ufw_status(source).value.rules.iter().for_each(|rule| inside(rule.at, &bytes));
        parse::ipset(source).value.sets.values().for_each(|set| inside(set.at, &bytes));
        for group in parse::nsg_rules(source).value {
            group.rules.iter().for_each(|rule| inside(rule.at, &bytes));
        }
    }
}

/// Chains that jump to each other, and a thousand uncertain rules, end within the budget.
#[test]
fn loops_and_forests_of_forks_end() {
    let mut text = String::from(
        "*filter\n:INPUT ACCEPT [0:0]\n:A - [0:0]\n:B - [0:0]\n-A INPUT -j A\n-A A -j B\n-A A -g B\n-A B -j A\n-A B -g A\nCOMMIT\n",
    );
    check(parse::iptables_save(Source::new(ArtifactId(0), text.as_bytes())).value, text.as_bytes());
    text = String::from("*filter\n:INPUT ACCEPT [0:0]\n");
    for number in 0..1_000 {
        let mark = 1 << (number % 32);
        writeln!(text, "-A INPUT -m strange --option {number} -j MARK --or-mark {mark:#x}")
            .unwrap();
    }
    text.push_str("COMMIT\n");
    check(parse::iptables_save(Source::new(ArtifactId(0), text.as_bytes())).value, text.as_bytes());
}

fn firewall(text: &str, times: usize, rules: u64) -> Firewall {
    let mut ruleset = parse::iptables_save(Source::new(ArtifactId(0), text.as_bytes())).value;
    // The first rule of the chain stands there so many times, as a dump of that size would have it.
    let chain = ruleset.tables.iter_mut().flat_map(|table| &mut table.chains).next().unwrap();
    let first = chain.rules.first().unwrap().clone();
    chain.rules.splice(..1, std::iter::repeat_n(first, times));
    let node = Node::of_addresses(["10.1.0.4".parse().unwrap()]);
    Firewall::new(vec![ruleset], IpSets::default(), node)
        .with_budget(Budget { rules, outcomes: 32 })
}

fn kubelet() -> Packet {
    let address = |text: &str| text.parse().unwrap();
    Packet::tcp(Origin::SomeInterface, address("10.1.0.5"), address("10.1.0.4"), 10250)
}

/// A million rules: those that cannot match are never looked at, and where each one is uncertain the
/// answer says that the budget ended.
#[test]
fn a_million_rules_take_bounded_work() {
    let others = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 192.0.2.1 -j ACCEPT\n-A INPUT -p tcp --dport 10250 -j DROP\nCOMMIT\n";
    let answer = firewall(others, 1_000_000, 16).verdict(&kubelet());
    let outcome = answer.certain().unwrap();
    assert_eq!(outcome.what, What::Drop);
    assert!(matches!(
        outcome.path.last().map(|step| &step.kind),
        Some(StepKind::Rule { number: 1_000_001, .. })
    ));
    let uncertain = others.replace("-s 192.0.2.1", "-m cpu --cpu 1");
    let answer = firewall(&uncertain, 1_000_000, 10_000).verdict(&kubelet());
    assert!(answer.certain().is_none());
    assert!(answer.outcomes.iter().any(|outcome| outcome.reasons.contains(&Unknown::Budget)));
}

/// Each chain jumps twice to the next one: two to the thirtieth ways, none of them ever decided.
#[test]
fn doubling_jumps_end_with_the_budget() {
    let mut text = String::from("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j C0\n");
    for chain in 0..30 {
        writeln!(text, "-A C{chain} -j C{next}\n-A C{chain} -j C{next}", next = chain + 1).unwrap();
    }
    text.push_str("-A C30 -m mark --mark 7 -j DROP\nCOMMIT\n");
    let answer = firewall(&text, 1, 50_000).verdict(&kubelet());
    assert_eq!(answer.what(), What::Unknown);
    assert!(answer.outcomes.iter().any(|outcome| outcome.reasons.contains(&Unknown::Budget)));
}
