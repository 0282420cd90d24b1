//! Attempts to reach something: curl, wget, nc of every maker, telnet, `openssl s_client`, ping, and
//! kubectl-aks; and the wrapper of `az vmss run-command`, whose inner text is routed again.

use konspect_bundle::{Source, Span};
use serde_json::Value;

use super::network_error::{network_errors, target, url_targets};
use super::rows::{Hint, Kind, Rows, TableKind};
use super::transcript::{self, Section};
use crate::model::network_error::{NetworkError, Target};
use crate::model::node_files::{OnNode, Probe, ProbeResult};

/// Reads a file of probes, with or without prompts.
pub fn probe(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    if transcript::has_prompts(source.bytes) {
        transcript::transcript(source, hint, rows);
    } else {
        let section = Section::of_file(source, hint);
        let text = String::from_utf8_lossy(source.bytes);
        if text.contains("[stdout]") || text.contains("ComponentStatus/StdOut") {
            run_command(&section, rows);
        } else {
            probes(&section, rows);
        }
    }
    Kind::NetworkProbe
}

/// Reads the output of one probing command; without a command each line speaks for itself.
pub(super) fn probes(section: &Section<'_>, rows: &mut Rows) {
    let text = String::from_utf8_lossy(section.source.bytes);
    let whole = section.source.whole();
    rows.covers(TableKind::Probes, whole);
    if connectivity_checks(section, rows) {
        return;
    }
    let program = section.program().to_owned();
    let result = match program.as_str() {
        "openssl" => Some(openssl(&text)),
        "ping" => Some(ping(&text)),
        "curl" | "wget" => Some(curl(&text)),
        "nc" | "ncat" | "netcat" | "telnet" => Some(net(&text)),
        _ => None,
    };
    match result {
        Some(result) => {
            let (target, url) = aim(section, &text);
            let value =
                Probe { tool: program, target, url, result, pod: section.pod.clone(), at: whole };
            rows.probes.push(OnNode { node: section.node.clone(), value });
        }
        None => unprompted(section, &text, rows),
    }
}

/// Unwraps `az vmss run-command invoke` (JSON, or the message alone) and routes the inner text.
pub(super) fn run_command(section: &Section<'_>, rows: &mut Rows) {
    let text = String::from_utf8_lossy(section.source.bytes);
    let messages: Vec<String> = match json_messages(&text) {
        Some(messages) => messages,
        None => vec![text.into_owned()],
    };
    let script = script_of(section.command);
    for message in messages {
        let (out, err) = split_streams(&message);
        let inner = if out.trim().is_empty() { err } else { out };
        if inner.trim().is_empty() {
            continue;
        }
        // Spans stay those of the whole wrapper: the inner text is unescaped and has no bytes of its own.
        let mut found = Rows::default();
        let source = Source { id: section.source.id, bytes: inner.as_bytes(), base: 0 };
        let hint = Hint { node: &section.node, command: &script, ..Hint::default() };
        if transcript::has_prompts(source.bytes) {
            transcript::transcript(&source, &hint, &mut found);
        } else if script.is_empty() {
            probes(&section.with_text(source, ""), &mut found);
        } else {
            transcript::route(
                &section.with_text(source, &script),
                section.source.whole(),
                &hint,
                &mut found,
            );
        }
        place(&mut found, section.source.whole());
        rows.append(found);
    }
}

/// Moves rows that were read from unescaped text to the place of their wrapper.
fn place(rows: &mut Rows, at: Span) {
    macro_rules! place {
        ($($field:ident),*) => { $(for row in &mut rows.$field { row.value.at = at; })* };
    }
    place!(
        resolv_confs,
        lookups,
        probes,
        filesystems,
        memory,
        pressures,
        conntracks,
        clocks,
        certificates,
        disk_loads,
        cpu_loads,
        sockets,
        provision_exits,
        routes,
        hosts
    );
    rows.commands.iter_mut().for_each(|row| row.at = at);
    rows.collected.iter_mut().for_each(|row| row.at = at);
    rows.firewalls.iter_mut().for_each(|row| row.at = at);
    rows.azure_errors.iter_mut().for_each(|row| row.at = at);
    rows.diagnostics.iter_mut().for_each(|row| row.at = at);
    for log in &mut rows.logs {
        log.at = at;
        log.signals.iter_mut().flat_map(|signal| &mut signal.hits).for_each(|hit| hit.at = at);
    }
}

