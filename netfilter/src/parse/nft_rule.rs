//! One rule of nft's text: matches, effects and verdicts in their order.

use konspect_bundle::Span;

use super::builder::TableBuilder;
use super::nft_lexer::{Token, What};
use super::nft_values::{Kind, expression, field, reject};
use crate::model::{
    Counters, Effect, Element, Field, Key, MapRef, Mapped, MarkSource, Rule, SetRef, Stateful,
    Statement, Translate, TranslateAddress, TranslatePorts, TtlChange, Unknown, Verdict,
};
use crate::names;

/// Reads tokens, and knows how deep in blocks it is.
pub(super) struct Cursor<'t> {
    tokens: &'t [Token<'t>],
    place: usize,
    pub depth: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(tokens: &'t [Token<'t>]) -> Self {
        Self { tokens, place: 0, depth: 0 }
    }

    pub(super) fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.place).copied()
    }

    pub(super) fn next(&mut self) -> Option<Token<'t>> {
        let token = self.peek()?;
        match token.what {
            What::Open => self.depth += 1,
            What::Close => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.place += 1;
        Some(token)
    }

    /// Where the last token ended.
    pub(super) fn last_end(&self) -> usize {
        self.place
            .checked_sub(1)
            .and_then(|place| self.tokens.get(place))
            .map_or(0, |token| token.end)
    }

    /// The words from here on, as far as they are words of this line.
    fn words(&self, limit: usize) -> Vec<&'t str> {
        self.tokens
            .get(self.place..)
            .unwrap_or_default()
            .iter()
            .take(limit)
            .map_while(|token| match token.what {
                What::Word(word) => Some(word),
                _ => None,
            })
            .collect()
    }

    fn word(&self) -> &'t str {
        self.peek().map_or("", |token| match token.what {
            What::Word(word) => word,
            _ => "",
        })
    }

    fn eat(&mut self, word: &str) -> bool {
        let comes = self.word() == word;
        if comes {
            self.place += 1;
        }
        comes
    }

    fn take(&mut self) -> &'t str {
        self.next().map_or("", |token| token.what.word())
    }

    /// Enters a block, over line ends and handles before it.
    pub(super) fn open(&mut self) -> bool {
        let mut place = self.place;
        while matches!(self.tokens.get(place).map(|token| token.what), Some(What::Handle(_))) {
            place += 1;
        }
        if matches!(self.tokens.get(place).map(|token| token.what), Some(What::Open)) {
            self.place = place;
            self.next();
            return true;
        }
        false
    }

    fn skip_ends(&mut self) {
        while matches!(self.peek().map(|token| token.what), Some(What::End | What::Handle(_))) {
            self.place += 1;
        }
    }

    pub(super) fn colon(&mut self) -> bool {
        self.skip_ends();
        let comes = matches!(self.peek().map(|token| token.what), Some(What::Colon));
        self.place += usize::from(comes);
        comes
    }

    /// Skips to the next line, over whole blocks.
    pub(super) fn skip_line(&mut self) {
        let depth = self.depth;
        while let Some(token) = self.peek() {
            match token.what {
                What::End if self.depth <= depth => return,
                What::Close if self.depth <= depth => return,
                _ => {
                    self.next();
                }
            }
        }
    }

    /// Skips to behind the end of the block that was just entered.
    pub(super) fn skip_block(&mut self) {
        let depth = self.depth;
        while self.depth >= depth && self.next().is_some() {}
    }

    /// The words until the line's end; a colon is the word ":".
    pub(super) fn line_words(&mut self) -> Vec<&'t str> {
        let mut out = Vec::new();
        while let Some(token) = self.peek() {
            match token.what {
                What::Word(word) | What::Text(word) => out.push(word),
                What::Colon => out.push(":"),
                What::Comma => {}
                _ => break,
            }
            self.place += 1;
        }
        out
    }

    /// Skips what a set's element says beside its value, and the comma.
    pub(super) fn end_of_element(&mut self) {
        loop {
            match self.peek().map(|token| token.what) {
                Some(What::Comma) => {
                    self.place += 1;
                    return;
                }
                None | Some(What::Close) => return,
                Some(What::Open) => {
                    self.next();
                    self.skip_block();
                }
                Some(_) => self.place += 1,
            }
        }
    }
}

