//! The report: plain data in the reader's language, from which every output is made.
//!
//! The keys that `docs/report.schema.json` promises are never renamed; more may be added.

pub mod audit;
pub mod build;
pub mod collect;
mod coverage;
pub mod excerpt;
mod moments;
pub mod next;
pub mod path;
mod timeline;
mod verdict;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::finding::{Confidence, Family, Risk, Role, Severity};

/// The version of this shape.
pub const FORMAT: u32 = 1;

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub format: u32,
    /// `en`, `ko`, `it`.
    pub lang: String,
    pub bundle: BundleCard,
    pub clock: ClockCard,
    pub verdict: Verdict,
    /// The most probable root cause first; empty on a healthy cluster.
    pub causes: Vec<FindingCard>,
    /// Findings that no cause accounts for.
    pub unexplained: Vec<FindingCard>,
    pub aggravating: Vec<FindingCard>,
    pub ruled_out: Vec<RuledOutCard>,
    pub unchecked: Vec<UncheckedCard>,
    /// The smallest set of commands that would settle most of what is open, best first.
    pub next: Vec<NextCard>,
    pub timeline: Vec<TimelineEntry>,
    pub cluster: ClusterCard,
    pub audit: Option<serde_json::Value>,
    pub diagnostics: Vec<DiagnosticCard>,
    /// Artefact kind → count and bytes.
    pub inventory: BTreeMap<String, InventoryCard>,
    pub about: AboutCard,
}

/// What was analysed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BundleCard {
    /// The file or folder name, never a path of the analyst's machine.
    pub name: String,
    /// `directory`, `zip`, `tar.gz` … or `konspect bundle`.
    pub kind: String,
    /// Of a single-file archive; hex.
    pub sha256: Option<String>,
    pub cluster: String,
    /// `AKS`, `Kubernetes`.
    pub platform: String,
    pub kubernetes_version: String,
    pub nodes: Option<u64>,
    pub pods: Option<u64>,
    /// The bundle's own time: the end of the collection, else the newest time stamp in it; RFC 3339 UTC.
    pub collected: Option<String>,
    /// The collector, when a manifest names it.
    pub collector: Option<String>,
    /// How much of the archive was there, when it is cut off: a percentage of its declared size, if known.
    pub cut_off: bool,
    /// Members that differ from the manifest.
    pub tampered: Vec<String>,
    /// Stretches of time of which the bundle holds no data, though a source covers them.
    pub no_data: Vec<NoDataCard>,
    /// How many values were redacted, by kind, as the manifest says.
    pub redactions: BTreeMap<String, u64>,
}

/// A hole in the time line: a log that was rotated away, an audit log that begins late.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NoDataCard {
    /// The lane of the time line.
    pub lane: String,
    /// RFC 3339 UTC.
    pub from: String,
    pub until: String,
}

/// The one clock of the time line.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ClockCard {
    /// What began first, in a sentence; absent when nothing of the cause has a time.
    pub first_mover: Option<String>,
    /// Clocks that are off; what they wrote is corrected.
    pub skews: Vec<SkewCard>,
    /// Where the time line holds nothing and why, and what counts as simultaneous.
    pub notes: Vec<String>,
    /// Seconds within which times of cause and effect count as the same.
    pub slack_seconds: u64,
}

/// A node whose clock is not the API server's.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SkewCard {
    pub node: String,
    /// Ahead when positive.
    pub seconds: i64,
    pub error_seconds: u64,
    /// What shows it, and that it was corrected.
    pub says: String,
    pub path: String,
    /// The byte of the line that shows it.
    pub start: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    CauseFound,
    Healthy,
    Undetermined,
}

/// The word, shape and colour of the verdict box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    Healthy,
    Unknown,
    Degraded,
    Broken,
}

#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// ≤ 140 characters.
    pub sentence: String,
    pub state: State,
    pub health: Health,
    pub confidence: Option<Confidence>,
    /// Since when, RFC 3339 UTC.
    pub since: Option<String>,
    /// The first thing to do.
    pub first_step: Option<StepCard>,
    /// The three boxes; absent when there is no cause.
    pub root_cause: Option<String>,
    pub failure: Option<String>,
    pub effects: Option<String>,
    /// "1 cause explains 44 of 47 findings · …".
    pub summary: String,
    /// What was seen, and what was not, in short names.
    pub saw: Vec<String>,
    pub not_seen: Vec<String>,
    /// Banners: cut archive, tampered members, redaction, old collector.
    pub banners: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct SubjectCard {
    pub kind: String,
    pub name: String,
    pub namespace: Option<String>,
}

