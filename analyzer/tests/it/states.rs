//! A report in every state that a reader can meet, built by hand: what the renderers are tested
//! with, and what the gallery shows.

#![expect(clippy::assigning_clones, reason = "fixtures are read, not fast")]

use std::collections::BTreeMap;

use konspect::finding::{Confidence, Family, Risk, Role, Severity};
use konspect::report::{
    AboutCard, ApiLoadCard, BundleCard, ClusterCard, ConnectivityCard, DiagnosticCard, EffectCard,
    EvidenceCard, ExcerptLine, FORMAT, FindingCard, Health, HopCard, InventoryCard, NextCard,
    NoDataCard, PathCard, PoolCard, Report, RuledOutCard, SeriesCard, State, StepCard, SubjectCard,
    TermCard, TimelineEntry, UncheckedCard, Verdict,
};

/// Every state by the name that golden files and the gallery use.
pub(crate) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("healthy", healthy()),
        ("healthy-poorly-covered", poorly_covered()),
        ("one-cause", one_cause()),
        ("several-causes", several_causes()),
        ("symptoms-only", symptoms_only()),
        ("partial", partial()),
        ("redacted", redacted()),
        ("tampered", tampered()),
        ("foreign", foreign()),
        ("hostile", hostile("<kx-x onclick=alert(1)>\u{202e}`|@kx #1 {code}\x1b[31m")),
    ]
}

pub(crate) fn healthy() -> Report {
    let mut report = base();
    report.verdict = Verdict {
        sentence: "No fault found in what was collected: 12 of 12 sources read, 214 nodes Ready, 0 restarts in the last hour.".into(),
        state: State::Healthy,
        health: Health::Healthy,
        confidence: None,
        since: None,
        first_step: None,
        root_cause: None,
        failure: None,
        effects: None,
        summary: "0 findings · 118 rules checked".into(),
        saw: words("pods, nodes, events, iptables (214 of 214 nodes), audit 1 h, metrics, NSG"),
        not_seen: Vec::new(),
        banners: Vec::new(),
    };
    report.ruled_out = vec![
        ruled_out("KSP2103", "port-10250-iptables"),
        ruled_out("KSP3101", "etcd-object-count"),
    ];
    report.cluster.connectivity.iter_mut().for_each(|card| card.state = "open".into());
    report.cluster.path.clear();
    report
}

pub(crate) fn poorly_covered() -> Report {
    let mut report = healthy();
    report.verdict.sentence =
        "Cannot tell: only pods and nodes were collected; nothing wrong in them. Collect events, audit and iptables.".into();
    report.verdict.state = State::Undetermined;
    report.verdict.health = Health::Unknown;
    report.verdict.first_step = Some(step(
        "Collect events, audit and iptables.",
        "konspect-collect --profile aks --include audit,iptables",
        Risk::Reads,
    ));
    report.verdict.saw = words("pods, nodes");
    report.verdict.not_seen = words("events, iptables, audit, metrics, NSG");
    report.verdict.summary = "0 findings · 9 of 118 rules could be checked".into();
    report.cluster = ClusterCard { pools: report.cluster.pools, ..ClusterCard::default() };
    report.ruled_out.clear();
    report.unchecked = (1..=24).map(unchecked).collect();
    report.next = vec![
        next("konspect-collect --include iptables", 9),
        next("konspect-collect --include audit", 7),
    ];
    report.about.rules_skipped = 109;
    report.about.rules_run = 9;
    report
}

