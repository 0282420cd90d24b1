//! `konspect`: the command line over the analyzer.

mod cli;
mod command;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use konspect::render::escape;

use crate::cli::{Cli, Command};

/// Tables of audit logs are small pieces by the hundred thousand, and one thread gives back what another
/// took: with the C library's heap a whole analysis takes a tenth longer.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static HEAP: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How a run ends, as the exit code says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    FailOn = 1,
    Usage = 2,
    Refused = 3,
    Gaps = 4,
    CannotWrite = 5,
    Bug = 70,
}

/// An error with the exit code it deserves.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) error: anyhow::Error,
}

impl Failure {
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into() }
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            return ExitCode::from(exit as u8);
        }
    };
    install_bug_notice();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&cli)));
    let exit = match outcome {
        Ok(Ok(exit)) => exit,
        Ok(Err(failure)) => {
            complain(&format!("konspect: {:#}", failure.error));
            failure.exit
        }
        Err(_) => Exit::Bug,
    };
    ExitCode::from(exit as u8)
}

fn run(cli: &Cli) -> Result<Exit, Failure> {
    if let Some(threads) = cli.global.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global();
        pool.map_err(|error| Failure::new(Exit::Usage, error))?;
    }
    match &cli.command {
        Command::Analyze(arguments) => command::analyze::run(arguments, &cli.global),
        Command::Next(arguments) => command::next::run(arguments, &cli.global),
        Command::Audit(arguments) => command::audit::run(arguments, &cli.global),
        Command::Path(arguments) => command::path::run(arguments, &cli.global),
        Command::Explain { rule } => command::rules::explain(rule, &cli.global),
        Command::Rules { action: None } => command::rules::list(&cli.global),
        Command::Rules { action: Some(action) } => command::user_rules::run(action, &cli.global),
        Command::Info { paths } => command::info::info(paths),
        Command::Verify { path } => command::info::verify(path),
        Command::Completion { shell } => command::rules::completion(*shell),
    }
}

/// A panic says where and how to report it, and nothing of the bundle.
fn install_bug_notice() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(|place| format!("{}:{}", place.file(), place.line()))
            .unwrap_or_default();
        complain(&format!(
            "konspect {}: a bug of ours at {place}; please report this line, the bundle itself is not needed",
            env!("CARGO_PKG_VERSION")
        ));
    }));
}

/// One line on standard error, without any byte that a terminal would obey.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", escape::one_line(text));
}
