//! Objects of one type pile up in etcd and nobody removes them.

use jiff::Timestamp;
use konspect_bundle::{Words, words};

use super::etcd_space_exceeded::said;
use super::{LARGE, biggest, bytes};
use crate::facts::clients::{Heavy, hoarders};
use crate::facts::metrics::{Metrics, Objects};
use crate::facts::piles::{Creator, creates, creator, dated, scraped_few};
use crate::facts::{Facts, Missing, Nodes, Pods, helm};
use crate::finding::{Confidence, Finding, Meta, Risk, Severity, Step, Subject};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct EtcdObjectLeak;

static META: Meta = rule_meta!("KSP4001", "etcd-object-leak", Etcd, Cause, Critical, "etcd_object_leak.md");

/// Objects of one type that make etcd slow.
const MANY: u64 = 10_000;

/// Nodes of the largest cluster that upstream tests.
const NODES: u64 = 5_000;

/// What each namespace has of a kind, the cluster's own among it: a certificate, an account and its rights.
const OF_A_NAMESPACE: u64 = 3;

/// Pods of a node, and of a cluster, that are no pile of themselves.
const PODS: u64 = 150;
const ALL_PODS: u64 = 200_000;

impl Rule for EtcdObjectLeak {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let metrics = facts.scrapes.ok().map(Metrics::new);
        let objects = counts(facts, metrics.as_ref());
        let hoarders = facts.audit.ok().map(hoarders).unwrap_or_default();
        if objects.is_empty() && hoarders.is_empty() {
            out.blind(Missing { tables: vec![TableKind::Metrics, TableKind::CustomResources], node: String::new(), because: None });
            return;
        }
        let nodes = nodes(facts, &objects);
        let namespaces = objects.iter().find(|row| row.resource == "namespaces").map_or(0, |row| row.count);
        let helm: u64 = helm::releases(facts.secrets.ok(), facts.config_maps.ok()).iter().map(|release| release.revisions).sum();
        let mut piles: Vec<&Objects> = objects.iter().filter(|row| row.count > MANY && !natural(facts, row, (nodes, namespaces), helm)).collect();
        // The Pods of Jobs that stay are theirs: one fault.
        let jobs = piles.iter().position(|row| row.resource == "jobs.batch");
        let of_jobs = jobs.and_then(|_| piles.iter().position(|row| row.resource == "pods")).map(|at| piles.remove(at));
        for row in piles.into_iter().take(3) {
            let mut finding = leak(facts, metrics.as_ref(), row);
            if let Some(pods) = of_jobs.filter(|_| row.resource == "jobs.batch") {
                finding = finding.supported_by(pods.at, words!("etcd-object-leak-pods-of-jobs", count = pods.count));
            }
            out.found(finding);
        }
        if out.findings.is_empty() {
            // What nobody counted, and is no pile by nature.
            let unknown = |row: &Objects| {
                objects.iter().all(|known| known.resource != row.resource) && !natural(facts, row, (nodes, namespaces), helm)
            };
            hoarders.iter().filter_map(|heavy| pouring(facts, metrics.as_ref(), heavy, &unknown)).take(3).for_each(|finding| out.found(finding));
        }
        if out.findings.is_empty()
            && let Some(most) = objects.iter().find(|row| row.resource != "events")
            && metrics.as_ref().is_some_and(|metrics| !metrics.objects().is_empty())
        {
            out.cleared(most.at, words!("etcd-object-leak-cleared", resource = &most.resource, count = most.count));
        }
    }
}

