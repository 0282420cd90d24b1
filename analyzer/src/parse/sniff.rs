//! Tells what an artefact is, from its first bytes.
//!
//! Content decides. The path and the command break ties only where content says nothing: an empty
//! list, a lone number, a log without any known form.

mod json;
mod lines;
mod preamble;
mod system;

use super::log::container_rows;
use std::borrow::Cow;

use super::{Hint, azure, flow_dump, health, prometheus};
use lines::words;
pub use preamble::{without_colours, without_preamble};

/// How much of an artefact is looked at.
pub const HEAD: usize = 64 << 10;
/// How many lines are looked at.
const LINES: usize = 200;

/// The format of an artefact: which parser reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    Empty,
    Binary,
    Manifest,
    /// Another tool's record of which command wrote which file.
    CollectionRecord,
    KubernetesJson,
    KubernetesYaml,
    KubernetesTable,
    KubernetesDescribe,
    /// `kubectl version` as text.
    VersionText,
    HealthChecks,
    FlowDump,
    MetricsText,
    /// An answer of the Prometheus HTTP API.
    MetricsAnswer,
    /// `etcdctl endpoint status -w json`.
    EtcdStatus,
    AuditLog,
    Log,
    /// Rows of container logs, from a Log Analytics workspace.
    ContainerRows,
    Transcript,
    /// Only the error text of a command that failed.
    ErrorText,
    /// Standard error or the exit code of a command, kept in a file of its own.
    SideFile,
    /// What `kubectl -v=8` and higher say of their requests.
    RequestTrace,
    IptablesSave,
    IptablesRules,
    IptablesList,
    Ipset,
    NftablesText,
    NftablesJson,
    Ufw,
    Firewalld,
    ResolvConf,
    Hosts,
    DnsLookup,
    NetworkProbe,
    NodeState,
    Certificate,
    Kubeconfig,
    AzureJson,
    AzureTable,
    RunCommand,
    Csv,
    Document,
    Unknown,
}

impl Format {
    /// True when warnings of the command that wrote the artefact may stand before its text.
    pub fn begins_behind_preamble(self) -> bool {
        !matches!(
            self,
            Self::Log
                | Self::Transcript
                | Self::ErrorText
                | Self::SideFile
                | Self::AuditLog
                | Self::KubernetesJson
                | Self::Empty
                | Self::Binary
        )
    }
}

/// Tells the format from an artefact's first bytes, of which at most `HEAD` are looked at.
pub fn sniff(head: &[u8], hint: &Hint<'_>) -> Format {
    let head = head.get(..HEAD).unwrap_or(head);
    if head.trim_ascii().is_empty() {
        return if is_side_file(hint) { Format::SideFile } else { Format::Empty };
    }
    if is_binary(head) {
        return Format::Binary;
    }
    let body = without_preamble(head);
    if body.trim_ascii().is_empty() {
        let errors = memchr::memmem::find(head, b"couldn't get ").is_some();
        return if errors && !is_side_file(hint) { Format::ErrorText } else { Format::SideFile };
    }
    if is_side_file(hint) && head.len() < 16 << 10 {
        let text = String::from_utf8_lossy(body);
        let first = text.trim().lines().next().unwrap_or_default();
        if is_error(first) || is_client_log(first) || text.trim().parse::<i64>().is_ok() {
            return Format::SideFile;
        }
    }
    if let Some(format) = json::sniff(body, hint) {
        return format;
    }
    let text = String::from_utf8_lossy(body);
    let lines: Vec<Cow<'_, str>> = text
        .lines()
        .map(without_colours)
        .filter(|line| !line.trim().is_empty())
        .take(LINES)
        .collect();
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    text_format(&lines, head.len(), hint)
}

