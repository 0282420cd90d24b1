//! Every probe of the truth: verdict, answer, addresses after translation, deciding rule, path.

use std::path::PathBuf;

use konspect_bundle::{ArtifactId, Source};
use konspect_netfilter::evaluate::{
    Delivered, Firewall, Outcome, RouteKind, Step, StepKind, Translated, What,
};
use konspect_netfilter::ipset::IpSets;
use konspect_netfilter::model::{Policy, Ruleset, state};
use konspect_netfilter::packet::Family;
use konspect_netfilter::parse;
use serde_json::Value;

use crate::truth::{Case, cases, packet};

#[derive(Default)]
struct Score {
    probes: usize,
    verdicts: usize,
    decisions: usize,
    paths: usize,
    misses: Vec<String>,
}

fn source(bytes: &[u8]) -> Source<'_> {
    Source::new(ArtifactId(0), bytes)
}

fn folder(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "a test may be pointed at more truth")]
    std::env::var(name).ok()
}

/// What the kernel was told, with handles where the case has them.
fn ruleset(case: &Case) -> Ruleset {
    match case.truth["ruleset"].as_str().unwrap() {
        "rules.v6" => {
            parse::iptables_save_as(source(&case.file("rules.v6").unwrap()), Some(Family::Ipv6))
                .value
        }
        "rules.v4" => {
            parse::iptables_save_as(source(&case.file("rules.v4").unwrap()), Some(Family::Ipv4))
                .value
        }
        _ => {
            let text = case
                .file("dumps/nft-a-list-ruleset.txt")
                .or_else(|| case.file("rules.nft"))
                .unwrap();
            parse::nft_text(source(&text)).value
        }
    }
}

fn sets(case: &Case) -> IpSets {
    case.file("ipset.save").map(|text| parse::ipset(source(&text)).value).unwrap_or_default()
}

fn family(case: &Case) -> Family {
    if case.truth["family"] == "ipv6" { Family::Ipv6 } else { Family::Ipv4 }
}

fn outcomes(firewall: &Firewall, probe: &Value) -> Vec<Outcome> {
    let list = |name: &str| -> Vec<_> {
        probe[name].as_array().map(|all| all.iter().map(packet).collect()).unwrap_or_default()
    };
    firewall
        .verdict_after(
            &packet(&probe["packet"]),
            &list("conntrack_before"),
            &list("packets_before"),
        )
        .outcomes
}

fn translated(translated: Option<&Translated>) -> Option<String> {
    let translated = translated?;
    let port = if translated.random_port {
        None
    } else {
        translated.port.and_then(konspect_netfilter::packet::Ports::single)
    };
    Some(match (translated.address.is_ipv6(), port) {
        (true, Some(port)) => format!("[{}]:{port}", translated.address),
        (false, Some(port)) => format!("{}:{port}", translated.address),
        (_, None) => translated.address.to_string(),
    })
}

fn state_word(bits: u32) -> &'static str {
    match bits {
        state::NEW => "NEW",
        state::ESTABLISHED => "ESTABLISHED",
        state::RELATED => "RELATED",
        state::UNTRACKED => "UNTRACKED",
        _ => "INVALID",
    }
}

