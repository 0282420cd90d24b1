//! The matches of `-m` modules, at random.

use super::{PORTS, Writer, devices};

impl Writer<'_> {
    pub(super) fn extension(&mut self, table: &str, chain: &str) -> String {
        let not = self.not();
        let (input, output) = devices(chain);
        let early = table == "raw";
        match self.chance.below(41) {
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
                        self.chance.below(1_000_000)
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
            36 => format!("-m helper {not}--helper ftp "),
            37 => {
                let always = [
                    "",
                    "--timestart 00:00:00 --timestop 23:59:59 ",
                    "--weekdays Mon,Tue,Wed,Thu,Fri,Sat,Sun ",
                    "! --weekdays Mon,Tue,Wed,Thu,Fri,Sat,Sun ",
                    "--datestart 2001-01-01T00:00:00 ",
                    "--datestop 2001-01-01T00:00:00 ",
                ];
                let sometimes =
                    ["--timestart 08:00:00 --timestop 17:00:00 --kerneltz ", "--monthdays 1,2,3 "];
                let when = self.word(&[&always[..], &sometimes].concat());
                let text = format!("-m time {when}");
                if sometimes.contains(&when.as_str()) {
                    self.undecided.push(text.clone());
                }
                text
            }
            38 => {
                let text = format!("-m cpu {not}--cpu {} ", self.word(&["0", "4096"]));
                self.undecided.push(text.clone());
                text
            }
            39 if input && chain != "OUTPUT" => {
                let back = self.not();
                format!(
                    "-m physdev {}",
                    self.word(&[
                        &format!("{not}--physdev-in eth0 "),
                        &format!("{not}--physdev-in eth0 {back}--physdev-is-in "),
                        &format!("{not}--physdev-is-in "),
                    ])
                )
            }
            40 if chain == "PREROUTING" || chain == "INPUT" => format!(
                "-m socket {}",
                self.word(&["--transparent ", "--nowildcard ", "--transparent --nowildcard "])
            ),
            _ => String::new(),
        }
    }

    /// Protocols that are neither TCP, UDP nor ICMP, with what their modules ask.
    pub(super) fn others(&mut self) -> String {
        let not = self.not();
        let range = self.word(&["0", "1:100", "0:9", "7"]);
        match self.chance.below(4) {
            0 if !self.six => format!("-p ah -m ah {not}--ahspi {range} "),
            0 | 1 => format!("-p esp -m esp {not}--espspi {range} "),
            2 => format!("-p sctp -m sctp {not}--dport {} ", self.word(&PORTS)),
            _ => {
                let types = self.word(&[
                    "any INIT",
                    "all INIT",
                    "only INIT",
                    "any DATA,SACK",
                    "all INIT,DATA",
                    "only INIT,ABORT",
                    "any ASCONF,INIT",
                ]);
                format!("-p sctp -m sctp {not}--chunk-types {types} ")
            }
        }
    }
}
