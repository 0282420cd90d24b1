//! Round times for an axis.

use jiff::Timestamp;

/// Steps that a person counts in, in seconds.
const STEPS: [u32; 16] =
    [1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800, 2_592_000];
const YEAR: u32 = 31_536_000;

/// Round times from one second to another, at most `most` steps apart, with what to write there.
pub(super) fn ticks(from: f64, to: f64, most: u32) -> Vec<(f64, String)> {
    let span = to - from;
    let step = STEPS.into_iter().find(|step| span / f64::from(*step) <= f64::from(most));
    let step = step.unwrap_or(YEAR);
    let format = if step >= 86_400 {
        "%m-%d"
    } else if span > 86_400.0 {
        "%m-%d %H:%M"
    } else if step < 60 {
        "%H:%M:%S"
    } else {
        "%H:%M"
    };
    let step = f64::from(step);
    let mut ticks = Vec::new();
    let mut at = (from / step).ceil() * step;
    while at <= to && ticks.len() <= most as usize {
        let label = label(at, format);
        ticks.extend(label.map(|label| (at, label)));
        at += step;
    }
    ticks
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of time stamps that were parsed")]
fn label(at: f64, format: &str) -> Option<String> {
    Some(Timestamp::from_second(at as i64).ok()?.strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: f64, to: f64) -> Vec<String> {
        ticks(from, to, 8).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn the_step_grows_with_the_span() {
        assert_eq!(labels(0.0, 3.5), ["00:00:00", "00:00:01", "00:00:02", "00:00:03"]);
        assert_eq!(labels(61.0, 190.0), ["00:01:30", "00:02:00", "00:02:30", "00:03:00"]);
        assert_eq!(labels(61.0, 360.0), ["00:02", "00:03", "00:04", "00:05", "00:06"]);
        assert_eq!(labels(0.0, 30.0 * 60.0).len(), 7);
        assert_eq!(labels(0.0, 1.5 * 86_400.0).first().map(String::as_str), Some("01-01 00:00"));
        assert_eq!(labels(0.0, 40.0 * 86_400.0).last().map(String::as_str), Some("02-05"));
    }

    #[test]
    fn never_more_than_asked_for() {
        for span in [1.0, 59.0, 3599.0, 86_399.0, 4e9] {
            assert!(ticks(1.7e9, 1.7e9 + span, 6).len() <= 7, "{span}");
        }
    }
}