/// The difference between what was predicted and what was seen, if there is one.
fn difference(outcome: &Outcome, seen: &Value) -> Option<String> {
    let mut all = Vec::new();
    let mut check = |name: &str, got: Option<String>| {
        let want = seen[name].as_str().map(str::to_owned);
        if want != got {
            all.push(format!("{name}: want {want:?} got {got:?}"));
        }
    };
    let what = match outcome.what {
        What::Accept => "accept",
        What::Drop => "drop",
        What::Reject => "reject",
        What::Unknown => "unknown",
    };
    check("verdict", Some(what.to_owned()));
    check("reject_with", outcome.reject_word());
    check("dnat_to", translated(outcome.destination.as_ref()));
    // Of a range, the kernel takes any port; the recorded one has to be one of them.
    let any_port = outcome.source.is_some_and(|source| {
        let seen =
            seen["snat_to"].as_str().and_then(|seen| seen.parse::<std::net::SocketAddr>().ok());
        let range = source.port.filter(|ports| ports.single().is_none());
        seen.zip(range).is_some_and(|(seen, range)| {
            seen.ip() == source.address && (range.first..=range.last).contains(&seen.port())
        })
    });
    if !any_port {
        check("snat_to", translated(outcome.source.as_ref()));
    }
    if seen["ctstate"].is_string() {
        check("ctstate", outcome.state.map(|bits| state_word(bits).to_owned()));
    }
    let route = match outcome.route {
        RouteKind::Input => "input",
        RouteKind::Forward => "forward",
        RouteKind::Output => "output",
        RouteKind::PreroutingOnly => "prerouting-only",
    };
    check("route", Some(route.to_owned()));
    let delivered = outcome.delivered.as_ref().map(|delivered| match delivered {
        Delivered::Local(name) => format!("local {}", name.as_deref().unwrap_or("?")),
        Delivered::Wire(name) => format!("wire {}", name.as_deref().unwrap_or("?")),
    });
    let want = seen["delivered"]["to"]
        .as_str()
        .map(|to| format!("{to} {}", seen["delivered"]["iface"].as_str().unwrap_or("?")));
    if delivered != want {
        all.push(format!("delivered: want {want:?} got {delivered:?}"));
    }
    let mark =
        seen["mark_out"].as_str().map_or(0, |text| u32::from_str_radix(&text[2..], 16).unwrap());
    // A form that loses what a target changes says so; what it changed is then open.
    let open = outcome
        .reasons
        .iter()
        .any(|reason| matches!(reason, konspect_netfilter::model::Unknown::NotUnderstood(_)));
    if outcome.what == What::Accept && mark != outcome.mark && !open {
        all.push(format!("mark: want {mark:#x} got {:#x}", outcome.mark));
    }
    if let Some(ttl) = seen["ttl_out"].as_u64()
        && ttl != u64::from(outcome.ttl)
        && !open
    {
        all.push(format!("ttl: want {ttl} got {}", outcome.ttl));
    }
    if outcome.what == What::Accept && !open {
        let tos = seen["tos_out"].as_u64();
        if tos.is_some_and(|tos| tos != u64::from(outcome.tos)) {
            all.push(format!("tos: want {tos:?} got {}", outcome.tos));
        }
    }
    (!all.is_empty()).then(|| all.join("; "))
}

fn step_text(step: &Step, strict: bool) -> String {
    let mark = if step.mark_before == 0 || !strict {
        String::new()
    } else {
        format!(" mark {:#x}", step.mark_before)
    };
    match &step.kind {
        StepKind::Rule { number, target, goto, .. } => format!(
            "{} {} rule {number} {}{}{mark}",
            step.table,
            step.chain,
            target.as_deref().unwrap_or("null"),
            if *goto && strict { " goto" } else { "" }
        ),
        StepKind::Policy(policy) => format!(
            "{} {} policy {}{mark}",
            step.table,
            step.chain,
            if *policy == Some(Policy::Drop) { "DROP" } else { "ACCEPT" }
        ),
        StepKind::Return => format!("{} {} return{mark}", step.table, step.chain),
    }
}

fn seen_text(step: &Value, strict: bool) -> String {
    let mark = step["mark_before"]
        .as_str()
        .filter(|_| strict)
        .map(|mark| format!(" mark {mark}"))
        .unwrap_or_default();
    let (table, chain) = (step["table"].as_str().unwrap(), step["chain"].as_str().unwrap());
    if let Some(policy) = step["policy"].as_str() {
        return format!("{table} {chain} policy {}{mark}", policy.to_uppercase());
    }
    if let Some(number) = step["rule"].as_u64() {
        let goto = if step["goto"] == true && strict { " goto" } else { "" };
        return format!(
            "{table} {chain} rule {number} {}{goto}{mark}",
            step["target"].as_str().unwrap_or("null")
        );
    }
    if let Some(handle) = step["handle"].as_u64() {
        return format!("{table} {chain} handle {handle}");
    }
    format!("{table} {chain} return{mark}")
}

fn nft_text(step: &Step) -> Option<String> {
    match &step.kind {
        StepKind::Rule { handle, .. } => {
            Some(format!("{} {} handle {}", step.table, step.chain, handle.unwrap_or(0)))
        }
        StepKind::Return => None,
        StepKind::Policy(_) => Some(step_text(step, false)),
    }
}

fn paths(outcome: &Outcome, seen: &Value, native: bool) -> (Vec<String>, Vec<String>) {
    let got = outcome
        .path
        .iter()
        .filter_map(|step| if native { nft_text(step) } else { Some(step_text(step, true)) })
        .collect();
    let want = seen["path"]
        .as_array()
        .map(|all| all.iter().map(|step| seen_text(step, true)).collect())
        .unwrap_or_default();
    (got, want)
}

