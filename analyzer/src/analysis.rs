//! The whole product in one screen: scan, join, check, rank, report.

use std::collections::{BTreeMap, BTreeSet};

use konspect_audit::{AuditFold, AuditSummary, Folds};
use konspect_bundle::{ArtifactId, Bundle, Code, Content, Diagnostic, Source, Span};

use crate::audit_logs::{self, Found};
use crate::facts::{Facts, Origin};
use crate::language::Language;
use crate::parse::{self, Hint, Kind, Rows, TableKind};
use crate::rank::{self, Ranked};
use crate::report::excerpt::Excerpts;
use crate::report::{BundleCard, InventoryCard, Report, audit, build};
use crate::rules::{self, Outcome, Run};

/// What an analysis may leave out or add.
#[derive(Default)]
pub struct Options<'a> {
    /// Codes and slugs of rules that are not run.
    pub ignore: Vec<String>,
    /// Rules of users, beside ours.
    pub user_rules: Vec<&'a dyn Run>,
    /// What is wrong with the rules of users that are not run.
    pub notes: Vec<Diagnostic>,
}

/// An analysed bundle: facts and findings, not yet in any language.
pub struct Analysis {
    pub facts: Facts,
    pub ranked: Ranked,
    pub diagnostics: Vec<Diagnostic>,
    pub collected: BTreeSet<TableKind>,
    pub inventory: BTreeMap<String, InventoryCard>,
    pub kinds: Vec<Kind>,
    pub paths: Vec<String>,
    rules_run: u64,
}

/// What scanning one artefact gives.
struct Scanned {
    kind: Kind,
    rows: Rows,
}

/// What a bundle says, before any rule was asked.
pub struct Gathered {
    pub facts: Facts,
    pub diagnostics: Vec<Diagnostic>,
    pub collected: BTreeSet<TableKind>,
    pub kinds: Vec<Kind>,
    /// Labels of the artefacts, by `ArtifactId`.
    pub paths: Vec<String>,
}

/// Reads every artefact once, in parallel, and asks every rule.
pub fn analyze(bundle: &Bundle, options: &Options<'_>) -> Analysis {
    let Gathered { facts, mut diagnostics, collected, kinds, paths } =
        // The digest, which is remembered for the report, is reckoned on another core.
        gather_beside(bundle, || drop(bundle.card()));
    diagnostics.extend(options.notes.iter().cloned());
    let rules: Vec<&dyn Run> = rules::all()
        .into_iter()
        .chain(options.user_rules.iter().copied())
        .filter(|rule| !ignored(rule.meta(), &options.ignore))
        .collect();
    let mut outcomes = rules::run_all(&rules, &facts);
    for outcome in &mut outcomes {
        if let Outcome::Checked(checked) = outcome {
            diagnostics.append(&mut checked.notes);
        }
    }
    diagnostics.sort();
    let ranked = rank::rank(&rules, outcomes, &facts);
    let inventory = inventory(bundle, &kinds);
    Analysis {
        facts,
        ranked,
        diagnostics,
        collected,
        inventory,
        kinds,
        paths,
        rules_run: rules.len() as u64,
    }
}

/// Reads every artefact once, in parallel, and joins what they say.
pub fn gather(bundle: &Bundle) -> Gathered {
    gather_beside(bundle, || {})
}

/// As `gather`, with other work `beside` what one core does when all artefacts are read.
fn gather_beside(bundle: &Bundle, beside: impl FnOnce() + Send) -> Gathered {
    let origin = origin(bundle);
    let commands = parse::commands_by_path(bundle);
    let reference = origin.collected.or_else(|| parse::reference_time(bundle));
    let begin = Folds::new;
    let (audits, scanned) = bundle.scan_with(in_steps, begin, |audits, artifact, content| {
        let command = commands.get(&artifact.path).map_or("", String::as_str);
        let node = origin.nodes.get(artifact.id.0 as usize).map_or("", String::as_str);
        let hint = Hint { path: &artifact.path, command, node, reference };
        scan(artifact.id, content, &hint, audits)
    });
    let mut rows = Rows::default();
    let mut kinds = Vec::with_capacity(scanned.len());
    for one in scanned {
        kinds.push(one.kind);
        rows.append(one.rows);
    }
    let ((), audit) = rayon::join(beside, || audits.close().map(AuditFold::finish));
    let mut diagnostics: Vec<Diagnostic> = bundle.diagnostics().to_vec();
    diagnostics.extend(bundle.verify_notes());
    diagnostics.append(&mut rows.diagnostics);
    diagnostics.extend(audit.iter().flat_map(AuditSummary::diagnostics));
    let twice = audit.iter().flat_map(|audit| audit_logs::counted_twice(audit, &origin.paths));
    diagnostics.extend(twice);
    let mut collected = collected(&rows);
    collected.extend(audit.as_ref().map(|_| TableKind::Audit));
    let facts = Facts::new(rows, audit, &origin);
    diagnostics.extend(facts.disagreements.iter().cloned());
    diagnostics.sort();
    Gathered { facts, diagnostics, collected, kinds, paths: origin.paths }
}

