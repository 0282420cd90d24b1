//! What to ask next: the fewest commands that settle most of what is open, best first.
//!
//! A command's gain is what it would settle: each open rule counts by its severity, more when it could be the
//! cause of something that nothing explains yet. Commands are chosen one after another, each by what it adds.

use std::collections::{BTreeMap, BTreeSet};

use super::NextCard;
use super::collect::{Recipe, Way, recipe_of};
use crate::facts::{Facts, Missing, Nodes};
use crate::finding::{Confidence, Meta, Part, Risk, Scope, Severity};
use crate::language::Language;
use crate::parse::TableKind;
use crate::rank::{Ranked, graph};
use crate::shell;

/// So many commands are proposed.
const COMMANDS: usize = 3;
/// Nodes named in one command; more are asked by their state.
const NODES: usize = 5;
/// A list whose worth is less than this part of the best list's is left out.
const LITTLE: u64 = 10;
/// Points between two causes below which their order is no verdict.
const CLOSE: i64 = 10;

/// A command before it is told.
struct Ask {
    argv: Vec<String>,
    /// The collector's way to the same, which takes secrets out.
    collector: Vec<String>,
    answer: String,
    rights: BTreeSet<&'static str>,
    kib: u64,
    covers: BTreeSet<TableKind>,
    /// Findings that it settles beside open rules: codes with their weight.
    checks: BTreeMap<&'static str, u64>,
}

/// One open question: a rule and one table it lacks.
struct Open {
    code: &'static str,
    weight: u64,
    /// Any of these would do.
    tables: Vec<TableKind>,
    /// Tables the same rule lacks.
    parts: u64,
}

/// The next commands.
pub(super) fn commands(ranked: &Ranked, facts: &Facts, language: &Language) -> Vec<NextCard> {
    let mut open = open_questions(ranked);
    let mut asks = asks(&open, ranked, facts);
    let mut cards = Vec::new();
    while cards.len() < COMMANDS {
        let best = asks.iter().enumerate().max_by_key(|(place, ask)| {
            (gain(ask, &open), std::cmp::Reverse(ask.kib), std::cmp::Reverse(*place))
        });
        let Some((place, _)) = best.filter(|(_, ask)| gain(ask, &open) > 0) else { break };
        let ask = asks.remove(place);
        cards.push(card(&ask, &open, language));
        open.retain(|question| !answered(question, &ask));
    }
    cards
}

/// What each rule that could not be settled lacks, with what an answer is worth.
fn open_questions(ranked: &Ranked) -> Vec<Open> {
    let causes = ranked.causes.iter().map(|cause| &cause.finding).filter(|finding| {
        finding.confidence < Confidence::Proven || finding.meta.part == Part::CauseOrSymptom
    });
    // A rule has one answer to each open rule, however many thousands of findings it has.
    let mut suspects: BTreeMap<(&str, &str), (&Meta, usize)> = BTreeMap::new();
    for finding in ranked.unexplained.iter().chain(causes) {
        if finding.severity > Severity::Info {
            let meta = finding.meta;
            suspects.entry((meta.code, meta.slug)).or_insert((meta, 0)).1 += 1;
        }
    }
    let suspects: Vec<(&Meta, usize)> = suspects.into_values().collect();
    let mut open = Vec::new();
    for (meta, missing) in &ranked.unchecked {
        let parts = missing.len().max(1) as u64;
        let weight = weight(meta, &suspects);
        for Missing { tables, .. } in missing {
            open.push(Open { code: meta.code, weight, tables: tables.clone(), parts });
        }
    }
    open
}

fn weight(meta: &Meta, suspects: &[(&Meta, usize)]) -> u64 {
    let severity = match meta.severity {
        Severity::Critical => 3,
        Severity::Warning => 2,
        Severity::Info => 1,
    };
    let part = match meta.part {
        Part::Cause | Part::CauseOrSymptom => 2,
        Part::Symptom | Part::Aggravating => 1,
    };
    let explained = suspects.iter().filter(|(suspect, _)| graph::edge(meta, suspect).is_some());
    let findings: usize = explained.map(|(_, findings)| findings).sum();
    severity * part * (1 + 4 * findings.min(3) as u64)
}

/// Thousandths, so that a table that is half of what a rule lacks is half an answer.
fn gain(ask: &Ask, open: &[Open]) -> u64 {
    let settled =
        open.iter().filter(|question| answered(question, ask)).map(Open::worth).sum::<u64>();
    settled + ask.checks.values().map(|weight| weight * 1000).sum::<u64>()
}

impl Open {
    fn worth(&self) -> u64 {
        self.weight * 1000 / self.parts
    }
}