/// The next element of an open block; absent (and the block closed) at its end.
pub(super) fn element(cursor: &mut Cursor<'_>, kinds: &[Kind]) -> Option<Element> {
    let mut fields: Element = Vec::new();
    loop {
        cursor.skip_ends();
        match cursor.peek()?.what {
            What::Close => {
                if fields.is_empty() {
                    cursor.next();
                    return None;
                }
                return Some(fields);
            }
            What::Comma if fields.is_empty() => {
                cursor.next();
            }
            What::Comma | What::Colon => return Some(fields),
            What::Open => {
                cursor.next();
                cursor.skip_block();
            }
            What::Word(".") => {
                cursor.next();
            }
            What::Word("timeout" | "expires" | "counter" | "comment" | "limit" | "quota")
                if !fields.is_empty() =>
            {
                return Some(fields);
            }
            What::Word(word) | What::Text(word) => {
                let kind = kinds.get(fields.len()).copied().unwrap_or(Kind::Number);
                cursor.next();
                // `syn | ack` in a set of flags.
                let mut joined = word.to_owned();
                while cursor.word() == "|" {
                    cursor.next();
                    joined.push(',');
                    joined.push_str(cursor.take());
                }
                fields.push(field(kind, &joined));
            }
            What::End | What::Handle(_) => {
                cursor.next();
            }
        }
    }
}

/// What a map's element gives.
pub(super) fn mapped(
    cursor: &mut Cursor<'_>,
    table: &mut TableBuilder,
    kinds: &[Kind],
    at: Span,
) -> Mapped {
    cursor.skip_ends();
    if let Some(verdict) = verdict(cursor, table, at) {
        return Mapped::Verdict(verdict);
    }
    let mut fields: Element = Vec::new();
    while let Some(What::Word(word) | What::Text(word)) = cursor.peek().map(|token| token.what) {
        cursor.next();
        if word == "." {
            continue;
        }
        let kind = kinds.get(fields.len()).copied().unwrap_or_else(|| guess(word));
        fields.push(field(kind, word));
    }
    Mapped::Value(fields)
}

/// The kind of a map's value whose type nobody declared.
fn guess(word: &str) -> Kind {
    let address = word.parse::<std::net::IpAddr>().is_ok()
        || word
            .split_once(['/', '-'])
            .is_some_and(|(first, _)| first.parse::<std::net::IpAddr>().is_ok());
    if address { Kind::Address } else { Kind::Port }
}

/// A plain verdict, if one comes next.
fn verdict(cursor: &mut Cursor<'_>, table: &mut TableBuilder, at: Span) -> Option<Verdict> {
    let verdict = match cursor.word() {
        "accept" => Verdict::Accept,
        "drop" => Verdict::Drop,
        "return" => Verdict::Return,
        "continue" => Verdict::Continue,
        "jump" => {
            cursor.next();
            let name = cursor.take();
            return Some(Verdict::Jump(table.chain(name, at)));
        }
        "goto" => {
            cursor.next();
            let name = cursor.take();
            return Some(Verdict::Goto(table.chain(name, at)));
        }
        _ => return None,
    };
    cursor.next();
    Some(verdict)
}

/// Reads one rule up to its line's end.
pub(super) fn rule(cursor: &mut Cursor<'_>, table: &mut TableBuilder, at: Span) -> Rule {
    let mut rule = Rule {
        statements: Vec::new(),
        target: None,
        goto: false,
        at,
        counters: None,
        handle: None,
        comment: None,
    };
    loop {
        match cursor.peek().map(|token| token.what) {
            None | Some(What::Close) => break,
            Some(What::End) => {
                cursor.next();
                break;
            }
            Some(What::Handle(number)) => {
                rule.handle = Some(number);
                cursor.next();
            }
            Some(What::Open) => {
                cursor.next();
                cursor.skip_block();
            }
            Some(What::Comma | What::Colon) => {
                cursor.next();
            }
            Some(What::Word(_) | What::Text(_)) => {
                if !statement(cursor, table, &mut rule, at) {
                    let word = cursor.take();
                    rule.statements.push(Statement::Unknown(Unknown::NotUnderstood(word.into())));
                }
            }
        }
    }
    rule
}

