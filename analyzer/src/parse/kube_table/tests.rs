//! Tables as kubectl prints them.

use konspect_bundle::{ArtifactId, Source};

use super::table;
use crate::model::kube::Status;
use crate::parse::rows::{Hint, Kind, Rows, TableKind};

fn read_as(text: &str, command: &str) -> (Kind, Rows) {
    let mut rows = Rows::default();
    let hint = Hint { command, ..Hint::default() };
    let kind = table(&Source::new(ArtifactId(1), text.as_bytes()), &hint, &mut rows);
    (kind, rows)
}

fn read(text: &str) -> Rows {
    let (kind, rows) = read_as(text, "");
    assert_eq!(kind, Kind::KubernetesTable, "{text}");
    rows
}

#[test]
fn nodes_wide_keep_blanks_in_their_cells() {
    let rows = read(
        "NAME    STATUS                        ROLES    AGE    VERSION   INTERNAL-IP   EXTERNAL-IP   OS-IMAGE             KERNEL-VERSION              CONTAINER-RUNTIME\n\
         aks-1   NotReady,SchedulingDisabled   <none>   121m   v1.30.6   10.1.0.4      <none>        Ubuntu 22.04.5 LTS   5.15.0-1097-azure (amd64)   containerd://1.7.25-1\n",
    );
    let node = &rows.nodes[0];
    assert_eq!((node.ready(), node.unschedulable), (Some(Status::False), true));
    assert_eq!(node.os_image, "Ubuntu 22.04.5 LTS");
    assert_eq!(
        (node.kernel_version.as_str(), node.addresses[0].as_str()),
        ("5.15.0-1097-azure", "10.1.0.4")
    );
    assert!(rows.collected[0].complete && rows.object_counts[0].count == 1);
}

#[test]
fn pods_say_what_their_status_stands_for() {
    let rows = read(
        "NAMESPACE     NAME   READY   STATUS                  RESTARTS      AGE     IP           NODE    NOMINATED NODE   READINESS GATES\n\
         kube-system   a      1/2     CrashLoopBackOff        7 (3m ago)    6d20h   10.244.1.3   aks-1   <none>           <none>\n\
         web           b      0/1     Init:ImagePullBackOff   0             5m      <none>       aks-1   <none>           <none>\n\
         web           c      0/1     Completed               0             5m      <none>       aks-1   <none>           <none>\n\
         web           d      0/1     Evicted                 0             5m      <none>       aks-1   <none>           <none>\n\
         web           e      0/1     OOMKilled               3 (1m ago)    5m      <none>       aks-1   <none>           <none>\n\
         web           f      2/2     Running                 0             5m      <none>       aks-1   <none>           <none>\n\
         web           g      0/1     Pending                 0             5m      <none>       <none>  <none>           <none>\n",
    );
    let pods = &rows.pods;
    assert_eq!(pods[0].containers[1].state.waiting_reason(), Some("CrashLoopBackOff"));
    assert_eq!(
        (pods[0].restarts(), pods[0].phase.as_str(), pods[0].pod_ip.as_str()),
        (7, "Running", "10.244.1.3")
    );
    assert!(pods[1].containers[0].init && pods[1].phase == "Pending");
    assert!(pods[2].succeeded());
    assert_eq!((pods[3].reason.as_str(), pods[3].phase.as_str()), ("Evicted", "Failed"));
    assert_eq!(pods[4].containers[0].state.terminated().unwrap().reason, "OOMKilled");
    assert!(pods[5].ready() && !pods[0].ready());
    assert_eq!((pods[6].node.as_str(), pods[6].phase.as_str()), ("", "Pending"));
    assert_eq!(rows.collected[0].table, TableKind::Pods);
}

#[test]
fn several_types_in_one_answer_are_told_by_prefix_and_header() {
    let (_, rows) = read_as(
        "NAME        READY   STATUS    RESTARTS   AGE\npod/web-1   1/1     Running   0          5m\n\n\
         NAME                  READY   UP-TO-DATE   AVAILABLE   AGE\ndeployment.apps/web   2/3     3            2           5m\n\n\
         NAME          TYPE           CLUSTER-IP   EXTERNAL-IP   PORT(S)                      AGE\nservice/web   LoadBalancer   10.0.0.9     <pending>     80:30080/TCP,443:30443/TCP   5m\n",
        "kubectl get all -n web",
    );
    assert_eq!((rows.pods[0].meta.name.as_str(), rows.workloads[0].ready), ("web-1", 2));
    assert_eq!(rows.workloads[0].desired, Some(3));
    assert_eq!((rows.services[0].ports[1].node_port, rows.services[0].ingress.len()), (30443, 0));
    assert!(rows.collected.iter().all(|it| it.namespace == "web"));
}

