//! A node in a network namespace of its own, with a neighbour on each of two interfaces: rules are
//! loaded into the running kernel, packets sent, and what became of them is read back.
//!
//! A table of ours watches at the edges of every hook. It notes each packet by a number that it carries
//! (the IP identification, or the flow label), swallows what the node's own stack answers, and never
//! decides. A question ends when the kernel has counted as many packets as were sent.

#![expect(
    clippy::disallowed_methods,
    clippy::format_collect,
    reason = "the laboratory is made of the system's own tools, and of their texts"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use konspect_netfilter::packet::{Origin, Packet, protocol};
use rustix::net::{AddressFamily, Protocol, SendFlags, SocketType, ipproto, sendto, socket};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::Value;

/// The node's interfaces: name, addresses, hardware address (its neighbour has the same one).
pub(super) const INTERFACES: [(&str, &str, &str, [u8; 6]); 2] = [
    ("eth0", "10.1.0.4/24", "fd00:1::4/64", [2, 0, 0, 0, 0, 0x10]),
    ("eth1", "10.2.0.1/24", "fd00:2::1/64", [2, 0, 0, 0, 0, 0x20]),
];

/// What the kernel made of a packet.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// Delivered to the node itself.
    pub local: Option<Headers>,
    /// Left by an interface.
    pub wire: Option<(String, Headers)>,
    /// The node told the sender: an ICMP type and code, or a reset.
    pub told: Option<Told>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Told {
    Icmp(u8, u8),
    Reset,
}

/// Headers as they are at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Headers {
    pub source: Option<IpAddr>,
    pub destination: Option<IpAddr>,
    /// The first two words behind the IP header: ports, where the protocol has some.
    pub ports: (u16, u16),
    pub mark: u32,
    pub ttl: u8,
    pub dscp: u8,
}

/// A namespace that goes when its laboratory does.
struct Space(String);

impl Space {
    fn new(name: String) -> Self {
        must("ip", &["netns", "add", &name], "");
        Self(name)
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let _ = tool("ip", &["netns", "del", &self.0], "");
    }
}

pub(super) struct Laboratory {
    _spaces: [Space; 3],
    /// Raw sockets of both families: the node's own, then each neighbour's.
    sockets: [[OwnedFd; 2]; 3],
    sets: Vec<String>,
    sent: u64,
    counted: u64,
}

fn tool(program: &str, arguments: &[&str], input: &str) -> Result<String, String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let mut stdin = child.stdin.take().unwrap();
    let text = input.to_owned();
    // Both pipes may fill at once.
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let _ = writer.join();
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn must(program: &str, arguments: &[&str], input: &str) -> String {
    match tool(program, arguments, input) {
        Ok(text) => text,
        Err(error) => panic!("{program} {arguments:?}: {error}\n{input}"),
    }
}

/// Moves this thread into a namespace: what it starts and opens is there.
fn enter(name: &str) {
    let file = File::open(format!("/run/netns/{name}")).unwrap();
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
}

fn raw_sockets() -> [OwnedFd; 2] {
    let raw = Some(ipproto::RAW);
    let open =
        |family, protocol: Option<Protocol>| socket(family, SocketType::RAW, protocol).unwrap();
    [open(AddressFamily::INET, raw), open(AddressFamily::INET6, raw)]
}

/// Three sets for each place: older versions of nft list no longer keys.
const PLACES: [(&str, &str); 3] =
    [("local", ""), ("eth0", "oifname eth0 "), ("eth1", "oifname eth1 ")];
const WHO: [&str; 2] = ["ip id . ip saddr . ip daddr", "@nh,16,16 . ip6 saddr . ip6 daddr"];
const PORTS: [&str; 2] = ["ip id . th sport . th dport", "@nh,16,16 . th sport . th dport"];
/// The last one is the type of service, or the first two bytes, in the middle of which it stands.
const HOW: [&str; 2] =
    ["ip id . meta mark . ip ttl . @nh,8,8", "@nh,16,16 . meta mark . ip6 hoplimit . @nh,0,16"];

