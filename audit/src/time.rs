//! Times and durations as audit logs and their exports spell them.

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
        digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'))
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
    local(text, Order::Unknown)
}

/// Which of day and month stands first in dates that a spreadsheet or the portal localised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    #[default]
    Unknown,
    DayFirst,
    MonthFirst,
}

/// Whether a date is written as people write it, with the year last.
pub(crate) fn is_local(text: &str) -> bool {
    let first = text.trim_start().bytes().take_while(u8::is_ascii_digit).count();
    (1..=2).contains(&first)
}

/// Whether a time says how far it is from UTC.
pub(crate) fn has_zone(text: &str) -> bool {
    let text = text.trim_end();
    let clock = text.rsplit(['T', ' ']).next().unwrap_or(text);
    text.ends_with(['Z', 'z']) || text.ends_with("UTC") || clock.contains(['+', '-'])
}

/// The dates of an export, to tell whether days or months stand first in them.
#[derive(Debug, Default)]
pub(crate) struct Dates {
    proof: Order,
    /// What the place would usually write that way.
    usual: Order,
    /// Capital `AM` and `PM` behind slashes are American.
    american: bool,
    /// Least and most of both readings: days first, months first.
    spans: [Option<(i64, i64)>; 2],
}

impl Dates {
    pub(crate) fn see(&mut self, text: &str) {
        if !is_local(text) {
            return;
        }
        let Some(written) = Written::read(text) else { return };
        let proof = written.proof();
        if self.proof == Order::Unknown {
            self.proof = proof;
        }
        if self.usual == Order::Unknown {
            self.usual = written.usual();
            self.american = written.american();
        }
        for (span, order) in self.spans.iter_mut().zip([Order::DayFirst, Order::MonthFirst]) {
            if let Some(time) = written.micros(order) {
                let (least, most) = span.unwrap_or((time, time));
                *span = Some((least.min(time), most.max(time)));
            }
        }
    }

    pub(crate) fn proven(&self) -> bool {
        self.proof != Order::Unknown
    }

    /// The order, and whether it is only assumed. Where no date proves it, rows of an export lie close
    /// together; where those are of one day, what is usual decides.
    pub(crate) fn order(&self, semicolons: bool) -> (Order, bool) {
        if self.proven() {
            return (self.proof, false);
        }
        let [Some((from, to)), Some((other_from, other_to))] = self.spans else {
            return (self.usual, false);
        };
        match (to - from).cmp(&(other_to - other_from)) {
            std::cmp::Ordering::Less => (Order::DayFirst, false),
            std::cmp::Ordering::Greater => (Order::MonthFirst, false),
            // The third of March is the same either way.
            std::cmp::Ordering::Equal if from == other_from => (Order::DayFirst, false),
            std::cmp::Ordering::Equal if semicolons => (Order::DayFirst, true),
            std::cmp::Ordering::Equal => (self.usual, !self.american),
        }
    }
}

/// A date and time as a portal or a spreadsheet writes it for people: three numbers of a date, two to
/// four of a time, and perhaps a word for the half of the day.
#[derive(Debug)]
struct Written<'a> {
    text: &'a str,
    numbers: [i64; 6],
    first_digits: usize,
    micros: i64,
    afternoon: Option<bool>,
}

impl<'a> Written<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let text = text.trim();
        if text.len() > 64 {
            return None;
        }
        let mut numbers = [0; 6];
        let (mut count, mut micros, mut first_digits) = (0, 0, 0);
        let mut words = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, tail) = rest.split_at_checked(digits)?;
            match count {
                0..6 => *numbers.get_mut(count)? = number.parse().ok()?,
                6 => micros = fraction(number.as_bytes())?,
                _ => return None,
            }
            first_digits = if count == 0 { digits } else { first_digits };
            count += 1;
            let end = tail.find(|symbol: char| symbol.is_ascii_digit()).unwrap_or(tail.len());
            let (between, next) = tail.split_at_checked(end)?;
            if !next.is_empty() && !separates(count, between) {
                return None;
            }
            words.extend(
                between
                    .chars()
                    .filter(|symbol| symbol.is_alphabetic())
                    .flat_map(char::to_lowercase),
            );
            rest = next;
        }
        let afternoon = match words.trim_start_matches(['年', '月', '日']) {
            "" | "z" | "utc" | "klo" => None,
            "am" | "오전" | "上午" | "午前" | "πμ" => Some(false),
            "pm" | "오후" | "下午" | "午後" | "μμ" => Some(true),
            _ => return None,
        };
        (count >= 5).then_some(Self { text, numbers, first_digits, micros, afternoon })
    }

    /// What the numbers themselves prove.
    fn proof(&self) -> Order {
        let [first, second, ..] = self.numbers;
        match (first > 12, second > 12) {
            _ if self.first_digits > 2 => Order::Unknown,
            (true, false) => Order::DayFirst,
            (false, true) => Order::MonthFirst,
            _ if !self.date_has('/') => Order::DayFirst,
            _ => Order::Unknown,
        }
    }

    /// What those who write it so mean: of slashes, Americans write `PM`, and 24 hours without a comma
    /// is what programs write without a place.
    fn usual(&self) -> Order {
        let comma = self.text.contains(',');
        match self.afternoon {
            Some(_) if self.american() => Order::MonthFirst,
            Some(_) => Order::DayFirst,
            None if comma => Order::DayFirst,
            None => Order::MonthFirst,
        }
    }

    fn american(&self) -> bool {
        self.text.contains("AM") || self.text.contains("PM")
    }

    fn date_has(&self, symbol: char) -> bool {
        let date = self.text.split([',', ' ', ':', '\u{a0}', '\u{202f}']).next();
        date.is_some_and(|date| date.contains(symbol))
    }

    fn micros(&self, order: Order) -> Option<i64> {
        let [first, second, third, hour, minute, second_of_minute] = self.numbers;
        let (year, month, day) = match order {
            _ if self.first_digits > 2 => (first, second, third),
            Order::DayFirst => (third, second, first),
            Order::MonthFirst | Order::Unknown => (third, first, second),
        };
        let year = if year < 100 { year + 2000 } else { year };
        let hour = match self.afternoon {
            Some(true) if hour < 12 => hour + 12,
            Some(false) if hour == 12 => 0,
            _ => hour,
        };
        let second_of_day = hour.checked_mul(3600)?.checked_add(minute.checked_mul(60)?)?;
        let second_of_day = second_of_day.checked_add(second_of_minute)?;
        (year < 10_000).then(|| civil(year, month, day, second_of_day, self.micros)).flatten()
    }
}

/// Whether a text may stand behind the number of that count.
fn separates(count: usize, between: &str) -> bool {
    let plain = between.trim();
    match count {
        1 | 2 => matches!(plain, "/" | "." | "-" | "年" | "月"),
        3 => !between.is_empty() && between.len() <= 24 && !plain.contains(['/', '-', '+', ':']),
        4 | 5 => matches!(between, ":" | "."),
        6 => matches!(between, "." | ","),
        _ => false,
    }
}

/// A localised date and time such as `6/2/2025, 4:55:47.792 PM`, `02.06.2025 16:55:47` or
/// `2025. 6. 2. 오후 4:55:47`.
pub(crate) fn local(text: &str, order: Order) -> Option<i64> {
    let written = Written::read(text)?;
    let proof = written.proof();
    let order = match (proof, order) {
        (Order::Unknown, Order::Unknown) => written.usual(),
        (Order::Unknown, order) => order,
        (proof, _) => proof,
    };
    written.micros(order)
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
