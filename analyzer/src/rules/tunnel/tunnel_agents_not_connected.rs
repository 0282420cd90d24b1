//! Tunnel agents run, but they have no connection to the API server, or keep losing it.

use konspect_bundle::{Span, Words, words};

use crate::facts::reach::Attempt;
use crate::facts::tunnel::{LastWord, TunnelKind, last_word};
use crate::facts::{KubeletReach, Listing, Missing, Tunnel};
use crate::finding::{Confidence, Finding, Meta, Risk, Severity, Step, Subject};
use crate::model::log::{LogFile, Signal, SignalHit};
use crate::model::metrics::{MetricsComponent, Sample, Scrape};
use crate::model::network_error::{NetworkError, Target};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct TunnelAgentsNotConnected;

static META: Meta = rule_meta!(
    "KSP2005",
    "tunnel-agents-not-connected",
    Tunnel,
    Symptom,
    Critical,
    "tunnel_agents_not_connected.md"
);

/// Agents that the tunnel's server can reach; the first name is the older one.
const BACKENDS: [&str; 2] = [
    "konnectivity_network_proxy_server_ready_backends",
    "konnectivity_network_proxy_server_ready_backend_connections",
];

/// Fewer lost streams than this happen whenever an API server restarts.
const FLAPPING: u64 = 3;

const OPEN_CONNECTIONS: &str = "konnectivity_network_proxy_agent_open_server_connections";

impl Rule for TunnelAgentsNotConnected {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Tunnel, Option<&'f KubeletReach>, Option<&'f Listing<Scrape>>);

    fn check((tunnel, reach, scrapes): Self::Inputs<'_>, out: &mut Checked) {
        if let Some(at) = tunnel.absent_by_design {
            out.cleared(at, words!("tunnel-agents-not-running-by-design"));
            return;
        }
        if tunnel.kind == TunnelKind::None {
            return;
        }
        let logs = || tunnel.logs.iter().filter(|log| !log.origin.previous);
        let failed: Vec<&LogFile> =
            logs().filter(|log| matches!(last_word(log), LastWord::Failed(_))).collect();
        let connected: Vec<&LogFile> =
            logs().filter(|log| matches!(last_word(log), LastWord::Connected(_))).collect();
        let no_agent = no_agent(reach);
        let gauge = open_connections(scrapes);
        let runs = tunnel.agents.is_empty() || tunnel.ready().count() > 0;
        if let Some(finding) = not_connected(&failed, connected.is_empty()) {
            out.found(finding);
        } else if let Some(sample) = gauge.filter(|sample| sample.value <= 0.0) {
            let says = words!("tunnel-agents-not-connected-gauge");
            out.found(finding("", sample.at, says).confidence(Confidence::Proven));
        } else if let Some(sample) = no_backend(scrapes).filter(|_| connected.is_empty() && runs) {
            let says = words!("tunnel-agents-not-connected-backends");
            out.found(finding("", sample.at, says).confidence(Confidence::Proven));
        } else if let Some(at) = no_agent.filter(|_| connected.is_empty() && tunnel.ready().count() > 0) {
            let ready = tunnel.ready().count();
            let mut found = finding("", at, words!("tunnel-agents-not-connected-no-agent"));
            if let Some(agent) = tunnel.ready().next() {
                let says = words!("tunnel-agents-not-connected-runs", ready = ready);
                found = found.supported_by(agent.pod.at, says);
            }
            out.found(found);
        } else if let Some(finding) = flapping(&connected) {
            out.found(finding);
        } else if let Some(log) = connected.first() {
            let (at, pod) = (serving(log), agent(log));
            out.cleared(at, words!("tunnel-agents-not-connected-cleared", pod = pod));
        } else if let Some(sample) = gauge {
            out.cleared(sample.at, words!("tunnel-agents-not-connected-gauge-cleared"));
        } else {
            out.blind(Missing::table(TableKind::TunnelLogs));
        }
    }
}

fn finding(pod: &str, at: Span, says: Words) -> Finding {
    let pod = if pod.is_empty() { "konnectivity-agent" } else { pod };
    META.finding(
        Subject::new("Deployment", "kube-system", "konnectivity-agent"),
        words!("tunnel-agents-not-connected-title"),
        at,
        says,
    )
    .step(Step::new(words!("tunnel-agents-not-connected-read")).run(
        Risk::Reads,
        command("kubectl logs {} -n kube-system --timestamps", &[pod]),
    ))
}

