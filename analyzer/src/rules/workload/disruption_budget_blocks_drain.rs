//! A PodDisruptionBudget allows no disruption, and something tries to drain.

use konspect_bundle::{Span, words};

use crate::facts::{Facts, Missing, Phrases};
use crate::finding::{Confidence, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::workload::DisruptionBudget;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct DisruptionBudgetBlocksDrain;

static META: Meta = rule_meta!(
    "KSP7011",
    "disruption-budget-blocks-drain",
    Workload,
    Cause,
    Critical,
    "disruption_budget_blocks_drain.md"
);

/// What evictions, upgrades and drains say when a budget stops them.
const TEXTS: &[&str] = &[
    "violate the pod's disruption budget",
    "usually a pdb",
    "PodDrainFailure",
    "Eviction blocked",
    "Too Many Requests (usually a pdb",
];

impl Rule for DisruptionBudgetBlocksDrain {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let refusals = refusals(facts);
        let Some(budgets) = facts.disruption_budgets.ok() else {
            match refusals.first() {
                Some(first) if went_on(facts, &refusals) => out.found(over(first, refusals.len())),
                Some((at, text, time)) => out.found(
                    META.finding(Subject::default(), words!("disruption-budget-blocks-drain-some"), *at, words!("disruption-budget-blocks-drain-refused", text = text))
                        .since(*time)
                        .affected(refusals.len()),
                ),
                None => out.blind(Missing::table(TableKind::DisruptionBudgets)),
            }
            return;
        };
        let blocking: Vec<&DisruptionBudget> = budgets.iter().filter(|budget| blocks(budget)).collect();
        if blocking.is_empty() || refusals.is_empty() {
            if blocking.is_empty() && budgets.complete {
                out.cleared(budgets.at(), words!("disruption-budget-blocks-drain-cleared", count = budgets.len()));
            } else if let Some(budget) = blocking.first() {
                out.cleared(budget.at, words!("disruption-budget-blocks-drain-idle", budget = budget.meta.full_name()));
            }
            return;
        }
        if let Some(first) = refusals.first().filter(|_| went_on(facts, &refusals)) {
            return out.found(over(first, refusals.len()));
        }
        // The refusal may name the budget or its Pods' workload; else the first that blocks is meant.
        let named = |budget: &&DisruptionBudget| {
            refusals.iter().any(|(_, text, _)| text.contains(budget.meta.name.as_str()) || mentions_pods(text, budget, facts))
        };
        let budget = blocking.iter().copied().find(|budget| named(budget)).or_else(|| blocking.first().copied());
        if let Some(budget) = budget {
            out.found(finding(budget, &refusals));
        }
    }
}

/// No disruption allowed although Pods are expected, and by its own arithmetic, not because Pods are unhealthy only.
fn blocks(budget: &DisruptionBudget) -> bool {
    if budget.has_status {
        budget.disruptions_allowed == 0 && budget.expected_pods > 0
    } else {
        budget.max_unavailable == "0"
    }
}

fn mentions_pods(text: &str, budget: &DisruptionBudget, facts: &Facts) -> bool {
    facts.pods.ok().into_iter().flat_map(|pods| pods.in_namespace(&budget.meta.namespace)).any(|pod| {
        !budget.selector.is_empty() && budget.selector.matches(&pod.meta.labels) && text.contains(pod.meta.name.as_str())
    })
}

type Refusal = (Span, String, Option<jiff::Timestamp>);

fn refusals(facts: &Facts) -> Vec<Refusal> {
    let mut found: Vec<Refusal> = Vec::new();
    let phrases = Phrases::new(TEXTS);
    let says = |text: &str| phrases.stand_in(text);
    for event in facts.events.ok().into_iter().flat_map(crate::facts::Events::iter).filter(|event| says(&event.message)) {
        found.push((event.at, event.message.to_string(), event.first.get().or(event.last.get())));
    }
    for error in facts.azure_errors.ok().into_iter().flat_map(|errors| errors.iter()) {
        if says(&error.message) || says(&error.code) {
            found.push((error.at, format!("{} {}", error.code, error.message), None));
        }
    }
    for command in facts.commands.ok().into_iter().flat_map(|commands| commands.iter()) {
        if says(&command.error_text) {
            found.push((command.at, command.error_text.clone(), command.started));
        }
    }
    let audit = facts.audit.ok().into_iter().flat_map(|audit| &audit.failures);
    for failure in audit.filter(|failure| failure.kind == konspect_audit::Failure::DisruptionBudget) {
        if let Some((micros, at)) = failure.first {
            found.push((at, failure.message.clone(), jiff::Timestamp::from_microsecond(micros).ok()));
        }
    }
    found
}

/// True when nothing but the audit log tells of refusals, and the last eviction in it was none.
fn went_on(facts: &Facts, refusals: &[Refusal]) -> bool {
    let Some(audit) = facts.audit.ok() else { return false };
    let refused = audit.failures.iter().filter(|failure| failure.kind == konspect_audit::Failure::DisruptionBudget);
    let (count, last) = refused.fold((0, None), |(count, last), failure| (count + 1, last.max(failure.last.map(|(time, _)| time))));
    let evictions = audit.clients.iter().flat_map(|client| &client.series).filter(|series| series.subresource == "eviction");
    // A failure is dated by its end, a request by its beginning.
    let newest = evictions.filter(|series| series.tally.succeeded() > 0).filter_map(|series| series.tally.last).max();
    refusals.len() == count && newest > last
}

/// Evictions that had to wait: what every drain of guarded Pods does.
fn over((at, text, time): &Refusal, count: usize) -> crate::finding::Finding {
    META.finding(Subject::default(), words!("disruption-budget-blocks-drain-went-on"), *at, words!("disruption-budget-blocks-drain-refused", text = text))
        .confidence(Confidence::Possible)
        .severity(Severity::Warning)
        .since(*time)
        .affected(count)
}

fn finding(budget: &DisruptionBudget, refusals: &[Refusal]) -> crate::finding::Finding {
    let (namespace, name) = (&budget.meta.namespace, &budget.meta.name);
    let mut finding = META
        .finding(
            Subject::new("PodDisruptionBudget", namespace, name),
            words!("disruption-budget-blocks-drain-title", budget = budget.meta.full_name()),
            budget.at,
            words!(
                "disruption-budget-blocks-drain-says",
                budget = name,
                healthy = budget.current_healthy,
                desired = budget.desired_healthy,
                expected = budget.expected_pods
            ),
        )
        .confidence(Confidence::Proven)
        .severity(Severity::Critical)
        .since(refusals.iter().filter_map(|(_, _, time)| *time).min())
        .scope(Scope::Cluster);
    for (at, text, _) in refusals.iter().take(5) {
        finding = finding.supported_by(*at, words!("disruption-budget-blocks-drain-refused", text = text));
    }
    finding
        .step(Step::new(words!("disruption-budget-blocks-drain-do")).run(
            Risk::Changes,
            command(
                "kubectl patch poddisruptionbudget {} -n {} --type=merge -p '{\"spec\":{\"minAvailable\":null,\"maxUnavailable\":1}}'",
                &[name, namespace],
            ),
        ))
}
