//! Tests of single lines, and of few lines together.

use super::super::Hint;

pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace()
}

/// A shell's prompt with a command: `$ kubectl …`, `user@host:~$ …`, `[root@host ~]# …`, `PS C:\> …`.
pub(super) fn is_prompt(line: &str) -> bool {
    if let Some(command) = line.strip_prefix("$ ").or_else(|| line.strip_prefix("> $ ")) {
        return command
            .starts_with(|char: char| char.is_ascii_alphanumeric() || "./~\"'(".contains(char));
    }
    if line.starts_with("PS ")
        && line.contains("> ")
        && (line.contains(":\\") || line.contains('/'))
    {
        return true;
    }
    let Some((prompt, command)) = line.split_once("$ ").or_else(|| line.split_once("# ")) else {
        return false;
    };
    let prompt = prompt.trim_start_matches('[').trim_end_matches(']');
    !command.is_empty()
        && prompt.len() < 100
        && prompt.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty()
                && !user.contains(char::is_whitespace)
                && (host.contains(':') || host.contains(" ~") || host.contains(" /"))
                && !host.contains(['=', '"', '{', '('])
        })
}

/// A line that begins as log lines do.
pub(super) fn is_log(line: &str) -> bool {
    let line = line.trim_start();
    is_klog(line)
        || begins_with_time(line)
        || is_journal(line)
        || is_kernel(line)
        || is_levelled(line)
        || is_pod_prefix(line)
        || line.starts_with("time=\"")
        || line.starts_with("ts=")
        || line.starts_with("level=")
        || [
            "-- Logs begin at ",
            "-- Journal begins at ",
            "-- Boot ",
            "-- Reboot --",
            "-- No entries --",
            ".:53",
        ]
        .iter()
        .any(|start| line.starts_with(start))
}

/// `E0413 10:53:52.844381`.
pub(super) fn is_klog(line: &str) -> bool {
    let bytes = line.as_bytes();
    matches!(bytes.first(), Some(b'I' | b'W' | b'E' | b'F'))
        && bytes.get(1..5).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
        && bytes.get(5) == Some(&b' ')
        && bytes.get(6..14).is_some_and(is_clock)
        && bytes.get(14) == Some(&b'.')
}

/// `10:53:52`.
fn is_clock(bytes: &[u8]) -> bool {
    bytes.len() == 8
        && bytes.iter().enumerate().all(|(index, byte)| {
            if index == 2 || index == 5 { *byte == b':' } else { byte.is_ascii_digit() }
        })
}

/// `2025-05-05T11:48:03…`, `2025-05-05 11:48:03`, `2019/05/13 13:30:23`, also in brackets.
fn begins_with_time(line: &str) -> bool {
    let line = line.strip_prefix(['[', '"', '(']).unwrap_or(line);
    let bytes = line.as_bytes();
    bytes.len() >= 19
        && bytes.get(..4).is_some_and(|year| year.iter().all(u8::is_ascii_digit))
        && matches!(bytes.get(4), Some(b'-' | b'/'))
        && matches!(bytes.get(10), Some(b'T' | b' '))
        && bytes.get(11..19).is_some_and(is_clock)
        && line.len() > 20
}

/// `Mar  7 18:50:52 host program[12]: `.
fn is_journal(line: &str) -> bool {
    const MONTHS: &[&str] =
        &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = words(line);
    let month = parts.next().is_some_and(|word| MONTHS.contains(&word));
    let day = parts.next().is_some_and(|word| word.len() <= 2 && word.parse::<u8>().is_ok());
    let clock = parts.next().is_some_and(|word| word.as_bytes().get(..8).is_some_and(is_clock));
    month && day && clock && parts.next().is_some()
}

/// `[1454500.910215] …`, `[Tue Nov 20 22:30:22 2018] …`, `<6>[ 12.3] …`.
fn is_kernel(line: &str) -> bool {
    let line = match line.strip_prefix('<') {
        Some(rest) => rest
            .trim_start_matches(|char: char| char.is_ascii_digit())
            .strip_prefix('>')
            .unwrap_or(rest),
        None => line,
    };
    let Some((stamp, rest)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return false;
    };
    let stamp = stamp.trim();
    let seconds = stamp.split_once('.').is_some_and(|(whole, fraction)| {
        fraction.len() == 6
            && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
    });
    let weekday = ["Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "]
        .iter()
        .any(|day| stamp.starts_with(day));
    (seconds || (weekday && stamp.len() == 24)) && !rest.is_empty()
}

