//! Rules of users: YAML with CEL, loaded, checked and run like ours.
//!
//! A rule goes through the rows of one table (`facts/view.rs`); each row that answers true is a
//! finding, and the row's place is the evidence.

mod case;
mod check;
mod cost;
mod expression;
mod file;
mod note;
mod record;
mod schema;
mod template;

use std::collections::BTreeSet;

use konspect_bundle::{Code, Diagnostic, Span, words};
use rayon::prelude::*;

use self::expression::{Answer, Expression, Fault, Scope, Wants};
use self::file::{Document, Remedy, Source, Written};
pub use self::note::Note;
pub use self::schema::schema;
use self::template::Template;
use crate::facts::view::{self, Row, Table};
use crate::facts::{Facts, Missing, Needs};
use crate::finding::{Confidence, Family, Finding, Meta, Part, Risk, Severity, Step};
use crate::rules::{self, Checked, Outcome, Run};

/// Rows with a finding of their own; the others are counted in the last one.
const FINDINGS: usize = 10;
/// What all rows of one rule may cost together.
const RULE_COST: u64 = 400_000_000;
/// Rows that one thread asks at once.
const CHUNK: usize = 2048;

/// A rule of a user.
pub struct UserRule {
    meta: &'static Meta,
    table: &'static Table,
    when: Expression,
    title: Template,
    confidence: Confidence,
    remedy: Vec<(Template, Option<Template>)>,
    tests: Vec<case::Case>,
}

/// Rules of some files, and what is wrong with those that are not among them.
#[derive(Default)]
pub struct Loaded {
    pub rules: Vec<UserRule>,
    pub notes: Vec<Note>,
}

/// How one test inside a rule ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    pub code: &'static str,
    pub tests: usize,
    pub failed: Vec<Note>,
}

/// Reads rule files, given as labels and texts.
pub fn load<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Loaded {
    let mut loaded = Loaded::default();
    let mut documents = Vec::new();
    for (path, text) in files {
        documents.extend(file::read(path, text, &mut loaded.notes));
    }
    let ids = documents.iter().map(|document| document.rule.id.value.to_ascii_lowercase());
    let ids: BTreeSet<String> = ids.collect();
    let mut codes = BTreeSet::new();
    for document in &documents {
        match build(document, &ids, &mut codes) {
            Ok(rule) => loaded.rules.push(rule),
            Err(notes) => loaded.notes.extend(notes),
        }
    }
    loaded
}

impl UserRule {
    /// Runs the tests that stand in the rule.
    pub fn test(&self) -> Tested {
        let failed = self.tests.iter().filter_map(|test| test.run(&self.when)).collect();
        Tested { code: self.meta.code, tests: self.tests.len(), failed }
    }
}

impl Run for UserRule {
    fn meta(&self) -> &'static Meta {
        self.meta
    }

    fn needs(&self) -> Needs {
        Needs { required: vec![vec![self.table.needs]], optional: Vec::new() }
    }

    fn run(&self, facts: &Facts) -> Outcome {
        match self.check(facts) {
            Ok(checked) => Outcome::Checked(checked),
            Err(missing) => Outcome::Skipped(missing),
        }
    }
}

/// What some rows answered.
#[derive(Default)]
struct Asked {
    /// Places of rows that answered true.
    hits: Vec<usize>,
    /// The first row without an answer, and how many there were.
    refused: Option<(usize, String)>,
    refusals: usize,
}

impl Asked {
    fn and(mut self, later: Self) -> Self {
        self.hits.extend(later.hits);
        self.refused = self.refused.or(later.refused);
        self.refusals += later.refusals;
        self
    }
}

