//! A row of a table to the model, kind by kind.

use konspect_bundle::Span;

use super::Cells;
use crate::model::kube::{
    ApiService, CertificateSigningRequest, Condition, ConfigMap, Container, ContainerState, Event,
    FlowSchema, Lease, Namespace, Node, NodeUsage, ObjectMeta, ObjectRef, OtherObject, Pod,
    PodUsage, PriorityLevel, SecretMeta, ServiceRef, Status, Telling, Terminated, Waiting,
};
use crate::model::workload::{
    Autoscaler, CronJob, DisruptionBudget, Endpoint, EndpointSlice, Job, NetworkPolicy,
    PersistentVolume, PersistentVolumeClaim, Service, ServicePort, VolumeAttachment, Workload,
    WorkloadKind,
};
use crate::parse::kube::kinds;
use crate::parse::quantity::quantity;
use crate::parse::rows::Rows;

/// Reads one row; a kind without a table of its own gives its name only.
pub(super) fn row(
    kind: &str,
    name: &str,
    namespace: &str,
    cells: &Cells<'_>,
    at: Span,
    rows: &mut Rows,
) {
    let meta = ObjectMeta {
        name: name.into(),
        namespace: namespace.into(),
        labels: labels(cells.get("LABELS")).into_iter().collect(),
        ..ObjectMeta::default()
    };
    match kind {
        "Node" => rows.nodes.push(node(meta, cells, at)),
        "Pod" => rows.pods.push(Box::new(pod(meta, cells, at))),
        "Event" => rows.events.push(Box::new(event(namespace, cells, at))),
        "Deployment" | "DaemonSet" | "StatefulSet" | "ReplicaSet" => {
            rows.workloads.push(workload(kind, meta, cells, at));
        }
        "Service" => rows.services.push(service(meta, cells, at)),
        "Endpoints" | "EndpointSlice" => {
            rows.endpoint_slices.push(endpoints(kind, meta, cells, at));
        }
        "APIService" => rows.api_services.push(api_service(meta, cells, at)),
        "NodeMetrics" => rows.node_usage.push(node_usage(name, cells, at)),
        "PodMetrics" => rows.pod_usage.push(pod_usage(name, namespace, cells, at)),
        "PodDisruptionBudget" => rows.disruption_budgets.push(DisruptionBudget {
            meta,
            min_available: not_applicable(cells.get("MIN AVAILABLE")),
            max_unavailable: not_applicable(cells.get("MAX UNAVAILABLE")),
            disruptions_allowed: cells.count("ALLOWED DISRUPTIONS"),
            at,
            ..DisruptionBudget::default()
        }),
        "Namespace" => rows.namespaces.push(Namespace {
            meta,
            phase: cells.get("STATUS").to_owned(),
            conditions: Vec::new(),
            at,
        }),
        "Lease" => rows.leases.push(Lease {
            meta,
            holder: cells.get("HOLDER").to_owned(),
            at,
            ..Lease::default()
        }),
        "Secret" => {
            rows.secrets.push(SecretMeta {
                meta,
                kind: cells.get("TYPE").to_owned(),
                bytes: 0,
                at,
            });
        }
        "ConfigMap" => rows.config_maps.push(ConfigMap { meta, at, ..ConfigMap::default() }),
        _ => others(kind, meta, cells, at, rows),
    }
}