pub(crate) fn one_cause() -> Report {
    let mut report = base();
    let mut cause = finding("c1", "KSP2103", "port-10250-iptables", Severity::Critical);
    cause.title =
        "API server cannot reach kubelets: outbound TCP 10250 is dropped on 3 nodes".into();
    cause.confidence = Confidence::Proven;
    cause.confidence_why =
        "the rule decides the packet on all three nodes, and no earlier rule accepts it".into();
    cause.subject = subject("Node", "", "aks-np1-30491862-vmss000002");
    cause.affected = 3;
    cause.since = Some(at(10));
    cause.score = 9.5;
    cause.terms = vec![
        term("explains 44 of 47 findings", 4.0),
        term("proven", 3.0),
        term("began before every effect", 2.5),
    ];
    cause.evidence = vec![
        iptables_evidence("E1", "aks-np1-30491862-vmss000002"),
        log_evidence(
            "E2",
            "logs/kube-system/konnectivity-agent-5c7b9/konnectivity-agent.log",
            4211,
        ),
        contrary_evidence("E3"),
    ];
    cause.remedy = vec![
        step("See the rule that decides.", "az vmss run-command invoke -g MC_aks -n aks-np1-30491862-vmss --instance-id 2 --command-id RunShellScript --scripts 'iptables -L OUTPUT -n --line-numbers'", Risk::Reads),
        StepCard {
            text: "Remove the DROP rule on aks-np1-30491862-vmss000002.".into(),
            command: Some("az vmss run-command invoke -g MC_aks -n aks-np1-30491862-vmss --instance-id 2 --command-id RunShellScript --scripts 'iptables -D OUTPUT 7'".into()),
            risk: Risk::Changes,
            undo: Some("iptables -I OUTPUT 7 -p tcp --dport 10250 -j DROP".into()),
        },
        StepCard { text: "Verify that kubectl logs answers again.".into(), command: Some("kubectl logs -n kube-system deploy/coredns --tail=1".into()), risk: Risk::Reads, undo: None },
    ];
    cause.explains = effects();
    cause.differs =
        words("run image AKSUbuntu-2204gen2containerd-202602.12.0, started after 09:08 UTC");
    cause.reference = Some("Azure Kubernetes Service: outbound network rules (learn.microsoft.com › azure › aks › outbound-rules-control-egress)".into());
    report.verdict = Verdict {
        sentence: "API server cannot reach kubelets: outbound TCP 10250 is dropped on 3 nodes since 09:10 UTC.".into(),
        state: State::CauseFound,
        health: Health::Broken,
        confidence: Some(Confidence::Proven),
        since: Some(at(10)),
        first_step: cause.remedy.get(1).cloned(),
        root_cause: Some("iptables OUTPUT rule 7: DROP tcp dpt:10250, on 3 nodes".into()),
        failure: Some("konnectivity-agent cannot dial the tunnel server (since 09:11 UTC)".into()),
        effects: Some("41 Pods CrashLoopBackOff · kubectl logs and exec fail · 2 webhooks time out".into()),
        summary: "1 cause explains 44 of 47 findings · 2 others unrelated · 1 unexplained".into(),
        saw: words("pods, nodes, events, iptables (3 of 214 nodes), audit 1 h"),
        not_seen: words("metrics, NSG"),
        banners: Vec::new(),
    };
    report.causes = vec![cause];
    let mut helm = finding("u1", "KSP3104", "helm-history-unbounded", Severity::Warning);
    helm.title = "Helm keeps 412 release Secrets in namespace shop".into();
    helm.subject = subject("Namespace", "", "shop");
    helm.affected = 412;
    helm.remedy = vec![step(
        "Limit the history.",
        "helm upgrade shop shop/shop --history-max 10 --reuse-values",
        Risk::Changes,
    )];
    let mut probe = finding("u2", "KSP7105", "liveness-probe-too-strict", Severity::Info);
    probe.title = "Pod shop/cart-0: liveness probe waits 1 s only".into();
    probe.subject = subject("Pod", "shop", "cart-0");
    probe.evidence = vec![log_evidence("E9", "resources/pods.json", 88)];
    report.unexplained = vec![helm, probe];
    let mut agent = finding("a1", "KSP2110", "one-konnectivity-agent", Severity::Warning);
    agent.title = "One konnectivity-agent serves 214 nodes".into();
    report.aggravating = vec![agent];
    report.ruled_out = vec![
        ruled_out("KSP2104", "port-10250-nsg"),
        ruled_out("KSP3101", "etcd-object-count"),
        ruled_out("KSP6101", "dns-lookup-of-api-server-fails"),
    ];
    report.unchecked = (1..=6).map(unchecked).collect();
    report.next = vec![
        next("konspect-collect --include iptables --nodes all", 4),
        next("az network nsg rule list -g MC_aks --nsg-name aks-agentpool-nsg -o json", 2),
    ];
    report.diagnostics = vec![diagnostic(
        "nodes/aks-np1-30491862-vmss000007/kubelet.log",
        "KSB0003",
        "ends early, what came before was read: 4,096 of 9,120 bytes",
    )];
    report.timeline = timeline();
    report
}