/// Reads one statement; `false` when the word is not understood.
fn statement(cursor: &mut Cursor<'_>, table: &mut TableBuilder, rule: &mut Rule, at: Span) -> bool {
    let out = &mut rule.statements;
    let start = cursor.place;
    if let Some(found) = verdict(cursor, table, at) {
        rule.target = Some(shown(&found, cursor, start));
        out.push(Statement::Verdict(found));
        return true;
    }
    match cursor.word() {
        "counter" => {
            cursor.next();
            if cursor.eat("packets") {
                let packets = names::number(cursor.take());
                cursor.eat("bytes");
                let bytes = names::number(cursor.take());
                rule.counters =
                    packets.zip(bytes).map(|(packets, bytes)| Counters { packets, bytes });
            } else if cursor.eat("name") {
                cursor.take();
            }
        }
        "comment" => {
            cursor.next();
            rule.comment = Some(cursor.take().into());
        }
        "log" => out.push(Statement::Effect(log(cursor))),
        "reject" => {
            cursor.next();
            let found = reject_with(cursor);
            rule.target = Some("reject".into());
            out.push(Statement::Verdict(Verdict::Reject(found)));
        }
        "queue" => {
            let words = cursor.words(12);
            let bypass = words.contains(&"bypass");
            cursor.place += words.len();
            rule.target = Some("queue".into());
            out.push(Statement::Verdict(Verdict::Queue { bypass }));
        }
        "notrack" => {
            cursor.next();
            out.push(Statement::Effect(Effect::Notrack));
        }
        "masquerade" | "snat" | "dnat" | "redirect" => {
            let name = cursor.take();
            rule.target = Some(name.into());
            let found = translate(name, cursor, table, at);
            out.push(Statement::Verdict(found));
        }
        "limit" => {
            cursor.next();
            out.push(limit(cursor));
        }
        "quota" => {
            cursor.next();
            let over = cursor.eat("over");
            cursor.eat("until");
            let count = names::number(cursor.take()).unwrap_or(0);
            let factor = match cursor.take() {
                "kbytes" => 1024,
                "mbytes" => 1024 * 1024,
                _ => 1,
            };
            if cursor.eat("used") {
                cursor.take();
                cursor.take();
            }
            out.push(Statement::Stateful(Box::new(Stateful::Quota {
                bytes: count.saturating_mul(factor),
                over,
            })));
        }
        "add" | "update" | "delete" => dynamic(cursor, out),
        "meter" | "flow" => {
            cursor.next();
            while !matches!(
                cursor.peek().map(|token| token.what),
                None | Some(What::Open | What::End)
            ) {
                cursor.next();
            }
            if cursor.open() {
                cursor.skip_block();
            }
            out.push(Statement::Unknown(Unknown::State("meter")));
        }
        "tproxy" => {
            cursor.place += cursor.words(4).len();
            rule.target = Some("tproxy".into());
            out.push(Statement::Verdict(Verdict::Tproxy));
        }
        "xt" => xt(cursor, rule),
        "ct" if cursor.words(2) == ["ct", "count"] => {
            cursor.place += 2;
            let above = cursor.eat("over");
            let count = names::number(cursor.take()).unwrap_or(0);
            out.push(Statement::Stateful(Box::new(Stateful::Connlimit {
                above,
                count,
                mask: 0,
                destination: false,
            })));
        }
        _ => return expression_statement(cursor, table, rule, at),
    }
    true
}

/// A verdict as it stands in the text.
fn shown(verdict: &Verdict, cursor: &Cursor<'_>, start: usize) -> std::sync::Arc<str> {
    match verdict {
        Verdict::Jump(_) | Verdict::Goto(_) => {
            let words: Vec<&str> = cursor
                .tokens
                .get(start..cursor.place)
                .unwrap_or_default()
                .iter()
                .map(|token| token.what.word())
                .collect();
            words.join(" ").into()
        }
        _ => cursor.tokens.get(start).map_or("", |token| token.what.word()).into(),
    }
}

