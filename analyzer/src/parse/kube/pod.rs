//! Pods and nodes.

use konspect_bundle::Span;
use serde::Deserialize;

use super::shared::{
    Conditions, Place, RawContainer, RawMeta, conditions, containers, meta, objects, texts,
};
use super::soft::{Many, Maybe, Pairs, Placed, Scalar};
use crate::model::kube::{Container, ContainerState, Node, Pod, Taint, Terminated, Waiting};

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawPod<'a> {
    metadata: Maybe<RawMeta<'a>>,
    spec: Maybe<RawPodSpec<'a>>,
    status: Maybe<RawPodStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawPodSpec<'a> {
    node_name: Scalar<'a>,
    host_network: Scalar<'a>,
    priority_class_name: Scalar<'a>,
    service_account_name: Scalar<'a>,
    node_selector: Pairs<'a>,
    init_containers: Many<Maybe<RawContainer<'a>>>,
    containers: Many<Maybe<RawContainer<'a>>>,
    volumes: Many<Maybe<RawVolume<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawVolume<'a> {
    persistent_volume_claim: Maybe<RawClaim<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawClaim<'a> {
    claim_name: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawPodStatus<'a> {
    phase: Scalar<'a>,
    reason: Scalar<'a>,
    message: Scalar<'a>,
    #[serde(rename = "podIP")]
    pod_ip: Scalar<'a>,
    #[serde(rename = "hostIP")]
    host_ip: Scalar<'a>,
    start_time: Scalar<'a>,
    conditions: Conditions,
    init_container_statuses: Many<Placed<Maybe<RawContainerStatus<'a>>>>,
    container_statuses: Many<Placed<Maybe<RawContainerStatus<'a>>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawContainerStatus<'a> {
    name: Scalar<'a>,
    image: Scalar<'a>,
    ready: Scalar<'a>,
    restart_count: Scalar<'a>,
    state: Maybe<RawState<'a>>,
    last_state: Maybe<RawState<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawState<'a> {
    waiting: Maybe<Box<RawStateDetail<'a>>>,
    running: Maybe<Box<RawStateDetail<'a>>>,
    terminated: Maybe<Box<RawStateDetail<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawStateDetail<'a> {
    reason: Scalar<'a>,
    message: Scalar<'a>,
    exit_code: Scalar<'a>,
    signal: Scalar<'a>,
    started_at: Scalar<'a>,
    finished_at: Scalar<'a>,
}

pub(super) fn pod(raw: RawPod<'_>, place: &Place) -> Pod {
    let (spec, status) = (raw.spec.or_default(), raw.status.or_default());
    let mut all = containers(spec.init_containers, true, place.item);
    let others = containers(spec.containers, false, place.item);
    if all.is_empty() {
        all = others;
    } else {
        all.reserve_exact(others.len());
        all.extend(others);
    }
    add_statuses(&mut all, status.init_container_statuses, true, place);
    add_statuses(&mut all, status.container_statuses, false, place);
    Pod {
        meta: meta(raw.metadata),
        node: spec.node_name.into_shared(),
        phase: status.phase.into_shared(),
        reason: status.reason.into_shared(),
        message: status.message.into_shared(),
        pod_ip: status.pod_ip.into_own(),
        host_ip: status.host_ip.into_shared(),
        host_network: spec.host_network.flag().unwrap_or(false),
        priority_class: spec.priority_class_name.into_shared(),
        service_account: spec.service_account_name.into_shared(),
        conditions: conditions(status.conditions, place).into(),
        containers: all.into(),
        start_time: status.start_time.time().into(),
        node_selector: spec.node_selector.into_texts(),
        claims: objects(spec.volumes)
            .filter_map(|volume| volume.persistent_volume_claim.0)
            .map(|claim| claim.claim_name.into_text())
            .collect(),
        at: place.item,
    }
}

/// Joins statuses to the spec's containers by name; one without a spec gets a row of its own.
fn add_statuses(
    containers: &mut Vec<Container>,
    statuses: Many<Placed<Maybe<RawContainerStatus<'_>>>>,
    init: bool,
    place: &Place,
) {
    for Placed { value, range } in statuses.0 {
        let status = value.or_default();
        let name = status.name.into_shared();
        let known = containers.iter().position(|it| it.init == init && it.name == name);
        let index = known.unwrap_or_else(|| {
            let image = status.image.into_shared();
            containers.push(Container { name, image, init, ..Container::default() });
            containers.len() - 1
        });
        let Some(container) = containers.get_mut(index) else {
            continue;
        };
        container.ready = status.ready.flag().unwrap_or(false);
        container.restarts = status.restart_count.count().unwrap_or(0);
        container.state = state(status.state.or_default());
        container.last = state(status.last_state.or_default());
        container.at = place.of(&range).into();
    }
}

