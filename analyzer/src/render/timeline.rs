//! The time line's geometry: one lane a kind of event, one shared axis, times to places.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{axis, terminal};
use crate::report::{Health, Report, TimelineEntry};

/// The lanes in the order they are drawn.
const LANES: [&str; 7] = ["changes", "platform", "nodes", "tunnel", "dns", "api", "pods"];
const LEFT: f64 = 104.0;
const WIDTH: f64 = 1200.0;
const RIGHT: f64 = WIDTH - 24.0;
const MARKS_A_LANE: usize = 60;
/// Mean width of a character of the labels, in the units of the drawing.
const CHARACTER: f64 = 6.1;

#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    pub width: f64,
    pub height: f64,
    pub left: f64,
    pub right: f64,
    pub ticks: Vec<Tick>,
    pub lanes: Vec<Lane>,
    /// Where the cause begins, and where the collection ended.
    pub since: Option<f64>,
    pub collected: Option<f64>,
    pub from: String,
    pub to: String,
    /// Entries before the window, which only the table shows.
    pub earlier: usize,
    /// The day of the axis' labels, when all are on one.
    pub day: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Tick {
    pub x: f64,
    pub label: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Lane {
    /// Completes `page-lane-…`; a lane we do not know keeps its own name.
    pub key: String,
    pub known: bool,
    pub y: f64,
    /// Stretches of which the bundle holds no data: where they begin and how wide they are.
    pub gaps: Vec<(f64, f64)>,
    pub marks: Vec<Mark>,
}

#[derive(Debug, Serialize)]
pub(super) struct Mark {
    pub x: f64,
    /// Of a state that lasts; 0 for a moment.
    pub width: f64,
    /// `broken`, `degraded`, `plain`: a shape and a colour each.
    pub class: &'static str,
    /// Beside the mark, where there is room; else empty.
    pub label: String,
    pub label_x: f64,
    pub label_end: bool,
    /// Says it whole, for a pointer and for a screen reader.
    pub title: String,
    pub at: String,
}

/// Places the entries of a report; `None` without two different times.
pub(super) fn place(report: &Report) -> Option<Timeline> {
    let mut entries: Vec<(Timestamp, &TimelineEntry)> =
        report.timeline.iter().filter_map(|entry| Some((entry.at.parse().ok()?, entry))).collect();
    entries.sort_by(|a, b| (a.0, &a.1.lane, &a.1.text).cmp(&(b.0, &b.1.lane, &b.1.text)));
    let (from, to) = window(report, &entries)?;
    let collected: Option<Timestamp> = parse(report.bundle.collected.as_deref());
    let scale = Scale { from, to };
    let mut lanes = Vec::new();
    for key in lane_names(&entries) {
        let y = 34.0 + number(lanes.len()) * 26.0;
        let inside = entries.iter().filter(|(at, entry)| entry.lane == key && *at >= from);
        let inside: Vec<_> = inside.copied().collect();
        if let Some(lane) = lane(report, key, y, &inside, &scale) {
            lanes.push(lane);
        }
    }
    let since = parse(report.verdict.since.as_deref()).filter(|at| *at >= from && *at <= to);
    Some(Timeline {
        width: WIDTH,
        height: 34.0 + number(lanes.len()) * 26.0,
        left: LEFT,
        right: RIGHT,
        ticks: ticks(&scale),
        lanes,
        since: since.map(|at| scale.x(at)),
        collected: collected.filter(|at| *at >= from && *at <= to).map(|at| scale.x(at)),
        from: from.to_string(),
        to: to.to_string(),
        earlier: entries.iter().filter(|(at, _)| *at < from).count(),
        day: from.strftime("%m-%d UTC").to_string(),
    })
}

struct Scale {
    from: Timestamp,
    to: Timestamp,
}

impl Scale {
    fn x(&self, at: Timestamp) -> f64 {
        let whole = self.to.duration_since(self.from).as_secs_f64().max(1.0);
        let part = at.duration_since(self.from).as_secs_f64().clamp(0.0, whole);
        round(LEFT + (RIGHT - LEFT) * part / whole)
    }
}

/// From a little before the trouble to the collection: days of calm would squeeze it to a dot.
fn window(
    report: &Report,
    entries: &[(Timestamp, &TimelineEntry)],
) -> Option<(Timestamp, Timestamp)> {
    let first = entries.first()?.0;
    let last =
        entries.iter().map(|(at, entry)| parse(entry.until.as_deref()).unwrap_or(*at)).max()?;
    let to = parse(report.bundle.collected.as_deref()).map_or(last, |end: Timestamp| end.max(last));
    let from = match parse(report.verdict.since.as_deref()) {
        Some(since) if since < to => {
            let trouble = to.duration_since(since);
            let before = (trouble / 2).max(SignedDuration::from_mins(5));
            since.checked_sub(before).unwrap_or(since).max(first)
        }
        _ => first,
    };
    (from < to).then_some((from, to))
}

fn lane_names<'e>(entries: &[(Timestamp, &'e TimelineEntry)]) -> Vec<&'e str> {
    let mut names: Vec<&str> = entries.iter().map(|(_, entry)| entry.lane.as_str()).collect();
    names.sort_by_key(|name| (LANES.iter().position(|lane| lane == name).unwrap_or(99), *name));
    names.dedup();
    names.truncate(9);
    names
}

