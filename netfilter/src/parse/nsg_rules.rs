//! `az network nsg list|show`, `az network nsg rule list`, `az network nic list-effective-nsg` and the
//! REST form of them, as JSON.
//!
//! Objects are read as raw slices of the input, so that each rule keeps its place.

use std::collections::BTreeMap;

use konspect_bundle::diagnostic::Refusals;
use konspect_bundle::{Code, Diagnostic, Parsed, Source, Span};
use serde_json::value::RawValue;

use super::values::network;
use crate::names;
use crate::nsg::{Access, Direction, Nsg, NsgRule, Prefix, RuleProtocol, implied_defaults};

/// Lists within lists are not followed deeper.
const DEPTH: u8 = 6;

/// Parses every group that the JSON holds.
pub fn nsg_rules(source: Source<'_>) -> Parsed<Vec<Nsg>> {
    let mut diagnostics = Vec::new();
    let start = source.bytes.iter().position(|byte| matches!(byte, b'[' | b'{')).unwrap_or(0);
    let body = source.bytes.get(start..).unwrap_or_default();
    let mut stream = serde_json::Deserializer::from_slice(body).into_iter::<&RawValue>();
    let root = match stream.next() {
        Some(Ok(root)) => root,
        Some(Err(error)) => {
            let reason = if error.is_eof() { Code::Truncated } else { Code::Unreadable };
            diagnostics
                .push(Diagnostic::new(reason, source.whole()).with("reason", error.to_string()));
            return Parsed { value: Vec::new(), diagnostics };
        }
        None => return Parsed::clean(Vec::new()),
    };
    let mut reader = Reader {
        source,
        groups: Vec::new(),
        loose: BTreeMap::new(),
        refusals: Refusals::default(),
    };
    reader.walk(root, DEPTH);
    let loose = std::mem::take(&mut reader.loose);
    for ((name, resource_group), (rules, at)) in loose {
        let mut group = Nsg {
            name: name.into(),
            resource_group: resource_group.map(Into::into),
            subnets: Vec::new(),
            interfaces: Vec::new(),
            rules,
            at,
        };
        finish(&mut group);
        reader.groups.push(group);
    }
    diagnostics.extend(reader.refusals.finish());
    Parsed { value: reader.groups, diagnostics }
}

type Object<'a> = BTreeMap<String, &'a RawValue>;
type Loose = BTreeMap<(String, Option<String>), (Vec<NsgRule>, Span)>;

struct Reader<'a> {
    source: Source<'a>,
    groups: Vec<Nsg>,
    /// Rules of `rule list`, by their group's name and resource group.
    loose: Loose,
    refusals: Refusals,
}

impl<'a> Reader<'a> {
    fn at(&self, raw: &RawValue) -> Span {
        self.source.span_of(raw.get().as_bytes())
    }

    fn walk(&mut self, raw: &'a RawValue, depth: u8) {
        if depth == 0 {
            return;
        }
        if let Some(list) = array(raw) {
            for item in list {
                self.walk(item, depth - 1);
            }
            return;
        }
        let Some(object) = object(raw) else { return };
        if object.contains_key("securityrules") || object.contains_key("defaultsecurityrules") {
            self.group(raw, &object);
        } else if object.contains_key("effectivesecurityrules") {
            self.effective(raw, &object);
        } else if object.contains_key("access") && object.contains_key("direction") {
            self.loose_rule(raw, &object);
        } else if let Some(list) =
            object.get("value").or_else(|| object.get("networksecuritygroups"))
        {
            self.walk(list, depth - 1);
        }
    }

    fn group(&mut self, raw: &'a RawValue, object: &Object<'a>) {
        let at = self.at(raw);
        let mut group = Nsg {
            name: text(object, "name").unwrap_or_default().into(),
            resource_group: resource_group(object).map(Into::into),
            subnets: ids(object, "subnets"),
            interfaces: ids(object, "networkinterfaces"),
            rules: Vec::new(),
            at,
        };
        for (list, default) in [("securityrules", false), ("defaultsecurityrules", true)] {
            for rule in object.get(list).and_then(|list| array(list)).unwrap_or_default() {
                self.push(rule, default, &mut group.rules);
            }
        }
        finish(&mut group);
        self.groups.push(group);
    }