pub(crate) fn several_causes() -> Report {
    let mut report = one_cause();
    report.verdict.sentence.push_str(" And 1 more independent cause.");
    report.verdict.summary = "2 causes explain 45 of 48 findings · 1 unexplained".into();
    let mut etcd = finding("c2", "KSP3101", "etcd-object-count", Severity::Warning);
    etcd.title = "182,340 Events of one controller slow every LIST to 31 s".into();
    etcd.confidence = Confidence::Likely;
    etcd.settles = Some("the metric apiserver_storage_objects, which was not collected".into());
    etcd.subject = subject("Client", "", "flux-kustomize-controller/v1.2.0");
    etcd.evidence = vec![log_evidence("E10", "audit/audit-part-0007.log", 91_022)];
    etcd.explains = vec![effect(
        "KSP3201",
        "list-latency",
        "LIST events takes 31 s at p99",
        "etcd-object-count",
        190,
    )];
    report.causes.push(etcd);
    report
}

pub(crate) fn symptoms_only() -> Report {
    let mut report = base();
    report.verdict = Verdict {
        sentence: "41 Pods restart since 09:11 UTC; the cause is not in this bundle. Most telling missing source: kubelet logs of np1.".into(),
        state: State::Undetermined,
        health: Health::Degraded,
        confidence: None,
        since: Some(at(11)),
        first_step: Some(step("Collect the kubelet logs of node pool np1.", "konspect-collect --include kubelet-logs --pool np1", Risk::Reads)),
        root_cause: None,
        failure: Some("41 Pods restart since 09:11 UTC".into()),
        effects: Some("3 Deployments below their replicas".into()),
        summary: "0 causes · 6 findings (0 explained)".into(),
        saw: words("pods, nodes, events"),
        not_seen: words("kubelet logs, iptables, audit, metrics, NSG"),
        banners: Vec::new(),
    };
    report.unexplained = (1..=6)
        .map(|index| {
            let mut card =
                finding(&format!("u{index}"), "KSP7101", "pod-crash-loop", Severity::Warning);
            card.title = format!("Pod shop/cart-{index} restarts every 40 s");
            card.subject = subject("Pod", "shop", &format!("cart-{index}"));
            card.affected = 8 - index;
            card
        })
        .collect();
    report.unchecked = (1..=12).map(unchecked).collect();
    report.next = vec![next("konspect-collect --include kubelet-logs --pool np1", 8)];
    report.timeline = timeline().into_iter().filter(|entry| entry.lane == "pods").collect();
    report.cluster.path.clear();
    report.cluster.connectivity.clear();
    report
}

pub(crate) fn partial() -> Report {
    let mut report = one_cause();
    report.bundle.cut_off = true;
    report.verdict.banners =
        vec!["The bundle is cut off after 61%: 1,204 of 1,981 members were read.".into()];
    report.diagnostics.push(diagnostic(
        "bundle.zip",
        "KSB0003",
        "ends early, what came before was read: the central directory is missing",
    ));
    report
}

pub(crate) fn redacted() -> Report {
    let mut report = one_cause();
    report.bundle.redactions =
        BTreeMap::from([("token".into(), 12), ("ip".into(), 4_801), ("name".into(), 377)]);
    report.verdict.banners =
        vec!["Names and addresses are pseudonyms: replace them in commands by your own.".into()];
    if let Some(cause) = report.causes.first_mut() {
        cause.remedy = vec![step(
            "Remove the DROP rule on ‹node-3f2a›.",
            "az vmss run-command invoke -n ‹node-3f2a› --scripts 'iptables -D OUTPUT 7'",
            Risk::Changes,
        )];
        report.verdict.first_step = cause.remedy.first().cloned();
    }
    report
}

