//! `analyze`: opens, analyses, writes.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use konspect::analyze;
use konspect::language::{Language, Locale};
use konspect::render::{self, Format, Options as RenderOptions, Target, Templates};
use konspect::report::{Health, Report};
use konspect_bundle::{Bundle, Limits};

use crate::cli::{Analyze, Color, FailOn, Global};
use crate::command::user_rules;
use crate::{Exit, Failure, complain};

/// Where one output goes.
struct Output {
    format: Format,
    /// Standard output without a file.
    file: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Analyze, global: &Global) -> Result<Exit, Failure> {
    let outputs = outputs(&arguments.output)?;
    let mut rendering = rendering(arguments, global)?;
    free(&targets(arguments, &outputs), arguments.force)?;
    let own = user_rules::load(&arguments.rules, global)?;
    let bundle = open(&arguments.paths)?;
    let options = user_rules::options(&own, &arguments.ignore);
    let analysis = analyze(&bundle, &options);
    let language = Language::new(locale(global));
    let report = analysis.report(&bundle, &language);
    if outputs.is_empty() {
        rendering.terminal.footer = write_beside(arguments, &report, &language, &rendering)?;
        if global.quiet < 2 {
            to_stdout(Format::Text, &report, &language, &rendering)?;
        }
    }
    for output in &outputs {
        match &output.file {
            None => to_stdout(output.format, &report, &language, &rendering)?,
            Some(path) => {
                to_file(path, output.format, arguments.force, &report, &language, &rendering)?;
            }
        }
    }
    // The process ends: rows of a large cluster need not be given back one by one.
    std::mem::forget(analysis);
    Ok(exit_code(arguments, &report))
}

/// The files that will be written.
fn targets(arguments: &Analyze, outputs: &[Output]) -> Vec<PathBuf> {
    if outputs.is_empty() {
        return beside(arguments).into_iter().map(|(_, path)| path).collect();
    }
    outputs.iter().filter_map(|output| output.file.clone()).collect()
}

/// Refuses targets that collide with each other or with what is there, before anything is read.
fn free(targets: &[PathBuf], force: bool) -> Result<(), Failure> {
    for (place, path) in targets.iter().enumerate() {
        if targets.iter().take(place).any(|earlier| earlier == path) {
            let error = anyhow!("{} is named twice: give each output its own file", path.display());
            return Err(Failure::new(Exit::Usage, error));
        }
        if !force && path.exists() {
            return Err(Failure::new(Exit::CannotWrite, taken(path)));
        }
    }
    Ok(())
}

fn taken(path: &Path) -> anyhow::Error {
    anyhow!("{} is there already: name another file or give --force", path.display())
}

/// How to render; wrong options are refused before anything is read.
fn rendering(arguments: &Analyze, global: &Global) -> Result<RenderOptions, Failure> {
    let Some(target) = Target::parse(&arguments.md_for) else {
        let error =
            anyhow!("no Markdown for {}: github, azdo, jira, plain, line", arguments.md_for);
        return Err(Failure::new(Exit::Usage, error));
    };
    let templates = match &arguments.template {
        Some(directory) => Templates::read(directory)
            .map_err(|error| Failure::new(Exit::Usage, anyhow::Error::from(error)))?,
        None => Templates::default(),
    };
    let terminal = terminal(global);
    Ok(RenderOptions { target, markdown_max: arguments.md_max, terminal, templates })
}

/// Opens paths; what is wrong with them has its exit code. Beside another bundle, a folder is one of answers: the
/// collector's zips in it are opened as well.
pub(crate) fn open(paths: &[PathBuf]) -> Result<Bundle, Failure> {
    let mut all = paths.to_vec();
    if paths.len() > 1 {
        for folder in paths.iter().filter(|path| path.is_dir()) {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let mut zips: Vec<PathBuf> = entries
                .map(|entry| entry.path())
                .filter(|path| path.extension().is_some_and(|ending| ending == "zip"))
                .filter(|path| path.is_file() && !paths.contains(path))
                .collect();
            zips.sort();
            all.extend(zips);
        }
    }
    Bundle::open(&all, &Limits::default()).map_err(|error| {
        let exit = if error.is_usage() { Exit::Usage } else { Exit::Refused };
        Failure::new(exit, error)
    })
}

/// The language asked for, else the locale's.
pub(crate) fn locale(global: &Global) -> Locale {
    if let Some(name) = &global.lang {
        return Locale::parse(name).unwrap_or_else(|| {
            complain(&format!(
                "konspect: no language {name}, writing English: en, ko, it are there"
            ));
            Locale::English
        });
    }
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| environment(name))
        .and_then(|text| Locale::parse(&text))
        .unwrap_or_default()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line reads the locale and NO_COLOR, the analysis never does"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether to colour what goes to a stream.