/// The watching tables, and the names of their sets.
fn watch() -> (String, Vec<String>) {
    let mut text = String::new();
    let mut sets: Vec<(String, &str)> = Vec::new();
    for (device, _, _, _) in INTERFACES {
        text += &format!(
            "table netdev konspect_noise {{ chain {device} {{ type filter hook ingress device {device} priority 0; icmpv6 type {{ 130-137, 143 }} drop; }}; }}\n"
        );
    }
    let mut chains = String::new();
    for (place, device) in PLACES {
        let hook = if place == "local" { "input" } else { "postrouting" };
        chains += &format!("chain {place} {{ type filter hook {hook} priority 1000;\n");
        for (family, ((who, ports), how)) in ["4", "6"].iter().zip(WHO.iter().zip(PORTS).zip(HOW)) {
            for (part, fields) in [("who", *who), ("ports", ports), ("how", how)] {
                let name = format!("{place}_{part}{family}");
                chains += &format!("{device}meta nfproto ipv{family} add @{name} {{ {fields} }}\n");
                sets.push((name, fields));
            }
        }
        chains += "}\n";
    }
    sets.push(("told4".to_owned(), "ip id . icmp type . icmp code"));
    sets.push(("told6".to_owned(), "ip id . icmpv6 type . icmpv6 code"));
    sets.push(("resets".to_owned(), "tcp dport . tcp sport"));
    text += "table inet konspect_watch {\ncounter came { }\n";
    for (name, fields) in &sets {
        // Fields without a type that can be listed borrow one of their length.
        let fields =
            [("@nh,8,8", "ip ttl"), ("@nh,16,16", "ip id"), ("@nh,0,16", "ip id"), ("th ", "udp ")]
                .iter()
                .fold((*fields).to_owned(), |text, (from, to)| text.replace(from, to));
        text += &format!("set {name} {{ typeof {fields}; flags dynamic; size 65535; }}\n");
    }
    text += &chains;
    // The kernel tracks connections, and asks the rules of nat, only where some rule of the namespace
    // needs it: this one sees to it that it does, as on every node that runs pods.
    text += "chain tracking { type filter hook prerouting priority 1000; ct state new\n}\n";
    // An ICMP error quotes the number of the packet that it answers.
    text += "chain came { type filter hook prerouting priority -500; iifname { eth0, eth1 } counter name came; }
chain answers {
    type filter hook output priority -500;
    icmpv6 type { 130-137, 143 } drop
    icmp type { 3, 4, 5, 11, 12 } add @told4 { @th,96,16 . icmp type . icmp code } drop
    icmpv6 type { 1-4 } add @told6 { @th,80,16 . icmpv6 type . icmpv6 code } drop
    tcp flags & rst == rst add @resets { tcp dport . tcp sport } drop
    icmp type { 0, 14 } drop
    icmpv6 type 129 drop
}
}
";
    (text, sets.into_iter().map(|(name, _)| name).collect())
}

/// Whether this machine lets us: root, namespaces, and the tools.
pub(super) fn possible() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("not root".to_owned());
    }
    for program in ["ip", "nft", "conntrack"] {
        tool(program, &["--version"], "").or_else(|_| tool(program, &["-V"], ""))?;
    }
    let name = format!("kspt{}", std::process::id());
    tool("ip", &["netns", "add", &name], "")?;
    tool("ip", &["netns", "del", &name], "").map(|_| ())
}

impl Laboratory {
    /// Builds the node; the calling thread lives in it from now on.
    pub(super) fn new(word: &str) -> Self {
        let name = |part: &str| format!("kspt{}{word}{part}", std::process::id());
        let spaces = ["n", "a", "b"].map(|part| Space::new(name(part)));
        let [node, first, second] = &spaces;
        let (node, peers) = (&node.0, [&first.0, &second.0]);
        let mut sockets = Vec::new();
        for ((device, four, six, mac), peer) in INTERFACES.iter().zip(&peers) {
            let mac: Vec<String> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
            let mac = mac.join(":");
            let lines = format!(
                "link add {device} address {mac} netns {node} type veth peer name w address {mac} netns {peer}\n"
            );
            must("ip", &["-batch", "-"], &lines);
            let other = if six.starts_with("fd00:1") { "fd00:1::99/64" } else { "fd00:2::99/64" };
            // Nobody is asked for hardware addresses: both ends have the same one.
            let wire = format!(
                "link set lo up\nlink set w addrgenmode none\nlink set w arp off up\naddr add {other} dev w nodad\nroute add default dev w\nroute add ::/0 dev w\n"
            );
            let (give, take) = mpsc::channel();
            let space = (*peer).clone();
            std::thread::spawn(move || {
                enter(&space);
                must("ip", &["-batch", "-"], &wire);
                give.send(raw_sockets()).unwrap();
            })
            .join()
            .unwrap();
            sockets.push(take.recv().unwrap());
            let own = format!(
                "link set {device} addrgenmode none\nlink set {device} arp off up\naddr add {four} dev {device}\naddr add {six} dev {device} nodad\n"
            );
            must("ip", &["-n", node, "-batch", "-"], &own);
        }
        must("ip", &["-n", node, "link", "set", "lo", "up"], "");
        must("ip", &["-n", node, "route", "add", "default", "dev", "eth0"], "");
        must("ip", &["-n", node, "-6", "route", "add", "default", "dev", "eth0"], "");
        enter(node);
        for (key, value) in [
            ("ipv4/ip_forward", "1"),
            ("ipv6/conf/all/forwarding", "1"),
            ("ipv4/conf/all/rp_filter", "0"),
            ("ipv4/conf/default/rp_filter", "0"),
            ("ipv4/conf/eth0/rp_filter", "0"),
            ("ipv4/conf/eth1/rp_filter", "0"),
            ("ipv4/conf/all/send_redirects", "0"),
            ("ipv4/conf/eth0/send_redirects", "0"),
            ("ipv4/conf/eth1/send_redirects", "0"),
            ("ipv4/icmp_ratelimit", "0"),
            ("ipv6/icmp/ratelimit", "0"),
            ("netfilter/nf_conntrack_tcp_be_liberal", "1"),
        ] {
            // Of the namespace that this thread is in.
            std::fs::write(format!("/proc/sys/net/{key}"), value)
                .unwrap_or_else(|error| panic!("{key}: {error}"));
        }
        let (text, sets) = watch();
        must("nft", &["-f", "-"], &text);
        let own = raw_sockets();
        let mut peers_sockets = sockets.into_iter();
        let sockets = [own, peers_sockets.next().unwrap(), peers_sockets.next().unwrap()];
        Self { _spaces: spaces, sockets, sets, sent: 0, counted: 0 }
    }

