//! `nft list ruleset`, with or without handles, and `nft -f` files of the same shape.
//!
//! It refuses to know what a rule's words mean; that is `nft_rule`.

use konspect_bundle::diagnostic::Refusals;
use konspect_bundle::{Code, Diagnostic, Parsed, Source, Span};

use super::builder::TableBuilder;
use super::nft_cursor::Cursor;
use super::nft_elements::{element, mapped};
use super::nft_lexer::{Token, What, tokens};
use super::nft_rule::rule;
use super::nft_values::{Kind, chain_kind, expression, hook, policy, priority};
use crate::model::{
    Base, Key, NamedSet, Policy, Ruleset, Statement, Table, TableFamily, Tool, Unknown, status,
};
use crate::packet::flag;

/// Parses a listing.
pub fn nft_text(source: Source<'_>) -> Parsed<Ruleset> {
    let text = String::from_utf8_lossy(source.bytes);
    let list = tokens(&text);
    let exact = text.len() == source.bytes.len();
    let mut reader = Reader {
        source,
        exact,
        cursor: Cursor::new(&list),
        ruleset: Ruleset::default(),
        refusals: Refusals::default(),
    };
    reader.run();
    let mut diagnostics = Vec::new();
    if reader.cursor.depth > 0 {
        let end = source.bytes.len();
        diagnostics.push(
            Diagnostic::new(Code::Truncated, source.span(end..end)).with("reason", "an open block"),
        );
    }
    diagnostics.extend(reader.refusals.finish());
    if ends_lost(source.bytes) {
        // Nothing but its line's end ends a rule, a table's comment or a remark: what was read would lack
        // what it swallowed, and a ruleset that lacks rules lies.
        reader.ruleset.tables.clear();
        diagnostics.push(
            Diagnostic::new(Code::Truncated, source.span(0..0))
                .with("reason", "line ends are lost"),
        );
    }
    Parsed { value: reader.ruleset, diagnostics }
}

/// A listing with chains that is all on one line, with nothing that separates its rules.
fn ends_lost(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    if memchr::memchr(b'\n', text).is_some() || memchr::memmem::find(text, b"chain ").is_none() {
        return false;
    }
    // Written by hand, a rule ends with a semicolon; a listing writes one behind the policy alone.
    let by_hand = memchr::memmem::find_iter(text, b"; }").any(|end| {
        let before = text.get(end.saturating_sub(14)..end).unwrap_or_default();
        memchr::memmem::find(before, b"policy ").is_none()
    });
    !by_hand && memchr::memmem::find(text, b"add rule").is_none()
}

struct Reader<'a, 't> {
    source: Source<'a>,
    /// Offsets of the text are those of the bytes.
    exact: bool,
    cursor: Cursor<'t>,
    ruleset: Ruleset,
    refusals: Refusals,
}

