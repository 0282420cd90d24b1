//! The targets of iptables rules and their options.

use std::net::IpAddr;

use konspect_bundle::Span;

use super::builder::TableBuilder;
use super::iptables_options::{Opt, directions, note};
use super::values::{network, reject, value_mask};
use crate::model::{
    Effect, MarkSource, Reject, Statement, Translate, TranslateAddress, TranslatePorts, TtlChange,
    Verdict,
};
use crate::names;
use crate::packet::Family;

/// Whether a name is one of the targets that the tools know; any other name is a chain.
pub(super) fn is_target(name: &str) -> bool {
    matches!(
        name,
        "ACCEPT"
            | "DROP"
            | "RETURN"
            | "QUEUE"
            | "REJECT"
            | "LOG"
            | "NFLOG"
            | "ULOG"
            | "MARK"
            | "CONNMARK"
            | "DNAT"
            | "SNAT"
            | "MASQUERADE"
            | "REDIRECT"
            | "NETMAP"
            | "NFQUEUE"
            | "NOTRACK"
            | "CT"
            | "TPROXY"
            | "TOS"
            | "DSCP"
            | "TTL"
            | "HL"
            | "TCPMSS"
            | "TCPOPTSTRIP"
            | "CLASSIFY"
            | "CHECKSUM"
            | "SET"
            | "TRACE"
            | "AUDIT"
            | "ECN"
            | "SECMARK"
            | "CONNSECMARK"
            | "IDLETIMER"
            | "LED"
            | "RATEEST"
            | "HMARK"
            | "TEE"
            | "SYNPROXY"
            | "CLUSTERIP"
            | "SNPT"
            | "DNPT"
    )
}

/// Pushes what a target does.
pub(super) fn target(
    name: &str,
    goto: bool,
    options: &[Opt<'_, '_>],
    family: Family,
    table: &mut TableBuilder,
    out: &mut Vec<Statement>,
    at: Span,
) {
    let find = |wanted: &str| options.iter().copied().find(|option| option.name == wanted);
    let statement = match name {
        _ if goto || table.known(name).is_some() || !is_target(name) => {
            let id = table.chain(name, at);
            Statement::Verdict(if goto { Verdict::Goto(id) } else { Verdict::Jump(id) })
        }
        "ACCEPT" => Statement::Verdict(Verdict::Accept),
        "DROP" => Statement::Verdict(Verdict::Drop),
        "RETURN" => Statement::Verdict(Verdict::Return),
        "REJECT" => Statement::Verdict(Verdict::Reject(
            find("--reject-with").map_or(Reject::Default, |option| reject(option.value(), family)),
        )),
        "LOG" => Statement::Effect(Effect::Log(
            find("--log-prefix").map_or("", |option| option.value()).into(),
        )),
        "MARK" | "CONNMARK" => return marks(name == "CONNMARK", options, out),
        "DNAT" | "SNAT" | "MASQUERADE" | "REDIRECT" => return translate(name, options, out),
        "NETMAP" => match find("--to").and_then(|option| network(option.value())) {
            Some(network) => Statement::Verdict(Verdict::Netmap { network, source: false }),
            None => Statement::Verdict(Verdict::Unknown("NETMAP".into())),
        },
        "QUEUE" | "NFQUEUE" => {
            Statement::Verdict(Verdict::Queue { bypass: find("--queue-bypass").is_some() })
        }
        "NOTRACK" => Statement::Effect(Effect::Notrack),
        "CT" => match find("--notrack") {
            Some(_) => Statement::Effect(Effect::Notrack),
            None => note("CT"),
        },
        "TPROXY" => {
            if let Some((value, mask)) =
                find("--tproxy-mark").and_then(|option| value_mask(option.value()))
            {
                out.push(set_mark(false, MarkSource::Packet, !mask, value));
            }
            Statement::Verdict(Verdict::Tproxy)
        }
        "TOS" => match tos_change(options) {
            Some(effect) => Statement::Effect(effect),
            None => Statement::Effect(Effect::Unknown("TOS".into())),
        },
        "DSCP" => {
            let option = find("--set-dscp").or_else(|| find("--set-dscp-class"));
            match option.and_then(|option| names::dscp(option.value())) {
                Some(value) => Statement::Effect(Effect::SetDscp(value)),
                None => Statement::Effect(Effect::Unknown("DSCP".into())),
            }
        }
        // A hash of addresses, ports and a seed that differs from boot to boot.
        "HMARK" => set_mark(false, MarkSource::Unknown, 0, 0),
        "TTL" | "HL" => ttl(options),
        "SET" => return sets(options, out),
        "SYNPROXY" | "CLUSTERIP" | "SNPT" | "DNPT" => {
            Statement::Verdict(Verdict::Unknown(name.into()))
        }
        _ => note(name),
    };
    out.push(statement);
}