/// Agents whose log ends with failures to connect; critical when no other agent is connected.
fn not_connected(failed: &[&LogFile], all: bool) -> Option<Finding> {
    let (log, hit) = failed.iter().find_map(|log| Some((*log, last_failure(log)?)))?;
    let mut found = finding(&log.origin.pod, hit.at, cannot(log, hit))
        .confidence(Confidence::Proven)
        .affected(failed.len())
        .since(failed.iter().filter_map(|log| failing_since(log)).min());
    if !all {
        found.title = words!("tunnel-agents-not-connected-some", count = failed.len());
        found = found.severity(Severity::Warning);
    }
    if let Some(way) = way(hit) {
        found = found.step(Step::new(way));
    }
    for log in failed.iter().filter(|other| other.origin.pod != log.origin.pod).take(3) {
        if let Some(hit) = last_failure(log) {
            found = found.supported_by(hit.at, cannot(log, hit));
        }
    }
    Some(found)
}

/// Streams that break again and again, although each comes back.
fn flapping(connected: &[&LogFile]) -> Option<Finding> {
    let lost = |log: &LogFile| log.signal(Signal::AgentKeepaliveTimeout).map_or(0, |count| count.count);
    let total: u64 = connected.iter().map(|log| lost(log)).sum();
    let log = connected.iter().max_by_key(|log| lost(log)).filter(|_| total >= FLAPPING)?;
    let count = log.signal(Signal::AgentKeepaliveTimeout)?;
    let hit = count.hits.first()?;
    let says = words!("tunnel-agents-not-connected-keepalive", pod = agent(log), count = total);
    let mut found = finding(&log.origin.pod, hit.at, says)
        .severity(Severity::Warning)
        .since(count.first.or(hit.time))
        .until(count.last);
    found.title = words!("tunnel-agents-not-connected-flapping", count = total);
    Some(found)
}

fn last_failure(log: &LogFile) -> Option<&SignalHit> {
    log.signal(Signal::AgentCannotConnect)?.hits.last()
}

/// The first failure after the agent was last connected.
fn failing_since(log: &LogFile) -> Option<jiff::Timestamp> {
    let up = [Signal::AgentConnected, Signal::AgentServing]
        .iter()
        .filter_map(|signal| log.signal(*signal)?.hits.last())
        .map(|hit| hit.at)
        .max();
    let failures = log.signal(Signal::AgentCannotConnect)?;
    failures.hits.iter().filter(|hit| up.is_none_or(|up| hit.at > up)).find_map(|hit| hit.time)
}

/// The agent's pod, where the log's place tells it.
fn agent(log: &LogFile) -> &str {
    if log.origin.pod.is_empty() { "konnectivity-agent" } else { &log.origin.pod }
}

/// What a failed dial says of the way: silence is a dropped packet, a refusal an answer.
fn way(hit: &SignalHit) -> Option<Words> {
    let address = |target: &Target| match target.port {
        0 => target.host.clone(),
        port => format!("{}:{port}", target.host),
    };
    match hit.error.as_ref()? {
        NetworkError::DialTimeout { target } => Some(words!("tunnel-agents-not-connected-dropped", address = address(target))),
        NetworkError::Refused { target } => Some(words!("tunnel-agents-not-connected-refused", address = address(target))),
        _ => None,
    }
}

/// The end of the error says which layer failed.
fn cannot(log: &LogFile, hit: &SignalHit) -> Words {
    let text = hit.text.rsplit("desc = ").next().unwrap_or(&hit.text);
    let text: String = text.trim_matches(['"', '\\', ' ']).chars().take(160).collect();
    words!("tunnel-agents-not-connected-error", pod = agent(log), error = text)
}

/// The line that shows the connection.
fn serving(log: &LogFile) -> Span {
    [Signal::AgentServing, Signal::AgentConnected]
        .iter()
        .find_map(|signal| log.signal(*signal)?.hits.last())
        .map_or(log.at, |hit| hit.at)
}

fn no_agent(reach: Option<&KubeletReach>) -> Option<Span> {
    let sightings = || reach.into_iter().flat_map(|reach| reach.nodes.values().flatten());
    let reached = sightings().any(|sighting| sighting.attempt == Attempt::Reached);
    let found = sightings().find(|sighting| sighting.attempt == Attempt::NoAgent)?;
    (!reached).then_some(found.at)
}

/// The agent with most connections: one that has some speaks for the tunnel.
fn open_connections(scrapes: Option<&Listing<Scrape>>) -> Option<&Sample> {
    let samples = scrapes?.iter().filter_map(|scrape| scrape.families.get(OPEN_CONNECTIONS)?.first());
    samples.max_by(|a, b| a.value.total_cmp(&b.value))
}

/// What the tunnel's server counts of agents, where no server has any.
fn no_backend(scrapes: Option<&Listing<Scrape>>) -> Option<&Sample> {
    let of_server = |scrape: &&Scrape| scrape.component == MetricsComponent::TunnelServer;
    let samples = scrapes?.iter().filter(of_server).flat_map(|scrape| {
        BACKENDS.iter().filter_map(|name| scrape.families.get(*name)).flatten()
    });
    samples.max_by(|a, b| a.value.total_cmp(&b.value)).filter(|sample| sample.value <= 0.0)
}