pub(crate) fn tampered() -> Report {
    let mut report = one_cause();
    report.bundle.tampered = words(
        "nodes/aks-np1-30491862-vmss000002/iptables-save.txt, resources/pods.json, cluster/version.json",
    );
    report.verdict.banners =
        vec!["3 members differ from the manifest: findings that rest on them are marked.".into()];
    if let Some(evidence) = report.causes.first_mut().and_then(|cause| cause.evidence.first_mut()) {
        evidence.tampered = true;
    }
    report
}

pub(crate) fn foreign() -> Report {
    let mut report = poorly_covered();
    report.bundle.collector = Some("0.3.0".into());
    report.verdict.banners = vec!["Made by collector 0.3 (knows 9 of 12 sources).".into()];
    report
}

/// 5,000 nodes and 200,000 Pods: thousands of findings and rows.
pub(crate) fn huge() -> Report {
    let mut report = one_cause();
    report.bundle.nodes = Some(5_000);
    report.bundle.pods = Some(200_000);
    report.unexplained = (1..=5_000)
        .map(|index| {
            let mut card =
                finding(&format!("u{index}"), "KSP7101", "pod-crash-loop", Severity::Warning);
            card.title = format!(
                "Deployment team-{}/app-{index}: {} Pods CrashLoopBackOff",
                index % 97,
                index % 40 + 1
            );
            card.subject =
                subject("Deployment", &format!("team-{}", index % 97), &format!("app-{index}"));
            card.affected = index % 40 + 1;
            card.evidence =
                vec![log_evidence(&format!("E{}", index + 20), "resources/pods.json", index * 31)];
            card
        })
        .collect();
    report.timeline = (0..4_000)
        .zip(["nodes", "tunnel", "pods", "api"].into_iter().cycle())
        .map(|(index, lane)| {
            entry(at_second(600 + index / 4), lane, &format!("event {index}"), None, 1)
        })
        .collect();
    report.cluster.pools = (1..=60)
        .map(|index| pool(&format!("np{index}"), 83, 83 - u64::from(index % 7 == 0)))
        .collect();
    report.unchecked = (1..=110).map(unchecked).collect();
    report.diagnostics = (1..=3_000)
        .map(|index| {
            diagnostic(
                &format!("nodes/n{index}/kubelet.log"),
                "KSB0003",
                "ends early, what came before was read",
            )
        })
        .collect();
    if let Some(cause) = report.causes.first_mut() {
        cause.explains = (1..=2_000)
            .map(|index| {
                effect(
                    "KSP7101",
                    "pod-crash-loop",
                    &format!("Pod team-1/web-{index} CrashLoopBackOff"),
                    "konnectivity-dial-timeout",
                    1,
                )
            })
            .collect();
    }
    report
}