fn others(kind: &str, meta: ObjectMeta, cells: &Cells<'_>, at: Span, rows: &mut Rows) {
    match kind {
        "Job" => {
            let (done, _) = fraction(cells.get("COMPLETIONS"));
            rows.jobs.push(Job { meta, succeeded: done, at, ..Job::default() });
        }
        "CronJob" => rows.cron_jobs.push(CronJob {
            meta,
            suspended: cells.get("SUSPEND") == "True",
            at,
            ..CronJob::default()
        }),
        "NetworkPolicy" => {
            let mut policy = NetworkPolicy { meta, at, ..NetworkPolicy::default() };
            policy.pod_selector.labels = labels(cells.get("POD-SELECTOR")).into_iter().collect();
            rows.network_policies.push(policy);
        }
        "HorizontalPodAutoscaler" => {
            let target = object_ref(cells.get("REFERENCE"), &meta.namespace);
            rows.autoscalers.push(Autoscaler { meta, target, conditions: Vec::new(), at });
        }
        "PersistentVolumeClaim" => rows.claims.push(PersistentVolumeClaim {
            meta,
            phase: cells.get("STATUS").to_owned(),
            volume: cells.get("VOLUME").to_owned(),
            storage_class: cells.get("STORAGECLASS").to_owned(),
            at,
        }),
        "PersistentVolume" => {
            let (namespace, name) = cells.get("CLAIM").split_once('/').unwrap_or(("", ""));
            rows.volumes.push(PersistentVolume {
                meta,
                phase: cells.get("STATUS").to_owned(),
                claim: ObjectRef {
                    kind: "PersistentVolumeClaim".into(),
                    namespace: namespace.into(),
                    name: name.into(),
                },
                driver: String::new(),
                at,
            });
        }
        "VolumeAttachment" => rows.attachments.push(VolumeAttachment {
            meta,
            node: cells.get("NODE").to_owned(),
            volume: cells.get("PV").to_owned(),
            attached: cells.get("ATTACHED") == "true",
            at,
            ..VolumeAttachment::default()
        }),
        "CertificateSigningRequest" => rows.certificate_requests.push(CertificateSigningRequest {
            meta,
            signer: cells.get("SIGNERNAME").to_owned(),
            username: cells.get("REQUESTOR").to_owned(),
            conditions: cells
                .get("CONDITION")
                .split(',')
                .filter(|kind| matches!(*kind, "Approved" | "Denied" | "Failed"))
                .map(|kind| condition(kind, Status::True, "", at))
                .collect(),
            at,
        }),
        "FlowSchema" => rows.flow_schemas.push(FlowSchema {
            meta,
            priority_level: cells.get("PRIORITYLEVEL").to_owned(),
            precedence: cells.get("MATCHINGPRECEDENCE").parse().unwrap_or(0),
            subjects: Vec::new(),
            at,
        }),
        "PriorityLevelConfiguration" => {
            let shares =
                [cells.get("NOMINALCONCURRENCYSHARES"), cells.get("ASSUREDCONCURRENCYSHARES")];
            rows.priority_levels.push(PriorityLevel {
                meta,
                kind: cells.get("TYPE").to_owned(),
                shares: shares.iter().find_map(|text| text.parse().ok()).unwrap_or(0),
                limit_response: String::new(),
                at,
            });
        }
        _ => {
            let info = kinds::KINDS.iter().find(|info| info.kind == kind);
            rows.others.push(OtherObject {
                api_version: info.map_or("", |info| info.group).to_owned(),
                kind: kind.to_owned(),
                meta,
                conditions: Vec::new(),
                at,
            });
        }
    }
}

/// `13m`, `2d4h`, `<unknown>`, `5m (x3 over 10m)`.
pub(in crate::parse) fn is_age(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or("");
    matches!(first, "<unknown>" | "<invalid>")
        || first.starts_with(|character: char| character.is_ascii_digit())
            && first.ends_with(['s', 'm', 'h', 'd', 'y'])
            && first.bytes().all(|byte| byte.is_ascii_digit() || b"smhdy".contains(&byte))
}

