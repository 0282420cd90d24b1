//! Random rulesets and random packets: the same seed gives the same ones.

use std::net::IpAddr;

use konspect_netfilter::packet::{Origin, Packet, Ports, flag, has_ports, protocol};

/// A small generator of random numbers (SplitMix64): no library's next version may change a seed.
#[derive(Clone)]
pub(super) struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    pub(super) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(super) fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backend {
    Legacy,
    Nft,
    Native,
}

/// A ruleset as lines, so that a failing one can be shrunk line by line.
#[derive(Clone, Debug)]
pub(super) struct RandomRuleset {
    pub backend: Backend,
    pub six: bool,
    /// `ipset restore` lines.
    pub sets: Vec<String>,
    /// Tables with their chains and rules.
    pub tables: Vec<RandomTable>,
    /// A rule counts, so that each packet depends on those before it.
    pub stateful: bool,
}

#[derive(Clone, Debug)]
pub(super) struct RandomTable {
    pub name: &'static str,
    /// Lines that stand before the rules: `:INPUT DROP [0:0]`, or nft's chains.
    pub head: Vec<String>,
    pub rules: Vec<String>,
}

const FOUR: [&str; 11] = [
    "10.1.0.4",
    "10.2.0.1",
    "10.2.0.50",
    "10.2.0.51",
    "10.1.0.60",
    "10.1.0.5",
    "8.8.4.4",
    "10.0.0.10",
    "10.244.1.5",
    "172.16.5.5",
    "192.0.2.9",
];
const SIX: [&str; 9] = [
    "fd00:1::4",
    "fd00:2::1",
    "fd00:2::50",
    "fd00:2::51",
    "fd00:1::60",
    "fd00:1::5",
    "2001:db8::8",
    "fd00:10::a",
    "fd00:244::5",
];
const FOUR_NETS: [&str; 9] = [
    "10.0.0.0/8",
    "10.1.0.0/24",
    "10.2.0.0/24",
    "10.2.0.50/31",
    "10.244.0.0/16",
    "192.0.2.0/24",
    "0.0.0.0/0",
    "10.1.0.4/32",
    "10.0.0.0/255.0.0.0",
];
const SIX_NETS: [&str; 7] = [
    "fd00::/8",
    "fd00:1::/64",
    "fd00:2::/64",
    "fd00:2::50/127",
    "fd00:244::/32",
    "2001:db8::/32",
    "::/0",
];
const PORTS: [&str; 9] = ["22", "53", "80", "443", "10250", "8080", "30080", "1024", "9"];

struct Writer<'c> {
    chance: &'c mut Chance,
    six: bool,
    sets: &'c [(&'static str, &'static str)],
    stateful: bool,
}

/// Sets that rules name, by type.
const SETS: [(&str, &str); 8] = [
    ("s-ip", "hash:ip"),
    ("s-net", "hash:net"),
    ("s-ipport", "hash:ip,port"),
    ("s-netport", "hash:net,port"),
    ("s-ipportip", "hash:ip,port,ip"),
    ("s-ipportnet", "hash:ip,port,net"),
    ("s-netiface", "hash:net,iface"),
    ("s-list", "list:set"),
];

