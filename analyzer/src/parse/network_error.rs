//! Error texts to typed errors of the network: one table for everything that kubectl, kubelet,
//! konnectivity, curl, nc and events print.
//!
//! It knows the words of every version and refuses to guess a cause: it says which layer spoke.

mod target;
mod text;

pub use target::{target, url_targets};
pub(super) use text::capped;

use self::target::{bare_host, dns_server, is_loopback, word};
use self::text::Text;
use crate::model::network_error::{NetworkError, Target};

/// Errors kept of one text.
const MOST_ERRORS: usize = 16;

/// Bytes after an address in which its cause is looked for.
const CAUSE_BYTES: usize = 240;

/// Reads every error that a text names, the most specific first, each once.
pub fn network_errors(text: &str) -> Vec<NetworkError> {
    let text = Text::new(text);
    let mut errors = Errors::default();
    tunnel(&text, &mut errors);
    lookups(&text, &mut errors);
    dials(&text, &mut errors);
    tools(&text, &mut errors);
    handshakes(&text, &mut errors);
    open_connections(&text, &mut errors);
    answers(&text, &mut errors);
    if errors.0.is_empty() {
        fallbacks(&text, &mut errors);
    }
    errors.0
}

/// The node that an API server's error about a kubelet names: `https://NODE:10250/containerLogs/…`.
pub fn kubelet_target(text: &str) -> Option<&str> {
    let (before, _) = text.split_once(":10250/")?;
    let start = before.rfind("https://")? + "https://".len();
    let node = before.get(start..)?;
    let node = node.strip_prefix('[').and_then(|node| node.strip_suffix(']')).unwrap_or(node);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
    (!node.is_empty() && node.chars().all(plain)).then_some(node)
}

#[derive(Default)]
struct Errors(Vec<NetworkError>);

impl Errors {
    fn push(&mut self, error: NetworkError) {
        if self.0.len() < MOST_ERRORS && !self.0.contains(&error) {
            self.0.push(error);
        }
    }

    fn has_lookup_at(&self, asked: &str) -> bool {
        self.0.iter().any(|error| {
            matches!(error,
                NetworkError::NoSuchHost { server, .. }
                | NetworkError::LookupTimeout { server, .. }
                | NetworkError::LookupFailed { server, .. } if server == asked)
        })
    }
}

/// What the API server, its tunnel and the tunnel's gRPC say of each other.
fn tunnel(text: &Text, errors: &mut Errors) {
    for (plain, lower) in text.after("proxy error from ") {
        let Some(at) = lower.find(" while dialing ") else { continue };
        let rest = plain.get(at + " while dialing ".len()..).unwrap_or_default();
        let Some((address, rest)) = rest.split_once(',') else { continue };
        let code = rest.trim_start().strip_prefix("code ").unwrap_or_default();
        let end = code.find(|c: char| !c.is_ascii_digit()).unwrap_or(code.len());
        let code = code.get(..end).and_then(|code| code.parse().ok()).unwrap_or(0);
        errors.push(NetworkError::ProxyDial { target: target(address), code });
    }
    if text.has("no agent available") {
        errors.push(NetworkError::NoAgent);
    }
    if text.has("tunnel-uds") {
        errors.push(NetworkError::TunnelSocket);
    }
    if text.any(&[
        "missing selected alpn property",
        "no application protocol",
        "no alpn negotiated",
    ]) {
        errors.push(NetworkError::AlpnMissing);
    }
    if text.any(&[
        "unexpected http status code received from server",
        "frame too large",
        "error reading server preface",
        "received unexpected content-type",
        "malformed http response",
        "bogus greeting",
    ]) {
        errors.push(NetworkError::NotGrpc);
    }
    if text.has("server gave http response to https client") {
        errors.push(NetworkError::PlainHttp { target: text.url_target() });
    }
}