#[test]
fn events_keep_counts_and_messages_of_many_lines() {
    let rows = read(
        "NAMESPACE   LAST SEEN           TYPE      REASON      OBJECT        MESSAGE\n\
         default     5m (x3 over 10m)    Warning   BackOff     pod/web-1     Back-off restarting\nfailed container\n\
         default     <unknown>           Normal    NodeReady   node/aks-1    Node aks-1 status is now: NodeReady\n",
    );
    let event = &rows.events[0];
    assert_eq!((event.count, event.warning, event.object.kind.as_str()), (3, true, "Pod"));
    assert_eq!(event.message, "Back-off restarting\nfailed container");
    assert_eq!(rows.events[1].object.name, "aks-1");
}

#[test]
fn usage_without_metrics_is_absent() {
    let rows = read(
        "NAME    CPU(cores)   CPU(%)      MEMORY(bytes)   MEMORY(%)   \naks-1   793m         20%         1892Mi          14%         \naks-2   <unknown>    <unknown>   <unknown>       <unknown>   \n",
    );
    assert_eq!(
        (rows.node_usage[0].cpu, rows.node_usage[0].memory_percent),
        (Some(0.793), Some(14.0))
    );
    assert_eq!((rows.node_usage[1].cpu, rows.node_usage[1].memory), (None, None));
    let rows =
        read("POD     NAME      CPU(cores)   MEMORY(bytes)\nweb-1   sidecar   3m           12Mi\n");
    assert_eq!(
        (rows.pod_usage[0].pod.as_str(), rows.pod_usage[0].container.as_str()),
        ("web-1", "sidecar")
    );
}

#[test]
fn unavailable_apis_give_their_reason() {
    let rows = read(
        "NAME                     SERVICE                      AVAILABLE                  AGE\n\
         v1.                      Local                        True                       30d\n\
         v1beta1.metrics.k8s.io   kube-system/metrics-server   False (MissingEndpoints)   30d\n",
    );
    assert!(rows.api_services[0].service.is_none());
    let condition = rows.api_services[1].available.as_ref().unwrap();
    assert_eq!(
        (condition.status, condition.told.reason.as_str()),
        (Status::False, "MissingEndpoints")
    );
}

#[test]
fn rows_out_of_line_and_tabs_are_read_too() {
    let rows = read(
        "NAME  STATUS  ROLES  AGE  VERSION\naks-nodepool1-1   Ready    <none>   5d   v1.31.1\n",
    );
    assert_eq!(rows.nodes[0].kubelet_version, "v1.31.1");
    let rows = read("NAME\tSTATUS\tROLES\tAGE\tVERSION\nñandú-1\tReady\t<none>\t5d\tv1.31.1\n");
    assert_eq!(rows.nodes[0].meta.name, "ñandú-1");
}

#[test]
fn counts_of_loops_and_pipes_are_counts() {
    let rows = read("certificaterequests.cert-manager.io 27000\npods: 108\n");
    assert_eq!(rows.object_counts[0].resource, "certificaterequests.cert-manager.io");
    assert_eq!(rows.object_counts[1].count, 108);
    let rows = read(
        "$ kubectl get certificaterequests -A --no-headers | wc -l\n27000\n$ kubectl get secrets -n web --no-headers | wc -l\n12\n",
    );
    assert_eq!((rows.object_counts[0].count, rows.object_counts[0].lower_bound), (27000, false));
    assert_eq!(
        (rows.object_counts[1].resource.as_str(), rows.object_counts[1].lower_bound),
        ("secrets", true)
    );
}

#[test]
fn nothing_found_covers_the_table() {
    let (_, rows) = read_as("No resources found\n", "kubectl get networkpolicies -A");
    assert_eq!(
        (rows.collected[0].table, rows.collected[0].complete),
        (TableKind::NetworkPolicies, true)
    );
}

#[test]
fn prose_is_no_table() {
    for text in [
        "",
        "hello world\nNAME of the thing\n",
        "I0101 12:00:00.0 1 a.go:1] NAME\n",
        "12\n",
        "3: vxlan.calico\n",
    ] {
        assert_eq!(read_as(text, "").0, Kind::Unknown, "{text}");
    }
}

#[test]
fn a_last_row_without_its_end_that_lacks_columns_was_cut() {
    let head = "NAMESPACE     NAME      READY   STATUS    RESTARTS   AGE\n\
                kube-system   coredns   1/1     Running   0          6d\n";
    let cut = read(&format!("{head}kube-system   konnect"));
    assert_eq!((cut.pods.len(), cut.collected[0].complete), (1, false));
    let pasted = read(&format!("{head}kube-system   tunnel    1/1     Running   0          6d"));
    assert_eq!((pasted.pods.len(), pasted.collected[0].complete), (2, true));
}
