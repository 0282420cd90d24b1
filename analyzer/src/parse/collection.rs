//! Records of collections: this project's manifest, and other tools' lists of the commands they ran.
//!
//! Names of keys vary between tools; the shape does not: an array of objects that each hold a command.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::{Source, Span};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::kube::soft::{Many, Maybe, Scalar};
use super::network_error::{kubelet_target, network_errors};
use super::rows::{Hint, Kind, Rows, TableKind};
use super::transcript::pod_of;
use crate::model::client::{ClientFact, Collection, CommandOutcome, KubeconfigServer};
use crate::model::network_error::NetworkError;

/// Standard error that is kept.
const ERROR_BYTES: usize = 4096;

/// A file that one command wrote, as a record tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandFile {
    /// As the record names it: relative to the record, with or without a compression suffix.
    pub file: String,
    pub command: String,
    /// Empty for the client.
    pub node: String,
}

/// Reads a record of a collection.
pub fn record(source: &Source<'_>, _hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let Some(raw) = parse(source.bytes) else {
        return Kind::Unknown;
    };
    let commands = raw.commands();
    if commands.is_empty() && raw.started.is_absent() && raw.members.0.is_empty() {
        return Kind::Unknown;
    }
    for (name, entry) in &commands {
        rows.commands.push(entry.outcome(name, source));
    }
    let (cluster, server, client) = raw.cards();
    let at = source.whole();
    // A folder that was packed later does not say when it was collected.
    let packed = raw.profile.as_str() == "pack";
    let time = |scalars: &[&Scalar]| first_time(scalars).filter(|_| !packed);
    if !commands.is_empty() {
        rows.covers(TableKind::ClientErrors, at);
    }
    if !server.is_empty() {
        let cluster = cluster.clone();
        rows.kubeconfigs.push(KubeconfigServer { cluster, server, current: true, at });
    }
    rows.collections.push(Collection {
        cluster,
        started: time(&[&raw.started, &raw.start_time, &raw.start]),
        finished: time(&[&raw.finished, &raw.end_time, &raw.end]),
        at,
    });
    rows.client_facts.extend(client.into_iter().map(|(kind, value)| ClientFact {
        kind: kind.to_owned(),
        value,
        at,
    }));
    Kind::Manifest
}

/// Which command wrote which file, so that its kind and extent can be hinted.
pub fn commands_by_file(source: &Source<'_>) -> Vec<CommandFile> {
    let Some(raw) = parse(source.bytes) else {
        return Vec::new();
    };
    raw.commands()
        .into_iter()
        .map(|(name, entry)| CommandFile {
            file: entry.file().to_owned(),
            command: entry.line(&name),
            node: entry.node.as_str().to_owned(),
        })
        .filter(|entry| !entry.file.is_empty() && !entry.command.is_empty())
        .collect()
}

fn parse(bytes: &[u8]) -> Option<RawRecord<'_>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.trim_start_matches('\u{feff}');
    // A bare array of commands is a record without a head.
    if text.trim_start().starts_with('[') {
        let commands = serde_json::from_str::<Many<&RawValue>>(text).ok()?;
        return Some(RawRecord { commands: Listed::Array(commands.0), ..RawRecord::default() });
    }
    serde_json::from_str::<Maybe<RawRecord<'_>>>(text).ok()?.0
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawRecord<'a> {
    #[serde(borrow)]
    cluster: Option<&'a RawValue>,
    #[serde(borrow)]
    client: Option<&'a RawValue>,
    #[serde(alias = "startedAt", alias = "started_at")]
    started: Scalar<'a>,
    #[serde(alias = "startTime")]
    start_time: Scalar<'a>,
    start: Scalar<'a>,
    #[serde(alias = "finishedAt", alias = "finished_at", alias = "completed", alias = "ended")]
    finished: Scalar<'a>,
    #[serde(alias = "endTime")]
    end_time: Scalar<'a>,
    end: Scalar<'a>,
    #[serde(borrow, alias = "results", alias = "steps", alias = "entries")]
    commands: Listed<'a>,
    members: Many<Maybe<Scalar<'a>>>,
    profile: Scalar<'a>,
}