/// A cause, an unexplained finding, or an aggravating one.
#[derive(Clone, Debug, Serialize)]
pub struct FindingCard {
    /// Stable within the report: `c1`, `u2`, `a1`.
    pub id: String,
    pub code: String,
    pub rule: String,
    pub family: Family,
    pub subject: SubjectCard,
    pub title: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub confidence_why: String,
    pub score: f64,
    pub terms: Vec<TermCard>,
    pub since: Option<String>,
    pub affected: u64,
    pub evidence: Vec<EvidenceCard>,
    pub explains: Vec<EffectCard>,
    pub remedy: Vec<StepCard>,
    /// What would settle or refute it.
    pub settles: Option<String>,
    /// What the affected have in common and the healthy do not.
    pub differs: Vec<String>,
    /// Title and path of the vendor's page in the reader's language; text, never a link.
    pub reference: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct TermCard {
    pub why: String,
    pub points: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct EvidenceCard {
    /// `E1`, `E2` … in the order of first mention.
    pub id: String,
    pub path: String,
    /// 1-based; absent for binary and one-line JSON.
    pub line: Option<u64>,
    pub start: u64,
    pub end: u64,
    pub says: String,
    pub role: Role,
    /// The cited text, at most eight lines and 2,000 characters.
    pub excerpt: String,
    /// The excerpt by line, with what is decisive.
    pub lines: Vec<ExcerptLine>,
    /// The line of the decisive text is in a member that differs from the manifest.
    pub tampered: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExcerptLine {
    /// 1-based; absent in one-line JSON.
    pub number: Option<u64>,
    pub before: String,
    pub marked: String,
    pub after: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct EffectCard {
    pub code: String,
    pub rule: String,
    pub subject: SubjectCard,
    pub title: String,
    pub severity: Severity,
    pub since: Option<String>,
    pub affected: u64,
    /// The slug through which it follows: the cause itself, or another effect.
    pub because_of: String,
    pub evidence: Vec<EvidenceCard>,
}

#[derive(Clone, Debug, Serialize)]
pub struct StepCard {
    pub text: String,
    pub command: Option<String>,
    pub risk: Risk,
    pub undo: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct RuledOutCard {
    pub code: String,
    pub rule: String,
    pub title: String,
    pub why: String,
    pub evidence: Vec<EvidenceCard>,
}

#[derive(Clone, Debug, Serialize)]
pub struct UncheckedCard {
    pub code: String,
    pub rule: String,
    pub title: String,
    pub missing: String,
    pub collect: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct NextCard {
    pub command: String,
    pub why: String,
    /// Codes of the rules it would settle.
    pub settles: Vec<String>,
    pub rights: String,
    /// About how much it answers, on a cluster of some dozen nodes.
    pub bytes: u64,
    /// What its answer is worth: open rules by severity, more for those that could be behind what nothing explains.
    pub gain: u64,
    /// The command's words, for scripts.
    pub argv: Vec<String>,
    /// The words of the collector's command that gives the same with secrets taken out; empty where there is none.
    pub collector: Vec<String>,
    /// The file of the answer, in the folder of the answers.
    pub answer: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct TimelineEntry {
    /// RFC 3339 UTC.
    pub at: String,
    /// The lane: `nodes`, `tunnel`, `pods`, `api`, `dns`, `platform`, `changes`.
    pub lane: String,
    pub source: String,
    pub line: Option<u64>,
    pub text: String,
    pub finding: Option<String>,
    /// For states that last; absent for moments.
    pub until: Option<String>,
    pub count: u64,
}

/// The cluster at a glance.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ClusterCard {
    pub pools: Vec<PoolCard>,
    /// Pods by phase or waiting reason.
    pub pods_by_state: BTreeMap<String, u64>,
    pub versions: BTreeMap<String, u64>,
    /// The largest object types: `(resource, count)`, descending.
    pub object_counts: Vec<(String, u64)>,
    /// Requests by client, descending: `(client, verb, requests)`.
    pub api_load: Vec<ApiLoadCard>,
    /// Mean latency by client in bins: `(client, [(RFC 3339, milliseconds)])`.
    pub latency: Vec<SeriesCard>,
    /// Pool × target reachability, when known.
    pub connectivity: Vec<ConnectivityCard>,
    /// A packet's way through a node's rules to the one that decides, for the packets that matter.
    pub path: Vec<PathCard>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct PoolCard {
    pub name: String,
    pub nodes: u64,
    pub ready: u64,
    pub version: String,
    pub vm_size: String,
    pub agents: u64,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct ApiLoadCard {
    pub client: String,
    pub verb: String,
    pub requests: u64,
    pub seconds: f64,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct SeriesCard {
    pub name: String,
    pub unit: String,
    pub points: Vec<(String, f64)>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct ConnectivityCard {
    pub from: String,
    pub target: String,
    /// `open`, `dropped`, `rejected`, `unknown`.
    pub state: String,
    pub count: u64,
}

/// The way of one packet through the rules of one node.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PathCard {
    pub node: String,
    /// `TCP 10.224.0.7 → 10.224.0.4:10250`.
    pub packet: String,
    pub hops: Vec<HopCard>,
}

/// One rule that the packet met.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HopCard {
    /// `filter INPUT 7`.
    pub place: String,
    /// The rule as the bundle writes it.
    pub rule: String,
    pub decides: bool,
    /// `ACCEPT`, `DROP`, `REJECT`, as the rule spells it; empty where it does not decide.
    pub verdict: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct DiagnosticCard {
    pub code: String,
    pub path: String,
    pub line: Option<u64>,
    pub message: String,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct InventoryCard {
    pub count: u64,
    pub bytes: u64,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct AboutCard {
    pub version: String,
    pub rules_run: u64,
    pub rules_skipped: u64,
    pub rules_crashed: Vec<String>,
    /// Limits that acted, and what was shortened.
    pub limits: Vec<String>,
}