impl UserRule {
    fn check(&self, facts: &Facts) -> Result<Checked, Missing> {
        let rows = (self.table.rows)(facts)?;
        // Every chunk has its share, so that the answer does not depend on which came first.
        let chunks = rows.rows.len().div_ceil(CHUNK).max(1) as u64;
        let asked = rows
            .rows
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(chunk, part)| self.ask(part, chunk * CHUNK, RULE_COST / chunks))
            .reduce(Asked::default, Asked::and);
        let mut out = Checked::default();
        self.findings(&rows.rows, &asked.hits, &mut out);
        if let Some((place, reason)) = asked.refused {
            let at = rows.rows.get(place).map_or(rows.at, |row| row.at);
            out.notes.push(self.note(at, asked.refusals, &reason));
            let says = words!("user-rule-no-answer", count = asked.refusals, reason = &reason);
            let mut missing = Missing::table(self.table.needs);
            missing.because = Some((says, at));
            out.blind(missing);
        } else if rows.complete && asked.hits.is_empty() {
            out.cleared(rows.at, words!("user-rule-cleared", count = rows.rows.len()));
        }
        Ok(out)
    }

    fn ask(&self, rows: &[Row<'_>], first: usize, budget: u64) -> Asked {
        let (mut asked, mut spent) = (Asked::default(), 0_u64);
        for (place, row) in rows.iter().enumerate() {
            let value = row.value(self.when.keys());
            let answer = self.when.cost(&value).and_then(|cost| {
                spent = spent.saturating_add(cost);
                if spent > budget {
                    return Err("the rule costs too much on so many rows".to_owned());
                }
                self.when.ask(&value, Wants::Truth)
            });
            match answer {
                Ok(Answer::Truth(true)) => asked.hits.push(first + place),
                Ok(_) => {}
                Err(reason) => {
                    asked.refusals += 1;
                    asked.refused.get_or_insert((first + place, reason));
                }
            }
        }
        asked
    }

    fn note(&self, at: Span, count: usize, reason: &str) -> Diagnostic {
        Diagnostic::new(Code::UserRule, at)
            .with("rule", self.meta.code)
            .with("count", count)
            .with("reason", reason)
    }

    /// A finding for each of the first rows; the last one stands for all that remain.
    fn findings(&self, rows: &[Row<'_>], hits: &[usize], out: &mut Checked) {
        let own = if hits.len() > FINDINGS { FINDINGS - 1 } else { hits.len() };
        for row in hits.iter().take(own).filter_map(|place| rows.get(*place)) {
            let finding = self.finding(row, out);
            out.found(finding);
        }
        let mut rest = hits.iter().skip(own).filter_map(|place| rows.get(*place));
        let Some(first) = rest.next() else { return };
        let others = hits.len() - own - 1;
        let mut finding = self.finding(first, out).affected(others + 1);
        let title = self.title.fill(first).unwrap_or_else(|_| self.meta.code.to_owned());
        finding.title = words!("user-rule-many", title = title, count = others);
        finding.scope = crate::finding::Scope::Cluster;
        for row in rest.take(7) {
            finding = finding.supported_by(row.at, self.says());
        }
        out.found(finding);
    }

    fn says(&self) -> konspect_bundle::Words {
        words!("user-rule-row", rule = self.meta.code, variable = self.table.variable)
    }

    fn finding(&self, row: &Row<'_>, out: &mut Checked) -> Finding {
        let title = self.title.fill(row).unwrap_or_else(|reason| {
            out.notes.push(self.note(row.at, 1, &reason));
            self.title.raw.clone()
        });
        let mut finding = self
            .meta
            .finding(
                row.subject.clone(),
                konspect_bundle::Words::verbatim(title),
                row.at,
                self.says(),
            )
            .confidence(self.confidence)
            .scope(row.scope.clone());
        for (text, command) in &self.remedy {
            let text = text.fill(row).unwrap_or_else(|_| text.raw.clone());
            let mut step = Step::new(konspect_bundle::Words::verbatim(text));
            if let Some(command) = command {
                step = step.run(Risk::Changes, command.command(row));
            }
            finding = finding.step(step);
        }
        finding
    }
}

/// Makes a rule of a document, or says all that is wrong with it.
fn build(
    document: &Document<'_>,
    ids: &BTreeSet<String>,
    codes: &mut BTreeSet<String>,
) -> Result<UserRule, Vec<Note>> {
    let (source, written) = (&document.source, &document.rule);
    let mut notes = Vec::new();
    identity(source, written, codes, &mut notes);
    let severity =
        choice(source, written.severity.as_ref(), SEVERITIES, Severity::Warning, &mut notes);
    let part = choice(source, written.part.as_ref(), PARTS, Part::CauseOrSymptom, &mut notes);
    let confidence =
        choice(source, written.confidence.as_ref(), CONFIDENCES, Confidence::Likely, &mut notes);
    let explains = slugs(document, &written.explains, ids, &mut notes);
    let explained_by = slugs(document, &written.explained_by, ids, &mut notes);
    let Some(table) = view::table(&written.for_each.value) else {
        let names = view::TABLES.iter().map(|table| table.name);
        let help = nearest(&written.for_each.value, names.clone()).map_or_else(
            || names.collect::<Vec<_>>().join(", "),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("there is no table {}", written.for_each.value);
        notes.push(source.note(source.line_of(&written.for_each), message).help(Some(help)));
        return Err(notes);
    };
    let scope = Scope { variable: table.variable, fields: table.fields };
    let when = compile(source, &written.when, scope, &mut notes);
    let title = Template::compile(source, &written.title, scope, &mut notes);
    let mut remedy = Vec::new();
    for step in &written.remedy {
        let spanned =
            |text: &String| serde_yaml::Spanned::new(text.clone(), step.referenced, step.defined);
        match &step.value {
            Remedy::Text(text) => {
                remedy.extend(
                    Template::compile(source, &spanned(text), scope, &mut notes)
                        .map(|text| (text, None)),
                );
            }
            Remedy::Step(written) => {
                let text = Template::compile(source, &spanned(&written.text), scope, &mut notes);
                let command =
                    Template::compile(source, &spanned(&written.command), scope, &mut notes);
                remedy.extend(text.map(|text| (text, command)));
            }
        }
    }
    let tests = written
        .tests
        .iter()
        .filter_map(|case| case::Case::build(source, case, table, &mut notes))
        .collect();
    let (Some(when), Some(title), true) = (when, title, notes.is_empty()) else {
        return Err(notes);
    };
    Ok(UserRule {
        meta: meta(written, &title, (severity, part), (explains, explained_by)),
        table,
        when,
        title,
        confidence,
        remedy,
        tests,
    })
}

fn compile(
    source: &Source<'_>,
    text: &serde_yaml::Spanned<String>,
    scope: Scope,
    notes: &mut Vec<Note>,
) -> Option<Expression> {
    match Expression::compile(&text.value, scope, Wants::Truth) {
        Ok(expression) => Some(expression),
        Err(faults) => {
            notes.extend(faults.into_iter().map(|fault| {
                let Fault { range, message, help } = fault;
                source.note(source.inside(text, &range), message).help(help)
            }));
            None
        }
    }
}

/// The rule's constant. It lives as long as the program, as those of our rules do.
fn meta(
    written: &Written,
    title: &Template,
    (severity, part): (Severity, Part),
    (explains, explained_by): (Vec<&'static str>, Vec<&'static str>),
) -> &'static Meta {
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let page = format!(
        "# {} ({})\n\n{}\n",
        title.outline(),
        written.id.value,
        written.why.as_deref().unwrap_or_default().trim()
    );
    Box::leak(Box::new(Meta {
        code: leak(written.id.value.clone()),
        slug: leak(written.id.value.to_ascii_lowercase()),
        family: Family::User,
        part,
        severity,
        page: leak(page),
        explains: Vec::leak(explains),
        explained_by: Vec::leak(explained_by),
    }))
}

/// The slugs of rules that are named by code, slug or id: ours, or one of the same run.
fn slugs(
    document: &Document<'_>,
    names: &[serde_yaml::Spanned<String>],
    ids: &BTreeSet<String>,
    notes: &mut Vec<Note>,
) -> Vec<&'static str> {
    let own = document.rule.id.value.to_ascii_lowercase();
    let mut slugs = Vec::new();
    for name in names {
        let lower = name.value.to_ascii_lowercase();
        if let Some(rule) = rules::find(&name.value) {
            slugs.push(rule.meta().slug);
        } else if ids.contains(&lower) && lower != own {
            slugs.push(&*Box::leak(lower.into_boxed_str()));
        } else {
            let (message, help) = if lower == own {
                (format!("{} cannot follow from itself", name.value), None)
            } else {
                let all = rules::all();
                let known =
                    all.iter().map(|rule| rule.meta().slug).chain(ids.iter().map(String::as_str));
                let near = nearest(&lower, known).map(|near| format!("did you mean `{near}`?"));
                (format!("there is no rule {}", name.value), near)
            };
            notes.push(document.source.note(document.source.line_of(name), message).help(help));
        }
    }
    slugs
}