fn state(raw: RawState<'_>) -> ContainerState {
    if let Some(detail) = raw.terminated.0 {
        ContainerState::Terminated(Box::new(Terminated {
            reason: detail.reason.into_shared(),
            message: detail.message.into_shared(),
            exit_code: detail.exit_code.integer().unwrap_or(0),
            signal: detail.signal.integer().unwrap_or(0),
            started: detail.started_at.time(),
            finished: detail.finished_at.time(),
        }))
    } else if let Some(detail) = raw.waiting.0 {
        ContainerState::Waiting(Box::new(Waiting {
            reason: detail.reason.into_shared(),
            message: detail.message.into_shared(),
        }))
    } else if let Some(detail) = raw.running.0 {
        ContainerState::Running { started: detail.started_at.time().into() }
    } else {
        ContainerState::None
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawNode<'a> {
    metadata: Maybe<RawMeta<'a>>,
    spec: Maybe<RawNodeSpec<'a>>,
    status: Maybe<RawNodeStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawNodeSpec<'a> {
    #[serde(rename = "podCIDR")]
    pod_cidr: Scalar<'a>,
    #[serde(rename = "podCIDRs")]
    pod_cidrs: Many<Scalar<'a>>,
    #[serde(rename = "providerID")]
    provider_id: Scalar<'a>,
    unschedulable: Scalar<'a>,
    taints: Many<Maybe<RawTaint<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawTaint<'a> {
    key: Scalar<'a>,
    value: Scalar<'a>,
    effect: Scalar<'a>,
    time_added: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawNodeStatus<'a> {
    conditions: Conditions,
    addresses: Many<Maybe<RawAddress<'a>>>,
    capacity: Pairs<'a>,
    allocatable: Pairs<'a>,
    node_info: Maybe<RawNodeInfo<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawAddress<'a> {
    r#type: Scalar<'a>,
    address: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawNodeInfo<'a> {
    kubelet_version: Scalar<'a>,
    os_image: Scalar<'a>,
    kernel_version: Scalar<'a>,
    container_runtime_version: Scalar<'a>,
    operating_system: Scalar<'a>,
    #[serde(rename = "bootID")]
    boot_id: Scalar<'a>,
}

pub(super) fn node(raw: RawNode<'_>, place: &Place) -> Node {
    let (spec, status) = (raw.spec.or_default(), raw.status.or_default());
    let info = status.node_info.or_default();
    let mut pod_cidrs = texts(spec.pod_cidrs);
    if pod_cidrs.is_empty() && !spec.pod_cidr.as_str().is_empty() {
        pod_cidrs.push(spec.pod_cidr.into_text());
    }
    Node {
        meta: meta(raw.metadata),
        conditions: conditions(status.conditions, place),
        taints: objects(spec.taints).map(taint).collect(),
        addresses: objects(status.addresses)
            .filter(|address| address.r#type.as_str() == "InternalIP")
            .map(|address| address.address.into_text())
            .collect(),
        capacity: status.capacity.into_quantities(),
        allocatable: status.allocatable.into_quantities(),
        unschedulable: spec.unschedulable.flag().unwrap_or(false),
        provider_id: spec.provider_id.into_text(),
        pod_cidrs,
        kubelet_version: info.kubelet_version.into_text(),
        os_image: info.os_image.into_text(),
        kernel_version: info.kernel_version.into_text(),
        runtime_version: info.container_runtime_version.into_text(),
        operating_system: info.operating_system.into_text(),
        boot_id: info.boot_id.into_text(),
        at: place.item,
    }
}

fn taint(raw: RawTaint<'_>) -> Taint {
    Taint {
        key: raw.key.into_text(),
        value: raw.value.into_text(),
        effect: raw.effect.into_text(),
        added: raw.time_added.time(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawUsage<'a> {
    metadata: Maybe<RawMeta<'a>>,
    usage: Pairs<'a>,
    containers: Many<Maybe<RawContainerUsage<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawContainerUsage<'a> {
    name: Scalar<'a>,
    usage: Pairs<'a>,
}

pub(super) fn node_usage(raw: RawUsage<'_>, at: Span) -> crate::model::kube::NodeUsage {
    let usage = raw.usage.into_quantities();
    crate::model::kube::NodeUsage {
        node: meta(raw.metadata).name.to_string(),
        cpu: usage.get("cpu").copied(),
        memory: usage.get("memory").copied(),
        at,
        ..Default::default()
    }
}

pub(super) fn pod_usage(raw: RawUsage<'_>, at: Span) -> Vec<crate::model::kube::PodUsage> {
    let meta = meta(raw.metadata);
    objects(raw.containers)
        .map(|container| {
            let usage = container.usage.into_quantities();
            crate::model::kube::PodUsage {
                namespace: meta.namespace.to_string(),
                pod: meta.name.to_string(),
                container: container.name.into_text(),
                cpu: usage.get("cpu").copied(),
                memory: usage.get("memory").copied(),
                at,
            }
        })
        .collect()
}
