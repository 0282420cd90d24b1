//! What people and scripts saw: a shell's transcript, side files of a collection, files that hold
//! only an error. Each command's output goes to the parser of that command.
//!
//! It believes the text of a command, never the name of the file.

use konspect_bundle::{Code, Diagnostic, Line, Source, Span};

use super::network_error::{kubelet_target, network_errors};
use super::rows::{FirewallText, FirewallTextKind, Hint, Kind, Rows, TableKind};
use super::{certificate, dns, log, node_state, probe};
use crate::model::azure::AzureError;
use crate::model::client::{ClientFact, CommandOutcome, KubeconfigServer};
use crate::model::kube::ObjectCount;
use crate::model::node_files::OnNode;

mod section;

use section::Prompt;
pub(super) use section::Section;

const MOST_ERROR: usize = 4096;
const MOST_OUTPUT: usize = 256;
/// Commands read of one transcript.
const MOST_COMMANDS: usize = 10_000;

/// Reads a transcript: prompts with what followed each.
pub fn transcript(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    rows.covers(TableKind::ClientErrors, source.whole());
    let mut start: Option<(Prompt, Span, usize)> = None;
    let mut count = 0;
    let lines: Vec<Line<'_>> = source.lines().collect();
    for line in &lines {
        let text = line.text();
        let Some(prompt) = Prompt::read(&text) else { continue };
        count += 1;
        if count > MOST_COMMANDS {
            let limit = Diagnostic::new(Code::LimitReached, line.at).with("limit", "commands");
            rows.diagnostics.push(limit.with("value", MOST_COMMANDS as u64));
            break;
        }
        let begin = line.offset + line.bytes.len();
        if let Some((before, at, from)) = start.replace((prompt, line.at, begin)) {
            one(&before, at, part(source, from, line.offset), hint, rows);
        } else if line.offset > 0 {
            let prompt = Prompt { command: hint.command.to_owned(), ..Prompt::default() };
            one(&prompt, line.at, part(source, 0, line.offset), hint, rows);
        }
    }
    if let Some((before, at, from)) = start {
        one(&before, at, part(source, from, source.bytes.len()), hint, rows);
    }
    Kind::ClientTranscript
}

/// Reads a file that holds only the error of the command that should have filled it.
pub fn failed_command(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let text = String::from_utf8_lossy(source.bytes);
    let at = source.whole();
    let outcome = outcome(hint.command, hint.node, text.trim(), at, true);
    let shown = super::network_error::capped(text.trim(), MOST_OUTPUT);
    rows.diagnostics.push(Diagnostic::new(Code::FailedCollection, at).with("text", shown));
    azure_error(&text, at, rows);
    rows.covers(TableKind::ClientErrors, at);
    rows.commands.push(outcome);
    Kind::FailedCommand
}

/// Reads the side file of a command: its standard error (may be empty) or its exit code.
pub fn side_file(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let text = String::from_utf8_lossy(source.bytes);
    let text = text.trim();
    let at = source.whole();
    rows.covers(TableKind::ClientErrors, at);
    if let Ok(exit) = text.parse::<i64>() {
        rows.commands.push(CommandOutcome {
            command: hint.command.to_owned(),
            node: hint.node.to_owned(),
            exit: Some(exit),
            at,
            ..CommandOutcome::default()
        });
        return Kind::ClientTranscript;
    }
    if text.is_empty() {
        return Kind::Empty;
    }
    azure_error(text, at, rows);
    rows.commands.push(outcome(hint.command, hint.node, text, at, true));
    Kind::ClientTranscript
}

/// Reads what `kubectl -v=8` and higher say of their own requests; the last lines tell how it ended.
pub fn request_trace(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    rows.covers(TableKind::ClientErrors, source.whole());
    let failing = source.lines().filter(|line| is_error_line(line.text().trim())).last();
    if let Some(line) = failing {
        let text = line.text();
        rows.commands.push(outcome(hint.command, hint.node, text.trim(), line.at, true));
    }
    Kind::ClientTranscript
}

/// True when a text holds only an error: no data a parser could read.
pub fn is_failure(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() || text.len() > 64 * 1024 {
        return false;
    }
    let mut failed = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if is_error_line(line) {
            failed = true;
        } else if !is_warning(line) && !failed {
            return false;
        }
    }
    failed
}