/// Objects of each type: a listing beats a metric, which is refreshed once a minute.
fn counts(facts: &Facts, metrics: Option<&Metrics<'_>>) -> Vec<Objects> {
    let mut objects = metrics.map(Metrics::objects).unwrap_or_default();
    for counted in facts.object_counts.ok().into_iter().flat_map(|counts| counts.iter()) {
        let plural = counted.resource.split('.').next().unwrap_or_default();
        let known = objects.iter_mut().find(|row| {
            row.resource == counted.resource
                || counted.resource == plural && row.resource.split('.').next() == Some(plural) && !plural.is_empty()
        });
        match known {
            Some(row) if counted.count > row.count || !counted.lower_bound => {
                if counted.count > row.count {
                    (row.count, row.at) = (counted.count, counted.at);
                }
            }
            Some(_) => {}
            None => objects.push(Objects { resource: counted.resource.clone(), count: counted.count, bytes: None, before: None, at: counted.at }),
        }
    }
    objects.sort_by(|a, b| (b.count, &a.resource).cmp(&(a.count, &b.resource)));
    objects
}

/// How many nodes there are, whoever counted them; none where nobody did.
fn nodes(facts: &Facts, objects: &[Objects]) -> Option<u64> {
    let listed = facts.nodes.ok().map_or(0, Nodes::len) as u64;
    // Each node has one of these.
    let counted = objects.iter().filter(|row| matches!(&*row.resource, "nodes" | "csinodes.storage.k8s.io" | "ciliumnodes.cilium.io"));
    counted.map(|row| row.count).chain([listed]).max().filter(|nodes| *nodes > 0)
}

/// Types that are many by nature, in proportion to nodes or namespaces, and Secrets that are Helm's history. Where nobody
/// counted the nodes, the largest cluster that upstream tests decides.
fn natural(facts: &Facts, row: &Objects, (nodes, namespaces): (Option<u64>, u64), helm: u64) -> bool {
    let resource = row.resource.split('.').next().unwrap_or_default();
    let nodes = nodes.unwrap_or(NODES);
    match resource {
        "events" => row.count < 1_000_000,
        "pods" => row.count <= (PODS * nodes).min(ALL_PODS) && finished(facts) <= MANY,
        "ciliumendpoints" => row.count <= (PODS * nodes).min(ALL_PODS),
        "endpointslices" | "endpoints" | "ciliumendpointslices" => row.count <= 200 * nodes,
        "leases" | "csinodes" | "nodes" | "ciliumnodes" => row.count <= 10 * nodes + 1_000,
        "secrets" | "configmaps" => helm * 2 > row.count || row.count <= OF_A_NAMESPACE * namespaces,
        "serviceaccounts" | "roles" | "rolebindings" | "networkpolicies" | "resourcequotas" | "limitranges" => {
            row.count <= OF_A_NAMESPACE * namespaces
        }
        _ => false,
    }
}

/// Listed Pods that ended and are kept.
fn finished(facts: &Facts) -> u64 {
    let pods = facts.pods.ok().into_iter().flat_map(Pods::iter);
    pods.filter(|pod| matches!(&*pod.phase, "Succeeded" | "Failed")).count() as u64
}

fn leak(facts: &Facts, metrics: Option<&Metrics<'_>>, row: &Objects) -> Finding {
    let resource = &row.resource;
    let size = metrics.and_then(biggest);
    let large = size.as_ref().is_some_and(|size| size.bytes > LARGE);
    let creator = facts.audit.ok().and_then(|audit| creator(audit, resource));
    let dated = dated(facts, resource);
    let full = said(facts).into_iter().next();
    let mut finding = META
        .finding(
            Subject::new("Resource", "", resource),
            words!("etcd-object-leak-title", count = row.count, resource = resource),
            row.at,
            words!("etcd-object-leak-count", count = row.count, resource = resource),
        )
        .confidence(if full.is_some() || large && creator.is_some() { Confidence::Proven } else { Confidence::Likely })
        .severity(Severity::Critical)
        .affected(usize::try_from(row.count).unwrap_or(usize::MAX))
        .since(began(row, dated.map(|dated| dated.since), creator.as_ref()))
        .until(creator.as_ref().and_then(|creator| creator.until));
    if let Some(of) = row.bytes {
        finding = finding.supported_by(row.at, words!("etcd-object-leak-bytes", bytes = bytes(of)));
    }
    if let Some(size) = size.filter(|_| large) {
        finding = finding.supported_by(size.at, words!("etcd-object-leak-size", bytes = bytes(size.bytes)));
    }
    if let Some(creator) = &creator {
        finding = finding.supported_by(creator.at, created(creator));
    }
    if let Some(dated) = dated {
        finding = finding.supported_by(dated.at, words!("etcd-object-leak-dated", count = dated.count));
    }
    if let Some(before) = row.before.filter(|before| before.count < row.count) {
        finding = finding.supported_by(before.at, words!("etcd-object-leak-grew", before = before.count, more = row.count - before.count));
    }
    if let Some((mean, _, at)) = metrics.and_then(Metrics::etcd_calls).filter(|(mean, ..)| *mean > 0.1) {
        finding = finding.supported_by(at, words!("etcd-object-leak-slow", milliseconds = format!("{:.0}", mean * 1000.0)));
    }
    if let Some(full) = full {
        finding = finding.supported_by(full.at, full.says);
    }
    cure(finding, resource)
}

