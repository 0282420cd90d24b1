//! `next`: the commands whose answers would settle most, as a table, a script or JSON.

use std::io::{self, BufWriter, Write};

use konspect::analyze;
use konspect::language::Language;
use konspect::render::{self, escape};
use konspect::report::Report;

use crate::cli::{Global, Next, NextForm};
use crate::command::analyze::{locale, open};
use crate::command::user_rules;
use crate::{Exit, Failure};

pub(crate) fn run(arguments: &Next, global: &Global) -> Result<Exit, Failure> {
    let own = user_rules::load(&arguments.rules, global)?;
    let bundle = open(&arguments.paths)?;
    let options = user_rules::options(&own, &arguments.ignore);
    let language = Language::new(locale(global));
    let report = analyze(&bundle, &options).report(&bundle, &language);
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match arguments.output {
        NextForm::Table => table(&report, &language, &mut out).map_err(anyhow::Error::from),
        NextForm::Script => render::script(&report, &mut out).map_err(anyhow::Error::from),
        NextForm::Json => serde_json::to_writer_pretty(&mut out, &report.next)
            .map_err(anyhow::Error::from)
            .and_then(|()| Ok(writeln!(out)?)),
    };
    written
        .and_then(|()| Ok(out.flush()?))
        .map_err(|error| Failure::new(Exit::CannotWrite, error))?;
    Ok(Exit::Done)
}

fn table(report: &Report, language: &Language, out: &mut dyn Write) -> io::Result<()> {
    if report.next.is_empty() {
        return writeln!(out, "{}", language.label("next-none"));
    }
    for (place, next) in report.next.iter().enumerate() {
        writeln!(out, "{}. {}", place + 1, escape::one_line(&next.command))?;
        let size = render::size(next.bytes);
        for (key, value) in [
            ("next-why", next.why.as_str()),
            ("next-settles", &next.settles.join(" ")),
            ("next-rights", &next.rights),
            ("next-bytes", &size),
        ] {
            writeln!(out, "   {} {}", language.label(key), escape::one_line(value))?;
        }
    }
    Ok(())
}