fn decisions(outcome: &Outcome, seen: &Value, native: bool) -> (Option<String>, Option<String>) {
    let got = outcome.decision.as_ref().and_then(|decision| {
        if native { nft_text(&decision.step) } else { Some(step_text(&decision.step, false)) }
    });
    let want = seen["decision"].is_object().then(|| seen_text(&seen["decision"], false));
    (got, want)
}

fn ask(case: &Case, score: &mut Score) {
    let native = case.truth["ruleset"] == "rules.nft";
    let firewall = Firewall::new(vec![ruleset(case)], sets(case), case.node());
    for (place, probe) in case.probes().iter().enumerate() {
        score.probes += 1;
        let got = outcomes(&firewall, probe);
        let seen = &probe["observed"];
        let mut wanted = vec![seen];
        if let Some(others) = probe["other_outcomes"].as_array() {
            wanted.extend(others);
        }
        let random = probe["random"] == true;
        if !random && got.len() != 1 {
            let reasons: Vec<_> = got.iter().flat_map(|outcome| &outcome.reasons).collect();
            score.misses.push(format!(
                "{} {place}: {} outcomes, {reasons:?}",
                case.name,
                got.len()
            ));
            continue;
        }
        let mut right = (true, true, true);
        for want in wanted {
            let fits = got
                .iter()
                .filter(|outcome| difference(outcome, want).is_none())
                .collect::<Vec<_>>();
            let Some(first) = fits.first() else {
                let why: Vec<_> =
                    got.iter().filter_map(|outcome| difference(outcome, want)).collect();
                let path: Vec<_> =
                    got.first().map(|o| paths(o, want, native).0).unwrap_or_default();
                score.misses.push(format!(
                    "{} {place}: verdict {}\n    packet {}\n    got  {path:?}\n    want {:?}",
                    case.name,
                    why.join(" | "),
                    probe["packet"],
                    got.first().map(|o| paths(o, want, native).1)
                ));
                right = (false, false, false);
                break;
            };
            // A rule whose comment holds "-j …" was recorded with a torn target, and without a decision.
            let torn = want["path"].as_array().is_some_and(|path| {
                path.iter()
                    .any(|step| step["target"].as_str().is_some_and(|target| target.ends_with('"')))
            });
            // Some native accepts were recorded without a decision: there is nothing to compare.
            let silent = native && want["verdict"] == "accept" && !want["decision"].is_object();
            if torn || silent {
                continue;
            }
            if !fits.iter().any(|outcome| {
                let (got, want) = decisions(outcome, want, native);
                got == want
            }) {
                let (got, want) = decisions(first, want, native);
                score.misses.push(format!(
                    "{} {place}: decision want {want:?} got {got:?}\n    packet {}",
                    case.name, probe["packet"]
                ));
                right.1 = false;
            }
            if !fits.iter().any(|outcome| {
                let (got, want) = paths(outcome, want, native);
                got == want
            }) {
                let (got, want) = paths(first, want, native);
                score.misses.push(format!(
                    "{} {place}: path\n    want {want:?}\n    got  {got:?}",
                    case.name
                ));
                right.2 = false;
            }
        }
        score.verdicts += usize::from(right.0);
        score.decisions += usize::from(right.1);
        score.paths += usize::from(right.2);
    }
}

fn run(root: &std::path::Path) -> Score {
    let mut score = Score::default();
    for case in cases(root) {
        ask(&case, &mut score);
    }
    println!(
        "netfilter truth: {} probes, {} verdicts, {} decisions, {} paths right",
        score.probes, score.verdicts, score.decisions, score.paths
    );
    for miss in &score.misses {
        println!("  {miss}");
    }
    score
}

#[test]
fn netfilter_truth() {
    let root = truth_folder();
    let score = run(&root);
    assert!(score.probes > 0, "no probes below {}", root.display());
    assert_eq!(score.verdicts, score.probes);
    assert_eq!(score.decisions, score.probes);
    assert!(score.paths * 100 >= score.probes * 99);
}

/// The folder of the truth: the one that the environment names, or the repository's own part.
pub(crate) fn truth_folder() -> PathBuf {
    if let Some(folder) = folder("KONSPECT_NETFILTER_TRUTH") {
        return PathBuf::from(folder);
    }
    if let Some(folder) = folder("KONSPECT_TRUTH") {
        return PathBuf::from(folder).join("netfilter");
    }
    eprintln!(
        "KONSPECT_NETFILTER_TRUTH and KONSPECT_TRUTH are unset: only the repository's own cases are asked"
    );
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testdata/netfilter")
}

