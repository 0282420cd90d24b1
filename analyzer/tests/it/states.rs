//! A report in every state that a reader can meet, built by hand in any language: what the
//! renderers are tested with, and what the gallery shows.
//!
//! The sentences are the product's own, by their keys, so that a Korean fixture is Korean.

#![expect(clippy::assigning_clones, reason = "fixtures are read, not fast")]

use std::collections::BTreeMap;

use konspect::finding::{Confidence, Risk, Severity};
use konspect::language::Locale;
use konspect::parse::TableKind as Table;
use konspect::report::{ClusterCard, Health, Report, State, StepCard, TimelineEntry, Verdict};
use konspect_bundle::words;

#[path = "states/cards.rs"]
mod cards;
#[path = "states/cluster.rs"]
mod cluster;
#[path = "states/hostile.rs"]
mod hostile;
#[path = "states/say.rs"]
mod say;

use cards::{
    at, at_second, contrary, diagnostic, dial_line, effect, entry, finding, firewall_line, in_log,
    ruled_out, step, subject, term, unchecked,
};
use cluster::pool;
pub(crate) use hostile::{PAYLOADS, hostile};
use say::Say;

/// Every state by the name that golden files and the gallery use.
pub(crate) fn all(locale: Locale) -> Vec<(&'static str, Report)> {
    let say = &Say::new(locale);
    let mut states = vec![
        ("healthy", healthy(say)),
        ("healthy-poorly-covered", poorly_covered(say)),
        ("one-cause", one_cause(say)),
        ("several-causes", several_causes(say)),
        ("symptoms-only", symptoms_only(say)),
        ("partial", partial(say)),
        ("redacted", redacted(say)),
        ("tampered", tampered(say)),
        ("foreign", foreign(say)),
        ("no-audit", no_audit(say)),
        ("long-names", long_names(say)),
    ];
    for (_, report) in &mut states {
        report.verdict.summary = say.summary(report);
    }
    let payload = "<kx-x onclick=alert(1)>\u{202e}`|@kx #1 {code}\x1b[31m";
    states.push(("hostile", hostile(payload)));
    states
}

fn healthy(say: &Say) -> Report {
    let mut report = cards::base(say);
    report.verdict.sentence = say.words(&words!("verdict-healthy", sources = 14, ready = 214));
    report.verdict.state = State::Healthy;
    report.verdict.health = Health::Healthy;
    report.verdict.saw = say.tables(&[
        Table::Nodes,
        Table::Pods,
        Table::Events,
        Table::Workloads,
        Table::Webhooks,
        Table::Firewalls,
        Table::TunnelLogs,
        Table::Metrics,
        Table::AzureNetworkRules,
        Table::Audit,
    ]);
    report.ruled_out = vec![
        ruled_out(
            say,
            "KSP2103",
            "port-10250-iptables",
            &words!("port-10250-iptables-cleared", node = "aks-np1-30491862-vmss000002"),
        ),
        ruled_out(
            say,
            "KSP4001",
            "etcd-object-leak",
            &words!("etcd-object-leak-cleared", resource = "pods", count = 3_912),
        ),
    ];
    report.cluster.connectivity.iter_mut().for_each(|card| card.state = "open".into());
    report.cluster.path.clear();
    report.cluster.pods_by_state =
        BTreeMap::from([("Running".into(), 3_871), ("Succeeded".into(), 41)]);
    report.cluster.pools.iter_mut().for_each(|pool| pool.ready = pool.nodes);
    report.cluster.latency.retain(|series| !series.name.starts_with("flux"));
    report.bundle.no_data.clear();
    report
}

fn poorly_covered(say: &Say) -> Report {
    let mut report = healthy(say);
    let saw = say.tables(&[Table::Nodes, Table::Pods]);
    report.verdict.sentence = say.words(&words!("verdict-poorly-covered", saw = saw.join(", ")));
    report.verdict.state = State::Undetermined;
    report.verdict.health = Health::Unknown;
    report.verdict.saw = saw;
    report.verdict.not_seen = say.tables(&[
        Table::Events,
        Table::Firewalls,
        Table::Audit,
        Table::Metrics,
        Table::AzureNetworkRules,
        Table::KubeletLogs,
    ]);
    report.cluster = ClusterCard { pools: report.cluster.pools, ..ClusterCard::default() };
    report.ruled_out.clear();
    report.unchecked = unchecked(say, 14);
    report.next = vec![
        cards::next(say, Table::Firewalls, 9),
        cards::next(say, Table::Audit, 7),
        cards::next(say, Table::Metrics, 4),
    ];
    report.verdict.first_step = report.next.first().map(|next| cards::collect_first(say, next));
    report.about.rules_skipped = 61;
    report.about.rules_run = 6;
    report
}