/// The commands: an array of objects, or an object of them by file or name.
#[derive(Default)]
enum Listed<'a> {
    #[default]
    None,
    Array(Vec<&'a RawValue>),
    Named(BTreeMap<String, &'a RawValue>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Listed<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        Ok(match raw.get().as_bytes().first() {
            Some(b'[') => Self::Array(serde_json::from_str(raw.get()).unwrap_or_default()),
            Some(b'{') => Self::Named(serde_json::from_str(raw.get()).unwrap_or_default()),
            _ => Self::None,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawCommand<'a> {
    #[serde(borrow)]
    command: Option<&'a RawValue>,
    #[serde(borrow)]
    cmd: Option<&'a RawValue>,
    #[serde(borrow)]
    argv: Option<&'a RawValue>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
    #[serde(
        alias = "exitCode",
        alias = "exit_code",
        alias = "rc",
        alias = "returncode",
        alias = "status",
        alias = "code"
    )]
    exit: Scalar<'a>,
    file: Scalar<'a>,
    #[serde(alias = "outputFile", alias = "output_file", alias = "path")]
    output: Scalar<'a>,
    member: Scalar<'a>,
    stdout: Scalar<'a>,
    #[serde(
        alias = "duration",
        alias = "elapsed",
        alias = "durationSeconds",
        alias = "duration_seconds",
        alias = "took"
    )]
    seconds: Scalar<'a>,
    #[serde(
        alias = "startedAt",
        alias = "started_at",
        alias = "start",
        alias = "time",
        alias = "startTime"
    )]
    started: Scalar<'a>,
    #[serde(borrow, alias = "error", alias = "err")]
    stderr: Option<&'a RawValue>,
    ended: Scalar<'a>,
    node: Scalar<'a>,
    /// The node whose kubelet was asked.
    target: Scalar<'a>,
}

struct Entry<'a> {
    raw: RawCommand<'a>,
    text: &'a RawValue,
}

impl<'a> std::ops::Deref for Entry<'a> {
    type Target = RawCommand<'a>;

    fn deref(&self) -> &RawCommand<'a> {
        &self.raw
    }
}

impl<'a> RawRecord<'a> {
    /// The commands, with the names that an object of them gives.
    fn commands(&self) -> Vec<(String, Entry<'a>)> {
        let named: Vec<(String, &'a RawValue)> = match &self.commands {
            Listed::None => Vec::new(),
            Listed::Array(values) => values.iter().map(|value| (String::new(), *value)).collect(),
            Listed::Named(values) => {
                values.iter().map(|(name, value)| (name.clone(), *value)).collect()
            }
        };
        named
            .into_iter()
            .filter_map(|(name, text)| {
                let raw = serde_json::from_str::<Maybe<RawCommand<'a>>>(text.get()).ok()?.0?;
                let entry = Entry { raw, text };
                (!entry.line(&name).is_empty()).then_some((name, entry))
            })
            .collect()
    }

    /// The cluster's name, its server's URL, and the facts of the client.
    fn cards(&self) -> (String, String, Vec<(&'static str, String)>) {
        let mut facts = Vec::new();
        let (mut cluster, mut server) = (String::new(), String::new());
        if let Some(raw) = self.cluster {
            cluster = serde_json::from_str::<Scalar>(raw.get()).unwrap_or_default().into_text();
            let card = card(raw);
            if cluster.is_empty() {
                cluster = card.name.into_text();
            }
            server = card.server.into_text();
            if let Some(client) = card.client {
                client_facts(client, &mut facts);
            }
        }
        if let Some(client) = self.client {
            client_facts(client, &mut facts);
        }
        (cluster, server, facts)
    }
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawCard<'a> {
    name: Scalar<'a>,
    server: Scalar<'a>,
    #[serde(borrow)]
    client: Option<&'a RawValue>,
    #[serde(alias = "hostname", alias = "hostName")]
    host: Scalar<'a>,
    #[serde(alias = "publicIp", alias = "publicIP", alias = "egress_ip")]
    public_ip: Scalar<'a>,
    #[serde(alias = "privateIp", alias = "privateIP", alias = "ip")]
    private_ip: Scalar<'a>,
    #[serde(alias = "https_proxy", alias = "httpsProxy")]
    proxy: Scalar<'a>,
    #[serde(alias = "noProxy")]
    no_proxy: Scalar<'a>,
}

fn card(raw: &RawValue) -> RawCard<'_> {
    serde_json::from_str::<Maybe<RawCard<'_>>>(raw.get()).unwrap_or_default().or_default()
}

