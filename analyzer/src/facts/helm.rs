//! Helm's history: how many revisions of each release are kept, by Secrets or ConfigMaps, of every Helm.

use std::collections::BTreeMap;

use jiff::Timestamp;
use konspect_bundle::Span;

use super::Listing;
use crate::model::kube::{ConfigMap, ObjectMeta, SecretMeta};

/// One release and the revisions of it that are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Release {
    pub namespace: String,
    pub name: String,
    pub revisions: u64,
    /// Bytes of their values, where the source tells.
    pub bytes: u64,
    /// Revisions that failed or never ended.
    pub broken: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    pub store: Store,
    /// The first and the last revision in the source's order.
    pub at: Span,
    pub last_at: Span,
}

/// Where Helm keeps revisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Store {
    #[default]
    Secrets,
    /// Helm 3 and 4, when told so.
    ConfigMaps,
    /// Helm 2: ConfigMaps of its server.
    Tiller,
}

/// Releases by kept revisions, most first.
pub fn releases(
    secrets: Option<&Listing<SecretMeta>>,
    config_maps: Option<&Listing<ConfigMap>>,
) -> Vec<Release> {
    let mut releases: BTreeMap<(String, String), Release> = BTreeMap::new();
    for secret in secrets.into_iter().flat_map(|secrets| secrets.iter()) {
        if secret.kind == "helm.sh/release.v1"
            || secret.meta.name.starts_with("sh.helm.release.v1.")
        {
            note(&mut releases, &secret.meta, (secret.bytes, Store::Secrets), secret.at);
        }
    }
    for map in config_maps.into_iter().flat_map(|maps| maps.iter()) {
        let owner = map.meta.label("owner").or_else(|| map.meta.label("OWNER"));
        if matches!(owner, Some("helm" | "TILLER"))
            || map.meta.name.starts_with("sh.helm.release.v1.")
        {
            let store = if owner == Some("TILLER") { Store::Tiller } else { Store::ConfigMaps };
            note(&mut releases, &map.meta, (map.bytes, store), map.at);
        }
    }
    let mut releases: Vec<Release> = releases.into_values().collect();
    releases.sort_by(|a, b| {
        (b.revisions, &a.namespace, &a.name).cmp(&(a.revisions, &b.namespace, &b.name))
    });
    releases
}

fn note(
    releases: &mut BTreeMap<(String, String), Release>,
    meta: &ObjectMeta,
    (bytes, store): (u64, Store),
    at: Span,
) {
    let full = meta.name.strip_prefix("sh.helm.release.v1.").unwrap_or(&meta.name);
    // Releases may be called `shop.v3`: the revision stands behind the last `.v`.
    let Some((name, revision)) = full.rsplit_once(".v") else { return };
    if revision.is_empty() || !revision.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    let release =
        releases.entry((meta.namespace.to_string(), name.to_owned())).or_insert_with(|| Release {
            namespace: meta.namespace.to_string(),
            name: name.to_owned(),
            store,
            at,
            ..Release::default()
        });
    release.revisions += 1;
    release.bytes += bytes;
    release.last_at = at;
    let status = meta
        .label("status")
        .or_else(|| meta.label("STATUS"))
        .unwrap_or_default()
        .to_ascii_lowercase();
    release.broken += u64::from(status == "failed" || status.starts_with("pending"));
    release.first = match (release.first, meta.created.get()) {
        (Some(known), Some(created)) => Some(known.min(created)),
        (known, created) => known.or(created),
    };
    release.last = release.last.max(meta.created.get());
}