fn one_cause(say: &Say) -> Report {
    let node = "aks-np1-30491862-vmss000002";
    let mut report = cards::base(say);
    let mut cause = finding(say, "c1", "KSP2103", "port-10250-iptables", Severity::Critical);
    cause.title = say.words(&words!("port-10250-iptables-many", count = 3));
    cause.confidence = Confidence::Proven;
    cause.confidence_why = say.label("confidence-proven-why");
    cause.subject = subject("Node", "", node);
    cause.affected = 3;
    cause.since = Some(at(10));
    cause.score = 95.0;
    cause.terms = vec![
        term(&say.words(&words!("score-explains", count = 44, kinds = 4)), 44.0),
        term(&say.label("score-proven"), 30.0),
        term(&say.label("score-first"), 21.0),
    ];
    cause.evidence =
        vec![firewall_line(say, "E1", node), dial_line(say, "E2", node), contrary(say, "E3")];
    cause.remedy = vec![
        step(
            &say.label("kubelet-unreachable-probe"),
            &format!("kubectl get --raw /api/v1/nodes/{node}/proxy/healthz"),
            Risk::Reads,
        ),
        StepCard {
            undo: Some("iptables -I INPUT 7 -p tcp --dport 10250 -j DROP".into()),
            ..step(
                &say.label("port-10250-iptables-delete"),
                "az vmss run-command invoke -g MC_aks -n aks-np1-30491862-vmss --instance-id 2 --command-id RunShellScript --scripts 'iptables -D INPUT 7'",
                Risk::Changes,
            )
        },
        StepCard {
            text: say.label("port-10250-find-author"),
            command: None,
            risk: Risk::Reads,
            undo: None,
        },
    ];
    cause.explains = effects(say);
    cause.reference = Some("learn.microsoft.com › troubleshoot › azure › azure-kubernetes › connectivity › tcp-timeouts-dial-tcp-nodeip-10250-io-timeout".into());
    report.verdict = Verdict {
        sentence: say.words(&words!("verdict-since", title = &cause.title, time = "09:10 UTC")),
        state: State::CauseFound,
        health: Health::Broken,
        confidence: Some(Confidence::Proven),
        since: Some(at(10)),
        first_step: cause.remedy.get(1).cloned(),
        root_cause: Some(cause.title.clone()),
        failure: cause.explains.first().map(|effect| effect.title.clone()),
        effects: Some(
            cause
                .explains
                .iter()
                .skip(1)
                .take(3)
                .map(|effect| effect.title.as_str())
                .collect::<Vec<_>>()
                .join(" · "),
        ),
        summary: String::new(),
        saw: say.tables(&[
            Table::Nodes,
            Table::Pods,
            Table::Events,
            Table::Firewalls,
            Table::TunnelLogs,
            Table::Audit,
        ]),
        not_seen: say.tables(&[Table::Metrics, Table::AzureNetworkRules, Table::KubeletLogs]),
        banners: Vec::new(),
    };
    report.causes = vec![cause];
    report.unexplained = vec![helm(say), endpoints(say)];
    let mut agents = finding(say, "a1", "KSP2109", "tunnel-agents-under-scaled", Severity::Warning);
    agents.title = say.words(&words!("tunnel-agents-under-scaled-title", agents = 2, nodes = 214));
    report.aggravating = vec![agents];
    report.ruled_out = vec![
        ruled_out(
            say,
            "KSP2101",
            "port-10250-nsg",
            &words!(
                "port-10250-nsg-cleared",
                rule = "AllowVnetInBound",
                priority = 65_000,
                group = "aks-agentpool-nsg"
            ),
        ),
        ruled_out(
            say,
            "KSP4001",
            "etcd-object-leak",
            &words!("etcd-object-leak-cleared", resource = "pods", count = 3_912),
        ),
        ruled_out(
            say,
            "KSP2104",
            "port-10250-nftables",
            &words!("port-10250-nftables-cleared", node = node),
        ),
    ];
    report.unchecked = unchecked(say, 6);
    report.next =
        vec![cards::next(say, Table::Firewalls, 4), cards::next(say, Table::AzureNetworkRules, 2)];
    report.diagnostics = vec![diagnostic(
        say,
        "nodes/aks-np1-30491862-vmss000007/kubelet.log",
        &words!("KSB0002", reason = "Permission denied"),
    )];
    report.timeline = timeline(say);
    report
}