    fn effective(&mut self, raw: &'a RawValue, all: &Object<'a>) {
        let id = all
            .get("networksecuritygroup")
            .and_then(|group| object(group))
            .and_then(|group| text(&group, "id"));
        let name = id.as_deref().and_then(|id| id.rsplit('/').next()).unwrap_or_default();
        let association =
            all.get("association").and_then(|association| object(association)).unwrap_or_default();
        let attached = |key: &str| -> Vec<Box<str>> {
            association
                .get(key)
                .and_then(|target| object(target))
                .and_then(|target| text(&target, "id"))
                .map(Into::into)
                .into_iter()
                .collect()
        };
        let mut group = Nsg {
            name: name.into(),
            resource_group: id.as_deref().and_then(group_of_id).map(Into::into),
            subnets: attached("subnet"),
            interfaces: attached("networkinterface"),
            rules: Vec::new(),
            at: self.at(raw),
        };
        for rule in
            all.get("effectivesecurityrules").and_then(|list| array(list)).unwrap_or_default()
        {
            self.push(rule, false, &mut group.rules);
        }
        finish(&mut group);
        self.groups.push(group);
    }

    fn loose_rule(&mut self, raw: &'a RawValue, object: &Object<'a>) {
        let id = text(object, "id").unwrap_or_default();
        let lower = id.to_ascii_lowercase();
        let name = lower
            .find("/networksecuritygroups/")
            .and_then(|place| id.get(place + "/networksecuritygroups/".len()..))
            .and_then(|rest| rest.split('/').next())
            .unwrap_or_default()
            .to_owned();
        let mut rules = Vec::new();
        self.push(raw, lower.contains("/defaultsecurityrules/"), &mut rules);
        let at = self.at(raw);
        let known = self.loose.entry((name, resource_group(object))).or_insert((Vec::new(), at));
        known.0.extend(rules);
        known.1 = known.1.to(at);
    }

    fn push(&mut self, raw: &'a RawValue, default: bool, out: &mut Vec<NsgRule>) {
        let at = self.at(raw);
        match object(raw).and_then(|object| rule(&object, default, at)) {
            Some(rule) => out.push(rule),
            None => self.refusals.note(at, "security rule"),
        }
    }
}

/// Sorts by direction and priority, and adds the default rules that the dump left out.
fn finish(group: &mut Nsg) {
    for implied in implied_defaults(group.at) {
        let known = group
            .rules
            .iter()
            .any(|rule| rule.direction == implied.direction && rule.priority == implied.priority);
        if !known {
            group.rules.push(implied);
        }
    }
    for rule in &mut group.rules {
        rule.default |= rule.priority >= 65000;
    }
    group.rules.sort_by_key(|rule| (rule.direction, rule.priority));
}

/// The members of an object by lower-case name; REST's `properties` are taken in.
fn object(raw: &RawValue) -> Option<Object<'_>> {
    let plain = |raw| -> Option<Object<'_>> {
        let all: BTreeMap<std::borrow::Cow<'_, str>, &RawValue> = parse(raw)?;
        Some(all.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
    };
    let mut all = plain(raw)?;
    if let Some(inner) = all.get("properties").copied().and_then(plain) {
        for (name, value) in inner {
            all.entry(name).or_insert(value);
        }
    }
    Some(all)
}

fn parse<'a, T: serde::Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

fn array(raw: &RawValue) -> Option<Vec<&RawValue>> {
    raw.get().starts_with('[').then(|| parse(raw)).flatten()
}

fn text(object: &Object<'_>, name: &str) -> Option<String> {
    object.get(name).and_then(|raw| parse::<Option<String>>(raw)).flatten()
}

fn ids(all: &Object<'_>, name: &str) -> Vec<Box<str>> {
    let list = all.get(name).and_then(|list| array(list)).unwrap_or_default();
    list.into_iter().filter_map(|item| text(&object(item)?, "id")).map(Into::into).collect()
}

fn resource_group(object: &Object<'_>) -> Option<String> {
    text(object, "resourcegroup").or_else(|| text(object, "id").as_deref().and_then(group_of_id))
}

fn group_of_id(id: &str) -> Option<String> {
    let place = id.to_ascii_lowercase().find("/resourcegroups/")?;
    id.get(place + "/resourcegroups/".len()..)?.split('/').next().map(str::to_owned)
}

