//! `firewall-cmd --list-all` and `--list-all-zones`: zones as people see them, told as the nft table that
//! firewalld makes of them. A service whose ports only its own file tells stays unknown.

use std::fmt::Write as _;

use konspect_bundle::{Parsed, Source, Span};

use super::nft_text::nft_text;
use crate::model::Ruleset;

/// One zone as it is listed.
#[derive(Default)]
struct Zone {
    name: String,
    at: Span,
    active: bool,
    default: bool,
    target: (String, Span),
    interfaces: (Vec<String>, Span),
    sources: (Vec<String>, Span),
    services: (Vec<String>, Span),
    ports: (Vec<String>, Span),
    source_ports: (Vec<String>, Span),
    protocols: (Vec<String>, Span),
    forward_ports: bool,
    rich: Vec<(String, Span)>,
}

/// Parses the listing of one zone or of all.
pub fn firewalld(source: Source<'_>) -> Parsed<Ruleset> {
    let mut zones: Vec<Zone> = Vec::new();
    let mut field = String::new();
    for line in source.lines() {
        let text = line.text();
        let text = text.trim_end();
        if text.trim().is_empty() {
            continue;
        }
        if let Some(zone) = heading(text) {
            zones.push(Zone { at: line.at, ..zone });
            field.clear();
            continue;
        }
        let Some(zone) = zones.last_mut() else { continue };
        match text.trim().split_once(':').filter(|(name, _)| is_field(name)) {
            Some((name, value)) => {
                name.trim().clone_into(&mut field);
                zone.set(&field, value.trim(), line.at);
            }
            None => zone.set(&field, text.trim(), line.at),
        }
    }
    told(&zones)
}

/// `public (default, active)`, or a bare name at the line's beginning.
fn heading(text: &str) -> Option<Zone> {
    if text.starts_with([' ', '\t']) {
        return None;
    }
    let (name, state) = match text.split_once('(') {
        Some((name, state)) => (name.trim(), state.trim_end_matches(')')),
        None => (text.trim(), ""),
    };
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(word) {
        return None;
    }
    let has = |wanted: &str| state.split(',').any(|word| word.trim() == wanted);
    Some(Zone {
        name: name.to_owned(),
        active: has("active"),
        default: has("default"),
        ..Zone::default()
    })
}

fn is_field(name: &str) -> bool {
    matches!(
        name.trim(),
        "target"
            | "icmp-block-inversion"
            | "interfaces"
            | "sources"
            | "services"
            | "ports"
            | "protocols"
            | "forward"
            | "masquerade"
            | "forward-ports"
            | "source-ports"
            | "icmp-blocks"
            | "rich rules"
            | "ingress-priority"
            | "egress-priority"
            | "summary"
            | "description"
    )
}

impl Zone {
    fn set(&mut self, field: &str, value: &str, at: Span) {
        let words = || value.split_whitespace().map(str::to_owned);
        let list = match field {
            "target" => {
                self.target = (value.to_owned(), at);
                return;
            }
            "interfaces" => &mut self.interfaces,
            "sources" => &mut self.sources,
            "services" => &mut self.services,
            "ports" => &mut self.ports,
            "source-ports" => &mut self.source_ports,
            "protocols" => &mut self.protocols,
            "forward-ports" => {
                self.forward_ports |= !value.is_empty();
                return;
            }
            "rich rules" => {
                if !value.is_empty() {
                    self.rich.push((value.to_owned(), at));
                }
                return;
            }
            _ => return,
        };
        list.0.extend(words());
        list.1 = at;
    }

    /// What the zone does, in firewalld's order: refusals of rich rules, then what is let in, then the
    /// zone's target.
    fn rules(&self, out: &mut Vec<(String, Span)>) {
        let rich: Vec<_> = self.rich.iter().map(|(text, at)| (rich(text), *at)).collect();
        let refuses = |text: &str| text.contains(" drop") || text.contains(" reject");
        out.extend(rich.iter().filter(|(text, _)| refuses(text)).cloned());
        for port in &self.ports.0 {
            out.push((port_rule(port, "dport"), self.ports.1));
        }
        for port in &self.source_ports.0 {
            out.push((port_rule(port, "sport"), self.source_ports.1));
        }
        for protocol in &self.protocols.0 {
            out.push((format!("meta l4proto {protocol} accept"), self.protocols.1));
        }
        for service in &self.services.0 {
            match service_ports(service) {
                Some(ports) => {
                    out.extend(
                        ports.iter().map(|port| (port_rule(port, "dport"), self.services.1)),
                    );
                }
                None => out.push((format!("firewalld-service {service} accept"), self.services.1)),
            }
        }
        out.extend(rich.into_iter().filter(|(text, _)| !refuses(text)));
        if self.forward_ports {
            out.push(("firewalld-forward-port accept".to_owned(), self.at));
        }
        let end = match self.target.0.as_str() {
            "ACCEPT" => "accept",
            "DROP" => "drop",
            "default" | "%%REJECT%%" => "reject with icmpx admin-prohibited",
            _ => "firewalld-target accept",
        };
        if self.target.0 == "default" {
            out.push(("meta l4proto { icmp, ipv6-icmp } accept".to_owned(), self.target.1));
        }
        out.push((end.to_owned(), if self.target.0.is_empty() { self.at } else { self.target.1 }));
    }
}