fn json_messages(text: &str) -> Option<Vec<String>> {
    let start = text.find('{')?;
    let value: Value = serde_json::from_str(text.get(start..)?.trim()).ok()?;
    let list = value.get("value")?.as_array()?;
    let messages: Vec<String> = list
        .iter()
        .filter(|item| {
            let code = item.get("code").and_then(Value::as_str).unwrap_or_default();
            !code.contains("StdErr")
        })
        .filter_map(|item| item.get("message").and_then(Value::as_str).map(str::to_owned))
        .collect();
    Some(messages)
}

fn split_streams(message: &str) -> (&str, &str) {
    let Some((_, rest)) = message.split_once("[stdout]") else { return (message, "") };
    let (out, err) = rest.split_once("[stderr]").unwrap_or((rest, ""));
    (out.trim_matches('\n'), err.trim_matches('\n'))
}

/// The text behind `--scripts`.
fn script_of(command: &str) -> String {
    let Some((_, rest)) = command.split_once("--scripts") else { return String::new() };
    let rest = rest.trim_start_matches(['=', ' ']);
    match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest.split(quote).nth(1).unwrap_or_default().to_owned(),
        _ => rest.to_owned(),
    }
}

/// `Connectivity check: succeeded`, with or without the node before it or in a heading above it.
fn connectivity_checks(section: &Section<'_>, rows: &mut Rows) -> bool {
    let mut node = section.node.clone();
    let mut any = false;
    for line in section.source.lines() {
        let text = line.text();
        let trimmed = text.trim();
        if let Some(name) = trimmed.strip_prefix("=== ").and_then(|rest| rest.strip_suffix(" ==="))
        {
            name.clone_into(&mut node);
            continue;
        }
        let lower = trimmed.to_ascii_lowercase();
        let Some(at) = lower.find("connectivity check:") else { continue };
        any = true;
        let before = trimmed.get(..at).unwrap_or_default().trim();
        let before = before.trim_matches(['✔', '✗', '|', ' ', ':']);
        if !before.is_empty() && !before.contains(' ') {
            before.clone_into(&mut node);
        }
        let result = if lower.contains("succeeded") {
            ProbeResult::Open { http_status: 0 }
        } else if lower.contains("failed") {
            ProbeResult::CheckFailed
        } else {
            ProbeResult::Unknown
        };
        let value = Probe {
            tool: "kubectl-aks".to_owned(),
            target: Target::default(),
            url: String::new(),
            result,
            pod: String::new(),
            at: line.at,
        };
        rows.probes.push(OnNode { node: node.clone(), value });
    }
    any
}

/// Lines that name what they tried, without the command.
fn unprompted(section: &Section<'_>, text: &str, rows: &mut Rows) {
    if text.contains("ALPN protocol:") || text.contains("No ALPN negotiated") {
        let result = openssl(text);
        push(section, "openssl", Target::default(), result, section.source.whole(), rows);
        return;
    }
    for line in section.source.lines() {
        let text = line.text();
        let trimmed = text.trim();
        let tool = if trimmed.starts_with("curl: (") {
            "curl"
        } else if trimmed.starts_with("nc: ")
            || trimmed.starts_with("Connection to ")
            || trimmed.starts_with("Ncat: ")
        {
            "nc"
        } else {
            continue;
        };
        let result = if tool == "curl" { curl(trimmed) } else { net(trimmed) };
        let target = connection_to(trimmed)
            .or_else(|| network_errors(trimmed).iter().find_map(error_target))
            .unwrap_or_default();
        push(section, tool, target, result, line.at, rows);
    }
}

fn push(
    section: &Section<'_>,
    tool: &str,
    target: Target,
    result: ProbeResult,
    at: Span,
    rows: &mut Rows,
) {
    let value = Probe {
        tool: tool.to_owned(),
        target,
        url: String::new(),
        result,
        pod: section.pod.clone(),
        at,
    };
    rows.probes.push(OnNode { node: section.node.clone(), value });
}

