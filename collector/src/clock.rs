//! The collector's clock: bundles are stamped with it, nothing else is decided by it.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

/// Now, RFC 3339 UTC with milliseconds.
pub(crate) fn now() -> String {
    let (seconds, millis) = since_epoch();
    let (year, month, day) = date(seconds / DAY);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Now, as file names have it: `20261121T105003Z`.
pub(crate) fn name() -> String {
    let text: String = now().chars().filter(|c| !matches!(c, '-' | ':')).take(15).collect();
    text + "Z"
}

/// Reads `2026-11-21T10:50:03.5Z` and its like with an offset: nanoseconds since 1970.
pub(crate) fn parse(text: &str) -> Option<i128> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut parts = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let zone = time.rfind(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone);
    let offset = match zone {
        "Z" | "z" => 0,
        zone => {
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if zone.starts_with('-') { -minutes } else { minutes }
        }
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.splitn(3, ':').map(str::parse::<i64>);
    let (hour, minute, second) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let sane = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute);
    let sane = sane
        && (1..=9999).contains(&year)
        && (0..=60).contains(&second)
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + (minute - offset) * 60 + second;
    let nanos: i128 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    sane.then_some(i128::from(seconds) * 1_000_000_000 + nanos)
}

fn since_epoch() -> (u64, u32) {
    #[expect(clippy::disallowed_methods, reason = "the collector stamps what it collects")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now.as_secs(), now.subsec_millis())
}

/// Days since 1970 of a civil date, by eras of 400 years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The civil date of a day since 1970: the inverse of `days`.
fn date(day: u64) -> (u64, u64, u64) {
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_days_agree() {
        for day in [0, 1, 58, 59, 60, 11_016, 20_778, 47_540] {
            let (year, month, of_month) = date(day);
            let back = days(
                i64::try_from(year).unwrap(),
                i64::try_from(month).unwrap(),
                i64::try_from(of_month).unwrap(),
            );
            assert_eq!(u64::try_from(back), Ok(day), "{year}-{month}-{of_month}");
        }
        assert_eq!((date(20_778), date(11_016)), ((2026, 11, 21), (2000, 2, 29)));
    }

    #[test]
    fn times_with_offsets_are_the_same_moment() {
        let base = parse("2026-11-21T10:50:03Z").unwrap();
        assert_eq!(base, 1_795_258_203 * 1_000_000_000);
        assert_eq!(parse("2026-11-21T12:50:03+02:00"), Some(base));
        assert_eq!(parse("2026-11-21T05:20:03.000000001-05:30"), Some(base + 1));
        assert!(parse(&now()).is_some() && name().len() == 16);
        for text in [
            "",
            "yesterday",
            "2026-11-21T10:50:03",
            "2026-13-01T00:00:00Z",
            "2026-11-21T10:50:03.é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