fn lane(
    report: &Report,
    key: &str,
    y: f64,
    entries: &[(Timestamp, &TimelineEntry)],
    scale: &Scale,
) -> Option<Lane> {
    let mut marks: Vec<Mark> = Vec::new();
    // Equal steps over the lane keep its first and its last entry.
    let step = entries.len().div_ceil(MARKS_A_LANE).max(1);
    let kept: Vec<_> = entries.iter().step_by(step).chain(entries.last()).collect();
    for (at, entry) in kept {
        let x = scale.x(*at);
        let end = parse(entry.until.as_deref()).map_or(x, |until: Timestamp| scale.x(until));
        if marks.last().is_some_and(|last| last.at == entry.at && last.title == entry.text) {
            continue;
        }
        marks.push(Mark {
            x,
            width: round((end - x).max(0.0)),
            class: class(report, entry),
            label: label(entry),
            label_x: x,
            label_end: false,
            title: entry.text.clone(),
            at: entry.at.clone(),
        });
    }
    place_labels(&mut marks);
    let gaps = report.bundle.no_data.iter().filter(|gap| gap.lane == key);
    let gaps = gaps
        .filter_map(|gap| {
            let (from, until) = (parse(Some(&gap.from))?, parse(Some(&gap.until))?);
            let x = scale.x(from);
            Some((x, round(scale.x(until) - x)))
        })
        .filter(|(_, wide)| *wide > 0.0)
        .collect();
    let known = LANES.contains(&key);
    (!marks.is_empty()).then(|| Lane { key: key.to_owned(), known, y, gaps, marks })
}

fn label(entry: &TimelineEntry) -> String {
    let text = super::escape::cut(&entry.text, 46);
    if entry.count > 1 { format!("{text} ×{}", entry.count) } else { text.into_owned() }
}

/// Gives each mark its label to the right, or at the right end to the left; drops what would overlap.
fn place_labels(marks: &mut [Mark]) {
    let starts: Vec<f64> = marks.iter().map(|mark| mark.x).collect();
    let mut free_from = LEFT;
    for (index, mark) in marks.iter_mut().enumerate() {
        let wide = number(terminal::width(&mark.label)) * CHARACTER;
        let next = starts.get(index + 1).copied().unwrap_or(RIGHT + 8.0);
        let right = mark.x + 9.0;
        if mark.x < free_from - 9.0 {
            mark.label.clear();
        } else if right + wide < next - 6.0 {
            mark.label_x = right;
            free_from = right + wide + 6.0;
        } else if mark.x - 9.0 - wide > free_from {
            mark.label_x = mark.x - 9.0;
            mark.label_end = true;
            free_from = mark.x + 6.0;
        } else {
            mark.label.clear();
        }
    }
}

fn class(report: &Report, entry: &TimelineEntry) -> &'static str {
    let Some(code) = &entry.finding else { return "plain" };
    if report.causes.iter().any(|cause| cause.code == *code) {
        return "broken";
    }
    if report.verdict.health == Health::Broken || report.verdict.health == Health::Degraded {
        "degraded"
    } else {
        "plain"
    }
}

/// Round times, at most nine of them.
fn ticks(scale: &Scale) -> Vec<Tick> {
    let (from, to) = (scale.from.as_duration().as_secs_f64(), scale.to.as_duration().as_secs_f64());
    axis::ticks(from, to, 8)
        .into_iter()
        .filter_map(|(at, label)| {
            let at = Timestamp::from_duration(SignedDuration::try_from_secs_f64(at).ok()?).ok()?;
            Some(Tick { x: scale.x(at), label })
        })
        .collect()
}

fn parse(at: Option<&str>) -> Option<Timestamp> {
    at?.parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "counts of lanes and characters are small")]
fn number(count: usize) -> f64 {
    count as f64
}

fn round(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}
