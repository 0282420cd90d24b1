//! What guards and steers the API: webhooks, aggregated APIs, priority and fairness, certificates.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::shared::{
    Place, RawMeta, RawSelector, RawServiceRef, conditions, meta, objects, part, selector,
    service_ref, texts,
};
use super::soft::{Many, Maybe, Scalar};
use crate::model::kube::{
    ApiService, CertificateSigningRequest, FlowSchema, PriorityLevel, Webhook, WebhookRule,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawConfiguration<'a> {
    metadata: Maybe<RawMeta>,
    #[serde(borrow)]
    webhooks: Many<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawWebhook {
    name: Scalar,
    failure_policy: Scalar,
    timeout_seconds: Scalar,
    client_config: Maybe<RawClientConfig>,
    rules: Many<Maybe<RawWebhookRule>>,
    namespace_selector: Maybe<RawSelector>,
    object_selector: Maybe<RawSelector>,
    match_conditions: Many<Scalar>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawClientConfig {
    service: Maybe<RawServiceRef>,
    url: Scalar,
    ca_bundle: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawWebhookRule {
    operations: Many<Scalar>,
    api_groups: Many<Scalar>,
    resources: Many<Scalar>,
}

/// All webhooks of one configuration. `v1beta1` ignores failures and waits 30 s unless told
/// otherwise, `v1` fails and waits 10 s.
pub(super) fn webhooks(
    raw: RawConfiguration<'_>,
    mutating: bool,
    api_version: &str,
    place: &Place<'_>,
) -> Vec<Webhook> {
    let beta = api_version.ends_with("/v1beta1");
    let configuration = meta(raw.metadata);
    raw.webhooks
        .0
        .iter()
        .map(|text| {
            let webhook: RawWebhook = part(text);
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
                at: place.of(text),
            }
        })
        .collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawControl<'a> {
    metadata: Maybe<RawMeta>,
    spec: Maybe<RawSpec>,
    #[serde(borrow)]
    status: Maybe<RawStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSpec {
    service: Maybe<RawServiceRef>,
    priority_level_configuration: Maybe<RawName>,
    matching_precedence: Scalar,
    rules: Many<Maybe<RawSubjects>>,
    r#type: Scalar,
    limited: Maybe<RawLimited>,
    exempt: Maybe<RawLimited>,
    signer_name: Scalar,
    username: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawName {
    name: Scalar,
    namespace: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawSubjects {
    subjects: Many<Maybe<RawSubject>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSubject {
    user: Maybe<RawName>,
    group: Maybe<RawName>,
    service_account: Maybe<RawName>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawLimited {
    nominal_concurrency_shares: Scalar,
    assured_concurrency_shares: Scalar,
    limit_response: Maybe<RawType>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawType {
    r#type: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawStatus<'a> {
    #[serde(borrow)]
    conditions: Many<&'a RawValue>,
}

pub(super) fn api_service(raw: RawControl<'_>, place: &Place<'_>) -> ApiService {
    let conditions = conditions(&raw.status.or_default().conditions, place);
    ApiService {
        meta: meta(raw.metadata),
        service: raw.spec.or_default().service.0.map(service_ref),
        available: conditions.into_iter().find(|condition| condition.kind == "Available"),
        at: place.item,
    }
}

pub(super) fn flow_schema(raw: RawControl<'_>, place: &Place<'_>) -> FlowSchema {
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

pub(super) fn priority_level(raw: RawControl<'_>, place: &Place<'_>) -> PriorityLevel {
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

pub(super) fn signing_request(raw: RawControl<'_>, place: &Place<'_>) -> CertificateSigningRequest {
    let spec = raw.spec.or_default();
    CertificateSigningRequest {
        meta: meta(raw.metadata),
        signer: spec.signer_name.into_text(),
        username: spec.username.into_text(),
        conditions: conditions(&raw.status.or_default().conditions, place),
        at: place.item,
    }
}
