//! The kinds that fill tables of their own, and what a command or a file name says about the kind
//! and the extent of a list.

use crate::parse::rows::TableKind;

/// A kind of the API: its names and the table it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KindInfo {
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    /// Empty for the core group.
    pub(crate) group: &'static str,
    pub(crate) short: &'static [&'static str],
    pub(crate) table: TableKind,
    /// True when its table holds several resources, so that coverage must name this one.
    pub(crate) shared: bool,
    pub(crate) namespaced: bool,
}

impl KindInfo {
    /// `plural.group`, or the plural alone for the core group.
    pub(crate) fn resource(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// The name that coverage uses: empty when the table holds nothing else.
    pub(crate) fn covered(&self) -> &'static str {
        if self.shared { self.plural } else { "" }
    }
}

macro_rules! kinds {
    ($($kind:literal $plural:literal $group:literal [$($short:literal),*] $table:ident $shared:literal $namespaced:literal;)*) => {
        &[$(KindInfo {
            kind: $kind,
            plural: $plural,
            group: $group,
            short: &[$($short),*],
            table: TableKind::$table,
            shared: $shared,
            namespaced: $namespaced,
        }),*]
    };
}

/// Every kind that has a table. Two groups may hold one kind: events do.
pub(crate) const KINDS: &[KindInfo] = kinds! {
    "Node" "nodes" "" ["no"] Nodes false false;
    "Pod" "pods" "" ["po"] Pods false true;
    "Event" "events" "" ["ev"] Events false true;
    "Deployment" "deployments" "apps" ["deploy"] Workloads true true;
    "DaemonSet" "daemonsets" "apps" ["ds"] Workloads true true;
    "StatefulSet" "statefulsets" "apps" ["sts"] Workloads true true;
    "ReplicaSet" "replicasets" "apps" ["rs"] Workloads true true;
    "Service" "services" "" ["svc"] Services false true;
    "EndpointSlice" "endpointslices" "discovery.k8s.io" [] Endpoints true true;
    "Endpoints" "endpoints" "" ["ep"] Endpoints true true;
    "ValidatingWebhookConfiguration" "validatingwebhookconfigurations" "admissionregistration.k8s.io" [] Webhooks true false;
    "MutatingWebhookConfiguration" "mutatingwebhookconfigurations" "admissionregistration.k8s.io" [] Webhooks true false;
    "APIService" "apiservices" "apiregistration.k8s.io" [] ApiServices false false;
    "FlowSchema" "flowschemas" "flowcontrol.apiserver.k8s.io" [] FlowControl true false;
    "PriorityLevelConfiguration" "prioritylevelconfigurations" "flowcontrol.apiserver.k8s.io" [] FlowControl true false;
    "NetworkPolicy" "networkpolicies" "networking.k8s.io" ["netpol"] NetworkPolicies false true;
    "PodDisruptionBudget" "poddisruptionbudgets" "policy" ["pdb"] DisruptionBudgets false true;
    "ResourceQuota" "resourcequotas" "" ["quota"] Quotas true true;
    "LimitRange" "limitranges" "" ["limits"] Quotas true true;
    "Lease" "leases" "coordination.k8s.io" [] Leases false true;
    "Namespace" "namespaces" "" ["ns"] Namespaces false false;
    "Job" "jobs" "batch" [] Jobs true true;
    "CronJob" "cronjobs" "batch" ["cj"] Jobs true true;
    "Secret" "secrets" "" [] SecretsMetadata false true;
    "ConfigMap" "configmaps" "" ["cm"] ConfigMaps false true;
    "HorizontalPodAutoscaler" "horizontalpodautoscalers" "autoscaling" ["hpa"] Autoscalers false true;
    "PersistentVolumeClaim" "persistentvolumeclaims" "" ["pvc"] Volumes true true;
    "PersistentVolume" "persistentvolumes" "" ["pv"] Volumes true false;
    "VolumeAttachment" "volumeattachments" "storage.k8s.io" [] Volumes true false;
    "CertificateSigningRequest" "certificatesigningrequests" "certificates.k8s.io" ["csr"] CertificateRequests false false;
    "NodeMetrics" "nodes" "metrics.k8s.io" [] Top true false;
    "PodMetrics" "pods" "metrics.k8s.io" [] Top true true;
    "CustomResourceDefinition" "customresourcedefinitions" "apiextensions.k8s.io" ["crd", "crds"] CustomResources true false;
    "ServiceAccount" "serviceaccounts" "" ["sa"] CustomResources true true;
    "Ingress" "ingresses" "networking.k8s.io" ["ing"] CustomResources true true;
    "StorageClass" "storageclasses" "storage.k8s.io" ["sc"] CustomResources true false;
    "ClusterRole" "clusterroles" "rbac.authorization.k8s.io" [] CustomResources true false;
    "ClusterRoleBinding" "clusterrolebindings" "rbac.authorization.k8s.io" [] CustomResources true false;
    "ReplicationController" "replicationcontrollers" "" ["rc"] CustomResources true true;
    "PriorityClass" "priorityclasses" "scheduling.k8s.io" ["pc"] CustomResources true false;
};

