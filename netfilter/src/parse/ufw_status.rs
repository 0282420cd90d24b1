//! `ufw status`, `ufw status verbose` and `ufw status numbered`. Any other language than English is
//! unknown, never guessed.

use konspect_bundle::diagnostic::Refusals;
use konspect_bundle::{Code, Diagnostic, Parsed, Source};

use crate::names;
use crate::ufw::{Action, Defaults, End, Ufw, UfwRule, Way};

/// Parses all three forms.
pub fn ufw_status(source: Source<'_>) -> Parsed<Ufw> {
    let mut ufw = Ufw::default();
    let mut refusals = Refusals::default();
    let mut diagnostics = Vec::new();
    let mut in_rules = false;
    for line in source.lines() {
        let text = line.text();
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        if let Some(status) = text.strip_prefix("Status:") {
            ufw.active = match status.trim() {
                "active" => Some(true),
                "inactive" => Some(false),
                _ => None,
            };
            ufw.status_at = Some(line.at);
            if ufw.active.is_none() {
                diagnostics
                    .push(Diagnostic::new(Code::Localized, line.at).with("text", text.to_owned()));
            }
        } else if let Some(defaults) = text.strip_prefix("Default:") {
            ufw.defaults = Some(Defaults { at: line.at, ..defaults_of(defaults, line.at) });
        } else if text.starts_with("--")
            && text.split_whitespace().all(|word| word.bytes().all(|b| b == b'-'))
        {
            in_rules = true;
        } else if text.starts_with("To ")
            || text.starts_with("Logging:")
            || text.starts_with("New profiles:")
        {
            // Headings.
        } else if text.contains("ufw: command not found") || text.contains("command not found: ufw")
        {
            ufw.active = Some(false);
            ufw.status_at = Some(line.at);
        } else if let Some(rule) = rule(text) {
            ufw.rules.push(UfwRule { at: line.at, ..rule });
        } else if ufw.status_at.is_none() && text.contains(':') && !text.contains("ufw") {
            // `Estado: activo`, `상태: 활성`: the first line in another language.
            ufw.status_at = Some(line.at);
            diagnostics
                .push(Diagnostic::new(Code::Localized, line.at).with("text", text.to_owned()));
        } else if in_rules {
            refusals.note(line.at, text.chars().take(80).collect::<String>());
        }
    }
    diagnostics.extend(refusals.finish());
    Parsed { value: ufw, diagnostics }
}

/// `deny (incoming), allow (outgoing), disabled (routed)`.
fn defaults_of(text: &str, at: konspect_bundle::Span) -> Defaults {
    let mut defaults = Defaults { incoming: None, outgoing: None, routed: None, at };
    for part in text.split(',') {
        let mut words = part.split_whitespace();
        let action = match words.next() {
            Some("allow") => Some(Action::Allow),
            Some("deny") => Some(Action::Deny),
            Some("reject") => Some(Action::Reject),
            _ => None,
        };
        match words.next() {
            Some("(incoming)") => defaults.incoming = action,
            Some("(outgoing)") => defaults.outgoing = action,
            Some("(routed)") => defaults.routed = action,
            _ => {}
        }
    }
    defaults
}

fn rule(text: &str) -> Option<UfwRule> {
    let mut number = None;
    let mut text = text;
    if let Some(rest) = text.strip_prefix('[') {
        let (inside, rest) = rest.split_once(']')?;
        number = Some(inside.trim().parse().ok()?);
        text = rest.trim();
    }
    let mut comment = None;
    if let Some((rest, note)) = text.split_once("# ") {
        comment = Some(note.trim().into());
        text = rest.trim();
    }
    let (place, length, action, way) = verb(text)?;
    let to = text.get(..place)?.trim();
    let from = text.get(place + length..)?.trim();
    let six = to.contains("(v6)") || from.contains("(v6)");
    let (to, from) = (end(to), end(from));
    let six = six || to.address.or(from.address).is_some_and(|network| network.addr().is_ipv6());
    Some(UfwRule {
        number,
        to,
        from,
        action,
        way,
        six,
        comment,
        at: konspect_bundle::Span::default(),
    })
}

/// Finds the action's column: place, length of the words, action and direction.
fn verb(text: &str) -> Option<(usize, usize, Action, Way)> {
    for (word, action) in [
        ("ALLOW", Action::Allow),
        ("DENY", Action::Deny),
        ("REJECT", Action::Reject),
        ("LIMIT", Action::Limit),
    ] {
        let mut from = 0;
        while let Some(found) = text.get(from..).and_then(|rest| rest.find(word)) {
            let place = from + found;
            let before = text.get(..place)?;
            let after = text.get(place + word.len()..)?;
            from = place + word.len();
            let bounded = (before.is_empty() || before.ends_with(' '))
                && (after.is_empty() || after.starts_with(' '));
            if !bounded || place == 0 {
                continue;
            }
            let (way, extra) = match after.get(..4) {
                Some(" IN " | " IN") => (Way::In, 3),
                Some(" OUT") => (Way::Out, 4),
                Some(" FWD") => (Way::Forward, 4),
                _ => (Way::In, 0),
            };
            return Some((place, word.len() + extra, action, way));
        }
    }
    None
}