/// How a dump of a case is read, by the command that made it.
fn form(name: &str, text: &[u8], family: Family) -> Option<Ruleset> {
    let source = source(text);
    if name.contains("-save-c") || name.contains("-S.") {
        return Some(parse::iptables_save_as(source, Some(family)).value);
    }
    if name.contains("tables-L") {
        return Some(parse::iptables_list_as(source, Some(family), None).value);
    }
    if name.contains("list-ruleset.txt") {
        return Some(parse::nft_text(source).value);
    }
    if name.contains("list-ruleset.json") {
        return Some(parse::nft_json(source).value);
    }
    None
}

/// Every form of a ruleset gives what the kernel did, or says that it may be otherwise; `change` is what
/// became of the text on its way.
fn ask_forms(root: &std::path::Path, change: fn(&[u8]) -> Vec<u8>) -> (usize, usize, Vec<String>) {
    let (mut asked, mut certain, mut wrong) = (0, 0, Vec::new());
    for case in cases(root) {
        let Ok(entries) = std::fs::read_dir(case.folder.join("dumps")) else { continue };
        let mut names: Vec<_> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        for name in names {
            let text = change(&case.file(&format!("dumps/{name}")).unwrap());
            let Some(ruleset) = form(&name, &text, family(&case)) else { continue };
            // Of what nothing could be read, nothing is claimed: a host without rules says unknown.
            if ruleset.tables.is_empty() {
                asked += case.probes().len();
                continue;
            }
            let firewall = Firewall::new(vec![ruleset], sets(&case), case.node());
            for (place, probe) in case.probes().iter().enumerate() {
                if probe["random"] == true {
                    continue;
                }
                asked += 1;
                let got = outcomes(&firewall, probe);
                let fits = got.iter().any(|outcome| {
                    outcome.what == What::Unknown
                        || difference(outcome, &probe["observed"]).is_none()
                });
                certain += usize::from(got.len() == 1 && fits);
                if !fits {
                    let why =
                        got.first().and_then(|outcome| difference(outcome, &probe["observed"]));
                    let path: Vec<_> = got
                        .first()
                        .map(|outcome| {
                            outcome.path.iter().map(|step| step_text(step, true)).collect()
                        })
                        .unwrap_or_default();
                    wrong.push(format!(
                        "{} {name} {place}: {why:?} {path:?} want {}",
                        case.name, probe["observed"]["path"]
                    ));
                }
            }
        }
    }
    (asked, certain, wrong)
}

#[test]
fn all_forms_agree_or_do_not_know() {
    let root = truth_folder();
    let (asked, certain, wrong) = ask_forms(&root, <[u8]>::to_vec);
    println!("forms: {asked} questions, {certain} with one answer, {} wrong", wrong.len());
    for line in &wrong {
        println!("  FORM {line}");
    }
    if asked == 0 {
        eprintln!("no dumps in {}", root.display());
    }
    assert_eq!(wrong.len(), 0);
}

/// A damage, by name.
type Damage = (&'static str, fn(&[u8]) -> Vec<u8>);

fn each_byte(text: &[u8], change: impl Fn(u8) -> &'static [u8]) -> Vec<u8> {
    text.iter().fold(Vec::with_capacity(text.len()), |mut out, byte| {
        match change(*byte) {
            b"" => out.push(*byte),
            other => out.extend_from_slice(other),
        }
        out
    })
}

#[test]
fn damaged_dumps_give_what_they_can_and_never_another_answer() {
    let damages: [Damage; 3] = [
        ("carriage returns", |text| {
            each_byte(text, |byte| if byte == b'\n' { b"\r\n" } else { b"" })
        }),
        ("tabs lost", |text| each_byte(text, |byte| if byte == b'\t' { b" " } else { b"" })),
        ("all on one line", |text| each_byte(text, |byte| if byte == b'\n' { b" " } else { b"" })),
    ];
    let root = truth_folder();
    for (name, damage) in damages {
        let (asked, certain, wrong) = ask_forms(&root, damage);
        println!("{name}: {asked} questions, {certain} with one answer, {} wrong", wrong.len());
        for line in wrong.iter().take(5) {
            println!("  DAMAGED {}", line.chars().take(600).collect::<String>());
        }
        assert_eq!(wrong.len(), 0, "{name}");
    }
}
