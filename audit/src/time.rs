//! Times and durations as audit logs and their exports spell them.

mod dates;

pub(crate) use dates::{Dates, Order, has_zone, is_local, local};

/// Micro-seconds since 1970 of an RFC 3339 time, or of what Kusto and the portal print.
///
/// Times before 2000 are placeholders (`0001-01-01T00:00:00Z`) and give none.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let micros =
        fixed(text.as_bytes()).or_else(|| fast(text.as_bytes())).or_else(|| slow(text.trim()))?;
    (micros >= OLDEST).then_some(micros)
}

/// The beginning of 2000 in micro-seconds.
const OLDEST: i64 = 946_684_800_000_000;

/// A time as RFC 3339 in UTC.
pub(crate) fn print(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).map(|stamp| stamp.to_string()).unwrap_or_default()
}

/// The minute that was read last: times of neighbouring lines mostly share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    minute: [u8; 17],
    /// Micro-seconds at which it began.
    start: i64,
}

impl Clock {
    /// What `parse` reads, when the API server wrote it.
    #[inline]
    pub(crate) fn read(&mut self, text: &[u8; 27]) -> Option<i64> {
        let (minute, rest) = text.split_first_chunk::<17>()?;
        let [s0, s1, b'.', f0, f1, f2, f3, f4, f5, b'Z'] = *rest.first_chunk::<10>()? else {
            return None;
        };
        if *minute != self.minute {
            // The last second must exist as well: 24:00 is a time and 24:00:59 is none.
            let last: Vec<u8> = [minute.as_slice(), b"59.000000Z"].concat();
            let start = fixed(&last)? - 59_000_000;
            if start < OLDEST {
                return None;
            }
            *self = Self { minute: *minute, start };
        }
        let mut highest = 0;
        let mut two = |ten: u8, one: u8| {
            let (ten, one) = (ten.wrapping_sub(b'0'), one.wrapping_sub(b'0'));
            highest = highest.max(ten).max(one);
            i64::from(ten) * 10 + i64::from(one)
        };
        let second = two(s0, s1);
        let micros = two(f0, f1) * 10_000 + two(f2, f3) * 100 + two(f4, f5);
        (highest <= 9 && second <= 59).then_some(self.start + second * 1_000_000 + micros)
    }
}

/// A time as the API server writes it, with all six digits of the fraction.
fn fixed(bytes: &[u8]) -> Option<i64> {
    let bytes: &[u8; 27] = bytes.try_into().ok()?;
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        mo0,
        mo1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        mi0,
        mi1,
        b':',
        s0,
        s1,
        b'.',
        f0,
        f1,
        f2,
        f3,
        f4,
        f5,
        b'Z',
    ] = *bytes
    else {
        return None;
    };
    let mut highest = 0;
    let mut two = |ten: u8, one: u8| {
        let (ten, one) = (ten.wrapping_sub(b'0'), one.wrapping_sub(b'0'));
        highest = highest.max(ten).max(one);
        i64::from(ten) * 10 + i64::from(one)
    };
    let year = two(y0, y1) * 100 + two(y2, y3);
    let (month, day) = (two(mo0, mo1), two(d0, d1));
    let second = two(h0, h1) * 3600 + two(mi0, mi1) * 60 + two(s0, s1);
    let micros = two(f0, f1) * 10_000 + two(f2, f3) * 100 + two(f4, f5);
    if highest > 9 { None } else { civil(year, month, day, second, micros) }
}

fn fast(bytes: &[u8]) -> Option<i64> {
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        mo0,
        mo1,
        b'-',
        d0,
        d1,
        b'T' | b' ',
        h0,
        h1,
        b':',
        mi0,
        mi1,
        b':',
        s0,
        s1,
        rest @ ..,
    ] = bytes
    else {
        return None;
    };
    let fraction = match rest {
        b"Z" | b"z" | b"" => 0,
        [b'.', digits @ .., b'Z' | b'z'] | [b'.', digits @ ..] => fraction(digits)?,
        _ => return None,
    };
    let year = number(&[*y0, *y1, *y2, *y3])?;
    civil(
        year,
        number(&[*mo0, *mo1])?,
        number(&[*d0, *d1])?,
        number(&[*h0, *h1])? * 3600 + number(&[*mi0, *mi1])? * 60 + number(&[*s0, *s1])?,
        fraction,
    )
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
        sum.checked_mul(10)?.checked_add(i64::from(digit))
    })
}

fn fraction(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut micros = 0;
    for index in 0..6 {
        let digit = digits.get(index).copied().unwrap_or(b'0');
        micros = micros * 10 + number(&[digit])?;
    }
    number(digits)?;
    Some(micros)
}

fn civil(year: i64, month: i64, day: i64, second_of_day: i64, micros: i64) -> Option<i64> {
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || !(0..=86_400).contains(&second_of_day)
    {
        return None;
    }
    // Days from civil, counted from 1 March so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some((days * 86_400 + second_of_day) * 1_000_000 + micros)
}

fn slow(text: &str) -> Option<i64> {
    if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
        return Some(stamp.as_microsecond());
    }
    counted(text).or_else(|| local(text, Order::Unknown))
}

