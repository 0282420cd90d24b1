//! Objects whose deletion waits for a finalizer that nobody removes.

use std::collections::{BTreeMap, BTreeSet};

use konspect_bundle::{Span, words};

use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Finding, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::kube::{Namespace, ObjectMeta, Status};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ObjectStuckByFinalizer;

static META: Meta =
    rule_meta!("KSP7010", "object-stuck-by-finalizer", Workload, CauseOrSymptom, Warning, "object_stuck_by_finalizer.md");

/// A controller that works removes its finalizer within minutes.
const PATIENCE_SECONDS: i64 = 600;

/// Kubernetes' own: what holds these is somebody else who still uses the object, not a dead controller.
const OF_KUBERNETES: &[&str] = &["kubernetes.io/pvc-protection", "kubernetes.io/pv-protection", "foregroundDeletion", "orphan"];

/// One object that waits.
struct Stuck<'f> {
    kind: &'f str,
    meta: &'f ObjectMeta,
    finalizer: &'f str,
    at: Span,
}

impl Rule for ObjectStuckByFinalizer {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let objects = objects(facts);
        let at = objects.first().map(|(_, _, at)| *at);
        let total = objects.len();
        let mut by_fault: BTreeMap<(&str, &str), Vec<Stuck<'_>>> = BTreeMap::new();
        for stuck in objects.into_iter().filter_map(|(kind, meta, at)| stuck(facts, kind, meta, at)) {
            by_fault.entry((stuck.kind, stuck.finalizer)).or_default().push(stuck);
        }
        let told: BTreeSet<&str> = by_fault.keys().map(|(_, finalizer)| *finalizer).collect();
        for stuck in by_fault.values() {
            out.findings.extend(found(stuck));
        }
        for namespace in facts.namespaces.ok().into_iter().flat_map(|rows| rows.iter()) {
            out.findings.extend(from_namespace(facts, namespace, &told));
        }
        if out.findings.is_empty() {
            match at {
                Some(at) => out.cleared(at, words!("object-stuck-by-finalizer-cleared", count = total)),
                None => out.blind(Missing::table(TableKind::Volumes)),
            }
        }
    }
}

fn old(facts: &Facts, meta: &ObjectMeta) -> bool {
    facts.context.age_seconds(meta.deletion.get()).is_some_and(|age| age >= PATIENCE_SECONDS)
}

fn stuck<'f>(facts: &Facts, kind: &'f str, meta: &'f ObjectMeta, at: Span) -> Option<Stuck<'f>> {
    // Kubernetes takes its own away once the others are gone.
    let others = || meta.finalizers.iter().find(|name| !OF_KUBERNETES.contains(&name.as_str()));
    let finalizer = others().or(meta.finalizers.first())?;
    let in_use = || {
        let pods = facts.pods.ok().into_iter().flat_map(|pods| pods.in_namespace(&meta.namespace));
        kind == "PersistentVolumeClaim" && pods.into_iter().any(|pod| pod.claims.iter().any(|claim| meta.name == *claim) && !pod.succeeded())
    };
    (old(facts, meta) && !in_use()).then_some(Stuck { kind, meta, finalizer, at })
}

/// One finalizer on objects of one kind is one fault, however many objects wait for it.
fn found(stuck: &[Stuck<'_>]) -> Option<Finding> {
    let (first, others) = stuck.split_first()?;
    let name = first.meta.full_name();
    let title = if others.is_empty() {
        words!("object-stuck-by-finalizer-title", kind = first.kind, name = &name, finalizer = first.finalizer)
    } else {
        words!("object-stuck-by-finalizer-many", count = stuck.len(), kind = first.kind, finalizer = first.finalizer)
    };
    let says = |stuck: &Stuck<'_>| words!("object-stuck-by-finalizer-says", name = stuck.meta.full_name(), finalizer = stuck.finalizer);
    let scope = if others.is_empty() {
        Scope::Object { namespace: first.meta.namespace.to_string(), name: first.meta.name.to_string() }
    } else if others.iter().all(|other| other.meta.namespace == first.meta.namespace) && !first.meta.namespace.is_empty() {
        Scope::Namespace(first.meta.namespace.to_string())
    } else {
        Scope::Cluster
    };
    let mut finding = META
        .finding(Subject::new(first.kind, &first.meta.namespace, &first.meta.name), title, first.at, says(first))
        .confidence(Confidence::Likely)
        .severity(if OF_KUBERNETES.contains(&first.finalizer) { Severity::Warning } else { Severity::Critical })
        .since(stuck.iter().filter_map(|stuck| stuck.meta.deletion.get()).min())
        .affected(stuck.len())
        .scope(scope);
    for other in others.iter().take(3) {
        finding = finding.supported_by(other.at, says(other));
    }
    Some(finding.step(Step::new(words!("object-stuck-by-finalizer-do")).run(
        Risk::Reads,
        command("kubectl get {} {} -n {} -o yaml", &[first.kind, &first.meta.name, or_default(&first.meta.namespace)]),
    )))
}

/// The namespace's own word, where its objects were not collected: `Some content in the namespace has
/// finalizers remaining: strimzi.io/topic-operator in 4 resource instances`.
fn from_namespace(facts: &Facts, namespace: &Namespace, told: &BTreeSet<&str>) -> Option<Finding> {
    if namespace.phase != "Terminating" || !old(facts, &namespace.meta) {
        return None;
    }
    let condition = namespace
        .conditions
        .iter()
        .find(|condition| condition.kind == "NamespaceFinalizersRemaining" && condition.status == Status::True)?;
    let (_, named) = condition.told.message.rsplit_once("remaining: ")?;
    let finalizer = named.split(" in ").next()?.trim();
    if finalizer.is_empty() || told.contains(finalizer) {
        return None;
    }
    let name = &namespace.meta.name;
    Some(
        META.finding(
            Subject::new("Namespace", "", name),
            words!("object-stuck-by-finalizer-namespace", namespace = name, finalizer = finalizer),
            condition.at.get(),
            words!("object-stuck-by-finalizer-remaining", namespace = name, message = &condition.told.message),
        )
        .confidence(Confidence::Likely)
        .severity(if OF_KUBERNETES.contains(&finalizer) { Severity::Warning } else { Severity::Critical })
        .since(namespace.meta.deletion.get())
        .scope(Scope::Namespace(name.to_string()))
        .step(
            Step::new(words!("object-stuck-by-finalizer-do"))
                .run(Risk::Reads, command("kubectl get namespace {} -o yaml", &[name])),
        ),
    )
}

fn or_default(namespace: &str) -> &str {
    if namespace.is_empty() { "default" } else { namespace }
}

fn objects(facts: &Facts) -> Vec<(&str, &ObjectMeta, Span)> {
    let claims = facts.claims.ok().into_iter().flat_map(|rows| rows.iter());
    let volumes = facts.volumes.ok().into_iter().flat_map(|rows| rows.iter());
    let services = facts.services.ok().into_iter().flat_map(crate::facts::Services::iter);
    let others = facts.others.ok().into_iter().flat_map(|rows| rows.iter());
    let attachments = facts.attachments.ok().into_iter().flat_map(|rows| rows.iter());
    claims
        .map(|row| ("PersistentVolumeClaim", &row.meta, row.at))
        .chain(volumes.map(|row| ("PersistentVolume", &row.meta, row.at)))
        .chain(attachments.map(|row| ("VolumeAttachment", &row.meta, row.at)))
        .chain(services.map(|row| ("Service", &row.meta, row.at)))
        .chain(others.map(|row| (row.kind.as_str(), &row.meta, row.at)))
        .collect()
}