fn client_facts(raw: &RawValue, facts: &mut Vec<(&'static str, String)>) {
    let card = card(raw);
    let found = [
        ("host", card.host),
        ("public-ip", card.public_ip),
        ("private-ip", card.private_ip),
        ("proxy", card.proxy),
        ("no-proxy", card.no_proxy),
    ];
    for (kind, value) in found {
        let value = value.into_text();
        if !value.is_empty() {
            facts.push((kind, value));
        }
    }
}

fn first_time(scalars: &[&Scalar<'_>]) -> Option<Timestamp> {
    scalars.iter().find_map(|scalar| scalar.time())
}

impl RawCommand<'_> {
    /// The command line; the name of the entry when it has none but looks like one.
    fn line(&self, name: &str) -> String {
        for raw in [self.command, self.argv, self.cmd, self.args].into_iter().flatten() {
            let line = if raw.get().starts_with('[') {
                let words = serde_json::from_str::<Many<Scalar>>(raw.get()).unwrap_or_default();
                words.0.into_iter().map(Scalar::into_text).collect::<Vec<_>>().join(" ")
            } else {
                serde_json::from_str::<Scalar>(raw.get()).unwrap_or_default().into_text()
            };
            if !line.is_empty() {
                return line;
            }
        }
        if name.contains(' ') { name.to_owned() } else { String::new() }
    }

    /// `output` and `stdout` hold a file's name in some records and text in others.
    fn file(&self) -> &str {
        let plain = |text: &&str| {
            !text.is_empty()
                && text.len() < 512
                && !text.contains('\n')
                && text.contains(['.', '/'])
        };
        [&self.file, &self.member]
            .iter()
            .map(|scalar| scalar.as_str())
            .find(|text| !text.is_empty())
            .or_else(|| {
                let texts = [self.output.as_str(), self.stdout.as_str()];
                texts.into_iter().find(|text| plain(text) && !text.contains(' '))
            })
            .unwrap_or("")
    }
}

impl Entry<'_> {
    fn outcome(&self, name: &str, source: &Source<'_>) -> CommandOutcome {
        let said = self.stderr.map_or("", RawValue::get);
        let stderr = serde_json::from_str::<Scalar>(said).unwrap_or_default().into_text();
        let mut error_text = stderr.trim().to_owned();
        let exit = self.exit.integer();
        let mut errors = Vec::new();
        if exit.is_some_and(|code| code != 0) || exit.is_none() && !error_text.is_empty() {
            errors = network_errors(&error_text);
        }
        let spoke = !error_text.is_empty();
        if !spoke {
            self.ended.as_str().clone_into(&mut error_text);
            // The collector gave up waiting; what it skipped or was told to leave is no answer at all.
            if exit.is_none() && error_text == "deadline" {
                errors.push(NetworkError::DeadlineExceeded);
            }
        }
        let command = self.line(name);
        let node = [self.node.as_str(), self.target.as_str()]
            .into_iter()
            .find(|node| !node.is_empty())
            .or_else(|| kubelet_target(&error_text))
            .unwrap_or_default()
            .to_owned();
        // The line that tells, or the whole entry of a command that was silent.
        let cited = if spoke { said } else { self.text.get() };
        let at: Span = source.span_of(cited.as_bytes());
        keep_end(&mut error_text);
        CommandOutcome {
            pod: pod_of(&command),
            command,
            started: self.started.time(),
            seconds: seconds(&self.seconds),
            exit,
            error_text,
            errors,
            node,
            at,
            ..CommandOutcome::default()
        }
    }
}

