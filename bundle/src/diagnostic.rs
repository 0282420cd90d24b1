//! What is wrong with the bundle itself: never about the cluster.

use crate::{Arg, Span};

/// The stable codes of all diagnostics; the sentence of each is `diagnostics.ftl`'s key of the same
/// name, and its arguments are those listed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// An artefact of no known format. `reason`.
    UnknownArtifact,
    /// Bytes that could not be read or decompressed. `reason`.
    Unreadable,
    /// The artefact ends early; what came before was read. `reason`.
    Truncated,
    /// Lines or records that a parser could not read. `count`, `reason` of the first.
    Refused,
    /// A limit acted. `limit` (a field of `Limits`), `value`.
    LimitReached,
    /// Two members of one name. `name`.
    DuplicateMember,
    /// A member name that is no plain relative path, a link or a device: kept as a label only. `name`, `reason`.
    UnsafeName,
    /// A member differs from the manifest's digest, is missing, or was added. `name`, `reason`.
    ManifestMismatch,
    /// An archive inside the bundle, not opened: name it on the command line. `name`, `kind`.
    NestedArchive,
    /// A file that holds only the error text of a failed command. `text`.
    FailedCollection,
    /// Text before the first JSON token was skipped. `text`.
    SkippedPreamble,
    /// A collection that says it is not the whole. `reason`.
    Incomplete,
    /// Two sources contradict each other; the first named one was believed. `reason`.
    Contradiction,
    /// The text is in a language this reader does not know. `text`.
    Localized,
    /// A user's own rule had no answer on some rows. `rule`, `count`, `reason` of the first.
    UserRule,
    /// A rule file, or a rule in it, that is not run. `name`, `reason`.
    UserRuleRefused,
    /// A saved state of audit logs whose events another input holds as well. `with` (`logs`, or `state` and its
    /// `name`), `percent` of its events.
    CountedTwice,
    /// An archive inside the bundle whose files were read as if it were a folder. `name`, `kind`, `count`:
    /// none, if they lie unpacked beside it.
    OpenedArchive,
    /// Dates that are read as is usual, since nothing tells more. `what` (the `order` of day and month, or the
    /// `zone`), `count`.
    AssumedDates,
}

impl Code {
    /// The code as reports print it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownArtifact => "KSB0001",
            Self::Unreadable => "KSB0002",
            Self::Truncated => "KSB0003",
            Self::Refused => "KSB0004",
            Self::LimitReached => "KSB0005",
            Self::DuplicateMember => "KSB0006",
            Self::UnsafeName => "KSB0007",
            Self::ManifestMismatch => "KSB0008",
            Self::NestedArchive => "KSB0009",
            Self::FailedCollection => "KSB0010",
            Self::SkippedPreamble => "KSB0011",
            Self::Incomplete => "KSB0012",
            Self::Contradiction => "KSB0013",
            Self::Localized => "KSB0014",
            Self::UserRule => "KSB0015",
            Self::UserRuleRefused => "KSB0016",
            Self::CountedTwice => "KSB0017",
            Self::AssumedDates => "KSB0018",
            Self::OpenedArchive => "KSB0019",
        }
    }
}

/// One thing that is wrong with the bundle, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    pub at: Span,
    pub code: Code,
    pub args: Vec<(&'static str, Arg)>,
}

impl Diagnostic {
    pub fn new(code: Code, at: Span) -> Self {
        Self { at, code, args: Vec::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        self.args.push((name, value.into()));
        self
    }
}

/// What a parser returns: parsing never fails, hostile bytes give a smaller value and more
/// diagnostics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed<T> {
    pub value: T,
    pub diagnostics: Vec<Diagnostic>,
}

impl<T> Parsed<T> {
    pub fn clean(value: T) -> Self {
        Self { value, diagnostics: Vec::new() }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Parsed<U> {
        Parsed { value: f(self.value), diagnostics: self.diagnostics }
    }
}

/// Counts what one parser refused, so that a million bad lines give one diagnostic with the first
/// place and the count.
#[derive(Debug, Default)]
pub struct Refusals {
    first: Option<(Span, String)>,
    count: u64,
}

impl Refusals {
    pub fn note(&mut self, at: Span, reason: impl Into<String>) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some((at, reason.into()));
        }
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn finish(self) -> Option<Diagnostic> {
        let (at, reason) = self.first?;
        Some(Diagnostic::new(Code::Refused, at).with("count", self.count).with("reason", reason))
    }
}
