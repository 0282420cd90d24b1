//! How what was predicted differs from what was seen.

use konspect_netfilter::evaluate::{Delivered, Outcome, What};
use konspect_netfilter::packet::{Packet, Ports, has_ports};

use super::laboratory::{Headers, Seen, Told};

fn told(outcome: &Outcome) -> Option<Told> {
    if let Some((kind, code)) = outcome.outside {
        return Some(Told::Icmp(kind, code));
    }
    Some(match outcome.reject_word()?.as_str() {
        "tcp-reset" => Told::Reset,
        "icmp-net-unreachable" => Told::Icmp(3, 0),
        "icmp-host-unreachable" => Told::Icmp(3, 1),
        "icmp-proto-unreachable" => Told::Icmp(3, 2),
        "icmp-port-unreachable" => Told::Icmp(3, 3),
        "icmp-net-prohibited" => Told::Icmp(3, 9),
        "icmp-host-prohibited" => Told::Icmp(3, 10),
        "icmp-admin-prohibited" => Told::Icmp(3, 13),
        "icmp6-no-route" => Told::Icmp(1, 0),
        "icmp6-adm-prohibited" => Told::Icmp(1, 1),
        "icmp6-addr-unreachable" => Told::Icmp(1, 3),
        "icmp6-port-unreachable" => Told::Icmp(1, 4),
        _ => return None,
    })
}

/// How an outcome differs from what was seen.
pub(super) fn difference(packet: &Packet, outcome: &Outcome, seen: &Seen) -> Option<String> {
    let passed = seen.local.is_some() || seen.wire.is_some();
    match outcome.what {
        What::Unknown => None,
        What::Drop if passed => Some("predicted a drop, and it passed".to_owned()),
        What::Drop => {
            seen.told.map(|told| format!("predicted silence, and the sender was told {told:?}"))
        }
        What::Reject if passed => Some("predicted a refusal, and it passed".to_owned()),
        What::Reject => (seen.told != told(outcome)).then(|| {
            format!("predicted {:?}, and the sender was told {:?}", told(outcome), seen.told)
        }),
        What::Accept => match (&outcome.delivered, &seen.local, &seen.wire) {
            (Some(Delivered::Local(_)), Some(headers), _) => {
                headers_differ(packet, outcome, headers)
            }
            (Some(Delivered::Wire(Some(name))), None, Some((device, headers)))
                if **name == **device =>
            {
                headers_differ(packet, outcome, headers)
            }
            (delivered, ..) => Some(format!("predicted {delivered:?}")),
        },
    }
}

fn headers_differ(packet: &Packet, outcome: &Outcome, headers: &Headers) -> Option<String> {
    let mut all = Vec::new();
    let mut check = |what: &str, want: String, got: String| {
        if want != got {
            all.push(format!("{what}: predicted {want}, seen {got}"));
        }
    };
    let destination = outcome.destination.map_or(packet.destination, |to| to.address);
    let source = outcome.source.map_or(packet.source, |from| from.address);
    check("destination", format!("{:?}", Some(destination)), format!("{:?}", headers.destination));
    check("source", format!("{:?}", Some(source)), format!("{:?}", headers.source));
    if has_ports(packet.protocol) {
        let port = outcome.destination.and_then(|to| to.port).and_then(Ports::single);
        check(
            "port",
            port.or(packet.destination_port).unwrap_or(0).to_string(),
            headers.ports.1.to_string(),
        );
        let chosen = outcome.source.is_some_and(|from| {
            from.random_port || from.port.is_some_and(|ports| ports.single().is_none())
        });
        if !chosen {
            let port = outcome.source.and_then(|from| from.port).or(packet.source_port);
            let port = port.map_or(0, |ports| ports.first);
            check("source port", port.to_string(), headers.ports.0.to_string());
        }
    }
    check("mark", format!("{:#x}", outcome.mark), format!("{:#x}", headers.mark));
    check("ttl", outcome.ttl.to_string(), headers.ttl.to_string());
    check("dscp", (outcome.tos >> 2).to_string(), headers.dscp.to_string());
    (!all.is_empty()).then(|| all.join("; "))
}