fn log(cursor: &mut Cursor<'_>) -> Effect {
    cursor.next();
    let mut prefix = "";
    loop {
        match cursor.word() {
            "prefix" => {
                cursor.next();
                prefix = cursor.take();
            }
            "level" | "group" | "snaplen" | "queue-threshold" => {
                cursor.next();
                cursor.take();
            }
            "flags" => {
                cursor.next();
                cursor.take();
                while matches!(cursor.peek().map(|token| token.what), Some(What::Comma)) {
                    cursor.next();
                    cursor.take();
                }
                while matches!(cursor.word(), "sequence" | "options" | "tcp" | "ip")
                    && !matches!(
                        cursor.words(2).get(1),
                        Some(&("dport" | "sport" | "flags" | "saddr" | "daddr"))
                    )
                {
                    cursor.next();
                }
            }
            _ => return Effect::Log(prefix.into()),
        }
    }
}

fn reject_with(cursor: &mut Cursor<'_>) -> crate::model::Reject {
    if !cursor.eat("with") {
        return reject("", "");
    }
    let kind = cursor.take();
    if kind == "tcp" {
        cursor.eat("reset");
        return reject("tcp", "");
    }
    cursor.eat("type");
    reject(kind, cursor.take())
}

fn limit(cursor: &mut Cursor<'_>) -> Statement {
    cursor.eat("rate");
    let over = cursor.eat("over");
    let rate = cursor.take();
    // `10 mbytes/second` counts bytes.
    let bytes = matches!(
        cursor.word(),
        "bytes/second" | "kbytes/second" | "mbytes/second" | "bytes/minute"
    );
    if bytes {
        cursor.next();
    }
    let mut burst = 5;
    if cursor.eat("burst") {
        burst = names::number(cursor.take()).unwrap_or(5);
        cursor.take();
    }
    match super::values::rate(rate) {
        Some(every_nanoseconds) if !bytes => {
            Statement::Stateful(Box::new(Stateful::Limit { every_nanoseconds, burst, over }))
        }
        _ => Statement::Unknown(Unknown::State("limit")),
    }
}

/// `add @seen { ip saddr limit rate over 1/second }`: adding always matches, a limit inside may not.
fn dynamic(cursor: &mut Cursor<'_>, out: &mut Vec<Statement>) {
    cursor.next();
    let name = cursor.take();
    let mut limited = false;
    if cursor.open() {
        let depth = cursor.depth;
        while cursor.depth >= depth {
            let Some(token) = cursor.next() else { break };
            limited |= matches!(token.what, What::Word("limit" | "quota" | "count"));
        }
    }
    if limited {
        out.push(Statement::Unknown(Unknown::State("limit")));
    }
    out.push(Statement::Effect(Effect::Other(name.into())));
}

/// `xt match NAME` and `xt target NAME`: nft without libxtables shows no more.
fn xt(cursor: &mut Cursor<'_>, rule: &mut Rule) {
    cursor.next();
    let what = cursor.take();
    let name = cursor.take();
    let text = format!("xt {what} {name}");
    if what != "target" {
        return rule.statements.push(Statement::Unknown(Unknown::NotUnderstood(text.into())));
    }
    rule.target = Some(name.into());
    rule.statements.push(match name {
        "LOG" | "NFLOG" | "TCPMSS" | "CLASSIFY" | "CHECKSUM" | "TRACE" | "SET" => {
            Statement::Effect(Effect::Other(text.into()))
        }
        "TTL" | "HL" | "TOS" | "DSCP" => Statement::Effect(Effect::Unknown(text.into())),
        _ => Statement::Verdict(Verdict::Unknown(text.into())),
    });
}