/// The kind of this name; custom kinds of the same name in a foreign group have no table.
pub(crate) fn by_kind(api_version: &str, kind: &str) -> Option<&'static KindInfo> {
    let info = KINDS.iter().find(|info| info.kind == kind)?;
    let group = group_of(api_version);
    let foreign = group.contains('.') && !group.ends_with(".k8s.io") && info.group != group;
    (!foreign).then_some(info)
}

/// The kind of a resource word as commands take it: `po`, `pods`, `pod`, `deployments.apps`,
/// `daemonsets.v1.apps`; case does not matter.
pub(crate) fn by_word(word: &str) -> Option<&'static KindInfo> {
    let word = word.to_ascii_lowercase();
    let (name, group) = word.split_once('.').unwrap_or((&word, ""));
    KINDS.iter().find(|info| {
        (info.plural == name || info.kind.eq_ignore_ascii_case(name) || info.short.contains(&name))
            && (group.is_empty() && info.table != TableKind::Top || in_group(info, group))
    })
}

/// `apps`, `v1.apps`; both APIs of events hold one kind.
fn in_group(info: &KindInfo, group: &str) -> bool {
    if info.group.is_empty() {
        return group == "v1" || info.kind == "Event" && group.ends_with("events.k8s.io");
    }
    group.strip_suffix(info.group).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The group of `group/version`; empty for the core group.
pub(crate) fn group_of(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}

/// `plural.group` of any kind. Plurals of custom kinds follow the rules that almost all of them do.
pub(crate) fn resource_of(api_version: &str, kind: &str) -> String {
    if let Some(info) = by_kind(api_version, kind) {
        return info.resource();
    }
    let lower = kind.to_ascii_lowercase();
    let plural = if lower.ends_with(['s', 'x']) || lower.ends_with("ch") || lower.ends_with("sh") {
        format!("{lower}es")
    } else if let Some(stem) = lower.strip_suffix('y')
        && !stem.ends_with(['a', 'e', 'i', 'o', 'u'])
    {
        format!("{stem}ies")
    } else {
        format!("{lower}s")
    };
    match group_of(api_version) {
        "" => plural,
        group => format!("{plural}.{group}"),
    }
}

/// What a command, or failing that a file's name, says of the list it gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// Resource words in lower case, as written: `networkpolicies`, `certificates.cert-manager.io`.
    pub(crate) resources: Vec<String>,
    /// Empty for all namespaces.
    pub(crate) namespace: String,
    /// A selector, names or a limit leave objects out.
    pub(crate) partial: bool,
    /// A command says so, not only a name.
    pub(crate) certain: bool,
}

impl Target {
    /// Reads the command when there is one, else the words of the path.
    pub(crate) fn of(command: &str, path: &str) -> Self {
        Self::of_command(command).unwrap_or_else(|| Self::of_path(path))
    }

