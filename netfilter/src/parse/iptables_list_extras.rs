//! The last column of `iptables -L`: matches and target options in prose.
//!
//! What is not understood makes the rule uncertain, with the words as the reason.

mod modules;
mod targets;

use konspect_bundle::Span;

use super::builder::TableBuilder;
use super::iptables_options::{Opt, directions, icmp, packet_type, ttl};
use super::iptables_targets::target as push_target;
use super::values::{
    address_range, address_types, compare, mac, number_range, port_list, port_range, states,
    value_mask,
};
use super::words::{Word, Words};
use crate::model::{Key, LimitInterface, Statement, Unknown, Verdict};
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
}