/// An expression, compared or set or looked up.
fn expression_statement(
    cursor: &mut Cursor<'_>,
    table: &mut TableBuilder,
    rule: &mut Rule,
    at: Span,
) -> bool {
    let out = &mut rule.statements;
    let words = cursor.words(16);
    if setting(&words, cursor, out) {
        return true;
    }
    let Some((keys, kinds)) = concatenation(cursor) else { return false };
    if cursor.eat("vmap") {
        let map = map_ref(cursor, table, &kinds, &[Kind::Verdict], at);
        rule.target = Some("vmap".into());
        out.push(Statement::Verdict(Verdict::Map { keys, map }));
        return true;
    }
    // One key may be masked: `meta mark & 0xff == 5`, `tcp flags & (syn | ack) == syn`.
    if let ([key], [kind]) = (keys.as_slice(), kinds.as_slice())
        && matches!(cursor.word(), "&" | "and")
    {
        cursor.next();
        let mask = flag_values(cursor, *kind);
        let (invert, any) = match cursor.word() {
            "==" | "eq" => (false, false),
            "!=" | "neq" => (true, false),
            _ => (false, true),
        };
        let value = if any {
            Some(0)
        } else {
            cursor.next();
            flag_values(cursor, *kind)
        };
        out.push(match mask.zip(value) {
            Some((mask, value)) => Statement::Bits { key: key.clone(), mask, value, invert, any },
            None => Statement::Unknown(Unknown::NotUnderstood(format!("{key:?}").into())),
        });
        return true;
    }
    let (operator, given) = match cursor.word() {
        "==" | "eq" => ("==", true),
        "!=" | "neq" => ("!=", true),
        "<" | "lt" => ("<", true),
        ">" | "gt" => (">", true),
        "<=" | "le" => ("<=", true),
        ">=" | "ge" => (">=", true),
        "!" => ("!", true),
        _ => ("", false),
    };
    if given {
        cursor.next();
    }
    out.push(comparison(cursor, keys, &kinds, operator, table, at));
    true
}

/// `a . b . c`: the keys and their kinds.
fn concatenation(cursor: &mut Cursor<'_>) -> Option<(Vec<Key>, Vec<Kind>)> {
    let mut keys = Vec::new();
    let mut kinds = Vec::new();
    loop {
        let words = cursor.words(16);
        let (key, kind, count) = expression(&words)?;
        cursor.place += count;
        keys.push(key);
        kinds.push(kind);
        if !cursor.eat(".") {
            return Some((keys, kinds));
        }
    }
}

/// Bits joined by `|` or `,`, or one number.
fn flag_values(cursor: &mut Cursor<'_>, kind: Kind) -> Option<u128> {
    let mut bits = 0;
    loop {
        match field(kind, cursor.take()) {
            Field::Range(first, _) => bits |= first,
            _ => return None,
        }
        let joined =
            matches!(cursor.peek().map(|token| token.what), Some(What::Comma | What::Word("|")));
        if !joined {
            return Some(bits);
        }
        cursor.next();
    }
}

fn comparison(
    cursor: &mut Cursor<'_>,
    keys: Vec<Key>,
    kinds: &[Kind],
    operator: &str,
    table: &mut TableBuilder,
    at: Span,
) -> Statement {
    let invert = matches!(operator, "!=" | "!");
    if cursor.open() {
        let mut elements = Vec::new();
        while let Some(found) = element(cursor, kinds) {
            if cursor.colon() {
                mapped(cursor, table, &[], at);
            }
            cursor.end_of_element();
            elements.push(found);
        }
        return Statement::Lookup { keys, invert, set: SetRef::Anonymous(elements) };
    }
    if let Some(name) = cursor.word().strip_prefix('@') {
        cursor.next();
        return Statement::Lookup { keys, invert, set: SetRef::Named(name.into()) };
    }
    if let ([key], [kind]) = (keys.as_slice(), kinds)
        && kind.is_bits()
    {
        let exact = operator == "==";
        let Some(value) = flag_values(cursor, *kind) else {
            return Statement::Unknown(Unknown::NotUnderstood(format!("{key:?}").into()));
        };
        // `tcp flags syn / fin,syn,rst,ack`: value, then mask.
        if cursor.eat("/") {
            let mask = flag_values(cursor, *kind).unwrap_or(0);
            return Statement::Bits { key: key.clone(), mask, value, invert, any: false };
        }
        if exact || (operator == "!=" && *kind == Kind::TcpFlags) {
            return Statement::Bits {
                key: key.clone(),
                mask: u128::MAX,
                value,
                invert,
                any: false,
            };
        }
        return Statement::Bits { key: key.clone(), mask: value, value: 0, invert, any: true };
    }
    // A concatenation's single element, or one value.
    let mut fields: Element = Vec::new();
    while let Some(What::Word(word) | What::Text(word)) = cursor.peek().map(|token| token.what) {
        cursor.next();
        let kind = kinds.get(fields.len()).copied().unwrap_or(Kind::Number);
        fields.push(field(kind, word));
        if fields.len() >= keys.len() || !cursor.eat(".") {
            break;
        }
    }
    if let ([key], [Field::Range(first, last)]) = (keys.as_slice(), fields.as_slice()) {
        let bound = |first, last| super::values::compare(key.clone(), invert, vec![(first, last)]);
        let none = || super::values::compare(key.clone(), false, Vec::new());
        return match operator {
            "<" => first.checked_sub(1).map_or_else(none, |last| bound(0, last)),
            "<=" => bound(0, *last),
            ">" => bound(last.saturating_add(1), u128::MAX),
            ">=" => bound(*first, u128::MAX),
            _ => bound(*first, *last),
        };
    }
    if let ([key], [Field::Name(pattern)]) = (keys.as_slice(), fields.as_slice())
        && matches!(key, Key::InterfaceIn | Key::InterfaceOut)
    {
        return Statement::Interface {
            outgoing: *key == Key::InterfaceOut,
            pattern: pattern.clone(),
            invert,
        };
    }
    Statement::Lookup { keys, invert, set: SetRef::Anonymous(vec![fields]) }
}

