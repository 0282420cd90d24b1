//! Kubernetes objects, cut down to what rules ask of them.

use std::collections::BTreeMap;

pub use super::condition::{Condition, Status, Telling, Told};
use super::{At, Few, Labels, Quantities, Seldom, Span, Text, Timestamp, When};

/// `metadata` of any object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectMeta {
    pub name: Text,
    /// Empty for cluster-scoped objects.
    pub namespace: Text,
    /// The source shows its uid: it is the object itself, not the row of a table.
    pub has_uid: bool,
    pub labels: Labels,
    /// Values over 512 bytes are left out (keys stay, with an empty value).
    pub annotations: Labels,
    pub created: When,
    pub deletion: When,
    pub finalizers: Seldom<String>,
    pub owners: Few<Owner>,
}

impl ObjectMeta {
    /// `namespace/name`, or the name alone for cluster-scoped objects.
    pub fn full_name(&self) -> String {
        if self.namespace.is_empty() {
            self.name.to_string()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }

    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(Text::as_str)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    pub kind: Text,
    pub name: Text,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    pub meta: ObjectMeta,
    pub conditions: Vec<Condition>,
    pub taints: Vec<Taint>,
    /// `InternalIP` addresses, in order.
    pub addresses: Vec<String>,
    /// Quantities as numbers: cores, bytes, counts.
    pub capacity: Quantities,
    pub allocatable: Quantities,
    pub unschedulable: bool,
    pub provider_id: String,
    pub pod_cidrs: Vec<String>,
    pub kubelet_version: String,
    pub os_image: String,
    pub kernel_version: String,
    pub runtime_version: String,
    /// `linux` or `windows`.
    pub operating_system: String,
    pub boot_id: String,
    pub at: Span,
}

impl Node {
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// The `Ready` condition's status; `None` when the source did not show it.
    pub fn ready(&self) -> Option<Status> {
        self.condition("Ready").map(|condition| condition.status)
    }

