//! Makes the report's plain data from ranked findings, in one language.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_bundle::{Span, Words, words};

use super::audit;
use super::collect::recipe_of;
use super::excerpt::Excerpts;
use super::{
    AboutCard, BundleCard, ClusterCard, DiagnosticCard, EffectCard, EvidenceCard, FORMAT,
    FindingCard, Health, InventoryCard, PoolCard, Report, RuledOutCard, State, StepCard,
    SubjectCard, TermCard, UncheckedCard, Verdict,
};
use super::{next, timeline};
use crate::facts::context::Platform;
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Evidence, Finding, Meta, Severity, Step, Subject};
use crate::language::Language;
use crate::model::client::CommandOutcome;
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
pub fn spans(ranked: &Ranked) -> Vec<Span> {
    let causes = ranked.causes.iter().flat_map(|cause| {
        std::iter::once(&cause.finding).chain(cause.explains.iter().map(|effect| &effect.finding))
    });
    let findings = causes.chain(&ranked.unexplained).chain(&ranked.aggravating);
    let cleared = ranked.ruled_out.iter().flat_map(|(_, evidence)| evidence);
    findings
        .flat_map(|finding| &finding.evidence)
        .chain(cleared)
        .map(|evidence| evidence.at)
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
    let verdict = cards.verdict(&causes, &unexplained);
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
        cluster: cluster(input.facts),
        bundle: bundle_card(&input),
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

struct Cards<'a> {
    input: &'a Input<'a>,
    language: &'a Language,
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
        card
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
            lines: excerpt.lines,
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

    fn table(&self, table: TableKind) -> String {
        self.language.label(&format!("table-{}", table.as_str()))
    }

    fn verdict(&self, causes: &[FindingCard], unexplained: &[FindingCard]) -> Verdict {
        let ranked = self.input.ranked;
        let first = ranked.causes.first();
        let (state, health, sentence) = match (causes.first(), first) {
            (Some(card), Some(cause)) => (
                State::CauseFound,
                health_of(cause),
                self.cause_sentence(
                    card,
                    // What nothing explains and is critical stands beside the causes.
                    causes.len() - 1
                        + unexplained
                            .iter()
                            .filter(|finding| finding.severity == Severity::Critical)
                            .count(),
                    cause.finding.onset,
                ),
            ),
            _ => self.no_cause(unexplained),
        };
        let explained: usize = causes.iter().map(|cause| cause.explains.len()).sum();
        let summary = self.language.say(&words!(
            "verdict-summary",
            causes = causes.len(),
            explained = explained,
            findings = causes.len() + explained + unexplained.len() + ranked.aggravating.len(),
            unexplained = unexplained.len()
        ));
        let effects = causes.first().map(|cause| &cause.explains);
        let failure = effects.and_then(|effects| {
            effects.iter().min_by_key(|effect| (effect.since.is_none(), effect.since.clone()))
        });
        Verdict {
            sentence,
            state,
            health,
            confidence: causes.first().map(|cause| cause.confidence),
            since: causes.first().and_then(|cause| cause.since.clone()),
            first_step: causes.first().and_then(|cause| cause.remedy.first().cloned()),
            root_cause: causes.first().map(|cause| cause.title.clone()),
            failure: failure.map(|effect| effect.title.clone()),
            effects: effects.and_then(|effects| self.effects_line(effects, failure)),
            summary,
            saw: self.input.collected.iter().map(|table| self.table(*table)).collect(),
            not_seen: self.not_seen(),
            banners: self.banners(),
        }
    }

    fn cause_sentence(&self, card: &FindingCard, more: usize, onset: Option<Timestamp>) -> String {
        let title = capital(&card.title);
        let mut sentence = match onset {
            Some(onset) => self.language.say(&words!(
                "verdict-since",
                title = &title,
                time = self.clock_text(onset)
            )),
            None => self.language.say(&words!("verdict-plain", title = &title)),
        };
        if more > 0 {
            let longer =
                self.language.say(&words!("verdict-more", sentence = &sentence, count = more));
            if longer.chars().count() <= 140 {
                sentence = longer;
            }
        }
        shorten(&sentence, 140)
    }

    /// `15:43 UTC` on the day of the collection, else with the date.
    fn clock_text(&self, time: Timestamp) -> String {
        let zoned = time.to_zoned(jiff::tz::TimeZone::UTC);
        let today =
            self.input.facts.context.now.map(|now| now.to_zoned(jiff::tz::TimeZone::UTC).date());
        if today == Some(zoned.date()) {
            zoned.strftime("%H:%M UTC").to_string()
        } else {
            zoned.strftime("%Y-%m-%d %H:%M UTC").to_string()
        }
    }

    fn no_cause(&self, unexplained: &[FindingCard]) -> (State, Health, String) {
        let worst = unexplained.iter().map(|finding| finding.severity).max();
        let telling = unexplained.iter().find(|finding| finding.severity == Severity::Critical);
        if let Some(finding) = telling {
            let sentence =
                self.language.say(&words!("verdict-symptoms", title = capital(&finding.title)));
            return (State::Undetermined, Health::Degraded, shorten(&sentence, 140));
        }
        let seen = self.input.collected.len();
        let core = [TableKind::Nodes, TableKind::Pods, TableKind::Events];
        let covered = core.iter().filter(|table| self.input.collected.contains(table)).count();
        if covered < 2 || seen < 5 {
            let saw: Vec<String> =
                self.input.collected.iter().map(|table| self.table(*table)).take(3).collect();
            let failed = self.input.facts.commands.ok().and_then(|commands| {
                let told =
                    |command: &&CommandOutcome| command.failed() && !command.error_text.is_empty();
                commands.iter().find(told)
            });
            let sentence = if saw.is_empty() {
                self.language.label("verdict-nothing-seen")
            } else if let Some(command) = failed {
                let lines = command.error_text.lines().rev();
                // A recorder's own lines (the prompt, the exit code) are not the error.
                let error = lines
                    .map(str::trim)
                    .find(|line| {
                        !line.is_empty()
                            && !line.starts_with(['$', '#'])
                            && !line.starts_with("exit")
                    })
                    .unwrap_or_default();
                self.language.say(&words!("verdict-failed-call", error = error))
            } else {
                self.language.say(&words!("verdict-poorly-covered", saw = saw.join(", ")))
            };
            return (State::Undetermined, Health::Unknown, shorten(&sentence, 140));
        }
        let nodes = self.input.facts.nodes.ok();
        let told =
            nodes.map_or(0, |nodes| nodes.iter().filter(|node| node.ready().is_some()).count());
        let ready = nodes.map_or(0, |nodes| {
            nodes.iter().filter(|node| node.ready() == Some(Status::True)).count()
        });
        let sentence = if told == 0 {
            self.language.say(&words!("verdict-healthy-untold", sources = seen))
        } else {
            self.language.say(&words!("verdict-healthy", sources = seen, ready = ready))
        };
        let health =
            if worst == Some(Severity::Warning) { Health::Degraded } else { Health::Healthy };
        (State::Healthy, health, shorten(&sentence, 140))
    }

    /// The kinds of effect beside the first failure, which has a box of its own.
    fn effects_line(&self, effects: &[EffectCard], failure: Option<&EffectCard>) -> Option<String> {
        let mut seen: BTreeSet<&str> = failure.iter().map(|effect| effect.rule.as_str()).collect();
        let titles: Vec<&str> = effects
            .iter()
            .filter(|effect| seen.insert(&effect.rule))
            .map(|effect| effect.title.as_str())
            .collect();
        let mut line = titles.iter().take(3).copied().collect::<Vec<_>>().join(" · ");
        if titles.len() > 3 {
            line = format!(
                "{line} · {}",
                self.language.say(&words!("and-more", count = titles.len() - 3))
            );
        }
        (!line.is_empty()).then_some(line)
    }

    /// Tables that some open rule waits for, the most wanted first.
    fn not_seen(&self) -> Vec<String> {
        let mut wanted: BTreeMap<TableKind, usize> = BTreeMap::new();
        for (_, missing) in &self.input.ranked.unchecked {
            for table in missing.iter().filter_map(|missing| missing.tables.first()) {
                *wanted.entry(*table).or_default() += 1;
            }
        }
        let mut wanted: Vec<_> =
            wanted.into_iter().filter(|(table, _)| !self.input.collected.contains(table)).collect();
        wanted.sort_by_key(|(table, count)| (std::cmp::Reverse(*count), *table));
        wanted.into_iter().map(|(table, _)| self.table(table)).collect()
    }

    fn banners(&self) -> Vec<String> {
        let bundle = &self.input.bundle;
        let mut banners = Vec::new();
        if bundle.cut_off {
            banners.push(self.language.label("banner-cut-off"));
        }
        if !bundle.tampered.is_empty() {
            banners
                .push(self.language.say(&words!("banner-tampered", count = bundle.tampered.len())));
        }
        let redacted: u64 = bundle.redactions.values().sum();
        if redacted > 0 {
            banners.push(self.language.say(&words!("banner-redacted", count = redacted)));
        }
        banners
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

fn points(points: i64) -> f64 {
    f64::from(i32::try_from(points).unwrap_or(i32::MAX))
}

fn health_of(cause: &Cause) -> Health {
    if cause.finding.severity == Severity::Critical { Health::Broken } else { Health::Degraded }
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

/// A sentence begins with a capital, but a name keeps its spelling.
fn capital(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    if !word.chars().all(char::is_alphabetic) {
        return text.to_owned();
    }
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

fn shorten(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let cut: String = text.chars().take(characters.saturating_sub(1)).collect();
    // A cut word misleads; only one that is longer than half of the line is cut itself.
    let whole = cut.rfind(' ').filter(|end| *end * 2 > cut.len()).and_then(|end| cut.get(..end));
    format!("{}…", whole.unwrap_or(&cut).trim_end())
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
        pool.agents += u64::from(agents.contains(&node.meta.name));
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