impl<'t> Reader<'_, 't> {
    fn span(&self, start: usize, end: usize) -> Span {
        if self.exact { self.source.span(start..end) } else { self.source.whole() }
    }

    fn at(&self) -> Span {
        match self.cursor.peek() {
            Some(token) => self.span(token.start, token.end),
            None => self.span(self.source.bytes.len(), self.source.bytes.len()),
        }
    }

    fn run(&mut self) {
        while let Some(token) = self.cursor.next() {
            match token.what {
                What::Word("table") => self.table(token),
                What::End | What::Handle(_) | What::Close => {}
                What::Word("flush" | "delete" | "destroy" | "define" | "include") => {
                    self.cursor.skip_line();
                }
                _ => {
                    let at = self.span(token.start, token.end);
                    self.refusals.note(at, token.what.word().chars().take(80).collect::<String>());
                    self.cursor.skip_line();
                }
            }
        }
    }

    fn table(&mut self, start: Token<'t>) {
        let mut words = Vec::new();
        while let Some(What::Word(word) | What::Text(word)) =
            self.cursor.peek().map(|token| token.what)
        {
            words.push(word);
            self.cursor.next();
        }
        let (family, name) = match words.as_slice() {
            [family, name, ..] => (*family, *name),
            [name] => ("ip", *name),
            [] => return,
        };
        let family = match family {
            "ip" => TableFamily::Ip,
            "ip6" => TableFamily::Ip6,
            "inet" => TableFamily::Inet,
            _ => TableFamily::Other,
        };
        let mut table =
            TableBuilder::new(Tool::Nft, family, name, self.span(start.start, start.end));
        if !self.cursor.open() {
            self.cursor.skip_line();
        } else {
            self.body(&mut table);
        }
        let mut table = table.finish(false);
        distrust_translations(&mut table);
        self.ruleset.tables.push(table);
    }

    fn body(&mut self, table: &mut TableBuilder) {
        while let Some(token) = self.cursor.next() {
            match token.what {
                What::Close => return,
                What::End | What::Handle(_) => {}
                What::Word("chain") => {
                    let name = self.cursor.next().map_or("", |token| token.what.word());
                    let end = self.cursor.last_end();
                    let id = table.declare(name, None, self.span(token.start, end));
                    if self.cursor.open() {
                        self.chain(table, id);
                    }
                }
                What::Word("set" | "map") => self.set(table, token),
                What::Word("comment" | "flags") => self.cursor.skip_line(),
                What::Word(
                    "counter" | "quota" | "limit" | "flowtable" | "ct" | "secmark" | "synproxy",
                ) => {
                    while !matches!(
                        self.cursor.peek().map(|token| token.what),
                        None | Some(What::Open | What::End)
                    ) {
                        self.cursor.next();
                    }
                    if self.cursor.open() {
                        self.cursor.skip_block();
                    }
                }
                _ => {
                    let at = self.span(token.start, token.end);
                    self.refusals.note(at, token.what.word().chars().take(80).collect::<String>());
                    self.cursor.skip_line();
                }
            }
        }
    }

    fn chain(&mut self, table: &mut TableBuilder, id: u32) {
        while let Some(token) = self.cursor.peek() {
            match token.what {
                What::Close => {
                    self.cursor.next();
                    return;
                }
                What::End | What::Handle(_) => {
                    self.cursor.next();
                }
                What::Word("type") => self.base(table, id),
                What::Word("policy") => {
                    self.cursor.next();
                    let word = self.cursor.next().map_or("", |token| token.what.word());
                    if let Some(base) = table.get(id).and_then(|chain| chain.base.as_mut()) {
                        base.policy = policy(word).or(base.policy);
                    }
                    self.cursor.skip_line();
                }
                What::Word("comment" | "flags") => self.cursor.skip_line(),
                _ => {
                    let at = self.at();
                    let mut parsed = rule(&mut self.cursor, table, at);
                    let end = self.cursor.last_end();
                    parsed.at = self.span(token.start, end);
                    table.push(id, parsed);
                }
            }
        }
    }

    /// `type filter hook input priority filter - 5; policy drop;`.
    fn base(&mut self, table: &mut TableBuilder, id: u32) {
        let mut words = Vec::new();
        while let Some(What::Word(word) | What::Text(word)) =
            self.cursor.peek().map(|token| token.what)
        {
            words.push(word);
            self.cursor.next();
        }
        let after = |name: &str| {
            let place = words.iter().position(|word| *word == name)?;
            words.get(place + 1..)
        };
        let first =
            |list: Option<&[&'t str]>| list.and_then(|list| list.first().copied()).unwrap_or("");
        let number = after("priority").and_then(|rest| priority(&rest.join(" ")));
        if let Some(chain) = table.get(id) {
            chain.base = Some(Base {
                hook: hook(first(after("hook"))),
                kind: chain_kind(first(after("type"))),
                priority: number.unwrap_or(0),
                policy: Some(Policy::Accept),
            });
        }
    }

    /// `set NAME { type …; flags …; elements = { … } }`, and maps alike.
    fn set(&mut self, table: &mut TableBuilder, start: Token<'t>) {
        let name = self.cursor.next().map_or("", |token| token.what.word());
        let end = self.cursor.last_end();
        let at = self.span(start.start, end);
        let mut set = NamedSet { name: name.into(), elements: Vec::new(), dynamic: false, at };
        let mut kinds: Vec<Kind> = Vec::new();
        let mut values: Vec<Kind> = Vec::new();
        if !self.cursor.open() {
            return;
        }
        while let Some(token) = self.cursor.next() {
            match token.what {
                What::Close => break,
                What::Word("type" | "typeof") => {
                    let words = self.cursor.line_words();
                    (kinds, values) = types(&words, token.what == What::Word("typeof"));
                }
                What::Word("flags") => {
                    let words = self.cursor.line_words();
                    set.dynamic = words.iter().any(|word| matches!(*word, "dynamic" | "timeout"));
                }
                What::Word("elements") => {
                    self.cursor.next();
                    if self.cursor.open() {
                        while let Some(found) = element(&mut self.cursor, &kinds) {
                            let value = self
                                .cursor
                                .colon()
                                .then(|| mapped(&mut self.cursor, table, &values, at));
                            self.cursor.end_of_element();
                            set.elements.push((found, value));
                        }
                    }
                }
                What::Word(_) => self.cursor.skip_line(),
                _ => {}
            }
        }
        table.table.sets.push(set);
    }
}

