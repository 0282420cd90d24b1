//! The parts that the states are put together from.

use std::collections::BTreeMap;

use konspect::finding::{Confidence, Family, Risk, Role, Severity};
use konspect::parse::TableKind;
use konspect::report::collect::recipe_of;
use konspect::report::{
    AboutCard, BundleCard, ClockCard, DiagnosticCard, EffectCard, EvidenceCard, ExcerptLine,
    FORMAT, FindingCard, Health, InventoryCard, NextCard, NoDataCard, Report, RuledOutCard, State,
    StepCard, SubjectCard, TermCard, TimelineEntry, UncheckedCard, Verdict,
};
use konspect_bundle::{Words, words};

use super::cluster::cluster;
use super::say::Say;

const AGENT_LOG: &str = "logs/kube-system/konnectivity-agent-5c7b9/konnectivity-agent.log";

/// Rules with the table that each lacks, as the questions which stay open.
const OPEN: [(&str, &str, TableKind); 14] = [
    ("KSP3005", "request-latency-over-slo", TableKind::Metrics),
    ("KSP2101", "port-10250-nsg", TableKind::AzureNetworkRules),
    ("KSP1006", "snat-ports-exhausted", TableKind::AzureSnatMetrics),
    ("KSP3003", "client-list-storm", TableKind::Audit),
    ("KSP5005", "kubelet-unhealthy", TableKind::KubeletLogs),
    ("KSP5007", "node-kernel-or-filesystem-fault", TableKind::KernelLogs),
    ("KSP6001", "apiserver-name-unresolvable", TableKind::DnsLookups),
    ("KSP2103", "port-10250-iptables", TableKind::Firewalls),
    ("KSP3001", "client-request-flood", TableKind::Audit),
    ("KSP4002", "etcd-database-near-limit", TableKind::Metrics),
    ("KSP7010", "object-stuck-by-finalizer", TableKind::Namespaces),
    ("KSP5009", "disk-io-throttled", TableKind::AzureDiskMetrics),
    ("KSP9004", "leader-election-churning", TableKind::Leases),
    ("KSP8001", "cluster-not-reconciling", TableKind::AzureCluster),
];

pub(crate) fn base(say: &Say) -> Report {
    Report {
        format: FORMAT,
        lang: say.locale().as_str().to_owned(),
        bundle: bundle(),
        clock: ClockCard {
            first_mover: None,
            skews: Vec::new(),
            notes: vec![say.words(&words!("no-data-events", time = at(24)))],
            slack_seconds: 60,
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
            rules_run: 61,
            rules_skipped: 6,
            rules_crashed: Vec::new(),
            limits: Vec::new(),
        },
    }
}

fn bundle() -> BundleCard {
    BundleCard {
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
    }
}

pub(crate) fn finding(
    say: &Say,
    id: &str,
    code: &str,
    rule: &str,
    severity: Severity,
) -> FindingCard {
    FindingCard {
        id: id.into(),
        code: code.into(),
        rule: rule.into(),
        family: Family::Tunnel,
        subject: subject("Cluster", "", "aks-prod"),
        title: String::new(),
        severity,
        confidence: Confidence::Likely,
        confidence_why: say.label("confidence-likely-why"),
        score: 1.0,
        terms: vec![term(&say.label("score-likely"), 1.0)],
        since: Some(at(11)),
        affected: 1,
        evidence: vec![dial_line(say, "E5", "aks-np1-30491862-vmss000002")],
        explains: Vec::new(),
        remedy: Vec::new(),
        settles: None,
        differs: Vec::new(),
        reference: None,
    }
}

pub(crate) fn effect(
    say: &Say,
    code: &str,
    rule: &str,
    title: &str,
    because_of: &str,
    affected: u64,
) -> EffectCard {
    EffectCard {
        code: code.into(),
        rule: rule.into(),
        subject: subject("Cluster", "", "aks-prod"),
        title: title.into(),
        severity: Severity::Warning,
        since: Some(at(11)),
        affected,
        because_of: because_of.into(),
        evidence: vec![dial_line(say, "E4", "aks-np1-30491862-vmss000004")],
    }
}

pub(crate) fn firewall_line(say: &Say, id: &str, node: &str) -> EvidenceCard {
    let line = |number, before: &str, marked: &str| ExcerptLine {
        number: Some(number),
        before: before.into(),
        marked: marked.into(),
        after: String::new(),
    };
    let established = "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";
    let drop = "-A INPUT -p tcp -m tcp --dport 10250 -j DROP";
    EvidenceCard {
        id: id.into(),
        path: format!("nodes/{node}/iptables-save.txt"),
        line: Some(41),
        start: 2_210,
        end: 2_255,
        says: say.words(&words!(
            "port-10250-rule-counted",
            number = 7,
            chain = "INPUT",
            table = "filter",
            source = "10.224.0.0/16",
            packets = 4_211
        )),
        role: Role::Primary,
        excerpt: format!("{established}\n{drop}\nCOMMIT"),
        lines: vec![line(40, established, ""), line(41, "", drop), line(42, "COMMIT", "")],
        tampered: false,
    }
}