/// A time as a count since 1970, of the unit that its length tells, or as .NET's `/Date(1748883347792)/`.
fn counted(text: &str) -> Option<i64> {
    if let Some(rest) = text.strip_prefix("/Date(") {
        let millis = rest.strip_suffix(")/")?;
        // What follows a sign is the zone in which the time was shown.
        let end = millis.find(['+', '-']).unwrap_or(millis.len());
        return millis.get(..end)?.parse::<i64>().ok()?.checked_mul(1_000);
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let count = number(whole.as_bytes())?;
    match whole.len() {
        10 => Some(count * 1_000_000 + fraction(part.as_bytes())?),
        13 => Some(count * 1_000 + fraction(part.as_bytes())? / 1_000),
        16 if part == "0" => Some(count),
        19 if part == "0" => Some(count / 1_000),
        _ => None,
    }
}

/// Nano-seconds of a Go duration (`1m2.3s`, `57.106µs`); negative ones are a known fault of some
/// API servers and give none.
pub(crate) fn go_duration(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() || rest.len() > 64 {
        return None;
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|symbol: char| !(symbol.is_ascii_digit() || symbol == '.'))?;
        let (value, tail) = rest.split_at_checked(digits)?;
        let unit_end = tail
            .find(|symbol: char| symbol.is_ascii_digit() || symbol == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit_end)?;
        let scale: u64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, part) = value.split_once('.').unwrap_or((value, ""));
        let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
        let mut sum = whole.checked_mul(scale)?;
        let mut unit_of_digit = scale;
        for digit in part.bytes() {
            unit_of_digit /= 10;
            sum = sum.checked_add(u64::try_from(number(&[digit])?).ok()? * unit_of_digit)?;
        }
        total = total.checked_add(sum)?;
        rest = tail;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_time() {
        let expected =
            "2025-06-02T16:55:47.792Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
        for text in [
            "2025-06-02T16:55:47.792Z",
            "2025-06-02T16:55:47.792000000Z",
            "1748883347.792",
            "1748883347792",
            "1748883347792000",
            "1748883347792000000",
            "/Date(1748883347792)/",
            "/Date(1748883347792+0200)/",
            "2025-06-02T18:55:47.792+02:00",
            "2025-06-02 16:55:47.792",
            "6/2/2025, 4:55:47.792 PM",
            "6/2/2025 4:55:47.792 PM",
            "6/2/2025, 4:55:47.792\u{202f}PM",
            "06/02/2025 16:55:47.792",
            "02.06.2025 16:55:47.792",
            "02.06.2025, 16:55:47.792",
            "02/06/2025, 16:55:47.792",
            "02/06/2025 16:55:47,792",
            "2/6/2025, 4:55:47.792 pm",
            "2/6/2025, 4:55:47.792 p. m.",
            "2-6-2025, 16:55:47.792",
            "2.6.2025 klo 16.55.47,792",
            "2025. 6. 2. 오후 4:55:47.792",
            "2025/6/2 下午4:55:47.792",
            "2025/6/2 16:55:47.792",
            "2025年6月2日 16:55:47.792",
            "2025-06-02, 4:55:47.792 p.m.",
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        assert_eq!(local("6/2/2025, 16:55:47.792", Order::MonthFirst), Some(expected));
        for text in [
            "6/2/2025, 4:55:47 PM +02:00",
            "6/2/2025",
            "1.2.3.4.5.6.7.8",
            "6/2/2025 at noon 12:00",
            "2/30/",
        ] {
            assert_eq!(local(text, Order::MonthFirst), None, "{text}");
        }
        assert_eq!(parse("0001-01-01T00:00:00Z"), None);
        assert_eq!(parse("2025-13-02T16:55:47Z"), None);
        assert_eq!(parse("yesterday"), None);
        assert_eq!(parse(&"9".repeat(40)), None);
        assert_eq!(parse(&format!("1748883347.{}", "7".repeat(40))), None);
    }

    #[test]
    fn the_clock_reads_what_is_parsed() {
        let mut clock = Clock::default();
        for text in [
            "2025-06-02T16:55:47.792000Z",
            "2025-06-02T16:55:59.999999Z",
            "2025-06-02T16:55:60.000000Z",
            "2025-06-02T16:55:0x.000000Z",
            "2025-06-02T16:56:00.000001Z",
            "2025-06-02T24:00:00.000000Z",
            "2025-06-02T24:00:30.000000Z",
            "2025-13-02T16:55:47.792000Z",
            "0001-01-01T00:00:00.000000Z",
            "1999-12-31T23:59:59.000000Z",
            "2000-01-01T00:00:00.000000Z",
            "2025-06-02 16:55:47.792000Z",
            "2025-06-02T16:55:47.792+0000",
        ] {
            let Ok(bytes) = <&[u8; 27]>::try_from(text.as_bytes()) else { continue };
            if let Some(time) = clock.read(bytes) {
                assert_eq!(Some(time), parse(text), "{text}");
            }
        }
        assert_eq!(clock.read(b"2025-06-02T16:55:47.792000Z"), parse("2025-06-02T16:55:47.792Z"));
        assert_eq!(clock.read(b"2025-06-02T16:55:60.000000Z"), None);
        assert_eq!(clock.read(b"2025-06-02T24:00:30.000000Z"), None);
    }

    #[test]
    fn days_agree_with_jiff() {
        for seconds in (946_684_800..4_102_444_800_i64).step_by(86_400 * 17 + 3_661) {
            let text = jiff::Timestamp::from_second(seconds).unwrap().to_string();
            assert_eq!(parse(&text), Some(seconds * 1_000_000), "{text}");
        }
    }

    #[test]
    fn go_durations() {
        assert_eq!(go_duration("35.683763759s"), Some(35_683_763_759));
        assert_eq!(go_duration("57.106µs"), Some(57_106));
        assert_eq!(go_duration("57.106\u{3bc}s"), Some(57_106));
        assert_eq!(go_duration("57.106us"), Some(57_106));
        assert_eq!(go_duration("1m2.3s"), Some(62_300_000_000));
        assert_eq!(go_duration("317ns"), Some(317));
        assert_eq!(go_duration("0s"), Some(0));
        assert_eq!(go_duration("-2562047h47m16.854775808s"), None);
        assert_eq!(go_duration("fast"), None);
        assert_eq!(go_duration("999999999999h"), None);
    }
}
