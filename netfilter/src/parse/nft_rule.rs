//! One rule of nft's text: matches, effects and verdicts in their order.

use konspect_bundle::Span;

use super::builder::TableBuilder;
use super::nft_cursor::Cursor;
use super::nft_elements::verdict;
use super::nft_expression::expression_statement;
use super::nft_lexer::What;
use super::nft_translate::translate;
use super::nft_values::reject;
use crate::model::{Counters, Effect, Rule, Stateful, Statement, Unknown, Verdict};
use crate::names;

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
