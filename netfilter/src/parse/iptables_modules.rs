//! Matches that are made of several options of one `-m` module.

use std::net::IpAddr;

use super::iptables_bytes::hex_string;
use super::iptables_options::{Opt, shown};
use super::values::{address_types, compare_of, number_range, port_range, rate, states, statuses};
use crate::model::{
    Conntrack, Key, LimitInterface, Recent, RecentAction, Stateful, Statement, Unknown,
};
use crate::names;
use crate::packet::Family;

pub(super) fn ipv6_headers(options: &[Opt<'_, '_>]) -> Statement {
    use crate::model::ipv6_header as header;
    let soft = options.iter().any(|option| option.name == "--soft");
    let Some(option) = options.iter().find(|option| option.name == "--header") else {
        return Statement::Unknown(Unknown::NotUnderstood("ipv6header".into()));
    };
    let mut mask = 0;
    for name in option.value().split(',') {
        mask |= match name {
            "hop" | "hop-by-hop" | "0" => header::HOP_BY_HOP,
            "dst" | "ipv6-opts" | "60" => header::DESTINATION,
            "route" | "ipv6-route" | "43" => header::ROUTING,
            "frag" | "ipv6-frag" | "44" => header::FRAGMENT,
            "auth" | "ah" | "51" => header::AH,
            "esp" | "50" => header::ESP,
            "none" | "ipv6-nonxt" | "59" => header::NONE,
            "prot" | "proto" | "protocol" | "255" => header::PROTOCOL,
            other => return Statement::Unknown(Unknown::Name(other.into())),
        };
    }
    Statement::Ipv6Headers { mask, soft, invert: option.invert }
}

pub(super) fn chunk_types(option: Opt<'_, '_>) -> Option<Statement> {
    let mut types = Vec::new();
    for name in option.second().split(',') {
        let name = name.split(':').next().unwrap_or_default();
        types.push(match name {
            "DATA" => 0,
            "INIT" => 1,
            "INIT_ACK" => 2,
            "SACK" => 3,
            "HEARTBEAT" => 4,
            "HEARTBEAT_ACK" => 5,
            "ABORT" => 6,
            "SHUTDOWN" => 7,
            "SHUTDOWN_ACK" => 8,
            "ERROR" => 9,
            "COOKIE_ECHO" => 10,
            "COOKIE_ACK" => 11,
            "ECN_ECNE" => 12,
            "ECN_CWR" => 13,
            "SHUTDOWN_COMPLETE" => 14,
            "I_DATA" => 64,
            "ASCONF_ACK" => 128,
            "RE_CONFIG" => 130,
            "PAD" => 132,
            "FORWARD_TSN" => 192,
            "ASCONF" => 193,
            "I_FORWARD_TSN" => 194,
            "ALL" => {
                types.extend(0..=u8::MAX);
                continue;
            }
            "NONE" => continue,
            _ => return None,
        });
    }
    let how = option.value();
    Some(Statement::ChunkTypes {
        all: how == "all",
        any: how == "any",
        only: how == "only",
        types,
        invert: option.invert,
    })
}

/// The conntrack module; `--state` of the old module is its only option.
pub(super) fn conntrack(options: &[Opt<'_, '_>], family: Family, out: &mut Vec<Statement>) {
    if let [option] = options
        && matches!(option.name, "--ctstate" | "--state")
        && let Some(bits) = states(option.value())
    {
        return out.push(Statement::CtState { bits, invert: option.invert });
    }
    let mut all = Conntrack::default();
    for option in options {
        let (invert, value) = (option.invert, option.value());
        let address = |key: Key| {
            super::values::network(value)
                .map(|net| compare_of(key, invert, vec![super::values::network_range(net)]))
        };
        let ports =
            |key: Key| port_range(value, ':').map(|range| compare_of(key, invert, vec![range]));
        let compared = match option.name {
            "--ctstate" | "--state" => {
                all.state = states(value).map(|bits| (bits, invert));
                continue;
            }
            "--ctstatus" => {
                all.status = statuses(value).map(|bits| (bits, invert));
                continue;
            }
            "--ctdir" => {
                all.reply = Some((value.eq_ignore_ascii_case("REPLY"), invert));
                continue;
            }
            "--ctproto" => names::protocol(value).map(|number| {
                compare_of(Key::ConnectionProtocol, invert, vec![(number.into(), number.into())])
            }),
            "--ctorigsrc" => address(Key::OriginalSource(Some(family))),
            "--ctorigdst" => address(Key::OriginalDestination(Some(family))),
            "--ctreplsrc" => address(Key::ReplySource(Some(family))),
            "--ctrepldst" => address(Key::ReplyDestination(Some(family))),
            "--ctorigsrcport" => ports(Key::OriginalSourcePort),
            "--ctorigdstport" => ports(Key::OriginalDestinationPort),
            "--ctreplsrcport" => ports(Key::ReplySourcePort),
            "--ctrepldstport" => ports(Key::ReplyDestinationPort),
            _ => None,
        };
        match compared {
            Some(compared) => all.compares.push(compared),
            None => all.unknown = Some(shown("conntrack", *option)),
        }
    }
    out.push(Statement::Conntrack(Box::new(all)));
}