fn helm(say: &Say) -> konspect::report::FindingCard {
    let mut card = finding(say, "u1", "KSP4004", "helm-history-unbounded", Severity::Warning);
    card.title = say.words(&words!(
        "helm-history-unbounded-title",
        release = "shop/shop",
        revisions = 412,
        more = 0
    ));
    card.subject = subject("Namespace", "", "shop");
    card.affected = 412;
    card.remedy = vec![step(
        &say.label("helm-history-unbounded-limit"),
        "helm upgrade shop shop/shop --history-max 10 --reuse-values",
        Risk::Changes,
    )];
    card
}

fn endpoints(say: &Say) -> konspect::report::FindingCard {
    let mut card = finding(say, "u2", "KSP7008", "service-without-endpoints", Severity::Info);
    card.title = say.words(&words!("service-without-endpoints-title", service = "shop/cart"));
    card.subject = subject("Service", "shop", "cart");
    let says = say.words(&words!("service-without-endpoints-says", service = "shop/cart"));
    card.evidence = vec![in_log("E9", "resources/endpointslices.json", 88, &says)];
    card
}

fn several_causes(say: &Say) -> Report {
    let mut report = one_cause(say);
    let sentence = report.verdict.sentence.clone();
    report.verdict.sentence = say.words(&words!("verdict-more", sentence = sentence, count = 1));
    let mut leak = finding(say, "c2", "KSP4001", "etcd-object-leak", Severity::Warning);
    leak.title = say.words(&words!("etcd-object-leak-title", count = 182_340, resource = "events"));
    leak.settles = Some(say.label("webhook-unreachable-blocks-writes-settle"));
    leak.subject = subject("Client", "", "flux-kustomize-controller/v1.2.0");
    let says = say.words(&words!("etcd-object-leak-count", count = 182_340, resource = "events"));
    leak.evidence = vec![in_log("E10", "audit/audit-part-0007.log", 91_022, &says)];
    let slow = say.words(&words!(
        "request-latency-over-slo-title",
        verb = "LIST",
        resource = "events",
        seconds = "31"
    ));
    leak.explains =
        vec![effect(say, "KSP3005", "request-latency-over-slo", &slow, "etcd-object-leak", 190)];
    report.causes.push(leak);
    report.audit = Some(cluster::audit("flux-kustomize-controller/v1.2.0"));
    report
}

fn symptoms_only(say: &Say) -> Report {
    let mut report = cards::base(say);
    let crash = |index: u64| {
        say.words(&words!(
            "container-crash-loop-title",
            namespace = "shop",
            workload = format!("cart-{index}"),
            count = 9 - index
        ))
    };
    report.unexplained = (1..=6)
        .map(|index| {
            let mut card = finding(
                say,
                &format!("u{index}"),
                "KSP7001",
                "container-crash-loop",
                Severity::Critical,
            );
            card.title = crash(index);
            card.subject = subject("Deployment", "shop", &format!("cart-{index}"));
            card.affected = 9 - index;
            card.remedy = vec![step(
                &say.label("container-crash-loop-logs"),
                &format!("kubectl logs -n shop deploy/cart-{index} --previous"),
                Risk::Reads,
            )];
            card
        })
        .collect();
    report.verdict.sentence = say.words(&words!("verdict-symptoms", title = crash(1)));
    report.verdict.health = Health::Degraded;
    report.verdict.since = Some(at(11));
    report.verdict.first_step =
        report.unexplained.first().and_then(|card| card.remedy.first().cloned());
    report.verdict.saw = say.tables(&[Table::Nodes, Table::Pods, Table::Events]);
    report.verdict.not_seen =
        say.tables(&[Table::KubeletLogs, Table::Firewalls, Table::Audit, Table::Metrics]);
    report.unchecked = unchecked(say, 12);
    report.next = vec![cards::next(say, Table::KubeletLogs, 8)];
    report.timeline = timeline(say).into_iter().filter(|entry| entry.lane == "pods").collect();
    report.cluster.path.clear();
    report.cluster.connectivity.clear();
    report
}

fn partial(say: &Say) -> Report {
    let mut report = one_cause(say);
    report.bundle.cut_off = true;
    report.verdict.banners = vec![say.label("banner-cut-off")];
    report.diagnostics.push(diagnostic(
        say,
        "bundle.zip",
        &words!("KSB0005", limit = "members", value = 1_204),
    ));
    report
}

