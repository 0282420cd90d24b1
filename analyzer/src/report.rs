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
mod node_way;
pub mod path;
mod timeline;
mod verdict;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::finding::{Confidence, Family, Risk, Role, Severity};
#[cfg(feature = "schema")]
use crate::language::Locale;

/// The version of this shape.
pub const FORMAT: u32 = 1;

/// A time stamp in the report: RFC 3339, UTC.
#[cfg(feature = "schema")]
const TIME: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$";

/// What `konspect analyze -o json` writes. Keys are added, never renamed or removed, within one format.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(title = "konspect report"))]
pub struct Report {
    /// The version of this shape.
    #[cfg_attr(feature = "schema", schemars(extend("const" = FORMAT)))]
    pub format: u32,
    /// The language of every sentence.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = Locale::ALL.map(Locale::as_str))))]
    pub lang: String,
    pub bundle: BundleCard,
    pub clock: ClockCard,
    pub verdict: Verdict,
    /// The most probable root cause first; empty on a healthy cluster.
    pub causes: Vec<FindingCard>,
    /// Findings that no cause accounts for.
    pub unexplained: Vec<FindingCard>,
    /// Findings that make others worse.
    pub aggravating: Vec<FindingCard>,
    pub ruled_out: Vec<RuledOutCard>,
    pub unchecked: Vec<UncheckedCard>,
    /// The smallest set of commands that would settle most of what is open, best first.
    pub next: Vec<NextCard>,
    pub timeline: Vec<TimelineEntry>,
    pub cluster: ClusterCard,
    /// The query results, when an audit log was there.
    #[cfg_attr(feature = "schema", schemars(with = "Option<audit::schema::Answers>"))]
    pub audit: Option<serde_json::Value>,
    pub diagnostics: Vec<DiagnosticCard>,
    /// Artefact kind → count and bytes.
    pub inventory: BTreeMap<String, InventoryCard>,
    pub about: AboutCard,
}

/// What was analysed.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// The bundle's own time: the end of the collection, else the newest time stamp in it; RFC 3339, UTC.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = TIME)))]
    pub collected: Option<String>,
    /// The collector, when a manifest names it.
    pub collector: Option<String>,
    /// Whether the archive ends before its declared end.
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NoDataCard {
    /// The lane of the time line.
    pub lane: String,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = TIME)))]
    pub from: String,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = TIME)))]
    pub until: String,
}

/// The one clock of the time line.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum State {
    CauseFound,
    Healthy,
    Undetermined,
}

/// The word, shape and colour of the verdict box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Health {
    Healthy,
    Unknown,
    Degraded,
    Broken,
}

/// What a tired reader needs first.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict {
    /// At most 140 characters.
    pub sentence: String,
    pub state: State,
    pub health: Health,
    pub confidence: Option<Confidence>,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = TIME)))]
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

/// What a finding is about.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SubjectCard {
    /// `Node`, `Pod`, `Client` …
    pub kind: String,
    pub name: String,
    pub namespace: Option<String>,
}

/// A cause, an unexplained finding, or an aggravating one.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FindingCard {
    /// Stable within the report: `c1`, `u2`, `a1`.
    pub id: String,
    /// `KSP2103`: never renamed, never reused.
    pub code: String,
    /// `port-10250-iptables`: completes "the outage is caused by …".
    pub rule: String,
    pub family: Family,
    pub subject: SubjectCard,
    /// One sentence.
    pub title: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub confidence_why: String,
    pub score: f64,
    /// What adds up to the score.
    pub terms: Vec<TermCard>,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = TIME)))]
    pub since: Option<String>,
    pub affected: u64,
    pub evidence: Vec<EvidenceCard>,
    /// The symptoms and lesser findings that this cause accounts for.
    pub explains: Vec<EffectCard>,
    pub remedy: Vec<StepCard>,
    /// What would settle or refute it.
    pub settles: Option<String>,
    /// What the affected have in common and the healthy do not.
    pub differs: Vec<String>,
    /// Title and path of the vendor's page in the reader's language; text, never a link.
    pub reference: Option<String>,
}

/// A part of a score.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TermCard {
    pub why: String,
    pub points: f64,
}

/// One place in the bundle and what it proves.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EvidenceCard {
    /// `E1`, `E2` … in the order of first mention.
    pub id: String,
    /// The file in the bundle.
    pub path: String,
    /// 1-based; null for binary and one-line JSON.
    pub line: Option<u64>,
    /// The first byte.
    pub start: u64,
    /// The byte after the last.
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

/// A line of an excerpt, with what is decisive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExcerptLine {
    /// 1-based; null in one-line JSON.
    pub number: Option<u64>,
    pub before: String,
    pub marked: String,
    pub after: String,
}

