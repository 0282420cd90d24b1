//! The last column of `iptables -L`: matches and target options in prose.
//!
//! What is not understood makes the rule uncertain, with the words as the reason.

use konspect_bundle::Span;

use super::builder::TableBuilder;
use super::iptables_options::{
    Opt, bpf, directions, hex_string, icmp, packet_type, ttl, u32_tests,
};
use super::iptables_targets::target as push_target;
use super::values::{
    address_range, address_types, compare, compare_of, mac, number_range, port_list, port_range,
    rate, states, statuses, value_mask,
};
use super::words::{Word, Words};
use crate::model::{
    Conntrack, Key, LimitInterface, Recent, RecentAction, Stateful, Statement, Unknown, Verdict,
};
use crate::names;
use crate::packet::Family;

/// What the extras say beside statements.
#[derive(Debug, Default)]
pub(super) struct Extra {
    pub goto: bool,
    pub comment: Option<Box<str>>,
}

/// Reads the prose and pushes matches, then the target.
pub(super) fn extras(
    text: &str,
    target: Option<&str>,
    family: Family,
    table: &mut TableBuilder,
    out: &mut Vec<Statement>,
    at: Span,
) -> Extra {
    let mut extra = Extra::default();
    let mut text = text.to_owned();
    // Comments first: they may hold anything.
    while let Some(start) = text.find("/* ") {
        let Some(length) = text.get(start..).and_then(|rest| rest.find(" */")) else { break };
        extra.comment = text.get(start + 3..start + length).map(Into::into);
        text.replace_range(start..start + length + 3, "");
    }
    let words: Vec<Word<'_>> = Words::new(&text).collect();
    let mut reader =
        Reader { words: &words, place: 0, family, out, options: Vec::new(), unknown: Vec::new() };
    reader.run(&mut extra);
    let Reader { options, unknown, .. } = reader;
    if !unknown.is_empty() {
        out.push(Statement::Unknown(Unknown::NotUnderstood(unknown.join(" ").into())));
    }
    if let Some(name) = target {
        let held: Vec<(String, Vec<Word<'_>>)> = options
            .iter()
            .map(|(name, values)| {
                (name.clone(), values.iter().flat_map(|value| Words::new(value)).collect())
            })
            .collect();
        let opts: Vec<Opt<'_, '_>> =
            held.iter().map(|(name, values)| Opt { name, invert: false, values }).collect();
        let before = out.len();
        push_target(name, extra.goto, &opts, family, table, out, at);
        // LOG's prefix may hold blanks, which the option words lose.
        if let (Some(Statement::Effect(crate::model::Effect::Log(prefix))), Some((_, value))) = (
            out.get_mut(before),
            options
                .iter()
                .find(|(name, _)| name == "--log-prefix")
                .map(|(name, values)| (name, values.join(" "))),
        ) {
            *prefix = value.into();
        }
        if let Some(Statement::Verdict(Verdict::Translate(translate))) = out.last_mut()
            && text.contains("random")
        {
            translate.random = true;
        }
    }
    extra
}

struct Reader<'w, 'o> {
    words: &'w [Word<'w>],
    place: usize,
    family: Family,
    out: &'o mut Vec<Statement>,
    options: Vec<(String, Vec<String>)>,
    unknown: Vec<String>,
}