/// `[INFO] …`, `[ERROR] plugin/errors: …`, `INFO: …`, `level=…`.
fn is_levelled(line: &str) -> bool {
    const LEVELS: &[&str] =
        &["TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"];
    let bracketed = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .is_some_and(|(level, _)| LEVELS.contains(&level.trim().to_ascii_uppercase().as_str()));
    let bare = words(line).next().is_some_and(|word| {
        word != "WARNING:" && word != "ERROR:" && LEVELS.contains(&word.trim_end_matches(':'))
    });
    bracketed || bare
}

/// `[pod/name/container] `.
fn is_pod_prefix(line: &str) -> bool {
    line.strip_prefix("[pod/").is_some_and(|rest| rest.contains("] "))
}

/// `:INPUT ACCEPT [0:0]`, `*filter` alone.
pub(super) fn is_chain_declaration(line: &str) -> bool {
    if matches!(line, "*filter" | "*nat" | "*mangle" | "*raw" | "*security") {
        return true;
    }
    let Some(rest) = line.strip_prefix(':') else {
        return false;
    };
    let parts: Vec<_> = words(rest).collect();
    matches!(parts.as_slice(), [_, "ACCEPT" | "DROP" | "QUEUE" | "RETURN" | "-", counters]
        if counters.starts_with('[') && counters.contains(':'))
}

/// `-P INPUT ACCEPT`, `-N CHAIN`, `-A CHAIN …`, with or without counters.
pub(super) fn is_iptables_rule(line: &str) -> bool {
    let line = match line.strip_prefix('[') {
        Some(rest) => rest.split_once("] ").map_or("", |(_, rule)| rule),
        None => line,
    };
    let mut parts = words(line);
    matches!(parts.next(), Some("-P" | "-N" | "-A"))
        && parts
            .next()
            .is_some_and(|chain| chain.starts_with(|char: char| char.is_ascii_alphabetic()))
}

/// `Chain INPUT (policy ACCEPT)`, `Chain X (1 references)`.
pub(super) fn is_chain_header(line: &str) -> bool {
    line.strip_prefix("Chain ").is_some_and(|rest| {
        rest.contains("(policy ") || (rest.contains('(') && rest.contains("references)"))
    })
}

/// `table inet filter {`.
pub(super) fn is_nft_table(line: &str) -> bool {
    let parts: Vec<_> = words(line).take(4).collect();
    matches!(
        parts.as_slice(),
        ["table", "ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev", _, "{" | "#"]
    ) || (matches!(parts.as_slice(), ["table", "ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev", name] if name.ends_with('{')))
}

/// A line of `ipset save`.
pub(super) fn is_ipset(line: &str) -> bool {
    let parts: Vec<_> = words(line).take(3).collect();
    matches!(parts.as_slice(), ["create", _, kind]
        if kind.starts_with("hash:") || kind.starts_with("bitmap:") || *kind == "list:set")
}

/// The head of `ipset list`.
pub(super) fn is_ipset_list(early: &[&str]) -> bool {
    early.iter().any(|line| {
        line.strip_prefix("Type: ").is_some_and(|kind| {
            kind.starts_with("hash:") || kind.starts_with("bitmap:") || kind.starts_with("list:set")
        })
    })
}

/// `firewall-cmd --list-all` and `--list-all-zones`: a zone and its first fields.
pub(super) fn is_firewalld(early: &[&str]) -> bool {
    let field = |name: &str| early.iter().any(|line| line.trim_start().starts_with(name));
    field("target: ") && field("icmp-block-inversion: ") && field("interfaces:")
}

