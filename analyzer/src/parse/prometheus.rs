//! Prometheus metrics to scrapes: the text exposition format in all its dialects, and the answers
//! of the Prometheus HTTP API.
//!
//! Only families of the interest table are kept; the rest is counted. It refuses to judge a value:
//! thresholds are the rules'.

mod api;
mod arithmetic;
mod etcd_status;
mod interest;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_bundle::diagnostic::Refusals;
use konspect_bundle::{ArtifactId, Code, Diagnostic, Line, Source, Span};

pub use api::answer;
pub use arithmetic::{Growth, NoGrowth, Quantile, growth, histogram_quantile, quantile};
pub use etcd_status::etcd_status;

use super::{Hint, Kind, Rows, TableKind, node_of};
use crate::model::metrics::{Sample, Scrape};
use interest::Votes;

/// Samples of one family and scrape that are kept; a histogram of the largest API server has fewer.
const FAMILY_LIMIT: usize = 50_000;
/// Samples of one artefact that are kept, whatever their families: no file can take more memory.
const KEPT_LIMIT: usize = 200_000;
/// Distinct names remembered of one scrape, to notice where the next one begins.
const NAMES_LIMIT: usize = 20_000;

/// Reads a metrics text.
pub fn text(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let mut fold = MetricsFold::new(source.id, node_of(hint));
    for line in source.lines() {
        fold.line(&line);
    }
    fold.finish(rows);
    Kind::Metrics
}

/// Reads a metrics text line by line, for artefacts that are too large to hold.
#[derive(Debug)]
pub struct MetricsFold {
    artifact: ArtifactId,
    node: String,
    current: Building,
    scrapes: Vec<Scrape>,
    refusals: Refusals,
    kept: usize,
    /// The family where a limit acted first, and which.
    limited: Option<(String, Span, usize)>,
}

#[derive(Debug, Default)]
struct Building {
    scrape: Scrape,
    votes: Votes,
    /// Names whose `# TYPE` was seen.
    typed: BTreeSet<String>,
    /// The first sample that was kept: seen again, it begins the next scrape.
    first: Option<(String, BTreeMap<String, String>)>,
    /// The name of the last sample, with the family it belongs to, when that is kept.
    last: (String, Option<&'static str>),
    /// Milliseconds since 1970: the latest time stamp of a sample.
    stamped: Option<i64>,
    ended: bool,
}

impl MetricsFold {
    pub fn new(artifact: ArtifactId, node: &str) -> Self {
        Self {
            artifact,
            node: node.to_owned(),
            current: Building::default(),
            scrapes: Vec::new(),
            refusals: Refusals::default(),
            kept: 0,
            limited: None,
        }
    }

    /// Reads one line.
    pub fn line(&mut self, line: &Line<'_>) {
        let text = line.bytes.trim_ascii();
        if let [b'#', comment @ ..] = text {
            self.comment(&String::from_utf8_lossy(comment), line.at);
        } else if !text.is_empty() {
            match series(text) {
                Some(series) => self.series(&series, line.at),
                None => self.refusals.note(line.at, "not a sample"),
            }
        }
    }

    /// Hands over the scrapes that were read.
    pub fn finish(mut self, rows: &mut Rows) {
        self.close();
        let start = Span { artifact: self.artifact, start: 0, end: 0 };
        let whole = self.scrapes.iter().fold(None, |whole: Option<Span>, scrape| {
            Some(whole.map_or(scrape.at, |whole| whole.to(scrape.at)))
        });
        rows.covers(TableKind::Metrics, whole.unwrap_or(start));
        rows.scrapes.append(&mut self.scrapes);
        rows.diagnostics.extend(self.refusals.finish());
        if let Some((family, at, limit)) = self.limited {
            rows.diagnostics.push(
                Diagnostic::new(Code::LimitReached, at)
                    .with("limit", format!("samples of {family}"))
                    .with("value", limit),
            );
        }
    }

