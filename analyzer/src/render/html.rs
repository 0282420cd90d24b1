//! HTML: one file that needs nothing, from a report, a template and what the charts computed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use minijinja::Value;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::engine::{self, Place, Templates};
use super::shorten::{self, Limits};
use super::{RenderError, answers, chart, escape, terminal, timeline};
use crate::language::Language;
use crate::report::{EffectCard, EvidenceCard, FindingCard, Report};

/// Bytes of a page for clusters of up to 500 nodes, and for larger ones.
const BYTES: usize = 1_000_000;
const BYTES_HUGE: usize = 5_000_000;
/// Elements of a page.
const ELEMENTS: usize = 30_000;
/// Levels of the tree of effects.
const DEPTH: usize = 6;

pub(super) fn render(
    report: &Report,
    language: &Language,
    templates: &Templates,
    out: &mut dyn Write,
) -> Result<(), RenderError> {
    let budget = if report.bundle.nodes.unwrap_or(0) > 500 { BYTES_HUGE } else { BYTES };
    let mut context = context(report);
    context.insert("css", raw(templates, "report.css", "</style")?);
    context.insert("js", raw(templates, "report.js", "</script")?);
    context.insert("csp", Value::from(policy(templates)));
    let mut page = String::new();
    for limits in shorten::PAGE {
        // Rendering what cannot fit would cost seconds and be thrown away.
        if limits.step + 1 < shorten::PAGE.len() && least_elements(report, &limits) > ELEMENTS {
            continue;
        }
        context.insert("limits", engine::value(&limits));
        let view = View::of(report, &limits);
        context.insert("shown", view.shown());
        context.insert("view", engine::value(&view));
        let collected = report.bundle.collected.as_deref();
        page = engine::render(
            templates,
            "report.html.j2",
            Place::Html,
            language.locale,
            collected,
            &context,
        )?;
        if page.len() <= budget && elements(&page) <= ELEMENTS {
            break;
        }
    }
    out.write_all(page.as_bytes())?;
    Ok(())
}

/// Elements that a page with these limits has at least: rows of the long tables, and excerpts.
fn least_elements(report: &Report, limits: &Limits) -> usize {
    let tables = [
        (report.unexplained.len() + report.aggravating.len(), 14),
        (report.timeline.len(), 7),
        (report.unchecked.len(), 6),
        (report.diagnostics.len(), 4),
    ];
    let findings = report.unexplained.len().saturating_sub(limits.rows);
    tables.iter().map(|(rows, each)| rows.min(&limits.rows) * each).sum::<usize>() + findings
}

/// What every template gets: the report as the JSON has it, with nothing invisible left in it.
pub(super) fn context(report: &Report) -> BTreeMap<&'static str, Value> {
    let mut json = serde_json::to_value(report).unwrap_or_default();
    make_visible(&mut json);
    BTreeMap::from([("report", engine::value(&json))])
}

fn make_visible(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::String(text) => {
            if let std::borrow::Cow::Owned(visible) = escape::visible(text) {
                *text = visible;
            }
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(make_visible),
        serde_json::Value::Object(values) => values.values_mut().for_each(make_visible),
        _ => {}
    }
}

/// Style or script, which goes into the page as it is; it comes from us or from the user's own
/// templates, never from a bundle.
fn raw(templates: &Templates, name: &str, end: &str) -> Result<Value, RenderError> {
    let text = templates.text(name);
    if text.to_ascii_lowercase().contains(end) {
        let message = format!("holds {end}");
        return Err(RenderError::Template { name: name.to_owned(), message });
    }
    Ok(Value::from_safe_string(text.to_owned()))
}

fn policy(templates: &Templates) -> String {
    let hash = |name| base64(&Sha256::digest(templates.text(name).as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash("report.css"),
        hash("report.js")
    )
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (group >> (18 - 6 * place) & 63) as usize;
            let letter =
                if place > chunk.len() { b'=' } else { *ALPHABET.get(index).unwrap_or(&b'=') };
            out.push(char::from(letter));
        }
    }
    out
}

fn elements(page: &str) -> usize {
    page.as_bytes().windows(2).filter(|pair| matches!(pair, [b'<', b'a'..=b'z'])).count()
}

/// What is computed for the page beside the report itself.
#[derive(Serialize)]
pub(super) struct View<'r> {
    shape: &'static str,
    /// Findings that are not causes, worst first, by index into `unexplained` then `aggravating`.
    other: Vec<Other<'r>>,
    effects: BTreeMap<&'r str, Vec<Effect<'r>>>,
    evidence: Vec<Exhibit<'r>>,
    evidence_total: usize,
    explained: usize,
    findings: usize,
    timeline: Option<timeline::Timeline>,
    latency: Option<chart::LineChart>,
    load: Option<chart::Bars>,
    objects: Option<chart::Bars>,
    matrix: Option<chart::Matrix>,
    answers: Vec<answers::Answer>,
    redactions: u64,
}

#[derive(Serialize)]
struct Other<'r> {
    #[serde(flatten)]
    card: &'r FindingCard,
    aggravating: bool,
}

/// A node of the tree of effects.
#[derive(Serialize)]
struct Effect<'r> {
    #[serde(flatten)]
    card: &'r EffectCard,
    under: Vec<Effect<'r>>,
}

