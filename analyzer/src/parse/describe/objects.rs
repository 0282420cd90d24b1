//! A described object to the model.

use konspect_bundle::Span;

use super::section::{Line, has, inside, table, top};
use super::{absent, meta, quantities, quantity, time, value};
use crate::model::Labels;
use crate::model::kube::{
    Condition, Container, ContainerState, Event, Lease, Node, ObjectMeta, ObjectRef, OtherObject,
    Pod, Status, Taint, Telling, Terminated, Waiting,
};
use crate::model::workload::{Service, ServicePort, Workload, WorkloadKind};
use crate::parse::kube::kinds::Target;
use crate::parse::kube_table::{is_age, times};
use crate::parse::rows::Rows;

/// Reads one object, and the events beneath it; the kind it turned out to be.
pub(super) fn read(block: &[Line<'_>], target: &Target, rows: &mut Rows) -> String {
    let meta = meta(block);
    let at = match (block.first(), block.last()) {
        (Some(first), Some(last)) => first.at.to(last.at),
        _ => return String::new(),
    };
    let kind = kind_of(block, target);
    events(block, &kind, &meta, rows);
    match kind.as_str() {
        "Node" => node(block, meta, at, rows),
        "Pod" => rows.pods.push(Box::new(pod(block, meta, at))),
        "Deployment" | "DaemonSet" | "StatefulSet" | "ReplicaSet" => {
            rows.workloads.push(workload(block, &kind, meta, at));
        }
        "Service" => rows.services.push(service(block, meta, at)),
        _ => rows.others.push(OtherObject {
            api_version: value(top(block, "API Version")),
            kind: kind.clone(),
            meta,
            conditions: conditions(block),
            at,
        }),
    }
    kind
}

fn kind_of(block: &[Line<'_>], target: &Target) -> String {
    let named = top(block, "Kind");
    if !named.is_empty() {
        return named.to_owned();
    }
    let signs: &[(&str, &[&str])] = &[
        ("Node", &["Allocatable"]),
        ("Node", &["Roles"]),
        ("DaemonSet", &["Desired Number of Nodes Scheduled"]),
        ("Deployment", &["StrategyType"]),
        ("StatefulSet", &["Replicas", "Update Strategy"]),
        ("ReplicaSet", &["Replicas", "Pods Status"]),
        ("Service", &["Type", "Session Affinity"]),
        ("Pod", &["Containers", "Node"]),
        ("Pod", &["IP", "Status"]),
    ];
    let found = signs.iter().find(|(_, keys)| keys.iter().all(|key| has(block, key)));
    match found {
        Some(found) => found.0.to_owned(),
        None => target.kinds().next().map_or("", |info| info.kind).to_owned(),
    }
}

fn status(text: &str) -> Status {
    match text {
        "True" => Status::True,
        "False" => Status::False,
        _ => Status::Unknown,
    }
}

/// The table of conditions: of nodes with times and messages, of pods with a status only.
fn conditions(block: &[Line<'_>]) -> Vec<Condition> {
    let (names, lines) = table(block, "Conditions");
    let column = |name: &str| names.iter().position(|it| it == name);
    let (heartbeat, transition) = (column("LastHeartbeatTime"), column("LastTransitionTime"));
    let (reason, message) = (column("Reason"), column("Message"));
    if column("Type") != Some(0) {
        return Vec::new();
    }
    lines
        .into_iter()
        .filter_map(|(cells, at)| {
            let cell = |index: Option<usize>| {
                index.and_then(|index| cells.get(index)).map_or("", String::as_str)
            };
            let kind = cell(Some(0));
            (!kind.is_empty()).then(|| Condition {
                kind: kind.into(),
                status: status(cell(Some(1))),
                told: Telling {
                    reason: cell(reason).into(),
                    message: cell(message).into(),
                    heartbeat: time(cell(heartbeat)).into(),
                }
                .into(),
                transition: time(cell(transition)).into(),
                at: at.into(),
            })
        })
        .collect()
}

fn node(block: &[Line<'_>], meta: ObjectMeta, at: Span, rows: &mut Rows) {
    let info = |key: &str| {
        inside(block, "System Info")
            .find(|line| line.key == key)
            .map_or(String::new(), |line| line.value.to_owned())
    };
    if has(block, "Lease") {
        rows.leases.push(lease(block, &meta.name, at));
    }
    rows.nodes.push(Node {
        conditions: conditions(block),
        taints: taints(block),
        addresses: inside(block, "Addresses")
            .filter(|line| line.key == "InternalIP")
            .map(|line| line.value.to_owned())
            .collect(),
        capacity: quantities(block, "Capacity").into_iter().collect(),
        allocatable: quantities(block, "Allocatable").into_iter().collect(),
        unschedulable: top(block, "Unschedulable") == "true",
        provider_id: value(top(block, "ProviderID")),
        pod_cidrs: [top(block, "PodCIDRs"), top(block, "PodCIDR")]
            .into_iter()
            .find(|text| !absent(text))
            .map_or(Vec::new(), |text| text.split(',').map(str::to_owned).collect()),
        kubelet_version: info("Kubelet Version"),
        os_image: info("OS Image"),
        kernel_version: info("Kernel Version"),
        runtime_version: info("Container Runtime Version"),
        operating_system: info("Operating System"),
        boot_id: info("Boot ID"),
        meta,
        at,
    });
}

/// The lease of the node's heartbeat, which the description shows in three lines.
fn lease(block: &[Line<'_>], node: &str, at: Span) -> Lease {
    let mut lease = Lease {
        meta: ObjectMeta {
            name: node.into(),
            namespace: "kube-node-lease".into(),
            ..ObjectMeta::default()
        },
        at,
        ..Lease::default()
    };
    for line in inside(block, "Lease") {
        match line.key {
            "HolderIdentity" => lease.holder = value(line.value),
            "AcquireTime" => lease.acquired = time(line.value),
            "RenewTime" => {
                lease.renewed = time(line.value);
                lease.at = line.at;
            }
            _ => {}
        }
    }
    lease
}

/// `key=value:Effect`, `key:Effect`, the first beside the key and the others beneath.
fn taints(block: &[Line<'_>]) -> Vec<Taint> {
    let first = top(block, "Taints");
    inside(block, "Taints")
        .map(|line| line.text.trim())
        .chain(std::iter::once(first))
        .filter(|text| !absent(text))
        .filter_map(|text| {
            let (label, effect) = text.rsplit_once(':')?;
            let (key, value) = label.split_once('=').unwrap_or((label, ""));
            Some(Taint {
                key: key.to_owned(),
                value: value.to_owned(),
                effect: effect.to_owned(),
                added: None,
            })
        })
        .collect()
}

fn pod(block: &[Line<'_>], meta: ObjectMeta, at: Span) -> Pod {
    let (node, host_ip) = top(block, "Node").split_once('/').unwrap_or((top(block, "Node"), ""));
    // `Terminating (lasts 2d4h)` stands where the phase does.
    let (phase, _) = top(block, "Status").split_once(' ').unwrap_or((top(block, "Status"), ""));
    let terminating = phase == "Terminating";
    let mut containers = containers(block, "Init Containers", true);
    containers.extend(self::containers(block, "Containers", false));
    Pod {
        node: value(node).into(),
        phase: if terminating { "Running".into() } else { value(phase).into() },
        reason: if terminating { phase.into() } else { value(top(block, "Reason")).into() },
        message: value(top(block, "Message")).into(),
        pod_ip: value(top(block, "IP")).into(),
        host_ip: value(host_ip).into(),
        priority_class: value(top(block, "Priority Class Name")).into(),
        service_account: value(top(block, "Service Account")).into(),
        conditions: conditions(block).into(),
        containers: containers.into(),
        start_time: time(top(block, "Start Time")).into(),
        node_selector: top(block, "Node-Selectors").split_once('=').into_iter().collect(),
        claims: inside(block, "Volumes")
            .filter(|line| line.key == "ClaimName")
            .map(|line| line.value.to_owned())
            .collect(),
        meta,
        at,
        ..Pod::default()
    }
}

/// Containers stand two blanks deep, their fields four, the details of a state six.
fn containers(block: &[Line<'_>], section: &str, init: bool) -> Vec<Container> {
    let mut found: Vec<Container> = Vec::new();
    let mut states: Vec<[Detail; 2]> = Vec::new();
    let mut field = "";
    for line in inside(block, section) {
        if line.indent <= 2 {
            let name = line.key.to_owned();
            found.push(Container {
                name: name.into(),
                init,
                at: line.at.into(),
                ..Container::default()
            });
            states.push(Default::default());
            field = "";
            continue;
        }
        let (Some(container), Some([state, last])) = (found.last_mut(), states.last_mut()) else {
            continue;
        };
        container.at = container.at.get().to(line.at).into();
        if line.indent <= 4 {
            field = line.key;
            match field {
                "Image" => container.image = line.value.into(),
                "Ready" => container.ready = line.value == "True",
                "Restart Count" => container.restarts = line.value.parse().unwrap_or(0),
                "Port" | "Ports" => container.ports = ports(line.value).into(),
                "State" => line.value.clone_into(&mut state.kind),
                "Last State" => line.value.clone_into(&mut last.kind),
                _ => {}
            }
            continue;
        }
        match field {
            "State" => state.note(line),
            "Last State" => last.note(line),
            "Limits" | "Requests" => {
                let of =
                    if field == "Limits" { &mut container.limits } else { &mut container.requests };
                if let Some(number) = quantity(line.value) {
                    of.insert(line.key, number);
                }
            }
            _ => {}
        }
    }
    for (container, [state, last]) in found.iter_mut().zip(states) {
        container.state = state.into_state();
        container.last = last.into_state();
    }
    found
}

/// `8080/TCP, 9090/TCP`.
fn ports(text: &str) -> Vec<u16> {
    text.split(',').filter_map(|port| port.trim().split('/').next()?.parse().ok()).collect()
}

/// The lines of one state.
#[derive(Default)]
struct Detail {
    kind: String,
    terminated: Terminated,
}

impl Detail {
    fn note(&mut self, line: &Line<'_>) {
        match line.key {
            "Reason" => self.terminated.reason = value(line.value).into(),
            "Message" => self.terminated.message = value(line.value).into(),
            "Exit Code" => self.terminated.exit_code = line.value.parse().unwrap_or(0),
            "Signal" => self.terminated.signal = line.value.parse().unwrap_or(0),
            "Started" => self.terminated.started = time(line.value),
            "Finished" => self.terminated.finished = time(line.value),
            _ => {}
        }
    }

    fn into_state(self) -> ContainerState {
        match self.kind.as_str() {
            "Waiting" => ContainerState::Waiting(Box::new(Waiting {
                reason: self.terminated.reason,
                message: self.terminated.message,
            })),
            "Running" => ContainerState::Running { started: self.terminated.started.into() },
            "Terminated" => ContainerState::Terminated(Box::new(self.terminated)),
            _ => ContainerState::None,
        }
    }
}

/// The number before a word: `3 desired | 2 updated | 3 total | 2 available | 1 unavailable`.
fn before(text: &str, word: &str) -> Option<u64> {
    let words: Vec<&str> = text.split([' ', '|', '/', ',']).filter(|it| !it.is_empty()).collect();
    let at = words.iter().position(|it| *it == word)?;
    words.get(at.checked_sub(1)?)?.parse().ok()
}

fn workload(block: &[Line<'_>], kind: &str, meta: ObjectMeta, at: Span) -> Workload {
    let replicas = top(block, "Replicas");
    let number = |key: &str| top(block, key).parse::<u64>().ok();
    let running = before(top(block, "Pods Status"), "Running").unwrap_or(0);
    let mut workload = Workload {
        conditions: conditions(block),
        selector: crate::model::kube::LabelSelector {
            labels: pairs(top(block, "Selector")),
            expressions: Vec::new(),
        },
        node_selector: pairs(top(block, "Node-Selector")),
        meta,
        at,
        ..Workload::default()
    };
    match kind {
        "DaemonSet" => {
            workload.kind = WorkloadKind::DaemonSet;
            workload.desired = number("Desired Number of Nodes Scheduled");
            workload.current = number("Current Number of Nodes Scheduled").unwrap_or(0);
            workload.updated =
                number("Number of Nodes Scheduled with Up-to-date Pods").unwrap_or(0);
            workload.available =
                number("Number of Nodes Scheduled with Available Pods").unwrap_or(0);
            workload.ready = workload.available;
        }
        "Deployment" => {
            workload.desired = before(replicas, "desired");
            workload.current = before(replicas, "total").unwrap_or(0);
            workload.updated = before(replicas, "updated").unwrap_or(0);
            workload.available = before(replicas, "available").unwrap_or(0);
            workload.ready = workload.available;
        }
        _ => {
            workload.kind = if kind == "StatefulSet" {
                WorkloadKind::StatefulSet
            } else {
                WorkloadKind::ReplicaSet
            };
            workload.desired = before(replicas, "desired");
            workload.current =
                before(replicas, "total").or_else(|| before(replicas, "current")).unwrap_or(0);
            workload.ready = running;
            workload.available = running;
        }
    }
    workload
}

fn pairs(text: &str) -> Labels {
    text.split(',').filter_map(|pair| pair.trim().split_once('=')).collect()
}

/// `Port: http 80/TCP`, then `TargetPort: 8080/TCP` and `NodePort: http 30080/TCP`.
fn service(block: &[Line<'_>], meta: ObjectMeta, at: Span) -> Service {
    let mut ports: Vec<ServicePort> = Vec::new();
    for line in block.iter().filter(|line| line.indent == 0) {
        let number = |text: &str| -> Option<(u16, String)> {
            let (port, protocol) = text.split_whitespace().last()?.split_once('/')?;
            Some((port.parse().ok()?, protocol.to_owned()))
        };
        match (line.key, ports.last_mut()) {
            ("Port", _) => {
                let name = line.value.split_whitespace().next().unwrap_or("");
                let Some((port, protocol)) = number(line.value) else {
                    continue;
                };
                let name = if name.contains('/') { String::new() } else { value(name) };
                ports.push(ServicePort { name, protocol, port, ..ServicePort::default() });
            }
            ("TargetPort", Some(port)) => {
                line.value.split('/').next().unwrap_or("").clone_into(&mut port.target);
            }
            ("NodePort", Some(port)) => {
                port.node_port = number(line.value).map_or(0, |number| number.0);
            }
            _ => {}
        }
    }
    Service {
        kind: value(top(block, "Type")),
        cluster_ip: value(top(block, "IP")),
        selector: pairs(top(block, "Selector")),
        ports,
        ingress: top(block, "LoadBalancer Ingress")
            .split(',')
            .map(|text| text.split_whitespace().next().unwrap_or("").to_owned())
            .filter(|text| !absent(text))
            .collect(),
        meta,
        at,
    }
}

/// The events beneath: type, reason, age with a count, source, message; old ones print two ages.
fn events(block: &[Line<'_>], kind: &str, meta: &ObjectMeta, rows: &mut Rows) {
    let (names, lines) = table(block, "Events");
    let column = |name: &str| names.iter().position(|it| it == name);
    let (Some(kinds), Some(reasons)) = (column("Type"), column("Reason")) else {
        return;
    };
    let ages = column("Age").or_else(|| column("LastSeen"));
    let (from, message, counts) = (column("From"), column("Message"), column("Count"));
    let mut own = 0usize;
    for (cells, at) in lines {
        let cell = |index: Option<usize>| {
            index.and_then(|index| cells.get(index)).map_or("", String::as_str)
        };
        let warning = cell(Some(kinds));
        if !matches!(warning, "Normal" | "Warning") || !is_age(cell(ages)) && !absent(cell(ages)) {
            // A message of several lines.
            if let Some(event) = rows.events.last_mut().filter(|_| own > 0) {
                if event.message.len() < 4096 {
                    event.message = format!("{}\n{}", event.message, cells.join(" ")).into();
                }
                event.at = event.at.to(at);
            }
            continue;
        }
        let (component, host) = cell(from).split_once(", ").unwrap_or((cell(from), ""));
        own += 1;
        rows.events.push(Box::new(Event {
            namespace: if meta.namespace.is_empty() {
                "default".into()
            } else {
                meta.namespace.clone()
            },
            object: ObjectRef {
                kind: kind.into(),
                namespace: meta.namespace.clone(),
                name: meta.name.clone(),
            },
            reason: cell(Some(reasons)).into(),
            message: cell(message).into(),
            warning: warning == "Warning",
            component: component.into(),
            host: host.into(),
            count: times(cell(ages)).or_else(|| cell(counts).parse().ok()).unwrap_or(1),
            at,
            ..Event::default()
        }));
    }
}
