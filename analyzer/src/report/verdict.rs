//! The verdict: one line, three boxes, and what it rests on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_bundle::words;

use super::build::Cards;
use super::{EffectCard, FindingCard, Health, State, StepCard, Verdict};
use crate::finding::{Confidence, Risk, Severity};
use crate::model::client::CommandOutcome;
use crate::model::kube::Status;
use crate::parse::TableKind;
use crate::rank::Cause;

impl Cards<'_> {
    pub(super) fn verdict(&self, causes: &[FindingCard], unexplained: &[FindingCard]) -> Verdict {
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
            first_step: causes.first().and_then(|cause| first_step(&cause.remedy)),
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
        let symptoms = |finding: &FindingCard| {
            let sentence =
                self.language.say(&words!("verdict-symptoms", title = capital(&finding.title)));
            (State::Undetermined, Health::Degraded, shorten(&sentence, 140))
        };
        if let Some(finding) =
            unexplained.iter().find(|finding| finding.severity == Severity::Critical)
        {
            return symptoms(finding);
        }
        let warning = Warnings::of(unexplained);
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
            } else if let Some(finding) = warning.first() {
                return symptoms(finding);
            } else if let Some(finding) = unsure(unexplained) {
                self.language.say(&words!(
                    "verdict-poorly-covered-but",
                    saw = saw.join(", "),
                    title = &finding.title
                ))
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
        let sentence = match (warning.first(), told) {
            (Some(finding), 0) => self.language.say(&words!(
                "verdict-no-cause-untold",
                sources = seen,
                title = &finding.title
            )),
            (Some(finding), _) => self.language.say(&words!(
                "verdict-no-cause",
                sources = seen,
                ready = ready,
                title = &finding.title
            )),
            (None, 0) => self.language.say(&words!("verdict-healthy-untold", sources = seen)),
            (None, _) => {
                self.language.say(&words!("verdict-healthy", sources = seen, ready = ready))
            }
        };
        let sentence = match unsure(unexplained).filter(|_| warning.first().is_none()) {
            Some(finding) => self.language.say(&words!(
                "verdict-look",
                sentence = sentence,
                title = &finding.title
            )),
            None => sentence,
        };
        let health = if unexplained.iter().any(|finding| finding.severity == Severity::Warning) {
            Health::Degraded
        } else {
            Health::Healthy
        };
        let state = if warning.of_cluster.is_some() { State::Undetermined } else { State::Healthy };
        (state, health, shorten(&sentence, 140))
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
        // What another collector, or an older one, never asked for is no news of the cluster.
        let ours = |name: &&str| {
            name.starts_with("konspect-collect") && name.ends_with(env!("CARGO_PKG_VERSION"))
        };
        if let Some(collector) = bundle.collector.as_deref().filter(|name| !ours(name)) {
            banners.push(self.language.say(&words!(
                "banner-collector",
                collector = collector,
                seen = self.input.collected.len(),
                all = TableKind::ALL.len()
            )));
        }
        let redacted: u64 = bundle.redactions.values().sum();
        if redacted > 0 {
            banners.push(self.language.say(&words!("banner-redacted", count = redacted)));
        }
        banners
    }
}

/// What nothing explains and is surely so, though not critical: writes that were refused, whoever is to blame.
struct Warnings<'r> {
    /// Forbids to call the cluster healthy.
    of_cluster: Option<&'r FindingCard>,
    /// The only application that crashes: its owner's affair, and seen on most healthy clusters.
    of_one_application: Option<&'r FindingCard>,
}

impl<'r> Warnings<'r> {
    fn of(unexplained: &'r [FindingCard]) -> Self {
        let sure = |finding: &&FindingCard| {
            let refused =
                finding.rule == "webhook-unreachable-blocks-writes" && finding.since.is_some();
            finding.severity == Severity::Warning
                && (finding.confidence >= Confidence::Likely || refused)
        };
        let crash = |finding: &&FindingCard| finding.rule == "container-crash-loop";
        let (crashes, others): (Vec<_>, Vec<_>) = unexplained.iter().filter(sure).partition(crash);
        let alone = crashes.len() == 1;
        let first = crashes.first().copied();
        Self {
            of_cluster: others.first().copied().or(first.filter(|_| !alone)),
            of_one_application: first.filter(|_| alone),
        }
    }

    fn first(&self) -> Option<&'r FindingCard> {
        self.of_cluster.or(self.of_one_application)
    }
}

/// What is worth a look and not sure: "nothing is wrong" must not stand above it.
fn unsure(unexplained: &[FindingCard]) -> Option<&FindingCard> {
    unexplained.iter().find(|finding| finding.severity == Severity::Warning)
}

fn health_of(cause: &Cause) -> Health {
    if cause.finding.severity == Severity::Critical { Health::Broken } else { Health::Degraded }
}

/// Programs that write their own names in small letters, at the beginning of a sentence too.
const PROGRAMS: [&str; 7] =
    ["iptables", "nftables", "ufw", "etcd", "kubelet", "containerd", "konnectivity"];

/// What can be pasted and changes nothing comes before advice without a command.
fn first_step(remedy: &[StepCard]) -> Option<StepCard> {
    let reads =
        remedy.iter().find(|step| step.command.is_some() && matches!(step.risk, Risk::Reads));
    let first = remedy.first()?;
    Some(if first.command.is_none() { reads.unwrap_or(first) } else { first }.clone())
}

/// A sentence begins with a capital, but a name keeps its spelling.
fn capital(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    if PROGRAMS.contains(&word) || !word.chars().all(char::is_alphabetic) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn step(text: &str, command: Option<&str>, risk: Risk) -> StepCard {
        StepCard { text: text.into(), command: command.map(str::to_owned), risk, undo: None }
    }

    #[test]
    fn the_first_step_can_be_pasted() {
        let advice = step("advice", None, Risk::Changes);
        let look = step("look", Some("kubectl get pods"), Risk::Reads);
        let delete = step("delete", Some("kubectl delete pod a"), Risk::Disrupts);
        let text = |steps: &[StepCard]| first_step(steps).map(|step| step.text);
        assert_eq!(text(&[advice.clone(), delete.clone(), look.clone()]).unwrap(), "look");
        // What disrupts is not moved before the advice that stands above it.
        assert_eq!(text(&[advice.clone(), delete.clone()]).unwrap(), "advice");
        assert_eq!(text(&[delete, advice, look]).unwrap(), "delete");
        assert_eq!(text(&[]), None);
    }
}
