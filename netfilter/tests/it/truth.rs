//! Reads the cases: a node, a ruleset, packets, and what the kernel did with them.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use konspect_netfilter::node::{Interface, Node, Route};
use konspect_netfilter::packet::{Origin, Packet, Ports, flag};
use serde_json::Value;

pub(crate) struct Case {
    pub name: String,
    pub folder: PathBuf,
    pub truth: Value,
}

impl Case {
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let text = std::fs::read(folder.join("truth.json")).ok()?;
        let truth = serde_json::from_slice(&text).ok()?;
        Some(Self {
            name: folder.file_name()?.to_string_lossy().into_owned(),
            folder: folder.to_owned(),
            truth,
        })
    }

    pub(crate) fn file(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.folder.join(name)).ok()
    }

    pub(crate) fn probes(&self) -> &[Value] {
        self.truth["probes"].as_array().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn node(&self) -> Node {
        let node = &self.truth["node"];
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let interfaces = list(&node["interfaces"])
            .iter()
            .map(|interface| Interface {
                name: interface["name"].as_str().unwrap().into(),
                addresses: list(&interface["addresses"])
                    .iter()
                    .map(|address| address.as_str().unwrap().parse().unwrap())
                    .collect(),
                mac: interface["mac"].as_str().and_then(mac),
                peer_mac: interface["peer_mac"].as_str().and_then(mac),
            })
            .collect();
        let six = self.truth["family"] == "ipv6";
        let routes = list(&node["routes"])
            .iter()
            .map(|route| {
                let words = route["dst"].as_str().unwrap();
                let destination = words.split_whitespace().next().unwrap();
                let destination = match destination {
                    "default" if six || route["family"] == "ipv6" => "::/0".parse().unwrap(),
                    "default" => "0.0.0.0/0".parse().unwrap(),
                    other => match other.parse() {
                        Ok(network) => network,
                        Err(_) => ipnet::IpNet::from(other.parse::<IpAddr>().unwrap()),
                    },
                };
                Route { destination, interface: route["dev"].as_str().unwrap().into() }
            })
            .collect();
        Node { interfaces, routes, addresses_complete: true, routes_complete: true, quiet: true }
    }
}

pub(crate) fn cases(root: &Path) -> Vec<Case> {
    let folder = if root.join("cases").is_dir() { root.join("cases") } else { root.to_owned() };
    let Ok(entries) = std::fs::read_dir(&folder) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    folders.iter().filter_map(|folder| Case::read(folder)).collect()
}

fn mac(text: &str) -> Option<[u8; 6]> {
    let parts: Vec<u8> =
        text.split(':').filter_map(|part| u8::from_str_radix(part, 16).ok()).collect();
    parts.try_into().ok()
}

pub(crate) fn packet(value: &Value) -> Packet {
    let address = |name: &str| value[name].as_str().unwrap().parse::<IpAddr>().unwrap();
    let number = |name: &str| value[name].as_u64();
    let origin = match value["in_iface"].as_str() {
        Some(name) => Origin::Interface(name.to_owned()),
        None => Origin::Node,
    };
    let protocol = match value["proto"].as_str() {
        Some("tcp") => 6,
        Some("udp") => 17,
        Some("icmp") => 1,
        Some("icmpv6") => 58,
        Some("sctp") => 132,
        Some("esp") => 50,
        Some("gre") => 47,
        Some("ah") => 51,
        Some("udplite") => 136,
        Some("igmp") => 2,
        Some("ipencap") => 4,
        Some("ospf") => 89,
        Some("vrrp") => 112,
        Some(other) => other.parse().unwrap(),
        None => u8::try_from(value["proto"].as_u64().unwrap()).unwrap(),
    };
    let mut packet = Packet::other(origin, address("src"), address("dst"), protocol);
    if matches!(protocol, 6 | 17 | 132 | 136) {
        packet.source_port = number("sport").map(|port| Ports::one(u16::try_from(port).unwrap()));
        packet.destination_port = number("dport").map(|port| u16::try_from(port).unwrap());
    }
    packet.flags = match value["flags"].as_array() {
        Some(flags) => {
            flags.iter().map(|name| flag_bit(name.as_str().unwrap())).fold(0, |all, bit| all | bit)
        }
        None if protocol == 6 => flag::SYN,
        None => 0,
    };
    let byte = |name: &str, default: u8| {
        number(name).map_or(default, |value| u8::try_from(value).unwrap())
    };
    packet.icmp_type = byte("icmp_type", 0);
    packet.icmp_code = byte("icmp_code", 0);
    packet.ttl = byte("ttl", 64);
    packet.tos = byte("tos", 0);
    packet.payload = match value["payload"].as_str().filter(|text| !text.is_empty()) {
        Some(text) => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
        None if matches!(protocol, 1 | 58) => b"konspect-probe-01".to_vec(),
        None => Vec::new(),
    };
    packet.bad_checksum = value["bad_checksum"].as_bool().unwrap_or(false);
    packet.destination_mac = value["dst_mac"].as_str().and_then(mac);
    if value["inner"].is_object() {
        let mut inner = self::packet(&value["inner"]);
        inner.origin = Origin::Node;
        packet.inner = Some(Box::new(inner));
    }
    if packet.origin == Origin::Node {
        packet.uid = Some(0);
        packet.gid = Some(0);
    }
    packet
}

fn flag_bit(name: &str) -> u8 {
    match name {
        "FIN" => flag::FIN,
        "SYN" => flag::SYN,
        "RST" => flag::RST,
        "PSH" => flag::PSH,
        "ACK" => flag::ACK,
        "URG" => flag::URG,
        "ECE" => flag::ECE,
        _ => flag::CWR,
    }
}