impl Writer<'_> {
    fn word(&mut self, all: &[&str]) -> String {
        self.chance.pick(all).to_owned()
    }

    fn not(&mut self) -> &'static str {
        if self.chance.one_in(4) { "! " } else { "" }
    }

    fn address(&mut self) -> String {
        if self.six { self.word(&SIX) } else { self.word(&FOUR) }
    }

    fn network(&mut self) -> String {
        match (self.chance.one_in(3), self.six) {
            (true, true) => self.word(&SIX),
            (true, false) => self.word(&FOUR),
            (false, true) => self.word(&SIX_NETS),
            (false, false) => self.word(&FOUR_NETS),
        }
    }

    fn ports(&mut self) -> String {
        match self.chance.below(4) {
            0 => {
                self.word(&["0:1023", "1024:", ":443", "8000:31000", "32768:60999", "10250:10260"])
            }
            _ => self.word(&PORTS),
        }
    }

    fn many_ports(&mut self) -> String {
        let mut all = vec![self.word(&PORTS)];
        for _ in 0..self.chance.below(4) {
            let next = match self.chance.below(4) {
                0 => self.word(&["2000:3000", "10200:10300", "32768:60999"]),
                _ => self.word(&PORTS),
            };
            all.push(next);
        }
        all.join(",")
    }

    fn matches(&mut self, table: &str, chain: &str) -> String {
        let mut out = String::new();
        let (input, output) = devices(chain);
        if self.chance.one_in(4) {
            out += &format!("{}-s {} ", self.not(), self.network());
        }
        if self.chance.one_in(4) {
            out += &format!("{}-d {} ", self.not(), self.network());
        }
        if input && self.chance.one_in(6) {
            out += &format!(
                "{}-i {} ",
                self.not(),
                self.word(&["eth0", "eth1", "eth+", "lo", "cali+"])
            );
        }
        if output && self.chance.one_in(6) {
            out += &format!("{}-o {} ", self.not(), self.word(&["eth0", "eth1", "eth+", "lo"]));
        }
        match self.chance.below(8) {
            0..=2 => out += &self.tcp(),
            3 => out += &self.udp(),
            4 => out += &self.icmp(),
            5 => {
                let icmp = if self.six { "ipv6-icmp" } else { "icmp" };
                out += &format!(
                    "{}-p {} ",
                    self.not(),
                    self.word(&["tcp", "udp", icmp, "esp", "132", "47"])
                );
            }
            _ => {}
        }
        for _ in 0..self.chance.below(3) {
            out += &self.extension(table, chain);
        }
        out
    }

    fn tcp(&mut self) -> String {
        let mut out = "-p tcp ".to_owned();
        match self.chance.below(8) {
            0 => out += &format!("-m multiport {}--dports {} ", self.not(), self.many_ports()),
            1 => out += &format!("-m multiport {}--sports {} ", self.not(), self.many_ports()),
            2 => out += &format!("-m multiport {}--ports {} ", self.not(), self.many_ports()),
            3 => {
                let flags = self.word(&[
                    "FIN,SYN,RST,ACK SYN",
                    "SYN,ACK ACK",
                    "ALL SYN",
                    "ALL NONE",
                    "SYN,RST SYN,RST",
                    "FIN,SYN FIN,SYN",
                    "RST RST",
                ]);
                out += &format!("-m tcp {}--tcp-flags {flags} ", self.not());
            }
            4 => out += &format!("-m tcp {}--syn ", self.not()),
            5 => out += &format!("-m tcp {}--tcp-option {} ", self.not(), self.word(&["2", "8"])),
            6 => out += &format!("-m tcp {}--sport {} ", self.not(), self.ports()),
            _ => out += &format!("-m tcp {}--dport {} ", self.not(), self.ports()),
        }
        out
    }

    fn udp(&mut self) -> String {
        match self.chance.below(4) {
            0 => format!("-p udp -m multiport {}--dports {} ", self.not(), self.many_ports()),
            1 => format!("-p udp -m udp {}--sport {} ", self.not(), self.ports()),
            _ => format!("-p udp -m udp {}--dport {} ", self.not(), self.ports()),
        }
    }

    fn icmp(&mut self) -> String {
        if self.six {
            let kind =
                self.word(&["echo-request", "128/0", "destination-unreachable", "129", "1/4"]);
            return format!("-p ipv6-icmp -m icmp6 {}--icmpv6-type {kind} ", self.not());
        }
        let kind =
            self.word(&["echo-request", "8/0", "any", "3/3", "destination-unreachable", "13"]);
        let not = if kind == "any" { "" } else { self.not() };
        format!("-p icmp -m icmp {not}--icmp-type {kind} ")
    }

    fn extension(&mut self, table: &str, chain: &str) -> String {
        let not = self.not();
        let (input, output) = devices(chain);
        let early = table == "raw";
        match self.chance.below(36) {
            0..=3 if !early => {
                let states = self.word(&[
                    "NEW",
                    "ESTABLISHED",
                    "RELATED,ESTABLISHED",
                    "INVALID",
                    "UNTRACKED",
                    "NEW,UNTRACKED",
                    "DNAT",
                    "SNAT",
                ]);
                format!("-m conntrack {not}--ctstate {states} ")
            }
            4 if !early => format!(
                "-m state {not}--state {} ",
                self.word(&["NEW", "INVALID", "RELATED,ESTABLISHED"])
            ),
            5 if !early => {
                let one = self.word(&["tcp", "udp", "6"]);
                format!("-m conntrack {not}--ctproto {one} ")
            }
            6 if !early => format!("-m conntrack {not}--ctorigdst {} ", self.network()),
            7 if !early => format!("-m conntrack {not}--ctorigsrc {} ", self.network()),
            8 if !early => {
                format!("-m conntrack --ctproto tcp {not}--ctorigdstport {} ", self.word(&PORTS))
            }
            9 if !early => format!("-m conntrack --ctdir {} ", self.word(&["ORIGINAL", "REPLY"])),
            10 if !early => format!(
                "-m conntrack {not}--ctstatus {} ",
                self.word(&["NONE", "SEEN_REPLY", "ASSURED", "CONFIRMED"])
            ),
            11 | 12 => format!(
                "-m mark {not}--mark {} ",
                self.word(&["0x0", "0x4000/0x4000", "0x1/0xff", "0x8000"])
            ),
            13 if !early => {
                format!("-m connmark {not}--mark {} ", self.word(&["0x0", "0x10/0xf0", "0x1"]))
            }
            14 => {
                let kinds: &[&str] = if self.six {
                    &["LOCAL", "UNICAST", "MULTICAST", "LOCAL,UNICAST"]
                } else {
                    &["LOCAL", "UNICAST", "BROADCAST", "MULTICAST", "LOCAL,BROADCAST"]
                };
                let kind = self.word(kinds);
                format!("-m addrtype {not}--dst-type {kind} ")
            }
            15 => format!("-m addrtype {not}--src-type {} ", self.word(&["LOCAL", "UNICAST"])),
            16 if input && chain != "FORWARD" && !self.six => {
                format!(
                    "-m addrtype {not}--dst-type {} --limit-iface-in ",
                    self.word(&["LOCAL", "UNICAST"])
                )
            }
            17 if chain == "OUTPUT" => {
                format!("-m owner {not}--uid-owner {} ", self.word(&["0", "1000", "0-99"]))
            }
            18 => {
                let range = if self.six {
                    self.word(&["fd00:2::50-fd00:2::60", "fd00:1::-fd00:1::4"])
                } else {
                    self.word(&["10.2.0.50-10.2.0.60", "10.1.0.0-10.1.0.4", "8.8.4.4-10.0.0.10"])
                };
                format!("-m iprange {not}--{}-range {range} ", self.word(&["src", "dst"]))
            }
            19 => "-m comment --comment \"a \\\"b\\\" -j DROP\" ".to_owned(),
            20 => format!(
                "-m length {not}--length {} ",
                self.word(&["20:60", "44", "0:40", "61:65535"])
            ),
            21 if self.six => format!(
                "-m hl --hl-{} {} ",
                self.word(&["eq", "lt", "gt"]),
                self.word(&["64", "63", "10"])
            ),
            21 => format!(
                "-m ttl --ttl-{} {} ",
                self.word(&["eq", "lt", "gt"]),
                self.word(&["64", "63", "10"])
            ),
            22 => format!(
                "-m tos {not}--tos {} ",
                self.word(&["0x10/0x3f", "0x00/0xff", "0xb8/0xfc"])
            ),
            23 => format!("-m dscp {not}--dscp {} ", self.word(&["0x00", "0x2e", "0x0a"])),
            24 if input && chain != "OUTPUT" => {
                format!(
                    "-m mac {not}--mac-source {} ",
                    self.word(&["02:00:00:00:00:10", "02:00:00:00:00:20"])
                )
            }
            25 => {
                let (algorithm, text) =
                    (self.word(&["bm", "kmp"]), self.word(&["GET /", "beef", "adBE"]));
                let case = if self.chance.one_in(3) { "--icase " } else { "" };
                format!("-m string {not}--string \"{text}\" --algo {algorithm} {case}--to 65535 ")
            }
            26 if !self.six => {
                let test = self.word(&[
                    "0>>22&0x3C@0>>16=0x1:0x8000",
                    "6&0xFF=6",
                    "6&0xFF=0x11",
                    "12&0xFFFF0000=0x0a010000",
                    "16=0x0a020032",
                    "0>>22&0x3C@12>>24&0x0f=0:3",
                ]);
                format!("-m u32 {not}--u32 \"{test}\" ")
            }
            27 => format!(
                "-m pkttype {not}--pkt-type {} ",
                self.word(&["unicast", "broadcast", "multicast"])
            ),
            28 if !self.sets.is_empty() => {
                let (name, kind) = self.sets[self.chance.below(self.sets.len())];
                let directions = match kind.matches(',').count() {
                    _ if kind == "list:set" => self.word(&["src", "dst", "dst,dst"]),
                    // The interface that comes in is known only before the way out is.
                    1 if kind.ends_with("iface") => match (input, output) {
                        (true, _) => "src,src".to_owned(),
                        _ => "dst,dst".to_owned(),
                    },
                    0 => self.word(&["src", "dst"]),
                    1 => self.word(&["src,dst", "dst,dst", "dst,src", "src,src"]),
                    _ => self.word(&["src,dst,dst", "dst,dst,src", "src,src,dst"]),
                };
                format!("-m set {not}--match-set {name} {directions} ")
            }
            29 => {
                self.stateful = true;
                // Not connlimit: when the kernel forgets an ended connection is its own affair, and of a
                // real node's count the evaluator says unknown.
                match self.chance.below(5) {
                    0 => format!(
                        "-m statistic --mode nth --every {} --packet 0 ",
                        self.word(&["2", "3"])
                    ),
                    1 => format!(
                        "-m limit --limit 1/hour --limit-burst {} ",
                        self.word(&["1", "3", "5"])
                    ),
                    2 => format!(
                        "-m hashlimit --hashlimit-{} 1/hour --hashlimit-burst {} --hashlimit-mode {} --hashlimit-name h{} ",
                        self.word(&["upto", "above"]),
                        self.word(&["1", "2"]),
                        self.word(&["srcip", "dstip", "srcip,dstport"]),
                        self.chance.below(1000)
                    ),
                    3 => format!(
                        "-m recent --name r{} --{} --{} ",
                        self.chance.below(2),
                        self.word(&["set", "rcheck", "update"]),
                        self.word(&["rsource", "rdest"])
                    ),
                    _ => format!("-m quota --quota {} ", self.word(&["100", "1", "5000"])),
                }
            }
            30 if !self.six => format!("-m ecn {not}--ecn-ip-ect {} ", self.word(&["0", "1"])),
            31 => "-m statistic --mode random --probability 1.0 ".to_owned(),
            32 if self.six => format!(
                "-m ipv6header {not}--header {}{} ",
                self.word(&["prot", "esp", "none", "esp,prot"]),
                self.word(&["", " --soft"])
            ),
            33 if matches!(table, "raw" | "mangle") && chain == "PREROUTING" => {
                format!(
                    "-m rpfilter {}",
                    self.word(&["", "--loose ", "--invert ", "--loose --invert "])
                )
            }
            34 if !early => format!(
                "-m connbytes --connbytes {} --connbytes-dir both --connbytes-mode packets ",
                self.word(&["0:1", "2:", "0:10"])
            ),
            35 if input || output => format!(
                "-m policy --dir {} --pol none ",
                if input && chain != "OUTPUT" { "in" } else { "out" }
            ),
            _ => String::new(),
        }
    }

    fn target(&mut self, table: &str, chain: &str, base: bool, chains: &[String]) -> String {
        if !chains.is_empty() && self.chance.one_in(4) {
            let name = &chains[self.chance.below(chains.len())];
            let how = if self.chance.one_in(5) { "-g" } else { "-j" };
            return format!("{how} {name}");
        }
        let plain = |this: &mut Self| this.word(&["ACCEPT", "DROP", "ACCEPT", "RETURN"]);
        let own = match table {
            "filter" => match self.chance.below(5) {
                0 => {
                    let with = if self.six {
                        self.word(&[
                            "icmp6-adm-prohibited",
                            "icmp6-port-unreachable",
                            "icmp6-no-route",
                            "icmp6-addr-unreachable",
                            "tcp-reset",
                        ])
                    } else {
                        self.word(&[
                            "icmp-port-unreachable",
                            "icmp-host-prohibited",
                            "icmp-admin-prohibited",
                            "icmp-net-unreachable",
                            "icmp-proto-unreachable",
                            "tcp-reset",
                        ])
                    };
                    format!("REJECT --reject-with {with}")
                }
                1 => self.mark(),
                _ => plain(self),
            },
            "raw" => match self.chance.below(3) {
                0 => "CT --notrack".to_owned(),
                1 => self.mark(),
                _ => plain(self),
            },
            "mangle" => match self.chance.below(8) {
                0..=2 => self.mark(),
                3 => format!(
                    "CONNMARK {}",
                    self.word(&[
                        "--set-xmark 0x10/0xf0",
                        "--save-mark --nfmask 0xff --ctmask 0xff",
                        "--restore-mark",
                        "--set-xmark 0x1/0xffffffff"
                    ])
                ),
                4 => format!("TOS --set-tos {}", self.word(&["0x10/0xff", "0x08/0x3f"])),
                5 => format!("DSCP --set-dscp {}", self.word(&["0x2e", "0x0a"])),
                6 if self.six => format!("HL --hl-{}", self.word(&["set 9", "dec 1", "inc 3"])),
                6 => format!("TTL --ttl-{}", self.word(&["set 9", "dec 1", "inc 3"])),
                _ => plain(self),
            },
            "nat" => self.nat(chain, base),
            _ => plain(self),
        };
        format!("-j {own}")
    }

    fn mark(&mut self) -> String {
        format!(
            "MARK {}",
            self.word(&[
                "--set-xmark 0x4000/0x4000",
                "--set-xmark 0x1/0xffffffff",
                "--or-mark 0x8000",
                "--and-mark 0xffff0fff",
                "--xor-mark 0x11"
            ])
        )
    }

    fn nat(&mut self, chain: &str, base: bool) -> String {
        let to = |port: &str, six: bool, address: &str| match (six, port) {
            (_, "") => address.to_owned(),
            (true, port) => format!("[{address}]:{port}"),
            (false, port) => format!("{address}:{port}"),
        };
        let (inner, netmap) =
            if self.six { ("fd00:244::5", "fd00:77::/64") } else { ("10.244.1.5", "10.77.0.0/24") };
        // A user chain is reached from one kind of hook alone: its name says which.
        let destination = matches!(chain, "PREROUTING" | "OUTPUT") || chain.starts_with("pre");
        match (self.chance.below(7), destination) {
            (0, _) => "ACCEPT".to_owned(),
            (1, _) => "RETURN".to_owned(),
            (2, true) => format!("NETMAP --to {netmap}"),
            (3, true) => "REDIRECT --to-ports 8080".to_owned(),
            (_, true) => {
                let port = self.ports_spec();
                let address = if self.chance.one_in(3) { self.address() } else { inner.to_owned() };
                format!("DNAT --to-destination {}", to(port, self.six, &address))
            }
            (2, false) => format!("NETMAP --to {netmap}"),
            (3 | 4, false) if chain != "INPUT" => "MASQUERADE".to_owned(),
            (_, false) if base || !destination => {
                let address = if self.six { "fd00:1::77" } else { "10.1.0.77" };
                format!("SNAT --to-source {address}")
            }
            _ => "ACCEPT".to_owned(),
        }
    }

    fn ports_spec(&mut self) -> &'static str {
        self.chance.pick(&["", "8443", "53", ""])
    }
}

