//! The charts' geometry: lines over time, bars, and the matrix of who reaches what.
//!
//! At most five series and 300 points each; spikes stay, gaps are never bridged, bars begin at zero.

use jiff::Timestamp;
use serde::Serialize;

use super::{axis, escape};
use crate::report::{ClusterCard, SeriesCard};

const SERIES: usize = 5;
const POINTS: usize = 300;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 640.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 180.0;
/// The height of a label at a line's end.
const LABEL: f64 = 14.0;
/// A bar and its label above it.
const BAR_PITCH: f64 = 34.0;
const BAR_WIDTH: f64 = 420.0;
const BAR_CHARACTERS: usize = 50;

#[derive(Debug, Serialize)]
pub(super) struct LineChart {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    pub width: f64,
    pub height: f64,
    pub unit: String,
    pub series: Vec<Line>,
    pub y_ticks: Vec<(f64, String)>,
    pub x_ticks: Vec<(f64, String)>,
    /// The series that reaches highest, how high and when, which the description says.
    pub peak: (String, String, String),
    pub left_out: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub name: String,
    /// One path a stretch without gaps.
    pub paths: Vec<String>,
    /// The same stretches closed down to zero.
    pub areas: Vec<String>,
    pub label_x: f64,
    pub label_y: f64,
    pub dots: Vec<(f64, f64)>,
    pub max: String,
    pub last: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Bars {
    pub rows: Vec<Bar>,
    pub height: f64,
    pub left_out: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Bar {
    pub name: String,
    pub detail: String,
    /// Name and detail, as long as the drawing is wide.
    pub label: String,
    pub value: u64,
    pub y: f64,
    pub width: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Matrix {
    pub targets: Vec<String>,
    pub rows: Vec<MatrixRow>,
}

#[derive(Debug, Serialize)]
pub(super) struct MatrixRow {
    pub from: String,
    /// State and count, in the order of the targets; `None` where nothing is known.
    pub cells: Vec<Option<(String, u64)>>,
}

/// Latency by client over time.
pub(super) fn latency(cluster: &ClusterCard) -> Option<LineChart> {
    let mut series: Vec<(&SeriesCard, Vec<(f64, f64)>)> =
        cluster.latency.iter().map(|series| (series, points(series))).collect();
    series.retain(|(_, points)| !points.is_empty());
    series.sort_by(|a, b| top(&b.1).total_cmp(&top(&a.1)).then_with(|| a.0.name.cmp(&b.0.name)));
    let left_out = series.len().saturating_sub(SERIES);
    series.truncate(SERIES);
    let all = || series.iter().flat_map(|(_, points)| points);
    let (from, to) = (
        all().map(|point| point.0).fold(f64::INFINITY, f64::min),
        all().map(|point| point.0).fold(f64::NEG_INFINITY, f64::max),
    );
    let (step, max) = nice(all().map(|point| point.1).fold(0.0, f64::max));
    if to <= from || max <= 0.0 {
        return None;
    }
    let (first, _) = series.first()?;
    let unit = first.unit.clone();
    let x = |at: f64| round(LEFT + (RIGHT - LEFT) * (at - from) / (to - from));
    let y = |value: f64| round(BOTTOM - (BOTTOM - TOP) * value / max);
    let mut lines: Vec<Line> =
        series.iter().map(|(card, points)| line(card, points, &x, &y, &unit)).collect();
    spread_labels(&mut lines);
    let peak = series.first().and_then(|(card, points)| {
        let highest = points.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some((card.name.clone(), amount(highest.1, &unit), clock(highest.0)))
    })?;
    Some(LineChart {
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: BOTTOM,
        width: 860.0,
        height: BOTTOM + 26.0,
        y_ticks: (0..=4_u8)
            .map(|index| f64::from(index) * step)
            .filter(|value| *value <= max * 1.001)
            .map(|value| (y(value), amount(value, &unit)))
            .collect(),
        x_ticks: axis::ticks(from, to, 6).into_iter().map(|(at, label)| (x(at), label)).collect(),
        unit,
        series: lines,
        peak,
        left_out,
    })
}

fn top(points: &[(f64, f64)]) -> f64 {
    points.iter().map(|point| point.1).fold(0.0, f64::max)
}

/// Seconds and values in order of time, reduced so that the lowest and highest of each bin stay.
fn points(series: &SeriesCard) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = series
        .points
        .iter()
        .filter(|(_, value)| value.is_finite() && *value >= 0.0)
        .filter_map(|(at, value)| {
            Some((at.parse::<Timestamp>().ok()?.as_duration().as_secs_f64(), *value))
        })
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    if points.len() <= POINTS {
        return points;
    }
    let bin = points.len().div_ceil(POINTS / 2);
    points
        .chunks(bin)
        .flat_map(|chunk| {
            let low = chunk.iter().min_by(|a, b| a.1.total_cmp(&b.1)).copied();
            let high = chunk.iter().max_by(|a, b| a.1.total_cmp(&b.1)).copied();
            let mut pair: Vec<(f64, f64)> = [low, high].into_iter().flatten().collect();
            pair.sort_by(|a, b| a.0.total_cmp(&b.0));
            pair.dedup();
            pair
        })
        .collect()
}

fn line(
    card: &SeriesCard,
    points: &[(f64, f64)],
    x: &impl Fn(f64) -> f64,
    y: &impl Fn(f64) -> f64,
    unit: &str,
) -> Line {
    let mut steps: Vec<f64> = points
        .windows(2)
        .map(|pair| pair.last().map_or(0.0, |b| b.0) - pair.first().map_or(0.0, |a| a.0))
        .collect();
    steps.sort_by(f64::total_cmp);
    // A hole of more than three usual steps is a gap: nothing was measured, so nothing is drawn.
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(0.0);
    let mut stretches: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut before: Option<f64> = None;
    for (at, value) in points {
        let place = (x(*at), y(*value));
        match stretches.last_mut() {
            Some(stretch) if before.is_some_and(|before| at - before <= usual * 3.0) => {
                stretch.push(place);
            }
            _ => stretches.push(vec![place]),
        }
        before = Some(*at);
    }
    let path = |stretch: &Vec<(f64, f64)>| {
        let places: Vec<String> = stretch.iter().map(|(x, y)| format!("{x} {y}")).collect();
        format!("M{}", places.join("L"))
    };
    let area = |stretch: &Vec<(f64, f64)>| {
        let (first, last) =
            (stretch.first().map_or(0.0, |p| p.0), stretch.last().map_or(0.0, |p| p.0));
        format!("{}L{last} {BOTTOM}L{first} {BOTTOM}Z", path(stretch))
    };
    let last = points.last().copied().unwrap_or_default();
    Line {
        name: card.name.clone(),
        areas: stretches.iter().map(area).collect(),
        paths: stretches.iter().filter(|stretch| stretch.len() > 1).map(path).collect(),
        dots: stretches.iter().filter(|stretch| stretch.len() == 1).flatten().copied().collect(),
        label_x: round(x(last.0) + 6.0),
        label_y: round(y(last.1) + 4.0),
        max: amount(top(points), unit),
        last: amount(last.1, unit),
    }
}

/// Moves labels at the lines' ends apart, top to bottom, and those that are below the drawing up again.
fn spread_labels(lines: &mut [Line]) {
    let mut order: Vec<&mut Line> = lines.iter_mut().collect();
    order.sort_by(|a, b| a.label_y.total_cmp(&b.label_y));
    let mut free = TOP;
    for line in &mut order {
        line.label_y = round(line.label_y.max(free));
        free = line.label_y + LABEL;
    }
    let mut last = BOTTOM + LABEL / 2.0;
    for line in order.into_iter().rev() {
        line.label_y = round(line.label_y.min(last));
        last = line.label_y - LABEL;
    }
}

/// The smallest of 1, 2, 2.5, 5 × 10ⁿ of which four reach the maximum, and four of it.
fn nice(max: f64) -> (f64, f64) {
    let mut scale = 1e-3;
    while scale < 1e15 {
        for factor in [1.0, 2.0, 2.5, 5.0] {
            let step: f64 = factor * scale;
            if step * 4.0 >= max {
                return (step, step * 4.0);
            }
        }
        scale *= 10.0;
    }
    (max / 4.0, max)
}

/// A value in a unit that a person reads: milliseconds become seconds from one second on.
fn amount(value: f64, unit: &str) -> String {
    let plain = |value: f64| {
        let text = format!("{value:.1}");
        text.strip_suffix(".0").map_or(text.clone(), ToOwned::to_owned)
    };
    if unit == "ms" && value >= 1000.0 {
        return format!("{} s", plain(value / 1000.0));
    }
    format!("{} {unit}", plain(value)).trim_end().to_owned()
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of time stamps that were parsed")]
fn clock(at: f64) -> String {
    Timestamp::from_second(at as i64)
        .map(|time| time.strftime("%H:%M:%S").to_string())
        .unwrap_or_default()
}

/// Horizontal bars, the largest first, from zero.
pub(super) fn bars(rows: impl Iterator<Item = (String, String, u64)>, most: usize) -> Option<Bars> {
    let mut rows: Vec<(String, String, u64)> = rows.collect();
    rows.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.cmp(b)));
    let left_out = rows.len().saturating_sub(most);
    rows.truncate(most);
    let max = rows.first().filter(|row| row.2 > 0)?.2;
    let rows: Vec<Bar> = rows
        .into_iter()
        .zip(0_u32..)
        .map(|((name, detail, value), index)| Bar {
            label: bar_label(&name, &detail),
            name,
            detail,
            value,
            y: f64::from(index) * BAR_PITCH,
            width: round(BAR_WIDTH * ratio(value, max)).max(1.0),
        })
        .collect();
    let height = rows.last().map_or(BAR_PITCH, |row| row.y + BAR_PITCH);
    Some(Bars { rows, height, left_out })
}

/// A long name gives way to its detail: the verb tells two bars of one client apart.
fn bar_label(name: &str, detail: &str) -> String {
    let room = BAR_CHARACTERS.saturating_sub(detail.chars().count() + 1);
    format!("{} {detail}", escape::cut(name, room)).trim_end().to_owned()
}

#[expect(clippy::cast_precision_loss, reason = "a bar's length needs three digits")]
fn ratio(value: u64, max: u64) -> f64 {
    value as f64 / max as f64
}

/// Pool × target.
pub(super) fn matrix(cluster: &ClusterCard, most: usize) -> Option<Matrix> {
    let mut targets: Vec<String> =
        cluster.connectivity.iter().map(|card| card.target.clone()).collect();
    targets.sort();
    targets.dedup();
    targets.truncate(12);
    let mut pools: Vec<&str> = cluster.connectivity.iter().map(|card| card.from.as_str()).collect();
    pools.sort_unstable();
    pools.dedup();
    pools.truncate(most);
    if pools.is_empty() {
        return None;
    }
    let cell = |from: &str, target: &str| {
        // The worst state of a pool's nodes is what the cell shows.
        let rank = |state: &str| {
            ["dropped", "rejected", "unknown", "open"].iter().position(|s| *s == state).unwrap_or(9)
        };
        let cards =
            cluster.connectivity.iter().filter(|card| card.from == from && card.target == target);
        cards.min_by_key(|card| rank(&card.state)).map(|card| (card.state.clone(), card.count))
    };
    let rows = pools
        .into_iter()
        .map(|from| MatrixRow {
            from: from.to_owned(),
            cells: targets.iter().map(|target| cell(from, target)).collect(),
        })
        .collect();
    Some(Matrix { targets, rows })
}

fn round(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_at_the_lower_edge_stay_within_the_drawing() {
        let line = |label_y: f64| Line {
            name: String::new(),
            paths: Vec::new(),
            areas: Vec::new(),
            label_x: 0.0,
            label_y,
            dots: Vec::new(),
            max: String::new(),
            last: String::new(),
        };
        let mut lines: Vec<Line> =
            [30.0, 181.0, 184.0, 183.0, 182.0].into_iter().map(line).collect();
        spread_labels(&mut lines);
        let mut places: Vec<f64> = lines.iter().map(|line| line.label_y).collect();
        places.sort_by(f64::total_cmp);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= LABEL), "{places:?}");
        assert!(places.iter().all(|place| (TOP..=BOTTOM + LABEL).contains(place)), "{places:?}");
        assert!(places.contains(&30.0), "one that has room stays: {places:?}");
    }
}