/// The tests of text, most specific first. A test looks at lines that stand early enough for the
/// text to be of that format rather than to quote it.
fn text_format(lines: &[&str], length: usize, hint: &Hint<'_>) -> Format {
    let Some(first) = lines.first().copied() else {
        return Format::Empty;
    };
    let early = lines.get(..lines.len().min(12)).unwrap_or_default();
    if early.iter().any(|line| lines::is_prompt(line)) {
        return Format::Transcript;
    }
    if lines::is_log(first) {
        if early.iter().any(|line| is_request(line)) {
            return Format::RequestTrace;
        }
        return if is_only_errors(lines, length) { Format::ErrorText } else { Format::Log };
    }
    if let Some(format) = firewall(lines, hint) {
        return format;
    }
    // Indented it is a value of something else: a ConfigMap's bundle in YAML.
    if early.iter().any(|line| line.starts_with("-----BEGIN CERTIFICATE-----"))
        || early.iter().any(|line| lines::is_certificate(line))
    {
        return Format::Certificate;
    }
    if let Some(format) = yaml(early) {
        return format;
    }
    if early.iter().any(|line| flow_dump::is_header(line)) {
        return Format::FlowDump;
    }
    if early.iter().any(|line| health::is_check(line) || health::is_table_header(line))
        || (lines.len() <= 2 && first == "ok")
    {
        return Format::HealthChecks;
    }
    if is_metrics(lines) {
        return Format::MetricsText;
    }
    if lines.iter().take(40).any(|line| lines::is_lookup(line)) {
        return Format::DnsLookup;
    }
    if lines::is_resolv_conf(lines) {
        return Format::ResolvConf;
    }
    if early
        .iter()
        .any(|line| line.starts_with("Client Version:") || line.starts_with("Server Version:"))
    {
        return Format::VersionText;
    }
    if is_error(first) && is_only_errors(lines, length) {
        // A program's own log may be nothing but its last error.
        let own = is_named_as_log(hint) && !is_client_error(first);
        return if own { Format::Log } else { Format::ErrorText };
    }
    if early.iter().any(|line| lines::is_probe(line)) {
        return Format::NetworkProbe;
    }
    if early.windows(2).any(|pair| match pair {
        [header, dashes] => azure::is_table(header, dashes),
        _ => false,
    }) {
        return Format::AzureTable;
    }
    if system::is_hosts(early) {
        return Format::Hosts;
    }
    if system::is_state(lines) {
        return Format::NodeState;
    }
    if lines::is_table_header(first)
        || early.iter().any(|line| lines::is_table_header(line) && line.contains("  "))
        || first.starts_with("No resources found")
    {
        return Format::KubernetesTable;
    }
    if lines::is_describe(lines) {
        return Format::KubernetesDescribe;
    }
    last_resort(lines, hint)
}

/// What is left: logs of unknown programs, notes, CSV, lone values.
fn last_resort(lines: &[&str], hint: &Hint<'_>) -> Format {
    let path = hint.path.to_ascii_lowercase();
    let first = lines.first().copied().unwrap_or_default();
    if container_rows::is_header(first) {
        return Format::ContainerRows;
    }
    if lines::is_audit_csv(first) {
        return Format::AuditLog;
    }
    let logs = lines.iter().filter(|line| lines::is_log(line)).count();
    if logs > 0 && logs * 5 >= lines.len() {
        return Format::Log;
    }
    if lines::is_html(first) || lines::is_markdown(lines) || lines::is_outcome(lines) {
        return Format::Document;
    }
    if lines.iter().take(3).any(|line| is_error(line)) {
        return Format::ErrorText;
    }
    if lines::is_csv(lines) {
        return Format::Csv;
    }
    if lines.len() == 1 && path.contains("conntrack") && first.parse::<u64>().is_ok() {
        return Format::NodeState;
    }
    if system::is_state_by_name(&path, hint.command) {
        return Format::NodeState;
    }
    if is_named_as_log(hint) {
        return Format::Log;
    }
    if logs > 0 {
        return Format::Log;
    }
    if lines::is_prose(lines) {
        return Format::Document;
    }
    Format::Unknown
}