fn map_ref(
    cursor: &mut Cursor<'_>,
    table: &mut TableBuilder,
    kinds: &[Kind],
    values: &[Kind],
    at: Span,
) -> MapRef {
    if let Some(name) = cursor.word().strip_prefix('@') {
        cursor.next();
        return MapRef::Named(name.into());
    }
    let mut elements = Vec::new();
    if cursor.open() {
        while let Some(found) = element(cursor, kinds) {
            if cursor.colon() {
                let value = if values == [Kind::Verdict] {
                    mapped(cursor, table, values, at)
                } else {
                    mapped(cursor, table, &[], at)
                };
                elements.push((found, value));
            }
            cursor.end_of_element();
        }
    }
    MapRef::Anonymous(elements)
}

/// `meta mark set …`, `ct mark set …`, `ip dscp set …`, `ip ttl set …` and what changes nothing here.
fn setting(words: &[&str], cursor: &mut Cursor<'_>, out: &mut Vec<Statement>) -> bool {
    let (connection, count) = match words {
        ["meta", "mark", "set", ..] => (false, 3),
        ["mark", "set", ..] => (false, 2),
        ["ct", "mark", "set", ..] => (true, 3),
        ["ip" | "ip6", "dscp", "set", value, ..] => {
            out.push(match names::dscp(value) {
                Some(value) => Statement::Effect(Effect::SetDscp(value)),
                None => Statement::Effect(Effect::Unknown("dscp".into())),
            });
            cursor.place += 4;
            return true;
        }
        ["ip", "ttl", "set", value, ..] | ["ip6", "hoplimit", "set", value, ..] => {
            if let Ok(value) = value.parse() {
                out.push(Statement::Effect(Effect::SetTtl(TtlChange::Set(value))));
            }
            cursor.place += 4;
            return true;
        }
        ["tcp", "option", "maxseg", "size", "set", "rt", "mtu", ..] => {
            out.push(Statement::Effect(Effect::Other("maxseg".into())));
            cursor.place += 7;
            return true;
        }
        ["tcp", "option", "maxseg", "size", "set", _, ..] => {
            out.push(Statement::Effect(Effect::Other("maxseg".into())));
            cursor.place += 6;
            return true;
        }
        ["meta" | "ct", what, "set", ..] => {
            out.push(Statement::Effect(Effect::Other((*what).into())));
            cursor.place += 3;
            cursor.take();
            return true;
        }
        ["ip" | "ip6" | "tcp" | "udp" | "th", _, "set", ..] => {
            out.push(Statement::Effect(Effect::Unknown("header".into())));
            cursor.place += 3;
            cursor.take();
            return true;
        }
        _ => return false,
    };
    cursor.place += count;
    let (mut source, mut and, mut xor) = (MarkSource::Unknown, 0_u32, 0_u32);
    let words = cursor.words(24);
    let mut rest = words.as_slice();
    let mut used = 0;
    let number = |word: &str| names::number(word).and_then(|value| u32::try_from(value).ok());
    let first = match rest {
        ["meta", "mark", ..] => Some((MarkSource::Packet, 2)),
        ["ct", "mark", ..] => Some((MarkSource::Connection, 2)),
        ["mark", ..] => Some((MarkSource::Packet, 1)),
        _ => None,
    };
    if let Some((from, count)) = first {
        (source, and, xor) = (from, u32::MAX, 0);
        rest = rest.get(count..).unwrap_or_default();
        used += count;
    } else if let Some(value) = rest.first().and_then(|word| number(word)) {
        (source, and, xor) = (MarkSource::Nothing, 0, value);
        rest = rest.get(1..).unwrap_or_default();
        used += 1;
    }
    while let [operator, value, ..] = rest {
        let Some(value) = number(value) else { break };
        match *operator {
            "&" | "and" => (and, xor) = (and & value, xor & value),
            "|" | "or" => (and, xor) = (and & !value, (xor & !value) | value),
            "^" | "xor" => xor ^= value,
            _ => break,
        }
        rest = rest.get(2..).unwrap_or_default();
        used += 2;
    }
    cursor.place += used;
    if source == MarkSource::Unknown {
        // A map or another expression gives the mark.
        cursor.skip_line();
    }
    out.push(Statement::Effect(Effect::SetMark { connection, source, and, xor }));
    true
}