impl<'w> Reader<'w, '_> {
    fn peek(&self, ahead: usize) -> &'w str {
        self.words.get(self.place + ahead).map_or("", |word| &word.text)
    }

    fn take(&mut self) -> &'w str {
        let word = self.peek(0);
        self.place += 1;
        word
    }

    /// Consumes these words if they come next.
    fn eat(&mut self, wanted: &[&str]) -> bool {
        let comes = wanted.iter().enumerate().all(|(ahead, word)| self.peek(ahead) == *word);
        if comes {
            self.place += wanted.len();
        }
        comes
    }

    /// A value that may be negated: `! x`, `!x`, `x`.
    fn negatable(&mut self) -> (bool, &'w str) {
        let word = self.take();
        match word {
            "!" => (true, self.take()),
            _ => match word.strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, word),
            },
        }
    }

    fn option(&mut self, name: &str, value: impl Into<String>) {
        self.options.push((name.to_owned(), vec![value.into()]));
    }

    fn push(&mut self, statement: Option<Statement>, words: &str) {
        match statement {
            Some(statement) => self.out.push(statement),
            None => self.unknown.push(words.to_owned()),
        }
    }

    fn run(&mut self, extra: &mut Extra) {
        while self.place < self.words.len() {
            let start = self.place;
            if !self.matches() && !self.more_matches() && !self.targets(extra) {
                self.place = start;
                let word = self.take();
                self.unknown.push(word.to_owned());
            }
        }
    }

    /// Ports, flags, types, states.
    fn matches(&mut self) -> bool {
        let word = self.take();
        let split = |prefix: &str| {
            word.strip_prefix(prefix).map(|rest| match rest.strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, rest),
            })
        };
        let invert_next = |value: &str| value.to_owned();
        let _ = invert_next;
        if let Some((invert, value)) = split("dpt:").or_else(|| split("dpts:")) {
            self.push(
                port_range(value, ':')
                    .map(|range| compare(Key::DestinationPort(None), invert, vec![range])),
                word,
            );
        } else if let Some((invert, value)) = split("spt:").or_else(|| split("spts:")) {
            self.push(
                port_range(value, ':')
                    .map(|range| compare(Key::SourcePort(None), invert, vec![range])),
                word,
            );
        } else if let Some((invert, value)) = split("flags:") {
            let statement = value.split_once('/').and_then(|(mask, flags)| {
                let one = |text: &str| match names::number(text) {
                    Some(number) => u8::try_from(number).ok(),
                    None => names::tcp_flags(text),
                };
                Some(Statement::TcpFlags { mask: one(mask)?, value: one(flags)?, invert })
            });
            self.push(statement, word);
        } else if let Some((invert, value)) = split("option=") {
            self.push(
                value.parse().ok().map(|number| Statement::TcpOption { number, invert }),
                word,
            );
        } else if let Some((invert, value)) = split("spis:").or_else(|| split("spi:")) {
            let range = number_range(value, u64::from(u32::MAX)).and_then(|(first, last)| {
                Some(Statement::Spi {
                    range: (u32::try_from(first).ok()?, u32::try_from(last).ok()?),
                    invert,
                })
            });
            self.push(range, word);
        } else {
            return self.word_matches(word);
        }
        true
    }

    fn word_matches(&mut self, word: &str) -> bool {
        match word {
            // The protocol's name stands before its own matches.
            "tcp" | "udp" | "sctp" | "udplite" | "dccp" | "esp" | "ah" => {}
            "icmp" | "ipv6-icmp" | "icmp6" | "icmpv6" | "ipv6-icmptype" | "icmptype"
            | "icmp6type" => {
                self.icmp();
            }
            "ctstate" | "state" => {
                let (invert, value) = self.negatable();
                let value = value.to_owned();
                self.push(states(&value).map(|bits| Statement::CtState { bits, invert }), &value);
            }
            "!" if matches!(self.peek(0), "ctstate" | "state") => {
                self.take();
                let value = self.take();
                self.push(
                    states(value).map(|bits| Statement::CtState { bits, invert: true }),
                    value,
                );
            }
            "multiport" => self.multiport(),
            "ADDRTYPE" if self.peek(0) == "match" => {
                self.take();
                self.address_types();
            }
            "source" | "destination" if self.peek(0) == "IP" && self.peek(1) == "range" => {
                self.place += 2;
                let (invert, value) = self.negatable();
                let key = if word == "source" {
                    Key::Source(self.family)
                } else {
                    Key::Destination(self.family)
                };
                self.push(
                    address_range(value).map(|range| compare(key, invert, vec![range])),
                    value,
                );
            }
            "mark" | "connmark" | "CONNMARK" if self.peek(0) == "match" => {
                self.take();
                let (invert, value) = self.negatable();
                let connection = word != "mark";
                let statement = value_mask(value).map(|(value, mask)| Statement::Mark {
                    connection,
                    value,
                    mask,
                    invert,
                });
                self.push(statement, value);
            }
            "match-set" => self.set(false),
            "!" if self.peek(0) == "match-set" => {
                self.take();
                self.set(true);
            }
            "return-nomatch" => {
                if let Some(Statement::IpSet { return_nomatch, .. }) = self.out.last_mut() {
                    *return_nomatch = true;
                }
            }
            "length" => {
                let (invert, value) = self.negatable();
                let range = number_range(value, 0xffff);
                self.push(
                    range.map(|(first, last)| {
                        compare(Key::Length, invert, vec![(first.into(), last.into())])
                    }),
                    value,
                );
            }
            "MAC" => {
                let (invert, value) = self.negatable();
                self.push(mac(value).map(|address| Statement::Mac { address, invert }), value);
            }
            _ if word.starts_with("MAC") && word.len() == 20 => {
                let value = word.get(3..).unwrap_or_default();
                self.push(
                    mac(value).map(|address| Statement::Mac { address, invert: false }),
                    word,
                );
            }
            "TTL" | "HL" if self.peek(0) == "match" => {
                self.place += 2;
                let operator = self.take();
                let value = self.take();
                let family = self.family;
                let statement = match operator {
                    "<" => ttl(value, family, false, |number| (0, number.wrapping_sub(1))),
                    ">" => ttl(value, family, false, |number| (number.saturating_add(1), 255)),
                    "!=" => ttl(value, family, true, |number| (number, number)),
                    "==" | "=" => ttl(value, family, false, |number| (number, number)),
                    _ => None,
                };
                self.push(statement, value);
            }
            "DSCP" if self.peek(0) == "match" => {
                self.take();
                let (invert, value) = self.negatable();
                let key = Key::Dscp(self.family);
                self.push(
                    names::dscp(value)
                        .map(|number| compare(key, invert, vec![(number.into(), number.into())])),
                    value,
                );
            }
            "tos" if self.peek(0).starts_with("match") => {
                let word = self.take();
                let value = word.strip_prefix("match").filter(|rest| !rest.is_empty());
                let value = value.unwrap_or_else(|| self.take());
                let (invert, value) =
                    value.strip_prefix('!').map_or((false, value), |value| (true, value));
                let statement = value_mask(value).map(|(value, mask)| Statement::Bits {
                    key: Key::Tos,
                    mask: u128::from(mask & 0xff),
                    value: value.into(),
                    invert,
                    any: false,
                });
                self.push(statement, value);
            }
            "PKTTYPE" => {
                let operator = self.take();
                let value = self.take();
                let invert = operator == "!=";
                self.push(
                    packet_type(value)
                        .map(|number| compare(Key::PacketType, invert, vec![(number, number)])),
                    value,
                );
            }
            _ => return false,
        }
        true
    }

    fn icmp(&mut self) {
        let six = self.family == Family::Ipv6;
        let mut invert = false;
        let mut value = self.peek(0);
        if let Some(rest) = value.strip_prefix('!') {
            invert = true;
            value = rest;
        }
        if value == "type" {
            self.take();
            value = self.peek(0);
        }
        if value.is_empty() {
            return;
        }
        self.take();
        let mut text = value.to_owned();
        if self.peek(0) == "code" {
            self.take();
            let code = self.take();
            text = format!("{text}/{code}");
        }
        self.push(icmp(&text, six, invert), &text);
    }

    fn multiport(&mut self) {
        let what = self.take();
        let (mut invert, mut value) = self.negatable();
        if value.is_empty() {
            (invert, value) = (!invert, self.take());
        }
        let statement = port_list(value).and_then(|ranges| {
            Some(match what {
                "dports" => compare(Key::DestinationPort(None), invert, ranges),
                "sports" => compare(Key::SourcePort(None), invert, ranges),
                "ports" => Statement::EitherPort { ranges, invert },
                _ => return None,
            })
        });
        self.push(statement, what);
    }

    fn address_types(&mut self) {
        let start = self.out.len();
        loop {
            let source = match self.peek(0) {
                "src-type" => true,
                "dst-type" => false,
                _ => break,
            };
            self.take();
            let (invert, value) = self.negatable();
            let statement = address_types(value).map(|bits| Statement::AddressType {
                source,
                bits,
                invert,
                limit: LimitInterface::None,
            });
            self.push(statement, value);
        }
        let only = match self.peek(0) {
            "limit-in" => LimitInterface::In,
            "limit-out" => LimitInterface::Out,
            _ => return,
        };
        self.take();
        for statement in self.out.iter_mut().skip(start) {
            if let Statement::AddressType { limit, .. } = statement {
                *limit = only;
            }
        }
    }

    fn set(&mut self, invert: bool) {
        let name = self.take();
        let sides = self.take();
        let statement = directions(sides).map(|directions| Statement::IpSet {
            name: name.into(),
            directions,
            invert,
            return_nomatch: false,
        });
        self.push(statement, name);
    }

    /// Rates, lists, bytes, owners and what needs the machine.
    fn more_matches(&mut self) -> bool {
        self.place = self.place.saturating_sub(1);
        let word = self.take();
        match word {
            "limit:" => self.limit(),
            "recent:" => self.recent(false),
            "!" if self.peek(0) == "recent:" => {
                self.take();
                self.recent(true);
            }
            "statistic" => self.statistic(),
            "random" if self.peek(0) == "mode" => self.statistic(),
            "quota:" => {
                let (invert, value) = self.negatable();
                if self.peek(0) == "bytes" {
                    self.take();
                }
                let statement = names::number(value).map(|bytes| {
                    Statement::Stateful(Box::new(Stateful::Quota { bytes, over: invert }))
                });
                self.push(statement, value);
            }
            "#conn" => self.connlimit(),
            "connbytes" | "!" if word == "connbytes" || self.peek(0) == "connbytes" => {
                self.connbytes(word == "!");
            }
            "owner" => self.owner(false),
            "!" if self.peek(0) == "owner" => {
                self.take();
                self.owner(true);
            }
            "STRING" if self.peek(0) == "match" => self.string(),
            "u32" => {
                let (invert, value) = self.negatable();
                self.push(u32_tests(value).map(|tests| Statement::U32 { tests, invert }), value);
            }
            "socket" => {
                while matches!(self.peek(0), "--transparent" | "--nowildcard" | "--restore-skmark")
                {
                    self.take();
                }
                self.out.push(Statement::Socket);
            }
            "PHYSDEV" if self.peek(0) == "match" => {
                self.take();
                let mut all = true;
                while self.peek(0) == "!" || self.peek(0).starts_with("--physdev") {
                    let invert = self.eat(&["!"]);
                    let name = self.take();
                    if matches!(name, "--physdev-in" | "--physdev-out") {
                        self.take();
                    }
                    all &= invert;
                }
                self.out.push(Statement::Physdev { invert: all });
            }
            "rpfilter" => {
                let mut words = Vec::new();
                while matches!(self.peek(0), "loose" | "invert" | "validmark" | "accept-local") {
                    words.push(self.take());
                }
                self.out.push(Statement::ReversePath {
                    loose: words.contains(&"loose"),
                    invert: words.contains(&"invert"),
                    accept_local: words.contains(&"accept-local"),
                });
            }
            "helper" if self.peek(0) == "match" => {
                self.place += 1;
                let (invert, _) = self.negatable();
                self.out.push(Statement::Helper { invert });
            }
            "nfacct-name" => {
                self.take();
            }
            "realm" => {
                let (invert, value) = self.negatable();
                self.push(
                    value_mask(value).map(|(value, mask)| Statement::Realm { value, mask, invert }),
                    value,
                );
            }
            "tcpmss" if self.peek(0) == "match" => {
                self.take();
                let (invert, value) = self.negatable();
                let range = number_range(value, 0xffff).and_then(|(first, last)| {
                    Some(Statement::Mss {
                        range: (u16::try_from(first).ok()?, u16::try_from(last).ok()?),
                        invert,
                    })
                });
                self.push(range, value);
            }
            "policy" if self.peek(0) == "match" => {
                self.take();
                let none = self.eat(&["dir", "in", "pol", "none"])
                    || self.eat(&["dir", "out", "pol", "none"]);
                if !none {
                    self.place = self.words.len();
                }
                self.out.push(Statement::Xfrm { invert: !none });
            }
            "TIME" => {
                let always =
                    matches!(self.peek(0), "UTC" | "") && self.words.len() <= self.place + 1;
                let always = always
                    || (self.peek(0) == "UTC" && self.peek(1) != "on" && self.peek(1) != "from");
                while !matches!(self.peek(0), "" | "reject-with" | "LOG") {
                    self.take();
                    if always {
                        break;
                    }
                }
                self.out.push(Statement::Time { always });
            }
            "ECN" if self.peek(0) == "match" => {
                self.take();
                let (invert, value) = self.negatable();
                let flags = |bit: u8| Some(Statement::TcpFlags { mask: bit, value: bit, invert });
                let statement = match value {
                    "ECE" => flags(64),
                    "CWR" => flags(128),
                    _ => value
                        .strip_prefix("ECT=")
                        .and_then(|value| value.parse().ok())
                        .map(|value| Statement::Ecn { mask: 3, value, invert }),
                };
                self.push(statement, value);
            }
            _ if word.starts_with("ct") || (word == "!" && self.peek(0).starts_with("ct")) => {
                return self.conntrack(word);
            }
            _ if word.ends_with("match") && self.peek(0) == "bpf" => {
                // `tcp dpt:7012match bpf …`: the port and the match are glued.
                let glued = word.trim_end_matches("match");
                if let Some(value) = glued.strip_prefix("dpt:") {
                    self.push(
                        port_range(value, ':')
                            .map(|range| compare(Key::DestinationPort(None), false, vec![range])),
                        word,
                    );
                } else if !glued.is_empty() {
                    self.unknown.push(word.to_owned());
                }
                self.take();
                let mut program = String::new();
                while self.peek(0).chars().next().is_some_and(|c| c.is_ascii_digit()) {
                    program.push_str(self.take());
                    program.push(' ');
                }
                let count = program.split(',').filter(|part| !part.trim().is_empty()).count();
                self.push(bpf(&format!("{count},{program}")).map(Statement::Bpf), "bpf");
            }
            _ => return false,
        }
        true
    }

    fn limit(&mut self) {
        // `limit: avg 1/sec burst 2` is xt_limit, `limit: up to|above 1/min burst 2 mode srcip` xt_hashlimit.
        let hash = match (self.peek(0), self.peek(1)) {
            ("up", "to") => {
                self.place += 2;
                Some(false)
            }
            ("above", _) => {
                self.take();
                Some(true)
            }
            _ => {
                self.eat(&["avg"]);
                None
            }
        };
        let every = rate(self.take());
        let burst = if self.eat(&["burst"]) { names::number(self.take()).unwrap_or(5) } else { 5 };
        let statement = match (hash, every) {
            (_, None) => Statement::Unknown(Unknown::State("limit")),
            (None, Some(every_nanoseconds)) => Statement::Stateful(Box::new(Stateful::Limit {
                every_nanoseconds,
                burst,
                over: false,
            })),
            (Some(above), Some(every_nanoseconds)) => {
                let by = if self.eat(&["mode"]) {
                    // Old versions print `srcip-dstport`.
                    self.take().split([',', '-']).map(Into::into).collect()
                } else {
                    Vec::new()
                };
                for word in [
                    "htable-size",
                    "htable-max",
                    "htable-gcinterval",
                    "htable-expire",
                    "srcmask",
                    "dstmask",
                ] {
                    if self.eat(&[word]) {
                        self.take();
                    }
                }
                // The table's name is not shown; two rules of one table are told apart wrongly at worst
                // on a laboratory's node.
                let name = format!("line {}", self.out.len()).into();
                Statement::Stateful(Box::new(Stateful::HashLimit {
                    name,
                    every_nanoseconds,
                    burst,
                    above,
                    by,
                    masks: (128, 128),
                }))
            }
        };
        self.out.push(statement);
    }

    fn recent(&mut self, invert: bool) {
        let mut recent = Recent {
            name: "DEFAULT".into(),
            action: RecentAction::Check,
            invert,
            destination: false,
            mask: None,
            hitcount: 0,
            seconds: 0,
            ttl: false,
        };
        recent.action = match self.take() {
            "SET" => RecentAction::Set,
            "UPDATE" => RecentAction::Update,
            "REMOVE" => RecentAction::Remove,
            _ => RecentAction::Check,
        };
        loop {
            match self.peek(0) {
                "seconds:" => {
                    self.take();
                    recent.seconds = names::number(self.take()).unwrap_or(0);
                }
                "hit_count:" => {
                    self.take();
                    recent.hitcount = names::number(self.take()).unwrap_or(0);
                }
                "TTL-Match" => {
                    self.take();
                    recent.ttl = true;
                }
                "reap" => {
                    self.take();
                }
                "name:" => {
                    self.take();
                    recent.name = self.take().into();
                }
                "side:" => {
                    self.take();
                    recent.destination = self.take() == "dest";
                }
                "mask:" => {
                    self.take();
                    recent.mask = self.take().parse().ok();
                }
                _ => break,
            }
        }
        self.out.push(Statement::Stateful(Box::new(Stateful::Recent(recent))));
    }

    fn statistic(&mut self) {
        self.eat(&["mode"]);
        if self.take() == "nth" {
            let mut invert = self.eat(&["!"]);
            self.eat(&["every"]);
            invert |= self.eat(&["!"]);
            let every = names::number(self.take());
            let packet =
                if self.eat(&["packet"]) { names::number(self.take()).unwrap_or(0) } else { 0 };
            let statement = every.filter(|every| *every > 0).map(|every| {
                Statement::Stateful(Box::new(Stateful::Nth { every, packet, invert }))
            });
            self.push(statement, "nth");
        } else {
            let invert = self.eat(&["!"]);
            self.eat(&["probability"]);
            let probability = self.take().parse::<f64>().ok();
            let statement = probability.map(|probability| Statement::Random {
                probability: if invert { 1.0 - probability } else { probability },
            });
            self.push(statement, "random");
        }
    }

    /// `#conn src/32 <= 1`.
    fn connlimit(&mut self) {
        let side = self.take();
        let operator = self.take();
        let count = names::number(self.take());
        let (name, mask) = side.split_once('/').unwrap_or((side, "32"));
        let statement = count.and_then(|count| {
            Some(Statement::Stateful(Box::new(Stateful::Connlimit {
                above: matches!(operator, ">"),
                count,
                mask: mask.parse().ok()?,
                destination: name == "dst",
            })))
        });
        self.push(statement, "#conn");
    }

    fn connbytes(&mut self, bang: bool) {
        let mut invert = bang;
        if bang {
            self.take();
        }
        invert |= self.eat(&["!"]);
        let value = self.take();
        let range = number_range(value, u64::MAX)
            .map(|(first, last)| (first, if value.contains(':') { last } else { u64::MAX }));
        let packets = self.eat(&["connbytes", "mode"]) && self.take() == "packets";
        if self.eat(&["connbytes", "direction"]) {
            self.take();
        }
        let statement = range.map(|range| {
            Statement::Stateful(Box::new(Stateful::Connbytes { range, packets, invert }))
        });
        self.push(statement, value);
    }

    fn owner(&mut self, invert: bool) {
        match (self.peek(0), self.peek(1)) {
            ("socket", "exists") => {
                self.place += 2;
                self.out.push(Statement::SocketExists { invert });
            }
            ("UID" | "GID", "match") => {
                let group = self.take() == "GID";
                self.take();
                let (other, value) = self.negatable();
                let ids = match number_range(value, u64::from(u32::MAX)) {
                    Some((first, last)) => u32::try_from(first).ok().zip(u32::try_from(last).ok()),
                    None => (value == "root").then_some((0, 0)),
                };
                let invert = invert != other;
                self.push(ids.map(|ids| Statement::Owner { group, ids, invert }), value);
            }
            _ => self.unknown.push("owner".to_owned()),
        }
    }

    /// `STRING match  "hello" ALGO name bm FROM 28 TO 40 ICASE`.
    fn string(&mut self) {
        self.take();
        let (mut invert, mut value) = self.negatable();
        if value.is_empty()
            && self.words.get(self.place.saturating_sub(1)).is_none_or(|word| !word.quoted)
        {
            (invert, value) = (true, self.take());
        }
        let mut pattern = Some(value.as_bytes().to_vec());
        if value.contains('|') {
            pattern = hex_string(value);
        }
        let (mut from, mut to, mut ignore_case) = (0, 65535, false);
        loop {
            match self.peek(0) {
                "ALGO" => {
                    self.place += 3;
                }
                "FROM" => {
                    self.take();
                    from = self.take().parse().unwrap_or(0);
                }
                "TO" => {
                    self.take();
                    to = self.take().parse().unwrap_or(65535);
                }
                "ICASE" => {
                    self.take();
                    ignore_case = true;
                }
                _ => break,
            }
        }
        let statement =
            pattern.map(|pattern| Statement::Contains { pattern, ignore_case, from, to, invert });
        self.push(statement, value);
    }

    /// `ctorigsrc 10.1.0.0/24`, `! ctorigdstport 80`, `ctdir ORIGINAL`, `ctstatus …`, `ctproto 6`.
    fn conntrack(&mut self, word: &str) -> bool {
        let mut invert = false;
        let mut word = word;
        if word == "!" {
            invert = true;
            word = self.take();
        }
        let (also, value) = self.negatable();
        let invert = invert != also;
        let family = self.family;
        let address = |key: Key| {
            super::values::network(value)
                .map(|net| compare_of(key, invert, vec![super::values::network_range(net)]))
        };
        let ports =
            |key: Key| port_range(value, ':').map(|range| compare_of(key, invert, vec![range]));
        let mut all = Conntrack::default();
        let compared = match word {
            "ctstatus" => {
                all.status = statuses(value).map(|bits| (bits, invert));
                None
            }
            "ctdir" => {
                all.reply = Some((value == "REPLY", invert));
                None
            }
            "ctproto" => names::protocol(value).map(|number| {
                compare_of(Key::ConnectionProtocol, invert, vec![(number.into(), number.into())])
            }),
            "ctorigsrc" => address(Key::OriginalSource(Some(family))),
            "ctorigdst" => address(Key::OriginalDestination(Some(family))),
            "ctreplsrc" => address(Key::ReplySource(Some(family))),
            "ctrepldst" => address(Key::ReplyDestination(Some(family))),
            "ctorigsrcport" => ports(Key::OriginalSourcePort),
            "ctorigdstport" => ports(Key::OriginalDestinationPort),
            "ctreplsrcport" => ports(Key::ReplySourcePort),
            "ctrepldstport" => ports(Key::ReplyDestinationPort),
            _ => return false,
        };
        all.compares.extend(compared);
        if all == Conntrack::default() {
            self.unknown.push(format!("{word} {value}"));
        } else {
            self.out.push(Statement::Conntrack(Box::new(all)));
        }
        true
    }

    /// What the target says of itself.
    fn targets(&mut self, extra: &mut Extra) -> bool {
        self.place = self.place.saturating_sub(1);
        let word = self.take();
        match word {
            "[goto]" => extra.goto = true,
            "reject-with" => {
                let value = self.take();
                self.option("--reject-with", value);
            }
            _ if word.starts_with("to:") => {
                let value = word.get(3..).unwrap_or_default().to_owned();
                for name in ["--to-destination", "--to-source", "--to"] {
                    self.option(name, value.clone());
                }
            }
            "redir" | "masq" if self.peek(0).starts_with("ports") => {
                let glued = self.take();
                let value = match glued.strip_prefix("ports:").filter(|rest| !rest.is_empty()) {
                    Some(rest) => rest,
                    None => self.take(),
                };
                self.option("--to-ports", value);
            }
            "MARK" | "CONNMARK" => self.mark(),
            "LOG" => {
                while let "flags" | "level" | "prefix" = self.peek(0) {
                    let what = self.take();
                    let value = self.take();
                    if what == "prefix" {
                        let value = value
                            .strip_prefix('`')
                            .and_then(|value| value.strip_suffix('\''))
                            .unwrap_or(value);
                        self.option("--log-prefix", value);
                    }
                }
            }
            "random" | "random-fully" | "persistent" => {}
            "NOTRACK" => self.option("--notrack", ""),
            "CT" => {
                if self.eat(&["notrack"]) {
                    self.option("--notrack", "");
                } else {
                    self.place = self.words.len();
                }
            }
            "TTL" | "HL" => {
                let name = match self.take() {
                    "set" => {
                        self.eat(&["to"]);
                        "--ttl-set"
                    }
                    "increment" => {
                        self.eat(&["by"]);
                        "--ttl-inc"
                    }
                    "decrement" => {
                        self.eat(&["by"]);
                        "--ttl-dec"
                    }
                    _ => return false,
                };
                let value = self.take();
                self.option(name, value);
            }
            "TOS" => {
                let name = match self.take() {
                    "set" => "--set-tos",
                    "and" => "--and-tos",
                    "or" => "--or-tos",
                    "xor" => "--xor-tos",
                    _ => return false,
                };
                let value = self.take();
                self.option(name, value);
            }
            "DSCP" => {
                self.eat(&["set"]);
                let value = self.take();
                self.option("--set-dscp", value);
            }
            "TPROXY" => {
                self.eat(&["redirect"]);
                self.take();
                if self.eat(&["mark"]) {
                    let value = self.take();
                    self.option("--tproxy-mark", value);
                }
            }
            "add-set" | "del-set" => {
                let name = self.take();
                let sides = self.take();
                self.option(
                    if word == "add-set" { "--add-set" } else { "--del-set" },
                    format!("{name} {sides}"),
                );
                while matches!(self.peek(0), "exist" | "timeout") {
                    if self.take() == "timeout" {
                        self.take();
                    }
                }
            }
            "map-set" | "TCPMSS" | "CLASSIFY" | "CHECKSUM" | "nflog-prefix" | "nflog-group"
            | "nflog-threshold" | "nflog-range" | "nflog-size" | "ULOG" | "AUDIT" | "NFQUEUE"
            | "IDLETIMER" | "HMARK" => {
                if word == "NFQUEUE" && self.words.iter().any(|word| word.text == "bypass") {
                    self.option("--queue-bypass", "");
                }
                self.place = self.words.len();
            }
            _ => return false,
        }
        true
    }

    /// `MARK set 0x5`, `MARK xset 0x6/0xff`, `MARK or 0x4000`, `CONNMARK restore mask 0xff`, …
    fn mark(&mut self) {
        let what = self.take();
        match what {
            "set" => {
                let value = self.take();
                self.option("--set-mark", value);
            }
            "xset" => {
                let value = self.take();
                self.option("--set-xmark", value);
            }
            "and" | "or" | "xor" => {
                let value = self.take();
                self.option(&format!("--{what}-mark"), value);
            }
            "save" | "restore" => {
                self.option(&format!("--{what}-mark"), "");
                loop {
                    match self.peek(0) {
                        "mask" | "nfmask" | "ctmask" => {
                            let name = format!("--{}", self.take());
                            let value = self.take();
                            self.option(&name, value);
                        }
                        "~" => {
                            self.take();
                        }
                        _ => break,
                    }
                }
            }
            _ => self.unknown.push(format!("MARK {what}")),
        }
    }
}
