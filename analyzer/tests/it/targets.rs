//! Every function that takes bytes of a bundle, by name: for the smoke run and for `fuzz/`, which
//! includes this file. Each target checks that every place it is told lies inside the input.

use std::sync::LazyLock;

use konspect::parse::{self, Hint, Rows, kube, sniff};
use konspect_audit::{AuditFold, Shared, fold_bytes, resealed_state};
use konspect_bundle::{ArtifactId, Bundle, Limits, Source};
use regex::Regex;

/// Takes any bytes; panics only where the code under test breaks a promise.
pub(crate) type Target = fn(&[u8]);

/// A place inside a larger artefact, so that offsets which forget where they start are seen.
const BASE: u64 = 1 << 20;
const ID: ArtifactId = ArtifactId(7);

macro_rules! targets {
    ($($name:literal => $target:expr),* $(,)?) => {
        pub(crate) const TARGETS: &[(&str, Target)] = &[$(($name, $target)),*];
    };
}

targets! {
    "artifact" => |bytes| told(bytes, &parse::artifact(&source(bytes), &hint()).1),
    "audit" => |bytes| {
        let shared = Shared::new();
        let mut fold = fold_bytes(source(bytes), &shared);
        shared.close(&mut fold);
        let _ = konspect_audit::scanner_agrees(bytes);
        told(bytes, &fold.finish());
    },
    "audit_state" => audit_state,
    "azure_json" => |bytes| rows(bytes, parse::azure::json),
    "azure_run_command" => |bytes| rows(bytes, parse::azure::run_command),
    "azure_table" => |bytes| rows(bytes, parse::azure::table),
    "bundle" => bundle,
    "certificate" => |bytes| rows(bytes, parse::certificate::certificate),
    "collection" => |bytes| rows(bytes, parse::collection::record),
    "dns" => |bytes| rows(bytes, parse::dns::dns),
    "etcd_status" => |bytes| rows(bytes, parse::prometheus::etcd_status),
    "failed_command" => |bytes| rows(bytes, parse::transcript::failed_command),
    "firewalld" => |bytes| told(bytes, &konspect_netfilter::parse::firewalld(source(bytes))),
    "flow_dump" => |bytes| rows(bytes, parse::flow_dump::dump),
    "health" => |bytes| rows(bytes, parse::health::checks),
    "hosts" => |bytes| rows(bytes, parse::dns::hosts),
    "ipset" => |bytes| told(bytes, &konspect_netfilter::parse::ipset(source(bytes))),
    "iptables_list" => |bytes| told(bytes, &konspect_netfilter::parse::iptables_list(source(bytes))),
    "iptables_save" => |bytes| told(bytes, &konspect_netfilter::parse::iptables_save(source(bytes))),
    "kube_describe" => |bytes| rows(bytes, parse::describe::describe),
    "kube_json" => |bytes| {
        rows(bytes, kube::json);
        assert!(kube::reader_agrees(bytes));
    },
    "kube_table" => |bytes| rows(bytes, parse::kube_table::table),
    "kube_yaml" => |bytes| rows(bytes, kube::yaml),
    "kubeconfig" => |bytes| rows(bytes, parse::kubeconfig::kubeconfig),
    "log" => |bytes| rows(bytes, parse::log::log),
    "metrics" => |bytes| rows(bytes, parse::prometheus::text),
    "metrics_answer" => |bytes| rows(bytes, parse::prometheus::answer),
    "network_error" => |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let _ = parse::network_error::network_errors(&text);
        let _ = parse::network_error::kubelet_target(&text);
        let _ = parse::network_error::url_targets(&text).count();
        for line in text.lines() {
            let _ = (parse::time::rfc3339_prefix(line), parse::time::go_duration(line));
            let _ = (parse::quantity::quantity(line), parse::network_error::target(line));
        }
    },
    "netfilter_verdict" => verdict,
    "nft_json" => |bytes| told(bytes, &konspect_netfilter::parse::nft_json(source(bytes))),
    "nft_text" => |bytes| told(bytes, &konspect_netfilter::parse::nft_text(source(bytes))),
    "node_state" => |bytes| rows(bytes, parse::node_state::node_state),
    "nsg_rules" => |bytes| told(bytes, &konspect_netfilter::parse::nsg_rules(source(bytes))),
    "probe" => |bytes| rows(bytes, parse::probe::probe),
    "resolv_conf" => |bytes| rows(bytes, parse::dns::resolv_conf),
    "side_file" => |bytes| rows(bytes, parse::transcript::side_file),
    "sniff" => |bytes| {
        let _ = sniff::sniff(bytes, &hint());
        let _ = konspect_audit::sniff(bytes);
    },
    "transcript" => |bytes| rows(bytes, parse::transcript::transcript),
    "ufw" => |bytes| told(bytes, &konspect_netfilter::parse::ufw_status(source(bytes))),
    "version" => |bytes| rows(bytes, parse::version::text),
}

