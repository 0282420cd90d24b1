//! What a node's own programs wrote into objects: conditions, and the times of containers.
//!
//! An object holds times of several clocks. The kubelet and node-problem-detector write by the node's; the node
//! controller and the scheduler by the control plane's, which is the one that all are set on.

use std::collections::BTreeMap;

use super::{Skew, shift, shift_packed};
use crate::facts::{Nodes, Pods};
use crate::model::kube::{Condition, ContainerState, Lease, Status};

/// Conditions of a Pod that its kubelet writes; the scheduler and the controllers write the others.
const OF_KUBELET: [&str; 5] =
    ["Initialized", "Ready", "ContainersReady", "PodReadyToStartContainers", "PodHasNetwork"];

/// Sets what nodes wrote into nodes and Pods on the API server's clock.
pub(in crate::facts) fn correct(
    nodes: Option<&mut Nodes>,
    pods: Option<&mut Pods>,
    skews: &[Skew],
) {
    let seconds = by_node(skews);
    if seconds.is_empty() {
        return;
    }
    for node in nodes.into_iter().flat_map(Nodes::iter_mut) {
        let Some(by) = seconds.get(&node.meta.name.to_lowercase()) else { continue };
        for condition in &mut node.conditions {
            correct_node(condition, *by);
        }
    }
    for pod in pods.into_iter().flat_map(Pods::iter_mut) {
        let Some(by) = seconds.get(&pod.node.to_lowercase()) else { continue };
        shift_packed(&mut pod.start_time, *by);
        for condition in &mut pod.conditions {
            // The node controller takes readiness away without a reason.
            let of_controller =
                condition.status == Status::False && condition.told.reason.is_empty();
            if OF_KUBELET.contains(&condition.kind.as_str()) && !of_controller {
                shift_packed(&mut condition.transition, *by);
            }
        }
        for container in &mut pod.containers {
            times(&mut container.state, *by);
            times(&mut container.last, *by);
        }
    }
}

/// The leases of nodes, renewed by the API server's clock.
pub(in crate::facts) fn corrected_leases(leases: &[Lease], skews: &[Skew]) -> Vec<Lease> {
    let seconds = by_node(skews);
    let mut leases = leases.to_vec();
    for lease in leases.iter_mut().filter(|lease| lease.meta.namespace == "kube-node-lease") {
        if let Some(by) = seconds.get(&lease.meta.name.to_lowercase()) {
            shift(&mut lease.renewed, *by);
        }
    }
    leases
}

fn by_node(skews: &[Skew]) -> BTreeMap<String, i64> {
    let known =
        skews.iter().filter(|skew| !skew.node.is_empty() && skew.basis != super::Basis::Zone);
    known.map(|skew| (skew.node.to_lowercase(), skew.seconds)).collect()
}

fn correct_node(condition: &mut Condition, by: i64) {
    if condition.kind == "NetworkUnavailable" {
        return;
    }
    if condition.told.heartbeat.is_some() {
        shift_packed(&mut condition.told.heartbeat, by);
    }
    // A node that went quiet is called Unknown by the node controller; the last heartbeat stays the kubelet's.
    if !condition.told.reason.starts_with("NodeStatus") {
        shift_packed(&mut condition.transition, by);
    }
}