    fn comment(&mut self, comment: &str, at: Span) {
        let mut words = comment.split_whitespace();
        match (words.next(), words.next()) {
            (Some("TYPE"), Some(name)) => {
                if self.current.typed.contains(name) {
                    self.close();
                }
                self.open(at);
                if self.current.typed.len() < NAMES_LIMIT {
                    self.current.typed.insert(name.to_owned());
                }
            }
            (Some("HELP" | "UNIT"), _) => self.open(at),
            (Some("EOF"), None) => self.current.ended = true,
            _ => {
                // A collector's own remark, such as `# 2025-02-23T20:26:51Z`, tells when the scrape
                // that follows was taken.
                let Some(taken) = comment.split_whitespace().find_map(|word| {
                    word.trim_matches(['(', ')', ',', '=']).parse::<Timestamp>().ok()
                }) else {
                    return;
                };
                if self.current.scrape.series > 0 {
                    self.close();
                }
                self.open(at);
                self.current.scrape.taken = Some(taken);
            }
        }
    }

    fn series(&mut self, series: &Series<'_>, at: Span) {
        if self.current.last.0 != series.name {
            self.current.votes.note(&series.name);
            self.current.last = (series.name.clone().into_owned(), interest::family(&series.name));
        }
        let family = self.current.last.1;
        let labels = family.map(|_| labels(series.labels)).unwrap_or_default();
        if self.current.first.as_ref().is_some_and(|(name, first)| {
            *name == series.name && family.is_some() && *first == labels
        }) {
            self.close();
            self.current.votes.note(&series.name);
            self.current.last = (series.name.clone().into_owned(), family);
        }
        self.open(at);
        let building = &mut self.current;
        building.scrape.series += 1;
        building.scrape.at.end = at.end;
        building.stamped = building.stamped.max(series.stamp);
        let Some(family) = family else {
            return;
        };
        if building.first.is_none() {
            building.first = Some((series.name.clone().into_owned(), labels.clone()));
        }
        match family {
            "process_start_time_seconds" => building.scrape.process_start = seconds(series.value),
            "node_uname_info" => own_name(&mut building.scrape.node, labels.get("nodename")),
            "kubelet_node_name" => own_name(&mut building.scrape.node, labels.get("node")),
            _ => {}
        }
        let samples = building.scrape.families.entry(family.to_owned()).or_default();
        if samples.len() < FAMILY_LIMIT && self.kept < KEPT_LIMIT {
            let name = series.name.clone().into_owned();
            samples.push(Sample { name, labels, value: series.value, at });
            self.kept += 1;
        } else if self.limited.is_none() {
            let limit = if self.kept < KEPT_LIMIT { FAMILY_LIMIT } else { KEPT_LIMIT };
            self.limited = Some((family.to_owned(), at, limit));
        }
    }

    /// Makes sure that a scrape is being built.
    fn open(&mut self, at: Span) {
        if self.current.ended {
            self.close();
        }
        if self.current.scrape.at == Span::default() {
            self.current.scrape.at = at;
        }
        self.current.scrape.at.end = self.current.scrape.at.end.max(at.end);
    }

    /// Ends the scrape that is being built.
    fn close(&mut self) {
        let building = std::mem::take(&mut self.current);
        let mut scrape = building.scrape;
        if scrape.series == 0 {
            return;
        }
        scrape.component = building.votes.component();
        if scrape.node.is_empty() && scrape.component.is_of_a_node() {
            scrape.node.clone_from(&self.node);
        }
        let stamped = building.stamped.and_then(|stamp| Timestamp::from_millisecond(stamp).ok());
        scrape.taken = scrape.taken.or(stamped);
        self.scrapes.push(scrape);
    }
}

/// A node's own name beats what the path says, once.
fn own_name(node: &mut String, name: Option<&String>) {
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        node.clone_from(name);
    }
}

/// A time in seconds since 1970.
fn seconds(value: f64) -> Option<Timestamp> {
    if !value.is_finite() || value <= 0.0 {
        return None;
    }
    let duration = jiff::SignedDuration::try_from_secs_f64(value).ok()?;
    Timestamp::from_duration(duration).ok()
}

/// One series of a text, with its labels not yet taken apart.
#[derive(Debug, PartialEq)]
struct Series<'a> {
    name: Cow<'a, str>,
    labels: &'a [u8],
    value: f64,
    /// Milliseconds since 1970.
    stamp: Option<i64>,
}

/// Whether a line is a sample, by its labels or by a name that a known component writes.
pub fn is_sample(line: &[u8]) -> bool {
    series(line.trim_ascii())
        .is_some_and(|series| line.contains(&b'{') || interest::is_known(&series.name))
}