/// Whether the path says that this is a command's standard error or exit code.
fn is_side_file(hint: &Hint<'_>) -> bool {
    let path = hint.path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let name = name.strip_suffix(".txt").unwrap_or(name);
    [".stderr", ".err", ".exit", ".exitcode", ".rc", ".status", "-stderr", "_stderr"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Whether the path or the command says that this is a log.
fn is_named_as_log(hint: &Hint<'_>) -> bool {
    let path = hint.path.to_ascii_lowercase();
    let mut folders = path.split('/').rev();
    let name = folders.next().unwrap_or_default();
    name.split('.').skip(1).any(|ending| ending == "log")
        || name.contains("_logs_")
        || folders.any(|folder| matches!(folder, "log" | "logs" | "podlogs" | "pod-logs"))
        || hint.command.starts_with("kubectl logs")
        || hint.command.starts_with("journalctl")
}

/// Errors that only kubectl and shells print.
fn is_client_error(line: &str) -> bool {
    const STARTS: &[&str] = &[
        "Error from server",
        "Unable to connect to the server",
        "The connection to the server",
        "unable to retrieve container logs",
        "error: ",
        "bash: ",
        "-bash: ",
        "sh: ",
        "Get \"http",
    ];
    STARTS.iter().any(|start| line.starts_with(start))
}

fn firewall(lines: &[&str], hint: &Hint<'_>) -> Option<Format> {
    let early = lines.get(..lines.len().min(40))?;
    let any = |test: fn(&str) -> bool| early.iter().any(|line| test(line));
    if any(|line| {
        (line.starts_with("# Generated by ip") && line.contains("tables-save"))
            || lines::is_chain_declaration(line)
    }) {
        return Some(Format::IptablesSave);
    }
    if any(lines::is_nft_table) {
        return Some(Format::NftablesText);
    }
    if any(lines::is_chain_header) {
        return Some(Format::IptablesList);
    }
    let mut rules = early.iter().filter(|line| !line.starts_with('#'));
    if rules.next().is_some_and(|line| lines::is_iptables_rule(line)) {
        let committed = lines.iter().any(|line| line.trim() == "COMMIT");
        return Some(if committed { Format::IptablesSave } else { Format::IptablesRules });
    }
    if any(lines::is_ipset) || lines::is_ipset_list(early) {
        return Some(Format::Ipset);
    }
    if lines::is_firewalld(early) {
        return Some(Format::Firewalld);
    }
    lines::is_ufw(early, hint).then_some(Format::Ufw)
}

fn yaml(early: &[&str]) -> Option<Format> {
    let has = |key: &str| {
        early.iter().any(|line| line.strip_prefix("- ").unwrap_or(line).starts_with(key))
    };
    if has("kind: Config") && (has("clusters:") || has("contexts:") || has("current-context:")) {
        return Some(Format::Kubeconfig);
    }
    if has("apiVersion:") && has("clusters:") && !has("items:") {
        return Some(Format::Kubeconfig);
    }
    let kubernetes = has("apiVersion:") || (has("kind:") && has("metadata:")) || has("items:");
    let first = early.first().copied().unwrap_or_default();
    (kubernetes && (first == "---" || first.contains(':') || first.starts_with('#')))
        .then_some(Format::KubernetesYaml)
}

/// Metrics are told by `# TYPE` and `# HELP`, or by samples of known families.
fn is_metrics(lines: &[&str]) -> bool {
    let early = lines.get(..lines.len().min(20)).unwrap_or_default();
    if early.iter().any(|line| line.starts_with("# TYPE ") || line.starts_with("# HELP ")) {
        return true;
    }
    let samples = lines.iter().filter(|line| prometheus::is_sample(line.as_bytes())).count();
    samples > 0 && samples * 2 >= lines.iter().filter(|line| !line.starts_with('#')).count()
}

/// The text of a failed command: what kubectl, az, a shell or a firewall tool says when it fails.
pub fn is_error(line: &str) -> bool {
    const STARTS: &[&str] = &[
        "error: ",
        "error from server",
        "error: exit status",
        "errors: ",
        "unable to connect to the server",
        "the connection to the server",
        "unable to retrieve container logs",
        "error:",
        "fatal: ",
        "please run 'az login'",
        "bash: ",
        "-bash: ",
        "/bin/sh: ",
        "/bin/bash: ",
        "sh: ",
        "zsh: ",
        "sudo: ",
        "iptables: ",
        "ip6tables: ",
        "iptables v",
        "iptables-save v",
        "nft: ",
        "operation not permitted",
        "permission denied",
        "permission denied (",
        "you need to be root",
        "you must be root",
        "fatal: can't open",
        "couldn't get ",
        "(authorizationfailed)",
        "(resourcenotfound)",
        "no such file or directory",
        "cannot connect to",
        "failed to ",
        "timed out",
        "command terminated with exit code",
        "get \"http",
        "post \"http",
        "ssh: ",
        "kex_exchange_identification",
        "cat: ",
        "ls: ",
        "journalctl: ",
        "cannot ",
        "traceback (most recent call last)",
    ];
    let lower = line.trim().to_ascii_lowercase();
    STARTS.iter().any(|start| lower.starts_with(start))
        || lower.ends_with("command not found")
        || lower.ends_with(": not found")
        || lower.contains("is not recognized as")
        || lower.contains("error from server (")
        || is_azure_error(line)
}

/// `(ResourceNotFound) The Resource …`: how az prints the code of an error.
fn is_azure_error(line: &str) -> bool {
    line.strip_prefix('(').and_then(|rest| rest.split_once(") ")).is_some_and(|(code, text)| {
        !text.is_empty()
            && code.starts_with(|char: char| char.is_ascii_uppercase())
            && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Whether all that is there is an error: few lines, of which the ones that are no client's log are
/// errors or belong to one.
fn is_only_errors(lines: &[&str], length: usize) -> bool {
    if length > 16 << 10 {
        return false;
    }
    let spoken: Vec<_> = lines.iter().filter(|line| !is_client_log(line)).collect();
    match spoken.first() {
        Some(line) => is_error(line) && spoken.len() <= 12,
        None => true,
    }
}

/// A line of kubectl's log about one request, as `-v=6` and higher print it.
fn is_request(line: &str) -> bool {
    lines::is_klog(line) && line.contains(" round_trippers.go:")
}

/// kubectl's own log lines about discovery.
fn is_client_log(line: &str) -> bool {
    lines::is_klog(line)
        && (line.contains("memcache.go")
            || line.contains("couldn't get current server API group list")
            || line.contains("couldn't get resource list")
            || line.contains("request.go")
            || line.contains("round_trippers.go"))
}

/// Known magic numbers, NUL bytes, or many control bytes.
fn is_binary(head: &[u8]) -> bool {
    const MAGIC: &[&[u8]] = &[
        b"\x1f\x8b",
        b"PK\x03\x04",
        b"\x28\xb5\x2f\xfd",
        b"\xfd7zXZ",
        b"\x7fELF",
        b"\x89PNG",
        b"%PDF-",
        b"SQLite format 3",
        b"Obj\x01",
        b"\xd4\xc3\xb2\xa1",
        b"\x0a\x0d\x0d\x0a",
    ];
    if MAGIC.iter().any(|magic| head.starts_with(magic)) || head.get(257..262) == Some(b"ustar") {
        return true;
    }
    let part = head.get(..4096).unwrap_or(head);
    let control = part
        .iter()
        .filter(|byte| {
            byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x1b | 0x0c | 8)
        })
        .count();
    part.contains(&0) && control * 50 > part.len() || control * 10 > part.len()
}

/// Whether a line begins with all of some words.
fn begins(line: &str, expected: &[&str]) -> bool {
    let mut found = words(line);
    expected.iter().all(|word| found.next() == Some(word))
}

#[cfg(test)]
mod sweep;