/// An id is a name that stands nowhere else.
fn identity(
    source: &Source<'_>,
    written: &Written,
    codes: &mut BTreeSet<String>,
    notes: &mut Vec<Note>,
) {
    let id = &written.id.value;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let message = if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
        "an id has letters, digits, -, _ and ., at most 64 of them".to_owned()
    } else if id.to_ascii_uppercase().starts_with("KS") || rules::find(id).is_some() {
        format!("{id} could be taken for a rule of konspect: choose a prefix of your own")
    } else if !codes.insert(id.to_ascii_lowercase()) {
        format!("there is another rule {id}")
    } else {
        return;
    };
    notes.push(source.note(source.line_of(&written.id), message));
}

const SEVERITIES: &[(&str, Severity)] =
    &[("info", Severity::Info), ("warning", Severity::Warning), ("critical", Severity::Critical)];
const PARTS: &[(&str, Part)] = &[
    ("cause", Part::Cause),
    ("symptom", Part::Symptom),
    ("either", Part::CauseOrSymptom),
    ("aggravating", Part::Aggravating),
];
const CONFIDENCES: &[(&str, Confidence)] = &[
    ("possible", Confidence::Possible),
    ("likely", Confidence::Likely),
    ("proven", Confidence::Proven),
];

fn choice<T: Copy>(
    source: &Source<'_>,
    written: Option<&serde_yaml::Spanned<String>>,
    choices: &[(&str, T)],
    default: T,
    notes: &mut Vec<Note>,
) -> T {
    let Some(written) = written else { return default };
    if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == written.value) {
        return *choice;
    }
    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    let message = format!("{} is none of {}", written.value, names.join(", "));
    notes.push(source.note(source.line_of(written), message));
    default
}

/// The known name that a name was probably meant to be.
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let lower = name.to_ascii_lowercase();
    known
        .into_iter()
        .map(|known| (distance(&lower, &known.to_ascii_lowercase()), known))
        .min()
        .filter(|(distance, _)| *distance <= lower.len().max(3) / 3)
        .map(|(_, known)| known)
}

/// The number of letters to insert, delete or change.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(80).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (place, from) in a.chars().take(80).enumerate() {
        let mut corner = place;
        let mut left = place + 1;
        let mut next = vec![left];
        for (to, above) in b.iter().zip(row.iter().skip(1)) {
            left = (corner + usize::from(from != *to)).min(above + 1).min(left + 1);
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