fn answered(question: &Open, ask: &Ask) -> bool {
    question.tables.iter().any(|table| ask.covers.contains(table))
}

/// Every command that could be asked: lists together, then one for each other way.
fn asks(open: &[Open], ranked: &Ranked, facts: &Facts) -> Vec<Ask> {
    let wanted: BTreeSet<TableKind> =
        open.iter().flat_map(|question| question.tables.iter().copied()).collect();
    let mut lists = Ask::new("objects.json");
    let mut resources: Vec<&str> = Vec::new();
    let worth = |table: TableKind| -> u64 {
        open.iter().filter(|question| question.tables.contains(&table)).map(Open::worth).sum()
    };
    let is_list = |table: &&TableKind| matches!(recipe_of(**table).way, Way::Lists(_));
    let best = wanted.iter().filter(is_list).map(|table| worth(*table)).max().unwrap_or(0);
    let mut by_answer: BTreeMap<&'static str, Ask> = BTreeMap::new();
    for table in wanted {
        let recipe = recipe_of(table);
        match recipe.way {
            // What adds little beside the best list is not worth its bytes and rights.
            Way::Lists(_) if worth(table) * LITTLE < best => {}
            Way::Lists(words) => {
                resources.extend(words);
                lists.add(table, recipe);
            }
            Way::Kubectl(answer, words) => {
                let ask = by_answer.entry(answer).or_insert_with(|| Ask::new(answer));
                ask.argv = std::iter::once("kubectl")
                    .chain(words.iter().copied())
                    .map(str::to_owned)
                    .collect();
                ask.add(table, recipe);
            }
            Way::Collector(answer, words) => {
                let ask = by_answer.entry(answer).or_insert_with(|| Ask::new(answer));
                ask.argv = collector(words, answer);
                ask.add(table, recipe);
                ask.kib = recipe.kib;
            }
            Way::Nodes => {
                let nodes = nodes(ranked, facts);
                let ask = by_answer.entry("nodes.zip").or_insert_with(|| Ask::new("nodes.zip"));
                ask.argv = collector(
                    &["--only", "nodes", "--nodes", &nodes, "--via", "debug"],
                    "nodes.zip",
                );
                ask.add(table, recipe);
                ask.kib = recipe.kib * nodes.split(',').count() as u64;
            }
            Way::ByHand => {}
        }
    }
    if !resources.is_empty() {
        let words = ["kubectl", "get", &resources.join(","), "-A", "-o", "json"];
        lists.argv = words.map(str::to_owned).to_vec();
        let only: Vec<&str> =
            resources.iter().flat_map(|resource| ["--only", entry_of(resource)]).collect();
        lists.collector = collector(&only, "objects.zip");
        by_answer.insert("objects.json", lists);
    }
    by_answer.into_values().chain(checks(ranked)).collect()
}

impl Ask {
    fn new(answer: &str) -> Self {
        Self {
            argv: Vec::new(),
            collector: Vec::new(),
            answer: answer.to_owned(),
            rights: BTreeSet::new(),
            kib: 0,
            covers: BTreeSet::new(),
            checks: BTreeMap::new(),
        }
    }

    fn add(&mut self, table: TableKind, recipe: Recipe) {
        self.covers.insert(table);
        self.rights.insert(recipe.rights);
        self.kib += recipe.kib;
    }
}

fn collector(words: &[&str], answer: &str) -> Vec<String> {
    let mut argv: Vec<String> =
        ["konspect-collect"].iter().chain(words).map(|word| (*word).to_owned()).collect();
    argv.extend(["-o".to_owned(), format!("{ANSWERS}{answer}")]);
    argv
}