fn find<'w, 'a>(options: &[Opt<'w, 'a>], name: &str) -> Option<Opt<'w, 'a>> {
    options.iter().copied().find(|option| option.name == name)
}

fn number(options: &[Opt<'_, '_>], name: &str) -> Option<u64> {
    find(options, name).and_then(|option| names::number(option.value()))
}

pub(super) fn recent(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let mut recent = Recent {
        name: "DEFAULT".into(),
        action: RecentAction::Check,
        invert: false,
        destination: find(options, "--rdest").is_some(),
        mask: find(options, "--mask").and_then(|option| option.value().parse::<IpAddr>().ok()),
        hitcount: number(options, "--hitcount").unwrap_or(0),
        seconds: number(options, "--seconds").unwrap_or(0),
        ttl: find(options, "--rttl").is_some(),
    };
    for option in options {
        let action = match option.name {
            "--set" => RecentAction::Set,
            "--rcheck" => RecentAction::Check,
            "--update" => RecentAction::Update,
            "--remove" => RecentAction::Remove,
            "--name" => {
                recent.name = option.value().into();
                continue;
            }
            _ => continue,
        };
        recent.action = action;
        recent.invert = option.invert;
    }
    out.push(Statement::Stateful(Box::new(Stateful::Recent(recent))));
}

pub(super) fn limit(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    // Without options the module's defaults are 3 an hour, 5 at once.
    let every_nanoseconds = find(options, "--limit")
        .and_then(|option| rate(option.value()))
        .unwrap_or(1_200_000_000_000);
    let burst = number(options, "--limit-burst").unwrap_or(5);
    out.push(Statement::Stateful(Box::new(Stateful::Limit {
        every_nanoseconds,
        burst,
        over: false,
    })));
}

pub(super) fn hash_limit(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let above = find(options, "--hashlimit-above");
    let rated = above
        .or_else(|| find(options, "--hashlimit-upto"))
        .or_else(|| find(options, "--hashlimit"));
    let every = rated.and_then(|option| rate(option.value()));
    let by: Vec<Box<str>> = find(options, "--hashlimit-mode")
        .map(|option| option.value().split(',').map(Into::into).collect())
        .unwrap_or_default();
    match every {
        Some(every_nanoseconds) => {
            let above = above.is_some() != rated.is_some_and(|option| option.invert);
            let mask = |name: &str| {
                number(options, name).and_then(|mask| u8::try_from(mask).ok()).unwrap_or(128)
            };
            out.push(Statement::Stateful(Box::new(Stateful::HashLimit {
                name: find(options, "--hashlimit-name").map_or("", |option| option.value()).into(),
                every_nanoseconds,
                burst: number(options, "--hashlimit-burst").unwrap_or(5),
                above,
                by,
                masks: (mask("--hashlimit-srcmask"), mask("--hashlimit-dstmask")),
            })));
        }
        None => out.push(Statement::Unknown(Unknown::State("hashlimit"))),
    }
}

pub(super) fn connlimit(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let above = find(options, "--connlimit-above");
    let upto = find(options, "--connlimit-upto");
    let Some(option) = above.or(upto) else {
        return out.push(Statement::Unknown(Unknown::State("connlimit")));
    };
    let Some(count) = names::number(option.value()) else {
        return out.push(Statement::Unknown(Unknown::State("connlimit")));
    };
    let mask =
        number(options, "--connlimit-mask").and_then(|mask| u8::try_from(mask).ok()).unwrap_or(128);
    out.push(Statement::Stateful(Box::new(Stateful::Connlimit {
        above: above.is_some() != option.invert,
        count,
        mask,
        destination: find(options, "--connlimit-daddr").is_some(),
    })));
}