/// `10.0.0.1 80,443/tcp (Nginx Full) (v6) on eth0`, in any subset.
fn end(text: &str) -> End {
    let mut end = End::default();
    let mut rest = text
        .replace("(v6)", " ")
        .replace("(out)", " ")
        .replace("(log)", " ")
        .replace("(log-all)", " ");
    if let Some(place) = rest.find(" on ") {
        end.interface = rest.get(place + 4..).map(|name| name.trim().into());
        rest.truncate(place);
    }
    // A name in brackets behind ports is the profile that they come from.
    if let Some(place) = rest.find('(') {
        rest.truncate(place);
    }
    let mut names_left: Vec<&str> = Vec::new();
    for word in rest.split_whitespace() {
        if matches!(word, "Anywhere" | "any") {
            continue;
        }
        if let Some(protocol) = word.strip_prefix("Anywhere/") {
            end.protocol = names::protocol(protocol);
        } else if let Some(network) = super::values::network(word) {
            end.address = Some(network);
        } else if let Some((ports, protocol)) = ports(word) {
            end.ports = Some(ports);
            end.protocol = protocol;
        } else if let Some((address, protocol)) = word.rsplit_once('/')
            && let (Some(network), Some(protocol)) =
                (super::values::network(address), names::protocol(protocol))
        {
            end.address = Some(network);
            end.protocol = Some(protocol);
        } else {
            names_left.push(word);
        }
    }
    if !names_left.is_empty() {
        end.application = Some(names_left.join(" ").into());
        // A profile of this one name has this one port on every system.
        if end.application.as_deref() == Some("OpenSSH") {
            end.ports = Some(vec![(22, 22)]);
            end.protocol = Some(6);
        }
    }
    end
}

type PortsAndProtocol = (Vec<(u16, u16)>, Option<u8>);

/// `22`, `22/tcp`, `80,443/tcp`, `2222:2299/tcp`.
fn ports(word: &str) -> Option<PortsAndProtocol> {
    let (ports, protocol) = match word.split_once('/') {
        Some((ports, protocol)) => (ports, Some(names::protocol(protocol)?)),
        None => (word, None),
    };
    let ports = ports
        .split(',')
        .map(|part| {
            let (first, last) = part.split_once(':').unwrap_or((part, part));
            Some((first.parse().ok()?, last.parse().ok()?))
        })
        .collect::<Option<Vec<(u16, u16)>>>()?;
    Some((ports, protocol))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::What;
    use crate::packet::{Origin, Packet};
    use konspect_bundle::ArtifactId;

    fn parse(text: &str) -> Parsed<Ufw> {
        ufw_status(Source::new(ArtifactId(0), text.as_bytes()))
    }

    #[test]
    fn verbose_denies_what_nothing_allows() {
        let ufw = parse(
            "Status: active\nLogging: on (low)\nDefault: deny (incoming), allow (outgoing), disabled (routed)\n\n\
             To                         Action      From\n--                         ------      ----\n\
             22/tcp                     ALLOW IN    Anywhere                  \n\
             22/tcp (v6)                ALLOW IN    Anywhere (v6)             \n",
        )
        .value;
        let to = |port| {
            Packet::tcp(
                Origin::Interface("eth0".into()),
                "10.1.0.5".parse().unwrap(),
                "10.1.0.4".parse().unwrap(),
                port,
            )
        };
        assert_eq!(ufw.verdict(&to(22), false).rule, Some(0));
        let kubelet = ufw.verdict(&to(10250), false);
        assert_eq!((kubelet.what, kubelet.default), (What::Drop, true));
    }

    #[test]
    fn numbered_rules_keep_their_numbers() {
        let ufw = parse(
            "Status: active\n\n     To                         Action      From\n\
             \u{20}    --                         ------      ----\n\
             [ 4] 10250/tcp                  ALLOW IN    10.1.0.0/24               \n\
             [ 7] 443/tcp on eth0            ALLOW FWD   Anywhere on cali1         # web\n",
        )
        .value;
        assert_eq!(ufw.rules[0].number, Some(4));
        assert_eq!(ufw.rules[0].from.address, Some("10.1.0.0/24".parse().unwrap()));
        assert_eq!(ufw.rules[1].way, Way::Forward);
        assert_eq!(ufw.rules[1].to.interface.as_deref(), Some("eth0"));
        assert_eq!(ufw.rules[1].comment.as_deref(), Some("web"));
    }

    #[test]
    fn another_language_is_unknown() {
        let parsed = parse("Estado: activo\n\nHasta                      Acción      Desde\n");
        assert_eq!(parsed.value.active, None);
        assert_eq!(parsed.diagnostics[0].code, Code::Localized);
    }
}
