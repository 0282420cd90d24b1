//! The command line: arguments, and nothing else.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

/// Says from a bundle, with no cluster and no network, what is broken, since when, why, and what to do first.
#[derive(Debug, Parser)]
#[command(name = "konspect", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 analysed; 1 --fail-on met; 2 wrong usage; 3 refused; 4 --strict and gaps; \
5 cannot write; 70 a bug of ours; 130 interrupted.\n\nExamples:\n  konspect analyze bundle.zip\n  \
konspect analyze incident-folder/ -o json | jq .verdict\n  konspect explain port-10250-iptables"
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

/// What every command takes.
#[derive(Debug, Args)]
pub struct Global {
    /// Language of the report [default: the locale's, else en]
    #[arg(long, global = true, value_name = "en|ko|it")]
    pub lang: Option<String>,
    /// Worker threads [default: all cores]
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<usize>,
    /// Says less: once only the verdict, twice nothing
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub quiet: u8,
    /// Says more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Analyses a bundle, any directory, any archive, or loose files
    Analyze(Analyze),
    /// Prints a rule's page
    Explain {
        /// A code (KSP2103) or a slug (port-10250-iptables)
        rule: String,
    },
    /// Lists every rule, one line each
    Rules,
    /// Says what a file is, how complete, redacted or not
    Info {
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Checks a bundle's manifest and digests
    Verify { path: PathBuf },
    /// Prints a completion script
    Completion { shell: clap_complete::Shell },
}

#[derive(Debug, Args)]
pub struct Analyze {
    /// A bundle, directory, archive (zip, tar, tar.gz, tar.xz, tar.zst), or files; - reads standard input
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// What to write: html, md, json, text, sarif or junit, with =FILE or to standard output (repeatable)
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub output: Vec<String>,
    /// Overwrites files that are there
    #[arg(long)]
    pub force: bool,
    /// Exits with 1 when the verdict is this bad or worse
    #[arg(long, value_enum)]
    pub fail_on: Option<FailOn>,
    /// Exits with 4 when anything could not be read
    #[arg(long)]
    pub strict: bool,
    /// Leaves out a rule, by code or slug (repeatable)
    #[arg(long, value_name = "CODE")]
    pub ignore: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Degraded,
    Broken,
}