/// A finding that a cause accounts for.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EffectCard {
    pub code: String,
    pub rule: String,
    pub subject: SubjectCard,
    pub title: String,
    pub severity: Severity,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = TIME)))]
    pub since: Option<String>,
    pub affected: u64,
    /// The slug through which it follows: the cause itself, or another effect.
    pub because_of: String,
    pub evidence: Vec<EvidenceCard>,
}

/// Something to do.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StepCard {
    pub text: String,
    pub command: Option<String>,
    pub risk: Risk,
    pub undo: Option<String>,
}

/// A cause that was checked and excluded.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuledOutCard {
    pub code: String,
    pub rule: String,
    pub title: String,
    pub why: String,
    pub evidence: Vec<EvidenceCard>,
}

/// A rule that lacked its input.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UncheckedCard {
    pub code: String,
    pub rule: String,
    pub title: String,
    /// What was not collected.
    pub missing: String,
    /// The command or flag that would collect it.
    pub collect: String,
}

/// A command that would settle open questions.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// An event, or a state that lasted.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TimelineEntry {
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = TIME)))]
    pub at: String,
    /// The lane: `nodes`, `tunnel`, `pods`, `api`, `dns`, `platform`, `changes`.
    pub lane: String,
    /// The file in the bundle.
    pub source: String,
    pub line: Option<u64>,
    pub text: String,
    /// The code of a finding.
    pub finding: Option<String>,
    /// For states that last, null for moments; RFC 3339, UTC.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = TIME)))]
    pub until: Option<String>,
    pub count: u64,
}

/// The cluster at a glance.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClusterCard {
    pub pools: Vec<PoolCard>,
    /// Pods by phase or waiting reason.
    pub pods_by_state: BTreeMap<String, u64>,
    /// Nodes by kubelet version.
    pub versions: BTreeMap<String, u64>,
    /// The largest object types: `(resource, count)`, descending.
    pub object_counts: Vec<(String, u64)>,
    /// Requests by client, descending.
    pub api_load: Vec<ApiLoadCard>,
    /// Mean latency of user agents over time.
    pub latency: Vec<SeriesCard>,
    /// Pool × target reachability, when known.
    pub connectivity: Vec<ConnectivityCard>,
    /// A packet's way through a node's rules to the one that decides, for the packets that matter.
    pub path: Vec<PathCard>,
}

/// A node pool.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolCard {
    pub name: String,
    pub nodes: u64,
    pub ready: u64,
    pub version: String,
    pub vm_size: String,
    pub agents: u64,
}

/// Requests of a client.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApiLoadCard {
    pub client: String,
    pub verb: String,
    pub requests: u64,
    /// How long they took together.
    pub seconds: f64,
}

/// A series over time.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SeriesCard {
    pub name: String,
    pub unit: String,
    /// Time, RFC 3339, and value.
    pub points: Vec<(String, f64)>,
}

/// Who reaches what.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConnectivityCard {
    pub from: String,
    pub target: String,
    /// `open`, `dropped`, `rejected`, `unknown`.
    pub state: String,
    pub count: u64,
}

/// The way of one packet through the rules of one node.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PathCard {
    pub node: String,
    /// `TCP 10.224.0.7 → 10.224.0.4:10250`.
    pub packet: String,
    pub hops: Vec<HopCard>,
}

/// One rule that the packet met.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HopCard {
    /// `filter INPUT 7`.
    pub place: String,
    /// The rule as the bundle writes it.
    pub rule: String,
    /// The file and line that it stands in.
    pub path: String,
    pub line: Option<u64>,
    pub decides: bool,
    /// `ACCEPT`, `DROP`, `REJECT`, as the rule spells it; empty where it does not decide.
    pub verdict: String,
}

/// What is wrong with the bundle itself.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DiagnosticCard {
    /// `KSB0003`.
    pub code: String,
    pub path: String,
    pub line: Option<u64>,
    pub message: String,
}

/// Artefacts of one kind.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InventoryCard {
    pub count: u64,
    pub bytes: u64,
}

/// How the report came about.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AboutCard {
    pub version: String,
    pub rules_run: u64,
    pub rules_skipped: u64,
    pub rules_crashed: Vec<String>,
    /// Limits that acted, and what was shortened.
    pub limits: Vec<String>,
}

/// The JSON Schema of a report, made from these types.
#[cfg(feature = "schema")]
pub fn schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12()
        .for_serialize()
        .with_transform(schemars::transform::RecursiveTransform(without_format));
    settings.into_generator().into_root_schema_for::<Report>().to_value()
}

/// `uint64` and `double` are words of no standard.
#[cfg(feature = "schema")]
fn without_format(schema: &mut schemars::Schema) {
    schema.remove("format");
}
