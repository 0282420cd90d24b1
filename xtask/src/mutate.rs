//! Weakens the decisive condition of some rules, all in one build, and tells which pages did not notice.
//!
//! Each mutant is in a rule of its own, and a page answers for its rule alone, so one build is enough.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The rules to weaken, as their files are called; all of the list without.
    rules: Vec<String>,
    /// Weakens what several rules are built on instead, each in a build of its own: half an hour.
    #[arg(long)]
    shared: bool,
}

/// A rule's file below `analyzer/src/rules`, what stands there, and what to put in its place.
type Mutant = (&'static str, &'static str, &'static str);

const MUTANTS: &[Mutant] = &[
    ("path/conntrack_table_full", "const NEAR: f64 = 0.9;", "const NEAR: f64 = 0.0;"),
    ("path/snat_plan_too_small", "if wanted <= there {", "if wanted <= there * 9 {"),
    ("tunnel/tunnel_agents_on_one_node", "if hosts.len() > 1 {", "if hosts.len() > 2 {"),
    ("apiserver/webhook_slow", "const SLOW: f64 = 1.0;", "const SLOW: f64 = 0.0;"),
    ("etcd/etcd_object_leak", "const MANY: u64 = 10_000;", "const MANY: u64 = 1;"),
    ("etcd/helm_history_unbounded", "const MANY: u64 = 100;", "const MANY: u64 = 1;"),
    ("node/node_cpu_starved", "const BUSY_PERCENT: f64 = 95.0;", "const BUSY_PERCENT: f64 = 5.0;"),
    ("node/disk_io_throttled", "const BUCKETS: usize = 2;", "const BUCKETS: usize = 1;"),
    ("node/node_vm_event", r#"!["IMDS query failed", "#, "!["),
    ("node/system_pods_on_spot_nodes", r#"== Some("spot")"#, r#"!= Some("")"#),
    ("dns/upstream_dns_failing", "const MANY_ERRORS: u64 = 20;", "const MANY_ERRORS: u64 = 1;"),
    ("workload/mass_eviction", "const MANY: usize = 3;", "const MANY: usize = 1;"),
    ("workload/disruption_budget_blocks_drain", "&& budget.expected_pods > 0", ""),
    ("platform/version_skew_unsupported", "{ 3 } else { 2 }", "{ 0 } else { 0 }"),
    (
        "platform/load_balancer_not_provisioned",
        "PATIENCE_SECONDS: i64 = 300",
        "PATIENCE_SECONDS: i64 = 0",
    ),
    ("identity/clock_skewed", "const NOTE: f64 = 60.0;", "const NOTE: f64 = 0.01;"),
    ("path/snat_ports_exhausted", "const NEAR: f64 = 0.9;", "const NEAR: f64 = 0.0;"),
    ("tunnel/tunnel_agent_hosts_overloaded", "const FULL: f64 = 90.0;", "const FULL: f64 = 1.0;"),
    ("tunnel/tunnel_agents_not_connected", "const FLAPPING: u64 = 3;", "const FLAPPING: u64 = 0;"),
    ("apiserver/client_watch_leak", "const PLAIN: u64 = 150;", "const PLAIN: u64 = 1;"),
    ("apiserver/client_list_storm", "const FETCHED: f64 = 2_000.0;", "const FETCHED: f64 = 0.0;"),
    ("apiserver/free_tier_control_plane", "const FEW: usize = 10;", "const FEW: usize = 0;"),
    (
        "apiserver/requests_rejected_by_priority_and_fairness",
        "const ENOUGH: u64 = 10;",
        "const ENOUGH: u64 = 1;",
    ),
    (
        "etcd/etcd_memory_pressure",
        "const ALERT: f64 = 20.0 * 1024.0 * 1024.0 * 1024.0;",
        "const ALERT: f64 = 1.0;",
    ),
    (
        "node/node_disk_pressure",
        "const EVICTION_PERCENT: f64 = 90.0;",
        "const EVICTION_PERCENT: f64 = 9.0;",
    ),
    ("node/kubelet_unhealthy", "const MANY_DEADLINES: u64 = 5;", "const MANY_DEADLINES: u64 = 1;"),
    ("node/pods_per_node_over_limit", "const TESTED: usize = 110;", "const TESTED: usize = 1;"),
    (
        "node/container_runtime_down",
        "const MANY_REFUSALS: u64 = 5;",
        "const MANY_REFUSALS: u64 = 1;",
    ),
    ("platform/system_pool_on_one_node", "TOO_FEW: u64 = 1;", "TOO_FEW: u64 = 9;"),
    ("platform/system_pool_untainted", "const FULL: f64 = 0.9;", "const FULL: f64 = 0.0;"),
    ("workload/probes_failing_on_one_node", "WORKLOADS: usize = 3", "WORKLOADS: usize = 1"),
    (
        "workload/namespace_stuck_terminating",
        "PATIENCE_SECONDS: i64 = 300",
        "PATIENCE_SECONDS: i64 = 0",
    ),
    (
        "workload/object_stuck_by_finalizer",
        "PATIENCE_SECONDS: i64 = 600",
        "PATIENCE_SECONDS: i64 = 0",
    ),
    ("workload/pods_unschedulable", "PENDING_SECONDS: i64 = 120", "PENDING_SECONDS: i64 = 0"),
    ("workload/kube_proxy_stale", "STALE_SECONDS: f64 = 60.0", "STALE_SECONDS: f64 = 0.0"),
    ("identity/leader_election_churning", "const CHANGES: u64 = 3;", "const CHANGES: u64 = 1;"),
    ("identity/certificate_expired", r#"&& !text.contains(" is before ")"#, ""),
    (
        "apiserver/webhook_deadlock",
        "Backend::NoService(_) | Backend::Ready(..) => return None,",
        "Backend::NoService(_) => return None, Backend::Ready(_, at) => at,",
    ),
    ("etcd/etcd_database_near_limit", "*value > 50.0)", "*value > 5.0)"),
    ("dns/coredns_down", "if own.is_empty() {", "if false {"),
    (
        "dns/pod_dns_failing",
        r#"question.direct && question.kind == NameKind::Cluster && question.name.contains("kubernetes")"#,
        "question.direct",
    ),
    (
        "dns/apiserver_name_unresolvable",
        "other_fails.is_none() || other_works.is_some()",
        "true || other_works.is_some() || other_fails.is_some()",
    ),
    ("node/node_not_ready", "if out.findings.len() > 3 {", "if out.findings.len() > 300 {"),
];

/// The same below `analyzer/src`, for what several rules are built on.
const SHARED: &[Mutant] = &[
    ("facts/clients", "const ENOUGH: u64 = 30;", "const ENOUGH: u64 = 1;"),
    ("facts/clients", "const SHARE: u64 = 30;", "const SHARE: u64 = 0;"),
    ("facts/clients", "const BUSY: f64 = 8.0;", "const BUSY: f64 = 0.0;"),
    ("facts/clients/watches", "const SAME_WATCHES: u64 = 20;", "const SAME_WATCHES: u64 = 1;"),
    ("facts/clients/watches", "const MANY_WATCHES: u64 = 60;", "const MANY_WATCHES: u64 = 1;"),
    ("facts/clients/watches", "const SHORT_WATCHES: u64 = 100;", "const SHORT_WATCHES: u64 = 1;"),
    ("facts/clients/watches", "const BURST: f64 = 5.0;", "const BURST: f64 = 0.0;"),
    ("facts/clients", "growth.created >= 500", "growth.created >= 1"),
    ("facts/clients", "return is_node_agent(agent);", "return true;"),
    ("facts/piles", "const CREATED: u64 = 200;", "const CREATED: u64 = 1;"),
];

/// A patched file that is put back when it goes out of scope, however that comes.
struct Patched {
    path: PathBuf,
    text: String,
}

impl Patched {
    fn new((name, from, to): Mutant, folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(format!("{name}.rs"));
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        ensure!(text.matches(from).count() == 1, "{name} does not hold {from} once");
        std::fs::write(&path, text.replacen(from, to, 1))?;
        Ok(Self { path, text })
    }
}

impl Drop for Patched {
    fn drop(&mut self) {
        let _ = std::fs::write(&self.path, &self.text);
    }
}

/// All mutants, or those of the rules that were named.
fn chosen(rules: &[String]) -> anyhow::Result<Vec<Mutant>> {
    let of = |rule: &str, name: &str| name.split_once('/').is_some_and(|(_, slug)| slug == rule);
    for rule in rules {
        ensure!(MUTANTS.iter().any(|(name, ..)| of(rule, name)), "no mutant is of {rule}");
    }
    let wanted = |name: &str| rules.is_empty() || rules.iter().any(|rule| of(rule, name));
    Ok(MUTANTS.iter().filter(|(name, ..)| wanted(name)).copied().collect())
}

#[expect(clippy::print_stdout, reason = "tells which mutants lived")]
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if args.shared {
        return one_by_one(&root, &args.rules);
    }
    let mutants = chosen(&args.rules)?;
    let said = weakened(&mutants, &root, "analyzer/src/rules", &["pages_tell_what_rules_do"])?;
    let lived: Vec<&str> = mutants
        .iter()
        .map(|(name, ..)| *name)
        .filter(|name| !said.contains(&format!("src/rules/{name}.md ## ")))
        .collect();
    println!("{} mutants, {} noticed", mutants.len(), mutants.len() - lived.len());
    ensure!(lived.is_empty(), "no page noticed: {}", lived.join(", "));
    Ok(())
}

/// Weakens what several rules are built on, one after the other: pages and tests of long logs answer.
#[expect(clippy::print_stdout, reason = "tells which mutants lived")]
fn one_by_one(root: &Path, wanted: &[String]) -> anyhow::Result<()> {
    let mut lived = Vec::new();
    let asked =
        |from: &str| wanted.is_empty() || wanted.iter().any(|part| from.contains(part.as_str()));
    for mutant in SHARED.iter().filter(|(_, from, _)| asked(from)) {
        let said =
            weakened(&[*mutant], root, "analyzer/src", &["pages_tell_what_rules_do", "load::"])?;
        let noticed = said.contains("test result: FAILED");
        println!("{} {}: {}", mutant.0, mutant.1, if noticed { "noticed" } else { "lived" });
        lived.extend((!noticed).then_some(mutant.1));
    }
    ensure!(lived.is_empty(), "nothing noticed: {}", lived.join(", "));
    Ok(())
}

/// What the named tests say of the weakened tree.
#[expect(clippy::disallowed_methods, reason = "runs the tests of the mutated tree")]
fn weakened(
    mutants: &[Mutant],
    root: &Path,
    folder: &str,
    tests: &[&str],
) -> anyhow::Result<String> {
    let folder = root.join(folder);
    let patched = mutants
        .iter()
        .map(|mutant| Patched::new(*mutant, &folder))
        .collect::<Result<Vec<_>, _>>()?;
    let done = Command::new("cargo")
        .args(["test", "-q", "-p", "konspect", "--test", "it", "--"])
        .args(tests)
        .current_dir(root)
        .output();
    drop(patched);
    let done = done?;
    let said =
        String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    ensure!(said.contains("test result:"), "the mutated tree does not build:\n{said}");
    Ok(said)
}
