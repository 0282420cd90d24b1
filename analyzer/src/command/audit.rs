//! `audit`: questions to audit logs.

mod without;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use konspect::audit_logs;
use konspect::language::Language;
use konspect::render::escape::{one_line, visible};
use konspect::render::table;
use konspect::report::audit::questions::{Ask, Question as Table};
use konspect::report::audit::{
    Cell, cautions, collector_requests, object, reading, summaries, without,
};
use konspect_audit::answers::{Dimension, Filter};
use konspect_audit::{Aggregate, AuditFold, AuditSummary, Question, Verb};
use konspect_bundle::{Diagnostic, Words, words};
use serde_json::{Map, Value};

use super::analyze::{locale, open, terminal};
use super::rules::{print, print_inert};
use crate::cli::{Audit, Global, TableFormat};
use crate::{Exit, Failure, complain};

/// Fewer objects that one client left behind do not stand out.
const MANY_LEFT: u64 = 100;

/// So many artefacts that could not be read, and so many states that count twice, are named.
const LOST: usize = 5;

/// Rows of a table, unless somebody says how many.
const TOP: usize = 10;

/// What is shown when nothing is asked for; tables without rows are left out.
const STANDS_OUT: [Table; 5] =
    [Table::UserAgents, Table::Slo, Table::Rejected, Table::Bursts, Table::Leaks];

pub(crate) fn run(arguments: &Audit, global: &Global) -> Result<Exit, Failure> {
    let question = question(arguments).map_err(|error| Failure::new(Exit::Usage, error))?;
    let ask = ask(arguments).map_err(|error| Failure::new(Exit::Usage, error))?;
    let tables = tables(arguments).map_err(|error| Failure::new(Exit::Usage, error))?;
    if let Some(path) = arguments.save.as_ref().filter(|path| !arguments.force && path.exists()) {
        let error =
            anyhow!("{} is there already: name another file or give --force", path.display());
        return Err(Failure::new(Exit::CannotWrite, error));
    }
    let narrowed = !question.takes_all() || question.groups();
    let logs = read(&arguments.paths, &question, narrowed)?;
    if let Some(path) = &arguments.save {
        save(path, &logs.fold.to_bytes())?;
    }
    let summary = logs.fold.clone().finish();
    let language = Language::new(locale(global));
    let look = Look { bold: terminal(global).color, room: room() };
    let page =
        Page { arguments, language: &language, logs: &logs, summary: &summary, ask: &ask, look };
    if !logs.rows.is_empty() {
        return page.summaries();
    }
    match arguments.output {
        TableFormat::Json => page.json(&tables),
        TableFormat::Csv => page.csv(&tables),
        TableFormat::Table => page.text(&tables, global.quiet > 0),
    }
}

/// What was read, of logs and of saved states.
struct Read {
    fold: AuditFold,
    /// Paths that places point into.
    paths: Vec<String>,
    states: u64,
    /// Results of queries that somebody else ran, where there is nothing else.
    rows: Vec<Aggregate>,
    /// What could not be opened or read to its end.
    notes: Vec<Diagnostic>,
}

/// Opens all paths as one bundle, in which saved states may lie beside logs.
fn read(paths: &[PathBuf], question: &Question, narrowed: bool) -> Result<Read, Failure> {
    let logs = audit_logs::read(&open(paths)?, question);
    if let Some((path, _)) = logs.states.first().filter(|_| narrowed) {
        let error = anyhow!(
            "{path} is a saved state, counted already: it takes no --by and no filter; give the logs themselves"
        );
        return Err(Failure::new(Exit::Usage, error));
    }
    let states = logs.states.len() as u64;
    for (path, state) in logs.states {
        state.with_context(|| path).map_err(|error| Failure::new(Exit::Refused, error))?;
    }
    let (paths, notes) = (logs.paths, logs.notes);
    match logs.fold {
        Some(fold) => Ok(Read { fold, paths, states, rows: Vec::new(), notes }),
        None if !narrowed && !logs.rows.is_empty() => {
            Ok(Read { fold: AuditFold::default(), paths, states, rows: logs.rows, notes })
        }
        None => {
            let error = anyhow!(
                "no audit log in it: events of audit.k8s.io, Azure Diagnostics and Log Analytics exports are known"
            );
            Err(Failure::new(Exit::Refused, error))
        }
    }
}