/// Names that a resolver did not find, in the words of Go, glibc and curl.
fn lookups(text: &Text, errors: &mut Errors) {
    for (plain, lower) in text.after("lookup ") {
        let end = plain.find([' ', ':', '"', ',']).unwrap_or(plain.len());
        let name = plain.get(..end).unwrap_or_default();
        let (tail, lower_tail) =
            (plain.get(end..).unwrap_or_default(), lower.get(end..).unwrap_or_default());
        let server = tail.strip_prefix(" on ").map(|rest| {
            let stop = rest.find([' ', '"', ',']).unwrap_or(rest.len());
            dns_server(rest.get(..stop).unwrap_or_default().trim_end_matches(':'))
        });
        if !name.contains('.') && !tail.starts_with(':') && server.is_none() {
            continue;
        }
        let cause = one_cause(lower_tail, "lookup ");
        if let Some(error) = lookup_error(cause, name.to_owned(), server.unwrap_or_default()) {
            errors.push(error);
        }
    }
    for (plain, lower) in text.after("read udp ") {
        let Some((_, peer)) = plain.split_once("->") else { continue };
        let end = peer.find(": ").unwrap_or(peer.len());
        let address = peer.get(..end).unwrap_or_default();
        let server = dns_server(address);
        if target(address).port == 53 && !errors.has_lookup_at(&server) {
            let cause = one_cause(lower, "read udp ");
            if let Some(error) = lookup_error(cause, String::new(), server) {
                errors.push(error);
            }
        }
    }
    for (plain, _) in text.after("could not resolve host: ") {
        errors.push(NetworkError::NoSuchHost { name: word(plain), server: String::new() });
    }
    if text.any(&["resolving timed out", "name lookup timed out"]) {
        let url = text.after("resolving timed out").find_map(|(rest, _)| url_targets(rest).next());
        let name = url.unwrap_or_else(|| text.url_target()).host;
        errors.push(NetworkError::LookupTimeout { name, server: String::new() });
    }
    if text.any(&["name or service not known", "nodename nor servname provided"]) {
        errors.push(NetworkError::NoSuchHost { name: String::new(), server: String::new() });
    }
    if text.has("temporary failure in name resolution") {
        errors.push(NetworkError::LookupTimeout { name: String::new(), server: String::new() });
    }
}

fn lookup_error(cause: &str, name: String, server: String) -> Option<NetworkError> {
    let first = first_of(
        cause,
        &[
            ("no such host", 0),
            ("i/o timeout", 1),
            ("deadline exceeded", 1),
            ("client.timeout", 1),
            ("temporary failure", 1),
            ("operation was canceled", 1),
            ("server misbehaving", 2),
            ("connection refused", 2),
            ("no route to host", 2),
            ("network is unreachable", 2),
            ("operation not permitted", 2),
            ("no dns servers", 2),
        ],
    )?;
    Some(match first {
        0 => NetworkError::NoSuchHost { name, server },
        1 => NetworkError::LookupTimeout { name, server },
        _ => NetworkError::LookupFailed { name, server },
    })
}

/// Connections that were not made: `dial tcp A:P: …`, with Go's old and new words and Windows' ones.
fn dials(text: &Text, errors: &mut Errors) {
    for needle in ["dial tcp ", "dial tcp4 ", "dial tcp6 "] {
        for (plain, lower) in text.after(needle) {
            let end = plain.find(": ").unwrap_or(plain.len());
            let address = plain.get(..end).unwrap_or_default();
            let address = address.rsplit_once("->").map_or(address, |(_, peer)| peer);
            let target = target(address);
            if target.host.is_empty() || target.host.len() > 253 || target.host.contains(' ') {
                continue;
            }
            let cause = one_cause(lower.get(end..).unwrap_or_default(), "dial tcp");
            if let Some(error) = dial_error(cause, target) {
                errors.push(error);
            }
        }
    }
    for (plain, lower) in text.after("the connection to the server ") {
        if lower.contains(" was refused") {
            errors.push(NetworkError::Refused { target: target(&word(plain)) });
        }
    }
}

fn dial_error(cause: &str, target: Target) -> Option<NetworkError> {
    let first = first_of(
        cause,
        &[
            ("i/o timeout", 0),
            ("timed out", 0),
            ("timeout was reached", 0),
            ("did not properly respond", 0),
            ("deadline exceeded", 0),
            ("client.timeout", 0),
            ("connection refused", 1),
            ("actively refused", 1),
            ("couldn't connect to server", 1),
            ("could not connect to server", 1),
            ("no route to host", 2),
            ("host is unreachable", 2),
            ("network is unreachable", 2),
            ("unreachable network", 2),
            ("unreachable host", 2),
            ("host is down", 2),
            ("operation not permitted", 2),
            ("connection reset", 3),
            ("forcibly closed", 3),
            ("operation was canceled", 4),
        ],
    )?;
    Some(match first {
        0 => NetworkError::DialTimeout { target },
        1 => NetworkError::Refused { target },
        2 => NetworkError::NoRoute { target },
        3 => NetworkError::Reset { target },
        _ => NetworkError::DeadlineExceeded,
    })
}

