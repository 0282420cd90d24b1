//! The `FlowSchema` and `PriorityLevelConfiguration` that would contain one client.
//!
//! It names the client by what the API server knows of it: a service account or a user, never the
//! user agent, which anybody may claim. It refuses users whom no schema can contain, and components
//! of the cluster itself.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::event::Verb;
use crate::summary::{AuditSummary, ClientSummary, SeriesSummary};

/// The minor version whose API the newest clusters serve.
pub const NEWEST: u32 = 29;

/// Users of the platform, and whoever has the administrator's kubeconfig: they are in `system:masters`,
/// whose requests the schema `exempt` takes before any other.
const EXEMPT: &[&str] = &[
    "masterclient",
    "aksService",
    "hcpService",
    "acsService",
    "aks-support",
    "nodeclient",
    "cloud-controller-manager",
    "cluster-autoscaler",
    "readinessChecker",
];

/// Whether no schema but `exempt` ever takes the user's requests.
pub fn is_exempt(user: &str) -> bool {
    EXEMPT.contains(&user)
}

/// A `FlowSchema` and a `PriorityLevelConfiguration` that would contain the client, for a cluster of
/// Kubernetes 1.`minor`; none for components of the cluster itself, which must not be contained, and
/// for users whom no schema contains.
pub fn containment(client: &ClientSummary, minor: u32) -> Option<String> {
    let (version, shares) = match minor {
        29.. => ("v1", "nominalConcurrencyShares"),
        26..=28 => ("v1beta3", "nominalConcurrencyShares"),
        23..=25 => ("v1beta2", "assuredConcurrencyShares"),
        20..=22 => ("v1beta1", "assuredConcurrencyShares"),
        _ => return None,
    };
    let subject = match client
        .user
        .strip_prefix("system:serviceaccount:")
        .map(|name| name.split_once(':'))
    {
        Some(Some(("kube-system", _)) | None) => return None,
        Some(Some((namespace, name))) => {
            format!(
                "    - kind: ServiceAccount\n      serviceAccount:\n        namespace: {}\n        name: {}\n",
                quote(namespace),
                quote(name)
            )
        }
        None if client.user.starts_with("system:")
            || client.user.is_empty()
            || is_exempt(&client.user) =>
        {
            return None;
        }
        None => format!("    - kind: User\n      user:\n        name: {}\n", quote(&client.user)),
    };
    let rules = rules(client)?;
    Some(format!(
        "apiVersion: flowcontrol.apiserver.k8s.io/{version}\nkind: PriorityLevelConfiguration\nmetadata:\n  name: konspect-contained\nspec:\n  type: Limited\n  limited:\n    {shares}: 5\n    limitResponse:\n      type: Queue\n      queuing:\n        queues: 16\n        handSize: 4\n        queueLengthLimit: 50\n---\napiVersion: flowcontrol.apiserver.k8s.io/{version}\nkind: FlowSchema\nmetadata:\n  name: konspect-contained\nspec:\n  matchingPrecedence: 1000\n  priorityLevelConfiguration:\n    name: konspect-contained\n  distinguisherMethod:\n    type: ByUser\n  rules:\n  - subjects:\n{subject}{rules}"
    ))
}

/// What the client asks most, as rules of a `FlowSchema`: objects, and paths that are no objects.
fn rules(client: &ClientSummary) -> Option<String> {
    let asked = |row: &&SeriesSummary| {
        row.verb != Verb::Other && row.resource != "/other" && row.requests() > 0
    };
    let (paths, worst): (Vec<_>, Vec<_>) =
        client.series.iter().filter(asked).take(8).partition(|row| row.resource.starts_with('/'));
    let list = |items: BTreeSet<String>| {
        items.iter().map(|item| quote(item)).collect::<Vec<_>>().join(", ")
    };
    let verbs = |rows: &[&SeriesSummary]| {
        list(rows.iter().map(|row| row.verb.as_str().to_owned()).collect())
    };
    let split = |resource: &str| {
        resource.rsplit_once('/').map_or((String::new(), resource.to_owned()), |(group, name)| {
            (group.to_owned(), name.to_owned())
        })
    };
    let groups = list(worst.iter().map(|row| split(&row.resource).0).collect());
    let resources = list(
        worst
            .iter()
            .map(|row| {
                let name = split(&row.resource).1;
                if row.subresource.is_empty() {
                    name
                } else {
                    format!("{name}/{}", row.subresource)
                }
            })
            .collect(),
    );
    let mut rules = String::new();
    if !worst.is_empty() {
        let verbs = verbs(&worst);
        let _ = write!(
            rules,
            "    resourceRules:\n    - verbs: [{verbs}]\n      apiGroups: [{groups}]\n      resources: [{resources}]\n      namespaces: [\"*\"]\n      clusterScope: true\n"
        );
    }
    if !paths.is_empty() {
        let (verbs, urls) = (verbs(&paths), list(paths.iter().flat_map(|row| urls(row)).collect()));
        let _ = write!(
            rules,
            "    nonResourceRules:\n    - verbs: [{verbs}]\n      nonResourceURLs: [{urls}]\n"
        );
    }
    (!rules.is_empty()).then_some(rules)
}

