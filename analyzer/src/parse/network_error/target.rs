//! Hosts and ports in the words of errors.

use crate::model::network_error::Target;

/// Reads `host:port`, `[v6]:port` or a host alone.
pub fn target(address: &str) -> Target {
    let address = address.trim().trim_matches(['"', '\'', ',']);
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port))
            if !host.ends_with(':') && (!host.contains(':') || host.ends_with(']')) =>
        {
            (host, port.parse().unwrap_or(0))
        }
        _ => (address, 0),
    };
    Target { host: bare_host(host), port }
}

/// Every `http(s)://host[:port]` of a text.
pub fn url_targets(text: &str) -> impl Iterator<Item = Target> {
    text.match_indices("://").filter_map(|(at, _)| {
        let secure = text.get(..at)?.ends_with("https");
        let plain = !secure && text.get(..at)?.ends_with("http");
        if !secure && !plain {
            return None;
        }
        let rest = text.get(at + 3..)?;
        let end = rest
            .find(|c: char| {
                c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '\\' | '?' | ',' | '>')
            })
            .unwrap_or(rest.len());
        let authority = rest.get(..end)?;
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let mut target = target(authority.trim_end_matches([':', ')', ';']));
        if target.port == 0 {
            target.port = if secure { 443 } else { 80 };
        }
        (!target.host.is_empty()).then_some(target)
    })
}

pub(super) fn bare_host(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

/// A DNS server's address, without the port when it is the usual one.
pub(super) fn dns_server(address: &str) -> String {
    let target = target(address);
    if target.port == 53 || target.port == 0 { target.host } else { address.to_owned() }
}

pub(super) fn word(text: &str) -> String {
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | ';' | ',' | ')' | '\''))
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_end_matches('.').to_owned()
}

pub(super) fn is_loopback(host: &str) -> bool {
    host == "::1" || host == "localhost" || host.starts_with("127.")
}