/// What the command line aims at, else what its output says.
fn aim(section: &Section<'_>, text: &str) -> (Target, String) {
    let words: Vec<&str> = section.words().skip(1).collect();
    if let Some(url) = words.iter().find(|word| word.contains("://")) {
        return (url_targets(url).next().unwrap_or_default(), (*url).to_owned());
    }
    if let Some(at) = words.iter().position(|word| *word == "-connect" || *word == "--connect") {
        return (target(words.get(at + 1).copied().unwrap_or_default()), String::new());
    }
    let takes_value =
        ["-w", "-m", "-o", "-H", "-i", "-G", "-s", "-p", "-c", "--max-time", "--connect-timeout"];
    let mut plain: Vec<&str> = Vec::new();
    let mut skip = false;
    for word in &words {
        if std::mem::take(&mut skip) {
            continue;
        }
        if matches!(*word, "|" | "<" | ">" | "&&" | ";" | "2>&1") || word.starts_with(['<', '>']) {
            break;
        }
        let bundled = word.starts_with('-') && !word.starts_with("--") && word.ends_with('w');
        if takes_value.contains(word) || bundled {
            skip = true;
        } else if !word.starts_with('-') {
            plain.push(word);
        }
    }
    let aimed = match plain.as_slice() {
        [host, port, ..] if port.parse::<u16>().is_ok() => {
            Target { host: (*host).to_owned(), port: port.parse().unwrap_or(0) }
        }
        [host, ..] => target(host),
        [] => connection_to(text).unwrap_or_default(),
    };
    (aimed, String::new())
}

/// `Connection to HOST PORT port …`, `Connected to HOST (ip) port N`.
fn connection_to(text: &str) -> Option<Target> {
    let (_, rest) = text.split_once("Connection to ")?;
    let mut words = rest.split_whitespace();
    let host = words.next()?.to_owned();
    let port = words.find_map(|word| word.trim_end_matches(':').parse().ok())?;
    Some(Target { host, port })
}

fn error_target(error: &NetworkError) -> Option<Target> {
    match error {
        NetworkError::DialTimeout { target }
        | NetworkError::Refused { target }
        | NetworkError::NoRoute { target }
        | NetworkError::Reset { target }
        | NetworkError::TlsHandshakeTimeout { target } => Some(target.clone()),
        NetworkError::NoSuchHost { name, .. } | NetworkError::LookupTimeout { name, .. } => {
            Some(Target { host: name.clone(), port: 0 })
        }
        _ => None,
    }
}

fn of_errors(text: &str) -> Option<ProbeResult> {
    let tls = || ProbeResult::TlsFailed { text: super::network_error::capped(text.trim(), 256) };
    network_errors(text).first().map(|error| match error {
        NetworkError::DialTimeout { .. } | NetworkError::DeadlineExceeded => ProbeResult::TimedOut,
        NetworkError::Refused { .. } => ProbeResult::Refused,
        NetworkError::NoRoute { .. } => ProbeResult::NoRoute,
        NetworkError::NoSuchHost { .. } | NetworkError::LookupFailed { .. } => {
            ProbeResult::Unresolved
        }
        NetworkError::LookupTimeout { .. } => ProbeResult::ResolveTimedOut,
        NetworkError::Reset { .. } | NetworkError::EndOfFile => ProbeResult::Closed,
        NetworkError::UnknownAuthority
        | NetworkError::CertificateExpired
        | NetworkError::CertificateNotYetValid
        | NetworkError::TlsHandshakeTimeout { .. }
        | NetworkError::AlpnMissing => tls(),
        NetworkError::Unauthorized => ProbeResult::Open { http_status: 401 },
        NetworkError::Forbidden => ProbeResult::Open { http_status: 403 },
        _ => ProbeResult::Unknown,
    })
}

fn curl(text: &str) -> ProbeResult {
    let code = text.split_once("curl: (").and_then(|(_, rest)| rest.split(')').next());
    let failure = text.lines().find(|line| line.contains("curl: (")).unwrap_or_default();
    match code.and_then(|code| code.parse::<u16>().ok()) {
        Some(5 | 6) => return ProbeResult::Unresolved,
        Some(28) if failure.contains("Resolving timed out") => return ProbeResult::ResolveTimedOut,
        Some(28) => return ProbeResult::TimedOut,
        Some(7) => return of_errors(failure).unwrap_or(ProbeResult::Refused),
        Some(35 | 51 | 58 | 60 | 77) => {
            return ProbeResult::TlsFailed { text: failure.trim().to_owned() };
        }
        Some(52 | 56) => return ProbeResult::Closed,
        _ => {}
    }
    // `-v` prints the status line, `-w "%{http_code} …"` the number first.
    let status = text.lines().rev().find_map(|line| {
        let line = line.trim().trim_start_matches("< ");
        let rest = line.strip_prefix("HTTP/").and_then(|rest| rest.split(' ').nth(1));
        let word = rest.or_else(|| line.split_whitespace().next())?;
        let word = word.split(['=', ':']).next_back()?;
        (word.len() == 3).then(|| word.parse::<u16>().ok()).flatten()
    });
    match status {
        Some(0) => of_errors(text).unwrap_or(ProbeResult::TimedOut),
        Some(http_status) => ProbeResult::Open { http_status },
        None => of_errors(text).unwrap_or_else(|| {
            let open = !text.trim().is_empty() && !text.contains("not found");
            if open { ProbeResult::Open { http_status: 0 } } else { ProbeResult::Unknown }
        }),
    }
}

