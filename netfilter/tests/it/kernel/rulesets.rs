//! Random rulesets: the same seed gives the same ones.

mod extensions;
mod native;

use super::chance::Chance;
pub(super) use native::native;

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

pub(super) const FOUR: [&str; 11] = [
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

pub(super) const SIX: [&str; 9] = [
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

pub(super) const PORTS: [&str; 9] =
    ["22", "53", "80", "443", "10250", "8080", "30080", "1024", "9"];

struct Writer<'c> {
    chance: &'c mut Chance,
    six: bool,
    sets: &'c [(&'static str, &'static str)],
    stateful: bool,
    /// Matches that no dump decides, as they stand in rules.
    undecided: Vec<String>,
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
        match self.chance.below(9) {
            8 => out += &self.others(),
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

    fn target(&mut self, table: &str, chain: &str, base: bool, chains: &[String]) -> String {
        if !chains.is_empty() && self.chance.one_in(4) {
            let name = &chains[self.chance.below(chains.len())];
            let how = if self.chance.one_in(5) { "-g" } else { "-j" };
            return format!("{how} {name}");
        }
        let plain = |this: &mut Self| this.word(&["ACCEPT", "DROP", "ACCEPT", "RETURN"]);
        let own = match table {
            "filter" => match self.chance.below(6) {
                2 => self.word(&["LOG --log-prefix \"konspect \"", "NFLOG --nflog-group 5"]),
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
            "mangle" => match self.chance.below(9) {
                7 if chain == "POSTROUTING" => "CLASSIFY --set-class 1:2".to_owned(),
                7 if chain == "PREROUTING" => {
                    format!("TPROXY --on-port 3129{}", self.word(&["", " --tproxy-mark 0x1/0x1"]))
                }
                0..=2 => self.mark(),
                3 => format!(
                    "CONNMARK {}",
                    self.word(&[
                        "--set-xmark 0x10/0xf0",
                        "--save-mark --nfmask 0xff --ctmask 0xff",
                        "--restore-mark",
                        "--save-mark --nfmask 0xff --ctmask 0xff00 --left-shift-mark 8",
                        "--restore-mark --nfmask 0xff --ctmask 0xff00 --right-shift-mark 8",
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
    let mut writer = Writer { chance, six, sets: named, stateful: false, undecided: Vec::new() };
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
    let (stateful, undecided) = (writer.stateful, writer.undecided);
    // Where rules count, one packet that is left open leaves open all that come after it.
    if stateful {
        for line in tables.iter_mut().flat_map(|table| &mut table.rules) {
            for text in &undecided {
                *line = line.replace(text, "");
            }
        }
    }
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
        || target.contains("TPROXY")
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
