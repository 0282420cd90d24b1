//! Writes the lists of a synthetic cluster as `kubectl get -o json` prints them, and its API server's
//! metrics: the same bytes for the same seed.
//!
//! Objects have the fields of real ones. Three Pods in four are of ReplicaSets, the others of five
//! DaemonSets; one Pod in a thousand and one node in five hundred are not ready.

use std::io::{BufWriter, Seek, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Value, json};

/// What `xtask synth cluster` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[arg(long)]
    pods: u64,
    #[arg(long)]
    nodes: u64,
    #[arg(long)]
    events: u64,
    /// Series of the API server's metrics; a few beyond these end the last family.
    #[arg(long)]
    series: u64,
    /// The seed: equal seeds give equal bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The zip to write.
    #[arg(long)]
    zip: PathBuf,
}

/// Pods of one ReplicaSet.
const REPLICAS: u64 = 30;

const DAEMONS: [&str; 5] =
    ["kube-proxy", "cloud-node-manager", "azure-ip-masq-agent", "csi-azuredisk-node", "ama-logs"];

/// Runs `xtask synth cluster`.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let file = std::fs::File::create(&args.zip)
        .with_context(|| format!("create {}", args.zip.display()))?;
    write(args, BufWriter::with_capacity(1 << 20, file))
}

fn write(args: &Args, file: impl Write + Seek) -> anyhow::Result<()> {
    let mut zip = zip::ZipWriter::new(file);
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .large_file(true);
    let mut cluster =
        Cluster { random: args.seed.wrapping_mul(2).wrapping_add(1), nodes: args.nodes.max(1) };
    let sets = (args.pods * 3 / 4).div_ceil(REPLICAS);
    for (name, template, count) in [
        ("nodes", node(), args.nodes),
        ("pods", pod(), args.pods),
        ("replicasets", replica_set(), sets),
        ("daemonsets", daemon_set(), DAEMONS.len() as u64),
        ("events", event(), args.events),
    ] {
        zip.start_file(format!("get/{name}.json"), options)?;
        // The zip's own writes are small: lists are gathered first.
        let mut out = BufWriter::with_capacity(1 << 16, &mut zip);
        write_list(&mut out, &template, count, |key, number| {
            cluster.value(key, number, args.pods)
        })?;
        out.flush()?;
    }
    zip.start_file("raw/metrics.txt", options)?;
    let mut out = BufWriter::with_capacity(1 << 16, &mut zip);
    write_metrics(&mut out, args.series, args.pods, &mut cluster)?;
    out.flush()?;
    drop(out);
    zip.finish()?.flush().context("write")
}

/// Bounds of the API server's latency histograms.
const BOUNDS: [&str; 24] = [
    "0.005", "0.025", "0.05", "0.1", "0.2", "0.4", "0.6", "0.8", "1", "1.25", "1.5", "2", "3", "4",
    "5", "6", "8", "10", "15", "20", "30", "45", "60", "+Inf",
];

const VERBS: [&str; 7] = ["GET", "LIST", "POST", "PUT", "PATCH", "DELETE", "WATCH"];

