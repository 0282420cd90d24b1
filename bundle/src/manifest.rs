//! `manifest.json`: what was asked of the cluster, what came of it, and the digest of every member.
//!
//! `FORMAT.md` specifies it for strangers; this is its one Rust spelling.

use serde::{Deserialize, Serialize};

/// The version of the bundle format that this crate writes.
pub const FORMAT_VERSION: u32 = 1;

/// The name of the manifest inside a bundle.
pub const MANIFEST: &str = "manifest.json";

/// The root object of `manifest.json`. Unknown keys are ignored, so that later collectors can add.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// `FORMAT_VERSION` of the writer.
    pub format: u32,
    pub tool: Tool,
    pub cluster: ClusterCard,
    /// When the collection began and ended, RFC 3339 UTC with milliseconds, by the collector's clock.
    pub started: String,
    pub finished: Option<String>,
    /// The profile that was run.
    pub profile: String,
    /// True when the collection was cut short (signal, time-out, size): what is here is whole, but not all.
    pub partial: bool,
    pub commands: Vec<CommandRecord>,
    pub members: Vec<MemberRecord>,
    /// How many values the redactor replaced, by kind, over all members.
    pub redactions: std::collections::BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tool {
    pub name: String,
    pub version: String,
}

/// What the collector knew of the cluster by name, and of the client it ran on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterCard {
    /// The kubeconfig's cluster name.
    pub name: String,
    /// The API server's URL, without credentials.
    pub server: String,
    /// The API server's `gitVersion`, when it answered.
    pub version: Option<String>,
    pub client: ClientCard,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientCard {
    pub host: String,
    pub os: String,
    /// The address the API server's edge would see, when known.
    pub public_ip: Option<String>,
}

/// One command that was run, whatever came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommandRecord {
    pub argv: Vec<String>,
    /// RFC 3339 UTC with milliseconds.
    pub started: String,
    pub seconds: f64,
    /// The exit code; absent when a signal or the deadline ended the child, or it never started.
    pub exit: Option<i32>,
    /// Why there is no exit code: `deadline`, `signal 15`, `not found`, `interrupted`, `skipped: forbidden`.
    pub ended: Option<String>,
    /// What the command printed on standard error, redacted, its last 64 KiB.
    pub stderr: String,
    /// The member that holds standard output; absent when there was none. Of a long log cut into
    /// parts, the first: the others have the next numbers in the same folder.
    pub member: Option<String>,
    /// Where it ran: absent for the client, else the node's name.
    pub node: Option<String>,
    /// The node whose kubelet the command asks, when it asks one (logs, stats): what failed there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The plan entry's name.
    pub entry: Option<String>,
}

/// One member of the archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemberRecord {
    pub path: String,
    /// Lower-case hex SHA-256 of the uncompressed bytes.
    pub sha256: String,
    /// Uncompressed bytes.
    pub bytes: u64,
    /// Lines, for line-aligned members of one long log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// True when a size or time budget cut it.
    pub truncated: bool,
    /// How many values the redactor replaced in it, by kind.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub redactions: std::collections::BTreeMap<String, u64>,
}