fn redacted(say: &Say) -> Report {
    let mut report = one_cause(say);
    report.bundle.redactions =
        BTreeMap::from([("token".into(), 12), ("ip".into(), 4_801), ("name".into(), 377)]);
    report.verdict.banners = vec![say.words(&words!("banner-redacted", count = 5_190))];
    if let Some(cause) = report.causes.first_mut() {
        cause.subject = subject("Node", "", "‹node-3f2a›");
        cause.remedy = vec![step(
            &say.label("port-10250-iptables-delete"),
            "az vmss run-command invoke -n ‹node-3f2a› --scripts 'iptables -D INPUT 7'",
            Risk::Changes,
        )];
        report.verdict.first_step = cause.remedy.first().cloned();
    }
    report
}

fn tampered(say: &Say) -> Report {
    let mut report = one_cause(say);
    report.bundle.tampered = [
        "nodes/aks-np1-30491862-vmss000002/iptables-save.txt",
        "resources/pods.json",
        "cluster/version.json",
    ]
    .map(Into::into)
    .into();
    report.verdict.banners = vec![say.words(&words!("banner-tampered", count = 3))];
    if let Some(evidence) = report.causes.first_mut().and_then(|cause| cause.evidence.first_mut()) {
        evidence.tampered = true;
    }
    report
}

fn foreign(say: &Say) -> Report {
    let mut report = poorly_covered(say);
    report.bundle.name = "aks-prod-2025.zip".into();
    report.bundle.collector = Some("konspect-collect 0.0.3".into());
    let banner =
        words!("banner-collector", collector = "konspect-collect 0.0.3", seen = 2, all = 44);
    report.verdict.banners = vec![say.words(&banner)];
    report
}

/// Without the audit log nobody knows which client loads the API.
fn no_audit(say: &Say) -> Report {
    let mut report = one_cause(say);
    report.cluster.api_load.clear();
    report.cluster.latency.clear();
    report.verdict.saw = say.tables(&[Table::Nodes, Table::Pods, Table::Events, Table::Firewalls]);
    report.verdict.not_seen = say.tables(&[Table::Audit, Table::Metrics, Table::AzureNetworkRules]);
    report.next = vec![cards::next(say, Table::Audit, 7)];
    report
}

/// Names as long as Kubernetes allows, in every place that shows one.
fn long_names(say: &Say) -> Report {
    let mut report = several_causes(say);
    let namespace = "platform-observability-and-telemetry-collectors-of-west-europe";
    let workload = "opentelemetry-collector-contrib-daemonset-for-virtual-machine-scale-sets-of-the-second-generation-in-west-europe-zone-three";
    report.bundle.cluster =
        "aks-platform-shared-services-production-westeurope-blue-cluster".into();
    report.bundle.kubernetes_version = "v1.33.0-beta.1.214+5f3a7c1d2e4b6a".into();
    report.bundle.name = format!("{}-2026-03-14T09-30-00Z.konspect.zip", report.bundle.cluster);
    let crash = say.words(&words!(
        "container-crash-loop-title",
        namespace = namespace,
        workload = workload,
        count = 41
    ));
    report.verdict.effects = Some(format!("{crash} · {crash}"));
    for card in report.unexplained.iter_mut().chain(&mut report.aggravating) {
        card.title = crash.clone();
        card.subject = subject("DaemonSet", namespace, workload);
    }
    for effect in report.causes.iter_mut().flat_map(|cause| &mut cause.explains).take(6) {
        effect.title = crash.clone();
    }
    for entry in &mut report.timeline {
        entry.text = format!("{}: DaemonSet {namespace}/{workload}", entry.text);
    }
    report.cluster.pools.push(pool("workloadsgpu", 12, 12));
    for (load, series) in report.cluster.api_load.iter_mut().zip(&mut report.cluster.latency) {
        load.client = format!("{workload}/v0.119.0 (linux/amd64) kubernetes/$Format");
        series.name = load.client.clone();
    }
    for row in &mut report.cluster.object_counts {
        row.0 = format!("{}.monitoring.platform.example", row.0);
    }
    report
}