/// The earliest that a line proves: the objects' own times, else the client's creations, else a scrape that counts few.
fn began(row: &Objects, dated: Option<Timestamp>, creator: Option<&Creator<'_>>) -> Option<Timestamp> {
    dated.or(creator.and_then(|creator| creator.since)).or(scraped_few(row))
}

fn created(creator: &Creator<'_>) -> Words {
    words!(
        "etcd-object-leak-creator",
        user = creator.user,
        agent = creator.agent,
        created = creator.created,
        deleted = creator.deleted
    )
}

/// A client that pours objects into etcd while the log runs: nothing says how many there are by now, or they are not yet many.
fn pouring(
    facts: &Facts,
    metrics: Option<&Metrics<'_>>,
    heavy: &Heavy<'_>,
    unknown: &dyn Fn(&Objects) -> bool,
) -> Option<Finding> {
    let growth = heavy.hoarded?;
    let creator = creates(facts.audit.ok()?, heavy.client, &growth.resource)?;
    let resource = growth.resource.split_once('/').map_or(growth.resource.clone(), |(group, plural)| format!("{plural}.{group}"));
    let large = metrics.and_then(biggest).filter(|size| size.bytes > LARGE);
    // What was made and not taken away again is there, as if somebody had counted it.
    let left = Objects {
        resource: resource.clone(),
        count: creator.created.saturating_sub(creator.deleted),
        bytes: None,
        before: None,
        at: creator.at,
    };
    let hurts = heavy.hurts() || large.is_some() || left.count > MANY && unknown(&left);
    let mut finding = META
        .finding(
            Subject::new("Resource", "", &resource),
            words!("etcd-object-leak-pouring", count = creator.created, resource = &resource, user = creator.user),
            creator.at,
            created(&creator),
        )
        .confidence(if hurts { Confidence::Likely } else { Confidence::Possible })
        .severity(if hurts { Severity::Critical } else { Severity::Warning })
        .affected(usize::try_from(creator.created).unwrap_or(usize::MAX))
        .since(creator.since)
        .until(creator.until);
    if let Some(size) = large {
        finding = finding.supported_by(size.at, words!("etcd-object-leak-size", bytes = bytes(size.bytes)));
    }
    if heavy.harm.others_rejected > 0 {
        finding = finding.supported_by(heavy.harm.others_at.unwrap_or(heavy.at), words!("client-load-others-rejected", count = heavy.harm.others_rejected));
    }
    if let Some(at) = heavy.harm.breached {
        finding = finding.supported_by(at, words!("client-load-breach"));
    }
    Some(cure(finding, &resource))
}

fn cure(finding: Finding, resource: &str) -> Finding {
    finding
        .step(Step::new(words!("etcd-object-leak-stop")))
        .step(Step::new(words!("etcd-object-leak-look")).run(
            Risk::Reads,
            command("kubectl get {} -A --sort-by=.metadata.creationTimestamp --no-headers", &[resource]),
        ))
        .step(Step::new(words!("etcd-object-leak-clean")))
}
