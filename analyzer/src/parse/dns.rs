//! Resolver files and the words of look-up tools: nslookup (BIND, busybox, Windows), dig, host,
//! getent, resolvectl.

use konspect_bundle::{Source, Span};

use super::rows::{Hint, Kind, Rows, TableKind};
use super::transcript::{self, Section};
use crate::model::node_files::{HostsEntry, Lookup, LookupResult, OnNode, ResolvConf};

/// Reads a file of look-ups, with or without prompts.
pub fn dns(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    if transcript::has_prompts(source.bytes) {
        transcript::transcript(source, hint, rows);
    } else {
        lookups(&Section::of_file(source, hint), rows);
    }
    Kind::DnsLookup
}

/// Reads `resolv.conf`.
pub fn resolv_conf(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    resolver(&Section::of_file(source, hint), rows);
    Kind::ResolvConf
}

/// Reads a hosts file.
pub fn hosts(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    hosts_lines(&Section::of_file(source, hint), rows);
    Kind::NodeState
}

pub(super) fn resolver(section: &Section<'_>, rows: &mut Rows) {
    let mut conf = ResolvConf { at: section.source.whole(), ..ResolvConf::default() };
    for line in section.source.lines() {
        let text = line.text();
        let mut words = text.split(['#', ';']).next().unwrap_or_default().split_whitespace();
        match words.next() {
            Some("nameserver") => conf.nameservers.extend(words.next().map(str::to_owned)),
            Some("search" | "domain") => conf.search = words.map(str::to_owned).collect(),
            _ => {}
        }
    }
    rows.covers(TableKind::NodeFiles, conf.at);
    rows.resolv_confs.push(section.on_node(conf));
}

pub(super) fn hosts_lines(section: &Section<'_>, rows: &mut Rows) {
    for line in section.source.lines() {
        let text = line.text();
        let mut words = text.split('#').next().unwrap_or_default().split_whitespace();
        let Some(address) = words.next().filter(|word| is_address(word)) else { continue };
        let own =
            |name: &str| name == section.node || name == "localhost" || name.starts_with("ip6-");
        let names: Vec<String> = words.filter(|name| !own(name)).map(str::to_owned).collect();
        let loopback =
            address.starts_with("127.") || address == "::1" || address.starts_with("ff0");
        if !names.is_empty() && !loopback {
            let entry = HostsEntry { address: address.to_owned(), names, at: line.at };
            rows.hosts.push(section.on_node(entry));
        }
    }
    rows.covers(TableKind::NodeFiles, section.source.whole());
}

/// Reads the output of one look-up command; a file without prompts may hold several.
pub(super) fn lookups(section: &Section<'_>, rows: &mut Rows) {
    let text = String::from_utf8_lossy(section.source.bytes);
    let whole = section.source.whole();
    rows.covers(TableKind::DnsLookups, whole);
    if text.contains("DNS Servers:") || text.contains("Current DNS Server:") {
        resolvectl_status(section, rows);
        return;
    }
    let (name, server) = asked(section);
    let mut state = State {
        section,
        rows,
        lookup: Draft::new(&name, &server, whole),
        asked: (name, server),
        short: section.words().any(|word| word == "+short" || word == "+sh"),
        getent: section.program() == "getent",
    };
    for line in section.source.lines() {
        state.line(line.text().trim_end(), line.at);
    }
    state.flush(true);
}

/// The name and the server of the command line: `nslookup NAME SERVER`, `dig @SERVER NAME`.
fn asked(section: &Section<'_>) -> (String, String) {
    let program = section.program();
    let (mut name, mut server) = (String::new(), String::new());
    let types = [
        "A", "AAAA", "NS", "CNAME", "ANY", "TXT", "SOA", "IN", "ahosts", "ahostsv4", "hosts",
        "query",
    ];
    for word in section.words().skip(1) {
        if word.starts_with(['-', '+', '|', '>', '<']) || word == "2>&1" {
            continue;
        }
        if let Some(at) = word.strip_prefix('@') {
            at.clone_into(&mut server);
        } else if types.contains(&word) {
        } else if name.is_empty() {
            word.trim_end_matches('.').clone_into(&mut name);
        } else if server.is_empty() && matches!(program, "nslookup" | "host") {
            word.clone_into(&mut server);
        }
    }
    (name, server)
}

