//! The command line: arguments, and nothing else.

mod audit;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::audit::{Audit, TableFormat};

/// Says from a bundle, with no cluster and no network, what is broken, since when, why, and what to do first.
#[derive(Debug, Parser)]
#[command(name = "konspect", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 analysed; 1 --fail-on met; 2 wrong usage; 3 refused; 4 --strict and gaps; \
5 cannot write; 70 a bug of ours; 130 interrupted.\n\nExamples:\n  konspect analyze bundle.zip\n  \
konspect analyze incident-folder/ -o json | jq .verdict\n  konspect next bundle.zip -o script >next.sh; \
sh next.sh; konspect analyze bundle.zip answers/\n  konspect explain port-10250-iptables"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Language of the report [default: the locale's, else en]
    #[arg(long, global = true, value_name = "en|ko|it")]
    pub(crate) lang: Option<String>,
    /// Worker threads [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Says less: once only the verdict, twice nothing
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) quiet: u8,
    /// Says more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Analyses a bundle, any directory, any archive, or loose files
    Analyze(Analyze),
    /// Says what to ask the cluster next: the three commands that would settle most
    Next(Next),
    /// Answers questions about audit logs: who asks for what, how often, how fast, who is turned away
    Audit(Box<Audit>),
    /// Says what becomes of a packet: every filter on its way, and the line that decides
    #[command(
        after_help = "FROM and TO are a node's name, NAMESPACE/POD, NAMESPACE/SERVICE, an address, or \
api-server; node/, pod/ and svc/ before a name say which. Without a port: a node's 10250, the API server's \
443, a service's first one.\n\nExamples:\n  konspect path bundle.zip aks-np1-0 aks-np1-2\n  \
konspect path bundle.zip default/web-0 kube-system/kube-dns:53/udp\n  \
konspect path bundle.zip api-server aks-np1-2:10250 -o json\n  \
konspect path bundle.zip --all-pairs --port 10250"
    )]
    Path(PathArguments),
    /// Prints a rule's page
    Explain {
        /// A code (KSP2103) or a slug (port-10250-iptables)
        rule: String,
    },
    /// Lists every rule, one line each; makes, checks and tests rules of your own
    Rules {
        #[command(subcommand)]
        action: Option<RulesAction>,
    },
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

/// What can be done with rules of one's own.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesAction {
    /// Prints the beginnings of a rule
    New {
        /// The rule's id, such as ACME-7
        name: String,
    },
    /// Says what is wrong with rule files
    Check {
        /// Rule files, or directories of them
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Runs the tests inside rules
    Test {
        /// Rule files, or directories of them
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Prints the JSON Schema of rule files, for editors
    Schema,
    /// Lists the tables that rules can go through, or the keys of one
    Tables { name: Option<String> },
}

#[derive(Debug, Args)]
pub(crate) struct Analyze {
    /// A bundle, directory, archive (zip, tar, tar.gz, tar.xz, tar.zst), or files; - reads standard input
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// What to write: html, md, json, text, sarif or junit, with =FILE or to standard output (repeatable)
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
    /// Overwrites files that are there
    #[arg(long)]
    pub(crate) force: bool,
    /// Exits with 1 when the verdict is this bad or worse
    #[arg(long, value_enum)]
    pub(crate) fail_on: Option<FailOn>,
    /// Exits with 4 when anything could not be read
    #[arg(long)]
    pub(crate) strict: bool,
    /// Where the Markdown will be pasted
    #[arg(long, value_name = "github|azdo|jira|plain|line", default_value = "github")]
    pub(crate) md_for: String,
    /// The most characters of Markdown [default: what the place takes]
    #[arg(long, value_name = "CHARACTERS")]
    pub(crate) md_max: Option<usize>,
    /// Renders with the templates of a directory in place of ours
    #[arg(long, value_name = "DIR")]
    pub(crate) template: Option<PathBuf>,
    /// Runs rules of your own too: a file, or a directory of them (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,
    /// Leaves out a rule, by code or slug (repeatable)
    #[arg(long, value_name = "CODE")]
    pub(crate) ignore: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Next {
    /// A bundle, as analyze takes it
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// A table, a POSIX script whose folder of answers `analyze` takes beside the bundle, or JSON
    #[arg(short, long, value_enum, default_value_t = NextForm::Table)]
    pub(crate) output: NextForm,
    /// Asks for what rules of your own lack too: a file, or a directory of them (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,
    /// Leaves out a rule, by code or slug (repeatable)
    #[arg(long, value_name = "CODE")]
    pub(crate) ignore: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NextForm {
    Table,
    Script,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct PathArguments {
    /// A bundle, directory or archive
    pub(crate) bundle: PathBuf,
    /// Who sends
    #[arg(conflicts_with = "all_pairs")]
    pub(crate) from: Option<String>,
    /// Who is to get it
    #[arg(value_name = "TO[:PORT][/PROTOCOL]", conflicts_with = "all_pairs")]
    pub(crate) to: Option<String>,
    /// Asks for every ordered pair of nodes and names the odd one out
    #[arg(long)]
    pub(crate) all_pairs: bool,
    /// The port of --all-pairs
    #[arg(long, default_value_t = 10250, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,
    /// Asks --all-pairs for UDP in place of TCP
    #[arg(long)]
    pub(crate) udp: bool,
    /// How to write it: text or json
    #[arg(short, long, value_name = "FORMAT")]
    pub(crate) output: Option<String>,
    /// Exits with 1 when it is stopped, or also when nobody can tell
    #[arg(long, value_enum)]
    pub(crate) fail_on: Option<PathFailOn>,
    /// Exits with 4 when the bundle cannot tell
    #[arg(long)]
    pub(crate) strict: bool,
    /// Reads another bundle, or more files, of the same cluster too (repeatable)
    #[arg(long, value_name = "PATH")]
    pub(crate) with: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PathFailOn {
    Blocked,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Degraded,
    Broken,
}
