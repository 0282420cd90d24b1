//! Pods and nodes.

use konspect_bundle::Span;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::shared::{
    Place, RawContainer, RawMeta, conditions, containers, meta, objects, part, texts,
};
use super::soft::{Many, Maybe, Pairs, Scalar};
use crate::model::kube::{Container, ContainerState, Node, Pod, Taint, Terminated};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawPod<'a> {
    metadata: Maybe<RawMeta>,
    spec: Maybe<RawPodSpec>,
    #[serde(borrow)]
    status: Maybe<RawPodStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawPodSpec {
    node_name: Scalar,
    host_network: Scalar,
    priority_class_name: Scalar,
    service_account_name: Scalar,
    node_selector: Pairs,
    init_containers: Many<Maybe<RawContainer>>,
    containers: Many<Maybe<RawContainer>>,
    volumes: Many<Maybe<RawVolume>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawVolume {
    persistent_volume_claim: Maybe<RawClaim>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawClaim {
    claim_name: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawPodStatus<'a> {
    phase: Scalar,
    reason: Scalar,
    message: Scalar,
    #[serde(rename = "podIP")]
    pod_ip: Scalar,
    #[serde(rename = "hostIP")]
    host_ip: Scalar,
    start_time: Scalar,
    #[serde(borrow)]
    conditions: Many<&'a RawValue>,
    #[serde(borrow)]
    init_container_statuses: Many<&'a RawValue>,
    #[serde(borrow)]
    container_statuses: Many<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawContainerStatus {
    name: Scalar,
    image: Scalar,
    ready: Scalar,
    restart_count: Scalar,
    state: Maybe<RawState>,
    last_state: Maybe<RawState>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawState {
    waiting: Maybe<RawStateDetail>,
    running: Maybe<RawStateDetail>,
    terminated: Maybe<RawStateDetail>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawStateDetail {
    reason: Scalar,
    message: Scalar,
    exit_code: Scalar,
    signal: Scalar,
    started_at: Scalar,
    finished_at: Scalar,
}

pub(super) fn pod(raw: RawPod<'_>, place: &Place<'_>) -> Pod {
    let (spec, status) = (raw.spec.or_default(), raw.status.or_default());
    let mut all = containers(spec.init_containers, true, place.item);
    let others = containers(spec.containers, false, place.item);
    all.reserve_exact(others.len());
    all.extend(others);
    add_statuses(&mut all, &status.init_container_statuses, true, place);
    add_statuses(&mut all, &status.container_statuses, false, place);
    Pod {
        meta: meta(raw.metadata),
        node: spec.node_name.into_text(),
        phase: status.phase.into_text(),
        reason: status.reason.into_text(),
        message: status.message.into_text(),
        pod_ip: status.pod_ip.into_text(),
        host_ip: status.host_ip.into_text(),
        host_network: spec.host_network.flag().unwrap_or(false),
        priority_class: spec.priority_class_name.into_text(),
        service_account: spec.service_account_name.into_text(),
        conditions: conditions(&status.conditions, place),
        containers: all,
        start_time: status.start_time.time(),
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
    statuses: &Many<&RawValue>,
    init: bool,
    place: &Place<'_>,
) {
    for raw in &statuses.0 {
        let status: RawContainerStatus = part(raw);
        let name = status.name.into_text();
        let known = containers.iter().position(|it| it.init == init && it.name == name);
        let index = known.unwrap_or_else(|| {
            let image = status.image.into_text();
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
        container.at = place.of(raw);
    }
}

fn state(raw: RawState) -> ContainerState {
    if let Some(detail) = raw.terminated.0 {
        ContainerState::Terminated(Terminated {
            reason: detail.reason.into_text(),
            message: detail.message.into_text(),
            exit_code: detail.exit_code.integer().unwrap_or(0),
            signal: detail.signal.integer().unwrap_or(0),
            started: detail.started_at.time(),
            finished: detail.finished_at.time(),
        })
    } else if let Some(detail) = raw.waiting.0 {
        ContainerState::Waiting {
            reason: detail.reason.into_text(),
            message: detail.message.into_text(),
        }
    } else if let Some(detail) = raw.running.0 {
        ContainerState::Running { started: detail.started_at.time() }
    } else {
        ContainerState::None
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawNode<'a> {
    metadata: Maybe<RawMeta>,
    spec: Maybe<RawNodeSpec>,
    #[serde(borrow)]
    status: Maybe<RawNodeStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawNodeSpec {
    #[serde(rename = "podCIDR")]
    pod_cidr: Scalar,
    #[serde(rename = "podCIDRs")]
    pod_cidrs: Many<Scalar>,
    #[serde(rename = "providerID")]
    provider_id: Scalar,
    unschedulable: Scalar,
    taints: Many<Maybe<RawTaint>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawTaint {
    key: Scalar,
    value: Scalar,
    effect: Scalar,
    time_added: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawNodeStatus<'a> {
    #[serde(borrow)]
    conditions: Many<&'a RawValue>,
    addresses: Many<Maybe<RawAddress>>,
    capacity: Pairs,
    allocatable: Pairs,
    node_info: Maybe<RawNodeInfo>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawAddress {
    r#type: Scalar,
    address: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawNodeInfo {
    kubelet_version: Scalar,
    os_image: Scalar,
    kernel_version: Scalar,
    container_runtime_version: Scalar,
    operating_system: Scalar,
    #[serde(rename = "bootID")]
    boot_id: Scalar,
}

pub(super) fn node(raw: RawNode<'_>, place: &Place<'_>) -> Node {
    let (spec, status) = (raw.spec.or_default(), raw.status.or_default());
    let info = status.node_info.or_default();
    let mut pod_cidrs = texts(spec.pod_cidrs);
    if pod_cidrs.is_empty() && !spec.pod_cidr.as_str().is_empty() {
        pod_cidrs.push(spec.pod_cidr.into_text());
    }
    Node {
        meta: meta(raw.metadata),
        conditions: conditions(&status.conditions, place),
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

fn taint(raw: RawTaint) -> Taint {
    Taint {
        key: raw.key.into_text(),
        value: raw.value.into_text(),
        effect: raw.effect.into_text(),
        added: raw.time_added.time(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawUsage {
    metadata: Maybe<RawMeta>,
    usage: Pairs,
    containers: Many<Maybe<RawContainerUsage>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawContainerUsage {
    name: Scalar,
    usage: Pairs,
}

pub(super) fn node_usage(raw: RawUsage, at: Span) -> crate::model::kube::NodeUsage {
    let usage = raw.usage.into_quantities();
    crate::model::kube::NodeUsage {
        node: meta(raw.metadata).name,
        cpu: usage.get("cpu").copied(),
        memory: usage.get("memory").copied(),
        at,
        ..Default::default()
    }
}

pub(super) fn pod_usage(raw: RawUsage, at: Span) -> Vec<crate::model::kube::PodUsage> {
    let meta = meta(raw.metadata);
    objects(raw.containers)
        .map(|container| {
            let usage = container.usage.into_quantities();
            crate::model::kube::PodUsage {
                namespace: meta.namespace.clone(),
                pod: meta.name.clone(),
                container: container.name.into_text(),
                cpu: usage.get("cpu").copied(),
                memory: usage.get("memory").copied(),
                at,
            }
        })
        .collect()
}