/// `ufw status` in any of its forms, also in other languages.
pub(super) fn is_ufw(early: &[&str], hint: &Hint<'_>) -> bool {
    let first = early.first().copied().unwrap_or_default();
    if matches!(first.trim(), "Status: active" | "Status: inactive") {
        return true;
    }
    if first.contains("ufw: command not found") || first.contains("ufw: not found") {
        return true;
    }
    let rule = early.iter().any(|line| {
        let parts: Vec<_> = words(line).collect();
        parts == ["--", "------", "----"]
    });
    let named = hint.path.contains("ufw") || hint.command.contains("ufw");
    rule || (named && first.contains(':') && words(first).count() <= 3 && !super::is_error(first))
}

/// What `openssl x509` and kubeadm print.
pub(super) fn is_certificate(line: &str) -> bool {
    ["notAfter=", "notBefore=", "subject=", "issuer="].iter().any(|start| line.starts_with(start))
        || line.trim_start().starts_with("Not After :")
        || (line.starts_with("CERTIFICATE ") && line.contains("EXPIRES"))
        || line.contains("-----BEGIN TRUSTED CERTIFICATE-----")
}

/// A line that only a DNS look-up prints.
pub(super) fn is_lookup(line: &str) -> bool {
    let lower = line.trim_start();
    [
        ";; ->>HEADER<<-",
        "; <<>> DiG",
        "** server can't find",
        "*** Can't find",
        "*** Request to ",
        "DNS request timed out",
        ";; connection timed out",
        ";; communications error to",
        ";; QUESTION SECTION",
        ";; SERVER:",
        "Non-authoritative answer",
        "nslookup: ",
        ";; Got SERVFAIL",
    ]
    .iter()
    .any(|start| lower.starts_with(start))
        || (lower.starts_with("*** ") && lower.contains("can't find"))
        || (lower.starts_with("Server:") && !lower.contains("Version") && words(lower).count() == 2)
        || lower.contains(" has address ")
        || (lower.starts_with("Host ") && lower.contains(" not found: "))
}

/// Only directives of the resolver, with at least one server.
pub(super) fn is_resolv_conf(lines: &[&str]) -> bool {
    let directive = |line: &&str| {
        let word = words(line).next().unwrap_or_default();
        matches!(word, "nameserver" | "search" | "options" | "domain" | "sortlist")
    };
    let mut spoken = lines.iter().filter(|line| !line.starts_with(['#', ';'])).peekable();
    let directives = spoken.peek().is_some() && spoken.all(directive);
    let resolvectl = lines.iter().take(20).any(|line| {
        let line = line.trim_start();
        line.starts_with("Current DNS Server:") || line.starts_with("DNS Servers:")
    });
    directives || resolvectl
}

/// Outputs of nc, curl, telnet, openssl `s_client`, ping, traceroute, kubectl-aks.
pub(super) fn is_probe(line: &str) -> bool {
    let lower = line.trim_start();
    [
        "nc: ",
        "Ncat: ",
        "curl: (",
        "* Trying",
        "*   Trying",
        "* Connected to ",
        "* Could not resolve host",
        "* Host ",
        "CONNECTED(0000",
        "Connection to ",
        "Trying ",
        "Escape character is",
        "telnet: ",
        "PING ",
        "traceroute to ",
        "tracepath",
        "Connectivity check:",
        "wget: ",
        "HTTP/1.1 ",
        "HTTP/2 ",
        "< HTTP/",
        "\u{2714} ",
        "\u{2717} ",
    ]
    .iter()
    .any(|start| lower.starts_with(start))
        || (lower.contains("Connectivity check: "))
        || (lower.starts_with("===") && lower.ends_with("===") && lower.contains("vmss"))
}

/// A header of `kubectl get` or `kubectl top`: words in capitals, the first of them a known one.
pub(super) fn is_table_header(line: &str) -> bool {
    let first = words(line).next().unwrap_or_default();
    let known = matches!(
        first,
        "NAME" | "NAMESPACE" | "LAST" | "NODE" | "POD" | "KIND" | "RESOURCE" | "TYPE" | "OBJECT"
    );
    let capital = |word: &str| {
        let bare = word.split('(').next().unwrap_or_default();
        !word.is_empty()
            && (bare.is_empty()
                || bare.chars().any(|char| char.is_ascii_uppercase())
                || word == "%")
            && bare.chars().all(|char| {
                char.is_ascii_uppercase() || char.is_ascii_digit() || "-_/%.:+".contains(char)
            })
    };
    known
        && !line.contains("MAJ:MIN")
        && (words(line).count() > 1 || first == "NAME")
        && words(line).all(capital)
}