    /// Runs a tool inside the node.
    #[expect(
        clippy::unused_self,
        reason = "only the thread that lives in a laboratory may do this"
    )]
    pub(super) fn run(
        &self,
        program: &str,
        arguments: &[&str],
        input: &str,
    ) -> Result<String, String> {
        tool(program, arguments, input)
    }

    /// Forgets connections, and what was seen.
    pub(super) fn forget(&mut self) {
        let _ = tool("conntrack", &["-F"], "");
        let flush: String =
            self.sets.iter().map(|set| format!("flush set inet konspect_watch {set}\n")).collect();
        must("nft", &["-f", "-"], &flush);
    }

    pub(super) fn send(&mut self, packet: &Packet, number: u16) {
        let (place, device) = match &packet.origin {
            Origin::Node => (0, None),
            Origin::Interface(name) if name == "eth0" => (1, Some(())),
            _ => (2, Some(())),
        };
        let [four, six] = &self.sockets[place];
        let bytes = frame(packet, number);
        // What a rule of the node's own output drops comes back as an error, which is no news here.
        let _ = match packet.destination {
            IpAddr::V4(to) => sendto(four, &bytes, SendFlags::empty(), &SocketAddrV4::new(to, 0)),
            IpAddr::V6(to) => {
                sendto(six, &bytes, SendFlags::empty(), &SocketAddrV6::new(to, 0, 0, 0))
            }
        };
        self.sent += u64::from(device.is_some());
    }

    /// What became of the packets sent since the last [`Self::forget`], by number.
    pub(super) fn seen(&mut self, sent: &[(u16, Packet)]) -> BTreeMap<u16, Seen> {
        let listing = loop {
            let text = must("nft", &["-j", "list", "table", "inet", "konspect_watch"], "");
            let value: Value = serde_json::from_str(&text).unwrap();
            let came = value["nftables"]
                .as_array()
                .unwrap()
                .iter()
                .find_map(|item| item["counter"]["packets"].as_u64())
                .unwrap();
            if came >= self.counted + self.sent {
                self.counted = came;
                self.sent = 0;
                break value;
            }
        };
        let mut seen: BTreeMap<u16, Seen> = BTreeMap::new();
        for set in listing["nftables"].as_array().unwrap().iter().map(|item| &item["set"]) {
            let Some(name) = set["name"].as_str() else { continue };
            for element in set["elem"].as_array().into_iter().flatten() {
                let element =
                    if element["elem"].is_object() { &element["elem"]["val"] } else { element };
                note(name, element["concat"].as_array().unwrap(), sent, &mut seen);
            }
        }
        seen
    }
}

/// One element of a watching set.
fn note(set: &str, fields: &[Value], sent: &[(u16, Packet)], seen: &mut BTreeMap<u16, Seen>) {
    let number = |place: usize| {
        fields.get(place).and_then(|value| whole(value, set.ends_with('6'))).unwrap_or(0)
    };
    if set == "resets" {
        // A reset goes back to the port that its packet came from.
        let ports = (number(0) as u16, number(1) as u16);
        let from = |packet: &Packet| {
            packet.protocol == protocol::TCP
                && packet.source_port.is_some_and(|own| own.first == ports.0)
        };
        // A packet that was sent twice is told of twice, and the watching set says so once.
        for (number, _) in sent.iter().filter(|(_, packet)| from(packet)) {
            seen.entry(*number).or_default().told = Some(Told::Reset);
        }
        return;
    }
    if set.starts_with("told") {
        let told = Told::Icmp(number(1) as u8, number(2) as u8);
        seen.entry(number(0) as u16).or_default().told = Some(told);
        return;
    }
    let place = set.split('_').next().unwrap_or_default();
    let entry = seen.entry(number(0) as u16).or_default();
    let headers = match place {
        "local" => entry.local.get_or_insert_default(),
        device => &mut entry.wire.get_or_insert_with(|| (device.to_owned(), Headers::default())).1,
    };
    if set.contains("_who") {
        let address = |place: usize| fields[place].as_str().unwrap().parse::<IpAddr>().ok();
        (headers.source, headers.destination) = (address(1), address(2));
    } else if set.contains("_ports") {
        headers.ports = (number(1) as u16, number(2) as u16);
    } else {
        headers.mark = number(1) as u32;
        headers.ttl = number(2) as u8;
        let class = if set.ends_with('6') { number(3) >> 4 } else { number(3) };
        headers.dscp = class as u8 >> 2;
    }
}

