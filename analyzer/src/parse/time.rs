//! Points in time and durations, in all the spellings of artefacts; the result is always UTC.
//!
//! Stamps without a year take it from a reference; without one they are no time at all. Stamps
//! without a zone are taken as UTC, which is what nodes of managed clusters use.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

/// What a stamp may leave out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// A time near which, and not much after which, the artefact was written.
    pub reference: Option<Timestamp>,
}

/// The year of stamps that have none while nothing is known of the bundle's; a leap year before any
/// log of a cluster. `facts` puts the right one in its place.
pub const YEARLESS: i16 = 1972;

/// A reference that gives every stamp without a year `YEARLESS`.
pub fn yearless_reference() -> Option<Timestamp> {
    format!("{YEARLESS}-12-30T00:00:00Z").parse().ok()
}

/// Reads `2024-11-15T21:00:00.1467Z` with any fraction, any offset (`+00:00`, `+0000`, `-05`), a
/// blank for the `T`, a comma for the point, and no zone at all.
pub fn rfc3339(text: &str) -> Option<Timestamp> {
    let (time, rest) = rfc3339_prefix(text.trim())?;
    rest.is_empty().then_some(time)
}

/// The same at the start of a line; returns what follows it. `2024/03/07 18:50:52` is read too.
pub fn rfc3339_prefix(text: &str) -> Option<(Timestamp, &str)> {
    let mut scan = Scan(text);
    let year = scan.digits(4, 4)?;
    let separator = scan.one_of(b"-/")?;
    let month = scan.digits(1, 2)?;
    scan.one_of(&[separator])?;
    let day = scan.digits(1, 2)?;
    scan.one_of(b"T t")?;
    let clock = scan.clock()?;
    let offset = scan.offset();
    Some((clock.on(year, month, day, offset)?, scan.0))
}

/// Reads `Fri, 06 Dec 2024 18:07:49 +0000` (also `GMT`, `UTC`, and without the weekday).
pub fn rfc1123(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let text = text.split_once(", ").map_or(text, |(_, rest)| rest);
    let mut scan = Scan(text);
    let day = scan.digits(1, 2)?;
    scan.one_of(b" -")?;
    let month = scan.month()?;
    scan.one_of(b" -")?;
    let year = scan.digits(4, 4)?;
    scan.blanks();
    let clock = scan.clock()?;
    scan.blanks();
    let offset = scan.offset();
    clock.on(year, month, day, offset)
}

/// Reads `Tue Jun 10 11:58:00 2025`, with or without brackets, and what `date` prints
/// (`Tue Jun 10 11:58:00 UTC 2025`, `Tue 10 Jun 2025 11:58:00 AM UTC`).
pub fn ctime(text: &str) -> Option<Timestamp> {
    let text = text.trim().trim_start_matches('[').trim_end_matches(']');
    let (weekday, rest) = text.split_once(' ')?;
    if weekday.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut scan = Scan(rest);
    scan.blanks();
    if scan.0.starts_with(|first: char| first.is_ascii_digit()) {
        return date_day_first(scan);
    }
    let month = scan.month()?;
    scan.blanks();
    let day = scan.digits(1, 2)?;
    scan.blanks();
    let clock = scan.clock()?;
    scan.blanks();
    let clock = clock.half_day(&mut scan)?;
    let offset = scan.offset();
    scan.blanks();
    let year = scan.digits(4, 4)?;
    clock.on(year, month, day, offset)
}

/// Reads openssl's `Dec  6 18:07:49 2025 GMT`.
pub fn openssl(text: &str) -> Option<Timestamp> {
    let mut scan = Scan(text.trim());
    let month = scan.month()?;
    scan.blanks();
    let day = scan.digits(1, 2)?;
    scan.blanks();
    let clock = scan.clock()?;
    scan.blanks();
    let year = scan.digits(4, 4)?;
    scan.blanks();
    let offset = scan.offset();
    clock.on(year, month, day, offset)
}

/// Reads what systemd prints: `Thu 2024-03-07 18:49:00 UTC`.
pub fn systemd(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let date = text.find(|first: char| first.is_ascii_digit())?;
    let (time, _) = rfc3339_prefix(text.get(date..)?)?;
    Some(time)
}

/// Reads klog's `1012 12:27:43.521795` (month and day glued) and returns what follows it.
pub fn klog_prefix<'a>(text: &'a str, context: &Context) -> Option<(Option<Timestamp>, &'a str)> {
    let mut scan = Scan(text);
    let month = scan.digits(2, 2)?;
    let day = scan.digits(2, 2)?;
    scan.one_of(b" ")?;
    let clock = scan.clock()?;
    Some((clock.near(month, day, context), scan.0))
}