    /// The kinds that have tables.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static KindInfo> {
        self.resources.iter().filter_map(|word| by_word(word))
    }

    /// `None` when it is no `kubectl get`, `describe` or raw request.
    pub(crate) fn of_command(command: &str) -> Option<Self> {
        let mut words = command.split_whitespace().map(|word| word.trim_matches(['\'', '"']));
        let mut target = Self { certain: true, ..Self::default() };
        let (mut verb, mut names, mut everywhere) = ("", 0, false);
        while let Some(word) = words.next() {
            if let Some((flag, value)) = flag(word) {
                let value = match value {
                    Some(value) => value,
                    None if takes_value(flag) => words.next().unwrap_or(""),
                    None => "",
                };
                match flag {
                    "-n" | "--namespace" => value.clone_into(&mut target.namespace),
                    "-A" | "--all-namespaces" => everywhere = value != "false",
                    "-l" | "--selector" | "--field-selector" | "--limit" => target.partial = true,
                    "--raw" => return Self::of_url(value),
                    _ => {}
                }
                continue;
            }
            match verb {
                "" => {
                    if matches!(word, "get" | "describe" | "top") {
                        verb = word;
                    } else if word == "|" {
                        return None;
                    }
                }
                _ if matches!(word, "|" | ">" | "2>" | ";" | "&&" | "2>&1") => break,
                _ if target.resources.is_empty() => {
                    for resource in word.split(',') {
                        let (resource, name) = resource.split_once('/').unwrap_or((resource, ""));
                        target.resources.push(resource.to_ascii_lowercase());
                        names += usize::from(!name.is_empty());
                    }
                }
                _ => names += 1,
            }
        }
        if target.resources.is_empty() {
            return None;
        }
        target.partial |= names > 0;
        if everywhere {
            target.namespace.clear();
        } else if target.namespace.is_empty() && target.kinds().any(|info| info.namespaced) {
            "default".clone_into(&mut target.namespace);
        }
        Some(target)
    }

    /// The path of an API request: `/apis/apps/v1/namespaces/x/deployments?limit=500`.
    fn of_url(url: &str) -> Option<Self> {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (group, rest) = match parts.as_slice() {
            ["api", _, rest @ ..] => ("", rest),
            ["apis", group, _, rest @ ..] => (*group, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
            _ => ("", rest),
        };
        let (resource, names) = rest.split_first()?;
        Some(Self {
            resources: vec![if group.is_empty() {
                (*resource).to_owned()
            } else {
                format!("{resource}.{group}")
            }],
            namespace: namespace.to_owned(),
            partial: !names.is_empty() || query.contains("elector="),
            certain: true,
        })
    }

    /// The words of the file's name, then those of its folders. A folder beside a resource's name may
    /// be a namespace: only well-known layouts are believed.
    fn of_path(path: &str) -> Self {
        let mut parts: Vec<&str> = path.split(['/', '\\']).collect();
        let stem = parts.pop().unwrap_or("");
        let stem =
            stem.split_once(".json").or_else(|| stem.split_once(".y")).map_or(stem, |it| it.0);
        let stem = stem.strip_suffix(".txt").unwrap_or(stem);
        let resources = resource_words(stem);
        let folder = parts.last().copied().unwrap_or("");
        let mut target = Self { resources, ..Self::default() };
        if let Some(position) = parts.iter().position(|part| *part == "namespaces") {
            if let Some(namespace) = parts.get(position + 1) {
                (*namespace).clone_into(&mut target.namespace);
            }
        } else if well_known_namespace(folder) {
            folder.clone_into(&mut target.namespace);
        } else if let Some((_, rest)) = stem.split_once("--namespace_") {
            let namespace = rest.split('_').next().unwrap_or("");
            namespace.clone_into(&mut target.namespace);
        }
        let is_plural = |word: &str| by_word(word).is_some_and(|info| info.plural == word);
        if is_plural(folder) && !is_plural(stem) {
            target.resources = vec![folder.to_owned()];
            if target.namespace.is_empty() && !stem.is_empty() {
                stem.clone_into(&mut target.namespace);
            }
        }
        target
    }
}

fn flag(word: &str) -> Option<(&str, Option<&str>)> {
    if !word.starts_with('-') || word == "-" {
        return None;
    }
    match word.split_once('=') {
        Some((flag, value)) => Some((flag, Some(value))),
        None if word.starts_with("-n") && word.len() > 2 && !word.starts_with("--") => {
            Some(("-n", word.get(2..)))
        }
        None if word.starts_with("-o") && word.len() > 2 => Some(("-o", word.get(2..))),
        None => Some((word, None)),
    }
}

