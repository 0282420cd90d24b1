//! nft's `dnat`, `snat`, `masquerade` and `redirect`, and the maps they look up.

use konspect_bundle::Span;

use super::builder::TableBuilder;
use super::nft_cursor::Cursor;
use super::nft_elements::{element, mapped};
use super::nft_expression::concatenation;
use super::nft_lexer::What;
use super::nft_values::{Kind, expression};
use crate::model::{MapRef, Translate, TranslateAddress, TranslatePorts, Verdict};
use crate::names;

pub(super) fn map_ref(
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

pub(super) fn translate(
    name: &str,
    cursor: &mut Cursor<'_>,
    table: &mut TableBuilder,
    at: Span,
) -> Verdict {
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
