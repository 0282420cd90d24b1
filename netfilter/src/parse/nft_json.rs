//! `nft -j list ruleset`.
//!
//! Expressions are put back into nft's words and read by `nft_rule`, so that both forms mean the same;
//! what has no words here becomes unknown, with its JSON name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use konspect_bundle::diagnostic::Refusals;
use konspect_bundle::{Code, Diagnostic, Parsed, Source, Span};
use serde_json::Value;
use serde_json::value::RawValue;

use super::builder::TableBuilder;
use super::nft_cursor::Cursor;
use super::nft_elements::{element, mapped};
use super::nft_lexer::tokens;
use super::nft_rule::rule;
use super::nft_text::distrust_translations;
use super::nft_values::{Kind, chain_kind, hook, policy};
use crate::model::{Base, NamedSet, Policy, Ruleset, TableFamily, Tool};

/// Expressions nest no deeper in real rules.
const DEPTH: u8 = 12;

/// Parses a listing; a preamble before the JSON is skipped.
pub fn nft_json(source: Source<'_>) -> Parsed<Ruleset> {
    let start = source.bytes.iter().position(|byte| *byte == b'{').unwrap_or(0);
    let body = source.bytes.get(start..).unwrap_or_default();
    let mut diagnostics = Vec::new();
    let mut stream =
        serde_json::Deserializer::from_slice(body).into_iter::<BTreeMap<String, Vec<&RawValue>>>();
    let objects = match stream.next() {
        Some(Ok(mut root)) => root.remove("nftables").unwrap_or_default(),
        Some(Err(error)) => {
            let code = if error.is_eof() { Code::Truncated } else { Code::Unreadable };
            diagnostics
                .push(Diagnostic::new(code, source.whole()).with("reason", error.to_string()));
            Vec::new()
        }
        None => Vec::new(),
    };
    let mut reader = Reader { tables: Vec::new(), refusals: Refusals::default() };
    for raw in objects {
        let at = source.span_of(raw.get().as_bytes());
        match serde_json::from_str::<Value>(raw.get()) {
            Ok(Value::Object(object)) => {
                for (name, value) in &object {
                    reader.object(name, value, at);
                }
            }
            _ => reader.refusals.note(at, "object"),
        }
    }
    let tables = reader
        .tables
        .into_iter()
        .map(|(_, table)| {
            let mut table = table.finish(false);
            distrust_translations(&mut table);
            table
        })
        .collect();
    diagnostics.extend(reader.refusals.finish());
    Parsed { value: Ruleset { tables, more_elsewhere: false }, diagnostics }
}

struct Reader {
    tables: Vec<((String, String), TableBuilder)>,
    refusals: Refusals,
}

impl Reader {
    fn table(&mut self, object: &Value, name: &str, at: Span) -> &mut TableBuilder {
        let family = object["family"].as_str().unwrap_or("ip").to_owned();
        let key = (family, object[name].as_str().unwrap_or_default().to_owned());
        let place = if let Some(place) = self.tables.iter().position(|(known, _)| *known == key) {
            place
        } else {
            let family = match key.0.as_str() {
                "ip" => TableFamily::Ip,
                "ip6" => TableFamily::Ip6,
                "inet" => TableFamily::Inet,
                _ => TableFamily::Other,
            };
            let table = TableBuilder::new(Tool::Nft, family, &key.1, at);
            self.tables.push((key, table));
            self.tables.len() - 1
        };
        #[expect(clippy::indexing_slicing, reason = "the place was just found or pushed")]
        &mut self.tables[place].1
    }

    fn object(&mut self, name: &str, value: &Value, at: Span) {
        match name {
            "table" => {
                self.table(value, "name", at);
            }
            "chain" => {
                let table = self.table(value, "table", at);
                let id = table.declare(value["name"].as_str().unwrap_or_default(), None, at);
                if let (Some(chain), Some(place)) = (table.get(id), value["hook"].as_str()) {
                    chain.base = Some(Base {
                        hook: hook(place),
                        kind: chain_kind(value["type"].as_str().unwrap_or_default()),
                        priority: value["prio"]
                            .as_i64()
                            .and_then(|number| i32::try_from(number).ok())
                            .unwrap_or(0),
                        policy: value["policy"].as_str().map_or(Some(Policy::Accept), policy),
                    });
                }
            }
            "rule" => {
                let mut text = String::new();
                for statement in value["expr"].as_array().map_or(&[][..], Vec::as_slice) {
                    if let Some(words) = statement_text(statement) {
                        text.push_str(&words);
                    } else {
                        let name = statement.as_object().and_then(|all| all.keys().next());
                        let _ = write!(
                            text,
                            "xt match {}",
                            name.map_or("?", String::as_str).replace(' ', "-")
                        );
                    }
                    text.push(' ');
                }
                let table = self.table(value, "table", at);
                let id = table.chain(value["chain"].as_str().unwrap_or_default(), at);
                let list = tokens(&text);
                let mut parsed = rule(&mut Cursor::new(&list), table, at);
                parsed.handle = value["handle"].as_u64();
                parsed.comment = value["comment"].as_str().map(Into::into).or(parsed.comment);
                table.push(id, parsed);
            }
            "set" | "map" => self.set(value, at),
            _ => {}
        }
    }