pub(super) fn set_mark(connection: bool, source: MarkSource, and: u32, xor: u32) -> Statement {
    Statement::Effect(Effect::SetMark { connection, source, and, xor })
}

fn marks(connection: bool, options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let number = |name: &str| {
        options
            .iter()
            .find(|option| option.name == name)
            .and_then(|option| names::number(option.value()))
            .and_then(|value| u32::try_from(value).ok())
    };
    let both = number("--mask");
    let nfmask = number("--nfmask").or(both).unwrap_or(u32::MAX);
    let ctmask = number("--ctmask").or(both).unwrap_or(u32::MAX);
    let own = if connection { MarkSource::Connection } else { MarkSource::Packet };
    let before = out.len();
    let shift = match (number("--left-shift-mark"), number("--right-shift-mark")) {
        (None, None) => Some(0),
        (Some(left), None) => i8::try_from(left).ok(),
        (None, Some(right)) => i8::try_from(right).ok().map(|right| -right),
        (Some(_), Some(_)) => None,
    };
    let shifted = options.iter().any(|option| option.name.contains("-shift-"));
    for option in options {
        let value = value_mask(option.value());
        let statement = match (option.name, value) {
            // A value that is set and then moved: which bits go where is not followed.
            (name, Some(_)) if shifted && name.ends_with("mark") && !name.contains("-shift-") => {
                set_mark(connection, MarkSource::Unknown, 0, 0)
            }
            ("--set-xmark", Some((value, mask))) => set_mark(connection, own, !mask, value),
            ("--set-mark", Some((value, mask))) => set_mark(connection, own, !mask & !value, value),
            ("--and-mark", Some((value, _))) => set_mark(connection, own, value, 0),
            ("--or-mark", Some((value, _))) => set_mark(connection, own, !value, value),
            ("--xor-mark", Some((value, _))) => set_mark(connection, own, u32::MAX, value),
            ("--save-mark", _) => match shift {
                Some(shift) => Statement::Effect(Effect::SaveMark { nfmask, ctmask, shift }),
                None => set_mark(true, MarkSource::Unknown, 0, 0),
            },
            ("--restore-mark", _) => match shift {
                Some(shift) => Statement::Effect(Effect::RestoreMark { nfmask, ctmask, shift }),
                None => set_mark(false, MarkSource::Unknown, 0, 0),
            },
            _ => continue,
        };
        out.push(statement);
    }
    if out.len() == before {
        out.push(set_mark(connection, MarkSource::Unknown, 0, 0));
    }
}

fn tos_change(options: &[Opt<'_, '_>]) -> Option<Effect> {
    let option = options.first()?;
    let (value, mask) = match option.value().split_once('/') {
        Some((value, mask)) => (names::tos(value)?, names::tos(mask)?),
        None => (names::tos(option.value())?, 0xff),
    };
    Some(match option.name {
        "--set-tos" => Effect::SetTos { value, mask },
        "--and-tos" => Effect::SetTos { value: 0, mask: !value },
        "--or-tos" => Effect::SetTos { value, mask: value },
        "--xor-tos" => Effect::SetTos { value, mask: 0 },
        _ => return None,
    })
}