pub(crate) fn colored(global: &Global, to_terminal: bool) -> bool {
    let dumb = environment("TERM").is_some_and(|term| term == "dumb");
    match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            environment("CLICOLOR_FORCE").is_some_and(|value| value != "0")
                || (to_terminal && environment("NO_COLOR").is_none() && !dumb)
        }
    }
}

pub(crate) fn terminal(global: &Global) -> render::Terminal {
    let colored = colored(global, io::stdout().is_terminal());
    let utf8 = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| environment(name))
        .is_none_or(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"));
    let quiet = global.quiet > 0;
    render::Terminal { color: colored, ascii: !utf8, quiet, ..render::Terminal::default() }
}

fn outputs(texts: &[String]) -> Result<Vec<Output>, Failure> {
    let mut outputs = Vec::new();
    for text in texts {
        let (name, file) = match text.split_once('=') {
            Some((name, "-")) => (name, None),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text.as_str(), None),
        };
        let Some(format) = Format::parse(name) else {
            let error =
                anyhow!("no output format {name}: html, md, json, text, sarif and junit are there");
            return Err(Failure::new(Exit::Usage, error));
        };
        outputs.push(Output { format, file });
    }
    if outputs.iter().filter(|output| output.file.is_none()).count() > 1 {
        let error = anyhow!(
            "only one output fits standard output: give the others a file (-o html=report.html)"
        );
        return Err(Failure::new(Exit::Usage, error));
    }
    Ok(outputs)
}

fn to_stdout(
    format: Format,
    report: &Report,
    language: &Language,
    options: &RenderOptions,
) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written =
        render::render(format, report, language, options, &mut out).map_err(anyhow::Error::from);
    let flushed = written.and_then(|()| out.flush().map_err(anyhow::Error::from));
    match flushed {
        Err(error) if !is_closed_pipe(&error) => Err(Failure::new(Exit::CannotWrite, error)),
        _ => Ok(()),
    }
}

pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Writes to a temporary name beside the target, then renames: there is never half a report.
fn to_file(
    path: &Path,
    format: Format,
    force: bool,
    report: &Report,
    language: &Language,
    options: &RenderOptions,
) -> Result<(), Failure> {
    let attempt = || -> anyhow::Result<()> {
        if !force && path.exists() {
            return Err(taken(path));
        }
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&partial);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        let mut out = BufWriter::new(file);
        let written = render::render(format, report, language, options, &mut out)
            .map_err(anyhow::Error::from);
        let done = written
            .and_then(|()| Ok(out.flush()?))
            .and_then(|()| Ok(std::fs::rename(&partial, path)?));
        if done.is_err() {
            let _ = std::fs::remove_file(&partial);
        }
        done.with_context(|| format!("cannot write {}", path.display()))
    };
    attempt().map_err(|error| Failure::new(Exit::CannotWrite, error))
}

/// Without `-o`: PATH's name with `.html` and `.md` in the working directory. Answers what was written.
fn write_beside(
    arguments: &Analyze,
    report: &Report,
    language: &Language,
    options: &RenderOptions,
) -> Result<Vec<String>, Failure> {
    let mut written = Vec::new();
    for (format, path) in beside(arguments) {
        to_file(&path, format, arguments.force, report, language, options)?;
        let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
        written.push(format!("{} {}", path.display(), render::size(bytes)));
    }
    Ok(written)
}

/// The files that are written when no output is asked for.
fn beside(arguments: &Analyze) -> [(Format, PathBuf); 2] {
    let name = beside_name(arguments.paths.first().map_or(Path::new("-"), PathBuf::as_path));
    [Format::Html, Format::Markdown]
        .map(|format| (format, PathBuf::from(format!("{name}.{}", format.as_str()))))
}

/// The last part of a path without archive endings; `konspect-report` where it has none.
fn beside_name(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("konspect-report");
    let mut stem = name;
    for ending in [".zip", ".tgz", ".gz", ".xz", ".zst", ".tar"] {
        stem = stem.strip_suffix(ending).unwrap_or(stem);
    }
    if stem.is_empty() || stem == "-" { "konspect-report".to_owned() } else { stem.to_owned() }
}

fn exit_code(arguments: &Analyze, report: &Report) -> Exit {
    let bad = match arguments.fail_on {
        Some(FailOn::Broken) => report.verdict.health >= Health::Broken,
        Some(FailOn::Degraded) => report.verdict.health >= Health::Degraded,
        None => false,
    };
    if bad {
        Exit::FailOn
    } else if arguments.strict && (!report.diagnostics.is_empty() || report.bundle.cut_off) {
        Exit::Gaps
    } else {
        Exit::Done
    }
}
