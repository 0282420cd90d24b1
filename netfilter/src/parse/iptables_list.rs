//! `iptables -L` with any mixture of `-n`, `-v`, `-x`, `--line-numbers` and `-t`.
//!
//! Without `-v` the interfaces are lost: every rule then begins with an unknown match, never with
//! "any". Columns are told from the left, since long chain names push them and `prot` and `opt` may
//! be glued.

use std::net::IpAddr;

use konspect_bundle::diagnostic::Refusals;
use konspect_bundle::{Code, Diagnostic, Parsed, Source, Span};

use super::builder::TableBuilder;
use super::iptables_list_extras::extras;
use super::iptables_targets::is_target;
use super::values::{address, compare, interface};
use crate::model::{Counters, Key, Policy, Rule, Ruleset, Statement, TableFamily, Tool, Unknown};
use crate::names;
use crate::packet::Family;

/// Parses a listing; the family is told by its addresses.
pub fn iptables_list(source: Source<'_>) -> Parsed<Ruleset> {
    iptables_list_as(source, None, None)
}

/// Parses a listing whose family or table is known from the command that made it.
pub fn iptables_list_as(
    source: Source<'_>,
    family: Option<Family>,
    table: Option<&str>,
) -> Parsed<Ruleset> {
    let six = || {
        let has = |needle: &[u8]| memchr::memmem::find(source.bytes, needle).is_some();
        has(b"::/0") || has(b"ip6tables") || has(b"ipv6-icmp") || has(b"icmp6-")
    };
    let family = family.unwrap_or_else(|| if six() { Family::Ipv6 } else { Family::Ipv4 });
    let mut reader = Reader {
        family,
        named: table.map(str::to_owned),
        columns: Columns::default(),
        ruleset: Ruleset::default(),
        table: None,
        chain: None,
        seen: Vec::new(),
        refusals: Refusals::default(),
        localized: None,
    };
    for line in source.lines() {
        reader.line(&line.text(), line.at);
    }
    reader.close();
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    if reader.ruleset.tables.iter().any(|table| table.cut) {
        let at = source.span(0..0);
        diagnostics.push(
            Diagnostic::new(Code::Truncated, at).with("reason", "the listing's head is lost"),
        );
    }
    diagnostics.extend(reader.localized);
    diagnostics.extend(reader.refusals.finish());
    Parsed { value: reader.ruleset, diagnostics }
}

/// Which columns the last header line names.
#[derive(Clone, Copy, Debug, Default)]
struct Columns {
    number: bool,
    counters: bool,
    known: bool,
}

struct Reader {
    family: Family,
    named: Option<String>,
    columns: Columns,
    ruleset: Ruleset,
    table: Option<TableBuilder>,
    chain: Option<u32>,
    /// Base chains of the table at hand, to notice the next table and to name this one.
    seen: Vec<String>,
    refusals: Refusals,
    localized: Option<Diagnostic>,
}

impl Reader {
    fn line(&mut self, line: &str, at: Span) {
        let text = line.trim();
        if text.is_empty() {
            self.chain = None;
            return;
        }
        if let Some(rest) = text.strip_prefix("Chain ") {
            return self.header(rest, at);
        }
        if text.contains("tables present, use ip") {
            self.ruleset.more_elsewhere = true;
            return;
        }
        if text.contains("iptables") || text.contains("ip6tables") || text.starts_with("Table:") {
            return self.command(text);
        }
        if is_columns(text) {
            let words: Vec<&str> = text.split_whitespace().collect();
            self.columns = Columns {
                number: words.contains(&"num"),
                counters: words.contains(&"pkts"),
                known: true,
            };
            return;
        }
        if self.table.is_none() && !self.columns.known {
            // The head is lost: the columns are told from the first whole line.
            self.columns = guess(text);
            if self.columns.known {
                self.open(at, true);
                let id = self.table.as_mut().map(|table| table.chain("", at));
                self.chain = id;
            }
        }
        let Some(chain) = self.chain else {
            return self.refusals.note(at, text.chars().take(80).collect::<String>());
        };
        if let Some(rule) = self.rule(text, at) {
            if let Some(table) = &mut self.table {
                table.push(chain, rule);
            }
        } else {
            self.refusals.note(at, text.chars().take(80).collect::<String>());
            let rule = Rule {
                statements: vec![Statement::Verdict(crate::model::Verdict::Unknown(text.into()))],
                target: None,
                goto: false,
                at,
                counters: None,
                handle: None,
                comment: None,
            };
            if let Some(table) = &mut self.table {
                table.push(chain, rule);
            }
        }
    }