/// Reads syslog's `Mar  7 18:50:52` (also with a fraction) and returns what follows it.
pub fn short_prefix<'a>(text: &'a str, context: &Context) -> Option<(Option<Timestamp>, &'a str)> {
    let mut scan = Scan(text);
    let month = scan.month()?;
    scan.blanks();
    let day = scan.digits(1, 2)?;
    scan.one_of(b" ")?;
    let clock = scan.clock()?;
    Some((clock.near(month, day, context), scan.0))
}

/// Reads seconds since 1970 with a fraction, and the same in milli-, micro- and nanoseconds.
pub fn epoch(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i128 = whole.parse().ok()?;
    let unit: i128 = match whole.len() {
        0..=11 => 1_000_000_000,
        12..=14 => 1_000_000,
        15..=17 => 1_000,
        _ => 1,
    };
    let part = i128::from(nanoseconds(fraction)) * unit / 1_000_000_000;
    Timestamp::from_nanosecond(number.checked_mul(unit)?.checked_add(part)?).ok()
}

/// Reads a Go duration as seconds: `3m5.30015447s`, `57.106µs` (both micro signs and `us`),
/// `317ns`, `-2562047h47m16.854775808s`, `0`.
pub fn go_duration(text: &str) -> Option<f64> {
    let text = text.trim();
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0.0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..end)?.parse().ok()?;
        rest = rest.get(end..)?;
        let (unit, after) = DURATION_UNITS
            .iter()
            .find_map(|(name, unit)| rest.strip_prefix(name).map(|after| (*unit, after)))?;
        seconds += number * unit;
        rest = after;
    }
    Some(sign * seconds)
}

/// A unit that begins another one (`m` of `ms`) stands after it.
const DURATION_UNITS: [(&str, f64); 8] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("\u{b5}s", 1e-6),
    ("\u{3bc}s", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
];

/// Month names by their beginning, in the languages that journals were seen in; longer ones first
/// where one begins another.
const MONTHS: [(&str, i32); 31] = [
    ("jan", 1),
    ("feb", 2),
    ("fév", 2),
    ("fev", 2),
    ("mar", 3),
    ("mär", 3),
    ("mrz", 3),
    ("mrt", 3),
    ("apr", 4),
    ("avr", 4),
    ("abr", 4),
    ("may", 5),
    ("mai", 5),
    ("mag", 5),
    ("mei", 5),
    ("juin", 6),
    ("jun", 6),
    ("giu", 6),
    ("juil", 7),
    ("jul", 7),
    ("lug", 7),
    ("aug", 8),
    ("ago", 8),
    ("aoû", 8),
    ("sep", 9),
    ("set", 9),
    ("oct", 10),
    ("okt", 10),
    ("nov", 11),
    ("de", 12),
    ("dé", 12),
];

/// A cursor over text; each method takes what it names or nothing.
struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    fn digits(&mut self, least: usize, most: usize) -> Option<i32> {
        let end = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if end < least {
            return None;
        }
        let (number, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        number.parse().ok()
    }

    fn one_of(&mut self, set: &[u8]) -> Option<u8> {
        let byte = *self.0.as_bytes().first()?;
        if !set.contains(&byte) {
            return None;
        }
        self.0 = self.0.get(1..)?;
        Some(byte)
    }

    fn blanks(&mut self) {
        self.0 = self.0.trim_start_matches(' ');
    }

    fn month(&mut self) -> Option<i32> {
        let end = self
            .0
            .find(|c: char| !c.is_alphabetic() && !matches!(c, '월' | '月'))
            .unwrap_or(self.0.len());
        let word = self.0.get(..end)?;
        if end == 0 || end > 12 {
            return None;
        }
        let lower = word.to_lowercase();
        let (_, month) = MONTHS.iter().find(|(start, _)| lower.starts_with(start))?;
        if *month == 12 && !matches!(lower.chars().nth(2), Some('c' | 'z')) {
            return None;
        }
        self.0 = self.0.get(end..)?.trim_start_matches('.');
        Some(*month)
    }

    fn clock(&mut self) -> Option<Clock> {
        let hour = self.digits(1, 2)?;
        self.one_of(b":")?;
        let minute = self.digits(2, 2)?;
        self.one_of(b":")?;
        let second = self.digits(2, 2)?;
        let mut nanosecond = 0;
        if let [b'.' | b',', next, ..] = self.0.as_bytes()
            && next.is_ascii_digit()
        {
            let rest = self.0.get(1..)?;
            let end = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, rest) = rest.split_at_checked(end)?;
            nanosecond = nanoseconds(fraction);
            self.0 = rest;
        }
        Some(Clock { hour, minute, second, nanosecond })
    }

    /// The zone as seconds east of UTC; an unknown or missing one counts as UTC.
    fn offset(&mut self) -> i32 {
        let text: &'a str = self.0;
        let blank = text.strip_prefix(' ').unwrap_or(text);
        for zone in ["Z", "z", "UTC", "GMT", "Etc/UTC"] {
            if let Some(rest) = blank.strip_prefix(zone)
                && !rest.starts_with(|c: char| c.is_alphanumeric())
            {
                self.0 = rest;
                return 0;
            }
        }
        let mut scan = Scan(blank);
        let offset = scan.one_of(b"+-").and_then(|sign| {
            let hours = scan.digits(2, 2)?;
            let colon = scan.one_of(b":");
            let minutes = scan.digits(2, 2).or(colon.is_none().then_some(0))?;
            let seconds = hours * 3600 + minutes * 60;
            Some(if sign == b'-' { -seconds } else { seconds })
        });
        match offset {
            Some(offset) => {
                self.0 = scan.0;
                offset
            }
            None => 0,
        }
    }
}