/// True when at least one line is a shell's prompt with a command.
pub(super) fn has_prompts(bytes: &[u8]) -> bool {
    bytes
        .split(|byte| *byte == b'\n')
        .take(4096)
        .any(|line| line.len() < 4096 && Prompt::read(&String::from_utf8_lossy(line)).is_some())
}

fn is_error_line(line: &str) -> bool {
    const STARTS: [&str; 21] = [
        "Error from server",
        "error: ",
        "Error: ",
        "ERROR: ",
        "Unable to connect to the server",
        "The connection to the server",
        "Unable to use a TTY",
        "unable to retrieve container logs",
        "unable to retrieve the complete list",
        "bash: ",
        "sh: ",
        "-bash: ",
        "/bin/sh: ",
        "/bin/bash: ",
        "zsh: ",
        "sudo: ",
        "kubectl: ",
        "az: ",
        "No connection could be made",
        "Command '",
        "command terminated with exit code",
    ];
    let shell =
        ["bash: ", "sh: ", "-bash: ", "/bin/sh: ", "/bin/bash: ", "zsh: ", "kubectl: ", "az: "];
    if let Some(start) = STARTS.iter().find(|start| line.starts_with(**start)) {
        let missing = ["not found", "No such file", "Permission denied", "not recognized"];
        return !shell.contains(start) || missing.iter().any(|word| line.contains(word));
    }
    line.starts_with('E') && super::log::is_klog_line(line) && line.contains("memcache.go")
        || azure_code(line).is_some()
        || line.starts_with("Code: ") && line.len() < 80
        || line.contains("is not recognized as an internal or external command")
}

fn is_warning(line: &str) -> bool {
    line.starts_with("Warning: ")
        || line.starts_with("WARNING: ")
        || line.starts_with('E') && super::log::is_klog_line(line)
        || line.starts_with('W') && super::log::is_klog_line(line)
}

fn part<'a>(source: &Source<'a>, from: usize, to: usize) -> Source<'a> {
    let bytes = source.bytes.get(from..to).unwrap_or_default();
    let skipped = bytes.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
    Source {
        id: source.id,
        bytes: bytes.get(skipped..).unwrap_or_default(),
        base: source.base + (from + skipped) as u64,
    }
}

fn one(prompt: &Prompt, prompt_at: Span, body: Source<'_>, hint: &Hint<'_>, rows: &mut Rows) {
    let section = Section::of_prompt(prompt, body, hint);
    route(&section, prompt_at, hint, rows);
}

/// Hands a command's output to its parser; everything gives a `CommandOutcome` besides.
pub(super) fn route(section: &Section<'_>, prompt_at: Span, hint: &Hint<'_>, rows: &mut Rows) {
    let body = String::from_utf8_lossy(section.source.bytes);
    let text = body.trim();
    let at = if section.source.bytes.is_empty() {
        prompt_at
    } else {
        prompt_at.to(section.source.whole())
    };
    let program = section.program().to_owned();
    let failed = text.lines().any(|line| is_error_line(line.trim()));
    azure_error(text, at, rows);
    let client =
        matches!(program.as_str(), "kubectl" | "k" | "oc" | "helm" | "az" | "kubectl-aks" | "");
    if client || failed {
        let mut outcome = outcome(section.command, &section.node, text, at, failed);
        if outcome.pod.is_empty() {
            outcome.pod.clone_from(&section.pod);
        }
        rows.commands.push(outcome);
    }
    by_program(&program, section, text, hint, rows);
}

