//! The command line: what can be asked of the collector, and nothing of how it is done.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};

#[derive(Debug, Parser)]
#[command(
    name = "konspect-collect",
    version,
    about = "Takes a snapshot of a failing cluster with your own kubectl and rights, and writes one zip",
    after_help = "Exit codes: 0 complete, 2 usage, 4 gaps (with --strict), 5 cannot write, 130 interrupted (the bundle has what there was).",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub collect: Collect,
    #[command(flatten)]
    pub hands: Hands,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Packs folders and files that exist already into a bundle, secrets taken out
    Pack(Pack),
    /// Collects from the node this runs on
    Node(Node),
    /// Prints the script that collects from a node with nothing but sh
    NodeScript(NodeScript),
}

/// How much is said, for all commands.
#[derive(Args, Debug)]
pub(crate) struct Hands {
    /// Say nothing but errors and the bundle's path
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say how each command ended
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Colours; `NO_COLOR` is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

#[derive(Args, Debug)]
pub(crate) struct Collect {
    /// What to collect: default, quick, deep, audit
    #[arg(short, long, default_value = "default")]
    pub profile: String,
    /// Write to this file, or into this folder
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Print commands, rights and estimated bytes; ask the cluster nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Only these entries of the profile
    #[arg(long, value_name = "ENTRY", value_delimiter = ',')]
    pub only: Vec<String>,
    /// All but these entries of the profile
    #[arg(long, value_name = "ENTRY", value_delimiter = ',')]
    pub skip: Vec<String>,
    #[command(flatten)]
    pub kubectl: Kubectl,
    /// Logs since so long ago, as kubectl spells it: 90m
    #[arg(long, value_name = "DURATION", conflicts_with = "since_time")]
    pub since: Option<String>,
    /// Logs since this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub since_time: Option<String>,
    /// Logs until this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Commands at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallel: u16,
    /// End after so long, with what there is: 10m
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub timeout: Duration,
    /// End at so many bytes before compression, with what there is: 4GiB
    #[arg(long, value_name = "SIZE", default_value = "4GiB", value_parser = size)]
    pub max_size: u64,
    /// Exit 4 when anything could not be obtained
    #[arg(long)]
    pub strict: bool,
    /// Audit logs to take in: files, folders, globs; plain, .gz, Azure exports
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub audit: Vec<PathBuf>,
    /// Ask Azure too, with the caller's az: read-only
    #[arg(long, value_name = "RESOURCE-GROUP/CLUSTER", num_args = 0..=1, default_missing_value = "")]
    pub azure: Option<String>,
    /// Collect files from nodes: all, unhealthy, sample=N, or names
    #[arg(long, value_name = "NODES")]
    pub nodes: Option<String>,
    /// How to reach the nodes
    #[arg(long, value_enum, default_value = "none")]
    pub via: Via,
    /// The image of the debug pod
    #[arg(long, value_name = "IMAGE", default_value = "mcr.microsoft.com/cbl-mariner/busybox:2.0")]
    pub node_image: String,
    /// User and options of ssh come from its own configuration; this is the user's name
    #[arg(long, value_name = "USER")]
    pub ssh_user: Option<String>,
}

/// What goes to kubectl as it is.
#[derive(Args, Debug, Default)]
pub(crate) struct Kubectl {
    /// The kubectl to use
    #[arg(long = "kubectl", value_name = "PATH", default_value = "kubectl")]
    pub program: String,
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Ask as someone else
    #[arg(long = "as", value_name = "NAME")]
    pub impersonate: Option<String>,
    #[arg(long, value_name = "DURATION")]
    pub request_timeout: Option<String>,
    /// Only this namespace
    #[arg(short, long, value_name = "NAME", conflicts_with = "all_namespaces")]
    pub namespace: Option<String>,
    /// All namespaces (the default)
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Via {
    /// A debug pod (`kubectl debug node`), deleted afterwards
    Debug,
    Ssh,
    None,
}

#[derive(Args, Debug)]
pub(crate) struct Pack {
    /// Folders and files
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The bundle
    #[arg(short, long, value_name = "OUT.zip")]
    pub output: Option<PathBuf>,
    /// The cluster's name, for the manifest
    #[arg(long, value_name = "NAME", default_value = "packed")]
    pub cluster: String,
}

#[derive(Args, Debug)]
pub(crate) struct Node {
    #[command(flatten)]
    pub script: NodeScript,
    /// Write to this file, or into this folder
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// End after so long, with what there is
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub timeout: Duration,
}

#[derive(Args, Debug, Default)]
pub(crate) struct NodeScript {
    /// At most 4,096 bytes of output: for `az vmss run-command invoke`
    #[arg(long)]
    pub compact: bool,
    /// The API server's host name, to look up and connect to
    #[arg(long, value_name = "HOST")]
    pub api_server: Option<String>,
    /// Addresses of other nodes, to try port 10250 on
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub peers: Vec<String>,
    /// Journals since, as journalctl spells it
    #[arg(long, value_name = "TIME", default_value = "1 hour ago")]
    pub journal_since: String,
}

impl Kubectl {
    /// The options that every call of kubectl gets.
    pub(crate) fn words(&self) -> Vec<String> {
        let options = [
            ("--kubeconfig", &self.kubeconfig),
            ("--context", &self.context),
            ("--cluster", &self.cluster),
            ("--user", &self.user),
            ("--as", &self.impersonate),
            ("--request-timeout", &self.request_timeout),
        ];
        options
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)))
            .collect()
    }
}

impl Collect {
    /// The options of `kubectl logs` for the time window.
    pub(crate) fn window(&self) -> Vec<String> {
        match (&self.since, &self.since_time) {
            (Some(since), _) => vec![format!("--since={since}")],
            (None, Some(time)) => vec![format!("--since-time={time}")],
            (None, None) => vec!["--tail=5000".to_owned()],
        }
    }
}

/// Reads `90s`, `10m`, `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("write a number and s, m or h".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "write a number and s, m or h".to_owned())?;
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

/// Reads `512MiB`, `4GiB`, `100000`.
fn size(text: &str) -> Result<u64, String> {
    let (number, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let shift = match unit.to_ascii_lowercase().trim_end_matches("ib").trim_end_matches('b') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        _ => return Err("write a number and KiB, MiB or GiB".to_owned()),
    };
    let number: u64 =
        number.parse().map_err(|_| "write a number and KiB, MiB or GiB".to_owned())?;
    Ok(number.saturating_mul(1 << shift))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound_and_its_units_are_read() {
        Cli::command().debug_assert();
        assert_eq!(duration("10m"), Ok(Duration::from_mins(10)));
        assert_eq!((size("4GiB"), size("64MB"), size("7")), (Ok(4 << 30), Ok(64 << 20), Ok(7)));
        assert!(duration("1d").is_err() && size("x").is_err());
        let cli = Cli::try_parse_from([
            "konspect-collect",
            "--context",
            "prod",
            "--since",
            "1h",
            "-n",
            "x",
        ])
        .unwrap();
        assert_eq!(
            (cli.collect.kubectl.words(), cli.collect.window()),
            (vec!["--context=prod".to_owned()], vec!["--since=1h".to_owned()])
        );
    }
}
