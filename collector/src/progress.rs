//! What is said while it runs: a bar on a terminal, one line a phase elsewhere, always on
//! standard error. It refuses to decide anything.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::Instant;

use clap::ColorChoice;
use indicatif::{ProgressBar, ProgressStyle};
use konspect_bundle::manifest::CommandRecord;

use crate::cli::Hands;

#[derive(Debug)]
pub(crate) struct Progress {
    quiet: bool,
    verbose: bool,
    /// What a bar looks like, where there is a terminal for it.
    template: Option<&'static str>,
    phase: Mutex<Option<Phase>>,
}

#[derive(Debug)]
struct Phase {
    name: &'static str,
    bar: Option<ProgressBar>,
    begun: Instant,
    done: usize,
    failed: usize,
}

impl Progress {
    pub(crate) fn new(hands: &Hands) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let color = match hands.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        let template = if color {
            "{spinner:.green} {prefix} {bar:30.cyan} {pos}/{len} {wide_msg:.dim}"
        } else {
            "{spinner} {prefix} {bar:30} {pos}/{len} {wide_msg}"
        };
        let template = Some(template).filter(|_| terminal && !hands.quiet);
        Self { quiet: hands.quiet, verbose: hands.verbose, template, phase: Mutex::new(None) }
    }

    /// Begins a phase of so many commands.
    pub(crate) fn phase(&self, name: &'static str, commands: usize) {
        let bar = self.template.map(|template| {
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(commands as u64).with_style(style).with_prefix(name)
        });
        self.with(|phase| {
            *phase = Some(Phase { name, bar, begun: Instant::now(), done: 0, failed: 0 });
        });
    }

    /// Counts one command that ended.
    pub(crate) fn ended(&self, record: &CommandRecord) {
        let good = record.exit == Some(0);
        self.with(|phase| {
            let Some(phase) = phase else { return };
            phase.done += 1;
            phase.failed += usize::from(!good);
            if let Some(bar) = &phase.bar {
                bar.inc(1);
                bar.set_message(record.entry.clone().unwrap_or_default());
            }
        });
        if self.verbose {
            let how = match (&record.exit, &record.ended) {
                (Some(0), _) => "ok".to_owned(),
                (Some(code), _) => format!("exit {code}"),
                (None, ended) => ended.clone().unwrap_or_else(|| "no exit code".to_owned()),
            };
            self.line(&format!("{how}  {:.1} s  {}", record.seconds, record.argv.join(" ")));
        }
    }

    /// Ends the phase: its line, where there is no bar.
    pub(crate) fn end(&self) {
        let ended = self.phase.lock().ok().and_then(|mut phase| phase.take());
        let Some(phase) = ended else { return };
        if let Some(bar) = phase.bar {
            bar.finish_and_clear();
        }
        if phase.done > 0 {
            let failed = if phase.failed > 0 {
                format!(", {} without success", phase.failed)
            } else {
                String::new()
            };
            let seconds = phase.begun.elapsed().as_secs_f64();
            self.say(&format!("{}: {} commands{failed}, {seconds:.1} s", phase.name, phase.done));
        }
    }

    /// Says one line, unless asked to be quiet.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            self.line(text);
        }
    }

    fn line(&self, text: &str) {
        let suspended = self
            .phase
            .lock()
            .ok()
            .and_then(|phase| phase.as_ref().and_then(|phase| phase.bar.clone()));
        let write = || {
            let _ = writeln!(std::io::stderr(), "{text}");
        };
        match suspended {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn with(&self, act: impl FnOnce(&mut Option<Phase>)) {
        if let Ok(mut phase) = self.phase.lock() {
            act(&mut phase);
        }
    }
}