fn by_program(program: &str, section: &Section<'_>, text: &str, hint: &Hint<'_>, rows: &mut Rows) {
    match program {
        "nslookup" | "dig" | "host" | "getent" | "resolvectl" | "systemd-resolve" => {
            dns::lookups(section, rows);
        }
        "curl" if public_address(section, text, rows) => {}
        "curl" | "wget" | "nc" | "ncat" | "netcat" | "telnet" | "ping" => {
            probe::probes(section, rows);
        }
        "openssl" if section.words().any(|word| word == "s_client") => probe::probes(section, rows),
        "openssl" => certificate::openssl(section, rows),
        "cat" | "head" | "tail" | "less" | "more" | "grep" | "type" => by_path(section, hint, rows),
        "iptables-save" | "ip6tables-save" | "iptables" | "ip6tables" | "ipset" | "nft" | "ufw"
        | "firewall-cmd" => {
            firewall(program, section, rows);
        }
        "journalctl" | "dmesg" | "crictl" => logs(section, hint, rows),
        "kubectl" | "k" | "oc" => kubectl(section, text, hint, rows),
        "kubectl-aks" => probe::probes(section, rows),
        "az" if section.words().any(|word| word == "run-command") => {
            probe::run_command(section, rows);
        }
        "df" | "free" | "sysctl" | "conntrack" | "ss" | "netstat" | "timedatectl" | "chronyc"
        | "date" | "iostat" | "vmstat" | "top" | "uptime" | "ip" | "hostname" | "systemctl"
        | "mount" => {
            node_state::states(section, rows);
        }
        _ => {}
    }
}

/// `cat PATH`: what the path is tells what its text is.
fn by_path(section: &Section<'_>, hint: &Hint<'_>, rows: &mut Rows) {
    let path = section.words().skip(1).find(|word| word.contains('/')).unwrap_or_default();
    if path.ends_with("resolv.conf") {
        dns::resolver(section, rows);
    } else if path.ends_with("/hosts") {
        dns::hosts_lines(section, rows);
    } else if path.starts_with("/proc/") || path.starts_with("/sys/") || path.contains("provision")
    {
        node_state::states(section, rows);
    } else if path.starts_with("/var/log/") || has_ending(path, &["log"]) {
        logs(section, hint, rows);
    } else if has_ending(path, &["crt", "pem"]) {
        certificate::bundle(section, rows);
    }
}

