//! The table of signals: which line of which program means what.
//!
//! A rule names literals for the one-pass search and the programs whose lines may carry it; a
//! precise check then decides and names the detail. Rules look at message texts only, without
//! regard to case, since severity, file and line of the same text differ between versions.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};

use super::network_error::network_errors;
use crate::model::log::{Component, Signal};
use crate::model::network_error::{NetworkError, Target};

mod details;
mod table;

use table::RULES;

/// One row of the table.
struct Rule {
    signal: Signal,
    /// Lower-case literals, any of which makes the line a candidate.
    literals: &'static [&'static str],
    /// The programs whose lines may carry the signal; empty for all.
    homes: &'static [Component],
    check: fn(&Message<'_>) -> Option<String>,
}

/// A message and its lower-case twin with the same byte positions.
pub(crate) struct Message<'a> {
    pub(crate) text: &'a str,
    lower: String,
}

impl<'a> Message<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, lower: text.to_ascii_lowercase() }
    }

    fn has(&self, needle: &str) -> bool {
        self.lower.contains(needle)
    }

    fn any(&self, needles: &[&str]) -> bool {
        needles.iter().any(|needle| self.has(needle))
    }
}

/// A signal that a message carries.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) signal: Signal,
    pub(crate) detail: String,
    pub(crate) error: Option<NetworkError>,
    /// More than one when the program itself counted (`5 errors like … occurred`).
    pub(crate) times: u64,
}

struct Search {
    automaton: AhoCorasick,
    /// The rule of each literal.
    rules: Vec<usize>,
}

static SEARCH: LazyLock<Option<Search>> = LazyLock::new(|| {
    let (literals, rules): (Vec<_>, Vec<_>) = RULES
        .iter()
        .enumerate()
        .flat_map(|(index, rule)| rule.literals.iter().map(move |literal| (*literal, index)))
        .unzip();
    let automaton = AhoCorasickBuilder::new().ascii_case_insensitive(true).build(literals).ok()?;
    Some(Search { automaton, rules })
});

/// Every signal a message carries, whatever program wrote it; `may_carry` sorts out later.
pub(crate) fn signals(text: &str) -> Vec<Found> {
    let Some(search) = SEARCH.as_ref() else { return Vec::new() };
    let mut candidates: Vec<usize> = search
        .automaton
        .find_overlapping_iter(text)
        .filter_map(|hit| search.rules.get(hit.pattern().as_usize()).copied())
        .collect();
    if candidates.is_empty() {
        return Vec::new();
    }
    candidates.sort_unstable();
    candidates.dedup();
    let message = Message::new(text);
    let mut found: Vec<Found> = Vec::new();
    let mut errors: Option<Option<NetworkError>> = None;
    for rule in candidates.into_iter().filter_map(|index| RULES.get(index)) {
        if found.iter().any(|found| found.signal == rule.signal) {
            continue;
        }
        let Some(detail) = (rule.check)(&message) else { continue };
        let error = errors
            .get_or_insert_with(|| network_errors(details::without_header(text)).into_iter().next())
            .clone();
        let times = details::times(&message);
        found.push(Found { signal: rule.signal, detail, error, times });
    }
    // The catch-all speaks only when nothing more exact did.
    if found.len() > 1 {
        found.retain(|found| found.signal != Signal::NetworkFailure);
    }
    found
}

/// True when lines of a program may carry a signal; of unknown programs only what any may carry.
pub(crate) fn may_carry(component: Component, signal: Signal) -> bool {
    RULES
        .iter()
        .find(|rule| rule.signal == signal)
        .is_some_and(|rule| rule.homes.is_empty() || rule.homes.contains(&component))
}

/// The detail of an error: what was dialled or asked.
pub(crate) fn aim(error: &NetworkError) -> String {
    let address = |target: &Target| match target.port {
        0 => target.host.clone(),
        port if target.host.contains(':') => format!("[{}]:{port}", target.host),
        port => format!("{}:{port}", target.host),
    };
    match error {
        NetworkError::DialTimeout { target }
        | NetworkError::Refused { target }
        | NetworkError::NoRoute { target }
        | NetworkError::Reset { target }
        | NetworkError::TlsHandshakeTimeout { target }
        | NetworkError::ProxyDial { target, .. }
        | NetworkError::PlainHttp { target } => address(target),
        NetworkError::NoSuchHost { name, server }
        | NetworkError::LookupTimeout { name, server }
        | NetworkError::LookupFailed { name, server } => {
            if name.is_empty() {
                server.clone()
            } else {
                name.clone()
            }
        }
        _ => String::new(),
    }
}
