//! Makes the report's plain data from ranked findings, in one language.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_bundle::{Span, Words, words};

use super::audit;
use super::collect::recipe_of;
use super::excerpt::Excerpts;
use super::{
    AboutCard, BundleCard, ClockCard, ClusterCard, DiagnosticCard, EffectCard, EvidenceCard,
    FORMAT, FindingCard, InventoryCard, NextCard, PoolCard, Report, RuledOutCard, SkewCard, State,
    StepCard, SubjectCard, TermCard, UncheckedCard,
};
use super::{coverage, next, node_way, timeline};
use crate::facts::context::Platform;
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Evidence, Family, Finding, Meta, Risk, Step, Subject};
use crate::language::Language;
use crate::model::kube::Status;
use crate::parse::TableKind;
use crate::rank::{Cause, Effect, Ranked};

/// Everything a report is made from.
pub struct Input<'a> {
    pub ranked: &'a Ranked,
    pub facts: &'a Facts,
    pub bundle: BundleCard,
    /// Labels of the artefacts, by id.
    pub paths: &'a [String],
    pub diagnostics: &'a [konspect_bundle::Diagnostic],
    pub inventory: BTreeMap<String, InventoryCard>,
    pub collected: &'a BTreeSet<TableKind>,
    pub excerpts: &'a Excerpts,
    pub rules_run: u64,
    pub audit: Option<serde_json::Value>,
}

/// Every span that the report will cite.
pub fn spans(facts: &Facts, ranked: &Ranked) -> Vec<Span> {
    let causes = ranked.causes.iter().flat_map(|cause| {
        std::iter::once(&cause.finding).chain(cause.explains.iter().map(|effect| &effect.finding))
    });
    let findings = causes.chain(&ranked.unexplained).chain(&ranked.aggravating);
    let cleared = ranked.ruled_out.iter().flat_map(|(_, evidence)| evidence);
    findings
        .flat_map(|finding| &finding.evidence)
        .chain(cleared)
        .map(|evidence| evidence.at)
        .chain(node_way::spans(&node_way::ways(facts, ranked)))
        .collect()
}

pub fn report(input: Input<'_>, language: &Language) -> Report {
    let mut cards = Cards { input: &input, language, evidence: BTreeMap::new() };
    let causes: Vec<FindingCard> = input
        .ranked
        .causes
        .iter()
        .enumerate()
        .map(|(index, cause)| cards.cause(index, cause))
        .collect();
    let unexplained = cards.findings("u", &input.ranked.unexplained);
    let aggravating = cards.findings("a", &input.ranked.aggravating);
    let ruled_out = input
        .ranked
        .ruled_out
        .iter()
        .map(|(meta, cleared)| cards.ruled_out(meta, cleared))
        .collect();
    let unchecked: Vec<UncheckedCard> = input
        .ranked
        .unchecked
        .iter()
        .map(|(meta, missing)| cards.unchecked(meta, missing))
        .collect();
    let next = next::commands(input.ranked, input.facts, language);
    let timeline =
        timeline::entries(input.ranked, input.facts, input.paths, input.excerpts, language);
    let mut verdict = cards.verdict(&causes, &unexplained);
    if verdict.state == State::Undetermined {
        verdict.first_step = next.first().map(|next| collect_first(next, language));
    }
    let begin = timeline.iter().filter_map(|entry| entry.at.parse::<Timestamp>().ok()).min();
    let (no_data, why) = coverage::holes(input.facts, begin);
    let clock = cards.clock(why);
    let diagnostics = cards.diagnostics();
    let about = AboutCard {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        rules_run: input.rules_run,
        rules_skipped: unchecked.len() as u64,
        rules_crashed: input
            .ranked
            .crashed
            .iter()
            .map(|(meta, text)| format!("{}: {text}", meta.slug))
            .collect(),
        limits: Vec::new(),
    };
    Report {
        format: FORMAT,
        lang: language.locale.as_str().to_owned(),
        cluster: ClusterCard {
            path: node_way::cards(
                &node_way::ways(input.facts, input.ranked),
                input.paths,
                input.excerpts,
            ),
            ..cluster(input.facts)
        },
        bundle: BundleCard { no_data, ..bundle_card(&input) },
        clock,
        verdict,
        causes,
        unexplained,
        aggravating,
        ruled_out,
        unchecked,
        next,
        timeline,
        audit: input.audit.clone(),
        diagnostics,
        inventory: input.inventory.clone(),
        about,
    }
}

