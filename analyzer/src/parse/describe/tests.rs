//! Descriptions as kubectl prints them.

use konspect_bundle::{ArtifactId, Source};

use super::describe;
use crate::model::kube::Status;
use crate::parse::rows::{Hint, Kind, Rows, TableKind};

fn read(text: &str) -> (Kind, Rows) {
    let mut rows = Rows::default();
    let kind = describe(&Source::new(ArtifactId(1), text.as_bytes()), &Hint::default(), &mut rows);
    (kind, rows)
}

const NODE: &str = "\
Name:               aks-1
Roles:              <none>
Labels:             agentpool=nodepool1
                    kubernetes.io/os=linux
Annotations:        node.alpha.kubernetes.io/ttl: 0
CreationTimestamp:  Sat, 15 Jun 2024 03:09:16 +0000
Taints:             node.kubernetes.io/unreachable:NoExecute
                    dedicated=gpu:NoSchedule
Unschedulable:      true
Lease:
  HolderIdentity:  aks-1
  AcquireTime:     <unset>
  RenewTime:       Fri, 05 Jul 2024 09:26:17 +0000
Conditions:
  Type                          Status   LastHeartbeatTime                 LastTransitionTime                Reason                          Message
  ----                          ------   -----------------                 ------------------                ------                          -------
  KernelDeadlock                False    Fri, 05 Jul 2024 09:24:52 +0000   Mon, 01 Jul 2024 12:50:45 +0000   KernelHasNoDeadlock             kernel has no deadlock
  Ready                         Unknown  Fri, 05 Jul 2024 09:25:00 +0000   Mon, 01 Jul 2024 12:50:45 +0000   NodeStatusUnknown               Kubelet stopped posting node status.
Addresses:
  InternalIP:  10.1.0.4
  Hostname:    aks-1
Capacity:
  cpu:                8
  memory:             32749125Ki
Allocatable:
  cpu:                7860m
System Info:
  Kernel Version:             5.15.0-1067-azure
  Kubelet Version:            v1.28.9
Events:
  Type     Reason         Age                  From                           Message
  ----     ------         ----                 ----                           -------
  Warning  KubeletIsDown  13m (x26 over 26m)   kubelet-custom-plugin-monitor  Kubelet service is not running
  Normal   NodeReady      <unknown>            kubelet, aks-1                 Node aks-1 status is now: NodeReady


";

#[test]
fn nodes_have_conditions_taints_lease_and_events() {
    let two = format!("{NODE}{}", NODE.replace("aks-1", "aks-2"));
    let (kind, rows) = read(&two);
    assert_eq!((kind, rows.nodes.len(), rows.leases.len()), (Kind::KubernetesDescribe, 2, 2));
    let node = &rows.nodes[0];
    assert_eq!(
        (node.meta.name.as_str(), node.meta.label("kubernetes.io/os")),
        ("aks-1", Some("linux"))
    );
    let ready = node.condition("Ready").unwrap();
    assert_eq!((ready.status, ready.told.reason.as_str()), (Status::Unknown, "NodeStatusUnknown"));
    assert_eq!(ready.told.heartbeat.get().unwrap().to_string(), "2024-07-05T09:25:00Z");
    assert_eq!((node.taints.len(), node.unschedulable), (2, true));
    assert_eq!(node.addresses, ["10.1.0.4"]);
    assert!((node.allocatable["cpu"] - 7.86).abs() < 1e-9);
    assert_eq!(node.kubelet_version, "v1.28.9");
    assert_eq!(rows.leases[0].renewed.unwrap().to_string(), "2024-07-05T09:26:17Z");
    let event = &rows.events[0];
    assert_eq!((event.count, event.warning, event.object.kind.as_str()), (26, true, "Node"));
    assert_eq!(event.message, "Kubelet service is not running");
    assert_eq!(
        (rows.events[1].component.as_str(), rows.events[1].host.as_str()),
        ("kubelet", "aks-1")
    );
    assert_eq!((rows.collected[0].table, rows.collected[0].complete), (TableKind::Nodes, true));
}

