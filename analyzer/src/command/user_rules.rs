//! `rules new|check|test|tables`, and the files of `--rules`: rules of users.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use konspect::facts::view::{self, Field, Shape};
use konspect::rules::Run;
use konspect::rules::user::{self, Loaded, Note};
use konspect::{Options, render};
use konspect_bundle::{Code, Diagnostic, Span};

use crate::cli::{Global, RulesAction};
use crate::command::analyze::colored;
use crate::command::rules::print;
use crate::{Exit, Failure};

/// The most files of one directory, and how deep it is searched.
const FILES: usize = 1000;
const DEPTH: usize = 8;
/// The largest file that is read at all.
const FILE_BYTES: u64 = 4 * 1024 * 1024;

pub(crate) fn run(action: &RulesAction, global: &Global) -> Result<Exit, Failure> {
    match action {
        RulesAction::New { name } => print(new(name)?.trim_end()),
        RulesAction::Check { files } => check(files, global),
        RulesAction::Test { files } => test(files, global),
        RulesAction::Schema => print(&format!("{:#}", user::schema())),
        RulesAction::Tables { name } => tables(name.as_deref()),
    }
}

/// Loads the rules of files and directories; what is wrong with some is said, and the others stay.
pub(crate) fn load(paths: &[PathBuf], global: &Global) -> Result<Loaded, Failure> {
    let mut files = Vec::new();
    for path in paths {
        gather(path, DEPTH, &mut files)?;
    }
    let texts = files.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let labels: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    let loaded =
        user::load(labels.iter().map(String::as_str).zip(texts.iter().map(String::as_str)));
    let color = colored(global, std::io::stderr().is_terminal());
    for note in &loaded.notes {
        say(note, color);
    }
    Ok(loaded)
}

/// What an analysis with these rules is told.
pub(crate) fn options<'r>(own: &'r Loaded, ignore: &[String]) -> Options<'r> {
    Options {
        ignore: ignore.to_vec(),
        user_rules: own.rules.iter().map(|rule| rule as &dyn Run).collect(),
        notes: own.notes.iter().map(diagnostic).collect(),
    }
}

/// A note as the report lists it.
fn diagnostic(note: &Note) -> Diagnostic {
    Diagnostic::new(Code::UserRuleRefused, Span::BUNDLE)
        .with("name", &note.path)
        .with("reason", &note.message)
}

fn say(note: &Note, color: bool) {
    let _ = writeln!(std::io::stderr(), "{}\n", render::note(note, color));
}

/// A file, or the YAML files of a directory in order.
fn gather(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| unreadable(path, error))? {
        paths.push(entry.map_err(|error| unreadable(path, error))?.path());
    }
    paths.sort();
    for path in paths {
        let yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        if yaml && path.is_file() {
            files.push(path);
        } else if depth > 0 && path.is_dir() && !path.is_symlink() {
            gather(&path, depth - 1, files)?;
        }
        if files.len() > FILES {
            let error = anyhow!("more than {FILES} rule files: name fewer directories");
            return Err(Failure::new(Exit::Usage, error));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    let size = std::fs::metadata(path).map_err(|error| unreadable(path, error))?.len();
    if size > FILE_BYTES {
        let error = anyhow!("{} is larger than any rule file: {size} bytes", path.display());
        return Err(Failure::new(Exit::Usage, error));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    Failure::new(Exit::Usage, anyhow!("cannot read {}: {error}", path.display()))
}

fn check(files: &[PathBuf], global: &Global) -> Result<Exit, Failure> {
    let loaded = load(files, global)?;
    let rules = count(loaded.rules.len(), "rule");
    if loaded.notes.is_empty() {
        print(&format!("{rules}, nothing wrong"))
    } else {
        print(&format!("{rules} can run, {} wrong", count(loaded.notes.len(), "thing")))?;
        Ok(Exit::Usage)
    }
}

fn test(files: &[PathBuf], global: &Global) -> Result<Exit, Failure> {
    let loaded = load(files, global)?;
    let color = colored(global, std::io::stderr().is_terminal());
    let (mut tests, mut failed, mut lines) = (0, 0, Vec::new());
    for rule in &loaded.rules {
        let tested = rule.test();
        tests += tested.tests;
        failed += tested.failed.len();
        tested.failed.iter().for_each(|note| say(note, color));
        lines.push(match (tested.tests, tested.failed.len()) {
            (0, _) => format!("none    {}", tested.code),
            (tests, 0) => format!("passed  {}  {}", tested.code, count(tests, "test")),
            (tests, failed) => {
                format!("failed  {}  {failed} of {}", tested.code, count(tests, "test"))
            }
        });
    }
    lines.push(format!("{}, {failed} failed", count(tests, "test")));
    print(&lines.join("\n"))?;
    Ok(match (loaded.notes.is_empty(), failed) {
        (false, _) => Exit::Usage,
        (true, 0) => Exit::Done,
        (true, _) => Exit::FailOn,
    })
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A rule that works, to change.
fn new(name: &str) -> Result<String, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        let error = anyhow!("{name} is no id: letters, digits, -, _ and ., at most 64 of them");
        return Err(Failure::new(Exit::Usage, error));
    }
    Ok(include_str!("../../../templates/rule.yaml").replace("ACME-1", name))
}

/// The tables, or the keys of one with their types.
fn tables(name: Option<&str>) -> Result<Exit, Failure> {
    let Some(name) = name else {
        let lines: Vec<String> = view::TABLES
            .iter()
            .map(|table| format!("{:20} {}", table.name, table.variable))
            .collect();
        return print(&lines.join("\n"));
    };
    let Some(table) = view::table(name) else {
        let names = view::TABLES.iter().map(|table| table.name);
        let hint = user::nearest(name, names).map(|near| format!(": did you mean {near}?"));
        let error = anyhow!("no table {name}{}", hint.unwrap_or_default());
        return Err(Failure::new(Exit::Usage, error));
    };
    let mut lines = Vec::new();
    keys(table.variable, table.fields, &mut lines);
    print(&lines.join("\n"))
}

fn keys(of: &str, fields: &[Field], lines: &mut Vec<String>) {
    for field in fields {
        let null = if field.nullable { ", or null" } else { "" };
        let name = format!("{of}.{}", field.key);
        lines.push(format!("{name:36} {}{null}", field.shape.noun()));
        if let Shape::List(fields) = field.shape {
            keys(&format!("  {name}[]"), fields, lines);
        }
    }
}