pub(super) struct Cards<'a> {
    pub(super) input: &'a Input<'a>,
    pub(super) language: &'a Language,
    /// Numbers of citations already given.
    evidence: BTreeMap<Span, usize>,
}

impl Cards<'_> {
    fn cause(&mut self, index: usize, cause: &Cause) -> FindingCard {
        let mut card = self.finding(&format!("c{}", index + 1), &cause.finding);
        card.score = points(cause.score());
        card.terms = cause
            .terms
            .iter()
            .map(|term| TermCard { why: self.language.say(&term.why), points: points(term.points) })
            .collect();
        card.explains = cause.explains.iter().map(|effect| self.effect(effect)).collect();
        if card.settles.is_none() {
            card.settles = card.evidence.first().map(|first| self.refuted_by(first));
        }
        card
    }

    /// What would refute a cause whose rule does not say it: what shows it, taken anew, shows it no more.
    fn refuted_by(&self, first: &EvidenceCard) -> String {
        self.language.say(&words!("refuted-by", evidence = &first.id, path = &first.path))
    }

    fn findings(&mut self, prefix: &str, findings: &[Finding]) -> Vec<FindingCard> {
        findings
            .iter()
            .enumerate()
            .map(|(index, finding)| self.finding(&format!("{prefix}{}", index + 1), finding))
            .collect()
    }

    fn finding(&mut self, id: &str, finding: &Finding) -> FindingCard {
        let confidence_why = match finding.confidence {
            Confidence::Proven => "confidence-proven-why",
            Confidence::Likely => "confidence-likely-why",
            Confidence::Possible => "confidence-possible-why",
        };
        FindingCard {
            id: id.to_owned(),
            code: finding.meta.code.to_owned(),
            rule: finding.meta.slug.to_owned(),
            family: finding.meta.family,
            subject: subject(&finding.subject),
            title: self.language.say(&finding.title),
            severity: finding.severity,
            confidence: finding.confidence,
            confidence_why: self.language.label(confidence_why),
            score: 0.0,
            terms: Vec::new(),
            since: finding.onset.map(rfc3339),
            affected: finding.affected,
            evidence: self.citations(&finding.evidence),
            explains: Vec::new(),
            remedy: finding.remedy.iter().map(|step| self.step(step)).collect(),
            settles: finding.settles.as_ref().map(|words| self.language.say(words)),
            differs: finding.differs.iter().map(|words| self.language.say(words)).collect(),
            reference: reference(finding.meta.page),
        }
    }

    fn effect(&mut self, effect: &Effect) -> EffectCard {
        let finding = &effect.finding;
        EffectCard {
            code: finding.meta.code.to_owned(),
            rule: finding.meta.slug.to_owned(),
            subject: subject(&finding.subject),
            title: self.language.say(&finding.title),
            severity: finding.severity,
            since: finding.onset.map(rfc3339),
            affected: finding.affected,
            because_of: effect.because_of.to_owned(),
            evidence: self.citations(&finding.evidence),
        }
    }

    fn citations(&mut self, evidence: &[Evidence]) -> Vec<EvidenceCard> {
        evidence.iter().map(|evidence| self.citation(evidence)).collect()
    }

    fn citation(&mut self, evidence: &Evidence) -> EvidenceCard {
        let known = self.evidence.len() + 1;
        let number = *self.evidence.entry(evidence.at).or_insert(known);
        let excerpt = self.input.excerpts.of(evidence.at);
        let path =
            self.input.paths.get(evidence.at.artifact.0 as usize).cloned().unwrap_or_default();
        EvidenceCard {
            id: format!("E{number}"),
            tampered: self.input.bundle.tampered.contains(&path),
            path,
            line: excerpt.line,
            start: evidence.at.start,
            end: evidence.at.end,
            says: self.language.say(&evidence.says),
            role: evidence.role,
            excerpt: excerpt.text(),
            lines: excerpt.with_neighbours(),
        }
    }

    fn step(&self, step: &Step) -> StepCard {
        let mut text = self.language.say(&step.text);
        if step.unsafe_name {
            text = format!("{text} ({})", self.language.label("step-unsafe-name"));
        }
        StepCard { text, command: step.command.clone(), risk: step.risk, undo: step.undo.clone() }
    }

    fn ruled_out(&mut self, meta: &Meta, cleared: &[Evidence]) -> RuledOutCard {
        let evidence = self.citations(cleared);
        RuledOutCard {
            code: meta.code.to_owned(),
            rule: meta.slug.to_owned(),
            title: self.name_of(meta),
            why: evidence.iter().map(|card| card.says.clone()).collect::<Vec<_>>().join("; "),
            evidence,
        }
    }

    /// What the rule is about, without a subject: `rule-<slug>`.
    fn name_of(&self, meta: &Meta) -> String {
        let key = format!("rule-{}", meta.slug);
        if self.language.has(&key) {
            self.language.label(&key)
        } else if let Some(title) = meta.page.lines().next().filter(|_| meta.family == Family::User)
        {
            title.trim_start_matches("# ").to_owned()
        } else {
            meta.slug.replace('-', " ")
        }
    }

    fn unchecked(&self, meta: &Meta, missing: &[Missing]) -> UncheckedCard {
        let mut parts: Vec<String> = missing.iter().map(|missing| self.missing(missing)).collect();
        parts.dedup();
        let shown = parts.len().min(4);
        let mut text = parts.get(..shown).unwrap_or_default().join("; ");
        if parts.len() > shown {
            text = format!(
                "{text}; {}",
                self.language.say(&words!("and-more", count = parts.len() - shown))
            );
        }
        let table = missing.first().and_then(|missing| missing.tables.first().copied());
        UncheckedCard {
            code: meta.code.to_owned(),
            rule: meta.slug.to_owned(),
            title: self.name_of(meta),
            missing: text,
            collect: table.map(|table| recipe_of(table).command.to_owned()).unwrap_or_default(),
        }
    }

    fn missing(&self, missing: &Missing) -> String {
        let tables: Vec<String> = missing.tables.iter().map(|table| self.table(*table)).collect();
        let separator = format!(" {} ", self.language.label("or"));
        let mut text = tables.join(&separator);
        if !missing.node.is_empty() {
            text = self.language.say(&words!("missing-on-node", what = text, node = &missing.node));
        }
        if let Some((because, _)) = &missing.because {
            text = format!("{text} ({})", self.language.say(because));
        }
        text
    }

    pub(super) fn table(&self, table: TableKind) -> String {
        self.language.label(&format!("table-{}", table.as_str()))
    }

    /// How the time line's clock was made, what began first, and where it holds nothing.
    fn clock(&self, why: Vec<Words>) -> ClockCard {
        let ranked = self.input.ranked;
        let skews: Vec<SkewCard> = self
            .input
            .facts
            .skews
            .iter()
            .map(|skew| SkewCard {
                node: skew.node.clone(),
                seconds: skew.seconds,
                error_seconds: skew.error.unsigned_abs(),
                says: format!(
                    "{}. {}",
                    self.language.say(&skew.says()),
                    self.language.say(&words!("clock-corrected", error = skew.error))
                ),
                path: self
                    .input
                    .paths
                    .get(skew.at.artifact.0 as usize)
                    .cloned()
                    .unwrap_or_default(),
                start: skew.at.start,
            })
            .collect();
        let first_mover = ranked.first_mover.as_ref().map(|mover| {
            let (title, time) = (self.language.say(&mover.title), rfc3339(mover.at));
            let words = match mover.lead_seconds {
                Some(lead) if lead > 0 => {
                    let lead = format!("{:#}", jiff::SignedDuration::from_secs(lead));
                    words!("first-mover-lead", title = title, time = time, lead = lead)
                }
                _ => words!("first-mover", title = title, time = time),
            };
            self.language.say(&words)
        });
        let slack = self.language.say(&words!("clock-slack", seconds = ranked.slack_seconds));
        let notes = why
            .iter()
            .map(|words| self.language.say(words))
            .chain((!skews.is_empty()).then_some(slack))
            .collect();
        ClockCard { first_mover, skews, notes, slack_seconds: ranked.slack_seconds.unsigned_abs() }
    }

    fn diagnostics(&self) -> Vec<DiagnosticCard> {
        self.input
            .diagnostics
            .iter()
            .map(|diagnostic| DiagnosticCard {
                code: diagnostic.code.as_str().to_owned(),
                path: self
                    .input
                    .paths
                    .get(diagnostic.at.artifact.0 as usize)
                    .cloned()
                    .unwrap_or_default(),
                line: None,
                message: self
                    .language
                    .say(&Words { key: diagnostic.code.as_str(), args: diagnostic.args.clone() }),
            })
            .collect()
    }
}