#[derive(Clone, Copy)]
struct Clock {
    hour: i32,
    minute: i32,
    second: i32,
    nanosecond: i32,
}

impl Clock {
    fn on(self, year: i32, month: i32, day: i32, offset: i32) -> Option<Timestamp> {
        let date = DateTime::new(
            i16::try_from(year).ok()?,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
            i8::try_from(self.hour).ok()?,
            i8::try_from(self.minute).ok()?,
            // A leap second is read as the second before it.
            i8::try_from(self.second.min(if self.second == 60 { 59 } else { 60 })).ok()?,
            self.nanosecond,
        )
        .ok()?;
        let local = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        local.checked_sub(SignedDuration::from_secs(i64::from(offset))).ok()
    }

    /// Takes the year that brings the stamp closest to the reference, but not more than two days
    /// after it: a log is older than its bundle, and a clock or zone may be off by a day.
    fn near(self, month: i32, day: i32, context: &Context) -> Option<Timestamp> {
        let reference = context.reference?;
        let year = i32::from(reference.to_zoned(jiff::tz::TimeZone::UTC).year());
        let limit = reference.checked_add(SignedDuration::from_hours(48)).ok()?;
        [year + 1, year, year - 1]
            .into_iter()
            .filter_map(|year| self.on(year, month, day, 0))
            .find(|time| *time <= limit)
    }

    /// Reads a following `AM` or `PM`.
    fn half_day(mut self, scan: &mut Scan<'_>) -> Option<Self> {
        let mark = scan.0.get(..2).unwrap_or_default().to_ascii_uppercase();
        if mark == "AM" || mark == "PM" {
            scan.0 = scan.0.get(2..)?;
            scan.blanks();
            self.hour = self.hour % 12 + if mark == "PM" { 12 } else { 0 };
        }
        Some(self)
    }
}

/// `10 Jun 2025 11:58:00 AM UTC`, behind a weekday.
fn date_day_first(mut scan: Scan<'_>) -> Option<Timestamp> {
    let day = scan.digits(1, 2)?;
    scan.blanks();
    let month = scan.month()?;
    scan.blanks();
    let year = scan.digits(4, 4)?;
    scan.blanks();
    let clock = scan.clock()?;
    scan.blanks();
    let clock = clock.half_day(&mut scan)?;
    let offset = scan.offset();
    clock.on(year, month, day, offset)
}