/// A line of the tunnel agent's log whose decisive words are marked.
pub(crate) fn in_log(id: &str, path: &str, line: u64, says: &str) -> EvidenceCard {
    let text = "E0314 09:11:02.118201       1 clientset.go:190] \"cannot connect once\" err=\"dial tcp 10.224.0.4:10250: i/o timeout\"";
    EvidenceCard {
        id: id.into(),
        path: path.into(),
        line: Some(line),
        start: 90_001,
        end: 90_110,
        says: says.into(),
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

pub(crate) fn dial_line(say: &Say, id: &str, node: &str) -> EvidenceCard {
    let says = say.words(&words!(
        "kubelet-unreachable-timeout",
        witness = "konnectivity-agent-5c7b9",
        node = node
    ));
    in_log(id, AGENT_LOG, 4_211, &says)
}

pub(crate) fn contrary(say: &Say, id: &str) -> EvidenceCard {
    let says = say.words(&words!("kubelet-unreachable-cleared", count = 1));
    EvidenceCard { role: Role::Contrary, ..in_log(id, AGENT_LOG, 4_502, &says) }
}

pub(crate) fn ruled_out(say: &Say, code: &str, rule: &str, why: &Words) -> RuledOutCard {
    let why = say.words(why);
    RuledOutCard {
        code: code.into(),
        rule: rule.into(),
        title: say.label(&format!("rule-{rule}")),
        evidence: vec![in_log("E6", "azure/nsg.json", 12, &why)],
        why,
    }
}

/// Some of the questions that stay open.
pub(crate) fn unchecked(say: &Say, count: usize) -> Vec<UncheckedCard> {
    let open = OPEN.iter().take(count);
    open.map(|(code, rule, table)| UncheckedCard {
        code: (*code).into(),
        rule: (*rule).into(),
        title: say.label(&format!("rule-{rule}")),
        missing: say.table(*table),
        collect: recipe_of(*table).command.into(),
    })
    .collect()
}

pub(crate) fn next(say: &Say, table: TableKind, settles: usize) -> NextCard {
    let recipe = recipe_of(table);
    NextCard {
        command: recipe.command.into(),
        why: say.table(table),
        settles: OPEN.iter().take(settles).map(|(code, ..)| (*code).to_owned()).collect(),
        rights: if recipe.rights.starts_with("right-") {
            say.label(recipe.rights)
        } else {
            recipe.rights.into()
        },
        bytes: recipe.kib * 1024,
        gain: settles as u64 * 3,
        argv: recipe.command.split(' ').map(str::to_owned).collect(),
        collector: Vec::new(),
        answer: "answer.txt".into(),
    }
}

/// The first step where no cause is known.
pub(crate) fn collect_first(say: &Say, next: &NextCard) -> StepCard {
    let text = say.words(&words!("verdict-collect", tables = &next.why));
    step(&text, &next.command, Risk::Changes)
}

pub(crate) fn diagnostic(say: &Say, path: &str, message: &Words) -> DiagnosticCard {
    DiagnosticCard {
        code: message.key.into(),
        path: path.into(),
        line: None,
        message: say.words(message),
    }
}

pub(crate) fn entry(
    at: String,
    lane: &str,
    text: &str,
    finding: Option<&str>,
    count: u64,
) -> TimelineEntry {
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

pub(crate) fn step(text: &str, command: &str, risk: Risk) -> StepCard {
    StepCard { text: text.into(), command: Some(command.into()), risk, undo: None }
}

pub(crate) fn subject(kind: &str, namespace: &str, name: &str) -> SubjectCard {
    let namespace = (!namespace.is_empty()).then(|| namespace.to_owned());
    SubjectCard { kind: kind.into(), name: name.into(), namespace }
}

pub(crate) fn term(why: &str, points: f64) -> TermCard {
    TermCard { why: why.into(), points }
}

/// A minute after nine on the day of the incident.
pub(crate) fn at(minute: u32) -> String {
    format!("2026-03-14T09:{minute:02}:00Z")
}

pub(crate) fn at_second(second: i64) -> String {
    let start: jiff::Timestamp = "2026-03-14T09:00:00Z".parse().expect("a time stamp");
    (start + jiff::SignedDuration::from_secs(second)).to_string()
}