fn takes_value(flag: &str) -> bool {
    matches!(
        flag,
        "-n" | "--namespace"
            | "-l"
            | "--selector"
            | "--field-selector"
            | "-o"
            | "--output"
            | "-L"
            | "--label-columns"
            | "--context"
            | "--cluster"
            | "--user"
            | "--kubeconfig"
            | "-s"
            | "--server"
            | "--token"
            | "--request-timeout"
            | "--sort-by"
            | "--template"
            | "--raw"
            | "--limit"
            | "--chunk-size"
            | "-f"
            | "--as"
            | "--as-group"
            | "-v"
    )
}

fn well_known_namespace(folder: &str) -> bool {
    folder == "default"
        || folder.starts_with("kube-") && folder != "kube-objects"
        || folder.ends_with("-system")
}

/// Resource words in a name: whole names first (`networkpolicies.networking.k8s.io`), then its words.
fn resource_words(stem: &str) -> Vec<String> {
    if by_word(stem).is_some() {
        return vec![stem.to_ascii_lowercase()];
    }
    let mut found: Vec<String> = Vec::new();
    for word in stem.split(|character: char| !character.is_ascii_alphanumeric()) {
        // Two letters are too little to trust: `po`, `ns` and the like must be the whole name.
        if word.len() > 2 && by_word(word).is_some() {
            let word = word.to_ascii_lowercase();
            if !found.contains(&word) {
                found.push(word);
            }
        }
    }
    found.truncate(1);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_tell_resource_and_extent() {
        let target = Target::of("kubectl get networkpolicies -A -o json", "x.json");
        assert_eq!(
            (target.resources, target.namespace.as_str()),
            (vec!["networkpolicies".into()], "")
        );
        let target = Target::of("kubectl --context prod -n web get po,svc -ojson", "");
        assert_eq!((target.resources.len(), target.namespace.as_str()), (2, "web"));
        assert!(Target::of("kubectl get pods -l app=x -A", "").partial);
        assert!(Target::of("kubectl get node aks-1 -o json", "").partial);
        assert_eq!(Target::of("kubectl get pods", "").namespace, "default");
        assert_eq!(Target::of("kubectl get nodes -o wide", "").namespace, "");
        let target =
            Target::of("kubectl get --raw '/apis/apps/v1/namespaces/a/deployments?limit=500'", "");
        assert_eq!(target.resources, ["deployments.apps"]);
        assert_eq!((target.namespace.as_str(), target.partial), ("a", false));
        assert_eq!(Target::of_command("iptables -S"), None);
    }

    #[test]
    fn names_are_weaker() {
        let target = Target::of("", "get/networkpolicies.json");
        assert_eq!(
            (target.resources, target.namespace.as_str()),
            (vec!["networkpolicies".into()], "")
        );
        let target = Target::of("", "cluster-resources/pods/ingress.json");
        assert_eq!((target.resources, target.namespace), (vec!["pods".into()], "ingress".into()));
        let target = Target::of("", "dump/kube-system/events.json");
        assert_eq!(
            (target.resources, target.namespace),
            (vec!["events".into()], "kube-system".into())
        );
        assert_eq!(Target::of("", "k-get-nodes.json").resources, ["nodes"]);
    }

    #[test]
    fn custom_kinds_get_their_plural() {
        assert_eq!(
            resource_of("cert-manager.io/v1", "CertificateRequest"),
            "certificaterequests.cert-manager.io"
        );
        assert_eq!(resource_of("x.io/v1", "BackupPolicy"), "backuppolicies.x.io");
        assert_eq!(resource_of("x.io/v1", "Gateway"), "gateways.x.io");
        assert_eq!(resource_of("v1", "Pod"), "pods");
        assert_eq!(
            resource_of("serving.knative.dev/v1", "Service"),
            "services.serving.knative.dev"
        );
        assert_eq!(by_word("pods.metrics.k8s.io").unwrap().kind, "PodMetrics");
        assert_eq!(by_word("pods").unwrap().kind, "Pod");
    }
}