/// One run's answers.
struct Page<'a> {
    arguments: &'a Audit,
    language: &'a Language,
    logs: &'a Read,
    summary: &'a AuditSummary,
    ask: &'a Ask,
    look: Look,
}

/// How a table stands on the terminal, if it goes to one.
struct Look {
    bold: bool,
    room: Option<usize>,
}

/// The columns of the terminal that standard output is.
fn room() -> Option<usize> {
    let (columns, _) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(usize::from(columns.0)).filter(|columns| *columns > 0)
}

impl Page<'_> {
    /// What somebody else counted, as it was counted.
    fn summaries(&self) -> Result<Exit, Failure> {
        let rows: Vec<&Aggregate> = self.logs.rows.iter().collect();
        let tables = summaries::tables(&rows, self.ask.rows);
        match (self.arguments.output, tables.as_slice()) {
            (TableFormat::Json, _) => {
                let answers = tables
                    .iter()
                    .map(|table| (table.question.key().to_owned(), table.json(&self.logs.paths)));
                let answers: Map<String, Value> = answers.collect();
                let text = serde_json::to_string_pretty(&answers)
                    .map_err(|error| Failure::new(Exit::CannotWrite, error))?;
                print(&text)
            }
            (TableFormat::Csv, [one]) => print(table::csv(one, &self.logs.paths).trim_end()),
            (TableFormat::Csv, _) => Err(Failure::new(
                Exit::Usage,
                anyhow!("CSV is one table: give one result of a query"),
            )),
            (TableFormat::Table, _) => {
                // Cells are inert, so that what is left of escapes is the headings' own.
                let mut out = self.language.label("audit-summaries") + "\n";
                for answer in &tables {
                    let title = format!("audit-title-{}", answer.question.as_str());
                    let text = table::text(answer, self.language, self.look.bold, self.look.room);
                    let _ = write!(out, "\n{}\n{text}", self.language.label(&title));
                }
                print_inert(out.trim_end())
            }
        }
    }

    fn minor(&self) -> Result<Option<u32>, Failure> {
        let Some(text) = &self.arguments.server_version else { return Ok(None) };
        let minor = text.trim_start_matches('v').strip_prefix("1.").unwrap_or(text);
        let minor = minor.split(['.', '+', '-']).next().unwrap_or_default().parse();
        minor
            .map(Some)
            .map_err(|_| Failure::new(Exit::Usage, anyhow!("no version {text}: such as 1.31")))
    }

    fn json(&self, tables: &[Table]) -> Result<Exit, Failure> {
        let minor = self.minor()?;
        let mut answer = if self.asked() {
            match serde_json::to_value(reading(self.summary)) {
                Ok(Value::Object(answer)) => answer,
                _ => Map::new(),
            }
        } else {
            match object(self.summary, minor, &self.logs.paths, self.arguments.top) {
                Value::Object(answer) => answer,
                _ => Map::new(),
            }
        };
        if self.asked() {
            for table in tables {
                let rows = table.answer(self.summary, self.ask).json(&self.logs.paths);
                answer.insert(table.key().to_owned(), rows);
            }
        }
        let notes = self.cautions(tables);
        answer.insert("cautions".to_owned(), notes.into_iter().map(Value::from).collect());
        if let Some(wanted) = &self.arguments.without {
            let (client, others) = self.client(wanted)?;
            if let Some(Value::Array(cautions)) = answer.get_mut("cautions") {
                cautions.extend(self.ambiguous(client, &others).map(Value::from));
            }
            let outcome = without(self.summary, &client.user, &client.agent, minor);
            answer.insert("without".to_owned(), serde_json::to_value(outcome).unwrap_or_default());
        }
        let text = serde_json::to_string_pretty(&answer)
            .map_err(|error| Failure::new(Exit::CannotWrite, error))?;
        print(&text)
    }

    fn csv(&self, tables: &[Table]) -> Result<Exit, Failure> {
        if self.arguments.without.is_some() {
            let error =
                anyhow!("CSV is one table, and the answer to --without is none: use -o json");
            return Err(Failure::new(Exit::Usage, error));
        }
        let [one] = tables else {
            let error = anyhow!("CSV is one table: ask one question with --report or --by");
            return Err(Failure::new(Exit::Usage, error));
        };
        self.say_cautions(tables);
        let text = table::csv(&one.answer(self.summary, self.ask), &self.logs.paths);
        print(text.trim_end())
    }

    /// What must be known about the log and about how these tables count.
    fn cautions(&self, tables: &[Table]) -> Vec<String> {
        let mut notes = cautions(self.summary);
        let collector = collector_requests(self.summary);
        if collector > 0 && !self.ask.filter.with_collector {
            if tables.iter().any(|table| *table != Table::Groups) {
                notes.push(words!("audit-collector", count = collector));
            }
            if tables.contains(&Table::Groups) {
                notes.push(words!("audit-collector-counted", count = collector));
            }
        }
        if let Some(wider) = self.widened().filter(|_| tables.contains(&Table::Latency)) {
            let asked = self.ask.bin_seconds.unsigned_abs();
            notes.push(words!("audit-bin-widened", asked = asked, seconds = wider));
        }
        let twice = audit_logs::counted_twice(self.summary, &self.logs.paths);
        let count = twice.len().saturating_sub(LOST) as u64;
        if count > 0 {
            notes.push(words!("audit-overlaps-more", count = count));
        }
        let lost = self.logs.notes.iter().take(LOST).chain(twice.iter().take(LOST));
        let lost = lost.map(|note| {
            let words = Words { key: note.code.as_str(), args: note.args.clone() };
            let said = self.language.say(&words);
            match self.logs.paths.get(note.at.artifact.0 as usize) {
                Some(path) => one_line(&format!("{path}: {said}")),
                None => one_line(&said),
            }
        });
        let more = self.logs.notes.len().saturating_sub(LOST) as u64;
        let more = (more > 0).then(|| self.language.say(&words!("audit-lost-more", count = more)));
        lost.chain(more).chain(notes.iter().map(|note| self.language.say(note))).collect()
    }

    /// The width of the bins of latency, where it is not what was asked for.
    fn widened(&self) -> Option<u64> {
        self.arguments.bin.as_ref()?;
        let asked = self.ask.bin_seconds;
        let widths = self.summary.agents.iter().map(|agent| {
            let slot = agent.slot_seconds.max(1);
            asked.saturating_add(slot - 1) / slot * slot
        });
        widths.max().filter(|width| *width != asked).map(i64::unsigned_abs)
    }

    /// Standard output is a table alone, so what must be known goes beside it.
    fn say_cautions(&self, tables: &[Table]) {
        for caution in self.cautions(tables) {
            complain(&format!("konspect: {caution}"));
        }
    }

    fn text(&self, tables: &[Table], quiet: bool) -> Result<Exit, Failure> {
        let mut out = String::new();
        if !quiet {
            out.push_str(&visible(&self.head(tables)));
        }
        if self.arguments.without.is_none() || self.asked() {
            for table in tables {
                out.push_str(&self.table(*table));
            }
        }
        if let Some(wanted) = &self.arguments.without {
            out.push_str(&visible(&self.counterfactual(wanted)?));
        } else if !self.asked() && !quiet {
            let names: Vec<&str> = Table::ALL.iter().map(|table| table.as_str()).collect();
            let _ = writeln!(
                out,
                "\n{}",
                self.language.say(&words!("audit-more-questions", names = names.join(", ")))
            );
        }
        print_inert(out.trim_end())
    }

    fn asked(&self) -> bool {
        !self.arguments.report.is_empty() || !self.arguments.by.is_empty()
    }

    fn head(&self, tables: &[Table]) -> String {
        let reading = self.summary.reading;
        let mut lines = vec![self.language.say(&words!(
            "audit-read",
            records = reading.records,
            events = reading.events,
            refused = reading.refused,
            others = reading.foreign + reading.empty
        ))];
        let none_left = reading.left_out > 0 && reading.left_out == reading.events;
        if let Some((from, to)) = self.summary.window.filter(|_| !none_left) {
            let stamp = |micros: i64| {
                Timestamp::from_microsecond(micros)
                    .unwrap_or_default()
                    .strftime("%Y-%m-%d %H:%M:%S")
                    .to_string()
            };
            lines.push(self.language.say(&words!(
                "audit-window",
                requests = self.summary.requests(),
                clients = self.summary.clients.len(),
                from = stamp(from),
                to = stamp(to)
            )));
        }
        if reading.left_out > 0 {
            lines.push(self.language.say(&if none_left {
                words!("audit-none-left", count = reading.left_out)
            } else {
                words!("audit-left-out", count = reading.left_out)
            }));
        }
        if reading.duplicates > 0 {
            lines.push(self.language.say(&words!("audit-duplicates", count = reading.duplicates)));
        }
        if self.logs.states > 0 {
            lines.push(self.language.say(&words!("audit-states", count = self.logs.states)));
        }
        let note = self.language.label("audit-note");
        lines.extend(self.cautions(tables).iter().map(|caution| format!("{note} {caution}")));
        lines.iter().fold(String::new(), |all, line| all + line + "\n")
    }

    fn table(&self, table: Table) -> String {
        let answer = table.answer(self.summary, self.ask);
        let few = table == Table::Leaks
            && !answer
                .rows
                .iter()
                .flatten()
                .any(|cell| matches!(cell, Cell::Count(left) if *left >= MANY_LEFT));
        if !self.asked() && (answer.rows.is_empty() || few) {
            return String::new();
        }
        let title = self.language.label(&format!("audit-title-{}", table.as_str()));
        let mut out = format!("\n{title}\n");
        if answer.rows.is_empty() {
            let cannot = table.needs_reads() && self.summary.admin_only;
            let key = if cannot { "audit-cannot-tell" } else { "audit-nothing" };
            let _ = writeln!(out, "{}", self.language.label(key));
            return out;
        }
        out.push_str(&table::text(&answer, self.language, self.look.bold, self.look.room));
        if answer.more > 0 {
            let _ =
                writeln!(out, "{}", self.language.say(&words!("audit-more", count = answer.more)));
        }
        out
    }
}

