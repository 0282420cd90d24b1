//! The collector's clock: bundles are stamped with it, nothing else is decided by it.

use jiff::Timestamp;

/// Now, RFC 3339 UTC with milliseconds.
pub(crate) fn now() -> String {
    format!("{:.3}", Timestamp::now())
}

/// Now, as file names have it: `20261121T105003Z`.
pub(crate) fn name() -> String {
    Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Reads `2026-11-21T10:50:03Z`.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
