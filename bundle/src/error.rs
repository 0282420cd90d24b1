//! Why a bundle could not be opened, and why an artefact could not be read.

use crate::{Code, Diagnostic, Span};

/// Why nothing could be opened. `MissingPath` is a usage error, everything else a refusal.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{path} does not exist; check the spelling and the working directory")]
    MissingPath { path: String },
    #[error("no path was given; name a bundle, a folder or a file, or - for standard input")]
    NoPath,
    #[error("cannot read {path}: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("{path} holds no file; name the folder or archive that the collector wrote")]
    Empty { path: String },
    #[error("{path} is empty; fetch or upload it again, or name the folder or archive it came in")]
    EmptyFile { path: String },
    #[error(
        "{path} is not a bundle: {reason}; name a folder, a zip, a tar (.gz, .xz, .zst) or a text file"
    )]
    NotABundle { path: String, reason: String },
    #[error("{path} is encrypted; decrypt it first and open the result")]
    Encrypted { path: String },
    #[error("{path} is cut off before anything could be read; fetch or upload it again")]
    CutOff { path: String },
    #[error(
        "{path} is refused: {what} is {value}, the limit is {limit}; raise the limit if you trust the file"
    )]
    Limit { path: String, what: &'static str, value: u64, limit: u64 },
    #[error(
        "{path} is refused: {members} of its members share the same bytes, which only an attack does"
    )]
    Overlap { path: String, members: u64 },
}

impl OpenError {
    /// True when the command line is wrong rather than the bundle.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::MissingPath { .. } | Self::NoPath)
    }
}

/// Why an artefact, or its rest, could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("{0}")]
    Io(String),
    #[error("encrypted")]
    Encrypted,
    #[error("unknown compression method {0}")]
    Method(u16),
    #[error("{0} archive inside the bundle")]
    NestedArchive(&'static str),
    #[error("{kind} archive inside the bundle, read as {files} files")]
    OpenedArchive { kind: &'static str, files: usize },
    #[error("cut off after {0} bytes")]
    Cut(u64),
    #[error("damaged after {after} bytes: {reason}")]
    Corrupt { after: u64, reason: String },
    #[error("checksum differs")]
    Checksum,
    #[error("has more bytes than the {0} it declares")]
    Longer(u64),
    #[error("has {actual} bytes and declares {declared}")]
    Shorter { declared: u64, actual: u64 },
    #[error("past the limit of {value} ({limit})")]
    Limit { limit: &'static str, value: u64 },
    #[error("no such artefact")]
    Unknown,
}

impl ReadError {
    /// The diagnostic that says it; `name` is the artefact's path.
    pub fn diagnostic(&self, at: Span, name: &str) -> Diagnostic {
        match self {
            Self::NestedArchive(kind) => {
                Diagnostic::new(Code::NestedArchive, at).with("name", name).with("kind", *kind)
            }
            Self::OpenedArchive { kind, files } => Diagnostic::new(Code::OpenedArchive, at)
                .with("name", name)
                .with("kind", *kind)
                .with("count", *files),
            Self::Cut(_) => Diagnostic::new(Code::Truncated, at).with("reason", self.to_string()),
            Self::Limit { limit, value } => {
                Diagnostic::new(Code::LimitReached, at).with("limit", *limit).with("value", *value)
            }
            _ => Diagnostic::new(Code::Unreadable, at).with("reason", self.to_string()),
        }
    }

    /// Wraps it for its way through `std::io::Read`.
    pub(crate) fn into_io(self) -> std::io::Error {
        std::io::Error::other(self)
    }

    /// What a reader's error means, after `after` good bytes.
    pub(crate) fn from_io(error: std::io::Error, after: u64) -> Self {
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            return Self::Cut(after);
        }
        let reason = error.to_string();
        let Some(Ok(own)) =
            error.into_inner().map(<dyn std::error::Error + Send + Sync>::downcast::<Self>)
        else {
            return Self::Corrupt { after, reason };
        };
        match *own {
            Self::Cut(_) => Self::Cut(after),
            Self::Corrupt { reason, .. } => Self::Corrupt { after, reason },
            other => other,
        }
    }
}