    fn set(&mut self, value: &Value, at: Span) {
        let kinds = |value: &Value| -> Vec<Kind> {
            match value {
                Value::String(name) => vec![Kind::of_type(name)],
                Value::Array(names) => {
                    names.iter().filter_map(Value::as_str).map(Kind::of_type).collect()
                }
                _ => Vec::new(),
            }
        };
        let (keys, values) = (kinds(&value["type"]), kinds(&value["map"]));
        let mut set = NamedSet {
            name: value["name"].as_str().unwrap_or_default().into(),
            elements: Vec::new(),
            dynamic: value["flags"].to_string().contains("dynamic")
                || value["flags"].to_string().contains("timeout"),
            at,
        };
        let mut refused = false;
        let table = self.table(value, "table", at);
        for item in value["elem"].as_array().map_or(&[][..], Vec::as_slice) {
            let text = match item.as_array().map(Vec::as_slice) {
                Some([key, given]) => value_text(key, DEPTH)
                    .zip(statement_text(given).or_else(|| value_text(given, DEPTH)))
                    .map(|(key, given)| format!("{{ {key} : {given} }}")),
                _ => value_text(item, DEPTH).map(|key| format!("{{ {key} }}")),
            };
            let Some(text) = text else {
                refused = true;
                continue;
            };
            let list = tokens(&text);
            let mut cursor = Cursor::new(&list);
            cursor.open();
            if let Some(found) = element(&mut cursor, &keys) {
                let given = cursor.colon().then(|| mapped(&mut cursor, table, &values, at));
                set.elements.push((found, given));
            }
        }
        // A set of which an element is not understood may hold more than it shows.
        set.dynamic |= refused;
        table.table.sets.push(set);
        if refused {
            self.refusals.note(at, "set element");
        }
    }
}

/// A word that the lexer keeps whole.
fn quoted(word: &str) -> String {
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:/-*@".contains(&byte));
    if plain && !word.is_empty() && !word.ends_with(':') {
        word.to_owned()
    } else {
        format!("\"{}\"", word.replace('"', ""))
    }
}

/// One statement in nft's words.
fn statement_text(statement: &Value) -> Option<String> {
    let (name, value) = statement.as_object()?.iter().next()?;
    let number = |key: &str| value[key].as_u64();
    let word = |key: &str| value[key].as_str();
    Some(match name.as_str() {
        "accept" | "drop" | "return" | "continue" | "notrack" => name.clone(),
        "jump" | "goto" => format!("{name} {}", quoted(word("target")?)),
        "counter" => match number("packets").zip(number("bytes")) {
            Some((packets, bytes)) => format!("counter packets {packets} bytes {bytes}"),
            None => String::new(),
        },
        "match" => {
            let operator = word("op").unwrap_or("==");
            let left = value_text(&value["left"], DEPTH)?;
            let right = &value["right"];
            // Lists are bits: alone they ask for any of them, masked they are compared whole.
            let right = match right {
                Value::Array(list) => {
                    let words: Option<Vec<String>> =
                        list.iter().map(|item| value_text(item, DEPTH)).collect();
                    words?.join(",")
                }
                other => value_text(other, DEPTH)?,
            };
            let operator = if operator == "in" { "" } else { operator };
            format!("{left} {operator} {right}")
        }
        "vmap" => format!(
            "{} vmap {}",
            value_text(&value["key"], DEPTH)?,
            value_text(&value["data"], DEPTH)?
        ),
        "mangle" => format!(
            "{} set {}",
            value_text(&value["key"], DEPTH)?,
            value_text(&value["value"], DEPTH)?
        ),
        "reject" => match (word("type"), word("expr")) {
            (Some("tcp reset"), _) => "reject with tcp reset".to_owned(),
            (Some(kind), Some(code)) => format!("reject with {kind} {code}"),
            _ => "reject".to_owned(),
        },
        "log" => match word("prefix") {
            Some(prefix) => format!("log prefix \"{}\"", prefix.replace('"', "")),
            None => "log".to_owned(),
        },
        "limit" => {
            let over = if value["inv"] == true { "over " } else { "" };
            let unit = word("rate_unit")
                .filter(|unit| *unit != "packets")
                .map(|unit| format!(" {unit}/second"))
                .unwrap_or_default();
            let burst =
                number("burst").map(|burst| format!(" burst {burst} packets")).unwrap_or_default();
            format!(
                "limit rate {over}{}/{}{unit}{burst}",
                number("rate")?,
                word("per").unwrap_or("second")
            )
        }
        "quota" => {
            let over = if value["inv"] == true { "over " } else { "" };
            format!("quota {over}{} {}", number("val")?, word("val_unit").unwrap_or("bytes"))
        }
        "ct count" => {
            let over = if value["inv"] == true { "over " } else { "" };
            format!("ct count {over}{}", number("val")?)
        }
        "queue" => {
            if value["flags"].to_string().contains("bypass") { "queue bypass" } else { "queue" }
                .to_owned()
        }
        "masquerade" | "redirect" | "snat" | "dnat" => nat_text(name, value)?,
        "xt" => format!(
            "xt {} {}",
            word("type").unwrap_or("match"),
            quoted(word("name").unwrap_or("?"))
        ),
        "comment" => format!("comment {}", quoted(value.as_str()?)),
        _ => return None,
    })
}