/// The digits of a fraction as nanoseconds; digits beyond the ninth are dropped.
fn nanoseconds(fraction: &str) -> i32 {
    let mut value = 0;
    let mut digits = fraction.bytes().take_while(u8::is_ascii_digit);
    for _ in 0..9 {
        value = value * 10 + digits.next().map_or(0, |digit| i32::from(digit - b'0'));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "compared with what the readers return")]
    fn utc(text: &str) -> Option<Timestamp> {
        Some(text.parse().expect("test time"))
    }

    #[test]
    fn reads_every_fraction_and_offset() {
        for (text, expected) in [
            ("2024-12-06T18:07:49Z", "2024-12-06T18:07:49Z"),
            ("2024-11-15T21:00:02.0917275Z", "2024-11-15T21:00:02.0917275Z"),
            ("2024-11-15T21:00:02.12345678999Z", "2024-11-15T21:00:02.123456789Z"),
            ("2025-05-05T11:48:03.213617621-05:00", "2025-05-05T16:48:03.213617621Z"),
            ("2024-03-07T18:50:52+0000", "2024-03-07T18:50:52Z"),
            ("2024-03-07 18:50:52,5", "2024-03-07T18:50:52.5Z"),
            ("2019/05/13 13:30:23", "2019-05-13T13:30:23Z"),
            ("2024-03-07 18:50:52 UTC", "2024-03-07T18:50:52Z"),
        ] {
            assert_eq!(rfc3339(text), utc(expected), "{text}");
        }
        for text in ["", "2024-13-06T18:07:49Z", "2024-12-06", "2024-12-06T18:07:49Zulu", "9m"] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
        let (_, rest) = rfc3339_prefix("2024-03-07T18:50:52+0000 host").expect("prefix");
        assert_eq!(rest, " host");
    }

    #[test]
    fn reads_the_other_full_dates() {
        assert_eq!(rfc1123("Fri, 06 Dec 2024 18:07:49 +0000"), utc("2024-12-06T18:07:49Z"));
        assert_eq!(rfc1123("Fri, 06 Dec 2024 18:09:55 GMT"), utc("2024-12-06T18:09:55Z"));
        assert_eq!(rfc1123("Thu, 01 Jun 2023 19:14:25 +0900"), utc("2023-06-01T10:14:25Z"));
        assert_eq!(ctime("[Tue Jun 10 11:58:00 2025]"), utc("2025-06-10T11:58:00Z"));
        assert_eq!(ctime("Tue Jun  3 11:58:00 UTC 2025"), utc("2025-06-03T11:58:00Z"));
        assert_eq!(ctime("Tue 10 Jun 2025 11:58:00 PM UTC"), utc("2025-06-10T23:58:00Z"));
        assert_eq!(openssl("Dec  6 18:07:49 2025 GMT"), utc("2025-12-06T18:07:49Z"));
        assert_eq!(openssl("Mar 23 10:15:00 2054 GMT"), utc("2054-03-23T10:15:00Z"));
        assert_eq!(systemd("Thu 2024-03-07 18:49:00 UTC"), utc("2024-03-07T18:49:00Z"));
        assert_eq!(epoch("1709837452.150241"), utc("2024-03-07T18:50:52.150241Z"));
        assert_eq!(epoch("1709837452150241"), utc("2024-03-07T18:50:52.150241Z"));
        assert_eq!(epoch("1700000000123.456"), utc("2023-11-14T22:13:20.123456Z"));
    }

    #[test]
    fn infers_the_year_around_new_year() {
        let context = Context { reference: utc("2025-01-01T00:30:00Z") };
        let (time, rest) = klog_prefix("1231 23:59:59.5    1 x.go:1] a", &context).expect("klog");
        assert_eq!(time, utc("2024-12-31T23:59:59.5Z"));
        assert_eq!(rest, "    1 x.go:1] a");
        let (time, _) = short_prefix("Jan  1 00:10:00 host", &context).expect("short");
        assert_eq!(time, utc("2025-01-01T00:10:00Z"));
        let context = Context { reference: utc("2024-12-31T23:30:00Z") };
        let (time, _) = short_prefix("Jan  1 00:10:00 host", &context).expect("short");
        assert_eq!(time, utc("2025-01-01T00:10:00Z"));
        let (time, _) = short_prefix("Dez  1 00:10:00 host", &context).expect("short");
        assert_eq!(time, utc("2024-12-01T00:10:00Z"));
        let unknown = Context::default();
        assert_eq!(klog_prefix("1231 23:59:59 x", &unknown), Some((None, " x")));
        assert_eq!(short_prefix("Undo  1 00:10:00 x", &unknown), None);
    }

    #[test]
    fn reads_go_durations() {
        for (text, expected) in [
            ("3m5.30015447s", 185.300_154_47),
            ("57.106\u{b5}s", 57.106e-6),
            ("57.106\u{3bc}s", 57.106e-6),
            ("57us", 57e-6),
            ("317ns", 317e-9),
            ("400ms", 0.4),
            ("2h33m12.704970756s", 9_192.704_970_756),
            ("-2562047h47m16.854775808s", -9_223_372_036.854_776),
            ("0", 0.0),
        ] {
            let read = go_duration(text).expect(text);
            assert!((read - expected).abs() <= expected.abs() * 1e-12, "{text}: {read}");
        }
        for text in ["", "-", "5", "3x", "m", "1.2.3s"] {
            assert_eq!(go_duration(text), None, "{text}");
        }
    }
}
