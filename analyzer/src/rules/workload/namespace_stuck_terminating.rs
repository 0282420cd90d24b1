//! Namespaces that are deleted for long and do not go.

use konspect_bundle::words;

use crate::facts::{Context, Listing};
use crate::finding::{Confidence, Meta, Risk, Scope, Step, Subject};
use crate::model::kube::{Namespace, Status};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct NamespaceStuckTerminating;

static META: Meta =
    rule_meta!("KSP7009", "namespace-stuck-terminating", Workload, Symptom, Warning, "namespace_stuck_terminating.md");

/// Deleting a full namespace takes minutes.
const PATIENCE_SECONDS: i64 = 300;

impl Rule for NamespaceStuckTerminating {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Context, &'f Listing<Namespace>);

    fn check((context, namespaces): Self::Inputs<'_>, out: &mut Checked) {
        for namespace in namespaces.iter().filter(|namespace| namespace.phase == "Terminating") {
            if context.age_seconds(namespace.meta.deletion.get()).is_some_and(|age| age < PATIENCE_SECONDS) {
                continue;
            }
            let name = &namespace.meta.name;
            let telling = namespace
                .conditions
                .iter()
                .filter(|condition| condition.status == Status::True)
                .max_by_key(|condition| condition.kind.contains("Failure"));
            let (at, message) = telling.map_or((namespace.at, ""), |condition| (condition.at.get(), condition.told.message.as_str()));
            out.found(
                META.finding(
                    Subject::new("Namespace", "", name),
                    words!("namespace-stuck-terminating-title", namespace = name),
                    at,
                    words!("namespace-stuck-terminating-says", namespace = name, message = message),
                )
                .confidence(Confidence::Proven)
                .since(namespace.meta.deletion.get())
                .scope(Scope::Namespace(name.to_string()))
                .step(
                    Step::new(words!("namespace-stuck-terminating-do"))
                        .run(Risk::Reads, command("kubectl get namespace {} -o yaml", &[name])),
                ),
            );
        }
        if out.findings.is_empty() && namespaces.complete {
            out.cleared(namespaces.at(), words!("namespace-stuck-terminating-cleared", count = namespaces.len()));
        }
    }
}