    /// The agent pool: AKS' label, else the part of an AKS node name between `aks-` and the number.
    pub fn pool(&self) -> Option<&str> {
        self.meta
            .label("kubernetes.azure.com/agentpool")
            .or_else(|| self.meta.label("agentpool"))
            .or_else(|| {
                let rest = self
                    .meta
                    .name
                    .strip_prefix("aks-")
                    .or_else(|| self.meta.name.strip_prefix("akswin"))?;
                rest.split('-').next()
            })
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taint {
    pub key: String,
    pub value: String,
    pub effect: String,
    pub added: Option<Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pod {
    pub meta: ObjectMeta,
    /// Empty while not scheduled.
    pub node: Text,
    pub phase: Text,
    /// `status.reason`, such as `Evicted`.
    pub reason: Text,
    pub message: Text,
    pub pod_ip: Text,
    pub host_ip: Text,
    pub host_network: bool,
    pub priority_class: Text,
    pub service_account: Text,
    pub conditions: Box<[Condition]>,
    /// Init containers first, then containers, in the order of the spec.
    pub containers: Box<[Container]>,
    pub start_time: When,
    pub node_selector: Labels,
    /// Names of the PersistentVolumeClaims it mounts.
    pub claims: Seldom<String>,
    pub at: Span,
}

impl Pod {
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// True when the pod runs and all its containers are ready.
    pub fn ready(&self) -> bool {
        match self.condition("Ready") {
            Some(condition) => condition.status == Status::True,
            None => {
                self.phase == "Running"
                    && self
                        .containers
                        .iter()
                        .filter(|container| !container.init)
                        .all(|container| container.ready)
            }
        }
    }

    /// True when it ended on purpose: a finished job's pod.
    pub fn succeeded(&self) -> bool {
        self.phase == "Succeeded"
    }

    pub fn restarts(&self) -> u64 {
        self.containers.iter().map(|container| container.restarts).sum()
    }
}

/// A container's spec and status in one row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Container {
    pub name: Text,
    pub image: Text,
    pub init: bool,
    pub ready: bool,
    pub restarts: u64,
    pub state: ContainerState,
    /// `lastState`.
    pub last: ContainerState,
    /// `resources.limits` and `.requests`: cores and bytes.
    pub limits: Quantities,
    pub requests: Quantities,
    /// `containerPort`s.
    pub ports: Few<u16>,
    /// The container status entry, or the pod when it has none.
    pub at: At,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum ContainerState {
    #[default]
    None,
    Waiting(Box<Waiting>),
    Running {
        started: When,
    },
    Terminated(Box<Terminated>),
}

impl ContainerState {
    pub fn waiting_reason(&self) -> Option<&str> {
        match self {
            Self::Waiting(waiting) => Some(&waiting.reason),
            _ => None,
        }
    }

    pub fn terminated(&self) -> Option<&Terminated> {
        match self {
            Self::Terminated(terminated) => Some(terminated),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waiting {
    pub reason: Text,
    pub message: Text,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terminated {
    pub reason: Text,
    pub message: Text,
    pub exit_code: i64,
    pub signal: i64,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
}

/// An event of either API (`core/v1`, `events.k8s.io/v1`), or a row of a table or of `describe`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    pub namespace: Text,
    pub object: ObjectRef,
    pub reason: Text,
    pub message: Text,
    /// True for `Warning`.
    pub warning: bool,
    /// `source.component` or `reportingController`.
    pub component: Text,
    /// `source.host` or `reportingInstance`.
    pub host: Text,
    pub count: u64,
    pub first: When,
    /// `series.lastObservedTime`, `lastTimestamp`, `eventTime`, `creationTimestamp`: the first there is.
    pub last: When,
    /// When the API server stored it, where the source shows its metadata.
    pub created: When,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    pub kind: Text,
    pub namespace: Text,
    pub name: Text,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Namespace {
    pub meta: ObjectMeta,
    pub phase: String,
    pub conditions: Vec<Condition>,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lease {
    pub meta: ObjectMeta,
    pub holder: String,
    pub renewed: Option<Timestamp>,
    pub acquired: Option<Timestamp>,
    pub transitions: u64,
    pub duration_seconds: u64,
    pub at: Span,
}

/// A Secret without its data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecretMeta {
    pub meta: ObjectMeta,
    /// `type`, such as `helm.sh/release.v1`.
    pub kind: String,
    /// Bytes of its values where the source tells them (`<removed N bytes>`, sizes), else 0.
    pub bytes: u64,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigMap {
    pub meta: ObjectMeta,
    pub keys: Vec<String>,
    /// Values, only in `kube-system` and only up to 64 KiB each; those of other namespaces are never kept.
    pub data: BTreeMap<String, String>,
    /// Bytes of its values, also where the source says only `<removed N bytes>`.
    pub bytes: u64,
    pub at: Span,
}

/// A webhook of a Validating- or MutatingWebhookConfiguration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Webhook {
    /// The configuration's `metadata`.
    pub configuration: ObjectMeta,
    pub mutating: bool,
    pub name: String,
    /// `failurePolicy`: true for `Fail` (also the default of v1).
    pub fails_closed: bool,
    pub timeout_seconds: u64,
    pub service: Option<ServiceRef>,
    pub url: String,
    /// Base64 of PEM, as it stands.
    pub ca_bundle: String,
    pub rules: Vec<WebhookRule>,
    pub namespace_selector: LabelSelector,
    pub object_selector: LabelSelector,
    pub has_match_conditions: bool,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceRef {
    pub namespace: String,
    pub name: String,
    pub port: u16,
    pub path: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookRule {
    pub operations: Vec<String>,
    pub groups: Vec<String>,
    pub resources: Vec<String>,
}

/// A label selector; empty matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    pub labels: Labels,
    pub expressions: Vec<SelectorExpression>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectorExpression {
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`.
    pub operator: String,
    pub values: Vec<String>,
}

impl LabelSelector {
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.expressions.is_empty()
    }

    pub fn matches(&self, labels: &Labels) -> bool {
        self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.expressions.iter().all(|expression| {
                let value = labels.get(&expression.key);
                match expression.operator.as_str() {
                    "In" => {
                        value.is_some_and(|value| expression.values.iter().any(|one| value == one))
                    }
                    "NotIn" => {
                        value.is_none_or(|value| expression.values.iter().all(|one| value != one))
                    }
                    "Exists" => value.is_some(),
                    "DoesNotExist" => value.is_none(),
                    _ => false,
                }
            })
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiService {
    pub meta: ObjectMeta,
    /// Absent for APIs that the API server serves itself.
    pub service: Option<ServiceRef>,
    pub available: Option<Condition>,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlowSchema {
    pub meta: ObjectMeta,
    pub priority_level: String,
    pub precedence: i64,
    /// Names of the subjects it matches (users, groups, `namespace/serviceaccount`).
    pub subjects: Vec<String>,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriorityLevel {
    pub meta: ObjectMeta,
    /// `Limited` or `Exempt`.
    pub kind: String,
    /// `nominalConcurrencyShares` or `assuredConcurrencyShares`.
    pub shares: i64,
    /// `Queue` or `Reject`.
    pub limit_response: String,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CertificateSigningRequest {
    pub meta: ObjectMeta,
    pub signer: String,
    pub username: String,
    pub conditions: Vec<Condition>,
    pub at: Span,
}

/// An object of a kind without a row type of its own, or any object when only its metadata is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OtherObject {
    pub api_version: String,
    pub kind: String,
    pub meta: ObjectMeta,
    pub conditions: Vec<Condition>,
    pub at: Span,
}

/// How many objects of one type a source says there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectCount {
    /// `plural.group`, or the plural alone for the core group.
    pub resource: String,
    pub count: u64,
    /// True when more remained (`remainingItemCount` was added, or a page was cut).
    pub lower_bound: bool,
    pub at: Span,
}

/// `/version` or `kubectl version -o json`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiVersion {
    /// `gitVersion` of the server, empty when the server did not answer.
    pub server: String,
    pub client: String,
    pub at: Span,
}

/// One line of `/readyz?verbose`, `/livez?verbose` or `/healthz?verbose`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HealthCheck {
    pub name: String,
    pub ok: bool,
    pub text: String,
    pub at: Span,
}

/// A row of `kubectl top nodes`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeUsage {
    pub node: String,
    /// Cores and bytes; absent where the table says `<unknown>`.
    pub cpu: Option<f64>,
    pub cpu_percent: Option<f64>,
    pub memory: Option<f64>,
    pub memory_percent: Option<f64>,
    pub at: Span,
}

/// A row of `kubectl top pods` (of one container with `--containers`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodUsage {
    pub namespace: String,
    pub pod: String,
    pub container: String,
    pub cpu: Option<f64>,
    pub memory: Option<f64>,
    pub at: Span,
}