struct Draft {
    name: String,
    server: String,
    addresses: Vec<String>,
    aliases: Vec<String>,
    failure: Option<LookupResult>,
    /// True once the answer began: addresses before it are the server's.
    answering: bool,
    used: bool,
    at: Span,
}

impl Draft {
    fn new(name: &str, server: &str, at: Span) -> Self {
        Self {
            name: name.to_owned(),
            server: server.to_owned(),
            addresses: Vec::new(),
            aliases: Vec::new(),
            failure: None,
            answering: false,
            used: false,
            at,
        }
    }
}

struct State<'a, 'b> {
    section: &'a Section<'b>,
    rows: &'a mut Rows,
    lookup: Draft,
    asked: (String, String),
    short: bool,
    getent: bool,
}

impl State<'_, '_> {
    fn line(&mut self, text: &str, at: Span) {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return;
        }
        let lower = trimmed.to_ascii_lowercase();
        if lower.starts_with("server:") || lower.contains("->>header<<-") && self.lookup.used {
            self.flush(false);
        }
        let used = self.failure(trimmed, &lower)
            || self.nslookup(trimmed, &lower)
            || self.dig(trimmed)
            || self.other(trimmed);
        if used {
            if !self.lookup.used {
                self.lookup.at = at;
            }
            self.lookup.at = self.lookup.at.to(at);
            self.lookup.used = true;
        }
    }

    fn failure(&mut self, text: &str, lower: &str) -> bool {
        let result = if lower.contains("nxdomain")
            || lower.contains("non-existent domain")
            || lower.contains("name or service not known")
            || lower.contains("name does not resolve")
            || lower.contains("resolve call failed") && lower.contains("not found")
        {
            LookupResult::NoSuchName
        } else if lower.contains("status: noerror") {
            return true;
        } else if lower.contains("servfail") || lower.contains("server failed") {
            LookupResult::ServerFailure
        } else if lower.contains("refused") && !text.starts_with(';')
            || lower.contains("status: refused")
            || lower.contains("#53: connection refused")
        {
            LookupResult::Refused
        } else if lower.contains("timed out")
            || lower.contains("timed-out")
            || lower.contains("no response from server")
            || lower.contains("no servers could be reached")
            || lower.contains("try again")
            || lower.contains("temporary failure in name resolution")
        {
            LookupResult::Timeout
        } else if lower.starts_with("nslookup: can't resolve '") && !lower.contains("(null)") {
            LookupResult::NoSuchName
        } else if lower.contains("command not found") || lower.contains("not found in $path") {
            LookupResult::Unknown
        } else {
            return false;
        };
        for (before, end) in
            [("can't find ", ":"), ("can't resolve '", "'"), ("Host ", " not found")]
        {
            if let Some((_, rest)) = text.split_once(before)
                && let Some((name, _)) = rest.split_once(end)
            {
                name.trim_end_matches('.').clone_into(&mut self.lookup.name);
            }
        }
        if let Some((_, rest)) = text.split_once("communications error to ") {
            let server = rest.split(['#', ':', ' ']).next().unwrap_or_default();
            server.clone_into(&mut self.lookup.server);
        }
        // What was said first stands: a refusal followed by "no servers could be reached".
        self.lookup.failure.get_or_insert(result);
        true
    }

    fn nslookup(&mut self, text: &str, lower: &str) -> bool {
        let draft = &mut self.lookup;
        if lower.starts_with("server:") {
            let server = text.get(7..).unwrap_or_default().trim();
            if !server.is_empty() && !server.eq_ignore_ascii_case("unknown") {
                server.clone_into(&mut draft.server);
            }
            return true;
        }
        if lower.starts_with("name:") {
            let name = text.get(5..).unwrap_or_default().trim().trim_end_matches('.');
            if draft.name.is_empty() {
                name.clone_into(&mut draft.name);
            }
            draft.answering = true;
            return true;
        }
        if lower.starts_with("address") {
            let Some((_, value)) = text.split_once(':') else { return false };
            let word = value.split_whitespace().next().unwrap_or_default();
            if draft.answering {
                if is_address(word) {
                    draft.addresses.push(word.to_owned());
                }
            } else {
                let address = word.split('#').next().unwrap_or_default();
                let address = address.strip_suffix(":53").unwrap_or(address);
                if is_address(address) {
                    address.clone_into(&mut draft.server);
                }
            }
            return true;
        }
        if let Some((name, alias)) = text.split_once("canonical name = ") {
            if draft.name.is_empty() {
                name.trim().trim_end_matches('.').clone_into(&mut draft.name);
            }
            draft.aliases.push(alias.trim().trim_end_matches('.').to_owned());
            draft.answering = true;
            return true;
        }
        // Windows prints further addresses on lines of their own.
        if draft.answering && is_address(text) {
            draft.addresses.push(text.to_owned());
            return true;
        }
        false
    }

    fn dig(&mut self, text: &str) -> bool {
        let draft = &mut self.lookup;
        if let Some((_, rest)) = text.split_once(";; SERVER: ") {
            let server = rest.split(['#', '(']).next().unwrap_or_default();
            server.trim().clone_into(&mut draft.server);
            return true;
        }
        if let Some(question) = text.strip_prefix(';').filter(|rest| !rest.starts_with([';', ' ']))
        {
            let name = question.split_whitespace().next().unwrap_or_default();
            if draft.name.is_empty() && question.contains("IN") {
                name.trim_end_matches('.').clone_into(&mut draft.name);
            }
            return true;
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [name, _ttl, "IN", kind, value, ..] if !text.starts_with(';') => {
                if draft.name.is_empty() {
                    name.trim_end_matches('.').clone_into(&mut draft.name);
                }
                match *kind {
                    "A" | "AAAA" => draft.addresses.push((*value).to_owned()),
                    "CNAME" => draft.aliases.push(value.trim_end_matches('.').to_owned()),
                    _ => {}
                }
                true
            }
            [word] if self.short => {
                if is_address(word) {
                    draft.addresses.push((*word).to_owned());
                } else {
                    draft.aliases.push(word.trim_end_matches('.').to_owned());
                }
                true
            }
            _ => false,
        }
    }

    /// host, getent, resolvectl query, ping.
    fn other(&mut self, text: &str) -> bool {
        let draft = &mut self.lookup;
        for needle in [" has address ", " has IPv6 address "] {
            if let Some((name, address)) = text.split_once(needle) {
                if draft.name.is_empty() {
                    name.clone_into(&mut draft.name);
                }
                draft.addresses.push(address.trim().to_owned());
                return true;
            }
        }
        if let Some((name, alias)) = text.split_once(" is an alias for ") {
            if draft.name.is_empty() {
                name.clone_into(&mut draft.name);
            }
            draft.aliases.push(alias.trim_end_matches('.').to_owned());
            return true;
        }
        let mut words = text.split_whitespace();
        let (Some(first), second) = (words.next(), words.next()) else { return false };
        if is_address(first) && (self.getent || second.is_some_and(|name| name.contains('.'))) {
            if draft.name.is_empty() {
                second.unwrap_or_default().clone_into(&mut draft.name);
            }
            if !draft.addresses.iter().any(|address| address == first) {
                draft.addresses.push(first.to_owned());
            }
            return true;
        }
        // resolvectl: `name: 1.2.3.4  -- link: eth0`.
        if let (Some(name), Some(address)) = (first.strip_suffix(':'), second)
            && is_address(address)
            && name.contains('.')
        {
            if draft.name.is_empty() {
                name.clone_into(&mut draft.name);
            }
            draft.addresses.push(address.to_owned());
            return true;
        }
        false
    }

    fn flush(&mut self, last: bool) {
        let next = Draft::new(&self.asked.0, &self.asked.1, self.section.source.whole());
        let draft = std::mem::replace(&mut self.lookup, next);
        let commanded = last && !self.asked.0.is_empty() && !draft.used;
        if !draft.used && !commanded {
            return;
        }
        let result = if !draft.addresses.is_empty() || !draft.aliases.is_empty() {
            LookupResult::Answer { addresses: draft.addresses, canonical_names: draft.aliases }
        } else if let Some(failure) = draft.failure {
            failure
        } else if self.getent {
            LookupResult::NoSuchName
        } else if self.short || draft.used && draft.answering {
            LookupResult::Answer { addresses: Vec::new(), canonical_names: Vec::new() }
        } else {
            LookupResult::Unknown
        };
        if draft.name.is_empty() && matches!(result, LookupResult::Unknown) {
            return;
        }
        self.rows.lookups.push(OnNode {
            node: self.section.node.clone(),
            value: Lookup {
                name: draft.name,
                server: draft.server,
                result,
                pod: self.section.pod.clone(),
                at: draft.at,
            },
        });
    }
}