/// One payload in every field that a bundle can reach.
pub(crate) fn hostile(payload: &str) -> Report {
    let mut report = one_cause();
    report.bundle.name = format!("bundle {payload}.zip");
    report.bundle.cluster = payload.to_owned();
    report.bundle.kubernetes_version = payload.to_owned();
    report.bundle.collector = Some(payload.to_owned());
    report.bundle.tampered = vec![payload.to_owned()];
    report.bundle.redactions = BTreeMap::from([(payload.to_owned(), 3)]);
    report.verdict.sentence = format!("Node {payload} drops TCP 10250.");
    report.verdict.root_cause = Some(payload.to_owned());
    report.verdict.failure = Some(payload.to_owned());
    report.verdict.effects = Some(payload.to_owned());
    report.verdict.summary = payload.to_owned();
    report.verdict.banners = vec![payload.to_owned()];
    report.verdict.saw = vec![payload.to_owned()];
    report.verdict.not_seen = vec![payload.to_owned()];
    report.verdict.first_step = Some(step(payload, payload, Risk::Changes));
    let cards =
        report.causes.iter_mut().chain(&mut report.unexplained).chain(&mut report.aggravating);
    for card in cards {
        card.title = payload.to_owned();
        card.subject = subject(payload, payload, payload);
        card.confidence_why = payload.to_owned();
        card.settles = Some(payload.to_owned());
        card.differs = vec![payload.to_owned()];
        card.reference = Some(payload.to_owned());
        card.terms = vec![term(payload, 1.0)];
        card.remedy = vec![StepCard {
            undo: Some(payload.to_owned()),
            ..step(payload, payload, Risk::Disrupts)
        }];
        for evidence in &mut card.evidence {
            poison(evidence, payload);
        }
        for effect in &mut card.explains {
            effect.title = payload.to_owned();
            effect.subject = subject(payload, payload, payload);
        }
    }
    for card in &mut report.ruled_out {
        card.title = payload.to_owned();
        card.why = payload.to_owned();
    }
    for card in &mut report.unchecked {
        card.title = payload.to_owned();
        card.missing = payload.to_owned();
        card.collect = payload.to_owned();
    }
    for card in &mut report.next {
        card.command = payload.to_owned();
        card.why = payload.to_owned();
        card.rights = payload.to_owned();
    }
    for card in &mut report.timeline {
        card.text = payload.to_owned();
        card.source = payload.to_owned();
    }
    for card in &mut report.diagnostics {
        card.path = payload.to_owned();
        card.message = payload.to_owned();
    }
    report.timeline.push(entry(at(20), payload, payload, None, 2));
    report.cluster.pools =
        vec![PoolCard { version: payload.into(), vm_size: payload.into(), ..pool(payload, 1, 0) }];
    report.cluster.pods_by_state = BTreeMap::from([(payload.to_owned(), 1)]);
    report.cluster.versions = BTreeMap::from([(payload.to_owned(), 1)]);
    report.cluster.object_counts = vec![(payload.to_owned(), 1)];
    report.cluster.api_load = vec![ApiLoadCard {
        client: payload.into(),
        verb: payload.into(),
        requests: 3,
        seconds: 1.0,
    }];
    report.cluster.connectivity = vec![ConnectivityCard {
        from: payload.into(),
        target: payload.into(),
        state: payload.into(),
        count: 1,
    }];
    for series in &mut report.cluster.latency {
        series.name = payload.to_owned();
        series.unit = payload.to_owned();
    }
    for path in &mut report.cluster.path {
        path.node = payload.to_owned();
        path.packet = payload.to_owned();
        for hop in &mut path.hops {
            *hop = HopCard {
                place: payload.into(),
                rule: payload.into(),
                decides: hop.decides,
                verdict: payload.into(),
            };
        }
    }
    report.inventory = BTreeMap::from([(payload.to_owned(), InventoryCard { count: 1, bytes: 9 })]);
    report.about.limits = vec![payload.to_owned()];
    report.about.rules_crashed = vec![payload.to_owned()];
    report
}

fn poison(evidence: &mut EvidenceCard, payload: &str) {
    evidence.path = payload.to_owned();
    evidence.says = payload.to_owned();
    evidence.excerpt = format!("{payload}\n```\n{payload}");
    for line in &mut evidence.lines {
        line.before = payload.to_owned();
        line.marked = payload.to_owned();
        line.after = payload.to_owned();
    }
}