fn times(state: &mut ContainerState, by: i64) {
    match state {
        ContainerState::Running { started } => shift_packed(started, by),
        ContainerState::Terminated(terminated) => {
            shift(&mut terminated.started, by);
            shift(&mut terminated.finished, by);
        }
        ContainerState::None | ContainerState::Waiting(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::facts::clocks::Basis;
    use crate::model::kube::{Container, Node, ObjectMeta, Pod, Telling};

    fn time(text: &str) -> Option<Timestamp> {
        format!("2025-06-11T{text}Z").parse().ok()
    }

    fn condition(kind: &str, status: Status, reason: &str) -> Condition {
        Condition {
            kind: kind.into(),
            status,
            transition: time("14:40:00").into(),
            told: Telling {
                reason: reason.into(),
                heartbeat: time("14:45:00").into(),
                ..Telling::default()
            }
            .into(),
            ..Condition::default()
        }
    }

    fn behind() -> Vec<Skew> {
        vec![Skew {
            node: "Slow".into(),
            seconds: -1200,
            error: 1,
            pairs: 1,
            basis: Basis::Tool,
            at: konspect_bundle::Span::BUNDLE,
        }]
    }

    #[test]
    fn a_node_controllers_time_stays_and_a_kubelets_is_set_right() {
        let meta = |name: &str| ObjectMeta { name: name.into(), ..ObjectMeta::default() };
        let conditions = vec![
            condition("DiskPressure", Status::True, "KubeletHasDiskPressure"),
            condition("Ready", Status::Unknown, "NodeStatusUnknown"),
            condition("NetworkUnavailable", Status::False, "RouteCreated"),
        ];
        let node = |name: &str| Node {
            meta: meta(name),
            conditions: conditions.clone(),
            ..Node::default()
        };
        let mut nodes = Nodes::new(vec![node("slow"), node("right")], Vec::new(), true);
        correct(Some(&mut nodes), None, &behind());
        let told = |name: &str| -> Vec<_> {
            let node = nodes.get(name).unwrap();
            node.conditions
                .iter()
                .map(|it| (it.transition.get(), it.told.heartbeat.get()))
                .collect()
        };
        assert_eq!(
            told("slow"),
            [
                (time("15:00:00"), time("15:05:00")),
                (time("14:40:00"), time("15:05:00")),
                (time("14:40:00"), time("14:45:00")),
            ]
        );
        assert!(told("right").iter().all(|times| *times == (time("14:40:00"), time("14:45:00"))));
    }

    #[test]
    fn containers_begin_and_end_when_they_did_and_the_scheduler_is_right() {
        let terminated = ContainerState::Terminated(Box::new(crate::model::kube::Terminated {
            started: time("14:30:00"),
            finished: time("14:40:00"),
            ..crate::model::kube::Terminated::default()
        }));
        let container = Container {
            state: ContainerState::Running { started: time("14:41:00").into() },
            last: terminated,
            ..Container::default()
        };
        let pod = Pod {
            node: "slow".into(),
            start_time: time("14:20:00").into(),
            containers: [container].into(),
            conditions: [
                condition("PodScheduled", Status::True, ""),
                condition("ContainersReady", Status::False, "ContainersNotReady"),
                condition("Ready", Status::False, ""),
            ]
            .into(),
            ..Pod::default()
        };
        let mut pods = Pods::new(vec![Box::new(pod)], Vec::new(), true);
        correct(None, Some(&mut pods), &behind());
        let pod = pods.iter().next().unwrap();
        assert_eq!(pod.start_time.get(), time("14:40:00"));
        let container = &pod.containers[0];
        assert_eq!(container.state, ContainerState::Running { started: time("15:01:00").into() });
        let last = container.last.terminated().unwrap();
        assert_eq!((last.started, last.finished), (time("14:50:00"), time("15:00:00")));
        let moved: Vec<_> = pod.conditions.iter().map(|it| it.transition.get()).collect();
        assert_eq!(moved, [time("14:40:00"), time("15:00:00"), time("14:40:00")]);
    }

    #[test]
    fn a_lease_is_as_old_as_it_is() {
        let lease = |name: &str, namespace: &str| Lease {
            meta: ObjectMeta {
                name: name.into(),
                namespace: namespace.into(),
                ..ObjectMeta::default()
            },
            renewed: time("14:40:00"),
            ..Lease::default()
        };
        let leases = [lease("slow", "kube-node-lease"), lease("slow", "kube-system")];
        let right: Vec<_> =
            corrected_leases(&leases, &behind()).iter().map(|lease| lease.renewed).collect();
        assert_eq!(right, [time("15:00:00"), time("14:40:00")]);
    }
}
