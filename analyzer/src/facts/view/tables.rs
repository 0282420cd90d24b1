//! The tables that a user's rule can go through.

use konspect_bundle::Span;

use super::shapes::{self as shape, Field};
use super::{Row, Rows};
use crate::facts::{Events, Facts, Listing, Missing, Nodes, Pods, Services};
use crate::finding::{Scope, Subject};
use crate::model::kube::ObjectMeta;
use crate::parse::TableKind;

/// A table by the name that rules give it.
pub struct Table {
    /// `pods`, as `for_each` names it.
    pub name: &'static str,
    /// `pod`, as expressions name one row.
    pub variable: &'static str,
    pub needs: TableKind,
    pub fields: &'static [Field],
    pub rows: for<'f> fn(&'f Facts) -> Result<Rows<'f>, Missing>,
}

/// The table of a name.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// What a table's row is about, and where in the cluster.
fn object(kind: &str, meta: &ObjectMeta) -> (Subject, Scope) {
    let subject = Subject::new(kind, &meta.namespace, &meta.name);
    let scope = if meta.namespace.is_empty() {
        Scope::Cluster
    } else {
        Scope::Object { namespace: meta.namespace.to_string(), name: meta.name.to_string() }
    };
    (subject, scope)
}

fn on_node(node: &str) -> Scope {
    if node.is_empty() { Scope::Cluster } else { Scope::Nodes([node.to_owned()].into()) }
}

fn in_namespace(namespace: &str) -> Scope {
    if namespace.is_empty() { Scope::Cluster } else { Scope::Namespace(namespace.to_owned()) }
}

/// Whether a table shows every row that there was.
trait Whole {
    fn whole(&self) -> bool;
}

impl Whole for Pods {
    fn whole(&self) -> bool {
        self.complete
    }
}

impl Whole for Nodes {
    fn whole(&self) -> bool {
        self.complete
    }
}

impl<T> Whole for Listing<T> {
    fn whole(&self) -> bool {
        self.complete
    }
}

impl Whole for Services {
    fn whole(&self) -> bool {
        true
    }
}

/// Events are gone after an hour, so their absence clears nothing.
impl Whole for Events {
    fn whole(&self) -> bool {
        false
    }
}

macro_rules! tables {
    ($($name:literal as $variable:literal needs $kind:ident, $fields:ident, $fill:ident,
        $facts:ident |$row:ident| $about:expr;)*) => {
        pub static TABLES: &[Table] = &[$(Table {
            name: $name,
            variable: $variable,
            needs: TableKind::$kind,
            fields: shape::$fields,
            rows: |facts| {
                let now = facts.context.now;
                let table = facts.$facts.get()?;
                let rows = table.iter().map(|$row| {
                    let at: Span = $row.at;
                    let (subject, scope) = $about;
                    Row { at, subject, scope, fill: Box::new(move |keys| shape::$fill($row, now, keys)) }
                });
                Ok(Rows { rows: rows.collect(), at: table.at(), complete: table.whole() })
            },
        }),*];
    };
}

tables! {
    "pods" as "pod" needs Pods, POD, pod, pods
        |row| object("Pod", &row.meta);
    "nodes" as "node" needs Nodes, NODE, node, nodes
        |row| (Subject::node(&row.meta.name), on_node(&row.meta.name));
    "events" as "event" needs Events, EVENT, event, events
        |row| (
            Subject::new(&row.object.kind, &row.object.namespace, &row.object.name),
            if row.object.kind == "Node" {
                on_node(&row.object.name)
            } else {
                in_namespace(&row.object.namespace)
            },
        );
    "workloads" as "workload" needs Workloads, WORKLOAD, workload, workloads
        |row| object(row.kind.as_str(), &row.meta);
    "services" as "service" needs Services, SERVICE, service, services
        |row| object("Service", &row.meta);
    "namespaces" as "space" needs Namespaces, NAMESPACE, namespace, namespaces
        |row| (Subject::new("Namespace", "", &row.meta.name), in_namespace(&row.meta.name));
    "webhooks" as "webhook" needs Webhooks, WEBHOOK, webhook, webhooks
        |row| (
            Subject::new(
                if row.mutating { "MutatingWebhookConfiguration" } else { "ValidatingWebhookConfiguration" },
                "",
                &row.configuration.name,
            ),
            Scope::Cluster,
        );
    "api_services" as "api_service" needs ApiServices, API_SERVICE, api_service, api_services
        |row| object("APIService", &row.meta);
    "network_policies" as "network_policy" needs NetworkPolicies, NETWORK_POLICY, network_policy,
        network_policies
        |row| object("NetworkPolicy", &row.meta);
    "disruption_budgets" as "disruption_budget" needs DisruptionBudgets, DISRUPTION_BUDGET, disruption_budget,
        disruption_budgets
        |row| object("PodDisruptionBudget", &row.meta);
    "quotas" as "quota" needs Quotas, QUOTA, quota, quotas
        |row| object("ResourceQuota", &row.meta);
    "leases" as "lease" needs Leases, LEASE, lease, leases
        |row| object("Lease", &row.meta);
    "jobs" as "job" needs Jobs, JOB, job, jobs
        |row| object("Job", &row.meta);
    "cron_jobs" as "cron_job" needs Jobs, CRON_JOB, cron_job, cron_jobs
        |row| object("CronJob", &row.meta);
    "secrets" as "secret" needs SecretsMetadata, SECRET, secret, secrets
        |row| object("Secret", &row.meta);
    "config_maps" as "config_map" needs ConfigMaps, CONFIG_MAP, config_map, config_maps
        |row| object("ConfigMap", &row.meta);
    "autoscalers" as "autoscaler" needs Autoscalers, AUTOSCALER, autoscaler, autoscalers
        |row| object("HorizontalPodAutoscaler", &row.meta);
    "claims" as "claim" needs Volumes, CLAIM, claim, claims
        |row| object("PersistentVolumeClaim", &row.meta);
    "volumes" as "volume" needs Volumes, VOLUME, volume, volumes
        |row| object("PersistentVolume", &row.meta);
    "attachments" as "attachment" needs Volumes, ATTACHMENT, attachment, attachments
        |row| { let (subject, _) = object("VolumeAttachment", &row.meta); (subject, on_node(&row.node)) };
    "custom_objects" as "custom_object" needs CustomResources, CUSTOM, custom, others
        |row| object(&row.kind, &row.meta);
    "node_usage" as "usage" needs Top, NODE_USAGE, node_usage, node_usage
        |row| (Subject::node(&row.node), on_node(&row.node));
    "pod_usage" as "usage" needs Top, POD_USAGE, pod_usage, pod_usage
        |row| (
            Subject::new("Pod", &row.namespace, &row.pod),
            Scope::Object { namespace: row.namespace.clone(), name: row.pod.clone() },
        );
    "clusters" as "cluster" needs AzureCluster, CLUSTER, cluster, clusters
        |row| (Subject::cluster(&row.name), Scope::Cluster);
}
