//! What `-m` modules print of themselves.

use super::Reader;
use crate::model::{Conntrack, Key, Recent, RecentAction, Stateful, Statement, Unknown};
use crate::names;
use crate::parse::iptables_bytes::{bpf, hex_string, u32_tests};
use crate::parse::values::{
    compare, compare_of, number_range, port_range, rate, statuses, value_mask,
};

impl Reader<'_, '_> {
    /// Rates, lists, bytes, owners and what needs the machine.
    pub(super) fn more_matches(&mut self) -> bool {
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
                // A listing does not say whether it is negated.
                self.take();
                self.eat(&["bytes"]);
                self.out.push(Statement::Unknown(Unknown::State("quota")));
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
            crate::parse::values::network(value)
                .map(|net| compare_of(key, invert, vec![crate::parse::values::network_range(net)]))
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
}