fn tables(arguments: &Audit) -> anyhow::Result<Vec<Table>> {
    let mut tables = Vec::new();
    if !arguments.by.is_empty() {
        tables.push(Table::Groups);
    }
    for name in &arguments.report {
        let table = Table::parse(name).ok_or_else(|| anyhow!("no question {name}"))?;
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    if tables.is_empty() {
        tables = STANDS_OUT.to_vec();
        if arguments.output == TableFormat::Csv {
            tables.truncate(1);
        }
    }
    Ok(tables)
}

fn ask(arguments: &Audit) -> anyhow::Result<Ask> {
    let bin = arguments.bin.as_deref().map(seconds).transpose()?;
    let starts = bin.filter(|_| !arguments.by.is_empty()).map(|_| "start");
    let by = arguments.by.iter().filter_map(|name| match Dimension::parse(name)? {
        Dimension::UserAgent => Some("user_agent"),
        Dimension::Address => Some("source_ip"),
        other => Some(other.as_str()),
    });
    Ok(Ask {
        filter: Filter { with_collector: arguments.with_collector, ..Filter::default() },
        rows: arguments.top.unwrap_or(TOP),
        bin_seconds: bin.unwrap_or(300),
        groups: starts.into_iter().chain(by).collect(),
    })
}

fn question(arguments: &Audit) -> anyhow::Result<Question> {
    let dimension =
        |name: &String| Dimension::parse(name).ok_or_else(|| anyhow!("cannot group by {name}"));
    let verb = |name: &String| match Verb::parse(name) {
        Verb::Other if !name.eq_ignore_ascii_case("other") => {
            Err(anyhow!("no verb {name}: such as get, list, watch, create, update, patch, delete"))
        }
        verb => Ok(verb),
    };
    let bin = arguments.bin.as_deref().map(seconds).transpose()?;
    Ok(Question {
        agents: arguments.client.clone(),
        users: arguments.user.clone(),
        verbs: arguments.verb.iter().map(verb).collect::<anyhow::Result<_>>()?,
        resources: arguments.resource.clone(),
        namespaces: arguments.namespace.clone(),
        codes: arguments.code.iter().map(|text| codes(text)).collect::<anyhow::Result<_>>()?,
        addresses: arguments.source_ip.clone(),
        since: arguments.since.as_deref().map(time).transpose()?,
        until: arguments.until.as_deref().map(time).transpose()?,
        by: arguments.by.iter().map(dimension).collect::<anyhow::Result<_>>()?,
        bin: bin.map(|seconds| seconds.saturating_mul(1_000_000)),
    })
}

/// `429` or `5xx`.
fn codes(text: &str) -> anyhow::Result<(u16, u16)> {
    if let Some(hundreds) = text.to_ascii_lowercase().strip_suffix("xx") {
        let first = hundreds.parse::<u16>().ok().filter(|first| (1..6).contains(first));
        let first = first.ok_or_else(|| anyhow!("no code {text}: such as 429 or 5xx"))?;
        return Ok((first * 100, first * 100 + 99));
    }
    let code = text.parse().ok().filter(|code| (100..600).contains(code));
    let code = code.ok_or_else(|| anyhow!("no code {text}: such as 429 or 5xx"))?;
    Ok((code, code))
}

/// `30s`, `5m`, `1h`, `1d`.
fn seconds(text: &str) -> anyhow::Result<i64> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let scale = match text.get(digits.len()..).unwrap_or_default() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => 0,
    };
    let value = digits.parse::<i64>().ok().and_then(|value| value.checked_mul(scale));
    value
        .filter(|seconds| (1..=31 * 86_400).contains(seconds))
        .ok_or_else(|| anyhow!("no time {text}: such as 30s, 5m or 1h"))
}

