//! What rules compute from samples: quantiles of histograms, and growth between two scrapes.

use std::collections::BTreeMap;

use crate::model::Labels;
use crate::model::metrics::{Sample, Scrape};

/// A quantile of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    pub value: f64,
    /// True when it lies above the last finite bound, which `value` then is.
    pub at_least: bool,
}

impl Quantile {
    /// With one digit, as a bound where it lies above the last one.
    pub fn shown(&self) -> String {
        let bound = if self.at_least { "≥ " } else { "" };
        format!("{bound}{:.1}", self.value)
    }
}

/// The quantile `q` (0 to 1) of the `_bucket` samples among those given, summed over all series;
/// other samples are passed over. Nothing without an observation or without the `+Inf` bucket.
pub fn histogram_quantile<'a>(
    samples: impl IntoIterator<Item = &'a Sample>,
    q: f64,
) -> Option<Quantile> {
    let buckets = samples.into_iter().filter(|sample| sample.name.ends_with("_bucket"));
    quantile(buckets.filter_map(|sample| Some((sample.label("le").parse().ok()?, sample.value))), q)
}

/// The same of bounds and how many observations are at or below each.
pub fn quantile(buckets: impl IntoIterator<Item = (f64, f64)>, q: f64) -> Option<Quantile> {
    let mut sums: Vec<(f64, f64)> =
        buckets.into_iter().filter(|(bound, count)| !bound.is_nan() && count.is_finite()).collect();
    sums.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for (bound, count) in sums {
        match buckets.last_mut() {
            Some((last, sum)) if last.total_cmp(&bound).is_eq() => *sum += count,
            _ => buckets.push((bound, count)),
        }
    }
    let (last, total) = *buckets.last()?;
    if !last.is_infinite() || total <= 0.0 {
        return None;
    }
    let rank = q.clamp(0.0, 1.0) * total;
    let (mut lower, mut below) = (0.0, 0.0);
    for (bound, count) in buckets {
        if bound.is_infinite() {
            return Some(Quantile { value: lower, at_least: true });
        }
        if count >= rank && count > below {
            let share = ((rank - below) / (count - below)).clamp(0.0, 1.0);
            let from = if below == 0.0 && bound <= 0.0 { bound } else { lower };
            return Some(Quantile { value: from + (bound - from) * share, at_least: false });
        }
        (lower, below) = (bound, count.max(below));
    }
    None
}

/// Why two scrapes cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoGrowth {
    /// They are of different components or nodes.
    Other,
    /// `process_start_time_seconds` differs: another replica answered, or the process began anew.
    OtherProcess,
    /// Counters fell.
    Fell,
}

/// How counters grew from one scrape to another.
#[derive(Clone, Debug)]
pub struct Growth<'a> {
    /// Between the scrapes, where both say when they were taken.
    pub seconds: Option<f64>,
    earlier: BTreeMap<(&'a str, &'a Labels), f64>,
}

impl Growth<'_> {
    /// By how much a sample of the later scrape exceeds its counterpart; a series that is new has
    /// grown by its whole value.
    pub fn of(&self, later: &Sample) -> f64 {
        let before = self.earlier.get(&(later.name.as_str(), &later.labels));
        later.value - before.copied().unwrap_or(0.0)
    }
}

/// Compares two scrapes of one process.
pub fn growth<'a>(earlier: &'a Scrape, later: &'a Scrape) -> Result<Growth<'a>, NoGrowth> {
    if earlier.component != later.component
        || (!earlier.node.is_empty() && !later.node.is_empty() && earlier.node != later.node)
    {
        return Err(NoGrowth::Other);
    }
    if let (Some(one), Some(two)) = (earlier.process_start, later.process_start)
        && one.duration_since(two).abs() > jiff::SignedDuration::from_secs(1)
    {
        return Err(NoGrowth::OtherProcess);
    }
    let samples = earlier.families.values().flatten();
    let growth = Growth {
        seconds: earlier
            .taken
            .zip(later.taken)
            .map(|(earlier, later)| later.duration_since(earlier).as_secs_f64())
            .filter(|seconds| *seconds > 0.0),
        earlier: samples
            .map(|sample| ((sample.name.as_str(), &sample.labels), sample.value))
            .collect(),
    };
    let fell = later
        .families
        .values()
        .flatten()
        .filter(|sample| sample.name.ends_with("_total") || sample.name.ends_with("_bucket"))
        .any(|sample| growth.of(sample) < 0.0);
    if fell { Err(NoGrowth::Fell) } else { Ok(growth) }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;

    fn bucket(le: &str, value: f64) -> Sample {
        let labels = Labels::from_iter([("le", le)]);
        Sample { name: "x_bucket".into(), labels, value, ..Sample::default() }
    }

    #[test]
    fn quantiles_are_interpolated_and_clamped() {
        let samples = [bucket("+Inf", 100.0), bucket("0.1", 50.0), bucket("1", 90.0)];
        let median = histogram_quantile(&samples, 0.5).unwrap();
        assert_eq!(median, Quantile { value: 0.1, at_least: false });
        let eighty = histogram_quantile(&samples, 0.7).unwrap();
        assert!((eighty.value - 0.55).abs() < 1e-9);
        let high = histogram_quantile(&samples, 0.99).unwrap();
        assert_eq!(high, Quantile { value: 1.0, at_least: true });
        assert_eq!(histogram_quantile(&[bucket("1", 5.0)], 0.5), None);
        assert_eq!(histogram_quantile(&[bucket("1", 0.0), bucket("+Inf", 0.0)], 0.5), None);
    }

    #[test]
    fn series_are_summed_by_bound() {
        let samples =
            [bucket("1", 1.0), bucket("1.0", 3.0), bucket("+Inf", 1.0), bucket("+Inf", 3.0)];
        assert_eq!(histogram_quantile(&samples, 0.5).unwrap().value, 0.5);
    }

    fn scrape(start: &str, value: f64) -> Scrape {
        let sample = Sample { name: "a_total".into(), value, ..Sample::default() };
        Scrape {
            process_start: Some(start.parse().unwrap()),
            families: BTreeMap::from([("a_total".to_owned(), vec![sample])]),
            ..Scrape::default()
        }
    }

    #[test]
    fn growth_needs_one_process() {
        let (one, two) = (scrape("2025-01-01T00:00:00Z", 5.0), scrape("2025-01-01T00:00:00Z", 9.0));
        assert_eq!(growth(&one, &two).unwrap().of(&two.families["a_total"][0]), 4.0);
        assert_eq!(growth(&two, &one).unwrap_err(), NoGrowth::Fell);
        let other = scrape("2025-01-02T00:00:00Z", 9.0);
        assert_eq!(growth(&one, &other).unwrap_err(), NoGrowth::OtherProcess);
    }
}