pub(super) fn connbytes(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let range = find(options, "--connbytes").and_then(|option| {
        let range = number_range(option.value(), u64::MAX)?;
        // A single number is a lower bound.
        Some((
            if option.value().contains(':') { range } else { (range.0, u64::MAX) },
            option.invert,
        ))
    });
    let packets =
        find(options, "--connbytes-mode").is_some_and(|option| option.value() == "packets");
    match range {
        Some((range, invert)) => {
            out.push(Statement::Stateful(Box::new(Stateful::Connbytes { range, packets, invert })));
        }
        None => out.push(Statement::Unknown(Unknown::State("connbytes"))),
    }
}

pub(super) fn statistic(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    if let Some(every) = find(options, "--every") {
        let packet = number(options, "--packet").unwrap_or(0);
        if let Some(count) = names::number(every.value()).filter(|count| *count > 0) {
            let invert = every.invert;
            return out.push(Statement::Stateful(Box::new(Stateful::Nth {
                every: count,
                packet,
                invert,
            })));
        }
    }
    match find(options, "--probability")
        .and_then(|option| Some((option.value().parse::<f64>().ok()?, option.invert)))
    {
        Some((probability, invert)) => {
            out.push(Statement::Random {
                probability: if invert { 1.0 - probability } else { probability },
            });
        }
        None => out.push(Statement::Unknown(Unknown::Random)),
    }
}

pub(super) fn string(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let plain = find(options, "--string");
    let hex = find(options, "--hex-string");
    let pattern = match (plain, hex) {
        (Some(option), _) => Some((option.value().as_bytes().to_vec(), option.invert)),
        (None, Some(option)) => hex_string(option.value()).map(|bytes| (bytes, option.invert)),
        (None, None) => None,
    };
    let Some((pattern, invert)) = pattern else {
        return out.push(Statement::Unknown(Unknown::NotUnderstood("-m string".into())));
    };
    let place = |name: &str, default: usize| {
        number(options, name).and_then(|place| usize::try_from(place).ok()).unwrap_or(default)
    };
    out.push(Statement::Contains {
        pattern,
        ignore_case: find(options, "--icase").is_some(),
        from: place("--from", 0),
        to: place("--to", 65535),
        invert,
    });
}

pub(super) fn quota(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let quota = find(options, "--quota");
    out.push(
        match quota.and_then(|option| Some((names::number(option.value())?, option.invert))) {
            Some((bytes, over)) => Statement::Stateful(Box::new(Stateful::Quota { bytes, over })),
            None => Statement::Unknown(Unknown::State("quota")),
        },
    );
}

/// Whether the options leave no time out.
pub(super) fn whole_week(options: &[Opt<'_, '_>]) -> bool {
    options.iter().all(|option| match option.name {
        // What the tool prints where nobody said a date: the last second that it can count.
        "--datestop" => option.value() == "2038-01-19T03:14:07" && !option.invert,
        "--timestart" => matches!(option.value(), "00:00" | "00:00:00") && !option.invert,
        "--timestop" => option.value() == "23:59:59" && !option.invert,
        "--weekdays" => option.value().split(',').count() == 7 && !option.invert,
        "--utc" | "--kerneltz" | "--contiguous" => true,
        _ => false,
    })
}

pub(super) fn policy(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    match find(options, "--pol") {
        Some(option) => {
            let none = option.value() == "none";
            out.push(Statement::Xfrm { invert: none == option.invert });
        }
        None => out.push(Statement::Unknown(Unknown::NotUnderstood("-m policy".into()))),
    }
}

pub(super) fn address_type(options: &[Opt<'_, '_>], out: &mut Vec<Statement>) {
    let limit = if find(options, "--limit-iface-in").is_some() {
        LimitInterface::In
    } else if find(options, "--limit-iface-out").is_some() {
        LimitInterface::Out
    } else {
        LimitInterface::None
    };
    for option in options {
        let source = match option.name {
            "--src-type" => true,
            "--dst-type" => false,
            _ => continue,
        };
        out.push(match address_types(option.value()) {
            Some(bits) => Statement::AddressType { source, bits, invert: option.invert, limit },
            None => Statement::Unknown(Unknown::NotUnderstood(shown("addrtype", *option))),
        });
    }
}