/// Micro-seconds since 1970; a time without a zone is UTC.
fn time(text: &str) -> anyhow::Result<i64> {
    let stamp = text.parse::<Timestamp>().ok().or_else(|| {
        let local: jiff::civil::DateTime = text.trim_end_matches(" UTC").parse().ok()?;
        Some(local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    });
    stamp
        .map(Timestamp::as_microsecond)
        .ok_or_else(|| anyhow!("no time {text}: such as 2026-03-14T09:30:00Z"))
}

/// A third of the size, and opened like any compressed file.
fn packed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Writes beside the target, then renames: there is never half a state.
fn save(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let written = packed(bytes)
        .and_then(|bytes| std::fs::write(&partial, bytes))
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("cannot write {}", path.display()));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&partial);
        Failure::new(Exit::CannotWrite, error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_times_and_bins_are_read_or_refused() {
        assert_eq!(codes("429").unwrap(), (429, 429));
        assert_eq!(codes("5XX").unwrap(), (500, 599));
        assert!(["xx", "70000", "42", "6xx", ""].iter().all(|text| codes(text).is_err()));
        assert_eq!(
            [seconds("30s"), seconds("5m"), seconds("1h")].map(Result::unwrap),
            [30, 300, 3600]
        );
        assert!(seconds("5").is_err() && seconds("0s").is_err() && seconds("9999d").is_err());
        let nine = time("2026-03-14T09:00:00Z").unwrap();
        for text in ["2026-03-14T10:00:00+01:00", "2026-03-14T09:00", "2026-03-14 09:00:00"] {
            assert_eq!(time(text).unwrap(), nine, "{text}");
        }
        assert_eq!(time("2026-03-14").unwrap() + 9 * 3_600_000_000, nine);
        assert!(time("yesterday").is_err());
    }
}
