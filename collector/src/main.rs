//! `konspect-collect`: one small program, one zip, even when half of it fails.

mod audit;
mod azure;
mod cli;
mod client;
mod clock;
mod collect;
mod kubectl;
mod node;
mod pack;
mod plan;
mod profile;
mod progress;
mod rights;
mod session;
mod targets;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use konspect_bundle::manifest::CommandRecord;
use konspect_bundle::writer::{WriteError, Written};

use crate::cli::{Cli, Collect, Command};
use crate::collect::{Cluster, CollectError};
use crate::kubectl::Stop;
use crate::plan::Plan;
use crate::progress::Progress;

/// One heap that gives large buffers back at once: the C library keeps one a thread, and what a page
/// of a list took stays with each.
#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Exit codes; 2 is also what the command line's parser ends with.
const USAGE: u8 = 2;
const GAPS: u8 = 4;
const CANNOT_WRITE: u8 = 5;
const INTERRUPTED: u8 = 130;

/// More entries than this are counted, not named: the manifest has them all.
const LISTED: usize = 12;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let write = error.downcast_ref::<WriteError>().is_some()
                || matches!(error.downcast_ref::<CollectError>(), Some(CollectError::Write(_)));
            let advice = if write { "; name another place with --output" } else { "" };
            let _ = writeln!(std::io::stderr(), "error: {error:#}{advice}");
            ExitCode::from(if write { CANNOT_WRITE } else { USAGE })
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<u8> {
    match &cli.command {
        None => collect(&cli.collect, &Progress::new(&cli.hands)),
        Some(Command::Pack(arguments)) => {
            let packed = pack::pack(arguments, &stop(Duration::MAX)?)?;
            let missing: Vec<CommandRecord> =
                packed.commands.into_iter().filter(|record| record.node.is_none()).collect();
            say(&packed.written, "", &gaps(&missing));
            Ok(if packed.partial { INTERRUPTED } else { 0 })
        }
        Some(Command::Node(arguments)) => {
            let (written, partial) = node::here(arguments, &stop(arguments.timeout)?)?;
            say(&written, if partial { "the collection was cut short" } else { "" }, &[]);
            Ok(if partial { INTERRUPTED } else { 0 })
        }
        Some(Command::NodeScript(settings)) => {
            std::io::stdout()
                .write_all(node::script(settings).as_bytes())
                .context("cannot print the script")?;
            Ok(0)
        }
    }
}

fn collect(arguments: &Collect, progress: &Progress) -> anyhow::Result<u8> {
    let plan = Plan::load(&arguments.profile, &arguments.only, &arguments.skip)?;
    if arguments.dry_run {
        let mut text = plan.describe(&arguments.window(), arguments.kubectl.namespace.as_deref());
        if arguments.azure.is_some() {
            text.push_str(&Plan::load("azure", &[], &[])?.describe(&[], None));
        }
        std::io::stdout().write_all(text.as_bytes()).context("cannot print the plan")?;
        return Ok(0);
    }
    if let Some(until) = &arguments.until {
        clock::parse(until)
            .with_context(|| format!("--until {until}: write it as 2026-11-21T10:50:03Z"))?;
    }
    let stop = stop(arguments.timeout)?;
    let cluster = Cluster::find(&arguments.kubectl, &stop)?;
    let collected = collect::collect(arguments, &plan, &cluster, &stop, progress)?;
    let gaps = gaps(&collected.commands);
    let state = if collected.interrupted {
        "interrupted: what there was is inside"
    } else if collected.partial {
        "cut short by its limits: what there was is inside"
    } else {
        ""
    };
    say(&collected.written, state, &gaps);
    Ok(if collected.interrupted {
        INTERRUPTED
    } else if arguments.strict && (collected.partial || !gaps.is_empty()) {
        GAPS
    } else {
        0
    })
}

/// Ends when a signal asks for it, at once when it asks twice.
fn stop(time: Duration) -> anyhow::Result<Stop> {
    let interrupted = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    for signal in
        [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
    {
        signal_hook::flag::register_conditional_shutdown(
            signal,
            i32::from(INTERRUPTED),
            Arc::clone(&interrupted),
        )
        .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&interrupted)))
        .context("cannot listen for signals")?;
    }
    let time = time.min(Duration::from_hours(7 * 24));
    Ok(Stop { interrupted, until: Instant::now() + time })
}

/// What could not be obtained: entries and how often, with the reason.
fn gaps(commands: &[CommandRecord]) -> Vec<String> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for record in commands.iter().filter(|record| record.exit != Some(0)) {
        // A fallback of an older API that is not known is no gap.
        let fallback =
            commands.iter().any(|other| other.entry == record.entry && other.exit == Some(0));
        if fallback && record.stderr.contains("could not find the requested resource") {
            continue;
        }
        let reason = match (&record.exit, &record.ended) {
            (Some(_), _) => "failed",
            (None, Some(ended)) => ended.strip_prefix("skipped: ").unwrap_or(ended),
            (None, None) => "no exit code",
        };
        let entry = record.entry.clone().unwrap_or_default();
        *counts.entry((reason.to_owned(), entry)).or_default() += 1;
    }
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for ((reason, entry), count) in counts {
        reasons.entry(reason).or_default().push(if count > 1 {
            format!("{entry} ({count})")
        } else {
            entry
        });
    }
    let named = |entries: Vec<String>| {
        if entries.len() > LISTED {
            format!("{} entries", entries.len())
        } else {
            entries.join(", ")
        }
    };
    reasons.into_iter().map(|(reason, entries)| format!("{}: {reason}", named(entries))).collect()
}

/// Prints the path, the size, the digest and one sentence.
fn say(written: &Written, state: &str, gaps: &[String]) {
    let redacted: u64 = written.redactions.values().sum();
    let Written { path, bytes, sha256, members, .. } = written;
    let mut sentence = vec![format!("{members} members, {redacted} secrets replaced")];
    if !gaps.is_empty() {
        sentence.push(format!("not obtained: {}", gaps.join("; ")));
    }
    if !state.is_empty() {
        sentence.push(state.to_owned());
    }
    let text =
        format!("{}\n{bytes} bytes, SHA-256 {sha256}\n{}.\n", path.display(), sentence.join("; "));
    // The bundle is there even when nobody reads where.
    let _ = std::io::stdout().write_all(text.as_bytes());
}