fn base() -> Report {
    Report {
        format: FORMAT,
        lang: "en".into(),
        bundle: BundleCard {
            name: "aks-prod-2026-03-14.zip".into(),
            kind: "konspect bundle".into(),
            sha256: Some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into()),
            cluster: "aks-prod".into(),
            platform: "AKS".into(),
            kubernetes_version: "1.30.4".into(),
            nodes: Some(214),
            pods: Some(3_912),
            collected: Some(at(30)),
            collector: Some("0.1.0".into()),
            no_data: vec![NoDataCard { lane: "nodes".into(), from: at(20), until: at(24) }],
            ..BundleCard::default()
        },
        verdict: Verdict {
            sentence: String::new(),
            state: State::Undetermined,
            health: Health::Unknown,
            confidence: None,
            since: None,
            first_step: None,
            root_cause: None,
            failure: None,
            effects: None,
            summary: String::new(),
            saw: Vec::new(),
            not_seen: Vec::new(),
            banners: Vec::new(),
        },
        causes: Vec::new(),
        unexplained: Vec::new(),
        aggravating: Vec::new(),
        ruled_out: Vec::new(),
        unchecked: Vec::new(),
        next: Vec::new(),
        timeline: Vec::new(),
        cluster: cluster(),
        audit: None,
        diagnostics: Vec::new(),
        inventory: BTreeMap::from([
            ("pods".into(), InventoryCard { count: 1, bytes: 18_402_113 }),
            ("iptables-save".into(), InventoryCard { count: 3, bytes: 211_004 }),
            ("audit-log".into(), InventoryCard { count: 12, bytes: 804_113_022 }),
        ]),
        about: AboutCard {
            version: "0.1.0".into(),
            rules_run: 112,
            rules_skipped: 6,
            rules_crashed: Vec::new(),
            limits: Vec::new(),
        },
    }
}

fn cluster() -> ClusterCard {
    let minutes = |from: u32, to: u32| from..=to;
    let slow = minutes(0, 30)
        .map(|minute| (at(minute), if minute < 10 { 40.0 } else { 400.0 * f64::from(minute - 9) }));
    let calm = minutes(0, 30)
        .filter(|minute| !(14..20).contains(minute))
        .map(|minute| (at(minute), 55.0 + f64::from(minute % 7)));
    ClusterCard {
        pools: vec![pool("np1", 180, 177), pool("system", 34, 34)],
        pods_by_state: BTreeMap::from([("Running".into(), 3_871), ("CrashLoopBackOff".into(), 41)]),
        versions: BTreeMap::from([("v1.30.4".into(), 214)]),
        object_counts: vec![
            ("events".into(), 182_340),
            ("pods".into(), 3_912),
            ("secrets".into(), 2_204),
        ],
        api_load: vec![
            ApiLoadCard {
                client: "flux-kustomize-controller/v1.2.0".into(),
                verb: "list".into(),
                requests: 48_211,
                seconds: 9_120.0,
            },
            ApiLoadCard {
                client: "kubelet/v1.30.4".into(),
                verb: "get".into(),
                requests: 22_008,
                seconds: 118.0,
            },
            ApiLoadCard {
                client: "kubectl/v1.29.2".into(),
                verb: "get".into(),
                requests: 118,
                seconds: 8.0,
            },
        ],
        latency: vec![
            SeriesCard {
                name: "flux-kustomize-controller/v1.2.0".into(),
                unit: "ms".into(),
                points: slow.collect(),
            },
            SeriesCard {
                name: "kubelet/v1.30.4".into(),
                unit: "ms".into(),
                points: calm.collect(),
            },
        ],
        connectivity: vec![
            connectivity("np1", "kubelet TCP 10250", "dropped", 3),
            connectivity("np1", "tunnel server TCP 9000", "open", 180),
            connectivity("system", "kubelet TCP 10250", "open", 34),
            connectivity("system", "tunnel server TCP 9000", "unknown", 34),
        ],
        path: vec![PathCard {
            node: "aks-np1-30491862-vmss000002".into(),
            packet: "TCP 10.224.0.7 → 10.224.0.4:10250".into(),
            hops: vec![
                hop("filter OUTPUT 1", "-A OUTPUT -o lo -j ACCEPT", ""),
                hop(
                    "filter OUTPUT 6",
                    "-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                    "",
                ),
                hop("filter OUTPUT 7", "-A OUTPUT -p tcp -m tcp --dport 10250 -j DROP", "DROP"),
            ],
        }],
    }
}