impl Analysis {
    /// The report in one language; cited artefacts are read again for their excerpts.
    pub fn report(&self, bundle: &Bundle, language: &Language) -> Report {
        let mut excerpts = Excerpts::default();
        excerpts.want(build::spans(&self.facts, &self.ranked));
        bundle.fetch_up_to(&excerpts.ends(), |artifact, piece| excerpts.take(artifact, piece));
        let input = build::Input {
            ranked: &self.ranked,
            facts: &self.facts,
            bundle: self.card(bundle),
            paths: &self.paths,
            diagnostics: &self.diagnostics,
            inventory: self.inventory.clone(),
            collected: &self.collected,
            excerpts: &excerpts,
            rules_run: self.rules_run,
            audit: self.audit_object(),
        };
        build::report(input, language)
    }

    fn audit_object(&self) -> Option<serde_json::Value> {
        if let Some(log) = self.facts.audit.ok() {
            return Some(audit::object(log, self.facts.context.minor(), &self.paths, None));
        }
        let rows: Vec<_> = self.facts.audit_rows.ok()?.iter().collect();
        Some(audit::object_of_summaries(&rows, &self.paths))
    }

    fn card(&self, bundle: &Bundle) -> BundleCard {
        let source = bundle.card();
        let manifest = bundle.manifest();
        let mismatched = self.diagnostics.iter().filter(|note| note.code == Code::ManifestMismatch);
        BundleCard {
            name: source.name,
            kind: source.kind.as_str().to_owned(),
            sha256: source.sha256,
            cluster: manifest.map(|manifest| manifest.cluster.name.clone()).unwrap_or_default(),
            collected: collected_at(bundle),
            collector: manifest
                .map(|manifest| format!("{} {}", manifest.tool.name, manifest.tool.version)),
            cut_off: source.cut_off,
            tampered: mismatched
                .filter_map(|note| self.paths.get(note.at.artifact.0 as usize).cloned())
                .collect(),
            redactions: manifest.map(|manifest| manifest.redactions.clone()).unwrap_or_default(),
            ..BundleCard::default()
        }
    }
}

/// When the collection ended; a folder that was only packed later does not say.
fn collected_at(bundle: &Bundle) -> Option<String> {
    bundle.manifest().filter(|manifest| manifest.profile != "pack")?.finished.clone()
}

fn origin(bundle: &Bundle) -> Origin {
    let manifest = bundle.manifest();
    let node_of = |command: Option<usize>| {
        let record = manifest?.commands.get(command?)?;
        record.node.clone()
    };
    Origin {
        paths: bundle.artifacts().iter().map(|artifact| artifact.path.clone()).collect(),
        nodes: bundle
            .artifacts()
            .iter()
            .map(|artifact| node_of(artifact.command).unwrap_or_default())
            .collect(),
        collected: collected_at(bundle).and_then(|time| time.parse().ok()),
    }
}

fn scan(id: ArtifactId, content: Content<'_>, hint: &Hint<'_>, audits: &Folds) -> Scanned {
    let at = Span { artifact: id, start: 0, end: 0 };
    match content {
        Content::Whole { bytes, notes } => {
            let source = Source::new(id, bytes);
            let mut scanned = match audit_logs::take(source, audits) {
                Some(found) => Scanned::audit(found, source.whole()),
                None => parse::artifact(&source, hint).into(),
            };
            scanned.rows.diagnostics.extend(notes.iter().cloned());
            scanned
        }
        Content::Blocks(blocks) => {
            let mut scanned = match audit_logs::take_blocks(id, blocks, audits) {
                Some(found) => Scanned::audit(found, at),
                None => parse::blocks(id, blocks, hint).into(),
            };
            scanned.rows.diagnostics.extend(blocks.notes(at, hint.path));
            scanned
        }
        Content::Failed(error) => {
            let mut scanned = Scanned::from((Kind::Unknown, Rows::default()));
            scanned.rows.diagnostics.push(error.diagnostic(at, hint.path));
            scanned
        }
    }
}

impl From<(Kind, Rows)> for Scanned {
    fn from((kind, rows): (Kind, Rows)) -> Self {
        Self { kind, rows }
    }
}

impl Scanned {
    fn audit(found: Found, at: Span) -> Self {
        let mut scanned = Self::from((Kind::AuditLog, Rows::default()));
        match found {
            Found::Log | Found::State(Ok(())) => {}
            Found::Rows(rows) => {
                scanned.rows.audit_rows = rows;
                scanned.rows.covers(TableKind::AuditSummaries, at);
            }
            Found::State(Err(error)) => {
                let note = Diagnostic::new(Code::Unreadable, at).with("reason", error.to_string());
                scanned.rows.diagnostics.push(note);
            }
        }
        scanned
    }
}

/// Whether what begins so is read while it is decompressed.
fn in_steps(head: &[u8]) -> bool {
    konspect_audit::in_lines(head) || parse::in_steps(head)
}

fn ignored(meta: &crate::finding::Meta, ignore: &[String]) -> bool {
    ignore
        .iter()
        .any(|name| name.eq_ignore_ascii_case(meta.code) || name.eq_ignore_ascii_case(meta.slug))
}

/// Tables that some source covers, with or without rows.
fn collected(rows: &Rows) -> BTreeSet<TableKind> {
    rows.collected.iter().map(|source| source.table).collect()
}

/// How many artefacts of each kind there are, and what they weigh.
pub fn inventory(bundle: &Bundle, kinds: &[Kind]) -> BTreeMap<String, InventoryCard> {
    let mut inventory: BTreeMap<String, InventoryCard> = BTreeMap::new();
    for (artifact, kind) in bundle.artifacts().iter().zip(kinds) {
        let card = inventory.entry(kind.as_str().to_owned()).or_default();
        card.count += 1;
        card.bytes += artifact.stored_bytes;
    }
    inventory
}
