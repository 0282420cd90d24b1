//! The shapes of rows: which keys each has, of what type, and how the model fills them.

use std::borrow::Cow;

use super::{Keys, Show, Value, age, time};
use crate::facts::pods::workload_of;
use crate::model::Timestamp;
use crate::model::azure::{AgentPool, ManagedCluster};
use crate::model::kube::{
    ApiService, Condition, ConfigMap, Container, ContainerState, Event, Lease, Namespace, Node,
    NodeUsage, ObjectMeta, OtherObject, Owner, Pod, PodUsage, SecretMeta, Status, Taint, Webhook,
};
use crate::model::workload::{
    Autoscaler, CronJob, DisruptionBudget, Job, NetworkPolicy, PersistentVolume,
    PersistentVolumeClaim, ResourceQuota, Service, ServicePort, VolumeAttachment, Workload,
};

/// The type of a key's value.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Text,
    Int,
    Number,
    Bool,
    Texts,
    Ints,
    TextMap,
    NumberMap,
    /// Rows of their own shape.
    List(&'static [Field]),
}

impl Shape {
    /// The type in words.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Int => "a whole number",
            Self::Number => "a number",
            Self::Bool => "true or false",
            Self::Texts => "a list of texts",
            Self::Ints => "a list of whole numbers",
            Self::TextMap => "a map of texts",
            Self::NumberMap => "a map of numbers",
            Self::List(_) => "a list of rows",
        }
    }
}

/// One key of a row.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub key: &'static str,
    pub shape: Shape,
    /// Null where no source says it; any other key is empty there.
    pub nullable: bool,
}

macro_rules! field {
    ($key:ident : $shape:expr) => {
        Field { key: stringify!($key), shape: $shape, nullable: false }
    };
    ($key:ident ? $shape:expr) => {
        Field { key: stringify!($key), shape: $shape, nullable: true }
    };
}

