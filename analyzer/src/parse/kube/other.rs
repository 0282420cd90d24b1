//! The rest: namespaces, leases, secrets, config maps, volumes, and any kind without a table.

use serde::Deserialize;

use super::shared::{Conditions, Place, RawMeta, RawReference, conditions, meta, reference};
use super::soft::{Maybe, Pairs, Scalar};
use crate::model::kube::{ConfigMap, Lease, Namespace, OtherObject, SecretMeta};
use crate::model::workload::{PersistentVolume, PersistentVolumeClaim, VolumeAttachment};

/// Values of config maps over this many bytes are not kept.
const VALUE_BYTES: usize = 64 * 1024;

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawOther<'a> {
    metadata: Maybe<RawMeta<'a>>,
    spec: Maybe<RawSpec<'a>>,
    status: Maybe<RawStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawSpec<'a> {
    // Leases.
    holder_identity: Scalar<'a>,
    renew_time: Scalar<'a>,
    acquire_time: Scalar<'a>,
    lease_transitions: Scalar<'a>,
    lease_duration_seconds: Scalar<'a>,
    // Volumes.
    volume_name: Scalar<'a>,
    storage_class_name: Scalar<'a>,
    claim_ref: Maybe<RawReference<'a>>,
    csi: Maybe<RawDriver<'a>>,
    azure_disk: Maybe<RawDriver<'a>>,
    azure_file: Maybe<RawDriver<'a>>,
    nfs: Maybe<RawDriver<'a>>,
    node_name: Scalar<'a>,
    source: Maybe<RawVolumeSource<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawDriver<'a> {
    driver: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawVolumeSource<'a> {
    persistent_volume_name: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawStatus<'a> {
    phase: Scalar<'a>,
    attached: Scalar<'a>,
    attach_error: Maybe<RawError<'a>>,
    detach_error: Maybe<RawError<'a>>,
    conditions: Conditions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawError<'a> {
    message: Scalar<'a>,
}

pub(super) fn namespace(raw: RawOther<'_>, place: &Place) -> Namespace {
    let status = raw.status.or_default();
    Namespace {
        meta: meta(raw.metadata),
        phase: status.phase.into_text(),
        conditions: conditions(status.conditions, place),
        at: place.item,
    }
}

pub(super) fn lease(raw: RawOther<'_>, place: &Place) -> Lease {
    let spec = raw.spec.or_default();
    Lease {
        meta: meta(raw.metadata),
        holder: spec.holder_identity.into_text(),
        renewed: spec.renew_time.time(),
        acquired: spec.acquire_time.time(),
        transitions: spec.lease_transitions.count().unwrap_or(0),
        duration_seconds: spec.lease_duration_seconds.count().unwrap_or(0),
        at: place.item,
    }
}

pub(super) fn claim(raw: RawOther<'_>, place: &Place) -> PersistentVolumeClaim {
    let spec = raw.spec.or_default();
    PersistentVolumeClaim {
        meta: meta(raw.metadata),
        phase: raw.status.or_default().phase.into_text(),
        volume: spec.volume_name.into_text(),
        storage_class: spec.storage_class_name.into_text(),
        at: place.item,
    }
}

pub(super) fn volume(raw: RawOther<'_>, place: &Place) -> PersistentVolume {
    let spec = raw.spec.or_default();
    let in_tree = [
        (spec.azure_disk.0.is_some(), "kubernetes.io/azure-disk"),
        (spec.azure_file.0.is_some(), "kubernetes.io/azure-file"),
        (spec.nfs.0.is_some(), "kubernetes.io/nfs"),
    ];
    let driver = match spec.csi.0 {
        Some(csi) => csi.driver.into_text(),
        None => in_tree.iter().find(|it| it.0).map_or("", |it| it.1).to_owned(),
    };
    PersistentVolume {
        meta: meta(raw.metadata),
        phase: raw.status.or_default().phase.into_text(),
        claim: reference(spec.claim_ref),
        driver,
        at: place.item,
    }
}