/// Cuts the front of a long text: what a command says last is why it failed.
fn keep_end(text: &mut String) {
    let mut start = text.len().saturating_sub(ERROR_BYTES);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.drain(..start);
}

/// A number, or a text with a unit: `0.58`, `0.58s`, `580ms`.
fn seconds(scalar: &Scalar<'_>) -> Option<f64> {
    let text = scalar.as_str();
    if let Some(number) = text.strip_suffix("ms") {
        return number.trim().parse::<f64>().ok().map(|number| number / 1000.0);
    }
    match text.strip_suffix('s') {
        Some(number) => number.trim().parse().ok(),
        None => scalar.quantity(),
    }
}

#[cfg(test)]
mod tests {
    use konspect_bundle::ArtifactId;
    use konspect_bundle::manifest::{ClientCard, ClusterCard, CommandRecord, Manifest};

    use super::*;

    fn read(text: &str) -> (Kind, Rows, Vec<CommandFile>) {
        let mut rows = Rows::default();
        let source = Source::new(ArtifactId(1), text.as_bytes());
        let kind = record(&source, &Hint::default(), &mut rows);
        let files = commands_by_file(&source);
        (kind, rows, files)
    }

    #[test]
    fn the_manifest_of_this_project_is_read() {
        let manifest = Manifest {
            cluster: ClusterCard {
                name: "prod".into(),
                client: ClientCard {
                    host: "jump".into(),
                    public_ip: Some("203.0.113.7".into()),
                    ..ClientCard::default()
                },
                ..ClusterCard::default()
            },
            started: "2025-11-24T19:27:08.139Z".into(),
            commands: vec![CommandRecord {
                argv: ["kubectl", "get", "pods", "-A"].map(String::from).to_vec(),
                started: "2025-11-24T19:27:10.811Z".into(),
                seconds: 0.58,
                exit: None,
                ended: Some("deadline".into()),
                member: Some("get/pods.json".into()),
                ..CommandRecord::default()
            }],
            ..Manifest::default()
        };
        let (kind, rows, files) = read(&serde_json::to_string_pretty(&manifest).unwrap());
        assert_eq!((kind, rows.collections[0].cluster.as_str()), (Kind::Manifest, "prod"));
        assert_eq!(rows.client_facts[1].value, "203.0.113.7");
        let command = &rows.commands[0];
        assert_eq!(
            (command.command.as_str(), command.error_text.as_str()),
            ("kubectl get pods -A", "deadline")
        );
        assert!(command.started.is_some() && command.at.start > 0 && command.exit.is_none());
        assert_eq!(files[0].file, "get/pods.json");
    }

    #[test]
    fn records_of_other_tools_are_read_whatever_their_keys() {
        let text = r#"{"cluster":"aks-a","client":{"host":"jumpbox-01","public_ip":"203.0.113.9"},"started":"2025-11-24T19:27:08Z","finished":"2025-11-24T19:28:01Z",
"commands":[{"command":"kubectl get nodes -o json","exit":0,"file":"get/nodes.json.gz","seconds":0.58,"stderr":null},
{"cmd":["kubectl","top","nodes"],"rc":"1","output":"top.txt","duration":"120ms","error":"error: Metrics API not available"}]}"#;
        let (_, rows, files) = read(text);
        assert_eq!(rows.collections[0].cluster, "aks-a");
        assert_eq!((rows.commands[0].exit, rows.commands[0].failed()), (Some(0), false));
        let failed = &rows.commands[1];
        assert_eq!(
            (failed.command.as_str(), failed.exit, failed.seconds),
            ("kubectl top nodes", Some(1), Some(0.12))
        );
        assert_eq!(failed.error_text, "error: Metrics API not available");
        assert_eq!(
            files[1],
            CommandFile {
                file: "top.txt".into(),
                command: "kubectl top nodes".into(),
                node: String::new()
            }
        );
    }

    #[test]
    fn other_json_is_no_record() {
        for text in
            ["", "[]", "{}", "[1]", r#"{"kind":"List","items":[]}"#, "{\"commands\":3}", "{"]
        {
            assert_eq!(read(text).0, Kind::Unknown, "{text}");
        }
    }
}