/// One scrape: sizes, objects, watches, and histograms of as many custom resources as the series need.
fn write_metrics(
    out: &mut impl Write,
    series: u64,
    pods: u64,
    cluster: &mut Cluster,
) -> anyhow::Result<()> {
    writeln!(
        out,
        "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1.7477e+09"
    )?;
    writeln!(out, "# TYPE apiserver_storage_size_bytes gauge")?;
    writeln!(out, "apiserver_storage_size_bytes{{storage_cluster_id=\"etcd-0\"}} 1.9e+09")?;
    writeln!(out, "# TYPE apiserver_storage_objects gauge")?;
    writeln!(out, "apiserver_storage_objects{{resource=\"pods\"}} {pods}")?;
    writeln!(out, "# TYPE apiserver_longrunning_requests gauge")?;
    writeln!(
        out,
        "apiserver_longrunning_requests{{component=\"apiserver\",group=\"\",resource=\"pods\",scope=\"cluster\",subresource=\"\",verb=\"WATCH\",version=\"v1\"}} {}",
        cluster.nodes
    )?;
    let mut written = 4;
    for family in ["apiserver_request_duration_seconds", "apiserver_request_sli_duration_seconds"] {
        writeln!(out, "# HELP {family} [STABLE] Response latency distribution in seconds")?;
        writeln!(out, "# TYPE {family} histogram")?;
        let half = if family.contains("sli") { series } else { series / 2 };
        let mut kind = 0_u64;
        while written < half {
            let verb = VERBS.get(kind as usize % VERBS.len()).copied().unwrap_or("GET");
            let labels = format!(
                "component=\"apiserver\",dry_run=\"\",group=\"shop.contoso.io\",resource=\"kind{:04}s\",scope=\"namespace\",subresource=\"\",verb=\"{verb}\",version=\"v1\"",
                kind / VERBS.len() as u64
            );
            let mut count = 0;
            for bound in BOUNDS {
                count += cluster.next() % 100;
                writeln!(out, "{family}_bucket{{{labels},le=\"{bound}\"}} {count}")?;
            }
            writeln!(out, "{family}_sum{{{labels}}} {}.5", count / 4)?;
            writeln!(out, "{family}_count{{{labels}}} {count}")?;
            written += BOUNDS.len() as u64 + 2;
            kind += 1;
        }
    }
    Ok(())
}

/// Prints a list whose items are the template with its marks (`§key§`) filled in.
fn write_list(
    out: &mut impl Write,
    template: &Value,
    count: u64,
    mut value: impl FnMut(&str, u64) -> String,
) -> anyhow::Result<()> {
    let list = json!({"apiVersion": "v1", "items": [template], "kind": "List", "metadata": {"resourceVersion": ""}});
    let mut text = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    serde::Serialize::serialize(
        &list,
        &mut serde_json::Serializer::with_formatter(&mut text, format),
    )?;
    let mut text = String::from_utf8(text)?;
    // Numbers, truths and objects stand without quotes.
    for key in ["is-ready", "restarts", "state", "per-node"] {
        text = text.replace(&format!("\"§{key}§\""), &format!("§{key}§"));
    }
    let (head, rest) = text.split_once("[\n").context("a list")?;
    let (item, tail) = rest.rsplit_once("\n    ],").context("a list")?;
    let parts: Vec<&str> = item.split('§').collect();
    writeln!(out, "{head}[")?;
    for number in 0..count {
        for (index, part) in parts.iter().enumerate() {
            if index % 2 == 0 {
                out.write_all(part.as_bytes())?;
            } else {
                out.write_all(value(part, number).as_bytes())?;
            }
        }
        out.write_all(if number + 1 < count { b",\n" } else { b"\n" })?;
    }
    writeln!(out, "    ],{tail}").context("write")
}

struct Cluster {
    random: u64,
    nodes: u64,
}