fn nat_text(name: &str, value: &Value) -> Option<String> {
    let mut text = name.to_owned();
    let address = match &value["addr"] {
        Value::Null => None,
        other => Some(value_text(other, DEPTH)?),
    };
    let port = match &value["port"] {
        Value::Null => None,
        other => Some(value_text(other, DEPTH)?),
    };
    match (address, port) {
        (Some(address), Some(port)) if address.contains(' ') => {
            let _ = write!(text, " to {address} : {port}");
        }
        (Some(address), Some(port)) if address.contains(':') => {
            let _ = write!(text, " to [{address}]:{port}");
        }
        (Some(address), Some(port)) => {
            let _ = write!(text, " to {address}:{port}");
        }
        (Some(address), None) => {
            let _ = write!(text, " to {address}");
        }
        (None, Some(port)) => {
            let _ = write!(text, " to :{port}");
        }
        (None, None) => {}
    }
    if value["flags"].to_string().contains("random") {
        text.push_str(" fully-random");
    }
    Some(text)
}

/// An expression or a value in nft's words.
fn value_text(value: &Value, depth: u8) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let object = match value {
        Value::String(word) => return Some(quoted(word)),
        Value::Number(number) => return Some(number.to_string()),
        Value::Array(list) => {
            let words: Option<Vec<String>> =
                list.iter().map(|item| value_text(item, depth)).collect();
            return Some(words?.join(" | "));
        }
        Value::Bool(flag) => return Some(if *flag { "exists" } else { "missing" }.to_owned()),
        Value::Object(object) => object,
        Value::Null => return None,
    };
    let (name, inner) = object.iter().next()?;
    let word = |key: &str| inner[key].as_str();
    Some(match name.as_str() {
        "payload" => format!("{} {}", word("protocol")?, word("field")?),
        "meta" => format!("meta {}", word("key")?),
        "ct" => match (word("dir"), word("family")) {
            (Some(direction), Some(family)) => format!("ct {direction} {family} {}", word("key")?),
            (Some(direction), None) => format!("ct {direction} {}", word("key")?),
            _ => format!("ct {}", word("key")?),
        },
        "fib" => {
            let flags: Vec<&str> = match &inner["flags"] {
                Value::Array(flags) => flags.iter().filter_map(Value::as_str).collect(),
                Value::String(flag) => vec![flag.as_str()],
                _ => Vec::new(),
            };
            format!("fib {} {}", flags.join(" . "), word("result")?)
        }
        "numgen" => format!(
            "numgen {} mod {} offset {}",
            word("mode")?,
            inner["mod"].as_u64()?,
            inner["offset"].as_u64().unwrap_or(0)
        ),
        "jhash" | "symhash" => format!("symhash mod {}", inner["mod"].as_u64()?),
        "tcp option" if word("name") == Some("maxseg") => "tcp option maxseg size".to_owned(),
        "rt" => format!("rt {}", word("key")?),
        // An address may end with a colon; it is no word of its own here.
        "prefix" => format!("{}/{}", word("addr")?, inner["len"].as_u64()?),
        "range" => {
            let (first, last) = (inner.get(0)?, inner.get(1)?);
            format!("{}-{}", value_text(first, depth)?, value_text(last, depth)?)
        }
        "concat" => {
            let parts: Option<Vec<String>> =
                inner.as_array()?.iter().map(|part| value_text(part, depth)).collect();
            parts?.join(" . ")
        }
        "elem" => value_text(&inner["val"], depth)?,
        "&" | "|" | "^" => {
            let parts: Option<Vec<String>> =
                inner.as_array()?.iter().map(|part| value_text(part, depth)).collect();
            parts?.join(&format!(" {name} "))
        }
        "map" => format!(
            "{} map {}",
            value_text(&inner["key"], depth)?,
            value_text(&inner["data"], depth)?
        ),
        "set" => {
            let mut text = String::from("{ ");
            for item in inner.as_array().map_or(std::slice::from_ref(inner), Vec::as_slice) {
                let part = match item.as_array().map(Vec::as_slice) {
                    Some([key, given]) => {
                        let given = statement_text(given).or_else(|| value_text(given, depth))?;
                        format!("{} : {given}", value_text(key, depth)?)
                    }
                    _ => value_text(item, depth)?,
                };
                let _ = write!(text, "{part}, ");
            }
            text.push('}');
            text
        }
        "accept" | "drop" | "return" | "continue" | "jump" | "goto" => statement_text(value)?,
        _ => return None,
    })
}