pub(super) fn attachment(raw: RawOther<'_>, place: &Place) -> VolumeAttachment {
    let (spec, status) = (raw.spec.or_default(), raw.status.or_default());
    VolumeAttachment {
        meta: meta(raw.metadata),
        node: spec.node_name.into_text(),
        volume: spec.source.or_default().persistent_volume_name.into_text(),
        attached: status.attached.flag().unwrap_or(false),
        attach_error: status.attach_error.or_default().message.into_text(),
        detach_error: status.detach_error.or_default().message.into_text(),
        at: place.item,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawPlain<'a> {
    metadata: Maybe<RawMeta<'a>>,
    status: Maybe<RawPlainStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawPlainStatus {
    conditions: Conditions,
}

impl RawPlain<'_> {
    pub(super) fn namespace(self) -> String {
        meta(self.metadata).namespace.to_string()
    }
}

/// Any object: what of it all kinds have.
pub(super) fn object(
    raw: RawPlain<'_>,
    api_version: &str,
    kind: &str,
    place: &Place,
) -> OtherObject {
    OtherObject {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        meta: meta(raw.metadata),
        conditions: conditions(raw.status.or_default().conditions, place),
        at: place.item,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct RawData<'a> {
    metadata: Maybe<RawMeta<'a>>,
    r#type: Scalar<'a>,
    data: Pairs<'a>,
    binary_data: Pairs<'a>,
    string_data: Pairs<'a>,
    #[serde(alias = "sizeBytes")]
    bytes: Scalar<'a>,
    sizes: Pairs<'a>,
}

pub(super) fn secret(raw: RawData<'_>, place: &Place) -> SecretMeta {
    let told = raw.bytes.count();
    let values: u64 = raw.data.0.iter().map(|(_, value)| encoded_bytes(value.as_str())).sum();
    let plain: u64 = raw.string_data.0.iter().map(|(_, value)| plain_bytes(value.as_str())).sum();
    let sizes: u64 = raw.sizes.0.iter().filter_map(|(_, size)| size.count()).sum();
    SecretMeta {
        meta: meta(raw.metadata),
        kind: raw.r#type.into_text(),
        bytes: told.unwrap_or(values + plain + sizes),
        at: place.item,
    }
}

pub(super) fn config_map(raw: RawData<'_>, place: &Place) -> ConfigMap {
    let meta = meta(raw.metadata);
    let plain: u64 = raw.data.0.iter().map(|(_, value)| plain_bytes(value.as_str())).sum();
    let binary: u64 =
        raw.binary_data.0.iter().map(|(_, value)| encoded_bytes(value.as_str())).sum();
    let keys =
        raw.data.0.iter().chain(&raw.binary_data.0).map(|(key, _)| key.to_string()).collect();
    let keep = meta.namespace == "kube-system";
    ConfigMap {
        keys,
        data: raw
            .data
            .into_map()
            .into_iter()
            .filter(|(_, value)| keep && value.len() <= VALUE_BYTES && removed(value).is_none())
            .collect(),
        bytes: plain + binary,
        meta,
        at: place.item,
    }
}

/// The N of `<removed N bytes>`, as redactors write it.
fn removed(value: &str) -> Option<u64> {
    let inner = value.trim().strip_prefix('<')?.strip_suffix('>')?;
    let mut words = inner.split_whitespace();
    let first = words.next()?;
    if !matches!(first, "removed" | "redacted" | "REDACTED" | "REMOVED") {
        return None;
    }
    words.next()?.parse().ok()
}

fn plain_bytes(value: &str) -> u64 {
    removed(value).unwrap_or(value.len() as u64)
}

/// Bytes behind a base64 text.
fn encoded_bytes(value: &str) -> u64 {
    removed(value).unwrap_or_else(|| {
        let digits = value.trim_end_matches('=').len() as u64;
        digits * 3 / 4
    })
}