impl Cluster {
    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// What stands for a mark in the object of that number.
    fn value(&mut self, key: &str, number: u64, pods: u64) -> String {
        let daemon =
            |number: u64| DAEMONS.get((number / 4) as usize % 5).copied().unwrap_or("kube-proxy");
        let of_daemon = number % 4 == 3;
        let set = (number * 3 / 4) / REPLICAS;
        let failing = number % 1000 == 997;
        let address = |first: u64, number: u64| {
            format!("10.{}.{}.{}", first + number / 62_500, number / 250 % 250, number % 250 + 4)
        };
        match key {
            "uid" => {
                let (one, two) = (self.next(), self.next());
                format!("{:08x}-{:04x}-4{:03x}-9{:03x}-{:012x}", one >> 32, one & 0xffff, one >> 16 & 0xfff, two >> 48 & 0xfff, two & 0xffff_ffff_ffff)
            }
            "version" => (4_000_000 + self.next() % 900_000).to_string(),
            "digest" => format!("{:016x}{:016x}{:016x}{:016x}", self.next(), self.next(), self.next(), self.next()),
            "time" => format!("2026-05-{:02}T{:02}:{:02}:{:02}Z", 1 + number % 20, number / 7 % 24, number / 3 % 60, number % 60),
            "recent" => format!("2026-05-21T09:{:02}:{:02}Z", number / 60 % 60, number % 60),
            "node" => format!("aks-user-31415926-vmss{:06}", number % self.nodes),
            "node-address" => address(224, number % self.nodes),
            "pod-address" => address(240, number % 250_000),
            "cidr" => format!("10.{}.{}.0/24", 40 + number / 250, number % 250),
            "number" => number.to_string(),
            "namespace" if of_daemon => "kube-system".into(),
            "namespace" => format!("team-{:03}", set % 120),
            "app" if of_daemon => daemon(number).into(),
            "app" => format!("service-{set:05}"),
            "owner-kind" => if of_daemon { "DaemonSet" } else { "ReplicaSet" }.into(),
            "owner" if of_daemon => daemon(number).into(),
            "owner" => format!("service-{set:05}-{:08x}", set * 2_654_435_761 % (1 << 32)),
            "pod" if of_daemon => format!("{}-{number:06x}", daemon(number)),
            "pod" => format!("service-{set:05}-{:08x}-{number:06x}", set * 2_654_435_761 % (1 << 32)),
            "ready" => if failing { "False" } else { "True" }.into(),
            "is-ready" => (!failing).to_string(),
            "restarts" => if failing { "17" } else { "0" }.into(),
            "state" if failing => r#"{"waiting": {"message": "back-off 5m0s restarting failed container", "reason": "CrashLoopBackOff"}}"#.into(),
            "state" => r#"{"running": {"startedAt": "2026-05-20T08:00:00Z"}}"#.into(),
            "node-ready" => if number % 500 == 499 { "Unknown" } else { "True" }.into(),
            "set" => format!("service-{number:05}-{:08x}", number * 2_654_435_761 % (1 << 32)),
            "set-app" => format!("service-{number:05}"),
            "set-namespace" => format!("team-{:03}", number % 120),
            "daemon" => DAEMONS.get(number as usize % 5).copied().unwrap_or("kube-proxy").into(),
            "per-node" => (pods / 20).min(self.nodes).to_string(),
            "reason" => ["Scheduled", "Pulled", "Created", "Started", "Unhealthy"].get(number as usize % 5).copied().unwrap_or("Started").into(),
            _ => String::new(),
        }
    }
}

fn metadata(name: &str, namespace: &str, labels: Value, owner: Value) -> Value {
    let mut metadata = json!({
        "annotations": {"contoso.io/checksum": "§digest§"},
        "creationTimestamp": "§time§", "generation": 1, "labels": labels, "name": name,
        "resourceVersion": "§version§", "uid": "§uid§"
    });
    if let Value::Object(fields) = &mut metadata {
        if !namespace.is_empty() {
            fields.insert("namespace".into(), namespace.into());
        }
        if !owner.is_null() {
            fields.insert("ownerReferences".into(), json!([owner]));
        }
    }
    metadata
}

fn condition(kind: &str, status: &str, reason: &str) -> Value {
    json!({"lastProbeTime": null, "lastTransitionTime": "§time§", "reason": reason, "status": status, "type": kind})
}

fn container() -> Value {
    json!({
        "env": [
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
            {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}},
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "DATABASE_HOST", "value": "postgres.data.svc.cluster.local"}
        ],
        "image": "contosoacr.azurecr.io/§app§:4.10.5", "imagePullPolicy": "IfNotPresent", "name": "main",
        "livenessProbe": {"failureThreshold": 3, "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1},
        "readinessProbe": {"failureThreshold": 3, "httpGet": {"path": "/ready", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1},
        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}, {"containerPort": 9090, "name": "metrics", "protocol": "TCP"}],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "50m", "memory": "256Mi"}},
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": true},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "volumeMounts": [
            {"mountPath": "/etc/config", "name": "config", "readOnly": true},
            {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "kube-api-access", "readOnly": true}
        ]
    })
}

