//! What is counted beside the rows of clients: failures, parts of latency, calls of deprecated APIs,
//! and changes that can be why a cluster went wrong.

use konspect_bundle::Span;

use crate::client::{Names, Resource};
use crate::event::{Component, Event, Verb};
use crate::failure::{Failure, shape_into};
use crate::fold::AuditFold;
use crate::histogram::Histogram;
use crate::rows::{
    CHANGES, ChangeRow, DeprecatedRow, FailureRow, PartRow, Sightings, hash_parts, shorten,
};
use crate::tally::slower;
use crate::timeline::Timeline;

impl AuditFold {
    pub(crate) fn count_failure(
        &mut self,
        event: &Event<'_>,
        kind: Failure,
        name: &str,
        text: &str,
        at: Span,
        fresh: bool,
    ) {
        let shape = &mut self.shape;
        shape_into(if text.is_empty() { &event.reason } else { text }, shape);
        let key = hash_parts(u64::from(event.code) << 8 | kind as u64, &[name, shape]);
        let row = self.failures.table.row(
            key,
            |row| {
                row.kind == kind
                    && row.code == event.code
                    && &*row.name == name
                    && *row.shape == *shape
            },
            || FailureRow {
                hash: key,
                kind,
                code: event.code,
                name: name.into(),
                shape: shape.as_str().into(),
                sightings: Sightings::default(),
                message: Box::default(),
                clients: Names::default(),
                pace: Timeline::default(),
            },
        );
        let Some(row) = row else {
            self.failures.spilled += u64::from(fresh);
            return;
        };
        let time = event.staged.or(event.received).unwrap_or(0);
        if row.sightings.first.is_none_or(|first| (time, at) < first) {
            row.message = shorten(&event.message, 1024).into();
        }
        row.sightings.see(time, at, u64::from(fresh));
        if fresh {
            *row.pace.slot(time) += 1;
            shape.clear();
            shape.extend([&event.user, "\n", &event.agent]);
            row.clients.tick(shape, 1);
        }
    }

    pub(crate) fn count_parts(
        &mut self,
        event: &Event<'_>,
        resource: Resource<'_>,
        at: Span,
        fresh: bool,
    ) {
        for (component, nanos) in Component::ALL.iter().zip(event.components) {
            let Some(nanos) = nanos else { continue };
            let key = resource.hash((*component as u64) << 8 | event.verb as u64);
            let same = |row: &PartRow| {
                (row.component, row.verb) == (*component, event.verb) && resource.is(&row.resource)
            };
            let row = self.parts.table.row(key, same, || PartRow {
                hash: key,
                component: *component,
                verb: event.verb,
                resource: resource.joined().into(),
                count: 0,
                sum: 0,
                slowest: None,
                histogram: Histogram::default(),
            });
            let Some(row) = row else {
                self.parts.spilled += u64::from(fresh);
                continue;
            };
            row.slowest = slower(row.slowest, Some((nanos, at)));
            if fresh {
                row.count += 1;
                row.sum = row.sum.saturating_add(nanos);
                row.histogram.add(nanos / 1000);
            }
        }
    }

    pub(crate) fn count_deprecated(&mut self, event: &Event<'_>, at: Span, fresh: bool) {
        let api = match (&*event.group, &*event.version) {
            ("", version) => format!("{version}/{}", event.resource),
            (group, version) => format!("{group}/{version}/{}", event.resource),
        };
        let parts = [&*event.user, &*event.agent, &*api, &*event.removed_release];
        let key = hash_parts(13, &parts);
        let empty = || DeprecatedRow {
            hash: key,
            key: parts.map(Box::from),
            sightings: Sightings::default(),
        };
        match self.deprecated.table.row(
            key,
            |row| row.key.iter().zip(parts).all(|(left, right)| **left == *right),
            empty,
        ) {
            Some(row) => row.sightings.see(event.staged.unwrap_or(0), at, u64::from(fresh)),
            None => self.deprecated.spilled += u64::from(fresh),
        }
    }

    pub(crate) fn count_change(
        &mut self,
        event: &Event<'_>,
        resource: Resource<'_>,
        at: Span,
        fresh: bool,
    ) {
        let joined = resource.joined();
        let parts = [
            &*event.user,
            &*event.agent,
            &*joined,
            &*event.subresource,
            &*event.namespace,
            &*event.name,
        ];
        let key = hash_parts(event.verb as u64, &parts);
        let empty = || ChangeRow {
            hash: key,
            verb: event.verb,
            key: parts.map(Box::from),
            sightings: Sightings::default(),
        };
        let same = |row: &ChangeRow| {
            row.verb == event.verb
                && row.key.iter().zip(parts).all(|(left, right)| **left == *right)
        };
        match self.changes.table.row(key, same, empty) {
            Some(row) => row.sightings.see(event.staged.unwrap_or(0), at, u64::from(fresh)),
            None => self.changes.spilled += u64::from(fresh),
        }
        if self.changes.table.len() > 2 * CHANGES {
            self.changes.trim(CHANGES);
        }
    }
}

/// Whether a change can be why a cluster went wrong; what controllers do all day cannot.
pub(crate) fn remarkable(event: &Event<'_>) -> bool {
    if !matches!(&*event.subresource, "" | "scale" | "approval") {
        return false;
    }
    let by_hand =
        !event.user.starts_with("system:") || event.user.starts_with("system:serviceaccount:");
    let deletes = matches!(event.verb, Verb::Delete | Verb::DeleteCollection);
    match &*event.resource {
        "networkpolicies"
        | "globalnetworkpolicies"
        | "ciliumnetworkpolicies"
        | "ciliumclusterwidenetworkpolicies"
        | "validatingwebhookconfigurations"
        | "mutatingwebhookconfigurations"
        | "validatingadmissionpolicies"
        | "validatingadmissionpolicybindings"
        | "apiservices"
        | "flowschemas"
        | "prioritylevelconfigurations"
        | "customresourcedefinitions"
        | "storageclasses"
        | "resourcequotas"
        | "poddisruptionbudgets"
        | "clusterroles"
        | "clusterrolebindings" => true,
        "nodes" => by_hand || deletes,
        "namespaces" => by_hand && deletes,
        "deployments" | "daemonsets" | "statefulsets" => by_hand && !from_controller(&event.user),
        "configmaps" | "secrets" | "services" | "serviceaccounts" | "endpoints"
        | "endpointslices" | "pods" | "roles" | "rolebindings" => {
            by_hand && !from_controller(&event.user) && system_namespace(&event.namespace)
        }
        _ => false,
    }
}

/// The service accounts of the controller manager.
fn from_controller(user: &str) -> bool {
    user.strip_prefix("system:serviceaccount:kube-system:")
        .is_some_and(|name| name.ends_with("-controller") || name == "generic-garbage-collector")
}

fn system_namespace(namespace: &str) -> bool {
    matches!(
        namespace,
        "kube-system"
            | "kube-public"
            | "kube-node-lease"
            | "calico-system"
            | "tigera-operator"
            | "gatekeeper-system"
    )
}