fn ttl(options: &[Opt<'_, '_>]) -> Statement {
    for option in options {
        let Ok(value) = option.value().parse() else { continue };
        let change = match option.name {
            "--ttl-set" | "--hl-set" => TtlChange::Set(value),
            "--ttl-inc" | "--hl-inc" => TtlChange::Increase(value),
            "--ttl-dec" | "--hl-dec" => TtlChange::Decrease(value),
            _ => continue,
        };
        return Statement::Effect(Effect::SetTtl(change));
    }
    Statement::Effect(Effect::Unknown("TTL".into()))
}

fn sets(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    for option in options {
        let remove = match option.name {
            "--add-set" => false,
            "--del-set" => true,
            _ => continue,
        };
        let (Some(name), Some(sides)) = (option.values.first(), option.values.get(1)) else {
            continue;
        };
        if let Some(directions) = directions(&sides.text) {
            out.push(Statement::Effect(Effect::AddToSet {
                name: name.text.as_ref().into(),
                directions,
                remove,
            }));
        }
    }
}

fn translate(name: &str, options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let source = matches!(name, "SNAT" | "MASQUERADE");
    let mut address = if matches!(name, "MASQUERADE" | "REDIRECT") {
        TranslateAddress::Interface
    } else {
        TranslateAddress::Keep
    };
    let mut ports = TranslatePorts::Keep;
    let mut random = false;
    let mut understood = matches!(name, "MASQUERADE" | "REDIRECT");
    for option in options {
        match option.name {
            "--to-destination" | "--to-source" => match destination(option.value()) {
                Some((to, range)) => {
                    address = to;
                    ports = range;
                    understood = true;
                }
                None => address = TranslateAddress::Unknown(option.value().into()),
            },
            "--to-ports" => {
                if let Some((first, last)) = port_span(option.value()) {
                    ports = TranslatePorts::Range(first, last);
                }
            }
            "--random" | "--random-fully" => random = true,
            _ => {}
        }
    }
    if !understood && matches!(address, TranslateAddress::Keep) {
        address = TranslateAddress::Unknown(name.into());
    }
    out.push(Statement::Verdict(Verdict::Translate(Translate { source, address, ports, random })));
}

fn port_span(word: &str) -> Option<(u16, u16)> {
    let word = word.split('/').next().unwrap_or_default();
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    Some((names::port(first)?, names::port(last)?))
}

/// `10.0.0.1`, `10.0.0.1-10.0.0.9:80-90`, `:53`, `[fd00::1]:80`, `[fd00::1]-[fd00::9]`.
pub(super) fn destination(word: &str) -> Option<(TranslateAddress, TranslatePorts)> {
    let (addresses, ports) = if word.starts_with('[') {
        match word.rfind("]:") {
            Some(place) => (word.get(..=place)?, word.get(place + 2..)),
            None => (word, None),
        }
    } else if word.matches(':').count() > 1 {
        (word, None)
    } else {
        match word.rsplit_once(':') {
            Some((addresses, ports)) => (addresses, Some(ports)),
            None => (word, None),
        }
    };
    let ports = match ports {
        Some(ports) => {
            let (first, last) = port_span(ports)?;
            TranslatePorts::Range(first, last)
        }
        None => TranslatePorts::Keep,
    };
    if addresses.is_empty() {
        return Some((TranslateAddress::Keep, ports));
    }
    // nft shows a range of one address as a network.
    if addresses.contains('/') {
        let network = network(addresses)?;
        return Some((TranslateAddress::Range(network.network(), network.broadcast()), ports));
    }
    let one = |part: &str| part.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let (first, last) = addresses.split_once('-').unwrap_or((addresses, addresses));
    Some((TranslateAddress::Range(one(first)?, one(last)?), ports))
}