fn pod() -> Value {
    let owner = json!({"apiVersion": "apps/v1", "blockOwnerDeletion": true, "controller": true, "kind": "§owner-kind§", "name": "§owner§", "uid": "§uid§"});
    let labels = json!({"app": "§app§", "app.kubernetes.io/name": "§app§", "pod-template-hash": "5dbc9f6b58", "team": "§namespace§"});
    let state = json!({
        "containerID": "containerd://§digest§", "image": "contosoacr.azurecr.io/§app§:4.10.5",
        "imageID": "contosoacr.azurecr.io/§app§@sha256:§digest§", "lastState": {}, "name": "main",
        "ready": "§is-ready§", "restartCount": "§restarts§", "started": true, "state": "§state§"
    });
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata("§pod§", "§namespace§", labels, owner),
        "spec": {
            "containers": [container()], "dnsPolicy": "ClusterFirst", "enableServiceLinks": true,
            "nodeName": "§node§", "preemptionPolicy": "PreemptLowerPriority", "priority": 0,
            "restartPolicy": "Always", "schedulerName": "default-scheduler", "securityContext": {},
            "serviceAccount": "default", "serviceAccountName": "default", "terminationGracePeriodSeconds": 30,
            "tolerations": [
                {"effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300},
                {"effect": "NoExecute", "key": "node.kubernetes.io/unreachable", "operator": "Exists", "tolerationSeconds": 300}
            ],
            "volumes": [
                {"configMap": {"defaultMode": 420, "name": "§app§"}, "name": "config"},
                {"name": "kube-api-access", "projected": {"defaultMode": 420, "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                    {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
                    {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]}}
                ]}}
            ]
        },
        "status": {
            "conditions": [
                condition("PodReadyToStartContainers", "True", ""), condition("Initialized", "True", ""),
                condition("Ready", "§ready§", ""), condition("ContainersReady", "§ready§", ""),
                condition("PodScheduled", "True", "")
            ],
            "containerStatuses": [state], "hostIP": "§node-address§", "hostIPs": [{"ip": "§node-address§"}],
            "phase": "Running", "podIP": "§pod-address§", "podIPs": [{"ip": "§pod-address§"}],
            "qosClass": "Burstable", "startTime": "§time§"
        }
    })
}

fn node() -> Value {
    let labels = json!({
        "agentpool": "user", "kubernetes.azure.com/agentpool": "user", "kubernetes.azure.com/mode": "user",
        "kubernetes.azure.com/node-image-version": "AKSUbuntu-2204gen2containerd-202605.15.0",
        "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": "§node§", "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "Standard_D16s_v5", "topology.kubernetes.io/region": "westeurope",
        "topology.kubernetes.io/zone": "westeurope-1"
    });
    let sizes = json!({"cpu": "16", "ephemeral-storage": "129886128Ki", "memory": "65887780Ki", "pods": "250"});
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": metadata("§node§", "", labels, Value::Null),
        "spec": {"podCIDR": "§cidr§", "podCIDRs": ["§cidr§"], "providerID": "azure:///subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/mc_rg-prod-weu/providers/Microsoft.Compute/virtualMachineScaleSets/aks-user-31415926-vmss/virtualMachines/§number§"},
        "status": {
            "addresses": [{"address": "§node-address§", "type": "InternalIP"}, {"address": "§node§", "type": "Hostname"}],
            "allocatable": sizes, "capacity": sizes,
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID"),
                condition("Ready", "§node-ready§", "KubeletReady")
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "images": [{"names": ["mcr.microsoft.com/oss/kubernetes/pause@sha256:§digest§", "mcr.microsoft.com/oss/kubernetes/pause:3.9"], "sizeBytes": 268_403}],
            "nodeInfo": {"architecture": "amd64", "containerRuntimeVersion": "containerd://1.7.27-1", "kernelVersion": "5.15.0-1089-azure", "kubeletVersion": "v1.31.8", "operatingSystem": "linux", "osImage": "Ubuntu 22.04.5 LTS", "systemUUID": "§uid§"}
        }
    })
}