/// nc, ncat, busybox nc, telnet.
fn net(text: &str) -> ProbeResult {
    let lower = text.to_ascii_lowercase();
    let has = |needle: &str| lower.contains(needle);
    if has("succeeded!") || has("connected to") || has(" open") && !has("not open") {
        ProbeResult::Open { http_status: 0 }
    } else if has("refused") {
        ProbeResult::Refused
    } else if has("no route") || has("unreachable") {
        ProbeResult::NoRoute
    } else if has("temporary failure") {
        ProbeResult::ResolveTimedOut
    } else if has("not known")
        || has("bad address")
        || has("could not resolve")
        || has("no such host")
    {
        ProbeResult::Unresolved
    } else if has("timed out") || has("timeout") || has("trying ") {
        ProbeResult::TimedOut
    } else {
        ProbeResult::Unknown
    }
}

fn ping(text: &str) -> ProbeResult {
    if text.contains(" 0% packet loss") || text.contains("bytes from") {
        ProbeResult::Open { http_status: 0 }
    } else if text.contains("100% packet loss") {
        ProbeResult::TimedOut
    } else {
        net(text)
    }
}

/// `openssl s_client`, whole or cut down to the lines about subject, issuer and ALPN.
fn openssl(text: &str) -> ProbeResult {
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix('='))
            .map(|value| super::network_error::capped(value.trim(), 256))
            .unwrap_or_default()
    };
    let alpn = text.lines().find_map(|line| line.trim().strip_prefix("ALPN protocol:"));
    let (subject, issuer) = (field("subject"), field("issuer"));
    let lower = text.to_ascii_lowercase();
    // Without a handshake nothing was negotiated, and openssl says so in the same words.
    let shaken = !lower.contains("cipher is (none)");
    if alpn.is_some() || !subject.is_empty() || shaken && lower.contains("no alpn negotiated") {
        return ProbeResult::Tls {
            alpn: alpn.map(|value| value.trim().to_owned()),
            issuer,
            subject,
        };
    }
    if lower.contains("connect:errno=110") || lower.contains("timed out") {
        return ProbeResult::TimedOut;
    }
    if lower.contains("connect:errno=111") || lower.contains("connection refused") {
        return ProbeResult::Refused;
    }
    if lower.contains("connect:errno=113") || lower.contains("no route to host") {
        return ProbeResult::NoRoute;
    }
    if lower.contains("name or service not known") || lower.contains("bio_lookup") {
        return ProbeResult::Unresolved;
    }
    if lower.contains("alert") || lower.contains("ssl routines") {
        return ProbeResult::TlsFailed { text: super::network_error::capped(text.trim(), 256) };
    }
    if lower.contains("errno=104") || lower.contains("no peer certificate available") {
        return ProbeResult::Closed;
    }
    ProbeResult::Unknown
}

#[cfg(test)]
mod tests {
    use konspect_bundle::ArtifactId;

    use super::*;

    fn read(text: &str) -> Vec<OnNode<Probe>> {
        let mut rows = Rows::default();
        probe(&Source::new(ArtifactId(0), text.as_bytes()), &Hint::default(), &mut rows);
        rows.probes
    }

