//! What an artefact's path and command say of a log's origin: hints only, for what the lines leave open.

use super::super::rows::Hint;
use crate::model::log::{Component, LogOrigin};

/// Namespaces that begin names of the form `<namespace>_<pod>_<container>.log` need no list: the
/// underscore cannot be part of any of the three.
pub(super) fn of_hint(hint: &Hint<'_>) -> LogOrigin {
    let mut origin = LogOrigin { node: hint.node.to_owned(), ..LogOrigin::default() };
    let parts: Vec<&str> = hint.path.split('/').filter(|part| !part.is_empty()).collect();
    let Some((file, folders)) = parts.split_last() else {
        of_command(hint.command, &mut origin);
        return origin;
    };
    let stem = stem(file);
    origin.previous = stem.ends_with("previous")
        || stem.ends_with("-prev")
        || hint.command.split_whitespace().any(|word| word == "--previous" || word == "-p");
    of_folders(folders, stem, &mut origin);
    of_stem(stem, folders, &mut origin);
    of_command(hint.command, &mut origin);
    origin.component = of_words(stem, folders);
    origin
}

fn stem(file: &str) -> &str {
    let mut stem = file;
    for end in [".gz", ".xz", ".zst", ".txt", ".log", ".out", ".stdout"] {
        stem = stem.strip_suffix(end).unwrap_or(stem);
    }
    stem
}

/// `nodes/<node>/…`, `namespaces/<ns>/pods/<pod>/<container>/<container>/logs/current.log`,
/// `/var/log/pods/<ns>_<pod>_<uid>/<container>/0.log`.
fn of_folders(folders: &[&str], stem: &str, origin: &mut LogOrigin) {
    for pair in folders.windows(2) {
        let [kind, name] = pair else { continue };
        match *kind {
            "nodes" | "node" if origin.node.is_empty() => (*name).clone_into(&mut origin.node),
            "namespaces" => (*name).clone_into(&mut origin.namespace),
            "pods" => match name.split('_').collect::<Vec<_>>().as_slice() {
                [namespace, pod, _uid] => {
                    (*namespace).clone_into(&mut origin.namespace);
                    (*pod).clone_into(&mut origin.pod);
                }
                _ => (*name).clone_into(&mut origin.pod),
            },
            _ => {}
        }
    }
    if !origin.pod.is_empty() {
        let after = folders.iter().skip_while(|part| **part != "pods").nth(2);
        if let Some(container) = after.filter(|part| **part != "logs") {
            (*container).clone_into(&mut origin.container);
        }
        if folders.last() == Some(&"logs") && stem == "previous" {
            origin.previous = true;
        }
    }
}

/// `<ns>_<pod>_<container>`, `<pod>_<ns>_<container>-<64 hex digits>`, `<pod>`.
fn of_stem(stem: &str, folders: &[&str], origin: &mut LogOrigin) {
    if let [one, two, three] = stem.split('_').collect::<Vec<_>>().as_slice() {
        let identified = three
            .rsplit_once('-')
            .filter(|(_, id)| id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let (namespace, pod, container) = match identified {
            Some((container, _)) => (two, one, container),
            None => (one, two, *three),
        };
        (*namespace).clone_into(&mut origin.namespace);
        (*pod).clone_into(&mut origin.pod);
        container.clone_into(&mut origin.container);
    } else if origin.pod.is_empty() && looks_like_pod(stem) {
        stem.clone_into(&mut origin.pod);
        if origin.namespace.is_empty()
            && let Some(folder) = folders.last().filter(|folder| folder.contains("kube-system"))
        {
            (*folder).clone_into(&mut origin.namespace);
        }
    }
}

/// `kubectl logs -n <ns> <pod> -c <container>`, `journalctl -u kubelet` on a node.
fn of_command(command: &str, origin: &mut LogOrigin) {
    let mut words = command.split_whitespace();
    if !words.any(|word| word == "logs") {
        return;
    }
    while let Some(word) = words.next() {
        match word {
            "-n" | "--namespace" => {
                words.next().unwrap_or_default().clone_into(&mut origin.namespace);
            }
            "-c" | "--container" => {
                words.next().unwrap_or_default().clone_into(&mut origin.container);
            }
            "-l" | "--selector" | "--tail" | "--since" => {
                words.next();
            }
            _ if word.starts_with('-') => {
                if let Some(namespace) = word.strip_prefix("--namespace=") {
                    namespace.clone_into(&mut origin.namespace);
                }
            }
            _ => {
                let pod = word.strip_prefix("pod/").unwrap_or(word);
                if !pod.contains('/') {
                    pod.clone_into(&mut origin.pod);
                }
            }
        }
    }
}

/// A generated pod name ends in a random part of five of the letters that Kubernetes uses for it.
fn looks_like_pod(stem: &str) -> bool {
    let Some((_, tail)) = stem.rsplit_once('-') else { return false };
    tail.len() == 5
        && tail.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte))
        && stem.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
        })
}

/// Of lines that name their container; apps' containers are told by what they write.
pub(super) fn of_container(name: &str) -> Option<Component> {
    Some(of_words(name, &[])).filter(|component| *component != Component::Other)
}

fn of_words(stem: &str, folders: &[&str]) -> Component {
    let folder = folders.last().copied().unwrap_or_default();
    for text in [stem, folder] {
        let lower = text.to_ascii_lowercase();
        if let Some((_, component)) = NAMES.iter().find(|(name, _)| lower.contains(name)) {
            return *component;
        }
    }
    Component::Other
}

const NAMES: [(&str, Component); 27] = [
    ("konnectivity-server", Component::TunnelServer),
    ("konnectivity-agent", Component::TunnelAgent),
    ("tunnelfront", Component::TunnelAgent),
    ("aks-link", Component::TunnelAgent),
    ("kubelet", Component::Kubelet),
    ("containerd", Component::Runtime),
    ("docker", Component::Runtime),
    ("crio", Component::Runtime),
    ("dmesg", Component::Kernel),
    ("kernel", Component::Kernel),
    ("kern", Component::Kernel),
    ("coredns", Component::CoreDns),
    ("kube-proxy", Component::KubeProxy),
    ("metrics-server", Component::MetricsServer),
    ("apiserver", Component::ApiServer),
    ("cloud-controller-manager", Component::CloudControllerManager),
    ("controller-manager", Component::ControllerManager),
    ("scheduler", Component::Scheduler),
    ("etcd", Component::Etcd),
    ("azure-cns", Component::Cni),
    ("azure-vnet", Component::Cni),
    ("cilium", Component::Cni),
    ("calico", Component::Cni),
    ("autoscaler", Component::ClusterAutoscaler),
    ("node-problem-detector", Component::NodeProblemDetector),
    ("journal", Component::System),
    ("syslog", Component::System),
];