fn template(app: &str) -> Value {
    json!({"metadata": {"labels": {"app": app}}, "spec": {"containers": [container()], "restartPolicy": "Always"}})
}

fn replica_set() -> Value {
    let owner = json!({"apiVersion": "apps/v1", "blockOwnerDeletion": true, "controller": true, "kind": "Deployment", "name": "§set-app§", "uid": "§uid§"});
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": metadata("§set§", "§set-namespace§", json!({"app": "§set-app§"}), owner),
        "spec": {"replicas": REPLICAS, "selector": {"matchLabels": {"app": "§set-app§"}}, "template": template("§set-app§")},
        "status": {"availableReplicas": REPLICAS, "fullyLabeledReplicas": REPLICAS, "observedGeneration": 1, "readyReplicas": REPLICAS, "replicas": REPLICAS}
    })
}

fn daemon_set() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": metadata("§daemon§", "kube-system", json!({"app": "§daemon§"}), Value::Null),
        "spec": {"selector": {"matchLabels": {"app": "§daemon§"}}, "template": template("§daemon§"), "updateStrategy": {"type": "RollingUpdate"}},
        "status": {"currentNumberScheduled": "§per-node§", "desiredNumberScheduled": "§per-node§", "numberAvailable": "§per-node§", "numberMisscheduled": 0, "numberReady": "§per-node§", "observedGeneration": 1}
    })
}

fn event() -> Value {
    json!({
        "apiVersion": "v1", "count": 1, "eventTime": null, "firstTimestamp": "§recent§",
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "§pod§", "namespace": "§namespace§", "resourceVersion": "§version§", "uid": "§uid§"},
        "kind": "Event", "lastTimestamp": "§recent§", "message": "Container image \"contosoacr.azurecr.io/§app§:4.10.5\" already present on machine",
        "metadata": {"creationTimestamp": "§recent§", "name": "§pod§.18ea08133d54f94d", "namespace": "§namespace§", "resourceVersion": "§version§", "uid": "§uid§"},
        "reason": "§reason§", "reportingComponent": "kubelet", "reportingInstance": "§node§",
        "source": {"component": "kubelet", "host": "§node§"}, "type": "Normal"
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;

    fn bundle(seed: u64) -> anyhow::Result<Vec<u8>> {
        let args = Args { pods: 40, nodes: 3, events: 7, series: 500, seed, zip: PathBuf::new() };
        let mut file = Cursor::new(Vec::new());
        write(&args, &mut file)?;
        Ok(file.into_inner())
    }

    #[test]
    fn equal_seeds_give_equal_bundles_of_so_many_objects() -> anyhow::Result<()> {
        let bytes = bundle(7)?;
        assert_eq!(bytes, bundle(7)?);
        assert_ne!(bytes, bundle(8)?);
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes))?;
        for (name, count) in
            [("nodes", 3), ("pods", 40), ("replicasets", 1), ("daemonsets", 5), ("events", 7)]
        {
            let list: Value = serde_json::from_reader(zip.by_name(&format!("get/{name}.json"))?)?;
            let items = list.get("items").and_then(Value::as_array).map(Vec::len);
            assert_eq!(items, Some(count), "{name}");
        }
        let mut metrics = String::new();
        zip.by_name("raw/metrics.txt")?.read_to_string(&mut metrics)?;
        let series = metrics.lines().filter(|line| !line.starts_with('#')).count();
        assert!((500..540).contains(&series), "{series}");
        Ok(())
    }
}
