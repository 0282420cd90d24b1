//! Objects whose deletion waits for a finalizer that nobody removes.

use konspect_bundle::{Span, words};

use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Meta, Risk, Scope, Step, Subject};
use crate::model::kube::ObjectMeta;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ObjectStuckByFinalizer;

static META: Meta =
    rule_meta!("KSP7010", "object-stuck-by-finalizer", Workload, CauseOrSymptom, Warning, "object_stuck_by_finalizer.md");

/// A controller that works removes its finalizer within minutes.
const PATIENCE_SECONDS: i64 = 600;

impl Rule for ObjectStuckByFinalizer {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let objects = objects(facts);
        if objects.is_empty() {
            out.blind(Missing::table(TableKind::Volumes));
            return;
        }
        let at = objects.first().map(|(_, _, at)| *at).unwrap_or_default();
        let total = objects.len();
        for (kind, meta, at) in objects {
            let Some(finalizer) = meta.finalizers.first() else { continue };
            let old = facts.context.age_seconds(meta.deletion).is_some_and(|age| age >= PATIENCE_SECONDS);
            if meta.deletion.is_none() || !old {
                continue;
            }
            let name = meta.full_name();
            out.found(
                META.finding(
                    Subject::new(kind, &meta.namespace, &meta.name),
                    words!("object-stuck-by-finalizer-title", kind = kind, name = &name, finalizer = finalizer),
                    at,
                    words!("object-stuck-by-finalizer-says", name = &name, finalizer = finalizer),
                )
                .confidence(Confidence::Likely)
                .since(meta.deletion)
                .scope(Scope::Object { namespace: meta.namespace.clone(), name: meta.name.clone() })
                .step(Step::new(words!("object-stuck-by-finalizer-do")).run(
                    Risk::Reads,
                    command("kubectl get {} {} -n {} -o yaml", &[kind, &meta.name, or_default(&meta.namespace)]),
                )),
            );
        }
        if out.findings.is_empty() {
            out.cleared(at, words!("object-stuck-by-finalizer-cleared", count = total));
        }
    }
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