/// Takes a sample's line apart; accepts what user interfaces and `promtool` print as well.
fn series(line: &[u8]) -> Option<Series<'_>> {
    let name_end = line.iter().position(|byte| !is_name_byte(*byte)).unwrap_or(line.len());
    let (name, rest) = line.split_at_checked(name_end)?;
    if name.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let rest = rest.trim_ascii_start();
    let (labels, rest) = match rest {
        [b'{', rest @ ..] => {
            let end = labels_end(rest)?;
            (rest.get(..end)?, rest.get(end + 1..)?)
        }
        _ => (&[][..], rest),
    };
    let mut name = Cow::Borrowed(std::str::from_utf8(name).ok()?);
    if name.is_empty() {
        // Names beyond the classic alphabet stand quoted among the labels.
        let (quoted, after) = quoted(labels.trim_ascii_start())?;
        if !matches!(after.trim_ascii_start(), [] | [b',', ..]) {
            return None;
        }
        name = Cow::Owned(quoted);
    }
    let rest = std::str::from_utf8(rest).ok()?;
    let rest = rest.split_once(" # ").map_or(rest, |(sample, _exemplar)| sample);
    let mut words = rest.split_ascii_whitespace().filter(|word| !matches!(*word, "|" | "=>"));
    let value = number(words.next()?)?;
    let stamp = match words.next() {
        None => None,
        Some(stamp) => Some(milliseconds(stamp)?),
    };
    words.next().is_none().then_some(Series { name, labels, value, stamp })
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'
}

/// A value: Go's spelling of floating-point numbers, with or without thousands separators of none.
fn number(text: &str) -> Option<f64> {
    let plain = text.trim_start_matches(['+', '-']);
    if plain.eq_ignore_ascii_case("nan") {
        return Some(f64::NAN);
    }
    let digits = plain.starts_with(|char: char| char.is_ascii_digit() || char == '.');
    (digits || plain.eq_ignore_ascii_case("inf")).then(|| text.parse().ok())?
}

/// A sample's time: milliseconds, or seconds with a fraction in `OpenMetrics`; `promtool` prints
/// `@[1700000000.5]`.
#[expect(clippy::cast_possible_truncation, reason = "floats saturate, and the range is checked")]
fn milliseconds(text: &str) -> Option<i64> {
    if let Some(inner) = text.strip_prefix("@[") {
        let value: f64 = inner.trim_end_matches(']').parse().ok()?;
        return Some((value * 1000.0) as i64);
    }
    if let Ok(whole) = text.parse::<i64>() {
        // Seconds of any plausible year are below 10¹¹, milliseconds above.
        return Some(if whole.abs() < 100_000_000_000 { whole.checked_mul(1000)? } else { whole });
    }
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some((value * 1000.0) as i64)
}