/// Without a cause the first thing to do is to collect what would settle most.
fn collect_first(next: &NextCard, language: &Language) -> StepCard {
    StepCard {
        text: language.say(&words!("verdict-collect", tables = &next.why)),
        command: Some(next.command.clone()),
        // The debug Pod of a node is an object of the cluster for as long as it runs.
        risk: if next.rights.contains("create ") { Risk::Changes } else { Risk::Reads },
        undo: None,
    }
}

fn points(points: i64) -> f64 {
    f64::from(i32::try_from(points).unwrap_or(i32::MAX))
}

fn subject(subject: &Subject) -> SubjectCard {
    SubjectCard {
        kind: subject.kind.clone(),
        name: subject.name.clone(),
        namespace: (!subject.namespace.is_empty()).then(|| subject.namespace.clone()),
    }
}

/// RFC 3339 in UTC, whole seconds.
pub fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The line `Reference: …` of a rule's page.
fn reference(page: &str) -> Option<String> {
    page.lines().find_map(|line| line.strip_prefix("Reference: ")).map(str::to_owned)
}

fn bundle_card(input: &Input<'_>) -> BundleCard {
    let context = &input.facts.context;
    let mut card = input.bundle.clone();
    if card.cluster.is_empty() {
        card.cluster.clone_from(&context.cluster);
    }
    card.platform = match context.platform {
        Platform::Aks => "AKS".to_owned(),
        Platform::Other => "Kubernetes".to_owned(),
        Platform::Unknown => String::new(),
    };
    card.kubernetes_version.clone_from(&context.version);
    card.nodes = input.facts.nodes.ok().map(|nodes| nodes.len() as u64);
    card.pods = input.facts.pods.ok().map(|pods| pods.len() as u64);
    card.collected = card.collected.or_else(|| context.now.map(rfc3339));
    card
}