fn has_ending(path: &str, endings: &[&str]) -> bool {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default();
    endings.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

fn logs(section: &Section<'_>, hint: &Hint<'_>, rows: &mut Rows) {
    let hint = Hint { command: section.command, node: &section.node, ..hint.clone() };
    log::log(&section.source, &hint, rows);
}

fn kubectl(section: &Section<'_>, text: &str, hint: &Hint<'_>, rows: &mut Rows) {
    let words: Vec<&str> = section.words().collect();
    let has = |word: &str| words.contains(&word);
    if has("aks") || words.iter().any(|word| word.starts_with("check-apiserver")) {
        probe::probes(section, rows);
    } else if has("logs") && text.lines().count() > 2 && !is_failure(text) {
        logs(section, hint, rows);
    } else if has("config") && text.starts_with("http") {
        rows.kubeconfigs.push(KubeconfigServer {
            server: text.lines().next().unwrap_or_default().trim().to_owned(),
            current: true,
            at: section.source.whole(),
            ..KubeconfigServer::default()
        });
    } else if has("get") && has("wc") {
        let resource = words.iter().skip_while(|word| **word != "get").nth(1);
        if let (Some(resource), Ok(count)) = (resource, text.parse()) {
            let at = section.source.whole();
            let lower_bound = !(has("-A") || has("--all-namespaces"));
            let resource = (*resource).to_owned();
            rows.object_counts.push(ObjectCount { resource, count, lower_bound, at });
        }
    }
}

/// `curl https://ifconfig.me`: the address the client shows to the internet.
fn public_address(section: &Section<'_>, text: &str, rows: &mut Rows) -> bool {
    const SERVICES: [&str; 8] =
        ["ifconfig", "ipify", "icanhazip", "ipinfo", "checkip", "myip", "ident.me", "ip.me"];
    if !SERVICES.iter().any(|service| section.command.contains(service)) || !dns::is_address(text) {
        return false;
    }
    rows.client_facts.push(ClientFact {
        kind: "public-ip".to_owned(),
        value: text.to_owned(),
        at: section.source.whole(),
    });
    true
}

fn firewall(program: &str, section: &Section<'_>, rows: &mut Rows) {
    let words: Vec<&str> = section.words().collect();
    let kind = match program {
        "iptables-save" | "ip6tables-save" => FirewallTextKind::IptablesSave,
        "ipset" => FirewallTextKind::Ipset,
        "ufw" => FirewallTextKind::Ufw,
        "firewall-cmd" => FirewallTextKind::Firewalld,
        "nft" if words.iter().any(|word| *word == "-j" || *word == "--json") => {
            FirewallTextKind::NftablesJson
        }
        "nft" => FirewallTextKind::NftablesText,
        _ if words.iter().any(|word| *word == "-S" || *word == "--list-rules") => {
            FirewallTextKind::IptablesRules
        }
        _ => FirewallTextKind::IptablesList,
    };
    rows.covers(TableKind::Firewalls, section.source.whole());
    rows.firewalls.push(FirewallText {
        node: section.node.clone(),
        kind,
        text: section.source.bytes.to_vec(),
        at: section.source.whole(),
    });
}

fn outcome(command: &str, node: &str, text: &str, at: Span, failed: bool) -> CommandOutcome {
    let errors = if failed { network_errors(text) } else { Vec::new() };
    let target = failed.then(|| kubelet_target(text)).flatten();
    let failing = text.lines().map(str::trim).find(|line| is_error_line(line));
    CommandOutcome {
        command: super::network_error::capped(command, 1024),
        error_text: if failed {
            super::network_error::capped(text, MOST_ERROR)
        } else {
            String::new()
        },
        output: if failed && failing.is_some() {
            String::new()
        } else {
            super::network_error::capped(text.lines().next().unwrap_or_default(), MOST_OUTPUT)
        },
        errors,
        exit: failed.then_some(1),
        node: target.map_or_else(|| node.to_owned(), str::to_owned),
        pod: pod_of(command),
        at,
        ..CommandOutcome::default()
    }
}

/// The pod that `kubectl logs|exec|attach|port-forward …` names, as `namespace/name`.
pub(super) fn pod_of(command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().take_while(|word| *word != "--").collect();
    let verbs = ["logs", "exec", "attach", "port-forward", "cp"];
    let Some(verb) = words.iter().position(|word| verbs.contains(word)) else {
        return String::new();
    };
    let mut namespace = "default";
    let mut pod = "";
    let takes_value = [
        "-c",
        "--container",
        "--tail",
        "--since",
        "-l",
        "--selector",
        "--context",
        "--kubeconfig",
        "--as",
    ];
    let mut skip = false;
    for (index, word) in words.iter().enumerate().skip(1) {
        if std::mem::take(&mut skip) {
            continue;
        }
        if *word == "-n" || *word == "--namespace" {
            namespace = words.get(index + 1).copied().unwrap_or(namespace);
            skip = true;
        } else if let Some(value) =
            word.strip_prefix("--namespace=").or_else(|| word.strip_prefix("-n="))
        {
            namespace = value;
        } else if takes_value.contains(word) {
            skip = true;
        } else if !word.starts_with('-') && index > verb && pod.is_empty() {
            pod = word.strip_prefix("pod/").unwrap_or(word);
        }
    }
    if pod.is_empty() || pod.contains('/') { String::new() } else { format!("{namespace}/{pod}") }
}

/// `(Code) message`, `ERROR: (Code) message`, a JSON body with `"code":"…"`.
fn azure_error(text: &str, at: Span, rows: &mut Rows) {
    let from_line = text.lines().find_map(|line| azure_code(line.trim()));
    let from_json = || {
        let at = text.find("\"code\"")?;
        let rest =
            text.get(at + 6..)?.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        let code = rest.split('"').next()?;
        let plain = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let failure = text.contains("\"error\"") || text.contains("\"message\"");
        (plain && failure && !code.contains("succeeded")).then_some((code, text))
    };
    let Some((code, message)) = from_line.or_else(|| {
        if text.len() < 16 * 1024 && text.starts_with('{') { from_json() } else { None }
    }) else {
        return;
    };
    rows.azure_errors.push(AzureError {
        code: code.to_owned(),
        message: super::network_error::capped(message, MOST_ERROR),
        at,
    });
}

fn azure_code(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("ERROR: ").unwrap_or(line);
    let (code, rest) = line.strip_prefix('(')?.split_once(')')?;
    let plain = code.len() > 3
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
        && code.starts_with(|c: char| c.is_ascii_uppercase());
    (plain && rest.starts_with(' ')).then(|| (code, rest.trim()))
}

impl Section<'_> {
    /// A value with this section's node.
    pub(super) fn on_node<T>(&self, value: T) -> OnNode<T> {
        OnNode { node: self.node.clone(), value }
    }
}

#[cfg(test)]
mod sweep;
#[cfg(test)]
mod tests;
