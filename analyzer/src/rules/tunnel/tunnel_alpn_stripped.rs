//! Something on the way inspects TLS and takes away ALPN, by which the API server's front end knows the tunnel.

use konspect_bundle::{Words, words};

use crate::facts::tunnel::{LastWord, TunnelKind, last_word};
use crate::facts::{AnyOf, Context, Listing, Missing, Nodes, Tunnel};
use crate::finding::{Confidence, Finding, Meta, Risk, Step, Subject};
use crate::model::azure::ManagedCluster;
use crate::model::kube::Status;
use crate::model::log::{LogFile, Signal, SignalHit};
use crate::model::network_error::NetworkError;
use crate::model::node_files::{OnNode, Probe, ProbeResult};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct TunnelAlpnStripped;

static META: Meta = rule_meta!(
    "KSP2003",
    "tunnel-alpn-stripped",
    Tunnel,
    Cause,
    Critical,
    "tunnel_alpn_stripped.md"
);

type Probes = Listing<OnNode<Probe>>;

impl Rule for TunnelAlpnStripped {
    const META: &'static Meta = &META;
    type Inputs<'f> =
        (&'f Context, AnyOf<&'f Tunnel, &'f Probes>, Option<&'f Nodes>, Option<&'f Listing<ManagedCluster>>);

    fn check((context, AnyOf(tunnel, probes), nodes, clusters): Self::Inputs<'_>, out: &mut Checked) {
        if let Some(at) = tunnel.and_then(|tunnel| tunnel.absent_by_design) {
            out.cleared(at, words!("tunnel-agents-not-running-by-design"));
            return;
        }
        if tunnel.is_some_and(|tunnel| matches!(tunnel.kind, TunnelKind::Tunnelfront | TunnelKind::AksLink)) {
            return;
        }
        let logs: Vec<&LogFile> = tunnel
            .into_iter()
            .flat_map(|tunnel| &tunnel.logs)
            .filter(|log| !log.origin.previous)
            .collect();
        let failing: Vec<&LogFile> = logs
            .iter()
            .copied()
            .filter(|log| matches!(last_word(log), LastWord::Failed(_)))
            .collect();
        let probe = tls_probe(probes, context);
        let stripped = probe.filter(|(_, alpn, _)| alpn.is_none());
        if let Some((log, hit)) = failing.iter().find_map(|log| Some((*log, alpn_error(log)?))) {
            out.found(finding(log, hit, &failing, stripped, nodes));
            return;
        }
        if let Some((probe, _, issuer)) = stripped {
            // Without the agents' own word the probe is a possibility: openssl builds differ.
            let odd = failing.iter().find_map(|log| Some((*log, not_grpc(log)?)));
            // What the client's own way takes away, the nodes' way need not.
            if odd.is_none() && logs.is_empty() && probe.node.is_empty() {
                out.blind(Missing::table(TableKind::TunnelLogs));
                return;
            }
            let confidence = if odd.is_some() { Confidence::Likely } else { Confidence::Possible };
            let mut found = base(probe.value.at, words!("tunnel-alpn-stripped-probe", issuer = issuer))
                .confidence(confidence);
            if let Some((log, hit)) = odd {
                found = found.supported_by(hit.at, said(log, hit)).since(first(log));
            }
            out.found(found);
            return;
        }
        if let Some(finding) = answered_by_others(&failing, nodes, clusters.and_then(|clusters| clusters.first())) {
            out.found(finding);
            return;
        }
        clear(&logs, probe, out);
    }
}

/// Something that is no tunnel answers the agents, while kubelets reach the API server on the same port:
/// an inspecting proxy or firewall. A broken stream alone (`EOF`, a reset) is not enough: restarts break streams.
fn answered_by_others(failing: &[&LogFile], nodes: Option<&Nodes>, cluster: Option<&ManagedCluster>) -> Option<Finding> {
    let (log, hit) = failing.iter().find_map(|log| Some((*log, last_where(log, is_answered)?)))?;
    let node = nodes?.iter().find(|node| node.meta.name == log.origin.node || log.origin.node.is_empty());
    let node = node.filter(|node| node.ready() == Some(Status::True))?;
    let mut found = base(hit.at, said(log, hit)).since(first(log)).affected(failing.len());
    let ready = node.condition("Ready").map_or(node.at, |condition| condition.at.get());
    found = found.supported_by(ready, words!("tunnel-alpn-stripped-kubelet", node = &node.meta.name));
    if let Some(cluster) = cluster.filter(|cluster| !cluster.http_proxy.is_empty()) {
        found = found.supported_by(cluster.at, words!("tunnel-alpn-stripped-proxy", proxy = &cluster.http_proxy));
    }
    Some(found)
}

/// An HTTP answer or an unknown authority: somebody spoke, and it was not the tunnel's server.
fn is_answered(hit: &SignalHit) -> bool {
    let http = ["unexpected HTTP status code", "unexpected content-type", "malformed HTTP response", "frame too large"];
    match hit.error {
        Some(NetworkError::NotGrpc) => http.iter().any(|text| hit.text.contains(text)),
        Some(NetworkError::UnknownAuthority) => true,
        _ => false,
    }
}

fn clear(logs: &[&LogFile], probe: Option<(&OnNode<Probe>, Option<&str>, &str)>, out: &mut Checked) {
    let up = logs.iter().find(|log| matches!(last_word(log), LastWord::Connected(_)));
    let serving = up.and_then(|log| {
        let count = log.signal(Signal::AgentServing).or_else(|| log.signal(Signal::AgentConnected))?;
        let pod = if log.origin.pod.is_empty() { "konnectivity-agent" } else { &log.origin.pod };
        Some((pod, count.hits.last()?.at))
    });
    if let Some((pod, at)) = serving {
        out.cleared(at, words!("tunnel-agents-not-connected-cleared", pod = pod));
    } else if let Some((probe, Some(alpn), _)) = probe {
        out.cleared(probe.value.at, words!("tunnel-alpn-stripped-cleared", alpn = alpn));
    } else if let Some((log, hit)) = logs.iter().find_map(|log| Some((log, dial_error(log)?))) {
        let pod = log.origin.pod.as_str();
        out.cleared(hit.at, words!("tunnel-alpn-stripped-dial", pod = pod));
    } else {
        out.blind(Missing::table(TableKind::TunnelLogs));
    }
}

fn base(at: konspect_bundle::Span, says: Words) -> Finding {
    META.finding(Subject::cluster(""), words!("tunnel-alpn-stripped-title"), at, says)
        .step(Step::new(words!("tunnel-alpn-stripped-exempt")))
        .step(Step::new(words!("tunnel-alpn-stripped-test")).run(
            Risk::Reads,
            command("openssl s_client -connect API_SERVER:443 -servername API_SERVER -alpn konnectivity", &[]),
        ))
        .step(Step::new(words!("tunnel-alpn-stripped-restart")).run(
            Risk::Changes,
            Some("kubectl rollout restart deployment konnectivity-agent -n kube-system".to_owned()),
        ))
        .settled_by(words!("tunnel-alpn-stripped-settled"))
}

fn finding(
    log: &LogFile,
    hit: &SignalHit,
    failing: &[&LogFile],
    stripped: Option<(&OnNode<Probe>, Option<&str>, &str)>,
    nodes: Option<&Nodes>,
) -> Finding {
    let ready = nodes.and_then(|nodes| {
        nodes.iter().find(|node| {
            node.meta.name == log.origin.node && node.ready() == Some(Status::True)
        })
    });
    let sure = stripped.is_some() || ready.is_some();
    let mut found = base(hit.at, said(log, hit))
        .confidence(if sure { Confidence::Proven } else { Confidence::Likely })
        .since(failing.iter().filter_map(|log| first(log)).min())
        .affected(failing.len());
    if let Some((probe, _, issuer)) = stripped {
        let says = words!("tunnel-alpn-stripped-probe", issuer = issuer);
        found = found.supported_by(probe.value.at, says);
    }
    if let Some(node) = ready {
        let at = node.condition("Ready").map_or(node.at, |condition| condition.at.get());
        let says = words!("tunnel-alpn-stripped-kubelet", node = &node.meta.name);
        found = found.supported_by(at, says);
    }
    let other = failing.iter().filter(|other| other.origin.pod != log.origin.pod);
    if let Some((other, hit)) = other.into_iter().find_map(|log| Some((log, alpn_error(log)?))) {
        found = found.supported_by(hit.at, said(other, hit));
    }
    found
}

fn said(log: &LogFile, hit: &SignalHit) -> Words {
    let pod = if log.origin.pod.is_empty() { "konnectivity-agent" } else { &log.origin.pod };
    match hit.error {
        Some(NetworkError::AlpnMissing) => words!("tunnel-alpn-stripped-agent", pod = pod),
        _ => words!("tunnel-alpn-stripped-odd", pod = pod),
    }
}

fn first(log: &LogFile) -> Option<jiff::Timestamp> {
    let count = log.signal(Signal::AgentCannotConnect)?;
    count.hits.iter().find(|hit| speaks_of_alpn(hit) || is_not_grpc(hit)).and_then(|hit| hit.time)
}

fn last_where(log: &LogFile, test: fn(&SignalHit) -> bool) -> Option<&SignalHit> {
    log.signal(Signal::AgentCannotConnect)?.hits.iter().rev().find(|hit| test(hit))
}

fn alpn_error(log: &LogFile) -> Option<&SignalHit> {
    last_where(log, speaks_of_alpn)
}

fn not_grpc(log: &LogFile) -> Option<&SignalHit> {
    last_where(log, is_not_grpc)
}

fn dial_error(log: &LogFile) -> Option<&SignalHit> {
    last_where(log, |hit| {
        matches!(
            hit.error,
            Some(
                NetworkError::DialTimeout { .. }
                    | NetworkError::Refused { .. }
                    | NetworkError::NoRoute { .. }
                    | NetworkError::NoSuchHost { .. }
                    | NetworkError::LookupTimeout { .. }
                    | NetworkError::LookupFailed { .. }
            )
        )
    })
}

fn speaks_of_alpn(hit: &SignalHit) -> bool {
    hit.error == Some(NetworkError::AlpnMissing)
}

/// What answers is no gRPC server, or nobody the cluster knows: other back ends do that, and inspection.
fn is_not_grpc(hit: &SignalHit) -> bool {
    matches!(hit.error, Some(NetworkError::NotGrpc | NetworkError::UnknownAuthority))
}

/// The TLS probe of the API server: what was negotiated, and who signed.
fn tls_probe<'f>(
    probes: Option<&'f Probes>,
    context: &Context,
) -> Option<(&'f OnNode<Probe>, Option<&'f str>, &'f str)> {
    probes?.iter().find_map(|probe| {
        let host = &probe.value.target.host;
        let known = context.apiserver_names.iter().any(|name| name.eq_ignore_ascii_case(host));
        match &probe.value.result {
            ProbeResult::Tls { alpn, issuer, .. } if known || host.contains(".hcp.") => {
                Some((probe, alpn.as_deref(), issuer.as_str()))
            }
            _ => None,
        }
    })
}
