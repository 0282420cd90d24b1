//! Dates and times as portals and spreadsheets write them for people.

use super::{civil, fraction};

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