fn timeline() -> Vec<TimelineEntry> {
    vec![
        entry(at(8), "changes", "DaemonSet node-hardening rolled out", None, 1),
        entry(at(10), "nodes", "iptables rule added on 3 nodes", Some("KSP2103"), 3),
        entry(at(11), "tunnel", "dial timeout to 10.224.0.4:10250", Some("KSP2201"), 190),
        TimelineEntry {
            until: Some(at(30)),
            ..entry(at(11), "tunnel", "tunnel server unreachable", Some("KSP2201"), 1)
        },
        entry(at(12), "nodes", "NotReady: 3 nodes", Some("KSP5101"), 3),
        TimelineEntry {
            until: Some(at(30)),
            ..entry(at(13), "pods", "CrashLoopBackOff: 41 Pods", Some("KSP7101"), 41)
        },
        entry(at(14), "api", "webhook calls time out", Some("KSP4101"), 2),
        entry(at_second(-86_400), "nodes", "node pool scaled to 180", None, 1),
    ]
}

fn effects() -> Vec<EffectCard> {
    let mut all = vec![effect(
        "KSP2201",
        "konnectivity-dial-timeout",
        "konnectivity-agent cannot dial the tunnel server",
        "port-10250-iptables",
        190,
    )];
    all.push(effect(
        "KSP4101",
        "webhook-timeout",
        "2 admission webhooks time out",
        "konnectivity-dial-timeout",
        2,
    ));
    all.push(effect("KSP5101", "node-not-ready", "3 nodes are NotReady", "port-10250-iptables", 3));
    all.extend((1..=41).map(|index| {
        let mut effect = effect(
            "KSP7101",
            "pod-crash-loop",
            &format!("Pod shop/web-{index} CrashLoopBackOff"),
            "konnectivity-dial-timeout",
            1,
        );
        effect.subject = subject("Pod", "shop", &format!("web-{index}"));
        effect
    }));
    all
}

fn effect(code: &str, rule: &str, title: &str, because_of: &str, affected: u64) -> EffectCard {
    EffectCard {
        code: code.into(),
        rule: rule.into(),
        subject: subject("Cluster", "", "aks-prod"),
        title: title.into(),
        severity: Severity::Warning,
        since: Some(at(11)),
        affected,
        because_of: because_of.into(),
        evidence: vec![log_evidence(
            "E4",
            "logs/kube-system/konnectivity-agent-5c7b9/konnectivity-agent.log",
            4_380,
        )],
    }
}

fn finding(id: &str, code: &str, rule: &str, severity: Severity) -> FindingCard {
    FindingCard {
        id: id.into(),
        code: code.into(),
        rule: rule.into(),
        family: Family::Tunnel,
        subject: subject("Cluster", "", "aks-prod"),
        title: String::new(),
        severity,
        confidence: Confidence::Likely,
        confidence_why: "one line says so, and nothing speaks against it".into(),
        score: 1.0,
        terms: vec![term("likely", 1.0)],
        since: Some(at(11)),
        affected: 1,
        evidence: vec![log_evidence("E5", "resources/events.json", 120)],
        explains: Vec::new(),
        remedy: Vec::new(),
        settles: None,
        differs: Vec::new(),
        reference: None,
    }
}

fn iptables_evidence(id: &str, node: &str) -> EvidenceCard {
    let line = |number, before: &str, marked: &str| ExcerptLine {
        number: Some(number),
        before: before.into(),
        marked: marked.into(),
        after: String::new(),
    };
    EvidenceCard {
        id: id.into(),
        path: format!("nodes/{node}/iptables-save.txt"),
        line: Some(41),
        start: 2_210,
        end: 2_255,
        says: "rule 7 of OUTPUT decides TCP to port 10250: DROP".into(),
        role: Role::Primary,
        excerpt: "-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A OUTPUT -p tcp -m tcp --dport 10250 -j DROP\nCOMMIT".into(),
        lines: vec![
            line(40, "-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", ""),
            line(41, "", "-A OUTPUT -p tcp -m tcp --dport 10250 -j DROP"),
            line(42, "COMMIT", ""),
        ],
        tampered: false,
    }
}

