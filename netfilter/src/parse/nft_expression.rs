//! nft's expressions: what is compared with what, and what is set.

use konspect_bundle::Span;

use super::builder::TableBuilder;
use super::nft_cursor::Cursor;
use super::nft_elements::{element, mapped};
use super::nft_lexer::What;
use super::nft_translate::map_ref;
use super::nft_values::{Kind, expression, field};
use crate::model::{
    Effect, Element, Field, Key, MarkSource, Rule, SetRef, Statement, TtlChange, Unknown, Verdict,
};
use crate::names;

/// An expression, compared or set or looked up.
pub(super) fn expression_statement(
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
pub(super) fn concatenation(cursor: &mut Cursor<'_>) -> Option<(Vec<Key>, Vec<Kind>)> {
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
        // `!=` compares all bits; that none of some is set is written `!`.
        if exact || operator == "!=" {
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
