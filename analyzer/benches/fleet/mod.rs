//! A cluster as large as AKS makes them, written as `kubectl get -o json` writes it.

use std::fmt::Write;

use konspect_bundle::{Bundle, Limits};

/// Nodes, pods of each, and one pod in how many is at fault.
pub(crate) struct Fleet {
    pub(crate) nodes: usize,
    pub(crate) pods_of_node: usize,
    pub(crate) faulty: usize,
}

impl Fleet {
    /// Lists of nodes, pods, events, Deployments and services.
    pub(crate) fn bundle(&self) -> Bundle {
        let files = [
            ("get/nodes.json", list(self.nodes, |out, n| self.node(out, n))),
            ("get/pods.json", list(self.nodes * self.pods_of_node, |out, n| self.pod(out, n))),
            (
                "get/events.json",
                list(self.nodes * self.pods_of_node / self.faulty, |out, n| self.event(out, n)),
            ),
            ("get/deployments.json", list(self.nodes, deployment)),
            ("get/services.json", list(self.nodes, service)),
        ];
        let files = files.map(|(name, text)| (name.to_owned(), text.into_bytes())).to_vec();
        Bundle::from_memory(files, &Limits::default()).unwrap()
    }

    fn node(&self, out: &mut String, n: usize) {
        let ready = if n.is_multiple_of(self.faulty) { "False" } else { "True" };
        let _ = write!(
            out,
            r#"{{"apiVersion":"v1","kind":"Node","metadata":{{"name":"aks-np{}-{n:05}","uid":"n{n}","creationTimestamp":"2025-06-01T10:00:00Z","labels":{{"agentpool":"np{}","kubernetes.azure.com/mode":"user","topology.kubernetes.io/zone":"westeurope-{}","node.kubernetes.io/instance-type":"Standard_D8s_v5"}}}},"status":{{"capacity":{{"cpu":"8","memory":"32Gi","pods":"110"}},"allocatable":{{"cpu":"7800m","memory":"28Gi","pods":"110"}},"addresses":[{{"type":"InternalIP","address":"10.{}.{}.{}"}}],"conditions":[{{"type":"MemoryPressure","status":"False","reason":"KubeletHasSufficientMemory"}},{{"type":"DiskPressure","status":"False","reason":"KubeletHasNoDiskPressure"}},{{"type":"Ready","status":"{ready}","reason":"KubeletReady","lastTransitionTime":"2025-06-11T15:{:02}:00Z"}}],"nodeInfo":{{"kubeletVersion":"v1.31.8","bootID":"b{n}"}}}}}}"#,
            n % 10,
            n % 10,
            n % 3 + 1,
            224 + n / 60_000,
            n / 250 % 240,
            n % 250,
            n % 60,
        );
    }

    fn pod(&self, out: &mut String, n: usize) {
        let (node, namespace) = (n / self.pods_of_node, n % 200);
        let state = if n.is_multiple_of(self.faulty) {
            r#""ready":false,"restartCount":12,"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 5m0s restarting failed container"}},"lastState":{"terminated":{"reason":"Error","exitCode":1,"finishedAt":"2025-06-11T15:40:00Z"}}"#
        } else {
            r#""ready":true,"restartCount":0,"state":{"running":{"startedAt":"2025-06-11T10:00:00Z"}},"lastState":{}"#
        };
        let _ = write!(
            out,
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"app{}-7f8d9c6b5d-{n:06}","namespace":"team{namespace}","uid":"p{n}","labels":{{"app":"app{}","team":"team{namespace}"}},"ownerReferences":[{{"kind":"ReplicaSet","name":"app{}-7f8d9c6b5d"}}]}},"spec":{{"nodeName":"aks-np{}-{node:05}","containers":[{{"name":"app","image":"registry.example/app:1","resources":{{"requests":{{"cpu":"100m","memory":"128Mi"}}}}}}]}},"status":{{"phase":"Running","podIP":"10.1.{}.{}","conditions":[{{"type":"Ready","status":"True"}}],"containerStatuses":[{{"name":"app","image":"registry.example/app:1",{state}}}]}}}}"#,
            n % 5000,
            n % 5000,
            n % 5000,
            node % 10,
            n / 250 % 250,
            n % 250,
        );
    }

    fn event(&self, out: &mut String, n: usize) {
        let pod = n * self.faulty;
        let _ = write!(
            out,
            r#"{{"apiVersion":"v1","kind":"Event","metadata":{{"name":"e{n}","namespace":"team{}","uid":"e{n}"}},"involvedObject":{{"kind":"Pod","namespace":"team{}","name":"app{}-7f8d9c6b5d-{pod:06}"}},"reason":"BackOff","type":"Warning","message":"Back-off restarting failed container app in pod app{}_team","source":{{"component":"kubelet"}},"count":7,"firstTimestamp":"2025-06-11T15:30:00Z","lastTimestamp":"2025-06-11T15:{:02}:00Z"}}"#,
            pod % 200,
            pod % 200,
            pod % 5000,
            pod % 5000,
            n % 60,
        );
    }
}

fn deployment(out: &mut String, n: usize) {
    let _ = write!(
        out,
        r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"app{n}","namespace":"team{}","uid":"d{n}"}},"spec":{{"replicas":40,"selector":{{"matchLabels":{{"app":"app{n}"}}}},"template":{{"metadata":{{"labels":{{"app":"app{n}"}}}},"spec":{{"containers":[{{"name":"app","image":"registry.example/app:1"}}]}}}}}},"status":{{"replicas":40,"readyReplicas":39,"availableReplicas":39,"updatedReplicas":40}}}}"#,
        n % 200
    );
}

fn service(out: &mut String, n: usize) {
    let _ = write!(
        out,
        r#"{{"apiVersion":"v1","kind":"Service","metadata":{{"name":"app{n}","namespace":"team{}","uid":"s{n}"}},"spec":{{"type":"ClusterIP","clusterIP":"10.0.{}.{}","selector":{{"app":"app{n}"}},"ports":[{{"port":80,"targetPort":8080,"protocol":"TCP"}}]}}}}"#,
        n % 200,
        n / 250,
        n % 250
    );
}

fn list(count: usize, item: impl Fn(&mut String, usize)) -> String {
    let mut out = String::from(r#"{"apiVersion":"v1","kind":"List","metadata":{},"items":["#);
    for n in 0..count {
        if n > 0 {
            out.push_str(",\n");
        }
        item(&mut out, n);
    }
    out.push_str("]}");
    out
}

/// The best of some rounds, in seconds: a busy machine only makes it slower.
pub(crate) fn best(rounds: usize, mut each: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..rounds {
        let started = std::time::Instant::now();
        each();
        best = best.min(started.elapsed().as_secs_f64());
    }
    best
}