    /// Reads family and table out of a command line or a `Table: nat` heading.
    fn command(&mut self, text: &str) {
        let mut words = text.split_whitespace().peekable();
        let mut table = None;
        let mut lists = text.starts_with("Table:");
        while let Some(word) = words.next() {
            match word {
                "-t" | "--table" | "Table:" => table = words.next(),
                "-L" | "--list" => lists = true,
                _ if word.starts_with('-') && !word.starts_with("--") && word.contains('L') => {
                    lists = true;
                }
                _ => {}
            }
        }
        if lists {
            self.close();
            self.named = Some(table.unwrap_or("filter").to_owned());
            if text.contains("ip6tables") {
                self.family = Family::Ipv6;
            } else if text.contains("iptables") {
                self.family = Family::Ipv4;
            }
        }
    }

    fn open(&mut self, at: Span, cut: bool) {
        let family = if self.family == Family::Ipv6 { TableFamily::Ip6 } else { TableFamily::Ip };
        let name = self.named.clone().unwrap_or_else(|| "filter".to_owned());
        let mut table = TableBuilder::new(Tool::Iptables, family, &name, at);
        table.table.cut = cut;
        self.table = Some(table);
    }

    fn header(&mut self, rest: &str, at: Span) {
        let name = rest.split_whitespace().next().unwrap_or_default();
        let inside = rest.split_once('(').map_or("", |(_, inside)| inside.trim_end_matches(')'));
        let policy = inside.strip_prefix("policy ");
        if policy.is_some() && self.seen.iter().any(|seen| seen == name) {
            // The same base chain again: another table's listing without a heading.
            self.close();
            self.named = None;
        }
        if self.table.is_none() {
            self.open(at, false);
        }
        if policy.is_some() {
            self.seen.push(name.to_owned());
            self.rename();
        }
        let counters = policy.and_then(|policy| {
            let words: Vec<&str> =
                policy.split([' ', ',']).filter(|word| !word.is_empty()).collect();
            match words.as_slice() {
                [_, packets, "packets", bytes, "bytes"] => Some(Counters {
                    packets: names::counter(packets)?,
                    bytes: names::counter(bytes)?,
                }),
                _ => None,
            }
        });
        let policy = policy.and_then(|policy| match policy.split_whitespace().next() {
            Some("ACCEPT") => Some(Policy::Accept),
            Some("DROP") => Some(Policy::Drop),
            _ => None,
        });
        let Some(table) = &mut self.table else { return };
        let id = table.declare(name, policy, at);
        if let Some(chain) = table.get(id) {
            chain.counters = counters;
        }
        self.chain = Some(id);
        self.columns.known = false;
    }

    /// Names a table by its base chains where no command line does.
    fn rename(&mut self) {
        if self.named.is_some() {
            return;
        }
        let has = |name: &str| self.seen.iter().any(|seen| seen == name);
        let name = match (has("PREROUTING"), has("FORWARD"), has("POSTROUTING") || has("INPUT")) {
            (true, true, _) => "mangle",
            (true, false, true) => "nat",
            (true, false, false) => "raw",
            (false, _, _) => "filter",
        };
        if let Some(table) = &mut self.table
            && *table.table.name != *name
        {
            table.table.name = name.into();
            for chain in &mut table.table.chains {
                let policy = chain.base.and_then(|base| base.policy);
                chain.base = crate::model::builtin(name, &chain.name);
                if let Some(base) = &mut chain.base {
                    base.policy = policy;
                }
            }
        }
    }

    fn close(&mut self) {
        if let Some(table) = self.table.take() {
            let table = table.finish(false);
            if !table.chains.is_empty() {
                self.ruleset.tables.push(table);
            }
        }
        self.seen.clear();
        self.chain = None;
    }

