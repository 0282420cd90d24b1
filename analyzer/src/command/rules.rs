//! `explain`, `rules`, `completion`: what needs no bundle.

use std::io::Write;

use anyhow::anyhow;
use clap::CommandFactory;
use konspect::docs;
use konspect::language::{Language, Locale};
use konspect::render::escape::visible;
use konspect::rules::{self, user};

use crate::cli::{Cli, Global};
use crate::command::analyze::locale;
use crate::{Exit, Failure};

/// Prints a rule's page, without its fixtures; its name is in the reader's language.
pub(crate) fn explain(name: &str, global: &Global) -> Result<Exit, Failure> {
    let Some(rule) = rules::find(name) else {
        let rules = rules::all();
        let names = rules.iter().flat_map(|rule| [rule.meta().slug, rule.meta().code]);
        let hint = match user::nearest(name, names) {
            Some(near) => format!("did you mean {near}? "),
            None => String::new(),
        };
        let error = anyhow!("no rule {name}: {hint}`konspect rules` lists all");
        return Err(Failure::new(Exit::Usage, error));
    };
    let meta = rule.meta();
    let language = Language::new(locale(global));
    let page = docs::prose(meta);
    let body = page.split_once('\n').map_or("", |(_, body)| body.trim_start());
    let title = language.label(&format!("rule-{}", meta.slug));
    let mut text = format!("# {} ({})\n\n{title}\n\n", meta.slug, meta.code);
    if language.locale != Locale::English {
        text.push_str(&language.label("explain-english"));
        text.push_str("\n\n");
    }
    text.push_str(body);
    print(&text)
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
    print_inert(&visible(text))
}

/// Prints a text that is inert already but for its own styles.
pub(crate) fn print_inert(text: &str) -> Result<Exit, Failure> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::CannotWrite, error))
        }
        _ => Ok(Exit::Done),
    }
}