/// The words of curl and nc.
fn tools(text: &Text, errors: &mut Errors) {
    for (plain, lower) in text.after("failed to connect to ") {
        let Some((host, rest)) = plain.split_once(" port ") else { continue };
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let port = rest.get(..end).and_then(|port| port.parse().ok()).unwrap_or(0);
        let target = Target { host: bare_host(host), port };
        if let Some(error) = dial_error(one_cause(lower, "curl: ("), target) {
            errors.push(error);
        }
    }
    for (rest, _) in text.after("connection timed out after ") {
        let cause = rest.split("curl: (").next().unwrap_or_default();
        let target = url_targets(cause).next().unwrap_or_else(|| text.url_target());
        errors.push(NetworkError::DialTimeout { target });
    }
    for (plain, lower) in text.after("connect to ") {
        let Some((host, rest)) = plain.split_once(" port ") else { continue };
        let host = host.split([' ', '(']).next().unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let port = rest.get(..end).and_then(|port| port.parse().ok()).unwrap_or(0);
        if host.is_empty() || port == 0 || errors.0.iter().any(|error| aims_at(error, port)) {
            continue;
        }
        let target = Target { host: bare_host(host), port };
        if let Some(error) = dial_error(one_cause(lower, "connect to "), target) {
            errors.push(error);
        }
    }
}

fn aims_at(error: &NetworkError, port: u16) -> bool {
    match error {
        NetworkError::DialTimeout { target }
        | NetworkError::Refused { target }
        | NetworkError::NoRoute { target } => target.port == port,
        _ => false,
    }
}

/// TLS: time-outs, certificates, alerts.
fn handshakes(text: &Text, errors: &mut Errors) {
    if text.any(&["tls handshake timeout", "ssl connection timeout"]) {
        errors.push(NetworkError::TlsHandshakeTimeout { target: text.url_target() });
    }
    if text.any(&[
        "signed by unknown authority",
        "tls: unknown certificate authority",
        "unable to get local issuer certificate",
        "self signed certificate",
        "self-signed certificate",
        "certificate is not trusted",
    ]) {
        errors.push(NetworkError::UnknownAuthority);
    }
    let not_yet = text.any(&["certificate is not yet valid"])
        || text.has("is not yet valid") && text.has(" is before ");
    if not_yet {
        errors.push(NetworkError::CertificateNotYetValid);
    } else if text.any(&[
        "certificate has expired",
        "certificate is expired",
        "tls: expired certificate",
    ]) {
        errors.push(NetworkError::CertificateExpired);
    }
}

/// Connections that broke after they were made. Both ends on one machine say nothing of a network.
fn open_connections(text: &Text, errors: &mut Errors) {
    for needle in ["read tcp ", "write tcp ", "readfrom tcp "] {
        for (plain, lower) in text.after(needle) {
            let end = plain.find(": ").unwrap_or(plain.len());
            let Some((own, peer)) = plain.get(..end).and_then(|pair| pair.split_once("->")) else {
                continue;
            };
            let (own, target) = (target(own), target(peer));
            if is_loopback(&target.host) && is_loopback(&own.host) {
                continue;
            }
            let cause = one_cause(lower.get(end..).unwrap_or_default(), " tcp ");
            match first_of(
                cause,
                &[
                    ("connection reset", 0),
                    ("broken pipe", 0),
                    ("forcibly closed", 0),
                    ("aborted by the software", 0),
                    ("i/o timeout", 1),
                    ("timed out", 1),
                    ("no route to host", 2),
                    ("use of closed network connection", 3),
                ],
            ) {
                Some(0) => errors.push(NetworkError::Reset { target }),
                Some(1) => errors.push(NetworkError::DeadlineExceeded),
                Some(2) => errors.push(NetworkError::NoRoute { target }),
                _ => {}
            }
        }
    }
}