/// `10250/tcp`, `30000-32767/udp`.
fn port_rule(port: &str, side: &str) -> String {
    match port.split_once('/') {
        Some((range, protocol @ ("tcp" | "udp" | "sctp" | "dccp")))
            if range.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') =>
        {
            format!("{protocol} {side} {range} accept")
        }
        _ => "firewalld-port accept".to_owned(),
    }
}

/// The ports of services that nodes have, as firewalld's own files list them.
fn service_ports(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "ssh" => &["22/tcp"],
        "http" => &["80/tcp"],
        "https" => &["443/tcp"],
        "dns" => &["53/tcp", "53/udp"],
        "ntp" => &["123/udp"],
        "cockpit" | "prometheus" => &["9090/tcp"],
        "dhcpv6-client" => &["546/udp"],
        "nfs" => &["2049/tcp"],
        "mdns" => &["5353/udp"],
        "kubelet" => &["10250/tcp"],
        "kubelet-readonly" => &["10255/tcp"],
        "kubelet-worker" | "kube-worker" => &["10250/tcp", "30000-32767/tcp"],
        "kube-nodeport-services" => &["30000-32767/tcp", "30000-32767/udp"],
        "kube-api" | "kube-apiserver" => &["6443/tcp"],
        "etcd-client" => &["2379/tcp"],
        "etcd-server" => &["2380/tcp"],
        _ => return None,
    })
}

/// `rule family="ipv4" source address="10.0.0.0/8" port port="10250" protocol="tcp" accept`.
fn rich(text: &str) -> String {
    let mut out = String::new();
    let mut family = "ip";
    let mut side = "";
    let mut port = String::new();
    let mut not = "";
    for word in text.split_whitespace().skip(1) {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let value = value.trim_matches('"');
        match name {
            "family" => family = if value == "ipv6" { "ip6" } else { "ip" },
            "source" => side = "saddr",
            "destination" => side = "daddr",
            "NOT" | "not" => not = "!= ",
            "address" => {
                let _ = write!(out, "{family} {side} {not}{value} ");
                not = "";
            }
            "port" if value.is_empty() => {}
            "port" => value.clone_into(&mut port),
            "protocol" if port.is_empty() => {}
            "protocol" => {
                let _ = write!(out, "{value} dport {port} ");
                port.clear();
            }
            "value" => {
                let _ = write!(out, "meta l4proto {value} ");
            }
            "service" => {}
            "name" => match service_ports(value) {
                Some([only]) => {
                    let (number, protocol) = only.split_once('/').unwrap_or((only, "tcp"));
                    let _ = write!(out, "{protocol} dport {number} ");
                }
                _ => {
                    let _ = write!(out, "firewalld-service {value} ");
                }
            },
            "accept" => out.push_str("accept"),
            "drop" => out.push_str(" drop"),
            "reject" => out.push_str(" reject"),
            "priority" => {}
            other => {
                let _ = write!(out, "firewalld-{} ", other.trim_matches('"'));
            }
        }
    }
    out
}