/// What `kubectl describe` prints: a name at the margin, with labels, annotations or a namespace.
pub(super) fn is_describe(lines: &[&str]) -> bool {
    let early = lines.get(..lines.len().min(40)).unwrap_or_default();
    let has = |key: &str| early.iter().any(|line| line.starts_with(key));
    has("Name:")
        && ["Namespace:", "Labels:", "Annotations:", "CreationTimestamp:", "API Version:", "Roles:"]
            .iter()
            .any(|key| has(key))
}

/// The header of a CSV that holds audit events, or counts of them.
pub(super) fn is_audit_csv(header: &str) -> bool {
    const COLUMNS: &[&str] =
        &["TimeGenerated", "AuditId", "RequestUri", "UserAgent", "log_s", "requestURI", "auditID"];
    header.contains([',', ';', '\t'])
        && header
            .split([',', ';', '\t'])
            .map(|column| column.trim().trim_matches(['"', '\u{feff}']))
            .any(|column| COLUMNS.iter().any(|known| column.starts_with(known)))
}

/// Lines with the same number of separators.
pub(super) fn is_csv(lines: &[&str]) -> bool {
    let count = |line: &&str| line.matches([',', ';']).count();
    let Some(first) = lines.first().map(count) else {
        return false;
    };
    first >= 2
        && lines.len() >= 2
        && lines.iter().filter(|line| count(line) == first).count() * 10 >= lines.len() * 8
}

pub(super) fn is_html(first: &str) -> bool {
    let lower = first.trim_start().to_ascii_lowercase();
    ["<a href=", "<!doctype html", "<html", "<head", "<body", "<?xml", "<svg"]
        .iter()
        .any(|start| lower.starts_with(start))
}

/// Headings, lists and fences of Markdown.
pub(super) fn is_markdown(lines: &[&str]) -> bool {
    let heading = |line: &&str| {
        let text = line.trim_start_matches('#');
        let level = line.len() - text.len();
        (1..=6).contains(&level) && text.starts_with(' ')
    };
    lines.first().is_some_and(heading)
        && lines.len() > 1
        && lines.iter().any(|line| !line.starts_with('#'))
        || lines.iter().filter(|line| line.starts_with("```")).count() >= 2
}

/// Sentences: most lines have several words, nearly all of letters.
pub(super) fn is_prose(lines: &[&str]) -> bool {
    let prose = lines
        .iter()
        .filter(|line| {
            let all = words(line).count();
            let plain = words(line)
                .filter(|word| {
                    word.trim_matches(|char: char| char.is_ascii_punctuation())
                        .chars()
                        .all(char::is_alphabetic)
                })
                .count();
            all >= 3 && plain * 10 >= all * 7
        })
        .count();
    prose * 2 > lines.len()
}

/// What commands say of their success, lists of names, and drawn tables: known, and of no use.
pub(super) fn is_outcome(lines: &[&str]) -> bool {
    const ENDS: &[&str] = &[
        " deleted",
        " created",
        " configured",
        " unchanged",
        " scaled",
        " patched",
        " labeled",
        " annotated",
        " cordoned",
        " uncordoned",
        " drained",
        " evicted",
        " restarted",
        " edited",
        " condition met",
        " successfully rolled out",
        " force deleted",
    ];
    let outcome = |line: &&str| {
        let line = line.split(" from ").next().unwrap_or_default();
        ENDS.iter().any(|end| line.ends_with(end))
    };
    let name = |line: &&str| {
        words(line).count() == 1
            && line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-./:_".contains(&byte))
            && line.bytes().any(|byte| byte.is_ascii_lowercase())
    };
    let drawn =
        |line: &&str| line.starts_with(['\u{250c}', '\u{2502}', '\u{251c}', '\u{2514}', '|', '+']);
    lines.iter().all(outcome)
        || lines.iter().all(name)
        || lines.iter().all(drawn)
        || lines.iter().take(3).any(|line| line.contains("is running at http"))
        || lines
            .first()
            .is_some_and(|line| line.starts_with("Resources  ") && line.contains("Verbs"))
}