/// The URLs that a series of a well-known path stands for.
fn urls(row: &SeriesSummary) -> Vec<String> {
    match row.resource.as_str() {
        "/" => vec!["/".to_owned()],
        "/openid" => vec!["/openid/*".to_owned(), "/.well-known/*".to_owned()],
        path => vec![path.to_owned(), format!("{path}/*")],
    }
}

/// The minor version of the control plane, as its own components name themselves.
pub fn minor(summary: &AuditSummary) -> Option<u32> {
    let versions = summary.clients.iter().filter(|client| client.user.starts_with("system:"));
    versions
        .filter_map(|client| {
            let rest = ["kube-apiserver/v1.", "kube-controller-manager/v1.", "kube-scheduler/v1."]
                .iter()
                .find_map(|name| client.agent.strip_prefix(name))?;
            rest.split(['.', '-', '+', ' ']).next()?.parse().ok()
        })
        .max()
}

/// A JSON string is a YAML string.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Scope;
    use crate::tally::Tally;

    fn storm() -> ClientSummary {
        let lists = SeriesSummary {
            open: 0,
            verb: Verb::List,
            scope: Scope::Cluster,
            resource: "pods".to_owned(),
            subresource: String::new(),
            tally: Box::new(Tally { requests: 40, ..Tally::default() }),
        };
        ClientSummary {
            user: "system:serviceaccount:shop:storm".to_owned(),
            agent: "storm/1".to_owned(),
            series: vec![lists],
            ..ClientSummary::default()
        }
    }

    #[test]
    fn containment_names_the_client_and_spares_the_cluster() {
        let storm = &storm();
        let yaml = containment(storm, 31).unwrap();
        assert!(
            yaml.contains("flowcontrol.apiserver.k8s.io/v1\n")
                && yaml.contains("nominalConcurrencyShares: 5"),
            "{yaml}"
        );
        assert!(
            yaml.contains("namespace: \"shop\"\n        name: \"storm\"")
                && yaml.contains("verbs: [\"list\"]"),
            "{yaml}"
        );
        assert!(yaml.contains("apiGroups: [\"\"]\n      resources: [\"pods\"]"), "{yaml}");
        let mut discovery = storm.clone();
        discovery.series.truncate(1);
        discovery.series[0].verb = Verb::Get;
        discovery.series[0].resource = "/apis".to_owned();
        let yaml = containment(&discovery, 31).unwrap();
        assert!(!yaml.contains("resourceRules:\n    - verbs: [\"list\"]"), "{yaml}");
        assert!(
            yaml.contains("verbs: [\"get\"]\n      nonResourceURLs: [\"/apis\", \"/apis/*\"]"),
            "{yaml}"
        );
        assert!(
            containment(storm, 24).unwrap().contains("v1beta2\nkind: FlowSchema")
                && containment(storm, 19).is_none()
        );
        for user in [
            "system:kube-scheduler",
            "system:node:a",
            "system:serviceaccount:kube-system:job-controller",
            // In system:masters: exempt, whatever a schema says.
            "masterclient",
        ] {
            assert_eq!(
                containment(&ClientSummary { user: user.to_owned(), ..storm.clone() }, 31),
                None,
                "{user}"
            );
        }
    }
}
