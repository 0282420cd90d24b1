//! `explain`, `rules`, `completion`: what needs no bundle.

use std::io::Write;

use anyhow::anyhow;
use clap::CommandFactory;
use konspect::language::Language;
use konspect::render::escape::visible;
use konspect::rules;

use crate::cli::{Cli, Global};
use crate::command::analyze::locale;
use crate::{Exit, Failure};

/// Prints a rule's page, without its fixtures.
pub(crate) fn explain(name: &str) -> Result<Exit, Failure> {
    let Some(rule) = rules::find(name) else {
        return Err(Failure::new(
            Exit::Usage,
            anyhow!("no rule {name}: `konspect rules` lists all"),
        ));
    };
    let page = rule.meta().page;
    let end = page.find("\n## ").unwrap_or(page.len());
    let mut text = String::new();
    let mut fenced = false;
    for line in page.get(..end).unwrap_or(page).lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            text.push_str(line);
            text.push('\n');
        }
    }
    print(text.trim_end())
}

/// One line a rule: code, slug, what it is.
pub(crate) fn list(global: &Global) -> Result<Exit, Failure> {
    let language = Language::new(locale(global));
    let lines: Vec<String> = rules::all()
        .iter()
        .map(|rule| {
            let meta = rule.meta();
            format!(
                "{}  {:38} {}",
                meta.code,
                meta.slug,
                language.label(&format!("rule-{}", meta.slug))
            )
        })
        .collect();
    print(&lines.join("\n"))
}

pub(crate) fn completion(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "konspect", &mut text);
    print(String::from_utf8_lossy(&text).trim_end())
}

/// Prints a result, whatever a bundle put into it; a closed pipe is no error.
pub(crate) fn print(text: &str) -> Result<Exit, Failure> {
    match writeln!(std::io::stdout(), "{}", visible(text)) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::CannotWrite, error))
        }
        _ => Ok(Exit::Done),
    }
}