/// Answers of an HTTP server or etcd: the network is fine.
fn answers(text: &Text, errors: &mut Errors) {
    if text.has("database space exceeded") {
        errors.push(NetworkError::EtcdSpace);
    }
    if text.any(&[
        "etcdserver: request timed out",
        "etcdserver: leader changed",
        "etcdserver: too many requests",
        "etcdserver: no leader",
    ]) {
        errors.push(NetworkError::EtcdSlow);
    }
    if text.any(&[
        "timeout: request did not complete within",
        "the server was unable to return a response in the time allotted",
    ]) {
        errors.push(NetworkError::RequestTimeout);
    }
    let unauthorized = text.any(&[
        "you must be logged in to the server",
        "asked for the client to provide credentials",
        "(unauthorized)",
        "401 unauthorized",
        "\"unauthorized\"",
        ": unauthorized",
        "unauthorized: ",
    ]) || text.lower.trim() == "unauthorized";
    if unauthorized {
        errors.push(NetworkError::Unauthorized);
    }
    let admission = ["exceeded quota", "failed quota", "violates podsecurity", "per container is"];
    let forbidden =
        ["is forbidden: user ", "(forbidden)", "403 forbidden", "forbidden: user ", ": forbidden"];
    if text.any(&forbidden) && !text.any(&admission) {
        errors.push(NetworkError::Forbidden);
    }
    let throttled = [
        "too many requests, please try again later",
        "server has received too many requests",
        "error from server (toomanyrequests)",
        "429 too many requests",
    ];
    let other_throttle =
        ["disruption budget", "subscription", "azure", "toomanyrequests: you have"];
    if text.any(&throttled) && !text.any(&other_throttle) {
        errors.push(NetworkError::TooManyRequests);
    }
    if text.any(&[
        "currently unable to handle the request",
        "(serviceunavailable)",
        "503 service unavailable",
    ]) {
        errors.push(NetworkError::ServiceUnavailable);
    }
}

/// Words that name a layer but no peer; they count only when nothing better was said.
fn fallbacks(text: &Text, errors: &mut Errors) {
    let target = text.url_target();
    if text.any(&["use of closed network connection", "dial unix", "unix @->"]) {
        return;
    }
    let tail = text.lower.trim_end_matches(['"', '\'', ' ', '\n', '\r', '.', ')', '>']);
    let found = first_of(
        &text.lower,
        &[
            ("context deadline exceeded", 0),
            ("client.timeout exceeded", 0),
            ("timeout awaiting response headers", 0),
            ("request canceled while waiting", 0),
            ("code = deadlineexceeded", 0),
            ("i/o timeout", 1),
            ("connectex: a connection attempt failed", 1),
            ("connection timed out", 1),
            ("connection refused", 2),
            ("actively refused", 2),
            ("no route to host", 3),
            ("network is unreachable", 3),
            ("connection reset", 4),
            ("http2: client connection lost", 4),
            ("forcibly closed", 4),
            ("no such host", 5),
        ],
    );
    // A reset or a broken pipe between two ends of one machine was set aside above.
    let local = text.any(&["->127.0.0.1:", "->[::1]:"]);
    match found {
        Some(0) => errors.push(NetworkError::DeadlineExceeded),
        Some(1) => errors.push(NetworkError::DialTimeout { target }),
        Some(2) => errors.push(NetworkError::Refused { target }),
        Some(3) => errors.push(NetworkError::NoRoute { target }),
        Some(4) if !local => errors.push(NetworkError::Reset { target }),
        Some(5) => {
            errors.push(NetworkError::NoSuchHost { name: target.host, server: String::new() });
        }
        _ if tail.ends_with(" eof")
            || tail == "eof"
            || tail.ends_with("empty reply from server") =>
        {
            errors.push(NetworkError::EndOfFile);
        }
        _ => {}
    }
}

/// The part of a text that can hold the cause of what stands before it: up to the next error of the
/// same form, the line's end, or a limit.
fn one_cause<'a>(text: &'a str, next: &str) -> &'a str {
    let mut end = text.len().min(CAUSE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end).unwrap_or_default();
    let text = text.split('\n').next().unwrap_or_default();
    // The part itself may begin with the words it follows, as in `dial tcp: lookup x: dial tcp y`.
    match text.find(next) {
        Some(at) if at > 0 => text.get(..at).unwrap_or_default(),
        _ => text,
    }
}

/// The value of the needle that stands first in the text.
fn first_of(text: &str, needles: &[(&str, u8)]) -> Option<u8> {
    needles
        .iter()
        .filter_map(|(needle, value)| Some((text.find(needle)?, *value)))
        .min_by_key(|(at, _)| *at)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests;
