//! Controllers, jobs, autoscalers, budgets and quotas.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::shared::{
    Place, RawContainer, RawMeta, RawReference, RawSelector, conditions, containers, meta, objects,
    reference, selector,
};
use super::soft::{Many, Maybe, Pairs, Scalar};
use crate::model::workload::{
    Autoscaler, CronJob, DisruptionBudget, Job, ResourceQuota, Workload, WorkloadKind,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawWorkload<'a> {
    metadata: Maybe<RawMeta>,
    spec: Maybe<RawSpec>,
    #[serde(borrow)]
    status: Maybe<RawStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSpec {
    replicas: Scalar,
    selector: Maybe<RawSelector>,
    template: Maybe<RawTemplate>,
    // Jobs and cron jobs.
    ttl_seconds_after_finished: Scalar,
    suspend: Scalar,
    successful_jobs_history_limit: Scalar,
    failed_jobs_history_limit: Scalar,
    concurrency_policy: Scalar,
    // Disruption budgets.
    min_available: Scalar,
    max_unavailable: Scalar,
    // Quotas and autoscalers.
    hard: Pairs,
    limits: Many<Maybe<RawLimit>>,
    scale_target_ref: Maybe<RawReference>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawLimit {
    r#type: Scalar,
    max: Pairs,
    default: Pairs,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawTemplate {
    metadata: Maybe<RawMeta>,
    spec: Maybe<RawTemplateSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawTemplateSpec {
    node_selector: Pairs,
    init_containers: Many<Maybe<RawContainer>>,
    containers: Many<Maybe<RawContainer>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawStatus<'a> {
    replicas: Scalar,
    ready_replicas: Scalar,
    available_replicas: Scalar,
    updated_replicas: Scalar,
    current_number_scheduled: Scalar,
    desired_number_scheduled: Scalar,
    number_ready: Scalar,
    number_available: Scalar,
    updated_number_scheduled: Scalar,
    active: Scalar,
    succeeded: Scalar,
    failed: Scalar,
    completion_time: Scalar,
    disruptions_allowed: Scalar,
    current_healthy: Scalar,
    desired_healthy: Scalar,
    expected_pods: Scalar,
    hard: Pairs,
    used: Pairs,
    #[serde(borrow)]
    conditions: Many<&'a RawValue>,
}

fn count(scalar: &Scalar) -> u64 {
    scalar.count().unwrap_or(0)
}

pub(super) fn workload(raw: RawWorkload<'_>, kind: WorkloadKind, place: &Place<'_>) -> Workload {
    let (spec, status) = (raw.spec.or_default(), raw.status.or_default());
    let template = spec.template.or_default();
    let template_spec = template.spec.or_default();
    let mut template_containers = containers(template_spec.init_containers, true, place.item);
    template_containers.extend(containers(template_spec.containers, false, place.item));
    let daemon = kind == WorkloadKind::DaemonSet;
    let pick = |of_daemons: &Scalar, of_replicas: &Scalar| {
        if daemon { count(of_daemons) } else { count(of_replicas) }
    };
    Workload {
        kind,
        meta: meta(raw.metadata),
        desired: if daemon {
            status.desired_number_scheduled.count()
        } else {
            spec.replicas.count()
        },
        current: pick(&status.current_number_scheduled, &status.replicas),
        ready: pick(&status.number_ready, &status.ready_replicas),
        available: pick(&status.number_available, &status.available_replicas),
        updated: pick(&status.updated_number_scheduled, &status.updated_replicas),
        conditions: conditions(&status.conditions, place),
        selector: selector(spec.selector.or_default()),
        template_labels: meta(template.metadata).labels,
        template_containers,
        node_selector: template_spec.node_selector.into_texts(),
        at: place.item,
    }
}

pub(super) fn job(raw: RawWorkload<'_>, place: &Place<'_>) -> Job {
    let (spec, status) = (raw.spec.or_default(), raw.status.or_default());
    Job {
        meta: meta(raw.metadata),
        active: count(&status.active),
        succeeded: count(&status.succeeded),
        failed: count(&status.failed),
        completed: status.completion_time.time(),
        ttl_seconds: spec.ttl_seconds_after_finished.count(),
        conditions: conditions(&status.conditions, place),
        at: place.item,
    }
}

pub(super) fn cron_job(raw: RawWorkload<'_>, place: &Place<'_>) -> CronJob {
    let spec = raw.spec.or_default();
    CronJob {
        meta: meta(raw.metadata),
        suspended: spec.suspend.flag().unwrap_or(false),
        successful_history: spec.successful_jobs_history_limit.count(),
        failed_history: spec.failed_jobs_history_limit.count(),
        concurrency_policy: spec.concurrency_policy.into_text(),
        at: place.item,
    }
}

pub(super) fn disruption_budget(raw: RawWorkload<'_>, place: &Place<'_>) -> DisruptionBudget {
    let has_status = raw.status.0.is_some();
    let (spec, status) = (raw.spec.or_default(), raw.status.or_default());
    DisruptionBudget {
        meta: meta(raw.metadata),
        min_available: spec.min_available.into_text(),
        max_unavailable: spec.max_unavailable.into_text(),
        disruptions_allowed: count(&status.disruptions_allowed),
        current_healthy: count(&status.current_healthy),
        desired_healthy: count(&status.desired_healthy),
        expected_pods: count(&status.expected_pods),
        selector: selector(spec.selector.or_default()),
        has_status,
        at: place.item,
    }
}

pub(super) fn quota(raw: RawWorkload<'_>, place: &Place<'_>) -> ResourceQuota {
    let (spec, status) = (raw.spec.or_default(), raw.status.or_default());
    let hard = if status.hard.0.is_empty() { spec.hard } else { status.hard };
    ResourceQuota {
        meta: meta(raw.metadata),
        hard: hard.into_texts(),
        used: status.used.into_texts(),
        at: place.item,
    }
}

/// A `LimitRange` as quota limits: `Container max memory` and the like; nothing is used of them.
pub(super) fn limit_range(raw: RawWorkload<'_>, place: &Place<'_>) -> ResourceQuota {
    let mut hard = std::collections::BTreeMap::new();
    for limit in objects(raw.spec.or_default().limits) {
        let kind = limit.r#type.into_text();
        for (word, pairs) in [("max", limit.max), ("default", limit.default)] {
            for (name, value) in pairs.into_texts() {
                hard.insert(format!("{kind} {word} {name}"), value);
            }
        }
    }
    ResourceQuota {
        meta: meta(raw.metadata),
        hard,
        used: std::collections::BTreeMap::new(),
        at: place.item,
    }
}

pub(super) fn autoscaler(raw: RawWorkload<'_>, place: &Place<'_>) -> Autoscaler {
    let (spec, status) = (raw.spec.or_default(), raw.status.or_default());
    let meta = meta(raw.metadata);
    let mut target = reference(spec.scale_target_ref);
    target.namespace.clone_from(&meta.namespace);
    Autoscaler { meta, target, conditions: conditions(&status.conditions, place), at: place.item }
}
