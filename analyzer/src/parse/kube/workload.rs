//! Controllers, jobs, autoscalers, budgets and quotas.

use serde::Deserialize;

use super::shared::{
    Conditions, Place, RawContainer, RawMeta, RawReference, RawSelector, conditions, containers,
    meta, objects, reference, selector,
};
use super::soft::{Many, Maybe, Pairs, Scalar};
use crate::model::Labels;
use crate::model::workload::{
    Autoscaler, CronJob, DisruptionBudget, Job, ResourceQuota, Workload, WorkloadKind,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawWorkload<'a> {
    metadata: Maybe<RawMeta<'a>>,
    spec: Maybe<RawSpec<'a>>,
    status: Maybe<RawStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawSpec<'a> {
    replicas: Scalar<'a>,
    selector: Maybe<RawSelector<'a>>,
    template: Maybe<RawTemplate<'a>>,
    // Jobs and cron jobs.
    ttl_seconds_after_finished: Scalar<'a>,
    suspend: Scalar<'a>,
    successful_jobs_history_limit: Scalar<'a>,
    failed_jobs_history_limit: Scalar<'a>,
    concurrency_policy: Scalar<'a>,
    // Disruption budgets.
    min_available: Scalar<'a>,
    max_unavailable: Scalar<'a>,
    // Quotas and autoscalers.
    hard: Pairs<'a>,
    limits: Many<Maybe<RawLimit<'a>>>,
    scale_target_ref: Maybe<RawReference<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawLimit<'a> {
    r#type: Scalar<'a>,
    max: Pairs<'a>,
    default: Pairs<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawTemplate<'a> {
    metadata: Maybe<RawMeta<'a>>,
    spec: Maybe<RawTemplateSpec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawTemplateSpec<'a> {
    node_selector: Pairs<'a>,
    init_containers: Many<Maybe<RawContainer<'a>>>,
    containers: Many<Maybe<RawContainer<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawStatus<'a> {
    replicas: Scalar<'a>,
    ready_replicas: Scalar<'a>,
    available_replicas: Scalar<'a>,
    updated_replicas: Scalar<'a>,
    current_number_scheduled: Scalar<'a>,
    desired_number_scheduled: Scalar<'a>,
    number_ready: Scalar<'a>,
    number_available: Scalar<'a>,
    updated_number_scheduled: Scalar<'a>,
    active: Scalar<'a>,
    succeeded: Scalar<'a>,
    failed: Scalar<'a>,
    completion_time: Scalar<'a>,
    disruptions_allowed: Scalar<'a>,
    current_healthy: Scalar<'a>,
    desired_healthy: Scalar<'a>,
    expected_pods: Scalar<'a>,
    hard: Pairs<'a>,
    used: Pairs<'a>,
    conditions: Conditions,
}

fn count(scalar: &Scalar<'_>) -> u64 {
    scalar.count().unwrap_or(0)
}

pub(super) fn workload(raw: RawWorkload<'_>, kind: WorkloadKind, place: &Place) -> Workload {
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
        conditions: conditions(status.conditions, place),
        selector: selector(spec.selector.or_default()),
        template_labels: meta(template.metadata).labels,
        template_containers,
        node_selector: template_spec.node_selector.into_texts(),
        at: place.item,
    }
}

pub(super) fn job(raw: RawWorkload<'_>, place: &Place) -> Job {
    let (spec, status) = (raw.spec.or_default(), raw.status.or_default());
    Job {
        meta: meta(raw.metadata),
        active: count(&status.active),
        succeeded: count(&status.succeeded),
        failed: count(&status.failed),
        completed: status.completion_time.time(),
        ttl_seconds: spec.ttl_seconds_after_finished.count(),
        conditions: conditions(status.conditions, place),
        at: place.item,
    }
}

pub(super) fn cron_job(raw: RawWorkload<'_>, place: &Place) -> CronJob {
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

pub(super) fn disruption_budget(raw: RawWorkload<'_>, place: &Place) -> DisruptionBudget {
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

pub(super) fn quota(raw: RawWorkload<'_>, place: &Place) -> ResourceQuota {
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
pub(super) fn limit_range(raw: RawWorkload<'_>, place: &Place) -> ResourceQuota {
    let mut hard = Vec::new();
    for limit in objects(raw.spec.or_default().limits) {
        let kind = limit.r#type.into_text();
        for (word, pairs) in [("max", limit.max), ("default", limit.default)] {
            for (name, value) in pairs.into_texts().iter() {
                hard.push((format!("{kind} {word} {name}"), value.clone()));
            }
        }
    }
    ResourceQuota {
        meta: meta(raw.metadata),
        hard: hard.into_iter().collect(),
        used: Labels::default(),
        at: place.item,
    }
}

pub(super) fn autoscaler(raw: RawWorkload<'_>, place: &Place) -> Autoscaler {
    let (spec, status) = (raw.spec.or_default(), raw.status.or_default());
    let meta = meta(raw.metadata);
    let mut target = reference(spec.scale_target_ref);
    target.namespace = meta.namespace.clone();
    Autoscaler { meta, target, conditions: conditions(status.conditions, place), at: place.item }
}
