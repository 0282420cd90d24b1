//! What guards and steers the API: webhooks, aggregated APIs, priority and fairness, certificates.

use serde::Deserialize;

use super::shared::{
    Conditions, Place, RawMeta, RawSelector, RawServiceRef, conditions, meta, objects, selector,
    service_ref, texts,
};
use super::soft::{Many, Maybe, Placed, Scalar};
use crate::model::kube::{
    ApiService, CertificateSigningRequest, FlowSchema, PriorityLevel, Webhook, WebhookRule,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawConfiguration<'a> {
    metadata: Maybe<RawMeta<'a>>,
    webhooks: Many<Placed<Maybe<RawWebhook<'a>>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawWebhook<'a> {
    name: Scalar<'a>,
    failure_policy: Scalar<'a>,
    timeout_seconds: Scalar<'a>,
    client_config: Maybe<RawClientConfig<'a>>,
    rules: Many<Maybe<RawWebhookRule<'a>>>,
    namespace_selector: Maybe<RawSelector<'a>>,
    object_selector: Maybe<RawSelector<'a>>,
    match_conditions: Many<Scalar<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawClientConfig<'a> {
    service: Maybe<RawServiceRef<'a>>,
    url: Scalar<'a>,
    ca_bundle: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawWebhookRule<'a> {
    operations: Many<Scalar<'a>>,
    api_groups: Many<Scalar<'a>>,
    resources: Many<Scalar<'a>>,
}

/// All webhooks of one configuration. `v1beta1` ignores failures and waits 30 s unless told
/// otherwise, `v1` fails and waits 10 s.
pub(super) fn webhooks(
    raw: RawConfiguration<'_>,
    mutating: bool,
    api_version: &str,
    place: &Place,
) -> Vec<Webhook> {
    let beta = api_version.ends_with("/v1beta1");
    let configuration = meta(raw.metadata);
    raw.webhooks
        .0
        .into_iter()
        .map(|Placed { value, range }| {
            let webhook = value.or_default();
            let client = webhook.client_config.or_default();
            Webhook {
                configuration: configuration.clone(),
                mutating,
                name: webhook.name.into_text(),
                fails_closed: match webhook.failure_policy.as_str() {
                    "Ignore" => false,
                    "Fail" => true,
                    _ => !beta,
                },
                timeout_seconds: webhook.timeout_seconds.count().unwrap_or(if beta {
                    30
                } else {
                    10
                }),
                service: client.service.0.map(service_ref),
                url: client.url.into_text(),
                ca_bundle: client.ca_bundle.into_text(),
                rules: objects(webhook.rules)
                    .map(|rule| WebhookRule {
                        operations: texts(rule.operations),
                        groups: texts(rule.api_groups),
                        resources: texts(rule.resources),
                    })
                    .collect(),
                namespace_selector: selector(webhook.namespace_selector.or_default()),
                object_selector: selector(webhook.object_selector.or_default()),
                has_match_conditions: !webhook.match_conditions.0.is_empty(),
                at: place.of(&range),
            }
        })
        .collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawControl<'a> {
    metadata: Maybe<RawMeta<'a>>,
    spec: Maybe<RawSpec<'a>>,
    status: Maybe<RawStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawSpec<'a> {
    service: Maybe<RawServiceRef<'a>>,
    priority_level_configuration: Maybe<RawName<'a>>,
    matching_precedence: Scalar<'a>,
    rules: Many<Maybe<RawSubjects<'a>>>,
    r#type: Scalar<'a>,
    limited: Maybe<RawLimited<'a>>,
    exempt: Maybe<RawLimited<'a>>,
    signer_name: Scalar<'a>,
    username: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawName<'a> {
    name: Scalar<'a>,
    namespace: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawSubjects<'a> {
    subjects: Many<Maybe<RawSubject<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawSubject<'a> {
    user: Maybe<RawName<'a>>,
    group: Maybe<RawName<'a>>,
    service_account: Maybe<RawName<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawLimited<'a> {
    nominal_concurrency_shares: Scalar<'a>,
    assured_concurrency_shares: Scalar<'a>,
    limit_response: Maybe<RawType<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawType<'a> {
    r#type: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawStatus {
    conditions: Conditions,
}

pub(super) fn api_service(raw: RawControl<'_>, place: &Place) -> ApiService {
    let conditions = conditions(raw.status.or_default().conditions, place);
    ApiService {
        meta: meta(raw.metadata),
        service: raw.spec.or_default().service.0.map(service_ref),
        available: conditions.into_iter().find(|condition| condition.kind == "Available"),
        at: place.item,
    }
}

pub(super) fn flow_schema(raw: RawControl<'_>, place: &Place) -> FlowSchema {
    let spec = raw.spec.or_default();
    FlowSchema {
        meta: meta(raw.metadata),
        priority_level: spec.priority_level_configuration.or_default().name.into_text(),
        precedence: spec.matching_precedence.integer().unwrap_or(0),
        subjects: objects(spec.rules)
            .flat_map(|rule| objects(rule.subjects))
            .filter_map(|subject| {
                if let Some(account) = subject.service_account.0 {
                    let (namespace, name) =
                        (account.namespace.into_text(), account.name.into_text());
                    return Some(format!("{namespace}/{name}"));
                }
                Some(subject.user.0.or(subject.group.0)?.name.into_text())
            })
            .collect(),
        at: place.item,
    }
}

pub(super) fn priority_level(raw: RawControl<'_>, place: &Place) -> PriorityLevel {
    let spec = raw.spec.or_default();
    let kind = spec.r#type.into_text();
    let limited = spec.limited.0.or(spec.exempt.0).unwrap_or_default();
    PriorityLevel {
        meta: meta(raw.metadata),
        kind,
        shares: limited
            .nominal_concurrency_shares
            .integer()
            .or_else(|| limited.assured_concurrency_shares.integer())
            .unwrap_or(0),
        limit_response: limited.limit_response.or_default().r#type.into_text(),
        at: place.item,
    }
}

pub(super) fn signing_request(raw: RawControl<'_>, place: &Place) -> CertificateSigningRequest {
    let spec = raw.spec.or_default();
    CertificateSigningRequest {
        meta: meta(raw.metadata),
        signer: spec.signer_name.into_text(),
        username: spec.username.into_text(),
        conditions: conditions(raw.status.or_default().conditions, place),
        at: place.item,
    }
}
