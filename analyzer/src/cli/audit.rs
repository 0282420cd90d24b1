//! The arguments of `konspect audit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
#[command(after_help = AUDIT_EXAMPLES)]
pub(crate) struct Audit {
    /// Audit logs, bundles, directories, archives, Azure exports, or states that --save wrote; - reads standard input
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Answers this question (repeatable) [default: what stands out]
    #[arg(short, long, value_name = "QUESTION", value_parser = QUESTIONS)]
    pub(crate) report: Vec<String>,
    /// Groups requests by this; given several times, by all of it together
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = DIMENSIONS)]
    pub(crate) by: Vec<String>,
    /// The most rows of each table [default: 10, and 20 where JSON answers everything]
    #[arg(long, value_name = "N")]
    pub(crate) top: Option<usize>,
    /// Width of bins of time, such as 30s, 5m or 1h; with --by it cuts the groups, too
    #[arg(long, value_name = "TIME")]
    pub(crate) bin: Option<String>,
    /// Only user agents that contain this, in whatever case
    #[arg(long, value_name = "TEXT", value_delimiter = ',', help_heading = FILTERS)]
    pub(crate) client: Vec<String>,
    /// Only users whose name contains this, in whatever case
    #[arg(long, value_name = "TEXT", value_delimiter = ',', help_heading = FILTERS)]
    pub(crate) user: Vec<String>,
    /// Only this verb, such as list
    #[arg(long, value_name = "VERB", value_delimiter = ',', help_heading = FILTERS)]
    pub(crate) verb: Vec<String>,
    /// Only this resource, such as pods, pods/exec, deployments.apps or /readyz
    #[arg(long, value_name = "RESOURCE", value_delimiter = ',', help_heading = FILTERS)]
    pub(crate) resource: Vec<String>,
    /// Only this namespace
    #[arg(short, long, value_name = "NAME", value_delimiter = ',', help_heading = FILTERS)]
    pub(crate) namespace: Vec<String>,
    /// Only this response code, such as 429 or 5xx
    #[arg(long, value_name = "CODE", value_delimiter = ',', help_heading = FILTERS)]
    pub(crate) code: Vec<String>,
    /// Only this source address
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',', help_heading = FILTERS)]
    pub(crate) source_ip: Vec<String>,
    /// Only requests that came in from then on (RFC 3339; without a zone it is UTC)
    #[arg(long, value_name = "TIME", help_heading = FILTERS)]
    pub(crate) since: Option<String>,
    /// Only requests that came in before then
    #[arg(long, value_name = "TIME", help_heading = FILTERS)]
    pub(crate) until: Option<String>,
    /// Counts the requests of whoever collected the bundle, too
    #[arg(long)]
    pub(crate) with_collector: bool,
    /// What everybody else would have seen without this client, and what would contain it
    #[arg(long, value_name = "CLIENT")]
    pub(crate) without: Option<String>,
    /// The cluster's version, for the objects of --without [default: what the log tells]
    #[arg(long, value_name = "1.MINOR")]
    pub(crate) server_version: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = TableFormat::Table)]
    pub(crate) output: TableFormat,
    /// Writes what was folded, to be merged with other logs on any machine
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    /// Overwrites the file of --save
    #[arg(long)]
    pub(crate) force: bool,
}

const FILTERS: &str = "Filters, each repeatable or a list,with,commas";

const QUESTIONS: [&str; 20] = [
    "user-agents",
    "users",
    "source-ips",
    "verbs",
    "resources",
    "namespaces",
    "codes",
    "latency",
    "requests",
    "slo",
    "bursts",
    "watches",
    "open-watches",
    "polling",
    "unbounded-lists",
    "rejected",
    "failures",
    "webhooks",
    "leaks",
    "deprecated",
];

const DIMENSIONS: [&str; 9] = [
    "user-agent",
    "program",
    "user",
    "client",
    "source-ip",
    "verb",
    "resource",
    "namespace",
    "code",
];

const AUDIT_EXAMPLES: &str = "\
Filters are applied before anything is counted: shares are of what is left. Reads and watches are not in\n\
kube-audit-admin logs; that is said, and nothing is cleared by it.\n\n\
Examples:\n  \
konspect audit bundle.zip                                    what stands out\n  \
konspect audit kube-audit*.gz --by user-agent --by verb      who does what\n  \
konspect audit PT1H.json -r latency --bin 5m -o csv          latency by user agent over time\n  \
konspect audit export.csv -r slo --since 2026-03-14T09:00    against the upstream objective, from nine o'clock\n  \
konspect audit bundle.zip --code 429 --by user,namespace     who was turned away, and where\n  \
konspect audit bundle.zip --without lister                   how fast everybody else would have been\n  \
konspect audit monday.zip --save monday.state; konspect audit monday.state tuesday.zip";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    Table,
    Json,
    Csv,
}