#[test]
fn pods_have_containers_with_both_states() {
    let text = "\
Name:                 web-1
Namespace:            shop
Node:                 aks-1/10.224.0.8
Start Time:           Sat, 21 Nov 2026 10:15:47 +0000
Labels:               app=web
Status:               Running
IP:                   10.244.5.5
IPs:
  IP:           10.244.5.5
Init Containers:
  setup:
    Image:         setup:1
    State:          Terminated
      Reason:       Completed
      Exit Code:    0
    Ready:          True
    Restart Count:  0
Containers:
  app:
    Image:         registry:5000/app:v2
    Ports:         8080/TCP, 9090/TCP
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
      Started:      Sat, 21 Nov 2026 10:15:47 +0000
      Finished:     Sat, 21 Nov 2026 10:16:47 +0000
    Ready:          False
    Restart Count:  7
    Limits:
      memory:  1Gi
    Liveness:     http-get http://:8080/healthz delay=0s timeout=1s period=10s
Conditions:
  Type              Status
  Initialized       True 
  Ready             False 
Volumes:
  data:
    Type:       PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)
    ClaimName:  data-web-1
Events:          <none>
";
    let (_, rows) = read(text);
    let pod = &rows.pods[0];
    assert_eq!(
        (pod.node.as_str(), pod.host_ip.as_str(), pod.phase.as_str()),
        ("aks-1", "10.224.0.8", "Running")
    );
    let app = &pod.containers[1];
    assert_eq!(
        (app.state.waiting_reason(), app.restarts, app.ready),
        (Some("CrashLoopBackOff"), 7, false)
    );
    let last = app.last.terminated().unwrap();
    assert_eq!((last.reason.as_str(), last.exit_code), ("OOMKilled", 137));
    assert_eq!(app.ports[..], [8080, 9090]);
    assert!((app.limits["memory"] - 1_073_741_824.0).abs() < 1.0);
    assert_eq!(app.image, "registry:5000/app:v2");
    assert!(pod.containers[0].init && !pod.ready());
    assert_eq!(pod.claims[..], ["data-web-1"]);
    assert!(rows.events.is_empty());
}

#[test]
fn controllers_and_services_give_their_numbers() {
    let text = "\
Name:                   web
Namespace:              shop
Labels:                 app=web
Selector:               app=web
Replicas:               3 desired | 2 updated | 4 total | 1 available | 3 unavailable
StrategyType:           RollingUpdate
Conditions:
  Type           Status  Reason
  ----           ------  ------
  Available      False   MinimumReplicasUnavailable
Events:          <none>


Name:                     web
Namespace:                shop
Labels:                   <none>
Selector:                 app=web
Type:                     LoadBalancer
IP:                       10.0.0.9
LoadBalancer Ingress:     20.1.2.3 (VIP)
Port:                     http  80/TCP
TargetPort:               8080/TCP
NodePort:                 http  30080/TCP
Session Affinity:         None
";
    let (_, rows) = read(text);
    let workload = &rows.workloads[0];
    assert_eq!((workload.desired, workload.current, workload.available), (Some(3), 4, 1));
    assert_eq!(workload.condition("Available").unwrap().told.reason, "MinimumReplicasUnavailable");
    let port = &rows.services[0].ports[0];
    assert_eq!((port.port, port.target.as_str(), port.node_port), (80, "8080", 30080));
    assert_eq!(rows.services[0].ingress, ["20.1.2.3"]);
}

#[test]
fn other_texts_with_names_are_no_description() {
    for text in
        ["", "Name:\tkubernetes.default\nAddress: 10.0.0.1\n", "Name: x\n", "Events:\n  a\n"]
    {
        assert_eq!(read(text).0, Kind::Unknown, "{text}");
    }
}