/// The entry of the collector's profiles that lists a resource.
fn entry_of(resource: &'static str) -> &'static str {
    match resource {
        "validatingwebhookconfigurations" => "validating-webhooks",
        "mutatingwebhookconfigurations" => "mutating-webhooks",
        "prioritylevelconfigurations" => "prioritylevels",
        same => same,
    }
}

/// Where a script puts the answers, unless it is told another folder.
pub const ANSWERS: &str = "answers/";

/// The nodes that matter: those of unsettled findings, else those that are not ready, else a sample.
fn nodes(ranked: &Ranked, facts: &Facts) -> String {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for (_, missing) in &ranked.unchecked {
        names.extend(missing.iter().map(|missing| missing.node.as_str()));
    }
    let known = facts.nodes.ok();
    let touched: BTreeSet<&str> = ranked
        .causes
        .iter()
        .map(|cause| &cause.finding)
        .chain(&ranked.unexplained)
        .filter_map(|finding| match &finding.scope {
            Scope::Nodes(nodes) => Some(nodes),
            _ => None,
        })
        .flatten()
        .map(String::as_str)
        .collect();
    let unready: BTreeSet<&str> =
        known.into_iter().flat_map(Nodes::not_ready).map(|node| node.meta.name.as_str()).collect();
    let named: BTreeSet<&str> = [touched, unready.clone(), names]
        .into_iter()
        .map(|mut names| {
            names.retain(|name| is_node_name(name));
            names
        })
        .find(|names| !names.is_empty())
        .unwrap_or_default();
    if !named.is_empty() && named.len() <= NODES {
        return named.into_iter().collect::<Vec<_>>().join(",");
    }
    if unready.is_empty() { "sample=3".to_owned() } else { "unhealthy".to_owned() }
}

/// A DNS subdomain as RFC 1123 and Kubernetes have it.
fn is_node_name(name: &str) -> bool {
    let inner =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let edge = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= 253
        && name.bytes().all(inner)
        && name.bytes().next().is_some_and(edge)
        && name.bytes().next_back().is_some_and(edge)
}

/// For a cause that is not proven, or that another is close to: the read that its own rule proposes.
fn checks(ranked: &Ranked) -> Vec<Ask> {
    let scores: Vec<i64> = ranked.causes.iter().map(crate::rank::Cause::score).collect();
    let close = |place: usize| {
        let Some(score) = scores.get(place) else { return false };
        let others = scores.iter().enumerate().filter(|(other, _)| *other != place);
        others.into_iter().any(|(_, other)| (score - other).abs() <= CLOSE)
    };
    let mut asks: BTreeMap<Vec<String>, Ask> = BTreeMap::new();
    for (place, cause) in ranked.causes.iter().enumerate().take(3) {
        let finding = &cause.finding;
        let worth = match (finding.confidence, close(place)) {
            (Confidence::Proven, false) => continue,
            (Confidence::Proven, true) => 4,
            (_, false) => 6,
            (_, true) => 10,
        };
        let Some(argv) = finding.remedy.iter().find_map(|step| {
            (step.risk == Risk::Reads)
                .then(|| step.command.as_deref().and_then(plain_words))
                .flatten()
        }) else {
            continue;
        };
        let mut ask = Ask::new(&format!("check-{}.txt", asks.len() + 1));
        ask.rights.insert(right_of(&argv));
        ask.kib = 64;
        ask.argv.clone_from(&argv);
        asks.entry(argv).or_insert(ask).checks.insert(finding.meta.code, worth);
    }
    asks.into_values().collect()
}

/// The words of a kubectl command that needs no terminal, no shell and no quotes.
fn plain_words(command: &str) -> Option<Vec<String>> {
    let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
    let reads =
        matches!(words.get(1).map(String::as_str), Some("get" | "describe" | "logs" | "top"));
    let plain = words.iter().all(|word| shell::is_plain(word));
    (words.first().is_some_and(|word| word == "kubectl") && reads && plain).then_some(words)
}

/// What a read of kubectl's needs, as RBAC names it.
fn right_of(argv: &[String]) -> &'static str {
    match (argv.get(1).map(String::as_str), argv.get(2).map(String::as_str)) {
        (Some("logs"), _) => "get pods/log",
        (Some("top"), _) => "list metrics.k8s.io/*",
        (_, Some("node" | "nodes")) => "get nodes, list events",
        (_, Some("pod" | "pods")) => "get pods, list events",
        _ => "get, list",
    }
}

/// RBAC's words are the same in every language; other rights are told by their keys.
fn right_in(right: &str, language: &Language) -> String {
    if right.starts_with("right-") { language.label(right) } else { right.to_owned() }
}

fn card(ask: &Ask, open: &[Open], language: &Language) -> NextCard {
    let mut settles: BTreeSet<&str> = open
        .iter()
        .filter(|question| answered(question, ask))
        .map(|question| question.code)
        .collect();
    settles.extend(ask.checks.keys());
    let tables: Vec<String> = ask
        .covers
        .iter()
        .filter(|table| open.iter().any(|question| question.tables.contains(table)))
        .map(|table| language.label(&format!("table-{}", table.as_str())))
        .collect();
    let why = if tables.is_empty() { language.label("next-check") } else { tables.join(", ") };
    NextCard {
        command: ask.argv.iter().map(|word| shell::quoted(word)).collect::<Vec<_>>().join(" "),
        why,
        settles: settles.into_iter().map(str::to_owned).collect(),
        rights: ask
            .rights
            .iter()
            .map(|right| right_in(right, language))
            .collect::<Vec<_>>()
            .join("; "),
        bytes: ask.kib * 1024,
        gain: gain(ask, open).div_ceil(1000),
        argv: ask.argv.clone(),
        collector: ask.collector.clone(),
        answer: ask.answer.clone(),
    }
}