    #[test]
    fn every_tool() {
        let open = |http_status| ProbeResult::Open { http_status };
        for (text, host, port, result) in [
            (
                "$ curl -sS -k -m 10 -o /dev/null -w \"%{http_code} %{time_total}\\n\" https://a.azmk8s.io/healthz\n401 0.087538\n",
                "a.azmk8s.io",
                443,
                open(401),
            ),
            (
                "$ curl -v https://a.io:8443/\n* Connected to a.io (1.2.3.4) port 8443\n< HTTP/2 200 \n",
                "a.io",
                8443,
                open(200),
            ),
            (
                "$ curl https://a.io/\ncurl: (28) Resolving timed out after 10000 milliseconds\n000 10.0\n",
                "a.io",
                443,
                ProbeResult::ResolveTimedOut,
            ),
            (
                "$ curl http://a.io/\ncurl: (28) Connection timed out after 10000 milliseconds\n",
                "a.io",
                80,
                ProbeResult::TimedOut,
            ),
            (
                "$ curl http://a.io/\ncurl: (6) Could not resolve host: a.io\n",
                "a.io",
                80,
                ProbeResult::Unresolved,
            ),
            (
                "$ curl http://a.io/\ncurl: (7) Failed to connect to a.io port 80 after 3 ms: No route to host\n",
                "a.io",
                80,
                ProbeResult::NoRoute,
            ),
            (
                "$ nc -z -v -w 3 10.224.0.5 10250\nConnection to 10.224.0.5 10250 port [tcp/*] succeeded!\n",
                "10.224.0.5",
                10250,
                open(0),
            ),
            (
                "$ nc -zv -w 3 a.io 443\nnc: connect to a.io (1.2.3.4) port 443 (tcp) timed out: Operation now in progress\n",
                "a.io",
                443,
                ProbeResult::TimedOut,
            ),
            (
                "nc: connect to 10.224.0.5 port 10250 (tcp) failed: Connection refused\n",
                "10.224.0.5",
                10250,
                ProbeResult::Refused,
            ),
            ("$ ncat -zv 10.0.0.1 443\nNcat: TIMEOUT.\n", "10.0.0.1", 443, ProbeResult::TimedOut),
            (
                "$ telnet 10.0.0.1 443\nTrying 10.0.0.1...\nConnected to 10.0.0.1.\n",
                "10.0.0.1",
                443,
                open(0),
            ),
            ("$ telnet 10.0.0.1 443\nTrying 10.0.0.1...\n", "10.0.0.1", 443, ProbeResult::TimedOut),
            (
                "$ openssl s_client -connect a.io:443 -servername a.io -alpn konnectivity </dev/null 2>/dev/null | egrep \"subject|issuer|ALPN\"\nsubject=CN = apiserver\nissuer=CN = ca\nNo ALPN negotiated\n",
                "a.io",
                443,
                ProbeResult::Tls {
                    alpn: None,
                    issuer: "CN = ca".into(),
                    subject: "CN = apiserver".into(),
                },
            ),
        ] {
            let probes = read(text);
            assert_eq!(probes.len(), 1, "{text}: {probes:?}");
            let value = &probes[0].value;
            assert_eq!(
                (value.target.host.as_str(), value.target.port, &value.result),
                (host, port, &result),
                "{text}"
            );
        }
    }

    #[test]
    fn connectivity_checks_of_many_nodes() {
        let text = "aks-a-vmss000002        Connectivity check: FAILED\naks-a-vmss000003        Connectivity check: succeeded\n";
        let probes = read(text);
        assert_eq!(probes.len(), 2);
        assert_eq!(
            (probes[0].node.as_str(), &probes[0].value.result),
            ("aks-a-vmss000002", &ProbeResult::CheckFailed)
        );
        assert_eq!(probes[1].value.result, ProbeResult::Open { http_status: 0 });
    }

    #[test]
    fn run_command_is_unwrapped() {
        let text = r#"$ az vmss run-command invoke -g rg -n vmss --instance-id 0 --command-id RunShellScript --scripts "nc -v -w 2 10.224.0.5 10250"
{ "value": [ { "code": "ProvisioningState/succeeded", "message": "Enable succeeded: \n[stdout]\n\n[stderr]\nnc: connect to 10.224.0.5 port 10250 (tcp) timed out: Operation now in progress\n", "time": null } ] }
"#;
        let probes = read(text);
        assert_eq!(probes.len(), 1, "{probes:?}");
        assert_eq!(probes[0].value.result, ProbeResult::TimedOut);
        assert_eq!(probes[0].value.target.port, 10250);
        assert!(probes[0].value.at.end <= text.len() as u64);
    }
}
