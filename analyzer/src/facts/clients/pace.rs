//! How fast a client asks while it does, and whether it merely repeats what was turned away.

use konspect_audit::{AuditSummary, ClientSummary, Rate};

use super::{BUSY, Heavy, MOST, SHARE, is_system, work};

/// Seconds without a request, from which on a client that asks often does not ask …
const QUIET: i64 = 60;

/// … when they are this many times what lies between its requests.
const PAUSE: i64 = 10;

/// Micro-seconds before a client's own rise within which another's makes it a follower …
const BEFORE: i64 = 600_000_000;

/// … and after it: rates are known in slots.
const SLACK: i64 = 60_000_000;

/// Open watches of one client that are a pile.
const PILE: u64 = 150;

/// What a client asked from a moment on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    /// The part of its requests that came then.
    pub part: f64,
    /// Seconds in which it asked: pauses between bursts left out.
    pub seconds: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts and durations of a log are far below 2^52")]
pub(super) fn pace(rate: &Rate, began: i64, last: i64) -> Pace {
    let width = rate.slot_seconds.saturating_mul(1_000_000);
    let all: u64 = rate.slots.iter().map(|(_, count)| count).sum();
    let since = || rate.slots.iter().filter(|(start, _)| start.saturating_add(width) > began);
    let after: u64 = since().map(|(_, count)| count).sum();
    let whole = last.saturating_sub(began).max(0);
    let between = whole / i64::try_from(after.max(1)).unwrap_or(i64::MAX);
    let pause = (QUIET * 1_000_000).max(between.saturating_mul(PAUSE));
    let (_, quiet) = since().fold((began, 0_i64), |(end, quiet), (start, _)| {
        let gap = start.saturating_sub(end);
        (start.saturating_add(width), if gap >= pause { quiet.saturating_add(gap) } else { quiet })
    });
    let part = if all == 0 { 1.0 } else { after as f64 / all as f64 };
    Pace { part, seconds: (whole.saturating_sub(quiet) as f64 / 1e6).max(5.0) }
}

/// Marks those that ask so often because they are turned away: what they repeat costs nothing, and they
/// get through no more than before while others are slow, or began when somebody else did who keeps the API server busy.
pub(super) fn mark_repeats(heavy: &mut [Heavy<'_>], audit: &AuditSummary) {
    // Watches that pile up take from everybody, too.
    let piles =
        |client: &ClientSummary| client.open_watches >= PILE && client.watch_onset.is_some();
    let piles =
        audit.others().any(|client| !is_system(&client.user, &client.agent) && piles(client));
    let busiest = heavy
        .iter()
        .filter(|one| !turned_away(one) && one.share >= SHARE && one.in_flight >= 1.0)
        .max_by_key(|one| work(&one.client.total))
        .map(|one| (one.since, one.share >= MOST || one.in_flight >= BUSY));
    for one in heavy {
        let follows = busiest.is_some_and(|(since, most)| match (since, one.since) {
            (Some(since), Some(own)) => {
                let later = own.as_microsecond().saturating_sub(since.as_microsecond());
                (-SLACK..=BEFORE).contains(&later)
            }
            (None, None) => most,
            _ => false,
        });
        // Where nobody is slow there is nothing else that could have turned it away.
        let slow = piles || one.harm.breached.is_some();
        one.repeats = turned_away(one) && (follows || slow && no_more_than_before(one));
    }
}

/// True when most of what it asks is turned away.
fn turned_away(heavy: &Heavy<'_>) -> bool {
    heavy.harm.rejected * 2 > heavy.client.total.requests
}

/// True when what is not turned away is no more than what the client asked before.
#[expect(clippy::cast_precision_loss, reason = "counts of a log are far below 2^52")]
fn no_more_than_before(heavy: &Heavy<'_>) -> bool {
    let Some(onset) = heavy.client.onset.filter(|onset| onset.before > 0) else { return false };
    let total = heavy.client.total.requests as f64;
    let pace = pace(&heavy.client.rate, onset.time, heavy.client.total.last.unwrap_or(onset.time));
    let served = (total * pace.part - heavy.harm.rejected as f64).max(0.0) / pace.seconds;
    served * 60_000.0 <= onset.before as f64 * 1.5
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(slots: &[(i64, u64)]) -> Rate {
        let slots = slots.iter().map(|(second, count)| (second * 1_000_000, *count)).collect();
        Rate { slot_seconds: 5, slots }
    }

    #[test]
    fn pauses_between_bursts_are_no_time_of_a_client() {
        let bursts: Vec<(i64, u64)> = (0..20).chain(200..220).map(|slot| (slot * 5, 20)).collect();
        let whole = pace(&slots(&bursts), 0, 1_100_000_000);
        assert_eq!(whole, Pace { part: 1.0, seconds: 200.0 });
        let second = pace(&slots(&bursts), 1_000_000_000, 1_100_000_000);
        assert_eq!(second, Pace { part: 0.5, seconds: 100.0 });
    }

    #[test]
    fn who_asks_seldom_makes_no_pauses() {
        let seldom: Vec<(i64, u64)> = (0..10).map(|number| (number * 100, 1)).collect();
        assert_eq!(pace(&slots(&seldom), 0, 905_000_000), Pace { part: 1.0, seconds: 905.0 });
    }
}
