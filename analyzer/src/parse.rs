//! Bytes to rows: classifies each artefact by its content and parses it. Total and pure.
//!
//! A parser is a function `(Source, &Hint, &mut Rows)`: it appends the rows it can read, notes which
//! tables its source covers, and leaves diagnostics for what it cannot read. Rows of all artefacts
//! are concatenated in the order of the artefacts, so the number of threads cannot show.

pub mod azure;
mod blocks;
pub mod certificate;
pub mod collection;
mod commands;
pub mod describe;
pub mod dns;
pub mod flow_dump;
pub mod health;
mod interned;
pub mod kube;
pub mod kube_table;
pub mod kubeconfig;
pub mod log;
pub mod network_error;
pub mod node_state;
pub(crate) mod onset;
pub mod probe;
pub mod prometheus;
pub mod quantity;
pub mod raw_json;
mod reference;
pub mod rows;
mod signals;
pub mod sniff;
pub mod time;
pub mod transcript;
pub mod version;

pub use blocks::{blocks, in_steps};
pub use commands::commands_by_path;
pub(crate) use kube::resource_of;
pub use reference::reference_time;
pub use rows::{Hint, Kind, Rows, TableKind};

use konspect_bundle::{Code, Diagnostic, Source};

use rows::{FirewallText, FirewallTextKind};
use sniff::Format;

/// Classifies an artefact by its content and parses it.
pub fn artifact(source: &Source<'_>, hint: &Hint<'_>) -> (Kind, Rows) {
    let mut rows = Rows::default();
    let format = sniff::sniff(source.bytes, hint);
    let kind = if format.begins_behind_preamble() {
        let body = sniff::without_preamble(source.bytes);
        let skipped = source.bytes.len() - body.len();
        if skipped > 0 {
            let at = source.span(0..skipped);
            let head = source.bytes.get(..skipped.min(PREAMBLE)).unwrap_or_default();
            let text = String::from_utf8_lossy(head).trim().to_owned();
            rows.diagnostics.push(Diagnostic::new(Code::SkippedPreamble, at).with("text", text));
        }
        let source = Source { bytes: body, base: source.base + skipped as u64, ..*source };
        dispatch(format, &source, hint, &mut rows)
    } else {
        dispatch(format, source, hint, &mut rows)
    };
    // A parser may find nothing of its format in what looked like it; that is told as well.
    if kind == Kind::Unknown && rows.diagnostics.is_empty() {
        unknown("nothing of the format it looks like", source, &mut rows);
    }
    (kind, rows)
}

/// Of warnings before an artefact's text, so much is shown.
const PREAMBLE: usize = 512;

/// Hands an artefact to the parser of its format.
fn dispatch(format: Format, source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    match format {
        Format::Empty => Kind::Empty,
        Format::Binary => Kind::Binary,
        Format::AuditLog => Kind::AuditLog,
        Format::Document => Kind::Document,
        Format::Manifest | Format::CollectionRecord => collection::record(source, hint, rows),
        Format::KubernetesJson => kube::json(source, hint, rows),
        Format::KubernetesYaml => kube::yaml(source, hint, rows),
        Format::KubernetesTable => kube_table::table(source, hint, rows),
        Format::KubernetesDescribe => describe::describe(source, hint, rows),
        Format::VersionText => version::text(source, hint, rows),
        Format::HealthChecks => health::checks(source, hint, rows),
        Format::FlowDump => flow_dump::dump(source, hint, rows),
        Format::MetricsText => prometheus::text(source, hint, rows),
        Format::MetricsAnswer => prometheus::answer(source, hint, rows),
        Format::EtcdStatus => prometheus::etcd_status(source, hint, rows),
        Format::Log => log::log(source, hint, rows),
        Format::ContainerRows => log::container_rows::container_rows(source, hint, rows),
        Format::IptablesSave => firewall(FirewallTextKind::IptablesSave, source, hint, rows),
        Format::IptablesRules => firewall(FirewallTextKind::IptablesRules, source, hint, rows),
        Format::IptablesList => firewall(FirewallTextKind::IptablesList, source, hint, rows),
        Format::Ipset => firewall(FirewallTextKind::Ipset, source, hint, rows),
        Format::NftablesText => firewall(FirewallTextKind::NftablesText, source, hint, rows),
        Format::NftablesJson => firewall(FirewallTextKind::NftablesJson, source, hint, rows),
        Format::Ufw => firewall(FirewallTextKind::Ufw, source, hint, rows),
        Format::Firewalld => firewall(FirewallTextKind::Firewalld, source, hint, rows),
        Format::AzureJson => azure::json(source, hint, rows),
        Format::AzureTable => azure::table(source, hint, rows),
        Format::RunCommand => azure::run_command(source, hint, rows),
        Format::Transcript => transcript::transcript(source, hint, rows),
        Format::ErrorText => transcript::failed_command(source, hint, rows),
        Format::SideFile => transcript::side_file(source, hint, rows),
        Format::RequestTrace => transcript::request_trace(source, hint, rows),
        Format::ResolvConf => dns::resolv_conf(source, hint, rows),
        Format::Hosts => dns::hosts(source, hint, rows),
        Format::DnsLookup => dns::dns(source, hint, rows),
        Format::NetworkProbe => probe::probe(source, hint, rows),
        Format::NodeState => node_state::node_state(source, hint, rows),
        Format::Certificate => certificate::certificate(source, hint, rows),
        Format::Kubeconfig => kubeconfig::kubeconfig(source, hint, rows),
        Format::Csv => unknown("CSV with columns of no known table", source, rows),
        Format::Unknown => unknown("no known format", source, rows),
    }
}

/// Keeps a firewall dump whole: it is read together with its node's other dumps.
fn firewall(kind: FirewallTextKind, source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let at = source.whole();
    let text = source.bytes.to_vec();
    rows.firewalls.push(FirewallText { node: node_of(hint).to_owned(), kind, text, at });
    rows.covers(TableKind::Firewalls, at);
    match kind {
        FirewallTextKind::IptablesSave | FirewallTextKind::IptablesRules => Kind::IptablesSave,
        FirewallTextKind::IptablesList => Kind::IptablesList,
        FirewallTextKind::Ipset => Kind::IpsetDump,
        FirewallTextKind::NftablesText | FirewallTextKind::NftablesJson => Kind::NftablesRuleset,
        FirewallTextKind::Ufw => Kind::UfwStatus,
        FirewallTextKind::Firewalld => Kind::FirewalldZones,
    }
}

fn unknown(reason: &str, source: &Source<'_>, rows: &mut Rows) -> Kind {
    let at = source.lines().next().map_or(source.whole(), |line| line.at);
    rows.diagnostics.push(Diagnostic::new(Code::UnknownArtifact, at).with("reason", reason));
    Kind::Unknown
}

/// The node of an artefact as a manifest or a path like `nodes/<name>/…` gives it; empty otherwise.
pub fn node_of<'a>(hint: &Hint<'a>) -> &'a str {
    if !hint.node.is_empty() {
        return hint.node;
    }
    let mut parts = hint.path.split('/');
    while let Some(part) = parts.next() {
        if part.eq_ignore_ascii_case("nodes") || part.eq_ignore_ascii_case("node") {
            let name = parts.next().unwrap_or_default();
            return if parts.next().is_some() { name } else { "" };
        }
    }
    ""
}