/// A number, or one of the names that nft knows for it.
fn whole(value: &Value, six: bool) -> Option<u64> {
    if let Some(number) = value.as_u64() {
        return Some(number);
    }
    let text = value.as_str()?;
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok();
    }
    let class =
        |word: &str| word.strip_prefix("cs").and_then(|n| n.parse::<u64>().ok()).map(|n| n * 8);
    let assured = |word: &str| {
        let digits = word.strip_prefix("af")?.parse::<u64>().ok()?;
        Some(digits / 10 * 8 + digits % 10 * 2)
    };
    Some(match (six, text) {
        (false, "destination-unreachable") => 3,
        (false, "time-exceeded") => 11,
        (false, "parameter-problem") => 12,
        (false, "net-unreachable") => 0,
        (false, "host-unreachable") => 1,
        (false, "prot-unreachable") => 2,
        (false, "port-unreachable") => 3,
        (false, "net-prohibited") => 9,
        (false, "host-prohibited") => 10,
        (false, "admin-prohibited") => 13,
        (true, "destination-unreachable") => 1,
        (true, "packet-too-big") => 2,
        (true, "time-exceeded") => 3,
        (true, "parameter-problem") => 4,
        (true, "no-route") => 0,
        (true, "admin-prohibited") => 1,
        (true, "addr-unreachable") => 3,
        (true, "port-unreachable") => 4,
        (true, "policy-fail") => 5,
        (true, "reject-route") => 6,
        (_, "ef") => 46,
        (_, "be") => 0,
        (_, "lephb") => 1,
        (_, word) => class(word).or_else(|| assured(word)).or_else(|| word.parse().ok())?,
    })
}

/// The packet as bytes, with its number and its checksums.
fn frame(packet: &Packet, number: u16) -> Vec<u8> {
    let mut bytes = packet.bytes();
    let six = packet.source.is_ipv6();
    let header = if six { 40 } else { 20 };
    if six {
        bytes[1] &= 0xf0;
        bytes[2..4].copy_from_slice(&number.to_be_bytes());
    } else {
        bytes[4..6].copy_from_slice(&number.to_be_bytes());
    }
    if packet.protocol == protocol::SCTP {
        let sum = castagnoli(&bytes[header..]);
        bytes[header + 8..header + 12].copy_from_slice(&sum.to_le_bytes());
    }
    let at = match packet.protocol {
        protocol::TCP => Some(16),
        protocol::UDP => Some(6),
        protocol::ICMP | protocol::ICMPV6 => Some(2),
        _ => None,
    };
    if let Some(at) = at {
        let mut sum = fold(&bytes[header..], 0);
        if packet.protocol != protocol::ICMP {
            sum = pseudo(packet, bytes.len() - header, sum);
        }
        let mut checksum = finish(sum);
        if checksum == 0 && packet.protocol == protocol::UDP {
            checksum = 0xffff;
        }
        if packet.bad_checksum {
            checksum ^= 0x0101;
        }
        bytes[header + at..header + at + 2].copy_from_slice(&checksum.to_be_bytes());
    }
    bytes
}

/// The checksum of SCTP, CRC-32C.
fn castagnoli(bytes: &[u8]) -> u32 {
    let byte = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            sum >> 1 ^ if sum & 1 == 1 { 0x82f6_3b78 } else { 0 }
        })
    };
    !bytes.iter().fold(u32::MAX, byte)
}

fn fold(bytes: &[u8], sum: u32) -> u32 {
    bytes.chunks(2).fold(sum, |sum, pair| {
        sum + (u32::from(pair[0]) << 8) + pair.get(1).copied().map_or(0, u32::from)
    })
}

fn pseudo(packet: &Packet, length: usize, sum: u32) -> u32 {
    let octets = |address: IpAddr| match address {
        IpAddr::V4(four) => four.octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    };
    let sum = fold(&octets(packet.source), sum);
    fold(&octets(packet.destination), sum) + u32::from(packet.protocol) + length as u32
}

fn finish(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}
