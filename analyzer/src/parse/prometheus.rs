//! Prometheus metrics to scrapes: the text exposition format in all its dialects, and the answers
//! of the Prometheus HTTP API.
//!
//! Only families of the interest table are kept; the rest is counted. It refuses to judge a value:
//! thresholds are the rules'.

mod api;
mod arithmetic;
mod etcd_status;
mod interest;
mod sample;

use std::collections::BTreeSet;

use jiff::Timestamp;
use konspect_bundle::diagnostic::Refusals;
use konspect_bundle::{ArtifactId, Code, Diagnostic, Line, Source, Span};

pub use api::answer;
pub use arithmetic::{Growth, NoGrowth, Quantile, growth, histogram_quantile, quantile};
pub use etcd_status::etcd_status;

use super::{Hint, Kind, Rows, TableKind, interned, node_of};
use crate::model::Labels;
use crate::model::metrics::{Sample, Scrape};
use interest::Votes;
use sample::{Series, labels, series};

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
    first: Option<(String, Labels)>,
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
                Some(series) if self.series(&series, line.at) => {}
                _ => self.refusals.note(line.at, "not a sample"),
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

    /// Whether the sample could be read; the labels of those that nobody asks for are not.
    fn series(&mut self, series: &Series<'_>, at: Span) -> bool {
        if self.current.last.0 != series.name {
            self.current.votes.note(&series.name);
            self.current.last = (series.name.clone().into_owned(), interest::family(&series.name));
        }
        let family = self.current.last.1;
        let labels = match family.map(|_| labels(series.labels)) {
            Some(Some(labels)) => labels,
            Some(None) => return false,
            None => Labels::default(),
        };
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
            return true;
        };
        if building.first.is_none() {
            building.first = Some((series.name.clone().into_owned(), labels.clone()));
        }
        match family {
            "process_start_time_seconds" => building.scrape.process_start = seconds(series.value),
            "node_uname_info" => own_name(&mut building.scrape.node, labels.text("nodename")),
            "kubelet_node_name" => own_name(&mut building.scrape.node, labels.text("node")),
            _ => {}
        }
        let samples = building.scrape.families.entry(family.to_owned()).or_default();
        if samples.len() < FAMILY_LIMIT && self.kept < KEPT_LIMIT {
            let name = interned::shared(&series.name);
            samples.push(Sample { name, labels, value: series.value, at });
            self.kept += 1;
        } else if self.limited.is_none() {
            let limit = if self.kept < KEPT_LIMIT { FAMILY_LIMIT } else { KEPT_LIMIT };
            self.limited = Some((family.to_owned(), at, limit));
        }
        true
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
fn own_name(node: &mut String, name: Option<&str>) {
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        name.clone_into(node);
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

/// Whether a line is a sample, by its labels or by a name that a known component writes.
pub fn is_sample(line: &[u8]) -> bool {
    series(line.trim_ascii())
        .is_some_and(|series| line.contains(&b'{') || interest::is_known(&series.name))
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
        let rows = read(b"apiserver_storage_objects{resource=pods} 12\n");
        assert_eq!(
            (rows.diagnostics.len(), rows.scrapes.len()),
            (1, 0),
            "labels that cannot be told"
        );
        let rows = read(b"up_x 1\ngarbage here\nmore garbage\n");
        assert_eq!(rows.diagnostics.len(), 1);
        assert_eq!(rows.scrapes[0].series, 1);
    }
}