/// The target of that name.
pub(crate) fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}

fn hint() -> Hint<'static> {
    Hint { path: "nodes/node-1/output", ..Hint::default() }
}

fn source(bytes: &[u8]) -> Source<'_> {
    Source { id: ID, bytes, base: BASE }
}

fn rows(bytes: &[u8], parser: kube::Parser) {
    let mut rows = Rows::default();
    let _ = parser(&source(bytes), &hint(), &mut rows);
    told(bytes, &rows);
}

/// Merges the bytes as a saved state, as they are and with a sum that is right: all of it is taken, or nothing.
fn audit_state(bytes: &[u8]) {
    const LINE: &[u8] = br#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a","stage":"ResponseComplete","requestURI":"/api/v1/pods","verb":"list","user":{"username":"ada"},"userAgent":"curl/8"}"#;
    for state in [bytes.to_vec(), resealed_state(bytes)] {
        let mut total = fold_bytes(source(LINE), &Shared::new());
        let before = total.to_bytes();
        if total.merge_state(source(&state)).is_err() {
            assert_eq!(total.to_bytes(), before);
            continue;
        }
        let merged = total.to_bytes();
        if let Ok(read) = AuditFold::from_bytes(&merged) {
            assert_eq!(read.to_bytes(), merged);
        }
        drop(total.finish());
    }
}

/// Opens the bytes as an archive, whatever they are, and reads every artefact of it.
fn bundle(bytes: &[u8]) {
    let Ok(files) =
        Bundle::from_memory(vec![("any".to_owned(), bytes.to_vec())], &Limits::default())
    else {
        return;
    };
    konspect::analyze(&files, &konspect::Options::default());
    let path = std::env::temp_dir().join(format!(
        "konspect-fuzz-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    if std::fs::write(&path, bytes).is_ok()
        && let Ok(bundle) = Bundle::open(std::slice::from_ref(&path), &Limits::default())
    {
        konspect::analyze(&bundle, &konspect::Options::default());
    }
    let _ = std::fs::remove_file(&path);
}

/// Every place that a result names lies inside the input.
fn told(bytes: &[u8], result: &dyn std::fmt::Debug) {
    static SPAN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"Span \{ artifact: ArtifactId\((\d+)\), start: (\d+), end: (\d+) \}")
            .unwrap_or_else(|error| panic!("{error}"))
    });
    let told = format!("{result:?}");
    for (span, [artifact, start, end]) in SPAN.captures_iter(&told).map(|found| found.extract()) {
        let (start, end): (u64, u64) =
            (start.parse().unwrap_or(0), end.parse().unwrap_or(u64::MAX));
        let nowhere = (start, end) == (0, 0);
        let inside = BASE <= start && start <= end && end <= BASE + bytes.len() as u64;
        assert!(nowhere || (inside && artifact == "7"), "{span} in {} bytes", bytes.len());
    }
}

/// Whatever was read as rules is asked about packets: the answer comes in bounded time, and every step it
/// names is one that the way has.
fn verdict(bytes: &[u8]) {
    use konspect_netfilter::evaluate::{Budget, Firewall};
    use konspect_netfilter::packet::{Origin, Packet};
    use konspect_netfilter::parse as netfilter;
    let source = source(bytes);
    let rulesets = [
        netfilter::iptables_save(source).value,
        netfilter::iptables_list(source).value,
        netfilter::nft_text(source).value,
        netfilter::nft_json(source).value,
    ];
    let (own, other) =
        (std::net::IpAddr::from([10, 1, 0, 4]), std::net::IpAddr::from([10, 1, 0, 5]));
    for ruleset in rulesets {
        let node = konspect_netfilter::node::Node::of_addresses([own]);
        let sets = netfilter::ipset(source).value;
        let budget = Budget { rules: 20_000, outcomes: 32 };
        let firewall = Firewall::new(vec![ruleset], sets, node).with_budget(budget);
        let first = Packet::tcp(Origin::SomeInterface, other, own, 10250);
        let packets = [
            first.clone(),
            Packet::udp(Origin::Node, own, other, 53),
            Packet::ping(Origin::Node, own, other),
        ];
        for packet in &packets {
            let outcomes =
                firewall.verdict_after(packet, &[], std::slice::from_ref(&first)).outcomes;
            assert!(!outcomes.is_empty());
            for outcome in outcomes {
                if let Some(decision) = outcome.decision {
                    assert_eq!(outcome.path.get(decision.place), Some(&decision.step));
                }
            }
        }
        let _ = firewall.classes(&[own, other]);
    }
}
