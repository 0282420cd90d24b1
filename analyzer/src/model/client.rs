//! The client's side: commands that were run, how they ended, what they printed when they failed.

use super::network_error::NetworkError;
use super::{Span, Timestamp};

/// One command of the collection or of a person's session, with its outcome.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommandOutcome {
    /// The command line, as recorded or as the prompt shows it (`$ kubectl logs …`).
    pub command: String,
    pub started: Option<Timestamp>,
    pub seconds: Option<f64>,
    pub exit: Option<i64>,
    /// Standard error, or the whole text of a file that holds only an error; at most 4 KiB.
    pub error_text: String,
    /// What the error says of the network; empty when the command succeeded.
    pub errors: Vec<NetworkError>,
    /// The first line of standard output, at most 256 bytes: proof that it worked.
    pub output: String,
    /// The node the command was aimed at: named by the error's URL, or by a comment beside it.
    pub node: String,
    /// The pod the command was aimed at, as `namespace/name`.
    pub pod: String,
    pub at: Span,
}

impl CommandOutcome {
    pub fn failed(&self) -> bool {
        !self.errors.is_empty() || self.exit.is_some_and(|code| code != 0)
    }
}

/// What is known of the machine the client ran on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientFact {
    /// `public-ip`, `private-ip`, `host`, `proxy`, `no-proxy`.
    pub kind: String,
    pub value: String,
    pub at: Span,
}

/// A kubeconfig's server, without any credential.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KubeconfigServer {
    pub cluster: String,
    pub server: String,
    pub current: bool,
    pub at: Span,
}

/// Facts of the collection as a whole, from `manifest.json` or another tool's record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collection {
    pub cluster: String,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub at: Span,
}