/// An excerpt, once, with what refers to it.
#[derive(Serialize)]
struct Exhibit<'r> {
    #[serde(flatten)]
    card: &'r EvidenceCard,
    used_by: Vec<&'r str>,
}

impl<'r> View<'r> {
    /// The ids of the excerpts that the page holds: only these are linked.
    fn shown(&self) -> Value {
        Value::from_pairs(self.evidence.iter().map(|exhibit| (exhibit.card.id.as_str(), true)))
    }

    pub(super) fn of(report: &'r Report, limits: &Limits) -> Self {
        let evidence = exhibits(report);
        let evidence_total = evidence.len();
        let explained = report.causes.iter().map(|cause| cause.explains.len()).sum();
        let other = other(report);
        let charts = |chart: bool| limits.charts && chart;
        Self {
            shape: terminal::shape(report.verdict.health, false),
            findings: report.causes.len() + explained + other.len(),
            explained,
            other,
            effects: report.causes.iter().map(|cause| (cause.id.as_str(), tree(cause))).collect(),
            evidence: evidence.into_iter().take(limits.excerpts).collect(),
            evidence_total,
            timeline: timeline::place(report),
            latency: charts(true).then(|| chart::latency(&report.cluster)).flatten(),
            load: charts(true).then(|| load(report)).flatten(),
            objects: charts(true).then(|| objects(report)).flatten(),
            matrix: chart::matrix(&report.cluster, limits.rows),
            answers: answers::answers(report.audit.as_ref(), &report.lang, limits.rows),
            redactions: report.bundle.redactions.values().sum(),
        }
    }
}

fn load(report: &Report) -> Option<chart::Bars> {
    let load = report.cluster.api_load.iter();
    chart::bars(load.map(|row| (row.client.clone(), row.verb.clone(), row.requests)), 12)
}

fn objects(report: &Report) -> Option<chart::Bars> {
    let counts = report.cluster.object_counts.iter();
    chart::bars(counts.map(|(name, count)| (name.clone(), String::new(), *count)), 12)
}

fn other(report: &Report) -> Vec<Other<'_>> {
    let unexplained = report.unexplained.iter().map(|card| Other { card, aggravating: false });
    let aggravating = report.aggravating.iter().map(|card| Other { card, aggravating: true });
    let mut other: Vec<Other<'_>> = unexplained.chain(aggravating).collect();
    other.sort_by(|a, b| {
        (b.card.severity, b.card.affected, &a.card.subject.name, &a.card.id).cmp(&(
            a.card.severity,
            a.card.affected,
            &b.card.subject.name,
            &b.card.id,
        ))
    });
    other
}

/// Effects under what they follow from; what follows from something unknown hangs under the cause.
fn tree(cause: &FindingCard) -> Vec<Effect<'_>> {
    let rules: BTreeSet<&str> = cause.explains.iter().map(|effect| effect.rule.as_str()).collect();
    let mut children: BTreeMap<&str, Vec<&EffectCard>> = BTreeMap::new();
    for effect in &cause.explains {
        let known = effect.because_of != effect.rule && rules.contains(effect.because_of.as_str());
        let parent = if known { effect.because_of.as_str() } else { cause.rule.as_str() };
        children.entry(parent).or_default().push(effect);
    }
    let mut tree = under(cause.rule.as_str(), &mut children, DEPTH);
    // Rules that follow from each other in a circle are not reached from the cause.
    for effect in children.into_values().flatten() {
        tree.push(Effect { card: effect, under: Vec::new() });
    }
    tree
}

/// Takes the children of one rule; they hang under the first effect of that rule only.
fn under<'r>(
    rule: &str,
    children: &mut BTreeMap<&'r str, Vec<&'r EffectCard>>,
    depth: usize,
) -> Vec<Effect<'r>> {
    let own = children.remove(rule).unwrap_or_default();
    own.into_iter()
        .map(|card| {
            let below =
                if depth == 0 { Vec::new() } else { under(&card.rule, children, depth - 1) };
            Effect { card, under: below }
        })
        .collect()
}

/// Every excerpt once, in the order of first mention, with the findings that rest on it.
fn exhibits(report: &Report) -> Vec<Exhibit<'_>> {
    let mut exhibits: Vec<Exhibit<'_>> = Vec::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let findings = report.causes.iter().chain(&report.unexplained).chain(&report.aggravating);
    let own = findings.flat_map(|card| {
        let effects = card.explains.iter().flat_map(|effect| &effect.evidence);
        card.evidence.iter().chain(effects).map(|evidence| (card.id.as_str(), evidence))
    });
    let excluded = report
        .ruled_out
        .iter()
        .flat_map(|card| card.evidence.iter().map(|evidence| ("", evidence)));
    for (id, evidence) in own.chain(excluded) {
        let index = *known.entry(evidence.id.as_str()).or_insert_with(|| {
            exhibits.push(Exhibit { card: evidence, used_by: Vec::new() });
            exhibits.len() - 1
        });
        if let Some(exhibit) = exhibits.get_mut(index)
            && !id.is_empty()
            && exhibit.used_by.len() < 8
            && !exhibit.used_by.contains(&id)
        {
            exhibit.used_by.push(id);
        }
    }
    exhibits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_every_length() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