/// The table that firewalld makes of its zones, with the places of the listing.
fn told(zones: &[Zone]) -> Parsed<Ruleset> {
    let mut lines: Vec<(String, Span)> = Vec::new();
    let alone = zones.len() == 1;
    let used: Vec<&Zone> =
        zones.iter().filter(|zone| alone || zone.active || zone.default).collect();
    let Some(first) = used.first() else {
        return Parsed { value: Ruleset::default(), diagnostics: Vec::new() };
    };
    let mut push = |text: String, at: Span| lines.push((text, at));
    push("table inet firewalld {".to_owned(), first.at);
    for zone in &used {
        push(format!("chain zone_{} {{", zone.name), zone.at);
        let mut rules = Vec::new();
        zone.rules(&mut rules);
        for (text, at) in rules {
            push(text, at);
        }
        push("}".to_owned(), zone.at);
    }
    push("chain filter_INPUT {".to_owned(), first.at);
    push("type filter hook input priority 10; policy accept;".to_owned(), first.at);
    push("ct state { established, related } accept".to_owned(), first.at);
    push("ct status & dnat == dnat accept".to_owned(), first.at);
    push("iifname \"lo\" accept".to_owned(), first.at);
    push("ct state invalid drop".to_owned(), first.at);
    for zone in &used {
        for source in &zone.sources.0 {
            let family = if source.contains(':') { "ip6" } else { "ip" };
            push(format!("{family} saddr {source} goto zone_{}", zone.name), zone.sources.1);
        }
    }
    for zone in &used {
        for interface in &zone.interfaces.0 {
            push(format!("iifname \"{interface}\" goto zone_{}", zone.name), zone.interfaces.1);
        }
    }
    // What no zone names goes to the default one; where none is marked, the only listed one is it.
    let rest = used.iter().find(|zone| zone.default).or(first_if(alone, &used));
    match rest {
        Some(zone) => push(format!("goto zone_{}", zone.name), zone.at),
        None => push("firewalld-default-zone reject".to_owned(), first.at),
    }
    push("}".to_owned(), first.at);
    push("}".to_owned(), first.at);
    let text: Vec<&str> = lines.iter().map(|(text, _)| text.as_str()).collect();
    let text = text.join("\n");
    let mut parsed = nft_text(Source::new(first.at.artifact, text.as_bytes()));
    let mut starts = Vec::with_capacity(lines.len());
    let mut offset = 0;
    for (line, _) in &lines {
        starts.push(offset);
        offset += line.len() as u64 + 1;
    }
    let place = |at: Span| {
        let line = starts.partition_point(|start| *start <= at.start).saturating_sub(1);
        lines.get(line).map_or(first.at, |(_, at)| *at)
    };
    for table in &mut parsed.value.tables {
        table.at = place(table.at);
        for chain in &mut table.chains {
            chain.at = place(chain.at);
            for rule in &mut chain.rules {
                rule.at = place(rule.at);
            }
        }
    }
    Parsed { value: parsed.value, diagnostics: Vec::new() }
}

fn first_if<'a, 'z>(alone: bool, used: &'a [&'z Zone]) -> Option<&'a &'z Zone> {
    if alone { used.first() } else { None }
}

#[cfg(test)]
mod tests {
    use konspect_bundle::ArtifactId;

    use super::*;
    use crate::answer::{Dumps, Owner};
    use crate::evaluate::What;
    use crate::node::Node;
    use crate::packet::{Origin, Packet};

    const PUBLIC: &str = "public (default, active)\n  target: default\n  icmp-block-inversion: no\n  interfaces: eth0\n  sources: \n  services: cockpit dhcpv6-client ssh\n  ports: 30000-32767/tcp\n  protocols: \n  forward: yes\n  masquerade: no\n  forward-ports: \n  source-ports: \n  icmp-blocks: \n  rich rules: \n\trule family=\"ipv4\" source address=\"10.1.0.5/32\" port port=\"10250\" protocol=\"tcp\" accept\n\trule family=\"ipv4\" source address=\"10.1.0.6\" drop\n";

    fn ask(listing: &str, source: &str, port: u16) -> (What, Option<String>) {
        let mut dumps = Dumps::default();
        dumps.ruleset(firewalld(Source::new(ArtifactId(0), listing.as_bytes())).value);
        let host = dumps.host(Node::of_addresses(["10.1.0.4".parse().unwrap()]));
        let origin = Origin::Interface("eth0".to_owned());
        let own = "10.1.0.4".parse().unwrap();
        let answer = host.ask(&Packet::tcp(origin, source.parse().unwrap(), own, port));
        let line = answer.deciding.map(|deciding| {
            assert_eq!(deciding.owner, Owner::Firewalld);
            listing[deciding.at.start as usize..deciding.at.end as usize].trim().to_owned()
        });
        (answer.what, line)
    }

    #[test]
    fn a_zone_says_what_it_lets_in_and_by_which_line() {
        let line = |text: &str| Some(text.to_owned());
        assert_eq!(
            ask(PUBLIC, "10.1.0.9", 22),
            (What::Accept, line("services: cockpit dhcpv6-client ssh"))
        );
        assert_eq!(ask(PUBLIC, "10.1.0.9", 31000), (What::Accept, line("ports: 30000-32767/tcp")));
        assert_eq!(ask(PUBLIC, "10.1.0.9", 10250), (What::Reject, line("target: default")));
        assert_eq!(ask(PUBLIC, "10.1.0.5", 10250).0, What::Accept);
        assert_eq!(ask(PUBLIC, "10.1.0.6", 22).0, What::Drop);
    }

    #[test]
    fn sources_come_before_interfaces_and_unknown_services_stay_open() {
        let two = format!(
            "{PUBLIC}\ntrusted (active)\n  target: ACCEPT\n  sources: 10.1.0.0/24\n\nblock\n  target: %%REJECT%%\n"
        );
        assert_eq!(ask(&two, "10.1.0.9", 10250).0, What::Accept);
        let odd = PUBLIC.replace("cockpit", "my-agent");
        assert_eq!(ask(&odd, "10.1.0.9", 10250).0, What::Unknown);
        assert_eq!(
            firewalld(Source::new(ArtifactId(0), b"FirewallD is not running\n")).value.tables,
            []
        );
    }
}