fn devices(chain: &str) -> (bool, bool) {
    match chain {
        "PREROUTING" | "INPUT" => (true, false),
        "FORWARD" => (true, true),
        "OUTPUT" | "POSTROUTING" => (false, true),
        _ => (false, false),
    }
}

const CHAINS: [(&str, &[&str]); 5] = [
    ("raw", &["PREROUTING", "OUTPUT"]),
    ("mangle", &["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]),
    ("nat", &["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]),
    ("filter", &["INPUT", "FORWARD", "OUTPUT"]),
    ("security", &["INPUT", "FORWARD", "OUTPUT"]),
];

/// A ruleset of iptables. Its sets are called by its serial number: the kernel lets go of old ones in its
/// own time.
pub(super) fn iptables(
    chance: &mut Chance,
    backend: Backend,
    six: bool,
    serial: u64,
) -> RandomRuleset {
    let with_sets = chance.one_in(3);
    let mut sets = Vec::new();
    if with_sets {
        sets = ipsets(chance, six);
    }
    let named: &[(&str, &str)] = if with_sets { &SETS } else { &[] };
    let mut writer = Writer { chance, six, sets: named, stateful: false };
    let mut tables = Vec::new();
    for (name, base) in CHAINS {
        let rare = match name {
            "filter" => false,
            "nat" => writer.chance.one_in(2),
            "security" => !writer.chance.one_in(6),
            _ => !writer.chance.one_in(3),
        };
        let users: Vec<String> = match name {
            "nat" => vec!["pre-A".to_owned(), "pre-B".to_owned(), "post-A".to_owned()],
            _ => ["A", "B", "C"].iter().map(|letter| format!("{name}-{letter}")).collect(),
        };
        let mut head = Vec::new();
        for chain in base {
            let drops = name == "filter" && writer.chance.one_in(4);
            head.push(format!(":{chain} {} [0:0]", if drops { "DROP" } else { "ACCEPT" }));
        }
        head.extend(users.iter().map(|chain| format!(":{chain} - [0:0]")));
        let mut rules = Vec::new();
        if !rare {
            for chain in base {
                for _ in 0..writer.chance.below(6) {
                    let below: Vec<String> = reachable(name, chain, &users);
                    rules.push(rule(&mut writer, name, chain, true, &below));
                }
            }
            for (place, chain) in users.iter().enumerate() {
                // Later chains only: the kernel refuses loops.
                let later: Vec<String> = match name {
                    "nat" if place == 0 => vec![users[1].clone()],
                    "nat" => Vec::new(),
                    _ => users[place + 1..].to_vec(),
                };
                for _ in 0..writer.chance.below(5) {
                    rules.push(rule(&mut writer, name, chain, false, &later));
                }
            }
        }
        tables.push(RandomTable { name, head, rules });
    }
    let stateful = writer.stateful;
    for line in sets.iter_mut().chain(tables.iter_mut().flat_map(|table| &mut table.rules)) {
        *line = line.replace(" s-", &format!(" s{serial}-"));
    }
    RandomRuleset { backend, six, sets, tables, stateful }
}

fn reachable(table: &str, chain: &str, users: &[String]) -> Vec<String> {
    match (table, chain) {
        ("nat", "PREROUTING" | "OUTPUT") => users[..2].to_vec(),
        // What masquerades may not be reached from there.
        ("nat", "INPUT") => Vec::new(),
        ("nat", _) => users[2..].to_vec(),
        _ => users.to_vec(),
    }
}

fn rule(
    writer: &mut Writer<'_>,
    table: &str,
    chain: &str,
    base: bool,
    chains: &[String],
) -> String {
    let mut matches = writer.matches(table, chain);
    let target = writer.target(table, chain, base, chains);
    let (tcp, udp) =
        (matches.starts_with("-p tcp") || matches.contains(" -p tcp"), matches.contains("-p udp"));
    // Ports are translated, and resets sent, only where the rule says the protocol.
    let ported = target.contains("REDIRECT")
        || target.contains("DNAT")
            && target
                .rsplit(' ')
                .next()
                .is_some_and(|to| if writer.six { to.contains("]:") } else { to.contains(':') });
    if target.contains("tcp-reset") && !tcp || ported && !tcp && !udp {
        matches = "-p tcp -m tcp --dport 80 ".to_owned();
    }
    if matches.contains("! -p tcp") || matches.contains("! -p udp") {
        matches = matches.replace("! -p tcp", "-p tcp").replace("! -p udp", "-p udp");
    }
    // Nothing is not everything, and one back-end refuses to say so.
    for all in ["0.0.0.0/0", "::/0"] {
        for side in ["-s", "-d"] {
            matches = matches.replace(&format!("! {side} {all} "), &format!("{side} {all} "));
        }
    }
    format!("-A {chain} {matches}{target}")
}

fn ipsets(chance: &mut Chance, six: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let family = if six { "inet6" } else { "inet" };
    for (name, kind) in SETS {
        if kind == "list:set" {
            lines.push(format!("create {name} {kind} size 8"));
            lines.extend(["s-ip", "s-net"].map(|inner| format!("add {name} {inner}")));
            continue;
        }
        lines.push(format!("create {name} {kind} family {family} hashsize 64 maxelem 1024"));
        for _ in 0..chance.below(5) {
            let address = chance.pick(if six { &SIX[..] } else { &FOUR[..] });
            let network = match (chance.below(3), six) {
                (0, true) => "fd00:2::/64",
                (0, false) => "10.2.0.0/24",
                (1, true) => "fd00::/16",
                (1, false) => "10.0.0.0/9",
                _ => address,
            };
            let port = format!("{}:{}", chance.pick(&["tcp", "udp"]), chance.pick(&PORTS));
            let member = match kind {
                "hash:ip" => address.to_owned(),
                "hash:net" => {
                    let except = if chance.one_in(4) { " nomatch" } else { "" };
                    format!("{network}{except}")
                }
                "hash:ip,port" => format!("{address},{port}"),
                "hash:net,port" => format!("{network},{port}"),
                "hash:ip,port,ip" => format!(
                    "{address},{port},{}",
                    chance.pick(if six { &SIX[..] } else { &FOUR[..] })
                ),
                "hash:ip,port,net" => format!("{address},{port},{network}"),
                _ => format!("{network},{}", chance.pick(&["eth0", "eth1"])),
            };
            lines.push(format!("add {name} {member} -exist"));
        }
    }
    lines
}

/// A ruleset of nft's own words.
pub(super) fn native(chance: &mut Chance, six: bool) -> RandomRuleset {
    let mut head = Vec::new();
    let addresses: &[&str] = if six { &SIX } else { &FOUR };
    let (kind, word) = if six { ("ipv6_addr", "ip6") } else { ("ipv4_addr", "ip") };
    let some = |chance: &mut Chance, count: usize| {
        let mut all: Vec<&str> = (0..count).map(|_| chance.pick(addresses)).collect();
        all.sort_unstable();
        all.dedup();
        all.join(", ")
    };
    head.push(format!("set hosts {{ type {kind}; elements = {{ {} }}; }}", some(chance, 3)));
    let ranges = if six { "fd00:2::/64, fd00:1::5" } else { "10.2.0.0/24, 10.1.0.5-10.1.0.99" };
    head.push(format!("set nets {{ type {kind}; flags interval; elements = {{ {ranges} }}; }}"));
    head.push(format!("set pairs {{ type {kind} . inet_proto . inet_service; elements = {{ {} . tcp . 80, {} . udp . 53, {} . tcp . 10250 }}; }}", addresses[2], addresses[0], addresses[0]));
    for name in ["c0", "c1", "c2"] {
        head.push(format!("chain {name} {{ }}"));
    }
    head.push("map ports { type inet_service : verdict; elements = { 80 : accept, 443 : drop, 10250 : goto c2, 22 : jump c1, 53 : return }; }".to_owned());
    let hooks = [
        ("raw", "filter hook prerouting priority -300"),
        ("pre", "nat hook prerouting priority -100"),
        ("mangle", "filter hook prerouting priority -150"),
        ("in", "filter hook input priority 0"),
        ("thru", "filter hook forward priority 0"),
        ("out", "filter hook output priority 0"),
        ("late", "filter hook postrouting priority 10"),
        ("post", "nat hook postrouting priority 100"),
    ];
    for (name, hook) in hooks {
        let drops = matches!(name, "in" | "thru" | "out") && chance.one_in(4);
        head.push(format!(
            "chain {name} {{ type {hook}; policy {}; }}",
            if drops { "drop" } else { "accept" }
        ));
    }
    let mut rules = Vec::new();
    let places = ["raw", "pre", "mangle", "in", "thru", "out", "late", "post", "c0", "c1", "c2"];
    for place in places {
        for _ in 0..chance.below(5) {
            let matches = native_matches(chance, place, word, six, addresses);
            let target = native_target(chance, place, six);
            // A port is translated, and a reset sent, only where the protocol is said.
            let tcp = if target.contains(" to ") && target.contains(":8")
                || target.contains("redirect")
            {
                "meta l4proto tcp "
            } else {
                ""
            };
            // A map without an element for the packet is no match, though a counter before it counts.
            let counter = if target.contains("vmap") { "" } else { "counter " };
            rules.push(format!("add rule inet t {place} {tcp}{matches}{counter}{target}"));
        }
    }
    let tables = vec![RandomTable { name: "t", head, rules }];
    RandomRuleset { backend: Backend::Native, six, sets: Vec::new(), tables, stateful: false }
}

fn native_matches(
    chance: &mut Chance,
    place: &str,
    word: &str,
    six: bool,
    addresses: &[&str],
) -> String {
    let mut out = String::new();
    for _ in 0..chance.below(3) {
        let not = if chance.one_in(4) { "!= " } else { "" };
        let address = chance.pick(addresses);
        let port = chance.pick(&PORTS);
        let text = match chance.below(22) {
            0 => format!("{word} saddr {not}{address} "),
            1 => format!("{word} daddr {not}{address} "),
            2 => format!("{word} daddr {not}@hosts "),
            3 => format!("{word} saddr {not}@nets "),
            4 => format!("tcp dport {not}{port} "),
            5 => format!("udp dport {not}{port} "),
            6 => format!("tcp dport {not}{{ 22, 80, 8000-31000 }} "),
            7 => format!("meta l4proto {not}{{ tcp, udp }} "),
            8 => format!("meta l4proto . th dport {not}{{ tcp . 80, udp . 53, tcp . 10250 }} "),
            9 => format!("{word} daddr . meta l4proto . th dport @pairs "),
            10 if place != "raw" => format!(
                "ct state {not}{} ",
                chance.pick(&["new", "established,related", "invalid", "{ new, untracked }"])
            ),
            11 => format!("meta mark {not}{} ", chance.pick(&["0x0", "0x1", "{ 0x1, 0x4000 }"])),
            12 => "meta mark & 0x4000 == 0x4000 ".to_owned(),
            13 if matches!(place, "raw" | "pre" | "mangle" | "in" | "thru") => format!(
                "iifname {not}{} ",
                chance.pick(&["\"eth0\"", "\"eth*\"", "{ \"eth1\", \"lo\" }"])
            ),
            14 if matches!(place, "thru" | "out" | "late" | "post") => {
                format!("oifname {not}{} ", chance.pick(&["\"eth0\"", "\"eth1\"", "\"lo\""]))
            }
            15 => format!(
                "tcp flags {}",
                chance.pick(&[
                    "syn ",
                    "& (fin|syn|rst|ack) == syn ",
                    "syn / fin,syn,rst,ack ",
                    "! syn "
                ])
            ),
            16 => format!("meta length {not}{} ", chance.pick(&["40-60", "44", "< 41"])),
            17 if !six => format!("ip ttl {}", chance.pick(&["64 ", "< 64 ", "!= 63 "])),
            18 if !six => format!(
                "icmp type {not}{} ",
                chance.pick(&["echo-request", "{ echo-request, destination-unreachable }"])
            ),
            18 => format!("icmpv6 type {not}echo-request "),
            19 => format!("{word} dscp {not}{} ", chance.pick(&["cs0", "ef", "{ cs1, ef }"])),
            20 if place != "raw" => {
                format!("ct direction {} ", chance.pick(&["original", "reply"]))
            }
            21 if place != "raw" => {
                format!("ct status & {} ", chance.pick(&["(snat|dnat) != 0", "seen-reply == 0"]))
            }
            _ => format!(
                "fib daddr type {not}{} ",
                chance.pick(&["local", "unicast", "{ local, broadcast }"])
            ),
        };
        // The fib is asked only where a route, or a device to look from, is at hand.
        if text.starts_with("fib") && !matches!(place, "raw" | "mangle" | "in" | "thru" | "out") {
            continue;
        }
        out += &text;
    }
    out
}

fn native_target(chance: &mut Chance, place: &str, six: bool) -> String {
    let (inner, own) =
        if six { ("[fd00:244::5]", "fd00:1::77") } else { ("10.244.1.5", "10.1.0.77") };
    let bare = inner.trim_matches(['[', ']']);
    let family = if six { "ip6" } else { "ip" };
    if place == "pre" {
        return match chance.below(4) {
            0 => "accept".to_owned(),
            1 => format!("dnat {family} to {bare}"),
            2 => format!("dnat {family} to {inner}:8443"),
            _ => "redirect to :8080".to_owned(),
        };
    }
    if place == "post" {
        return match chance.below(3) {
            0 => "accept".to_owned(),
            1 => format!("snat {family} to {own}"),
            _ => "masquerade".to_owned(),
        };
    }
    let user = place.starts_with('c');
    let filter = matches!(place, "in" | "thru" | "out");
    match chance.below(12) {
        0..=2 => "accept".to_owned(),
        3 | 4 => "drop".to_owned(),
        5 if filter => format!(
            "reject with {}",
            chance.pick(&[
                "icmpx port-unreachable",
                "icmpx admin-prohibited",
                "icmpx host-unreachable",
                "icmpx no-route"
            ])
        ),
        6 => format!(
            "meta mark set {}",
            chance.pick(&["0x1", "meta mark | 0x4000", "meta mark & 0xffff0fff"])
        ),
        7 if !user => "jump c0".to_owned(),
        8 if !user => "goto c1".to_owned(),
        7 | 8 if place == "c0" => "jump c1".to_owned(),
        9 if filter => "tcp dport vmap @ports".to_owned(),
        10 if filter => format!("{family} daddr vmap {{ {bare} : drop }}"),
        11 if place != "raw" && !user => "ct mark set 0x10".to_owned(),
        _ => "return".to_owned(),
    }
}

/// Packets for one ruleset: mostly first ones, some that follow another.
pub(super) fn packets(
    chance: &mut Chance,
    six: bool,
    first: u16,
    count: usize,
) -> Vec<(u16, Packet)> {
    let mut all: Vec<(u16, Packet)> = Vec::new();
    for place in 0..count {
        let number = first + u16::try_from(place).unwrap();
        if let Some(follower) = follow(chance, &all) {
            all.push((number, follower));
            continue;
        }
        all.push((number, packet(chance, six, number)));
    }
    all
}

/// A later packet of a connection through the node: the answer, or the sender's next word.
fn follow(chance: &mut Chance, earlier: &[(u16, Packet)]) -> Option<Packet> {
    if !chance.one_in(4) {
        return None;
    }
    let (_, first) = earlier.last()?;
    let from = match &first.origin {
        Origin::Interface(name) => name.clone(),
        _ => return None,
    };
    let passing = |address: IpAddr| {
        address == "10.2.0.50".parse::<IpAddr>().unwrap()
            || address == "fd00:2::50".parse::<IpAddr>().unwrap()
    };
    if from != "eth0"
        || !passing(first.destination)
        || first.bad_checksum
        || !has_ports(first.protocol)
    {
        return None;
    }
    let mut next = first.clone();
    if chance.one_in(2) {
        next.origin = Origin::Interface("eth1".to_owned());
        (next.source, next.destination) = (first.destination, first.source);
        next.source_port = first.destination_port.map(Ports::one);
        next.destination_port = first.source_port.and_then(Ports::single);
        next.flags = if first.protocol == protocol::TCP { flag::SYN | flag::ACK } else { 0 };
    } else if first.protocol == protocol::TCP {
        next.flags = flag::SYN;
    }
    Some(next)
}

fn packet(chance: &mut Chance, six: bool, number: u16) -> Packet {
    let parse = |text: &str| text.parse::<IpAddr>().unwrap();
    let own = chance.one_in(4);
    let (zero, one): (&[&str], &[&str]) = if six {
        (&["fd00:1::5", "fd00:1::60", "2001:db8::8"], &["fd00:2::50", "fd00:2::51", "fd00:244::5"])
    } else {
        (
            &["10.1.0.5", "10.1.0.60", "192.0.2.9", "172.16.5.5"],
            &["10.2.0.50", "10.2.0.51", "10.244.1.5"],
        )
    };
    let (origin, source) = match (own, chance.one_in(3)) {
        (true, false) => (Origin::Node, if six { "fd00:1::4" } else { "10.1.0.4" }),
        (true, true) => (Origin::Node, if six { "fd00:2::1" } else { "10.2.0.1" }),
        (false, false) => (Origin::Interface("eth0".to_owned()), chance.pick(zero)),
        (false, true) => (Origin::Interface("eth1".to_owned()), chance.pick(one)),
    };
    let mut destination = chance.pick(if six { &SIX[..] } else { &FOUR[..] });
    if destination == source {
        destination = if six { "fd00:2::50" } else { "10.2.0.50" };
    }
    let kind = match chance.below(12) {
        0..=6 => protocol::TCP,
        7..=9 => protocol::UDP,
        10 if six => protocol::ICMPV6,
        10 => protocol::ICMP,
        _ => protocol::ESP,
    };
    let mut packet = Packet::other(origin, parse(source), parse(destination), kind);
    if has_ports(kind) {
        // Each packet has a port of its own, so that it is a connection of its own.
        packet.source_port = Some(Ports::one(1024 + number));
        packet.destination_port = chance.pick(&PORTS).parse().ok();
    }
    match kind {
        protocol::TCP => {
            packet.flags = match chance.below(10) {
                0 => flag::ACK,
                1 => flag::SYN | flag::ACK,
                2 => flag::FIN | flag::ACK,
                3 if !own => flag::FIN | flag::PSH | flag::URG,
                _ => flag::SYN,
            };
        }
        protocol::ICMP => packet.icmp_type = 8,
        protocol::ICMPV6 => packet.icmp_type = 128,
        _ => {}
    }
    if matches!(kind, protocol::TCP | protocol::UDP) && chance.one_in(4) {
        packet.payload = chance.pick(&[&b"GET / HTTP/1.1"[..], b"deadBEEF", b"q"]).to_vec();
    }
    if matches!(kind, protocol::ICMP | protocol::ICMPV6) {
        packet.payload = b"konspect".to_vec();
    }
    packet.ttl = if chance.one_in(6) { 9 } else { 64 };
    packet.tos = match chance.below(6) {
        0 => 0x10,
        1 => 0xb8,
        _ => 0,
    };
    packet.bad_checksum = !own && has_ports(kind) && chance.one_in(25);
    if own {
        packet.uid = Some(0);
        packet.gid = Some(0);
    }
    packet
}
