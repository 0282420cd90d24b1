//! The shared words of rules, ranking and report: a finding, its evidence, its remedy.
//!
//! There is no finding without a line: the constructor takes the primary evidence.

use std::collections::BTreeSet;

use jiff::Timestamp;
use konspect_bundle::{Span, Words};
use serde::Serialize;

/// What a rule is, as a constant beside its code.
#[derive(Debug, PartialEq, Eq)]
pub struct Meta {
    /// `KSP2103`. Never renamed, never reused.
    pub code: &'static str,
    /// Completes "the outage is caused by …", or for a symptom "the cluster shows …".
    pub slug: &'static str,
    pub family: Family,
    pub part: Part,
    pub severity: Severity,
    /// The rule's page, Markdown.
    pub page: &'static str,
    /// Slugs of what it can bring about, of what can bring it about: a user's additions to the causal map.
    pub explains: &'static [&'static str],
    pub explained_by: &'static [&'static str],
}

/// The part a rule's findings can play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Can only be a root cause.
    Cause,
    /// Only ever a symptom: explained by a cause, or listed as unexplained.
    Symptom,
    /// A root cause where nothing explains it, a symptom otherwise.
    CauseOrSymptom,
    /// Makes others worse, never a root by itself.
    Aggravating,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Family {
    Path,
    Tunnel,
    #[serde(rename = "apiserver")]
    ApiServer,
    Etcd,
    Node,
    Dns,
    Workload,
    Platform,
    Identity,
    // A user's own rules.
    User,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Critical,
}

/// Certainty in three words, never a percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Possible,
    Likely,
    Proven,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Primary,
    Supporting,
    Contrary,
}

/// One line of the bundle and what it proves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    pub at: Span,
    pub says: Words,
    pub role: Role,
}

/// What a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// A Kubernetes kind, or `Client`, `Cluster`, `NetworkSecurityGroup`, `PublicIP` …
    pub kind: String,
    /// Empty for what has no namespace.
    pub namespace: String,
    pub name: String,
}

impl Subject {
    pub fn new(kind: &str, namespace: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() }
    }

    pub fn node(name: &str) -> Self {
        Self::new("Node", "", name)
    }

    pub fn cluster(name: &str) -> Self {
        Self::new("Cluster", "", name)
    }
}

/// Which part of the cluster a finding touches: causes explain effects that overlap with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// The whole cluster, or what cannot be narrowed.
    #[default]
    Cluster,
    Nodes(BTreeSet<String>),
    /// Objects of one namespace.
    Namespace(String),
    /// One client of the API server, or the machine that ran kubectl.
    Client(String),
    /// One object, named `kind/namespace/name`; overlaps only with itself, its namespace and the cluster.
    Object {
        namespace: String,
        name: String,
    },
}

/// What a command does to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    Reads,
    Changes,
    Disrupts,
}

/// One thing to do. Commands come from [`crate::shell::command`], which quotes names from the bundle
/// and refuses those that no cluster can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub text: Words,
    pub command: Option<String>,
    /// A command would carry a name that is not safe to paste.
    pub unsafe_name: bool,
    pub risk: Risk,
    pub undo: Option<String>,
}

impl Step {
    pub fn new(text: Words) -> Self {
        Self { text, command: None, unsafe_name: false, risk: Risk::Reads, undo: None }
    }

    /// `command` is [`crate::shell::command`]'s answer.
    #[must_use]
    pub fn run(mut self, risk: Risk, command: Option<String>) -> Self {
        self.unsafe_name = command.is_none();
        self.command = command;
        self.risk = risk;
        self
    }

    #[must_use]
    pub fn undone_by(mut self, command: Option<String>) -> Self {
        self.undo = command;
        self
    }
}

/// A fault that a rule found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub meta: &'static Meta,
    pub subject: Subject,
    pub title: Words,
    pub severity: Severity,
    pub confidence: Confidence,
    /// When it began, as far as the evidence tells.
    pub onset: Option<Timestamp>,
    /// When it was last seen: a fault that ended before its alleged effects began explains none.
    pub last_seen: Option<Timestamp>,
    pub scope: Scope,
    /// How many objects it touches (Pods, Nodes, requests), for "41 Pods".
    pub affected: u64,
    pub evidence: Vec<Evidence>,
    pub remedy: Vec<Step>,
    /// What would settle a finding that is not proven, or refute one that is.
    pub settles: Option<Words>,
    /// For rules that are cause or symptom by circumstance: true when the evidence itself says that it
    /// started by itself (somebody scaled to zero, the kubelet was stopped by hand).
    pub self_caused: bool,
    /// What the affected have in common and the healthy do not.
    pub differs: Vec<Words>,
}

impl Meta {
    /// A finding with its primary evidence; `Likely` unless raised or lowered.
    pub fn finding(
        &'static self,
        subject: Subject,
        title: Words,
        at: Span,
        says: Words,
    ) -> Finding {
        Finding {
            meta: self,
            subject,
            title,
            severity: self.severity,
            confidence: Confidence::Likely,
            onset: None,
            last_seen: None,
            scope: Scope::Cluster,
            affected: 1,
            evidence: vec![Evidence { at, says, role: Role::Primary }],
            remedy: Vec::new(),
            settles: None,
            self_caused: false,
            differs: Vec::new(),
        }
    }
}

impl Finding {
    #[must_use]
    pub fn supported_by(mut self, at: Span, says: Words) -> Self {
        self.evidence.push(Evidence { at, says, role: Role::Supporting });
        self
    }

    #[must_use]
    pub fn contradicted_by(mut self, at: Span, says: Words) -> Self {
        self.evidence.push(Evidence { at, says, role: Role::Contrary });
        self
    }

    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    #[must_use]
    pub fn since(mut self, onset: Option<Timestamp>) -> Self {
        self.onset = onset;
        self
    }

    #[must_use]
    pub fn until(mut self, last_seen: Option<Timestamp>) -> Self {
        self.last_seen = last_seen;
        self
    }

    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// On one node: sets subject-independent scope.
    #[must_use]
    pub fn on_node(self, node: &str) -> Self {
        self.scope(Scope::Nodes(BTreeSet::from([node.to_owned()])))
    }

    #[must_use]
    pub fn affected(mut self, count: usize) -> Self {
        self.affected = count as u64;
        self
    }

    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.remedy.push(step);
        self
    }

    #[must_use]
    pub fn settled_by(mut self, words: Words) -> Self {
        self.settles = Some(words);
        self
    }

    #[must_use]
    pub fn self_caused(mut self) -> Self {
        self.self_caused = true;
        self
    }
}