fn rule(all: &Object<'_>, default: bool, at: Span) -> Option<NsgRule> {
    let priority = all.get("priority").and_then(|raw| {
        parse::<u32>(raw).or_else(|| parse::<String>(raw).and_then(|text| text.parse().ok()))
    })?;
    let direction = match text(all, "direction")?.to_ascii_lowercase().as_str() {
        "inbound" => Direction::Inbound,
        "outbound" => Direction::Outbound,
        _ => return None,
    };
    let access = match text(all, "access")?.to_ascii_lowercase().as_str() {
        "allow" => Access::Allow,
        "deny" => Access::Deny,
        _ => return None,
    };
    let protocol = text(all, "protocol").unwrap_or_default();
    let protocol = match protocol.to_ascii_lowercase().as_str() {
        "*" | "all" | "any" => RuleProtocol::Any,
        "tcp" => RuleProtocol::Number(6),
        "udp" => RuleProtocol::Number(17),
        "icmp" => RuleProtocol::Number(1),
        "icmpv6" => RuleProtocol::Number(58),
        "esp" => RuleProtocol::Number(50),
        "ah" => RuleProtocol::Number(51),
        other => match other.parse() {
            Ok(number) => RuleProtocol::Number(number),
            Err(_) => RuleProtocol::Unknown(other.into()),
        },
    };
    Some(NsgRule {
        // Effective rules are called `securityRules/NAME` and `defaultSecurityRules/NAME`.
        name: text(all, "name").unwrap_or_default().rsplit('/').next().unwrap_or_default().into(),
        priority,
        direction,
        access,
        protocol,
        sources: prefixes(all, "source"),
        destinations: prefixes(all, "destination"),
        source_ports: ports(all, "source"),
        destination_ports: ports(all, "destination"),
        default,
        at,
    })
}

/// The singular and the plural member, whichever is filled.
fn both(all: &Object<'_>, singular: &str, plural: &str) -> Vec<String> {
    let mut words: Vec<String> = all
        .get(plural)
        .and_then(|raw| parse::<Option<Vec<String>>>(raw))
        .flatten()
        .unwrap_or_default();
    if let Some(word) = text(all, singular).filter(|word| !word.is_empty())
        && !words.contains(&word)
    {
        words.push(word);
    }
    // Several prefixes may stand in one word, with commas.
    words.iter().flat_map(|word| word.split(',')).map(|word| word.trim().to_owned()).collect()
}

fn prefixes(all: &Object<'_>, side: &str) -> Vec<Prefix> {
    let expanded: Vec<String> = all
        .get(&format!("expanded{side}addressprefix"))
        .and_then(|raw| parse::<Option<Vec<String>>>(raw))
        .flatten()
        .unwrap_or_default();
    let mut words = both(all, &format!("{side}addressprefix"), &format!("{side}addressprefixes"));
    if !expanded.is_empty() {
        words = expanded;
    }
    let mut out: Vec<Prefix> = words.iter().map(|word| prefix(word)).collect();
    let groups = all
        .get(&format!("{side}applicationsecuritygroups"))
        .and_then(|list| array(list))
        .unwrap_or_default();
    for group in groups {
        let id = object(group).and_then(|group| text(&group, "id")).unwrap_or_default();
        out.push(Prefix::Group(id.rsplit('/').next().unwrap_or_default().into()));
    }
    // A side of which nothing is said is not a side that holds for everything.
    if out.is_empty() {
        out.push(Prefix::Unknown(format!("{side} address").into()));
    }
    out
}

fn prefix(word: &str) -> Prefix {
    match word {
        "*" | "Any" | "any" | "0.0.0.0/0" => Prefix::Any,
        _ => match network(word) {
            Some(network) => Prefix::Network(network),
            None if word.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic()) => {
                Prefix::Tag(word.into())
            }
            None => Prefix::Unknown(word.into()),
        },
    }
}

fn ports(all: &Object<'_>, side: &str) -> Vec<(u16, u16)> {
    both(all, &format!("{side}portrange"), &format!("{side}portranges"))
        .iter()
        .filter_map(|word| match word.as_str() {
            "*" => Some((0, u16::MAX)),
            word => {
                let (first, last) = word.split_once('-').unwrap_or((word, word));
                Some((names::port(first.trim())?, names::port(last.trim())?))
            }
        })
        .collect()
}