fn cluster(facts: &Facts) -> ClusterCard {
    let mut card = ClusterCard::default();
    let mut pools: BTreeMap<String, PoolCard> = BTreeMap::new();
    let agents = facts.tunnel.ok().map(crate::facts::Tunnel::nodes).unwrap_or_default();
    for node in facts.nodes.ok().into_iter().flat_map(crate::facts::Nodes::iter) {
        let name = node.pool().unwrap_or("").to_owned();
        let pool =
            pools.entry(name.clone()).or_insert_with(|| PoolCard { name, ..PoolCard::default() });
        pool.nodes += 1;
        pool.ready += u64::from(node.ready() == Some(Status::True));
        pool.version.clone_from(&node.kubelet_version);
        pool.agents += u64::from(agents.contains(node.meta.name.as_str()));
        if let Some(size) = node.meta.label("node.kubernetes.io/instance-type") {
            size.clone_into(&mut pool.vm_size);
        }
        *card.versions.entry(node.kubelet_version.clone()).or_default() += 1;
    }
    card.pools = pools.into_values().collect();
    for pod in facts.pods.ok().into_iter().flat_map(crate::facts::Pods::iter) {
        let waiting = pod.containers.iter().find_map(|container| container.state.waiting_reason());
        let state = if pod.reason.is_empty() { waiting.unwrap_or(&pod.phase) } else { &pod.reason };
        *card.pods_by_state.entry(state.to_owned()).or_default() += 1;
    }
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for count in facts.object_counts.ok().into_iter().flat_map(|counts| counts.iter()) {
        let known = counts.entry(count.resource.clone()).or_default();
        *known = (*known).max(count.count);
    }
    card.object_counts = counts.into_iter().collect();
    card.object_counts
        .sort_by_key(|(resource, count)| (std::cmp::Reverse(*count), resource.clone()));
    card.object_counts.truncate(20);
    if let Some(log) = facts.audit.ok() {
        (card.api_load, card.latency) = (audit::load(log), audit::latency(log));
    }
    card
}