fn log_evidence(id: &str, path: &str, line: u64) -> EvidenceCard {
    let text = "E0314 09:11:02.118201       1 clientset.go:190] \"cannot connect once\" err=\"dial tcp 10.224.0.4:10250: i/o timeout\"";
    EvidenceCard {
        id: id.into(),
        path: path.into(),
        line: Some(line),
        start: 90_001,
        end: 90_110,
        says: "the agent times out when it dials the node".into(),
        role: Role::Supporting,
        excerpt: text.into(),
        lines: vec![ExcerptLine {
            number: Some(line),
            before: text.split("dial tcp").next().unwrap_or_default().into(),
            marked: "dial tcp 10.224.0.4:10250: i/o timeout".into(),
            after: "\"".into(),
        }],
        tampered: false,
    }
}

fn contrary_evidence(id: &str) -> EvidenceCard {
    EvidenceCard {
        id: id.into(),
        role: Role::Contrary,
        says: "one dial succeeded at 09:14".into(),
        ..log_evidence(
            id,
            "logs/kube-system/konnectivity-agent-5c7b9/konnectivity-agent.log",
            4_502,
        )
    }
}

fn ruled_out(code: &str, rule: &str) -> RuledOutCard {
    RuledOutCard {
        code: code.into(),
        rule: rule.into(),
        title: format!("Rule {rule}"),
        why: "what it needs was collected, and shows the opposite".into(),
        evidence: vec![log_evidence("E6", "azure/nsg.json", 12)],
    }
}

fn unchecked(index: u64) -> UncheckedCard {
    UncheckedCard {
        code: format!("KSP{}", 4_000 + index),
        rule: format!("rule-{index}"),
        title: format!("Open question {index}"),
        missing: "metrics of the API server (not collected)".into(),
        collect: "konspect-collect --include metrics".into(),
    }
}

fn next(command: &str, settles: u64) -> NextCard {
    NextCard {
        command: command.into(),
        why: format!("would settle {settles} open questions"),
        settles: (1..=settles).map(|index| format!("KSP{}", 4_000 + index)).collect(),
        rights: "get nodes/proxy".into(),
    }
}

fn diagnostic(path: &str, code: &str, message: &str) -> DiagnosticCard {
    DiagnosticCard { code: code.into(), path: path.into(), line: None, message: message.into() }
}

fn entry(at: String, lane: &str, text: &str, finding: Option<&str>, count: u64) -> TimelineEntry {
    TimelineEntry {
        at,
        lane: lane.into(),
        source: "resources/events.json".into(),
        line: Some(12),
        text: text.into(),
        finding: finding.map(Into::into),
        until: None,
        count,
    }
}

fn pool(name: &str, nodes: u64, ready: u64) -> PoolCard {
    PoolCard {
        name: name.into(),
        nodes,
        ready,
        version: "v1.30.4".into(),
        vm_size: "Standard_D8s_v5".into(),
        agents: 1,
    }
}

fn connectivity(from: &str, target: &str, state: &str, count: u64) -> ConnectivityCard {
    ConnectivityCard { from: from.into(), target: target.into(), state: state.into(), count }
}

fn hop(place: &str, rule: &str, verdict: &str) -> HopCard {
    HopCard {
        place: place.into(),
        rule: rule.into(),
        decides: !verdict.is_empty(),
        verdict: verdict.into(),
    }
}

fn step(text: &str, command: &str, risk: Risk) -> StepCard {
    StepCard { text: text.into(), command: Some(command.into()), risk, undo: None }
}

fn subject(kind: &str, namespace: &str, name: &str) -> SubjectCard {
    let namespace = (!namespace.is_empty()).then(|| namespace.to_owned());
    SubjectCard { kind: kind.into(), name: name.into(), namespace }
}

fn term(why: &str, points: f64) -> TermCard {
    TermCard { why: why.into(), points }
}

fn words(list: &str) -> Vec<String> {
    list.split(", ").map(Into::into).collect()
}

/// A minute after nine on the day of the incident.
fn at(minute: u32) -> String {
    format!("2026-03-14T09:{minute:02}:00Z")
}

fn at_second(second: i64) -> String {
    let start: jiff::Timestamp = "2026-03-14T09:00:00Z".parse().expect("a time stamp");
    (start + jiff::SignedDuration::from_secs(second)).to_string()
}