/// 5,000 nodes and 200,000 Pods: thousands of findings and rows.
pub(crate) fn huge(locale: Locale) -> Report {
    let say = &Say::new(locale);
    let mut report = one_cause(say);
    report.bundle.nodes = Some(5_000);
    report.bundle.pods = Some(200_000);
    let crash = |team: u64, name: &str, pods: u64| {
        say.words(&words!(
            "container-crash-loop-title",
            namespace = format!("team-{team}"),
            workload = name,
            count = pods
        ))
    };
    report.unexplained = (1..=5_000)
        .map(|index| {
            let mut card = finding(
                say,
                &format!("u{index}"),
                "KSP7001",
                "container-crash-loop",
                Severity::Warning,
            );
            let (team, name) = (index % 97, format!("app-{index}"));
            card.title = crash(team, &name, index % 40 + 1);
            card.subject = subject("Deployment", &format!("team-{team}"), &name);
            card.affected = index % 40 + 1;
            card.evidence = vec![in_log(
                &format!("E{}", index + 20),
                "resources/pods.json",
                index * 31,
                &card.title,
            )];
            card
        })
        .collect();
    report.timeline = (0..4_000)
        .zip(["nodes", "tunnel", "pods", "api"].into_iter().cycle())
        .map(|(index, lane)| {
            entry(at_second(600 + index / 4), lane, &format!("BackOff: Pod app-{index}"), None, 1)
        })
        .collect();
    report.cluster.pools = (1..=60)
        .map(|index| pool(&format!("np{index}"), 83, 83 - u64::from(index % 7 == 0)))
        .collect();
    report.unchecked = (0..8).flat_map(|_| unchecked(say, 14)).collect();
    report.diagnostics = (1..=3_000)
        .map(|index| {
            diagnostic(
                say,
                &format!("nodes/n{index}/kubelet.log"),
                &words!("KSB0002", reason = "Permission denied"),
            )
        })
        .collect();
    if let Some(cause) = report.causes.first_mut() {
        cause.explains = (1..=2_000)
            .map(|index| {
                let title = crash(1, &format!("web-{index}"), 1);
                effect(say, "KSP7001", "container-crash-loop", &title, "kubelet-unreachable", 1)
            })
            .collect();
    }
    report.verdict.summary = say.summary(&report);
    report
}

fn timeline(say: &Say) -> Vec<TimelineEntry> {
    let until = |entry: TimelineEntry| TimelineEntry { until: Some(at(30)), ..entry };
    let cause = say.words(&words!("port-10250-iptables-many", count = 3));
    let tunnel = say.words(&words!("kubelet-unreachable-many", count = 3, total = 214));
    let webhook =
        say.words(&words!("webhook-unreachable-blocks-writes-title", webhook = "policy.example"));
    let condition = say.words(&words!(
        "timeline-condition",
        node = "vmss000002",
        status = "False",
        reason = "KubeletNotReady"
    ));
    vec![
        entry(at(8), "changes", "SuccessfulCreate: DaemonSet node-hardening", None, 1),
        entry(at(10), "nodes", &cause, Some("KSP2103"), 3),
        until(entry(at(11), "tunnel", &tunnel, Some("KSP2106"), 190)),
        entry(at(12), "nodes", &condition, Some("KSP5001"), 3),
        until(entry(at(13), "pods", "BackOff: 41 × Pod", Some("KSP7001"), 41)),
        entry(at(14), "api", &webhook, Some("KSP3101"), 2),
        entry(at_second(-86_400), "nodes", "NodeReady: Node aks-np1-30491862-vmss000179", None, 1),
    ]
}

fn effects(say: &Say) -> Vec<konspect::report::EffectCard> {
    let unreachable = say.words(&words!("kubelet-unreachable-many", count = 3, total = 214));
    let webhook =
        say.words(&words!("webhook-unreachable-blocks-writes-title", webhook = "policy.example"));
    let nodes = say.words(&words!("node-not-ready-many", count = 3, total = 214));
    let mut all = vec![
        effect(say, "KSP2106", "kubelet-unreachable", &unreachable, "port-10250-iptables", 190),
        effect(
            say,
            "KSP3101",
            "webhook-unreachable-blocks-writes",
            &webhook,
            "kubelet-unreachable",
            2,
        ),
        effect(say, "KSP5001", "node-not-ready", &nodes, "port-10250-iptables", 3),
    ];
    all.extend((1..=41).map(|index| {
        let workload = format!("web-{index}");
        let title = say.words(&words!(
            "container-crash-loop-title",
            namespace = "shop",
            workload = &workload,
            count = 1
        ));
        let mut effect =
            effect(say, "KSP7001", "container-crash-loop", &title, "kubelet-unreachable", 1);
        effect.subject = subject("Deployment", "shop", &workload);
        effect
    }));
    all
}