    fn rule(&mut self, text: &str, at: Span) -> Option<Rule> {
        let mut rest = text;
        let mut next = || {
            let trimmed = rest.trim_start();
            let end = trimmed.find(char::is_whitespace).unwrap_or(trimmed.len());
            let word = trimmed.get(..end)?;
            rest = trimmed.get(end..)?;
            (!word.is_empty()).then_some(word)
        };
        if self.columns.number {
            next()?.parse::<u32>().ok()?;
        }
        let counters = if self.columns.counters {
            Some(Counters { packets: names::counter(next()?)?, bytes: names::counter(next()?)? })
        } else {
            None
        };
        // Target, protocol and option: the target may be missing, the other two glued.
        let first = next()?;
        let second = next()?;
        let (target, protocol) = if is_protocol(first) && !is_protocol(second) {
            (None, first)
        } else {
            (Some(first), second)
        };
        let mut pending = target.is_none().then_some(second);
        let (protocol, glued) = match protocol.strip_suffix("--") {
            Some(protocol) if !protocol.is_empty() => (protocol, true),
            _ => (protocol, false),
        };
        let mut take = || pending.take().or_else(&mut next);
        let mut statements = Vec::new();
        let mut word = take()?;
        if !glued {
            match word {
                "--" => word = take()?,
                "-f" => {
                    statements.push(Statement::Fragment { invert: false });
                    word = take()?;
                }
                "!f" => {
                    statements.push(Statement::Fragment { invert: true });
                    word = take()?;
                }
                // Old ip6tables leaves the column blank.
                _ => {}
            }
        }
        if self.columns.counters {
            for outgoing in [false, true] {
                let (invert, name) =
                    word.strip_prefix('!').map_or((false, word), |name| (true, name));
                if !matches!(name, "*" | "any") {
                    statements.push(Statement::Interface {
                        outgoing,
                        pattern: interface(name),
                        invert,
                    });
                }
                word = take()?;
            }
        } else {
            statements.push(Statement::Unknown(Unknown::InterfacesNotShown));
        }
        let source = word;
        let destination = take()?;
        self.address(source, false, &mut statements);
        self.address(destination, true, &mut statements);
        let (invert, name) =
            protocol.strip_prefix('!').map_or((false, protocol), |name| (true, name));
        match names::protocol(name) {
            Some(0) => {}
            Some(number) => statements.push(compare(
                Key::Protocol,
                invert,
                vec![(number.into(), number.into())],
            )),
            None => statements.push(Statement::Unknown(Unknown::Name(name.into()))),
        }
        let table = self.table.as_mut()?;
        let extra = extras(rest.trim(), target, self.family, table, &mut statements, at);
        Some(Rule {
            statements,
            target: target.map(Into::into),
            goto: extra.goto,
            at,
            counters,
            handle: None,
            comment: extra.comment,
        })
    }

    fn address(&self, word: &str, outgoing: bool, out: &mut Vec<Statement>) {
        let (invert, name) = word.strip_prefix('!').map_or((false, word), |name| (true, name));
        if matches!(name, "anywhere" | "0.0.0.0/0" | "::/0" | "any/0") && !invert {
            return;
        }
        let name = match name {
            "localhost" if self.family == Family::Ipv4 => "127.0.0.1",
            "localhost" | "ip6-localhost" => "::1",
            "loopback/8" | "localhost/8" => "127.0.0.0/8",
            "link-local/16" => "169.254.0.0/16",
            "anywhere" if self.family == Family::Ipv4 => "0.0.0.0/0",
            "anywhere" => "::/0",
            other => other,
        };
        let name = name.strip_suffix("/32").filter(|_| self.family == Family::Ipv4).unwrap_or(name);
        out.push(address(name, outgoing, invert, self.family));
    }
}

fn is_columns(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let first = words.next();
    matches!(first, Some("target" | "num" | "pkts"))
        && text.contains("prot")
        && text.contains("source")
}

/// A protocol column: a name or number, perhaps negated, perhaps glued to the option column.
fn is_protocol(word: &str) -> bool {
    let word = word.strip_prefix('!').unwrap_or(word);
    let word = word.strip_suffix("--").filter(|word| !word.is_empty()).unwrap_or(word);
    names::protocol(word).is_some() && word.parse::<IpAddr>().is_err()
}

/// Tells the columns of a listing whose head is lost from one of its lines.
fn guess(text: &str) -> Columns {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |place: usize| words.get(place).is_some_and(|word| names::counter(word).is_some());
    let target =
        |place: usize| words.get(place).is_some_and(|word| is_target(word) || word.contains('-'));
    let protocol = |place: usize| words.get(place).is_some_and(|word| is_protocol(word));
    let fits = |place: usize| target(place) && protocol(place + 1);
    match () {
        () if fits(0) => Columns { number: false, counters: false, known: true },
        () if number(0) && fits(1) => Columns { number: true, counters: false, known: true },
        () if number(0) && number(1) && fits(2) => {
            Columns { number: false, counters: true, known: true }
        }
        () if number(0) && number(1) && number(2) && fits(3) => {
            Columns { number: true, counters: true, known: true }
        }
        () => Columns::default(),
    }
}