/// `resolvectl status`: the servers of all links, and the domains.
fn resolvectl_status(section: &Section<'_>, rows: &mut Rows) {
    let mut conf = ResolvConf { at: section.source.whole(), ..ResolvConf::default() };
    let mut field = "";
    for line in section.source.lines() {
        let text = line.text();
        let (name, value) = match text.split_once(": ") {
            Some((name, value)) => (name.trim(), value.trim()),
            None => ("", text.trim()),
        };
        field = match name {
            "DNS Servers" | "Current DNS Server" => "servers",
            "DNS Domain" => "domains",
            "" if !text.trim_end().ends_with(':') && text.starts_with(' ') => field,
            _ => "",
        };
        let list = match field {
            "servers" => &mut conf.nameservers,
            "domains" => &mut conf.search,
            _ => continue,
        };
        for word in value.split_whitespace() {
            let fits = field == "domains" || is_address(word);
            if fits && !list.iter().any(|known| known == word) {
                list.push(word.to_owned());
            }
        }
    }
    rows.covers(TableKind::NodeFiles, conf.at);
    rows.resolv_confs.push(section.on_node(conf));
}

/// True for an IPv4 or IPv6 address, also with a zone (`fe80::1%eth0`).
pub(super) fn is_address(text: &str) -> bool {
    let text = text.split('%').next().unwrap_or_default();
    text.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use konspect_bundle::ArtifactId;

    use super::*;

    fn read(text: &str) -> Vec<Lookup> {
        let mut rows = Rows::default();
        dns(&Source::new(ArtifactId(0), text.as_bytes()), &Hint::default(), &mut rows);
        rows.lookups.into_iter().map(|row| row.value).collect()
    }

    fn answer(addresses: &[&str], names: &[&str]) -> LookupResult {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        LookupResult::Answer { addresses: owned(addresses), canonical_names: owned(names) }
    }

    #[test]
    fn nslookup_of_every_maker() {
        for (text, name, server, result) in [
            (
                "Server:\t\t127.0.0.53\nAddress:\t127.0.0.53#53\n\nNon-authoritative answer:\nmcr.microsoft.com\tcanonical name = mcr-0001.mcr-msedge.net.\nName:\tmcr-0001.mcr-msedge.net\nAddress: 150.171.70.10\n",
                "mcr.microsoft.com",
                "127.0.0.53",
                answer(&["150.171.70.10"], &["mcr-0001.mcr-msedge.net"]),
            ),
            (
                "Server:    10.0.0.10\nAddress 1: 10.0.0.10 kube-dns.kube-system.svc.cluster.local\n\nName:      mcr.microsoft.com\nAddress 1: 150.171.70.10\n",
                "mcr.microsoft.com",
                "10.0.0.10",
                answer(&["150.171.70.10"], &[]),
            ),
            (
                "Server:\t\t10.0.0.10\nAddress:\t10.0.0.10:53\n\n*** Can't find x.y: No answer\n\nName:\tx.y\nAddress: 1.2.3.4\n",
                "x.y",
                "10.0.0.10",
                answer(&["1.2.3.4"], &[]),
            ),
            (
                "Server:\t\t10.1.0.4\nAddress:\t10.1.0.4#53\n\n** server can't find a.privatelink.eastus.azmk8s.io: NXDOMAIN\n",
                "a.privatelink.eastus.azmk8s.io",
                "10.1.0.4",
                LookupResult::NoSuchName,
            ),
            (
                "Server:\t\t10.1.0.4\nAddress:\t10.1.0.4#53\n\n** server can't find a.io: SERVFAIL\n",
                "a.io",
                "10.1.0.4",
                LookupResult::ServerFailure,
            ),
            (
                "Server:  UnKnown\nAddress:  192.168.1.1\n\n*** UnKnown can't find a.io: Non-existent domain\n",
                "a.io",
                "192.168.1.1",
                LookupResult::NoSuchName,
            ),
            (
                "$ nslookup a.io 168.63.129.16\n;; connection timed out; no servers could be reached\n",
                "a.io",
                "168.63.129.16",
                LookupResult::Timeout,
            ),
            (
                "$ nslookup a.io\n;; communications error to 10.0.0.10#53: timed out\n;; no servers could be reached\n",
                "a.io",
                "10.0.0.10",
                LookupResult::Timeout,
            ),
            (
                "$ nslookup a.io\nnslookup: can't resolve 'a.io': Name does not resolve\n",
                "a.io",
                "",
                LookupResult::NoSuchName,
            ),
            (
                "$ nslookup a.io\nbash: nslookup: command not found\n",
                "a.io",
                "",
                LookupResult::Unknown,
            ),
        ] {
            let lookups = read(text);
            assert_eq!(lookups.len(), 1, "{text}: {lookups:?}");
            assert_eq!(
                (lookups[0].name.as_str(), lookups[0].server.as_str(), &lookups[0].result),
                (name, server, &result),
                "{text}"
            );
        }
    }

    #[test]
    fn the_other_tools() {
        for (text, name, result) in [
            ("$ dig +short a.io\n1.2.3.4\n", "a.io", answer(&["1.2.3.4"], &[])),
            ("$ dig +short a.io\n", "a.io", answer(&[], &[])),
            (
                "; <<>> DiG 9.18 <<>> a.io\n;; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 1\n;; QUESTION SECTION:\n;a.io.\t\tIN\tA\n;; SERVER: 10.0.0.10#53(10.0.0.10) (UDP)\n",
                "a.io",
                LookupResult::NoSuchName,
            ),
            (
                ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n;a.io.\t\tIN\tA\na.io.\t30\tIN\tCNAME\tb.io.\nb.io.\t30\tIN\tA\t1.2.3.4\n",
                "a.io",
                answer(&["1.2.3.4"], &["b.io"]),
            ),
            ("a.io has address 1.2.3.4\n", "a.io", answer(&["1.2.3.4"], &[])),
            ("Host a.io not found: 3(NXDOMAIN)\n", "a.io", LookupResult::NoSuchName),
            ("$ getent hosts a.io\n1.2.3.4      a.io\n", "a.io", answer(&["1.2.3.4"], &[])),
            ("$ getent hosts a.io\n", "a.io", LookupResult::NoSuchName),
            (
                "$ resolvectl query a.io\na.io: 1.2.3.4                   -- link: eth0\n",
                "a.io",
                answer(&["1.2.3.4"], &[]),
            ),
        ] {
            let lookups = read(text);
            assert_eq!(lookups.len(), 1, "{text}: {lookups:?}");
            assert_eq!((lookups[0].name.as_str(), &lookups[0].result), (name, &result), "{text}");
        }
    }

    #[test]
    fn resolver_files() {
        let mut rows = Rows::default();
        let text = b"# x\nnameserver 10.1.0.4\nnameserver 168.63.129.16\nsearch a.internal b\n";
        resolv_conf(&Source::new(ArtifactId(0), text), &Hint::default(), &mut rows);
        let status = b"Link 2 (eth0)\n    Current Scopes: DNS\n         DNS Servers: 10.1.0.4 168.63.129.16\n                      10.1.0.5\n          DNS Domain: x.internal\n";
        dns(&Source::new(ArtifactId(0), status), &Hint::default(), &mut rows);
        let [file, link] = rows.resolv_confs.as_slice() else { panic!("two resolvers") };
        assert_eq!(file.value.nameservers, ["10.1.0.4", "168.63.129.16"]);
        assert_eq!(file.value.search, ["a.internal", "b"]);
        assert_eq!(link.value.nameservers, ["10.1.0.4", "168.63.129.16", "10.1.0.5"]);
        assert_eq!(link.value.search, ["x.internal"]);
        let table = b"127.0.0.1 localhost\n20.1.1.1 a.azmk8s.io # old\n";
        hosts(&Source::new(ArtifactId(0), table), &Hint::default(), &mut rows);
        assert_eq!(rows.hosts.len(), 1);
        assert_eq!(rows.hosts[0].value.names, ["a.azmk8s.io"]);
    }
}
