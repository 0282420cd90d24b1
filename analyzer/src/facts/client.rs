//! What the client saw of the API server: every attempt by layer, its own addresses, what it resolves.
//!
//! An answer of any kind, 401 and 403 too, proves the way; an error that the API server itself reports
//! (`Error from server`) is an answer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::Span;

use super::context::Context;
use crate::model::client::{ClientFact, CommandOutcome};
use crate::model::network_error::NetworkError;
use crate::model::node_files::{HostsEntry, Lookup, LookupResult, OnNode, Probe, ProbeResult};

/// What came of one attempt of the client to talk to the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Answered,
    Unauthorized,
    Forbidden,
    TimedOut,
    Refused,
    NoRoute,
    Unresolved,
    ResolverSilent,
    TlsTimedOut,
    UnknownAuthority,
    CertificateExpired,
    CertificateNotYetValid,
    /// The connection was made, then reset or closed without an answer.
    Cut,
    /// An answer began and did not end.
    Truncated,
    /// The connection was made, or nothing says that it was not, and no answer came in time.
    Unanswered,
    /// The certificate is for another name or address.
    WrongName,
    /// Something answers that speaks no TLS.
    NoTls,
    /// An error about the thing that was asked for: an answer all the same.
    Objected,
    /// 429: the API server answers, and turns requests away.
    Throttled,
    /// 500, 503 and their kin: the API server answers that it cannot.
    Failing,
    /// 404 of a path that every API server has.
    NoSuchPath,
}

impl Outcome {
    /// The API server spoke: the network is fine.
    pub fn answered(self) -> bool {
        matches!(
            self,
            Self::Answered
                | Self::Unauthorized
                | Self::Forbidden
                | Self::Objected
                | Self::Throttled
                | Self::Failing
                | Self::NoSuchPath
        )
    }

    /// The API server spoke, and not of the caller's rights.
    pub fn worked(self) -> bool {
        self.answered() && !matches!(self, Self::Unauthorized | Self::Forbidden)
    }

