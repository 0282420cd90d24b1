//! kubeconfig files: where the server is, and nothing that could be a credential.

use std::collections::BTreeMap;

use konspect_bundle::{Source, Span};

use super::rows::{Hint, Kind, Rows};
use crate::model::client::KubeconfigServer;

/// Reads the servers of a kubeconfig in YAML or JSON, line by line, without keeping anything else.
pub fn kubeconfig(source: &Source<'_>, _hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let mut servers: Vec<(String, Span)> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut contexts: BTreeMap<String, String> = BTreeMap::new();
    let mut section = String::new();
    let (mut current, mut context_cluster) = (String::new(), String::new());
    for line in source.lines() {
        let text = line.text();
        let trimmed = text.trim().trim_start_matches("- ").trim_end_matches(',');
        let Some((key, value)) = trimmed.split_once(':') else { continue };
        let key = key.trim().trim_matches('"');
        let value = value.trim().trim_matches(['"', '\'']);
        if value.is_empty() || value == "[" {
            if matches!(key, "clusters" | "contexts" | "users") {
                key.clone_into(&mut section);
            }
            continue;
        }
        match (section.as_str(), key) {
            (_, "current-context") => value.clone_into(&mut current),
            ("clusters", "server") => servers.push((value.to_owned(), line.at)),
            ("clusters", "name") => names.push(value.to_owned()),
            ("contexts", "cluster") => value.clone_into(&mut context_cluster),
            ("contexts", "name") => {
                contexts.insert(value.to_owned(), std::mem::take(&mut context_cluster));
            }
            _ => {}
        }
    }
    let cluster = contexts.get(&current).cloned().unwrap_or_default();
    let single = servers.len() == 1;
    for (index, (server, at)) in servers.into_iter().enumerate() {
        let name = names.get(index).cloned().unwrap_or_default();
        let current = single || !cluster.is_empty() && name == cluster;
        rows.kubeconfigs.push(KubeconfigServer { cluster: name, server, current, at });
    }
    Kind::Kubeconfig
}

#[cfg(test)]
mod tests {
    use konspect_bundle::ArtifactId;

    use super::*;

    #[test]
    fn only_servers_are_kept() {
        let text = "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    certificate-authority-data: Zm9v\n    server: https://a.azmk8s.io:443\n  name: a\n- cluster:\n    server: https://b:6443\n  name: b\ncontexts:\n- context:\n    cluster: b\n    user: u\n  name: b-context\ncurrent-context: b-context\nusers:\n- name: u\n  user:\n    token: secret-token\n";
        let mut rows = Rows::default();
        kubeconfig(&Source::new(ArtifactId(0), text.as_bytes()), &Hint::default(), &mut rows);
        let found: Vec<_> = rows
            .kubeconfigs
            .iter()
            .map(|row| (row.cluster.as_str(), row.server.as_str(), row.current))
            .collect();
        assert_eq!(found, [("a", "https://a.azmk8s.io:443", false), ("b", "https://b:6443", true)]);
        assert!(!format!("{rows:?}").contains("secret-token"));
    }
}