/// The count of `5m (x3 over 10m)`.
pub(in crate::parse) fn times(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("(x")?;
    let digits = rest.split(|character: char| !character.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn labels(text: &str) -> std::collections::BTreeMap<String, String> {
    text.split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

fn not_applicable(text: &str) -> String {
    if text == "N/A" { String::new() } else { text.to_owned() }
}

fn fraction(text: &str) -> (u64, u64) {
    let (left, right) = text.split_once('/').unwrap_or((text, "0"));
    (left.trim().parse().unwrap_or(0), right.trim().parse().unwrap_or(0))
}

fn condition(kind: &str, status: Status, reason: &str, at: Span) -> Condition {
    Condition {
        kind: kind.into(),
        status,
        told: Telling { reason: reason.into(), ..Telling::default() }.into(),
        at: at.into(),
        ..Condition::default()
    }
}

/// `Deployment/web`, `pod/web-1`, `deployment.apps/web`.
fn object_ref(text: &str, namespace: &str) -> ObjectRef {
    let (kind, name) = text.split_once('/').unwrap_or(("", text));
    ObjectRef {
        kind: kinds::by_word(kind).map_or(kind, |info| info.kind).into(),
        namespace: namespace.into(),
        name: name.into(),
    }
}

fn node(meta: ObjectMeta, cells: &Cells<'_>, at: Span) -> Node {
    let words: Vec<&str> = cells.get("STATUS").split(',').collect();
    let ready = match words.first() {
        Some(&"Ready") => Some(Status::True),
        // The table says NotReady for `False` and for `Unknown` alike.
        Some(&"NotReady") => Some(Status::False),
        Some(&"Unknown") => Some(Status::Unknown),
        _ => None,
    };
    let runtime = cells.get("CONTAINER-RUNTIME");
    Node {
        meta,
        conditions: ready.map(|status| condition("Ready", status, "", at)).into_iter().collect(),
        addresses: Some(cells.get("INTERNAL-IP"))
            .filter(|address| !address.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect(),
        unschedulable: words.contains(&"SchedulingDisabled"),
        kubelet_version: cells.get("VERSION").to_owned(),
        os_image: cells.get("OS-IMAGE").to_owned(),
        // New versions add the architecture: `5.15.0-1097-azure (amd64)`.
        kernel_version: cells.get("KERNEL-VERSION").split(" (").next().unwrap_or("").to_owned(),
        runtime_version: runtime.to_owned(),
        operating_system: if cells.get("OS-IMAGE").starts_with("Windows") {
            "windows".to_owned()
        } else {
            String::new()
        },
        at,
        ..Node::default()
    }
}

/// What the STATUS column of a pod stands for.
#[derive(Default)]
struct PodStatus {
    phase: &'static str,
    reason: String,
    state: ContainerState,
    init: bool,
}

fn pod_status(text: &str, restarts: u64, ready: u64) -> PodStatus {
    let (init, word) = match text.strip_prefix("Init:") {
        Some(word) => (true, word),
        None => (false, text),
    };
    let waiting = |phase| PodStatus {
        phase,
        state: ContainerState::Waiting(Box::new(Waiting {
            reason: word.into(),
            ..Waiting::default()
        })),
        init,
        ..PodStatus::default()
    };
    let plain = |phase| PodStatus { phase, init, ..PodStatus::default() };
    match word {
        "Running" | "NotReady" => plain("Running"),
        "Completed" | "Succeeded" => plain("Succeeded"),
        "Pending" | "SchedulingGated" => plain("Pending"),
        "Unknown" => plain("Unknown"),
        "Failed" => plain("Failed"),
        "Terminating" => PodStatus { reason: word.to_owned(), ..plain("Running") },
        "NodeLost" => PodStatus { reason: word.to_owned(), ..plain("Unknown") },
        "ContainerCreating" | "PodInitializing" => waiting("Pending"),
        "CrashLoopBackOff" if !init => waiting("Running"),
        _ if word.ends_with("BackOff") || word.starts_with("Err") && word != "Error" => {
            waiting(if ready > 0 || restarts > 0 && !init { "Running" } else { "Pending" })
        }
        _ if word.ends_with("Error") && word != "Error" && word != "UnexpectedAdmissionError"
            || word == "InvalidImageName" =>
        {
            waiting(if restarts > 0 && !init { "Running" } else { "Pending" })
        }
        "Error" | "OOMKilled" | "ContainerCannotRun" | "ContainerStatusUnknown" => {
            terminated(word, init, restarts, 0, 0)
        }
        _ if word.starts_with("ExitCode:") || word.starts_with("Signal:") => {
            let (kind, number) = word.split_once(':').unwrap_or((word, ""));
            let number = number.parse().unwrap_or(0);
            let (exit, signal) = if kind == "ExitCode" { (number, 0) } else { (0, number) };
            terminated("", init, restarts, exit, signal)
        }
        _ if init => plain("Pending"),
        "" => plain(""),
        _ => PodStatus { reason: word.to_owned(), ..plain("Failed") },
    }
}

fn terminated(word: &str, init: bool, restarts: u64, exit_code: i64, signal: i64) -> PodStatus {
    let phase = match (init, restarts) {
        (true, _) => "Pending",
        (false, 0) => "Failed",
        _ => "Running",
    };
    PodStatus {
        phase,
        state: ContainerState::Terminated(Box::new(Terminated {
            reason: word.into(),
            exit_code: if word == "OOMKilled" { 137 } else { exit_code },
            signal,
            ..Terminated::default()
        })),
        init,
        ..PodStatus::default()
    }
}

/// The table has no containers' names: as many rows as READY counts, the first with the restarts.
fn pod(meta: ObjectMeta, cells: &Cells<'_>, at: Span) -> Pod {
    let (ready, total) = fraction(cells.get("READY"));
    let restarts = cells.count("RESTARTS");
    let status = pod_status(cells.get("STATUS"), restarts, ready);
    let mut containers: Vec<Container> = (0..total.min(64))
        .map(|index| Container { ready: index < ready, at: at.into(), ..Container::default() })
        .collect();
    if status.init && status.state != ContainerState::None {
        containers.insert(0, Container { init: true, at: at.into(), ..Container::default() });
    }
    if containers.is_empty() && status.state != ContainerState::None {
        containers.push(Container { at: at.into(), ..Container::default() });
    }
    // The state is that of a container that is not ready.
    let index =
        if status.init { 0 } else { containers.iter().position(|it| !it.ready).unwrap_or(0) };
    if let Some(container) = containers.get_mut(index) {
        container.state = status.state;
        container.restarts = restarts;
    }
    let is_ready = status.phase == "Running" && total > 0 && ready == total;
    let conditions = if total > 0 && status.phase != "Succeeded" {
        let value = if is_ready { Status::True } else { Status::False };
        vec![condition("Ready", value, "", at)]
    } else {
        Vec::new()
    };
    Pod {
        meta,
        node: cells.get("NODE").into(),
        phase: status.phase.into(),
        reason: status.reason.into(),
        pod_ip: cells.get("IP").into(),
        conditions: conditions.into(),
        containers: containers.into(),
        at,
        ..Pod::default()
    }
}

fn event(namespace: &str, cells: &Cells<'_>, at: Span) -> Event {
    let mut object = object_ref(cells.get("OBJECT"), namespace);
    if object.name.is_empty() {
        object = ObjectRef {
            kind: cells.get("KIND").into(),
            namespace: namespace.into(),
            name: cells.get("NAME").into(),
        };
    }
    let source = cells.get("SOURCE");
    let (component, host) = source.split_once(", ").unwrap_or((source, ""));
    let count = times(cells.get("LAST SEEN")).unwrap_or_else(|| cells.count("COUNT"));
    Event {
        namespace: namespace.into(),
        object,
        reason: cells.get("REASON").into(),
        message: cells.get("MESSAGE").into(),
        warning: cells.get("TYPE") == "Warning",
        component: component.into(),
        host: host.into(),
        count: count.max(1),
        at,
        ..Event::default()
    }
}

fn workload(kind: &str, meta: ObjectMeta, cells: &Cells<'_>, at: Span) -> Workload {
    let (ready, desired) = fraction(cells.get("READY"));
    let counted = !cells.get("DESIRED").is_empty();
    Workload {
        kind: match kind {
            "DaemonSet" => WorkloadKind::DaemonSet,
            "StatefulSet" => WorkloadKind::StatefulSet,
            "ReplicaSet" => WorkloadKind::ReplicaSet,
            _ => WorkloadKind::Deployment,
        },
        desired: Some(if counted { cells.count("DESIRED") } else { desired }),
        current: if counted { cells.count("CURRENT") } else { desired },
        ready,
        available: if cells.get("AVAILABLE").is_empty() { ready } else { cells.count("AVAILABLE") },
        updated: cells.count("UP-TO-DATE"),
        node_selector: labels(cells.get("NODE SELECTOR")).into_iter().collect(),
        selector: crate::model::kube::LabelSelector {
            labels: labels(cells.get("SELECTOR")).into_iter().collect(),
            expressions: Vec::new(),
        },
        meta,
        at,
        ..Workload::default()
    }
}

/// PORT(S) reads `80:30080/TCP,443/TCP`.
fn service(meta: ObjectMeta, cells: &Cells<'_>, at: Span) -> Service {
    let ports = cells.get("PORT(S)").split(',').filter_map(|text| {
        let (numbers, protocol) = text.trim().split_once('/')?;
        let (port, node_port) = numbers.split_once(':').unwrap_or((numbers, "0"));
        Some(ServicePort {
            protocol: protocol.to_owned(),
            port: port.parse().ok()?,
            node_port: node_port.parse().unwrap_or(0),
            ..ServicePort::default()
        })
    });
    let external = cells.get("EXTERNAL-IP");
    Service {
        meta,
        kind: cells.get("TYPE").to_owned(),
        cluster_ip: cells.get("CLUSTER-IP").to_owned(),
        selector: labels(cells.get("SELECTOR")).into_iter().collect(),
        ports: ports.collect(),
        ingress: external
            .split(',')
            .filter(|address| !address.is_empty() && *address != "<pending>")
            .map(str::to_owned)
            .collect(),
        at,
    }
}

/// Endpoints are `10.0.0.1:53,10.0.0.2:53 + 1 more...`; a table shows the ready ones only.
fn endpoints(kind: &str, meta: ObjectMeta, cells: &Cells<'_>, at: Span) -> EndpointSlice {
    let text = cells.get("ENDPOINTS");
    let text = text.split(" + ").next().unwrap_or("");
    let slice = kind == "EndpointSlice";
    let mut ports: Vec<(String, u16)> = cells
        .get("PORTS")
        .split(',')
        .filter_map(|port| Some((String::new(), port.trim().parse().ok()?)))
        .collect();
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for address in text.split(',').map(str::trim).filter(|address| !address.is_empty()) {
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) if !slice && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                (host, port.parse().ok())
            }
            _ => (address, None),
        };
        if let Some(port) = port.map(|port| (String::new(), port))
            && !ports.contains(&port)
        {
            ports.push(port);
        }
        let host = host.trim_matches(['[', ']']).to_owned();
        if !endpoints.iter().any(|endpoint| endpoint.addresses.contains(&host)) {
            endpoints.push(Endpoint { addresses: vec![host], ready: true, ..Endpoint::default() });
        }
    }
    // A slice's name is the service's with five characters more.
    let service = match meta.name.rsplit_once('-') {
        Some((service, _)) if slice => service.to_owned(),
        _ => meta.name.to_string(),
    };
    EndpointSlice { meta, service, endpoints, ports, at }
}

/// AVAILABLE reads `True`, or `False (FailedDiscoveryCheck)`; SERVICE `Local` or `namespace/name`.
fn api_service(meta: ObjectMeta, cells: &Cells<'_>, at: Span) -> ApiService {
    let text = cells.get("AVAILABLE");
    let (word, reason) = text.split_once(' ').unwrap_or((text, ""));
    let status = match word {
        "True" => Status::True,
        "False" => Status::False,
        _ => Status::Unknown,
    };
    let reason = reason.trim_matches(['(', ')', ' ']);
    ApiService {
        meta,
        service: cells.get("SERVICE").split_once('/').map(|(namespace, name)| ServiceRef {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            port: 443,
            path: String::new(),
        }),
        available: (!word.is_empty()).then(|| condition("Available", status, reason, at)),
        at,
    }
}

fn percent(text: &str) -> Option<f64> {
    text.trim_end_matches('%').parse().ok()
}

fn node_usage(name: &str, cells: &Cells<'_>, at: Span) -> NodeUsage {
    let either =
        |one: &str, other: &str| percent(cells.get(one)).or_else(|| percent(cells.get(other)));
    NodeUsage {
        node: name.to_owned(),
        cpu: quantity(cells.get("CPU(CORES)")),
        cpu_percent: either("CPU%", "CPU(%)"),
        memory: quantity(cells.get("MEMORY(BYTES)")),
        memory_percent: either("MEMORY%", "MEMORY(%)"),
        at,
    }
}

/// With `--containers` the columns are POD and NAME: the container's.
fn pod_usage(name: &str, namespace: &str, cells: &Cells<'_>, at: Span) -> PodUsage {
    let pod = cells.get("POD");
    let (pod, container) = if pod.is_empty() { (name, "") } else { (pod, name) };
    PodUsage {
        namespace: namespace.to_owned(),
        pod: pod.to_owned(),
        container: container.to_owned(),
        cpu: quantity(cells.get("CPU(CORES)")),
        memory: quantity(cells.get("MEMORY(BYTES)")),
        at,
    }
}
