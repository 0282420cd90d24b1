//! Controllers, services, policies and volumes: what stands around pods.

use super::kube::{Condition, Container, LabelSelector, ObjectMeta, ObjectRef};
use super::{Labels, Span, Timestamp};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    #[default]
    Deployment,
    DaemonSet,
    StatefulSet,
    ReplicaSet,
}

impl WorkloadKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::DaemonSet => "DaemonSet",
            Self::StatefulSet => "StatefulSet",
            Self::ReplicaSet => "ReplicaSet",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Workload {
    pub kind: WorkloadKind,
    pub meta: ObjectMeta,
    /// `spec.replicas`, or `desiredNumberScheduled`; absent where the source does not say.
    pub desired: Option<u64>,
    pub current: u64,
    pub ready: u64,
    pub available: u64,
    pub updated: u64,
    pub conditions: Vec<Condition>,
    pub selector: LabelSelector,
    pub template_labels: Labels,
    pub template_containers: Vec<Container>,
    pub node_selector: Labels,
    pub at: Span,
}

impl Workload {
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Job {
    pub meta: ObjectMeta,
    pub active: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub completed: Option<Timestamp>,
    pub ttl_seconds: Option<u64>,
    pub conditions: Vec<Condition>,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CronJob {
    pub meta: ObjectMeta,
    pub suspended: bool,
    pub successful_history: Option<u64>,
    pub failed_history: Option<u64>,
    pub concurrency_policy: String,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    pub meta: ObjectMeta,
    /// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`.
    pub kind: String,
    pub cluster_ip: String,
    pub selector: Labels,
    pub ports: Vec<ServicePort>,
    /// `status.loadBalancer.ingress` addresses and host names.
    pub ingress: Vec<String>,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePort {
    pub name: String,
    pub protocol: String,
    pub port: u16,
    /// A number, or a container port's name.
    pub target: String,
    pub node_port: u16,
}

/// An EndpointSlice, or a legacy Endpoints object in the same shape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointSlice {
    pub meta: ObjectMeta,
    /// The service's name: label `kubernetes.io/service-name`, or the Endpoints' own name.
    pub service: String,
    pub endpoints: Vec<Endpoint>,
    /// Port numbers with their names.
    pub ports: Vec<(String, u16)>,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    pub addresses: Vec<String>,
    pub ready: bool,
    pub node: String,
    pub target: ObjectRef,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkPolicy {
    pub meta: ObjectMeta,
    pub pod_selector: LabelSelector,
    pub ingress_isolated: bool,
    pub egress_isolated: bool,
    pub ingress: Vec<PolicyRule>,
    pub egress: Vec<PolicyRule>,
    pub at: Span,
}

/// One ingress or egress rule: no peers means everybody, no ports means every port.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyRule {
    pub peers: Vec<PolicyPeer>,
    pub ports: Vec<PolicyPort>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyPeer {
    pub pod_selector: Option<LabelSelector>,
    pub namespace_selector: Option<LabelSelector>,
    /// `ipBlock.cidr` and its exceptions.
    pub cidr: String,
    pub except: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyPort {
    /// `TCP` when the policy does not say.
    pub protocol: String,
    /// A number, a name, or empty for every port.
    pub port: String,
    pub end_port: u16,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DisruptionBudget {
    pub meta: ObjectMeta,
    /// As written: a number or a percentage; empty when absent.
    pub min_available: String,
    pub max_unavailable: String,
    pub disruptions_allowed: u64,
    pub current_healthy: u64,
    pub desired_healthy: u64,
    pub expected_pods: u64,
    pub selector: LabelSelector,
    /// False when the source is a table, which lacks the counts.
    pub has_status: bool,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceQuota {
    pub meta: ObjectMeta,
    pub hard: Labels,
    pub used: Labels,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Autoscaler {
    pub meta: ObjectMeta,
    pub target: ObjectRef,
    pub conditions: Vec<Condition>,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PersistentVolumeClaim {
    pub meta: ObjectMeta,
    pub phase: String,
    pub volume: String,
    pub storage_class: String,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PersistentVolume {
    pub meta: ObjectMeta,
    pub phase: String,
    pub claim: ObjectRef,
    pub driver: String,
    pub at: Span,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct VolumeAttachment {
    pub meta: ObjectMeta,
    pub node: String,
    pub volume: String,
    pub attached: bool,
    /// `status.attachError.message`.
    pub attach_error: String,
    pub detach_error: String,
    pub at: Span,
}