fn translate(name: &str, cursor: &mut Cursor<'_>, table: &mut TableBuilder, at: Span) -> Verdict {
    let source = matches!(name, "masquerade" | "snat");
    let own = matches!(name, "masquerade" | "redirect");
    let mut found = Translate {
        source,
        address: if own {
            TranslateAddress::Interface
        } else {
            TranslateAddress::Unknown(name.into())
        },
        ports: TranslatePorts::Keep,
        random: false,
    };
    while matches!(cursor.word(), "ip" | "ip6" | "prefix" | "addr" | "interval")
        && !cursor.words(3).contains(&"map")
    {
        if cursor.words(2).get(1).is_some_and(|word| matches!(*word, "saddr" | "daddr")) {
            break;
        }
        cursor.next();
    }
    if cursor.eat("to") {
        let words = cursor.words(16);
        if let Some(port) = cursor.word().strip_prefix(':').filter(|rest| !rest.is_empty()) {
            if let Some(ports) = port_span(port) {
                found.ports = ports;
            }
            if !own {
                found.address = TranslateAddress::Keep;
            }
            cursor.next();
        } else if matches!(cursor.peek().map(|token| token.what), Some(What::Colon)) {
            cursor.next();
            ports_of(cursor, table, &mut found, at);
            if !own {
                found.address = TranslateAddress::Keep;
            }
        } else if expression(&words).is_some() {
            if let Some((keys, kinds)) = concatenation(cursor)
                && cursor.eat("map")
            {
                let map = map_ref(cursor, table, &kinds, &[], at);
                found.address = TranslateAddress::Map { keys, map };
            }
            if matches!(cursor.peek().map(|token| token.what), Some(What::Colon)) {
                cursor.next();
                ports_of(cursor, table, &mut found, at);
            }
        } else {
            let word = cursor.take();
            match super::iptables_targets::destination(word) {
                Some((address, ports)) => (found.address, found.ports) = (address, ports),
                None => match super::values::address_range(word) {
                    Some((first, last)) => {
                        let family = if word.contains(':') {
                            crate::packet::Family::Ipv6
                        } else {
                            crate::packet::Family::Ipv4
                        };
                        let address = |number| super::number_address(number, family);
                        found.address = TranslateAddress::Range(address(first), address(last));
                    }
                    None => found.address = TranslateAddress::Unknown(word.into()),
                },
            }
        }
    }
    loop {
        match cursor.word() {
            "random" | "fully-random" => found.random = true,
            "persistent" => {}
            _ => break,
        }
        cursor.next();
        if matches!(cursor.peek().map(|token| token.what), Some(What::Comma)) {
            cursor.next();
        }
    }
    Verdict::Translate(found)
}

fn port_span(word: &str) -> Option<TranslatePorts> {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    Some(TranslatePorts::Range(names::port(first)?, names::port(last)?))
}

/// A port, or a map that gives one.
fn ports_of(cursor: &mut Cursor<'_>, table: &mut TableBuilder, found: &mut Translate, at: Span) {
    if let Some(ports) = port_span(cursor.word()) {
        found.ports = ports;
        cursor.next();
    } else if let Some((keys, kinds)) = concatenation(cursor)
        && cursor.eat("map")
    {
        let map = map_ref(cursor, table, &kinds, &[], at);
        found.ports = TranslatePorts::Map { keys, map };
    }
}
