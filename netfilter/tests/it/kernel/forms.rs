//! The same rules in every form in which the tools print them.

use std::collections::BTreeMap;

use konspect_bundle::{ArtifactId, Source};
use konspect_netfilter::evaluate::{Firewall, Outcome};
use konspect_netfilter::ipset::IpSets;
use konspect_netfilter::model::{Ruleset, Unknown};
use konspect_netfilter::packet::{Family, Packet};
use konspect_netfilter::parse;

use super::compare::difference;
use super::laboratory::{Laboratory, Seen, Told};
use super::rulesets::{Backend, RandomRuleset};
use super::{before, node, path, program};

/// Every other form in which the tools print these rules, by the command that makes it.
fn forms(laboratory: &Laboratory, ruleset: &RandomRuleset) -> Vec<(String, Ruleset)> {
    let run = |program: &str, words: &str| {
        let arguments: Vec<&str> = words.split(' ').collect();
        laboratory.run(program, &arguments, "").unwrap_or_default()
    };
    if ruleset.backend == Backend::Native {
        let text = run("nft", "-j -a list table inet t");
        let rules = parse::nft_json(Source::new(ArtifactId(0), text.as_bytes())).value;
        return vec![("nft -j".to_owned(), rules)];
    }
    let family = if ruleset.six { Family::Ipv6 } else { Family::Ipv4 };
    let tool = if ruleset.six { "ip6tables" } else { "iptables" };
    let back = program(ruleset, "");
    let back = back.trim_end_matches('-');

    let mut all = Vec::new();
    for how in ["-S", "-L -n -v --line-numbers", "-L -n", "-L -v -n -x", "-n -L --line-numbers"] {
        let mut text = String::new();
        for table in &ruleset.tables {
            let words = format!("-t {} {how}", table.name);
            text += &format!("# {tool} {words}\n{}", run(back, &words));
        }
        let from = Source::new(ArtifactId(0), text.as_bytes());
        let rules = if how == "-S" {
            parse::iptables_save_as(from, Some(family)).value
        } else {
            parse::iptables_list_as(from, Some(family), None).value
        };
        all.push((how.to_owned(), rules));
    }
    if ruleset.backend == Backend::Nft {
        let kind = if ruleset.six { "ip6" } else { "ip" };
        let text = run("nft", &format!("list ruleset {kind}"));
        let from = Source::new(ArtifactId(0), text.as_bytes());
        all.push(("nft".to_owned(), parse::nft_text(from).value));
        let text = run("nft", &format!("-j list ruleset {kind}"));
        let from = Source::new(ArtifactId(0), text.as_bytes());
        all.push(("nft -j".to_owned(), parse::nft_json(from).value));
    }
    all
}

/// The same packets asked of every other form of the rules: each gives what the kernel did, or does not
/// know.
pub(super) fn ask_forms(
    laboratory: &Laboratory,
    ruleset: &RandomRuleset,
    sent: &[(u16, Packet)],
    seen: &BTreeMap<u16, Seen>,
    sets: &IpSets,
) -> Option<String> {
    for (form, rules) in forms(laboratory, ruleset) {
        if rules.tables.is_empty() {
            continue;
        }
        let firewall = Firewall::new(vec![rules], sets.clone(), node());
        for (place, (number, packet)) in sent.iter().enumerate() {
            if !before(ruleset, sent, place).is_empty() {
                continue;
            }
            let outcomes = firewall.verdict(packet).outcomes;
            let seen = seen.get(number).cloned().unwrap_or_default();
            let twin = |(other, packet_of): &(u16, Packet)| {
                other != number && packet_of.source_port == packet.source_port
            };
            let fits = |outcome: &Outcome| {
                let lost =
                    outcome.reasons.iter().any(|why| matches!(why, Unknown::NotUnderstood(_)));
                lost || difference(packet, outcome, &seen).is_none()
            };
            let told_of_either = seen.told == Some(Told::Reset) && sent.iter().any(twin);
            if !told_of_either && !outcomes.iter().any(fits) {
                return Some(format!(
                    "{form}: packet {number}: {packet:?}\nseen {seen:?}\npath {}",
                    path(&outcomes)
                ));
            }
        }
    }
    None
}
