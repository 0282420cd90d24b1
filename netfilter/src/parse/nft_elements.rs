//! The elements of nft's sets and maps, and the verdicts that they and rules give.

use konspect_bundle::Span;

use super::builder::TableBuilder;
use super::nft_cursor::Cursor;
use super::nft_lexer::What;
use super::nft_values::{Kind, field};
use crate::model::{Element, Mapped, Verdict};

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
pub(super) fn verdict(
    cursor: &mut Cursor<'_>,
    table: &mut TableBuilder,
    at: Span,
) -> Option<Verdict> {
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