/// Where the label set ends, given what follows its opening brace.
fn labels_end(bytes: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, quoted) {
            (b'\\', true) => at += 1,
            (b'"', _) => quoted = !quoted,
            (b'}', false) => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The labels of a set; an empty value is the same as no label.
fn labels(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut rest = bytes;
    loop {
        let Some(start) = rest.iter().position(|byte| !matches!(byte, b' ' | b',' | b'\t')) else {
            return labels;
        };
        rest = rest.get(start..).unwrap_or_default();
        let (name, after) = if rest.first() == Some(&b'"') {
            let Some((name, after)) = quoted(rest) else {
                return labels;
            };
            (name, after.trim_ascii_start())
        } else {
            let end =
                rest.iter().position(|byte| matches!(byte, b'=' | b',')).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            (String::from_utf8_lossy(name.trim_ascii()).into_owned(), after)
        };
        rest = after;
        let Some((b'=', after)) = rest.split_first() else {
            continue;
        };
        let Some((value, after)) = quoted(after.trim_ascii_start()) else {
            return labels;
        };
        if !value.is_empty() && name != "__name__" {
            labels.insert(name, value);
        }
        rest = after;
    }
}

/// A quoted text with its escapes decoded, and what follows it.
fn quoted(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (b'"', content) = bytes.split_first()? else {
        return None;
    };
    let mut text = Vec::new();
    let mut at = 0;
    loop {
        match content.get(at)? {
            b'"' => break,
            b'\\' => {
                at += 1;
                match content.get(at)? {
                    b'n' => text.push(b'\n'),
                    byte @ (b'"' | b'\\') => text.push(*byte),
                    byte => text.extend([b'\\', *byte]),
                }
            }
            byte => text.push(*byte),
        }
        at += 1;
    }
    Some((String::from_utf8_lossy(&text).into_owned(), content.get(at + 1..)?))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;
    use crate::model::metrics::MetricsComponent;

    fn read(bytes: &[u8]) -> Rows {
        let mut rows = Rows::default();
        text(&Source::new(ArtifactId(1), bytes), &Hint::default(), &mut rows);
        rows
    }

    #[test]
    fn escapes_blanks_and_braces_in_labels_stay_apart() {
        let line = br#"apiserver_admission_webhook_request_total{name="a,b}\"c\\\n", code = "503",rejected="",} 4 1700000000123"#;
        let series = series(line).unwrap();
        assert_eq!(series.value, 4.0);
        assert_eq!(series.stamp, Some(1_700_000_000_123));
        let labels = labels(series.labels);
        assert_eq!(labels.get("name").unwrap(), "a,b}\"c\\\n");
        assert_eq!(labels.get("code").unwrap(), "503");
        assert_eq!(labels.get("rejected"), None);
    }

    /// Five families of fifty thousand series each: every series is counted, not every one kept.
    #[test]
    fn memory_has_a_bound_whatever_is_scraped() {
        let families = [
            "apiserver_request_total",
            "apiserver_response_sizes",
            "apiserver_storage_objects",
            "etcd_requests_total",
            "rest_client_requests_total",
        ];
        let mut lines = String::new();
        for family in families {
            (0..FAMILY_LIMIT).for_each(|number| {
                lines.extend([family, "{n=\"", &number.to_string(), "\"} 1\n"]);
            });
        }
        let rows = read(lines.as_bytes());
        let kept: usize =
            rows.scrapes.iter().flat_map(|scrape| scrape.families.values()).map(Vec::len).sum();
        let seen: u64 = rows.scrapes.iter().map(|scrape| scrape.series).sum();
        assert_eq!((kept, seen), (KEPT_LIMIT, 5 * FAMILY_LIMIT as u64));
        assert_eq!(rows.diagnostics.len(), 1, "the limit is told once");
    }

    #[test]
    fn all_dialects_of_a_sample() {
        for (line, value) in [
            (&b"apiserver_storage_size_bytes{cluster=\"etcd-0\"} 4.919296e+06"[..], 4_919_296.0),
            (b"up 1", 1.0),
            (b"x_total +Inf", f64::INFINITY),
            (b"x{endpoint=\"https\", reason=\"queue-full\"} | 924", 924.0),
            (b"x{a=\"b\"} => 3 @[1700000000.25]", 3.0),
            (b"x_bucket{le=\"0.1\"} 8 # {trace_id=\"KOO5S4vxi0o\"} 0.67", 8.0),
            (b"x_total 17 1520879607.789 # {id=\"x\"} 1", 17.0),
            (b"{\"my.name\", a=\"b\"} 2", 2.0),
            (b"x\t{ a = \"b\" , }\t-Inf", f64::NEG_INFINITY),
            (b"x 1.5e-07 -1000", 1.5e-7),
            (b"x{a=\"1 # {b} 2\"} 6 # {id=\"y # z\"} 1 1520879607.789", 6.0),
            (b"x -.5", -0.5),
            (b"a:rule:rate5m 3", 3.0),
            (b"x{\"quoted.label\"=\"b\"} 4", 4.0),
        ] {
            let series = series(line).unwrap();
            assert_eq!(series.value, value, "{}", String::from_utf8_lossy(line));
        }
        assert!(series(b"x NaN").unwrap().value.is_nan());
        for line in [
            &b"Error from server (Forbidden): x"[..],
            b"x{a=\"b\" 1",
            b"1 2",
            b"name value",
            b"{a=\"b\"} 1",
            b"x infinite",
            b"x 1_000",
            b"x 1 2 3",
            b"x 1 soon",
            b"x{a=\"b} 1",
        ] {
            assert_eq!(series(line), None, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn a_scrape_keeps_families_of_interest_and_counts_the_rest() {
        let rows = read(
            b"# HELP apiserver_request_duration_seconds [STABLE] x\n# TYPE apiserver_request_duration_seconds histogram\n\
              apiserver_request_duration_seconds_bucket{verb=\"LIST\",le=\"+Inf\"} 7\n\
              apiserver_request_duration_seconds_sum{verb=\"LIST\"} 3.5\n\
              apiserver_storage_objects{resource=\"pods\"} 12\n\
              my_own_metric{x=\"y\"} 1\n\
              process_start_time_seconds 1.7e+09\n",
        );
        let [scrape] = rows.scrapes.as_slice() else { panic!("one scrape") };
        assert_eq!(scrape.component, MetricsComponent::ApiServer);
        assert_eq!(scrape.series, 5);
        let family = &scrape.families["apiserver_request_duration_seconds"];
        assert_eq!(family.len(), 2);
        assert_eq!(family[0].label("le"), "+Inf");
        assert_eq!(scrape.process_start, Some("2023-11-14T22:13:20Z".parse().unwrap()));
        assert!(!scrape.families.contains_key("my_own_metric"));
        assert_eq!(rows.collected[0].table, TableKind::Metrics);
    }

    #[test]
    fn concatenated_scrapes_come_apart() {
        let typed = b"# TYPE up gauge\napiserver_storage_objects{resource=\"pods\"} 1\n# TYPE up gauge\napiserver_storage_objects{resource=\"pods\"} 2\n";
        assert_eq!(read(typed).scrapes.len(), 2);
        let bare = b"process_start_time_seconds 100\napiserver_storage_objects{resource=\"pods\"} 1\nprocess_start_time_seconds 100\napiserver_storage_objects{resource=\"pods\"} 5\n";
        let rows = read(bare);
        assert_eq!(rows.scrapes.len(), 2);
        assert_eq!(rows.scrapes[1].families["apiserver_storage_objects"][0].value, 5.0);
        assert_eq!(rows.scrapes[1].series, 2);
        let ended = b"a_total 1\n# EOF\nb_total 2\n# EOF\n";
        assert_eq!(read(ended).scrapes.len(), 2);
    }

    #[test]
    fn remarks_and_time_stamps_tell_when() {
        let rows = read(b"# 2025-02-23T20:26:51Z\nup_x 1\n# 2025-02-23T20:27:51Z\nup_x 1\n");
        assert_eq!(rows.scrapes[1].taken, Some("2025-02-23T20:27:51Z".parse().unwrap()));
        let rows = read(b"up_x 1 1700000000000\n");
        assert_eq!(rows.scrapes[0].taken, Some("2023-11-14T22:13:20Z".parse().unwrap()));
    }

    /// What an API server answers to `Accept: application/openmetrics-text`.
    #[test]
    fn open_metrics_keep_their_families() {
        let rows = read(
            b"# TYPE apiserver_admission_webhook_fail_open_count counter\n# UNIT x seconds\n\
              apiserver_admission_webhook_fail_open_count_total{name=\"a\"} 4.0 # {trace_id=\"b\"} 1.0 1700000000.5\n\
              apiserver_admission_webhook_fail_open_count_created{name=\"a\"} 1.7e+09\n\
              apiserver_request_total{code=\"200\"} 9.0 1700000060.25\n# EOF\n",
        );
        let [scrape] = rows.scrapes.as_slice() else { panic!("one scrape") };
        let family = &scrape.families["apiserver_admission_webhook_fail_open_count"];
        assert_eq!(family.iter().map(|sample| sample.value).collect::<Vec<_>>(), [4.0]);
        assert_eq!(scrape.taken, Some("2023-11-14T22:14:20.25Z".parse().unwrap()));
        assert_eq!((scrape.series, rows.diagnostics.len()), (3, 0));
    }

    #[test]
    fn spans_are_those_of_the_lines() {
        let bytes = b"up_x 1\r\nproblem_gauge{type=\"VMEventScheduled\"} 0\r\n";
        let rows = read(bytes);
        let sample = &rows.scrapes[0].families["problem_gauge"][0];
        assert_eq!((sample.at.start, sample.at.end), (8, 48));
        assert_eq!(rows.scrapes[0].component, MetricsComponent::NodeProblemDetector);
    }

    #[test]
    fn bad_lines_are_counted() {
        let rows = read(b"up_x 1\ngarbage here\nmore garbage\n");
        assert_eq!(rows.diagnostics.len(), 1);
        assert_eq!(rows.scrapes[0].series, 1);
    }
}