    /// The dial itself failed.
    pub fn dial_failed(self) -> bool {
        matches!(self, Self::TimedOut | Self::NoRoute | Self::Refused)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ClientAttempt {
    pub outcome: Outcome,
    /// The address or name that was dialled or asked for; empty when the text does not say.
    pub host: String,
    /// True for a bare connection (curl, nc, openssl): it tells of the way, not of the API.
    pub probe: bool,
    /// The command behind it; empty when only its error was kept.
    pub command: String,
    pub time: Option<Timestamp>,
    pub at: Span,
}

/// The machine the commands were typed on.
#[derive(Clone, Debug, Default)]
pub struct Client {
    pub public_ips: Vec<(String, Span)>,
    pub private_ips: Vec<(String, Span)>,
    /// Attempts to talk to the API server, people's sessions first.
    pub attempts: Vec<ClientAttempt>,
    /// The client's own look-ups of the API server's names.
    pub lookups: Vec<Lookup>,
    /// Its hosts file's entries for the API server's names.
    pub hosts: Vec<HostsEntry>,
}

impl Client {
    pub fn new(
        context: &Context,
        commands: &[CommandOutcome],
        facts: &[ClientFact],
        lookups: &[OnNode<Lookup>],
        probes: &[OnNode<Probe>],
        hosts: &[OnNode<HostsEntry>],
    ) -> Option<Self> {
        let of_kind = |kind: &str| {
            let mut found: BTreeMap<String, Span> = BTreeMap::new();
            for fact in facts.iter().filter(|fact| fact.kind == kind) {
                found.entry(fact.value.trim().to_owned()).or_insert(fact.at);
            }
            found.into_iter().collect::<Vec<_>>()
        };
        let mut client = Self {
            public_ips: of_kind("public-ip"),
            private_ips: of_kind("private-ip"),
            ..Self::default()
        };
        client.attempts = commands
            .iter()
            .filter(|command| command.node.is_empty() || speaks_of_api(&command.error_text))
            .filter_map(|command| attempt_of(command, context))
            .collect();
        client.attempts.extend(
            probes
                .iter()
                .filter(|probe| probe.node.is_empty() && probe.value.pod.is_empty())
                .filter(|probe| {
                    context.is_apiserver(&probe.value.target.host)
                        && context.is_apiserver_port(probe.value.target.port)
                })
                .filter_map(|probe| attempt_of_probe(&probe.value)),
        );
        client.lookups = lookups
            .iter()
            .filter(|lookup| lookup.node.is_empty() && lookup.value.pod.is_empty())
            .filter(|lookup| context.is_apiserver(&lookup.value.name))
            .map(|lookup| lookup.value.clone())
            .collect();
        client.hosts = hosts
            .iter()
            .filter(|entry| entry.node.is_empty())
            .filter(|entry| entry.value.names.iter().any(|name| context.is_apiserver(name)))
            .map(|entry| entry.value.clone())
            .collect();
        let silent = client.attempts.is_empty()
            && client.public_ips.is_empty()
            && client.lookups.is_empty()
            && client.hosts.is_empty();
        (!silent).then_some(client)
    }

    /// Attempts that came back so.
    pub fn attempts_with(
        &self,
        test: impl Fn(Outcome) -> bool,
    ) -> impl Iterator<Item = &ClientAttempt> {
        self.attempts.iter().filter(move |attempt| test(attempt.outcome))
    }

    /// The first answer of the API server.
    pub fn answer(&self) -> Option<&ClientAttempt> {
        self.attempts.iter().find(|attempt| attempt.outcome.answered())
    }

    /// The first dial that failed, unless the API server answered others.
    pub fn cut_off(&self) -> Option<&ClientAttempt> {
        if self.answer().is_some() {
            return None;
        }
        self.attempts.iter().find(|attempt| attempt.outcome.dial_failed())
    }

    /// Addresses that the client's own look-ups and hosts file gave for the API server.
    pub fn resolved(&self) -> impl Iterator<Item = (&str, Span)> {
        let looked_up = self.lookups.iter().flat_map(|lookup| match &lookup.result {
            LookupResult::Answer { addresses, .. } => {
                addresses.iter().map(|address| (address.as_str(), lookup.at)).collect::<Vec<_>>()
            }
            _ => Vec::new(),
        });
        looked_up.chain(self.hosts.iter().map(|entry| (entry.address.as_str(), entry.at)))
    }
}

/// True when kubectl itself says that it did not reach the API server, or was refused by it.
fn speaks_of_api(text: &str) -> bool {
    [
        "Unable to connect to the server",
        "couldn't get current server API group list",
        "The connection to the server",
        "Kubernetes cluster unreachable",
        "You must be logged in to the server",
    ]
    .iter()
    .any(|words| text.contains(words))
}

fn is_kubectl(command: &str) -> bool {
    let mut words = command.split_whitespace();
    let program = words.next().map(|word| word.rsplit('/').next().unwrap_or(word));
    let kubectl = matches!(program, Some("kubectl" | "k" | "oc" | "helm" | "kubectl.exe"));
    let local = words.any(|word| matches!(word, "config" | "--client" | "aks" | "completion"));
    kubectl && !local
}

fn attempt_of(command: &CommandOutcome, context: &Context) -> Option<ClientAttempt> {
    let attempt = |outcome, host: &str| {
        Some(ClientAttempt {
            outcome,
            host: host.to_owned(),
            probe: false,
            command: command.command.clone(),
            time: command.started,
            at: command.at,
        })
    };
    let text = command.error_text.as_str();
    let kubectl = is_kubectl(&command.command);
    if !command.failed() {
        let worked = kubectl && (command.exit == Some(0) || !command.output.is_empty());
        return if worked { attempt(Outcome::Answered, "") } else { None };
    }
    let ours = kubectl || speaks_of_api(text) || text.contains("Error from server");
    let from_server = text.contains("Error from server") && !speaks_of_api(text);
    if kubectl && let Some(outcome) = answer_of(text, &command.command) {
        return attempt(outcome, "");
    }
    for error in &command.errors {
        let outcome = match error {
            NetworkError::Unauthorized if ours => Outcome::Unauthorized,
            NetworkError::Forbidden if ours => Outcome::Forbidden,
            _ if from_server => continue,
            NetworkError::UnknownAuthority if ours => Outcome::UnknownAuthority,
            NetworkError::CertificateExpired if ours => Outcome::CertificateExpired,
            NetworkError::CertificateNotYetValid if ours => Outcome::CertificateNotYetValid,
            NetworkError::TlsHandshakeTimeout { .. } if ours => Outcome::TlsTimedOut,
            NetworkError::PlainHttp { .. } if ours => Outcome::NoTls,
            NetworkError::EndOfFile if kubectl && text.contains("unexpected EOF") => {
                Outcome::Truncated
            }
            NetworkError::EndOfFile | NetworkError::Reset { .. } if ours => Outcome::Cut,
            NetworkError::DeadlineExceeded if kubectl => Outcome::Unanswered,
            NetworkError::DialTimeout { .. } => Outcome::TimedOut,
            NetworkError::Refused { .. } => Outcome::Refused,
            NetworkError::NoRoute { .. } => Outcome::NoRoute,
            NetworkError::NoSuchHost { .. } => Outcome::Unresolved,
            NetworkError::LookupTimeout { .. } | NetworkError::LookupFailed { .. } => {
                Outcome::ResolverSilent
            }
            _ => continue,
        };
        let host = match error {
            NetworkError::DialTimeout { target }
            | NetworkError::Refused { target }
            | NetworkError::NoRoute { target } => target.host.as_str(),
            NetworkError::NoSuchHost { name, .. }
            | NetworkError::LookupTimeout { name, .. }
            | NetworkError::LookupFailed { name, .. } => name.as_str(),
            _ => "",
        };
        if speaks_of_api(text) || host.is_empty() || context.is_apiserver(host) {
            return attempt(outcome, host);
        }
    }
    if from_server {
        return attempt(Outcome::Objected, "");
    }
    // Two ends on one machine are no network, but the server that was asked is the server.
    if !speaks_of_api(text) {
        return None;
    }
    if text.contains("connection reset by peer") {
        return attempt(Outcome::Cut, "");
    }
    let other_name = [
        "x509: certificate is valid for ",
        "x509: cannot validate certificate for ",
        "x509: certificate is not valid for any names",
        "x509: certificate relies on legacy Common Name",
    ];
    let wrong = other_name.iter().any(|words| text.contains(words));
    if wrong { attempt(Outcome::WrongName, "") } else { None }
}

/// What the API server's own refusal says of it; nothing when only the thing asked for is at fault.
fn answer_of(text: &str, command: &str) -> Option<Outcome> {
    let said = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if !text.contains("Error from server") || text.contains(":10250") {
        return None;
    }
    let of_kubelet = ["logs", "exec", "attach", "port-forward", "cp"];
    if command.split_whitespace().any(|word| of_kubelet.contains(&word)) {
        return None;
    }
    if said(&["(TooManyRequests)"]) {
        Some(Outcome::Throttled)
    } else if said(&["(InternalError)", "(ServiceUnavailable)", "(Timeout)", "etcdserver: "]) {
        Some(Outcome::Failing)
    } else if said(&["(NotFound)"]) && command.split_whitespace().any(|word| word == "/version") {
        Some(Outcome::NoSuchPath)
    } else {
        None
    }
}

fn attempt_of_probe(probe: &Probe) -> Option<ClientAttempt> {
    let outcome = match probe.result {
        ProbeResult::Open { .. } | ProbeResult::Tls { .. } => Outcome::Answered,
        ProbeResult::TlsFailed { .. } | ProbeResult::Closed => Outcome::Cut,
        ProbeResult::TimedOut => Outcome::TimedOut,
        ProbeResult::Refused => Outcome::Refused,
        ProbeResult::NoRoute => Outcome::NoRoute,
        ProbeResult::Unresolved => Outcome::Unresolved,
        ProbeResult::ResolveTimedOut => Outcome::ResolverSilent,
        _ => return None,
    };
    Some(ClientAttempt {
        outcome,
        host: probe.target.host.clone(),
        probe: true,
        command: probe.tool.clone(),
        time: None,
        at: probe.at,
    })
}