/// Declares a shape and the function that fills it, from one list, so that no row lacks a key.
macro_rules! shape {
    ($(#[$doc:meta])* $fields:ident, $fill:ident($row:ident: $type:ty, $now:ident) {
        $($key:ident $mark:tt $shape:expr => $value:expr;)*
    }) => {
        $(#[$doc])*
        pub(super) static $fields: &[Field] = &[$(field!($key $mark $shape)),*];

        #[allow(unused_variables, reason = "only some shapes have ages")]
        pub(super) fn $fill<'f>($row: &'f $type, $now: Option<Timestamp>, keys: Keys<'_>) -> Value<'f> {
            let mut entries: Vec<(Cow<'f, str>, Value<'f>)> = Vec::new();
            $(if keys.wants(stringify!($key)) {
                entries.push((Cow::Borrowed(stringify!($key)), Show::show($value)));
            })*
            Value::Map(entries)
        }
    };
    // An object with `metadata`: its keys come first.
    ($(#[$doc:meta])* $fields:ident, $fill:ident($row:ident: $type:ty, $now:ident, meta = $meta:expr) {
        $($key:ident $mark:tt $shape:expr => $value:expr;)*
    }) => {
        shape! {
            $(#[$doc])* $fields, $fill($row: $type, $now) {
                name: Shape::Text => &$meta.name;
                namespace: Shape::Text => &$meta.namespace;
                labels: Shape::TextMap => &$meta.labels;
                annotations: Shape::TextMap => &$meta.annotations;
                created: Shape::Text => time($meta.created.get());
                age_seconds ? Shape::Int => age($meta.created.get(), $now);
                deleting: Shape::Bool => $meta.deletion.is_some();
                deleting_seconds ? Shape::Int => age($meta.deletion.get(), $now);
                finalizers: Shape::Texts => &$meta.finalizers[..];
                owners: Shape::List(OWNER) => owners(&$meta, $now);
                $($key $mark $shape => $value;)*
            }
        }
    };
}

shape! { OWNER, owner(row: Owner, now) {
    kind: Shape::Text => &row.kind;
    name: Shape::Text => &row.name;
}}

shape! { CONDITION, condition(row: Condition, now) {
    type: Shape::Text => &row.kind;
    status: Shape::Text => status(row.status);
    reason: Shape::Text => &row.told.reason;
    message: Shape::Text => &row.told.message;
    since: Shape::Text => time(row.transition.get());
    age_seconds ? Shape::Int => age(row.transition.get(), now);
}}

shape! { TAINT, taint(row: Taint, now) {
    key: Shape::Text => &row.key;
    value: Shape::Text => &row.value;
    effect: Shape::Text => &row.effect;
}}

shape! { CONTAINER, container(row: Container, now) {
    name: Shape::Text => &row.name;
    image: Shape::Text => &row.image;
    init: Shape::Bool => row.init;
    ready: Shape::Bool => row.ready;
    restarts: Shape::Int => row.restarts;
    state: Shape::Text => state(&row.state);
    reason: Shape::Text => reason(&row.state);
    message: Shape::Text => message(&row.state);
    exit_code ? Shape::Int => row.state.terminated().map(|ended| ended.exit_code);
    last_reason: Shape::Text => reason(&row.last);
    last_message: Shape::Text => message(&row.last);
    last_exit_code ? Shape::Int => row.last.terminated().map(|ended| ended.exit_code);
    limits: Shape::NumberMap => &row.limits;
    requests: Shape::NumberMap => &row.requests;
    ports: Shape::Ints => &*row.ports;
}}

shape! { POD, pod(row: Pod, now, meta = row.meta) {
    phase: Shape::Text => &row.phase;
    reason: Shape::Text => &row.reason;
    message: Shape::Text => &row.message;
    node: Shape::Text => &row.node;
    pod_ip: Shape::Text => &row.pod_ip;
    host_ip: Shape::Text => &row.host_ip;
    host_network: Shape::Bool => row.host_network;
    priority_class: Shape::Text => &row.priority_class;
    service_account: Shape::Text => &row.service_account;
    workload: Shape::Text => workload_of(row);
    ready: Shape::Bool => row.ready();
    restarts: Shape::Int => row.restarts();
    containers: Shape::List(CONTAINER) => list(&row.containers, container, now);
    conditions: Shape::List(CONDITION) => list(&row.conditions, condition, now);
    node_selector: Shape::TextMap => &row.node_selector;
    claims: Shape::Texts => &row.claims[..];
}}

shape! { NODE, node(row: Node, now, meta = row.meta) {
    ready ? Shape::Bool => row.ready().map(|ready| ready == Status::True);
    pool: Shape::Text => row.pool().unwrap_or_default();
    conditions: Shape::List(CONDITION) => list(&row.conditions, condition, now);
    taints: Shape::List(TAINT) => list(&row.taints, taint, now);
    addresses: Shape::Texts => &row.addresses;
    capacity: Shape::NumberMap => &row.capacity;
    allocatable: Shape::NumberMap => &row.allocatable;
    unschedulable: Shape::Bool => row.unschedulable;
    provider_id: Shape::Text => &row.provider_id;
    pod_cidrs: Shape::Texts => &row.pod_cidrs;
    kubelet_version: Shape::Text => &row.kubelet_version;
    os_image: Shape::Text => &row.os_image;
    kernel_version: Shape::Text => &row.kernel_version;
    runtime_version: Shape::Text => &row.runtime_version;
    operating_system: Shape::Text => &row.operating_system;
}}

shape! { EVENT, event(row: Event, now) {
    namespace: Shape::Text => &row.namespace;
    kind: Shape::Text => &row.object.kind;
    name: Shape::Text => &row.object.name;
    reason: Shape::Text => &row.reason;
    message: Shape::Text => &row.message;
    warning: Shape::Bool => row.warning;
    component: Shape::Text => &row.component;
    host: Shape::Text => &row.host;
    count: Shape::Int => row.count;
    first: Shape::Text => time(row.first.get());
    last: Shape::Text => time(row.last.get());
    age_seconds ? Shape::Int => age(row.last.get(), now);
}}

shape! { WORKLOAD, workload(row: Workload, now, meta = row.meta) {
    kind: Shape::Text => row.kind.as_str();
    desired ? Shape::Int => row.desired;
    current: Shape::Int => row.current;
    ready: Shape::Int => row.ready;
    available: Shape::Int => row.available;
    updated: Shape::Int => row.updated;
    conditions: Shape::List(CONDITION) => list(&row.conditions, condition, now);
    selector: Shape::TextMap => &row.selector.labels;
    template_labels: Shape::TextMap => &row.template_labels;
    containers: Shape::List(CONTAINER) => list(&row.template_containers, container, now);
    node_selector: Shape::TextMap => &row.node_selector;
}}

shape! { PORT, port(row: ServicePort, now) {
    name: Shape::Text => &row.name;
    protocol: Shape::Text => &row.protocol;
    port: Shape::Int => row.port;
    target: Shape::Text => &row.target;
    node_port: Shape::Int => row.node_port;
}}

shape! { SERVICE, service(row: Service, now, meta = row.meta) {
    type: Shape::Text => &row.kind;
    cluster_ip: Shape::Text => &row.cluster_ip;
    selector: Shape::TextMap => &row.selector;
    ports: Shape::List(PORT) => list(&row.ports, port, now);
    ingress: Shape::Texts => &row.ingress;
}}

shape! { NAMESPACE, namespace(row: Namespace, now, meta = row.meta) {
    phase: Shape::Text => &row.phase;
    conditions: Shape::List(CONDITION) => list(&row.conditions, condition, now);
}}

shape! {
    /// One webhook of a configuration; `metadata` is the configuration's.
    WEBHOOK, webhook(row: Webhook, now) {
    name: Shape::Text => &row.name;
    configuration: Shape::Text => &row.configuration.name;
    labels: Shape::TextMap => &row.configuration.labels;
    annotations: Shape::TextMap => &row.configuration.annotations;
    created: Shape::Text => time(row.configuration.created.get());
    age_seconds ? Shape::Int => age(row.configuration.created.get(), now);
    mutating: Shape::Bool => row.mutating;
    fails_closed: Shape::Bool => row.fails_closed;
    timeout_seconds: Shape::Int => row.timeout_seconds;
    service_namespace: Shape::Text => row.service.as_ref().map_or("", |service| &service.namespace);
    service_name: Shape::Text => row.service.as_ref().map_or("", |service| &service.name);
    url: Shape::Text => &row.url;
    operations: Shape::Texts => texts(row.rules.iter().flat_map(|rule| &rule.operations));
    groups: Shape::Texts => texts(row.rules.iter().flat_map(|rule| &rule.groups));
    resources: Shape::Texts => texts(row.rules.iter().flat_map(|rule| &rule.resources));
    selects_namespaces: Shape::Bool => !row.namespace_selector.is_empty();
    selects_objects: Shape::Bool => !row.object_selector.is_empty();
    has_match_conditions: Shape::Bool => row.has_match_conditions;
}}

shape! { API_SERVICE, api_service(row: ApiService, now, meta = row.meta) {
    service_namespace: Shape::Text => row.service.as_ref().map_or("", |service| &service.namespace);
    service_name: Shape::Text => row.service.as_ref().map_or("", |service| &service.name);
    available ? Shape::Bool => row.available.as_ref().map(|found| found.status == Status::True);
    reason: Shape::Text => row.available.as_ref().map_or("", |found| &found.told.reason);
    message: Shape::Text => row.available.as_ref().map_or("", |found| &found.told.message);
}}

shape! { NETWORK_POLICY, network_policy(row: NetworkPolicy, now, meta = row.meta) {
    pod_labels: Shape::TextMap => &row.pod_selector.labels;
    selects_all_pods: Shape::Bool => row.pod_selector.is_empty();
    ingress_isolated: Shape::Bool => row.ingress_isolated;
    egress_isolated: Shape::Bool => row.egress_isolated;
    ingress_rules: Shape::Int => row.ingress.len();
    egress_rules: Shape::Int => row.egress.len();
}}

shape! { DISRUPTION_BUDGET, disruption_budget(row: DisruptionBudget, now, meta = row.meta) {
    min_available: Shape::Text => &row.min_available;
    max_unavailable: Shape::Text => &row.max_unavailable;
    disruptions_allowed: Shape::Int => row.disruptions_allowed;
    current_healthy: Shape::Int => row.current_healthy;
    desired_healthy: Shape::Int => row.desired_healthy;
    expected_pods: Shape::Int => row.expected_pods;
    selector: Shape::TextMap => &row.selector.labels;
}}

shape! { QUOTA, quota(row: ResourceQuota, now, meta = row.meta) {
    hard: Shape::TextMap => &row.hard;
    used: Shape::TextMap => &row.used;
}}

shape! { LEASE, lease(row: Lease, now, meta = row.meta) {
    holder: Shape::Text => &row.holder;
    renewed: Shape::Text => time(row.renewed);
    renewed_seconds ? Shape::Int => age(row.renewed, now);
    transitions: Shape::Int => row.transitions;
    duration_seconds: Shape::Int => row.duration_seconds;
}}

shape! { JOB, job(row: Job, now, meta = row.meta) {
    active: Shape::Int => row.active;
    succeeded: Shape::Int => row.succeeded;
    failed: Shape::Int => row.failed;
    completed: Shape::Text => time(row.completed);
    ttl_seconds ? Shape::Int => row.ttl_seconds;
    conditions: Shape::List(CONDITION) => list(&row.conditions, condition, now);
}}

shape! { CRON_JOB, cron_job(row: CronJob, now, meta = row.meta) {
    suspended: Shape::Bool => row.suspended;
    successful_history ? Shape::Int => row.successful_history;
    failed_history ? Shape::Int => row.failed_history;
    concurrency_policy: Shape::Text => &row.concurrency_policy;
}}

shape! {
    /// A Secret without its data, which no rule ever sees.
    SECRET, secret(row: SecretMeta, now, meta = row.meta) {
    type: Shape::Text => &row.kind;
    bytes: Shape::Int => row.bytes;
}}

shape! {
    /// A ConfigMap without its values, which may be secret too.
    CONFIG_MAP, config_map(row: ConfigMap, now, meta = row.meta) {
    keys: Shape::Texts => &row.keys;
    bytes: Shape::Int => row.bytes;
}}

shape! { AUTOSCALER, autoscaler(row: Autoscaler, now, meta = row.meta) {
    target_kind: Shape::Text => &row.target.kind;
    target_name: Shape::Text => &row.target.name;
    conditions: Shape::List(CONDITION) => list(&row.conditions, condition, now);
}}

shape! { CLAIM, claim(row: PersistentVolumeClaim, now, meta = row.meta) {
    phase: Shape::Text => &row.phase;
    volume: Shape::Text => &row.volume;
    storage_class: Shape::Text => &row.storage_class;
}}

shape! { VOLUME, volume(row: PersistentVolume, now, meta = row.meta) {
    phase: Shape::Text => &row.phase;
    claim_namespace: Shape::Text => &row.claim.namespace;
    claim_name: Shape::Text => &row.claim.name;
    driver: Shape::Text => &row.driver;
}}

shape! { ATTACHMENT, attachment(row: VolumeAttachment, now, meta = row.meta) {
    node: Shape::Text => &row.node;
    volume: Shape::Text => &row.volume;
    attached: Shape::Bool => row.attached;
    attach_error: Shape::Text => &row.attach_error;
    detach_error: Shape::Text => &row.detach_error;
}}

shape! { CUSTOM, custom(row: OtherObject, now, meta = row.meta) {
    api_version: Shape::Text => &row.api_version;
    kind: Shape::Text => &row.kind;
    conditions: Shape::List(CONDITION) => list(&row.conditions, condition, now);
}}

shape! { NODE_USAGE, node_usage(row: NodeUsage, now) {
    node: Shape::Text => &row.node;
    cpu ? Shape::Number => row.cpu;
    cpu_percent ? Shape::Number => row.cpu_percent;
    memory ? Shape::Number => row.memory;
    memory_percent ? Shape::Number => row.memory_percent;
}}

shape! { POD_USAGE, pod_usage(row: PodUsage, now) {
    namespace: Shape::Text => &row.namespace;
    pod: Shape::Text => &row.pod;
    container: Shape::Text => &row.container;
    cpu ? Shape::Number => row.cpu;
    memory ? Shape::Number => row.memory;
}}

shape! { POOL, pool(row: AgentPool, now) {
    name: Shape::Text => &row.name;
    mode: Shape::Text => &row.mode;
    count: Shape::Int => row.count;
    min_count ? Shape::Int => row.min_count;
    max_count ? Shape::Int => row.max_count;
    autoscaling: Shape::Bool => row.autoscaling;
    vm_size: Shape::Text => &row.vm_size;
    os_disk_type: Shape::Text => &row.os_disk_type;
    os_disk_gib: Shape::Int => row.os_disk_gib;
    os_sku: Shape::Text => &row.os_sku;
    max_pods: Shape::Int => row.max_pods;
    provisioning_state: Shape::Text => &row.provisioning_state;
    power_state: Shape::Text => &row.power_state;
    version: Shape::Text => &row.version;
    node_image: Shape::Text => &row.node_image;
    spot: Shape::Bool => row.spot;
    taints: Shape::Texts => &row.taints;
}}

shape! {
    /// What `az aks show` says.
    CLUSTER, cluster(row: ManagedCluster, now) {
    name: Shape::Text => &row.name;
    resource_group: Shape::Text => &row.resource_group;
    location: Shape::Text => &row.location;
    kubernetes_version: Shape::Text => &row.kubernetes_version;
    provisioning_state: Shape::Text => &row.provisioning_state;
    power_state: Shape::Text => &row.power_state;
    fqdn: Shape::Text => &row.fqdn;
    tier: Shape::Text => &row.tier;
    private_cluster: Shape::Bool => row.private_cluster;
    private_dns_zone: Shape::Text => &row.private_dns_zone;
    vnet_integration: Shape::Bool => row.vnet_integration;
    limits_addresses: Shape::Bool => row.authorized_ip_ranges.is_some();
    network_plugin: Shape::Text => &row.network_plugin;
    network_policy: Shape::Text => &row.network_policy;
    outbound_type: Shape::Text => &row.outbound_type;
    http_proxy: Shape::Text => &row.http_proxy;
    no_proxy: Shape::Texts => &row.no_proxy;
    local_accounts_disabled: Shape::Bool => row.local_accounts_disabled;
    entra_integration: Shape::Bool => row.entra_integration;
    pools: Shape::List(POOL) => list(&row.pools, pool, now);
}}

type Fill<'f, T> = fn(&'f T, Option<Timestamp>, Keys<'_>) -> Value<'f>;

fn list<'f, T>(rows: &'f [T], fill: Fill<'f, T>, now: Option<Timestamp>) -> Value<'f> {
    Value::List(rows.iter().map(|row| fill(row, now, Keys::All)).collect())
}

fn owners(meta: &ObjectMeta, now: Option<Timestamp>) -> Value<'_> {
    list(&meta.owners, owner, now)
}

fn texts<'f>(texts: impl Iterator<Item = &'f String>) -> Value<'f> {
    Value::List(texts.map(Show::show).collect())
}

fn status(status: Status) -> &'static str {
    match status {
        Status::True => "True",
        Status::False => "False",
        Status::Unknown => "Unknown",
    }
}

fn state(state: &ContainerState) -> &'static str {
    match state {
        ContainerState::None => "",
        ContainerState::Waiting(_) => "waiting",
        ContainerState::Running { .. } => "running",
        ContainerState::Terminated(_) => "terminated",
    }
}

fn reason(state: &ContainerState) -> &str {
    match state {
        ContainerState::Waiting(waiting) => &waiting.reason,
        ContainerState::Terminated(ended) => &ended.reason,
        ContainerState::None | ContainerState::Running { .. } => "",
    }
}

fn message(state: &ContainerState) -> &str {
    match state {
        ContainerState::Waiting(waiting) => &waiting.message,
        ContainerState::Terminated(ended) => &ended.message,
        ContainerState::None | ContainerState::Running { .. } => "",
    }
}