/// Tables of iptables-nft hold xt matches that the listing only translates, and some translations say
/// something else than the match: what they leave cannot be believed.
pub(super) fn distrust_translations(table: &mut Table) {
    let own =
        table.chains.iter().any(|chain| crate::model::builtin(&table.name, &chain.name).is_some());
    if !own {
        return;
    }
    for rule in table.chains.iter_mut().flat_map(|chain| &mut chain.rules) {
        for statement in &mut rule.statements {
            if let Some(why) = mistranslated(statement) {
                *statement = Statement::Unknown(Unknown::NotUnderstood(why.into()));
            }
        }
    }
}

/// The match that is listed as something else.
fn mistranslated(statement: &Statement) -> Option<&'static str> {
    let virtual_states = u128::from(status::DNAT | status::SNAT);
    let congestion = u128::from(flag::ECE | flag::CWR);
    match statement {
        // `--ctstate` with DNAT or SNAT loses its other states and its negation.
        Statement::Bits { key: Key::ConnectionStatus, mask, .. } if mask & virtual_states != 0 => {
            Some("ct status")
        }
        // `-m multiport --ports` loses its negation, and of a range all but the two ends.
        Statement::Lookup { keys, .. }
            if matches!(keys.as_slice(), [Key::SourcePort(_), Key::DestinationPort(_)]) =>
        {
            Some("multiport --ports")
        }
        // Of several words of `-m ecn` all are negated as soon as one is.
        Statement::Bits { key: Key::TcpFlags, mask, value, invert: true, .. }
            if *mask == u128::MAX && value & !congestion == 0 =>
        {
            Some("ecn")
        }
        Statement::Lookup { keys, invert: true, .. }
            if matches!(keys.as_slice(), [Key::Ecn(_)]) =>
        {
            Some("ecn")
        }
        _ => None,
    }
}

/// The types of a set's fields, and of a map's values.
fn types(words: &[&str], of_expressions: bool) -> (Vec<Kind>, Vec<Kind>) {
    let place = words.iter().position(|word| *word == ":").unwrap_or(words.len());
    let (keys, values) =
        (words.get(..place).unwrap_or_default(), words.get(place + 1..).unwrap_or_default());
    let kinds = |words: &[&str]| -> Vec<Kind> {
        if of_expressions {
            let mut all = Vec::new();
            let mut rest = words;
            while !rest.is_empty() {
                if let Some((_, kind, count)) = expression(rest) {
                    all.push(kind);
                    rest = rest.get(count..).unwrap_or_default();
                } else {
                    all.push(if rest.first() == Some(&"verdict") {
                        Kind::Verdict
                    } else {
                        Kind::Number
                    });
                    let next = rest.iter().position(|word| *word == ".").unwrap_or(rest.len());
                    rest = rest.get(next..).unwrap_or_default();
                }
                rest = rest.strip_prefix(&["."]).unwrap_or(rest.get(1..).unwrap_or_default());
            }
            all
        } else {
            words.iter().filter(|word| **word != ".").map(|word| Kind::of_type(word)).collect()
        }
    };
    (kinds(keys), kinds(values))
}
